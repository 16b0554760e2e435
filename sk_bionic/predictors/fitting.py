"""The fit of the hybrid: identification, learners beside the physics, their trust."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..dynamics.equation import EquationOfMotion
from ..exceptions import SimulationError, warn_user
from ..identification.soften import explains, simulated_state, softened_physics
from ..learning.ensemble import Version, noise_of_few, train_learners
from ..learning.features import FeatureLayout
from ..learning.folds import recency, training_frames, usable_folds
from ..learning.loss import Physics
from ..trials import Recording
from .held_out import TRAINING_WEIGHT, HeldOut, untested
from .hybrid import EnsemblePredictor, HybridPredictor, SimulationLedPredictor
from .learnt import features_of, layout_of
from .simulation import fit_simulation, session_of_training

LARGEST_TRAINING_WEIGHT = 1e3  # beyond it the residual hides the angles, and the fusion does the same better
BLOCK_GAP = 0.5  # s beside a held-out block that are hidden too, besides the networks' history


@dataclass(frozen=True)
class TrainingData:
    """A recording as learners see it.

    Attributes
    ----------
    recording : Recording
    features : ndarray (n_frames, n_features)
    layout : FeatureLayout
        What the columns of `features` are.
    validation_weight : ndarray (n_frames,) or None
        Frames that decide when to stop.
    """

    recording: Recording
    features: np.ndarray
    layout: FeatureLayout
    validation_weight: np.ndarray | None

    @property
    def angle(self):
        """Measured angles (n_frames, n_coordinates) [rad], NaN where unknown."""
        return self.recording.angle


def fit_hybrid(recording, model, settings, *, validation_weight=None, start=None):
    """Identification, then learners that see EMG and simulated state, then the trust between them and the physics.

    Parameters
    ----------
    recording, model, settings, validation_weight, start
        As of `fit_of`.

    Returns
    -------
    PredictorInTime
        Without epochs, or after an interrupt before the networks, the identified simulation.

    Warns
    -----
    ConvergenceWarning
        When the physics fails on the training trials.
    """
    history, progress = settings.prediction.history, settings.training.progress
    own = settings.prediction.own_module
    layout = layout_of(recording, history, with_long_lags=not own, sequence=own)
    data = TrainingData(recording, features_of(recording, history, layout), layout, validation_weight)
    common = {"layout": layout, "history": history, "session": session_of_training(recording, model)}
    try:
        identified = fit_simulation(recording, model, settings)
    except SimulationError as error:
        if settings.training.max_epochs == 0:
            raise
        warn_user(f"The physics failed on the training trials, the learners predict alone. {error}", ConvergenceWarning)
        return _with_learners(data, None, {**common, "model": model, "model_of_training": model}, settings, start)
    if settings.training.max_epochs == 0 or progress.interrupted:
        return identified
    found = ("model", "model_of_training", "start_states", "identification", "findings")
    common |= {name: getattr(identified, name) for name in found}
    generic = None if settings.prediction.ode_weight == 0 else model
    try:
        return _with_learners(data, generic, common, settings, start)
    except KeyboardInterrupt:
        progress.keep(
            f"the stage {progress.name!r} did not come to its end, and the identified model predicts by simulation"
        )
        return identified


def _with_learners(data, generic, common, settings, start):
    """Predictor of learners beside a softened physics that begins at the `generic` model (None: alone).

    `common` are the predictor's fields that are known before.
    """
    learning, progress = _Learning(data, generic, common, settings), settings.training.progress
    with progress.stage("identify out of fold", len(learning.hidden)):
        models = learning.physics(progress)
    states = [learning.state(model) for model in models]
    learners = learning.learners(models[0], states, start)
    with progress.stage("choose weights", 0):
        held_out, trust = learning.tested(learners, models, states, progress)
    # The networks of the folds have done their work.
    kept = replace(learners[0].alone(), weights=held_out.weights, cutoffs=held_out.cutoffs)
    return learning.predictor(kept, models[0], trust, learning.known_inputs)


class _Learning:
    """What the learners and their trust are made of: the frames learnt from, the folds, the equation of motion."""

    def __init__(self, data, generic, common, settings):
        recording, chosen = data.recording, settings.prediction
        self.data, self.recording, self.generic, self.common = data, recording, generic, common
        self.training, self.chosen = settings.training, chosen
        self.ode_weight = 0.0 if generic is None else chosen.ode_weight
        complete = np.isfinite(recording.angle).all(axis=1)
        self.frames = training_frames(recording.trials, recording.labelled)
        self.parts = usable_folds(recording.trials, complete, chosen.history + BLOCK_GAP, recording.angle)
        self.hidden = [np.zeros(recording.n_frames, bool), *(hidden for _, hidden in self.parts)]
        self.equation = EquationOfMotion.of(common["model"], recording)
        self.few, identification = self.equation.take(self.frames), common.get("identification")
        if identification is not None:
            self.few = self.few.with_trial_gains(identification.trial_gain)

    def physics(self, progress):
        """Softened model of all angles, then one for every fold; None without physics."""
        if self.generic is None:
            return [None] * len(self.hidden)
        few, hidden = self.few.with_model(self.generic), [mask[self.frames] for mask in self.hidden]
        noise_std = self.common["identification"].noise_std
        return softened_physics(few, self.recording.take(self.frames), hidden, noise_std, progress)

    def state(self, model):
        """Simulated state (n_frames, n_state) under a model, without columns for None."""
        if model is None:
            return np.zeros((self.recording.n_frames, 0))
        return simulated_state(self.equation.with_model(model))

    def learners(self, model, states, start):
        """Learners of all angles, then of every fold."""
        recording, data = self.recording, self.data
        heard = [np.where(mask, 0.0, recency(recording.trials)) for mask in self.hidden]
        labelled = [np.where(recording.labelled, recording.weight * one, 0.0) for one in heard]
        versions = [Version(*each) for each in zip(states, labelled, heard, strict=True)]
        validation = None if data.validation_weight is None else data.validation_weight[self.frames]
        noise = noise_of_few(self.training.input_noise, recording.labelled, 1.0 / recording.trials.sampling_rate)
        return train_learners(
            data.features, versions, recording.angle, self.frames, replace(self.training, input_noise=noise),
            replace(self.chosen.ensemble, physics=model is not None), data.layout,
            physics=None if model is None else Physics(self.few.with_model(model), trainable=False),
            ode_weight=self._training_weight(states), force_weight=self.chosen.force_weight,
            validation_weight=validation, start=start,
            as_fitted=lambda one: self.predictor(one, model, untested(recording.angle), {}),
        )  # fmt: skip

    def _training_weight(self, states):
        """Weight of the equation while the networks are trained."""
        if self.ode_weight != "auto":
            return min(self.ode_weight, LARGEST_TRAINING_WEIGHT)
        return TRAINING_WEIGHT if explains(states[1:], self.parts, self.recording.angle) else 0.0

    def tested(self, learners, models, states, progress):
        """Held-out predictions and the trust that they justify; after an interrupt, without any."""
        tested = self.equation, self.data, self.parts, learners, models, states
        smoothed = self.chosen.output_cutoff == "auto"
        try:
            held_out = HeldOut(*tested, smoothed)
            return held_out, held_out.choose(self.ode_weight, self.chosen.output_cutoff)
        except KeyboardInterrupt:
            progress.keep(
                "the weights were not chosen on held-out data: all learners weigh the same, and their error "
                "is not known"
            )
            held_out = HeldOut(*tested[:2], [], *tested[3:])
            return held_out, held_out.choose(self.ode_weight, self.chosen.output_cutoff)

    @property
    def known_inputs(self):
        """Range of every external input, of prescribed angles not their rates."""
        columns = self.equation.frame_exogenous
        return {name: (column.min(), column.max()) for name, column in columns.items()}

    def predictor(self, learners, model, trust, known_inputs):
        """The predictor of these learners and this physics."""
        parts = {**self.common, "learners": learners, "trust": trust}
        if model is None:
            return EnsemblePredictor(**parts)
        kind = SimulationLedPredictor if np.isinf(trust.ode_weight) else HybridPredictor
        return kind(**parts, physics=model, known_inputs=known_inputs)
