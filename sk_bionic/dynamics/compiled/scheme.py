"""Collocation between frames: two Gauss points an interval, cubic Hermite pieces for angles, parabolas for tendons.

The equation holds at the two Gauss points of each interval: fourth order at the frames (de Boor and Swartz 1973, SIAM
J. Numer. Anal. 10(4), 582-606; for parabolas of first-order equations Ascher, Christiansen and Russell 1979, Math.
Comp. 33, 659-679), for any spacing.
"""

import numpy as np

GAUSS_POINTS = (0.5 - np.sqrt(3.0) / 6.0, 0.5 + np.sqrt(3.0) / 6.0)


def hermite_weights(fraction, step):
    """Weights of (value left, slope left, value right, slope right) in a cubic Hermite piece.

    Parameters
    ----------
    fraction : ndarray (n_points,)
        Position in the interval, 0 to 1.
    step : ndarray (n_points,)
        Length of the interval [s].

    Returns
    -------
    ndarray (3, n_points, 4)
        Weights for the value and its first and second derivative.
    """
    c, h = fraction, step
    value = [2 * c**3 - 3 * c**2 + 1, (c**3 - 2 * c**2 + c) * h, -2 * c**3 + 3 * c**2, (c**3 - c**2) * h]
    first = [(6 * c**2 - 6 * c) / h, 3 * c**2 - 4 * c + 1, (-6 * c**2 + 6 * c) / h, 3 * c**2 - 2 * c]
    second = [(12 * c - 6) / h**2, (6 * c - 4) / h, (-12 * c + 6) / h**2, (6 * c - 2) / h]
    return np.stack([np.stack(row, axis=-1) for row in (value, first, second)])


def parabola_weights(fraction, step):
    """Weights of (value left, nothing, value right, slope right) in a parabola, laid out as `hermite_weights`.

    Parameters
    ----------
    fraction : ndarray (n_points,)
        Position in the interval, 0 to 1.
    step : ndarray (n_points,)
        Length of the interval [s].

    Returns
    -------
    ndarray (3, n_points, 4)
        Weights for the value and its first and second derivative.
    """
    c, h, zero = fraction, step, np.zeros(len(fraction))
    value = [(1 - c) ** 2, zero, 2 * c - c**2, (c**2 - c) * h]
    first = [2 * (c - 1) / h, zero, 2 * (1 - c) / h, 2 * c - 1]
    second = [2 / h**2, zero, -2 / h**2, 2 / h]
    return np.stack([np.stack(np.broadcast_arrays(*row), axis=-1) for row in (value, first, second)])


# [derivative, Gauss point, (value left, slope left, value right, slope right)], of an interval of length 1.
PIECE = hermite_weights(np.array(GAUSS_POINTS), np.ones(2))
PARABOLA = parabola_weights(np.array(GAUSS_POINTS), np.ones(2))
FRACTION = np.array(GAUSS_POINTS)
