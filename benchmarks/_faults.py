"""Faults of recordings, planted into clean ones: what a check of recordings should find, and where."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd


class Place(NamedTuple):
    """Where a fault was planted; None and NaN where that is the whole recording."""

    channel: str | None = None
    trial: Any = None
    start: float = np.nan
    stop: float = np.nan


class Fault(NamedTuple):
    """A kind of fault: `plant(X, y, size, rng)` returns X, y and the place."""

    name: str
    kind: str  # of the finding that it should give
    signals: tuple
    sizes: tuple
    unit: str
    needs_angle: bool
    plant: Callable


def is_found(findings, kind, place):
    """Whether a DataFrame of findings names the fault's kind, channel, trial and time."""
    for row in findings[findings["kind"] == kind].itertuples():
        channels = (row.channel, row.unit) if kind in ("swapped", "duplicated") else (row.channel,)
        trials = (row.trial, row.unit) if kind == "duplicated_trial" else (row.trial,)
        if place.channel is not None and place.channel not in channels:
            continue
        if place.trial is not None and place.trial not in trials:
            continue
        apart = row.start > place.stop + 0.1 or row.stop < place.start - 0.1
        if not (np.isfinite(place.start) and np.isfinite(row.start) and apart):
            return True
    return False


def rows_of(X, trial):
    return np.flatnonzero(X.index.get_level_values("trial") == trial)


def chosen(X, rng):
    """A channel, a trial and its rows and times."""
    trials = X.index.get_level_values("trial").unique()
    channel, trial = rng.choice(list(X.columns)), trials[rng.integers(len(trials))]
    rows = rows_of(X, trial)
    return channel, trial, rows, X.index.get_level_values("time")[rows].to_numpy()


