"""One muscle: force and equilibrium of fiber and tendon with all their derivatives.

With a rigid tendon F = Fmax (a fl(l) fv(v) + fp(l) + beta v) cos(pennation) with constant fiber width, as OpenSim's
``DeGrooteFregly2016Muscle`` with ``ignore_tendon_compliance``.

The state z of an elastic tendon is the force, in units of the maximal isometric force, that the De Groote-Fregly tendon
would carry at the tendon's length: for muscles of that family it is the normalised tendon force itself (the state that
De Groote et al. 2016 recommend), for the others a smooth measure of length close to it, which stays regular where their
tendons are slack and carry nothing. Below a force of -0.18 the length goes on linearly in z, so that every z has a
length. The equation of the state is the equilibrium

    ft(lt(z)) = (a fl(l) fv(v) + fp(l) + beta v) cos(pennation),

the fiber's length being what the tendon leaves of the muscle-tendon unit and its velocity having z' in it: a
first-order implicit equation F(z, z', t) = 0 (OpenSim's ``tendon_compliance_dynamics_mode = implicit``).
"""

import math

from .compilation import compiled, part, shared
from .curves import (
    LOG_TENDON,
    TENDON_OFFSET,
    TENDON_SCALE,
    active_force_length,
    force_velocity,
    passive_force_length,
    tendon_force_length,
)
from .layout import (
    BY_ACTIVATION,
    BY_LENGTH,
    BY_LENGTHENING,
    BY_TENDON,
    BY_TENDON_RATE,
    COS_PENNATION,
    COSINE,
    DAMPING,
    EQUILIBRIUM,
    FASTEST,
    FIBER_LENGTH,
    FIBER_NOW,
    FIBER_VELOCITY,
    FORCE,
    MAXIMAL_FORCE,
    OWN,
    PASSIVE_STRAIN,
    PENNATION,
    PER_LENGTH,
    PER_SPEED,
    SINE,
    SLACK_LENGTH,
    SLACK_STIFFNESS,
    TENDON,
    TENDON_STRAIN,
    UNIT_LENGTH,
    UNIT_LENGTHENING,
    VALUE,
    WIDTH,
)

# Below this part of the optimal fiber length the fiber's projection on the tendon is bent smoothly away from zero, so
# that a slack muscle (path shorter than its tendon) keeps finite forces and derivatives.
SLACK_FRACTION = 0.1
LINEAR_BELOW = 0.02  # of z + 0.2: where the length's logarithm is continued by its tangent
SLACK_WIDTH = 0.005  # of z: how sharply a slack tendon is held where its own curve is flat


@part
def fiber(body, m, along, velocity, activation, unit, row):
    """Force along the tendon, in units of the maximal isometric force, of the fiber whose projection on the tendon is
    `along` [m] long and lengthens at `velocity` [m/s]; with derivatives behind column `row` of `unit`, where
    `BY_LENGTH` is that by `along`.

    F = (a fl(l) fv(v) + fp(l) + beta v) cos(pennation) with constant width.
    """
    p = body.muscle
    optimal, sine, damping, per_length = p[m, FIBER_LENGTH], p[m, SINE], p[m, DAMPING], p[m, PER_LENGTH]
    slack = SLACK_FRACTION * optimal
    bent, by_along, by_slack = along, 1.0, 0.0
    if along <= slack:
        bent = slack * math.exp(along / slack - 1.0)
        by_along, by_slack = bent / slack, bent / slack * (1.0 - along / slack)
    width = optimal * sine
    length = math.sqrt(bent * bent + width * width)
    per_fiber = 1.0 / length
    cosine, tilt = bent * per_fiber, width * per_fiber
    speed = velocity * p[m, PER_SPEED]
    x, v = length * per_length, speed * cosine
    fl, fl_x = active_force_length(body, m, x)
    fv, fv_v, fv_a = force_velocity(body, m, v, activation)
    fp, fp_x, fp_strain = passive_force_length(body, m, x, p[m, PASSIVE_STRAIN])
    total = activation * fl * fv + fp + damping * v
    by_x, by_v = activation * fl_x * fv + fp_x, activation * fl * fv_v + damping
    # length and cosine by bent and width: d(length) = cos d(bent) + sin d(width), d(cos) = sin / length (sin, -cos).
    turn = tilt * per_fiber
    by_cosine = by_v * speed * cosine + total
    by_bent = by_x * cosine * cosine * per_length + by_cosine * turn * tilt
    by_width = by_x * cosine * tilt * per_length - by_cosine * turn * cosine
    by_optimal = by_bent * SLACK_FRACTION * by_slack + by_width * sine - (by_x * x + by_v * v) * cosine * per_length
    unit[m, FIBER_NOW], unit[m, FIBER_VELOCITY], unit[m, COS_PENNATION] = length, velocity * cosine, cosine
    unit[m, row + VALUE] = total * cosine
    unit[m, row + BY_LENGTH] = by_bent * by_along
    unit[m, row + BY_LENGTHENING] = by_v * cosine * cosine * p[m, PER_SPEED]
    unit[m, row + BY_ACTIVATION] = fl * (fv + activation * fv_a) * cosine
    unit[m, row + OWN + FIBER_LENGTH] = by_optimal
    unit[m, row + OWN + PENNATION] = by_width * optimal * p[m, COSINE]
    unit[m, row + OWN + FASTEST] = -by_v * v * cosine * (p[m, PER_SPEED] * optimal)
    unit[m, row + OWN + DAMPING] = v * cosine
    unit[m, row + OWN + PASSIVE_STRAIN] = fp_strain * cosine


