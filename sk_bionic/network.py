"""The network and its training by skorch under the physics-informed criterion."""

from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping, PassthroughScoring
from torch import nn

from .criterion import PhysicsInformedLoss


class HistoryNetwork(nn.Module):
    """Multilayer perceptron from features to joint angles and muscle forces.

    Parameters
    ----------
    n_features, n_coordinates, n_muscles : int
        `n_muscles` may be 0: then there are no forces.
    hidden_layer_sizes : sequence of int
    input_noise : float
        Standard deviation of the noise on the standardised inputs of the data term while training.

    Notes
    -----
    tanh between layers: the residual needs a second derivative of the output in time, which ReLU does not have. The
    forces are in units of the muscles' maximal forces and never negative.
    """

    def __init__(self, n_features, n_coordinates, n_muscles, hidden_layer_sizes, input_noise=0.0):
        super().__init__()
        self.input_noise = input_noise
        sizes = [n_features, *hidden_layer_sizes]
        pairs = zip(sizes[:-1], sizes[1:], strict=True)
        self.body = nn.Sequential(*(layer for a, b in pairs for layer in (nn.Linear(a, b), nn.Tanh())))
        self.angle = nn.Linear(sizes[-1], n_coordinates)
        self.force = nn.Linear(sizes[-1], n_muscles) if n_muscles else None

    def forward(self, features):
        """Standardised angles (n_frames, n_coordinates), normalised forces (n_frames, n_muscles), and the angles of
        noisy inputs for the data term.

        Noise is kept away from the angles that the equation of motion sees: their derivatives in time must be those
        of a smooth trajectory.
        """
        hidden = self.body(features)
        angle = self.angle(hidden)
        force = hidden.new_zeros(len(hidden), 0) if self.force is None else nn.functional.softplus(self.force(hidden))
        if not (self.training and self.input_noise):
            return angle, force, angle
        noisy = features + self.input_noise * torch.randn_like(features)
        return angle, force, self.angle(self.body(noisy))


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is built and trained; the estimator's parameters of the same names."""

    hidden_layer_sizes: tuple = (32, 32)
    max_epochs: int = 300
    lr: float = 0.01
    alpha: float = 1e-4
    input_noise: float = 0.0
    tol: float = 1e-6
    n_iter_no_change: int = 50
    device: str = "cpu"
    verbose: int = 0
    seed: int = 0


@dataclass
class TrainedNetwork:
    """A trained network with the scale of its output.

    Attributes
    ----------
    module : HistoryNetwork
    center, scale : ndarray (n_coordinates,)
        Mean and standard deviation of the training angles [rad].
    history : skorch.history.History
        One entry an epoch: train_loss and every term of the criterion.
    """

    module: HistoryNetwork
    center: np.ndarray
    scale: np.ndarray
    history: list

    def predict(self, features):
        """Angles (n_frames, n_coordinates) [rad] and normalised muscle forces (n_frames, n_muscles)."""
        device = next(self.module.parameters()).device
        self.module.eval()
        with torch.no_grad():
            angle, force, _ = self.module(torch.as_tensor(features, dtype=torch.float64, device=device))
        return angle.cpu().numpy() * self.scale + self.center, force.cpu().numpy()


class _RecordingNet(NeuralNet):
    """skorch net whose only batch is the whole data set, and that writes every term of the criterion into its
    history.
    """

    def get_iterator(self, dataset, training=False):
        # The default loader collects the batch frame by frame in Python, which takes longer than the training step.
        return [(dataset.X, dataset.y)]

    def get_loss(self, y_pred, y_true, X=None, training=False):
        loss = super().get_loss(y_pred, y_true, X=X, training=training)
        for name, value in self.criterion_.terms.items():
            self.history.record_batch(name, value)
        return loss


