"""Ankle dorsiflexion on a dynamometer: torque from tibialis anterior's EMG and the angle, beside ridge regression."""

import numpy as np
import pandas as pd
from scipy.io import loadmat
from scipy.signal import butter, sosfiltfilt
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_bionic import EMGDrivenMomentRegressor
from sk_bionic.datasets._cache import data_folder
from sk_bionic.musculoskeletal import Coordinate, Muscle, MusculoskeletalModel, PolynomialPath
from sk_bionic.trials import find_trials, lagged

ACTIVE = ("Ref_Long_01", "PL_0_01", "PL_50_01", "PL_50_02", "PL_100_01")
FIXED = ("Ref_Long_01",)
STILL = ("Pas_-15", "Pas_-10", "Pas_5", "Pas_10", "Pas_20", "Pas_25", "Pas_Long2Sho", "Pas_Sho2Long")
RATE, ENVELOPE, BAND, CUTOFF = 50.0, 4.0, (20.0, 450.0), 6.0  # Hz
MUSCLE, ANGLE = "tibialis_anterior", "dorsiflexion"
LAGS = np.arange(0.0, 0.26, 0.05)  # s, of ridge
# Tibialis anterior of Rajagopal's model; the fascicle of this person is longer, which the fit may find.
VALUES = {
    "max_isometric_force": {"value": 900.0, "prior_scale": 0.7},
    "optimal_fiber_length": {"value": 0.068, "prior_scale": 0.3, "lower": 0.04, "upper": 0.12},
    "tendon_slack_length": {"value": 0.241, "prior_scale": 0.1},
    "pennation_angle_at_optimal": 0.18,
    "passive_fiber_strain_at_one_norm_force": {"value": 0.6, "prior_scale": 0.4},
    "activation_time_constant": {"value": 0.03, "prior_scale": 0.5},
    "deactivation_time_constant": {"value": 0.06, "prior_scale": 0.5},
}
LENGTH = 0.305  # m, of the unit at 0 deg
TISSUE = {
    "joint_stiffness": {"value": 10.0, "prior_scale": 15.0, "lower": 0.0, "upper": 100.0},
    "joint_rest_angle": {"value": -0.8, "prior_scale": 1.0, "lower": -3.0, "upper": 1.5},
    "joint_damping": {"value": 0.5, "prior_scale": 2.0},
    "upper_limit": {"value": 0.4, "prior_scale": 0.3},
    "limit_stiffness": {"value": 20.0, "prior_scale": 1.0, "lower": 0.5, "upper": 300.0},
    "limit_transition": {"value": 0.1, "prior_scale": 0.5},
}
FREE = [
    "max_isometric_force", "optimal_fiber_length", "tendon_slack_length", "passive_fiber_strain_at_one_norm_force",
    "emg_shape_factor", "electromechanical_delay", "activation_time_constant", "deactivation_time_constant",
    "max_contraction_velocity", *TISSUE,
]  # fmt: skip


def trial(folder, name):
    """EMG envelope [V], dorsiflexion [rad] and torque [N m] at the frames, with the measured fascicle [m] or NaN."""
    content = np.load(folder / f"{name}.npz")
    rate = float(content["fs"])
    time = np.arange(len(content["torque_Nm"])) / rate
    frames = np.arange(0.5, time[-1] - 0.5, 1.0 / RATE)
    low = butter(2, CUTOFF, fs=rate, output="sos")
    at = lambda signal: np.interp(frames, time, sosfiltfilt(low, signal))
    emg = np.zeros(len(frames))
    if name in ACTIVE:
        band = sosfiltfilt(butter(2, BAND, "bandpass", fs=rate, output="sos"), content["emg_ta_V"])
        emg = np.interp(frames, time, sosfiltfilt(butter(2, ENVELOPE, fs=rate, output="sos"), np.abs(band))).clip(0.0)
    fascicle = np.full(len(frames), np.nan)
    if "fascicle_mm" in content:
        fascicle = 1e-3 * np.interp(frames, content["us_time_s"], content["fascicle_mm"], left=np.nan, right=np.nan)
    index = pd.MultiIndex.from_product([[name], frames], names=["trial", "time"])
    values = {MUSCLE: emg, ANGLE: -np.deg2rad(at(content["angle_deg"])), "torque": at(content["torque_Nm"])}
    return pd.DataFrame({**values, "fascicle": fascicle}, index)


def recordings(folder):
    """All trials; EMG in units of its largest value over the active ones."""
    table = pd.concat([trial(folder, name) for name in (*ACTIVE, *STILL)])
    table[MUSCLE] /= table[MUSCLE].max()
    return table


