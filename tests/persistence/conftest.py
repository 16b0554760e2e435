"""Small fitted estimators of every kind, and what they say."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_arm_reaching, make_elbow_flexion
from sk_bionic.musculoskeletal import Joint, MusculoskeletalModel, elbow
from sk_bionic.preprocessing import EMGEnvelope

TRAINING, NEW = ["trial_00"], ["trial_01"]
SMALL = {"max_epochs": 4, "n_networks": 1, "random_state": 0}


def elastic_elbow():
    model = elbow()
    muscles = [replace(model.muscles[0], tendon="elastic", curves="millard"), model.muscles[1]]
    return MusculoskeletalModel(muscles, model.joints, "elastic elbow")


def own_model():
    biceps, triceps = elbow().muscles
    strong = {**triceps.parameters, "max_isometric_force": {"value": 900.0, "prior_scale": 0.3}}
    muscles = [
        replace(biceps, channel={"biceps": 0.95, "triceps": 0.05}, activation_dynamics="second_order"),
        replace(
            triceps,
            name="extensor",
            channel="triceps",
            parameters=strong,
            activation_shape="logarithmic",
        ),
    ]
    segment = {"moment_of_inertia": 0.08, "segment_mass": 1.5, "center_of_mass": 0.18}
    joint = Joint("elbow_flexion", 5.0, segment, limits_from_data=True)
    return MusculoskeletalModel(muscles, [joint], "own model")


def raw_like(X):
    """X with the sign of a fast oscillation, as raw EMG has."""
    return X * np.where(np.arange(len(X)) % 2, 1.0, -1.0)[:, None]


def arm():
    return make_arm_reaching(2, duration=2.0, sampling_rate=50, random_state=3, return_X_y=True)


def with_shoulder_given():
    X, y = arm()
    return X.join(y["shoulder_elevation"].rolling(9, min_periods=1, center=True).mean()), y["elbow_flexion"]


def envelopes(regressor):
    envelope = EMGEnvelope(band=None, low_pass=6.0).set_output(transform="pandas")
    return make_pipeline(envelope, regressor)


KINDS = {
    "hybrid": {"model": "elbow"},
    "network": {"model": "elbow", "prediction": "network"},
    "simulation": {"model": "elbow", "prediction": "simulation"},
    "no forest, no physics": {"model": "elbow", "forest": False, "ode_weight": 0.0},
    "static": {"model": "elbow"},
    "plain array": {"model": "auto", "prediction": "simulation", "sampling_rate": 100.0},
    "auto": {"model": "auto", "prediction": "simulation", "identify": ["max_isometric_force"]},
    "elastic": {
        "model": elastic_elbow(),
        "prediction": "simulation",
        "identify": ["max_isometric_force"],
    },
    "own model": {
        "model": own_model(),
        "prediction": "simulation",
        "identify": ["max_isometric_force"],
        "random_state": np.random.RandomState(1),
    },
    "two joints": {"model": "arm", "max_epochs": 2, "identify": ["max_isometric_force"]},
    "prescribed": {"model": "arm", "prediction": "simulation"},
    "pipeline": {"model": "elbow", "prediction": "simulation"},
    "calibrated": {"model": "elbow"},
    "calibrated simulation": {"model": "elbow", "prediction": "simulation", "n_starts": 2, "trial_gain_std": 0.1},
}


def frames(kind):
    """X and y of training and of a new trial."""
    special = {"two joints": arm, "prescribed": with_shoulder_given}
    X, y = special.get(kind, lambda: make_elbow_flexion(2, duration=2.0, random_state=0, return_X_y=True))()
    X = raw_like(X) if kind == "pipeline" else X
    X, new = X.loc[TRAINING], X.loc[NEW]
    y, new_y = y.loc[TRAINING], y.loc[NEW]
    if kind == "plain array":
        return X.to_numpy(), y.to_numpy(), new.to_numpy(), new_y.to_numpy()
    if kind == "static":
        drop = {"drop": True}
        return (
            X.reset_index(**drop),
            y.reset_index(**drop),
            new.reset_index(**drop),
            new_y.reset_index(**drop),
        )
    return X, y, new, new_y


def pytest_generate_tests(metafunc):
    if "kind" in metafunc.fixturenames and not any(
        "kind" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")
    ):
        metafunc.parametrize("kind", list(KINDS))


@pytest.fixture(scope="session")
def training():
    """Function from a kind to X and y that its estimator was fitted on."""
    return lambda kind: frames(kind)[:2]


@pytest.fixture(scope="session")
def fitted():
    """Function from a kind to its fitted estimator and a new trial; fits once in a session."""
    done = {}

    def make(kind):
        if kind not in done:
            X, y, new, new_y = frames(kind)
            regressor = PhysicsInformedMSKRegressor(**{**SMALL, **KINDS[kind]})
            estimator = envelopes(regressor) if kind == "pipeline" else regressor
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                estimator.fit(X, y)
                if kind.startswith("calibrated"):
                    estimator.calibrate(new.iloc[:120], new_y.iloc[:120] + 0.1)
            done[kind] = estimator, new, new_y
        return done[kind]

    return make


@pytest.fixture(scope="session")
def outputs():
    """Function from a fitted estimator and frames to everything that it says about them, arrays by name."""

    def says(estimator, X, y):
        out = {"angle": estimator.predict(X)}
        if not hasattr(estimator, "predict_activations") or estimator.model_ is None:
            return out
        out["activations"] = estimator.predict_activations(X)
        out["forces"], out["torques"] = (
            estimator.predict_muscle_forces(X),
            estimator.predict_joint_torques(X),
        )
        out["fibers"] = estimator.predict_fiber_lengths(X)
        out["simulated"], out["residual"] = estimator.simulate(X), estimator.residual(X, y)
        out["parameters"] = estimator.parameters_.select_dtypes(["number", "bool"]).astype(float)
        out["correlation"] = estimator.parameter_correlation_
        if estimator.prediction != "network":
            out["std"] = estimator.predict(X, return_std=True)[1]
        return {name: np.asarray(pd.DataFrame(value), dtype=float) for name, value in out.items()}

    return says


@pytest.fixture(scope="session")
def expected(fitted, outputs):
    """Function from a kind to what its fitted estimator says about the new trial; asked once in a session."""
    done = {}

    def get(kind):
        if kind not in done:
            done[kind] = outputs(*fitted(kind))
        return done[kind]

    return get
