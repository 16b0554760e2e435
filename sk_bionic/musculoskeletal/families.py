"""The families of muscle curves: their constants, and what their muscles default to."""

from functools import cached_property, lru_cache

import numpy as np

from . import curves, millard, thelen


class CurveFamily:
    """The four curves of a Hill-type muscle, for arrays of any shape; with `order` 1 their slopes.

    Parameters
    ----------
    name : {"degroote_fregly", "thelen", "millard"}
    constants : NamedTuple
        What the curves are made of (`Constants` of the family's module).

    Attributes
    ----------
    defaults : dict
        Value (or dict of overrides) of muscle parameters whose default is another one than the table's.
    slack_stiffness : float
        How much a slack tendon is held, in normalised forces per unit of the tendon's state (see
        `sk_bionic.musculoskeletal.compiled.muscle`), where the family's tendon curve is flat below the slack length.

    Raises
    ------
    ValueError
        When no curves can be made of the constants.
    """

    def __init__(self, name, constants):
        self.name, self.constants = name, constants
        _, check, self.defaults, self.slack_stiffness = _FAMILIES[name]
        self.made = check(constants)

    @cached_property
    def _body(self):
        from .compiled.model import body_of_curves

        return body_of_curves(self)

    def _values(self, curve, x, other, order):
        from .compiled.curves import curve_values

        x, other = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(other, dtype=np.float64))
        out = np.empty((x.size, 2))
        curve_values(self._body, curve, np.ascontiguousarray(x).ravel(), np.ascontiguousarray(other).ravel(), out)
        return out[:, order].reshape(x.shape)

    def active_force_length(self, norm_fiber_length, order=0):
        """Active force-length multiplier, 1 at the optimal fiber length."""
        return self._values(0, norm_fiber_length, 0.0, order)

    def passive_force_length(self, norm_fiber_length, strain_at_one_norm_force, order=0):
        """Passive force of the fiber, 1 at a strain of `strain_at_one_norm_force`."""
        return self._values(1, norm_fiber_length, strain_at_one_norm_force, order)

    def force_velocity(self, norm_fiber_velocity, activation=1.0, order=0):
        """Force-velocity multiplier, 0 at the fastest shortening, 1 at 0; Thelen's alone depends on activation."""
        return self._values(2, norm_fiber_velocity, activation, order)

    def tendon_force_length(self, norm_tendon_length, strain_at_one_norm_force, order=0):
        """Tendon force, 1 at a strain of `strain_at_one_norm_force`."""
        return self._values(3, norm_tendon_length, strain_at_one_norm_force, order)


_THELEN = {"tendon_strain_at_one_norm_force": 0.04, "fiber_damping": 0.0}
_MILLARD = {"passive_fiber_strain_at_one_norm_force": 0.7, "fiber_damping": {"value": 0.1, "upper": 1.0}}
# Family to its default constants, what checks constants (and makes tables of them), defaults, and stiffness of a slack
# tendon.
_FAMILIES = {
    "degroote_fregly": (curves.CONSTANTS, curves.check, {}, 0.0),
    "thelen": (thelen.CONSTANTS, thelen.check, _THELEN, 0.05),
    "millard": (millard.CONSTANTS, millard.Curves, _MILLARD, 0.05),
}
CURVE_FAMILIES = {name: CurveFamily(name, constants) for name, (constants, *_) in _FAMILIES.items()}


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
    constants = _FAMILIES[name][0]
    nested = [(field, getattr(constants, field)) for field in constants._fields]
    return tuple(
        full
        for field, value in nested
        for full in ([f"{field}/{f}" for f in value._fields] if isinstance(value, tuple) else [field])
    )


@lru_cache(maxsize=512)
def _curve_family(name, properties):
    known, constants = curve_property_names(name), _FAMILIES[name][0]
    unknown = [key for key, _ in properties if key not in known]
    if unknown:
        raise ValueError(f"{name!r} curves have no properties {unknown}. They have {list(known)}.")
    for key, value in properties:
        outer, _, inner = key.partition("/")
        changed = getattr(constants, outer)._replace(**{inner: value}) if inner else value
        constants = constants._replace(**{outer: changed})
    return CurveFamily(name, constants)
