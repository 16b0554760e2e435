"""The posterior of parameters and initial states given measured angles: evaluation, linearisation, weights."""

from dataclasses import dataclass
from functools import cached_property, partial
from types import SimpleNamespace

import numpy as np

from ..dynamics.equation import EquationOfMotion
from ..dynamics.marching import March, Trajectory, in_threads, n_workers
from ..exceptions import SimulationError
from ..musculoskeletal.prior import FreeParameters, fixed_parameters
from .trial_gains import TrialGains

INITIAL_STATE_STD = (
    0.3,
    3.0,
)  # rad and rad/s about the measured start; weak, for trials whose first angles are missing
SMOOTHING_WINDOW = 0.1  # s, of the measured angle where only a first guess is made of it
LARGEST_RAW, LARGEST_STEP = 9.0, 2.0  # of the unconstrained parameters: bounds are approached, never reached
FINEST_ANGLE = 1e-6  # rad
FEWEST = 1e-3  # frames that an angle without any counts as, where it divides
MARCHED_ONCE = 2e6  # numbers that derivatives may take (16 MB, twice) where every state tried has some
KNOWN_FRAMES = 1000  # that a noise known beforehand counts for
STUDENT_DEGREES = 4.0  # of Student's t distribution, the robust model of the angle's error


@dataclass
class Point:
    """One evaluated point of the optimisation."""

    raw: np.ndarray
    initial_state: np.ndarray
    log_gain: np.ndarray  # (n_trials, n_gains)
    motion: EquationOfMotion
    parameters: dict
    trajectory: Trajectory
    error: np.ndarray  # measured minus simulated, 0 where the angle is missing
    prior: np.ndarray
    prior_of_state: np.ndarray
    prior_of_gain: np.ndarray
    linearised: tuple = (None, None)  # the frames' weights under which that has been done, and terms of the data


