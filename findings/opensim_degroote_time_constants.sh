#!/bin/sh
# DeGrooteFregly2016Muscle: every muscle in the process has the activation time constants of the first one evaluated.
#
# Expected: each muscle rises with its own activation_time_constant. The class's documentation
# (https://simtk.org/api_docs/opensim/api_docs/classOpenSim_1_1DeGrooteFregly2016Muscle.html) lists it as a property of
# the muscle, "Smaller value means activation can increase more rapidly (units: seconds)".
# Seen (OpenSim 4.6): two muscles with 0.01 s and 0.1 s in one model rise at the same rate, and so do the muscles of a
# second model in the same process, whatever its own values: computeStateVariableDerivatives keeps the constants in
# function-local statics. Thelen2003Muscle and Millard2012EquilibriumMuscle do as expected.
# Exits 0 while that is so, 1 when the behaviour has changed.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "opensim==4.6" "numpy==2.4.6"
cat > "$place/rates.py" <<'PYTHON'
import sys

import opensim as osim

osim.Logger.setLevelString("off")


def rates(kind, constants):
    """Rate of activation [1/s] of muscles at full excitation, by name; constants [s]."""
    model, body = osim.Model(), osim.Body("body", 1.0, osim.Vec3(0), osim.Inertia(1, 1, 1))
    joint = osim.SliderJoint("joint", model.getGround(), body)
    model.addBody(body)
    model.addJoint(joint)
    for name, constant in constants.items():
        muscle = getattr(osim, kind)()
        muscle.setName(name)
        muscle.set_activation_time_constant(constant)
        muscle.addNewPathPoint("origin", model.getGround(), osim.Vec3(0))
        muscle.addNewPathPoint("insertion", body, osim.Vec3(0.3, 0, 0))
        model.addForce(muscle)
    state = model.initSystem()
    model.realizeVelocity(state)
    model.setControls(state, osim.Vector(len(constants), 1.0))
    model.realizeAcceleration(state)
    return {name: model.getStateVariableDerivativeValue(state, f"/forceset/{name}/activation") for name in constants}


print("opensim", osim.GetVersion())
found = {}
for kind in ("Millard2012EquilibriumMuscle", "DeGrooteFregly2016Muscle"):
    for constants in ({"fast": 0.01, "slow": 0.1}, {"slower": 0.2}):
        found[kind, *constants] = rates(kind, constants)
        print(kind, constants, "->", found[kind, *constants])
first, later = found["DeGrooteFregly2016Muscle", "fast", "slow"], found["DeGrooteFregly2016Muscle", "slower"]
same = first["fast"] == first["slow"] == later["slower"]
other = found["Millard2012EquilibriumMuscle", "fast", "slow"]
own = other["fast"] > 5 * other["slow"]
print("as described" if same and own else "the behaviour has changed")
sys.exit(0 if same and own else 1)
PYTHON
"$place/venv/bin/python" "$place/rates.py"
