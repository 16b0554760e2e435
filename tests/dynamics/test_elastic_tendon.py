"""Elastic tendons in the simulator: order, agreement with an adaptive integrator and with OpenSim."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp
from sensitivities import state_sensitivity

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.dynamics.fuse import fuse
from sk_bionic.dynamics.inverse import force_derivatives, residual_along, tendons_along
from sk_bionic.identification.identify import identify
from sk_bionic.identification.with_model_error import _Problem
from sk_bionic.musculoskeletal import MusculoskeletalModel, elbow
from sk_bionic.musculoskeletal.compiled.activation import activation_rates
from sk_bionic.musculoskeletal.prior import FreeParameters
from sk_bionic.trials import Trials, find_trials

DURATION = 1.3
# Time [s], angle [rad], tendon force of biceps and triceps [N]. Source: OpenSim 4.6 (opensim.org), integrated to 1e-10:
# one body on a pin joint with the inertia, weight, spring and damping of `opensim_elbow`, two muscles over
# ``FunctionBasedPath``s with its polynomials, activations held at 0.3 and 0.1, from 0.6 rad at rest with equilibrated
# muscles. ``DeGrooteFregly2016Muscle`` without fiber damping (its explicit mode of tendon compliance leaves it out),
# ``Millard2012EquilibriumMuscle`` and ``Thelen2003Muscle`` with default values.
OPENSIM = {
    "degroote_fregly": [
        (0.1, 0.7223517, 174.97804, 112.20582),
        (0.2, 0.96496578, 161.11392, 118.41522),
        (0.3, 1.23115957, 148.57221, 125.38017),
        (0.4, 1.46022091, 140.52606, 133.08173),
        (0.5, 1.61845261, 139.97393, 139.87697),
        (0.6, 1.71104165, 141.56389, 144.56015),
        (0.7, 1.75639084, 142.8722, 146.9756),
        (0.8, 1.77253557, 144.02238, 147.77254),
        (0.9, 1.77514794, 144.79396, 147.83877),
        (1.0, 1.77402481, 145.10555, 147.74284),
    ],
    "millard": [
        (0.1, 0.71005587, 150.03966, 102.90745),
        (0.2, 0.89069359, 140.71109, 107.0651),
        (0.3, 1.07050867, 135.8982, 111.5951),
        (0.4, 1.23006821, 135.97307, 116.90003),
        (0.5, 1.36983019, 135.91363, 123.31803),
        (0.6, 1.48559545, 136.79642, 129.41946),
        (0.7, 1.57548954, 138.98047, 134.89407),
        (0.8, 1.64418024, 141.22579, 139.56205),
        (0.9, 1.69594432, 143.25095, 143.35098),
        (1.0, 1.73429629, 144.94616, 146.29959),
    ],
    "thelen": [
        (0.1, 0.69822178, 137.86269, 105.07993),
        (0.2, 0.83164189, 132.0181, 106.49844),
        (0.3, 0.95597305, 130.62501, 107.79903),
        (0.4, 1.071179, 129.83503, 109.33865),
        (0.5, 1.17804236, 129.78086, 111.09253),
        (0.6, 1.27770355, 130.14998, 113.13583),
        (0.7, 1.37019967, 130.72483, 115.27211),
        (0.8, 1.45449762, 131.63053, 117.4215),
        (0.9, 1.52997838, 132.79663, 119.51111),
        (1.0, 1.59645919, 134.13625, 121.47274),
    ],
}


def with_tendons(model, tendon=("elastic", "elastic"), curves=("degroote_fregly",) * 2):
    muscles = [replace(m, tendon=t, curves=c) for m, t, c in zip(model.muscles, tendon, curves, strict=True)]
    return MusculoskeletalModel(muscles, model.joints)


def emg_at(time):
    """Smooth bursts of biceps and triceps (n, 2), constant before and after."""
    phase = np.clip((np.asarray(time)[:, None] - [0.1, 0.3]) / [0.9, 1.0], 0.0, 1.0)
    return 0.02 + [0.6, 0.3] * np.sin(np.pi * phase) ** 4


def one_trial(step, duration=DURATION):
    time = np.arange(0.0, duration + step / 2, step)
    return Trials(("a",), np.array([0, len(time)]), time)


def tendon_rate(model, angle, velocity, activation, state, rate):
    """z' at which fiber and tendon are in equilibrium, by Newton from `rate`; everything (1, ...)."""
    for _ in range(60):
        tendon = state, rate
        at = model._at(angle, velocity, None, activation, None, None, tendon, {"jacobian"})
        d = model.n_coordinates
        step = at.residual[:, d:] / at.residual_by_tendon[:, d + 1]
        rate = rate - step
        if np.abs(step).max() < 1e-9:
            break
    return rate


