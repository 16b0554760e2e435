#!/bin/sh
# MNE 1.13 cannot export EMG at the rates of Delsys' Trigno system to EDF or BDF (and MNE-BIDS therefore cannot write it): 1259.2593, 1925.9259
# and 2148.1481 Hz, which are 17, 26 and 29 samples in 13.5 ms, end in an error about the length of a record.
#
# Expected: a file. EDF gives the length of a record in seconds and the number of samples in it, so 0.0135 s and 26 samples hold this rate
# exactly; the page of mne.export.export_raw names no rates that could not be exported.
# Seen: ValueError, "Signal duration of ... is not exactly divisible by data_record_duration of ...", for each of them; 2000 and
# 2000.4 Hz are written.
# Exits with 0 while MNE behaves so, with 1 when it no longer does.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "mne==1.13.2" "edfio==0.4.18" "numpy==2.4.6"
cat > show.py <<'PY'
import sys

import edfio
import mne
import numpy as np

print("Python", sys.version.split()[0], "mne", mne.__version__, "edfio", edfio.__version__)
mne.set_log_level("ERROR")


def export(rate):
    emg = 1e-4 * np.random.default_rng(0).normal(size=(1, 20000))
    raw = mne.io.RawArray(emg, mne.create_info(["BIC"], rate, "emg"))
    try:
        raw.export("curl.bdf", fmt="bdf", overwrite=True)
    except ValueError as error:
        return f"ValueError: {error}"
    return f"written, read at {mne.io.read_raw_bdf('curl.bdf').info['sfreq']:.7g} Hz"


refused = {}
for samples in (17, 26, 29):
    refused[samples] = export(samples / 0.0135)
    print(f"{samples / 0.0135:.4f} Hz: {refused[samples]}")
for rate in (2000.0, 2000.4):
    print(f"{rate} Hz: {export(rate)}")
# What the format itself holds:
signal = edfio.BdfSignal(np.arange(2600.0), 26 / 0.0135, label="BIC", physical_dimension="uV", physical_range=(0, 2600))
edfio.Bdf([signal], data_record_duration=0.0135).write("own.bdf")
print("by edfio:", edfio.read_bdf("own.bdf").signals[0].sampling_frequency, "Hz")
sys.exit(0 if all("divisible" in text for text in refused.values()) else 1)
PY
venv/bin/python show.py
