"""Segments, gravity, load and passive tissue at one instant: torques and their derivatives.

Lagrange's equations in absolute angles and the meaning of H and S: `sk_bionic.musculoskeletal.skeleton`. A joint alone
is a linkage of one segment.
"""

import math

from ..skeleton import GRAVITY
from .compilation import part, shared
from .layout import (
    ACCELERATION,
    ALPHA,
    ANGLE,
    BEFORE,
    BEYOND,
    BY_ALPHA,
    BY_FIRST,
    BY_OMEGA,
    BY_PHI,
    BY_SECOND,
    BY_SEGMENT_LENGTH,
    CARRIED,
    CENTER,
    CO_CONTRACTION,
    COUPLE,
    DIRECTION,
    FIRST_MOMENT,
    INERTIA,
    IS_END,
    IS_ROOT,
    JOINT_DAMPING,
    LENGTH,
    LOAD,
    LOAD_DISTANCE,
    LOWER,
    MASS,
    OMEGA,
    ORIENTATION,
    PHI,
    REST_ANGLE,
    SECOND_MOMENT,
    SPEED,
    STIFFNESS,
    STOP,
    TORQUE,
    TRANSITION,
    TURNS,
    UPPER,
)


@part
def moments(body, at):
    """First moments S, the diagonal of H, and the masses beyond every segment, into at.segment."""
    n, p, load = at.segment.shape[1], body.joint, at.scalar[LOAD]
    for i in range(n):
        held, beyond = load * p[i, IS_END], 0.0
        for k in range(n):
            beyond += body.links[BEFORE, k, i] * (p[k, MASS] + load * p[k, IS_END])
        length, distance = p[i, LENGTH], p[i, LOAD_DISTANCE]
        at.segment[BEYOND, i] = beyond
        at.segment[FIRST_MOMENT, i] = p[i, MASS] * p[i, CENTER] + held * distance + length * beyond
        at.segment[SECOND_MOMENT, i] = p[i, INERTIA] + held * distance * distance + length * length * beyond


@part
def segment_motion(body, at):
    """Absolute angles, velocities and accelerations of the segments, into at.segment."""
    n, s = at.segment.shape[1], at.segment
    for i in range(n):
        phi, omega, alpha = 0.0, 0.0, 0.0
        for j in range(n):
            turned = body.joint[j, ORIENTATION]
            if body.joint[j, IS_ROOT] > 0.0 and not math.isnan(at.scalar[DIRECTION]):
                turned = at.scalar[DIRECTION]
            phi += body.links[TURNS, i, j] * s[ANGLE, j] + body.links[CARRIED, i, j] * turned
            omega += body.links[TURNS, i, j] * s[SPEED, j]
            alpha += body.links[TURNS, i, j] * s[ACCELERATION, j]
        s[PHI, i], s[OMEGA, i], s[ALPHA, i] = phi, omega, alpha


@part
def segment_torques(body, at):
    """Torque that the motion takes of each segment, and its derivatives by phi, omega and alpha.

    T_i = sum_j H_ij (cos(phi_i - phi_j) alpha_j + sin(phi_i - phi_j) omega_j^2) + g S_i sin(phi_i), where H_ij is
    L_j S_i if j carries i.
    """
    n, s, p = at.segment.shape[1], at.segment, body.joint
    for i in range(n):
        weight = GRAVITY * s[FIRST_MOMENT, i]
        torque = weight * math.sin(s[PHI, i]) + s[SECOND_MOMENT, i] * s[ALPHA, i]
        own = weight * math.cos(s[PHI, i])
        at.pair[BY_OMEGA, i, i], at.pair[BY_ALPHA, i, i] = 0.0, s[SECOND_MOMENT, i]
        for j in range(n):
            if i == j:
                continue
            weight = body.links[BEFORE, i, j] * p[j, LENGTH] * s[FIRST_MOMENT, i]
            weight += body.links[BEFORE, j, i] * p[i, LENGTH] * s[FIRST_MOMENT, j]
            cosine, sine, omega = math.cos(s[PHI, i] - s[PHI, j]), math.sin(s[PHI, i] - s[PHI, j]), s[OMEGA, j]
            torque += weight * (cosine * s[ALPHA, j] + sine * omega * omega)
            turned = weight * (sine * s[ALPHA, j] - cosine * omega * omega)  # by phi_j, and minus by phi_i
            at.pair[BY_PHI, i, j] = turned
            own -= turned
            at.pair[BY_OMEGA, i, j], at.pair[BY_ALPHA, i, j] = 2.0 * weight * sine * omega, weight * cosine
        at.pair[BY_PHI, i, i], s[TORQUE, i] = own, torque


@part
def skeleton(body, at):
    """Torques on the free joints that the motion takes, and their derivatives, into at.row (see `Instant`)."""
    moments(body, at)
    segment_motion(body, at)
    segment_torques(body, at)
    n, d = at.segment.shape[1], body.joints[0]
    for r in range(d):
        i = body.joints[1 + r]
        residual = 0.0
        for a in range(n):
            # torques on joints are T' times those on segments: virtual work; the couple acts on the last segments
            residual += body.links[TURNS, a, i] * (at.segment[TORQUE, a] - at.scalar[COUPLE] * body.joint[a, IS_END])
        at.row[r, 0] = residual
        for s in range(d):
            j = body.joints[1 + s]
            by_angle, by_velocity, by_acceleration = 0.0, 0.0, 0.0
            for a in range(n):
                for b in range(n):
                    both = body.links[TURNS, a, i] * body.links[TURNS, b, j]
                    by_angle += both * at.pair[BY_PHI, a, b]
                    by_velocity += both * at.pair[BY_OMEGA, a, b]
                    by_acceleration += both * at.pair[BY_ALPHA, a, b]
            at.row[r, 1 + s], at.row[r, 1 + d + s], at.row[r, 1 + 2 * d + s] = by_angle, by_velocity, by_acceleration


