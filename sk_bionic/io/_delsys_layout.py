"""What stands where in the text files of EMGworks and Trigno Discover."""

import re
from dataclasses import dataclass, field

import numpy as np

from sk_bionic.io import _text
from sk_bionic.io._clocks import even_times
from sk_bionic.io._exports import cells_of, decimals_of, names_over_columns, read_head, without_unit

EMG = "emg"
FRAME = 0.0135  # s, in which a Trigno base takes a whole number of samples of each signal
DIGITS = 7  # significant ones of EMGworks' times

_TIME = re.compile(r"(x|time|\u6642\u9593) ?\[s\]", re.IGNORECASE)
_RATE = re.compile(r"-?\s*(?P<rate>[\d.]+)\s*Hz", re.IGNORECASE)
_LABEL_LINE = re.compile(
    r"Label:\s*(?P<label>.*?)\s+Sampling frequency:\s*(?P<rate>[\d.,]+)(.*?Number of points:\s*(?P<points>\d+))?"
    r".*?Unit:\s*(?P<unit>\S*)",
    re.IGNORECASE,
)
_SERIES = re.compile(r"\s*Time Series \(s\)\s*$", re.IGNORECASE)
_WITHOUT_UNIT = {"EMG": "V", "EKG": "V", "ACC": "g", "GYRO": "deg/s"}  # as EMGworks has them


@dataclass
class Channel:
    """One signal: its column, that of its times (or None), its rate (or None) and how many samples the header states
    (or None)."""

    name: str
    unit: str
    kind: str
    column: int
    time_column: int | None
    rate: float | None
    n_samples: int | None = None


@dataclass
class Layout:
    """A file's signals and where their rows begin.

    Parameters
    ----------
    program : str
    channels : list of Channel
    first_line : int
        From 1.
    n_columns : int
    digits : int or None
        Decimals of the printed times; None: `DIGITS` significant digits.
    """

    program: str
    channels: list
    first_line: int
    n_columns: int
    encoding: str
    digits: int | None = None
    separator: str = ","
    decimal: str = "."
    markers: list = field(default_factory=list)

    def steady(self, time, rate):
        """Times without the rounding of their print."""
        if self.digits == 0:
            return time
        if self.digits is None:
            digit = 10.0 ** (np.floor(np.log10(np.maximum(time, 1e-9))) + 1 - DIGITS)
        else:
            digit = 10.0**-self.digits
        return even_times(time, digit, rate)


def is_delsys(lines):
    """Whether a file that begins with these lines is an export of EMGworks or Trigno Discover."""
    return bool(lines) and (
        "trigno discover" in lines[0].lower()
        or lines[0].lower().startswith("label:")
        or bool(_TIME.fullmatch(re.split("[,;\t]", lines[0])[0].strip().strip('"')))
    )


def read_layout(path):
    """`Layout` of a file.

    Raises
    ------
    ValueError
        Where it is no such export.
    """
    lines, encoding = read_head(path)
    if "trigno discover" in lines[0].lower():
        return _discover(path, lines, encoding)
    for number, line in enumerate(lines):
        if _TIME.fullmatch(re.split("[,;\t]", line)[0].strip().strip('"')):
            return _emgworks(path, lines, number, encoding)
    raise _text.fault(
        path,
        "this is no export of EMGworks (a line of names that begins with 'X[s]') nor of Trigno Discover (whose first "
        "line says so).",
    )


def _emgworks(path, lines, number, encoding):
    separator = next((sign for sign in (";", "\t", ",", " ") if sign in lines[number]), ",")
    cells = cells_of(lines[number], separator)
    while cells and not cells[-1]:
        cells.pop()
    described = {}
    for line in lines[:number]:
        match = _LABEL_LINE.search(line)
        if match:
            described[match["label"].strip('" ')] = match["unit"], match["points"] and int(match["points"])
    channels, time_column = [], None
    for column, cell in enumerate(cells):
        if _TIME.fullmatch(cell):
            time_column = column
        elif cell:
            name, unit = without_unit(cell)
            if not _is_unit(unit):
                name, unit = cell, ""
            kind = _kind(name)
            stated, n_samples = described.get(cell, ("", None))
            unit = unit or stated or _WITHOUT_UNIT.get(kind.upper(), "")
            channels.append(Channel(name, unit, kind, column, time_column, None, n_samples))
    decimal = "," if separator != "," and len(lines) > number + 1 and "," in lines[number + 1] else "."
    _check_names(path, channels, number + 1)
    return Layout("EMGworks", channels, number + 2, len(cells), encoding, separator=separator, decimal=decimal)


