"""What a fitted estimator tells besides the angle: forces, torques, simulations, residuals."""

import numpy as np
import pandas as pd
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.musculoskeletal import elbow

RATE = 50
TRAIN, NEW = ["trial_00", "trial_01", "trial_02"], ["trial_03", "trial_04"]
FRAMES = 3 * RATE  # of a trial
MUSCLES = ["biceps", "triceps"]
GRAVITY = 9.80665  # m/s^2
MODES = pytest.mark.parametrize("mode", ["simulation", "network", "hybrid"])
PARAMETER_COLUMNS = [
    "muscle", "name", "unit", "initial", "value", "std_err",
    "lower", "upper", "at_bound", "identifiable",
]  # fmt: skip


@pytest.fixture(scope="module")
def subject():
    """Five trials of 3 s, without noise."""
    return make_elbow_flexion(5, duration=3.0, sampling_rate=RATE, angle_noise=0.0, random_state=3)


@pytest.fixture(scope="module")
def fitted(subject):
    """The three predictions, fitted on the first three trials."""
    X, y = subject.data.loc[TRAIN], subject.target.loc[TRAIN]
    settings = {"max_epochs": 10, "ode_weight": 1.0, "random_state": 0}
    return {
        mode: PhysicsInformedMSKRegressor("elbow", prediction=mode, **settings).fit(X, y)
        for mode in ("simulation", "network", "hybrid")
    }


@pytest.fixture(scope="module")
def new(subject):
    """The trials that no estimator has seen."""
    return subject.data.loc[NEW]


@MODES
def test_pandas_in_pandas_out_and_arrays_in_arrays_out(fitted, new, mode):
    regressor = fitted[mode]
    expected = {
        regressor.predict_muscle_forces: MUSCLES,
        regressor.predict_activations: MUSCLES,
        regressor.predict_joint_torques: ["elbow_flexion"],
    }
    for method, columns in expected.items():
        frame = method(new)
        assert frame.columns.tolist() == columns
        assert frame.index.equals(new.index)
    arrays = PhysicsInformedMSKRegressor(
        "elbow", prediction=mode, max_epochs=2, ode_weight=1.0, sampling_rate=RATE
    ).fit(new.to_numpy(), np.linspace(0, 1, len(new)))
    for name, n_columns in (("muscle_forces", 2), ("activations", 2), ("joint_torques", 1)):
        out = getattr(arrays, f"predict_{name}")(new.to_numpy())
        assert isinstance(out, np.ndarray) and out.shape == (len(new), n_columns)


@MODES
def test_standard_deviation_is_positive_and_leaves_the_angle_as_it_is(fitted, new, mode):
    angle, std = fitted[mode].predict(new, return_std=True)
    assert angle.shape == std.shape == (len(new),)
    assert (std > 0).all() and np.isfinite(std).all()
    np.testing.assert_allclose(angle, fitted[mode].predict(new), atol=1e-9)


def test_standard_deviation_grows_with_the_noise_of_the_angle(subject, new):
    X, y = subject.data.loc[TRAIN], subject.target.loc[TRAIN]
    noise = np.random.default_rng(0).normal(size=len(y))
    mean = {}
    for size in (0.01, 0.05):
        regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, y + size * noise)
        _, std = regressor.predict(new, return_std=True)
        assert std.min() > 0.8 * size  # of measured minus predicted: the noise is part of it
        mean[size] = std.mean()
    assert mean[0.05] > 3 * mean[0.01]


def test_forces_and_activations_are_the_true_ones_without_noise(subject, fitted, new):
    forces = fitted["simulation"].predict_muscle_forces(new)
    truth = subject.muscle_forces.loc[NEW]
    assert np.abs(forces - truth).to_numpy().max() < 0.05 * truth.to_numpy().max()
    activations = fitted["simulation"].predict_activations(new)
    assert np.abs(activations - subject.activations.loc[NEW]).to_numpy().max() < 0.03


@MODES
def test_activations_lie_between_0_and_1_and_network_forces_above_0(fitted, new, mode):
    activations = fitted[mode].predict_activations(new).to_numpy()
    assert activations.min() >= 0 and activations.max() <= 1
    if mode == "network":
        assert fitted[mode].predict_muscle_forces(new).to_numpy().min() >= 0


def test_joint_torque_is_moment_arm_times_force(fitted, new):
    """Moment arms by finite differences of the muscles' lengths over the angle."""
    regressor = fitted["simulation"]
    angle = regressor.predict(new) - regressor.model_.parameters.as_dict()["goniometer_offset"].item()

    def length(q):
        return regressor.model_.length_and_moment_arm(q[:, None])[0]

    moment_arm = -(length(angle + 1e-5) - length(angle - 1e-5)) / 2e-5
    expected = (moment_arm * regressor.predict_muscle_forces(new)).sum(axis=1)
    np.testing.assert_allclose(regressor.predict_joint_torques(new)["elbow_flexion"], expected, atol=1e-5)


@MODES
def test_simulate_runs_the_equation_whatever_the_prediction(fitted, new, mode):
    regressor = fitted[mode]
    simulated = regressor.simulate(new)
    assert simulated.shape == (len(new),)
    is_simulation = np.allclose(simulated, regressor.predict(new), atol=1e-6)
    assert is_simulation == (mode == "simulation")


