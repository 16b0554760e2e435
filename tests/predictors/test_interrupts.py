"""Ctrl-C during a fit: what is usable stays, what is not leaves the estimator as it was."""

import os
import signal
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import GridSearchCV

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.exceptions import InterruptedWarning
from sk_bionic.identification import with_model_error
from sk_bionic.identification.posterior import Posterior
from sk_bionic.learning import training as network
from sk_bionic.model_selection import TrialKFold
from sk_bionic.predictors import fitting, simulation
from sk_bionic.predictors.held_out import CrossValidation

FAST = {
    "max_epochs": 6, "hidden_layer_sizes": (8,), "n_networks": 1, "forest": False, "random_state": 0,
}  # fmt: skip


def regressor(mode="hybrid", **parameters):
    return PhysicsInformedMSKRegressor("elbow", prediction=mode, **{**FAST, **parameters})


@pytest.fixture(scope="module")
def trials():
    return make_elbow_flexion(2, duration=2.0, sampling_rate=50, random_state=0, return_X_y=True)


@pytest.fixture
def interrupt(monkeypatch):
    """Function that lets a method run `n` times, then raises as Ctrl-C would, once."""

    def at(owner, name, n):
        original, calls = getattr(owner, name), []

        def counted(*args, **kwargs):
            calls.append(name)
            if len(calls) == n + 1:
                raise KeyboardInterrupt
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, counted)

    return at


def fit_interrupted(estimator, trials, match):
    with pytest.warns(InterruptedWarning, match=match):
        estimator.fit(*trials)
    assert len(estimator.interrupted_) >= 1
    angle, std = estimator.predict(trials[0], return_std=True)
    assert np.isfinite(angle).all() and np.isfinite(std).all() and (std > 0).all()
    return estimator


@pytest.mark.parametrize("mode", ["simulation", "hybrid"])
def test_identification_keeps_its_best_parameters_and_simulates(trials, interrupt, mode):
    whole = regressor("simulation").fit(*trials)
    generic = regressor("simulation", identify=[]).fit(*trials)
    interrupt(Posterior, "moved", 5)
    fitted = fit_interrupted(regressor(mode), trials, match="identification stopped after")
    assert fitted.module_ is None and fitted.held_out_rmse_ == {}
    assert generic.score(*trials) < fitted.score(*trials) <= whole.score(*trials) + 1e-3
    assert np.isfinite(fitted.parameters_["std_err"]).all()
    assert not np.allclose(fitted.parameters_["value"], whole.parameters_["value"], rtol=1e-6)


def test_interrupt_of_a_later_start_keeps_the_earlier_ones(trials, interrupt):
    whole = regressor("simulation").fit(*trials)
    interrupt(Posterior, "start", 1)
    fitted = fit_interrupted(regressor("simulation", n_starts=3), trials, match="identification")
    np.testing.assert_array_equal(fitted.parameters_["value"], whole.parameters_["value"])
    assert len(fitted.starts_) == 2 and np.isinf(fitted.starts_[1][0])


def test_interrupt_between_identification_and_learners_leaves_the_identified_simulation(trials, interrupt):
    whole = regressor("simulation").fit(*trials)
    interrupt(fitting, "features_of", 0)
    fitted = fit_interrupted(regressor(), trials, match="the identified model predicts by simulation")
    np.testing.assert_array_equal(fitted.predict(trials[0]), whole.predict(trials[0]))


def test_interrupt_out_of_fold_leaves_the_identified_simulation(trials, interrupt):
    whole = regressor("simulation").fit(*trials)
    interrupt(with_model_error, "levenberg_marquardt", 2)
    fitted = fit_interrupted(regressor(), trials, match="'identify out of fold'.*simulation")
    np.testing.assert_array_equal(fitted.predict(trials[0]), whole.predict(trials[0]))
    assert fitted.interrupted_ and not whole.interrupted_


def test_interrupt_before_the_first_epoch_leaves_the_identified_simulation(trials, interrupt):
    interrupt(network.TrainingLoss, "forward", 0)
    fitted = fit_interrupted(regressor(), trials, match="'train networks'.*simulation")
    assert fitted.module_ is None and np.isinf(fitted.ode_weight_)


@pytest.mark.parametrize("mode", ["network", "hybrid"])
def test_networks_keep_the_epochs_so_far(trials, interrupt, mode):
    interrupt(network.TrainingLoss, "forward", 3)
    fitted = fit_interrupted(regressor(mode), trials, match="trained for 3 of 6 epochs")
    assert [len(fitted.history_), fitted.n_iter_] == [3, 3]
    assert all(np.isfinite(row["data_loss"]) for row in fitted.history_)
    if mode == "hybrid":  # weighs what there is by its held-out error, as a whole fit does
        assert len(set(fitted.member_weights_.values())) == len(fitted.member_weights_) == 4
        assert len(fitted.held_out_rmse_) > 1 and fitted.parameters_["std_err"].notna().all()
        assert len(fitted.predict_muscle_forces(trials[0])) == len(trials[0])


def test_rows_without_time_keep_the_epochs_so_far(trials, interrupt):
    X, y = (part.to_numpy() for part in trials)
    interrupt(network.TrainingLoss, "forward", 2)
    with pytest.warns(InterruptedWarning, match="2 of 6 epochs"):
        fitted = PhysicsInformedMSKRegressor(ode_weight=0, **FAST).fit(X, y)
    assert np.isfinite(fitted.predict(X)).all()


