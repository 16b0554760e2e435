"""The Hill-type muscle: its description."""

from dataclasses import dataclass, field
from math import isfinite
from numbers import Real
from typing import NamedTuple

import numpy as np

from .families import CURVE_FAMILIES, curve_family
from .path import PolynomialPath

CHOICES = {
    "curves": tuple(CURVE_FAMILIES),
    "tendon": ("rigid", "elastic"),
    "activation_dynamics": ("first_order", "second_order"),
    "activation_shape": ("exponential", "logarithmic"),
}
# Of the logarithmic shape, in place of the exponential one's; bounds: Manal and Buchanan (2003).
LOGARITHMIC_SHAPE = {"emg_shape_factor": {"value": 0.05, "lower": 0.001, "upper": 0.12, "prior_scale": 0.03}}


# Parameters in the tables of ready-made models, behind the path.
TABLE = ("max_isometric_force", "optimal_fiber_length", "tendon_slack_length", "pennation_angle_at_optimal")


@dataclass(frozen=True)
class Muscle:
    """Description of one muscle: its name, its EMG channel, its path and the values of its parameters.

    Parameters
    ----------
    name : str
        Name of the muscle; the column of every output.
    path : PolynomialPath or None
        Length of the muscle-tendon unit [m] as a polynomial of the joint angles [rad]. None: lengths and moment arms
        are data (`MuscleGeometry`).
    channel : str, dict or sequence of str, optional
        Column of X that drives the muscle; one column may drive several. A muscle without EMG of its own takes a
        mixture of other columns: a dict from column to weight, or several columns of equal weight. An empty tuple: no
        electrode and no substitute, the muscle is passive. Default: the muscle's name.
    parameters : dict
        Value of each parameter of the muscle (see ``sk_bionic.musculoskeletal.parameters.DEFINITIONS``), either a
        number or a dict with any of the keys ``value``, ``lower``, ``upper``, ``prior_scale``, ``transformation``,
        ``free`` to replace what the table of definitions says. `max_isometric_force`, `optimal_fiber_length` and
        `tendon_slack_length` have no default.
    curves : {"degroote_fregly", "thelen", "millard"}
        Family of the muscle's curves.
    tendon : {"rigid", "elastic"}
        Whether the tendon stretches under its load; an elastic one has a state of its own (see
        `sk_bionic.musculoskeletal.compiled.muscle`).
    activation_dynamics : {"first_order", "second_order"}
        From excitation to its state: De Groote's first-order dynamics, which rises faster than it decays, or the linear
        second-order filter of EMG-driven models. Those run it as a recursion, stable and of unit gain for coefficients
        C1 and C2 between -1 and 0 (Lloyd and Besier 2003, J. Biomechanics 36(6), 765-776), which are another filter at
        every sampling rate; here it is two lags in series, with -C = exp(-1 / (rate tau)) for each of them.
    activation_shape : {"exponential", "logarithmic"}
        From that state to activation; `emg_shape_factor` is the exponential's (-3 to 0) or the A of Manal and Buchanan
        (0 to 0.12).
    curve_properties : dict
        Constants of the curves by OpenSim's names, where this muscle's are not the family's defaults, such as
        ``{"KshapeActive": 0.5}`` or ``{"ActiveForceLengthCurve/shallow_ascending_slope": 0.75}``;
        `sk_bionic.musculoskeletal.families.curve_property_names` lists them.
    minimum_activation : float
        Floor of the excitation, 0 to 1: OpenSim's Thelen and Millard muscles are never less active than 0.01.

    Raises
    ------
    ValueError
        When one of these choices is unknown.

    Examples
    --------
    >>> from sk_bionic.musculoskeletal import Muscle, PolynomialPath
    >>> path = PolynomialPath.constant_moment_arm(0.03, length=0.33, angle=0.8)
    >>> values = {"max_isometric_force": 600.0, "optimal_fiber_length": 0.12, "tendon_slack_length": 0.21}
    >>> Muscle("brachialis", path, channel="biceps", parameters=values).emg_channel
    'biceps'
    """

    name: str
    path: PolynomialPath | None = None
    channel: str | dict | tuple | None = None
    parameters: dict = field(default_factory=dict)
    curves: str = "degroote_fregly"
    tendon: str = "rigid"
    activation_dynamics: str = "first_order"
    activation_shape: str = "exponential"
    curve_properties: dict = field(default_factory=dict)
    minimum_activation: float = 0.0

    def __post_init__(self):
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise ValueError(
                    f"`{name}` of muscle {self.name!r} must be one of {known}. Got {getattr(self, name)!r}."
                )
        if not 0.0 <= self.minimum_activation < 1.0:
            raise ValueError(
                f"`minimum_activation` of muscle {self.name!r} must lie between 0 and 1. Got "
                f"{self.minimum_activation!r}."
            )
        self._check_curves()
        self._check_channel()

    @property
    def given_parameters(self):
        """`parameters`, with the defaults of the chosen curves and shape where nothing is given."""
        merged = dict(self.parameters)
        shape = LOGARITHMIC_SHAPE if self.activation_shape == "logarithmic" else {}
        for name, default in {**CURVE_FAMILIES[self.curves].defaults, **shape}.items():
            merged[name] = {**_overrides(default), **_overrides(self.parameters.get(name))}
        return merged

    @property
    def channel_weights(self):
        """Dict from column of X to its weight in the muscle's excitation."""
        if self.channel is None or isinstance(self.channel, str):
            return {self.name if self.channel is None else self.channel: 1.0}
        if isinstance(self.channel, dict):
            return dict(self.channel)
        distinct = dict.fromkeys(self.channel)
        return dict.fromkeys(distinct, 1.0 / max(1, len(distinct)))

    @property
    def is_synthesized(self):
        """Whether the excitation is a stated mixture, not the muscle's own EMG."""
        return not (self.channel is None or isinstance(self.channel, str)) and not self.is_passive

    @property
    def is_passive(self):
        """Whether nothing excites the muscle."""
        return isinstance(self.channel, tuple) and not self.channel

    @property
    def emg_channel(self):
        """Column of X that drives the muscle, or the mixture in words; empty of a passive one."""
        if self.is_synthesized:
            return " + ".join(f"{weight:.3g} {name}" for name, weight in self.channel_weights.items())
        return self.name if self.channel is None else self.channel

    def _check_curves(self):
        try:
            curve_family(self.curves, self.curve_properties)
        except (ValueError, TypeError, ZeroDivisionError) as error:
            raise ValueError(f"`curve_properties` of muscle {self.name!r}: {error}") from error

    def _check_channel(self):
        weights = self.channel_weights
        numbers = all(isinstance(w, Real) and isfinite(w) and w > 0 for w in weights.values())
        if not ((weights or self.is_passive) and numbers and all(isinstance(name, str) for name in weights)):
            raise ValueError(
                f"`channel` of muscle {self.name!r} must be a column of X, several columns, or a dict from column "
                f"to a positive weight (an empty tuple: passive). Got {self.channel!r}."
            )


def _overrides(given):
    return given if isinstance(given, dict) else {} if given is None else {"value": given}


class MuscleState(NamedTuple):
    """Geometry and force of muscles; each field is an ndarray (..., n_muscles)."""

    fiber_length: np.ndarray
    fiber_velocity: np.ndarray
    cos_pennation: np.ndarray
    tendon_force: np.ndarray


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
        Muscle(name, _path(table[name][0]), parameters=dict(zip(TABLE, table[name][1:], strict=True)))
        for name in chosen
    ]


def _path(terms):
    return PolynomialPath(tuple(terms.values()), tuple(terms)) if isinstance(terms, dict) else PolynomialPath(terms)
