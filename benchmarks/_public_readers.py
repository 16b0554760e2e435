"""The same file through our readers and through those of others, in one form: names, times, values in SI units.

A reader returns a `Content` or raises. What OpenSim, ezc3d and c3d return is brought into our form here, so that a
difference is one of the values that a file holds.
"""

import warnings
from dataclasses import dataclass, field, replace

import numpy as np

from sk_bionic.io import read_c3d, read_sto, read_trc
from sk_bionic.io._text import settle_labels

_MILLIMETRE = 1e-3


class NothingError(Exception):
    """The file does not hold what was asked for."""


@dataclass
class Content:
    """Named arrays; "time" where the kind has one.

    `one_row_a_time`: the reader keeps the last of several rows of one time and says nothing. `unread`: what comes
    before a name's comma, where the reader says that it cannot read it. `quaternions`: it scales them to length 1.
    """

    values: dict = field(default_factory=dict)
    one_row_a_time: bool = False
    unread: set = field(default_factory=set)
    quaternions: bool = False

    def difference(self, other, tolerance):
        """Empty where two contents agree, else the first difference in words."""
        if other.one_row_a_time:
            return self._last_of_a_time().difference(Content(other.values), tolerance)
        if other.quaternions:
            return self._of_length_one().difference(Content(other.values), tolerance)
        known = lambda name: name.rsplit(",", 1)[0] not in self.unread
        if missing := sorted(filter(known, set(self.values) ^ set(other.values))):
            return f"{missing[0]!r} is in one of them only ({len(missing)} such names)"
        for name, ours in self.values.items():
            if known(name) and (text := _difference(ours, other.values[name], tolerance)):
                return f"{name!r}: {text}"
        return ""

    def _of_length_one(self):
        part = lambda name: name.rsplit("_", 1)[0]
        length = {}
        for name, value in self.values.items():
            length[part(name)] = np.hypot(length.get(part(name), 0.0), value)
        scaled = {name: value if name == "time" else value / length[part(name)] for name, value in self.values.items()}
        return Content(scaled)

    def _last_of_a_time(self):
        last = np.append(np.diff(self.values["time"]) != 0, True)
        return Content({name: np.asarray(value)[last] for name, value in self.values.items()})


def _difference(ours, theirs, tolerance):
    if isinstance(ours, str) or isinstance(theirs, str):
        return "" if ours == theirs else f"{ours} against {theirs}"
    ours, theirs = (np.asarray(x, dtype=np.float64) for x in (ours, theirs))
    if ours.shape != theirs.shape:
        return f"shape {ours.shape} against {theirs.shape}"
    if (np.isnan(ours) != np.isnan(theirs)).any():
        return f"{np.isnan(ours).sum()} against {np.isnan(theirs).sum()} missing values"
    known = np.isfinite(ours) & np.isfinite(theirs)
    scale = max(np.abs(theirs[known]).max(initial=0.0), 1e-12)
    error = np.abs(ours - theirs)[known].max(initial=0.0)
    same = error <= tolerance * scale and np.array_equal(ours[~known], theirs[~known], equal_nan=True)
    return "" if same else f"{error:.3g} apart, the largest value being {scale:.3g}"


def our_table(path):
    """Storage file as it is written, unconverted."""
    table = read_sto(path, degrees=False, check_row_count=True)
    return Content({"time": table.index.get_level_values("time"), **_columns(table)})


def our_markers(path):
    table = read_trc(path)
    return Content({"time": table.index.get_level_values("time"), **_columns(table)})


def our_c3d(path):
    found = {}
    for contents in ("markers", "analog"):
        try:
            table = read_c3d(path, contents=contents)
        except ValueError as error:
            if "there are no" not in str(error):
                raise
            continue
        found[contents] = table.to_numpy()
        found[f"{contents}, Hz"] = table.attrs["sampling_rate"]
    return Content(found)


def _columns(table):
    return {name: table[name].to_numpy() for name in table.columns}


