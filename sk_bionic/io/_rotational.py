"""Which columns of an OpenSim table are angles: the file does not say."""

import re

# Words (between underscores, dots or spaces) of quantities that no flag in degrees concerns.
_NO_ANGLE = {
    *("force", "forces", "moment", "torque", "power", "work"),
    *("activation", "excitation", "emg", "length", "fiber", "tendon", "muscle"),
    *("tx", "ty", "tz", "px", "py", "pz", "vx", "vy", "vz", "x", "y", "z"),
    # The patellae of Rajagopal's and of the leg models: coupled, so OpenSim keeps them in radians.
    *("beta", "pat"),
}
_ROTATION = re.compile(r"rot\w*|o[xyz]")
_TRANSLATION = re.compile(r"trans(?!verse)")
_NO_MOTION = {"force", "forces", "moment", "torque", "power", "work"}


def is_rotational_by_name(label):
    """Whether a column holds angles or angular rates, judged by its name alone.

    A path of OpenSim's states must end in ``/value`` or ``/speed``; its last but one component is
    the coordinate. Of the remaining name, a force, moment, torque, power or work decides first
    (no angle), then a word that begins with "rot" or is "Ox", "Oy", "Oz" (angle), then "trans" or
    a word that tells a position, a translation, a muscle or an EMG (no angle). What is left is an
    angle.
    """
    parts = label.strip("/").split("/")
    if len(parts) > 1 and parts[-1] not in ("value", "speed"):
        return False
    name = parts[-2] if len(parts) > 1 else label
    words = set(re.split(r"[_.\s]+", name.lower()))
    if words & _NO_MOTION:
        return False
    if any(_ROTATION.fullmatch(word) for word in words):
        return True
    return not (words & _NO_ANGLE or _TRANSLATION.search(name.lower()))


def rotational_columns(labels, rotational):
    """The labels that hold angles, in order.

    Parameters
    ----------
    labels : list of str
    rotational : "by_name", callable(label) -> bool, or collection of str

    Raises
    ------
    ValueError
        If a name of the collection is no label.
    """
    if isinstance(rotational, str) and rotational != "by_name":
        raise ValueError(
            f"`rotational` must be 'by_name', a list of columns or a function of a column's name. Got {rotational!r}."
        )
    if callable(rotational) or isinstance(rotational, str):
        chosen = is_rotational_by_name if isinstance(rotational, str) else rotational
        return [label for label in labels if chosen(label)]
    rotational = dict.fromkeys(rotational)
    unknown = list(rotational.keys() - set(labels))
    if unknown:
        raise ValueError(f"`rotational` names no column: {unknown}. Columns: {list(labels)}.")
    return [label for label in labels if label in rotational]