@part
def rigid(body, m, activation, unit):
    """Force [N] of a muscle whose tendon does not stretch, and its derivatives, behind column `FORCE` of `unit`."""
    maximal = body.muscle[m, MAXIMAL_FORCE]
    along = unit[m, UNIT_LENGTH] - body.muscle[m, SLACK_LENGTH]
    fiber(body, m, along, unit[m, UNIT_LENGTHENING], activation, unit, FORCE)
    value = unit[m, FORCE + VALUE]
    for column in range(FORCE, FORCE + WIDTH):
        unit[m, column] *= maximal
    unit[m, FORCE + BY_TENDON] = unit[m, FORCE + BY_TENDON_RATE] = unit[m, FORCE + OWN + TENDON_STRAIN] = 0.0
    unit[m, FORCE + OWN + MAXIMAL_FORCE] = value
    unit[m, FORCE + OWN + SLACK_LENGTH] = -unit[m, FORCE + BY_LENGTH]


@part
def tendon_shape(state):
    """Logarithm of the tendon's force above its offset, continued by its tangent, and its first two derivatives."""
    above = state + TENDON_OFFSET
    if above > LINEAR_BELOW:
        return math.log(above / TENDON_SCALE), 1.0 / above, -1.0 / (above * above)
    return math.log(LINEAR_BELOW / TENDON_SCALE) + above / LINEAR_BELOW - 1.0, 1.0 / LINEAR_BELOW, 0.0


@part
def held_slack(state, stiffness):
    """Force that holds a slack tendon whose own curve is flat, -stiffness w softplus(-state / w), and its slope."""
    x = -state / SLACK_WIDTH
    if stiffness == 0.0 or x < -40.0:
        return 0.0, 0.0
    if x > 40.0:
        return -stiffness * SLACK_WIDTH * x, stiffness
    e = math.exp(x)
    return -stiffness * SLACK_WIDTH * math.log1p(e), stiffness * e / (1.0 + e)


