"""
Identify an elbow, predict a new trial
======================================

Biceps and triceps EMG in; elbow angle, muscle forces and the subject's own muscle parameters out. The
subject is simulated, so that all three can be compared with the truth.
"""

# %%
# Four trials of five seconds: EMG envelopes of two muscles and the elbow's angle with 1 degree of noise. Frames
# are rows; the index says to which trial each belongs and when it was measured.

import matplotlib.pyplot as plt
import numpy as np

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion

flexion = make_elbow_flexion(n_trials=4, random_state=0)
X, y = flexion.data, flexion.target
X.head(3)

# %%
# Three trials to learn from, one to predict. ``prediction="simulation"`` identifies the eight free parameters of the
# muscles and then solves the equation of motion, driven by the EMG of the new trial alone.

is_new = X.index.get_level_values("trial") == "trial_03"
regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation")
regressor.fit(X[~is_new], y[~is_new])

angle, std = regressor.predict(X[is_new], return_std=True)
forces = regressor.predict_muscle_forces(X[is_new])
error = np.rad2deg(np.sqrt(np.mean((angle - flexion.angle[is_new]) ** 2)))
print(f"R2 on the new trial: {regressor.score(X[is_new], y[is_new]):.3f}")
print(f"error against the angle without noise: {error:.2f} deg")

# %%
# The angle of the new trial, and the forces of its muscles, which nobody measured.

time = X[is_new].index.get_level_values("time")
figure, (top, bottom) = plt.subplots(2, 1, figsize=(7, 5.5), sharex=True)
top.plot(time, np.rad2deg(y[is_new]), ".", ms=2, color="0.6", label="measured")
top.plot(time, np.rad2deg(angle), color="C0", label="predicted from EMG")
top.set(ylabel="elbow flexion [deg]", title="A trial that the model has never seen")
top.legend(ncols=2)
for color, muscle in zip(("C0", "C3"), forces, strict=True):
    bottom.plot(time, forces[muscle], color=color, lw=3, alpha=0.5, label=muscle)
    bottom.plot(time, flexion.muscle_forces[is_new][muscle], "--", color="0.15", lw=1.2)
bottom.plot([], [], "--", color="0.15", lw=1.2, label="truth")
bottom.set(xlabel="time [s]", ylabel="muscle force [N]")
bottom.legend(ncols=3)

# %%
# The identified parameters with their standard errors. ``initial`` is what the textbook says, the same for everybody.

truth = flexion.parameters.rename(columns={"value": "truth"})
table = regressor.parameters_.merge(truth, on=["muscle", "name"])
table[["muscle", "name", "unit", "initial", "value", "std_err", "truth"]].round(4)

# %%
# All eight in one figure: how far the identified value, with two standard errors, and the textbook's are from the
# truth.

rows = np.arange(len(table))[::-1]
relative = 100 * (table[["initial", "value"]].sub(table["truth"], axis=0)).div(table["truth"].abs(), axis=0)
half = 200 * table["std_err"] / table["truth"].abs()
figure, axes = plt.subplots(figsize=(7, 3.4))
axes.axvline(0, color="0.3", lw=1)
axes.plot(relative["initial"], rows, "o", color="0.65", label="textbook")
axes.errorbar(relative["value"], rows, xerr=half, fmt="o", color="C0", capsize=3, label="identified")
axes.set_yticks(rows, table["muscle"] + ": " + table["name"].str.replace("_", " "))
axes.set(xlabel="deviation from the truth [%]")
axes.legend()
plt.show()
