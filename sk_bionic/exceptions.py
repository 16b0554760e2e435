"""Warnings and errors of the package's own, and the line of the user's that a warning points at."""

import sys
import warnings

from sklearn.exceptions import ConvergenceWarning

LINE = 160  # characters of a line of a warning, which a person shall read


class SimulationError(RuntimeError):
    """Newton's method found no trajectory; the message names the trial and the last residual."""


class IdentifiabilityWarning(UserWarning):
    """The recording leaves parameters, or a combination of them, to the prior.

    The message names them and what would help.
    """


class PlausibilityWarning(UserWarning):
    """A fit that can hardly be right: what is odd about it, and what would explain the recording instead.

    The estimator's `findings_` has all that was found.

    Parameters
    ----------
    message : str
        Two lines, in terms of X, y and the estimator.
    plain_message : str, optional
        The same for people who have files and a configuration.
    """

    def __init__(self, message, plain_message=None):
        super().__init__(message)
        self.plain_message = message if plain_message is None else plain_message


class InterruptedWarning(ConvergenceWarning):
    """An interrupt (Ctrl-C) has ended a fit before its time; the estimator is usable.

    The message, and the estimator's `interrupted_`, say what was cut short and what predicts instead.
    """


# Whose lines are no user's: a warning that points at them says nothing.
PACKAGES = frozenset({"sk_bionic", "sklearn"})


def warn_user(message, category=UserWarning):
    """Warn at the line that called this package, however deep inside of it the reason was found.

    Parameters
    ----------
    message : str or Warning
    category : type, default=UserWarning
    """
    level, frame = 1, sys._getframe(0)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in PACKAGES:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


__all__ = ["IdentifiabilityWarning", "InterruptedWarning", "PlausibilityWarning", "SimulationError"]


def fitting_in(parts, room):
    """As many parts as there is room for, at least one, and the number of the others."""
    for n in range(len(parts), 0, -1):
        more = f"; and {len(parts) - n} more" if n < len(parts) else ""
        text = "; ".join(parts[:n]) + more
        if len(text) <= room:
            return text
    return f"{parts[0][: room - 3]}..."
