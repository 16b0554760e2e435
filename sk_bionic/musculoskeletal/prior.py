"""Bounds and priors of the free parameters: the unconstrained vector that optimisers move.

A free value is lower + (upper - lower) sigmoid(raw), so that every raw vector is physiological; the prior is Gaussian
in the value or its logarithm, as the table of parameters says. Rows of one group share one raw coordinate.
"""

import numpy as np
import torch


class FreeParameters:
    """The free rows of a table as a vector without bounds.

    Parameters
    ----------
    table : ParameterTable
        Its current values are where an optimisation starts; its initial values are the centre of the prior.

    Attributes
    ----------
    index : Tensor (n_free,) of int
        Free rows of the table.
    coordinate : Tensor (n_free,) of int
        Raw coordinate that moves each free row; as many coordinates as free rows unless rows are grouped.
    """

    def __init__(self, table):
        self.table = table
        self.index = torch.as_tensor(table.free_index)
        rows = [table.rows[i] for i in table.free_index]
        column = lambda name: torch.tensor([getattr(row, name) for row in rows], dtype=torch.float64)
        self.lower, self.upper = column("lower"), column("upper")
        self.initial, self.prior_scale = column("initial"), column("prior_scale")
        self.is_log = torch.tensor([row.transformation == "log" for row in rows], dtype=torch.bool)
        self.base = torch.as_tensor(table.value)
        keys = [row.group or (row.owner, row.name) for row in rows]
        position = {key: i for i, key in enumerate(dict.fromkeys(keys))}
        self.coordinate = torch.tensor([position[key] for key in keys], dtype=torch.int64)
        self.n_raw = len(position)
        # The prior of a group counts once, however many rows share it.
        self.share = 1.0 / torch.bincount(self.coordinate, minlength=self.n_raw)[self.coordinate].double().sqrt()

    def __len__(self):
        return len(self.index)

    def raw(self, values=None):
        """Unconstrained vector (n_raw,) of given values (n_free,), default.

        The table's current ones; groups take the mean.
        """
        values = self.base[self.index] if values is None else torch.as_tensor(values, dtype=torch.float64)
        fraction = (values - self.lower) / (self.upper - self.lower)
        # A value on its bound would be infinitely far away; one part in 10^4 inside it can still be moved.
        by_row = torch.logit(fraction.clamp(1e-4, 1 - 1e-4))
        return torch.zeros(self.n_raw, dtype=torch.float64).index_add(0, self.coordinate, by_row * self.share**2)

    def free_values(self, raw):
        """Values (n_free,) in SI units of an unconstrained vector (n_raw,)."""
        return self.lower + (self.upper - self.lower) * torch.sigmoid(raw[self.coordinate])

    def values(self, raw):
        """All values of the table (n_parameters,) with the free ones taken from `raw`."""
        return self.base.index_put((self.index,), self.free_values(raw))

    def derivative(self, raw):
        """d(value)/d(raw), ndarray (n_free, n_raw)."""
        s = torch.sigmoid(raw[self.coordinate])
        return self._spread((self.upper - self.lower) * s * (1.0 - s))

    def _spread(self, by_row):
        out = np.zeros((len(self), self.n_raw))
        out[np.arange(len(self)), self.coordinate.numpy()] = by_row.numpy()
        return out

    def _transformed(self, values):
        return torch.where(self.is_log, torch.log(torch.where(self.is_log, values, 1.0)), values)

    def prior_residual(self, raw):
        """Deviation from the prior's centre in prior standard deviations, Tensor (n_free,)."""
        deviation = self._transformed(self.free_values(raw)) - self._transformed(self.initial)
        return deviation / self.prior_scale * self.share

    def prior_derivative(self, raw):
        """d(prior_residual)/d(raw), ndarray (n_free, n_raw)."""
        values = self.free_values(raw)
        slope = torch.where(self.is_log, 1.0 / values, torch.ones_like(values)) / self.prior_scale * self.share
        return slope.numpy()[:, None] * self.derivative(raw)

    def prior_std(self):
        """Standard deviation of the prior in the parameter's own unit, at its centre; ndarray (n_free,)."""
        return np.asarray(torch.where(self.is_log, self.prior_scale * self.initial.abs(), self.prior_scale))
