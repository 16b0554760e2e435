"""The second-order activation dynamics of EMG-driven models, and the activation dynamics of muscles of both kinds.

EMG-driven models filter the envelope by the recursion

    u(t) = alpha e(t - d) - beta1 u(t - 1) - beta2 u(t - 2),  beta1 = C1 + C2,  beta2 = C1 C2,  alpha = 1 + beta1 + beta2,

stable for |C1|, |C2| < 1 and of unit gain by the choice of alpha (Lloyd and Besier 2003, J. Biomechanics 36(6), 765-776;
Buchanan et al. 2004, J. Applied Biomechanics 20(4), 367-395; Pizzolato et al. 2015, J. Biomechanics 48(14), 3929-3936),
whose coefficients mean another filter at every sampling rate. It stands for two first-order lags in series,

    tau1 v' = e(t - d) - v,    tau2 u' = v - u,

with -C = exp(-1 / (rate tau)) for each of them: stable and of unit gain whatever the time constants, and the same at any
sampling rate, even or not. Coefficients above 0 (an output that alternates from sample to sample) have no such meaning.
"""

import numpy as np
import torch
from torch.autograd import forward_ad

from ..musculoskeletal.activation import ActivationShape
from .banded import BandedSolve
from .excitation import ACTIVATION_PARAMETERS, FILTER_PARAMETERS, ActivationDynamics


def filter_coefficients(time_constants, sampling_rate):
    """Coefficients of the recursion that stand for given time constants.

    Parameters
    ----------
    time_constants : array-like (..., 2)
        In s.
    sampling_rate : float
        In Hz.

    Returns
    -------
    ndarray (..., 2)
        C1 and C2, between -1 and 0.
    """
    return -np.exp(-1.0 / (sampling_rate * np.asarray(time_constants, dtype=np.float64)))


def filter_time_constants(coefficients, sampling_rate):
    """Time constants of a recursion with given coefficients, for settings of other programs.

    Parameters
    ----------
    coefficients : array-like (..., 2)
        C1 and C2.
    sampling_rate : float
        Rate [Hz] at which the recursion ran.

    Returns
    -------
    ndarray (..., 2)
        In s.

    Raises
    ------
    ValueError
        When a coefficient is not between -1 and 0: unstable, or without a time constant.
    """
    coefficients = np.asarray(coefficients, dtype=np.float64)
    if not ((coefficients > -1.0) & (coefficients < 0.0)).all():
        raise ValueError(
            "The filter's coefficients C1 and C2 must lie between -1 (unstable) and 0 (beyond, the output alternates). Got "
            f"{coefficients.tolist()}."
        )
    return -1.0 / (sampling_rate * np.log(-coefficients))


class SecondOrderDynamics(ActivationDynamics):
    """Two lags in series for all muscles on a grid, by the fourth-order scheme of `ActivationDynamics`.

    Both are linear, so that one banded solve gives each; every trial starts in the steady state of its first excitation.
    """

    def solve(self, parameters):
        """State of the filter at the frames (n_frames, n_muscles), differentiable in the parameters."""
        return self._states(parameters)[0]

    def at_points(self, parameters, points):
        """Activations between frames, with their exact derivatives (see `ActivationDynamics.at_points`).

        Muscles do not depend on one another: one forward-mode pass gives the derivative of all of them with respect to
        one of their own parameters.
        """
        names = ("electromechanical_delay", "emg_gain", *FILTER_PARAMETERS, "emg_shape_factor")
        columns = {}
        for name in names:
            with forward_ad.dual_level():
                own = parameters[name].detach()
                moved = {**parameters, name: forward_ad.make_dual(own, torch.ones_like(own))}
                activation, tangent = forward_ad.unpack_dual(self._activation_at(moved, points))
                columns[name] = torch.zeros_like(activation) if tangent is None else tangent
        none = torch.zeros_like(activation)
        derivative = torch.stack([columns.get(name, none) for name in ACTIVATION_PARAMETERS], dim=-1)
        return activation.detach(), derivative

    def values_at(self, parameters, points):
        """Activations between frames (n_points, n_muscles)."""
        with torch.no_grad():
            return self._activation_at(parameters, points)

    def _activation_at(self, parameters, points):
        state, rate_left, rate_right = self._states(parameters)
        interval = torch.as_tensor(points.interval)
        left = self.left[interval]
        w = torch.as_tensor(self.grid.weights(points)[0])[:, :, None]
        between = w[:, 0] * state[left] + w[:, 1] * rate_left[interval]
        between = between + w[:, 2] * state[left + 1] + w[:, 3] * rate_right[interval]
        return self.shape(between, parameters["emg_shape_factor"])

    def _states(self, parameters):
        """State of the second lag at the frames, and its rates at both ends of every interval."""
        names = ("electromechanical_delay", "emg_gain", *FILTER_PARAMETERS)
        delay, gain, first, second = (parameters[name] for name in names)
        start = self._start(delay, gain)
        between, excitations = self._excitations(delay, gain), None
        for time_constant in (first, second):
            excitations, state, between = between, *self._lag(between, start, time_constant)
        left, right = state[self.left], state[self.left + 1]
        return state, (excitations[0] - left) / second, (excitations[2] - right) / second

    def _lag(self, excitations, start, time_constant):
        """State of one lag at the frames, and at the left, middle and right of every interval."""
        with torch.no_grad():
            ratio = self.step / time_constant.detach()
            matrix = self._jacobian(-1.0 + ratio / 2 - ratio**2 / 12, 1.0 + ratio / 2 + ratio**2 / 12)
            zero = torch.zeros(self.grid.n_frames, self.n_muscles, dtype=torch.float64)
            fixed = tuple(e.detach() for e in excitations)
            defect, _ = self._lag_defect(zero, fixed, time_constant.detach())
            state = -self._frames(torch.from_numpy(matrix.solve(self._scatter(defect, -start.detach()).numpy())))
        defect, middle = self._lag_defect(state, excitations, time_constant)
        correction = self._frames(BandedSolve.apply(self._scatter(defect, state[self.first] - start), matrix))
        # Linear: what corrects the value (by rounding alone) has the derivative.
        left, right = correction[self.left], correction[self.left + 1]
        middle = middle - 0.5 * (left + right) + self.step / time_constant / 8.0 * (left - right)
        state = state - correction
        return state, (state[self.left], middle, state[self.left + 1])

    def _lag_defect(self, state, excitations, time_constant):
        """Defect of the Hermite-Simpson rule (n_intervals, n_muscles), and the state amid the intervals."""
        e_left, e_middle, e_right = excitations
        left, right = state[self.left], state[self.left + 1]
        f_left, f_right = (e_left - left) / time_constant, (e_right - right) / time_constant
        middle = 0.5 * (left + right) + self.step / 8.0 * (f_left - f_right)
        f_middle = (e_middle - middle) / time_constant
        return right - left - self.step / 6.0 * (f_left + 4.0 * f_middle + f_right), middle


