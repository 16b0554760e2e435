import torch

from sk_bionic.musculoskeletal import elbow
from sk_bionic.musculoskeletal.skeleton import GRAVITY, gravity_torque, inertia, passive_torque

ELBOW = elbow().parameters.as_dict()
ANGLE = torch.linspace(-0.5, 3.0, 36, dtype=torch.float64)[:, None]
NOTHING = torch.zeros_like(ANGLE)


def with_values(**values):
    return {
        **ELBOW,
        **{name: torch.tensor([value], dtype=torch.float64) for name, value in values.items()},
    }


def test_hand_load_raises_the_gravity_torque_by_its_weight_times_its_arm():
    load, orientation = torch.full_like(ANGLE, 1.7), torch.tensor([0.4], dtype=torch.float64)
    more = gravity_torque(ANGLE, ELBOW, load, orientation) - gravity_torque(ANGLE, ELBOW, NOTHING, orientation)
    torch.testing.assert_close(more, -1.7 * 0.32 * GRAVITY * torch.sin(ANGLE + 0.4))


def test_hand_load_raises_the_inertia_by_its_mass_times_its_arm_squared():
    load = torch.tensor([[1.7]], dtype=torch.float64)
    more = inertia(ELBOW, load) - inertia(ELBOW, 0.0 * load)
    torch.testing.assert_close(more, load * 0.32**2)


def test_stops_push_inwards_only():
    parameters = with_values(joint_stiffness=0.0, joint_damping=0.0, lower_limit=0.2, upper_limit=2.0)
    torque = passive_torque(ANGLE, NOTHING, NOTHING, parameters)
    far_inside = (ANGLE > 0.8) & (ANGLE < 1.4)
    assert (torque[ANGLE < 0.2] > 0).all()
    assert (torque[ANGLE > 2.0] < 0).all()
    assert torque[far_inside].abs().max() < 1e-4
    beyond = passive_torque(torch.tensor([[3.0]], dtype=torch.float64), NOTHING[:1], NOTHING[:1], parameters)
    torch.testing.assert_close(
        beyond, torch.tensor([[-60.0]], dtype=torch.float64), rtol=1e-6, atol=0
    )  # 60 N m/rad, 1 rad beyond


def test_co_contraction_stiffens_the_joint():
    parameters = with_values(joint_stiffness=1.0, co_contraction_stiffness=3.0, joint_rest_angle=1.0)
    angle = torch.tensor([[1.5]], dtype=torch.float64)
    slack, stiff = (passive_torque(angle, 0.0 * angle, c * torch.ones_like(angle), parameters) for c in (0.0, 0.8))
    torch.testing.assert_close(stiff - slack, torch.full_like(angle, -3.0 * 0.8 * 0.5))


def energy(angle, velocity):
    """Kinetic energy, height of the segment's weight and stretch of the passive spring [J]."""
    p = ELBOW
    potential = -p["segment_mass"] * p["center_of_mass"] * GRAVITY * torch.cos(angle)
    elastic = 0.5 * p["joint_stiffness"] * (angle - p["joint_rest_angle"]) ** 2
    return 0.5 * p["moment_of_inertia"] * velocity**2 + potential + elastic


def power(model, angle, velocity):
    """Change of energy along the motion that makes the residual vanish [W]."""
    p = model.parameters.as_dict()
    zero = torch.zeros_like(angle)
    activation = torch.zeros(len(angle), model.n_muscles, dtype=torch.float64)
    acceleration = -model.residual(angle, velocity, zero, activation) / p["moment_of_inertia"]
    angle, velocity = angle.clone().requires_grad_(), velocity.clone().requires_grad_()
    by_angle, by_velocity = torch.autograd.grad(energy(angle, velocity).sum(), (angle, velocity))
    return by_angle * velocity.detach() + by_velocity * acceleration


def powerless_elbow(joint_damping):
    """Elbow without muscle force, its stops far away."""
    changes = {(muscle, "max_isometric_force"): {"value": 1e-12} for muscle in ("biceps", "triceps")}
    values = {"joint_damping": joint_damping, "lower_limit": -4.0, "upper_limit": 4.0}
    changes |= {("elbow_flexion", name): {"value": value} for name, value in values.items()}
    return elbow().with_rows(changes)


def test_energy_is_kept_without_muscles_and_damping():
    velocity = torch.linspace(-5.0, 5.0, 36, dtype=torch.float64)[:, None]
    angle = ANGLE.clamp(max=2.5)
    torch.testing.assert_close(power(powerless_elbow(0.0), angle, velocity), NOTHING, rtol=0, atol=1e-8)


def test_damping_takes_its_power_from_the_energy():
    velocity = torch.linspace(-5.0, 5.0, 36, dtype=torch.float64)[:, None]
    angle = ANGLE.clamp(max=2.5)
    torch.testing.assert_close(power(powerless_elbow(0.7), angle, velocity), -0.7 * velocity**2, rtol=0, atol=1e-8)
