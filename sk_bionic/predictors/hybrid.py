"""Learners of the recent EMG, alone or together with the identified equation of motion."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..dynamics.equation import EquationOfMotion
from ..dynamics.errors import SimulationError
from ..dynamics.sensitivity import force_derivatives
from ..identification.identifiability import Finding
from ..identification.identify import Identification
from ..identification.soften import simulated_state
from ..learning.ensemble import Learners, blind
from ..musculoskeletal import MusculoskeletalModel
from ..musculoskeletal.prior import FreeParameters
from ..trials.filters import smooth
from .held_out import LARGEST_FUSION_WEIGHT, LEADING_WEIGHT, Trust, floored, predict_fused, relative_std
from .learnt import LearntPredictor
from .predictor import Prediction, found_by, offset_of
from .simulation import calibrated_simulation, propagated, simulated, variance_from_rest
from .static import attributes_of_training

SMALLEST_BELIEF = 0.1  # relative standard deviation of the learners where the simulation is not believed at all
BELIEF_OF_SIMULATION = 0.05  # of a trial, below which the learners correct even a simulation that is to predict alone
# Under a load or posture outside the training's range the learners' standard deviation counts so much more, and the
# physics corrects them at least with this weight. Two recordings of an elbow trained without load were in view: under
# 0.9 kg it errs by 17 deg where a forest errs by 34, but by 51 where it errs by 26 once the arm meets stops.
UNKNOWN_STD, UNKNOWN_WEIGHT = 5.0, 10.0
UNKNOWN_MARGIN = 0.05  # of the training's range of a load or posture, beyond which the learners have not seen it


@dataclass(frozen=True, kw_only=True)
class EnsemblePredictor(LearntPredictor):
    """Learners alone: no physics was asked for, or it failed on the training trials.

    Attributes
    ----------
    learners : Learners
    trust : Trust
        Held-out errors, and the low-pass that they ask for.
    identification : Identification or None
        None where the physics failed.
    findings : tuple of Finding
        What the recording leaves open.
    """

    learners: Learners
    trust: Trust
    identification: Identification | None = None
    findings: tuple[Finding, ...] = ()

    def predict(self, recording, *, with_std=False):
        """As every predictor. The standard deviation is the held-out error, larger where the learners disagree."""
        features = self.features(recording)
        members = self.learners.predict_members(features, np.zeros((len(features), 0)))
        combined = self.learners.combined(members, recording.trials)
        variance = self._variance(combined.spread)
        of_start = variance_from_rest(self, self.equation(recording)) if with_std else None
        return self._unfused(recording.trials, combined.angle, variance, of_start)

    def predict_from_emg(self, recording):
        """Angles as the training's goniometer reads them, of the learners that do not see the simulated state."""
        return self.learners.predict_from_emg(self.features(recording))

    def _variance(self, spread):
        """Of the learners' mean, where their variance about it is `spread` (n_frames, n_coordinates) [rad^2]."""
        return (self.trust.error_std * relative_std(spread, self.trust.spread)) ** 2

    def _unfused(self, trials, angle, variance, of_start):
        angle = self.as_measured(smooth(angle, trials, self.trust.cutoff))
        return Prediction(angle, angle_std=np.sqrt(variance if of_start is None else variance + of_start[0]))

    @property
    def scale(self):
        """Standard deviation of the training's angles (n_coordinates,) [rad]."""
        return self.learners.networks.scale

    @property
    def error_std(self):
        """On held-out frames [rad]."""
        return self.trust.error_std

    @property
    def networks(self):
        """Those of the ensemble."""
        return self.learners.networks.module

    def attributes(self):
        """Fitted attributes of the estimator by their public names, dict."""
        return {
            **super().attributes(),
            **attributes_of_training(self.learners.networks),
            "ode_weight_": self.trust.ode_weight,
            "member_weights_": dict(self.learners.weights),
            "output_cutoff_": self.trust.cutoff,
            "held_out_rmse_": dict(self.trust.rmse),
        }

    def _found(self):
        if self.identification is None:
            return super()._found()
        return found_by(self.identification, self.model, self.findings)


class _Heard(NamedTuple):
    """What learners say of a recording: the equation on it, the members' angles, how far the simulation of each frame
    is believed (n_frames, 1), and the frames (n_frames,) of bool whose load or posture they have not seen.
    """

    equation: EquationOfMotion
    members: dict
    belief: np.ndarray
    unknown: np.ndarray


