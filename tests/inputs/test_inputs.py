"""From the columns of X to what physics and network take."""

import numpy as np
import pytest

from sk_bionic import _inputs as inputs
from sk_bionic.learning.features import FeatureLayout, history_features, long_lags, shares_and_total, short_lags
from sk_bionic.musculoskeletal import (
    Joint,
    Muscle,
    MusculoskeletalModel,
    PolynomialPath,
    elbow,
    knee,
)
from sk_bionic.musculoskeletal.presets import place_limits
from sk_bionic.trials import Trials


def trials_of(*lengths, rate=100.0):
    time = np.concatenate([np.arange(n) / rate for n in lengths])
    return Trials(tuple("abc"[: len(lengths)]), np.cumsum([0, *lengths]), time)


def two_muscles_on_one_channel():
    parameters = {
        "max_isometric_force": 500.0,
        "optimal_fiber_length": 0.1,
        "tendon_slack_length": 0.2,
    }
    path = PolynomialPath((0.3, -0.03))
    muscles = [Muscle(name, path, "flexors", parameters) for name in ("long_head", "short_head")]
    muscles.append(Muscle("triceps", path, None, parameters))
    joint = Joint("elbow", parameters={"moment_of_inertia": 0.1, "segment_mass": 1.0})
    return MusculoskeletalModel(muscles, [joint])


def test_columns_are_matched_by_name_in_any_order():
    roles = inputs.assign_columns(("hand_load_kg", "triceps", "biceps"), elbow())
    assert roles.emg_names == ("biceps", "triceps")
    assert roles.emg.tolist() == [2, 1]
    assert roles.channel_weights.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert roles.exogenous == {"hand_load_kg": 0}


def test_muscles_may_share_a_channel():
    roles = inputs.assign_columns(("triceps", "flexors"), two_muscles_on_one_channel())
    assert roles.emg.tolist() == [1, 0]
    assert roles.channel_weights.tolist() == [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]


def test_the_lumped_joint_has_a_muscle_for_each_emg_column_and_coordinate():
    names = ("flexor", "hand_load_kg", "extensor")
    assert inputs.build_model("auto", names, 1).muscle_names == ("flexor", "extensor")
    two = inputs.build_model("auto", names, 2)
    assert two.n_coordinates == 2 and two.n_muscles == 4


@pytest.mark.parametrize("name", ["elbow", "wrist", "knee_seated", "knee_standing"])
def test_presets_are_built_by_name(name):
    assert inputs.build_model(name, (), 1).name == name


def test_columns_without_names_are_the_channels_in_their_order():
    assert inputs.names_for(elbow(), ("x0", "x1"), named=False) == ("biceps", "triceps")
    assert inputs.names_for(elbow(), ("emg", "load"), named=True) == ("emg", "load")


def test_stops_lie_at_the_ends_of_the_recorded_motion_where_the_joint_asks_for_it():
    angle = np.linspace(0.2, 1.2, 1001)[:, None]
    table = place_limits(knee("seated"), angle).parameters.as_dict()
    assert table["lower_limit"].item() == pytest.approx(0.22)
    assert table["upper_limit"].item() == pytest.approx(1.18)
    moved, as_it_was = place_limits(elbow(), angle), elbow()
    np.testing.assert_array_equal(moved.parameters.value, as_it_was.parameters.value)


def test_emg_that_is_normalised_already_is_left_alone():
    normalised = np.array([[0.2, 0.02], [0.7, 0.01]])
    np.testing.assert_array_equal(inputs.scale_of_emg(normalised, "auto"), [1, 1])
    np.testing.assert_array_equal(inputs.scale_of_emg(normalised, "max"), [0.7, 0.02])
    np.testing.assert_array_equal(inputs.scale_of_emg(1e3 * normalised, "auto"), [700, 20])
    np.testing.assert_array_equal(inputs.scale_of_emg(1e-3 * normalised, "auto"), [7e-4, 2e-5])
    np.testing.assert_array_equal(inputs.scale_of_emg(1e3 * normalised, None), [1, 1])
    np.testing.assert_array_equal(inputs.scale_of_emg(normalised, [2, 3]), [2, 3])


@pytest.mark.parametrize("edge", [1.0, 2.0, 4.0, 0.05, 0.025])
def test_the_scale_does_not_jump_with_the_largest_emg(edge):
    emg = np.array([[0.1, 0.35], [1.0, 0.02]])
    below, above = (inputs.scale_of_emg(factor * edge * emg, "auto") for factor in (1 - 1e-6, 1 + 1e-6))
    np.testing.assert_allclose(below, above, rtol=1e-4)


@pytest.mark.parametrize("largest", [0.6, 0.99, 1.0, 1.02, 1.5, 2.0])
def test_emg_somewhat_above_1_is_normalised_too(largest):
    np.testing.assert_array_equal(inputs.scale_of_emg(np.array([[0.0, 0.35], [largest, 0.1]]), "auto"), [1, 1])


