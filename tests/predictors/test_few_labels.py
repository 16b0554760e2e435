"""Few labels: bands widen as Student's t, and labels that cover little of a joint's range are told."""

import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm, t

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.musculoskeletal import elbow
from sk_bionic.predictors.doubts import coverage_suspicions, message
from sk_bionic.predictors.error_size import PIECE, ErrorSize, factor_of_labels
from sk_bionic.trials import Recording, find_trials


def recording_of(labelled_to):
    """Of a slow movement over 1.5 rad whose EMG grows with the angle, labelled up to an angle [rad]."""
    time = np.arange(600) / 50
    angle = 0.75 - 0.75 * np.cos(time)
    emg = np.column_stack([(angle / 1.5) ** 2, 0.1 + 0.0 * angle]) + 0.001 * np.random.default_rng(0).random((600, 2))
    known = np.where(angle < labelled_to, angle, np.nan)[:, None]
    trials = find_trials(emg, sampling_rate=50.0)
    weight = np.isfinite(known[:, 0]).astype(float)
    return Recording(trials=trials, emg=emg, external={}, angle=known, weight=weight)


def test_few_labels_widen_a_band_as_students_t_and_many_do_not():
    assert factor_of_labels(PIECE) == pytest.approx(t.ppf(0.95, 1) / norm.ppf(0.95))
    factors = [factor_of_labels(seconds) for seconds in (0.1, 1.0, 10.0, 100.0, 1e4)]
    assert np.all(np.diff(factors) < 0)
    assert factors[-1] == pytest.approx(1.0, abs=1e-4)


def test_bands_of_few_labels_are_wider_in_batch_and_stream():
    """A fit with a second of labels; then as if many had told the size of its errors."""
    X, y = make_elbow_flexion(2, duration=5.0, random_state=0, return_X_y=True)
    time = X.index.get_level_values("time")
    settings = {"ode_weight": 0.0, "output_cutoff": 2.0, "n_networks": 1, "max_epochs": 5, "history": 0.3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = PhysicsInformedMSKRegressor("elbow", random_state=0, **settings).fit(X, y.where(time % 1.0 < 0.1))
        few = [fitted.predict(X, return_std=True, causal=causal) for causal in (False, True)]
        predictor, size = fitted.predictor_, fitted.predictor_.error_size
        held_out = predictor.held_out._replace(size=size._replace(label_factor=1.0))
        fitted.predictor_ = replace(predictor, held_out=held_out)
        many = [fitted.predict(X, return_std=True, causal=causal) for causal in (False, True)]
    assert (
        size.label_factor == pytest.approx(factor_of_labels(y.where(time % 1.0 < 0.1).notna().sum() / 100.0))
        and size.label_factor > 1.2
    )
    for (angle, wide), (same, narrow) in zip(few, many, strict=True):
        np.testing.assert_array_equal(angle, same)
        assert np.median(wide / narrow) > 1.0 + 0.5 * (size.label_factor - 1.0)


def suspicions(recording):
    return coverage_suspicions(recording, elbow(), SimpleNamespace(error_size=ErrorSize.learnt(recording, [])))


def test_labels_that_cover_little_of_the_range_are_told():
    (found,) = suspicions(recording_of(0.2))
    assert found.kind == "coverage"
    assert "from 0 to 11 deg" in message([found])


@pytest.mark.parametrize("labelled_to", [1.0, 2.0])
def test_labels_that_cover_much_of_the_range_or_all_frames_are_not(labelled_to):
    assert not suspicions(recording_of(labelled_to))
