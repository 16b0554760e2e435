"""Frames kept aside for early stopping."""

import numpy as np
import pytest

from sk_bionic.learning.folds import validation_frames
from sk_bionic.trials import Trials


def trials_of(*lengths):
    time = np.concatenate([np.arange(n) / 100.0 for n in lengths])
    return Trials(tuple(range(len(lengths))), np.cumsum([0, *lengths]), time)


def frames_kept_aside(trials, labelled, fraction, seed=0):
    return validation_frames(trials, labelled, fraction, np.random.RandomState(seed)) > 0


@pytest.mark.parametrize("fraction, n_held", [(0.1, 1), (0.4, 2), (0.99, 4)])
def test_whole_trials_are_kept_aside_and_some_are_left(fraction, n_held):
    trials = trials_of(10, 20, 30, 40, 50)
    held = frames_kept_aside(trials, np.ones(150, bool), fraction)
    by_trial = [held[rows] for rows in trials.slices]
    assert all(part.all() or not part.any() for part in by_trial)
    assert sum(part.all() for part in by_trial) == n_held


def test_the_end_of_a_single_trial_is_kept_aside():
    held = frames_kept_aside(trials_of(100), np.ones(100, bool), 0.2)
    np.testing.assert_array_equal(np.flatnonzero(held), np.arange(80, 100))


def test_without_time_single_frames_are_drawn():
    held = frames_kept_aside(None, np.ones(100, bool), 0.2)
    assert held.sum() == 20
    assert not np.array_equal(held, frames_kept_aside(None, np.ones(100, bool), 0.2, seed=1))


@pytest.mark.parametrize("labels", [[0], [0, 2], [1, 2]], ids=str)
@pytest.mark.parametrize("part", [slice(0, 10), slice(20, 30)], ids=["start", "end"])
def test_both_parts_have_angles_wherever_the_angles_are(labels, part):
    trials = trials_of(30, 30, 30)
    labelled = np.zeros(90, bool)
    for k in labels:
        labelled[trials.slices[k]][part] = True
    for seed in range(5):
        held = frames_kept_aside(trials, labelled, 0.3, seed)
        assert (held & labelled).any() and (~held & labelled).any()
