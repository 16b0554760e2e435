"""Frames and trials: which rows belong together, and when each was measured.

Samples are frames, so nothing in a 2-D array says where one trial ends and the next begins. Every
operation in time (filters, lags, derivatives) asks this module first.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

HOLE, HOLE_STEPS = 0.5, 5  # s and median steps, beyond which two neighbouring frames are no one movement
SHORTEST_PART = 1.0  # s

__all__ = ["Trials", "find_trials", "lagged", "shifted", "thinned"]


@dataclass(frozen=True, eq=False)
class Trials:
    """The trials of an array of frames.

    Parameters
    ----------
    names : tuple of length n_trials
        Names of the trials in order of first appearance.
    starts : ndarray of shape (n_trials + 1,), dtype int
        Row offsets: trial k is made of the rows ``starts[k]:starts[k + 1]``.
    time : ndarray of shape (n_frames,), dtype float64
        Time of each frame [s], strictly increasing within a trial.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.trials import find_trials
    >>> trials = find_trials(np.zeros((5, 2)), sampling_rate=10.0, trial=["a", "a", "a", "b", "b"])
    >>> trials.names, trials.lengths.tolist(), trials.slices
    (('a', 'b'), [3, 2], [slice(0, 3, None), slice(3, 5, None)])
    """

    names: tuple
    starts: np.ndarray
    time: np.ndarray

    @property
    def n_frames(self):
        """Number of frames over all trials."""
        return len(self.time)

    @property
    def n_trials(self):
        """Number of trials."""
        return len(self.names)

    @property
    def lengths(self):
        """Frames per trial, ndarray of shape (n_trials,)."""
        return np.diff(self.starts)

    @property
    def trial_of_frame(self):
        """Position of each frame's trial in `names`, ndarray of shape (n_frames,)."""
        return np.repeat(np.arange(self.n_trials), self.lengths)

    @property
    def slices(self):
        """List of one slice of rows per trial."""
        return [slice(int(a), int(b)) for a, b in zip(self.starts[:-1], self.starts[1:])]

    @property
    def interval_starts(self):
        """Rows i for which i and i + 1 belong to one trial, ndarray (n_frames - n_trials,)."""
        is_last = np.zeros(self.n_frames, dtype=bool)
        is_last[self.starts[1:] - 1] = True
        return np.flatnonzero(~is_last)

    def take(self, frames):
        """Trials of some of the frames.

        Parameters
        ----------
        frames : ndarray of int or of bool
            Increasing rows, at least one of every trial.

        Returns
        -------
        Trials
            With those rows' times.
        """
        lengths = np.bincount(self.trial_of_frame[frames], minlength=self.n_trials)
        return Trials(self.names, np.cumsum([0, *lengths]), self.time[frames])

    def parted(self):
        """Trials that end at holes in their time, such as a block that cross-validation has taken out.

        Nothing is known of the movement in a hole: what follows begins anew. Parts shorter than a second stay with what
        came before them.

        Returns
        -------
        Trials
            Later parts have the time of their first frame in their name; self, where there is no hole.
        """
        names, starts = [], []
        for name, rows in zip(self.names, self.slices, strict=True):
            time = self.time[rows]
            step = np.diff(time)
            longest = max(HOLE, HOLE_STEPS * np.median(step)) if len(step) else np.inf
            names.append(name)
            starts.append(rows.start)
            for first in np.flatnonzero(step > longest) + 1:
                part = time[first - 1] - self.time[starts[-1]], time[-1] - time[first]
                if min(part) >= SHORTEST_PART:
                    names.append(f"{name} from {time[first]:g} s")
                    starts.append(rows.start + int(first))
        return self if len(names) == self.n_trials else Trials(tuple(names), np.array([*starts, self.n_frames]), self.time)

    @property
    def sampling_rate(self):
        """Median of 1 / dt over all intervals [Hz]; NaN when every trial has a single frame."""
        first = self.interval_starts
        if not len(first):
            return float("nan")
        return float(np.median(1.0 / (self.time[first + 1] - self.time[first])))


