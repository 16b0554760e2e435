"""
Shoulder and elbow from six muscles
===================================

Two joints whose segments hang on one another, muscles that span both, and what changes when the shoulder is measured
instead of predicted.
"""

# %%
# ``y`` is a DataFrame with one column for each angle; everything else is as with one joint.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_arm_reaching

reaching = make_arm_reaching(n_trials=3, duration=4.0, random_state=3)
X, y = reaching.data, reaching.target
is_new = X.index.get_level_values("trial") == "trial_02"
regressor = PhysicsInformedMSKRegressor("arm", prediction="simulation").fit(X[~is_new], y[~is_new])
angles = regressor.predict(X[is_new])
angles.tail(2)

# %%
# Both angles of the new trial, predicted from EMG alone, and the hand's way through the sagittal plane.

time = X[is_new].index.get_level_values("time").to_numpy()
figure, panels = plt.subplot_mosaic([["angles", "hand"], ["forces", "hand"]], figsize=(9, 5.5), width_ratios=[1.5, 1])
for color, name in zip(("C0", "C1"), angles, strict=True):
    panels["angles"].plot(time, np.rad2deg(y[is_new][name]), ".", ms=2, color="0.65")
    panels["angles"].plot(time, np.rad2deg(angles[name]), color=color, label=name.replace("_", " "))
panels["angles"].plot([], [], ".", color="0.65", label="measured")
panels["angles"].set(ylabel="angle [deg]")
panels["angles"].legend(ncols=3, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0))

forces = regressor.predict_muscle_forces(X[is_new])
for muscle in forces:
    panels["forces"].plot(time, forces[muscle], lw=1.2, label=muscle)
panels["forces"].set(xlabel="time [s]", ylabel="muscle force [N]")
panels["forces"].legend(ncols=3, fontsize=8)


def hand(angles):
    """Where the hand is [m], shoulder at the origin, forward to the right; segments as long as the preset's."""
    upper, fore = (
        angles["shoulder_elevation"],
        angles["shoulder_elevation"] + angles["elbow_flexion"],
    )
    return 0.29 * np.sin(upper) + 0.32 * np.sin(fore), -0.29 * np.cos(upper) - 0.32 * np.cos(fore)


points = np.column_stack(hand(angles))[:, None]
line = LineCollection(np.concatenate([points[:-1], points[1:]], axis=1), array=time, cmap="viridis", lw=4)
panels["hand"].add_collection(line)
panels["hand"].plot(*hand(reaching.angle[is_new]), ":", color="0.1", lw=1.2, label="truth")
panels["hand"].plot(0, 0, "ko", label="shoulder")
panels["hand"].set(xlabel="forward [m]", ylabel="up [m]", title="hand", aspect="equal")
panels["hand"].legend(fontsize=8)
figure.colorbar(line, ax=panels["hand"], label="time [s]", shrink=0.5)

# %%
# Where the shoulder was measured and need not be predicted, its angle is a column of ``X``: it is *prescribed*, and
# ``y`` has the elbow alone. Its velocity and acceleration come from a spline, so it must be smooth; here it is without
# noise.

X_prescribed = X.assign(shoulder_elevation=reaching.angle["shoulder_elevation"])
elbow = y["elbow_flexion"]
given = PhysicsInformedMSKRegressor("arm", prediction="simulation").fit(X_prescribed[~is_new], elbow[~is_new])
truth = reaching.angle["elbow_flexion"][is_new]
for name, predicted in (
    ("both predicted", angles["elbow_flexion"]),
    ("shoulder prescribed", given.predict(X_prescribed[is_new])),
):
    print(f"{name}: elbow {np.rad2deg(np.sqrt(np.mean((predicted - truth) ** 2))):.2f} deg from the truth")

# %%
# How well each muscle's parameters are known, by what was measured.

names = regressor.parameters_["muscle"] + "/" + regressor.parameters_["name"]
both = (regressor.parameters_["std_err"] / regressor.parameters_["prior_std"]).set_axis(names)
alone = (given.parameters_["std_err"] / given.parameters_["prior_std"]).set_axis(
    given.parameters_["muscle"] + "/" + given.parameters_["name"]
)
figure, axes = plt.subplots(figsize=(6, 3.6))
axes.loglog(both, alone.reindex(both.index), "o", alpha=0.8)
limits = np.array([min(both.min(), alone.min()) / 1.5, 1.2])
axes.plot(limits, limits, color="0.5", lw=1)
axes.set(
    xlabel="std_err / prior, two angles measured and fitted",
    ylabel="std_err / prior, elbow alone fitted",
    xlim=limits,
    ylim=limits,
)
plt.show()
