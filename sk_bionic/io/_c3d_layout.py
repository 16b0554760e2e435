"""What a C3D file holds, and where: its parameters, its header where they are silent, its length in any case.

No count is believed before the file is long enough for it. Header and parameters are often written by different
programs; where they differ, the parameters hold (the guide's "Notes for programmers - C3D Header").

References
----------
Motion Lab Systems, "The C3D File Format", https://www.c3d.org/docs/C3D_User_Guide.pdf: "Reading the frame count" for
recordings of more than 65,535 frames.
"""

import math
import struct
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from sk_bionic.io._c3d_parameters import ORDERS, Parameters, to_floats
from sk_bionic.io._text import fault

BLOCK = 512  # bytes
_MAGIC = 0x50
_MOST = 65535  # what 16 bits can count: also "see elsewhere"


@dataclass(frozen=True)
class Header:
    """The first block, whose words are numbered from 1 in the guide."""

    n_points: int  # word 2
    n_analog: int  # word 3: analog values a frame
    first: int  # word 4
    last: int  # word 5
    scale: float  # words 7 and 8
    data_block: int  # word 9
    samples: int  # word 10: analog samples of a channel a frame
    rate: float  # words 11 and 12

    @property
    def n_channels(self):
        return self.n_analog // self.samples if self.samples else 0


@dataclass(frozen=True)
class Layout:
    """Counts of the data section.

    Attributes
    ----------
    raw : bytes
        The file.
    parameters : Parameters
    processor : int
        84 Intel, 85 DEC, 86 MIPS: the format of its numbers.
    n_points, n_channels, samples_per_frame, n_frames : int
        Markers, analog channels, analog samples of a channel a frame, frames of markers.
    rate : float
        Frames of markers per second [Hz].
    scale : float
        POINT:SCALE: negative for data of four-byte numbers.
    data_start : int
        Offset of the data section.
    first_frame : int
        Number of the first frame in the recording that the file was cut out of.
    notes : tuple of str
        What was damaged or contradictory and how it was read.
    """

    path: Path
    raw: bytes
    parameters: Parameters
    processor: int
    n_points: int
    n_channels: int
    samples_per_frame: int
    n_frames: int
    rate: float
    scale: float
    data_start: int
    first_frame: int = 1
    notes: tuple = ()

    @property
    def frame_size(self):
        """Values of a frame."""
        return 4 * self.n_points + self.n_channels * self.samples_per_frame

    @property
    def item_size(self):
        """Bytes of a value."""
        return 4 if self.scale < 0 else 2

    @property
    def n_bytes(self):
        """Bytes from the beginning of the data to whatever comes next."""
        # Rotations are a section of their own, and the parameters may stand behind the data.
        others = [self.parameters.start, _offset(self.parameters.one("ROTATION", "DATA_START"))]
        behind = [other for other in others if other is not None and other > self.data_start]
        return min([*behind, len(self.raw)]) - self.data_start

    @property
    def needed(self):
        """Bytes that the frames take."""
        return self.n_frames * self.frame_size * self.item_size

    @property
    def room(self):
        """Frames for which the file is long enough."""
        return self.n_bytes // max(self.frame_size * self.item_size, 1)

    @property
    def fits(self):
        return self.needed <= self.n_bytes

    def __str__(self):
        samples = f" of {self.samples_per_frame} samples" if self.samples_per_frame > 1 else ""
        return f"{self.n_frames} frames of {self.n_points} markers and {self.n_channels} analog channels{samples}"


def read_layout(path, *, check_row_count=True):
    """Layout of a C3D file; ValueError naming file and place where it cannot be one."""
    path = Path(path)
    raw = path.read_bytes()
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
    header = _header(raw, processor)
    end = max(start + BLOCK * raw[start + 2], _offset(header.data_block) or 0)
    parameters = Parameters(path, raw, start, min(end, len(raw)), processor)
    layout = _first_that_fits(list(_readings(path, raw, parameters, processor, header)), check_row_count)
    if not layout.n_frames:
        raise fault(path, f"there are no frames: {layout}.")
    layout = _longer_than_counted(layout)
    notes = [*layout.notes, *_notes(parameters, header, layout.rate)]
    return replace(layout, first_frame=_first_frame(parameters, header, layout.n_frames), notes=tuple(notes))


def _header(raw, processor):
    order = ORDERS[processor]
    n_points, n_analog, first, last = struct.unpack_from(order + "4H", raw, 2)
    data_block, samples = struct.unpack_from(order + "2H", raw, 16)
    scale, rate = (float(to_floats(raw[i : i + 4], processor)[0]) for i in (12, 20))
    return Header(n_points, n_analog, first, last, scale, data_block, samples, rate)


def _readings(path, raw, parameters, processor, header):
    """Layouts, from the one that the guide prefers to the header's own."""
    rate = _rate(parameters, header)
    own = (header.n_points, header.n_channels, header.samples)
    counts = _alternatives(_counts(parameters, header, rate), own)
    scales = _alternatives(_valid(parameters.one("POINT", "SCALE")), _valid(header.scale), -1.0)
    starts = _data_starts(path, raw, parameters, header)
    for count, scale, start, n in product(counts, scales, starts, _frame_counts(parameters, header)):
        yield Layout(path, raw, parameters, processor, *count, n, rate, scale, start)


def _data_starts(path, raw, parameters, header):
    """Offsets at which the data may begin."""
    behind = raw[0] + raw[parameters.start + 2]  # the block after the parameters
    offsets = map(_offset, _alternatives(parameters.one("POINT", "DATA_START"), header.data_block, behind))
    free = [s for s in offsets if s is not None and s <= len(raw) and (s >= parameters.stop or s < parameters.start)]
    if not free:
        message = (
            f"byte 16: the data would begin in block {header.data_block}, among the parameters or outside the file."
        )
        raise fault(path, message)
    return free


