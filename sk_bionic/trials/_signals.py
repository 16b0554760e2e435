"""Signals and frames at other times, within each trial."""

import numpy as np


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
