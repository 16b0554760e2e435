"""Training of networks by skorch under the physics-informed criterion."""

from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch

from ..exceptions import SimulationError
from .loss import TrainingLoss
from .networks import HistoryNetwork
from .own_module import ModuleNetworks
from .skorch_net import AllFrames, RecordingNet, callbacks_of


@dataclass
class TrainedNetwork:
    """Trained networks with the scale of their output.

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

    def predict_all(self, features):
        """Angles (n_networks, n_frames, n_coordinates) [rad] and normalised forces (n_networks, n_frames, n_muscles)
        of every network, for features (n_frames, n_features) or (n_sources, n_frames, n_features).
        """
        device = next(self.module.parameters()).device
        self.module.eval()
        with torch.no_grad():
            angle, force, _ = self.module(
                torch.as_tensor(np.ascontiguousarray(features), dtype=torch.float64, device=device)
            )
        return angle.cpu().numpy() * self.scale + self.center, force.cpu().numpy()

    def predict_version(self, features, version):
        """Angles (n_networks, n_frames, n_coordinates) [rad] of the networks that a version of the features feeds."""
        parameter = next(self.module.parameters())
        self.module.eval()
        with torch.no_grad():
            angle, _ = self.module.of_version(torch.as_tensor(features, device=parameter.device), version)
        return angle.cpu().numpy() * self.scale + self.center

    def of_version(self, version):
        """The same without the networks that other versions of the features feed."""
        return replace(self, module=self.module.only(version))

    def predict(self, features):
        """Mean angles (n_frames, n_coordinates) [rad] and normalised forces (n_frames, n_muscles) of the networks."""
        angle, force = self.predict_all(features)
        return angle.mean(axis=0), force.mean(axis=0)


def _target_scale(angle, weight):
    """Weighted mean and standard deviation of the known angles, each (n_coordinates,)."""
    weight = np.where(np.isfinite(angle), weight[:, None], 0.0)
    total = weight.sum(axis=0)
    share = weight / np.where(total > 0, total, 1.0)
    labelled = np.where(weight > 0, angle, 0.0)
    center = (share * labelled).sum(axis=0)
    scale = np.sqrt((share * (labelled - center) ** 2).sum(axis=0))
    return center, np.where(scale > 0, scale, 1.0)


def _sizes(module):
    """Number of networks of the first version and widths of their layers, inputs first."""
    weights = [p.shape for name, p in module.named_parameters() if name.endswith("weight")]
    return [int((module.source == 0).sum()), weights[0][1], *(shape[2] for shape in weights)]


def _check_start(start, module):
    """Raise where the networks to start from have other layers than those to train."""
    if isinstance(module, ModuleNetworks) or isinstance(start, ModuleNetworks):
        _check_own_start(start, module)
        return
    old, new = _sizes(start), _sizes(module)
    if old != new:
        raise ValueError(
            "`warm_start` goes on with the networks of the previous fit: their number and the sizes of their layers "
            f"are {old}; this fit needs {new}. Keep X, `model`, `prediction`, `history` and `hidden_layer_sizes` as "
            "they were (a file of an earlier version may hold others), or set warm_start=False."
        )


def _check_own_start(start, module):
    own = isinstance(start, ModuleNetworks) and isinstance(module, ModuleNetworks)
    shapes = (
        [{n: p.shape for n, p in one.state_dict().items()} for one in (start.networks[0], module.networks[0])]
        if own
        else []
    )
    if not own or shapes[0] != shapes[1]:
        raise ValueError(
            "`warm_start` goes on with the networks of the previous fit, which are others than `module` "
            "makes now. Keep X, `model`, `prediction`, `history` and `module` as they were, or set warm_start=False."
        )


def attributes_of_training(network):
    """Fitted attributes of the estimator that tell of a TrainedNetwork."""
    return {"history_": network.history, "n_iter_": max(1, len(network.history))}


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
    seen=None,
    source=None,
    noise_levels=None,
    turns=1,
    dtype=torch.float64,
    as_fitted=None,
    columns=None,
):
    """Train one or several networks on all frames of all trials at once.

    Parameters
    ----------
    features : ndarray (n_frames, n_features) or (n_sources, n_frames, n_features)
        Standardised inputs, in one or several versions.
    angle : ndarray (n_frames, n_coordinates)
        Measured angles [rad]; NaN where unknown: such angles take part in the residual only.
    weight : ndarray (n_frames,) or (n_sources, n_frames)
        Weight of each frame in the data term of the networks that each version of the features feeds.
    settings : TrainingSettings
    validation_weight : ndarray (n_frames,), optional
        Frames that decide when to stop instead of being learnt from.
    physics : Physics, optional
        Gives the residual along the mean trajectory of the first version's networks; its parameters are trained along
        where it says so.
    ode_weight, force_weight : float
    start : HistoryNetwork, optional
        Networks whose weights training starts from.
    seen, source, noise_levels : array, optional
        Features that each network sees, the version it is fed with and its noise, as in `HistoryNetwork`.
    turns : int
        Steps after which the networks have learnt from every frame; angles of frames in between are not asked for.
    dtype : torch.dtype
        Precision of the networks; angles and forces are always float64.
    as_fitted : callable, optional
        Makes what a fit would leave behind of the TrainedNetwork of an epoch, for callbacks that score it.
    columns : Columns, optional
        Which features make the sequences that a user's module sees; needed where `settings` have one.

    Returns
    -------
    TrainedNetwork
        After an interrupt, of the epochs so far.

    Raises
    ------
    KeyboardInterrupt
        When the interrupt comes before the end of the first epoch, or the fit is one of many.
    """
    validate = validation_weight is not None
    data_weight, held_out = _weights(angle, weight, validation_weight)
    center, scale = _target_scale(angle, data_weight[0])
    target = torch.as_tensor((angle - center) / scale)
    n_muscles = 0 if physics is None else physics.motion.model.n_muscles
    terms = (
        ["data_loss"]
        + ["validation_loss"] * validate
        + ["ode_loss", "force_loss", "prior_loss"] * (physics is not None)
    )
    tensor = lambda x: torch.as_tensor(np.asarray(x, dtype=np.float64))
    module = _networks(
        settings, (features.shape[-1], angle.shape[1], n_muscles), data_weight, columns,
        turns, seen=seen, source=source, noise_levels=noise_levels,
    ).to(dtype)  # fmt: skip
    if start is not None:
        _check_start(start, module)
        module.start_from(start)
    criterion = TrainingLoss(
        tensor(data_weight), tensor(held_out), tensor(center), tensor(scale), ode_weight, force_weight, physics,
        module.source,
    )  # fmt: skip
    scored = lambda module, history: as_fitted and as_fitted(TrainedNetwork(module, center, scale, history))
    net = _net(module, criterion, settings, callbacks_of(terms, settings, validate, scored))
    try:
        with _own_generator(settings):
            net.fit(AllFrames(tensor(features), target))
    except SimulationError:  # of physics whose parameters are lost
        _check_finite(net, [])
        raise
    if net.interrupted_:
        _drop_unfinished(net.history, terms)
        settings.progress.keep(f"the networks were trained for {len(net.history)} of {settings.max_epochs} epochs")
    _check_finite(net, net.history)
    return TrainedNetwork(net.module_, center, scale, net.history)


def _weights(angle, weight, validation_weight):
    """Weights (n_sources, n_frames) of the frames that are learnt from, and (n_frames,) of those that decide when to
    stop, 0 where no angle is known.
    """
    labelled, held_out = np.isfinite(angle).any(axis=1), np.zeros(len(angle))
    if validation_weight is not None:
        held_out = np.where(labelled, validation_weight, 0.0)
    return np.where(labelled & (held_out == 0), np.atleast_2d(weight), 0.0), held_out


def _networks(settings, sizes, data_weight, columns, turns, *, seen, source, noise_levels):
    """Untrained networks from n_features to n_outputs and n_muscles (`sizes`); a user's where the settings have one."""
    n_features, n_outputs, n_muscles = sizes
    if settings.own is not None:
        return ModuleNetworks(
            settings.own, columns, n_outputs, n_muscles, settings.hidden_layer_sizes,
            input_noise=settings.input_noise, source=(0,) if source is None else source, seed=settings.seed,
        )  # fmt: skip
    module = HistoryNetwork(
        n_features, n_outputs, n_muscles, settings.hidden_layer_sizes, settings.input_noise, seen, source,
        torch.Generator().manual_seed(settings.seed), noise_levels,
    )  # fmt: skip
    module.frames = [torch.from_numpy(np.flatnonzero(row)).to(settings.device) for row in data_weight]
    module.turns = turns
    return module


