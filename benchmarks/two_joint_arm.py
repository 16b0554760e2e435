"""A simulated arm, two joints and six muscles: parameters, forces and angles against the truth.

Prints its tables and keeps them in results/two_joint_arm.md.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from _recovery import QUANTILE, accuracy, each, interval_figures, recover
from _subjects import Subject
from _tables import environment, markdown
from scipy.integrate import solve_ivp

from sk_bionic.datasets import make_arm_reaching
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.musculoskeletal import leg
from sk_bionic.musculoskeletal.skeleton import GRAVITY
from sk_bionic.trials import Trials

RESULT = Path(__file__).parent / "results" / "two_joint_arm.md"
N_TRAINING, N_NEW, DURATION = 3, 2, 5.0
HIDDEN = 0.4  # of a trial, in which the shoulder's angle is missing, then the elbow's
RATES = (50, 100, 200, 400)  # Hz
SWING, SWING_START = 2.0, (0.5, 0.3, 0.1)  # s; rad
PAGE = """\
# Two joints, six muscles

Command: `python benchmarks/two_joint_arm.py`. {environment} {n} subjects of `make_arm_reaching`, seeds 0, 1, ...

## Parameters

Identified from {training} trials of {duration:g} s at 100 Hz, 1 deg of noise on the angles, start at the preset's
values. Errors in % of the true value, all muscles together; covered: true values within {quantile} std_err. Fit:
seconds of CPU, median. "shoulder prescribed": its noise-free angle is a column of X and only the elbow's is predicted.
"angles known in part": the shoulder's angle is missing in the first {hidden:.0f} % of every trial, the elbow's in the
last. "mismatch 1": moment arms 10 % off, stretching tendons, 20 ms more delay.

{parameters}

By parameter, both angles measured:

{by_parameter}

## New trials

{new} trials of the same subjects, `prediction="simulation"`; medians over the subjects of the root mean square errors,
of the stated standard deviations and of the share of frames within {quantile} of them. The angle's error is against the
noisy angle.

{predictions}

## Simulator

Three-segment pendulum (the leg without muscles, damping and stiffness) swinging {swing:g} s from {start} rad,
against scipy's DOP853 at a relative tolerance of 1e-12.

