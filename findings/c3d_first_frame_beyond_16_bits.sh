#!/bin/sh
# c3d 0.6.0: the first frame of a recording is counted with 65535 for its upper word, the last with 65536.
#
# Expected: TRIAL:ACTUAL_START_FIELD and ACTUAL_END_FIELD are numbers of 32 bits in two words, so both upper words count
# 65536: 10 frames, numbers 131080 to 131089.
# Seen: first_frame = words[0] + words[1] * 65535, two less for a part that begins after frame 131072, and the last frame by
# 65536. The reader announces 12 frames where the file holds 10, and returns 12 if the last block has room for them:
# the two behind the end are made of the zeros that fill the block.
# Documentation: https://c3d.org/HTML/Documents/trialactualstartfield.htm says "two unsigned 16-bit integer values to form a
# 32-bit value" and then "+ ACTUAL_START_FIELD[2]*65535": the guide contradicts itself, and c3d follows it for one end only.
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
parameters = {
    ("POINT", "USED"): 1,
    ("POINT", "SCALE"): -1.0,
    ("POINT", "RATE"): 100.0,
    ("POINT", "DATA_START"): 3,
    ("POINT", "FRAMES"): 10,
    ("POINT", "LABELS"): ["M1"],
    ("POINT", "DESCRIPTIONS"): ["M1"],
    ("POINT", "UNITS"): ["mm"],
    ("ANALOG", "USED"): 0,
    ("ANALOG", "RATE"): 0.0,
    ("TRIAL", "ACTUAL_START_FIELD"): np.array([8, 2]),
    ("TRIAL", "ACTUAL_END_FIELD"): np.array([17, 2]),
}
path = Path(sys.argv[1]) / "part.c3d"
write(path, parameters, (1, 0, 1, 10, 0, 100.0), [[i, i, i, 0] for i in range(1, 11)])
with path.open("rb") as file:
    reader = c3d.Reader(file)
    numbers, x = zip(*((number, float(points[0, 0])) for number, points, _ in reader.read_frames()))
print(f"c3d {version('c3d')}: frames {numbers[0]} to {numbers[-1]}, {len(numbers)} of them; x = {x}")
print("right: frames 131080 to 131089, 10 of them; x = 1 to 10")
assert numbers[0] != 131080, "c3d now counts the first frame as the last: the finding no longer holds"
assert (numbers[0], numbers[-1], len(numbers)) == (131078, 131089, 12), "c3d errs in another way now"
PYTHON
