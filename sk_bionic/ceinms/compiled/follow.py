"""Excitations found from moments and signals, frame after frame: the hybrid execution of CEINMS without annealing.

In every frame, given those before it,

    minimise over e in [0, 1]    alpha |R F(e) - moment|^2 + beta sum e^2 + gamma sum |e - signal|

The forces are linearised (Gauss and Newton); what is then left is convex and separable but for a few moments, so that
its dual has one unknown y for each coordinate:

    e_i(y) = argmin beta e^2 + gamma |e - signal_i| + (A^T y)_i e,      A e(y) - b - y / (2 alpha) = 0

which Newton's method solves (Hintermueller, Ito and Kunisch 2002, SIAM J. Optimization 13(3), 865-888).
"""

import math

from ...musculoskeletal.compiled.compilation import compiled, part, shared
from .muscle import BY_ACTIVATION, FORCE, RIGID, first_speed, step

KEPT, ADJUSTED, SYNTHESIZED = range(3)
GAIN, B1, B2, SHAPE, NODE, HEIGHT, LINE, LOG, BEND = range(9)  # of the activation's numbers
MOST_ROUNDS, MOST_NEWTON, MOST_HALVINGS, MOST_DAMPED = 60, 60, 25, 14
LEAST_DAMPING = 1e-3  # of squared steps, in the objective's unit
CHORD, FLAT = 0.1, 0.1  # of an excitation; of the chord's slope, below which a slope is that of a slack tendon
SETTLED, FINEST_GAIN = 1e-7, 1e-9  # of an excitation; of the objective, relative
# Columns of a muscle's scratch.
SLOPE, TRIED, NEURAL, PAST1, PAST2, NOW_FORCE, BEST = range(7)
N_SCRATCH = 7


@part
def activation_of(u, active):
    """Activation of a neural activation, and its slope; without a node the shape is exponential."""
    if active[NODE] > 0.0:
        if u >= active[NODE]:
            return active[HEIGHT] + active[LINE] * (u - active[NODE]), active[LINE]
        inner, scale = 1.0 + active[BEND] * u / active[NODE], active[HEIGHT] / active[LOG]
        if inner <= 0.0:
            return 0.0, 0.0
        return scale * math.log(inner), scale * active[BEND] / (active[NODE] * inner)
    shape = active[SHAPE]
    if abs(shape) < 1e-6:
        return u, 1.0
    scale = math.expm1(shape)
    return math.expm1(shape * u) / scale, shape * math.exp(shape * u) / scale


@part
def cheapest(s, signal, beta, gamma, kind, center, damping):
    """Excitation of the least cost under a price s, and whether it moves with the price.

    argmin beta e^2 + gamma |e - signal| + damping (e - center)^2 + s e
    """
    if kind == KEPT:
        return signal, False
    if kind == SYNTHESIZED:
        gamma = 0.0
    s -= 2.0 * damping * center
    beta += damping
    above, below = -(s + gamma) / (2.0 * beta), -(s - gamma) / (2.0 * beta)
    e, moves = signal, False
    if kind == SYNTHESIZED or above > signal:
        e, moves = above, True
    elif below < signal:
        e, moves = below, True
    if e <= 0.0:
        return 0.0, False
    if e >= 1.0:
        return 1.0, False
    return e, moves


