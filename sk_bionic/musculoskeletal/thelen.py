"""Dimensionless curves of the Thelen 2003 muscle.

Source: Thelen (2003), "Adjustment of muscle mechanics model parameters to simulate dynamic contractions in older
adults", J. Biomechanical Engineering 125(1), 70-77, with the default values of OpenSim's ``Thelen2003Muscle``. Units as
in `sk_bionic.musculoskeletal.curves`.

The paper's curves have kinks: the force-velocity curve at velocity 0 (its slope doubles), the passive force at the
optimal fiber length, the tendon at its slack length. They are kept, so derivatives are one-sided there, and a solver's
order of convergence suffers where a motion crosses them; the other two families have none.
"""

from math import exp, expm1

import torch

ACTIVE_WIDTH = 0.45  # KshapeActive (gamma)
PASSIVE_SHAPE = 5.0  # KshapePassive
VELOCITY_SHAPE = 0.25  # Af
ECCENTRIC_FORCE = 1.4  # Flen
EXTRAPOLATION = 0.95  # fv_linear_extrap_threshold: part of Flen above which the force-velocity curve is a line
TOE_SHAPE, TOE_FORCE = 3.0, 0.33  # of the tendon
# Strain at the end of the toe and stiffness behind it, for a strain of 1 at one normalised force. The paper's 0.609 and
# 1.712 are rounded; these make the slope continuous.
TOE_STRAIN = 99.0 * exp(3.0) / (166.0 * exp(3.0) - 67.0)
LINEAR_STIFFNESS = 0.67 / (1.0 - TOE_STRAIN)


def active_force_length(norm_fiber_length):
    """Active force-length multiplier, 1 at the optimal fiber length.

    Parameters
    ----------
    norm_fiber_length : Tensor, any shape
        Fiber length in units of the optimal fiber length.

    Returns
    -------
    Tensor, same shape
        Dimensionless multiplier (eq. 4 of Thelen 2003).
    """
    return torch.exp(-(norm_fiber_length - 1.0).square() / ACTIVE_WIDTH)


def passive_force_length(norm_fiber_length, strain_at_one_norm_force):
    """Passive force of the fiber, 0 up to the optimal length and 1 at a strain of `strain_at_one_norm_force`.

    Parameters
    ----------
    norm_fiber_length : Tensor, any shape
        Fiber length in units of the optimal fiber length.
    strain_at_one_norm_force : Tensor, broadcastable
        Strain at which the passive force equals the maximal isometric force (OpenSim: ``FmaxMuscleStrain``, 0.6).

    Returns
    -------
    Tensor
        Dimensionless force (eq. 3 of Thelen 2003, without its negative part, as OpenSim has it).
    """
    strain = (norm_fiber_length - 1.0).clamp(min=0.0)
    return torch.expm1(PASSIVE_SHAPE / strain_at_one_norm_force * strain) / expm1(PASSIVE_SHAPE)


def force_velocity(norm_fiber_velocity, activation):
    """Force-velocity multiplier: 1 at 0, 0 at the fastest shortening, which activation makes faster.

    Parameters
    ----------
    norm_fiber_velocity : Tensor, any shape
        Fiber velocity in units of the maximal contraction velocity, positive when lengthening.
    activation : Tensor, broadcastable
        The maximal velocity is 0.25 + 0.75 activation times the nominal one.

    Returns
    -------
    Tensor
        Dimensionless multiplier: eq. 6 and 7 of Thelen 2003 solved for the force, with OpenSim's lines beyond the
        fastest shortening and above 0.95 Flen.
    """
    velocity = norm_fiber_velocity / (0.25 + 0.75 * activation)
    # The branches that do not hold are kept away from their poles, or their gradients would be NaN.
    shortening, lengthening = velocity.clamp(min=-1.0, max=0.0), velocity.clamp(min=0.0, max=_fastest_lengthening())
    hill = (1.0 + shortening) / (1.0 - shortening / VELOCITY_SHAPE)
    slope, above = 2.0 + 2.0 / VELOCITY_SHAPE, ECCENTRIC_FORCE - 1.0
    rising = (slope * lengthening * ECCENTRIC_FORCE + above) / (slope * lengthening + above)
    below_hill = (velocity + 1.0).clamp(max=0.0) / (1.0 + 1.0 / VELOCITY_SHAPE)
    beyond = (velocity - _fastest_lengthening()).clamp(min=0.0) * _slope_of_extrapolation()
    return torch.where(velocity > 0.0, rising + beyond, hill + below_hill)


def _fastest_lengthening():
    """Velocity at which the multiplier reaches 0.95 Flen."""
    force = EXTRAPOLATION * ECCENTRIC_FORCE
    return (force - 1.0) * (ECCENTRIC_FORCE - 1.0) / ((2.0 + 2.0 / VELOCITY_SHAPE) * (ECCENTRIC_FORCE - force))


def _slope_of_extrapolation():
    """Slope of the force-velocity curve there: d(rising)/d(velocity)."""
    slope, above = 2.0 + 2.0 / VELOCITY_SHAPE, ECCENTRIC_FORCE - 1.0
    return slope * above**2 / (slope * _fastest_lengthening() + above) ** 2


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
