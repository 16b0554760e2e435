#!/bin/sh
# pyomeca 2026.0.2 gives all analog channels of a C3D file the unit of its first one.
#
# Expected: ANALOG:UNITS holds a unit a channel, so a force in N is not labelled V, and EMG in uV not V.
# Seen: attrs["units"] is the first entry of the file's list, also of channels chosen by `usecols` among which the first
# is not: the force plate alone comes back as "V", EMG in microvolts a million times too large by its label.
# Documentation: Motion Lab Systems, The C3D File Format (https://www.c3d.org/docs/C3D_User_Guide.pdf), ANALOG:UNITS; the
# docstring of Analogs.from_c3d says nothing of units.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ezc3d==1.7.2 pyomeca==2026.0.2 numpy==2.4.6
"$folder/venv/bin/python" - "$folder/units.c3d" <<'PYTHON'
import sys
from importlib.metadata import version

import ezc3d
import numpy as np
import pyomeca

path, labels, units = sys.argv[1], ["goniometer", "biceps", "force_z"], ["V", "uV", "N"]
recording = ezc3d.c3d()
recording["parameters"]["POINT"]["RATE"]["value"] = [100]
analog = recording["parameters"]["ANALOG"]
analog["RATE"]["value"], analog["LABELS"]["value"], analog["UNITS"]["value"] = [1000], labels, units
recording["data"]["points"] = np.zeros((4, 0, 50))
recording["data"]["analogs"] = np.repeat([[[1.0], [250.0], [700.0]]], 500, axis=2)
recording.write(path)

for name in ("ezc3d", "pyomeca", "numpy"):
    print(name, version(name))
print("in the file:", dict(zip(labels, ezc3d.c3d(path)["parameters"]["ANALOG"]["UNITS"]["value"], strict=True)))
for label in labels:
    one = pyomeca.Analogs.from_c3d(path, usecols=[label])
    print(f"pyomeca, {label} alone:", float(one[0, 0]), one.attrs["units"])
    assert one.attrs["units"] == "V"
assert ezc3d.c3d(path)["parameters"]["ANALOG"]["UNITS"]["value"] == units
PYTHON
