"""Bounds and priors of the free parameters: the unconstrained vector that optimisers move.

A free value is lower + (upper - lower) sigmoid(raw), so that every raw vector is physiological; the prior is Gaussian in
the value or its logarithm, as the table of parameters says.
"""

import numpy as np
import torch


class FreeParameters:
    """The free rows of a table as a vector without bounds.

    Parameters
    ----------
    table : ParameterTable
        Its current values are where an optimisation starts; its initial values are the centre of the prior.
    """

    def __init__(self, table):
        self.table = table
        self.index = torch.as_tensor(table.free_index)
        rows = [table.rows[i] for i in table.free_index]
        column = lambda name: torch.tensor([getattr(row, name) for row in rows], dtype=torch.float64)  # noqa: E731
        self.lower, self.upper = column("lower"), column("upper")
        self.initial, self.prior_scale = column("initial"), column("prior_scale")
        self.is_log = torch.tensor([row.transformation == "log" for row in rows], dtype=torch.bool)
        self.base = torch.as_tensor(table.value)

    def __len__(self):
        return len(self.index)

    def raw(self, values=None):
        """Unconstrained vector (n_free,) of given values (n_free,), default: the table's current ones."""
        values = self.base[self.index] if values is None else torch.as_tensor(values, dtype=torch.float64)
        fraction = (values - self.lower) / (self.upper - self.lower)
        # A value on its bound would be infinitely far away; one part in 10^4 inside it can still be moved.
        return torch.logit(fraction.clamp(1e-4, 1 - 1e-4))

    def free_values(self, raw):
        """Values (n_free,) in SI units of an unconstrained vector (n_free,)."""
        return self.lower + (self.upper - self.lower) * torch.sigmoid(raw)

    def values(self, raw):
        """All values of the table (n_parameters,) with the free ones taken from `raw`."""
        return self.base.index_put((self.index,), self.free_values(raw))

    def derivative(self, raw):
        """d(value)/d(raw), (n_free,)."""
        s = torch.sigmoid(raw)
        return (self.upper - self.lower) * s * (1.0 - s)

    def _transformed(self, values):
        return torch.where(self.is_log, torch.log(torch.where(self.is_log, values, 1.0)), values)

    def prior_residual(self, raw):
        """Deviation from the prior's centre in prior standard deviations, (n_free,)."""
        deviation = self._transformed(self.free_values(raw)) - self._transformed(self.initial)
        return deviation / self.prior_scale

    def prior_derivative(self, raw):
        """d(prior_residual)/d(raw), (n_free,)."""
        values = self.free_values(raw)
        slope = torch.where(self.is_log, 1.0 / values, torch.ones_like(values)) / self.prior_scale
        return slope * self.derivative(raw)

    def prior_std(self):
        """Standard deviation of the prior in the parameter's own unit, at its centre; ndarray (n_free,)."""
        scale = torch.where(self.is_log, self.prior_scale * self.initial.abs(), self.prior_scale)
        return np.asarray(scale)
