"""Whatever is saved comes back equal to the last bit and goes on working."""

import copy
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

import sk_bionic
from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.persistence._forms import form_of
from sk_bionic.predictors.predictor import TABLES

ONE_OF_EACH = ["hybrid", "network", "own model", "static", "calibrated simulation"]


def saved(estimator, folder):
    sk_bionic.save(estimator, folder / "subject.skb")
    return sk_bionic.load(folder / "subject.skb")


def assert_same(outputs, first, second, X, y):
    assert_equal(outputs(first, X, y), outputs(second, X, y))


def assert_equal(expected, got):
    assert expected.keys() == got.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(got[name], values, err_msg=name)


def test_files_keep_the_names_that_earlier_versions_read(fitted):
    predictor = fitted("hybrid")[0].predictor_
    parts = form_of(predictor).parts(predictor)
    assert "trust" in parts and "held_out" not in parts
    assert form_of(parts["trust"]).name == "Trust" and "few" in form_of(parts["trust"].size).parts(parts["trust"].size)
    again = form_of(predictor).build(parts)
    assert again.held_out is predictor.held_out and again.learners is predictor.learners


def test_everything_it_says_is_bit_equal(kind, fitted, outputs, expected, tmp_path):
    estimator, X, y = fitted(kind)
    loaded = saved(estimator, tmp_path)
    assert type(loaded) is type(estimator)
    assert_equal(expected(kind), outputs(loaded, X, y))


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_parameters_and_attributes_come_back_with_their_types(kind, fitted, tmp_path):
    estimator, *_ = fitted(kind)
    loaded = saved(estimator, tmp_path)
    assert {*vars(loaded), *TABLES} == {*vars(estimator), *TABLES}
    assert [hasattr(loaded, name) for name in TABLES] == [hasattr(estimator, name) for name in TABLES]
    for name, value in estimator.get_params().items():
        assert type(loaded.get_params()[name]) is type(value), name
    for name in (
        "history_",
        "held_out_rmse_",
        "member_weights_",
        "output_cutoff_",
        "target_names_",
        "n_iter_",
    ):
        assert getattr(loaded, name) == getattr(estimator, name)
        assert type(getattr(loaded, name)) is type(getattr(estimator, name))


def test_one_object_stays_one_object(fitted, tmp_path):
    loaded = saved(fitted("hybrid")[0], tmp_path)
    assert loaded.model_ is loaded.predictor_.model is loaded.predictor_.model_of_training
    assert loaded.module_ is loaded.predictor_.learners.networks.module
    calibrated = saved(fitted("calibrated")[0], tmp_path)
    assert calibrated.predictor_.model is not calibrated.predictor_.model_of_training


def test_the_same_estimator_gives_the_same_bytes(fitted, tmp_path):
    estimator, *_ = fitted("hybrid")
    for name in ("a", "b"):
        sk_bionic.save(estimator, tmp_path / name)
    sk_bionic.save(sk_bionic.load(tmp_path / "a"), tmp_path / "again")
    assert len({(tmp_path / name).read_bytes() for name in ("a", "b", "again")}) == 1


def test_neither_way_moves_a_random_generator(fitted, tmp_path):
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    saved(fitted("hybrid")[0], tmp_path)
    assert torch.equal(before[0], torch.random.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])


@pytest.mark.parametrize("kind", ["hybrid", "network", "own model", "pipeline"])
@pytest.mark.parametrize("way", ["pickle", "joblib", "deepcopy"])
def test_pickle_joblib_and_copies_are_bit_equal(way, kind, fitted, outputs, expected, tmp_path):
    estimator, X, y = fitted(kind)
    if way == "pickle":
        other = pickle.loads(pickle.dumps(estimator))
    elif way == "joblib":
        joblib.dump(estimator, tmp_path / "estimator.joblib")
        other = joblib.load(tmp_path / "estimator.joblib")
    else:
        other = copy.deepcopy(estimator)
    assert_equal(expected(kind), outputs(other, X, y))


