"""Differences at the frames that never cross a trial's border.

Second order on an even grid; for signals that are given at frames, such as a network's output.
"""

import numpy as np


class CentralDifferences:
    """First and second derivative at the inner frames of every trial, second order on a uniform grid.

    Parameters
    ----------
    trials : Trials

    Attributes
    ----------
    inner : ndarray (n_inner,) of int
        Frames that have a neighbour on both sides within their trial.
    """

    def __init__(self, trials):
        left = np.asarray(trials.interval_starts)
        self.inner = left[1:][np.diff(left) == 1]
        before = trials.time[self.inner] - trials.time[self.inner - 1]
        after = trials.time[self.inner + 1] - trials.time[self.inner]
        # Derivatives of the parabola through three frames (Fornberg 1988, Math. Comp. 51, 699-706).
        self.first = np.stack(
            [
                -after / (before * (before + after)),
                (after - before) / (before * after),
                before / (after * (before + after)),
            ]
        )
        self.second = np.stack([2 / (before * (before + after)), -2 / (before * after), 2 / (after * (before + after))])

    def __call__(self, values):
        """Derivatives at the inner frames.

        Parameters
        ----------
        values : ndarray (n_frames, n_columns)

        Returns
        -------
        first, second : ndarray (n_inner, n_columns)
            In units of `values` per second and per second squared.
        """
        three = np.stack([values[self.inner - 1], values[self.inner], values[self.inner + 1]])
        return (self.first[..., None] * three).sum(axis=0), (self.second[..., None] * three).sum(axis=0)
