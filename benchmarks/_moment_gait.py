"""Walking people: moments by leave one trial out, beside learners without muscles and the mean cycle."""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_bionic import EMGDrivenMomentRegressor
from sk_bionic.datasets import fetch_gait_11_trials, fetch_gait_cp_child
from sk_bionic.musculoskeletal import MusculoskeletalModel, from_osim, save_paths
from sk_bionic.trials import find_trials, lagged

JUDGED = ("hip_flexion_r", "knee_angle_r", "ankle_angle_r")
CP_JUDGED = ("hip_flex_r", "knee_flex_r", "ankle_flex_r")
# The electrode over the vastus lateralis has no signal: the vasti go with rectus femoris.
DEAD, VASTI = "RVAL", {f"vas_{part}_r": {"RREF": 1.0} for part in ("med", "int", "lat")}
MARGIN = 0.1  # rad, about the recorded angles: ranges of the paths
LAGS = np.array([0.0, 0.05, 0.1, 0.15, 0.2])  # s
ELECTRODES = {
    "hamstrings_lateralis": ("bifemlh_r", "bifemsh_r"),
    "hamstrings_medialis": ("semimem_r", "semiten_r"),
    "tibialis_anterior": ("tib_ant_r",),
    "peroneus_longus": ("per_long_r",),
    "peroneus_brevis": ("per_brev_r",),
    "gastrocnemius_lateralis": ("lat_gas_r",),
    "gastrocnemius_medialis": ("med_gas_r",),
    "soleus": ("soleus_r",),
    "vastus_lateralis": ("vas_lat_r",),
    "vastus_medialis": ("vas_med_r",),
    "gluteus_medialis": ("glut_med1_r", "glut_med2_r", "glut_med3_r"),
    "rectus_femoris": ("rect_fem_r",),
    "adductor_longus": ("add_long_r",),
    "tensor_fasciae_latae": ("tfl_r",),
}
CHANNELS = {muscle: channel for channel, muscles in ELECTRODES.items() for muscle in muscles}


class Learner:
    """A regressor of lagged EMG, or of lagged EMG and angles."""

    def __init__(self, regressor, emg, angles=()):
        self.regressor, self.emg, self.angles = regressor, list(emg), list(angles)

    def fit(self, X, y):
        self.columns = list(y.columns)
        self.regressor.fit(self._features(X), y.to_numpy())
        return self

    def predict(self, X):
        return pd.DataFrame(self.regressor.predict(self._features(X)), X.index, self.columns)

    def _features(self, X):
        trials = find_trials(X)
        emg = lagged(X[self.emg].to_numpy(), trials, LAGS)
        return np.column_stack([emg, X[self.angles].to_numpy()]) if self.angles else emg


class MeanCycle:
    """The mean moments of the training strides: no EMG, no angle, but the phase of the stride."""

    def fit(self, X, y):
        phase = y.groupby(level="trial").cumcount()
        self.mean, self.columns = y.groupby(phase.to_numpy()).mean(), list(y.columns)
        return self

    def predict(self, X):
        phase = X.groupby(level="trial").cumcount().to_numpy()
        return pd.DataFrame(self.mean.to_numpy()[phase], X.index, self.columns)


def rivals(emg, angles):
    """Learners without muscles, by name."""
    ridge = lambda: make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 5, 15)))
    trees = {"n_estimators": 200, "min_samples_leaf": 2, "max_features": 0.5, "random_state": 0}
    return {
        "ridge, EMG": Learner(ridge(), emg),
        "ridge, EMG and angles": Learner(ridge(), emg, angles),
        "random forest, EMG and angles": Learner(RandomForestRegressor(**trees), emg, angles),
        "extremely randomised trees, EMG and angles": Learner(ExtraTreesRegressor(**trees), emg, angles),
        "mean cycle of the other strides": MeanCycle(),
    }


def leave_one_out(estimator, X, y):
    """Root mean square errors [N m] over all left-out trials, coverage of the 90 % band, seconds a fit."""
    trials, errors, inside, seconds = X.index.get_level_values("trial"), [], [], 0.0
    for left_out in trials.unique():
        new = trials == left_out
        start = time.process_time()
        estimator.fit(X[~new], y[~new])
        seconds += time.process_time() - start
        if isinstance(estimator, EMGDrivenMomentRegressor):
            predicted, std = estimator.predict(X[new], return_std=True)
            inside.append(((predicted - y[new]).abs() < 1.645 * std).to_numpy())
        else:
            predicted = estimator.predict(X[new])
        errors.append((predicted - y[new]).to_numpy())
    rms = np.sqrt(np.mean(np.concatenate(errors) ** 2, axis=0))
    row = dict(zip(("hip", "knee", "ankle"), rms, strict=True))
    row["in the 90 % band [%]"] = 100 * np.mean(np.concatenate(inside)) if inside else np.nan
    return row | {"CPU s a fit": seconds / trials.nunique()}


