"""Tables of identified parameters, as users read them."""

import numpy as np
import pandas as pd

from ..musculoskeletal.prior import FreeParameters
from .identifiability import label

AT_BOUND = 0.01  # of the distance between the bounds


def parameter_frame(model, covariance=None, findings=()):
    """One row per free parameter.

    Parameters
    ----------
    model : MusculoskeletalModel
        Identified model.
    covariance : ndarray (n_free, n_free), optional
        Posterior covariance of the free values; None leaves standard errors unknown, and nothing is called
        identifiable: joint training (``prediction="network"``) has no posterior.
    findings : sequence of Finding
        What the recording leaves open.

    Returns
    -------
    DataFrame
        Columns muscle (or coordinate), name, unit, initial (the prior's centre), value, std_err, lower, upper,
        at_bound, identifiable, prior_std, reason; SI units. `reason` says in words why a value is not to be relied on,
        and is empty where it is. `attrs["synthesized_muscles"]` names muscles without EMG of their own, where there are
        any.
    """
    table = model.parameters
    frame = table.to_frame().iloc[table.free_index].reset_index(drop=True)
    frame["std_err"] = np.full(len(frame), np.nan) if covariance is None else np.sqrt(np.diag(covariance))
    frame["prior_std"] = FreeParameters(table).prior_std()
    margin = AT_BOUND * (frame["upper"] - frame["lower"])
    frame["at_bound"] = (frame["value"] < frame["lower"] + margin) | (frame["value"] > frame["upper"] - margin)
    reasons = _reasons(table.free_index, findings, known=covariance is not None)
    frame["identifiable"] = [not reason for reason in reasons]
    frame["reason"] = [_joined(r, b) for r, b in zip(reasons, frame["at_bound"], strict=True)]
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
        "reason",
    ]
    return flagged(frame[columns], model)


def _reasons(rows, findings, known):
    """What is left open about each row of the table, in words; a list of lists."""
    if not known:
        return [["no standard error: trained jointly, not identified"] for _ in rows]
    return [[str(finding) for finding in findings if int(row) in finding.rows] for row in rows]


def _joined(reasons, at_bound):
    return "; ".join([*reasons, *["at its bound"] * bool(at_bound)])


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
        return pd.DataFrame(np.nan, index=labels, columns=labels)
    std = np.sqrt(np.diag(covariance))
    product = np.outer(std, std)  # 0 where a parameter cannot move
    known = np.isfinite(product) & (product > 0)
    values = np.divide(covariance, product, where=known, out=np.full(product.shape, np.nan))
    return pd.DataFrame(values, index=labels, columns=labels)


def trial_gain_frame(identification, model):
    """EMG gain of each training trial, DataFrame with a row per trial and a column per muscle; None without any."""
    if identification is None:
        return None
    names = pd.Index(identification.trial_names, name="trial")
    return pd.DataFrame(identification.trial_gain, index=names, columns=list(model.muscle_names))
