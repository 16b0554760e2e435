"""What an OpenSim model file holds, as plain values: frozen dataclasses in SI units."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Body:
    """A rigid body: mass [kg], centre of mass [m], inertia (xx, yy, zz, xy, xz, yz) [kg m2]."""

    name: str
    mass: float
    mass_center: tuple
    inertia: tuple
    fault: str = ""


@dataclass(frozen=True)
class Frame:
    """A frame fixed to a body.

    Attributes
    ----------
    body : str
        Name of the body; "ground" for the ground.
    offsets : tuple of (translation, orientation)
        From the body outwards: position [m] and body-fixed x-y-z angles [rad] of each frame in
        the one before. Empty: the body's own frame.
    """

    body: str
    offsets: tuple = ()


@dataclass(frozen=True)
class TransformAxis:
    """One of the six steps of a CustomJoint: how far along or about an axis.

    Attributes
    ----------
    coordinates : tuple of str
        The function's arguments.
    axis : tuple of 3 floats
    function : callable
        Of `functions`; to rad or m.
    """

    coordinates: tuple
    axis: tuple
    function: object


@dataclass(frozen=True)
class Joint:
    """How one frame moves in another.

    Attributes
    ----------
    name : str
    class_name : str
        OpenSim's class, such as "PinJoint".
    parent, child : Frame
    coordinates : tuple of str
        In the order of the class's degrees of freedom.
    axes : tuple of 6 TransformAxis
        Three rotations, then three translations; of a CustomJoint, empty for the others.
    fault : str
        Why its motion cannot be told; empty where it can.
    surface : tuple of float
        Of an EllipsoidJoint its three radii [m]; of a ScapulothoracicJoint behind them the origin (x, y) [m] and the
        direction [rad] of the winging axis.
    """

    name: str
    class_name: str
    parent: Frame | None
    child: Frame | None
    coordinates: tuple
    axes: tuple = ()
    fault: str = ""
    surface: tuple = ()


@dataclass(frozen=True)
class Coordinate:
    """A generalised coordinate.

    Attributes
    ----------
    name, joint : str
    motion_type : {"rotational", "translational", "coupled", "unknown"}
        Coupled: it moves a joint in another way than by its own amount. OpenSim converts only
        rotational ones from degrees. Unknown: of a joint that cannot be read.
    default_value : float
        [rad] or [m].
    range : tuple of 2 floats
        [rad] or [m]; infinite where it has no end.
    locked, clamped : bool
    prescribed : callable or None
        Function of time [s] that the file prescribes for it.
    """

    name: str
    joint: str
    motion_type: str
    default_value: float
    range: tuple
    locked: bool
    clamped: bool
    prescribed: object = None


@dataclass(frozen=True)
class Coupler:
    """dependent = scale * function(independent...), a CoordinateCouplerConstraint."""

    dependent: str
    independent: tuple
    function: object
    scale: float
    name: str = ""


@dataclass(frozen=True)
class Component:
    """A force, a constraint or a controller that has no counterpart here, and what it acts on.

    Attributes
    ----------
    kind : {"force", "constraint", "actuator", "controller"}
    class_name, name : str
    bodies, coordinates : frozenset of str
        Those that its element names, by way of frames and contact geometry, too.
    driven : frozenset of str
        Actuators of a controller; "ALL" may be among them.
    """

    kind: str
    class_name: str
    name: str
    bodies: frozenset
    coordinates: frozenset
    driven: frozenset = frozenset()

    def __str__(self):
        return f"{self.class_name} {self.name!r}"


@dataclass(frozen=True)
class CoordinateSpring:
    """A SpringGeneralizedForce: stiffness [N m/rad] about a rest angle [rad], viscosity [N m s/rad]."""

    stiffness: float
    rest_angle: float
    viscosity: float
    name: str = ""


@dataclass(frozen=True)
class CoordinateLimit:
    """A CoordinateLimitForce: limits [rad], stiffness beyond them [N m/rad], onset [rad], damping [N m s/rad]."""

    lower: float
    upper: float
    lower_stiffness: float
    upper_stiffness: float
    transition: float
    damping: float = 0.0
    name: str = ""


@dataclass(frozen=True)
class PathPoint:
    """A point of a muscle's path, at `location` [m] in a frame."""

    name: str
    frame: Frame
    location: tuple


