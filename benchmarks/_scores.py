"""What recorded_emg.py runs and keeps: the methods, one fit and its scores, and the file of all scores."""

import copy
import json
import time
import warnings

import numpy as np
import torch
from _protocols import NEW_SESSION_SHARE, labelled, rest_second
from sklearn.dummy import DummyRegressor
from sklearn.pipeline import Pipeline

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.baselines import SubsampledRegressor, make_baseline

OURS = {
    "hybrid": {},
    "network_alone": {"ode_weight": 0},
    "simulation": {"prediction": "simulation"},
}
MEMBERS = ("random_forest", "gru", "mlp")
LEARNERS = ("ridge", "gaussian_process", "extra_trees", *MEMBERS, "mean", "joint_training")
CONTROLS = ("time_only", "shuffled_emg", "mean_angle")
METHODS = (*OURS, *LEARNERS, *CONTROLS)
BAND = 0.90
QUANTILE = 1.6449  # standard deviations that a band of 90 % reaches to either side


class Scores:
    """Scores by protocol, record, method and seed, in a JSON file that every new one is added to."""

    def __init__(self, path):
        self.path = path
        kept = json.loads(path.read_text()) if path.exists() else {}
        self.environments = kept.get("environments", [])
        self.rows = {self.key(**row): row for row in kept.get("scores", [])}

    @staticmethod
    def key(protocol, record, method, seed, **_):
        return protocol, record, method, seed

    def add(self, rows, environment):
        """Add or replace scores, and save the file."""
        self.rows.update({self.key(**row): row for row in rows})
        if environment not in self.environments:
            self.environments.append(environment)
        # One score a line: readable, and small differences remain small.
        lines = ",\n".join(json.dumps(self.rows[key]) for key in sorted(self.rows, key=str))
        text = f'{{"environments": {json.dumps(self.environments)},\n"scores": [\n{lines}\n]}}\n'
        part = self.path.with_suffix(".part")  # an interrupted run leaves the file whole
        part.write_text(text)
        part.replace(self.path)


FURTHER = {"A": "AG", "B": "BD"}  # protocols that ask more of the fits of another


def missing(scores, part, methods, seed, protocols, redo):
    """Methods of which a score of this part is wanted and not there."""
    names = [p for p in FURTHER.get(part.protocol, [part.protocol]) if p in protocols or p[0] in protocols]
    redo = {*redo, "mean"} if set(redo) & set(MEMBERS) else redo
    return [
        method
        for method in methods
        if method in redo or any((p, r, method, seed) not in scores.rows for p in names for r in part.records)
    ]


def jobs(methods):
    """Methods that are fitted in one go: the mean is that of its members, which are fitted once."""
    if "mean" in methods:
        methods = [(*MEMBERS, "mean"), *(m for m in methods if m not in (*MEMBERS, "mean"))]
    return [job if isinstance(job, tuple) else (job,) for job in methods]


def make_method(name, model, seed):
    """The regressor behind a row of the tables."""
    if name in OURS:
        return PhysicsInformedMSKRegressor(model, random_state=seed, **OURS[name])
    if name == "mean_angle":
        return SubsampledRegressor(DummyRegressor(), max_frames=None)
    return make_baseline(name, model=model, random_state=seed)


def run(part, methods, seed):
    """Fit methods on one part, in this process on one thread; a list of scores."""
    torch.set_num_threads(1)
    fits, rows = {}, []
    for name in methods:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # in a worker they would drown the progress lines
                fits[name] = _mean(fits) if name == "mean" else _fit(part, name, seed)
                rows += _scores(part, *fits[name], method=name, seed=seed)
        except Exception as error:  # one method's failure is a row of the table, not its end
            rows += _failures(part, f"{type(error).__name__}: {error}", method=name, seed=seed)
    return rows


def _fit(part, name, seed):
    start = time.perf_counter()
    estimator = make_method(name, part.model, seed).fit(part.X_train, part.y_train)
    return estimator, time.perf_counter() - start


class _Mean:
    """The baseline "mean", of members that are fitted already."""

    def __init__(self, estimators):
        self.estimators = estimators

    def predict(self, X):
        return np.mean([estimator.predict(X) for estimator in self.estimators], axis=0)


def _mean(fits):
    members = [fits[name] for name in MEMBERS]
    return _Mean([estimator for estimator, _ in members]), sum(seconds for _, seconds in members)