class MixedDynamics:
    """Activation dynamics of muscles of both kinds, with the methods of `ActivationDynamics`.

    Parameters
    ----------
    parts : list of tuple (ActivationDynamics, ndarray of int)
        Dynamics of some muscles, and which muscles of the model they are.
    """

    def __init__(self, parts):
        self.parts = [part for part, _ in parts]
        self.members = [torch.as_tensor(members) for _, members in parts]
        self.order = torch.argsort(torch.cat(self.members))

    def _own(self, parameters):
        names = [name for name in ACTIVATION_PARAMETERS if name in parameters]
        return [{name: parameters[name][..., members] for name in names} for members in self.members]

    def scaled(self, gain):
        """The dynamics under the EMG times a gain (n_frames, n_muscles) that is constant within a trial."""
        pairs = zip(self.parts, self.members, strict=True)
        return MixedDynamics([(part.scaled(gain[:, members]), members) for part, members in pairs])

    def solve(self, parameters):
        """State of the activation dynamics at the frames (n_frames, n_muscles)."""
        states = [part.solve(own) for part, own in zip(self.parts, self._own(parameters), strict=True)]
        return torch.cat(states, dim=1)[:, self.order]

    def at_points(self, parameters, points):
        """Activations (n_points, n_muscles) and derivatives (n_points, n_muscles, n_parameters)."""
        found = [part.at_points(own, points) for part, own in zip(self.parts, self._own(parameters), strict=True)]
        return tuple(torch.cat(arrays, dim=1)[:, self.order] for arrays in zip(*found, strict=True))

    def values_at(self, parameters, points):
        """Activations between frames (n_points, n_muscles)."""
        found = [part.values_at(own, points) for part, own in zip(self.parts, self._own(parameters), strict=True)]
        return torch.cat(found, dim=1)[:, self.order]


KINDS = {"first_order": ActivationDynamics, "second_order": SecondOrderDynamics}


def activation_dynamics(model, grid, excitation):
    """Activation dynamics of a model's muscles, each of its own kind.

    Parameters
    ----------
    model : MusculoskeletalModel
    grid : CollocationGrid
    excitation : ndarray (n_frames, n_muscles)

    Returns
    -------
    ActivationDynamics, SecondOrderDynamics or MixedDynamics
    """
    kinds = [muscle.activation_dynamics for muscle in model.muscles]
    if len(set(kinds)) == 1:
        return KINDS[kinds[0]](grid, excitation, model.shape)
    parts = []
    for name, kind in KINDS.items():
        members = np.flatnonzero([own == name for own in kinds])
        shape = ActivationShape([model.muscles[m].activation_shape for m in members])
        parts.append((kind(grid, excitation[:, members], shape), members))
    return MixedDynamics(parts)
