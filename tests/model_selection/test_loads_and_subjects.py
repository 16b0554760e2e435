"""Splits by load and by subject, and `groups` under scikit-learn's metadata routing."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_validate

from sk_bionic.model_selection import (
    LeaveOneLoadOut,
    LeaveOneSubjectOut,
    TrialKFold,
    subject_of_frames,
)

TRIALS = ("N01_sitting", "N03_sitting", "N01_standing", "N05_sitting")
LOADS = (0.9, 0.0, 0.9, 2.0)


def frames(n=10):
    index = pd.MultiIndex.from_product([TRIALS, np.arange(n) / 100], names=["trial", "time"])
    emg = np.random.default_rng(0).uniform(size=len(index))
    X = pd.DataFrame({"biceps": emg, "hand_load_kg": np.repeat(LOADS, n)}, index=index)
    return X, pd.Series(emg, index)


def test_each_load_is_tested_by_models_of_the_others():
    X, _ = frames()
    folds = list(LeaveOneLoadOut().split(X))
    assert [set(X["hand_load_kg"].iloc[test]) for _, test in folds] == [{0.0}, {0.9}, {2.0}]
    for train, test in folds:
        assert not set(X["hand_load_kg"].iloc[train]) & set(X["hand_load_kg"].iloc[test])
        assert len(train) + len(test) == len(X)


def test_each_subject_is_tested_by_models_of_the_others():
    X, _ = frames()
    subject = subject_of_frames(X)
    folds = list(LeaveOneSubjectOut().split(X))
    assert [set(subject[test]) for _, test in folds] == [{"N01"}, {"N03"}, {"N05"}]
    for train, test in folds:
        assert not set(subject[train]) & set(subject[test])
        assert len(train) + len(test) == len(X)


def test_names_without_the_separator_are_subjects():
    X, _ = frames()
    assert set(subject_of_frames(X, separator="/")) == set(TRIALS)
    assert LeaveOneSubjectOut("/").get_n_splits(X) == 4


@pytest.mark.parametrize(
    ("trial", "subject"),
    [
        ("sub_01_x", "sub_01"),
        ("sub_01", "sub_01"),
        ("sub-01_task-walk", "sub-01"),
        ("Subject_7_walk_2", "Subject_7"),
        ("S_12_3", "S_12"),
        ("patient_stroke_04_walk", "patient_stroke_04"),
        ("sub_anna_walk", "sub_anna"),
        ("N03_sitting", "N03"),
        ("trial_00", "trial"),
        ("control", "control"),
        ("7", "7"),
    ],
)
def test_subjects_in_trials_names(trial, subject):
    index = pd.MultiIndex.from_product([[trial], [0.0, 0.1]], names=["trial", "time"])
    assert set(subject_of_frames(pd.Series(0.0, index))) == {subject}


def test_subjects_called_sub_are_kept_apart():
    index = pd.MultiIndex.from_product([["sub_01_x", "sub_01_y", "sub_02_x"], [0.0]], names=["trial", "time"])
    folds = list(LeaveOneSubjectOut().split(pd.DataFrame({"biceps": 0.0}, index)))
    assert [test.tolist() for _, test in folds] == [[0, 1], [2]]


@pytest.mark.parametrize("splitter", [LeaveOneLoadOut(), LeaveOneSubjectOut()], ids=repr)
def test_splitters_work_inside_scikit_learn(splitter):
    X, y = frames()
    assert splitter.get_n_splits(X) == 3
    assert len(cross_validate(Ridge(), X, y, cv=splitter)["test_score"]) == 3
    assert GridSearchCV(Ridge(), {"alpha": [0.1, 1]}, cv=splitter).fit(X, y).n_splits_ == 3
    groups = np.repeat(["a", "b"], len(X) // 2)
    assert len(cross_validate(Ridge(), X, y, groups=groups, cv=splitter)["test_score"]) == 2
    assert splitter.get_n_splits(X.to_numpy(), groups=groups) == 2


@pytest.mark.parametrize("splitter", [LeaveOneLoadOut(), LeaveOneSubjectOut(), TrialKFold(None)])
def test_groups_are_routed_to_the_splitters(splitter):
    X, y = frames()
    groups = np.repeat(["a", "b"], len(X) // 2)
    with config_context(enable_metadata_routing=True):
        scores = cross_validate(Ridge(), X, y, params={"groups": groups}, cv=splitter)
        search = GridSearchCV(Ridge(), {"alpha": [0.1, 1]}, cv=splitter).fit(X, y, groups=groups)
    assert len(scores["test_score"]) == search.n_splits_ == 2


def test_errors_say_what_to_give():
    X, _ = frames()
    with pytest.raises(ValueError, match=r"column 'hand_load_kg' of a DataFrame. Got \['biceps'\]"):
        next(LeaveOneLoadOut().split(X[["biceps"]]))
    with pytest.raises(ValueError, match=r"Got an array. Add the column, or give .* `groups`"):
        next(LeaveOneLoadOut().split(X.to_numpy()))
    with pytest.raises(ValueError, match=r"at least 2 loads. Got only \[0.9\]"):
        next(LeaveOneLoadOut().split(X.loc[["N01_sitting", "N01_standing"]]))
    with pytest.raises(ValueError, match="load of row 3 is NaN"):
        next(LeaveOneLoadOut().split(X.assign(hand_load_kg=[0.0, 1.0, 2.0, np.nan] * 10)))
    with pytest.raises(ValueError, match=r"at least 2 subjects. Got \['N01'\]"):
        next(LeaveOneSubjectOut().split(X.loc[["N01_sitting", "N01_standing"]]))
    with pytest.raises(ValueError, match="with `groups`"):
        next(LeaveOneSubjectOut().split(X.to_numpy()))
