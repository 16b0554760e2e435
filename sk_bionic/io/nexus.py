"""Vicon Nexus: text files with sections for devices, model outputs and trajectories."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sk_bionic.io import _text
from sk_bionic.io._clocks import Signals, one_table
from sk_bionic.io._exports import cells_of, names_over_columns, read_body, read_head
from sk_bionic.io._quantities import is_voltage, to_si

__all__ = ["read_nexus"]

SECTIONS = ("Devices", "Model Outputs", "Trajectories")
_OTHERS = ("Events", "Joints", "Segments", "Objects")  # which begin in the same way
_RATE = re.compile(r"\d+(\.\d+)?")
_AXIS = re.compile(r"[XYZxyz]'*")


class _Section(NamedTuple):
    """A section's name, its position in the lines (from 0) and how many rows it has."""

    name: str
    start: int
    n_rows: int


def read_nexus(path, *, sections=None, join=True, sampling_rate=None, trial=None):
    """Read a text file (.csv or .txt) that Vicon Nexus exported.

    Parameters
    ----------
    path : path-like
        The file, cells parted by commas, semicolons or tabs.
    sections : str or list of str, default=None
        Which of "Devices", "Model Outputs" and "Trajectories", or "all". None: the devices, EMG among them; where there
        are none, all.
    join : bool, default=True
        Whether all columns are brought onto one clock by `sk_bionic.preprocessing.resample`. False: the table has a row
        for every time at which any column was sampled.
    sampling_rate : float, default=None
        Rate of that clock [Hz]. None: that of the EMG, which then stays as recorded.
    trial : str, default=None
        Name of the trial. None: the file's name without its extension.

    Returns
    -------
    DataFrame of shape (n_frames, n_columns)
        Index levels "trial" and "time" [s] on the recording's clock, as of `read_c3d`: zero is its first frame.
        Columns: labels of the devices' channels (with the device's name in front where two are alike);
        ``<output>_x``, ``<marker>_x`` (and y, z), without the subject's name. Voltages in V, angles in rad, lengths in
        m, moments in N m; other units stay. NaN for an empty cell. `attrs`: "source", "units" (of the table),
        "recorded_units" (of the file), "emg" (columns that are named so, else devices' voltages), "sampling_rate",
        "sampling_rates" (column to its own rate [Hz]), "markers" (the events: list of dict).

    Raises
    ------
    ValueError
        If the file is no such export, is damaged or lacks a section; names file and line.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from sk_bionic.io import read_nexus
    >>> header = "Devices\\n2000\\n,,Base - EMG\\nFrame,Sub Frame,BIC\\n,,mV\\n"
    >>> _ = Path("curl.csv").write_text(header + "1,0,0.1\\n1,1,0.2\\n2,0,0.3\\n2,1,0.4\\n")
    >>> emg = read_nexus("curl.csv")
    >>> emg["BIC"].tolist(), emg.attrs["sampling_rate"]
    ([0.0001, 0.0002, 0.0003, 0.0004], 2000.0)
    """
    path = Path(path)
    encoding = read_head(path)[1]
    with path.open(encoding=encoding) as file:
        lines = [line.rstrip("\r\n") for line in file]
    found = _sections(lines)
    read, units, emg, notes = [], {}, [], []
    for section in _chosen(path, found, sections):
        signals, own, named = _read(path, lines, encoding, section, notes, taken=set(units))
        read.append(signals)
        units |= own
        emg += named
    _text.warn(path, notes)
    attrs = {
        "units": {name: to_si(unit)[1] for name, unit in units.items()},
        "recorded_units": units,
        "emg": emg or [name for name in units if is_voltage(units[name])],
        "markers": _events(lines, found),
    }
    return one_table(path, trial, read, order=list(units), join=join, sampling_rate=sampling_rate, attrs=attrs)


def is_nexus(lines):
    """Whether a file that begins with these lines is an export of Nexus."""
    return len(lines) > 4 and bool(_sections(lines[:5]))


def _sections(lines):
    """Every `_Section`: a line with its name alone, one with a rate alone, and what follows up to an empty line."""
    bare = [line.strip('\ufeff",;\t ') for line in lines]
    starts = [
        i for i in range(len(lines) - 1) if bare[i] in (*SECTIONS, *_OTHERS) and _RATE.fullmatch(bare[i + 1])
    ]  # fmt: skip
    ends = [next((k for k in range(i + 5, len(lines)) if not bare[k]), len(lines)) for i in starts]
    return [_Section(bare[i], i, max(end - i - 5, 0)) for i, end in zip(starts, ends, strict=True)]


