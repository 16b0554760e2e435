"""The truth behind simulated motion: a subject's model, an elbow that departs from it, and an adaptive integrator.

Nothing here uses the package's own solver, so that recovering the truth tests it.
"""

from typing import NamedTuple

import numpy as np
from scipy.integrate import solve_ivp

from ..dynamics.equation import EquationOfMotion
from ..dynamics.marching import March
from ..musculoskeletal import Muscle, MusculoskeletalModel, PolynomialPath, elbow
from ..musculoskeletal.compiled.activation import activation_rates
from ..musculoskeletal.compiled.model import new_instant
from ..musculoskeletal.compiled.muscle import rigid_states
from ..musculoskeletal.model import torque_of
from ..musculoskeletal.muscle import MuscleState
from ..trials import Trials

# Path of arm26's BRA over elbow flexion as OpenSim 4.6 computes it (RMS deviation 70 micrometres),
# and its parameters.
BRACHIALIS_PATH = PolynomialPath((0.147416, -0.017538, 0.011528, -0.009965, 0.002091))
BRACHIALIS_FORCE, BRACHIALIS_FIBER, BRACHIALIS_TENDON = 987.26, 0.0858, 0.0535
# Size of each departure from the model family at mismatch 1.
TENDON_STRAIN, MOMENT_ARM_ERROR, MORE_DELAY = 0.049, 0.10, 0.02
REST_ITERATIONS = 6
STRETCH_PASSES = 4  # bring the angle within 0.3 deg of what the exact equilibrium gives
# Measured on 8 trials of 5 s: 2e-6 deg from DOP853 at 1e-11, in 60 % of the time that DOP853 takes
# for 6e-8 deg and an eighth of Radau's.
METHOD, RELATIVE_TOLERANCE = "LSODA", 1e-8
LONGEST_STEP = 0.1  # s, or an integrator at rest would step over a whole burst


def draw_model(rng, mismatch):
    """The elbow preset with one subject's free parameters; `mismatch` times 20 ms more delay."""
    return draw_subject(elbow(), rng, mismatch)


def draw_subject(generic, rng, mismatch):
    """A model with one subject's free parameters; `mismatch` times 20 ms more delay."""
    values = generic.parameters.value
    p = {name: values[rows] for name, rows in generic.parameters.slices.items()}
    n = generic.n_muscles
    drawn = {
        "max_isometric_force": p["max_isometric_force"] * rng.uniform(0.75, 1.25, n),
        "optimal_fiber_length": p["optimal_fiber_length"] * rng.uniform(0.75, 1.25, n),
        "emg_shape_factor": rng.uniform(-2.0, -0.5, n),
        "electromechanical_delay": rng.uniform(0.02, 0.06, n) + MORE_DELAY * mismatch,
    }
    drawn_values = values.copy()
    for name, value in drawn.items():
        drawn_values[generic.parameters.slices[name]] = value
    return generic.with_values(drawn_values)


class StretchingTendons(MusculoskeletalModel):
    """Muscles whose tendons stretch in proportion to their load, by `strain_at_max_force`.

    The stretch follows the load at once (quasi-static): four fixed-point passes from the rigid
    tendon's force; the velocity of stretching is neglected.
    """

    strain_at_max_force = 0.0

    def residual(self, angle, velocity, acceleration, activation, parameters=None, exogenous=None):
        """As in `MusculoskeletalModel`, with tendons as long as their own force makes them."""
        return self.residual_and_muscles(angle, velocity, acceleration, activation, parameters, exogenous)[0]

    def residual_and_muscles(
        self, angle, velocity, acceleration, activation, parameters=None, exogenous=None, *, tendon=None
    ):
        """As in `MusculoskeletalModel`, with tendons as long as their own force makes them."""
        at = angle, velocity, acceleration, activation, parameters, exogenous
        residual, rigid = super().residual_and_muscles(*at)
        muscles, moment_arm = self.muscle_state(angle, velocity, activation, parameters, exogenous)
        change = rigid._replace(tendon_force=muscles.tendon_force - rigid.tendon_force)
        return residual - torque_of(moment_arm, change), muscles

    def muscle_state(self, angle, velocity, activation, parameters=None, exogenous=None, *, tendon=None):
        """As in `MusculoskeletalModel`, with tendons as long as their own force makes them."""
        p = self.parameters.as_dict() if parameters is None else parameters
        length, moment_arm = self.length_and_moment_arm(angle, parameters)
        lengthening = -(moment_arm * np.asarray(velocity)[..., None]).sum(axis=-2)
        body, shape = self.compiled.body(self.parameters.flat(parameters)), length.shape
        flat = [np.ascontiguousarray(x.reshape(-1, shape[-1])) for x in (length, lengthening, np.asarray(activation))]
        found, unit = np.zeros((*flat[0].shape, 4)), new_instant(body).unit
        for _ in range(STRETCH_PASSES):  # a longer tendon is a shorter unit
            load = found[..., 3] / p["max_isometric_force"]
            stretched = p["tendon_slack_length"] * self.strain_at_max_force * load
            rigid_states(body, flat[0] - stretched, *flat[1:], unit, found)
        return MuscleState(*(found[..., k].reshape(shape) for k in range(4))), moment_arm


