"""The torque-angle curve of maximal plantarflexion: identified from half of its trials, judged on the other half."""

import numpy as np
import pandas as pd

from sk_bionic import EMGDrivenMomentRegressor
from sk_bionic.datasets import fetch_plantarflexor_torque
from sk_bionic.musculoskeletal import Coordinate, Muscle, MusculoskeletalModel, PolynomialPath

ANGLE, DRIVE = "ankle_angle", "effort"
ARM = 0.047  # m, of the Achilles tendon; a growing angle of the footplate stretches the plantarflexors
# Soleus and gastrocnemii of Rajagopal's model as one muscle.
VALUES = {
    "max_isometric_force": {"value": 7500.0, "prior_scale": 0.7},
    "optimal_fiber_length": {"value": 0.047, "prior_scale": 0.4, "lower": 0.02, "upper": 0.12},
    "tendon_slack_length": {"value": 0.3, "prior_scale": 0.1},
    "pennation_angle_at_optimal": 0.3,
    "passive_fiber_strain_at_one_norm_force": {"value": 0.6, "prior_scale": 0.4},
}
TISSUE = {
    "joint_stiffness": {"value": 5.0, "prior_scale": 15.0, "lower": 0.0, "upper": 150.0},
    "joint_rest_angle": {"value": 0.0, "prior_scale": 0.5, "lower": -2.0, "upper": 2.0},
}
FREE = ["max_isometric_force", "optimal_fiber_length", "tendon_slack_length",
        "passive_fiber_strain_at_one_norm_force", *TISSUE]  # fmt: skip


def plantarflexors(tendon):
    """One muscle whose pull counts as positive where it plantarflexes: the coordinate runs against the footplate's."""
    path = PolynomialPath((0.345, -ARM))
    muscle = Muscle("plantarflexors", path, DRIVE, VALUES, tendon=tendon)
    return MusculoskeletalModel([muscle], [Coordinate(ANGLE, 30.0, TISSUE)], "plantarflexors")


def contest(data_home=None):
    """Fit and error [N m] by tendon, DataFrame; the identified parameters by tendon; the measured torques' spread."""
    peaks = fetch_plantarflexor_torque(data_home=data_home).peaks
    angle = -peaks["angle"].to_numpy()
    X = pd.DataFrame({DRIVE: np.repeat([1.0, 0.0], len(peaks)), ANGLE: np.tile(angle, 2)})
    y = pd.DataFrame({ANGLE: np.concatenate([peaks["peak"], peaks["rest"]])})
    first = np.tile([name.endswith("_01") for name in peaks.index], 2)
    active = X[DRIVE] > 0
    rows, parameters = [], {}
    for tendon in ("rigid", "elastic"):
        model = EMGDrivenMomentRegressor(plantarflexors(tendon), identify=FREE, emg_scale=None)
        model.fit(X[first], y[first])
        predicted, std = model.predict(X, return_std=True)
        error, inside = (predicted - y)[ANGLE], (predicted - y).abs()[ANGLE] < 1.645 * std[ANGLE]
        whole = EMGDrivenMomentRegressor(plantarflexors(tendon), identify=FREE, emg_scale=None).fit(X, y)
        parameters[tendon] = whole.parameters_
        fitted = (whole.predict(X) - y)[ANGLE]
        row = {"tendon": tendon, "R2 of the peaks (all fitted)": _r2(fitted[active], y[ANGLE][active])}
        new = active & ~first
        row |= {
            "R2 of the second trials": _r2(error[new], y[ANGLE][new]),
            "RMSE [N m]": (error[new] ** 2).mean() ** 0.5,
        }
        rows.append(row | {"in the 90 % band [%]": 100 * inside[~first].mean()})
    pairs = peaks.groupby("angle")["peak"]
    return pd.DataFrame(rows), parameters, float(np.sqrt(pairs.var(ddof=1).mean()))


def _r2(error, measured):
    return float(1 - (error**2).sum() / ((measured - measured.mean()) ** 2).sum())
