"""Paths over many angles: polynomials fitted to scattered postures, for moments along measured motion.

A grid over four or more angles has too few samples along each of them. Low-discrepancy postures cover the ranges,
denser towards their ends; the degree is chosen on others that cover them evenly and were not fitted, whose errors are
those that are stated.
"""

import warnings
from itertools import product

import numpy as np
from scipy.linalg import lstsq, qr, solve_triangular
from scipy.stats import qmc

from ..path import PolynomialPath
from .sampling import measured_at

# By how many angles a muscle spans.
N_POSTURES = {1: 120, 2: 500, 3: 2000, 4: 1600, 5: 1600, 6: 1800}
LARGEST_DEGREE = {1: 12, 2: 12, 3: 10, 4: 8, 5: 6, 6: 5}
FIRST_DEGREE = 2
MOST_ANGLES = max(N_POSTURES)
KEPT_ASIDE = 4  # one posture in so many is not fitted, but tells the error
EDGE = 0.002  # of a range, at both ends, that no posture is in: a wider one would leave the ends to extrapolation
MOST_TERMS = 0.5  # terms over equations
BETTER = 0.95  # of the error kept aside, that a higher degree must reach to be worth its terms
GOOD = 2e-5  # m; errors that need not become smaller
BROKEN, ROUNDS = 1e-3, 5  # m; error of a path that is no smooth function, and rounds that weigh its postures anew
# Powers of the weights of postures that are off: least absolute errors; and next to none of those that are far off.
POWERS = (0.5, 2.0)
STEPS, REFINED = 32, 2  # of a way from the middle of the ranges to a posture, and how often its sharpest one is parted
NEAR = 5e-4  # m; error above which fewer postures may be far off where others are weighed less
DRIFT, LEAP = 5e-4, 1e-3  # m; by which a length departs from its moment arms on the way, or a moment arm leaps
CHEBYSHEV = 0.5  # share of the postures' crowding towards the ends of the ranges, where polynomials are worst


def fit_scattered(model, file, spans, ranges, base):
    """Paths of several muscles over the ranges of the angles.

    Parameters
    ----------
    model, file, spans, ranges, base
        As `sample_paths` takes them; a muscle may span up to six of the coordinates.

    Returns
    -------
    dict of str to PolynomialPath
        With the root mean square errors of lengths and of the worst moment arm [m] at postures that were not fitted.

    Raises
    ------
    ImportError
        When a path needs OpenSim, which is not installed.
    ValueError
        When a muscle spans more than six of the coordinates.

    Warns
    -----
    UserWarning
        When a path is off by more than a millimetre in its length or a moment arm; tells in how many postures the
        file's own path is to blame: one that falls through a wrapping surface, or whose length is not the integral of
        its moment arms.
    """
    wide = {name: span for name, span in spans.items() if len(span) > MOST_ANGLES}
    if wide:
        name, span = next(iter(wide.items()))
        raise ValueError(
            f"The muscle {name!r} of {model.name!r} spans {len(span)} of the coordinates, {list(span)}: polynomials "
            f"are for at most {MOST_ANGLES}. Choose fewer `coordinates`, or take its lengths and moment arms as data "
            "(`sk_bionic.io.read_muscle_analysis`)."
        )
    postures = {span: _postures(span, ranges) for span in dict.fromkeys(spans.values())}
    measured = measured_at(model, file, spans, postures, base)
    fitted = {name: _fit(list(ranges), spans[name], postures[spans[name]], *measured[name]) for name in spans}
    poor = [name for name, path in fitted.items() if max(path.length_error, path.moment_arm_error) > BROKEN]
    told = []
    for name in poor:
        span, places = spans[name], [list(ranges).index(own) for own in spans[name]]

        def measure(angles, name=name, span=span):
            return measured_at(model, file, {name: span}, {span: angles}, base)[name]

        told.append(_told(name, fitted[name], measure, (postures[span], *measured[name]), places))
    if told:
        warnings.warn(
            f"Paths of {model.name!r}: the polynomials of {', '.join(told)} are off by more than {1e3 * BROKEN:g} mm "
            "in length or in a moment arm (root mean square, at postures that were not fitted); narrower `ranges` make "
            "them closer, `path_errors` has the errors of all.",
            UserWarning,
            stacklevel=3,
        )
    return fitted


