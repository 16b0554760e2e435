"""The arrays of one limb in a stream."""

import numpy as np

from ..dynamics.compiled.excitation import Record
from ..dynamics.compiled.interval import NEAREST, SOLVED, new_interval
from ..dynamics.compiled.march import march
from ..musculoskeletal.compiled.layout import DELAY
from ..musculoskeletal.compiled.model import new_instant
from .compiled.limb import Frame, Told, Window, enter, spread, tell

REACH = 8  # frames of the window beyond the longest delay: so many the spline forgets what lies behind


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
            np.zeros(length), np.zeros((length, m)), np.zeros((length, m)), np.ones((1, m)), np.zeros((length, 3)),
            np.zeros((length, n_given, 6)),
        )  # fmt: skip
        self.window = Window(
            record, np.array([0, length]), np.empty(length), np.zeros((length, 2, n)), np.zeros((2, 2 * n, k)),
            np.zeros(3),
        )  # fmt: skip
        self.frame = Frame(np.zeros(1), np.zeros(m), np.array([0.0, 0.0, np.nan]), np.zeros(n_given))
        self.told = Told(
            np.zeros((1, m)), np.zeros((1, m)), np.zeros((1, m, 2 * d + 1)), np.zeros((1, m, p)), np.zeros((m + d, k)),
            np.zeros(d), np.zeros((d, 2 * d)),
        )  # fmt: skip
        self.d, self.step, self.n_parameters = d, step, p
        self._whole, self._newest = (0, length), (length - 2, length - 1)
        self._none = np.empty((0, m))
        self.at, self.interval = new_instant(self.body), new_interval(self.body, p, k)

    def go(self, fresh, target=None, alone=False):
        """March to the frame that `take` was given; whether the interval was solved.

        Parameters
        ----------
        fresh : bool
            Begin at rest instead.
        target : ndarray (2, n_coordinates), optional
            Angles and velocities of the frame, where the motion is given: only the states of tendons and the
            activations are solved for.
        alone : bool
            Sensitivities are those to the state of the frame before.
        """
        window = self.window
        enter(window, self.frame, self.interval.near, fresh, self.step, alone)
        if not fresh:
            if target is not None:
                window.states[-1, :, : self.d] = target
            if self._march(self._newest, False, target is not None) == SOLVED:
                return True
            enter(window, self.frame, self.interval.near, True, self.step, alone)
        solved = self._march((0, 0), True, False) == SOLVED
        spread(window, self.d, self.n_parameters)
        if target is not None:
            window.states[-1, :, : self.d] = target
        return solved and fresh

    def _march(self, span, from_rest, held):
        window = self.window
        return march(
            self.body, window.record, self.columns, 0, self._whole, span, from_rest, held, self.at, self.interval,
            window.states, self._none, window.sensitivity, True, window.states[:0],
            False, NEAREST, window.report,
        )  # fmt: skip

    def tell(self, settled):
        """Forces and moments of the muscles at the newest frame, `Told` (see `compiled.limb.tell`)."""
        tell(self.body, self.columns, self.window, settled, self.at, self.interval, self.told, True)
        return self.told

    def take(self, time, excitation, external, prescribed):
        """Inputs of the newest frame."""
        frame = self.frame
        frame.time[0] = time
        frame.excitation[:], frame.external[:], frame.prescribed[:] = excitation, external, prescribed

    @property
    def arrays(self):
        """All that changes from frame to frame, list of ndarray."""
        record = self.window.record
        changing = [
            record.time,
            record.emg,
            record.bend,
            record.external,
            record.given,
            *self.window[2:],
            *self.frame,
            *self.told,
        ]
        return [*changing, *self.at, *self.interval]

    def copy_from(self, other):
        """Go on from where another limb of the same model is."""
        for mine, its in zip(self.arrays, other.arrays, strict=True):
            mine[...] = its
