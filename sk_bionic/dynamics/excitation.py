"""From sampled EMG to activation on the grid.

A spline with a differentiable delay, and the root of the activation dynamics.
"""

from copy import copy

import numpy as np
import torch
from scipy.interpolate import CubicSpline

from ..musculoskeletal.activation import activation_rate, shape_activation
from .banded import BandedSolve, BlockBanded
from .errors import SimulationError

# Parameters of the first-order activation dynamics, and all that the activation of any muscle depends on; in the order
# of the last axis of its derivatives.
DYNAMICS_PARAMETERS = (
    "electromechanical_delay", "activation_time_constant", "deactivation_time_constant", "emg_gain",
)  # fmt: skip
FILTER_PARAMETERS = ("first_filter_time_constant", "second_filter_time_constant")
ACTIVATION_PARAMETERS = (*DYNAMICS_PARAMETERS, "emg_shape_factor", *FILTER_PARAMETERS)
NEWTON_ITERATIONS, TOLERANCE, LARGEST_STEP = 30, 1e-12, 0.3


class ExcitationSpline:
    """Cubic spline through the EMG of every trial, to be read at delayed times.

    Parameters
    ----------
    trials : Trials
    excitation : ndarray (n_frames, n_muscles)
        Normalised EMG envelope that drives each muscle.
    """

    def __init__(self, trials, excitation):
        self.trials = trials
        coefficients = np.zeros((4, *excitation.shape))
        for rows in trials.slices:
            spline = CubicSpline(trials.time[rows], excitation[rows], bc_type="natural")
            coefficients[:, rows.start : rows.stop - 1] = spline.c
        self.coefficients = torch.as_tensor(coefficients)
        # One increasing time axis for all trials, a gap of a second between them, makes the search for intervals one
        # call.
        start, end = trials.time[trials.starts[:-1]], trials.time[trials.starts[1:] - 1]
        self.start, self.end = torch.as_tensor(start), torch.as_tensor(end)
        self.shift = torch.as_tensor(np.concatenate([[0.0], np.cumsum(end - start + 1.0)[:-1]]) - start)
        trial = torch.as_tensor(trials.trial_of_frame)
        self.axis = torch.as_tensor(trials.time) + self.shift[trial]

    def scaled(self, gain):
        """The spline through the EMG times a gain (n_frames, n_muscles) that is constant within a trial."""
        other = copy(self)
        other.coefficients = self.coefficients * torch.as_tensor(gain)
        return other

    def __call__(self, time, trial, delay):
        """Excitation at delayed times, never below 0; before a trial's first frame it stays at its first value.

        Parameters
        ----------
        time : Tensor (n_points,)
            Time within the trial [s].
        trial : Tensor (n_points,) of int
        delay : Tensor, broadcastable to (n_points, n_muscles)
            Electromechanical delay [s].

        Returns
        -------
        Tensor (n_points, n_muscles)
        """
        start, end = self.start[trial][:, None], self.end[trial][:, None]
        delayed = torch.minimum(torch.maximum(time[:, None] - delay, start), end)
        at = (delayed + self.shift[trial][:, None]).detach()
        frame = torch.searchsorted(self.axis, at.contiguous(), right=True) - 1
        last = torch.as_tensor(self.trials.starts[1:] - 2)[trial][:, None]
        frame = torch.minimum(frame, last)
        x = delayed - (self.axis[frame] - self.shift[trial][:, None])
        c = self.coefficients[:, frame, torch.arange(self.coefficients.shape[2])]
        return (((c[0] * x + c[1]) * x + c[2]) * x + c[3]).clamp(min=0.0)


