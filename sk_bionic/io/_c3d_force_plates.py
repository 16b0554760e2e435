"""Force plates of a C3D file: force, moment, centre of pressure and free moment in the laboratory's axes.

References
----------
Motion Lab Systems, "The C3D File Format", https://www.c3d.org/docs/C3D_User_Guide.pdf, "FORCE_PLATFORM:TYPE".
"""

from dataclasses import dataclass

import numpy as np

from sk_bionic.io import _units
from sk_bionic.io._c3d_data import analog
from sk_bionic.io._text import fault

_N_CHANNELS = {1: 6, 2: 6, 3: 8, 4: 6}  # by type of plate


@dataclass(frozen=True)
class Plate:
    """One force plate; lengths in m.

    Attributes
    ----------
    kind : int
        FORCE_PLATFORM:TYPE.
    corners : ndarray of shape (4, 3)
        In the laboratory's axes.
    origin : ndarray of shape (3,)
        From the sensors' origin to the middle of the surface, in the plate's axes.
    calibration : ndarray of shape (6, 6)
        From channels to forces and moments (type 4).
    units : tuple of float
        N and N m (type 1: N, m and N m) in a unit of the channels.
    correction : ndarray of shape (2, 2, 3), or None
        Coefficients of Kistler's polynomial for the centre of pressure (type 3): even powers (4, 2, 0) of the other
        coordinate, for the third and the first power of the coordinate itself, for x and for y.
    metre : float
        The file's unit of length, in which the polynomial is given.
    """

    kind: int
    corners: np.ndarray
    origin: np.ndarray
    calibration: np.ndarray
    units: tuple
    correction: np.ndarray | None = None
    metre: float = 1.0

    def quantities(self, channels):
        """Force [N], moment about the middle of the surface [N m], centre of pressure [m], free moment [N m].

        Parameters
        ----------
        channels : ndarray of shape (n_samples, 6 or 8)

        Returns
        -------
        dict of str to ndarray of shape (n_samples, 3)
        """
        force, moment, center = {1: self._center_given, 3: self._eight_forces}.get(self.kind, self._wrench)(channels)
        if center is None:
            with np.errstate(divide="ignore", invalid="ignore"):
                x, y = -moment[:, 1] / force[:, 2], moment[:, 0] / force[:, 2]
            center = self._corrected(np.stack([x, y, np.zeros(len(x))], axis=1))
            center[~np.isfinite(center).all(axis=1)] = np.nan  # nobody on the plate
        axes = self._axes()
        return {
            "force": force @ axes,
            "moment": moment @ axes,
            "center_of_pressure": center @ axes + self.corners.mean(axis=0),
            "free_moment": (moment - np.cross(center, force)) @ axes,
        }

    def _corrected(self, center):
        """Kistler's correction: x less a polynomial odd in x and even in y, and the other way round."""
        if self.correction is None:
            return center
        own = center[:, :2] / self.metre
        other = own[:, ::-1]
        even = np.stack([other**4, other**2, np.ones_like(other)], axis=-1)
        cubic, linear = np.einsum("nik,ijk->jni", even, self.correction)
        return center - self.metre * np.pad(cubic * own**3 + linear * own, ((0, 0), (0, 1)))

    def _axes(self):
        """The plate's axes, a row each, in those of the laboratory."""
        x, y = self.corners[0] - self.corners[1], self.corners[0] - self.corners[3]
        z = np.cross(x, y)
        axes = np.stack([x, np.cross(z, x), z])
        return axes / np.linalg.norm(axes, axis=1, keepdims=True)

    def _center_given(self, channels):
        """Type 1: force, centre of pressure, free moment."""
        newton, metre, newton_metre = self.units
        force, zero = newton * channels[:, :3], np.zeros(len(channels))
        center = np.stack([metre * channels[:, 3], metre * channels[:, 4], zero], axis=1)
        free = np.stack([zero, zero, newton_metre * channels[:, 5]], axis=1)
        return force, np.cross(center, force) + free, center

    def _wrench(self, channels):
        """Types 2 and 4: force and moment about the sensors' origin."""
        newton, newton_metre = self.units
        channels = channels @ self.calibration.T if self.kind == 4 else channels
        force = newton * channels[:, :3]
        # The surface lies above the sensors, and z points down: a positive depth is a sign that was forgotten.
        origin = -self.origin if self.origin[2] > 0 else self.origin
        return force, newton_metre * channels[:, 3:] + np.cross(force, origin), None

    def _eight_forces(self, channels):
        """Type 3: fx12, fx34, fy14, fy23, fz1 to fz4 of sensors at +-origin."""
        c = self.units[0] * channels.T
        a, b, depth = self.origin[0], self.origin[1], -abs(self.origin[2])
        force = np.stack([c[0] + c[1], c[2] + c[3], c[4:].sum(axis=0)], axis=1)
        x = b * (c[4] + c[5] - c[6] - c[7])
        y = a * (c[5] + c[6] - c[4] - c[7])
        z = b * (c[1] - c[0]) + a * (c[2] - c[3])
        return force, np.stack([x, y, z], axis=1) + np.cross(force, [0.0, 0.0, depth]), None


