"""Constants of the collocation: two Gauss points an interval, cubic Hermite pieces for angles, parabolas for tendons."""

import numpy as np

from ..grid import GAUSS_POINTS, hermite_weights, parabola_weights

# [derivative, Gauss point, (value left, slope left, value right, slope right)], of an interval of length 1.
PIECE = hermite_weights(np.array(GAUSS_POINTS), np.ones(2))
PARABOLA = parabola_weights(np.array(GAUSS_POINTS), np.ones(2))
FRACTION = np.array(GAUSS_POINTS)
