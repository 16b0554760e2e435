"""Paths over many angles: polynomials fitted to scattered postures, for moments along measured motion.

A grid over four or more angles has too few samples along each of them. Low-discrepancy postures cover the ranges
evenly; the degree is chosen on postures that were not fitted, whose errors are those that are stated.
"""

from itertools import product

import numpy as np
from scipy.linalg import lstsq
from scipy.stats import qmc

from ..path import PolynomialPath
from .sampling import MARGIN, measured_at

N_POSTURES = {1: 80, 2: 300, 3: 700, 4: 1100, 5: 1400, 6: 1600}  # by how many angles a muscle spans
LARGEST_DEGREE = {1: 12, 2: 12, 3: 10, 4: 8, 5: 6, 6: 5}
FIRST_DEGREE = 2
MOST_ANGLES = max(N_POSTURES)
KEPT_ASIDE = 4  # one posture in so many is not fitted, but tells the error
MOST_TERMS = 0.5  # terms over equations
BETTER = 0.98  # of the error kept aside, that another degree must reach
GOOD = 1e-5  # m; errors that need not become smaller
ENOUGH = 0.7  # share of postures within a millimetre, above which least squares is let alone
BROKEN, ROUNDS = 1e-3, 5  # m; error of a path that is no smooth function, and rounds that weigh its postures anew
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
    return {name: _fit(list(ranges), spans[name], postures[spans[name]], *measured[name]) for name in spans}


def _postures(span, ranges):
    """Low-discrepancy postures (n_postures, n_spanned) [rad]."""
    n = N_POSTURES[len(span)]
    even = qmc.Halton(len(span), scramble=True, seed=0).random(n)
    crowded = (1 - CHEBYSHEV) * even + CHEBYSHEV * 0.5 * (1 - np.cos(np.pi * even))
    low, high = np.array([ranges[name] for name in span]).T
    low, high = low + MARGIN * (high - low), high - MARGIN * (high - low)
    return low + (high - low) * crowded


def _fit(coordinates, span, angles, lengths, arms):
    """Path of one muscle from lengths (n_postures,) and moment arms (n_postures, n_spanned) [m]."""
    middle, half = 0.5 * (angles.max(axis=0) + angles.min(axis=0)), 0.5 * np.ptp(angles, axis=0)
    x, slopes = (angles - middle) / half, arms * half
    # Drawn, not every fourth: those of a low-discrepancy sequence lie in one corner.
    aside = np.random.default_rng(0).permutation(len(x)) % KEPT_ASIDE == 0
    best, errors = None, (np.inf, np.inf)
    for degree in range(FIRST_DEGREE, LARGEST_DEGREE[len(span)] + 1):
        exponents = _exponents(len(span), degree)
        if len(exponents) > MOST_TERMS * (~aside).sum() * (1 + len(span)):
            break
        found = _solved(exponents, x[~aside], lengths[~aside], slopes[~aside], half)
        here = _errors(exponents, found, x[aside], lengths[aside], slopes[aside], half)
        if np.hypot(*here) < BETTER * np.hypot(*errors) or best is None:
            best, errors = exponents, here
        if max(errors) < GOOD:
            break
    scaled = _solved(best, x, lengths, slopes, half)
    if max(errors) > BROKEN:
        best, scaled, errors = _around_jumps(best, scaled, errors, (x, lengths, slopes, half), aside)
    powers, coefficients = _unscaled(best, scaled, middle, half)
    places = [coordinates.index(name) for name in span]
    whole = np.zeros((len(powers), len(coordinates)), dtype=int)
    whole[:, places] = powers
    return PolynomialPath(tuple(coefficients.tolist()), tuple(map(tuple, whole.tolist())), *map(float, errors))


def _around_jumps(exponents, coefficients, errors, samples, aside):
    """Another fit of a path that jumps over a surface, or whose moment arms are not its slopes: most postures closely.

    Least squares would miss all of them by a little. Taken where it leaves many postures kept aside beyond a
    millimetre, and this leaves fewer.
    """
    x, lengths, slopes, half = samples
    part = lambda rows: (x[rows], lengths[rows], slopes[rows], half)
    degree = LARGEST_DEGREE[x.shape[1]] - 1  # the largest has next to no postures to spare
    finer = _exponents(x.shape[1], degree)
    found = _solved(finer, *part(~aside), rounds=ROUNDS)
    plain = _solved(exponents, *part(~aside))
    close = lambda e, c: np.mean(_sizes(e, c, *part(aside)) < BROKEN)
    few = len(finer) > MOST_TERMS * (~aside).sum() * (1 + x.shape[1])
    if few or close(exponents, plain) > ENOUGH or close(finer, found) <= close(exponents, plain):
        return exponents, coefficients, errors
    return finer, _solved(finer, *samples, rounds=ROUNDS), _errors(finer, found, *part(aside))


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


def _solved(exponents, x, lengths, slopes, half, rounds=0):
    """Coefficients by least squares: a millimetre of length weighs as much as one of a moment arm.

    `rounds`: how often postures are weighed anew, those that are off by more than a millimetre less and less.
    """
    value, arms = _system(exponents, x, half)
    rhs = np.concatenate([lengths, *(slopes / half).T])
    matrix, weight = np.concatenate([value, *arms]), np.ones(len(x))
    for _ in range(rounds + 1):
        root = np.tile(np.sqrt(weight), 1 + x.shape[1])
        found = lstsq(matrix * root[:, None], rhs * root, lapack_driver="gelsy", check_finite=False)[0]
        off = np.abs((matrix @ found - rhs).reshape(1 + x.shape[1], -1)).max(axis=0)
        weight = (1 + (off / BROKEN) ** 2) ** -2
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
