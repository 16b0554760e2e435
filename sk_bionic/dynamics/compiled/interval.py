"""One interval: its collocation equations, Newton's method on them, and how errors at its left are handed to its right.

Unknown are angles and velocities of the coordinates at the right end, and state and rate of every elastic tendon there;
all rows hold at both Gauss points. The equilibrium of one tendon holds none of another's unknowns, so that its two
equations are solved for its own two unknowns and put into the equations of motion (a Schur complement a muscle): the
cost is linear in muscles.
"""

from typing import NamedTuple

import numpy as np

from ...musculoskeletal.compiled.compilation import part
from ...musculoskeletal.compiled.instant import balance, by_parameters
from ...musculoskeletal.compiled.layout import (
    ACCELERATION,
    ANGLE,
    OWN_RATE,
    OWN_STATE,
    PULL,
    RATE,
    SPEED,
    STATE,
    TENDON,
)
from .excitation import N_ACTIVATION, N_ACTIVITY
from .scheme import FRACTION, PARABOLA, PIECE

ITERATIONS, SHORTENINGS = 20, 6
NEAR = 1e-8  # of an update [rad; tendons: 1], after which Newton's method has arrived
NEARER = 1e-11  # of the update that would follow, the same: updates fall quadratically
# Of the last update where derivatives are wanted: as at the solution, for standard errors, to steer a search. The state
# is then off by about its square.
NEAREST, CLOSE, STEERING = 1e-9, 1e-6, 3e-5
LONGEST = 1.0  # rad, of an update
ROUNDING = 1e-12  # of the residual in torque scales, below which it need not fall
LARGEST = 1e60  # residual, beyond which it is no missing inertia that makes a matrix singular
SOLVED, OPEN, SINGULAR = range(3)
LEFT, RIGHT, PREVIOUS = range(3)  # of the states: both ends, and the right one of the iteration before
VALUES, SLOPES = range(2)  # of the states: angles and tendons, and their derivatives in time
MATRIX, OF_LEFT, SPARE = range(3)  # of square matrices: by the right end, by the left one, and room


class Interval(NamedTuple):
    """Arrays of the interval at hand."""

    state: np.ndarray  # (3, 2, n_states)
    activity: np.ndarray  # (4, n_muscles, 20): see `excitation`
    gauss: np.ndarray  # (2, n_muscles, 9): activations at both Gauss points and their derivatives
    near: np.ndarray  # (n_muscles,) of int: where in the EMG each muscle is
    square: np.ndarray  # (3, 2 n_coordinates, 2 n_coordinates)
    order: np.ndarray  # (2 n_coordinates,) of int: rows exchanged
    pull: np.ndarray  # (2 n_coordinates, n_tendons, 3): of the motion by a tendon's unknowns and its state at the left
    own: np.ndarray  # (n_tendons, 2, 3): of each equilibrium by the same, its first two columns then inverted
    reach: np.ndarray  # (2, n_tendons, 2, 2 n_coordinates): of each equilibrium by the motion at right and left
    motion: np.ndarray  # (2 n_coordinates, 1 + n_columns): rows, then steps; behind them columns of sensitivities
    tendon: np.ndarray  # (n_tendons, 2, 1 + n_columns)
    partial: np.ndarray  # (2, n_states, n_parameters): by parameters at both Gauss points
    moved: np.ndarray  # (2, 2 n_states, n_columns): derivatives of both ends
    history: np.ndarray  # (2, n_states + 1): velocities and rates at the two ends before, and the steps from there [s]


def new_interval(body, n_parameters, n_columns):
    """Empty arrays for sensitivities in `n_columns` columns, the first `n_parameters` of them by parameters."""
    d, m = body.joints[0], len(body.index)
    e = int((body.index[:, TENDON] >= 0).sum())
    n = d + e
    return Interval(
        np.zeros((3, 2, n)), np.zeros((4, m, N_ACTIVITY)), np.zeros((2, m, 1 + N_ACTIVATION)), np.zeros(m, np.int64),
        np.zeros((3, 2 * d, 2 * d)), np.zeros(2 * d, np.int64), np.zeros((2 * d, e, 3)), np.zeros((e, 2, 3)),
        np.zeros((2, e, 2, 2 * d)), np.zeros((2 * d, 1 + n_columns)), np.zeros((e, 2, 1 + n_columns)),
        np.zeros((2, n, n_parameters)), np.zeros((2, 2 * n, n_columns)), np.zeros((2, n + 1)),
    )  # fmt: skip


