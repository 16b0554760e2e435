"""The estimator's three predictions: identification, new trials, missing angles."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.exceptions import SimulationError

TRIALS = [f"trial_{k:02d}" for k in range(5)]
TRAIN, NEW = TRIALS[:3], TRIALS[3:]
SIMULATION = {"prediction": "simulation"}
NETWORK = {"prediction": "network", "max_epochs": 60}
HYBRID = {"prediction": "hybrid", "max_epochs": 30}
MODES = pytest.mark.parametrize("mode", ["simulation", "network", "hybrid"])


def elbow_regressor(mode, **parameters):
    return PhysicsInformedMSKRegressor("elbow", random_state=0, **{**mode, **parameters})


def rmse_in_degrees(predicted, angle):
    return np.rad2deg(np.sqrt(np.mean((predicted - angle) ** 2)))


@pytest.fixture(scope="module")
def subject():
    """Five trials of 3 s at 50 Hz, without noise."""
    return make_elbow_flexion(5, duration=3.0, sampling_rate=50, angle_noise=0.0, random_state=1)


@pytest.fixture(scope="module")
def fitted(subject):
    """The three predictions, fitted on the first three trials."""
    X, y = subject.data.loc[TRAIN], subject.target.loc[TRAIN]
    modes = {"simulation": SIMULATION, "network": NETWORK, "hybrid": HYBRID}
    return {name: elbow_regressor(mode).fit(X, y) for name, mode in modes.items()}


def test_identification_finds_the_subject_without_noise(subject, fitted):
    found = fitted["simulation"].parameters_.merge(subject.parameters, on=["muscle", "name"], suffixes=("", "_true"))
    assert len(found) == len(subject.parameters)
    np.testing.assert_allclose(found["value"], found["value_true"], rtol=0.02)


def test_noise_of_a_degree_leaves_errors_of_the_size_reported():
    noisy = make_elbow_flexion(5, duration=3.0, sampling_rate=50, random_state=2)
    regressor = elbow_regressor(SIMULATION).fit(noisy.data.loc[TRAIN], noisy.target.loc[TRAIN])
    found = regressor.parameters_.merge(noisy.parameters, on=["muscle", "name"], suffixes=("", "_true"))
    deviation = np.abs(found["value"] - found["value_true"]) / found["std_err"]
    assert deviation.max() < 4
    new, angle = noisy.data.loc[NEW], noisy.angle.loc[NEW]
    assert rmse_in_degrees(regressor.predict(new), angle) < 3.0


def test_simulation_predicts_new_trials_within_three_degrees(subject, fitted):
    X, y = subject.data.loc[NEW], subject.target.loc[NEW]
    assert rmse_in_degrees(fitted["simulation"].predict(X), y) < 3.0


def test_hybrid_is_no_worse_than_the_network_on_new_trials(subject, fitted):
    X, y = subject.data.loc[NEW], subject.target.loc[NEW]
    error = {name: rmse_in_degrees(fitted[name].predict(X), y) for name in fitted}
    assert error["hybrid"] <= error["network"]
    assert error["hybrid"] < 3.0


@MODES
def test_score_is_the_coefficient_of_determination(subject, fitted, mode):
    X, y = subject.data.loc[NEW], subject.target.loc[NEW]
    score = fitted[mode].score(X, y)
    assert score == pytest.approx(r2_score(y, fitted[mode].predict(X)))
    assert score > 0.5


@MODES
def test_a_trial_is_predicted_alike_whatever_its_place_among_others(subject, fitted, mode):
    X = subject.data.loc[NEW]
    expected = pd.Series(fitted[mode].predict(X), X.index)
    swapped = subject.data.loc[NEW[::-1]]
    assert swapped.index[0] != X.index[0]
    predicted = pd.Series(fitted[mode].predict(swapped), swapped.index)
    np.testing.assert_allclose(predicted.loc[NEW], expected, atol=1e-6)
    alone = subject.data.loc[NEW[1:]]
    np.testing.assert_allclose(fitted[mode].predict(alone), expected.loc[NEW[1:]], atol=1e-6)


def test_order_of_the_training_trials_does_not_move_the_identified_values(subject, fitted):
    order = [TRAIN[2], TRAIN[0], TRAIN[1]]
    other = elbow_regressor(SIMULATION).fit(subject.data.loc[order], subject.target.loc[order])
    np.testing.assert_allclose(other.parameters_["value"], fitted["simulation"].parameters_["value"], rtol=1e-2)


def test_arrays_with_a_sampling_rate_and_named_trials_equal_the_data_frame(subject, fitted):
    X, y = subject.data.loc[TRAIN], subject.target.loc[TRAIN]
    trial = X.index.get_level_values("trial")
    arrays = elbow_regressor(SIMULATION, sampling_rate=50)
    arrays.fit(X.to_numpy(), y.to_numpy(), trial=trial)
    frames = fitted["simulation"]
    np.testing.assert_allclose(arrays.parameters_["value"], frames.parameters_["value"], rtol=1e-6)
    new = subject.data.loc[NEW[:1]]
    np.testing.assert_allclose(arrays.predict(new.to_numpy()), frames.predict(new), atol=1e-6)


def test_a_trial_without_any_angle_adds_nothing_to_the_identification(subject, fitted):
    X, y = subject.data.loc[TRIALS[:4]], subject.target.loc[TRIALS[:4]].copy()
    y.loc[[TRIALS[3]]] = np.nan
    other = elbow_regressor(SIMULATION).fit(X, y)
    expected = fitted["simulation"].parameters_
    np.testing.assert_allclose(other.parameters_["value"], expected["value"], rtol=1e-3)


def test_identification_survives_gaps_in_every_trial(subject):
    X, y = subject.data.loc[TRAIN], subject.target.loc[TRAIN].copy()
    y.iloc[np.random.default_rng(0).random(len(y)) < 0.3] = np.nan
    y.iloc[175:210] = np.nan  # 0.7 s in one piece
    regressor = elbow_regressor(SIMULATION).fit(X, y)
    new = subject.data.loc[NEW]
    assert rmse_in_degrees(regressor.predict(new), subject.target.loc[NEW]) < 3.0


def test_network_ignores_the_angles_of_frames_without_weight(subject):
    X, y = subject.data.loc[TRAIN[:1]], subject.target.loc[TRAIN[:1]]
    weight = np.ones(len(y))
    weight[50:100] = 0.0
    predictions = []
    for replacement in (0.3, np.nan):
        angle = y.copy()
        angle.iloc[50:100] = replacement
        regressor = elbow_regressor(NETWORK, max_epochs=5).fit(X, angle, sample_weight=weight)
        predictions.append(regressor.predict(X))
    np.testing.assert_array_equal(*predictions)


def test_unlabelled_frames_are_held_to_the_equation_of_motion(subject):
    """The EMG of a trial without angles regularises the network there."""
    X, y = subject.data.loc[TRIALS[:2]], subject.target.loc[TRIALS[:2]].copy()
    y.loc[[TRIALS[1]]] = np.nan
    unlabelled = X.loc[[TRIALS[1]]]
    size = {}
    for ode_weight in (0.0, 1.0):
        regressor = elbow_regressor(NETWORK, ode_weight=ode_weight, force_weight=0.0).fit(X, y)
        residual = regressor.residual(unlabelled, regressor.predict(unlabelled))
        size[ode_weight] = np.nanmean(residual**2)
    assert size[1.0] < 0.5 * size[0.0]


def test_only_named_parameters_are_identified(subject):
    X, y = subject.data.loc[TRAIN[:1]], subject.target.loc[TRAIN[:1]]
    names = ["max_isometric_force", "triceps/optimal_fiber_length"]
    regressor = elbow_regressor(SIMULATION, identify=names).fit(X, y)
    found = list(zip(regressor.parameters_["muscle"], regressor.parameters_["name"], strict=False))
    assert found == [
        ("biceps", "max_isometric_force"),
        ("triceps", "max_isometric_force"),
        ("triceps", "optimal_fiber_length"),
    ]
    generic = elbow_regressor(SIMULATION, identify=[]).fit(X, y)
    assert generic.parameters_.empty
    assert regressor.optimal_fiber_length_[0] == generic.optimal_fiber_length_[0]
    assert regressor.optimal_fiber_length_[1] != generic.optimal_fiber_length_[1]


def test_no_weight_on_the_physics_leaves_a_plain_network(subject):
    """The network of one frame's EMG equals the static network of the same inputs."""
    X, y = subject.data.loc[TRAIN[:1]], subject.target.loc[TRAIN[:1]]
    plain = {"history": 0.0, "ode_weight": 0.0, "force_weight": 0.0, "input_noise": 0.0}
    network = elbow_regressor(NETWORK, max_epochs=20, **plain).fit(X, y)
    roots = np.sqrt(X.to_numpy())  # what the network sees of the EMG
    static = PhysicsInformedMSKRegressor(random_state=0, max_epochs=20, ode_weight=0).fit(roots, y.to_numpy())
    np.testing.assert_allclose(network.predict(X), static.predict(roots), atol=1e-8)


