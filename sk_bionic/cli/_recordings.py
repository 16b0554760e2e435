"""Recordings from files of any kind that the command line knows."""

import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..io import read_c3d, read_sto
from ..trials import find_trials
from ._amplifiers import AMPLIFIERS, read_amplifier, read_export
from ._columns import as_numbers
from ._delimited import read_delimited
from ._outputs import STORAGE

TEXT = (".csv", ".tsv", ".txt")
READABLE = (*TEXT, ".parquet", *STORAGE, ".c3d", *AMPLIFIERS)
_SECONDS = re.compile(r"time ?([(\[]s(ec|econds)?[)\]])?", re.IGNORECASE)
SLOWEST = 5.0  # Hz, below which no recording of a movement is made
OTHER_RATE = 0.02  # relative difference of a stated rate to that of the time stamps


@dataclass
class Recording:
    """One file: its whole table, and what it says of itself.

    Parameters
    ----------
    path : Path
    table : DataFrame
        Columns as in the file, in its units; index levels trial and time [s].
    angle_unit : "deg", "rad" or None
        None where the file does not say.
    says : str
        Where it says so.
    units : dict
        Column to unit, as far as the file tells.
    """

    path: Path
    table: pd.DataFrame
    angle_unit: str | None = None
    says: str = ""
    units: dict | None = None


def read_recording(path, data, trial, rate=None):
    """The `Recording` of a file whose trial, unless the file names its own, is called `trial`.

    `rate` [Hz] is the stated one; a table without a column of the time needs it, other tables must not contradict it.
    """
    suffix = path.suffix.lower()
    if suffix in STORAGE:
        table = _last_of_equal_times(
            read_sto(path, trial=trial, rotational=[], check_row_count=data.check_row_count), path
        )
        flag = table.attrs["in_degrees"]
        unit = None if flag is None else "deg" if flag else "rad"
        recording = Recording(path, table, unit, f"its header says inDegrees={'yes' if flag else 'no'}")
    elif suffix == ".c3d":
        table = read_c3d(path, trial=trial, check_row_count=data.check_row_count)
        recording = Recording(path, table, units=table.attrs.get("units"))
    elif suffix in AMPLIFIERS:
        table = read_amplifier(path, trial)
        recording = Recording(path, table, units=table.attrs.get("units"))
    elif suffix in TEXT and data.separator is None and (table := read_export(path, trial)) is not None:
        recording = Recording(path, table, units=table.attrs.get("units"))
    elif suffix in (*TEXT, ".parquet"):
        read = _read_parquet(path) if suffix == ".parquet" else read_delimited(path, data.separator, data.decimal)
        recording = Recording(path, _without_copies(_with_index(read, path, data, trial, rate)))
    else:
        raise ValueError(f"{path}: files must end in {', '.join(READABLE)}.")
    _check_time(recording, data, rate)
    return recording


def _read_parquet(path):
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError('Parquet files are read by pyarrow: pip install "sk_bionic[parquet]".') from error
    try:
        return pd.read_parquet(path).reset_index().drop(columns="index", errors="ignore")
    except pyarrow.ArrowException as error:
        raise ValueError(f"{path}: this is no parquet file, or damaged: {error}") from error


def _with_index(table, path, data, name, rate):
    table.columns = [str(column).strip() for column in table.columns]
    trial = table.pop(data.trial).astype(str) if data.trial in table else pd.Series(name, index=table.index)
    column = _time_column(table, data)
    if column is not None:
        time = as_numbers(table.pop(column), path) * (1e-3 if data.time_unit == "ms" else 1.0)
    elif rate:
        time = table.groupby(trial.to_numpy(), sort=False).cumcount() / rate
    else:
        raise ValueError(
            f"{path}: there is no column {data.time!r} (time in s). Its columns are {list(table.columns)}. Name it by "
            "[data] time, or give sampling_rate [Hz] (angle_sampling_rate for angle_files)."
        )
    table.index = pd.MultiIndex.from_arrays([trial, time], names=["trial", "time"])
    table.attrs["counted"] = column is None
    return table


def _time_column(table, data):
    """The column that is asked for; where that is "time", also "Time", "time (s)", "Time [s]"."""
    if data.time in table:
        return data.time
    alike = [name for name in table.columns if data.time == "time" and _SECONDS.fullmatch(name)]
    return alike[0] if len(alike) == 1 else None


def _without_copies(table):
    """The table without rows that repeat the row before in all columns, time stamp included: a logger's hiccup."""
    if table.index.is_unique:
        return table
    cells = table.reset_index().astype(str)
    copy = (cells == cells.shift()).all(axis=1).to_numpy()
    return table[~copy]


def _last_of_equal_times(table, path):
    """Of neighbouring rows with one time stamp the last, as OpenSim's Storage: its tools write such rows where "
    "windows meet."""
    time = table.index.get_level_values("time").to_numpy()
    repeated = np.append(np.diff(time) == 0, False)
    if not repeated.any():
        return table
    warnings.warn(
        f"{path.name}: {repeated.sum()} time stamp(s) come twice in succession, first {time[repeated][0]:g} s: the "
        "last row of each is taken, as OpenSim does.",
        UserWarning,
        stacklevel=2,
    )
    return table[~repeated]


def _check_time(recording, data, rate):
    """Raise where times do not increase, or say something else than the configuration."""
    path, table = recording.path, recording.table
    if table.empty:
        raise ValueError(f"{path}: there are no values in this file.")
    try:
        found = find_trials(table).sampling_rate
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if found < SLOWEST:
        raise ValueError(
            f"{path}: there are {found:.3g} rows a second, too few for a movement. Times must be in seconds: if "
            "those of a text "
            f'table are in milliseconds, say time_unit = "ms" in [data]; if column {data.time!r} counts frames, give '
            'sampling_rate and time = "none".'
        )
    if rate and np.isfinite(found) and abs(found / rate - 1) > OTHER_RATE:
        raise ValueError(
            f"{path}: its times count {found:.4g} rows a second, but [data] says {rate:g}. Remove the one that is "
            "wrong."
        )
