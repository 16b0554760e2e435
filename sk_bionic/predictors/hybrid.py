"""Learners of the recent EMG, alone or together with the identified equation of motion."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..dynamics.equation import EquationOfMotion
from ..dynamics.inverse import force_derivatives
from ..dynamics.inverse import muscles_along as along
from ..exceptions import SimulationError
from ..identification.identifiability import Finding
from ..identification.identify import Identification
from ..identification.with_model_error import simulated_state
from ..learning.ensemble import Learners, blind
from ..learning.training import attributes_of_training
from ..musculoskeletal import MusculoskeletalModel
from ..musculoskeletal.prior import FreeParameters
from ..trials import Recording
from ..trials.filters import smooth
from .error_size import Beyond, within
from .held_out import LARGEST_FUSION_WEIGHT, LEADING_WEIGHT, Trust, floored, predict_fused, relative_std
from .predictor import Prediction, found_by, offset_of
from .session import LearntPredictor
from .simulation import calibrated_simulation, force_variance, simulated, variance_from_rest

SMALLEST_BELIEF = 0.1  # relative standard deviation of the learners where the simulation is not believed at all
BELIEF_OF_SIMULATION = 0.05  # of a trial, below which the learners correct even a simulation that is to predict alone


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

    def predict(self, recording, *, with_std=False, forces=True):
        """As every predictor. The standard deviation is the held-out error, larger where the learners disagree."""
        features = self.features(recording)
        members = self.learners.predict_members(features, np.zeros((len(features), 0)))
        combined = self.learners.combined(members, recording.trials)
        variance = self._variance(combined, recording) if with_std else None
        of_start = None
        if with_std:
            of_start = variance_from_rest(self, self.equation(recording), False, self.history)
        return self._unfused(recording.trials, combined.angle, variance, of_start)

    def predict_from_emg(self, recording):
        """Angles as the training's goniometer reads them, of the learners that do not see the simulated state."""
        return self.learners.predict_from_emg(self.features(recording))

    def _variance(self, combined, recording):
        """Of the learners' combined prediction, (n_frames, n_coordinates) [rad^2]."""
        angle = smooth(combined.angle, recording.trials, self.trust.cutoff)
        return self.trust.variance(angle, combined.spread, self.heard(recording))

    def _unfused(self, trials, angle, variance, of_start):
        angle = self.as_measured(smooth(angle, trials, self.trust.cutoff))
        if variance is None:
            return Prediction(angle)
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
    def error_size(self):
        """As held-out frames told it."""
        return self.trust.size

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
    """What learners say of a recording at the nearest inputs that the training had: the equation on the recording as it
    is, and at those; the angles that the identified equation simulates at those; what learners err beyond all that they
    have learnt (n_frames, n_coordinates) [rad^2]; the members' angles, how far the simulation of each frame is believed
    (n_frames, 1), and the frames (n_frames,) of bool whose load or posture was another one.
    """

    recording: Recording
    equation: EquationOfMotion
    known: EquationOfMotion
    simulated: np.ndarray
    unlearnt: np.ndarray
    members: dict
    belief: np.ndarray
    beyond: np.ndarray


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

    def predict(self, recording, *, with_std=False, forces=True):
        """As every predictor. The standard deviation is the held-out error, larger where learners disagree."""
        heard, ode_weight = self._heard(recording), self.trust.ode_weight
        equation, trials = heard.equation, heard.equation.trials
        combined = self.learners.combined(heard.members, trials, heard.belief)
        angle, variance = self._handed_over(heard, combined.angle, self._variance(combined, heard.recording))
        std, physics = relative_std(combined.spread, self.trust.spread), equation.with_model(self.physics)
        leads, of_start = ode_weight >= LEADING_WEIGHT, None
        if with_std:  # learners forget the start, only physics that leads takes it along
            of_start = variance_from_rest(self, equation, forces, np.inf if leads else self.history)
        if heard.beyond.any():
            # The parameters that explain the motion tell more of other loads than those that allow for errors.
            (angle, variance), physics = self._beyond(heard, angle, variance), equation
        # Where the simulation is not believed, neither is the equation behind it.
        weighed = std * np.maximum(heard.belief, SMALLEST_BELIEF)
        fused = _fused_or_none(physics, angle, ode_weight, self.scale, weighed)
        if fused is None:
            return self._unfused(trials, angle, variance, of_start)
        angle, result = fused
        joint = self.as_measured(angle) - offset_of(self.model)
        trajectory = self.trajectory_of(np.stack([joint, result.state[:, 1]], axis=1))
        angle = self.as_measured(smooth(angle, trials, self.trust.cutoff))
        if not with_std:
            return Prediction(angle, trajectory)
        of_state = _sized(result.variance(), variance, trials)
        # Physics that only corrects leaves the learners' errors where they are.
        of_angle = of_state[:, 0] if leads else variance
        angle_std = np.sqrt(of_angle if of_start is None else of_angle + of_start[0])
        if not forces:
            return Prediction(angle, trajectory, angle_std)
        of_force = self._force_variance(equation, trajectory, of_state)
        of_force = of_force if of_start is None else of_force + of_start[1]
        return Prediction(angle, trajectory, angle_std, force_std=np.sqrt(of_force))

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

    def _heard(self, recording):
        known, beyond = within(recording, self.known_inputs)
        equation = self.equation(recording)
        equation_known = self.equation(known) if beyond.any() else equation
        state = simulated_state(equation_known.with_model(self.physics))
        members = self.learners.predict_members(self.features(known), state)
        d, trials = self.model.n_coordinates, recording.trials
        simulated = simulated_state(equation_known)[:, :d] - self.session.offset
        unlearnt = self.trust.unlearnt(self.heard(recording).emg, simulated)
        known_to_both = ~unlearnt.any(axis=1)
        belief = self.trust.belief(state[:, :d], blind(members), trials, known_to_both)
        return _Heard(recording, equation, equation_known, simulated, unlearnt, members, belief, beyond)

    def _beyond(self, heard, angle, variance):
        """Angles and variances (n_frames, n_coordinates) of learners, the simulation heeded where inputs are unseen."""
        known, angle, variance = heard.simulated, angle.copy(), np.array(variance)
        simulated = simulated_state(heard.equation)[:, : known.shape[1]] - self.session.offset
        for trial in heard.equation.trials.slices:
            rows = np.arange(trial.start, trial.stop)[heard.beyond[trial]]
            if not len(rows):
                continue
            apart = np.square(known[trial] - angle[trial]).mean(axis=0)
            moved = np.square(simulated[rows] - known[rows]).mean(axis=0)
            whom = Beyond.weighed(self.trust, self.identification.noise_std, self.scale, apart, moved)
            angle[rows], of_both = whom.mixed(angle[rows], simulated[rows])
            variance[rows] = np.maximum(variance[rows], of_both)
        return angle, variance

    def _handed_over(self, heard, angle, variance):
        """Angles and variances (n_frames, n_coordinates) of learners, the simulation heeded where the EMG, or the angle
        that it says, is beyond all that was learnt.
        """
        if not heard.unlearnt.any():
            return angle, variance
        # What the EMG alone says of such errors is in the variance already: `mixed` says it anew, of both.
        angle, variance = angle.copy(), variance - self.trust.unlearnt(self.heard(heard.recording).emg)
        for trial in heard.equation.trials.slices:
            inside, off = ~heard.unlearnt[trial].any(axis=1), np.square(heard.simulated[trial] - angle[trial])
            apart = off[inside].mean(axis=0) if inside.any() else np.square(self.trust.disagreement)
            evidence = self.trust, self.identification.noise_std, self.scale, apart, 0.0
            of_trial = {"unlearnt": heard.unlearnt[trial], "belief": heard.belief[trial]}
            whom = Beyond.weighed(*evidence, **of_trial, unseen=False)
            angle[trial], of_both = whom.mixed(angle[trial], heard.simulated[trial])
            variance[trial] += of_both
        return angle, variance

    def _force_variance(self, equation, trajectory, of_state):
        """Variance of muscle forces (n_frames, n_muscles) [N^2] by parameters and by the state's own variance."""
        free = FreeParameters(self.model.parameters)
        values = self.model.parameters.as_dict()
        by_state, direct = force_derivatives(equation, trajectory.state, values, free)
        noisy = self.identification.relative_variance().any()
        force = along(equation, trajectory.state)[0].tendon_force if noisy else np.zeros(direct.shape[:2])
        of_parameters = force_variance(direct, force, self.identification)
        return of_parameters + np.einsum("nmi,ni->nm", by_state**2, of_state.reshape(len(of_state), -1))


class SimulationLedPredictor(HybridPredictor):
    """A hybrid whose simulation predicts alone, but for trials in which learners show that it has lost its way."""

    def predict(self, recording, *, with_std=False, forces=True):
        """As every predictor. The standard deviation is the simulation's, not below the held-out error."""
        heard = self._heard(recording)
        if heard.belief.min() <= BELIEF_OF_SIMULATION:
            corrected = replace(self, trust=self.trust._replace(ode_weight=LARGEST_FUSION_WEIGHT))
            return HybridPredictor.predict(corrected, recording, with_std=with_std, forces=forces)
        found = simulated(self, heard.equation, with_std, forces)
        angle = smooth(found.angle, recording.trials, self.trust.cutoff)
        std = None if found.angle_std is None else np.maximum(found.angle_std, self.trust.error_std)
        if heard.beyond.any():
            learnt = self.learners.combined(heard.members, recording.trials, heard.belief)
            mixed, variance = self._beyond(heard, learnt.angle, self._variance(learnt, recording))
            angle = np.where(heard.beyond[:, None], self.as_measured(mixed), angle)
            std = None if std is None else np.where(heard.beyond[:, None], np.maximum(std, np.sqrt(variance)), std)
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