def integrate(model, time, rtol):
    """The explicit form by scipy's LSODA: angle, velocity, tendon states, activation states."""
    p, d, n = model.parameters.as_dict(), model.n_coordinates, model.n_tendon_states
    delay, body = p["electromechanical_delay"], model.compiled.body(model.parameters.value)
    last = [np.zeros((1, n))]

    def rate(t, flat):
        angle, velocity, z, active = np.split(flat[None], np.cumsum([d, d, n]), axis=1)
        activation = model.activation(active)
        z_rate = last[0] = tendon_rate(model, angle, velocity, activation, z, last[0])
        rows = model.implicit_residual(
            np.concatenate([angle, z], axis=1),
            np.concatenate([velocity, z_rate], axis=1),
            np.zeros((1, d + n)),
            activation,
        )
        excitation = np.array([[emg_at([t - s])[0, m] for m, s in enumerate(delay)]])
        activating = np.empty_like(active)
        activation_rates(body, excitation, np.ascontiguousarray(active), activating)
        parts = velocity, -rows[:, :d] / p["moment_of_inertia"], z_rate, activating
        return np.concatenate(parts, axis=1)[0]

    start = motion_at_rest(model)
    options = {"rtol": rtol, "atol": 0.1 * rtol, "max_step": 0.05}
    return solve_ivp(rate, (0.0, time[-1]), start, "LSODA", t_eval=time, **options).y.T


def motion_at_rest(model):
    """Everything at the first frame, when the EMG is constant."""
    trials = one_trial(0.01, 0.1)
    first = EquationOfMotion(model, trials, emg_at(trials.time)).solve().all_states[0]
    d = model.n_coordinates
    parts = first[0, :d], first[1, :d], first[0, d:], emg_at([0.0])[0]
    return np.concatenate(parts, axis=0)


MODELS = {
    "both": with_tendons(elbow()),
    "one": with_tendons(elbow(), ("rigid", "elastic")),
    "millard": with_tendons(elbow(), curves=("millard", "degroote_fregly")),
}


@pytest.mark.parametrize("name", ["both", "millard"])
def test_fourth_order_and_agreement_with_an_adaptive_integrator(name):
    model, steps = MODELS[name], (0.02, 0.01)
    finest = np.arange(0.0, DURATION + 0.005, 0.01)
    exact = np.delete(integrate(model, finest, 3e-8), [1, -2, -1], axis=1)
    errors = []
    for step, every in zip(steps, (2, 1), strict=True):
        trials = one_trial(step)
        solved = EquationOfMotion(model, trials, emg_at(trials.time)).solve()
        ours = np.concatenate([solved.angle, solved.tendon_state], axis=1)
        errors.append(np.abs(ours - exact[::every]).max(axis=0))
    assert (np.log2(errors[0] / errors[1]) > 3.5).all(), errors
    assert errors[1][0] < 2e-6  # rad
    assert errors[1][1:].max() < 1e-4  # of the maximal forces


def opensim_elbow(name):
    """The elbow preset's muscles on a pendulum without stops."""
    fit = with_tendons(elbow(), curves=(name,) * 2)
    changes = {("elbow_flexion", "limit_stiffness"): {"value": 0.0}}
    for muscle in ("biceps", "triceps"):
        changes[muscle, "electromechanical_delay"] = {"value": 0.0}
        changes[muscle, "emg_shape_factor"] = {"value": -1e-7}  # straight
        changes[muscle, "pennation_angle_at_optimal"] = {"value": 0.2094 * (muscle == "triceps")}
        if name == "degroote_fregly":
            changes[muscle, "fiber_damping"] = {"value": 0.0}
    return fit.with_rows(changes)


@pytest.mark.parametrize("name", OPENSIM)
def test_motion_and_forces_agree_with_opensim(name):
    time, angle, *forces = np.array(OPENSIM[name]).T
    model, trials = opensim_elbow(name), one_trial(0.005, 1.0)
    emg = np.tile([0.3, 0.1], (trials.n_frames, 1))
    motion, p = EquationOfMotion(model, trials, emg), model.parameters.as_dict()
    solved = motion.solve(initial_state=[[[0.6], [0.0]]])
    frames = np.round(time / 0.005).astype(int)
    np.testing.assert_allclose(solved.angle[frames, 0], angle, rtol=0, atol=1e-5)
    tendon = solved.tendon_state, np.zeros_like(solved.tendon_state)
    state = solved.state[:, 0], solved.state[:, 1]
    muscles, _ = model.muscle_state(*state, emg, p, tendon=tendon)
    force = muscles.tendon_force[frames] / p["max_isometric_force"]
    expected = np.stack(forces, axis=1) / p["max_isometric_force"]
    np.testing.assert_allclose(force, expected, rtol=0, atol=2e-5)


