"""One short clean recording of each kind, and one fitted estimator, for all tests of this folder."""

import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.datasets._raw_emg import synthesize_raw_emg


@pytest.fixture(scope="session")
def envelopes():
    """X and y at 100 Hz, five trials of 4 s."""
    return make_elbow_flexion(n_trials=5, duration=4.0, random_state=0, return_X_y=True)


@pytest.fixture(scope="session")
def raw():
    """X [V] and y at 1000 Hz, three trials of 4 s."""
    flexion = make_elbow_flexion(n_trials=3, duration=4.0, sampling_rate=1000, random_state=0)
    return synthesize_raw_emg(flexion.data, random_state=0), flexion.target


@pytest.fixture(scope="session")
def fitted(envelopes):
    """A simulation of the elbow, fitted to two trials."""
    X, y = envelopes
    trials = ["trial_00", "trial_01"]
    return PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X.loc[trials], y.loc[trials])
