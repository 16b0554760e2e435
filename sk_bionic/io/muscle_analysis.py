"""Muscle-tendon lengths and moment arms along a motion: what OpenSim's MuscleAnalysis writes, and CEINMS reads."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from sk_bionic.io.sto import read_sto

__all__ = ["read_muscle_analysis"]

_SUFFIXES = (".sto", ".mot")
_TIME_TOLERANCE = 1e-6  # s; two files of one analysis print the same times
# Names without suffix: OpenSim's "walk_MuscleAnalysis_Length" and "walk_MuscleAnalysis_MomentArm_knee_angle_r"; "lmt",
# "ma_knee_angle_r", "walk_MA_knee_angle_r" of CEINMS' folders. What stands in front names the trial.
_LENGTH = re.compile(r"(?:(?P<trial>.*?)_)?(?:MuscleAnalysis_)?(?:Length|lmt|LMT|MTULength)$")
_ARM = re.compile(r"(?:(?P<trial>.*?)_)?(?:MuscleAnalysis_)?(?:MomentArm|MA|ma)_(?P<coordinate>.+)$")
_KEY = "length"


def read_muscle_analysis(source, *, trial=None, muscles=None, coordinates=None):
    """Read muscle-tendon lengths and moment arms along a motion.

    Parameters
    ----------
    source : path-like, sequence of path-like, or dict
        A folder with OpenSim's results, ``walk_MuscleAnalysis_Length.sto`` and
        ``walk_MuscleAnalysis_MomentArm_knee_angle_r.sto``, or with a CEINMS trial's, ``lmt.sto`` and
        ``ma_knee_angle_r.sto``, ``walk_MA_knee_angle_r.sto``; it may hold several trials. Or such files; or, whatever
        they are called, a dict from ``"length"`` and the coordinates' names to files.
    trial : str, optional
        Name of the trial. Default: what stands in front of ``_MuscleAnalysis``, ``_Length``, ``_MA`` in the files'
        names, else the folder's name.
    muscles, coordinates : sequence of str, optional
        Those wanted. Default: all muscles of the lengths, and all coordinates about which some muscle has a moment arm.

    Returns
    -------
    MuscleGeometry
        Lengths [m], moment arms [m].

    Raises
    ------
    ValueError
        When there is no file of lengths or of moment arms, two files are for the same, a file is damaged, has other
        times or other muscles than the lengths, or a muscle or coordinate asked for is not there. Names file and
        column.
    OSError
        When a file cannot be read.

    Examples
    --------
    >>> from sk_bionic.io import read_muscle_analysis
    >>> geometry = read_muscle_analysis("results/walk", coordinates=["knee_angle_r"])  # doctest: +SKIP
    """
    from sk_bionic.musculoskeletal.muscle_geometry import MuscleGeometry

    read = [
        _read_trial(name if trial is None else trial, files, muscles, coordinates) for name, files in _found(source)
    ]
    if trial is not None and len(read) > 1:
        raise ValueError(
            f"{source} holds {len(read)} trials; `trial` names one. Leave it out, or give the files of one."
        )
    shared = [name for name in read[0][1] if all(name in arms for _, arms in read)]
    length = pd.concat([length for length, _ in read])
    arms = {name: pd.concat([own[name] for _, own in read]) for name in shared}
    if coordinates is None:
        arms = {name: table for name, table in arms.items() if table.to_numpy().any()}
    return MuscleGeometry(length, {name: arms[name] for name in coordinates or arms})


def _found(source):
    """List of (trial, {"length": file, coordinate: file})."""
    if isinstance(source, dict):
        files = {str(key): Path(file) for key, file in source.items()}
        if _KEY not in files or len(files) < 2:
            raise ValueError(
                f"A dict of files needs the keys 'length' and the names of coordinates. Got {list(files)}."
            )
        name = _LENGTH.match(files[_KEY].stem)
        return [(name["trial"] if name and name["trial"] else files[_KEY].parent.resolve().name, files)]
    if isinstance(source, str | Path):
        folder = Path(source)
        if not folder.is_dir():
            raise ValueError(f"{folder} is no folder. Give the folder of MuscleAnalysis' results, or its files.")
        files, where = sorted(f for f in folder.iterdir() if f.suffix.lower() in _SUFFIXES), f"The folder {folder}"
    else:
        files, where = [Path(file) for file in source], "The list of files"
    return _sorted(files, where)


def _sorted(files, where):
    trials = {}
    for file in files:
        length, arm = _LENGTH.match(file.stem), _ARM.match(file.stem)
        if not (length or arm):
            continue
        key = _KEY if length else arm["coordinate"]
        own = trials.setdefault((length or arm)["trial"] or file.parent.resolve().name, {})
        if key in own:
            raise ValueError(f"{file.name} and {own[key].name} are both for {key!r}. Give a dict of files instead.")
        own[key] = file
    whole = [(trial, own) for trial, own in trials.items() if _KEY in own and len(own) > 1]
    if not whole:
        raise ValueError(
            f"{where} needs a file of lengths (*_MuscleAnalysis_Length.sto, lmt.sto) and files of moment arms "
            f"(*_MomentArm_<coordinate>.sto, ma_<coordinate>.sto) of one trial. Got {[file.name for file in files]}."
        )
    for trial, own in trials.items():
        if len(own) == 1 or _KEY not in own:
            missing = "moment arms" if _KEY in own else "lengths"
            names = ", ".join(file.name for file in own.values())
            raise ValueError(f"{where} has no {missing} of the trial {trial!r} beside {names}.")
    return whole


def _read_trial(trial, files, muscles, coordinates):
    length = _read(files[_KEY], trial)
    columns = list(length.columns) if muscles is None else list(muscles)
    _check_names(files[_KEY], columns, length.columns, "muscles")
    _check_names(f"The trial {trial!r}", coordinates or [], [key for key in files if key != _KEY], "moment arms about")
    arms = {}
    for name, file in files.items():
        if name == _KEY or (coordinates is not None and name not in coordinates):
            continue
        table = _read(file, trial)
        _check_times(file, table, files[_KEY], length)
        strange = [column for column in table.columns if column not in length.columns]
        if strange:
            raise ValueError(f"{file.name}: column {strange[0]!r} is no muscle of {files[_KEY].name} (file: {file}).")
        own = [column for column in columns if column in table.columns]
        arms[name] = table[own].reindex(columns=columns, fill_value=0.0).set_axis(length.index)
    return length[columns], arms


def _read(file, trial):
    table = read_sto(file, trial=trial, rotational=[])
    wrong = ~np.isfinite(table.to_numpy())
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        time = table.index.get_level_values("time")[row]
        raise ValueError(
            f"{Path(file).name}, column {table.columns[column]!r} at {time:g} s: {table.iat[row, column]} is no length "
            f"(file: {file})."
        )
    return table


def _check_times(file, table, length_file, length):
    mine, theirs = (t.index.get_level_values("time").to_numpy() for t in (table, length))
    if len(mine) != len(theirs):
        raise ValueError(f"{file.name} has {len(mine)} rows, {length_file.name} {len(theirs)} (file: {file}).")
    apart = np.abs(mine - theirs)
    if apart.size and apart.max() > _TIME_TOLERANCE:
        row = int(apart.argmax())
        raise ValueError(
            f"{file.name}: column 'time' is {mine[row]:g} s in row {row}, where {length_file.name} has "
            f"{theirs[row]:g} s (file: {file})."
        )


def _check_names(where, asked, known, kind):
    missing = [name for name in asked if name not in known]
    if missing:
        where = where if isinstance(where, str) else where.name
        raise ValueError(f"{where} has no {kind} {missing}. It has {list(known)}.")