def test_tendons_along_a_simulated_motion_are_those_of_the_simulation():
    model, trials = MODELS["one"], one_trial(0.01)
    motion, p = EquationOfMotion(model, trials, emg_at(trials.time)), MODELS["one"].parameters.as_dict()
    solved = motion.solve()
    state, rate = tendons_along(motion, solved.state, p)
    np.testing.assert_allclose(state, solved.tendon_state, rtol=0, atol=1e-8)
    differences = np.gradient(state[:, 0], trials.time)
    np.testing.assert_allclose(rate[:, 0], differences, rtol=0, atol=0.05 * float(np.abs(rate).max()))
    assert tendons_along(EquationOfMotion(elbow(), trials, motion.excitation), solved.state, p) is None


FREE = (
    "max_isometric_force", "optimal_fiber_length", "tendon_slack_length",
    "tendon_strain_at_one_norm_force", "emg_shape_factor", "electromechanical_delay", "emg_gain",
    "deactivation_time_constant", "max_contraction_velocity", "joint_damping",
)  # fmt: skip
START = np.array([[[0.8], [0.5]]])


@pytest.fixture(scope="module", params=["both", "one"])
def short(request):
    trials = one_trial(0.02, 1.0)
    return EquationOfMotion(MODELS[request.param].identifying(FREE), trials, emg_at(trials.time))


@pytest.mark.parametrize("start", [None, START], ids=["from rest", "from a given state"])
def test_all_states_and_forces_have_exact_sensitivities(short, start):
    model, free = short.model, FreeParameters(short.model.parameters)
    p = model.parameters.as_dict()
    trajectory = short.solve(p, start)
    by_value, by_start = state_sensitivity(short, trajectory, p, free, start is None)
    by_state, direct = force_derivatives(short, trajectory.all_states, p, free)
    force = direct + by_state @ by_value
    for column, row in enumerate(free.index):
        value = model.parameters.value[row]
        high, low = (_solved_and_forces(short, row, value * (1 + s), start) for s in (1e-4, -1e-4))
        expected = [(a - b) / (2e-4 * value) for a, b in zip(high, low, strict=True)]
        for ours, theirs in zip((by_value[..., column], force[..., column]), expected, strict=True):
            # The differences of what does not depend on a parameter at all are rounding, some 1e-9, not zero.
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-4 * np.abs(theirs).max() + 1e-8)
    if start is not None:
        moved = [short.solve(p, start + [[[0.0], [s]]]) for s in (1e-4, -1e-4)]
        expected = (moved[0].all_states - moved[1].all_states).reshape(len(by_start), -1) / 2e-4
        largest = np.abs(expected).max()
        np.testing.assert_allclose(by_start[..., 1], expected, rtol=0, atol=2e-4 * largest)


def _solved_and_forces(motion, row, value, start):
    values = motion.model.parameters.value.copy()
    values[row] = value
    p = motion.model.parameters.as_dict(values)
    states, d = motion.solve(p, start).all_states, motion.model.n_coordinates
    activation = motion.activations(p)
    motion_part, tendon = states[:, :, :d], (states[:, 0, d:], states[:, 1, d:])
    muscles, _ = motion.model.muscle_state(motion_part[:, 0], motion_part[:, 1], activation, p, tendon=tendon)
    return states.reshape(len(states), -1), muscles.tendon_force


def test_slack_lengths_of_elastic_tendons_are_recovered():
    trials = one_trial(0.02, 2.0)
    generic = MODELS["both"].identifying(["tendon_slack_length", "max_isometric_force"])
    changes = {
        ("biceps", "tendon_slack_length"): {"value": 0.278},
        ("triceps", "tendon_slack_length"): {"value": 0.140},
        ("triceps", "max_isometric_force"): {"value": 650.0},
    }
    truth = EquationOfMotion(generic.with_rows(changes), trials, emg_at(trials.time))
    found = identify(truth.with_model(generic), truth.solve().angle).model
    np.testing.assert_allclose(found.parameters.value, truth.model.parameters.value, rtol=1e-3)


