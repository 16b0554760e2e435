"""The functions of an OpenSim model file, evaluated on arrays as OpenSim does."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.linalg import solve_banded

__all__ = [
    "Constant",
    "Linear",
    "Multiplied",
    "PiecewiseLinear",
    "Polynomial",
    "SimmSpline",
    "function_node",
    "read_function",
]


@dataclass(frozen=True)
class Constant:
    """The same value everywhere."""

    value: float

    def __call__(self, *arguments):
        """`value`, whatever the arguments."""
        return np.float64(self.value)


@dataclass(frozen=True)
class Linear:
    """coefficients[0] x0 + coefficients[1] x1 + ... + coefficients[-1]."""

    coefficients: tuple

    def __call__(self, *arguments):
        """Value at the arguments, one a coefficient but the last."""
        slopes = self.coefficients[:-1]
        terms = (slope * np.asarray(x) for slope, x in zip(slopes, arguments, strict=True))
        return sum(terms, start=np.float64(self.coefficients[-1]))


@dataclass(frozen=True)
class Polynomial:
    """Polynomial of one variable, the highest order first."""

    coefficients: tuple

    def __call__(self, x):
        """Value at x."""
        return np.polyval(self.coefficients, x)


@dataclass(frozen=True)
class PiecewiseLinear:
    """Straight lines between points; the first and the last line go on beyond them."""

    x: tuple
    y: tuple

    def __call__(self, x):
        """Value at x."""
        knots, values = np.array(self.x), np.array(self.y)
        slopes = np.diff(values) / np.diff(knots)
        i = _interval(knots, x)
        return values[i] + slopes[i] * (x - knots[i])


@dataclass(frozen=True)
class SimmSpline:
    """Cubic spline through points, straight beyond them.

    At either end the third derivative is that of the cubic through the last four points.

    References
    ----------
    G. E. Forsythe, M. A. Malcolm and C. B. Moler, Computer Methods for Mathematical Computations
    (1977), section 4.4 (SPLINE); OpenSim 4.6, SimmSpline.cpp.
    """

    x: tuple
    y: tuple

    def __post_init__(self):
        """The curvature at the points is worth keeping."""
        object.__setattr__(self, "_sigma", _curvatures(np.array(self.x), np.array(self.y)))

    def __call__(self, x):
        """Value at x."""
        knots, values, sigma = np.array(self.x), np.array(self.y), self._sigma
        inside = np.clip(x, knots[0], knots[-1])
        i = _interval(knots, inside)
        h = np.diff(knots)
        b = np.diff(values) / h - h * (sigma[1:] + 2 * sigma[:-1])
        d = np.diff(sigma) / h
        t = inside - knots[i]
        within = values[i] + t * (b[i] + t * (3 * sigma[i] + t * d[i]))
        last_slope = np.diff(values)[-1] / h[-1] + h[-1] * (sigma[-2] + 2 * sigma[-1])
        slope = np.where(x < knots[0], b[0], last_slope)
        return within + slope * (x - inside)


@dataclass(frozen=True)
class Multiplied:
    """A function times a factor (OpenSim's MultiplierFunction)."""

    function: object
    scale: float

    def __call__(self, *arguments):
        """Value at the arguments."""
        return self.scale * self.function(*arguments)


def read_function(node, n_arguments):
    """The function that an element of an .osim file describes.

    Parameters
    ----------
    node : xml.Node
        The element, such as ``<SimmSpline>``.
    n_arguments : int
        How many coordinates it will be given.

    Raises
    ------
    ValueError
        If the kind is not supported, the number of arguments does not fit or points are faulty.
    """
    if node.tag not in _READERS:
        raise node.fault(f"the function {node.tag} is not supported, only {sorted(_READERS)}.")
    if n_arguments != 1 and node.tag not in ("Constant", "LinearFunction", "MultiplierFunction"):
        raise node.fault(f"a {node.tag} takes one coordinate. Got {n_arguments}.")
    return _READERS[node.tag](node, n_arguments)


def _read_linear(node, n_arguments):
    coefficients = node.numbers("coefficients")
    # OpenSim writes "1 0" for functions of nothing, too.
    if n_arguments == 0:
        return Constant(coefficients[-1] if coefficients else 0.0)
    if len(coefficients) != n_arguments + 1:
        raise node.fault(f"{n_arguments} coordinates need {n_arguments + 1} <coefficients>.")
    return Linear(coefficients)


def _read_points(kind):
    def read(node, n_arguments):
        x, y = node.numbers("x"), node.numbers("y")
        if len(x) != len(y) or len(x) < 2:
            raise node.fault(f"{node.tag} needs two points or more. Got {len(x)} x, {len(y)} y.")
        if any(b <= a for a, b in pairwise(x)):
            raise node.fault(f"the x of {node.tag} must increase.")
        return kind(x, y)

    return read


def _read_multiplied(node, n_arguments):
    inner = function_node(node, "function")
    return Multiplied(read_function(inner, n_arguments), node.number("scale", 1.0))


def function_node(node, role):
    """The element of a function: ``<role><Kind>`` or, since OpenSim 4, ``<Kind name="role">``."""
    wrapped = node.child(role)
    found = wrapped.children() if wrapped is not None else []
    found += [child for child in node.children() if child.name == role]
    if not found:
        raise node.fault(f"the function <{role}> is missing.")
    return found[0]


_READERS = {
    "Constant": lambda node, n: Constant(node.number("value", 0.0)),
    "LinearFunction": _read_linear,
    "PolynomialFunction": lambda node, n: Polynomial(node.numbers("coefficients")),
    "PiecewiseLinearFunction": _read_points(PiecewiseLinear),
    "SimmSpline": _read_points(SimmSpline),
    "NaturalCubicSpline": _read_points(SimmSpline),  # its name before OpenSim 3
    "natCubicSpline": _read_points(SimmSpline),
    "MultiplierFunction": _read_multiplied,
}


def _interval(knots, x):
    """Index of the interval that holds x; the first or last one for what lies outside."""
    return np.clip(np.searchsorted(knots, x, side="right") - 1, 0, len(knots) - 2)


def _curvatures(x, y):
    """A sixth of the second derivative at the points."""
    n = len(x)
    if n < 3:
        return np.zeros(n)
    h = np.diff(x)
    slope = np.diff(y) / h
    bands = np.zeros((3, n))
    bands[0, 1:] = bands[2, :-1] = h
    bands[1] = [-h[0], *(2 * (h[:-1] + h[1:])), -h[-1]]
    right = np.array([0.0, *np.diff(slope), 0.0])
    if n > 3:
        right[0] = right[2] / (x[3] - x[1]) - right[1] / (x[2] - x[0])
        right[-1] = right[-2] / (x[-1] - x[-3]) - right[-3] / (x[-2] - x[-4])
        right[0] *= h[0] ** 2 / (x[3] - x[0])
        right[-1] *= -(h[-1] ** 2) / (x[-1] - x[-4])
    return solve_banded((1, 1), bands, right)
