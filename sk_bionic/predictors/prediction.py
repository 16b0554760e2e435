"""What a fitted model says about new frames: angles, their standard deviation, the motion behind them."""

from typing import NamedTuple

import numpy as np
import torch

from ..dynamics.errors import SimulationError
from ..dynamics.grid import CentralDifferences
from ..dynamics.sensitivity import force_derivatives, start_sensitivity, state_sensitivity
from ..dynamics.tendons import tendons_along
from ..identification.posterior import with_offset
from ..learning.ensemble import blind
from ..musculoskeletal.prior import FreeParameters
from ..trials.smoothing import smooth
from .held_out import STRONG_WEIGHTS, predict_fused, relative_std
from .hybrid import simulated_state
from .start_states import spread_of_starts

SMALLEST_BELIEF = 0.1  # relative standard deviation of the learners where the simulation is not believed at all
BELIEF_OF_SIMULATION = 0.05  # of a trial, below which the learners correct even a simulation that is to predict alone
# Under a load or posture outside the training's range the learners' standard deviation counts so much more, and the
# physics corrects them at least with this weight.
UNKNOWN_STD, UNKNOWN_WEIGHT = 5.0, 10.0


class Prediction(NamedTuple):
    """Predicted motion.

    Attributes
    ----------
    angle : ndarray (n_frames, n_coordinates)
        As the goniometer reads it [rad].
    state : Tensor (n_frames, 2, n_coordinates) or None
        Joint angle and velocity; None where the network alone predicts.
    variance : ndarray (n_frames, n_coordinates) or None
        Of measured minus predicted angle [rad^2], where asked for.
    force : ndarray (n_frames, n_muscles) or None
        The network's normalised forces.
    force_variance : ndarray (n_frames, n_muscles) or None
        Of the Hill-type forces [N^2], where asked for.
    """

    angle: np.ndarray
    state: torch.Tensor | None = None
    variance: np.ndarray | None = None
    force: np.ndarray | None = None
    force_variance: np.ndarray | None = None


def offset_of(model):
    """Goniometer offsets (n_coordinates,) [rad]."""
    return model.parameters.as_dict()["goniometer_offset"].numpy()


def with_offset_moved(model, shift):
    """Model whose goniometer offsets are moved by `shift` (n_coordinates,) [rad]."""
    values = model.parameters.value.copy()
    values[model.parameters.slices["goniometer_offset"]] += shift
    return model.with_values(values)


def predict_from_emg(fitted, features):
    """Angles (n_frames, n_coordinates) [rad] of the learners that see EMG alone: quick, and without physics."""
    if fitted.hybrid is None:
        return fitted.network.predict(fitted.scaler.transform(features))[0]
    return fitted.hybrid.learners.predict_from_emg(features)


def predict_network(fitted, features, motion=None):
    """The network's own angles; their variance is that of its training residual and, where the motion is given, that of
    the unknown start under the jointly trained model.
    """
    angle, force = fitted.network.predict(fitted.scaler.transform(features))
    angle = _in_session(fitted, angle)
    variance = np.full_like(angle, fitted.network.history[-1]["data_loss"]) * fitted.network.scale**2
    of_start = None if motion is None else _variance_from_rest(fitted, motion)
    return Prediction(angle, variance=variance if of_start is None else variance + of_start[0], force=force)


def simulate(fitted, motion, initial_state=None, with_variance=False):
    """The identified equation of motion, from rest in equilibrium or from a given state."""
    parameters = fitted.model.parameters.as_dict()
    trajectory = motion.solve(parameters, initial_state)
    angle = trajectory.angle.numpy() + offset_of(fitted.model)
    if not with_variance or fitted.identification is None:
        return Prediction(angle, trajectory.state)
    free = FreeParameters(fitted.model.parameters)
    of_start = None
    if initial_state is None:
        of_start = _start_variance(fitted, motion, trajectory)
    if not len(free):
        variance, force_variance = of_start or (np.zeros_like(angle), np.zeros((len(angle), motion.model.n_muscles)))
        variance = variance + fitted.identification.noise_std**2
        return Prediction(angle, trajectory.state, variance, force_variance=force_variance)
    by_value, _ = state_sensitivity(motion, trajectory, parameters, free, from_rest=initial_state is None)
    by_state, direct = force_derivatives(motion, trajectory.all_states, parameters, free)
    force_variance = _propagate(direct + by_state @ by_value, fitted.identification.covariance)
    variance = _propagate(with_offset(by_value[:, : angle.shape[1]], free), fitted.identification.covariance)
    if of_start is not None:
        variance, force_variance = variance + of_start[0], force_variance + of_start[1]
    return Prediction(
        angle, trajectory.state, variance + fitted.identification.noise_std**2, force_variance=force_variance
    )


