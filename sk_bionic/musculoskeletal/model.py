"""The musculoskeletal model: muscles on a skeleton, and the residual of its equation of motion."""

import numpy as np
import torch

from .activation import ActivationShape
from .compiled import CompiledModel
from .linkage import find_linkage
from .muscle import curve_set
from .muscle_mechanics import MuscleMechanics, torque_of
from .parameters import DEFINITIONS, PASSIVE_PARAMETERS, ParameterTable, make_parameter
from .path import PathSet
from .prescription import PrescribedAngles
from .skeleton import Joint, gravity_torque, inertia, passive_torque

NO_STOP = {"value": 1e-9, "lower": 1e-12}  # N m/rad: of coordinates whose stops nobody states
EXOGENOUS = ("hand_load_kg", "segment_orientation_rad", "external_torque_nm")


class MusculoskeletalModel(MuscleMechanics, PrescribedAngles):
    """Muscles that move the joints of a skeleton, with all their parameters.

    The model is immutable: identification returns a new one (`with_values`).

    Parameters
    ----------
    muscles : sequence of Muscle
        Whatever pulls at the joints, in the order of the outputs' columns.
    joints : sequence of Joint or Coordinate
        One per degree of freedom, in the order of the columns of y. Those with a `parent` form a linkage. With a
        `Coordinate` among them the model has no skeleton: it knows moments and muscle forces, not motion.
    name : str
        What messages call the model.

    Attributes
    ----------
    parameters : ParameterTable
        One row per parameter of each muscle and coordinate.
    muscle_names, channel_names, coordinate_names : tuple of str
        `channel_names` has the EMG column of each muscle, or its mixture of columns in words; `coordinate_names` the
        angles that obey the equation of motion.
    channels : tuple of str
        Distinct EMG columns that the model needs.
    channel_weights : ndarray (n_muscles, n_channels)
        Weight of each column in each muscle's excitation.
    minimum_activation : ndarray (n_muscles,)
        Floor of each muscle's excitation.
    synthesized_muscles : tuple of str
        Muscles without EMG of their own, driven by a mixture.
    passive_muscles : tuple of str
        Muscles that nothing excites.
    has_skeleton : bool
        Whether the model knows what motion its muscles lead to.
    prescribed_names : tuple of str
        Angles that are given instead of solved for (see `prescribing`).
    torque_scale : Tensor (n_coordinates,)
        Typical torque of each joint [N m].
    elastic : Tensor (n_muscles,) of bool
        Muscles whose tendons stretch.

    Raises
    ------
    ValueError
        When names repeat, a parameter is unknown or has no value.

    Examples
    --------
    >>> import torch
    >>> from sk_bionic.musculoskeletal import elbow
    >>> model = elbow()
    >>> model
    MusculoskeletalModel('elbow', muscles=('biceps', 'triceps'), coordinates=('elbow_flexion',))
    >>> angle, rest = torch.tensor([[1.0]], dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
    >>> relaxed = torch.zeros(1, 2, dtype=torch.float64)
    >>> bool(model.residual(angle, rest, rest, relaxed) > 0)  # relaxed at 1 rad, the forearm would fall
    True
    """

    def __init__(self, muscles, joints, name="model"):
        self.muscles, self.joints, self.name = tuple(muscles), tuple(joints), name
        self.muscle_names = tuple(muscle.name for muscle in self.muscles)
        names = self.muscle_names + tuple(joint.name for joint in self.joints)
        if not self.muscles or not self.joints or len(set(names)) < len(names):
            raise ValueError(f"A model needs muscles and joints with names of their own. Got {names}.")
        self.channel_names = tuple(muscle.emg_channel for muscle in self.muscles)
        self.channels = tuple(dict.fromkeys(name for muscle in self.muscles for name in muscle.channel_weights))
        weights = [[muscle.channel_weights.get(name, 0.0) for name in self.channels] for muscle in self.muscles]
        self.channel_weights = np.array(weights)
        self.minimum_activation = np.array([muscle.minimum_activation for muscle in self.muscles])
        self.synthesized_muscles = tuple(muscle.name for muscle in self.muscles if muscle.is_synthesized)
        self.passive_muscles = tuple(muscle.name for muscle in self.muscles if muscle.is_passive)
        self.has_skeleton = all(isinstance(joint, Joint) for joint in self.joints)
        self.shape = ActivationShape([muscle.activation_shape for muscle in self.muscles])
        self.curves = curve_set(self.muscles)
        self.elastic = torch.tensor([muscle.tendon == "elastic" for muscle in self.muscles])
        self.linkage = find_linkage(self.joints) if self.has_skeleton else None
        joint_rows = _joint_rows(self.joints, self.linkage) if self.has_skeleton else _tissue_rows(self.joints)
        self.parameters = ParameterTable(_muscle_rows(self.muscles) + joint_rows)
        self._prescribe(())

    @property
    def n_states(self):
        """Number of unknown functions of time of the implicit residual: coordinates, then elastic tendons."""
        return self.n_coordinates + self.n_tendon_states

    def check_motion(self):
        """ValueError where the model has no skeleton and so cannot tell what motion its muscles lead to."""
        if not self.has_skeleton:
            without = [joint.name for joint in self.joints if not isinstance(joint, Joint)]
            raise ValueError(
                f"The model {self.name!r} has no skeleton (the coordinates {without} have no segments of a planar "
                "chain): it knows moments and muscle forces along measured motion, not motion. Use `EMGDrivenMomentRegressor`, "
                "`predict_moments` or `predict_muscle_forces`, or build it with angles that make a planar chain."
            )

    def check_paths(self):
        """ValueError where a muscle's length and moment arms are no functions of the angles."""
        without = [muscle.name for muscle in self.muscles if muscle.path is None]
        if without:
            raise ValueError(
                f"The muscles {without} of the model {self.name!r} have no paths: give their lengths and moment arms "
                "as data (`geometry`, see `MuscleGeometry`)."
            )

    @property
    def paths(self):
        """`PathSet` of all muscles; ValueError where a muscle has none."""
        if "_paths" not in self.__dict__:
            self.check_paths()
            self.__dict__["_paths"] = PathSet([muscle.path for muscle in self.muscles], len(self.joints))
        return self.__dict__["_paths"]

    @property
    def compiled(self):
        """The model as arrays, `CompiledModel`; shared by models that differ in values alone."""
        if "_compiled" not in self.__dict__:
            self.__dict__["_compiled"] = CompiledModel(self)
        return self.__dict__["_compiled"]

    def __repr__(self):
        return f"MusculoskeletalModel({self.name!r}, muscles={self.muscle_names}, coordinates={self.coordinate_names})"

    def excitation(self, emg):
        """Excitation of every muscle.

        Parameters
        ----------
        emg : ndarray (n_frames, n_channels)
            Normalised EMG envelopes in the order of `channels`; below 0 they count as 0.

        Returns
        -------
        ndarray (n_frames, n_muscles)
            Mixtures of the channels, not below each muscle's `minimum_activation`.
        """
        return np.maximum(np.maximum(emg, 0.0) @ self.channel_weights.T, self.minimum_activation)

    def _with_table(self, table):
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, parameters=table)
        return other

    def with_values(self, values):
        """Model with other parameter values; priors and bounds stay.

        Parameters
        ----------
        values : ndarray (n_parameters,)
            Values of all rows of `parameters`, in SI units.

        Returns
        -------
        MusculoskeletalModel
            A new model.
        """
        return self._with_table(self.parameters.with_values(values))

    def identifying(self, identify):
        """Model whose free parameters are those named.

        Parameters
        ----------
        identify : str or sequence of str
            Names ("optimal_fiber_length", for all muscles), "muscle/name" for a single one, or "muscle+muscle/name" for
            one that muscles share.

        Returns
        -------
        MusculoskeletalModel
            A new model.

        Raises
        ------
        ValueError
            When a name matches no parameter; lists what there is.
        """
        return self._with_table(self.parameters.select(identify))

    def with_rows(self, changes):
        """Model with fields of some rows of the parameter table replaced.

        Parameters
        ----------
        changes : dict
            From (owner, name) to a dict of new fields: value, initial, lower, upper, prior_scale, transformation, free.

        Returns
        -------
        MusculoskeletalModel
            A new model.
        """
        return self._with_table(self.parameters.with_rows(changes))

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
            model. The centrifugal c of a single segment is zero. Elastic tendons are in static equilibrium here (see
            `muscle_state`), which leaves a small residual on trajectories of such a model; `implicit_residual` has
            their states.
        """
        return self.residual_and_muscles(angle, velocity, acceleration, activation, parameters, exogenous)[0]

    def residual_and_muscles(
        self, angle, velocity, acceleration, activation, parameters=None, exogenous=None, *, tendon=None
    ):
        """Residual of the equation of motion, and the muscles' state behind it.

        Parameters
        ----------
        angle, velocity, acceleration, activation, parameters, exogenous : Tensor
            As in `residual`.
        tendon : tuple of Tensor (..., n_tendon_states), optional
            As in `muscle_state`.

        Returns
        -------
        residual : Tensor (..., n_coordinates)
            In N m.
        muscles : MuscleState
            Geometry and forces of the muscles.
        """
        p = self.parameters.as_dict() if parameters is None else parameters
        muscles, moment_arm = self.muscle_state(angle, velocity, activation, p, exogenous, tendon=tendon)
        torque = torque_of(moment_arm, muscles)
        return self.torque_balance(angle, velocity, acceleration, activation, p, exogenous, torque), muscles

    def implicit_residual(self, state, rate, second, activation, parameters=None, exogenous=None):
        """Residual of everything that the model says about its states: F(z, z', z'', t) = 0.

        Parameters
        ----------
        state, rate, second : Tensor (..., n_states)
            Joint angles [rad], then the states of the elastic tendons, with their derivatives; the second derivative of
            tendon states is not used.
        activation, parameters, exogenous : Tensor
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
        length, lengthening, moment_arm = self.muscle_tendon_units(angle, velocity, p, exogenous)
        muscles, equilibrium = self.state_at_length(length, lengthening, activation, p, tendon)
        torque = torque_of(moment_arm, muscles)
        motion = self.torque_balance(angle, velocity, second[..., :d], activation, p, exogenous, torque)
        return torch.cat([motion, equilibrium], dim=-1)

    def torque_balance(self, angle, velocity, acceleration, activation, parameters, exogenous, muscle_torque):
        """Torques that the motion takes minus all that act, those of the muscles given.

        Parameters
        ----------
        angle, velocity, acceleration, activation, parameters, exogenous : Tensor
            As in `residual`.
        muscle_torque : Tensor (..., n_coordinates) or float
            Torque of all muscles on each joint [N m].

        Returns
        -------
        Tensor (..., n_coordinates)
            In N m.
        """
        self.check_motion()
        p = parameters
        exogenous = exogenous or {}
        none = torch.zeros_like(angle[..., :1])
        load, external = (exogenous.get(name, none) for name in ("hand_load_kg", "external_torque_nm"))
        passive = passive_torque(angle, velocity, activation.sum(-1, keepdim=True), p)
        motion = [self._whole(x, k, exogenous) for k, x in enumerate((angle, velocity, acceleration))]
        if self.linkage is None:
            orientation = exogenous.get("segment_orientation_rad", p["segment_orientation"])
            taken = inertia(p, load) * motion[2] - gravity_torque(motion[0], p, load, orientation)
        else:
            orientation = self.linkage.orientation(exogenous.get("segment_orientation_rad"), p)
            taken = self.linkage.inertia_and_gravity(*motion, p, load, orientation)
            external = self._of_free(self.linkage.couple_torque(external))
        return self._of_free(taken) - passive - external - muscle_torque

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
        self.check_motion()
        p = self.parameters.as_dict() if parameters is None else parameters
        exogenous = exogenous or {}
        load = exogenous.get("hand_load_kg", torch.zeros_like(angle[..., :1]))
        if self.linkage is None:
            return torch.diag_embed(self._of_free(inertia(p, load)).expand_as(angle))
        orientation = self.linkage.orientation(exogenous.get("segment_orientation_rad"), p)
        whole = self.linkage.mass_matrix(self._whole(angle, 0, exogenous), p, load, orientation)
        return whole[..., self._free, :][..., :, self._free]


def _muscle_rows(muscles):
    return _rows(muscles, ("muscle",), [muscle.given_parameters for muscle in muscles])


def _joint_rows(joints, linkage):
    owners = ("coordinate",) if linkage is None else ("coordinate", "linkage")
    return _rows(joints, owners, [joint.parameters for joint in joints])


def _tissue_rows(joints):
    """Rows of coordinates without a skeleton: what is left of a joint's parameters is its tissue."""
    names = (*PASSIVE_PARAMETERS, "goniometer_offset")
    given = []
    for joint in joints:
        own = {} if isinstance(joint, Joint) else {"joint_damping": 0.0, "limit_stiffness": NO_STOP}
        given.append(own | {name: value for name, value in joint.parameters.items() if name in names})
    return _rows_of(joints, [DEFINITIONS[name] for name in DEFINITIONS if name in names], given)


def _rows(parts, owners, values):
    definitions = [d for d in DEFINITIONS.values() if d.owner in owners]
    for part in parts:
        unknown = sorted(set(part.parameters) - {d.name for d in definitions})
        if unknown:
            raise ValueError(
                f"{part.name!r} is given unknown {owners[0]} parameters {unknown}. Known: {[d.name for d in definitions]}."
            )
    return _rows_of(parts, definitions, values)


def _rows_of(parts, definitions, values):
    rows = []
    for d in definitions:
        rows += [make_parameter(d, part.name, given.get(d.name)) for part, given in zip(parts, values, strict=True)]
    return rows
