"""Channels that are missing, dead, saturated or negative."""

import numpy as np

from ..identification.signals import held_values
from ._quality import Finding
from ._signals import joined

JOIN = 0.5  # s: faults closer than that are told as one
RAIL = 1e-6  # part of the trial's range within which values are at the rail
FEWEST_AT_RAIL = 5  # frames of a trial
BESIDE_RAIL = 0.02  # part of the range next to the rail, where clipped signals have less than half as many frames
SEVERE_SHARE = 1.0  # % of the frames at the rail
NEGATIVE = 0.05  # part of the largest value


def missing_values(recording):
    """Stretches of NaN or infinity."""
    found = []
    for name, time, rows in recording.pieces():
        for j, channel in enumerate(recording.channels):
            mask = recording.missing[rows, j]
            for start, stop in joined(mask, JOIN * recording.rate):
                severity = "severe" if (stop - start) / recording.rate > 0.1 else "warning"
                count = float(mask[start:stop].sum())
                place = (channel, name, time[start], time[stop - 1])
                found.append(Finding("missing", severity, *place, count, "frames"))
    return found


def flat_channels(recording):
    """Stretches without any change, except for an envelope that is quietly at rest."""
    found = []
    for name, time, rows in recording.pieces():
        for j, channel in enumerate(recording.channels):
            signal, mask = recording.emg[rows, j], recording.missing[rows, j]
            for start, stop in held_values(signal, mask, recording.rate, recording.raw):
                seconds = float(time[stop - 1] - time[start])
                place = (channel, name, time[start], time[stop - 1])
                found.append(Finding("flat", "severe", *place, seconds, "s"))
    return found


def clipped_channels(recording):
    """Frames that pile up at the largest or smallest value."""
    found = []
    for name, time, rows in recording.pieces():
        for j, channel in enumerate(recording.channels):
            frames = np.flatnonzero(_at_rail(recording.emg[rows, j], recording.raw))
            if not len(frames):
                continue
            share = 100.0 * len(frames) / len(time)
            severity = "severe" if share > SEVERE_SHARE else "warning"
            place = (channel, name, time[frames[0]], time[frames[-1]])
            found.append(Finding("clipped", severity, *place, share, "% of frames"))
    return found


def _at_rail(signal, raw):
    """Frames at an extreme value that more of them share than lie just beside it.

    The bottom of an envelope is no rail, and half a trial at one value is a dead channel, not a saturated one.
    """
    span = np.ptp(signal)
    out = np.zeros(len(signal), bool)
    for distance in [signal.max() - signal, *([signal - signal.min()] if raw else [])]:
        at_rail = distance <= RAIL * span
        beside = (distance < BESIDE_RAIL * span) & ~at_rail
        piled = at_rail.sum() >= FEWEST_AT_RAIL and at_rail.sum() > 2 * beside.sum()
        if span > 0 and piled and at_rail.mean() < 0.5:
            out |= at_rail
    return out


def negative_envelopes(recording):
    """Envelopes that go below zero."""
    if recording.raw:
        return []
    found = []
    largest = np.abs(recording.emg).max(axis=0)
    for name, time, rows in recording.pieces():
        for j, channel in enumerate(recording.channels):
            signal = recording.emg[rows, j]
            below = np.flatnonzero(signal < -NEGATIVE * largest[j])
            if len(below):
                place = (channel, name, time[below[0]], time[below[-1]])
                value = float(-100.0 * signal.min() / largest[j])
                found.append(Finding("not_rectified", "severe", *place, value, "% of maximum"))
    return found
