"""Identification from joint torques: the parameters whose EMG-driven moments agree best with those of inverse dynamics.

The calibration of EMG-driven models (Lloyd and Besier 2003, J. Biomechanics 36(6), 765-776; CEINMS, Pizzolato et al.
2015, J. Biomechanics 48(14), 3929-3936) as a maximum a posteriori: the motion is measured, so nothing is integrated but
activations and tendons, and the problem is one of nonlinear least squares. Noise and the number of independent frames
are estimated as in `identify`.
"""

from dataclasses import dataclass

import numpy as np

from ..musculoskeletal import MusculoskeletalModel
from ..musculoskeletal.prior import FreeParameters, fixed_parameters
from .identify import FIRST_EFFECTIVE_FRACTION, SMALLEST_FITTED_FRACTION
from .levenberg_marquardt import levenberg_marquardt
from .posterior import LARGEST_RAW, LARGEST_STEP, effective_fraction
from .standard_errors import Piece, blocks_of, standard_errors

FINEST_TORQUE = 1e-6  # N m; below it a perfect fit would weigh infinitely
MAX_ITERATIONS = 100
TOLERANCE = 1e-3  # of the log posterior: what it moves the parameters by is far below their stated errors
ROUGHLY = 2e-2  # the same as long as the weights of the torques still move the optimum by more
LEAST_LEFT = 0.5  # of the independent frames for the noise, however many parameters they decide
MAX_ROUNDS, SETTLED, NEARLY_SETTLED = 12, 0.05, 0.2  # of the noise and the independent frames, on a log scale


@dataclass
class TorqueIdentification:
    """Result of `identify_torques`.

    Attributes
    ----------
    model : MusculoskeletalModel
        The model with the identified values.
    covariance : ndarray (n_free, n_free)
        Covariance of the free parameters' values (see `standard_errors`).
    information : ndarray (n_raw, n_raw)
        What the torques alone say, in units of the prior (see `Identification`).
    noise_std : ndarray (n_coordinates,)
        Standard deviation of measured minus modelled torque [N m]; NaN where none was measured.
    new_noise_std : ndarray (n_coordinates,)
        The same of frames that were not fitted: what independent frames there are, less the parameters that they have
        decided, are what tells the noise [N m].
    effective_fraction : float
        Independent frames as a fraction of all.
    torque : ndarray (n_frames, n_coordinates)
        The identified model's [N m].
    n_iter : int
        Evaluations of torques and derivatives.
    converged : bool
    given_fixed : ndarray (n_free, n_free), optional
        `covariance`, were the parameters that are not free known.
    doubt : float
        Probability that these are as uncertain as their priors say.
    """

    model: MusculoskeletalModel
    covariance: np.ndarray
    information: np.ndarray
    noise_std: np.ndarray
    new_noise_std: np.ndarray
    effective_fraction: float
    torque: np.ndarray
    n_iter: int
    converged: bool
    given_fixed: np.ndarray | None = None
    doubt: float = 0.0


def identify_torques(motion, torque, weight=None, exact_errors=True):
    """Identify the free parameters of a model from measured joint torques.

    Parameters
    ----------
    motion : MeasuredMotion
        The model (its current values are the start, its initial values the priors' centres) on the trials, with their
        EMG.
    torque : ndarray (n_frames, n_coordinates)
        Measured torque of muscles and tissue [N m]; NaN where it is unknown.
    weight : ndarray (n_frames,), optional
        Non-negative weight of each frame's torques.
    exact_errors : bool
        Whether standard errors are wanted that hold where the model is wrong (see `standard_errors`); otherwise they
        are those of the inverse Hessian.

    Returns
    -------
    TorqueIdentification

    Raises
    ------
    ValueError
        When no torque is known, nothing is free, or a free parameter has no part in the torques.
    SimulationError
        When activation dynamics or tendons cannot be solved; names the trial.
    """
    problem = _Problem(motion, torque, weight)
    raw, n_iter, settled, tol = problem.free.raw(), 0, False, ROUGHLY
    for _ in range(MAX_ROUNDS):
        search = levenberg_marquardt(problem, raw, max_iter=MAX_ITERATIONS, tol=tol)
        raw, n_iter = search.point, n_iter + search.n_tried
        changed = problem.reweigh(raw)
        settled = tol == TOLERANCE and changed < SETTLED
        if settled:
            break
        tol = TOLERANCE if changed < NEARLY_SETTLED else ROUGHLY
    return problem.result(raw, n_iter, bool(settled and search.converged), exact_errors)


