"""The bytes of EDF, EDF+, BDF and BDF+ files."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sk_bionic.io import _text
from sk_bionic.io._annotations import Annotation

FIXED = 256  # bytes of the header's first part, and of each signal's
_FIELDS = (
    ("label", 16),
    ("transducer", 80),
    ("unit", 8),
    ("physical_minimum", 8),
    ("physical_maximum", 8),
    ("digital_minimum", 8),
    ("digital_maximum", 8),
    ("prefilter", 80),
    ("n_samples", 8),
    ("reserved", 32),
)
_STAMP = re.compile(rb"(?P<onset>[+-]\d+(\.\d*)?)(\x15(?P<duration>\d+(\.\d*)?))?\x14")


class EDFSignal(NamedTuple):
    """One signal's header: label, unit, samples a record, and physical = gain * digital + offset."""

    label: str
    unit: str
    n_samples: int
    gain: float
    offset: float
    first_byte: int


class EDFLayout(NamedTuple):
    """A file's header, and the records behind it as bytes (n_records, n_bytes)."""

    path: Path
    program: str
    record_duration: float
    signals: list
    records: np.ndarray
    onsets: np.ndarray
    annotations: list
    notes: list
    width: int
    start: str

    def values(self, signal):
        """A signal in its own unit, (n_records * n_samples,)."""
        block = self.records[:, signal.first_byte : signal.first_byte + self.width * signal.n_samples]
        block = np.ascontiguousarray(block)
        if self.width == 2:
            digital = block.view("<i2").reshape(-1)
        else:
            bytes_ = block.reshape(-1, 3)
            wide = np.zeros((len(bytes_), 4), np.uint8)
            wide[:, 1:] = bytes_
            digital = wide.reshape(-1).view("<i4") >> 8
        return signal.gain * digital + signal.offset

    def times(self, signal):
        """Times [s] of its samples: records may begin at any time."""
        within = np.arange(signal.n_samples) * (self.record_duration / signal.n_samples)
        return (self.onsets[:, None] + within).reshape(-1)


def read_edf_layout(path):
    """`EDFLayout` of a file.

    Raises
    ------
    ValueError
        If it is no such file, or damaged where it matters.
    """
    path = Path(path)
    raw = path.read_bytes()
    width = {b"0": 2, b"\xffBIOSEMI": 3}.get(raw[:8].strip(b" \0"))
    if width is None or len(raw) < FIXED:
        raise _text.fault(path, "this is no EDF or BDF file: it does not begin as one.")
    reserved = _ascii(raw[192:236])
    n_signals = _whole(path, raw[252:256], "number of signals")
    duration = _number(path, raw[244:252], "duration of a record")
    signals, note_signals = _signals(path, raw, n_signals, width)
    records, notes = _records(
        path, raw, FIXED * (n_signals + 1), _whole(path, raw[236:244], "number of records"), signals, width
    )
    if note_signals:
        stamps = [_tals(records[i], note_signals, width) for i in range(len(records))]
        onsets, annotations = _stamped(path, stamps, duration, reserved, notes)
    else:
        onsets, annotations = np.arange(len(records)) * duration, []
    start = f"{_ascii(raw[168:176])} {_ascii(raw[176:184])}"
    kept = [s for s in signals if s not in note_signals]
    program = reserved if reserved[:4] in ("EDF+", "BDF+") else "BDF" if width == 3 else "EDF"
    if not duration > 0 and kept:
        raise _text.fault(path, f"a record lasts {duration:g} s.")
    return EDFLayout(path, program, duration, kept, records, onsets, annotations, notes, width, start)


def _ascii(raw):
    return raw.decode("latin-1").strip(" \0")


def _number(path, raw, what):
    try:
        return float(_ascii(raw).replace(",", "."))
    except ValueError:
        raise _text.fault(path, f"the header's {what} must be a number. Got {_ascii(raw)!r}.") from None


def _whole(path, raw, what):
    number = _number(path, raw, what)
    if number != int(number) or not -1 <= number < 1e9:
        raise _text.fault(path, f"the header's {what} must be a whole number. Got {number:g}.")
    return int(number)


