"""Muscles and equations at given states: values at many points, with derivatives."""

from typing import NamedTuple

import numpy as np

from .compilation import compiled, part, shared
from .instant import balance, by_parameters, pull, settle_tendons, unit_by_parameter
from .layout import (
    ACCELERATION,
    ANGLE,
    ARMS,
    BY_LENGTH,
    BY_LENGTHENING,
    BY_TENDON,
    EQUILIBRIUM,
    FORCE,
    OWN_RATE,
    OWN_STATE,
    PULL,
    RATE,
    SPEED,
    STATE,
    TENDON,
)
from .path import units

FLATTEST = 1e-6  # slope of a tendon's equilibrium below which nothing holds it


class Points(NamedTuple):
    """Muscles and equations along given states; what is not asked for has no frames."""

    activations: np.ndarray  # (n_points, n_muscles)
    force: np.ndarray  # (n_points, n_muscles) [N]
    force_by_state: np.ndarray  # (n_points, n_muscles, 2 n_coordinates + 1): angles, velocities, the own tendon's state
    force_by_parameter: np.ndarray  # (n_points, n_muscles, n_columns), states held
    # (n_points, n_muscles, 5 + n_joints): length and lengthening of the unit, length and velocity of the fiber, cosine
    # of pennation, moment arms about all joints
    geometry: np.ndarray
    tendon: np.ndarray  # (n_points, n_tendons): their states
    residual: np.ndarray  # (n_points, n_rows) of all equations, in torque scales
    residual_by_motion: np.ndarray  # (n_points, n_rows, 3 n_coordinates): angles, velocities, accelerations
    # (n_points, n_coordinates + 2, n_tendons): of equations of motion by the state of each tendon, then of its own
    # equilibrium by its state and rate
    residual_by_tendon: np.ndarray
    residual_by_parameter: np.ndarray  # (n_points, n_rows, n_columns), motion and free tendons held


@part
def set_motion(body, external, given, states, acceleration, frame, settled, at):
    """Motion and tendons of a frame; `external` inputs and `given` joints as in a `Record`."""
    d, s = body.joints[0], at.segment
    for k in range(3):
        at.scalar[k] = external[frame, k]
    for r in range(d):
        j = body.joints[1 + r]
        s[ANGLE, j], s[SPEED, j], s[ACCELERATION, j] = states[frame, 0, r], states[frame, 1, r], 0.0
        if len(acceleration) > 0:
            s[ACCELERATION, j] = acceleration[frame, r]
    for k in range(given.shape[1]):
        j = body.joints[1 + d + k]
        s[ANGLE, j], s[SPEED, j] = given[frame, k, 0], given[frame, k, 1]
        s[ACCELERATION, j] = 2.0 * given[frame, k, 2]
    if not settled:
        for e in range(len(at.tendon)):
            at.tendon[e, STATE], at.tendon[e, RATE] = states[frame, 0, d + e], states[frame, 1, d + e]


@part
def slopes(body, m, row, at, s):
    """Derivatives of a muscle's force (`FORCE`) or equilibrium by angle and velocity of coordinate s."""
    n, j = at.segment.shape[1], body.joints[1 + s]
    arm, bend = at.unit[m, ARMS + j], at.unit[m, ARMS + n + j]
    by_length, by_lengthening = at.unit[m, row + BY_LENGTH], at.unit[m, row + BY_LENGTHENING]
    return by_lengthening * bend - by_length * arm, -by_lengthening * arm


@part
def forces(body, columns, activation, settled, at, frame, force, by_state, by_parameter):
    """Forces of all muscles at one point; by angles, velocities and (behind them) own tendon states; by parameters.

    Where tendons are `settled`, they stay in equilibrium whatever moves.
    """
    d = body.joints[0]
    for m in range(len(at.unit)):
        force[frame, m] = at.unit[m, FORCE]
        if len(by_state) == 0:
            continue
        e = body.index[m, TENDON]
        yields = 0.0  # force by equilibrium
        if e >= 0 and settled:
            yields = -at.unit[m, FORCE + BY_TENDON] / max(at.unit[m, EQUILIBRIUM + BY_TENDON], FLATTEST)
        for s in range(d):
            by_angle, by_velocity = slopes(body, m, FORCE, at, s)
            if e >= 0:
                eq_angle, eq_velocity = slopes(body, m, EQUILIBRIUM, at, s)
                by_angle, by_velocity = by_angle + yields * eq_angle, by_velocity + yields * eq_velocity
            by_state[frame, m, s], by_state[frame, m, d + s] = by_angle, by_velocity
        by_state[frame, m, 2 * d] = at.unit[m, FORCE + BY_TENDON] if e >= 0 else 0.0
        for c in range(columns.shape[1]):
            by_parameter[frame, m, c] = 0.0
            if columns[0, c] == 0 and columns[2, c] == m:
                own = unit_by_parameter(body, m, columns[1, c], activation, at.unit, FORCE)
                if e >= 0:
                    own += yields * unit_by_parameter(body, m, columns[1, c], activation, at.unit, EQUILIBRIUM)
                by_parameter[frame, m, c] = own


