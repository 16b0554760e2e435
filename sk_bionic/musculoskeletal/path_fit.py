"""Polynomial paths fitted to sampled muscle lengths, as small as a tolerance allows."""

import warnings
from itertools import product

import numpy as np

from .path import PolynomialPath

NEGLIGIBLE_ARM = 1e-6  # m; a joint with smaller moment arms is not spanned


def fit_path(lengths, angles, moment_arms=None, *, degree=8, tolerance=1e-4, moment_arm_tolerance=5e-4):
    """Smallest polynomial that reproduces sampled lengths and moment arms of one muscle-tendon unit.

    Parameters
    ----------
    lengths : array-like (n_samples,)
        Length of the muscle-tendon unit [m].
    angles : array-like (n_samples, n_coordinates) or (n_samples,)
        Joint angles [rad] at which it was computed, on a grid that covers the range of motion: a polynomial is not to
        be trusted outside.
    moment_arms : array-like (n_samples, n_coordinates), optional
        Moment arms -d(length)/d(angle) [m]; they are fitted besides the lengths where given.
    degree : int, default=8
        Largest total degree.
    tolerance : float, default=1e-4
        Root mean square error of the length [m] that is good enough.
    moment_arm_tolerance : float, default=5e-4
        The same of each joint's moment arm [m].

    Returns
    -------
    PolynomialPath
        With `length_error` and `moment_arm_error`, root mean square over the samples [m], the latter the largest over
        the joints and None without `moment_arms`.

    Raises
    ------
    ValueError
        When shapes disagree, a value is not finite, or there are fewer samples than a linear path has terms.

    Warns
    -----
    UserWarning
        When no polynomial of at most that degree is within the tolerances; the best one is returned.

    Notes
    -----
    Least squares with both kinds of errors in units of their tolerances. The total degree grows until they are met;
    then terms are dropped, always the one whose loss costs least, as long as they still are (backward elimination; cf.
    Sobinov, Boots, Gritsenko, Fisher, Gaunt and Yakovenko 2020, PLoS Comput. Biol. 16(12), e1008350). A polynomial has
    at most half as many terms as there are samples of lengths and moment arms.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.musculoskeletal import fit_path
    >>> angle = np.linspace(0.0, 2.0, 41)
    >>> path = fit_path(0.36 - 0.02 * angle - 0.008 * np.sin(angle), angle)
    >>> path.length_error < 1e-4  # m
    True
    """
    problem = _Samples(lengths, angles, moment_arms, tolerance, moment_arm_tolerance)
    for total in range(degree + 1):
        exponents = problem.all_exponents(total)
        if total > 1 and 2 * len(exponents) > problem.n_equations:
            break  # it would pass through the samples and say nothing about what lies between
        fitted, coefficients = exponents, problem.fit(exponents)
        if problem.good_enough(exponents, coefficients):
            fitted, coefficients = _eliminate(problem, exponents, coefficients)
            break
    path = problem.path(fitted, coefficients)
    if not problem.good_enough(fitted, coefficients):
        arm = "" if moment_arms is None else f", {1e3 * path.moment_arm_error:.3g} mm in the moment arm"
        warnings.warn(
            f"No polynomial of degree {degree} is within the tolerance: the best is off by "
            f"{1e3 * path.length_error:.3g} mm in the length{arm} (root mean "
            "square). Is the length discontinuous (wrapping)? Narrow the range of the angles, or raise `degree` or the "
            "tolerances.",
            UserWarning,
            stacklevel=2,
        )
    return path


