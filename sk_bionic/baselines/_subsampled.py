"""A regressor trained on some of the frames: those whose target is known, and no more than needed."""

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.utils import check_consistent_length, get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from sk_bionic.model_selection._checks import known_targets


class SubsampledRegressor(MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """A regressor trained on evenly spaced frames of known target only.

    Exact Gaussian-process regression costs the cube of the number of frames, and frames a hundredth
    of a second apart say nearly the same. Every k-th frame keeps most of what they say. Frames
    whose target is NaN (unknown) are left out.

    Parameters
    ----------
    estimator : estimator
        The regressor.
    max_frames : int or None, default=1000
        Largest number of frames it is fitted on; None: all whose target is known.

    Attributes
    ----------
    estimator_ : estimator
        The fitted regressor.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where all are strings.

    Examples
    --------
    >>> from sklearn.gaussian_process import GaussianProcessRegressor
    >>> from sk_bionic.baselines import SubsampledRegressor
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> X, y = make_elbow_flexion(n_trials=1, duration=2.0, random_state=0, return_X_y=True)
    >>> regressor = SubsampledRegressor(GaussianProcessRegressor(), max_frames=50).fit(X, y)
    >>> regressor.predict(X).shape
    (200,)
    """

    def __init__(self, estimator, max_frames=1000):
        self.estimator = estimator
        self.max_frames = max_frames

    def fit(self, X, y):
        """Fit the regressor on at most `max_frames` of the frames, the first and last known included.

        Parameters
        ----------
        X : array-like of shape (n_frames, n_features)
            Features.
        y : array-like of shape (n_frames,) or (n_frames, n_outputs)
            Targets; NaN where unknown.

        Returns
        -------
        self : SubsampledRegressor
            The fitted regressor.

        Raises
        ------
        ValueError
            If `max_frames` is not at least 2, or no target is known.
        """
        if self.max_frames is not None and not self.max_frames >= 2:
            raise ValueError(f"`max_frames` must be at least 2. Got {self.max_frames!r}.")
        target = {"ensure_2d": False, "dtype": np.float64, "ensure_all_finite": "allow-nan"}
        X, y = validate_data(self, X, y, validate_separately=({"dtype": np.float64}, target))
        check_consistent_length(X, y)
        known = np.flatnonzero(known_targets(y, len(X)))
        if not len(known):
            raise ValueError("Every target is NaN: there is nothing to learn from.")
        n_rows = len(known) if self.max_frames is None else min(len(known), self.max_frames)
        rows = known[np.linspace(0, len(known) - 1, n_rows).round().astype(int)]
        self.estimator_ = clone(self.estimator).fit(X[rows], y[rows])
        return self

    def predict(self, X, **predict_params):
        """Predict all frames.

        Parameters
        ----------
        X : array-like of shape (n_frames, n_features)
            Features.
        **predict_params : dict
            Passed to the regressor, such as ``return_std=True`` for a Gaussian process.

        Returns
        -------
        ndarray of shape (n_frames,) or (n_frames, n_outputs)
            Whatever the regressor's own ``predict`` returns.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return self.estimator_.predict(X, **predict_params)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = get_tags(self.estimator).target_tags.multi_output
        return tags
