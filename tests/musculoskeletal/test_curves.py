import numpy as np
import pytest
from of_one import activation_rate, shape_of

from sk_bionic.musculoskeletal.families import CURVE_FAMILIES

FAMILY = CURVE_FAMILIES["degroote_fregly"]
active_force_length, force_velocity = FAMILY.active_force_length, FAMILY.force_velocity
passive_force_length = FAMILY.passive_force_length


def tensor(*values):
    return np.array(values)


def test_curves_pass_through_their_normalisation_points():
    np.testing.assert_allclose(active_force_length(tensor(1.0)), tensor(1.0), rtol=0, atol=1e-6)
    np.testing.assert_allclose(force_velocity(tensor(-1.0, 0.0)), tensor(0.0, 1.0), rtol=0, atol=1e-12)
    for strain in (0.4, 0.6, 1.2):
        ends = passive_force_length(tensor(0.2, 1.0 + strain), tensor(strain))
        np.testing.assert_allclose(ends, tensor(0.0, 1.0), rtol=0, atol=1e-12)


def test_active_force_is_largest_near_the_optimal_length():
    length = np.linspace(0.2, 1.8, 1601)
    force = active_force_length(length)
    assert abs(length[force.argmax()] - 1.0) < 0.06  # the sum of three bells peaks a little above 1
    assert force.min() > 0.0


@pytest.mark.parametrize("curve", [force_velocity, lambda x: passive_force_length(x, tensor(0.6))])
def test_curve_increases(curve):
    assert (np.diff(curve(np.linspace(-1.2, 1.7, 300))) > 0).all()


def test_force_velocity_is_smooth_at_rest():
    slope = force_velocity(tensor(-1e-9, 1e-9), order=1)
    np.testing.assert_allclose(slope[0], slope[1], rtol=1e-6, atol=0)


def test_too_short_fiber_keeps_a_finite_active_force():
    length = np.linspace(-1.0, 0.2, 50)  # the second term has a pole at 0.15
    assert np.isfinite(active_force_length(length)).all()


def test_activation_shape_keeps_its_ends_and_order():
    state = np.linspace(0.0, 1.0, 50)
    for factor in (-2.9, -1.0, -0.001):
        activation = shape_of(state, factor)
        np.testing.assert_allclose(activation[[0, -1]], tensor(0.0, 1.0), rtol=1e-7, atol=1e-7)
        assert (np.diff(activation) > 0).all()
        assert (activation >= state - 1e-12).all()  # bent upwards
    np.testing.assert_allclose(activation, state, rtol=0, atol=1e-3)  # almost a straight line at last


def test_activation_moves_towards_excitation_and_rises_faster_than_it_decays():
    rise, decay = activation_rate(tensor(0.8, 0.2), tensor(0.2, 0.8), 0.015, 0.06)
    assert rise > 0 > decay
    assert rise > -decay
    assert activation_rate(tensor(0.3), tensor(0.3), 0.015, 0.06) == 0.0