@part
def place(body, record, frame, offset, at):
    """External inputs and given angles `offset` seconds behind a frame."""
    x, fraction = offset, offset / (record.time[frame + 1] - record.time[frame])
    for k in range(3):
        at.scalar[k] = (1.0 - fraction) * record.external[frame, k] + fraction * record.external[frame + 1, k]
    for k in range(record.given.shape[1]):
        j, value, first, second = body.joints[1 + body.joints[0] + k], 0.0, 0.0, 0.0
        for power in range(5, -1, -1):
            second = second * x + 2.0 * first
            first = first * x + value
            value = value * x + record.given[frame, k, power]
        at.segment[ANGLE, j], at.segment[SPEED, j], at.segment[ACCELERATION, j] = value, first, second


@part
def between_ends(body, g, h, state, at):
    """States and derivatives at a Gauss point of an interval of h seconds."""
    d, w, u = body.joints[0], PIECE, PARABOLA
    for r in range(d):
        j = body.joints[1 + r]
        q0, v0, q1, v1 = state[LEFT, 0, r], state[LEFT, 1, r], state[RIGHT, 0, r], state[RIGHT, 1, r]
        at.segment[ANGLE, j] = w[0, g, 0] * q0 + w[0, g, 1] * h * v0 + w[0, g, 2] * q1 + w[0, g, 3] * h * v1
        at.segment[SPEED, j] = (w[1, g, 0] * q0 + w[1, g, 2] * q1) / h + w[1, g, 1] * v0 + w[1, g, 3] * v1
        bend = (w[2, g, 0] * q0 + w[2, g, 2] * q1) / h + w[2, g, 1] * v0 + w[2, g, 3] * v1
        at.segment[ACCELERATION, j] = bend / h
    for e in range(len(at.tendon)):
        z0, z1, rate = state[LEFT, 0, d + e], state[RIGHT, 0, d + e], state[RIGHT, 1, d + e]
        at.tendon[e, STATE] = u[0, g, 0] * z0 + u[0, g, 2] * z1 + u[0, g, 3] * h * rate
        at.tendon[e, RATE] = (u[1, g, 0] * z0 + u[1, g, 2] * z1) / h + u[1, g, 3] * rate


@part
def chained(by_angle, by_velocity, by_acceleration, g, a, h):
    """Derivatives of a row by a coordinate's angle and velocity at the end of the interval whose weights begin at a."""
    w = PIECE
    by_value = w[0, g, a] * by_angle + (w[1, g, a] * by_velocity + w[2, g, a] * by_acceleration / h) / h
    by_slope = w[0, g, a + 1] * h * by_angle + w[1, g, a + 1] * by_velocity + w[2, g, a + 1] * by_acceleration / h
    return by_value, by_slope


@part
def collocate(body, record, columns, frame, offset, h, at, w, wanted):
    """Rows and derivatives of the interval of h seconds that begins `offset` behind a frame.

    `wanted`: derivatives by the left end and by parameters, too.
    """
    d, n_tendons, square, u = body.joints[0], len(at.tendon), w.square, PARABOLA
    for g in range(2):
        place(body, record, frame, offset + FRACTION[g] * h, at)
        between_ends(body, g, h, w.state, at)
        balance(body, w.gauss[g], at)
        if wanted:
            by_parameters(body, columns, w.gauss[g], at, w.partial[g])
        for r in range(d):
            k = g * d + r
            w.motion[k, 0] = at.row[r, 0]
            for s in range(d):
                by = at.row[r, 1 + s], at.row[r, 1 + d + s], at.row[r, 1 + 2 * d + s]
                square[MATRIX, k, s], square[MATRIX, k, d + s] = chained(by[0], by[1], by[2], g, 2, h)
                square[OF_LEFT, k, s], square[OF_LEFT, k, d + s] = chained(by[0], by[1], by[2], g, 0, h)
            for e in range(n_tendons):
                by_state = at.tendon[e, PULL + r]
                w.pull[k, e, 0], w.pull[k, e, 1] = u[0, g, 2] * by_state, u[0, g, 3] * h * by_state
                w.pull[k, e, 2] = u[0, g, 0] * by_state
        for e in range(n_tendons):
            by_state, by_rate = at.tendon[e, OWN_STATE], at.tendon[e, OWN_RATE]
            w.tendon[e, g, 0] = at.row[d + e, 0]
            w.own[e, g, 0] = u[0, g, 2] * by_state + u[1, g, 2] / h * by_rate
            w.own[e, g, 1] = u[0, g, 3] * h * by_state + u[1, g, 3] * by_rate
            w.own[e, g, 2] = u[0, g, 0] * by_state + u[1, g, 0] / h * by_rate
            for s in range(d):
                first, second = at.row[d + e, 1 + s], at.row[d + e, 1 + d + s]
                w.reach[0, e, g, s], w.reach[0, e, g, d + s] = chained(first, second, 0.0, g, 2, h)
                w.reach[1, e, g, s], w.reach[1, e, g, d + s] = chained(first, second, 0.0, g, 0, h)


