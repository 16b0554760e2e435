"""Where the bodies of an OpenSim model are, and how long its muscles, for any posture.

Paths of straight lines between fixed, conditional and moving points; in numpy, all postures at
once.
"""

import numpy as np

from .joints import GROUND, JOINT_CLASSES
from .parts import ConditionalPathPoint, MovingPathPoint

__all__ = ["body_poses", "coordinate_values", "muscle_tendon_lengths"]

_RANGE_SLACK = 1e-5  # of ConditionalPathPoint::isActive in OpenSim 4.6
_UNIT = np.eye(3)


def coordinate_values(model, values):
    """Values of all coordinates.

    Parameters
    ----------
    model : OsimModel
    values : dict of str to array-like
        Coordinates to their values [rad or m]; the arrays must broadcast.

    Returns
    -------
    dict of str to ndarray
        All of one shape: what is given, else what an enforced CoordinateCouplerConstraint makes
        of it, else what the file prescribes at 0 s, else the default value. Neither ranges nor locks are looked at.

    Raises
    ------
    ValueError
        If a coordinate is unknown, a value is not finite, the shapes do not fit, or couplers
        depend on one another in a circle.
    """
    unknown = [name for name in values if name not in model.coordinates]
    if unknown:
        raise ValueError(f"The model {model.name!r} has no coordinates {unknown}. It has {list(model.coordinates)}.")
    given = {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
    for name, value in given.items():
        if not np.all(np.isfinite(value)):
            raise ValueError(f"Coordinate {name!r} must be finite. Got {value[~np.isfinite(value)][0]}.")
    couplers = {c.dependent: c for c in model.couplers if c.dependent not in given}
    defaults = {n: np.float64(resting_value(c)) for n, c in model.coordinates.items()}
    found = {**{n: v for n, v in defaults.items() if n not in couplers}, **given}
    while couplers:
        ready = [c for c in couplers.values() if all(name in found for name in c.independent)]
        if not ready:
            raise ValueError(f"The couplers of {sorted(couplers)} depend on one another.")
        for coupler in ready:
            arguments = [found[name] for name in coupler.independent]
            found[coupler.dependent] = coupler.scale * coupler.function(*arguments)
            del couplers[coupler.dependent]
    names = list(model.coordinates)
    return dict(zip(names, np.broadcast_arrays(*(found[n] for n in names)), strict=True))


def resting_value(coordinate):
    """Value of a coordinate that nothing else sets [rad or m]."""
    return coordinate.default_value if coordinate.prescribed is None else float(coordinate.prescribed(0.0))


def body_poses(model, values):
    """Pose of every body in the ground.

    Parameters
    ----------
    model : OsimModel
    values : dict of str to array-like
        As in `coordinate_values`.

    Returns
    -------
    dict of str to ndarray of shape (..., 4, 4)
        Body (and "ground") to homogeneous transforms from the body's frame to the ground's.

    Raises
    ------
    ValueError
        As `coordinate_values`, and if joints connect a body with the ground more than once. A body that they do not
        connect, or by a joint that cannot be read, has no pose: asking for it is a ValueError.
    """
    values = coordinate_values(model, values)
    shape = next(iter(values.values())).shape if values else ()
    poses = Poses({GROUND: np.broadcast_to(np.eye(4), (*shape, 4, 4))})
    pending = list(model.joints.values())
    while ready := [joint for joint in pending if _reached(joint, poses)]:
        joint = ready[0]
        pending.remove(joint)
        parent, child = joint.parent.body, joint.child.body
        if parent in poses and child in poses:
            raise ValueError(f"Joint {joint.name!r} of {model.name!r} closes a loop, which is not supported.")
        across = _across(joint, values)
        if parent in poses:
            poses[child] = poses[parent] @ across
        else:
            poses[parent] = poses[child] @ np.linalg.inv(across)
    poses.blocked_by = pending
    return poses


class Poses(dict):
    """Poses by body; asking for one that no readable chain of joints connects with the ground is a ValueError."""

    blocked_by = ()

    def __missing__(self, body):
        faults = [joint.fault for joint in self.blocked_by if joint.fault]
        raise ValueError(faults[0] if faults else f"No joints connect the body {body!r} with the ground.")


def _reached(joint, poses):
    return not joint.fault and (joint.parent.body in poses or joint.child.body in poses)


def muscle_tendon_lengths(model, values, muscles=None):
    """Lengths of muscle-tendon paths.

    Parameters
    ----------
    model : OsimModel
    values : dict of str to array-like
        As in `coordinate_values`.
    muscles : list of str, default=None
        Names. None: all muscles of the model.

    Returns
    -------
    ndarray of shape (..., n_muscles)
        [m].

    Raises
    ------
    ValueError
        As `body_poses`, and if a muscle is unknown or wraps over objects: such paths need OpenSim itself, the extra
        ``[opensim]``.
    """
    names = list(model.muscles) if muscles is None else list(muscles)
    unknown = [name for name in names if name not in model.muscles]
    if unknown:
        raise ValueError(f"The model {model.name!r} has no muscles {unknown}.")
    _check_paths(model, names)
    values = coordinate_values(model, values)
    poses = body_poses(model, values)
    lengths = [_length(model.muscles[name], poses, values) for name in names]
    shape = poses[GROUND].shape[:-2]
    return np.stack(lengths, axis=-1) if lengths else np.empty((*shape, 0))


def _check_paths(model, names):
    faulty = [model.muscles[name].fault for name in names if model.muscles[name].fault]
    if faulty:
        raise ValueError(faulty[0])
    wrapped = [n for n in names if active_wraps(model, model.muscles[n])]
    others = [n for n in names if not model.muscles[n].points and model.muscles[n].function is None]
    if wrapped or others:
        why = "wrap over objects" if wrapped else f"are of the class {model.muscles[others[0]].path_class}"
        raise ValueError(
            f"The paths of {wrapped or others} of {model.name!r} {why}. Their lengths need "
            'OpenSim itself: pip install "sk_bionic[opensim]"; or choose other `muscles`.'
        )


def active_wraps(model, muscle):
    """Wrap objects that a muscle's path may touch, list of WrapObject; ValueError where one is missing."""
    missing = [name for name in muscle.wraps if name not in model.wrap_objects]
    if missing:
        raise ValueError(f"The muscle {muscle.name!r} of {model.name!r} wraps over {missing}, which is not there.")
    return [model.wrap_objects[name] for name in muscle.wraps if model.wrap_objects[name].active]


def _length(muscle, poses, values):
    if muscle.function is None:
        return _path_length(muscle.points, poses, values)
    shape = poses[GROUND].shape[:-2]
    arguments = [values[name] for name in muscle.function.coordinates]
    return np.broadcast_to(muscle.function.length(*arguments), shape)


def _path_length(points, poses, values):
    """Sum of the straight lines between the points that count, ndarray of the postures' shape."""
    total, previous, is_first = 0.0, None, True
    for point in points:
        here = _location(point, poses, values)
        counts = _counts(point, values)
        if is_first:
            # OpenSim starts and ends paths at points that always count in its models.
            previous, begun, is_first = here, counts, False
            continue
        distance = np.linalg.norm(here - previous, axis=-1)
        total = total + np.where(begun & counts, distance, 0.0)
        previous = np.where(counts[..., None], here, previous)
        begun = begun | counts
    return total


def _location(point, poses, values):
    """Position in the ground, (..., 3)."""
    pose = poses[point.frame.body] @ _fixed(point.frame)
    if isinstance(point, MovingPathPoint):
        named = zip(point.functions, point.coordinates, strict=True)
        shape = pose.shape[:-2]
        parts = (np.broadcast_to(function(values[name]), shape) for function, name in named)
        location = np.stack(list(parts), axis=-1)
    else:
        location = np.array(point.location)
    return (pose[..., :3, :3] @ location[..., None])[..., 0] + pose[..., :3, 3]


def _counts(point, values):
    shape = next(iter(values.values())).shape if values else ()
    if not isinstance(point, ConditionalPathPoint):
        return np.ones(shape, dtype=bool)
    value, (low, high) = values[point.coordinate], point.range
    return (value >= low - _RANGE_SLACK) & (value <= high + _RANGE_SLACK)


def _across(joint, values):
    """Pose of the child's body in the parent's body."""
    if joint.surface:
        moved = _on_ellipsoid(joint, [values[name] for name in joint.coordinates])
        return _fixed(joint.parent) @ moved @ np.linalg.inv(_fixed(joint.child))
    if joint.axes:
        steps = [
            (i < 3, np.array(axis.axis), axis.function(*(values[n] for n in axis.coordinates)))
            for i, axis in enumerate(joint.axes)
        ]
    else:
        pairs = zip(JOINT_CLASSES[joint.class_name], joint.coordinates, strict=True)
        steps = [(kind == "rotational", _UNIT[axis], values[n]) for (kind, axis), n in pairs]
    moved = _motion(steps, next(iter(values.values())).shape if values else ())
    return _fixed(joint.parent) @ moved @ np.linalg.inv(_fixed(joint.child))


def _on_ellipsoid(joint, values):
    """A frame whose third axis is normal to an ellipsoid, on which it lies; a scapula wings about an axis of its own.

    Simbody's MobilizedBody::Ellipsoid; OpenSim turns the thorax's ellipsoid by a right angle about z, so that abduction
    and elevation are positive (ScapulothoracicJoint.cpp of OpenSim 4.6).
    """
    x, y, z = joint.surface[:3]
    winged = joint.class_name == "ScapulothoracicJoint"
    steps = [(True, axis, value) for axis, value in zip(_UNIT, values, strict=False)]
    moved = _motion(steps, np.shape(values[0]))
    moved[..., :3, 3] = moved[..., :3, 2] * np.array((y, x, z) if winged else (x, y, z))
    if not winged:
        return moved
    origin, direction = joint.surface[3:5], joint.surface[5]
    turned = _motion([(True, _UNIT[2], 0.5 * np.pi)], ())
    axis = np.array([-np.sin(direction), np.cos(direction), 0.0])
    winging = _motion([(True, axis, values[3])], np.shape(values[3]))
    place = np.array([*origin, 0.0])
    winging[..., :3, 3] = place - winging[..., :3, :3] @ place
    return turned @ moved @ np.linalg.inv(turned) @ winging


def _motion(steps, shape):
    """Rotations one after the other; translations along the parent's axes."""
    pose = np.zeros((*shape, 4, 4))
    pose[..., :, :] = np.eye(4)
    for is_rotation, axis, amount in steps:
        axis = axis / np.linalg.norm(axis)
        if is_rotation:
            pose[..., :3, :3] = pose[..., :3, :3] @ _rotation(axis, amount)
        else:
            pose[..., :3, 3] += axis * np.asarray(amount)[..., None]
    return pose


def _rotation(axis, angle):
    """Rotation matrices about a unit axis (Rodrigues), (..., 3, 3)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.asarray(angle)[..., None, None]
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def _fixed(frame):
    """Pose of a frame in its body, (4, 4)."""
    pose = np.eye(4)
    for translation, orientation in frame.offsets:
        steps = zip(_UNIT, orientation, strict=True)
        offset = _motion([(True, axis, angle) for axis, angle in steps], ())
        offset[:3, 3] = translation
        pose = pose @ offset
    return pose