def model_of(folder, tendon):
    """Tibialis anterior about the authors' own moment arms (mean of rest and maximal contraction), and the joint's
    tissue.
    """
    arms = loadmat(folder / "TA_Mom_Arm.mat", simplify_cells=True)["TA_Arm_Fit"]
    mean = 0.005 * (arms["polyp_Rest"] + arms["polyp_MVC"])  # m, of the plantarflexion in deg
    by_angle = np.polynomial.Polynomial(mean[::-1])(
        np.polynomial.Polynomial([0.0, -180.0 / np.pi])
    )  # dorsiflexion in rad
    path = PolynomialPath((LENGTH, *(-c / (k + 1) for k, c in enumerate(by_angle.coef))))
    muscle = Muscle(MUSCLE, path, MUSCLE, VALUES, tendon=tendon)
    return MusculoskeletalModel([muscle], [Coordinate(ANGLE, 10.0, TISSUE)], "ankle")


def estimators(folder):
    """The rivals by name, each with the columns that it sees."""
    model = lambda tendon: EMGDrivenMomentRegressor(model_of(folder, tendon), identify=FREE, emg_scale=None)
    return {
        "EMG-driven, rigid tendon": model("rigid"),
        "EMG-driven, elastic tendon": model("elastic"),
        "ridge": Ridge(),
    }


class Ridge:
    """Ridge regression on lagged EMG, the angle, and their product."""

    def fit(self, X, y):
        self.ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 13))).fit(self._features(X), y)
        return self

    def predict(self, X, return_std=False):
        found = self.ridge.predict(self._features(X)).reshape(len(X), -1)
        found = pd.DataFrame(found, X.index, [ANGLE])
        return (found, found * np.nan) if return_std else found

    @staticmethod
    def _features(X):
        emg = lagged(X[[MUSCLE]].to_numpy(), find_trials(X), LAGS)
        angle = X[[ANGLE]].to_numpy()
        return np.column_stack([emg, angle, emg * angle])


def contest(data_home=None):
    """Errors [N m] by estimator, and of the fascicle's length, DataFrame."""
    folder = data_folder(data_home) / "ankle_torque"
    table = recordings(folder)
    X, y = table[[MUSCLE, ANGLE]], table["torque"].to_frame(ANGLE)
    trials = table.index.get_level_values("trial")
    rows = []
    for name, estimator in estimators(folder).items():
        parts, lengths = [], []
        for left_out in ACTIVE:
            new = trials == left_out
            training = ~new & seen_by(estimator, trials)
            estimator.fit(X[training], y[training])
            predicted, std = estimator.predict(X[new], return_std=True)
            error = (predicted - y[new])[ANGLE]
            parts.append((error, error.abs() < 1.645 * std[ANGLE]))
            if hasattr(estimator, "predict_fiber_lengths"):
                lengths.append((estimator.predict_fiber_lengths(X[new])[MUSCLE], table["fascicle"][new]))
        known = np.isin(trials, (*FIXED, *STILL)) & seen_by(estimator, trials)
        estimator.fit(X[known], y[known])
        stretch = np.isin(trials, [n for n in ACTIVE if n not in FIXED])
        transfer = (estimator.predict(X[stretch]) - y[stretch])[ANGLE]
        row = {"method": name, "leave one trial out [N m]": _rms(pd.concat([e for e, _ in parts]))}
        row["in the 90 % band [%]"] = 100 * np.mean(np.concatenate([i for _, i in parts])) if lengths else np.nan
        row["fixed end to stretch [N m]"] = _rms(transfer)
        rows.append(row | _fascicle(lengths))
    return pd.DataFrame(rows)


def seen_by(estimator, trials):
    """Frames that an estimator learns from: passive trials make ridge worse, which is spared them."""
    return np.isin(trials, ACTIVE) | (not isinstance(estimator, Ridge))


def _fascicle(lengths):
    if not lengths:
        return {}
    predicted, measured = (np.concatenate([pair[k] for pair in lengths]) for k in range(2))
    known = np.isfinite(measured)
    error = predicted[known] - measured[known]
    return {
        "fascicle r": np.corrcoef(predicted[known], measured[known])[0, 1],
        "fascicle RMSE [mm]": 1e3 * _rms(error),
        "less its mean [mm]": 1e3 * float(np.std(error)),
    }


def _rms(error):
    return float(np.sqrt(np.mean(np.asarray(error) ** 2)))
