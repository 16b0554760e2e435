"""The regressors that EMG is usually given to, built as their users would build them.

One place for the rivals of `PhysicsInformedMSKRegressor`: demo, benchmarks and documentation all
compare with the same things. The same lagged EMG, standardised, into ridge regression, a random
forest, a Gaussian process, a multilayer perceptron or a recurrent network, hyperparameters searched
inside the training part, the same low-pass behind each. None of them knows any physics, except for
the published joint training.
"""

from sk_bionic.baselines._evaluation import evaluate
from sk_bionic.baselines._features import ShuffledBlocks
from sk_bionic.baselines._gru import GRURegressor
from sk_bionic.baselines._low_pass import LowPassRegressor
from sk_bionic.baselines._make import BASELINE_NAMES, make_baseline
from sk_bionic.baselines._mlp import NoisyMLPRegressor
from sk_bionic.baselines._subsampled import SubsampledRegressor

__all__ = [
    "BASELINE_NAMES",
    "GRURegressor",
    "LowPassRegressor",
    "NoisyMLPRegressor",
    "ShuffledBlocks",
    "SubsampledRegressor",
    "evaluate",
    "make_baseline",
]
