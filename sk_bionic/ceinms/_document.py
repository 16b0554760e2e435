"""Elements of CEINMS' XML files: any case, optional members, faults that name file and element."""

import math
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from ..musculoskeletal.opensim_model.xml import parse_xml

_REAL_TIME = (
    "this file belongs to CEINMS-RT, whose projects hold EMG, angles and moments beside an OpenSim model instead of "
    "lengths and moment arms: name these four in a configuration of `sk-bionic moments`, or give them to "
    "`calibrate_to_moments`."
)


@dataclass(frozen=True, eq=False)
class Element:
    """An XML element that knows its file; children are found whatever the case of their tags.

    Parameters
    ----------
    node : xml.etree.ElementTree.Element
    path : Path
        The file.
    where : str
        What it is called in errors.
    """

    node: ElementTree.Element
    path: Path
    where: str = ""

    def fault(self, message):
        """A ValueError that names file and element."""
        where = f", {self.where}" if self.where else ""
        return ValueError(f"{self.path.name}{where}: {message} (file: {self.path})")

    @property
    def tag(self):
        """Tag without its namespace."""
        return _plain(self.node.tag)

    @property
    def children(self):
        """Elements directly inside, comments left out."""
        return [Element(child, self.path, self.where) for child in self.node if isinstance(child.tag, str)]

    def all(self, *tags):
        """Children with one of these tags."""
        wanted = {tag.lower() for tag in tags}
        return [child for child in self.children if child.tag.lower() in wanted]

    def find(self, *tags):
        """The first child with one of these tags, None where there is none; later tags are other names of the same."""
        for tag in tags:
            found = self.all(tag)
            if found:
                return found[0]
        return None

    def need(self, *tags):
        """As `find`; an error where there is none."""
        found = self.find(*tags)
        if found is None:
            has = ", ".join(dict.fromkeys(child.tag for child in self.children)) or "nothing"
            raise self.fault(f"<{self.tag}> needs an element <{tags[0]}>; it has {has}.")
        return found

    def below(self, *tags):
        """The first element with one of these tags at any depth, None where there is none."""
        wanted = {tag.lower() for tag in tags}
        for node in self.node.iter():
            if isinstance(node.tag, str) and node is not self.node and _plain(node.tag).lower() in wanted:
                return Element(node, self.path, self.where)
        return None

    def named(self, where):
        """The same element under a name of its own in errors."""
        return Element(self.node, self.path, where)

    @property
    def text(self):
        """Text without white space around it."""
        return (self.node.text or "").strip()

    @property
    def words(self):
        """Words of the text, tuple of str; separated by white space or commas."""
        return tuple(self.text.replace(",", " ").split())

    @property
    def numbers(self):
        """The text's numbers, tuple of float."""
        try:
            values = tuple(float(word) for word in self.words)
        except ValueError:
            values = (math.nan,)
        if not all(map(math.isfinite, values)):
            raise self.fault(f"<{self.tag}> must hold numbers. Got {self.text[:60]!r}.")
        return values

    @property
    def number(self):
        """The text's only number."""
        values = self.numbers
        if len(values) != 1:
            raise self.fault(f"<{self.tag}> must hold one number. Got {self.text[:60]!r}.")
        return values[0]

    def attribute(self, *names, default=None):
        """Value of an attribute under any of these names and any case."""
        own = {key.lower(): value for key, value in self.node.attrib.items()}
        return next((own[name.lower()].strip() for name in names if name.lower() in own), default)


def _plain(tag):
    return tag.rsplit("}", 1)[-1]


def read_document(path, *roots):
    """Root element of a file, which must have one of these tags.

    Raises
    ------
    ValueError
        When the file is no XML or another kind of file; names it and what it is.
    OSError
        When it cannot be read.
    """
    path = Path(path)
    root = Element(parse_xml(path), path)
    if root.tag.lower() == "simulatedannealing" or (root.tag.lower() == "subject" and root.find("muscles")):
        raise root.fault(_REAL_TIME)
    if roots and root.tag.lower() not in {tag.lower() for tag in roots}:
        raise root.fault(f"the root must be <{'> or <'.join(roots)}>. Got <{root.tag}>.")
    return root
