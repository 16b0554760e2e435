"""Trials marched through time, frame by frame, with the sensitivities of their states beside them.

An interval whose equations Newton's method does not solve is crossed in two steps, in four, and so on.
"""

from ...musculoskeletal.compiled.compilation import compiled, part, shared
from ...musculoskeletal.compiled.instant import balance, by_parameters, settle_tendons
from ...musculoskeletal.compiled.layout import ACCELERATION, ANGLE, OWN_STATE, PULL, SPEED, STATE, SURPLUS
from ...musculoskeletal.compiled.points import evaluate
from .excitation import (
    BY_STATE,
    KEPT,
    N_ACTIVATION,
    N_ACTIVITY,
    between,
    shape_of,
    start_activity,
    step_activity,
    surplus_left,
)
from .excitation import LEFT as ACTIVITY_LEFT
from .excitation import RIGHT as ACTIVITY_RIGHT
from .excitation import STATE as ACTIVITY
from .interval import LEFT, MATRIX, RIGHT, SLOPES, SOLVED, VALUES, hand_over, lu, lu_solve, newton, place
from .rest import rest

MOST_STEPS = 1024  # of an interval
NO_REST, NO_ACTIVATION = 3, 4
FORGOTTEN, FORGETS_IN = 1e-3, 0.1  # rad from another start, beyond which derivatives tell the rest; s, of velocities
REST_TOLERANCE = 1e-6  # of a posture of rest, in torque scales


@part
def activations_now(body, w, target, wanted):
    """Activations at the left end (n_muscles, 9) and, where `wanted`, their derivatives."""
    for m in range(len(body.muscle)):
        shape_of(body, m, w.activity[ACTIVITY_LEFT], ACTIVITY, BY_STATE, target, wanted)


@shared
def begin(body, record, columns, trial, bounds, from_rest, at, w, states, sensitivity, wanted):
    """State of a trial's first frame, and its derivatives; status and largest torque left.

    Tendons begin in static equilibrium with everything at rest; so does a limb `from_rest`, or its angles and
    velocities stand in the states already.
    """
    d, first, activation = body.joints[0], bounds[0], w.gauss[0]
    start_activity(body, record, trial, bounds, w.activity, w.near)
    forget(w)
    activations_now(body, w, activation, wanted)
    for m in range(len(activation)):
        activation[m, N_ACTIVATION] = surplus_left(body, m, 0.0)
    place(body, record, first, 0.0, at)
    left = 0.0
    if from_rest:
        for r in range(d):
            states[first, VALUES, r] = states[first, SLOPES, r] = 0.0
        left = rest(body, activation, states[first], at, w)
    for j in range(at.segment.shape[1]):
        at.segment[SPEED, j] = at.segment[ACCELERATION, j] = 0.0
    for r in range(d):
        at.segment[ANGLE, body.joints[1 + r]] = states[first, VALUES, r]
    settle_tendons(body, activation, at)
    balance(body, activation, at)
    for e in range(len(at.tendon)):
        states[first, VALUES, d + e], states[first, SLOPES, d + e] = at.tendon[e, STATE], 0.0
    if wanted:
        by_parameters(body, columns, activation, at, w.partial[0])
        start_sensitivity(body, columns, from_rest, at, w, sensitivity)
    return SOLVED if left <= REST_TOLERANCE else NO_REST, left


