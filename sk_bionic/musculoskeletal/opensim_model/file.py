"""OpenSim model files (.osim) without OpenSim: what they hold, as plain values."""

from .functions import function_node, read_function
from .joint_forces import read_joint_forces
from .joints import GROUND, Frames, offset_frames, read_joints
from .muscles import read_muscles, read_wrap_objects
from .parts import Body, Coupler, OsimModel
from .xml import parse_document

__all__ = ["OsimModel", "read_osim"]

_GRAVITY = (0.0, -9.80665, 0.0)
_MOMENTS = ("xx", "yy", "zz", "xy", "xz", "yz")


def read_osim(path):
    """Read an OpenSim model file of version 3 or 4.

    Parameters
    ----------
    path : path-like
        The .osim file.

    Returns
    -------
    OsimModel
        What the file says.

    Raises
    ------
    ValueError
        If the file is no OpenSim model of version 3 or 4, is damaged, or holds a class of joint,
        function or path point that is not supported. The message names the file and the element.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> from sk_bionic.musculoskeletal.opensim_model import read_osim
    >>> model = read_osim("arm26.osim")  # doctest: +SKIP
    >>> model.muscles["BIClong"].max_isometric_force  # doctest: +SKIP
    624.3
    """
    document = parse_document(path)
    version = _version(document)
    model = document.child("Model")
    if model is None:
        raise document.fault("the document holds no <Model>.")
    model.defaults.update(_defaults(document, model))
    bodies = _read_bodies(model)
    frames = Frames(bodies, offset_frames(model))
    joints, coordinates = read_joints(model, frames)
    muscles = read_muscles(model, frames, coordinates)
    springs, limits, other_forces = read_joint_forces(model, coordinates)
    return OsimModel(
        name=model.name,
        version=version,
        gravity=model.numbers("gravity", 3, _GRAVITY),
        bodies=bodies,
        joints=joints,
        coordinates=coordinates,
        muscles=muscles,
        wrap_objects=read_wrap_objects(model, muscles),
        couplers=_read_couplers(model, coordinates),
        springs=springs,
        limits=limits,
        other_forces=other_forces,
    )


def _version(document):
    text = document.element.get("Version", "")
    if not (text.isascii() and text.isdigit() and 30000 <= int(text[:9]) < 50000):
        raise document.fault(
            f"models of version 3 and 4 can be read (30000 to 49999). Got {text[:20]!r}: open and "
            "save the model in OpenSim 4."
        )
    return int(text)


def _defaults(document, model):
    """Class name to the element that holds the values of what instances leave out."""
    homes = (document.element.find("defaults"), model.element.find("defaults"))
    return {element.tag: element for home in homes if home is not None for element in home}


def _read_bodies(model):
    bodies = {}
    for node in model.members("BodySet"):
        if node.tag != "Body" or node.name == GROUND:
            continue  # OpenSim 3 lists the ground among the bodies
        if node.name in bodies:
            raise node.fault("there are two bodies of this name.")
        zero = (0.0,) * 3
        bodies[node.name] = Body(
            name=node.name,
            mass=node.number("mass", 0.0),
            mass_center=node.numbers("mass_center", 3, zero),
            inertia=_read_inertia(node),
        )
    if not bodies:
        raise model.fault("the model has no bodies.")
    return bodies


def _read_inertia(node):
    if node.child("inertia_xx") is None:
        return node.numbers("inertia", 6, (0.0,) * 6)
    return tuple(node.number(f"inertia_{moment}", 0.0) for moment in _MOMENTS)


def _read_couplers(model, coordinates):
    """The enforced CoordinateCouplerConstraints."""
    couplers = []
    for node in model.members("ConstraintSet"):
        if node.tag != "CoordinateCouplerConstraint":
            continue
        independent = tuple(node.text("independent_coordinate_names").split())
        dependent = node.text("dependent_coordinate_name")
        unknown = [name for name in (*independent, dependent) if name not in coordinates]
        if unknown:
            raise node.fault(f"there are no coordinates {unknown}.")
        function = function_node(node, "coupled_coordinates_function")
        function = read_function(function, len(independent))
        disabled = node.flag("isDisabled", default=False)  # OpenSim 3
        if node.flag("isEnforced", not disabled):
            scale = node.number("scale_factor", 1.0)
            couplers.append(Coupler(dependent, independent, function, scale))
    return tuple(couplers)
