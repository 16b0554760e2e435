"""Angles of new trials from EMG: our three modes of prediction, baselines and controls.

Simulated elbows, once with a model that is right and once with one that is wrong on purpose, and
the recorded knee of subject N11. Writes results/elbow_and_knee.md.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from _comparison import (
    CONTROLS,
    GENERIC,
    LEARNERS,
    MODES,
    Split,
    by_method,
    default_n_jobs,
    failures,
    force_errors,
    maximal_forces,
    parameter_errors,
    run_all,
)
from _tables import environment, markdown
from scipy.signal import butter, sosfiltfilt

from sk_bionic.datasets import fetch_knee_emg, make_elbow_flexion
from sk_bionic.model_selection import blocked_train_test_split

METHODS = (*MODES, GENERIC, *LEARNERS, *CONTROLS)
SUBJECTS = range(5)
N_TRAIN, N_TEST = 3, 5  # trials
MISMATCHES = (0.0, 1.0)
KNEE_MODELS = {"sitting": "knee_seated", "standing": "knee_standing"}
KNEE_SEEDS = range(3)
SAMPLING_RATE = 100  # Hz
SMOOTHING_CUTOFF = 1.0  # Hz
FORMATS = {"R2": ".3f", "predict [s]": ".3f"}


def elbow_name(mismatch):
    return f"elbow, mismatch {mismatch:g}"


def elbow_split(flexion, mismatch, subject):
    """The first trials of a simulated subject for training, the rest for the test."""
    X, y = flexion.data, flexion.target
    is_train = X.index.get_level_values("trial").isin([f"trial_{k:02d}" for k in range(N_TRAIN)])
    parts = X[is_train], X[~is_train], y[is_train], y[~is_train]
    return Split(elbow_name(mismatch), f"subject {subject}", "elbow", *parts, subject)


def knee_splits(data_home):
    """First 70 % of each record to its last 30 %, a split for each seed of the learners."""
    for task, model in KNEE_MODELS.items():
        X, y = fetch_knee_emg(subjects=["N11"], tasks=[task], data_home=data_home, return_X_y=True)
        parts = blocked_train_test_split(X, y, 0.7)
        for seed in KNEE_SEEDS:
            yield Split(f"knee, {task}", f"seed {seed}", model, *parts, seed, is_continued=True)


def rmse_deg(outcome, angle, filter_=None):
    """RMSE [deg] of a predicted angle, after a zero-lag filter where one is given."""
    if angle is None:
        return np.inf
    angle = angle.to_numpy() if filter_ is None else sosfiltfilt(filter_, angle.to_numpy())
    return np.rad2deg(np.sqrt(np.mean((angle - outcome.measured.to_numpy()) ** 2)))


def knee_columns(outcomes):
    """Further medians for a recording: smoothed predictions, and those that knew the EMG before."""
    # Every method gets the same low-pass, so that smoothing earns none of them credit.
    low_pass = butter(2, SMOOTHING_CUTOFF, fs=SAMPLING_RATE, output="sos")
    smoothed = [rmse_deg(o, o.angle, low_pass) for o in outcomes]
    warm = [rmse_deg(o, o.warm_angle) for o in outcomes]
    return {"RMSE, smoothed": np.median(smoothed), "RMSE, warm start": np.median(warm)}


def summary(outcomes, further=lambda outcomes: {}):
    """Medians over subjects or seeds; a failure counts as an infinite error."""
    rows = {}
    for name, mine in by_method(outcomes, METHODS):
        errors = np.array([np.inf if o.failure else o.rmse_deg for o in mine])
        rows[name] = {
            "RMSE [deg]": np.median(errors),
            "lowest": errors.min(),
            "highest": errors.max(),
            "R2": np.median([o.r2 for o in mine]),
            "fit [s]": np.median([o.fit_seconds for o in mine]),
            "predict [s]": np.median([o.predict_seconds for o in mine]),
            **further(mine),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def overview(outcomes):
    """Median RMSE [deg] of every method on every data set."""
    names = dict.fromkeys(outcome.data for outcome in outcomes)
    columns = {name: summary([o for o in outcomes if o.data == name])["RMSE [deg]"] for name in names}
    return pd.DataFrame(columns)


def force_summary(outcomes, subjects):
    """Median over subjects of each muscle's force error in percent of its maximal force."""
    parts = []
    for subject, flexion in subjects.items():
        mine = [o for o in outcomes if o.part == f"subject {subject}"]
        truth, maximal = flexion.muscle_forces, maximal_forces(flexion)
        parts.append(force_errors(mine, (*MODES, GENERIC), truth, maximal))
    table = pd.concat(parts).groupby(["method", "muscle"], sort=False)["RMSE [% of maximum]"]
    return table.median().unstack()


