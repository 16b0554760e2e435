"""What a fitted model says about new frames: angles, their standard deviation, the motion behind them."""

from typing import NamedTuple

import numpy as np
import torch

from .dynamics.grid import CentralDifferences
from .dynamics.sensitivity import state_sensitivity
from .hybrid import predict_fused
from .musculoskeletal.prior import FreeParameters


class Prediction(NamedTuple):
    """Predicted motion.

    `angle` (n_frames, n_coordinates) as the goniometer reads it [rad]; `state` (n_frames, 2, n_coordinates), joint angle and velocity, or None where the
    network alone predicts; `variance` of the angle [rad^2] or None where it was not asked for; `force` (n_frames, n_muscles), the network's normalised forces, or None.
    """

    angle: np.ndarray
    state: torch.Tensor | None = None
    variance: np.ndarray | None = None
    force: np.ndarray | None = None


def offset_of(model):
    """Goniometer offsets (n_coordinates,) [rad]."""
    return model.parameters.as_dict()["goniometer_offset"].numpy()


def predict_network(fitted, features):
    """The network's own angles; their variance is that of its training residual."""
    angle, force = fitted.network.predict(features)
    variance = np.full_like(angle, fitted.network.history[-1]["data_loss"]) * fitted.network.scale**2
    if fitted.trust is not None:
        variance = np.broadcast_to(fitted.trust.network_std**2, angle.shape)
    return Prediction(angle, variance=variance, force=force)


def simulate(fitted, motion, initial_state=None, with_variance=False):
    """The identified equation of motion, from rest in equilibrium or from a given state."""
    parameters = fitted.model.parameters.as_dict()
    drive = motion.drive(parameters)
    trajectory = motion.solve(parameters, initial_state, drive=drive)
    angle = trajectory.angle.numpy() + offset_of(fitted.model)
    if not with_variance or fitted.identification is None:
        return Prediction(angle, trajectory.state)
    free = FreeParameters(fitted.model.parameters)
    by_value, _ = state_sensitivity(motion, trajectory, drive, parameters, free, from_rest=initial_state is None)
    by_value = by_value[:, : angle.shape[1]]
    for j, index in enumerate(free.index.tolist()):
        row = fitted.model.parameters.rows[index]
        if row.name == "goniometer_offset":
            by_value[:, fitted.model.coordinate_names.index(row.owner), j] += 1.0
    variance = np.einsum("ndi,ij,ndj->nd", by_value, fitted.identification.covariance, by_value)
    return Prediction(angle, trajectory.state, variance + fitted.identification.noise_std**2)


def predict_hybrid(fitted, motion, features, with_variance=False):
    """The network's trajectory fused with the identified equation."""
    network = predict_network(fitted, features)
    if fitted.ode_weight == 0:
        return network
    angle, fused = predict_fused(fitted.model, motion, network.angle, fitted.ode_weight, fitted.network.scale)
    variance = None
    if with_variance:
        # The least-squares posterior has the shape over time; its size is that of the error on held-out frames, where there were any.
        variance = fused.variance()
        if fitted.trust is not None:
            variance = variance * fitted.trust.fused_std**2 / variance.mean(axis=0)
    return Prediction(angle, fused.state, variance, network.force)


def differentiated(motion, angle):
    """State (n_frames, 2, n_coordinates) of a predicted angle, its velocity by differences along each trial."""
    joint = angle - offset_of(motion.model)
    velocity = np.zeros_like(joint)
    for rows in motion.trials.slices:
        velocity[rows] = np.gradient(joint[rows], motion.trials.time[rows], axis=0)
    return torch.from_numpy(np.stack([joint, velocity], axis=1))


def along_measured(motion, angle):
    """Residual of the equation of motion along measured angles (n_frames, n_coordinates) [N m].

    Central differences; the first and last frame of a trial, which have no second derivative, and frames beside a missing angle are NaN.
    """
    model = motion.model
    parameters = model.parameters.as_dict()
    differences = CentralDifferences(motion.trials)
    joint = torch.from_numpy(angle) - parameters["goniometer_offset"]
    velocity, acceleration = differences(joint)
    activation = model.activation(motion.dynamics.solve(parameters), parameters)
    inner = differences.inner
    exogenous = {name: column[inner] for name, column in motion.frame_exogenous.items()}
    out = np.full(angle.shape, np.nan)
    out[inner] = model.residual(joint[inner], velocity, acceleration, activation[inner], parameters, exogenous).numpy()
    return out


def muscle_outputs(motion, state):
    """Hill-type muscle forces [N], activations (n_frames, n_muscles) and muscle torques [N m] (n_frames, n_coordinates) along a motion."""
    model = motion.model
    parameters = model.parameters.as_dict()
    activation = model.activation(motion.dynamics.solve(parameters), parameters)
    muscles, moment_arm = model.muscle_state(state[:, 0], state[:, 1], activation, parameters)
    torque = (moment_arm * muscles.tendon_force.unsqueeze(-2)).sum(-1)
    return muscles.tendon_force.numpy(), activation.numpy(), torque.numpy()
