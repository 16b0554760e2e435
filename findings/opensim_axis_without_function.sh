#!/bin/sh
# CustomJoint: a TransformAxis that names a coordinate and has no function does not move; an empty <function/> does.
#
# Expected: the same motion for both, as an empty element states nothing. The documentation of the property (printed below;
# TransformAxis, OpenSim 4.6, also written into every .osim file) says "Default: Constant(0)".
# Seen (OpenSim 4.6): without the element the body stays where it is, whatever the coordinate's value, and the coordinate's
# motion type is "coupled" (3), so that columns in degrees are not converted; with <function/> the body turns by the
# coordinate and the type is "rotational" (1). Nothing is said while the model is read.
# Exits 0 while that is so, 1 when the behaviour has changed.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "opensim==4.6" "numpy==2.4.6"
cat > "$place/axes.py" <<'PYTHON'
import sys
from pathlib import Path

import opensim as osim

AXES = {
    "rotation1": "0 0 1", "rotation2": "1 0 0", "rotation3": "0 1 0",
    "translation1": "1 0 0", "translation2": "0 1 0", "translation3": "0 0 1",
}


def turned(function):
    """By how much [rad] the body turns for a coordinate of 0.5 rad, and the coordinate's motion type."""
    axes = "".join(
        f'<TransformAxis name="{name}"><coordinates>{"bend" if name == "rotation1" else ""}</coordinates><axis>{axis}</axis>'
        f'{function if name == "rotation1" else ""}</TransformAxis>'
        for name, axis in AXES.items()
    )
    Path("model.osim").write_text(
        f"""<?xml version="1.0"?><OpenSimDocument Version="40000"><Model name="m"><BodySet name="bodyset"><objects>
        <Body name="part"><mass>1</mass><inertia>1 1 1 0 0 0</inertia></Body></objects></BodySet>
        <JointSet name="jointset"><objects><CustomJoint name="joint"><socket_parent_frame>/ground</socket_parent_frame>
        <socket_child_frame>/bodyset/part</socket_child_frame><coordinates><Coordinate name="bend"/></coordinates>
        <SpatialTransform>{axes}</SpatialTransform></CustomJoint></objects></JointSet></Model></OpenSimDocument>"""
    )
    model = osim.Model("model.osim")
    state = model.initSystem()
    bend = model.getCoordinateSet().get("bend")
    bend.setValue(state, 0.5)
    model.realizePosition(state)
    rotation = model.getBodySet().get("part").getTransformInGround(state).R()
    return round(rotation.convertRotationToBodyFixedXYZ().get(2), 6), bend.getMotionType()


osim.Logger.setLevelString("off")
print("OpenSim", osim.GetVersion())
axis = osim.TransformAxis()
print("function:", axis.getPropertyByName("function").getComment())
found = {name: turned(function) for name, function in (("left out", ""), ("empty", "<function/>"))}
for name, (angle, kind) in found.items():
    print(f"function {name}: the body turns by {angle} rad for a coordinate of 0.5 rad, motion type {kind}")
sys.exit(found != {"left out": (0.0, 3), "empty": (0.5, 1)})
PYTHON
cd "$place"
"$place/venv/bin/python" axes.py
