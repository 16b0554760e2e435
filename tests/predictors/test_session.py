import dataclasses

import numpy as np
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.exceptions import IdentifiabilityWarning
from sk_bionic.predictors.hybrid import HybridPredictor

SHIFT = np.deg2rad(12.0)


@pytest.fixture(scope="module")
def subject():
    return make_elbow_flexion(n_trials=5, duration=3.0, random_state=3)


def trial(subject, k):
    name = f"trial_{k:02d}"
    return subject.data.loc[[name]], subject.target.loc[[name]]


@pytest.fixture
def fitted(subject):
    names = ["trial_00", "trial_01", "trial_04"]
    regressor = PhysicsInformedMSKRegressor("elbow", max_epochs=30, lr=0.01, random_state=0)
    return regressor.fit(subject.data.loc[names], subject.target.loc[names])


def rmse(angle, measured):
    return np.sqrt(np.mean((angle - measured) ** 2))


def by_learners(regressor):
    """The same regressor with learners that its physics does not correct."""
    led = regressor.predictor_
    fields = {field.name: getattr(led, field.name) for field in dataclasses.fields(led)}
    fields["held_out"] = led.held_out._replace(ode_weight=0.0, error_std=np.array([led.held_out.rmse[0.0]]))
    regressor._expose(HybridPredictor(**fields))
    return regressor


@pytest.mark.parametrize("ode_weight", [None, 0.0], ids=["physics", "learners"])
def test_goniometer_put_on_again_is_as_good_as_left_on_after_one_repetition(subject, fitted, ode_weight):
    if ode_weight is not None:
        by_learners(fitted)
    X, y = trial(subject, 2)
    new_X, new_y = trial(subject, 3)
    left_on = rmse(fitted.predict(new_X), new_y)
    unaware = rmse(fitted.predict(new_X), new_y + SHIFT)
    assert unaware > left_on + np.deg2rad(4.0)
    assert fitted.calibrate(X, y + SHIFT) is fitted
    calibrated = rmse(fitted.predict(new_X), new_y + SHIFT)
    assert calibrated < 1.1 * left_on


@pytest.mark.parametrize("ode_weight", [1.0, 10.0])
def test_where_physics_leads_it_tells_the_session(subject, ode_weight):
    """Learners that say next to nothing of the angle must not say where its zero is."""
    regressor = PhysicsInformedMSKRegressor(
        "elbow", max_epochs=5, n_networks=1, forest=False, ode_weight=ode_weight, random_state=0
    ).fit(*(part.loc[["trial_00", "trial_01", "trial_04"]] for part in (subject.data, subject.target)))
    X, y = trial(subject, 2)
    new_X, new_y = trial(subject, 3)
    left_on = rmse(regressor.predict(new_X), new_y)
    regressor.calibrate(X * [0.8, 1.1], y + SHIFT)
    assert rmse(regressor.predict(new_X * [0.8, 1.1]), new_y + SHIFT) < 1.3 * left_on
    np.testing.assert_allclose(regressor.session_.offset, SHIFT, atol=np.deg2rad(3.0))


def test_a_later_calibration_starts_from_the_training(subject, fitted):
    by_learners(fitted)
    X, y = trial(subject, 2)
    once = fitted.calibrate(X, y).predict(X)
    again = fitted.calibrate(X, y + SHIFT).calibrate(X, y).predict(X)
    np.testing.assert_array_equal(again, once)


def test_anatomy_stays(subject, fitted):
    X, y = trial(subject, 2)
    before = fitted.max_isometric_force_.copy(), fitted.optimal_fiber_length_.copy()
    fitted.calibrate(X, y + SHIFT)
    np.testing.assert_array_equal(fitted.max_isometric_force_, before[0])
    np.testing.assert_array_equal(fitted.optimal_fiber_length_, before[1])


def test_a_rest_posture_tells_the_offset_and_warns_of_the_delays(subject, fitted):
    X, y = trial(subject, 2)
    y = (y + SHIFT).copy()
    y.iloc[20:] = np.nan
    with pytest.warns(IdentifiabilityWarning, match="do not determine.*electromechanical_delay"):
        fitted.calibrate(X, y)
    offset = fitted.model_.parameters.as_dict()["goniometer_offset"].item()
    np.testing.assert_allclose(offset, SHIFT, atol=np.deg2rad(3.0))


def test_a_model_known_to_be_wrong_believes_a_rest_posture_less(subject):
    """As far as prior and noise of the training say: a second at rest is one measurement of an offset."""
    regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation")
    regressor.fit(*trial(subject, 0))
    X, y = trial(subject, 2)
    y = (y + SHIFT).copy()
    y.iloc[40:] = np.nan
    found = []
    for noise_std in np.deg2rad([0.5, 5.0, 50.0]):
        identification = dataclasses.replace(regressor.predictor_.identification, noise_std=np.array([noise_std]))
        regressor._expose(dataclasses.replace(regressor.predictor_, identification=identification))
        with pytest.warns(IdentifiabilityWarning):
            regressor.calibrate(X, y)
        found.append(regressor.session_.offset[0])
    np.testing.assert_allclose(found[0], SHIFT, atol=np.deg2rad(3.0))
    assert found[0] > found[1] > found[2] > -np.deg2rad(0.5)
    assert found[2] < 0.1 * SHIFT


@pytest.mark.parametrize("n_frames", [1, 2, 30])
def test_a_recording_shorter_than_the_history_is_named(subject, fitted, n_frames):
    by_learners(fitted)
    X, y = trial(subject, 2)
    with pytest.raises(ValueError, match="Trial 'trial_02' lasts .* less than the EMG history"):
        fitted.calibrate(X.iloc[:n_frames], y.iloc[:n_frames])


def test_an_interrupted_calibration_leaves_the_session_of_the_training(subject, fitted, monkeypatch):
    by_learners(fitted)
    X, y = trial(subject, 2)
    as_trained = fitted.predict(X)
    calls, predict = [], HybridPredictor.predict_from_emg

    def interrupted(*args):
        calls.append(args)
        if len(calls) > 3:  # among the differences of the first linearisation
            raise KeyboardInterrupt
        return predict(*args)

    monkeypatch.setattr(HybridPredictor, "predict_from_emg", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fitted.calibrate(X, y + SHIFT)
    monkeypatch.undo()
    np.testing.assert_array_equal(fitted.predict(X), as_trained)


@pytest.mark.parametrize("prediction", ["simulation", "hybrid", "network"])
def test_a_session_at_the_rate_of_raw_emg_is_that_at_the_rate_of_a_movement(prediction):
    """Frames beyond `frame_rate` are averaged, in calibration as everywhere."""
    flexion = make_elbow_flexion(3, duration=3.0, sampling_rate=500, random_state=0)
    X, y = flexion.data, flexion.target
    new = X.index.get_level_values("trial") == "trial_02"
    regressor = PhysicsInformedMSKRegressor("elbow", prediction=prediction, max_epochs=20, random_state=0)
    regressor.fit(X[~new], y[~new])
    before = rmse(regressor.predict(X[new]), y[new] + SHIFT)
    regressor.calibrate(X[new], y[new] + SHIFT)
    assert len(regressor.predict(X[new])) == new.sum()
    assert rmse(regressor.predict(X[new]), y[new] + SHIFT) < before
