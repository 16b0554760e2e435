#!/bin/sh
# MNE-BIDS 0.20 writes "V" as unit of EMG (and EEG) into channels.tsv when it writes the recording as BDF, whose header says uV; as EDF of
# the same recording, channels.tsv says uV as it should. A reader that takes the values of a BDF file in the unit of
# channels.tsv is wrong by a factor of a million. BDF is the format to choose for EMG of 24-bit amplifiers.
#
# Expected: the same unit in channels.tsv and in the file. In the BIDS specification, the column "units" is the
# physical unit of the channel's values; MNE-BIDS' pull request 1477 mended the same for EDF, BrainVision and EEGLAB.
# Seen: channels.tsv "V", header of the BDF file "uV".
# Exits with 0 while MNE-BIDS behaves so, with 1 when it no longer does.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "mne==1.13.2" "mne-bids==0.20.0" "edfio==0.4.18" "numpy==2.4.6"
cat > show.py <<'PY'
import sys

import mne
import mne_bids
import numpy as np

print("Python", sys.version.split()[0], "mne", mne.__version__, "mne_bids", mne_bids.__version__)
mne.set_log_level("ERROR")
emg = 1e-4 * np.random.default_rng(0).normal(size=(1, 4000))
raw = mne.io.RawArray(emg, mne.create_info(["BIC"], 1000.0, "emg"))
raw.info["line_freq"] = 50
units = {}
for kind in ("EDF", "BDF"):
    path = mne_bids.BIDSPath(
        root=kind, subject="01", task="curl", datatype="emg", suffix="emg", extension=f".{kind.lower()}"
    )
    mne_bids.write_raw_bids(raw, path, format=kind, allow_preload=True, emg_placement="Measured", verbose="ERROR")
    table = path.copy().update(suffix="channels", extension=".tsv").fpath.read_text(encoding="utf-8-sig")
    names, values = (line.split("\t") for line in table.splitlines()[:2])
    header = path.fpath.read_bytes()
    n_signals = int(header[252:256])
    in_file = header[256 + n_signals * 96 :][:8].decode().strip()
    units[kind] = dict(zip(names, values))["units"].replace("\u00b5", "u"), in_file
    print(kind, "channels.tsv:", units[kind][0], "| the file's header:", units[kind][1])
sys.exit(0 if units == {"EDF": ("uV", "uV"), "BDF": ("V", "uV")} else 1)
PY
venv/bin/python show.py
