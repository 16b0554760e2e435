"""Error of predictions for frames that the predicting model has not been fitted to."""

import warnings
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from ..model_selection import TrialOrBlockKFold

N_FOLDS = 3
WINDOW, N_VIEWS = 0.5, 6  # s of EMG that are looked for among the training's, at so many moments
FINER = 4  # times as often as the training's EMG is remembered
ALIKE = 2e-3  # of the training's largest EMG: distance within which two windows are one
SEEN_PART = 0.5  # of a trial's windows, from which on it counts as one of the training's


class HeldOutError(NamedTuple):
    """How far predictions of unseen frames are off.

    Attributes
    ----------
    rmse : float
        Root mean square error over all angles [rad]; NaN where there is none.
    how : str
        What was held out from what, in words.
    is_held_out : bool
        False: the error is that of the frames that the model was fitted to.
    """

    rmse: float
    how: str
    is_held_out: bool = True


def held_out_error(estimator, X, y, predicted, seen, wanted):
    """The error to tell first.

    Parameters
    ----------
    estimator : fitted estimator
        With all its steps.
    X, y : as given to `report`
    predicted : ndarray, shape of y
        By `estimator`.
    seen : ndarray of bool (n_frames,)
        Frames that it may have been fitted to.
    wanted : bool
        Whether folds may be fitted, where all frames were seen.

    Returns
    -------
    HeldOutError
    """
    measured = np.asarray(y, dtype=np.float64).reshape(len(X), -1)
    predicted = np.asarray(predicted, dtype=np.float64).reshape(measured.shape)
    if not seen.all():
        which = " that it was not fitted to" if seen.any() else ", none of which it was fitted to"
        return HeldOutError(_rmse(measured[~seen], predicted[~seen]), f"by the trials of this report{which}")
    within = _held_out_in_fit(estimator)
    if within is not None:
        return HeldOutError(within, "by frames that were kept aside in turn while it was fitted")
    if wanted:
        try:
            return _by_folds(estimator, X, y, measured)
        except (ValueError, RuntimeError, NotFittedError, TypeError):
            pass  # too few trials, or parts that no fit can be made of: then what is known is the error of the fit
    how = "by the very frames that it was fitted to: none were held out, and new recordings will show a larger one"
    return HeldOutError(_rmse(measured, predicted), how, False)


def _rmse(measured, predicted):
    known = np.isfinite(measured)
    return float(np.sqrt(np.mean((measured - predicted)[known] ** 2))) if known.any() else np.nan


def _held_out_in_fit(estimator):
    """What an ensemble has found on frames kept aside [rad], None where it has not."""
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    errors = getattr(last, "held_out_rmse_", None) or {}
    return errors.get(getattr(last, "ode_weight_", None))


def _by_folds(estimator, X, y, measured):
    """Error of fits to parts of the trials, each on the rest."""
    take = lambda values, rows: values.iloc[rows] if hasattr(values, "iloc") else np.asarray(values)[rows]
    rate = getattr(estimator[-1] if hasattr(estimator, "steps") else estimator, "sampling_rate", None)
    errors = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the fit itself has said what there is to say
        for train, test in TrialOrBlockKFold(N_FOLDS, sampling_rate=rate).split(X, y):
            fold = clone(estimator).fit(take(X, train), take(y, train))
            errors.append(measured[test] - np.reshape(fold.predict(take(X, test)), measured[test].shape))
    n_parts, errors = len(errors), np.concatenate(errors)
    return HeldOutError(
        float(np.sqrt(np.nanmean(errors**2))),
        f"by {n_parts} parts of the recording, each predicted by a fit to the others with the same settings",
    )


def seen_frames(regressor, X, trials):
    """Frames (n_frames,) of bool of trials that the regressor may have been fitted to.

    The EMG that a fitted regressor remembers tells: windows of a trial that it was fitted to lie on it. Where nothing
    is remembered, all frames count as seen.
    """
    seen = getattr(getattr(regressor, "predictor_", None), "seen_inputs", None)
    out = np.ones(trials.n_frames, dtype=bool)
    if seen is None:
        return out
    emg = np.asarray(X, dtype=np.float64)[:, regressor.roles_.emg] / regressor.emg_scale_
    views = np.linspace(0.0, WINDOW, N_VIEWS)
    known = [_windows(np.arange(b - a) * seen.step, seen.emg[a:b], views, seen.step / FINER)
             for a, b in zip(seen.starts[:-1], seen.starts[1:], strict=True)]  # fmt: skip
    known = np.concatenate([one for one in known if len(one)] or [np.empty((0, N_VIEWS * emg.shape[1]))])
    if not len(known):
        return out
    tree, size = cKDTree(known), ALIKE * max(float(seen.emg.max()), 1e-12) * np.sqrt(known.shape[1])
    for rows in trials.slices:
        time = trials.time[rows]
        windows = _windows(time - time[0], emg[rows], views, 5.0 * seen.step)
        if len(windows) and np.isfinite(windows).all():
            out[rows] = np.mean(tree.query(windows, distance_upper_bound=size)[0] <= size) >= SEEN_PART
    return out


def _windows(time, signals, views, step):
    """EMG at the moments `views` after each start (n_starts, n_views n_channels)."""
    starts = np.arange(time[0], time[-1] - views[-1] + 1e-9, step)
    at = starts[:, None] + views
    return np.stack([np.interp(at, time, signal) for signal in signals.T], axis=-1).reshape(len(starts), -1)
