"""
Uncertainty of angles, forces and parameters
============================================

``return_std=True`` gives a standard deviation beside the angle and beside every muscle's force. Do the
bands hold what they promise? On a simulated subject that can be counted.
"""

# %%
# Two degrees of noise on the angle: a poor goniometer.

import warnings

import matplotlib.pyplot as plt
import numpy as np

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion

flexion = make_elbow_flexion(n_trials=4, duration=4.0, angle_noise=np.deg2rad(2.0), random_state=5)
X, y = flexion.data, flexion.target
is_new = X.index.get_level_values("trial") == "trial_03"
regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X[~is_new], y[~is_new])

angle, angle_std = regressor.predict(X[is_new], return_std=True)
force, force_std = regressor.predict_muscle_forces(X[is_new], return_std=True)

# %%
# The angle's standard deviation is that of *measured minus predicted*: noise of the goniometer and what the
# parameters' errors make of the motion. The forces' comes from parameters and motion alone.

time = X[is_new].index.get_level_values("time")
figure, (top, bottom) = plt.subplots(2, 1, figsize=(7, 5.5), sharex=True)
degrees, half = np.rad2deg(angle), np.rad2deg(1.96 * angle_std)
top.fill_between(time, degrees - half, degrees + half, alpha=0.3, lw=0, label="95 % band")
top.plot(time, np.rad2deg(y[is_new]), ".", ms=2, color="0.4", label="measured")
top.plot(time, degrees, label="predicted")
top.set(ylabel="elbow flexion [deg]")
top.legend(ncols=3)
for color, muscle in zip(("C0", "C3"), force, strict=True):
    low, high = force[muscle] - 1.96 * force_std[muscle], force[muscle] + 1.96 * force_std[muscle]
    bottom.fill_between(time, low, high, alpha=0.3, lw=0, color=color)
    bottom.plot(time, force[muscle], color=color, label=muscle)
    bottom.plot(time, flexion.muscle_forces[is_new][muscle], "--", color="0.2", lw=1)
bottom.plot([], [], "--", color="0.2", lw=1, label="truth")
bottom.set(xlabel="time [s]", ylabel="muscle force [N]")
bottom.legend(ncols=3)

# %%
# Counted on the new trial: how many measured angles, and how many true forces, lie inside.

inside_angle = np.abs(y[is_new] - angle) < 1.96 * angle_std
inside_force = (flexion.muscle_forces[is_new] - force).abs() < 1.96 * force_std
print(f"measured angles inside the 95 % band: {inside_angle.mean():.0%}")
print("true forces inside:", inside_force.mean().map("{:.0%}".format).to_dict())

# %%
# Angles, which have white noise here, come out close to 95 %. Forces of one trial are all wrong together or right
# together, since they hang on the same few parameters; one trial says little about them. Over 60 simulated subjects
# 94 % of the true parameters lie inside their intervals (``benchmarks/results/identification.md``). All of this holds
# where the model is right. Standard errors know the noise, not a muscle that the model lacks. Here the fit itself says
# that it cannot tell some of its parameters:

wrong = make_elbow_flexion(n_trials=4, duration=4.0, mismatch=1.0, random_state=5)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    regressor.fit(wrong.data[~is_new], wrong.target[~is_new])
print("\n".join(str(one.message).split(". ")[0] for one in caught))
truth = wrong.parameters.rename(columns={"value": "truth"})
table = regressor.parameters_.merge(truth, on=["muscle", "name"])
table["off_by_std_err"] = ((table["value"] - table["truth"]) / table["std_err"]).abs()
table[["muscle", "name", "value", "std_err", "truth", "off_by_std_err"]].round(3)

# %%
# A figure of what that means: deviations in standard errors, which should be below 2.

figure, axes = plt.subplots(figsize=(7, 3))
axes.barh(
    table["muscle"] + ": " + table["name"].str.replace("_", " "),
    table["off_by_std_err"],
    color="C3",
)
axes.axvline(2, color="0.3", ls="--", lw=1)
axes.set(xlabel="deviation from the truth [standard errors]", title="Model wrong on purpose")
axes.grid(axis="y", visible=False)
plt.show()