@shared
def start_sensitivity(body, columns, from_rest, at, w, out):
    """Derivatives out[0] (2 n_states, n_columns) of a first state by what stands in `columns` and, where there are more
    of them, by its angles and velocities; after `by_parameters`.

    A trial that begins at rest begins where it would without surplus activation: that is not known to be there.
    """
    d, n, n_tendons, n_columns, partial = body.joints[0], columns.shape[1], len(at.tendon), out.shape[2], w.partial[0]
    for s in range(out.shape[1]):
        for p in range(n_columns):
            out[0, s, p] = 0.0
    if from_rest:
        matrix = w.square[MATRIX]
        for r in range(d):
            for s in range(d):
                matrix[r, s] = at.row[r, 1 + s]
                for e in range(n_tendons):
                    matrix[r, s] -= at.tendon[e, PULL + r] * at.row[d + e, 1 + s] / at.tendon[e, OWN_STATE]
            for p in range(n):
                w.motion[r, 1 + p] = -partial[r, p]
                for e in range(n_tendons):
                    w.motion[r, 1 + p] += at.tendon[e, PULL + r] * partial[d + e, p] / at.tendon[e, OWN_STATE]
        if lu(matrix, w.order, d):
            lu_solve(matrix, w.order, d, w.motion, 1, 1 + n)
        for r in range(d):
            for p in range(n):
                if columns[1, p] != SURPLUS:
                    out[0, r, p] = w.motion[r, 1 + p]
    if n_columns > n:
        for r in range(d):
            out[0, r, n + r] = out[0, d + n_tendons + r, n + d + r] = 1.0
    for e in range(n_tendons):
        for p in range(n_columns):
            moved = partial[d + e, p] if p < n else 0.0
            for s in range(d):
                moved += at.row[d + e, 1 + s] * out[0, s, p]
            out[0, d + e, p] = -moved / at.tendon[e, OWN_STATE]


@part
def forget(w):
    """Make the next guess of a right end that of a straight line."""
    n = w.history.shape[1] - 1
    w.history[0, n] = w.history[1, n] = 0.0


@part
def predict(h, w, other, near, k):
    """First guess of the right end: velocities and rates go on as a parabola through the last three ends.

    Where an `other` march is `near`, at its frame `k` now, what the two differ by goes on like that.
    """
    n, state, history = w.state.shape[2], w.state, w.history
    before, earlier = history[0, n], history[1, n]
    for s in range(n):
        x, y, last, last_but_one = state[LEFT, VALUES, s], state[LEFT, SLOPES, s], history[0, s], history[1, s]
        if near:
            x, y = x - other[k, VALUES, s], y - other[k, SLOPES, s]
            last -= other[max(k - 1, 0), SLOPES, s]
            last_but_one -= other[max(k - 2, 0), SLOPES, s]
        first, second = 0.0, 0.0  # divided differences
        if before > 0.0:
            first = (y - last) / before
            if earlier > 0.0:
                second = (first - (last - last_but_one) / earlier) / (before + earlier)
        state[RIGHT, SLOPES, s] = y + h * (first + (h + before) * second)
        state[RIGHT, VALUES, s] = x + h * (y + h * (0.5 * first + (h / 3.0 + 0.5 * before) * second))
        if near:
            state[RIGHT, VALUES, s] += other[k + 1, VALUES, s]
            state[RIGHT, SLOPES, s] += other[k + 1, SLOPES, s]


@part
def advance(h, w):
    """Make the right end the left one of the next step."""
    n, state, history = w.state.shape[2], w.state, w.history
    history[1, n], history[0, n] = history[0, n], h
    for s in range(n):
        history[1, s], history[0, s] = history[0, s], state[LEFT, SLOPES, s]
        state[LEFT, VALUES, s], state[LEFT, SLOPES, s] = state[RIGHT, VALUES, s], state[RIGHT, SLOPES, s]
    copy_activity(w, ACTIVITY_RIGHT, ACTIVITY_LEFT)


@part
def copy_activity(w, source, target):
    """Overwrite one end's activation dynamics by another's."""
    for m in range(w.activity.shape[1]):
        for k in range(N_ACTIVITY):
            w.activity[target, m, k] = w.activity[source, m, k]


@part
def hold(body, states, frame, offset, whole, w):
    """Angles and velocities of a given motion `offset` [s] behind a frame, on the cubic piece to the next."""
    x = offset / whole
    rising, from_left, from_right = 3.0 * x**2 - 2.0 * x**3, (x**3 - 2.0 * x**2 + x) * whole, (x**3 - x**2) * whole
    for r in range(body.joints[0]):
        v0, v1 = states[frame, SLOPES, r], states[frame + 1, SLOPES, r]
        rise = states[frame + 1, VALUES, r] - states[frame, VALUES, r]
        w.state[RIGHT, VALUES, r] = states[frame, VALUES, r] + rising * rise + from_left * v0 + from_right * v1
        slope = 6.0 * (x - x**2) / whole * rise
        w.state[RIGHT, SLOPES, r] = slope + (3.0 * x**2 - 4.0 * x + 1.0) * v0 + (3.0 * x**2 - 2.0 * x) * v1


