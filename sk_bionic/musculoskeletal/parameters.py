"""The table of physiological parameters: units, bounds, priors, sources; and the vector that an optimiser moves."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class ParameterDefinition:
    """What the package knows about a parameter before it meets a subject.

    `lower` and `upper` are factors of the initial value when `relative`, values otherwise. `prior_scale` is the
    standard deviation of log(value) when `transformation` is "log", of the value when it is "identity".
    """

    name: str
    owner: str  # "muscle", "coordinate", or "linkage": of coordinates whose segments hang on one another
    unit: str
    value: float | None
    lower: float
    upper: float
    relative: bool
    prior_scale: float
    transformation: str
    free: bool
    source: str


def _define(name, owner, unit, value, lower, upper, relative, prior_scale, transformation, free, source):
    return ParameterDefinition(
        name, owner, unit, value, lower, upper, relative, prior_scale, transformation, free, source
    )


_CEINMS = "bounds: CEINMS calibration (Pizzolato et al. 2015)"
_DGF = "value: De Groote et al. 2016"
_OPENSIM = "value: OpenSim DeGrooteFregly2016Muscle"

# fmt: off
#: Every physiological parameter by name: unit, default, bounds, prior and the source of each (`ParameterDefinition`).
DEFINITIONS = {
    d.name: d
    for d in (
        _define("max_isometric_force", "muscle", "N", None, 0.2, 5.0, True, 0.5, "log", True,
                "bounds: twice as wide as CEINMS (0.5 to 2.5), since the gain of the normalised EMG is part of it"),
        _define("optimal_fiber_length", "muscle", "m", None, 0.6, 1.4, True, 0.15, "log", True,
                "bounds: NMSM Pipeline (0.6 to 1.4)"),
        _define("tendon_slack_length", "muscle", "m", None, 0.85, 1.15, True, 0.05, "log", False, _CEINMS + "; "
        "fixed unless asked for: over one joint's range it acts as "
        "the optimal fiber length does"),
        _define("pennation_angle_at_optimal", "muscle", "rad", 0.0, 0.0, 0.8, False, 0.05, "identity", False,
                "value: 0 unless the preset says otherwise"),
        _define("max_contraction_velocity", "muscle", "1/s", 10.0, 2.0, 20.0, False, 0.2, "log", False, _OPENSIM),
        _define("fiber_damping", "muscle", "1", 0.01, 0.0, 0.1, False, 0.01, "identity", False, _OPENSIM),
        _define("passive_fiber_strain_at_one_norm_force", "muscle", "1", 0.6, 0.3, 1.5, False, 0.2, "log", False,
        _OPENSIM),
        _define("tendon_strain_at_one_norm_force", "muscle", "1", 0.049, 0.01, 0.15, False, 0.2, "log", False,
                _OPENSIM + "; of no effect where the tendon is rigid"),
        _define("activation_time_constant", "muscle", "s", 0.015, 0.005, 0.15, False, 0.3, "log", False, _DGF),
        _define("deactivation_time_constant", "muscle", "s", 0.060, 0.01, 0.5, False, 0.3, "log", False, _DGF),
        _define("first_filter_time_constant", "muscle", "s", 0.03, 0.002, 0.3, False, 0.3, "log", False,
                "first pole of the second-order activation dynamics; value: twitch contraction times of 30 to 90 ms "
                "(Buchanan et al. 2004)"),
        _define("second_filter_time_constant", "muscle", "s", 0.03, 0.002, 0.3, False, 0.3, "log", False,
                "its second pole; critically damped where both are equal"),
        _define("emg_gain", "muscle", "1", 1.0, 0.2, 5.0, False, 0.3, "log", False,
                "factor on the EMG before the activation dynamics: another electrode or session; fixed, since it "
                "acts almost as "
                "the maximal force does"),
        _define("emg_shape_factor", "muscle", "1", -1.0, -2.999, -0.001, False, 0.7, "identity", True, _CEINMS),
        _define("electromechanical_delay", "muscle", "s", 0.04, 0.0, 0.125, False, 0.03, "identity", True,
                "bounds: NMSM Pipeline (0 to 125 ms)"),
        _define("moment_arm_scale", "muscle", "1", 1.0, 0.5, 2.0, False, 0.1, "log", False,
                "factor on the path's slope; fixed, since it acts as the maximal force does"),
        _define("moment_of_inertia", "coordinate", "kg m^2", None, 0.2, 5.0, True, 0.2, "log", False,
                "of the segment about its own (proximal) joint, without the hand load; anthropometry"),
        _define("segment_mass", "coordinate", "kg", None, 0.2, 5.0, True, 0.2, "log", False, "anthropometry"),
        _define("center_of_mass", "coordinate", "m", 0.0, 0.0, 1.0, False, 0.02, "identity", False,
                "distance from the (proximal) joint; anthropometry"),
        _define("segment_orientation", "coordinate", "rad", 0.0, -3.2, 3.2, False, 0.1, "identity", False,
                "angle of the segment from hanging straight down (on another segment: from that one) at a "
                "joint angle of 0"),
        _define("segment_length", "linkage", "m", 0.0, 0.0, 1.0, False, 0.02, "identity", False,
                "distance of the next joint from this one; of segments that carry others; anthropometry"),
        _define("load_distance", "coordinate", "m", 0.0, 0.0, 1.0, False, 0.02, "identity", False,
                "distance of the hand load from the joint"),
        _define("joint_stiffness", "coordinate", "N m/rad", 0.0, 0.0, 100.0, False, 1.0, "identity", False,
        "passive tissue"),
        _define("joint_rest_angle", "coordinate", "rad", 0.0, -3.2, 3.2, False, 0.3, "identity", False,
                "angle at which the passive stiffness exerts no torque"),
        _define("joint_damping", "coordinate", "N m s/rad", 0.2, 0.0, 20.0, False, 0.2, "identity", False,
        "passive tissue"),
        _define("co_contraction_stiffness", "coordinate", "N m/rad", 0.0, 0.0, 100.0, False, 3.0, "identity", False,
                "stiffness about the rest angle per unit of summed activation"),
        _define("lower_limit", "coordinate", "rad", -3.2, -4.0, 4.0, False, 0.12, "identity", False,
                "below it the lower stop acts (CoordinateLimitForce in OpenSim)"),
        _define("upper_limit", "coordinate", "rad", 3.2, -4.0, 4.0, False, 0.12, "identity", False,
                "above it the upper stop acts"),
        _define("limit_stiffness", "coordinate", "N m/rad", 60.0, 1.0, 1000.0, False, 0.5, "log", False,
                "one-sided stops, joint or contact"),
        _define("limit_transition", "coordinate", "rad", 0.05, 0.005, 0.5, False, 0.3, "log", False,
                "width over which a stop becomes stiff"),
        _define("goniometer_offset", "coordinate", "rad", 0.0, -0.8, 0.8, False, 0.15, "identity", False,
                "measured angle minus joint angle"),
    )
}
# fmt: on
# What a joint's own tissue adds to the torque of the muscles; nothing else of a coordinate matters for it.
PASSIVE_PARAMETERS = (
    "joint_stiffness",
    "joint_rest_angle",
    "joint_damping",
    "co_contraction_stiffness",
    "lower_limit",
    "upper_limit",
    "limit_stiffness",
    "limit_transition",
)
# What describes a joint's segment rather than the joint: it moves other joints even where the joint itself does not
# obey the equation of motion.
SEGMENT_PARAMETERS = (
    "moment_of_inertia",
    "segment_mass",
    "center_of_mass",
    "segment_orientation",
    "segment_length",
    "load_distance",
)  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """One row of the table.

    A parameter of one muscle or coordinate. Free rows of one non-empty `group` move together.
    """

    owner: str
    name: str
    unit: str
    initial: float
    value: float
    lower: float
    upper: float
    prior_scale: float
    transformation: str
    free: bool
    source: str
    group: str = ""


_OVERRIDES = ("value", "lower", "upper", "prior_scale", "transformation", "free")


def make_parameter(definition, owner, given):
    """Row for `owner` from its definition and what the model's author gives (a number or a dict of overrides).

    Raises
    ------
    ValueError
        When the parameter has no value, an override is unknown, or the value lies outside its bounds.
    """
    overrides = dict(given) if isinstance(given, dict) else {} if given is None else {"value": given}
    unknown = sorted(set(overrides) - set(_OVERRIDES))
    if unknown:
        raise ValueError(f"Parameter {definition.name!r} of {owner!r} takes the keys {_OVERRIDES}. Got {unknown}.")
    value = overrides.get("value", definition.value)
    if value is None:
        raise ValueError(
            f"Parameter {definition.name!r} of {owner!r} has no default [{definition.unit}]: give its value."
        )
    factor = value if definition.relative else 1.0
    lower = overrides.get("lower", definition.lower * factor)
    upper = overrides.get("upper", definition.upper * factor)
    if not lower <= value <= upper:
        raise ValueError(
            f"Parameter {definition.name!r} of {owner!r} must lie between {lower:g} and {upper:g} {definition.unit}. "
            f"Got {value:g}."
        )
    return Parameter(
        owner, definition.name, definition.unit, float(value), float(value), float(lower), float(upper),
        overrides.get("prior_scale", definition.prior_scale),
        overrides.get("transformation", definition.transformation),
        overrides.get("free", definition.free), definition.source,
    )  # fmt: skip


class ParameterTable:
    """All parameters of a model, in a fixed order, with the free ones marked.

    Parameters
    ----------
    rows : sequence of Parameter
        Rows of the same name must be adjacent, in the order of muscles or coordinates.
    """

    def __init__(self, rows):
        self.rows = tuple(rows)
        self.slices, start = {}, 0
        for name, own in groupby(self.rows, key=lambda row: row.name):
            stop = start + sum(1 for _ in own)
            self.slices[name], start = slice(start, stop), stop

    def __len__(self):
        return len(self.rows)

    @cached_property
    def _value(self):
        return np.array([row.value for row in self.rows], dtype=np.float64)

    @property
    def value(self):
        """Current values of all rows, ndarray (n_parameters,), in SI units."""
        return self._value.copy()

    @property
    def muscle_names(self):
        """Names of the parameters that muscles have."""
        return [name for name in self.slices if DEFINITIONS[name].owner == "muscle"]

    @property
    def free_index(self):
        """Rows that identification may move, ndarray of int."""
        return np.flatnonzero([row.free for row in self.rows])

    def as_dict(self, values=None):
        """Parameters by name.

        Parameters
        ----------
        values : ndarray (..., n_parameters), optional
            Values of all rows; default: the table's own.

        Returns
        -------
        dict of ndarray (..., n_muscles) or (..., n_coordinates)
        """
        if values is None:
            values = self.value
        return {name: values[..., rows] for name, rows in self.slices.items()}

    def flat(self, parameters=None):
        """Values (n_parameters,) of all rows from parameters by name, as of `as_dict`; default: the table's own."""
        if parameters is None:
            return self._value.copy()
        return np.concatenate([np.asarray(parameters[name], dtype=np.float64).reshape(-1) for name in self.slices])

    def with_values(self, values):
        """Table with the given values, ndarray (n_parameters,); everything else stays."""
        moved = values != self._value
        return self._of(
            replace(row, value=float(v)) if other else row
            for row, v, other in zip(self.rows, values, moved, strict=True)
        )

    def _of(self, rows):
        """Table of other rows of the same names."""
        other = object.__new__(type(self))
        other.rows, other.slices = tuple(rows), self.slices
        return other

    def with_rows(self, changes):
        """Table with fields of some rows replaced.

        Parameters
        ----------
        changes : dict
            From (owner, name) to a dict of fields of `Parameter`.
        """
        return self._of(
            replace(row, **changes[row.owner, row.name]) if (row.owner, row.name) in changes else row
            for row in self.rows
        )

    def select(self, identify):
        """Table whose free rows are those named.

        Parameters
        ----------
        identify : str or sequence of str
            Names ("optimal_fiber_length", for all muscles), paths ("biceps/optimal_fiber_length", for one) or groups
            ("ECRL+ECRB/emg_shape_factor": those muscles share one value, or one factor where bounds are factors).

        Raises
        ------
        ValueError
            When a name matches no row; lists what there is.
        """
        group_of = {}
        for item in [identify] if isinstance(identify, str) else identify:
            owners, _, name = str(item).rpartition("/")
            members = (
                [(o, name) for o in owners.split("+")]
                if owners
                else [(r.owner, name) for r in self.rows if r.name == name]
            )
            if not members or not set(members) <= {(row.owner, row.name) for row in self.rows}:
                raise ValueError(
                    f"`identify` names no parameter of this model: {item!r}. Parameters: {list(self.slices)}; for a "
                    "single one write 'owner/name', for a shared one 'owner+owner/name', with owners in "
                    f"{list(dict.fromkeys(row.owner for row in self.rows))}."
                )
            group_of.update(dict.fromkeys(members, str(item) if "+" in owners else ""))
        key = lambda row: (row.owner, row.name)
        return self._of(replace(row, free=key(row) in group_of, group=group_of.get(key(row), "")) for row in self.rows)

    def to_frame(self, index=None):
        """The table, or the rows of an `index`, as a DataFrame with columns muscle (or coordinate), name, unit,
        initial, value, lower, upper, ...
        """
        rows = self.rows if index is None else [self.rows[i] for i in index]
        frame = pd.DataFrame([vars(row) for row in rows], columns=list(Parameter.__dataclass_fields__))
        return frame.rename(columns={"owner": "muscle"})
