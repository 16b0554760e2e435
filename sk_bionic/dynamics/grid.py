"""Frames as a grid: differences that never cross a trial's border, and collocation points between frames.

Two discretisations serve the one residual. Central differences at the frames themselves (second order) suit signals
that are given at frames, such as a network's output. For solving, the angle is a cubic Hermite piece between frames
and the equation holds at the two Gauss points of each interval: fourth order at the frames (de Boor and Swartz 1973,
SIAM J. Numer. Anal. 10(4), 582-606), for any spacing.
"""

from typing import NamedTuple

import numpy as np
import torch

GAUSS_POINTS = (0.5 - np.sqrt(3.0) / 6.0, 0.5 + np.sqrt(3.0) / 6.0)


def hermite_weights(fraction, step):
    """Weights of (value left, slope left, value right, slope right) in a cubic Hermite piece.

    Parameters
    ----------
    fraction : ndarray (n_points,)
        Position in the interval, 0 to 1.
    step : ndarray (n_points,)
        Length of the interval [s].

    Returns
    -------
    ndarray (3, n_points, 4)
        Weights for the value and its first and second derivative.
    """
    c, h = fraction, step
    value = [2 * c**3 - 3 * c**2 + 1, (c**3 - 2 * c**2 + c) * h, -2 * c**3 + 3 * c**2, (c**3 - c**2) * h]
    first = [(6 * c**2 - 6 * c) / h, 3 * c**2 - 4 * c + 1, (-6 * c**2 + 6 * c) / h, 3 * c**2 - 2 * c]
    second = [(12 * c - 6) / h**2, (6 * c - 4) / h, (-12 * c + 6) / h**2, (6 * c - 2) / h]
    return np.stack([np.stack(row, axis=-1) for row in (value, first, second)])


def parabola_weights(fraction, step):
    """Weights of (value left, nothing, value right, slope right) in a parabola, laid out as `hermite_weights`.

    Parameters
    ----------
    fraction : ndarray (n_points,)
        Position in the interval, 0 to 1.
    step : ndarray (n_points,)
        Length of the interval [s].

    Returns
    -------
    ndarray (3, n_points, 4)
        Weights for the value and its first and second derivative.
    """
    c, h, zero = fraction, step, np.zeros(len(fraction))
    value = [(1 - c) ** 2, zero, 2 * c - c**2, (c**2 - c) * h]
    first = [2 * (c - 1) / h, zero, 2 * (1 - c) / h, 2 * c - 1]
    second = [2 / h**2, zero, -2 / h**2, 2 / h]
    return np.stack([np.stack(np.broadcast_arrays(*row), axis=-1) for row in (value, first, second)])


class Points(NamedTuple):
    """Places between frames.

    `interval` (n_points,) indexes the intervals, `fraction` (n_points,) the position in them.
    """

    interval: np.ndarray
    fraction: np.ndarray


class CollocationGrid:
    """Intervals, Gauss points and trial starts of a set of trials.

    Parameters
    ----------
    trials : Trials

    Attributes
    ----------
    left : ndarray (n_intervals,) of int
        Frame at the left end of each interval; the right end is the next frame.
    step : ndarray (n_intervals,)
        Lengths of the intervals [s].
    gauss : Points (2 n_intervals,)
        Both Gauss points of every interval, in order of time.
    starts : Points (n_trials,)
        The first frame of every trial.
    frames : Points (n_frames,)
        Every frame.

    Raises
    ------
    ValueError
        When a trial has fewer than two frames.
    """

    def __init__(self, trials):
        short = [str(n) for n, length in zip(trials.names, trials.lengths, strict=True) if length < 2]
        if short:
            raise ValueError(f"A trial needs at least 2 frames to have dynamics. Trials with one frame: {short}.")
        self.trials = trials
        self.left = np.asarray(trials.interval_starts)
        self.step = np.diff(trials.time)[self.left]
        n = len(self.left)
        self.gauss = Points(np.repeat(np.arange(n), 2), np.tile(GAUSS_POINTS, n))
        first = np.searchsorted(self.left, trials.starts[:-1])
        self.starts = Points(first, np.zeros(len(first)))
        last = np.zeros(trials.n_frames)
        last[trials.starts[1:] - 1] = 1.0  # a trial's last frame is the right end of its last interval
        frame = np.arange(trials.n_frames) - last.astype(int)
        self.frames = Points(np.searchsorted(self.left, frame), last)

    @property
    def n_frames(self):
        """Number of frames of all trials."""
        return len(self.trials.time)

    def weights(self, points):
        """Hermite weights (3, n_points, 4) at `points`."""
        return hermite_weights(points.fraction, self.step[points.interval])

    def state_weights(self, points, n_coordinates, n_tendon_states):
        """Weights (3, n_points, 4, n_states) of every state: cubic Hermite pieces for coordinates, which have second
        derivatives, parabolas for tendons, which have first ones; (3, n_points, 4, 1) without tendons.

        Collocation at the same two Gauss points is of fourth order at the frames for both (Ascher, Christiansen and
        Russell 1979, Math. Comp. 33, 659-679).
        """
        motion = self.weights(points)[..., None]
        if not n_tendon_states:
            return motion
        tendon = parabola_weights(points.fraction, self.step[points.interval])[..., None]
        return np.concatenate([motion.repeat(n_coordinates, axis=3), tendon.repeat(n_tendon_states, axis=3)], axis=3)

    def ends(self, values, points):
        """Values at the left and right frames of the points' intervals, each (n_points, ...)."""
        left = self.left[points.interval]
        return values[left], values[left + 1]

    def interpolate(self, values, points):
        """Linear interpolation of frame values, Tensor (n_frames, ...) -> (n_points, ...)."""
        a, b = self.ends(values, points)
        fraction = torch.as_tensor(points.fraction).reshape(-1, *[1] * (values.ndim - 1))
        return a + fraction * (b - a)


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
        before = torch.as_tensor(trials.time[self.inner] - trials.time[self.inner - 1])
        after = torch.as_tensor(trials.time[self.inner + 1] - trials.time[self.inner])
        # Derivatives of the parabola through three frames (Fornberg 1988, Math. Comp. 51, 699-706).
        self.first = torch.stack(
            [
                -after / (before * (before + after)),
                (after - before) / (before * after),
                before / (after * (before + after)),
            ]
        )
        self.second = torch.stack(
            [2 / (before * (before + after)), -2 / (before * after), 2 / (after * (before + after))]
        )

    def __call__(self, values):
        """Derivatives at the inner frames.

        Parameters
        ----------
        values : Tensor (n_frames, n_columns)

        Returns
        -------
        first, second : Tensor (n_inner, n_columns)
            In units of `values` per second and per second squared.
        """
        three = torch.stack([values[self.inner - 1], values[self.inner], values[self.inner + 1]])
        return (self.first[..., None] * three).sum(0), (self.second[..., None] * three).sum(0)
