"""Trials marched through time by the compiled equation, several at once in threads."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np

from ..musculoskeletal.compiled.layout import TORQUE_SCALE
from .compiled.along import along
from .compiled.excitation import Record, spline_curvature
from .compiled.instant import new_instant
from .compiled.interval import SINGULAR, SOLVED, new_interval
from .compiled.march import NO_ACTIVATION, NO_REST, march
from .errors import SimulationError

WORTH_A_THREAD = 2000  # frames


def record_of(trials, excitation, exogenous, given):
    """Recorded inputs as arrays.

    Parameters
    ----------
    trials : Trials
    excitation : ndarray (n_frames, n_muscles)
    exogenous : dict of Tensor (n_frames, 1)
        External inputs by name (see `MusculoskeletalModel.exogenous`).
    given : ndarray (n_frames, n_prescribed, 6)
        Taylor coefficients of the prescribed angles (see `PrescribedMotion.coefficients`).

    Returns
    -------
    Record
    """
    n, n_muscles = excitation.shape
    emg, external = np.zeros((n, n_muscles, 2)), np.zeros((n, 3))
    emg[..., 0] = excitation
    time, starts = np.array(trials.time, dtype=np.float64), np.array(trials.starts, dtype=np.int64)
    spline_curvature(time, starts, emg, np.empty(n))
    external[:, 2] = np.nan
    for column, name in enumerate(("hand_load_kg", "external_torque_nm", "segment_orientation_rad")):
        if name in exogenous:
            external[:, column] = exogenous[name][:, 0].numpy()
    return Record(time, emg, np.ones((trials.n_trials, n_muscles)), external, given)


class Along(NamedTuple):
    """Muscles along given states."""

    activations: np.ndarray  # (n_frames, n_muscles)
    force: np.ndarray  # (n_frames, n_muscles) [N]
    force_by_state: np.ndarray  # (n_frames, n_muscles, 2 n_coordinates + 1): angles, velocities, the own tendon's state
    force_by_parameter: np.ndarray  # (n_frames, n_muscles, n_columns), states held
    torque: np.ndarray  # (n_frames, n_coordinates) [N m], of muscles and passive tissue
    torque_by_tendon: np.ndarray  # (n_frames, n_coordinates, n_tendons)
    torque_by_parameter: np.ndarray  # (n_frames, n_coordinates, n_columns), states held


class March:
    """The equation of motion of some trials, to be marched.

    Parameters
    ----------
    compiled : CompiledModel
    record : Record
    trials : Trials
    values : ndarray (n_parameters,)
        Values of all rows of the model's parameters.
    columns : ndarray (3, n_columns) of int
        With respect to what derivatives are wanted (see `CompiledModel.columns_of`).
    """

    def __init__(self, compiled, record, trials, values, columns):
        self.record, self.trials, self.compiled = record, trials, compiled
        self.body, self.columns = compiled.body(np.ascontiguousarray(values)), columns
        self.n_states = compiled.n_coordinates + compiled.n_tendons

    def states(self, initial=None):
        """Empty states (n_frames, 2, n_states) of all frames, with initial states (n_trials, 2, n_coordinates)."""
        states = np.zeros((len(self.record.time), 2, self.n_states))
        if initial is not None:
            states[self.trials.starts[:-1], :, : self.compiled.n_coordinates] = initial
        return states

    def run(self, states, *, from_rest, held=False, starts_only=False, activations=None, sensitivity=None):
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

        Raises
        ------
        SimulationError
            Of the first trial that cannot be marched; names it and the time.
        """
        activations = np.empty((0, self.compiled.n_muscles)) if activations is None else activations
        slices = self.trials.slices

        def one(k):
            rows, report = slices[k], np.zeros(3)
            wanted = sensitivity is not None
            own = sensitivity[rows] if wanted else np.empty((1, 1, 1))
            n_parameters = self.columns.shape[1] if wanted else 0
            at, w = new_instant(self.body), new_interval(self.body, n_parameters, own.shape[2] if wanted else 0)
            status = march(
                self.body, self.record, self.columns, k, (rows.start, rows.stop), (rows.start, rows.start if starts_only else rows.stop - 1), from_rest,
                held, at, w, states, activations, own, wanted, report,
            )  # fmt: skip
            return status, report

        found = in_threads(one, range(len(slices)), len(self.record.time))
        for k, (status, report) in enumerate(found):
            if status != SOLVED:
                self._raise(k, status, report)
        return int(sum(report[2] for _, report in found))

    def along(self, states, *, settled=False, of_force=False, of_torque=False):
        """Activations, forces and torques at all frames along given states (see `Along`).

        Parameters
        ----------
        states : ndarray (n_frames, 2, n_states or n_coordinates)
        settled : bool
            Tendons follow in static equilibrium; else their states stand behind those of the coordinates.
        of_force, of_torque : bool
            Whether derivatives are wanted.

        Returns
        -------
        Along

        Raises
        ------
        SimulationError
            When the activation dynamics cannot be solved; names the trial.
        """
        n, m, d = len(states), self.compiled.n_muscles, self.compiled.n_coordinates
        p, e = self.columns.shape[1], self.compiled.n_tendons
        n_force, n_torque = n if of_force else 0, n if of_torque else 0
        out = Along(
            np.empty((n, m)), np.empty((n, m)), np.empty((n_force, m, 2 * d + 1)), np.empty((n_force, m, p)),
            np.empty((n, d)), np.empty((n_torque, d, e)), np.empty((n_torque, d, p)),
        )  # fmt: skip
        states, slices = np.ascontiguousarray(states), self.trials.slices

        def one(k):
            at, w = new_instant(self.body), new_interval(self.body, p, 0)
            rows = slices[k].start, slices[k].stop
            return along(self.body, self.record, self.columns, k, rows, settled, at, w, states, *out)

        for k, (status, frame) in enumerate(in_threads(one, range(len(slices)), n)):
            if status != SOLVED:
                self._raise(k, status, (frame, 0.0))
        return out

    def _raise(self, trial, status, report):
        frame, residual = int(report[0]), report[1]
        name, time = self.trials.names[trial], self.record.time[frame]
        if status == SINGULAR:
            raise SimulationError(
                f"The equation of motion of trial {name!r} is singular at {time:g} s. Check that every joint has inertia."
            )
        if status == NO_ACTIVATION:
            raise SimulationError(
                f"The activation dynamics of trial {name!r} did not converge at {time:g} s (row {frame}). Check the EMG's "
                "amplitude: 1 is full excitation."
            )
        torque = residual * float(self.body.joint[:, TORQUE_SCALE].max())
        where = "its first posture, at rest" if status == NO_REST else f"{time:g} s, even in the shortest steps"
        raise SimulationError(
            f"The simulation of trial {name!r} did not converge at {where}: Newton's largest residual is {torque:.3g} N m. "
            "Check the units of EMG and time, or the model's parameters."
        )


def n_threads():
    """Threads that this process may use: fewer in a worker of a parallel search."""
    allowed = [numba.config.NUMBA_NUM_THREADS, os.cpu_count() or 1]
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(*allowed, int(limit) if limit.isdigit() and int(limit) > 0 else allowed[0]))


def in_threads(function, items, n_frames):
    workers = min(n_threads(), len(items), 1 + n_frames // WORTH_A_THREAD)
    if workers < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, items))
