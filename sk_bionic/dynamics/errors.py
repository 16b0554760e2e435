"""The error of the solvers."""


class SimulationError(RuntimeError):
    """Newton's method found no trajectory; the message names the trial and the last residual."""
