"""XDF files, which the recorder of the Lab Streaming Layer writes: streams on clocks of their own."""

import logging
import re
from pathlib import Path

import numpy as np

from sk_bionic.io import _text
from sk_bionic.io._clocks import Signals, one_table
from sk_bionic.io._quantities import to_si
from sk_bionic.io._stream_times import steady_times

__all__ = ["read_xdf"]

LONGEST = 3e7  # s: a year
HOLE_STEPS = 5  # usual steps, beyond which a step of a stream without a steady rate is a gap
OTHER_RATE = 0.01  # relative difference from the nominal rate that is worth a word


def read_xdf(path, *, streams=None, join=True, sampling_rate=None, trial=None):
    """Read a recording of the Lab Streaming Layer.

    Each stream's times are brought onto the recorder's clock by the clock offsets that were measured while it
    recorded. Of a stream with a nominal rate the jitter of transmission is taken off, between dropouts; dropouts stay
    gaps.

    Parameters
    ----------
    path : path-like
        The .xdf or .xdfz file.
    streams : list of str, default=None
        Names or types of the streams to read. None: all that hold numbers.
    join : bool, default=True
        Whether all streams are brought onto one clock, by the interpolation of `sk_bionic.preprocessing.resample`.
        False: the table has a row for every time at which any stream was sampled, and NaN where a stream was not.
    sampling_rate : float, default=None
        Rate of that clock [Hz]. None: the times of the fastest EMG stream (of the fastest, where there is no EMG),
        whose samples then stay as recorded.
    trial : str, default=None
        Name of the trial. None: the file's name without its extension.

    Returns
    -------
    DataFrame of shape (n_frames, n_channels)
        Index levels "trial" and "time" [s] since the first sample of any stream. Columns as labelled in the streams'
        descriptions, else ``<stream>_1`` and so on; ``<stream>: <label>`` where two streams have one label. Voltages
        in V, angles in rad; what has another unit, or none, stays as written. `attrs`: "source", "units" (of the
        table), "recorded_units" (of the file), "emg" (columns of streams or channels of type EMG), "sampling_rates"
        (column to its own measured rate [Hz]), "sampling_rate", "gaps" (stream to a list of (start, stop) [s] without
        samples), "markers" (list of dict: time [s], stream, text), "start" (of the table's time on the recorder's
        clock [s]).

    Raises
    ------
    ImportError
        Without the extra "xdf".
    ValueError
        If the file is no XDF file, holds no such stream or no numbers, or a stream's clock was set back.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        Where parts of the file are damaged and left out, a stream has no clock offsets or another rate
        than its nominal one, or samples of a stream without a rate repeat a time.

    Examples
    --------
    >>> from sk_bionic.io import read_xdf
    >>> recording = read_xdf("curl.xdf")  # doctest: +SKIP
    """
    path = Path(path)
    found, notes = _load(path)
    numeric = [s for s in found if _info(s, "channel_format") != "string" and len(s["time_stamps"])]
    if not numeric:
        raise _text.fault(path, f"no stream holds numbers. Its streams are {[_name(s) for s in found]}.")
    start = min(float(np.min(s["time_stamps"])) for s in numeric)
    if not np.isfinite(start):
        raise _text.fault(path, "a time is no number.")
    chosen = numeric if streams is None else _chosen(path, numeric, streams)
    described = [_described(stream) for stream in chosen]
    names = _columns(chosen, described)
    read, gaps = [], {}
    for stream, channels, columns in zip(chosen, described, names, strict=True):
        time, values, gaps[_name(stream)] = _read(path, stream, start, notes)
        read.append(Signals(time, values * [to_si(unit)[0] for _, unit, _ in channels], columns))
    _text.warn(path, notes)
    order = [column for columns in names for column in columns]
    told = [channel for channels in described for channel in channels]
    attrs = {
        "units": {column: to_si(unit)[1] for column, (_, unit, _) in zip(order, told, strict=True)},
        "recorded_units": {column: unit for column, (_, unit, _) in zip(order, told, strict=True)},
        "emg": [column for column, (_, _, kind) in zip(order, told, strict=True) if kind.upper() == "EMG"],
        "gaps": gaps,
        "markers": _markers(found, start),
        "start": start,
    }
    return one_table(path, trial, read, order=order, join=join, sampling_rate=sampling_rate, attrs=attrs)


def _load(path):
    """Streams with times on the recorder's clock, and what the library has to say of damage."""
    try:
        import pyxdf
    except ImportError as error:
        raise ImportError('XDF files are read by pyxdf: pip install "sk_bionic[xdf]".') from error
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    heard = _Heard()
    logger = logging.getLogger("pyxdf")
    logger.addHandler(heard)
    try:
        # The library's own way to take off jitter draws one line through dropouts that last less than a second.
        found, _ = pyxdf.load_xdf(str(path), dejitter_timestamps=False)
    except Exception as error:  # whatever a damaged file makes of the parser
        raise _text.fault(path, f"this is no XDF file, or damaged: {error}") from error
    finally:
        logger.removeHandler(heard)
    names = {str(stream["info"].get("stream_id", "")): _name(stream) for stream in found}
    return found, [_in_words(message, names) for message in dict.fromkeys(heard.messages)]


