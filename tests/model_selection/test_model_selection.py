"""Properties of the splitters: nothing of a trial, or of a block's history, is on both sides."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate

from sk_bionic.model_selection import (
    BlockedKFold,
    TrialKFold,
    TrialOrBlockKFold,
    blocked_train_test_split,
)

RATE = 100.0


def frames(*lengths, names=None):
    """A DataFrame of trials of these lengths at 100 Hz, and a target of the same index."""
    names = names or [f"trial_{k}" for k in range(len(lengths))]
    pairs = [(name, row / RATE) for name, n in zip(names, lengths, strict=False) for row in range(n)]
    index = pd.MultiIndex.from_tuples(pairs, names=["trial", "time"])
    values = np.random.default_rng(0).uniform(size=(len(pairs), 2))
    X = pd.DataFrame(values, columns=["biceps", "triceps"], index=index)
    return X, pd.Series(values.sum(axis=1), index=index, name="elbow_flexion")


def trials_of(X, rows):
    return set(X.index.get_level_values("trial")[rows])


ALL_SPLITTERS = [
    TrialKFold(3),
    TrialKFold(None),
    BlockedKFold(3, gap=0.05),
    TrialOrBlockKFold(3, gap=0.05),
]


@pytest.mark.parametrize("splitter", ALL_SPLITTERS, ids=repr)
def test_each_frame_is_tested_once_and_never_trained_on_in_its_fold(splitter):
    X, y = frames(30, 50, 40, 20)
    folds = list(splitter.split(X, y))
    assert len(folds) == splitter.get_n_splits(X)
    tested = np.concatenate([test for _, test in folds])
    np.testing.assert_array_equal(np.sort(tested), np.arange(len(X)))
    for train, test in folds:
        assert not set(train) & set(test)
        assert len(set(train)) == len(train)


@pytest.mark.parametrize("splitter", ALL_SPLITTERS, ids=repr)
def test_splitters_work_inside_scikit_learn(splitter):
    X, y = frames(30, 50, 40, 20)
    n_splits = splitter.get_n_splits(X)
    assert len(cross_validate(Ridge(), X, y, cv=splitter)["test_score"]) == n_splits
    assert cross_val_predict(Ridge(), X, y, cv=splitter).shape == (len(X),)
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=splitter).fit(X, y)
    assert search.n_splits_ == n_splits


@pytest.mark.parametrize("n_splits", [2, 3, None])
def test_trial_k_fold_keeps_trials_whole(n_splits):
    X, _ = frames(30, 50, 40, 20)
    for train, test in TrialKFold(n_splits).split(X):
        assert not trials_of(X, train) & trials_of(X, test)
        assert len(train) + len(test) == len(X)


def test_trial_k_fold_balances_frames():
    X, _ = frames(90, 10, 50, 50)
    assert [len(test) for _, test in TrialKFold(2).split(X)] == [100, 100]


def test_leave_one_trial_out_follows_the_order_of_the_trials():
    X, _ = frames(30, 50, 40, names=["b", "c", "a"])
    assert [trials_of(X, test) for _, test in TrialKFold(None).split(X)] == [{"b"}, {"c"}, {"a"}]


def test_groups_replace_the_trials_of_the_index():
    X, _ = frames(10, 10, 10, 10)
    subjects = np.repeat(["N01", "N03"], 20)
    for _, test in TrialKFold(2).split(X, groups=subjects):
        assert len(trials_of(X, test)) == 2
        assert len(set(subjects[test])) == 1


def test_groups_name_the_trials_of_plain_arrays():
    X, trial = np.zeros((20, 1)), np.repeat([0, 1], 10)
    for splitter in (TrialKFold(2), TrialOrBlockKFold(5)):
        tests = [set(trial[test]) for _, test in splitter.split(X, groups=trial)]
        assert sorted(map(sorted, tests)) == [[0], [1]]
    blocked = BlockedKFold(2, sampling_rate=RATE)
    np.testing.assert_array_equal(next(blocked.split(X, groups=trial))[1], np.r_[0:5, 10:15])


def test_too_few_trials_say_so():
    X, _ = frames(10, 10)
    with pytest.raises(ValueError, match=r"at least 5 trials.*Got 2.*trial_0.*BlockedKFold"):
        next(TrialKFold(5).split(X))
    with pytest.raises(ValueError, match="at least 2 trials"):
        next(TrialKFold(None).split(frames(10)[0]))


def test_rows_without_trials_say_what_to_give():
    with pytest.raises(ValueError, match="levels 'trial' and 'time'"):
        next(TrialKFold(2).split(np.zeros((10, 1))))
    with pytest.raises(ValueError, match="`sampling_rate`"):
        next(BlockedKFold(2).split(np.zeros((10, 1))))


@pytest.mark.parametrize("gap", [0.0, 0.03, 0.25])
def test_no_training_window_as_long_as_the_gap_meets_the_test_block(gap):
    X, _ = frames(100, 160)
    trial = X.index.get_level_values("trial").to_numpy()
    time = X.index.get_level_values("time").to_numpy()
    for train, test in BlockedKFold(4, gap=gap).split(X):
        for name in np.unique(trial):
            test_time = time[test][trial[test] == name]
            train_time = time[train][trial[train] == name]
            distance = np.abs(train_time[:, None] - test_time[None, :]).min()
            # One frame further than the gap, and no frame more is wasted.
            assert distance == pytest.approx(gap + 1 / RATE)


def test_blocks_are_contiguous():
    X, _ = frames(53)
    for _, test in BlockedKFold(4).split(X):
        np.testing.assert_array_equal(np.diff(test), 1)


def test_blocks_hold_equally_many_known_targets():
    X, y = frames(200, 100)
    y.iloc[20:150] = np.nan  # the second trial stays known
    known = y.notna().to_numpy()
    folds = list(BlockedKFold(4, gap=0.02).split(X, y))
    np.testing.assert_array_equal(np.sort(np.concatenate([test for _, test in folds])), np.arange(len(X)))
    for train, test in folds:
        first = test < 200
        assert known[test[first]].sum() == pytest.approx(70 / 4, abs=1)
        assert known[test[~first]].sum() == 25
        np.testing.assert_array_equal(np.diff(test[first]), 1)
        assert not set(train) & set(test)


def test_too_few_known_targets_say_so():
    X, y = frames(100)
    y.iloc[3:] = np.nan
    with pytest.raises(ValueError, match="3 frames whose target is known, too few for 4 blocks"):
        next(BlockedKFold(4).split(X, y))
    with pytest.raises(ValueError, match="one row per row of `X`. Got 99 != 100"):
        next(BlockedKFold(4).split(X, y[:-1]))


def test_block_errors_name_the_trial_and_the_gap():
    X, _ = frames(100, 3)
    with pytest.raises(ValueError, match="'trial_1' has 3 frames.*4 blocks"):
        next(BlockedKFold(4).split(X))
    with pytest.raises(ValueError, match="gap of 5 s leaves no training frame in fold 0"):
        next(BlockedKFold(2, gap=5.0).split(frames(100)[0]))


def test_trial_or_block_chooses_by_the_number_of_trials():
    splitter = TrialOrBlockKFold(4, gap=0.1)
    several, one = frames(30, 50, 40)[0], frames(80)[0]
    assert splitter.get_n_splits(several) == 3
    assert all(len(trials_of(several, test)) == 1 for _, test in splitter.split(several))
    assert splitter.get_n_splits(one) == 4
    expected = BlockedKFold(4, gap=0.1).split(one)
    for (train, test), (train_expected, test_expected) in zip(splitter.split(one), expected, strict=False):
        np.testing.assert_array_equal(train, train_expected)
        np.testing.assert_array_equal(test, test_expected)


def test_blocked_train_test_split_cuts_every_trial_in_time():
    X, y = frames(100, 50)
    X_train, X_test, y_train, y_test = blocked_train_test_split(X, y, train_fraction=0.7)
    assert X_train.index.equals(y_train.index) and X_test.index.equals(y_test.index)
    assert X_train.groupby("trial", sort=False).size().tolist() == [70, 35]
    time = X.index.get_level_values("time")
    for name in ("trial_0", "trial_1"):
        last_of_training = X_train.loc[name].index.max()
        assert last_of_training < X_test.loc[name].index.min() <= time.max()
    pd.testing.assert_frame_equal(pd.concat([X_train, X_test]).loc[X.index], X)


def test_blocked_train_test_split_of_arrays_is_one_trial():
    X, y = np.arange(20).reshape(10, 2), np.arange(10)
    X_train, X_test, y_train, y_test = blocked_train_test_split(X, y, train_fraction=0.6)
    np.testing.assert_array_equal(np.vstack([X_train, X_test]), X)
    np.testing.assert_array_equal(y_test, [6, 7, 8, 9])


def test_blocked_train_test_split_errors():
    X, y = frames(100, 1)
    with pytest.raises(ValueError, match="'trial_1' has 1 frames"):
        blocked_train_test_split(X, y)
    with pytest.raises(ValueError, match="`train_fraction`.*Got 1.5"):
        blocked_train_test_split(X, y, train_fraction=1.5)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        blocked_train_test_split(X, y[:-1])


@pytest.mark.parametrize("n_splits", [1, 2.5, True, "3"])
@pytest.mark.parametrize("splitter", [TrialKFold, BlockedKFold, TrialOrBlockKFold])
def test_n_splits_is_checked(splitter, n_splits):
    with pytest.raises(ValueError, match="`n_splits` must be an integer of at least 2"):
        splitter(n_splits)


@pytest.mark.parametrize("gap", [-0.1, np.nan, np.inf])
def test_gap_is_checked(gap):
    with pytest.raises(ValueError, match="`gap` must be a non-negative number of seconds"):
        BlockedKFold(gap=gap)
