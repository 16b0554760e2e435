"""One frame of a limb: its inputs join a window of the last frames, and its equation is marched over one interval.

The window stands where the record of whole trials stands else, so that the march is that of `dynamics.compiled`. Of the
spline through the EMG only what lies an electromechanical delay back is read, where later frames hardly matter.
"""

from typing import NamedTuple

import numpy as np

from ...dynamics.compiled.along import forces, set_motion
from ...dynamics.compiled.excitation import Record, spline_curvature
from ...dynamics.compiled.instant import pull
from ...dynamics.compiled.interval import SOLVED
from ...dynamics.compiled.march import activations_now, march
from ...musculoskeletal.compiled.compilation import compiled, part
from ...musculoskeletal.compiled.layout import ARMS, FORCE, TENDON
from ...musculoskeletal.compiled.path import units


class Frame(NamedTuple):
    """Inputs of the newest frame."""

    time: np.ndarray  # (1,) [s]
    excitation: np.ndarray  # (n_muscles,)
    external: np.ndarray  # (3,): load [kg], couple [N m], orientation of the first segment [rad] or NaN
    prescribed: np.ndarray  # (n_prescribed,) [rad]


class Window(NamedTuple):
    """The last frames of a limb, the newest one last."""

    record: Record
    bounds: np.ndarray  # (2,) of int: first frame of the window, and the one behind its last
    ratio: np.ndarray  # (n_frames,) for the spline
    states: np.ndarray  # (n_frames, 2, n_states)
    sensitivity: np.ndarray  # (2, 2 n_states, n_columns): of the last two frames
    report: np.ndarray  # (3,)


class Told(NamedTuple):
    """What is known of the muscles at the newest frame."""

    activation: np.ndarray  # (1, n_muscles)
    force: np.ndarray  # (1, n_muscles) [N]
    by_state: np.ndarray  # (1, n_muscles, 2 n_coordinates + 1)
    by_parameter: np.ndarray  # (1, n_muscles, n_parameters)
    slope: np.ndarray  # (n_muscles + n_coordinates, n_columns): forces and moments by the columns of the sensitivity
    moment: np.ndarray  # (n_coordinates,) [N m], of the muscles


@part
def join(window, frame, near):
    """Move the window on by one frame, the given one."""
    record, last = window.record, len(window.record.time) - 1
    for i in range(last):
        record.time[i] = record.time[i + 1]
        for m in range(record.emg.shape[1]):
            record.emg[i, m, 0] = record.emg[i + 1, m, 0]
        for k in range(3):
            record.external[i, k] = record.external[i + 1, k]
        for k in range(record.given.shape[1]):
            for power in range(6):
                record.given[i, k, power] = record.given[i + 1, k, power]
    for k in range(2):
        for s in range(window.states.shape[2]):
            window.states[last - 1, k, s] = window.states[last, k, s]
    for m in range(len(near)):
        near[m] = max(near[m] - 1, 0)
    record.time[last] = frame.time[0]
    for m in range(record.emg.shape[1]):
        record.emg[last, m, 0] = frame.excitation[m]
    for k in range(3):
        record.external[last, k] = frame.external[k]
    prescribe(record, frame, last)


@part
def prescribe(record, frame, last):
    """Cubic pieces through prescribed angles: their slope at a frame is that of the parabola through the last three."""
    h = record.time[last] - record.time[last - 1]
    before = record.time[last - 1] - record.time[last - 2]
    for k in range(record.given.shape[1]):
        left, right, value = record.given[last - 1, k], record.given[last, k], frame.prescribed[k]
        rise = (value - left[0]) / h
        earlier = (left[0] - record.given[last - 2, k, 0]) / before
        speed, slope = left[1], rise + h * (rise - earlier) / (h + before)
        left[2], left[3] = (3.0 * rise - 2.0 * speed - slope) / h, (speed + slope - 2.0 * rise) / (h * h)
        left[4] = left[5] = 0.0
        right[0], right[1], right[2] = value, slope, (rise - earlier) / (h + before)
        right[3] = right[4] = right[5] = 0.0


@part
def fill(window, frame, step):
    """A window in which the given frame has stood for ever."""
    record, n = window.record, len(window.record.time)
    for i in range(n):
        record.time[i] = frame.time[0] - (n - 1 - i) * step
        for m in range(record.emg.shape[1]):
            record.emg[i, m, 0], record.emg[i, m, 1] = frame.excitation[m], 0.0
        for k in range(3):
            record.external[i, k] = frame.external[k]
        for k in range(record.given.shape[1]):
            for power in range(6):
                record.given[i, k, power] = frame.prescribed[k] if power == 0 else 0.0


