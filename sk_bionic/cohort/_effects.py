"""Group statistics that weigh every subject by the error of its estimate."""

from typing import NamedTuple

import numpy as np
from scipy.stats import t as student_t

MAX_ITERATIONS, TOLERANCE = 1000, 1e-10
COVERAGE = 0.95  # of the stated intervals


class RandomEffects(NamedTuple):
    """What subjects with errors of their own say about their population: the result of `random_effects`.

    Parameters
    ----------
    n : int
        Subjects with a finite error; the others say nothing.
    mean, std_err : float
        Population mean and its standard error (Hartung and Knapp, modified).
    lower, upper : float
        95 % interval of the mean.
    between_std : float
        Standard deviation between subjects, their errors taken off; NaN for fewer than two.
    next_lower, next_upper : float
        95 % interval of the next subject's own value; infinite for fewer than three.
    heterogeneity : float
        Part of the scatter that the errors do not explain (I^2 of Higgins), 0 to 1.

    Examples
    --------
    >>> from sk_bionic.cohort import random_effects
    >>> effects = random_effects([1.0, 1.2, 0.8], [0.2, 0.2, 0.2])
    >>> effects.n, round(effects.mean, 2), effects.between_std
    (3, 1.0, 0.0)
    """

    n: int
    mean: float
    std_err: float
    lower: float
    upper: float
    between_std: float
    next_lower: float
    next_upper: float
    heterogeneity: float


def random_effects(value, std_err):
    """Random-effects mean of estimates that carry errors.

    value_i = mean + u_i + e_i, with u_i of variance between_std^2 and e_i of variance std_err_i^2. The variance between
    subjects is that of restricted maximum likelihood, by Fisher scoring (Viechtbauer 2005, J. Educational and
    Behavioral Statistics 30(3), 261-293, eq. 7); the error of the mean that of Hartung and Knapp (2001, Statistics in
    Medicine 20, 3875-3889), which holds for few subjects, but never below what the errors alone give (Röver, Knapp and
    Friede 2015, BMC Medical Research Methodology 15, 99); the interval of the next subject that of Higgins, Thompson
    and Spiegelhalter (2009, J. Royal Statistical Society A 172(1), 137-159), somewhat too narrow where few subjects
    have errors as large as their differences.

    Parameters
    ----------
    value, std_err : array-like (n_subjects,)
        Estimates and their standard errors; infinite or NaN where an estimate says nothing.

    Returns
    -------
    RandomEffects
        Of the population that the estimates come from.

    Raises
    ------
    ValueError
        When a standard error is not positive.

    Examples
    --------
    >>> from sk_bionic.cohort import random_effects
    >>> effects = random_effects([1.0, 1.2, 0.8, 3.0], [0.1, 0.1, 0.1, 10.0])
    >>> effects.n, round(effects.mean, 2)
    (4, 1.0)
    """
    value, std_err = np.asarray(value, dtype=np.float64), np.asarray(std_err, dtype=np.float64)
    if (std_err <= 0).any():
        raise ValueError(
            f"`std_err` must be positive. Got {std_err[std_err <= 0][0]} in row {np.argmax(std_err <= 0)}."
        )
    known = np.isfinite(value) & np.isfinite(std_err)
    value, variance = value[known], std_err[known] ** 2
    n = len(value)
    if n < 2:
        mean, error = (float(value[0]), float(np.sqrt(variance[0]))) if n else (np.nan, np.nan)
        return RandomEffects(n, mean, error, -np.inf, np.inf, np.nan, -np.inf, np.inf, np.nan)
    between = _between_variance(value, variance)
    weight = 1.0 / (variance + between)
    mean = (weight * value).sum() / weight.sum()
    scatter = (weight * (value - mean) ** 2).sum() / (n - 1)
    error = np.sqrt(max(1.0, scatter) / weight.sum())
    half = student_t.ppf(0.5 + COVERAGE / 2, n - 1) * error
    following = np.inf
    if n > 2:
        following = student_t.ppf(0.5 + COVERAGE / 2, n - 2) * np.sqrt(between + error**2)
    figures = (
        mean, error, mean - half, mean + half, np.sqrt(between), mean - following, mean + following,
        between / (between + _typical_variance(variance)),
    )  # fmt: skip
    return RandomEffects(n, *map(float, figures))


def _between_variance(value, variance):
    between = max(0.0, float(np.var(value, ddof=1) - variance.mean()))
    for _ in range(MAX_ITERATIONS):
        weight = 1.0 / (variance + between)
        mean = (weight * value).sum() / weight.sum()
        excess = (weight**2 * ((value - mean) ** 2 - variance)).sum() / (weight**2).sum()
        previous, between = between, max(0.0, float(excess + 1.0 / weight.sum()))
        if abs(between - previous) <= TOLERANCE * (between + variance.min()):
            break
    return between


def _typical_variance(variance):
    """Higgins and Thompson (2002), Statistics in Medicine 21, 1539-1558, eq. 9."""
    weight = 1.0 / variance
    return (len(weight) - 1) * weight.sum() / (weight.sum() ** 2 - (weight**2).sum())
