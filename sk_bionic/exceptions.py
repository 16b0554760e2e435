"""Warnings and errors of the package's own."""

from .dynamics.errors import SimulationError


class IdentifiabilityWarning(UserWarning):
    """The recording leaves parameters, or a combination of them, to the prior.

    The message names them and what would help.
    """


__all__ = ["IdentifiabilityWarning", "SimulationError"]
