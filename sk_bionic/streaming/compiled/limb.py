"""One frame of a limb: its inputs join a window of the last frames, and its equation is marched over one interval.

The window stands where the record of whole trials stands else, so that the march is that of `dynamics.compiled`, which
stays a function of its own: linked into these it would be compiled again. Of the
spline through the EMG only what lies an electromechanical delay back is read, where later frames hardly matter.
"""

from typing import NamedTuple

import numpy as np

from ...dynamics.compiled.excitation import Record, spline_curvature
from ...dynamics.compiled.march import activations_now
from ...musculoskeletal.compiled.compilation import compiled, part
from ...musculoskeletal.compiled.instant import pull
from ...musculoskeletal.compiled.layout import ARMS, FORCE, TENDON
from ...musculoskeletal.compiled.path import units
from ...musculoskeletal.compiled.points import forces, set_motion


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
    moment_by_state: np.ndarray  # (n_coordinates, 2 n_coordinates): by angles and velocities


@part
def join(window, frame, near):
    """Move the window on by one frame, the given one."""
    record, last = window.record, len(window.record.time) - 1
    for i in range(last):
        record.time[i] = record.time[i + 1]
        for m in range(record.emg.shape[1]):
            record.emg[i, m] = record.emg[i + 1, m]
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
        record.emg[last, m] = frame.excitation[m]
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
            record.emg[i, m], record.bend[i, m] = frame.excitation[m], 0.0
        for k in range(3):
            record.external[i, k] = frame.external[k]
        for k in range(record.given.shape[1]):
            for power in range(6):
                record.given[i, k, power] = frame.prescribed[k] if power == 0 else 0.0


@compiled
def enter(window, frame, near, fresh, step, alone):
    """Take a frame into the window: the first one has stood there for ever.

    `alone`: sensitivities are those to the state of the frame before; else they go on from there.
    """
    if fresh:
        fill(window, frame, step)
        return
    join(window, frame, near)
    record = window.record
    spline_curvature(record.time, window.bounds, record.emg, window.ratio, record.bend)
    before, now = window.sensitivity[0], window.sensitivity[1]
    for s in range(before.shape[0]):
        for p in range(before.shape[1]):
            before[s, p] = (1.0 if s == p else 0.0) if alone else now[s, p]


