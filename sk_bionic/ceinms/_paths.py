"""Files that a CEINMS file names: relative to it, written on another system, or on another machine."""

import re
import warnings
from pathlib import Path, PureWindowsPath

ANCESTORS = 5  # folders above the naming file in which the tail of a foreign path is looked for


def resolve(element, text=None):
    """File that an element names.

    Parameters
    ----------
    element : Element
        Its text is the name, relative to the folder of its file.
    text : str, optional
        Another name.

    Returns
    -------
    Path

    Raises
    ------
    FileNotFoundError
        When there is none; names both files.

    Warns
    -----
    UserWarning
        When the name belongs to another machine and the file was found by the end of its path.
    """
    text = element.text if text is None else text
    if not text:
        raise element.fault(f"<{element.tag}> names no file.")
    base = element.path.resolve().parent
    found = _existing(base / _native(text))
    if found is not None:
        return found
    found = _by_tail(base, PureWindowsPath(text).parts)
    if found is None:
        raise FileNotFoundError(
            f"{element.path.name}: <{element.tag}> names {text}, which is not there, and nothing of its name is near "
            f"{base}. Correct the path (file: {element.path})."
        )
    warnings.warn(
        f"{element.path.name}: <{element.tag}> names {text}, which is not there. Taken instead: {found}.",
        UserWarning,
        stacklevel=2,
    )
    return found


def output_path(element):
    """File or folder that an element says results go to: as named, or beside the naming file where that is no place
    here."""
    text = element.text
    path = element.path.resolve().parent / _native(text)
    foreign = bool(PureWindowsPath(text).drive) or (Path(_native(text)).is_absolute() and not path.parent.is_dir())
    return element.path.resolve().parent / PureWindowsPath(text.rstrip("/\\")).name if foreign else path


def file_names(element):
    """Names in a list of files: one a line, or separated by white space; names with spaces end in their extension."""
    names = [word for line in element.text.splitlines() for word in _names_of(line.strip())]
    return names + [child.text for child in element.children if child.text]


def _names_of(line):
    found = re.findall(r"\S.*?\.xml\b", line, flags=re.IGNORECASE)
    return found if found else line.split()


def _native(text):
    return text.replace("\\", "/")


def _existing(path):
    """The path, or one that differs in upper and lower case only; None where there is none."""
    if path.exists():
        return path
    here = Path(path.anchor)
    for part in path.parts[1:]:
        below = here / part
        if part != ".." and not below.exists():
            if not here.is_dir():
                return None
            same = [entry for entry in here.iterdir() if entry.name.lower() == part.lower()]
            if len(same) != 1:
                return None
            below = same[0]
        here = below
    return here


def _by_tail(base, parts):
    """The file with the longest common end of its path, looked for near `base`."""
    parts = [part for part in parts if part not in ("..", ".") and not part.endswith(("\\", "/", ":"))]
    above = [base, *list(base.parents)[:ANCESTORS]]
    for length in range(len(parts), 0, -1):
        for folder in above:
            found = _existing(folder.joinpath(*parts[-length:]))
            if found is not None and found.is_file():
                return found
    return None
