"""Muscles along measured motion: lengths, moment arms and EMG in, forces and moments out, with derivatives."""

from typing import NamedTuple

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.special import expit

from ..exceptions import SimulationError
from ..musculoskeletal.compiled.layout import (
    DECAY,
    DELAY,
    FIRST_LAG,
    GAIN,
    MUSCLE_PARAMETERS,
    RISE,
    SECOND_LAG,
    SECOND_ORDER,
)
from ..musculoskeletal.compiled.muscle import tendon_lengths
from ..musculoskeletal.parameters import PASSIVE_PARAMETERS
from .compiled.course import course, follow, new_course, rigid_forces
from .compiled.interval import SOLVED
from .compiled.march import NO_ACTIVATION
from .equation import record_of
from .marching import in_threads, n_workers

STATIC = 2  # frames of a trial that is no course in time: one posture, held
OF_DYNAMICS = [DELAY, RISE, DECAY, GAIN, FIRST_LAG, SECOND_LAG]  # columns of what moves the activation's states
DEGREE = 5  # of the splines through measured angles: continuous accelerations


class Units(NamedTuple):
    """Muscle-tendon units along a motion, at a path's scale of 1."""

    length: np.ndarray  # (n_frames, n_muscles) [m], but for the paths' constants
    speed: np.ndarray  # (n_frames, n_muscles) [m/s]
    arms: np.ndarray  # (n_frames, n_coordinates, n_muscles) [m]
    constant: np.ndarray | None  # (n_muscles,) [m]; None: lengths are data, which no scale of a path changes


class Joints(NamedTuple):
    """Measured angles less the goniometers' offsets, where they are known."""

    angle: np.ndarray  # (n_frames, n_coordinates) [rad]
    speed: np.ndarray  # (n_frames, n_coordinates) [rad/s]


class Muscles(NamedTuple):
    """Muscles along a motion."""

    activation: np.ndarray  # (n_frames, n_muscles)
    tendon: np.ndarray  # (n_frames, n_muscles): states of elastic tendons, 0 of rigid ones
    force: np.ndarray  # (n_frames, n_muscles) [N]
    force_by_own: np.ndarray  # (n_frames, n_muscles, n_own)
    active_by_own: np.ndarray  # (n_frames, n_muscles, n_own): derivatives of the activations
    own: tuple  # names of the parameters by which derivatives are


