"""What must hold whatever a user brings: a right answer, or an error or warning of a documented kind that names what is
wrong; no hang, nothing changed but the estimator.
"""

import copy
import io
import signal
import traceback
import warnings
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn import clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, UndefinedMetricWarning

import sk_bionic
from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.exceptions import SimulationError

PATIENCE = 20  # s of computing
ERRORS = (ValueError, TypeError, SimulationError)
# Errors come from the package or from scikit-learn's validation, which name the argument; never from the depth of a
# library.
SPEAKERS = ("sk_bionic/", "sklearn/utils", "sklearn/base.py", "sklearn/metrics")
WARNINGS = (
    ConvergenceWarning,
    DataConversionWarning,
    UndefinedMetricWarning,
)  # and UserWarning itself, and the package's own


class Hang(BaseException):
    """A call took longer than anybody waits."""


class Fault(Exception):
    """Something that is not documented."""


@contextmanager
def patience(seconds):
    """Raise Hang in the block after so long."""

    def ring(*_):
        raise Hang

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def faults_of(case, folder):
    """Undocumented outcomes of one case, each a line of text; and how it went, in a word."""
    faults, inputs = [], _copied((case.X, case.y, case.fit, case.new, case.new_y))
    say = lambda step, what: faults.append(f"{step}: {what}")
    with warnings.catch_warnings(record=True) as caught, redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        with patience(PATIENCE):
            state = _process()
            how = _walk(case, Path(folder), say)
        for name, before, after in zip(SHARED, state, _process(), strict=True):
            if before != after:
                say("process", f"{name} changed, which the whole process shares")
    for warning in caught:
        if not _documented(warning):
            say("warning", f"{warning.category.__name__} at {warning.filename}:{warning.lineno}: {warning.message}")
    if not _same(inputs, (case.X, case.y, case.fit, case.new, case.new_y)):
        say("inputs", "what the user passed has changed")
    return faults, how


def _walk(case, folder, say):
    """Every public step in turn, as far as it gets; how far that is."""
    with _step("construct", say):
        estimator = PhysicsInformedMSKRegressor(**case.parameters)
    fitted = False
    with _step("fit", say, must=not case.changes):
        estimator.fit(case.X, case.y, **case.fit)
        fitted = True
    if not fitted:
        left = [name for name in vars(estimator) if name.endswith("_") and not name.startswith("_")]
        if left:
            say("fit", f"failed and left the attributes {left}")
        return "refused"
    clone(estimator)
    done, predicted = "fitted", None
    with _step("predict", say, must=not case.changes):
        predicted = estimator.predict(case.new)
        _check_angles(predicted, case, say)
        done = "predicted"
    if predicted is None:
        return done
    for name in ("predict_muscle_forces", "predict_activations", "predict_joint_torques", "simulate"):
        with _step(name, say, must=not case.changes and estimator.model_ is not None):
            _check_finite(name, getattr(estimator, name)(case.new), say)
    with _step("predict std", say):
        _check_finite("predict std", estimator.predict(case.new, return_std=True)[1], say)
    with _step("score", say, must=not case.changes):
        score = estimator.score(case.new, case.new_y)
        if not (np.isscalar(score) and (np.isfinite(score) or len(case.new) < 2)):
            say("score", f"is {score!r}")
    _round_trip("saved", estimator, predicted, case, folder, say)
    with _step("calibrate", say):
        estimator.calibrate(case.new, case.new_y)
        calibrated = estimator.predict(case.new)
        _check_angles(calibrated, case, say)
        _round_trip("calibrated and saved", estimator, calibrated, case, folder, say)
        done = "all"
    return done


def _round_trip(step, estimator, predicted, case, folder, say):
    with _step(step, say, must=True):
        path = folder / "case.skb"
        sk_bionic.save(estimator, path)
        loaded = sk_bionic.load(path).predict(case.new)
        if not np.array_equal(np.asarray(loaded), np.asarray(predicted), equal_nan=True):
            say(step, "predicts something else after loading")


@contextmanager
def _step(name, say, must=False):
    """Report errors that are not documented; with `must`, every error."""
    try:
        yield
    except Hang:
        say(name, f"took longer than {PATIENCE} s")
    except ERRORS as error:
        speaker = traceback.extract_tb(error.__traceback__)[-1]
        named = any(place in speaker.filename for place in SPEAKERS)
        if must or not named or not str(error):
            say(name, _told(error))
    except Exception as error:
        say(name, _told(error))


def _told(error):
    last = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in last if "sk_bionic/" in frame.filename and "benchmarks" not in frame.filename]
    where = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "?"
    return f"{type(error).__name__} in {Path(last[-1].filename).name} by {where}: {str(error)[:160]}"


def _documented(warning):
    kind = warning.category
    ours = kind.__module__.startswith("sk_bionic")
    return kind is UserWarning or ours or issubclass(kind, WARNINGS)


def _check_angles(predicted, case, say):
    if np.shape(predicted)[0] != len(case.new):
        say("predict", f"has the shape {np.shape(predicted)} for {len(case.new)} frames")
    if isinstance(predicted, pd.DataFrame) and not predicted.index.equals(case.new.index):
        say("predict", "has another index than X")
    _check_finite("predict", predicted, say)


def _check_finite(step, values, say):
    if not np.isfinite(np.asarray(values, dtype=float)).all():
        say(step, "is not finite")


SHARED = ("the random state", "floating-point errors", "the default type", "the number of threads", "warning filters")


def _process():
    """What all code in a process shares, as `SHARED` names it."""
    kind, keys, *rest = np.random.get_state()
    random = torch.random.get_rng_state().numpy().tobytes(), kind, keys.tobytes(), *rest
    return random, np.geterr(), torch.get_default_dtype(), torch.get_num_threads(), list(warnings.filters)


def _copied(values):
    with suppress(Exception):
        return copy.deepcopy(values)
    return None


def _same(before, after):
    if before is None:
        return True
    if isinstance(before, tuple | list):
        return len(before) == len(after) and all(_same(a, b) for a, b in zip(before, after, strict=True))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(_same(before[k], after[k]) for k in before)
    if isinstance(before, pd.DataFrame | pd.Series):
        return before.equals(after) or repr(before) == repr(after)
    if isinstance(before, np.ndarray):
        alike = repr if before.dtype == object else np.ndarray.tobytes
        return before.dtype == after.dtype and alike(before) == alike(after)
    return True
