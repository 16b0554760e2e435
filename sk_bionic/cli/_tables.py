"""Recordings from files of any kind that the command line knows."""

import glob
from pathlib import Path

import numpy as np
import pandas as pd

from ..io import read_c3d, read_sto
from ..trials import find_trials
from ._config import renamings
from ._estimators import make_envelope
from ._outputs import STORAGE

TEXT = (".csv", ".tsv", ".txt")
READABLE = (*TEXT, ".parquet", *STORAGE, ".c3d")


def read_frames(config, files=None, need_angle=True):
    """Envelopes and angles of all trials on one time axis each.

    Parameters
    ----------
    config : Config
    files : list of str, optional
        Recordings (relative to the working directory). Default: those of the configuration (relative to its folder).
    need_angle : bool
        Whether missing angles are an error.

    Returns
    -------
    X : DataFrame
        EMG envelopes and external inputs under the model's names; index levels trial and time [s].
    y : DataFrame, Series or None
        Angles [rad]; None where no file has them.

    Raises
    ------
    ValueError
        When files, columns or times do not fit; the message names the file.
    """
    data = config.data
    paths = find_files(data.files, config.folder) if files is None else find_files(files, Path())
    angle_paths = (
        {p.stem: p for p in find_files(data.angle_files, config.folder)} if data.angle_files and files is None else {}
    )
    recordings = [_read(path, config) for path in paths]
    _check_trials(recordings, paths)
    inputs = {**renamings(data.emg), **renamings(data.prescribed_angles), **renamings(data.other)}
    signals = pd.concat([_columns(r, inputs, path) for r, path in zip(recordings, paths, strict=True)])
    signals = _in_radians(signals, list(renamings(data.prescribed_angles).values()), config, paths)
    envelope = make_envelope(config)
    signals = signals if envelope is None else envelope.fit_transform(signals)
    angles = _read_angles(config, recordings, paths, angle_paths, need_angle)
    return _on_common_time(signals, angles, data.frame_rate)


def find_files(patterns, folder):
    """Files that the patterns name, in their order, none twice."""
    found = {}
    for pattern in patterns:
        matches = sorted(glob.glob(str(folder / pattern)))
        if not matches:
            raise ValueError(f"No file matches {pattern!r} in {folder.resolve()}.")
        found.update(dict.fromkeys(Path(match) for match in matches))
    if not found:
        raise ValueError('The configuration names no recordings: [data] needs a line such as files = ["trial_*.csv"].')
    return list(found)


def _read(path, config):
    """Whole table of a file; index levels trial and time [s]."""
    suffix = path.suffix.lower()
    if suffix in STORAGE:
        return read_sto(path)
    if suffix == ".c3d":
        return read_c3d(path)
    if suffix == ".parquet":
        return _with_index(_read_parquet(path), path, config.data)
    if suffix in TEXT:
        separator = config.data.separator or ("\t" if suffix == ".tsv" else ",")
        try:
            table = pd.read_csv(path, sep=separator, comment="#")
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: this is no table of values between {separator!r}: {error}") from error
        return _with_index(table, path, config.data)
    raise ValueError(f"{path}: files must end in {', '.join(READABLE)}.")


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


def _with_index(table, path, data):
    table.columns = [str(name).strip() for name in table.columns]
    trial = table.pop(data.trial) if data.trial in table else pd.Series(path.stem, index=table.index)
    if data.time in table:
        time = _numbers(table.pop(data.time), path)
    elif data.sampling_rate:
        time = table.groupby(trial.to_numpy(), sort=False).cumcount() / data.sampling_rate
    else:
        raise ValueError(
            f"{path}: there is no column {data.time!r} (time in s). Its columns are {list(table.columns)}. Name it by [data] time, or give sampling_rate [Hz]."
        )
    table.index = pd.MultiIndex.from_arrays([trial.astype(str), time], names=["trial", "time"])
    return table


