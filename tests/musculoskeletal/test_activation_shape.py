"""The static shapes between the dynamics' state and the activation."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from of_one import shape_of

from sk_bionic.musculoskeletal import Muscle, MusculoskeletalModel, PolynomialPath, elbow
from sk_bionic.musculoskeletal.compiled.activation import NODE
from sk_bionic.musculoskeletal.parameters import DEFINITIONS, make_parameter

FACTORS = [0.001, 0.03, 0.06, 0.12]
logarithmic = partial(shape_of, shape="logarithmic")


@pytest.mark.parametrize("factor", FACTORS)
def test_logarithmic_shape_passes_through_its_ends_and_its_node(factor):
    np.testing.assert_allclose(logarithmic([0.0, 1.0], factor), [0.0, 1.0], atol=1e-12)
    assert logarithmic([NODE - factor / 2**0.5], factor)[0] == pytest.approx(NODE + factor / 2**0.5, rel=1e-12)


@pytest.mark.parametrize("factor", FACTORS)
def test_pieces_of_the_logarithmic_shape_meet_with_one_slope(factor):
    near = NODE - factor / 2**0.5 + np.array([-2e-6, -1e-6, 1e-6, 2e-6])
    slopes = np.diff(logarithmic(near, factor))[[0, 2]] / 1e-6
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-4)


@pytest.mark.parametrize("factor", FACTORS)
def test_logarithmic_shape_is_concave_below_its_node_and_straight_above(factor):
    state = np.linspace(0.0, 1.2, 601)
    activation = logarithmic(state, factor)
    curvature = np.diff(activation, n=2)
    assert (np.diff(activation) > 0).all()
    assert (curvature[state[1:-1] < NODE - 0.12] < 0).all()
    assert np.abs(curvature[state[1:-1] > NODE]).max() < 1e-12


def test_logarithmic_shape_tends_to_a_straight_line():
    state = np.linspace(0.0, 1.0, 101)
    assert np.abs(logarithmic(state, 1e-3) - state).max() < 3e-3


def test_every_muscle_has_its_own_shape():
    first, second = elbow().muscles
    given = {**second.parameters, "emg_shape_factor": {"value": 0.07}}
    second = replace(second, activation_shape="logarithmic", parameters=given)
    both = MusculoskeletalModel([first, second], elbow().joints)
    state = np.random.default_rng(0).uniform(size=(5, 2))
    own = both.parameters.as_dict()["emg_shape_factor"]
    activation = both.activation(state)
    np.testing.assert_allclose(activation[:, 0], shape_of(state[:, 0], own[0]), rtol=1e-13)
    np.testing.assert_allclose(activation[:, 1], logarithmic(state[:, 1], own[1]), rtol=1e-13)


def test_muscle_with_the_logarithmic_shape_has_its_bounds():
    muscle = Muscle("a", PolynomialPath((0.3,)), activation_shape="logarithmic")
    row = make_parameter(DEFINITIONS["emg_shape_factor"], "a", muscle.given_parameters["emg_shape_factor"])
    assert (row.lower, row.upper) == (0.001, 0.12)
    assert row.lower < row.value < row.upper
    given = {"emg_shape_factor": {"value": 0.1, "free": False}}
    own = Muscle("a", PolynomialPath((0.3,)), None, given, activation_shape="logarithmic")
    row = make_parameter(DEFINITIONS["emg_shape_factor"], "a", own.given_parameters["emg_shape_factor"])
    assert (row.value, row.upper, row.free) == (0.1, 0.12, False)


@pytest.mark.parametrize("choice", ["curves", "tendon", "activation_dynamics", "activation_shape"])
def test_unknown_choice_is_refused_with_what_there_is(choice):
    with pytest.raises(ValueError, match=f"`{choice}` of muscle 'a' must be one of .*Got 'magic'"):
        Muscle("a", PolynomialPath((0.3,)), **{choice: "magic"})
