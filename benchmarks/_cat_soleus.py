"""Cat soleus under maximal stimulation: identified on stretches, judged on isometric and passive traces."""

import numpy as np
import pandas as pd
from scipy.signal import butter, sosfiltfilt

from sk_bionic import EMGDrivenMomentRegressor
from sk_bionic.datasets._cache import data_folder
from sk_bionic.musculoskeletal import Coordinate, Muscle, MuscleGeometry, MusculoskeletalModel

FILE = "dataHerzogLeonard2002Figure6and7A.csv"
STRETCHES, ISOMETRIC, PASSIVE = ("45", "47", "50"), ("43", "44"), ("49",)
RATE = 50.0  # Hz of the frames; forces and lengths hold nothing above a few Hz but the onset
CUTOFF = 4.0  # Hz, of the lengths, whose noise would be velocity
ON, OFF = 1.0, 10.0  # s: stimulation, by the force
# Of a cat's soleus (Scott, Brown and Loeb 1996): fibers of 38 mm, a maximal force of about 25 N; the length of the unit
# at "0 mm" is not given and is part of the tendon's.
FIBER, TENDON, FORCE = 0.038, 0.07, 25.0
BAND = 1.645  # standard deviations of a 90 % band
FREE = [
    "max_isometric_force", "optimal_fiber_length", "tendon_slack_length", "passive_fiber_strain_at_one_norm_force",
    "max_contraction_velocity", "fiber_damping", "activation_time_constant", "deactivation_time_constant",
    "electromechanical_delay", "emg_gain", "tendon_strain_at_one_norm_force",
]  # fmt: skip


def traces(folder):
    """Force [N] and stimulation, and the length as geometry, of all traces."""
    table = pd.read_csv(folder / FILE)
    time = np.arange(0.0, 14.9, 1.0 / RATE)
    low_pass = butter(2, CUTOFF, fs=100.0, output="sos")
    smooth = {name: sosfiltfilt(low_pass, table[name]) if name[0] == "L" else table[name] for name in table}
    at = lambda name: np.interp(time, table["Time (s)"], smooth[name])
    names = [*STRETCHES, *ISOMETRIC, *PASSIVE]
    index = pd.MultiIndex.from_product([names, time], names=["trial", "time"])
    length = FIBER + TENDON + 1e-3 * np.concatenate([at(f"L{name} (mm)") for name in names])
    on = np.concatenate([((time > ON) & (time < OFF)) * (name not in PASSIVE) for name in names]).astype(float)
    force = pd.DataFrame({"stretch": np.concatenate([at(f"F{name} (N)") for name in names])}, index)
    one = pd.DataFrame({"soleus": np.ones(len(index))}, index)
    geometry = MuscleGeometry(pd.DataFrame({"soleus": length}, index), {"stretch": one})
    return pd.DataFrame({"stimulation": on}, index), force, geometry


def soleus(tendon):
    """One muscle whose lengths are data; a "moment arm" of 1 m makes its moment in N m its force in N."""
    values = {"max_isometric_force": FORCE, "optimal_fiber_length": FIBER, "tendon_slack_length": TENDON}
    muscle = Muscle("soleus", None, "stimulation", values, tendon=tendon)
    model = MusculoskeletalModel([muscle], [Coordinate("stretch", 10.0)], "cat soleus")
    wide = {"prior_scale": 1.0}  # one muscle of one animal: priors decide next to nothing
    changes = {
        "max_isometric_force": wide,
        "optimal_fiber_length": {"prior_scale": 1.0, "lower": 0.4 * FIBER, "upper": 2.0 * FIBER},
        "tendon_slack_length": {"prior_scale": 0.5, "lower": 0.5 * TENDON, "upper": 1.5 * TENDON},
        "passive_fiber_strain_at_one_norm_force": {"lower": 0.05, "prior_scale": 1.0},
        "max_contraction_velocity": {"prior_scale": 2.0, "lower": 0.2, "upper": 40.0},
        "fiber_damping": {"upper": 5.0, "prior_scale": 1.0},
        "activation_time_constant": {"prior_scale": 2.0, "upper": 2.0},
        "deactivation_time_constant": {"prior_scale": 2.0, "upper": 2.0},
        "emg_shape_factor": {"value": -0.001, "initial": -0.001},
        "tendon_strain_at_one_norm_force": {"prior_scale": 1.0},
    }
    return model.with_rows({("soleus", name): change for name, change in changes.items()})


def contest(data_home=None):
    """Errors [N] and coverage by trace, DataFrame, and the identified parameters, by tendon."""
    stimulation, force, geometry = traces(data_folder(data_home) / "cat_soleus_force")
    rows, parameters = [], {}
    for tendon in ("rigid", "elastic"):
        free = [name for name in FREE if tendon == "elastic" or not name.startswith("tendon_strain")]
        model = EMGDrivenMomentRegressor(soleus(tendon), geometry=geometry, identify=free, emg_scale=None)
        known = force.index.get_level_values("trial").isin(STRETCHES)
        model.fit(stimulation[known], force[known])
        parameters[tendon] = model.parameters_
        predicted, std = model.predict(stimulation, return_std=True)
        error = (predicted - force)["stretch"]
        inside = error.abs() < BAND * std["stretch"]
        for kind, names in (("stretches (fitted)", STRETCHES), ("isometric", ISOMETRIC), ("passive", PASSIVE)):
            mine = force.index.get_level_values("trial").isin(names)
            rows.append({"tendon": tendon, "traces": kind, "RMSE [N]": (error[mine] ** 2).mean() ** 0.5,
                         "in the 90 % band [%]": 100 * inside[mine].mean()})  # fmt: skip
        mine = ~known
        rows.append({"tendon": tendon, "traces": "isometric and passive", "RMSE [N]": (error[mine] ** 2).mean() ** 0.5,
                     "in the 90 % band [%]": 100 * inside[mine].mean()})  # fmt: skip
    return pd.DataFrame(rows), parameters