def _in_words(message, names):
    """What the library's message means to a reader of the table."""
    match = re.match(r"Stream (\d+): Segments and clock-segments differ", message)
    if match:
        return (
            f"stream {names.get(match[1], match[1])!r} has no clock offsets, or its clock was reset: its times may be "
            "those of its own clock, and not fit the other streams."
        )
    return f"{message.rstrip('.')}. What follows may be missing."


class _Heard(logging.Handler):
    """Keeps warnings and errors that a library tells to a log."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


def _text_of(element, key):
    return str((element.get(key) or [""])[0] or "").strip()


def _info(stream, key):
    return _text_of(stream["info"], key)


def _name(stream):
    return _info(stream, "name") or f"stream {stream['info'].get('stream_id', '')}"


def _chosen(path, numeric, streams):
    known = [(_name(s), _info(s, "type")) for s in numeric]
    lost = [wanted for wanted in streams if not any(wanted in pair for pair in known)]
    if lost:
        raise _text.fault(path, f"there is no stream of name or type {lost[0]!r}. There are {known}.")
    return [s for s, pair in zip(numeric, known, strict=True) if set(pair) & set(streams)]


def _described(stream):
    """(label, unit, type) of each channel."""
    desc = (stream["info"].get("desc") or [None])[0] or {}
    channels = (desc.get("channels") or [None])[0] or {}
    told = [channel or {} for channel in channels.get("channel", [])]
    n_channels = int(_info(stream, "channel_count"))
    told += [{}] * (n_channels - len(told))
    return [
        (
            _text_of(channel, "label") or f"{_name(stream)}_{position}",
            _text_of(channel, "unit"),
            _text_of(channel, "type") or _info(stream, "type"),
        )
        for position, channel in enumerate(told[:n_channels], 1)
    ]


def _columns(streams, described):
    """Names of all channels, those of two streams told apart."""
    labels = [label for channels in described for label, _, _ in channels]
    names, seen = [], set()
    for stream, channels in zip(streams, described, strict=True):
        own = []
        for position, (label, _, _) in enumerate(channels, 1):
            name = label if labels.count(label) == 1 else f"{_name(stream)}: {label}"
            while name in seen:
                name = f"{name}_{position}"
            seen.add(name)
            own.append(name)
        names.append(own)
    return names


def _read(path, stream, start, notes):
    """Times [s] since `start`, values, and gaps of a stream."""
    name, nominal = _name(stream), float(_info(stream, "nominal_srate") or 0)
    values = np.asarray(stream["time_series"], dtype=np.float64).reshape(len(stream["time_stamps"]), -1)
    stamps = np.asarray(stream["time_stamps"], dtype=np.float64) - start
    if not (np.isfinite(stamps).all() and stamps.max() < LONGEST):
        raise _text.fault(path, f"stream {name!r}: a time is no number, or years behind the first.")
    if not (np.isfinite(nominal) and nominal > 0):
        order = np.argsort(stamps, kind="stable")
        stamps, values = stamps[order], values[order]
        last = np.append(np.diff(stamps) > 0, True)
        if not last.all():
            notes.append(f"stream {name!r}: {(~last).sum()} samples repeat a time, the last of each is taken.")
        return stamps[last], values[last], []
    time, rate, gaps = steady_times(stamps, nominal)
    if not (np.diff(time) > 0).all() and (np.diff(stamps) > 0).all():
        notes.append(
            f"stream {name!r} keeps no steady rate: its times stay as they were stamped, with their jitter. Resample "
            "it before filters."
        )
        time, step = stamps, np.diff(stamps)
        waits = step[step > 0.5 / nominal]  # samples may come in bursts
        is_gap = step > HOLE_STEPS * np.median(waits if len(waits) else step)
        gaps = [(float(stamps[i]), float(stamps[i + 1])) for i in np.flatnonzero(is_gap)]
        rate = 1.0 / step[~is_gap].mean()
    back = np.flatnonzero(np.diff(time) <= 0)
    if len(back):
        before, after = time[back[0]], time[back[0] + 1]
        message = f"stream {name!r}: time goes back to {after:.6g} s after {before:.6g} s: its clock was set."
        raise _text.fault(path, message)
    if len(time) > 2 * nominal and abs(rate / nominal - 1) > OTHER_RATE:
        notes.append(f"stream {name!r} has {rate:.6g} samples a second, but calls its rate {nominal:g} Hz.")
    return time, values, gaps


def _markers(streams, start):
    """Texts of the streams of markers with their times [s]."""
    found = [
        {"time": float(time) - start, "stream": _name(stream), "text": ", ".join(map(str, texts))}
        for stream in streams
        if _info(stream, "channel_format") == "string"
        for time, texts in zip(stream["time_stamps"], stream["time_series"], strict=True)
    ]
    return sorted(found, key=lambda marker: marker["time"])