def parameter_summary(outcomes, subjects):
    """Errors of the parameters that the simulation mode identified, over all subjects."""
    parts = []
    for outcome in outcomes:
        if outcome.method == "simulation" and outcome.parameters is not None:
            truth = subjects[int(outcome.part.split()[-1])].parameters
            parts.append(parameter_errors(outcome.parameters, truth))
    table = pd.concat(parts)
    size = table[["muscle", "name"]].assign(
        median=table["error [%]"].abs(),
        largest=table["error [%]"].abs(),
        within=(table["error / std_err"].abs() < 2).astype(float) * 100,
    )
    grouped = size.groupby(["muscle", "name"], sort=False)
    summarised = grouped.agg({"median": "median", "largest": "max", "within": "mean"})
    summarised.columns = ["median error [%]", "largest error [%]", "within 2 std_err [%]"]
    return summarised.reset_index()


def elbow_sections(outcomes, cohorts):
    """Markdown of the simulated subjects; `cohorts` maps mismatch to subjects."""
    for mismatch, subjects in cohorts.items():
        mine = [o for o in outcomes if o.data == elbow_name(mismatch)]
        right = "the model is right" if mismatch == 0 else "the model is wrong on purpose"
        yield f"## Simulated elbow, mismatch {mismatch:g}: {right}"
        yield (
            f"{len(subjects)} subjects (seeds 0 to {max(subjects)}), {N_TRAIN} training trials of "
            f"5 s at {SAMPLING_RATE} Hz, {N_TEST} new trials. Angles carry 1 deg of noise, in the "
            "test too: no method can do better than 1 deg. Medians over subjects."
        )
        yield markdown(summary(mine), FORMATS, "method")
        yield "Muscle forces on the new trials, RMSE in % of the maximal force (medians):"
        yield markdown(force_summary(mine, subjects), index_name="method")
        yield "Identified against true parameters (`simulation`):"
        yield markdown(parameter_summary(mine, subjects), {"within 2 std_err [%]": ".0f"})


def knee_sections(outcomes):
    """Markdown of the recorded knee."""
    for task, model in KNEE_MODELS.items():
        mine = [o for o in outcomes if o.data == f"knee, {task}"]
        if not mine:
            continue
        yield f"## Recorded knee, subject N11, {task} (model `{model}`)"
        yield (
            "First 70 % of the record to its last 30 %. "
            f"Medians over seeds 0 to {max(KNEE_SEEDS)}. "
            f"Smoothed: after a zero-lag low-pass at {SMOOTHING_CUTOFF:g} Hz, the same for every "
            "method. Predictions start cold at the cut: histories are empty and the simulation "
            "starts at rest, in the middle of a movement. Warm start: the EMG before the cut (not "
            "the angle) is given, too."
        )
        yield markdown(summary(mine, knee_columns), FORMATS, "method")


def report(outcomes, cohorts, n_jobs, seconds):
    """The whole text of results/elbow_and_knee.md."""
    sections = [
        "# Elbow and knee: angles of new trials from EMG",
        f"Command: `python benchmarks/elbow_and_knee.py`. {environment()} {n_jobs} fits at a time, "
        f"{seconds:.0f} s in all.",
        "## Overview: median RMSE [deg]",
        markdown(overview(outcomes), index_name="method", default=".1f"),
        *elbow_sections(outcomes, cohorts),
        *knee_sections(outcomes),
        *failures(outcomes),
    ]
    return "\n\n".join(sections) + "\n"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-home", help="folder of the recordings (default: the cache)")
    parser.add_argument("--jobs", type=int, default=default_n_jobs(), help="processes")
    output = Path(__file__).parent / "results" / "elbow_and_knee.md"
    parser.add_argument("--output", type=Path, default=output)
    return parser.parse_args()


def main():
    given = arguments()
    start = time.perf_counter()
    print("About 15 minutes on two cores. Simulating the subjects ...", flush=True)
    cohorts = {
        mismatch: {
            seed: make_elbow_flexion(N_TRAIN + N_TEST, mismatch=mismatch, random_state=seed) for seed in SUBJECTS
        }
        for mismatch in MISMATCHES
    }
    splits = [
        elbow_split(flexion, mismatch, seed)
        for mismatch, subjects in cohorts.items()
        for seed, flexion in subjects.items()
    ]
    try:
        splits.extend(knee_splits(given.data_home))
    except OSError as error:
        print(f"The recorded knee is left out. {error}")
    outcomes = run_all(splits, METHODS, given.jobs)
    text = report(outcomes, cohorts, given.jobs, time.perf_counter() - start)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(text)
    print(f"\n{text}\nWritten to {given.output}")


if __name__ == "__main__":
    main()
