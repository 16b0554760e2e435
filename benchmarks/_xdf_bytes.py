"""Writes XDF files chunk by chunk, as the recorder of the Lab Streaming Layer does."""

import struct

import numpy as np

_FORMATS = {"float32": "<f4", "double64": "<f8", "int16": "<i2", "int32": "<i4"}


def _chunk(tag, content):
    body = struct.pack("<H", tag) + content
    return b"\x04" + struct.pack("<I", len(body)) + body


def _header(name, kind, labels, rate, form, units):
    channels = "".join(
        f"<channel><label>{label}</label><unit>{unit}</unit><type>{kind}</type></channel>"
        for label, unit in zip(labels, units, strict=True)
    )
    described = f"<desc><channels>{channels}</channels></desc>" if form != "string" else "<desc/>"
    return (
        f'<?xml version="1.0"?><info><name>{name}</name><type>{kind}</type>'
        f"<channel_count>{len(labels)}</channel_count><nominal_srate>{rate}</nominal_srate>"
        f"<channel_format>{form}</channel_format><created_at>1</created_at>{described}</info>"
    ).encode()


def _samples(stamps, values, form):
    out = b"\x04" + struct.pack("<I", len(stamps))
    for stamp, row in zip(stamps, values, strict=True):
        out += b"\x08" + struct.pack("<d", stamp)
        if form == "string":
            out += b"\x01" + bytes([len(row)]) + row.encode()
        else:
            out += np.asarray(row, dtype=_FORMATS[form]).tobytes()
    return out


def write_xdf(path, streams, *, chunk=100):
    """Write streams, each a dict: name, type, labels, units, rate, form, stamps (on its clock), values, offset, drift.

    The recorder's clock is a stream's own plus ``offset + drift * time``, measured every five seconds.
    """
    out = b"XDF:" + _chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>')
    for number, s in enumerate(streams, 1):
        form = s.get("form", "double64")
        header = _header(s["name"], s["type"], s["labels"], s["rate"], form, s.get("units", [""] * len(s["labels"])))
        out += _chunk(2, struct.pack("<I", number) + header)
    for number, s in enumerate(streams, 1):
        form, stamps = s.get("form", "double64"), np.asarray(s["stamps"], dtype=np.float64)
        for first in range(0, len(stamps), chunk):
            part = slice(first, first + chunk)
            out += _chunk(3, struct.pack("<I", number) + _samples(stamps[part], s["values"][part], form))
        if "offset" in s:
            for time in np.arange(stamps[0], stamps[-1] + 5.0, 5.0):
                value = s["offset"] + s.get("drift", 0.0) * time
                out += _chunk(4, struct.pack("<Idd", number, time, value))
        footer = f'<?xml version="1.0"?><info><sample_count>{len(stamps)}</sample_count></info>'.encode()
        out += _chunk(6, struct.pack("<I", number) + footer)
    path.write_bytes(out)
    return path
