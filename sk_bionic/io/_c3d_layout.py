"""Is a C3D file what its header says? Asked before the file reaches ezc3d.

ezc3d trusts a file: it fills up truncated data with zeros and may end the process on a damaged
parameter section. Everything that it will follow (pointers, dimensions, counts) is checked here.

References
----------
Motion Lab Systems, "The C3D File Format", https://www.c3d.org/docs/C3D_User_Guide.pdf.
"""

import math
import struct
from dataclasses import dataclass
from pathlib import Path

from sk_bionic.io._text import fault

BLOCK = 512  # bytes
_MAGIC = 0x50
_ORDERS = {84: "<", 85: "<", 86: ">"}  # Intel, DEC, MIPS
_DEC = 85
_FORMATS = {1: "b", 2: "h", 4: "f"}
_LONGEST = 65535  # frames that the header's 16 bits can count
_CHARACTERS = -1


@dataclass(frozen=True)
class Parameter:
    """One parameter: the size of its items in bytes (-1: characters), dimensions, values."""

    kind: int
    dimensions: tuple
    values: tuple | bytes


@dataclass(frozen=True)
class Layout:
    """What a C3D file holds: counts of the data section and the parameters.

    Attributes
    ----------
    n_points, n_channels, n_frames, samples_per_frame : int
        Markers, analog channels, frames of markers, analog samples of a channel a frame.
    point_rate : float
        Frames of markers per second [Hz].
    first_frame : int
        Number of the first frame in the recording.
    parameters : dict
        (group, name), in capitals, to `Parameter`.
    item_size, n_bytes : int
        Bytes of a value of the data section and bytes from its beginning to the file's end.
    """

    n_points: int
    n_channels: int
    n_frames: int
    samples_per_frame: int
    point_rate: float
    first_frame: int
    parameters: dict
    item_size: int
    n_bytes: int

    def check_length(self, path, n_frames):
        """ValueError where the file is too short for this number of frames."""
        values = 4 * self.n_points + self.n_channels * self.samples_per_frame
        needed = n_frames * values * self.item_size
        if needed > self.n_bytes:
            raise fault(
                path,
                f"{n_frames} frames of {self.n_points} markers and {self.n_channels} analog "
                f"channels need {needed} bytes of data, the file has {self.n_bytes}: it is "
                "truncated or its header is damaged.",
            )

    def check_force_plates(self, path):
        """ValueError where the force plates' parameters do not describe channels of this file."""
        group = {n: p for (g, n), p in self.parameters.items() if g == "FORCE_PLATFORM"}
        used = group["USED"].values[0] if "USED" in group and group["USED"].values else 0
        if used < 1 or not self.n_channels:
            raise fault(path, "there are no force plates.")
        lengths = {"TYPE": used, "CORNERS": 12 * used, "ORIGIN": 3 * used, "CHANNEL": 6 * used}
        for name, length in lengths.items():
            parameter = group.get(name)
            if parameter is None or parameter.kind < 0 or len(parameter.values) < length:
                message = f"FORCE_PLATFORM:{name} must hold {length} numbers for {used} plates."
                raise fault(path, message)
        wrong = [c for c in group["CHANNEL"].values if not 0 <= c <= self.n_channels]
        if wrong:
            message = f"FORCE_PLATFORM:CHANNEL names channel {wrong[0]:g} of {self.n_channels}."
            raise fault(path, message)


