"""A recording and the model that shall explain it, small enough to be explained again and again."""

from dataclasses import dataclass, replace

import numpy as np

from ..dynamics.equation import EquationOfMotion
from ..exceptions import SimulationError
from ..musculoskeletal import MusculoskeletalModel
from ..musculoskeletal.presets import place_limits
from ..musculoskeletal.prior import FreeParameters
from ..trials import Trials, shifted
from .at_rest import beyond, starts_of_zero
from .identify import IdentificationSettings, identify

# Chosen as those of the search (`_search`).
FAR_FROM_PRIOR = 2.2  # standard deviations of a prior beyond which a parameter is odd
BEYOND_STD = np.deg2rad(15.0)  # by which joints exceed their range in models
LONGEST_STEP = 0.04  # s between the frames that are looked at
MOST_FRAMES, FEWEST_FRAMES = 400, 10  # that are looked at; of a trial
LONGEST_PART = 15.0  # s of a trial
MOST_STEPS = 15  # of an identification
LOOKED_AT = IdentificationSettings(exact_errors=False)
# Of the zero of a goniometer that is in question: any, for all that the prior says.
ANY_ZERO = {"initial": 0.0, "value": 0.0, "lower": -7.0, "upper": 7.0, "prior_scale": 0.5, "free": True}
INERTIAL = ("segment_mass", "moment_of_inertia")


@dataclass(frozen=True)
class Explanation:
    """How well a model explains a case, and at what price.

    Attributes
    ----------
    model : MusculoskeletalModel
        The identified one.
    error : ndarray (n_coordinates,)
        Root mean square of what was measured minus what the model says, in the case's unit.
    prior : ndarray (n_free,)
        Distances from the priors' centres, in standard deviations.
    joint_angle : ndarray (n_frames, n_coordinates)
        Measured angles less the goniometer's offset [rad].
    """

    model: MusculoskeletalModel
    error: np.ndarray
    prior: np.ndarray
    joint_angle: np.ndarray

    @classmethod
    def of(cls, identification, angle):
        """Of an identification from measured angles (n_frames, n_coordinates) [rad]."""
        model = identification.model
        free = FreeParameters(model.parameters)
        prior = free.prior_residual(free.raw()) if len(free) else np.zeros(0)
        return cls(model, identification.noise_std, prior, angle - _offset(model))

    @property
    def price(self):
        """Half the sum of the squared distances from the priors."""
        return 0.5 * float((self.prior**2).sum())

    @property
    def offset(self):
        """Identified zero of the goniometer (n_coordinates,) [rad]."""
        return _offset(self.model)


def _offset(model):
    return model.parameters.as_dict()["goniometer_offset"]


