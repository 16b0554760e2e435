"""Any regressor of the joint angle, followed by a low-pass whose cut-off is chosen in training."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    RegressorMixin,
    _fit_context,
    clone,
)
from sklearn.model_selection import cross_val_predict
from sklearn.utils import check_array, get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from sk_bionic.model_selection import TrialOrBlockKFold
from sk_bionic.trials import find_trials
from sk_bionic.trials.filters import choose_cutoff, smooth


class LowPassRegressor(MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """A regressor whose predictions are smoothed, trial by trial and without lag.

    Limbs move more slowly than EMG fluctuates, so nearly every regressor of a joint angle gains
    from a low-pass. The cut-off is chosen among 0.6 to 6 Hz and none, by the squared error of
    smoothed out-of-fold predictions of the training frames.

    Parameters
    ----------
    estimator : estimator
        The regressor. Of a search (``GridSearchCV``), the best estimator that it found makes the
        out-of-fold predictions; the search itself is not repeated in each fold.
    cutoff : float or "auto", default="auto"
        Cut-off frequency [Hz] of the second-order Butterworth filter, which runs forward and
        backward; infinity smooths nothing.
    cv : int or splitter, default=4
        Folds of the out-of-fold predictions, each frame in one test part. A number means folds of
        whole trials where there are several, else contiguous blocks.
    gap : float, default=0.0
        Gap around each block [s] where `cv` is a number: as long as the features look back.
    sampling_rate : float, default=None
        Rate of the frames [Hz] where the index of `X` holds no time.

    Attributes
    ----------
    estimator_ : estimator
        The regressor, fitted on all frames.
    cutoff_ : float
        The cut-off frequency in use [Hz].
    held_out_errors_ : ndarray of shape (n_frames,) or (n_frames, n_angles)
        Smoothed out-of-fold predictions minus measured angles [rad], where the cut-off was chosen: the band of half
        width ``np.quantile(np.abs(held_out_errors_), 0.9)`` is the split conformal one of 90 %.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where all are strings.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sk_bionic.baselines import LowPassRegressor
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> X, y = make_elbow_flexion(n_trials=1, duration=2.0, random_state=0, return_X_y=True)
    >>> LowPassRegressor(Ridge(), cutoff=2.0).fit(X, y).predict(X).shape
    (200,)
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"])],
        "cutoff": [Interval(Real, 0, None, closed="right"), StrOptions({"auto"})],
        "cv": [Interval(Integral, 2, None, closed="left"), HasMethods(["split", "get_n_splits"])],
        "gap": [Interval(Real, 0, None, closed="left")],
        "sampling_rate": [Interval(Real, 0, None, closed="neither"), None],
    }

    def __init__(self, estimator, cutoff="auto", *, cv=4, gap=0.0, sampling_rate=None):
        self.estimator = estimator
        self.cutoff = cutoff
        self.cv = cv
        self.gap = gap
        self.sampling_rate = sampling_rate

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y):
        """Fit the regressor and choose the cut-off.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_frames, n_features)
            Features, with the time in the index or at `sampling_rate`.
        y : array-like of shape (n_frames,) or (n_frames, n_angles)
            Joint angle [rad]; NaN where unknown, if the regressor can take that.

        Returns
        -------
        self : LowPassRegressor
            The fitted regressor.

        Raises
        ------
        ValueError
            If nothing tells the time.
        """
        trials = self._trials(X)
        validate_data(self, X, skip_check_array=True)
        self.estimator_ = clone(self.estimator).fit(X, y)
        if self.cutoff != "auto":
            self.cutoff_ = float(self.cutoff)
            return self
        folds = self.cv
        if isinstance(folds, Integral):
            folds = TrialOrBlockKFold(folds, gap=self.gap, sampling_rate=self.sampling_rate)
        predicted = cross_val_predict(_without_search(self.estimator_), X, y, cv=folds)
        angle = check_array(y, ensure_2d=False, dtype=np.float64, ensure_all_finite="allow-nan")
        n_frames = len(angle)
        predicted, angle = predicted.reshape(n_frames, -1), angle.reshape(n_frames, -1)
        self.cutoff_ = choose_cutoff(predicted, angle, trials)
        self.held_out_errors_ = (smooth(predicted, trials, self.cutoff_) - angle).reshape(np.shape(y))
        return self

    def predict(self, X):
        """Smoothed predictions.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_frames, n_features)
            Features, with the time in the index or at `sampling_rate`.

        Returns
        -------
        ndarray of shape (n_frames,) or (n_frames, n_angles)
            Joint angle [rad].
        """
        check_is_fitted(self)
        trials = self._trials(X)
        validate_data(self, X, skip_check_array=True, reset=False)
        predicted = np.asarray(self.estimator_.predict(X))
        smoothed = smooth(predicted.reshape(len(predicted), -1), trials, self.cutoff_)
        return smoothed.reshape(predicted.shape)

    def _trials(self, X):
        trials = find_trials(X, sampling_rate=self.sampling_rate)
        if trials is None:
            raise ValueError(
                "LowPassRegressor smooths in time: give `sampling_rate` [Hz], or a DataFrame whose "
                "index has the levels 'trial' and 'time' (s)."
            )
        return trials.parted()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = get_tags(self.estimator).target_tags.multi_output
        return tags


def _without_search(fitted):
    """The unfitted regressor with the hyperparameters that its search, if it is one, found."""
    return clone(getattr(fitted, "best_estimator_", fitted))
