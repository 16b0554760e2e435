#!/bin/sh
# MotorNet: integration_method="rk4" is of first order, and coarser steps put a mass further off than its Euler does.
#
# Expected: fourth order. The documentation of Effector says of integration_method: "rk4" [...] "to specify the
# Runge-Kutta 4 method instead" (docstring of motornet.effector.Effector, https://www.motornet.org), and it is the
# default of CompliantTendonArm26.
# Seen (MotorNet 0.3.0): Effector._rungekutta4 starts its third and fourth stage where the stage before ended, not at
# the beginning of the step, so they lie at about 1 and 2 steps instead of 1/2 and 1. A mass that only a damper slows
# (v' = -20 v, exact: v exp(-20 t)) shows the first order; the classical scheme on the same steps has the fourth, and
# the chained stages, written out in float64, give MotorNet's own numbers.
# Exits 0 while that is so, 1 when the behaviour has changed.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "motornet==0.3.0" "torch==2.13.0" "numpy==2.4.6" "gymnasium==1.4.0"
cat > "$place/order.py" <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import torch
from motornet.effector import Effector
from motornet.muscle import ReluMuscle
from motornet.skeleton import PointMass

DAMPING, DURATION, STEPS = 20.0, 0.2, (10, 20, 40, 80)


def motornet(method, n):
    """Position [m] and velocity [m/s] of 1 kg that starts at 0 with 1 m/s; its muscle is never excited."""
    effector = Effector(
        skeleton=PointMass(space_dim=2), muscle=ReluMuscle(), timestep=DURATION / n, integration_method=method,
        damping=DAMPING, pos_lower_bound=-10.0, pos_upper_bound=10.0,
    )
    effector.add_muscle([0, 1], [[3.0, 0.0], [0.0, 0.0]], max_isometric_force=10.0)
    effector.reset(options={"joint_state": torch.tensor([[0.0, 0.0, 1.0, 0.0]])})
    for _ in range(n):
        effector.step(torch.zeros((1, 1)))
    return effector.states["joint"].numpy()[0, [0, 2]]


def written_out(n, chained):
    """Velocity by four stages, each from the beginning of the step or from the end of the stage before."""
    v, h = 1.0, DURATION / n
    for _ in range(n):
        stage, slopes = v, [-DAMPING * v]
        for fraction in (0.5, 0.5, 1.0):
            stage = (stage if chained else v) + fraction * h * slopes[-1]
            slopes.append(-DAMPING * stage)
        v += h * np.dot([1, 2, 2, 1], slopes) / 6
    return v


print(*(f"{name} {version(name)}" for name in ("motornet", "torch", "numpy")))
exact = np.exp(-DAMPING * DURATION)
where = (1.0 - exact) / DAMPING
print("steps, error of velocity by MotorNet's rk4, by the chained stages, by the classical scheme; of position: rk4, euler")
errors = []
for n in STEPS:
    rk4, euler = motornet("rk4", n), motornet("euler", n)
    row = [rk4[1] - exact, written_out(n, True) - exact, written_out(n, False) - exact, rk4[0] - where, euler[0] - where]
    errors.append(row)
    print(n, *(f"{value:.1e}" for value in row))
errors = np.abs(errors)
order = np.log2(errors[-2] / errors[-1])
print(f"order: MotorNet's rk4 {order[0]:.2f}, classical {order[2]:.2f}")
same = np.allclose(errors[:, 0], errors[:, 1], rtol=1e-3, atol=1e-6)
found = order[0] < 1.5 and order[2] > 3.5 and same and (errors[:, 3] > errors[:, 4]).all()
print("as described" if found else "the behaviour has changed")
sys.exit(0 if found else 1)
PYTHON
"$place/venv/bin/python" "$place/order.py"
