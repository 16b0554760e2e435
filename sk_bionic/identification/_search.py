"""What else than the model's parameters would explain a recording: another sign or zero, other channels, another clock.

Each counterfactual is an identification of its own, on a few hundred frames. None is tried where the model explains the
recording well with parameters that muscles have, so that a clean fit pays nothing.
"""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ..trials import shifted
from ._case import BEYOND_STD, Explanation
from .at_rest import beyond, starts_of_zero
from .signals import ridge

# Chosen on simulated elbows and arms (seeds 1000 to 1039) and twelve recorded knees: see benchmarks/spoilt_subjects.py.
POOR = 0.45  # error over standard deviation above which anything may be the matter
MIDDLING = 0.35
INDEPENDENT = 0.5  # s after which a model's error is a new one
FINEST = {"rad": np.deg2rad(0.5), "N m": 0.2}  # errors below it are all as good
LEAST_GAIN = 6.0  # of the log posterior
# Error with the counterfactual over that without, above which it explains nothing.
RATIOS = {
    "sign": 0.65,
    "zero": 0.9,
    "swapped": 0.6,
    "lag": 0.85,
    "posture": 0.65,
    "rate": 0.5,
    "mass": 0.65,
    "moment_sign": 0.65,
}
ODD_DELAY = 1.2  # prior standard deviations, of all muscles' mean
MOST_TRIED = 30  # identifications, for every coordinate
STOP = 0.2  # ratio of errors below which nothing better need be looked for
SMALLEST_ZERO, SMALLEST_LAG = np.deg2rad(7.0), 0.06  # rad and s that are worth naming
LAG_STEP, LONGEST_LAG = 0.1, 0.7  # s
FLAT = 1e-12  # sum of squares [rad^2 or (N m)^2] of what does not change
CONVENTIONS = (0.0, -np.pi, -np.pi / 2, np.pi / 2)  # zeros of angles that count the other way round
RATES = (0.5, 2.0, 0.1, 10.0)  # factors on time
MASSES = (0.5, 2.0)  # factors on mass and moment of inertia


@dataclass(frozen=True)
class Counterfactual:
    """What might be the case instead, and how well the model then explains the recording.

    Attributes
    ----------
    kind, what : str
        As of a `Suspicion`.
    value : float
        Zero [rad], lag [s], factor on time, ...; by kind.
    unlikely : float
        What it costs by itself, in units of the log posterior.
    explanation : Explanation
    """

    kind: str
    what: object
    value: float
    unlikely: float
    explanation: Explanation


def score(explanation, case, unlikely=0.0):
    """Minus the log posterior, but for a constant, of model and counterfactual together."""
    n = (case.trials.time[case.trials.starts[1:] - 1] - case.trials.time[case.trials.starts[:-1]]).sum() / INDEPENDENT
    known = np.isfinite(explanation.error)
    error = np.hypot(explanation.error[known], FINEST[case.unit])
    outside = beyond(explanation.joint_angle, case.model)
    return n * np.log(error).sum() + explanation.price + 0.5 * (outside / BEYOND_STD) ** 2 + unlikely


