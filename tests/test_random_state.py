"""Random numbers are the package's own: threads do not disturb one another, nor the program around them."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn import clone

import sk_bionic
from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.baselines import BASELINE_NAMES, GRURegressor, NoisyMLPRegressor, make_baseline
from sk_bionic.datasets import make_arm_reaching, make_elbow_flexion
from sk_bionic.inspection import check_recording
from sk_bionic.model_selection import TrialOrBlockKFold

SMALL = {"max_epochs": 3, "n_networks": 1, "hidden_layer_sizes": (8,), "history": 0.2}
KINDS = {
    "network": {"prediction": "network", "early_stopping": True},
    "hybrid": {
        "n_starts": 2,
        "identify": ["max_isometric_force"],
        "forest": False,
        "output_cutoff": None,
        "ode_weight": 1.0,
    },
    "static": {"ode_weight": 0.0},
}


@pytest.fixture(scope="module")
def data():
    return make_elbow_flexion(2, duration=2.0, sampling_rate=50, random_state=0, return_X_y=True)


def estimators():
    """Estimators with random numbers inside, by name."""
    out = {name: PhysicsInformedMSKRegressor("elbow", **SMALL, **kind) for name, kind in KINDS.items()}
    out["gru"], out["mlp"] = GRURegressor(max_epochs=3), NoisyMLPRegressor(max_epochs=3)
    return out


def frames(name, X, y):
    return (X.to_numpy(), y.to_numpy()) if name == "static" else (X, y)


def global_states():
    """Bytes of every generator that a process shares."""
    kind, keys, *rest = np.random.get_state()
    return torch.random.get_rng_state().numpy().tobytes(), kind, keys.tobytes(), *rest


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", list(estimators()))
def test_fits_in_threads_are_those_of_one_after_the_other(name, data):
    X, y = frames(name, *data)
    several = [estimators()[name].set_params(random_state=seed % 2) for seed in range(4)]
    one_by_one = [clone(one).fit(X, y).predict(X) for one in several[:2]]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(lambda one: one.fit(X, y).predict(X), several))
    for k, predicted in enumerate(at_once):
        np.testing.assert_array_equal(predicted, one_by_one[k % 2])
    assert not np.array_equal(one_by_one[0], one_by_one[1])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("random_state", [0, None])
@pytest.mark.parametrize("name", list(estimators()))
def test_no_fit_reads_or_advances_a_global_generator(name, random_state, data):
    X, y = frames(name, *data)
    estimator = estimators()[name].set_params(random_state=random_state)
    np.random.seed(0)
    torch.manual_seed(0)
    before = global_states()
    first = estimator.fit(X, y).predict(X)
    assert global_states() == before
    second = clone(estimator).fit(X, y).predict(X)  # on the same global states
    assert np.array_equal(first, second) == (random_state is not None)


@pytest.mark.filterwarnings("ignore")
def test_nothing_public_advances_a_global_generator(data, tmp_path):
    X, y = data
    before = global_states()
    make_elbow_flexion(1, duration=1.0), make_arm_reaching(1, duration=1.0)
    check_recording(X, y)
    list(TrialOrBlockKFold(2).split(X, y))
    regressor = PhysicsInformedMSKRegressor("elbow", **SMALL, identify=["max_isometric_force"]).fit(X, y)
    regressor.predict(X, return_std=True), regressor.score(X, y), regressor.simulate(X), regressor.residual(X, y)
    regressor.predict_muscle_forces(X), regressor.calibrate(X, y)
    sk_bionic.save(regressor, tmp_path / "subject.skb")
    sk_bionic.load(tmp_path / "subject.skb").predict(X)
    assert global_states() == before


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [name for name in BASELINE_NAMES if name not in ("mean", "joint_training")])
def test_no_baseline_advances_a_global_generator(name, data):
    X, y = data
    before = global_states()
    make_baseline(name, search=False, low_pass=False).fit(X, y).predict(X)
    assert global_states() == before


def test_a_trained_network_can_be_copied_and_pickled(data):
    X, y = data
    regressor = PhysicsInformedMSKRegressor("elbow", prediction="network", **SMALL, random_state=0).fit(X, y)
    for other in (copy.deepcopy(regressor), pickle.loads(pickle.dumps(regressor))):
        np.testing.assert_array_equal(other.predict(X), regressor.predict(X))
