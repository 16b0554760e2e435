"""The fusion of equation and learners in its recursive form, and the low-pass in its own.

Least squares between a prediction and the equation of motion (`sk_bionic.dynamics.fuse`) is the maximum a posteriori of
a state whose process is the equation, with white torque noise, and whose measurement is the learners' angle. An
extended Kalman filter (Jazwinski 1970, Stochastic Processes and Filtering Theory, section 8.3) says at each frame what
the frames so far say of it. In the same way the second-order Butterworth filter that runs forward and backward is the
smoother of an angle with white acceleration, measured in white noise, whose spectral densities have the ratio of the
fourth power of the cut-off: its filter is what the past alone says, and goes on with the angle's own velocity, so that
it lags no ramp.
"""

from ...dynamics.compiled.interval import lu, lu_solve
from ...musculoskeletal.compiled.compilation import compiled, part


@part
def add_process_noise(body, h, at, variance, work, order, covariance):
    """Add what torques of white noise do to angles and velocities in an interval of h seconds.

    `variance`: of the equation's residual, in squared torque scales. At both Gauss points the noise is independent and
    has twice that variance, as in the least squares.
    """
    d, n = body.joints[0], len(covariance) // 2
    for r in range(d):
        for s in range(d):
            work[r, s] = at.row[r, 1 + 2 * d + s]
            work[r, d + s] = 1.0 if r == s else 0.0
    if not lu(work, order, d):
        return
    lu_solve(work, order, d, work, d, 2 * d)
    for r in range(d):
        for s in range(d):
            total = 0.0
            for k in range(d):
                total += work[r, d + k] * work[s, d + k]
            noise = variance * total * h * h
            covariance[r, s] += noise * h * h / 3.0
            covariance[r, n + s] += noise * h / 2.0
            covariance[n + r, s] += noise * h / 2.0
            covariance[n + r, n + s] += noise


@part
def carry(moved, covariance, work):
    """Covariance of what has the slopes `moved` by the state before, in place."""
    n = len(covariance)
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += moved[i, k] * covariance[k, j]
            work[i, j] = total
    for i in range(n):
        for j in range(i + 1):
            total = 0.0
            for k in range(n):
                total += work[i, k] * moved[j, k]
            covariance[i, j] = covariance[j, i] = total


@part
def correct(state, covariance, r, measured, variance):
    """Take one measured angle into account."""
    n, n_states = len(covariance), state.shape[1]
    total = covariance[r, r] + variance
    if not total > 0.0:
        return
    error = measured - state[0, r]
    for i in range(n):
        gain = covariance[i, r] / total
        if i < n_states:
            state[0, i] += gain * error
        else:
            state[1, i - n_states] += gain * error
    for i in range(n):
        if i != r:
            gain = covariance[i, r] / total
            for j in range(n):
                if j != r:
                    covariance[i, j] -= gain * covariance[r, j]
    share = variance / total
    for i in range(n):
        covariance[i, r] = covariance[r, i] = share * covariance[r, i]


@compiled
def expect(body, window, at, process, covariance, work, order):
    """Covariance (2 n_states, 2 n_states) of the newest state before its angles are measured, after the march.

    `process`: variance of the equation's residual in squared torque scales. The sensitivity is that to the frame
    before.
    """
    last = len(window.record.time) - 1
    carry(window.sensitivity[1], covariance, work)
    h = window.record.time[last] - window.record.time[last - 1]
    add_process_noise(body, h, at, process, work, order, covariance)


@compiled
def measure(state, measured, variance, covariance):
    """Take the learners' angles (n_coordinates,) [rad] without the goniometer's offset into account."""
    for r in range(len(measured)):
        correct(state, covariance, r, measured[r], variance[r])


@compiled
def low_pass(measured, h, fresh, cutoff, memory, n_lag, out):
    """One frame of the recursive low-pass of one angle: angle, velocity into `out`, of `n_lag` frames ago.

    Parameters
    ----------
    h : float
        Time since the frame before [s].
    cutoff : float
        Angular frequency [rad/s].
    memory : ndarray (n_lag + 1, 11)
        Of the last frames, the newest last: filtered angle, velocity and covariance (3), predicted ones, and h.
    """
    last = len(memory) - 1
    new = memory[last]
    if fresh:
        for i in range(last + 1):
            row = memory[i]
            row[0] = row[5] = measured
            row[1] = row[6] = 0.0
            # what has long stood still is known as well as a filter in its steady state knows it
            row[2] = row[7] = 1.4142135623730951 * cutoff
            row[3] = row[8] = cutoff * cutoff
            row[4] = row[9] = 1.4142135623730951 * cutoff * cutoff * cutoff
            row[10] = h
    else:
        for i in range(last):
            for k in range(11):
                memory[i, k] = memory[i + 1, k]
        x, v, a, b, c = new[0], new[1], new[2], new[3], new[4]
        q = cutoff * cutoff * cutoff * cutoff
        x, a = x + h * v, a + h * (2.0 * b + h * c) + q * h * h * h / 3.0
        b, c = b + h * c + q * h * h / 2.0, c + q * h
        new[5], new[6], new[7], new[8], new[9], new[10] = x, v, a, b, c, h
        total = a + 1.0 / h
        error = measured - x
        new[0], new[1] = x + a / total * error, v + b / total * error
        new[2], new[3], new[4] = a / total / h, b / total / h, c - b * b / total
    x, v = new[0], new[1]
    for i in range(last - 1, last - 1 - min(n_lag, last), -1):  # Rauch, Tung and Striebel's smoother
        row, behind = memory[i], memory[i + 1]
        a, b, c = behind[7], behind[8], behind[9]
        determinant = a * c - b * b
        h = behind[10]
        first, second = x - behind[5], v - behind[6]
        one, two = (c * first - b * second) / determinant, (a * second - b * first) / determinant
        x = row[0] + (row[2] + h * row[3]) * one + row[3] * two
        v = row[1] + (row[3] + h * row[4]) * one + row[4] * two
    out[0], out[1] = x, v
