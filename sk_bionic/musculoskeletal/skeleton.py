"""The joint: its description."""

from dataclasses import dataclass, field

GRAVITY = 9.80665  # m/s^2, standard gravity


@dataclass(frozen=True)
class Joint:
    """Description of a hinge that moves one rigid segment in a vertical plane, alone or on another segment.

    Parameters
    ----------
    name : str
        Name of the coordinate.
    torque_scale : float
        Typical torque of the joint [N m]; residuals are divided by it before they meet a loss or a tolerance.
    parameters : dict
        Values of the coordinate's parameters by name, as in `Muscle`. `moment_of_inertia` and `segment_mass` have no
        default.
    limits_from_data : bool
        Place the stops at the ends of the recorded range of motion before identification, for limbs that rest on a
        seat or a floor.
    parent : str, optional
        Joint whose segment carries this one at its far end, `segment_length` away from that joint. Default: the
        ground, so that several joints without parents do not feel one another.
    direction : {1.0, -1.0}
        Sense in which a growing angle turns the segment; 1.0 swings a hanging segment forward. A knee's flexion has
        -1.0 where the hip's has 1.0.

    Examples
    --------
    >>> from sk_bionic.musculoskeletal import Joint
    >>> parameters = {"moment_of_inertia": 0.07, "segment_mass": 1.5, "center_of_mass": 0.18}
    >>> Joint("elbow_flexion", torque_scale=3.0, parameters=parameters).name
    'elbow_flexion'
    """

    name: str
    torque_scale: float = 1.0
    parameters: dict = field(default_factory=dict)
    limits_from_data: bool = False
    parent: str | None = None
    direction: float = 1.0


@dataclass(frozen=True)
class Coordinate:
    """Description of an angle of which moments are known, but no segment that it moves.

    A hip's rotation or a subtalar joint, for example.
    A model with one of these has no skeleton. It knows muscle forces and moments along a measured motion, not what
    motion they lead to.

    Parameters
    ----------
    name : str
        Name of the coordinate.
    torque_scale : float
        Typical moment [N m].
    parameters : dict
        Values of its passive tissue by name, as in `Joint`: stiffness, damping, stops. Default: none of it acts.

    Examples
    --------
    >>> from sk_bionic.musculoskeletal import Coordinate
    >>> Coordinate("hip_rotation_r").name
    'hip_rotation_r'
    """

    name: str
    torque_scale: float = 1.0
    parameters: dict = field(default_factory=dict)
    limits_from_data = False  # as of a `Joint`
    parent = None
    direction = 1.0
