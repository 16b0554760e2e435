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
from ..learning.ensemble import Learners, mean_without_state
from ..learning.training import attributes_of_training
from ..musculoskeletal import MusculoskeletalModel
from ..musculoskeletal.prior import FreeParameters
from ..trials import Recording
from ..trials.filters import smooth
from .error_size import Beyond, within
from .held_out import LARGEST_FUSION_WEIGHT, LEADING_WEIGHT, HeldOutErrors, floored, predict_fused, relative_std
from .predictor import Prediction, found_by, offset_of
from .session import LearntPredictor
from .simulation import calibrated_simulation, force_variance, simulated, variance_from_rest

SMALLEST_SIMULATION_WEIGHT = 0.1  # relative standard deviation of the learners where the simulation counts for nothing
LOST_SIMULATION = 0.05  # of a trial, below which the learners correct even a simulation that is to predict alone


@dataclass(frozen=True, kw_only=True)
class EnsemblePredictor(LearntPredictor):
    """Learners alone: no physics was asked for, or it failed on the training trials.

    Attributes
    ----------
    learners : Learners
    held_out : HeldOutErrors
        Held-out errors, and the low-pass that they ask for.
    identification : Identification or None
        None where the physics failed.
    findings : tuple of Finding
        What the recording leaves open.
    """

    learners: Learners
    held_out: HeldOutErrors
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
        angle = smooth(combined.angle, recording.trials, self.held_out.cutoff)
        return self.held_out.variance(angle, combined.spread, self.as_in_training(recording))

    def _unfused(self, trials, angle, variance, of_start):
        angle = self.as_measured(smooth(angle, trials, self.held_out.cutoff))
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
        return self.held_out.error_std

    @property
    def error_size(self):
        """As held-out frames told it."""
        return self.held_out.size

    @property
    def networks(self):
        """Those of the ensemble."""
        return self.learners.networks.module

    def attributes(self):
        """Fitted attributes of the estimator by their public names, dict."""
        return {
            **super().attributes(),
            **attributes_of_training(self.learners.networks),
            "ode_weight_": self.held_out.ode_weight,
            "member_weights_": dict(self.learners.weights),
            "output_cutoff_": self.held_out.cutoff,
            "held_out_rmse_": dict(self.held_out.rmse),
        }

    def _found(self):
        if self.identification is None:
            return super()._found()
        return found_by(self.identification, self.model, self.findings)


