"""Joint torques along a motion that is given: EMG-driven forward moments, with exact derivatives."""

import numpy as np
import torch

from ..musculoskeletal.parameters import PASSIVE_PARAMETERS
from .prescribed import PrescribedMotion
from .tendons import tendon_sensitivity, tendons_along


def measured_motion(motion, angle):
    """State (n_frames, 2, n_coordinates) of measured angles (n_frames, n_coordinates) [rad].

    Angles less the goniometer's offset [rad], and the velocities [rad/s] of a spline through them.
    """
    joint = angle - motion.model.parameters.as_dict()["goniometer_offset"].numpy()
    splines = [PrescribedMotion(motion.grid, column).at(motion.grid.frames) for column in joint.T]
    return torch.stack(splines, dim=-1)[:, :2]


def acting_parameters(model):
    """Names of the parameters on which the torque of muscles and tissue depends, list of str."""
    return [*model.parameters.muscle_names, *PASSIVE_PARAMETERS]


def torque_along(motion, state, parameters):
    """Torque of muscles and passive tissue along a given motion.

    Parameters
    ----------
    motion : EquationOfMotion
    state : Tensor (n_frames, 2, n_coordinates)
        Angles [rad] and angular velocities [rad/s] (see `measured_motion`).
    parameters : dict of Tensor

    Returns
    -------
    ndarray (n_frames, n_coordinates)
        sum_m R_m F_m + tau_passive [N m], positive when it increases the angle: what inverse dynamics calls the joint's
        generalised force. Elastic tendons obey their own dynamics along the motion.

    Raises
    ------
    SimulationError
        When activation dynamics or tendons cannot be solved; names the trial.
    """
    tendon = tendons_along(motion, state, parameters)
    states = state.numpy()
    if tendon is not None:
        states = np.concatenate([states, np.stack([values.numpy() for values in tendon], axis=1)], axis=2)
    return motion.march(parameters).along(states).torque


def torque_and_derivative(motion, state, parameters, free):
    """As `torque_along`, with the exact derivative.

    Parameters
    ----------
    motion, state, parameters
        As in `torque_along`.
    free : FreeParameters
        Rows of `acting_parameters` only.

    Returns
    -------
    torque : ndarray (n_frames, n_coordinates)
        [N m].
    derivative : ndarray (n_frames, n_coordinates, n_free)
        With respect to the free parameters' values.

    Raises
    ------
    SimulationError
        As `torque_along`.
    """
    of_tendons = None
    if motion.model.n_tendon_states:
        state, _, (of_tendons, _) = tendon_sensitivity(motion, state, parameters, free)
    found = motion.march(parameters, free.index.numpy()).along(state.numpy(), of_torque=True)
    derivative = found.torque_by_parameter
    if of_tendons is not None:
        derivative = derivative + found.torque_by_tendon @ of_tendons.numpy()
    return found.torque, derivative
