"""Muscles along a motion that is given: forces and torques at the frames, with derivatives."""

from ...musculoskeletal.compiled.compilation import compiled, part
from ...musculoskeletal.compiled.layout import (
    ACCELERATION,
    ACTIVATION_SUM,
    ANGLE,
    ARMS,
    BY_LENGTH,
    BY_LENGTHENING,
    BY_TENDON,
    EQUILIBRIUM,
    FORCE,
    MUSCLE_OF_TENDON,
    RATE,
    SPEED,
    STATE,
    TENDON,
)
from ...musculoskeletal.compiled.path import units
from ...musculoskeletal.compiled.skeleton import passive, passive_by_parameter
from .excitation import BY_STATE, N_ACTIVATION, shape_of, start_activity, step_activity, surplus_left
from .excitation import LEFT as ACTIVITY_LEFT
from .excitation import RIGHT as ACTIVITY_RIGHT
from .excitation import STATE as ACTIVITY
from .instant import by_muscle_parameter, pull, settle_tendons, unit_by_parameter
from .interval import SOLVED
from .march import NO_ACTIVATION, copy_activity


@part
def set_motion(body, record, states, frame, settled, at):
    """Angles, velocities and tendons of a frame; the joints that are given from the record."""
    d, s = body.joints[0], at.segment
    for r in range(d):
        j = body.joints[1 + r]
        s[ANGLE, j], s[SPEED, j], s[ACCELERATION, j] = states[frame, 0, r], states[frame, 1, r], 0.0
    for k in range(record.given.shape[1]):
        j = body.joints[1 + d + k]
        s[ANGLE, j], s[SPEED, j] = record.given[frame, k, 0], record.given[frame, k, 1]
        s[ACCELERATION, j] = 2.0 * record.given[frame, k, 2]
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
    """Forces of all muscles at one frame; by angles, velocities and (behind them) own tendon states; by parameters.

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
            yields = -at.unit[m, FORCE + BY_TENDON] / at.unit[m, EQUILIBRIUM + BY_TENDON]
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
def torques(body, columns, activation, at, frame, torque, by_tendon, by_parameter, room):
    """Torques of muscles and passive tissue at one frame; by the tendons' states, those given; by parameters."""
    d = body.joints[0]
    for r in range(d):
        i = body.joints[1 + r]
        total = -passive(body, i, at.segment[ANGLE, i], at.segment[SPEED, i], at.scalar[ACTIVATION_SUM])[0]
        for m in range(len(at.unit)):
            total += at.unit[m, ARMS + i] * at.unit[m, FORCE]
        torque[frame, r] = total
        if len(by_parameter) > 0:
            for e in range(len(at.tendon)):
                m = body.index[e, MUSCLE_OF_TENDON]
                by_tendon[frame, r, e] = at.unit[m, ARMS + i] * at.unit[m, FORCE + BY_TENDON]
    if len(by_parameter) == 0:
        return
    for c in range(columns.shape[1]):
        of_joint, column, owner = columns[0, c], columns[1, c], columns[2, c]
        if of_joint == 0:
            by_muscle_parameter(body, owner, column, activation, at, room, c)
        for r in range(d):
            i, own = body.joints[1 + r], 0.0
            if of_joint == 0:
                own = room[r, c]
            elif owner == i:
                angle, speed = at.segment[ANGLE, i], at.segment[SPEED, i]
                own = passive_by_parameter(body, i, column, angle, speed, at.scalar[ACTIVATION_SUM])
            by_parameter[frame, r, c] = -own


@compiled
def along(body, record, columns, trial, bounds, settled, at, w, states, activations, force, force_by_state,
          force_by_parameter, torque, torque_by_tendon, torque_by_parameter):  # fmt: skip
    """Activations, forces and torques at all frames of a trial along given states.

    Parameters
    ----------
    bounds : tuple of int
        First frame of the trial, and the one behind its last.
    settled : bool
        Tendons follow in static equilibrium; else their states and rates stand behind those of the coordinates.
    states : ndarray (n_frames, 2, n_states)
    activations, force : ndarray (n_frames, n_muscles)
    force_by_state : ndarray (n_frames or 0, n_muscles, 2 n_coordinates + 1)
    force_by_parameter : ndarray (n_frames or 0, n_muscles, n_columns)
    torque : ndarray (n_frames, n_coordinates)
    torque_by_tendon : ndarray (n_frames or 0, n_coordinates, n_tendons)
    torque_by_parameter : ndarray (n_frames or 0, n_coordinates, n_columns)
        Parameters of segments have no part in torques of muscles and tissue.

    Returns
    -------
    tuple of int
        `SOLVED` or `NO_ACTIVATION`, and the last frame.
    """
    wanted = len(force_by_state) + len(torque_by_parameter) > 0
    for i in range(bounds[0], bounds[1]):
        if i == bounds[0]:
            start_activity(body, record, trial, bounds, w.activity, w.near)
        else:
            t = record.time[i - 1]
            if not step_activity(body, record, trial, bounds, t, record.time[i] - t, w.activity, w.near, wanted):
                return NO_ACTIVATION, i - 1
            copy_activity(w, ACTIVITY_RIGHT, ACTIVITY_LEFT)
        activation = w.gauss[0]
        for m in range(len(body.muscle)):
            shape_of(body, m, w.activity[ACTIVITY_LEFT], ACTIVITY, BY_STATE, activation, wanted)
            activation[m, N_ACTIVATION] = surplus_left(body, m, record.time[i] - record.time[bounds[0]])
            activations[i, m] = activation[m, 0]
        set_motion(body, record, states, i, settled, at)
        if settled:
            settle_tendons(body, activation, at)
        else:
            units(body, at)
        pull(body, activation, at)
        forces(body, columns, activation, settled, at, i, force, force_by_state, force_by_parameter)
        torques(body, columns, activation, at, i, torque, torque_by_tendon, torque_by_parameter, w.partial[0])
    return SOLVED, bounds[1] - 1
