"""Which columns of an OpenSim table are angles: the file does not say, the model does."""

import re
from pathlib import Path

# Last words of the names of rotational coordinates in published models, without the side.
_MOTION = {
    *("angle", "angles", "flexion", "flex", "extension", "dorsiflexion", "plantarflexion", "tilt", "list", "obliquity"),
    *("adduction", "add", "abduction", "abd", "rotation", "rot", "inversion", "eversion", "bending"),
    *("elevation", "elev", "elv", "deviation", "dev", "pronation", "supination", "sup"),
}
# Those that stand for something else where no other word is beside them.
_NEVER_ALONE = {"flex", "add", "abd", "rot", "list", "elev", "elv", "dev", "sup"}
_SIDES = {"l", "r", "left", "right"}
# Words of quantities that no flag in degrees concerns.
_NO_ANGLE = {
    *("force", "forces", "moment", "moments", "torque", "torques", "power", "work", "tau", "grf", "cop", "m", "f"),
    *("activation", "excitation", "emg", "control", "length", "fiber", "tendon", "muscle", "mtu", "normalized"),
    *("reserve", "residual", "actuator", "weight", "error", "stiffness", "damping", "beta", "pat"),
    *("tx", "ty", "tz", "px", "py", "pz", "vx", "vy", "vz", "fx", "fy", "fz", "mx", "my", "mz", "x", "y", "z"),
}
_TRANSLATION = re.compile(r"trans(?!verse)|cop[xyz]?$", re.IGNORECASE)
# Components of a path that own no coordinates.
_SETS = {"forceset", "controllerset", "bodyset", "markerset", "constraintset", "probeset", "contactgeometryset"}
# Last components of a path with which OpenSim takes the one before for the coordinate.
_STATES = {"value", "speed", "accel", "acceleration"}


def is_rotational_by_name(label):
    """Whether a column holds the angle of a coordinate, judged by its name alone.

    Its last word, but for the side, must be one of motion ("flexion", "angle", "tilt", ...), and none a word of another
    quantity. Of a path, the coordinate's name counts; paths of forces and controllers are none.
    """
    name = _coordinate_of(label)
    words = _words(name)
    if name is None or not words or words[-1] not in _MOTION or _other_quantity(name, words):
        return False
    return len(words) > 1 or words[0] not in _NEVER_ALONE


def rotational_of(motion_types):
    """OpenSim's rule as a function of a column's name, for the coordinates of one model.

    A column belongs to the coordinate whose name it has, whole or as last component of a path, or as last but one
    before ``/value`` or ``/speed``. Speeds named as OpenSim 3 did (``knee_angle_r_u``) are none.
    """

    def is_rotational(label):
        name = label if label in motion_types else _coordinate_of(label)
        return motion_types.get(name) == "rotational"

    return is_rotational


def motion_types(model):
    """Dict from the coordinates of a model to "rotational", "translational" or "coupled".

    Parameters
    ----------
    model : path-like or OsimModel
        An .osim file, or what `read_osim` made of one.
    """
    from ..musculoskeletal.opensim_model import OsimModel, read_osim

    if not isinstance(model, str | Path | OsimModel):
        raise TypeError(f"`model` must be the path of an .osim file or what `read_osim` returns. Got {model!r}.")
    model = model if isinstance(model, OsimModel) else read_osim(model)
    return {name: coordinate.motion_type for name, coordinate in model.coordinates.items()}


def rotational_columns(labels, rotational="by_name", model=None):
    """The labels that hold angles, in order.

    Parameters
    ----------
    labels : list of str
    rotational : "by_name", callable(label) -> bool, or collection of str
    model : path-like or OsimModel, default=None
        Decides instead of the names.

    Raises
    ------
    ValueError
        If a name of the collection is no label, or both a model and other than "by_name" are given.
    """
    by_name = isinstance(rotational, str)
    if by_name and rotational != "by_name":
        raise ValueError(
            f"`rotational` must be 'by_name', a list of columns or a function of a column's name. Got {rotational!r}."
        )
    if model is not None and not by_name:
        raise ValueError("`model` and `rotational` both say which columns are angles: give one of them.")
    if by_name or callable(rotational):
        chosen = (
            rotational
            if not by_name
            else is_rotational_by_name
            if model is None
            else rotational_of(motion_types(model))
        )
        return [label for label in labels if chosen(label)]
    rotational = dict.fromkeys(rotational)
    unknown = list(rotational.keys() - set(labels))
    if unknown:
        raise ValueError(f"`rotational` names no column: {unknown}. Columns: {list(labels)}.")
    return [label for label in labels if label in rotational]


def may_be_angles(labels):
    """The labels that tell neither an angle nor another quantity."""
    return [label for label in labels if (name := _coordinate_of(label)) and not _other_quantity(name, _words(name))]


def _coordinate_of(label):
    """The component of a path that may be a coordinate's name, None where it cannot be one."""
    parts = label.strip("/").split("/")
    if _SETS & {part.lower() for part in parts}:
        return None
    return parts[-2] if len(parts) > 1 and parts[-1] in _STATES else parts[-1]


def _words(name):
    """Lower-case words of a name, parted at underscores, dots, blanks and capitals, without the side."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name or "")
    return [word for word in re.split(r"[_.\s-]+", parted.lower()) if word and word not in _SIDES]


def _other_quantity(name, words):
    return bool(_NO_ANGLE.intersection(words)) or bool(_TRANSLATION.search(name))
