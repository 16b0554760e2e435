"""C3D files of motion laboratories: analog channels, markers and force plates in one time axis."""

from pathlib import Path

import numpy as np

from sk_bionic.io._c3d_layout import check_layout
from sk_bionic.io._text import fault, trial_frame

__all__ = ["read_c3d"]

_CONTENTS = ("analog", "markers", "force_plates")
_METRES = {"": 1e-3, "mm": 1e-3, "cm": 1e-2, "dm": 1e-1, "m": 1.0}
_NEWTON_METRES = {"Nmm": 1e-3, "Nm": 1.0, "N.mm": 1e-3, "N.m": 1.0}
_AXES = ("x", "y", "z")


def read_c3d(path, *, contents="analog", trial=None):
    """Read a C3D file; needs ezc3d, the extra ``[c3d]``.

    Parameters
    ----------
    path : path-like
        The file.
    contents : {"analog", "markers", "force_plates"}, default="analog"
        "analog": every analog channel, EMG among them, as scaled by the file. "markers":
        positions, NaN where a marker is missing. "force_plates": force, moment, centre of
        pressure and free moment of each plate in the laboratory's axes.
    trial : str, default=None
        Name of the trial. None: the file's name without its extension.

    Returns
    -------
    DataFrame of shape (n_frames, n_columns)
        Index levels "trial" and "time" [s], zero at the file's first frame for all contents.
        Columns: the channels' labels (a channel without label, or with one that came before, gets
        its number: ``channel_12``, ``EMG_12``); ``<marker>_x`` (and y, z) [m];
        ``plate_1_force_x`` [N], ``plate_1_moment_x`` [N m], ``plate_1_center_of_pressure_x`` [m],
        ``plate_1_free_moment_x`` [N m] and so on. `attrs`: "source", "sampling_rate" [Hz],
        "first_frame" (its number in the recording), "units" (dict, column to unit; those of
        analog channels as in the file).

    Raises
    ------
    ImportError
        If ezc3d is not installed.
    ValueError
        If the file is no C3D file, is truncated or contradicts itself, or does not hold the
        `contents`. Pointers, counts and lengths are checked before ezc3d is given the file.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> from sk_bionic.io import read_c3d
    >>> analog = read_c3d("walking.c3d")  # doctest: +SKIP
    >>> markers = read_c3d("walking.c3d", contents="markers")  # doctest: +SKIP
    """
    if contents not in _CONTENTS:
        raise ValueError(f"`contents` must be one of {list(_CONTENTS)}. Got {contents!r}.")
    path = Path(path)
    layout = check_layout(path)
    if contents == "force_plates":
        layout.check_force_plates(path)
    recording = _load(path, layout, with_plates=contents == "force_plates")
    read = {"analog": _analog, "markers": _markers, "force_plates": _force_plates}[contents]
    values, units = read(path, layout, recording)
    rate = layout.point_rate * (1 if contents == "markers" else layout.samples_per_frame)
    attrs = {"sampling_rate": rate, "first_frame": layout.first_frame, "units": units}
    time = np.arange(len(values)) / rate
    return trial_frame(path, trial, time, values, list(units), attrs)


def _load(path, layout, with_plates):
    """ezc3d's view of a file whose layout has been checked."""
    try:
        import ezc3d
    except ImportError as error:
        raise ImportError('C3D files are read by ezc3d: pip install "sk_bionic[c3d]".') from error
    try:
        recording = ezc3d.c3d(str(path), extract_forceplat_data=with_plates)
    except Exception as error:  # the types that reach Python depend on ezc3d's version
        raise fault(path, f"ezc3d cannot read the file: {error}") from error
    points, analogs = recording["data"]["points"], recording["data"]["analogs"]
    n_frames = points.shape[2] if layout.n_points else analogs.shape[2] // layout.samples_per_frame
    expected = (layout.n_points, layout.n_channels, n_frames * layout.samples_per_frame)
    got = (points.shape[1], analogs.shape[1], analogs.shape[2])
    if n_frames < layout.n_frames or (layout.n_channels and got != expected):
        raise fault(path, f"ezc3d read {got} markers, channels and samples, not {expected}.")
    layout.check_length(path, n_frames)
    return recording


def _analog(path, layout, recording):
    if not layout.n_channels:
        raise fault(path, "there are no analog channels.")
    labels = _labels(recording, "ANALOG", layout.n_channels, "channel")
    units = _texts(recording, "ANALOG", "UNITS")
    units += [""] * (layout.n_channels - len(units))
    return recording["data"]["analogs"][0].T, dict(zip(labels, units))


def _markers(path, layout, recording):
    if not layout.n_points:
        raise fault(path, "there are no markers.")
    labels = _labels(recording, "POINT", layout.n_points, "marker")
    unit = (_texts(recording, "POINT", "UNITS") or [""])[0]
    positions = _scale(path, _METRES, unit) * recording["data"]["points"][:3]
    missing = recording["data"]["meta_points"]["residuals"][0] < 0
    positions[:, missing] = np.nan
    columns = [f"{label}_{axis}" for label in labels for axis in _AXES]
    return positions.transpose(2, 1, 0).reshape(-1, len(columns)), dict.fromkeys(columns, "m")


def _force_plates(path, layout, recording):
    values, units = [], {}
    for number, plate in enumerate(recording["data"]["platform"], 1):
        torque = _scale(path, _NEWTON_METRES, plate["unit_moment"])
        length = _scale(path, _METRES, plate["unit_position"])
        quantities = {
            "force": (plate["force"], 1.0, "N"),
            "moment": (plate["moment"], torque, "N m"),
            "center_of_pressure": (plate["center_of_pressure"], length, "m"),
            "free_moment": (plate["Tz"], torque, "N m"),
        }
        for name, (signal, scale, unit) in quantities.items():
            values.append(scale * signal)
            units.update({f"plate_{number}_{name}_{axis}": unit for axis in _AXES})
    if not values:
        raise fault(path, "there are no force plates.")
    return np.concatenate(values).T, units


def _scale(path, scales, unit):
    if unit.strip() not in scales:
        raise fault(path, f"unknown unit {unit[:20]!r}, expected one of {[u for u in scales if u]}.")
    return scales[unit.strip()]


def _texts(recording, group, name):
    parameters = recording["parameters"].get(group, {})
    value = parameters[name]["value"] if name in parameters else []
    # Old systems wrote bytes that are no UTF-8; ezc3d hands them on as surrogates, which no other library takes.
    readable = lambda text: text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return [readable(text).strip() for text in value] if isinstance(value, list) else []


def _labels(recording, group, n_labels, placeholder):
    """Labels from "LABELS", "LABELS2" and so on, made different from one another."""
    texts, name, number = [], "LABELS", 1
    while len(texts) < n_labels and name in recording["parameters"][group]:
        texts += _texts(recording, group, name)
        number += 1
        name = f"LABELS{number}"
    texts += [""] * (n_labels - len(texts))
    labels = {}
    for position, text in enumerate(texts[:n_labels], 1):
        label = text or f"{placeholder}_{position}"
        while label in labels:
            label = f"{label}_{position}"
        labels[label] = None
    return list(labels)
