"""The functions of an OpenSim model file, evaluated on arrays as OpenSim does."""

from dataclasses import dataclass
from itertools import pairwise
from math import comb, prod

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.linalg import solve_banded

__all__ = [
    "Constant",
    "Linear",
    "Multiplied",
    "MultivariatePolynomial",
    "PiecewiseConstant",
    "PiecewiseLinear",
    "Polynomial",
    "SimmSpline",
    "Sine",
    "Step",
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


@dataclass(frozen=True)
class PiecewiseConstant:
    """Steps: from each x on the value beside it, before the first x its value, too."""

    x: tuple
    y: tuple

    def __call__(self, x):
        """Value at x."""
        return np.array(self.y)[np.clip(np.searchsorted(self.x, x, side="left") - 1, 0, len(self.y) - 1)]


@dataclass(frozen=True)
class Sine:
    """amplitude sin(omega x + phase) + offset."""

    amplitude: float
    omega: float
    phase: float
    offset: float

    def __call__(self, x):
        """Value at x."""
        return self.amplitude * np.sin(self.omega * np.asarray(x) + self.phase) + self.offset


@dataclass(frozen=True)
class Step:
    """From one value to another, with continuous second derivative, between two arguments."""

    start: float
    end: float
    start_value: float
    end_value: float

    def __call__(self, x):
        """Value at x: Simbody's quintic step."""
        t = np.clip((np.asarray(x) - self.start) / (self.end - self.start), 0.0, 1.0)
        return self.start_value + (self.end_value - self.start_value) * t**3 * (10 + t * (-15 + 6 * t))


@dataclass(frozen=True)
class NaturalSpline:
    """Natural spline of odd degree through points (OpenSim's GCVSpline without smoothing)."""

    x: tuple
    y: tuple
    degree: int

    def __call__(self, x):
        """Value at x; beyond the ends, the outermost polynomials go on."""
        half = (self.degree + 1) // 2
        still = [(order, 0.0) for order in range(half, self.degree)]
        return make_interp_spline(self.x, self.y, k=self.degree, bc_type=(still, still))(x)


@dataclass(frozen=True)
class MultivariatePolynomial:
    """Sum of coefficients times powers of several arguments, all of a total order.

    The powers of the last argument change fastest: 1, y, y^2, x, x y, x^2.
    """

    coefficients: tuple
    exponents: tuple

    def __call__(self, *arguments):
        """Value at the arguments."""
        total = np.float64(0.0)
        for coefficient, powers in zip(self.coefficients, self.exponents, strict=True):
            if coefficient:
                factors = (np.asarray(x) ** p for x, p in zip(arguments, powers, strict=True) if p)
                total = total + coefficient * prod(factors, start=np.float64(1.0))
        return total


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
    if n_arguments != 1 and node.tag not in _OF_SEVERAL:
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


def _read_multivariate(node, n_arguments):
    dimension, order = int(node.number("dimension")), int(node.number("order"))
    if dimension != n_arguments or not 0 <= order <= 30:
        raise node.fault(f"<dimension> must be {n_arguments}, <order> 0 to 30. Got {dimension}, {order}.")
    coefficients = node.numbers("coefficients")
    if len(coefficients) != comb(dimension + order, order):
        raise node.fault(
            f"a polynomial of {dimension} arguments and order {order} has {comb(dimension + order, order)} "
            f"<coefficients>. Got {len(coefficients)}."
        )
    return MultivariatePolynomial(coefficients, tuple(_powers(dimension, order)))


def _powers(dimension, order):
    if dimension == 0:
        return [()]
    return [(first, *rest) for first in range(order + 1) for rest in _powers(dimension - 1, order - first)]


def _read_spline(node, n_arguments):
    points = _read_points(PiecewiseLinear)(node, n_arguments)
    half = int(node.number("half_order", 2.0))
    if node.number("error_variance", 0.0) > 0 or half not in (1, 2, 3, 4) or len(points.x) < 2 * half:
        raise node.fault("a GCVSpline needs an error_variance of 0, a half_order of 1 to 4 and twice as many points.")
    return NaturalSpline(points.x, points.y, 2 * half - 1)


def function_node(node, role):
    """The element of a function: ``<role><Kind>``, ``<Kind name="role">`` or, as OpenSim reads it, a nameless one."""
    wrapped = node.child(role)
    found = wrapped.children() if wrapped is not None else []
    found += [child for child in node.children() if child.name == role]
    found += [child for child in node.children() if not child.name and child.tag in _READERS]
    if not found:
        raise node.fault(f"the function <{role}> is missing.")
    return found[0]


_SINE = (("amplitude", 1.0), ("omega", 1.0), ("phase", 0.0), ("offset", 0.0))
_STEP = (("start_time", 0.99), ("end_time", 1.01), ("start_value", 0.0), ("end_value", 1.0))
_OF_SEVERAL = ("Constant", "LinearFunction", "MultiplierFunction", "MultivariatePolynomialFunction")
_READERS = {
    "Constant": lambda node, n: Constant(node.number("value", 0.0)),
    "LinearFunction": _read_linear,
    "PolynomialFunction": lambda node, n: Polynomial(node.numbers("coefficients")),
    "PiecewiseLinearFunction": _read_points(PiecewiseLinear),
    "PiecewiseConstantFunction": _read_points(PiecewiseConstant),
    "GCVSpline": _read_spline,
    "Sine": lambda node, n: Sine(*(node.number(tag, d) for tag, d in _SINE)),
    "StepFunction": lambda node, n: Step(*(node.number(tag, d) for tag, d in _STEP)),
    "MultivariatePolynomialFunction": _read_multivariate,
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
