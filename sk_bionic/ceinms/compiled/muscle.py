"""CEINMS' muscle-tendon unit: curves as points, rigid tendon or equilibrium of an elastic one, frame after frame.

Lloyd and Besier (2003), J. Biomechanics 36(6), 765-776; Pizzolato et al. (2015), J. Biomechanics 48(14), 3929-3936:

    F = F0 s (a fa(l / (l0 (1 + pc (1 - a)))) fv(v) + fp(l / l0) + d v) cos(phi),    l sin(phi) = l0 sin(phi0)

with the fiber velocity v in units of the largest, at most 1. Of an elastic tendon the fiber length makes this the
tendon's force F0 s ft(strain); its velocity is the second-order backward difference (BDF2; the first step is of first
order).
"""

import math

from ...musculoskeletal.compiled.compilation import compiled, part, shared

# Rows of a muscle's numbers.
OPTIMAL, PENNATION, SLACK, V_MAX, DAMPING, CHANGE = range(6)
N_NUMBERS = 6
ACTIVE, PASSIVE, VELOCITY, TENDON = range(4)  # curves
RIGID, ELASTIC, TAUT = range(3)  # tendons
SHORTEST, LONGEST = 0.2, 2.0  # optimal fiber lengths between which the equilibrium lies, as CEINMS has them
MOST_STEPS = 80
FINEST = 1e-13  # of the optimal fiber length
# Columns of what is written for every frame.
LENGTH, SPEED, FORCE, ARM_COSINE, TENDON_LENGTH, BY_ACTIVATION = range(6)
N_STATES = 6


@shared
def curve(x, coefficients, n, at):
    """Value and slope of a piecewise cubic; constant beyond its ends."""
    if at <= x[0]:
        return coefficients[0, 0], 0.0
    if at >= x[n - 1]:
        return coefficients[n - 1, 0], 0.0
    low, high = 0, n - 1
    while high - low > 1:
        middle = (low + high) // 2
        if x[middle] <= at:
            low = middle
        else:
            high = middle
    d = at - x[low]
    c0, c1, c2, c3 = coefficients[low, 0], coefficients[low, 1], coefficients[low, 2], coefficients[low, 3]
    return c0 + d * (c1 + d * (c2 + d * c3)), c1 + d * (2.0 * c2 + 3.0 * d * c3)


@part
def cosine_of(length, height):
    """Cosine of the pennation angle of a fiber whose height is constant, and its derivative by the length."""
    ratio = height / length
    if ratio >= 1.0:
        return 0.0, 0.0
    cosine = math.sqrt(1.0 - ratio * ratio)
    return cosine, ratio * ratio / (length * cosine)


@shared
def fiber(x, c, n, p, a, length, v):
    """Force of the fiber along itself, in units of the largest; derivatives by activation, length and velocity."""
    stretched = p[OPTIMAL] * (1.0 + p[CHANGE] * (1.0 - a))
    fa, dfa = curve(x[ACTIVE], c[ACTIVE], n[ACTIVE], length / stretched)
    fp, dfp = curve(x[PASSIVE], c[PASSIVE], n[PASSIVE], length / p[OPTIMAL])
    fv, dfv = curve(x[VELOCITY], c[VELOCITY], n[VELOCITY], v)
    by_a = fv * (fa + a * dfa * length / (stretched * stretched) * p[OPTIMAL] * p[CHANGE])
    by_length = a * fv * dfa / stretched + dfp / p[OPTIMAL]
    return a * fa * fv + fp + p[DAMPING] * v, by_a, by_length, a * fa * dfv + p[DAMPING]


@part
def clipped(v):
    """Velocity between -1 and 1, and whether it was inside."""
    if v > 1.0:
        return 1.0, 0.0
    if v < -1.0:
        return -1.0, 0.0
    return v, 1.0


@shared
def rigid(x, c, n, p, a, unit, unit_velocity, row):
    """State of a frame with a rigid tendon."""
    height = p[OPTIMAL] * math.sin(p[PENNATION])
    along = max(unit - p[SLACK], 1e-3 * p[OPTIMAL])
    length = math.sqrt(height * height + along * along)
    cosine = along / length
    speed = unit_velocity * cosine
    v, _ = clipped(speed / (p[OPTIMAL] * p[V_MAX]))
    force, by_a, _, _ = fiber(x, c, n, p, a, length, v)
    row[LENGTH], row[SPEED], row[FORCE], row[ARM_COSINE] = length, speed, force * cosine, cosine
    row[TENDON_LENGTH], row[BY_ACTIVATION] = p[SLACK], by_a * cosine


@shared
def excess(x, c, n, p, a, unit, length, now, before):
    """Tendon's minus fiber's force, its derivative by the fiber length, and what a state is made of.

    The fiber's velocity is ``now * length + before``.
    """
    height = p[OPTIMAL] * math.sin(p[PENNATION])
    cosine, by_length = cosine_of(length, height)
    tendon = unit - length * cosine
    ft, dft = curve(x[TENDON], c[TENDON], n[TENDON], tendon / p[SLACK] - 1.0)
    speed = now * length + before
    v, inside = clipped(speed / (p[OPTIMAL] * p[V_MAX]))
    f, fa, fl, fv = fiber(x, c, n, p, a, length, v)
    of_tendon = -dft * (cosine + length * by_length) / p[SLACK]
    of_fiber = (fl + fv * inside * now / (p[OPTIMAL] * p[V_MAX])) * cosine + f * by_length
    return ft - f * cosine, of_tendon - of_fiber, ft, of_tendon, fa * cosine, cosine


