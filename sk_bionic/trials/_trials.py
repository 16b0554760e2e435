"""The trials of an array of frames, and how an index, a sampling rate or names tell them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

# s and median steps, beyond which two neighbouring frames are no one movement
HOLE, HOLE_STEPS = 0.5, 5
SHORTEST_PART = 1.0  # s of a part that something is learnt from
N_NAMED = 3  # parts that a message names


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
        return np.repeat(np.arange(len(self.names)), np.diff(self.starts))

    @cached_property
    def slices(self):
        """List of one slice of rows per trial."""
        return [slice(int(a), int(b)) for a, b in zip(self.starts[:-1], self.starts[1:], strict=False)]

    @property
    def interval_starts(self):
        """Rows i for which i and i + 1 belong to one trial, ndarray (n_frames - n_trials,)."""
        is_last = np.zeros(len(self.time), dtype=bool)
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

    def without(self, dropped):
        """The other trials.

        Parameters
        ----------
        dropped : ndarray of bool (n_trials,)
            Those to leave out.

        Returns
        -------
        Trials
            Of the remaining frames.
        """
        names = tuple(name for name, out in zip(self.names, dropped, strict=True) if not out)
        starts = np.cumsum([0, *self.lengths[~dropped]])
        return Trials(names, starts, self.time[~dropped[self.trial_of_frame]])

    def parted(self, shortest_hole=HOLE):
        """Trials that end at holes in their time, such as a block that cross-validation has taken out.

        Nothing is known of the movement in a hole: what follows begins anew.

        Parameters
        ----------
        shortest_hole : float, default=0.5
            A hole is a step of more than this [s] and more than five usual steps. 0 for filters, which need
            uniform time.

        Returns
        -------
        Trials
            Later parts have the time of their first frame in their name; self, where there is no hole.
        """
        names, starts = [], []
        for name, rows in zip(self.names, self.slices, strict=True):
            step = np.diff(self.time[rows])
            longest = max(shortest_hole, HOLE_STEPS * np.median(step)) if len(step) else np.inf
            behind = rows.start + 1 + np.flatnonzero(step > longest)
            names += [name, *(f"{name} from {self.time[row]:g} s" for row in behind)]
            starts += [rows.start, *behind.tolist()]
        if len(names) == self.n_trials:
            return self
        return Trials(tuple(names), np.array([*starts, self.n_frames]), self.time)

    def short_parts(self, parts, fewest_frames=None, needed=0.0):
        """Parts too short to learn from: of a trial in parts all that last less than a second, but for its longest.

        What the limb does in a second is mostly what it did before, which nobody knows behind a hole.

        Parameters
        ----------
        parts : Trials
            As `parted` returns them.
        fewest_frames : int, optional
            How many frames a part needs instead, where the motion is measured.
        needed : float, default=0.0
            Duration [s] that the longest part needs, too.

        Returns
        -------
        short : ndarray of bool (n_parts,)
            Which parts to leave out.
        message : str
            Which they are, in words; empty where there are none.
        """
        if parts is self:
            return np.zeros(self.n_trials, dtype=bool), ""
        trial = self.trial_of_frame[parts.starts[:-1]]
        first, last = parts.time[parts.starts[:-1]], parts.time[parts.starts[1:] - 1]
        longest = np.zeros(self.n_trials)
        np.maximum.at(longest, trial, last - first)
        if fewest_frames is None:
            limit = f"{SHORTEST_PART:g} s, too short to learn from"
            short = last - first + 1.0 / self.sampling_rate < SHORTEST_PART * (1 - 1e-6)
        else:
            limit, short = f"{fewest_frames} frames, too short for an acceleration", parts.lengths < fewest_frames
        short &= last - first < np.where(longest < needed, np.inf, longest)[trial]
        short &= not short.all()  # then there is nothing else, and what needs more says so
        named = [
            f"{self.names[trial[k]]!r} from {first[k]:g} to {last[k]:g} s ({parts.lengths[k]} frames)"
            for k in np.flatnonzero(short)
        ]
        if not named:
            return short, ""
        more = f" and {len(named) - N_NAMED} more" if len(named) > N_NAMED else ""
        return short, (
            f"Beside holes in time, parts of trials are shorter than {limit}, and left out: "
            f"{', '.join(named[:N_NAMED])}{more}."
        )

    @cached_property
    def sampling_rate(self):
        """Median of 1 / dt over all intervals [Hz]; NaN when every trial has a single frame."""
        first = self.interval_starts
        if not len(first):
            return float("nan")
        return float(np.median(1.0 / (self.time[first + 1] - self.time[first])))


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
    """What has the trial's name of each frame, from the argument or the index itself, or None."""
    from_index = index.get_level_values("trial") if "trial" in levels and trial is not None else None
    if trial is None:
        return index if "trial" in levels else None
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
    codes, names = _factorised(labels)
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


def _factorised(labels):
    """Each frame's number of its trial, -1 where there is none, and the names by first appearance."""
    if not isinstance(labels, pd.MultiIndex):
        codes, names = pd.factorize(labels)
        return codes, tuple(names.tolist())
    level = labels.names.index("trial")  # which knows the names by numbers
    of_level = np.asarray(labels.codes[level])
    codes, order = pd.factorize(of_level)
    return np.where(of_level < 0, -1, codes), tuple(labels.levels[level][order[order >= 0]].tolist())


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