def check_layout(path):
    """Layout of a C3D file; ValueError naming file and place where it contradicts itself."""
    raw = Path(path).read_bytes()
    if len(raw) < 2 * BLOCK:
        raise fault(path, f"{len(raw)} bytes are no C3D file: the header alone has {BLOCK}.")
    if raw[1] != _MAGIC:
        raise fault(path, f"not a C3D file: its second byte must be 0x50. Got 0x{raw[1]:02x}.")
    start = (raw[0] - 1) * BLOCK
    if not BLOCK <= start <= len(raw) - BLOCK:
        raise fault(
            path, f"byte 0: the parameters would begin in block {raw[0]}, outside the file."
        )
    processor = raw[start + 3]
    if processor not in _ORDERS:
        raise fault(path, f"byte {start + 3}: processor {processor} is not 84, 85 or 86.")
    header = struct.unpack_from(_ORDERS[processor] + "5H", raw, 2)
    data_block, samples = struct.unpack_from(_ORDERS[processor] + "2H", raw, 16)
    data_start = (data_block - 1) * BLOCK
    if not start < data_start <= len(raw):
        raise fault(path, f"byte 16: the data would begin in block {data_block}, outside the file.")
    parameters = _Section(path, raw, start, data_start, processor).parameters()
    rate = _float(raw, 20, processor)
    if not (math.isfinite(rate) and rate > 0):
        raise fault(path, f"byte 20: the frame rate must be positive. Got {rate:g} Hz.")
    item = 4 if _float(raw, 12, processor) < 0 else 2
    layout = _layout(path, header, samples, rate, parameters, item, len(raw) - data_start)
    _check_parameters(path, layout, header[3])
    _check_rotations(path, layout)
    layout.check_length(path, layout.n_frames)
    return layout


def _layout(path, header, samples, rate, parameters, item, n_bytes):
    n_points, n_analog, first, last, _ = header
    if n_analog and (samples == 0 or n_analog % samples):
        raise fault(
            path, f"byte 18: {n_analog} analog values a frame are not {samples} samples of each."
        )
    if last < first:
        raise fault(path, f"byte 6: the frames run from {first} to {last}.")
    n_channels = n_analog // samples if n_analog else 0
    n_frames = last - first + 1
    return Layout(n_points, n_channels, n_frames, samples, rate, first, parameters, item, n_bytes)


def _check_parameters(path, layout, last_frame):
    """The parameters that ezc3d relies on must be there and agree with the header."""
    n_channels = layout.n_channels
    _agree(path, layout, ("POINT", "USED"), layout.n_points)
    _agree(path, layout, ("POINT", "RATE"), layout.point_rate, tolerance=1e-2)
    if last_frame != _LONGEST:
        _agree(path, layout, ("POINT", "FRAMES"), layout.n_frames)
    if not n_channels:
        return
    _agree(path, layout, ("ANALOG", "USED"), n_channels)
    rate = layout.point_rate * layout.samples_per_frame
    _agree(path, layout, ("ANALOG", "RATE"), rate, tolerance=1e-2)
    # Dimensions are bytes: further channels are described elsewhere ("SCALE2").
    lengths = {"GEN_SCALE": 1, "SCALE": min(n_channels, 255), "OFFSET": min(n_channels, 255)}
    for name, length in lengths.items():
        parameter = layout.parameters.get(("ANALOG", name))
        if parameter is None or parameter.kind == _CHARACTERS or len(parameter.values) < length:
            raise fault(path, f"ANALOG:{name} must hold a number for each of {length} channels.")


def _check_rotations(path, layout):
    """ezc3d makes room for rotations, a byte each at the least, before it looks at the file."""
    used, ratio = (layout.parameters.get(("ROTATION", name)) for name in ("USED", "RATIO"))
    for parameter in (used, ratio):
        if parameter is None:
            return
        if parameter.kind == _CHARACTERS or len(parameter.values) != 1 or parameter.values[0] < 0:
            raise fault(path, "ROTATION:USED and ROTATION:RATIO must be counts.")
    if max(used.values[0], 1) * ratio.values[0] * layout.n_frames > layout.n_bytes:
        raise fault(
            path,
            f"ROTATION promises {used.values[0]:g} rotations, {ratio.values[0]:g} times a frame: "
            "more than the file has room for.",
        )


