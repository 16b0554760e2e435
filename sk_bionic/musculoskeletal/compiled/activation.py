"""Rates of the activation dynamics and the static shape at one instant: values and derivatives.

The EMG envelope, delayed by the electromechanical delay and times the gain, is the excitation of the activation
dynamics: eq. 1 and 2 of De Groote et al. (2016) as OpenSim's ``DeGrooteFregly2016Muscle`` has them, with the smoothing
10 of the paper instead of OpenSim's default 0.1, or two lags in series. A static shape then maps their state u to the
activation that scales the muscle's force: (exp(A u) - 1) / (exp(A) - 1) of Lloyd and Besier (2003), J. Biomechanics
36(6), 765-776, or the A-model of Manal and Buchanan (2003), J. Biomechanics 36(8), 1197-1202: d ln(c u + 1) up to a
node, m u + b beyond it, once continuously differentiable.
"""

import math

from .compilation import compiled, part, shared
from .layout import (
    COSINE,
    DECAY,
    FASTEST,
    FIBER_LENGTH,
    LOGARITHMIC,
    PASSIVE_OFFSET,
    PASSIVE_SPAN,
    PASSIVE_STEEPNESS,
    PASSIVE_STRAIN,
    PENNATION,
    PER_LENGTH,
    PER_SPEED,
    READY,
    RISE,
    SHAPE,
    SHORTEST,
    SINE,
)

SMOOTHING = 10.0  # of the switch between rise and decay; OpenSim's own default is 0.1
NODE = 0.3085  # of the logarithmic shape: where its two pieces meet on the straight line a = u
NODE_ITERATIONS = 30
BENT = 0.1  # shape factor beyond which the exponential shape needs no expm1


@part
def activation_rate(excitation, state, rise_time, decay_time):
    """Rate [1/s] of the first-order dynamics and its derivatives by excitation, state and both time constants."""
    difference = excitation - state
    fall = math.exp(-2.0 * SMOOTHING * abs(difference))  # tanh by one exponential, exact to rounding of 1
    wave = math.copysign((1.0 - fall) / (1.0 + fall), difference)
    switch, steep = 0.5 * wave, 0.5 * SMOOTHING * (1.0 - wave * wave)
    slowing = 0.5 + 1.5 * state
    quick, slow = 1.0 / (rise_time * slowing), slowing / decay_time
    rise, decay = (0.5 + switch) * quick, (0.5 - switch) * slow
    by_excitation = rise + decay + difference * steep * (quick - slow)
    by_state = -by_excitation + difference * 1.5 * (decay - rise) * (rise_time * quick)
    return (
        (rise + decay) * difference,
        by_excitation,
        by_state,
        -rise * difference / rise_time,
        -decay * difference / decay_time,
    )


@shared
def steepness(ratio):
    """x with (1 + x) log(1 + x) / x = ratio > 1, where both pieces of the logarithmic shape agree; its derivative."""
    x = 2.0 * (ratio - 1.0)
    for _ in range(NODE_ITERATIONS):
        log = math.log1p(x)
        x -= ((1.0 + x) * log / x - ratio) * x * x / (x - log)
    return x, x * x / (x - math.log1p(x))


@compiled
def prepare(body):
    """What each muscle needs of its parameters again and again, behind them.

    Of the activation's shape values, then derivatives by the factor. Exponential: expm1(A). Logarithmic (Manal and
    Buchanan 2003): node, height at it, slope beyond it, log1p(x) and x.
    """
    shift = 1.0 / math.sqrt(2.0)
    for m in range(len(body.muscle)):
        p = body.muscle
        p[m, SINE], p[m, COSINE] = math.sin(p[m, PENNATION]), math.cos(p[m, PENNATION])
        p[m, PASSIVE_OFFSET] = math.exp(PASSIVE_STEEPNESS / p[m, PASSIVE_STRAIN] * (SHORTEST - 1.0))
        p[m, PASSIVE_SPAN] = 1.0 / (math.exp(PASSIVE_STEEPNESS) - p[m, PASSIVE_OFFSET])
        p[m, PER_LENGTH] = 1.0 / p[m, FIBER_LENGTH]
        p[m, PER_SPEED] = 1.0 / (p[m, FIBER_LENGTH] * p[m, FASTEST])
        factor, out = p[m, SHAPE], p[m, READY:]
        if body.index[m, LOGARITHMIC] == 0:
            out[0] = math.expm1(factor)
            continue
        node, height = NODE - factor * shift, NODE + factor * shift
        slope = (1.0 - height) / (1.0 - node)
        by_slope = -(shift + slope * shift) / (1.0 - node)
        ratio = height / (slope * node)
        by_ratio = ratio * (shift / height - by_slope / slope + shift / node)
        x, by_x = steepness(ratio)
        by_x *= by_ratio
        out[1], out[2], out[3], out[4], out[5] = node, height, slope, math.log1p(x), x
        out[6], out[7], out[8], out[9], out[10] = -shift, shift, by_slope, by_x / (1.0 + x), by_x


