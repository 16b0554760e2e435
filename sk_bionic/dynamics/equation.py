"""The equation of motion of a model on recorded trials; its root, the simulation, is found interval by interval."""

from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch

from .filtering import activation_dynamics
from .grid import CollocationGrid, Points
from .linearise import linearise
from .marching import March, record_of
from .prescribed import PrescribedMotion
from .trajectory import Trajectory

BLOCK = 512  # intervals at once: what their arithmetic leaves behind stays in the processor's cache


class Drive(NamedTuple):
    """Activations at the points of a motion and their derivatives with respect to each muscle's activation
    parameters.
    """

    activation: torch.Tensor
    derivative: torch.Tensor | None


class EquationOfMotion:
    """The equation of motion of a model on the grid of some trials, driven by their EMG.

    Unknowns are angle and velocity at every frame; between frames the angle is a cubic Hermite piece, and the
    residual vanishes at the two Gauss points of every interval. The first frame of a trial carries the initial
    condition: a given state, or rest in equilibrium. The state of an elastic tendon is a parabola between frames, and
    its equilibrium with the fiber holds at the same points; a trial begins with tendons in static equilibrium.

    Parameters
    ----------
    model : MusculoskeletalModel
    trials : Trials
    excitation : ndarray (n_frames, n_muscles)
        Normalised EMG envelope that drives each muscle.
    exogenous : dict of array (n_frames,), optional
        External inputs by name (see `MusculoskeletalModel.exogenous`), prescribed angles among them.

    Raises
    ------
    ValueError
        When the model has no skeleton.
    """

    def __init__(self, model, trials, excitation, exogenous=None):
        model.check_motion()
        self.model, self.trials = model, trials
        self.grid = CollocationGrid(trials)
        self.excitation = np.ascontiguousarray(excitation, dtype=np.float64)
        given = model.exogenous(exogenous or {}, self.grid.n_frames)
        self.frame_exogenous = given
        self._prescribe()
        self.first = self.trials.starts[:-1]
        self.left = torch.as_tensor(self.grid.left)

    @classmethod
    def of(cls, model, recording):
        """The equation of a model whose muscles the channels of a recording drive.

        Parameters
        ----------
        model : MusculoskeletalModel
        recording : Recording
            Its channels in the order of the model's.

        Returns
        -------
        EquationOfMotion
        """
        return cls(model, recording.trials, model.excitation(recording.emg), recording.external)

    def _prescribe(self):
        """Motion of the prescribed angles, (..., 3), in place of their samples."""
        self.prescribed = []
        for name in self.model.prescribed_names:
            motion = PrescribedMotion(self.grid, self.frame_exogenous[name][:, 0].numpy())
            self.prescribed.append(motion)
            self.frame_exogenous[name] = motion.at(self.grid.frames)

    @cached_property
    def dynamics(self):
        """Activation dynamics as tensors, for what trains networks or fuses."""
        return activation_dynamics(self.model, self.grid, self.excitation)

    @cached_property
    def points(self):
        """Both Gauss points of every interval, then the trials' starts, `Points`."""
        gauss, starts = self.grid.gauss, self.grid.starts
        return Points(*(np.concatenate(pair) for pair in zip(gauss, starts, strict=True)))

    @cached_property
    def weights(self):
        """Weights of the ends' values and slopes at the points, Tensor (3, n_points, 4, n_states or 1)."""
        weights = self.grid.state_weights(self.points, self.model.n_coordinates, self.model.n_tendon_states)
        weights[1:, self.n_gauss :] = 0.0  # at the start: at rest, without velocity and acceleration
        return torch.as_tensor(weights)

    @cached_property
    def exogenous(self):
        """External inputs at the points, dict of Tensor."""
        prescribed = dict(zip(self.model.prescribed_names, self.prescribed, strict=True))
        found = {}
        for name, column in self.frame_exogenous.items():
            if name in prescribed:
                found[name] = prescribed[name].at(self.points)
                found[name][self.n_gauss :, 1:] = 0.0  # before the first frame the whole limb is at rest
            else:
                found[name] = self.grid.interpolate(column, self.points)
        return found

    def with_model(self, model):
        """The same trials and EMG with another model of the same muscles; spline and grid are shared."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, model=model)
        return other

    def with_trial_gains(self, gain):
        """The same trials with the EMG of each multiplied by its gains (n_trials, n_muscles)."""
        other = self.with_model(self.model)
        other.record = self.record._replace(gain=np.ascontiguousarray(self.record.gain * gain))
        gain = gain[self.trials.trial_of_frame]
        other.excitation = self.excitation * gain
        other.__dict__.pop("dynamics", None)
        return other

    def take(self, frames):
        """The motion on some of the frames (see `Trials.take`)."""
        exogenous = {name: column[frames, 0] for name, column in self.frame_exogenous.items()}
        return EquationOfMotion(self.model, self.trials.take(frames), self.excitation[frames], exogenous)

    @property
    def n_gauss(self):
        """Number of Gauss points; the points behind them are the trials' starts."""
        return 2 * len(self.grid.left)

    def drive(self, parameters):
        """Activations at all points under the given parameters (dict of Tensor)."""
        return Drive(*self.dynamics.at_points(parameters, self.points))

    def evaluate(self, state, drive, parameters, wanted=(), motion_only=False):
        """Residual and derivatives (see `linearise`) at all points for all states (n_frames, 2, n_states)."""
        left = self.left[torch.as_tensor(self.points.interval)]
        ends = torch.cat([state[left], state[left + 1]], dim=1)  # (n_points, 4, n_states)
        kinematics = (self.weights * ends).sum(dim=2)
        return linearise(self.model, *kinematics, drive.activation, parameters, self.exogenous, wanted, motion_only)

    def state_derivative(self, at, points=slice(None)):
        """d(residual)/d(states left, states right) at some points, ndarray (n_points, n_states, 4, n_states)."""
        w = self.weights[:, points, None]
        of_angle, of_velocity, of_acceleration = (x[points, :, None] for x in at[1:4])
        return (w[0] * of_angle + w[1] * of_velocity + w[2] * of_acceleration).numpy()

    def scaled(self, array):
        """Residual-like array (n_points, n_states, ...) divided by the torque scale; tendons' rows have no unit."""
        scale = np.concatenate([self.model.torque_scale.numpy(), np.ones(self.model.n_tendon_states)])
        return array / scale.reshape(-1, *[1] * (array.ndim - 2))

    def rows(self, at_gauss, at_starts):
        """Arrange values at Gauss points and initial conditions by frames.

        Ndarray (n_frames, 2 n_states, ...).
        """
        size, tail = 2 * self.model.n_states, at_gauss.shape[2:]
        out = np.empty((self.grid.n_frames, size, *tail))
        out[self.grid.left + 1] = at_gauss.reshape(-1, size, *tail)
        out[self.first] = at_starts
        return out

    def system(self, at, state, initial_state):
        """Residual rows (n_frames, 2 n_states) and their block-banded Jacobian."""
        m, k, n = self.model.n_states, len(self.first), self.n_gauss
        residual = self.scaled(at.residual.numpy())
        first = state[self.first].numpy()
        # At the start the residual at rest decides the states, and their second unknowns vanish.
        at_starts, diagonal = first.reshape(k, 2 * m).copy(), np.tile(np.eye(2 * m), (k, 1, 1))
        derivative = self.scaled(self.state_derivative(at, slice(n, None))).reshape(k, m, 4 * m)
        at_starts[:, :m], diagonal[:, :m] = residual[n:], derivative[..., : 2 * m]
        if initial_state is not None:
            motion = self.motion_columns
            at_starts[:, motion] = first.reshape(k, 2 * m)[:, motion] - initial_state.reshape(k, -1)
            diagonal[:, motion] = np.eye(2 * m)[motion]
        blocks = self._blocks(at)
        blocks[0][self.first], blocks[-1][self.first] = diagonal, 0.0
        return self.rows(residual[:n], at_starts), blocks

    def _blocks(self, at):
        """Jacobian of the rows at the Gauss points; the trials' first frames are left empty."""
        m, left = self.model.n_states, self.grid.left
        blocks = {offset: np.empty((self.grid.n_frames, 2 * m, 2 * m)) for offset in (0, -1)}
        for begin in range(0, len(left), BLOCK):
            frames = left[begin : begin + BLOCK] + 1
            points = slice(2 * begin, 2 * (begin + len(frames)))
            derivative = self.scaled(self.state_derivative(at, points)).reshape(-1, 2 * m, 4 * m)
            blocks[0][frames], blocks[-1][frames] = derivative[..., 2 * m :], derivative[..., : 2 * m]
        return blocks

    @property
    def motion_columns(self):
        """Where angles and angular velocities stand among the 2 n_states unknowns of a frame."""
        d, m = self.model.n_coordinates, self.model.n_states
        return np.r_[0:d, m : m + d]

    def rest_state(self, parameters):
        """Every trial at rest in equilibrium under its first activation, as a state (n_frames, 2, n_coordinates)."""
        march = self.march(parameters)
        states = march.states()
        march.run(states, from_rest=True, starts_only=True)
        return torch.from_numpy(states[self.first, :, : self.model.n_coordinates][self.trials.trial_of_frame])

    def activations(self, parameters=None):
        """Activations at all frames, ndarray (n_frames, n_muscles); raises `SimulationError` with the trial's name."""
        march = self.march(parameters)
        return march.along(march.states()).activations

    @cached_property
    def record(self):
        """Recorded inputs as arrays (see `compiled.excitation.Record`)."""
        given = np.zeros((self.grid.n_frames, 0, 6))
        if self.prescribed:
            given = np.ascontiguousarray(np.stack([one.coefficients() for one in self.prescribed], axis=1))
        return record_of(self.trials, self.excitation, self.frame_exogenous, given)

    def march(self, parameters=None, rows=(), surplus=False):
        """The equation under given parameters (dict of Tensor, default the model's own), ready to be marched.

        Derivatives are with respect to rows of the table of parameters, or to each muscle's surplus activation at the start.
        """
        table = self.model.parameters
        values = table.value if parameters is None else flat_values(table, parameters)
        columns = self.model.compiled.surplus if surplus else self.model.compiled.columns_of(rows)
        return March(self.model.compiled, self.record, self.trials, values, columns)

    def solve(self, parameters=None, initial_state=None, rows=None):
        """Trajectory of every trial, marched from its first frame to its last.

        Parameters
        ----------
        parameters : dict of Tensor, optional
            Parameters by name; default: the model's own.
        initial_state : array (n_trials, 2, n_coordinates), optional
            Angle [rad] and angular velocity [rad/s] at each trial's first frame. Default: at rest in equilibrium.
        rows : ndarray of int, optional
            Rows of the table of parameters with respect to which derivatives are wanted.

        Returns
        -------
        Trajectory

        Raises
        ------
        SimulationError
            When an interval cannot be solved, even in small steps; names trial and time.
        """
        march, from_rest = self.march(parameters, () if rows is None else rows), initial_state is None
        states, moved = march.states(initial_state), None
        if rows is not None:
            n_columns = len(rows) + (0 if from_rest else 2 * self.model.n_coordinates)
            moved = np.empty((len(states), 2 * self.model.n_states, n_columns))
        n_cut = march.run(states, from_rest=from_rest, sensitivity=moved)
        return Trajectory(torch.from_numpy(states), self.model.n_coordinates, n_cut, moved)

    def with_tendons(self, state, drive, parameters):
        """The motion (n_frames, 2, n_coordinates) with elastic tendons in static equilibrium beside it."""
        if state.shape[2] == self.model.n_states:
            return state
        # The last Gauss point before a frame is near enough for a first guess.
        activation = torch.empty(self.grid.n_frames, self.model.n_muscles, dtype=torch.float64)
        activation[self.left + 1] = drive.activation[1 : self.n_gauss : 2]
        activation[self.first] = drive.activation[self.n_gauss :]
        with torch.no_grad():
            at = state[:, 0], state[:, 1], activation, parameters, self.frame_exogenous
            tendon = self.model.static_tendon_state(*at)
        return torch.cat([state, torch.stack([tendon, torch.zeros_like(tendon)], dim=1)], dim=2)


def flat_values(table, parameters):
    """Values (n_parameters,) of all rows of a table from parameters by name."""
    return np.concatenate([parameters[name].detach().numpy().reshape(-1) for name in table.slices])
