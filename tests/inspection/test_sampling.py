"""The sampled posterior agrees with the quadratic one where there is much to learn."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.inspection import sample_posterior
from sk_bionic.inspection._sampling import _Target


@pytest.fixture(scope="module")
def fitted():
    X, y = make_elbow_flexion(1, duration=5.0, sampling_rate=50, random_state=1, return_X_y=True)
    names = ["biceps/max_isometric_force", "biceps/optimal_fiber_length"]
    regressor = PhysicsInformedMSKRegressor("elbow", identify=names, prediction="simulation", random_state=0)
    return regressor.fit(X, y), X, y


def test_samples_have_the_spread_of_the_quadratic_approximation(fitted):
    pytest.importorskip("emcee")
    samples = sample_posterior(*fitted, n_steps=300, n_walkers=10)
    ratio = samples.summary["std"] / samples.summary["laplace_std"]
    assert ratio.between(0.6, 1.6).all()
    offset = (samples.summary["mean"] - samples.summary["value"]) / samples.summary["laplace_std"]
    assert offset.abs().max() < 1.0
    assert (samples.summary["lower"] < samples.summary["value"]).all()
    assert samples.values.columns.tolist() == ["biceps/max_isometric_force", "biceps/optimal_fiber_length"]
    assert 0.05 < samples.acceptance < 0.9


def test_same_seed_same_samples_and_the_global_state_is_untouched(fitted):
    pytest.importorskip("emcee")
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    first, second = (sample_posterior(*fitted, n_steps=6, n_walkers=10, random_state=1) for _ in range(2))
    of_instance = sample_posterior(*fitted, n_steps=6, n_walkers=10, random_state=np.random.RandomState(1))
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(first.values, of_instance.values)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_the_density_is_one_of_the_values_whatever_coordinates_move(fitted):
    """Where the data say nothing, raw numbers are drawn as the prior's values are: the slope's logarithm is in it."""
    regressor, X, y = fitted
    target = _Target.of(regressor, regressor.predictor_.identification, X, y)
    raw = target.top.copy()
    free, d = target.posterior.free, 1e-5
    values = [free.free_values(raw[: free.n_raw] + shift) for shift in (-d, d)]
    slope = np.log((np.log(values[1]) - np.log(values[0])) / (2 * d) / free.prior_scale).sum()
    own = raw[free.n_raw :].reshape(-1, 2, 1)
    point = target.posterior.evaluate(raw[: free.n_raw], own, np.zeros((1, 0)))
    expected = slope - target.posterior.objective(point, target.fraction)
    assert target.log_probability(raw) == pytest.approx(expected, abs=1e-5)
    assert target.log_probability(raw + 100.0) == -np.inf


def test_every_walker_starts_where_there_is_density_however_wide_the_quadratic(fitted):
    """Of a parameter at its bound the quadratic says nothing; a walker without density would never move."""
    regressor, X, y = fitted
    target = _Target.of(regressor, regressor.predictor_.identification, X, y)
    wide = replace(target, covariance=1e6 * target.covariance)
    starts = wide.starts(10, np.random.RandomState(0))
    assert np.isfinite([target.log_probability(one) for one in starts]).all()
    assert (np.ptp(starts, axis=0) > 0).all()


def test_too_few_steps_or_walkers_and_what_is_not_fitted_are_refused(fitted):
    pytest.importorskip("emcee")
    with pytest.raises(ValueError, match="n_steps"):
        sample_posterior(*fitted, n_steps=0)
    with pytest.raises(ValueError, match="n_walkers"):
        sample_posterior(*fitted, n_walkers=3)
    with pytest.raises(NotFittedError):
        sample_posterior(PhysicsInformedMSKRegressor("elbow"), *fitted[1:])


def test_without_emcee_the_extra_is_named(fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "emcee", None)
    with pytest.raises(ImportError, match=r'emcee: pip install "sk-bionic\[sampling\]"'):
        sample_posterior(*fitted)


def test_a_fit_without_a_posterior_is_refused(fitted):
    pytest.importorskip("emcee")
    _, X, y = fitted
    generic = PhysicsInformedMSKRegressor("elbow", identify=[], prediction="simulation").fit(X, y)
    with pytest.raises(ValueError, match="no posterior to sample"):
        sample_posterior(generic, X, y)
