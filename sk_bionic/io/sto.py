"""OpenSim's tables: storage (.sto) and motion (.mot) files."""

import re
import warnings
from pathlib import Path

import numpy as np

from sk_bionic.io import _text
from sk_bionic.io._rotational import rotational_columns

__all__ = ["read_sto"]

# SIMM's motion files, OpenSim's ancestors, have "datarows 150" for "nRows=150".
_SYNONYMS = {"datarows": "nrows", "datacolumns": "ncolumns"}
_WITHOUT_EQUALS = {"name", "datarows", "datacolumns", "range", "version", "nrows", "ncolumns"}
_ANGLE_UNIT = re.compile(r"angles are in (degrees|radians)\.?", re.IGNORECASE)
_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def read_sto(path, *, trial=None, degrees=None, rotational="by_name", check_row_count=True):
    """Read an OpenSim storage (.sto) or motion (.mot) file.

    Headers of version 1 and 3 and of SIMM's motion files are understood; columns may be separated
    by tabs, spaces or commas.

    Parameters
    ----------
    path : path-like
        The file.
    trial : str, default=None
        Name of the trial. None: the file's name without its extension.
    degrees : bool, default=None
        Whether the file's angles are in degrees. None: what its header says (``inDegrees``, or a
        line "Angles are in degrees."). A header that says nothing means radians, except SIMM's
        (``datacolumns``), which means degrees.
    rotational : "by_name", list of str or callable, default="by_name"
        The columns to convert from degrees to radians: the file does not tell an angle from a
        translation, a force or an EMG. "by_name" takes every column for an angle except

        - names with the word ``tx``, ``ty``, ``tz``, ``px``, ``vx``, ``x`` (and so on) between
          underscores, unless another word begins with ``rot``; names that contain "trans";
        - names with the word ``force``, ``moment``, ``torque``, ``power``, ``work``,
          ``activation``, ``excitation``, ``emg``, ``length``, ``fiber``, ``tendon``, ``muscle``;
        - names with the word ``beta`` or ``pat``: the patellae of Rajagopal's and of the leg
          models are coupled coordinates, which OpenSim itself keeps in radians;
        - paths (``/forceset/...``) that do not end in ``/value`` or ``/speed``.

        A list names the angles, a callable takes a column's name and tells whether it is one; an
        empty list converts nothing. Columns of muscles in a file that claims degrees need it.
        OpenSim's own rule, with the model at hand:
        ``set(read_osim("model.osim").rotational_coordinates).__contains__``.
    check_row_count : bool, default=True
        False: read a table whose number of rows contradicts the header.

    Returns
    -------
    DataFrame of shape (n_frames, n_columns)
        Index levels "trial" and "time" [s]; columns as labelled in the file; angles in rad, all
        else in the file's units. `attrs`: "source", "title" (the first line), "header" (dict as
        in the file), "in_degrees" (of the file), "converted_to_radians" (list of columns).

    Raises
    ------
    ValueError
        If the file is not such a table or is damaged: no ``endheader``, ragged rows, cells that
        are no numbers, columns without or with equal labels, no column "time" in front, time that
        does not increase, a wrong number of rows. The message names file, line and column.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        If the header's number of columns contradicts the labels, which every row agrees with:
        files of OpenSim's own examples do.

    Examples
    --------
    >>> from sk_bionic.io import read_sto
    >>> emg = read_sto("walk_emg.sto", trial="walk")  # doctest: +SKIP
    >>> knee_angle = read_sto("walk.mot")["knee_angle_r"]  # doctest: +SKIP
    """
    path = Path(path)
    lines = _text.read_lines(path)
    header, title, n_header = _parse_header(path, lines)
    labels, label_line = _find_labels(path, lines, n_header)
    separator = _text.separator_of(lines[label_line - 1])
    body = _text.without_trailing_blanks(lines)[label_line:]
    if not body:
        raise _text.fault(path, "no rows follow the column labels.", label_line)
    # Numbers hold no white space, so tabs and spaces may mix.
    cell_separator = "," if separator == "," else None
    values = _text.parse_rows(path, body, label_line + 1, labels, cell_separator)
    _text.check_time(path, values[:, 0], label_line + 1)
    if check_row_count and "nrows" in header:
        _text.check_row_count(path, header["nrows"], len(values), "nRows")
    _check_column_count(path, header, labels)
    in_degrees = _in_degrees(header) if degrees is None else bool(degrees)
    angles = rotational_columns(labels[1:], rotational) if in_degrees else []
    values[:, 1:] *= np.where(np.isin(labels[1:], angles), np.pi / 180, 1.0)
    attrs = {
        "title": title,
        "header": header["as_written"],
        "in_degrees": in_degrees,
        "converted_to_radians": angles,
    }
    return _text.trial_frame(path, trial, values[:, 0], values[:, 1:], labels[1:], attrs)


