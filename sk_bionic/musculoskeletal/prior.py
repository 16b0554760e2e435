"""Bounds and priors of the free parameters: the unconstrained vector that optimisers move.

A free value is lower + (upper - lower) sigmoid(raw), so that every raw vector is physiological; the prior is Gaussian
in the value or its logarithm, as the table of parameters says. Rows of one group share one raw coordinate.
"""

import numpy as np
from scipy.special import expit, logit


class FreeParameters:
    """The free rows of a table as a vector without bounds.

    Parameters
    ----------
    table : ParameterTable
        Its current values are where an optimisation starts; its initial values are the centre of the prior.
    index : ndarray (n_free,) of int, optional
        Rows that are free instead of the table's own, none of them grouped.

    Attributes
    ----------
    index : ndarray (n_free,) of int
        Free rows of the table.
    coordinate : ndarray (n_free,) of int
        Raw coordinate that moves each free row; as many coordinates as free rows unless rows are grouped.
    """

    def __init__(self, table, index=None):
        self.table = table
        self.index = table.free_index if index is None else np.asarray(index, dtype=np.int64)
        rows = [table.rows[i] for i in self.index.tolist()]
        column = lambda name: np.array([getattr(row, name) for row in rows], dtype=np.float64)
        self.lower, self.upper = column("lower"), column("upper")
        self.initial, self.prior_scale = column("initial"), column("prior_scale")
        self.is_log = np.array([row.transformation == "log" for row in rows], dtype=bool)
        self.base = table.value
        keys = [index is None and row.group or (row.owner, row.name) for row in rows]
        position = {key: i for i, key in enumerate(dict.fromkeys(keys))}
        self.coordinate = np.array([position[key] for key in keys], dtype=np.int64)
        self.n_raw = len(position)
        self.of_raw = np.eye(self.n_raw)[self.coordinate]  # (n_free, n_raw): which rows share a number
        # The prior of a group counts once, however many rows share it.
        self.share = 1.0 / np.sqrt(np.bincount(self.coordinate, minlength=self.n_raw)[self.coordinate])

    def __len__(self):
        return len(self.index)

    def raw(self, values=None):
        """Unconstrained vector (n_raw,) of given values (n_free,), default.

        The table's current ones; groups take the mean.
        """
        values = self.base[self.index] if values is None else np.asarray(values, dtype=np.float64)
        fraction = (values - self.lower) / (self.upper - self.lower)
        # A value on its bound would be infinitely far away; one part in 10^4 inside it can still be moved.
        by_row = logit(np.clip(fraction, 1e-4, 1 - 1e-4))
        # numpy counts nothing in integers
        return np.bincount(self.coordinate, by_row * self.share**2, minlength=self.n_raw).astype(np.float64)

    def free_values(self, raw):
        """Values (n_free,) in SI units of an unconstrained vector (n_raw,)."""
        return self.lower + (self.upper - self.lower) * expit(raw[self.coordinate])

    def values(self, raw):
        """All values of the table (n_parameters,) with the free ones taken from `raw`."""
        out = self.base.copy()
        out[self.index] = self.free_values(raw)
        return out

    def derivative(self, raw):
        """d(value)/d(raw), ndarray (n_free, n_raw)."""
        s = expit(raw[self.coordinate])
        return ((self.upper - self.lower) * s * (1.0 - s))[:, None] * self.of_raw

    def by_raw(self, by_value, raw):
        """Derivatives (..., n_raw) by the unconstrained vector of what has derivatives (..., n_free) by the values."""
        s = expit(raw[self.coordinate])
        by_row = by_value * ((self.upper - self.lower) * s * (1.0 - s))
        return by_row if self.n_raw == len(self.index) else by_row @ self.of_raw

    def _transformed(self, values):
        return np.where(self.is_log, np.log(np.where(self.is_log, values, 1.0)), values)

    def prior_residual(self, raw):
        """Deviation from the prior's centre in prior standard deviations, ndarray (n_free,)."""
        deviation = self._transformed(self.free_values(raw)) - self._transformed(self.initial)
        return deviation / self.prior_scale * self.share

    def prior_derivative(self, raw):
        """d(prior_residual)/d(raw), ndarray (n_free, n_raw)."""
        values = self.free_values(raw)
        slope = np.where(self.is_log, 1.0 / np.where(self.is_log, values, 1.0), 1.0) / self.prior_scale * self.share
        return slope[:, None] * self.derivative(raw)

    def narrowing(self, covariance):
        """Standard deviations (n_free,) of a covariance of the values (n_free, n_free) over those of the prior, both
        on the prior's scale (logarithms where it is one of the logarithm).
        """
        values = self.base[self.index]
        unit = self.prior_scale * np.where(self.is_log, np.abs(values), 1.0)
        return np.sqrt(np.diag(covariance)) / unit

    def prior_std(self):
        """Standard deviation of the prior in the parameter's own unit, at its centre; ndarray (n_free,)."""
        return np.where(self.is_log, self.prior_scale * np.abs(self.initial), self.prior_scale)


def fixed_parameters(table, names=None):
    """The rows of a table that are not free, of all or some names of parameters, as `FreeParameters`."""
    fixed = [i for i, row in enumerate(table.rows) if not row.free and (names is None or row.name in names)]
    return FreeParameters(table, fixed)
