"""Muscles whose lengths are given along a trial: activations, elastic tendons and forces, with derivatives by their own
parameters. No muscle feels another one, so that the cost is linear in muscles.
"""

from typing import NamedTuple

import numpy as np

from ...musculoskeletal.compiled.compilation import compiled, part
from ...musculoskeletal.compiled.layout import (
    ARM_SCALE,
    ARMS,
    BY_ACTIVATION,
    BY_LENGTH,
    BY_LENGTHENING,
    BY_TENDON,
    BY_TENDON_RATE,
    DELAY,
    EQUILIBRIUM,
    FORCE,
    OWN,
    TENDON,
    UNIT_LENGTH,
    UNIT_LENGTHENING,
    VALUE,
)
from ...musculoskeletal.compiled.muscle import elastic, rigid, static_state
from .excitation import BY_STATE, N_ACTIVATION, N_ACTIVITY, between, shape_of, start_activity, step_activity
from .excitation import LEFT as ACTIVITY_LEFT
from .excitation import RIGHT as ACTIVITY_RIGHT
from .excitation import STATE as ACTIVITY
from .interval import OPEN, SOLVED
from .march import NO_ACTIVATION
from .scheme import FRACTION, PARABOLA

ITERATIONS, SHORTENINGS = 30, 8
NEAR = 1e-10  # of an update of a tendon's state, after which Newton's method has arrived
MOST_STEPS = 64  # an interval is crossed in
LENGTH, SPEED = range(2)  # of the geometry: but for the path's constant and at a path's scale of 1
BEFORE, RATE, NEXT, NEXT_RATE = range(4)  # of a tendon: state and rate at both ends of a step


class Course(NamedTuple):
    """Arrays for the march along one trial."""

    activity: np.ndarray  # (4, n_muscles, 20): see `excitation`
    gauss: np.ndarray  # (2, n_muscles, 9): activations at both Gauss points and their derivatives
    near: np.ndarray  # (n_muscles,) of int: where in the EMG each muscle is
    unit: np.ndarray  # (n_muscles, 4 + 2 width + 6): as of one instant, without joints
    tendon: np.ndarray  # (n_muscles, 4)
    moved: np.ndarray  # (2, n_muscles, n_own): derivatives of the tendon's state at both ends
    own: np.ndarray  # (2, 3 + n_own): of both equations by the unknowns, the state before, and the parameters


def new_course(n_muscles, n_own):
    """Empty arrays for derivatives by `n_own` parameters of each muscle."""
    return Course(
        np.zeros((4, n_muscles, N_ACTIVITY)), np.zeros((2, n_muscles, 1 + N_ACTIVATION)),
        np.zeros(n_muscles, np.int64), np.zeros((n_muscles, ARMS + 6)), np.zeros((n_muscles, 4)),
        np.zeros((2, n_muscles, n_own)), np.zeros((2, 3 + n_own)),
    )  # fmt: skip


@part
def put(body, m, constant, length, speed, unit):
    """The unit's length [m] and lengthening velocity [m/s] from those at a path's scale of 1."""
    scale = body.muscle[m, ARM_SCALE]
    unit[m, UNIT_LENGTH], unit[m, UNIT_LENGTHENING] = constant[m] + scale * length, scale * speed


@part
def by_own(m, column, activation, length, speed, unit, row):
    """Derivative of force (row `FORCE`) or equilibrium by a parameter of the muscle, its tendon held."""
    if column < ARM_SCALE:
        return unit[m, row + OWN + column]
    if column == ARM_SCALE:
        return unit[m, row + BY_LENGTH] * length + unit[m, row + BY_LENGTHENING] * speed
    return unit[m, row + BY_ACTIVATION] * activation[m, 1 + column - DELAY]


@part
def between_frames(geometry, frame, m, x, whole):
    """Length and velocity a fraction x behind a frame, on the cubic piece to the next, `whole` seconds on."""
    l0, v0 = geometry[frame, m, LENGTH], geometry[frame, m, SPEED]
    l1, v1 = geometry[frame + 1, m, LENGTH], geometry[frame + 1, m, SPEED]
    rise, square, cube = l1 - l0, x * x, x * x * x
    length = l0 + (3.0 * square - 2.0 * cube) * rise
    length += whole * ((cube - 2.0 * square + x) * v0 + (cube - square) * v1)
    speed = 6.0 * (x - square) / whole * rise + (3.0 * square - 4.0 * x + 1.0) * v0 + (3.0 * square - 2.0 * x) * v1
    return length, speed