@part
def cross(body, record, columns, trial, bounds, frame, n_steps, held, at, w, states, wanted, other, first, enough):
    """Cross the interval behind a frame in some steps, from the left end in `w`: status and largest residual.

    `other`: states of another march from frame `first` on, near which this one stays, if there is one.
    """
    whole = record.time[frame + 1] - record.time[frame]
    h, residual, near = whole / n_steps, 0.0, n_steps == 1 and len(other) > 0
    for k in range(n_steps):
        if not step_activity(body, record, trial, bounds, record.time[frame] + k * h, h, w.activity, w.near, wanted):
            return NO_ACTIVATION, 0.0
        since = record.time[frame] + k * h - record.time[bounds[0]]
        between(body, since, h, w.activity, w.gauss, wanted)
        predict(h, w, other, near, frame - first)
        if held:
            hold(body, states, frame, (k + 1) * h, whole, w)
        status, residual = newton(body, record, columns, frame, k * h, h, at, w, held, wanted, near, enough)
        if status != SOLVED:
            return status, residual
        if wanted:
            hand_over(body, w, columns.shape[1], held)
            for s in range(w.moved.shape[1]):
                for p in range(w.moved.shape[2]):
                    w.moved[0, s, p] = w.moved[1, s, p]
        advance(h, w)
    return SOLVED, residual


@part
def load(frame, begins, w, states, sensitivity, wanted):
    """Put a frame's state and derivatives at the left of the interval; `begins`: frame of the first derivatives."""
    for s in range(states.shape[2]):
        w.state[LEFT, VALUES, s], w.state[LEFT, SLOPES, s] = states[frame, VALUES, s], states[frame, SLOPES, s]
    if wanted:
        for s in range(w.moved.shape[1]):
            for p in range(w.moved.shape[2]):
                w.moved[0, s, p] = sensitivity[frame - begins, s, p]


@part
def keep(body, frame, begins, w, states, sensitivity, activations, wanted):
    """Keep what the left of the interval has by now reached."""
    for s in range(states.shape[2]):
        states[frame, VALUES, s], states[frame, SLOPES, s] = w.state[LEFT, VALUES, s], w.state[LEFT, SLOPES, s]
    if wanted:
        for s in range(w.moved.shape[1]):
            for p in range(w.moved.shape[2]):
                sensitivity[frame - begins, s, p] = w.moved[0, s, p]
    if len(activations) > 0:
        activations_now(body, w, w.gauss[0], wanted)
        for m in range(activations.shape[1]):
            activations[frame, m] = w.gauss[0, m, 0]


@part
def has_come_near(body, frame, states, other, first):
    """Whether a trial is by now where another march of it, whose states begin at frame `first`, has been."""
    for r in range(body.joints[0]):
        away = abs(states[frame, VALUES, r] - other[frame - first, VALUES, r])
        if away + FORGETS_IN * abs(states[frame, SLOPES, r] - other[frame - first, SLOPES, r]) > FORGOTTEN:
            return False
    return True


