"""A network from one frame to its angle: nothing here knows time."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.preprocessing import StandardScaler

from .._inputs import fitted_scaler
from ..learning.own_module import Columns
from ..learning.training import TrainedNetwork, attributes_of_training, train
from .predictor import Prediction, Predictor


@dataclass(frozen=True, kw_only=True)
class StaticPredictor(Predictor):
    """A network of single frames.

    Attributes
    ----------
    network : TrainedNetwork
    scaler : StandardScaler
        Of its inputs.
    """

    network: TrainedNetwork
    scaler: StandardScaler

    def predict(self, recording, *, with_std=False, forces=True):
        """As every predictor; the standard deviation is that of the training residual."""
        angle, _ = self.network.predict(self.scaler.transform(recording.emg))
        return Prediction(angle, angle_std=np.sqrt(residual_variance(self.network, angle)))

    @property
    def networks(self):
        """Those that predict."""
        return self.network.module

    def attributes(self):
        """Fitted attributes of the estimator by their public names, dict."""
        return {**super().attributes(), **attributes_of_training(self.network)}


def residual_variance(network, angle):
    """What a TrainedNetwork left of its training's angles [rad^2], for every frame of `angle`."""
    return np.full_like(angle, network.history[-1]["data_loss"]) * network.scale**2


def fit_static(recording, model, settings, *, before=None, validation_weight=None, start=None):
    """Train a network of single frames.

    Parameters
    ----------
    recording : Recording
        Without trials.
    model : None
        Nobody knows any.
    settings : Settings
    before : None
        There is no other step.
    validation_weight : ndarray (n_frames,), optional
        Frames that decide when to stop.
    start : HistoryNetwork, optional
        Where training starts from.

    Returns
    -------
    StaticPredictor
    """
    require_epochs(settings, "without a time axis")
    scaler = fitted_scaler(recording.emg, recording.weight)
    # Of frames without a history, noise is all that would be left.
    training = replace(settings.training, input_noise=0.0)
    with training.progress.stage("train networks", training.max_epochs):
        network = train(
            scaler.transform(recording.emg), recording.angle, recording.weight, training,
            validation_weight=validation_weight, start=start,
            as_fitted=lambda network: StaticPredictor(network=network, scaler=scaler),
            columns=Columns(np.arange(recording.emg.shape[1])[None], np.arange(0)),
        )  # fmt: skip
    return StaticPredictor(network=network, scaler=scaler)


def require_epochs(settings, when):
    """Raise where no network would be trained and there is nothing else that could predict."""
    if settings.training.max_epochs == 0:
        raise ValueError(
            f"`max_epochs=0` trains no network, and {when} there is nothing else that could predict. Use at least 1."
        )
