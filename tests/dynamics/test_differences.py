"""Differences at frames, and the pieces of the collocation between them."""

import numpy as np
import pytest

from sk_bionic.dynamics.compiled.scheme import GAUSS_POINTS, hermite_weights
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.musculoskeletal import elbow
from sk_bionic.trials import CentralDifferences, Trials


def irregular_trials(lengths=(7, 2, 9), random_state=0):
    """Trials whose frames are anything but evenly spaced; each starts at a time of its own."""
    rng = np.random.default_rng(random_state)
    time = np.concatenate([rng.uniform(0.0, 3.0) + np.cumsum(rng.uniform(0.005, 0.05, n)) for n in lengths])
    return Trials(tuple("abcdef"[: len(lengths)]), np.append(0, np.cumsum(lengths)), time)


def test_hermite_piece_reproduces_cubics_and_their_derivatives():
    cubic = np.polynomial.Polynomial([0.3, -1.2, 0.7, 2.1])
    slope, curvature = cubic.deriv(), cubic.deriv(2)
    left, step = 0.4, 0.35
    fraction = np.linspace(0.0, 1.0, 11)
    ends = np.array([cubic(left), slope(left), cubic(left + step), slope(left + step)])
    got = hermite_weights(fraction, np.full(11, step)) @ ends
    time = left + fraction * step
    np.testing.assert_allclose(got, [cubic(time), slope(time), curvature(time)], rtol=1e-12, atol=1e-12)


def test_gauss_points_integrate_cubics():
    for power in range(4):
        mean = np.mean(np.array(GAUSS_POINTS) ** power)
        assert mean == pytest.approx(1.0 / (power + 1), rel=1e-12)


def test_trial_of_one_frame_is_refused_by_name():
    trials = Trials(("walk", "jump"), np.array([0, 3, 4]), np.array([0.0, 0.1, 0.2, 0.0]))
    with pytest.raises(ValueError, match=r"at least 2 frames.*\['jump'\]"):
        EquationOfMotion(elbow(), trials, np.zeros((4, 2)))


def test_central_differences_are_exact_for_parabolas_on_any_grid():
    trials = irregular_trials()
    difference = CentralDifferences(trials)
    time = trials.time
    values = np.asarray(np.column_stack([0.3 + 2.0 * time - 1.7 * time**2, 4.0 * time**2]))
    first, second = difference(values)
    inner = time[difference.inner]
    np.testing.assert_allclose(first, np.column_stack([2.0 - 3.4 * inner, 8.0 * inner]), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(second, np.tile([-3.4, 8.0], (len(inner), 1)), rtol=1e-6)


def test_central_differences_never_look_into_another_trial():
    trials = irregular_trials(lengths=(5, 2, 1, 4))
    difference = CentralDifferences(trials)
    edges = np.concatenate([trials.starts[:-1], trials.starts[1:] - 1])
    np.testing.assert_array_equal(difference.inner, np.setdiff1d(np.arange(trials.n_frames), edges))
    # An offset of each trial must not show in any derivative.
    values = np.asarray(np.sin(trials.time)[:, None])
    shifted = values + np.asarray(100.0 * trials.trial_of_frame)[:, None]
    for plain, moved in zip(difference(values), difference(shifted), strict=True):
        np.testing.assert_allclose(moved, plain, rtol=0, atol=1e-6)


def test_central_differences_converge_with_second_order():
    errors = []
    for n in (51, 101, 201):
        trials = Trials(("a",), np.array([0, n]), np.linspace(0.0, 1.0, n))
        difference = CentralDifferences(trials)
        time = np.asarray(trials.time)[:, None]
        first, second = difference(np.sin(5.0 * time))
        inner = time[difference.inner]
        errors.append(
            [
                float(np.abs(first - 5 * np.cos(5 * inner)).max()),
                float(np.abs(second + 25 * np.sin(5 * inner)).max()),
            ]
        )
    order = np.log2(np.array(errors[:-1]) / errors[1:])
    assert (order > 1.9).all()