@dataclass(frozen=True)
class ConditionalPathPoint(PathPoint):
    """A point that counts only while a coordinate is within a range."""

    coordinate: str
    range: tuple


@dataclass(frozen=True)
class MovingPathPoint(PathPoint):
    """A point whose x, y and z are functions of one coordinate each; `location` is unused."""

    coordinates: tuple
    functions: tuple


@dataclass(frozen=True)
class FunctionPath:
    """A FunctionBasedPath: length [m] and, where given, moment arms [m] as functions of coordinates."""

    coordinates: tuple
    length: object
    moment_arms: tuple


@dataclass(frozen=True)
class OsimMuscle:
    """A muscle as the file describes it.

    Attributes
    ----------
    name : str
    class_name : str
        OpenSim's class, such as "Thelen2003Muscle".
    parameters : dict
        Values [SI units] by the names that muscles have here, such as "max_isometric_force".
    curve_properties : dict
        Constants of the curves (see `Muscle`), where they are not the family's.
    departures : dict
        Tag to text of what changes its force and has no counterpart here.
    minimum_activation : float
    rigid_tendon : bool
        Whether the model ignores the tendon's compliance.
    applies_force : bool
        Whether it takes part in the model's dynamics.
    path_class : str
        OpenSim's class of the path, such as "GeometryPath".
    points : tuple of PathPoint
        Of a GeometryPath, else empty.
    wraps : tuple of str
        Names of the wrap objects that the path may touch.
    function : FunctionPath or None
    bodies, coordinates : frozenset of str
        Those that its path names.
    fault : str
        Why it cannot be used; empty where it can.
    """

    name: str
    class_name: str
    parameters: dict
    curve_properties: dict
    departures: dict
    minimum_activation: float
    rigid_tendon: bool
    applies_force: bool
    path_class: str
    points: tuple
    wraps: tuple
    function: FunctionPath | None
    bodies: frozenset
    coordinates: frozenset
    fault: str = ""


@dataclass(frozen=True)
class WrapObject:
    """A surface that paths may wrap over: its class, such as "WrapCylinder", and its body."""

    name: str
    class_name: str
    body: str
    active: bool
    used_by: tuple


@dataclass(frozen=True)
class OsimModel:
    """An OpenSim model file.

    Attributes
    ----------
    name : str
    version : int
        Of the document, such as 40000.
    gravity : tuple of 3 floats
        [m/s2].
    bodies, joints, coordinates, muscles, wrap_objects : dict
        Name to `Body`, `Joint`, `Coordinate`, `OsimMuscle`, `WrapObject`; in the file's order.
        What cannot be read has a `fault`; using it is a ValueError.
    couplers : tuple of Coupler
        Those that are enforced.
    springs, limits : dict
        Coordinate to `CoordinateSpring`, `CoordinateLimit`.
    others : tuple of Component
        Forces that act, and enforced constraints, that are none of these.
    notes : tuple of str
        What OpenSim does with names that the file has twice.
    path : str
        The file.
    """

    name: str
    version: int
    gravity: tuple
    bodies: dict
    joints: dict
    coordinates: dict
    muscles: dict
    wrap_objects: dict
    couplers: tuple
    springs: dict
    limits: dict
    others: tuple
    notes: tuple = ()
    path: str = ""

    @property
    def faults(self):
        """What cannot be read, tuple of str: it does not matter as long as nothing asks for it."""
        items = [*self.joints.values(), *self.muscles.values(), *self.bodies.values()]
        return tuple(item.fault for item in items if item.fault)
