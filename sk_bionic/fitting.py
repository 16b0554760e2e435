"""The three ways of fitting, in the order in which a fit happens: identification, network, trust."""

import warnings
from dataclasses import dataclass, field, replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from .criterion import Physics
from .dynamics.identifiability import assess
from .dynamics.identify import Identification, identify
from .dynamics.simulate import Motion
from .exceptions import IdentifiabilityWarning, SimulationError
from .hybrid import (
    TRAINING_WEIGHT,
    Trust,
    choose_ode_weight,
    training_state,
    with_simulation,
)
from .musculoskeletal import MusculoskeletalModel
from .network import TrainedNetwork, train

N_NAMED = 3  # findings that a warning spells out
BLOCK_GAP = 0.5  # s beside a held-out block that are hidden too, besides the network's history


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
    motion : Motion or None
        None without a time axis.
    """

    features: np.ndarray
    angle: np.ndarray
    weight: np.ndarray
    validation_weight: np.ndarray | None
    motion: Motion | None


@dataclass
class Fitted:
    """What a fit leaves behind."""

    model: MusculoskeletalModel | None = None
    network: TrainedNetwork | None = None
    scaler: StandardScaler | None = None  # of the network's inputs
    identification: Identification | None = None
    trust: Trust | None = None
    findings: list = field(default_factory=list)
    ode_weight: float = 0.0
    offset_shift: np.ndarray | float = 0.0  # of the goniometer since training [rad], which the network does not know

    @property
    def n_iter(self):
        """Epochs of the network, or iterations of the identification where there is none."""
        return len(self.network.history) if self.network is not None else self.identification.n_iter


def fit_static(data, settings, start):
    """A network from one frame to its angle: nothing here knows time."""
    _require_epochs(settings, "without a time axis")
    _check_start(start, data, settings, n_forces=0)
    scaler, data = _standardised(data)
    network = train(
        data.features, data.angle, data.weight, settings, validation_weight=data.validation_weight, start=start
    )
    return Fitted(network=network, scaler=scaler)


def fit_network(data, settings, ode_weight, force_weight, start):
    """The published method: network and physiological parameters in one optimisation, from generic values."""
    _require_epochs(settings, "with prediction='network'")
    scaler, data = _standardised(data)
    physics = Physics(data.motion, trainable=True)
    weight = TRAINING_WEIGHT if ode_weight == "auto" else ode_weight
    network = _train(data, settings, physics, weight, force_weight, start)
    values = physics.free.values(physics.raw.detach()).numpy()
    return Fitted(data.motion.model.with_values(values), network, scaler, ode_weight=weight)


def fit_simulation(data, options, depth=5):
    """Identification alone.

    `options` are keyword arguments of `identify`, `depth` calls below the user's line, where warnings shall point.
    """
    identification = identify(data.motion, data.angle, data.weight, **options)
    if not identification.converged:
        warnings.warn(
            f"The identification did not converge in {identification.n_iter} iterations; its parameters are the best found. Fewer free parameters "
            "(`identify=`) or more motion would help.",
            ConvergenceWarning,
            stacklevel=depth,
        )
    findings = assess(identification, data.motion.excitation)
    _warn_of(findings, depth + 1)
    return Fitted(identification.model, identification=identification, ode_weight=np.inf, findings=findings)


def _warn_of(findings, depth):
    """One warning for everything that the recording leaves open."""
    if findings:
        named = "; ".join(finding.message for finding in findings[:N_NAMED])
        more = f"; and {len(findings) - N_NAMED} more" if len(findings) > N_NAMED else ""
        warnings.warn(
            f"The recording does not determine: {named}{more}. Their values come from the prior; see `parameters_`.",
            IdentifiabilityWarning,
            stacklevel=depth,
        )


def fit_hybrid(data, settings, ode_weight, force_weight, history, start, options):
    """Identification, then a network regularised by the identified equation, then the weight of that equation in the
    fusion.
    """
    try:
        fitted = fit_simulation(data, options, depth=6)
    except SimulationError as error:
        if settings.max_epochs == 0:
            raise
        warnings.warn(
            f"The physics failed on the training trials, the network predicts alone. {error}",
            ConvergenceWarning,
            stacklevel=5,
        )
        return replace(fit_static(data, settings, start), model=data.motion.model)
    if settings.max_epochs == 0:
        return fitted
    motion = data.motion.with_model(fitted.model)
    state = training_state(motion, fitted.identification, data.angle)
    training_weight = TRAINING_WEIGHT if ode_weight == "auto" else ode_weight
    fitted.scaler, seen = _standardised(replace(data, features=with_simulation(data.features, motion, state)))
    fitted.network = _train(seen, settings, Physics(motion, trainable=False), training_weight, force_weight, start)
    if ode_weight == "auto":
        fitted.trust = choose_ode_weight(
            motion, data.features, data.angle, data.weight, settings, force_weight, history + BLOCK_GAP
        )
        ode_weight = fitted.trust.ode_weight
    fitted.ode_weight = float(ode_weight)
    return fitted


def _standardised(data):
    """Scaler of the network's inputs, fitted on the weighted training frames, and the data with scaled features."""
    scaler = StandardScaler().fit(data.features, sample_weight=data.weight)
    return scaler, replace(data, features=scaler.transform(data.features))


def _require_epochs(settings, when):
    if settings.max_epochs == 0:
        raise ValueError(
            f"`max_epochs=0` trains no network, and {when} there is nothing else that could predict. Use at least 1."
        )


def _check_start(start, data, settings, n_forces):
    """Raise where the network to start from has other layers than the one to train."""
    if start is None:
        return
    layers = [layer.weight.shape for layer in (*start.body, start.angle, start.force) if hasattr(layer, "weight")]
    old = [layers[0][1], *(shape[0] for shape in layers)]
    new = [data.features.shape[1], *settings.hidden_layer_sizes, data.angle.shape[1], *([n_forces] if n_forces else [])]
    if old != new:
        raise ValueError(
            f"`warm_start` goes on with the network of the previous fit, whose layers have the sizes {old}; this fit needs {new}. Keep X, `model`, `history` "
            "and `hidden_layer_sizes` as they were, or set warm_start=False."
        )


def _train(data, settings, physics, ode_weight, force_weight, start):
    _check_start(start, data, settings, physics.motion.model.n_muscles)
    return train(
        data.features, data.angle, data.weight, settings, validation_weight=data.validation_weight, physics=physics,
        ode_weight=ode_weight, force_weight=force_weight, start=start,
    )  # fmt: skip


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
