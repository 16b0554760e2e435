"""What the two networks share: training on all frames at once, reproducibly, and averaging."""

import numpy as np
import torch
from torch import nn


class InputNoise(nn.Module):
    """Adds white noise of a given standard deviation while the network is trained."""

    def __init__(self, std):
        super().__init__()
        self.std = std

    def forward(self, x):
        return x + self.std * torch.randn_like(x) if self.training and self.std else x


def train_networks(build, inputs, targets, *, n_networks, max_epochs, lr, alpha, random_state):
    """Train networks of different initial weights on all frames at once.

    AdamW under a one-cycle schedule (warm-up, then cosine decay of the learning rate to zero): as
    good after a few hundred steps as a constant rate after thousands.

    Parameters
    ----------
    build : callable
        Returns a new module.
    inputs, targets : ndarray, rows first
        Standardised; targets are NaN where unknown.
    n_networks, max_epochs : int
    lr : float
        The highest learning rate of the cycle.
    alpha : float
        Weight decay.
    random_state : RandomState

    Returns
    -------
    list of torch.nn.Module
        In evaluation mode.
    """
    inputs, targets = (torch.tensor(a, dtype=torch.float32) for a in (inputs, targets))
    modules = []
    for seed in random_state.randint(2**31 - 1, size=n_networks):
        # Neither reads nor advances the global generator of the user's program.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(seed))
            modules.append(_train(build(), inputs, targets, max_epochs, lr, alpha))
    return modules


def _train(module, inputs, targets, max_epochs, lr, alpha):
    known = torch.isfinite(targets)
    optimizer = torch.optim.AdamW(module.parameters(), lr=lr, weight_decay=alpha)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=lr, total_steps=max_epochs)
    module.train()
    for _ in range(max_epochs):
        optimizer.zero_grad()
        torch.square(module(inputs)[known] - targets[known]).mean().backward()
        optimizer.step()
        schedule.step()
    return module.eval()


def mean_output(modules, inputs):
    """Mean prediction of several networks, ndarray of float64."""
    inputs = torch.tensor(inputs, dtype=torch.float32)
    with torch.no_grad():
        return np.mean([module(inputs).double().numpy() for module in modules], axis=0)


def target_scale(y):
    """Mean and standard deviation of the known targets, each (n_outputs,); 1 where constant."""
    center, scale = np.nanmean(y, axis=0), np.nanstd(y, axis=0)
    return center, np.where(scale > 0, scale, 1.0)
