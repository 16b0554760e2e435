"""The parameter section of a C3D file: a chain of groups and parameters, followed link by link.

What a link says is checked against the section before it is believed. A damaged parameter is kept as a fault that is
raised when somebody asks for it; a chain that ends early is a fault for whoever misses a parameter.

References
----------
Motion Lab Systems, "The C3D File Format", https://www.c3d.org/docs/C3D_User_Guide.pdf.
"""

import math
import struct
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sk_bionic.io._text import fault

ORDERS = {84: "<", 85: "<", 86: ">"}  # Intel, DEC, MIPS
_CHARACTERS = -1  # the type of text
_DEC = 85
_FORMATS = {1: "i1", 2: "i2", 4: "f4"}


def to_floats(raw, processor):
    """Four-byte numbers of a processor as float32; `raw` is bytes or a contiguous array."""
    if processor != _DEC:
        return np.frombuffer(raw, ORDERS[processor] + "f4").astype(np.float32)
    # Words swapped, and an exponent larger by 2 than IEEE's.
    words = np.frombuffer(raw, "<u2").reshape(-1, 2)[:, ::-1]
    return np.ascontiguousarray(words).view("<f4").ravel().astype(np.float32) / np.float32(4)


@dataclass(frozen=True)
class Parameter:
    """One parameter: the size of its items in bytes (-1: characters), its dimensions and its bytes."""

    kind: int
    dimensions: tuple
    raw: bytes
    processor: int

    @property
    def is_text(self):
        return self.kind == _CHARACTERS

    @cached_property
    def numbers(self):
        """float64 array; integers as they are stored, with their sign. None for text."""
        if self.is_text:
            return None
        if self.kind == 4:
            return to_floats(self.raw, self.processor).astype(np.float64)
        return np.frombuffer(self.raw, ORDERS[self.processor] + _FORMATS[self.kind]).astype(np.float64)

    @cached_property
    def counts(self):
        """As `numbers`, but integers without a sign: what cannot be negative uses its bit."""
        if self.is_text or self.kind == 4:
            return self.numbers
        return self.numbers % (1 << 8 * self.kind)

    @cached_property
    def texts(self):
        """List of str without the blanks around them, empty for numbers."""
        length = self.dimensions[0] if self.dimensions else 1
        if not self.is_text or not self.raw or not length:
            return []
        pieces = (self.raw[i : i + length] for i in range(0, len(self.raw), length))
        # Old systems wrote bytes that are no UTF-8.
        return [piece.decode("utf-8", "replace").strip(" \t\r\n\0") for piece in pieces]


class Parameters:
    """The chain from an offset of a file on.

    Attributes
    ----------
    start, stop : int
        Offsets of the section and behind its last link.
    broken : str or None
        What ended the chain before its end.
    """

    def __init__(self, path, raw, start, end, processor):
        self._path, self._raw, self._end, self._processor = path, raw, end, processor
        self._found, self._faults, self.broken = {}, {}, None
        self.start, self.stop = start, start + 4
        groups, orphans = {}, []
        while self.broken is None and (link := self._link(self.stop)) is not None:
            identity, name, content, following = link
            if identity < 0:
                groups.setdefault(-identity, name)
            else:
                orphans.append((identity, name, *self._parameter(name, content, following)))
            if following is None:
                break
            self.stop = following
        # A parameter may come before its group.
        for identity, name, parameter, problem in orphans:
            table, entry = (self._found, parameter) if problem is None else (self._faults, problem)
            table.setdefault((groups.get(identity, ""), name), entry)

    def _link(self, position):
        """(group's number, name, offset of the content, offset of the next link or None); None at the end."""
        if position + 2 > self._end:
            return None
        length, identity = struct.unpack_from("2b", self._raw, position)
        if not length or not identity:
            return None
        pointer = position + 2 + abs(length)  # a negative length locks the entry
        if pointer + 3 > self._end:
            return self._break(position, "the section ends in the middle of an entry")
        name = self._raw[position + 2 : pointer].decode("latin-1").upper().strip(" \0")
        step = struct.unpack_from(ORDERS[self._processor] + "H", self._raw, pointer)[0]
        if 0 < step < 3 or pointer + step > self._end:
            self._break(position, f"the entry {name!r} points outside the section")
        return identity, name, pointer + 2, pointer + step if step and self.broken is None else None

    def _break(self, position, message):
        self.broken = f"parameter section, byte {position}: {message}"

    def _parameter(self, name, position, following):
        """(Parameter, None), or (None, what is wrong with it)."""
        kind, n_dimensions = struct.unpack_from("bB", self._raw.ljust(position + 2, b"\0"), position)
        first = position + 2 + n_dimensions
        dimensions = tuple(self._raw[position + 2 : first])
        after = first + math.prod(dimensions) * abs(kind)
        problem = None
        if kind != _CHARACTERS and kind not in _FORMATS:
            problem = f"has the unknown type {kind}"
        elif n_dimensions > 7:
            problem = f"has {n_dimensions} dimensions"
        elif after > (following or self._end):
            problem = "is longer than its place"
        if problem is not None:
            return None, f"parameter section, byte {position}: parameter {name!r} {problem}."
        return Parameter(kind, dimensions, self._raw[first:after], self._processor), None

    def get(self, group, name):
        """A parameter that may be missing; ValueError where it is damaged."""
        if (group, name) in self._faults:
            raise fault(self._path, self._faults[group, name])
        return self._found.get((group, name))

    def one(self, group, name):
        """The first number of a parameter, integers without a sign; None where there is none."""
        parameter = self.get(group, name)
        if parameter is None or parameter.is_text or not len(parameter.counts):
            return None
        return float(parameter.counts[0])

    def chain(self, group, name):
        """The parameters `name`, `name`2, `name`3 ...: dimensions are bytes, so 255 channels fill one."""
        found, number = [], 1
        while (parameter := self.get(group, name if number == 1 else f"{name}{number}")) is not None:
            found.append(parameter)
            number += 1
        return found

    def texts(self, group, name):
        """All texts of a chain of parameters."""
        return [text for parameter in self.chain(group, name) for text in parameter.texts]

    def numbers(self, group, name, *, signed=True):
        """All numbers of a chain of parameters, None where there are none."""
        found = [parameter for parameter in self.chain(group, name) if parameter.raw]
        if any(parameter.is_text for parameter in found):
            raise fault(self._path, f"{group}:{name} must hold numbers, it holds text.")
        return np.concatenate([p.numbers if signed else p.counts for p in found]) if found else None

    def missing(self, group, name, what):
        """The error for a parameter that is needed and not there."""
        because = "" if self.broken is None else f" The {self.broken}, and what follows is lost."
        return fault(self._path, f"{group}:{name} {what}.{because}")
