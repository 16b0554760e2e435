"""OpenSim's classes of muscles: what their properties are called here, and their defaults."""

import math
from typing import NamedTuple

import numpy as np

from .. import curves as degroote_fregly
from .. import millard, thelen
from ..compiled.activation import SMOOTHING

# Properties that all of OpenSim's muscles have: tag and OpenSim's default.
_COMMON = {
    "max_isometric_force": ("max_isometric_force", 1000.0),
    "optimal_fiber_length": ("optimal_fiber_length", 0.1),
    "tendon_slack_length": ("tendon_slack_length", 0.2),
    "pennation_angle_at_optimal": ("pennation_angle_at_optimal", 0.0),
    "max_contraction_velocity": ("max_contraction_velocity", 10.0),
}


class MuscleClass(NamedTuple):
    """One of OpenSim's classes of muscles.

    Attributes
    ----------
    curves : str
        Family of curves (see `Muscle`) that stands for it.
    properties : dict
        Name of a muscle parameter to (tag or path of tags, OpenSim's default); SI units in both.
    constants : dict
        Property of the family's curves to (tag or path of tags, OpenSim's default).
    minimum_activation : float
        OpenSim's default.
    fixed : dict
        Tag of what has no counterpart here to the value that changes nothing.
    approximate : bool
        Whether the family's curves are others than the class's own.
    """

    curves: str
    properties: dict
    constants: dict
    minimum_activation: float
    fixed: dict
    approximate: bool = False


def _times(rise, decay):
    return {
        "activation_time_constant": ("activation_time_constant", rise),
        "deactivation_time_constant": ("deactivation_time_constant", decay),
    }


def _own(constants, **changed):
    """Every property of a family's curves, under its own tag, with OpenSim's defaults."""
    return {tag: (tag, changed.get(tag, value)) for tag, value in constants._asdict().items()}


def _own_of_curves(constants):
    return {
        f"{curve}/{tag}": (f"{curve}/{tag}", value)
        for curve, own in constants._asdict().items()
        for tag, value in own._asdict().items()
    }


_STRAIN = "strain_at_one_norm_force"
_STEEPEST = math.acos(0.1)  # maximum_pennation_angle
_DYNAMICS = {"ignore_activation_dynamics": "false"}
DEGROOTE_FREGLY = MuscleClass(
    "degroote_fregly",
    {
        **_COMMON,
        **_times(0.015, 0.060),
        "fiber_damping": ("fiber_damping", 0.0),
        "passive_fiber_strain_at_one_norm_force": (f"passive_fiber_{_STRAIN}", 0.6),
        "tendon_strain_at_one_norm_force": (f"tendon_{_STRAIN}", 0.049),
    },
    _own(degroote_fregly.CONSTANTS),
    0.0,
    {**_DYNAMICS, "activation_dynamics_smoothing": SMOOTHING},
)
THELEN = MuscleClass(
    "thelen",
    {
        **_COMMON,
        **_times(0.015, 0.050),
        "passive_fiber_strain_at_one_norm_force": ("FmaxMuscleStrain", 0.6),
        "tendon_strain_at_one_norm_force": ("FmaxTendonStrain", 0.04),
    },
    _own(thelen.CONSTANTS),
    0.01,
    {**_DYNAMICS, "maximum_pennation_angle": _STEEPEST},
)
# Its passive force is not 0 at the optimal length, and its velocity law has a damping of its own.
OLD_THELEN = MuscleClass(
    "thelen",
    {
        **_COMMON,
        **_times(0.010, 0.040),
        "max_contraction_velocity": ("Vmax", 10.0),
        "passive_fiber_strain_at_one_norm_force": ("FmaxMuscleStrain", 0.6),
        "tendon_strain_at_one_norm_force": ("FmaxTendonStrain", 0.033),
    },
    {
        name: (name, value)
        for name, value in (("KshapeActive", 0.5), ("KshapePassive", 4.0), ("Af", 0.3), ("Flen", 1.8))
    },
    0.0,
    {},
    approximate=True,
)
MILLARD = MuscleClass(
    "millard",
    {
        **_COMMON,
        **_times(0.010, 0.040),
        "fiber_damping": ("fiber_damping", 0.1),
        "passive_fiber_strain_at_one_norm_force": (f"FiberForceLengthCurve/{_STRAIN}", 0.7),
        "tendon_strain_at_one_norm_force": (f"TendonForceLengthCurve/{_STRAIN}", 0.049),
    },
    _own_of_curves(millard.CONSTANTS),
    0.01,
    {**_DYNAMICS, "maximum_pennation_angle": _STEEPEST},
)
# Zajac's muscles of the 1990s, whose curves the file holds as splines: De Groote-Fregly's are near.
SCHUTTE = MuscleClass("degroote_fregly", _COMMON, {}, 0.0, {}, approximate=True)

