"""Agreement with values that OpenSim computed before: forces, geometry, movements."""

import sys
import warnings
from pathlib import Path

import numpy as np

from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.musculoskeletal import from_osim
from sk_bionic.trials import Trials

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "musculoskeletal"))

from of_one import muscle_at, unit_of

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


def muscle_of(family, given, tendon):
    """Model of one muscle with OpenSim's values, the family's own where the reference gives none."""
    values = {"passive_fiber_strain_at_one_norm_force": 0.6} if family == "degroote_fregly" else {}
    values |= {name: float(value) for name, value in given.items()}
    return unit_of(values, curves=family, tendon=tendon), values["max_isometric_force"]


def forces(reference):
    """Largest difference of tendon forces in units of the maximal force, by muscle."""
    rows = np.array(reference["dgf_rigid"]["rows"], dtype=float)
    model, maximal = muscle_of("degroote_fregly", reference["dgf_rigid"]["parameters"], "rigid")
    force = muscle_at(model, *rows[:, :3].T).tendon_force
    found = {"degroote_fregly, rigid": _largest(force, rows[:, -1], maximal)}
    for family, key in ELASTIC.items():
        length, activation, _, force = np.array(reference[key]["rows"], dtype=float).T
        model, maximal = muscle_of(family, reference[key]["parameters"], "elastic")
        columns = length[:, None], np.zeros((len(length), 1)), activation[:, None]
        state = model.static_tendon_state(*columns)
        ours = model.muscle_state(*columns, tendon=(state, 0.0 * state))[0].tendon_force[:, 0]
        found[f"{family}, elastic"] = _largest(ours, force, maximal)
    return found


def _largest(ours, theirs, maximal):
    return float(np.abs((ours - theirs) / maximal).max())


def geometry(reference, model, coordinates):
    """Root mean square errors [mm] of length and largest moment arm over the stored postures, by muscle."""
    samples = reference["samples"]
    length, arm = model.length_and_moment_arm(np.array([sample["q"] for sample in samples], dtype=float))
    rows = []
    for m, name in enumerate(model.muscle_names):
        lengths = np.array([sample["mt_length_m"][name] for sample in samples])
        errors = [_rms(length[:, m] - lengths)]
        for d, coordinate in enumerate(coordinates):
            arms = np.array([sample["moment_arm_m"][coordinate][name] for sample in samples])
            errors.append(_rms(arm[:, d, m] - arms))
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
        error = np.rad2deg(trajectory.angle[:, -1] - np.array(stored["elbow_rad"]))
        muscles, _ = model.muscle_state(trajectory.angle, trajectory.velocity, motion.activations())
        maximal = model.parameters.as_dict()["max_isometric_force"]
        theirs = np.array([stored["tendon_force_N"][name] for name in model.muscle_names]).T
        force = 100 * np.abs((muscles.tendon_force - theirs) / maximal).max()
        rows.append((k + 1, "free" if free_shoulder else "locked", _rms(error), force))
    return rows
