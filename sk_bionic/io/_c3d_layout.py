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

from sk_bionic.io._c3d_parameters import CHARACTERS, ORDERS, Section, to_float
from sk_bionic.io._text import fault

BLOCK = 512  # bytes
_MAGIC = 0x50
_LONGEST = 65535  # frames that the header's 16 bits can count


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
        raise fault(path, f"byte 0: the parameters would begin in block {raw[0]}, outside the file.")
    processor = raw[start + 3]
    if processor not in ORDERS:
        raise fault(path, f"byte {start + 3}: processor {processor} is not 84, 85 or 86.")
    header = struct.unpack_from(ORDERS[processor] + "5H", raw, 2)
    data_block, samples = struct.unpack_from(ORDERS[processor] + "2H", raw, 16)
    data_start = (data_block - 1) * BLOCK
    if not start < data_start <= len(raw):
        raise fault(path, f"byte 16: the data would begin in block {data_block}, outside the file.")
    parameters = Section(path, raw, start, data_start, processor).parameters()
    rate = to_float(raw, 20, processor)
    if not (math.isfinite(rate) and rate > 0):
        raise fault(path, f"byte 20: the frame rate must be positive. Got {rate:g} Hz.")
    item = 4 if to_float(raw, 12, processor) < 0 else 2
    layout = _layout(path, header, samples, rate, parameters, item, len(raw) - data_start)
    _check_parameters(path, layout, header[3])
    _check_rotations(path, layout)
    layout.check_length(path, layout.n_frames)
    return layout


def _layout(path, header, samples, rate, parameters, item, n_bytes):
    n_points, n_analog, first, last, _ = header
    if n_analog and (samples == 0 or n_analog % samples):
        raise fault(path, f"byte 18: {n_analog} analog values a frame are not {samples} samples of each.")
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
        if parameter is None or parameter.kind == CHARACTERS or len(parameter.values) < length:
            raise fault(path, f"ANALOG:{name} must hold a number for each of {length} channels.")


def _check_rotations(path, layout):
    """ezc3d makes room for rotations, a byte each at the least, before it looks at the file."""
    used, ratio = (layout.parameters.get(("ROTATION", name)) for name in ("USED", "RATIO"))
    for parameter in (used, ratio):
        if parameter is None:
            return
        if parameter.kind == CHARACTERS or len(parameter.values) != 1 or parameter.values[0] < 0:
            raise fault(path, "ROTATION:USED and ROTATION:RATIO must be counts.")
    if max(used.values[0], 1) * ratio.values[0] * layout.n_frames > layout.n_bytes:
        raise fault(
            path,
            f"ROTATION promises {used.values[0]:g} rotations, {ratio.values[0]:g} times a frame: "
            "more than the file has room for.",
        )


def _agree(path, layout, key, expected, *, tolerance=0.0):
    parameter = layout.parameters.get(key)
    if parameter is None or parameter.kind == CHARACTERS or len(parameter.values) != 1:
        raise fault(path, f"the parameter {':'.join(key)} must be one number.")
    value = parameter.values[0]
    # A count beyond 32767 fills the sign bit.
    value = value + 2**16 if value < 0 else value
    if not abs(value - expected) <= tolerance * expected:
        raise fault(path, f"the header says {expected:g}, the parameter {':'.join(key)} says {value:g}.")
