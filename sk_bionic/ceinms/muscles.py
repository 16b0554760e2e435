"""Muscles of a CEINMS subject along a trial: activations and forces."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline
from scipy.signal import lfilter

from ..musculoskeletal.compiled.activation import NODE, steepness
from .compiled import muscle as unit
from .subject import CURVES, PIECEWISE

WARM_UP = 200  # frames before the first, as far as there are signals, that the filter of the excitations sees
FLATTEST = 1e-6  # of a shape factor, below which the activation is the filtered excitation itself


@dataclass(frozen=True, eq=False)
class MuscleStates:
    """Muscles along a trial.

    Parameters
    ----------
    names : tuple of str
    time : ndarray (n_frames,)
    activation : ndarray (n_frames, n_muscles)
    states : ndarray (n_muscles, n_frames, N_STATES)
        As of the compiled march.
    parameters : DataFrame
        Of the subject.
    """

    names: tuple
    time: np.ndarray
    activation: np.ndarray
    states: np.ndarray
    parameters: pd.DataFrame

    @property
    def strength(self):
        """Largest forces [N], ndarray (n_muscles,)."""
        return (self.parameters["max_isometric_force"] * self.parameters["strength_coefficient"]).to_numpy()

    @property
    def force(self):
        """Tendon forces [N], ndarray (n_frames, n_muscles)."""
        return self._column(unit.FORCE) * self.strength

    @property
    def fiber_length(self):
        """Lengths of the fibers [m], ndarray (n_frames, n_muscles)."""
        return self._column(unit.LENGTH)

    @property
    def norm_fiber_length(self):
        """Lengths of the fibers in units of the optimal one, ndarray (n_frames, n_muscles)."""
        return self.fiber_length / self.parameters["optimal_fiber_length"].to_numpy()

    @property
    def fiber_velocity(self):
        """Velocities of the fibers [m/s], ndarray (n_frames, n_muscles)."""
        return self._column(unit.SPEED)

    @property
    def norm_fiber_velocity(self):
        """Velocities of the fibers in units of the largest, ndarray (n_frames, n_muscles)."""
        scale = self.parameters["optimal_fiber_length"] * self.parameters["max_contraction_velocity"]
        return np.clip(self.fiber_velocity / scale.to_numpy(), -1.0, 1.0)

    @property
    def pennation_angle(self):
        """Pennation angles [rad], ndarray (n_frames, n_muscles)."""
        return np.arccos(np.clip(self._column(unit.ARM_COSINE), 0.0, 1.0))

    @property
    def tendon_length(self):
        """Lengths of the tendons [m], ndarray (n_frames, n_muscles)."""
        return self._column(unit.TENDON_LENGTH)

    def _column(self, column):
        return self.states[:, :, column].T


def spline(x, y):
    """Coefficients (n, 4) of the cubic spline through points, in powers of the distance from each.

    Its third derivatives at the ends are those of cubics through the first and the last four points (Forsythe, Malcolm
    and Moler 1977, Computer Methods for Mathematical Computations, section 4.4), which CEINMS takes.
    """
    n, h = len(x), np.diff(x)
    slope = np.diff(y) / h
    matrix, right = np.zeros((n, n)), np.zeros(n)
    inner = np.arange(1, n - 1)
    matrix[inner, inner - 1], matrix[inner, inner + 1] = h[:-1], h[1:]
    matrix[inner, inner] = 2.0 * (h[:-1] + h[1:])
    right[inner] = np.diff(slope)
    second = np.diff(slope) / (x[2:] - x[:-2])
    third = np.diff(second) / (x[3:] - x[:-3])
    matrix[0, :2], right[0] = (-h[0], h[0]), h[0] ** 2 * third[0]
    matrix[-1, -2:], right[-1] = (h[-1], -h[-1]), -(h[-1] ** 2) * third[-1]
    s = np.linalg.solve(matrix, right)  # a sixth of the second derivatives
    coefficients = np.zeros((n, 4))
    coefficients[:, 0] = y
    coefficients[:-1, 1] = slope - h * (s[1:] + 2.0 * s[:-1])
    coefficients[:-1, 2] = 3.0 * s[:-1]
    coefficients[:-1, 3] = np.diff(s) / h
    return coefficients


class Muscles:
    """A subject's muscles on one trial, ready to march.

    Parameters
    ----------
    subject : Subject
    trial : Trial
    generator : ExcitationGenerator
    tendon : str
        "rigid" or "elastic".

    Attributes
    ----------
    time, length, velocity : ndarray (..., n_lead + n_frames)
        Times [s], and lengths [m] and velocities [m/s] of the units (n_muscles, ...); the lead comes first.
    lead : int
        Frames before the trial's.
    arms : ndarray (n_frames, n_coordinates, n_muscles)
        Moment arms [m].
    """

    def __init__(self, subject, trial, generator, tendon):
        self.subject, self.trial, self.tendon = subject, trial, tendon
        self.names = subject.muscle_names
        geometry, columns = trial.geometry, list(self.names)
        before = trial.lead[columns] if trial.lead is not None else geometry.length[columns].droplevel("trial").iloc[:0]
        self.lead = len(before)
        self.time = np.r_[before.index.to_numpy(), trial.time]
        length = np.concatenate([before.to_numpy(), geometry.length[columns].to_numpy()])
        self.length = np.ascontiguousarray(length.T)
        self.velocity = np.ascontiguousarray(CubicSpline(self.time, length)(self.time, 1).T)
        self.arms = geometry.arms(subject.coordinate_names, self.names)  # (n_frames, n_coordinates, n_muscles)
        self.signals = generator.excitations(trial.signals, self.names)
        self.curves = [_tables({**subject.curves, **subject.own_curves.get(name, {})}) for name in self.names]
        self._sampled = None

    def excitation(self, delay):
        """Excitations (n_warm_up + n_lead + n_frames, n_muscles) at the frames and before the lead, and n_warm_up.

        Parameters
        ----------
        delay : ndarray (n_muscles,)
            Electromechanical delays [s].
        """
        key = delay.tobytes()
        if self._sampled is not None and self._sampled[0] == key:
            return self._sampled[1:]
        own = self.signals.index.get_level_values("time").to_numpy()
        h = float(np.median(np.diff(self.time)))
        n = int(np.clip((self.time[0] - delay.max() - own[0]) / h, 0, WARM_UP))
        time = np.r_[self.time[0] - h * np.arange(n, 0, -1), self.time]
        values = self.signals.to_numpy()
        sampled = np.stack([np.interp(time - d, own, v) for d, v in zip(delay, values.T, strict=True)], axis=1)
        self._sampled = (key, sampled, n)
        return sampled, n

    def march(self, parameters, activation, only=None):
        """States (n_muscles, n_frames, N_STATES) under parameters, of the muscles `only` (indices; default all).

        `activation` (n_lead + n_frames, n_muscles) begins with the lead, whose states are left out.
        """
        chosen = range(len(self.names)) if only is None else only
        states = np.zeros((len(chosen), len(self.time), unit.N_STATES))
        numbers, tendon = numbers_of(parameters), unit.ELASTIC if self.tendon == "elastic" else unit.RIGID
        for row, m in enumerate(chosen):
            a = np.ascontiguousarray(activation[:, m])
            unit.march(*self.curves[m], numbers[m], self.time, self.length[m], self.velocity[m], a, tendon, states[row])
        return states[:, self.lead :]

    def stacked_curves(self):
        """Curves of all muscles: points (n_muscles, 4, n), coefficients (n_muscles, 4, n, 4), numbers of points."""
        longest = max(points.shape[1] for points, _, _ in self.curves)
        pad = lambda table, value: np.concatenate(
            [table, np.full((4, longest - table.shape[1], *table.shape[2:]), value)], axis=1
        )
        points, coefficients, n = zip(*self.curves, strict=True)
        return np.stack([pad(p, np.inf) for p in points]), np.stack([pad(c, 0.0) for c in coefficients]), np.stack(n)

    def activation(self, parameters):
        """Activations (n_lead + n_frames, n_muscles) of the signals under parameters: columns of a subject's table."""
        excitation, n = self.excitation(np.asarray(parameters["electromechanical_delay"]))
        return activations(excitation, parameters, self.subject.activation_shape)[n:]

    def solve(self, parameters):
        """States under parameters and the signals as they are."""
        activation = self.activation(parameters)
        states = self.march(parameters, activation)
        return MuscleStates(self.names, self.time[self.lead :], activation[self.lead :], states, parameters)

    def moments(self, force):
        """Moments (n_frames, n_coordinates) [N m] of forces (n_frames, n_muscles) [N]."""
        return np.einsum("tcm,tm->tc", self.arms, force)