def stretch(time, seconds, rng, within=None):
    """Positions of a stretch of some seconds, away from the ends or beginning where `within` holds."""
    n = max(1, round(seconds * (len(time) - 1) / (time[-1] - time[0])))
    starts = np.arange(len(time) // 10, max(len(time) // 10 + 1, len(time) - n - len(time) // 10))
    if within is not None and within[starts].any():
        starts = starts[within[starts]]
    start = int(rng.choice(starts))
    return slice(start, min(start + n, len(time)))


def put(X, channel, rows, values):
    out = X.copy()
    out.iloc[rows, out.columns.get_loc(channel)] = values
    return out


def missing(X, y, size, rng):
    channel, trial, rows, time = chosen(X, rng)
    part = stretch(time, size, rng)
    return (
        put(X, channel, rows[part], np.nan),
        y,
        Place(channel, trial, time[part][0], time[part][-1]),
    )


def flat(X, y, size, rng):
    channel, trial, rows, time = chosen(X, rng)
    signal = X[channel].to_numpy()[rows]
    # A channel that dies while its muscle rests cannot be told from one that rests.
    part = stretch(time, size, rng, within=np.abs(signal) > 0.2 * np.abs(signal).max())
    place = Place(channel, trial, time[part][0], time[part][-1])
    return put(X, channel, rows[part], signal[part][0]), y, place


def clipped(X, y, size, rng):
    channel, trial, rows, _time = chosen(X, rng)
    signal = X[channel].to_numpy()[rows]
    rail = size * np.abs(signal).max()
    return put(X, channel, rows, signal.clip(-rail, rail)), y, Place(channel, trial)


def artefact(X, y, size, rng):
    """Raw: a swing of 80 ms; envelope: a spike of 30 ms. In units of the channel's 99th percentile."""
    channel, trial, rows, time = chosen(X, rng)
    signal = X[channel].to_numpy()[rows]
    raw = (signal < 0).mean() > 0.1
    part = stretch(time, 0.08 if raw else 0.03, rng)
    n = part.stop - part.start
    swing = np.sin(np.linspace(0.0, np.pi, n + 2)[1:-1]) if raw else np.ones(n)
    high = size * np.percentile(np.abs(X[channel].to_numpy()), 99)
    place = Place(channel, trial, time[part][0], time[part][-1])
    return put(X, channel, rows[part], signal[part] + high * swing), y, place


def angle_artefact(X, y, size, rng):
    _, trial, rows, time = chosen(X, rng)
    part = stretch(time, 0.03, rng)
    out = y.copy()
    out.iloc[rows[part]] += np.deg2rad(size)
    return X, out, Place(y.name, trial, time[part][0], time[part][-1])


def mains(X, y, size, rng):
    channel, trial, rows, time = chosen(X, rng)
    signal = X[channel].to_numpy()[rows]
    line = rng.choice([50.0, 60.0]) + rng.uniform(-0.05, 0.05)
    hum = sum(np.sin(2 * np.pi * k * line * time + rng.uniform(0, 6)) / k for k in (1, 3))
    return (
        put(X, channel, rows, signal + size * signal.std() * hum / hum.std()),
        y,
        Place(channel, trial),
    )


def drift(X, y, size, rng):
    channel, trial, rows, _time = chosen(X, rng)
    signal = X[channel].to_numpy()[rows]
    raw = (signal < 0).mean() > 0.1
    unit = signal.std() if raw else np.percentile(X[channel].to_numpy(), 99)
    ramp = size * unit * np.linspace(0.0, 1.0, len(rows))
    return put(X, channel, rows, signal + ramp), y, Place(channel, trial)


def duplicated(X, y, size, rng):
    first, second = rng.permutation(X.columns)[:2]
    copy = 0.7 * X[first]
    out = X.copy()
    out[second] = copy + size * copy.std() * rng.normal(size=len(X))
    return out, y, Place(second)


def duplicated_trial(X, y, size, rng):
    trials = X.index.get_level_values("trial").unique()
    first, second = rng.permutation(trials)[:2]
    X, y = X.copy(), y.copy()
    source, target = rows_of(X, first), rows_of(X, second)
    X.iloc[target], y.iloc[target] = X.iloc[source].to_numpy(), y.iloc[source].to_numpy()
    return X, y, Place(None, second)


def swapped(X, y, size, rng):
    _, trial, rows, _ = chosen(X, rng)
    first, second = rng.permutation(X.columns)[:2]
    out = X.copy()
    out.iloc[rows, [X.columns.get_loc(first), X.columns.get_loc(second)]] = X.iloc[rows][[second, first]].to_numpy()
    return out, y, Place(first, trial)


def with_times(X, y, trial, times, kept=None):
    """X and y with other times of one trial, and only some of its rows."""
    index = X.index.to_frame(index=False)
    rows = rows_of(X, trial)
    index.loc[rows, "time"] = times
    keep = np.ones(len(X), bool)
    if kept is not None:
        keep[rows] = kept
    index = pd.MultiIndex.from_frame(index)
    return X.set_axis(index)[keep], y.set_axis(index)[keep]


def sampling_rate(X, y, size, rng):
    _, trial, _, time = chosen(X, rng)
    return *with_times(X, y, trial, time / size), Place(None, trial)


def irregular_time(X, y, size, rng):
    _, trial, _, time = chosen(X, rng)
    start = int(rng.integers(len(time) // 10, len(time) // 2))
    kept = np.ones(len(time), bool)
    kept[start : start + int(size)] = False
    return *with_times(X, y, trial, time, kept), Place(None, trial, time[start - 1], time[start + int(size)])


def aliasing(X, y, size, rng):
    step = round(1000 / size)
    keep = np.concatenate([rows_of(X, t)[::step] for t in X.index.get_level_values("trial").unique()])
    return X.iloc[keep], y.iloc[keep], Place(X.columns[0])


def late(X, rows, time, seconds):
    values = X.to_numpy()[rows]
    return np.column_stack([np.interp(time - seconds, time, column) for column in values.T])


def lag(X, y, size, rng):
    out, sign = X.copy(), rng.choice([-1.0, 1.0])
    for trial in X.index.get_level_values("trial").unique():
        rows = rows_of(X, trial)
        out.iloc[rows] = late(X, rows, X.index.get_level_values("time")[rows].to_numpy(), sign * size)
    return out, y, Place()


def trial_lag(X, y, size, rng):
    _, trial, rows, time = chosen(X, rng)
    out = X.copy()
    out.iloc[rows] = late(X, rows, time, rng.choice([-1.0, 1.0]) * size)
    return out, y, Place(None, trial)


def unexplained(X, y, size, rng):
    """EMG of other trials: each trial has that of the next one."""
    trials = X.index.get_level_values("trial").unique()
    out = X.copy()
    for one, other in zip(trials, np.roll(trials, 1), strict=True):
        out.iloc[rows_of(X, one)] = X.iloc[rows_of(X, other)].to_numpy()
    return out, y, Place()


BOTH, RAW = ("raw", "envelope"), ("raw",)
FAULTS = (
    Fault("missing", "missing", BOTH, (0.02, 0.2, 1.0), "s", False, missing),
    Fault("flat", "flat", BOTH, (0.2, 0.6, 1.5), "s", False, flat),
    Fault("clipped", "clipped", BOTH, (0.95, 0.8, 0.6), "of the peak", False, clipped),
    Fault("artefact", "artefact", BOTH, (0.5, 1.0, 3.0), "of the 99th percentile", False, artefact),
    Fault("angle glitch", "angle_artefact", BOTH, (5.0, 10.0, 20.0), "deg", True, angle_artefact),
    Fault("hum", "mains", RAW, (0.03, 0.1, 0.3), "of the EMG", False, mains),
    Fault("drift", "drift", ("raw",), (1.0, 2.0, 5.0), "of the EMG", False, drift),
    Fault("drift", "drift", ("envelope",), (0.2, 0.4, 0.8), "of the range", False, drift),
    Fault("copied channel", "duplicated", BOTH, (0.1, 0.02, 0.0), "noise", False, duplicated),
    Fault("copied trial", "duplicated_trial", BOTH, (1.0,), "-", False, duplicated_trial),
    Fault("sampling rate of a trial", "sampling_rate", BOTH, (1.005, 1.02, 1.25), "times", False, sampling_rate),
    Fault("lost frames", "irregular_time", BOTH, (1, 10, 100), "frames", False, irregular_time),
    Fault("aliasing", "aliasing", RAW, (500.0, 333.0, 250.0), "Hz", False, aliasing),
    Fault("exchanged in a trial", "swapped", BOTH, (1.0,), "-", True, swapped),
    Fault("lag of all trials", "lag", BOTH, (0.2, 0.5, 0.8), "s", True, lag),
    Fault("lag of a trial", "lag", BOTH, (0.1, 0.25, 0.5), "s", True, trial_lag),
    Fault("EMG of other trials", "unexplained", BOTH, (1.0,), "-", True, unexplained),
)  # fmt: skip
