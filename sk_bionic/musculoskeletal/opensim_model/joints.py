"""Frames, joints and coordinates of an .osim file."""

from dataclasses import replace

import numpy as np

from .functions import Constant, Linear, function_node, read_function
from .parts import Coordinate, Frame, Joint, TransformAxis

GROUND = "ground"
_ANY_RANGE = (-99999.9, 99999.9)  # of a coordinate whose range the file leaves out

# What the coordinates of each class do, one after the other, but for CustomJoint, whose file tells:
# turn about an axis of the moving frame, or shift along one of the parent's.
_R, _T, UNKNOWN = "rotational", "translational", "unknown"
_TURNS, _SHIFTS = ((_R, 0), (_R, 1), (_R, 2)), ((_T, 0), (_T, 1), (_T, 2))
JOINT_CLASSES = {
    "WeldJoint": (),
    "PinJoint": ((_R, 2),),
    "SliderJoint": ((_T, 0),),
    "UniversalJoint": ((_R, 0), (_R, 1)),
    "BallJoint": _TURNS,
    "GimbalJoint": _TURNS,
    "PlanarJoint": ((_R, 2), (_T, 0), (_T, 1)),
    "FreeJoint": (*_TURNS, *_SHIFTS),
    "EllipsoidJoint": _TURNS,
    "ScapulothoracicJoint": (*_TURNS, (_R, 2)),
}
AXES = ("rotation1", "rotation2", "rotation3", "translation1", "translation2", "translation3")


class Frames:
    """Finds the frames that a file names, by path or by name.

    Parameters
    ----------
    bodies : collection of str
    offset_frames : dict
        Path such as "/jointset/hip_r/pelvis_offset" to its `Node`.
    """

    def __init__(self, bodies, offset_frames):
        self.bodies, self.offset_frames = set(bodies) | {GROUND}, offset_frames

    def find(self, node, text, beside=""):
        """The `Frame` that `text` names; relative names are looked for beside a path first."""
        return self._find(node, text, beside, visited=())

    def _find(self, node, text, beside, visited):
        last = text.rsplit("/", 1)[-1]
        path = self._offset_path(text, last, beside)
        if path is None:
            if last not in self.bodies:
                raise node.fault(f"there is no body or frame {text!r}.")
            return Frame(last)
        if path in visited:
            raise node.fault(f"the frame {path!r} is fixed to itself.")
        offset = self.offset_frames[path]
        parent = offset.socket("parent")
        if parent == "..":  # the body that the frame is written in
            parent = path.rsplit("/", 1)[0]
        base = self._find(offset, parent, path.rsplit("/", 1)[0], (*visited, path))
        pose = (
            offset.numbers("translation", 3, (0.0,) * 3),
            offset.numbers("orientation", 3, (0.0,) * 3),
        )
        return Frame(base.body, (*base.offsets, pose))

    def _offset_path(self, text, last, beside):
        for path in (text, f"{beside}/{last}", f"/{text.lstrip('./')}"):
            if path in self.offset_frames:
                return path
        if last in self.bodies:
            return None
        found = [path for path in self.offset_frames if path.endswith(f"/{last}")]
        return found[0] if len(found) == 1 else None


def offset_frames(model):
    """Path to `Node` of every PhysicalOffsetFrame of bodies, joints and the model itself."""
    found = {}
    homes = [("/bodyset", body) for body in model.members("BodySet")]
    homes += [("/jointset", joint) for joint in model.members("JointSet")]
    homes += [("", node) for node in [*_loose(model, "Joint"), *_loose(model, "Body")]]
    homes += [("", ground) for ground in model.children() if ground.tag == "Ground"]
    for prefix, home in [*homes, (None, model)]:
        for element in home.element.findall("./*/PhysicalOffsetFrame"):
            frame = home.wrap(element)
            owner = "" if prefix is None else f"{prefix}/{home.name or GROUND}"
            found[f"{owner}/{frame.name}"] = frame
    return found