def numbers_of(parameters):
    """Numbers (n_muscles, N_NUMBERS) that the compiled muscle takes."""
    columns = (
        "optimal_fiber_length",
        "pennation_angle_at_optimal",
        "tendon_slack_length",
        "max_contraction_velocity",
        "damping",
        "percentage_change",
    )
    return np.stack([np.asarray(parameters[column], dtype=np.float64) for column in columns], axis=1)


def filtered(excitation, c1, c2):
    """Neural activations of excitations (n_frames, n_muscles), which were at rest as in the first frame before it.

    u(t) = (1 + c1 + c2 + c1 c2) e(t) - (c1 + c2) u(t-1) - c1 c2 u(t-2)
    """
    found = np.empty_like(excitation)
    for m in range(excitation.shape[1]):
        b1, b2 = c1[m] + c2[m], c1[m] * c2[m]
        first = excitation[0, m]
        found[:, m], _ = lfilter([1.0 + b1 + b2], [1.0, b1, b2], excitation[:, m], zi=[-(b1 + b2) * first, -b2 * first])
    return found


def shape_numbers(shape, activation_shape):
    """What the compiled activation takes of shape factors, (n_muscles, 6): factor, node, height, slope, log1p(x), x.

    Of the piecewise shape (Manal and Buchanan 2003, J. Biomechanics 36(8), 1197-1202): the node where both pieces meet,
    the activation there, the slope of the line beyond it, and x of height log(1 + x u / node) / log(1 + x) before it,
    with which the slope is continuous. All but the factor are 0 where the shape is exponential, or a line.
    """
    shape = np.asarray(shape, dtype=np.float64)
    found = np.zeros((len(shape), 6))
    if activation_shape != PIECEWISE:
        found[:, 0] = shape
        return found
    for row, factor in zip(found, shape, strict=True):
        if factor > FLATTEST:
            node, height = NODE - factor / np.sqrt(2.0), NODE + factor / np.sqrt(2.0)
            line = (1.0 - height) / (1.0 - node)
            bend = steepness.py_func(height / (line * node))[0]  # Python cannot call what only machine code calls
            row[:] = factor, node, height, line, np.log1p(bend), bend
    return found


