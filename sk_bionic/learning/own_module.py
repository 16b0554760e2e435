"""A user's torch module in the network's place: sequences in, angles out."""

import inspect
from copy import deepcopy
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from .networks import HistoryNetwork


class Columns(NamedTuple):
    """Which features make a sequence: `emg` (n_steps, n_channels), the oldest step first, and `other` (n_other,), which
    stand beside every step.
    """

    emg: np.ndarray
    other: np.ndarray


@dataclass(frozen=True)
class OwnModule:
    """What the user gave: a class, instance or other callable that makes one, and its arguments ``module__...``."""

    module: object
    arguments: dict = field(default_factory=dict)

    @property
    def name(self):
        """Of the class, with its module."""
        made = self.module if isinstance(self.module, type) else type(self.module)
        return f"{made.__module__}.{made.__qualname__}"

    def make(self, **sizes):
        """A new module; a class gets those of the `sizes` that its signature names.

        Raises
        ------
        ValueError
            When it cannot be made, or is no torch module.
        """
        if isinstance(self.module, nn.Module):
            if self.arguments:
                raise ValueError(
                    f"`module` is an instance of {self.name}, which takes no arguments any more: pass its class to use "
                    f"{', '.join(f'module__{name}' for name in self.arguments)}."
                )
            return deepcopy(self.module)
        named = _parameters(self.module)
        offered = {name: size for name, size in sizes.items() if name in named}
        try:
            made = self.module(**{**offered, **self.arguments})
        except TypeError as error:
            raise ValueError(f"`module` {self.name} cannot be made of {sorted(self.arguments)}: {error}.") from error
        if not isinstance(made, nn.Module):
            raise ValueError(f"`module` must make a torch.nn.Module. Got {type(made).__name__}.")
        return made