def _told(name, path, measure, samples, places):
    """Words about a path that is off, and about the postures in which the file's own one is to blame."""
    angles, lengths, arms = samples
    aside = _aside(len(angles))
    q = np.zeros((aside.sum(), len(path.exponents[0])))
    q[:, places] = angles[aside]
    length, arm = path.along(q)
    of_length, of_arm = length - lengths[aside], arm[:, places] - arms[aside]
    far = np.maximum(np.abs(of_length), np.abs(of_arm).max(axis=1)) > BROKEN
    middle = 0.5 * (angles.max(axis=0) + angles.min(axis=0))
    far[far] = is_broken_on_the_way(measure, middle, angles[aside][far])
    said = f"{1e3 * path.length_error:.2g} mm, {1e3 * path.moment_arm_error:.2g} mm"
    if far.any():
        rest = np.sqrt(np.mean(of_length[~far] ** 2)), np.sqrt(np.mean(of_arm[~far] ** 2, axis=0)).max()
        said += (
            f"; in {100 * far.mean():.2g} % of the postures the file's own path has jumped, or its moment arms are not "
            f"the slopes of its length; {1e3 * rest[0]:.2g} mm, {1e3 * rest[1]:.2g} mm in the others"
        )
    return f"{name} ({said})"


def is_broken_on_the_way(measure, start, postures):
    """Whether a path is no smooth function of the angles on the straight way to some postures.

    Where it is one, its length is the integral of its moment arms, and these do not leap.

    Parameters
    ----------
    measure : callable
        Takes angles (n, n_spanned) [rad]; returns lengths (n,) and moment arms (n, n_spanned) [m].
    start : ndarray (n_spanned,)
        Where the way begins [rad].
    postures : ndarray (n_postures, n_spanned)
        Where it ends [rad].

    Returns
    -------
    ndarray of bool (n_postures,)
    """
    begin, end = np.broadcast_to(start, postures.shape), postures
    lengths, arms = _walk(measure, begin, end)
    by_arms = -(0.5 * (arms[1:] + arms[:-1]) * (end - begin) / STEPS).sum(axis=(0, 2))
    broken = np.abs(lengths[-1] - lengths[0] - by_arms) > DRIFT
    unsure = np.flatnonzero(~broken)
    begin, end, arms = begin[unsure], end[unsure], arms[:, unsure]
    for _ in range(REFINED if len(unsure) else 0):
        change = np.diff(arms, axis=0)
        beside = np.pad(change, ((1, 1), (0, 0), (0, 0)), mode="reflect")
        sharpest = np.abs(change - 0.5 * (beside[:-2] + beside[2:])).max(axis=2).argmax(axis=0)[:, None]
        begin, end = (begin + (end - begin) * (sharpest + k) / STEPS for k in (0, 1))
        arms = _walk(measure, begin, end)[1]
    broken[unsure] = np.abs(np.diff(arms, axis=0)).max(axis=(0, 2), initial=0.0) > LEAP
    return broken


def _walk(measure, begin, end):
    """Lengths (STEPS + 1, n) and moment arms (STEPS + 1, n, n_spanned) along straight ways."""
    if not len(begin):
        return np.zeros((STEPS + 1, 0)), np.zeros((STEPS + 1, *begin.shape))
    way = begin + np.linspace(0.0, 1.0, STEPS + 1)[:, None, None] * (end - begin)
    lengths, arms = measure(way.reshape(-1, begin.shape[1]))
    return lengths.reshape(way.shape[:2]), arms.reshape(way.shape)


def _aside(n):
    """Which of n postures are not fitted: the last ones, which cover the ranges evenly."""
    return np.arange(n) >= n - n // KEPT_ASIDE


