"""The three ways of fitting, in the order in which a fit happens: identification, network, trust."""

import warnings
from dataclasses import dataclass, field, replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from .._inputs import FeatureLayout, fitted_scaler
from ..dynamics.equation import EquationOfMotion
from ..exceptions import IdentifiabilityWarning, SimulationError
from ..identification.identifiability import assess, summary
from ..identification.identify import Identification, IdentificationInterrupted, identify
from ..learning.loss import Physics
from ..learning.training import TrainedNetwork, train
from ..musculoskeletal import MusculoskeletalModel
from .held_out import floored
from .hybrid import BLOCK_GAP, Hybrid, fit_learners
from .posture_errors import PostureErrors
from .seen_inputs import SeenInputs
from .start_states import StartStates

JOINT_TRAINING_WEIGHT = 0.1  # of the residual in the published method, where the user leaves it open


@dataclass
class TrainingData:
    """All training trials: what the network sees, what it shall predict, and the equation of motion on them.

    Attributes
    ----------
    features : ndarray (n_frames, n_features)
        What the network sees of EMG and external inputs.
    angle : ndarray (n_frames, n_coordinates)
        Measured angles [rad], NaN where unknown.
    weight : ndarray (n_frames,)
    validation_weight : ndarray (n_frames,) or None
        Frames that decide when to stop.
    motion : EquationOfMotion or None
        None without a time axis.
    layout : FeatureLayout or None
        What the columns of `features` are; None without a time axis.
    """

    features: np.ndarray
    angle: np.ndarray
    weight: np.ndarray
    validation_weight: np.ndarray | None
    motion: EquationOfMotion | None
    layout: FeatureLayout | None = None


@dataclass
class Fitted:
    """What a fit leaves behind."""

    model: MusculoskeletalModel | None = None
    network: TrainedNetwork | None = None
    scaler: StandardScaler | None = None  # of the network's inputs
    identification: Identification | None = None
    hybrid: Hybrid | None = None
    findings: list = field(default_factory=list)
    ode_weight: float = 0.0
    model_of_training: MusculoskeletalModel | None = None  # `model` as it was before any calibration
    start_states: StartStates | None = None  # how trials may begin
    seen_inputs: SeenInputs | None = None  # of the training
    suspicions: list = field(default_factory=list)  # of the whole fit, see `identification`
    posture_errors: PostureErrors | None = None  # of the learners in the session that `calibrate` has seen

    @property
    def offset_shift(self):
        """Of the goniometer since training (n_coordinates,) [rad], which the networks do not know."""
        if self.model is self.model_of_training:
            return 0.0
        now, before = (
            m.parameters.as_dict()["goniometer_offset"].numpy() for m in (self.model, self.model_of_training)
        )
        return now - before

    @property
    def is_simulation(self):
        """Whether the equation of motion predicts alone."""
        return self.network is None or np.isinf(self.ode_weight)

    @property
    def error_std(self):
        """Standard deviation of the learners' angle (n_coordinates,) [rad]."""
        if self.hybrid is not None:
            return self.hybrid.trust.error_std
        return floored(np.sqrt(self.network.history[-1]["data_loss"]) * self.network.scale)

    @property
    def n_iter(self):
        """Epochs of the network, or iterations of the identification where there is none."""
        return len(self.network.history) if self.network is not None else self.identification.n_iter


def fit_static(data, settings, start):
    """A network from one frame to its angle: nothing here knows time."""
    _require_epochs(settings, "without a time axis")
    settings = replace(settings, input_noise=0.0)  # of frames without a history, noise is all that is left
    scaler, data = _standardised(data)
    with settings.progress.stage("train networks", settings.max_epochs):
        network = train(
            data.features, data.angle, data.weight, settings, validation_weight=data.validation_weight, start=start,
            as_fitted=lambda network: Fitted(network=network, scaler=scaler),
        )  # fmt: skip
    return Fitted(network=network, scaler=scaler)


def fit_network(data, settings, ode_weight, force_weight, start):
    """The published method: network and physiological parameters in one optimisation, from generic values."""
    _require_epochs(settings, "with prediction='network'")
    scaler, data = _standardised(data)
    physics = Physics(data.motion, trainable=True)
    weight = JOINT_TRAINING_WEIGHT if ode_weight == "auto" else ode_weight

    def as_fitted(network):
        values = physics.free.values(physics.raw.detach()).numpy()
        return Fitted(data.motion.model.with_values(values), network, scaler, ode_weight=weight)

    with settings.progress.stage("train networks", settings.max_epochs):
        network = train(
            data.features, data.angle, data.weight, settings, validation_weight=data.validation_weight, physics=physics,
            ode_weight=weight, force_weight=force_weight, start=start, as_fitted=as_fitted,
        )  # fmt: skip
    fitted = as_fitted(network)
    return replace(fitted, start_states=_starts(data.motion.with_model(fitted.model), data.angle))


def _starts(motion, angle):
    """Starts that the training knows; None where the model is so far off that its activation cannot be solved."""
    try:
        return StartStates.learnt(motion, angle)
    except SimulationError:
        return None