class ModuleNetworks(nn.Module):
    """A user's modules side by side, with the outputs and the methods of `HistoryNetwork`.

    Each module sees sequences (n_frames, n_steps, n_inputs), the latest step last, and says the angle of each frame:
    (n_frames, n_outputs), or (n_frames, n_steps, n_outputs), of which the last step counts. It has the coordinates'
    outputs, or those of the coordinates and the muscles' forces. Where forces are asked for and it says none, small
    perceptrons beside it do.

    Parameters
    ----------
    own : OwnModule
    columns : Columns
    n_coordinates, n_muscles : int
    hidden_layer_sizes : sequence of int
        Of the perceptrons of the forces.
    input_noise : float
        As of `HistoryNetwork`.
    source : array of int (n_networks,)
        Which version of the features each network is fed with, in ascending order.
    seed : int
    force : HistoryNetwork, optional
        The perceptrons of the forces, where they are trained already.
    """

    def __init__(
        self, own, columns, n_coordinates, n_muscles, hidden_layer_sizes, *, input_noise=0.0, source=(0,), seed=0,
        force=None,
    ):  # fmt: skip
        super().__init__()
        self.own, self.input_noise, self.n_coordinates, self.n_muscles = own, input_noise, n_coordinates, n_muscles
        self._generator = torch.Generator().manual_seed(seed)
        n_steps, n_channels = columns.emg.shape
        sizes = {
            "n_inputs": n_channels + len(columns.other), "n_steps": n_steps, "n_outputs": n_coordinates,
            "n_muscles": n_muscles,
        }  # fmt: skip
        for name, value in (("emg_columns", columns.emg), ("other_columns", columns.other), ("source", source)):
            self.register_buffer(name, torch.as_tensor(np.asarray(value, dtype=np.int64)))
        made = []
        for i in range(len(self.source)):
            with torch.random.fork_rng(devices=[]):  # modules draw their weights of torch's own generator
                torch.manual_seed(seed + i)
                made.append(own.make(**sizes))
        self.networks = nn.ModuleList(made)
        self.says_forces = self._n_outputs(sizes, n_muscles) > n_coordinates
        self.force = force
        if n_muscles and not self.says_forces and force is None:
            n_features = n_steps * n_channels + len(columns.other)
            seen = torch.ones(len(self.source), n_features)
            self.force = HistoryNetwork(
                n_features, n_muscles, 0, hidden_layer_sizes, 0.0, seen, self.source, self._generator
            )

    def _n_outputs(self, sizes, n_muscles):
        """Outputs of a module, found by a trial on zeros."""
        module, shape = self.networks[0], (2, sizes["n_steps"], sizes["n_inputs"])
        training, like = module.training, next(module.parameters(), torch.zeros(1))
        module.eval()
        try:
            with torch.no_grad():
                out = _last_step(module(torch.zeros(shape, dtype=like.dtype, device=like.device)))
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
            raise ValueError(
                f"`module` {self.own.name} does not take sequences of the shape (n_frames, n_steps, n_inputs), here "
                f"{shape}: {error}. Its class is given `n_inputs`, `n_steps`, `n_outputs` and `n_muscles` where its "
                "signature names them; other arguments are module__..."
            ) from error
        module.train(training)
        allowed = {self.n_coordinates, self.n_coordinates + n_muscles}
        if out.ndim != 2 or len(out) != 2 or out.shape[1] not in allowed:
            raise ValueError(
                f"`module` {self.own.name} must give (n_frames, n_outputs) or (n_frames, n_steps, n_outputs) with "
                f"{' or '.join(map(str, sorted(allowed)))} outputs. Got {tuple(out.shape)} for {shape}."
            )
        return out.shape[1]

    def forward(self, features):
        """As `HistoryNetwork.forward`."""
        features = self._of_own_type(features if features.ndim == 3 else features[None])
        if not (self.training and self.input_noise):
            parts = [self.of_version(x, version) for version, x in enumerate(features)]
            angle, force = (torch.cat(both) for both in zip(*parts, strict=True))
            return angle, force, _as_faults(angle)
        noise = torch.randn(*features.shape[1:], dtype=features.dtype, generator=self._generator).to(features.device)
        noisy = features + self.input_noise * noise
        learnt = torch.cat([self._angles(x, k)[0] for k, x in enumerate(noisy)])
        return *self.of_version(features[0], 0), _as_faults(learnt)

    @property
    def shown(self):
        """A user's module where a single one was trained, else all of them."""
        return self.networks[0] if len(self.networks) == 1 else self

    def of_version(self, features, version):
        """As `HistoryNetwork.of_version`."""
        features = self._of_own_type(features)
        angle, force = self._angles(features, version)
        if self.force is not None:
            flat = torch.cat([features[:, self.emg_columns.reshape(-1)], features[:, self.other_columns]], dim=1)
            force = self.force.of_version(flat, version)[0]
        return angle, nn.functional.softplus(force).double()

    def only(self, version):
        """As `HistoryNetwork.only`."""
        other = self.chosen((self.source == version).tolist())
        other.force = None if self.force is None else self.force.only(version)
        return other

    def chosen(self, kept):
        """A copy with some of the modules (n_networks,) of bool, of one version, and without forces of their own."""
        other = deepcopy(self)
        other.networks = nn.ModuleList(module for module, keep in zip(other.networks, kept, strict=True) if keep)
        other.source = torch.zeros(len(other.networks), dtype=torch.int64, device=self.source.device)
        other.force = None
        return other

    def angles(self, features):
        """Standardised angles (n_networks, n_frames, n_coordinates) of all modules, in their own precision."""
        sequences = self._sequences(features)
        return torch.stack([_last_step(module(sequences))[:, : self.n_coordinates] for module in self.networks])

    def start_from(self, other):
        """As `HistoryNetwork.start_from`."""
        for module, start in zip(self.networks, other.networks, strict=False):
            module.load_state_dict(start.state_dict())
        if self.force is not None:
            self.force.start_from(other.force)

    def _of_own_type(self, features):
        return features.to(next((p for p in self.parameters() if p.is_floating_point()), torch.zeros(1)))

    def _sequences(self, features):
        """(n_frames, n_features) -> (n_frames, n_steps, n_inputs), the latest step last."""
        steps = features[:, self.emg_columns]
        other = features[:, None, self.other_columns].expand(-1, steps.shape[1], -1)
        return torch.cat([steps, other], dim=2)

    def _angles(self, features, version):
        """Angles (n_networks, n_frames, n_coordinates), and what else the modules of a version say."""
        sequences = self._sequences(features)
        own = [module for module, k in zip(self.networks, self.source.tolist(), strict=True) if k == version]
        out = torch.stack([_last_step(module(sequences)) for module in own]) if own else sequences.new_zeros(0)
        return out[..., : self.n_coordinates].double(), out[..., self.n_coordinates :]

    def __getstate__(self):
        return {**vars(self), "_generator": None}  # a generator can be neither copied nor pickled


def _parameters(made_by):
    """Names of what something that makes modules takes; none where it does not tell."""
    try:
        return inspect.signature(made_by).parameters
    except ValueError:
        return ()


def _as_faults(angle):
    """Angles whose NaN are infinite: to the loss NaN means that a frame is not asked for, and here each one is."""
    return torch.where(angle.isnan(), torch.inf, angle)


def _last_step(out):
    """What a module says of each frame, of a sequence its latest step."""
    out = out[0] if isinstance(out, tuple | list) else out
    return out[:, -1] if out.ndim == 3 else out
