"""Tables of identified parameters, as users read them."""

import numpy as np
import pandas as pd

from .dynamics.identifiability import label
from .musculoskeletal.prior import FreeParameters

AT_BOUND = 0.01  # of the distance between the bounds


def parameter_frame(model, covariance=None, findings=()):
    """One row per free parameter.

    Parameters
    ----------
    model : MusculoskeletalModel
        Identified model.
    covariance : ndarray (n_free, n_free), optional
        Posterior covariance of the free values; None leaves standard errors unknown.
    findings : sequence of Finding
        What the recording leaves open.

    Returns
    -------
    DataFrame
        Columns muscle (or coordinate), name, unit, initial (the prior's centre), value, std_err, lower, upper,
        at_bound, identifiable, prior_std; SI units. `attrs["synthesized_muscles"]` names muscles without EMG of their
        own, where there are any.
    """
    table = model.parameters
    frame = table.to_frame().iloc[table.free_index].reset_index(drop=True)
    frame["std_err"] = np.full(len(frame), np.nan) if covariance is None else np.sqrt(np.diag(covariance))
    frame["prior_std"] = FreeParameters(table).prior_std()
    margin = AT_BOUND * (frame["upper"] - frame["lower"])
    frame["at_bound"] = (frame["value"] < frame["lower"] + margin) | (frame["value"] > frame["upper"] - margin)
    left_open = {row for finding in findings for row in finding.rows}
    frame["identifiable"] = [int(row) not in left_open for row in table.free_index]
    columns = [
        "muscle",
        "name",
        "unit",
        "initial",
        "value",
        "std_err",
        "lower",
        "upper",
        "at_bound",
        "identifiable",
        "prior_std",
    ]
    return flagged(frame[columns], model)


def flagged(frame, model):
    """The frame with the muscles that have no EMG of their own in its `attrs`."""
    if model.synthesized_muscles:
        frame.attrs["synthesized_muscles"] = list(model.synthesized_muscles)
    return frame


def correlation_frame(model, covariance):
    """Posterior correlation of the free parameters, DataFrame labelled "owner/name" on both axes.

    NaN without a covariance.
    """
    labels = [label(model.parameters.rows[i]) for i in model.parameters.free_index]
    if covariance is None:
        covariance = np.full((len(labels), len(labels)), np.nan)
    std = np.sqrt(np.diag(covariance))
    return pd.DataFrame(covariance / np.outer(std, std), index=labels, columns=labels)


def trial_gain_frame(identification, model):
    """EMG gain of each training trial, DataFrame with a row per trial and a column per muscle; None without any."""
    if identification is None:
        return None
    names = pd.Index(identification.trial_names, name="trial")
    return pd.DataFrame(identification.trial_gain, index=names, columns=list(model.muscle_names))
