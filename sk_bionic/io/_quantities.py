"""Units of signals as recording programs spell them, in SI units: uV, mV, deg, deg/s, G, microvolts."""

import re

import numpy as np

STANDARD_GRAVITY = 9.80665  # m/s^2

_SYMBOLS = {
    "V": (1.0, "V"),
    "mV": (1e-3, "V"),
    "uV": (1e-6, "V"),
    "nV": (1e-9, "V"),
    "deg": (np.pi / 180, "rad"),
    "rad": (1.0, "rad"),
    "deg/s": (np.pi / 180, "rad/s"),
    "rad/s": (1.0, "rad/s"),
    "g": (STANDARD_GRAVITY, "m/s^2"),
    "G": (STANDARD_GRAVITY, "m/s^2"),
    "mg": (1e-3 * STANDARD_GRAVITY, "m/s^2"),
    "mG": (1e-3 * STANDARD_GRAVITY, "m/s^2"),
    "m/s^2": (1.0, "m/s^2"),
    "m": (1.0, "m"),
    "cm": (1e-2, "m"),
    "mm": (1e-3, "m"),
    "s": (1.0, "s"),
    "ms": (1e-3, "s"),
    "N": (1.0, "N"),
    "kN": (1e3, "N"),
    "N m": (1.0, "N m"),
    "N mm": (1e-3, "N m"),
}
_OTHER_SPELLINGS = {
    "v": "V",
    "volt": "V",
    "volts": "V",
    "millivolt": "mV",
    "millivolts": "mV",
    "mv": "mV",
    "microvolt": "uV",
    "microvolts": "uV",
    "uv": "uV",
    "uvolt": "uV",
    "uvolts": "uV",
    "nanovolts": "nV",
    "\u00b0": "deg",
    "degree": "deg",
    "degrees": "deg",
    "radian": "rad",
    "radians": "rad",
    "\u00b0/s": "deg/s",
    "deg/sec": "deg/s",
    "dps": "deg/s",
    "degrees/second": "deg/s",
    "rad/sec": "rad/s",
    "m/s2": "m/s^2",
    "m/s\u00b2": "m/s^2",
    "m/s/s": "m/s^2",
    "newton": "N",
    "newtons": "N",
    "nm": "N m",
    "n.m": "N m",
    "n*m": "N m",
    "nmm": "N mm",
    "n.mm": "N mm",
    "mm.n": "N mm",
}


def to_si(unit):
    """Factor and SI unit of a unit's text; 1 and the text itself where it is no unit that is known here."""
    text = re.sub(r"\s+", " ", unit.strip()).replace("\u00b5", "u").replace("\u03bc", "u")
    if text not in _SYMBOLS:
        text = _OTHER_SPELLINGS.get(text.lower(), text)
    return _SYMBOLS.get(text, (1.0, unit.strip()))


def is_no_voltage(unit):
    """Whether a unit's text is one of another quantity than voltage; an unknown text is not."""
    found = to_si(unit)[1]
    return found != "V" and found in {standard for _, standard in _SYMBOLS.values()}


def is_voltage(unit):
    """Whether a unit's text is one of voltage."""
    return to_si(unit)[1] == "V"