class Posterior:
    """Minus the log posterior of one data set.

    Parameters
    ----------
    motion : EquationOfMotion
    angle : ndarray (n_frames, n_coordinates)
        Measured angles [rad]; NaN carries no weight.
    weight : ndarray (n_frames,)
    trial_gain_std : float
        Prior standard deviation of the logarithm of each trial's EMG gains, relative to the mean of all trials; 0: they
        have one and the same. Muscles that one EMG drives share a gain.
    known_noise_std : ndarray (n_coordinates,), optional
        Noise of earlier recordings [rad], which counts as much as `KNOWN_FRAMES` frames (the conjugate prior of a
        variance; Gelman et al. 2013, Bayesian Data Analysis, section 2.6): a few frames cannot tell how wrong the model
        is.
    start_center : ndarray (n_trials, 2, n_coordinates), optional
        Angle [rad] and velocity [rad/s] that each trial is taken to begin with. Default: as these angles say.
    """

    def __init__(self, motion, angle, weight, trial_gain_std=0.0, known_noise_std=None, *, start_center=None):
        self.motion, self.trial_gain_std, self.known_noise_std = motion, trial_gain_std, known_noise_std
        self.free = FreeParameters(motion.model.parameters)
        self.trial_gains = TrialGains(motion, trial_gain_std)
        weight = np.asarray(weight, dtype=np.float64)[:, None]
        angle = np.where(weight > 0, angle, np.nan)
        present = np.isfinite(angle)
        self.given_weight = np.where(present, weight, 0.0)
        self.weight = self.given_weight
        self.angle = np.where(present, angle, 0.0)
        self.n = self.weight.sum(axis=0)  # (n_coordinates,)
        self.n_known, known = (0, 0.0) if known_noise_std is None else (KNOWN_FRAMES, known_noise_std)
        self.known_squares = self.n_known * np.square(known)
        self.d = motion.model.n_coordinates
        self.start_center = self._measured_starts(angle) if start_center is None else start_center
        self.start_std = np.asarray(INITIAL_STATE_STD)[None, :, None]

    @cached_property
    def fixed(self):
        """The parameters that are not free."""
        return fixed_parameters(self.motion.model.parameters)

    def thinned(self, rate, fewest):
        """The posterior of every k-th frame, so that about `rate` of them [Hz] are left, k, and the frames (n_kept,);
        None where k is 1 or some trial would keep less than `fewest` of its frames.
        """
        trials = self.motion.trials
        every = round(trials.sampling_rate / rate) if np.isfinite(trials.sampling_rate) else 1
        if every < 2 or trials.lengths.min() < every * fewest:
            return None, 1, None
        frames = np.concatenate([np.arange(rows.start, rows.stop, every) for rows in trials.slices])
        angle = np.where(self.given_weight[frames] > 0, self.angle[frames], np.nan)
        weight = self.given_weight[frames].max(axis=1)
        known, motion = (self.trial_gain_std, self.known_noise_std), self.motion.take(frames)
        return Posterior(motion, angle, weight, *known, start_center=self.start_center), every, frames

    def _measured_starts(self, angle):
        """The measured state at the trials' first frames, and what no frame of a trial tells at rest under the model's
        values.
        """
        motion, known = self.motion, np.isfinite(angle)
        start = measured_state(motion.trials, angle, motion.model)[motion.first]
        empty = np.array([~known[rows].any(axis=0) for rows in motion.trials.slices])
        if empty.any():
            rest = motion.rest_state(motion.model.parameters.as_dict())[motion.first]
            start = np.where(empty[:, None], rest, start)
        return start

    def start(self, raw=None):
        """Point at given raw parameters, default the model's values, and at the measured initial states.

        Values far from the subject's may hurl the limb away from where it was measured; such a start begins at rest
        in their own equilibrium.
        """
        raw = self.free.raw() if raw is None else raw
        try:
            return self.evaluate(raw, self.start_center.copy(), self.trial_gains.start)
        except SimulationError:
            parameters = self.motion.model.parameters.as_dict(self.free.values(raw))
            rest = self.motion.rest_state(parameters)
            return self.evaluate(raw, rest[self.motion.first], self.trial_gains.start)

    @property
    def marches_once(self):
        """Whether derivatives are marched along with every state that is tried, which costs less than another march of
        those that are accepted, but memory.
        """
        n_columns = len(self.trial_gains.free) + 2 * self.d
        return self.motion.trials.n_frames * self.motion.model.n_states * n_columns <= MARCHED_ONCE

    def evaluate(self, raw, initial_state, log_gain, near=None):
        """Simulate and compare; `near`: the trajectory of a point nearby."""
        motion = self.trial_gains.applied(log_gain)
        parameters = motion.model.parameters.as_dict(self.free.values(raw))
        rows = self.trial_gains.free.index if self.marches_once else None
        march = March(motion, parameters, () if rows is None else rows)
        trajectory = march.solve(initial_state, wanted=rows is not None, near=near)
        simulated = trajectory.angle + parameters["goniometer_offset"]
        error = np.where(self.given_weight > 0, self.angle - simulated, 0.0)
        prior = self.free.prior_residual(raw)
        prior_of_state = (initial_state - self.start_center) / self.start_std
        prior_of_gain = self.trial_gains.prior_residual(log_gain)
        return Point(
            raw,
            initial_state,
            log_gain,
            motion,
            parameters,
            trajectory,
            error,
            prior,
            prior_of_state,
            prior_of_gain,
        )

    def squares(self, point):
        """Weighted sums of squared errors (n_coordinates,) [rad^2], never below what the finest goniometer resolves, or
        a perfect fit would weigh infinitely.
        """
        finest = np.maximum(self.n, FEWEST) * FINEST_ANGLE**2
        return np.maximum((self.weight * point.error**2).sum(axis=0), finest)

    def noise_std(self, point, n_parameters):
        """Standard deviation (n_coordinates,) of measured minus simulated angle [rad] under that many parameters."""
        degrees = self.n * (1.0 - n_parameters / self.n.sum())
        return np.sqrt((self.weight * point.error**2).sum(axis=0) / np.maximum(degrees, 1.0))

    def effective_fraction(self, point):
        """Independent frames as a fraction of all (see `effective_fraction`); every angle in units of its noise."""
        scaled = point.error / np.sqrt(self.squares(point) / np.maximum(self.n, FEWEST))
        return effective_fraction(scaled, self.weight, self.motion.trials.slices)

    def objective(self, point, fraction):
        """Minus the log posterior but for a constant; `fraction` of the frames are independent."""
        squares = self.squares(point) + self.known_squares
        data = fraction * ((self.n + self.n_known) * np.log(squares)).sum()
        priors = (point.prior, point.prior_of_state, point.prior_of_gain)
        return 0.5 * (data + sum((prior**2).sum() for prior in priors))

    def _of_angle(self, point, moved):
        """d(simulated angle)/d(raw parameters), behind them d/d(initial state and gains of the own trial), at some
        frames, ndarray (n_frames, n_coordinates, n_raw + n_of_trial), from the derivatives of all states by what is
        free.
        """
        n, moved = len(self.trial_gains.free), moved[:, : self.d]
        by_value, by_gain = self.trial_gains.split(moved[..., :n], point.parameters)
        by_value = with_offset(by_value, self.free)
        return np.concatenate([self.free.by_raw(by_value, point.raw), moved[..., n:], by_gain], axis=2)

    def jacobians(self, point):
        """Derivatives of the simulated angles of a trial by raw parameters and by its own initial state and gains.

        Those of long recordings are marched along, piece by piece, and overwritten by the next one.

        Parameters
        ----------
        point : Point

        Returns
        -------
        callable
            Of a trial's number and, optionally, the frames between which nothing is cut, and numbers that are made of a
            frame's derivatives (see `March.pieces`); makes an iterator over pairs of rows (slice) and derivatives
            (n_rows, n_coordinates, n_raw + n_of_trial).
        """
        slices, free = self.motion.trials.slices, self.trial_gains.free
        if self.marches_once:
            moved = point.trajectory.sensitivity
            if moved is None:
                moved = point.motion.solve(point.parameters, point.initial_state, free.index).sensitivity
            whole = self._of_angle(point, moved)
            return lambda k, edges=None, n_made=0: iter([(slices[k], whole[slices[k]])])
        march = March(point.motion, point.parameters, free.index)
        states, n_columns = march.states(point.initial_state), len(free) + 2 * self.d
        known = point.trajectory.all_states

        def of_trial(k, edges=None, n_made=0):
            for rows, moved in march.pieces(k, states, n_columns, n_made, from_rest=False, edges=edges, near=known):
                yield rows, self._of_angle(point, moved)

        return of_trial

    def with_fixed(self, point, of_trial):
        """What `jacobians` has made of a point, with derivatives by the parameters that are not free, in their prior
        standard deviations, the initial states given: an iterator over rows (slice) and both, the latter (n_rows,
        n_coordinates, n_fixed).

        Of all frames, since the ones nearly cancel against the others: what is made of fewer would not.
        """
        std, d = self.fixed.prior_std(), self.d
        march = March(point.motion, point.parameters, self.fixed.index)
        states, known = march.states(point.initial_state), point.trajectory.all_states
        n_made = 2 * self.motion.model.n_states * max(len(std), len(self.trial_gains.free) + 2 * d)

        def both(k, edges):
            own = of_trial(k, edges, n_made)
            rows, jacobian = next(own)
            pieces = march.pieces(k, states, len(std), n_made, from_rest=False, edges=edges, near=known)
            for at, moved in pieces:
                if at.start >= rows.stop:
                    rows, jacobian = next(own)
                by_fixed = with_offset(moved[:, :d].copy(), self.fixed)
                by_fixed *= std
                yield at, jacobian[at.start - rows.start : at.stop - rows.start], by_fixed

        return both

    def frame_scale(self, point):
        """What a frame's weight is over the noise's variance (n_coordinates,)."""
        return (self.n + self.n_known) / (self.squares(point) + self.known_squares)

    def given(self, fraction):
        """The problem that `levenberg_marquardt` solves, given the fraction of the frames that are independent."""
        return SimpleNamespace(
            cost=partial(self.objective, fraction=fraction),
            linearise=partial(self.data_terms, fraction=fraction, with_priors=True),
            moved=self.moved,
            evaluate=self.evaluate,
        )

    def data_terms(self, point, fraction, with_priors=False):
        """Gradient and Gauss-Newton Hessian of the data term over raw parameters and each trial's start and gains;
        with the priors' where asked for.
        """
        if point.linearised[0] is not self.weight:
            trials, of_trial, scale = self.motion.trials, self.jacobians(point), self.frame_scale(point)
            calls = [(point, of_trial, scale, k) for k in range(trials.n_trials)]
            sums = list(in_threads(self._sums_of_trial, calls, n_workers(len(calls), trials.n_frames)))
            point.linearised = self.weight, self._placed(sums)
        gradient, hessian = (fraction * each for each in point.linearised[1])
        if with_priors:
            of_priors = self.prior_terms(point)
            gradient, hessian = gradient + of_priors[0], hessian + of_priors[1]
        return gradient, hessian

    def _sums_of_trial(self, point, of_trial, scale, k):
        """A trial's gradient and Hessian over raw parameters and its own unknowns, its frames as if independent."""
        size = self.free.n_raw + self.n_of_trial
        slope, curvature = np.zeros(size), np.zeros((size, size))
        for rows, piece in of_trial(k):
            jacobian = piece.reshape(-1, size)
            weighted = jacobian * (scale * self.weight[rows]).reshape(-1, 1)
            slope += weighted.T @ point.error[rows].ravel()
            curvature += weighted.T @ jacobian
        return slope, curvature

    def _placed(self, sums):
        """Gradient and Hessian over all unknowns from those of every trial."""
        p, size = self.free.n_raw, self.n_of_trial
        total = p + size * len(sums)
        gradient, hessian = np.zeros(total), np.zeros((total, total))
        for k, (slope, curvature) in enumerate(sums):
            own = slice(p + size * k, p + size * (k + 1))
            gradient[:p] -= slope[:p]
            gradient[own] = -slope[p:]
            hessian[:p, :p] += curvature[:p, :p]
            hessian[:p, own], hessian[own, :p] = curvature[:p, p:], curvature[p:, :p]
            hessian[own, own] = curvature[p:, p:]
        return gradient, hessian

    @property
    def n_of_trial(self):
        """Unknowns of a single trial: its initial state and its gains."""
        return 2 * self.d + self.trial_gains.n

    def prior_terms(self, point):
        """Gradient and Hessian of the priors over raw parameters and every trial's initial state and gains."""
        p, k, s = self.free.n_raw, self.motion.trials.n_trials, 2 * self.d
        slope, start = self.free.prior_derivative(point.raw), 1.0 / self.start_std.ravel()
        of_trial, hessian = np.zeros((k, self.n_of_trial)), np.zeros((p + k * self.n_of_trial,) * 2)
        of_trial[:, :s] = np.repeat(start, self.d) * point.prior_of_state.reshape(k, -1)
        hessian[:p, :p] = slope.T @ slope
        # views of the trials' own block and of its diagonal
        curvature = hessian[p:, p:].reshape(k, self.n_of_trial, k, self.n_of_trial)
        for trial in range(k):
            np.fill_diagonal(curvature[trial, :s, trial, :s], np.repeat(start**2, self.d))
        if self.trial_gains.n:
            of_trial[:, s:], curvature[:, s:, :, s:] = self.trial_gains.prior_terms(point.log_gain)
        return np.concatenate([slope.T @ point.prior, of_trial.ravel()]), hessian

    def moved(self, point, step):
        """What `evaluate` takes one step further."""
        p = self.free.n_raw
        move = np.clip(step[:p], -LARGEST_STEP, LARGEST_STEP)
        raw = np.clip(point.raw + move, -LARGEST_RAW, LARGEST_RAW)
        of_trial = step[p:].reshape(-1, self.n_of_trial)
        initial_state = point.initial_state + of_trial[:, : 2 * self.d].reshape(point.initial_state.shape)
        log_gain = point.log_gain + of_trial[:, 2 * self.d :]
        return raw, initial_state, log_gain, point.trajectory


