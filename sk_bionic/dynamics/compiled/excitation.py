"""EMG as a spline, and the activation dynamics over one interval.

The natural cubic spline through the EMG of a trial is kept as its values and second derivatives at the frames. The
dynamics go by the Hermite-Simpson rule, of fourth order; between the ends of an interval the state is a cubic piece.
"""

import math
from typing import NamedTuple

import numpy as np

from ...musculoskeletal.compiled.activation import activation_rate, lag, shaped
from ...musculoskeletal.compiled.compilation import compiled, part
from ...musculoskeletal.compiled.layout import DECAY, DELAY, FIRST_LAG, GAIN, RISE, SECOND_LAG, SECOND_ORDER
from .scheme import FRACTION, PIECE

# Of the derivatives of activations: with respect to the muscle's own parameters, in their order in `layout`, and to
# its surplus activation at the start.
N_ACTIVATION = 8
ITERATIONS, NEAR, LONGEST = 30, 1e-7, 0.3
NEARER = 1e-14  # of the update that would follow: updates fall quadratically


class Record(NamedTuple):
    """Recorded inputs of all trials at their frames."""

    time: np.ndarray  # (n_frames,) [s]
    emg: np.ndarray  # (n_frames, n_muscles): excitations
    bend: np.ndarray  # (n_frames, n_muscles): second derivatives of the spline through them
    gain: np.ndarray  # (n_trials, n_muscles): of the trial's EMG
    external: np.ndarray  # (n_frames, 3): load [kg], couple [N m], orientation of the first segment [rad] or NaN
    given: np.ndarray  # (n_frames, n_prescribed, 6): Taylor coefficients of the angle in the interval that begins there


# Of the activation dynamics of a muscle: state, first lag, excitation; behind them the derivatives of each by delay,
# both time constants and gain; at last the rate at the state,
# with its derivatives by excitation, state and both time constants.
STATE, LAG, EXCITATION = range(3)
BY_STATE, BY_LAG, BY_EXCITATION = 3, 7, 11
RATE, N_ACTIVITY = 15, 20
LEFT, RIGHT, KEPT, RATES = range(4)  # ends of an interval, a left end kept, and the state's rates at both ends:
RATE_LEFT, RATE_RIGHT, BY_LEFT, BY_RIGHT, MOVED = 0, 1, 3, 7, 11  # and their derivatives, and those of a state between


@compiled
def spline_curvature(time, starts, emg, ratio, bend):
    """Second derivatives at the frames of the natural cubic splines through each trial's values.

    Parameters
    ----------
    time : ndarray (n_frames,)
    starts : ndarray (n_trials + 1,) of int
    emg : ndarray (n_frames, n_muscles)
    ratio : ndarray (n_frames,)
        For the work.
    bend : ndarray (n_frames, n_muscles)
        Filled.
    """
    for k in range(len(starts) - 1):
        a, b = starts[k], starts[k + 1]
        for m in range(emg.shape[1]):
            bend[a, m] = bend[b - 1, m] = 0.0
        ratio[a] = 0.0
        for i in range(a + 1, b - 1):  # Thomas' algorithm, forwards and back
            before, after = time[i] - time[i - 1], time[i + 1] - time[i]
            pivot = 2.0 * (before + after) - before * ratio[i - 1]
            ratio[i] = after / pivot
            for m in range(emg.shape[1]):
                turn = (emg[i + 1, m] - emg[i, m]) / after - (emg[i, m] - emg[i - 1, m]) / before
                bend[i, m] = (6.0 * turn - before * bend[i - 1, m]) / pivot
        for i in range(b - 3, a, -1):
            for m in range(emg.shape[1]):
                bend[i, m] -= ratio[i] * bend[i + 1, m]


@part
def spline_at(record, m, t, bounds, near):
    """EMG of a muscle at a time, not below 0 and held beyond the trial's ends; its slope; the frame before."""
    time, emg, first, last = record.time, record.emg, bounds[0], bounds[1] - 1
    inside = time[first] < t < time[last]
    t = min(max(t, time[first]), time[last])
    while near > first and t < time[near]:
        near -= 1
    while near < last - 1 and t >= time[near + 1]:
        near += 1
    h, x = time[near + 1] - time[near], t - time[near]
    y, bend, bend_right = emg[near, m], record.bend[near, m], record.bend[near + 1, m]
    c = (bend_right - bend) / (6.0 * h)
    s = (emg[near + 1, m] - y) / h - h * (2.0 * bend + bend_right) / 6.0
    value = ((c * x + 0.5 * bend) * x + s) * x + y
    if value < 0.0:
        return 0.0, 0.0, near
    return value, (3.0 * c * x + bend) * x + s if inside else 0.0, near


