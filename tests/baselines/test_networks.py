"""The networks among the baselines: GRU in time, MLP of features."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.utils.estimator_checks import parametrize_with_checks

from sk_bionic.baselines import GRURegressor, NoisyMLPRegressor

RATE = 50.0


@parametrize_with_checks([NoisyMLPRegressor((8,), max_epochs=100, lr=0.05)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def sequence(duration=20.0, seed=0, trial="a", rate=RATE):
    """Smooth random signals, and their leaky integral: what only a memory can predict."""
    time = np.arange(int(duration * rate)) / rate
    rng = np.random.default_rng(seed)
    waves = rng.uniform(0.2, 1.0, 4), rng.uniform(0, 2 * np.pi, 4)
    signal = np.sin(2 * np.pi * waves[0] * time[:, None] + waves[1]).sum(axis=1) / 2
    memory = np.zeros(len(time))
    for k in range(1, len(time)):
        memory[k] = memory[k - 1] + (signal[k - 1] - memory[k - 1]) / (0.5 * rate)
    index = pd.MultiIndex.from_product([[trial], time], names=["trial", "time"])
    return pd.DataFrame({"emg": signal}, index), pd.Series(memory, index)


def test_gru_learns_what_needs_a_memory():
    X, y = sequence(30.0)
    X_new, y_new = sequence(10.0, seed=1)
    assert GRURegressor(random_state=0).fit(X, y).score(X_new, y_new) > 0.8
    memoryless = NoisyMLPRegressor(random_state=0).fit(X, y).score(X_new, y_new)
    assert memoryless < 0.6


@pytest.mark.parametrize("rate", [20.0, 50.0, 200.0])
def test_gru_predicts_every_frame_at_any_rate(rate):
    X, y = sequence(8.0, rate=rate)
    predicted = GRURegressor(max_epochs=50, random_state=0).fit(X, y).predict(X)
    assert predicted.shape == y.shape and np.isfinite(predicted).all()
    assert np.abs(np.diff(predicted)).max() < 10 / rate  # interpolated, without steps


def test_gru_reads_across_no_border_of_trials_and_no_hole():
    a, b = sequence(4.0), sequence(4.0, seed=1, trial="b")
    X, y = pd.concat([a[0], b[0]]), pd.concat([a[1], b[1]])
    gru = GRURegressor(max_epochs=20, random_state=0).fit(X, y)
    np.testing.assert_allclose(gru.predict(X)[len(a[0]) :], gru.predict(b[0]), atol=1e-6)
    with_hole = b[0].drop(b[0].index[80:120])
    np.testing.assert_allclose(gru.predict(with_hole)[80:], gru.predict(b[0].iloc[120:]), atol=1e-6)


def test_gru_does_not_learn_from_unknown_targets_but_reads_their_frames():
    X, y = sequence(6.0)
    known = y.where(np.arange(len(y)) >= 100)
    gru = GRURegressor(max_epochs=20, random_state=0).fit(X, known)
    again = GRURegressor(max_epochs=20, random_state=0).fit(X, known.copy())
    np.testing.assert_array_equal(gru.predict(X), again.predict(X))
    changed = X.copy()
    changed.iloc[50:100] += 1.0
    other = GRURegressor(max_epochs=20, random_state=0).fit(changed, known)
    assert not np.allclose(other.predict(X), gru.predict(X))
    with pytest.raises(ValueError, match="Every target is NaN"):
        GRURegressor().fit(X, np.full(len(X), np.nan))


@pytest.mark.parametrize("network", [GRURegressor, NoisyMLPRegressor])
def test_networks_average_and_take_several_targets(network):
    X, y = sequence(6.0)
    both = np.column_stack([y, -2 * y + 1])
    fitted = network(max_epochs=10, n_networks=3, random_state=0).fit(X, both)
    assert fitted.predict(X).shape == both.shape
    assert len(fitted.modules_) == 3
    weights = [next(module.parameters()).detach() for module in fitted.modules_]
    assert not torch.allclose(weights[0], weights[1])


@pytest.mark.parametrize("network", [GRURegressor, NoisyMLPRegressor])
def test_predictions_follow_the_unit_of_the_target(network):
    X, y = sequence(6.0)
    radians = network(max_epochs=10, random_state=0).fit(X, y).predict(X)
    degrees = network(max_epochs=10, random_state=0).fit(X, np.rad2deg(y) + 5).predict(X)
    np.testing.assert_allclose(degrees, np.rad2deg(radians) + 5, rtol=1e-4, atol=1e-3)


def test_gru_needs_time():
    with pytest.raises(ValueError, match="`sampling_rate`"):
        GRURegressor().fit(np.zeros((10, 1)), np.zeros(10))
