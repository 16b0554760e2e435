"""OpenSim's tables: storage (.sto) and motion (.mot) files."""

from pathlib import Path

import numpy as np

from sk_bionic.io import _text
from sk_bionic.io._rotational import may_be_angles, rotational_columns
from sk_bionic.io._sto_header import parse_header

__all__ = ["read_sto"]


def read_sto(path, *, trial=None, model=None, degrees=None, rotational="by_name", check_row_count=True):
    """Read an OpenSim storage (.sto) or motion (.mot) file.

    Headers of version 1 and 3, of SIMM's motion files and of CEINMS' outputs are understood; columns may be separated
    by tabs, spaces or commas; tables of vectors (``DataType=Vec3``, ``Quaternion`` ...) get a column for each
    component, ``torso_imu_1`` and so on, as by OpenSim's `flatten`. Nothing is converted unless the header says
    ``inDegrees=yes``.

    Parameters
    ----------
    path : path-like
        The file.
    trial : str, default=None
        Name of the trial. None: the file's name without its extension.
    model : path-like or OsimModel, default=None
        The .osim file whose coordinates the columns are (or what `read_osim` made of it). Of a file in degrees, its
        rotational coordinates and their speeds are converted to radians, as OpenSim 4.6 does: neither translations nor
        coupled coordinates (a patella that follows its knee), and no column that is no coordinate.
    degrees : bool, default=None
        Whether the file's angles are in degrees. None: what its header says after ``inDegrees``; a header that says
        nothing converts nothing.
    rotational : "by_name", list of str or callable, default="by_name"
        Without a model, the columns to convert from degrees: the file does not tell an angle from a translation, a
        force or an EMG. "by_name" takes what is surely an angle: names (or coordinates of paths ``/jointset/...``)
        whose last word but for the side is ``angle``, ``flexion``, ``extension``, ``rotation``, ``adduction``,
        ``tilt``, ``list`` or another word of motion, and that hold no word of another quantity (``moment``,
        ``force``, ``emg``, ``tx``, ...). A list names the angles, a callable takes a column's name and tells whether
        it is one; an empty list converts nothing.
    check_row_count : bool, default=True
        False: read a table that ends too early, and say nothing of a number of rows that contradicts the header.

    Returns
    -------
    DataFrame of shape (n_frames, n_columns)
        Index levels "trial" and "time" [s]; columns as labelled in the file; converted angles in rad, all else in the
        file's units; NaN for an empty cell. Of columns with equal names, the first where they hold the same; otherwise
        each has its position in its name, "force (column 3)". `attrs`: "source", "title" (the first line), "header"
        (dict as in the file), "in_degrees" (of the file; None where the header does not say), "converted_to_radians"
        (list of columns), "converted_by" ("model", "by_name", "rotational", or None where nothing was).

    Raises
    ------
    ValueError
        If the file is not such a table or is damaged: no ``endheader``, ragged rows, cells that are no numbers (decimal
        commas are named as such), no column "time" in front, time that is NaN, an end within the last row, two
        values of ``inDegrees`` where there is something to convert. The message names file, line and column.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        Where a fault does not touch the values: numbers of rows and columns that contradict the header, equal names,
        time that repeats or goes back (a fit will refuse it), a header that means degrees without ``inDegrees``, and
        columns of a file in degrees that may be angles but were left as written.

    Examples
    --------
    >>> from sk_bionic.io import read_sto
    >>> emg = read_sto("walk_emg.sto", trial="walk")  # doctest: +SKIP
    >>> knee_angle = read_sto("walk.mot", model="subject.osim")["knee_angle_r"]  # doctest: +SKIP
    """
    path = Path(path)
    lines = _text.read_lines(path)
    header = parse_header(path, lines)
    labels, values, label_line = _parse_table(path, lines, header)
    notes = []
    _text.check_time(path, values[:, 0], label_line + 1, notes)
    if check_row_count:
        _check_row_count(path, header, len(values), lines, notes)
    if header.cell_size == 1:
        _check_column_count(header, labels, notes)
    time = values[:, 0]
    if not len(values):
        notes.append("no rows follow the column labels.")
    if len(labels) == 1:
        notes.append("there is no column besides 'time'.")
    labels, values = _text.settle_labels(labels[1:], values[:, 1:], 1, notes)
    in_degrees = _in_degrees(path, header, degrees)
    angles = rotational_columns(labels, rotational, model) if in_degrees else []
    if angles and degrees is None:
        _check_flags(path, header)
    if isinstance(rotational, str):
        notes += _doubts(header, labels, angles, in_degrees, model)
    _text.warn(path, notes)
    values = values * np.where(np.isin(labels, angles), np.pi / 180, 1.0)
    attrs = {
        "title": header.title,
        "header": header.as_written,
        "in_degrees": in_degrees,
        "converted_to_radians": angles,
        "converted_by": _rule(model, rotational) if angles else None,
    }
    return _text.trial_frame(path, trial, time, values, labels, attrs)


