"""Angles in radians, or a word on what contradicts what."""

import numpy as np

from ..io._rotational import motion_types

_ALIASES = {
    "deg": "deg",
    "degree": "deg",
    "degrees": "deg",
    "\u00b0": "deg",
    "rad": "rad",
    "radian": "rad",
    "radians": "rad",
}


def in_radians(angles, names, recording, config):
    """Angles [rad] of a recording; of a model of OpenSim, what is no rotational coordinate keeps its unit.

    Parameters
    ----------
    angles : DataFrame
        As in the file, under the model's names.
    names : dict
        The model's name to the file's.
    recording : Recording
    config : Config

    Raises
    ------
    ValueError
        When nothing tells the unit, or the file says something else than the configuration.
    """
    types = _motion_types(config) if len(angles.columns) else {}
    angles = angles.copy()
    for name in angles.columns:
        kind = types.get(name, "rotational")
        if kind == "translational":
            continue
        unit, from_header = _unit(recording, names[name], config)
        # A header in degrees does not mean coupled coordinates, which OpenSim leaves as they are.
        if unit == "deg" and not (from_header and kind == "coupled"):
            angles[name] = np.deg2rad(angles[name])
    return angles


def _unit(recording, column, config):
    """The unit of a file's angle, and whether the file's header says it."""
    said, asked = recording.angle_unit, config.data.angle_unit
    says = recording.says
    if said is None and recording.units:
        said = _ALIASES.get(str(recording.units.get(column, "")).strip().lower())
        says = f"it gives {recording.units.get(column)!r} as the unit of {column!r}"
    if said and asked and said != asked:
        raise ValueError(
            f'{recording.path}: {says}, but {config.path.name} says angle_unit = "{asked}". Where the file is right, '
            "remove angle_unit from [data] (or change it); where the file is wrong, correct it."
        )
    if said is None and asked is None:
        raise ValueError(
            f"{config.path}: say in [data] whether angles are in degrees or radians: "
            f'angle_unit = "deg" or angle_unit = "rad". {recording.path.name} does not tell.'
        )
    return said or asked, said is not None and recording.angle_unit is not None


def _motion_types(config):
    model = config.estimator.get("model", "auto")
    return motion_types(config.folder / model) if str(model).endswith(".osim") else {}
