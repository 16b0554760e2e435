"""Sensitivities of the solved motion against central differences of it."""

import numpy as np
import pytest
from sensitivities import state_sensitivity

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.dynamics.inverse import force_derivatives
from sk_bionic.musculoskeletal import elbow
from sk_bionic.musculoskeletal.prior import FreeParameters
from sk_bionic.trials import find_trials

FREE = (
    "max_isometric_force",
    "optimal_fiber_length",
    "triceps/tendon_slack_length",
    "emg_shape_factor",
    "electromechanical_delay",
    "biceps/activation_time_constant",
    "deactivation_time_constant",
    "emg_gain",
    "max_contraction_velocity",
    "biceps/moment_arm_scale",
    "moment_of_inertia",
    "joint_stiffness",
    "joint_damping",
)
STEP = 1e-4  # relative, of the differences
START = np.array([[[0.8], [0.5]], [[1.2], [-1.0]]])  # rad and rad/s, one per trial


@pytest.fixture(scope="module")
def motion():
    flexion = make_elbow_flexion(2, duration=2.0, sampling_rate=50, random_state=0)
    model = elbow().identifying(FREE)
    return EquationOfMotion(model, find_trials(flexion.data), flexion.data.to_numpy())


def with_free_value(model, row, value):
    values = model.parameters.value.copy()
    values[row] = value
    return model.parameters.as_dict(values)


def central_difference(motion, row, output):
    """d(output of a dict of parameters)/d(value of one row)."""
    value = motion.model.parameters.value[row]
    low, high = value * (1 - STEP), value * (1 + STEP)
    up, down = (output(with_free_value(motion.model, row, v)) for v in (high, low))
    return (up - down) / (high - low)


def assert_close_to_the_largest(actual, expected):
    """Agreement to a thousandth of the largest value."""
    np.testing.assert_allclose(actual, expected, atol=1e-3 * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize("start", [None, START], ids=["from rest", "from a given state"])
def test_states_by_parameters(motion, start):
    parameters = motion.model.parameters.as_dict()
    free = FreeParameters(motion.model.parameters)
    trajectory = motion.solve(parameters, start)
    exact, _ = state_sensitivity(motion, trajectory, parameters, free, start is None)
    for column, row in enumerate(free.index):
        expected = central_difference(motion, row, lambda p: motion.solve(p, start).state)
        assert_close_to_the_largest(exact[..., column], expected[..., 0])


def test_states_by_initial_states_of_their_own_trial(motion):
    parameters = motion.model.parameters.as_dict()
    free = FreeParameters(motion.model.parameters)
    trajectory = motion.solve(parameters, START)
    _, exact = state_sensitivity(motion, trajectory, parameters, free, from_rest=False)
    np.testing.assert_allclose(exact[motion.first], [np.eye(2)] * 2, atol=1e-12)
    for k in range(2):
        moved = [START + sign * STEP * np.eye(2)[k].reshape(1, 2, 1) for sign in (1, -1)]
        up, down = (motion.solve(parameters, s).state for s in moved)
        assert_close_to_the_largest(exact[..., k], (up - down)[..., 0] / (2 * STEP))


def test_a_start_from_rest_has_no_initial_state_to_vary(motion):
    parameters = motion.model.parameters.as_dict()
    free = FreeParameters(motion.model.parameters)
    trajectory = motion.solve(parameters)
    _, exact = state_sensitivity(motion, trajectory, parameters, free, from_rest=True)
    assert exact.shape == (len(trajectory.state), 2, 0)


def forces(motion, state, parameters):
    activation = motion.activations(parameters)
    muscles, _ = motion.model.muscle_state(state[:, 0], state[:, 1], activation, parameters)
    return muscles.tendon_force


def test_forces_by_parameters_along_the_motion_that_they_change(motion):
    parameters = motion.model.parameters.as_dict()
    free = FreeParameters(motion.model.parameters)
    trajectory = motion.solve(parameters)
    of_state, _ = state_sensitivity(motion, trajectory, parameters, free, from_rest=True)
    by_state, direct = force_derivatives(motion, trajectory.state, parameters, free)
    total = direct + by_state @ of_state
    for column, row in enumerate(free.index):
        expected = central_difference(motion, row, lambda p: forces(motion, motion.solve(p, None).state, p))
        assert_close_to_the_largest(total[..., column], expected)


def test_parameters_of_the_joint_move_no_force_while_the_motion_is_held(motion):
    parameters = motion.model.parameters.as_dict()
    free = FreeParameters(motion.model.parameters)
    state = motion.solve(parameters).state
    _, direct = force_derivatives(motion, state, parameters, free)
    names = [motion.model.parameters.rows[i].name for i in free.index]
    assert (direct[..., names.index("moment_of_inertia")] == 0).all()
    assert (direct[..., names.index("max_isometric_force")] != 0).any()
