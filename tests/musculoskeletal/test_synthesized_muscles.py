"""Muscles without EMG of their own: stated mixtures of other columns, and where they are named."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic import _inputs as inputs
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.exceptions import PlausibilityWarning
from sk_bionic.musculoskeletal import (
    Muscle,
    MusculoskeletalModel,
    PolynomialPath,
    elbow,
)

MIXTURE = {"biceps": 0.7, "triceps": 0.3}


def with_brachialis(channel):
    """The elbow with a third muscle that nobody recorded."""
    biceps, triceps = elbow().muscles
    third = replace(biceps, name="brachialis", channel=channel)
    return MusculoskeletalModel([biceps, triceps, third], elbow().joints, "elbow_with_brachialis")


@pytest.fixture(scope="module")
def recording():
    return make_elbow_flexion(2, duration=2.0, sampling_rate=50, random_state=0, return_X_y=True)


@pytest.fixture(scope="module")
def fitted(recording):
    regressor = PhysicsInformedMSKRegressor(
        with_brachialis(MIXTURE), prediction="simulation", identify=["joint_damping"]
    )
    with pytest.warns(UserWarning, match="no EMG of their own"):
        return regressor.fit(*recording)


def test_mixture_is_the_weighted_sum_of_the_columns(fitted, recording):
    X, _ = recording
    excitation = fitted.predictor_.equation(fitted._read(X)[0]).excitation
    expected = X.to_numpy() @ [[1.0, 0.0, 0.7], [0.0, 1.0, 0.3]] / fitted.emg_scale_[0]
    np.testing.assert_allclose(excitation, expected, rtol=1e-12)


def test_several_columns_without_weights_take_equal_parts():
    model = with_brachialis(["biceps", "triceps"])
    np.testing.assert_array_equal(model.channel_weights[2], [0.5, 0.5])
    assert model.channels == ("biceps", "triceps")


def test_a_column_that_only_a_mixture_needs_must_be_there():
    model = with_brachialis({"biceps": 0.5, "brachioradialis": 0.5})
    assert model.channels == ("biceps", "triceps", "brachioradialis")
    with pytest.raises(ValueError, match=r"lacks the EMG columns \['brachioradialis'\]"):
        inputs.assign_columns(("biceps", "triceps"), model)


def test_fit_warns_once_and_says_what_the_mixture_is(recording):
    model = with_brachialis(MIXTURE)
    regressor = PhysicsInformedMSKRegressor(model, prediction="simulation", identify=[])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        regressor.fit(*recording).predict(recording[0])
    found = [w for w in caught if "no EMG of their own" in str(w.message)]
    assert len(found) == 1
    assert "brachialis = 0.7 biceps + 0.3 triceps" in str(found[0].message)
    assert found[0].filename == __file__


def test_outputs_name_the_muscles_without_emg(fitted, recording):
    X, _ = recording
    assert fitted.synthesized_muscles_ == ("brachialis",)
    for frame in (
        fitted.parameters_, fitted.predict_activations(X), fitted.predict_muscle_forces(X),
        fitted.predict_joint_torques(X),
    ):  # fmt: skip
        assert frame.attrs == {"synthesized_muscles": ["brachialis"]}


def test_muscles_with_emg_of_their_own_are_not_flagged(recording):
    regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation", identify=[])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", PlausibilityWarning)  # the model's own muscles explain little of these angles
        regressor.fit(*recording)
    assert regressor.synthesized_muscles_ == ()
    assert regressor.predict_activations(recording[0]).attrs == {}


def test_a_mixture_moves_the_limb_as_its_sum_would(recording):
    X, _ = recording
    model = with_brachialis(MIXTURE)
    mixed = PhysicsInformedMSKRegressor(model, prediction="simulation", identify=[], emg_scale=None)
    summed = pd.concat([X, (X @ [0.7, 0.3]).rename("brachialis")], axis=1)
    own = PhysicsInformedMSKRegressor(with_brachialis(None), prediction="simulation", identify=[], emg_scale=None)
    with pytest.warns(UserWarning, match="no EMG of their own"):
        mixed.fit(X, recording[1])
    own.fit(summed, recording[1])
    np.testing.assert_allclose(mixed.simulate(X), own.simulate(summed), rtol=0, atol=1e-9)


@pytest.mark.parametrize("channel", [{}, [], {"a": 0.0}, {"a": np.nan}, {"a": "b"}, {1: 0.5}, [2]])
def test_channel_that_is_no_mixture_is_refused(channel):
    with pytest.raises(ValueError, match="`channel` of muscle 'm' must be .*positive weight.* Got"):
        Muscle("m", PolynomialPath((0.3,)), channel)
