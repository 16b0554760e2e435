"""Segments hinged to one another in a vertical plane: inertia, centrifugal forces and gravity of the whole linkage.

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

import numpy as np


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
