"""Agreement with values that OpenSim computed before: forces, geometry, movements."""

import warnings

import numpy as np
import torch

from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.musculoskeletal import from_osim
from sk_bionic.musculoskeletal.families import CURVE_FAMILIES, CurveSet
from sk_bionic.musculoskeletal.muscle import rigid_tendon_state
from sk_bionic.musculoskeletal.tendon import elastic_tendon_state, static_tendon_state
from sk_bionic.trials import Trials

ELASTIC = {
    "degroote_fregly": "dgf_elastic_static",
    "millard": "millard_elastic_static",
    "thelen": "thelen_elastic_static",
}
SHOULDER, ELBOW = "r_shoulder_elev", "r_elbow_flex"
# What the stored movements were made with, besides arm26: De Groote-Fregly muscles with OpenSim's
# time constants and without damping, and a spring at the elbow.
TIMES = {"activation_time_constant": 0.015, "deactivation_time_constant": 0.060}
SPRING = {"joint_stiffness": 2.0, "joint_rest_angle": 1.0, "joint_damping": 0.5}


def parameters_of(family, given):
    """Parameters of one muscle (1,): a family's defaults where nothing is given."""
    values = {"fiber_damping": 0.01, "tendon_strain_at_one_norm_force": 0.049}
    values |= {"passive_fiber_strain_at_one_norm_force": 0.6, "max_contraction_velocity": 10.0}
    for name, default in CURVE_FAMILIES[family].defaults.items():
        values[name] = default["value"] if isinstance(default, dict) else default
    values |= {name: float(value) for name, value in given.items()}
    return {name: torch.tensor([value], dtype=torch.float64) for name, value in values.items()}


def forces(reference):
    """Largest difference of tendon forces in units of the maximal force, by muscle."""
    rows = torch.tensor(reference["dgf_rigid"]["rows"], dtype=torch.float64)
    p = parameters_of("degroote_fregly", reference["dgf_rigid"]["parameters"])
    force = rigid_tendon_state(*rows[:, :3].T, p).tendon_force
    found = {"degroote_fregly, rigid": _largest(force, rows[:, -1], p)}
    for family, key in ELASTIC.items():
        length, activation, _, force = torch.tensor(reference[key]["rows"], dtype=torch.float64).T
        p, curves = parameters_of(family, reference[key]["parameters"]), CurveSet([family])
        at = length[:, None], torch.zeros(len(length), 1, dtype=torch.float64), activation[:, None]
        state = static_tendon_state(*at, p, curves)
        elastic = torch.tensor([True])
        muscle, _ = elastic_tendon_state(state, 0.0 * state, *at, p, curves, elastic)
        found[f"{family}, elastic"] = _largest(muscle.tendon_force[:, 0], force, p)
    return found


def _largest(ours, theirs, parameters):
    return float(((ours - theirs) / parameters["max_isometric_force"]).abs().max())


def geometry(reference, model, coordinates):
    """Root mean square errors [mm] of length and largest moment arm over the stored postures, by muscle."""
    samples = reference["samples"]
    angle = torch.tensor([sample["q"] for sample in samples], dtype=torch.float64)
    length, arm = model.paths.length_and_moment_arm(angle, torch.ones(1, dtype=torch.float64))
    rows = []
    for m, name in enumerate(model.muscle_names):
        lengths = np.array([sample["mt_length_m"][name] for sample in samples])
        errors = [_rms(length[:, m].numpy() - lengths)]
        for d, coordinate in enumerate(coordinates):
            arms = np.array([sample["moment_arm_m"][coordinate][name] for sample in samples])
            errors.append(_rms(arm[:, d, m].numpy() - arms))
        rows.append((name, 1e3 * errors[0], 1e3 * max(errors[1:])))
    return rows


def _rms(values):
    return float(np.sqrt(np.mean(values**2)))


def arm26(file, coordinates, tendon="rigid", **options):
    """arm26 with De Groote-Fregly muscles and the elbow's spring, driven by excitations."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # errors of the paths are tables of their own
        model = from_osim(
            file,
            coordinates,
            curves="degroote_fregly",
            drive="excitation",
            tendon=tendon,
            **options,
        )
    changes = {(ELBOW, name): {"value": value} for name, value in SPRING.items()}
    changes |= {(name, "fiber_damping"): {"value": 0.0} for name in model.muscle_names}
    return model.with_rows(changes)


def movement(model, stored, start, n_trials=1):
    """The problem of one stored movement, `n_trials` times, and its initial state."""
    time = np.array(stored["time_s"])
    excitation = np.array([stored["excitation"][name] for name in model.muscle_names]).T
    names = tuple(f"trial_{k}" for k in range(n_trials))
    trials = Trials(names, np.arange(n_trials + 1) * len(time), np.tile(time, n_trials))
    motion = EquationOfMotion(model, trials, np.tile(excitation, (n_trials, 1)))
    return motion, np.tile([[start, np.zeros(len(start))]], (n_trials, 1, 1))


def forward(reference, file, free_shoulder):
    """RMSE of the elbow [deg] and largest error of a tendon force [% of its maximum], by movement."""
    coordinates = [SHOULDER, ELBOW] if free_shoulder else [ELBOW]
    options = {"ranges": {SHOULDER: (-1.05, 1.0)}} if free_shoulder else {"posture": {SHOULDER: 0.0}}
    model = arm26(file, coordinates, **options)
    times = {(m, name): {"value": value} for m in model.muscle_names for name, value in TIMES.items()}
    model = model.with_rows(times)
    rows = []
    for k, stored in enumerate(reference["arm26_forward"]):
        start = [0.0] * free_shoulder + [stored["initial_elbow_rad"]]
        motion, initial = movement(model, stored, start)
        trajectory = motion.solve(initial_state=initial)
        error = np.rad2deg(trajectory.angle[:, -1].numpy() - np.array(stored["elbow_rad"]))
        activation, _ = motion.dynamics.at_points(model.parameters.as_dict(), motion.grid.frames)
        muscles, _ = model.muscle_state(trajectory.angle, trajectory.velocity, activation)
        maximal = model.parameters.as_dict()["max_isometric_force"].numpy()
        theirs = np.array([stored["tendon_force_N"][name] for name in model.muscle_names]).T
        force = 100 * np.abs((muscles.tendon_force.numpy() - theirs) / maximal).max()
        rows.append((k + 1, "free" if free_shoulder else "locked", _rms(error), force))
    return rows
