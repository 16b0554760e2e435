"""What demo.py and elbow_and_knee.py share: the rivals, and one parallel run over all splits."""

import os
import warnings
from dataclasses import dataclass

import joblib
import numpy as np
import pandas as pd
import torch
from sklearn.metrics import r2_score, root_mean_squared_error

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.baselines import evaluate, make_baseline

MODES = ("hybrid", "simulation", "network")
GENERIC = "generic model"  # our simulation with nothing identified: textbook parameters
LEARNERS = ("ridge", "random_forest", "gaussian_process")  # recorded_emg.py has the networks too
CONTROLS = ("time_only", "shuffled_emg")


@dataclass
class Split:
    """One training part and one test part (envelopes and measured angles [rad]), and a seed."""

    data: str
    part: str  # which of the data's splits this is
    model: str
    X_train: pd.DataFrame
    X_test: pd.DataFrame
    y_train: pd.Series
    y_test: pd.Series
    random_state: int = 0
    is_continued: bool = False  # the test part follows the training part in one recording


@dataclass
class Outcome:
    """What one method made of one split; `failure` says why it made nothing."""

    data: str
    part: str
    method: str
    measured: pd.Series
    rmse_deg: float = np.nan
    r2: float = np.nan
    fit_seconds: float = np.nan
    predict_seconds: float = np.nan
    angle: pd.Series | None = None
    warm_angle: pd.Series | None = None  # with the EMG before the test part given, too
    std: np.ndarray | None = None
    muscle_forces: pd.DataFrame | None = None
    parameters: pd.DataFrame | None = None
    failure: str = ""


def make_method(name, model, random_state):
    """The regressor behind a row of the tables."""
    if name in MODES:
        return PhysicsInformedMSKRegressor(model, prediction=name, random_state=random_state)
    if name == GENERIC:
        return PhysicsInformedMSKRegressor(model, prediction="simulation", identify=[])
    return make_baseline(name, random_state=random_state)


def run_method(split, name):
    """Fit and test one method on one split, in this process on one thread."""
    torch.set_num_threads(1)
    X_train, X_test = split.X_train, split.X_test
    estimator = make_method(name, split.model, split.random_state)
    outcome = Outcome(split.data, split.part, name, split.y_test)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # in a worker they would drown the progress lines
            scores = evaluate(estimator, X_train, split.y_train, X_test, split.y_test)
            vars(outcome).update(scores)
            _add_details(outcome, estimator, X_test)
            if split.is_continued:
                warm = estimator.predict(pd.concat([X_train, X_test]))[len(X_train) :]
                outcome.warm_angle = pd.Series(warm, X_test.index)
    except Exception as error:  # one method's failure is a row of the table, not its end
        outcome.failure = f"{type(error).__name__}: {error}"
    return outcome


def _add_details(outcome, estimator, X_test):
    outcome.angle = pd.Series(estimator.predict(X_test), X_test.index)
    if outcome.method in (*MODES, GENERIC):
        outcome.muscle_forces = estimator.predict_muscle_forces(X_test)
        outcome.parameters = estimator.parameters_
    if outcome.method == "hybrid":
        _, outcome.std = estimator.predict(X_test, return_std=True)


def run_all(splits, methods, n_jobs):
    """Every method on every split, one process and one thread each; a line as each one ends.

    Methods start in the order given: with the slow ones first no core waits long at the end.
    The outcomes come in that order, too, whichever ended first.
    """
    tasks = [(split, name) for name in methods for split in splits]
    with joblib.parallel_config("loky", n_jobs=n_jobs, inner_max_num_threads=1):
        parallel = joblib.Parallel(return_as="generator_unordered")
        finished = parallel(joblib.delayed(run_method)(*task) for task in tasks)
        outcomes = []
        for outcome in finished:
            outcomes.append(outcome)
            print(_progress(outcome, len(outcomes), len(tasks)), flush=True)
    order = [(split.data, split.part, name) for split, name in tasks]
    return sorted(outcomes, key=lambda o: order.index((o.data, o.part, o.method)))


def _progress(outcome, done, total):
    result = f"{outcome.rmse_deg:6.2f} deg, fitted in {outcome.fit_seconds:5.1f} s"
    line = f"  [{done:3d}/{total}] {f'{outcome.data}, {outcome.part}:':38s} {outcome.method:27s}"
    return f"{line} {outcome.failure[:120] or result}"


def default_n_jobs():
    """One process a core, but no more than the memory of an ordinary machine holds."""
    return min(os.cpu_count() or 1, 8)


def by_method(outcomes, methods):
    """Pairs of a method's name and its outcomes, in the order of `methods`."""
    for name in methods:
        yield name, [outcome for outcome in outcomes if outcome.method == name]


def failures(outcomes):
    """A line for each method that failed on a split."""
    return [f"{o.method} failed on {o.data}, {o.part}: {o.failure}" for o in outcomes if o.failure]


def pooled(outcomes, methods):
    """Errors over the frames of all splits together, times as means, for each method."""
    rows = {}
    for name, mine in by_method(outcomes, methods):
        if any(outcome.failure for outcome in mine):
            rows[name] = (np.nan,) * 4
            continue
        measured = pd.concat([outcome.measured for outcome in mine])
        angle = pd.concat([outcome.angle for outcome in mine])
        rows[name] = (
            np.rad2deg(root_mean_squared_error(measured, angle)),
            r2_score(measured, angle),
            np.mean([outcome.fit_seconds for outcome in mine]),
            np.mean([outcome.predict_seconds for outcome in mine]),
        )
    columns = ["RMSE [deg]", "R2", "fit [s]", "predict [s]"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def force_errors(outcomes, methods, true_forces, max_isometric_force):
    """Root mean square error of each muscle's force, pooled over the splits.

    `true_forces` (n_frames, n_muscles) [N] holds at least the test frames of all outcomes;
    `max_isometric_force` is a Series over muscles [N], what the errors in percent refer to.
    """
    rows = []
    for name, mine in by_method(outcomes, methods):
        if any(outcome.muscle_forces is None for outcome in mine):
            continue
        forces = pd.concat([outcome.muscle_forces for outcome in mine])
        rmse = np.sqrt(((forces - true_forces.loc[forces.index]) ** 2).mean())
        for muscle, error in rmse.items():
            rows.append((name, muscle, error, 100 * error / max_isometric_force[muscle]))
    return pd.DataFrame(rows, columns=["method", "muscle", "RMSE [N]", "RMSE [% of maximum]"])


def maximal_forces(flexion):
    """True maximal isometric force of each muscle of a simulated subject, Series [N]."""
    return flexion.parameters.query("name == 'max_isometric_force'").set_index("muscle")["value"]


def parameter_errors(parameters, truth):
    """The identified parameters beside the true ones, with the error in percent and in std_err."""
    table = parameters.merge(truth.rename(columns={"value": "true"}), on=["muscle", "name"], validate="one_to_one")
    error = table["value"] - table["true"]
    table["error [%]"] = 100 * error / table["true"].abs()
    table["error / std_err"] = error / table["std_err"]
    columns = ["muscle", "name", "unit", "initial", "value", "std_err", "true"]
    return table[[*columns, "error [%]", "error / std_err"]]
