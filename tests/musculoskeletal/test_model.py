import numpy as np
import pytest

from sk_bionic.musculoskeletal import (
    Joint,
    Muscle,
    MusculoskeletalModel,
    PolynomialPath,
    elbow,
    wrist,
)

N_POINTS = 4
NEEDED = {"max_isometric_force": 300.0, "optimal_fiber_length": 0.1, "tendon_slack_length": 0.2}
BODY = {"moment_of_inertia": 0.1, "segment_mass": 1.0}


def states(model, random_state=0):
    """Angle, velocity, acceleration and activation at a few random points."""
    rng = np.random.default_rng(random_state)
    shape = N_POINTS, model.n_coordinates
    draws = (
        rng.uniform(0.1, 2.0, shape),
        rng.normal(0.0, 3.0, shape),
        rng.normal(0.0, 20.0, shape),
        rng.uniform(0.05, 0.9, (N_POINTS, model.n_muscles)),
    )
    return [draw for draw in draws]


def two_joint_model():
    """Two joints, three muscles, one of them over both joints."""
    exponents = ((0, 0), (1, 0), (0, 1))
    paths = {"a": (0.3, -0.03, 0.0), "b": (0.3, 0.02, -0.03), "c": (0.3, 0.0, 0.02)}
    muscles = [Muscle(name, PolynomialPath(c, exponents), parameters=NEEDED) for name, c in paths.items()]
    joints = [Joint(name, torque_scale=scale, parameters=BODY) for name, scale in (("hip", 2.0), ("knee", 5.0))]
    return MusculoskeletalModel(muscles, joints)


def test_residual_is_inertia_times_acceleration_plus_what_vanishes_at_equilibrium():
    model = elbow()
    angle, velocity, acceleration, activation = states(model)
    without = model.residual(angle, velocity, 0.0 * acceleration, activation)
    residual = model.residual(angle, velocity, acceleration, activation)
    np.testing.assert_allclose(residual - without, 0.0706 * acceleration, rtol=1e-7, atol=1e-7)
    still = model.residual(angle, velocity, -without / 0.0706, activation)
    np.testing.assert_allclose(still, np.zeros_like(still), rtol=0, atol=1e-10)


def test_permutation_of_the_muscles_permutes_their_outputs_and_keeps_the_residual():
    order = [3, 0, 4, 2, 1]
    model = wrist()
    permuted = wrist([model.muscle_names[i] for i in order])
    *kinematics, activation = states(model)
    state, moment_arm = model.muscle_state(*kinematics[:2], activation)
    other, other_arm = permuted.muscle_state(*kinematics[:2], activation[:, order])
    for ours, theirs in zip(state, other, strict=True):
        np.testing.assert_allclose(ours[:, order], theirs, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(moment_arm[..., order], other_arm, rtol=1e-7, atol=1e-7)
    residual, other_residual = (
        model.residual(*kinematics, activation),
        permuted.residual(*kinematics, activation[:, order]),
    )
    np.testing.assert_allclose(residual, other_residual, rtol=1e-7, atol=1e-7)


def test_residual_holds_the_forces_of_muscle_state():
    model = two_joint_model()
    angle, velocity, acceleration, activation = states(model)
    residual, muscles = model.residual_and_muscles(angle, velocity, acceleration, activation)
    state, moment_arm = model.muscle_state(angle, velocity, activation)
    np.testing.assert_allclose(muscles.tendon_force, state.tendon_force, rtol=1e-7, atol=1e-7)
    stronger = model.with_values(model.parameters.value * np.where(np.arange(len(model.parameters)) < 3, 2.0, 1.0))
    change = stronger.residual(angle, velocity, acceleration, activation) - residual
    np.testing.assert_allclose(change, -(moment_arm * state.tendon_force[:, None]).sum(axis=-1), rtol=1e-7, atol=1e-7)


def test_torque_scale_has_one_value_per_joint():
    np.testing.assert_allclose(two_joint_model().torque_scale, np.array([2.0, 5.0]), rtol=1e-7, atol=1e-7)


def test_missing_load_is_zero_and_missing_orientation_the_parameters():
    model = elbow()
    inputs = states(model)
    given = model.exogenous({}, N_POINTS)
    np.testing.assert_allclose(model.residual(*inputs, exogenous=given), model.residual(*inputs), rtol=1e-7, atol=1e-7)
    turned = model.with_rows({("elbow_flexion", "segment_orientation"): {"value": 0.3}})
    column = model.exogenous({"segment_orientation_rad": np.full(N_POINTS, 0.3)}, N_POINTS)
    np.testing.assert_allclose(
        turned.residual(*inputs), model.residual(*inputs, exogenous=column), rtol=1e-7, atol=1e-7
    )


def test_identification_works_on_a_copy():
    model = elbow()
    before = model.parameters.value
    changed = model.identifying(["max_isometric_force"]).with_values(2.0 * before)
    np.testing.assert_array_equal(model.parameters.value, before)
    np.testing.assert_array_equal(changed.parameters.value, 2.0 * before)
    assert len(changed.parameters.free_index) == 2 < len(model.parameters.free_index)


def test_several_muscles_may_share_a_channel():
    path = PolynomialPath.constant_moment_arm(0.03, 0.3)
    muscles = [Muscle("long", path, "biceps", NEEDED), Muscle("short", path, "biceps", NEEDED)]
    model = MusculoskeletalModel(muscles, [Joint("elbow", parameters=BODY)])
    assert model.channel_names == ("biceps", "biceps")
    assert model.muscle_names == ("long", "short")


@pytest.mark.parametrize("names", [("a", "a"), ("a", "elbow"), ()])
def test_names_must_be_there_and_differ(names):
    path = PolynomialPath.constant_moment_arm(0.03, 0.3)
    with pytest.raises(ValueError, match="names of their own"):
        MusculoskeletalModel([Muscle(n, path, parameters=NEEDED) for n in names], [Joint("elbow", parameters=BODY)])


def test_unknown_parameter_is_refused_with_the_known_ones():
    joint = Joint("elbow", parameters={**BODY, "friction": 1.0})
    muscle = Muscle("a", PolynomialPath.constant_moment_arm(0.03, 0.3), parameters=NEEDED)
    with pytest.raises(
        ValueError,
        match=r"'elbow' is given unknown coordinate parameters \['friction'\].*joint_damping",
    ):
        MusculoskeletalModel([muscle], [joint])


def test_excitation_never_falls_below_a_muscle_s_minimum_activation():
    path = PolynomialPath.constant_moment_arm(0.03, length=0.33)
    values = {"max_isometric_force": 600.0, "optimal_fiber_length": 0.12, "tendon_slack_length": 0.21}
    muscles = [Muscle(n, path, parameters=values, minimum_activation=floor) for n, floor in (("a", 0.0), ("b", 0.05))]
    model = MusculoskeletalModel(muscles, elbow().joints)
    emg = np.array([[-0.1, 0.0], [0.3, 0.3]])
    np.testing.assert_array_equal(model.excitation(emg), [[0.0, 0.05], [0.3, 0.3]])
    with pytest.raises(ValueError, match="`minimum_activation` of muscle 'c' must lie between 0 and 1. Got 1.5"):
        Muscle("c", path, parameters=values, minimum_activation=1.5)