def _scores(part, estimator, seconds, **identity):
    """Scores of a fitted method on each test trial."""
    for record in part.records:
        X, y = part.X_test.loc[[record]], part.y_test.loc[[record]]
        known = {"task": part.task, "record": record, "fit_seconds": round(seconds, 2), **identity}
        start = time.perf_counter()
        angle, half = _predict(estimator, X)
        known["predict_seconds"] = round(time.perf_counter() - start, 3)
        if part.protocol == "H":
            yield {"protocol": "H", **known, **_in_second_session(estimator, X, y, angle)}
            continue
        yield {"protocol": part.protocol, **known, **_errors(y, angle, half)}
        for further in FURTHER.get(part.protocol, "")[1:]:
            assumed = part.rest_angle if further == "G" else None
            try:
                scores = _with_rest(estimator, X, y, angle, assumed)
            except Exception as error:  # the scores of the first protocol stand all the same
                scores = {"failure": f"{type(error).__name__}: {error}"[:300]}
            yield {"protocol": further, **known, **scores}


def _predict(estimator, X):
    """Angle [rad] and half the width of a band of 90 % [rad]: as a method states it, round a baseline the split
    conformal one of its out-of-fold errors; None where there is neither.
    """
    if isinstance(estimator, PhysicsInformedMSKRegressor) and estimator.prediction != "network":
        angle, std = estimator.predict(X, return_std=True)
        return angle, QUANTILE * std
    angle = estimator.predict(X)
    smoothed = estimator[-1] if isinstance(estimator, Pipeline) else None
    errors = getattr(smoothed, "held_out_errors_", None)
    return angle, None if errors is None else np.full(len(angle), np.nanquantile(np.abs(errors), BAND))


def _with_rest(estimator, X, y, angle, assumed=None):
    """Errors outside a second at rest whose angle is known (protocols D and G), or also `assumed` to be so [rad]."""
    rest = rest_second(y)
    uncorrected = _errors(y[~rest], angle[~rest], None)["rmse_deg"]
    after, half = _corrected(estimator, X, y, rest, angle)
    errors = _errors(y[~rest], after[~rest], None if half is None else half[~rest])
    if assumed is not None:
        told, _ = _corrected(estimator, X, y * 0.0 + assumed, rest, angle)
        errors["assumed_rmse_deg"] = _errors(y[~rest], told[~rest], None)["rmse_deg"]
    return {**errors, "uncorrected_rmse_deg": uncorrected}


def _corrected(estimator, X, y, known, angle):
    """Angle and half the band (None: not stated) where the `known` frames of y are given."""
    if hasattr(estimator, "calibrate"):
        return _predict(copy.deepcopy(estimator).calibrate(X[known], y[known]), X)
    return angle + np.mean(y.to_numpy()[known] - angle[known]), None


def _in_second_session(estimator, X, y, angle):
    """Errors in a second session outside the frames whose angle is given (protocol H)."""
    known = labelled(X.index, NEW_SESSION_SHARE)
    uncorrected = _errors(y[~known], angle[~known], None)["rmse_deg"]
    if hasattr(estimator, "calibrate"):
        after, half = _predict(copy.deepcopy(estimator).calibrate(X, y.where(known)), X)
    else:
        after, half = angle + np.mean(y.to_numpy()[known] - angle[known]), None
    errors = _errors(y[~known], after[~known], None if half is None else half[~known])
    return {**errors, "uncorrected_rmse_deg": uncorrected}


def _errors(y, angle, half):
    error = np.rad2deg(np.asarray(angle) - y.to_numpy())
    scores = {"rmse_deg": round(float(np.sqrt(np.mean(error**2))), 4)}
    if half is not None:
        half = np.rad2deg(half)
        outside = np.maximum(np.abs(error) - half, 0.0)
        scores["coverage"] = round(float(np.mean(outside == 0)), 4)
        scores["band_deg"] = round(float(2 * np.median(half)), 3)
        # Gneiting and Raftery 2007, J. American Statistical Association 102, 359-378, section 6.2.
        scores["interval_deg"] = round(float(np.mean(2 * half + 2 / (1 - BAND) * outside)), 3)
    return scores


def _failures(part, reason, **identity):
    protocols = FURTHER.get(part.protocol, [part.protocol])
    for protocol in protocols:
        for record in part.records:
            known = {"protocol": protocol, "task": part.task, "record": record, **identity}
            yield {**known, "failure": reason[:300]}