def contest(estimators, X, y):
    """A row for every estimator, DataFrame."""
    return pd.DataFrame([{"method": name} | leave_one_out(one, X, y) for name, one in estimators.items()])


def adult(data_home=None, paths=None):
    """The walking adult, DataFrame; the hip in three dimensions."""
    gait = fetch_gait_11_trials(data_home=data_home)
    angles = gait.target_names
    model = adult_model(gait, angles, paths)
    ours = {
        f"EMG-driven, {tendon} tendons, {free}": EMGDrivenMomentRegressor(
            model[tendon], channels=CHANNELS, identify=free, emg_scale="max"
        )
        for tendon, free in (("rigid", "gains"), ("rigid", "lengths"), ("elastic", "lengths"))
    }
    ours["hybrid of rigid tendons, gains, and trees"] = EMGDrivenMomentRegressor(
        model["rigid"], channels=CHANNELS, emg_scale="max", prediction="hybrid", random_state=0
    )
    return contest(ours | rivals(gait.emg_names, angles), gait.data, gait.target[list(JUDGED)])


def adult_model(gait, angles, paths=None):
    """Models with rigid and elastic tendons on the same paths, over the ranges that were walked in."""
    ends = {name: (gait.data[name].min() - MARGIN, gait.data[name].max() + MARGIN) for name in angles}
    known = paths if paths is not None and paths.exists() else None
    build = lambda tendon, file: from_osim(
        gait.model_file, angles, skeleton=False, ranges=ends, paths=file, tendon=tendon
    )
    models = {"rigid": build("rigid", known)}
    if known is None and paths is not None:
        save_paths(models["rigid"], paths)
        known = paths
    return models | {"elastic": build("elastic", known)}


def child(data_home=None):
    """The walking child, DataFrame; and how the identified lengths compare with the published ones."""
    data = fetch_gait_cp_child(data_home=data_home)
    X, y = data.data.drop(columns=DEAD), data.target[list(CP_JUDGED)]
    soft = lambda model: MusculoskeletalModel(
        [replace(m, tendon="elastic") for m in model.muscles], model.joints, "soft"
    )
    published = personalized(data, soft(data.model))
    make = lambda model, free, **more: EMGDrivenMomentRegressor(
        model, channels=VASTI, identify=free, emg_scale="max", **more
    )
    ours = {
        "generic parameters, gains fitted": make(data.model, "gains"),
        "published personalised parameters, elastic tendons, gains fitted": make(published, "gains"),
        "gains and lengths fitted": make(data.model, "lengths"),
        "gains and lengths fitted, elastic tendons": make(soft(data.model), "lengths"),
        "hybrid of generic parameters, gains fitted, and trees": make(
            data.model, "gains", prediction="hybrid", random_state=0
        ),
    }
    emg = [name for name in data.emg_names if name != DEAD]
    table = contest(ours | rivals(emg, data.model.coordinate_names), X, y)
    found = make(data.model, "lengths").fit(X, y)
    return table, compared(found.parameters_, data.parameters)


def personalized(data, model):
    """The child's model with the published EMG-calibrated lengths."""
    table, changes = data.parameters["personalized"], {}
    for row in model.parameters.rows:
        if row.name in ("optimal_fiber_length", "tendon_slack_length"):
            value = float(table.loc[row.owner, row.name])
            ends = {"lower": min(row.lower, 0.5 * value), "upper": max(row.upper, 2.0 * value)}
            changes[row.owner, row.name] = {"value": value, "initial": value, **ends}
    return model.with_rows(changes)


def compared(found, parameters):
    """Identified over generic lengths against published over generic ones, of muscles that the moments tell of."""
    rows = []
    for name in ("optimal_fiber_length", "tendon_slack_length"):
        own = found[found["name"] == name].set_index("muscle")
        ratio = own["value"] / own["initial"]
        theirs = parameters["personalized"][name] / parameters["generic"][name]
        known = own.index[own["identifiable"]]
        rows.append({
            "parameter": name, "muscles told of by the moments": len(known),
            "median factor, published": theirs[known].median(), "identified": ratio[known].median(),
            "correlation of the logarithms": np.corrcoef(np.log(theirs[known]), np.log(ratio[known]))[0, 1],
        })  # fmt: skip
    return pd.DataFrame(rows)
