"""Fusion of a predicted trajectory with the equation of motion, by least squares on the same grid.

    q* = argmin_q  sum_t (q_t - p_t)^2 / sigma_p^2  +  sum_j r_j(q)^2 / (2 sigma_r^2)

over angles and velocities at all frames, with the residuals r at the two Gauss points of every interval (hence the
factor 2). Gauss-Newton; the normal equations are block-tridiagonal. sigma_r -> 0 gives the simulation whose initial
state fits the prediction best, sigma_r -> infinity the prediction itself.
"""

from typing import NamedTuple

import numpy as np
import torch

from .banded import solve_symmetric
from .errors import SimulationError
from .grid import CentralDifferences

MAX_ITERATIONS, TOLERANCE, MAX_HALVINGS = 30, 1e-6, 10
RIDGE = 1e-9  # of every diagonal element of the normal equations


class Fused(NamedTuple):
    """Fused trajectory: `state` (n_frames, 2, n_coordinates) and the blocks of its information matrix."""

    state: torch.Tensor
    diagonal: np.ndarray
    below: np.ndarray
    n_iter: int

    def variance(self):
        """Posterior variance of angles [rad^2] and velocities [rad^2/s^2], (n_frames, 2, n_coordinates).

        The inverse information's diagonal.
        """
        n_frames, size, _ = self.diagonal.shape
        out = np.empty((n_frames, size))
        for chunk in np.array_split(np.arange(n_frames), max(1, n_frames // 500)):
            columns = np.arange(len(chunk) * size).reshape(len(chunk), size)
            rhs = np.zeros((n_frames, size, len(chunk) * size))
            for j in range(size):
                rhs[chunk, j, columns[:, j]] = 1.0
            solution = solve_symmetric(self.diagonal, self.below, rhs)
            for j in range(size):
                out[chunk, j] = solution[chunk, j, columns[:, j]]
        return out.reshape(n_frames, 2, -1)


def fuse(motion, predicted, prediction_std, residual_std, drive=None, parameters=None, start=None):
    """Least-squares trajectory between a prediction and the equation of motion.

    Parameters
    ----------
    motion : Motion
    predicted : ndarray (n_frames, n_coordinates)
        Predicted joint angles, goniometer offset removed [rad]. NaN carries no weight.
    prediction_std : float or ndarray (n_frames, n_coordinates)
        Standard deviation of the prediction [rad].
    residual_std : float
        Standard deviation of the equation's residual in units of the joint's torque scale.
    drive : Drive, optional
    parameters : dict of Tensor, optional
    start : Tensor (n_frames, 2, n_coordinates), optional
        State near the solution. Default: the prediction with its own differences as velocities.

    Returns
    -------
    Fused

    Raises
    ------
    SimulationError
        When prediction and equation together leave the trajectory open.
    """
    problem = _Problem(motion, predicted, prediction_std, residual_std, drive, parameters)
    state = problem.start() if start is None else start
    cost, gradient, diagonal, below = problem.linearise(state)
    for iteration in range(1, MAX_ITERATIONS + 1):
        step = torch.from_numpy(-_solve(diagonal, below, gradient).reshape(state.shape))
        length = 1.0
        for _ in range(MAX_HALVINGS):
            moved = state + length * step
            new = problem.linearise(moved)
            if new[0] <= cost:
                break
            length *= 0.5
        else:
            break  # no descent left: rounding
        state, (previous, cost), (gradient, diagonal, below) = moved, (cost, new[0]), new[1:]
        if previous - cost <= TOLERANCE * previous:
            break
    return Fused(state, diagonal, below, iteration)


def _solve(diagonal, below, rhs):
    try:
        return solve_symmetric(diagonal, below, rhs)
    except np.linalg.LinAlgError as error:
        raise SimulationError(
            "The equation of motion leaves the trajectory undetermined where no angle is known: give angles nearer to these frames."
        ) from error


class _Problem:
    def __init__(self, motion, predicted, prediction_std, residual_std, drive, parameters):
        self.motion = motion
        self.parameters = motion.model.parameters.as_dict() if parameters is None else parameters
        self.drive = motion.drive(self.parameters) if drive is None else drive
        present = np.isfinite(predicted)
        self.predicted = np.where(present, predicted, 0.0)
        self.weight = np.where(present, 1.0 / np.broadcast_to(prediction_std, predicted.shape) ** 2, 0.0)
        self.residual_weight = 0.5 / residual_std**2
        self.d = motion.model.n_coordinates

    def start(self):
        """The prediction with its own differences as velocities."""
        state = np.zeros((len(self.predicted), 2, self.d))
        state[:, 0] = self.predicted
        differences = CentralDifferences(self.motion.trials)
        velocity, _ = differences(torch.from_numpy(self.predicted))
        state[differences.inner, 1] = velocity.numpy()
        return torch.from_numpy(state)

    def linearise(self, state):
        """Half the sum of squares, its gradient (n_frames, 2 d) and the blocks of the Gauss-Newton matrix."""
        motion, d, n = self.motion, self.d, self.motion.n_gauss
        at = motion.evaluate(state, self.drive, self.parameters, motion_only=True)
        if not torch.isfinite(at.residual).all():
            return np.inf, None, None, None  # a step into overflow, to be halved
        residual = motion.scaled(at.residual.numpy())[:n].reshape(-1, 2 * d)
        jacobian = motion.scaled(motion.state_derivative(at)).reshape(-1, d, 4 * d)[:n].reshape(-1, 2 * d, 4 * d)
        deviation = state[:, 0].numpy() - self.predicted
        cost = 0.5 * ((self.weight * deviation**2).sum() + self.residual_weight * (residual**2).sum())

        normal = self.residual_weight * np.einsum("nri,nrj->nij", jacobian, jacobian)
        slope = self.residual_weight * np.einsum("nri,nr->ni", jacobian, residual)
        left, size = motion.grid.left, 2 * d
        gradient, diagonal = np.zeros((len(state), size)), np.zeros((len(state), size, size))
        below = np.zeros_like(diagonal)
        gradient[left] += slope[:, :size]
        gradient[left + 1] += slope[:, size:]
        diagonal[left] += normal[:, :size, :size]
        diagonal[left + 1] += normal[:, size:, size:]
        below[left + 1] = normal[:, size:, :size]
        gradient[:, :d] += self.weight * deviation
        diagonal[:, range(d), range(d)] += self.weight
        # Where nothing is predicted the equation alone holds the trajectory, to within rounding in unstable postures.
        diagonal[:, range(size), range(size)] *= 1.0 + RIDGE
        return cost, gradient, diagonal, below
