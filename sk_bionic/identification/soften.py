"""Identification that allows the equation of motion an error of its own.

No model of a limb is exact. Where the trajectory must obey the equation to the letter (`identify`), parameters bend to
explain what the model lacks; what they say about the torque, frame by frame, suffers. Here angles and torques both
carry errors,

    minimise over theta and q   sum (q + offset - y)^2 / sigma_y^2 + sum r_j(q; theta)^2 / (2 sigma_r^2) + prior(theta),

the first two sums divided by the number of frames that count as one. The trajectory is solved for exactly at every
step (`fuse`), and theta moves by Gauss-Newton on what remains (variable projection: Golub and Pereyra 1973, SIAM J.
Numerical Analysis 10(2), 413-432; in the setting of differential equations: Ramsay, Hooker, Campbell and Cao 2007, J.
Royal Statistical Society B 69(5), 741-796). sigma_r -> 0 is `identify`.
"""

from typing import NamedTuple

import numpy as np
import torch

from ..dynamics.banded import solve_symmetric
from ..dynamics.fuse import Fused, fuse, residual_weights
from ..dynamics.sensitivity import residual_derivative
from ..musculoskeletal import MusculoskeletalModel
from ..musculoskeletal.prior import FreeParameters
from .levenberg_marquardt import levenberg_marquardt
from .posterior import LARGEST_RAW, LARGEST_STEP

ANGLE_STD = np.deg2rad(2.0)  # of a goniometer on skin [rad]
TORQUE_STD = 0.4  # of the model, in units of the joint's torque scale
EFFECTIVE_FRACTION = 1 / 20  # errors of models are correlated: frames that count as one (see `identify`)
MAX_ITERATIONS, TOLERANCE = 40, 1e-2


class SoftIdentification(NamedTuple):
    """Identified model, its fused trajectory (n_frames, 2, n_coordinates), and iterations."""

    model: MusculoskeletalModel
    state: torch.Tensor
    n_iter: int


class _Point(NamedTuple):
    raw: torch.Tensor
    parameters: dict
    drive: object
    fused: Fused
    at: object
    deviation: np.ndarray  # of the trajectory from the measured angle, 0 where there is none
    prior: np.ndarray
    cost: float


def soften(motion, angle, weight=None, angle_std=ANGLE_STD, torque_std=TORQUE_STD, start=None, max_iter=MAX_ITERATIONS):
    """Parameters and trajectory under errors of both angle and torque.

    Parameters
    ----------
    motion : EquationOfMotion
        The model on the training trials. Its current values are the start, its initial values the priors' centres.
    angle : ndarray (n_frames, n_coordinates)
        Measured angles [rad]; NaN where unknown: there the trajectory follows the equation.
    weight : ndarray (n_frames,), optional
        Weight of each frame's angle.
    angle_std : float or ndarray (n_coordinates,)
        Standard deviation of the measured angle [rad].
    torque_std : float or ndarray (n_coordinates,)
        Standard deviation of the equation's residual in units of the joint's torque scale.
    start : Tensor (n_frames, 2, n_coordinates), optional
        Trajectory near the solution.
    max_iter : int
        Steps of the parameters at most.

    Returns
    -------
    SoftIdentification

    Raises
    ------
    SimulationError
        When the activation dynamics cannot be solved at the start.
    """
    problem = _Problem(motion, angle, weight, angle_std, torque_std)
    begin = problem.evaluate(problem.free.raw(), start)
    search = levenberg_marquardt(problem, begin, max_iter=max_iter, tol=TOLERANCE)
    return problem.result(search.point, search.n_iter)


