"""Identified against true parameters: one fit, many fits at once, what their errors amount to."""

import time
import warnings
from typing import NamedTuple

import joblib
import numpy as np
import pandas as pd
import torch

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.exceptions import IdentifiabilityWarning

QUANTILE = 1.96  # of the normal distribution: half the width of a 95 % interval


class Section(NamedTuple):
    """A part of the report: Markdown, and claims (figure, asked for, measured, met or None)."""

    title: str
    parts: list
    claims: list


class Recovery(NamedTuple):
    """One identification: the parameters beside the truth, the warning's text, CPU time [s]."""

    table: pd.DataFrame
    warning: str
    seconds: float
    regressor: PhysicsInformedMSKRegressor


def recover(subject, model="elbow", **options):
    """Identify a subject from the generic values; `options` go to the regressor."""
    torch.set_num_threads(1)
    regressor = PhysicsInformedMSKRegressor(model, prediction="simulation", random_state=0, **options)
    start = time.process_time()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        regressor.fit(subject.data, subject.target)
    seconds = time.process_time() - start
    texts = [str(w.message) for w in caught if issubclass(w.category, IdentifiabilityWarning)]
    table = regressor.parameters_.merge(subject.truth, how="left", on=["muscle", "name"])
    error = table["value"] - table["true"]
    table["error"] = 100 * error / table["true"].abs()
    table["stated"] = 100 * table["std_err"] / table["true"].abs()
    table["covered"] = error.abs() <= QUANTILE * table["std_err"]
    return Recovery(table, " ".join(texts), seconds, regressor)


def each(function, items, n_jobs):
    """`function` of every item, in processes of one thread."""
    with joblib.parallel_config("loky", n_jobs=n_jobs, inner_max_num_threads=1):
        return joblib.Parallel()(joblib.delayed(function)(item) for item in items)


def pooled(recoveries):
    """The tables of all recoveries below one another."""
    return pd.concat([recovery.table for recovery in recoveries], ignore_index=True)


def accuracy(table):
    """Errors by parameter, and over all of them in the last row."""
    groups = list(table.groupby(["muscle", "name"], sort=False))
    rows = [(*keys, *_figures(part)) for keys, part in groups]
    rows.append(("all", "", *_figures(table)))
    columns = [
        "muscle", "parameter", "median error [%]", "largest error [%]", "median std_err [%]",
        "covered [%]", "flagged [%]",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _figures(part):
    error = part["error"].abs()
    return (
        error.median(),
        error.max(),
        part["stated"].median(),
        100 * part["covered"].mean(),
        100 * (~part["identifiable"]).mean(),
    )


class IntervalFigures(NamedTuple):
    """Errors against stated deviations: root mean squares, part within the 95 % interval."""

    rmse: np.ndarray
    stated: np.ndarray
    covered: np.ndarray


def interval_figures(error, std):
    """`IntervalFigures` of errors and standard deviations (n_frames, ...)."""
    root_mean_square = lambda x: np.sqrt(np.mean(x**2, axis=0))
    covered = (np.abs(error) <= QUANTILE * std).mean(axis=0)
    return IntervalFigures(root_mean_square(error), root_mean_square(std), covered)
