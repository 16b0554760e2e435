#!/bin/sh
# ezc3d 1.7.2 without the parameter ANALOG:RATE: the analog channels are gone and the markers are read from wrong places.
#
# Expected: the file states the number of analog samples a frame in word 10 of its header and their total in word 3 (the
# guide, "The C3D file header"), so 5 frames of 2 markers and 2 channels at 10 samples a frame are there to be read; or an error.
# Seen: no error and no warning. The analog data is empty, and since its 20 values a frame are not skipped, every frame after
# the first takes analog values for positions: marker 1 of frame 2 is at (50, 50, 50), not at (2, 2, 2).
# Hurts: public files of c3d.org (sample28) have no ANALOG:RATE.
# Documentation: https://c3d.org/HTML/Documents/analograte1.htm ("the header does record ... the number of analog samples per
# 3D frame in word 10").
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ezc3d==1.7.2 numpy==2.4.6
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
from pathlib import Path

import ezc3d

parameters = {
    ("POINT", "USED"): 2,
    ("POINT", "SCALE"): -1.0,
    ("POINT", "RATE"): 100.0,
    ("POINT", "DATA_START"): 3,
    ("POINT", "FRAMES"): 5,
    ("POINT", "LABELS"): ["M1", "M2"],
    ("POINT", "UNITS"): ["mm"],
    ("ANALOG", "USED"): 2,
    ("ANALOG", "LABELS"): ["E1", "E2"],
    ("ANALOG", "GEN_SCALE"): 1.0,
    ("ANALOG", "SCALE"): np.ones(2),
    ("ANALOG", "OFFSET"): np.zeros(2, dtype=int),
    ("ANALOG", "UNITS"): ["V", "V"],
}
frames = [[i, i, i, 0] * 2 + [50] * 20 for i in range(1, 6)]
found = {}
for name, more in (("with", {("ANALOG", "RATE"): 1000.0}), ("without", {})):
    path = Path(sys.argv[1]) / f"{name}.c3d"
    write(path, {**parameters, **more}, (2, 20, 1, 5, 10, 100.0), frames)
    data = ezc3d.c3d(str(path))["data"]
    found[name] = data["points"][0, 0].tolist(), data["analogs"].shape
    print(f"ezc3d {ezc3d.__version__}, {name} ANALOG:RATE: x of marker 1 {found[name][0]}, analog of shape {found[name][1]}")
right = ([1.0, 2.0, 3.0, 4.0, 5.0], (1, 2, 50))
assert found["with"] == right, "the file itself is not as intended"
assert found["without"] != right, "ezc3d now reads the file: the finding no longer holds"
assert found["without"][1][1:] == (0, 0) and found["without"][0][1] == 50.0, "ezc3d errs in another way now"
PYTHON
