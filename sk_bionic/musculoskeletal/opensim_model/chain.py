"""The planar chain that some angles of an OpenSim model make: who carries whom, axes, hinges, masses."""

from math import atan2, pi
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from ..skeleton import GRAVITY
from .geometry import body_poses
from .joints import GROUND
from .weighing import weighed

STEP = 0.1  # rad, by which an angle is moved to see what hangs on it
N_SAMPLES = 21  # postures in which a joint's motion is compared with a hinge's
LARGEST_TILT = 0.35  # rad; of an axis from the first one's
LARGEST_GLIDE = 0.03  # m; what a hinge may miss of a joint's translation
TURNING_TOLERANCE = 0.05  # of an angle, by which a body may turn more or less than it
LEAST_TURNING = 0.02  # rad; less than that it may always


class Segment(NamedTuple):
    """A rigid segment of a planar chain, in the terms of `Joint`.

    Attributes
    ----------
    coordinate : str
    parent : str or None
        Coordinate of the segment that carries it.
    direction : float
        1.0 where it turns as the first coordinate's, else -1.0.
    bodies : tuple of str
        Those that it consists of.
    moment_of_inertia : float
        About the joint's own axis [kg m2].
    mass, center_of_mass, length, orientation : float
        [kg], [m], [m], [rad]; length 0.0 of a segment that carries none.
    glide : float
        Root mean square of what the hinge misses of the joint's translation [m].
    aside : float
        How far the center of mass lies aside of the line between the joints [m].
    """

    coordinate: str
    parent: str | None
    direction: float
    bodies: tuple
    moment_of_inertia: float
    mass: float
    center_of_mass: float
    length: float
    orientation: float
    glide: float
    aside: float


class _Hinge(NamedTuple):
    """A point of the carrying segment in the ground; from it in the plane, to the center of mass and the far end."""

    point: np.ndarray
    arms: list
    glide: float


def planar_chain(model, coordinates, ranges, posture):
    """Segments that some angles of a model move, in one plane.

    Parameters
    ----------
    model : OsimModel
    coordinates : sequence of str
        From proximal to distal.
    ranges : dict of str to tuple
        Of each coordinate [rad].
    posture : dict of str to float
        Values of other coordinates, where they are not the model's defaults.

    Returns
    -------
    list of Segment

    Raises
    ------
    ValueError
        Where the coordinates make no planar chain of hinges: an axis is tilted by more than 20 degrees from the first
        one, a joint glides by more than 3 cm, a segment carries two others or stands before the one that carries it.
    """
    chain = _Chain(model, coordinates, ranges, posture)
    return weighed(model, chain.segments(), chain.base, ranges)


