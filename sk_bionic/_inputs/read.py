"""From X and y to a recording: when each frame was measured, what it is worth, which frames are worked on."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import _check_sample_weight, check_array

from ..dynamics.equation import EquationOfMotion
from ..exceptions import warn_user
from ..trials import Recording, find_trials
from ..trials._work_frames import WorkFrames
from .checks import (
    check_angles,
    check_labels,
    check_load,
    check_prescribed,
    check_same_index,
    check_trial_lengths,
    warn_of_rough,
)
from .frame_checks import check_finite, check_weights, numeric


@dataclass(frozen=True)
class FrameSettings:
    """How frames are read; the estimator's parameters of the same names.

    Parameters
    ----------
    sampling_rate : float or None
        Of X without a time index [Hz].
    frame_rate : float or None
        Frames per second that are enough [Hz].
    history : float
        How long what predicts looks back [s].
    """

    sampling_rate: float | None
    frame_rate: float | None
    history: float


class Training(NamedTuple):
    """What a training is read as: the frames to learn from (all columns of X as EMG), whether y has one dimension, and
    frames per second [Hz] as they were measured (None without time).
    """

    recording: Recording
    is_1d: bool
    sampling_rate: float | None


def read_training(X, y, values, names, frames, *, trial=None, sample_weight=None, estimator=None):
    """The frames to learn from, no more a second than a movement needs, of parts that are long enough.

    Parameters
    ----------
    X, y : array-like
        As `fit` was given them: their indexes tell time and trials.
    values : ndarray (n_rows, n_columns)
        X as numbers.
    names : tuple of str
        Of its columns.
    frames : FrameSettings
    trial, sample_weight : array-like (n_rows,), optional
        As of `fit`.
    estimator : estimator, optional
        Named in errors; its `feature_names_in_`, or a model of its own, tell that y must be in radians.

    Returns
    -------
    Training
        Its recording without trials where nothing tells the time.

    Raises
    ------
    ValueError
        When rows, times, values, angles or weights cannot be used; the message names them.
    """
    trials = _trials_of(X, values, frames, trial)
    check_finite(values, np.ones(values.shape[1], bool), trials, names)
    angle, is_1d = read_angles(X, y, values, trials, estimator)
    weight = _check_sample_weight(sample_weight, values, dtype=np.float64, ensure_non_negative=True)
    check_weights(weight)
    check_labels(angle, weight)
    angle = np.where(weight[:, None] > 0, angle, np.nan)  # whoever gives an angle no weight does not know it
    recording = Recording(trials, values, {}, angle, weight)
    if trials is None:
        return Training(recording, is_1d, None)
    return Training(_to_learn_from(recording, frames), is_1d, trials.sampling_rate)


def read_recording(X, values, names, frames, *, in_time=True, y=None, estimator=None):
    """New frames to work on, and the way back to the rows of X.

    Parts of trials that holes have left are held as long as what predicts looks back.

    Parameters
    ----------
    X, values, names, frames, y, estimator
        As of `read_training`.
    in_time : bool
        Whether the estimator was fitted on trials in time.

    Returns
    -------
    recording : Recording
        All columns of X as `emg`; without trials where the estimator knows no time.
    work : WorkFrames or None
        None without trials.

    Raises
    ------
    ValueError
        As `read_training`; when nothing tells the time that the estimator needs.
    """
    trials = _trials_of(X, values, frames)
    trials = trials if in_time else None
    if trials is None and in_time:
        raise ValueError(
            "The estimator was fitted on trials in time. Pass X with the index levels 'trial' and 'time' (s), or set "
            "`sampling_rate`."
        )
    check_finite(values, np.ones(values.shape[1], bool), trials, names)
    angle = None if y is None else read_angles(X, y, values, trials, estimator)[0]
    if trials is None:
        return Recording(None, values, {}, angle), None
    work = _work_frames(trials, frames)
    if work.are_measured:
        return Recording(work.trials, values, {}, angle), work
    angle = None if angle is None else work.labels(angle, np.ones(len(angle)))[0]
    return Recording(work.trials, work.means(values), {}, angle), work


def read_angles(X, y, values, trials, estimator):
    """Angles (n_rows, n_outputs), checked, and whether y has one dimension."""
    check_same_index(X, y)
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y is None."
        )
    angle = check_array(
        numeric(y),
        ensure_2d=False,
        dtype=np.float64,
        ensure_all_finite="allow-nan",
        input_name="y",
        estimator=estimator,
    )
    if len(angle) != len(values):
        raise ValueError(f"X and y have inconsistent numbers of rows: {len(values)} and {len(angle)}.")
    if angle.ndim == 2 and angle.shape[1] == 1:
        warn_user("A column-vector y was passed when a 1d array was expected.", DataConversionWarning)
        angle = angle[:, 0]
    is_1d = angle.ndim == 1
    angle = angle.reshape(len(angle), -1)
    check_angles(angle, trials, strict=hasattr(estimator, "feature_names_in_") or estimator.model != "auto")
    return angle, is_1d


def in_columns(recording, roles, emg_scale, model):
    """The recording with its columns told apart: EMG, 1 at full excitation, and external inputs by name.

    Parameters
    ----------
    recording : Recording
        As `read_training` and `read_recording` leave it.
    roles : ColumnRoles
    emg_scale : ndarray (n_channels,)
        EMG amplitude that counts as excitation 1.
    model : MusculoskeletalModel
        Says which angles are prescribed.

    Returns
    -------
    Recording

    Raises
    ------
    ValueError
        When a load is negative or a prescribed angle is not in radians.

    Warns
    -----
    UserWarning
        When a prescribed angle is rough.
    """
    columns = recording.emg
    check_load(columns, roles)
    check_prescribed(columns, roles, model, recording.trials)
    external = {name: columns[:, column] for name, column in roles.exogenous.items()}
    emg = np.take(columns, roles.emg, axis=1)  # a copy, frame by frame as the equation has it
    emg /= emg_scale
    recording = replace(recording, emg=emg, external=external)
    if model.prescribed_names:
        warn_of_rough(EquationOfMotion.of(model, recording))
    return recording


def _trials_of(X, values, frames, trial=None):
    return find_trials(X if isinstance(X, pd.DataFrame) else values, sampling_rate=frames.sampling_rate, trial=trial)


def _to_learn_from(recording, frames):
    trials = recording.trials
    parts = trials.parted()
    short, message = trials.short_parts(parts, needed=frames.history)
    if message:
        warn_user(message)
        kept = ~short[parts.trial_of_frame]
        parts = parts.without(short)
        recording = replace(
            recording, emg=recording.emg[kept], angle=recording.angle[kept], weight=recording.weight[kept]
        )
        check_labels(recording.angle, recording.weight)
    check_trial_lengths(parts)
    work = WorkFrames.of(parts, frames.frame_rate)
    if work.are_measured:
        return replace(recording, trials=parts)
    angle, weight = work.labels(recording.angle, recording.weight)
    return Recording(work.trials, work.means(recording.emg), {}, angle, weight)


def _work_frames(trials, frames):
    parts = trials.parted()
    whole = trials.lengths[trials.trial_of_frame[parts.starts[:-1]]] == parts.lengths
    return WorkFrames.of(parts, frames.frame_rate, np.where(whole, 0.0, frames.history))
