#!/bin/sh
# ezc3d 1.7.2 refuses a whole C3D file, markers included, when ANALOG:OFFSET is stored as real numbers.
#
# Expected: a parameter says in its own record which type it has, and a reader takes it as it is ("applications ... must
# determine the parameter type before reading the parameter", the guide on the frame count). An offset of 0.0 is an offset of 0;
# at the least, the markers, which need no offset, are there to be read.
# Seen: ValueError "OFFSET parameter is not an INT", for all of the file. c3d.org sample 13 (dance, golf swing) has such offsets.
# Documentation: https://c3d.org/HTML/Documents/readingtheframecount.htm; ezc3d issue 351 tells of the same with FRAMES.
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
    ("POINT", "USED"): 1,
    ("POINT", "SCALE"): -1.0,
    ("POINT", "RATE"): 100.0,
    ("POINT", "DATA_START"): 3,
    ("POINT", "FRAMES"): 2,
    ("POINT", "LABELS"): ["M1"],
    ("POINT", "UNITS"): ["mm"],
    ("ANALOG", "USED"): 1,
    ("ANALOG", "RATE"): 100.0,
    ("ANALOG", "LABELS"): ["E1"],
    ("ANALOG", "GEN_SCALE"): 1.0,
    ("ANALOG", "SCALE"): np.ones(1),
    ("ANALOG", "UNITS"): ["V"],
}
outcome = {}
for name, offset in (("integer", np.zeros(1, dtype=int)), ("real", np.zeros(1))):
    path = Path(sys.argv[1]) / f"{name}.c3d"
    write(path, {**parameters, ("ANALOG", "OFFSET"): offset}, (1, 1, 1, 2, 1, 100.0), [[1, 2, 3, 0, 7], [4, 5, 6, 0, 8]])
    try:
        outcome[name] = ezc3d.c3d(str(path))["data"]["points"][:3, 0].T.tolist()
    except Exception as error:
        outcome[name] = f"{type(error).__name__}: {error}"
    print(f"ezc3d {ezc3d.__version__}, {name} offset: {outcome[name]}")
assert outcome["integer"] == [[1, 2, 3], [4, 5, 6]], "the file itself is not as intended"
assert outcome["real"] != outcome["integer"], "ezc3d now reads real offsets: the finding no longer holds"
assert "OFFSET parameter is not an INT" in outcome["real"], "ezc3d errs in another way now"
PYTHON