class ActivationDynamics:
    """The activation dynamics of all muscles on a grid, as the root of a fourth-order implicit scheme.

    On every interval the Hermite-Simpson (Lobatto IIIA) rule holds, an A-stable one-step method of order 4; all
    frames of all trials and muscles are solved together by Newton. Each trial starts in the steady state of its first
    excitation.

    Parameters
    ----------
    grid : CollocationGrid
    excitation : ndarray (n_frames, n_muscles)
        Normalised EMG envelope that drives each muscle.
    shape : callable
        Activations (..., n_muscles) from states and shape factors.
    """

    def __init__(self, grid, excitation, shape=shape_activation):
        self.grid, self.shape = grid, shape
        self.spline = ExcitationSpline(grid.trials, excitation)
        self.time = torch.as_tensor(grid.trials.time)
        self.trial = torch.as_tensor(grid.trials.trial_of_frame)
        self.step = torch.as_tensor(grid.step)[:, None]
        self.left = torch.as_tensor(grid.left)
        self.first = torch.as_tensor(grid.trials.starts[:-1])
        self.n_muscles = excitation.shape[1]
        self._last = None  # the previous solution: where Newton starts

    def scaled(self, gain):
        """The dynamics under the EMG times a gain (n_frames, n_muscles) that is constant within a trial."""
        other = copy(self)
        other.spline = self.spline.scaled(gain)
        return other

    def _excitations(self, delay, gain):
        """Excitation at the left, middle and right of every interval."""
        trial, t, h = self.trial[self.left], self.time[self.left], self.step[:, 0]
        return tuple(gain * self.spline(t + c * h, trial, delay) for c in (0.0, 0.5, 1.0))

    def _start(self, delay, gain):
        """Excitation at every trial's first frame (n_trials, n_muscles), whose steady state is the initial condition."""
        return gain * self.spline(self.time[self.first], self.trial[self.first], delay)

    def _defect(self, left, right, excitations, rise, decay):
        """Defect of the Hermite-Simpson rule (n_intervals, n_muscles), with the rates at both ends."""
        e_left, e_middle, e_right = excitations
        f_left = activation_rate(e_left, left, rise, decay)
        f_right = activation_rate(e_right, right, rise, decay)
        middle = 0.5 * (left + right) + self.step / 8.0 * (f_left - f_right)
        f_middle = activation_rate(e_middle, middle, rise, decay)
        return right - left - self.step / 6.0 * (f_left + 4.0 * f_middle + f_right), f_left, f_right

    def _scatter(self, on_intervals, at_starts):
        """Arrange values of intervals (at their right frame) and of trial starts as (n_muscles * n_frames, 1, ...)."""
        full = on_intervals.new_zeros((self.grid.n_frames, *on_intervals.shape[1:]))
        full[self.left + 1] = on_intervals
        full[self.first] = at_starts
        return full.transpose(0, 1).reshape(-1, 1, *on_intervals.shape[2:])

    def _frames(self, flat):
        """Inverse arrangement: (n_muscles * n_frames, 1, ...) -> (n_frames, n_muscles, ...)."""
        return flat.reshape(self.n_muscles, self.grid.n_frames, *flat.shape[2:]).transpose(0, 1)

    def _jacobian(self, d_left, d_right):
        one = torch.ones(len(self.first), self.n_muscles, dtype=torch.float64)
        diagonal = self._scatter(d_right, one)[..., None]
        below = self._scatter(d_left, 0.0 * one)[..., None]
        return BlockBanded({0: diagonal.numpy(), -1: below.numpy()})

    def solve(self, parameters):
        """State of the activation dynamics at the frames, differentiable in the parameters.

        Parameters
        ----------
        parameters : dict of Tensor (n_muscles,)

        Returns
        -------
        Tensor (n_frames, n_muscles)
        """
        delay, rise, decay, gain = (parameters[name] for name in DYNAMICS_PARAMETERS)
        start = self._start(delay, gain)
        excitations = self._excitations(delay, gain)
        with torch.no_grad():
            fixed = tuple(e.detach() for e in excitations)
            state, matrix = self._newton(fixed, start.detach(), rise.detach(), decay.detach())
        defect, _, _ = self._defect(state[self.left], state[self.left + 1], excitations, rise, decay)
        correction = BandedSolve.apply(self._scatter(defect, state[self.first] - start), matrix)
        return state - self._frames(correction)

    def _newton(self, excitations, start, rise, decay):
        state = torch.empty(self.grid.n_frames, self.n_muscles, dtype=torch.float64)
        state[self.left + 1] = excitations[2] if self._last is None else self._last[self.left + 1]
        state[self.first] = start
        for _ in range(NEWTON_ITERATIONS):
            with torch.enable_grad():
                left, right = state[self.left].requires_grad_(), state[self.left + 1].requires_grad_()
                defect, _, _ = self._defect(left, right, excitations, rise, decay)
                d_left, d_right = torch.autograd.grad(defect.sum(), (left, right))
            matrix = self._jacobian(d_left, d_right)
            rhs = self._scatter(defect.detach(), torch.zeros_like(start))
            # The rate has a pole at a state of -1/3: a step into its neighbourhood would not come back.
            update = self._frames(torch.from_numpy(matrix.solve(rhs.numpy()))).clamp(-LARGEST_STEP, LARGEST_STEP)
            state = state - update
            if update.abs().max() < TOLERANCE:
                self._last = state
                return state, matrix
        if self._last is not None:  # parameters far from the previous ones: start anew
            self._last = None
            return self._newton(excitations, start, rise, decay)
        frame = int(torch.nan_to_num(update.abs(), nan=torch.inf).amax(dim=1).argmax())
        trials = self.grid.trials
        raise SimulationError(
            f"The activation dynamics of trial {trials.names[trials.trial_of_frame[frame]]!r} did not converge near row {frame}. Check the EMG's amplitude: 1 is "
            "full excitation."
        )

    def at_points(self, parameters, points):
        """Activations between frames, with their exact derivatives.

        Parameters
        ----------
        parameters : dict of Tensor (n_muscles,)
        points : Points (n_points,)

        Returns
        -------
        activation : Tensor (n_points, n_muscles)
        derivative : Tensor (n_points, n_muscles, 7)
            With respect to the muscle's own `ACTIVATION_PARAMETERS`.
        """
        state, sensitivity = self._state_and_sensitivity(parameters)
        interval = torch.as_tensor(points.interval)
        left_frame = self.left[interval]
        shape = (len(interval), self.n_muscles)
        inputs = self._spread(parameters, (*DYNAMICS_PARAMETERS, "emg_shape_factor"), shape)
        delay, rise, decay, gain, shape_factor = inputs
        left, right = state[left_frame].requires_grad_(), state[left_frame + 1].requires_grad_()
        between = self._between(left, right, (delay, rise, decay, gain), points)
        activation = self.shape(between, shape_factor)
        d_left, d_right, *d_inputs = torch.autograd.grad(activation.sum(), (left, right, *inputs))
        none = torch.zeros_like(d_left)  # the filter's parameters
        derivative = torch.stack([*d_inputs, none, none], dim=-1)
        derivative[..., :4] += (
            d_left[..., None] * sensitivity[left_frame] + d_right[..., None] * sensitivity[left_frame + 1]
        )
        return activation.detach(), derivative

    def values_at(self, parameters, points):
        """Activations between frames (n_points, n_muscles), without the derivatives of `at_points`, which cost most."""
        with torch.no_grad():
            dynamics = tuple(parameters[name] for name in DYNAMICS_PARAMETERS)
            delay, rise, decay, gain = dynamics
            state, _ = self._newton(self._excitations(delay, gain), self._start(delay, gain), rise, decay)
            left_frame = self.left[torch.as_tensor(points.interval)]
            between = self._between(state[left_frame], state[left_frame + 1], dynamics, points)
            return self.shape(between, parameters["emg_shape_factor"])

    def _between(self, left, right, dynamics, points):
        """State at the points (n_points, n_muscles): a cubic Hermite piece from the states at both frames."""
        delay, rise, decay, gain = dynamics
        interval = torch.as_tensor(points.interval)
        frame, h = self.left[interval], self.step[interval]
        trial, t = self.trial[frame], self.time[frame]
        f_left = activation_rate(gain * self.spline(t, trial, delay), left, rise, decay)
        f_right = activation_rate(gain * self.spline(t + h[:, 0], trial, delay), right, rise, decay)
        w = torch.as_tensor(self.grid.weights(points)[0])[:, :, None]
        return w[:, 0] * left + w[:, 1] * f_left + w[:, 2] * right + w[:, 3] * f_right

    @staticmethod
    def _spread(parameters, names, shape):
        """Parameters as leaves of their own at every place (*shape), whose derivatives are wanted."""
        return [parameters[name].detach().expand(shape).clone().requires_grad_() for name in names]

    def _state_and_sensitivity(self, parameters):
        """State at the frames (n_frames, n_muscles) and its derivative (..., 4) with respect to `DYNAMICS_PARAMETERS`."""
        inputs = self._spread(parameters, DYNAMICS_PARAMETERS, (len(self.left), self.n_muscles))
        at_start = self._spread(parameters, ("electromechanical_delay", "emg_gain"), (len(self.first), self.n_muscles))
        start = self._start(*at_start)
        d_delay, d_gain = torch.autograd.grad(start.sum(), at_start)
        delay, rise, decay, gain = inputs
        excitations = self._excitations(delay, gain)
        with torch.no_grad():
            fixed = tuple(e.detach() for e in excitations)
            state, matrix = self._newton(fixed, start.detach(), rise.detach()[0], decay.detach()[0])
        defect, _, _ = self._defect(state[self.left], state[self.left + 1], excitations, rise, decay)
        partial = torch.stack(torch.autograd.grad(defect.sum(), inputs), dim=-1)
        none = torch.zeros_like(d_delay)
        rhs = self._scatter(partial, -torch.stack([d_delay, none, none, d_gain], dim=-1))
        return state, self._frames(torch.from_numpy(-matrix.solve(rhs.numpy())))
