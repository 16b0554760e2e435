"""The truth behind simulated elbow flexion: a subject's model, analytic excitations, an adaptive integrator.

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
from ..musculoskeletal.skeleton import inertia

# Path of arm26's BRA over elbow flexion as OpenSim 4.6 computes it (RMS deviation 70 micrometres), and its parameters.
BRACHIALIS_PATH = PolynomialPath((0.147416, -0.017538, 0.011528, -0.009965, 0.002091))
BRACHIALIS_FORCE, BRACHIALIS_FIBER, BRACHIALIS_TENDON = 987.26, 0.0858, 0.0535
# Size of each departure from the model family at mismatch 1.
TENDON_STRAIN, MOMENT_ARM_ERROR, MORE_DELAY = 0.049, 0.10, 0.02
STRETCH_PASSES = 4
RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-8, 1e-9
LONGEST_STEP = 0.1  # s, or an integrator at rest would step over a whole burst


def draw_model(rng, mismatch):
    """The elbow preset with the free parameters of one subject, `mismatch` times 20 ms more delay included."""
    generic = elbow()
    p = {name: generic.parameters.value[rows] for name, rows in generic.parameters.slices.items()}
    n = generic.n_muscles
    optimal = p["optimal_fiber_length"]
    drawn = {
        "max_isometric_force": p["max_isometric_force"] * rng.uniform(0.75, 1.25, n),
        "optimal_fiber_length": optimal * rng.uniform(0.75, 1.25, n),
        "tendon_slack_length": p["tendon_slack_length"] + rng.uniform(-0.1, 0.1, n) * optimal,
        "emg_shape_factor": rng.uniform(-2.0, -0.5, n),
        "electromechanical_delay": rng.uniform(0.02, 0.06, n) + MORE_DELAY * mismatch,
    }
    values = generic.parameters.value
    for name, value in drawn.items():
        values[generic.parameters.slices[name]] = value
    return generic.with_values(values)


class StretchingTendons(MusculoskeletalModel):
    """Muscles whose tendons stretch under load, in equilibrium with the fiber at every instant."""

    strain_at_max_force = 0.0

    def muscle_state(self, angle, velocity, activation, parameters=None):
        """As in the parent, with the tendon as long as its own force makes it (by fixed-point passes, a contraction)."""
        p = self.parameters.as_dict() if parameters is None else parameters
        length, moment_arm = self.paths.length_and_moment_arm(angle, p["moment_arm_scale"])
        lengthening = -(moment_arm * velocity.unsqueeze(-1)).sum(-2)
        slack, load = p["tendon_slack_length"], 0.0
        for _ in range(STRETCH_PASSES):
            stretched = slack * (1.0 + self.strain_at_max_force * load)
            state = rigid_tendon_state(length, lengthening, activation, {**p, "tendon_slack_length": stretched})
            load = state.tendon_force / p["max_isometric_force"]
        return state, moment_arm


def depart(model, mismatch, rng):
    """What really moves the elbow: `model`, or for `mismatch` > 0 one with wrong moment arms, stretching tendons and a brachialis."""
    if mismatch == 0.0:
        return model
    hidden = {
        "max_isometric_force": BRACHIALIS_FORCE * mismatch,
        "optimal_fiber_length": BRACHIALIS_FIBER,
        "tendon_slack_length": BRACHIALIS_TENDON,
    }
    brachialis = Muscle("brachialis", BRACHIALIS_PATH, parameters=hidden)
    truth = StretchingTendons([*model.muscles, brachialis], model.joints)
    truth = truth.with_rows({(row.owner, row.name): {"value": row.value} for row in model.parameters.rows})
    signs = rng.choice([-1.0, 1.0], model.n_muscles)
    scales = 1.0 + MOMENT_ARM_ERROR * mismatch * signs
    truth = truth.with_rows({(m, "moment_arm_scale"): {"value": s} for m, s in zip(model.muscle_names, scales, strict=True)})
    truth.strain_at_max_force = TENDON_STRAIN * mismatch
    return truth


class Motion(NamedTuple):
    """True motion at the frames: angle (n_frames, n_trials), activation and muscle force (n_frames, n_trials, n_muscles)."""

    angle: np.ndarray
    activation: np.ndarray
    muscle_force: np.ndarray


def integrate(truth, bursts, time):
    """Motion of all trials as one system of ordinary differential equations, from rest in equilibrium.

    Parameters
    ----------
    truth : MusculoskeletalModel
        A single joint.
    bursts : Bursts
        Neural excitations, one per muscle of `truth`; the muscles get them after their electromechanical delays.
    time : ndarray (n_frames,)
        Frames [s], the first at 0.

    Returns
    -------
    Motion
    """
    p = truth.parameters.as_dict()
    n_trials, delay = len(bursts.baseline), p["electromechanical_delay"].numpy()
    zero, load = torch.zeros(n_trials, 1, dtype=torch.float64), torch.zeros(n_trials, 1, dtype=torch.float64)
    time_constants = p["activation_time_constant"], p["deactivation_time_constant"]

    def rate(t, flat):
        state = torch.from_numpy(flat.reshape(n_trials, -1))
        angle, velocity, active = state[:, :1], state[:, 1:2], state[:, 2:]
        torque = -truth.residual(angle, velocity, zero, truth.activation(active, p), p)  # what is left without M q''
        excitation = torch.from_numpy(bursts(t - delay))
        rates = velocity, torque / inertia(p, load), activation_rate(excitation, active, *time_constants)
        return torch.cat(rates, dim=1).numpy().ravel()

    active = torch.from_numpy(bursts(0.0 - delay))
    start = torch.cat([rest_angle(truth, truth.activation(active, p), p, {"hand_load_kg": load}), zero, active], dim=1)
    with torch.no_grad():
        solution = solve_ivp(
            rate, (time[0], time[-1]), start.numpy().ravel(), method="LSODA", t_eval=time,
            rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE, max_step=LONGEST_STEP,
        )  # fmt: skip
        if not solution.success:
            raise RuntimeError(f"The simulated motion could not be integrated: {solution.message}")
        states = torch.from_numpy(solution.y.T.reshape(len(time), n_trials, -1).copy())
        activation = truth.activation(states[..., 2:], p)
        muscles, _ = truth.muscle_state(states[..., :1], states[..., 1:2], activation, p)
    return Motion(states[..., 0].numpy(), activation.numpy(), muscles.tendon_force.numpy())
