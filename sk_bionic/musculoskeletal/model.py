"""The musculoskeletal model: muscles on a skeleton, their geometry and forces, and the equation of motion."""

from functools import cached_property

import numpy as np
import pandas as pd

from .compiled import CompiledModel
from .compiled.activation import shapes
from .compiled.layout import COS_PENNATION, EXTERNAL, FIBER_NOW, FIBER_VELOCITY, FORCE, UNIT_LENGTH
from .compiled.model import new_instant
from .compiled.points import at_points, new_points
from .muscle import MuscleState
from .parameters import DEFINITIONS, PASSIVE_PARAMETERS, SEGMENT_PARAMETERS, ParameterTable, make_parameter
from .path import check_joints
from .skeleton import Joint, find_linkage

NO_STOP = {"value": 1e-9, "lower": 1e-12}  # N m/rad: of coordinates whose stops nobody states
AT_ONCE = 10_000  # frames, of which there may be very many
EXOGENOUS = ("hand_load_kg", "segment_orientation_rad", "external_torque_nm")


class MusculoskeletalModel:
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
    torque_scale : ndarray (n_coordinates,)
        Typical torque of each joint [N m].
    elastic : ndarray (n_muscles,) of bool
        Muscles whose tendons stretch.

    Raises
    ------
    ValueError
        When names repeat, a parameter is unknown or has no value.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.musculoskeletal import elbow
    >>> model = elbow()
    >>> model
    MusculoskeletalModel('elbow', muscles=('biceps', 'triceps'), coordinates=('elbow_flexion',))
    >>> rest, relaxed = np.zeros((1, 1)), np.zeros((1, 2))
    >>> bool(model.residual(rest + 1.0, rest, rest, relaxed) > 0)  # relaxed at 1 rad, the forearm would fall
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
        check_joints([muscle.path for muscle in self.muscles if muscle.path is not None], len(self.joints))
        self.elastic = np.array([muscle.tendon == "elastic" for muscle in self.muscles])
        self.linkage = find_linkage(self.joints) if self.has_skeleton else None
        rows = _rows(self.muscles, ("muscle",), [muscle.given_parameters for muscle in self.muscles])
        if self.has_skeleton:
            owners = ("coordinate",) if self.linkage is None else ("coordinate", "linkage")
            rows += _rows(self.joints, owners, [joint.parameters for joint in self.joints])
        else:
            rows += _tissue_rows(self.joints)
        self.parameters = ParameterTable(rows)
        self._prescribe(())

    @property
    def n_states(self):
        """Number of unknown functions of time of the implicit residual: coordinates, then elastic tendons."""
        return len(self.coordinate_names) + int(self.elastic.sum())

    def check_motion(self):
        """ValueError where the model has no skeleton and so cannot tell what motion its muscles lead to."""
        if not self.has_skeleton:
            without = [joint.name for joint in self.joints if not isinstance(joint, Joint)]
            raise ValueError(
                f"The model {self.name!r} has no skeleton (the coordinates {without} have no segments of a planar "
                "chain): it knows moments and muscle forces along measured motion, not motion. Use "
                "`EMGDrivenMomentRegressor`, `predict_moments` or `predict_muscle_forces`, or build it with angles "
                "that make a planar chain."
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
            Mixtures of the channels, not below each muscle's `minimum_activation`; the EMG itself, not a copy, where
            every muscle has a channel of its own and nothing is below.
        """
        emg = np.asarray(emg, dtype=np.float64)
        n = len(self.channels)
        if n == self.n_muscles and (self.channel_weights == np.eye(n)).all():
            if (emg.min(axis=0, initial=np.inf) >= np.maximum(self.minimum_activation, 0.0)).all():
                return emg
        out = np.empty((len(emg), self.n_muscles))
        for start in range(0, len(emg), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            mixed = np.maximum(emg[rows], 0.0) @ self.channel_weights.T
            np.maximum(mixed, self.minimum_activation, out=out[rows])
        return out

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
        angle, velocity, acceleration : ndarray (..., n_coordinates)
            Joint angles [rad] and their first and second derivatives with respect to time.
        activation : ndarray (..., n_muscles)
            Activations between 0 and 1.
        parameters : dict of ndarray, optional
            Parameters by name, (n_muscles,) or (n_coordinates,); default: the model's own.
        exogenous : dict of ndarray (..., 1), optional
            "hand_load_kg" [kg], "segment_orientation_rad" [rad] and "external_torque_nm" [N m] per frame: the mass at
            the end, the orientation of the first segment and a couple on the last one. Of each prescribed angle an
            ndarray (..., 3): angle [rad], velocity and acceleration.

        Returns
        -------
        ndarray (..., n_coordinates)
            M q'' + c - tau_gravity - tau_passive - tau_external - sum_m R_m F_m [N m]; zero on a trajectory of the
            model. The centrifugal c of a single segment is zero. Elastic tendons are in static equilibrium here (see
            `muscle_state`), which leaves a small residual on trajectories of such a model; `implicit_residual` has
            their states.
        """
        self.check_motion()
        at = self._at(angle, velocity, acceleration, activation, parameters, exogenous, None, {"residual"})
        return (at.residual[:, : self.n_coordinates] * self.torque_scale).reshape(np.shape(angle))

    def residual_and_muscles(
        self, angle, velocity, acceleration, activation, parameters=None, exogenous=None, *, tendon=None
    ):
        """Residual of the equation of motion, and the muscles' state behind it.

        Parameters
        ----------
        angle, velocity, acceleration, activation, parameters, exogenous : ndarray
            As in `residual`.
        tendon : tuple of ndarray (..., n_tendon_states), optional
            As in `muscle_state`.

        Returns
        -------
        residual : ndarray (..., n_coordinates)
            In N m.
        muscles : MuscleState
            Geometry and forces of the muscles.
        """
        self.check_motion()
        wanted = {"residual", "geometry"}
        at = self._at(angle, velocity, acceleration, activation, parameters, exogenous, tendon, wanted)
        residual = at.residual[:, : self.n_coordinates] * self.torque_scale
        return residual.reshape(np.shape(angle)), self._muscles_of(at, np.shape(angle)[:-1])

    def implicit_residual(self, state, rate, second, activation, parameters=None, exogenous=None):
        """Residual of everything that the model says about its states: F(z, z', z'', t) = 0.

        Parameters
        ----------
        state, rate, second : ndarray (..., n_states)
            Joint angles [rad], then the states of the elastic tendons, with their derivatives; the second derivative of
            tendon states is not used.
        activation, parameters, exogenous : ndarray
            As in `residual`.

        Returns
        -------
        ndarray (..., n_states)
            The equation of motion [N m], then the equilibrium of each elastic tendon with its fiber in units of the
            maximal isometric force.
        """
        self.check_motion()
        state, rate, d = np.asarray(state), np.asarray(rate), self.n_coordinates
        motion, tendon = (x[..., :d] for x in (state, rate, np.asarray(second))), (state[..., d:], rate[..., d:])
        at = self._at(*motion, activation, parameters, exogenous, tendon, {"residual"})
        scale = np.concatenate([self.torque_scale, np.ones(self.n_tendon_states)])
        return (at.residual * scale).reshape(state.shape)

    def mass_matrix(self, angle, parameters=None, exogenous=None):
        """M(q) of the equation of motion.

        Parameters
        ----------
        angle : ndarray (..., n_coordinates)
            Joint angles [rad].
        parameters, exogenous : dict of ndarray, optional
            As in `residual`.

        Returns
        -------
        ndarray (..., n_coordinates, n_coordinates)
            Symmetric and positive definite [kg m^2].
        """
        self.check_motion()
        shape, d = np.shape(angle), self.n_coordinates
        still, idle, tendon = self._idle(shape)
        at = self._at(angle, still, still, idle, parameters, exogenous, tendon, {"jacobian"})
        mass = at.residual_by_motion[:, :d, 2 * d :] * self.torque_scale[:, None]
        return mass.reshape(*shape, d)

    @property
    def n_coordinates(self):
        """Number of degrees of freedom that obey the equation of motion."""
        return len(self.coordinate_names)

    @property
    def free_joints(self):
        """Joints whose angles obey the equation of motion, tuple of Joint (n_coordinates,)."""
        return tuple(joint for joint in self.joints if joint.name not in self.prescribed_names)

    def _prescribe(self, names):
        self.prescribed_names = tuple(joint.name for joint in self.joints if joint.name in names)
        self.coordinate_names = tuple(joint.name for joint in self.free_joints)
        self.torque_scale = np.array([joint.torque_scale for joint in self.free_joints])
        self.__dict__.pop("_compiled", None)
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
            A new model.

        Raises
        ------
        ValueError
            When a name is no coordinate, or none would be left to obey the equation of motion.
        """
        unknown = [name for name in names if name not in self.coordinate_names]
        if unknown or len(names) == self.n_coordinates:
            raise ValueError(
                f"Only some of the coordinates {self.coordinate_names} of the model {self.name!r} can be prescribed. "
                f"Got {tuple(names)}."
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
            Number of frames.

        Returns
        -------
        dict of ndarray (n_frames,)
            A missing load is 0 kg; a missing orientation is left to the parameter of that name.

        Raises
        ------
        ValueError
            When a prescribed angle is missing.
        """
        missing = [name for name in self.prescribed_names if name not in columns]
        if missing:
            raise ValueError(f"The model {self.name!r} needs the prescribed angles {missing}. Got {sorted(columns)}.")
        given = {n: np.asarray(v, dtype=np.float64).reshape(n_frames) for n, v in columns.items()}
        given.setdefault("hand_load_kg", np.zeros(n_frames))
        return given

    @property
    def n_muscles(self):
        """Number of muscles."""
        return len(self.muscles)

    @cached_property
    def n_tendon_states(self):
        """Number of elastic tendons."""
        return int(self.elastic.sum())

    @property
    def path_errors(self):
        """How far the fitted paths are off, DataFrame over the muscles.

        Columns ``length_error`` and ``moment_arm_error`` [m], root mean square over the samples (see `fit_path`; NaN of
        paths that were not fitted), and ``n_terms`` of the polynomial.
        """
        paths = [m.path for m in self.muscles]
        rows = [(p.length_error, p.moment_arm_error, len(p.coefficients)) if p else (None, None, 0) for p in paths]
        frame = pd.DataFrame(rows, list(self.muscle_names), ["length_error", "moment_arm_error", "n_terms"])
        return frame.astype({"length_error": float, "moment_arm_error": float})

    def activation(self, state, parameters=None):
        """Activations from the state of the activation dynamics.

        Parameters
        ----------
        state : ndarray (..., n_muscles)
            State of the activation dynamics, nominally between 0 and 1.
        parameters : dict of ndarray, optional
            Default: the model's own.

        Returns
        -------
        ndarray (..., n_muscles)
            Activations.
        """
        state = np.asarray(state, dtype=np.float64)
        flat = np.ascontiguousarray(state.reshape(-1, self.n_muscles))
        out = np.empty_like(flat)
        shapes(self.compiled.body(self.parameters.flat(parameters)), flat, out)
        return out.reshape(state.shape)

    def muscle_state(self, angle, velocity, activation, parameters=None, exogenous=None, *, tendon=None):
        """Geometry and forces of the muscles.

        Parameters
        ----------
        angle, velocity : ndarray (..., n_coordinates)
            Joint angles [rad] and angular velocities [rad/s].
        activation : ndarray (..., n_muscles)
            Activations between 0 and 1.
        parameters : dict of ndarray, optional
            Parameters by name; default: the model's own.
        exogenous : dict of ndarray, optional
            As in `residual`; needed where angles are prescribed.
        tendon : tuple of ndarray (..., n_tendon_states), optional
            State of each elastic tendon and its derivative [1/s]. Default: in equilibrium with the fiber, the tendon's
            own velocity neglected (quasi-static).

        Returns
        -------
        MuscleState
            Fields (..., n_muscles): fiber length [m], fiber velocity [m/s], cosine of pennation, tendon force [N].
        moment_arm : ndarray (..., n_coordinates, n_muscles)
            Moment arms [m].
        """
        at = self._at(angle, velocity, None, activation, parameters, exogenous, tendon, {"geometry"})
        return self._muscles_of(at, np.shape(angle)[:-1]), self._arms_of(at, np.shape(angle)[:-1])

    def _muscles_of(self, at, shape):
        g = at.geometry.reshape(*shape, *at.geometry.shape[1:])
        force = at.force.reshape(*shape, self.n_muscles)
        return MuscleState(g[..., FIBER_NOW], g[..., FIBER_VELOCITY], g[..., COS_PENNATION], force)

    def _arms_of(self, at, shape):
        arms = np.swapaxes(at.geometry[..., FORCE:][..., self._free], 1, 2)
        return arms.reshape(*shape, *arms.shape[1:])

    def length_and_moment_arm(self, angle, parameters=None, exogenous=None):
        """Lengths of the muscle-tendon units and their moment arms.

        Parameters
        ----------
        angle : ndarray (..., n_coordinates)
            Joint angles [rad].
        parameters, exogenous : dict of ndarray, optional
            As in `muscle_state`.

        Returns
        -------
        length : ndarray (..., n_muscles)
            Length [m].
        moment_arm : ndarray (..., n_coordinates, n_muscles)
            R = -d(length)/d(angle) [m], the definition of a moment arm by virtual work (An et al. 1984).
        """
        shape, (still, idle, tendon) = np.shape(angle)[:-1], self._idle(np.shape(angle))
        at = self._at(angle, still, None, idle, parameters, exogenous, tendon, {"geometry"})
        return at.geometry[..., UNIT_LENGTH].reshape(*shape, self.n_muscles), self._arms_of(at, shape)

    def static_tendon_state(self, angle, velocity, activation, parameters=None, exogenous=None):
        """State of the elastic tendons in equilibrium with their fibers, the tendons' own velocity neglected.

        Parameters
        ----------
        angle, velocity, activation, parameters, exogenous : ndarray
            As in `muscle_state`.

        Returns
        -------
        ndarray (..., n_tendon_states)
            State of each elastic tendon.
        """
        at = self._at(angle, velocity, None, activation, parameters, exogenous, None, {"residual"})
        return at.tendon.reshape(*np.shape(angle)[:-1], self.n_tendon_states)

    def muscle_torque(self, angle, velocity, activation, parameters=None, exogenous=None, *, tendon=None):
        """Torque of all muscles on each joint: the sum of moment arm times force.

        Parameters
        ----------
        angle, velocity, activation, parameters, exogenous, tendon : ndarray
            As in `muscle_state`.

        Returns
        -------
        ndarray (..., n_coordinates)
            In N m.
        """
        muscles, moment_arm = self.muscle_state(angle, velocity, activation, parameters, exogenous, tendon=tendon)
        return torque_of(moment_arm, muscles)

    def _idle(self, shape):
        """Velocities, activations and tendons where what is asked for at angles of a shape does not depend on them."""
        tendon = np.full((*shape[:-1], self.n_tendon_states), 0.1)
        return np.zeros(shape), np.zeros((*shape[:-1], self.n_muscles)), (tendon, tendon)

    def _at(self, angle, velocity, acceleration, activation, parameters, exogenous, tendon, wanted, rows=()):
        """`Points` of the compiled equation at points (..., n_coordinates), which become one axis."""
        angle, velocity = np.asarray(angle, dtype=np.float64), np.asarray(velocity, dtype=np.float64)
        d, n = self.n_coordinates, angle[..., 0].size
        states = np.stack([angle.reshape(n, d), velocity.reshape(n, d)], axis=1)
        if tendon is not None and self.n_tendon_states:
            of_tendons = [np.asarray(x, dtype=np.float64).reshape(n, self.n_tendon_states) for x in tendon]
            states = np.concatenate([states, np.stack(of_tendons, axis=1)], axis=2)
        second = np.zeros((0, d)) if acceleration is None else np.asarray(acceleration, dtype=np.float64).reshape(n, d)
        activation = np.asarray(activation, dtype=np.float64).reshape(n, self.n_muscles)
        body, columns = self.compiled.body(self.parameters.flat(parameters)), self.compiled.columns_of(rows)
        out = new_points(self.compiled, columns.shape[1], n, activation, wanted)
        at_points(
            body, columns, *self._outside(exogenous, n), np.ascontiguousarray(states), np.ascontiguousarray(second),
            states.shape[2] == d, np.zeros((self.n_muscles, 9)), new_instant(body), np.zeros((self.n_states,
            columns.shape[1])),
            out,
        )  # fmt: skip
        return out

    def _outside(self, exogenous, n):
        """External inputs (n, 3) and given angles (n, n_prescribed, 6) of n points."""
        exogenous, external = exogenous or {}, np.zeros((n, 3))
        external[:, 2] = np.nan
        for column, name in enumerate(EXTERNAL):
            if name in exogenous:
                external[:, column] = np.asarray(exogenous[name]).reshape(n)
        given = np.zeros((n, len(self.prescribed_names), 6))
        for k, name in enumerate(self.prescribed_names):
            given[:, k, :3] = np.asarray(exogenous[name]).reshape(n, 3) * (1.0, 1.0, 0.5)
        return external, given


def torque_of(moment_arm, muscles):
    """sum_m R_m F_m, (..., n_coordinates) [N m]: virtual work."""
    return (moment_arm * muscles.tendon_force[..., None, :]).sum(axis=-1)


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
                f"{part.name!r} is given unknown {owners[0]} parameters {unknown}. Known: "
                f"{[d.name for d in definitions]}."
            )
    return _rows_of(parts, definitions, values)


def _rows_of(parts, definitions, values):
    rows = []
    for d in definitions:
        rows += [make_parameter(d, part.name, given.get(d.name)) for part, given in zip(parts, values, strict=True)]
    return rows
