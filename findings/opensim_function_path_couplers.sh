#!/bin/sh
# FunctionBasedPath: the moment arm about a coordinate that moves the path through a coupler is 0.
#
# Expected: computeMomentArm(state, coordinate) of a FunctionBasedPath agrees with that of the GeometryPath it was fitted
# to, as PolynomialPathFitter's models do; OpenSim's definition is the generalised force per unit of tension, couplers
# included (Sherman, Seth and Delp 2013, "What is a moment arm?", and the header of MomentArmSolver), so a knee's patella
# or ribs that follow another angle count.
# Seen (OpenSim 4.6): a path over shank_angle, which follows thigh_angle by a CoordinateCouplerConstraint, has the moment
# arm 0 about thigh_angle, while its length changes with thigh_angle, and a GeometryPath of the same length has another
# moment arm. The header of FunctionBasedPath warns of constraints that do work (MovingPathPoint); a coupler does none, and
# is not mentioned. The muscle still turns the thigh: the dynamics apply its force to shank_angle and the coupler passes it on.
# Exits 0 while that is so, 1 when the behaviour has changed.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "opensim==4.6" "numpy==2.4.6"
cat > "$place/arms.py" <<'PYTHON'
import sys

import numpy as np
import opensim as osim

osim.Logger.setLevelString("off")
model = osim.Model()


def hinge(name, parent):
    body = osim.Body(name, 1.0, osim.Vec3(0, -0.15, 0), osim.Inertia(0.01, 0.01, 0.01))
    place = osim.Vec3(0, -0.3, 0)
    joint = osim.PinJoint(f"{name}_joint", parent, place, osim.Vec3(0), body, osim.Vec3(0), osim.Vec3(0))
    joint.updCoordinate().setName(f"{name}_angle")
    model.addBody(body)
    model.addJoint(joint)
    return body


thigh = hinge("thigh", model.getGround())
shank = hinge("shank", thigh)
coupler = osim.CoordinateCouplerConstraint()
coupler.setName("coupler")
independent = osim.ArrayStr()
independent.append("thigh_angle")
coupler.setIndependentCoordinateNames(independent)
coupler.setDependentCoordinateName("shank_angle")
coupler.setFunction(osim.LinearFunction(0.5, 0.0))
model.addConstraint(coupler)

geometry = osim.PathActuator()
geometry.setName("geometry")
geometry.addNewPathPoint("a", thigh, osim.Vec3(0.05, -0.2, 0))
geometry.addNewPathPoint("b", shank, osim.Vec3(0.05, -0.1, 0))
model.addForce(geometry)

# The same length as a polynomial of shank_angle.
angle = np.linspace(-0.5, 1.5, 81)
start, end = np.array([0.05, -0.2]), np.array([0.05, -0.1])
turned = np.stack([np.cos(angle) * end[0] - np.sin(angle) * end[1], np.sin(angle) * end[0] + np.cos(angle) * end[1] - 0.3], 1)
coefficients = np.polynomial.polynomial.polyfit(angle, np.linalg.norm(turned - start, axis=1), 8)
polynomial = osim.MultivariatePolynomialFunction()
polynomial.setDimension(1)
polynomial.setOrder(8)
vector = osim.Vector(9, 0.0)
for i, value in enumerate(coefficients):
    vector.set(i, float(value))
polynomial.setCoefficients(vector)
path = osim.FunctionBasedPath()
path.setName("path")
path.appendCoordinatePath("/jointset/shank_joint/shank_angle")
path.setLengthFunction(polynomial)
function = osim.PathActuator()
function.setName("function")
function.set_path(path)
model.addForce(function)

state = model.initSystem()
coordinate = model.getCoordinateSet().get("thigh_angle")
forces = model.getForceSet()
paths = {name: osim.PathActuator.safeDownCast(forces.get(name)).getPath() for name in ("geometry", "function")}


def measured(value):
    coordinate.setValue(state, value, True)
    model.realizePosition(state)
    return {name: (p.getLength(state), p.computeMomentArm(state, coordinate)) for name, p in paths.items()}


print("opensim", osim.GetVersion())
before, here, after = (measured(0.8 + step) for step in (-1e-3, 0.0, 1e-3))
slope = {name: (before[name][0] - after[name][0]) / 2e-3 for name in paths}
for name in paths:
    print(f"{name}: length {here[name][0]:.5f} m, -d(length)/d(thigh_angle) {slope[name]:.5f} m, moment arm {here[name][1]:.5f} m")
same_length = abs(here["geometry"][0] - here["function"][0]) < 1e-4 and abs(slope["geometry"] - slope["function"]) < 1e-3
as_described = abs(here["geometry"][1] - slope["geometry"]) < 1e-3 and here["function"][1] == 0.0 and same_length
print("as described" if as_described else "the behaviour has changed")
sys.exit(0 if as_described else 1)
PYTHON
"$place/venv/bin/python" "$place/arms.py"
