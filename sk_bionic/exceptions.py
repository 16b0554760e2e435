"""Warnings and errors of the package's own."""

from sklearn.exceptions import ConvergenceWarning

from .dynamics.errors import SimulationError


class IdentifiabilityWarning(UserWarning):
    """The recording leaves parameters, or a combination of them, to the prior.

    The message names them and what would help.
    """


class InterruptedWarning(ConvergenceWarning):
    """An interrupt (Ctrl-C) has ended a fit before its time; the estimator is usable.

    The message, and the estimator's `interrupted_`, say what was cut short and what predicts instead.
    """


__all__ = ["IdentifiabilityWarning", "InterruptedWarning", "SimulationError"]