@compiled
def march(body, record, columns, trial, bounds, span, from_rest, held, at, w, states, activations, sensitivity, wanted,
          other, until_near, enough, report):  # fmt: skip
    """March one trial over the frames span[0] ... span[1], the first of which is solved where the trial begins there.

    Parameters
    ----------
    bounds : tuple of int
        First frame of the trial, and the one behind its last.
    from_rest : bool
        Else the first frame's angles and velocities are those in `states`.
    held : bool
        All angles and velocities in `states` are given, and only tendons are solved for.
    at, w : Instant, Interval
        Of the march of this trial so far.
    states : ndarray (n_frames, 2, n_states)
        Of all frames of the record, filled.
    activations : ndarray (n_frames or 0, n_muscles)
        Filled where it has rows.
    sensitivity : ndarray (span[1] - span[0] + 1, 2 n_states, n_columns)
        Filled where `wanted`; its first row is read where the trial begins earlier.
    other : ndarray (n_frames or 0, 2, n_states)
        States of the trial's frames from its first on in another march, from which first guesses are made: the nearer
        the two, the better.
    until_near : bool
        End where this march has come to the other.
    enough : float
        Newton's last update [rad] where derivatives are `wanted`, or where another march is nearby.
    report : ndarray (3,)
        Frame before the interval in which a march failed or ended, largest residual there, intervals crossed in several
        steps.

    Returns
    -------
    int
        `SOLVED`, or why not.
    """
    if span[0] == bounds[0]:
        status, left = begin(body, record, columns, trial, bounds, from_rest, at, w, states, sensitivity, wanted)
        if status != SOLVED:
            report[0], report[1] = span[0], left
            return status
        load(span[0], span[0], w, states, sensitivity, wanted)
        keep(body, span[0], span[0], w, states, sensitivity, activations, wanted)
    for i in range(span[0], span[1]):
        n_steps = 1
        while True:
            load(i, span[0], w, states, sensitivity, wanted)
            status, residual = cross(
                body, record, columns, trial, bounds, i, n_steps, held, at, w, states, wanted, other, bounds[0], enough
            )
            if status == SOLVED:
                break
            report[0], report[1] = i, residual
            if n_steps >= MOST_STEPS:
                return status
            if n_steps == 1:
                report[2] += 1
                copy_activity(w, ACTIVITY_LEFT, KEPT)
            else:
                copy_activity(w, KEPT, ACTIVITY_LEFT)
            n_steps *= 2
            forget(w)
        if n_steps > 1:
            forget(w)
        keep(body, i + 1, span[0], w, states, sensitivity, activations, wanted)
        if until_near and has_come_near(body, i + 1, states, other, bounds[0]):
            report[0] = i + 1
            return SOLVED
    report[0] = span[1]
    return SOLVED


@compiled
def along(body, record, columns, trial, bounds, span, settled, at, w, states, acceleration, out):
    """Activations, forces and equations at the frames span[0] ... span[1] - 1 of a trial along given states.

    Parameters
    ----------
    bounds : tuple of int
        First frame of the trial, and the one behind its last.
    span : tuple of int
        Where it does not begin with the trial, `w` is of the walk along the trial so far.
    settled, states, acceleration : bool, ndarray, ndarray
        As in `at_points`, of the span's frames.
    out : Points
        Of the span's frames, filled; where it has room for activations alone, nothing else is computed.

    Returns
    -------
    tuple of int
        `SOLVED` or `NO_ACTIVATION`, and the last frame.
    """
    wanted = len(out.force_by_state) + len(out.residual_by_motion) > 0
    activation, first = w.gauss[0], span[0]
    external, given = record.external[first : span[1]], record.given[first : span[1]]
    for i in range(first, span[1]):
        if i == bounds[0]:
            start_activity(body, record, trial, bounds, w.activity, w.near)
        else:
            t = record.time[i - 1]
            if not step_activity(body, record, trial, bounds, t, record.time[i] - t, w.activity, w.near, wanted):
                return NO_ACTIVATION, i - 1
            copy_activity(w, ACTIVITY_RIGHT, ACTIVITY_LEFT)
        for m in range(len(body.muscle)):
            shape_of(body, m, w.activity[ACTIVITY_LEFT], ACTIVITY, BY_STATE, activation, wanted)
            activation[m, N_ACTIVATION] = surplus_left(body, m, record.time[i] - record.time[bounds[0]])
            out.activations[i - first, m] = activation[m, 0]
        if len(out.force) > 0:
            evaluate(
                body, columns, external, given, states, acceleration, i - first, settled, activation, at, out,
                w.partial[0],
            )  # fmt: skip
    return SOLVED, span[1] - 1
