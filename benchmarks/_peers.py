"""Other simulators of muscles and joints on an elbow like arm26's: MuJoCo and MotorNet, each as near as it can be.

Both hold a muscle's path as a straight line from the upper arm to the forearm (or around wrapping surfaces, for
MuJoCo), so each muscle is given two points whose distance follows the fitted polynomial. Both hold an excitation
constant over a step, which is here its value in the middle. Curves are theirs: no pennation, MuJoCo's force-length
and force-velocity splines, MotorNet's rigid-tendon muscle after Thelen. MuJoCo's muscle derives its optimal and its
tendon length from a range of lengths, which is chosen so that they are arm26's. Inertia, weight, spring, damping,
strengths, fiber and tendon lengths and time constants are the same everywhere.
"""

import importlib.util
import time
from importlib.metadata import version
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline
from scipy.optimize import least_squares

from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.trials import Trials

GRAVITY = 9.80665  # m/s^2
ANGLES = np.linspace(0.2, 2.2, 60)  # rad, at which the two points are fitted
STEP, REFINEMENTS, MANY, REPEATS = 0.01, (1, 2, 4, 8), 100, 3  # s; factors
OURS = (1, 2, 4)  # steps, as multiples, that this package takes: the longest still has no more error than others
PEERS_COLUMNS = [
    "by", "step [ms]", "ms", f"ms a trial of {MANY}", "order", "error [deg]", "difference from OpenSim [deg]"
]  # fmt: skip
LEAST_ACTIVATION = 0.03  # of the stored movement, also at its start


class Arm(NamedTuple):
    """An elbow with six muscles, each along a straight line between two points.

    Attributes
    ----------
    names : tuple of str
    origin, insertion : ndarray (n_muscles, 2)
        Points [m] of the upper arm, and of the forearm at an angle of 0; the first axis along the hanging forearm, the
        second forward.
    tendon : ndarray (n_muscles,)
        Tendon slack length less what the path is longer than the line [m].
    moment_arm_error : ndarray (n_muscles,)
        Root mean square difference from the polynomial's moment arm [m].
    values : dict
        Of muscles (n_muscles,) and joint by OpenSim's names.
    """

    names: tuple
    origin: np.ndarray
    insertion: np.ndarray
    tendon: np.ndarray
    moment_arm_error: np.ndarray
    values: dict


def arm_of(model):
    """The arm nearest to a model of the elbow with polynomial paths."""
    length, moment_arm = model.length_and_moment_arm(ANGLES[:, None])
    values = model.parameters.as_dict()
    fits = [_two_points(moment_arm[:, 0, m]) for m in range(model.n_muscles)]
    far, near, angle, error = np.array(fits).T
    line = np.sqrt(far**2 + near**2 - 2 * far * near * np.cos(ANGLES[:, None] - angle))
    return Arm(
        model.muscle_names, far[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]),
        np.column_stack([near, np.zeros_like(near)]), values["tendon_slack_length"] - (length - line).mean(0), error,
        values,
    )  # fmt: skip


def _two_points(moment_arm):
    """Distances of both points from the axis, angle between them at a joint angle of 0, error of the moment arm."""
    flexes = moment_arm.mean() > 0

    def error(x):
        far, near, angle = x
        line = np.sqrt(far**2 + near**2 - 2 * far * near * np.cos(ANGLES - angle))
        return -far * near * np.sin(ANGLES - angle) / line - moment_arm

    found = [
        least_squares(error, [0.15, 0.03, start], bounds=([0.01, 0.005, -4.0], [0.4, 0.2, 4.0]))
        for start in ((2.5, 3.1) if flexes else (-0.3, -1.0))
    ]
    best = min(found, key=lambda fit: fit.cost)
    return *best.x, np.sqrt(np.mean(best.fun**2))


MUJOCO = """\
<mujoco>
  <compiler angle="radian"/>
  <option timestep="{step}" integrator="{integrator}" gravity="0 0 -{gravity}"><flag contact="disable"/></option>
  <worldbody>
    {origins}
    <body>
      <joint name="elbow" axis="0 -1 0" stiffness="{stiffness}" springref="{rest}" damping="{damping}"/>
      <inertial pos="0 0 -{center}" mass="{mass}" diaginertia="{inertia} {inertia} 0.002"/>
      {insertions}
    </body>
  </worldbody>
  <tendon>{tendons}</tendon>
  <actuator>{muscles}</actuator>
</mujoco>
"""