@compiled
def begin(body, columns, window, frame, step, at, w, wanted):
    """Begin at rest under the given frame; whether there is rest."""
    fill(window, frame, step)
    n, d = len(window.record.time), body.joints[0]
    none = window.sensitivity[:0, 0]
    status = march(
        body, window.record, columns, 0, (0, n), (0, 0), True, False, at, w, window.states, none, window.sensitivity,
        wanted, window.report,
    )  # fmt: skip
    for i in range(1, n):
        for k in range(2):
            for s in range(window.states.shape[2]):
                window.states[i, k, s] = window.states[0, k, s]
    if wanted:
        n_states, first = window.states.shape[2], columns.shape[1]
        for r in range(d):  # columns behind those of the parameters: another angle and velocity than those at rest
            if first < window.sensitivity.shape[2]:
                window.sensitivity[0, r, first + r] = window.sensitivity[0, n_states + r, first + d + r] = 1.0
        for s in range(window.sensitivity.shape[1]):
            for p in range(window.sensitivity.shape[2]):
                window.sensitivity[1, s, p] = window.sensitivity[0, s, p]
    return status


@compiled
def follow(body, columns, window, frame, target, held, at, w, wanted):
    """Go on to the given frame; whether the interval was solved.

    `target` (2, n_coordinates) holds angles and velocities of the new frame where the motion is `held`: then only the
    states of tendons and the activations are solved for.
    """
    join(window, frame, w.near)
    record, n = window.record, len(window.record.time)
    if held:
        for k in range(2):
            for s in range(body.joints[0]):
                window.states[n - 1, k, s] = target[k, s]
    spline_curvature(record.time, window.bounds, record.emg, window.ratio)
    if wanted:
        for s in range(window.sensitivity.shape[1]):
            for p in range(window.sensitivity.shape[2]):
                window.sensitivity[0, s, p] = window.sensitivity[1, s, p]
    none = window.sensitivity[:0, 0]
    return march(
        body, record, columns, 0, (0, n), (n - 2, n - 1), False, held, at, w, window.states, none, window.sensitivity,
        wanted, window.report,
    )  # fmt: skip


@compiled
def tell(body, columns, window, settled, at, w, told, wanted):
    """Activations, forces and moments of the muscles at the newest frame; where `wanted`, their slopes too.

    Where tendons are `settled`, slopes by angles and velocities are those of tendons that stay in equilibrium.
    """
    last, d = len(window.record.time) - 1, body.joints[0]
    activation = w.gauss[0]
    activations_now(body, w, activation, wanted)
    for m in range(len(activation)):
        activation[m, 8] = 0.0
        told.activation[0, m] = activation[m, 0]
    set_motion(body, window.record, window.states, last, False, at)
    units(body, at)
    pull(body, activation, at)
    by_state = told.by_state if wanted else told.by_state[:0]
    forces(body, columns, activation, settled, at, 0, told.force, by_state, told.by_parameter)
    for r in range(d):
        told.moment[r] = 0.0
        for m in range(len(at.unit)):
            told.moment[r] += at.unit[m, ARMS + body.joints[1 + r]] * told.force[0, m]
    if wanted:
        slopes_of(body, columns, window, settled, at, told)


@part
def slopes_of(body, columns, window, settled, at, told):
    """Slopes of forces and moments by the columns of the sensitivity."""
    d, n_muscles, n_states = body.joints[0], len(at.unit), window.states.shape[2]
    moved, n_joints = window.sensitivity[1], at.segment.shape[1]
    for p in range(moved.shape[1]):
        for m in range(n_muscles):
            slope = told.by_parameter[0, m, p] if p < columns.shape[1] else 0.0
            for s in range(d):
                slope += told.by_state[0, m, s] * moved[s, p] + told.by_state[0, m, d + s] * moved[n_states + s, p]
            e = body.index[m, TENDON]
            if e >= 0 and not settled:
                slope += told.by_state[0, m, 2 * d] * moved[d + e, p]
            told.slope[m, p] = slope
        for r in range(d):
            i, slope = body.joints[1 + r], 0.0
            for m in range(n_muscles):
                slope += at.unit[m, ARMS + i] * told.slope[m, p]
                for s in range(d):
                    j = body.joints[1 + s]
                    slope += at.unit[m, ARMS + (2 + i) * n_joints + j] * at.unit[m, FORCE] * moved[s, p]
            told.slope[n_muscles + r, p] = slope


@part
def quadratic(row, covariance):
    """Variance of what has the slopes `row` (n,) under a covariance (n, n)."""
    total = 0.0
    for i in range(len(covariance)):
        inner = 0.0
        for j in range(len(covariance)):
            inner += covariance[i, j] * row[j]
        total += row[i] * inner
    return total


