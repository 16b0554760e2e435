"""Segments that hang on one another: against OpenSim, textbooks, energy and simpler models."""

from dataclasses import replace

import numpy as np
import pytest

from sk_bionic.musculoskeletal import (
    Joint,
    Muscle,
    MusculoskeletalModel,
    PolynomialPath,
    arm,
    elbow,
    leg,
)
from sk_bionic.musculoskeletal.skeleton import GRAVITY, Linkage

# Three bodies on pin joints in OpenSim 4.6: mass [kg], center of mass below the joint [m], moment of
# inertia about the center of mass [kg m^2], next joint below this one [m], orientation [rad].
PINS = [(2.0, 0.2, 0.05, 0.45, 0.1), (1.5, 0.18, 0.03, 0.40, -0.2), (1.1, 0.09, 0.01, 0.2, 0.9)]
# Angles [rad], velocities [rad/s], accelerations [rad/s^2]; torques [N m] by its
# InverseDynamicsSolver (gravity 9.80665 m/s^2).
# fmt: off
PIN_STATES = [
    [0.146, 0.646, 0.308, 0.449, -0.763, 1.459, -3.74, 23.51, 27.82, 17.91392973, 11.16916104, 2.12293839],
    [-0.35, 0.875, 0.087, 0.68, 4.256, -4.29, -24.77, -28.79, 19.96, -55.69567911, -17.51866004, 0.08023468],
    [0.834, 1.11, 1.436, 2.992, -0.385, 2.805, -22.9, 8.4, -21.4, -4.50794342, 0.97817919, 0.04957197],
    [1.334, 0.066, -0.256, -2.354, 2.742, -0.438, 4.11, -28.87, 7.06, 10.40756012, 0.97845958, 0.06911164],
    [0.336, 0.351, 1.331, 1.818, -1.405, -0.63, 11.86, -26.39, 10.01, 14.30521909, 4.47008871, 0.29971392],
]
# The same for arm26.osim, muscles off.
ARM26_STATES = [
    [0.3, 0.8, 1.0, -2.0, 5.0, 8.0, 7.71854, 3.68015],
    [-0.5, 1.5, -2.0, 3.0, -10.0, 20.0, -2.42336, 3.26738],
    [0.9, 0.4, 2.0, 2.0, 10.0, -10.0, 11.11263, 3.47526],
]
# fmt: on
SLACK = {"max_isometric_force": 1e-9, "optimal_fiber_length": 0.1, "tendon_slack_length": 0.2}


def chain(bodies, directions=None, **parameters):
    """Model of bodies as in `PINS`, without muscle force or passive torque."""
    joints = []
    for i, (mass, center, about_center, length, orientation) in enumerate(bodies):
        body = {
            "segment_mass": mass,
            "center_of_mass": center,
            "moment_of_inertia": about_center + mass * center**2,
            "segment_length": length,
            "segment_orientation": orientation,
            "joint_damping": 0.0,
            **parameters,
        }
        parent = f"joint{i - 1}" if i else None
        direction = 1.0 if directions is None else directions[i]
        joints.append(Joint(f"joint{i}", 1.0, body, parent=parent, direction=direction))
    path = PolynomialPath((0.25,), ((0,) * len(bodies),))
    return MusculoskeletalModel([Muscle("slack", path, parameters=SLACK)], joints)


def torque_of(model, *motion, **exogenous):
    """Torque that the motion takes [N m], muscles and passive tissue left out."""
    names = {
        "joint_stiffness": 0.0,
        "joint_damping": 0.0,
        "co_contraction_stiffness": 0.0,
        "lower_limit": -400.0,
        "upper_limit": 400.0,
    }
    wide = {"lower": -500.0, "upper": 500.0}
    changes = {(joint.name, name): {**wide, "value": v} for joint in model.joints for name, v in names.items()}
    weak = {"lower": 0.0, "value": 0.0}
    changes |= {(muscle, "max_isometric_force"): weak for muscle in model.muscle_names}
    idle = np.zeros((len(motion[0]), model.n_muscles))
    return model.with_rows(changes).residual(*motion, idle, exogenous=exogenous)


