"""The families of muscle curves, and the curves of several muscles evaluated together."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

import torch

from . import curves, millard, thelen


class CurveFamily(NamedTuple):
    """The four curves of a Hill-type muscle, and what its parameters default to where that differs.

    Attributes
    ----------
    active_force_length, passive_force_length, force_velocity, tendon_force_length : callable
        See `sk_bionic.musculoskeletal.curves`.
    defaults : dict
        Value (or dict of overrides) of muscle parameters whose default is another one than the table's.
    slack_stiffness : float
        How much a slack tendon is held, in normalised forces per unit of the tendon's state (see
        `sk_bionic.musculoskeletal.tendon`), where the family's tendon curve is flat below the slack length.
    constants : NamedTuple
        What the curves are made of (`Constants` of the family's module).
    """

    active_force_length: Callable
    passive_force_length: Callable
    force_velocity: Callable
    tendon_force_length: Callable
    defaults: dict
    slack_stiffness: float
    constants: tuple


def _formulas(module, defaults, slack_stiffness, constants):
    """A family whose curves are formulas."""
    module.check(constants)
    fixed = {} if constants == module.CONSTANTS else {"constants": constants}
    own = lambda curve: partial(curve, **fixed) if fixed and "constants" in (curve.__kwdefaults__ or {}) else curve
    return CurveFamily(
        own(module.active_force_length),
        own(module.passive_force_length),
        own(module.force_velocity),
        module.tendon_force_length,
        defaults,
        slack_stiffness,
        constants,
    )


def _splines(defaults, slack_stiffness, constants):
    """Millard's family, whose curves are tables."""
    made = millard if constants == millard.CONSTANTS else millard.Curves(constants)
    return CurveFamily(
        made.active_force_length,
        made.passive_force_length,
        made.force_velocity,
        made.tendon_force_length,
        defaults,
        slack_stiffness,
        constants,
    )


_THELEN = {"tendon_strain_at_one_norm_force": 0.04, "fiber_damping": 0.0}
_MILLARD = {"passive_fiber_strain_at_one_norm_force": 0.7, "fiber_damping": {"value": 0.1, "upper": 1.0}}
# Family to its default constants and what makes it of constants.
_MAKERS = {
    "degroote_fregly": (curves.CONSTANTS, partial(_formulas, curves, {}, 0.0)),
    "thelen": (thelen.CONSTANTS, partial(_formulas, thelen, _THELEN, 0.05)),
    "millard": (millard.CONSTANTS, partial(_splines, _MILLARD, 0.05)),
}
CURVE_FAMILIES = {name: make(constants) for name, (constants, make) in _MAKERS.items()}


def curve_family(name, properties=None):
    """The curves of one muscle.

    Parameters
    ----------
    name : {"degroote_fregly", "thelen", "millard"}
    properties : dict, optional
        Constants of the curves by OpenSim's names, where they are not its defaults: "KshapeActive",
        "ActiveForceLengthCurve/shallow_ascending_slope" (see `curve_property_names`).

    Returns
    -------
    CurveFamily

    Raises
    ------
    ValueError
        When a property is unknown, or no curve can be made of the values.
    """
    return _curve_family(name, tuple(sorted((properties or {}).items()))) if properties else CURVE_FAMILIES[name]


def curve_property_names(name):
    """Names of the constants that the curves of a family have, tuple of str."""
    constants = _MAKERS[name][0]
    nested = [(field, getattr(constants, field)) for field in constants._fields]
    return tuple(
        full
        for field, value in nested
        for full in ([f"{field}/{f}" for f in value._fields] if isinstance(value, tuple) else [field])
    )


@lru_cache(maxsize=512)
def _curve_family(name, properties):
    known, (constants, make) = curve_property_names(name), _MAKERS[name]
    unknown = [key for key, _ in properties if key not in known]
    if unknown:
        raise ValueError(f"{name!r} curves have no properties {unknown}. They have {list(known)}.")
    for key, value in properties:
        outer, _, inner = key.partition("/")
        changed = getattr(constants, outer)._replace(**{inner: value}) if inner else value
        constants = constants._replace(**{outer: changed})
    return make(constants)


class CurveSet:
    """The curves of several muscles, each of its own family.

    Parameters
    ----------
    names : sequence of str, n_muscles
        Keys of `CURVE_FAMILIES`.
    properties : sequence of dict, n_muscles, optional
        Constants of each muscle's curves, where they are its own (see `curve_family`).

    Attributes
    ----------
    slack_stiffness : Tensor (n_muscles,)
    """

    def __init__(self, names, properties=None):
        self.names = tuple(names)
        own = properties or [{}] * len(self.names)
        families = [curve_family(name, given) for name, given in zip(self.names, own, strict=True)]
        members = {}
        for i, (name, family) in enumerate(zip(self.names, families, strict=True)):
            members.setdefault((name, family.constants), []).append(i)
        self._groups = [(families[index[0]], torch.tensor(index)) for index in members.values()]
        self._order = torch.argsort(torch.cat([index for _, index in self._groups]))
        stiffness = [family.slack_stiffness for family in families]
        self.slack_stiffness = torch.tensor(stiffness, dtype=torch.float64)

    def _evaluate(self, curve, *arguments):
        """A curve of all muscles; arguments (..., n_muscles) or broadcastable to it."""
        if len(self._groups) == 1:
            return getattr(self._groups[0][0], curve)(*arguments)
        arguments = torch.broadcast_tensors(*arguments)
        parts = [getattr(family, curve)(*(a[..., index] for a in arguments)) for family, index in self._groups]
        return torch.cat(parts, dim=-1)[..., self._order]

    def active_force_length(self, norm_fiber_length):
        """Active force-length multipliers (..., n_muscles)."""
        return self._evaluate("active_force_length", norm_fiber_length)

    def passive_force_length(self, norm_fiber_length, strain_at_one_norm_force):
        """Passive forces (..., n_muscles) in units of the maximal isometric forces."""
        return self._evaluate("passive_force_length", norm_fiber_length, strain_at_one_norm_force)

    def force_velocity(self, norm_fiber_velocity, activation):
        """Force-velocity multipliers (..., n_muscles)."""
        return self._evaluate("force_velocity", norm_fiber_velocity, activation)

    def tendon_force_length(self, norm_tendon_length, strain_at_one_norm_force):
        """Tendon forces (..., n_muscles) in units of the maximal isometric forces."""
        return self._evaluate("tendon_force_length", norm_tendon_length, strain_at_one_norm_force)
