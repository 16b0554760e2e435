"""Identification: the parameters whose simulated motion agrees best with the measured one.

Maximum a posteriori by Levenberg-Marquardt through the solved equation of motion. With the standard deviation of each
angle's noise profiled out, minus the log posterior is

    sum over angles of n_eff / 2 log(sum_t w (y - q(theta) - offset)^2)  +  1/2 |prior residual|^2

where n_eff counts the statistically independent frames: model errors are correlated in time, and a recording of 3000
frames does not weigh 3000 observations.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logit

from ..dynamics.marching import Trajectory
from ..exceptions import SimulationError
from ..musculoskeletal import MusculoskeletalModel
from .levenberg_marquardt import levenberg_marquardt
from .posterior import Point, Posterior, robust_weight
from .standard_errors import Piece, blocks_of, edges_of, force_noise, standard_errors

FIRST_EFFECTIVE_FRACTION = 1 / 20  # strong priors until the residual has shown how correlated it is
# The prior is not allowed to outweigh the angles further, however correlated their errors are; standard errors use the
# fraction as it is.
SMALLEST_FITTED_FRACTION = 1 / 20
MAX_ITERATIONS, TOLERANCE = 60, 1e-2  # tolerance in units of the log posterior
# A search begins on frames of about this rate [Hz], where every trial has so many of them; where it ends is a start.
COARSE_RATE, FEWEST_COARSE, COARSE_TOLERANCE = 25.0, 20, 0.1
MAX_ROUNDS, SETTLED = 6, 0.2  # of the effective fraction and the robust weights, on a log scale


@dataclass(frozen=True)
class IdentificationSettings:
    """How parameters are identified; the estimator's parameters of the same names.

    Parameters
    ----------
    robust : bool
        Discount artefacts (a Student t likelihood with four degrees of freedom instead of a Gaussian one).
    n_starts : int
        Starts: the model's values, and random ones within the bounds. The best optimum is returned.
    trial_gain_std : float
        Prior standard deviation of the logarithm of each trial's EMG gains (see `TrialGains`); 0: none.
    random_state : numpy.random.RandomState, optional
        For the random starts.
    exact_errors : bool
        Whether standard errors are wanted that hold where the model is wrong (see `standard_errors`), which take
        another march of the derivatives; otherwise they are those of the inverse Hessian.
    share : bool
        Whether muscles share what the recording does not tell apart (see `identifiability.sharing`).
    """

    robust: bool = False
    n_starts: int = 1
    trial_gain_std: float = 0.0
    random_state: np.random.RandomState | None = None
    exact_errors: bool = True
    share: bool = False


@dataclass(frozen=True)
class Identification:
    """Result of `identify`.

    Attributes
    ----------
    model : MusculoskeletalModel
        The model with the identified values.
    covariance : ndarray (n_free, n_free)
        Covariance of the free parameters' values, what is each trial's own marginalised (see `standard_errors`).
    information : ndarray (n_raw, n_raw)
        What the angles alone say about the unconstrained parameters: the data term's Hessian, what is each trial's own
        marginalised, in units of the prior's standard deviations. A direction with an eigenvalue below 1 is left to
        the prior.
    noise_std : ndarray (n_coordinates,)
        Standard deviation of measured minus simulated angle [rad].
    effective_fraction : float
        Independent frames as a fraction of all.
    initial_state : ndarray (n_trials, 2, n_coordinates)
        Identified angle [rad] and velocity [rad/s] at the start of each trial.
    trial_gain : ndarray (n_trials, n_muscles)
        Identified EMG gain of each trial, relative to the mean of all.
    trial_names : tuple
    trajectory : Trajectory
    frame_weight : ndarray (n_frames, n_coordinates)
        Weight of each frame's angle, after the robust loss where it was asked for.
    objective : float
        Minus the log posterior at the optimum, but for a constant.
    n_iter : int
    converged : bool
    starts : tuple of tuple (float, ndarray)
        Objective and free values (n_free,) that each start of a multi-start reached; infinite and None where it
        failed.
    given_fixed : ndarray (n_free, n_free), optional
        `covariance`, were the parameters that are not free known.
    doubt : float
        Probability that the parameters that are not free are as uncertain as their priors say.
    force_noise : ndarray (n_muscles,), optional
        Relative standard deviation of the muscle forces that noise of the EMG makes.
    """

    model: MusculoskeletalModel
    covariance: np.ndarray
    information: np.ndarray
    noise_std: np.ndarray
    effective_fraction: float
    initial_state: np.ndarray
    trial_gain: np.ndarray
    trial_names: tuple
    trajectory: Trajectory
    frame_weight: np.ndarray
    objective: float
    n_iter: int
    converged: bool
    starts: tuple = ()
    given_fixed: np.ndarray | None = None
    doubt: float = 0.0
    force_noise: np.ndarray | None = None

    def relative_variance(self):
        """Relative variance (n_muscles,) of the muscle forces that noise of the EMG makes."""
        return np.zeros(self.model.n_muscles) if self.force_noise is None else np.square(self.force_noise)


class IdentificationInterrupted(KeyboardInterrupt):
    """An interrupt (Ctrl-C) that came after the first accepted step.

    Attributes
    ----------
    best : Identification
        What had been found by then.
    """

    def __init__(self, best):
        super().__init__()
        self.best = best


def identify(
    motion,
    angle,
    weight=None,
    settings=IdentificationSettings(),
    *,
    known_noise_std=None,
    on_step=None,
):
    """Identify the free parameters of a model from measured angles.

    Parameters
    ----------
    motion : EquationOfMotion
        The model (its current values are the start, its initial values the priors' centres) on the training trials.
    angle : ndarray (n_frames, n_coordinates)
        Measured angle [rad]; NaN where it is missing.
    weight : ndarray (n_frames,), optional
        Non-negative weight of each frame.
    settings : IdentificationSettings
    known_noise_std : ndarray (n_coordinates,), optional
        Noise of earlier recordings [rad] (see `Posterior`). Default: these frames alone tell it.
    on_step : callable, optional
        Called with (iteration, objective, values) after each accepted step, `values` (n_parameters,) those of all
        parameters; returns whether to stop there.

    Returns
    -------
    Identification

    Raises
    ------
    SimulationError
        When the model cannot be simulated from any start.
    IdentificationInterrupted
        On an interrupt after the first accepted step; holds the best parameters so far.
    """
    weight = np.ones(len(angle)) if weight is None else weight
    posterior = Posterior(motion, angle, weight, settings.trial_gain_std, known_noise_std)
    runs, failure, interrupted = [], None, False
    for raw in _starts(posterior.free, settings.n_starts, settings.random_state):
        posterior.weight = posterior.given_weight
        run = None
        try:
            run = _approached(posterior, raw, on_step)
            interrupted = run.interrupted
            if not interrupted:
                _search(posterior, run, settings.robust)
        except SimulationError as error:
            run, failure = None, error
        except KeyboardInterrupt:
            interrupted = True
            run = run if run is not None and run.n_accepted else None
            if run is None and not any(runs):
                raise
        runs.append(run)
        if interrupted or run is not None and run.stopped:
            break
    if all(run is None for run in runs):
        raise failure
    objectives = _compare(posterior, runs)
    best = runs[int(np.argmin(objectives))]
    posterior.weight = best.weight
    of_angles, of_priors = posterior.data_terms(best.point, best.fraction), posterior.prior_terms(best.point)
    errors = _errors(posterior, best, of_priors[1], of_angles[0] + of_priors[0]) if settings.exact_errors else None
    result = _result(posterior, best, of_angles[1], of_priors[1], errors)
    values = [None if run is None else posterior.free.free_values(run.point.raw) for run in runs]
    result = replace(result, starts=tuple(zip(objectives, values, strict=True)))
    if interrupted:
        raise IdentificationInterrupted(result)
    return result


@dataclass
class _Run:
    """Where the search from one start is, and what it has reached in the end."""

    point: Point | None
    fraction: float = FIRST_EFFECTIVE_FRACTION
    weight: np.ndarray | None = None
    n_iter: int = 0
    converged: bool = False
    n_accepted: int = 0
    stopped: bool = False  # by the callback
    interrupted: bool = False  # before the search among all frames
    on_step: object = None
    n_before: int = 0  # iterations of the searches before this one

    def accepted(self, search):
        """The point moves along with every step of a search, so that an interrupt finds the best so far."""
        self.point, self.n_iter, self.n_accepted = search.point, self.n_before + search.n_iter, self.n_accepted + 1
        return False

    def told(self, search):
        """The same of the search that the callback hears of; whether that asks for the end."""
        self.accepted(search)
        if self.on_step is not None:
            values = search.point.motion.model.parameters.flat(search.point.parameters)
            self.stopped = bool(self.on_step(self.n_iter, search.cost, values))
        return self.stopped

    def ended(self, search):
        """A search is over, and the next one counts on."""
        self.n_iter, self.converged = self.n_before + search.n_iter, search.converged
        self.n_before = self.n_iter


def _approached(posterior, raw, on_step):
    """A `_Run` from where a search among fewer frames ends: that is near, and far quicker to find."""
    coarse, every, frames = posterior.thinned(COARSE_RATE, FEWEST_COARSE)
    if coarse is None:
        return _Run(posterior.start(raw), on_step=on_step)
    try:
        run = _Run(coarse.start(raw), on_step=on_step)
        try:
            problem = coarse.given(FIRST_EFFECTIVE_FRACTION * every)
            options = {"max_iter": MAX_ITERATIONS, "tol": COARSE_TOLERANCE, "on_step": run.accepted}
            run.ended(levenberg_marquardt(problem, run.point, **options))
        except KeyboardInterrupt:
            if not run.n_accepted:
                raise
            run.interrupted = True
        place, trajectory = (run.point.raw, run.point.initial_state, run.point.log_gain), run.point.trajectory
        del coarse, problem
        run.point = None  # its frames take room
        run.point = posterior.evaluate(*place, near=posterior.motion.guess(trajectory, frames))
    except SimulationError:
        return _Run(posterior.start(raw), on_step=on_step)
    run.fraction, run.weight = posterior.effective_fraction(run.point), posterior.weight
    return run


def _compare(posterior, runs):
    """Objective of each run, infinite where it failed; all with the weights and effective frames of the run that fits
    best.

    Under its own, a poor optimum would look good: its errors are so correlated that few frames count.
    """
    found = [run for run in runs if run is not None]
    reference = min(found, key=lambda run: (posterior.given_weight * run.point.error**2).sum())
    posterior.weight = reference.weight
    fraction = max(reference.fraction, SMALLEST_FITTED_FRACTION)
    return [np.inf if run is None else posterior.objective(run.point, fraction) for run in runs]


def _starts(free, n_starts, random_state):
    """Raw vectors: the model's own values, then random ones, uniform within the bounds."""
    yield free.raw()
    for _ in range(n_starts - 1):
        fraction = random_state.uniform(0.02, 0.98, free.n_raw)
        yield logit(fraction)


def _search(posterior, run, robust):
    """Alternate between the optimum for a given weighting of the frames and the weighting that its errors ask for."""
    fitted_fraction = max(run.fraction, SMALLEST_FITTED_FRACTION)
    options = {"max_iter": MAX_ITERATIONS, "tol": TOLERANCE, "on_step": run.told}
    try:
        for _ in range(MAX_ROUNDS):
            run.ended(levenberg_marquardt(posterior.given(fitted_fraction), run.point, **options))
            previous = fitted_fraction, posterior.weight
            if robust:
                posterior.weight = robust_weight(run.point.error, posterior.given_weight)
            fitted_fraction = max(posterior.effective_fraction(run.point), SMALLEST_FITTED_FRACTION)
            change = np.abs(posterior.weight - previous[1]).max() / posterior.given_weight.max()
            if run.stopped or abs(np.log(fitted_fraction / previous[0])) < SETTLED and change < SETTLED:
                break
    finally:
        run.fraction, run.weight = posterior.effective_fraction(run.point), posterior.weight


def _result(posterior, run, data, prior, errors):
    """Identification of a run, of the Hessians of data and prior and, where they are wanted, `StandardErrors`."""
    point, free = run.point, posterior.free
    p, by_raw = free.n_raw, free.derivative(point.raw)
    noise = None
    if errors is not None:  # of the muscle forces, as far as it is not the model that is in doubt
        noise = force_noise(point.motion, point.trajectory, point.parameters, point.initial_state, point.error)
        noise = np.sqrt(1.0 - errors.doubt) * noise
    plain = np.linalg.pinv(data + prior, hermitian=True)[:p, :p]
    scale = 1.0 / np.sqrt(np.diag(prior)[:p])
    states = data[p:, p:] + prior[p:, p:]
    information = data[:p, :p] - data[:p, p:] @ np.linalg.pinv(states, hermitian=True) @ data[p:, :p]
    return Identification(
        model=posterior.motion.model.with_values(free.values(point.raw)),
        covariance=by_raw @ (plain if errors is None else errors.covariance) @ by_raw.T,
        information=information * np.outer(scale, scale),
        noise_std=posterior.noise_std(point, len(data)),
        effective_fraction=run.fraction,
        initial_state=point.initial_state,
        trial_gain=posterior.trial_gains.gain(point.log_gain),
        trial_names=posterior.motion.trials.names,
        trajectory=point.trajectory._replace(sensitivity=None),
        frame_weight=posterior.weight,
        objective=posterior.objective(point, run.fraction),
        n_iter=run.n_iter,
        converged=run.converged,
        given_fixed=by_raw @ (plain if errors is None else errors.given_fixed) @ by_raw.T,
        doubt=0.0 if errors is None else errors.doubt,
        force_noise=noise,
    )


def _errors(posterior, run, prior, left):
    """`StandardErrors` at a run's point."""
    trials, p, size = posterior.motion.trials, posterior.free.n_raw, posterior.n_of_trial
    weight = posterior.frame_scale(run.point) * posterior.weight
    n_blocks = blocks_of(trials.lengths, trials.sampling_rate)
    edges = [rows.start + edges_of(rows.stop - rows.start, n) for rows, n in zip(trials.slices, n_blocks, strict=True)]

    def pieces(of_trial):
        for k in range(trials.n_trials):
            unknowns = np.r_[0:p, p + size * k : p + size * (k + 1)]
            for rows, jacobian, *by_fixed in of_trial(k, edges[k]):
                n = int(((edges[k] >= rows.start) & (edges[k] < rows.stop)).sum())
                by_fixed = by_fixed[0] if by_fixed else np.empty((*weight[rows].shape, 0))
                yield Piece(unknowns, jacobian, by_fixed, weight[rows], run.point.error[rows], n)

    plain = posterior.jacobians(run.point)
    whole = posterior.with_fixed(run.point, plain) if len(posterior.fixed) else plain
    again = lambda: pieces(plain)
    return standard_errors(lambda: pieces(whole), prior, run.fraction, p, left, without_fixed=again)
