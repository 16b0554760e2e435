"""Tables of text as recording programs export them: some lines of header, then up to millions of rows."""

import csv
import re
from pathlib import Path

import pandas as pd

from sk_bionic.io import _text

HEAD_BYTES = 4_000_000  # within which the header ends
TAIL_BYTES = 100_000  # longer than two rows
_UNIT = re.compile(r"\s*[(\[]\s*(?P<unit>[^()\[\]]*?)\s*[)\]]\s*$")


def read_head(path):
    """Lines of a file's beginning, and the text's encoding."""
    with Path(path).open("rb") as file:
        raw = file.read(HEAD_BYTES)
    if not raw.strip():
        raise _text.fault(path, "the file is empty.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _text.fault(path, "the text is encoded as UTF-16. Save it as UTF-8.")
    if b"\0" in raw:
        raise _text.fault(path, "a zero byte: this is a binary or damaged file, not a text table.")
    if len(raw) == HEAD_BYTES:
        raw = raw[: raw.rindex(b"\n")] if b"\n" in raw else raw
    for encoding in ("utf-8-sig", "latin-1"):
        try:
            return raw.decode(encoding).splitlines(), encoding
        except UnicodeDecodeError:
            continue  # Windows' code pages: bytes beyond ASCII stand in names only
    raise AssertionError("Latin-1 decodes everything.")


def cells_of(line, separator):
    """Cells of a line of the header, without quotes and surrounding white space."""
    return [cell.strip().strip('"').strip() for cell in next(csv.reader([line], delimiter=separator), [])]


def names_over_columns(cells, n_columns):
    """Names over columns, of which one over its first column holds for those that follow without one, list of str."""
    names = []
    for column in range(n_columns):
        own = cells[column] if column < len(cells) else ""
        names.append(own or (names[-1] if names else ""))
    return names


def without_unit(label):
    """A label's name and the unit that stands behind it in brackets, "" where none does."""
    match = _UNIT.search(label)
    return (label[: match.start()].strip(), match["unit"]) if match else (label.strip(), "")


def read_body(path, encoding, first_line, labels, *, separator, decimal, text=(), n_rows=None):
    """Numbers of all rows.

    Parameters
    ----------
    path : path-like
    encoding : str
    first_line : int
        Number of the first row's line, from 1.
    labels : list of str
        What to call each column in errors.
    separator, decimal : str
    text : collection of int
        Positions of columns that hold no numbers.
    n_rows : int, optional
        How many; None: all up to the file's end.

    Returns
    -------
    DataFrame of float64, and of object where `text` says so
        Columns are positions; NaN for an empty cell.

    Raises
    ------
    ValueError
        With file, line and column where a cell is no number, or the last row is not whole.
    """
    _check_end(path, separator)
    try:
        table = pd.read_csv(
            path,
            sep=separator,
            decimal=decimal,
            header=None,
            names=range(len(labels)),
            usecols=range(len(labels)),
            index_col=False,
            skiprows=first_line - 1,
            nrows=n_rows,
            skipinitialspace=True,
            skip_blank_lines=False,
            encoding=encoding,
            dtype=dict.fromkeys(text, object),
            low_memory=False,
        )
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise _text.fault(path, f"no table of {len(labels)} columns follows the header: {error}", first_line) from None
    filled = table.notna().any(axis=1).to_numpy()
    if not filled.any():
        raise _text.fault(path, "no rows follow the header.", first_line - 1)
    table = table.iloc[: len(table) - int(filled[::-1].argmax())]
    for position, label in enumerate(labels):
        if position not in text:
            table[position] = _numbers(path, table[position], label, first_line)
    return table


def _numbers(path, column, label, first_line):
    if pd.api.types.is_numeric_dtype(column) and column.dtype != bool:
        return column.astype("float64")
    values = pd.to_numeric(column, errors="coerce")
    bad = values.isna() & column.notna()
    if bad.any():
        row = bad.idxmax()
        cell = str(column[row])
        hint = f" {_text.DECIMAL_COMMA}" if re.fullmatch(r"\s*[+-]?\d+,\d+\s*", cell) else ""
        raise _text.fault(path, f"column {label!r} must hold a number. Got {cell[:40]!r}.{hint}", first_line + row)
    return values.astype("float64")


def _check_end(path, separator):
    """Raise where the file ends in the middle of a row: without an end of line, and with fewer cells."""
    with Path(path).open("rb") as file:
        file.seek(max(0, Path(path).stat().st_size - TAIL_BYTES))
        tail = file.read().splitlines(keepends=True)
    if len(tail) < 3 or tail[-1].endswith((b"\n", b"\r")):
        return
    last, before = (line.count(separator.encode()) for line in (tail[-1], tail[-2]))
    if last < before:
        raise _text.fault(path, "the file ends in the middle of a row: it is truncated.")


def decimals_of(text, decimal="."):
    """Digits behind the decimal sign of a number's text."""
    return len(re.split("[eE]", text.strip())[0].partition(decimal)[2])