def test_early_stopping_is_no_interrupt(trials):
    with warnings.catch_warnings():
        warnings.simplefilter("error", InterruptedWarning)
        fitted = regressor("network", early_stopping=True, n_iter_no_change=2, tol=10.0).fit(*trials)
    assert fitted.n_iter_ < FAST["max_epochs"] and fitted.interrupted_ == ()


def test_interrupt_of_the_forests_leaves_the_networks(trials, interrupt):
    interrupt(ExtraTreesRegressor, "fit", 3)
    fitted = fit_interrupted(regressor(forest=True), trials, match="forests were not grown")
    assert fitted.member_weights_ and not any("forest" in name for name in fitted.member_weights_)


def test_interrupt_of_the_weights_leaves_equal_ones(trials, interrupt):
    interrupt(CrossValidation, "choose", 0)
    fitted = fit_interrupted(regressor(), trials, match="weights were not chosen")
    assert len(set(fitted.member_weights_.values())) == 1 and fitted.held_out_rmse_ == {}


def test_a_second_interrupt_ends_what_follows_the_first(trials, interrupt):
    interrupt(network.TrainingLoss, "forward", 3)
    interrupt(CrossValidation, "choose", 0)
    fitted = fit_interrupted(regressor(), trials, match="3 of 6 epochs; .*weights were not chosen")
    assert len(fitted.interrupted_) == 2


def attributes(estimator):
    return {name: value for name, value in vars(estimator).items() if name.endswith("_")}


@pytest.mark.parametrize(
    ("mode", "owner", "name", "n"),
    [
        ("hybrid", Posterior, "start", 0),  # nothing identified yet
        ("simulation", Posterior, "moved", 0),
        ("network", network.TrainingLoss, "forward", 0),  # no epoch yet
        ("hybrid", simulation, "assess", 0),
        ("hybrid", PhysicsInformedMSKRegressor, "_expose", 0),
    ],
)
def test_before_anything_is_usable_the_previous_fit_stays(trials, interrupt, mode, owner, name, n):
    X, y = trials
    estimator = regressor(mode).fit(X, y)
    before, predicted = attributes(estimator), estimator.predict(X)
    interrupt(owner, name, n)
    renamed = X.rename(columns={"biceps": "triceps", "triceps": "biceps"})  # would show in a mixture
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(renamed.iloc[:150], y.iloc[:150])
    after = attributes(estimator)
    assert after.keys() == before.keys() and all(after[key] is before[key] for key in before)
    np.testing.assert_array_equal(estimator.predict(X), predicted)


def test_a_failed_fit_leaves_the_previous_one_and_a_first_one_nothing(trials):
    X, y = trials
    estimator = regressor("simulation")
    with pytest.raises(ValueError):
        estimator.fit(X, np.full(len(X), np.nan))
    assert attributes(estimator) == {}
    predicted = estimator.fit(X, y).predict(X)
    parameters = estimator.parameters_.copy()
    with pytest.raises(ValueError):
        estimator.fit(X.assign(brachialis=0.1), y)
    np.testing.assert_array_equal(estimator.predict(X), predicted)
    pd.testing.assert_frame_equal(estimator.parameters_, parameters)


def test_interrupt_within_a_search_ends_the_search(trials, interrupt):
    search = GridSearchCV(regressor("network"), {"ode_weight": [0.0, 0.1]}, cv=TrialKFold(2))
    interrupt(network.TrainingLoss, "forward", 8)  # in the second of its fits
    with pytest.raises(KeyboardInterrupt):
        search.fit(*trials)
    assert not hasattr(search, "best_estimator_")


def test_interrupt_of_the_last_fit_of_a_search_keeps_its_results(trials, interrupt):
    search = GridSearchCV(regressor("network"), {"ode_weight": [0.0, 0.1]}, cv=TrialKFold(2))
    interrupt(network.TrainingLoss, "forward", 4 * FAST["max_epochs"] + 3)
    with pytest.warns(InterruptedWarning, match="3 of 6 epochs"):
        search.fit(*trials)
    assert len(search.cv_results_["params"]) == 2 and len(search.predict(trials[0])) == len(trials[0])


def test_interrupt_within_joblib_is_not_swallowed(trials, interrupt):
    interrupt(Posterior, "moved", 5)
    fit = joblib.delayed(regressor("simulation").fit)
    with pytest.raises(KeyboardInterrupt):
        joblib.Parallel(n_jobs=1)([fit(*trials)])


SCRIPT = """
import signal, warnings
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in a shell's background
from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
X, y = make_elbow_flexion(2, duration=2.0, sampling_rate=50, random_state=0, return_X_y=True)
estimator = PhysicsInformedMSKRegressor(
    "elbow", prediction="network", max_epochs=100_000, hidden_layer_sizes=(8,), random_state=0, verbose=2
)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    estimator.fit(X, y)
print("warned", [str(w.message) for w in caught if w.category.__name__ == "InterruptedWarning"])
print("predicts", len(estimator.predict(X)), estimator.n_iter_ < 100_000)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise on Windows")
def test_the_signal_of_ctrl_c_ends_a_fit_in_another_process():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    for line in process.stdout:
        if line.startswith("[train networks] epoch 3 "):
            process.send_signal(signal.SIGINT)
            break
    rest, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "warned ['The fit was interrupted: the networks were trained for" in rest
    assert "predicts 200 True" in rest
