"""The trials of an array of frames."""

from dataclasses import dataclass

import numpy as np

HOLE, HOLE_STEPS = (
    0.5,
    5,
)  # s and median steps, beyond which two neighbouring frames are no one movement
SHORTEST_PART = 1.0  # s


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
        return (
            self if len(names) == self.n_trials else Trials(tuple(names), np.array([*starts, self.n_frames]), self.time)
        )

    @property
    def sampling_rate(self):
        """Median of 1 / dt over all intervals [Hz]; NaN when every trial has a single frame."""
        first = self.interval_starts
        if not len(first):
            return float("nan")
        return float(np.median(1.0 / (self.time[first + 1] - self.time[first])))
