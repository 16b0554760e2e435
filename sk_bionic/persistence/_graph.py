"""From EMG to angles in plain tensor operations, as they are exported."""

import numpy as np
import torch
from torch import nn

from ..learning.features import NO_EMG
from ..learning.own_module import ModuleNetworks
from . import _network


def subset(module, networks=None, n_features=None):
    """Networks of those that `networks` (n_networks,) of bool selects, without features beyond `n_features`."""
    if isinstance(module, ModuleNetworks):  # which read the columns of the EMG alone
        kept = np.ones(len(module.networks), bool) if networks is None else np.asarray(networks, dtype=bool)
        return module.chosen(kept)
    parts = _network.parts(module)
    chosen = slice(None) if networks is None else torch.from_numpy(np.asarray(networks, dtype=bool))
    state = {
        name: tensor[chosen].clone().cpu() for name, tensor in parts["state"].items() if not name.startswith("force")
    }
    first = "body.0.weight" if "body.0.weight" in state else "angle.weight"
    state["seen"], state[first] = state["seen"][..., :n_features], state[first][:, :n_features]
    state["source"] = torch.zeros_like(state["source"])  # one version of the features is left
    return _network.build({**parts, "state": state})


class _Graph(nn.Module):
    """Weighted mean of networks, back in rad."""

    def __init__(self, network, scaling, weight, trained, offset):
        super().__init__()
        self.network = network.float()
        mean, scale = scaling
        for name, value in (("mean", mean), ("std", scale), ("weight", weight)):
            self.register_buffer(name, _float(value))
        self.register_buffer("center", _float(trained.center + offset))
        self.register_buffer("scale", _float(trained.scale))

    def angle(self, features):
        x = (features - self.mean) / self.std
        if isinstance(self.network, ModuleNetworks):
            angle = self.network.angles(x)
        else:
            angle = self.network.angle(self.network.body(x.unsqueeze(0) * self.network.seen))
        return (self.weight[:, None, None] * angle).sum(dim=0) * self.scale + self.center


class FrameGraph(_Graph):
    """From single frames (n_frames, n_columns) to angles (n_frames, n_coordinates) [rad]."""

    def __init__(self, network, scaler, trained):
        n_networks = len(network.source)
        super().__init__(network, (scaler.mean_, scaler.scale_), np.full(n_networks, 1.0 / n_networks), trained, 0.0)

    def forward(self, frame):
        """The angles."""
        return self.angle(frame)


class WindowGraph(_Graph):
    """From windows of EMG (n_windows, n_samples, n_channels) to angles (n_windows, n_coordinates) [rad].

    `lags`, `share_lags` and `delay` are in samples, `latency` is that of the angle behind the latest sample; `gain`
    (n_channels,) multiplies the EMG, `limit` is the largest excitation, `offset` (n_coordinates,) [rad] is added. As
    `predict` does it: the EMG is delayed, limited and bent, and then read at its lags.
    """

    def __init__(self, network, scaling, constant, weight, trained, lags, share_lags, delay, gain, limit, offset):
        super().__init__(network, scaling, weight, trained, offset)
        inner, further = int(np.ceil(lags.max() - 1e-9)) + 1, int(np.ceil(abs(delay) - 1e-9))
        # An EMG that now comes later than in training is read ahead, which only a later answer can do.
        self.latency = further if delay < 0 else 0
        self.n_samples, self.limit = inner + further, float(limit)
        delayed = np.arange(inner) + (further - self.latency) - delay
        self.register_buffer("delayed", _reading(delayed, self.n_samples))
        self.register_buffer("lagged", _reading(inner - 1 - lags, inner))
        self.register_buffer("shared", _reading(inner - 1 - share_lags, inner) if len(share_lags) else None)
        self.register_buffer("gain", _float(gain))
        self.register_buffer("used", _float(~constant))

    def forward(self, emg, external=None):
        """The angles."""
        emg = torch.clamp_max(torch.matmul(self.delayed, emg * self.gain), self.limit)
        bent = torch.sign(emg) * torch.sqrt(torch.abs(emg))
        features = torch.matmul(self.lagged, bent).flatten(1)
        if self.shared is not None:
            total = torch.sqrt(torch.square(bent).sum(dim=2, keepdim=True)) + NO_EMG
            shares = torch.cat([bent / total, torch.log(total)], dim=2)
            features = torch.cat([features, torch.matmul(self.shared, shares).flatten(1)], dim=1)
        features = features if external is None else torch.cat([features, external], dim=1)
        # What never changed in training stands at its mean.
        return self.angle(features * self.used + self.mean * (1.0 - self.used))


def _reading(positions, n_samples):
    """Matrix (n_positions, n_samples) that reads a signal between its samples; beyond its ends it is held."""
    identity = np.eye(n_samples)
    columns = [np.interp(positions, np.arange(n_samples), row) for row in identity]
    return _float(np.stack(columns, axis=1))


def _float(values):
    return torch.as_tensor(np.array(values, dtype=np.float32))