@dataclass(frozen=True)
class Case:
    """A model and what was measured: EMG and angles.

    Attributes
    ----------
    model : MusculoskeletalModel
        With the values from which an identification starts, and the priors.
    trials : Trials
    excitation : ndarray (n_frames, n_muscles)
    exogenous : dict of ndarray (n_frames,)
    angle : ndarray (n_frames, n_coordinates)
        [rad], NaN where unknown.
    weight : ndarray (n_frames,)
    """

    model: MusculoskeletalModel
    trials: Trials
    excitation: np.ndarray
    exogenous: dict
    angle: np.ndarray
    weight: np.ndarray
    unit = "rad"
    kinds = ("zero", "sign", "swapped", "lag", "posture", "rate", "mass")  # of counterfactuals
    well = 0.09  # error over the angle's standard deviation below which a fit explains its recording
    usual_lead = 0.2  # s from EMG to angle

    @classmethod
    def of(cls, motion, angle, weight=None, **others):
        """A part of a training set, at a rate that movements need and no more.

        Further arrays by frame are kept for the same frames.
        """
        weight = np.ones(len(angle)) if weight is None else weight
        parts = _some_frames(motion.trials)
        rows = np.concatenate(list(parts.values()))
        trials = Trials(tuple(parts), np.cumsum([0, *map(len, parts.values())]), motion.trials.time[rows])
        given = {name: column[rows] for name, column in motion.frame_exogenous.items()}
        others = {name: values[rows] for name, values in others.items()}
        return cls(motion.model, trials, motion.excitation[rows], given, angle[rows], weight[rows], **others)

    def unexplained(self, explanation):
        """Error over the standard deviation of what was to be explained, the largest of all coordinates."""
        return float(np.nanmax(explanation.error / self.target_std))

    def explained_by(self, explanation):
        """Whether a model explains it well, with parameters that muscles have, within the range of its joints."""
        odd = np.abs(explanation.prior).max(initial=0.0) > FAR_FROM_PRIOR
        outside = beyond(explanation.joint_angle, self.model) > BEYOND_STD
        return not (self.unexplained(explanation) > self.well or odd or outside)

    @property
    def target(self):
        """What is to be explained (n_frames, n_coordinates), NaN where unknown."""
        return self.angle

    @property
    def target_std(self):
        """Its standard deviation (n_coordinates,)."""
        known = np.isfinite(self.target).any(axis=0)
        out = np.full(len(known), np.inf)
        out[known] = np.maximum(np.nanstd(self.target[:, known], axis=0), 1e-9)
        return out

    def zeros(self, d, poor):
        """Zeros of coordinate `d` [rad] from which the search for it starts."""
        return starts_of_zero(self.model, self.angle, d) if poor else (0.0,)

    def with_angle(self, angle, zero_free=None):
        """The case with other angles and stops that follow; `zero_free`: coordinate whose goniometer may be off."""
        model = place_limits(self.model, angle)
        if zero_free is not None:
            model = model.with_rows({(model.free_joints[zero_free].name, "goniometer_offset"): ANY_ZERO})
        return replace(self, model=model, angle=angle)

    @staticmethod
    def y_code(code):
        """How the user writes a change of the angles."""
        return f"{code} instead of y"

    def with_lead(self, seconds):
        """The case with EMG that comes so much earlier."""
        return replace(self, excitation=shifted(self.excitation, self.trials, -seconds))

    def slowed(self, factor):
        """The case with all time stamps multiplied."""
        return replace(self, trials=replace(self.trials, time=self.trials.time * factor))

    def turned(self, turn):
        """The case with the first segment, and what hangs on it, turned against gravity [rad]."""
        name = "segment_orientation_rad"
        if name in self.exogenous:
            return replace(self, exogenous={**self.exogenous, name: self.exogenous[name] + turn})
        roots = {joint.name for joint in self.model.joints if joint.parent is None}
        rows = [r for r in self.model.parameters.rows if r.name == "segment_orientation" and r.owner in roots]
        changes = {(r.owner, r.name): _moved(r, r.value + turn) for r in rows}
        return replace(self, model=self.model.with_rows(changes))

    def weighing(self, factor):
        """The case with segments, and what they carry by their own mass, so many times as heavy."""
        rows = [r for r in self.model.parameters.rows if r.name in INERTIAL]
        changes = {}
        for r in rows:
            value = r.value * factor
            changes[r.owner, r.name] = {
                "initial": r.initial * factor, "value": value,
                "lower": min(r.lower, value), "upper": max(r.upper, value),
            }  # fmt: skip
        return replace(self, model=self.model.with_rows(changes))

    def explained(self):
        """What the model can make of it: an `Explanation`, None where it cannot be simulated."""
        motion = EquationOfMotion(self.model, self.trials, self.excitation, self.exogenous)
        try:
            found = identify(motion, self.angle, self.weight, LOOKED_AT, on_step=lambda step, *_: step >= MOST_STEPS)
        except (SimulationError, np.linalg.LinAlgError):
            return None
        return Explanation.of(found, self.angle)


def _moved(row, value):
    value = (value + np.pi) % (2 * np.pi) - np.pi
    return {"initial": value, "value": value, "lower": min(row.lower, value), "upper": max(row.upper, value)}


def _some_frames(trials):
    """Rows of some trials by name: as many trials as `MOST_FRAMES` allow, of each the first seconds."""
    step, out, n = max(1, int(LONGEST_STEP * trials.sampling_rate)), {}, 0
    for name, rows in zip(trials.names, trials.slices, strict=True):
        inside = trials.time[rows] - trials.time[rows.start] <= LONGEST_PART
        part = np.arange(rows.start, rows.stop)[inside][::step]
        if not out or len(part) >= FEWEST_FRAMES and n + len(part) <= MOST_FRAMES:
            out[name], n = part, n + len(part)
    return out
