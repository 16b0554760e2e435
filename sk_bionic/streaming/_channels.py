"""What a stream knows of its EMG channels from the training."""

import numpy as np

from .._inputs import LARGEST_EXCITATION
from ..predictors.seen_inputs import FLAT, MOVED, MOVED_TIMES
from .compiled.inputs import STILL, Channels

QUIET, BUSY = 0.05, 0.9  # quantiles of the training's EMG that a channel with a fault may have had instead
WITHOUT_TRAINING = (1.0, 0.1, -np.inf, np.inf, np.inf)  # of `Channels.known`, where the training is not remembered


def channels_of(columns, scale, session, seen):
    """Channels of a stream.

    Parameters
    ----------
    columns : ndarray of int (n_channels,)
        Of the frames.
    scale : ndarray (n_channels,)
        EMG that counts as excitation 1.
    session : Session
    seen : SeenInputs or None
        What the training's inputs were like.

    Returns
    -------
    Channels
    """
    n = len(columns)
    known = np.tile(WITHOUT_TRAINING, (n, 1)) if seen is None else np.stack([_known(seen, j) for j in range(n)])
    gain = np.ascontiguousarray(np.broadcast_to(session.emg_gain / scale, n), dtype=np.float64)
    return Channels(
        np.asarray(columns, np.int64), gain, known, np.zeros((n, 4)), np.zeros(n, np.int64),
        np.array([LARGEST_EXCITATION]),
    )  # fmt: skip


def _known(seen, j):
    signal = seen.emg[:, j]
    highest = max(float(signal.max()), 1e-12)
    longest, values = 0.0, []
    for first, stop in zip(seen.starts[:-1], seen.starts[1:], strict=True):
        ends = np.flatnonzero(np.concatenate([[True], np.abs(np.diff(signal[first:stop])) > FLAT * highest, [True]]))
        lengths = np.diff(ends) * seen.step
        longest = max(longest, float(lengths.max(initial=0.0)))
        values += signal[first + ends[:-1][lengths > 0.5 * STILL]].tolist()
    low, high = (
        (min(values) / MOVED_TIMES, max(values) * MOVED_TIMES + MOVED * highest) if values else (np.inf, -np.inf)
    )
    return highest, float(np.median(signal)), low, high, longest


def instead_of(seen, n_channels):
    """EMG (2, n_channels) that channels with a fault may have had: when the muscle is quiet, and when it is busy."""
    if seen is None:
        return np.repeat([[0.0], [0.5]], n_channels, axis=1)
    return np.ascontiguousarray(np.quantile(seen.emg, (QUIET, BUSY), axis=0))
