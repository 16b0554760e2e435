"""The regressors behind the names, and what of each is searched."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import Ridge

from sk_bionic.baselines._gru import GRURegressor
from sk_bionic.baselines._mlp import NoisyMLPRegressor
from sk_bionic.baselines._subsampled import SubsampledRegressor
from sk_bionic.regressor import PhysicsInformedMSKRegressor

MLP_FRAMES = 500  # more of them say nearly the same and take longer


@dataclass
class Learner:
    """A regressor, and the candidates for each of its parameters."""

    regressor: RegressorMixin
    grid: dict


def ridge(random_state, sampling_rate):
    return _on_known_frames(Ridge(alpha=100.0), alpha=np.logspace(-1, 5, 7))


def random_forest(random_state, sampling_rate):
    forest = RandomForestRegressor(n_estimators=100, max_features=1 / 3, min_samples_leaf=5, random_state=random_state)
    return _on_known_frames(forest, max_features=[0.1, 1 / 3], min_samples_leaf=[1, 5, 20])


def extra_trees(random_state, sampling_rate):
    # A published setting, not searched: a forest averages so much that its hyperparameters hardly matter. Histogram
    # gradient boosting on the same columns errs by 1.13 times as much (six records of recorded_emg.py, 70 % to 30 %),
    # so it is left out.
    trees = ExtraTreesRegressor(n_estimators=200, max_features=0.5, min_samples_leaf=2, random_state=random_state)
    return _on_known_frames(trees)


def time_forest(random_state, sampling_rate):
    forest = RandomForestRegressor(n_estimators=100, min_samples_leaf=5, random_state=random_state)
    return _on_known_frames(forest, min_samples_leaf=[1, 5, 20])


def gaussian_process(random_state, sampling_rate):
    # The errors of neighbouring frames are alike. The marginal likelihood takes them for
    # independent, drives the noise to its lower bound and follows the training part too closely:
    # 13 against 8 deg (median of 8 recorded knees). So cross-validation chooses both scales.
    process = GaussianProcessRegressor(_kernel(8, 0.1), optimizer=None, normalize_y=True)
    kernels = [_kernel(length, noise) for length in (2, 4, 8, 16, 32) for noise in (0.01, 0.1, 0.5)]
    return _on_known_frames(process, max_frames=1000, kernel=kernels)


def mlp(random_state, sampling_rate):
    network = NoisyMLPRegressor(random_state=random_state)
    return _on_known_frames(network, max_frames=MLP_FRAMES, input_noise=[0.1, 0.2, 0.4])


def gru(random_state, sampling_rate):
    network = GRURegressor(random_state=random_state, sampling_rate=sampling_rate)
    return Learner(network, {"input_noise": [0.0, 0.3]})


def joint_training(random_state, sampling_rate, model):
    return PhysicsInformedMSKRegressor(
        model, prediction="network", sampling_rate=sampling_rate, random_state=random_state
    )


def _kernel(length_scale, noise_level):
    """Kernel of a smooth function plus noise, in units of standardised features and target."""
    return ConstantKernel(1.0) * RBF(length_scale) + WhiteKernel(noise_level)


def _on_known_frames(regressor, max_frames=None, **grid):
    """A regressor that cannot take frames of unknown angle, behind one that leaves them out."""
    grid = {f"estimator__{name}": candidates for name, candidates in grid.items()}
    return Learner(SubsampledRegressor(regressor, max_frames), grid)
