"""Small C3D files of any processor and format, written byte by byte: what no library would write is written too."""

import struct

import numpy as np

ORDERS = {"intel": "<", "dec": "<", "mips": ">"}
PROCESSORS = {"intel": 84, "dec": 85, "mips": 86}
BLOCK = 512


def write_c3d_bytes(path, points=None, analog=None, *, processor="intel", scale=-1.0, samples=1, changes=(), header=()):
    """A C3D file.

    Parameters
    ----------
    path : path-like
    points : ndarray of shape (n_frames, n_points, 4), optional
        Stored numbers: x, y, z and the word of the residual.
    analog : ndarray of shape (n_frames * samples, n_channels), optional
        Stored numbers.
    processor : {"intel", "dec", "mips"}
    scale : float
        POINT:SCALE; negative: numbers of four bytes, else integers.
    samples : int
        Analog samples of a channel a frame.
    changes : dict or pairs of (group, name) to value
        Parameters other than the usual; None leaves one out. An int array is stored in two bytes, a float one in
        four, text as text.
    header : dict of int to int or float
        Words of the header other than the usual, counted from 1.

    Returns
    -------
    path
    """
    n_frames = len(points) if points is not None else len(analog) // samples
    points = np.zeros((n_frames, 0, 4)) if points is None else np.asarray(points)
    analog = np.zeros((n_frames * samples, 0)) if analog is None else np.asarray(analog)
    parameters = _usual(points.shape[1], analog.shape[1], n_frames, scale, samples)
    parameters.update(dict(changes))
    section = _section({k: v for k, v in parameters.items() if v is not None}, processor)
    words = {
        **{2: points.shape[1], 3: analog.shape[1] * samples, 4: 1, 5: min(n_frames, 65535), 7: float(scale)},
        **{9: 2 + len(section) // BLOCK, 10: samples, 11: 100.0, **dict(header)},
    }
    first = bytearray(b"\x02\x50".ljust(BLOCK, b"\0"))
    for word, value in words.items():
        raw = _numbers(np.array([value]), "f4" if isinstance(value, float) else "u2", processor)
        first[2 * word - 2 : 2 * word - 2 + len(raw)] = raw
    frames = np.concatenate([points.reshape(n_frames, -1), analog.reshape(n_frames, -1)], axis=1)
    data = _numbers(frames, "f4" if scale < 0 else "u2", processor)
    path.write_bytes(bytes(first) + section + _filled(data))
    return path


def _usual(n_points, n_channels, n_frames, scale, samples):
    return {
        ("POINT", "USED"): n_points,
        ("POINT", "SCALE"): float(scale),
        ("POINT", "RATE"): 100.0,
        ("POINT", "FRAMES"): min(n_frames, 65535),
        ("POINT", "LABELS"): [f"M{i}" for i in range(n_points)],
        ("POINT", "UNITS"): ["mm"],
        ("ANALOG", "USED"): n_channels,
        ("ANALOG", "RATE"): 100.0 * samples,
        ("ANALOG", "LABELS"): [f"E{i}" for i in range(min(n_channels, 255))],
        ("ANALOG", "UNITS"): ["V"] * min(n_channels, 255),
        ("ANALOG", "GEN_SCALE"): 1.0,
        ("ANALOG", "SCALE"): np.ones(min(n_channels, 255)),
        ("ANALOG", "OFFSET"): np.zeros(min(n_channels, 255), dtype=int),
    }


def _section(parameters, processor):
    groups = {name: i for i, name in enumerate(dict.fromkeys(group for group, _ in parameters), 1)}
    entries = [_entry(name, -i, b"\0", processor) for name, i in groups.items()]
    for (group, name), value in parameters.items():
        entries.append(_entry(name, groups[group], _content(value, processor) + b"\0", processor))
    body = b"".join(entries) + b"\0\0"
    n_blocks = -(-(4 + len(body)) // BLOCK)
    return _filled(bytes([1, 0x50, n_blocks, PROCESSORS[processor]]) + body)


def _entry(name, identity, content, processor):
    step = struct.pack(ORDERS[processor] + "H", 2 + len(content))
    return struct.pack("bb", len(name), identity) + name.encode() + step + content


def _content(value, processor):
    if isinstance(value, list):
        length = max(map(len, value), default=1)
        return struct.pack("bBBB", -1, 2, length, len(value)) + "".join(t.ljust(length) for t in value).encode()
    if isinstance(value, str):
        return struct.pack("bBB", -1, 1, len(value)) + value.encode()
    value = np.asarray(value)
    kind, code = (4, "f4") if value.dtype.kind == "f" else (2, "u2")
    # FORTRAN's order: the first dimension runs fastest.
    shape = value.shape[::-1]
    return struct.pack(f"bB{len(shape)}B", kind, len(shape), *shape) + _numbers(value, code, processor)


def _numbers(values, code, processor):
    values = np.atleast_1d(values)  # a scalar of numpy forgets its order of bytes
    if code == "u2":
        values = values.astype(np.int64) % 65536
    if code == "u2" or processor != "dec":
        return values.astype(ORDERS[processor] + code).tobytes()
    words = (4 * values.astype("<f4")).astype("<f4").view("<u2").reshape(-1, 2)
    return words[:, ::-1].tobytes()


def _filled(raw):
    return raw.ljust(-(-len(raw) // BLOCK) * BLOCK, b"\0")
