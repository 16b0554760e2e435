"""The published method: network and physiological parameters in one optimisation, from generic values."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.preprocessing import StandardScaler

from .._inputs import fitted_scaler
from ..dynamics.equation import EquationOfMotion
from ..learning.features import features_of, layout_of, sequence_lags
from ..learning.loss import Physics
from ..learning.own_module import Columns
from ..learning.training import TrainedNetwork, attributes_of_training, train
from .held_out import floored
from .predictor import Prediction
from .session import LearntPredictor
from .simulation import session_of_training, start_states, variance_from_rest
from .static import require_epochs, residual_variance

# Of the residual, where the user leaves it open: standardised angles and the torque scale make both terms of order 1,
# and the published method weighs data ten times as much. Nothing was tuned.
JOINT_TRAINING_WEIGHT = 0.1


@dataclass(frozen=True, kw_only=True)
class NetworkPredictor(LearntPredictor):
    """A network of the recent EMG, which says angles and muscle forces, and the model that was trained along.

    Attributes
    ----------
    network : TrainedNetwork
    scaler : StandardScaler
        Of its inputs.
    ode_weight : float
        Of the equation of motion while it was trained.
    """

    network: TrainedNetwork
    scaler: StandardScaler
    ode_weight: float
    identification = None  # joint training has no posterior

    def predict(self, recording, *, with_std=False, forces=True):
        """As every predictor. The standard deviation is that of the training residual and of the unknown start."""
        angle, force = self.network.predict(self.scaler.transform(self.features(recording)))
        angle = self.as_measured(angle)
        variance = residual_variance(self.network, angle)
        of_start = variance_from_rest(self, self.equation(recording), forces=False) if with_std else None
        variance = variance if of_start is None else variance + of_start[0]
        maximal = self.model.parameters.as_dict()["max_isometric_force"]
        return Prediction(angle, angle_std=np.sqrt(variance), force=force * maximal)

    def predict_from_emg(self, recording):
        """Angles as the training's goniometer reads them."""
        return self.network.predict(self.scaler.transform(self.features(recording)))[0]

    @property
    def scale(self):
        """Standard deviation of the training's angles (n_coordinates,) [rad]."""
        return self.network.scale

    @property
    def error_std(self):
        """What training has left of the angles [rad]."""
        return floored(np.sqrt(self.network.history[-1]["data_loss"]) * self.network.scale)

    @property
    def networks(self):
        """Those that predict."""
        return self.network.module

    def attributes(self):
        """Fitted attributes of the estimator by their public names, dict."""
        return {**super().attributes(), **attributes_of_training(self.network), "ode_weight_": self.ode_weight}


def fit_network(recording, model, settings, *, before=None, validation_weight=None, start=None):
    """Train network and physiological parameters together.

    Parameters
    ----------
    recording : Recording
    model : MusculoskeletalModel
        Its values are where its parameters start.
    settings : Settings
    before : None
        There is no other step.
    validation_weight : ndarray (n_frames,), optional
        Frames that decide when to stop.
    start : HistoryNetwork, optional
        Where the network starts from.

    Returns
    -------
    NetworkPredictor
    """
    require_epochs(settings, "with prediction='network'")
    training, chosen = settings.training, settings.prediction
    layout = layout_of(recording, chosen.history, sequence=chosen.own_module)
    features = features_of(recording, chosen.history, layout)
    equation = EquationOfMotion.of(model, recording)
    scaler = fitted_scaler(features, recording.weight)
    physics = Physics(equation, trainable=True)
    weight = JOINT_TRAINING_WEIGHT if chosen.ode_weight == "auto" else chosen.ode_weight
    session = session_of_training(recording, model)

    def as_fitted(network):
        trained = model.with_values(physics.free.values(physics.raw.detach().cpu().numpy()))
        return NetworkPredictor(
            model=trained, model_of_training=trained, session=session, layout=layout, history=chosen.history,
            network=network, scaler=scaler, ode_weight=weight,
        )  # fmt: skip

    with training.progress.stage("train networks", training.max_epochs):
        network = train(
            scaler.transform(features), recording.angle, recording.weight, training,
            validation_weight=validation_weight, physics=physics, ode_weight=weight,
            force_weight=chosen.force_weight, start=start, as_fitted=as_fitted,
            columns=Columns(*layout.sequence(sequence_lags(chosen.history))),
        )  # fmt: skip
    fitted = as_fitted(network)
    return replace(fitted, start_states=start_states(equation.with_model(fitted.model), recording.angle))