def _parse_header(path, lines):
    """Keys in lower case with their values checked, the title, the number of header lines."""
    header, as_written, first_line = {}, {}, lines[0].strip(" \t,")
    for number, line in enumerate(lines, 1):
        line = line.strip(" \t,")
        if line.lower() == "endheader":
            header["as_written"] = as_written
            title = as_written.get("name", first_line if number > 1 else "")
            return header, title, number
        key, value = _key_and_value(line)
        if key:
            as_written[key] = value
            _store(path, header, key.lower(), value, number)
    raise _text.fault(path, "no line 'endheader': not an OpenSim .sto or .mot file, or a truncated one.")


def _key_and_value(line):
    """A pair of strings, or two None for a line of prose."""
    if "=" in line:
        key, _, value = line.partition("=")
        return key.strip(), value.strip()
    if _ANGLE_UNIT.fullmatch(line):
        return "angles", _ANGLE_UNIT.fullmatch(line)[1].lower()
    key, _, value = line.partition("\t" if "\t" in line else " ")
    return (key, value.strip()) if key.lower() in _WITHOUT_EQUALS else (None, None)


def _store(path, header, key, value, line):
    if key in _SYNONYMS:
        header["is_simm"] = True
    key = _SYNONYMS.get(key, key)
    if key in ("nrows", "ncolumns"):
        value = _text.parse_count(path, value, key, line)
    elif key == "indegrees":
        if value.lower() not in _FLAGS:
            raise _text.fault(path, f"inDegrees must be yes or no. Got {value[:40]!r}.", line)
        value = _FLAGS[value.lower()]
    elif key == "datatype" and value.lower() != "double":
        raise _text.fault(
            path,
            f"DataType={value[:40]} is not supported, only double. Flatten the table with "
            "OpenSim's TimeSeriesTable.flatten first.",
            line,
        )
    if header.setdefault(key, value) != value:
        raise _text.fault(path, f"{key} is given twice: {header[key]} and {value}.", line)


def _find_labels(path, lines, n_header):
    """Column labels and the number of their line."""
    for number in range(n_header + 1, len(lines) + 1):
        line = lines[number - 1]
        if line.strip(" \t,"):
            line = line.strip() if _text.separator_of(line) != "," else line.rstrip(" ,")
            labels = _text.split_cells(line, _text.separator_of(line))
            break
    else:
        raise _text.fault(path, "nothing follows the line 'endheader'.", n_header)
    _text.check_labels(path, labels, number)
    if labels[0].lower() != "time":
        raise _text.fault(path, f"the first column must be 'time'. Got {labels[0][:40]!r}.", number)
    if len(labels) == 1:
        raise _text.fault(path, "there is no column besides 'time'.", number)
    return labels, number


def _check_column_count(path, header, labels):
    promised = header.get("ncolumns", len(labels))
    if promised != len(labels):
        warnings.warn(
            f"{path.name}: the header says nColumns={promised}, but there are {len(labels)} column "
            "labels and every row has as many cells. The labels are taken.",
            UserWarning,
            stacklevel=3,
        )


def _in_degrees(header):
    if "indegrees" in header:
        return header["indegrees"]
    if "angles" in header:
        return header["angles"] == "degrees"
    return header.get("is_simm", False)
