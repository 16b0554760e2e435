"""A CEINMS subject as a file that CEINMS reads."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ..atomic import replacing
from ._document import Element, read_document
from .subject import COLUMNS, SPELLED, read_subject

COMMON = ("percentageChange", "emDelay")  # which CEINMS has, or had, for all muscles alone


def write_subject(subject, path, *, calibration=None):
    """Write a subject as CEINMS reads it: its own file with the values of `subject`.

    Parameters
    ----------
    subject : Subject
        One that was read from a file keeps whatever else that holds.
    path : path-like
        The new file appears complete or not at all.
    calibration : path-like, optional
        The calibration's configuration, which ``<calibrationInfo>`` then names.

    Raises
    ------
    OSError
        When a file cannot be read or written.
    """
    root = _made(subject) if subject.path is None else read_document(subject.path, "subject")
    before = subject if subject.path is None else read_subject(subject.path)
    default, common = root.find("mtuDefault", "default"), set()
    if default is not None:
        common = {e for e in COMMON if _is_common(subject, before, COLUMNS[e]) and not _in_any(root, e)}
        for element in common:
            _set(default, element, subject.parameters[COLUMNS[element]].iloc[0])
    for mtu in root.need("mtuSet").all("mtu"):
        name = mtu.need("name").text
        for element, column in COLUMNS.items():
            if element in common:
                continue
            value = subject.parameters.at[name, column]
            if value != before.parameters.at[name, column]:
                _set(mtu, element, value)
    if calibration is not None:
        _note(root, subject.path or "", calibration)
    ElementTree.indent(root.node)
    text = ElementTree.tostring(root.node, encoding="unicode")
    with replacing(path) as file:
        file.write(('<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n' + text + "\n").encode())


def _is_common(subject, before, column):
    values = subject.parameters[column]
    return values.nunique() == 1 and (values != before.parameters[column]).any()


def _in_any(root, element):
    return any(mtu.find(element, *SPELLED.get(element, ())) is not None for mtu in root.need("mtuSet").all("mtu"))


def _made(subject):
    """The document of a subject that was not read from a file."""
    root = ElementTree.Element("subject")
    default, mtus, dofs = (ElementTree.SubElement(root, tag) for tag in ("mtuDefault", "mtuSet", "dofSet"))
    for element in ("emDelay", "percentageChange", "damping"):
        ElementTree.SubElement(default, element).text = repr(float(subject.parameters[COLUMNS[element]].iloc[0]))
    for curve in subject.curves.values():
        node = ElementTree.SubElement(default, "curve")
        ElementTree.SubElement(node, "name").text = curve.name
        for tag, values in (("xPoints", curve.x), ("yPoints", curve.y)):
            ElementTree.SubElement(node, tag).text = " ".join(map(repr, np.asarray(values, dtype=float).tolist()))
    common = ("percentageChange",)  # which CEINMS' schema has for all muscles alone
    for muscle, row in subject.parameters.iterrows():
        node = ElementTree.SubElement(mtus, "mtu")
        ElementTree.SubElement(node, "name").text = str(muscle)
        for element, column in COLUMNS.items():
            if element not in common or row[column] != subject.parameters[column].iloc[0]:
                ElementTree.SubElement(node, element).text = repr(float(row[column]))
    for coordinate, own in subject.coordinates.items():
        node = ElementTree.SubElement(dofs, "dof")
        ElementTree.SubElement(node, "name").text = coordinate
        ElementTree.SubElement(node, "mtuNameSet").text = " ".join(own)
    info = ElementTree.SubElement(ElementTree.SubElement(root, "calibrationInfo"), "uncalibrated")
    ElementTree.SubElement(info, "subjectID").text = "subject"
    ElementTree.SubElement(info, "additionalInfo").text = "made by sk_bionic"
    return Element(root, Path("subject.xml"))


def _set(mtu, element, value):
    found = mtu.find(element, *SPELLED.get(element, ()))
    if found is None:
        node, order = ElementTree.Element(element), ["name", *COLUMNS]
        later = [tag.lower() for tag in order[order.index(element) + 1 :]]
        places = [i for i, child in enumerate(mtu.node) if isinstance(child.tag, str) and child.tag.lower() in later]
        mtu.node.insert(places[0] if places else len(mtu.node), node)
    else:
        node = found.node
        if (found.attribute("unit") or "rad").startswith("deg"):
            value = np.rad2deg(value)
    node.text = repr(float(value))


def _note(root, start, calibration):
    info = root.find("calibrationInfo")
    node = ElementTree.SubElement(root.node, "calibrationInfo") if info is None else info.node
    known = None if info is None else info.find("calibrated")
    sequence = (
        "" if known is None or known.find("calibrationSequence") is None else known.find("calibrationSequence").text
    )
    first = (
        str(start) if known is None or known.find("startSubjectFile") is None else known.find("startSubjectFile").text
    )
    for child in list(node):
        node.remove(child)
    calibrated = ElementTree.SubElement(node, "calibrated")
    ElementTree.SubElement(calibrated, "startSubjectFile").text = first
    ElementTree.SubElement(calibrated, "calibrationSequence").text = f"{sequence} {Path(calibration).name}".strip()
