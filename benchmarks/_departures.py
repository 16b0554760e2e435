"""Identification where the recording departs from the model, and muscle forces on new trials."""

from functools import partial

import numpy as np
import pandas as pd
from _recovery import QUANTILE, Section, accuracy, each, interval_figures, pooled, recover
from _subjects import N_TRIALS, Subject, elbow_subject
from _tables import markdown

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.musculoskeletal.prior import FreeParameters

ARTEFACT, SHARE_OF_ARTEFACTS = np.deg2rad(30.0), 0.03  # of the measured angle; of the frames
MISMATCHES = (0.0, 0.5, 1.0)
N_NEW = 5  # trials for the muscle forces
ANGLE_UNITS = (
    np.rad2deg(1.0),
    np.rad2deg(1.0),
    100.0,
)  # of RMSE, stated std and covered: deg, deg, %


def _with_artefacts(seed):
    """Angles that are 30 deg off, up or down, in some frames."""
    subject = elbow_subject(seed)
    rng = np.random.RandomState(seed)
    hit = rng.uniform(size=len(subject.target)) < SHARE_OF_ARTEFACTS
    sign = rng.choice([-1.0, 1.0], len(subject.target))
    return subject._replace(target=subject.target + ARTEFACT * sign * hit)


# How to make the subject of a seed, and the regressor's options.
DEPARTURES = {
    "none: 1 deg of noise on the angle": (elbow_subject, {}),
    "artefacts of 30 deg on 3 % of the frames": (_with_artefacts, {}),
    "the same, robust=True": (_with_artefacts, {"robust": True}),
    "EMG noise 5 %": (partial(elbow_subject, emg_noise=0.05), {}),
    "EMG noise 20 %": (partial(elbow_subject, emg_noise=0.2), {}),
    "mismatch 0.5": (partial(elbow_subject, mismatch=0.5), {}),
    "mismatch 1.0": (partial(elbow_subject, mismatch=1.0), {}),
}


def _departure(item):
    name, seed = item
    make, options = DEPARTURES[name]
    return name, recover(make(seed), **options)._replace(regressor=None)


def departures(arguments):
    """What the stated errors are worth where noise or model are not what they assume."""
    items = [(name, seed) for name in DEPARTURES for seed in range(arguments.departure_subjects)]
    results = each(_departure, items, arguments.jobs)
    rows = {}
    for name in DEPARTURES:
        mine = [recovery for n, recovery in results if n == name]
        figures = accuracy(pooled(mine)).iloc[-1].drop(["muscle", "parameter"])
        rows[name] = {**figures, "warned [%]": 100 * np.mean([bool(r.warning) for r in mine])}
    text = (
        f"{arguments.departure_subjects} subjects each, all parameters together. The likelihood "
        "knows noise on the angle (white or correlated) and nothing else: EMG noise and a wrong "
        "model bias the parameters; the section on coverage tells what the stated errors hold of it. EMG noise is "
        "white from frame to frame, which a filtered envelope's is not."
    )
    formats = {"covered [%]": ".0f", "flagged [%]": ".0f", "warned [%]": ".0f"}
    table = pd.DataFrame.from_dict(rows, orient="index").astype(float)
    return Section("Departures from the model", [text, markdown(table, formats, "departure")], [])


def _forces(item):
    seed, mismatch = item
    flexion = make_elbow_flexion(N_TRIALS + N_NEW, mismatch=mismatch, random_state=seed)
    first = flexion.data.index.get_level_values("trial") < f"trial_{N_TRIALS:02d}"
    subject = Subject(flexion.data[first], flexion.target[first], flexion.model)
    regressor = recover(subject).regressor
    new, truth, target = (flexion[k][~first] for k in ("data", "muscle_forces", "target"))
    force, force_std = regressor.predict_muscle_forces(new, return_std=True)
    angle, angle_std = regressor.predict(new, return_std=True)
    maximal = flexion.model.parameters.as_dict()["max_isometric_force"]
    of_force = interval_figures((force - truth).to_numpy() / maximal, force_std.to_numpy() / maximal)
    return mismatch, of_force, interval_figures(angle - target.to_numpy(), angle_std)


def forces(arguments):
    """Muscle forces and angle on new trials, with the model right and wrong on purpose."""
    items = [(seed, m) for m in MISMATCHES for seed in range(arguments.force_subjects)]
    results = each(_forces, items, arguments.jobs)
    rows = []
    for mismatch in MISMATCHES:
        of_force = [force for m, force, _ in results if m == mismatch]
        of_angle = [angle for m, _, angle in results if m == mismatch]
        by_output = {
            "biceps [% of maximum]": [100 * np.array(figures)[:, 0] for figures in of_force],
            "triceps [% of maximum]": [100 * np.array(figures)[:, 1] for figures in of_force],
            "angle [deg]": [np.array(figures) * ANGLE_UNITS for figures in of_angle],
        }
        for name, figures in by_output.items():
            rmse, stated, covered = np.median(figures, axis=0)
            rows.append((mismatch, name, rmse, np.max(figures, axis=0)[0], stated, covered))
    columns = ["mismatch", "output", "RMSE, median", "RMSE, largest", "stated std", "covered [%]"]
    table = pd.DataFrame(rows, columns=columns)
    text = (
        f"{arguments.force_subjects} subjects, trained on {N_TRIALS} trials, tested on {N_NEW} new "
        "ones (prediction='simulation', 1 deg of noise, in the tested angle too). Stated std: root "
        "mean square over the frames; covered: frames within +- 1.96 of it. Medians over subjects."
    )
    worst = table.loc[table["mismatch"] == 0, "RMSE, median"][:2].max()
    claim = (
        "muscle forces on new trials, median RMSE [% of maximum]",
        "<= 2",
        f"{worst:.2f}",
        worst <= 2,
    )
    formats = {"covered [%]": ".0f", "mismatch": ".1f"}
    return Section("Muscle forces on new trials", [text, markdown(table, formats)], [claim])


