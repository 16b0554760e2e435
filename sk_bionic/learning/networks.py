"""Networks from EMG history to angles and forces, several side by side."""

from copy import deepcopy
from itertools import pairwise

import numpy as np
import torch
from torch import nn

FEWEST_IN_TURN = 20  # frames of a version that a step learns from where frames take turns, as long as it has so many


class _Linear(nn.Module):
    """One linear layer for each of several networks that are trained side by side.

    Small networks are bound by the number of calls, not by arithmetic: a dozen cost little more than one.
    """

    def __init__(self, n_networks, n_inputs, n_outputs, generator, seen=None):
        super().__init__()
        # PyTorch's own scale for a linear layer, by the number of inputs that the network sees.
        fan_in = torch.full((n_networks, 1, 1), float(n_inputs)) if seen is None else seen.sum(1).reshape(-1, 1, 1)
        bound = fan_in.clamp(min=1.0).rsqrt()
        uniform = lambda *shape: 2 * torch.rand(*shape, generator=generator) - 1
        self.weight = nn.Parameter(bound * uniform(n_networks, n_inputs, n_outputs))
        self.bias = nn.Parameter(bound * uniform(n_networks, 1, n_outputs))

    def forward(self, x, networks=slice(None)):
        """(n_networks, n_frames, n_inputs) -> (n_networks, n_frames, n_outputs), of some of the networks."""
        return torch.baddbmm(self.bias[networks], x, self.weight[networks])


class _Layer(torch.autograd.Function):
    """tanh(weight' x + bias) of (n_networks, n_inputs, n_frames), in one piece of memory.

    Frames stand last, so that the products are of long rows. tanh is the logistic function's, which torch has in a
    tenth of the time; the same to 2e-7 in single precision.
    """

    @staticmethod
    def forward(ctx, x, weight, bias):
        """(n_networks, n_outputs, n_frames)."""
        y = torch.bmm(weight.transpose(1, 2), x).add_(bias.transpose(1, 2)).mul_(2.0).sigmoid_().mul_(2.0).sub_(1.0)
        ctx.save_for_backward(x, weight, y)
        return y

    @staticmethod
    def backward(ctx, gradient):
        """Gradients by x, weight and bias."""
        x, weight, y = ctx.saved_tensors
        inner = torch.mul(y, y).neg_().add_(1.0).mul_(gradient)
        by_x = torch.bmm(weight, inner) if ctx.needs_input_grad[0] else None
        return by_x, torch.bmm(x, inner.transpose(1, 2)), inner.sum(dim=2)[:, None]


