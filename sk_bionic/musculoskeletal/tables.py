"""Muscles of the ready-made models from their tables."""

from .muscle import Muscle
from .path import PolynomialPath

COLUMNS = ("max_isometric_force", "optimal_fiber_length", "tendon_slack_length", "pennation_angle_at_optimal")


def choose(table, muscles, name):
    """Names of the muscles to build: those asked for, or all of a table.

    Raises
    ------
    ValueError
        When a muscle is not in the table, or none is asked for.
    """
    chosen = tuple(table) if muscles is None else tuple(muscles)
    unknown = [muscle for muscle in chosen if muscle not in table]
    if unknown or not chosen:
        raise ValueError(f"The {name} model has the muscles {tuple(table)}. Got {chosen}.")
    return chosen


def muscles_with_paths(table, chosen):
    """Muscles of a table.

    Parameters
    ----------
    table : dict
        From name to (path, maximal force [N], optimal fiber length [m], tendon slack length [m], pennation angle
        [rad]). The path is a sequence of coefficients of one angle's powers, or a dict from exponents to coefficients.
    chosen : sequence of str

    Returns
    -------
    list of Muscle
    """
    return [
        Muscle(name, _path(table[name][0]), parameters=dict(zip(COLUMNS, table[name][1:], strict=True)))
        for name in chosen
    ]


def _path(terms):
    return PolynomialPath(tuple(terms.values()), tuple(terms)) if isinstance(terms, dict) else PolynomialPath(terms)
