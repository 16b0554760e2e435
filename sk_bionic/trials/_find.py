"""Which rows belong together, told by an index, a sampling rate or names."""

import numpy as np
import pandas as pd

from ._trials import Trials


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


def _check_sampling_rate(sampling_rate):
    if sampling_rate is not None and not (np.isfinite(sampling_rate) and sampling_rate > 0):
        raise ValueError(f"`sampling_rate` must be a positive number of Hz. Got {sampling_rate!r}.")


def _trial_labels(index, levels, trial, n_frames):
    """The trial's name of each frame, from the argument or the index, or None."""
    from_index = index.get_level_values("trial") if "trial" in levels else None
    if trial is None:
        return from_index
    shape = np.shape(np.asarray(trial, dtype=object))
    if len(shape) != 1:
        raise ValueError(
            f"`trial` must be a sequence of one name for each row. Got {type(trial).__name__} of shape {shape}."
        )
    labels = pd.Index(np.asarray(trial), tupleize_cols=False)
    if len(labels) != n_frames:
        raise ValueError(f"`trial` must name the trial of every row. Got {len(labels)} names for {n_frames} rows.")
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
    for name, start, stop in zip(names, starts[:-1], starts[1:], strict=False):
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