def with_offset(by_value, free):
    """Add the goniometer offset's own effect to sensitivities of the joint angle (n_frames, n_coordinates, n_free)."""
    table = free.table
    offsets = table.slices["goniometer_offset"]
    for column, row in enumerate(free.index):
        if offsets.start <= row < offsets.stop:
            by_value[:, row - offsets.start, column] += 1.0
    return by_value


def measured_state(trials, angle, model):
    """Joint angle and velocity (n_frames, 2, n_coordinates) from measured angles, gaps interpolated.

    Where to start.
    """
    offset = model.parameters.as_dict()["goniometer_offset"]
    state = np.zeros((len(angle), 2, angle.shape[1]))
    window = SMOOTHING_WINDOW * trials.sampling_rate
    for rows in trials.slices:
        time = trials.time[rows]
        width = max(1, round(min(window, len(time))))  # times in another unit than s must not ask for endless windows
        for d in range(angle.shape[1]):
            known = np.isfinite(angle[rows, d])
            if not known.any():
                continue
            filled = np.interp(time, time[known], angle[rows, d][known]) - offset[d]
            padded = np.pad(filled, width, mode="edge")
            smooth = np.convolve(padded, np.ones(width) / width, mode="same")[width:-width]
            state[rows, 0, d], state[rows, 1, d] = smooth, np.gradient(smooth, time)
    return state


def effective_fraction(error, weight, slices):
    """Independent frames as a fraction of all, from the error's integrated autocorrelation time.

    The sum of the autocorrelation runs up to its first negative value (Geyer 1992, Statistical Science 7(4), 473-483,
    simplified).
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


def robust_weight(error, given):
    """Weights that discount artefacts: those of a Student t likelihood with four degrees of freedom.

    Lange, Little and Taylor (1989), J. American Statistical Association 84(408), 881-896; the scale of each coordinate
    is its median absolute error over 0.6745.
    """
    sizes = [np.abs(e[g > 0]) for e, g in zip(error.T, given.T, strict=True)]
    scale = np.array([max(np.median(size) / 0.6745, 1e-12) if len(size) else 1.0 for size in sizes])
    factor = (STUDENT_DEGREES + 1.0) / (STUDENT_DEGREES + (error / scale) ** 2)
    return given * factor
