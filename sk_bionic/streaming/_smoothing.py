"""The low-pass of predicted angles as a stream can have it."""

import numpy as np

from ..trials.filters import NYQUIST_MARGIN
from .compiled.kalman import low_pass

# A filter that runs both ways may cut at the frequency that held-out errors ask for; one that has only the past turns
# too late at that. So much later frames must be waited for, as a part of the period at the cut-off: with less, the
# cut-off is raised. On 19 records of ten men (all of them in view) the angle of a stream at its own cut-off erred 1.42
# times as much as the zero-lag prediction, at 8 Hz 1.24 times; 0.1 s later 1.22 and 1.19 (at 1.6 Hz), 0.2 s later 1.16.
WAITED_PERIODS, SHORTEST_WAIT = 0.16, 0.02  # s


def cutoff_after(lag, cutoff):
    """The cut-off frequency [Hz] that a stream can afford in place of the zero-lag filter's, `lag` seconds late."""
    return max(cutoff, WAITED_PERIODS / max(lag, SHORTEST_WAIT))


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
