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

import torch

from .skeleton import GRAVITY


class Linkage:
    """Which segment hangs on which.

    Parameters
    ----------
    joints : sequence of Joint
        A joint without `parent` is fixed to the ground. A load in the hand hangs on every segment that carries no
        other.

    Attributes
    ----------
    turns : Tensor (n_joints, n_joints)
        d(absolute angle of segment i) / d(angle of joint j): 0 or the joint's `direction`.

    Raises
    ------
    ValueError
        When a parent does not stand before its child, or has no `segment_length`.
    """

    def __init__(self, joints):
        names = [joint.name for joint in joints]
        n = len(joints)
        carried = torch.eye(n, dtype=torch.float64)  # [i, j]: joint j moves segment i
        for i, joint in enumerate(joints):
            if joint.parent is not None:
                carried[i] += carried[_parent_index(names, i, joints)]
        self.carried = carried
        self.before = carried - torch.eye(n, dtype=torch.float64)  # without the segment's own joint
        self.turns = carried * torch.tensor([float(joint.direction) for joint in joints], dtype=torch.float64)
        self.is_root = self.before.sum(dim=1) == 0
        self.is_end = (self.before.sum(dim=0) == 0).double()

    def moments(self, parameters, load):
        """Diagonal of H [kg m^2], first moments S [kg m] and lengths L [m], each (..., n_joints); load (..., 1) in kg."""
        p, held = parameters, load * self.is_end
        length, distance = p["segment_length"], p["load_distance"]
        beyond = (p["segment_mass"] + held) @ self.before
        first = p["segment_mass"] * p["center_of_mass"] + held * distance + length * beyond
        return p["moment_of_inertia"] + held * distance**2 + length**2 * beyond, first, length

    def orientation(self, given, parameters):
        """Orientation of every segment (..., n_joints) [rad]: the parameter, or `given` (..., 1) for the first ones."""
        own = parameters["segment_orientation"]
        return own if given is None else torch.where(self.is_root, given, own)

    def segment_angles(self, angle, orientation):
        """Absolute angles of the segments (..., n_joints) [rad], 0 hanging straight down."""
        return angle @ self.turns.T + orientation @ self.carried.T

    def inertia_and_gravity(self, angle, velocity, acceleration, parameters, load, orientation):
        """Torques that the motion takes: M(q) q'' + c(q, q') + g(q).

        Parameters
        ----------
        angle, velocity, acceleration : Tensor (..., n_joints)
            Of the joints, in rad, rad/s and rad/s^2.
        parameters : dict of Tensor (..., n_joints)
        load : Tensor (..., 1)
            Mass in the hand [kg].
        orientation : Tensor (..., n_joints)
            Angle of each segment from its parent's direction (of a first one: from hanging) when the joint angle is 0.

        Returns
        -------
        Tensor (..., n_joints)
            Torque [N m] on each joint, in the direction of its angle.
        """
        diagonal, first, length = self.moments(parameters, load)
        phi = self.segment_angles(angle, orientation)
        sine, cosine = torch.sin(phi), torch.cos(phi)
        turning, swing = acceleration @ self.turns.T, (velocity @ self.turns.T).square()
        # cos(a - b) x + sin(a - b) y = cos(a) (cos(b) x - sin(b) y) + sin(a) (sin(b) x + cos(b) y): the second
        # derivative of u_j, so that no pair of segments needs a cosine of its own.
        forward = self._weigh(cosine * turning - sine * swing, diagonal, first, length)
        upward = self._weigh(sine * turning + cosine * swing, diagonal, first, length)
        return (cosine * forward + sine * (upward + GRAVITY * first)) @ self.turns

    def _weigh(self, x, diagonal, first, length):
        """H x without H: sum_j H_ij x_j, Tensor (..., n_joints)."""
        return diagonal * x + first * ((length * x) @ self.before.T) + length * ((first * x) @ self.before)

    def mass_matrix(self, angle, parameters, load, orientation):
        """M(q) of the equation of motion [kg m^2], Tensor (..., n_joints, n_joints), symmetric."""
        diagonal, first, length = self.moments(parameters, load)
        below = first.unsqueeze(-1) * length.unsqueeze(-2) * self.before
        phi = self.segment_angles(angle, orientation)
        coupled = (below + below.mT) * torch.cos(phi.unsqueeze(-1) - phi.unsqueeze(-2)) + torch.diag_embed(diagonal)
        return self.turns.T @ coupled @ self.turns

    def couple_torque(self, couple):
        """Torque on each joint (..., n_joints) of an external couple (..., 1) [N m] on the last segments."""
        return (couple * self.is_end) @ self.turns


def _parent_index(names, child, joints):
    joint = joints[child]
    if joint.parent not in names[:child]:
        raise ValueError(
            f"Joint {joint.name!r} has the parent {joint.parent!r}, which must be the name of a joint before it. Got the joints {tuple(names)}."
        )
    parent = names.index(joint.parent)
    if "segment_length" not in joints[parent].parameters:
        raise ValueError(
            f"Joint {joint.parent!r} carries {joint.name!r}: give its parameter 'segment_length' [m], the distance between the two."
        )
    return parent


def find_linkage(joints):
    """`Linkage` of the joints; None where each moves a segment of its own, which needs no coupled equations."""
    coupled = any(joint.parent is not None or joint.direction != 1.0 for joint in joints)
    return Linkage(joints) if coupled else None
