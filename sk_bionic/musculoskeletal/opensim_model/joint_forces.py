"""Passive torques on coordinates of an .osim file: springs and limits."""

from math import degrees, radians

from .parts import Component, CoordinateLimit, CoordinateSpring


def read_joint_forces(nodes, touching):
    """Passive torques by coordinate, and what else acts.

    Parameters
    ----------
    nodes : sequence of xml.Node
        The elements of forces, muscles excepted.
    touching : Touching

    Returns
    -------
    springs : dict of str to CoordinateSpring
    limits : dict of str to CoordinateLimit
    others : list of Component
    """
    springs, limits, others = {}, {}, []
    for node in nodes:
        if not _acts(node):
            continue
        coordinate = node.text("coordinate", node.text("socket_coordinate", "")).rsplit("/", 1)[-1]
        known = coordinate in touching.coordinates
        if node.tag == "SpringGeneralizedForce" and known and coordinate not in springs:
            springs[coordinate] = _read_spring(node)
        elif node.tag == "CoordinateLimitForce" and known and coordinate not in limits:
            limits[coordinate] = _read_limit(node)
        else:
            others.append(component(node, touching, "actuator" if _is_actuator(node.tag) else "force"))
    return springs, limits, others


def component(node, touching, kind):
    """`Component` of an element."""
    return Component(kind, node.tag, node.name, touching.bodies_of(node), touching.coordinates_of(node))


def _is_actuator(tag):
    """Whether a force does nothing unless it is driven."""
    return tag.endswith(("Actuator", "ActivationCoordinateActuator")) or tag in ("GeneralizedForce", "Torque")


def _acts(node):
    disabled = node.flag("isDisabled", default=False)  # OpenSim 3
    return node.flag("appliesForce", not disabled)


def _read_spring(node):
    return CoordinateSpring(
        node.number("stiffness", 0.0),
        node.number("rest_length", 0.0),
        node.number("viscosity", 0.0),
        node.name,
    )


def _read_limit(node):
    """OpenSim gives them per degree."""
    return CoordinateLimit(
        lower=radians(node.number("lower_limit", 0.0)),
        upper=radians(node.number("upper_limit", 0.0)),
        lower_stiffness=degrees(node.number("lower_stiffness", 1.0)),
        upper_stiffness=degrees(node.number("upper_stiffness", 1.0)),
        transition=radians(node.number("transition", 0.1)),
        damping=degrees(node.number("damping", 0.0)),
        name=node.name,
    )
