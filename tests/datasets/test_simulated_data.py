import random

import numpy as np
import pandas as pd
import pytest
import torch

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.datasets._elbow_truth import StretchingTendons
from sk_bionic.musculoskeletal import elbow
from sk_bionic.trials import CentralDifferences, find_trials

SMALL = {"n_trials": 2, "duration": 2.0, "random_state": 0}


@pytest.fixture(scope="module")
def flexion():
    """Two short trials at a rate that suits differences."""
    return make_elbow_flexion(**SMALL, sampling_rate=500)


@pytest.fixture(scope="module")
def mismatched():
    return make_elbow_flexion(**SMALL, sampling_rate=500, mismatch=1.0)


@pytest.fixture(scope="module")
def training_set():
    return make_elbow_flexion(random_state=0)


def kinematics(bunch):
    """Inner frames; angle, velocity and acceleration by differences and true activation there."""
    difference = CentralDifferences(find_trials(bunch.data))
    angle = bunch.angle.to_numpy()[:, None].copy()
    inner = difference.inner
    activation = bunch.activations.to_numpy().copy()
    return inner, angle[inner], *difference(angle), activation[inner]


def test_everything_has_one_index_of_trials_and_seconds(flexion):
    trials = find_trials(flexion.data)
    assert trials.names == ("trial_00", "trial_01")
    np.testing.assert_array_equal(trials.lengths, 1000)
    np.testing.assert_allclose(trials.time[:1000], np.arange(1000) / 500)
    for other in (flexion.target, flexion.angle, flexion.muscle_forces, flexion.activations):
        pd.testing.assert_index_equal(other.index, flexion.data.index)


def test_columns_are_named(flexion):
    assert flexion.feature_names == ["biceps", "triceps"] == list(flexion.data.columns)
    assert list(flexion.muscle_forces.columns) == list(flexion.activations.columns) == ["biceps", "triceps"]
    assert flexion.target_names == ["elbow_flexion"] == [flexion.target.name]
    assert "LSODA" in flexion.DESCR


def test_return_X_y_gives_the_same_data_and_target(flexion):
    data, target = make_elbow_flexion(**SMALL, sampling_rate=500, return_X_y=True)
    pd.testing.assert_frame_equal(data, flexion.data)
    pd.testing.assert_series_equal(target, flexion.target)


def test_same_random_state_gives_the_same_bits_and_leaves_global_states_alone():
    np.random.seed(7)
    before = np.random.get_state()[1].copy(), torch.get_rng_state(), random.getstate()
    first, second = (make_elbow_flexion(**SMALL, emg_noise=0.1, mismatch=0.5) for _ in range(2))
    make_elbow_flexion(1, duration=1.0)  # without a seed
    for name in ("data", "muscle_forces", "activations", "parameters"):
        pd.testing.assert_frame_equal(first[name], second[name], check_exact=True)
    pd.testing.assert_series_equal(first.target, second.target, check_exact=True)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])
    assert random.getstate() == before[2]


def test_another_random_state_is_another_subject():
    draws = [make_elbow_flexion(1, duration=1.0, random_state=s) for s in (1, np.random.RandomState(2), None, None)]
    values = np.array([draw.parameters["value"] for draw in draws])
    assert len(np.unique(values, axis=0)) == 4
    assert len({draw.data["biceps"].max() for draw in draws}) == 4


def test_noise_and_rate_do_not_change_the_motion(flexion):
    coarse = make_elbow_flexion(**SMALL, sampling_rate=100, emg_noise=0.2, angle_noise=0.3)
    common = flexion.angle.to_numpy().reshape(2, 200, 5)[:, :, 0]
    np.testing.assert_allclose(coarse.angle.to_numpy().reshape(2, 200), common, rtol=0, atol=1e-6)
    pd.testing.assert_frame_equal(coarse.parameters, flexion.parameters)


def test_more_trials_keep_the_first_ones(flexion):
    more = make_elbow_flexion(**{**SMALL, "n_trials": 3}, sampling_rate=500)
    pd.testing.assert_frame_equal(more.data.iloc[:2000], flexion.data)
    np.testing.assert_allclose(more.angle.iloc[:2000], flexion.angle, rtol=0, atol=1e-6)


