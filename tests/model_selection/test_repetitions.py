"""Repetitions are found where the movement has them, and splits keep them whole."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate

from sk_bionic.model_selection import (
    RepetitionKFold,
    find_repetitions,
    first_repetition_split,
)

RATE = 100.0


def movement(departures, *, duration, rate=RATE, rest=0.2, height=1.2, noise=0.0, seed=0):
    """Angle [rad] that rises for 1 s, stays for 1 s and falls for 1 s from each departure [s] on."""
    time = np.arange(int(duration * rate)) / rate
    angle = np.full(len(time), rest)
    for departure in departures:
        phase = np.clip(time - departure, 0, 3)
        rise, fall = np.clip(phase, 0, 1), np.clip(phase - 2, 0, 1)
        angle += height * 0.5 * (np.cos(np.pi * fall) - np.cos(np.pi * rise))
    return angle + noise * np.random.default_rng(seed).normal(size=len(angle))


def frames(**trials):
    """EMG and angle of trials given as angles; one EMG column knows the angle, one does not."""
    y = pd.concat(
        {n: pd.Series(a, pd.Index(np.arange(len(a)) / RATE, name="time")) for n, a in trials.items()},
        names=["trial"],
    ).rename("knee_flexion")
    other = np.random.default_rng(0).uniform(size=len(y))
    return pd.DataFrame({"rectus_femoris": y**2, "biceps_femoris": other}, index=y.index), y


DEPARTURES = (1.0, 5.0, 10.0)
BOUNDARIES = (4.5, 9.0)  # s, midway between a return and the next departure


@pytest.mark.parametrize("height", [1.2, -1.2], ids=["begins at the bottom", "begins at the top"])
@pytest.mark.parametrize("rate", [50.0, 100.0, 1000.0])
def test_boundaries_lie_midway_between_return_and_next_departure(height, rate):
    angle = movement(DEPARTURES, duration=15, rate=rate, height=height, noise=0.03)
    number = find_repetitions(angle, sampling_rate=rate)
    assert np.all(np.diff(number) >= 0) and number[0] == 0 and number[-1] == 2
    np.testing.assert_allclose(np.flatnonzero(np.diff(number)) / rate, BOUNDARIES, atol=0.15)


def test_detection_ignores_offset_scale_and_artefacts():
    angle = movement(DEPARTURES, duration=15)
    expected = find_repetitions(angle, sampling_rate=RATE)
    np.testing.assert_array_equal(find_repetitions(3 * angle - 7, sampling_rate=RATE), expected)
    spikes = angle.copy()
    spikes[[40, 700, 1200]] += 5.0
    assert find_repetitions(spikes, sampling_rate=RATE).max() == 2


def test_trials_are_numbered_on_their_own():
    _, y = frames(a=movement((1, 5), duration=9), b=movement((1,), duration=5))
    number = pd.Series(find_repetitions(y), y.index)
    assert number.groupby("trial").max().to_dict() == {"a": 1, "b": 0}
    arrays = find_repetitions(y.to_numpy(), sampling_rate=RATE, trial=y.index.get_level_values("trial"))
    np.testing.assert_array_equal(arrays, number)


def test_a_departure_that_never_returns_has_its_own_number():
    angle = movement((1.0, 5.0), duration=6.5)
    assert find_repetitions(angle, sampling_rate=RATE)[-1] == 1


def test_unknown_angles_are_bridged():
    angle = movement(DEPARTURES, duration=15)
    sparse = np.where(np.arange(len(angle)) % 20, np.nan, angle)
    expected = find_repetitions(angle, sampling_rate=RATE)
    assert (find_repetitions(sparse, sampling_rate=RATE) == expected).mean() > 0.99


@pytest.mark.parametrize(
    "angle",
    [np.full(500, 0.3), movement((1.0,), duration=3.0), movement((1.0,), duration=6, height=0.05)],
    ids=["rest", "no return", "too small"],
)
def test_no_repetition_names_the_trial(angle):
    with pytest.raises(ValueError, match=r"Trial 'b' holds no repetition: its angle \(range"):
        find_repetitions(frames(a=movement((1, 5), duration=9), b=angle)[1])


def test_errors_of_detection_say_what_to_give():
    with pytest.raises(ValueError, match="`sampling_rate`"):
        find_repetitions(np.zeros(100))
    with pytest.raises(ValueError, match=r"one column of `y`. Got shape \(100, 2\)"):
        find_repetitions(np.zeros((100, 2)), sampling_rate=RATE)
    with pytest.raises(ValueError, match="Trial 0 has no known angle"):
        find_repetitions(np.full(100, np.nan), sampling_rate=RATE)


@pytest.mark.parametrize(("n_splits", "n_folds"), [(2, 2), (None, 5)])
def test_folds_are_whole_repetitions_and_work_inside_scikit_learn(n_splits, n_folds):
    X, y = frames(a=movement((1, 5), duration=9), b=movement(DEPARTURES, duration=15))
    splitter = RepetitionKFold(n_splits)
    repetition = X.index.get_level_values("trial") + find_repetitions(y).astype(str)
    folds = list(splitter.split(X, y))
    assert len(folds) == splitter.get_n_splits(X, y) == n_folds
    np.testing.assert_array_equal(np.sort(np.concatenate([t for _, t in folds])), np.arange(len(X)))
    for train, test in folds:
        assert not set(repetition[train]) & set(repetition[test])
        assert len(train) + len(test) == len(X)
    assert len(cross_validate(Ridge(), X, y, cv=splitter)["test_score"]) == n_folds
    assert cross_val_predict(Ridge(), X, y, cv=splitter).shape == y.shape
    assert GridSearchCV(Ridge(), {"alpha": [1, 2]}, cv=splitter).fit(X, y).n_splits_ == n_folds


def test_gap_keeps_training_frames_away_from_the_test_repetition():
    X, y = frames(a=movement(DEPARTURES, duration=15), b=movement((1, 5), duration=9))
    time = X.index.get_level_values("time").to_numpy()
    trial = X.index.get_level_values("trial").to_numpy()
    for train, test in RepetitionKFold(None, gap=0.5).split(X, y):
        same = train[trial[train] == trial[test[0]]]
        distance = np.abs(time[same][:, np.newaxis] - time[test]).min()
        assert distance == pytest.approx(0.51)
        assert np.sum(trial[train] != trial[test[0]]) == np.sum(trial != trial[test[0]])


def test_repetition_k_fold_errors():
    X, y = frames(a=movement((1, 5), duration=9))
    with pytest.raises(ValueError, match="needs `y`"):
        next(RepetitionKFold(2).split(X))
    with pytest.raises(ValueError, match=r"at least 3 repetitions.*Got 2 in 1 trial"):
        next(RepetitionKFold(3).split(X, y))
    with pytest.raises(ValueError, match="gap of 20 s leaves no training frame"):
        next(RepetitionKFold(2, gap=20.0).split(X, y))
    with pytest.raises(ValueError, match="`X` and `y` are needed"):
        RepetitionKFold(None).get_n_splits()
    with pytest.raises(ValueError, match="`n_splits` must be an integer"):
        RepetitionKFold(1)
    with pytest.raises(ValueError, match="`sampling_rate`"):
        next(RepetitionKFold(2).split(X.to_numpy(), y.to_numpy()))


@pytest.mark.parametrize("n_repetitions", [1, 2])
def test_first_repetitions_of_each_trial_train(n_repetitions):
    X, y = frames(a=movement(DEPARTURES, duration=15), b=movement(DEPARTURES, duration=14))
    X_train, X_test, y_train, y_test = first_repetition_split(X, y, n_repetitions)
    assert X_train.index.equals(y_train.index) and X_test.index.equals(y_test.index)
    assert len(X_train) + len(X_test) == len(X)
    for name in "ab":
        end = X_train.loc[name].index.max()
        assert end == pytest.approx(BOUNDARIES[n_repetitions - 1], abs=0.15)
        assert end < X_test.loc[name].index.min()


def test_first_repetition_split_of_arrays_and_its_errors():
    X, y = frames(a=movement((1, 5), duration=9))
    expected = first_repetition_split(X, y)
    got = first_repetition_split(X.to_numpy(), y.to_numpy(), sampling_rate=RATE)
    for array, frame in zip(got, expected, strict=False):
        np.testing.assert_array_equal(array, frame)
    with pytest.raises(ValueError, match=r"'a' has 2 repetition\(s\), too few to train on 2"):
        first_repetition_split(X, y, 2)
    with pytest.raises(ValueError, match="`n_repetitions` must be a positive integer. Got 0"):
        first_repetition_split(X, y, 0)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        first_repetition_split(X, y[:-1])