@pytest.mark.parametrize("kind", ["simulation", "own model"])
def test_clones_of_loaded_and_of_original_fit_alike(kind, fitted, training, outputs, tmp_path):
    estimator, X, y = fitted(kind)
    if kind == "own model":
        estimator = copy.deepcopy(estimator)  # its random state must not move for the other tests
    loaded = clone(saved(estimator, tmp_path))
    assert not hasattr(loaded, "fitted_")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same(outputs, clone(estimator).fit(*training(kind)), loaded.fit(*training(kind)), X, y)


@pytest.mark.parametrize("kind", ["hybrid", "simulation"])
def test_loaded_can_be_calibrated_as_the_original(kind, fitted, outputs, tmp_path):
    estimator, X, y = fitted(kind)
    original, loaded = copy.deepcopy(estimator), saved(estimator, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for one in (original, loaded):
            one.calibrate(X.iloc[:100], y.iloc[:100] + 0.2)
    assert_same(outputs, original, loaded, X, y)
    assert abs(loaded.predict(X) - estimator.predict(X)).max() > 1e-4  # it has moved at all


def test_calibration_after_loading_starts_from_the_training_again(fitted, outputs, tmp_path):
    calibrated, X, y = fitted("calibrated")
    original = copy.deepcopy(fitted("hybrid")[0])
    loaded = saved(calibrated, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for one in (original, loaded):
            one.calibrate(X.iloc[:100], y.iloc[:100] - 0.1)
    assert_same(outputs, original, loaded, X, y)


@pytest.mark.parametrize("kind", ["network", "simulation"])
def test_warm_start_goes_on_from_what_was_loaded(kind, fitted, training, outputs, tmp_path):
    estimator, X, y = fitted(kind)
    original, loaded = copy.deepcopy(estimator), saved(estimator, tmp_path)
    for one in (original, loaded):
        one.set_params(warm_start=True).fit(*training(kind))
    assert_same(outputs, original, loaded, X, y)


def test_unfitted_and_unknown_estimators_are_refused(fitted, tmp_path):
    path = tmp_path / "subject.skb"
    with pytest.raises(NotFittedError):
        sk_bionic.save(PhysicsInformedMSKRegressor(), path)
    X, y = np.arange(6.0)[:, None], np.arange(6.0)
    with pytest.raises(TypeError, match="cannot write Ridge, which is of the type sklearn.*joblib"):
        sk_bionic.save(Ridge().fit(X, y), path)
    with pytest.raises(TypeError, match=r"cannot write Pipeline\.params\['steps'\]\[0\].*Ridge"):
        sk_bionic.save(make_pipeline(Ridge()).fit(X, y), path)
    with pytest.raises(TypeError, match="must be a fitted estimator. Got dict"):
        sk_bionic.save({}, path)
    assert not path.exists()


def test_an_attribute_of_unknown_type_is_named(fitted, tmp_path):
    estimator = copy.copy(fitted("simulation")[0])
    estimator.mine_ = print
    with pytest.raises(
        TypeError,
        match=r"cannot write PhysicsInformedMSKRegressor\.fitted\['mine_'\].*builtin_function",
    ):
        sk_bionic.save(estimator, tmp_path / "subject.skb")


def test_a_subclass_is_not_mistaken_for_its_base(fitted, tmp_path):
    class Mine(PhysicsInformedMSKRegressor):
        pass

    estimator = copy.copy(fitted("simulation")[0])
    estimator.__class__ = Mine
    with pytest.raises(TypeError, match="Mine"):
        sk_bionic.save(estimator, tmp_path / "subject.skb")


def test_trials_may_have_names_of_any_type(training, tmp_path):
    X, y = training("simulation")
    days = {"trial_00": pd.Timestamp("2024-01-01")}
    X, y = X.rename(days, level="trial"), y.rename(days, level="trial")
    regressor = sk_bionic.PhysicsInformedMSKRegressor("elbow", prediction="simulation", identify=["emg_gain"]).fit(X, y)
    sk_bionic.save(regressor, tmp_path / "days.skb")
    loaded = sk_bionic.load(tmp_path / "days.skb")
    assert list(loaded.trial_gain_.index) == ["2024-01-01 00:00:00"]
    np.testing.assert_array_equal(loaded.predict(X), regressor.predict(X))