class _Problem:
    def __init__(self, motion, angle, weight, angle_std, torque_std):
        self.motion, self.torque_std = motion, torque_std
        self.free = FreeParameters(motion.model.parameters)
        self.d = motion.model.n_coordinates
        weight = np.ones(len(angle)) if weight is None else weight
        used = np.isfinite(angle) & (weight > 0)[:, None]
        self.angle = np.where(used, angle, np.nan)
        share = weight / weight[used.any(axis=1)].mean()  # sample weights are relative: the mean frame counts once
        with np.errstate(divide="ignore"):
            self.angle_std = np.where(used, angle_std / np.sqrt(share)[:, None], np.inf)
        self.angle_weight = 1.0 / self.angle_std**2
        self.residual_weight = residual_weights(motion.model, torque_std)

    def result(self, point, n_iter):
        values = self.free.values(point.raw).numpy()
        return SoftIdentification(self.motion.model.with_values(values), point.fused.state, n_iter)

    def evaluate(self, raw, start):
        parameters = self.motion.model.parameters.as_dict(self.free.values(raw))
        drive = self.motion.drive(parameters)
        offset = parameters["goniometer_offset"].numpy()
        fused = fuse(self.motion, self.angle - offset, self.angle_std, self.torque_std, drive, parameters, start)
        at = self.motion.evaluate(fused.all_states, drive, parameters, motion_only=True)
        residual = self.motion.scaled(at.residual.numpy())[: self.motion.n_gauss]
        deviation = np.nan_to_num(fused.state[:, 0].numpy() + offset - self.angle, nan=0.0)
        prior = self.free.prior_residual(raw).numpy()
        data = (self.angle_weight * deviation**2).sum() + (self.residual_weight * residual**2).sum()
        cost = 0.5 * (EFFECTIVE_FRACTION * data + (prior**2).sum())
        return _Point(raw, parameters, drive, fused, at, deviation, prior, cost)

    def cost(self, point):
        """Half the sum of squares, data and priors."""
        return point.cost

    def moved(self, point, step):
        """Point one step further."""
        raw = point.raw + torch.from_numpy(step).clamp(-LARGEST_STEP, LARGEST_STEP)
        return self.evaluate(raw.clamp(-LARGEST_RAW, LARGEST_RAW), point.fused.all_states)

    def _offset_derivative(self, by_raw):
        """d(goniometer offset)/d(raw), (n_coordinates, n_raw)."""
        rows = self.motion.model.parameters.slices["goniometer_offset"]
        out = np.zeros((self.d, by_raw.shape[1]))
        for column, row in enumerate(self.free.index.tolist()):
            if rows.start <= row < rows.stop:
                out[row - rows.start] += by_raw[column]
        return out

    def linearise(self, point):
        """Gradient and Gauss-Newton Hessian over the raw parameters, the trajectory eliminated."""
        motion, m, n = self.motion, self.motion.model.n_states, self.motion.n_gauss
        by_raw = self.free.derivative(point.raw)
        partial = residual_derivative(motion, point.fused.all_states, point.drive, point.parameters, self.free)
        by_parameter = motion.scaled(partial)[:n] @ by_raw
        by_state = motion.scaled(motion.state_derivative(point.at)).reshape(-1, m, 4 * m)[:n]
        residual = motion.scaled(point.at.residual.numpy())[:n]
        offset = self._offset_derivative(by_raw)
        slope = self.free.prior_derivative(point.raw)

        weighted = self.residual_weight[:, None] * by_parameter
        gradient = np.einsum("nd,ndr->r", residual, weighted)
        gradient += (self.angle_weight * point.deviation).sum(axis=0) @ offset
        hessian = np.einsum("ndr,nds->rs", by_parameter, weighted)
        hessian += offset.T @ (self.angle_weight.sum(axis=0)[:, None] * offset)
        hessian -= self._through_trajectory(by_state, weighted, offset, point.fused)
        fraction = EFFECTIVE_FRACTION
        return fraction * gradient + slope.T @ point.prior, fraction * hessian + slope.T @ slope

    def _through_trajectory(self, by_state, weighted, offset, fused):
        """What moving the trajectory along takes off the Hessian: the Schur complement of its block."""
        left, size = self.motion.grid.left, 2 * self.motion.model.n_states
        cross = np.einsum("ndi,ndr->nir", by_state, weighted)
        cross = cross.reshape(len(left), 2, 2 * size, -1).sum(axis=1)
        mixed = np.zeros((len(self.angle), size, cross.shape[2]))
        mixed[left] += cross[:, :size]
        mixed[left + 1] += cross[:, size:]
        mixed[:, : self.d] += self.angle_weight[:, :, None] * offset
        solved = solve_symmetric(fused.diagonal, fused.below, mixed)
        return np.einsum("nir,nis->rs", mixed, solved)
