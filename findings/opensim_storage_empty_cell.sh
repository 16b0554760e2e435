#!/bin/sh
# One empty cell in a .sto or .mot file makes OpenSim 4.6's Storage read every later number into the cell before it, times included,
# without an error; TimeSeriesTable reads the same file rightly, with NaN in that cell. Programs leave a cell empty where a
# marker, a force or an angle is missing.
#
# Expected: both readers agree on one file. The header of Storage.h says of the class that each row has a time and the values of
# the columns; the user guide's page "Storage (.sto) Files" has one number a column.
# Seen: of rows (0: -, 1, 2) and (1: 10, 11, 12), Storage makes (0: 1, 2, 1) and so on: a time becomes a value.
# Exits with 0 while OpenSim behaves so, with 1 when it no longer does.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "opensim==4.6" "numpy==2.4.6"
printf 'angles\nversion=1\nnRows=3\nnColumns=4\ninDegrees=no\nendheader\ntime\thip\tknee\tankle\n' > gap.sto
printf '0\t\t1\t2\n1\t10\t11\t12\n2\t20\t21\t22\n' >> gap.sto
cat > show.py <<'PY'
import sys

import opensim

opensim.Logger.setLevelString("warn")
print("Python", sys.version.split()[0], "opensim", opensim.GetVersion())
table = opensim.TimeSeriesTable("gap.sto")
print("TimeSeriesTable", list(table.getIndependentColumn()), table.getMatrix().to_numpy().tolist())
storage = opensim.Storage("gap.sto")
rows = []
for i in range(storage.getSize()):
    vector = storage.getStateVector(i)
    rows.append([vector.getTime(), *(vector.getData().get(j) for j in range(vector.getSize()))])
print("Storage, time first", rows)
sys.exit(0 if rows[0] == [0.0, 1.0, 2.0, 1.0] else 1)
PY
venv/bin/python show.py
