"""A musculoskeletal model as flat arrays, the form in which compiled functions take it."""

from typing import NamedTuple

import numpy as np

from .. import thelen
from ..families import curve_family
from .activation import prepare
from .curves import FAMILIES
from .layout import (
    ARMS,
    CONSTANT,
    CURVES,
    FASTEST_LENGTHENING,
    HAS_PASSIVE,
    IS_END,
    IS_ROOT,
    JOINT_PARAMETERS,
    LARGEST_FORCE,
    MUSCLE_PARAMETERS,
    N_JOINT,
    N_READY,
    N_SEGMENT_ROWS,
    OWN_PASSIVE_STRAIN,
    OWN_TENDON_STRAIN,
    PULL,
    READY,
    SLACK_STIFFNESS,
    SURPLUS,
    TABLES,
    TENDON,
    TORQUE_SCALE,
    WIDTH_SCALE,
)


class Body(NamedTuple):
    """A model with values of all its parameters; the columns are those of `layout`."""

    index: np.ndarray  # (n_muscles, 16) of int
    table: np.ndarray  # (n_pieces, 8): curves of Bezier corners, one behind the other
    exponent: np.ndarray  # (n_terms, n_joints) of int: the paths' polynomials but for their constants
    coefficient: np.ndarray  # (n_terms,)
    links: np.ndarray  # (3, n_joints, n_joints): `Linkage.carried`, `before` and `turns`
    joints: np.ndarray  # (1 + n_joints,) of int: number of coordinates, then their joints, then those that are given
    muscle: np.ndarray  # (n_muscles, 31)
    joint: np.ndarray  # (n_joints, 18)


class Instant(NamedTuple):
    """What is known of one instant: arrays that functions fill and read; columns and rows are those of `layout`."""

    segment: np.ndarray  # (13, n_joints)
    pair: np.ndarray  # (3, n_joints, n_joints)
    unit: np.ndarray  # (n_muscles, 4 + 2 width + 3 n_joints + n_joints^2)
    row: np.ndarray  # (n_rows, 1 + 3 n_coordinates): residual, then by angles, velocities and accelerations
    tendon: np.ndarray  # (n_tendons, 4 + n_coordinates)
    power: np.ndarray  # (n_joints, degree + 1, 3)
    scalar: np.ndarray  # (4,)


def new_instant(body):
    """Empty arrays for a model."""
    j, d, m = len(body.joint), body.joints[0], len(body.index)
    e = int((body.index[:, TENDON] >= 0).sum())
    return Instant(
        np.zeros((N_SEGMENT_ROWS, j)), np.zeros((3, j, j)), np.zeros((m, ARMS + 3 * j + j * j + 2)),
        np.zeros((d + e, 1 + 3 * d)), np.zeros((e, PULL + d)), np.zeros((j, body.exponent.max(initial=1) + 1, 3)),
        np.zeros(4),
    )  # fmt: skip


class CompiledModel:
    """The arrays of a model, and where the rows of its parameters stand in them.

    Parameters
    ----------
    model : MusculoskeletalModel
    """

    def __init__(self, model):
        muscles, n_joints = model.muscles, len(model.joints)
        elastic = np.array([muscle.tendon == "elastic" for muscle in muscles])
        self.n_coordinates, self.n_tendons, self.n_muscles = model.n_coordinates, int(elastic.sum()), len(muscles)
        self.n_joints = n_joints
        constants, terms = _terms(muscles, n_joints)
        counts = np.cumsum([0, *map(len, terms)])
        self._index = np.zeros((len(muscles), TABLES + 8), dtype=np.int64)
        self._index[:, 1] = np.where(elastic, np.cumsum(elastic) - 1, -1)
        self._index[:, 2] = [muscle.activation_dynamics == "second_order" for muscle in muscles]
        self._index[:, 3] = [muscle.activation_shape == "logarithmic" for muscle in muscles]
        self._index[:, 4], self._index[:, 5] = counts[:-1], counts[1:]
        self._index[: self.n_tendons, 6] = np.flatnonzero(elastic)
        flat = [term for own in terms for term in own.items()]
        self._exponent = np.array([e for e, _ in flat], dtype=np.int64).reshape(len(flat), n_joints)
        self._coefficient = np.array([c for _, c in flat], dtype=np.float64)
        self.free_joints = free = [
            i for i, joint in enumerate(model.joints) if joint.name not in model.prescribed_names
        ]
        given = [i for i in range(n_joints) if i not in free]
        self._joints = np.array([len(free), *free, *given], dtype=np.int64)
        self._muscle, self._joint = np.zeros((len(muscles), READY + N_READY)), np.zeros((n_joints, N_JOINT + 3))
        self._muscle[:, CONSTANT] = constants
        self._table = self._curves(muscles)
        self._links, self._joint[:, IS_ROOT], self._joint[:, IS_END] = _links(model.linkage, n_joints)
        self._joint[:, TORQUE_SCALE] = [joint.torque_scale for joint in model.joints]
        self._place_rows(model)

    def _curves(self, muscles):
        """Constants of all muscles' curves at their places; the tables (n_pieces, 8) of those that have some."""
        pieces, ends = [np.zeros((1, 8))], {}
        for m, muscle in enumerate(muscles):
            family = curve_family(muscle.curves, muscle.curve_properties)
            _place_curves(family, self._index[m], self._muscle[m], pieces, ends)
        return np.ascontiguousarray(np.concatenate(pieces))

    def _place_rows(self, model):
        owners = {part.name: k for parts in (model.muscles, model.joints) for k, part in enumerate(parts)}
        rows = model.parameters.rows
        of_joint = np.array([row.name in JOINT_PARAMETERS for row in rows])
        names = [JOINT_PARAMETERS if joint else MUSCLE_PARAMETERS for joint in of_joint]
        column = [own.index(row.name) for own, row in zip(names, rows, strict=True)]
        #: Columns of `by_parameters` (3, n_parameters) of int: whether a joint has it, column of `layout`, which one.
        self.columns = np.array([of_joint, column, [owners[row.owner] for row in rows]], dtype=np.int64)
        self._of_muscle, self._of_joint = np.flatnonzero(~of_joint), np.flatnonzero(of_joint)

    def body(self, values):
        """The model with values of all rows of its parameters.

        Parameters
        ----------
        values : ndarray (n_parameters,)

        Returns
        -------
        Body
        """
        muscle, joint = self._muscle.copy(), self._joint.copy()
        _, column, owner = self.columns
        muscle[owner[self._of_muscle], column[self._of_muscle]] = values[self._of_muscle]
        joint[owner[self._of_joint], column[self._of_joint]] = values[self._of_joint]
        body = Body(
            self._index, self._table, self._exponent, self._coefficient, self._links, self._joints, muscle, joint
        )
        prepare(body)
        return body

    @property
    def surplus(self):
        """Columns (3, n_muscles) of int of every muscle's surplus activation at the start."""
        n = self.n_muscles
        return np.array([np.zeros(n), np.full(n, SURPLUS), np.arange(n)], dtype=np.int64)

    def columns_of(self, rows):
        """Columns (3, n) of int of some rows of the table of parameters."""
        return np.ascontiguousarray(self.columns[:, np.asarray(rows, dtype=np.int64)])


