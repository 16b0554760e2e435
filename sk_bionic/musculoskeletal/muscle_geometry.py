"""Lengths and moment arms of muscle-tendon units along a motion, as data: no skeleton needed."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline

from ..trials import find_trials

SAME_TIME = 1e-6  # of a frame's step, within which two times are one
BEYOND = 0.51  # of a frame's step, by which times may lie outside a trial


@dataclass(frozen=True, eq=False)
class MuscleGeometry:
    """Lengths and moment arms of muscle-tendon units at the frames of a motion.

    What OpenSim's MuscleAnalysis writes (see `sk_bionic.io.read_muscle_analysis`). It stands in for the angles: muscles
    of any model, over joints of any kind, have forces and moments where their lengths and moment arms are known.

    Parameters
    ----------
    length : DataFrame (n_frames, n_muscles)
        Lengths of the muscle-tendon units [m]; index levels ``trial`` and ``time`` [s].
    moment_arm : dict of str to DataFrame (n_frames, n_muscles)
        Coordinate to moment arms [m], positive where a pull increases the coordinate (minus the derivative of the
        length). Same index; muscles that a table lacks have no moment arm there.

    Attributes
    ----------
    muscle_names, coordinate_names : tuple of str
        Columns of `length`, keys of `moment_arm`.
    velocity : DataFrame (n_frames, n_muscles)
        Lengthening velocities [m/s], of cubic splines through each trial's lengths.

    Raises
    ------
    ValueError
        When a value is not finite, a length is not positive, names repeat, or a table's index or muscles are not those
        of `length`. The message names table, column, trial and time.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sk_bionic.musculoskeletal import MuscleGeometry
    >>> time = np.linspace(0.0, 1.0, 11)
    >>> index = pd.MultiIndex.from_product([["walk"], time], names=["trial", "time"])
    >>> length = pd.DataFrame({"soleus": 0.30 - 0.02 * time}, index)
    >>> arm = pd.DataFrame({"soleus": np.full(11, -0.04)}, index)
    >>> geometry = MuscleGeometry(length, {"ankle_angle": arm})
    >>> geometry
    MuscleGeometry(muscles=('soleus',), coordinates=('ankle_angle',), 11 frames of 1 trial(s))
    >>> bool(np.allclose(geometry.velocity, -0.02))
    True
    """

    length: pd.DataFrame
    moment_arm: dict

    def __post_init__(self):
        if not isinstance(self.length, pd.DataFrame) or not len(self.length.columns):
            raise ValueError(f"`length` must be a DataFrame of muscles. Got {type(self.length).__name__}.")
        trials = find_trials(self.length)
        if trials is None:
            raise ValueError("`length` needs a time axis: an index with the levels 'trial' and 'time' (s).")
        length = _checked(self.length, "length", trials)
        if (length <= 0.0).to_numpy().any():
            raise ValueError(_place("length", length, trials, length.to_numpy() <= 0.0) + " A length must be positive.")
        arms = {str(name): self._arms(str(name), table, length, trials) for name, table in self.moment_arm.items()}
        object.__setattr__(self, "length", length)
        object.__setattr__(self, "moment_arm", arms)
        object.__setattr__(self, "trials", trials)

    @staticmethod
    def _arms(name, table, length, trials):
        what = f"moment_arm[{name!r}]"
        if not isinstance(table, pd.DataFrame):
            raise ValueError(f"`{what}` must be a DataFrame of muscles. Got {type(table).__name__}.")
        if len(table) != len(length) or not table.index.equals(length.index):
            raise ValueError(f"`{what}` must have the index of `length`: {len(length)} frames. Got {len(table)}.")
        unknown = [str(column) for column in table.columns if str(column) not in length.columns]
        if unknown:
            raise ValueError(f"`{what}` has the muscles {unknown}, which `length` has not.")
        return _checked(table, what, trials).reindex(columns=length.columns, fill_value=0.0)

    @property
    def muscle_names(self):
        """Muscles, in the order of the columns."""
        return tuple(self.length.columns)

    @property
    def coordinate_names(self):
        """Coordinates about which moment arms are known."""
        return tuple(self.moment_arm)

    @property
    def index(self):
        """Index of the frames."""
        return self.length.index

    @cached_property
    def velocity(self):
        """Lengthening velocities [m/s], DataFrame (n_frames, n_muscles)."""
        values = np.zeros(self.length.shape)
        for rows in self.trials.slices:
            if rows.stop - rows.start > 1:
                values[rows] = _spline(self.trials.time[rows], self.length.to_numpy()[rows])(self.trials.time[rows], 1)
        return pd.DataFrame(values, self.index, self.length.columns)

    def __repr__(self):
        n, k = len(self.length), self.trials.n_trials
        return (
            f"MuscleGeometry(muscles={self.muscle_names}, coordinates={self.coordinate_names}, {n} frames of "
            f"{k} trial(s))"
        )

    def arms(self, coordinates=None, muscles=None):
        """Moment arms as one array.

        Parameters
        ----------
        coordinates, muscles : sequence of str, optional
            Default: all.

        Returns
        -------
        ndarray (n_frames, n_coordinates, n_muscles)
            [m].
        """
        chosen = self.take(muscles=muscles, coordinates=coordinates)
        tables = [chosen.moment_arm[name].to_numpy() for name in chosen.coordinate_names]
        return np.stack(tables, axis=1) if tables else np.zeros((len(self.length), 0, len(chosen.muscle_names)))

    def take(self, muscles=None, coordinates=None):
        """Some muscles and coordinates, in the order asked for.

        Parameters
        ----------
        muscles, coordinates : sequence of str, optional
            Default: all.

        Returns
        -------
        MuscleGeometry
            Of the same frames.

        Raises
        ------
        ValueError
            When one is not there; names it and lists what is.
        """
        muscles = self.muscle_names if muscles is None else tuple(muscles)
        coordinates = self.coordinate_names if coordinates is None else tuple(coordinates)
        for kind, asked, known in (
            ("length of the muscles", muscles, self.muscle_names),
            ("moment arms about the coordinates", coordinates, self.coordinate_names),
        ):
            missing = [name for name in asked if name not in known]
            if missing:
                raise ValueError(f"The muscle geometry has no {kind} {missing}. It has those of {list(known)}.")
        if muscles == self.muscle_names and coordinates == self.coordinate_names:
            return self
        length = self.length[list(muscles)]
        return MuscleGeometry(length, {name: self.moment_arm[name][list(muscles)] for name in coordinates})

    def at(self, index):
        """The same motion at other times.

        Parameters
        ----------
        index : MultiIndex, DataFrame or Series
            Levels ``trial`` and ``time`` [s] of the frames wanted; trials by their names.

        Returns
        -------
        MuscleGeometry
            Rows where the times are the same, else cubic splines through the trial's frames.

        Raises
        ------
        ValueError
            When a trial is not there, or a time lies outside it by more than half a frame; names trial and times.
        """
        index = index if isinstance(index, pd.Index) else index.index
        if index.equals(self.index):
            return self
        wanted = find_trials(pd.DataFrame(index=index))
        if wanted is None:
            raise ValueError("The frames wanted need an index with the levels 'trial' and 'time' (s).")
        columns = self.length.columns
        tables = {"length": self.length, **self.moment_arm}
        values = {name: np.empty((wanted.n_frames, len(columns))) for name in tables}
        for name, rows in zip(wanted.names, wanted.slices, strict=True):
            own = self._rows_of(name)
            mine, theirs = self.trials.time[own], wanted.time[rows]
            _check_within(name, theirs, mine)
            for table, given in tables.items():
                values[table][rows] = _resampled(mine, given.to_numpy()[own], theirs)
        made = {name: pd.DataFrame(table, index, columns) for name, table in values.items()}
        return MuscleGeometry(made.pop("length"), made)

    def _rows_of(self, trial):
        if trial not in self.trials.names:
            raise ValueError(f"The muscle geometry has no trial {trial!r}. It has {list(self.trials.names)}.")
        return self.trials.slices[self.trials.names.index(trial)]


def _checked(table, what, trials):
    names = [str(column) for column in table.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"`{what}` has several columns {twice}.")
    try:
        found = pd.DataFrame(table.to_numpy(dtype=np.float64), table.index, names)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{what}` must hold numbers: {error}.") from error
    if not np.isfinite(found.to_numpy()).all():
        raise ValueError(_place(what, found, trials, ~np.isfinite(found.to_numpy())) + " Every value must be finite.")
    return found


def _place(what, table, trials, wrong):
    row, column = np.argwhere(wrong)[0]
    trial = trials.names[trials.trial_of_frame[row]]
    value = table.iat[row, column]
    return (
        f"`{what}`, muscle {table.columns[column]!r}, trial {trial!r} at {trials.time[row]:g} s (row {row}): {value}."
    )


def _spline(time, values):
    return CubicSpline(time, values) if len(time) > 1 else (lambda at, nu=0: np.repeat(values * (nu == 0), len(at), 0))


def _step(time):
    return float(np.median(np.diff(time))) if len(time) > 1 else 0.0


def _check_within(trial, wanted, given):
    slack = BEYOND * _step(given)
    if wanted[0] < given[0] - slack or wanted[-1] > given[-1] + slack:
        raise ValueError(
            f"Trial {trial!r}: the muscle geometry covers {given[0]:g} to {given[-1]:g} s, asked for are "
            f"{wanted[0]:g} to {wanted[-1]:g} s. Run MuscleAnalysis over the whole trial, or take the frames within."
        )


def _resampled(given_time, values, time):
    """Values (n_given, ...) at other times; rows as they are where the times agree."""
    near = np.abs(given_time[:, None] - time).argmin(axis=0)
    if np.abs(given_time[near] - time).max() <= SAME_TIME * max(_step(given_time), 1e-9):
        return values[near]
    return _spline(given_time, values)(np.clip(time, given_time[0], given_time[-1]))