@part
def excited(body, record, m, trial, t, bounds, near):
    """Excitation at a time, its derivatives by delay and gain, and the frame before."""
    gain, own = body.muscle[m, GAIN], record.gain[trial, m]
    value, slope, near = spline_at(record, m, t - body.muscle[m, DELAY], bounds, near)
    return gain * own * value, -gain * own * slope, own * value, near


@part
def keep_rate(end, m, rate):
    """Keep what the next interval begins with."""
    end[m, RATE], end[m, RATE + 1], end[m, RATE + 2], end[m, RATE + 3], end[m, RATE + 4] = rate


@part
def start_activity(body, record, trial, bounds, activity, near):
    """Steady state of the first excitation, with its derivatives."""
    for m in range(activity.shape[1]):
        value, by_delay, by_gain, near[m] = excited(body, record, m, trial, record.time[bounds[0]], bounds, bounds[0])
        for k in range(3):
            activity[LEFT, m, k] = value
            for p in range(4):
                activity[LEFT, m, BY_STATE + 4 * k + p] = 0.0
            activity[LEFT, m, BY_STATE + 4 * k], activity[LEFT, m, BY_STATE + 4 * k + 3] = by_delay, by_gain
        keep_rate(activity[LEFT], m, activation_rate(value, value, body.muscle[m, RISE], body.muscle[m, DECAY]))


@part
def step_activity(body, record, trial, bounds, t, h, activity, near, wanted):
    """The dynamics of all muscles from t to t + h [s], from the left to the right of `activity`.

    The state's rates at both ends are filled, too. Returns whether every step was found.
    """
    for m in range(activity.shape[1]):
        middle = excited(body, record, m, trial, t + 0.5 * h, bounds, near[m])
        last = excited(body, record, m, trial, t + h, bounds, middle[3])
        near[m] = last[3]
        right = activity[RIGHT]
        right[m, EXCITATION] = last[0]
        right[m, BY_EXCITATION], right[m, BY_EXCITATION + 3] = last[1], last[2]
        right[m, BY_EXCITATION + 1] = right[m, BY_EXCITATION + 2] = 0.0
        if body.index[m, SECOND_ORDER] == 1:
            second_order(body, m, h, middle[0], middle[1], middle[2], activity)
        elif not first_order(body, m, h, middle[0], middle[1], middle[2], activity, wanted):
            return False
    return True


@part
def first_order(body, m, h, e_middle, by_delay, by_gain, activity, wanted):
    """De Groote's dynamics over one interval: the root of right - left = h / 6 (f_left + 4 f_middle + f_right)."""
    left, right, rates = activity[LEFT], activity[RIGHT], activity[RATES]
    x, rise, decay = left[m, STATE], body.muscle[m, RISE], body.muscle[m, DECAY]
    at_left = left[m, RATE], left[m, RATE + 1], left[m, RATE + 2], left[m, RATE + 3], left[m, RATE + 4]
    # first guess: a Rosenbrock step, of second order
    towards = at_left[0] + 0.5 * at_left[1] * (right[m, EXCITATION] - left[m, EXCITATION])
    y, found, before = x + max(-LONGEST, min(LONGEST, h * towards / (1.0 - 0.5 * h * at_left[2]))), False, 0.0
    for iteration in range(ITERATIONS + 1):
        at_right = activation_rate(right[m, EXCITATION], y, rise, decay)
        between = 0.5 * (x + y) + h / 8.0 * (at_left[0] - at_right[0])
        at_middle = activation_rate(e_middle, between, rise, decay)
        jacobian = 1.0 - h / 6.0 * (4.0 * at_middle[2] * (0.5 - h / 8.0 * at_right[2]) + at_right[2])
        if found or iteration == ITERATIONS:
            break
        defect = y - x - h / 6.0 * (at_left[0] + 4.0 * at_middle[0] + at_right[0])
        update = defect / jacobian
        y -= max(-LONGEST, min(LONGEST, update))  # the rate has a pole at a state of -1/3
        size = abs(update)
        found = size < NEAR or iteration > 0 and size * size * size < NEARER * before * before
        before = size
    right[m, STATE], right[m, LAG] = y, 0.0
    keep_rate(right, m, at_right)
    rates[m, RATE_LEFT], rates[m, RATE_RIGHT] = at_left[0], at_right[0]
    if not wanted:
        return found
    for k in range(4):
        by_middle = by_delay if k == 0 else by_gain if k == 3 else 0.0
        # the time constants (1 and 2) act on the rates themselves
        own_left, own_middle, own_right = 0.0, 0.0, 0.0
        if k == 1:
            own_left, own_middle, own_right = at_left[3], at_middle[3], at_right[3]
        elif k == 2:
            own_left, own_middle, own_right = at_left[4], at_middle[4], at_right[4]
        before = left[m, BY_STATE + k]
        of_left = at_left[2] * before + at_left[1] * left[m, BY_EXCITATION + k] + own_left
        of_right = at_right[1] * right[m, BY_EXCITATION + k] + own_right  # the state at the right held
        of_middle = at_middle[1] * by_middle + own_middle
        of_middle += at_middle[2] * (0.5 * before + h / 8.0 * (of_left - of_right))
        moved = (before + h / 6.0 * (of_left + 4.0 * of_middle + of_right)) / jacobian
        right[m, BY_STATE + k] = moved
        rates[m, BY_LEFT + k], rates[m, BY_RIGHT + k] = of_left, of_right + at_right[2] * moved
    return found