@compiled
def simulate(body, columns, window, frame, step, fresh, at, w, told, covariance, of_start, offset, noise, span, out):
    """One frame of a simulation: angles, forces and moments and their variances into `out`; whether it was solved.

    Parameters
    ----------
    fresh : bool
        Begin anew, at rest.
    covariance : ndarray (n_parameters, n_parameters)
    of_start : ndarray (2 n_coordinates, 2 n_coordinates)
        Of angles and velocities at the start about those at rest.
    offset : ndarray (n_coordinates, n_parameters)
        Slopes of the goniometer's reading beside those of the angle.
    noise, span : ndarray (n_coordinates,)
        Variance that the equation leaves [rad^2], and largest variance of an unknown start [rad^2].
    out : ndarray (2, 2 n_coordinates + n_muscles)
        Values and variances of angles [rad] without the goniometer's offset, forces [N] and moments [N m].

    Returns
    -------
    int
    """
    if fresh:
        status = begin(body, columns, window, frame, step, at, w, True)
    else:
        status = follow(body, columns, window, frame, offset, False, at, w, True)
        if status != SOLVED:
            begin(body, columns, window, frame, step, at, w, True)
    tell(body, columns, window, False, at, w, told, True)
    last, d, n_muscles, n = len(window.record.time) - 1, body.joints[0], len(body.index), columns.shape[1]
    moved, share = window.sensitivity[1], 1.0
    for r in range(d):
        out[0, r] = window.states[last, 0, r]
        of_unknown = quadratic(moved[r, n:], of_start)
        if of_unknown > span[r]:
            share = min(share, span[r] / of_unknown)
        for p in range(n):
            moved[r, p] += offset[r, p]
        out[1, r] = quadratic(moved[r], covariance) + min(of_unknown, span[r]) + noise[r]
        for p in range(n):
            moved[r, p] -= offset[r, p]
    for k in range(n_muscles + d):
        value = told.force[0, k] if k < n_muscles else told.moment[k - n_muscles]
        out[0, d + k] = max(value, 0.0) if k < n_muscles else value
        of_parameters = quadratic(told.slope[k], covariance)
        out[1, d + k] = of_parameters + share * quadratic(told.slope[k, n:], of_start)
    return status


@compiled
def run(body, columns, window, frame, step, fresh, of_start, span, at, w, state, offset, variance):
    """One frame of a simulation from rest: angles, velocities and activations into `state`; whether it was solved.

    `variance` (n_coordinates,) [rad^2] is what the unknown start makes of the angles (see `simulate`).
    """
    last, d = len(window.record.time) - 1, body.joints[0]
    status = SOLVED
    if not fresh:
        status = follow(body, columns, window, frame, of_start, False, at, w, True)
    if fresh or status != SOLVED:
        begin(body, columns, window, frame, step, at, w, True)
    activations_now(body, w, w.gauss[0], False)
    for r in range(d):
        state[r], state[d + r] = window.states[last, 0, r] + offset[r], window.states[last, 1, r]
        variance[r] = min(quadratic(window.sensitivity[1, r], of_start), span[r])
    for m in range(len(body.index)):
        state[2 * d + m] = w.gauss[0, m, 0]
    return status


@compiled
def along(body, columns, window, frame, step, fresh, motion, of_motion, of_parameters, at, w, told, room, out):
    """Forces and moments of the muscles along a motion that is given, and their variances; whether tendons were solved.

    Parameters
    ----------
    motion : ndarray (2, n_coordinates)
        Angles and velocities of the newest frame.
    of_motion : ndarray (2 n_coordinates, 2 n_coordinates)
        Their covariance.
    of_parameters : ndarray (n_parameters, n_parameters)
    room : ndarray (2 n_coordinates,)
        For the work.
    out : ndarray (2, 2 n_coordinates + n_muscles)
        Forces and moments are filled.
    """
    last, d, n_muscles = len(window.record.time) - 1, body.joints[0], len(body.index)
    status = SOLVED
    if not fresh:
        status = follow(body, columns, window, frame, motion, True, at, w, True)
    if fresh or status != SOLVED:
        begin(body, columns, window, frame, step, at, w, True)
        for k in range(2):
            for s in range(d):
                window.states[last, k, s] = motion[k, s]
    tell(body, columns, window, True, at, w, told, True)
    n_joints = at.segment.shape[1]
    for m in range(n_muscles):
        for s in range(2 * d):
            room[s] = told.by_state[0, m, s]
        out[0, d + m] = max(told.force[0, m], 0.0)
        out[1, d + m] = quadratic(told.slope[m], of_parameters) + quadratic(room, of_motion)
    for r in range(d):
        i = body.joints[1 + r]
        for s in range(2 * d):
            room[s] = 0.0
            for m in range(n_muscles):
                room[s] += at.unit[m, ARMS + i] * told.by_state[0, m, s]
                if s < d:
                    j = body.joints[1 + s]
                    room[s] += at.unit[m, ARMS + (2 + i) * n_joints + j] * at.unit[m, FORCE]
        k = d + n_muscles + r
        out[0, k] = told.moment[r]
        out[1, k] = quadratic(told.slope[n_muscles + r], of_parameters) + quadratic(room, of_motion)
    return status
