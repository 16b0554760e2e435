"""Two joints and six muscles as users meet them: recovery, names, missing and prescribed angles."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_val_predict, cross_val_score

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_arm_reaching
from sk_bionic.exceptions import IdentifiabilityWarning
from sk_bionic.model_selection import TrialKFold

ANGLES = ["shoulder_elevation", "elbow_flexion"]
TRAIN, NEW = ["trial_00", "trial_01"], ["trial_02"]


@pytest.fixture(scope="module")
def subject():
    """Three trials of 4 s at 50 Hz with 1 deg of noise."""
    return make_arm_reaching(3, duration=4.0, sampling_rate=50, random_state=3)


def regressor(**parameters):
    return PhysicsInformedMSKRegressor(**{"model": "arm", "prediction": "simulation", "random_state": 0, **parameters})


def training(subject):
    return subject.data.loc[TRAIN], subject.target.loc[TRAIN]


@pytest.fixture(scope="module")
def fitted(subject):
    with warnings.catch_warnings():
        warnings.simplefilter("error", IdentifiabilityWarning)
        return regressor().fit(*training(subject))


def deviations(fitted, subject):
    """Errors of the parameters in stated standard errors."""
    table = fitted.parameters_.merge(subject.parameters, on=["muscle", "name"], suffixes=("", "_true"))
    assert len(table) == len(subject.parameters) == 24
    return (table["value"] - table["value_true"]) / table["std_err"]


def rmse_deg(angle, truth):
    return np.rad2deg(np.sqrt(np.mean((np.asarray(angle) - np.asarray(truth)) ** 2, axis=0)))


def given_shoulder(subject, trials):
    shoulder = subject.angle.loc[trials, "shoulder_elevation"]
    return subject.data.loc[trials].assign(shoulder_elevation=shoulder)


def test_stated_errors_hold_the_truth(subject, fitted):
    deviation = deviations(fitted, subject)
    assert (deviation.abs() < 3.5).all()
    assert 0.3 < np.sqrt(np.mean(deviation**2)) < 1.7
    assert (fitted.parameters_["std_err"] < fitted.parameters_["prior_std"]).all()


def test_parameters_without_noise_are_those_of_the_truth(subject):
    found = regressor().fit(subject.data.loc[TRAIN], subject.angle.loc[TRAIN])
    table = found.parameters_.merge(subject.parameters, on=["muscle", "name"], suffixes=("", "_true"))
    np.testing.assert_allclose(table["value"], table["value_true"], rtol=0.03)
    assert np.median(np.abs(table["value"] / table["value_true"] - 1.0)) < 2e-3


def test_new_trials_are_predicted_under_the_angles_names(subject, fitted):
    X, truth = subject.data.loc[NEW], subject.angle.loc[NEW]
    angle, std = fitted.predict(X, return_std=True)
    assert angle.columns.tolist() == std.columns.tolist() == ANGLES
    assert angle.index.equals(X.index)
    assert (rmse_deg(angle, truth) < 0.6).all()
    within = (np.abs(angle - subject.target.loc[NEW]) < 1.96 * std).mean()
    assert within.between(0.85, 0.999).all()
    assert fitted.score(X, truth) > 0.99


def test_muscle_forces_and_torques_have_their_columns(subject, fitted):
    X = subject.data.loc[NEW]
    force, std = fitted.predict_muscle_forces(X, return_std=True)
    error = np.sqrt(((force - subject.muscle_forces.loc[NEW]) ** 2).mean())
    assert (error < 0.02 * fitted.max_isometric_force_).all()
    assert (std > 0).all(axis=None)
    torque = fitted.predict_joint_torques(X)
    assert torque.columns.tolist() == ANGLES
    residual = fitted.residual(X, subject.angle.loc[NEW])
    assert residual.columns.tolist() == ANGLES
    assert (residual.abs().mean() < 0.1 * torque.abs().mean()).all()


def test_simulation_starts_where_it_is_told(subject, fitted):
    X = subject.data.loc[NEW]
    one, other = (fitted.simulate(X, initial_state=[[[0.2, 0.7], [speed, -speed]]]) for speed in (1.0, -1.0))
    np.testing.assert_allclose(one.iloc[0], [0.2, 0.7], atol=1e-9)
    slopes = (one.iloc[1] - other.iloc[1]) / 0.02
    np.testing.assert_allclose(slopes, [2.0, -2.0], rtol=0.3)
    with pytest.raises(ValueError, match=r"\(n_trials, 2, n_coordinates\) = \(1, 2, 2\)"):
        fitted.simulate(X, initial_state=[[0.2, 0.7]])


def test_arrays_come_back_as_arrays(subject):
    X, y = (frame.loc[["trial_00"]].to_numpy() for frame in (subject.data, subject.target))
    found = regressor(sampling_rate=50, identify=[]).fit(X, y)
    angle = found.predict(X)
    assert isinstance(angle, np.ndarray)
    assert angle.shape == y.shape


def test_scikit_learn_tools_take_several_angles(subject):
    model = regressor(identify=[])
    X, y = subject.data, subject.target
    assert cross_val_score(model, X, y, cv=TrialKFold(3)).shape == (3,)
    assert cross_val_predict(model, X, y, cv=TrialKFold(3)).shape == y.shape


@pytest.mark.filterwarnings("ignore::sk_bionic.exceptions.IdentifiabilityWarning")
def test_angle_missing_in_one_column_is_used_in_the_other(subject, fitted):
    X, y = training(subject)
    y = y.copy()
    time = y.index.get_level_values("time")
    y.loc[time < 1.5, "shoulder_elevation"] = np.nan
    y.loc["trial_01", "elbow_flexion"] = np.nan
    partly = regressor().fit(X, y)
    assert (deviations(partly, subject).abs() < 3.5).all()
    common = y.dropna()
    both = regressor().fit(X, common.reindex(y.index))
    std_err = [r.parameters_["std_err"].median() for r in (fitted, partly, both)]
    assert std_err[0] < std_err[1] < std_err[2]


@pytest.mark.parametrize("options", [{"prediction": "network"}, {"ode_weight": 1.0}, {"ode_weight": 0.0}, {}])
@pytest.mark.filterwarnings("ignore::sk_bionic.exceptions.IdentifiabilityWarning")
def test_network_and_hybrid_take_missing_angles_of_one_joint(subject, options):
    X, y = training(subject)
    y = y.copy()
    y.iloc[20:120, 0] = np.nan
    options = {"prediction": "hybrid", "max_epochs": 20, "early_stopping": True, **options}
    found = regressor(identify=["BRA/max_isometric_force"], **options).fit(X, y)
    angle, std = found.predict(subject.data.loc[NEW], return_std=True)
    assert angle.columns.tolist() == ANGLES
    assert np.isfinite(angle).all(axis=None)
    assert (std > 0).all(axis=None)
    assert (rmse_deg(angle, subject.angle.loc[NEW]) < 40.0).all()
    force = found.predict_muscle_forces(subject.data.loc[NEW])
    assert force.shape == (200, 6)


def test_prescribed_shoulder_moves_the_elbow(subject):
    y = subject.target["elbow_flexion"]
    found = regressor().fit(given_shoulder(subject, TRAIN), y.loc[TRAIN])
    assert (deviations(found, subject).abs() < 3.5).all()
    X = given_shoulder(subject, NEW)
    angle, std = found.predict(X, return_std=True)
    assert angle.shape == std.shape == (200,)
    assert rmse_deg(angle, subject.angle.loc[NEW, "elbow_flexion"]) < 0.6
    force = found.predict_muscle_forces(X)
    error = np.sqrt(((force - subject.muscle_forces.loc[NEW]) ** 2).mean())
    assert (error < 0.02 * found.max_isometric_force_).all()
    assert found.predict_joint_torques(X).columns.tolist() == ["elbow_flexion"]
    still = found.predict(X.assign(shoulder_elevation=0.0))
    assert rmse_deg(still, angle) > 5.0


@pytest.mark.filterwarnings("ignore::sk_bionic.exceptions.IdentifiabilityWarning")
def test_hybrid_takes_a_prescribed_angle(subject):
    y = subject.target["elbow_flexion"]
    found = regressor(prediction="hybrid", ode_weight=1.0, max_epochs=20)
    found.fit(given_shoulder(subject, TRAIN), y.loc[TRAIN])
    found.calibrate(given_shoulder(subject, NEW), y.loc[NEW])
    assert np.isfinite(found.predict(given_shoulder(subject, NEW))).all()


def test_noise_of_a_prescribed_angle_is_warned_of(subject):
    noisy = given_shoulder(subject, TRAIN).assign(shoulder_elevation=subject.target.loc[TRAIN, "shoulder_elevation"])
    with pytest.warns(UserWarning, match=r"'shoulder_elevation' is .* rad/s\^2.*Low-pass"):
        regressor(identify=[]).fit(noisy, subject.target.loc[TRAIN, "elbow_flexion"])


def in_degrees(X, y):
    return X.assign(shoulder_elevation=np.rad2deg(y["shoulder_elevation"])), y["elbow_flexion"]


MISTAKES = {
    "both": (
        lambda X, y: (X.assign(**y), y),
        r"column for each of the angles.*none is left to predict",
    ),
    "twice": (
        lambda X, y: (X.assign(shoulder_elevation=0.0), y),
        r"\('elbow_flexion',\) besides \('shoulder_elevation',\).*y has 2 column",
    ),
    "order": (
        lambda X, y: (X, y[ANGLES[::-1]]),
        r"columns of y are \['elbow_flexion', 'shoulder_elevation'\].*in this order",
    ),
    "other": (
        lambda X, y: (X.assign(shoulder_elevation=0.0), y["shoulder_elevation"]),
        r"columns of y are \['shoulder_elevation'\].*\['elbow_flexion'\]",
    ),
    "one": (lambda X, y: (X, y["elbow_flexion"]), r"but y has 1 column"),
    "degrees": (in_degrees, r"'shoulder_elevation', trial 'trial_0.*np\.deg2rad"),
    "empty": (
        lambda X, y: (X, y.assign(elbow_flexion=np.nan)),
        r"Column 1 of y has no finite value",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_with_columns_are_named(subject, mistake):
    make, message = MISTAKES[mistake]
    with pytest.raises(ValueError, match=message):
        regressor(identify=[]).fit(*make(*training(subject)))


def test_columns_in_another_order_are_refused_after_the_fit_too(subject, fitted):
    X, y = subject.data.loc[NEW], subject.target.loc[NEW, ANGLES[::-1]]
    with pytest.raises(ValueError, match="in this order"):
        fitted.residual(X, y)
    with pytest.raises(ValueError, match="in this order"):
        fitted.calibrate(X, y)


def test_model_with_prescribed_angles_needs_their_columns(subject):
    X, y = training(subject)
    model = subject.model.prescribing(["shoulder_elevation"])
    with pytest.raises(ValueError, match=r"lacks the prescribed angles \['shoulder_elevation'\]"):
        regressor(model=model).fit(X, y["elbow_flexion"])


def test_names_of_y_that_are_no_coordinates_are_kept(subject):
    X, y = training(subject)
    renamed = y.set_axis(["q1", "q2"], axis=1)
    angle = regressor(identify=[]).fit(X, renamed).predict(X)
    assert isinstance(angle, pd.DataFrame)
    assert angle.columns.tolist() == ["q1", "q2"]
