"""The data section of a C3D file: markers and analog values of every frame, as its parameters scale them.

References
----------
Motion Lab Systems, "The C3D File Format", https://www.c3d.org/docs/C3D_User_Guide.pdf.
"""

import numpy as np

from sk_bionic.io._c3d_parameters import ORDERS, to_floats
from sk_bionic.io._text import fault

_LARGEST = 32767  # of 16 bits with a sign


def positions(layout):
    """Markers' positions in the file's unit, of shape (n_frames, n_points, 3), NaN where a marker is missing."""
    frames = _frames(layout, signed=True)[:, : 4 * layout.n_points]
    words = _values(layout, frames).reshape(layout.n_frames, layout.n_points, 4)
    scale = 1.0 if layout.scale < 0 else layout.scale
    found = scale * words[:, :, :3]
    found[words[:, :, 3] < 0] = np.nan  # the residual's sign
    return found


def analog(layout):
    """Analog values in the units of their channels, of shape (n_frames * samples_per_frame, n_channels)."""
    signed = "".join(layout.parameters.texts("ANALOG", "FORMAT")[:1]).upper() != "UNSIGNED"
    frames = _frames(layout, signed)[:, 4 * layout.n_points :]
    values = _values(layout, frames).reshape(-1, layout.n_channels)
    if layout.item_size == 4 and signed and values.max(initial=0) > _LARGEST and not values.min(initial=0) < 0:
        signed = False  # a converter's counts beyond what a sign leaves, whatever ANALOG:FORMAT says
    # (value - offset) * channel's scale * general scale
    general = layout.parameters.numbers("ANALOG", "GEN_SCALE")
    scale = (1.0 if general is None else general[0]) * _channel_numbers(layout, "SCALE", 1.0)
    values -= _channel_numbers(layout, "OFFSET", 0.0, signed=signed)
    values *= scale
    return values


def _frames(layout, signed):
    """The file's own numbers, a row a frame; DEC's four-byte numbers as bytes of their words."""
    kind = "f4" if layout.item_size == 4 else "i2" if signed else "u2"
    order = ORDERS[layout.processor]
    n_values = layout.n_frames * layout.frame_size
    found = np.frombuffer(layout.raw, order + kind, count=n_values, offset=layout.data_start)
    return found.reshape(layout.n_frames, layout.frame_size)


def _values(layout, frames):
    """The numbers as float64."""
    if layout.item_size == 4:
        frames = to_floats(np.ascontiguousarray(frames), layout.processor).reshape(frames.shape)
    return frames.astype(np.float64)


def _channel_numbers(layout, name, default, *, signed=True):
    """A number for each channel."""
    found = layout.parameters.numbers("ANALOG", name, signed=signed)
    if found is None:
        if layout.parameters.broken is not None:
            raise layout.parameters.missing("ANALOG", name, "is not there")
        return np.full(layout.n_channels, default)
    if len(found) < layout.n_channels:
        message = f"ANALOG:{name} holds {len(found)} numbers for {layout.n_channels} channels."
        raise fault(layout.path, message)
    return found[: layout.n_channels]
