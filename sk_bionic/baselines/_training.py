"""What the two networks share: training on all frames at once, reproducibly, and averaging."""

import math

import numpy as np
import torch
from torch import nn

from sk_bionic._inputs import LARGEST_SEED, own_random_state


def train_networks(build, inputs, targets, settings):
    """Train networks of different initial weights on all frames at once.

    AdamW under a one-cycle schedule (warm-up, then cosine decay of the learning rate to zero): as
    good after a few hundred steps as a constant rate after thousands.

    Parameters
    ----------
    build : callable
        Returns a new module.
    inputs, targets : ndarray, rows first
        Standardised; targets are NaN where unknown.
    settings : GRURegressor or NoisyMLPRegressor
        Whose parameters `n_networks`, `max_epochs`, `lr` (the highest of the cycle), `alpha` (weight decay),
        `input_noise` and `random_state` hold.

    Returns
    -------
    list of torch.nn.Module
        In evaluation mode.
    """
    inputs, targets = (torch.tensor(a, dtype=torch.float32) for a in (inputs, targets))
    seeds = own_random_state(settings.random_state).randint(LARGEST_SEED, size=settings.n_networks)
    return [_train(build, inputs, targets, settings, torch.Generator().manual_seed(int(seed))) for seed in seeds]


def _train(build, inputs, targets, settings, generator):
    module = _initialised(build, generator)
    known = torch.isfinite(targets)
    optimizer = torch.optim.AdamW(module.parameters(), lr=settings.lr, weight_decay=settings.alpha)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=settings.lr, total_steps=settings.max_epochs)
    module.train()
    for _ in range(settings.max_epochs):
        optimizer.zero_grad()
        noisy = inputs
        if settings.input_noise:
            noisy = inputs + settings.input_noise * torch.randn(inputs.shape, generator=generator)
        torch.square(module(noisy)[known] - targets[known]).mean().backward()
        optimizer.step()
        schedule.step()
    return module.eval()


def _initialised(build, generator):
    """A new module with weights as PyTorch draws them, but from `generator`: its own are of the global one."""
    with torch.device("meta"):  # without numbers, so none are drawn
        module = build()
    module.to_empty(device="cpu")
    for part in module.modules():
        fan_in = {nn.Linear: "in_features", nn.GRU: "hidden_size"}.get(type(part))
        if fan_in is not None:
            bound = 1.0 / math.sqrt(getattr(part, fan_in))
            for parameter in part.parameters():
                nn.init.uniform_(parameter, -bound, bound, generator=generator)
    return module


def mean_output(modules, inputs):
    """Mean prediction of several networks, ndarray of float64."""
    inputs = torch.tensor(inputs, dtype=torch.float32)
    with torch.no_grad():
        return np.mean([module(inputs).double().numpy() for module in modules], axis=0)


def target_scale(y):
    """Mean and standard deviation of the known targets, each (n_outputs,); 1 where constant."""
    center, scale = np.nanmean(y, axis=0), np.nanstd(y, axis=0)
    return center, np.where(scale > 0, scale, 1.0)