def test_without_epochs_the_hybrid_is_the_simulation(subject, fitted):
    X, y = subject.data.loc[TRAIN], subject.target.loc[TRAIN]
    hybrid = elbow_regressor(HYBRID, max_epochs=0).fit(X, y)
    new = subject.data.loc[NEW]
    np.testing.assert_array_equal(hybrid.predict(new), fitted["simulation"].predict(new))
    assert hybrid.module_ is None and hybrid.n_iter_ >= 1


def test_hybrid_lies_between_network_and_simulation(subject):
    """A vanishing weight of the equation leaves the network, a large one the simulation."""
    X, y = subject.data.loc[TRAIN[:2]], subject.target.loc[TRAIN[:2]]
    new = subject.data.loc[NEW]
    gap = {}
    for ode_weight in (1e-9, 1e6):
        hybrid = elbow_regressor(HYBRID, max_epochs=10, ode_weight=ode_weight, output_cutoff=None)
        hybrid.fit(X, y)
        simulated = hybrid.simulate(new)
        settled = np.concatenate([np.arange(75, 150), np.arange(225, 300)])  # start states differ
        gap[ode_weight] = rmse_in_degrees(hybrid.predict(new)[settled], simulated[settled])
    assert gap[1e6] < 0.5
    assert gap[1e-9] > 5 * gap[1e6]


