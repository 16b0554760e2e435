"""Marker trajectories: .trc files of Motion Analysis, as OpenSim reads them."""

from pathlib import Path

from sk_bionic.io import _text, _units

__all__ = ["read_trc"]

_AXES = ("x", "y", "z")
_LABEL_LINE, _AXIS_LINE = 4, 5  # counted from 1


def read_trc(path, *, trial=None, check_row_count=True):
    """Read marker positions from a .trc file.

    Parameters
    ----------
    path : path-like
        The file; cells separated by tabs or commas.
    trial : str, default=None
        Name of the trial. None: the file's name without its extension.
    check_row_count : bool, default=True
        False: read a table that ends too early, and say nothing of a number of rows that contradicts ``NumFrames``.

    Returns
    -------
    DataFrame of shape (n_frames, 3 * n_markers)
        Positions [m], NaN where a marker is missing (an empty cell); index levels "trial" and
        "time" [s]. The columns are plain strings ``<marker>_x``, ``<marker>_y``, ``<marker>_z``,
        marker after marker, since scikit-learn takes no others; markers of equal names that hold different positions
        have the position of their column in the name. `attrs`: "source", "header" (dict
        as in the file), "markers" (list of names), "units" ("m").

    Raises
    ------
    ValueError
        If the file is not such a table or is damaged: header lines missing, an unknown unit of
        length, ragged rows, cells that are no numbers, time that is NaN, an end within the last row, a wrong number of
        markers. The message names file, line and column.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        If two markers have one name, time repeats or goes back, or there are not as many frames as the header says.

    Examples
    --------
    >>> from sk_bionic.io import read_trc
    >>> markers = read_trc("walk.trc")  # doctest: +SKIP
    >>> markers["R.ASIS_x"]  # doctest: +SKIP
    """
    path = Path(path)
    whole = _text.read_lines(path)
    lines = _text.without_trailing_blanks(whole)
    header = _parse_header(path, lines)
    scale = _scale(path, header)
    separator = _text.separator_of(lines[_LABEL_LINE - 1])
    markers = _parse_markers(path, lines, separator)
    n_markers = _text.parse_count(path, header.get("NumMarkers", ""), "NumMarkers", 3)
    if n_markers != len(markers):
        message = f"NumMarkers={n_markers}, but {len(markers)} markers are named."
        raise _text.fault(path, message, _LABEL_LINE)
    start = _AXIS_LINE
    while start < len(lines) and not lines[start].strip(" \t,"):
        start += 1
    if start == len(lines):
        raise _text.fault(path, "no rows follow the header.", _AXIS_LINE)
    columns = [f"{marker}_{axis}" for marker in markers for axis in _AXES]
    labels = ["Frame#", "time", *columns]
    values = _text.parse_rows(path, lines[start:], start + 1, labels, separator, group=3)
    time = values[:, 1]
    notes = []
    _text.check_time(path, time, start + 1, notes)
    columns, values = _text.settle_labels(columns, values[:, 2:], 2, notes)
    if check_row_count:
        n_frames = _text.parse_count(path, header.get("NumFrames", ""), "NumFrames", 3)
        _text.check_row_count(path, n_frames, len(values), "NumFrames", whole, notes)
    _text.warn(path, notes)
    attrs = {"header": header, "markers": markers, "units": "m"}
    return _text.trial_frame(path, trial, time, scale * values, columns, attrs)


def _parse_header(path, lines):
    """Names of line 2 with the values of line 3, as strings."""
    if not lines[0].lower().startswith("pathfiletype"):
        raise _text.fault(path, "a .trc file begins with 'PathFileType'.", 1)
    if len(lines) < _AXIS_LINE:
        raise _text.fault(path, "the header has five lines: the file is truncated.", len(lines))
    # Writers disagree on how many tabs stand between the values; beside tabs, a comma stands in a number.
    commas = "," if "\t" not in lines[1] else " "
    names, values = (lines[i].replace(commas, " ").split() for i in (1, 2))
    if len(names) != len(values):
        message = f"{len(values)} values for the {len(names)} names of line 2."
        raise _text.fault(path, message, 3)
    return dict(zip(names, values, strict=True))


def _scale(path, header):
    return _units.metres(path, header.get("Units", ""), "Units", 3)


def _parse_markers(path, lines, separator):
    """Names of the markers, one above every three axes."""
    cells = _text.split_cells(lines[_LABEL_LINE - 1], separator)
    # "Frame" and "Times" are written, too
    if [cell.lower().rstrip("#s") for cell in cells[:2]] != ["frame", "time"]:
        message = f"must begin with 'Frame#' and 'Time'. Got {cells[:2]}."
        raise _text.fault(path, message, _LABEL_LINE)
    axes = [cell for cell in _text.split_cells(lines[_AXIS_LINE - 1], separator) if cell]
    for i, axis in enumerate(axes):
        if axis[0].lower() != _AXES[i % 3]:
            message = f"axes must come as X, Y, Z for each marker. Got {axis[:40]!r}."
            raise _text.fault(path, message, _AXIS_LINE)
    markers = [cell for cell in cells[2:] if cell]
    if axes and len(axes) != 3 * len(markers):
        message = f"{len(axes)} axes for {len(markers)} markers, three each are needed."
        raise _text.fault(path, message, _AXIS_LINE)
    return markers
