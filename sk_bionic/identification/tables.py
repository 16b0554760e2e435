"""Tables of identified parameters, as users read them."""

import numpy as np
import pandas as pd

from ..musculoskeletal.prior import FreeParameters
from .identifiability import label

AT_BOUND = 0.01  # of the distance between the bounds


def parameter_frame(model, covariance=None, findings=(), given_fixed=None):
    """One row per free parameter, and per parameter that a recording leaves to its prior.

    Parameters
    ----------
    model : MusculoskeletalModel
        Identified model.
    covariance : ndarray (n_free, n_free), optional
        Posterior covariance of the free values; None leaves standard errors unknown, and nothing is called
        identifiable: joint training (``prediction="network"``) has no posterior.
    findings : sequence of Finding
        What the recording leaves open.
    given_fixed : ndarray (n_free, n_free), optional
        Covariance of the free values, were the parameters that are not free known; default: `covariance`.

    Returns
    -------
    DataFrame
        Columns muscle (or coordinate), name, unit, initial (the prior's centre), value, std_err, lower, upper,
        at_bound, identifiable, prior_std, narrowing, reason; SI units. `narrowing` is what the recording has made of
        the prior's standard deviation, over that, on the prior's scale: 1 where it tells nothing. `reason` says in
        words why a value is not to be relied on, and is empty where it is. `attrs["synthesized_muscles"]` names
        muscles without EMG of their own, where there are any.
    """
    table = model.parameters
    left = {row for finding in findings for row in finding.rows} - set(table.free_index.tolist())
    shown = np.array(sorted({*table.free_index.tolist(), *left}), dtype=int)
    frame = table.to_frame(shown)
    known = FreeParameters(table.freeing(shown))
    frame["prior_std"], frame["narrowing"], frame["std_err"] = known.prior_std(), 1.0, np.nan
    if covariance is not None:
        free, own = FreeParameters(table), np.isin(shown, table.free_index)
        frame["std_err"] = frame["prior_std"]  # of those that stay at their prior
        frame.loc[own, "std_err"] = np.sqrt(np.diag(covariance))
        frame.loc[own, "narrowing"] = free.narrowing(covariance if given_fixed is None else given_fixed)
    else:
        frame["narrowing"] = np.nan
    margin = AT_BOUND * (frame["upper"] - frame["lower"])
    frame["at_bound"] = (frame["value"] < frame["lower"] + margin) | (frame["value"] > frame["upper"] - margin)
    reasons = _reasons(shown, findings, known=covariance is not None)
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
        "narrowing",
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
