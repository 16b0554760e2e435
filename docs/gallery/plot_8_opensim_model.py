"""
A model of one's own, from an .osim file
========================================

Laboratories have scaled OpenSim models of their subjects. ``from_osim`` makes a model of some of their coordinates and
the muscles that move them, without OpenSim; ``to_osim`` writes what was identified back into a copy.
"""

# %%
# ``elbow.osim`` lies beside this example, in the folder that it runs in: an arm with two muscles. Any other file will
# do as well.

import tempfile
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.musculoskeletal import from_osim, to_osim

file = Path("elbow.osim")
model = from_osim(file, ["elbow_flexion"])
print(model.name, model.coordinate_names, model.muscle_names)

# %%
# The subject is somebody else: the biceps is stronger than the file says, the triceps weaker. Simulated angles with
# noise of half a degree stand for the measurement, so the truth is known.

rng = np.random.default_rng(0)
time, trials = np.arange(400) / 100.0, ["one", "two", "three"]
index = pd.MultiIndex.from_product([trials, time], names=["trial", "time"])
bursts = np.concatenate([np.sin(rng.uniform(2.5, 4.0) * time + rng.uniform(0, 6)) for _ in trials])
emg = {"biceps": 0.10 + 0.08 * bursts, "triceps": 0.05 - 0.04 * bursts}
X = pd.DataFrame({muscle: values.clip(0.01) for muscle, values in emg.items()}, index)

folder = Path(tempfile.mkdtemp())
text = file.read_text(encoding="utf-8")
(folder / "truth.osim").write_text(text.replace(">700<", ">850<").replace(">900<", ">780<"), encoding="utf-8")
true_model = from_osim(folder / "truth.osim", ["elbow_flexion"])
truth = PhysicsInformedMSKRegressor(true_model, prediction="simulation", identify=[])
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # with nothing to identify it only simulates, and no angle is right yet
    truth.fit(X, pd.Series(0.3, index, name="elbow_flexion"))
y = truth.simulate(X) + np.deg2rad(0.5) * pd.Series(rng.normal(size=len(X)), index, name="elbow_flexion")

# %%
# The estimator takes the model as it would take a preset's name. Two trials identify the muscles' strength, the third
# is predicted.

is_new = index.get_level_values("trial") == "three"
regressor = PhysicsInformedMSKRegressor(model, prediction="simulation", identify=["max_isometric_force"])
regressor.fit(X[~is_new], y[~is_new])
regressor.parameters_[["muscle", "name", "unit", "initial", "value", "std_err"]].round(1)

# %%

figure, (top, bottom) = plt.subplots(2, 1, figsize=(7, 4.5), sharex=True)
top.plot(time, np.rad2deg(y[is_new]), ".", ms=2, color="0.4", label="measured")
top.plot(time, np.rad2deg(regressor.predict(X[is_new])), label="predicted")
top.set(ylabel="elbow flexion [deg]")
top.legend(ncols=2)
for muscle, force in regressor.predict_muscle_forces(X[is_new]).items():
    bottom.plot(time, force, label=muscle)
bottom.set(xlabel="time [s]", ylabel="muscle force [N]", ylim=(0, None))
bottom.legend(ncols=2)

# %%
# A copy of the file with the subject's values, for OpenSim.

to_osim(regressor.model_, file, folder / "subject.osim")
from_osim(folder / "subject.osim", ["elbow_flexion"]).parameters.as_dict()["max_isometric_force"].round()