def _net(module, criterion, settings, callbacks):
    """The skorch net that trains networks on all frames at once."""
    return RecordingNet(
        module,
        criterion=criterion,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=settings.alpha,
        lr=settings.lr,
        max_epochs=settings.max_epochs,
        batch_size=-1,
        train_split=None,
        callbacks=callbacks,
        device=settings.device,
        verbose=0,
        callbacks__print_log=None,  # which makes its table of the history whether it prints or not
    )  # fmt: skip


@contextmanager
def _own_generator(settings):
    """A user's module may draw of torch's own generator (dropout): it begins at the seed, and is left as it was."""
    if settings.own is None:
        yield
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        yield


def _check_finite(net, history):
    """Raise where a loss, a weight of the networks or a trained parameter has become infinite or none."""
    for name in dict.fromkeys(name for epoch in history for name in epoch if name.endswith("_loss")):
        for epoch in history:
            if not np.isfinite(epoch.get(name, 0.0)):
                raise ValueError(
                    f"The training diverged: {name} is {epoch[name]} in epoch {epoch['epoch']}. Lower `lr`, `alpha` or "
                    "`input_noise`, or the weight of the term that is named (`ode_weight`, `force_weight`)."
                )
    trained = [*net.module_.parameters(), *net.criterion_.parameters()]
    if not all(parameter.isfinite().all() for parameter in trained):
        raise ValueError(
            "The training diverged: weights of the networks are infinite. Lower `lr`, or the weight of the "
            "equation of motion (`ode_weight`, `force_weight`)."
        )


def _drop_unfinished(history, terms):
    """Take off the row of an epoch that an interrupt did not let come to its end; raise it where there is no other."""
    while history and any(name not in history[-1] for name in terms):
        history.pop()
    if not history:
        raise KeyboardInterrupt
