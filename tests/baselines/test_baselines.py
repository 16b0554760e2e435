"""The baselines learn what is in the EMG, search inside the training part and respect trials."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
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
CONTROLS = ("time_only", "shuffled_emg")
# Joint training takes long, and has its own tests; the mean is that of others.
LEARNERS = [n for n in BASELINE_NAMES if n not in (*CONTROLS, "joint_training", "mean")]
SEARCHED_QUICKLY = ["ridge", "random_forest", "gaussian_process"]


def quick(name, **options):
    """A baseline without its search; the networks' low-pass, five times the work, has its own test."""
    low_pass = name not in ("gru", "mlp", "mean")
    defaults = {"search": False, "low_pass": low_pass, "random_state": 0}
    return make_baseline(name, **{**defaults, **options})


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


@pytest.mark.parametrize(("name", "search"), [*((n, False) for n in LEARNERS), *((n, True) for n in SEARCHED_QUICKLY)])
def test_baselines_learn_a_delayed_relation_from_emg(name, search):
    X, y = recording()
    X_train, X_test, y_train, y_test = blocked_train_test_split(X, y)
    baseline = make_baseline(name, random_state=0) if search else quick(name)
    scores = evaluate(baseline, X_train, y_train, X_test, y_test)
    assert scores["r2"] > 0.8
    assert scores["fit_seconds"] > 0 and scores["predict_seconds"] > 0


@pytest.mark.parametrize("name", ["gru", "mlp"])
def test_networks_are_searched(name):
    X, y = recording(n_trials=2, duration=3.0)
    search = quick(name, search=True, cv=2).set_params(
        **{f"regressor__estimator__regressor__{'estimator__' * (name == 'mlp')}max_epochs": 3}
    )
    best = search.fit(X, y)[-1].best_params_
    assert all(key.split("__")[-1] in ("alpha", "input_noise") for key in best)


@pytest.mark.parametrize("name", ["gru", "mlp"])
def test_networks_are_smoothed(name):
    X, y = recording(n_trials=1, duration=4.0)
    network = quick(name, low_pass=True).set_params(
        **{f"regressor__estimator__regressor__{'estimator__' * (name == 'mlp')}max_epochs": 3}
    )
    assert network.fit(X, y)[-1].cutoff_ > 0


def test_joint_training_learns_from_envelopes():
    X, y = recording(n_trials=2, duration=3.0)
    network = quick("joint_training", low_pass=False).set_params(regressor__max_epochs=60)
    assert network.fit(X, y).score(X, y) > 0.5


def test_mean_is_that_of_its_members():
    X, y = recording(n_trials=1)
    mean = quick("mean").fit(X, y)
    members = [quick(n, low_pass=False).fit(X, y).predict(X) for n in ("random_forest", "gru", "mlp")]
    np.testing.assert_allclose(mean.predict(X), np.mean(members, axis=0))


def test_shuffled_emg_is_no_better_than_the_mean_angle():
    ratios = []
    for seed in range(6):
        X, y = recording(n_trials=2, duration=20.0, seed=seed)
        parts = blocked_train_test_split(X, y)
        X_train, X_test, y_train, y_test = parts
        control = evaluate(quick("shuffled_emg"), X_train, y_train, X_test, y_test)
        constant = evaluate(DummyRegressor(), X_train, y_train, X_test, y_test)
        ratios.append(control["rmse_deg"] / constant["rmse_deg"])
    assert np.exp(np.mean(np.log(ratios))) > 0.95


def test_evaluate_reports_degrees_and_leaves_the_estimator_fitted():
    X, y = recording(n_trials=2)
    model = DummyRegressor(strategy="constant", constant=0.0)
    offset = np.deg2rad(10.0)
    scores = evaluate(model, X, y, X, np.full(len(y), offset))
    assert scores["rmse_deg"] == pytest.approx(10.0)
    assert len(model.predict(X)) == len(X)


def test_time_only_sees_no_emg():
    X, y = recording()
    control = quick("time_only").fit(X, y)
    shuffled = X.sample(frac=1.0, random_state=0).set_axis(X.index)
    np.testing.assert_array_equal(control.predict(X), control.predict(shuffled))


def test_time_only_keeps_the_late_times_of_a_block():
    X, y = recording(n_trials=1)
    ramp = pd.Series(X.index.get_level_values("time"), index=X.index)
    _, X_test, _, _ = blocked_train_test_split(X, y)
    control = quick("time_only").fit(X, ramp)
    assert control.predict(X_test).min() > 0.65 * ramp.max()


@pytest.mark.parametrize("name", [*LEARNERS, *CONTROLS])
def test_one_trial_without_index_is_the_same_as_with_it(name):
    X, y = recording(n_trials=1)
    with_index = quick(name).fit(X, y).predict(X)
    plain = quick(name, sampling_rate=RATE)
    without_index = plain.fit(X.to_numpy(), y.to_numpy()).predict(X.to_numpy())
    # Training amplifies the rounding of another memory layout.
    atol = 0.05 if name == "gru" else 1e-5
    np.testing.assert_allclose(without_index, with_index, atol=atol)


@pytest.mark.parametrize("name", BASELINE_NAMES)
def test_rows_without_time_say_what_to_give(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="`sampling_rate`"):
            make_baseline(name).fit(np.ones((100, 2)), np.ones(100))