def test_fusion_is_between_prediction_and_simulation():
    """The exact motion stays; noise is drawn to the equation; tendons stay in equilibrium."""
    trials = one_trial(0.02, 1.0)
    motion = EquationOfMotion(MODELS["both"], trials, emg_at(trials.time))
    exact = motion.solve()
    kept = fuse(motion, exact.angle, 0.1, 0.1)
    np.testing.assert_allclose(kept.state[:, 0], exact.angle, rtol=0, atol=1e-4)
    noise = 0.1 * np.random.default_rng(0).standard_normal((trials.n_frames, 1))
    drawn = fuse(motion, exact.angle + noise, 0.1, 0.1)
    error = drawn.state[:, 0] - exact.angle
    assert np.sqrt((error**2).mean()) < 0.3 * np.sqrt((noise**2).mean())
    p = motion.model.parameters.as_dict()
    tendon, _ = tendons_along(motion, drawn.state, p)
    np.testing.assert_allclose(drawn.all_states[:, 0, 1:], tendon, rtol=0, atol=1e-3)
    assert drawn.variance().shape == (trials.n_frames, 2, 1)
    assert (drawn.variance() > 0).all()


@pytest.fixture(scope="module")
def recording():
    """Two trials of an elbow that has elastic tendons."""
    flexion = make_elbow_flexion(2, duration=2.0, sampling_rate=50, random_state=0)
    truth = with_tendons(elbow())
    motion = EquationOfMotion(truth, find_trials(flexion.data), flexion.data.to_numpy())
    return flexion.data, pd.Series(motion.solve().angle[:, 0], flexion.data.index)


@pytest.mark.filterwarnings("ignore::sk_bionic.exceptions.IdentifiabilityWarning")
@pytest.mark.parametrize("prediction", ["simulation", "hybrid", "network"])
def test_estimator_works_with_elastic_tendons(recording, prediction):
    X, y = recording
    regressor = PhysicsInformedMSKRegressor(
        with_tendons(elbow()), prediction=prediction, ode_weight=1.0, max_epochs=3,
        hidden_layer_sizes=(8,), random_state=0,
    ).fit(X, y)  # fmt: skip
    force = regressor.predict_muscle_forces(X)
    torque = regressor.predict_joint_torques(X)
    assert np.isfinite(regressor.predict(X)).all()
    assert np.isfinite(force.to_numpy()).all() and (force.to_numpy() > 0).all()
    assert np.isfinite(torque.to_numpy()).all()
    fiber = regressor.predict_fiber_lengths(X) / regressor.optimal_fiber_length_
    assert ((fiber > 0.3) & (fiber < 1.7)).all(axis=None)
    if prediction == "simulation":
        assert regressor.score(X, y) > 0.999
    if prediction != "network":
        assert regressor.parameters_["std_err"].notna().all()
        angle_std, force_std = (
            regressor.predict(X, return_std=True)[1],
            regressor.predict_muscle_forces(X, return_std=True)[1],
        )
        assert (angle_std > 0).all() and (force_std.to_numpy() > 0).all()


def test_residual_along_the_true_motion_is_that_of_central_differences(recording):
    """No more is left than rigid tendons would leave, though tendon and fiber move against each other."""
    X, _ = recording
    left = []
    for model in (elbow(), with_tendons(elbow())):
        motion = EquationOfMotion(model, find_trials(X), X.to_numpy())
        left.append(np.nanmax(np.abs(residual_along(motion, motion.solve().angle))))
    assert left[1] < 2.0 * left[0]


def test_identification_with_model_error_has_the_gradient_of_its_cost(recording):
    X, y = recording
    model = with_tendons(elbow()).identifying(["max_isometric_force", "tendon_slack_length"])
    noisy = y.to_numpy()[:, None] + 0.05 * np.sin(np.arange(len(y)) / 7.0)[:, None]
    motion = EquationOfMotion(model, find_trials(X), X.to_numpy())
    problem = _Problem(motion, noisy, None, np.deg2rad(3.0), 0.3)
    point = problem.evaluate(problem.free.raw() + 0.3, None)
    gradient, _ = problem.linearise(point)
    for i, move in enumerate(1e-4 * np.eye(problem.free.n_raw)):
        above, below = (problem.evaluate(point.raw + s * move, point.fused.all_states).cost for s in (1, -1))
        assert (above - below) / 2e-4 == pytest.approx(gradient[i], rel=1e-2, abs=1e-3)
