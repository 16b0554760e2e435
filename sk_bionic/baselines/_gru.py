"""A recurrent network that reads the EMG of each trial from its beginning."""

from itertools import pairwise
from numbers import Integral, Real

import numpy as np
from scipy.interpolate import CubicSpline
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import nn

from sk_bionic.baselines._training import (
    mean_output,
    target_scale,
    train_networks,
)
from sk_bionic.trials import find_trials

NETWORK_RATE = 25.0  # Hz; envelopes of 4 Hz hold nothing that this misses
WARM_UP = 25  # steps (1 s) at the constant first value before each stretch of frames
SEGMENT = 75  # steps that the network is trained on at once, the warm-up included


class GRURegressor(RegressorMixin, BaseEstimator):
    """Gated recurrent unit on the frames of each trial.

    Reads the trial at 25 Hz and is interpolated to its frames by cubic splines. Where a trial
    begins, or goes on after a hole, the network starts from one second at the first frame's value,
    in training as in prediction. Training is on overlapping segments of three seconds, all at once,
    AdamW with a one-cycle learning rate.

    Parameters
    ----------
    hidden_size : int, default=12
        Number of units.
    input_noise : float, default=0.0
        Standard deviation of the noise in training; the inputs should be standardised.
    alpha : float, default=0.3
        Weight decay.
    lr : float, default=0.02
        Highest learning rate.
    max_epochs : int, default=200
        Training epochs, one step each.
    n_networks : int, default=1
        Networks of different initial weights, whose mean is predicted.
    sampling_rate : float, default=None
        Rate of the frames [Hz] where the index of `X` holds no time.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights and noise.

    Attributes
    ----------
    modules_ : list of torch.nn.Module
        The trained networks.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where all are strings.

    Examples
    --------
    >>> from sk_bionic.baselines import GRURegressor
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> X, y = make_elbow_flexion(n_trials=1, duration=2.0, random_state=0, return_X_y=True)
    >>> GRURegressor(max_epochs=5, random_state=0).fit(X, y).predict(X).shape
    (200,)
    """

    _parameter_constraints: dict = {
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "input_noise": [Interval(Real, 0, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "n_networks": [Interval(Integral, 1, None, closed="left")],
        "sampling_rate": [Interval(Real, 0, None, closed="neither"), None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        hidden_size=12,
        *,
        input_noise=0.0,
        alpha=0.3,
        lr=0.02,
        max_epochs=200,
        n_networks=1,
        sampling_rate=None,
        random_state=None,
    ):
        self.hidden_size = hidden_size
        self.input_noise = input_noise
        self.alpha = alpha
        self.lr = lr
        self.max_epochs = max_epochs
        self.n_networks = n_networks
        self.sampling_rate = sampling_rate
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Train the networks.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_frames, n_features)
            Standardised signals, with the time in the index or at `sampling_rate`.
        y : array-like of shape (n_frames,) or (n_frames, n_outputs)
            Targets, of any scale; NaN where unknown: the network still reads such frames.

        Returns
        -------
        self : GRURegressor
            The fitted regressor.

        Raises
        ------
        ValueError
            If nothing tells the time, or no target is known.
        """
        values, trials = self._frames(X, reset=True)
        y = check_array(y, ensure_2d=False, ensure_all_finite="allow-nan", input_name="y")
        check_consistent_length(values, y)
        self._target_is_1d = y.ndim == 1
        y = y.reshape(len(y), -1).astype(np.float64)
        if not np.isfinite(y).any():
            raise ValueError("Every target is NaN: there is nothing to learn from.")
        self._center, self._scale = target_scale(y)
        self.modules_ = train_networks(
            lambda: _Recurrent(values.shape[1], self.hidden_size, y.shape[1]),
            *_segments(values, (y - self._center) / self._scale, trials),
            self,
        )
        return self

    def predict(self, X):
        """Mean prediction of the networks.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_frames, n_features)
            Signals, scaled as in `fit`, with the time in the index or at `sampling_rate`.

        Returns
        -------
        ndarray of shape (n_frames,) or (n_frames, n_outputs)
            Predicted targets.
        """
        check_is_fitted(self)
        values, trials = self._frames(X, reset=False)
        step = _step(trials)
        predicted = np.empty((len(values), len(self._center)))
        for rows in _stretches(trials):
            # One step beyond the last frame, so that no frame is extrapolated.
            read = np.arange(rows.start - WARM_UP * step, rows.stop + step, step)
            output = mean_output(self.modules_, values[None, read.clip(rows.start, rows.stop - 1)])
            predicted[rows] = CubicSpline(read, output[0])(np.arange(rows.start, rows.stop))
        predicted = self._center + self._scale * predicted
        return predicted[:, 0] if self._target_is_1d else predicted

    def _frames(self, X, *, reset):
        trials = find_trials(X, sampling_rate=self.sampling_rate)
        if trials is None:
            raise ValueError(
                "GRURegressor reads the frames in time: give `sampling_rate` [Hz], or a DataFrame "
                "whose index has the levels 'trial' and 'time' (s)."
            )
        return validate_data(self, X, reset=reset, dtype=np.float64), trials

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class _Recurrent(nn.Module):
    def __init__(self, n_features, hidden_size, n_outputs):
        super().__init__()
        self.recurrent = nn.GRU(n_features, hidden_size, batch_first=True)
        self.output = nn.Linear(hidden_size, n_outputs)

    def forward(self, x):
        return self.output(self.recurrent(x)[0])


def _step(trials):
    """Frames from one step of the network to the next."""
    rate = trials.sampling_rate
    return max(1, round(rate / NETWORK_RATE)) if np.isfinite(rate) else 1


def _stretches(trials):
    """Slices of rows that follow one another without a hole in time."""
    longest = 1.5 / trials.sampling_rate  # s
    edges = []
    for rows in trials.slices:
        holes = rows.start + 1 + np.flatnonzero(np.diff(trials.time[rows]) > longest)
        edges.append([rows.start, *holes.tolist(), rows.stop])
    return [slice(a, b) for edge in edges for a, b in pairwise(edge)]


def _segments(values, y, trials):
    """Inputs (n_segments, SEGMENT, n_features) and targets, NaN in the warm-up and beyond an end."""
    step, inputs, targets = _step(trials), [], []
    for rows in _stretches(trials):
        for start in range(rows.start, rows.stop, (SEGMENT - WARM_UP) * step):
            read = start + (np.arange(SEGMENT) - WARM_UP) * step
            inside = (read >= start) & (read < rows.stop)
            read = read.clip(rows.start, rows.stop - 1)
            inputs.append(values[read])
            targets.append(np.where(inside[:, np.newaxis], y[read], np.nan))
    inputs, targets = np.stack(inputs), np.stack(targets)
    learnable = np.isfinite(targets).any(axis=(1, 2))
    return inputs[learnable], targets[learnable]