COVERAGE_SEEDS, COVERAGE_NEW = 100, 2  # the first seed; trials for the forces
COVERED = [(mismatch, noise) for noise in (0.0, 0.05) for mismatch in MISMATCHES]
BAND_QUANTILE = 1.645  # of the normal distribution: half the width of a 90 % band


def _coverage(item):
    """Parts of parameters and forces inside their intervals, and std_err over that of the inverse Hessian."""
    seed, (mismatch, noise) = item
    flexion = make_elbow_flexion(N_TRIALS + COVERAGE_NEW, mismatch=mismatch, emg_noise=noise, random_state=seed)
    first = flexion.data.index.get_level_values("trial") < f"trial_{N_TRIALS:02d}"
    recovery = recover(Subject(flexion.data[first], flexion.target[first], flexion.model))
    predictor = recovery.regressor.predictor_
    free, found = FreeParameters(predictor.model.parameters), predictor.identification
    slope = free.prior_derivative(free.raw())
    by_raw = free.derivative(free.raw()) / np.sqrt((slope**2).sum(axis=0))
    hessian = by_raw @ np.linalg.inv(found.information + np.eye(free.n_raw)) @ by_raw.T
    ratio = recovery.table["std_err"].to_numpy() / np.sqrt(np.diag(hessian))
    plain = np.abs(recovery.table["value"] - recovery.table["true"]) <= QUANTILE * np.sqrt(np.diag(hessian))
    force, std = recovery.regressor.predict_muscle_forces(flexion.data[~first], return_std=True)
    inside = ((force - flexion.muscle_forces[~first]).abs() <= BAND_QUANTILE * std).to_numpy()
    figures = recovery.table["covered"].mean(), plain.mean(), np.median(ratio), inside.mean(), found.doubt
    return (mismatch, noise), 100 * np.array(figures) * (1, 1, 0.01, 1, 0.01)


def coverage(arguments):
    """Whether 95 % intervals of parameters and 90 % bands of forces hold the truth."""
    seeds = range(COVERAGE_SEEDS, COVERAGE_SEEDS + arguments.coverage_subjects)
    results = each(_coverage, [(seed, one) for one in COVERED for seed in seeds], arguments.jobs)
    mean = {one: np.array([f for o, f in results if o == one]) for one in COVERED}
    columns = [
        "mismatch", "EMG noise [%]", "parameters covered [%]", "by the Hessian alone [%]", "std_err over the Hessian's",
        "forces covered [%]", "doubt",
    ]  # fmt: skip
    rows = [
        (m, 100 * n, f[:, 0].mean(), f[:, 1].mean(), np.median(f[:, 2]), f[:, 3].mean(), f[:, 4].mean())
        for (m, n), f in mean.items()
    ]
    text = (
        f"{len(seeds)} subjects each (seeds from {COVERAGE_SEEDS}; the constants of `standard_errors` were chosen on "
        f"seeds 0 to 19), {N_TRIALS} trials of 5 s, 1 deg of noise. 95 % intervals of all parameters; 90 % bands of "
        f"both muscle forces on {COVERAGE_NEW} new trials."
    )
    right = mean[0.0, 0.0]
    wrong = [f for one, f in mean.items() if any(one)]
    claims = [
        ("parameters covered, model right [%]", "93 to 97", f"{right[:, 0].mean():.1f}",
         93 <= right[:, 0].mean() <= 97),
        ("std_err over the Hessian's, model right", "<= 1.15", f"{np.median(right[:, 2]):.2f}",
         np.median(right[:, 2]) <= 1.15),
        _lowest("parameters covered, model wrong or EMG noisy, lowest [%]", 85, [f[:, 0].mean() for f in wrong]),
        _lowest("forces covered by 90 % bands, lowest [%]", 80, [f[:, 3].mean() for f in wrong]),
    ]  # fmt: skip
    formats = {"std_err over the Hessian's": ".2f", "doubt": ".2f", "mismatch": ".1f"}
    return Section("Coverage", [text, markdown(pd.DataFrame(rows, columns=columns), formats, default=".1f")], claims)


def _lowest(name, asked, values):
    return name, f">= {asked}", f"{min(values):.1f}", min(values) >= asked
