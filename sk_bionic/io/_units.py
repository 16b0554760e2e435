"""Units of length and moment as files spell them: mm, Meters, "mete" (cut to four letters), N.mm, Newton meters."""

import re

from sk_bionic.io._text import fault

_SYMBOLS = {"mm": 1e-3, "cm": 1e-2, "dm": 1e-1, "m": 1.0, "in": 0.0254, "ft": 0.3048}
_NAMES = {
    "millimeter": 1e-3,
    "millimetre": 1e-3,
    "centimeter": 1e-2,
    "centimetre": 1e-2,
    "decimeter": 1e-1,
    "decimetre": 1e-1,
    "meter": 1.0,
    "metre": 1.0,
    "inch": 0.0254,
    "inches": 0.0254,
    "foot": 0.3048,
    "feet": 0.3048,
}
_SHORTEST = 4  # letters that POINT:UNITS has room for by the standard
_TIMES = r"[\s.*\u00b7_-]*"


def metres(path, text, what, line=None):
    """Metres in a unit of length; ValueError that names the file and `what` for any other text."""
    scale = length(text)
    if scale is None:
        expected = f"a unit of length: {', '.join(_SYMBOLS)}, or its name such as 'millimeters'"
        raise fault(path, f"{what} must be {expected}. Got {text.strip()[:40]!r}.", line)
    return scale


def newton_metres(text):
    """Newton metres in a unit of moment; None for any other text."""
    match = re.fullmatch(rf"(newtons?|n){_TIMES}(\w+)", text.strip().lower())
    return length(match[2]) if match else None


def newtons(text):
    """Newtons in a unit of force; None for any other text."""
    return {"n": 1.0, "newton": 1.0, "newtons": 1.0, "kn": 1e3, "kilonewton": 1e3}.get(text.strip().lower())


def length(text):
    """Metres in a unit of length; None for any other text."""
    text = text.strip().lower()
    if text in _SYMBOLS:
        return _SYMBOLS[text]
    whole = [scale for name, scale in _NAMES.items() if text in (name, f"{name}s")]
    cut = [scale for name, scale in _NAMES.items() if len(text) >= _SHORTEST and f"{name}s".startswith(text)]
    return next(iter(whole + cut), None)
