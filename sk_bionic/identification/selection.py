"""The largest set of parameters that a recording determines: subset selection on the information of the angles.

A parameter is determined where the data narrow its prior by a tenth at least while the others of the set are free, too.
From the set of all, the least determined one goes first: together with the same parameter of another muscle on its side
of the joint, with which it then shares one factor, otherwise to its prior (backward elimination, as in the regression's
subset selection; of sensitivities: Brun, Reichert and Künsch 2001, Water Resources Research 37(4), 1015-1030). What is
left undetermined are combinations, which `identifiability.weak_directions` tells.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..musculoskeletal.parameters import ParameterTable
from ..musculoskeletal.prior import FreeParameters
from .identifiability import ADVICE, NOT_NARROWER, OTHERWISE, Finding, label


class Selection(NamedTuple):
    """What is determined.

    Attributes
    ----------
    units : tuple of tuple of int
        Raw coordinates that have a factor of their own, together with those that share it.
    left : tuple of int
        Raw coordinates that stay at their prior, those first that are nearest to being determined.
    """

    units: tuple
    left: tuple


def select(information, kinds):
    """Largest set of raw coordinates of which none is left to its prior.

    Parameters
    ----------
    information : ndarray (n_raw, n_raw)
        Of the data, in units of the prior (see `Identification`).
    kinds : sequence
        Coordinates of the same kind may share one factor; None: with no other.

    Returns
    -------
    Selection
        With one unit at least.
    """
    units, left = [(k,) for k in range(len(information))], []
    while len(units) > 1:
        part = _narrowing(information, units)
        if part.max() <= NOT_NARROWER:
            break
        worst = int(np.argmax(part))
        kind = kinds[units[worst][0]]
        mates = [j for j, unit in enumerate(units) if j != worst and kind is not None and kinds[unit[0]] == kind]
        if mates:
            mate = max(mates, key=lambda j: part[j])
            units[mate] = tuple(sorted(units[mate] + units[worst]))
        else:
            left.extend(units[worst])
        units.pop(worst)
    return Selection(tuple(units), tuple(reversed(left)))


def _narrowing(information, units):
    """Posterior over prior standard deviation of each unit's factor, the others free, too, ndarray (n_units,)."""
    share = np.zeros((len(information), len(units)))
    for k, unit in enumerate(units):
        share[list(unit), k] = 1.0
    precision = share.T @ information @ share + np.eye(len(units))
    return np.sqrt(np.diag(np.linalg.inv(precision)))


def determined(model, information):
    """The model with the parameters free that a recording determines, the others at their prior's centre.

    Parameters
    ----------
    model : MusculoskeletalModel
        Whose free parameters were identified.
    information : ndarray (n_raw, n_raw)
        As of `Identification`.

    Returns
    -------
    model : MusculoskeletalModel
    findings : list of Finding
        One for every parameter that stays at its prior.
    """
    free, rows = FreeParameters(model.parameters), model.parameters.rows
    members = [[int(i) for i in free.index[free.coordinate == k]] for k in range(free.n_raw)]
    chosen = select(information, [_kind(model, [rows[i] for i in m]) for m in members])
    groups = {}
    for unit in chosen.units:
        mine = [i for k in unit for i in members[k]]
        shared = "+".join(rows[i].owner for i in mine) + "/" + rows[mine[0]].name
        groups |= {i: shared if len(unit) > 1 else rows[i].group for i in mine}
    kept = ParameterTable(
        replace(row, group=groups[i])
        if i in groups
        else replace(row, free=False, value=row.initial, group="")
        if row.free
        else row
        for i, row in enumerate(rows)
    )
    findings = [
        Finding((i,), label(rows[i]), ADVICE.get(rows[i].name, OTHERWISE)) for k in chosen.left for i in members[k]
    ]
    changes = {(row.owner, row.name): vars(row) for row in kept.rows}
    return model.with_rows(changes), findings


def _kind(model, rows):
    """What may be shared: the same parameter of the muscles that pull the joints the same way; None: nothing."""
    if len(rows) > 1 or rows[0].owner not in model.muscle_names:
        return None
    p = model.parameters.as_dict()
    arms = model.length_and_moment_arm(0.5 * (p["lower_limit"] + p["upper_limit"])[None])[1]
    arms = arms[0, :, list(model.muscle_names).index(rows[0].owner)]
    return rows[0].name, tuple(np.sign(np.round(arms, 4)))