FAINT = 1e-5


@part
def softplus(x):
    """log(1 + e^x) and its derivative."""
    if x > 20.0:
        return x + math.exp(-x), 1.0 - math.exp(-x)
    if x < -40.0:
        return 0.0, 0.0
    e = math.exp(x)
    if e < FAINT:  # the series is exact, and quick
        return e * (1.0 - e * (0.5 - e / 3.0)), e * (1.0 - e * (1.0 - e))
    return math.log1p(e), e / (1.0 + e)


@part
def passive(body, j, angle, velocity, activation_sum):
    """Torque of tissue and stops that resists [N m], and its derivative by the angle.

    Linear stiffness about the rest angle (which co-contraction raises), viscous damping, and two one-sided springs
    whose onset is smoothed by a softplus: a limb lying on a seat is a contact, not a spring.
    """
    p = body.joint
    width = p[j, TRANSITION]
    over, over_slope = softplus((angle - p[j, UPPER]) / width)
    under, under_slope = softplus((p[j, LOWER] - angle) / width)
    stiffness = p[j, STIFFNESS] + p[j, CO_CONTRACTION] * activation_sum
    torque = stiffness * (angle - p[j, REST_ANGLE]) + p[j, JOINT_DAMPING] * velocity
    return torque + p[j, STOP] * width * (over - under), stiffness + p[j, STOP] * (over_slope + under_slope)


@part
def passive_by_parameter(body, j, column, angle, velocity, activation_sum):
    """Derivative of `passive`'s torque by one of the joint's own parameters."""
    p = body.joint
    width = p[j, TRANSITION]
    high, low = (angle - p[j, UPPER]) / width, (p[j, LOWER] - angle) / width
    over, over_slope = softplus(high)
    under, under_slope = softplus(low)
    if column == STIFFNESS:
        return angle - p[j, REST_ANGLE]
    if column == REST_ANGLE:
        return -(p[j, STIFFNESS] + p[j, CO_CONTRACTION] * activation_sum)
    if column == JOINT_DAMPING:
        return velocity
    if column == CO_CONTRACTION:
        return activation_sum * (angle - p[j, REST_ANGLE])
    if column == LOWER:
        return -p[j, STOP] * under_slope
    if column == UPPER:
        return -p[j, STOP] * over_slope
    if column == STOP:
        return width * (over - under)
    if column == TRANSITION:
        return p[j, STOP] * (over - under - over_slope * high + under_slope * low)
    return 0.0


@shared
def segment_by_parameter(body, k, column, at, out, c):
    """Derivative of the torques on the free joints by a parameter of segment k, into column c of `out`."""
    n, s, p = at.segment.shape[1], at.segment, body.joint
    held = at.scalar[LOAD] * p[k, IS_END]
    for i in range(n):
        s[BY_FIRST, i] = s[BY_SECOND, i] = s[BY_SEGMENT_LENGTH, i] = 0.0
        if column == MASS:
            length = body.links[BEFORE, k, i] * p[i, LENGTH]
            s[BY_FIRST, i], s[BY_SECOND, i] = length, length * p[i, LENGTH]
    if column == INERTIA:
        s[BY_SECOND, k] = 1.0
    elif column == CENTER:
        s[BY_FIRST, k] = p[k, MASS]
    elif column == LOAD_DISTANCE:
        s[BY_FIRST, k], s[BY_SECOND, k] = held, 2.0 * held * p[k, LOAD_DISTANCE]
    elif column == LENGTH:
        s[BY_FIRST, k], s[BY_SEGMENT_LENGTH, k] = s[BEYOND, k], 1.0
        s[BY_SECOND, k] = 2.0 * p[k, LENGTH] * s[BEYOND, k]
    elif column == MASS:
        s[BY_FIRST, k] = p[k, CENTER]
    turned = column == ORIENTATION and (p[k, IS_ROOT] == 0.0 or math.isnan(at.scalar[DIRECTION]))
    for i in range(n):
        torque = GRAVITY * s[BY_FIRST, i] * math.sin(s[PHI, i]) + s[BY_SECOND, i] * s[ALPHA, i]
        for j in range(n):
            if turned:
                torque += at.pair[BY_PHI, i, j] * body.links[CARRIED, j, k]
            if i == j:
                continue
            below = s[BY_SEGMENT_LENGTH, j] * s[FIRST_MOMENT, i] + p[j, LENGTH] * s[BY_FIRST, i]
            above = s[BY_SEGMENT_LENGTH, i] * s[FIRST_MOMENT, j] + p[i, LENGTH] * s[BY_FIRST, j]
            weight = body.links[BEFORE, i, j] * below + body.links[BEFORE, j, i] * above
            turn, swing = s[PHI, i] - s[PHI, j], s[OMEGA, j]
            torque += weight * (math.cos(turn) * s[ALPHA, j] + math.sin(turn) * swing * swing)
        for r in range(body.joints[0]):
            out[r, c] += body.links[TURNS, i, body.joints[1 + r]] * torque