def depart(model, mismatch, rng):
    """What really moves the elbow.

    `model` itself, or for `mismatch` > 0 one with other moment arms, stretching tendons and a
    brachialis as its third muscle.
    """
    if mismatch == 0.0:
        return model
    hidden = {
        "max_isometric_force": BRACHIALIS_FORCE * mismatch,
        "optimal_fiber_length": BRACHIALIS_FIBER,
        "tendon_slack_length": BRACHIALIS_TENDON,
    }
    brachialis = Muscle("brachialis", BRACHIALIS_PATH, parameters=hidden)
    return with_wrong_geometry(model, [*model.muscles, brachialis], mismatch, rng)


def with_wrong_geometry(model, muscles, mismatch, rng):
    """`muscles` on the joints of a model, with its values but for other moment arms, and tendons that stretch."""
    truth = StretchingTendons(muscles, model.joints)
    changes = {(row.owner, row.name): {"value": row.value} for row in model.parameters.rows}
    scales = 1.0 + MOMENT_ARM_ERROR * mismatch * rng.choice([-1.0, 1.0], model.n_muscles)
    for name, scale in zip(model.muscle_names, scales, strict=True):
        changes[name, "moment_arm_scale"] = {"value": scale}
    truth = truth.with_rows(changes)
    truth.strain_at_max_force = TENDON_STRAIN * mismatch
    return truth


class TrueMotion(NamedTuple):
    """Angle [rad], activation and muscle force [N], each (n_frames, n_trials, n_coordinates or n_muscles)."""

    angle: np.ndarray
    activation: np.ndarray
    muscle_force: np.ndarray


def integrate(truth, bursts, time, rtol=RELATIVE_TOLERANCE):
    """Motion of all trials, one system of ordinary differential equations, from equilibrium.

    Parameters
    ----------
    truth : MusculoskeletalModel
    bursts : Bursts
        Excitations, one per muscle of `truth`, before the electromechanical delay.
    time : ndarray (n_frames,)
        Frames [s], the first at 0.
    rtol : float
        Relative tolerance of the integrator; the absolute one is a tenth of it.

    Returns
    -------
    TrueMotion

    Raises
    ------
    RuntimeError
        When the integrator gives up.
    """
    p = truth.parameters.as_dict()
    rate, start = _initial_value_problem(truth, bursts, p)
    band = len(start) // len(bursts.baseline) - 1  # trials do not feel one another
    solution = solve_ivp(
        rate, (time[0], time[-1]), start, METHOD, t_eval=time,
        rtol=rtol, atol=0.1 * rtol, max_step=LONGEST_STEP, lband=band, uband=band,
    )  # fmt: skip
    if not solution.success:
        raise RuntimeError(f"The simulated motion was not integrated: {solution.message}")
    angle, velocity, active = _parts(solution.y.T.reshape(len(time), len(bursts.baseline), -1), truth)
    activation = truth.activation(active)
    return TrueMotion(angle, activation, truth.muscle_state(angle, velocity, activation)[0].tendon_force)


def _parts(state, truth):
    """Angles, velocities and activation states of a state (..., 2 n_coordinates + n_muscles)."""
    n = truth.n_coordinates
    return state[..., :n], state[..., n : 2 * n], state[..., 2 * n :]


def _initial_value_problem(truth, bursts, p):
    """Rate and start of the flat state: per trial angles, velocities, state of each activation."""
    n_trials, delay = len(bursts.baseline), p["electromechanical_delay"]
    zero, body = np.zeros((n_trials, truth.n_coordinates)), truth.compiled.body(truth.parameters.value)

    def rate(time, flat):
        angle, velocity, active = _parts(flat.reshape(n_trials, -1), truth)
        torque = -truth.residual(angle, velocity, zero, truth.activation(active))
        acceleration = np.linalg.solve(truth.mass_matrix(angle), torque[..., None])[..., 0]
        activating = np.empty_like(active)
        activation_rates(body, bursts(time - delay), active, activating)
        return np.concatenate([velocity, acceleration, activating], axis=1).ravel()

    active = bursts(0.0 - delay)
    angle = _rest(truth, truth.activation(active))
    return rate, np.concatenate([angle, zero, active], axis=1).ravel()


def _rest(truth, activation):
    """Equilibrium (n_trials, n_coordinates) [rad] under constant activations: Newton's method from rigid tendons'."""
    n = len(activation)
    trials = Trials(tuple(range(n)), np.arange(n + 1) * 2, np.tile([0.0, 1.0], n))
    equation = EquationOfMotion(truth, trials, np.zeros((2 * n, truth.n_muscles)))
    angle = March(equation).rest(activation, np.arange(n) * 2)
    still, step = np.zeros_like(angle), 1e-6
    for _ in range(REST_ITERATIONS):
        torque = truth.residual(angle, still, still, activation)
        slopes = [
            (truth.residual(angle + move, still, still, activation) - torque) / step
            for move in step * np.eye(angle.shape[1])
        ]
        angle = angle - np.linalg.solve(np.stack(slopes, axis=2), torque[..., None])[..., 0]
    return angle
