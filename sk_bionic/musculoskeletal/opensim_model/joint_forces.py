"""Passive torques on coordinates of an .osim file: springs and limits."""

from math import degrees, radians

from .parts import CoordinateLimit, CoordinateSpring


def read_joint_forces(model, coordinates):
    """Passive torques by coordinate, and the names of what acts on angles in a way that has no counterpart here.

    Parameters
    ----------
    model : xml.Node
    coordinates : dict of str to Coordinate

    Returns
    -------
    springs : dict of str to CoordinateSpring
    limits : dict of str to CoordinateLimit
    others : dict of str to str
        Coordinate to the class and name of the force.
    """
    springs, limits, others = {}, {}, {}
    for node in [*model.members("ForceSet"), *model.inside("components")]:
        coordinate = node.text("coordinate", "").rsplit("/", 1)[-1]
        if coordinate not in coordinates or not _acts(node):
            continue
        if node.tag == "SpringGeneralizedForce" and coordinate not in springs:
            springs[coordinate] = _read_spring(node)
        elif node.tag == "CoordinateLimitForce" and coordinate not in limits:
            limits[coordinate] = _read_limit(node)
        elif "Actuator" not in node.tag:  # actuators do nothing unless they are driven
            others[coordinate] = f"{node.tag} {node.name!r}"
    return springs, limits, others


def _acts(node):
    disabled = node.flag("isDisabled", default=False)  # OpenSim 3
    return node.flag("appliesForce", not disabled)


def _read_spring(node):
    return CoordinateSpring(
        node.number("stiffness", 0.0),
        node.number("rest_length", 0.0),
        node.number("viscosity", 0.0),
    )


def _read_limit(node):
    """OpenSim gives them per degree."""
    return CoordinateLimit(
        lower=radians(node.number("lower_limit", 0.0)),
        upper=radians(node.number("upper_limit", 0.0)),
        lower_stiffness=degrees(node.number("lower_stiffness", 1.0)),
        upper_stiffness=degrees(node.number("upper_stiffness", 1.0)),
        transition=radians(node.number("transition", 0.1)),
    )
