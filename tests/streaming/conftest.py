import warnings

import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion


@pytest.fixture(scope="session")
def elbow():
    """Three trials of a simulated elbow."""
    return make_elbow_flexion(n_trials=3, duration=3.0, random_state=0, return_X_y=True)


@pytest.fixture(scope="session")
def simulation(elbow):
    """The equation of motion, identified from two of them."""
    X, y = elbow
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X[:600], y[:600])


@pytest.fixture
def frames(elbow):
    """EMG of the third."""
    return elbow[0][600:]
