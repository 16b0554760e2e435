"""Dimensionless curves of the Millard 2012 muscle.

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

    def active_force_length(self, norm_fiber_length):
        """Active force-length multiplier of `norm_fiber_length` (any shape), 1 at the optimal fiber length."""
        return self.active(norm_fiber_length)

    def passive_force_length(self, norm_fiber_length, strain_at_one_norm_force):
        """Passive force of the fiber, 1 at a strain of `strain_at_one_norm_force`."""
        own = self.constants.FiberForceLengthCurve.strain_at_one_norm_force
        return self.passive(1.0 + (norm_fiber_length - 1.0) * (own / strain_at_one_norm_force))

    def force_velocity(self, norm_fiber_velocity, activation=None):
        """Force-velocity multiplier, 0 at -1 and beyond, 1 at 0; the same at every activation."""
        return self.velocity(norm_fiber_velocity)

    def tendon_force_length(self, norm_tendon_length, strain_at_one_norm_force):
        """Tendon force, 1 at a strain of `strain_at_one_norm_force`."""
        own = self.constants.TendonForceLengthCurve.strain_at_one_norm_force
        return self.tendon(1.0 + (norm_tendon_length - 1.0) * (own / strain_at_one_norm_force))


CONSTANTS = Constants()
_DEFAULT = Curves(CONSTANTS)


def active_force_length(norm_fiber_length):
    """Active force-length multiplier, 1 at the optimal fiber length, 0 below 0.4441 and above 1.8123.

    Parameters
    ----------
    norm_fiber_length : Tensor, any shape
        Fiber length in units of the optimal fiber length.

    Returns
    -------
    Tensor, same shape
        Dimensionless multiplier.
    """
    return _DEFAULT.active_force_length(norm_fiber_length)


def passive_force_length(norm_fiber_length, strain_at_one_norm_force):
    """Passive force of the fiber, 0 up to the optimal length and 1 at a strain of `strain_at_one_norm_force`.

    Parameters
    ----------
    norm_fiber_length : Tensor, any shape
        Fiber length in units of the optimal fiber length.
    strain_at_one_norm_force : Tensor, broadcastable
        Strain at which the passive force equals the maximal isometric force; OpenSim's default is 0.7. Another strain
        stretches the whole curve, stiffness at low force included.

    Returns
    -------
    Tensor
        Dimensionless force.
    """
    return _DEFAULT.passive_force_length(norm_fiber_length, strain_at_one_norm_force)


def force_velocity(norm_fiber_velocity, activation=None):
    """Force-velocity multiplier: 0 at -1 (fastest shortening) and beyond, 1 at 0, 1.4 from 1 on.

    Parameters
    ----------
    norm_fiber_velocity : Tensor, any shape
        Fiber velocity in units of the maximal contraction velocity, positive when lengthening.
    activation : Tensor, optional
        Not used: the curve is the same at every activation.

    Returns
    -------
    Tensor, same shape
        Dimensionless multiplier.
    """
    return _DEFAULT.force_velocity(norm_fiber_velocity)


def tendon_force_length(norm_tendon_length, strain_at_one_norm_force):
    """Tendon force, 0 up to the slack length and 1 at a strain of `strain_at_one_norm_force`.

    Parameters
    ----------
    norm_tendon_length : Tensor, any shape
        Tendon length in units of the tendon slack length.
    strain_at_one_norm_force : Tensor, broadcastable
        Strain at which the tendon carries the maximal isometric force; OpenSim's default is 0.049. Another strain
        stretches the whole curve, as OpenSim's default stiffness (1.375 over the strain) does.

    Returns
    -------
    Tensor
        Force in units of the maximal isometric force.
    """
    return _DEFAULT.tendon_force_length(norm_tendon_length, strain_at_one_norm_force)