@contextmanager
def seeded(seed):
    """Seed torch inside the block and leave the global random state as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _target_scale(angle, weight):
    """Weighted mean and standard deviation of the known angles, each (n_coordinates,); `weight` like `angle`."""
    total = weight.sum(axis=0)
    share = weight / np.where(total > 0, total, 1.0)
    labelled = np.where(weight > 0, angle, 0.0)
    center = (share * labelled).sum(axis=0)
    scale = np.sqrt((share * (labelled - center) ** 2).sum(axis=0))
    return center, np.where(scale > 0, scale, 1.0)


class _EarlyStopping(EarlyStopping):
    """skorch's, but what an epoch records is the loss of the weights that it began with: keep those."""

    def on_epoch_begin(self, net, **kwargs):
        self.weights_before_ = deepcopy(net.module_.state_dict())

    def on_epoch_end(self, net, **kwargs):
        super().on_epoch_end(net, **kwargs)
        if self.misses_ == 0 and self.load_best:
            self.best_model_weights_ = self.weights_before_

    def on_train_end(self, net, **kwargs):
        if self.load_best and self.best_model_weights_ is not None:
            net.module_.load_state_dict(self.best_model_weights_)


def _callbacks(terms, settings, validate):
    watched = "validation_loss" if validate else "train_loss"
    passing = [(name, PassthroughScoring(name, on_train=True)) for name in terms]
    stopping = _EarlyStopping(
        watched, patience=settings.n_iter_no_change, threshold=settings.tol, threshold_mode="abs", load_best=validate
    )
    return [*passing, ("early_stopping", stopping)]


def train(
    features,
    angle,
    weight,
    settings,
    *,
    validation_weight=None,
    physics=None,
    ode_weight=0.0,
    force_weight=0.0,
    start=None,
):
    """Train a network on all frames of all trials at once.

    Parameters
    ----------
    features : ndarray (n_frames, n_features)
        Standardised inputs.
    angle : ndarray (n_frames, n_coordinates)
        Measured angles [rad]; NaN where unknown: such angles take part in the residual only.
    weight : ndarray (n_frames,)
        Weight of each frame in the data term.
    settings : TrainingSettings
    validation_weight : ndarray (n_frames,), optional
        Frames that decide when to stop instead of being learnt from.
    physics : Physics, optional
        Gives the residual; its parameters are trained along where it says so.
    ode_weight, force_weight : float
    start : HistoryNetwork, optional
        Network whose weights training starts from.

    Returns
    -------
    TrainedNetwork
    """
    known = np.isfinite(angle)
    validate = validation_weight is not None
    held_out = np.where(known, validation_weight[:, None], 0.0) if validate else np.zeros(angle.shape)
    data_weight = np.where(known & (held_out == 0), weight[:, None], 0.0)
    center, scale = _target_scale(angle, data_weight)
    target = torch.as_tensor(np.where(known, (angle - center) / scale, 0.0))
    n_muscles = 0 if physics is None else physics.motion.model.n_muscles
    terms = (
        ["data_loss"]
        + ["validation_loss"] * validate
        + ["ode_loss", "force_loss", "prior_loss"] * (physics is not None)
    )
    tensor = lambda x: torch.as_tensor(np.asarray(x, dtype=np.float64))  # noqa: E731
    with seeded(settings.seed):
        module = HistoryNetwork(
            features.shape[1],
            angle.shape[1],
            n_muscles,
            settings.hidden_layer_sizes,
            settings.input_noise if physics is not None else 0.0,
        ).double()
        if start is not None:
            module.load_state_dict(start.state_dict())
        net = _RecordingNet(
            module,
            criterion=PhysicsInformedLoss(
                tensor(data_weight), tensor(held_out), tensor(center), tensor(scale), ode_weight, force_weight, physics
            ),
            optimizer=torch.optim.AdamW,
            optimizer__weight_decay=settings.alpha,
            lr=settings.lr,
            max_epochs=settings.max_epochs,
            batch_size=-1,
            train_split=None,
            callbacks=_callbacks(terms, settings, validate),
            device=settings.device,
            verbose=settings.verbose,
        )
        net.fit(tensor(features), target)
    return TrainedNetwork(net.module_, center, scale, net.history)