@pytest.mark.parametrize(
    "mode, terms",
    [
        (NETWORK, {"data_loss", "ode_loss", "force_loss", "prior_loss"}),
        (HYBRID, {"data_loss", "ode_loss", "force_loss", "prior_loss"}),
    ],
    ids=["network", "hybrid"],
)
def test_history_has_every_term_of_the_criterion(subject, mode, terms):
    X, y = subject.data.loc[TRAIN[:2]], subject.target.loc[TRAIN[:2]]
    mode = {**mode, "max_epochs": 3, "ode_weight": 1.0}
    for early_stopping in (False, True):
        regressor = elbow_regressor(mode, early_stopping=early_stopping).fit(X, y)
        assert len(regressor.history_) == regressor.n_iter_ == 3
        for epoch in regressor.history_:
            assert terms | {"train_loss"} <= set(epoch)
            assert ("validation_loss" in epoch) == early_stopping
        assert (regressor.module_.source == 0).all()  # networks that only served to be held out are gone
    assert elbow_regressor(SIMULATION).fit(X, y).history_ == []


def test_warm_start_goes_on_where_the_last_fit_ended(subject):
    X, y = subject.data.loc[TRAIN[:2]], subject.target.loc[TRAIN[:2]]
    regressor = elbow_regressor(NETWORK, max_epochs=20, warm_start=True).fit(X, y)
    first, forces = regressor.history_, regressor.max_isometric_force_
    second = regressor.fit(X, y).history_
    assert second[0]["data_loss"] < 0.3 * first[0]["data_loss"]
    assert second[0]["prior_loss"] > 0.5 * first[-1]["prior_loss"] > first[0]["prior_loss"]
    assert not np.array_equal(regressor.max_isometric_force_, forces)


