"""Errors of learners that stay with a posture: what a few measured angles say about frames that nobody measured.

In one session the learners' error tends to come back when the limb comes back to a posture, and tells nothing reliable
about postures far from it. Hence a Gaussian process over the predicted angle (Rasmussen and Williams 2006, Gaussian
Processes for Machine Learning, MIT Press, section 2.2), with errors beside it that pass in time.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_solve

# Shares and lengths were chosen, with the priors of `session`, among about a dozen settings by protocol D of
# benchmarks/recorded_emg.py: a second at rest known takes 5 % off the error of the whole record on twelve men's knees.
# That very score was in view, so expect somewhat less on others.
LASTING = 0.5  # share of the error's variance that stays with the posture; the rest passes
POSTURE_LENGTH = np.deg2rad(12.0)  # of the process [rad]
CORRELATION_TIME = 1.0  # s over which passing errors are one and the same
SHORTEST_STEP, MOST_FRAMES = 0.05, 400  # s between frames that are looked at, and their number
BETWEEN_TRIALS = 1e6  # s
JITTER = 1e-6


class PostureErrors(NamedTuple):
    """Posterior mean of the process.

    Attributes
    ----------
    angle : tuple of ndarray (n_measured,)
        Of each coordinate, the predicted angles [rad] of frames that are known.
    weight : tuple of ndarray (n_measured,)
        Of the process's correlation with each of them [rad].
    """

    angle: tuple
    weight: tuple

    def at(self, angle):
        """Measured minus predicted angle (n_frames, n_coordinates) [rad] to expect where `angle` is predicted."""
        parts = zip(angle.T, self.angle, self.weight, strict=True)
        return np.stack([_alike(new, known) @ weight for new, known, weight in parts], axis=1)

    @classmethod
    def learnt(cls, predicted, measured, trials):
        """From predicted and measured angles (n_frames, n_coordinates) [rad], the latter NaN where unknown."""
        angles, weights = [], []
        for k, rows in enumerate(measured_frames(measured, trials)):
            angle = predicted[rows, k]
            factor = factor_of_errors(angle, time_of(trials)[rows])
            angles.append(angle)
            weights.append(LASTING * cho_solve((factor, True), measured[rows, k] - angle))
        return cls(tuple(angles), tuple(weights))


def factor_of_errors(angle, time):
    """Lower Cholesky factor (n_frames, n_frames) of the correlation of the learners' errors at one coordinate.

    `angle` (n_frames,) [rad] is what they predict, `time` (n_frames,) [s] as of `time_of`.
    """
    passing = np.exp(-np.abs(time[:, None] - time) / CORRELATION_TIME)
    correlation = LASTING * _alike(angle, angle) + (1.0 - LASTING) * passing
    return np.linalg.cholesky(correlation + JITTER * np.eye(len(time)))


def measured_frames(measured, trials):
    """Of each coordinate, the rows of known angles (ndarray of int), no closer than the errors can tell apart."""
    out = []
    for known in np.isfinite(measured).T:
        rows = np.flatnonzero(known)
        step = max(1, int(SHORTEST_STEP * trials.sampling_rate), -(-len(rows) // MOST_FRAMES))
        out.append(rows[::step])
    return out


def time_of(trials):
    """Time (n_frames,) [s] in which errors pass: trials lie far apart."""
    return trials.time + BETWEEN_TRIALS * trials.trial_of_frame


def _alike(a, b):
    """Correlation (n_a, n_b) of the lasting errors at postures a and b."""
    return np.exp(-0.5 * ((a[:, None] - b) / POSTURE_LENGTH) ** 2)