def _chosen(path, found, wanted):
    known = [section.name for section in found if section.name in SECTIONS]
    if not known:
        raise _text.fault(path, f"this is no export of Nexus: no line {SECTIONS[0]!r} with a rate below it.")
    if wanted is None:
        wanted = SECTIONS[:1] if SECTIONS[0] in known else known
    if isinstance(wanted, str):
        wanted = known if wanted == "all" else [wanted]
    lost = [name for name in wanted if name not in known]
    if lost or not len(wanted):
        raise _text.fault(path, f"there is no section {lost[0] if lost else ''!r}. There are {known}.")
    return [section for name in dict.fromkeys(wanted) for section in found if section.name == name]


def _read(path, lines, encoding, section, notes, taken):
    """`Signals` of a section, the unit of each column, and which columns are named EMG."""
    start = section.start
    separator = next((sign for sign in ("\t", ";", ",") if sign in lines[start + 3]), ",")
    owners, labels, texts = (cells_of(line, separator) for line in lines[start + 2 : start + 5])
    while labels and not labels[-1]:
        labels.pop()
    if [label.lower() for label in labels[:2]] != ["frame", "sub frame"] or len(labels) < 3:
        raise _text.fault(path, "the labels of a section must begin with 'Frame' and 'Sub Frame'.", start + 4)
    first = start + 6
    rows = lines[first - 1 : first + 49]
    decimal = "," if separator != "," and any(re.search(r"\d,\d", row) for row in rows) else "."
    body = read_body(path, encoding, first, labels, separator=separator, decimal=decimal, n_rows=section.n_rows)
    time = _times(path, body[0].to_numpy(), body[1].to_numpy(), float(_RATE.search(lines[start + 1])[0]), first)
    names, is_emg = _names(section, names_over_columns(owners, len(labels)), labels, taken)
    texts = (texts + [""] * len(labels))[2 : len(labels)]
    # Of columns that are named alike, their position becomes a part of the name.
    told = {f"{name} (column {i})": each for i, (name, *each) in enumerate(zip(names, texts, is_emg, strict=True), 3)}
    told |= {name: each for name, *each in zip(names[::-1], texts[::-1], is_emg[::-1], strict=True)}
    values = body.iloc[:, 2:].to_numpy() * [to_si(text)[0] for text in texts]
    names, values = _text.settle_labels(names, values, 2, notes)
    return Signals(time, values, names), {name: told[name][0] for name in names}, [n for n in names if told[n][1]]


def _times(path, frame, part, rate, first):
    """Times [s] of rows that are counted by frames and their parts."""
    n_parts = np.nanmax(part, initial=0.0) + 1
    count = (frame - 1) * n_parts + part
    wrong = np.flatnonzero(~(np.diff(count) > 0))
    if not np.isfinite(count).all() or len(wrong):
        row = int(np.argmax(~np.isfinite(count))) if not np.isfinite(count).all() else int(wrong[0]) + 1
        raise _text.fault(path, "numbers of frames must be there and increase.", first + row)
    return count / rate


def _names(section, owners, labels, taken):
    """Names of the columns behind the two counts, and whether each is EMG by its name."""
    pairs = list(zip(owners[2:], labels[2:], strict=True))
    if section.name != "Devices":
        own = [(owner.rpartition(":")[2], label) for owner, label in pairs]
        joined = [f"{name}_{label.lower() if _AXIS.fullmatch(label) else label}" for name, label in own]
        return [f"{section.name}: {name}" if name in taken else name for name in joined], [False] * len(joined)
    plain = [label for _, label in pairs]
    alone = lambda label: plain.count(label) == 1 and label not in taken
    names = [label if alone(label) else f"{owner}: {label}" for owner, label in pairs]
    return names, ["emg" in " ".join(pair).lower() for pair in pairs]


def _events(lines, found):
    """Events with time [s], side and text."""
    section = next((section for section in found if section.name == "Events"), None)
    if section is None:
        return []
    events = []
    for line in lines[section.start + 3 :]:
        cells = cells_of(line, next((sign for sign in ("\t", ";", ",") if sign in line), ","))
        time = cells[3].replace(",", ".") if len(cells) > 3 else ""
        if not _RATE.fullmatch(time):
            break
        events.append({"time": float(time), "kind": cells[1], "text": cells[2]})
    return events
