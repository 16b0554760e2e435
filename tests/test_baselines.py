"""The baselines learn what is in the EMG, search inside the training part and respect trials."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from sk_bionic.baselines import (
    BASELINE_NAMES,
    SubsampledRegressor,
    evaluate,
    make_baseline,
)
from sk_bionic.model_selection import TrialKFold, blocked_train_test_split

RATE = 50.0
EMG_BASELINES = [name for name in BASELINE_NAMES if name != "time_only"]


def recording(n_trials=3, duration=6.0, seed=0):
    """Smooth random envelopes; the angle follows their difference 0.1 s later."""
    rng = np.random.default_rng(seed)
    n_frames = int(duration * RATE)
    time = np.arange(n_frames) / RATE
    trials = {}
    for k in range(n_trials):
        frequency, phase = rng.uniform(0.2, 0.8, (2, 3)), rng.uniform(0, 2 * np.pi, (2, 3))

        def envelope(t, f=frequency, p=phase):
            waves = np.sin(2 * np.pi * f * t[:, None, None] + p)
            return 0.5 + waves.sum(axis=2) / 6

        now, then = envelope(time), envelope(time - 0.1)
        trials[f"trial_{k}"] = pd.DataFrame(
            {"biceps": now[:, 0], "triceps": now[:, 1], "angle": then[:, 0] - then[:, 1]},
            index=pd.Index(time, name="time"),
        )
    frames = pd.concat(trials, names=["trial"])
    return frames[["biceps", "triceps"]], frames["angle"].rename("elbow_flexion")


@parametrize_with_checks([SubsampledRegressor(Ridge())])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", EMG_BASELINES)
@pytest.mark.parametrize("search", [True, False])
def test_baselines_learn_a_delayed_relation_from_emg(name, search):
    X, y = recording()
    X_train, X_test, y_train, y_test = blocked_train_test_split(X, y)
    baseline = make_baseline(name, search=search, random_state=0)
    scores = evaluate(baseline, X_train, y_train, X_test, y_test)
    assert scores["r2"] > 0.8
    assert scores["fit_seconds"] > 0 and scores["predict_seconds"] > 0


def test_evaluate_reports_degrees_and_leaves_the_estimator_fitted():
    X, y = recording(n_trials=2)
    model = DummyRegressor(strategy="constant", constant=0.0)
    offset = np.deg2rad(10.0)
    scores = evaluate(model, X, y, X, np.full(len(y), offset))
    assert scores["rmse_deg"] == pytest.approx(10.0)
    assert len(model.predict(X)) == len(X)


def test_time_only_sees_no_emg():
    X, y = recording()
    control = make_baseline("time_only", random_state=0).fit(X, y)
    shuffled = X.sample(frac=1.0, random_state=0).set_axis(X.index)
    np.testing.assert_array_equal(control.predict(X), control.predict(shuffled))


def test_time_only_keeps_the_late_times_of_a_block():
    X, y = recording(n_trials=1)
    ramp = pd.Series(X.index.get_level_values("time"), index=X.index)
    _, X_test, _, _ = blocked_train_test_split(X, y)
    control = make_baseline("time_only", search=False, random_state=0).fit(X, ramp)
    assert control.predict(X_test).min() > 0.65 * ramp.max()


@pytest.mark.parametrize("name", BASELINE_NAMES)
def test_one_trial_without_index_is_the_same_as_with_it(name):
    X, y = recording(n_trials=1)
    with_index = make_baseline(name, random_state=0).fit(X, y).predict(X)
    plain = make_baseline(name, sampling_rate=RATE, random_state=0)
    without_index = plain.fit(X.to_numpy(), y.to_numpy()).predict(X.to_numpy())
    np.testing.assert_allclose(without_index, with_index, atol=1e-6)


@pytest.mark.parametrize("name", BASELINE_NAMES)
def test_rows_without_time_say_what_to_give(name):
    with pytest.raises(ValueError, match="`sampling_rate`"):
        make_baseline(name).fit(np.ones((100, 2)), np.ones(100))


@pytest.mark.parametrize(("n_trials", "n_folds"), [(1, 4), (3, 3)])
def test_search_splits_by_trial_or_by_block(n_trials, n_folds):
    X, y = recording(n_trials=n_trials)
    assert make_baseline("ridge").fit(X, y)[-1].n_splits_ == n_folds


def test_a_given_splitter_is_used():
    X, y = recording(n_trials=4)
    assert make_baseline("ridge", cv=TrialKFold(2)).fit(X, y)[-1].n_splits_ == 2


@pytest.mark.parametrize("name", BASELINE_NAMES)
def test_baselines_clone_and_cross_validate_by_trial(name):
    X, y = recording(duration=2.0)
    baseline = clone(make_baseline(name, search=False, random_state=0))
    scores = cross_val_score(baseline, X, y, cv=TrialKFold(None))
    assert scores.shape == (3,) and np.isfinite(scores).all()


def test_subsampled_frames_are_evenly_spaced_and_no_more_than_asked_for():
    X = np.arange(5000.0)[:, np.newaxis]
    model = SubsampledRegressor(KNeighborsRegressor(1), max_frames=101).fit(X, X[:, 0])
    kept = np.unique(model.predict(X))
    assert len(kept) == 101
    assert kept[0] == 0 and kept[-1] == 4999
    assert np.ptp(np.diff(kept)) <= 1


def test_subsampling_leaves_small_data_alone_and_passes_options_of_predict_on():
    X, y = recording(n_trials=1, duration=2.0)
    kernel = RBF() + WhiteKernel(0.1)
    process = GaussianProcessRegressor(kernel, optimizer=None)
    expected = process.fit(X, y).predict(X, return_std=True)
    got = SubsampledRegressor(process).fit(X, y).predict(X, return_std=True)
    np.testing.assert_allclose(got, expected)


def test_max_frames_is_checked():
    with pytest.raises(ValueError, match="`max_frames` must be at least 2. Got 1"):
        SubsampledRegressor(Ridge(), max_frames=1).fit(np.ones((3, 1)), np.ones(3))


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="ridge.*gaussian_process.*Got 'svm'"):
        make_baseline("svm")
