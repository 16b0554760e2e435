"""Fusion of a predicted trajectory with the equation of motion, by least squares on the same grid.

    q* = argmin_q  sum_t (q_t - p_t)^2 / sigma_p^2  +  sum_j r_j(q)^2 / (2 sigma_r^2)

over angles and velocities at all frames, with the residuals r at the two Gauss points of every interval (hence the
factor 2). Elastic tendons are states of their own, whose equilibrium with the fiber is trusted whatever sigma_r is.
Gauss-Newton; the normal equations are block-tridiagonal. sigma_r -> 0 gives the simulation whose initial
state fits the prediction best, sigma_r -> infinity the prediction itself.
"""

from typing import NamedTuple

import numpy as np

from ..exceptions import SimulationError
from ..trials import CentralDifferences
from .compiled.normal import factorise_blocks, solve_blocks, variances
from .marching import March


class BlockTridiagonal:
    """Cholesky factors of a symmetric positive definite block-tridiagonal matrix.

    Parameters
    ----------
    diagonal, below : ndarray (n_frames, size, size)
        Blocks; `below[n]` stands in block row n and block column n - 1, `below[0]` is ignored.

    Raises
    ------
    numpy.linalg.LinAlgError
        When the matrix is not positive definite.
    """

    def __init__(self, diagonal, below):
        self.diagonal, self.below = np.array(diagonal, dtype=np.float64), np.array(below, dtype=np.float64)
        if not factorise_blocks(self.diagonal, self.below):
            raise np.linalg.LinAlgError("The block-tridiagonal matrix is not positive definite.")

    def solve(self, rhs):
        """Solution for right-hand sides (n_frames, size) or (n_frames, size, n_columns), in their shape."""
        n, size, _ = self.diagonal.shape
        out = np.array(rhs, dtype=np.float64).reshape(n, size, -1)
        solve_blocks(self.diagonal, self.below, out)
        return out.reshape(np.shape(rhs))

    def variances(self):
        """Diagonal of the inverse, ndarray (n_frames, size)."""
        n, size, _ = self.diagonal.shape
        out, block, room = np.empty((n, size)), np.empty((size, size)), np.empty((size, size))
        variances(self.diagonal, self.below, block, room, out)
        return out


MAX_ITERATIONS, TOLERANCE, MAX_HALVINGS = 30, 1e-6, 10
LARGEST = 1e60  # of residuals, their derivatives and states: beyond it squares and their sums overflow
RIDGE = 1e-9  # of every diagonal element of the normal equations
# Of the equilibrium of tendon and fiber, in units of the maximal isometric force: a law of the muscle, next to which
# the equation of motion is an opinion.
TENDON_STD = 1e-3


class Fused(NamedTuple):
    """Fused trajectory.

    Attributes
    ----------
    all_states : ndarray (n_frames, 2, n_states)
        As `Trajectory` has it.
    residual : ndarray (n_frames, 2, n_states)
        Of all equations, in torque scales, at both Gauss points of the interval behind each frame; 0 behind a trial's
        last.
    information : BlockTridiagonal
        Of all states.
    n_iter, n_coordinates : int
    """

    all_states: np.ndarray
    residual: np.ndarray
    information: BlockTridiagonal
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
        n_frames = len(self.all_states)
        return self.information.variances().reshape(n_frames, 2, -1)[..., : self.n_coordinates]


def residual_weights(model, residual_std):
    """Weight (n_states,) of each equation's squared residuals in half the sum of squares, at one Gauss point."""
    std = np.full(model.n_states, TENDON_STD)
    std[: model.n_coordinates] = residual_std
    return 0.5 / std**2


