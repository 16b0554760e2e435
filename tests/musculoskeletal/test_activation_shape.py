"""The static shapes between the dynamics' state and the activation."""

import pytest
import torch

from sk_bionic.musculoskeletal import Muscle, PolynomialPath
from sk_bionic.musculoskeletal.activation import (
    NODE,
    ActivationShape,
    shape_activation,
    shape_activation_logarithmically,
)
from sk_bionic.musculoskeletal.parameters import DEFINITIONS, make_parameter

FACTORS = torch.tensor([0.001, 0.03, 0.06, 0.12], dtype=torch.float64)


def test_logarithmic_shape_passes_through_its_ends_and_its_node():
    ends = torch.tensor([[0.0], [1.0]], dtype=torch.float64).expand(2, 4)
    torch.testing.assert_close(shape_activation_logarithmically(ends, FACTORS), ends)
    node = NODE - FACTORS / 2**0.5
    height = shape_activation_logarithmically(node, FACTORS)
    torch.testing.assert_close(height, NODE + FACTORS / 2**0.5)


def test_pieces_of_the_logarithmic_shape_meet_with_one_slope():
    node = NODE - FACTORS / 2**0.5
    slopes = []
    for beside in (-1e-9, 1e-9):
        state = (node + beside).requires_grad_()
        activation = shape_activation_logarithmically(state, FACTORS).sum()
        slopes.append(torch.autograd.grad(activation, state)[0])
    torch.testing.assert_close(*slopes, rtol=1e-6, atol=1e-6)


def test_logarithmic_shape_is_concave_below_its_node_and_straight_above():
    state = torch.linspace(0.0, 1.2, 601, dtype=torch.float64)[:, None].expand(-1, 4)
    activation = shape_activation_logarithmically(state, FACTORS)
    curvature = activation.diff(n=2, dim=0)
    assert (activation.diff(dim=0) > 0).all()
    assert (curvature[state[1:-1] < NODE - 0.12] < 0).all()
    assert curvature[state[1:-1] > NODE].abs().max() < 1e-12


def test_logarithmic_shape_tends_to_a_straight_line():
    state = torch.linspace(0.0, 1.0, 101, dtype=torch.float64)
    small = torch.tensor(1e-3, dtype=torch.float64)
    assert (shape_activation_logarithmically(state, small) - state).abs().max() < 3e-3


def test_shapes_have_exact_derivatives():
    state = torch.tensor([[0.02, 0.1, 0.2, 0.29], [0.3, 0.5, 0.9, 1.3]], dtype=torch.float64)
    inputs = state.requires_grad_(), FACTORS.clone().requires_grad_()
    assert torch.autograd.gradcheck(shape_activation_logarithmically, inputs)
    mixed = ActivationShape(["exponential", "logarithmic", "exponential", "logarithmic"])
    factor = torch.tensor([-1.0, 0.05, -2.0, 0.1], dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(mixed, (state, factor))


def test_every_muscle_has_its_own_shape():
    state, factor = torch.rand(5, 2, dtype=torch.float64), torch.tensor([0.07, -1.5]).double()
    both = ActivationShape(["logarithmic", "exponential"])(state, factor)
    torch.testing.assert_close(both[:, 0], shape_activation_logarithmically(state[:, 0], factor[0]))
    torch.testing.assert_close(both[:, 1], shape_activation(state[:, 1], factor[1]))


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
