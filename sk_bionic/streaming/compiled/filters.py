"""Filters that take a sample at a time."""

import math

from ...musculoskeletal.compiled.compilation import compiled, part

EQUAL, CUT = 30, 4  # samples of one value that a living channel, or the largest value of an amplifier, does not repeat
RESTART = 0.05  # s without samples behind which the band-pass begins anew
DEAD, SATURATED = 2, 4


@part
def section(sos, state, c, k, x):
    """One second-order section (transposed direct form II) of channel c."""
    y = sos[k, 0] * x + state[c, k, 0]
    state[c, k, 0] = sos[k, 1] * x - sos[k, 4] * y + state[c, k, 1]
    state[c, k, 1] = sos[k, 2] * x - sos[k, 5] * y
    return y


@part
def steady(sos, rest, state, c, x):
    """Put a filter in the state in which x has stood for ever."""
    for k in range(len(sos)):
        state[c, k, 0], state[c, k, 1] = rest[k, 0] * x, rest[k, 1] * x


@compiled
def envelope(values, columns, n_lost, band, band_rest, band_state, low, low_rest, low_state, level, in_squares, memory,
             total, faults, rate):  # fmt: skip
    """One sample of raw EMG: its envelope is added to `total` (n_channels, 2: sum, number of samples).

    `level` (n_channels, 2): at rest, and divisor. `in_squares`: whether the level at rest is taken off in squares.

    `memory` (n_channels, 5): whether the channel has begun, samples missing, last value, samples of that value, largest
    value. `faults` (n_channels,) of int collects what is wrong.
    """
    for c in range(len(columns)):
        x = values[columns[c]]
        if n_lost > 0:
            memory[c, 1] += n_lost
        if not math.isfinite(x):
            memory[c, 1] += 1.0
            continue
        if memory[c, 0] == 0.0 or memory[c, 1] > RESTART * rate:
            steady(band, band_rest, band_state, c, x)
        memory[c, 1] = 0.0
        memory[c, 3] = memory[c, 3] + 1.0 if x == memory[c, 2] and memory[c, 0] > 0.0 else 0.0
        memory[c, 2], memory[c, 4] = x, max(memory[c, 4], abs(x))
        if memory[c, 3] >= CUT and abs(x) >= memory[c, 4] and x != 0.0:
            faults[c] |= SATURATED
        elif memory[c, 3] >= EQUAL:
            faults[c] |= DEAD
        y = x
        for k in range(len(band)):
            y = section(band, band_state, c, k, y)
        y = abs(y)
        if memory[c, 0] == 0.0:
            steady(low, low_rest, low_state, c, y)
            memory[c, 0] = 1.0
        for k in range(len(low)):
            y = section(low, low_state, c, k, y)
        y = max(y, 0.0)
        if in_squares:
            y = math.sqrt(max(y * y - level[c, 0] * level[c, 0], 0.0))
        else:
            y = max(y - level[c, 0], 0.0)
        total[c, 0] += y / level[c, 1]
        total[c, 1] += 1.0


@compiled
def average(values, total, count, stride, out):
    """Add a frame to sums (n_columns, 2); where `stride` frames are complete their means are left in `out`."""
    for c in range(len(values)):
        if math.isfinite(values[c]):
            total[c, 0] += values[c]
            total[c, 1] += 1.0
    count[0] += 1
    if count[0] < stride:
        return False
    for c in range(len(values)):
        out[c] = total[c, 0] / total[c, 1] if total[c, 1] > 0.0 else math.nan
        total[c, 0] = total[c, 1] = 0.0
    count[0] = 0
    return True