class _Chain:
    def __init__(self, model, coordinates, ranges, posture):
        self.model, self.coordinates, self.ranges = model, tuple(coordinates), ranges
        self.base = dict(posture)
        for name in coordinates:
            self.base[name] = float(np.clip(model.coordinates[name].default_value, *ranges[name]))
        self.poses = body_poses(model, self.base)
        self.moved = {name: self._moved_by(name) for name in coordinates}
        self.parents = {name: self._parent(name) for name in coordinates}
        self.own = {name: self._own_bodies(name) for name in coordinates}
        for name in coordinates:
            self._check_mass(name)
        self.motions = {name: self._motion(name) for name in coordinates}
        self._span_plane()
        self.children = {parent: name for name, parent in self.parents.items() if parent is not None}
        self.hinges = {}
        for name in reversed(self.coordinates):  # a segment's far end is the hinge of the one that it carries
            self.hinges[name] = self._hinge(name)

    def fault(self, message):
        return ValueError(
            f"The coordinates {list(self.coordinates)} of {self.model.name!r} make no planar chain: {message}"
        )

    def _moved_by(self, name):
        own = self.model.joints[self.model.coordinates[name].joint]
        if own.fault:
            raise ValueError(own.fault)
        self.poses[own.child.body]  # a ValueError where a joint before it cannot be read
        other = body_poses(self.model, {**self.base, name: self.base[name] + STEP})
        moved = frozenset(b for b, pose in other.items() if np.abs(pose - self.poses[b]).max() > 1e-9)
        for joint in self.model.joints.values():  # what hangs on them by a joint that cannot be read
            if joint.fault and any(frame is not None and frame.body in moved for frame in (joint.parent, joint.child)):
                raise ValueError(joint.fault)
        if not moved:
            raise self.fault(f"nothing hangs on {name!r}.")
        return moved

    def _parent(self, name):
        """The coordinate before this one whose bodies hold all of this one's, the nearest."""
        own, k = self.moved[name], self.coordinates.index(name)
        for other in self.coordinates:
            theirs = self.moved[other]
            if other != name and (own & theirs) and not (own < theirs or theirs < own):
                raise self.fault(f"{name!r} and {other!r} turn the same bodies; a hinge has one angle.")
        carriers = [other for other in self.coordinates if own < self.moved[other]]
        late = [other for other in carriers if other not in self.coordinates[:k]]
        if late:
            raise self.fault(f"{late[0]!r} carries {name!r} and must stand before it.")
        return min(carriers, key=lambda other: len(self.moved[other]), default=None)

    def _own_bodies(self, name):
        children = [other for other in self.coordinates if self.parents[other] == name]
        if len(children) > 1:
            raise self.fault(f"the segment of {name!r} carries both {children[0]!r} and {children[1]!r}.")
        carried = frozenset().union(*(self.moved[other] for other in children))
        return tuple(body for body in self.model.bodies if body in self.moved[name] - carried)

    def _check_mass(self, name):
        faults = [self.model.bodies[body].fault for body in self.own[name] if self.model.bodies[body].fault]
        if faults:
            raise ValueError(faults[0])
        if not sum(self.model.bodies[body].mass for body in self.own[name]) > 0:
            raise self.fault(
                f"the bodies {list(self.own[name])} between {name!r} and the next coordinate have no mass; leave "
                "it out or give them some."
            )

    def _main_body(self, name):
        """The heaviest body of a segment; the others (a patella) may glide on it."""
        if name is None:
            return GROUND
        return max(self.own[name], key=lambda body: self.model.bodies[body].mass)

    def _motion(self, name):
        """Motion (N_SAMPLES, 4, 4) of the segment from its base posture, in the ground; the angles from there; axis."""
        angles = np.linspace(*self.ranges[name], N_SAMPLES)
        poses = body_poses(self.model, {**self.base, name: angles})
        body = self._main_body(name)
        motion = poses[body] @ np.linalg.inv(self.poses[body])
        turns = Rotation.from_matrix(motion[-1, :3, :3] @ motion[0, :3, :3].T).as_rotvec()
        turned, span = np.linalg.norm(turns), angles[-1] - angles[0]
        if span > 0.9 * pi:  # the rotation vector ends at pi: the middle posture tells the whole
            half = Rotation.from_matrix(motion[-1, :3, :3] @ motion[N_SAMPLES // 2, :3, :3].T).as_rotvec()
            turns, turned = 2 * half, 2 * np.linalg.norm(half)
        if abs(turned - span) > max(TURNING_TOLERANCE * span, LEAST_TURNING):
            raise self.fault(
                f"{body!r} turns by {turned:.3g} rad while {name!r} changes by {span:.3g}; only hinges can be taken."
            )
        return motion, angles - self.base[name], turns / turned

    def _span_plane(self):
        self.normal = self.motions[self.coordinates[0]][2]
        gravity = np.array(self.model.gravity)
        in_plane = gravity - (gravity @ self.normal) * self.normal
        self.gravity = float(np.linalg.norm(in_plane))
        if len(self.coordinates) > 1 and abs(self.gravity / GRAVITY - 1) > 0.02:
            raise self.fault(
                f"gravity in its plane is {self.gravity:.3g} m/s2; several joints need a vertical plane and "
                f"{GRAVITY} m/s2."
            )
        down = in_plane / self.gravity if self.gravity > 1e-6 else np.cross(self.normal, _least_along(self.normal))
        self.plane = np.stack([np.cross(-down, self.normal), -down])  # forward, up
        self.directions = {}
        for name in self.coordinates:
            cosine = float(self.motions[name][2] @ self.normal)
            self.directions[name] = float(np.sign(cosine) or 1.0)
            tilt = float(np.arccos(min(1.0, abs(cosine))))
            if tilt > LARGEST_TILT:
                raise self.fault(
                    f"the axis of {name!r} is tilted by {np.rad2deg(tilt):.0f} degrees from that of "
                    f"{self.coordinates[0]!r} in this posture. Give another `posture` or other coordinates."
                )

    def _hinge(self, name):
        """Where on the carrying segment the hinge lies, and from there what the segment moves, in the plane.

        The hinge about which the projections of the center of mass and of the far end turn best.
        """
        motion, angle, _ = self.motions[name]
        points = [self._mass(name)[1]]
        if name in self.children:
            points.append(self.hinges[self.children[name]].point)
        seen = [(motion[:, :3, :3] @ point + motion[:, :3, 3]) @ self.plane.T for point in points]
        turned = self.directions[name] * angle
        cosine, sine = np.cos(turned), np.sin(turned)
        rotation = np.stack([np.stack([cosine, -sine], -1), np.stack([sine, cosine], -1)], -2)
        fixed = np.broadcast_to(np.eye(2), rotation.shape)
        none = np.zeros_like(rotation)
        # seen = hinge + rotation @ arm, for the hinge and every point's arm
        rows = [[fixed, *(rotation if i == k else none for i in range(len(points)))] for k in range(len(points))]
        matrix = np.concatenate([np.concatenate(row, axis=2).reshape(-1, 2 * len(row)) for row in rows])
        rhs = np.concatenate([positions.reshape(-1) for positions in seen])
        found = np.linalg.lstsq(matrix, rhs, rcond=None)[0]
        missed = (matrix @ found - rhs).reshape(-1, 2)
        glide = float(np.sqrt((missed**2).sum(axis=1).mean()))
        if glide > LARGEST_GLIDE:
            raise self.fault(
                f"the joint of {name!r} glides by {1e3 * glide:.0f} mm (root mean square), too much for a hinge."
            )
        hinge, *arms = found.reshape(-1, 2)
        return _Hinge(hinge @ self.plane + self._height(name) * self.normal, arms, glide)

    def _height(self, name):
        """Of the joint along the plane's normal."""
        joint = self.model.joints[self.model.coordinates[name].joint]
        return self.normal @ self.poses[joint.child.body][:3, 3]

    def segments(self):
        return [self._segment(name) for name in self.coordinates]

    def _segment(self, name):
        to_center, *to_end = self.hinges[name].arms
        distance, length, aside, along = float(np.linalg.norm(to_center)), 0.0, 0.0, to_center
        if to_end:
            along = to_end[0]
            length = float(np.linalg.norm(along))
            distance = float(to_center @ along) / length
            aside = abs(float(along[0] * to_center[1] - along[1] * to_center[0])) / length
        if len(self.coordinates) == 1:
            distance *= self.gravity / GRAVITY  # exact: the weight counts as it lies in the plane
        if distance < 0:
            raise self.fault(f"the center of mass of the segment of {name!r} lies beyond its joint.")
        mass, _, inertia = self._mass(name)
        return Segment(
            name, self.parents[name], self.directions[name], self.own[name], inertia, mass, distance, length,
            self._orientation(name, along), self.hinges[name].glide, aside,
        )  # fmt: skip

    def _mass(self, name):
        """Mass, its center in the ground, and moment of inertia about the joint's own axis."""
        axis, point = self.motions[name][2], self._point_on_axis(name)
        mass, moment, inertia = 0.0, np.zeros(3), 0.0
        for body in (self.model.bodies[b] for b in self.own[name]):
            pose = self.poses[body.name]
            center = pose[:3, :3] @ np.array(body.mass_center) + pose[:3, 3]
            own_axis = pose[:3, :3].T @ axis
            inertia += own_axis @ _matrix(body.inertia) @ own_axis
            inertia += body.mass * float(np.sum(np.cross(axis, center - point) ** 2))
            mass, moment = mass + body.mass, moment + body.mass * center
        return mass, moment / mass, float(inertia)

    def _point_on_axis(self, name):
        """The point of the segment that moves least, the nearest to the joint's frame."""
        motion = self.motions[name][0]
        joint = self.model.joints[self.model.coordinates[name].joint]
        origin = self.poses[joint.child.body][:3, 3]
        rotation, still = motion[:, :3, :3], np.broadcast_to(-np.eye(3), motion[:, :3, :3].shape)
        matrix = np.concatenate([rotation, still], axis=2).reshape(-1, 6)
        rhs = (origin - motion[:, :3, 3] - rotation @ origin).reshape(-1)
        return origin + np.linalg.lstsq(matrix, rhs, rcond=1e-9)[0][:3]

    def _orientation(self, name, along):
        """Angle from the carrying segment (or from hanging) when the coordinate is 0."""
        absolute = self._absolute(along)
        parent = self.parents[name]
        before = 0.0 if parent is None else self._absolute(self.hinges[parent].arms[1])
        return float((absolute - before - self.directions[name] * self.base[name] + pi) % (2 * pi) - pi)

    def _absolute(self, along):
        return atan2(along[0], -along[1]) if np.linalg.norm(along) > 0 else 0.0


def _least_along(normal):
    """The unit vector that is least along `normal`."""
    return np.eye(3)[np.argmin(np.abs(normal))]


def _matrix(inertia):
    xx, yy, zz, xy, xz, yz = inertia
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
