"""The walking trial: EMG, angles, ground reaction and moments of the right leg on one time axis."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from _inverse_dynamics import joint_moments
from _walking_model import COORDINATES, DRIVE
from scipy.signal import butter, sosfiltfilt

from sk_bionic.datasets._cache import data_folder
from sk_bionic.io import read_sto
from sk_bionic.musculoskeletal import read_osim

RATE = 100.0  # Hz of the frames; envelopes and moments hold nothing above 15 Hz
CONTACT = 20.0  # N of vertical force, above which the foot is on the ground
CUTOFF = 6.0  # Hz, of the angles before inverse dynamics, as is usual for walking
EMG_END = 2.35  # s, behind which the envelopes fall to 0 at the end of the record
JOINTS = ("knee_angle_r", "ankle_angle_r")


class Walking(NamedTuple):
    """A part of the trial.

    Attributes
    ----------
    X : DataFrame
        EMG and angles [rad], index levels trial and time.
    moments : DataFrame
        Of knee and ankle [N m].
    strikes : list of float
        Heel strikes of the right foot within the ground reaction's record [s].
    mass : float
        Of the model [kg].
    """

    X: pd.DataFrame
    moments: pd.DataFrame
    strikes: list
    mass: float


def trial_folder(data_home):
    """Where the files are."""
    folder = data_folder(data_home) / "gait_moco"
    if not folder.exists():
        raise SystemExit(
            f"{folder} is missing: it needs the files of opensim-core's Moco example 'example3DWalking'. Give its "
            "parent by --data-home or "
            "SK_BIONIC_DATA."
        )
    return folder


def given_moments(folder):
    """The file's moments (0.45 to 1.80 s), with the angles that they were computed from."""
    time, angle = _adjusted_angles(folder)
    grid = _grid(time)
    moment_time, moments = _read(folder / "id_walk.sto")
    known = {name: np.interp(grid, moment_time, moments[f"{name}_moment"]) for name in JOINTS}
    return _walking(folder, grid, _at(grid, time, angle[list(COORDINATES)]), known)


def own_moments(folder):
    """Moments of the whole trial by inverse dynamics from the angles of inverse kinematics and the ground reaction."""
    time, angle = _read(folder / "coordinates.mot")
    low_pass = butter(2, CUTOFF, fs=1 / np.diff(time).mean(), output="sos")
    angle = pd.DataFrame(sosfiltfilt(low_pass, angle, axis=0, padlen=60), columns=angle.columns)
    moments = _inverse_dynamics(folder, time, angle)
    grid = _grid(time[(time > 2 / RATE) & (time < EMG_END)])
    return _walking(folder, grid, _at(grid, time, angle[list(COORDINATES)]), _at(grid, time, moments))


def reproduction_error(folder):
    """Root mean square difference [N m] from the file's moments where both come from the same angles, Series."""
    time, angle = _adjusted_angles(folder)
    rare = slice(None, None, round(1 / RATE / np.diff(time).mean()))
    moments = _inverse_dynamics(folder, time[rare], angle.iloc[rare])
    inner = slice(3, -3)  # where the splines have neighbours on both sides
    given = given_moments(folder).moments.to_numpy()[inner]
    return ((moments.iloc[inner][: len(given)] - given) ** 2).mean() ** 0.5


def _adjusted_angles(folder):
    time, angle = _read(folder / "coordinates.sto")
    return time, angle.rename(columns=lambda name: name.split("/")[-2])


def _inverse_dynamics(folder, time, angle):
    """Moments of knee and ankle at every time, DataFrame."""
    model = read_osim(folder / "subject_walk_scaled.osim")
    values = {name: angle[name].to_numpy() for name in angle if name in model.coordinates}
    ground_time, ground = _read(folder / "grf_walk.mot")
    force, point, couple = (
        np.stack([np.interp(time, ground_time, ground[f"ground_{part}{x}"]) for x in "xyz"], 1)
        for part in ("force_r_v", "force_r_p", "torque_r_")
    )
    moments = joint_moments(model, time, values, JOINTS, ("calcn_r", force, point, couple))
    return pd.DataFrame(moments, columns=list(JOINTS))


def _walking(folder, grid, angle, moments):
    emg_time, emg = _read(folder / "electromyography.sto")
    channels = dict.fromkeys(c for d in DRIVE.values() for c in ([d] if isinstance(d, str) else d))
    ground_time, ground = _read(folder / "grf_walk.mot")
    on = (ground["ground_force_r_vy"].to_numpy() > CONTACT).astype(int)
    strikes = ground_time[1:][np.diff(on) > 0].tolist()
    index = pd.MultiIndex.from_product([["walk"], grid], names=["trial", "time"])
    X = pd.DataFrame({**_at(grid, emg_time, emg[list(channels)]), **angle}, index=index)
    mass = sum(body.mass for body in read_osim(folder / "subject_walk_scaled.osim").bodies.values())
    return Walking(X, pd.DataFrame(moments, index=index), strikes, mass)


def _read(path):
    frame = read_sto(path)
    return frame.index.get_level_values("time").to_numpy(), frame.reset_index(drop=True)


def _grid(time):
    return np.arange(np.ceil(time[0] * RATE - 1e-6), time[-1] * RATE + 1e-6) / RATE


def _at(grid, time, frame):
    return {name: np.interp(grid, time, frame[name]) for name in frame}
