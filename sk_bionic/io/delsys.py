"""Delsys Trigno: text files that EMGworks and Trigno Discover export."""

import warnings
from pathlib import Path

import numpy as np

from sk_bionic.io import _text
from sk_bionic.io._clocks import Signals, one_table
from sk_bionic.io._delsys_layout import EMG, read_layout
from sk_bionic.io._exports import read_body
from sk_bionic.io._quantities import to_si

__all__ = ["read_delsys"]


def read_delsys(path, *, signals="emg", join=True, sampling_rate=None, trial=None):
    """Read a text file that Delsys' EMGworks or Trigno Discover exported.

    Sensors of different kinds have different rates, and such a file gives each signal a clock of its own: a column of
    times in front of it, or a rate in the header. A row of the file is no instant.

    Parameters
    ----------
    path : path-like
        The .csv file; of EMGworks, with or without the lines "Label: ..." in front; of Trigno Discover 1.4 to 2.1, with
        or without columns "Time Series (s)".
    signals : {"emg", "all"} or list of str, default="emg"
        Which signals: the EMG, all, or these columns.
    join : bool, default=True
        Whether all columns are brought onto one clock by `sk_bionic.preprocessing.resample`. False: the table has a row
        for every time at which any of the columns was sampled, and NaN where a column was not.
    sampling_rate : float, default=None
        Rate of that clock [Hz]. None: that of the fastest EMG, which then stays as recorded.
    trial : str, default=None
        Name of the trial. None: the file's name without its extension.

    Returns
    -------
    DataFrame of shape (n_frames, n_signals)
        Index levels "trial" and "time" [s] from the file's zero. Columns ``"<sensor>: <signal>"``; voltages in V,
        accelerations in m/s^2, rates of turn in rad/s; what has another unit, or none, stays as written. `attrs`:
        "source", "units" (of the table), "recorded_units" (of the file), "emg" (list of EMG columns), "sampling_rates"
        (column to its own rate [Hz]), "sampling_rate" (of the joined table), "program", "markers" (list of dict, where
        Discover wrote some).

    Raises
    ------
    ValueError
        If the file is no such export or damaged, does not hold the `signals`, or gives neither times nor rates. The
        message names file, line and column.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        If the header states more samples of a signal than the file holds.

    See Also
    --------
    sk_bionic.preprocessing.resample : What brings columns onto one clock.

    Notes
    -----
    EMGworks prints times with seven significant digits, at 100 s one step of raw EMG in five: times that agree with a
    steady rate up to that rounding are made steady again. Trigno's rates are whole numbers of samples in 13.5 ms, and
    are taken as such where a header rounds them. EMGworks may write no units: EMG and EKG are in V then, ACC in g,
    GYRO in deg/s. A sample that the base did not receive is a 0 in the file, and stays one.

    Examples
    --------
    >>> from pathlib import Path
    >>> from sk_bionic.io import read_delsys
    >>> rows = [f"{i / 2000:.7g},{1e-6 * i},{i / 200:.7g},{0.5}" for i in range(40)]
    >>> names = 'X[s],"Sensor 1: EMG 1",X[s],"Sensor 1: ACC.X 1"'
    >>> _ = Path("walk.csv").write_text("\\n".join([names, *rows, ""]))
    >>> emg = read_delsys("walk.csv")
    >>> emg.columns.tolist(), emg.attrs["units"], round(emg.attrs["sampling_rate"])
    (['Sensor 1: EMG 1'], {'Sensor 1: EMG 1': 'V'}, 2000)
    """
    path = Path(path)
    layout = read_layout(path)
    chosen = _chosen(path, layout, signals)
    labels = [f"column {i + 1}" for i in range(layout.n_columns)]
    for channel in layout.channels:
        labels[channel.column] = channel.name
        if channel.time_column is not None:
            labels[channel.time_column] = f"time of {channel.name}"
    table = read_body(
        path, layout.encoding, layout.first_line, labels, separator=layout.separator, decimal=layout.decimal
    )
    read = [_signal(path, table, channel, layout) for channel in chosen]
    names = [channel.name for channel in chosen]
    attrs = {
        "units": {c.name: to_si(c.unit)[1] for c in chosen},
        "recorded_units": {c.name: c.unit for c in chosen},
        "emg": [c.name for c in chosen if c.kind == EMG],
        "program": layout.program,
        "markers": layout.markers,
    }
    return one_table(path, trial, read, order=names, join=join, sampling_rate=sampling_rate, attrs=attrs)


def _chosen(path, layout, signals):
    if isinstance(signals, str) and signals not in ("emg", "all"):
        raise ValueError(f"`signals` must be 'emg', 'all' or a list of columns. Got {signals!r}.")
    names = [channel.name for channel in layout.channels]
    if signals == "all":
        return layout.channels
    if signals == "emg":
        chosen = [channel for channel in layout.channels if channel.kind == EMG]
        if not chosen:
            raise _text.fault(path, f"there is no EMG. Its signals are {names}: choose by `signals`.")
        return chosen
    lost = [name for name in signals if name not in names]
    if lost or not len(signals):
        raise _text.fault(path, f"there is no signal {lost[0] if lost else ''!r}. Its signals are {names}.")
    return [layout.channels[names.index(name)] for name in signals]


def _signal(path, table, channel, layout):
    """Times and values of one signal, which may end before the others do."""
    values = table[channel.column].to_numpy()
    if channel.time_column is None:
        known = np.flatnonzero(~np.isnan(values))
        n_samples = known[-1] + 1 if len(known) else 0
        time = np.arange(n_samples) / channel.rate
    else:
        time = table[channel.time_column].to_numpy()
        # Behind the last sample of a slow signal, cells are empty or zeros.
        known = np.flatnonzero(~np.isnan(time) & ((time != 0) | (np.arange(len(time)) == 0)))
        n_samples = known[-1] + 1 if len(known) else 0
        time = layout.steady(time[:n_samples], channel.rate)
        _check_times(path, time, channel, layout)
    if not n_samples:
        raise _text.fault(path, f"signal {channel.name!r} has no values. Leave it out by `signals`.")
    if channel.n_samples and n_samples < channel.n_samples:
        _warn_of_lost_rows(path, channel, n_samples)
    factor = to_si(channel.unit)[0]
    return Signals(time, factor * values[:n_samples, None], [channel.name])


def _warn_of_lost_rows(path, channel, n_samples):
    warnings.warn(
        f"{path.name}: the header states {channel.n_samples} samples of {channel.name!r}, the file has {n_samples}: "
        "its end is missing. Export it again where the whole recording is needed.",
        UserWarning,
        stacklevel=4,
    )


def _check_times(path, time, channel, layout):
    wrong = np.flatnonzero(~(np.diff(time) > 0))
    if len(wrong):
        row = int(wrong[0]) + 1
        raise _text.fault(
            path,
            f"the time of {channel.name!r} is {time[row]:g} s after {time[row - 1]:g} s: it must increase.",
            layout.first_line + row,
        )
