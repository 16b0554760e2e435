"""The second-order activation dynamics of EMG-driven models: its time constants and the recursion's coefficients.

EMG-driven models filter the envelope by the recursion

    u(t) = alpha e(t - d) - beta1 u(t - 1) - beta2 u(t - 2),
    beta1 = C1 + C2,  beta2 = C1 C2,  alpha = 1 + beta1 + beta2,

stable for |C1|, |C2| < 1 and of unit gain by the choice of alpha (Lloyd and Besier 2003, J. Biomechanics 36(6),
765-776; Buchanan et al. 2004, J. Applied Biomechanics 20(4), 367-395; Pizzolato et al. 2015, J. Biomechanics 48(14),
3929-3936), whose coefficients mean another filter at every sampling rate. It stands for two first-order lags in series,

    tau1 v' = e(t - d) - v,    tau2 u' = v - u,

with -C = exp(-1 / (rate tau)) for each of them: stable and of unit gain whatever the time constants, and the same at
any sampling rate, even or not. Coefficients above 0 (an output that alternates from sample to sample) have no such
meaning.
"""

import numpy as np


def filter_coefficients(time_constants, sampling_rate):
    """Coefficients of the recursion that stand for given time constants.

    Parameters
    ----------
    time_constants : array-like (..., 2)
        In s.
    sampling_rate : float
        In Hz.

    Returns
    -------
    ndarray (..., 2)
        C1 and C2, between -1 and 0.
    """
    return -np.exp(-1.0 / (sampling_rate * np.asarray(time_constants, dtype=np.float64)))


def filter_time_constants(coefficients, sampling_rate):
    """Time constants of a recursion with given coefficients, for settings of other programs.

    Parameters
    ----------
    coefficients : array-like (..., 2)
        C1 and C2.
    sampling_rate : float
        Rate [Hz] at which the recursion ran.

    Returns
    -------
    ndarray (..., 2)
        In s.

    Raises
    ------
    ValueError
        When a coefficient is not between -1 and 0: unstable, or without a time constant.
    """
    coefficients = np.asarray(coefficients, dtype=np.float64)
    if not ((coefficients > -1.0) & (coefficients < 0.0)).all():
        raise ValueError(
            "The filter's coefficients C1 and C2 must lie between -1 (unstable) and 0 (beyond, the output "
            f"alternates). Got {coefficients.tolist()}."
        )
    return -1.0 / (sampling_rate * np.log(-coefficients))
