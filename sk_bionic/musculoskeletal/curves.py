"""Constants of the De Groote-Fregly 2016 muscle's curves, the default family.

Source of every formula (see `compiled.curves`): De Groote, Kinney, Rao and Fregly (2016), "Evaluation of direct
collocation optimal control problem formulations for solving the muscle redundancy problem", Annals of Biomedical
Engineering 44(10), 2922-2936, with the constants of OpenSim's ``DeGrooteFregly2016Muscle`` (which refit the paper's so
that the curves pass through their normalisation points).

Lengths are in units of the optimal fiber length, velocities in units of the maximal contraction velocity (positive
when the fiber lengthens), forces in units of the maximal isometric force.
"""

from typing import NamedTuple

# Amplitude, center, width and slope of the three Gaussian-like terms of the active force-length curve.
ACTIVE_FORCE_LENGTH = (
    (0.8150671134243542, 1.055033428970575, 0.162384573599574, 0.063303448465465),
    (0.433004984392647, 0.716775413397760, -0.029947116970696, 0.200356847296188),
    (0.1, 1.0, 0.353553390593274, 0.0),
)
# d1, d2, d3, d4 of the force-velocity curve.
FORCE_VELOCITY = (-0.3211346127989808, -8.149, -0.374, 0.8825327733249912)
PASSIVE_SHAPE = 4.0  # kPE
TENDON_SCALE, TENDON_OFFSET = 0.2, 0.2  # c1 and c3 of the tendon's curve; c2 is 1


class Constants(NamedTuple):
    """What a single muscle's curves may have of their own, by OpenSim's names: see `Muscle.curve_properties`."""

    active_force_width_scale: float = 1.0
    ignore_passive_fiber_force: float = 0.0  # 1.0: true


CONSTANTS = Constants()


def check(constants):
    """ValueError where the constants make no curves."""
    if not constants.active_force_width_scale > 0:
        raise ValueError(f"active_force_width_scale must be positive. Got {constants.active_force_width_scale:g}.")
