"""The posterior of a fit's parameters, sampled: the check of standard errors that come from a quadratic at its top."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from .._inputs import own_random_state
from ..dynamics.equation import EquationOfMotion
from ..exceptions import SimulationError
from ..identification.identifiability import label
from ..identification.posterior import LARGEST_RAW, Posterior

INSTALL = 'pip install "sk-bionic[sampling]"'
QUANTILES = (0.025, 0.5, 0.975)
BURN_IN = 5  # autocorrelation times that are dropped


@dataclass(frozen=True)
class PosteriorSamples:
    """What `sample_posterior` returns.

    Parameters
    ----------
    values : DataFrame (n_samples, n_free)
        Draws of the free parameters' values, in SI units; columns "owner/name".
    summary : DataFrame
        One row a parameter: muscle, name, unit, value (that of the fit), std_err (that of `parameters_`), laplace_std
        (of the inverse Hessian alone, of which the samples are the check), mean, std, lower, median, upper (95 %
        interval) and n_effective, independent draws. std and the interval are those of the value, not its logarithm.
    acceptance : float
        Part of the proposals that were accepted.
    autocorrelation_time : float
        Of the slowest parameter, in steps. The chain should be fifty times as long.
    """

    values: pd.DataFrame
    summary: pd.DataFrame
    acceptance: float
    autocorrelation_time: float


def sample_posterior(estimator, X, y, *, n_steps=2000, n_walkers=None, random_state=None):
    """Sample the posterior of the parameters that a fit has identified, instead of approximating it at its top.

    The ensemble sampler of emcee (Foreman-Mackey et al. 2013, Publications of the Astronomical Society of the Pacific
    125, 306-312) with differential evolution's moves draws from the posterior that the fit maximises: priors in the
    parameters or their logarithms, initial states and trials' gains as nuisances, the angle's noise profiled out, and
    as many independent frames as the fit has counted. Starts come from the quadratic approximation. All frames with an
    angle weigh the same: what `sample_weight` or `robust` made of them in the fit is not known here.

    Parameters
    ----------
    estimator : PhysicsInformedMSKRegressor
        Fitted; ``prediction="simulation"`` or ``"hybrid"``.
    X : DataFrame or array-like (n_frames, n_columns)
        EMG of the training.
    y : array-like (n_frames,) or (n_frames, n_coordinates)
        Angles [rad] of the training.
    n_steps : int, default=2000
        Of every walker. A step of one walker simulates the recording once.
    n_walkers : int, optional
        Default: twice as many as unknowns, and two.
    random_state : int, RandomState instance or None, default=None
        Of start and proposals. Default: the estimator's.

    Returns
    -------
    PosteriorSamples
        Draws, and what they say of each parameter beside what the fit has said.

    Raises
    ------
    ImportError
        When emcee is not installed; names the extra that brings it.
    ValueError
        When the fit has no posterior (``prediction="network"``, or nothing was free), or for too few steps or walkers.

    Examples
    --------
    >>> from sk_bionic import PhysicsInformedMSKRegressor
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> from sk_bionic.inspection import sample_posterior
    >>> X, y = make_elbow_flexion(n_trials=1, duration=2.0, random_state=0, return_X_y=True)
    >>> names = ["max_isometric_force", "electromechanical_delay"]
    >>> regressor = PhysicsInformedMSKRegressor("elbow", identify=names, prediction="simulation").fit(X, y)
    >>> samples = sample_posterior(regressor, X, y, n_steps=60, random_state=0)  # doctest: +SKIP
    >>> samples.values.shape[1]  # doctest: +SKIP
    4
    """
    try:
        import emcee
    except ImportError as error:
        raise ImportError(f"Sampling the posterior needs the package emcee: {INSTALL}.") from error
    check_is_fitted(estimator)
    check_scalar(n_steps, "n_steps", Integral, min_val=2)
    found = getattr(estimator.predictor_, "identification", None)
    if found is None or not len(found.model.parameters.free_index):
        raise ValueError(
            "There is no posterior to sample: the fit identified no parameters. Use prediction='simulation' or "
            "'hybrid', and free parameters with `identify`."
        )
    target = _Target.of(estimator, found, X, y)
    random = own_random_state(estimator.random_state if random_state is None else random_state)
    n_unknowns = len(target.top)
    n_walkers = 2 * n_unknowns + 2 if n_walkers is None else n_walkers
    check_scalar(n_walkers, "n_walkers", Integral, min_val=2 * n_unknowns)  # as the sampler asks for
    start = target.starts(n_walkers, random)
    moves = [(emcee.moves.DEMove(), 0.9), (emcee.moves.DESnookerMove(), 0.1)]
    sampler = emcee.EnsembleSampler(n_walkers, n_unknowns, target.log_probability, moves=moves)
    sampler.random_state = random.get_state()
    sampler.run_mcmc(start, n_steps)
    return _samples(estimator, target, sampler)


def _samples(estimator, target, sampler):
    time = float(np.max(sampler.get_autocorr_time(tol=0)))
    time = time if np.isfinite(time) else float(sampler.iteration)
    kept = sampler.get_chain(discard=min(int(BURN_IN * time), sampler.iteration // 2), flat=True)
    free, model = target.posterior.free, target.model
    values = np.array([free.free_values(one[: free.n_raw]) for one in kept])
    rows = [model.parameters.rows[i] for i in free.index]
    table = estimator.parameters_[["muscle", "name", "unit", "value", "std_err"]].reset_index(drop=True)
    by_raw = free.derivative(target.top[: free.n_raw])
    laplace = by_raw @ target.covariance[: free.n_raw, : free.n_raw] @ by_raw.T
    low, middle, high = np.quantile(values, QUANTILES, axis=0)
    summary = table.assign(
        laplace_std=np.sqrt(np.diag(laplace)), mean=values.mean(axis=0), std=values.std(axis=0), lower=low,
        median=middle, upper=high, n_effective=len(values) / time,
    )  # fmt: skip
    frame = pd.DataFrame(values, columns=[label(row) for row in rows])
    return PosteriorSamples(frame, summary, float(np.mean(sampler.acceptance_fraction)), time)


class _Marched(Posterior):
    """The posterior where no derivatives are asked for."""

    marches_once = False


@dataclass(frozen=True)
class _Target:
    """The density that is sampled, over raw parameters, then initial states and logarithms of gains trial by trial.

    `top` (n_unknowns,) is its mode, `covariance` (n_unknowns, n_unknowns) the inverse Hessian there; `fraction`:
    independent frames as a fraction of all.
    """

    model: object
    posterior: Posterior
    fraction: float
    top: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, estimator, found, X, y):
        recording, _ = estimator._read(X, y)
        model = found.model
        motion = EquationOfMotion.of(model, recording)
        posterior = _Marched(motion, recording.angle, np.ones(len(recording.angle)), estimator.trial_gain_std)
        gains = posterior.trial_gains
        first = [int(np.flatnonzero(gains.channel == k)[0]) for k in range(gains.n)]
        log_gain = np.log(found.trial_gain[:, first]).reshape(motion.trials.n_trials, gains.n)
        point = posterior.evaluate(posterior.free.raw(), found.initial_state.copy(), log_gain)
        data, prior = posterior.data_terms(point, found.effective_fraction)[1], posterior.prior_terms(point)[1]
        own = np.concatenate([point.initial_state.reshape(len(log_gain), -1), log_gain], axis=1)
        top = np.concatenate([point.raw, own.ravel()])
        return cls(model, posterior, found.effective_fraction, top, np.linalg.inv(data + prior))

    def starts(self, n_walkers, random):
        """Where walkers start, (n_walkers, n_unknowns): by the quadratic, nearer to the top where nothing moves so.

        A walker of no density at all would stay where it is. Along a parameter at its bound the quadratic is far wider
        than the posterior.
        """
        away = random.normal(size=(n_walkers, len(self.top))) @ np.linalg.cholesky(self.covariance).T
        for one in away:
            while not np.isfinite(self.log_probability(self.top + one)) and one.any():
                one /= 2.0
        return self.top + away

    def log_probability(self, unknowns):
        """Logarithm of the density at (n_unknowns,), but for a constant; minus infinity where nothing moves so."""
        free, d = self.posterior.free, self.posterior.d
        raw = unknowns[: free.n_raw]
        own = unknowns[free.n_raw :].reshape(-1, self.posterior.n_of_trial)
        if np.abs(raw).max(initial=0.0) > LARGEST_RAW:
            return -np.inf
        try:
            point = self.posterior.evaluate(raw, own[:, : 2 * d].reshape(-1, 2, d), own[:, 2 * d :])
        except SimulationError:
            return -np.inf
        # Priors are densities of the values or their logarithms, not of the unconstrained numbers that move.
        slope = np.sqrt(np.square(free.prior_derivative(raw)).sum(axis=0))
        return float(np.log(slope).sum() - self.posterior.objective(point, self.fraction))