def _start_variance(fitted, motion, trajectory):
    """What the unknown start of each trial makes of the angles (n_frames, n_coordinates) [rad^2] and of the muscle forces
    (n_frames, n_muscles) [N^2]; None where the training knows no starts.
    """
    starts = fitted.start_states
    if starts is None:
        return None
    parameters = fitted.model.parameters.as_dict()
    by_start, of_force = start_sensitivity(motion, trajectory, parameters)
    moment = starts.second_moment(motion)[motion.trials.trial_of_frame]
    d = motion.model.n_coordinates
    variance = np.einsum("ndi,nij,ndj->nd", by_start[:, :d], moment, by_start[:, :d])
    force_variance = np.einsum("nmi,nij,nmj->nm", of_force, moment, of_force)
    try:  # large deviations last longer, or less long, than derivatives say
        rows, angle, force = spread_of_starts(starts, motion, trajectory, parameters)
        variance[rows] = np.maximum(variance[rows], angle)
        force_variance[rows] = np.maximum(force_variance[rows], force)
    except SimulationError:
        pass
    limit = np.maximum(starts.span**2, 1e-12)
    share = np.minimum(limit / np.maximum(variance, limit), 1.0)  # no start makes more uncertain than all angles are
    return variance * share, force_variance * share.min(axis=1)[:, None]


def _propagate(jacobian, covariance):
    """Variances (n_frames, n) of outputs whose derivatives are `jacobian` (n_frames, n, n_free)."""
    return np.einsum("ndi,ij,ndj->nd", jacobian, covariance, jacobian)


def predict_hybrid(fitted, motion, features, with_variance=False):
    """The learners' trajectory, made of EMG and simulated state, fused with the equation of motion and smoothed."""
    if fitted.hybrid is None:
        return simulate(fitted, motion, with_variance=with_variance)
    learners, physics, trust, _ = fitted.hybrid
    softened = None if physics is None else motion.with_model(physics)
    state = np.zeros((len(features), 0)) if softened is None else simulated_state(softened)
    members = learners.predict_members(features, state)
    belief = np.ones((len(features), 1))
    if softened is not None:
        simulated = state[:, : motion.model.n_coordinates]
        belief = trust.belief(simulated, blind(members), motion.trials)
    unknown, ode_weight = fitted.hybrid.unknown(motion), fitted.ode_weight
    belief[unknown] = 1.0  # there it is the learners who do not know
    if np.isinf(ode_weight):
        if belief.min() > BELIEF_OF_SIMULATION:
            return _smoothed_simulation(fitted, motion, with_variance)
        ode_weight = STRONG_WEIGHTS[-2]
    combined = learners.combined(members, belief)
    std = relative_std(combined.spread, trust.spread)
    variance = (trust.error_std * std) ** 2
    of_start = _variance_from_rest(fitted, motion) if with_variance else None
    if unknown.any() and softened is not None:
        # Beyond the training's loads and postures the learners guess; the parameters that explain the motion lead.
        std, softened = np.where(unknown[:, None], UNKNOWN_STD * std, std), motion
        ode_weight = max(ode_weight, UNKNOWN_WEIGHT)
    fused = None
    if ode_weight > 0 and softened is not None:
        # Where the simulation is not believed, neither is the equation behind it.
        weighed = std * np.maximum(belief, SMALLEST_BELIEF)
        fused = _fused(softened, combined.angle, ode_weight, learners.networks.scale, weighed)
    if fused is None:
        angle = _in_session(fitted, smooth(combined.angle, motion.trials, trust.cutoff))
        return Prediction(angle, variance=variance if of_start is None else variance + of_start[0])
    angle, result = fused
    joint = torch.from_numpy(_in_session(fitted, angle) - offset_of(motion.model))
    joint_state = torch.stack([joint, result.state[:, 1]], dim=1)
    angle = _in_session(fitted, smooth(angle, motion.trials, trust.cutoff))
    if not with_variance:
        return Prediction(angle, joint_state)
    of_state = _sized(result.variance(), variance, motion.trials)
    free = FreeParameters(fitted.model.parameters)
    by_state, direct = force_derivatives(motion, joint_state, fitted.model.parameters.as_dict(), free)
    force_variance = _propagate(direct, fitted.identification.covariance)
    force_variance = force_variance + np.einsum("nmi,ni->nm", by_state**2, of_state.reshape(len(angle), -1))
    variance = of_state[:, 0]
    if of_start is not None:
        variance, force_variance = variance + of_start[0], force_variance + of_start[1]
    return Prediction(angle, joint_state, variance, force_variance=force_variance)


