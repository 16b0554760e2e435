"""Smooth curves made of quintic Bezier corners, as functions of their abscissa.

The construction of OpenSim's ``SegmentedQuinticBezierToolkit`` (Millard, Uchida, Seth and Delp 2013, "Flexing
computational muscle: modeling and simulation of musculotendon dynamics", J. Biomechanical Engineering 135(2), 021005):
a corner is a fifth-degree Bezier curve between two points with given slopes, whose control points lie on the two
tangents; corners join with continuous second derivative, and the curve goes on linearly at both ends.

A Bezier curve gives abscissa and ordinate as functions of a third variable. Here it is tabulated once, with its exact
first and second derivatives, as quintic Hermite pieces in the abscissa itself: no iteration is left.
"""

from math import comb

import numpy as np

PIECES_PER_CORNER = 120  # the table deviates from the Bezier curves of a muscle by less than 1e-10
CURVINESS_OFFSET, CURVINESS_FACTOR = 0.1, 0.8  # of OpenSim's SmoothSegmentedFunctionFactory::scaleCurviness


def corner(start, end, curviness):
    """Control points of one quintic corner.

    Parameters
    ----------
    start, end : tuple of float (x, y, dy/dx)
        Ends of the corner and the curve's slopes there.
    curviness : float
        0 (a gentle bend) to 1 (close to the corner of the two tangents).

    Returns
    -------
    ndarray (6, 2)
    """
    (x0, y0, slope0), (x1, y1, slope1) = start, end
    x_corner = (y1 - y0 - x1 * slope1 + x0 * slope0) / (slope0 - slope1)  # where the tangents meet
    y_corner = (x_corner - x1) * slope1 + y1
    first, last, meeting = np.array([x0, y0]), np.array([x1, y1]), np.array([x_corner, y_corner])
    bend = CURVINESS_OFFSET + CURVINESS_FACTOR * curviness
    after_first, before_last = first + bend * (meeting - first), last + bend * (meeting - last)
    return np.stack([first, after_first, after_first, before_last, before_last, last])


def bezier(points, u, order=0):
    """Derivative of the given order of a Bezier curve with respect to its variable.

    Parameters
    ----------
    points : ndarray (degree + 1, 2)
        Control points.
    u : ndarray (n,)
        Variable, 0 to 1.
    order : int

    Returns
    -------
    ndarray (n, 2)
    """
    for _ in range(order):
        points = (len(points) - 1) * np.diff(points, axis=0)
    degree = len(points) - 1
    basis = np.stack([comb(degree, k) * u**k * (1 - u) ** (degree - k) for k in range(degree + 1)], axis=-1)
    return basis @ points


def _derivatives(points, u):
    """Abscissa, ordinate and the ordinate's first two derivatives with respect to the abscissa, each (n,)."""
    (x, y), (dx, dy), (ddx, ddy) = (bezier(points, u, order).T for order in range(3))
    return x, y, dy / dx, (ddy * dx - dy * ddx) / dx**3


def _quintic_pieces(x, y, slope, curvature):
    """Coefficients (n - 1, 6), constant first, of the quintic Hermite pieces between n knots."""
    h, rise = np.diff(x), np.diff(y)
    d0, d1, c0, c1 = slope[:-1], slope[1:], curvature[:-1], curvature[1:]
    a = rise / h**3 - d0 / h**2 - c0 / (2 * h)
    b = (d1 - d0) / h**2 - c0 / h
    c = (c1 - c0) / h
    return np.stack(
        [y[:-1], d0, c0 / 2, 10 * a - 4 * b + c / 2, (-15 * a + 7 * b - c) / h, (6 * a - 3 * b + c / 2) / h**2], axis=-1
    )


class QuinticCurve:
    """A table of joined corners, twice continuously differentiable; `compiled.curves.tabulated` reads it.

    Parameters
    ----------
    corners : sequence of ndarray (6, 2)
        Control points of each corner; each begins where the previous one ends.

    Raises
    ------
    ValueError
        When they make no function of the abscissa.
    """

    def __init__(self, corners):
        u = np.linspace(0.0, 1.0, PIECES_PER_CORNER + 1)
        knots = np.concatenate(
            [np.stack(_derivatives(points, u))[:, i > 0 :] for i, points in enumerate(corners)], axis=1
        )
        x, y, slope, _ = knots
        if not (np.isfinite(knots).all() and (np.diff(x) > 0).all()):
            raise ValueError(
                "no curve goes through these points: their abscissas do not increase, or a slope is infinite."
            )
        line = lambda i: [[y[i], slope[i], 0.0, 0.0, 0.0, 0.0]]  # beyond the ends
        self.knots = x
        self.origins = np.concatenate([x[:1], x])  # of each piece's own abscissa
        self.coefficients = np.concatenate([line(0), _quintic_pieces(*knots), line(-1)])
