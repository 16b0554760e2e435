"""Simulation, rest and sensitivities of linkages, with all angles solved for or some given."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from sensitivities import state_sensitivity

from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.dynamics.marching import March
from sk_bionic.dynamics.prescribed import PrescribedMotion
from sk_bionic.identification.identify import identify
from sk_bionic.musculoskeletal import (
    Joint,
    Muscle,
    MusculoskeletalModel,
    PolynomialPath,
    arm,
    leg,
)
from sk_bionic.musculoskeletal.prior import FreeParameters
from sk_bionic.musculoskeletal.skeleton import GRAVITY
from sk_bionic.trials import Trials

DURATION = 1.5
STARTS = {2: (1.0, 1.4), 3: (0.6, 0.9, 1.3)}
STEPS = (0.02, 0.01, 0.005)


def trials_at(*times):
    lengths = [len(time) for time in times]
    return Trials(tuple(range(len(times))), np.append(0, np.cumsum(lengths)), np.concatenate(times))


def pendulum(n_segments):
    """Rods on one another, without muscle force, damping or stiffness."""
    joints = []
    for i in range(n_segments):
        body = {"segment_mass": 1.0 + 0.2 * i, "center_of_mass": 0.15, "moment_of_inertia": 0.05}
        body |= {"segment_length": 0.35, "joint_damping": 0.0}
        joints.append(Joint(f"q{i}", 1.0, body, parent=f"q{i - 1}" if i else None))
    slack = {"max_isometric_force": 1e-9, "optimal_fiber_length": 0.1, "tendon_slack_length": 0.2}
    path = PolynomialPath((0.25,), ((0,) * n_segments,))
    return MusculoskeletalModel([Muscle("slack", path, parameters=slack)], joints)


def motion_of(model, time, exogenous=None):
    return EquationOfMotion(model, trials_at(time), np.zeros((len(time), model.n_muscles)), exogenous)


def frames(step):
    return np.arange(0.0, DURATION + 1e-9, step)


def energy(n_segments, angle, velocity):
    """Kinetic and potential energy [J] of `pendulum`, from positions and velocities of its rods."""
    turn = np.cumsum(angle, axis=1)
    spin = np.cumsum(velocity, axis=1)
    along = np.stack([np.sin(turn), -np.cos(turn)], axis=-1)
    across = np.stack([np.cos(turn), np.sin(turn)], axis=-1) * spin[..., None]
    total, joint, speed = 0.0, 0.0, 0.0
    for i in range(n_segments):
        mass = 1.0 + 0.2 * i
        center, moving = joint + 0.15 * along[:, i], speed + 0.15 * across[:, i]
        about_center = 0.05 - mass * 0.15**2
        total = total + 0.5 * mass * (moving**2).sum(axis=-1) + 0.5 * about_center * spin[:, i] ** 2
        total = total + mass * GRAVITY * center[:, 1]
        joint, speed = joint + 0.35 * along[:, i], speed + 0.35 * across[:, i]
    return total


@pytest.fixture(scope="module", params=STARTS)
def swing(request):
    """A pendulum, its start, and scipy's state (n_frames, 2, n_segments) at the finest frames."""
    n = request.param
    model, start = pendulum(n), np.array([STARTS[n], np.zeros(n)])
    rest = np.zeros(1)

    def rate(_, flat):
        angle, velocity = flat.reshape(2, n)
        residual = model.residual(angle, velocity, np.zeros_like(angle), rest)
        acceleration = np.linalg.solve(model.mass_matrix(angle), -residual)
        return np.concatenate([velocity, acceleration], axis=0)

    span = {"t_eval": frames(STEPS[-1]), "rtol": 1e-10, "atol": 1e-11, "method": "DOP853"}
    exact = solve_ivp(rate, (0.0, DURATION), start.ravel(), **span).y.T
    return model, start, exact.reshape(-1, 2, n)


def orders(errors):
    return np.log2(np.array(errors[:-1]) / errors[1:])


def test_pendulum_converges_to_an_adaptive_integrator_with_order_four(swing):
    model, start, exact = swing
    errors = []
    for step in STEPS:
        state = motion_of(model, frames(step)).solve(initial_state=start[None]).state
        every = round(step / STEPS[-1])
        errors.append(np.abs(state - exact[::every]).max())
    assert errors[-1] < 1e-4
    assert (orders(errors) > 3.5).all(), errors


def test_pendulum_keeps_its_energy_to_the_order_of_the_scheme(swing):
    model, start, exact = swing
    n = model.n_coordinates
    drift = []
    for step in STEPS:
        state = motion_of(model, frames(step)).solve(initial_state=start[None]).state
        drift.append(np.ptp(energy(n, state[:, 0], state[:, 1])))
    assert np.ptp(energy(n, exact[:, 0], exact[:, 1])) < 1e-8
    assert drift[-1] < 1e-4
    assert orders(drift)[-1] > 3.5, drift


def test_given_angle_moves_the_others_as_the_whole_does(swing):
    model, start, exact = swing
    errors = []
    for step in STEPS:
        every = round(step / STEPS[-1])
        given = {"q0": exact[::every, 0, 0]}
        motion = motion_of(model.prescribing(["q0"]), frames(step), given)
        angle = motion.solve(initial_state=start[None, :, 1:]).angle
        errors.append(np.abs(angle - exact[::every, 0, 1:]).max())
    assert errors[-1] < 1e-5
    assert (orders(errors) > 3.0).all(), errors


