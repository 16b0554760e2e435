"""Standard errors that hold where the model is wrong or what drives it is noisy.

The inverse Hessian is the covariance of the parameters if the model is right and its errors are independent draws, or
draws whose correlation the effective fraction has counted. Two things are added here.

Scatter between blocks: errors that noise in the EMG makes are as large as the muscles are active, and last as long as
activation does. With the scores s_b (gradients of the data term) of contiguous blocks of about a second, H = f I + P
the Hessian (data, prior) and u_b = (1 - f I_b H^-1)^-1 s_b, the scores as they are without the block's own part in the
fit,

    S = H^-1 [(B - 1) / B f^2 sum_b u_b u_b^T + P] H^-1

is the cluster-robust "sandwich" (Liang and Zeger 1986, Biometrika 73(1), 13-22) as the jackknife over blocks has it
(CR3 of Bell and McCaffrey 2002, Survey Methodology 28(2), 169-181), with the prior counted as what it is, a draw of the
truth about its centre. It is noisy itself where there are few blocks: B of them tell a variance with a relative
standard error of sqrt(2 / B). So the covariance is H^-1, but wider in each direction by what the ratio of S to H^-1
exceeds 1 + 3 sqrt(2 / B) there.

Doubt of the model: no scatter tells a bias that all blocks share. What else could be wrong are the parameters that were
not free: moment arms, masses, tendons, stops. They are known as their priors say. With J_c the derivatives of the
angles by them in prior standard deviations, estimates move by -K u where they are off by u, K = H^-1 f J^T W J_c: a
"consider" covariance of orbit determination (Schmidt 1966; Tapley, Schutz and Born 2004, Statistical Orbit
Determination, section 6.2), which counts as far as the recording speaks for it: by the posterior probability of "all as
uncertain as their priors" against "all exact" (Bayes factor of the linearised model; the first is what one expects,
and four times as likely beforehand).
"""

from typing import NamedTuple

import numpy as np

from ..dynamics.equation import AT_ONCE, EquationOfMotion
from ..dynamics.marching import March
from ..exceptions import SimulationError

BLOCK = 1.0  # s, at least; longer than activation and the limb remember
FEWEST_BLOCKS = 24  # of a recording, whose blocks are shorter then
SURE_OF_SCATTER = 3.0  # standard errors of a variance that B blocks tell, sqrt(2 / B)
LARGEST_LEVERAGE = 0.75  # of a block on its own fit
NOISES = np.geomspace(0.02, 1.0, 40)  # variances that are left once the other parameters explain a part, over those now
LEAST_SQUARE = 1e-4  # of errors over the noise assumed: what is smaller is rounding, which tells nothing of the model
# Odds beforehand that the others are as uncertain as their priors say, against all of them exact. On simulated elbows
# (seeds 0 to 13) 1, 4 and 10 cover 87, 89 and 90 % of forces by 90 % bands, 93, 95 and 97 % of parameters by 95 %
# intervals, where the model is wrong; nothing changes where it is right.
EXPECTED = 4.0
UNLIKELY = 0.01  # doubt that is not worth carrying along
REMEMBERED = 1.0  # s of lags over which errors by noise of the EMG are looked for
SURE = 1.0  # standard errors above which an amount of noise is more than chance
LONG_ENOUGH = 60_000  # frames, of which more would tell nothing else of the noise
TRIED_NOISE = 0.05  # of the EMG, relative, from frame to frame
TOP, LOWEST_TOP = 0.75, 15.0  # part of the band, and frequency [Hz], above which an envelope has nothing but noise
LEAST_SEEN = 0.01  # of the tried noise's power: a tenth of its size


class Piece(NamedTuple):
    """Frames of one trial, linearised at the optimum: some of its blocks, or all.

    Attributes
    ----------
    own : ndarray (n_own,) of int
        Unknowns (raw parameters first, then what is some trial's own) on which the trial's errors depend.
    jacobian : ndarray (n_frames, n_coordinates, n_own)
        Derivatives of what is predicted.
    by_fixed : ndarray (n_frames, n_coordinates, n_fixed)
        The same by the parameters that are not free, in their prior standard deviations.
    weight : ndarray (n_frames, n_coordinates)
        Over the noise's variance.
    error : ndarray (n_frames, n_coordinates)
        Measured minus predicted.
    n_blocks : int
    """

    own: np.ndarray
    jacobian: np.ndarray
    by_fixed: np.ndarray
    weight: np.ndarray
    error: np.ndarray
    n_blocks: int


