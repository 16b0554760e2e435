"""Faults of recordings, looked for before anything is fitted to them."""

from pathlib import Path

import numpy as np
import pandas as pd

from ..io._exports import without_unit
from ..io._quantities import is_no_voltage
from ..trials import find_trials
from ._config import apply_change, check_tables, read_config
from ._files import find_files, trial_names
from ._outputs import check_output, write_table
from ._recordings import TEXT, read_recording
from ._tables import at_times_of, read_angles, read_beside, read_recordings, read_signals
from ._words import in_plain_words

TABLES = (".csv", ".tsv", ".parquet")


def check(arguments):
    """Print what is wrong with recordings; 1 where anything worse than a note was found, else 0."""
    output = arguments.output and check_output(arguments.output, arguments.overwrite, TABLES)
    with_config = arguments.inputs[0].lower().endswith(".toml")
    checked = _of_config(arguments) if with_config else _of_files(arguments)
    tables, ok = [], True
    for files, quality in checked:
        print(f"{files}: {quality.summary}")
        for row in quality.findings.itertuples():
            _print_finding(row)
        tables.append(quality.findings.assign(files=files))
        ok = ok and quality.ok
    if output:
        write_table(pd.concat(tables), output, index=False)
        print(f"Findings written to {output}.")
    return 0 if ok else 1


def _print_finding(row):
    places = [str(place) for place in (row.trial, row.channel) if place is not None and place == place]
    span = (
        f", {_seconds(row.start)} to {_seconds(row.stop)} s" if np.isfinite(row.start) and np.isfinite(row.stop) else ""
    )
    where = f" {', '.join(places)}{span}" if places or span else ""
    print(f"  {row.severity}: {row.kind}{where}: {in_plain_words(row.meaning)}\n    {in_plain_words(row.advice)}")


def _seconds(time):
    """A time that tells where in a long recording, or by a computer's clock, it is."""
    return f"{time:.3g}" if abs(time) < 10 else f"{time:.2f}".rstrip("0").rstrip(".")


def _of_config(arguments):
    """EMG as recorded and angles of a configuration, or of files that it describes."""
    from ..inspection import check_recording  # which takes a second that other commands need not wait

    config = read_config(arguments.inputs[0], arguments.set)
    files = arguments.inputs[1:] or None
    recordings, found = read_recordings(config, files)
    beside = read_beside(config, "angle_files", recordings, found, need=files is None)
    signals, _ = read_signals(config, recordings, beside)
    angles = read_angles(config, beside, need=False)
    if angles is not None:
        angles = at_times_of(config.data, angles, signals)
    exclude = [name for part in (config.data.prescribed_angles, config.data.other) for name in part]
    return [(config.path.name, check_recording(signals, angles, exclude=exclude))]


def _of_files(arguments):
    """All columns of the files as EMG, or those that a file itself calls so; files with the same columns together."""
    from ..inspection import check_recording

    data = _data(arguments.set)
    files = find_files(arguments.inputs, Path())
    names = trial_names(files)
    groups = {}
    for path in files:
        table = read_recording(path, data, names[path], data.sampling_rate).table
        table = table[_possible_emg(path, table)]
        numbers = table.apply(pd.to_numeric, errors="coerce")
        numbers = numbers.loc[:, numbers.notna().any()]
        if numbers.empty:
            raise ValueError(f"{path}: there is no column of numbers to check.")
        rate = round(find_trials(table).sampling_rate, 1)
        groups.setdefault((tuple(numbers.columns), rate), []).append((path, numbers))
    for members in groups.values():
        label = ", ".join(path.name for path, _ in members[:3]) + (" ..." if len(members) > 3 else "")
        yield label, check_recording(pd.concat([table for _, table in members]))


def _possible_emg(path, table):
    """Columns that the file calls EMG; those that nothing tells to be something else."""
    columns, units = list(table.columns), table.attrs.get("units", {})
    unit_of = lambda column: units.get(column) or without_unit(str(column))[1]
    chosen = table.attrs.get("emg")
    if not chosen and path.suffix.lower() != ".c3d":  # whose reader looks at units and force plates
        chosen = [column for column in columns if not is_no_voltage(unit_of(column))]
    if not chosen:
        raise ValueError(f"{path}: by its units no column can be EMG: {', '.join(map(str, columns[:6]))}.")
    others = [str(column) for column in columns if column not in chosen]
    if others and path.suffix.lower() in (*TEXT, ".c3d"):
        more = ", ..." if len(others) > 6 else ""
        print(f"{path.name}: {len(others)} column(s) that are no EMG are left out: {', '.join(others[:6])}{more}.")
    return chosen


def _data(changes):
    """Table [data] of settings on the command line alone."""
    tables = {}
    for change in changes:
        apply_change(tables, change)
    if set(tables) - {"data"}:
        raise ValueError("Without a configuration file, --set takes settings of [data] only, as in data.time=t.")
    return check_tables("--set", tables).data
