"""Angles that are given instead of solved for: their motion between the frames."""

from math import factorial

import numpy as np
import torch
from scipy.interpolate import make_interp_spline

DEGREE = 5  # continuous accelerations, and the fourth order of the collocation kept


class PrescribedMotion:
    """Spline through the given samples of one angle, trial by trial.

    Parameters
    ----------
    grid : CollocationGrid
    angle : ndarray (n_frames,)
        Angle [rad] at every frame. It is interpolated, not smoothed: its second derivative is only as good as the
        samples.
    """

    def __init__(self, grid, angle):
        self.grid = grid
        time = grid.trials.time
        self.splines = [
            make_interp_spline(time[rows], angle[rows], k=min(DEGREE, 2 * ((rows.stop - rows.start) // 2) - 1))
            for rows in grid.trials.slices
        ]

    def at(self, points):
        """Angle [rad], velocity [rad/s] and acceleration [rad/s^2] at `points`, Tensor (n_points, 3)."""
        left = self.grid.left[points.interval]
        time = self.grid.trials.time[left] + points.fraction * self.grid.step[points.interval]
        trial = self.grid.trials.trial_of_frame[left]
        out = np.empty((len(time), 3))
        for k, spline in enumerate(self.splines):
            mine = trial == k
            for derivative in range(3):
                out[mine, derivative] = spline(time[mine], nu=derivative) if derivative <= spline.k else 0.0
        return torch.from_numpy(out)

    def coefficients(self):
        """Taylor coefficients of the angle in the interval behind every frame, ndarray (n_frames, 6)."""
        time, out = self.grid.trials.time, np.zeros((self.grid.n_frames, DEGREE + 1))
        for rows, spline in zip(self.grid.trials.slices, self.splines, strict=True):
            for k in range(spline.k + 1):
                out[rows, k] = spline(time[rows], nu=k) / factorial(k)
        return out
