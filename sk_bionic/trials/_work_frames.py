"""Within each trial: frames to work on, signals at other times, and their differences."""

from dataclasses import dataclass

import numpy as np

from ._trials import Trials

FEWEST_FRAMES = 3  # that have an acceleration
USUAL_STEP = 0.01  # s, where single frames tell none


@dataclass(frozen=True, eq=False)
class WorkFrames:
    """Fewer frames where there are more than a movement needs, and held ones in front of parts that are too short.

    Trials begin at rest, so the frames before the first may be made of it; every work frame else is the mean of
    the measured frames about it.

    Parameters
    ----------
    source : Trials
        The measured frames.
    trials : Trials
        The work frames.
    rows : ndarray of int (n_work,)
        The measured frame at each work frame.
    half : ndarray of int (n_work,)
        Measured frames on each side of it that its mean is taken over; never across the end of a trial.
    held : ndarray of bool (n_work,)
        Whether the frame stands for the time before the trial.
    """

    source: Trials
    trials: Trials
    rows: np.ndarray
    half: np.ndarray
    held: np.ndarray

    @classmethod
    def of(cls, source, frame_rate=None, shortest=None):
        """Work frames of measured ones.

        Parameters
        ----------
        source : Trials
        frame_rate : float, optional
            Frames per second [Hz] that are enough: of a trial with at least twice as many, every second, third,
            ... is a work frame. Default: all.
        shortest : ndarray (n_trials,), optional
            Duration [s] that each trial needs; 0: as many frames as have an acceleration. Default: none is held.

        Returns
        -------
        WorkFrames
        """
        usual = source.sampling_rate
        usual = 1.0 / usual if np.isfinite(usual) else USUAL_STEP
        pieces = [
            _piece(source.time[rows], rows.start, frame_rate, None if shortest is None else shortest[k], usual)
            for k, rows in enumerate(source.slices)
        ]
        time, rows, half, held = (np.concatenate(column) for column in zip(*pieces, strict=True))
        starts = np.cumsum([0, *(len(piece[0]) for piece in pieces)])
        return cls(source, Trials(source.names, starts, time), rows, half, held)

    @property
    def are_measured(self):
        """Whether the work frames are the measured ones."""
        return len(self.rows) == self.source.n_frames and not self.half.any() and not self.held.any()

    def means(self, values):
        """Signals (n_frames, n_columns) at the work frames, (n_work, n_columns)."""
        return self._total(values) / (2 * self.half + 1)[:, None]

    def labels(self, angle, weight):
        """Angles (n_frames, n_coordinates), NaN where unknown, and their weights (n_frames,) at the work frames.

        The mean of the known ones about each frame, taken to its time by the neighbours' means.
        """
        known = np.isfinite(angle)
        count = self._total(known.astype(np.float64))
        count[self.held] = 0.0
        labelled = count > 0
        divisor = np.where(labelled, count, np.nan)
        mean = self._total(np.where(known, angle, 0.0)) / divisor
        time = self._total(np.where(known, self.source.time[:, None], 0.0)) / divisor
        for rows in self.trials.slices:
            for j in range(angle.shape[1]):
                at = rows.start + np.flatnonzero(labelled[rows, j])
                mean[at, j] = _moved(mean[at, j], time[at, j], self.trials.time[at])
        has_label = known.any(axis=1).astype(np.float64)
        n_labels, share = (self._total(column[:, None])[:, 0] for column in (has_label, has_label * weight))
        return mean, np.divide(share, n_labels, out=np.ones(len(share)), where=n_labels > 0)

    def back(self, values):
        """What was worked out at the work frames, (n_work, ...), at the measured ones: interpolated linearly."""
        if self.are_measured:
            return values
        flat = values.reshape(len(values), -1)
        out = np.empty((self.source.n_frames, flat.shape[1]))
        for work, measured in zip(self.trials.slices, self.source.slices, strict=True):
            for j in range(flat.shape[1]):
                out[measured, j] = np.interp(self.source.time[measured], self.trials.time[work], flat[work, j])
        return out.reshape(-1, *values.shape[1:])

    def _total(self, values):
        """Sums of `values` (n_frames, n_columns) about each work frame."""
        total = values[self.rows].copy()
        for offset in range(1, int(self.half.max(initial=0)) + 1):
            inside = self.half >= offset
            total[inside] += values[self.rows[inside] - offset] + values[self.rows[inside] + offset]
        return total