def _postures(span, ranges):
    """Low-discrepancy postures (n_postures, n_spanned) [rad]."""
    n = N_POSTURES[len(span)]
    even = qmc.Halton(len(span), scramble=True, seed=0).random(n)
    crowded = (1 - CHEBYSHEV) * even + CHEBYSHEV * 0.5 * (1 - np.cos(np.pi * even))
    low, high = np.array([ranges[name] for name in span]).T
    low, high = low + EDGE * (high - low), high - EDGE * (high - low)
    return low + (high - low) * np.where(_aside(n)[:, None], even, crowded)


def _fit(coordinates, span, angles, lengths, arms):
    """Path of one muscle from lengths (n_postures,) and moment arms (n_postures, n_spanned) [m]."""
    middle, half = 0.5 * (angles.max(axis=0) + angles.min(axis=0)), 0.5 * np.ptp(angles, axis=0)
    x, slopes = (angles - middle) / half, arms * half
    aside = _aside(len(x))
    finer = _largest(len(span), (~aside).sum())
    best, errors = _best_degree(finer, (x, lengths, slopes, half), aside)
    power = None
    if max(errors) > NEAR:
        best, power, errors = _around_jumps(best, errors, finer, (x, lengths, slopes, half), aside)
    scaled = _solved(best, x, lengths, slopes, half, power)
    powers, coefficients = _unscaled(best, scaled, middle, half)
    places = [coordinates.index(name) for name in span]
    whole = np.zeros((len(powers), len(coordinates)), dtype=int)
    whole[:, places] = powers
    return PolynomialPath(tuple(coefficients.tolist()), tuple(map(tuple, whole.tolist())), *map(float, errors))


def _largest(n_angles, n_postures):
    """Exponents of the largest degree that so many postures determine."""
    degrees = range(LARGEST_DEGREE[n_angles], FIRST_DEGREE, -1)
    every = (_exponents(n_angles, degree) for degree in degrees)
    fits = (own for own in every if len(own) <= MOST_TERMS * n_postures * (1 + n_angles))
    return next(fits, _exponents(n_angles, FIRST_DEGREE))


def _best_degree(finer, samples, aside):
    """Terms of the least degree that pays, and its errors at the postures kept aside.

    Terms are in the order of their degrees, so that one factorisation has the least squares of all of them.
    """
    x, lengths, slopes, half = samples
    value, arms = _system(finer, x, half)
    rows = np.tile(~aside, 1 + x.shape[1])
    matrix, rhs = np.concatenate([value, *arms]), np.concatenate([lengths, *(slopes / half).T])
    q, r = qr(matrix[rows], mode="economic", check_finite=False)
    rotated, degrees = q.T @ rhs[rows], finer.sum(axis=1)
    best, errors = None, (np.inf, np.inf)
    for degree in range(FIRST_DEGREE, degrees.max() + 1):
        n = int((degrees <= degree).sum())
        found = solve_triangular(r[:n, :n], rotated[:n], check_finite=False)
        off = ((matrix[~rows, :n] @ found - rhs[~rows]) ** 2).reshape(1 + x.shape[1], -1).mean(axis=1) ** 0.5
        here = float(off[0]), float(off[1:].max())
        if np.hypot(*here) < BETTER * np.hypot(*errors):
            best, errors = finer[:n], here
        if max(errors) < GOOD:
            break
    return best, errors


def _around_jumps(exponents, errors, finer, samples, aside):
    """Terms, weights' power and errors for a path that jumps over a surface, or whose moment arms are not its slopes.

    Least squares may miss many postures by a little for the sake of those beyond a jump. Within a millimetre in root
    mean square, where that can be had; else what leaves most postures kept aside within one.
    """
    x, lengths, slopes, half = samples
    part = lambda rows: (x[rows], lengths[rows], slopes[rows], half)
    plain = _solved(exponents, *part(~aside))
    within = lambda e, c: np.mean(_sizes(e, c, *part(aside)) < BROKEN)
    ways = [(max(errors) <= BROKEN, within(exponents, plain), exponents, None, errors)]
    for power in POWERS:
        found = _solved(finer, *part(~aside), power)
        own = _errors(finer, found, *part(aside))
        ways.append((max(own) <= BROKEN, within(finer, found), finer, power, own))
    return max(ways, key=lambda way: way[:2])[2:]