def shifted(values, trials, delay):
    """Signals read at earlier times within each trial.

    Parameters
    ----------
    values : ndarray (n_frames, n_columns)
        Signals.
    trials : Trials
        The trials of the frames.
    delay : float
        How much earlier [s]; later, where it is negative.

    Returns
    -------
    ndarray (n_frames, n_columns)
        Interpolated linearly; the trial's first and last frame stand for what lies outside.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.trials import find_trials, shifted
    >>> signal = np.array([[0.0], [1.0], [2.0]])
    >>> shifted(signal, find_trials(signal, sampling_rate=10.0), 0.1).ravel().tolist()
    [0.0, 0.0, 1.0]
    """
    out = np.empty_like(values)
    for rows in trials.slices:
        time = trials.time[rows]
        for j, signal in enumerate(values[rows].T):
            out[rows, j] = np.interp(time - delay, time, signal)
    return out


def thinned(trials, step):
    """Rows of every `step`-th frame of every trial and of its last one.

    Parameters
    ----------
    trials : Trials
        The trials of the frames.
    step : int
        Frames from one kept row to the next.

    Returns
    -------
    ndarray of int
        Increasing row numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.trials import find_trials, thinned
    >>> thinned(find_trials(np.zeros((6, 1)), sampling_rate=10.0), 3).tolist()
    [0, 3, 5]
    """
    kept = [np.append(np.arange(rows.start, rows.stop, step), rows.stop - 1) for rows in trials.slices]
    return np.unique(np.concatenate(kept))


def find_trials(X, *, sampling_rate=None, trial=None):
    """Read the trials from the index of `X`, or make them from a sampling rate.

    Parameters
    ----------
    X : DataFrame, Series or array-like of n_frames rows
        A pandas object whose index has a level named "time" [s], and optionally one named
        "trial" (in any order), carries its own trials. Anything else needs `sampling_rate`.
    sampling_rate : float, default=None
        Rate of the frames [Hz] where the index holds no time; every trial then starts at 0 s.
        An index level "time" takes precedence.
    trial : array-like of shape (n_frames,), default=None
        Name of the trial of each frame. None: the index level "trial", or one single trial
        named 0.

    Returns
    -------
    Trials or None
        None where nothing tells the time: the rows are unrelated frames.

    Raises
    ------
    ValueError
        If the rows of a trial are not contiguous or not strictly increasing in time, a time or
        a trial name is missing, `sampling_rate` is not positive, `trial` has the wrong length or
        contradicts the index, or trials are named without any time.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.trials import find_trials
    >>> find_trials(np.zeros((3, 2)), sampling_rate=10.0).time.tolist()
    [0.0, 0.1, 0.2]
    """
    index = X.index if isinstance(X, pd.DataFrame | pd.Series) else None
    levels = () if index is None else tuple(index.names)
    n_frames = len(np.asarray(X) if index is None else index)
    _check_sampling_rate(sampling_rate)
    labels = _trial_labels(index, levels, trial, n_frames)
    if "time" not in levels and sampling_rate is None:
        if labels is None:
            return None
        raise ValueError(
            "Trials are named but nothing tells the time of their frames. Give `sampling_rate` "
            "[Hz], or a DataFrame whose index has the levels 'trial' and 'time' (s)."
        )
    names, starts = _split(labels, n_frames)
    if "time" in levels:
        time = _time_of_index(index)
        _check_time(time, names, starts)
    else:
        row_in_trial = np.arange(n_frames) - np.repeat(starts[:-1], np.diff(starts))
        time = row_in_trial / float(sampling_rate)
    return Trials(names=names, starts=starts, time=time)


