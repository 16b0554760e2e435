"""The estimator inside scikit-learn, pickle and joblib, through public names alone."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_validate
from sklearn.pipeline import Pipeline

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.model_selection import TrialKFold
from sk_bionic.preprocessing import EMGEnvelope

FAST = {"max_epochs": 3, "hidden_layer_sizes": (8,), "ode_weight": 0.1, "random_state": 0}
MODES = pytest.mark.parametrize("mode", ["simulation", "network", "hybrid"])


def elbow_regressor(mode="hybrid", **parameters):
    return PhysicsInformedMSKRegressor("elbow", prediction=mode, **{**FAST, **parameters})


def pipeline(mode="hybrid", **parameters):
    """Envelope and estimator; pandas between them carries trial and time."""
    steps = [
        ("envelope", EMGEnvelope(band=None, low_pass=6.0)),
        ("regressor", elbow_regressor(mode, **parameters)),
    ]
    return Pipeline(steps).set_output(transform="pandas")


@pytest.fixture(scope="module")
def trials():
    """Noisy rectified EMG and angles of four trials."""
    return make_elbow_flexion(4, duration=2.0, sampling_rate=50, emg_noise=0.2, random_state=0, return_X_y=True)


@MODES
def test_pipeline_from_emg_to_angle(trials, mode):
    X, y = trials
    fitted = pipeline(mode).fit(X, y)
    assert fitted.predict(X).shape == (len(X),)
    assert fitted["regressor"].feature_names_in_.tolist() == ["biceps", "triceps"]
    envelope = fitted["envelope"].transform(X)
    assert envelope.index.equals(X.index)
    np.testing.assert_array_equal(fitted["regressor"].predict(envelope), fitted.predict(X))


@pytest.mark.parametrize("splitter", [TrialKFold(2), GroupKFold(2)], ids=["TrialKFold", "GroupKFold"])
def test_grid_search_over_the_weights_of_the_loss(trials, splitter):
    X, y = trials
    grid = {"regressor__ode_weight": [0.0, 1.0], "regressor__force_weight": [0.0, 0.1]}
    search = GridSearchCV(pipeline("network"), grid, cv=splitter, error_score="raise")
    search.fit(X, y, groups=X.index.get_level_values("trial"))
    assert len(search.cv_results_["params"]) == 4
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all() and len(set(scores)) > 1  # the weights matter
    assert search.best_params_.keys() == grid.keys()
    assert search.predict(X).shape == (len(X),)


def test_cross_validate_with_several_scorers(trials):
    X, y = trials
    scoring = ("r2", "neg_root_mean_squared_error")
    result = cross_validate(pipeline(), X, y, cv=TrialKFold(2), scoring=scoring, error_score="raise")
    for name in scoring:
        assert np.isfinite(result[f"test_{name}"]).all() and len(result[f"test_{name}"]) == 2


@MODES
def test_cross_val_predict_with_trials_as_groups(trials, mode):
    """Each trial is predicted by an estimator that has never seen it."""
    X, y = trials
    trial = X.index.get_level_values("trial")
    model = elbow_regressor(mode)
    predicted = cross_val_predict(model, X, y, groups=trial, cv=GroupKFold(2), method="predict")
    assert predicted.shape == (len(X),)
    train, test = next(GroupKFold(2).split(X, y, trial))
    assert not set(trial[train]) & set(trial[test])
    expected = clone(model).fit(X.iloc[train], y.iloc[train]).predict(X.iloc[test])
    np.testing.assert_array_equal(predicted[test], expected)


def test_clone_and_set_params(trials):
    X, y = trials
    original = elbow_regressor(identify=["max_isometric_force"]).fit(X, y)
    copy = clone(original)
    assert not hasattr(copy, "parameters_")
    assert {k: v for k, v in copy.get_params().items() if k != "identify"} == {
        k: v for k, v in original.get_params().items() if k != "identify"
    }
    copy.set_params(prediction="simulation", identify=None).fit(X, y)
    assert len(copy.parameters_) > len(original.parameters_)
    assert clone(pipeline()).set_params(regressor__history=0.2)["regressor"].history == 0.2


@MODES
def test_pickle_predicts_the_same_bits(trials, mode):
    X, y = trials
    fitted = pipeline(mode).fit(X, y)
    restored = pickle.loads(pickle.dumps(fitted))
    for expected, got in zip(
        fitted["regressor"].predict(X, True), restored["regressor"].predict(X, True), strict=False
    ):
        np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(restored.predict(X), fitted.predict(X))
    pd.testing.assert_frame_equal(restored["regressor"].parameters_, fitted["regressor"].parameters_)


def test_joblib_dumps_loads_and_runs_in_parallel(trials, tmp_path):
    X, y = trials
    fitted = elbow_regressor().fit(X, y)
    joblib.dump(fitted, tmp_path / "regressor.joblib")
    expected = fitted.predict(X)
    np.testing.assert_array_equal(joblib.load(tmp_path / "regressor.joblib").predict(X), expected)
    parallel = joblib.Parallel(n_jobs=2)
    for predicted in parallel(joblib.delayed(fitted.predict)(X) for _ in range(2)):
        np.testing.assert_allclose(predicted, expected, atol=1e-9)


def test_grid_search_runs_in_parallel(trials):
    X, y = trials
    grid = {"ode_weight": [0.0, 0.1]}
    search = GridSearchCV(elbow_regressor("network"), grid, cv=TrialKFold(2), n_jobs=2, error_score="raise")
    assert np.isfinite(search.fit(X, y).best_score_)


@MODES
def test_same_random_state_gives_the_same_bits(trials, mode):
    X, y = trials
    first, second = (elbow_regressor(mode, early_stopping=True).fit(X, y).predict(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    generator = np.random.RandomState(0)
    np.testing.assert_array_equal(
        elbow_regressor(mode, early_stopping=True, random_state=generator).fit(X, y).predict(X),
        first,
    )
    if mode != "simulation":
        other = elbow_regressor(mode, early_stopping=True, random_state=1).fit(X, y).predict(X)
        assert not np.array_equal(other, first)


@MODES
def test_global_random_state_is_neither_moved_nor_read(trials, mode):
    X, y = trials
    np.random.seed(0)
    torch.manual_seed(0)
    numpy_before, torch_before = np.random.get_state()[1].copy(), torch.random.get_rng_state()
    first = elbow_regressor(mode).fit(X, y).predict(X)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)
    assert torch.equal(torch.random.get_rng_state(), torch_before)
    np.random.seed(99)
    torch.manual_seed(99)
    np.testing.assert_array_equal(elbow_regressor(mode).fit(X, y).predict(X), first)


def test_fitting_leaves_the_data_as_they_were(trials):
    X, y = trials
    before = X.copy(), y.copy()
    elbow_regressor().fit(X, y).predict(X)
    pd.testing.assert_frame_equal(X, before[0])
    pd.testing.assert_series_equal(y, before[1])