@part
def geometries(at, frame, out):
    """Lengths, velocities and moment arms of all muscles at one point."""
    for m in range(len(at.unit)):
        for k in range(5):
            out.geometry[frame, m, k] = at.unit[m, k]
        for j in range(at.segment.shape[1]):
            out.geometry[frame, m, 5 + j] = at.unit[m, ARMS + j]


@part
def equations(body, columns, activation, settled, at, frame, out, room):
    """Residuals of all equations at one point and, where there is room for them, their derivatives.

    Where tendons are `settled`, they stay in equilibrium whatever moves.
    """
    d, by_motion, by_parameter = body.joints[0], out.residual_by_motion, out.residual_by_parameter
    for r in range(len(at.row)):
        out.residual[frame, r] = at.row[r, 0]
    for e in range(len(at.tendon)):
        out.tendon[frame, e] = at.tendon[e, STATE]
    if len(by_motion) == 0:
        return
    by_parameters(body, columns, activation, at, room)
    for r in range(len(at.row)):
        for s in range(3 * d):
            by_motion[frame, r, s] = at.row[r, 1 + s]
        for c in range(columns.shape[1]):
            by_parameter[frame, r, c] = room[r, c]
    for e in range(len(at.tendon)):
        for r in range(d):
            out.residual_by_tendon[frame, r, e] = at.tendon[e, PULL + r]
            if settled:
                yields = at.tendon[e, PULL + r] / max(at.tendon[e, OWN_STATE], FLATTEST)
                for s in range(3 * d):
                    by_motion[frame, r, s] -= yields * at.row[d + e, 1 + s]
                for c in range(columns.shape[1]):
                    by_parameter[frame, r, c] -= yields * room[d + e, c]
        out.residual_by_tendon[frame, d, e] = at.tendon[e, OWN_STATE]
        out.residual_by_tendon[frame, d + 1, e] = at.tendon[e, OWN_RATE]


@shared
def evaluate(body, columns, external, given, states, acceleration, frame, settled, activation, at, out, room):
    """Everything at one point: see `at_points`."""
    set_motion(body, external, given, states, acceleration, frame, settled, at)
    if settled:
        settle_tendons(body, activation, at)
    if len(out.residual) > 0:
        balance(body, activation, at)
    else:
        units(body, at)
        pull(body, activation, at)
    forces(body, columns, activation, settled, at, frame, out.force, out.force_by_state, out.force_by_parameter)
    if len(out.geometry) > 0:
        geometries(at, frame, out)
    if len(out.residual) > 0:
        equations(body, columns, activation, settled, at, frame, out, room)


@compiled
def at_points(body, columns, external, given, states, acceleration, settled, activation, at, room, out):
    """Forces and equations at points that do not depend on one another, under the activations in `out`.

    Parameters
    ----------
    external : ndarray (n_points, 3)
        Load [kg], couple [N m], orientation of the first segment [rad] or NaN.
    given : ndarray (n_points, n_prescribed, 6)
        Taylor coefficients of the angles that are given.
    states : ndarray (n_points, 2, n_states)
        Angles and velocities, behind them states and rates of elastic tendons unless those are `settled`, that is in
        static equilibrium.
    acceleration : ndarray (n_points or 0, n_coordinates)
    activation, at, room : ndarray (n_muscles, 9), Instant, ndarray (n_rows, n_columns)
        For the work.
    out : Points
        Filled.
    """
    for i in range(len(states)):
        for m in range(len(activation)):
            activation[m, 0] = out.activations[i, m]
        evaluate(body, columns, external, given, states, acceleration, i, settled, activation, at, out, room)


def new_points(compiled_model, n_columns, n, activations=None, wanted=()):
    """Empty `Points` for what is wanted (see `March.along`); activations (n_points, n_muscles) where they are known."""
    m, d, e, p = compiled_model.n_muscles, compiled_model.n_coordinates, compiled_model.n_tendons, n_columns
    n_muscular = 0 if "activations" in wanted else n
    n_force, n_geometry = (n if name in wanted else 0 for name in ("force", "geometry"))
    n_jacobian = n if "jacobian" in wanted else 0
    n_residual = n if n_jacobian or "residual" in wanted else 0
    known = np.empty((n, m)) if activations is None else np.array(activations, dtype=np.float64)
    return Points(
        known, np.empty((n_muscular, m)), np.empty((n_force, m, 2 * d + 1)), np.empty((n_force, m, p)),
        np.empty((n_geometry, m, 5 + compiled_model.n_joints)),
        np.empty((n_residual, e)), np.empty((n_residual, d + e)), np.empty((n_jacobian, d + e, 3 * d)),
        np.empty((n_jacobian, d + 2, e)), np.empty((n_jacobian, d + e, p)),
    )  # fmt: skip
