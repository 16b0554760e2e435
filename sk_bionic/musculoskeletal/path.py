"""Muscle paths: length as a polynomial of the joint angles, moment arms as its exact derivative."""

from dataclasses import dataclass

import numpy as np
import torch


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


class PathSet:
    """The paths of all muscles of a model, evaluated together.

    Parameters
    ----------
    paths : sequence of PolynomialPath, n_muscles
    n_coordinates : int

    Raises
    ------
    ValueError
        When a path has exponents for another number of coordinates.
    """

    def __init__(self, paths, n_coordinates):
        exponents = sorted({e for path in paths for e in path.terms} | {(0,) * n_coordinates})
        if any(len(e) != n_coordinates for e in exponents):
            raise ValueError(f"Every path needs exponents of {n_coordinates} joint angle(s). Got {exponents}.")
        rows = [[path.terms.get(e, 0.0) for path in paths] for e in exponents]
        self.n_coordinates = n_coordinates
        self.exponents = np.array(exponents).reshape(len(exponents), n_coordinates)
        self.coefficients = torch.tensor(rows, dtype=torch.float64)  # (n_terms, n_muscles)

    def _powers(self, angle):
        """All powers q^0 ... q^degree, Tensor (..., n_coordinates, degree + 1)."""
        powers = [torch.ones_like(angle)]
        for _ in range(self.exponents.max()):
            powers.append(powers[-1] * angle)
        return torch.stack(powers, dim=-1)

    def _monomials(self, powers, exponents):
        """Products of powers, Tensor (..., n_terms)."""
        columns = [powers[..., d, exponents[:, d]] for d in range(self.n_coordinates)]
        product = columns[0]
        for column in columns[1:]:
            product = product * column
        return product

    def length_and_moment_arm(self, angle, moment_arm_scale):
        """Lengths of the muscle-tendon units and their moment arms.

        Parameters
        ----------
        angle : Tensor (..., n_coordinates)
            Joint angles [rad].
        moment_arm_scale : Tensor, broadcastable to (..., n_muscles)
            Factor on every coefficient but the constant one, so that length and moment arm stay consistent.

        Returns
        -------
        length : Tensor (..., n_muscles)
            Length [m].
        moment_arm : Tensor (..., n_coordinates, n_muscles)
            R = -d(length)/d(angle) [m], the definition of a moment arm by virtual work (An et al. 1984).
        """
        powers = self._powers(angle)
        constant = self.exponents.sum(axis=1) == 0
        shape = self.coefficients[~constant]
        length = self._monomials(powers, self.exponents[~constant]) @ shape
        length = self.coefficients[constant][0] + moment_arm_scale * length
        arms = []
        for d in range(self.n_coordinates):
            exponents = self.exponents[~constant]
            lowered = exponents.copy()
            lowered[:, d] = np.maximum(lowered[:, d] - 1, 0)
            factor = torch.as_tensor(exponents[:, d], dtype=angle.dtype)
            arms.append(-moment_arm_scale * ((self._monomials(powers, lowered) * factor) @ shape))
        return length, torch.stack(arms, dim=-2)
