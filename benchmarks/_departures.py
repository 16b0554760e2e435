"""Identification where the recording departs from the model, and muscle forces on new trials."""

from functools import partial

import numpy as np
import pandas as pd
from _recovery import Section, accuracy, each, interval_figures, pooled, recover
from _subjects import N_TRIALS, Subject, elbow_subject
from _tables import markdown

from sk_bionic.datasets import make_elbow_flexion

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
        "model bias the parameters, and the stated errors do not hold that bias. EMG noise is "
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
