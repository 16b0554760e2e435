"""Tables of identified parameters, as users read them."""

import numpy as np
import pandas as pd

from .musculoskeletal.prior import FreeParameters

AT_BOUND = 0.01  # of the distance between the bounds
# A parameter whose posterior is nearly as wide as its prior has not been learnt from the data.
NOT_IDENTIFIED = 0.9


def parameter_frame(model, covariance=None):
    """One row per free parameter.

    Parameters
    ----------
    model : MusculoskeletalModel
        Identified model.
    covariance : ndarray (n_free, n_free), optional
        Posterior covariance of the free values; None leaves standard errors unknown.

    Returns
    -------
    DataFrame
        Columns muscle (or coordinate), name, unit, initial, value, std_err, lower, upper, at_bound, identifiable; SI units.
    """
    table = model.parameters
    frame = table.to_frame().iloc[table.free_index].reset_index(drop=True)
    unknown = np.full(len(frame), np.nan)
    frame["std_err"] = unknown if covariance is None else np.sqrt(np.diag(covariance))
    margin = AT_BOUND * (frame["upper"] - frame["lower"])
    frame["at_bound"] = (frame["value"] < frame["lower"] + margin) | (frame["value"] > frame["upper"] - margin)
    frame["identifiable"] = ~(frame["std_err"] > NOT_IDENTIFIED * FreeParameters(table).prior_std())
    columns = ["muscle", "name", "unit", "initial", "value", "std_err", "lower", "upper", "at_bound", "identifiable"]
    return frame[columns]


def correlation_frame(model, covariance):
    """Posterior correlation of the free parameters, DataFrame labelled "owner/name" on both axes."""
    rows = [model.parameters.rows[i] for i in model.parameters.free_index]
    labels = [f"{row.owner}/{row.name}" for row in rows]
    if covariance is None:
        covariance = np.full((len(rows), len(rows)), np.nan)
    std = np.sqrt(np.diag(covariance))
    return pd.DataFrame(covariance / np.outer(std, std), index=labels, columns=labels)
