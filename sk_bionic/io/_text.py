"""Text tables of numbers: decoding, cells, times, and faults that name file, line and column."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

# "1.#QNAN" and "-nan(ind)" are how programs built with Microsoft's compiler print NaN.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.ASCII | re.IGNORECASE)
_NOT_A_NUMBER = re.compile(r"[+-]?(nan(\(\w*\))?|1\.#(QNAN|SNAN|IND|INF|R)0*)", re.ASCII | re.IGNORECASE)


def fault(path, message, line=None):
    """A ValueError that begins with the file and the line, counted from 1."""
    where = "" if line is None else f", line {line}"
    return ValueError(f"{Path(path).name}{where}: {message} (file: {path})")


def read_lines(path):
    """Lines of a UTF-8 text file with any line ends, without those; ValueError for anything else."""
    raw = Path(path).read_bytes()
    if not raw.strip():
        raise fault(path, "the file is empty.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise fault(path, "the text is encoded as UTF-16. Save it as UTF-8.")
    raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\0" in raw:
        line = raw[: raw.index(b"\0")].count(b"\n") + 1
        raise fault(path, "a zero byte: this is a binary or damaged file, not a text table.", line)
    try:
        return raw.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        byte = raw[error.start]
        raise fault(path, f"byte 0x{byte:02x} is not UTF-8. Save the file as UTF-8 text.", line) from None


def separator_of(line):
    """What separates the cells of a line of column labels; None is any white space."""
    return "\t" if "\t" in line.strip() else "," if "," in line else None


def split_cells(line, separator):
    """Cells of a line without surrounding white space."""
    return [cell.strip() for cell in line.split(separator)]


def without_trailing_blanks(lines):
    """The lines up to the last that holds more than separators."""
    n_lines = len(lines)
    while n_lines and not lines[n_lines - 1].strip(" \t,"):
        n_lines -= 1
    return lines[:n_lines]


def parse_rows(path, lines, first_line, labels, separator, *, blank_is_nan=False):
    """Numbers of a table, one row a line.

    Parameters
    ----------
    path : path-like
        Named in errors.
    lines : list of str
        The rows.
    first_line : int
        Number of the first row's line in the file, from 1.
    labels : list of str
        Names of all columns, for the errors.
    separator : str or None
        None: any white space.
    blank_is_nan : bool
        Whether an empty cell is a missing value rather than an error.

    Returns
    -------
    ndarray of shape (len(lines), len(labels))
    """
    rows = []
    for number, line in enumerate(lines, first_line):
        cells = line.split(separator)
        while len(cells) > len(labels) and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(labels):
            message = f"{len(cells)} cells where the column labels promise {len(labels)}."
            raise fault(path, message + _hint(line, number == first_line + len(lines) - 1), number)
        rows.append(_numbers(path, cells, number, labels, blank_is_nan))
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(labels))


def _hint(line, is_last):
    if not line.strip(" \t,"):
        return " Remove the empty line."
    return " The file ends in the middle of a row: it is truncated." if is_last else ""


def _numbers(path, cells, number, labels, blank_is_nan):
    try:
        # Python's float is lenient: "1_0" and digits of other scripts must not pass.
        if not any("_" in cell or not cell.isascii() for cell in cells):
            return [float(cell) for cell in cells]
    except ValueError:
        pass
    return [_number(path, cell.strip(), number, label, blank_is_nan) for cell, label in zip(cells, labels, strict=True)]


def _number(path, cell, number, label, blank_is_nan):
    if _NUMBER.fullmatch(cell):
        return float(cell)
    if _NOT_A_NUMBER.fullmatch(cell) or (blank_is_nan and not cell):
        return np.nan
    got = f"{cell[:40]!r}" if cell else "an empty cell"
    raise fault(path, f"column {label!r} must hold a number. Got {got}.", number)


def check_labels(path, labels, line):
    """Every column needs a name of its own."""
    for position, label in enumerate(labels):
        if not label:
            raise fault(path, f"column {position + 1} has no label.", line)
    duplicates = [label for label, count in Counter(labels).items() if count > 1]
    if duplicates:
        raise fault(path, f"several columns are named {', '.join(map(repr, duplicates))}.", line)


def check_time(path, time, first_line):
    """Time [s] must be finite and increase strictly."""
    missing = np.flatnonzero(~np.isfinite(time))
    if len(missing):
        row = int(missing[0])
        raise fault(path, f"column 'time' is {time[row]}.", first_line + row)
    backward = np.flatnonzero(np.diff(time) <= 0)
    if len(backward):
        row = int(backward[0]) + 1
        verb = "repeats" if time[row] == time[row - 1] else "goes back to"
        raise fault(
            path,
            f"column 'time' {verb} {time[row]:.12g} s after {time[row - 1]:.12g} s. Sort the rows "
            "by time and drop duplicates.",
            first_line + row,
        )


def check_row_count(path, promised, found, key):
    """The header's number of rows must be the table's."""
    if promised != found:
        what = "the file is truncated" if found < promised else "the header is wrong"
        raise fault(
            path,
            f"the header promises {key}={promised} rows, the table has {found}: {what}. Pass "
            "`check_row_count=False` to read the rows that are there.",
        )


def parse_count(path, text, key, line):
    """A non-negative integer of a header."""
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise fault(path, f"{key} must be a number of rows or columns. Got {text[:40]!r}.", line)
    return int(text)


def trial_frame(path, trial, time, values, columns, attrs):
    """DataFrame with the index levels "trial" and "time" [s] that the estimators read."""
    name = Path(path).stem if trial is None else trial
    index = pd.MultiIndex.from_arrays([[name] * len(time), time], names=["trial", "time"])
    frame = pd.DataFrame(values, index=index, columns=columns)
    frame.attrs.update(source=str(path), **attrs)
    return frame