def _sizes(exponents, coefficients, x, lengths, slopes, half):
    """Largest error [m] at each posture."""
    value, arms = _system(exponents, x, half)
    off = [
        value @ coefficients - lengths,
        *(a @ coefficients - g for a, g in zip(arms, (slopes / half).T, strict=True)),
    ]
    return np.abs(off).max(axis=0)


def _exponents(n, degree):
    found = [e for e in product(range(degree + 1), repeat=n) if sum(e) <= degree]
    return np.array(sorted(found, key=lambda e: (sum(e), e)))


def _system(exponents, x, half):
    """Chebyshev products (n, n_terms), and minus their derivatives by each angle [1/rad]."""
    degree = exponents.max()
    basis = np.polynomial.chebyshev.chebvander(x, degree)  # (n, n_spanned, degree + 1)
    slope = np.stack([_chebyshev_slopes(column, degree) for column in x.T], axis=1)
    parts = [basis[:, d, exponents[:, d]] for d in range(x.shape[1])]
    rates = [slope[:, d, exponents[:, d]] for d in range(x.shape[1])]
    value = np.prod(parts, axis=0)
    arms = [-np.prod([*parts[:d], rates[d], *parts[d + 1 :]], axis=0) / half[d] for d in range(x.shape[1])]
    return value, arms


def _chebyshev_slopes(x, degree):
    """Derivatives (n, degree + 1) of the Chebyshev polynomials: T_k' = k U_(k-1)."""
    u = np.zeros((len(x), degree + 1))
    for k in range(1, degree + 1):
        u[:, k] = 1.0 if k == 1 else 2.0 * x if k == 2 else 2.0 * x * u[:, k - 1] - u[:, k - 2]
    return u * np.arange(degree + 1)


def _solved(exponents, x, lengths, slopes, half, power=None):
    """Coefficients by least squares: a millimetre of length weighs as much as one of a moment arm.

    With a `power`, postures are weighed anew, those that are off by more than a millimetre less and less.
    """
    value, arms = _system(exponents, x, half)
    rhs = np.concatenate([lengths, *(slopes / half).T])
    matrix, weight = np.concatenate([value, *arms]), np.ones(len(x))
    for _ in range(1 if power is None else 1 + ROUNDS):
        root = np.tile(np.sqrt(weight), 1 + x.shape[1])
        found = lstsq(matrix * root[:, None], rhs * root, lapack_driver="gelsy", check_finite=False)[0]
        off = np.abs((matrix @ found - rhs).reshape(1 + x.shape[1], -1)).max(axis=0)
        weight = (1 + (off / BROKEN) ** 2) ** -(power or 0.0)
    return found


def _errors(exponents, coefficients, x, lengths, slopes, half):
    """Root mean square errors of the lengths and of the worst moment arm [m]."""
    value, arms = _system(exponents, x, half)
    rms = lambda error: float(np.sqrt(np.mean(error**2)))
    given = (slopes / half).T
    return rms(value @ coefficients - lengths), max(rms(a @ coefficients - g) for a, g in zip(arms, given, strict=True))


def _unscaled(exponents, coefficients, middle, half):
    """Powers of the angles themselves and their coefficients, of products of Chebyshev polynomials of scaled angles."""
    size = exponents.max() + 1
    grid = np.zeros((size,) * exponents.shape[1])
    grid[tuple(exponents.T)] = coefficients
    for d in range(exponents.shape[1]):
        grid = np.moveaxis(np.tensordot(_monomials(size, middle[d], half[d]), grid, axes=(0, d)), 0, d)
    powers = _exponents(exponents.shape[1], size - 1)
    return powers, grid[tuple(powers.T)]


def _monomials(size, middle, half):
    """Coefficients (n_chebyshev, n_powers) of T_k((q - middle) / half) in powers of q."""
    line = np.polynomial.Polynomial([-middle / half, 1.0 / half])
    out = np.zeros((size, size))
    for k in range(size):
        plain = np.polynomial.chebyshev.cheb2poly(np.eye(size)[k][: k + 1])
        out[k, : k + 1] = np.pad(np.polynomial.Polynomial(plain)(line).coef, (0, k + 1))[: k + 1]
    return out
