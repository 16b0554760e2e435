import numpy as np
import pytest
from scipy.integrate import solve_ivp

from sk_bionic.datasets import _elbow_truth
from sk_bionic.datasets._bursts import draw_bursts
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.exceptions import SimulationError
from sk_bionic.musculoskeletal import Joint, Muscle, MusculoskeletalModel, PolynomialPath, elbow
from sk_bionic.musculoskeletal.skeleton import GRAVITY
from sk_bionic.trials import Trials

N_TRIALS, DURATION = 3, 3.0


def trials_at(*times, names="abcdef"):
    """Trials of the given frames [s]."""
    return Trials(
        tuple(names[: len(times)]),
        np.append(0, np.cumsum([len(t) for t in times])),
        np.concatenate(times),
    )


@pytest.fixture(scope="module")
def subject():
    """An elbow, its excitations and scipy's motion at rtol 1e-10, both as functions of time."""
    rng = np.random.RandomState(3)
    model = _elbow_truth.draw_model(rng, mismatch=0.0)
    bursts = draw_bursts(rng, model, N_TRIALS, DURATION)

    def true_angle(time):
        return _elbow_truth.integrate(model, bursts, time, rtol=1e-10).angle[..., 0].T

    return model, bursts, true_angle


def motion_of(subject, time):
    """The motion of all trials of the subject at the same frames."""
    model, bursts, _ = subject
    emg = bursts(time[:, None, None]).transpose(1, 0, 2).reshape(-1, 2)
    return EquationOfMotion(model, trials_at(*[time] * N_TRIALS), emg)


def rmse_deg(trajectory, angle):
    return np.rad2deg(np.sqrt(np.mean((trajectory.angle[:, 0] - angle.ravel()) ** 2)))


def test_simulation_agrees_with_an_adaptive_integrator_and_converges_with_high_order(subject):
    finest = np.arange(600) / 200  # Hz; then 100 and 50
    angle = subject[2](finest)
    errors = [rmse_deg(motion_of(subject, finest[::k]).solve(), angle[:, ::k]) for k in (4, 2, 1)]
    assert errors[1] < 0.1
    assert (np.log2(np.array(errors[:-1]) / errors[1:]) >= 3.0).all(), errors


def test_frames_may_be_spaced_at_will(subject):
    rng = np.random.default_rng(0)
    time = np.append(0.0, np.cumsum(rng.uniform(0.002, 0.018, 290)))
    assert rmse_deg(motion_of(subject, time).solve(), subject[2](time)) < 0.1


def test_trials_together_move_as_each_alone(subject):
    time = np.arange(0.0, DURATION, 0.02)
    motion = motion_of(subject, time)
    together = motion.solve().state
    emg = subject[1](time[:, None, None])
    for k, rows in enumerate(motion.trials.slices):
        alone = EquationOfMotion(subject[0], trials_at(time), emg[:, k]).solve().state
        np.testing.assert_allclose(together[rows], alone, rtol=0, atol=1e-7)


def test_given_initial_state_is_where_the_motion_starts(subject):
    time = np.arange(0.0, 1.0, 0.02)
    start = np.array([[[0.9], [2.0]], [[0.4], [-1.0]], [[1.5], [0.0]]])
    motion = motion_of(subject, time)
    trajectory = motion.solve(initial_state=start)
    np.testing.assert_allclose(trajectory.state[motion.first], start, rtol=0, atol=1e-9)
    first_step = (trajectory.angle[motion.first + 1] - trajectory.angle[motion.first]) / 0.02
    assert (np.sign(first_step[:2, 0]) == np.array([1.0, -1.0])).all()


def test_trial_starts_at_rest_in_equilibrium(subject):
    model, bursts, _ = subject
    time = np.arange(0.0, 0.3, 0.01)  # nothing happens before the first burst
    motion = motion_of(subject, time)
    state = motion.solve().state
    activation = model.activation(bursts.baseline)
    start = state[motion.first]
    residual = model.residual(start[:, 0], start[:, 1], np.zeros_like(start[:, 0]), activation)
    np.testing.assert_allclose(residual, np.zeros_like(residual), rtol=0, atol=1e-7)
    still = start[np.asarray(motion.trials.trial_of_frame)]
    np.testing.assert_allclose(state, still, rtol=0, atol=1e-7)