def shaped(u, shape, activation_shape="exponential"):
    """Activations of neural activations (..., n_muscles), with A the shape factor.

    Exponential: (exp(A u) - 1) / (exp(A) - 1); piecewise: logarithmic up to a node, a line beyond it.
    """
    if activation_shape == PIECEWISE:
        numbers = shape_numbers(np.atleast_1d(shape), activation_shape)
        return np.moveaxis(np.array([_piecewise(u[..., m], own) for m, own in enumerate(numbers)]), 0, -1)
    shape = np.where(np.abs(shape) < FLATTEST, FLATTEST, shape)
    return np.expm1(shape * u) / np.expm1(shape)


def _piecewise(u, numbers):
    _, node, height, line, log, bend = numbers
    if node == 0.0:
        return u
    inner = 1.0 + bend * np.minimum(u, node) / node
    below = height / log * np.log(np.where(inner > 0.0, inner, 1.0))
    return np.where(u >= node, height + line * (u - node), below)


def activations(excitation, parameters, activation_shape="exponential"):
    """Activations of excitations (n_frames, n_muscles)."""
    u = filtered(excitation, *(np.asarray(parameters[name]) for name in ("c1", "c2")))
    return shaped(u, np.asarray(parameters["emg_shape_factor"]), activation_shape)


def _tables(curves):
    """Points (4, n), coefficients (4, n, 4), numbers of points (4,) of a muscle's curves."""
    longest = max(len(curves[name].x) for name in CURVES)
    points, coefficients, n = np.full((4, longest), np.inf), np.zeros((4, longest, 4)), np.zeros(4, dtype=np.int64)
    for row, name in enumerate(CURVES):
        own = curves[name]
        n[row] = len(own.x)
        points[row, : n[row]], coefficients[row, : n[row]] = own.x, spline(own.x, own.y)
    return points, coefficients, n
