"""What is odd about a fit, in words that a person reads: one warning a fit, or one for all fits of a cohort."""

from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import pandas as pd

from ..exceptions import PlausibilityWarning, warn_user

N_NAMED = 2  # suspicions that a warning spells out


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


def ordered(suspicions):
    """The suspicions, most telling first."""
    return sorted(suspicions, key=lambda s: KINDS.index(s.kind))


def suspicion_frame(suspicions):
    """DataFrame with a row for each suspicion: kind, what, value, unit, meaning, advice."""
    return pd.DataFrame([s[:6] for s in suspicions], columns=list(Suspicion._fields[:6]))


def message(suspicions, plain=False, where="`findings_`"):
    """Two lines on the most telling suspicions: what was seen, and what to try."""
    named = suspicions[:N_NAMED]
    seen = " ".join(s.meaning for s in named)
    advice = " ".join(dict.fromkeys(s.plain_advice if plain else s.advice for s in named))
    more = len(suspicions) - len(named)
    rest = f" ({where} has {more} more)" if more and not plain else f" ({more} more)" if more else ""
    return f"This fit may be wrong: {seen}\n{advice}{rest}"


_SILENT = ContextVar("silent", default=False)


@contextmanager
def collected():
    """Fits in this context say nothing: whoever opened it asks their `findings_` and tells of them all at once."""
    token = _SILENT.set(True)
    try:
        yield
    finally:
        _SILENT.reset(token)


def tell(suspicions, where="`findings_`"):
    """One warning of all suspicions; none where there are none."""
    if suspicions and not _SILENT.get():
        warning = PlausibilityWarning(message(suspicions, where=where), message(suspicions, plain=True))
        warn_user(warning)