def _piece(time, start, frame_rate, shortest, usual):
    """Times, rows, half widths and held frames of one trial."""
    n, step = len(time), np.median(np.diff(time)) if len(time) > 1 else usual
    stride = 1 if frame_rate is None else max(1, int((1 + 1e-6) / (step * frame_rate)))
    # Both ends stay; between them strides differ by a frame where they do not add up.
    rows = np.round(np.linspace(0, n - 1, max((n - 1) // stride, min(n, 2) - 1) + 1)).astype(int)
    half = np.minimum(stride // 2, np.minimum(rows, n - 1 - rows))
    n_held = 0
    if shortest is not None:
        work_step = step * stride
        missing = (shortest - (time[-1] - time[0])) / work_step
        n_held = int(max(0, FEWEST_FRAMES - len(rows), np.ceil(missing + 1e-6)))
        before = time[0] - work_step * np.arange(n_held, 0, -1)
        rows, half = np.concatenate([np.zeros(n_held, int), rows]), np.concatenate([np.zeros(n_held, int), half])
        times = np.concatenate([before, time[rows[n_held:]]])
    else:
        times = time[rows]
    return times, start + rows, half, np.arange(len(rows)) < n_held


def _moved(mean, of, to):
    """Means at the times `of`, moved to the times `to` along the straight lines between neighbours."""
    if len(mean) < 2 or np.abs(of - to).max() < 1e-9:
        return mean
    right = np.clip(np.searchsorted(of, to), 1, len(of) - 1)
    near = of[right] - of[right - 1] <= 3.0 * np.median(np.diff(to))
    inside = (to >= of[right - 1]) & (to <= of[right])
    return np.where(near & inside, np.interp(to, of, mean), mean)


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
            f"`values` must have shape (n_frames, n_columns) with {trials.n_frames} frames. Got shape {values.shape}."
        )
    out = np.empty((len(values), len(lags), values.shape[1]))
    for rows in trials.slices:
        time = trials.time[rows]
        for i, lag in enumerate(lags):
            for j, signal in enumerate(values[rows].T):
                out[rows, i, j] = np.interp(time - lag, time, signal)
    return out.reshape(len(values), -1)


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


class CentralDifferences:
    """First and second derivative at the inner frames of every trial, second order on a uniform grid.

    For signals that are given at frames, such as a network's output; never across a trial's border.

    Parameters
    ----------
    trials : Trials
        Whose frames they are.

    Attributes
    ----------
    inner : ndarray (n_inner,) of int
        Frames that have a neighbour on both sides within their trial.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.trials import CentralDifferences, Trials
    >>> differences = CentralDifferences(Trials(("a",), np.array([0, 4]), np.arange(4) / 10))
    >>> differences.inner
    array([1, 2])
    """

    def __init__(self, trials):
        left = np.asarray(trials.interval_starts)
        self.inner = left[1:][np.diff(left) == 1]
        before = trials.time[self.inner] - trials.time[self.inner - 1]
        after = trials.time[self.inner + 1] - trials.time[self.inner]
        # Derivatives of the parabola through three frames (Fornberg 1988, Math. Comp. 51, 699-706).
        self.first = np.stack(
            [
                -after / (before * (before + after)),
                (after - before) / (before * after),
                before / (after * (before + after)),
            ]
        )
        self.second = np.stack([2 / (before * (before + after)), -2 / (before * after), 2 / (after * (before + after))])

    def __call__(self, values):
        """Derivatives at the inner frames.

        Parameters
        ----------
        values : ndarray (n_frames, n_columns)

        Returns
        -------
        first, second : ndarray (n_inner, n_columns)
            In units of `values` per second and per second squared.
        """
        three = np.stack([values[self.inner - 1], values[self.inner], values[self.inner + 1]])
        return (self.first[..., None] * three).sum(axis=0), (self.second[..., None] * three).sum(axis=0)