@part
def larger(largest, value):
    """Larger of a size and another value's; NaN, once there, stays."""
    size = abs(value)
    return size if not size <= largest else largest


@part
def largest_row(w, held):
    """Largest residual of the interval's rows; where the motion is `held`, of those of the tendons."""
    out = 0.0
    for k in range(0 if held else len(w.motion)):
        out = larger(out, w.motion[k, 0])
    for e in range(len(w.tendon)):
        out = larger(larger(out, w.tendon[e, 0, 0]), w.tendon[e, 1, 0])
    return out


@part
def factorise(w, held):
    """Invert the tendons' own blocks, take them off the motion's, and factorise that; whether it is regular."""
    for e in range(len(w.own)):
        a, b, c, d = w.own[e, 0, 0], w.own[e, 0, 1], w.own[e, 1, 0], w.own[e, 1, 1]
        determinant = a * d - b * c
        if determinant == 0.0 or not np.isfinite(determinant):
            return False
        w.own[e, 0, 0], w.own[e, 0, 1] = d / determinant, -b / determinant
        w.own[e, 1, 0], w.own[e, 1, 1] = -c / determinant, a / determinant
    if held:
        return True
    n, matrix, reach = len(w.order), w.square[MATRIX], w.reach[0]
    for e in range(len(w.own)):
        for j in range(n):
            first = w.own[e, 0, 0] * reach[e, 0, j] + w.own[e, 0, 1] * reach[e, 1, j]
            second = w.own[e, 1, 0] * reach[e, 0, j] + w.own[e, 1, 1] * reach[e, 1, j]
            for i in range(n):
                matrix[i, j] -= w.pull[i, e, 0] * first + w.pull[i, e, 1] * second
    return lu(matrix, w.order, n)


@part
def lu(matrix, order, n):
    """Factors of the leading (n, n) matrix in its place, rows exchanged for the largest pivots; is it regular?"""
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(matrix[i, k]) > abs(matrix[best, k]):
                best = i
        order[k] = best
        if best != k:
            for j in range(n):
                matrix[k, j], matrix[best, j] = matrix[best, j], matrix[k, j]
        if matrix[k, k] == 0.0 or not np.isfinite(matrix[k, k]):
            return False
        for i in range(k + 1, n):
            matrix[i, k] /= matrix[k, k]
            for j in range(k + 1, n):
                matrix[i, j] -= matrix[i, k] * matrix[k, j]
    return True


@part
def lu_solve(factors, order, n, rhs, begin, end):
    """Solutions in the place of the right-hand sides in columns begin ... end of `rhs`."""
    for k in range(n):
        if order[k] != k:
            for p in range(begin, end):
                rhs[k, p], rhs[order[k], p] = rhs[order[k], p], rhs[k, p]
    for k in range(n):
        for i in range(k + 1, n):
            factor = factors[i, k]
            for p in range(begin, end):
                rhs[i, p] -= factor * rhs[k, p]
    for k in range(n - 1, -1, -1):
        for i in range(k + 1, n):
            factor = factors[k, i]
            for p in range(begin, end):
                rhs[k, p] -= factor * rhs[i, p]
        for p in range(begin, end):
            rhs[k, p] /= factors[k, k]


@part
def solve(w, begin, end, held):
    """Solutions in the place of right-hand sides, columns begin ... end of w.motion and w.tendon, after `factorise`;
    `held` motions stay where they are.
    """
    n, motion, tendon, own, reach = len(w.order), w.motion, w.tendon, w.own, w.reach[0]
    for e in range(len(own)):
        for p in range(begin, end):
            a, b = tendon[e, 0, p], tendon[e, 1, p]
            tendon[e, 0, p] = own[e, 0, 0] * a + own[e, 0, 1] * b
            tendon[e, 1, p] = own[e, 1, 0] * a + own[e, 1, 1] * b
        for i in range(n):
            for p in range(begin, end):
                motion[i, p] -= w.pull[i, e, 0] * tendon[e, 0, p] + w.pull[i, e, 1] * tendon[e, 1, p]
    if held:
        for i in range(n):
            for p in range(begin, end):
                motion[i, p] = 0.0
        return
    lu_solve(w.square[MATRIX], w.order, n, motion, begin, end)
    for e in range(len(own)):
        for j in range(n):
            first = own[e, 0, 0] * reach[e, 0, j] + own[e, 0, 1] * reach[e, 1, j]
            second = own[e, 1, 0] * reach[e, 0, j] + own[e, 1, 1] * reach[e, 1, j]
            for p in range(begin, end):
                tendon[e, 0, p] -= first * motion[j, p]
                tendon[e, 1, p] -= second * motion[j, p]


