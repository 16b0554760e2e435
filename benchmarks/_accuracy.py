"""How close identified parameters come to the truth: sections of identification.py."""

from functools import partial
from statistics import median

import numpy as np
import pandas as pd
from _recovery import QUANTILE, Section, accuracy, each, pooled, recover
from _subjects import N_TRIALS, elbow_subject, wrist_subject
from _tables import markdown

RATES = (50, 100, 200)  # Hz
SAME_OBJECTIVE, SAME_VALUE = 0.1, 0.1  # log posterior; posterior standard deviations
WRIST_INDIVIDUALITY = (1.0, 0.1, 0.0)
FORMATS = {"covered [%]": ".0f", "flagged [%]": ".0f"}


def _without_noise(item):
    seed, rate = item
    recovery = recover(elbow_subject(seed, angle_noise=0.0, sampling_rate=rate))
    return rate, recovery.table.assign(subject=seed)


def noise_free(arguments):
    """Recovery of noise-free subjects, from frames at several rates."""
    items = [(seed, rate) for rate in RATES for seed in range(arguments.noise_free_subjects)]
    results = each(_without_noise, items, arguments.jobs)
    columns = {}
    for rate in RATES:
        table = pd.concat([t for r, t in results if r == rate])
        largest = table.groupby(["muscle", "name"], sort=False)["error"].agg(lambda e: e.abs().max())
        columns[f"{rate} Hz"] = largest
    errors = pd.DataFrame(columns)
    errors.loc[("all", ""), :] = errors.max()
    worst = errors.loc[("all", ""), "100 Hz"].item()
    text = (
        f"{arguments.noise_free_subjects} subjects, {N_TRIALS} trials of 5 s, start at the generic "
        "values. Largest error of each parameter [%], by the rate of the frames: what the grid's "
        "discretisation and the spline through the EMG leave."
    )
    claim = ("largest error without noise, 100 Hz [%]", "<= 0.05", f"{worst:.4f}", worst <= 0.05)
    table = errors.reset_index().rename(columns={"name": "parameter"})
    return Section("Without noise", [text, markdown(table, default=".4f")], [claim])


def coverage_claim(name, covered):
    """Whether stated 95 % intervals cover as often as was asked for."""
    return (name, "90 to 98", f"{covered:.1f}", 90 <= covered <= 98)


def noisy_recovery(seed):
    """Identification of one subject whose angle carries 1 deg of noise."""
    return recover(elbow_subject(seed))._replace(regressor=None)


def noise(arguments):
    """Errors and coverage with 1 deg of noise."""
    recoveries = each(noisy_recovery, range(arguments.subjects), arguments.jobs)
    table = accuracy(pooled(recoveries))
    overall = table.iloc[-1]
    error, covered = overall["median error [%]"], overall["covered [%]"]
    seconds = median(recovery.seconds for recovery in recoveries)
    alarms = np.mean([bool(recovery.warning) for recovery in recoveries])
    text = (
        f"{arguments.subjects} subjects, {N_TRIALS} trials of 5 s at 100 Hz, white noise of 1 deg "
        f"on the angle. Errors in % of the true value. Covered: true values within {QUANTILE} "
        f"std_err. One fit: {seconds:.2f} s of CPU time (median)."
    )
    claims = [
        ("median error with 1 deg noise [%]", "<= 1.5", f"{error:.2f}", error <= 1.5),
        coverage_claim("95 % intervals that hold the truth [%]", covered),
        ("time of a fit, median [s of CPU]", "<= 2", f"{seconds:.2f}", seconds <= 2),
        ("well-posed subjects with a false alarm [%]", "stated", f"{100 * alarms:.1f}", None),
    ]
    return Section("With 1 deg of noise", [text, markdown(table, FORMATS)], claims)


