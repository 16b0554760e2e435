"""Identification: the parameters whose simulated motion agrees best with the measured one.

Maximum a posteriori by Levenberg-Marquardt through the solved equation of motion. With the noise's standard deviation profiled out, minus the log posterior is

    n_eff / 2 log(sum_t w (y - q(theta) - offset)^2) + 1/2 |prior residual|^2

where n_eff counts the statistically independent frames: model errors are correlated in time, and a recording of 3000 frames does not weigh 3000 observations.
"""

from dataclasses import dataclass

import numpy as np
import torch

from ..musculoskeletal import MusculoskeletalModel
from ..musculoskeletal.prior import FreeParameters
from .sensitivity import state_sensitivity
from .simulate import SimulationError, Trajectory

INITIAL_STATE_STD = (0.3, 3.0)  # rad and rad/s about the measured start; weak, for trials whose first angles are missing
FIRST_EFFECTIVE_FRACTION = 1 / 30  # strong priors until the residual has shown how correlated it is
MAX_ITERATIONS, TOLERANCE = 60, 1e-3  # tolerance in units of the log posterior
MAX_DAMPING = 1e8


@dataclass
class Identification:
    """Result of `identify`.

    Attributes
    ----------
    model : MusculoskeletalModel
        The model with the identified values.
    covariance : ndarray (n_free, n_free)
        Posterior covariance of the free parameters' values, initial states marginalised.
    noise_std : float
        Standard deviation of measured minus simulated angle [rad].
    effective_fraction : float
        Independent frames as a fraction of all.
    initial_state : ndarray (n_trials, 2, n_coordinates)
        Identified angle [rad] and velocity [rad/s] at the start of each trial.
    trajectory : Trajectory
    n_iter : int
    converged : bool
    """

    model: MusculoskeletalModel
    covariance: np.ndarray
    noise_std: float
    effective_fraction: float
    initial_state: np.ndarray
    trajectory: Trajectory
    n_iter: int
    converged: bool


@dataclass
class _Point:
    """One evaluated point of the optimisation."""

    raw: torch.Tensor
    initial_state: np.ndarray
    drive: object
    parameters: dict
    trajectory: Trajectory
    error: np.ndarray  # measured minus simulated, 0 where the angle is missing
    prior: np.ndarray
    prior_of_state: np.ndarray


class _Problem:
    """The posterior of one data set: evaluation and linearisation."""

    def __init__(self, motion, angle, weight):
        self.motion = motion
        self.free = FreeParameters(motion.model.parameters)
        present = np.isfinite(angle)
        self.weight = np.where(present, np.asarray(weight, dtype=np.float64)[:, None], 0.0)
        self.angle = np.where(present, angle, 0.0)
        self.n = self.weight.sum()
        self.d = motion.model.n_coordinates
        self.measured_state = _measured_state(motion.trials, angle, motion.model)
        self.start_center = self.measured_state[motion.first]
        self.start_std = np.asarray(INITIAL_STATE_STD)[None, :, None]
        offset = motion.model.parameters.slices["goniometer_offset"]
        self.offset_column = [int(np.flatnonzero(self.free.index == i)[0]) if i in self.free.index else None for i in range(offset.start, offset.stop)]

    def evaluate(self, raw, initial_state, guess):
        parameters = self.motion.model.parameters.as_dict(self.free.values(raw))
        drive = self.motion.drive(parameters)
        trajectory = self.motion.solve(parameters, initial_state, guess, drive)
        simulated = (trajectory.angle + parameters["goniometer_offset"]).numpy()
        error = np.where(self.weight > 0, self.angle - simulated, 0.0)
        prior = self.free.prior_residual(raw).numpy()
        prior_of_state = (initial_state - self.start_center) / self.start_std
        return _Point(raw, initial_state, drive, parameters, trajectory, error, prior, prior_of_state)

    def objective(self, point, n_eff):
        squares = (self.weight * point.error**2).sum()
        return 0.5 * (n_eff * np.log(squares) + (point.prior**2).sum() + (point.prior_of_state**2).sum())

    def sensitivity(self, point):
        """d(simulated angle)/d(raw parameters), d/d(initial state): (n_frames, n_coordinates, ...)."""
        by_value, by_start = state_sensitivity(self.motion, point.trajectory, point.drive, point.parameters, self.free, from_rest=False)
        by_value, by_start = by_value[:, : self.d], by_start[:, : self.d]
        for d, column in enumerate(self.offset_column):
            if column is not None:
                by_value[:, d, column] += 1.0
        return by_value * self.free.derivative(point.raw).numpy(), by_start

    def normal_equations(self, point, n_eff):
        """Gradient and Gauss-Newton Hessian of the objective over (raw parameters, all initial states)."""
        by_raw, by_start = self.sensitivity(point)
        scale = n_eff / (self.weight * point.error**2).sum()
        p, size = len(self.free), 2 * self.d
        total = p + size * self.motion.trials.n_trials
        gradient, hessian = np.zeros(total), np.zeros((total, total))
        for k, rows in enumerate(self.motion.trials.slices):
            own = np.r_[0:p, p + size * k : p + size * (k + 1)]
            jacobian = np.concatenate([by_raw[rows], by_start[rows]], axis=2).reshape(-1, p + size)
            weighted = jacobian * (scale * self.weight[rows]).reshape(-1, 1)
            gradient[own] -= weighted.T @ point.error[rows].ravel()
            hessian[np.ix_(own, own)] += weighted.T @ jacobian
        slope = self.free.prior_derivative(point.raw).numpy()
        diagonal = np.concatenate([slope**2, np.tile(np.repeat(self.start_std.ravel() ** -2, self.d), self.motion.trials.n_trials)])
        gradient += np.concatenate([slope * point.prior, (point.prior_of_state / self.start_std).ravel()])
        return gradient, hessian + np.diag(diagonal), (by_raw, by_start)

    def moved(self, point, step, sensitivities):
        """Parameters, initial states and a first guess of the trajectory one step further."""
        p = len(self.free)
        raw = point.raw + torch.from_numpy(step[:p])
        return raw, point.initial_state + step[p:].reshape(point.initial_state.shape), point.trajectory.state


