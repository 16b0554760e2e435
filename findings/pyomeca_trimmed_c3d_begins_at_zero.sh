#!/bin/sh
# pyomeca 2026.0.2 lets the time of every C3D file begin at zero; kineticstoolkit 0.17.0 begins at the first frame.
#
# Expected: a part of a recording keeps the recording's clock (the header's first frame is 101, at 100 Hz: one second),
# since events of the same file are timed on it; two readers of one file give one time axis.
# Seen: the analog channels begin at 0 s in pyomeca and at 1 s in kineticstoolkit, so that an event at 1.5 s, half a
# second into the part, lies a second too late in pyomeca's table. What pyomeca keeps of the frames is not the analog
# samples' numbers either: last_frame is 10 times the last frame of the markers, 2990, where the part ends with 2999.
# Documentation: Motion Lab Systems, The C3D File Format (https://www.c3d.org/docs/C3D_User_Guide.pdf), header's first
# frame and EVENT:TIMES; the docstring of Analogs.from_c3d says nothing of time.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ezc3d==1.7.2 pyomeca==2026.0.2 kineticstoolkit==0.17.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder/part.c3d" <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import ezc3d
import numpy as np

path, n_frames, first = sys.argv[1], 200, 100  # ezc3d counts from zero
recording = ezc3d.c3d()
point, analog = recording["parameters"]["POINT"], recording["parameters"]["ANALOG"]
point["RATE"]["value"], point["LABELS"]["value"], point["UNITS"]["value"] = [100], ["knee"], ["mm"]
analog["RATE"]["value"], analog["LABELS"]["value"], analog["UNITS"]["value"] = [1000], ["EMG"], ["mV"]
positions = np.zeros((4, 1, n_frames))
positions[3] = 1.0
recording["data"]["points"] = positions
recording["data"]["analogs"] = np.sin(np.arange(10 * n_frames) / 50.0).reshape(1, 1, -1)
recording["header"]["points"]["first_frame"] = first
recording.add_parameter("EVENT", "USED", [1])
recording.add_parameter("EVENT", "CONTEXTS", ["Right"])
recording.add_parameter("EVENT", "LABELS", ["Foot Strike"])
recording.add_parameter("EVENT", "TIMES", np.array([[0.0], [1.5]]))
recording.write(path)

warnings.simplefilter("ignore")
import kineticstoolkit.lab as ktk
import pyomeca

for name in ("ezc3d", "pyomeca", "kineticstoolkit", "numpy"):
    print(name, version(name))
ours = pyomeca.Analogs.from_c3d(path)
other = ktk.read_c3d(path)["Analogs"]
print("pyomeca: time from", float(ours.time[0]), "to", float(ours.time[-1]), ours.attrs)
print("kineticstoolkit: time from", float(other.time[0]), "to", float(other.time[-1]))
print("event at", [round(float(event.time), 3) for event in other.events], "s")
assert float(ours.time[0]) == 0.0 and abs(float(ours.time[-1]) - 1.999) < 1e-9
assert abs(float(other.time[0]) - 1.0) < 1e-9 and abs(float(other.time[-1]) - 2.999) < 1e-9
assert [round(float(event.time), 3) for event in other.events] == [1.5]
assert (ours.attrs["first_frame"], ours.attrs["last_frame"]) == (1000, 2990)
PYTHON