def fit_simulation(data, options, progress, depth=5):
    """Identification alone.

    `options` are keyword arguments of `identify`, `depth` calls below the user's line, where warnings shall point.
    """
    identification = _identified(data, options, progress)
    if not identification.converged and not progress.interrupted:
        warnings.warn(
            f"The identification did not converge in {identification.n_iter} iterations; its parameters are the best found. Fewer free parameters "
            "(`identify=`) or more motion would help.",
            ConvergenceWarning,
            stacklevel=depth,
        )
    findings = assess(identification, data.motion.excitation)
    _warn_of(findings, identification.model, depth + 1)
    starts = _starts(data.motion.with_model(identification.model), data.angle)
    return Fitted(
        identification.model, identification=identification, ode_weight=np.inf, findings=findings, start_states=starts
    )


def _identified(data, options, progress):
    """Identification; after an interrupt, the best so far."""

    def accepted(iteration, objective, values):
        reached = Fitted(data.motion.model.with_values(values), ode_weight=np.inf)
        return progress.step({"objective": objective}, lambda: reached)

    with progress.stage("identify"):
        try:
            return identify(data.motion, data.angle, data.weight, callback=accepted, **options)
        except IdentificationInterrupted as interrupt:
            best = interrupt.best
            progress.keep(
                f"the identification stopped after {best.n_iter} iterations, and its best parameters so far predict, by simulation"
            )
            return best


def _warn_of(findings, model, depth):
    """One warning for everything that the recording leaves open."""
    if findings:
        warnings.warn(summary(findings, model), IdentifiabilityWarning, stacklevel=depth)


def fit_hybrid(data, settings, ensemble, ode_weight, force_weight, cutoff, start, options):
    """Identification, then learners that see EMG and simulated state, then the trust between them and the physics.

    `ensemble` is an `EnsembleSettings`, `cutoff` [Hz] or "auto" the low-pass of the predicted angle; the others as in
    `fit_network` and `fit_simulation`.
    """
    progress = settings.progress
    try:
        fitted = fit_simulation(data, options, progress, depth=6)
    except SimulationError as error:
        if settings.max_epochs == 0:
            raise
        warnings.warn(
            f"The physics failed on the training trials, the learners predict alone. {error}",
            ConvergenceWarning,
            stacklevel=5,
        )
        fitted = Fitted(data.motion.model)
        ensemble, ode_weight = replace(ensemble, physics=False), 0.0
    if settings.max_epochs == 0 or progress.interrupted:
        return fitted
    ensemble = replace(ensemble, physics=ensemble.physics and ode_weight != 0)
    motion, identified = data.motion.with_model(fitted.model), fitted.identification
    noise_std, trial_gain = (np.inf, None) if identified is None else (identified.noise_std, identified.trial_gain)

    def with_hybrid(hybrid):
        return replace(fitted, hybrid=hybrid, network=hybrid.learners.networks, ode_weight=hybrid.trust.ode_weight)

    try:
        hybrid = fit_learners(
            motion, data, settings, ensemble, data.layout, ode_weight, force_weight, cutoff, ensemble.history + BLOCK_GAP,
            start, noise_std, trial_gain, as_fitted=with_hybrid,
        )  # fmt: skip
    except KeyboardInterrupt:
        if identified is None:
            raise
        progress.keep(
            f"the stage {progress.name!r} did not come to its end, and the identified model predicts by simulation"
        )
        return fitted
    return with_hybrid(hybrid)


def _standardised(data):
    """Scaler of the network's inputs, fitted on the weighted training frames, and the data with scaled features."""
    scaler = fitted_scaler(data.features, data.weight)
    return scaler, replace(data, features=scaler.transform(data.features))


def _require_epochs(settings, when):
    if settings.max_epochs == 0:
        raise ValueError(
            f"`max_epochs=0` trains no network, and {when} there is nothing else that could predict. Use at least 1."
        )


def validation_frames(trials, labelled, fraction, rng):
    """Weights (n_frames,) of the frames kept aside for early stopping.

    Whole trials, the end of a single one, or single frames where there is no time; chosen among the frames with an
    angle, `labelled` (n_frames,) of bool, so that both parts have some.

    Raises
    ------
    ValueError
        When only one frame has an angle.
    """
    frames = np.flatnonzero(labelled)
    if len(frames) < 2:
        raise ValueError(
            "`early_stopping` needs at least 2 frames with an angle, to learn from and to validate on. Got 1 sample."
        )
    n_held = min(max(1, int(fraction * len(frames))), len(frames) - 1)
    held_out = np.zeros(len(labelled))
    trial = np.zeros(len(labelled), int) if trials is None else trials.trial_of_frame
    with_labels = np.unique(trial[frames])
    if trials is None:
        held_out[rng.permutation(frames)[:n_held]] = 1.0
    elif len(with_labels) == 1:
        held_out[frames[-n_held:]] = 1.0
    else:
        n_trials = min(max(1, round(fraction * len(with_labels))), len(with_labels) - 1)
        held_out[np.isin(trial, rng.permutation(with_labels)[:n_trials])] = 1.0
    return held_out
