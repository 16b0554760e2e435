"""The equation of motion and the equilibria of elastic tendons at one instant, with all derivatives.

Every row is minus what acts: M q'' + c + g + tissue - external - sum_m R_m F_m, divided by the joint's torque scale;
then, for each elastic tendon, its force minus the fiber's.
"""

from .compilation import part, shared
from .layout import (
    ACTIVATION_SUM,
    ANGLE,
    ARM_SCALE,
    ARMS,
    BY_ACTIVATION,
    BY_LENGTH,
    BY_LENGTHENING,
    BY_TENDON,
    BY_TENDON_RATE,
    CO_CONTRACTION,
    DELAY,
    EQUILIBRIUM,
    FORCE,
    JOINT_DAMPING,
    MUSCLE_OF_TENDON,
    N_SEGMENT,
    OWN,
    OWN_RATE,
    OWN_STATE,
    PULL,
    RATE,
    REST_ANGLE,
    SPEED,
    STATE,
    TENDON,
    TORQUE_SCALE,
    VALUE,
)
from .muscle import elastic, rigid, static_state
from .path import units
from .skeleton import passive, passive_by_parameter, segment_by_parameter, skeleton


@part
def pull(body, activation, at):
    """Muscles at their lengths, into at.unit; the states of elastic tendons are given.

    `activation` (n_muscles, 9) has the activations in its first column.
    """
    at.scalar[ACTIVATION_SUM] = 0.0
    for m in range(len(at.unit)):
        at.scalar[ACTIVATION_SUM] += activation[m, 0]
        e = body.index[m, TENDON]
        if e < 0:
            rigid(body, m, activation[m, 0], at.unit)
        else:
            elastic(body, m, activation[m, 0], at.tendon[e, STATE], at.tendon[e, RATE], at.unit)


@shared
def settle_tendons(body, activation, at):
    """States of elastic tendons in static equilibrium, into at.tendon, with rates of 0."""
    units(body, at)
    for e in range(len(at.tendon)):
        m = body.index[e, MUSCLE_OF_TENDON]
        at.tendon[e, STATE], at.tendon[e, RATE] = static_state(body, m, activation[m, 0], at.unit), 0.0


@part
def balance(body, activation, at):
    """All rows and their derivatives, from angles, velocities and accelerations of all joints in at.segment and states
    and rates in at.tendon.
    """
    d = body.joints[0]
    units(body, at)
    pull(body, activation, at)
    skeleton(body, at)
    for r in range(d):
        j = body.joints[1 + r]
        torque, slope = passive(body, j, at.segment[ANGLE, j], at.segment[SPEED, j], at.scalar[ACTIVATION_SUM])
        at.row[r, 0] += torque
        at.row[r, 1 + r] += slope
        at.row[r, 1 + d + r] += body.joint[j, JOINT_DAMPING]
    for m in range(len(at.unit)):
        add_muscle(body, m, body.index[m, TENDON], at)
    for r in range(d):
        scale = 1.0 / body.joint[body.joints[1 + r], TORQUE_SCALE]
        for column in range(1 + 3 * d):
            at.row[r, column] *= scale
        for e in range(len(at.tendon)):
            at.tendon[e, PULL + r] *= scale


