"""The truth behind simulated motion: a subject's model, an elbow that departs from it, and an adaptive integrator.

Nothing here uses the package's own solver, so that recovering the truth tests it.
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy.integrate import solve_ivp

from ..dynamics.equilibrium import rest_angle
from ..musculoskeletal import Muscle, MusculoskeletalModel, PolynomialPath, elbow
from ..musculoskeletal.activation import activation_rate
from ..musculoskeletal.muscle import rigid_tendon_state

# Path of arm26's BRA over elbow flexion as OpenSim 4.6 computes it (RMS deviation 70 micrometres),
# and its parameters.
BRACHIALIS_PATH = PolynomialPath((0.147416, -0.017538, 0.011528, -0.009965, 0.002091))
BRACHIALIS_FORCE, BRACHIALIS_FIBER, BRACHIALIS_TENDON = 987.26, 0.0858, 0.0535
# Size of each departure from the model family at mismatch 1.
TENDON_STRAIN, MOMENT_ARM_ERROR, MORE_DELAY = 0.049, 0.10, 0.02
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

    def state_at_length(self, length, lengthening, activation, parameters, tendon=None):
        """As in `MusculoskeletalModel`, with tendons as long as their own force makes them."""
        p, load = parameters, 0.0
        for _ in range(STRETCH_PASSES):
            stretched = {**p, "tendon_slack_length": p["tendon_slack_length"] * (1.0 + self.strain_at_max_force * load)}
            state = rigid_tendon_state(length, lengthening, activation, stretched)
            load = state.tendon_force / p["max_isometric_force"]
        return state, length[..., :0]


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
    with torch.no_grad():
        solution = solve_ivp(
            rate, (time[0], time[-1]), start, METHOD, t_eval=time,
            rtol=rtol, atol=0.1 * rtol, max_step=LONGEST_STEP, lband=band, uband=band,
        )  # fmt: skip
        if not solution.success:
            raise RuntimeError(f"The simulated motion was not integrated: {solution.message}")
        states = torch.from_numpy(solution.y.T.reshape(len(time), len(bursts.baseline), -1).copy())
        angle, velocity, active = _parts(states, truth)
        activation = truth.activation(active, p)
        muscles, _ = truth.muscle_state(angle, velocity, activation, p)
    return TrueMotion(angle.numpy(), activation.numpy(), muscles.tendon_force.numpy())


def _parts(state, truth):
    """Angles, velocities and activation states of a state (..., 2 n_coordinates + n_muscles)."""
    n = truth.n_coordinates
    return state[..., :n], state[..., n : 2 * n], state[..., 2 * n :]


def _initial_value_problem(truth, bursts, p):
    """Rate and start of the flat state: per trial angles, velocities, state of each activation."""
    n_trials, delay = len(bursts.baseline), p["electromechanical_delay"].numpy()
    zero = torch.zeros(n_trials, truth.n_coordinates, dtype=torch.float64)
    time_constants = p["activation_time_constant"], p["deactivation_time_constant"]

    def rate(time, flat):
        state = torch.from_numpy(flat.reshape(n_trials, -1))
        angle, velocity, active = _parts(state, truth)
        torque = -truth.residual(angle, velocity, zero, truth.activation(active, p), p)
        acceleration = torch.linalg.solve(truth.mass_matrix(angle, p), torque)
        excitation = torch.from_numpy(bursts(time - delay))
        activating = activation_rate(excitation, active, *time_constants)
        return torch.cat([velocity, acceleration, activating], dim=1).numpy().ravel()

    active = torch.from_numpy(bursts(0.0 - delay))
    angle = rest_angle(truth, truth.activation(active, p), p, {"hand_load_kg": zero[:, :1]})
    return rate, torch.cat([angle, zero, active], dim=1).numpy().ravel()