@pytest.mark.parametrize("name", [*LEARNERS, *CONTROLS])
def test_same_seed_same_bits_and_global_generators_untouched(name):
    X, y = recording(n_trials=1, duration=4.0)
    np.random.seed(7)
    torch.manual_seed(7)
    before = np.random.get_state()[1].copy(), torch.random.get_rng_state()
    first, second = (quick(name).fit(X, y).predict(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.random.get_rng_state(), before[1])


@pytest.mark.parametrize("name", LEARNERS)
def test_prediction_of_a_trial_depends_on_no_other_trial(name):
    X, y = recording(n_trials=3, duration=4.0)
    baseline = quick(name).fit(X.loc[["trial_0"]], y.loc[["trial_0"]])
    together = pd.Series(baseline.predict(X), X.index)
    alone = baseline.predict(X.loc[["trial_2"]])
    np.testing.assert_allclose(together.loc["trial_2"], alone, atol=1e-6)


@pytest.mark.parametrize("name", LEARNERS)
def test_frames_of_unknown_angle_are_left_out(name):
    X, y = recording(n_trials=2)
    known = y.where(np.arange(len(y)) % 100 < 60)
    other = known.copy()
    assert known.isna().any()
    baseline = quick(name).fit(X, known)
    assert np.isfinite(baseline.predict(X)).all()
    assert np.corrcoef(baseline.predict(X), y)[0, 1] > 0.9
    assert known.equals(other)


@pytest.mark.parametrize("name", SEARCHED_QUICKLY)
def test_search_copes_with_unknown_angles(name):
    X, y = recording(n_trials=1, duration=10.0)
    y.iloc[100:350] = np.nan
    assert np.isfinite(make_baseline(name, random_state=0).fit(X, y).predict(X)).all()


def test_square_root_is_that_of_the_emg_alone():
    X, _ = recording(n_trials=1)
    X["hand_load_kg"] = np.arange(len(X)) / 100.0
    features = make_baseline("ridge", lags=(0.0,))[0].fit_transform(X)
    np.testing.assert_allclose(features["biceps[t]"], np.sqrt(X["biceps"]))
    np.testing.assert_allclose(features["hand_load_kg"], X["hand_load_kg"])
    plain = make_baseline("ridge", lags=(0.0,), sqrt=False)[0].fit_transform(X)
    np.testing.assert_allclose(plain["biceps[t]"], X["biceps"])


@pytest.mark.parametrize("name", LEARNERS)
def test_a_load_that_never_changed_in_training_changes_no_prediction(name):
    X, y = recording(n_trials=2)
    loaded = X.assign(hand_load_kg=0.0)
    baseline = quick(name).fit(loaded, y)
    heavier = baseline.predict(X.assign(hand_load_kg=2.0))
    np.testing.assert_array_equal(heavier, baseline.predict(loaded))


@pytest.mark.parametrize(("n_trials", "n_folds"), [(1, 4), (3, 3)])
def test_search_splits_by_trial_or_by_block(n_trials, n_folds):
    X, y = recording(n_trials=n_trials)
    assert make_baseline("ridge").fit(X, y)[-1].estimator_.n_splits_ == n_folds


def test_a_given_splitter_is_used():
    X, y = recording(n_trials=4)
    baseline = make_baseline("ridge", cv=TrialKFold(2)).fit(X, y)
    assert baseline[-1].estimator_.n_splits_ == 2


@pytest.mark.parametrize("name", [*LEARNERS, *CONTROLS])
def test_baselines_clone_and_cross_validate_by_trial(name):
    X, y = recording(duration=2.0)
    baseline = clone(quick(name))
    scores = cross_val_score(baseline, X, y, cv=TrialKFold(None))
    assert scores.shape == (3,) and np.isfinite(scores).all()


def test_grid_search_reaches_into_a_baseline():
    X, y = recording(duration=2.0)
    grid = {"features__lags__lags": [(0.0,), (0.0, 0.1)]}
    search = GridSearchCV(quick("ridge"), grid, cv=TrialKFold(None)).fit(X, y)
    assert search.best_params_["features__lags__lags"] == (0.0, 0.1)


def test_trees_look_back_a_second_unless_told_otherwise():
    """Two channels at each lag; a rival's history is its own choice, and the user's first of all."""
    X, y = recording(n_trials=1)
    columns = lambda **options: make_baseline("extra_trees", **options)[0].fit_transform(X).columns
    assert columns()[-1].endswith("1s]") and len(columns()) == 2 * 12
    assert len(columns(lags=(0.0, 0.2))) == 2 * 2


def test_trees_learn_a_relation_older_than_the_history_of_the_others():
    X, y = recording(n_trials=1, duration=40.0)
    late = y.shift(round(0.8 * RATE)).bfill()
    parts = blocked_train_test_split(X, late)
    long, short = (
        evaluate(quick("extra_trees", **options), parts[0], parts[2], parts[1], parts[3])["rmse_deg"]
        for options in ({}, {"lags": (0.0, 0.1, 0.2, 0.3)})
    )
    assert long < 0.7 * short


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


def test_subsampling_counts_known_frames():
    X = np.arange(1000.0)[:, np.newaxis]
    y = np.where(X[:, 0] < 600, np.nan, X[:, 0])
    kept = np.unique(SubsampledRegressor(KNeighborsRegressor(1), 5).fit(X, y).predict(X))
    np.testing.assert_array_equal(kept, [600, 700, 800, 899, 999])
    with pytest.raises(ValueError, match="Every target is NaN"):
        SubsampledRegressor(Ridge()).fit(X, np.full(1000, np.nan))


def test_max_frames_is_checked():
    with pytest.raises(ValueError, match="`max_frames` must be at least 2. Got 1"):
        SubsampledRegressor(Ridge(), max_frames=1).fit(np.ones((3, 1)), np.ones(3))


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="ridge.*gaussian_process.*Got 'svm'"):
        make_baseline("svm")
