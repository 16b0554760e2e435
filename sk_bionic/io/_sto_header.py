"""Headers of OpenSim's tables: what stands in front of the line ``endheader``."""

import re
from dataclasses import dataclass, field

from sk_bionic.io import _text

# SIMM's motion files, OpenSim's ancestors, and CEINMS' outputs have "datarows 150" for "nRows=150".
_SYNONYMS = {"datarows": "nrows", "datacolumns": "ncolumns"}
_WITHOUT_EQUALS = {"name", "datarows", "datacolumns", "range", "version", "nrows", "ncolumns", "indegrees", "datatype"}
_PROSE = re.compile(r"angles are in (degrees|radians)\.?", re.IGNORECASE)
_FLAGS = {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}
# Numbers of a cell, with commas between them.
_SIZES = {
    **{"double": 1, "vec2": 2, "vec3": 3, "unitvec3": 3, "quaternion": 4, "vec4": 4, "vec5": 5, "vec6": 6},
    **{"spatialvec": 6, "vec7": 7, "vec8": 8, "vec9": 9, "vec10": 10, "vec11": 11, "vec12": 12},
}


@dataclass
class Header:
    """What a header says; of a word that stands there several times, all values.

    Parameters
    ----------
    title : str
        The first line, or the text of "name".
    n_lines : int
        Up to and with ``endheader``.
    as_written : dict
        Words and first values as in the file.
    values : dict
        Lower-case words to (line, text) of every place where they stand.
    """

    title: str = ""
    n_lines: int = 0
    as_written: dict = field(default_factory=dict)
    values: dict = field(default_factory=dict)

    def flags(self, path):
        """Set of the values of ``inDegrees``."""
        found = set()
        for line, text in self.values.get("indegrees", []):
            if text.lower() not in _FLAGS:
                raise _text.fault(path, f"inDegrees must be yes or no. Got {text[:40]!r}.", line)
            found.add(_FLAGS[text.lower()])
        return found

    def counts(self, key, notes):
        """Set of the values of "nrows" or "ncolumns"; one that is no count is noted, the table tells itself."""
        found = set()
        for line, text in self.values.get(key, []):
            if _text.is_count(text):
                found.add(int(text))
            else:
                notes.append(
                    f"line {line}: {key} is no number of rows or columns ({text[:40]!r}) and is not looked at."
                )
        return found

    @property
    def cell_size(self):
        """Numbers of a cell, by ``DataType``."""
        found = self.values.get("datatype", [])
        return _SIZES[found[0][1].lower()] if found else 1

    @property
    def prose(self):
        """ "degrees" or "radians" of OpenSim's remark "Angles are in degrees.", None without one."""
        found = self.values.get("angles", [])
        return found[0][1] if found else None


def parse_header(path, lines):
    """The `Header` of a file's lines.

    Raises
    ------
    ValueError
        Where ``endheader`` is missing, or the type of the cells is unknown.
    """
    header, name = Header(), None
    for number, line in enumerate(lines, 1):
        line = line.strip(" \t,;")
        if line.lower() == "endheader":
            header.title = header.as_written.get("name", (name or "") if number > 1 else "")
            header.n_lines = number
            _check_type(path, header)
            return header
        name = line if number == 1 else name
        key, value = _key_and_value(line)
        if key:
            header.as_written.setdefault(key, value)
            key = key.lower()
            header.values.setdefault(_SYNONYMS.get(key, key), []).append((number, value))
    raise _text.fault(path, "no line 'endheader': not an OpenSim .sto or .mot file, or a truncated one.")


def _key_and_value(line):
    """A pair of strings, or two None for a line of prose."""
    if "=" in line:
        key, _, value = line.partition("=")
        return key.strip(), value.strip()
    if _PROSE.fullmatch(line):
        return "angles", _PROSE.fullmatch(line)[1].lower()
    key, *rest = line.split(maxsplit=1) or [""]
    return (key, rest[0].strip()) if rest and key.lower() in _WITHOUT_EQUALS else (None, None)


def _check_type(path, header):
    for line, text in header.values.get("datatype", []):
        if text.lower() not in _SIZES:
            message = f"DataType must be one of {', '.join(_SIZES)}. Got {text[:40]!r}."
            raise _text.fault(path, message, line)