def _columns(table, names, path):
    """The columns that `names` maps from the file to the model, as numbers."""
    missing = [name for name in names if name not in table]
    if missing:
        raise ValueError(f"{path}: there is no column {missing[0]!r}. Its columns are {list(table.columns)}.")
    return pd.DataFrame({name: _numbers(table[column], path) for column, name in names.items()}, index=table.index)


def _numbers(column, path):
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero(np.isnan(values) & column.notna().to_numpy())
    if len(bad):
        raise ValueError(
            f"{path}: column {column.name!r}, row {bad[0] + 1} below the header, must be a number with a decimal point. Got {column.iloc[bad[0]]!r}."
        )
    return values


def _check_trials(recordings, paths):
    """Raise where the times of a file's trials do not fit, or two files have a trial of one name."""
    file_of = {}
    for table, path in zip(recordings, paths, strict=True):
        try:
            names = find_trials(table).names
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        for name in names:
            if name in file_of:
                raise ValueError(
                    f"{file_of[name]} and {path.name} both have a trial {name!r}: give one of them another name."
                )
            file_of[name] = path.name


def _read_angles(config, recordings, paths, angle_paths, need):
    """Angles [rad] of all trials, None where none is needed and a file has none."""
    names = renamings(config.data.angle)
    if angle_paths:
        lost = [p.name for p in paths if p.stem not in angle_paths]
        if lost:
            raise ValueError(f"No file of [data] angle_files has the name of {lost[0]!r} (but for its extension).")
        paths = [angle_paths[p.stem] for p in paths]
        recordings = [_read(p, config) for p in paths]
    if not need and not all(name in table for table in recordings for name in names):
        return None
    angles = pd.concat([_columns(table, names, path) for table, path in zip(recordings, paths, strict=True)])
    return _in_radians(angles, list(angles.columns), config, paths)


def _in_radians(table, columns, config, paths):
    unit, storage = config.data.angle_unit, [p.suffix.lower() in STORAGE for p in paths]
    if not columns or all(storage):
        return table  # whose header tells the unit, and `read_sto` has followed it
    if any(storage):
        raise ValueError(
            f"{paths[0]} and others: angles come from .sto or .mot files and from others. Convert one kind into the other."
        )
    if unit is None:
        raise ValueError(
            f'{config.path}: say in [data] whether angles are in degrees or radians: angle_unit = "deg" or angle_unit = "rad".'
        )
    if unit == "deg":
        table[columns] = np.deg2rad(table[columns])
    return table


def _on_common_time(signals, angles, rate):
    """Signals and angles at the same times: those of the signals, or `rate` frames a second."""
    trials = find_trials(signals)
    if angles is not None and find_trials(angles).names != trials.names:
        raise ValueError(
            f"Trials of the EMG {list(trials.names)} and of the angles {list(find_trials(angles).names)} differ."
        )
    if rate is None:
        if angles is None or signals.index.equals(angles.index):
            return signals, angles
        raise ValueError(
            "EMG and angles are sampled at different times. Say in [data] how many frames a second both shall have: frame_rate = 100."
        )
    pairs = [(name, signals.loc[[name]], None if angles is None else angles.loc[[name]]) for name in trials.names]
    sampled = [(_sampled(s, s, rate, name), None if a is None else _sampled(a, s, rate, name)) for name, s, a in pairs]
    X, y = zip(*sampled, strict=True)
    return pd.concat(X), None if angles is None else pd.concat(y)


def _sampled(table, of, rate, name):
    """One trial of `table` at `rate` frames a second over the time of `of`, NaN where it says nothing."""
    start, stop = (of.index.get_level_values("time")[i] for i in (0, -1))
    time = start + np.arange(int((stop - start) * rate * (1 + 1e-12)) + 1) / rate
    known = table.index.get_level_values("time")
    values = {c: np.interp(time, known, table[c], left=np.nan, right=np.nan) for c in table}
    return pd.DataFrame(values, index=pd.MultiIndex.from_product([[name], time], names=["trial", "time"]))
