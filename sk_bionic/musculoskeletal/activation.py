"""From neural excitation to activation: the rates of the dynamics and the EMG's shape.

The EMG envelope, delayed by the electromechanical delay and times the gain, is the excitation of the activation dynamics,
of first order or a second-order filter; a static shape, exponential or logarithmic and linear, then maps its state to
the activation that scales the muscle's force.
"""

import math

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


NODE = 0.3085  # of the logarithmic shape: where its two pieces meet on the straight line a = u
NODE_ITERATIONS = 30


def shape_activation_logarithmically(state, emg_shape_factor):
    """Static relation that is logarithmic at low and linear at high levels: the A-model.

    Parameters
    ----------
    state : Tensor (..., n_muscles)
        State of the activation dynamics, not negative.
    emg_shape_factor : Tensor, broadcastable
        Distance A of the pieces' node from the straight line, 0 (a straight line) to 0.12, dimensionless.

    Returns
    -------
    Tensor (..., n_muscles)
        Activation d ln(c u + 1) up to the node, m u + b beyond it, once continuously differentiable: Manal and Buchanan
        (2003), J. Biomechanics 36(8), 1197-1202.
    """
    node, height = NODE - emg_shape_factor / math.sqrt(2.0), NODE + emg_shape_factor / math.sqrt(2.0)
    slope = (1.0 - height) / (1.0 - node)
    x = _log_steepness(height / (slope * node))  # c times the node
    low = height / torch.log1p(x) * torch.log1p(x * torch.minimum(state, node) / node)
    return low + slope * (state - node).clamp(min=0.0)


def _log_steepness(ratio):
    """x with (1 + x) ln(1 + x) / x = ratio > 1: value and slope of both pieces agree at the node. Differentiable."""
    with torch.no_grad():
        x = 2.0 * (ratio - 1.0)
        for _ in range(NODE_ITERATIONS):
            x = x - ((1.0 + x) * torch.log1p(x) / x - ratio) * x.square() / (x - torch.log1p(x))
        slope = (x - torch.log1p(x)) / x.square()
        value = (1.0 + x) * torch.log1p(x) / x
    return x - (value - ratio) / slope


class ActivationShape:
    """The static shapes of several muscles.

    Parameters
    ----------
    names : sequence of {"exponential", "logarithmic"}, n_muscles
    """

    def __init__(self, names):
        self.logarithmic = torch.tensor([name == "logarithmic" for name in names])
        self._only_exponential = not self.logarithmic.any()

    def __call__(self, state, emg_shape_factor):
        """Activations (..., n_muscles) from the states of the activation dynamics and the shape factors."""
        if self._only_exponential:
            return shape_activation(state, emg_shape_factor)
        # Each shape gets a factor of its own kind where the other one holds, or its gradient would be NaN.
        exponential = shape_activation(state, torch.where(self.logarithmic, -1.0, emg_shape_factor))
        logarithmic = shape_activation_logarithmically(state, torch.where(self.logarithmic, emg_shape_factor, 0.05))
        return torch.where(self.logarithmic, logarithmic, exponential)