class _Samples:
    def __init__(self, lengths, angles, moment_arms, tolerance, moment_arm_tolerance):
        self.length = np.asarray(lengths, dtype=np.float64)
        self.angle = np.asarray(angles, dtype=np.float64).reshape(len(self.length), -1)
        self.arm = None if moment_arms is None else np.asarray(moment_arms, dtype=np.float64).reshape(self.angle.shape)
        given = [self.length, self.angle] + ([] if self.arm is None else [self.arm])
        if not all(np.isfinite(x).all() for x in given):
            raise ValueError("Lengths, angles and moment arms must be finite. Drop the samples that are not.")
        if len(self.length) < self.angle.shape[1] + 1:
            raise ValueError(f"{len(self.length)} sample(s) determine no path over {self.angle.shape[1]} angle(s).")
        self.tolerance, self.arm_tolerance = tolerance, moment_arm_tolerance
        self.spanned = np.ptp(self.angle, axis=0) > 0
        if self.arm is not None:
            self.spanned &= np.abs(self.arm).max(axis=0) > NEGLIGIBLE_ARM

    @property
    def n_equations(self):
        return len(self.length) * (1 if self.arm is None else 1 + self.angle.shape[1])

    def all_exponents(self, total):
        """All exponents (n_terms, n_coordinates) up to a total degree, of the spanned joints; the constant first."""
        ranges = [range(total + 1) if spanned else (0,) for spanned in self.spanned]
        found = sorted((e for e in product(*ranges) if sum(e) <= total), key=lambda e: (sum(e), e))
        return np.array(found).reshape(-1, len(self.spanned))

    def _monomials(self, exponents):
        return np.prod(self.angle[:, None, :] ** exponents, axis=2)

    def _slopes(self, exponents, d):
        """-d(monomial)/d(angle d), (n_samples, n_terms): the moment arm of each term."""
        lowered = exponents.copy()
        lowered[:, d] = np.maximum(lowered[:, d] - 1, 0)
        return -exponents[:, d] * self._monomials(lowered)

    def system(self, exponents):
        """Matrix and right-hand side of the least-squares problem, in units of the tolerances."""
        parts = [(self._monomials(exponents), self.length, self.tolerance)]
        if self.arm is not None:
            parts += [
                (self._slopes(exponents, d), self.arm[:, d], self.arm_tolerance) for d in range(len(self.spanned))
            ]
        return np.concatenate([m / t for m, _, t in parts]), np.concatenate([r / t for _, r, t in parts])

    def fit(self, exponents):
        matrix, rhs = self.system(exponents)
        scale = np.linalg.norm(matrix, axis=0)  # high powers of angles beyond 1 rad would drown the rest
        scale[scale == 0] = 1.0
        return np.linalg.lstsq(matrix / scale, rhs, rcond=None)[0] / scale

    def errors(self, exponents, coefficients):
        """Root mean square errors of the length and of each moment arm [m]."""
        root_mean_square = lambda error: float(np.sqrt(np.mean(error**2)))
        length = root_mean_square(self._monomials(exponents) @ coefficients - self.length)
        if self.arm is None:
            return length, None
        arms = range(len(self.spanned))
        return length, max(root_mean_square(self._slopes(exponents, d) @ coefficients - self.arm[:, d]) for d in arms)

    def good_enough(self, exponents, coefficients):
        length, arm = self.errors(exponents, coefficients)
        return length <= self.tolerance and (arm is None or arm <= self.arm_tolerance)

    def path(self, exponents, coefficients):
        errors = self.errors(exponents, coefficients)
        return PolynomialPath(tuple(coefficients.tolist()), tuple(map(tuple, exponents.tolist())), *errors)


def _eliminate(problem, exponents, coefficients):
    """Drop the cheapest terms, the constant excepted, as long as the errors stay within the tolerances."""
    while len(exponents) > 1:
        matrix, _ = problem.system(exponents)
        scale = np.linalg.norm(matrix, axis=0)
        scale[scale == 0] = 1.0
        inverse = np.linalg.pinv(np.linalg.qr(matrix / scale, mode="r"))
        # Without term j the sum of squares grows by c_j^2 / (A'A)^-1_jj.
        cost = (coefficients * scale) ** 2 / (inverse**2).sum(axis=1)
        kept = np.delete(np.arange(len(exponents)), 1 + int(np.argmin(cost[1:])))
        fewer = problem.fit(exponents[kept])
        if not problem.good_enough(exponents[kept], fewer):
            break
        exponents, coefficients = exponents[kept], fewer
    return exponents, coefficients