def _loose(model, kind):
    """Bodies or joints among the model's components, which are in no set."""
    return [node for node in model.inside("components") if node.tag.endswith(kind)]


def read_joints(model, frames):
    """Joints and coordinates, each a dict by name, and notes on names that the file has twice."""
    joints, coordinates, notes = {}, {}, []
    for node, place in _joint_nodes(model):
        joint, own = _read_joint(node, place, frames)
        for kind, found, items in (("joint", joints, [joint]), ("coordinate", coordinates, own)):
            for item in items:
                name, number = item.name, 1
                while item.name in found:
                    number += 1
                    item = replace(item, name=f"{name} ({number})")
                if number == 2:
                    notes.append(f"there are two {kind}s {name!r}")
                elif number > 2:
                    notes.append(f"there is a {kind} {name!r} number {number}")
                found[item.name] = item
    return joints, coordinates, notes


def _joint_nodes(model):
    """(joint, body that it is written in or None)."""
    found = [(node, None) for node in [*model.members("JointSet"), *_loose(model, "Joint")]]
    for body in model.members("BodySet"):  # OpenSim 3: a body owns the joint to its parent
        found += [(node, body.name) for node in body.inside("Joint")]
    return found


def _read_joint(node, owning_body, frames):
    """`Joint` and its `Coordinate`s; what cannot be read becomes the joint's fault."""
    parent = child = None
    fault, axes, types, own, surface = "", (), None, [], ()
    nodes = [node.wrap(element) for element in node.element.iter("Coordinate")]
    names = tuple(coordinate.name for coordinate in nodes)
    if not nodes and node.tag in JOINT_CLASSES:  # OpenSim makes them itself, and calls them so
        names = tuple(f"_coord_{k}" for k in range(len(JOINT_CLASSES[node.tag])))
        own = [Coordinate(name, node.name, UNKNOWN, 0.0, _ANY_RANGE, False, False) for name in names]
    try:
        parent, child = _joint_frames(node, owning_body, frames)
        axes, types = _read_motion(node, names)
        surface = _read_surface(node)
    except ValueError as error:
        fault = str(error)
    types = types or [UNKNOWN] * len(names)
    own = [replace(coordinate, motion_type=kind) for coordinate, kind in zip(own, types, strict=False)]
    for coordinate, kind in zip(nodes, types, strict=False):
        try:
            own.append(_read_coordinate(coordinate, node.name, kind))
        except ValueError as error:
            fault = fault or str(error)
            own.append(Coordinate(coordinate.name, node.name, UNKNOWN, 0.0, _ANY_RANGE, False, False))
    return Joint(node.name, node.tag, parent, child, names, axes, fault, surface), own


def _read_surface(node):
    if node.tag == "EllipsoidJoint":
        return node.numbers("radii_x_y_z", 3)
    if node.tag == "ScapulothoracicJoint":
        radii, origin = (
            node.numbers("thoracic_ellipsoid_radii_x_y_z", 3),
            node.numbers("scapula_winging_axis_origin", 2, (0.0, 0.0)),
        )
        return (*radii, *origin, node.number("scapula_winging_axis_direction", 0.0))
    return ()


def _read_motion(node, names):
    """Axes of a CustomJoint, and what each coordinate does."""
    if node.tag != "CustomJoint" and node.tag not in JOINT_CLASSES:
        supported = ["CustomJoint", *JOINT_CLASSES]
        raise node.fault(f"joints of the class {node.tag} are not supported, only {supported}.")
    if node.flag("reverse", default=False):
        raise node.fault("a reversed joint; open and save the model in OpenSim 4.")
    if node.tag == "CustomJoint":
        axes = _read_axes(node, names)
        return axes, [_motion_type(name, axes) for name in names]
    types = [kind for kind, _ in JOINT_CLASSES[node.tag]]
    if len(names) != len(types):
        raise node.fault(f"a {node.tag} has {len(types)} coordinates. Got {list(names)}.")
    return (), types