class _AtKnownInputs(NamedTuple):
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
    simulation_weight: np.ndarray
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
        known, ode_weight = self._at_known_inputs(recording), self.held_out.ode_weight
        equation, trials = known.equation, known.equation.trials
        combined = self.learners.combined(known.members, trials, known.simulation_weight)
        angle, variance = self._handed_over(known, combined.angle, self._variance(combined, known.recording))
        std, physics = relative_std(combined.spread, self.held_out.spread), equation.with_model(self.physics)
        leads, of_start = ode_weight >= LEADING_WEIGHT, None
        if with_std:  # learners forget the start, only physics that leads takes it along
            of_start = variance_from_rest(self, equation, forces, np.inf if leads else self.history)
        if known.beyond.any():
            # The parameters that explain the motion tell more of other loads than those that allow for errors.
            (angle, variance), physics = self._beyond(known, angle, variance), equation
        # Where the simulation is not believed, neither is the equation behind it.
        weighed = std * np.maximum(known.simulation_weight, SMALLEST_SIMULATION_WEIGHT)
        fused = _fused_or_none(physics, angle, ode_weight, self.scale, weighed)
        if fused is None:
            return self._unfused(trials, angle, variance, of_start)
        angle, result = fused
        joint = self.as_measured(angle) - offset_of(self.model)
        trajectory = self.trajectory_of(np.stack([joint, result.state[:, 1]], axis=1))
        angle = self.as_measured(smooth(angle, trials, self.held_out.cutoff))
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
        if self.held_out.ode_weight < LEADING_WEIGHT:
            return super().calibrate(recording)
        try:
            told = lambda predictor: predictor.predict_simulated(recording)
            return self.calibrated_by(told, floored(self.identification.noise_std), recording)
        except SimulationError:  # of a session in which the equation has lost its way
            return super().calibrate(recording)

    def _at_known_inputs(self, recording):
        known, beyond = within(recording, self.known_inputs)
        equation = self.equation(recording)
        equation_known = self.equation(known) if beyond.any() else equation
        state = simulated_state(equation_known.with_model(self.physics))
        members = self.learners.predict_members(self.features(known), state)
        d, trials = self.model.n_coordinates, recording.trials
        simulated = simulated_state(equation_known)[:, :d] - self.session.offset
        unlearnt = self.held_out.unlearnt(self.as_in_training(recording).emg, simulated)
        known_to_both = ~unlearnt.any(axis=1)
        simulation_weight = self.held_out.simulation_weight(
            state[:, :d], mean_without_state(members), trials, known_to_both
        )
        return _AtKnownInputs(
            recording, equation, equation_known, simulated, unlearnt, members, simulation_weight, beyond
        )

    def _beyond(self, known, angle, variance):
        """Angles and variances (n_frames, n_coordinates) of learners, the simulation heeded where inputs are unseen."""
        usual, angle, variance = known.simulated, angle.copy(), np.array(variance)
        simulated = simulated_state(known.equation)[:, : usual.shape[1]] - self.session.offset
        for trial in known.equation.trials.slices:
            rows = np.arange(trial.start, trial.stop)[known.beyond[trial]]
            if not len(rows):
                continue
            apart = np.square(usual[trial] - angle[trial]).mean(axis=0)
            moved = np.square(simulated[rows] - usual[rows]).mean(axis=0)
            whom = Beyond.weighed(self.held_out, self.identification.noise_std, self.scale, apart, moved)
            angle[rows], of_both = whom.mixed(angle[rows], simulated[rows])
            variance[rows] = np.maximum(variance[rows], of_both)
        return angle, variance

    def _handed_over(self, known, angle, variance):
        """Angles and variances (n_frames, n_coordinates) of learners, the simulation heeded where the EMG, or the angle
        that it says, is beyond all that was learnt.
        """
        if not known.unlearnt.any():
            return angle, variance
        # What the EMG alone says of such errors is in the variance already: `mixed` says it anew, of both.
        angle, variance = angle.copy(), variance - self.held_out.unlearnt(self.as_in_training(known.recording).emg)
        for trial in known.equation.trials.slices:
            inside, off = ~known.unlearnt[trial].any(axis=1), np.square(known.simulated[trial] - angle[trial])
            apart = off[inside].mean(axis=0) if inside.any() else np.square(self.held_out.disagreement)
            evidence = self.held_out, self.identification.noise_std, self.scale, apart, 0.0
            of_trial = {"unlearnt": known.unlearnt[trial], "simulation_weight": known.simulation_weight[trial]}
            whom = Beyond.weighed(*evidence, **of_trial, unseen=False)
            angle[trial], of_both = whom.mixed(angle[trial], known.simulated[trial])
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
        known = self._at_known_inputs(recording)
        if known.simulation_weight.min() <= LOST_SIMULATION:
            corrected = replace(self, held_out=self.held_out._replace(ode_weight=LARGEST_FUSION_WEIGHT))
            return HybridPredictor.predict(corrected, recording, with_std=with_std, forces=forces)
        found = simulated(self, known.equation, with_std, forces)
        angle = smooth(found.angle, recording.trials, self.held_out.cutoff)
        std = None if found.angle_std is None else np.maximum(found.angle_std, self.held_out.error_std)
        if known.beyond.any():
            learnt = self.learners.combined(known.members, recording.trials, known.simulation_weight)
            mixed, variance = self._beyond(known, learnt.angle, self._variance(learnt, recording))
            angle = np.where(known.beyond[:, None], self.as_measured(mixed), angle)
            std = None if std is None else np.where(known.beyond[:, None], np.maximum(std, np.sqrt(variance)), std)
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