def _parse_table(path, lines, header):
    """Labels of all columns, their numbers, and the number of the labels' line."""
    table = [number for number in range(header.n_lines, len(lines)) if lines[number].strip(" \t,;")]
    if not table:
        raise _text.fault(path, "nothing follows the line 'endheader'.", header.n_lines)
    label_line = table[0] + 1
    body = _text.without_trailing_blanks(lines)[label_line:]
    labels, separator = _labels(lines[table[0]], body[0] if body else "")
    if labels[0].lower().startswith("time;"):
        message = "the columns are separated by semicolons: write tabs, spaces or commas between them"
        raise _text.fault(path, f"{message}, and decimal points.", label_line)
    if labels[0].lower() != "time":
        raise _text.fault(path, f"the first column must be 'time'. Got {labels[0][:40]!r}.", label_line)
    if header.cell_size > 1:
        labels, body = _flattened(labels, body, separator, header.cell_size)
    return labels, _text.parse_rows(path, body, label_line + 1, labels, separator), label_line


def _flattened(labels, body, separator, size):
    """A table of vectors with a column for each component, named as by OpenSim's `flatten`."""
    components = [f"{label}_{i}" for label in labels[1:] for i in range(1, size + 1)]
    return [labels[0], *components], [line.replace(",", separator or " ") for line in body]


def _labels(line, first_row):
    """Labels and what separates them: the first way to split that gives as many as the first row has cells."""
    usual = _text.separator_of(line)
    ways = [usual, *(separator for separator in ("\t", None) if separator != usual)]
    for separator in ways:
        labels = _text.split_cells(line.strip() if separator != "," else line.rstrip(" ,"), separator)
        for names in (labels, [label for label in labels if label]):
            if len(names) > 1 and len(_text.split_row(first_row, separator, len(names))) == len(names):
                return names, separator
    return _text.split_cells(line.strip(" ,"), usual), usual


def _check_row_count(path, header, found, lines, notes):
    promised = header.counts("nrows", notes)
    if promised and found not in promised:
        _text.check_row_count(path, max(promised), found, "nRows", lines, notes)


def _check_column_count(header, labels, notes):
    promised = header.counts("ncolumns", notes)
    if promised and len(labels) not in promised:
        notes.append(
            f"the header says nColumns={min(promised)}, but there are {len(labels)} column labels and every row has as "
            "many cells. The labels are taken."
        )


def _in_degrees(path, header, degrees):
    """Whether the file's angles are in degrees; None where it does not say."""
    flags = header.flags(path) if degrees is None else {bool(degrees)}
    return True in flags if flags else None


def _check_flags(path, header):
    if len(header.flags(path)) > 1:
        lines = " and ".join(str(line) for line, _ in header.values["indegrees"])
        raise _text.fault(
            path,
            f"inDegrees is yes and no, in lines {lines}. Pass `degrees=True` or `degrees=False`, whichever is right.",
        )


def _doubts(header, labels, angles, in_degrees, model):
    """What was left as written although it may be an angle in degrees."""
    if in_degrees is None and header.prose == "degrees" and rotational_columns(labels):
        return [
            "the header remarks that angles are in degrees, but has no line inDegrees=yes: nothing was converted. Pass "
            "`degrees=True` if the remark is right."
        ]
    if not in_degrees:
        return []
    if model is None:
        left = [label for label in may_be_angles(labels) if label not in angles]
        advice = "the names do not tell whether these are angles. Pass `model=` (the .osim file) or `rotational=`"
    else:
        left = [label for label in labels if label.endswith("_u") and rotational_columns([label[:-2]], model=model)]
        advice = (
            "OpenSim 4 converts speeds by their paths only (/jointset/.../speed). Pass `rotational=` if they "
            "are in deg/s"
        )
    more = f" and {len(left) - 3} more" if len(left) > 3 else ""
    return [f"the file is in degrees, but {', '.join(left[:3])}{more} stay as written: {advice}."] if left else []


def _rule(model, rotational):
    return "model" if model is not None else "by_name" if isinstance(rotational, str) else "rotational"
