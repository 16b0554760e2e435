"""Muscles and joints of a musculoskeletal model from what an OpenSim model file says of them."""

import numpy as np

from ..muscle import Muscle
from ..parameters import DEFINITIONS
from ..skeleton import Coordinate, Joint
from .muscle_classes import MUSCLE_CLASSES, curve_properties_in_use

TYPICAL = 0.05  # part of what the muscles can do at most that a joint's typical torque is taken for
LEAST_TORQUE = 0.1  # N m
STOP_DISTANCE = 0.2  # rad, of the stops from a stated range: inside they are not felt
SOFTPLUS_WIDTH = 4.0  # a softplus rises over about four times its parameter


def family_of(muscle, curves=None):
    """Name of the curves (see `Muscle`) of a muscle.

    Raises
    ------
    ValueError
        When its class is unknown and `curves` is not given.
    """
    if curves is None and muscle.class_name not in MUSCLE_CLASSES:
        raise ValueError(
            f"Muscle {muscle.name!r} is a {muscle.class_name}; known are {list(MUSCLE_CLASSES)}. Give the family "
            "of its `curves`, or choose other `muscles`."
        )
    return curves or MUSCLE_CLASSES[muscle.class_name].curves


def is_approximate(muscle, family):
    """Whether the curves are others than those that the file describes, unasked."""
    known = MUSCLE_CLASSES.get(muscle.class_name)
    return known is not None and known.curves == family and known.approximate


def parameters_of(muscle, family):
    """Parameters of the file that hold for a family of curves, dict of str to float.

    Damping and passive strain mean something else for curves of another family than the class's own.
    """
    known = MUSCLE_CLASSES.get(muscle.class_name)
    foreign = known is None or known.curves != family
    left_out = ("fiber_damping", "passive_fiber_strain_at_one_norm_force") if foreign else ()
    return {name: value for name, value in muscle.parameters.items() if name not in left_out}


def make_muscle(muscle, path, family, drive, *, tendon, channel=None):
    """`Muscle` with a fitted path.

    Parameters
    ----------
    muscle : OsimMuscle
    path : PolynomialPath
    family : str
        Name of its curves.
    drive, tendon : str
        As in `from_osim`.
    channel : str, dict or sequence of str, optional
        As `Muscle` takes it.

    Returns
    -------
    Muscle
    """
    values = {name: _given(name, value) for name, value in parameters_of(muscle, family).items()}
    if drive == "excitation":
        values["electromechanical_delay"] = {"value": 0.0, "free": False}
        values["emg_shape_factor"] = {"value": DEFINITIONS["emg_shape_factor"].upper, "free": False}
    stretches = tendon == "elastic" or (tendon == "as_stated" and not muscle.rigid_tendon)
    return Muscle(
        muscle.name,
        path,
        channel=channel,
        parameters=values,
        curves=family,
        tendon="elastic" if stretches else "rigid",
        curve_properties=curve_properties_in_use(muscle, family, stretches),
        minimum_activation=muscle.minimum_activation if drive == "excitation" else 0.0,
    )


def make_joint(model, segment, limits, torque_scale):
    """`Joint` of a segment of the chain.

    Parameters
    ----------
    model : OsimModel
    segment : Segment
    limits : tuple of float
        Range of its coordinate [rad].
    torque_scale : float
        [N m].

    Returns
    -------
    Joint
    """
    name = segment.coordinate
    parameters = {
        "moment_of_inertia": segment.moment_of_inertia,
        "segment_mass": segment.mass,
        "center_of_mass": segment.center_of_mass,
        "segment_orientation": segment.orientation,
        **_tissue(model.springs.get(name)),
        **_stops(model.limits.get(name), limits),
    }
    if segment.length:
        parameters["segment_length"] = segment.length
    return Joint(name, float(torque_scale), parameters, parent=segment.parent, direction=segment.direction)


def make_coordinate(model, name, torque_scale):
    """`Coordinate` of an angle without a segment; stops act where the file states them.

    Parameters
    ----------
    model : OsimModel
    name : str
    torque_scale : float
        [N m].

    Returns
    -------
    Coordinate
    """
    limit = model.limits.get(name)
    tissue = {} if name not in model.springs else _tissue(model.springs[name])
    return Coordinate(name, float(torque_scale), tissue | ({} if limit is None else _stops(limit, None)))


def torque_scales(forces, paths, ranges):
    """Typical torques: a part of what the stronger side's muscles can exert in the middle of the ranges.

    Parameters
    ----------
    forces : sequence of float
        Maximal isometric forces [N].
    paths : sequence of PolynomialPath
    ranges : dict of str to tuple
        Of each coordinate [rad].

    Returns
    -------
    ndarray (n_coordinates,)
        [N m].
    """
    middle = np.array([np.mean(limits) for limits in ranges.values()])
    torques = np.array([force * _moment_arms(path, middle) for force, path in zip(forces, paths, strict=True)])
    sides = torques.clip(min=0.0).sum(axis=0), (-torques).clip(min=0.0).sum(axis=0)
    return np.maximum(LEAST_TORQUE, TYPICAL * np.maximum(*sides))


def length_at(path, angle):
    """Length [m] of a path at angles (n_coordinates,) [rad]."""
    return float(np.prod(angle ** np.array(list(path.terms)), axis=1) @ np.array(list(path.terms.values())))


def _moment_arms(path, angle):
    exponents, coefficients = np.array(list(path.terms)), np.array(list(path.terms.values()))
    lowered = np.maximum(exponents - np.eye(len(angle), dtype=int)[:, None], 0)  # (n_coordinates, n_terms, ...)
    return -(exponents.T * np.prod(angle**lowered, axis=2)) @ coefficients


def _given(name, value):
    """A value of the file; bounds that it lies outside of give way."""
    d = DEFINITIONS[name]
    if d.relative or d.lower <= value <= d.upper:
        return {"value": value}
    return {"value": value, "lower": min(value, d.lower), "upper": max(value, d.upper)}


def _tissue(spring):
    if spring is None:
        return {"joint_damping": 0.0}
    values = {
        "joint_stiffness": spring.stiffness,
        "joint_rest_angle": spring.rest_angle,
        "joint_damping": spring.viscosity,
    }
    return {name: _given(name, value) for name, value in values.items()}


def _stops(limit, limits):
    if limit is None:
        values = {
            "lower_limit": limits[0] - STOP_DISTANCE,
            "upper_limit": limits[1] + STOP_DISTANCE,
        }
    else:
        values = {
            "lower_limit": limit.lower,
            "upper_limit": limit.upper,
            "limit_stiffness": 0.5 * (limit.lower_stiffness + limit.upper_stiffness),
            "limit_transition": limit.transition / SOFTPLUS_WIDTH,
        }
    return {name: _given(name, value) for name, value in values.items()}