def _terms(muscles, n_joints):
    """Constants (n_muscles,) of the paths, and their other terms; of paths over one joint every power, with zeros."""
    constants, terms = [], []
    for muscle in muscles:
        own = {} if muscle.path is None else muscle.path.terms
        constants.append(sum(c for e, c in own.items() if not any(e)))
        own = {e: c for e, c in own.items() if any(e)}
        if n_joints == 1:
            own = {(power,): own.get((power,), 0.0) for power in range(1, 1 + max((e for (e,) in own), default=1))}
        terms.append(own)
    return constants, terms


def _place_curves(family, index, muscle, pieces, ends):
    """A family's constants in the row of a muscle, and its tables behind the others' `pieces`, which end at `ends`."""
    constants, own = family.constants, muscle[CURVES:READY]
    index[0], muscle[SLACK_STIFFNESS] = FAMILIES[family.name], family.slack_stiffness
    if family.name == "degroote_fregly":
        own[WIDTH_SCALE] = constants.active_force_width_scale
        own[HAS_PASSIVE] = not constants.ignore_passive_fiber_force
    elif family.name == "thelen":
        own[: LARGEST_FORCE + 1] = constants[: LARGEST_FORCE + 1]
        own[FASTEST_LENGTHENING] = thelen.fastest_lengthening(constants)
    else:
        muscle[OWN_PASSIVE_STRAIN] = constants.FiberForceLengthCurve.strain_at_one_norm_force
        muscle[OWN_TENDON_STRAIN] = constants.TendonForceLengthCurve.strain_at_one_norm_force
        if constants not in ends:
            tables = _tables(family.made)
            ends[constants] = sum(map(len, pieces)) + np.cumsum([0, *map(len, tables)])
            pieces += tables
        index[TABLES::2], index[TABLES + 1 :: 2] = ends[constants][:-1], ends[constants][1:]


def body_of_curves(family):
    """`Body` of a muscle that has curves and nothing else."""
    index, muscle, pieces = (
        np.zeros((1, TABLES + 8), dtype=np.int64),
        np.zeros((1, READY + N_READY)),
        [np.zeros((1, 8))],
    )
    _place_curves(family, index[0], muscle[0], pieces, {})
    none, no_joint = np.zeros((0, 1)), np.zeros((3, 1, 1))
    return Body(
        index, np.ascontiguousarray(np.concatenate(pieces)), none.astype(np.int64), none[:, 0].copy(), no_joint,
        np.ones(2, dtype=np.int64), muscle, np.zeros((1, N_JOINT + 3)),
    )  # fmt: skip


def _tables(made):
    """Pieces (n_pieces, 8) of each of the four curves of a muscle of Millard's family."""
    return [
        np.column_stack([np.append(c.knots, np.inf), c.origins, c.coefficients])
        for c in (made.active, made.passive, made.velocity, made.tendon)
    ]


def _links(linkage, n):
    """`links` of a body, and which segments are the first and the last ones."""
    if linkage is None:
        return np.stack([np.eye(n), np.zeros((n, n)), np.eye(n)]), np.ones(n), np.ones(n)
    links = np.stack([linkage.carried, linkage.before, linkage.turns])
    return np.ascontiguousarray(links, dtype=np.float64), linkage.is_root, linkage.is_end
