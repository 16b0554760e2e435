"""What displays ask of estimators: angles, bands, time."""

import inspect

import pandas as pd


def predicted_angles(estimator, X):
    """Predicted angles [rad], their standard deviation or None, and keyword arguments that tell the time.

    An estimator whose `predict` knows no `return_std`, or has none in its mode, gives no band.
    """
    time = times_of(estimator, X)
    if "return_std" in inspect.signature(estimator.predict).parameters:
        try:
            return *estimator.predict(X, return_std=True), time
        except ValueError:  # "network", for one, has no standard deviation; other faults of X come up below
            pass
    return estimator.predict(X), None, time


def times_of(estimator, X):
    """Keyword arguments of `timed` that tell the time of X's frames."""
    if isinstance(X, pd.DataFrame) and "time" in X.index.names:
        return {"like": X}
    return {"sampling_rate": getattr(estimator, "sampling_rate", None)}
