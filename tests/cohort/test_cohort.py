"""Many subjects: fits side by side, their table, and what happens where one of them fails."""

import os

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import FitFailedWarning
from sklearn.pipeline import make_pipeline

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.cohort import Cohort, fit_subjects
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.preprocessing import EMGEnvelope

REGRESSOR = PhysicsInformedMSKRegressor("elbow", prediction="simulation", random_state=0)
pytestmark = pytest.mark.filterwarnings("ignore::sk_bionic.exceptions.IdentifiabilityWarning")


def recordings(n_subjects, **parameters):
    """Data, angles and true parameters of simulated subjects, trials named "S0_trial_00"."""
    shared = {"n_trials": 2, "duration": 2.0, "sampling_rate": 50, **parameters}
    subjects = {f"S{seed}": make_elbow_flexion(random_state=seed, **shared) for seed in range(n_subjects)}
    X, y = (
        pd.concat([one[part].rename(f"{name}_{{}}".format, level="trial") for name, one in subjects.items()])
        for part in ("data", "target")
    )
    truth = pd.concat([one.parameters.assign(subject=name) for name, one in subjects.items()])
    return X, y, truth


@pytest.fixture(scope="module")
def four():
    return recordings(4)


@pytest.fixture(scope="module")
def cohort(four):
    return fit_subjects(REGRESSOR, *four[:2])


def test_every_subject_is_fitted_as_if_alone(four, cohort):
    X, y, _ = four
    assert list(cohort.estimators_) == ["S0", "S1", "S2", "S3"] and len(cohort) == 4
    assert cohort.failures_ == {} and (cohort.fit_time_ > 0).all()
    own = X.index.get_level_values("trial").str.startswith("S2_")
    alone = PhysicsInformedMSKRegressor("elbow", prediction="simulation", random_state=0).fit(X[own], y[own])
    table = cohort.parameters_.query("subject == 'S2'").reset_index(drop=True)
    pd.testing.assert_frame_equal(table[alone.parameters_.columns], alone.parameters_)
    np.testing.assert_array_equal(cohort.estimators_["S2"].predict(X[own]), alone.predict(X[own]))
    assert not hasattr(REGRESSOR, "parameters_")  # clones are fitted


def test_groups_name_subjects_where_trials_do_not(four, cohort):
    X, y, _ = four
    subject = [name.split("_")[0] for name in X.index.get_level_values("trial")]
    weight = np.ones(len(X))
    X = X.rename(index=dict(zip(X.index.levels[0], range(8), strict=True)), level="trial")
    y = pd.Series(y.to_numpy(), X.index, name=y.name)
    other = fit_subjects(REGRESSOR, X, y, groups=subject, sample_weight=weight)
    pd.testing.assert_frame_equal(other.parameters_, cohort.parameters_)


def test_pipelines_make_a_cohort_too(four):
    X, y, _ = four
    two = X.index.get_level_values("trial").str.startswith(("S0", "S1"))
    pipeline = make_pipeline(EMGEnvelope(band=None, low_pass=6.0), REGRESSOR).set_output(transform="pandas")
    cohort = fit_subjects(pipeline, X[two], y[two])
    assert set(cohort.parameters_["subject"]) == {"S0", "S1"}


def test_a_failed_fit_is_listed_and_the_others_stand(four, cohort):
    X, y, _ = four
    broken = y.copy()
    broken[X.index.get_level_values("trial").str.startswith("S1_")] = np.nan
    with pytest.warns(FitFailedWarning, match=r"1 of 4 fits failed.*S1: ValueError: .*angle"):
        partial = fit_subjects(REGRESSOR, X, broken)
    assert list(partial.estimators_) == ["S0", "S2", "S3"] and list(partial.failures_) == ["S1"]
    assert isinstance(partial.failures_["S1"].exception, ValueError)
    assert "in fit" in partial.failures_["S1"].traceback
    assert partial.fit_time_.index.tolist() == ["S0", "S1", "S2", "S3"]
    others = cohort.parameters_.query("subject != 'S1'").reset_index(drop=True)
    pd.testing.assert_frame_equal(partial.parameters_, others)


