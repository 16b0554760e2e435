"""
A recorded knee: from raw EMG to a report
=========================================

A man extends his knee from sitting, again and again. Four raw EMG signals and a goniometer; no moment, no body
dimension. What can be said of the angle, and what of the muscles?
"""

# %%
# The recording (EMG Dataset in Lower Limb, CC BY 4.0, doi 10.24432/C5ZW3P) is downloaded once and kept. The first 70 %
# of it train.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import fetch_knee_emg
from sk_bionic.inspection import RawEMGDisplay, check_recording
from sk_bionic.model_selection import blocked_train_test_split
from sk_bionic.preprocessing import EMGEnvelope

X, y = fetch_knee_emg(subjects=["N01"], tasks=["sitting"], envelope=False, sampling_rate=None, return_X_y=True)
RawEMGDisplay.from_recording(X)
check_recording(X, y)

# %%
# Envelopes are made within the pipeline: their level at rest and their size are learnt from the training part alone.

X_train, X_test, y_train, y_test = blocked_train_test_split(X, y, 0.7)
regressor = PhysicsInformedMSKRegressor("knee_seated", n_networks=1, random_state=0)
pipeline = make_pipeline(EMGEnvelope().set_output(transform="pandas"), regressor)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    pipeline.fit(X_train, y_train)
angle, std = pipeline.predict(X_test, return_std=True)
error = np.rad2deg(np.sqrt(np.mean((angle - y_test) ** 2)))

time = X_test.index.get_level_values("time").to_numpy()
figure, axes = plt.subplots(figsize=(8, 3.2))
half = 1.645 * np.rad2deg(std)
axes.fill_between(time, np.rad2deg(angle) - half, np.rad2deg(angle) + half, alpha=0.25, lw=0, label="90 % band")
axes.plot(time, np.rad2deg(y_test), color="0.3", label="measured")
axes.plot(time, np.rad2deg(angle), label=f"predicted, error {error:.1f}°")
axes.set(xlabel="time [s]", ylabel="knee flexion [deg]")
axes.legend(ncols=3)

# %%
# From angles alone little is known of single muscles, and the fit has said so: most parameters stay what they were.
# ``sk_bionic.inspection.report(pipeline, X, y, "knee.html")`` writes all of it as a page for people without Python.

print("\n".join(str(one.message) for one in caught))
regressor.parameters_.groupby("name", sort=False)["identifiable"].agg(["sum", "count"])