MUSCLE_CLASSES = {
    "DeGrooteFregly2016Muscle": DEGROOTE_FREGLY,
    "Thelen2003Muscle": THELEN,
    "Thelen2003Muscle_Deprecated": OLD_THELEN,
    "Millard2012EquilibriumMuscle": MILLARD,
    "Schutte1993Muscle_Deprecated": SCHUTTE,
    "Delp1990Muscle_Deprecated": SCHUTTE,
}
LEAST_DAMPING = 0.001  # below it, OpenSim takes a Millard muscle for undamped
LEAST_FORCE = 0.1  # of the active curve of an undamped Millard muscle whose tendon stretches


def read_parameters(node, muscle_class):
    """Values of the class's parameters in the element of a muscle, dict from name to float."""
    return {name: _number(node, tag, default) for name, (tag, default) in muscle_class.properties.items()}


def read_curve_properties(node, muscle_class):
    """Constants of the curves that are not the family's defaults, dict (see `Muscle.curve_properties`)."""
    defaults = {name: default for name, (_, default) in _own_family(muscle_class).items()}
    found = {name: _number(node, tag, default) for name, (tag, default) in muscle_class.constants.items()}
    return {name: value for name, value in found.items() if value is not None and value != defaults[name]}


def _own_family(muscle_class):
    return THELEN.constants if muscle_class is OLD_THELEN else muscle_class.constants


def read_minimum_activation(node, muscle_class):
    """Floor of the muscle's activation."""
    value = (
        node.number("minimum_activation", muscle_class.minimum_activation) if muscle_class.minimum_activation else 0.0
    )
    if not 0 <= value < 1:
        raise node.fault(f"<minimum_activation> must lie between 0 and 1. Got {value:g}.")
    return value


def departures(node, muscle_class):
    """Texts of properties that have no counterpart here, dict from tag to text."""
    fixed = muscle_class.fixed
    found = {tag: node.text(tag) for tag, value in fixed.items() if node.child(tag) and not _same(node, tag, value)}
    floor = max(muscle_class.minimum_activation, node.number("minimum_activation", 0.0))
    if node.child("min_control") is not None and node.number("min_control") > floor:
        found["min_control"] = node.text("min_control")
    if node.child("max_control") is not None and node.number("max_control") < 1.0:
        found["max_control"] = node.text("max_control")
    return found


def curve_properties_in_use(muscle, curves, stretches):
    """Constants of a muscle's curves as OpenSim uses them.

    OpenSim replaces some values of Millard muscles: an undamped one with an elastic tendon keeps active curves above
    0.1 and slopes at the largest velocities; all others get 0.

    Parameters
    ----------
    muscle : OsimMuscle
    curves : str
        Family of the curves; those of another one than the class's own keep their defaults.
    stretches : bool
        Whether its tendon is elastic here.
    """
    known = MUSCLE_CLASSES.get(muscle.class_name)
    if known is None or known.curves != curves:
        return {}
    found = dict(muscle.curve_properties)
    if curves != "millard":
        return found
    classic = stretches and muscle.parameters["fiber_damping"] < LEAST_DAMPING
    least, velocity = "ActiveForceLengthCurve/minimum_value", "ForceVelocityCurve/{}centric_slope_{}_vmax"
    if classic:
        found[least] = max(LEAST_FORCE, found.get(least, LEAST_FORCE))
        for which, near in (("con", 0.25), ("ec", 0.15)):
            at, near = velocity.format(which, "at"), found.get(velocity.format(which, "near"), near)
            found[at] = max(found.get(at, 0.0), 0.5 * near)
    else:
        for name in (least, *(velocity.format(which, "at") for which in ("con", "ec"))):
            found.pop(name, None)
    return found


def _number(node, tag, default):
    """A number, or true as 1.0; the default where it is left out or empty."""
    *outer, last = tag.split("/")
    for name in outer:
        inner = node.child(name)
        if inner is None:
            return default
        node = inner
    text = node.text(last, "")
    if not text:
        return default
    return {"true": 1.0, "false": 0.0}.get(text.lower()) if text.lower() in ("true", "false") else node.number(last)


def _same(node, tag, constant):
    if isinstance(constant, str):
        return node.text(tag).lower() == constant
    return bool(np.isclose(node.number(tag), constant))
