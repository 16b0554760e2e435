"""The columns that a configuration asks for, out of a file's table, as numbers in SI units."""

import re
import warnings

import numpy as np
import pandas as pd

from ._delimited import DECIMAL_COMMA

# How OpenSim's tools name what belongs to a coordinate.
_NAMES = {
    "angle": r"(?:.*/)?{name}(?:/value)?",
    "moment": r"(?:.*/)?{name}(?:_moment|_force|/moment)?",
}


def take(recording, names, kind=None):
    """Columns under the model's names.

    Parameters
    ----------
    recording : Recording
    names : dict
        The model's name to the file's; two names may have one column.
    kind : {"angle", "moment"}, optional
        What is asked for: then OpenSim's names are understood, ``/jointset/knee/knee_angle_r/value`` for
        ``knee_angle_r``.

    Returns
    -------
    DataFrame
    """
    table, path = recording.table, recording.path
    columns = {name: _numbers(table[_find(table, asked, kind, path)], path) for name, asked in names.items()}
    for name, values in columns.items():
        _warn_of_another_clock(path, names[name], values)
    return pd.DataFrame(columns, index=table.index)


def has(recording, names, kind=None):
    """Whether all columns are there."""
    return all(_candidates(recording.table, asked, kind) for asked in names.values())


def _candidates(table, asked, kind):
    if asked in table:
        return [asked]
    if kind is None:
        return []
    short = asked.removesuffix("/value").split("/")[-1]
    pattern = re.compile(_NAMES[kind].format(name=re.escape(short)))
    return [column for column in table.columns if pattern.fullmatch(str(column))]


def _find(table, asked, kind, path):
    found = _candidates(table, asked, kind)
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{path}: {asked!r} may be any of the columns {found}. Write the whole name of one of them.")
    same = [column for column in table.columns if str(column).startswith(f"{asked} (column ")]
    if same:
        raise ValueError(
            f"{path}: {len(same)} columns are named {asked!r} and hold different values. Rename them in the file, or "
            f"ask for {same[0]!r}."
        )
    raise ValueError(f"{path}: there is no column {asked!r}. Its columns are {list(table.columns)}.")


def _numbers(column, path):
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    text = column.astype(str).str.strip().str.lower()
    bad = np.flatnonzero(
        np.isnan(values) & column.notna().to_numpy() & ~text.isin(["", "nan", "na", "n/a", "null"]).to_numpy()
    )
    if len(bad):
        got = column.iloc[bad[0]]
        raise ValueError(
            f"{path}: column {column.name!r}, row {bad[0] + 1} below the header, must be a number with a decimal "
            f"point. Got {got!r}." + _cause(str(got), len(bad), len(values), bad[0])
        )
    return values


def _warn_of_another_clock(path, name, values):
    """Warn of a column in the first n-th part of the rows: programs write slower signals so, without a clock."""
    known = np.isfinite(values)
    n_known = int(known.sum())
    times = round(len(values) / n_known) if n_known > 1 else 0
    if times < 2 or not known[:n_known].all() or abs(len(values) - times * n_known) > times:
        return
    warnings.warn(
        f"{path.name}: column {name!r} fills the first {n_known} of {len(values)} rows and no other. If it was sampled "
        f"{times} times more slowly than the rest, it stands beside wrong times: write it into a file of its own and "
        "name that in angle_files, with its angle_sampling_rate.",
        UserWarning,
        stacklevel=3,
    )


def _cause(text, n_bad, n_rows, row):
    if DECIMAL_COMMA.fullmatch(text):
        return ' The numbers have decimal commas: say decimal = "," in [data].'
    if n_bad == 1 and row == 0 and n_rows > 1:
        return " This is a second line of names or units: delete it."
    return ""


def as_numbers(column, path):
    """Values of a column that is needed for its own sake, such as the time."""
    return _numbers(column, path)