def ezc3d_c3d(path):
    import ezc3d

    from sk_bionic.io import _units

    recording = ezc3d.c3d(str(path))
    points, analogs = recording["data"]["points"][:3].copy(), recording["data"]["analogs"][0].T
    points[:, recording["data"]["meta_points"]["residuals"][0] < 0] = np.nan
    units = recording["parameters"]["POINT"].get("UNITS", {}).get("value") or ["mm"]
    header = recording["header"]
    found = {}
    if points.shape[1]:
        metre = _units.length(units[0]) or _MILLIMETRE
        found["markers"] = metre * points.transpose(2, 1, 0).reshape(points.shape[2], -1)
        found["markers, Hz"] = header["points"]["frame_rate"]
    if analogs.shape[1]:
        found["analog"], found["analog, Hz"] = analogs, header["analogs"]["frame_rate"]
    return Content(found)


def pure_c3d(path):
    import c3d

    from sk_bionic.io import _units

    with open(path, "rb") as file:
        reader = c3d.Reader(file)
        frames = list(reader.read_frames())
    found = {}
    if reader.point_used:
        points = np.array([frame[1][:, :4] for frame in frames], dtype=np.float64)
        points[points[:, :, 3] < 0] = np.nan
        unit = reader.get("POINT:UNITS")
        metre = _units.length(unit.bytes.decode("latin-1").split("\0")[0]) if unit is not None else None
        found["markers"] = (metre or _MILLIMETRE) * points[:, :, :3].reshape(len(frames), -1)
        found["markers, Hz"] = reader.point_rate
    if reader.analog_used:
        found["analog"] = np.concatenate([frame[2].T for frame in frames])
        found["analog, Hz"] = reader.point_rate * reader.analog_per_frame
    return Content(found)


def opensim_table(path):
    """By the reader of tables, and where it refuses by the older one of storages, which the tools use."""
    import opensim

    try:
        table = opensim.TimeSeriesTable(str(path))
    except RuntimeError:
        # Storage looks for this line without end.
        if not any(line.strip() == b"endheader" for line in path.read_bytes().splitlines()):
            raise
        return _opensim_vectors(path) or opensim_storage(path)
    return table_content(table)


def table_content(table):
    """A table of OpenSim."""
    return _named(table.getIndependentColumn(), list(table.getColumnLabels()), table.getMatrix().to_numpy())


def _named(time, labels, values, **options):
    """Columns by name; those of one name as `read_sto` tells them apart."""
    labels, values = settle_labels(labels, values, 1, [])
    columns = {label: values[:, i] for i, label in enumerate(labels)}
    return Content({"time": np.array(time), **columns}, **options)


def _opensim_vectors(path):
    """A table of vectors, flattened by OpenSim."""
    import opensim

    for kind in ("Vec3", "Quaternion", "SpatialVec"):
        if f"datatype={kind.lower()}".encode() in path.read_bytes()[:2000].lower():
            found = table_content(getattr(opensim, f"TimeSeriesTable{kind}")(str(path)).flatten())
            return replace(found, quaternions=kind == "Quaternion")
    return None


def opensim_storage(path, storage=None):
    """As OpenSim's older reader has it."""
    import opensim

    storage = opensim.Storage(str(path)) if storage is None else storage
    labels = [storage.getColumnLabels().get(i) for i in range(storage.getColumnLabels().getSize())]
    rows = [storage.getStateVector(i) for i in range(storage.getSize())]
    if not rows:
        raise NothingError("no rows")
    values = np.array([[row.getData().get(i) for i in range(row.getSize())] for row in rows], dtype=np.float64)
    if values.shape[1] != len(labels) - 1:
        raise RuntimeError(f"Storage holds {values.shape[1]} columns under {len(labels) - 1} labels.")
    return _named([row.getTime() for row in rows], labels[1:], values, one_row_a_time=True)


def opensim_markers(path):
    import opensim

    from sk_bionic.io import _units

    table = opensim.TimeSeriesTableVec3(str(path))
    metre = _units.length(table.getTableMetaDataString("Units"))
    flat = table.flatten(["_x", "_y", "_z"])
    matrix = metre * flat.getMatrix().to_numpy()
    columns = {label: matrix[:, i] for i, label in enumerate(flat.getColumnLabels())}
    return Content({"time": np.array(table.getIndependentColumn()), **columns})


def quietly(reader, path):
    """A reader without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return reader(path)
