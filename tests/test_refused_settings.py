"""Settings that make no sense together are refused with advice; those that are documented work."""

import numpy as np
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion

LIGHT = {"n_networks": 1, "max_epochs": 5, "forest": False, "random_state": 0}


@pytest.fixture(scope="module")
def subject():
    return make_elbow_flexion(2, duration=2.0, sampling_rate=50, random_state=1)


def test_a_simulation_of_rows_without_time_is_refused(subject):
    regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation")
    with pytest.raises(ValueError, match="needs a time axis.*`sampling_rate`.*'hybrid'"):
        regressor.fit(subject.data.reset_index(drop=True), subject.target.to_numpy())
    with pytest.raises(ValueError, match="needs a time axis"):
        PhysicsInformedMSKRegressor(prediction="simulation").fit(subject.data.to_numpy(), subject.target.to_numpy())


def test_infinite_weight_is_the_simulation(subject):
    hybrid = PhysicsInformedMSKRegressor("elbow", ode_weight=float("inf"), output_cutoff=None, **LIGHT)
    hybrid.fit(subject.data, subject.target)
    simulation = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(subject.data, subject.target)
    assert hybrid.ode_weight_ == np.inf
    np.testing.assert_allclose(hybrid.predict(subject.data), simulation.predict(subject.data), atol=1e-6)


def test_a_network_is_not_trained_under_an_infinite_weight(subject):
    network = PhysicsInformedMSKRegressor("elbow", prediction="network", ode_weight=np.inf, max_epochs=2)
    with pytest.raises(ValueError, match="finite weight.*'simulation'"):
        network.fit(subject.data, subject.target)


def test_a_jointly_trained_network_calls_nothing_identifiable(subject):
    network = PhysicsInformedMSKRegressor("elbow", prediction="network", max_epochs=2, random_state=0)
    table = network.fit(subject.data, subject.target).parameters_
    assert not table["identifiable"].any() and table["std_err"].isna().all()
    assert table["reason"].str.contains("no standard error").all()


@pytest.mark.filterwarnings("ignore::sk_bionic.exceptions.IdentifiabilityWarning")
@pytest.mark.parametrize("ode_weight", ["auto", 0.0, np.inf])
def test_a_joint_that_never_moved_can_be_calibrated(subject, ode_weight):
    regressor = PhysicsInformedMSKRegressor("elbow", ode_weight=ode_weight, **LIGHT)
    regressor.fit(subject.data, np.full(len(subject.data), 0.5))
    _, std = regressor.predict(subject.data, return_std=True)
    assert std.min() >= np.deg2rad(0.3)
    regressor.calibrate(subject.data, np.full(len(subject.data), 0.55))
    np.testing.assert_allclose(regressor.predict(subject.data), 0.55, atol=0.02)