def fuse(equation, predicted, prediction_std, residual_std, *, parameters=None, start=None):
    """Least-squares trajectory between a prediction and the equation of motion.

    Parameters
    ----------
    equation : EquationOfMotion
    predicted : ndarray (n_frames, n_coordinates)
        Predicted joint angles, goniometer offset removed [rad]. NaN carries no weight.
    prediction_std : float or ndarray (n_frames, n_coordinates)
        Standard deviation of the prediction [rad].
    residual_std : float or ndarray (n_coordinates,)
        Standard deviation of the equation's residual in units of the joint's torque scale.
    parameters : dict of ndarray, optional
    start : ndarray (n_frames, 2, n_coordinates or n_states), optional
        State near the solution. Default: the prediction with its own differences as velocities.

    Returns
    -------
    Fused

    Raises
    ------
    SimulationError
        When prediction and equation together leave the trajectory open.
    """
    problem = _Problem(March(equation, parameters), equation, predicted, prediction_std, residual_std)
    state = problem.with_tendons(problem.start() if start is None else start)
    cost, normal = problem.linearise(state)
    if not np.isfinite(cost):
        raise SimulationError(
            "The equation of motion overflows along the predicted motion, which is far from anything that a limb does."
        )
    information = _factorised(normal)
    n_iter = 0
    while n_iter < MAX_ITERATIONS:
        n_iter += 1
        step, length = -information.solve(normal.gradient).reshape(state.shape), 1.0
        for _ in range(MAX_HALVINGS):
            moved = state + length * step
            new_cost, new = problem.linearise(moved)
            if new_cost <= cost:
                break
            length *= 0.5
        else:
            break  # no descent left: rounding
        state, previous, cost, normal = moved, cost, new_cost, new
        information = _factorised(normal)
        if previous - cost <= TOLERANCE * previous:
            break
    return Fused(state, normal.residual, information, n_iter, equation.model.n_coordinates)


def _factorised(normal):
    try:
        return BlockTridiagonal(normal.diagonal, normal.below)
    except np.linalg.LinAlgError as error:
        raise SimulationError(
            "The equation of motion leaves the trajectory undetermined where no angle is known, or its torques "
            "overflow: give angles nearer to these frames."
        ) from error


class _Problem:
    def __init__(self, march, equation, predicted, prediction_std, residual_std):
        self.equation, self.march, self.gauss = equation, march, march.gauss()
        present = np.isfinite(predicted)
        self.predicted = np.where(present, predicted, 0.0)
        self.weight = np.where(present, 1.0 / np.broadcast_to(prediction_std, predicted.shape) ** 2, 0.0)
        self.d = equation.model.n_coordinates
        self.residual_weight = residual_weights(equation.model, residual_std)

    def start(self):
        """The prediction with its own differences as velocities."""
        state = np.zeros((len(self.predicted), 2, self.d))
        state[:, 0] = self.predicted
        differences = CentralDifferences(self.equation.trials)
        state[differences.inner, 1] = differences(self.predicted)[0]
        return state

    def with_tendons(self, state):
        """The motion (n_frames, 2, n_coordinates) with elastic tendons in static equilibrium beside it."""
        if state.shape[2] == self.equation.model.n_states:
            return state
        tendon = self.march.along(state, settled=True, wanted={"residual"}).tendon
        return np.concatenate([state, np.stack([tendon, np.zeros_like(tendon)], axis=1)], axis=2)

    def linearise(self, state):
        """Half the sum of squares, and `Normal` with its gradient and Gauss-Newton matrix."""
        if not np.abs(state).max() < LARGEST:
            return np.inf, None
        cost, normal = self.march.normal_equations(self.gauss, state, self.residual_weight)
        deviation = state[:, 0, : self.d] - self.predicted
        cost += 0.5 * (self.weight * deviation**2).sum()
        if not (cost < LARGEST**2 and np.isfinite(normal.diagonal).all()):
            return np.inf, None  # a step to where squares overflow, to be halved
        normal.gradient[:, : self.d] += self.weight * deviation
        normal.diagonal[:, range(self.d), range(self.d)] += self.weight
        # Where nothing is predicted the equation alone holds the trajectory, to within rounding in unstable postures.
        every = range(normal.diagonal.shape[1])
        normal.diagonal[:, every, every] *= 1.0 + RIDGE
        return cost, normal
