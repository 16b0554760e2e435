"""The musculoskeletal model: muscles on a skeleton, and the residual of its equation of motion."""

import numpy as np
import torch

from .activation import ActivationShape
from .families import CurveSet
from .muscle import rigid_tendon_state
from .parameters import DEFINITIONS, ParameterTable, make_parameter
from .path import PathSet
from .skeleton import gravity_torque, inertia, passive_torque
from .tendon import elastic_tendon_state, static_tendon_state

EXOGENOUS = ("hand_load_kg", "segment_orientation_rad", "external_torque_nm")


class MusculoskeletalModel:
    """Muscles that move the joints of a skeleton, with all their parameters.

    The model is immutable: identification returns a new one (`with_values`).

    Parameters
    ----------
    muscles : sequence of Muscle
    joints : sequence of Joint
        One per degree of freedom, in the order of the columns of y.
    name : str

    Attributes
    ----------
    parameters : ParameterTable
        One row per parameter of each muscle and coordinate.
    muscle_names, channel_names, coordinate_names : tuple of str
        `channel_names` has the EMG column of each muscle, or its mixture of columns in words.
    channels : tuple of str
        Distinct EMG columns that the model needs.
    channel_weights : ndarray (n_muscles, n_channels)
        Weight of each column in each muscle's excitation.
    synthesized_muscles : tuple of str
        Muscles without EMG of their own, driven by a mixture.
    torque_scale : Tensor (n_coordinates,)
        Typical torque of each joint [N m].
    elastic : Tensor (n_muscles,) of bool
        Muscles whose tendons stretch.

    Raises
    ------
    ValueError
        When names repeat, a parameter is unknown or has no value.
    """

    def __init__(self, muscles, joints, name="model"):
        self.muscles, self.joints, self.name = tuple(muscles), tuple(joints), name
        self.muscle_names = tuple(muscle.name for muscle in self.muscles)
        self.channel_names = tuple(muscle.emg_channel for muscle in self.muscles)
        self.channels = tuple(dict.fromkeys(name for muscle in self.muscles for name in muscle.channel_weights))
        weights = [[muscle.channel_weights.get(name, 0.0) for name in self.channels] for muscle in self.muscles]
        self.channel_weights = np.array(weights)
        self.synthesized_muscles = tuple(muscle.name for muscle in self.muscles if muscle.is_synthesized)
        self.coordinate_names = tuple(joint.name for joint in self.joints)
        names = self.muscle_names + self.coordinate_names
        if not self.muscles or not self.joints or len(set(names)) < len(names):
            raise ValueError(f"A model needs muscles and joints with names of their own. Got {names}.")
        self.paths = PathSet([muscle.path for muscle in self.muscles], self.n_coordinates)
        self.torque_scale = torch.tensor([joint.torque_scale for joint in self.joints], dtype=torch.float64)
        self.shape = ActivationShape([muscle.activation_shape for muscle in self.muscles])
        self.curves = CurveSet([muscle.curves for muscle in self.muscles])
        self.elastic = torch.tensor([muscle.tendon == "elastic" for muscle in self.muscles])
        self.parameters = ParameterTable(_rows(self.muscles, "muscle") + _rows(self.joints, "coordinate"))

    @property
    def n_muscles(self):
        """Number of muscles."""
        return len(self.muscles)

    @property
    def n_coordinates(self):
        """Number of degrees of freedom."""
        return len(self.joints)

    @property
    def n_tendon_states(self):
        """Number of elastic tendons."""
        return int(self.elastic.sum())

    @property
    def n_states(self):
        """Number of unknown functions of time of the implicit residual: coordinates, then elastic tendons."""
        return self.n_coordinates + self.n_tendon_states

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

    def exogenous(self, columns, n_frames):
        """Complete set of external inputs.

        Parameters
        ----------
        columns : dict of array (n_frames,)
            Any of "hand_load_kg" [kg], "segment_orientation_rad" [rad] and "external_torque_nm" [N m].
        n_frames : int

        Returns
        -------
        dict of Tensor (n_frames, 1)
            A missing load is 0 kg; a missing orientation is left to the parameter of that name.
        """
        given = {n: torch.as_tensor(v, dtype=torch.float64).reshape(n_frames, 1) for n, v in columns.items()}
        given.setdefault("hand_load_kg", torch.zeros(n_frames, 1, dtype=torch.float64))
        return given

    def activation(self, state, parameters=None):
        """Activations (..., n_muscles) from the activation dynamics' state (..., n_muscles)."""
        p = self.parameters.as_dict() if parameters is None else parameters
        return self.shape(state, p["emg_shape_factor"])

    def muscle_state(self, angle, velocity, activation, parameters=None, *, tendon=None):
        """Geometry and forces of the muscles.

        Parameters
        ----------
        angle, velocity : Tensor (..., n_coordinates)
            Joint angles [rad] and angular velocities [rad/s].
        activation : Tensor (..., n_muscles)
        parameters : dict of Tensor, optional
            Parameters by name, broadcastable to the frames; default: the model's own.
        tendon : tuple of Tensor (..., n_tendon_states), optional
            State of each elastic tendon and its derivative [1/s]. Default: in equilibrium with the fiber, the tendon's
            own velocity neglected (quasi-static).

        Returns
        -------
        MuscleState
            Fields (..., n_muscles): fiber length [m], fiber velocity [m/s], cosine of pennation, tendon force [N].
        moment_arm : Tensor (..., n_coordinates, n_muscles)
            Moment arms [m].
        """
        p = self.parameters.as_dict() if parameters is None else parameters
        length, lengthening, moment_arm = self._muscle_tendon_units(angle, velocity, p)
        if not self.n_tendon_states:
            return rigid_tendon_state(length, lengthening, activation, p, self.curves), moment_arm
        if tendon is None:
            z = self._static_tendon_state(length, lengthening, activation, p)
            tendon = z, torch.zeros_like(z)
        return self._elastic_state(tendon, length, lengthening, activation, p)[0], moment_arm

    def static_tendon_state(self, angle, velocity, activation, parameters=None):
        """State (..., n_tendon_states) of the elastic tendons in equilibrium, their own velocity neglected."""
        p = self.parameters.as_dict() if parameters is None else parameters
        length, lengthening, _ = self._muscle_tendon_units(angle, velocity, p)
        return self._static_tendon_state(length, lengthening, activation, p)

    def _muscle_tendon_units(self, angle, velocity, parameters):
        """Lengths [m], lengthening velocities [m/s] and moment arms [m] of the muscle-tendon units."""
        length, moment_arm = self.paths.length_and_moment_arm(angle, parameters["moment_arm_scale"])
        return length, -(moment_arm * velocity.unsqueeze(-1)).sum(-2), moment_arm  # dl/dt = dl/dq q' = -R q'

    def _static_tendon_state(self, length, lengthening, activation, parameters):
        own = {name: parameters[name][..., self.elastic] for name in self.parameters.muscle_names}
        curves = CurveSet([m.curves for m in self.muscles if m.tendon == "elastic"])
        return static_tendon_state(*(x[..., self.elastic] for x in (length, lengthening, activation)), own, curves)

    def _elastic_state(self, tendon, length, lengthening, activation, parameters):
        """`elastic_tendon_state` of all muscles from the states of the elastic tendons alone."""
        filled = []
        for values in tendon:
            full = values.new_zeros((*values.shape[:-1], self.n_muscles))
            full[..., self.elastic] = values
            filled.append(full)
        return elastic_tendon_state(*filled, length, lengthening, activation, parameters, self.curves, self.elastic)

    def muscle_torque(self, angle, velocity, activation, parameters=None, *, tendon=None):
        """Torque of all muscles on each joint [N m], (..., n_coordinates): sum_m R_m F_m."""
        muscles, moment_arm = self.muscle_state(angle, velocity, activation, parameters, tendon=tendon)
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
            "hand_load_kg" [kg], "segment_orientation_rad" [rad] and "external_torque_nm" [N m] per frame.

        Returns
        -------
        Tensor (..., n_coordinates)
            M q'' - tau_gravity - tau_passive - tau_external - sum_m R_m F_m [N m]; zero on a trajectory of the model.
            Elastic tendons are in static equilibrium here (see `muscle_state`), which leaves a small residual on
            trajectories of such a model; `implicit_residual` has their states.
        """
        return self.residual_and_muscles(angle, velocity, acceleration, activation, parameters, exogenous)[0]

    def residual_and_muscles(
        self, angle, velocity, acceleration, activation, parameters=None, exogenous=None, *, tendon=None
    ):
        """As `residual`, with the `MuscleState` behind it: (Tensor (..., n_coordinates), MuscleState).

        `tendon` is as in `muscle_state`.
        """
        p = self.parameters.as_dict() if parameters is None else parameters
        muscles, moment_arm = self.muscle_state(angle, velocity, activation, p, tendon=tendon)
        return self._motion_residual(angle, velocity, acceleration, activation, p, exogenous, muscles, moment_arm), muscles

    def implicit_residual(self, state, rate, second, activation, parameters=None, exogenous=None):
        """Residual of everything that the model says about its states: F(z, z', z'', t) = 0.

        Parameters
        ----------
        state, rate, second : Tensor (..., n_states)
            Joint angles [rad], then the states of the elastic tendons, with their derivatives; the second derivative of
            tendon states is not used.
        activation, parameters, exogenous
            As in `residual`.

        Returns
        -------
        Tensor (..., n_states)
            The equation of motion [N m], then the equilibrium of each elastic tendon with its fiber in units of the
            maximal isometric force.
        """
        if not self.n_tendon_states:
            return self.residual(state, rate, second, activation, parameters, exogenous)
        p = self.parameters.as_dict() if parameters is None else parameters
        d = self.n_coordinates
        angle, velocity, tendon = state[..., :d], rate[..., :d], (state[..., d:], rate[..., d:])
        length, lengthening, moment_arm = self._muscle_tendon_units(angle, velocity, p)
        muscles, equilibrium = self._elastic_state(tendon, length, lengthening, activation, p)
        motion = self._motion_residual(angle, velocity, second[..., :d], activation, p, exogenous, muscles, moment_arm)
        return torch.cat([motion, equilibrium[..., self.elastic]], dim=-1)

    def _motion_residual(self, angle, velocity, acceleration, activation, p, exogenous, muscles, moment_arm):
        exogenous = exogenous or {}
        none = torch.zeros_like(angle[..., :1])
        load, external = (exogenous.get(name, none) for name in ("hand_load_kg", "external_torque_nm"))
        orientation = exogenous.get("segment_orientation_rad", p["segment_orientation"])
        gravity = gravity_torque(angle, p, load, orientation)
        passive = passive_torque(angle, velocity, activation.sum(-1, keepdim=True), p)
        torque = _torque(moment_arm, muscles)
        return inertia(p, load) * acceleration - gravity - passive - external - torque


def _torque(moment_arm, muscles):
    """sum_m R_m F_m, (..., n_coordinates) [N m]: virtual work."""
    return (moment_arm * muscles.tendon_force.unsqueeze(-2)).sum(-1)


def _rows(parts, owner):
    rows = []
    values = [part.given_parameters if owner == "muscle" else part.parameters for part in parts]
    definitions = [d for d in DEFINITIONS.values() if d.owner == owner]
    for part in parts:
        unknown = sorted(set(part.parameters) - {d.name for d in definitions})
        if unknown:
            raise ValueError(
                f"{part.name!r} is given unknown {owner} parameters {unknown}. Known: {[d.name for d in definitions]}."
            )
    for d in definitions:
        rows += [make_parameter(d, part.name, given.get(d.name)) for part, given in zip(parts, values, strict=True)]
    return rows
