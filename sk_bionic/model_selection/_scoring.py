"""Scorers of partly known angles."""

from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import get_scorer
from sklearn.utils import _safe_indexing

from sk_bionic.model_selection._checks import known_targets


def where_known(scoring):
    """A scorer that predicts every frame and scores those whose angle is known.

    scikit-learn's metrics refuse NaN, and leaving rows out before the prediction would leave holes in
    the trials. The `score` of `PhysicsInformedMSKRegressor`, which searches use by default, does the same.

    Parameters
    ----------
    scoring : str or callable
        A scorer of scikit-learn, by name or made by ``make_scorer``.

    Returns
    -------
    callable
        Takes a fitted estimator, X, y (NaN where unknown; frames count whose coordinates are all known)
        and, optionally, `sample_weight`; a ValueError where no frame is known.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sk_bionic.model_selection import where_known
    >>> X, y = np.arange(6.0)[:, None], np.arange(6.0)
    >>> fitted = Ridge(alpha=1e-9).fit(X, y)
    >>> y[:2] = np.nan
    >>> bool(where_known("neg_root_mean_squared_error")(fitted, X, y) > -1e-6)
    True
    """
    return _KnownFrames(scoring)


class _KnownFrames:
    def __init__(self, scoring):
        self.scoring = scoring

    def __repr__(self):
        return f"where_known({self.scoring!r})"

    def __call__(self, estimator, X, y, sample_weight=None):
        known = known_targets(y, len(y))
        if not known.any():
            raise ValueError("No frame has a known angle to score against.")
        rows = known.nonzero()[0]
        predicted = _Predicted(_safe_indexing(estimator.predict(X), rows))
        weights = {} if sample_weight is None else {"sample_weight": _safe_indexing(sample_weight, rows)}
        return get_scorer(self.scoring)(predicted, _safe_indexing(X, rows), _safe_indexing(y, rows), **weights)


class _Predicted(RegressorMixin, BaseEstimator):
    """What has been predicted, as an estimator."""

    def __init__(self, angle):
        self.angle = angle

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        return self.angle