class Search:
    """The counterfactuals of one case.

    Parameters
    ----------
    case : Case
    base : Explanation
        As the case stands.
    """

    def __init__(self, case, base):
        self.case, self.base, self.found, self.n_tried = case, base, [], 0
        self.base_score = score(base, case)
        self.unexplained, self.outside = case.unexplained(base), beyond(base.joint_angle, case.model)

    def best(self):
        """The counterfactual that explains the case best, None where none does clearly; and those as good."""
        if self.case.explained_by(self.base):
            return []
        poor = self.unexplained > POOR or self.outside > BEYOND_STD
        if poor and "moment_sign" in self.case.kinds:
            self._try("moment_sign", "", -1.0, replace(self.case, moments=-self.case.moments), 2.0)
        if poor:
            self._turned()
        if not self._settled():
            self._zero(poor)
        if poor and not self._settled():
            self._signs()
        # Exchanged antagonists are nearly a limb that bends the other way: a sign that explains much does not settle
        # it.
        if poor and not self._settled(but="sign"):
            self._swaps()
        if (self.unexplained > MIDDLING or self._odd_delay) and not self._settled():
            self._lag()
        if "posture" in self.case.kinds and not self._settled():
            self._postures()
            self._rates()
            self._masses()
        good = [(score(c.explanation, self.case, c.unlikely), c) for c in self.found if self._convinces(c)]
        good.sort(key=lambda pair: pair[0])
        return [c for value, c in good if value < good[0][0] + LEAST_GAIN / 2]

    def _ratio(self, explanation):
        return float(np.nanmin(explanation.error / self.base.error))

    def _convinces(self, c):
        gain = self.base_score - score(c.explanation, self.case, c.unlikely)
        out_of_range = self.outside > 2 * BEYOND_STD and beyond(c.explanation.joint_angle, self.case.model) < BEYOND_STD
        return gain > LEAST_GAIN and (self._ratio(c.explanation) < RATIOS[c.kind] or out_of_range)

    def _settled(self, but=None):
        return any(self._ratio(c.explanation) < STOP for c in self.found if c.kind != but)

    def _explained(self, case):
        """What the model makes of a case, None once enough has been tried."""
        self.n_tried += 1
        return case.explained() if self.n_tried <= MOST_TRIED * self.case.model.n_coordinates else None

    def _try(self, kind, what, value, case, unlikely=0.0):
        explanation = self._explained(case)
        if explanation is not None:
            self.found.append(Counterfactual(kind, what, value, unlikely, explanation))
        return explanation

    def _zero(self, poor):
        for d, name in enumerate(self.case.model.coordinate_names):
            for start in self.case.zeros(d, poor):
                self._affine("zero", d, name, 1.0, start)

    def _turned(self):
        """Angles that count the other way round, from one of the usual zeros."""
        for d, name in enumerate(self.case.model.coordinate_names):
            for zero in CONVENTIONS:
                angle = self.case.angle.copy()
                angle[:, d] = -angle[:, d] - zero
                if beyond(angle, self.case.model) < BEYOND_STD and not self._settled():
                    self._try("sign", name, zero, self.case.with_angle(angle), 1.0)

    def _signs(self):
        """Angles that count the other way round, from any zero."""
        for d, name in enumerate(self.case.model.coordinate_names):
            turned = self.case.angle.copy()
            turned[:, d] *= -1.0
            for start in starts_of_zero(self.case.model, turned, d):
                self._affine("sign", d, name, -1.0, start)

    def _affine(self, kind, d, name, sign, start):
        angle = self.case.angle.copy()
        angle[:, d] = sign * angle[:, d] - start
        explanation = self._explained(self.case.with_angle(angle, zero_free=d))
        if explanation is None:
            return
        # measured = sign (joint + zero)
        zero = start + float(explanation.offset[d])
        if kind == "sign" or abs(zero) > SMALLEST_ZERO:
            self.found.append(Counterfactual(kind, name, zero, 2.0, explanation))

    def _swaps(self):
        channels = list(dict.fromkeys(self.case.model.channel_names))
        columns = {c: [i for i, n in enumerate(self.case.model.channel_names) if n == c] for c in channels}
        for first, second in combinations(channels, 2):
            order = np.arange(self.case.excitation.shape[1])
            if len(columns[first]) != len(columns[second]):
                continue
            order[columns[first]], order[columns[second]] = columns[second], columns[first]
            exchanged = replace(self.case, excitation=self.case.excitation[:, order])
            self._try("swapped", (first, second), 1.0, exchanged, 2.0)

    def _lag(self):
        tried = {0.0: self.base_score}

        def at(lead):
            lead = round(lead, 3)
            if lead not in tried:
                case = self.case.with_lead(lead)
                explanation = self._explained(case)
                tried[lead] = np.inf
                if explanation is not None:
                    tried[lead] = score(explanation, case, 2.0)
                    lag = lead + self._usual_delay - self._delay(explanation)
                    if abs(lag) > SMALLEST_LAG:
                        self.found.append(Counterfactual("lag", "", lag, 2.0, explanation))
            return tried[lead]

        starts = {0.0, best_lead(self.case)} if self.unexplained > MIDDLING else {0.0}
        for lead in starts:
            at(lead)
            for step in (LAG_STEP, -LAG_STEP):
                here = lead
                while abs(here + step) <= LONGEST_LAG and at(here + step) < at(here) - 1.0:
                    here += step

    @property
    def _odd_delay(self):
        """Whether the muscles' delays are far from what they are expected to be."""
        rows = [r for r in self.base.model.parameters.rows if r.name == "electromechanical_delay" and r.free]
        steps = [(r.value - r.initial) / r.prior_scale for r in rows]
        return bool(steps) and abs(float(np.mean(steps))) > ODD_DELAY

    @property
    def _usual_delay(self):
        return float(np.mean(self.case.model.parameters.as_dict()["electromechanical_delay"]))

    @staticmethod
    def _delay(explanation):
        return float(np.mean(explanation.model.parameters.as_dict()["electromechanical_delay"]))

    def _postures(self):
        for turn in (np.pi / 2, -np.pi / 2, np.pi):
            self._try("posture", "", turn, self.case.turned(turn), 3.0)

    def _rates(self):
        for factor in RATES:
            self._try("rate", "", factor, self.case.slowed(factor), 3.0)

    def _masses(self):
        for factor in MASSES:
            self._try("mass", "", factor, self.case.weighing(factor), 3.0)


def best_lead(case):
    """By how much earlier [s] the EMG would have to come to explain the angles best, for a linear learner."""
    measured = case.target[:, np.isfinite(case.target).any(axis=0)]  # of moments often some joints' alone
    known = np.isfinite(measured).all(axis=1)
    if not known.any():
        return 0.0
    features, target = np.sqrt(np.maximum(case.excitation, 0.0)), measured[known]
    spread = np.maximum(np.square(target - target.mean(axis=0)).sum(axis=0), FLAT)
    leads = np.arange(-LONGEST_LAG - case.usual_lead, LONGEST_LAG + 1e-9, LAG_STEP / 2)
    left = []
    for lead in leads:
        moved = shifted(features, case.trials, -lead)[known]
        slopes, constant = ridge(moved, target, 1e-3)
        left.append((np.square(target - moved @ slopes - constant).sum(axis=0) / spread).mean())
    return float(np.round((leads[int(np.argmin(left))] + case.usual_lead) / LAG_STEP) * LAG_STEP)