@shared
def equilibrium(x, c, n, p, a, unit, now, before, guess, row):
    """State of a frame in which tendon and fiber pull alike; False where there is none.

    Newton's method within a bracket that shrinks.
    """
    height = p[OPTIMAL] * math.sin(p[PENNATION])
    low, high = max(SHORTEST * p[OPTIMAL], height * 1.000001), LONGEST * p[OPTIMAL]
    if not excess(x, c, n, p, a, unit, low, now, before)[0] > 0.0:
        return False
    if not excess(x, c, n, p, a, unit, high, now, before)[0] < 0.0:
        return False
    length = min(max(guess, low), high)
    for _ in range(MOST_STEPS):
        g, slope, _, _, _, _ = excess(x, c, n, p, a, unit, length, now, before)
        if g > 0.0:
            low = length
        else:
            high = length
        step = -g / slope if slope < 0.0 else 0.0
        if slope >= 0.0 or not (low < length + step < high):
            step = 0.5 * (low + high) - length
        length += step
        if abs(step) < FINEST * p[OPTIMAL]:
            break
    _, slope, ft, of_tendon, by_a, cosine = excess(x, c, n, p, a, unit, length, now, before)
    row[LENGTH], row[SPEED], row[FORCE], row[ARM_COSINE] = length, now * length + before, ft, cosine
    row[TENDON_LENGTH] = unit - length * cosine
    # excess(l(a), a) = 0
    row[BY_ACTIVATION] = of_tendon * by_a / slope if slope < 0.0 else 0.0
    return True


@shared
def difference(time, states, t):
    """Weights of the present fiber length, and the rest, in its velocity (BDF2, backward Euler in the first step)."""
    h = time[t] - time[t - 1]
    if t == 1:
        return 1.0 / h, -states[0, LENGTH] / h
    w = h / (time[t - 1] - time[t - 2])
    before = -(1.0 + w) * states[t - 1, LENGTH] + w * w / (1.0 + w) * states[t - 2, LENGTH]
    return (1.0 + 2.0 * w) / ((1.0 + w) * h), before / h


@shared
def step(x, c, n, p, time, unit, unit_velocity, t, a, elastic, speed, states):
    """State of frame t, given those before it; `speed` is the fiber's in the first frame.

    An idle muscle whose unit shortens leaves its tendon slack, and may take more than a frame to tighten it. Where
    excitations are sought frame by frame, nothing would then tell that it could pull: there (`TAUT`) its fiber shortens
    with the unit.
    """
    if elastic == RIGID:
        rigid(x, c, n, p, a, unit[t], unit_velocity[t], states[t])
        return
    now, before, guess = 0.0, speed, p[OPTIMAL]
    if t > 0:
        now, before = difference(time, states, t)
        guess = states[t - 1, LENGTH]
    if t > 1:
        guess += (time[t] - time[t - 1]) / (time[t - 1] - time[t - 2]) * (guess - states[t - 2, LENGTH])
    if not equilibrium(x, c, n, p, a, unit[t], now, before, guess, states[t]):
        rigid(x, c, n, p, a, unit[t], unit_velocity[t], states[t])
    elif elastic == TAUT and states[t, TENDON_LENGTH] < p[SLACK]:
        height, along = p[OPTIMAL] * math.sin(p[PENNATION]), unit[t] - p[SLACK]
        if along > 0.0:
            length = math.sqrt(height * height + along * along)
            states[t, LENGTH], states[t, SPEED], states[t, ARM_COSINE] = length, now * length + before, along / length
            states[t, TENDON_LENGTH] = p[SLACK]


@shared
def first_speed(x, c, n, p, time, unit, unit_velocity, activation, states):
    """Velocity of the fiber in the first frame: that of the first two equilibria."""
    speed = 0.0
    for _ in range(3):
        step(x, c, n, p, time, unit, unit_velocity, 0, activation[0], ELASTIC, speed, states)
        step(x, c, n, p, time, unit, unit_velocity, 1, activation[1], ELASTIC, speed, states)
        speed = (states[1, LENGTH] - states[0, LENGTH]) / (time[1] - time[0])
    return speed


@compiled
def march(x, c, n, p, time, unit, unit_velocity, activation, elastic, states):
    """States (n_frames, N_STATES) of a muscle along a motion.

    Arguments: points (4, n), coefficients (4, n, 4) and numbers of points (4,) of its curves; its numbers
    (N_NUMBERS,); times, lengths and velocities of the unit, activations (n_frames,).
    """
    speed = 0.0
    if elastic != RIGID:
        speed = first_speed(x, c, n, p, time, unit, unit_velocity, activation, states)
    for t in range(len(time)):
        step(x, c, n, p, time, unit, unit_velocity, t, activation[t], elastic, speed, states)
