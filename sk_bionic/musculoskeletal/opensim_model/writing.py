"""Identified parameters written into a copy of the .osim file that a model came from."""

import os
import warnings
from pathlib import Path
from xml.parsers import expat

import pandas as pd

from ...atomic import replacing
from .elements import parameters_of
from .file import read_osim
from .muscle_classes import MUSCLE_CLASSES, SCHUTTE

# Where OpenSim keeps muscles, from the root.
_HOMES = tuple(f"OpenSimDocument/Model/{home}" for home in ("ForceSet/objects", "ActuatorSet/objects", "components"))
_NOT_OPENSIMS = "moment_arm_scale"


def to_osim(model, source, path):
    """Write a model's muscle parameters into a copy of the .osim file that it came from.

    Parameters
    ----------
    model : MusculoskeletalModel
        Of `from_osim`, identified or not; `model_` of a fitted regressor.
    source : path-like
        The .osim file, left as it is.
    path : path-like
        The copy; what is there already is replaced at once or not at all. Other muscles, and everything else in the
        file, stay byte for byte. Values are in OpenSim's units and under its names: maximal isometric force, lengths,
        pennation, maximal velocity, strains, damping and time constants, as far as the muscle's class has them.

    Returns
    -------
    DataFrame
        What was changed: columns ``muscle``, ``property`` (OpenSim's name), ``before`` and ``after``.

    Raises
    ------
    ValueError
        When the source is faulty, lacks a muscle of the model, or is `path` itself.
    OSError
        When a file cannot be read or written.

    Warns
    -----
    UserWarning
        When moment arms were identified, which have no place in an .osim file. Delay, gain and shape of the EMG have
        none either.
    """
    osim, content = read_osim(source), Path(source).read_bytes()
    if os.path.exists(path) and os.path.samefile(source, path):
        raise ValueError(f"`path` must not be the source itself, {source}: it is left as it is.")
    missing = [name for name in model.muscle_names if name not in osim.muscles]
    if missing:
        raise ValueError(f"{Path(source).name} has no muscles {missing}. It has {list(osim.muscles)}.")
    _warn_of_moment_arms(model)
    changes, edits = [], []
    elements = _Muscles(content, model.muscle_names).found
    values = {(row.owner, row.name): row.value for row in model.parameters.rows}
    for muscle in model.muscles:
        theirs = osim.muscles[muscle.name]
        tags = MUSCLE_CLASSES.get(theirs.class_name, SCHUTTE).properties
        for name, before in parameters_of(theirs, muscle.curves).items():
            after = values[muscle.name, name]
            for tag, old, new in _changed(muscle, tags[name][0], before, after):
                edits.append(_edit(content, elements[muscle.name], tag, repr(new)))
                changes.append((muscle.name, tag, old, new))
    edited = _edited(content, edits)
    with replacing(path) as file:
        file.write(edited)
    return pd.DataFrame(changes, columns=["muscle", "property", "before", "after"])


def _changed(muscle, tag, before, after):
    """(tag, before, after) of a parameter and of what the file states beside it: a curve is stretched as a whole."""
    if after == before:
        return
    yield tag, before, after
    curve, _, name = tag.partition("/")
    if name == "strain_at_one_norm_force":
        stretch = after / before
        for stated, old in muscle.curve_properties.items():
            if stated.startswith(f"{curve}/stiffness"):
                yield stated, old, old / stretch
            elif stated == f"{curve}/strain_at_zero_force":
                yield stated, old, old * stretch


def _warn_of_moment_arms(model):
    scaled = [r.owner for r in model.parameters.rows if r.name == _NOT_OPENSIMS and r.value != 1.0]
    if scaled:
        warnings.warn(
            f"The moment arms of {scaled} were scaled, which an .osim file has no place for: its paths stay as "
            "they are.",
            UserWarning,
            stacklevel=3,
        )


class _Muscles:
    """Where the elements of muscles and of their properties stand in a file, in bytes.

    `found` maps a muscle to a dict from the path of an element inside it ("" is its own) to (start, end): where its
    content begins and ends, None for both of an empty-element tag.
    """

    def __init__(self, content, names):
        self.content, self.names, self.found = content, set(names), {}
        self.open, self.muscle, self.depth = [], None, 0
        parser = self.parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        try:
            parser.Parse(content, True)
        except expat.ExpatError as error:
            raise ValueError(
                f"The source is no valid XML ({error}), though it could be read: open and save it in OpenSim first."
            ) from error

    def _start(self, tag, attributes):
        home, name = "/".join(self.open), attributes.get("name")
        self.open.append(tag)
        if self.muscle is None and home in _HOMES and "Muscle" in tag and name in self.names:
            self.muscle, self.depth = name, len(self.open)
            self.found[name] = {}
        if self.muscle is not None:
            start = self.content.index(b">", self.parser.CurrentByteIndex) + 1
            # Of elements of one path the first counts, as it does for OpenSim.
            self.found[self.muscle].setdefault("/".join(self.open[self.depth :]), [start, None])

    def _end(self, tag):
        if self.muscle is not None:
            place = self.found[self.muscle]["/".join(self.open[self.depth :])]
            if place[1] is None:
                place[1] = max(place[0], self.parser.CurrentByteIndex)
            if len(self.open) == self.depth:
                self.muscle = None
        self.open.pop()


def _edit(content, places, tag, text):
    """(start, end, bytes) that give a property a value; where it was left to OpenSim's default, it is added."""
    if tag in places:
        start, end = places[tag]
        return start, end, text.encode()
    outer, _, last = tag.rpartition("/")
    added = f"<{last}>{text}</{last}>"
    if outer and outer not in places:
        outer, added = "", f'<{outer} name="{outer}">{added}</{outer}>'
    start = places[outer][0]
    if content[:start].endswith(b"/>"):  # an empty-element tag, of which only the nested ones can be
        return start - 2, start, f">{added}</{outer}>".encode()
    return start, start, added.encode()


def _edited(content, edits):
    parts, position = [], 0
    for start, end, text in sorted(edits):
        parts += [content[position:start], text]
        position = end
    return b"".join([*parts, content[position:]])
