"""What the walking benchmark is compared with: controls that know no muscles, and learners on EMG and angles."""

import numpy as np
import pandas as pd
from _walking_model import COORDINATES
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_bionic.trials import find_trials, lagged

LAGS = (0.0, 0.03, 0.06, 0.1, 0.15, 0.2)  # s
BLOCK = 0.1  # s, of EMG that is put in another order


def mean_moment(X, moments, train, strikes):
    """The first stride's mean."""
    return pd.DataFrame([moments[train].mean()] * len(X), index=X.index)


def repeated_stride(X, moments, train, strikes):
    """The first stride's moments at the same time since heel strike; the nearest one where it has none."""
    time, known = _time(X), moments[train]
    since = np.where(time < strikes[1], time - strikes[0], time - strikes[1])
    return pd.DataFrame({name: np.interp(since, since[train], known[name]) for name in moments}, index=X.index)


def ridge(X, moments, train, strikes):
    """Linear in lagged EMG, angles and angular velocities; penalty by leave-one-out on the first stride."""
    features = _features(X)
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 5, 29)))
    return _predicted(model.fit(features[train], moments[train]), features, X, moments)


def forest(X, moments, train, strikes):
    """Extremely randomised trees on the same."""
    features = _features(X)
    model = ExtraTreesRegressor(500, min_samples_leaf=2, random_state=0)
    return _predicted(model.fit(features[train], moments[train]), features, X, moments)


def shuffled_emg(X, seed):
    """X with the EMG's blocks of 0.1 s in random order, angles as they are."""
    channels = [name for name in X if name not in COORDINATES]
    blocks = np.array_split(np.arange(len(X)), round((_time(X)[-1] - _time(X)[0]) / BLOCK))
    order = np.random.default_rng(seed).permutation(len(blocks))
    shuffled = X.copy()
    shuffled[channels] = X[channels].to_numpy()[np.concatenate([blocks[k] for k in order])]
    return shuffled


CONTROLS = {
    "mean moment": mean_moment,
    "first stride repeated": repeated_stride,
    "ridge": ridge,
    "extra trees": forest,
}


def _time(X):
    return X.index.get_level_values("time").to_numpy()


def _features(X):
    trials = find_trials(X)
    angles = X[list(COORDINATES)].to_numpy()
    emg = np.sqrt(X.drop(columns=list(COORDINATES)).to_numpy().clip(min=0.0))
    return np.column_stack([lagged(emg, trials, LAGS), angles, np.gradient(angles, trials.time, axis=0)])


def _predicted(model, features, X, moments):
    return pd.DataFrame(model.predict(features), index=X.index, columns=moments.columns)