class _Problem:
    """Least squares over the raw parameters, given each joint's noise and the fraction of independent frames."""

    def __init__(self, motion, torque, weight):
        self.motion, self.free = motion, FreeParameters(motion.model.parameters)
        _check_free(self.free, motion.acting)
        known = np.isfinite(torque)
        weight = np.ones(len(torque)) if weight is None else np.asarray(weight, dtype=np.float64)
        self.weight = np.where(known, weight[:, None], 0.0)
        self.n = self.weight.sum(axis=0)
        if not self.n.sum() > 0:
            raise ValueError("There is no frame with a known torque and a positive weight.")
        self.torque = np.where(known, torque, 0.0)
        self.fraction = 1.0 if motion.is_static else FIRST_EFFECTIVE_FRACTION
        mean = (self.weight * self.torque).sum(axis=0) / np.maximum(self.n, 1e-300)
        self.noise = self._noise((self.torque - mean) * (self.weight > 0))
        self._raw = None

    def _noise(self, error):
        """Root mean square error of each joint [N m]."""
        squares = (self.weight * error**2).sum(axis=0) / np.maximum(self.n, 1e-300)
        return np.sqrt(np.maximum(squares, FINEST_TORQUE**2))

    def _evaluated(self, raw):
        """Torques and their derivatives, kept for the same raw parameters."""
        if self._raw is None or not np.array_equal(raw, self._raw):
            values = self.free.values(raw)
            self._last = self.motion.moments_and_derivative(values, self.free)
            self._raw = np.array(raw)
        return self._last

    def error(self, raw):
        """Measured minus modelled torque (n_frames, n_coordinates) [N m], 0 where there is none."""
        return np.where(self.weight > 0, self.torque - self._evaluated(raw)[0], 0.0)

    @property
    def scale(self):
        return np.sqrt(self.fraction * self.weight) / self.noise

    def cost(self, raw):
        """Half the sum of squares, torques and priors."""
        return 0.5 * float(np.square(self.residual(raw)).sum())

    def linearise(self, raw):
        """Gradient and Gauss-Newton Hessian."""
        jacobian, slope = self._of_torques(raw), self.free.prior_derivative(raw)
        gradient = jacobian.T @ (self.scale * self.error(raw)).ravel() + slope.T @ self.free.prior_residual(raw)
        return gradient, jacobian.T @ jacobian + slope.T @ slope

    def moved(self, raw, step):
        """Raw parameters one step further; bounds are approached, never reached."""
        return (np.clip(raw + np.clip(step, -LARGEST_STEP, LARGEST_STEP), -LARGEST_RAW, LARGEST_RAW),)

    def evaluate(self, raw):
        """Raw parameters are their own point."""
        return raw

    def residual(self, raw):
        prior = self.free.prior_residual(raw)
        return np.concatenate([(self.scale * self.error(raw)).ravel(), prior])

    def _of_torques(self, raw):
        by_raw = self.free.by_raw(self._evaluated(raw)[1], raw)
        by_raw *= -self.scale[..., None]
        return by_raw.reshape(-1, self.free.n_raw)

    def reweigh(self, raw):
        """Noise and independent frames that the errors ask for; returns by how much they changed (log)."""
        error, before = self.error(raw), (self.noise, self.fraction)
        self.noise = self._noise(error)
        found = 1.0
        if not self.motion.is_static:
            found = effective_fraction(error / self.noise, self.weight, self.motion.trials.slices)
        self.independent = found
        self.fraction = max(found, SMALLEST_FITTED_FRACTION)
        return max(np.abs(np.log(self.noise / before[0])).max(), abs(np.log(self.fraction / before[1])))

    def _errors(self, raw, prior):
        """`StandardErrors` at raw parameters."""
        trials, error = self.motion.trials, self.error(raw)
        by_raw = self._evaluated(raw)[1] @ self.free.derivative(raw)
        fixed = fixed_parameters(self.motion.model.parameters, self.motion.acting)
        slope = self.motion.moments_and_derivative(self.free.values(raw), fixed)[1] * fixed.prior_std()
        weight, own = self.weight / self.noise**2, np.arange(self.free.n_raw)
        n_blocks = trials.lengths if self.motion.is_static else blocks_of(trials.lengths, trials.sampling_rate)
        pieces = [
            Piece(own, by_raw[r], slope[r], weight[r], error[r], n)
            for r, n in zip(trials.slices, n_blocks, strict=True)
        ]
        left = self.linearise(raw)[0]
        return standard_errors(pieces.__iter__, prior, self.fraction, self.free.n_raw, left)

    def result(self, raw, n_iter, converged, exact_errors):
        self.fraction = self.independent  # standard errors use it as it is
        jacobian, slope = self._of_torques(raw), self.free.prior_derivative(raw)
        data, prior = jacobian.T @ jacobian, slope.T @ slope
        by_raw = self.free.derivative(raw)
        unit = 1.0 / np.sqrt(np.diag(prior))
        degrees = np.maximum(self.n * (1.0 - self.free.n_raw / max(self.n.sum(), 1.0)), 1.0)
        squares = (self.weight * self.error(raw) ** 2).sum(axis=0)
        inverse = np.linalg.pinv(data + prior, hermitian=True)
        # Of n independent frames the data have used up trace(H^-1 J'J) for parameters (Spiegelhalter et al. 2002).
        left = 1.0 - np.einsum("ij,ji->", inverse, data) / max(self.fraction * self.n.sum(), 1.0)
        new = squares / np.maximum(self.n * max(left, LEAST_LEFT), 1.0)
        errors = self._errors(raw, prior) if exact_errors else None
        return TorqueIdentification(
            model=self.motion.model.with_values(self.free.values(raw)),
            covariance=by_raw @ (inverse if errors is None else errors.covariance) @ by_raw.T,
            information=data * np.outer(unit, unit),
            noise_std=np.where(self.n > 0, np.sqrt(squares / degrees), np.nan),
            new_noise_std=np.where(self.n > 0, np.sqrt(new), np.nan),
            effective_fraction=self.independent,
            torque=self._evaluated(raw)[0],
            n_iter=n_iter,
            converged=converged,
            given_fixed=by_raw @ (inverse if errors is None else errors.given_fixed) @ by_raw.T,
            doubt=0.0 if errors is None else errors.doubt,
        )


def _check_free(free, acting):
    rows = [free.table.rows[i] for i in free.index]
    idle = [f"{row.owner}/{row.name}" for row in rows if row.name not in acting]
    if idle or not rows:
        raise ValueError(
            f"Joint torques along a measured motion depend on {list(acting)}. Free are {idle or 'none'}: choose "
            "by `identify`."
        )
