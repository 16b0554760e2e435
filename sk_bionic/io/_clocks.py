"""Columns with clocks of their own: even times out of printed ones, and one table out of several clocks."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sk_bionic.io import _text

SLACK = 1e-3  # of a step, beyond half the last printed digit
ROUNDING = 1.5  # times that, since the line through the printed times is not quite that of the true ones


class Signals(NamedTuple):
    """Columns that were sampled at the same times.

    Parameters
    ----------
    time : ndarray of shape (n_samples,)
        In s, increasing.
    values : ndarray of shape (n_samples, n_columns)
        In SI units, as far as the file tells the unit.
    columns : list of str
    """

    time: np.ndarray
    values: np.ndarray
    columns: list


def even_times(time, digit, rate=None):
    """Times that lie on a straight line once the rounding of their last printed digit is taken off.

    Programs compute the times of samples from a rate and print them with few digits; taken literally, such times
    jitter.

    Parameters
    ----------
    time : ndarray of shape (n_samples,)
        As printed [s].
    digit : float or ndarray of shape (n_samples,)
        What the last digit is worth [s].
    rate : float, optional
        As the file states it [Hz]: preferred where the times agree with it.

    Returns
    -------
    ndarray of shape (n_samples,)
        Even times, or those that were given where no even ones round to them: samples are missing.
    """
    if len(time) < 3:
        return time
    tolerance = np.broadcast_to(0.5 * np.asarray(digit, dtype=np.float64), time.shape) + SLACK * np.median(
        np.diff(time)
    )
    count = np.arange(len(time), dtype=np.float64)
    slope, middle, center = _line(count, time, tolerance)
    if not slope > 0:
        return time
    line = center + slope * (count - middle)
    candidates = [time[0] + count / rate] if rate else []
    for even in (*candidates, line - line[0] + time[0], line):
        if (np.abs(time - even) <= ROUNDING * tolerance).all():
            return even
    return time


def _line(count, time, tolerance):
    """Slope of the line through times that are as exact as told, and a point of it."""
    weight = 1.0 / tolerance**2
    weight /= weight.sum()
    middle, center = weight @ count, weight @ time
    slope = (weight * (count - middle)) @ (time - center) / (weight @ (count - middle) ** 2)
    return slope, middle, center


def rate_of(time):
    """Samples a second [Hz] between gaps; NaN for fewer than two."""
    if len(time) < 2:
        return np.nan
    steps = np.diff(time)
    gaps = steps > 1.5 * np.median(steps)
    if not gaps.any():
        return _tidy((len(time) - 1) / (time[-1] - time[0]))
    return _tidy(1.0 / steps[~gaps].mean())


def _tidy(rate):
    """Without the rounding of the times it came from."""
    return float(f"{rate:.12g}")


def by_clock(signals):
    """`Signals` of equal times put together, in the order of their first column."""
    groups = {}
    for part in signals:
        groups.setdefault((len(part.time), part.time.tobytes()), []).append(part)
    return [
        Signals(
            parts[0].time,
            np.concatenate([part.values for part in parts], axis=1),
            [column for part in parts for column in part.columns],
        )
        for parts in groups.values()
    ]


def one_table(path, trial, signals, *, order, join, sampling_rate, attrs):
    """The table that a reader returns.

    Parameters
    ----------
    path : path-like
    trial : str or None
        None: the file's name.
    signals : list of Signals
        Not empty; each with at least one sample.
    order : list of str
        Columns of the table.
    join : bool
        Whether all columns are brought onto one clock. False: a row for every time at which any column was sampled.
    sampling_rate : float or None
        Of that clock [Hz]. None: that of the fastest EMG (of the fastest column, where there is no EMG), whose samples
        then stay as they are.
    attrs : dict
        With "emg", the list of EMG columns.

    Returns
    -------
    DataFrame
    """
    groups = by_clock(signals)
    rates = {column: rate_of(group.time) for group in groups for column in group.columns}
    attrs = {**attrs, "sampling_rates": {column: rates[column] for column in order}}
    frames = [_text.trial_frame(path, trial, g.time, g.values, g.columns, {}) for g in groups]
    if not join:
        table = pd.concat(frames, axis=1).sort_index()
    elif len(frames) == 1 and sampling_rate is None:
        table, attrs["sampling_rate"] = frames[0], rate_of(groups[0].time)
    else:
        table, attrs["sampling_rate"] = _joined(groups, frames, attrs["emg"], sampling_rate)
    table = table[order]
    table.attrs.clear()
    table.attrs.update(source=str(path), **attrs)
    return table


def _joined(groups, frames, emg, sampling_rate):
    """All columns at the times of the fastest EMG, or at `sampling_rate` over these."""
    from sk_bionic.preprocessing import resample  # which imports modules that read files
    from sk_bionic.preprocessing._resample import read_at

    leading = [i for i, group in enumerate(groups) if not set(emg).isdisjoint(group.columns)] or range(len(groups))
    fastest = max(leading, key=lambda i: np.nan_to_num(rate_of(groups[i].time)))
    others = [i for i in range(len(groups)) if i != fastest]
    if sampling_rate is not None:
        read = resample(frames[fastest], *(frames[i] for i in others), sampling_rate=sampling_rate)
        return pd.concat(read if isinstance(read, tuple) else [read], axis=1), sampling_rate
    clock, rate = groups[fastest].time, rate_of(groups[fastest].time)
    read = [read_at(groups[i].values, groups[i].time, clock, 1.0 / rate) for i in others]
    tables = [pd.DataFrame(v, frames[fastest].index, groups[i].columns) for v, i in zip(read, others, strict=True)]
    return pd.concat([frames[fastest], *tables], axis=1), rate
