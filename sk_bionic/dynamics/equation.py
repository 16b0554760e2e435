"""The equation of motion of a model on recorded trials; its root, the simulation, is found interval by interval."""

import numpy as np

from ..musculoskeletal.compiled.layout import EXTERNAL
from .compiled.excitation import Record, spline_curvature
from .marching import March, Trajectory
from .prescribed import PrescribedMotion

AT_ONCE = 10_000  # frames of which only some are wanted


def record_of(trials, excitation, exogenous, given):
    """Recorded inputs as arrays.

    Parameters
    ----------
    trials : Trials
    excitation : ndarray (n_frames, n_muscles)
        Contiguous, not copied.
    exogenous : dict of ndarray (n_frames,)
        External inputs by name (see `MusculoskeletalModel.exogenous`).
    given : ndarray (n_frames, n_prescribed, 6)
        Taylor coefficients of the prescribed angles (see `PrescribedMotion.coefficients`).

    Returns
    -------
    Record
    """
    n, n_muscles = excitation.shape
    external, bend = np.zeros((n, 3)), np.empty((n, n_muscles))
    time, starts = np.array(trials.time, dtype=np.float64), np.array(trials.starts, dtype=np.int64)
    spline_curvature(time, starts, excitation, np.empty(n), bend)
    external[:, 2] = np.nan
    for column, name in enumerate(EXTERNAL):
        if name in exogenous:
            external[:, column] = exogenous[name]
    return Record(time, excitation, bend, np.ones((trials.n_trials, n_muscles)), external, given)


class EquationOfMotion:
    """The equation of motion of a model on the frames of some trials, driven by their EMG.

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
        short = [str(n) for n, length in zip(trials.names, trials.lengths, strict=True) if length < 2]
        if short:
            raise ValueError(f"A trial needs at least 2 frames to have dynamics. Trials with one frame: {short}.")
        self.model, self.trials, self.first = model, trials, trials.starts[:-1]
        self.excitation = np.ascontiguousarray(excitation, dtype=np.float64)
        self.frame_exogenous = model.exogenous(exogenous or {}, trials.n_frames)
        given = np.zeros((trials.n_frames, len(model.prescribed_names), 6))
        for k, name in enumerate(model.prescribed_names):
            given[:, k] = PrescribedMotion(trials, self.frame_exogenous[name]).coefficients()
        #: Recorded inputs as arrays (see `compiled.excitation.Record`).
        self.record = record_of(trials, self.excitation, self.frame_exogenous, given)

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

    def with_model(self, model):
        """The same trials and EMG with another model of the same muscles."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, model=model)
        return other

    def with_trial_gains(self, gain):
        """The same trials with the EMG of each multiplied by its gains (n_trials, n_muscles)."""
        other = self.with_model(self.model)
        other.record = self.record._replace(gain=np.ascontiguousarray(self.record.gain * gain))
        gain = gain[self.trials.trial_of_frame]
        other.excitation = self.excitation * gain
        return other

    def take(self, frames):
        """The motion on some of the frames (see `Trials.take`)."""
        exogenous = {name: column[frames] for name, column in self.frame_exogenous.items()}
        return EquationOfMotion(self.model, self.trials.take(frames), self.excitation[frames], exogenous)

    def guess(self, trajectory, frames):
        """A trajectory at some of the frames (n,), the first and one more of every trial among them, as one at all of
        them that another march may begin near: cubic pieces, the last of which goes on behind its end.
        """
        time, states = self.trials.time, trajectory.all_states
        ends = np.flatnonzero(np.isin(np.append(frames[1:], self.trials.n_frames), self.trials.starts))
        left = np.searchsorted(frames, np.arange(self.trials.n_frames), side="right") - 1
        left -= np.isin(left, ends)
        begin, whole = time[frames[left]], (time[frames[left + 1]] - time[frames[left]])[:, None]
        (x0, v0), (x1, v1) = (states[side].swapaxes(0, 1) for side in (left, left + 1))
        since = (time - begin)[:, None]
        s, rise = since / whole, (x1 - x0) / whole
        bend, twist = 3.0 * rise - 2.0 * v0 - v1, v0 + v1 - 2.0 * rise
        value, slope = x0 + since * (v0 + s * (bend + s * twist)), v0 + s * (2.0 * bend + 3.0 * s * twist)
        return Trajectory(np.stack([value, slope], axis=1), self.model.n_coordinates)

    def rest_state(self, parameters):
        """Every trial at rest in equilibrium under its first activation, as a state (n_frames, 2, n_coordinates)."""
        march = March(self, parameters)
        states = march.states()
        march.run(states, from_rest=True, starts_only=True)
        return states[self.first, :, : self.model.n_coordinates][self.trials.trial_of_frame]

    def activations(self, parameters=None):
        """Activations at all frames, ndarray (n_frames, n_muscles); raises `SimulationError` with the trial's name."""
        march = March(self, parameters)
        return march.along(march.states(), wanted={"activations"}).activations

    def activations_at(self, frames):
        """Those of the model at some frames (n,), for which the others' need no room; ndarray (n, n_muscles)."""
        march, out = March(self), np.empty((len(frames), self.model.n_muscles))
        for k, whole in enumerate(self.trials.slices):
            room = march.room()
            for start in range(whole.start, whole.stop, AT_ONCE):
                rows = slice(start, min(start + AT_ONCE, whole.stop))
                still = np.zeros((rows.stop - start, 2, self.model.n_states))
                own = (frames >= rows.start) & (frames < rows.stop)
                out[own] = march.along_piece(k, rows, room, still, {"activations"}).activations[frames[own] - start]
        return out

    def solve(self, parameters=None, initial_state=None, rows=None, *, starts=False, near=None):
        """Trajectory of every trial, marched from its first frame to its last.

        Parameters
        ----------
        parameters : dict of ndarray, optional
            Parameters by name; default: the model's own.
        initial_state : array (n_trials, 2, n_coordinates), optional
            Angle [rad] and angular velocity [rad/s] at each trial's first frame. Default: at rest in equilibrium.
        rows : ndarray of int, optional
            Rows of the table of parameters with respect to which derivatives are wanted.
        starts : bool
            Derivatives are wanted by what nobody knows of the beginning as well: behind those by parameters, by each
            muscle's surplus activation, angles and velocities (see `start_pieces`).
        near : Trajectory, optional
            Under parameters nearby, from which first guesses are made. Derivatives of angles are then good to about
            1e-4, enough for a search.

        Returns
        -------
        Trajectory

        Raises
        ------
        SimulationError
            When an interval cannot be solved, even in small steps; names trial and time.
        """
        march = March(self, parameters, () if rows is None else rows, starts)
        return march.solve(initial_state, wanted=rows is not None, starts=starts, near=near)
