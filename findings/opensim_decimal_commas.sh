#!/bin/sh
# A .sto file whose numbers have decimal commas, as spreadsheets of many countries write them, is read by OpenSim 4.6 without an
# error or a warning: everything from the comma on is dropped.
#
# Expected: an error, or 12.75 for "12,75". OpenSim's user guide, "Storage (.sto) Files", and "Motion (.mot) Files" define a table
# of numbers between tabs; a cell that is no number in C's notation is no part of the format.
# Seen: TimeSeriesTable gives 12.0 for "12,75" and 0.0 for "0,5"; the older Storage stops at the first comma and returns one row
# of two, also without an error.
# Exits with 0 while OpenSim behaves so, with 1 when it no longer does.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "opensim==4.6" "numpy==2.4.6"
printf 'emg\nversion=1\nnRows=2\nnColumns=3\ninDegrees=no\nendheader\ntime\tsoleus\ttibant\n' > commas.sto
printf '0\t12,75\t0,5\n1\t13,25\t0,75\n' >> commas.sto
cat > show.py <<'PY'
import sys

import opensim

opensim.Logger.setLevelString("warn")
print("Python", sys.version.split()[0], "opensim", opensim.GetVersion())
table = opensim.TimeSeriesTable("commas.sto")
values = table.getMatrix().to_numpy().tolist()
rows = opensim.Storage("commas.sto").getSize()
print("written          [[12.75, 0.5], [13.25, 0.75]], 2 rows")
print("TimeSeriesTable ", values)
print("Storage         ", rows, "row(s)")
sys.exit(0 if values == [[12.0, 0.0], [13.0, 0.0]] and rows == 1 else 1)
PY
venv/bin/python show.py
