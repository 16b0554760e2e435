"""Channels and trials that are copies of one another."""

import numpy as np

from ._quality import Finding

COPY = {True: 0.98, False: 0.999}  # correlation, by whether the EMG is raw


def duplicated_channels(recording):
    """Pairs of channels that hold the same signal, up to a factor and its sign."""
    found = []
    for name, time, rows in recording.pieces():
        emg = recording.emg[rows] - recording.emg[rows].mean(axis=0)
        size = np.linalg.norm(emg, axis=0)
        for i in range(emg.shape[1]):
            for j in range(i + 1, emg.shape[1]):
                if size[i] == 0 or size[j] == 0:
                    continue
                correlation = float(abs(emg[:, i] @ emg[:, j]) / (size[i] * size[j]))
                if correlation > COPY[recording.raw]:
                    place = (recording.channels[j], name, time[0], time[-1])
                    unit = recording.channels[i]
                    found.append(Finding("duplicated", "severe", *place, correlation, unit))
    return found


def duplicated_trials(recording):
    """Trials whose numbers are those of an earlier one."""
    seen, found = {}, []
    for name, time, rows in recording.pieces():
        emg = recording.emg[rows]
        if len(emg) < 3 or np.ptp(emg) == 0:
            continue
        key = emg.tobytes()
        if key in seen:
            place = (None, name, time[0], time[-1])
            found.append(Finding("duplicated_trial", "severe", *place, 1.0, str(seen[key])))
        seen.setdefault(key, name)
    return found
