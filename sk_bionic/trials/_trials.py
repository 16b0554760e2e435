"""The trials of an array of frames."""

from dataclasses import dataclass

import numpy as np

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
        return np.repeat(np.arange(self.n_trials), self.lengths)

    @property
    def slices(self):
        """List of one slice of rows per trial."""
        return [slice(int(a), int(b)) for a, b in zip(self.starts[:-1], self.starts[1:], strict=False)]

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

    @property
    def sampling_rate(self):
        """Median of 1 / dt over all intervals [Hz]; NaN when every trial has a single frame."""
        first = self.interval_starts
        if not len(first):
            return float("nan")
        return float(np.median(1.0 / (self.time[first + 1] - self.time[first])))
