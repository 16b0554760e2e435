#!/bin/sh
# MotorNet: where the shoulder turns, velocities of muscles on the forearm are not the slopes of their lengths.
#
# Expected: "musculotendon velocity" in the geometry state is the time derivative of "musculotendon length": the moment
# arms times the joint velocities, as Effector.get_geometry names them, and as Sherman, Seth and Delp (2013), which the
# code cites, define moment arms.
# Seen (MotorNet 0.3.0, TwoDofArm with muscles of `add_muscle`): an elbow muscle from upper arm to forearm, with the elbow
# held and the shoulder turning at 1 rad/s, has a velocity of -0.086 m/s while its length does not change: the
# shoulder's velocity is counted twice for points of the forearm (TwoDofArm._path2cartesian adds it to the elbow's, whose
# derivative already holds it). Lengths, moment arms and velocities of the elbow alone are right. Hill muscles take
# their force-velocity factor from that velocity; the arms RigidTendonArm26 and CompliantTendonArm26 have a geometry
# of their own and are not concerned.
# Exits 0 while that is so, 1 when the behaviour has changed.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "motornet==0.3.0" "torch==2.13.0" "numpy==2.4.6" "gymnasium==1.4.0"
cat > "$place/velocity.py" <<'PYTHON'
import sys
from importlib.metadata import version

import torch
from motornet.effector import Effector
from motornet.muscle import RigidTendonHillMuscle
from motornet.skeleton import TwoDofArm

SHOULDER, ELBOW, STEP = 0.8, 1.2, 1e-3  # rad, rad, s

effector = Effector(skeleton=TwoDofArm(), muscle=RigidTendonHillMuscle())
values = {"max_isometric_force": 500.0, "tendon_length": 0.05, "optimal_muscle_length": 0.1}
effector.add_muscle([1, 2], [[0.15, 0.03], [0.09, 0.03]], "elbow only", **values)
effector.add_muscle([0, 2], [[0.05, -0.03], [0.05, 0.03]], "both joints", **values)


def geometry(*state):
    """Length, velocity and moment arms (n_muscles, 4)."""
    return effector.get_geometry(torch.tensor([state]))[0].T


print(*(f"{name} {version(name)}" for name in ("motornet", "torch")))
print("shoulder and elbow [rad/s]; by muscle: velocity told, slope of the length, moment arms times velocities [m/s]")
wrong, right = [], []
for velocity in ((0.0, 1.0), (1.0, 0.0), (1.0, -1.0)):
    ahead, behind = ([q + s * STEP * v for q, v in zip((SHOULDER, ELBOW), velocity)] for s in (1, -1))
    told = geometry(SHOULDER, ELBOW, *velocity)
    slope = (geometry(*ahead, 0.0, 0.0)[:, 0] - geometry(*behind, 0.0, 0.0)[:, 0]) / (2 * STEP)
    by_arms = told[:, 2:] @ torch.tensor(velocity)
    for name, *row in zip(effector.muscle_name, told[:, 1].tolist(), slope.tolist(), by_arms.tolist()):
        print(velocity, name, *(f"{value:.4f}" for value in row))
        right.append(abs(row[1] - row[2]) < 1e-3)
        (wrong if velocity[0] else right).append(abs(row[0] - row[1]) > 0.02 if velocity[0] else abs(row[0] - row[1]) < 1e-3)
found = all(wrong) and all(right)
print("as described" if found else "the behaviour has changed")
sys.exit(0 if found else 1)
PYTHON
"$place/venv/bin/python" "$place/velocity.py"
