"""Normal equations of the collocated residuals over all states: what a least-squares trajectory needs.

Half the sum of w r^2 over both Gauss points of every interval, its gradient, and the blocks of its Gauss-Newton matrix,
which is block-tridiagonal in the frames.
"""

from typing import NamedTuple

import numpy as np

from ...musculoskeletal.compiled.compilation import compiled, part
from ...musculoskeletal.compiled.instant import balance
from ...musculoskeletal.compiled.layout import ACCELERATION, ANGLE, OWN_STATE, RATE, SPEED, STATE
from .excitation import LEFT as ACTIVITY_LEFT
from .excitation import RIGHT as ACTIVITY_RIGHT
from .excitation import between, start_activity, step_activity
from .interval import LEFT, MATRIX, OF_LEFT, RIGHT, SLOPES, SOLVED, VALUES, collocate, place
from .march import NO_ACTIVATION, activations_now, copy_activity


class Normal(NamedTuple):
    """Sums and blocks; all start from zeros."""

    residual: np.ndarray  # (n_frames, 2, n_rows) in torque scales, at the Gauss points behind each frame
    gradient: np.ndarray  # (n_frames, 2 n_states)
    diagonal: np.ndarray  # (n_frames, 2 n_states, 2 n_states)
    below: np.ndarray  # (n_frames, 2 n_states, 2 n_states), block row n and block column n - 1
    by_parameter: np.ndarray  # (n_parameters,): gradient
    of_parameters: np.ndarray  # (n_parameters, n_parameters)
    mixed: np.ndarray  # (n_frames or 0, 2 n_states, n_parameters)


@compiled
def activations_between(body, record, trial, bounds, w, wanted, out):
    """Activations at the Gauss points of the intervals of a trial, out[frame] (2, n_muscles, 1 or 9); behind its last
    frame stand those of its first. With all derivatives where `wanted`. Returns `SOLVED` or `NO_ACTIVATION`, and the
    last frame.
    """
    start_activity(body, record, trial, bounds, w.activity, w.near)
    activations_now(body, w, w.gauss[0], wanted)
    for m in range(out.shape[2]):
        for k in range(out.shape[3]):
            out[bounds[1] - 1, 0, m, k] = w.gauss[0, m, k]
    for i in range(bounds[0], bounds[1] - 1):
        t = record.time[i]
        h = record.time[i + 1] - t
        if not step_activity(body, record, trial, bounds, t, h, w.activity, w.near, wanted):
            return NO_ACTIVATION, i
        between(body, t - record.time[bounds[0]], h, w.activity, w.gauss, wanted)
        copy_activity(w, ACTIVITY_RIGHT, ACTIVITY_LEFT)
        for g in range(2):
            for m in range(out.shape[2]):
                for k in range(out.shape[3]):
                    out[i, g, m, k] = w.gauss[g, m, k]
    return SOLVED, bounds[1] - 1


@part
def derivatives(w, g, r, d, row):
    """Derivatives of row r at Gauss point g by both ends' states, into row (4 n_states): values and slopes at the left,
    then at the right.
    """
    n = len(row) // 4
    for k in range(4 * n):
        row[k] = 0.0
    for s in range(d):
        if r < d:
            k = g * d + r
            row[s], row[n + s] = w.square[OF_LEFT, k, s], w.square[OF_LEFT, k, d + s]
            row[2 * n + s], row[3 * n + s] = w.square[MATRIX, k, s], w.square[MATRIX, k, d + s]
        else:
            e = r - d
            row[s], row[n + s] = w.reach[1, e, g, s], w.reach[1, e, g, d + s]
            row[2 * n + s], row[3 * n + s] = w.reach[0, e, g, s], w.reach[0, e, g, d + s]
    if r >= d:
        row[r], row[2 * n + r], row[3 * n + r] = w.own[r - d, g, 2], w.own[r - d, g, 0], w.own[r - d, g, 1]
        return
    for e in range(n - d):
        k = g * d + r
        row[d + e], row[2 * n + d + e], row[3 * n + d + e] = w.pull[k, e, 2], w.pull[k, e, 0], w.pull[k, e, 1]


