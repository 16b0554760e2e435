"""Text tables of numbers: decoding, cells, times, and faults that name file, line and column."""

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

# "1.#QNAN" and "-nan(ind)" are how programs built with Microsoft's compiler print NaN.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.ASCII | re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
DECIMAL_COMMA = "The numbers have decimal commas: write the file with decimal points."
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


def split_row(line, separator, n_labels):
    """Cells of a row of numbers, which hold no blanks: tabs, blanks and runs of them may mix."""
    cells = split_cells(line, separator)
    if separator != ",":
        run_together = line.split()
        if len(run_together) == n_labels:
            return run_together
    while len(cells) > n_labels and not cells[-1]:
        cells.pop()
    return cells


def without_trailing_blanks(lines):
    """The lines up to the last that holds more than separators."""
    n_lines = len(lines)
    while n_lines and not lines[n_lines - 1].strip(" \t,"):
        n_lines -= 1
    return lines[:n_lines]


def parse_rows(path, lines, first_line, labels, separator, *, group=1):
    """Numbers of a table, one row a line; NaN for an empty cell.

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
    group : int
        So many columns (the axes of a marker) may be missing together at the end of a row that is not the file's last.

    Returns
    -------
    ndarray of shape (len(lines), len(labels))
    """
    rows = []
    for number, line in enumerate(lines, first_line):
        cells = split_row(line, separator, len(labels))
        missing = len(labels) - len(cells)
        is_last = number == first_line + len(lines) - 1
        if group > 1 and missing > 0 and missing % group == 0 and not is_last and len(cells) > 1:
            cells += [""] * missing
        if len(cells) != len(labels):
            message = f"{len(cells)} cells where the column labels promise {len(labels)}."
            raise fault(path, message + _hint(line, cells, len(cells) > len(labels), is_last), number)
        rows.append(_numbers(path, cells, number, labels))
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(labels))


def _hint(line, cells, too_many, is_last):
    if not line.strip(" \t,"):
        return " Remove the empty line."
    if too_many and "," in line and all(_INTEGER.fullmatch(cell) for cell in cells):
        return f" {DECIMAL_COMMA}"
    return " The file ends in the middle of a row: it is truncated." if is_last and not too_many else ""


def _numbers(path, cells, number, labels):
    try:
        # Python's float is lenient: "1_0" and digits of other scripts must not pass.
        if not any("_" in cell or not cell.isascii() for cell in cells):
            return [float(cell) for cell in cells]
    except ValueError:
        pass
    return [_number(path, cell.strip(), number, label) for cell, label in zip(cells, labels, strict=True)]


def _number(path, cell, number, label):
    if _NUMBER.fullmatch(cell):
        return float(cell)
    if _NOT_A_NUMBER.fullmatch(cell) or not cell:
        return np.nan
    hint = f" {DECIMAL_COMMA}" if _DECIMAL_COMMA.fullmatch(cell) else ""
    raise fault(path, f"column {label!r} must hold a number. Got {cell[:40]!r}.{hint}", number)


def settle_labels(labels, values, before, notes):
    """Columns that can be asked for by name: a fault of one column must not block the others.

    Of columns with one name and the same values the first is kept. Where the values differ, each gets its position
    into its name, so that nobody takes one for the other. Columns without a name are left out.

    Parameters
    ----------
    labels : list of str
    values : ndarray of shape (n_rows, len(labels))
    before : int
        Columns of the file in front of these.
    notes : list of str
        Gets what must be said about it.

    Returns
    -------
    labels : list of str
        Unique.
    values : ndarray
        Their columns.
    """
    unnamed = [i for i, label in enumerate(labels) if not label]
    if unnamed:
        notes.append(f"column {unnamed[0] + before + 1} has no label and is left out.")
    kept, settled = [], []
    for i, label in enumerate(labels):
        same = [k for k, other in enumerate(labels) if other == label] if labels.count(label) > 1 else [i]
        alike = all(_equal(values[:, same[0]], values[:, k]) for k in same)
        if label and (i == same[0] or not alike):
            kept.append(i)
            settled.append(label if alike else f"{label} (column {i + before + 1})")
            if i == same[0] and not alike:
                where = " and ".join(str(k + before + 1) for k in same)
                notes.append(f"columns {where} are named {label!r} alike: they are read as {settled[-1]!r} and so on.")
    n_copies = len(labels) - len(kept) - len(unnamed)
    if n_copies:
        notes.append(f"{n_copies} column(s) have name and values of another one and are left out.")
    return settled, values[:, kept]


def _equal(column, other):
    """Of numbers or texts; NaN equals NaN."""
    return bool(((column == other) | ((column != column) & (other != other))).all())


def warn(path, notes):
    """Issue what was noted while a reader worked; to be called by the reader itself."""
    for note in notes:
        warnings.warn(f"{Path(path).name}: {note}", UserWarning, stacklevel=3)


def check_time(path, time, first_line, notes):
    """Time [s] must be finite; a note where it does not increase, which a fit will not accept."""
    missing = np.flatnonzero(~np.isfinite(time))
    if len(missing):
        row = int(missing[0])
        raise fault(path, f"column 'time' is {time[row]}.", first_line + row)
    backward = np.flatnonzero(np.diff(time) <= 0)
    if len(backward):
        row = int(backward[0]) + 1
        verb = "repeats" if time[row] == time[row - 1] else "goes back to"
        more = f" ({len(backward)} such rows)" if len(backward) > 1 else ""
        notes.append(
            f"line {first_line + row}: column 'time' {verb} {time[row]:.12g} s after {time[row - 1]:.12g} s{more}. "
            "Before "
            "a fit, sort the rows by time and drop duplicates; many such rows are times written with too few digits."
        )


def check_row_count(path, promised, found, key, lines, notes):
    """Another number of rows than the header promises is noted; an error where the last row has no end of its line, "
    "too."""
    if found == promised:
        return
    if found < promised and lines[-1].strip():
        raise fault(
            path,
            f"the header promises {key}={promised} rows, the table has {found}, the last without an end of line: the "
            "file is truncated. Pass `check_row_count=False` to read what is there.",
        )
    cause = "the file is truncated, or the header is wrong" if found < promised else "the header is wrong"
    notes.append(f"the header promises {key}={promised} rows, the table has {found}: {cause}. All of them are read.")


def is_count(text):
    """Whether a text is a non-negative integer."""
    return bool(re.fullmatch(r"\d{1,18}", text, re.ASCII))


def parse_count(path, text, key, line):
    """A non-negative integer of a header."""
    if not is_count(text):
        raise fault(path, f"{key} must be a number of rows or columns. Got {text[:40]!r}.", line)
    return int(text)


def trial_frame(path, trial, time, values, columns, attrs):
    """DataFrame with the index levels "trial" and "time" [s] that the estimators read."""
    name = Path(path).stem if trial is None else trial
    index = pd.MultiIndex.from_arrays([[name] * len(time), time], names=["trial", "time"])
    frame = pd.DataFrame(values, index=index, columns=columns)
    frame.attrs.update(source=str(path), **attrs)
    return frame