def test_pendulum_keeps_its_energy():
    """No muscles, no damping, stops far away: weight and spring give back what they take."""
    changes = {(muscle, "max_isometric_force"): {"value": 1e-12} for muscle in ("biceps", "triceps")}
    values = {"joint_damping": 0.0, "lower_limit": -4.0, "upper_limit": 4.0}
    model = elbow().with_rows(changes | {("elbow_flexion", name): {"value": value} for name, value in values.items()})
    time = np.arange(0.0, 3.0, 0.005)
    state = (
        EquationOfMotion(model, trials_at(time), np.zeros((len(time), 2))).solve(initial_state=[[[1.4], [0.0]]]).state
    )
    angle, velocity = state[:, 0, 0], state[:, 1, 0]
    energy = 0.5 * 0.0706 * velocity**2 - 1.534 * 0.1815 * GRAVITY * np.cos(angle) + (angle - 1.0) ** 2
    assert np.ptp(angle) > 1.0
    np.testing.assert_allclose(energy, energy[0], rtol=0, atol=1e-5)


def test_load_in_the_hand_is_mass_at_its_distance():
    time = np.arange(0.0, 2.0, 0.02)
    emg = np.column_stack([0.02 + 0.3 * np.sin(np.pi * time / 2.0) ** 4, np.full(len(time), 0.02)])
    loaded = EquationOfMotion(elbow(), trials_at(time), emg, {"hand_load_kg": np.full(len(time), 0.8)}).solve()
    mass = 1.534 + 0.8
    body = {
        "segment_mass": mass,
        "center_of_mass": (1.534 * 0.1815 + 0.8 * 0.32) / mass,
        "moment_of_inertia": 0.0706 + 0.8 * 0.32**2,
    }
    heavier = elbow().with_rows({("elbow_flexion", name): {"value": value} for name, value in body.items()})
    np.testing.assert_allclose(
        loaded.state, EquationOfMotion(heavier, trials_at(time), emg).solve().state, rtol=0, atol=1e-7
    )


def two_joints():
    """Two damped joints under a muscle over both of them."""
    path = PolynomialPath((0.31, -0.03, -0.02, 0.004), ((0, 0), (1, 0), (0, 1), (1, 1)))
    muscle = {"max_isometric_force": 200.0, "optimal_fiber_length": 0.1, "tendon_slack_length": 0.2}
    body = {
        "moment_of_inertia": 0.08,
        "segment_mass": 1.0,
        "center_of_mass": 0.2,
        "joint_stiffness": 2.0,
        "joint_damping": 0.3,
    }
    joints = [Joint("hip", 3.0, body), Joint("knee", 2.0, {**body, "joint_rest_angle": 0.5})]
    return MusculoskeletalModel([Muscle("both", path, parameters=muscle)], joints)


def test_two_joints_agree_with_an_adaptive_integrator():
    model, time = two_joints(), np.arange(0.0, 1.5, 0.01)
    start = np.array([[[0.3, 0.9], [1.0, -2.0]]])
    constant = np.full((len(time), 1), 0.2)  # then the activation is constant as well
    trajectory = EquationOfMotion(model, trials_at(time), constant).solve(initial_state=start)
    activation = model.activation(np.array([0.2]))

    def rate(_, state):
        angle, velocity = state.reshape(2, 2)
        torque = -model.residual(angle, velocity, np.zeros_like(angle), activation)
        return np.concatenate([velocity, torque / 0.08], axis=0)

    exact = solve_ivp(rate, (0.0, time[-1]), start.ravel(), t_eval=time, rtol=1e-10, atol=1e-11, method="DOP853").y
    np.testing.assert_allclose(trajectory.state.reshape(-1, 4), exact.T, rtol=0, atol=1e-4)


def test_failure_names_the_trial_and_the_time():
    time = np.arange(0.0, 1.0, 0.02)
    load = np.zeros(100)
    load[60:] = 1e308  # no float holds its weight
    motion = EquationOfMotion(
        elbow(), trials_at(time, time, names=("rest", "heavy")), np.full((100, 2), 0.02), {"hand_load_kg": load}
    )
    with pytest.raises(SimulationError, match=r"trial 'heavy' did not converge at 0\.18 s.*N m.*units of EMG"):
        motion.solve()


def test_joint_without_inertia_is_refused():
    model = elbow().with_rows(
        {("elbow_flexion", name): {"value": 0.0} for name in ("moment_of_inertia", "joint_damping", "joint_stiffness")}
    )
    weightless = {
        ("elbow_flexion", "center_of_mass"): {"value": 0.0},
        ("elbow_flexion", "limit_stiffness"): {"value": 0.0},
    }
    weightless |= {(muscle, "max_isometric_force"): {"value": 0.0} for muscle in ("biceps", "triceps")}
    time = np.arange(0.0, 0.5, 0.02)
    motion = EquationOfMotion(model.with_rows(weightless), trials_at(time), np.full((len(time), 2), 0.02))
    with pytest.raises(SimulationError, match="singular.*every joint has inertia"):
        motion.solve(initial_state=[[[0.5], [1.0]]])
