"""What muscles of one side share where a recording does not tell them apart: subset selection on its information.

Activation dynamics (delay, time constants, shape of the EMG) and the curve of passive fibers differ less between the
muscles of one side of a joint than a recording can tell. Where it does not narrow such a parameter's prior by a tenth,
the others free, too, the muscle shares it with the one on its side that is determined next worst (backward elimination,
as in the regression's subset selection; of sensitivities: Brun, Reichert and Künsch 2001, Water Resources Research
37(4), 1015-1030; CEINMS calibrates these parameters for all muscles together: Pizzolato et al. 2015, J. Biomechanics
48(14), 3929-3936). Nothing is fixed: parameters at their prior's centre, together, would be missing in the fit.

On 24 knee records (70 % of each, the rest predicted by simulation) that left the error as it was (geometric mean 9.05
against 9.00 deg); fixing what is undetermined made it 9.63, muscles of a side with a common factor on their forces,
too, 9.18.
"""

from collections import defaultdict

import numpy as np

from ..musculoskeletal.prior import FreeParameters
from .identifiability import NOT_NARROWER

SHARED = (
    "emg_shape_factor",
    "activation_time_constant",
    "deactivation_time_constant",
    "first_filter_time_constant",
    "second_filter_time_constant",
    "electromechanical_delay",
    "passive_fiber_strain_at_one_norm_force",
)


def units_of(information, kinds):
    """Raw coordinates that are one unknown.

    Parameters
    ----------
    information : ndarray (n_raw, n_raw)
        Of the data, in units of the prior (see `Identification`).
    kinds : sequence
        Coordinates of the same kind may share one value; None: with no other.

    Returns
    -------
    list of tuple of int
        Every coordinate once.
    """
    units = [(k,) for k in range(len(information))]
    while True:
        part = _narrowing(information, units)
        by_kind = defaultdict(list)
        for k, unit in enumerate(units):
            by_kind[kinds[unit[0]]].append(k)
        open_ = [
            k
            for kind, mine in by_kind.items()
            for k in mine
            if kind is not None and len(mine) > 1 and part[k] > NOT_NARROWER
        ]
        if not open_:
            return units
        worst = max(open_, key=lambda k: part[k])
        mates = [k for k in by_kind[kinds[units[worst][0]]] if k != worst]
        mate = max(mates, key=lambda k: part[k])
        units[mate] = tuple(sorted(units[mate] + units[worst]))
        units.pop(worst)


def _narrowing(information, units):
    """Posterior over prior standard deviation of each unit's value, the others free, too, ndarray (n_units,)."""
    share = np.zeros((len(information), len(units)))
    for k, unit in enumerate(units):
        share[list(unit), k] = 1.0
    precision = share.T @ information @ share + np.eye(len(units))
    return np.sqrt(np.diag(np.linalg.inv(precision)))


def sharing(model, information):
    """The model whose muscles share what a recording does not tell apart.

    Parameters
    ----------
    model : MusculoskeletalModel
        Whose free parameters were identified.
    information : ndarray (n_raw, n_raw)
        As of `Identification`.

    Returns
    -------
    MusculoskeletalModel
        `model` itself where nothing is to be shared.
    """
    free, rows = FreeParameters(model.parameters), model.parameters.rows
    members = [[int(i) for i in free.index[free.coordinate == k]] for k in range(free.n_raw)]
    ways = _ways(model)
    units = units_of(information, [_kind(ways, [rows[i] for i in mine]) for mine in members])
    changes = {}
    for unit in units:
        if len(unit) > 1:
            mine = [rows[members[k][0]] for k in unit]
            group = "+".join(row.owner for row in mine) + "/" + mine[0].name
            changes |= {(row.owner, row.name): {"group": group} for row in mine}
    return model.with_rows(changes) if changes else model


def _ways(model):
    """Which way each muscle pulls the joints amid their ranges, dict from its name to a tuple of signs."""
    p = model.parameters.as_dict()
    middle = 0.5 * (p["lower_limit"] + p["upper_limit"])[None]
    given = {name: np.zeros((1, 3)) for name in model.prescribed_names}
    signs = np.sign(np.round(model.length_and_moment_arm(middle, exogenous=given)[1][0], 4))
    return dict(zip(model.muscle_names, map(tuple, signs.T), strict=True))


def _kind(ways, rows):
    """What may be shared: the same parameter of muscles that pull the joints the same way; None: nothing."""
    if len(rows) > 1 or rows[0].name not in SHARED:
        return None
    return rows[0].name, ways[rows[0].owner]
