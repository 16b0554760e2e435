#!/bin/sh
# ezc3d 1.7.2 refuses C3D files of SGI/MIPS byte order.
#
# Expected: one of the three formats of the standard; the guide: "All C3D applications must support each format to guarantee
# universal access to archived data". c3d.org keeps sample files of each.
# Seen: RuntimeError, "MIPS processor type not supported yet"; the same content in Intel order is read.
# Documentation: https://c3d.org/HTML/Documents/notesforprogrammersc3dheader.htm, number 4.
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
}
outcome = {}
for name, processor in (("Intel", 84), ("MIPS", 86)):
    path = Path(sys.argv[1]) / f"{name}.c3d"
    write(path, parameters, (1, 0, 1, 2, 0, 100.0), [[1, 2, 3, 0], [4, 5, 6, 0]], processor)
    try:
        outcome[name] = ezc3d.c3d(str(path))["data"]["points"][:3, 0].T.tolist()
    except Exception as error:
        outcome[name] = f"{type(error).__name__}: {error}"
    print(f"ezc3d {ezc3d.__version__}, {name}: {outcome[name]}")
assert outcome["Intel"] == [[1, 2, 3], [4, 5, 6]], "the file itself is not as intended"
assert outcome["MIPS"] != outcome["Intel"], "ezc3d now reads the order of MIPS: the finding no longer holds"
assert "MIPS processor type not supported" in outcome["MIPS"], "ezc3d errs in another way now"
PYTHON
