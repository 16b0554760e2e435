"""Trials marched through time by the compiled equation, several at once in threads.

The trajectory is the root of G(z, theta) = 0, so dz/dtheta = -(dG/dz)^-1 dG/dtheta by the implicit function theorem;
the Jacobian is block lower bidiagonal, so that sensitivities march along with the states, by the same factors.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import starmap
from typing import NamedTuple

import numba
import numpy as np

from ..exceptions import SimulationError
from ..musculoskeletal.compiled.layout import TENDON, TORQUE_SCALE
from ..musculoskeletal.compiled.model import new_instant
from ..musculoskeletal.compiled.points import at_points, new_points
from .compiled.excitation import N_ACTIVATION
from .compiled.interval import CLOSE, NEAREST, SINGULAR, SOLVED, STEERING, new_interval
from .compiled.march import NO_ACTIVATION, NO_REST, along, march
from .compiled.normal import Normal, activations_between, normal_equations
from .compiled.rest import rests

WORTH_A_THREAD = 2000  # frames
PIECE = 500_000  # numbers of the derivatives that are held at once where they are used piece by piece (4 MB)


class Trajectory(NamedTuple):
    """Motion of all trials at their frames.

    `all_states` (n_frames, 2, n_states) holds angles [rad] and states of elastic tendons, then angular velocities
    [rad/s] and the tendons' rates [1/s] at the end of the interval before each frame; `n_cut` counts intervals that
    were crossed in several steps. `sensitivity` (n_frames, 2 n_states, n_columns), where asked for, holds derivatives
    of all states by parameters and, behind them, by the given angles and velocities at the start of the own trial.
    """

    all_states: np.ndarray
    n_coordinates: int
    n_cut: int = 0
    sensitivity: np.ndarray | None = None

    @property
    def state(self):
        """Angles [rad] and angular velocities [rad/s], (n_frames, 2, n_coordinates)."""
        return self.all_states[..., : self.n_coordinates]

    @property
    def tendon_state(self):
        """State of elastic tendons (n_frames, n_tendon_states): see `sk_bionic.musculoskeletal.compiled.muscle`."""
        return self.all_states[:, 0, self.n_coordinates :]

    @property
    def angle(self):
        """Joint angles (n_frames, n_coordinates) [rad]."""
        return self.state[:, 0]

    @property
    def velocity(self):
        """Angular velocities (n_frames, n_coordinates) [rad/s]."""
        return self.state[:, 1]


class March:
    """An equation of motion under given parameters, to be marched along its trials.

    Parameters
    ----------
    equation : EquationOfMotion
    parameters : dict of ndarray, optional
        Parameters by name; default: the model's own.
    rows : sequence of int
        Rows of the table of parameters with respect to which derivatives are wanted.
    surplus : bool
        Whether they are wanted by each muscle's surplus activation at the start as well, behind those.
    """

    def __init__(self, equation, parameters=None, rows=(), surplus=False):
        self.compiled, self.record, self.trials = equation.model.compiled, equation.record, equation.trials
        self.body = self.compiled.body(equation.model.parameters.flat(parameters))
        self.columns = self.compiled.columns_of(rows)
        if surplus:
            self.columns = np.ascontiguousarray(np.concatenate([self.columns, self.compiled.surplus], axis=1))
        self.n_states = self.compiled.n_coordinates + self.compiled.n_tendons

    def states(self, initial=None):
        """Empty states (n_frames, 2, n_states) of all frames, with initial states (n_trials, 2, n_coordinates)."""
        states = np.zeros((len(self.record.time), 2, self.n_states))
        if initial is not None:
            states[self.trials.starts[:-1], :, : self.compiled.n_coordinates] = initial
        return states

    def solve(self, initial_state=None, *, wanted=False, starts=False, near=None):
        """Trajectory of every trial (see `EquationOfMotion.solve`), with derivatives where they are `wanted`."""
        from_rest, states, moved = initial_state is None, self.states(initial_state), None
        if wanted:
            n_columns = self.columns.shape[1] + (0 if from_rest and not starts else 2 * self.compiled.n_coordinates)
            moved = np.empty((len(states), 2 * self.n_states, n_columns))
        near = None if near is None else near.all_states
        n_cut = self.run(states, from_rest=from_rest, sensitivity=moved, near=near)
        return Trajectory(states, self.compiled.n_coordinates, n_cut, moved)

    def run(self, states, *, from_rest, held=False, starts_only=False, activations=None, sensitivity=None, near=None):
        """Fill the states of all trials.

        Parameters
        ----------
        states : ndarray (n_frames, 2, n_states)
            Angles and velocities at the trials' first frames, unless `from_rest`; of all frames where `held`.
        from_rest, held : bool
            See `march`.
        starts_only : bool
            Stop behind the first frame of every trial.
        activations : ndarray (n_frames, n_muscles), optional
            Filled.
        sensitivity : ndarray (n_frames, 2 n_states, n_columns), optional
            Filled with derivatives by parameters and, unless `from_rest` or `held`, by each trial's initial angles and
            velocities.
        near : ndarray (n_frames, 2, n_states), optional
            States under parameters nearby: this march is quicker then, its derivatives good for a search.

        Raises
        ------
        SimulationError
            Of the first trial that cannot be marched; names it and the time.
        """
        activations = np.empty((0, self.compiled.n_muscles)) if activations is None else activations
        wanted, reports = sensitivity is not None, np.zeros((self.trials.n_trials, 3))
        sizes = (self.columns.shape[1], sensitivity.shape[2]) if wanted else (0, 0)
        # one after another, trials are marched in the same room
        workers = n_workers(self.trials.n_trials, len(self.record.time))
        n_rooms = self.trials.n_trials if workers > 1 else 1
        rooms = [(new_instant(self.body), new_interval(self.body, *sizes)) for _ in range(n_rooms)]
        trials = [
            (
                self.body, self.record, self.columns, k, (rows.start, rows.stop),
                (rows.start, rows.start if starts_only else rows.stop - 1), from_rest, held,
                *rooms[k % n_rooms], states, activations,
                sensitivity[rows] if wanted else np.empty((1, 1, 1)), wanted,
                states[:0] if near is None else near[rows], False, NEAREST if near is None else STEERING, reports[k],
            )
            for k, rows in enumerate(self.trials.slices)
        ]  # fmt: skip
        for k, status in enumerate(in_threads(march, trials, workers)):
            if status != SOLVED:
                self._raise(k, status, reports[k])
        return int(reports[:, 2].sum())

    def pieces(self, trial, states, n_columns, n_made=0, *, from_rest, edges=None, near=None):
        """One trial's states and derivatives, as `run` has them, piece by piece.

        Parameters
        ----------
        trial : int
        states : ndarray (n_frames, 2, n_states)
            Of all trials, filled as far as the pieces have come.
        n_columns : int
            Of the derivatives (see `run`).
        n_made : int
            Numbers that are made of a frame's derivatives, on which a piece's size depends.
        from_rest : bool
        edges : ndarray of int, optional
            Frames of the trial, its first and the one behind its last among them, between which nothing is cut.
        near : ndarray (n_frames, 2, n_states), optional
            Of all trials: these states, or some nearby, where they are known.

        Yields
        ------
        rows : slice
        sensitivity : ndarray (n_rows, 2 n_states, n_columns)
            Overwritten by the next piece.

        Raises
        ------
        SimulationError
            When the trial cannot be marched; names it and the time.
        """
        whole, report = self.trials.slices[trial], np.zeros(3)
        w = new_instant(self.body), new_interval(self.body, self.columns.shape[1], n_columns)
        size = max(1, PIECE // max(1, n_made, 2 * self.n_states * n_columns))
        starts = _cuts(np.arange(whole.start, whole.stop + 1) if edges is None else np.asarray(edges), size)
        size = int(np.diff(starts).max())
        moved, none = np.empty((1 + size, 2 * self.n_states, n_columns)), np.empty((0, self.compiled.n_muscles))
        last = 0
        for start, stop in zip(starts[:-1], starts[1:], strict=True):
            lead = int(start > whole.start)  # the frame before, to go on from
            moved[0], own = moved[last], moved[: stop - start + lead]
            status = march(
                self.body, self.record, self.columns, trial, (whole.start, whole.stop), (start - lead, stop - 1),
                from_rest, False, *w, states, none, own, True, states[:0] if near is None else near[whole],
                False, CLOSE, report,
            )  # fmt: skip
            if status != SOLVED:
                self._raise(trial, status, report)
            yield slice(start, stop), own[lead:]
            last = len(own) - 1

    def room(self):
        """`Instant` and `Interval` of a walk along one trial."""
        return new_instant(self.body), new_interval(self.body, self.columns.shape[1], 0)

    def from_starts(self, trial, starts, other):
        """One trial from several starts, each until it has come to where another march has been.

        Parameters
        ----------
        trial : int
        starts : ndarray (n_starts, 2, n_coordinates)
            Angles [rad] and velocities [rad/s] at the first frame.
        other : ndarray (n_frames, 2, n_states)
            States of the trial's first frames in the other march.

        Returns
        -------
        list of ndarray (n_frames or fewer, 2, n_states)

        Raises
        ------
        SimulationError
            When a start cannot be marched; names the trial.
        """
        rows, d, found = self.trials.slices[trial], self.compiled.n_coordinates, []
        at, w, states, report = new_instant(self.body), new_interval(self.body, 0, 0), self.states(), np.zeros(3)
        other, none = np.ascontiguousarray(other), (np.empty((0, self.compiled.n_muscles)), np.empty((1, 1, 1)))
        for start in starts:
            states[rows.start, :, :d] = start
            status = march(
                self.body, self.record, self.columns, trial, (rows.start, rows.stop),
                (rows.start, rows.start + len(other) - 1), False, False, at, w, states, none[0], none[1], False, other,
                True, STEERING, report,
            )  # fmt: skip
            if status != SOLVED:
                self._raise(trial, status, report)
            found.append(states[rows.start : int(report[0]) + 1].copy())
        return found

    def along(self, states, acceleration=None, *, settled=False, wanted=()):
        """Activations, forces and equations at all frames along given states (see `Points`).

        Parameters
        ----------
        states : ndarray (n_frames, 2, n_states or n_coordinates)
        acceleration : ndarray (n_frames, n_coordinates), optional
            [rad/s^2]; default: none.
        settled : bool
            Tendons follow in static equilibrium; else their states stand behind those of the coordinates.
        wanted : collection of {"force", "geometry", "residual", "jacobian"}, or {"activations"}
            Derivatives of forces, and what is else asked for; "jacobian": residual and its derivatives. Of
            "activations" alone, for which states are of no account, there are no forces.

        Returns
        -------
        Points

        Raises
        ------
        SimulationError
            When the activation dynamics cannot be solved; names the trial.
        """
        out = new_points(self.compiled, self.columns.shape[1], len(states), wanted=wanted)
        states, slices = np.ascontiguousarray(states, dtype=np.float64), self.trials.slices
        acceleration = np.ascontiguousarray(
            np.zeros((0, self.compiled.n_coordinates)) if acceleration is None else acceleration
        )

        trials = [
            (
                self.body, self.record, self.columns, k, *[(rows.start, rows.stop)] * 2, settled,
                new_instant(self.body), new_interval(self.body, self.columns.shape[1], 0), states[rows],
                acceleration[rows], type(out)(*(each[rows] for each in out)),
            )
            for k, rows in enumerate(slices)
        ]  # fmt: skip
        for k, (status, frame) in enumerate(in_threads(along, trials, n_workers(len(trials), len(states)))):
            if status != SOLVED:
                self._raise(k, status, (frame, 0.0))
        return out

    def force_by_states(self, found, n_states):
        """Derivatives (n_frames, n_muscles, 2 n_states) of forces in `Points` by all states, and as many rates."""
        d, tendons = self.compiled.n_coordinates, self.body.index[:, TENDON]
        by_state = np.zeros((*found.force.shape, 2 * n_states))
        by_state[..., :d] = found.force_by_state[..., :d]
        by_state[..., n_states : n_states + d] = found.force_by_state[..., d : 2 * d]
        if n_states > d:
            for m in np.flatnonzero(tendons >= 0):
                by_state[:, m, d + tendons[m]] = found.force_by_state[:, m, -1]
        return by_state

    def along_piece(self, trial, rows, room, states, wanted=()):
        """As `along` at the next rows (slice) of one trial, under states (n_rows, 2, n_states); `room` of the method of
        that name, the same from the trial's first row on.
        """
        out = new_points(self.compiled, self.columns.shape[1], len(states), wanted=wanted)
        still, whole = np.zeros((0, self.compiled.n_coordinates)), self.trials.slices[trial]
        status, frame = along(
            self.body, self.record, self.columns, trial, (whole.start, whole.stop), (rows.start, rows.stop), False,
            *room, states, still, out,
        )  # fmt: skip
        if status != SOLVED:
            self._raise(trial, status, (frame, 0.0))
        return out

    def at(self, states, acceleration, activations, frames, wanted=(), *, settled=True):
        """As `along` at some of the frames (n,) and under given activations (n, n_muscles)."""
        out = new_points(self.compiled, self.columns.shape[1], len(states), activations, wanted)
        external, given = (np.ascontiguousarray(x[frames]) for x in (self.record.external, self.record.given))
        room = np.zeros((self.n_states, self.columns.shape[1]))
        activation = np.zeros((self.compiled.n_muscles, 1 + N_ACTIVATION))
        at_points(
            self.body, self.columns, external, given, np.ascontiguousarray(states), np.ascontiguousarray(acceleration),
            settled,
            activation, new_instant(self.body), room, out,
        )  # fmt: skip
        return out

    def rest(self, activations, frames):
        """Posture (n, n_coordinates) [rad] at which the limb stays under constant activations (n, n_muscles) and the
        external inputs of some frames (n,) held; the best found where there is none.
        """
        states, n = np.zeros((len(frames), 1, self.compiled.n_coordinates)), len(frames)
        at, w = new_instant(self.body), new_interval(self.body, 0, 0)
        external, given = (np.ascontiguousarray(x[frames]) for x in (self.record.external, self.record.given))
        rests(self.body, external, given, np.ascontiguousarray(activations), at, w, states, np.empty(n))
        return states[:, 0]

    def gauss(self, wanted=False):
        """Activations at Gauss points (see `activations_between`); raises `SimulationError` with the trial's name."""
        out = np.zeros((len(self.record.time), 2, self.compiled.n_muscles, 1 + N_ACTIVATION if wanted else 1))
        for k, rows in enumerate(self.trials.slices):
            w = new_interval(self.body, 0, 0)
            status, frame = activations_between(self.body, self.record, k, (rows.start, rows.stop), w, wanted, out)
            if status != SOLVED:
                self._raise(k, status, (frame, 0.0))
        return out

    def normal_equations(self, gauss, states, weight, by_parameters=False):
        """Half the weighted sum of squared residuals and `Normal`, with derivatives by parameters where asked for.

        `gauss` as of the method of that name, states (n_frames, 2, n_states), weight (n_rows,).
        """
        n, size, p = len(states), 2 * self.n_states, self.columns.shape[1]
        out = Normal(
            np.zeros((n, 2, self.n_states)), np.zeros((n, size)), np.zeros((n, size, size)), np.zeros((n, size, size)),
            np.zeros(p), np.zeros((p, p)), np.zeros((n if by_parameters else 0, size, p)),
        )  # fmt: skip
        at, w, row, total = new_instant(self.body), new_interval(self.body, p, 0), np.empty(2 * size), 0.0
        states = np.ascontiguousarray(states)
        for rows in self.trials.slices:
            total += normal_equations(
                self.body, self.record, self.columns, (rows.start, rows.stop), at, w, gauss, states, weight, row, out
            )
        return total, out

    def _raise(self, trial, status, report):
        frame, residual = int(report[0]), report[1]
        name, time = self.trials.names[trial], self.record.time[frame]
        if status == SINGULAR:
            raise SimulationError(
                f"The equation of motion of trial {name!r} is singular at {time:g} s. Check that every joint "
                "has inertia."
            )
        if status == NO_ACTIVATION:
            raise SimulationError(
                f"The activation dynamics of trial {name!r} did not converge at {time:g} s (row {frame}). "
                "Check the EMG's amplitude: 1 is full excitation."
            )
        torque = residual * float(self.body.joint[:, TORQUE_SCALE].max())
        where = "its first posture, at rest" if status == NO_REST else f"{time:g} s, even in the shortest steps"
        raise SimulationError(
            f"The simulation of trial {name!r} did not converge at {where}: Newton's largest residual is "
            f"{torque:.3g} N m. Check the units of EMG and time, or the model's parameters."
        )


def _cuts(edges, size):
    """Some of the edges, not further apart than `size` where they allow that, the first and the last among them."""
    found = [0]
    while found[-1] < len(edges) - 1:
        furthest = int(np.searchsorted(edges, edges[found[-1]] + size, side="right")) - 1
        found.append(max(found[-1] + 1, furthest))
    return [int(edges[k]) for k in found]


def n_threads():
    """Threads that this process may use: fewer in a worker of a parallel search."""
    allowed = [numba.config.NUMBA_NUM_THREADS, os.cpu_count() or 1]
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(*allowed, int(limit) if limit.isdigit() and int(limit) > 0 else allowed[0]))


def n_workers(n_calls, n_frames):
    """Threads that so many calls about so many frames are worth."""
    workers = min(n_calls, 1 + n_frames // WORTH_A_THREAD)
    return min(workers, n_threads()) if workers > 1 else 1


def in_threads(function, calls, workers):
    """Iterator over what a function returns for the arguments of each call (list of tuple), so many at once (see
    `n_workers`); without threads, a call is made when its result is asked for.
    """
    if workers < 2:
        return starmap(function, calls)
    with ThreadPoolExecutor(workers) as pool:
        return iter(list(pool.map(function, *zip(*calls, strict=True))))
