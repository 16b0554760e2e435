import numpy as np
import pytest

from sk_bionic.musculoskeletal import elbow
from sk_bionic.musculoskeletal.skeleton import GRAVITY

ELBOW = elbow().parameters.as_dict()
ANGLE = np.linspace(-0.5, 3.0, 36)[:, None]
NOTHING = np.zeros_like(ANGLE)


def passive_torque(angle, velocity, activation, **values):
    """Torque [N m] of an elbow's tissue and stops alone, positive when it increases the angle."""
    names = {"segment_mass": 0.0, **values}
    changes = {("elbow_flexion", name): {"value": value} for name, value in names.items()}
    changes |= {(muscle, "max_isometric_force"): {"value": 1e-12} for muscle in ("biceps", "triceps")}
    active = np.repeat(np.broadcast_to(activation, angle.shape) / 2, 2, axis=1)
    return -elbow().with_rows(changes).residual(angle, velocity, 0.0 * angle, active)


def residual(angle, acceleration=0.0, **exogenous):
    at = np.broadcast_to(angle, NOTHING.shape)
    given = {name: np.full(len(at), value) for name, value in exogenous.items()}
    return elbow().residual(at, NOTHING, NOTHING + acceleration, np.zeros((len(at), 2)), exogenous=given)


def test_hand_load_raises_the_gravity_torque_by_its_weight_times_its_arm():
    turned = {"segment_orientation_rad": 0.4}
    more = residual(ANGLE, hand_load_kg=1.7, **turned) - residual(ANGLE, **turned)
    np.testing.assert_allclose(more, 1.7 * 0.32 * GRAVITY * np.sin(ANGLE + 0.4), rtol=1e-7, atol=1e-9)


def test_hand_load_raises_the_inertia_by_its_mass_times_its_arm_squared():
    taken = [residual(ANGLE, 3.0, hand_load_kg=m) - residual(ANGLE, hand_load_kg=m) for m in (1.7, 0.0)]
    np.testing.assert_allclose(taken[0] - taken[1], 3.0 * 1.7 * 0.32**2, rtol=1e-9)


def test_stops_push_inwards_only():
    values = {"joint_stiffness": 0.0, "joint_damping": 0.0, "lower_limit": 0.2, "upper_limit": 2.0}
    torque = passive_torque(ANGLE, NOTHING, 0.0, **values)
    far_inside = (ANGLE > 0.8) & (ANGLE < 1.4)
    assert (torque[ANGLE < 0.2] > 0).all()
    assert (torque[ANGLE > 2.0] < 0).all()
    assert np.abs(torque[far_inside]).max() < 1e-4
    beyond = passive_torque(np.array([[3.0]]), NOTHING[:1], 0.0, **values)
    assert beyond.item() == pytest.approx(-60.0, rel=1e-6)  # 60 N m/rad, 1 rad beyond


def test_co_contraction_stiffens_the_joint():
    values = {"joint_stiffness": 1.0, "co_contraction_stiffness": 3.0, "joint_rest_angle": 1.0}
    angle = np.array([[1.5]])
    slack, stiff = (passive_torque(angle, 0.0 * angle, c, **values).item() for c in (0.0, 0.8))
    assert stiff - slack == pytest.approx(-3.0 * 0.8 * 0.5, rel=1e-9)


def energy(angle, velocity):
    """Kinetic energy, height of the segment's weight and stretch of the passive spring [J]."""
    p = ELBOW
    potential = -p["segment_mass"] * p["center_of_mass"] * GRAVITY * np.cos(angle)
    elastic = 0.5 * p["joint_stiffness"] * (angle - p["joint_rest_angle"]) ** 2
    return 0.5 * p["moment_of_inertia"] * velocity**2 + potential + elastic


def power(model, angle, velocity):
    """Change of energy along the motion that makes the residual vanish [W]."""
    p = model.parameters.as_dict()
    zero = np.zeros_like(angle)
    activation = np.zeros((len(angle), model.n_muscles))
    acceleration = -model.residual(angle, velocity, zero, activation) / p["moment_of_inertia"]
    at = lambda h: energy(angle + h * velocity, velocity + h * acceleration)  # along the motion
    return (8.0 * (at(1e-4) - at(-1e-4)) - (at(2e-4) - at(-2e-4))) / 12e-4


def powerless_elbow(joint_damping):
    """Elbow without muscle force, its stops far away."""
    changes = {(muscle, "max_isometric_force"): {"value": 1e-12} for muscle in ("biceps", "triceps")}
    values = {"joint_damping": joint_damping, "lower_limit": -4.0, "upper_limit": 4.0}
    changes |= {("elbow_flexion", name): {"value": value} for name, value in values.items()}
    return elbow().with_rows(changes)


def test_energy_is_kept_without_muscles_and_damping():
    velocity = np.linspace(-5.0, 5.0, 36)[:, None]
    angle = np.clip(ANGLE, None, 2.5)
    np.testing.assert_allclose(power(powerless_elbow(0.0), angle, velocity), NOTHING, rtol=0, atol=1e-8)


def test_damping_takes_its_power_from_the_energy():
    velocity = np.linspace(-5.0, 5.0, 36)[:, None]
    angle = np.clip(ANGLE, None, 2.5)
    np.testing.assert_allclose(power(powerless_elbow(0.7), angle, velocity), -0.7 * velocity**2, rtol=0, atol=1e-8)
