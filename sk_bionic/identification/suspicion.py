"""What is odd about a fit, in words that a person reads."""

from typing import NamedTuple

import pandas as pd


class Suspicion(NamedTuple):
    """One thing that makes a fit implausible.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    what : str
        Channel, muscle or coordinate concerned; empty where it is the whole recording.
    value : float
        Its size in `unit`.
    unit : str
    meaning : str
        What was seen.
    advice : str
        What to try, in terms of X, y and the estimator.
    plain_advice : str
        What to try, for people who have files and a configuration.
    """

    kind: str
    what: str
    value: float
    unit: str
    meaning: str
    advice: str
    plain_advice: str


#: Kinds of suspicions, most telling first.
KINDS = (
    "angle_unit",
    "wrapped",
    "moment_unit",
    "moment_sign",
    "sign",
    "trial_sign",
    "zero",
    "swapped",
    "lag",
    "amplitude",
    "resting_level",
    "quiet",
    "dropout",
    "rate",
    "posture",
    "mass",
    "strength",
    "force",
    "coverage",
    "range",
    "unexplained",
)


#: Kinds that leave nothing to look for until they are mended.
CONCLUSIVE = ("angle_unit", "wrapped", "rate", "quiet")


def suspicion_frame(suspicions):
    """DataFrame with a row for each suspicion: kind, what, value, unit, meaning, advice."""
    return pd.DataFrame([s[:6] for s in suspicions], columns=list(Suspicion._fields[:6]))
