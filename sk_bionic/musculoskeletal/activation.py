"""From neural excitation to activation: the rate of the first-order dynamics and the EMG's shape.

The EMG envelope, delayed by the electromechanical delay, is the excitation of a first-order activation dynamics; the
static exponential shape then maps its state to the activation that scales the muscle's force.
"""

import torch

SMOOTHING = 10.0  # of the switch between rise and decay; OpenSim's own default is 0.1


def activation_rate(excitation, state, activation_time_constant, deactivation_time_constant):
    """Time derivative of the activation dynamics' state [1/s].

    Parameters
    ----------
    excitation : Tensor (..., n_muscles)
        Delayed, normalised EMG envelope, nominally between 0 and 1.
    state : Tensor (..., n_muscles)
        State of the activation dynamics, nominally between 0 and 1.
    activation_time_constant, deactivation_time_constant : Tensor, broadcastable
        Time constants of rise and decay [s].

    Returns
    -------
    Tensor (..., n_muscles)
        Rate [1/s]: eq. 1 and 2 of De Groote et al. (2016) as OpenSim's ``DeGrooteFregly2016Muscle`` has them, with
        the smoothing 10 of the paper instead of OpenSim's default 0.1.
    """
    difference = excitation - state
    switch = 0.5 * torch.tanh(SMOOTHING * difference)
    slowing = 0.5 + 1.5 * state
    rise = (0.5 + switch) / (activation_time_constant * slowing)
    decay = (0.5 - switch) * slowing / deactivation_time_constant
    return (rise + decay) * difference


def shape_activation(state, emg_shape_factor):
    """Static, exponential relation between the dynamics' state and the muscle's activation.

    Parameters
    ----------
    state : Tensor (..., n_muscles)
        State of the activation dynamics, nominally between 0 and 1.
    emg_shape_factor : Tensor, broadcastable
        Shape A of the relation, between -3 (strongly curved) and 0 (a straight line), dimensionless.

    Returns
    -------
    Tensor (..., n_muscles)
        Activation (exp(A u) - 1) / (exp(A) - 1), Lloyd and Besier (2003), J. Biomechanics 36(6), 765-776.
    """
    return torch.expm1(emg_shape_factor * state) / torch.expm1(emg_shape_factor)
