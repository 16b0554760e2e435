"""Slow changes of a channel's level."""

import numpy as np

from ._quality import Finding

SHORTEST = 3.0  # s of a trial that can drift
WANDER_SECONDS = 1.0  # over which the baseline is averaged
WANDER = 1.0  # times the EMG's amplitude
N_PARTS = 6
FLOOR = 5.0  # percentile of an envelope that counts as its level at rest
RISE = 0.25  # part of the channel's range over all trials


def drifting_channels(recording):
    """Baselines that wander (raw EMG) or resting levels that rise or fall (envelopes)."""
    found = []
    top = np.percentile(recording.emg, 99.0, axis=0) - recording.emg.min(axis=0)
    for name, time, rows in recording.pieces():
        if time[-1] - time[0] < SHORTEST:
            continue
        for j, channel in enumerate(recording.channels):
            signal = recording.emg[rows, j]
            if recording.raw:
                value, unit = _wander(signal, recording.rate), "times the EMG's amplitude"
                limit = WANDER
            else:
                value = _rise(signal) / max(top[j], 1e-30)
                limit, unit = RISE, "of the channel's range"
            if value > limit:
                severity = "note" if recording.raw else "warning"
                place = (channel, name, time[0], time[-1])
                found.append(Finding("drift", severity, *place, float(value), unit))
    return found


def _wander(signal, rate):
    """Range of the running mean relative to the amplitude of what is faster."""
    window = int(WANDER_SECONDS * rate)
    mean = np.convolve(signal, np.ones(window) / window, mode="valid")
    fast = signal[window // 2 : window // 2 + len(mean)] - mean
    return np.ptp(mean) / max(fast.std(), 1e-30)


def _rise(signal):
    """Change of the level at rest from the first to the last part of a trial; 0 where it goes up and down."""
    floors = np.array([np.percentile(part, FLOOR) for part in np.array_split(signal, N_PARTS)])
    change = floors[-1] - floors[0]
    steps = np.diff(floors) * np.sign(change)
    # A drift is spread over the trial; a contraction at its end lifts the last part alone.
    steady = np.all((steps > -0.05 * abs(change)) & (steps < 0.5 * abs(change)))
    return abs(change) if steady else 0.0
