"""Rest: the posture at which a limb under constant activation stays.

A stable equilibrium by pseudo-transient continuation (Kelley and Keyes 1998, SIAM J. Numer. Anal. 35(2), 508-523):
implicit Euler steps of the overdamped motion q' = torque, whose length grows as the torque vanishes; unlike Newton's
method it does not settle on an unstable equilibrium.
"""

import math

import numpy as np

from ...musculoskeletal.compiled.compilation import compiled, part, shared
from ...musculoskeletal.compiled.instant import balance, settle_tendons
from ...musculoskeletal.compiled.layout import ACCELERATION, ANGLE, LOWER, OWN_STATE, PULL, SPEED, UPPER
from .interval import MATRIX, SPARE, lu, lu_solve

N_STEPS, MARGIN = 12, 0.2  # of start angles to both sides (30 find the same rests); rad beyond the joint's limits
ITERATIONS, ROUNDING, AT_REST = 80, 1e-13, 1e-8
LONGEST = 0.3  # rad
FLATTEST = 1e-6  # slope of a tendon's equilibrium, below which nothing holds it


@shared
def at_rest(body, activation, state, at, stiffness):
    """Largest torque [torque scales] on a limb held at angles state[0]; all into at.row, slopes into `stiffness`."""
    d, s = body.joints[0], at.segment
    for j in range(s.shape[1]):
        s[SPEED, j] = s[ACCELERATION, j] = 0.0
    for r in range(d):
        s[ANGLE, body.joints[1 + r]] = state[0, r]
    settle_tendons(body, activation, at)
    balance(body, activation, at)
    largest = 0.0
    for r in range(d):
        size = abs(at.row[r, 0])
        largest = size if not size <= largest else largest
        for k in range(d):
            stiffness[r, k] = at.row[r, 1 + k]
            for e in range(len(at.tendon)):  # tendons stay in equilibrium
                if at.tendon[e, OWN_STATE] > FLATTEST:
                    stiffness[r, k] -= at.tendon[e, PULL + r] * at.row[d + e, 1 + k] / at.tendon[e, OWN_STATE]
    return largest


@part
def start_of_rest(body, activation, state, at, stiffness):
    """Where the search for rest begins: amid the range of all joints, or of a single one at the angle nearest to it at
    which the torque changes sign from up to down.
    """
    for r in range(body.joints[0]):
        j = body.joints[1 + r]
        state[0, r] = 0.5 * (body.joint[j, LOWER] + body.joint[j, UPPER])
    if body.joints[0] > 1:
        return
    j = body.joints[1]
    step = (body.joint[j, UPPER] - body.joint[j, LOWER] + 2.0 * MARGIN) / (2 * N_STEPS)
    middle = state[0, 0]
    at_rest(body, activation, state, at, stiffness)
    below = above = at.row[0, 0]  # of the angles that have been looked at, from the middle outwards
    for k in range(1, N_STEPS + 1):
        state[0, 0], before = middle - k * step, below
        at_rest(body, activation, state, at, stiffness)
        below = at.row[0, 0]
        if below <= 0.0 < before:
            state[0, 0] = middle - (k - 0.5) * step
            return
        state[0, 0], before = middle + k * step, above
        at_rest(body, activation, state, at, stiffness)
        above = at.row[0, 0]
        if before <= 0.0 < above:
            state[0, 0] = middle + (k - 0.5) * step
            return
    state[0, 0] = middle - (N_STEPS - 0.5) * step


@part
def lowest_curvature(matrix, work, n):
    """Lowest eigenvalue of the symmetric part of the leading (n, n) matrix, by Jacobi's rotations."""
    for i in range(n):
        for j in range(n):
            work[i, j] = 0.5 * (matrix[i, j] + matrix[j, i])
    for _ in range(30):
        off = 0.0
        for p in range(n):
            for q in range(p + 1, n):
                off += work[p, q] ** 2
                if work[p, q] == 0.0:
                    continue
                theta = 0.5 * (work[q, q] - work[p, p]) / work[p, q]
                t = math.copysign(1.0, theta) / (abs(theta) + math.sqrt(theta * theta + 1.0))
                c = 1.0 / math.sqrt(t * t + 1.0)
                s = t * c
                for k in range(n):
                    a, b = work[k, p], work[k, q]
                    work[k, p], work[k, q] = c * a - s * b, s * a + c * b
                for k in range(n):
                    a, b = work[p, k], work[q, k]
                    work[p, k], work[q, k] = c * a - s * b, s * a + c * b
        if off < 1e-24:
            break
    lowest = work[0, 0]
    for i in range(1, n):
        lowest = min(lowest, work[i, i])
    return lowest


@shared
def rest(body, activation, state, at, w):
    """Angles at rest, into state[0], and the largest torque left, in torque scales.

    `at` holds external inputs and given angles.
    """
    d, stiffness, matrix, step = body.joints[0], w.square[SPARE], w.square[MATRIX], w.motion
    start_of_rest(body, activation, state, at, stiffness)
    first, size = -1.0, np.inf
    for _ in range(ITERATIONS):
        before, size = size, at_rest(body, activation, state, at, stiffness)
        if size < ROUNDING or size < AT_REST and not size < 0.5 * before:
            break
        first = max(size, 1e-3) if first < 0.0 else first
        slowness = 0.0  # the step's inverse length
        if size >= AT_REST:
            slowness = size / first - 2.0 * min(lowest_curvature(stiffness, matrix, d), 0.0)
        for r in range(d):
            step[r, 0] = -at.row[r, 0]
            for k in range(d):
                matrix[r, k] = stiffness[r, k] + (slowness if r == k else 0.0)
        if not lu(matrix, w.order, d):
            break
        lu_solve(matrix, w.order, d, step, 0, 1)
        largest = LONGEST
        for r in range(d):
            largest = max(largest, abs(step[r, 0]))
        for r in range(d):
            state[0, r] += step[r, 0] * LONGEST / largest
    return size


@compiled
def rests(body, external, given, activations, at, w, states, left):
    """Angles at rest (n_points, 1 or more, n_coordinates) under constant activations (n_points, n_muscles), external
    inputs and given angles as in a `Record`; `left` (n_points,) is the largest torque, in torque scales.
    """
    for i in range(len(activations)):
        for k in range(3):
            at.scalar[k] = external[i, k]
        for k in range(given.shape[1]):
            at.segment[ANGLE, body.joints[1 + body.joints[0] + k]] = given[i, k, 0]
        for m in range(len(body.muscle)):
            w.gauss[0, m, 0] = activations[i, m]
        left[i] = rest(body, w.gauss[0], states[i], at, w)