def test_simulation_starts_in_the_given_state_and_forgets_it(fitted, new):
    regressor = fitted["simulation"]
    state = np.array([[0.8, 2.0], [0.3, -1.0]])  # rad and rad/s, by trial
    simulated = regressor.simulate(new, initial_state=state)
    starts = np.array([0, FRAMES])
    np.testing.assert_allclose(simulated[starts], state[:, 0], atol=1e-6)
    # The parabola through the first three frames has the given velocity.
    first, second, third = (simulated[starts + i] for i in range(3))
    velocity = RATE * (-1.5 * first + 2 * second - 0.5 * third)
    np.testing.assert_allclose(velocity, state[:, 1], atol=0.2)
    np.testing.assert_array_equal(regressor.simulate(new, state[:, :, None]), simulated)
    from_rest = regressor.simulate(new)
    ends = np.array([FRAMES, 2 * FRAMES]) - 1
    assert np.abs(simulated - from_rest)[starts].min() > 0.1
    assert np.abs(simulated - from_rest)[ends].max() < 0.02


def test_residual_is_near_zero_along_a_true_motion(subject, fitted, new):
    angle = subject.angle.loc[NEW]
    residual = fitted["simulation"].residual(new, angle)
    assert residual.shape == (len(new),)
    borders = [0, FRAMES - 1, FRAMES, 2 * FRAMES - 1]
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(residual)), borders)
    torque = fitted["simulation"].predict_joint_torques(new)["elbow_flexion"]
    assert np.sqrt(np.nanmean(residual**2)) < 0.02 * torque.std()  # differences at 50 Hz
    assert np.sqrt(np.nanmean(fitted["simulation"].residual(new, angle + 0.2) ** 2)) > 0.1 * torque.std()


def test_residual_is_a_torque_in_newton_metres(subject):
    """A mass in the hand adds its inertia times acceleration and its weight times lever arm."""
    X = subject.data.assign(hand_load_kg=0.0)
    regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, subject.target)
    angle, frames = subject.target.to_numpy(), slice(1, FRAMES - 1)
    added = regressor.residual(X.assign(hand_load_kg=1.5), angle) - regressor.residual(X, angle)
    acceleration = RATE**2 * (angle[2:FRAMES] - 2 * angle[frames] + angle[: FRAMES - 2])
    parameters = regressor.model_.parameters.as_dict()
    arm, offset = parameters["load_distance"].item(), parameters["goniometer_offset"].item()
    expected = 1.5 * (arm**2 * acceleration + GRAVITY * arm * np.sin(angle[frames] - offset))
    np.testing.assert_allclose(added[frames], expected, atol=1e-9)


def test_a_missing_angle_leaves_its_neighbours_without_residual(subject, fitted, new):
    angle = subject.angle.loc[NEW].to_numpy().copy()
    angle[60] = np.nan
    residual = fitted["simulation"].residual(new, angle)
    assert np.isnan(residual[59:62]).all() and np.isfinite(residual[[58, 62]]).all()


def test_a_mass_in_the_hand_lowers_the_forearm(subject, new):
    X = subject.data.loc[TRAIN].assign(hand_load_kg=0.0)
    regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, subject.target.loc[TRAIN])
    mean = {kg: regressor.predict(new.assign(hand_load_kg=kg)).mean() for kg in (0.0, 0.5, 1.0)}
    assert mean[0.0] > mean[0.5] > mean[1.0]


@MODES
def test_table_of_parameters(fitted, mode):
    table = fitted[mode].parameters_
    assert [name for name in table.columns if name in PARAMETER_COLUMNS] == PARAMETER_COLUMNS
    assert ((table["lower"] <= table["value"]) & (table["value"] <= table["upper"])).all()
    assert table["std_err"].isna().all() if mode == "network" else (table["std_err"] > 0).all()
    for name, values in table.groupby("name", sort=False)["value"]:
        np.testing.assert_array_equal(getattr(fitted[mode], f"{name}_"), values)
    assert fitted[mode].muscle_names_ == tuple(MUSCLES)


def test_a_value_on_its_bound_is_marked(subject):
    """A muscle three times as strong as its upper bound allows."""
    model = elbow().with_rows({("biceps", "max_isometric_force"): {"upper": 650.0}})
    X = subject.data.loc[TRAIN].assign(biceps=subject.data["biceps"] / 3)
    regressor = PhysicsInformedMSKRegressor(
        model, prediction="simulation", identify=["max_isometric_force"], emg_scale=None
    ).fit(X, subject.target.loc[TRAIN])
    table = regressor.parameters_.set_index("muscle")
    assert table.loc["biceps", "at_bound"]
    assert not table.loc["triceps", "at_bound"]


def test_correlation_is_symmetric_with_ones_on_its_diagonal(fitted):
    correlation = fitted["simulation"].parameter_correlation_
    table = fitted["simulation"].parameters_
    assert correlation.index.tolist() == (table["muscle"] + "/" + table["name"]).tolist()
    np.testing.assert_allclose(np.diag(correlation), 1.0)
    np.testing.assert_allclose(correlation, correlation.T)
    assert np.abs(correlation.to_numpy()).max() <= 1 + 1e-9


def test_uneven_time_steps_change_little(subject, fitted, new):
    """Every third frame is missing: the same motion on another grid."""
    kept = np.flatnonzero(np.arange(len(new)) % 3 != 1)
    full = pd.Series(fitted["simulation"].predict(new), new.index)
    thinned = new.iloc[kept]
    np.testing.assert_allclose(fitted["simulation"].predict(thinned), full.iloc[kept], atol=0.02)
