"""Tables of identified parameters, as users read them."""

import numpy as np
import pandas as pd

from ..musculoskeletal.prior import FreeParameters
from .identifiability import is_combination, label

AT_BOUND = 0.01  # of the distance between the bounds
NO_ERROR = "no standard error: trained jointly, not identified"
FAR_FROM_CENTRE = (
    "std_err exceeds prior_std, since the value is {factor:.1f} times the prior's centre: relative to the value it is "
    "narrower"
)


def parameter_frame(model, covariance=None, findings=(), given_fixed=None):
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
    given_fixed : ndarray (n_free, n_free), optional
        Covariance of the free values, were the parameters that are not free known; default: `covariance`.

    Returns
    -------
    DataFrame
        Columns muscle (or coordinate), name, unit, initial (the prior's centre), value, std_err, lower, upper,
        at_bound, identifiable, prior_std, narrowing, reason; SI units. `narrowing` is what the recording has made of
        the prior's standard deviation, over that, on the prior's scale: 1 where it tells nothing. `identifiable`: it
        tells a tenth at least, and `std_err` is not wider than the prior on that scale. `reason` says in words why a
        value is not to be relied on, or not by itself, and is empty where it is. `shared_with` names the muscles that
        have the same value as one unknown. `attrs["synthesized_muscles"]` names muscles without EMG of their own,
        where there are any.
    """
    table, known = model.parameters, covariance is not None
    shown, free = table.free_index, FreeParameters(table)
    frame = table.to_frame(shown)
    frame["shared_with"] = [_sharing(table.rows, int(i)) for i in shown]
    frame["prior_std"], frame["narrowing"], frame["std_err"] = free.prior_std(), np.nan, np.nan
    if known:
        frame["std_err"] = np.sqrt(np.diag(covariance))
        frame["narrowing"] = free.narrowing(covariance if given_fixed is None else given_fixed)
    margin = AT_BOUND * (frame["upper"] - frame["lower"])
    frame["at_bound"] = (frame["value"] < frame["lower"] + margin) | (frame["value"] > frame["upper"] - margin)
    of_rows = [[finding for finding in findings if int(row) in finding.rows] for row in shown]
    frame["identifiable"] = np.array([known and all(map(is_combination, own)) for own in of_rows], dtype=bool)
    frame["reason"] = [
        "; ".join(_reasons(row, map(str, own) if known else [NO_ERROR]))
        for row, own in zip(frame.itertuples(), of_rows, strict=True)
    ]
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
        "shared_with",
        "reason",
    ]
    return flagged(frame[columns], model)


def _reasons(row, left_open):
    """Why a row's value is not to be relied on, or not by itself, in words."""
    yield from left_open
    if row.identifiable and row.std_err > row.prior_std:
        yield FAR_FROM_CENTRE.format(factor=row.value / row.initial)
    if row.at_bound:
        yield "at its bound"


def _sharing(rows, i):
    """Names of the others that share row `i`'s value."""
    mine = rows[i]
    others = [r.owner for r in rows if r.free and r.group == mine.group and r.owner != mine.owner]
    return "+".join(others) if mine.group else ""


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
