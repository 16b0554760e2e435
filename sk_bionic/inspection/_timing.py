"""Time stamps and sampling rates."""

import numpy as np

from ._advice import ADVICE
from ._quality import Finding
from ._signals import joined

STEP = 0.5  # part of the usual step by which a step may differ
LONG_STEP = 3.0  # usual steps, above which frames are missing
MANY = 3  # places of a trial that are told one by one
RATE = 0.01  # relative
PLAUSIBLE_RATES = (10.0, 20000.0)  # Hz


def uneven_time(recording):
    """Gaps and jitter of the time stamps."""
    found = []
    for name, time, _ in recording.pieces():
        if len(time) < 4:
            continue
        steps = np.diff(time)
        usual = np.median(steps)
        wrong = np.abs(steps / usual - 1.0) > STEP
        spans = [(time[a], time[b], float(steps[a:b].max() / usual)) for a, b in joined(wrong, 0.5 * recording.rate)]
        for severe in (True, False):
            found += _uneven(name, [span for span in spans if (span[2] > LONG_STEP) == severe], severe)
    return found


def _uneven(name, spans, severe):
    """A finding for each of some places of a trial (start, stop, longest step); of many one for all."""
    kind, severity = "irregular_time", "severe" if severe else "warning"
    if len(spans) <= MANY:
        return [Finding(kind, severity, None, name, *span, "steps") for span in spans]
    start, stop, value = max(spans, key=lambda span: span[2])
    said = (
        f"Time stamps are not even in {len(spans)} places: steps of up to {value:.3g} times the usual one, the longest "
        f"at {start:.2f} s.",
        ADVICE[kind][1],
    )
    return [Finding(kind, severity, None, name, spans[0][0], spans[-1][1], value, "steps", said)]


def sampling_rates(recording):
    """Rates of trials against the stated one, or against one another."""
    if not PLAUSIBLE_RATES[0] <= recording.rate <= PLAUSIBLE_RATES[1]:
        place = (None, None, np.nan, np.nan)
        return [Finding("time_unit", "severe", *place, recording.rate, "Hz")]
    expected = recording.stated_rate or recording.rate
    source = f"the stated {expected:g} Hz" if recording.stated_rate else f"the usual {expected:g} Hz"
    found = []
    for name, time, _ in recording.pieces():
        if len(time) < 3:
            continue
        rate = 1.0 / np.median(np.diff(time))
        if abs(rate / expected - 1.0) > RATE:
            place = (None, name, time[0], time[-1])
            found.append(Finding("sampling_rate", "severe", *place, float(rate), source))
    return found


def angle_ranges(recording):
    """Angles in degrees, or without motion."""
    if recording.angle is None:
        return []
    found = []
    for name, time, rows in recording.pieces():
        for d, coordinate in enumerate(recording.angle_names):
            angle = recording.angle[rows, d]
            if not np.isfinite(angle).any():
                continue
            span = float(np.nanmax(angle) - np.nanmin(angle))
            place = (coordinate, name, time[0], time[-1])
            if span > 2 * np.pi:
                found.append(Finding("angle_unit", "severe", *place, span, "rad"))
            low, high = np.rad2deg(np.nanpercentile(angle, [2.0, 98.0]))
            if high - low < 5.0:
                found.append(Finding("no_motion", "warning", *place, float(high - low), "deg"))
    return found
