"""Dimensionless curves of the Millard 2012 muscle, as tables.

Source: Millard, Uchida, Seth and Delp (2013), "Flexing computational muscle: modeling and simulation of musculotendon
dynamics", J. Biomechanical Engineering 135(2), 021005, with the default values of OpenSim's
``Millard2012EquilibriumMuscle`` and the construction of its ``SmoothSegmentedFunctionFactory``. Units as in
`sk_bionic.musculoskeletal.curves`.

OpenSim lets the active force-length curve fall to 0, whatever ``minimum_value`` says, unless the fiber is undamped and
the tendon elastic; here it falls to ``minimum_value``, which is 0 unless a model says otherwise.
"""

from typing import NamedTuple

from .bezier import QuinticCurve, corner

PLATEAU_HALF_WIDTH = 0.05
STEEPNESS = 1.25  # of the ascending limb, in units of its mean slope
NEAR_MAX_VELOCITY = 0.9


class ActiveForceLengthCurve(NamedTuple):
    """Fiber lengths where force begins, where the ascending limb flattens, and where force ends; slope; least value."""

    min_norm_active_fiber_length: float = 0.4441
    transition_norm_fiber_length: float = 0.73
    max_norm_active_fiber_length: float = 1.8123
    shallow_ascending_slope: float = 0.8616
    minimum_value: float = 0.0


class FiberForceLengthCurve(NamedTuple):
    """Strains at no and at one normalised force, stiffness at either (None: 2 over the strain), curviness."""

    strain_at_zero_force: float = 0.0
    strain_at_one_norm_force: float = 0.7
    stiffness_at_low_force: float = 0.2
    stiffness_at_one_norm_force: float | None = None
    curviness: float = 0.75


class ForceVelocityCurve(NamedTuple):
    """Slopes at the fastest shortening, near it, isometric, at the fastest lengthening and near it; force there."""

    concentric_slope_at_vmax: float = 0.0
    concentric_slope_near_vmax: float = 0.25
    isometric_slope: float = 5.0
    eccentric_slope_at_vmax: float = 0.0
    eccentric_slope_near_vmax: float = 0.15
    max_eccentric_velocity_force_multiplier: float = 1.4
    concentric_curviness: float = 0.6
    eccentric_curviness: float = 0.9


class TendonForceLengthCurve(NamedTuple):
    """Strain and stiffness (None: 1.375 over the strain) at one normalised force, force at the toe's end, curviness."""

    strain_at_one_norm_force: float = 0.049
    stiffness_at_one_norm_force: float | None = None
    norm_force_at_toe_end: float = 2.0 / 3.0
    curviness: float = 0.5


class Constants(NamedTuple):
    """What a single muscle's curves may have of their own, by OpenSim's names: see `Muscle.curve_properties`."""

    ActiveForceLengthCurve: ActiveForceLengthCurve = ActiveForceLengthCurve()
    FiberForceLengthCurve: FiberForceLengthCurve = FiberForceLengthCurve()
    ForceVelocityCurve: ForceVelocityCurve = ForceVelocityCurve()
    TendonForceLengthCurve: TendonForceLengthCurve = TendonForceLengthCurve()


def _join(points, curviness):
    """Curve through points (x, y, dy/dx), one corner between any two."""
    bends = curviness if isinstance(curviness, tuple) else (curviness,) * (len(points) - 1)
    return QuinticCurve([corner(a, b, c) for a, b, c in zip(points[:-1], points[1:], bends, strict=True)])


def _active_curve(c):
    begin, transition, end = (
        c.min_norm_active_fiber_length,
        c.transition_norm_fiber_length,
        c.max_norm_active_fiber_length,
    )
    shoulder, plateau_end = 1.0 - PLATEAU_HALF_WIDTH, 1.0 + PLATEAU_HALF_WIDTH
    y_transition = 1.0 - c.shallow_ascending_slope * (shoulder - transition)
    steep = STEEPNESS * y_transition / (transition - begin)
    descent = -1.0 / (end - PLATEAU_HALF_WIDTH - plateau_end)
    return _join(
        [
            (begin, c.minimum_value, 0.0),
            (0.5 * (begin + transition), 0.5 * y_transition, steep),
            (0.5 * (transition + shoulder), 0.5 * (y_transition + 1.0), c.shallow_ascending_slope),
            (1.0, 1.0, 0.0),
            (0.5 * (plateau_end + end), 0.5, descent),
            (end, c.minimum_value, 0.0),
        ],
        1.0,
    )


def _passive_curve(c):
    zero, one = 1.0 + c.strain_at_zero_force, 1.0 + c.strain_at_one_norm_force
    stiffness = c.stiffness_at_one_norm_force or 2.0 / (one - zero)
    width = min(0.1 / stiffness, 0.1 * (one - zero))  # of the foot, where the force begins
    low = (zero + width, c.stiffness_at_low_force * 0.5 * width, c.stiffness_at_low_force)
    return _join([(zero, 0.0, 0.0), low, (one, 1.0, stiffness)], c.curviness)


def _velocity_curve(c):
    most, distance = c.max_eccentric_velocity_force_multiplier, 1.0 - NEAR_MAX_VELOCITY
    near_shortening = 0.5 * distance * (c.concentric_slope_near_vmax + c.concentric_slope_at_vmax)
    near_lengthening = most - 0.5 * distance * (c.eccentric_slope_near_vmax + c.eccentric_slope_at_vmax)
    return _join(
        [
            (-1.0, 0.0, c.concentric_slope_at_vmax),
            (-NEAR_MAX_VELOCITY, near_shortening, c.concentric_slope_near_vmax),
            (0.0, 1.0, c.isometric_slope),
            (NEAR_MAX_VELOCITY, near_lengthening, c.eccentric_slope_near_vmax),
            (1.0, most, c.eccentric_slope_at_vmax),
        ],
        (c.concentric_curviness,) * 2 + (c.eccentric_curviness,) * 2,
    )


def _tendon_curve(c):
    strain, toe_force = c.strain_at_one_norm_force, c.norm_force_at_toe_end
    stiffness = c.stiffness_at_one_norm_force or 1.375 / strain
    x_toe = 1.0 + strain + (toe_force - 1.0) / stiffness
    foot = 1.0 + (x_toe - 1.0) / 10.0
    x_middle = 1.0 + strain + (0.5 * toe_force - 1.0) / stiffness
    slope = 0.5 * toe_force / (x_middle - foot)
    control = 0.5 * (foot + x_middle)
    points = [(1.0, 0.0, 0.0), (control, slope * (control - foot), slope), (x_toe, toe_force, stiffness)]
    return _join(points, c.curviness)


class Curves:
    """The four curves of one set of constants.

    Parameters
    ----------
    constants : Constants

    Attributes
    ----------
    active, passive, velocity, tendon : QuinticCurve
        Of the normalised length or velocity; those of fiber and tendon are stretched about 1 where the muscle's strain
        is another one than the curve's own.
    """

    def __init__(self, constants):
        self.constants = constants
        self.active = _active_curve(constants.ActiveForceLengthCurve)
        self.passive = _passive_curve(constants.FiberForceLengthCurve)
        self.velocity = _velocity_curve(constants.ForceVelocityCurve)
        self.tendon = _tendon_curve(constants.TendonForceLengthCurve)


CONSTANTS = Constants()
