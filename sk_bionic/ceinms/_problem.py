"""The least-squares problem of a calibration's step: moments, penalties and priors over its unknowns."""

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from ..identification.posterior import effective_fraction
from ._free import coordinates_of, prior_covariance
from .compiled.muscle import FORCE, LENGTH
from .muscles import Muscles

DIFFERENCE = 1e-4  # prior standard deviations, of finite differences
MAX_ROUNDS, SETTLED = 6, 0.1  # of the noise, on a log scale
TOLERANCE = 1e-5
LEAST_ERROR = 0.1  # of a moment's size, that every model errs by
FINEST_MOMENT = 1e-3  # N m
LEAST_EXCITED = 0.02  # largest excitation of a muscle that a calibration can tell anything of


class Problem:
    """Least squares over the unknowns of one step, given each coordinate's noise and the share of independent
    frames."""

    def __init__(self, project, subject, step, lengths, keep_ranges):
        self.subject, self.step = subject, step
        generator = project.excitation_generator
        self.unknowns = coordinates_of(
            step, subject, generator, _excited(project), lengths=lengths, keep_ranges=keep_ranges
        )
        if not self.unknowns:
            raise ValueError(
                f"{project.calibration.path.name}: no parameter of the coordinates {step.coordinates} is free."
            )
        tendon = project.calibration.tendon
        self.trials = [Muscles(subject, trial, generator, tendon) for trial in project.trials]
        chosen = [subject.coordinate_names.index(name) for name in step.coordinates]
        self.arms = [muscles.arms[:, chosen] for muscles in self.trials]
        lengths_of = [len(muscles.arms) for muscles in self.trials]
        measured = np.concatenate([muscles.trial.moments.to_numpy()[:, chosen] for muscles in self.trials])
        self.measured = np.nan_to_num(measured)
        silent = [n for n, values in zip(step.coordinates, measured.T, strict=True) if not np.isfinite(values).any()]
        if silent:
            raise ValueError(f"{project.calibration.path.name}: no trial has external moments of {', '.join(silent)}.")
        self.known = np.isfinite(measured)
        self.size = np.sqrt(np.nanmean(measured**2, axis=0))
        ends = np.cumsum([0, *lengths_of])
        self.slices = [slice(a, b) for a, b in zip(ends[:-1], ends[1:], strict=True)]
        names = subject.muscle_names
        self.start = {column: subject.parameters[column].to_numpy() for column in subject.parameters}
        self.targets = [np.array([not p.targets or m in p.targets for m in names], float) for p in step.penalties]
        self.noise = np.maximum(self.size, FINEST_MOMENT)
        self.whitening = np.linalg.inv(np.linalg.cholesky(prior_covariance(self.unknowns)))
        self._at = None

    def values(self, x):
        """Columns of the parameters' table at x, dict of ndarray (n_muscles,)."""
        values = dict(self.start)
        for unknown, value in zip(self.unknowns, x, strict=True):
            values = self._set(values, unknown, value)
        return values

    @staticmethod
    def _set(values, unknown, x):
        for column in unknown.columns:
            values[column] = values[column].copy()
            values[column][unknown.muscles] = unknown.values(x)
        return values

    def evaluate(self, x):
        """Values at x, and the states (n_muscles, n_frames, ...) of every trial; kept for the same x."""
        if self._at is None or not np.array_equal(x, self._at[0]):
            values = self.values(x)
            self.activations = [muscles.activation(values) for muscles in self.trials]
            pairs = zip(self.trials, self.activations, strict=True)
            self._at = (np.array(x), values, [muscles.march(values, activation) for muscles, activation in pairs])
        return self._at[1:]

    def moments(self, values, states, only=None):
        """Moments (n_frames, n_coordinates) of muscles `only` (default all)."""
        chosen = slice(None) if only is None else only
        strength = (values["max_isometric_force"] * values["strength_coefficient"])[chosen]
        pairs = zip(self.arms, states, strict=True)
        return np.concatenate(
            [np.einsum("tcm,mt,m->tc", arms[:, :, chosen], s[:, :, FORCE], strength) for arms, s in pairs]
        )

    def penalties(self, values, states, only=None):
        """What fiber lengths out of range cost, one vector; weighed against the moments' errors as CEINMS does."""
        muscles = np.arange(len(self.subject.muscle_names)) if only is None else only
        found = []
        for penalty, targets in zip(self.step.penalties, self.targets, strict=True):
            for s in states:
                norm = s[:, :, LENGTH] / values["optimal_fiber_length"][muscles][:, None]
                excess = np.maximum(np.maximum(norm - penalty.upper, penalty.lower - norm), 0.0)
                whole = np.zeros((len(targets), s.shape[1]))
                whole[muscles] = np.sqrt(penalty.weight) * excess ** (penalty.exponent / 2)
                found.append((whole * targets[:, None]).ravel())
        return np.concatenate(found) if found else np.zeros(0)

    @property
    def scale(self):
        return self.known / self.noise

    def error(self, x):
        """Modelled minus measured moments (n_frames, n_coordinates), 0 where none was measured."""
        return np.where(self.known, self.moments(*self.evaluate(x)) - self.measured, 0.0)

    def residual(self, x):
        prior = self.whitening @ x
        return np.concatenate([(self.scale * self.error(x)).ravel(), self.penalties(*self.evaluate(x)), prior])

    def jacobian(self, x):
        columns = [self._column(x, k) for k in range(len(x))]
        return np.concatenate([np.stack(columns, axis=1), self.whitening])

    def _column(self, x, k):
        """Derivative of moments and penalties by one unknown: that of its muscles alone."""
        values, states = self.evaluate(x)
        unknown = self.unknowns[k]
        own, h = unknown.muscles, DIFFERENCE if x[k] + DIFFERENCE < unknown.upper else -DIFFERENCE
        moved = self._set(dict(values), unknown, x[k] + h)
        before = [s[own] for s in states]
        if unknown.is_gain:
            after = before
        elif unknown.of_activation:
            after = [muscles.march(moved, muscles.activation(moved), own) for muscles in self.trials]
        else:
            pairs = zip(self.trials, self.activations, strict=True)
            after = [muscles.march(moved, activation, own) for muscles, activation in pairs]
        of_moments = self.moments(moved, after, own) - self.moments(values, before, own)
        of_penalties = self.penalties(moved, after, own) - self.penalties(values, before, own)
        return np.concatenate([(self.scale * of_moments).ravel(), of_penalties]) / h

    def solve(self):
        """The subject, the table of unknowns and the number of evaluations."""
        lower, upper = (np.array([getattr(u, end) for u in self.unknowns]) for end in ("lower", "upper"))
        x = np.clip(np.zeros(len(lower)), lower + 1e-6 * (upper - lower), upper - 1e-6 * (upper - lower))
        n_iter = 0
        for _ in range(MAX_ROUNDS):
            fit = least_squares(self.residual, x, self.jacobian, bounds=(lower, upper), ftol=TOLERANCE, x_scale=1.0)
            x, n_iter = fit.x, n_iter + fit.nfev
            if self._reweigh(x) < SETTLED:
                break
        return (
            self.subject.with_parameters(pd.DataFrame(self.values(x), self.subject.parameters.index)),
            self._table(x, lower, upper),
            n_iter,
        )

    def _reweigh(self, x):
        """Noise and independent frames that the errors ask for; by how much the noise changed, on a log scale."""
        error, before = self.error(x), self.noise
        n = np.maximum(self.known.sum(axis=0), 1)
        own = (error**2).sum(axis=0) / n
        common = np.mean(own / self.size**2) * self.size**2
        # The own noise alone would give up a coordinate that fits badly for the sake of those that fit well.
        noise = np.sqrt(np.sqrt(own * common) + (LEAST_ERROR * self.size) ** 2)
        self.noise = np.maximum(noise, FINEST_MOMENT)
        return float(np.abs(np.log(self.noise / before)).max())

    def _std(self, x):
        """Posterior standard deviations; only independent frames count, though the fit weighs all."""
        error = self.error(x) / self.noise
        jacobian = self.jacobian(x)
        jacobian[: error.size] *= np.sqrt(effective_fraction(error, self.known.astype(float), self.slices))
        return np.sqrt(np.diag(np.linalg.pinv(jacobian.T @ jacobian, hermitian=True)))

    def _table(self, x, lower, upper):
        std = self._std(x)
        rows = []
        for k, unknown in enumerate(self.unknowns):
            value, names = unknown.values(x[k]), [self.subject.muscle_names[m] for m in unknown.muscles]
            error = std[k] * unknown.scale * (abs(value[0]) if unknown.logarithmic else 1.0)
            ends = unknown.values(lower[k])[0], unknown.values(upper[k])[0]
            near = 1e-3 * (upper[k] - lower[k])
            rows.append(
                (
                    " ".join(names), " ".join(unknown.columns), unknown.center[0], value[0], error, *ends,
                    *unknown.range,
                    bool(x[k] - lower[k] < near or upper[k] - x[k] < near),
                )
            )  # fmt: skip
        names = [
            "muscles",
            "name",
            "initial",
            "value",
            "std_err",
            "lower",
            "upper",
            "range_lower",
            "range_upper",
            "at_bound",
        ]
        return pd.DataFrame(rows, columns=names)


def _excited(project):
    """Muscles that some signal excites in some trial."""
    names, generator = project.subject.muscle_names, project.excitation_generator
    largest = np.zeros(len(names))
    for trial in project.trials:
        weights = generator.matrix(names, trial.signals.columns)
        largest = np.maximum(largest, (np.nan_to_num(trial.signals.to_numpy()) @ weights.T).max(axis=0, initial=0.0))
    return {name for name, most in zip(names, largest, strict=True) if most > LEAST_EXCITED}
