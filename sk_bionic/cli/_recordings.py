"""Recordings from files of any kind that the command line knows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..io import read_c3d, read_sto
from ..trials import find_trials
from ._columns import as_numbers
from ._delimited import read_delimited
from ._outputs import STORAGE

TEXT = (".csv", ".tsv", ".txt")
READABLE = (*TEXT, ".parquet", *STORAGE, ".c3d")
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


def read_recording(path, data, trial):
    """The `Recording` of a file whose trial, unless the file names its own, is called `trial`."""
    suffix = path.suffix.lower()
    if suffix in STORAGE:
        table = read_sto(path, trial=trial, rotational=[])
        flag = table.attrs["in_degrees"]
        unit = None if flag is None else "deg" if flag else "rad"
        recording = Recording(path, table, unit, f"its header says inDegrees={'yes' if flag else 'no'}")
    elif suffix == ".c3d":
        table = read_c3d(path, trial=trial)
        recording = Recording(path, table, units=table.attrs.get("units"))
    elif suffix == ".parquet":
        recording = Recording(path, _with_index(_read_parquet(path), path, data, trial))
    elif suffix in TEXT:
        recording = Recording(path, _with_index(read_delimited(path, data.separator, data.decimal), path, data, trial))
    else:
        raise ValueError(f"{path}: files must end in {', '.join(READABLE)}.")
    recording.table = _without_copies(recording.table)
    _check_time(recording, data)
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


def _with_index(table, path, data, name):
    table.columns = [str(column).strip() for column in table.columns]
    trial = table.pop(data.trial).astype(str) if data.trial in table else pd.Series(name, index=table.index)
    if data.time in table:
        time = as_numbers(table.pop(data.time), path) * (1e-3 if data.time_unit == "ms" else 1.0)
    elif data.sampling_rate:
        time = table.groupby(trial.to_numpy(), sort=False).cumcount() / data.sampling_rate
    else:
        raise ValueError(
            f"{path}: there is no column {data.time!r} (time in s). Its columns are {list(table.columns)}. Name it by [data] time, or give sampling_rate [Hz]."
        )
    table.index = pd.MultiIndex.from_arrays([trial, time], names=["trial", "time"])
    return table


def _without_copies(table):
    """The table without rows that repeat the row before in all columns, time stamp included: a logger's hiccup."""
    if table.index.is_unique:
        return table
    cells = table.reset_index().astype(str)
    copy = (cells == cells.shift()).all(axis=1).to_numpy()
    return table[~copy]


def _check_time(recording, data):
    """Raise where times do not increase, or say something else than the configuration."""
    path, table = recording.path, recording.table
    try:
        trials = find_trials(table)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    rate = trials.sampling_rate
    if rate < SLOWEST:
        raise ValueError(
            f"{path}: there are {rate:.3g} rows a second, too few for a movement. Times must be in seconds: if they are in milliseconds, "
            f'say time_unit = "ms" in [data]; if column {data.time!r} counts frames, name another by time, or give sampling_rate and time = "none".'
        )
    stated = data.sampling_rate
    if (
        stated
        and np.isfinite(rate)
        and abs(rate / stated - 1) > OTHER_RATE
        and path.suffix.lower() in (*TEXT, ".parquet")
    ):
        raise ValueError(
            f"{path}: column {data.time!r} counts {rate:.4g} rows a second, but [data] sampling_rate is {stated:g}. Remove the one that is wrong."
        )
