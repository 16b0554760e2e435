"""Constants of the Thelen 2003 muscle's curves.

Source: Thelen (2003), "Adjustment of muscle mechanics model parameters to simulate dynamic contractions in older
adults", J. Biomechanical Engineering 125(1), 70-77, with the default values of OpenSim's ``Thelen2003Muscle``. Units as
in `sk_bionic.musculoskeletal.curves`.

The paper's curves have kinks: the force-velocity curve at velocity 0 (its slope doubles), the passive force at the
optimal fiber length, the tendon at its slack length. They are kept, so derivatives are one-sided there, and a solver's
order of convergence suffers where a motion crosses them; the other two families have none.
"""

from math import exp
from typing import NamedTuple


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


def fastest_lengthening(constants):
    """Velocity at which the multiplier reaches the part of Flen where the line begins."""
    force = constants.fv_linear_extrap_threshold * constants.Flen
    slope = 2.0 + 2.0 / constants.Af
    return (force - 1.0) * (constants.Flen - 1.0) / (slope * (constants.Flen - force))
