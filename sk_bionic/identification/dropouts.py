"""Channels that stop saying anything in the middle of a trial."""

import numpy as np

from .suspicion import Suspicion

SHORTEST = {True: 0.25, False: 0.5}  # s, by whether the EMG is raw
STEP = 1e-3  # part of the channel's range by which a level that is really the resting level is entered


def held_values(signal, missing, rate, raw=False):
    """First and last-plus-one frames of the stretches of one trial (n_frames,) in which a channel holds one value.

    An envelope that is quietly at rest is entered and left smoothly and lies at the bottom of what else there is; a
    dead one jumps or sticks.
    """
    change, span = np.abs(np.diff(signal)), np.ptp(signal)
    still = (change <= 1e-9 * span) & ~missing[1:] & ~missing[:-1]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(int), [0]])))
    runs = list(zip(edges[::2].tolist(), (edges[1::2] + 1).tolist(), strict=True))
    jumps = lambda a, b: any(change[i] > STEP * span for i in (a - 1, b - 1) if 0 <= i < len(change))
    alive = np.ones(len(signal), bool)
    for start, stop in runs:
        alive[start:stop] = not jumps(start, stop)
    bottom = signal[alive].min() if alive.any() else signal.min()
    for start, stop in runs:
        if (stop - 1 - start) / rate < min(SHORTEST[raw], 0.5 * len(signal) / rate):
            continue
        whole = start == 0 and stop == len(signal)
        at_rest = signal[start] - bottom <= STEP * span and not jumps(start, stop)
        if whole or raw or not at_rest:
            yield start, stop


def dropout_suspicions(emg, trials, names):
    """Channels that hold one value for a while in some trial, list of Suspicion; whole trials are told elsewhere."""
    found = []
    for trial, rows in zip(trials.names, trials.slices, strict=True):
        for j, name in enumerate(names):
            signal = emg[rows, j]
            if np.ptp(signal) > 0 and rows.stop - rows.start > 2:
                runs = held_values(signal, np.zeros(len(signal), bool), trials.sampling_rate)
                time = trials.time[rows]
                found += [(signal[a] == 0, time[b - 1] - time[a], trial, name, time[a]) for a, b in runs]
    if not found:
        return []
    _, seconds, trial, name, start = max(found, key=lambda item: item[:2])  # a lost signal mostly reads 0
    more = f" (and {len(found) - 1} more such stretches)" if len(found) > 1 else ""
    advice = "Check electrode, cable or radio link; leave that part out (its angles as NaN), or the trial."
    return [
        Suspicion(
            "dropout", name, float(seconds), "s",
            f"The EMG of {name!r} does not change at all for {seconds:.2g} s of trial {trial!r}, from "
            f"{start:.2f} s on{more}.",
            advice, advice,
        )
    ]  # fmt: skip
