#!/bin/sh
# A discontinuous EDF+ file (header "EDF+D"), as a recorder writes that was paused, is read by MNE 1.13 and edfio 0.4 as if its records
# followed one another: samples recorded at 10 s get the time 2 s. MNE drops the annotation that lies behind the gap (with a
# warning about the annotation, none about the gap); edfio keeps it behind the end of the recording. EMG beside motion capture is
# then compared with angles of another moment.
#
# Expected: times with the gap, or an error. In the EDF+ specification (edfplus.info, "Time-stamped Annotations Lists"), the first annotation
# of a data record tells when that record starts; neither MNE's page of read_raw_edf nor edfio's guide says that gaps are lost.
# Seen: 4 s of samples, the last at 3.99 s, where the file's last record begins at 11 s. (Known to MNE as issue 13429.)
# Exits with 0 while both libraries behave so, with 1 when one no longer does.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "mne==1.13.2" "edfio==0.4.18" "numpy==2.4.6"
cat > show.py <<'PY'
import sys
import warnings

import edfio
import mne
import numpy as np

ONSETS = (0, 1, 10, 11)  # s, of four records of one second: nothing was recorded from 2 to 10 s


def field(text, size):
    return str(text).ljust(size).encode("ascii")


def each(texts, size):
    return b"".join(field(text, size) for text in texts)


head = field(0, 8) + field("X X X X", 80) + field("Startdate 01-JAN-2026 X X X", 80) + b"01.01.26" + b"09.30.00"
head += field(256 * 3, 8) + field("EDF+D", 44) + field(4, 8) + field(1, 8) + field(2, 4)
head += each(["EMG BIC", "EDF Annotations"], 16) + each(["", ""], 80) + each(["uV", ""], 8)
head += each([-3276.8, -1], 8) + each([3276.7, 1], 8) + each([-32768, -32768], 8) + each([32767, 32767], 8)
head += each(["", ""], 80) + each([100, 60], 8) + each(["", ""], 32)
body = b""
for number, onset in enumerate(ONSETS):
    body += np.full(100, number, "<i2").tobytes()
    lists = f"+{onset}\x14\x14\x00" + ("+11.5\x150.25\x14contraction\x14\x00" if number == 3 else "")
    body += lists.encode().ljust(120, b"\0")
open("paused.edf", "wb").write(head + body)

print("Python", sys.version.split()[0], "mne", mne.__version__, "edfio", edfio.__version__, "numpy", np.__version__)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    raw = mne.io.read_raw_edf("paused.edf", verbose="WARNING")
print("records begin at", ONSETS, "s")
print("mne: samples", raw.n_times, "last at", raw.times[-1], "s, annotations", list(raw.annotations.description))
print("mne warns:", [str(warning.message) for warning in told])
edf = edfio.read_edf("paused.edf")
print("edfio: duration", edf.duration, "s, annotations", [(a.onset, a.text) for a in edf.annotations])
gap_lost = raw.n_times == 400 and abs(raw.times[-1] - 3.99) < 1e-9 and not len(raw.annotations)
sys.exit(0 if gap_lost and edf.duration == 4 and edf.annotations[0].onset == 11.5 else 1)
PY
venv/bin/python show.py