def test_every_trial_has_excitations_of_its_own(flexion):
    first, second = (trial.to_numpy() for _, trial in flexion.data.groupby("trial"))
    assert np.abs(first - second).max(axis=0).min() > 0.1


def test_angle_noise_is_white_with_the_given_deviation(flexion):
    noise = (flexion.target - flexion.angle).to_numpy()
    assert noise.std() == pytest.approx(np.deg2rad(1.0), rel=0.05)
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 0.07
    clean = make_elbow_flexion(**SMALL, angle_noise=0.0)
    np.testing.assert_array_equal(clean.target, clean.angle)


def test_emg_noise_is_relative_and_never_negative(flexion):
    noisy = make_elbow_flexion(**SMALL, sampling_rate=500, emg_noise=0.2).data
    assert noisy.to_numpy().min() >= 0.0
    active = flexion.data > 0.1
    ratio = (noisy / flexion.data)[active].stack()
    assert ratio.std() == pytest.approx(0.2, rel=0.15)
    assert ratio.mean() == pytest.approx(1.0, abs=0.05)


def test_emg_is_quiet_at_first_and_then_well_below_full_effort(training_set):
    emg = training_set.data
    quiet = emg[emg.index.get_level_values("time") <= 0.3]
    np.testing.assert_array_equal(quiet.groupby("trial").nunique(), 1)
    assert ((quiet >= 0.01) & (quiet <= 0.03)).all(axis=None)
    peak = emg.groupby("trial").max().max(axis=1)
    assert ((peak > 0.2) & (peak < 0.9)).all()


def test_training_set_covers_most_of_the_range_without_resting_on_the_stops(training_set):
    angle = np.rad2deg(training_set.angle)
    assert angle.quantile(0.02) < 15
    assert angle.quantile(0.98) > 85
    assert ((angle < 0) | (angle > 137)).mean() < 0.1


def test_muscles_work_in_turn_and_together(training_set):
    biceps, triceps = (training_set.data > 0.05).to_numpy().T  # all the rest is below 0.03
    for share in (biceps & ~triceps, triceps & ~biceps, biceps & triceps):
        assert share.mean() > 0.05


def test_parameters_are_the_free_ones_of_the_model_and_close_to_the_generic_ones(flexion):
    table, generic = flexion.parameters, elbow().parameters
    assert list(table.columns) == ["muscle", "name", "value"]
    expected = [(row.owner, row.name, row.value) for row in flexion.model.parameters.rows if row.free]
    assert list(table.itertuples(index=False, name=None)) == expected
    p, g = flexion.model.parameters.as_dict(), generic.as_dict()
    for name in ("max_isometric_force", "optimal_fiber_length"):
        assert (np.abs(p[name] / g[name] - 1.0) <= 0.25).all()
    assert (np.abs(p["tendon_slack_length"] - g["tendon_slack_length"]) <= 0.1 * g["optimal_fiber_length"]).all()
    assert ((p["electromechanical_delay"] >= 0.02) & (p["electromechanical_delay"] <= 0.06)).all()
    assert ((p["emg_shape_factor"] >= -2.0) & (p["emg_shape_factor"] <= -0.5)).all()
    fixed = [name for name in g if name not in set(table["name"])]
    assert all(np.array_equal(p[name], g[name]) for name in fixed)


def test_trials_start_at_rest_in_equilibrium(flexion):
    angle = flexion.angle.to_numpy().reshape(2, -1)
    np.testing.assert_allclose(angle[:, :150], np.repeat(angle[:, :1], 150, axis=1), rtol=0, atol=1e-6)
    first = angle[:, :1].copy()
    activation = flexion.activations.to_numpy().reshape(2, -1, 2)[:, 0].copy()
    residual = flexion.model.residual(first, 0.0 * first, 0.0 * first, activation)
    np.testing.assert_allclose(residual, 0.0 * residual, rtol=0, atol=1e-6)