class MeasuredMotion:
    """A model along measured motion. Nothing is integrated but activations and elastic tendons.

    Parameters
    ----------
    model : MusculoskeletalModel
    trials : Trials
    excitation : ndarray (n_frames, n_muscles)
        Normalised EMG envelope that drives each muscle.
    units : Units
    joints : Joints or None
        None: the angles are not known, and passive tissue has no part in the moments.
    prescribed : dict of ndarray (n_frames,), optional
        Angles [rad] of the prescribed coordinates.
    """

    def __init__(self, model, trials, excitation, units, joints=None, prescribed=None):
        self.model, self.trials, self.units, self.joints = model, trials, units, joints
        self.excitation = np.ascontiguousarray(excitation, dtype=np.float64)
        self.record = record_of(trials, self.excitation, {}, np.zeros((trials.n_frames, 0, 6)))
        self.prescribed = dict(prescribed or {})
        self.is_static = bool((trials.lengths <= STATIC).all())
        self._geometry = np.ascontiguousarray(np.stack([units.length, units.speed], axis=2))
        self._states = None, False, None

    @classmethod
    def of_angles(cls, model, trials, excitation, angle, prescribed=None):
        """Of measured angles, by the paths' polynomials.

        Parameters
        ----------
        model, trials, excitation
            As of the class.
        angle : ndarray (n_frames, n_coordinates)
            [rad].
        prescribed : dict of ndarray (n_frames,), optional
            Angles [rad] of the prescribed coordinates.

        Returns
        -------
        MeasuredMotion
        """
        joint = angle - model.parameters.as_dict()["goniometer_offset"]
        columns = dict(zip(model.coordinate_names, joint.T, strict=True)) | dict(prescribed or {})
        whole = np.stack([splined(trials, columns[part.name]) for part in model.joints])  # (n_joints, 2, n_frames)
        free = [i for i, part in enumerate(model.joints) if part.name in model.coordinate_names]
        units = _units(model, whole[:, 0].T, whole[:, 1].T, free)
        return cls(model, trials, excitation, units, Joints(whole[free, 0].T, whole[free, 1].T), prescribed)

    @classmethod
    def of_geometry(cls, model, trials, excitation, geometry, angle=None):
        """Of lengths and moment arms that are data.

        Parameters
        ----------
        model, trials, excitation
            As of the class.
        geometry : MuscleGeometry
            At the frames of the trials, of the model's muscles and coordinates in their order.
        angle : ndarray (n_frames, n_coordinates), optional
            [rad].

        Returns
        -------
        MeasuredMotion

        Raises
        ------
        ValueError
            When paths are scaled: what a scale would make of measured lengths is not known.
        """
        scale = model.parameters.as_dict()["moment_arm_scale"]
        if not np.allclose(scale, 1.0):
            raise ValueError("Lengths and moment arms that are data have no `moment_arm_scale`: it must be 1.")
        joints = None
        if angle is not None:
            joint = angle - model.parameters.as_dict()["goniometer_offset"]
            both = np.stack([splined(trials, column) for column in joint.T])
            joints = Joints(both[:, 0].T, both[:, 1].T)
        length, speed = geometry.length.to_numpy(), geometry.velocity.to_numpy()
        units = Units(length, speed, geometry.arms(), None)
        return cls(model, trials, excitation, units, joints)

    def with_model(self, model):
        """The same motion with another model of the same muscles."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, model=model)
        return other

    @property
    def frame_exogenous(self):
        """Prescribed angles, dict of ndarray (n_frames,)."""
        return dict(self.prescribed)

    @property
    def acting(self):
        """Names of the parameters on which the moments depend, list of str."""
        names = [*self.model.parameters.muscle_names, *(PASSIVE_PARAMETERS if self.joints is not None else ())]
        return [name for name in names if self.units.constant is not None or name != "moment_arm_scale"]

    def muscles(self, values=None, own=()):
        """Activations, tendons and forces at all frames.

        Parameters
        ----------
        values : ndarray (n_parameters,), optional
            Values of all rows of the model's parameters; default: its own.
        own : sequence of str
            Muscle parameters by which derivatives of the forces are wanted.

        Returns
        -------
        Muscles

        Raises
        ------
        SimulationError
            When activation dynamics or a tendon cannot be solved; names the trial and the time.
        """
        values = self.model.parameters.value if values is None else np.ascontiguousarray(values)
        body = self.model.compiled.body(values)
        columns = np.array([MUSCLE_PARAMETERS.index(name) for name in own], dtype=np.int64)
        n, m = self.excitation.shape
        out = [np.zeros((n, m)) for _ in range(3)]
        out += [np.zeros((n if len(own) else 0, m, len(own))) for _ in range(2)]
        constant = np.zeros(m) if self.units.constant is None else self.units.constant
        if not self.model.elastic.any():
            states, w = self._followed(body, bool((columns >= DELAY).any())), new_course(m, len(own))
            rigid_forces(body, columns, self._geometry, constant, states, w, out[0], *out[2:])
            return Muscles(*out, tuple(own))

        def one(k, rows, report):
            room = new_course(m, len(own)), new_course(m, len(own))
            bounds = rows.start, rows.stop
            return course(body, self.record, columns, k, bounds, self._geometry, constant, *room, report, *out)

        self._trial_by_trial(one)
        return Muscles(*out, tuple(own))

    def _followed(self, body, wanted):
        """States of the activation dynamics (see `follow`), kept for the same parameters of theirs."""
        own = body.muscle[:, OF_DYNAMICS].tobytes() + body.index[:, SECOND_ORDER].tobytes()
        kept, with_derivatives, states = self._states
        if kept != own or wanted and not with_derivatives:
            states = np.zeros((*self.excitation.shape, 5))

            def one(k, rows, report):
                w, bounds = new_course(states.shape[1], 0), (rows.start, rows.stop)
                return follow(body, self.record, k, bounds, w.activity, w.near, wanted, report, states)

            self._trial_by_trial(one)
            self._states = own, wanted, states
        return states

    def _trial_by_trial(self, function):
        """Call a function for every trial, its rows and room for its last frame; raise where it does not succeed."""

        def one(k):
            report = np.zeros(1)
            return function(k, self.trials.slices[k], report), int(report[0])

        n = self.trials.n_trials
        for k, (status, frame) in enumerate(
            in_threads(one, [(k,) for k in range(n)], n_workers(n, self.trials.n_frames))
        ):
            if status != SOLVED:
                self._raise(self.trials.names[k], status, self.trials.time[frame])

    @staticmethod
    def _raise(trial, status, time):
        if status == NO_ACTIVATION:
            raise SimulationError(
                f"The activation dynamics of trial {trial!r} did not converge at {time:g} s. Check the EMG's "
                "amplitude: 1 is full excitation."
            )
        raise SimulationError(
            f"The elastic tendons of trial {trial!r} found no equilibrium behind {time:g} s, even in the shortest "
            "steps. Check the unit of the lengths (m) and that they change smoothly, or take rigid tendons."
        )

    def moments(self, values=None):
        """Moments of muscles and passive tissue, ndarray (n_frames, n_coordinates) [N m].

        sum_m R_m F_m + tau_passive, positive when it increases the angle: what inverse dynamics calls the joint's
        generalised force.
        """
        values = self.model.parameters.value if values is None else values
        muscles = self.muscles(values)
        return np.einsum("ndm,nm->nd", self._arms(values), muscles.force) + self._tissue(values, muscles.activation)

    def moments_and_derivative(self, values, free):
        """As `moments`, with the exact derivative.

        Parameters
        ----------
        values : ndarray (n_parameters,)
        free : FreeParameters
            Rows of `acting` parameters only.

        Returns
        -------
        moments : ndarray (n_frames, n_coordinates)
            [N m].
        derivative : ndarray (n_frames, n_coordinates, n_free)
            With respect to the free parameters' values.
        """
        rows = [free.table.rows[i] for i in free.index]
        table, arms = self.model.parameters, self._arms(values)
        own = tuple(name for name in dict.fromkeys(row.name for row in rows) if name in table.muscle_names)
        muscles = self.muscles(values, own)
        moments = (arms @ muscles.force[..., None])[..., 0] + self._tissue(values, muscles.activation)
        owner = {
            name: k for names in (self.model.muscle_names, self.model.coordinate_names) for k, name in enumerate(names)
        }
        of = np.array([owner[row.owner] for row in rows], dtype=np.int64)
        derivative = np.zeros((*moments.shape, len(rows)))
        muscular = np.array([c for c, row in enumerate(rows) if row.name in own], dtype=np.int64)
        column = np.array([own.index(rows[c].name) for c in muscular], dtype=np.int64)
        derivative[..., muscular] = arms[..., of[muscular]] * muscles.force_by_own[:, None, of[muscular], column]
        for c, row in enumerate(rows):
            k = of[c]
            if row.name in PASSIVE_PARAMETERS:
                derivative[:, k, c] = self._tissue_slope(values, muscles.activation, row.name)[:, k]
            if row.name == "moment_arm_scale":
                derivative[..., c] += self.units.arms[..., k] * muscles.force[:, k, None]
        if self._stiffens(values):
            derivative += self._by_co_contraction(values, rows, owner, muscles)
        return moments, derivative

    def fiber_lengths(self, values=None):
        """Fiber lengths in optimal fiber lengths (n_frames, n_muscles), and cosines of the pennation angles."""
        values = self.model.parameters.value if values is None else values
        p = self._named(values)
        unit = (0.0 if self.units.constant is None else self.units.constant) + p["moment_arm_scale"] * self.units.length
        tendon = p["tendon_slack_length"] * np.ones_like(unit)
        if self.model.elastic.any():
            tendon_lengths(self.model.compiled.body(np.ascontiguousarray(values)), self.muscles(values).tendon, tendon)
        along = unit - tendon
        fiber = np.hypot(along, p["optimal_fiber_length"] * np.sin(p["pennation_angle_at_optimal"]))
        return fiber / p["optimal_fiber_length"], along / fiber

    def _named(self, values):
        return {name: values[rows] for name, rows in self.model.parameters.slices.items()}

    def _arms(self, values):
        return self.units.arms * self._named(values)["moment_arm_scale"]

    def _stiffens(self, values):
        return self.joints is not None and bool(self._named(values)["co_contraction_stiffness"].any())

    def _tissue(self, values, activation):
        """Moments of passive tissue and stops (see `compiled.skeleton.passive`)."""
        if self.joints is None:
            return 0.0
        p, (angle, speed) = self._named(values), self.joints
        stiffness = p["joint_stiffness"] + p["co_contraction_stiffness"] * activation.sum(axis=1, keepdims=True)
        over, under = self._beyond(p)
        elastic = -stiffness * (angle - p["joint_rest_angle"]) - p["joint_damping"] * speed
        return elastic + p["limit_stiffness"] * p["limit_transition"] * (np.logaddexp(0, under) - np.logaddexp(0, over))

    def _beyond(self, p):
        """How far the angles are beyond the upper and the lower stop, in transitions."""
        angle, width = self.joints.angle, p["limit_transition"]
        return (angle - p["upper_limit"]) / width, (p["lower_limit"] - angle) / width

    def _tissue_slope(self, values, activation, name):
        """Derivatives of the passive moments by one of each coordinate's own parameters, (n_frames, n_coordinates)."""
        p, (angle, speed) = self._named(values), self.joints
        over, under = self._beyond(p)
        total = activation.sum(axis=1, keepdims=True)
        away = angle - p["joint_rest_angle"]
        bent = lambda x: np.logaddexp(0, x) - x * expit(x)
        return {
            "joint_stiffness": lambda: -away,
            "joint_rest_angle": lambda: p["joint_stiffness"] + p["co_contraction_stiffness"] * total + 0.0 * away,
            "joint_damping": lambda: -speed,
            "co_contraction_stiffness": lambda: -total * away,
            "lower_limit": lambda: p["limit_stiffness"] * expit(under),
            "upper_limit": lambda: p["limit_stiffness"] * expit(over),
            "limit_stiffness": lambda: p["limit_transition"] * (np.logaddexp(0, under) - np.logaddexp(0, over)),
            "limit_transition": lambda: p["limit_stiffness"] * (bent(under) - bent(over)),
        }[name]()

    def _by_co_contraction(self, values, rows, owner, muscles):
        """What the parameters of the activation dynamics change of the tissue's stiffness."""
        p = self._named(values)
        out = np.zeros((len(self.excitation), self.model.n_coordinates, len(rows)))
        slope = -p["co_contraction_stiffness"] * (self.joints.angle - p["joint_rest_angle"])
        for c, row in enumerate(rows):
            if row.name in muscles.own:
                out[..., c] = slope * muscles.active_by_own[:, owner[row.owner], muscles.own.index(row.name), None]
        return out


def _units(model, angle, speed, free):
    """`Units` by the paths' polynomials, of angles and velocities (n_frames, n_joints)."""
    model.check_paths()
    n, m = len(angle), model.n_muscles
    length, lengthening, arms = np.empty((n, m)), np.empty((n, m)), np.empty((n, len(free), m))
    constant = np.empty(m)
    for k, muscle in enumerate(model.muscles):
        own, arm = muscle.path.along(angle)
        constant[k] = sum(c for e, c in muscle.path.terms.items() if not any(e))
        length[:, k], lengthening[:, k] = own - constant[k], -(arm * speed).sum(axis=1)  # dl/dt = dl/dq q' = -R q'
        arms[:, :, k] = arm[:, free]
    return Units(length, lengthening, arms, constant)


def splined(trials, column):
    """Values and rates of a spline through a column (n_frames,), trial by trial: (2, n_frames)."""
    out = np.empty((2, len(column)))
    for rows in trials.slices:
        n = rows.stop - rows.start
        spline = make_interp_spline(trials.time[rows], column[rows], k=min(DEGREE, 2 * (n // 2) - 1))
        out[0, rows], out[1, rows] = column[rows], spline(trials.time[rows], nu=1)
    return out