def read_force_plates(layout):
    """The plates' quantities by number, and notes on plates that are left out.

    Returns
    -------
    dict of int to dict of str to ndarray of shape (n_samples, 3)
    list of str
    """
    used = layout.parameters.one("FORCE_PLATFORM", "USED") or 0
    if not 1 <= used <= 1 << 15 or not layout.n_channels:
        raise fault(layout.path, "there are no force plates.")
    channels, values = _channels(layout, int(used)), analog(layout)
    found, notes = {}, []
    for i, named in enumerate(channels):
        try:
            plate = _plate(layout, i, named)
        except _NotReadableError as reason:
            notes.append(f"force plate {i + 1} is left out: {reason}")
        else:
            found[i + 1] = plate.quantities(values[:, named[: _N_CHANNELS[plate.kind]].astype(int) - 1])
    if not found:
        raise fault(layout.path, " ".join(notes))
    return found, notes


def plate_channels(layout):
    """Numbers of the channels, from 1, that belong to some plate; empty where the file does not tell."""
    used = layout.parameters.one("FORCE_PLATFORM", "USED") or 0
    try:
        return set(_channels(layout, int(used)).ravel().astype(int).tolist()) if 1 <= used <= 1 << 15 else set()
    except ValueError:  # damage that only those who ask for the plates have to know
        return set()


class _NotReadableError(Exception):
    """Why a plate is left out."""


def _plate(layout, i, channels):
    kind = int(_numbers(layout, "TYPE", i, 1)[0])
    if kind not in _N_CHANNELS:
        raise _NotReadableError(f"its FORCE_PLATFORM:TYPE is {kind}; 1, 2, 3 and 4 are read.")
    channels = channels[: _N_CHANNELS[kind]]
    if len(channels) < _N_CHANNELS[kind]:
        raise _NotReadableError(f"FORCE_PLATFORM:CHANNEL names {len(channels)} channels of {_N_CHANNELS[kind]}.")
    wrong = [c for c in channels if not 1 <= c <= layout.n_channels]
    if wrong:
        raise _NotReadableError(f"FORCE_PLATFORM:CHANNEL names channel {wrong[0]:g} of {layout.n_channels}.")
    metre = point_metres(layout)
    corners = metre * _numbers(layout, "CORNERS", i, 12).reshape(4, 3)
    if not np.linalg.norm(np.cross(corners[0] - corners[1], corners[0] - corners[3])) > 0:
        raise _NotReadableError("its FORCE_PLATFORM:CORNERS span no rectangle.")
    origin = metre * _numbers(layout, "ORIGIN", i, 3)
    matrix, units = _calibration(layout, kind, i), _channel_units(layout, kind, channels, metre)
    return Plate(kind, corners, origin, matrix, units, _polynomial(layout, kind, i), metre)


def point_metres(layout):
    """Metres in the file's unit of length."""
    unit = next(iter(layout.parameters.texts("POINT", "UNITS")), "")
    return _units.metres(layout.path, unit, "POINT:UNITS") if unit else 1e-3  # the guide's default


def _channel_units(layout, kind, channels, metre):
    texts = layout.parameters.texts("ANALOG", "UNITS")
    unit = lambda i: texts[int(channels[i]) - 1] if channels[i] <= len(texts) else ""
    newton = _units.newtons(unit(0)) or 1.0
    # Channels of a plate of type 4 are in volts; the matrix makes N and N times the unit of length.
    newton_metre = (_units.newton_metres(unit(5)) if kind != 4 else None) or newton * metre
    return (newton, _units.length(unit(3)) or metre, newton_metre) if kind == 1 else (newton, newton_metre)


def _calibration(layout, kind, i):
    """Identity where the file has no matrix."""
    parameter = layout.parameters.get("FORCE_PLATFORM", "CAL_MATRIX") if kind == 4 else None
    if parameter is None or not parameter.raw:
        return np.eye(6)
    # Stored column by column.
    return _numbers(layout, "CAL_MATRIX", i, 36).reshape(6, 6).T


def _polynomial(layout, kind, i):
    parameter = layout.parameters.get("FORCE_PLATFORM", "FPCOPPOLY") if kind == 3 else None
    if parameter is None or not parameter.raw:
        return None
    return _numbers(layout, "FPCOPPOLY", i, 12).reshape(2, 2, 3)


def _channels(layout, used):
    """Numbers of the plates' channels, from 1, of shape (n_plates, n_channels)."""
    parameter = layout.parameters.get("FORCE_PLATFORM", "CHANNEL")
    a_plate = parameter.dimensions[0] if parameter is not None and parameter.dimensions else 0
    found = None if parameter is None or parameter.is_text else parameter.counts
    if found is None or not a_plate or len(found) < a_plate * used:
        what = f"must name the channels of {used} plates"
        raise layout.parameters.missing("FORCE_PLATFORM", "CHANNEL", what)
    return found[: a_plate * used].reshape(used, a_plate)


def _numbers(layout, name, i, length):
    """The numbers of plate i."""
    parameter = layout.parameters.get("FORCE_PLATFORM", name)
    found = [] if parameter is None or parameter.is_text else parameter.numbers
    if len(found) < length * (i + 1):
        raise layout.parameters.missing("FORCE_PLATFORM", name, f"must hold {length * (i + 1)} numbers for the plates")
    return found[length * i : length * (i + 1)]