@part
def shaped(body, m, state):
    """Activation and its derivatives by the state and by the shape factor."""
    p, k = body.muscle, READY
    if body.index[m, LOGARITHMIC] == 0:
        factor, end = p[m, SHAPE], p[m, k]
        bend = factor * state
        # the difference is exact enough where the curve is bent, and twice as fast
        at = math.exp(bend) - 1.0 if abs(factor) > BENT else math.expm1(bend)
        value = at / end
        return value, factor * (at + 1.0) / end, (state * (at + 1.0) - value * (end + 1.0)) / end
    node, height, slope, log, x = p[m, k + 1], p[m, k + 2], p[m, k + 3], p[m, k + 4], p[m, k + 5]
    by_node, by_height, by_slope, by_log, by_x = p[m, k + 6], p[m, k + 7], p[m, k + 8], p[m, k + 9], p[m, k + 10]
    below = min(state, node)
    part = math.log1p(x * below / node)
    value = height / log * part
    inner = 1.0 + x * below / node
    by_state = height / log * x / node / inner
    # below the node d(x state / node) = state / node dx - x state / node^2 d(node); beyond it the ratio is 1
    moved = by_x * below / node - (x * below / (node * node) * by_node if state < node else 0.0)
    by_factor = (by_height - height / log * by_log) / log * part + height / log * moved / inner
    if state > node:
        value += slope * (state - node)
        by_factor += by_slope * (state - node) - slope * by_node
        by_state = slope
    return value, by_state, by_factor


@shared
def lag(left, e_left, e_middle, e_right, step, time_constant):
    """One first-order lag over an interval by the Hermite-Simpson rule, which is linear.

    Returns
    -------
    State at the right and amid the interval, and the derivatives of both by the time constant.
    """
    r = step / time_constant
    below = 1.0 + r / 2.0 + r * r / 12.0
    above = left * (1.0 - r / 2.0 + r * r / 12.0) + r / 6.0 * (e_left + 4.0 * e_middle + e_right)
    above -= r * r / 12.0 * (e_left - e_right)
    right = above / below
    by_r = left * (-0.5 + r / 6.0) + (e_left + 4.0 * e_middle + e_right) / 6.0 - r / 6.0 * (e_left - e_right)
    right_r = (by_r - right * (0.5 + r / 6.0)) / below
    middle = 0.5 * (left + right) + r / 8.0 * (e_left - left - e_right + right)
    middle_r = 0.5 * right_r + 0.125 * (e_left - left - e_right + right) + r / 8.0 * right_r
    scale = -r / time_constant
    return right, middle, right_r * scale, middle_r * scale


@compiled
def shapes(body, state, out):
    """Activations (n_points, n_muscles) of all muscles from the states of their dynamics."""
    for i in range(len(state)):
        for m in range(len(body.muscle)):
            out[i, m] = shaped(body, m, state[i, m])[0]


@compiled
def activation_rates(body, excitation, state, out):
    """Rates [1/s] of the first-order dynamics of all muscles, (n_points, n_muscles)."""
    for i in range(len(state)):
        for m in range(len(body.muscle)):
            out[i, m] = activation_rate(excitation[i, m], state[i, m], body.muscle[m, RISE], body.muscle[m, DECAY])[0]
