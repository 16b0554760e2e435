"""A multilayer perceptron that noise on its inputs keeps from trusting details."""

from itertools import pairwise
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import nn

from sk_bionic.baselines._training import (
    mean_output,
    target_scale,
    train_networks,
)


class NoisyMLPRegressor(RegressorMixin, BaseEstimator):
    """Multilayer perceptron of tanh units, trained under noise on its inputs.

    All frames at once, AdamW with a one-cycle learning rate. Unlike scikit-learn's
    ``MLPRegressor`` it knows input noise and decoupled weight decay, which recordings of a minute
    need more than any other setting.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(32, 32)
        Widths of the layers.
    input_noise : float, default=0.2
        Standard deviation of the noise; the inputs should be standardised.
    alpha : float, default=0.01
        Weight decay.
    lr : float, default=0.01
        Highest learning rate.
    max_epochs : int, default=400
        Training epochs, one step each.
    n_networks : int, default=1
        Networks of different initial weights, whose mean is predicted.
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
    >>> from sk_bionic.baselines import NoisyMLPRegressor
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> X, y = make_elbow_flexion(n_trials=1, duration=2.0, random_state=0, return_X_y=True)
    >>> NoisyMLPRegressor(random_state=0).fit(X, y).predict(X).shape
    (200,)
    """

    _parameter_constraints: dict = {
        "hidden_layer_sizes": ["array-like"],
        "input_noise": [Interval(Real, 0, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "n_networks": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        hidden_layer_sizes=(32, 32),
        *,
        input_noise=0.2,
        alpha=0.01,
        lr=0.01,
        max_epochs=400,
        n_networks=1,
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.input_noise = input_noise
        self.alpha = alpha
        self.lr = lr
        self.max_epochs = max_epochs
        self.n_networks = n_networks
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Train the networks.

        Parameters
        ----------
        X : array-like of shape (n_frames, n_features)
            Standardised features.
        y : array-like of shape (n_frames,) or (n_frames, n_outputs)
            Targets, of any scale.

        Returns
        -------
        self : NoisyMLPRegressor
            The fitted regressor.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        self._target_is_1d = y.ndim == 1
        y = y.reshape(len(y), -1)
        self._center, self._scale = target_scale(y)
        self.modules_ = train_networks(
            lambda: _perceptron(X.shape[1], self.hidden_layer_sizes, y.shape[1]),
            X,
            (y - self._center) / self._scale,
            self,
        )
        return self

    def predict(self, X):
        """Mean prediction of the networks.

        Parameters
        ----------
        X : array-like of shape (n_frames, n_features)
            Features, scaled as in `fit`.

        Returns
        -------
        ndarray of shape (n_frames,) or (n_frames, n_outputs)
            Predicted targets.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        predicted = self._center + self._scale * mean_output(self.modules_, X)
        return predicted[:, 0] if self._target_is_1d else predicted

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _perceptron(n_features, hidden_layer_sizes, n_outputs):
    widths = [n_features, *hidden_layer_sizes]
    layers = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out), nn.Tanh()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], n_outputs))
