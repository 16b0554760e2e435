"""The hybrid's second step, beside an identified simulation: learners, and how far they and the physics are trusted."""

from dataclasses import replace

import numpy as np

from ..dynamics.equation import EquationOfMotion
from ..identification.with_model_error import errors_allowed, explains, identify_with_model_error, simulated_state
from ..learning.ensemble import FoldData, noise_for_labels, untrained
from ..learning.features import features_of, layout_of
from ..learning.folds import recency, training_frames, usable_folds
from ..learning.loss import Physics
from ..learning.training import train
from .held_out import TRAINING_WEIGHT, CrossValidation, untested
from .hybrid import EnsemblePredictor, HybridPredictor, SimulationLedPredictor
from .simulation import session_of_training

LARGEST_TRAINING_WEIGHT = 1e3  # beyond it the residual hides the angles, and the fusion does the same better
BLOCK_GAP = 0.5  # s beside a held-out block that are hidden too, besides the networks' history


def fit_hybrid(recording, model, settings, *, before=None, validation_weight=None, start=None):
    """Learners that see EMG and simulated state, and how far they and the physics are trusted.

    One step follows the other: the physics, errors of its own allowed for, of all angles and of every fold; the states
    that it simulates; networks; forests; the weights that what was held out asks for.

    Parameters
    ----------
    recording, model, settings, before, validation_weight, start
        As of `steps_of`.

    Returns
    -------
    PredictorInTime
        Without epochs, or after an interrupt before the networks, the identified simulation.
    """
    training, progress = settings.training, settings.training.progress
    if before is not None and (training.max_epochs == 0 or progress.interrupted):
        return before
    try:
        plan = _Plan(recording, model, settings.prediction, before)
        with progress.stage("identify out of fold", len(plan.hidden)):
            physics = [None] * len(plan.hidden)
            if plan.with_physics:
                allowed, equation = errors_allowed(before.error_std), plan.thinned.with_model(model)
                found = identify_with_model_error(equation, plan.visible(), **allowed, on_version=progress.step)
                physics = [model if one is None else one.model for one in found]
        states = [plan.state(one) for one in physics]
        members = plan.members(states)
        fitted = lambda networks: plan.predictor(members.with_networks(networks), physics[0], untested(plan.angle), {})
        with progress.stage("train networks", training.max_epochs):
            networks = train(
                members.inputs, plan.angle[plan.frames], members.weight, plan.with_noise(training), **members.networks,
                **plan.criterion(physics[0], states, validation_weight), start=start, as_fitted=fitted,
            )  # fmt: skip
        learners = members.trained(networks, plan.angle[plan.frames], training)
        with progress.stage("choose weights", 0):
            tested, chosen = (learners, physics, states), settings.prediction
            try:
                validated = CrossValidation(plan.equation, plan, plan.parts, *tested, chosen.output_cutoff == "auto")
                held_out = validated.choose(plan.ode_weight, chosen.output_cutoff)
            except KeyboardInterrupt:
                progress.keep(
                    "the weights were not chosen on held-out data: all learners weigh the same, and their error "
                    "is not known"
                )
                validated = CrossValidation(plan.equation, plan, [], *tested)
                held_out = validated.choose(plan.ode_weight, chosen.output_cutoff)
    except KeyboardInterrupt:
        if before is None:
            raise
        progress.keep(
            f"the stage {progress.name!r} did not come to its end, and the identified model predicts by simulation"
        )
        return before
    # The networks of the folds have done their work.
    kept = replace(learners[0].alone(), weights=validated.weights, cutoffs=validated.cutoffs)
    return plan.predictor(kept, physics[0], held_out, plan.known_inputs)