def _starts_of(seed, n_starts):
    recovery = recover(elbow_subject(seed), n_starts=n_starts)
    objectives = np.array([objective for objective, _ in recovery.regressor.starts_])
    best, std = recovery.table["value"].to_numpy(), recovery.table["std_err"].to_numpy()
    away = [
        np.inf if values is None else np.abs((values - best) / std).max() for _, values in recovery.regressor.starts_
    ]
    same = (objectives - objectives.min() <= SAME_OBJECTIVE) & (np.array(away) <= SAME_VALUE)
    return same.sum(), np.ptp(objectives[same]), np.array(away)[same].max(), recovery.seconds


def starts(arguments):
    """How many random starts reach the same optimum."""
    seeds = range(arguments.start_subjects)
    results = each(partial(_starts_of, n_starts=arguments.starts), seeds, arguments.jobs)
    columns = [
        "same optimum",
        "spread of the objective",
        "spread of the values [std_err]",
        "CPU [s]",
    ]
    table = pd.DataFrame(results, [f"seed {seed}" for seed in seeds], columns)
    fewest = table["same optimum"].min()
    text = (
        f"{arguments.starts} starts: the generic values and random ones, uniform within the bounds "
        "(forces 0.2 to 5 times, fibers 0.6 to 1.4 times the generic values). Same optimum: "
        f"objective within {SAME_OBJECTIVE}, every value within {SAME_VALUE} std_err of the best."
    )
    share, enough = f"{fewest} of {arguments.starts}", fewest >= 0.95 * arguments.starts
    claim = ("random starts at the same optimum, fewest", "19 of 20", share, enough)
    formats = {"same optimum": "d", columns[1]: ".1e", columns[2]: ".1e"}
    return Section("Random starts", [text, markdown(table, formats, "subject")], [claim])


def _wrist(item):
    seed, individuality = item
    subject = wrist_subject(seed, individuality)
    correlation = subject.data.corr().to_numpy()
    within = min(correlation[0, 1], correlation[2, 3], correlation[2, 4])
    return individuality, within, recover(subject, "wrist")._replace(regressor=None)


def _wrist_row(individuality, results):
    """Figures of all subjects with one individuality."""
    mine = [(within, recovery) for i, within, recovery in results if i == individuality]
    table = pooled([recovery for _, recovery in mine])
    left = table[table["identifiable"]]
    return {
        "individuality": individuality,
        "correlation": median(within for within, _ in mine),
        "subjects warned of [%]": 100 * np.mean([bool(r.warning) for _, r in mine]),
        "flagged [%]": 100 * (~table["identifiable"]).mean(),
        "median error, not flagged [%]": left["error"].abs().median(),
        "covered, not flagged [%]": 100 * left["covered"].mean(),
        "covered, all [%]": 100 * table["covered"].mean(),
    }


def wrist(arguments):
    """Five muscles on one joint, from independent EMG to copies within a group."""
    items = [(s, i) for i in WRIST_INDIVIDUALITY for s in range(arguments.wrist_subjects)]
    results = each(_wrist, items, arguments.jobs)
    rows = [_wrist_row(individuality, results) for individuality in WRIST_INDIVIDUALITY]
    independent = [r for i, _, r in results if i == WRIST_INDIVIDUALITY[0]]
    text = (
        f"{arguments.wrist_subjects} simulated subjects, wrist flexion, 20 free parameters, "
        f"{N_TRIALS} trials of 5 s, 1 deg of noise. Individuality: how far the bursts differ "
        "within flexors and within extensors; correlation: the lowest of two channels of a group, "
        "median over subjects."
    )
    parts = [text, markdown(pd.DataFrame(rows), {"correlation": ".3f"}, default=".1f")]
    parts += ["By parameter, individuality 1:", markdown(accuracy(pooled(independent)), FORMATS)]
    copies, covered = rows[-1]["flagged [%]"], rows[0]["covered, not flagged [%]"]
    name = "wrist, parameters flagged where groups are driven alike [%]"
    claims = [
        coverage_claim("wrist, intervals that hold the truth, not flagged [%]", covered),
        (name, "100", f"{copies:.0f}", copies == 100),
    ]
    return Section("Five-muscle wrist", parts, claims)
