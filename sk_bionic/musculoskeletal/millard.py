"""Dimensionless curves of the Millard 2012 muscle.

Source: Millard, Uchida, Seth and Delp (2013), "Flexing computational muscle: modeling and simulation of musculotendon
dynamics", J. Biomechanical Engineering 135(2), 021005, with the default values of OpenSim's
``Millard2012EquilibriumMuscle`` and the construction of its ``SmoothSegmentedFunctionFactory``. Units as in
`sk_bionic.musculoskeletal.curves`.

OpenSim lets the active force-length curve fall to 0 where the fiber is damped, which is its default, and to 0.1
otherwise; here it falls to 0.
"""

from .bezier import QuinticCurve, corner

# ActiveForceLengthCurve: fiber lengths where force begins, where the ascending limb flattens, and where force ends.
MIN_LENGTH, TRANSITION_LENGTH, MAX_LENGTH = 0.4441, 0.73, 1.8123
SHALLOW_ASCENDING_SLOPE = 0.8616
PLATEAU_HALF_WIDTH = 0.05
STEEPNESS = 1.25  # of the ascending limb, in units of its mean slope
ACTIVE_CURVINESS = 1.0
# FiberForceLengthCurve: strain and stiffness at one normalised force, stiffness at low force.
PASSIVE_STRAIN = 0.7
PASSIVE_STIFFNESS = 2.0 / PASSIVE_STRAIN
PASSIVE_LOW_STIFFNESS = 0.2
PASSIVE_CURVINESS = 0.75
# ForceVelocityCurve: slopes at the fastest shortening, near it, isometric, near the fastest lengthening and at it.
CONCENTRIC_SLOPES, ISOMETRIC_SLOPE, ECCENTRIC_SLOPES = (0.0, 0.25), 5.0, (0.15, 0.0)
ECCENTRIC_FORCE = 1.4
NEAR_MAX_VELOCITY = 0.9
CONCENTRIC_CURVINESS, ECCENTRIC_CURVINESS = 0.6, 0.9
# TendonForceLengthCurve.
TENDON_STRAIN = 0.049
TENDON_STIFFNESS = 1.375 / TENDON_STRAIN
TOE_END_FORCE = 2.0 / 3.0
TENDON_CURVINESS = 0.5


def _join(points, curviness):
    """Curve through points (x, y, dy/dx), one corner between any two."""
    bends = curviness if isinstance(curviness, tuple) else (curviness,) * (len(points) - 1)
    return QuinticCurve([corner(a, b, c) for a, b, c in zip(points[:-1], points[1:], bends, strict=True)])


def _active_curve():
    shoulder, plateau_end = 1.0 - PLATEAU_HALF_WIDTH, 1.0 + PLATEAU_HALF_WIDTH
    y_transition = 1.0 - SHALLOW_ASCENDING_SLOPE * (shoulder - TRANSITION_LENGTH)
    steep = STEEPNESS * y_transition / (TRANSITION_LENGTH - MIN_LENGTH)
    descent = -1.0 / (MAX_LENGTH - PLATEAU_HALF_WIDTH - plateau_end)
    return _join(
        [
            (MIN_LENGTH, 0.0, 0.0),
            (0.5 * (MIN_LENGTH + TRANSITION_LENGTH), 0.5 * y_transition, steep),
            (0.5 * (TRANSITION_LENGTH + shoulder), 0.5 * (y_transition + 1.0), SHALLOW_ASCENDING_SLOPE),
            (1.0, 1.0, 0.0),
            (0.5 * (plateau_end + MAX_LENGTH), 0.5, descent),
            (MAX_LENGTH, 0.0, 0.0),
        ],
        ACTIVE_CURVINESS,
    )


def _passive_curve():
    width = min(0.1 / PASSIVE_STIFFNESS, 0.1 * PASSIVE_STRAIN)  # of the foot, where the force begins
    low = (1.0 + width, PASSIVE_LOW_STIFFNESS * 0.5 * width, PASSIVE_LOW_STIFFNESS)
    return _join([(1.0, 0.0, 0.0), low, (1.0 + PASSIVE_STRAIN, 1.0, PASSIVE_STIFFNESS)], PASSIVE_CURVINESS)


def _velocity_curve():
    (at_fastest, near), (near_end, at_end) = CONCENTRIC_SLOPES, ECCENTRIC_SLOPES
    distance = 1.0 - NEAR_MAX_VELOCITY
    return _join(
        [
            (-1.0, 0.0, at_fastest),
            (-NEAR_MAX_VELOCITY, 0.5 * distance * (near + at_fastest), near),
            (0.0, 1.0, ISOMETRIC_SLOPE),
            (NEAR_MAX_VELOCITY, ECCENTRIC_FORCE - 0.5 * distance * (near_end + at_end), near_end),
            (1.0, ECCENTRIC_FORCE, at_end),
        ],
        (CONCENTRIC_CURVINESS,) * 2 + (ECCENTRIC_CURVINESS,) * 2,
    )


def _tendon_curve():
    x_toe = 1.0 + TENDON_STRAIN + (TOE_END_FORCE - 1.0) / TENDON_STIFFNESS
    foot = 1.0 + (x_toe - 1.0) / 10.0
    x_middle = 1.0 + TENDON_STRAIN + (0.5 * TOE_END_FORCE - 1.0) / TENDON_STIFFNESS
    slope = 0.5 * TOE_END_FORCE / (x_middle - foot)
    control = 0.5 * (foot + x_middle)
    points = [(1.0, 0.0, 0.0), (control, slope * (control - foot), slope), (x_toe, TOE_END_FORCE, TENDON_STIFFNESS)]
    return _join(points, TENDON_CURVINESS)


_ACTIVE, _PASSIVE, _VELOCITY, _TENDON = _active_curve(), _passive_curve(), _velocity_curve(), _tendon_curve()


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
    return _ACTIVE(norm_fiber_length)


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
    return _PASSIVE(1.0 + (norm_fiber_length - 1.0) * (PASSIVE_STRAIN / strain_at_one_norm_force))


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
    return _VELOCITY(norm_fiber_velocity)


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
    return _TENDON(1.0 + (norm_tendon_length - 1.0) * (TENDON_STRAIN / strain_at_one_norm_force))
