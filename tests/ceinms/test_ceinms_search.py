"""Weights chosen by leaving trials out, with scikit-learn's own search."""

import pytest
from ceinms_projects import LEG, calibration_xml, save
from sklearn.model_selection import GridSearchCV, LeaveOneOut

from sk_bionic.ceinms import CeinmsExecutor, read_ceinms


@pytest.fixture
def project(make_project):
    made = make_project(
        truth={"soleus": {"strengthCoefficient": 0.6}}, electrodes={m: {m: 1.0} for m in LEG}, noise=2.0
    )
    save(made.folder / "calibrationCfg.xml", calibration_xml(["gait1/trial.xml", "gait2/trial.xml"], "stiff"))
    return read_ceinms(made.folder / "calibrationSetup.xml")


def test_a_search_leaves_trials_out(project):
    search = GridSearchCV(
        CeinmsExecutor(project, lengths=False), {"beta": [1.0, 300.0], "gamma": [10.0]}, cv=LeaveOneOut()
    ).fit([[0], [1]])
    assert set(search.best_params_) == {"beta", "gamma"}
    scores = search.cv_results_["mean_test_score"]
    assert (scores < 0).all() and scores[0] != scores[1]


def test_moments_left_out_judge_a_calibration(project):
    executor = CeinmsExecutor(project, lengths=False, score_by="moments").fit([[0]])
    assert -0.6 < executor.score([[1]]) < 0
    moments = executor.predict([[1], [0]])
    assert list(moments.columns) == list(project.subject.coordinate_names)
    assert moments.index.get_level_values("trial").unique().tolist() == ["gait2", "gait1"]


def test_faults_are_named(project):
    with pytest.raises(ValueError, match="positions of the project's 2 trials.*7"):
        CeinmsExecutor(project).fit([[7]])
    with pytest.raises(ValueError, match="`score_by` must be one of"):
        CeinmsExecutor(project, score_by="luck").fit([[0]])
