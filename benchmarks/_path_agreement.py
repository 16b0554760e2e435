"""Polynomials over many angles against OpenSim itself: lengths and moment arms at random postures."""

import time

import numpy as np
import pandas as pd

from sk_bionic.musculoskeletal import from_osim, read_osim
from sk_bionic.musculoskeletal.opensim_model.geometry import coordinate_values
from sk_bionic.musculoskeletal.opensim_model.scattered import is_broken_on_the_way
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


def rms(error):
    return np.sqrt(np.mean(error**2))


def agreement(file):
    """Errors of all muscles of one leg, and the seconds (wall, CPU) that their paths took.

    Parameters
    ----------
    file : path-like
        Rajagopal2016.osim.

    Returns
    -------
    DataFrame
        By muscle: root mean square errors of the length and of the worst moment arm, the largest ones, the share of
        postures at which all of them are below a millimetre; of muscles that are off by more, the share of postures to
        which OpenSim's own path gets from the middle of the ranges by a jump, or by moment arms that are not the slopes
        of its length, and the errors in the others.
    tuple of float
    """
    wall, cpu = time.perf_counter(), time.process_time()
    model = from_osim(file, COORDINATES, skeleton=False)
    seconds = time.perf_counter() - wall, time.process_time() - cpu
    osim, generator = read_osim(file), np.random.default_rng(0)
    low, high = np.array([osim.coordinates[name].range for name in COORDINATES]).T
    q = generator.uniform(low, high, (N_POSTURES, len(COORDINATES)))
    names = list(model.muscle_names)
    paths = OpenSimPaths(file, osim, dict.fromkeys(names, ""))

    def measure(q, names=names):
        values = coordinate_values(osim, dict(zip(COORDINATES, q.T, strict=True)))
        return paths.measure({n: v.ravel() for n, v in values.items()}, names, COORDINATES)

    lengths, arms = measure(q)
    rows = []
    for k, muscle in enumerate(model.muscles):
        length, arm = muscle.path.along(q)
        of_length, of_arm = np.abs(length - lengths[:, k]), np.abs(arm - arms[:, :, k].T)
        worst = of_arm[:, np.argmax((of_arm**2).mean(axis=0))]
        far = np.maximum(of_length, of_arm.max(axis=1)) > GOOD
        if max(rms(of_length), rms(worst)) > GOOD:

            def own(q, name=muscle.name):
                length, arm = measure(q, [name])
                return length[:, 0], arm[:, :, 0].T

            far[far] = is_broken_on_the_way(own, 0.5 * (low + high), q[far])
        else:
            far[:] = False
        rows.append({
            "muscle": muscle.name, "length RMSE [mm]": 1e3 * rms(of_length),
            "moment arm RMSE [mm]": 1e3 * rms(worst), "largest [mm]": 1e3 * of_length.max(),
            "largest arm [mm]": 1e3 * of_arm.max(),
            "postures within 1 mm [%]": 100 * np.mean(np.maximum(of_length, of_arm.max(axis=1)) < GOOD),
            "path broken [%]": 100 * np.mean(far), "length RMSE, others [mm]": 1e3 * rms(of_length[~far]),
            "moment arm RMSE, others [mm]": 1e3 * max(rms(own) for own in of_arm[~far].T),
        })  # fmt: skip
    return pd.DataFrame(rows), seconds
