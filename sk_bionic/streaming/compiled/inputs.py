"""What a frame of a stream brings: faults of its channels, and the EMG that stands for it."""

import math
from typing import NamedTuple

import numpy as np

from ...musculoskeletal.compiled.compilation import compiled

FLAT = 1e-6  # of the training's largest value: less is no change
HOLD, FORGET = 0.05, 0.15  # s for which a missing value is the last one, and time constant of its way to the usual one
STILL = 0.2  # s of one value that a living channel does not hold
STILL_FACTOR, LONGER = 3.0, 2.0  # times as long as in training at the most, and s longer, where it does
FAR_ABOVE = 2.0  # times the training's largest
NEAR_TOP = 0.8  # of the training's largest, above which a channel that stands still is saturated, not dead
MISSING, DEAD, SATURATED, FAR = 1, 2, 4, 8
HIGHEST, USUAL, LOW_STILL, HIGH_STILL, LONGEST_STILL = range(5)
RAW, GOOD, SINCE, UNCHANGED = range(4)


class Channels(NamedTuple):
    """EMG channels of a stream."""

    column: np.ndarray  # (n_channels,) of int, of the frame
    gain: np.ndarray  # (n_channels,): from a column's unit to that of the training
    known: np.ndarray  # (n_channels, 5): largest, usual and longest held values in training
    state: np.ndarray  # (n_channels, 4): last value, last good one, time missing and time unchanged [s]
    fault: np.ndarray  # (n_channels,) of int
    limit: np.ndarray  # (1,): largest excitation


@compiled
def condition(values, channels, outside, are_raw, dt, fresh, emg):
    """EMG (n_channels,) of a frame in the training's unit, and what is wrong with it.

    `outside` (n_channels,) of int holds faults that were seen before, in the raw EMG; where frames `are_raw`, only that
    tells what stands still: an envelope from which the level at rest has been taken off may well stay at 0.
    """
    found = 0
    for c in range(len(emg)):
        known, state = channels.known[c], channels.state[c]
        raw = values[channels.column[c]]
        value, fault = raw * channels.gain[c], outside[c]
        if fresh:
            state[RAW], state[GOOD], state[SINCE], state[UNCHANGED] = raw, known[USUAL], 0.0, 0.0
        if not math.isfinite(raw):
            fault |= MISSING
            state[SINCE] += dt
            late = max(state[SINCE] - HOLD, 0.0)
            value = known[USUAL] + (state[GOOD] - known[USUAL]) * math.exp(-late / FORGET)
        else:
            unchanged = not fresh and abs(raw - state[RAW]) * channels.gain[c] <= FLAT * known[HIGHEST]
            state[UNCHANGED] = state[UNCHANGED] + dt if unchanged else 0.0
            state[RAW], state[SINCE] = raw, 0.0
            usual = known[LOW_STILL] <= value <= known[HIGH_STILL]
            longest = STILL_FACTOR * known[LONGEST_STILL] + LONGER if usual else 0.0
            if not are_raw and state[UNCHANGED] > max(STILL, longest):
                fault |= SATURATED if value > NEAR_TOP * known[HIGHEST] else DEAD
            if value > FAR_ABOVE * known[HIGHEST]:
                fault |= FAR
            state[GOOD] = value
        emg[c] = min(value, channels.limit[0])
        channels.fault[c] = fault
        found |= fault
    return found


@compiled
def mix(emg, weights, least, excitation):
    """Excitations (n_muscles,): mixtures of the channels, not below each muscle's least."""
    for m in range(len(excitation)):
        total = 0.0
        for c in range(len(emg)):
            total += weights[m, c] * max(emg[c], 0.0)
        excitation[m] = max(total, least[m])


@compiled
def replace(emg, fault, instead, out):
    """EMG with other values in the channels that have a fault."""
    for c in range(len(emg)):
        out[c] = instead[c] if fault[c] != 0 else emg[c]


@compiled
def widen(value, first, second, variance, n, reconverged):
    """Add to variances (n,) the larger of the squared distances of two alternatives; whether both are within
    `reconverged` (n,) of the value.
    """
    near = True
    for k in range(n):
        moved = max(abs(first[k] - value[k]), abs(second[k] - value[k]))
        variance[k] += moved * moved
        near = near and moved <= reconverged[k]
    return near
