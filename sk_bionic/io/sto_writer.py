"""Write frames as OpenSim's tables, so that its GUI and tools read them."""

from pathlib import Path

import numpy as np
import pandas as pd

from sk_bionic.atomic import replacing
from sk_bionic.io._rotational import rotational_columns
from sk_bionic.trials import find_trials

__all__ = ["write_sto"]


def write_sto(frame, path, *, trial=None, in_degrees=False, model=None, rotational="by_name", title=None):
    """Write one trial as an OpenSim storage (.sto) or motion (.mot) file.

    Numbers are written such that `read_sto` restores them exactly. The file appears complete or
    not at all: it is written beside its place and then renamed.

    Parameters
    ----------
    frame : DataFrame or Series
        Angles [rad], muscle forces [N], activations or joint torques [N m]; index levels "trial"
        and "time" [s], or "time" alone. OpenSim's GUI plays a motion whose columns are named as
        the coordinates of its model. NaN is written as such.
    path : path-like
        Where to write; ends in .sto or .mot. An existing file is replaced.
    trial : str, default=None
        The trial to write where `frame` holds several.
    in_degrees : bool, default=False
        True: write angles in degrees, as OpenSim's own .mot files are.
    model : path-like or OsimModel, default=None
        The .osim file that tells which columns `in_degrees` concerns, as in `read_sto`.
    rotational : "by_name", list of str or callable, default="by_name"
        The same without a model; the rule of `read_sto`.
    title : str, default=None
        First line of the file. None: the trial's name.

    Raises
    ------
    ValueError
        If `frame` has several trials and none is chosen, no time, times that do not increase,
        values that are no finite numbers (OpenSim 4.6 stops reading at a NaN without a word), no
        column, or names that OpenSim cannot read (empty, equal, or with white space or commas);
        if `path` has another extension; if degrees are asked for and no column is known to be an angle.
    TypeError
        If `frame` is no pandas object.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> from sk_bionic.io import read_sto, write_sto
    >>> forces = make_elbow_flexion(n_trials=1, duration=1.0, random_state=0).muscle_forces
    >>> write_sto(forces, "forces.sto", trial="trial_00")
    >>> read_sto("forces.sto").columns.tolist()
    ['biceps', 'triceps']
    """
    path = Path(path)
    if path.suffix.lower() not in (".sto", ".mot"):
        raise ValueError(f"`path` must end in .sto or .mot, which OpenSim reads. Got {path.name!r}.")
    frame = _as_frame(frame)
    name, time, values = _one_trial(frame, trial)
    if in_degrees:
        angles = rotational_columns(list(frame.columns), rotational, model)
        if not angles and isinstance(rotational, str):
            raise ValueError(
                f"None of {list(frame.columns)} is known to be an angle, so nothing can be written in degrees. Name "
                "the angles by `rotational=[...]`, or give the .osim file as `model`."
            )
        values *= np.where(frame.columns.isin(angles), 180 / np.pi, 1.0)
    title = str(name if title is None else title)
    if "\n" in title or "\r" in title or title.strip().lower() == "endheader":
        raise ValueError(f"`title` must be one line of text. Got {title!r}.")
    header = [
        title,
        "version=1",
        f"nRows={len(values)}",
        f"nColumns={1 + values.shape[1]}",
        f"inDegrees={'yes' if in_degrees else 'no'}",
        "endheader",
        "\t".join(["time", *frame.columns]),
    ]
    rows = ("\t".join(map(repr, row)) for row in np.column_stack([time, values]).tolist())
    with replacing(path) as file:
        file.write(("\n".join([*header, *rows]) + "\n").encode())


def _as_frame(frame):
    """The columns as float64 under names that OpenSim reads."""
    if isinstance(frame, pd.Series):
        frame = frame.to_frame()
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(
            "`frame` must be a DataFrame or a Series with the index levels 'trial' and 'time' (s). "
            f"Got {type(frame).__name__}."
        )
    if frame.shape[1] == 0:
        raise ValueError("`frame` has no column to write.")
    for name in frame.columns:
        if not isinstance(name, str) or not name or any(c.isspace() or c == "," for c in name):
            raise ValueError(
                f"Columns need names without white space or commas, as OpenSim reads them. Got {name!r}: rename it."
            )
    duplicates = frame.columns[frame.columns.duplicated()].tolist()
    if "time" in (name.lower() for name in frame.columns) or duplicates:
        raise ValueError(f"Column names must differ, also from 'time'. Got {list(frame.columns)}.")
    for name, dtype in frame.dtypes.items():
        if not pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_complex_dtype(dtype):
            raise ValueError(f"Column {name!r} must hold real numbers. Got dtype {dtype}.")
    return frame


def _one_trial(frame, trial):
    """Name, time [s] and values of the trial to write."""
    trials = find_trials(frame)
    if trials is None:
        raise ValueError("`frame` has no index level 'time' (s).")
    if not trials.n_frames:
        raise ValueError("`frame` has no rows.")
    if trial is None and trials.n_trials > 1:
        raise ValueError(
            f"`frame` holds {trials.n_trials} trials, a file one. Choose by `trial=`: {list(trials.names)}."
        )
    name = trials.names[0] if trial is None else trial
    if name not in trials.names:
        raise ValueError(f"`trial` must be one of {list(trials.names)}. Got {trial!r}.")
    rows = trials.slices[trials.names.index(name)]
    values = frame.iloc[rows].to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    faulty = np.argwhere(~np.isfinite(values))
    if len(faulty):
        row, column = faulty[0]
        raise ValueError(
            f"Column {frame.columns[column]!r} is {values[row, column]} at {trials.time[rows][row]:g} "
            f"s of trial {name!r}, where OpenSim would stop reading. Interpolate or drop such rows."
        )
    return name, trials.time[rows], values
