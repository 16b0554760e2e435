"""Dimensionless curves of the Thelen 2003 muscle.

Source: Thelen (2003), "Adjustment of muscle mechanics model parameters to simulate dynamic contractions in older
adults", J. Biomechanical Engineering 125(1), 70-77, with the default values of OpenSim's ``Thelen2003Muscle``. Units as
in `sk_bionic.musculoskeletal.curves`.

The paper's curves have kinks: the force-velocity curve at velocity 0 (its slope doubles), the passive force at the
optimal fiber length, the tendon at its slack length. They are kept, so derivatives are one-sided there, and a solver's
order of convergence suffers where a motion crosses them; the other two families have none.
"""

from math import exp, expm1
from typing import NamedTuple

import torch


class Constants(NamedTuple):
    """What a single muscle's curves may have of their own, by OpenSim's names: see `Muscle.curve_properties`."""

    KshapeActive: float = 0.45  # gamma: width of the active curve
    KshapePassive: float = 5.0
    Af: float = 0.25  # shape of the force-velocity curve
    Flen: float = 1.4  # largest force while lengthening
    fv_linear_extrap_threshold: float = 0.95  # part of Flen above which the force-velocity curve is a line


CONSTANTS = Constants()


def check(constants):
    """ValueError where the constants make no curves."""
    c = constants
    if not (min(c.KshapeActive, c.KshapePassive, c.Af) > 0 and 1 / c.Flen < c.fv_linear_extrap_threshold < 1 < c.Flen):
        raise ValueError(
            "Thelen's shapes must be positive, Flen above 1, fv_linear_extrap_threshold between 1/Flen and 1. "
            f"Got {c._asdict()}."
        )


TOE_SHAPE, TOE_FORCE = 3.0, 0.33  # of the tendon
# Strain at the end of the toe and stiffness behind it, for a strain of 1 at one normalised force. The paper's 0.609 and
# 1.712 are rounded; these make the slope continuous.
TOE_STRAIN = 99.0 * exp(3.0) / (166.0 * exp(3.0) - 67.0)
LINEAR_STIFFNESS = 0.67 / (1.0 - TOE_STRAIN)


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
        Dimensionless multiplier (eq. 4 of Thelen 2003).
    """
    return torch.exp(-(norm_fiber_length - 1.0).square() / constants.KshapeActive)


def passive_force_length(norm_fiber_length, strain_at_one_norm_force, *, constants=CONSTANTS):
    """Passive force of the fiber, 0 up to the optimal length and 1 at a strain of `strain_at_one_norm_force`.

    Parameters
    ----------
    norm_fiber_length : Tensor, any shape
        Fiber length in units of the optimal fiber length.
    strain_at_one_norm_force : Tensor, broadcastable
        Strain at which the passive force equals the maximal isometric force (OpenSim: ``FmaxMuscleStrain``, 0.6).
    constants : Constants

    Returns
    -------
    Tensor
        Dimensionless force (eq. 3 of Thelen 2003, without its negative part, as OpenSim has it).
    """
    strain = (norm_fiber_length - 1.0).clamp(min=0.0)
    shape = constants.KshapePassive
    return torch.expm1(shape / strain_at_one_norm_force * strain) / expm1(shape)


def force_velocity(norm_fiber_velocity, activation, *, constants=CONSTANTS):
    """Force-velocity multiplier: 1 at 0, 0 at the fastest shortening, which activation makes faster.

    Parameters
    ----------
    norm_fiber_velocity : Tensor, any shape
        Fiber velocity in units of the maximal contraction velocity, positive when lengthening.
    activation : Tensor, broadcastable
        The maximal velocity is 0.25 + 0.75 activation times the nominal one.
    constants : Constants

    Returns
    -------
    Tensor
        Dimensionless multiplier: eq. 6 and 7 of Thelen 2003 solved for the force, with OpenSim's lines beyond the
        fastest shortening and above 0.95 Flen.
    """
    velocity = norm_fiber_velocity / (0.25 + 0.75 * activation)
    shape, most = constants.Af, constants.Flen
    # The branches that do not hold are kept away from their poles, or their gradients would be NaN.
    fastest = _fastest_lengthening(constants)
    shortening, lengthening = velocity.clamp(min=-1.0, max=0.0), velocity.clamp(min=0.0, max=fastest)
    hill = (1.0 + shortening) / (1.0 - shortening / shape)
    slope, above = 2.0 + 2.0 / shape, most - 1.0
    rising = (slope * lengthening * most + above) / (slope * lengthening + above)
    below_hill = (velocity + 1.0).clamp(max=0.0) / (1.0 + 1.0 / shape)
    slope_beyond = slope * above**2 / (slope * fastest + above) ** 2  # d(rising)/d(velocity) where the line begins
    beyond = (velocity - fastest).clamp(min=0.0) * slope_beyond
    return torch.where(velocity > 0.0, rising + beyond, hill + below_hill)


def _fastest_lengthening(constants):
    """Velocity at which the multiplier reaches the part of Flen where the line begins."""
    force = constants.fv_linear_extrap_threshold * constants.Flen
    slope = 2.0 + 2.0 / constants.Af
    return (force - 1.0) * (constants.Flen - 1.0) / (slope * (constants.Flen - force))


def tendon_force_length(norm_tendon_length, strain_at_one_norm_force):
    """Tendon force, 0 up to the slack length and 1 at a strain of `strain_at_one_norm_force`.

    Parameters
    ----------
    norm_tendon_length : Tensor, any shape
        Tendon length in units of the tendon slack length.
    strain_at_one_norm_force : Tensor, broadcastable
        Strain at which the tendon carries the maximal isometric force (OpenSim: ``FmaxTendonStrain``, 0.04).

    Returns
    -------
    Tensor
        Force in units of the maximal isometric force (eq. 5 of Thelen 2003).
    """
    strain = (norm_tendon_length - 1.0) / strain_at_one_norm_force
    toe = TOE_FORCE / expm1(TOE_SHAPE) * torch.expm1(TOE_SHAPE / TOE_STRAIN * strain.clamp(min=0.0, max=TOE_STRAIN))
    return toe + LINEAR_STIFFNESS * (strain - TOE_STRAIN).clamp(min=0.0)
