"""The low-pass of predicted angles as a stream can have it."""

import numpy as np

from ..trials.filters import NYQUIST_MARGIN
from .compiled.kalman import low_pass


class LowPass:
    """Recursive form of the zero-lag low-pass (see `compiled.kalman`).

    Parameters
    ----------
    n_coordinates : int
    cutoff : float
        Of the zero-lag filter [Hz]; infinity: none.
    step : float
        Usual time between frames [s].
    lag : float
        For which the angle may wait [s].
    """

    def __init__(self, n_coordinates, cutoff, step, lag):
        self.n_lag = int(round(lag / step))
        self.lag = self.n_lag * step
        self.cutoff = 2.0 * np.pi * min(cutoff, 0.5 * NYQUIST_MARGIN / step)
        self.memory = np.zeros((n_coordinates, self.n_lag + 2, 11))
        self.out = np.zeros((n_coordinates, 2))

    def push(self, angle, dt, fresh):
        """Angles and velocities (n_coordinates, 2) of `lag` seconds ago, after the newest angles (n_coordinates,)."""
        for r, memory in enumerate(self.memory):
            low_pass(angle[r], dt, fresh, self.cutoff, memory, self.n_lag, self.out[r])
        return self.out

    def copy_from(self, other):
        """Go on from where another one is."""
        self.memory[:] = other.memory
