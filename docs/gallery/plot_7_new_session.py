"""
Calibrate a new session
=======================

The next day electrodes sit elsewhere and the goniometer is strapped on again. ``calibrate`` moves what such a
session changes (offset, EMG gains, delay) and leaves the anatomy as it was identified.
"""

# %%
# Day one: a full recording.

import matplotlib.pyplot as plt
import numpy as np

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion

flexion = make_elbow_flexion(n_trials=4, duration=4.0, random_state=0)
X, y = flexion.data, flexion.target
trial = X.index.get_level_values("trial")
day_one = trial < "trial_02"
regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X[day_one], y[day_one])

# %%
# Day two: the same subject, biceps 40 % louder, triceps 30 % fainter, the goniometer 10 degrees off.

X_two = X[~day_one] * [1.4, 0.7]
y_two = y[~day_one] + np.deg2rad(10.0)
as_trained = regressor.predict(X_two)

# %%
# One trial with angles calibrates; the other is only predicted.

is_first = X_two.index.get_level_values("trial") == "trial_02"
regressor.calibrate(X_two[is_first], y_two[is_first])
calibrated = regressor.predict(X_two)


def error(predicted):
    """RMSE on the trial that calibration has not seen [deg]."""
    return np.rad2deg(np.sqrt(np.mean((predicted - y_two)[~is_first] ** 2)))


print(f"as trained on day one: {error(as_trained):.1f} deg; calibrated: {error(calibrated):.1f} deg (noise: 1 deg)")

# %%
# Maximal forces, fiber lengths and shapes are those of day one.

table = regressor.model_.parameters.to_frame().query("name in ('emg_gain', 'goniometer_offset', 'max_isometric_force')")
table[["muscle", "name", "unit", "initial", "value"]].round(3)

# %%
# The trial that was not used.

time = X_two[~is_first].index.get_level_values("time")
figure, axes = plt.subplots(figsize=(7, 3.4))
axes.plot(time, np.rad2deg(y_two[~is_first]), ".", ms=2, color="0.6", label="measured on day two")
axes.plot(time, np.rad2deg(as_trained[~is_first]), color="C3", label="as trained on day one")
axes.plot(time, np.rad2deg(calibrated[~is_first]), color="C0", label="calibrated")
axes.set(xlabel="time [s]", ylabel="elbow flexion [deg]")
axes.legend(ncols=3, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0))
plt.show()
