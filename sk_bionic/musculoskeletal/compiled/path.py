"""Muscle paths at one posture: lengths, moment arms, and how both change with the angles.

length(q) = constant + scale * sum_t c_t prod_d q_d^e_td (see `sk_bionic.musculoskeletal.path`), R_d = -d(length)/dq_d.
"""

from .compilation import part
from .layout import ANGLE, ARM_SCALE, ARMS, CONSTANT, END_TERM, FIRST_TERM, SPEED, UNIT_LENGTH, UNIT_LENGTHENING


@part
def powers_of(segment, powers):
    """Powers of every angle with their first two derivatives, powers[d, e] = (q^e, e q^(e-1), e (e-1) q^(e-2))."""
    for d in range(powers.shape[0]):
        powers[d, 0, 0], powers[d, 0, 1], powers[d, 0, 2] = 1.0, 0.0, 0.0
        for e in range(1, powers.shape[1]):
            powers[d, e, 0] = segment[ANGLE, d] * powers[d, e - 1, 0]
            powers[d, e, 1] = e * powers[d, e - 1, 0]
            powers[d, e, 2] = e * powers[d, e - 1, 1]


@part
def derivative_of_term(exponent, powers, t, d, e):
    """Second derivative of a product of powers with respect to angles d and e; -1: of none."""
    out = 1.0
    for k in range(powers.shape[0]):
        order = (1 if k == d else 0) + (1 if k == e else 0)
        out *= powers[k, exponent[t, k], order]
    return out


@part
def path(body, m, at):
    """Length, moment arms and their slopes of one unit over several joints, but for the scale, into at.unit."""
    unit, n = at.unit, at.segment.shape[1]
    slopes = ARMS + 2 * n
    length = 0.0
    for k in range(n + n * n):
        unit[m, ARMS + (k if k < n else k + n)] = 0.0
    for t in range(body.index[m, FIRST_TERM], body.index[m, END_TERM]):
        c = body.coefficient[t]
        length += c * derivative_of_term(body.exponent, at.power, t, -1, -1)
        for d in range(n):
            if body.exponent[t, d] == 0:
                continue
            unit[m, ARMS + d] -= c * derivative_of_term(body.exponent, at.power, t, d, -1)
            for e in range(d + 1):
                if body.exponent[t, e] == 0:
                    continue
                bend = c * derivative_of_term(body.exponent, at.power, t, d, e)
                unit[m, slopes + d * n + e] -= bend
                if e < d:
                    unit[m, slopes + e * n + d] -= bend
    unit[m, UNIT_LENGTH] = length


@part
def single_path(body, m, at):
    """`path` of a unit over one joint, by Horner's scheme: its terms are all powers from the first on."""
    angle, value, first, second = at.segment[ANGLE, 0], 0.0, 0.0, 0.0
    for t in range(body.index[m, END_TERM] - 1, body.index[m, FIRST_TERM] - 1, -1):
        second = second * angle + 2.0 * first
        first = first * angle + value
        value = value * angle + body.coefficient[t]
    at.unit[m, UNIT_LENGTH] = value * angle
    at.unit[m, ARMS] = -(first * angle + value)
    at.unit[m, ARMS + 2] = -(second * angle + 2.0 * first)


@part
def units(body, at):
    """Geometry of all muscle-tendon units over all joints, into at.unit: lengths [m], lengthening velocities [m/s],
    moment arms [m], the derivatives of the last two by the angles, and what the path's scale makes of all that.
    """
    unit, n = at.unit, at.segment.shape[1]
    if n > 1:
        powers_of(at.segment, at.power)
    for m in range(len(unit)):
        if n == 1:
            single_path(body, m, at)
        else:
            path(body, m, at)
        scale, raw = body.muscle[m, ARM_SCALE], ARMS + 2 * n + n * n
        unit[m, raw] = unit[m, UNIT_LENGTH]
        unit[m, UNIT_LENGTH] = body.muscle[m, CONSTANT] + scale * unit[m, UNIT_LENGTH]
        lengthening, unit[m, raw + 1] = 0.0, 0.0
        for d in range(n):
            unit[m, raw + 2 + d] = unit[m, ARMS + d]
            unit[m, raw + 1] -= unit[m, ARMS + d] * at.segment[SPEED, d]
            unit[m, ARMS + d] *= scale
            lengthening -= unit[m, ARMS + d] * at.segment[SPEED, d]  # dl/dt = dl/dq q' = -R q'
            bend = 0.0
            for e in range(n):
                unit[m, ARMS + (2 + d) * n + e] *= scale
                bend -= unit[m, ARMS + (2 + d) * n + e] * at.segment[SPEED, e]
            unit[m, ARMS + n + d] = bend
        unit[m, UNIT_LENGTHENING] = lengthening
