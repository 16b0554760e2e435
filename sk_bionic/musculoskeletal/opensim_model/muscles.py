"""Muscles, their paths and wrap objects of an .osim file."""

from .functions import function_node, read_function
from .joints import GROUND
from .muscle_classes import (
    MUSCLE_CLASSES,
    SCHUTTE,
    departures,
    read_curve_properties,
    read_minimum_activation,
    read_parameters,
)
from .parts import ConditionalPathPoint, FunctionPath, MovingPathPoint, OsimMuscle, PathPoint, WrapObject

_STRENGTHS = ("max_isometric_force", "optimal_fiber_length", "tendon_slack_length")
_POINTS = ("PathPoint", "ConditionalPathPoint", "MovingPathPoint")


def is_muscle(node):
    """Whether an element is a muscle: OpenSim's classes have it in their names, plugins' keep to that."""
    return "Muscle" in node.tag


def read_muscles(nodes, touching, coordinates):
    """Muscles by name, of the elements of forces; and notes on names that the file has twice."""
    muscles, notes = {}, []
    for node in filter(is_muscle, nodes):
        if node.name in muscles:
            notes.append(f"there are two muscles {node.name!r}; the first counts")
        else:
            muscles[node.name] = _read_muscle(node, touching, coordinates)
    return muscles, notes


def _read_muscle(node, touching, coordinates):
    """`OsimMuscle`; what cannot be read becomes its fault."""
    # Of an unknown class only what all classes have; `from_osim` asks for its curves.
    known, path = MUSCLE_CLASSES.get(node.tag, SCHUTTE), _path_node(node)
    read = dict.fromkeys(("parameters", "curve_properties", "departures"), {})
    read |= {"minimum_activation": 0.0, "rigid_tendon": False, "applies_force": True}
    read |= {"points": (), "wraps": (), "function": None, "fault": ""}
    for part in (lambda: _read_properties(node, known), lambda: _read_path(node, path, touching.frames, coordinates)):
        try:
            read |= part()
        except ValueError as error:
            read["fault"] = read["fault"] or str(error)
    return OsimMuscle(
        name=node.name,
        class_name=node.tag,
        path_class="" if path is None else path.tag,
        bodies=frozenset() if path is None else touching.bodies_of(path),
        coordinates=frozenset() if path is None else touching.coordinates_of(path),
        **read,
    )


def _read_properties(node, known):
    parameters = read_parameters(node, known)
    for name in _STRENGTHS:
        if parameters[name] <= 0:
            raise node.fault(f"<{name}> must be positive. Got {parameters[name]:g}.")
    disabled = node.flag("isDisabled", default=False)  # OpenSim 3
    return {
        "applies_force": node.flag("appliesForce", not disabled),
        "parameters": parameters,
        "curve_properties": read_curve_properties(node, known),
        "departures": departures(node, known),
        "minimum_activation": read_minimum_activation(node, known),
        "rigid_tendon": node.flag("ignore_tendon_compliance", default=False),
    }


def _path_node(node):
    """The element of a muscle's path: anything that ends in Path."""
    for child in node.below():
        if child.tag.endswith("Path") and child.tag != "path":
            return child
    if node.element.find("PathPointSet") is not None:  # before version 2: the muscle holds its points
        return node.wrap(node.element)
    return None


def _read_path(muscle, path, frames, coordinates):
    if path is None:
        raise muscle.fault("there is no <GeometryPath>.")
    if path.tag == "FunctionBasedPath":
        return {"function": _read_function_path(muscle.wrap(path.element), coordinates)}
    nodes = _points_of(path)
    if nodes is None:
        return {}  # of a class that only OpenSim measures
    path = muscle.wrap(path.element)
    points = tuple(_read_point(path.wrap(node.element), frames, coordinates) for node in nodes)
    if len(points) < 2:
        raise muscle.fault(f"a path needs two points or more. Got {len(points)}.")
    return {"points": points, "wraps": tuple(node.text("wrap_object") for node in path.members("PathWrapSet"))}


def _points_of(path):
    """Elements of the points of a path of straight lines and wraps; None where it is of another kind."""
    if path.tag == "GeometryPath" or is_muscle(path):
        return path.members("PathPointSet")
    elements = path.inside("path_elements")  # Scholz2015GeometryPath
    points = [child for element in elements for child in element.children() if child.tag in _POINTS]
    return points if elements and len(points) == len(elements) else None


def _read_function_path(path, coordinates):
    """Coordinates in the order of the functions' arguments, the length, and the moment arms where they are given."""
    names = tuple(text.rsplit("/", 1)[-1] for text in path.text("coordinate_paths", "").split())
    unknown = [name for name in names if name not in coordinates]
    if unknown or not names:
        raise path.fault(f"<coordinate_paths> must name coordinates. Got {list(names)}.")
    length = read_function(function_node(path, "length_function"), len(names))
    arms = tuple(read_function(node, len(names)) for node in path.inside("moment_arm_functions"))
    if len(arms) not in (0, len(names)):
        raise path.fault(f"<moment_arm_functions> must be {len(names)} or none. Got {len(arms)}.")
    return FunctionPath(names, length, arms)


def _read_point(node, frames, coordinates):
    if node.tag not in _POINTS:
        raise node.fault(f"path points of the class {node.tag} are not supported.")
    body = node.text("body") if node.child("body") is not None else node.socket("parent_frame")
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
    text = node.text(role) if node.child(role) is not None else node.socket(role)
    name = text.rsplit("/", 1)[-1]
    if name not in coordinates:
        raise node.fault(f"<{role}>: there is no coordinate {text!r}.")
    return name


def read_wrap_objects(model, muscles, frames):
    """Wrap objects by name, with the muscles that use each; and notes on names that the file has twice.

    OpenSim looks for a name in the ground, then body by body, then in other frames, and takes the first that it finds.
    """
    homes = [node for node in model.below() if node.element.find("WrapObjectSet/objects") is not None]
    order = {"Ground": 0, "Body": 1}
    objects, notes = {}, []
    for home in sorted(homes, key=lambda node: order.get(node.tag, 2)):
        body = _body_of(home, frames)
        for node in home.members("WrapObjectSet"):
            users = tuple(m.name for m in muscles.values() if node.name in m.wraps)
            first = objects.get(node.name)
            if first is None:
                active = node.flag("active", default=True)
                objects[node.name] = WrapObject(node.name, node.tag, body, active, users)
            elif users and first.body != body:
                notes.append(
                    f"there are two wrap objects {node.name!r}; {list(users)} wrap over that of {first.body!r}, "
                    "as in OpenSim"
                )
    return objects, notes


def _body_of(home, frames):
    """Name of the body that a home of wrap objects is, or is fixed to."""
    if home.tag == "Ground":
        return GROUND
    try:
        return frames.find(home, home.name).body
    except ValueError:
        return home.name