def _is_unit(text):
    """Whether what stands in brackets behind a name is a unit: "(IM)" and a serial number are none."""
    return bool(re.fullmatch(r"[^\d]{1,6}(/s\^?2?)?", text)) and text.upper() not in ("IM", "DUO", "L", "R")


def _discover(path, lines, encoding):
    if len(lines) < 7:
        raise _text.fault(path, "the header has at least six lines: the file is truncated.", len(lines))
    sensors, names = cells_of(lines[3], ","), cells_of(lines[5], ",")
    while names and not names[-1]:
        names.pop()
    number, rates = 6, [""] * len(names)
    while number < len(lines) and not _is_row(lines[number]):
        cells = cells_of(lines[number], ",")
        if any(_RATE.fullmatch(cell) for cell in cells):
            rates = (cells + rates)[: len(names)]
        number += 1
    sensors = names_over_columns(sensors, len(names))
    channels, time_column = [], None
    for column, (sensor, cell) in enumerate(zip(sensors, names, strict=True)):
        if _SERIES.search(cell):
            time_column = column
            continue
        signal, unit = without_unit(cell)
        found = _RATE.search(unit) or _RATE.search(rates[column])
        unit = unit if not _RATE.search(unit) else _WITHOUT_UNIT.get(_kind(signal).upper(), "")
        if _RATE.search(cell) and _kind(signal) in (EMG, "ekg"):
            unit = "mV"  # which Discover always writes, also before it said so
        rate = _trigno_rate(found["rate"]) if found else None
        channels.append(Channel(f"{sensor}: {signal}", unit, _kind(signal), column, time_column, rate))
    _check_clocks(path, channels)
    _check_names(path, channels, 6)
    return Layout(
        lines[0].partition(",")[2].strip(' ,"'),
        channels,
        number + 1,
        len(names),
        encoding,
        digits=_digits(lines[number : number + 100], channels),
        markers=_markers(lines, number, len(names)),
    )


def _is_row(line):
    """Whether a line holds numbers only, some of which may be missing."""
    cells = [cell for cell in cells_of(line, ",") if cell]
    try:
        return bool(cells) and bool([float(cell) for cell in cells[:1]])
    except ValueError:
        return False


def _kind(signal):
    """First word of a signal's name behind that of its sensor, in small letters: emg, acc, gyro, analog ..."""
    return re.split(r"[\s.]", signal.rpartition(": ")[2].strip())[0].lower()


def _trigno_rate(text):
    """A rate [Hz], as a whole number of samples a frame where it rounds to what is printed."""
    rate = float(text)
    whole = round(rate * FRAME) / FRAME
    return whole if abs(whole - rate) <= 0.51 * 10.0 ** -decimals_of(text) else rate


def _check_clocks(path, channels):
    """A signal's times stand in the column in front of it or count from its rate."""
    for channel in channels:
        if channel.time_column is None and not channel.rate:
            raise _text.fault(
                path,
                f"nothing tells the times of {channel.name!r}: export with the time series of each channel.",
                6,
            )


def _check_names(path, channels, line):
    """Signals that can be asked for by name."""
    if not channels:
        raise _text.fault(path, "no signals are named.", line)
    seen = {}
    for channel in channels:
        seen.setdefault(channel.name, []).append(channel)
    for name, alike in seen.items():
        for position, channel in enumerate(alike if len(alike) > 1 else [], 1):
            channel.name = f"{name} ({position})"


def _digits(lines, channels):
    """Decimals of the printed times; 0 where there are none."""
    columns = {c.time_column for c in channels if c.time_column is not None}
    rows = [line.split(",") for line in lines]
    return max((decimals_of(cells[c]) for cells in rows for c in columns if c < len(cells)), default=0)


def _markers(lines, number, n_columns):
    """Marks that Discover writes to the right of the signals, under names of their own in the header's last line."""
    names = cells_of(lines[number - 1], ",")[n_columns:] if number <= len(lines) else []
    if "Type" not in names:
        return []
    found = []
    for line in lines[number:]:
        cells = cells_of(line, ",")[n_columns:]
        if not any(cells):
            break
        found.append({name: cell for name, cell in zip(names, cells, strict=False) if name and cell})
    return found