class _Plan:
    """What the learners are made of: features, the frames learnt from, the folds, the equation of motion.

    Parameters
    ----------
    recording : Recording
    model : MusculoskeletalModel
        The generic one.
    chosen : PredictionSettings
    before : SimulationPredictor or None
        None where the physics has failed.

    Attributes
    ----------
    features : ndarray (n_frames, n_features)
    layout : FeatureLayout
        What the columns of `features` are.
    hidden : list of ndarray of bool (n_frames,)
        Frames whose angles each version does not know; none of the first.
    common : dict
        Fields of the predictor that are known before.
    """

    def __init__(self, recording, model, chosen, before):
        self.recording, self.angle, self.chosen = recording, recording.angle, chosen
        own = chosen.own_module
        self.layout = layout_of(recording, chosen.history, with_long_lags=not own, sequence=own)
        self.features = features_of(recording, chosen.history, self.layout)
        self.with_physics = before is not None and chosen.ode_weight != 0
        self.ode_weight = chosen.ode_weight if self.with_physics else 0.0
        self.common = {"layout": self.layout, "history": chosen.history}
        if before is None:
            session = session_of_training(recording, model)
            self.common |= {"model": model, "model_of_training": model, "session": session}
        else:
            found = ("model", "model_of_training", "session", "start_states", "identification", "findings")
            self.common |= {name: getattr(before, name) for name in found}
        complete = np.isfinite(recording.angle).all(axis=1)
        self.frames = training_frames(recording.trials, recording.labelled)
        self.parts = usable_folds(recording.trials, complete, chosen.history + BLOCK_GAP, recording.angle)
        self.hidden = [np.zeros(recording.n_frames, bool), *(hidden for _, hidden in self.parts)]
        self.equation = EquationOfMotion.of(self.common["model"], recording)
        self.thinned = self.equation.take(self.frames)
        if before is not None:
            self.thinned = self.thinned.with_trial_gains(before.identification.trial_gain)

    def visible(self):
        """Angles and weights of the frames learnt from, as every version knows them."""
        recording = self.recording.take(self.frames)
        known = [recording.hiding(mask[self.frames]) for mask in self.hidden]
        return [(one.angle, one.weight) for one in known]

    def state(self, model):
        """Simulated state (n_frames, n_state) under a model, without columns for None."""
        if model is None:
            return np.zeros((self.recording.n_frames, 0))
        return simulated_state(self.equation.with_model(model))

    def members(self, states):
        """The ensemble before its training, of all angles and of every fold, which see the states by version."""
        recording, ensemble = self.recording, replace(self.chosen.ensemble, physics=self.with_physics)
        emg_weight = [np.where(mask, 0.0, recency(recording.trials)) for mask in self.hidden]
        labelled = [np.where(recording.labelled, recording.weight * one, 0.0) for one in emg_weight]
        versions = [FoldData(*each) for each in zip(states, labelled, emg_weight, strict=True)]
        return untrained(self.features, versions, self.frames, ensemble, self.layout)

    def with_noise(self, training):
        """Settings of the training with the noise that so many angles ask for."""
        step = 1.0 / self.recording.trials.sampling_rate
        return replace(training, input_noise=noise_for_labels(training.input_noise, self.recording.labelled, step))

    def criterion(self, model, states, validation_weight):
        """What `train` minimises beside the errors of the angles, and what tells it to stop."""
        if self.ode_weight != "auto":
            weight = min(self.ode_weight, LARGEST_TRAINING_WEIGHT)
        else:
            weight = TRAINING_WEIGHT if explains(states[1:], self.parts, self.angle) else 0.0
        return {
            "physics": None if model is None else Physics(self.thinned.with_model(model), trainable=False),
            "ode_weight": weight,
            "force_weight": self.chosen.force_weight,
            "validation_weight": None if validation_weight is None else validation_weight[self.frames],
        }

    @property
    def known_inputs(self):
        """Range of every external input, of prescribed angles not their rates."""
        columns = self.equation.frame_exogenous
        return {name: (column.min(), column.max()) for name, column in columns.items()}

    def predictor(self, learners, model, held_out, known_inputs):
        """The predictor of these learners and this physics."""
        parts = {**self.common, "learners": learners, "held_out": held_out}
        if model is None:
            return EnsemblePredictor(**parts)
        kind = SimulationLedPredictor if np.isinf(held_out.ode_weight) else HybridPredictor
        return kind(**parts, physics=model, known_inputs=known_inputs)