def random_motion(n_joints, n_points=6, seed=0):
    rng = np.random.default_rng(seed)
    return [s * rng.normal(size=(n_points, n_joints)) for s in (1.0, 3.0, 20.0)]


def columns(rows, n):
    return np.split(np.array(rows), np.shape(rows)[1] // n, axis=1)


def test_chain_of_three_agrees_with_opensim():
    *motion, torque = columns(PIN_STATES, 3)
    np.testing.assert_allclose(torque_of(chain(PINS), *motion), torque, rtol=0, atol=1e-7)


def test_arm_agrees_with_arm26_but_for_its_tilted_elbow():
    *motion, torque = columns(ARM26_STATES, 2)
    np.testing.assert_allclose(torque_of(arm(), *motion), torque, rtol=0, atol=0.1)


def test_point_masses_are_the_double_pendulum_of_the_textbook():
    m1, m2, l1, l2 = 1.3, 0.7, 0.6, 0.4
    model = chain([(m1, l1, 0.0, l1, 0.0), (m2, l2, 0.0, l2, 0.0)])
    q, dq, ddq = random_motion(2)
    a, da, dda = (x.cumsum(axis=1).T for x in (q, dq, ddq))  # from the vertical, of each rod
    sine, cosine = np.sin(a[0] - a[1]), np.cos(a[0] - a[1])
    first = (m1 + m2) * l1**2 * dda[0] + m2 * l1 * l2 * (dda[1] * cosine + da[1] ** 2 * sine)
    first = first + (m1 + m2) * GRAVITY * l1 * np.sin(a[0])
    second = m2 * l2**2 * dda[1] + m2 * l1 * l2 * (dda[0] * cosine - da[0] ** 2 * sine)
    second = second + m2 * GRAVITY * l2 * np.sin(a[1])
    expected = np.stack([first + second, second], axis=1)
    np.testing.assert_allclose(torque_of(model, q, dq, ddq), expected, rtol=1e-7, atol=1e-7)


def test_single_joint_is_a_physical_pendulum_with_a_load():
    model, (angle, velocity, acceleration) = elbow(), random_motion(1)
    p, load = {name: value.item() for name, value in model.parameters.as_dict().items() if len(value) == 1}, 0.8
    given = {"hand_load_kg": np.full(6, load), "segment_orientation_rad": np.full(6, 0.3)}
    inertia = p["moment_of_inertia"] + load * p["load_distance"] ** 2
    first_moment = p["segment_mass"] * p["center_of_mass"] + load * p["load_distance"]
    expected = inertia * acceleration + first_moment * GRAVITY * np.sin(angle + 0.3)
    np.testing.assert_allclose(torque_of(model, angle, velocity, acceleration, **given), expected, rtol=1e-9, atol=1e-9)


def test_joint_that_does_not_move_makes_one_body_of_two_segments():
    (m1, r1, i1, length, _), (m2, r2, i2, _, _) = PINS[:2]
    model = chain([(m1, r1, i1, length, 0.0), (m2, r2, i2, 0.0, 0.0)])
    motion = [np.concatenate([x, 0.0 * x], axis=1) for x in random_motion(1)]
    mass, center = m1 + m2, (m1 * r1 + m2 * (length + r2)) / (m1 + m2)
    about_joint = i1 + m1 * r1**2 + i2 + m2 * (length + r2) ** 2
    angle, _, acceleration = (x[:, 0] for x in motion)
    expected = about_joint * acceleration + mass * center * GRAVITY * np.sin(angle)
    np.testing.assert_allclose(torque_of(model, *motion)[:, 0], expected, rtol=1e-7, atol=1e-7)


def test_direction_mirrors_an_angle():
    directions = [1.0, -1.0, 1.0]
    motion, signs = random_motion(3), np.array(directions)
    straight, turned = chain(PINS), chain(PINS, directions)
    ours = torque_of(turned, *(x * signs for x in motion))
    np.testing.assert_allclose(ours, torque_of(straight, *motion) * signs, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("make_model", [arm, leg, lambda: chain(PINS)])
def test_mass_matrix_is_the_residuals_slope_and_positive_definite(make_model):
    model = make_model()
    angle, velocity, acceleration = random_motion(model.n_coordinates)
    angle, velocity = 0.2 * angle, 0.2 * velocity  # muscles far out of range would drown the rest
    activation = np.full((6, model.n_muscles), 0.2)
    exogenous = {"hand_load_kg": np.linspace(0, 2, 6)[:, None]}
    moved = model.residual(angle, velocity, acceleration, activation, exogenous=exogenous)
    still = model.residual(angle, velocity, 0 * acceleration, activation, exogenous=exogenous)
    mass = model.mass_matrix(angle, exogenous=exogenous)
    np.testing.assert_allclose((mass @ acceleration[..., None])[..., 0], moved - still, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(mass, mass.mT, rtol=1e-7, atol=1e-7)
    assert (np.linalg.eigvalsh(mass) > 0).all()


def test_power_of_the_joints_is_the_change_of_energy():
    model, (angle, velocity, acceleration) = chain(PINS), random_motion(3)
    p = model.parameters.as_dict()

    def energy(angle, velocity):
        kinetic = 0.5 * np.einsum("ni,nij,nj->n", velocity, model.mass_matrix(angle), velocity)
        phi = angle.cumsum(axis=1) + p["segment_orientation"].cumsum()
        joints = p["segment_length"] * -np.cos(phi)  # height that each segment adds
        height = joints.cumsum(axis=1) - joints - p["center_of_mass"] * np.cos(phi)
        return kinetic + (GRAVITY * p["segment_mass"] * height).sum(axis=1)

    at = lambda h: energy(angle + h * velocity, velocity + h * acceleration)  # along the motion
    change = (8.0 * (at(1e-4) - at(-1e-4)) - (at(2e-4) - at(-2e-4))) / 12e-4
    torque = torque_of(model, angle, velocity, acceleration)
    np.testing.assert_allclose((torque * velocity).sum(axis=1), change, rtol=1e-6, atol=1e-6)


def test_hand_load_is_mass_at_the_end_of_the_last_segment():
    load, distance = 0.8, 0.3
    mass, center, about_center, *_ = PINS[2]
    heavy, both = mass + load, (mass * center + load * distance) / (mass + load)
    about_joint = about_center + mass * center**2 + load * distance**2
    body = (heavy, both, about_joint - heavy * both**2, 0.0, PINS[2][-1])
    motion = random_motion(3)
    loaded = torque_of(
        chain(PINS, load_distance=distance),
        *motion,
        hand_load_kg=np.full((6, 1), load),
    )
    np.testing.assert_allclose(loaded, torque_of(chain([*PINS[:2], body]), *motion), rtol=1e-7, atol=1e-7)


def test_orientation_given_by_frame_turns_the_first_segment():
    model = arm()
    motion = random_motion(2)
    activation = np.full((6, 6), 0.1)
    turned = model.with_rows({("shoulder_elevation", "segment_orientation"): {"value": 0.4}})
    given = model.exogenous({"segment_orientation_rad": np.full(6, 0.4)}, 6)
    np.testing.assert_allclose(
        model.residual(*motion, activation, exogenous=given), turned.residual(*motion, activation), rtol=1e-7, atol=1e-7
    )


def test_couple_on_the_hand_turns_every_joint():
    model, motion = leg(), [0.2 * x for x in random_motion(3)]
    activation = np.zeros((6, 9))
    given = model.exogenous({"external_torque_nm": np.full(6, 2.0)}, 6)
    change = model.residual(*motion, activation) - model.residual(*motion, activation, exogenous=given)
    expected = np.broadcast_to(np.array([2.0, -2.0, 2.0]), (6, 3))
    np.testing.assert_allclose(change, expected, rtol=1e-7, atol=1e-7)


def test_segments_branch():
    """Two forearms on one upper arm: each as alone on it."""
    joints = [*arm().joints]
    other = replace(joints[1], name="other")
    path = PolynomialPath((0.25,), ((0, 0, 0),))
    both = MusculoskeletalModel([Muscle("slack", path, parameters=SLACK)], [*joints, other])
    motion = random_motion(2)
    torque = torque_of(both, *(np.concatenate([x, x[:, 1:]], axis=1) for x in motion))
    single = torque_of(arm(), *motion)
    np.testing.assert_allclose(torque[:, 1], single[:, 1], rtol=1e-9)
    np.testing.assert_allclose(torque[:, 2], single[:, 1], rtol=1e-9)


def given_motion(motion, column):
    return np.stack([x[:, column] for x in motion], axis=1)


@pytest.mark.parametrize("name", ["shoulder_elevation", "elbow_flexion"])
def test_prescribed_angle_leaves_the_equations_of_the_others_as_they_were(name):
    model = arm()
    column = model.coordinate_names.index(name)
    motion, activation = random_motion(2), np.full((6, 6), 0.3)
    whole, muscles = model.residual_and_muscles(*motion, activation)
    part = model.prescribing([name])
    given = {name: given_motion(motion, column)}
    free = [x[:, 1 - column : 2 - column] for x in motion]
    residual, same = part.residual_and_muscles(*free, activation, exogenous=given)
    np.testing.assert_allclose(residual, whole[:, 1 - column : 2 - column], rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(same.tendon_force, muscles.tendon_force, rtol=1e-7, atol=1e-7)
    assert part.coordinate_names == (model.coordinate_names[1 - column],)
    assert part.n_coordinates == 1
    _, moment_arm = part.muscle_state(*free[:2], activation, exogenous=given)
    _, both = model.muscle_state(*motion[:2], activation)
    np.testing.assert_allclose(moment_arm, both[:, 1 - column : 2 - column], rtol=1e-7, atol=1e-7)
    mass = model.mass_matrix(motion[0])[:, 1 - column, 1 - column]
    np.testing.assert_allclose(part.mass_matrix(free[0], exogenous=given)[:, 0, 0], mass, rtol=1e-7, atol=1e-7)


def test_prescribed_joint_keeps_its_segment_and_loses_what_moves_it():
    rows = arm().prescribing(["shoulder_elevation"]).parameters.rows
    names = {row.name for row in rows if row.owner == "shoulder_elevation"}
    assert {"segment_length", "segment_mass"} <= names
    assert not names & {"joint_stiffness", "upper_limit", "goniometer_offset"}


@pytest.mark.parametrize("names", [["wrist"], ["shoulder_elevation", "elbow_flexion"]])
def test_only_some_of_the_coordinates_can_be_prescribed(names):
    with pytest.raises(ValueError, match=r"Only some of the coordinates \('shoulder_elevation'"):
        arm().prescribing(names)


def test_missing_prescribed_angle_is_named():
    with pytest.raises(ValueError, match=r"needs the prescribed angles \['shoulder_elevation'\]"):
        arm().prescribing(["shoulder_elevation"]).exogenous({}, 3)


def test_parent_must_stand_before_its_child_and_have_a_length():
    body = {"moment_of_inertia": 0.1, "segment_mass": 1.0}
    with pytest.raises(ValueError, match=r"'knee' has the parent 'hip'.*joint before it"):
        Linkage([Joint("knee", parameters=body, parent="hip"), Joint("hip", parameters=body)])
    with pytest.raises(ValueError, match=r"'hip' carries 'knee': give its.*'segment_length'"):
        Linkage([Joint("hip", parameters=body), Joint("knee", parameters=body, parent="hip")])


def test_joints_without_parents_have_the_parameters_they_had():
    assert "segment_length" not in elbow().parameters.slices
    assert elbow().linkage is None