@shared
def elastic(body, m, activation, state, rate, unit):
    """Force [N] of a tendon of the given `state` and `rate` and its equilibrium with the fiber, and their derivatives.

    Behind columns of `unit`: behind `FORCE` the force, behind `EQUILIBRIUM` the tendon's minus the fiber's force in
    units of the maximal isometric force.
    """
    p, row = body.muscle, EQUILIBRIUM
    slack, strain, maximal = p[m, SLACK_LENGTH], p[m, TENDON_STRAIN], p[m, MAXIMAL_FORCE]
    g, g1, g2 = tendon_shape(state)
    softness = strain / LOG_TENDON
    stretch, slope = slack * softness * g1, slack * softness * g2  # d(tendon length)/d(state) and its derivative
    along, velocity = unit[m, UNIT_LENGTH] - slack * (1.0 + softness * g), unit[m, UNIT_LENGTHENING] - stretch * rate
    fiber(body, m, along, velocity, activation, unit, row)
    pull, pull_x, pull_strain = tendon_force_length(body, m, 1.0 + softness * g, strain)
    held, held_slope = held_slack(state, p[m, SLACK_STIFFNESS])
    by_along, by_velocity, value = unit[m, row + BY_LENGTH], unit[m, row + BY_LENGTHENING], unit[m, row + VALUE]
    for column in range(WIDTH):
        unit[m, row + column] = -unit[m, row + column]
        unit[m, FORCE + column] = 0.0
    pull_z, pull_e = pull_x * softness * g1, pull_x * g / LOG_TENDON + pull_strain
    unit[m, row + VALUE] = pull + held - value
    unit[m, row + BY_TENDON] = pull_z + held_slope + by_along * stretch + by_velocity * slope * rate
    unit[m, row + BY_TENDON_RATE] = by_velocity * stretch
    unit[m, row + OWN + MAXIMAL_FORCE] = 0.0
    unit[m, row + OWN + SLACK_LENGTH] = by_along * (1.0 + softness * g) + by_velocity * stretch * rate / slack
    moved = by_along * slack * softness * g + by_velocity * stretch * rate
    unit[m, row + OWN + TENDON_STRAIN] = pull_e + moved / strain
    unit[m, FORCE + VALUE] = maximal * pull
    unit[m, FORCE + BY_TENDON] = maximal * pull_z
    unit[m, FORCE + OWN + MAXIMAL_FORCE] = pull
    unit[m, FORCE + OWN + TENDON_STRAIN] = maximal * pull_e


@shared
def static_state(body, m, activation, unit):
    """Tendon state in equilibrium with the fiber, the tendon's own velocity neglected.

    Newton's method inside a bracket that halves wherever a step would leave it.
    """
    low, high = -0.1, 0.5 + 2.0 * max(activation, 0.0)
    value, slope = EQUILIBRIUM + VALUE, EQUILIBRIUM + BY_TENDON
    elastic(body, m, activation, low, 0.0, unit)
    if unit[m, value] > 0.0:
        low = -0.7
    for _ in range(14):
        elastic(body, m, activation, high, 0.0, unit)
        if not unit[m, value] < 0.0:
            break
        high = 2.0 * high
    z = 0.5 * (max(low, 0.0) + min(high, 1.0))
    for _ in range(100):
        elastic(body, m, activation, z, 0.0, unit)
        if unit[m, value] == 0.0:
            break
        if unit[m, value] < 0.0:
            low = z
        else:
            high = z
        moved = z - unit[m, value] / unit[m, slope]
        if not (low < moved < high):
            moved = 0.5 * (low + high)
        near = abs(moved - z) <= 1e-13 * (1.0 + abs(z))
        z = moved
        if near:
            break
    return z


@compiled
def rigid_states(body, length, lengthening, activation, unit, out):
    """Fiber length [m], fiber velocity [m/s], cosine of pennation and force [N], out (n_points, n_muscles, 4), with
    rigid tendons at given lengths [m] and lengthening velocities [m/s] of the units; `unit` is room as in an `Instant`.
    """
    for i in range(len(length)):
        for m in range(len(body.muscle)):
            unit[m, UNIT_LENGTH], unit[m, UNIT_LENGTHENING] = length[i, m], lengthening[i, m]
            rigid(body, m, activation[i, m], unit)
            out[i, m, 0], out[i, m, 1] = unit[m, FIBER_NOW], unit[m, FIBER_VELOCITY]
            out[i, m, 2], out[i, m, 3] = unit[m, COS_PENNATION], unit[m, FORCE + VALUE]


@compiled
def tendon_lengths(body, state, out):
    """Lengths (n_points, n_muscles) [m] of tendons from their states; those of rigid ones are left."""
    for i in range(len(state)):
        for m in range(len(body.muscle)):
            if body.index[m, TENDON] >= 0:
                softness = body.muscle[m, TENDON_STRAIN] / LOG_TENDON
                out[i, m] = body.muscle[m, SLACK_LENGTH] * (1.0 + softness * tendon_shape(state[i, m])[0])
