import numpy as np
import pandas as pd
import pytest

from sk_bionic.predictors.posture_errors import LASTING, POSTURE_LENGTH, PostureErrors, factor_of_errors
from sk_bionic.trials import find_trials

STEP = 0.05  # s


def trials(n, n_trials=1):
    time = np.tile(STEP * np.arange(n), n_trials)
    names = np.repeat([f"trial_{k}" for k in range(n_trials)], n)
    index = pd.MultiIndex.from_arrays([names, time], names=["trial", "time"])
    return find_trials(pd.DataFrame({"emg": 0.0}, index=index))


def movement(n, rng):
    return np.cumsum(rng.normal(0.0, 0.1, n))


def test_far_from_what_was_measured_nothing_is_known():
    predicted = np.full((20, 1), 0.5)
    known = PostureErrors.learnt(predicted, predicted + 0.1, trials(20))
    at = known.at(np.array([[0.5], [0.5 + POSTURE_LENGTH], [0.5 + 6 * POSTURE_LENGTH]]))[:, 0]
    np.testing.assert_allclose(at[1:] / at[0], np.exp([-0.5, -18.0]), rtol=1e-10)


def test_measuring_a_posture_for_longer_tells_more_but_never_all():
    """The passing errors average out with time, and the part that stays goes to the measured error."""
    at = []
    for n in (2, 20, 200, 1000):
        predicted = np.full((n, 1), 0.5)
        at.append(PostureErrors.learnt(predicted, predicted + 0.1, trials(n)).at(predicted[:1])[0, 0] / 0.1)
    assert LASTING < at[0] < at[1] < at[2] < at[3] < 1.0


def test_trials_share_what_stays_and_nothing_else():
    predicted, rng = np.full((40, 1), 0.5), np.random.default_rng(0)
    measured = predicted + np.repeat(rng.normal(0.0, 0.1, 2), 20)[:, None]
    apart, joined = (PostureErrors.learnt(predicted, measured, t) for t in (trials(20, 2), trials(40)))
    mean = np.mean(measured - predicted)
    assert abs(apart.at(predicted[:1])[0, 0] - mean) < abs(mean)
    assert abs(apart.at(predicted[:1])[0, 0]) > abs(
        joined.at(predicted[:1])[0, 0]
    )  # two repetitions tell more than one


def test_coordinates_are_learnt_on_their_own():
    rng = np.random.default_rng(1)
    predicted = np.column_stack([movement(60, rng), movement(60, rng)])
    measured = predicted + rng.normal(0.0, 0.1, (60, 2))
    measured[:30, 1] = np.nan
    both = PostureErrors.learnt(predicted, measured, trials(60)).at(predicted)
    for k, rows in enumerate([slice(0, 60), slice(30, 60)]):
        alone = PostureErrors.learnt(predicted[rows, [k]], measured[rows, [k]], trials(60 - 30 * k))
        np.testing.assert_allclose(both[:, [k]], alone.at(predicted[:, [k]]), atol=1e-12)


@pytest.mark.parametrize("n_known", [20, 60])
def test_errors_drawn_from_the_process_shrink_as_its_posterior_says(n_known):
    rng, n = np.random.default_rng(2), 160
    angle = movement(n, rng)
    factor = factor_of_errors(angle, STEP * np.arange(n))
    later = slice(n_known + 60, None)  # 3 s behind the last measured frame
    covariance = factor @ factor.T
    gain = np.linalg.solve(covariance[:n_known, :n_known], covariance[:n_known, later])
    left = np.mean(np.diag(covariance)[later] - np.sum(covariance[:n_known, later] * gain, axis=0))
    squares = []
    for error in (factor @ rng.normal(size=(n, 400))).T:
        measured = angle + error
        measured[n_known:] = np.nan
        expected = PostureErrors.learnt(angle[:, None], measured[:, None], trials(n)).at(angle[later, None])[:, 0]
        squares.append(np.mean((error[later] - expected) ** 2))
    assert left < 0.97
    np.testing.assert_allclose(np.mean(squares), left, rtol=0.1)