def _agree(path, layout, key, expected, *, tolerance=0.0):
    parameter = layout.parameters.get(key)
    if parameter is None or parameter.kind == _CHARACTERS or len(parameter.values) != 1:
        raise fault(path, f"the parameter {':'.join(key)} must be one number.")
    value = parameter.values[0]
    # A count beyond 32767 fills the sign bit.
    value = value + 2**16 if value < 0 else value
    if not abs(value - expected) <= tolerance * expected:
        raise fault(
            path, f"the header says {expected:g}, the parameter {':'.join(key)} says {value:g}."
        )


def _float(raw, offset, processor):
    if processor == _DEC:
        # Words swapped, and an exponent larger by 2 than IEEE's.
        words = raw[offset + 2 : offset + 4] + raw[offset : offset + 2]
        return struct.unpack("<f", words)[0] / 4
    return struct.unpack_from(_ORDERS[processor] + "f", raw, offset)[0]


class _Section:
    """The chain of groups and parameters between two offsets of a file."""

    def __init__(self, path, raw, start, stop, processor):
        self.path, self.raw, self.start, self.stop = path, raw, start, stop
        self.processor, self.order = processor, _ORDERS[processor]

    def parameters(self):
        """(group, name) -> Parameter."""
        groups, found = {}, []
        position = self.start + 4
        while True:
            length = abs(self._unpack("b", position))
            if length == 0:
                break
            identity = self._unpack("b", position + 1)
            pointer = position + 2 + length
            step = self._unpack("h", pointer)
            name = self.raw[position + 2 : pointer].decode("latin-1").upper()
            following = pointer + step if step else self.stop
            if step < 0 or following > self.stop or identity == 0:
                raise self._fault(position, f"the entry {name!r} points outside the section.")
            if identity < 0:
                self._group(pointer + 2, following if step else None, name)
                groups[-identity] = name
            else:
                found.append((identity, name, self._parameter(pointer + 2, following, name)))
            if not step:
                break
            position = following
        for identity, name, _ in found:
            if identity not in groups:
                raise self._fault(self.start, f"parameter {name!r} belongs to no group.")
        return {(groups[i], name): parameter for i, name, parameter in found}

    def _group(self, position, following, name):
        """A group is nothing but its description: what is longer is a parameter gone astray."""
        after = position + 1 + self._unpack("B", position)
        if after > self.stop or following not in (None, after):
            raise self._fault(position, f"the description of group {name!r} misses its end.")

    def _parameter(self, position, following, name):
        kind, n_dimensions = self._unpack("b", position), self._unpack("B", position + 1)
        if kind not in (_CHARACTERS, *_FORMATS):
            raise self._fault(position, f"parameter {name!r} has the unknown type {kind}.")
        if n_dimensions > 7:
            raise self._fault(position + 1, f"parameter {name!r} has {n_dimensions} dimensions.")
        if kind == _CHARACTERS and not n_dimensions:
            raise self._fault(position, f"parameter {name!r} holds text without a length.")
        first = position + 2 + n_dimensions
        dimensions = tuple(self.raw[position + 2 : first])
        n_values = math.prod(dimensions)
        after = first + n_values * abs(kind)
        if after >= following:
            raise self._fault(position, f"parameter {name!r} is longer than its place.")
        self._description(after, following, name)
        return Parameter(kind, dimensions, self._values(kind, first, n_values))

    def _values(self, kind, first, n_values):
        if kind == _CHARACTERS:
            return self.raw[first : first + n_values]
        if kind == 4:
            return tuple(_float(self.raw, first + 4 * i, self.processor) for i in range(n_values))
        return struct.unpack_from(f"{self.order}{n_values}{_FORMATS[kind]}", self.raw, first)

    def _description(self, position, following, name):
        if position + 1 + self._unpack("B", position) > following:
            raise self._fault(position, f"the description of {name!r} is longer than its place.")

    def _unpack(self, code, position):
        if position + struct.calcsize(code) > self.stop:
            raise self._fault(position, "the section ends in the middle of an entry.")
        return struct.unpack_from(self.order + code, self.raw, position)[0]

    def _fault(self, position, message):
        return fault(self.path, f"parameter section, byte {position}: {message}")