def test_early_stopping_ends_training_when_held_out_trials_get_worse(subject):
    X, y = subject.data.loc[TRAIN[:2]], subject.target.loc[TRAIN[:2]]
    noise = pd.Series(0.3 * np.random.default_rng(0).normal(size=len(y)), y.index)
    stopping = {"early_stopping": True, "n_iter_no_change": 3, "lr": 0.1, "ode_weight": 0.0}
    regressor = elbow_regressor(NETWORK, max_epochs=200, **stopping).fit(X, noise)
    assert regressor.n_iter_ < 200


def test_where_the_physics_fails_the_network_predicts_alone_and_says_so(subject, monkeypatch):
    def failing(*arguments, **options):
        raise SimulationError("The simulation of trial 'trial_00' did not converge.")

    monkeypatch.setattr("sk_bionic.predictors.simulation.identify", failing)
    X, y = subject.data.loc[TRAIN[:1]], subject.target.loc[TRAIN[:1]]
    regressor = elbow_regressor(HYBRID, max_epochs=3)
    with pytest.warns(ConvergenceWarning, match="physics failed .*trial 'trial_00'"):
        regressor.fit(X, y)
    angle, std = regressor.predict(X, return_std=True)
    assert np.isfinite(angle).all() and (std > 0).all()
    assert regressor.ode_weight_ == 0.0
    assert regressor.predict_muscle_forces(X).shape == X.shape
    for mode in (SIMULATION, {**HYBRID, "max_epochs": 0}):
        with pytest.raises(SimulationError):
            elbow_regressor(mode).fit(X, y)


@MODES
def test_two_joint_angles_of_the_lumped_model(mode):
    rate, n = 50, 100
    time = np.arange(n) / rate
    index = pd.MultiIndex.from_product([["a", "b"], time], names=["trial", "time"])
    emg = np.concatenate([0.4 + 0.3 * np.sin([3 * time + s, 5 * time + s]) for s in (0, 1)], axis=1).T
    X = pd.DataFrame(emg, index, ["flexor", "extensor"])
    y = pd.DataFrame(0.5 * (emg @ [[1.0, 0.3], [-0.5, 0.4]]), index, ["elbow", "wrist"])
    settings = {"prediction": mode, "max_epochs": 5, "ode_weight": 0.1, "random_state": 0}
    regressor = PhysicsInformedMSKRegressor(identify=["moment_arm_scale"], **settings).fit(X, y)
    angle, std = regressor.predict(X, return_std=True)
    assert angle.shape == std.shape == (2 * n, 2)
    assert angle.columns.tolist() == std.columns.tolist() == ["elbow", "wrist"]
    assert np.isfinite(angle.to_numpy()).all() and (std.to_numpy() > 0).all()
    assert regressor.simulate(X).shape == (2 * n, 2)
    assert regressor.residual(X, y).shape == (2 * n, 2)
    assert regressor.predict_joint_torques(X).columns.tolist() == ["angle0", "angle1"]
    assert regressor.predict_muscle_forces(X).shape == (2 * n, 4)


def test_a_limb_that_never_moves_can_be_fitted(subject):
    X = subject.data.loc[TRAIN[:1]]
    regressor = PhysicsInformedMSKRegressor(prediction="simulation").fit(X, np.full(len(X), 0.7))
    np.testing.assert_allclose(regressor.predict(X), 0.7, atol=0.02)


def test_a_fit_without_time_forgets_the_model_of_the_fit_before(subject):
    X, y = subject.data.loc[TRAIN[:1]], subject.target.loc[TRAIN[:1]]
    regressor = elbow_regressor(NETWORK, max_epochs=1).fit(X, y)
    assert hasattr(regressor, "parameters_") and hasattr(regressor, "max_isometric_force_")
    regressor.set_params(ode_weight=0).fit(X.reset_index(drop=True), y.reset_index(drop=True))
    assert not hasattr(regressor, "parameters_") and not hasattr(regressor, "max_isometric_force_")


