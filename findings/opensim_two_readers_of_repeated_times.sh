#!/bin/sh
# OpenSim 4.6 has two readers of .sto files: of rows with one time, one refuses the file, the other drops all but the last.
#
# Expected: both readers give the rows of the file, or say why not.
# Seen: TimeSeriesTable raises. Storage, which the tools (inverse dynamics, static optimisation, CMC, analyses) use, returns one
# row a time without a word, so a table of 5 rows has 4.
# Hurts: OpenSim's own CMC and RRA write tables with a repeated time; positions of rows then differ between programs, and the
# header's number of rows no longer holds.
# Documentation: the class of tables says "The time column is enforced to be strictly increasing" (TimeSeriesTable.h); the class
# Storage has an argument aCheckForDuplicateTime=true and no word on what it does with the rows of a file.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet opensim==4.6
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
from pathlib import Path

import opensim

opensim.Logger.setLevelString("Off")
rows = [(0.0, 1), (0.1, 2), (0.1, 3), (0.2, 4), (0.3, 5)]
path = Path(sys.argv[1]) / "states.sto"
header = ["states", "version=1", f"nRows={len(rows)}", "nColumns=2", "inDegrees=no", "endheader", "time\tforce"]
path.write_text("\n".join([*header, *(f"{time}\t{value}" for time, value in rows), ""]))
print("OpenSim", opensim.GetVersion())
try:
    table = f"{opensim.TimeSeriesTable(str(path)).getNumRows()} rows"
except RuntimeError as error:
    table = "refused: " + str(error).strip().splitlines()[-1].strip()
print("TimeSeriesTable:", table)
storage = opensim.Storage(str(path))
values = [storage.getStateVector(i).getData().get(0) for i in range(storage.getSize())]
print(f"Storage: {len(values)} rows of {len(rows)}, forces {values}")
assert len(values) != len(rows), "Storage now keeps all rows: the finding no longer holds"
assert table.startswith("refused") and values == [1.0, 3.0, 4.0, 5.0], "OpenSim reads such files in another way now"
PYTHON