def _offset(block):
    """Offset of a block, counted from 1; None for the header's own or none."""
    return int(block - 1) * BLOCK if block is not None and 2 <= block < 1 << 32 else None


def _valid(number):
    return number if number is not None and math.isfinite(number) and number != 0 else None


def _positive(number):
    return _valid(number) if number is not None and number > 0 else None


def _alternatives(*values):
    """The values that are there, none twice."""
    return list(dict.fromkeys(value for value in values if value is not None))


def _rate(parameters, header):
    """Frames of markers a second: the parameter, the header, or what the analog rate leaves."""
    rate = _positive(parameters.one("POINT", "RATE")) or _positive(header.rate)
    if rate is None and header.samples:
        rate = _positive(parameters.one("ANALOG", "RATE"))
        rate = rate and rate / header.samples
    if rate is None:
        raise parameters.missing("POINT", "RATE", f"must be positive, and the header says {header.rate:g} Hz")
    return rate


def _counts(parameters, header, rate):
    """Markers, analog channels, analog samples of a channel a frame."""
    points, channels = (_count(parameters.one(group, "USED")) for group in ("POINT", "ANALOG"))
    points = header.n_points if points is None else points
    channels = header.n_channels if channels is None else channels
    return points, channels, _samples(parameters, header, rate) if channels else 1


def _samples(parameters, header, rate):
    """ANALOG:RATE over POINT:RATE where that is a whole number, else the header's word."""
    ratio = (_positive(parameters.one("ANALOG", "RATE")) or 0.0) / rate
    whole = round(ratio)
    return whole if whole and abs(ratio - whole) < 1e-2 * whole else header.samples or whole


def _count(number):
    return int(number) if number is not None and 0 <= number <= 1 << 31 else None


def _frame_counts(parameters, header):
    """Numbers of frames that the file may have, the guide's choice first."""
    frames = _count(_positive(parameters.one("POINT", "FRAMES")))
    own = header.last - header.first + 1
    more = _alternatives(_trial_frames(parameters), _count(_positive(parameters.one("POINT", "LONG_FRAMES"))))
    if frames is None:
        return _alternatives(*more, own if own > 0 else None) or [0]
    # 65535 is "that or more"; some programs store what 16 bits leave of a larger number.
    longer = [n for n in more if n > _MOST and (frames == _MOST or n % (_MOST + 1) == frames)]
    return _alternatives(*longer, frames, own if own > 0 else None)


def _trial_frames(parameters):
    """Frames by the range in the group TRIAL, in two words a number; None without it."""
    first, last = (_trial_field(parameters, f"ACTUAL_{end}_FIELD") for end in ("START", "END"))
    return None if first is None or last is None or last < first else last - first + 1


def _trial_field(parameters, name):
    parameter = parameters.get("TRIAL", name)
    if parameter is None or parameter.is_text or not 1 <= len(parameter.counts) <= 2:
        return None
    # The guide multiplies by 65535; files hold the upper half of a number of 32 bits.
    words = [*parameter.counts, 0.0]
    return _count(words[0] + 65536 * words[1])


def _first_that_fits(layouts, check_row_count):
    """The first for which the file is long enough; ValueError where it is too short for all.

    Of those with its number of frames, the first that fills the file to its last block: counts that leave blocks over
    contradict the data.
    """
    chosen = next((layout for layout in layouts if layout.fits), None)
    if chosen is not None:
        alike = [layout for layout in layouts if layout.fits and layout.n_frames == chosen.n_frames]
        chosen = next((layout for layout in alike if layout.n_bytes - layout.needed < BLOCK), chosen)
    if chosen is None and not check_row_count:
        return replace(layouts[0], n_frames=layouts[0].room)
    if chosen is None:
        raise fault(
            layouts[0].path,
            f"{layouts[0]} need {layouts[0].needed} bytes of data, the file has {layouts[0].n_bytes}: it is truncated "
            "or its counts are damaged. Pass `check_row_count=False` to read the frames that are there.",
        )
    if chosen is layouts[0]:
        return chosen
    short = "too short" if not layouts[0].fits else "too long"
    note = f"the file is {short} for the parameters' {layouts[0]}; read are the header's {chosen}."
    return replace(chosen, notes=(note,))


def _longer_than_counted(layout):
    """All frames that are there where the only count is what 16 bits hold at the most."""
    # The last block is filled up, and in small frames this looks like some more.
    padding = BLOCK // max(layout.frame_size * layout.item_size, 1)
    if layout.n_frames != _MOST or layout.room - _MOST <= padding:
        return layout
    note = f"the number of frames is stated as {_MOST}, the file has room for {layout.room}, which are read."
    return replace(layout, n_frames=layout.room, notes=(*layout.notes, note))


def _first_frame(parameters, header, n_frames):
    """The group TRIAL's, unless its range is another and the header's is that of the data."""
    first = _trial_field(parameters, "ACTUAL_START_FIELD")
    in_header = header.last - header.first + 1 == n_frames
    if first is None or (in_header and _trial_frames(parameters) not in (None, n_frames)):
        return header.first
    return first


def _notes(parameters, header, rate):
    if parameters.broken is not None:
        yield f"{parameters.broken}: the parameters behind it are lost."
    if _positive(header.rate) and abs(header.rate - rate) > 1e-3 * rate:
        yield f"the header says {header.rate:g} frames a second, the parameter POINT:RATE {rate:g}, which holds."
