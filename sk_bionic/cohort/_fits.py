"""One fit a subject, wherever joblib runs it."""

import threading
import traceback
import warnings
from contextlib import contextmanager
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_method_params
from threadpoolctl import threadpool_limits

from ..exceptions import PlausibilityWarning
from ..model_selection import subject_of_frames
from ..predictors.doubts import collected
from ._cohort import Cohort, Failure
from ._workers import WorkerDied, outcomes_of

N_NAMED = 3  # subjects whose findings a warning spells out


class _Job(NamedTuple):
    """Data of one subject. A tuple, because joblib's Dask backend ships it with the task: what it scattered to one
    worker ahead of the task would be lost with that worker.
    """

    estimator: Any
    X: Any
    y: Any
    parameters: dict


class _Outcome(NamedTuple):
    estimator: Any
    failure: Failure | None
    seconds: float


def fit_subjects(estimator, X, y, *, groups=None, separator="_", n_jobs=None, verbose=0, **fit_params):
    """Fit a clone of an estimator to every subject.

    The fits are independent, run through joblib and take one thread each: `n_jobs` of them side by side on this
    machine, or on a cluster where ``joblib.parallel_config(backend="dask")`` says so. Results do not depend on where
    they run.

    Parameters
    ----------
    estimator : PhysicsInformedMSKRegressor, or a Pipeline or search that ends in one
        With an integer `random_state` results are the same in every run.
    X : DataFrame or array-like (n_frames, n_columns)
        Frames of all subjects.
    y : array-like (n_frames,) or (n_frames, n_coordinates)
        Joint angles [rad].
    groups : array-like (n_frames,), optional
        Subject of each frame. Default: what the trial's name begins with, up to `separator`: "N03_sitting" belongs to
        "N03", "sub_01_walk" to "sub_01" (see `sk_bionic.model_selection.subject_of_frames`).
    separator : str, default="_"
        Where the subject's part of a trial's name ends.
    n_jobs : int, optional
        As everywhere in scikit-learn; None: one, unless a `joblib.parallel_config` context says otherwise.
    verbose : int, default=0
        Of joblib: how often it says how many fits are done.
    **fit_params
        Passed to `fit`; arrays with a row for each frame are cut to the subject.

    Returns
    -------
    Cohort
        Subjects in order of appearance. Those whose fit failed are in `failures_`, with the exception. A subject whose
        worker process ends (killed, out of memory) is fitted once more alone, and listed there if that process ends,
        too; the other subjects are kept.

    Raises
    ------
    ValueError
        When nothing names the subjects, or every fit failed.

    Warns
    -----
    FitFailedWarning
        When some fits failed.
    PlausibilityWarning
        When some fits can hardly be right; `findings_` of the cohort has all subjects' findings.

    Examples
    --------
    >>> import pandas as pd
    >>> from sk_bionic import PhysicsInformedMSKRegressor
    >>> from sk_bionic.cohort import fit_subjects
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> subjects = {f"S{seed}": make_elbow_flexion(n_trials=1, random_state=seed) for seed in range(3)}
    >>> X = pd.concat([one.data.rename(f"{name}_{{}}".format, level="trial") for name, one in subjects.items()])
    >>> y = pd.concat([one.target.rename(f"{name}_{{}}".format, level="trial") for name, one in subjects.items()])
    >>> cohort = fit_subjects(PhysicsInformedMSKRegressor("elbow", prediction="simulation"), X, y)
    >>> list(cohort.estimators_)
    ['S0', 'S1', 'S2']
    """
    codes, names = pd.factorize(_subjects(X, groups, separator))
    rows = [np.flatnonzero(codes == k) for k in range(len(names))]
    jobs = [
        _Job(
            clone(estimator), _safe_indexing(X, own), _safe_indexing(y, own),
            _check_method_params(X, fit_params, indices=own),
        )
        for own in rows
    ]  # fmt: skip
    outcomes = outcomes_of(_fit, dict(zip(names.tolist(), jobs, strict=True)), n_jobs=n_jobs, verbose=verbose)
    for name, outcome in outcomes.items():
        if isinstance(outcome, WorkerDied):
            outcomes[name] = _Outcome(None, Failure(outcome, str(outcome)), np.nan)
    failures = {name: outcome.failure for name, outcome in outcomes.items() if outcome.failure is not None}
    _tell_of(failures, len(names))
    cohort = Cohort(
        {name: outcome.estimator for name, outcome in outcomes.items() if name not in failures},
        failures,
        {name: outcome.seconds for name, outcome in outcomes.items()},
    )
    _tell_of_findings(cohort)
    return cohort


def _subjects(X, groups, separator):
    if groups is None:
        if isinstance(X, pd.DataFrame) and "subject" in X.index.names:
            raise ValueError(
                "X has an index level 'subject': pass `groups=X.index.get_level_values('subject')`, and X "
                "and y without it, X.droplevel('subject'), with trials of different names."
            )
        return subject_of_frames(X, separator=separator)
    groups = np.asarray(groups, dtype=object)
    if groups.shape != (len(X),):
        raise ValueError(f"`groups` must name the subject of each of {len(X)} rows. Got the shape {groups.shape}.")
    missing = pd.isna(groups)
    if missing.any():
        raise ValueError(
            f"`groups` must name the subject of each row. Got {groups[missing][0]} in row {np.argmax(missing)}."
        )
    return groups


def _fit(job):
    """Fit one subject with one thread: side by side, more would wait for one another, and sums would depend on them."""
    start = perf_counter()
    try:
        with _single_threaded(), collected():
            fitted = job.estimator.fit(job.X, job.y, **job.parameters)
        return _Outcome(fitted, None, perf_counter() - start)
    except Exception as error:
        return _Outcome(None, Failure(error, traceback.format_exc()), perf_counter() - start)


_LOCK, _LIMITS = threading.Lock(), []  # what to undo, one entry for each fit that now runs in this process


@contextmanager
def _single_threaded():
    """One thread for torch and BLAS, whose numbers belong to the process: the last of several fits sets them back."""
    with _LOCK:
        _LIMITS.append((torch.get_num_threads(), threadpool_limits(1)) if not _LIMITS else _LIMITS[0])
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _LOCK:
            n_threads, limits = _LIMITS.pop()
            if not _LIMITS:
                torch.set_num_threads(n_threads)
                limits.restore_original_limits()


def _tell_of(failures, n_subjects):
    if not failures:
        return
    listed = "; ".join(f"{name}: {type(f.exception).__name__}: {f.exception}" for name, f in failures.items())
    if len(failures) == n_subjects:
        raise ValueError(f"Every fit failed, of {n_subjects} subjects. {listed}") from next(
            iter(failures.values())
        ).exception
    warnings.warn(
        f"{len(failures)} of {n_subjects} fits failed; `failures_` has their exceptions. {listed}",
        FitFailedWarning,
        stacklevel=3,
    )


def _tell_of_findings(cohort):
    """One warning of all subjects whose fit can hardly be right."""
    first = cohort.findings_.drop_duplicates("subject")
    if len(first):
        listed = " ".join(f"{row.subject}: {row.meaning}" for row in first.iloc[:N_NAMED].itertuples())
        more = f" And {len(first) - N_NAMED} more." if len(first) > N_NAMED else ""
        text = f"{len(first)} of {len(cohort)} fits may be wrong. {listed}{more}\n`findings_` has all, and what to try."
        warnings.warn(PlausibilityWarning(text), stacklevel=3)