def test_all_fits_failed_is_an_error_with_its_cause(four):
    X, y, _ = four
    with pytest.raises(ValueError, match="Every fit failed, of 4 subjects. S0: ValueError") as caught:
        fit_subjects(REGRESSOR, X, y * np.nan)
    assert isinstance(caught.value.__cause__, ValueError)


def test_what_names_no_subjects_is_refused(four):
    X, y, _ = four
    with pytest.raises(ValueError, match="Nothing names the trials"):
        fit_subjects(REGRESSOR, X.to_numpy(), y.to_numpy())
    with pytest.raises(ValueError, match=r"each of 800 rows. Got the shape \(3,\)"):
        fit_subjects(REGRESSOR, X, y, groups=["a", "b", "c"])
    with pytest.raises(ValueError, match="Got None in row 5"):
        fit_subjects(REGRESSOR, X, y, groups=["a"] * 5 + [None] * 795)
    with pytest.raises(ValueError, match="fitted estimators that have `parameters_`"):
        Cohort({"S0": REGRESSOR})


def test_the_group_is_found_again(four, cohort):
    truth = four[2]
    summary = cohort.summary()
    assert summary["n"].between(2, 4).all() and (summary["std_err"] > 0).all()
    true_mean = truth.groupby(["muscle", "name"], as_index=False, sort=False)["value"].mean()
    both = summary.merge(true_mean, on=["muscle", "name"])
    inside = (both["value"] > both["lower"]) & (both["value"] < both["upper"])
    assert len(both) == 8 and inside.mean() >= 0.8


def test_two_recordings_of_a_subject_agree_within_their_errors():
    X, y, _ = recordings(4, duration=4.0)  # of two seconds, blocks are so few that errors are stated wider
    first = X.index.get_level_values("trial").str.endswith("00")
    conditions = [fit_subjects(REGRESSOR, X[rows], y[rows]) for rows in (first, ~first)]
    subjects, summary = conditions[0].compare(conditions[1])
    z = subjects["z"].dropna()
    assert 0.4 < np.sqrt((z**2).mean()) < 1.8
    assert ((summary["lower"] < 0) & (summary["upper"] > 0)).mean() >= 0.8


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_do_not_depend_on_where_they_are_computed(four, cohort, n_jobs):
    with joblib.parallel_config(backend="threading" if n_jobs == 1 else "loky"):
        other = fit_subjects(REGRESSOR, *four[:2], n_jobs=n_jobs)
    pd.testing.assert_frame_equal(other.parameters_, cohort.parameters_, check_exact=True)


class DiesOf(PhysicsInformedMSKRegressor):
    """A regressor that takes its process along wherever it meets a constant angle."""

    def fit(self, X, y, **parameters):
        if np.ptp(y) == 0:
            os._exit(9)
        return super().fit(X, y, **parameters)


def test_a_worker_that_dies_costs_its_own_subject_alone(four, cohort):
    X, y, _ = four
    deadly = y.copy()
    deadly[X.index.get_level_values("trial").str.startswith("S1_")] = 1.0
    with pytest.warns(FitFailedWarning, match="1 of 4 fits failed.*S1: WorkerDied: .*process.*ended"):
        survivors = fit_subjects(DiesOf("elbow", prediction="simulation", random_state=0), X, deadly, n_jobs=2)
    assert list(survivors.estimators_) == ["S0", "S2", "S3"] and list(survivors.failures_) == ["S1"]
    others = cohort.parameters_.query("subject != 'S1'").reset_index(drop=True)
    pd.testing.assert_frame_equal(survivors.parameters_, others)


def test_fits_in_threads_leave_the_number_of_threads(four, cohort):
    X, y, _ = four
    torch.set_num_threads(2)
    try:
        with joblib.parallel_config(backend="threading"):
            threaded = fit_subjects(REGRESSOR, X, y, n_jobs=4)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    pd.testing.assert_frame_equal(threaded.parameters_, cohort.parameters_)


def test_an_index_with_subjects_says_how_to_name_them():
    X, y, _ = recordings(1)
    with pytest.raises(ValueError, match=r"level 'subject': pass `groups=X.index.get_level_values\('subject'\)`"):
        fit_subjects(REGRESSOR, pd.concat({"S0": X}, names=["subject"]), pd.concat({"S0": y}, names=["subject"]))
