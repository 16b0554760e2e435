"""Tables of text (.csv, .tsv, .txt) as programs of laboratories write them."""

import csv
import re

import numpy as np
import pandas as pd

from ..io import _text

# So a comma stands in a number; "1,234" may be either, so the configuration has to say.
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*")
_INTEGER = re.compile(r"\s*[+-]?\d*\s*")


def read_delimited(path, separator=None, decimal="."):
    """Whole table of a file, its cells as text.

    Lines that begin with # in front of the table are remarks; the last of them holds the names of the columns where no
    other line does (NumPy writes such files). Separators at the end of lines count for nothing.

    Parameters
    ----------
    path : Path
    separator : str, optional
        Default: what the line of names is parted by: commas, semicolons, tabs or blanks.
    decimal : {".", ","}

    Returns
    -------
    DataFrame of str
        Columns of one name and different values have their position in their name.

    Raises
    ------
    ValueError
        When there are no names or no rows, or a row has more cells than there are names; the message names the line.
    """
    lines = _text.read_lines(path)
    first = next((i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), len(lines))
    separator = separator or _separator(lines[first] if first < len(lines) else "", path)
    header, first = _header(path, lines, first, separator)
    labels = [cell.strip() for cell in header]
    while labels and not labels[-1]:
        labels.pop()
    rows = _rows(path, lines, first, separator, labels)
    if not rows:
        raise ValueError(f"{path}: no rows follow the names of the columns.")
    values = np.array(rows, dtype=object)
    if decimal == ",":
        values = np.array([[cell.replace(",", ".") for cell in row] for row in rows], dtype=object)
    notes = []
    labels, values = _text.settle_labels(labels, values, 0, notes)
    return pd.DataFrame(values, columns=labels)


def _separator(line, path):
    for separator in ("\t", ";", ","):
        if separator in line and (separator != "," or ";" not in line):
            return separator
    return "\t" if path.suffix.lower() == ".tsv" else " " if len(line.split()) > 1 else ","


def _cells(lines, separator):
    """Cells of each line; a quote that is not closed ends with its line."""
    for line in lines:
        if separator == " ":
            yield line.split()
        elif '"' in line:
            yield next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
        else:
            yield line.split(separator)


def _header(path, lines, first, separator):
    """Cells of the line of names, and the index of the line after it."""
    if first == len(lines):
        raise ValueError(f"{path}: there is no table in this file.")
    cells = next(_cells([lines[first]], separator))
    if not all(_is_number(cell) for cell in cells if cell.strip()):
        return cells, first + 1
    remarks = [line for line in lines[:first] if line.strip()]
    named = remarks and next(_cells([remarks[-1].lstrip().lstrip("#")], separator))
    if named and len(named) == len(cells):
        return named, first
    raise ValueError(
        f"{path}, line {first + 1}: this line must hold the names of the columns. Got {lines[first][:60]!r}. "
        "Put a line of names in front."
    )


def _is_number(cell):
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _rows(path, lines, first, separator, labels):
    rows = []
    for number, cells in enumerate(_cells(lines[first:], separator), first + 1):
        if not any(cell.strip() for cell in cells):
            continue
        while len(cells) > len(labels) and not cells[-1].strip():
            cells.pop()
        if len(cells) > len(labels):
            whole = separator == "," and all(_INTEGER.fullmatch(cell) for cell in cells)
            commas = " If its numbers have decimal commas, part the values by semicolons, or write decimal points."
            raise ValueError(
                f"{path}, line {number}: {len(cells)} values between {separator!r}, but there are "
                f"{len(labels)} names of columns.{commas if whole else ''}"
            )
        if len(cells) < len(labels) and number == len(lines):  # a line without an end, as of a file cut off
            raise ValueError(f"{path}, line {number}: the file ends in the middle of a row: it is truncated.")
        rows.append([*cells, *[""] * (len(labels) - len(cells))])
    return rows
