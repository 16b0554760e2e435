#!/bin/sh
# Converting a table of states from degrees to radians, OpenSim 4.6 converts the angles and leaves the speeds in degrees per second
# where the file names them as OpenSim 3 did (knee_u); under their paths (/jointset/j/knee/speed) it converts them.
#
# Expected: both in radians. OpenSim 4.6 knows the old names: TableUtilities.findStateLabelIndex documents that it looks for
# "<coord_name>_u" where "/speed" is asked for, and StatesTrajectory.createFromStatesTable reads such files. The files that OpenSim
# 3 wrote in degrees have these names and hold deg/s (arm26_states_degrees.mot and subject01_walk1_states_degrees.mot of
# opensim-models, both with inDegrees=yes).
# Seen: SimbodyEngine.convertDegreesToRadians turns 180 into 3.14159 for "knee" and for ".../speed", and leaves 180 for "knee_u":
# in such a table speeds are 57.3 times as large as the angles' derivatives.
# Exits with 0 while OpenSim behaves so, with 1 when it no longer does.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "opensim==4.6" "numpy==2.4.6"
head='states\nversion=1\nnRows=2\nnColumns=3\ninDegrees=yes\nendheader\n'
printf "$head"'time\tknee\tknee_u\n0\t0\t180\n1\t180\t180\n' > old.sto
printf "$head"'time\t/jointset/j/knee/value\t/jointset/j/knee/speed\n0\t0\t180\n1\t180\t180\n' > new.sto
cat > show.py <<'PY'
import sys

import opensim

opensim.Logger.setLevelString("warn")
print("Python", sys.version.split()[0], "opensim", opensim.GetVersion())
model = opensim.Model()
body = opensim.Body("b", 1, opensim.Vec3(0), opensim.Inertia(1))
model.addBody(body)
joint = opensim.PinJoint("j", model.getGround(), body)
joint.updCoordinate().setName("knee")
model.addJoint(joint)
model.finalizeConnections()
state = model.initSystem()
last = {}
for name in ("old.sto", "new.sto"):
    table = opensim.TimeSeriesTable(name)
    model.getSimbodyEngine().convertDegreesToRadians(table)
    last[name] = table.getMatrix().to_numpy()[1].round(5).tolist()
    print(name, list(table.getColumnLabels()), "180 deg, 180 deg/s ->", last[name])
index = opensim.TableUtilities.findStateLabelIndex(opensim.StdVectorString(["knee", "knee_u"]), "/jointset/j/knee/speed")
print("findStateLabelIndex finds /jointset/j/knee/speed in column", index, "of [knee, knee_u]")
sys.exit(0 if last == {"old.sto": [3.14159, 180.0], "new.sto": [3.14159, 3.14159]} and index == 1 else 1)
PY
venv/bin/python show.py