class MuJoCo:
    """MuJoCo's elbow; many trials by its own `rollout`, a loop outside Python, on one thread."""

    def __init__(self, arm, step, integrator):
        import mujoco

        v, names = arm.values, range(len(arm.names))
        site = lambda name, k, point: f'<site name="{name}{k}" pos="{point[1]} 0 {-point[0]}"/>'
        optimal, (low, high) = v["optimal_fiber_length"], (0.5, 1.5)
        muscle = lambda k: (
            f'<muscle tendon="t{k}" ctrllimited="true" ctrlrange="0 1" force="{v["max_isometric_force"][k]}" vmax="10" '
            f'fvmax="1.4" timeconst="{v["activation_time_constant"][k]} {v["deactivation_time_constant"][k]}" '
            f'range="{low} {high}" '
            f'lengthrange="{arm.tendon[k] + low * optimal[k]} {arm.tendon[k] + high * optimal[k]}"/>'
        )
        mass, center = v["segment_mass"][0], v["center_of_mass"][0]
        text = MUJOCO.format(
            step=step, integrator=integrator, gravity=GRAVITY, stiffness=v["joint_stiffness"][0],
            rest=v["joint_rest_angle"][0], damping=v["joint_damping"][0], center=center, mass=mass,
            inertia=v["moment_of_inertia"][0] - mass * center**2,
            origins="".join(site("o", k, arm.origin[k]) for k in names),
            insertions="".join(site("i", k, arm.insertion[k]) for k in names),
            tendons="".join(f'<spatial name="t{k}"><site site="o{k}"/><site site="i{k}"/></spatial>' for k in names),
            muscles="".join(map(muscle, names)),
        )  # fmt: skip
        self.model = mujoco.MjModel.from_xml_string(text)
        self.data = mujoco.MjData(self.model)

    def run(self, excitation, start, n_trials):
        """Angles (n_steps + 1,) [rad] of the last trial under excitations (n_steps, n_muscles)."""
        from mujoco import rollout

        state = np.concatenate([[0.0, start, 0.0], np.full(excitation.shape[1], LEAST_ACTIVATION)])
        found, _ = rollout.rollout(self.model, self.data, np.tile(state, (n_trials, 1)), excitation[None])
        return np.append(start, found[-1, :, 1])


class MotorNet:
    """MotorNet's effector on a hinge, which its skeletons do not have, so it is a class of its own here."""

    def __init__(self, arm, step, integrator):
        from motornet.effector import Effector
        from motornet.muscle import RigidTendonHillMuscleThelen

        v = arm.values
        muscle = RigidTendonHillMuscleThelen(
            min_activation=LEAST_ACTIVATION, tau_activation=float(v["activation_time_constant"][0]),
            tau_deactivation=float(v["deactivation_time_constant"][0]),
        )  # fmt: skip
        self.effector = Effector(
            skeleton=hinge(v), muscle=muscle, timestep=step, integration_method=integrator,
            damping=float(v["joint_damping"][0]), pos_lower_bound=-1.0, pos_upper_bound=3.0, vel_lower_bound=-100.0,
            vel_upper_bound=100.0,
        )  # fmt: skip
        for k, name in enumerate(arm.names):
            self.effector.add_muscle(
                [0, 1], [arm.origin[k].tolist(), arm.insertion[k].tolist()], name, tendon_length=arm.tendon[k],
                max_isometric_force=v["max_isometric_force"][k], optimal_muscle_length=v["optimal_fiber_length"][k],
            )  # fmt: skip

    def run(self, excitation, start, n_trials):
        """As `MuJoCo.run`."""
        import torch

        actions = torch.tensor(excitation, dtype=torch.float32)[:, None].expand(-1, n_trials, -1)
        angles = [start]
        with torch.no_grad():
            self.effector.reset(options={"joint_state": torch.tensor([[start, 0.0]]), "batch_size": n_trials})
            for action in actions:
                self.effector.step(action)
                angles.append(self.effector.states["joint"][-1, 0].item())
        return np.array(angles)


