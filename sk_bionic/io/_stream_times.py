"""Times of a stream of samples: jitter of transmission taken off, dropouts kept."""

import numpy as np
from scipy.ndimage import median_filter

WINDOW = 0.5  # s on both sides of a jump that tell whether it stays
SPREADS = 5.0  # of the jitter, beyond which a step may be a dropout
SMALLEST = 0.5  # of a step, likewise where there is no jitter
STAYS = 0.5  # part of a jump that must still be there after WINDOW: what was late only is caught up


def steady_times(stamps, nominal_rate):
    """Times of samples that were taken at a steady rate, but for dropouts.

    A late packet is followed by early ones, and the count of samples catches up with the clock; behind a dropout it
    never does. Between dropouts the times are a straight line, with one slope for all pieces.

    Parameters
    ----------
    stamps : ndarray of shape (n_samples,)
        When each sample was stamped [s], with jitter.
    nominal_rate : float
        In Hz.

    Returns
    -------
    time : ndarray of shape (n_samples,)
    rate : float
        As measured between dropouts [Hz].
    gaps : list of (float, float)
        Last time before and first time after each dropout [s].
    """
    if len(stamps) < 3:
        return stamps, float(nominal_rate), []
    step = _step(stamps, nominal_rate)
    if not step > 0:  # no clock that advances: nothing to take off
        return stamps, float(nominal_rate), []
    count = np.arange(len(stamps))
    late = stamps - count * step
    edges = np.concatenate([[0], _jumps(late, step) + 1, [len(stamps)]])
    piece = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
    sizes = np.diff(edges)
    mean_count, mean_time = (np.bincount(piece, weights=v) / sizes for v in (count, stamps))
    own = count - mean_count[piece]
    slope = (own @ (stamps - mean_time[piece])) / (own @ own) if (sizes > 1).any() else step
    time = mean_time[piece] + slope * own
    gaps = [(float(time[edge - 1]), float(time[edge])) for edge in edges[1:-1]]
    return time, float(1.0 / slope), gaps


def _step(stamps, nominal_rate):
    """Seconds between samples: the median over spans of a second at most, of which dropouts touch few."""
    span = max(1, min(len(stamps) // 8, round(nominal_rate)))
    return float(np.median(stamps[span:] - stamps[:-span])) / span


def _jumps(late, step):
    """Samples behind which the clock is ahead of the count for good."""
    width = min(max(3, round(WINDOW / step)), len(late))
    level = median_filter(late, size=width, mode="nearest")
    spread = 1.4826 * np.median(np.abs(late - level))
    rise = np.diff(late)
    candidates = np.flatnonzero(np.abs(rise) > max(SMALLEST * step, SPREADS * spread))
    kept = []
    for i in candidates:
        before = np.median(late[max(0, i + 1 - width) : i + 1])
        after = np.median(late[i + 1 : i + 1 + width])
        if (after - before) * np.sign(rise[i]) > max(STAYS * abs(rise[i]), SMALLEST * step):
            kept.append(i)
    return np.array(kept, dtype=int)
