import pytest
import torch

from sk_bionic.musculoskeletal import (
    Joint,
    Muscle,
    MusculoskeletalModel,
    PolynomialPath,
    elbow,
    knee,
    wrist,
)
from sk_bionic.musculoskeletal.muscle import SLACK_FRACTION, rigid_tendon_state
from sk_bionic.musculoskeletal.path import PathSet

PARAMETERS = {
    "max_isometric_force": 1000.0,
    "optimal_fiber_length": 0.1,
    "tendon_slack_length": 0.2,
    "max_contraction_velocity": 10.0,
    "fiber_damping": 0.01,
    "passive_fiber_strain_at_one_norm_force": 0.6,
}


def force_at(length, pennation):
    """Tendon force at lengths (n,) [m], contracting at 0.1 m/s, half activated."""
    values = {**PARAMETERS, "pennation_angle_at_optimal": pennation}
    parameters = {name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()}
    velocity = torch.full_like(length, -0.1)
    return rigid_tendon_state(length, velocity, torch.full_like(length, 0.5), parameters).tendon_force


@pytest.mark.parametrize("pennation", [0.0, 0.3])
def test_slack_muscle_keeps_finite_forces_and_derivatives(pennation):
    length = torch.linspace(-0.1, 0.25, 200, dtype=torch.float64).requires_grad_()
    force = force_at(length, pennation)
    (slope,) = torch.autograd.grad(force.sum(), length)
    assert torch.isfinite(force).all()
    assert torch.isfinite(slope).all()


@pytest.mark.parametrize("pennation", [0.0, 0.3])
def test_force_is_once_continuously_differentiable_where_the_muscle_goes_slack(pennation):
    border = 0.2 + SLACK_FRACTION * 0.1
    length = torch.tensor([border - 1e-9, border + 1e-9], dtype=torch.float64).requires_grad_()
    force = force_at(length, pennation)
    (slope,) = torch.autograd.grad(force.sum(), length)
    torch.testing.assert_close(force[0], force[1], rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(slope[0], slope[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("model", [elbow(), wrist(), knee()], ids=lambda model: model.name)
def test_moment_arm_is_minus_the_derivative_of_the_length(model):
    angle = torch.linspace(-0.5, 2.0, 7, dtype=torch.float64)[:, None].requires_grad_()
    scale = torch.linspace(0.8, 1.3, model.n_muscles, dtype=torch.float64)
    length, moment_arm = model.paths.length_and_moment_arm(angle, scale)
    for m in range(model.n_muscles):
        (slope,) = torch.autograd.grad(length[:, m].sum(), angle, retain_graph=True)
        torch.testing.assert_close(moment_arm[:, :, m], -slope)


def two_joint_paths():
    exponents = ((0, 0), (1, 0), (0, 1), (2, 1), (0, 3))
    return PathSet([PolynomialPath((0.3, -0.02, 0.01, 0.004, -0.003), exponents)], n_coordinates=2)


def test_moment_arms_of_a_muscle_over_two_joints_are_minus_its_gradient():
    angle = torch.tensor([[0.3, -0.7], [1.1, 0.4]], dtype=torch.float64).requires_grad_()
    length, moment_arm = two_joint_paths().length_and_moment_arm(angle, torch.ones(1, dtype=torch.float64))
    (gradient,) = torch.autograd.grad(length.sum(), angle)
    torch.testing.assert_close(moment_arm[:, :, 0], -gradient)
    expected = (
        0.3
        - 0.02 * angle[:, 0]
        + 0.01 * angle[:, 1]
        + 0.004 * angle[:, 0] ** 2 * angle[:, 1]
        - 0.003 * angle[:, 1] ** 3
    )
    torch.testing.assert_close(length[:, 0], expected)


def test_constant_moment_arm_has_the_given_length_at_the_given_angle():
    paths = PathSet([PolynomialPath.constant_moment_arm(0.03, 0.25, angle=1.2)], n_coordinates=1)
    angle = torch.tensor([[1.2], [0.2]], dtype=torch.float64)
    length, moment_arm = paths.length_and_moment_arm(angle, torch.ones(1, dtype=torch.float64))
    torch.testing.assert_close(length[:, 0], torch.tensor([0.25, 0.28], dtype=torch.float64))
    torch.testing.assert_close(moment_arm, torch.full_like(moment_arm, 0.03))


def test_path_of_another_number_of_joints_is_refused():
    path = PolynomialPath((0.3, 0.1), ((0, 0), (1, 0)))
    needed = {"max_isometric_force": 100.0, "optimal_fiber_length": 0.1, "tendon_slack_length": 0.2}
    joint = Joint("knee", parameters={"moment_of_inertia": 0.1, "segment_mass": 1.0})
    with pytest.raises(ValueError, match=r"exponents of 1 joint angle\(s\)"):
        MusculoskeletalModel([Muscle("a", path, parameters=needed)], [joint])
