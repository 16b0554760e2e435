"""Writes EDF and BDF files byte by byte, also discontinuous ones and those with signals of several rates."""

import numpy as np


def write_edf(path, signals, *, onsets=None, duration=1.0, annotations=(), kind="EDF+C", promised=None):
    """Write a file.

    Parameters
    ----------
    path : Path
    signals : dict
        Label to (digital values (n_records * n_samples,), n_samples a record, unit, (physical minimum, maximum)).
    onsets : list of float, optional
        Of the records [s]; their number. None: one after the other.
    duration : float
        Of a record [s].
    annotations : list of (onset, duration, text)
    kind : str
        "EDF", "EDF+C", "EDF+D", "BDF", "BDF+C" ...
    promised : int, optional
        Number of records that the header gives.
    """
    width = 3 if kind.startswith("BDF") else 2
    plus = "+" in kind
    first = next(iter(signals.values()))
    n_records = len(first[0]) // first[1]
    onsets = [i * duration for i in range(n_records)] if onsets is None else onsets
    lowest, highest = -(2 ** (8 * width - 1)), 2 ** (8 * width - 1) - 1
    labels = [*signals, *([f"{kind[:3]} Annotations"] if plus else [])]
    notes = 120 if plus else 0
    counts = [signal[1] for signal in signals.values()] + [notes] * plus

    def field(value, size):
        return str(value).ljust(size).encode("ascii")

    def each(values, size):
        return b"".join(field(value, size) for value in values)

    ranges = [signal[3] for signal in signals.values()] + [(-1, 1)] * plus
    units = [signal[2] for signal in signals.values()] + [""] * plus
    head = b"0".ljust(8) if width == 2 else b"\xffBIOSEMI"
    head += field("X X X X", 80) + field("Startdate 01-JAN-2026 X X X", 80) + b"01.01.26" + b"09.30.00"
    head += field(256 * (len(labels) + 1), 8) + field(kind if plus else "", 44)
    head += field(n_records if promised is None else promised, 8) + field(f"{duration:g}", 8) + field(len(labels), 4)
    head += each(labels, 16) + each([""] * len(labels), 80) + each(units, 8)
    head += each([low for low, _ in ranges], 8) + each([high for _, high in ranges], 8)
    head += each([lowest] * len(labels), 8) + each([highest] * len(labels), 8)
    head += each([""] * len(labels), 80) + each(counts, 8) + each([""] * len(labels), 32)
    body = b""
    for i, onset in enumerate(onsets):
        for values, n_samples, _, _ in signals.values():
            block = np.asarray(values[i * n_samples : (i + 1) * n_samples]).astype("<i4")
            body += block.view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
        if plus:
            lists = f"+{onset:g}\x14\x14\x00"
            if i == 0:
                lists += "".join(f"+{a:g}\x15{b:g}\x14{text}\x14\x00" for a, b, text in annotations)
            body += lists.encode().ljust(width * notes, b"\0")
    path.write_bytes(head + body)
    return path
