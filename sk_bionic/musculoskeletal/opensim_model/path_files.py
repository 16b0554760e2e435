"""Fitted paths in a file, so that those without OpenSim can use them."""

import json
import math
from pathlib import Path

from ...atomic import replacing
from ..path import PolynomialPath

FORMAT, VERSION = "sk_bionic paths", 1


def save_paths(model, path):
    """Write the muscle paths of a model to a file that `from_osim` takes as `paths`.

    Parameters
    ----------
    model : MusculoskeletalModel
        Whose muscles' paths are written.
    path : path-like
        The file, JSON; what is there already is replaced at once or not at all.
    """
    muscles = {
        muscle.name: {
            "exponents": [list(e) for e in muscle.path.terms],
            "coefficients": list(muscle.path.terms.values()),
            "length_error": muscle.path.length_error,
            "moment_arm_error": muscle.path.moment_arm_error,
        }
        for muscle in model.muscles
    }
    content = {
        "format": FORMAT,
        "version": VERSION,
        "model": model.name,
        "units": "m, rad",
        "coordinates": [joint.name for joint in model.joints],
        "muscles": muscles,
    }
    text = json.dumps(content, indent=1, allow_nan=False)
    with replacing(path) as file:
        file.write(text.encode())


def load_paths(path, coordinates):
    """Muscle paths from a file of `save_paths`.

    Parameters
    ----------
    path : path-like
    coordinates : sequence of str
        Coordinates of the model that they are for; their order need not be the file's.

    Returns
    -------
    dict of str to PolynomialPath

    Raises
    ------
    ValueError
        When the file is no such file, is damaged, or is for other coordinates. The message names the file and the
        place in it.
    OSError
        When the file cannot be read.
    """
    name = Path(path).name
    try:
        content = json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name}: no valid JSON: {error} (file: {path})") from error
    content = _Checked(content, name)
    if content.value("format") != FORMAT or content.value("version") != VERSION:
        raise content.fault(f"must be {FORMAT!r} of version {VERSION}; save them anew with `save_paths`")
    theirs = content.value("coordinates")
    if not isinstance(theirs, list) or sorted(map(str, theirs)) != sorted(coordinates):
        raise content.fault(f"is for the coordinates {theirs}; needed are {list(coordinates)}")
    order = [theirs.index(coordinate) for coordinate in coordinates]
    muscles = _Checked(content.value("muscles"), f"{name}, muscles")
    return {
        muscle: _read_path(_Checked(muscles.value(muscle), f"{name}, {muscle}"), order) for muscle in muscles.content
    }


class _Checked:
    """A JSON object whose faults name the file and the place in it."""

    def __init__(self, content, place):
        self.content, self.place = content, place
        if not isinstance(content, dict):
            raise self.fault("must be an object")

    def fault(self, message):
        return ValueError(f"{self.place}: {message}.")

    def value(self, key):
        if key not in self.content:
            raise self.fault(f"{key!r} is missing")
        return self.content[key]

    def numbers(self, key):
        values = self.value(key)
        if not isinstance(values, list) or not values or not all(map(_is_number, values)):
            raise self.fault(f"{key!r} must be a list of finite numbers")
        return values


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _read_path(entry, order):
    coefficients, rows = entry.numbers("coefficients"), entry.value("exponents")
    whole = isinstance(rows, list) and all(
        isinstance(row, list) and len(row) == len(order) and all(type(e) is int and 0 <= e <= 20 for e in row)
        for row in rows
    )
    if not whole or len(rows) != len(coefficients) or len(set(map(tuple, rows))) < len(rows):
        raise entry.fault(
            f"'exponents' must be {len(coefficients)} different lists of {len(order)} integers from 0 to 20"
        )
    errors = [entry.value(key) for key in ("length_error", "moment_arm_error")]
    if not all(error is None or (_is_number(error) and error >= 0) for error in errors):
        raise entry.fault("errors must be numbers, not negative, or null")
    exponents = tuple(tuple(row[k] for k in order) for row in rows)
    return PolynomialPath(tuple(map(float, coefficients)), exponents, *errors)
