#!/bin/sh
# MNE 1.13 keeps annotations in .fif files in single precision, also where the samples are saved with fmt="double": in a recording
# of three hours an onset moves by half a millisecond, one sample of EMG at 2000 Hz, and a duration of 10 ms changes by 7 to 12 %, since it
# is stored as the difference of two such onsets. Annotated trials of long ambulatory EMG gain or lose samples.
#
# Expected: the onset that was given, or a word on the page of Raw.save, which promises the native format "without information loss" (page of
# mne.export.export_raw) and says of `fmt` only that it concerns the data.
# Seen: onset + 0.477 ms at 10,000 s, - 0.5 ms at 18,000 s; exact at 10 s.
# Exits with 0 while MNE behaves so, with 1 when it no longer does.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "mne==1.13.2" "numpy==2.4.6"
cat > show.py <<'PY'
import sys

import mne
import numpy as np

print("Python", sys.version.split()[0], "mne", mne.__version__, "numpy", np.__version__)
mne.set_log_level("ERROR")
raw = mne.io.RawArray(np.zeros((1, 400_000)), mne.create_info(["BIC"], 20.0, "emg"))
duration, moved = 0.0105, {}
for onset in (10.0005, 3600.0005, 10000.0005, 18000.0005):
    raw.set_annotations(mne.Annotations([onset], [duration], ["contraction"]))
    raw.save("long_raw.fif", overwrite=True, fmt="double")
    read = mne.io.read_raw("long_raw.fif").annotations
    moved[onset] = read.onset[0] - onset, read.duration[0] - duration
    print(f"onset {onset} s: {1e3 * moved[onset][0]:+.3f} ms, duration {duration} s: {1e3 * moved[onset][1]:+.3f} ms")
late = abs(moved[10000.0005][0]) > 4e-4 and abs(moved[18000.0005][1]) > 1e-3
sys.exit(0 if late and abs(moved[10.0005][0]) < 1e-6 else 1)
PY
venv/bin/python show.py
