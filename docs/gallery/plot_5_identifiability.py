"""
What a recording can tell, and what it cannot
=============================================

No amount of fitting finds a parameter that the recording says nothing about. The regressor warns, names the
parameter and what recording would help, and marks it in its table.
"""

# %%
# The same subject three times: a proper recording, one in which a single electrode was recorded twice, and one with
# forces, lengths and inertia all free at once.

import warnings

import matplotlib.pyplot as plt
import numpy as np

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.exceptions import IdentifiabilityWarning

flexion = make_elbow_flexion(n_trials=2, duration=4.0, random_state=0)
X, y = flexion.data, flexion.target


def fit_and_report(X, y, **options):
    """Fit, and print what the regressor warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", IdentifiabilityWarning)
        regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation", **options).fit(X, y)
    messages = [str(w.message) for w in caught if issubclass(w.category, IdentifiabilityWarning)]
    print("\n".join(messages) or "no warning")
    return regressor


proper = fit_and_report(X, y)

# %%
# A doubled channel: biceps' EMG in the triceps' column.

doubled = fit_and_report(X.assign(triceps=X["biceps"]), y)
doubled.parameters_[["muscle", "name", "value", "std_err", "identifiable"]].round(4)

# %%
# Forces and inertia free at once: twice the forces on twice the inertia (and passive tissue) move in the same way.

names = ["max_isometric_force", "optimal_fiber_length", "tendon_slack_length", "moment_of_inertia"]
greedy = fit_and_report(X, y, identify=names)

# %%
# The posterior correlations show it. Fiber and tendon slack length, over the range of one joint, are nearly one
# parameter: which is why the tendon's is fixed unless asked for.

figure, panels = plt.subplots(1, 2, figsize=(8.5, 4.3))
for axes, (title, fitted) in zip(panels, {"default": proper, "too much at once": greedy}.items(), strict=True):
    correlation = fitted.parameter_correlation_
    image = axes.imshow(correlation, vmin=-1, vmax=1, cmap="RdBu_r")
    labels = [
        f"{row.muscle.split('_')[0]}: {row.name_.replace('_', ' ')}"
        for row in fitted.parameters_.rename(columns={"name": "name_"}).itertuples()
    ]
    axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=7)
    axes.set_yticks(range(len(labels)), labels, fontsize=7)
    axes.set_title(title)
    axes.grid(visible=False)
figure.colorbar(image, ax=panels, label="posterior correlation", shrink=0.7)

# %%
# And a recording too short to tell: half a second of one trial, during which the arm hardly moves. The posterior is
# as wide as the prior wherever the angle says nothing.

time = X.index.get_level_values("time")
still = (X.index.get_level_values("trial") == "trial_00") & (time < 0.5)
print(f"range of the angle: {np.rad2deg(np.ptp(y[still])):.1f} deg")
held = fit_and_report(X[still], y[still])

figure, axes = plt.subplots(figsize=(7, 3.2))
for offset, color, label, fitted in (
    (0.18, "C0", "two trials", proper),
    (-0.18, "C3", "half a second", held),
):
    table = fitted.parameters_
    rows = np.arange(len(table))[::-1] + offset
    axes.barh(rows, table["std_err"] / table["prior_std"], height=0.34, color=color, label=label)
axes.set_yticks(np.arange(len(table))[::-1], table["muscle"] + ": " + table["name"].str.replace("_", " "))
axes.axvline(1, color="0.3", ls="--", lw=1)
axes.set(xlabel="standard error / standard deviation of the prior")
axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
axes.grid(axis="y", visible=False)
plt.show()