def _joint_frames(node, owning_body, frames):
    place = f"/jointset/{node.name}"
    if owning_body is None:
        sides = ("parent", "child")
        roles = [f"{side}_{'frame' if node.has_socket(f'{side}_frame') else 'body'}" for side in sides]
        found = [
            frames.find(node, node.socket(role) if node.has_socket(role) else node.text(f"socket_{side}_frame"), place)
            for side, role in zip(sides, roles, strict=True)
        ]
    else:
        found = [Frame(frames.find(node, node.text("parent_body")).body), Frame(owning_body)]
    poses = [
        tuple(_as_upgraded(node, *tags) for tags in pair)
        for pair in (
            (("location_in_parent",), ("orientation_in_parent",)),
            (("location_in_child", "location"), ("orientation_in_child", "orientation")),
        )
    ]
    still = ((0.0,) * 3,) * 2
    return [
        frame if owning_body is None and pose == still else Frame(frame.body, (*frame.offsets, pose))
        for frame, pose in zip(found, poses, strict=True)
    ]


def _as_upgraded(node, *tags):
    """Six digits are what OpenSim 4 keeps of a joint of version 3: its muscles are as long."""
    tag = next((tag for tag in tags if node.child(tag) is not None), tags[0])
    return tuple(float(f"{number:.6g}") for number in node.numbers(tag, 3, (0.0,) * 3))


def _read_axes(node, names):
    transform = node.child("SpatialTransform")
    if transform is None:
        raise node.fault("<SpatialTransform> is missing.")
    found = {axis.name: axis for axis in transform.children() if axis.tag == "TransformAxis"}
    still = lambda k: TransformAxis((), tuple(map(float, np.eye(3)[k % 3])), Constant(0.0))
    return tuple(_read_axis(node, found[name], names) if name in found else still(k) for k, name in enumerate(AXES))


def _read_axis(joint, node, names):
    coordinates = tuple(node.text("coordinates", "").split())
    unknown = [name for name in coordinates if name not in names]
    if unknown:
        raise joint.fault(f"{node.name} depends on {unknown}, no coordinates of the joint.")
    axis = node.numbers("axis", 3)
    function = _function_of_axis(node, len(coordinates))
    if not any(axis):
        raise joint.fault(f"the axis of {node.name} is zero.")
    return TransformAxis(coordinates, axis, function)


def _function_of_axis(node, n_coordinates):
    """As OpenSim 4.6: an empty <function/> is the coordinate; without the element nothing moves along the axis."""
    try:
        found = function_node(node, "function")
    except ValueError:
        if n_coordinates > 1:
            raise
        empty = node.child("function") is not None
        return Linear((1.0, 0.0)) if empty and n_coordinates else Constant(0.0)
    return read_function(found, n_coordinates)


def _motion_type(name, axes):
    """OpenSim's rule: the last axis on which it moves by its own amount (an offset aside), else "coupled"."""
    found = "coupled"
    for i, axis in enumerate(axes):
        own = axis.coordinates == (name,) and isinstance(axis.function, Linear)
        if own and abs(axis.function.coefficients[0]) == 1.0:
            found = _R if i < 3 else _T
    return found


def _read_coordinate(node, joint, motion_type):
    return Coordinate(
        name=node.name,
        joint=joint,
        motion_type=motion_type,
        default_value=node.number("default_value", 0.0),
        range=_read_range(node),
        locked=node.flag("locked", default=False),
        clamped=node.flag("clamped", default=False),
        prescribed=_read_prescribed(node),
    )


def _read_range(node):
    words = node.text("range", "").lower().split()
    if any(word.lstrip("+-") in ("inf", "infinity") for word in words) and len(words) == 2:
        return tuple(float(word) for word in words)
    return node.numbers("range", 2, _ANY_RANGE)


def _read_prescribed(node):
    """Function of time; None where there is none, or it is not in force."""
    if not node.flag("prescribed", node.flag("is_prescribed", default=False)):
        return None
    return read_function(function_node(node, "prescribed_function"), 1)
