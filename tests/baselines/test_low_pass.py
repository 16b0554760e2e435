"""The low-pass behind a regressor: its cut-off, its trials, its choice out of fold."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score

from sk_bionic.baselines import LowPassRegressor
from sk_bionic.model_selection import BlockedKFold, TrialKFold

RATE = 100.0


def movement(n_trials=2, noise=0.0, seed=0):
    """A slow angle, and a column that shows it under fast noise."""
    time = np.arange(1000) / RATE
    rng = np.random.default_rng(seed)
    parts = {}
    for k in range(n_trials):
        angle = np.sin(2 * np.pi * 0.3 * time + k)
        seen = angle + noise * rng.normal(size=len(time))
        parts[k] = pd.DataFrame({"seen": seen, "angle": angle}, pd.Index(time, name="time"))
    frames = pd.concat(parts, names=["trial"])
    return frames[["seen"]], frames["angle"]


def test_noise_is_smoothed_away():
    X, y = movement(noise=0.5)
    smoothed = LowPassRegressor(Ridge(alpha=1e-6)).fit(X, y)
    assert smoothed.cutoff_ < 2.0
    rough = np.std(Ridge(alpha=1e-6).fit(X, y).predict(X) - y)
    assert np.std(smoothed.predict(X) - y) < 0.7 * rough


def test_nothing_is_smoothed_where_nothing_is_gained():
    X, y = movement()
    exact = LowPassRegressor(Ridge(alpha=1e-6)).fit(X, y)
    assert exact.cutoff_ == np.inf or np.abs(exact.predict(X) - y).max() < 0.01


def test_a_given_cutoff_is_used_and_infinity_changes_nothing():
    X, y = movement(noise=0.5)
    assert LowPassRegressor(Ridge(), cutoff=1).fit(X, y).cutoff_ == 1.0
    plain = Ridge().fit(X, y).predict(X)
    np.testing.assert_array_equal(LowPassRegressor(Ridge(), np.inf).fit(X, y).predict(X), plain)


def test_trials_are_smoothed_apart():
    X, y = movement(n_trials=3, noise=0.5)
    model = LowPassRegressor(Ridge(), cutoff=1.0).fit(X, y)
    alone = model.predict(X.loc[[1]])
    np.testing.assert_allclose(model.predict(X)[1000:2000], alone)


class Memory(RegressorMixin, BaseEstimator):
    """Knows the training frames by heart and nothing else."""

    def fit(self, X, y):
        self.known_ = dict(zip(X["seen"], y, strict=False))
        return self

    def predict(self, X):
        rng = np.random.default_rng(0)
        return np.array([self.known_.get(seen, rng.normal()) for seen in X["seen"]])


def test_cutoff_is_chosen_out_of_fold():
    X, y = movement(noise=1e-3)
    np.testing.assert_array_equal(Memory().fit(X, y).predict(X), y)
    assert LowPassRegressor(Memory()).fit(X, y).cutoff_ < 2.0


def test_the_search_is_not_repeated_in_each_fold():
    X, y = movement(noise=0.5)
    fits = []

    class Counting(Ridge):
        def fit(self, X, y):
            fits.append(self.alpha)
            return super().fit(X, y)

    search = GridSearchCV(Counting(), {"alpha": [1e-3, 1e6]}, cv=BlockedKFold(3))
    model = LowPassRegressor(search, cv=BlockedKFold(5)).fit(X, y)
    assert model.estimator_.best_params_ == {"alpha": 1e-3}
    assert fits[-5:] == [1e-3] * 5 and len(fits) == 2 * 3 + 1 + 5


def test_unknown_angles_have_no_say_in_the_cutoff():
    X, y = movement(n_trials=1, noise=0.5)
    known = y.where(np.arange(len(y)) % 100 < 50)

    class Plain(RegressorMixin, BaseEstimator):
        def fit(self, X, y):
            self.is_fitted_ = True
            return self

        def predict(self, X):
            return X["seen"].to_numpy()

    wild = y.where(known.notna(), np.nan)
    assert LowPassRegressor(Plain()).fit(X, wild).cutoff_ < 2.0


def test_it_clones_and_cross_validates():
    X, y = movement(n_trials=3, noise=0.5)
    model = clone(LowPassRegressor(Ridge()))
    assert cross_val_score(model, X, y, cv=TrialKFold(None)).shape == (3,)
    grid = GridSearchCV(model, {"cutoff": [0.8, np.inf]}, cv=TrialKFold(None)).fit(X, y)
    assert grid.best_params_ == {"cutoff": 0.8}


def test_several_angles_share_a_cutoff():
    X, y = movement(noise=0.5)
    both = np.column_stack([y, -y])
    predicted = LowPassRegressor(Ridge()).fit(X, both).predict(X)
    np.testing.assert_allclose(predicted[:, 0], -predicted[:, 1], atol=1e-9)


def test_errors_say_what_to_give():
    X, y = movement()
    with pytest.raises(ValueError, match="`sampling_rate`"):
        LowPassRegressor(Ridge()).fit(X.to_numpy(), y.to_numpy())
    with pytest.raises(ValueError, match="'cutoff' parameter of LowPassRegressor must be"):
        LowPassRegressor(Ridge(), cutoff=-1.0).fit(X, y)
    arrays = LowPassRegressor(Ridge(), sampling_rate=RATE, cutoff=1.0)
    assert arrays.fit(X.to_numpy(), y.to_numpy()).predict(X.to_numpy()).shape == y.shape