@part
def equations(body, m, columns, geometry, constant, frame, offset, h, whole, w, wanted):
    """Both equilibria of a tendon over h seconds, `offset` behind a frame: values returned, derivatives in w."""
    values, u = (0.0, 0.0), PARABOLA
    for g in range(2):
        length, speed = between_frames(geometry, frame, m, (offset + FRACTION[g] * h) / whole, whole)
        put(body, m, constant, length, speed, w.unit)
        z0, z1, rate = w.tendon[m, BEFORE], w.tendon[m, NEXT], w.tendon[m, NEXT_RATE]
        state = u[0, g, 0] * z0 + u[0, g, 2] * z1 + u[0, g, 3] * h * rate
        slope = (u[1, g, 0] * z0 + u[1, g, 2] * z1) / h + u[1, g, 3] * rate
        elastic(body, m, w.gauss[g, m, 0], state, slope, w.unit)
        by_state, by_rate = w.unit[m, EQUILIBRIUM + BY_TENDON], w.unit[m, EQUILIBRIUM + BY_TENDON_RATE]
        w.own[g, 0] = u[0, g, 2] * by_state + u[1, g, 2] / h * by_rate
        w.own[g, 1] = u[0, g, 3] * h * by_state + u[1, g, 3] * by_rate
        w.own[g, 2] = u[0, g, 0] * by_state + u[1, g, 0] / h * by_rate
        values = (w.unit[m, EQUILIBRIUM + VALUE], 0.0) if g == 0 else (values[0], w.unit[m, EQUILIBRIUM + VALUE])
        if wanted:
            for c in range(len(columns)):
                w.own[g, 3 + c] = by_own(m, columns[c], w.gauss[g], length, speed, w.unit, EQUILIBRIUM)
    return values


@part
def settle(body, m, columns, geometry, constant, frame, offset, h, whole, w, wanted):
    """State and rate of one tendon at the end of a step by Newton's method; whether they were found."""
    tendon, best, shortened, before = w.tendon, np.inf, 0, (0.0, 0.0)
    tendon[m, NEXT], tendon[m, NEXT_RATE] = tendon[m, BEFORE] + h * tendon[m, RATE], tendon[m, RATE]
    for _ in range(ITERATIONS):
        first, second = equations(body, m, columns, geometry, constant, frame, offset, h, whole, w, wanted)
        size = max(abs(first), abs(second))
        if not size <= max(best, 1e-12):
            shortened += 1
            if shortened > SHORTENINGS or not best < np.inf:
                return False
            tendon[m, NEXT] = 0.5 * (tendon[m, NEXT] + before[0])
            tendon[m, NEXT_RATE] = 0.5 * (tendon[m, NEXT_RATE] + before[1])
            continue
        best, shortened = size, 0
        determinant = w.own[0, 0] * w.own[1, 1] - w.own[0, 1] * w.own[1, 0]
        if determinant == 0.0 or not np.isfinite(determinant):
            return False
        step = (w.own[1, 1] * first - w.own[0, 1] * second) / determinant
        bend = (w.own[0, 0] * second - w.own[1, 0] * first) / determinant
        before = tendon[m, NEXT], tendon[m, NEXT_RATE]
        tendon[m, NEXT] -= step
        tendon[m, NEXT_RATE] -= bend
        if max(abs(step), h * abs(bend)) < NEAR:
            if wanted:  # by the implicit function theorem, at the last iterate
                for c in range(len(columns)):
                    a = w.own[0, 3 + c] + w.own[0, 2] * w.moved[0, m, c]
                    b = w.own[1, 3 + c] + w.own[1, 2] * w.moved[0, m, c]
                    w.moved[1, m, c] = -(w.own[1, 1] * a - w.own[0, 1] * b) / determinant
            return True
    return False


