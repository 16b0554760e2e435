"""Joints, and the segments that they hinge to one another in a vertical plane: inertia, gravity, centrifugal forces.

Lagrange's equations in the segments' absolute angles phi, measured from hanging straight down. With u = (sin phi, -cos
phi) the direction of a segment, the center of mass of segment i lies at sum_k L_k u_k + r_i u_i, where k runs over the
segments that carry it. So

    kinetic energy    1/2 sum_ij H_ij cos(phi_i - phi_j) phi_i' phi_j'
    potential energy  -g sum_i S_i cos(phi_i)
    sum_j H_ij (cos(phi_i - phi_j) phi_j'' + sin(phi_i - phi_j) phi_j'^2) + g S_i sin(phi_i) = torque on segment i

    S_i  = m_i r_i + L_i M_i                  first moment, M_i the mass that segment i carries at its far end
    H_ii = I_i + L_i^2 M_i                    I_i about the segment's own (proximal) joint
    H_ij = L_j S_i where j carries i, else 0  (and symmetric)

(the double pendulum of Landau and Lifshitz, Mechanics, 3rd ed., section 5, with bodies instead of points; Zajac and
Gordon 1989, Exerc. Sport Sci. Rev. 17, 187-230, for limbs). Joint angles turn segments by phi = T q, so that torques on
joints are T' times those on segments: virtual work.
"""

from dataclasses import dataclass, field

import numpy as np

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


class Linkage:
    """Which segment hangs on which.

    Parameters
    ----------
    joints : sequence of Joint
        A joint without `parent` is fixed to the ground. A load in the hand hangs on every segment that carries no
        other.

    Attributes
    ----------
    turns : ndarray (n_joints, n_joints)
        d(absolute angle of segment i) / d(angle of joint j): 0 or the joint's `direction`.

    Raises
    ------
    ValueError
        When a parent does not stand before its child, or has no `segment_length`.
    """

    def __init__(self, joints):
        names = [joint.name for joint in joints]
        n = len(joints)
        carried = np.eye(n)  # [i, j]: joint j moves segment i
        for i, joint in enumerate(joints):
            if joint.parent is not None:
                carried[i] += carried[_parent_index(names, i, joints)]
        self.carried = carried
        self.before = carried - np.eye(n)  # without the segment's own joint
        self.turns = carried * [float(joint.direction) for joint in joints]
        self.is_root = self.before.sum(axis=1) == 0
        self.is_end = (self.before.sum(axis=0) == 0).astype(np.float64)


def _parent_index(names, child, joints):
    joint = joints[child]
    if joint.parent not in names[:child]:
        raise ValueError(
            f"Joint {joint.name!r} has the parent {joint.parent!r}, which must be the name of a joint before it. Got "
            f"the joints {tuple(names)}."
        )
    parent = names.index(joint.parent)
    if "segment_length" not in joints[parent].parameters:
        raise ValueError(
            f"Joint {joint.parent!r} carries {joint.name!r}: give its parameter 'segment_length' [m], the distance "
            "between the two."
        )
    return parent


def find_linkage(joints):
    """`Linkage` of the joints; None where each moves a segment of its own, which needs no coupled equations."""
    coupled = any(joint.parent is not None or joint.direction != 1.0 for joint in joints)
    return Linkage(joints) if coupled else None
