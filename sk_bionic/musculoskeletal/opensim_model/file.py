"""OpenSim model files (.osim) without OpenSim: what they hold, as plain values."""

import math
from dataclasses import replace

from .functions import function_node, read_function
from .joint_forces import component, read_joint_forces
from .joints import GROUND, Frames, offset_frames, read_joints
from .muscles import is_muscle, read_muscles, read_wrap_objects
from .parts import Body, Coupler, OsimModel
from .touching import Touching
from .upgrading import OLDEST, upgrade
from .xml import parse_document

__all__ = ["OsimModel", "read_osim"]

_GRAVITY = (0.0, -9.80665, 0.0)
_MOMENTS = ("xx", "yy", "zz", "xy", "xz", "yz")


def read_osim(path):
    """Read an OpenSim model file.

    Parameters
    ----------
    path : path-like
        The .osim file, of document version 10901 or later, as OpenSim 4.6 opens.

    Returns
    -------
    OsimModel
        What the file says. Joints, bodies and muscles that cannot be read (an unknown class of joint, say) are in its
        `faults`; they hinder nothing that does not need them.

    Raises
    ------
    ValueError
        If the file is no OpenSim model or is damaged. The message names the file and the element.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> from sk_bionic.musculoskeletal.opensim_model import read_osim
    >>> model = read_osim("arm26.osim")  # doctest: +SKIP
    >>> model.muscles["BIClong"].parameters["max_isometric_force"]  # doctest: +SKIP
    624.3
    """
    document = parse_document(path)
    version = _version(document)
    upgrade(document.element, version)
    model = document.child("Model")
    if model is None:
        raise document.fault("the document holds no <Model>.")
    model.defaults.update(_defaults(document, model))
    bodies = _read_bodies(model)
    frames = Frames(bodies, offset_frames(model))
    joints, coordinates, notes = read_joints(model, frames)
    touching = Touching(model, frames, coordinates)
    forces = [*model.members("ForceSet"), *(node for node in model.inside("components") if not _is_inert(node))]
    muscles, more = read_muscles(forces, touching, coordinates)
    springs, limits, others = read_joint_forces([node for node in forces if not is_muscle(node)], touching)
    wraps, of_wraps = read_wrap_objects(model, muscles, frames)
    couplers, constraints = _read_constraints(model, coordinates, touching)
    return OsimModel(
        name=model.name,
        version=version,
        gravity=model.numbers("gravity", 3, _GRAVITY),
        bodies=bodies,
        joints=joints,
        coordinates=coordinates,
        muscles=muscles,
        wrap_objects=wraps,
        couplers=couplers,
        springs=springs,
        limits=limits,
        others=(*others, *constraints, *_read_controllers(model, touching)),
        notes=(*notes, *more, *of_wraps, *_odd_units(model)),
        path=str(path),
    )


def _is_inert(node):
    """Whether a component of the model itself is no force: frames, markers, reporters."""
    return node.tag in ("PhysicalOffsetFrame", "StationDefinedFrame", "Station", "Marker") or node.tag.endswith(
        ("Frame", "Reporter", "Geometry", "Probe", "Controller", "Set", "Constraint", "Joint", "Body")
    )


def _read_controllers(model, touching):
    """Controllers in force: what they drive is among what they name."""
    for node in [*model.members("ControllerSet"), *(n for n in model.inside("components") if "Controller" in n.tag)]:
        disabled = node.flag("isDisabled", default=False)  # OpenSim 3
        if node.flag("enabled", not disabled):
            driven = frozenset(word.rsplit("/", 1)[-1] for word in node.text("actuator_list", "ALL").split())
            yield replace(component(node, touching, "controller"), driven=driven)


def _odd_units(model):
    """Units that the file states and OpenSim does not look at."""
    for tag, plain in (("length_units", ("", "meters", "meter", "m")), ("force_units", ("", "n", "newton", "newtons"))):
        if model.text(tag, "").lower() not in plain:
            yield (
                f"{tag} {model.text(tag)} is not looked at, as in OpenSim: all numbers are taken as meters and newtons"
            )


def _version(document):
    text = document.element.get("Version", "")
    if not (text.isascii() and text.isdigit() and OLDEST <= int(text[:9]) < 50000):
        raise document.fault(
            f"models of the versions {OLDEST} to 49999 can be read. Got {text[:20]!r}: open and "
            "save the model in OpenSim 4."
        )
    return int(text)


def _defaults(document, model):
    """Class name to the element that holds the values of what instances leave out."""
    homes = (document.element.find("defaults"), model.element.find("defaults"))
    return {element.tag: element for home in homes if home is not None for element in home}


def _read_bodies(model):
    bodies = {}
    for node in [*model.members("BodySet"), *model.inside("components")]:
        if node.tag != "Body" or node.name == GROUND:
            continue  # OpenSim 3 lists the ground among the bodies
        if node.name in bodies:
            raise node.fault("there are two bodies of this name.")
        bodies[node.name] = _read_body(node)
    if not bodies:
        raise model.fault("the model has no bodies.")
    return bodies


def _read_body(node):
    zero = (0.0,) * 3
    try:
        return Body(
            name=node.name,
            mass=node.number("mass", 0.0),
            mass_center=node.numbers("mass_center", 3, zero),
            inertia=_read_inertia(node),
        )
    except ValueError as error:
        return Body(node.name, math.nan, (math.nan,) * 3, (math.nan,) * 6, str(error))


def _read_inertia(node):
    if node.child("inertia_xx") is None:
        return node.numbers("inertia", 6, (0.0,) * 6)
    return tuple(node.number(f"inertia_{moment}", 0.0) for moment in _MOMENTS)


def _read_constraints(model, coordinates, touching):
    """Enforced constraints: couplers that can be followed, and all others as components."""
    couplers, others = [], []
    for node in [*model.members("ConstraintSet"), *(n for n in model.inside("components") if "Constraint" in n.tag)]:
        disabled = node.flag("isDisabled", default=False)  # OpenSim 3
        if not node.flag("isEnforced", not disabled):
            continue
        try:
            couplers.append(_read_coupler(node, coordinates))
        except ValueError:
            others.append(component(node, touching, "constraint"))
    return tuple(couplers), others


def _read_coupler(node, coordinates):
    if node.tag != "CoordinateCouplerConstraint":
        raise node.fault("no coupler.")
    independent = tuple(node.text("independent_coordinate_names").split())
    dependent = node.text("dependent_coordinate_name")
    unknown = [name for name in (*independent, dependent) if name not in coordinates]
    if unknown:
        raise node.fault(f"there are no coordinates {unknown}.")
    function = read_function(function_node(node, "coupled_coordinates_function"), len(independent))
    return Coupler(dependent, independent, function, node.number("scale_factor", 1.0), node.name)