@part
def begin(body, m, columns, geometry, constant, first, activation, w, wanted):
    """A tendon in static equilibrium at the trial's first frame."""
    length, speed = geometry[first, m, LENGTH], geometry[first, m, SPEED]
    put(body, m, constant, length, speed, w.unit)
    w.tendon[m, BEFORE], w.tendon[m, RATE] = static_state(body, m, activation[m, 0], w.unit), 0.0
    if wanted:
        elastic(body, m, activation[m, 0], w.tendon[m, BEFORE], 0.0, w.unit)
        for c in range(len(columns)):
            own = by_own(m, columns[c], activation, length, speed, w.unit, EQUILIBRIUM)
            w.moved[0, m, c] = -own / w.unit[m, EQUILIBRIUM + BY_TENDON]


@part
def cross(body, record, columns, trial, bounds, geometry, constant, frame, n_steps, w, wanted):
    """Cross the interval behind a frame in some steps, from the states in `w`."""
    whole = record.time[frame + 1] - record.time[frame]
    h = whole / n_steps
    for k in range(n_steps):
        t = record.time[frame] + k * h
        if not step_activity(body, record, trial, bounds, t, h, w.activity, w.near, wanted):
            return NO_ACTIVATION
        between(body, t - record.time[bounds[0]], h, w.activity, w.gauss, wanted)
        for m in range(len(w.tendon)):
            if body.index[m, TENDON] < 0:
                continue
            if not settle(body, m, columns, geometry, constant, frame, k * h, h, whole, w, wanted):
                return OPEN
            w.tendon[m, BEFORE], w.tendon[m, RATE] = w.tendon[m, NEXT], w.tendon[m, NEXT_RATE]
            for c in range(w.moved.shape[2]):
                w.moved[0, m, c] = w.moved[1, m, c]
        for m in range(w.activity.shape[1]):
            for c in range(N_ACTIVITY):
                w.activity[ACTIVITY_LEFT, m, c] = w.activity[ACTIVITY_RIGHT, m, c]
    return SOLVED


@part
def keep(body, columns, geometry, constant, frame, w, kept, activations, tendons, force, force_by_own, active_by_own):
    """Forces and derivatives at a frame from the activations and tendons that have been reached; these are kept."""
    wanted = len(force_by_own) > 0
    activation = w.gauss[0]
    for m in range(len(w.tendon)):
        shape_of(body, m, w.activity[ACTIVITY_LEFT], ACTIVITY, BY_STATE, activation, wanted)
        activations[frame, m] = activation[m, 0]
        length, speed = geometry[frame, m, LENGTH], geometry[frame, m, SPEED]
        put(body, m, constant, length, speed, w.unit)
        is_elastic = body.index[m, TENDON] >= 0
        if is_elastic:
            elastic(body, m, activation[m, 0], w.tendon[m, BEFORE], w.tendon[m, RATE], w.unit)
        else:
            rigid(body, m, activation[m, 0], w.unit)
        tendons[frame, m] = w.tendon[m, BEFORE]
        force[frame, m] = w.unit[m, FORCE + VALUE]
        if not wanted:
            continue
        for c in range(len(columns)):
            own = by_own(m, columns[c], activation, length, speed, w.unit, FORCE)
            if is_elastic:
                own += w.unit[m, FORCE + BY_TENDON] * w.moved[0, m, c]
            force_by_own[frame, m, c] = own
            active_by_own[frame, m, c] = activation[m, 1 + columns[c] - DELAY] if columns[c] >= DELAY else 0.0
    kept[0] = frame


@compiled
def follow(body, record, trial, bounds, activity, near, wanted, report, states):
    """States of the activation dynamics at all frames of a trial and, where `wanted`, their derivatives by delay, both
    time constants and gain behind them: into states (n_frames, n_muscles, 5). No other parameter moves them.

    Returns `SOLVED`, or why not; `report` (1,) has the last frame that was reached.
    """
    start_activity(body, record, trial, bounds, activity, near)
    for i in range(bounds[0], bounds[1]):
        report[0] = i
        for m in range(states.shape[1]):
            states[i, m, 0] = activity[ACTIVITY_LEFT, m, ACTIVITY]
            for k in range(4):
                states[i, m, 1 + k] = activity[ACTIVITY_LEFT, m, BY_STATE + k]
        if i == bounds[1] - 1:
            break
        t = record.time[i]
        if not step_activity(body, record, trial, bounds, t, record.time[i + 1] - t, activity, near, wanted):
            return NO_ACTIVATION
        for m in range(states.shape[1]):
            for c in range(N_ACTIVITY):
                activity[ACTIVITY_LEFT, m, c] = activity[ACTIVITY_RIGHT, m, c]
    return SOLVED