@part
def add_row(frame, value, weight, row, by_parameter, out):
    """Add one weighted row to gradient and blocks; the row's left end is at the frame."""
    n = len(row) // 2
    for i in range(2 * n):
        scaled = weight * row[i]
        if scaled == 0.0:
            continue
        right, a = i // n, i % n
        out.gradient[frame + right, a] += scaled * value
        for j in range((right + 1) * n):
            if j < n and right == 1:
                out.below[frame + 1, a, j] += scaled * row[j]
            else:
                out.diagonal[frame + right, a, j - right * n] += scaled * row[j]
        if len(out.mixed) > 0:
            for p in range(len(by_parameter)):
                out.mixed[frame + right, a, p] += scaled * by_parameter[p]
    if len(out.mixed) > 0:
        for p in range(len(by_parameter)):
            out.by_parameter[p] += weight * by_parameter[p] * value
            for q in range(len(by_parameter)):
                out.of_parameters[p, q] += weight * by_parameter[p] * by_parameter[q]


@part
def at_start(body, record, bounds, at, w, gauss, states, weight, out):
    """Static equilibrium of the tendons at a trial's first frame, whose rates nothing else determines; half its sum."""
    d, first, last, total, n = body.joints[0], bounds[0], bounds[1] - 1, 0.0, states.shape[2]
    for m in range(gauss.shape[2]):
        w.gauss[0, m, 0] = gauss[last, 0, m, 0]
    place(body, record, first, 0.0, at)
    for j in range(at.segment.shape[1]):
        at.segment[SPEED, j] = at.segment[ACCELERATION, j] = 0.0
    for r in range(d):
        at.segment[ANGLE, body.joints[1 + r]] = states[first, VALUES, r]
    for e in range(len(at.tendon)):
        at.tendon[e, STATE], at.tendon[e, RATE] = states[first, VALUES, d + e], 0.0
    balance(body, w.gauss[0], at)
    for e in range(len(at.tendon)):
        value, rate, own = at.row[d + e, 0], states[first, SLOPES, d + e], weight[d + e]
        total += 0.5 * own * (value * value + rate * rate)
        for s in range(d + 1):
            by, i = (at.row[d + e, 1 + s], s) if s < d else (at.tendon[e, OWN_STATE], d + e)
            out.gradient[first, i] += own * by * value
            for q in range(d + 1):
                other, j = (at.row[d + e, 1 + q], q) if q < d else (at.tendon[e, OWN_STATE], d + e)
                out.diagonal[first, i, j] += own * by * other
        out.gradient[first, n + d + e] += own * rate
        out.diagonal[first, n + d + e, n + d + e] += own
    return total


@compiled
def normal_equations(body, record, columns, bounds, at, w, gauss, states, weight, row, out):
    """Add a trial's rows to the normal equations.

    Parameters
    ----------
    bounds : tuple of int
        First frame of the trial, and the one behind its last.
    gauss : ndarray (n_frames, 2, n_muscles, 1 or 9)
        As `activations_between` leaves them.
    states : ndarray (n_frames, 2, n_states)
    weight : ndarray (n_rows,)
        Of the square of each row's residual.
    row : ndarray (4 n_states,)
        Room.
    out : Normal

    Returns
    -------
    float
        Half the weighted sum of squares.
    """
    d, n_rows, total, wanted = body.joints[0], len(at.row), 0.0, len(out.mixed) > 0
    if len(at.tendon) > 0:
        total += at_start(body, record, bounds, at, w, gauss, states, weight, out)
    for i in range(bounds[0], bounds[1] - 1):
        for k in range(2):
            for s in range(states.shape[2]):
                w.state[LEFT, k, s], w.state[RIGHT, k, s] = states[i, k, s], states[i + 1, k, s]
        for g in range(2):
            for m in range(gauss.shape[2]):
                for k in range(gauss.shape[3]):
                    w.gauss[g, m, k] = gauss[i, g, m, k]
        collocate(body, record, columns, i, 0.0, record.time[i + 1] - record.time[i], at, w, wanted)
        for g in range(2):
            for r in range(n_rows):
                value = w.motion[g * d + r, 0] if r < d else w.tendon[r - d, g, 0]
                out.residual[i, g, r] = value
                total += 0.5 * weight[r] * value * value
                derivatives(w, g, r, d, row)
                add_row(i, value, weight[r], row, w.partial[g, r], out)
    return total