def _signals(path, raw, n_signals, width):
    """Signals, and those among them that hold annotations."""
    if n_signals < 1 or len(raw) < FIXED * (n_signals + 1):
        raise _text.fault(path, f"the header names {n_signals} signals, but ends before them.")
    columns, byte = {}, FIXED
    for name, size in _FIELDS:
        columns[name] = [raw[byte + i * size : byte + (i + 1) * size] for i in range(n_signals)]
        byte += n_signals * size
    signals, notes, first = [], [], 0
    for i in range(n_signals):
        label = _ascii(columns["label"][i])
        n_samples = _whole(path, columns["n_samples"][i], f"number of samples of {label!r}")
        if n_samples < 0:
            raise _text.fault(path, f"signal {label!r} has {n_samples} samples a record.")
        is_note = label in ("EDF Annotations", "BDF Annotations")
        gain, offset = (1.0, 0.0) if is_note else _scale(path, columns, i, label)
        signal = EDFSignal(label, _ascii(columns["unit"][i]), n_samples, gain, offset, first)
        signals.append(signal)
        notes += [signal] if is_note else []
        first += width * n_samples
    return signals, notes


def _scale(path, columns, i, label):
    names = ("physical_minimum", "physical_maximum", "digital_minimum", "digital_maximum")
    low, high, digital_low, digital_high = (
        _number(path, columns[name][i], f"{name.replace('_', ' ')} of {label!r}") for name in names
    )
    if digital_low == digital_high:
        raise _text.fault(path, f"signal {label!r}: digital minimum and maximum are both {digital_low:g}.")
    gain = (high - low) / (digital_high - digital_low)
    return gain, low - gain * digital_low


def _records(path, raw, first, promised, signals, width):
    """Bytes of the whole records, (n_records, n_bytes), and what is to be said of their number."""
    size = width * sum(signal.n_samples for signal in signals)
    if size == 0:
        raise _text.fault(path, "a record holds no samples.")
    found, rest = divmod(max(len(raw) - first, 0), size)
    if not found:
        raise _text.fault(path, "no whole record follows the header: the file is truncated.")
    notes = []
    if promised >= 0 and (found != promised or rest):
        more = f" and {rest} bytes" if rest else ""
        notes.append(
            f"the header promises {promised} records, the file holds {found}{more}: "
            + ("it is truncated" if found < promised else "the header is wrong")
            + ". All whole records are read."
        )
    return np.frombuffer(raw, np.uint8, count=found * size, offset=first).reshape(found, size), notes


def _tals(record, signals, width):
    """Time-stamped lists of a record: (onset, duration, texts) each, the record's own stamp first."""
    found = []
    for signal in signals:
        block = record[signal.first_byte : signal.first_byte + width * signal.n_samples].tobytes()
        for piece in block.split(b"\0"):
            match = _STAMP.match(piece)
            if match:
                texts = piece[match.end() :].decode("utf-8", "replace").split("\x14")
                found.append((float(match["onset"]), float(match["duration"] or 0), texts))
    return found


def _stamped(path, stamps, duration, reserved, notes):
    """Onsets of the records [s], and the annotations."""
    onsets = np.array([tals[0][0] if tals else np.nan for tals in stamps])
    steady = np.arange(len(stamps)) * duration
    if reserved.endswith("D") and np.isnan(onsets).any():
        missing = int(np.flatnonzero(np.isnan(onsets))[0])
        raise _text.fault(path, f"record {missing + 1} of this discontinuous file has no time stamp.")
    if not reserved.endswith("D"):
        first = onsets[0] if np.isfinite(onsets[0]) else 0.0
        known = np.isfinite(onsets)
        apart = np.abs(onsets - first - steady)[known]
        if apart.max(initial=0) > 1e-3 * max(duration, 1e-9):
            notes.append(
                "its records do not follow one another, although the header says so: their own times are taken."
            )
            onsets = np.where(known, onsets, first + steady)
        else:
            onsets = first + steady
    annotations = [
        Annotation(onset, length, text.strip())
        for tals in stamps
        for onset, length, texts in tals
        for text in texts
        if text.strip()
    ]
    return onsets, sorted(annotations)
