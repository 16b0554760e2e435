"""C3D files of motion laboratories: analog channels, markers and force plates in one time axis."""

import warnings

import numpy as np

from sk_bionic.io._c3d_data import analog, positions
from sk_bionic.io._c3d_force_plates import plate_channels, point_metres, read_force_plates
from sk_bionic.io._c3d_layout import read_layout
from sk_bionic.io._quantities import is_no_voltage
from sk_bionic.io._text import fault, trial_frame

__all__ = ["read_c3d"]

_AXES = ("x", "y", "z")
_PLATE_UNITS = {"force": "N", "moment": "N m", "center_of_pressure": "m", "free_moment": "N m"}


def read_c3d(path, *, contents="analog", trial=None, check_row_count=True):
    """Read a C3D file.

    Integer and floating-point files of Intel, DEC and MIPS processors, of any length. Where header and parameters
    differ, the parameters hold, as the format's guide says; a parameter that is missing is taken from the header.

    Parameters
    ----------
    path : path-like
        The file.
    contents : {"analog", "markers", "force_plates"}, default="analog"
        "analog": every analog channel, EMG among them, as scaled by the file. "markers":
        positions, NaN where a marker is missing. "force_plates": force, moment about the middle of the surface, centre
        of pressure and free moment of each plate (types 1 to 4) in the laboratory's axes.
    trial : str, default=None
        Name of the trial. None: the file's name without its extension.
    check_row_count : bool, default=True
        False: read the frames that are there where the file is shorter than it says.

    Returns
    -------
    DataFrame of shape (n_frames, n_columns)
        Index levels "trial" and "time" [s]. Time runs on the recording's clock: zero is the recording's first frame,
        so that a file that was cut out of it begins at ``(first_frame - 1) / rate of the markers``.
        Columns: the channels' labels (a channel without label, or with one that came before, gets
        its number: ``channel_12``, ``EMG_12``); ``<marker>_x`` (and y, z) [m];
        ``plate_1_force_x`` [N], ``plate_1_moment_x`` [N m], ``plate_1_center_of_pressure_x`` [m],
        ``plate_1_free_moment_x`` [N m] and so on. `attrs`: "source", "sampling_rate" [Hz],
        "first_frame" (its number in the recording, from 1), "units" (dict, column to unit; those of
        analog channels as in the file). Of analog channels also "emg": those that are named so; where none is, those
        of no force plate and in no other unit than one of voltage.

    Raises
    ------
    ValueError
        If the file is no C3D file, is truncated, or does not hold the `contents`, or if what they need is damaged; the
        message names file and parameter. Damage elsewhere in the file is no reason.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        Where header and parameters give different rates, parameters are lost, the number of frames had to be taken
        from the file's length or a force plate is left out.

    References
    ----------
    Motion Lab Systems, "The C3D File Format", https://www.c3d.org/docs/C3D_User_Guide.pdf.

    Examples
    --------
    >>> from sk_bionic.io import read_c3d
    >>> analog = read_c3d("walking.c3d")  # doctest: +SKIP
    >>> markers = read_c3d("walking.c3d", contents="markers")  # doctest: +SKIP
    """
    readers = {"analog": _analog, "markers": _markers, "force_plates": _force_plates}
    if contents not in readers:
        raise ValueError(f"`contents` must be one of {list(readers)}. Got {contents!r}.")
    layout = read_layout(path, check_row_count=check_row_count)
    values, units, notes = readers[contents](layout)
    for note in (*layout.notes, *notes):
        warnings.warn(f"{layout.path.name}: {note} (file: {path})", UserWarning, stacklevel=2)
    rate = layout.rate * (1 if contents == "markers" else layout.samples_per_frame)
    attrs = {"sampling_rate": rate, "first_frame": layout.first_frame, "units": units}
    if contents == "analog":
        attrs["emg"] = _emg(layout, units)
    # Some programs count frames from 0.
    start = max(layout.first_frame - 1, 0) / layout.rate
    time = start + np.arange(len(values)) / rate
    return trial_frame(layout.path, trial, time, values, list(units), attrs)


def _analog(layout):
    if not layout.n_channels:
        raise fault(layout.path, "there are no analog channels.")
    labels = _labels(layout, "ANALOG", layout.n_channels, "channel")
    units = layout.parameters.texts("ANALOG", "UNITS")[: layout.n_channels]
    units += [""] * (layout.n_channels - len(units))
    notes = [
        f"the parameter ANALOG:{name} is missing, channels are not scaled by it."
        for name in ("GEN_SCALE", "SCALE", "OFFSET")
        if layout.parameters.numbers("ANALOG", name) is None
    ]
    if layout.parameters.one("ANALOG", "GEN_SCALE") == 0:
        notes.append("the parameter ANALOG:GEN_SCALE is 0, so all channels are.")
    return analog(layout), dict(zip(labels, units, strict=True)), notes


def _emg(layout, units):
    """Which channels can be EMG, list of str; a C3D file does not tell."""
    named = [label for label in units if "emg" in label.lower()]
    if named:
        return named
    plates = plate_channels(layout)
    return [label for i, label in enumerate(units, 1) if i not in plates and not is_no_voltage(units[label])]


def _markers(layout):
    if not layout.n_points:
        raise fault(layout.path, "there are no markers.")
    labels = _labels(layout, "POINT", layout.n_points, "marker")
    columns = [f"{label}_{axis}" for label in labels for axis in _AXES]
    values = point_metres(layout) * positions(layout)
    return values.reshape(-1, len(columns)), dict.fromkeys(columns, "m"), []


def _force_plates(layout):
    plates, notes = read_force_plates(layout)
    units = {
        f"plate_{number}_{name}_{axis}": unit
        for number in plates
        for name, unit in _PLATE_UNITS.items()
        for axis in _AXES
    }
    values = [quantities[name] for quantities in plates.values() for name in _PLATE_UNITS]
    return np.concatenate(values, axis=1), units, notes


def _labels(layout, group, n_labels, placeholder):
    """Labels from "LABELS", "LABELS2" and so on, made different from one another."""
    texts = layout.parameters.texts(group, "LABELS")[:n_labels]
    texts += [""] * (n_labels - len(texts))
    labels = {}
    for position, text in enumerate(texts, 1):
        label = text or f"{placeholder}_{position}"
        while label in labels:
            label = f"{label}_{position}"
        labels[label] = None
    return list(labels)
