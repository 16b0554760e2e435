"""The walking trial of `walking.py`, with the hip in three dimensions: first stride to second."""

import numpy as np
import pandas as pd
from _walking_data import EMG_END, _adjusted_angles, _at, _grid, _read, trial_folder
from _walking_model import DRIVE

from sk_bionic import EMGDrivenMomentRegressor
from sk_bionic.musculoskeletal import from_osim, save_paths

COORDINATES = [  # the subtalar joint is locked
    "hip_flexion_r",
    "hip_adduction_r",
    "hip_rotation_r",
    "knee_angle_r",
    "ankle_angle_r",
]
JUDGED = ["hip_flexion_r", "knee_angle_r", "ankle_angle_r"]
MARGIN = 0.1  # rad
# Muscles of hip alone, by the gluteus medius' electrode where it is over them.
HIP = {"glmed1_r": "gluteus_medius", "glmed2_r": "gluteus_medius", "glmed3_r": "gluteus_medius"}
CONTACT = 20.0  # N


def trial(data_home):
    """EMG and six angles, moments, and the time of the second heel strike [s]."""
    folder = trial_folder(data_home)
    time, angle = _adjusted_angles(folder)
    moment_time, moments = _read(folder / "id_walk.sto")
    grid = _grid(time)
    grid = grid[(grid >= moment_time[0]) & (grid <= min(moment_time[-1], EMG_END))]
    emg_time, emg = _read(folder / "electromyography.sto")
    drive = {**DRIVE, **HIP}
    channels = dict.fromkeys(c for d in drive.values() for c in ([d] if isinstance(d, str) else d))
    index = pd.MultiIndex.from_product([["walk"], grid], names=["trial", "time"])
    X = pd.DataFrame({**_at(grid, emg_time, emg[list(channels)]), **_at(grid, time, angle[COORDINATES])}, index)
    known = {n: np.interp(grid, moment_time, moments[f"{n}_moment"]) for n in JUDGED}
    force_time, force = _read(folder / "grf_walk.mot")
    on = (force["ground_force_r_vy"].to_numpy() > CONTACT).astype(int)
    return folder, X, pd.DataFrame(known, index), force_time[1:][np.diff(on) > 0], drive


def contest(data_home=None, paths=None):
    """Errors [N m] on the second stride, DataFrame."""
    folder, X, y, strikes, drive = trial(data_home)
    ends = {name: (X[name].min() - MARGIN, X[name].max() + MARGIN) for name in COORDINATES}
    known = paths if paths is not None and paths.exists() else None
    model = from_osim(folder / "subject_walk_scaled.osim", COORDINATES, skeleton=False, ranges=ends, paths=known)
    if known is None and paths is not None:
        save_paths(model, paths)
    time = X.index.get_level_values("time")
    first, second = time < strikes[1], time >= strikes[1]
    rows = []
    for free in ("gains", "lengths"):
        regressor = EMGDrivenMomentRegressor(model, channels=drive, identify=free, emg_scale="max")
        regressor.fit(X[first], y.where(pd.Series(time >= strikes[0], y.index), axis=0)[first])
        predicted = pd.DataFrame(regressor.predict(X), X.index, JUDGED)
        errors = np.sqrt(((predicted - y)[second] ** 2).mean())
        rows.append(
            {"method": f"EMG-driven, rigid tendons, {free}"} | dict(zip(("hip", "knee", "ankle"), errors, strict=True))
        )
    mean = np.sqrt(((y[second] - y[first & (time >= strikes[0])].mean()) ** 2).mean())
    rows.append({"method": "mean moment of the first stride"} | dict(zip(("hip", "knee", "ankle"), mean, strict=True)))
    return pd.DataFrame(rows)