@part
def take_step(body, h, w):
    """Move the right end by Newton's step, no further than `LONGEST`; how far the step was."""
    d, state = body.joints[0], w.state
    largest = 0.0
    for r in range(2 * d):
        largest = larger(largest, w.motion[r, 0] * (1.0 if r < d else h))
    length = 1.0 if largest <= LONGEST else LONGEST / largest
    for s in range(state.shape[2]):
        value = w.motion[s, 0] if s < d else w.tendon[s - d, 0, 0]
        slope = w.motion[d + s, 0] if s < d else w.tendon[s - d, 1, 0]
        state[PREVIOUS, VALUES, s], state[PREVIOUS, SLOPES, s] = state[RIGHT, VALUES, s], state[RIGHT, SLOPES, s]
        state[RIGHT, VALUES, s] -= length * value
        state[RIGHT, SLOPES, s] -= length * slope
        largest = larger(larger(largest, value), h * slope)
    return largest


@part
def newton(body, record, columns, frame, offset, h, at, w, held, wanted, near, enough):
    """Right end of the interval, from the guess in w.state; whether it was found, and the largest residual.

    Where `held`, the motion is given and only tendons are solved for. A step that makes the residual larger is halved.
    Where derivatives are `wanted`, all of them are left, those of the last iteration, whose step was less than
    `enough`. Where the guess is `near`, that is mostly the first.
    """
    state = w.state
    best, residual, shortened, before, complete = np.inf, np.inf, 0, 0.0, wanted and near
    for _ in range(ITERATIONS):
        collocate(body, record, columns, frame, offset, h, at, w, complete)
        residual = largest_row(w, held)
        if not residual < np.inf and best == np.inf:
            return OPEN, residual
        if not residual <= max(best, ROUNDING):
            shortened += 1
            if shortened > SHORTENINGS:
                return OPEN, residual
            for k in range(2):
                for s in range(state.shape[2]):
                    state[RIGHT, k, s] = 0.5 * (state[RIGHT, k, s] + state[PREVIOUS, k, s])
            continue
        best, shortened = residual, 0
        if not factorise(w, held):
            return SINGULAR if residual < LARGEST else OPEN, residual
        solve(w, 0, 1, held)
        moved = take_step(body, h, w)
        ratio = moved / before  # infinite at first; the next one is about its square
        before = moved
        if not wanted and (moved < NEAR or moved * ratio * ratio < NEARER) or (complete or near) and moved < enough:
            return SOLVED, residual
        complete = wanted
    return OPEN, residual


@part
def hand_over(body, w, n_parameters, held):
    """Derivatives of the states at the right from those at the left, w.moved[1] from w.moved[0], after `newton` that
    left all derivatives; the first `n_parameters` columns are those of parameters.
    """
    d, n, before, after = body.joints[0], w.state.shape[2], w.moved[0], w.moved[1]
    n_columns = before.shape[1]
    for g in range(2):
        for s in range(n):
            for p in range(n_columns):
                own = w.partial[g, s, p] if p < n_parameters else 0.0
                if s < d:
                    w.motion[g * d + s, 1 + p] = own
                else:
                    w.tendon[s - d, g, 1 + p] = own + w.own[s - d, g, 2] * before[s, p]
            for j in range(d):
                if s < d:
                    by_value, by_slope = w.square[OF_LEFT, g * d + s, j], w.square[OF_LEFT, g * d + s, d + j]
                    for p in range(n_columns):
                        w.motion[g * d + s, 1 + p] += by_value * before[j, p] + by_slope * before[n + j, p]
                else:
                    by_value, by_slope = w.reach[1, s - d, g, j], w.reach[1, s - d, g, d + j]
                    for p in range(n_columns):
                        w.tendon[s - d, g, 1 + p] += by_value * before[j, p] + by_slope * before[n + j, p]
            if s < d:
                for e in range(n - d):
                    for p in range(n_columns):
                        w.motion[g * d + s, 1 + p] += w.pull[g * d + s, e, 2] * before[d + e, p]
    solve(w, 1, 1 + n_columns, held)
    for p in range(n_columns):
        for s in range(n):
            after[s, p] = -(w.motion[s, 1 + p] if s < d else w.tendon[s - d, 0, 1 + p])
            after[n + s, p] = -(w.motion[d + s, 1 + p] if s < d else w.tendon[s - d, 1, 1 + p])
