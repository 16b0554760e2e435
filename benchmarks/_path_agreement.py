"""Polynomials over many angles against OpenSim itself: lengths and moment arms at random postures."""

import time

import numpy as np
import pandas as pd

from sk_bionic.musculoskeletal import from_osim, read_osim
from sk_bionic.musculoskeletal.opensim_model.geometry import coordinate_values
from sk_bionic.musculoskeletal.opensim_model.wrapping import OpenSimPaths

COORDINATES = [
    "hip_flexion_r",
    "hip_adduction_r",
    "hip_rotation_r",
    "knee_angle_r",
    "ankle_angle_r",
    "subtalar_angle_r",
]
N_POSTURES, GOOD = 500, 1e-3  # m


def agreement(file):
    """Errors of all muscles of one leg, and the seconds (wall, CPU) that their paths took.

    Parameters
    ----------
    file : path-like
        Rajagopal2016.osim.

    Returns
    -------
    DataFrame
        By muscle: root mean square errors of the length and of the worst moment arm, the largest ones, and the share of
        postures at which all of them are below a millimetre.
    tuple of float
    """
    wall, cpu = time.perf_counter(), time.process_time()
    model = from_osim(file, COORDINATES, skeleton=False)
    seconds = time.perf_counter() - wall, time.process_time() - cpu
    osim, generator = read_osim(file), np.random.default_rng(0)
    low, high = np.array([osim.coordinates[name].range for name in COORDINATES]).T
    q = generator.uniform(low, high, (N_POSTURES, len(COORDINATES)))
    values = coordinate_values(osim, dict(zip(COORDINATES, q.T, strict=True)))
    paths = OpenSimPaths(file, osim, dict.fromkeys(model.muscle_names, ""))
    lengths, arms = paths.measure({n: v.ravel() for n, v in values.items()}, list(model.muscle_names), COORDINATES)
    rows = []
    for k, muscle in enumerate(model.muscles):
        length, arm = muscle.path.along(q)
        of_length, of_arm = np.abs(length - lengths[:, k]), np.abs(arm - arms[:, :, k].T)
        worst = of_arm[:, np.argmax((of_arm**2).mean(axis=0))]
        rows.append({
            "muscle": muscle.name, "length RMSE [mm]": 1e3 * np.sqrt(np.mean(of_length**2)),
            "moment arm RMSE [mm]": 1e3 * np.sqrt(np.mean(worst**2)), "largest [mm]": 1e3 * of_length.max(),
            "largest arm [mm]": 1e3 * of_arm.max(),
            "postures within 1 mm [%]": 100 * np.mean(np.maximum(of_length, of_arm.max(axis=1)) < GOOD),
        })  # fmt: skip
    return pd.DataFrame(rows), seconds
