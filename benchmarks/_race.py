"""Ours and other ways to the same parameters, on one recording: who gets how far in which time."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from _recovery import Section, recover
from _rivals import (
    SEARCHES,
    SMOOTHING_WINDOWS,
    Cost,
    search,
    smoothed_derivatives,
    soft_penalty_network,
)
from _subjects import elbow_subject
from _tables import markdown
from threadpoolctl import threadpool_limits

MARGINS = (100.0, 10.0, 1.0)  # of the cost: 14 %, 1.3 % and 0.13 % of the squared error
ANNEALING = [name for name in SEARCHES if name.startswith("dual_annealing")]


class Method(NamedTuple):
    """What a method found: values, CPU seconds, and the record of its search, where it is one."""

    values: np.ndarray
    seconds: float
    cost: Cost | None = None


def race(arguments):
    """The table of methods on one subject, each on one thread."""
    with threadpool_limits(1):
        subject = elbow_subject(0)
        recover(subject)  # the first call pays for imports and caches
        recovery = recover(subject)
        values, seconds = recovery.table["value"].to_numpy(), recovery.seconds
        judge = Cost(subject)
        ours = judge(values)
        methods = {"sk_bionic": Method(values, seconds)}
        methods |= _others(subject, arguments.budget * seconds, ours + MARGINS[-1])
    rows = [_row(name, method, judge, ours, subject) for name, method in methods.items()]
    table = pd.DataFrame(rows).set_index("method")
    text = (
        "Subject 0, 3 trials of 5 s, 1 deg of noise, one thread, CPU seconds. Cost: minus the log "
        "posterior, trials from rest, minus that of ours. Each search starts at the generic values "
        f"and has the same bounds; it stops within {MARGINS[-1]:g} of ours or after "
        f"{arguments.budget} times our time. to +m: seconds until its cost was within m of ours "
        "(100: 14 % of the squared error, 1: 0.13 %). Smoothed: least squares on the torque of the "
        "motion, smoothed by Savitzky and Golay's filter of so many frames. Network: "
        "prediction='network', the published joint training."
    )
    parts = [text, markdown(table, {"evaluations": ".0f"}, "method")]
    return Section("Other optimisers", parts, [_claim(table, seconds)])


def _claim(table, seconds):
    """Times faster than annealing: to our cost if it got there, else to the end of its budget."""
    reached = table.loc[ANNEALING, f"to +{MARGINS[-1]:g} [s]"].min()
    spent = table.loc[ANNEALING, "CPU [s]"].min()
    known = not np.isnan(reached)
    ratio = (reached if known else spent) / seconds
    met = ratio >= 100 if known or ratio >= 100 else None  # a small budget tells nothing
    measured = f"{'' if known else '> '}{ratio:.0f}"
    return ("times faster than annealing to the same cost", ">= 100", measured, met)


def _others(subject, budget, goal):
    found = {}
    for name in SEARCHES:
        cost, seconds = search(name, subject, budget, goal)
        print(f"  {name}: {seconds:.0f} s", flush=True)
        found[name] = Method(cost.values, seconds, cost)
    for window in SMOOTHING_WINDOWS:
        found[f"smoothed, {window}"] = Method(*smoothed_derivatives(subject, window))
    found["network"] = Method(*soft_penalty_network(subject))
    return found


def _row(name, method, judge, ours, subject):
    error = 100 * np.abs(method.values / subject.truth["true"].to_numpy() - 1.0)
    record = method.cost
    row = {
        "method": name,
        "CPU [s]": method.seconds,
        "evaluations": np.nan if record is None else record.n_evaluations,
        "cost": judge(method.values) - ours,
        "angle [deg]": judge.rmse(method.values),
        "median error [%]": np.median(error),
        "largest error [%]": error.max(),
    }
    for margin in MARGINS:
        seconds = np.nan if record is None else record.seconds_to(ours + margin)
        row[f"to +{margin:g} [s]"] = seconds
    return row
