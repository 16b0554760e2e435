#!/bin/sh
# c3d 0.6.0 takes a number of frames for the number of the last frame.
#
# Expected: POINT:LONG_FRAMES is "a floating-point value containing the total frame count", so a part of a recording that
# begins with frame 101 and holds 66,000 frames gives 66,000 frames.
# Seen: last_frame = LONG_FRAMES, so that 66000 - 101 + 1 = 65,900 frames are read; the last 100 are lost. The only word on
# it is a warning of remaining bytes. A real POINT:FRAMES, which the guide prefers, fares alike.
# Documentation: https://c3d.org/HTML/Documents/longframes.htm, https://c3d.org/HTML/Documents/readingtheframecount.htm
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet c3d==0.6.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'PYTHON'

import struct
import numpy as np

ORDER = {84: "<", 86: ">"}  # Intel, MIPS (SGI)


def write(path, parameters, header, frames, processor=84):
    """A C3D file: header words, parameters (group, name) -> value, frames as 4-byte numbers (c3d.org, User Guide)."""
    order = ORDER[processor]

    def entry(name, identity, content):
        return struct.pack("bb", len(name), identity) + name.encode() + struct.pack(order + "H", 2 + len(content)) + content

    def content(value):
        if isinstance(value, list):
            length = max(map(len, value))
            return struct.pack("bBBB", -1, 2, length, len(value)) + "".join(t.ljust(length) for t in value).encode()
        value = np.asarray(value)
        kind, code = (4, "f4") if value.dtype.kind == "f" else (2, "i2")
        shape = value.shape[::-1]
        values = np.atleast_1d(value).astype(order + code).tobytes()
        return struct.pack(f"bB{len(shape)}B", kind, len(shape), *shape) + values

    groups = {g: i for i, g in enumerate(dict.fromkeys(g for g, _ in parameters), 1)}
    body = b"".join(entry(g, -i, b"\0") for g, i in groups.items())
    body += b"".join(entry(n, groups[g], content(v) + b"\0") for (g, n), v in parameters.items()) + b"\0\0"
    blocks = -(-(4 + len(body)) // 512)
    first = bytearray(b"\x02\x50".ljust(512, b"\0"))
    points, analog, start, last, samples, rate = header
    struct.pack_into(order + "4H", first, 2, points, analog, start, last)
    struct.pack_into(order + "fHHf", first, 12, -1.0, 2 + blocks, samples, rate)
    section = (bytes([1, 80, blocks, processor]) + body).ljust(512 * blocks, b"\0")
    data = np.asarray(frames).astype(order + "f4").tobytes()
    path.write_bytes(bytes(first) + section + data.ljust(-(-len(data) // 512) * 512, b"\0"))


import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import c3d

warnings.simplefilter("ignore")
N = 66000
parameters = {
    ("POINT", "USED"): 1,
    ("POINT", "SCALE"): -1.0,
    ("POINT", "RATE"): 100.0,
    ("POINT", "DATA_START"): 3,
    ("POINT", "LABELS"): ["M1"],
    ("POINT", "DESCRIPTIONS"): ["M1"],
    ("POINT", "UNITS"): ["mm"],
    ("ANALOG", "USED"): 0,
    ("ANALOG", "RATE"): 0.0,
}
ways = {
    "LONG_FRAMES": {("POINT", "FRAMES"): np.int16(-1), ("POINT", "LONG_FRAMES"): float(N)},
    "FRAMES as a real number": {("POINT", "FRAMES"): float(N)},
}
for way, more in ways.items():
    path = Path(sys.argv[1]) / "part.c3d"
    write(path, {**parameters, **more}, (1, 0, 101, 65535, 0, 100.0), [[i, i, i, 0] for i in range(N)])
    with path.open("rb") as file:
        x = [float(points[0, 0]) for _, points, _ in c3d.Reader(file).read_frames()]
    print(f"c3d {version('c3d')}, {way}: {len(x)} frames, last x {x[-1]:g}; right: {N} frames, last x {N - 1}")
    assert len(x) != N, "c3d now reads all frames: the finding no longer holds"
    assert len(x) == N - 100, "c3d errs in another way now"
PYTHON
