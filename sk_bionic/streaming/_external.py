"""Loads, torques and postures that come with the frames."""

import numpy as np

from ..predictors.seen_inputs import ANGLE_MARGIN, MARGIN, SMALLEST_MARGIN
from ._frame import StreamFlag

EXTERNAL = ("hand_load_kg", "external_torque_nm", "segment_orientation_rad")
MISSING, UNSEEN = int(StreamFlag.MISSING), int(StreamFlag.UNSEEN)


class ExternalInputs:
    """What of a frame is no EMG.

    Parameters
    ----------
    columns : dict of int
        Columns of the frames by name of the input.
    prescribed_names : sequence of str
        Coordinates whose angles are given.
    seen : SeenInputs or None
        What the training's inputs were like.

    Attributes
    ----------
    external : ndarray (3,)
        Load [kg], couple [N m], orientation [rad] or NaN.
    prescribed : ndarray (n_prescribed,)
        In rad.
    exogenous : ndarray (n_exogenous,)
        All of them, in the order of `columns`.
    """

    def __init__(self, columns, prescribed_names, seen):
        self.names, self.columns = tuple(columns), np.array(list(columns.values()), dtype=np.int64)
        self.external, self.prescribed = np.array([0.0, 0.0, np.nan]), np.zeros(len(prescribed_names))
        self.exogenous = np.zeros(len(columns))
        self._of_external = [(k, columns[name]) for k, name in enumerate(EXTERNAL) if name in columns]
        self._of_prescribed = [(k, columns[name]) for k, name in enumerate(prescribed_names)]
        self._ranges = {} if seen is None else _ranges(seen, columns)

    @property
    def arrays(self):
        """What a core is given of a frame."""
        return self.external, self.prescribed, self.exogenous

    def read(self, values):
        """Take the inputs of a frame, the last known one where one is missing; flags."""
        flags = 0
        for k, column in self._of_external:
            flags |= self._take(values, column, self.external, k)
        for k, column in self._of_prescribed:
            flags |= self._take(values, column, self.prescribed, k)
        if len(self.columns):
            self.exogenous[:] = values[self.columns]
        return flags

    def _take(self, values, column, target, k):
        value = values[column]
        if not np.isfinite(value):
            values[column] = target[k] if np.isfinite(target[k]) else 0.0
            return MISSING
        target[k] = value
        low, high = self._ranges.get(column, (-np.inf, np.inf))
        return 0 if low <= value <= high else UNSEEN


def _ranges(seen, columns):
    """Range of each external input in training with a margin, by column."""
    found = {}
    for name, (low, high) in seen.ranges.items():
        if name in columns:
            margin = max(MARGIN * (high - low), SMALLEST_MARGIN.get(name, ANGLE_MARGIN))
            found[columns[name]] = low - margin, high + margin
    return found