@part
def second_order(body, m, h, e_middle, by_delay, by_gain, activity):
    """Two lags in series over one interval, linear in the excitation."""
    left, right, rates = activity[LEFT], activity[RIGHT], activity[RATES]
    first, second = body.muscle[m, FIRST_LAG], body.muscle[m, SECOND_LAG]
    v, v_middle, v_first, v_middle_first = lag(
        left[m, LAG], left[m, EXCITATION], e_middle, right[m, EXCITATION], h, first
    )
    u, _, u_second, _ = lag(left[m, STATE], left[m, LAG], v_middle, v, h, second)
    right[m, LAG], right[m, STATE] = v, u
    rates[m, RATE_LEFT], rates[m, RATE_RIGHT] = (left[m, LAG] - left[m, STATE]) / second, (v - u) / second
    for k in range(4):
        by_middle = by_delay if k == 0 else by_gain if k == 3 else 0.0
        dv, dv_middle, _, _ = lag(
            left[m, BY_LAG + k], left[m, BY_EXCITATION + k], by_middle, right[m, BY_EXCITATION + k], h, first
        )
        if k == 1:
            dv, dv_middle = dv + v_first, dv_middle + v_middle_first
        du, _, _, _ = lag(left[m, BY_STATE + k], left[m, BY_LAG + k], dv_middle, dv, h, second)
        own_left, own_right = 0.0, 0.0
        if k == 2:
            du += u_second
            own_left, own_right = rates[m, RATE_LEFT] / second, rates[m, RATE_RIGHT] / second
        right[m, BY_LAG + k], right[m, BY_STATE + k] = dv, du
        rates[m, BY_LEFT + k] = (left[m, BY_LAG + k] - left[m, BY_STATE + k]) / second - own_left
        rates[m, BY_RIGHT + k] = (dv - du) / second - own_right


@part
def shape_of(body, m, source, state, tangent, target, wanted):
    """Activation into column 0 of target[m], where `wanted` its derivatives by the muscle's own parameters behind it.

    The dynamics' state stands in column `state` of source[m], its derivatives behind column `tangent`.
    """
    activation, by_state, by_factor = shaped(body, m, source[m, state])
    target[m, 0] = activation
    if wanted:
        for k in range(1, 1 + N_ACTIVATION):
            target[m, k] = 0.0
        first = 6 if body.index[m, SECOND_ORDER] == 1 else 2  # which time constants they are
        target[m, 1], target[m, 4] = by_state * source[m, tangent], by_state * source[m, tangent + 3]
        target[m, first], target[m, first + 1] = by_state * source[m, tangent + 1], by_state * source[m, tangent + 2]
        target[m, 5] = by_factor


@part
def surplus_left(body, m, since):
    """What is left of a unit of surplus activation some time after a trial's start: it goes with the muscle's own
    decay, once its electromechanical delay has passed.
    """
    p = body.muscle
    decay = p[m, FIRST_LAG] + p[m, SECOND_LAG] if body.index[m, SECOND_ORDER] == 1 else p[m, DECAY]
    return math.exp(-max(since - p[m, DELAY], 0.0) / decay)


@part
def between(body, since, h, activity, gauss, wanted):
    """Activations of all muscles at both Gauss points of an interval, and their derivatives: gauss (2, n_muscles, 9).

    The interval of h seconds begins `since` seconds after the trial.
    """
    left, right, rates = activity[LEFT], activity[RIGHT], activity[RATES]
    for g in range(2):
        a, b, c, d = PIECE[0, g, 0], PIECE[0, g, 1] * h, PIECE[0, g, 2], PIECE[0, g, 3] * h
        for m in range(activity.shape[1]):
            state = a * left[m, STATE] + b * rates[m, RATE_LEFT] + c * right[m, STATE] + d * rates[m, RATE_RIGHT]
            rates[m, 2] = state
            if wanted:
                for k in range(4):
                    moved = a * left[m, BY_STATE + k] + b * rates[m, BY_LEFT + k]
                    rates[m, MOVED + k] = moved + c * right[m, BY_STATE + k] + d * rates[m, BY_RIGHT + k]
            shape_of(body, m, rates, 2, MOVED, gauss[g], wanted)
            if wanted:
                gauss[g, m, N_ACTIVATION] = surplus_left(body, m, since + FRACTION[g] * h)
