"""Curves of Hill-type muscles at one argument: values and slopes.

Sources, constants and units: `sk_bionic.musculoskeletal.curves` (De Groote-Fregly), `thelen` and `millard`. Lengths are
in units of the optimal fiber length, velocities in units of the maximal contraction velocity, forces in units of the
maximal isometric force. Curves of Bezier corners are tables of quintic pieces (see `bezier`), several of them one
behind the other.
"""

import math

from .. import curves, thelen
from .compilation import compiled, part, shared
from .layout import (
    ACTIVE,
    CURVES,
    FAMILY,
    FASTEST_LENGTHENING,
    GAMMA,
    HAS_PASSIVE,
    HILL_SHAPE,
    KNOT,
    LARGEST_FORCE,
    ORIGIN,
    OWN_PASSIVE_STRAIN,
    OWN_TENDON_STRAIN,
    PASSIVE,
    PASSIVE_OFFSET,
    PASSIVE_SHAPE,
    PASSIVE_SPAN,
    PASSIVE_STEEPNESS,
    POWERS,
    SHORTEST,
    TABLES,
    TENDON_CURVE,
    VELOCITY,
    WIDTH_SCALE,
)

DEGROOTE_FREGLY, THELEN, TABULATED = range(3)
FAMILIES = {"degroote_fregly": DEGROOTE_FREGLY, "thelen": THELEN, "millard": TABULATED}

(A1, A2, A3), (M1, M2, M3), (W1, W2, W3), (S1, S2, S3) = zip(*curves.ACTIVE_FORCE_LENGTH, strict=True)
D1, D2, D3, D4 = curves.FORCE_VELOCITY
EXP_PASSIVE = math.exp(PASSIVE_STEEPNESS)
TENDON_SCALE, TENDON_OFFSET = curves.TENDON_SCALE, curves.TENDON_OFFSET
LOG_TENDON = math.log((1.0 + TENDON_OFFSET) / TENDON_SCALE)

TOE, TOE_STRAIN = thelen.TOE_SHAPE, thelen.TOE_STRAIN
TOE_FACTOR = thelen.TOE_FORCE / math.expm1(TOE)
LINEAR = thelen.LINEAR_STIFFNESS


@shared
def tabulated(body, m, curve, x):
    """Value and slope at x of one of the muscle's tables."""
    table = body.table
    low, high = body.index[m, TABLES + 2 * curve], body.index[m, TABLES + 2 * curve + 1] - 1
    while low < high:  # the first piece whose end is not below x
        middle = (low + high) // 2
        if table[middle, KNOT] < x:
            low = middle + 1
        else:
            high = middle
    s, c = x - table[low, ORIGIN], POWERS
    value, slope = table[low, c + 5], 0.0
    for power in range(4, -1, -1):
        slope = slope * s + value
        value = value * s + table[low, c + power]
    return value, slope


@part
def bell(x, amplitude, center, width, tilt):
    """One of the three terms of the active force-length curve (De Groote et al. 2016, eq. S4), and its slope."""
    per_spread = 1.0 / (width + tilt * x)
    deviation = (x - center) * per_spread
    value = amplitude * math.exp(-0.5 * deviation * deviation)
    return value, -value * deviation * (1.0 - deviation * tilt) * per_spread


@part
def active_force_length(body, m, x):
    """Multiplier at a normalised fiber length, and its slope."""
    family = body.index[m, FAMILY]
    if family == DEGROOTE_FREGLY:
        scale = body.muscle[m, CURVES + WIDTH_SCALE]
        stretched = (x - 1.0) / scale + 1.0
        held = max(stretched, SHORTEST)
        f1, s1 = bell(held, A1, M1, W1, S1)
        f2, s2 = bell(held, A2, M2, W2, S2)
        f3, s3 = bell(held, A3, M3, W3, S3)
        return f1 + f2 + f3, (s1 + s2 + s3) / scale if stretched >= SHORTEST else 0.0
    if family == THELEN:
        gamma, away = body.muscle[m, CURVES + GAMMA], x - 1.0
        value = math.exp(-away * away / gamma)
        return value, -2.0 * away / gamma * value
    return tabulated(body, m, ACTIVE, x)


@part
def force_velocity(body, m, v, activation):
    """Multiplier at a normalised fiber velocity, its slope, and its derivative with respect to activation."""
    family = body.index[m, FAMILY]
    if family == DEGROOTE_FREGLY:  # asinh x = sign(x) log(|x| + sqrt(x^2 + 1))
        x = D2 * v + D3
        root = math.sqrt(x * x + 1.0)
        area = math.copysign(math.log(abs(x) + root), x)
        return D1 * area + D4, D1 * D2 / root, 0.0
    if family == THELEN:
        scale = 0.25 + 0.75 * activation
        value, slope = thelen_force_velocity(body, m, v / scale)
        return value, slope / scale, -0.75 * slope * v / scale / scale
    value, slope = tabulated(body, m, VELOCITY, v)
    return value, slope, 0.0