@dataclass(frozen=True, kw_only=True)
class HybridPredictor(EnsemblePredictor):
    """Learners that see the simulated state, too, fused with the equation of motion.

    Attributes
    ----------
    physics : MusculoskeletalModel
        Identified with errors of its own allowed for: what the learners see the state of, and are fused with.
    known_inputs : dict of tuple (float, float)
        Range of every load and posture that the learners have seen.
    """

    physics: MusculoskeletalModel
    known_inputs: dict

    def predict(self, recording, *, with_std=False):
        """As every predictor. The standard deviation is the held-out error, larger where learners disagree."""
        return self._fused(self._heard(recording), self.trust.ode_weight, with_std)

    def predict_simulated(self, recording):
        """Angles (n_frames, n_coordinates) [rad] of the equation alone, as the training's goniometer reads them."""
        equation = self.equation(recording).with_model(self.physics)
        return equation.solve().angle + offset_of(self.physics)

    def calibrate(self, recording):
        """By the simulation where the equation leads, else by the learners."""
        if self.trust.ode_weight < LEADING_WEIGHT:
            return super().calibrate(recording)
        try:
            told = lambda predictor: predictor.predict_simulated(recording)
            return self.calibrated_by(told, floored(self.identification.noise_std), recording)
        except SimulationError:  # of a session in which the equation has lost its way
            return super().calibrate(recording)

    def unknown(self, equation):
        """Frames whose load, posture or external torque lies outside what the learners have seen, ndarray of bool."""
        out = np.zeros(equation.trials.n_frames, bool)
        for name, (low, high) in self.known_inputs.items():
            column = equation.frame_exogenous[name]
            margin = UNKNOWN_MARGIN * (high - low)
            out |= (column < low - margin) | (column > high + margin)
        return out

    def _heard(self, recording):
        equation = self.equation(recording)
        state = simulated_state(equation.with_model(self.physics))
        members = self.learners.predict_members(self.features(recording), state)
        belief = self.trust.belief(state[:, : self.model.n_coordinates], blind(members), recording.trials)
        unknown = self.unknown(equation)
        belief[unknown] = 1.0  # there it is the learners who do not know
        return _Heard(equation, members, belief, unknown)

    def _fused(self, heard, ode_weight, with_std):
        equation, unknown, trials = heard.equation, heard.unknown, heard.equation.trials
        combined = self.learners.combined(heard.members, trials, heard.belief)
        variance = self._variance(combined.spread)
        std, physics = relative_std(combined.spread, self.trust.spread), equation.with_model(self.physics)
        of_start = variance_from_rest(self, equation) if with_std else None
        if unknown.any():
            # Beyond the training's loads and postures the learners guess; the parameters that explain the motion lead.
            std, physics = np.where(unknown[:, None], UNKNOWN_STD * std, std), equation
            ode_weight = max(ode_weight, UNKNOWN_WEIGHT)
        # Where the simulation is not believed, neither is the equation behind it.
        weighed = std * np.maximum(heard.belief, SMALLEST_BELIEF)
        fused = _fused_or_none(physics, combined.angle, ode_weight, self.scale, weighed)
        if fused is None:
            return self._unfused(trials, combined.angle, variance, of_start)
        angle, result = fused
        joint = self.as_measured(angle) - offset_of(self.model)
        trajectory = self.trajectory_of(np.stack([joint, result.state[:, 1]], axis=1))
        angle = self.as_measured(smooth(angle, trials, self.trust.cutoff))
        if not with_std:
            return Prediction(angle, trajectory)
        of_state = _sized(result.variance(), variance, trials)
        of_angle, of_force = of_state[:, 0], self._force_variance(equation, trajectory, of_state)
        if of_start is not None:
            of_angle, of_force = of_angle + of_start[0], of_force + of_start[1]
        return Prediction(angle, trajectory, np.sqrt(of_angle), force_std=np.sqrt(of_force))

    def _force_variance(self, equation, trajectory, of_state):
        """Variance of muscle forces (n_frames, n_muscles) [N^2] by parameters and by the state's own variance."""
        free = FreeParameters(self.model.parameters)
        values = self.model.parameters.as_dict()
        by_state, direct = force_derivatives(equation, trajectory.state, values, free)
        of_parameters = propagated(direct, self.identification.covariance)
        return of_parameters + np.einsum("nmi,ni->nm", by_state**2, of_state.reshape(len(of_state), -1))


class SimulationLedPredictor(HybridPredictor):
    """A hybrid whose simulation predicts alone, but for trials in which learners show that it has lost its way."""

    def predict(self, recording, *, with_std=False):
        """As every predictor. The standard deviation is the simulation's, not below the held-out error."""
        heard = self._heard(recording)
        if heard.belief.min() <= BELIEF_OF_SIMULATION:
            return self._fused(heard, LARGEST_FUSION_WEIGHT, with_std)
        found = simulated(self, heard.equation, with_std)
        angle = smooth(found.angle, recording.trials, self.trust.cutoff)
        std = None if found.angle_std is None else np.maximum(found.angle_std, self.trust.error_std)
        return replace(found, angle=angle, angle_std=std)

    def calibrate(self, recording):
        """As a simulation: offset, gains and delays are identified anew."""
        return calibrated_simulation(self, recording)

    @property
    def error_std(self):
        """What the simulation left of the training's angles [rad]."""
        return self.identification.noise_std


def _fused_or_none(equation, angle, ode_weight, scale, std):
    """`predict_fused`; None without a weight, or where the prediction is far from anything that the physics knows."""
    if ode_weight == 0:
        return None
    try:
        return predict_fused(equation, angle, ode_weight, scale, std)
    except SimulationError:
        return None


def _sized(of_state, variance, trials):
    """Variances (n_frames, 2, n_coordinates) of a fused state, of the size that held-out errors have.

    The least-squares posterior has the shape over each trial; at its median it has the size of the learners' `variance`
    (n_frames, n_coordinates) there. The start of a trial, whose state nothing but the prediction tells, would dominate
    a mean.
    """
    out = np.empty_like(of_state)
    for rows in trials.slices:
        out[rows] = of_state[rows] * (variance[rows].mean(axis=0) / np.median(of_state[rows, 0], axis=0))
    return out
