"""The regressors that EMG is usually given to, built as their users would build them.

One place for the rivals of `PhysicsInformedMSKRegressor`: demo, benchmarks and documentation all
compare with the same things. Lagged EMG, standardised, into ridge regression, a random forest or a
Gaussian process, hyperparameters searched inside the training part. None of them knows any physics.
"""

import time

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score, root_mean_squared_error
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from sk_bionic.model_selection import TrialOrBlockKFold
from sk_bionic.preprocessing import LagEmbedding
from sk_bionic.trials import find_trials

__all__ = ["BASELINE_NAMES", "SubsampledRegressor", "evaluate", "make_baseline"]

DEFAULT_LAGS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)


class SubsampledRegressor(MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """A regressor trained on evenly spaced frames only.

    Exact Gaussian-process regression costs the cube of the number of frames, and frames a hundredth
    of a second apart say nearly the same. Every k-th frame keeps most of what they say.

    Parameters
    ----------
    estimator : estimator
        The regressor.
    max_frames : int, default=1000
        Largest number of frames it is fitted on.

    Attributes
    ----------
    estimator_ : estimator
        The fitted regressor.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where all are strings.
    """

    def __init__(self, estimator, max_frames=1000):
        self.estimator = estimator
        self.max_frames = max_frames

    def fit(self, X, y):
        """Fit the regressor on at most `max_frames` of the frames, the first and last included.

        Parameters
        ----------
        X : array-like of shape (n_frames, n_features)
            Features.
        y : array-like of shape (n_frames,) or (n_frames, n_outputs)
            Targets.

        Returns
        -------
        self : SubsampledRegressor
            The fitted regressor.

        Raises
        ------
        ValueError
            If `max_frames` is not at least 2.
        """
        if not self.max_frames >= 2:
            raise ValueError(f"`max_frames` must be at least 2. Got {self.max_frames!r}.")
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        n_rows = min(len(X), self.max_frames)
        rows = np.linspace(0, len(X) - 1, n_rows).round().astype(int)
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


def _ridge(random_state):
    return Ridge(alpha=100.0), {"regressor__alpha": np.logspace(-1, 5, 7)}


def _random_forest(random_state):
    forest = RandomForestRegressor(
        n_estimators=100, max_features=1 / 3, min_samples_leaf=5, random_state=random_state
    )
    grid = {"regressor__max_features": [0.1, 1 / 3], "regressor__min_samples_leaf": [1, 5, 20]}
    return forest, grid


def _gaussian_process(random_state):
    # The errors of neighbouring frames are alike. The marginal likelihood takes them for
    # independent, drives the noise to its lower bound and follows the training part too closely:
    # 13 against 8 deg (median of 8 recorded knees). So cross-validation chooses both scales.
    process = GaussianProcessRegressor(_kernel(8, 0.1), optimizer=None, normalize_y=True)
    kernels = [_kernel(length, noise) for length in (2, 4, 8, 16, 32) for noise in (0.01, 0.1, 0.5)]
    return SubsampledRegressor(process), {"regressor__estimator__kernel": kernels}


def _kernel(length_scale, noise_level):
    """Kernel of a smooth function plus noise, in units of standardised features and target."""
    return ConstantKernel(1.0) * RBF(length_scale) + WhiteKernel(noise_level)


def _time_only(random_state):
    forest = RandomForestRegressor(n_estimators=100, min_samples_leaf=5, random_state=random_state)
    return forest, {"regressor__min_samples_leaf": [1, 5, 20]}


def _lagged_emg(lags, sampling_rate):
    # pandas, so that the splitter of the search still finds the trials in the index.
    return LagEmbedding(lags, sampling_rate=sampling_rate).set_output(transform="pandas")


def _trial_time(X, sampling_rate):
    """Time of each frame as the only feature, as the index has it: a block keeps its late times."""
    trials = find_trials(X, sampling_rate=sampling_rate)
    if trials is None:
        raise ValueError(
            "Nothing tells the time of the rows: give a DataFrame whose index has the levels "
            "'trial' and 'time' (s), or `sampling_rate` [Hz]."
        )
    return pd.DataFrame({"time": trials.time}, index=getattr(X, "index", None))


_REGRESSORS = {
    "ridge": _ridge,
    "random_forest": _random_forest,
    "gaussian_process": _gaussian_process,
    "time_only": _time_only,
}
BASELINE_NAMES = tuple(_REGRESSORS)


def make_baseline(
    name, *, lags=DEFAULT_LAGS, sampling_rate=None, search=True, cv=4, random_state=None
):
    """Build a regressor of the joint angle as EMG users build it today.

    The history of every column (`LagEmbedding`) goes standardised into a regressor whose
    hyperparameters a grid search chooses by the mean squared error. The lags are computed before
    the search splits the frames: they learn nothing from the data, and a block cut out of a trial
    would otherwise leave a hole that the lags of the next frames reach into.

    Parameters
    ----------
    name : {"ridge", "random_forest", "gaussian_process", "time_only"}
        The regressor. "gaussian_process" (constant times squared exponential plus white noise) is
        trained on at most 1000 evenly spaced frames. "time_only" is a control, a random forest
        that sees the time within the trial and no EMG: cyclic movements can be memorised from
        the clock alone, and a learner that does no better has learnt the protocol, not the muscles.
    lags : sequence of float, default=(0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
        Lags of the EMG [s].
    sampling_rate : float, default=None
        Rate of the frames [Hz] where the index of `X` holds no time.
    search : bool, default=True
        Search the hyperparameters. False: fixed, reasonable ones.
    cv : int or splitter, default=4
        Folds of the search. A number means folds of whole trials where the training part has
        several, else contiguous blocks with a gap as long as the longest lag.
    random_state : int, RandomState instance or None, default=None
        Seed of the random forests.

    Returns
    -------
    Pipeline
        Steps "features" and "regressor", the latter a GridSearchCV unless ``search=False``. Fit
        it on a DataFrame of envelopes with the index levels "trial" and "time" [s], or on an array
        with `sampling_rate`.

    Raises
    ------
    ValueError
        If there is no baseline of that name.

    Examples
    --------
    >>> from sk_bionic.baselines import make_baseline
    >>> make_baseline("ridge", search=False)[-1][-1]
    Ridge(alpha=100.0)
    """
    if name not in _REGRESSORS:
        raise ValueError(f"`name` must be one of {', '.join(_REGRESSORS)}. Got {name!r}.")
    regressor, grid = _REGRESSORS[name](random_state)
    model = Pipeline([("scaler", StandardScaler()), ("regressor", regressor)])
    if search:
        if isinstance(cv, int | np.integer):
            cv = TrialOrBlockKFold(cv, gap=max(lags), sampling_rate=sampling_rate)
        model = GridSearchCV(model, grid, cv=cv, scoring="neg_mean_squared_error")
    if name == "time_only":
        features = FunctionTransformer(_trial_time, kw_args={"sampling_rate": sampling_rate})
    else:
        features = _lagged_emg(lags, sampling_rate)
    return Pipeline([("features", features), ("regressor", model)])


def evaluate(estimator, X_train, y_train, X_test, y_test):
    """Fit on one part, predict another, and measure errors and times.

    Parameters
    ----------
    estimator : estimator
        Any regressor of the joint angle; it is fitted in place, so its predictions remain at hand.
    X_train, X_test : DataFrame or array-like of shape (n_frames, n_columns)
        EMG envelopes and exogenous columns.
    y_train, y_test : Series or array-like of shape (n_frames,) or (n_frames, n_angles)
        Joint angle [rad].

    Returns
    -------
    dict
        "rmse_deg", root mean square error over all test frames (for several angles the mean of
        their errors) [deg]; "r2", coefficient of determination; "fit_seconds" and
        "predict_seconds", wall-clock times.
    """
    start = time.perf_counter()
    estimator.fit(X_train, y_train)
    fitted = time.perf_counter()
    y_pred = estimator.predict(X_test)
    predicted = time.perf_counter()
    return {
        "rmse_deg": float(np.rad2deg(root_mean_squared_error(y_test, y_pred))),
        "r2": float(r2_score(y_test, y_pred)),
        "fit_seconds": fitted - start,
        "predict_seconds": predicted - fitted,
    }