def test_without_time_the_estimator_is_a_static_network():
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(200, 2))
    y = X @ [1.0, -0.5]
    with pytest.warns(UserWarning, match="no time axis"):
        regressor = PhysicsInformedMSKRegressor(random_state=0, max_epochs=100).fit(X, y)
    assert regressor.model_ is None
    order = rng.permutation(200)
    np.testing.assert_allclose(regressor.predict(X[order]), regressor.predict(X)[order])
    assert regressor.score(X, y) > 0.95


def test_what_the_held_out_parts_decided_is_told(subject, fitted):
    hybrid = fitted["hybrid"]
    assert hybrid.ode_weight_ in hybrid.held_out_rmse_
    assert hybrid.held_out_rmse_[hybrid.ode_weight_] <= hybrid.held_out_rmse_[0.0]
    assert sum(hybrid.member_weights_.values()) == pytest.approx(1.0)
    assert hybrid.output_cutoff_ > 0.5
    assert fitted["simulation"].member_weights_ == {}


def test_without_weight_of_the_equation_the_simulation_is_not_seen(subject):
    X, y = subject.data.loc[TRAIN[:2]], subject.target.loc[TRAIN[:2]]
    plain = elbow_regressor(HYBRID, max_epochs=3, ode_weight=0).fit(X, y)
    assert set(plain.member_weights_) == {"history", "long_history", "shares", "forest_of_emg"}
    other = elbow_regressor(HYBRID, max_epochs=3, ode_weight=0, identify=[]).fit(X, y)
    np.testing.assert_array_equal(other.predict(X), plain.predict(X))


def test_a_load_beyond_the_training_is_left_to_the_physics(subject):
    """Learners that never saw a load know nothing about it."""
    X, y = subject.data.loc[TRAIN].assign(hand_load_kg=0.0), subject.target.loc[TRAIN]
    hybrid = elbow_regressor(HYBRID, ode_weight=0.1).fit(X, y)
    new = subject.data.loc[NEW[:1]].assign(hand_load_kg=0.0)
    loaded = new.assign(hand_load_kg=1.0)
    simulated = hybrid.simulate(loaded) - hybrid.simulate(new)
    predicted = hybrid.predict(loaded) - hybrid.predict(new)
    assert np.mean(simulated) < -0.05  # the weight pulls the forearm down
    assert np.mean(predicted) < 0.5 * np.mean(simulated)


def test_trials_may_have_emg_gains_of_their_own():
    X, y = make_elbow_flexion(n_trials=2, duration=2.0, random_state=0, return_X_y=True)
    first = X.index.get_level_values("trial") == "trial_00"
    X.loc[first] *= 0.8
    regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation", trial_gain_std=0.2).fit(X, y)
    assert (regressor.trial_gain_.loc["trial_00"] > 1.05).all()
    assert (regressor.trial_gain_.loc["trial_01"] < 0.95).all()
    assert list(regressor.trial_gain_.columns) == list(regressor.muscle_names_)


@pytest.mark.parametrize("prediction", ["simulation", "network"])
def test_what_follows_a_hole_in_time_is_a_trial_of_its_own(prediction):
    X, y = make_elbow_flexion(n_trials=1, duration=6.0, random_state=0, return_X_y=True)
    time = X.index.get_level_values("time")
    kept = (time < 2.0) | (time >= 4.0)
    renamed = X[kept].reset_index()
    renamed.loc[renamed["time"] >= 4.0, "trial"] = "another"
    renamed = renamed.set_index(["trial", "time"])
    options = {"prediction": prediction, "random_state": 0, "max_epochs": 5, "warm_start": False}
    by_hole = PhysicsInformedMSKRegressor("elbow", **options).fit(X[kept], y[kept])
    by_name = PhysicsInformedMSKRegressor("elbow", **options).fit(renamed, y[kept].to_numpy())
    np.testing.assert_array_equal(by_hole.predict(X[kept]), by_name.predict(renamed))
