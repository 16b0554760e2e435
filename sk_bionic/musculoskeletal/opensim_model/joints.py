"""Frames, joints and coordinates of an .osim file."""

from .functions import Linear, function_node, read_function
from .parts import Coordinate, Frame, Joint, TransformAxis

GROUND = "ground"
_ANY_RANGE = (-99999.9, 99999.9)  # of a coordinate whose range the file leaves out

# What the coordinates of each class do, one after the other, but for CustomJoint, whose file tells:
# turn about an axis of the moving frame, or shift along one of the parent's.
_R, _T = "rotational", "translational"
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
        parent = offset.text("socket_parent")
        if parent == "..":  # the body that the frame is written in
            parent = path.rsplit("/", 1)[0]
        base = self._find(offset, parent, path.rsplit("/", 1)[0], (*visited, path))
        pose = (
            offset.numbers("translation", 3, (0.0,) * 3),
            offset.numbers("orientation", 3, (0.0,) * 3),
        )
        return Frame(base.body, (*base.offsets, pose))

    def _offset_path(self, text, last, beside):
        for path in (text, f"{beside}/{last}"):
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
    for prefix, home in [*homes, ("", model)]:
        for element in home.element.findall("./*/PhysicalOffsetFrame"):
            frame = home.wrap(element)
            owner = f"{prefix}/{home.name}" if prefix else ""
            found[f"{owner}/{frame.name}"] = frame
    return found


def read_joints(model, frames):
    """Joints and coordinates, each a dict by name."""
    joints, coordinates = {}, {}
    for node, place in _joint_nodes(model):
        joint, own = _read_joint(node, place, frames)
        for kind, found, items in (("joint", joints, [joint]), ("coordinate", coordinates, own)):
            for item in items:
                if item.name in found:
                    raise node.fault(f"there are two {kind}s {item.name!r}.")
                found[item.name] = item
    return joints, coordinates


def _joint_nodes(model):
    """(joint, body that it is written in or None)."""
    found = [(node, None) for node in model.members("JointSet")]
    for body in model.members("BodySet"):  # OpenSim 3: a body owns the joint to its parent
        found += [(node, body.name) for node in body.inside("Joint")]
    return found


def _read_joint(node, owning_body, frames):
    if node.tag != "CustomJoint" and node.tag not in JOINT_CLASSES:
        supported = ["CustomJoint", *JOINT_CLASSES]
        raise node.fault(f"joints of the class {node.tag} are not supported, only {supported}.")
    if node.flag("reverse", default=False):
        raise node.fault("a reversed joint; open and save the model in OpenSim 4.")
    parent, child = _joint_frames(node, owning_body, frames)
    nodes = [node.wrap(element) for element in node.element.iter("Coordinate")]
    names = tuple(coordinate.name for coordinate in nodes)
    if node.tag == "CustomJoint":
        axes = _read_axes(node, names)
        types = [_motion_type(name, axes) for name in names]
    else:
        axes, types = (), [kind for kind, _ in JOINT_CLASSES[node.tag]]
        if len(names) != len(types):
            raise node.fault(f"a {node.tag} has {len(types)} coordinates. Got {list(names)}.")
    own = [_read_coordinate(n, node.name, kind) for n, kind in zip(nodes, types, strict=True)]
    return Joint(node.name, node.tag, parent, child, names, axes), own


def _joint_frames(node, owning_body, frames):
    if owning_body is None:
        place = f"/jointset/{node.name}"
        sockets = ("socket_parent_frame", "socket_child_frame")
        return [frames.find(node, node.text(socket), place) for socket in sockets]
    bodies = (frames.find(node, node.text("parent_body")).body, owning_body)
    poses = [
        tuple(_as_upgraded(node, f"{what}{suffix}") for what in ("location", "orientation"))
        for suffix in ("_in_parent", "")
    ]
    return [Frame(body, (pose,)) for body, pose in zip(bodies, poses, strict=True)]


def _as_upgraded(node, tag):
    """Six digits are what OpenSim 4 keeps of a joint of version 3: its muscles are as long."""
    return tuple(float(f"{number:.6g}") for number in node.numbers(tag, 3, (0.0,) * 3))


def _read_axes(node, names):
    transform = node.child("SpatialTransform")
    if transform is None:
        raise node.fault("<SpatialTransform> is missing.")
    found = {axis.name: axis for axis in transform.children() if axis.tag == "TransformAxis"}
    missing = [name for name in AXES if name not in found]
    if missing:
        raise node.fault(f"the transform axes {missing} are missing.")
    return tuple(_read_axis(node, found[name], names) for name in AXES)


def _read_axis(joint, node, names):
    coordinates = tuple(node.text("coordinates", "").split())
    unknown = [name for name in coordinates if name not in names]
    if unknown:
        raise joint.fault(f"{node.name} depends on {unknown}, no coordinates of the joint.")
    axis = node.numbers("axis", 3)
    if not any(axis):
        raise joint.fault(f"the axis of {node.name} is zero.")
    function = function_node(node, "function")
    return TransformAxis(coordinates, axis, read_function(function, len(coordinates)))


def _motion_type(name, axes):
    """OpenSim's rule: what the coordinate does by its own amount, else "coupled"."""
    own_amounts = Linear((1.0, 0.0)), Linear((-1.0, 0.0))
    for i, axis in enumerate(axes):
        if axis.coordinates == (name,) and axis.function in own_amounts:
            return _R if i < 3 else _T
    return "coupled"


def _read_coordinate(node, joint, motion_type):
    return Coordinate(
        name=node.name,
        joint=joint,
        motion_type=motion_type,
        default_value=node.number("default_value", 0.0),
        range=node.numbers("range", 2, _ANY_RANGE),
        locked=node.flag("locked", default=False),
        clamped=node.flag("clamped", default=False),
    )
