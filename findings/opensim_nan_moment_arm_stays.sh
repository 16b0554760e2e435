#!/bin/sh
# OpenSim 4.6: one posture at which an ellipsoid's wrap fails makes the moment arm of that path NaN at all later postures.
#
# Expected: GeometryPath.computeMomentArm is a function of the posture: the same posture gives the same moment arm, whatever came
# before it.
# Seen: over this ellipsoid the posture 0.7 rad gives NaN (its length is a number). From then on every posture gives NaN, those
# too that were numbers a moment ago, also with a new State from initSystem(); only opening the model again helps.
# Hurts: tables of moment arms that a loop over postures writes (as for CEINMS, surrogate geometry, muscle analysis) are NaN from
# one posture on; seen with a public shoulder model whose serratus anterior wraps over the thorax.
# Documentation: AbstractGeometryPath.h, computeMomentArm: "Returns the moment arm of the path in the given state with respect to
# the specified coordinate". PathWrap.h keeps the last result ("_previousWrap; // results from previous wrapping") outside the state.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet opensim==4.6
"$folder/venv/bin/python" - <<'PYTHON'
import math

import opensim

opensim.Logger.setLevelString("Off")


def pose(model, state, angle):
    """Moment arm and length of the only path at an angle."""
    coordinate = model.getCoordinateSet().get(0)
    coordinate.setValue(state, angle)
    model.realizePosition(state)
    path = opensim.PathActuator.safeDownCast(model.getForceSet().get(0)).getGeometryPath()
    return path.computeMomentArm(state, coordinate), path.getLength(state)


def build():
    """A path from a turning body over an ellipsoid that is fixed to the ground."""
    model = opensim.Model()
    body = opensim.Body("arm", 1.0, opensim.Vec3(0), opensim.Inertia(1, 1, 1))
    model.addBody(body)
    joint = opensim.PinJoint("pin", model.getGround(), opensim.Vec3(0), opensim.Vec3(0), body, opensim.Vec3(0), opensim.Vec3(0))
    model.addJoint(joint)
    ellipsoid = opensim.WrapEllipsoid()
    ellipsoid.setName("ellipsoid")
    ellipsoid.set_dimensions(opensim.Vec3(0.142, 0.168, 0.192))
    model.updGround().addWrapObject(ellipsoid)
    actuator = opensim.PathActuator()
    actuator.setName("path")
    actuator.addNewPathPoint("moving", body, opensim.Vec3(-0.091, -0.089, 0.125))
    actuator.addNewPathPoint("fixed", model.getGround(), opensim.Vec3(-0.049, 0.053, 0.187))
    actuator.updGeometryPath().addPathWrap(ellipsoid)
    model.addForce(actuator)
    model.finalizeConnections()
    return model, model.initSystem()


print("OpenSim", opensim.GetVersion())
model, state = build()
angles = [0.5, 0.6, 0.7, 0.6, 0.5]
there = [pose(model, state, angle) for angle in angles]
for angle, (arm, length) in zip(angles, there):
    print(f"{angle} rad: moment arm {arm:.5f} m, length {length:.5f} m")
again = [pose(model, model.initSystem(), angle)[0] for angle in (0.5, 0.6)]
print("with a new State:", again)
fresh = pose(*build(), 0.5)[0]
print(f"with the model built again: {fresh:.5f} m")
arms = [arm for arm, _ in there]
assert all(map(math.isfinite, arms[:2])) and math.isnan(arms[2]), "the wrap no longer fails here: choose another ellipsoid"
assert math.isnan(arms[3]) and math.isnan(arms[4]), "NaN no longer stays: the finding no longer holds"
assert all(map(math.isnan, again)) and abs(fresh - arms[0]) < 1e-9, "a new State helps now"
assert all(math.isfinite(length) for _, length in there)
PYTHON
