"""A trial of a CEINMS project: muscle-tendon lengths, moment arms, excitation signals and moments, each on its own
clock."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..io import read_sto
from ..musculoskeletal.muscle_geometry import MuscleGeometry
from ._document import read_document
from ._paths import resolve

MOMENT_SUFFIXES = ("_moment", "", "_torque", "_force")
PLAIN = ("trial", "inputdata", "input")  # names of files that say nothing: the folder's is taken
LEAD = 0.2  # s before the window in which tendons come to their equilibrium, as far as there are lengths
LEAST_COVERED = 0.5  # of a trial, by its signals
OUTSIDE = 0.51  # of a step, by which a window may begin before the first frame


@dataclass(frozen=True, eq=False)
class Trial:
    """A recording as CEINMS takes it.

    Parameters
    ----------
    name : str
        Of the trial.
    geometry : MuscleGeometry
        Muscle-tendon lengths [m] and moment arms [m] at the frames of the window.
    signals : DataFrame (n_samples, n_signals)
        Excitation signals, whole and on their own clock; index levels ``trial`` and ``time`` [s].
    moments : DataFrame (n_frames, n_coordinates)
        External moments [N m] at the frames of `geometry`; NaN where unknown.
    path : Path, optional
        The file.
    lead : DataFrame (n_before, n_muscles), optional
        Muscle-tendon lengths [m] of frames before the window, by time [s]: tendons come to their equilibrium there.
    """

    name: str
    geometry: MuscleGeometry
    signals: pd.DataFrame
    moments: pd.DataFrame
    path: Path | None = None
    lead: pd.DataFrame | None = None

    @property
    def time(self):
        """Times of the frames [s], ndarray (n_frames,)."""
        return self.geometry.index.get_level_values("time").to_numpy()

    def __repr__(self):
        return f"Trial({self.name!r}, {len(self.time)} frames, {self.time[0]:g} to {self.time[-1]:g} s)"


def read_trial(path, subject, signals):
    """Read a trial's file and the tables that it names.

    Parameters
    ----------
    path : path-like
        The ``inputData`` file.
    subject : Subject
        Whose muscles and coordinates are needed.
    signals : sequence of str
        Excitation signals that are needed.

    Returns
    -------
    Trial
        Its tables within the window of time.

    Raises
    ------
    ValueError
        When a table lacks a muscle, a coordinate or the window of time; names file and column.
    OSError
        When a file cannot be read.

    Warns
    -----
    UserWarning
        When a column is NaN, a signal is missing, or a coordinate has no moments.
    """
    root = read_document(path, "inputData")
    length_file = resolve(root.need("muscleTendonLengthFile", "lmtFile"))
    length = _read(length_file)
    window = _window(root)
    inside = (length.index >= window[0] - 1e-6) & (length.index <= window[1] + 1e-6)
    if inside.sum() < 3:
        raise root.fault(
            f"{length_file.name} covers {length.index[0]:g} to {length.index[-1]:g} s and has {inside.sum()} frames in "
            f"the window {window[0]:g} to {window[1]:g} s. Three are needed."
        )
    time = length.index[inside].to_numpy()
    name = root.path.resolve().parent.name if root.path.stem.lower() in PLAIN else root.path.stem
    muscles, unknown = _without_lengths(
        _columns(length, subject.muscle_names, length_file, "muscle"), subject, length_file
    )
    index = pd.MultiIndex.from_product([[name], time], names=["trial", "time"])
    tables = {name_: _arms(root, name_, own, time) for name_, own in subject.coordinates.items()}
    for table in tables.values():
        table[[muscle for muscle in unknown if muscle in table]] = 0.0
    geometry = MuscleGeometry(
        _filled(muscles[inside], length_file).set_axis(index), {k: v.set_axis(index) for k, v in tables.items()}
    )
    before = muscles[(length.index < time[0]) & (length.index >= time[0] - LEAD)]
    lead = before if len(before) and np.isfinite(before.to_numpy()).all() else None
    moments = _moments(root, subject, time).set_axis(index)
    excitations = _signals(root, name, signals, time)
    return Trial(name, geometry, excitations, moments, root.path, lead)


def _read(path):
    """A table by its time; times that repeat or go back are left out."""
    table = read_sto(path, rotational=[]).droplevel("trial")
    forward = np.r_[True, np.diff(np.maximum.accumulate(table.index.to_numpy())) > 0]
    if not forward.all():
        warnings.warn(f"{path.name}: {(~forward).sum()} rows whose time does not advance are left out.", stacklevel=2)
    return table[forward]


def _window(root):
    found = root.find("startStopTime")
    if found is None or not found.text:
        return -np.inf, np.inf
    if len(found.numbers) != 2 or found.numbers[0] >= found.numbers[1]:
        raise found.fault(f"<startStopTime> must be two times that increase. Got {found.text!r}.")
    return found.numbers


def _columns(table, names, path, kind):
    """Columns by name, whatever their case and the path in front."""
    own = {}
    for column in table.columns:
        own.setdefault(column.rsplit("/", 1)[-1].lower(), column)
    missing = [name for name in names if name not in table.columns and name.lower() not in own]
    if missing:
        raise ValueError(
            f"{path.name} has no column for the {kind} {', '.join(map(repr, missing[:5]))} (file: {path})."
        )
    chosen = [name if name in table.columns else own[name.lower()] for name in names]
    return table[chosen].set_axis(list(names), axis=1)


def _without_lengths(table, subject, path):
    """Lengths, those that are NaN throughout replaced by a resting one, and the muscles without: they take no part."""
    unknown = [muscle for muscle in table.columns if table[muscle].isna().all()]
    if not unknown:
        return table, unknown
    warnings.warn(
        f"{path.name}: the lengths of {', '.join(unknown[:5])} are NaN throughout; these muscles take no part.",
        UserWarning,
        stacklevel=3,
    )
    rest = subject.parameters["tendon_slack_length"] + subject.parameters["optimal_fiber_length"]
    return table.assign(**{muscle: rest[muscle] for muscle in unknown}), unknown


def _filled(table, path, *, empty=None):
    """Single NaNs interpolated; columns of NaN become `empty`, or are an error."""
    bad = table.isna()
    if not bad.to_numpy().any():
        return table
    whole = [name for name in table.columns if bad[name].all()]
    if whole and empty is None:
        raise ValueError(f"{path.name}: the columns {whole[:5]} are NaN throughout (file: {path}).")
    what = (
        f"; {', '.join(whole[:5])} {'are' if len(whole) > 1 else 'is'} NaN throughout and taken for 0" if whole else ""
    )
    n = int(bad.drop(columns=whole).to_numpy().sum())
    warnings.warn(f"{path.name}: {n} missing values are interpolated{what}.", UserWarning, stacklevel=2)
    values = {
        name: np.full(len(table), empty)
        if name in whole
        else np.interp(table.index, table.index[~bad[name]], table[name][~bad[name]])
        for name in table.columns
    }
    return pd.DataFrame(values, table.index)


def _arms(root, coordinate, muscles, time):
    """Moment arms (n_frames, n_muscles) of those that span a coordinate."""
    files = root.need("momentArmsFiles").all("momentArmsFile")
    own = [file for file in files if (file.attribute("dofName", "name") or "").lower() == coordinate.lower()]
    if not own:
        named = [file.attribute("dofName", "name") for file in files]
        raise root.fault(f"<momentArmsFiles> has none with dofName {coordinate!r}. It has {named}.")
    path = resolve(own[0])
    table = _filled(_columns(_read(path), muscles, path, "muscle"), path, empty=0.0)
    return _at(table, time, path)


def _at(table, time, path):
    """A table at other times, linearly between its own."""
    own = table.index.to_numpy()
    slack = OUTSIDE * float(np.median(np.diff(own)))
    if time[0] < own[0] - slack or time[-1] > own[-1] + slack:
        raise ValueError(
            f"{path.name} covers {own[0]:g} to {own[-1]:g} s, the trial needs {time[0]:g} to {time[-1]:g} s "
            f"(file: {path})."
        )
    values = {name: np.interp(time, own, table[name]) for name in table.columns}
    return pd.DataFrame(values, pd.Index(time, name="time"))


def _signals(root, name, wanted, time):
    path = resolve(root.need("excitationsFile", "emgFile"))
    table = _read(path)
    _check_coverage(path, table.index, time)
    known = [s for s in wanted if s.lower() in {c.rsplit("/", 1)[-1].lower() for c in table.columns}]
    missing = [signal for signal in wanted if signal not in known]
    table = _columns(table, known, path, "signal")
    dead = [signal for signal in known if table[signal].isna().all()]
    if missing or dead:
        warnings.warn(
            f"{path.name}: no values of the signals {', '.join([*missing, *dead])}; what they drive gets none.",
            UserWarning,
            stacklevel=2,
        )
    for signal in missing:
        table[signal] = np.nan
    alive = [signal for signal in wanted if signal not in missing and signal not in dead]
    table[alive] = _filled(table[alive], path)
    index = pd.MultiIndex.from_product([[name], table.index.to_numpy()], names=["trial", "time"])
    return table[list(wanted)].set_axis(index)


def _check_coverage(path, own, time):
    """The signals' time must be that of the lengths."""
    within = (time >= own[0] - 1e-6) & (time <= own[-1] + 1e-6)
    if within.all():
        return
    message = (
        f"{path.name} covers {own[0]:g} to {own[-1]:g} s, the trial {time[0]:g} to {time[-1]:g} s: signals "
        "and lengths need one clock"
    )
    if within.mean() < LEAST_COVERED:
        raise ValueError(f"{message} (file: {path}).")
    warnings.warn(f"{message}. The first and last values are held.", UserWarning, stacklevel=2)


def _moments(root, subject, time):
    """External moments (n_frames, n_coordinates), NaN where the file has none."""
    table = pd.DataFrame(np.nan, pd.Index(time, name="time"), list(subject.coordinate_names))
    element = root.find("externalTorquesFile")
    if element is None or not element.text:
        return table
    path = resolve(element)
    given = _read(path)
    own = {column.rsplit("/", 1)[-1].lower(): column for column in reversed(given.columns)}
    for name in table.columns:
        column = next((own[(name + end).lower()] for end in MOMENT_SUFFIXES if (name + end).lower() in own), None)
        if column is not None and given[column].notna().any():
            clean = given[[column]].dropna()
            table[name] = np.interp(time, clean.index, clean[column], left=np.nan, right=np.nan)
    without = [name for name in table.columns if table[name].isna().all()]
    if without:
        warnings.warn(
            f"{path.name} has no moments of {', '.join(without)} in the trial's time (columns such as "
            f"{without[0]}_moment).",
            UserWarning,
            stacklevel=2,
        )
    return table
