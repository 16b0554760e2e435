"""The families of muscle curves, and the curves of several muscles evaluated together."""

from collections.abc import Callable
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
    """

    active_force_length: Callable
    passive_force_length: Callable
    force_velocity: Callable
    tendon_force_length: Callable
    defaults: dict
    slack_stiffness: float


def _family(module, defaults, slack_stiffness):
    return CurveFamily(
        module.active_force_length,
        module.passive_force_length,
        module.force_velocity,
        module.tendon_force_length,
        defaults,
        slack_stiffness,
    )


CURVE_FAMILIES = {
    "degroote_fregly": _family(curves, {}, 0.0),
    "thelen": _family(thelen, {"tendon_strain_at_one_norm_force": 0.04, "fiber_damping": 0.0}, 0.05),
    "millard": _family(
        millard,
        {"passive_fiber_strain_at_one_norm_force": 0.7, "fiber_damping": {"value": 0.1, "upper": 1.0}},
        0.05,
    ),
}


class CurveSet:
    """The curves of several muscles, each of its own family.

    Parameters
    ----------
    names : sequence of str, n_muscles
        Keys of `CURVE_FAMILIES`.

    Attributes
    ----------
    slack_stiffness : Tensor (n_muscles,)
    """

    def __init__(self, names):
        self.names = tuple(names)
        members = {name: [i for i, own in enumerate(self.names) if own == name] for name in dict.fromkeys(self.names)}
        self._groups = [(CURVE_FAMILIES[name], torch.tensor(index)) for name, index in members.items()]
        self._order = torch.argsort(torch.cat([index for _, index in self._groups]))
        stiffness = [CURVE_FAMILIES[name].slack_stiffness for name in self.names]
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
