"""Muscles, their paths and wrap objects of an .osim file."""

from .functions import function_node, read_function
from .muscle_classes import MUSCLE_CLASSES, SCHUTTE, other_constants, read_parameters
from .parts import (
    ConditionalPathPoint,
    MovingPathPoint,
    OsimMuscle,
    PathPoint,
    WrapObject,
)

_STRENGTHS = ("max_isometric_force", "optimal_fiber_length", "tendon_slack_length")

_POINTS = ("PathPoint", "ConditionalPathPoint", "MovingPathPoint")


def read_muscles(model, frames, coordinates):
    """Muscles by name."""
    muscles = {}
    for node in [*model.members("ForceSet"), *model.inside("components")]:
        if "Muscle" not in node.tag:
            continue
        if node.name in muscles:
            raise node.fault("there are two muscles of this name.")
        muscles[node.name] = _read_muscle(node, frames, coordinates)
    return muscles


def _read_muscle(node, frames, coordinates):
    for name in _STRENGTHS:
        if node.number(name) <= 0:
            raise node.fault(f"<{name}> must be positive. Got {node.number(name):g}.")
    points, wraps = _read_path(node, frames, coordinates)
    disabled = node.flag("isDisabled", default=False)  # OpenSim 3
    # Of an unknown class only what all classes have; `from_osim` asks for its curves.
    known = MUSCLE_CLASSES.get(node.tag, SCHUTTE)
    return OsimMuscle(
        name=node.name,
        class_name=node.tag,
        parameters=read_parameters(node, known),
        other_constants=other_constants(node, known),
        rigid_tendon=node.flag("ignore_tendon_compliance", default=False),
        applies_force=node.flag("appliesForce", not disabled),
        points=points,
        wraps=wraps,
    )


def _read_path(muscle, frames, coordinates):
    """Points and names of wrap objects."""
    path = muscle.element.find(".//GeometryPath")
    if path is None:
        if muscle.element.find(".//FunctionBasedPath") is not None:
            return (), ()
        raise muscle.fault("there is no <GeometryPath>.")
    path = muscle.wrap(path)
    points = tuple(_read_point(path.wrap(node.element), frames, coordinates) for node in path.members("PathPointSet"))
    if len(points) < 2:
        raise muscle.fault(f"a path needs two points or more. Got {len(points)}.")
    return points, tuple(node.text("wrap_object") for node in path.members("PathWrapSet"))


def _read_point(node, frames, coordinates):
    if node.tag not in _POINTS:
        raise node.fault(f"path points of the class {node.tag} are not supported.")
    body = node.text("body" if node.child("body") is not None else "socket_parent_frame")
    frame = frames.find(node, body)
    if node.tag == "MovingPathPoint":
        moving = [_read_moving(node, axis, coordinates) for axis in "xyz"]
        names, functions = zip(*moving, strict=True)
        return MovingPathPoint(node.name, frame, (0.0,) * 3, names, functions)
    location = node.numbers("location", 3)
    if node.tag == "ConditionalPathPoint":
        coordinate = _coordinate(node, "coordinate", coordinates)
        return ConditionalPathPoint(node.name, frame, location, coordinate, node.numbers("range", 2))
    return PathPoint(node.name, frame, location)


def _read_moving(node, axis, coordinates):
    function = function_node(node, f"{axis}_location")
    return _coordinate(node, f"{axis}_coordinate", coordinates), read_function(function, 1)


def _coordinate(node, role, coordinates):
    """Name of a coordinate: ``<socket_role>`` is its path, OpenSim 3's ``<role>`` its name."""
    text = node.text(role if node.child(role) is not None else f"socket_{role}")
    name = text.rsplit("/", 1)[-1]
    if name not in coordinates:
        raise node.fault(f"<{role}>: there is no coordinate {text!r}.")
    return name


def read_wrap_objects(model, muscles):
    """Wrap objects by name, with the muscles that use each."""
    ground = model.child("Ground")
    homes = [*model.members("BodySet"), *([] if ground is None else [ground])]
    objects = {}
    for home in homes:
        for node in home.members("WrapObjectSet"):
            users = tuple(m.name for m in muscles.values() if node.name in m.wraps)
            active = node.flag("active", default=True)
            objects[node.name] = WrapObject(node.name, node.tag, home.name, active, users)
    for muscle in muscles.values():
        unknown = [name for name in muscle.wraps if name not in objects]
        if unknown:
            raise model.fault(f"muscle {muscle.name!r} wraps over {unknown}, which is not there.")
    return objects
