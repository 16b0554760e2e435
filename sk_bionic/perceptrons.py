"""Networks from EMG history to angles and forces, several side by side."""

from itertools import pairwise

import numpy as np
import torch
from torch import nn


class _Linear(nn.Module):
    """One linear layer for each of several networks that are trained side by side.

    Small networks are bound by the number of calls, not by arithmetic: a dozen cost little more than one.
    """

    def __init__(self, n_networks, n_inputs, n_outputs, seen=None):
        super().__init__()
        # PyTorch's own scale for a linear layer, by the number of inputs that the network sees.
        fan_in = torch.full((n_networks, 1, 1), float(n_inputs)) if seen is None else seen.sum(1).reshape(-1, 1, 1)
        bound = fan_in.clamp(min=1.0).rsqrt()
        self.weight = nn.Parameter(bound * (2 * torch.rand(n_networks, n_inputs, n_outputs) - 1))
        self.bias = nn.Parameter(bound * (2 * torch.rand(n_networks, 1, n_outputs) - 1))

    def forward(self, x):
        """(n_networks, n_frames, n_inputs) -> (n_networks, n_frames, n_outputs)."""
        return torch.baddbmm(self.bias, x, self.weight)


class HistoryNetwork(nn.Module):
    """Multilayer perceptrons from features to joint angles and muscle forces, several side by side.

    Parameters
    ----------
    n_features, n_coordinates, n_muscles : int
        `n_muscles` may be 0: then there are no forces.
    hidden_layer_sizes : sequence of int
    input_noise : float
        Standard deviation of the noise on the standardised inputs of the data term while training.
    seen : array of bool (n_networks, n_features), optional
        Features that each network sees. Default: one network that sees all.
    source : array of int (n_networks,), optional
        Which version of the features each network is fed with. Default: the only one.

    Notes
    -----
    tanh between layers: the residual needs a second derivative of the output in time, which ReLU does not have. The
    forces are in units of the muscles' maximal forces and never negative.
    """

    def __init__(
        self, n_features, n_coordinates, n_muscles, hidden_layer_sizes, input_noise=0.0, seen=None, source=None
    ):
        super().__init__()
        self.input_noise = input_noise
        seen = torch.ones(1, n_features) if seen is None else torch.as_tensor(np.asarray(seen), dtype=torch.float32)
        n_networks = len(seen)
        source = np.zeros(n_networks, int) if source is None else source
        self.register_buffer("seen", seen[:, None, :])
        self.register_buffer("source", torch.as_tensor(np.asarray(source), dtype=torch.int64))
        sizes = [n_features, *hidden_layer_sizes]
        layers = []
        for i, (a, b) in enumerate(pairwise(sizes)):
            layers += [_Linear(n_networks, a, b, seen if i == 0 else None), nn.Tanh()]
        self.body = nn.Sequential(*layers)
        self.angle = _Linear(n_networks, sizes[-1], n_coordinates)
        self.force = _Linear(n_networks, sizes[-1], n_muscles) if n_muscles else None

    def forward(self, features):
        """Outputs of every network.

        Parameters
        ----------
        features : Tensor (n_frames, n_features) or (n_sources, n_frames, n_features)

        Returns
        -------
        angle : Tensor (n_networks, n_frames, n_coordinates)
            Standardised angles.
        force : Tensor (n_networks, n_frames, n_muscles)
            Normalised forces.
        noisy : Tensor (n_networks, n_frames, n_coordinates)
            The angles of noisy inputs, for the data term. Noise is kept away from the angles that the equation of
            motion sees: their derivatives in time must be those of a smooth trajectory.
        """
        features = features if features.ndim == 3 else features[None]
        x = features.to(self.seen)[self.source] * self.seen
        if not (self.training and self.input_noise):
            angle, force = self._outputs(x)
            return angle, force, angle
        # One draw for all networks: what differs between them is where they start and what they see.
        noise = self.input_noise * torch.randn(*x.shape[1:], dtype=x.dtype, device=x.device)
        noisy = self.angle(self.body(x + noise * self.seen))
        return *self._outputs(x), noisy.double()

    def _outputs(self, x):
        hidden = self.body(x)
        forces = hidden.new_zeros(*hidden.shape[:2], 0) if self.force is None else self.force(hidden)
        return self.angle(hidden).double(), nn.functional.softplus(forces).double()