def _variance_from_rest(fitted, motion):
    """`_start_variance` about the fitted model's simulation; None where there is none."""
    if fitted.start_states is None:
        return None
    try:
        return _start_variance(fitted, motion, motion.solve())
    except SimulationError:
        return None


def _in_session(fitted, angle):
    """Learners' angles (n_frames, n_coordinates) [rad] as the session's goniometer reads them, its measured postures heeded."""
    angle = angle + fitted.offset_shift
    return angle if fitted.posture_errors is None else angle + fitted.posture_errors.at(angle)


def _smoothed_simulation(fitted, motion, with_variance):
    result, trust = simulate(fitted, motion, with_variance=with_variance), fitted.hybrid.trust
    variance = None if result.variance is None else np.maximum(result.variance, trust.error_std**2)
    return result._replace(angle=smooth(result.angle, motion.trials, trust.cutoff), variance=variance)


def _fused(motion, angle, ode_weight, scale, std):
    """`predict_fused`, or None where the prediction is far from anything that the physics knows."""
    try:
        return predict_fused(motion, angle, ode_weight, scale, std)
    except SimulationError:
        return None


def _sized(of_state, variance, trials):
    """Variances (n_frames, 2, n_coordinates) of a fused state, of the size that held-out errors have.

    The least-squares posterior has the shape over each trial; at its median it has the size of the learners' `variance`
    (n_frames, n_coordinates) there. The start of a trial, whose state nothing but the prediction tells, would dominate a
    mean.
    """
    out = np.empty_like(of_state)
    for rows in trials.slices:
        out[rows] = of_state[rows] * (variance[rows].mean(axis=0) / np.median(of_state[rows, 0], axis=0))
    return out


def differentiated(motion, angle):
    """State (n_frames, 2, n_coordinates) of a predicted angle, its velocity by differences along each trial."""
    joint = angle - offset_of(motion.model)
    velocity = np.zeros_like(joint)
    for rows in motion.trials.slices:
        velocity[rows] = np.gradient(joint[rows], motion.trials.time[rows], axis=0)
    return torch.from_numpy(np.stack([joint, velocity], axis=1))


def along_measured(motion, angle):
    """Residual of the equation of motion along measured angles (n_frames, n_coordinates) [N m].

    Central differences; the first and last frame of a trial, which have no second derivative, and frames beside a
    missing angle are NaN. Elastic tendons are solved along the motion; where angles are missing they are taken in static
    equilibrium instead.
    """
    model = motion.model
    parameters = model.parameters.as_dict()
    differences = CentralDifferences(motion.trials)
    joint = torch.from_numpy(angle) - parameters["goniometer_offset"]
    velocity, acceleration = differences(joint)
    activation = torch.from_numpy(motion.activations(parameters))
    inner = differences.inner
    exogenous = {name: column[inner] for name, column in motion.frame_exogenous.items()}
    out = np.full(angle.shape, np.nan)
    tendon = None
    if np.isfinite(angle).all():
        tendon = tendons_along(motion, differentiated(motion, angle), parameters)
    if tendon is not None:
        tendon = tuple(values[inner] for values in tendon)
    residual, _ = model.residual_and_muscles(
        joint[inner], velocity, acceleration, activation[inner], parameters, exogenous, tendon=tendon
    )
    out[inner] = residual.numpy()
    return out


def pull(muscles):
    """Tendon forces (n_frames, n_muscles) [N] of a MuscleState as muscles have them: they cannot push."""
    return np.maximum(muscles.tendon_force.numpy(), 0.0)


def muscle_outputs(motion, state):
    """What the Hill-type muscles do along a motion, the states of elastic tendons solved along it.

    Parameters
    ----------
    motion : EquationOfMotion
    state : Tensor (n_frames, 2, n_coordinates)

    Returns
    -------
    muscles : MuscleState
        Fields (n_frames, n_muscles): tendon forces [N], fiber lengths [m] and so on.
    torque : ndarray (n_frames, n_coordinates)
        Of all muscles on each joint [N m].
    """
    model = motion.model
    parameters = model.parameters.as_dict()
    activation = torch.from_numpy(motion.activations(parameters))
    at = state[:, 0], state[:, 1], activation, parameters, motion.frame_exogenous
    tendon = tendons_along(motion, state, parameters)
    muscles, _ = model.muscle_state(*at, tendon=tendon)
    return muscles, model.muscle_torque(*at, tendon=tendon).numpy()
