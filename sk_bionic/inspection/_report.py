"""One page on a fitted subject, for people who will not open Python."""

import warnings
from pathlib import Path

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sk_bionic.atomic import replacing

from ._check_recording import check_recording
from ._held_out import held_out_error, seen_frames
from ._page import page, sections_of
from ._plotting import pyplot
from ._predictions import predicted_angles
from ._sections import Subject


def report(estimator, X, y, path, *, title=None, overwrite=False, raw_emg=None, held_out=True):
    """Write a self-contained HTML page on a fitted subject.

    The error on recordings that the model has not seen, recording quality, predicted and measured angles, which
    parameters the recording determines, muscle forces, residual of the equation of motion, warnings, settings and
    versions. One file that needs no network: figures are drawings in it, which its own small script lets its reader
    point at, look into and sift; without scripts, or printed, they are whole.

    Parameters
    ----------
    estimator : fitted PhysicsInformedMSKRegressor
        Also a pipeline that ends in one, or a search over either. Other regressors get the sections that they can fill.
    X : DataFrame or array-like (n_frames, n_columns)
        Trials to report on, as for ``estimator.predict``; best some that it has not seen.
    y : Series, DataFrame or array-like (n_frames,) or (n_frames, n_coordinates)
        Measured angles [rad], NaN where unknown.
    path : path-like
        File to write, completely or not at all.
    title : str, default=None
        Heading.
    overwrite : bool, default=False
        Replace an existing file.
    raw_emg : DataFrame, default=None
        Raw EMG that X was made of, at its own rate: the first trial is shown with its spectrum. Where the estimator
        is a pipeline and X raw EMG, X itself is.
    held_out : bool, default=True
        Where all trials are the training's, fit anew to parts of them to tell the error on the others, unless the
        estimator knows it from its own fit: three fits. False: the error of the fit is told, and said to be that.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileExistsError
        When the file exists and `overwrite` is False.
    FileNotFoundError
        When its folder does not exist.
    NotFittedError
        When the estimator is not fitted.
    ImportError
        When matplotlib is missing.
    ValueError
        When nothing tells the time of X's frames, or y does not fit X.

    Examples
    --------
    >>> from sk_bionic import PhysicsInformedMSKRegressor
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> from sk_bionic.inspection import report
    >>> X, y = make_elbow_flexion(n_trials=2, duration=2.0, random_state=0, return_X_y=True)
    >>> regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, y)
    >>> report(regressor, X, y, "subject.html").name  # doctest: +SKIP
    'subject.html'
    """
    pyplot("report")
    path = Path(path)
    _require_free(path, overwrite)
    check_is_fitted(estimator)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        subject = _subject(estimator, X, y, raw_emg, held_out)
        sections = sections_of(subject)
    messages = list(dict.fromkeys(str(warning.message) for warning in caught))
    messages = [message for message in messages if "missing from font" not in message]  # a box stands for the sign
    text = page(title or _default_title(subject), subject, sections, messages)
    _require_free(path, overwrite)  # somebody else may have written it in the meantime
    with replacing(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))
    return path


def _subject(estimator, X, y, raw_emg, held_out):
    """What there is to report, with transformers applied and searches resolved."""
    quality = check_recording(X, y, sampling_rate=_sampling_rate(estimator, X))
    whole = last = getattr(estimator, "best_estimator_", estimator)
    given, raw_emg = X, X if raw_emg is None and quality.signal == "raw" else raw_emg
    if isinstance(whole, Pipeline):
        X = whole[:-1].transform(X) if len(whole) > 1 else X
        last = whole[-1]
    predicted, std, time = predicted_angles(last, X)
    seen = seen_frames(last, X, quality.trials)
    error = held_out_error(whole, given, y, predicted, seen, held_out)
    return Subject(last, X, y, quality, raw_emg, np.asarray(predicted), std, time, seen, error)


def _sampling_rate(estimator, X):
    """The rate that the estimator, or a step of its pipeline, was given for frames without a time."""
    if "time" in getattr(getattr(X, "index", None), "names", ()):
        return None
    parameters = estimator.get_params().items()
    rates = [v for name, v in parameters if name.split("__")[-1] == "sampling_rate" and v is not None]
    return rates[0] if rates else None


def _default_title(subject):
    model = getattr(subject.estimator, "model_", None)
    return f"Fitted subject: {model.name}" if model is not None else "Fitted subject"


def _require_free(path, overwrite):
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists. Pass overwrite=True to replace it, or another path.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The folder {path.parent} does not exist. Create it first.")
