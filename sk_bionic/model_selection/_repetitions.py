"""Repetitions of a movement, found in the joint angle."""

import numpy as np
import pandas as pd

from sk_bionic.trials import Trials, find_trials
from sk_bionic.trials.filters import smooth

CUTOFF = 1.5  # Hz; the movements of a session are slower, tremor and artefacts are faster
RANGE_PERCENTILES = (3, 97)  # of the angle; what lies beyond may be an artefact
# Hysteresis: left below the one share of the range and above the other, a posture is another one.
LOW, HIGH = 0.35, 0.65
START_SECONDS = 0.5  # how long the starting posture is looked at
SMALLEST_RANGE = np.deg2rad(10.0)


def find_repetitions(y, *, sampling_rate=None, trial=None, smallest_range=SMALLEST_RANGE):
    """Number the repetitions of a movement in each trial, from the joint angle.

    A repetition departs from the posture in which the trial begins and returns to it. The angle is
    smoothed (zero-lag, 1.5 Hz); a posture is left where it crosses 65 % of the trial's range (3rd
    to 97th percentile) and regained at 35 %, or the other way round where the trial begins at the
    upper end. Two repetitions meet midway between return and next departure; a hole in time ends one.

    Parameters
    ----------
    y : Series or array-like of shape (n_frames,)
        Joint angle [rad], the time in its index or at `sampling_rate`. NaN is bridged by straight
        lines.
    sampling_rate : float, default=None
        Rate of the frames [Hz] where the index of `y` holds no time.
    trial : array-like of shape (n_frames,), default=None
        Name of the trial of each frame, for arrays.
    smallest_range : float, default=0.1745
        Smallest range [rad] that counts as movement (10 deg).

    Returns
    -------
    ndarray of shape (n_frames,), dtype int
        Number of the repetition within its trial, from 0. A departure at the end of a trial that
        never returns has its own number.

    Raises
    ------
    ValueError
        If nothing tells the time, or a trial holds no repetition.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.model_selection import find_repetitions
    >>> angle = 1 - np.cos(2 * np.pi * 0.5 * np.arange(500) / 100)  # 2.5 cycles of 2 s at 100 Hz
    >>> np.bincount(find_repetitions(angle, sampling_rate=100)).tolist()
    [210, 200, 90]
    """
    trials = find_trials(y, sampling_rate=sampling_rate, trial=trial)
    if trials is None:
        raise ValueError(
            "Nothing tells the time of the angles: give `sampling_rate` [Hz], or a Series whose "
            "index has the levels 'trial' and 'time' (s)."
        )
    return number_repetitions(as_angle(y), trials, smallest_range)


def as_angle(y):
    """Angle of one joint as an array (n_frames,) [rad]."""
    angle = np.asarray(y, dtype=np.float64)
    if angle.ndim == 2 and angle.shape[1] == 1:
        angle = angle[:, 0]
    if angle.ndim != 1:
        raise ValueError(
            f"Repetitions are found in the angle of one joint: pass one column of `y`. Got shape {angle.shape}."
        )
    return angle


def number_repetitions(angle, trials, smallest_range=SMALLEST_RANGE):
    """Number of the repetition of each frame within its trial, (n_frames,). A hole in time ends a repetition."""
    parts = trials.parted()
    trial = trials.trial_of_frame[parts.starts[:-1]]
    numbers = np.empty(trials.n_frames, dtype=int)
    for k in range(trials.n_trials):
        slices = [rows for rows, of in zip(parts.slices, trial, strict=True) if of == k]
        found = [_repetitions_of(angle[rows], trials.time[rows], trials.names[k], smallest_range) for rows in slices]
        if all(isinstance(part, ValueError) for part in found):
            raise found[int(np.argmax([rows.stop - rows.start for rows in slices]))]
        first = 0
        for rows, part in zip(slices, found, strict=True):  # a part without a repetition is one on its own
            numbers[rows] = first + (0 if isinstance(part, ValueError) else part)
            first = numbers[rows][-1] + 1
    return numbers


def _repetitions_of(angle, time, name, smallest_range):
    """Number of the repetition of each frame of a part of a trial, or the error that says why there is none."""
    try:
        changes = _changes_of_posture(angle, time, name, smallest_range)
    except ValueError as error:
        return error
    boundaries = [(a + b) // 2 for a, b in zip(changes[1::2], changes[2::2], strict=False)]
    return np.searchsorted(boundaries, np.arange(len(time)), side="right")


def _changes_of_posture(angle, time, name, smallest_range):
    """Rows of one trial where the posture changes: departure, return, departure, ..."""
    known = np.isfinite(angle)
    if not known.any():
        raise ValueError(f"Trial {name!r} has no known angle, so no repetition can be found in it.")
    filled = np.interp(time, time[known], angle[known])
    trial = Trials((name,), np.array([0, len(time)]), time)
    smoothed = smooth(filled[:, np.newaxis], trial, CUTOFF)[:, 0]
    bottom, top = np.percentile(smoothed, RANGE_PERCENTILES)
    low, high = bottom + LOW * (top - bottom), bottom + HIGH * (top - bottom)
    is_up = pd.Series(np.select([smoothed > high, smoothed < low], [1.0, 0.0], np.nan))
    starts_up = smoothed[time < time[0] + START_SECONDS].mean() > (low + high) / 2
    is_up = is_up.ffill().fillna(float(starts_up)).to_numpy()
    changes = np.flatnonzero(np.diff(is_up, prepend=float(starts_up)))
    if top - bottom < smallest_range or len(changes) < 2:
        raise ValueError(
            f"Trial {name!r} holds no repetition: its angle (range {np.rad2deg(top - bottom):.3g} "
            f"deg, {time[-1] - time[0]:.3g} s) does not depart from the starting posture by "
            f"at least {np.rad2deg(smallest_range):.3g} deg and return. Leave this trial out, or "
            "split it with BlockedKFold."
        )
    return changes
