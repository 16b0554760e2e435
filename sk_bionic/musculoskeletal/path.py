"""Muscle paths: length as a polynomial of the joint angles, moment arms as its exact derivative."""

from dataclasses import dataclass
from itertools import product

import numpy as np


@dataclass(frozen=True)
class PolynomialPath:
    """Length of one muscle-tendon unit as a polynomial of the joint angles.

    length(q) = sum_t coefficients[t] * prod_d q[d] ** exponents[t][d]

    Parameters
    ----------
    coefficients : sequence of float, n_terms
        Coefficients [m / rad^k].
    exponents : sequence of tuple of int, n_terms times n_coordinates, optional
        Exponent of each angle in each term. Default: 0, 1, 2, ... of a single angle.
    length_error, moment_arm_error : float, optional
        Root mean square errors [m] of a path that was fitted (see `fit_path`).

    Examples
    --------
    >>> from sk_bionic.musculoskeletal import PolynomialPath
    >>> path = PolynomialPath((0.4, -0.03, 0.001))
    >>> path.terms  # exponent of the angle: coefficient
    {(0,): 0.4, (1,): -0.03, (2,): 0.001}
    """

    coefficients: tuple
    exponents: tuple | None = None
    length_error: float | None = None
    moment_arm_error: float | None = None

    @property
    def terms(self):
        """Dict from the tuple of exponents to the coefficient."""
        exponents = self.exponents or [(power,) for power in range(len(self.coefficients))]
        return {tuple(e): float(c) for e, c in zip(exponents, self.coefficients, strict=True)}

    @classmethod
    def of_degree(cls, degree, coefficients, spanned, coordinates, **errors):
        """Path given as a full polynomial of the angles that the muscle spans, as published ones are.

        Parameters
        ----------
        degree : int
            Total degree.
        coefficients : array-like (n_terms,)
            Of all terms up to it, the exponent of the first spanned angle growing slowest and that of the last one
            fastest, in m / rad^k.
        spanned : sequence of str
            Angles of the polynomial, in its order.
        coordinates : sequence of str
            All angles of the model, in its order.
        **errors : float
            `length_error` and `moment_arm_error` [m], where they are known.

        Returns
        -------
        PolynomialPath
            Over all angles of the model.

        Raises
        ------
        ValueError
            When there are not as many coefficients as the degree has terms, or an angle is none of the model's.
        """
        coordinates, spanned = list(coordinates), list(spanned)
        unknown = [name for name in spanned if name not in coordinates]
        if unknown:
            raise ValueError(f"A path spans {unknown}, which are none of the coordinates {coordinates}.")
        powers = [e for e in product(range(degree + 1), repeat=len(spanned)) if sum(e) <= degree]
        coefficients = np.asarray(coefficients, dtype=np.float64).ravel()
        if len(coefficients) != len(powers):
            raise ValueError(
                f"A polynomial of degree {degree} over {spanned} has {len(powers)} terms. Got "
                f"{len(coefficients)} coefficients."
            )
        whole = np.zeros((len(powers), len(coordinates)), dtype=int)
        whole[:, [coordinates.index(name) for name in spanned]] = powers
        return cls(tuple(coefficients.tolist()), tuple(map(tuple, whole.tolist())), **errors)

    def along(self, angle):
        """Lengths and moment arms at many postures.

        Parameters
        ----------
        angle : ndarray (n_frames, n_coordinates)
            Joint angles [rad].

        Returns
        -------
        length : ndarray (n_frames,)
            [m].
        moment_arm : ndarray (n_frames, n_coordinates)
            R = -d(length)/d(angle) [m].
        """
        angle = np.asarray(angle, dtype=np.float64)
        exponents, c = np.array(list(self.terms)), np.array(list(self.terms.values()))
        arm = np.zeros(angle.shape)
        used = np.flatnonzero(exponents.any(axis=0))
        powers = {d: angle[:, d, None] ** np.arange(exponents[:, d].max() + 1) for d in used}
        factors = {d: powers[d][:, exponents[:, d]] for d in used}
        for d in used:
            slope = exponents[:, d] * powers[d][:, np.maximum(exponents[:, d] - 1, 0)]
            for e in used[used != d]:
                slope = slope * factors[e]
            arm[:, d] = -slope @ c
        product = np.ones((len(angle), len(c)))
        for d in used:
            product *= factors[d]
        return product @ c, arm

    @classmethod
    def constant_moment_arm(cls, moment_arm, length, angle=0.0):
        """Path whose moment arm is constant.

        Parameters
        ----------
        moment_arm : float
            Moment arm R = -dl/dq [m], positive for a flexor when flexion is positive.
        length : float
            Length [m] of the muscle-tendon unit at `angle`.
        angle : float
            Joint angle [rad] at which the length is given.
        """
        return cls((length + moment_arm * angle, -moment_arm))


def check_joints(paths, n_joints):
    """ValueError where a path has exponents for another number of joint angles."""
    exponents = sorted({e for path in paths for e in path.terms})
    if any(len(e) != n_joints for e in exponents):
        raise ValueError(f"Every path needs exponents of {n_joints} joint angle(s). Got {exponents}.")