@part
def solve_small(matrix, right, n):
    """Solve a positive definite system in place by elimination."""
    for i in range(n):
        for j in range(i + 1, n):
            f = matrix[j, i] / matrix[i, i]
            for k in range(i, n):
                matrix[j, k] -= f * matrix[i, k]
            right[j] -= f * right[i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            right[i] -= matrix[i, k] * right[k]
        right[i] /= matrix[i, i]


@shared
def dual(y, slopes, b, signal, kind, alpha, beta, gamma, center, damping, tried, gap):
    """Excitations of prices y, what the moments lack, and the dual's value."""
    d, n = slopes.shape
    value = 0.0
    for k in range(d):
        gap[k] = -b[k] - y[k] / (2.0 * alpha)
        value -= y[k] * b[k] + y[k] * y[k] / (4.0 * alpha)
    for i in range(n):
        s = 0.0
        for k in range(d):
            s += slopes[k, i] * y[k]
        e, _ = cheapest(s, signal[i], beta, gamma, kind[i], center[i], damping)
        tried[i] = e
        value += beta * e * e + s * e + damping * (e - center[i]) ** 2
        if kind[i] == ADJUSTED:
            value += gamma * abs(e - signal[i])
        for k in range(d):
            gap[k] += slopes[k, i] * e
    return value


@shared
def solve_dual(y, slopes, b, signal, kind, alpha, beta, gamma, center, damping, tried, matrix, small):
    """Prices and excitations of the convex problem; `small` (3, d) is scratch: gap, step, start."""
    d, n = slopes.shape
    value = dual(y, slopes, b, signal, kind, alpha, beta, gamma, center, damping, tried, small[0])
    for _ in range(MOST_NEWTON):
        for k in range(d):
            for j in range(d):
                matrix[k, j] = 0.0
            matrix[k, k] = 1.0 / (2.0 * alpha)
            small[1, k], small[2, k] = small[0, k], y[k]
        for i in range(n):
            s = 0.0
            for k in range(d):
                s += slopes[k, i] * y[k]
            if cheapest(s, signal[i], beta, gamma, kind[i], center[i], damping)[1]:
                for k in range(d):
                    for j in range(d):
                        matrix[k, j] += slopes[k, i] * slopes[j, i] / (2.0 * (beta + damping))
        solve_small(matrix, small[1], d)
        gain = 0.0
        for k in range(d):
            gain += small[0, k] * small[1, k]
        if not gain > 1e-14 * (1.0 + abs(value)):
            return
        t = 1.0
        for _ in range(MOST_HALVINGS):
            for k in range(d):
                y[k] = small[2, k] + t * small[1, k]
            new = dual(y, slopes, b, signal, kind, alpha, beta, gamma, center, damping, tried, small[0])
            if new >= value + 1e-4 * t * gain:
                break
            t *= 0.5
        if new <= value:
            return
        value = new


@shared
def force_of(x, c, n, p, time, unit, unit_velocity, t, active, past1, past2, speed, elastic, e, state):
    """Force, in units of the largest, of one muscle's excitation in frame t; its slope and the neural activation."""
    u = active[GAIN] * e - active[B1] * past1 - active[B2] * past2
    a, slope = activation_of(u, active)
    step(x, c, n, p, time, unit, unit_velocity, t, a, elastic, speed, state)
    return state[t, FORCE], state[t, BY_ACTIVATION] * slope * active[GAIN], u


@shared
def forces(muscles, motion, t, speed, elastic, e, scratch, states):
    """Forces [N] of excitations in frame t, and their slopes, into the scratch.

    A slack tendon has no slope; a muscle that a larger excitation would tighten gets that of the chord.
    """
    x, c, n, p, strength, active = muscles
    time, unit, unit_velocity = motion
    for m in range(len(e)):
        past1, past2 = scratch[m, PAST1], scratch[m, PAST2]
        args = (x[m], c[m], n[m], p[m], time, unit[m], unit_velocity[m], t, active[m], past1, past2, speed[m], elastic)
        chord = 0.0
        if elastic != RIGID and e[m] < 1.0 - CHORD:
            chord = force_of(*args, e[m] + CHORD, states[m])[0]
        force, slope, u = force_of(*args, e[m], states[m])
        if elastic != RIGID and e[m] < 1.0 - CHORD:
            chord = (chord - force) / CHORD
            slope = chord if slope < FLAT * chord else slope
        scratch[m, NEURAL], scratch[m, NOW_FORCE], scratch[m, SLOPE] = u, strength[m] * force, strength[m] * slope


@shared
def cost(goal, e, scratch):
    """The objective of a frame."""
    arms, target, signal, kind, weights = goal
    d, n = arms.shape
    total = 0.0
    for i in range(n):
        total += weights[1] * e[i] * e[i]
        if kind[i] == ADJUSTED:
            total += weights[2] * abs(e[i] - signal[i])
    for k in range(d):
        if target[k] == target[k]:
            moment = 0.0
            for i in range(n):
                moment += arms[k, i] * scratch[i, NOW_FORCE]
            total += weights[0] * (moment - target[k]) ** 2
    return total


@shared
def improve(muscles, motion, goal, t, speed, elastic, e, scratch, states, slopes, matrix, small, best, damping):
    """A damped step of Gauss and Newton: the objective after it and the next damping; `best` itself where none
    helps."""
    _, target, signal, kind, weights = goal
    linearise(goal[0], target, e, scratch, slopes, small[4])
    for i in range(len(e)):
        scratch[i, BEST] = e[i]
    for _ in range(MOST_DAMPED):
        solve_dual(
            small[3], slopes, small[4], signal, kind, weights[0], weights[1], weights[2], scratch[:, BEST], damping, e,
            matrix, small,
        )  # fmt: skip
        forces(muscles, motion, t, speed, elastic, e, scratch, states)
        new = cost(goal, e, scratch)
        if new < best:
            return new, damping * 0.1 if damping > LEAST_DAMPING else 0.0
        damping = max(damping * 10.0, LEAST_DAMPING)
    for i in range(len(e)):
        e[i] = scratch[i, BEST]
    forces(muscles, motion, t, speed, elastic, e, scratch, states)
    return best, damping


@shared
def solve_frame(muscles, motion, goal, t, speed, elastic, e, scratch, states, slopes, matrix, small):
    """Excitations of a frame, from those in `e`."""
    for k in range(len(slopes)):
        small[3, k] = 0.0
    forces(muscles, motion, t, speed, elastic, e, scratch, states)
    best, damping = cost(goal, e, scratch), 0.0
    for _ in range(MOST_ROUNDS):
        new, damping = improve(
            muscles, motion, goal, t, speed, elastic, e, scratch, states, slopes, matrix, small, best, damping
        )
        moved = 0.0
        for i in range(len(e)):
            moved = max(moved, abs(e[i] - scratch[i, BEST]))
        settled = best - new < FINEST_GAIN * (1.0 + best)
        best = new
        if moved < SETTLED or settled:
            return


@shared
def carried_on(e, signal, kind, t):
    """Where to start in frame t: what the frame before departed from its signals by, departed again."""
    for i in range(len(kind)):
        if kind[i] == SYNTHESIZED:
            e[t, i] = e[t - 1, i]
        elif kind[i] == ADJUSTED:
            e[t, i] = min(max(signal[t, i] + e[t - 1, i] - signal[t - 1, i], 0.0), 1.0)


@compiled
def follow(
    x, c, n, p, time, unit, unit_velocity, arms, strength, target, signal, kind, active, first, elastic, weights, e,
    activation, states, scratch, slopes, matrix, small,
):  # fmt: skip
    """Excitations (n_frames, n_muscles) that follow moments and signals; activations and states of the muscles.

    `first` (n_muscles, 2): neural activations of the two frames before; NaN where they are those of the first. `e`
    holds where to start. Scratch: (n_muscles, N_SCRATCH), (n_coordinates, n_muscles), (n_coordinates, n_coordinates),
    (5, n_coordinates).
    """
    muscles, motion = (x, c, n, p, strength, active), (time, unit, unit_velocity)
    for i in range(len(kind)):
        scratch[i, PAST1], scratch[i, PAST2], scratch[i, TRIED] = first[i, 0], first[i, 1], 0.0
        if elastic != RIGID:
            scratch[i, TRIED] = first_speed(
                x[i], c[i], n[i], p[i], time, unit[i], unit_velocity[i], activation[:2, i], states[i]
            )
    settle_first(first, active, scratch)
    for t in range(len(time)):
        if t > 0:
            carried_on(e, signal, kind, t)
        goal = (arms[t], target[t], signal[t], kind, weights)
        solve_frame(muscles, motion, goal, t, scratch[:, TRIED], elastic, e[t], scratch, states, slopes, matrix, small)
        if t == 0:
            restore_first(first, active)
        for i in range(len(kind)):
            activation[t, i], _ = activation_of(scratch[i, NEURAL], active[i])
            scratch[i, PAST2] = scratch[i, NEURAL] if t == 0 and first[i, 0] != first[i, 0] else scratch[i, PAST1]
            scratch[i, PAST1] = scratch[i, NEURAL]


@shared
def linearise(arms, target, e, scratch, slopes, b):
    """Slopes of the moments by the excitations, and the moments that the linearised excitations must make."""
    d, m = slopes.shape
    for k in range(d):
        known = target[k] == target[k]
        b[k] = target[k] if known else 0.0
        for i in range(m):
            slopes[k, i] = arms[k, i] * scratch[i, SLOPE] if known else 0.0
            b[k] += slopes[k, i] * e[i] - (arms[k, i] * scratch[i, NOW_FORCE] if known else 0.0)


@shared
def settle_first(first, active, scratch):
    """Muscles whose past is unknown: as if they had been at rest in the first frame's excitation."""
    for i in range(len(first)):
        if first[i, 0] != first[i, 0]:
            scratch[i, PAST1], scratch[i, PAST2] = 0.0, 0.0
            active[i, GAIN] = 1.0


@shared
def restore_first(first, active):
    """The gain of the filter after the first frame."""
    for i in range(len(first)):
        active[i, GAIN] = 1.0 + active[i, B1] + active[i, B2]
