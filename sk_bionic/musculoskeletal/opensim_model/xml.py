"""Access to the XML of an OpenSim model file: safe parsing, values, faults that name the place."""

import math
import re
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

DEEPEST = 200  # nested elements; models have about 20


class _Builder(ElementTree.TreeBuilder):
    """Builds elements, but neither declared entities (which may explode) nor bottomless ones."""

    depth = 0

    def refuse_doctype(self, *declaration):
        raise ValueError("a DOCTYPE, which OpenSim never writes and which may hide a trap")

    def start(self, tag, attributes):
        self.depth += 1
        if self.depth > DEEPEST:
            raise ValueError(f"more than {DEEPEST} elements within one another")
        return super().start(tag, attributes)

    def end(self, tag):
        self.depth -= 1
        return super().end(tag)


class Node:
    """An element that knows its file and what it is called in errors.

    Parameters
    ----------
    element : xml.etree.ElementTree.Element
    path : path-like
        The file.
    owner : str, default=""
        The named elements that this one belongs to.
    defaults : dict, default=None
        Class name to the element that holds its defaults (the file's ``<defaults>``).
    """

    def __init__(self, element, path, owner="", defaults=None):
        self.element, self.path, self.defaults = element, path, defaults or {}
        self.tag, self.name = element.tag, element.get("name", "")
        own = [f"{self.tag} {self.name!r}"] if self.name else []
        self.owner = ", ".join([*filter(None, [owner]), *own])

    def below(self):
        """All elements inside, at any depth, but not this one."""
        return [self.wrap(element) for element in self.element.iter() if element is not self.element]

    def fault(self, message):
        """A ValueError that names file and element."""
        where = f", {self.owner}" if self.owner else ""
        return ValueError(f"{Path(self.path).name}{where}: {message} (file: {self.path})")

    def wrap(self, element):
        """Another element of the same file."""
        return Node(element, self.path, self.owner, self.defaults)

    def children(self):
        """All elements directly inside."""
        return [self.wrap(element) for element in self.element]

    def child(self, tag):
        """The first element of this tag directly inside, of the class's defaults, or None."""
        found = self.element.find(tag)
        if found is None and self.tag in self.defaults:
            found = self.defaults[self.tag].find(tag)
        return None if found is None else self.wrap(found)

    def members(self, set_tag):
        """The elements of a set, ``<set_tag><objects>...``."""
        found = self.element.find(f"{set_tag}/objects")
        return [] if found is None else [self.wrap(element) for element in found]

    def socket(self, role):
        """Path or name of what a component is connected to; the tag's form differs between versions."""
        for tag in (f"socket_{role}", f"socket_{role}_connectee_name"):
            if self.child(tag) is not None:
                return self.text(tag)
        for connector in self.inside("connectors"):  # before OpenSim 4.0
            if connector.name == role:
                return connector.text("connectee_name")
        raise self.fault(f"<socket_{role}> is missing.")

    def has_socket(self, role):
        """Whether `socket` would find one."""
        tags = (f"socket_{role}", f"socket_{role}_connectee_name")
        return any(self.child(tag) is not None for tag in tags) or any(
            c.name == role for c in self.inside("connectors")
        )

    def inside(self, tag):
        """The elements inside a property, none where it is missing."""
        found = self.child(tag)
        return [] if found is None else found.children()

    def text(self, tag, default=None):
        """Text of a property; ValueError where there is neither one nor a default."""
        found = self.child(tag)
        if found is None:
            if default is None:
                raise self.fault(f"<{tag}> is missing.")
            return default
        return (found.element.text or "").strip()

    def numbers(self, tag, length=None, default=None):
        """A property of finite numbers, tuple of float."""
        if default is not None and self.child(tag) is None:
            return default
        words = self.text(tag).replace(",", " ").split()
        try:
            values = tuple(float(word) for word in words)
        except ValueError:
            values = (math.nan,)
        if not all(map(math.isfinite, values)) or length not in (None, len(values)):
            expected = "numbers" if length is None else f"{length} number(s)"
            raise self.fault(f"<{tag}> must hold {expected}. Got {' '.join(words)[:60]!r}.")
        return values

    def number(self, tag, default=None):
        """A property of one finite number."""
        return self.numbers(tag, 1, None if default is None else (default,))[0]

    def flag(self, tag, default):
        """A property that is true or false."""
        text = self.text(tag, str(default)).lower()
        if text not in ("true", "false"):
            raise self.fault(f"<{tag}> must be true or false. Got {text[:60]!r}.")
        return text == "true"


def parse_document(path):
    """The root element of an OpenSim file; ValueError where that is none.

    Raises
    ------
    ValueError
        If the file is empty, no XML, has a DOCTYPE, or its root is no OpenSimDocument.
    OSError
        If the file cannot be read.
    """
    root = parse_xml(path)
    if root.tag != "OpenSimDocument":
        raise ValueError(f"{Path(path).name}: the root must be OpenSimDocument. Got {root.tag!r}.")
    return Node(root, path)


def parse_xml(path):
    """The root element of an XML file, whatever it is; raises as `parse_document`."""
    name = Path(path).name
    content = Path(path).read_bytes()
    try:
        try:
            return _parse(content)
        except expat.ExpatError:
            repaired = _repaired(content)
            if repaired == content:
                raise
            return _parse(repaired)
    except expat.ExpatError as error:
        raise ValueError(f"{name}: no valid XML: {error} (file: {path})") from error
    except (ValueError, LookupError) as error:  # LookupError: an unknown encoding
        raise ValueError(f"{name}: {error} (file: {path})") from error


def _repaired(content):
    """What OpenSim lets pass and XML does not: a bare & in the credits, comments with -- inside."""
    return re.sub(rb"&(?!\w{1,8};|#)", b"&amp;", re.sub(rb"<!--.*?-->", b"", content, flags=re.DOTALL))


def _parse(content):
    """Without namespaces: OpenSim writes tags such as ``HuntCrossleyForce::ContactParametersSet``.

    Bytes that are no UTF-8 (an author's name in Latin-1), which OpenSim lets pass, are taken one by one.
    """
    builder = _Builder()
    parser = expat.ParserCreate(None if _is_utf8(content) else "iso-8859-1")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = builder.refuse_doctype
    parser.StartElementHandler, parser.EndElementHandler = builder.start, builder.end
    parser.CharacterDataHandler = builder.data
    parser.Parse(content, True)
    return builder.close()


def _is_utf8(content):
    """False for 8-bit text that says it is UTF-8, or nothing."""
    declared = content[:100].lower()
    if b"\0" in declared or (b"encoding" in declared and b"utf-8" not in declared):
        return True  # what it declares holds
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
