"""The model beside usual learners, on recordings that none of them has seen."""

import inspect
import sys
import time
import warnings

import numpy as np
import pandas as pd
from sklearn.base import clone

from ..baselines import BASELINE_NAMES, make_baseline
from ..model_selection import TrialKFold, blocked_train_test_split, first_repetition_split
from ..preprocessing import resample
from ..regressor import PhysicsInformedMSKRegressor
from ..trials import find_trials
from ._config import read_config
from ._estimators import make_model, make_regressor, with_normalisation
from ._outputs import check_output, write_table
from ._tables import read_frames

BASELINES = BASELINE_NAMES
FRAME_RATE = inspect.signature(PhysicsInformedMSKRegressor).parameters["frame_rate"].default


def compare(arguments):
    """Print a table of errors on held-out recordings, and write it."""
    config = read_config(arguments.config, arguments.set, arguments.model_file)
    output = arguments.output and check_output(arguments.output, arguments.overwrite, (".csv", ".tsv", ".parquet"))
    names = arguments.methods or config.compare.methods
    wrong = [name for name in names if name not in BASELINES]
    if wrong:
        raise ValueError(f"--methods: {wrong[0]!r} is none of {', '.join(BASELINES)}.")
    X, y = _at_frame_rate(config, *read_frames(config))
    y = y.iloc[:, 0] if y.shape[1] == 1 else y
    parts, how = splits(config.compare, X, y)
    print(f"{len(parts)} split(s): {how}.")
    methods = {f"sk_bionic ({config.estimator.get('prediction', 'hybrid')})": make_regressor(config)}
    methods |= {name: _baseline(name, config) for name in names}
    rows = [_row(name, with_normalisation(config, estimator), parts) for name, estimator in methods.items()]
    table = pd.DataFrame(rows).sort_values("rmse_deg", ignore_index=True)
    print("\n" + table.to_string(index=False, float_format=lambda x: f"{x:.3g}", na_rep="-"))
    print(
        "\nrmse_deg: root mean square error [deg], mean over the splits (best and worst beside it); r2: share of the "
        "variance explained."
    )
    if output:
        write_table(table, output, index=False)
        print(f"Table written to {output}.")


def _at_frame_rate(config, X, y):
    """Frames no faster than the model sees them: of ten times as many, forests take hours to learn the same."""
    rate, own = config.estimator.get("frame_rate", FRAME_RATE), find_trials(X).sampling_rate
    if not rate or not own > 1.01 * rate:
        return X, y
    print(f"All methods see {rate:g} frames a second of the {own:g}, as the model does.")
    return resample(X, y, sampling_rate=rate)


def splits(settings, X, y):
    """List of (X_train, X_test, y_train, y_test) and what they are in words."""
    n_trials = find_trials(X).n_trials
    split = settings.split
    if split == "auto":
        split = "trials" if n_trials > 1 else "end"
    if split == "trials":
        if n_trials < 2:
            raise ValueError('To leave trials out in turn there must be several. Use split = "end" in [compare].')
        folds = TrialKFold(min(settings.n_splits, n_trials)).split(X)
        parts = [(X.iloc[a], X.iloc[b], y.iloc[a], y.iloc[b]) for a, b in folds]
        return parts, f"{n_trials} trials, left out in turn"
    if split == "end":
        last = f"the last {100 * (1 - settings.train_fraction):.0f} % of every trial are the test"
        return [blocked_train_test_split(X, y, settings.train_fraction)], last
    return [
        first_repetition_split(X, y, settings.n_repetitions)
    ], f"the first {settings.n_repetitions} repetition(s) of every trial are the training"


def _baseline(name, config):
    given = config.estimator
    return make_baseline(
        name, search=config.compare.search, model=make_model(config), random_state=given.get("random_state", 0)
    )


def _row(name, pipeline, parts):
    """Errors of one method; a method that fails is a row without numbers, not the end of the table."""
    print(f"  {name} ...", end="", file=sys.stderr, flush=True)
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of every fold of every method; `fit` shows those of the model
            scores = np.array([_scores(clone(pipeline), *part) for part in parts])
    except (ValueError, RuntimeError) as error:
        print(f" failed: {error}", file=sys.stderr)
        return {"method": name, "rmse_deg": np.nan}
    print(f" {time.perf_counter() - start:.0f} s", file=sys.stderr)
    rmse = scores[:, 0]
    return {
        "method": name, "rmse_deg": rmse.mean(), "best": rmse.min(), "worst": rmse.max(), "r2": scores[:, 1].mean(),
        "fit_seconds": scores[:, 2].mean(),
    }  # fmt: skip


def _scores(estimator, X_train, X_test, y_train, y_test):
    start = time.perf_counter()
    estimator.fit(X_train, y_train)
    seconds = time.perf_counter() - start
    predicted = estimator.predict(X_test)
    spread = root_mean_square(y_test, np.broadcast_to(np.nanmean(y_test, axis=0), np.shape(y_test)))
    error = root_mean_square(y_test, predicted)
    return np.rad2deg(error), 1.0 - (error / spread) ** 2, seconds


def root_mean_square(measured, predicted):
    """Root mean square difference over the angles that were measured, in their unit."""
    difference = np.asarray(measured, dtype=np.float64).ravel() - np.asarray(predicted, dtype=np.float64).ravel()
    return float(np.sqrt(np.nanmean(difference**2)))
