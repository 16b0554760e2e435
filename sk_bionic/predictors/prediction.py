"""What a predictor says about new frames, and what muscles and equation make of a motion."""

from dataclasses import dataclass

import numpy as np
import torch

from ..dynamics.grid import CentralDifferences
from ..dynamics.tendons import tendons_along
from ..dynamics.trajectory import Trajectory


@dataclass(frozen=True, eq=False)
class Prediction:
    """Predicted motion.

    Attributes
    ----------
    angle : ndarray (n_frames, n_coordinates)
        As the goniometer reads it [rad].
    trajectory : Trajectory or None
        Motion of the joints behind it; None where learners alone predict.
    angle_std : ndarray (n_frames, n_coordinates) or None
        Standard deviation of measured minus predicted angle [rad], where asked for.
    force : ndarray (n_frames, n_muscles) or None
        Muscle forces that a network says itself [N]; None where they are the Hill-type muscles' along the trajectory.
    force_std : ndarray (n_frames, n_muscles) or None
        Standard deviation of the Hill-type muscles' forces [N], where asked for.
    """

    angle: np.ndarray
    trajectory: Trajectory | None = None
    angle_std: np.ndarray | None = None
    force: np.ndarray | None = None
    force_std: np.ndarray | None = None


def offset_of(model):
    """Goniometer offsets (n_coordinates,) [rad]."""
    return model.parameters.as_dict()["goniometer_offset"].numpy()


def with_offset_moved(model, shift):
    """Model whose goniometer offsets are moved by `shift` (n_coordinates,) [rad]."""
    values = model.parameters.value.copy()
    values[model.parameters.slices["goniometer_offset"]] += shift
    return model.with_values(values)


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
