"""Angles that are given instead of solved for: their motion between the frames."""

from math import factorial

import numpy as np
from scipy.interpolate import make_interp_spline

DEGREE = 5  # continuous accelerations, and the fourth order of the collocation kept


class PrescribedMotion:
    """Spline through the given samples of one angle, trial by trial.

    Parameters
    ----------
    trials : Trials
    angle : ndarray (n_frames,)
        Angle [rad] at every frame. It is interpolated, not smoothed: its second derivative is only as good as the
        samples.
    """

    def __init__(self, trials, angle):
        self.trials = trials
        self.splines = [
            make_interp_spline(trials.time[rows], angle[rows], k=min(DEGREE, 2 * ((rows.stop - rows.start) // 2) - 1))
            for rows in trials.slices
        ]

    def at_frames(self):
        """Angle [rad], velocity [rad/s] and acceleration [rad/s^2] at all frames, ndarray (n_frames, 3)."""
        return self.coefficients()[:, :3] * (1.0, 1.0, 2.0)

    def coefficients(self):
        """Taylor coefficients of the angle in the interval behind every frame, ndarray (n_frames, 6)."""
        time, out = self.trials.time, np.zeros((self.trials.n_frames, DEGREE + 1))
        for rows, spline in zip(self.trials.slices, self.splines, strict=True):
            for k in range(spline.k + 1):
                out[rows, k] = spline(time[rows], nu=k) / factorial(k)
        return out