def lagged(values, trials, lags):
    """Sample every column at earlier times, never across the beginning of a trial.

    Parameters
    ----------
    values : array-like of shape (n_frames, n_columns)
        Signals.
    trials : Trials
        The trials of the frames.
    lags : array-like of shape (n_lags,)
        Lags [s], non-negative; values between frames are interpolated linearly, the first frame
        of a trial stands for the time before it.

    Returns
    -------
    ndarray of shape (n_frames, n_columns * n_lags)
        All columns at the first lag, then all columns at the second lag, and so on.

    Raises
    ------
    ValueError
        If a lag is negative or not finite, or `values` does not have `trials.n_frames` rows.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.trials import find_trials, lagged
    >>> signal = np.array([[0.0], [1.0], [2.0]])
    >>> lagged(signal, find_trials(signal, sampling_rate=10.0), [0.0, 0.1]).tolist()
    [[0.0, 0.0], [1.0, 0.0], [2.0, 1.0]]
    """
    values = np.asarray(values, dtype=np.float64)
    lags = np.asarray(lags, dtype=np.float64)
    if lags.ndim != 1 or not np.all(np.isfinite(lags)) or np.any(lags < 0):
        raise ValueError(f"`lags` must be a list of non-negative seconds. Got {lags.tolist()}.")
    if values.ndim != 2 or len(values) != trials.n_frames:
        raise ValueError(
            f"`values` must have shape (n_frames, n_columns) with {trials.n_frames} frames. "
            f"Got shape {values.shape}."
        )
    out = np.empty((len(values), len(lags), values.shape[1]))
    for rows in trials.slices:
        time = trials.time[rows]
        for i, lag in enumerate(lags):
            for j, signal in enumerate(values[rows].T):
                out[rows, i, j] = np.interp(time - lag, time, signal)
    return out.reshape(len(values), -1)


def _check_sampling_rate(sampling_rate):
    if sampling_rate is not None and not (np.isfinite(sampling_rate) and sampling_rate > 0):
        raise ValueError(f"`sampling_rate` must be a positive number of Hz. Got {sampling_rate!r}.")


def _trial_labels(index, levels, trial, n_frames):
    """The trial's name of each frame, from the argument or the index, or None."""
    from_index = index.get_level_values("trial") if "trial" in levels else None
    if trial is None:
        return from_index
    labels = pd.Index(np.asarray(trial))
    if len(labels) != n_frames:
        raise ValueError(
            f"`trial` must name the trial of every row. Got {len(labels)} names for "
            f"{n_frames} rows."
        )
    if from_index is not None and not labels.equals(from_index):
        given, indexed = labels.tolist(), from_index.tolist()
        row = next(i for i in range(n_frames) if given[i] != indexed[i])
        raise ValueError(
            f"`trial` and the index level 'trial' disagree, first at row {row}: "
            f"{given[row]!r} != {indexed[row]!r}. Give only one of them."
        )
    return labels


def _split(labels, n_frames):
    """Names and row offsets of the trials; each trial must be one contiguous piece."""
    if labels is None:
        return (0,), np.array([0, n_frames])
    codes, names = pd.factorize(labels)
    names = tuple(names.tolist())
    if np.any(codes < 0):
        raise ValueError(f"Row {int(np.argmax(codes < 0))} has no trial name (NaN or None).")
    first = np.flatnonzero(np.diff(codes, prepend=-1))
    revisited = first[codes[first] != np.arange(len(first))]
    if len(revisited):
        row = int(revisited[0])
        raise ValueError(
            f"Trial {names[codes[row]]!r} is in two pieces: row {row} continues it after rows of "
            "another trial. Sort the rows by trial, or give the pieces different names."
        )
    return names, np.append(first, n_frames)


def _time_of_index(index):
    time = index.get_level_values("time")
    if pd.api.types.is_timedelta64_dtype(time.dtype):
        time = time.total_seconds()
    elif not pd.api.types.is_numeric_dtype(time.dtype):
        raise ValueError(f"The index level 'time' must hold seconds. Got dtype {time.dtype}.")
    return np.asarray(time, dtype=np.float64)


def _check_time(time, names, starts):
    """Time must be finite and strictly increasing within each trial."""
    for name, start, stop in zip(names, starts[:-1], starts[1:]):
        missing = np.flatnonzero(~np.isfinite(time[start:stop]))
        if len(missing):
            row = int(start + missing[0])
            raise ValueError(f"Trial {name!r}, row {row}: time is {time[row]}. Drop such rows.")
        backward = np.flatnonzero(np.diff(time[start:stop]) <= 0)
        if len(backward):
            row = int(start + backward[0] + 1)
            fault = "repeats" if time[row] == time[row - 1] else "goes back to"
            raise ValueError(
                f"Trial {name!r}, row {row}: time {fault} {time[row]:g} s after "
                f"{time[row - 1]:g} s. Time must increase strictly within a trial: sort the rows "
                "by time and drop duplicates."
            )