{pendulum}
"""


def prescribed(reaching, rows):
    """The shoulder's true angle as a column of X, the elbow's noisy one to predict."""
    given = reaching.data.assign(shoulder_elevation=reaching.angle["shoulder_elevation"])
    return given.loc[rows], reaching.target.loc[rows, "elbow_flexion"]


def known_in_part(reaching, rows):
    """One angle missing at the start, the other at the end of every trial."""
    target = reaching.target.copy()
    time = target.index.get_level_values("time")
    target.loc[time < HIDDEN * DURATION, "shoulder_elevation"] = np.nan
    target.loc[time >= (1 - HIDDEN) * DURATION, "elbow_flexion"] = np.nan
    return reaching.data.loc[rows], target.loc[rows]


def whole(reaching, rows):
    """Both angles measured."""
    return reaching.data.loc[rows], reaching.target.loc[rows]


# How a recording is given to the regressor, and how far the truth departs from its model.
DESIGNS = {
    "both angles measured": (whole, 0.0),
    "shoulder prescribed": (prescribed, 0.0),
    "angles known in part": (known_in_part, 0.0),
    "mismatch 1": (whole, 1.0),
}


def subject(seed):
    """Recoveries of one subject by design, and errors on new trials."""
    torch.set_num_threads(1)
    recordings = {
        mismatch: make_arm_reaching(N_TRAINING + N_NEW, duration=DURATION, mismatch=mismatch, random_state=seed)
        for mismatch in {mismatch for _, mismatch in DESIGNS.values()}
    }
    recoveries, predictions = {}, []
    for name, (give, mismatch) in DESIGNS.items():
        reaching = recordings[mismatch]
        trials = reaching.data.index.get_level_values("trial")
        first = trials < f"trial_{N_TRAINING:02d}"
        recovery = recover(Subject(*give(reaching, first), reaching.model), "arm")
        recoveries[name] = recovery._replace(regressor=None)
        if give is not known_in_part:
            predictions += [(name, *row) for row in new_trials(recovery.regressor, reaching, give, ~first)]
    return recoveries, predictions


def new_trials(regressor, reaching, give, rows):
    """Errors, stated deviations and coverage of angles [deg] and forces [% of the maximum]."""
    X, y = give(reaching, rows)
    angle, std = (np.asarray(a).reshape(len(X), -1) for a in regressor.predict(X, return_std=True))
    error = angle - y.to_numpy().reshape(angle.shape)
    figures = np.array(interval_figures(np.rad2deg(error), np.rad2deg(std)))
    for name, column in zip(regressor.model_.coordinate_names, figures.T, strict=True):
        yield f"{name} [deg]", *column
    force, std = regressor.predict_muscle_forces(X, return_std=True)
    maximal = reaching.model.parameters.as_dict()["max_isometric_force"]
    error = (force - reaching.muscle_forces.loc[rows]).to_numpy()
    figures = np.array(interval_figures(100 * error / maximal, 100 * std.to_numpy() / maximal))
    yield "muscle forces [% of maximum]", *figures.mean(axis=1)


def parameter_tables(recoveries):
    """Errors and coverage of all parameters by design, and by parameter of the first design."""
    rows = {}
    for name in DESIGNS:
        mine = [by_design[name] for by_design in recoveries]
        table = pd.concat([recovery.table for recovery in mine], ignore_index=True)
        rows[name] = {
            **accuracy(table).iloc[-1].drop(["muscle", "parameter"]),
            "fit [s]": np.median([recovery.seconds for recovery in mine]),
        }
        if name == next(iter(DESIGNS)):
            pooled = accuracy(table.assign(muscle="")).drop(columns="muscle")
            pooled["parameter"] = pooled["parameter"].replace("", "all")
    return pd.DataFrame.from_dict(rows, orient="index").astype(float), pooled


def prediction_table(predictions):
    """Medians over subjects."""
    columns = ["design", "output", "RMSE", "stated", "covered [%]"]
    table = pd.DataFrame(predictions, columns=columns)
    table["covered [%]"] *= 100
    return table.groupby(["design", "output"], sort=False).median().reset_index()


def pendulum():
    """Largest errors and drift of energy of a triple pendulum by frame rate, and their orders."""
    model = powerless_leg()
    start = np.array([[SWING_START, np.zeros(3)]])
    finest = np.arange(round(SWING * RATES[-1])) / RATES[-1]
    exact = integrated(model, start, finest)
    rows = []
    for rate in RATES:
        every = RATES[-1] // rate
        frames = finest[::every]
        trials = Trials(("swing",), np.array([0, len(frames)]), frames)
        begun = time.perf_counter()
        motion = EquationOfMotion(model, trials, np.zeros((len(frames), model.n_muscles)))
        state = motion.solve(initial_state=start).state
        seconds = time.perf_counter() - begun
        error = np.rad2deg(np.abs(state[:, 0] - exact[::every])).max()
        rows.append((rate, error, np.ptp(energy(model, state)), 1e3 * seconds))
    columns = ["frames per s", "largest error [deg]", "drift of energy [J]", "time [ms]"]
    table = pd.DataFrame(rows, columns=columns)
    for name in columns[1:3]:
        values = table[name].to_numpy()
        table[f"order of {name.split(' [')[0]}"] = np.append(np.nan, np.log2(values[:-1] / values[1:]))
    return table


def powerless_leg():
    """The leg with nothing but inertia and weight."""
    zero = {"joint_stiffness": 0.0, "joint_damping": 0.0}
    wide = {"lower_limit": -4.0, "upper_limit": 4.0, "limit_stiffness": 1.0}
    model = leg()
    changes = {(name, "max_isometric_force"): {"value": 1e-12} for name in model.muscle_names}
    for name in model.coordinate_names:
        changes |= {(name, key): {"value": value} for key, value in (zero | wide).items()}
    return model.with_rows(changes)


def integrated(model, start, frames):
    """Angles (n_frames, n_coordinates) by scipy."""
    rest = np.zeros(model.n_muscles)

    def rate(_, flat):
        angle, velocity = flat.reshape(2, -1)
        residual = model.residual(angle, velocity, np.zeros_like(angle), rest)
        acceleration = np.linalg.solve(model.mass_matrix(angle), -residual)
        return np.concatenate([velocity, acceleration], axis=0)

    span = frames[0], frames[-1]
    options = {"method": "DOP853", "t_eval": frames, "rtol": 1e-12, "atol": 1e-13}
    return solve_ivp(rate, span, start.ravel(), **options).y.T[:, : model.n_coordinates]


def energy(model, state):
    """Kinetic and potential energy [J], (n_frames,)."""
    angle, velocity = state[:, 0], state[:, 1]
    kinetic = 0.5 * (velocity[:, None] @ model.mass_matrix(angle) @ velocity[..., None]).flatten()
    p = model.parameters.as_dict()
    phi = model.linkage.segment_angles(angle, p["segment_orientation"])
    _, first_moment, _ = model.linkage.moments(p, np.zeros(1))
    return kinetic - GRAVITY * (first_moment * np.cos(phi)).sum(axis=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two subjects, to see that it runs")
    parser.add_argument("--subjects", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    n_subjects = 2 if arguments.quick else arguments.subjects
    torch.set_num_threads(1)
    recoveries, predictions = zip(*each(subject, range(n_subjects), arguments.jobs), strict=True)
    parameters, by_parameter = parameter_tables(recoveries)
    percent = {"covered [%]": ".0f", "flagged [%]": ".0f"}
    errors = {"largest error [deg]": ".1e", "drift of energy [J]": ".1e", "frames per s": "d"}
    page = PAGE.format(
        environment=environment(), n=n_subjects, training=N_TRAINING, new=N_NEW,
        duration=DURATION, quantile=QUANTILE, hidden=100 * HIDDEN, swing=SWING, start=SWING_START,
        parameters=markdown(parameters, percent, "design"),
        by_parameter=markdown(by_parameter, percent),
        predictions=markdown(prediction_table([row for rows in predictions for row in rows]), percent),
        pendulum=markdown(pendulum(), errors | {"time [ms]": ".0f"}),
    )  # fmt: skip
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(page)
    print(page)


if __name__ == "__main__":
    main()
