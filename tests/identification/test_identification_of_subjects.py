"""Identification as users meet it: tables, warnings, standard deviations."""

import warnings

import numpy as np
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.exceptions import IdentifiabilityWarning

TRAIN, NEW = ["trial_00", "trial_01"], ["trial_02", "trial_03"]


@pytest.fixture(scope="module")
def subject():
    """Four trials of 4 s at 50 Hz with 1 deg of noise."""
    return make_elbow_flexion(4, duration=4.0, sampling_rate=50, random_state=5)


def regressor(**parameters):
    parameters = {"prediction": "simulation", "random_state": 0, **parameters}
    return PhysicsInformedMSKRegressor("elbow", **parameters)


def fit(subject, data=None, target=None, **parameters):
    X = subject.data.loc[TRAIN] if data is None else data
    y = subject.target.loc[TRAIN] if target is None else target
    return regressor(**parameters).fit(X, y)


def true_angle(subject, X):
    """Angle without noise under other EMG or with a load."""
    truth = PhysicsInformedMSKRegressor(subject.model, prediction="simulation", identify=[])
    return truth.fit(X, np.ones(len(X))).simulate(X)


def fit_quietly(subject, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("error", IdentifiabilityWarning)
        return fit(subject, **parameters)


@pytest.fixture(scope="module")
def fitted(subject):
    return fit_quietly(subject)


def test_well_posed_subject_raises_no_warning_and_no_flag(fitted):
    assert fitted.parameters_["identifiable"].all()
    assert not fitted.parameters_["at_bound"].any()


def test_stated_errors_hold_the_truth(subject, fitted):
    table = fitted.parameters_.merge(subject.parameters, on=["muscle", "name"], suffixes=("", "_true"))
    deviation = (table["value"] - table["value_true"]) / table["std_err"]
    assert (deviation.abs() < 3.5).all()
    assert (table["std_err"] < table["prior_std"]).all()


def test_simulation_and_hybrid_without_network_identify_the_same(subject, fitted):
    hybrid = fit(subject, prediction="hybrid", max_epochs=0)
    np.testing.assert_array_equal(hybrid.parameters_["value"], fitted.parameters_["value"])


@pytest.mark.filterwarnings("ignore:Column .* is constant")
@pytest.mark.parametrize("design", ["held posture", "constant triceps", "copied channels"])
def test_recording_that_tells_too_little_is_warned_of(subject, design):
    X = subject.data.loc[TRAIN]
    changed = {
        "held posture": {"biceps": 0.18, "triceps": 0.05},
        "constant triceps": {"triceps": 0.02},
        "copied channels": {"triceps": X["biceps"]},
    }
    X = X.assign(**changed[design])
    angle = true_angle(subject, X)
    noise = np.deg2rad(1.0) * np.random.RandomState(0).normal(size=len(angle))
    with pytest.warns(IdentifiabilityWarning, match="does not determine.*triceps"):
        found = fit(subject, X, angle + noise)
    open_ = ~found.parameters_["identifiable"]
    assert open_[found.parameters_["muscle"] == "triceps"].all()
    assert open_.all() == (design != "constant triceps")


def test_forces_and_inertia_free_together_are_warned_of(subject):
    names = ["max_isometric_force", "optimal_fiber_length", "moment_of_inertia"]
    with pytest.warns(IdentifiabilityWarning, match="common scale of all maximal forces"):
        found = fit(subject, identify=names)
    table = found.parameters_.set_index("name")["identifiable"]
    assert not table.loc[["max_isometric_force", "moment_of_inertia"]].any()


def test_group_moves_as_one(subject):
    found = fit(subject, identify=["max_isometric_force", "biceps+triceps/emg_shape_factor"])
    first, second = found.emg_shape_factor_
    assert first == second != -1.0
    correlation = found.parameter_correlation_
    assert correlation.loc["biceps/emg_shape_factor", "triceps/emg_shape_factor"] == pytest.approx(1.0)


def test_every_start_is_listed(subject, fitted):
    found = fit(subject, n_starts=3)
    objectives, values = zip(*found.starts_, strict=True)
    assert len(objectives) == 3
    np.testing.assert_array_equal(found.parameters_["value"], values[int(np.argmin(objectives))])
    std = fitted.parameters_["std_err"]
    assert ((found.parameters_["value"] - fitted.parameters_["value"]).abs() < 0.1 * std).all()
    np.testing.assert_allclose(values[0], fitted.parameters_["value"], rtol=1e-4)


def test_robust_loss_is_for_artefacts(subject):
    y, rng = subject.target.loc[TRAIN].copy(), np.random.RandomState(0)
    hit = rng.uniform(size=len(y)) < 0.03
    y += np.deg2rad(30.0) * hit * rng.choice([-1.0, 1.0], len(y))
    truth = subject.parameters["value"].to_numpy()
    plain, robust = (fit(subject, target=y, robust=r).parameters_["value"] for r in (False, True))
    error = [np.abs(np.log(values / truth)).mean() for values in (plain, robust)]
    assert error[1] < error[0]


def test_marker_drop_outs_carry_no_weight(subject):
    y = subject.target.loc[TRAIN].copy()
    y.iloc[50:90] = np.nan
    weight = np.ones(len(y))
    weight[50:90] = 0.0
    weighted = regressor().fit(subject.data.loc[TRAIN], y.fillna(1.0), sample_weight=weight)
    missing = fit(subject, target=y)
    np.testing.assert_allclose(missing.parameters_["value"], weighted.parameters_["value"], rtol=1e-6)


def test_angle_of_new_trials_lies_within_its_stated_interval(subject, fitted):
    angle, std = fitted.predict(subject.data.loc[NEW], return_std=True)
    within = np.abs(subject.target.loc[NEW] - angle) < 1.96 * std
    assert 0.85 < within.mean() < 0.999
    assert (std >= fitted.predictor_.identification.noise_std).all()


def test_uncertainty_of_the_angle_grows_with_that_of_the_parameters(subject, fitted):
    one = fit(subject, subject.data.loc[["trial_00"]], subject.target.loc[["trial_00"]])
    X = subject.data.loc[NEW]
    of_parameters = [
        np.mean(r.predict(X, return_std=True)[1] ** 2 - r.predictor_.identification.noise_std**2) for r in (fitted, one)
    ]
    assert 0 < of_parameters[0] < of_parameters[1]


def test_muscle_forces_of_new_trials_lie_within_their_stated_interval(subject, fitted):
    force, std = fitted.predict_muscle_forces(subject.data.loc[NEW], return_std=True)
    assert force.columns.tolist() == std.columns.tolist() == ["biceps", "triceps"]
    error = (force - subject.muscle_forces.loc[NEW]).abs()
    assert ((error < 3.0 * std).mean() > 0.85).all()
    assert (std > 0).all(axis=None)
    maximal = fitted.max_isometric_force_
    assert (np.sqrt((error**2).mean()) < 0.02 * maximal).all()


@pytest.mark.filterwarnings("ignore::sk_bionic.exceptions.IdentifiabilityWarning")
def test_a_known_load_in_the_hand_enters_the_identification(subject):
    X = subject.data.loc[TRAIN]
    loaded = X.assign(hand_load_kg=0.0)
    loaded.loc["trial_01", "hand_load_kg"] = 1.0
    angle = true_angle(subject, loaded)
    known, withheld = fit(subject, loaded, angle), fit(subject, X, angle)
    truth = subject.parameters["value"].to_numpy()
    np.testing.assert_allclose(known.parameters_["value"], truth, rtol=1e-3)
    assert np.abs(np.log(withheld.parameters_["value"] / truth)).max() > 0.02
