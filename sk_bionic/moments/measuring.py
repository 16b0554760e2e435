"""From frames of EMG and angles, or of geometry as data, to a model along measured motion."""

from typing import NamedTuple

import numpy as np

from .. import _inputs as inputs
from ..dynamics.measured import MeasuredMotion
from ..exceptions import warn_user
from ..trials import Trials


class Frames(NamedTuple):
    """Frames as they came.

    `values` (n_frames, n_columns) under `names`; `trials` None where nothing tells the time; `index` of X, None of
    arrays.
    """

    values: np.ndarray
    names: list
    trials: Trials | None
    index: object = None


class Measured(NamedTuple):
    """A model along the frames that can be worked on."""

    motion: MeasuredMotion
    rows: np.ndarray  # (n_frames,) of bool: frames of X that are worked on
    first: np.ndarray  # of the motion's frames: those that stand for rows of X
    emg: np.ndarray  # (n_worked, n_channels), scaled
    angle: np.ndarray | None  # (n_worked, n_coordinates) [rad]

    def at_frames(self, values):
        """Values (n_motion_frames, ...) at all frames of X, NaN beside those that are worked on."""
        out = np.full((len(self.rows), *values.shape[1:]), np.nan)
        out[self.rows] = values[self.first]
        return out

    def of_motion(self, values):
        """Values (n_frames, ...) of X at the motion's frames; NaN where a frame is only held."""
        out = np.full((self.motion.trials.n_frames, *values.shape[1:]), np.nan)
        out[self.first] = values[self.rows]
        return out


def measure(model, frames, geometry=None, emg_scale=1.0, *, training=True):
    """The model along the frames.

    Parameters
    ----------
    model : MusculoskeletalModel
    frames : Frames
        EMG columns under the names of the model's channels; angles [rad] under the coordinates' names.
    geometry : MuscleGeometry, optional
        Lengths and moment arms instead of those of the angles.
    emg_scale : array-like (n_channels,) or float
        EMG amplitude that counts as excitation 1.
    training : bool
        Whether EMG far beyond full excitation is an error; else it is clipped, with a warning.

    Returns
    -------
    Measured

    Raises
    ------
    ValueError
        When columns are missing or unknown, angles look like degrees, or the geometry does not cover the frames.
    """
    names, trials = frames.names, frames.trials
    trials, rows = _parts(trials) if trials is not None else (None, np.ones(len(frames.values), bool))
    values = frames.values[rows]
    named = trials if trials is not None else _one_each(len(values))
    angle = _angles(model, values, names, named, geometry is None)
    others = [i for i, name in enumerate(names) if name not in model.coordinate_names]
    roles = inputs.assign_columns([names[i] for i in others], model)
    emg = values[:, others][:, roles.emg]
    inputs.warn_of_negative(emg, roles.emg_names, named)
    emg = emg / emg_scale
    if emg.shape[1] and training:
        inputs.check_amplitude(emg, roles.emg_names, named)
    elif emg.shape[1]:
        emg = inputs.clipped(emg, roles.emg_names, named)
    given = {name: values[:, others][:, column] for name, column in roles.exogenous.items()}
    inputs.check_prescribed(values[:, others], roles, model, named)
    excitation = model.excitation(emg)
    if trials is None:
        held = _held(len(values))
        motion = _motion(model, held, excitation, angle, given, geometry, None, np.arange(len(values)).repeat(2))
        return Measured(motion, rows, held.starts[:-1], emg, angle)
    index = None if frames.index is None else frames.index[rows]
    motion = _motion(model, trials, excitation, angle, given, geometry, index, slice(None))
    return Measured(motion, rows, np.arange(len(values)), emg, angle)


def _motion(model, trials, excitation, angle, given, geometry, index, taken):
    angle = None if angle is None else angle[taken]
    if geometry is None:
        given = {name: column[taken] for name, column in given.items() if name in model.prescribed_names}
        return MeasuredMotion.of_angles(model, trials, excitation[taken], angle, given)
    if index is None:
        raise ValueError(
            "Geometry as data belongs to trials in time: pass X as a DataFrame with the index levels 'trial' and "
            "'time' (s)."
        )
    own = geometry.take(model.muscle_names, model.coordinate_names).at(index)
    return MeasuredMotion.of_geometry(model, trials, excitation, own, angle)


def _angles(model, values, names, trials, needed):
    """Angles (n_frames, n_coordinates) [rad]; None where geometry is data and X has not all of them."""
    absent = [name for name in model.coordinate_names if name not in names]
    if absent and needed:
        raise ValueError(
            f"X lacks the measured angles {absent} [rad] of the model {model.name!r}. Got the columns {names}."
        )
    if absent:
        return None
    angle = values[:, [names.index(name) for name in model.coordinate_names]]
    for name, column in zip(model.coordinate_names, angle.T, strict=True):
        inputs.check_radians(name, column, trials)
    return angle


def _one_each(n):
    """Every row a trial of its own, for messages."""
    return Trials(tuple(range(n)), np.arange(n + 1), np.zeros(n))


def _held(n):
    """Trials of two frames, between which nothing moves: rows without time are postures that are held."""
    return Trials(tuple(range(n)), 2 * np.arange(n + 1), np.tile([0.0, 1.0], n))


def _parts(trials):
    """Trials that end at holes, and the rows (n_frames,) of bool of those that have an acceleration."""
    parts = trials.parted()
    short, message = trials.short_parts(parts, inputs.FEWEST_FRAMES)
    if message:
        warn_user(message)
        rows = ~short[parts.trial_of_frame]
        parts = parts.without(short)
    else:
        rows = np.ones(trials.n_frames, dtype=bool)
    inputs.check_trial_lengths(parts)
    return parts, rows
