"""The arrays of one limb in a stream."""

import numpy as np

from ..dynamics.compiled.excitation import Record
from ..dynamics.compiled.instant import new_instant
from ..dynamics.compiled.interval import new_interval
from ..musculoskeletal.compiled.layout import DELAY
from .compiled.limb import Frame, Told, Window

REACH = 8  # frames of the window beyond the longest delay: so many the spline forgets what lies behind
FEWEST = 4


class Limb:
    """A model at the newest frame of a stream.

    Parameters
    ----------
    model : MusculoskeletalModel
    step : float
        Usual time between frames [s].
    rows : ndarray of int
        Rows of the table of parameters with respect to which derivatives are wanted.
    n_further : int
        Further columns of the sensitivity: what the state at the start, or at the frame before, makes of it.
    delay : float
        Of the session, beside the muscles' own [s].
    """

    def __init__(self, model, step, rows=(), n_further=0, delay=0.0):
        compiled = model.compiled
        self.body = compiled.body(np.ascontiguousarray(model.parameters.value))
        self.body.muscle[:, DELAY] = np.maximum(self.body.muscle[:, DELAY] + delay, 0.0)
        self.columns = compiled.columns_of(rows)
        d, m, n = model.n_coordinates, model.n_muscles, model.n_coordinates + compiled.n_tendons
        p, k = len(rows), len(rows) + n_further
        length = int(np.ceil(self.body.muscle[:, DELAY].max(initial=0.0) / step)) + REACH
        n_given = len(model.prescribed_names)
        record = Record(
            np.zeros(length), np.zeros((length, m, 2)), np.ones((1, m)), np.zeros((length, 3)),
            np.zeros((length, n_given, 6)),
        )  # fmt: skip
        self.window = Window(
            record, np.array([0, length]), np.empty(length), np.zeros((length, 2, n)), np.zeros((2, 2 * n, k)),
            np.zeros(3),
        )  # fmt: skip
        self.frame = Frame(np.zeros(1), np.zeros(m), np.array([0.0, 0.0, np.nan]), np.zeros(n_given))
        self.told = Told(
            np.zeros((1, m)), np.zeros((1, m)), np.zeros((1, m, 2 * d + 1)), np.zeros((1, m, p)), np.zeros((m + d, k)),
            np.zeros(d),
        )  # fmt: skip
        self.at, self.interval = new_instant(self.body), new_interval(self.body, p, k)

    @property
    def arrays(self):
        """All that changes from frame to frame, list of ndarray."""
        record = self.window.record
        changing = [record.time, record.emg, record.external, record.given, *self.window[2:], *self.frame, *self.told]
        return [*changing, *self.at, *self.interval]

    def copy_from(self, other):
        """Go on from where another limb of the same model is."""
        for mine, its in zip(self.arrays, other.arrays, strict=True):
            mine[...] = its
