"""The musculoskeletal model: muscles on a skeleton, and the residual of its equation of motion."""

import torch

from .activation import shape_activation
from .linkage import find_linkage
from .muscle import rigid_tendon_state
from .parameters import DEFINITIONS, SEGMENT_PARAMETERS, ParameterTable, make_parameter
from .path import PathSet
from .skeleton import gravity_torque, inertia, passive_torque

EXOGENOUS = ("hand_load_kg", "segment_orientation_rad", "external_torque_nm")


class MusculoskeletalModel:
    """Muscles that move the joints of a skeleton, with all their parameters.

    The model is immutable: identification returns a new one (`with_values`).

    Parameters
    ----------
    muscles : sequence of Muscle
    joints : sequence of Joint
        One per degree of freedom, in the order of the columns of y. Those with a `parent` form a linkage.
    name : str

    Attributes
    ----------
    parameters : ParameterTable
        One row per parameter of each muscle and coordinate.
    muscle_names, channel_names, coordinate_names : tuple of str
        `channel_names` has the EMG column of each muscle, `coordinate_names` the angles that obey the equation of
        motion.
    prescribed_names : tuple of str
        Angles that are given instead (see `prescribing`).
    torque_scale : Tensor (n_coordinates,)
        Typical torque of each joint [N m].

    Raises
    ------
    ValueError
        When names repeat, a parameter is unknown or has no value.
    """

    def __init__(self, muscles, joints, name="model"):
        self.muscles, self.joints, self.name = tuple(muscles), tuple(joints), name
        self.muscle_names = tuple(muscle.name for muscle in self.muscles)
        self.channel_names = tuple(muscle.emg_channel for muscle in self.muscles)
        joint_names = tuple(joint.name for joint in self.joints)
        names = self.muscle_names + joint_names
        if not self.muscles or not self.joints or len(set(names)) < len(names):
            raise ValueError(f"A model needs muscles and joints with names of their own. Got {names}.")
        self.paths = PathSet([muscle.path for muscle in self.muscles], len(self.joints))
        self.linkage = find_linkage(self.joints)
        of_joints = ("coordinate",) if self.linkage is None else ("coordinate", "linkage")
        self.parameters = ParameterTable(_rows(self.muscles, ("muscle",)) + _rows(self.joints, of_joints))
        self._prescribe(())

    @property
    def n_muscles(self):
        """Number of muscles."""
        return len(self.muscles)

    @property
    def n_coordinates(self):
        """Number of degrees of freedom that obey the equation of motion."""
        return len(self.coordinate_names)

    @property
    def free_joints(self):
        """Joints whose angles obey the equation of motion, tuple of Joint (n_coordinates,)."""
        return tuple(joint for joint in self.joints if joint.name not in self.prescribed_names)

    def __repr__(self):
        return f"MusculoskeletalModel({self.name!r}, muscles={self.muscle_names}, coordinates={self.coordinate_names})"

    def _with_table(self, table):
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, parameters=table)
        return other

    def with_values(self, values):
        """Model with other parameter values, ndarray (n_parameters,); priors and bounds stay."""
        return self._with_table(self.parameters.with_values(values))

    def identifying(self, identify):
        """Model whose free parameters are those named (see `ParameterTable.select`)."""
        return self._with_table(self.parameters.select(identify))

    def with_rows(self, changes):
        """Model with fields of some parameter rows replaced (see `ParameterTable.with_rows`)."""
        return self._with_table(self.parameters.with_rows(changes))

    def _prescribe(self, names):
        self.prescribed_names = tuple(joint.name for joint in self.joints if joint.name in names)
        self.coordinate_names = tuple(joint.name for joint in self.free_joints)
        self.torque_scale = torch.tensor([joint.torque_scale for joint in self.free_joints], dtype=torch.float64)
        self._free = [i for i, joint in enumerate(self.joints) if joint.name not in names]

    def prescribing(self, names):
        """Model some of whose angles are given and move the others, as a measured shoulder moves the elbow.

        Parameters
        ----------
        names : sequence of str
            Coordinates that are prescribed. Their motion is an external input of that name. The equations of the
            others keep the coupling: inertia, centrifugal forces, gravity and muscle paths of the whole. Parameters of
            the prescribed joints themselves (stiffness, damping, stops, goniometer offset) are left out of the table;
            those of their segments remain.

        Returns
        -------
        MusculoskeletalModel

        Raises
        ------
        ValueError
            When a name is no coordinate, or none would be left to obey the equation of motion.
        """
        unknown = [name for name in names if name not in self.coordinate_names]
        if unknown or len(names) == self.n_coordinates:
            raise ValueError(
                f"Only some of the coordinates {self.coordinate_names} of the model {self.name!r} can be prescribed. Got {tuple(names)}."
            )
        rows = [r for r in self.parameters.rows if r.owner not in names or r.name in SEGMENT_PARAMETERS]
        other = self._with_table(ParameterTable(rows))
        other._prescribe((*self.prescribed_names, *names))
        return other

    def exogenous(self, columns, n_frames):
        """Complete set of external inputs.

        Parameters
        ----------
        columns : dict of array (n_frames,)
            Any of "hand_load_kg" [kg], "segment_orientation_rad" [rad] and "external_torque_nm" [N m], and every
            prescribed angle [rad] by its name.
        n_frames : int

        Returns
        -------
        dict of Tensor (n_frames, 1)
            A missing load is 0 kg; a missing orientation is left to the parameter of that name.

        Raises
        ------
        ValueError
            When a prescribed angle is missing.
        """
        missing = [name for name in self.prescribed_names if name not in columns]
        if missing:
            raise ValueError(f"The model {self.name!r} needs the prescribed angles {missing}. Got {sorted(columns)}.")
        given = {n: torch.as_tensor(v, dtype=torch.float64).reshape(n_frames, 1) for n, v in columns.items()}
        given.setdefault("hand_load_kg", torch.zeros(n_frames, 1, dtype=torch.float64))
        return given

    def activation(self, state, parameters=None):
        """Activations (..., n_muscles) from the activation dynamics' state (..., n_muscles)."""
        p = self.parameters.as_dict() if parameters is None else parameters
        return shape_activation(state, p["emg_shape_factor"])

    def _whole(self, motion, derivative, exogenous):
        """All joints' angles (derivative 0), velocities (1) or accelerations (2): those of the equation of motion
        (..., n_coordinates) with the prescribed ones at their places.
        """
        if not self.prescribed_names:
            return motion
        columns = dict(zip(self.coordinate_names, motion.unbind(-1), strict=True))
        columns |= {name: exogenous[name][..., derivative] for name in self.prescribed_names}
        return torch.stack([columns[joint.name] for joint in self.joints], dim=-1)

    def _of_free(self, x):
        """What concerns the equations of motion of x (..., n_joints)."""
        return x[..., self._free] if self.prescribed_names else x

    def muscle_state(self, angle, velocity, activation, parameters=None, exogenous=None):
        """Geometry and forces of the muscles.

        Parameters
        ----------
        angle, velocity : Tensor (..., n_coordinates)
            Joint angles [rad] and angular velocities [rad/s].
        activation : Tensor (..., n_muscles)
        parameters : dict of Tensor, optional
            Parameters by name, broadcastable to the frames; default: the model's own.
        exogenous : dict of Tensor, optional
            As in `residual`; needed where angles are prescribed.

        Returns
        -------
        MuscleState
            Fields (..., n_muscles): fiber length [m], fiber velocity [m/s], cosine of pennation, tendon force [N].
        moment_arm : Tensor (..., n_coordinates, n_muscles)
            Moment arms [m].
        """
        p = self.parameters.as_dict() if parameters is None else parameters
        angle, velocity = self._whole(angle, 0, exogenous), self._whole(velocity, 1, exogenous)
        length, moment_arm = self.paths.length_and_moment_arm(angle, p["moment_arm_scale"])
        lengthening = -(moment_arm * velocity.unsqueeze(-1)).sum(-2)  # dl/dt = dl/dq q' = -R q'
        own = moment_arm[..., self._free, :] if self.prescribed_names else moment_arm
        return rigid_tendon_state(length, lengthening, activation, p), own

    def muscle_torque(self, angle, velocity, activation, parameters=None, exogenous=None):
        """Torque of all muscles on each joint [N m], (..., n_coordinates): sum_m R_m F_m."""
        muscles, moment_arm = self.muscle_state(angle, velocity, activation, parameters, exogenous)
        return _torque(moment_arm, muscles)

    def residual(self, angle, velocity, acceleration, activation, parameters=None, exogenous=None):
        """Residual of the equation of motion.

        Parameters
        ----------
        angle, velocity, acceleration : Tensor (..., n_coordinates)
            Joint angles [rad] and their first and second derivatives with respect to time.
        activation : Tensor (..., n_muscles)
            Activations between 0 and 1.
        parameters : dict of Tensor, optional
            Parameters by name, each broadcastable to the frames; default: the model's own.
        exogenous : dict of Tensor (..., 1), optional
            "hand_load_kg" [kg], "segment_orientation_rad" [rad] and "external_torque_nm" [N m] per frame: the mass at
            the end, the orientation of the first segment and a couple on the last one. Of each prescribed angle a
            Tensor (..., 3): angle [rad], velocity and acceleration.

        Returns
        -------
        Tensor (..., n_coordinates)
            M q'' + c - tau_gravity - tau_passive - tau_external - sum_m R_m F_m [N m]; zero on a trajectory of the
            model. The centrifugal c of a single segment is zero.
        """
        return self.residual_and_muscles(angle, velocity, acceleration, activation, parameters, exogenous)[0]

    def residual_and_muscles(self, angle, velocity, acceleration, activation, parameters=None, exogenous=None):
        """As `residual`, with the `MuscleState` behind it: (Tensor (..., n_coordinates), MuscleState)."""
        p = self.parameters.as_dict() if parameters is None else parameters
        exogenous = exogenous or {}
        none = torch.zeros_like(angle[..., :1])
        load, external = (exogenous.get(name, none) for name in ("hand_load_kg", "external_torque_nm"))
        orientation = exogenous.get("segment_orientation_rad", p["segment_orientation"])
        passive = passive_torque(angle, velocity, activation.sum(-1, keepdim=True), p)
        muscles, moment_arm = self.muscle_state(angle, velocity, activation, p, exogenous)
        motion = [self._whole(x, k, exogenous) for k, x in enumerate((angle, velocity, acceleration))]
        if self.linkage is None:
            taken = inertia(p, load) * motion[2] - gravity_torque(motion[0], p, load, orientation)
        else:
            orientation = self.linkage.orientation(exogenous.get("segment_orientation_rad"), p)
            taken = self.linkage.inertia_and_gravity(*motion, p, load, orientation)
            external = self._of_free(self.linkage.couple_torque(external))
        return self._of_free(taken) - passive - external - _torque(moment_arm, muscles), muscles

    def mass_matrix(self, angle, parameters=None, exogenous=None):
        """M(q) of the equation of motion.

        Parameters
        ----------
        angle : Tensor (..., n_coordinates)
            Joint angles [rad].
        parameters, exogenous : dict of Tensor, optional
            As in `residual`.

        Returns
        -------
        Tensor (..., n_coordinates, n_coordinates)
            Symmetric and positive definite [kg m^2].
        """
        p = self.parameters.as_dict() if parameters is None else parameters
        exogenous = exogenous or {}
        load = exogenous.get("hand_load_kg", torch.zeros_like(angle[..., :1]))
        if self.linkage is None:
            return torch.diag_embed(self._of_free(inertia(p, load)).expand_as(angle))
        orientation = self.linkage.orientation(exogenous.get("segment_orientation_rad"), p)
        whole = self.linkage.mass_matrix(self._whole(angle, 0, exogenous), p, load, orientation)
        return whole[..., self._free, :][..., :, self._free]


def _torque(moment_arm, muscles):
    """sum_m R_m F_m, (..., n_coordinates) [N m]: virtual work."""
    return (moment_arm * muscles.tendon_force.unsqueeze(-2)).sum(-1)


def _rows(parts, owners):
    rows = []
    definitions = [d for d in DEFINITIONS.values() if d.owner in owners]
    for part in parts:
        unknown = sorted(set(part.parameters) - {d.name for d in definitions})
        if unknown:
            raise ValueError(
                f"{part.name!r} is given unknown {owners[0]} parameters {unknown}. Known: {[d.name for d in definitions]}."
            )
    for d in definitions:
        rows += [make_parameter(d, part.name, part.parameters.get(d.name)) for part in parts]
    return rows
