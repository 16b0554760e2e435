"""Folds, combination and trust of the hybrid."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_arm_reaching, make_elbow_flexion
from sk_bionic.identification.with_model_error import explains
from sk_bionic.learning.ensemble import Learners, combine, nearness, noise_for_labels, stacked_weights, with_fewer_trees
from sk_bionic.learning.folds import LAST_TO_FIRST, folds, n_repetitions, recency, training_frames, usable_folds
from sk_bionic.predictors.error_size import Beyond, ErrorSize, velocity_of, within
from sk_bionic.predictors.held_out import CrossValidation, HeldOutErrors, _best_weight, relative_std
from sk_bionic.trials import Recording, Trials
from sk_bionic.trials.filters import choose_cutoff, smooth


def trials_of(*lengths, rate=100.0):
    time = np.concatenate([np.arange(n) / rate for n in lengths])
    return Trials(tuple(range(len(lengths))), np.cumsum([0, *lengths]), time)


@pytest.mark.parametrize("lengths", [(900,), (400, 700), (50, 60, 70, 80)], ids=str)
@pytest.mark.parametrize("gap", [0.0, 0.2, 5.0])
@pytest.mark.parametrize("period", [1.0, 50.0])
def test_every_frame_is_held_out_once_and_hidden_with_a_gap_beside_it(lengths, gap, period):
    trials = trials_of(*lengths)
    parts = list(folds(trials, gap, np.sin(2 * np.pi * trials.time / period)[:, None]))
    assert np.array_equal(sum(test.astype(int) for test, _ in parts), np.ones(trials.n_frames, int))
    for test, hidden in parts:
        assert (hidden | ~test).all()
        if len(lengths) < 3:
            assert hidden.mean() <= 0.51 and (gap == 0.0 or hidden.sum() > test.sum())
        else:
            assert np.array_equal(test, hidden)
            assert all(np.ptp(test[rows].astype(int)) == 0 for rows in trials.slices)


def test_the_gap_beside_a_block_is_as_wide_as_asked_for():
    trials = trials_of(9000)
    for test, hidden in folds(trials, 0.5):
        edges = np.flatnonzero(np.diff(test.astype(int)))
        for edge in edges:
            beside = np.abs(trials.time - trials.time[edge]) < 0.48
            assert hidden[beside].all()
        far = np.min(np.abs(trials.time[:, None] - trials.time[test][None, ::10]), axis=1) > 0.65
        assert not hidden[far].any()


def test_thirds_where_each_has_a_movement_and_blocks_in_turn_where_not():
    trials = trials_of(1000)
    for period, n_blocks in ((2.0, 3), (8.0, 9)):
        angle = np.sin(2 * np.pi * trials.time / period)[:, None]
        tests = np.stack([test for test, _ in folds(trials, 0.1, angle)])
        assert (np.diff(tests.argmax(axis=0)) != 0).sum() == n_blocks - 1


def test_repetitions_are_counted_there_and_back_whatever_is_missing():
    trials = trials_of(1000, 500)
    angle = np.sin(2 * np.pi * trials.time / 2.5)[:, None] + 0.01
    assert n_repetitions(angle, trials) in (4, 5, 6)  # one of each trial may be incomplete
    angle[::3] = np.nan
    assert n_repetitions(angle, trials) in (4, 5, 6)
    assert n_repetitions(np.zeros((1500, 1)), trials) == 0


def test_neighbouring_frames_are_thinned_but_scarce_labels_are_all_kept():
    trials = trials_of(600, 300)
    labelled = np.ones(900, bool)
    frames = training_frames(trials, labelled)
    assert 250 < len(frames) < 350
    scarce = np.zeros(900, bool)
    scarce[::40] = True
    assert np.isin(np.flatnonzero(scarce), training_frames(trials, scarce)).all()
    short = trials_of(60, 300)
    assert len(training_frames(short, np.ones(360, bool))) == 360


def test_better_members_weigh_more_and_alike_ones_alike():
    rng = np.random.default_rng(0)
    errors = {name: size * rng.normal(size=(500, 1)) for name, size in (("good", 1.0), ("bad", 3.0))}
    weights = stacked_weights(errors)
    assert sum(weights.values()) == pytest.approx(1.0)
    assert 0.0 < weights["bad"] < weights["good"]
    alike = {"a": np.ones((5, 1)), "b": np.ones((5, 1))}
    assert stacked_weights(alike)["a"] == pytest.approx(0.5)
    assert stacked_weights(alike, {"a": 2.0, "b": 1.0})["a"] == pytest.approx(2 / 3)


def test_stacking_favours_whose_errors_cancel_and_lets_nobody_count_negatively():
    rng = np.random.default_rng(1)
    common, own = rng.normal(size=(2, 4000, 1))
    errors = {"a": common, "same as a": common, "opposite": 0.5 * own - 0.8 * common, "worse a": 2.0 * common + own}
    weights = stacked_weights(errors)
    assert max(weights, key=weights.get) == "opposite"
    assert weights["a"] == pytest.approx(weights["same as a"], abs=1e-6)
    assert min(weights.values()) >= 0.0
    error = sum(weights[name] * errors[name] for name in errors)
    equal = np.mean(list(errors.values()), axis=0)
    assert np.mean(error**2) < np.mean(equal**2)


def test_weights_stay_near_equal_where_members_are_equally_good():
    rng = np.random.default_rng(2)
    weights = stacked_weights({k: rng.normal(size=(2000, 1)) for k in range(5)})
    np.testing.assert_allclose(list(weights.values()), 0.2, atol=0.02)


def test_every_member_is_smoothed_as_it_needs():
    trials = trials_of(600, 400)
    wave = np.sin(2 * np.pi * 3.0 * trials.time)[:, None]
    learners = Learners(None, None, 0, None, None, None, {}, {"a": 1.0, "b": 1.0}, {"a": 0.6})
    combined = learners.combined({"a": wave, "b": wave}, trials)
    np.testing.assert_allclose(combined.angle, (smooth(wave, trials, 0.6) + wave) / 2)


def test_combination_is_the_weighted_mean_with_its_variance():
    members = {"a": np.array([[1.0], [2.0]]), "b": np.array([[3.0], [2.0]])}
    angle, spread = combine(members, {"a": 3.0, "b": 1.0})
    np.testing.assert_allclose(angle, [[1.5], [2.0]])
    np.testing.assert_allclose(spread, [[0.75], [0.0]])
    np.testing.assert_allclose(np.mean(relative_std(spread, spread.mean()) ** 2), 1.0)


def test_physics_leads_only_where_it_has_proved_clearly_better():
    assert _best_weight({0.0: 5.0, 0.1: 4.99, np.inf: 4.9}) == 0.0
    assert _best_weight({0.0: 5.0, 0.1: 4.8, 10.0: 4.7, np.inf: 9.0}) == 0.1
    assert _best_weight({0.0: 5.0, 0.1: 4.8, np.inf: 1.0}) == np.inf
    assert _best_weight({0.0: 5.0, 100.0: 1.0, np.inf: 1.02}) == np.inf  # which needs no learners
    assert _best_weight({0.0: 5.0, 100.0: 1.0, np.inf: 2.0}) == 100.0
    assert _best_weight({0.7: 5.0}) == 0.7
    assert _best_weight({0.0: 5.0, 0.1: 4.8, 0.3: 4.5, np.inf: 1.0}, repeated=False) == 0.1


def test_cutoff_that_separates_motion_from_fluctuation_is_found():
    trials = trials_of(2000)
    angle = np.sin(2 * np.pi * 0.3 * trials.time)[:, None]
    disturbed = angle + 0.3 * np.sin(2 * np.pi * 4.0 * trials.time)[:, None]
    cutoff = choose_cutoff(disturbed, angle, trials)
    assert 0.5 < cutoff < 3.0
    assert np.std(smooth(disturbed, trials, cutoff) - angle) < 0.2 * np.std(disturbed - angle)
    assert choose_cutoff(angle, angle, trials) == np.inf


def test_a_low_pass_that_was_tested_at_rest_alone_takes_no_movement():
    trials, rng = trials_of(900), np.random.RandomState(0)
    moved = np.where(trials.time < 3.0, 0.1, 0.5 - 0.4 * np.cos(2 * np.pi * (trials.time - 3.0)))[:, None]
    predicted = moved + 0.02 * rng.normal(size=moved.shape)

    def chosen(labelled):
        held_out = CrossValidation.__new__(CrossValidation)
        held_out.motion, held_out.parts = SimpleNamespace(trials=trials), [(labelled, labelled)]
        held_out.data = SimpleNamespace(angle=np.where(labelled[:, None], moved, np.nan))
        return held_out._cutoff([predicted])

    everywhere, pieces = (chosen(mask) for mask in (trials.time >= 0, trials.time % 1.0 < 0.5))
    assert everywhere == pieces
    assert min(everywhere, chosen(trials.time < 3.0)) >= 2.0  # twice as fast as the movement


def test_angles_without_weight_are_as_unknown_ones():
    X, y = make_elbow_flexion(n_trials=2, duration=3.0, random_state=0, return_X_y=True)
    weight = np.where(np.arange(len(y)) < 150, 0.0, 1.0)
    fit = PhysicsInformedMSKRegressor("elbow", random_state=0, max_epochs=2, n_networks=1).fit
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, other = (fit(X, y, sample_weight=weight).predict(X), fit(X, y.where(weight > 0)).predict(X))
    np.testing.assert_array_equal(one, other)


def test_smoothing_stays_within_trials_and_leaves_straight_lines():
    trials = trials_of(300, 200)
    line = np.concatenate([np.linspace(0, 1, 300), np.linspace(5, 4, 200)])[:, None]
    np.testing.assert_allclose(smooth(line, trials, 1.0), line, atol=1e-3)
    other = line.copy()
    other[300:] += 1.0
    np.testing.assert_array_equal(smooth(other, trials, 1.0)[:300], smooth(line, trials, 1.0)[:300])
    assert smooth(line, trials, np.inf) is line


def test_physics_teaches_only_what_it_can_predict_itself():
    """A simulation out of fold must beat the mean of the angles that it has not seen."""
    angle = np.sin(np.linspace(0.0, 20.0, 300))[:, None]
    first, second = np.arange(300) < 150, np.arange(300) >= 150
    parts = [(first, first), (second, second)]
    state = lambda simulated: np.column_stack([simulated, np.zeros(300)])
    proved = lambda simulated: explains([state(simulated)] * 2, parts, angle)
    assert proved(0.8 * angle)
    assert not proved(-angle)
    assert not proved(np.full((300, 1), np.nan))
    half_wrong = [state(angle), state(angle + 5.0)]
    assert not explains(half_wrong, parts, angle)
    assert explains([], [], angle)  # nothing to test it on


def test_later_frames_of_a_single_trial_count_more_and_those_of_several_alike():
    one, two = trials_of(50), trials_of(50, 50)
    np.testing.assert_allclose(recency(one)[[0, -1]] / recency(one)[0], [1.0, LAST_TO_FIRST])
    assert (np.diff(recency(one)) > 0).all()
    np.testing.assert_allclose(recency(one).mean(), 1.0)
    np.testing.assert_array_equal(recency(two), 1.0)


def weighed(held_out_of_simulation=0.1, apart=0.01, moved=0.0):
    held_out = HeldOutErrors(
        0.0, np.inf, np.array([0.1]), np.array([0.01]), 0.1, {0.0: 0.1, np.inf: held_out_of_simulation}
    )
    return Beyond.weighed(held_out, np.array([0.05]), np.array([0.5]), np.array([apart]), np.array([moved]))


def test_a_simulation_that_held_is_believed_the_more_an_unseen_load_changes():
    shares = [weighed(moved=moved).share[0] for moved in (0.0, 0.02, 0.2)]
    assert shares == sorted(shares) and shares[0] == pytest.approx(0.5) and shares[-1] > 0.75


def test_a_simulation_that_failed_held_out_or_is_far_from_the_learners_is_believed_less():
    good = weighed(moved=0.1)
    assert weighed(held_out_of_simulation=0.5, moved=0.1).share < good.share
    far = weighed(apart=0.5, moved=0.1)
    assert far.share < good.share and far.of_learners > good.of_learners and far.of_simulation > good.of_simulation


def test_both_are_less_certain_the_more_an_unseen_load_changes_and_the_more_they_differ():
    little, much = weighed(moved=0.01), weighed(moved=0.1)
    learnt, simulated = np.zeros((4, 1)), np.full((4, 1), 0.6)
    assert much.of_learners > little.of_learners and much.of_simulation > little.of_simulation
    assert (much.mixed(learnt, simulated)[1] > much.mixed(learnt, learnt)[1]).all()
    angle, _ = much.mixed(learnt, simulated)
    np.testing.assert_allclose(angle, much.share * simulated)


def beyond_labels(unlearnt, held_out_of_simulation=0.1, simulation_weight=1.0):
    held_out = HeldOutErrors(
        0.0, np.inf, np.array([0.1]), np.array([0.01]), 0.1, {0.0: 0.1, np.inf: held_out_of_simulation}
    )
    evidence = held_out, np.array([0.05]), np.array([0.5]), np.array([0.01]), 0.0
    return Beyond.weighed(
        *evidence, unlearnt=np.array([[unlearnt**2]]), unseen=False, simulation_weight=simulation_weight
    )


def test_what_nobody_has_learnt_is_handed_over_as_far_as_the_simulation_held():
    shares = [beyond_labels(unlearnt).share.item() for unlearnt in (0.0, 0.1, 0.5, 1.0)]
    assert shares == sorted(shares) and shares[0] == 0.0 and shares[-1] > 0.8
    assert beyond_labels(0.5, held_out_of_simulation=0.5).share < 0.5
    errors = [beyond_labels(u).mixed(np.zeros((1, 1)), np.full((1, 1), u))[1].item() for u in (0.0, 0.1, 0.5, 1.0)]
    assert errors == sorted(errors) and errors[0] == 0.0


def test_a_simulation_that_may_be_lost_gets_less_of_what_nobody_has_learnt():
    shares = [
        beyond_labels(0.5, simulation_weight=simulation_weight).share.item() for simulation_weight in (0.0, 0.25, 1.0)
    ]
    np.testing.assert_allclose(shares, shares[-1] * np.array([0.0, 0.25, 1.0]), rtol=1e-12)
    errors = [
        beyond_labels(0.5, simulation_weight=simulation_weight).mixed(np.zeros((1, 1)), np.full((1, 1), 0.5))[1]
        for simulation_weight in (0.0, 0.25, 1.0)
    ]
    assert errors[0] == 0.25 > errors[-1]  # what learners err stays in the variance


def test_only_frames_that_learners_know_tell_whether_a_simulation_is_lost():
    held_out = HeldOutErrors(0.0, np.inf, np.array([0.1]), np.array([0.01]), 0.1, {})
    simulated, learnt = np.full((100, 1), 0.05), np.zeros((100, 1))
    simulated[50:] = 1.0
    known = np.arange(100) < 50
    assert (held_out.simulation_weight(simulated, learnt, trials_of(100)) < 0.01).all()
    assert (held_out.simulation_weight(simulated, learnt, trials_of(100), known) == 1.0).all()
    assert (held_out.simulation_weight(simulated, learnt, trials_of(100), ~known) < 0.01).all()
    nothing_known = np.zeros(100, bool)
    assert (held_out.simulation_weight(simulated, learnt, trials_of(100), nothing_known) < 0.01).all()


def test_a_simulation_that_fails_leaves_the_learners_alone():
    lost = weighed(apart=np.nan, moved=np.nan)
    learnt = np.ones((3, 1))
    angle, variance = lost.mixed(learnt, np.full((3, 1), np.nan))
    np.testing.assert_array_equal(angle, learnt)
    assert (variance > weighed().of_learners).all()


def test_inputs_beyond_the_training_are_taken_at_its_nearest():
    trials = trials_of(4)
    load = np.array([0.0, 1.0, 2.02, 5.0])
    recording = Recording(trials, np.zeros((4, 1)), {"hand_load_kg": load})
    nearest, beyond = within(recording, {"hand_load_kg": (0.5, 2.0)})
    np.testing.assert_array_equal(beyond, [True, False, False, True])
    np.testing.assert_array_equal(nearest.external["hand_load_kg"], [0.5, 1.0, 2.0, 2.0])
    same, beyond = within(recording, {"hand_load_kg": (0.0, 5.0)})
    assert same is recording and not beyond.any()


def test_a_member_that_has_lost_its_way_in_a_trial_weighs_less_there_and_only_there():
    trials = trials_of(200, 200)
    rng = np.random.default_rng(0)
    members = {name: 0.1 * rng.normal(size=(400, 1)) for name in "abcd"}
    members["d"][200:] += 2.0
    factor = nearness(members, trials)
    assert factor["d"][300] < 0.01 < 0.3 < factor["d"][100]
    assert all(factor[name][300] > 0.3 for name in "abc")
    learners = Learners(None, None, 0, None, None, None, {}, dict.fromkeys("abcd", 0.25))
    assert np.abs(learners.combined(members, trials).angle[200:].mean()) < 0.05


def test_two_members_cannot_tell_which_of_them_is_lost():
    factor = nearness({"a": np.zeros((50, 1)), "b": np.ones((50, 1))}, trials_of(50))
    np.testing.assert_array_equal(factor["a"], factor["b"])


def size_of(**changes):
    usual = {
        "range": np.ones(1),
        "velocity": np.ones(1),
        "duration": 10.0,
        "emg": np.zeros((20, 1)),
        "unit": np.ones(1),
    }
    return ErrorSize(**{**usual, **changes})


def test_errors_grow_with_spread_velocity_time_and_novelty():
    size = size_of()
    usual = size.relative(np.full((1, 1), 0.0025), np.ones((1, 1)))
    assert usual == pytest.approx(1.0)
    assert size.relative(np.full((1, 1), 0.04), np.ones((1, 1))) > usual
    assert size.relative(np.full((1, 1), 0.0025), np.full((1, 1), 3.0)) > usual
    assert size.relative(np.full((1, 1), 0.0025), np.ones((1, 1)), since=20.0) > usual
    assert size.relative(np.full((1, 1), 0.0025), np.ones((1, 1)), novelty=4.0) > usual


def test_a_trial_of_unlike_emg_is_less_certain_than_one_of_the_training():
    trials, rng = trials_of(400), np.random.default_rng(0)
    emg, angle = rng.uniform(0.1, 0.4, (400, 2)), np.sin(np.linspace(0, 12, 400))[:, None]
    known = Recording(trials, emg, {}, angle, np.ones(400))
    test = np.arange(400) < 130
    size = ErrorSize.learnt(known, [(test, test), (~test, ~test)])
    spread = np.full((400, 1), 0.01)
    like = size.of_trials(angle, spread, known)
    unlike = size.of_trials(angle, spread, Recording(trials, emg + 0.5, {}))
    assert (unlike > 1.2 * like).all()
    louder = size.of_trials(angle, spread, Recording(trials, emg + 1e6, {}))
    assert np.isfinite(louder).all()


def test_bands_of_an_earlier_file_are_scaled_by_the_members_alone():
    held_out = HeldOutErrors(0.0, np.inf, np.array([0.1]), np.array([0.01]), 0.1, {})
    recording = Recording(trials_of(2), np.zeros((2, 1)), {})
    np.testing.assert_allclose(
        held_out.variance(np.zeros((2, 1)), np.array([[0.01], [0.03]]), recording), [[0.01], [0.02]]
    )


def test_errors_grow_with_emg_beyond_all_that_was_learnt_or_held_out():
    trials, rng = trials_of(400), np.random.default_rng(0)
    emg, angle = rng.uniform(0.1, 0.4, (400, 2)), np.sin(np.linspace(0, 12, 400))[:, None]
    dead = np.column_stack([emg, np.full(400, 0.02)])
    test = np.arange(400) < 130
    parts = [(test, test), (~test, ~test)]
    size = ErrorSize.learnt(Recording(trials, dead, {}, angle, np.ones(400)), parts)
    assert (size.of_unlearnt(dead) == 0).all()
    assert (size.of_unlearnt(dead + [0.0, 0.0, 0.5]) == 0).all()  # nobody has learnt from a dead channel
    further = [size.of_unlearnt(dead[:1] * factor).item() for factor in (1.0, 1.5, 1.8, 1e6)]
    assert 0 == further[0] < further[1] < further[2] < further[3] < np.pi


def test_errors_grow_where_the_simulation_goes_on_beyond_the_angles_that_were_measured():
    trials, rng = trials_of(400), np.random.default_rng(0)
    emg, whole = rng.uniform(0.1, 0.4, (400, 2)), np.sin(np.linspace(0, 12, 400))[:, None]
    low = np.where(whole < 0.2, whole, np.nan)
    labelled = np.isfinite(low[:, 0])
    test = labelled & (np.arange(400) < 200)
    parts = [(test, test), (labelled & ~test, labelled & ~test)]
    size = ErrorSize.learnt(Recording(trials, emg, {}, low, np.ones(400)), parts, [whole, whole], whole)
    error = size.of_unlearnt(emg, whole)[:, 0]
    assert (error[labelled] < 0.05).all() and (error[whole[:, 0] > 0.5] > 0.25).all() and error.max() < 1.0
    # of a training that was measured throughout, a simulation beyond it is as likely to be wrong
    size = ErrorSize.learnt(Recording(trials, emg, {}, whole, np.ones(400)), parts, [whole, whole], whole)
    assert (size.of_unlearnt(emg, 3.0 * whole) == 0.0).all()


def test_trees_weigh_less_the_less_of_the_emg_has_an_angle():
    weights, forests = {"network": 0.5, "forest": 0.5}, ("forest",)
    known = [np.arange(3000) < n for n in (3000, 1000, 100)]
    found = [with_fewer_trees(weights, forests, labelled, 0.01)["forest"] for labelled in known]
    assert found[0] == 0.5 and found == sorted(found, reverse=True) and 0.0 < found[-1] < 0.1
    assert sum(with_fewer_trees(weights, forests, known[-1], 0.01).values()) == pytest.approx(1.0)
    noise = [noise_for_labels(0.2, labelled, 0.01) for labelled in known]
    assert noise[0] == 0.2 and noise == sorted(noise, reverse=True) and noise[-1] > 0.1


QUICK = {"n_networks": 1, "max_epochs": 30, "forest": False, "random_state": 0}


def test_inputs_are_scaled_by_all_emg_that_was_heard_not_by_that_with_angles_alone():
    X, y = make_elbow_flexion(n_trials=2, duration=4.0, random_state=0, return_X_y=True)
    few = y.where(np.arange(len(y)) % 400 < 40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scalers = [
            PhysicsInformedMSKRegressor("elbow", ode_weight=0, **{**QUICK, "max_epochs": 1})
            .fit(X, angle)
            .predictor_.learners.scaler
            for angle in (y, few)
        ]
    np.testing.assert_allclose(scalers[1].scale_, scalers[0].scale_, rtol=0.1)


def test_a_hybrid_that_learnt_low_angles_follows_the_simulation_above_them():
    X, y = make_elbow_flexion(n_trials=4, duration=4.0, random_state=1, return_X_y=True)
    new = X.index.get_level_values("trial") == "trial_03"
    low = y.where(y < y.min() + 0.33 * (y.max() - y.min()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hybrid = PhysicsInformedMSKRegressor("elbow", **QUICK).fit(X[~new], low[~new])
        alone = PhysicsInformedMSKRegressor("elbow", ode_weight=0, **QUICK).fit(X[~new], low[~new])
        for causal in (False, True):
            angle, std = hybrid.predict(X[new], return_std=True, causal=causal)
            error, of_learners = np.abs(angle - y[new]), np.abs(alone.predict(X[new]) - y[new])
            assert np.sqrt(np.mean(error**2)) < 0.4 * np.sqrt(np.mean(of_learners**2))
            assert np.mean(error < 1.645 * std) > 0.8


@pytest.mark.parametrize("every", [3, 40])
def test_the_usual_velocity_is_known_where_neighbours_have_no_angle(every):
    trials = trials_of(400)
    angle = np.sin(2 * np.pi * 0.5 * trials.time)[:, None]
    sparse = np.where(np.arange(400)[:, None] % every == 0, angle, np.nan)
    known = np.isfinite(sparse)
    assert np.isnan(velocity_of(sparse, trials)[~known]).all()
    found, true = (np.sqrt(np.mean(np.square(velocity_of(one, trials)[known]))) for one in (sparse, angle))
    assert found == pytest.approx(true, rel=0.3)


def test_folds_are_made_of_the_part_that_has_angles():
    trials = trials_of(400, 400, 400)
    angle = np.sin(2 * np.pi * 0.5 * trials.time)[:, None]
    angle[400:] = np.nan  # only the first trial was measured
    labelled = np.isfinite(angle[:, 0])
    parts = usable_folds(trials, labelled, 0.1, angle)
    assert len(parts) == 3
    assert np.array_equal(np.sum([test for test, _ in parts], axis=0), labelled)
    assert all((labelled & ~hidden).sum() >= 100 for _, hidden in parts)


def test_angles_of_two_joints_that_are_never_known_together_are_learnt_without_trees():
    X, y = make_arm_reaching(n_trials=2, duration=2.0, sampling_rate=50, random_state=0, return_X_y=True)
    y = y.copy()
    y.loc["trial_00", y.columns[0]] = np.nan
    y.loc["trial_01", y.columns[1]] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        regressor = PhysicsInformedMSKRegressor("arm", random_state=0, max_epochs=2, n_networks=1).fit(X, y)
        angle, std = regressor.predict(X, return_std=True)
        assert np.isfinite(regressor.predict(X, causal=True)).all(axis=None)
    assert np.isfinite(angle).all(axis=None) and (std > 0).all(axis=None)
    assert "forest_of_emg" not in regressor.member_weights_


def test_bands_hold_the_angles_where_only_rest_was_measured():
    X, y = make_elbow_flexion(n_trials=3, duration=3.0, random_state=0, return_X_y=True)
    rest = y.where(y.index.get_level_values("time") < 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        regressor = PhysicsInformedMSKRegressor("elbow", random_state=0, max_epochs=20).fit(X, rest)
        for causal in (False, True):
            angle, std = regressor.predict(X, return_std=True, causal=causal)
            assert np.mean(np.abs(angle - y) < 1.645 * std) > 0.6