class StandardErrors(NamedTuple):
    """Covariances over raw parameters, and parameters that are not free in prior standard deviations.

    Attributes
    ----------
    given_fixed : ndarray (n_raw, n_raw)
        Of the raw parameters, if those that are not free were known.
    by_fixed : ndarray (n_raw, n_fixed)
        What the raw parameters move by where one that is not free is off by one prior standard deviation.
    doubt : float
        Probability that those that are not free are as uncertain as their priors say, 0 to 1.
    """

    given_fixed: np.ndarray
    by_fixed: np.ndarray
    doubt: float

    @property
    def covariance(self):
        """Of the raw parameters (n_raw, n_raw)."""
        return self.given_fixed + self.doubt * self.by_fixed @ self.by_fixed.T


def blocks_of(lengths, sampling_rate):
    """Number of blocks of every trial, list of int, from their numbers of frames."""
    size = max(1.0, min(BLOCK * sampling_rate, sum(lengths) / FEWEST_BLOCKS))
    return [max(1, round(n / size)) for n in lengths]


def edges_of(n, n_blocks):
    """First frames of the blocks of n frames, and n; the longer blocks first."""
    return np.r_[0, np.cumsum(n // n_blocks + (np.arange(n_blocks) < n % n_blocks))]


def standard_errors(pieces, prior, fraction, n_raw, left=None, *, without_fixed=None):
    """Errors of maximum a posteriori estimates.

    Parameters
    ----------
    pieces : callable
        Makes an iterator over all Pieces, anew at each call: those of long recordings are not kept.
    prior : ndarray (n_all, n_all)
        The prior's Hessian over all unknowns.
    fraction : float
        Independent frames as a fraction of all.
    n_raw : int
        Unknowns that are parameters, the first ones.
    left : ndarray (n_all,), optional
        Gradient of minus the log posterior that the search has left; none where it is omitted.
    without_fixed : callable, optional
        As `pieces`, whose derivatives by parameters that are not free are not asked for. Default: `pieces`.

    Returns
    -------
    StandardErrors
    """
    data, doubts, n_blocks = np.zeros_like(prior), _Doubts(len(prior), fraction), 0
    for piece in pieces():
        data[np.ix_(piece.own, piece.own)] += fraction * _information(piece, slice(None))
        doubts.add(piece)
        n_blocks += piece.n_blocks
    inverse = np.linalg.pinv(data + prior, hermitian=True)
    scatter = _scatter((without_fixed or pieces)(), n_blocks, prior, fraction, inverse, n_raw)
    given_fixed = widened(inverse[:n_raw, :n_raw], scatter, SURE_OF_SCATTER * np.sqrt(2.0 / n_blocks))
    by_fixed, doubt = doubts.judged(inverse, np.zeros(len(prior)) if left is None else left)
    return StandardErrors(given_fixed, by_fixed[:n_raw], doubt)


def _information(piece, rows):
    """J^T W J of some frames (n_own, n_own)."""
    jacobian = piece.jacobian[rows].reshape(-1, piece.jacobian.shape[2])
    return jacobian.T @ (piece.weight[rows].reshape(-1, 1) * jacobian)


def _scatter(pieces, n, prior, fraction, inverse, n_raw):
    """The sandwich S (n_raw, n_raw), of n blocks."""
    meat, last = np.zeros((n_raw, n_raw)), None
    for piece in pieces:
        if not np.array_equal(piece.own, last):
            last, root = piece.own, _root(inverse[np.ix_(piece.own, piece.own)])
            spread = inverse[:n_raw, piece.own] @ np.linalg.pinv(root, hermitian=True)
        edges = edges_of(len(piece.error), piece.n_blocks)
        blocks = list(map(slice, edges[:-1], edges[1:]))
        information = fraction * np.stack([_information(piece, rows) for rows in blocks])
        pulls = (piece.weight * piece.error)[..., None] * piece.jacobian
        score = fraction * np.stack([pulls[rows].sum(axis=(0, 1)) for rows in blocks])
        leverage, vectors = np.linalg.eigh(root @ information @ root)
        without = (vectors.swapaxes(1, 2) @ root @ score[..., None])[..., 0]
        without /= 1.0 - np.minimum(leverage, LARGEST_LEVERAGE)
        moved = spread @ (vectors @ without[..., None])[..., 0].T
        meat += moved @ moved.T
    of_prior = (inverse @ prior @ inverse)[:n_raw, :n_raw]
    return (n - 1) / n * meat + of_prior


def _root(matrix):
    """Symmetric square root of a covariance."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T


def widened(one, other, chance=0.0):
    """A covariance (n, n), wider in every direction in which another one exceeds it by more than chance.

    Along the directions in which `other` is a multiple of `one`, the multiple less `chance`, at least 1.
    """
    values, vectors = np.linalg.eigh(one)
    known = values > 1e-14 * max(values.max(initial=0.0), 1e-300)
    root = vectors[:, known] * np.sqrt(values[known])
    back = vectors[:, known] / np.sqrt(values[known])
    ratio, turn = np.linalg.eigh(back.T @ other @ back)
    whole = root @ turn
    return whole * np.maximum(ratio - chance, 1.0) @ whole.T


class _Doubts:
    """How probable it is that the other parameters are as uncertain as their priors say.

    Errors are those of a linear model in the unknowns, which the prior and the data decide, and the other parameters,
    of which all have the same standard deviation: 0, or 1 in units of the prior. The noise's variance is profiled out.
    """

    def __init__(self, n_all, fraction):
        self.n_all, self.fraction, self.n, self.squares = n_all, fraction, 0, 0.0
        self.mixed = self.fixed = self.slope = None

    def add(self, piece):
        """Count in some frames."""
        by_fixed = piece.by_fixed
        if self.mixed is None:
            n_fixed = by_fixed.shape[2]
            self.mixed, self.fixed = np.zeros((self.n_all, n_fixed)), np.zeros((n_fixed, n_fixed))
            self.slope = np.zeros(n_fixed)
        weight = self.fraction * piece.weight
        weighted = (weight[..., None] * by_fixed).reshape(weight.size, -1)
        self.mixed[piece.own] += piece.jacobian.reshape(len(weighted), -1).T @ weighted
        self.fixed += by_fixed.reshape(weighted.shape).T @ weighted
        self.slope += weighted.T @ piece.error.ravel()
        self.squares += float((self.fraction * piece.weight * piece.error**2).sum())
        self.n += int((piece.weight > 0).sum())

    def judged(self, inverse, left):
        """What the unknowns move by (n_all, n_fixed), and the probability that they do."""
        mixed, squares, n = self.mixed, self.squares, self.fraction * self.n
        if not mixed.shape[1] or not squares > 0:
            return inverse @ mixed, 0.0
        size = max(squares / n, LEAST_SQUARE)
        slope = self.slope + mixed.T @ (inverse @ left)
        values, vectors = np.linalg.eigh(self.fixed - mixed.T @ inverse @ mixed)
        values, along = np.maximum(values, 0.0), np.square(vectors.T @ slope)
        plain = -0.5 * (n * np.log(size) + squares / size)
        noise = np.maximum(NOISES[:, None] * size, LEAST_SQUARE)
        explained = 0.5 * (along / noise**2 / (1.0 + values / noise) - np.log1p(values / noise)).sum(axis=1)
        evidence = explained - 0.5 * n * np.log(noise[:, 0]) - 0.5 * squares / noise[:, 0]
        doubt = float(1.0 / (1.0 + np.exp(np.clip(plain - evidence.max(), -700.0, 700.0)) / EXPECTED))
        return inverse @ mixed, doubt if doubt > UNLIKELY else 0.0


def force_noise(motion, trajectory, parameters, initial_state, error):
    """Relative standard deviation of each muscle's force (n_muscles,) if noise of the EMG made the correlated errors.

    The model is run once more with a little noise on the EMG. How much of it there is follows from the autocovariance
    of the errors, matched by least squares with that of what the noise has done to the angles; errors of the angle
    itself, white from frame to frame, are in neither. Noise that the EMG itself shows, above the frequencies of
    envelopes, is there at least. What it does to the forces is then what they are off by.

    Parameters
    ----------
    motion : EquationOfMotion
    trajectory : Trajectory
        Of the parameters.
    parameters : dict of ndarray
    initial_state : ndarray (n_trials, 2, n_coordinates)
    error : ndarray (n_frames, n_coordinates)
        Measured minus simulated angle [rad], 0 where it is missing.
    """
    none, kept = np.zeros(motion.model.n_muscles), _first_frames(motion.trials)
    if len(kept) < motion.trials.n_frames:
        motion, error = motion.take(kept), error[kept]
        trajectory = trajectory._replace(all_states=trajectory.all_states[kept])
    trials, emg = motion.trials, _tried(motion.excitation)
    other = EquationOfMotion(motion.model, trials, emg, motion.frame_exogenous)
    try:
        moved = other.solve(parameters, initial_state, near=trajectory)
    except SimulationError:
        return none
    n_lags = min(max(2, round(REMEMBERED * trials.sampling_rate)), int(max(trials.lengths)) - 1)
    made = _autocovariance(moved.angle - trajectory.angle, trials.slices, n_lags)
    seen, size = _autocovariance(error, trials.slices, n_lags), np.square(made).sum()
    chance = np.square(error).mean() / np.sqrt(len(error) * max(size, 1e-300))
    amount = (made * seen).sum() / max(size, 1e-300)
    visible = _visible_noise(motion.excitation, emg, trials)
    amount = max(amount if amount > SURE * chance else 0.0, visible if visible > LEAST_SEEN else 0.0)
    if not amount > 0.0:
        return none
    pair = [(March(one, parameters), moves.all_states) for one, moves in ((motion, trajectory), (other, moved))]
    changed, size = _force_changes(pair, trials) / len(error)
    return np.minimum(np.sqrt(changed / np.maximum(size, 1e-12)) * np.sqrt(amount), 1.0)


def _tried(excitation):
    """The excitation (n_frames, n_muscles) with a little noise."""
    random, emg = np.random.RandomState(0), np.empty(excitation.shape)
    for own in map(slice, range(0, len(emg), AT_ONCE), range(AT_ONCE, len(emg) + AT_ONCE, AT_ONCE)):
        part = excitation[own]
        emg[own] = np.maximum(part * (1.0 + TRIED_NOISE * random.normal(size=part.shape)), 0.0)
    return emg


def _force_changes(pair, trials):
    """Sums of squares (2, n_muscles) [N^2] of what forces differ by, and of the forces, of two marches with states."""
    squares = 0.0
    for k, rows in enumerate(trials.slices):
        rooms = [march.room() for march, _ in pair]
        for start in range(rows.start, rows.stop, AT_ONCE):
            own = slice(start, min(start + AT_ONCE, rows.stop))
            before, after = (
                march.along_piece(k, own, room, states[own]).force
                for (march, states), room in zip(pair, rooms, strict=True)
            )
            squares += np.stack([np.square(after - before).sum(axis=0), np.square(before).sum(axis=0)])
    return squares


def _first_frames(trials):
    """The first part of every trial, `LONG_ENOUGH` frames of all together: what noise does is the same everywhere."""
    share = min(1.0, LONG_ENOUGH / trials.n_frames)
    return np.concatenate(
        [np.arange(a, a + max(2, round(share * n))) for a, n in zip(trials.starts[:-1], trials.lengths, strict=True)]
    )


def _visible_noise(emg, tried, trials):
    """Power of white noise on the EMG (n_frames, n_muscles) over that of the tried one's, from the top of the band."""
    nyquist, power = trials.sampling_rate / 2.0, np.zeros(2)
    if not TOP * nyquist >= LOWEST_TOP:
        return 0.0
    for rows in trials.slices:
        window = np.hanning(rows.stop - rows.start)
        top = int(TOP * (len(window) // 2))
        for own, other in zip(emg[rows].T, tried[rows].T, strict=True):  # one by one: of many there is no room
            parts = own, other - own
            power += [np.square(np.abs(np.fft.rfft(window * part)[top:])).sum() for part in parts]
    return float(power[0] / max(power[1], 1e-300))


def _autocovariance(values, slices, n_lags):
    """At lags of 1, 2, ... `n_lags` frames, of all coordinates together, about zero; ndarray (n_lags,)."""
    out = np.zeros(n_lags)
    for rows in slices:
        part = values[rows]
        size = 2 ** int(np.ceil(np.log2(2 * len(part))))
        sums = np.fft.irfft((np.abs(np.fft.rfft(part, size, axis=0)) ** 2).sum(axis=1), size)
        reach = min(n_lags, len(part) - 1)
        out[:reach] += sums[1 : reach + 1]
    return out / len(values)
