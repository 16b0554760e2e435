"""Few labels: bands widen as Student's t, and labels that cover little of a joint's range are told."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm, t

from sk_bionic.identification.suspicion import message
from sk_bionic.musculoskeletal import elbow
from sk_bionic.predictors.doubts import coverage_suspicions
from sk_bionic.predictors.error_size import PIECE, ErrorSize, of_few
from sk_bionic.trials import Recording, find_trials


def size_of(labelled_to):
    """Of a slow movement over 1.5 rad whose EMG grows with the angle, labelled up to an angle [rad]."""
    time = np.arange(600) / 50
    angle = 0.75 - 0.75 * np.cos(time)
    emg = np.column_stack([(angle / 1.5) ** 2, 0.1 + 0.0 * angle]) + 0.001 * np.random.default_rng(0).random((600, 2))
    known = np.where(angle < labelled_to, angle, np.nan)[:, None]
    trials = find_trials(emg, sampling_rate=50.0)
    weight = np.isfinite(known[:, 0]).astype(float)
    recording = Recording(trials=trials, emg=emg, external={}, angle=known, weight=weight)
    return ErrorSize.learnt(recording, [])


def test_few_labels_widen_a_band_as_students_t_and_many_do_not():
    assert of_few(PIECE) == pytest.approx(t.ppf(0.95, 1) / norm.ppf(0.95))
    factors = [of_few(seconds) for seconds in (0.1, 1.0, 10.0, 100.0, 1e4)]
    assert np.all(np.diff(factors) < 0)
    assert factors[-1] == pytest.approx(1.0, abs=1e-4)


def suspicions(size):
    return coverage_suspicions(SimpleNamespace(trust=SimpleNamespace(size=size)), elbow())


def test_labels_that_cover_little_of_the_range_are_told():
    (found,) = suspicions(size_of(0.2))
    assert found.kind == "coverage"
    assert "from 0 to 11 deg" in message([found])


@pytest.mark.parametrize("labelled_to", [1.0, 2.0])
def test_labels_that_cover_much_of_the_range_or_all_frames_are_not(labelled_to):
    assert not suspicions(size_of(labelled_to))