@compiled
def spread(window, n_coordinates, n_parameters):
    """Make the state at rest in front of the window that of its newest frame; further columns of the sensitivity are
    those of another angle and velocity.
    """
    states, first, d = window.states, window.sensitivity[0], n_coordinates
    for i in range(1, len(states)):
        for k in range(2):
            for s in range(states.shape[2]):
                states[i, k, s] = states[0, k, s]
    if first.shape[1] >= n_parameters + 2 * d:
        for r in range(d):
            first[r, n_parameters + r] = first[states.shape[2] + r, n_parameters + d + r] = 1.0
    for s in range(first.shape[0]):
        for p in range(first.shape[1]):
            window.sensitivity[1, s, p] = first[s, p]


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
    record, still = window.record, window.states[:0, 0]
    set_motion(body, record.external, record.given, window.states, still, last, False, at)
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
    """Slopes of forces and moments by the columns of the sensitivity, and of moments by angles and velocities."""
    d, n_muscles, n_states = body.joints[0], len(at.unit), window.states.shape[2]
    moved, n_joints = window.sensitivity[1], at.segment.shape[1]
    for r in range(d):
        i = body.joints[1 + r]
        for s in range(2 * d):
            told.moment_by_state[r, s] = 0.0
            for m in range(n_muscles):
                slope = at.unit[m, ARMS + i] * told.by_state[0, m, s]
                if s < d:
                    slope += at.unit[m, ARMS + (2 + i) * n_joints + body.joints[1 + s]] * at.unit[m, FORCE]
                told.moment_by_state[r, s] += slope
    for p in range(moved.shape[1]):
        for m in range(n_muscles):
            own = told.by_parameter[0, m, p] if p < columns.shape[1] else 0.0
            e = body.index[m, TENDON]
            if e >= 0 and not settled:
                own += told.by_state[0, m, 2 * d] * moved[d + e, p]
            told.slope[m, p] = own
        for r in range(d):
            slope = 0.0
            for m in range(n_muscles):
                slope += at.unit[m, ARMS + body.joints[1 + r]] * told.slope[m, p]
            for s in range(d):
                slope += told.moment_by_state[r, s] * moved[s, p]
                slope += told.moment_by_state[r, d + s] * moved[n_states + s, p]
            told.slope[n_muscles + r, p] = slope
        for m in range(n_muscles):
            for s in range(d):
                told.slope[m, p] += told.by_state[0, m, s] * moved[s, p]
                told.slope[m, p] += told.by_state[0, m, d + s] * moved[n_states + s, p]


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
def conclude(n_coordinates, n_parameters, window, told, covariances, of_start, offset, noise, span, out):
    """Values and variances of a simulation's newest frame, after `tell`.

    Parameters
    ----------
    covariances : tuple of ndarray
        Of the parameters for angles, and for forces and moments, (n_parameters, n_parameters) each; relative variance
        of each muscle's force by noise of the EMG (n_muscles,).
    of_start : ndarray (2 n_coordinates, 2 n_coordinates)
        Of angles and velocities at the start about those at rest.
    offset : ndarray (n_coordinates, n_parameters)
        Slopes of the goniometer's reading beside those of the angle.
    noise, span : ndarray (n_coordinates,)
        Variance that the equation leaves [rad^2], and largest variance of an unknown start [rad^2].
    out : ndarray (2, 2 n_coordinates + n_muscles)
        Values and variances of angles [rad] without the goniometer's offset, forces [N] and moments [N m].
    """
    last, d, n, n_muscles = len(window.record.time) - 1, n_coordinates, n_parameters, told.force.shape[1]
    moved, share = window.sensitivity[1], 1.0
    for r in range(d):
        out[0, r] = window.states[last, 0, r]
        of_unknown = quadratic(moved[r, n:], of_start)
        if of_unknown > span[r]:
            share = min(share, span[r] / of_unknown)
        for p in range(n):
            moved[r, p] += offset[r, p]
        out[1, r] = quadratic(moved[r], covariances[0]) + min(of_unknown, span[r]) + noise[r]
        for p in range(n):
            moved[r, p] -= offset[r, p]
    for k in range(n_muscles + d):
        value = told.force[0, k] if k < n_muscles else told.moment[k - n_muscles]
        out[0, d + k] = max(value, 0.0) if k < n_muscles else value
        of_parameters = quadratic(told.slope[k], covariances[1])
        if k < n_muscles:
            of_parameters += covariances[2][k] * told.force[0, k] ** 2
        out[1, d + k] = of_parameters + share * quadratic(told.slope[k, n:], of_start)


@compiled
def summarise(n_coordinates, window, told, of_start, span, state, offset, variance):
    """Angles, velocities and activations of a simulation's newest frame into `state`, after `tell`.

    `variance` (n_coordinates,) [rad^2] is what the unknown start makes of the angles (see `conclude`).
    """
    last, d = len(window.record.time) - 1, n_coordinates
    for r in range(d):
        state[r], state[d + r] = window.states[last, 0, r] + offset[r], window.states[last, 1, r]
        variance[r] = min(quadratic(window.sensitivity[1, r], of_start), span[r])
    for m in range(told.activation.shape[1]):
        state[2 * d + m] = told.activation[0, m]


@compiled
def conclude_along(n_coordinates, told, of_motion, of_parameters, of_noise, room, out):
    """Forces and moments along a motion that is given, and their variances, after `tell`.

    Parameters
    ----------
    of_motion : ndarray (2 n_coordinates, 2 n_coordinates)
        Covariance of angles and velocities.
    of_parameters : ndarray (n_parameters, n_parameters)
    of_noise : ndarray (n_muscles,)
        Relative variance of each muscle's force by noise of the EMG.
    room : ndarray (2 n_coordinates,)
        For the work.
    out : ndarray (2, 2 n_coordinates + n_muscles)
        Forces and moments are filled.
    """
    d, n_muscles = n_coordinates, told.force.shape[1]
    for k in range(n_muscles + d):
        value = told.force[0, k] if k < n_muscles else told.moment[k - n_muscles]
        out[0, d + k] = max(value, 0.0) if k < n_muscles else value
        for s in range(2 * d):
            room[s] = told.by_state[0, k, s] if k < n_muscles else told.moment_by_state[k - n_muscles, s]
        out[1, d + k] = quadratic(told.slope[k], of_parameters) + quadratic(room, of_motion)
        if k < n_muscles:
            out[1, d + k] += of_noise[k] * told.force[0, k] ** 2