@compiled
def rigid_forces(body, columns, geometry, constant, states, w, activations, force, force_by_own, active_by_own):
    """As `course` of muscles without elastic tendons, from the states of their activation dynamics by `follow`."""
    wanted, activation = len(force_by_own) > 0, w.gauss[0]
    for i in range(len(states)):
        for m in range(states.shape[1]):
            shape_of(body, m, states[i], 0, 1, activation, wanted)
            activations[i, m] = activation[m, 0]
            length, speed = geometry[i, m, LENGTH], geometry[i, m, SPEED]
            put(body, m, constant, length, speed, w.unit)
            rigid(body, m, activation[m, 0], w.unit)
            force[i, m] = w.unit[m, FORCE + VALUE]
            if wanted:
                for c in range(len(columns)):
                    force_by_own[i, m, c] = by_own(m, columns[c], activation, length, speed, w.unit, FORCE)
                    active_by_own[i, m, c] = activation[m, 1 + columns[c] - DELAY] if columns[c] >= DELAY else 0.0


@compiled
def course(body, record, columns, trial, bounds, geometry, constant, w, spare, report, activations, tendons, force,
           force_by_own, active_by_own):  # fmt: skip
    """Activations, tendons and forces at all frames of a trial whose muscle-tendon lengths are given.

    Parameters
    ----------
    columns : ndarray (n_own,) of int
        Columns of `layout` of the parameters by which derivatives are wanted.
    bounds : tuple of int
        First frame of the trial, and the one behind its last.
    geometry : ndarray (n_frames, n_muscles, 2)
        Length [m] but for the path's constant, and lengthening velocity [m/s], at a scale of 1.
    constant : ndarray (n_muscles,)
        Constants of the paths [m].
    w, spare : Course
        Of the march, and room to go back to where an interval began.
    report : ndarray (1,)
        The last frame that was reached.
    activations, tendons, force : ndarray (n_frames, n_muscles)
        Filled; the tendons' states are 0 of rigid ones, forces in N.
    force_by_own, active_by_own : ndarray (n_frames or 0, n_muscles, n_own)
        Derivatives of forces and activations, filled where they have rows.

    Returns
    -------
    int
        `SOLVED`, or why not.
    """
    wanted, first = len(force_by_own) > 0, bounds[0]
    start_activity(body, record, trial, bounds, w.activity, w.near)
    for m in range(len(w.tendon)):
        if body.index[m, TENDON] >= 0:
            shape_of(body, m, w.activity[ACTIVITY_LEFT], ACTIVITY, BY_STATE, w.gauss[0], wanted)
            begin(body, m, columns, geometry, constant, first, w.gauss[0], w, wanted)
    keep(body, columns, geometry, constant, first, w, report, activations, tendons, force, force_by_own, active_by_own)
    for i in range(first, bounds[1] - 1):
        n_steps = 1
        copy(w, spare)
        while True:
            status = cross(body, record, columns, trial, bounds, geometry, constant, i, n_steps, w, wanted)
            if status == SOLVED:
                break
            if n_steps >= MOST_STEPS:
                return status
            n_steps *= 2
            copy(spare, w)
        keep(
            body,
            columns,
            geometry,
            constant,
            i + 1,
            w,
            report,
            activations,
            tendons,
            force,
            force_by_own,
            active_by_own,
        )
    return SOLVED


@part
def copy(source, target):
    """Overwrite what a step starts from."""
    for m in range(len(source.tendon)):
        for c in range(N_ACTIVITY):
            target.activity[ACTIVITY_LEFT, m, c] = source.activity[ACTIVITY_LEFT, m, c]
        target.near[m] = source.near[m]
        target.tendon[m, BEFORE], target.tendon[m, RATE] = source.tendon[m, BEFORE], source.tendon[m, RATE]
        for c in range(source.moved.shape[2]):
            target.moved[0, m, c] = source.moved[0, m, c]