class HistoryNetwork(nn.Module):
    """Multilayer perceptrons from features to joint angles and muscle forces, several side by side.

    Parameters
    ----------
    n_features, n_coordinates, n_muscles : int
        `n_muscles` may be 0: then there are no forces.
    hidden_layer_sizes : sequence of int
    input_noise : float
        Standard deviation of the noise on the standardised inputs of the data term while training.
    noise_levels : array (n_networks,), optional
        Noise of each network, in units of `input_noise`. Default: 1.
    seen : array of bool (n_networks, n_features), optional
        Features that each network sees. Default: one network that sees all.
    source : array of int (n_networks,), optional
        Which version of the features each network is fed with, in ascending order. Default: the only one.
    generator : torch.Generator, optional
        Of the initial weights and of the noise; copies of the network do not have it. Default: one whose seed is always
        the same.

    Notes
    -----
    tanh between layers: the residual needs a second derivative of the output in time, which ReLU does not have. The
    forces are in units of the muscles' maximal forces and never negative.
    """

    def __init__(
        self, n_features, n_coordinates, n_muscles, hidden_layer_sizes, input_noise=0.0, seen=None, source=None,
        generator=None, noise_levels=None,
    ):  # fmt: skip
        super().__init__()
        self._generator = torch.Generator() if generator is None else generator
        self.frames = None  # for each version those that it learns from while training (None: all)
        self.turns, self._step = 1, 0  # steps after which each of those frames has been learnt from
        self.input_noise = input_noise
        seen = torch.ones(1, n_features) if seen is None else torch.as_tensor(np.asarray(seen), dtype=torch.float32)
        n_networks = len(seen)
        source = np.zeros(n_networks, int) if source is None else source
        levels = np.ones(n_networks) if noise_levels is None else np.asarray(noise_levels, dtype=np.float64)
        self._noise_levels = torch.as_tensor(input_noise * levels)[:, None, None]
        if (np.diff(source) < 0).any():
            raise ValueError(f"`source` must ascend: networks of one version stand side by side. Got {list(source)}.")
        self.register_buffer("seen", seen[:, None, :])
        self.register_buffer("source", torch.as_tensor(np.asarray(source), dtype=torch.int64))
        sizes = [n_features, *hidden_layer_sizes]
        layers = []
        for i, (a, b) in enumerate(pairwise(sizes)):
            layers += [_Linear(n_networks, a, b, self._generator, seen if i == 0 else None), nn.Tanh()]
        self.body = nn.Sequential(*layers)
        self.angle = _Linear(n_networks, sizes[-1], n_coordinates, self._generator)
        self.force = _Linear(n_networks, sizes[-1], n_muscles, self._generator) if n_muscles else None

    def forward(self, features):
        """Outputs of every network.

        Parameters
        ----------
        features : Tensor (n_frames, n_features) or (n_sources, n_frames, n_features)

        Returns
        -------
        angle : Tensor (n_networks, n_frames, n_coordinates)
            Standardised angles; while training on noisy inputs, of the networks of the first version alone, which are
            the only ones that anything asks for.
        force : Tensor (n_networks, n_frames, n_muscles)
            Normalised forces of the same networks.
        noisy : Tensor (n_networks, n_frames, n_coordinates)
            The angles of noisy inputs, for the data term. Noise is kept away from the angles that the equation of
            motion sees: their derivatives in time must be those of a smooth trajectory. NaN in frames that are not
            learnt from in this step.
        """
        features = (features if features.ndim == 3 else features[None]).to(self.seen)
        if not (self.training and self.input_noise):
            parts = [self.of_version(x, version) for version, x in enumerate(features)]
            angle, force = (torch.cat(part) for part in zip(*parts, strict=True))
            return angle, force, angle
        # One draw for all networks: what differs between them is where they start and what they see.
        noise = torch.randn(*features.shape[1:], dtype=features.dtype, generator=self._generator).to(features.device)
        return *self.of_version(features[0], 0), self._noisy(features, noise)

    @property
    def shown(self):
        """The networks as a user sees them."""
        return self

    def of_version(self, features, version):
        """Angles and forces, as `forward` returns them, of the networks that one version of the features feeds.

        Parameters
        ----------
        features : Tensor (n_frames, n_features)
        version : int
        """
        networks = self._networks_of(version)
        return self._with_forces(self._hidden(features.to(self.seen), networks), networks)

    def only(self, version):
        """The networks that one version of the features feeds, and no others; they are of the only version there is.

        Parameters
        ----------
        version : int

        Returns
        -------
        HistoryNetwork
            A copy.
        """
        networks, other = self._networks_of(version), deepcopy(self)
        for module in other.modules():
            for name, parameter in list(module.named_parameters(recurse=False)):
                setattr(module, name, nn.Parameter(parameter.detach()[networks].clone()))
        other._noise_levels = self._noise_levels[networks]
        other.seen, other.source = self.seen[networks].clone(), torch.zeros_like(self.source[networks])
        return other

    def start_from(self, other):
        """Take the weights of another fit's networks over for those of the first version, in place; the others, which
        only serve to be held out, start anew.
        """
        state = self.state_dict()
        for name, tensor in other.state_dict().items():
            if name != "source":
                state[name][: len(tensor)] = tensor
        self.load_state_dict(state)

    def _networks_of(self, version):
        """Slice of the networks that a version of the features feeds: they stand side by side."""
        first, last = torch.searchsorted(self.source, torch.tensor([version, version + 1], device=self.source.device))
        return slice(int(first), int(last))

    def _hidden(self, features, networks):
        """Last hidden layer (n_networks, n_frames, width) of networks that read the same features."""
        seen, parameters = self.seen[networks], [parameter[networks] for parameter in self.body.parameters()]
        if not parameters:
            return features * seen
        weight, bias, *others = parameters
        # One product instead of one a network.
        one = lambda x: x.transpose(0, 1).reshape(1, x.shape[1], -1)
        hidden = _Layer.apply(features.T[None], one(weight * seen.transpose(1, 2)), one(bias))
        return _deeper(hidden.reshape(len(seen), weight.shape[2], -1), others)

    def _noisy(self, features, noise):
        """Angles (n_networks, n_frames, n_coordinates) of the networks of all versions, to whose features (n_sources,
        n_frames, n_features) each adds as much of the `noise` (n_frames, n_features) as it is given; NaN in frames that
        they do not learn from, or not in this step.
        """
        sizes = torch.bincount(self.source, minlength=len(features)).tolist()
        # Every network reads numbers of its own: no more of them than it sees.
        seen, columns = self.seen[:, 0].sort(dim=1, descending=True, stable=True)
        n_seen = int(self.seen.sum(dim=2).max())
        layers = [*self.body.parameters(), self.angle.weight, self.angle.bias]
        parts = seen[:, :n_seen, None], columns[:, :n_seen], self._noise_levels.to(features), *layers
        noise, out = noise.T.contiguous(), []
        frames = [self._in_turn(rows) for rows in self.frames or [slice(None)] * len(features)]
        self._step += 1
        groups = zip(features, frames, *(part.split(sizes) for part in parts), strict=True)
        for x, rows, seen, columns, level, first, *others in groups:
            hidden = torch.addcmul(x[rows].T.contiguous()[columns], level, noise[:, rows][columns])
            first = first.gather(1, columns[:, :, None].expand(-1, -1, first.shape[2])) * seen
            *body, weight, bias = first, *others
            angle = torch.baddbmm(bias, _deeper(hidden, body), weight)
            whole = angle.new_full((len(angle), len(x), angle.shape[2]), torch.nan)
            out.append(angle if isinstance(rows, slice) else whole.index_copy(1, rows, angle))
        return torch.cat(out).double()

    def _in_turn(self, rows):
        """Those of a version's frames that this step learns from: neighbours say much the same."""
        if isinstance(rows, slice) or len(rows) < self.turns * FEWEST_IN_TURN:
            return rows
        return rows[self._step % self.turns :: self.turns]

    def _with_forces(self, hidden, networks):
        empty = self.force is None
        forces = hidden.new_zeros(*hidden.shape[:2], 0) if empty else self.force(hidden, networks)
        return self.angle(hidden, networks).double(), nn.functional.softplus(forces).double()

    def __getstate__(self):
        return {**vars(self), "_generator": None, "frames": None}  # a generator can be neither copied nor pickled


def _deeper(hidden, parameters):
    """Last hidden layer (n_networks, n_frames, width) from the first (n_networks, width, n_frames)."""
    for weight, bias in zip(parameters[::2], parameters[1::2], strict=True):
        hidden = _Layer.apply(hidden, weight, bias)
    return hidden.transpose(1, 2)
