"""The three ways of fitting, in the order in which a fit happens: identification, network, trust."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from .criterion import Physics
from .dynamics.identify import Identification, identify
from .dynamics.simulate import Motion, SimulationError
from .hybrid import TRAINING_WEIGHT, Trust, choose_ode_weight
from .musculoskeletal import MusculoskeletalModel
from .network import TrainedNetwork, TrainingSettings, train

BLOCK_GAP = 0.5  # s beside a held-out block that are hidden too, besides the network's history


@dataclass
class TrainingData:
    """All training trials: what the network sees, what it shall predict, and the equation of motion on them.

    Attributes
    ----------
    features : ndarray (n_frames, n_features)
        Standardised.
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
    identification: Identification | None = None
    trust: Trust | None = None
    ode_weight: float = 0.0

    @property
    def n_iter(self):
        """Epochs of the network, or iterations of the identification where there is none."""
        return len(self.network.history) if self.network is not None else self.identification.n_iter


def standardiser(features, weight):
    """Scaler of the network's inputs, fitted on the weighted training frames."""
    return StandardScaler().fit(features, sample_weight=weight)


def fit_static(data, settings, start):
    """A network from one frame to its angle: nothing here knows time."""
    network = train(data.features, data.angle, data.weight, settings, validation_weight=data.validation_weight, start=start)
    return Fitted(network=network)


def fit_network(data, settings, ode_weight, force_weight, start):
    """The published method: network and physiological parameters in one optimisation, from generic values."""
    physics = Physics(data.motion, trainable=True)
    weight = TRAINING_WEIGHT if ode_weight == "auto" else ode_weight
    network = _train(data, settings, physics, weight, force_weight, start)
    values = physics.free.values(physics.raw.detach()).numpy()
    return Fitted(data.motion.model.with_values(values), network, ode_weight=weight)


def fit_simulation(data):
    """Identification alone."""
    identification = identify(data.motion, data.angle, data.weight)
    if not identification.converged:
        warnings.warn(
            f"The identification did not converge in {identification.n_iter} iterations; its parameters are the best found. Fewer free parameters "
            "(`identify=`) or more motion would help.",
            ConvergenceWarning,
            stacklevel=4,
        )
    return Fitted(identification.model, identification=identification, ode_weight=np.inf)


def fit_hybrid(data, settings, ode_weight, force_weight, history, start):
    """Identification, then a network regularised by the identified equation, then the weight of that equation in the fusion."""
    try:
        fitted = fit_simulation(data)
    except SimulationError as error:
        warnings.warn(f"The physics failed on the training trials, the network predicts alone. {error}", ConvergenceWarning, stacklevel=4)
        fitted = Fitted(data.motion.model)
        ode_weight = 0.0
    if settings.max_epochs == 0:
        return fitted
    motion = data.motion.with_model(fitted.model)
    training_weight = TRAINING_WEIGHT if ode_weight == "auto" else ode_weight
    fitted.network = _train(data, settings, Physics(motion, trainable=False), training_weight, force_weight, start)
    if ode_weight == "auto":
        gap = history + BLOCK_GAP
        fitted.trust = choose_ode_weight(fitted.model, motion, data.features, data.angle, data.weight, settings, force_weight, gap)
        ode_weight = fitted.trust.ode_weight
    fitted.ode_weight = float(ode_weight)
    return fitted


def _train(data, settings, physics, ode_weight, force_weight, start):
    return train(
        data.features, data.angle, data.weight, settings, validation_weight=data.validation_weight, physics=physics,
        ode_weight=ode_weight, force_weight=force_weight, start=start,
    )  # fmt: skip


def validation_frames(trials, n_frames, fraction, rng):
    """Weights (n_frames,) of the frames kept aside for early stopping: whole trials, the end of a single one, or single frames where there is no time."""
    held_out = np.zeros(n_frames)
    if trials is None:
        held_out[rng.permutation(n_frames)[: max(1, int(fraction * n_frames))]] = 1.0
    elif trials.n_trials == 1:
        held_out[int((1.0 - fraction) * n_frames) :] = 1.0
    else:
        n_held = min(max(1, round(fraction * trials.n_trials)), trials.n_trials - 1)
        for k in rng.permutation(trials.n_trials)[:n_held]:
            held_out[trials.slices[k]] = 1.0
    return held_out

