"""Dimensionless curves of the De Groote-Fregly 2016 muscle: the default family.

Source of every formula: De Groote, Kinney, Rao and Fregly (2016), "Evaluation of direct collocation optimal control
problem formulations for solving the muscle redundancy problem", Annals of Biomedical Engineering 44(10), 2922-2936,
with the constants of OpenSim's ``DeGrooteFregly2016Muscle`` (which refit the paper's so that the curves pass through
their normalisation points).

Lengths are in units of the optimal fiber length, velocities in units of the maximal contraction velocity (positive
when the fiber lengthens), forces in units of the maximal isometric force.
"""

import math
from typing import NamedTuple

import torch

# Amplitude, center, width and slope of the three Gaussian-like terms of the active force-length curve.
ACTIVE_FORCE_LENGTH = torch.tensor(
    (
        (0.8150671134243542, 1.055033428970575, 0.162384573599574, 0.063303448465465),
        (0.433004984392647, 0.716775413397760, -0.029947116970696, 0.200356847296188),
        (0.1, 1.0, 0.353553390593274, 0.0),
    ),
    dtype=torch.float64,
).T
# d1, d2, d3, d4 of the force-velocity curve.
FORCE_VELOCITY = (-0.3211346127989808, -8.149, -0.374, 0.8825327733249912)
PASSIVE_SHAPE = 4.0  # kPE
MIN_NORM_FIBER_LENGTH = 0.2  # OpenSim's smallest normalised fiber length
TENDON_SCALE, TENDON_ORIGIN, TENDON_OFFSET = 0.2, 1.0, 0.2  # c1, c2, c3 of the tendon's curve


class Constants(NamedTuple):
    """What a single muscle's curves may have of their own, by OpenSim's names: see `Muscle.curve_properties`."""

    active_force_width_scale: float = 1.0
    ignore_passive_fiber_force: float = 0.0  # 1.0: true


CONSTANTS = Constants()


def check(constants):
    """ValueError where the constants make no curves."""
    if not constants.active_force_width_scale > 0:
        raise ValueError(f"active_force_width_scale must be positive. Got {constants.active_force_width_scale:g}.")


def active_force_length(norm_fiber_length, *, constants=CONSTANTS):
    """Active force-length multiplier, 1 at the optimal fiber length.

    Parameters
    ----------
    norm_fiber_length : Tensor, any shape
        Fiber length in units of the optimal fiber length.
    constants : Constants

    Returns
    -------
    Tensor, same shape
        Dimensionless multiplier (eq. S4 of De Groote et al. 2016), stretched about the optimum as OpenSim's
        ``active_force_width_scale`` does.
    """
    # A fiber shorter than OpenSim's limit carries no active force; the clamp keeps the second term away from its
    # pole.
    stretched = (norm_fiber_length - 1.0) / constants.active_force_width_scale + 1.0
    length = stretched.clamp(min=MIN_NORM_FIBER_LENGTH).unsqueeze(-1)
    amplitude, center, width, slope = ACTIVE_FORCE_LENGTH.to(length)
    deviation = (length - center) / (width + slope * length)
    return torch.exp(-0.5 * deviation.square()) @ amplitude


def force_velocity(norm_fiber_velocity, activation=None):
    """Force-velocity multiplier: 0 at -1 (fastest shortening), 1 at 0.

    Parameters
    ----------
    norm_fiber_velocity : Tensor, any shape
        Fiber velocity in units of the maximal contraction velocity, positive when lengthening.
    activation : Tensor, optional
        Not used: the curve is the same at every activation (unlike Thelen's).

    Returns
    -------
    Tensor, same shape
        Dimensionless multiplier (eq. S6 of De Groote et al. 2016).
    """
    d1, d2, d3, d4 = FORCE_VELOCITY
    return d1 * torch.asinh(d2 * norm_fiber_velocity + d3) + d4  # asinh x = ln(x + sqrt(x^2 + 1))


def passive_force_length(norm_fiber_length, strain_at_one_norm_force, *, constants=CONSTANTS):
    """Passive force of the fiber, 0 at the smallest length and 1 at a strain of `strain_at_one_norm_force`.

    Parameters
    ----------
    norm_fiber_length : Tensor, any shape
        Fiber length in units of the optimal fiber length.
    strain_at_one_norm_force : Tensor, broadcastable
        Strain at which the passive force equals the maximal isometric force (OpenSim:
        ``passive_fiber_strain_at_one_norm_force``).
    constants : Constants
        No force at all where ``ignore_passive_fiber_force`` is 1.

    Returns
    -------
    Tensor
        Dimensionless force (eq. S5 of De Groote et al. 2016, with OpenSim's offset).
    """
    if constants.ignore_passive_fiber_force:
        return 0.0 * norm_fiber_length * strain_at_one_norm_force
    rate = PASSIVE_SHAPE / strain_at_one_norm_force
    offset = torch.exp(rate * (MIN_NORM_FIBER_LENGTH - 1.0))
    return (torch.exp(rate * (norm_fiber_length - 1.0)) - offset) / (math.exp(PASSIVE_SHAPE) - offset)


def tendon_force_length(norm_tendon_length, strain_at_one_norm_force):
    """Tendon force, 0 at the slack length and 1 at a strain of `strain_at_one_norm_force`; slightly negative below it.

    Parameters
    ----------
    norm_tendon_length : Tensor, any shape
        Tendon length in units of the tendon slack length.
    strain_at_one_norm_force : Tensor, broadcastable
        Strain at which the tendon carries the maximal isometric force (OpenSim: ``tendon_strain_at_one_norm_force``).

    Returns
    -------
    Tensor
        Force in units of the maximal isometric force (eq. S3 of De Groote et al. 2016).
    """
    shape = tendon_shape(strain_at_one_norm_force)
    return TENDON_SCALE * torch.exp(shape * (norm_tendon_length - TENDON_ORIGIN)) - TENDON_OFFSET


def tendon_length_at_force(norm_tendon_force, strain_at_one_norm_force):
    """Inverse of `tendon_force_length`: tendon length in units of the slack length, for forces above -0.2."""
    shape = tendon_shape(strain_at_one_norm_force)
    return TENDON_ORIGIN + torch.log((norm_tendon_force + TENDON_OFFSET) / TENDON_SCALE) / shape


def tendon_shape(strain_at_one_norm_force):
    """Shape factor kT of the tendon: how steep its exponential is."""
    return math.log((1.0 + TENDON_OFFSET) / TENDON_SCALE) / (1.0 + strain_at_one_norm_force - TENDON_ORIGIN)
