"""Noraxon: text files that myoRESEARCH exports."""

import re
from pathlib import Path

import numpy as np

from sk_bionic.io import _text
from sk_bionic.io._clocks import Signals, even_times, one_table
from sk_bionic.io._exports import cells_of, decimals_of, read_body, read_head, without_unit
from sk_bionic.io._quantities import is_voltage, to_si

__all__ = ["read_noraxon"]

_TIME = re.compile(r"time(,? ?\(?s\)?)?", re.IGNORECASE)
_REMARKS = ("activity", "marker", "markers", "comment")
_SYNC = re.compile(r"(^|[ ._])(sync|switch)", re.IGNORECASE)
LONGEST_HEADER = 100  # lines


def read_noraxon(path, *, signals="emg", sampling_rate=None, trial=None):
    """Read a text file that Noraxon's myoRESEARCH (MR3, MR4) exported as text (.csv, .txt).

    Parameters
    ----------
    path : path-like
        The file, parted by commas, semicolons or tabs, with decimal points or commas.
    signals : {"emg", "all"} or list of str, default="emg"
        Which signals: the EMG (voltages but for the sync line), all, or these columns.
    sampling_rate : float, default=None
        Brings the table to this rate [Hz] by `sk_bionic.preprocessing.resample`. None: the file's.
    trial : str, default=None
        Name of the trial. None: the file's name without its extension.

    Returns
    -------
    DataFrame of shape (n_frames, n_signals)
        Index levels "trial" and "time" [s]. Columns as named in the file, without their units; voltages in V, angles in
        rad, rates of turn in rad/s, accelerations in m/s^2; what has another unit stays as written. NaN for an empty
        cell. `attrs`: "source", "units" (of the table), "recorded_units" (of the file), "emg" (list of EMG columns),
        "sampling_rate" [Hz], "header" (dict, as in the file), "markers" (list of dict: time [s], kind, text).

    Raises
    ------
    ValueError
        If the file is no such export or damaged, or does not hold the `signals`; the message names file, line and
        column.
    OSError
        If the file cannot be read.

    Notes
    -----
    Times are printed with few decimals and are made steady again where they agree with the rate in the header. That
    rate has a decimal point also in files whose numbers have decimal commas.

    Examples
    --------
    >>> from pathlib import Path
    >>> from sk_bionic.io import read_noraxon
    >>> header = '"type";"begin_time";"frequency";"count"\\n"record";"0,00000";"2000.0";"3"\\n\\n'
    >>> rows = '0,00000;;;1,5\\n0,00050;;Start;-2,5\\n0,00100;;;3,5\\n'
    >>> _ = Path("curl.csv").write_text(header + '"time";"Activity";"Marker";"BICEPS BR. LT (uV)"\\n' + rows)
    >>> emg = read_noraxon("curl.csv")
    >>> (1e6 * emg["BICEPS BR. LT"]).round(9).tolist(), emg.attrs["markers"]
    ([1.5, -2.5, 3.5], [{'time': 0.0005, 'kind': 'Marker', 'text': 'Start'}])
    """
    path = Path(path)
    lines, encoding = read_head(path)
    number, separator = _label_line(path, lines)
    labels = cells_of(lines[number], separator)
    while labels and not labels[-1]:
        labels.pop()
    first = _first_row(path, lines, number)
    decimal = _decimal(lines[first : first + 50], separator)
    remarks = [i for i, label in enumerate(labels) if label.lower() in _REMARKS]
    body = read_body(path, encoding, first + 1, labels, separator=separator, decimal=decimal, text=remarks)
    header = _header(lines[:number], separator)
    time = _times(path, body[0].to_numpy(), lines[first], separator, decimal, header, first)
    found = {i: _named(label) for i, label in enumerate(labels) if i and i not in remarks and label}
    chosen = _chosen(path, found, signals)
    values = body[list(chosen)].to_numpy() * [to_si(unit)[0] for _, unit in chosen.values()]
    names = [name for name, _ in chosen.values()]
    names, values = _text.settle_labels(names, values, 1, notes := [])
    _text.warn(path, notes)
    units = {name: unit for name, unit in chosen.values()}
    attrs = {
        "units": {name: to_si(units.get(name, ""))[1] for name in names},
        "recorded_units": {name: units.get(name, "") for name in names},
        "emg": [name for name in names if _is_emg(name, units.get(name, ""))],
        "header": header,
        "markers": _markers(body, remarks, labels, time),
    }
    read = [Signals(time, values, names)]
    return one_table(path, trial, read, order=names, join=True, sampling_rate=sampling_rate, attrs=attrs)