def test_motion_obeys_the_models_equation(flexion):
    _, *states = kinematics(flexion)
    residual = flexion.model.residual(*states)
    inertial = flexion.model.parameters.as_dict()["moment_of_inertia"] * states[2]
    assert np.abs(residual).max() < 0.01 * np.abs(inertial).max()


def test_muscle_forces_are_those_of_the_model(flexion):
    inner, angle, velocity, _, activation = kinematics(flexion)
    state, _ = flexion.model.muscle_state(angle, velocity, activation)
    np.testing.assert_allclose(flexion.muscle_forces.to_numpy()[inner], state.tendon_force, rtol=1e-3, atol=0.1)
    assert (flexion.muscle_forces > 0).all(axis=None)


def test_activation_follows_the_emg_after_the_delay(flexion):
    delays = flexion.model.parameters.as_dict()["electromechanical_delay"]
    for (_, emg), (_, activation) in zip(
        flexion.data.groupby("trial"), flexion.activations.groupby("trial"), strict=True
    ):
        onsets = [np.abs(x - x.iloc[0]).gt(1e-6).to_numpy().argmax(axis=0) / 500 for x in (emg, activation)]
        assert (onsets[1] - onsets[0] > delays - 1 / 500).all()
        assert (onsets[1] - onsets[0] < delays + 0.03).all()  # bursts begin softly
        assert ((activation > 0) & (activation < 1)).all(axis=None)


def test_mismatch_departs_from_the_model_and_leaves_the_emg_alone(flexion, mismatched):
    pd.testing.assert_frame_equal(mismatched.data, flexion.data)
    _, *states = kinematics(mismatched)
    assert np.abs(mismatched.model.residual(*states)).max() > 0.5
    assert np.rad2deg(np.abs(mismatched.angle - flexion.angle).max()) > 5.0


def test_mismatch_hides_its_muscle_and_lengthens_the_delay(flexion, mismatched):
    for name in ("data", "muscle_forces", "activations"):
        assert list(mismatched[name].columns) == ["biceps", "triceps"]
    assert mismatched.model.muscle_names == ("biceps", "triceps")
    difference = (mismatched.parameters["value"] - flexion.parameters["value"]).to_numpy()
    is_delay = flexion.parameters["name"] == "electromechanical_delay"
    np.testing.assert_allclose(difference, np.where(is_delay, 0.02, 0.0), rtol=0, atol=1e-12)


def test_mismatch_grows_from_nothing(flexion):
    little = make_elbow_flexion(**SMALL, sampling_rate=500, mismatch=1e-3)
    assert np.rad2deg(np.abs(little.angle - flexion.angle).max()) < 0.5


def test_stretching_tendons_shorten_the_fibers():
    rigid = elbow()
    stretching = StretchingTendons(rigid.muscles, rigid.joints)
    angle = np.linspace(0.1, 2.0, 6)[:, None]
    activation = np.full((6, 2), 0.5)
    unstretched, _ = rigid.muscle_state(angle, 0.0 * angle, activation)
    for strain in (0.0, 0.049):
        stretching.strain_at_max_force = strain
        state, _ = stretching.muscle_state(angle, 0.0 * angle, activation)
        along = unstretched.fiber_length * unstretched.cos_pennation - state.fiber_length * state.cos_pennation
        parameters = rigid.parameters.as_dict()
        expected = strain * parameters["tendon_slack_length"] * state.tendon_force / parameters["max_isometric_force"]
        np.testing.assert_allclose(along, expected, rtol=0.1, atol=1e-5)  # four passes are close to equilibrium


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"n_trials": 0}, "n_trials"),
        ({"duration": 0.5}, "duration"),
        ({"sampling_rate": 0}, "sampling_rate"),
        ({"angle_noise": -0.1}, "angle_noise"),
        ({"emg_noise": -0.1}, "emg_noise"),
        ({"mismatch": 1.5}, "mismatch"),
        ({"random_state": "x"}, "random_state"),
    ],
)
def test_wrong_argument_is_refused_by_name(arguments, named):
    with pytest.raises(ValueError, match=f"'{named}' parameter of make_elbow_flexion must be"):
        make_elbow_flexion(**arguments)