@compiled
def factorise_blocks(diagonal, below):
    """Cholesky factors of a symmetric positive definite block-tridiagonal matrix in the place of its blocks: the lower
    triangles of the diagonal, and W = B L^-T of the blocks below. Returns whether it is positive definite.
    """
    n, size = diagonal.shape[0], diagonal.shape[1]
    for k in range(n):
        if k > 0:
            for i in range(size):  # W L' = B, row by row
                for j in range(size):
                    s = below[k, i, j]
                    for q in range(j):
                        s -= below[k, i, q] * diagonal[k - 1, j, q]
                    below[k, i, j] = s / diagonal[k - 1, j, j]
            for i in range(size):
                for j in range(i + 1):
                    s = diagonal[k, i, j]
                    for q in range(size):
                        s -= below[k, i, q] * below[k, j, q]
                    diagonal[k, i, j] = s
        for j in range(size):
            s = diagonal[k, j, j]
            for q in range(j):
                s -= diagonal[k, j, q] * diagonal[k, j, q]
            if not (0.0 < s < np.inf):
                return False
            diagonal[k, j, j] = np.sqrt(s)
            for i in range(j + 1, size):
                s = diagonal[k, i, j]
                for q in range(j):
                    s -= diagonal[k, i, q] * diagonal[k, j, q]
                diagonal[k, i, j] = s / diagonal[k, j, j]
    return True


@compiled
def solve_blocks(diagonal, below, rhs):
    """Solutions (n_frames, size, n_columns) in the place of the right-hand sides, after `factorise_blocks`."""
    n, size = diagonal.shape[0], diagonal.shape[1]
    for c in range(rhs.shape[2]):
        for k in range(n):
            for i in range(size):
                s = rhs[k, i, c]
                if k > 0:
                    for q in range(size):
                        s -= below[k, i, q] * rhs[k - 1, q, c]
                for q in range(i):
                    s -= diagonal[k, i, q] * rhs[k, q, c]
                rhs[k, i, c] = s / diagonal[k, i, i]
        for k in range(n - 1, -1, -1):
            for i in range(size - 1, -1, -1):
                s = rhs[k, i, c]
                if k < n - 1:
                    for q in range(size):
                        s -= below[k + 1, q, i] * rhs[k + 1, q, c]
                for q in range(i + 1, size):
                    s -= diagonal[k, q, i] * rhs[k, q, c]
                rhs[k, i, c] = s / diagonal[k, i, i]


@compiled
def variances(diagonal, below, block, room, out):
    """Diagonal (n_frames, size) of the inverse of a block-tridiagonal matrix, after `factorise_blocks`.

    Backwards by V_k = L_k^-T (1 + W_k+1' V_k+1 W_k+1) L_k^-1 (Takahashi's equations); `block` and `room` (size, size)
    are for the work.
    """
    n, size = diagonal.shape[0], diagonal.shape[1]
    for k in range(n - 1, -1, -1):
        for i in range(size):
            for j in range(size):
                s = 0.0
                if k < n - 1:
                    for q in range(size):
                        s += block[i, q] * below[k + 1, q, j]
                room[i, j] = s
        for i in range(size):
            for j in range(size):
                s = 1.0 if i == j else 0.0
                if k < n - 1:
                    for q in range(size):
                        s += below[k + 1, q, i] * room[q, j]
                block[i, j] = s
        for j in range(size):  # L^-T from the left
            for i in range(size - 1, -1, -1):
                s = block[i, j]
                for q in range(i + 1, size):
                    s -= diagonal[k, q, i] * block[q, j]
                block[i, j] = s / diagonal[k, i, i]
        for i in range(size):  # L^-1 from the right
            for j in range(size - 1, -1, -1):
                s = block[i, j]
                for q in range(j + 1, size):
                    s -= block[i, q] * diagonal[k, q, j]
                block[i, j] = s / diagonal[k, j, j]
        for i in range(size):
            out[k, i] = block[i, i]