def hinge(v):
    """A skeleton for MotorNet: one segment that hangs from the upper arm, with weight and spring."""
    import torch
    from motornet.skeleton import Skeleton

    weight = float(v["segment_mass"][0] * GRAVITY * v["center_of_mass"][0])
    inertia, stiffness, rest = (float(v[n][0]) for n in ("moment_of_inertia", "joint_stiffness", "joint_rest_angle"))

    class Hinge(Skeleton):
        def _ode(self, inputs, joint_state, endpoint_load):
            angle = joint_state[:, :1]
            return (inputs - weight * torch.sin(angle) - stiffness * (angle - rest)) / inertia

        def _integrate(self, dt, state_derivative, joint_state):
            angle, velocity = joint_state.chunk(2, dim=1)
            return torch.cat([angle + velocity * dt, velocity + state_derivative * dt], dim=1)

        def _joint2cartesian(self, joint_state):
            return joint_state

        def _path2cartesian(self, path_coordinates, path_fixation_body, joint_state):
            angle, velocity = joint_state[:, :, None].chunk(2, dim=1)
            c, s = torch.cos(angle), torch.sin(angle)
            x, y = path_coordinates[:, :1], path_coordinates[:, 1:]
            turned = torch.cat([c * x - s * y, s * x + c * y], dim=1)
            slope = torch.cat([-s * x - c * y, c * x - s * y], dim=1)
            moves = path_fixation_body == 1
            slope = torch.where(moves, slope, 0.0)
            fixed = path_coordinates.expand(turned.shape)
            return torch.where(moves, turned, fixed), slope * velocity, slope[:, :, None]

    return Hinge(dof=1, space_dim=2, name="hinge")


class OurElbow:
    """This package on the model's own polynomials."""

    def __init__(self, model, step):
        self.model, self.step = model, step

    def run(self, excitation, start, n_trials):
        """As `MuJoCo.run`, but with excitations (n_steps + 1, n_muscles) at the frames."""
        n = len(excitation)
        names = tuple(f"trial_{k}" for k in range(n_trials))
        trials = Trials(names, np.arange(n_trials + 1) * n, np.tile(np.arange(n) * self.step, n_trials))
        motion = EquationOfMotion(self.model, trials, np.tile(excitation, (n_trials, 1)))
        return motion.solve(initial_state=np.tile([[[start], [0.0]]], (n_trials, 1, 1))).angle[:n, 0]


def runners(model, arm):
    """Rows of the table: name, step [s], function of a step that makes a simulator, whether it is given middles."""
    rows = [("sk_bionic", k * STEP, lambda step: OurElbow(model, step), False) for k in OURS]
    for package, kind, integrators in (
        ("mujoco", MuJoCo, ("Euler", "RK4", "implicitfast")), ("motornet", MotorNet, ("euler", "rk4"))
    ):  # fmt: skip
        if importlib.util.find_spec(package):
            rows += [
                (
                    f"{kind.__name__} {version(package)}, {i}",
                    STEP,
                    lambda step, kind=kind, i=i: kind(arm, step, i),
                    True,
                )
                for i in integrators
            ]
    return rows


def peers_table(model, stored, exact):
    """The table of all simulators that are installed, DataFrame, and the straight paths, `Arm`.

    Error: RMSE at the steps from the simulator's own limit of small steps (Richardson), order by the last two halvings;
    `exact` are OpenSim's angles at the stored times.
    """
    times = np.array(stored["time_s"])
    excitation = CubicSpline(times, np.array([stored["excitation"][name] for name in model.muscle_names]).T)
    arm = arm_of(model)
    rows = [
        _row(excitation, times, float(stored["initial_elbow_rad"]), exact, *runner) for runner in runners(model, arm)
    ]
    return pd.DataFrame(rows, columns=PEERS_COLUMNS), arm


def _row(excitation, times, start, exact, by, step, make, in_the_middle):
    angles, n = [], round((times[-1] - times[0]) / step)
    for factor in REFINEMENTS:
        grid = np.linspace(times[0], times[-1], factor * n + 1)
        given = np.clip(excitation((grid[1:] + grid[:-1]) / 2 if in_the_middle else grid), 0.0, 1.0)
        simulator = make(step / factor)
        angles.append(np.rad2deg(simulator.run(given, start, 1)[::factor]))
        if factor == 1:
            one, many = (_seconds(simulator, given, start, trials) for trials in (1, MANY))
    steps = [_rms(a - b) for a, b in zip(angles[1:], angles, strict=False)]
    order = float(np.log2(steps[-2] / steps[-1]))
    limit = angles[-1] + (angles[-1] - angles[-2]) / (2.0 ** max(order, 0.5) - 1.0)
    if step > STEP:
        order = np.nan  # coarser frames are other excitations: their error is no power of the step
    theirs = np.rad2deg(exact[:: round(step / STEP)])
    return by, 1e3 * step, 1e3 * one, 1e3 * many / MANY, order, _rms(angles[0] - limit), _rms(limit - theirs)


def _seconds(simulator, given, start, n_trials):
    times = []
    simulator.run(given, start, n_trials)
    for _ in range(REPEATS if n_trials > 1 else 3 * REPEATS):
        begun = time.process_time()
        simulator.run(given, start, n_trials)
        times.append(time.process_time() - begun)
    return float(np.median(times))


def _rms(values):
    return float(np.sqrt(np.mean(np.square(values))))