def test_between_normalised_and_raw_the_scale_goes_from_1_to_the_largest_value():
    largest = np.linspace(2.0, 4.0, 9)
    scale = np.array([inputs.scale_of_emg(np.array([[top, 0.5]]), "auto") for top in largest])
    assert (np.diff(scale[:, 0]) > 0).all() and (np.diff(scale[:, 1]) < 0).all()
    np.testing.assert_allclose(scale[[0, -1]], [[1.0, 1.0], [4.0, 0.5]])


def test_a_silent_channel_is_not_divided_by_zero():
    np.testing.assert_array_equal(inputs.scale_of_emg(np.array([[0.0, 5.0]]), "max"), [1, 5])


def test_the_network_sees_the_root_of_the_emg_now_and_before():
    trials = trials_of(30, 30)
    emg = np.random.default_rng(0).uniform(size=(60, 2))
    features = history_features(emg, {}, trials, 0.1, FeatureLayout([0.0, 0.05, 0.1], emg.shape[1], 0))
    assert features.shape == (60, 2 * 3)
    np.testing.assert_allclose(features[:, :2], np.sqrt(emg))
    np.testing.assert_allclose(features[15, 2:4], np.sqrt(emg[10]))
    np.testing.assert_allclose(features[45, 4:], np.sqrt(emg[35]))


def test_history_stays_within_the_trial():
    trials = trials_of(30, 30)
    emg = np.random.default_rng(0).uniform(size=(60, 2))
    other = emg.copy()
    other[:30] += 1.0
    first, second = (
        history_features(x, {}, trials, 0.2, FeatureLayout([0.0, 0.1, 0.2], x.shape[1], 0)) for x in (emg, other)
    )
    np.testing.assert_array_equal(first[30:], second[30:])
    np.testing.assert_array_equal(first[30, 2:4], np.sqrt(emg[30]))  # held before the start


def test_external_inputs_come_last_as_they_are():
    load = np.linspace(0, 2, 30)
    features = history_features(
        np.ones((30, 1)), {"hand_load_kg": load}, trials_of(30), 0.05, FeatureLayout([0.0, 0.05], 1, 1)
    )
    np.testing.assert_array_equal(features[:, -1], load)


def test_history_shorter_than_a_trial_by_rounding_is_accepted():
    features = history_features(np.ones((5, 1)), {}, trials_of(5, rate=10.0), 0.4, FeatureLayout([0.0], 1, 0))
    assert len(features) == 5


def test_layout_finds_the_columns_of_some_lags_and_the_external_inputs():
    lags = np.union1d(short_lags(0.1), long_lags(0.1))
    layout = FeatureLayout(lags, n_channels=2, n_exogenous=1)
    trials = trials_of(60)
    time = trials.time[:, None] + np.array([0.0, 100.0])  # the root's square tells time and lag
    load = np.full(60, -1.0)
    features = history_features(time, {"hand_load_kg": load}, trials, 0.1, layout)
    seen = features[50, layout.columns([0.0, 0.04])]
    np.testing.assert_allclose(seen[:-1] ** 2, [0.5, 100.5, 0.46, 100.46], rtol=1e-6)
    assert seen[-1] == -1.0


def test_a_gain_of_all_channels_moves_their_total_and_leaves_their_shares():
    root = np.random.default_rng(0).uniform(0.3, 1.0, (50, 3))
    before, after = shares_and_total(root), shares_and_total(1.3 * root)
    np.testing.assert_allclose(after[:, :3], before[:, :3], atol=0.02)
    np.testing.assert_allclose(after[:, 3] - before[:, 3], np.log(1.3), atol=0.02)
    np.testing.assert_array_equal(shares_and_total(np.zeros((2, 3)))[:, :3], 0.0)  # silence has no shares


def test_layout_finds_the_shares_at_some_lags():
    trials, emg = trials_of(60), np.random.default_rng(0).uniform(size=(60, 2))
    layout = FeatureLayout(np.array([0.0, 0.1]), 2, 1, np.array([0.0, 0.05]))
    features = history_features(emg, {"hand_load_kg": np.full(60, -1.0)}, trials, 0.1, layout)
    assert features.shape == (60, layout.n_features)
    seen = features[50, layout.columns([], [0.05])]
    np.testing.assert_allclose(seen[:-1], shares_and_total(np.sqrt(emg))[45], rtol=1e-9)
    assert seen[-1] == -1.0


def test_lags_begin_now_and_the_short_ones_end_with_the_history():
    for lags, end in ((short_lags(0.5), 0.5), (long_lags(0.5), 1.0)):
        assert lags[0] == 0.0
        assert lags[-1] == pytest.approx(end)
        assert (np.diff(lags) > 0).all()
    assert short_lags(0.0).tolist() == [0.0]
