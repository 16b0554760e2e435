import numpy as np
import pytest
from of_one import muscle_at, unit_of

from sk_bionic.musculoskeletal import Joint, Muscle, MusculoskeletalModel, PolynomialPath, elbow, knee, wrist
from sk_bionic.musculoskeletal.compiled.muscle import SLACK_FRACTION

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
    return muscle_at(unit_of({**PARAMETERS, "pennation_angle_at_optimal": pennation}), length, -0.1, 0.5).tendon_force


@pytest.mark.parametrize("pennation", [0.0, 0.3])
def test_slack_muscle_keeps_finite_forces(pennation):
    force = force_at(np.linspace(-0.1, 0.25, 200), pennation)
    assert np.isfinite(force).all()
    assert np.abs(np.diff(force)).max() < 100.0  # N, from one to the next 2 mm on


@pytest.mark.parametrize("pennation", [0.0, 0.3])
def test_force_is_once_continuously_differentiable_where_the_muscle_goes_slack(pennation):
    border, step = 0.2 + SLACK_FRACTION * 0.1, 1e-6
    force = force_at(border + step * np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), pennation)
    below, above = (3 * force[2] - 4 * force[1] + force[0]) / 2, (-3 * force[2] + 4 * force[3] - force[4]) / 2
    assert below / step == pytest.approx(above / step, rel=1e-3, abs=1e-2)


@pytest.mark.parametrize("model", [elbow(), wrist(), knee()], ids=lambda model: model.name)
def test_moment_arm_is_minus_the_derivative_of_the_length(model):
    scales = np.linspace(0.8, 1.3, model.n_muscles)
    scaled = {(name, "moment_arm_scale"): {"value": s} for name, s in zip(model.muscle_names, scales, strict=True)}
    model, angle, step = model.with_rows(scaled), np.linspace(-0.5, 2.0, 7)[:, None], 1e-6
    length = lambda q: model.length_and_moment_arm(q)[0]
    slope = (length(angle + step) - length(angle - step)) / (2 * step)
    np.testing.assert_allclose(model.length_and_moment_arm(angle)[1][:, 0], -slope, rtol=1e-6, atol=1e-8)


def test_moment_arms_of_a_muscle_over_two_joints_are_minus_its_gradient():
    exponents = ((0, 0), (1, 0), (0, 1), (2, 1), (0, 3))
    path = PolynomialPath((0.3, -0.02, 0.01, 0.004, -0.003), exponents)
    needed = {"max_isometric_force": 100.0, "optimal_fiber_length": 0.1, "tendon_slack_length": 0.2}
    body = {"moment_of_inertia": 0.1, "segment_mass": 1.0}
    model = MusculoskeletalModel(
        [Muscle("a", path, parameters=needed)], [Joint(n, parameters=body) for n in ("hip", "knee")]
    )
    a, b = np.array([[0.3, -0.7], [1.1, 0.4]]).T
    length, arm = model.length_and_moment_arm(np.column_stack([a, b]))
    np.testing.assert_allclose(length[:, 0], 0.3 - 0.02 * a + 0.01 * b + 0.004 * a**2 * b - 0.003 * b**3, rtol=1e-13)
    np.testing.assert_allclose(arm[:, 0, 0], 0.02 - 0.008 * a * b, rtol=1e-12)
    np.testing.assert_allclose(arm[:, 1, 0], -0.01 - 0.004 * a**2 + 0.009 * b**2, rtol=1e-12)


def test_constant_moment_arm_has_the_given_length_at_the_given_angle():
    length, arm = PolynomialPath.constant_moment_arm(0.03, 0.25, angle=1.2).along(np.array([[1.2], [0.2]]))
    np.testing.assert_allclose(length, [0.25, 0.28])
    np.testing.assert_allclose(arm, 0.03)


def test_path_of_another_number_of_joints_is_refused():
    path = PolynomialPath((0.3, 0.1), ((0, 0), (1, 0)))
    needed = {"max_isometric_force": 100.0, "optimal_fiber_length": 0.1, "tendon_slack_length": 0.2}
    joint = Joint("knee", parameters={"moment_of_inertia": 0.1, "segment_mass": 1.0})
    with pytest.raises(ValueError, match=r"exponents of 1 joint angle\(s\)"):
        MusculoskeletalModel([Muscle("a", path, parameters=needed)], [joint])