def is_noraxon(lines):
    """Whether a file that begins with these lines is an export of myoRESEARCH."""
    try:
        number, separator = _label_line("", lines)
    except ValueError:
        return False
    above = "\n".join(lines[:number]).lower()
    with_unit_behind_comma = any(re.search(r",\s?(uv|mv|deg)$", c.lower()) for c in cells_of(lines[number], separator))
    return "noraxon" in above or "myoresearch" in above or with_unit_behind_comma


def _label_line(path, lines):
    """Position of the line of names, and what parts them."""
    for number, line in enumerate(lines[:LONGEST_HEADER]):
        for separator in (";", "\t", ","):
            cells = cells_of(line, separator)
            if len(cells) > 1 and _TIME.fullmatch(cells[0]) and not (separator == "," and cells[1] == "s"):
                return number, separator
    raise _text.fault(path, "this is no export of myoRESEARCH: no line of names begins with 'time' or 'Time,s'.")


def _first_row(path, lines, number):
    for first in range(number + 1, min(number + 5, len(lines))):
        if re.match(r'\s*"?[+-]?\d', lines[first]):
            return first
    raise _text.fault(path, "no rows follow the names of the columns.", number + 1)


def _decimal(rows, separator):
    """ "," where numbers have decimal commas."""
    return "," if separator != "," and any(re.search(r"\d,\d", row) for row in rows) else "."


def _header(lines, separator):
    """Names and values: two lines of as many cells (MR4), or a pair a line (MR3)."""
    rows = [cells for cells in (cells_of(line, separator) for line in lines) if any(cells)]
    if len(rows) == 2 and len(rows[0]) == len(rows[1]) > 2:
        return dict(zip(rows[0], rows[1], strict=True))
    return {cells[0]: " ".join(filter(None, cells[1:])) for cells in rows}


def _times(path, time, row, separator, decimal, header, first):
    """Steady times [s]; ValueError where they do not increase."""
    missing = np.flatnonzero(np.isnan(time))
    if len(missing):
        raise _text.fault(path, "column 'time' is empty.", first + 1 + int(missing[0]))
    stated = re.fullmatch(r"\d+([.,]\d+)?", header.get("frequency", ""))
    rate = float(stated[0].replace(",", ".")) if stated else None
    digits = decimals_of(row.split(separator)[0].strip().strip('"'), decimal)
    time = even_times(time, 10.0**-digits, rate) if digits else time
    wrong = np.flatnonzero(np.diff(time) <= 0)
    if len(wrong):
        row = int(wrong[0]) + 1
        message = f"column 'time' is {time[row]:g} s after {time[row - 1]:g} s: it must increase."
        raise _text.fault(path, message, first + 1 + row)
    return time


def _named(label):
    """Name and unit of "BICEPS BR. LT (uV)" or "RT BICEPS BR.,uV"."""
    name, unit = without_unit(label)
    if unit:
        return name, unit
    name, comma, unit = label.rpartition(",")
    return (name.strip(), unit.strip()) if comma else (label, "")


def _is_emg(name, unit):
    return is_voltage(unit) and not _SYNC.search(name)


def _chosen(path, found, signals):
    """Positions of the columns asked for, with their names and units."""
    if isinstance(signals, str) and signals not in ("emg", "all"):
        raise ValueError(f"`signals` must be 'emg', 'all' or a list of columns. Got {signals!r}.")
    names = [name for name, _ in found.values()]
    if signals == "all":
        chosen = found
    elif signals == "emg":
        chosen = {i: (name, unit) for i, (name, unit) in found.items() if _is_emg(name, unit)}
    else:
        lost = [name for name in signals if name not in names]
        if lost:
            raise _text.fault(path, f"there is no signal {lost[0]!r}. Its signals are {names}.")
        chosen = {i: found[i] for name in signals for i in found if found[i][0] == name}
    if not chosen:
        raise _text.fault(path, f"there is no EMG. Its signals are {names}: choose by `signals`.")
    return chosen


def _markers(body, remarks, labels, time):
    found = []
    for position in remarks:
        rows = np.flatnonzero(body[position].notna().to_numpy())
        found += [
            {"time": float(time[row]), "kind": labels[position], "text": str(body[position].iloc[row]).strip()}
            for row in rows
        ]
    return sorted(found, key=lambda marker: marker["time"])
