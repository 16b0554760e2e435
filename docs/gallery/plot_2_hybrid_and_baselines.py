"""
The hybrid against baselines, on an honest split
================================================

A model that is wrong in known ways (a muscle without EMG, moment arms 10 % off, stretching tendons, more delay),
the regressors that EMG is usually given to, two controls, and two ways to split the frames, one of which flatters.
"""

# %%
# ``mismatch=0.5`` makes the simulated truth depart from every model that the package could identify.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import KFold

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.baselines import evaluate, make_baseline
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.model_selection import TrialKFold

flexion = make_elbow_flexion(n_trials=3, duration=4.0, mismatch=0.5, random_state=4)
X, y = flexion.data, flexion.target

# %%
# Methods are compared on whole trials that none has seen. To keep this page quick, hyperparameters are not
# searched (``search=False``), the hybrid has a small ensemble, and one fold stands for all.

light = {"n_networks": 1, "max_epochs": 100, "random_state": 0}
methods = {
    "hybrid": PhysicsInformedMSKRegressor("elbow", **light),
    "simulation": PhysicsInformedMSKRegressor("elbow", prediction="simulation"),
    "ridge": make_baseline("ridge", search=False),
    "random forest": make_baseline("random_forest", search=False, random_state=0),
    "clock only (control)": make_baseline("time_only", search=False, random_state=0),
    "shuffled EMG (control)": make_baseline("shuffled_emg", search=False, random_state=0),
}
train, test = next(iter(TrialKFold(3).split(X, y)))
scores = {
    name: evaluate(method, X.iloc[train], y.iloc[train], X.iloc[test], y.iloc[test]) for name, method in methods.items()
}
pd.DataFrame(scores).T.round(2)

# %%
# A learner that does no better than the clock has learnt the protocol; one that does no better than shuffled EMG has
# learnt the mean. Both controls belong into every comparison.

figure, axes = plt.subplots(figsize=(7, 3))
errors = pd.Series({name: score["rmse_deg"] for name, score in scores.items()})[::-1]
colors = ["0.7" if "control" in name else "C0" if name in ("hybrid", "simulation") else "C1" for name in errors.index]
bars = axes.barh(errors.index, errors, color=colors)
axes.bar_label(bars, fmt="%.1f", padding=3)
axes.set(xlabel="RMSE on an unseen trial [deg]", xlim=(0, 1.12 * errors.max()))
axes.grid(axis="y", visible=False)

# %%
# Now the same random forest under shuffled frames, as ``KFold(shuffle=True)`` splits them. Neighbouring frames are
# nearly equal, so almost every test frame has a twin in the training part. Features are computed before the split, as
# is usual.

forest = make_baseline("random_forest", search=False, low_pass=False, random_state=0)
features, regressor = forest[0].fit_transform(X), forest[1]


def rmse(splitter):
    """Error over the folds [deg]."""
    folds = list(splitter.split(X, y))[:2]
    squares = [
        np.square(regressor.fit(features.iloc[a], y.iloc[a]).predict(features.iloc[b]) - y.iloc[b]) for a, b in folds
    ]
    return np.rad2deg(np.sqrt(np.concatenate(squares).mean()))


flattering, honest = rmse(KFold(3, shuffle=True, random_state=0)), rmse(TrialKFold(3))
print(f"shuffled frames: {flattering:.1f} deg; whole trials: {honest:.1f} deg")

# %%
# The small number is an answer to a question that nobody asked: how well the angle can be interpolated between
# frames 10 ms apart.

figure, axes = plt.subplots(figsize=(7, 1.8))
bars = axes.barh(["whole trials", "shuffled frames"], [honest, flattering], color=["C0", "0.7"])
axes.bar_label(bars, fmt="%.1f deg", padding=3)
axes.set(xlabel="RMSE of the same random forest [deg]", xlim=(0, 1.15 * honest))
axes.grid(axis="y", visible=False)
plt.show()
