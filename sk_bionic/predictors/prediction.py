"""What a predictor says about new frames, and what muscles and equation make of a motion."""

from dataclasses import dataclass

import numpy as np

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
    return model.parameters.as_dict()["goniometer_offset"]


def with_offset_moved(model, shift):
    """Model whose goniometer offsets are moved by `shift` (n_coordinates,) [rad]."""
    values = model.parameters.value.copy()
    values[model.parameters.slices["goniometer_offset"]] += shift
    return model.with_values(values)


def pull(muscles):
    """Tendon forces (n_frames, n_muscles) [N] of a MuscleState as muscles have them: they cannot push."""
    return np.maximum(muscles.tendon_force, 0.0)