def test_given_angle_is_interpolated_with_its_derivatives_trial_by_trial():
    times = (
        np.arange(0.0, 1.0, 0.02),
        np.arange(0.0, 0.08, 0.02),
    )  # the second too short for a quintic
    trials = trials_at(*times)
    angle, inside = np.concatenate([np.sin(3 * times[0]), 0.2 + 0.5 * times[1]]), 0.0043
    powers = np.polynomial.Polynomial
    pieces = [powers(row) for row in PrescribedMotion(trials, angle).coefficients()]
    found = np.array([[piece.deriv(k)(inside) if k else piece(inside) for k in range(3)] for piece in pieces])
    at, first = trials.time + inside, trials.trial_of_frame == 0
    inner = np.append(np.diff(trials.trial_of_frame) == 0, False)  # a trial's last frame has no interval behind it
    found, at, first = found[inner], at[inner], first[inner]
    wave = np.stack([np.sin(3 * at), 3 * np.cos(3 * at), -9 * np.sin(3 * at)], axis=1)
    line = np.stack([0.2 + 0.5 * at, np.full_like(at, 0.5), np.zeros_like(at)], axis=1)
    np.testing.assert_allclose(found[first][:, :2], wave[first][:, :2], atol=1e-5)
    np.testing.assert_allclose(found[first], wave[first], atol=1e-2)
    np.testing.assert_allclose(found[~first], line[~first], atol=1e-9)


def test_limb_rests_before_its_first_frame_even_where_the_given_angle_moves():
    time = frames(0.01)
    motion = motion_of(arm().prescribing(["shoulder_elevation"]), time, {"shoulder_elevation": time})
    state = motion.solve().state
    still = motion_of(motion.model, time, {"shoulder_elevation": 0.0 * time}).solve().state
    np.testing.assert_allclose(state[0], still[0], rtol=1e-7, atol=1e-7)
    assert np.abs(state[-1, 0] - still[-1, 0]) > 0.05


@pytest.mark.parametrize("preset", [arm, leg])
@pytest.mark.parametrize("strength", [0.05, 0.3, 0.8])
def test_rest_is_found_and_stable_for_any_activation(preset, strength):
    model = preset()
    rng = np.random.default_rng(0)
    activation = strength * rng.uniform(size=(40, model.n_muscles))
    trials = Trials(("still",), np.array([0, 40]), np.arange(40.0))
    angle = March(EquationOfMotion(model, trials, activation)).rest(activation, np.arange(40))
    still = np.zeros_like(angle)
    at = model._at(angle, still, still, activation, None, None, None, {"jacobian"})
    assert (np.abs(at.residual) < 1e-5).all()  # of the torque scales
    stiffness = at.residual_by_motion[:, :, : model.n_coordinates] * model.torque_scale[:, None]
    assert (np.linalg.eigvalsh(0.5 * (stiffness + stiffness.mT)) > 0).all()


def bursts(model, time, seed=0):
    rng = np.random.default_rng(seed)
    onset, height = rng.uniform(0.0, 0.6, model.n_muscles), rng.uniform(0.1, 0.4, model.n_muscles)
    phase = np.clip((time[:, None] - onset) / 0.7, 0.0, 1.0)
    return 0.02 + height * np.sin(np.pi * phase) ** 4


@pytest.mark.parametrize("given", [(), ("shoulder_elevation",)])
@pytest.mark.parametrize("from_rest", [True, False])
def test_sensitivities_are_the_simulations_slopes(given, from_rest):
    names = [
        "BIClong/max_isometric_force", "TRIlong/electromechanical_delay", "elbow_flexion/segment_mass",
        "elbow_flexion/joint_stiffness", "shoulder_elevation/segment_length", "BRA/moment_arm_scale",
    ]  # fmt: skip
    model = arm().prescribing(given).identifying(names)
    time = frames(0.02)
    columns = {name: 0.3 * np.sin(2 * time) for name in given}
    motion = EquationOfMotion(model, trials_at(time), bursts(model, time), columns)
    free = FreeParameters(model.parameters)
    start = None if from_rest else np.full((1, 2, model.n_coordinates), 0.3)

    def state(values):
        p = model.parameters.as_dict(values)
        return motion.solve(p, start).state.reshape(len(motion.excitation), -1)

    values = np.asarray(model.parameters.value)
    p = model.parameters.as_dict()
    trajectory = motion.solve(p, start)
    exact, _ = state_sensitivity(motion, trajectory, p, free, from_rest)
    for k, row in enumerate(free.index):
        step = 1e-4 * max(abs(float(values[row])), 0.1)
        change = np.zeros_like(values)
        change[row] = step
        slope = (state(values + change) - state(values - change)) / (2 * step)
        np.testing.assert_allclose(exact[..., k], slope, atol=2e-5 * np.abs(slope).max() + 1e-8)


def test_every_angle_is_weighed_by_its_own_noise():
    """A poor goniometer on the shoulder must not spoil what a fine one on the elbow says."""
    model = arm().identifying(["BRA/max_isometric_force", "TRIlat/max_isometric_force"])
    time, rng = frames(0.02), np.random.default_rng(1)
    emg = bursts(model, time)
    truth = model.with_rows({("BRA", "max_isometric_force"): {"value": 1200.0}})
    angle = EquationOfMotion(truth, trials_at(time), emg).solve().angle
    noise = np.deg2rad([5.0, 0.2])
    measured = angle + noise * rng.normal(size=angle.shape)
    found = identify(EquationOfMotion(model, trials_at(time), emg), measured)
    np.testing.assert_allclose(found.noise_std, noise, rtol=0.35)
    value = found.model.parameters.as_dict()["max_isometric_force"][5]
    row = found.model.parameters.free_index.tolist().index(5)
    assert abs(float(value) - 1200.0) < 3.5 * np.sqrt(found.covariance[row, row])
    alone = np.where([False, True], measured, np.nan)
    elbow_only = identify(EquationOfMotion(model, trials_at(time), emg), alone)
    assert found.covariance[row, row] < 1.2 * elbow_only.covariance[row, row]
