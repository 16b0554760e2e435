"""Fusion of a predicted trajectory with the equation of motion, by least squares on the same grid.

    q* = argmin_q  sum_t (q_t - p_t)^2 / sigma_p^2  +  sum_j r_j(q)^2 / (2 sigma_r^2)

over angles and velocities at all frames, with the residuals r at the two Gauss points of every interval (hence the
factor 2). Elastic tendons are states of their own, whose equilibrium with the fiber is trusted whatever sigma_r is.
Gauss-Newton; the normal equations are block-tridiagonal. sigma_r -> 0 gives the simulation whose initial
state fits the prediction best, sigma_r -> infinity the prediction itself.
"""

from typing import NamedTuple

import numpy as np
import torch

from .banded import solve_symmetric
from .errors import SimulationError
from .grid import CentralDifferences

MAX_ITERATIONS, TOLERANCE, MAX_HALVINGS = 30, 1e-6, 10
LARGEST = 1e60  # of residuals, their derivatives and states: beyond it squares and their sums overflow
RIDGE = 1e-9  # of every diagonal element of the normal equations
# Of the equilibrium of tendon and fiber, in units of the maximal isometric force: a law of the muscle, next to which the
# equation of motion is an opinion.
TENDON_STD = 1e-3


class Fused(NamedTuple):
    """Fused trajectory `all_states` (n_frames, 2, n_states), as `Trajectory` has it, and the blocks of its information
    matrix.
    """

    all_states: torch.Tensor
    diagonal: np.ndarray
    below: np.ndarray
    n_iter: int
    n_coordinates: int

    @property
    def state(self):
        """Angles [rad] and angular velocities [rad/s], (n_frames, 2, n_coordinates)."""
        return self.all_states[..., : self.n_coordinates]

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
        return out.reshape(n_frames, 2, -1)[..., : self.n_coordinates]


def residual_weights(model, residual_std):
    """Weight (n_states,) of each equation's squared residuals in half the sum of squares, at one Gauss point."""
    std = np.full(model.n_states, TENDON_STD)
    std[: model.n_coordinates] = residual_std
    return 0.5 / std**2


def fuse(motion, predicted, prediction_std, residual_std, drive=None, parameters=None, start=None):
    """Least-squares trajectory between a prediction and the equation of motion.

    Parameters
    ----------
    motion : EquationOfMotion
    predicted : ndarray (n_frames, n_coordinates)
        Predicted joint angles, goniometer offset removed [rad]. NaN carries no weight.
    prediction_std : float or ndarray (n_frames, n_coordinates)
        Standard deviation of the prediction [rad].
    residual_std : float or ndarray (n_coordinates,)
        Standard deviation of the equation's residual in units of the joint's torque scale.
    drive : Drive, optional
    parameters : dict of Tensor, optional
    start : Tensor (n_frames, 2, n_coordinates or n_states), optional
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
    state = motion.with_tendons(problem.start() if start is None else start, problem.drive, problem.parameters)
    cost, gradient, diagonal, below = problem.linearise(state)
    if not np.isfinite(cost):
        raise SimulationError(
            "The equation of motion overflows along the predicted motion, which is far from anything that a limb does."
        )
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
    return Fused(state, diagonal, below, iteration, motion.model.n_coordinates)


def _solve(diagonal, below, rhs):
    try:
        if not (np.isfinite(diagonal).all() and np.isfinite(rhs).all()):
            raise np.linalg.LinAlgError("overflow")
        return solve_symmetric(diagonal, below, rhs)
    except np.linalg.LinAlgError as error:
        raise SimulationError(
            "The equation of motion leaves the trajectory undetermined where no angle is known, or its torques overflow: give angles nearer to these frames."
        ) from error


class _Problem:
    def __init__(self, motion, predicted, prediction_std, residual_std, drive, parameters):
        self.motion = motion
        self.parameters = motion.model.parameters.as_dict() if parameters is None else parameters
        self.drive = motion.drive(self.parameters) if drive is None else drive
        present = np.isfinite(predicted)
        self.predicted = np.where(present, predicted, 0.0)
        self.weight = np.where(present, 1.0 / np.broadcast_to(prediction_std, predicted.shape) ** 2, 0.0)
        self.d, self.m = motion.model.n_coordinates, motion.model.n_states
        self.residual_weight = residual_weights(motion.model, residual_std)

    def start(self):
        """The prediction with its own differences as velocities."""
        state = np.zeros((len(self.predicted), 2, self.d))
        state[:, 0] = self.predicted
        differences = CentralDifferences(self.motion.trials)
        velocity, _ = differences(torch.from_numpy(self.predicted))
        state[differences.inner, 1] = velocity.numpy()
        return torch.from_numpy(state)

    def linearise(self, state):
        """Half the sum of squares, its gradient (n_frames, 2 n_states) and the blocks of the Gauss-Newton matrix."""
        motion, d, m, n = self.motion, self.d, self.m, self.motion.n_gauss
        at = motion.evaluate(state, self.drive, self.parameters, motion_only=True)
        residual = motion.scaled(at.residual.numpy())
        jacobian = motion.scaled(motion.state_derivative(at)).reshape(-1, m, 4 * m)
        if not all(np.abs(array).max() < LARGEST for array in (residual, jacobian, state.numpy())):
            return np.inf, None, None, None  # a step to where squares overflow, to be halved
        root = np.sqrt(self.residual_weight)
        at_gauss = (root * residual[:n]).reshape(-1, 2 * m)
        by_gauss = (root[:, None] * jacobian[:n]).reshape(-1, 2 * m, 4 * m)
        deviation = state[:, 0, :d].numpy() - self.predicted
        cost = 0.5 * ((self.weight * deviation**2).sum() + (at_gauss**2).sum())

        normal = np.einsum("nri,nrj->nij", by_gauss, by_gauss)
        slope = np.einsum("nri,nr->ni", by_gauss, at_gauss)
        left, size = motion.grid.left, 2 * m
        gradient, diagonal = np.zeros((len(state), size)), np.zeros((len(state), size, size))
        below = np.zeros_like(diagonal)
        gradient[left] += slope[:, :size]
        gradient[left + 1] += slope[:, size:]
        diagonal[left] += normal[:, :size, :size]
        diagonal[left + 1] += normal[:, size:, size:]
        below[left + 1] = normal[:, size:, :size]
        gradient[:, :d] += self.weight * deviation
        diagonal[:, range(d), range(d)] += self.weight
        cost += self._add_tendons_at_starts(state, residual[n:, d:], jacobian[n:, d:, :size], gradient, diagonal)
        # Where nothing is predicted the equation alone holds the trajectory, to within rounding in unstable postures.
        diagonal[:, range(size), range(size)] *= 1.0 + RIDGE
        return cost, gradient, diagonal, below

    def _add_tendons_at_starts(self, state, residual, jacobian, gradient, diagonal):
        """Static equilibrium of the tendons at the trials' first frames, whose rates nothing else determines; half its sum
        of squares.
        """
        first, weight = self.motion.first, self.residual_weight[self.d :]
        rates = range(self.m + self.d, 2 * self.m)
        rate = state[first, 1, self.d :].numpy()
        gradient[first] += np.einsum("r,kri,kr->ki", weight, jacobian, residual)
        diagonal[first] += np.einsum("r,kri,krj->kij", weight, jacobian, jacobian)
        gradient[np.ix_(first, rates)] += weight * rate
        diagonal[np.ix_(first, rates, rates)] += np.diag(weight)
        return 0.5 * (weight * (residual**2 + rate**2)).sum()
