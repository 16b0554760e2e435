"""Error and time of an estimator on one split."""

import time

import numpy as np
from sklearn.metrics import r2_score, root_mean_squared_error


def evaluate(estimator, X_train, y_train, X_test, y_test):
    """Fit on one part, predict another, and measure errors and times.

    Parameters
    ----------
    estimator : estimator
        Any regressor of the joint angle; it is fitted in place, so its predictions remain at hand.
    X_train : DataFrame or array-like of shape (n_frames, n_columns)
        EMG envelopes and exogenous columns.
    y_train : Series or array-like of shape (n_frames,) or (n_frames, n_angles)
        Joint angle [rad].
    X_test, y_test : DataFrame, Series or array-like
        The same of the part to predict.

    Returns
    -------
    dict
        "rmse_deg", root mean square error over all test frames (for several angles the mean of
        their errors) [deg]; "r2", coefficient of determination; "fit_seconds" and
        "predict_seconds", wall-clock times.

    Examples
    --------
    >>> from sk_bionic.baselines import evaluate, make_baseline
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> X, y = make_elbow_flexion(n_trials=2, duration=2.0, random_state=0, return_X_y=True)
    >>> first = X.index.get_level_values("trial") == "trial_00"
    >>> ridge = make_baseline("ridge", search=False, low_pass=False)
    >>> sorted(evaluate(ridge, X[first], y[first], X[~first], y[~first]))
    ['fit_seconds', 'predict_seconds', 'r2', 'rmse_deg']
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
