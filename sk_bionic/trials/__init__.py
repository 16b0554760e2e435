"""Frames and trials: which rows belong together, and when each was measured.

Samples are frames, so nothing in a 2-D array says where one trial ends and the next begins. Every operation in time
(filters, lags, derivatives) asks this module first.
"""

from ._recording import Recording
from ._trials import Trials, find_trials
from ._work_frames import CentralDifferences, lagged, shifted, thinned

__all__ = ["CentralDifferences", "Recording", "Trials", "find_trials", "lagged", "shifted", "thinned"]