@part
def add_muscle(body, m, e, at):
    """What one muscle adds to the rows: torque about the joints, and the equilibrium of an elastic tendon `e`."""
    d, n, unit = body.joints[0], at.segment.shape[1], at.unit
    force, by_length, by_lengthening = unit[m, FORCE], unit[m, FORCE + BY_LENGTH], unit[m, FORCE + BY_LENGTHENING]
    for r in range(d):
        i = body.joints[1 + r]
        arm = unit[m, ARMS + i]
        at.row[r, 0] -= arm * force
        for s in range(d):
            j = body.joints[1 + s]
            at.row[r, 1 + s] -= unit[m, ARMS + (2 + i) * n + j] * force
            if e < 0:
                other, bend = unit[m, ARMS + j], unit[m, ARMS + n + j]
                at.row[r, 1 + s] -= arm * (by_lengthening * bend - by_length * other)
                at.row[r, 1 + d + s] += arm * by_lengthening * other
        if e >= 0:
            at.tendon[e, PULL + r] = -arm * unit[m, FORCE + BY_TENDON]
    if e >= 0:
        k = EQUILIBRIUM
        at.row[d + e, 0] = unit[m, k + VALUE]
        at.tendon[e, OWN_STATE], at.tendon[e, OWN_RATE] = unit[m, k + BY_TENDON], unit[m, k + BY_TENDON_RATE]
        for s in range(d):
            other, bend = unit[m, ARMS + body.joints[1 + s]], unit[m, ARMS + n + body.joints[1 + s]]
            at.row[d + e, 1 + s] = unit[m, k + BY_LENGTHENING] * bend - unit[m, k + BY_LENGTH] * other
            at.row[d + e, 1 + d + s] = -unit[m, k + BY_LENGTHENING] * other
            at.row[d + e, 1 + 2 * d + s] = 0.0


@shared
def by_parameters(body, columns, activation, at, out):
    """Derivatives of all rows by parameters, (n_rows, n_columns), after `balance`.

    `columns` (3, n_columns) as of `CompiledModel`; `activation` (n_muscles, 9) has the derivatives of activations by
    the muscles' own parameters behind its first column.
    """
    d = body.joints[0]
    for c in range(columns.shape[1]):
        for r in range(len(out)):
            out[r, c] = 0.0
        of_joint, column, owner = columns[0, c], columns[1, c], columns[2, c]
        if of_joint == 0:
            by_muscle_parameter(body, owner, column, activation, at, out, c)
        elif column < N_SEGMENT:
            segment_by_parameter(body, owner, column, at, out, c)
        else:
            for r in range(d):
                if body.joints[1 + r] == owner:
                    out[r, c] = passive_by_parameter(
                        body,
                        owner,
                        column,
                        at.segment[ANGLE, owner],
                        at.segment[SPEED, owner],
                        at.scalar[ACTIVATION_SUM],
                    )
        for r in range(d):
            out[r, c] /= body.joint[body.joints[1 + r], TORQUE_SCALE]


@part
def unit_by_parameter(body, m, column, activation, unit, row):
    """Derivative of a muscle's force (row `FORCE`) or of its tendon's equilibrium by one of its own parameters."""
    if column < ARM_SCALE:
        return unit[m, row + OWN + column]
    if column == ARM_SCALE:
        n = len(body.joint)
        raw = ARMS + 2 * n + n * n
        return unit[m, row + BY_LENGTH] * unit[m, raw] + unit[m, row + BY_LENGTHENING] * unit[m, raw + 1]
    return unit[m, row + BY_ACTIVATION] * activation[m, 1 + column - DELAY]


@part
def by_muscle_parameter(body, m, column, activation, at, out, c):
    """Derivatives of all rows by one parameter of a muscle, into column c of `out`."""
    own = unit_by_parameter(body, m, column, activation, at.unit, FORCE)
    for r in range(body.joints[0]):
        i = body.joints[1 + r]
        arm = at.unit[m, ARMS + i]
        out[r, c] = -arm * own
        if column == ARM_SCALE:
            n = len(body.joint)
            out[r, c] -= at.unit[m, ARMS + 2 * n + n * n + 2 + i] * at.unit[m, FORCE]
        elif column > ARM_SCALE:
            stiffness = body.joint[i, CO_CONTRACTION] * (at.segment[ANGLE, i] - body.joint[i, REST_ANGLE])
            out[r, c] += stiffness * activation[m, 1 + column - DELAY]
    e = body.index[m, TENDON]
    if e >= 0:
        out[body.joints[0] + e, c] = unit_by_parameter(body, m, column, activation, at.unit, EQUILIBRIUM)
