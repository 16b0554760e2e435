"""For a few hours: the former names of `equation` and `trajectory`."""

from .equation import EquationOfMotion as Motion  # noqa: F401
from .trajectory import Trajectory  # noqa: F401
