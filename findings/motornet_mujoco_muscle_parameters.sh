#!/bin/sh
# MotorNet's MujocoHillMuscle: vmax is in m/s, and normalized_slack_muscle_length is a passive force.
#
# Expected, by the docstring of MujocoHillMuscle.build: "vmax: shortening velocity at which muscle force drops to zero
# (normalized by its optimal length per sec)", and "normalized_slack_muscle_length: the muscle length (m) past which the
# muscle(s) will start to develop passive forces". The class is said to be MuJoCo's muscle.
# Seen (MotorNet 0.3.0): a muscle of optimal length 0.1 m with the default vmax of 1.5 still pulls with 81 % of its force
# where it shortens at 1.5 optimal lengths a second, and with none only at 1.5 m/s, ten times as fast: the velocity is
# divided by vmax, not by vmax and optimal length. With the default normalized_slack_muscle_length of 1.3 passive force
# begins at the optimal length, as it does with 2.0; the value is the passive force at lmax, MuJoCo's fpmax. MuJoCo's own
# mju_muscleGain is 0 at 1.5 optimal lengths a second.
# Exits 0 while that is so, 1 when the behaviour has changed.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "motornet==0.3.0" "torch==2.13.0" "numpy==2.4.6" "gymnasium==1.4.0" "mujoco==4.0.0"
cat > "$place/parameters.py" <<'PYTHON'
import sys
from importlib.metadata import version

import mujoco
import torch
from motornet.effector import Effector
from motornet.muscle import MujocoHillMuscle
from motornet.skeleton import PointMass

FORCE, OPTIMAL, TENDON, VMAX, LMAX = 100.0, 0.1, 0.2, 1.5, 1.6  # N, m, m, the two defaults


def force(length, velocity, activation, slack=1.3):
    """Of MotorNet's muscle [N], fiber length [m], velocity [m/s]."""
    effector = Effector(skeleton=PointMass(space_dim=2), muscle=MujocoHillMuscle())
    effector.add_muscle(
        [0, 1], [[1.0, 0.0], [0.0, 0.0]], max_isometric_force=FORCE, tendon_length=TENDON, optimal_muscle_length=OPTIMAL,
        normalized_slack_muscle_length=slack,
    )
    muscle = effector.muscle
    geometry = torch.tensor([[[length + TENDON], [velocity], [0.0]]])
    state = torch.full((1, muscle.state_dim, 1), activation)
    return muscle.integrate(0.0, torch.zeros((1, 1, 1)), state, geometry)[0, -1, 0].item()


def by_mujoco(velocity):
    """Active force of MuJoCo's muscle at its optimal length [N]."""
    ends = [TENDON + 0.5 * OPTIMAL, TENDON + 1.5 * OPTIMAL]  # of range 0.5 to 1.5, MuJoCo's way to these lengths
    return -mujoco.mju_muscleGain(TENDON + OPTIMAL, velocity, ends, 1.0, [0.5, 1.5, FORCE, 200, 0.5, LMAX, VMAX, 1.3, 1.2])


print(*(f"{name} {version(name)}" for name in ("motornet", "mujoco", "torch")))
slow, fast = -VMAX * OPTIMAL, -VMAX
for velocity in (0.0, slow, fast):
    print(f"{velocity / OPTIMAL:6.2f} optimal lengths/s: {force(OPTIMAL, velocity, 1.0):6.1f} N, MuJoCo {by_mujoco(velocity):6.1f} N")
passive = {slack: [force(r * OPTIMAL, 0.0, 0.0, slack) for r in (1.0, 1.15, LMAX)] for slack in (1.3, 2.0)}
for slack, values in passive.items():
    print(f"normalized_slack_muscle_length {slack}: passive {values} N at 1, 1.15 and {LMAX} optimal lengths")
in_meters = force(OPTIMAL, slow, 1.0) > 75.0 and force(OPTIMAL, fast, 1.0) < 1.0 and abs(by_mujoco(slow)) < 1e-6
early = all(values[1] > 1.0 and abs(values[2] - slack * FORCE) < 0.1 for slack, values in passive.items())
print("as described" if in_meters and early else "the behaviour has changed")
sys.exit(0 if in_meters and early else 1)
PYTHON
"$place/venv/bin/python" "$place/parameters.py"