def _measured_state(trials, angle, model):
    """Angle and velocity (n_frames, 2, n_coordinates) from the measured angle, gaps interpolated; where to start."""
    state = np.zeros((len(angle), 2, angle.shape[1]))
    offset = model.parameters.as_dict()["goniometer_offset"].numpy()
    for rows in trials.slices:
        time = trials.time[rows]
        for d in range(angle.shape[1]):
            known = np.isfinite(angle[rows, d])
            if known.any():
                state[rows, 0, d] = np.interp(time, time[known], angle[rows, d][known]) - offset[d]
        width = max(1, int(round(0.1 * trials.sampling_rate)))
        kernel = np.ones(width) / width
        padded = np.pad(state[rows, 0], ((width, width), (0, 0)), mode="edge")
        smooth = np.stack([np.convolve(column, kernel, mode="same") for column in padded.T], axis=1)[width:-width]
        state[rows, 0] = smooth
        state[rows, 1] = np.gradient(smooth, time, axis=0)
    return state


def effective_fraction(error, weight, slices):
    """Independent frames as a fraction of all, from the error's integrated autocorrelation time.

    The sum of the autocorrelation runs up to its first negative value (Geyer 1992, Statistical Science 7(4), 473-483, simplified).
    """
    scaled = error * np.sqrt(weight)
    longest = max(rows.stop - rows.start for rows in slices)
    size = 2 ** int(np.ceil(np.log2(2 * longest)))
    spectrum = sum(np.abs(np.fft.rfft(scaled[rows], size, axis=0)) ** 2 for rows in slices).sum(axis=1)
    correlation = np.fft.irfft(spectrum)[:longest]
    if correlation[0] <= 0:
        return 1.0
    correlation = correlation / correlation[0]
    negative = np.flatnonzero(correlation < 0)
    stop = negative[0] if len(negative) else longest
    return float(1.0 / (1.0 + 2.0 * correlation[1:stop].sum()))


def identify(motion, angle, weight=None, callback=None):
    """Identify the free parameters of a model from measured angles.

    Parameters
    ----------
    motion : Motion
        The model (its current values are the start, its initial values the priors' centres) on the training trials.
    angle : ndarray (n_frames, n_coordinates)
        Measured angle [rad]; NaN where it is missing.
    weight : ndarray (n_frames,), optional
        Non-negative weight of each frame.
    callback : callable, optional
        Called with (iteration, objective) after each accepted step.

    Returns
    -------
    Identification

    Raises
    ------
    SimulationError
        When the model cannot even be simulated with its initial values.
    """
    problem = _Problem(motion, angle, np.ones(len(angle)) if weight is None else weight)
    fraction = FIRST_EFFECTIVE_FRACTION
    start = problem.start_center.copy()
    point = problem.evaluate(problem.free.raw(), start, torch.from_numpy(problem.measured_state))
    n_iter = 0
    for _ in range(4):
        point, used, converged = _minimise(problem, point, fraction * problem.n, callback, n_iter)
        n_iter += used
        previous, fraction = fraction, effective_fraction(point.error, problem.weight, motion.trials.slices)
        if abs(np.log(fraction / previous)) < 0.2:
            break
    return _result(problem, point, fraction, n_iter, converged)


def _minimise(problem, point, n_eff, callback, n_before):
    """Levenberg-Marquardt (Marquardt 1963) from `point`; returns the best point, iterations and whether it converged."""
    damping = 1e-3
    value = problem.objective(point, n_eff)
    for iteration in range(1, MAX_ITERATIONS + 1):
        gradient, hessian, sensitivities = problem.normal_equations(point, n_eff)
        while True:
            step = -np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), gradient)
            new, new_value = _try(problem, point, step, sensitivities, n_eff)
            if new_value < value:
                break
            damping *= 10.0
            if damping > MAX_DAMPING or -0.5 * gradient @ step < TOLERANCE * 1e-3:
                return point, iteration, True
        decrease, value, point, damping = value - new_value, new_value, new, max(damping / 10.0, 1e-9)
        if callback is not None:
            callback(n_before + iteration, value)
        if decrease < TOLERANCE:
            return point, iteration, True
    return point, iteration, False


def _try(problem, point, step, sensitivities, n_eff):
    try:
        new = problem.evaluate(*problem.moved(point, step, sensitivities))
    except SimulationError:
        return None, np.inf
    value = problem.objective(new, n_eff)
    return new, value if np.isfinite(value) else np.inf


def _result(problem, point, fraction, n_iter, converged):
    _, hessian, _ = problem.normal_equations(point, fraction * problem.n)
    slope = problem.free.derivative(point.raw).numpy()
    p = len(problem.free)
    covariance = np.linalg.pinv(hessian, hermitian=True)[:p, :p] * np.outer(slope, slope)
    degrees = max(problem.n - len(hessian), 1.0)
    noise = float(np.sqrt((problem.weight * point.error**2).sum() / degrees))
    model = problem.motion.model.with_values(problem.free.values(point.raw).numpy())
    return Identification(model, covariance, noise, fraction, point.initial_state, point.trajectory, n_iter, converged)
