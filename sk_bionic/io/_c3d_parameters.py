"""The parameter section of a C3D file: a chain of groups and parameters, checked link by link.

References
----------
Motion Lab Systems, "The C3D File Format", https://www.c3d.org/docs/C3D_User_Guide.pdf.
"""

import math
import struct
from dataclasses import dataclass

from sk_bionic.io._text import fault

ORDERS = {84: "<", 85: "<", 86: ">"}  # Intel, DEC, MIPS
CHARACTERS = -1  # the type of text
_DEC = 85
_FORMATS = {1: "b", 2: "h", 4: "f"}


@dataclass(frozen=True)
class Parameter:
    """One parameter: the size of its items in bytes (-1: characters), dimensions, values."""

    kind: int
    dimensions: tuple
    values: tuple | bytes


def to_float(raw, offset, processor):
    """The four-byte number at an offset, in the processor's format."""
    if processor == _DEC:
        # Words swapped, and an exponent larger by 2 than IEEE's.
        words = raw[offset + 2 : offset + 4] + raw[offset : offset + 2]
        return struct.unpack("<f", words)[0] / 4
    return struct.unpack_from(ORDERS[processor] + "f", raw, offset)[0]


class Section:
    """The chain of groups and parameters between two offsets of a file."""

    def __init__(self, path, raw, start, stop, processor):
        self.path, self.raw, self.start, self.stop = path, raw, start, stop
        self.processor, self.order = processor, ORDERS[processor]

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
        if kind not in (CHARACTERS, *_FORMATS):
            raise self._fault(position, f"parameter {name!r} has the unknown type {kind}.")
        if n_dimensions > 7:
            raise self._fault(position + 1, f"parameter {name!r} has {n_dimensions} dimensions.")
        if kind == CHARACTERS and not n_dimensions:
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
        if kind == CHARACTERS:
            return self.raw[first : first + n_values]
        if kind == 4:
            return tuple(to_float(self.raw, first + 4 * i, self.processor) for i in range(n_values))
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
