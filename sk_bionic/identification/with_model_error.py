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

from ..dynamics.fuse import Fused, fuse, residual_weights
from ..dynamics.marching import March
from ..exceptions import SimulationError
from ..musculoskeletal import MusculoskeletalModel
from ..musculoskeletal.prior import FreeParameters
from .levenberg_marquardt import levenberg_marquardt
from .posterior import LARGEST_RAW, LARGEST_STEP

ANGLE_STD = np.deg2rad(2.0)  # of a goniometer on skin [rad]
TORQUE_STD = 0.4  # of the model, in units of the joint's torque scale
EFFECTIVE_FRACTION = 1 / 20  # errors of models are correlated: frames that count as one (see `identify`)
MAX_ITERATIONS, TOLERANCE = 40, 1e-2
# Where the identified simulation follows the training angles more closely, the physics is allowed smaller errors [rad].
LARGE_ERROR = np.deg2rad(4.0)
# Of the physics of a fold, which starts from that of all angles. On 36 folds of 12 simulated elbows (half of them with
# a model that is wrong) two steps already predict what is hidden as well as forty, to 0.1 % of the error.
LATER_ITERATIONS = 6


class IdentifiedWithError(NamedTuple):
    """Identified model, its fused trajectory (n_frames, 2, n_coordinates), and iterations."""

    model: MusculoskeletalModel
    state: np.ndarray
    n_iter: int


class _Point(NamedTuple):
    raw: np.ndarray
    parameters: dict
    fused: Fused
    deviation: np.ndarray  # of the trajectory from the measured angle, 0 where there is none
    prior: np.ndarray
    cost: float


def identify_with_model_error(
    equation, versions, angle_std=ANGLE_STD, torque_std=TORQUE_STD, *, on_version=lambda: None
):
    """Parameters and trajectories under errors of both angle and torque.

    Parameters
    ----------
    equation : EquationOfMotion
        The model on the training trials. Its current values are the start, its initial values the priors' centres.
    versions : list of tuple
        Measured angles (n_frames, n_coordinates) [rad], NaN where unknown: there the trajectory follows the equation;
        and the weight (n_frames,) of each frame's angle, or None. Versions of a recording that differ little: all but
        the first begin where that has ended, and take few steps.
    angle_std : float or ndarray (n_coordinates,)
        Standard deviation of the measured angle [rad].
    torque_std : float or ndarray (n_coordinates,)
        Standard deviation of the equation's residual in units of the joint's torque scale.
    on_version : callable, optional
        Called after every version.

    Returns
    -------
    list of IdentifiedWithError or None
        None where the physics fails along the version.
    """
    found, start, max_iter = [], None, MAX_ITERATIONS
    for angle, weight in versions:
        try:
            problem = _Problem(equation, angle, weight, angle_std, torque_std)
            begin = problem.evaluate(problem.free.raw(), start)
            search = levenberg_marquardt(problem, begin, max_iter=max_iter, tol=TOLERANCE)
        except SimulationError:
            found.append(None)
            continue
        finally:
            on_version()
        found.append(problem.result(search.point, search.n_iter))
        if start is None:
            equation, start, max_iter = equation.with_model(found[-1].model), found[-1].state, LATER_ITERATIONS
    return found


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
        values = self.free.values(point.raw)
        return IdentifiedWithError(self.motion.model.with_values(values), point.fused.state, n_iter)

    def evaluate(self, raw, start):
        parameters = self.motion.model.parameters.as_dict(self.free.values(raw))
        offset = parameters["goniometer_offset"]
        options = {"parameters": parameters, "start": start}
        fused = fuse(self.motion, self.angle - offset, self.angle_std, self.torque_std, **options)
        deviation = np.nan_to_num(fused.state[:, 0] + offset - self.angle, nan=0.0)
        prior = self.free.prior_residual(raw)
        data = (self.angle_weight * deviation**2).sum() + (self.residual_weight * fused.residual**2).sum()
        cost = 0.5 * (EFFECTIVE_FRACTION * data + (prior**2).sum())
        return _Point(raw, parameters, fused, deviation, prior, cost)

    def cost(self, point):
        """Half the sum of squares, data and priors."""
        return point.cost

    def moved(self, point, step):
        """Raw parameters one step further, and a trajectory near theirs."""
        raw = point.raw + np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        return np.clip(raw, -LARGEST_RAW, LARGEST_RAW), point.fused.all_states

    def _offset_derivative(self, by_raw):
        """d(goniometer offset)/d(raw), (n_coordinates, n_raw)."""
        rows = self.motion.model.parameters.slices["goniometer_offset"]
        out = np.zeros((self.d, by_raw.shape[1]))
        for column, row in enumerate(self.free.index):
            if rows.start <= row < rows.stop:
                out[row - rows.start] += by_raw[column]
        return out

    def linearise(self, point):
        """Gradient and Gauss-Newton Hessian over the raw parameters, the trajectory eliminated."""
        by_raw, slope = self.free.derivative(point.raw), self.free.prior_derivative(point.raw)
        march = March(self.motion, point.parameters, self.free.index)
        _, normal = march.normal_equations(march.gauss(True), point.fused.all_states, self.residual_weight, True)
        offset = self._offset_derivative(by_raw)
        gradient = normal.by_parameter @ by_raw + (self.angle_weight * point.deviation).sum(axis=0) @ offset
        hessian = by_raw.T @ normal.of_parameters @ by_raw
        hessian += offset.T @ (self.angle_weight.sum(axis=0)[:, None] * offset)
        # What moving the trajectory along takes off: the Schur complement of its block.
        mixed = normal.mixed @ by_raw
        mixed[:, : self.d] += self.angle_weight[:, :, None] * offset
        hessian -= np.einsum("nir,nis->rs", mixed, point.fused.information.solve(mixed))
        fraction = EFFECTIVE_FRACTION
        return fraction * gradient + slope.T @ point.prior, fraction * hessian + slope.T @ slope


def simulated_state(motion):
    """Angles [rad], velocities [rad/s] and activations along the simulation from rest, (n_frames, n_state).

    Angles as the goniometer reads them; NaN everywhere where a simulation fails.
    """
    parameters = motion.model.parameters.as_dict()
    try:
        state = motion.solve(parameters).state
    except SimulationError:
        return np.full((motion.trials.n_frames, 2 * motion.model.n_coordinates + motion.model.n_muscles), np.nan)
    activation = motion.activations(parameters)
    angle = state[:, 0] + parameters["goniometer_offset"]
    return np.column_stack([angle, state[:, 1], activation])


def errors_allowed(noise_std):
    """Standard deviations of angle and torque, dict of ndarray (n_coordinates,), where the identified simulation leaves
    `noise_std` (n_coordinates,) of the training angles [rad].
    """
    # Nothing is left of an angle that nobody measured, which is no praise.
    size = np.minimum(1.0, np.where(noise_std > 0, noise_std / LARGE_ERROR, 1.0))
    return {"angle_std": size * ANGLE_STD, "torque_std": size * TORQUE_STD}


def explains(states, parts, angle):
    """Whether simulations out of fold come closer to the angles held out from them than the angles' mean does.

    An equation identified from a few scattered labels may not, and would teach the networks what is wrong.
    """
    if not parts:
        return True
    measured = np.concatenate([angle[test] for test, _ in parts])
    simulated = np.concatenate([state[test, : angle.shape[1]] for (test, _), state in zip(parts, states, strict=True)])
    return bool((np.mean((simulated - measured) ** 2, axis=0) < measured.var(axis=0)).all())
