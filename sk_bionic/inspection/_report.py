"""One page on a fitted subject, for people who will not open Python."""

import warnings
from pathlib import Path

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sk_bionic.io.atomic import replacing

from ._check_recording import check_recording
from ._page import page
from ._plotting import pyplot
from ._sections import SECTIONS, Subject


def report(estimator, X, y, path, *, title=None, overwrite=False):
    """Write a self-contained HTML page on a fitted subject.

    Recording quality, errors of the predicted angle, identified parameters with their errors and what they mean, muscle
    forces, residual of the equation of motion, warnings, settings and versions. Figures are part of the file; it needs
    no network and runs no script.

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
        subject = _subject(estimator, X, y)
        sections = [(name, section(subject)) for name, section in SECTIONS.items()]
    messages = list(dict.fromkeys(str(warning.message) for warning in caught))
    messages = [message for message in messages if "missing from font" not in message]  # a box stands for the sign
    text = page(title or _default_title(subject), subject, sections, messages)
    _require_free(path, overwrite)  # somebody else may have written it in the meantime
    with replacing(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))
    return path


def _subject(estimator, X, y):
    """What there is to report, with transformers applied and searches resolved."""
    quality = check_recording(X, y, sampling_rate=_sampling_rate(estimator, X))
    estimator = getattr(estimator, "best_estimator_", estimator)
    if isinstance(estimator, Pipeline):
        X = estimator[:-1].transform(X) if len(estimator) > 1 else X
        estimator = estimator[-1]
    return Subject(estimator, X, y, quality)


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
