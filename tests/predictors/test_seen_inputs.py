"""A channel of a new trial that is unlike the training's is named by trial and column, and the band is widened."""

import warnings

import numpy as np
import pytest

from sk_bionic import PhysicsInformedMSKRegressor, load, save
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.predictors.seen_inputs import SeenInputs
from sk_bionic.trials import Trials, find_trials

NEW = "trial_03"
MODES = {
    "simulation": {"prediction": "simulation"},
    "hybrid": {"n_networks": 1, "max_epochs": 30, "forest": False, "random_state": 0},
    "network": {"prediction": "network", "max_epochs": 10, "lr": 0.03, "random_state": 0},
}
SPOILT = {
    "constant": lambda X: X.assign(triceps=0.0),
    "constant amid the range": lambda X: X.assign(triceps=0.2),
    "silent": lambda X: X.assign(triceps=0.003 + 0.001 * np.random.RandomState(0).uniform(size=len(X))),
    "clipped": lambda X: X.assign(triceps=X["triceps"].clip(upper=0.4 * X["triceps"].max())),
    "dropout": lambda X: X.assign(triceps=X["triceps"].where(abs(X.index.get_level_values("time") - 2.0) > 0.4, 0.0)),
    "far above": lambda X: X.assign(triceps=5.0 * X["triceps"]),
    "resting level": lambda X: X.assign(triceps=X["triceps"] + 0.1),
}


@pytest.fixture(scope="module")
def subject():
    return make_elbow_flexion(4, duration=4.0, sampling_rate=50, random_state=0)


@pytest.fixture(scope="module")
def fitted(subject):
    X, y = subject.data.drop(NEW, level="trial"), subject.target.drop(NEW, level="trial")
    return {mode: PhysicsInformedMSKRegressor("elbow", **kw).fit(X, y) for mode, kw in MODES.items()}


def told(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return call(), [str(w.message) for w in caught]


def seen(data, exogenous=None):
    return SeenInputs.learnt(data.to_numpy(), exogenous or {}, find_trials(data))


def kinds(known, data, exogenous=None):
    odd = known.odd(data.to_numpy(), exogenous or {}, find_trials(data), list(data.columns))
    return [(one.name, one.kind) for one in odd]


@pytest.mark.parametrize("mode", MODES)
def test_a_dead_channel_is_named_and_the_band_holds(subject, fitted, mode):
    X, y = SPOILT["constant"](subject.data.loc[[NEW]]), subject.target.loc[[NEW]].to_numpy()
    _, usual = fitted[mode].predict(subject.data.loc[[NEW]], return_std=True)
    (angle, std), messages = told(lambda: fitted[mode].predict(X, return_std=True))
    assert len(messages) == 1 and NEW in messages[0] and "'triceps' is constant at 0" in messages[0]
    assert max(map(len, messages[0].split("\n"))) <= 160
    assert np.mean(np.abs(angle - y) < 1.645 * std) > 0.7
    assert std.mean() > 1.5 * usual.mean()


@pytest.mark.parametrize("spoilt", SPOILT)
def test_every_kind_of_spoilt_channel_is_told_and_widens_the_band(subject, fitted, spoilt):
    good, y = subject.data.loc[[NEW]], subject.target.loc[[NEW]].to_numpy()
    (angle, std), messages = told(lambda: fitted["simulation"].predict(SPOILT[spoilt](good), return_std=True))
    assert "'triceps'" in messages[0] and NEW in messages[0] and "biceps" not in messages[0]
    assert np.mean(np.abs(angle - y) < 1.645 * std) > 0.7


def test_the_prediction_and_other_trials_stay(subject, fitted):
    X = subject.data.loc[["trial_02", NEW]]
    one = X.copy()
    one.loc[NEW, "triceps"] = 0.0
    rows = X.index.get_level_values("trial") == "trial_02"
    before = fitted["simulation"].predict(X, return_std=True)
    (angle, std), _ = told(lambda: fitted["simulation"].predict(one, return_std=True))
    np.testing.assert_allclose(angle[rows], before[0][rows], atol=1e-8)
    np.testing.assert_allclose(std[rows], before[1][rows], rtol=1e-6)
    # derivatives march along with angles whose errors are wanted: the same to rounding
    np.testing.assert_allclose(angle, told(lambda: fitted["simulation"].predict(one))[0], rtol=0, atol=1e-10)


def test_forces_are_the_less_certain_too(subject, fitted):
    X = subject.data.loc[[NEW]]
    _, usual = fitted["simulation"].predict_muscle_forces(X, return_std=True)
    (_, std), messages = told(
        lambda: fitted["simulation"].predict_muscle_forces(X.assign(triceps=0.0), return_std=True)
    )
    assert messages and std["triceps"].mean() > 3 * usual["triceps"].mean()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("begin", [0, 70])
def test_clean_trials_of_any_length_are_like_the_training(seed, begin):
    data = make_elbow_flexion(4, duration=3.0, sampling_rate=50, random_state=seed).data
    known = seen(data.drop(NEW, level="trial"))
    assert kinds(known, data.loc[[NEW]].iloc[begin:]) == []
    assert kinds(known, data) == []


def test_an_unseen_load_is_named_with_the_range_of_the_training(subject):
    X, y = subject.data.loc[["trial_00", "trial_01"]], subject.target.loc[["trial_00", "trial_01"]]
    regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X.assign(hand_load_kg=0.0), y)
    new = subject.data.loc[[NEW]]
    _, usual = regressor.predict(new.assign(hand_load_kg=0.0), return_std=True)
    (_, std), messages = told(lambda: regressor.predict(new.assign(hand_load_kg=2.0), return_std=True))
    assert "'hand_load_kg' is 2, outside the training's 0 to 0" in messages[0]
    assert std.mean() > 1.2 * usual.mean()