@part
def thelen_force_velocity(body, m, v):
    """Eq. 6 and 7 of Thelen 2003 solved for the force, OpenSim's lines beyond both ends; value and slope."""
    shape, most = body.muscle[m, CURVES + HILL_SHAPE], body.muscle[m, CURVES + LARGEST_FORCE]
    if v > 0.0:
        fastest, rise, above = body.muscle[m, CURVES + FASTEST_LENGTHENING], 2.0 + 2.0 / shape, most - 1.0
        held = min(v, fastest)
        below = rise * held + above
        value = (rise * held * most + above) / below
        slope = rise * (most - value) / below
        return value + slope * (v - held), slope
    if v < -1.0:
        slope = 1.0 / (1.0 + 1.0 / shape)
        return (v + 1.0) * slope, slope
    below = 1.0 - v / shape
    return (1.0 + v) / below, (1.0 + 1.0 / shape) / (below * below)


@part
def passive_force_length(body, m, x, strain):
    """Passive force at a normalised fiber length, its slope, and its derivative with respect to `strain`."""
    family = body.index[m, FAMILY]
    if family == DEGROOTE_FREGLY:  # eq. S5 with OpenSim's offset
        if body.muscle[m, CURVES + HAS_PASSIVE] == 0.0:
            return 0.0, 0.0, 0.0
        rate = PASSIVE_STEEPNESS / strain
        at, offset = math.exp(rate * (x - 1.0)), body.muscle[m, PASSIVE_OFFSET]
        per_span = body.muscle[m, PASSIVE_SPAN]
        value = (at - offset) * per_span
        by_rate = ((x - 1.0) * at - (1.0 - value) * (SHORTEST - 1.0) * offset) * per_span
        return value, rate * at * per_span, -rate * rate / PASSIVE_STEEPNESS * by_rate
    if family == THELEN:
        stretched = max(x - 1.0, 0.0)
        shape = body.muscle[m, CURVES + PASSIVE_SHAPE]
        rate, end = shape / strain, math.expm1(shape)
        slope = rate * math.exp(rate * stretched) / end if x > 1.0 else 0.0
        return math.expm1(rate * stretched) / end, slope, -slope * stretched / strain
    ratio = body.muscle[m, OWN_PASSIVE_STRAIN] / strain
    value, slope = tabulated(body, m, PASSIVE, 1.0 + (x - 1.0) * ratio)
    return value, slope * ratio, -slope * (x - 1.0) * ratio / strain


@part
def tendon_force_length(body, m, x, strain):
    """Tendon force at a normalised tendon length, its slope, and its derivative with respect to `strain`."""
    family = body.index[m, FAMILY]
    if family == DEGROOTE_FREGLY:  # eq. S3
        shape = LOG_TENDON / strain
        at = TENDON_SCALE * math.exp(shape * (x - 1.0))
        return at - TENDON_OFFSET, shape * at, -shape / strain * (x - 1.0) * at
    stretched = (x - 1.0) / strain
    if family == THELEN:  # eq. 5
        if stretched <= 0.0:
            return 0.0, 0.0, 0.0
        if stretched >= TOE_STRAIN:
            value, slope = TOE_FACTOR * math.expm1(TOE) + LINEAR * (stretched - TOE_STRAIN), LINEAR
        else:
            rate = TOE / TOE_STRAIN
            value, slope = TOE_FACTOR * math.expm1(rate * stretched), TOE_FACTOR * rate * math.exp(rate * stretched)
        return value, slope / strain, -slope * stretched / strain
    ratio = body.muscle[m, OWN_TENDON_STRAIN] / strain
    value, slope = tabulated(body, m, TENDON_CURVE, 1.0 + (x - 1.0) * ratio)
    return value, slope * ratio, -slope * (x - 1.0) * ratio / strain


@compiled
def curve_values(body, curve, x, other, out):
    """Values and slopes (n, 2) of one of the first muscle's curves (`ACTIVE`, `PASSIVE`, `VELOCITY`, `TENDON_CURVE`) at
    x (n,);
    `other` (n,) holds activations for the velocity curve, strains at one normalised force for passive and tendon
    curves.
    """
    for i in range(len(x)):
        if curve == ACTIVE:
            out[i, 0], out[i, 1] = active_force_length(body, 0, x[i])
        elif curve == VELOCITY:
            out[i, 0], out[i, 1] = force_velocity(body, 0, x[i], other[i])[:2]
        elif curve == PASSIVE:
            # the curve's offset is made of the muscle's own strain
            offset = math.exp(PASSIVE_STEEPNESS / other[i] * (SHORTEST - 1.0))
            body.muscle[0, PASSIVE_OFFSET], body.muscle[0, PASSIVE_SPAN] = offset, 1.0 / (EXP_PASSIVE - offset)
            out[i, 0], out[i, 1] = passive_force_length(body, 0, x[i], other[i])[:2]
        else:
            out[i, 0], out[i, 1] = tendon_force_length(body, 0, x[i], other[i])[:2]
