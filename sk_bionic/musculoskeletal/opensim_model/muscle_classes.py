"""OpenSim's classes of muscles: what their properties are called here, and what they are unless the file says otherwise."""

from typing import NamedTuple

import numpy as np

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
        Tag of what the family has fixed to the value that it has there.
    approximate : bool
        Whether the family's curves are others than the class's own.
    """

    curves: str
    properties: dict
    constants: dict
    approximate: bool = False


def _times(rise, decay):
    return {
        "activation_time_constant": ("activation_time_constant", rise),
        "deactivation_time_constant": ("deactivation_time_constant", decay),
    }


_STRAIN = "strain_at_one_norm_force"
DEGROOTE_FREGLY = MuscleClass(
    "degroote_fregly",
    {
        **_COMMON,
        **_times(0.015, 0.060),
        "fiber_damping": ("fiber_damping", 0.0),
        "passive_fiber_strain_at_one_norm_force": (f"passive_fiber_{_STRAIN}", 0.6),
        "tendon_strain_at_one_norm_force": (f"tendon_{_STRAIN}", 0.049),
    },
    {"active_force_width_scale": 1.0, "ignore_passive_fiber_force": "false"},
)
THELEN = MuscleClass(
    "thelen",
    {
        **_COMMON,
        **_times(0.015, 0.050),
        "passive_fiber_strain_at_one_norm_force": ("FmaxMuscleStrain", 0.6),
        "tendon_strain_at_one_norm_force": ("FmaxTendonStrain", 0.04),
    },
    {"KshapeActive": 0.45, "KshapePassive": 5.0, "Af": 0.25, "Flen": 1.4},
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
    {},
)
# Zajac's muscles of the 1990s, whose curves the file holds as splines: De Groote-Fregly's are near.
SCHUTTE = MuscleClass("degroote_fregly", _COMMON, {}, approximate=True)

MUSCLE_CLASSES = {
    "DeGrooteFregly2016Muscle": DEGROOTE_FREGLY,
    "Thelen2003Muscle": THELEN,
    "Thelen2003Muscle_Deprecated": THELEN,
    "Millard2012EquilibriumMuscle": MILLARD,
    "Schutte1993Muscle_Deprecated": SCHUTTE,
}


def read_parameters(node, muscle_class):
    """Values of the class's parameters in the element of a muscle, dict from name to float."""
    return {name: _number(node, tag, default) for name, (tag, default) in muscle_class.properties.items()}


def other_constants(node, muscle_class):
    """Texts of properties that the family of curves cannot follow, dict from tag to text."""
    constants = muscle_class.constants
    return {tag: node.text(tag) for tag, value in constants.items() if node.child(tag) and not _same(node, tag, value)}


def _number(node, tag, default):
    *outer, last = tag.split("/")
    for name in outer:
        inner = node.child(name)
        if inner is None:
            return default
        node = inner
    return node.number(last, default)


def _same(node, tag, constant):
    if isinstance(constant, str):
        return node.text(tag) == constant
    return bool(np.isclose(node.number(tag), constant))