@pytest.mark.parametrize("factor", [2.0, 3.0])
def test_emg_of_another_gain_is_told_and_widens_the_band(subject, fitted, factor):
    good, y = subject.data.loc[[NEW]], subject.target.loc[[NEW]].to_numpy()
    assert not told(lambda: fitted["simulation"].predict(good))[1]
    (angle, std), messages = told(lambda: fitted["simulation"].predict(factor * good, return_std=True))
    assert len(messages) == 1 and "EMG" in messages[0] and NEW in messages[0]
    assert np.mean(np.abs(angle - y) < 1.645 * std) > 0.7


def test_all_channels_together_tell_another_gain_sooner_than_one(subject):
    known, new = seen(subject.data.drop(NEW, level="trial")), subject.data.loc[[NEW]]
    assert kinds(known, 1.8 * new) == [("EMG of all channels", "louder")]
    assert kinds(known, new.assign(triceps=1.8 * new["triceps"])) == []
    dead = subject.data.assign(triceps=0.02)
    assert kinds(seen(dead.drop(NEW, level="trial")), 1.8 * dead.loc[[NEW]]) == []  # one channel tells nothing of it


def test_a_constant_channel_of_the_training_says_nothing_about_new_ones(subject):
    data = subject.data.assign(triceps=0.02)
    assert kinds(seen(data), data.assign(triceps=0.3)) == []


def test_the_unit_of_the_emg_does_not_matter(subject):
    data = subject.data
    spoilt = SPOILT["clipped"](data)
    assert kinds(seen(data), spoilt) == kinds(seen(1e-4 * data), 1e-4 * spoilt) != []


def test_a_saved_estimator_still_knows_its_training(subject, fitted, tmp_path):
    X = SPOILT["constant"](subject.data.loc[[NEW]])
    save(fitted["simulation"], tmp_path / "elbow.skb")
    again = load(tmp_path / "elbow.skb")
    before, after = (told(lambda r=r: r.predict(X, return_std=True)) for r in (fitted["simulation"], again))
    assert before[1] == after[1]
    np.testing.assert_allclose(before[0][1], after[0][1])


def test_a_channel_that_is_still_at_times_in_the_training_may_be_so_in_new_trials(subject):
    """As where the resting level has been cut off at 0."""
    X = subject.data.clip(lower=0.05)
    known = seen(X.drop(NEW, level="trial"))
    assert not kinds(known, X.loc[[NEW]])
    assert ("triceps", "dropout") in kinds(
        seen(subject.data.drop(NEW, level="trial")), SPOILT["dropout"](subject.data.loc[[NEW]])
    )


def test_emg_without_noise_may_rest_for_longer_than_in_training():
    """A burst that decays towards rest never holds one value in a short trial, and does in a longer rest."""
    time = np.arange(0.0, 4.0, 0.02)
    training = np.stack([np.exp(-8.0 * (time % 1.0)), np.exp(-8.0 * ((time + 0.5) % 1.0))], axis=1)
    long = np.concatenate([training, np.full((100, 2), training.min(axis=0))])
    names, noise = ["biceps", "triceps"], np.random.default_rng(0).uniform(0.01, 0.03, training.shape)

    def told_of(known, new):
        trials = [Trials(("one",), np.array([0, len(emg)]), 0.02 * np.arange(len(emg))) for emg in (known, new)]
        odd = SeenInputs.learnt(known, {}, trials[0]).odd(new, {}, trials[1], names)
        return [(one.name, one.kind) for one in odd]

    assert told_of(training, long) == []
    frozen = np.where(np.arange(len(long))[:, None] >= len(training), 0.4, long)  # no value at rest
    assert told_of(training, frozen) == [("biceps", "dropout"), ("triceps", "dropout")]
    lost = np.concatenate([training + noise, np.zeros((100, 2))])  # EMG that has noise does not rest at 0
    assert told_of(training + noise, lost) == [("biceps", "dropout"), ("triceps", "dropout")]
