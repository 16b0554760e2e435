"""Progress of a fit: lines on the screen, scikit-learn's callbacks, the same bits with and without."""

import re
from contextlib import nullcontext

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.learning.progress import STAGES
from sk_bionic.model_selection import TrialKFold
from sk_bionic.preprocessing import EMGEnvelope

FAST = {"max_epochs": 4, "hidden_layer_sizes": (8,), "n_networks": 1, "random_state": 0}
MODES = pytest.mark.parametrize("mode", ["simulation", "network", "hybrid"])


def regressor(mode, **parameters):
    return PhysicsInformedMSKRegressor("elbow", prediction=mode, **{**FAST, **parameters})


@pytest.fixture(scope="module")
def trials():
    return make_elbow_flexion(2, duration=2.0, sampling_rate=50, random_state=0, return_X_y=True)


@pytest.fixture(scope="module")
def silent(trials):
    return {mode: regressor(mode).fit(*trials) for mode in ("simulation", "network", "hybrid")}


def lines(text, pattern):
    return re.findall(pattern, text, flags=re.MULTILINE)


def test_silent_by_default(trials, capsys):
    regressor("hybrid", forest=False).fit(*trials)
    assert capsys.readouterr().out == ""


@MODES
def test_verbose_1_prints_a_line_for_every_stage_and_changes_no_bit(trials, silent, capsys, mode):
    fitted = regressor(mode, verbose=1).fit(*trials)
    printed = capsys.readouterr().out
    assert lines(printed, r"^\[([a-z ]+)\] .*total = \d+\.\ds$") == list(STAGES[mode])
    assert len(printed.splitlines()) == len(STAGES[mode])
    np.testing.assert_array_equal(fitted.predict(trials[0]), silent[mode].predict(trials[0]))


@MODES
def test_verbose_2_prints_every_iteration_and_epoch(trials, silent, capsys, mode):
    fitted = regressor(mode, verbose=2).fit(*trials)
    printed = capsys.readouterr().out
    epochs = lines(printed, r"^\[train networks\] epoch (\d) of 4: train_loss = ")
    assert epochs == ([] if mode == "simulation" else ["1", "2", "3", "4"])
    objectives = [float(x) for x in lines(printed, r"^\[identify\] iteration \d+: objective = (\S+)$")]
    assert (len(objectives) > 2 and objectives[-1] < objectives[0]) or mode == "network"
    np.testing.assert_array_equal(fitted.predict(trials[0]), silent[mode].predict(trials[0]))


def test_rows_without_time_have_a_stage_too(trials, capsys):
    X, y = (part.to_numpy() for part in trials)
    PhysicsInformedMSKRegressor(ode_weight=0, verbose=1, **FAST).fit(X, y)
    assert lines(capsys.readouterr().out, r"^\[([a-z ]+)\]") == ["train networks"]


class Recorder:
    """Callback of scikit-learn that writes down the tasks it hears of, and asks to stop where `stop` says."""

    max_propagation_depth = None

    def __init__(self, stop=lambda context: False):
        self.begun, self.ended, self.stop = [], [], stop

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        self.begun.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(context.task_name)

    def on_fit_task_end(self, estimator, context):
        self.ended.append(context.task_name)
        return self.stop(context)


@pytest.fixture
def callback():
    return pytest.importorskip("sklearn.callback", reason="callbacks come with scikit-learn 1.9")


@MODES
def test_callbacks_hear_of_the_fit_its_stages_and_their_steps(callback, trials, silent, mode):
    recorder = Recorder()
    fitted = regressor(mode).set_callbacks(recorder).fit(*trials)
    assert recorder.begun[0] == recorder.ended[-1] == "fit"
    assert recorder.begun[-1] == "teardown"
    assert [name for name in recorder.begun if name in STAGES[mode]] == list(STAGES[mode])
    assert [name for name in recorder.ended if name in STAGES[mode]] == list(STAGES[mode])
    assert sorted(recorder.begun[:-1]) == sorted(recorder.ended)
    assert recorder.ended.count("epoch") == (0 if mode == "simulation" else 4)
    np.testing.assert_array_equal(fitted.predict(trials[0]), silent[mode].predict(trials[0]))


@MODES
def test_scores_of_every_step_lead_up_to_that_of_the_fit(callback, trials, silent, mode):
    monitor = callback.ScoringMonitor(scoring="r2")
    fitted = regressor(mode).set_callbacks(monitor).fit(*trials)
    log = monitor.get_logs().data_as_pandas
    np.testing.assert_array_equal(fitted.predict(trials[0]), silent[mode].predict(trials[0]))
    epochs = log.loc[log["task_name"] == "epoch", "r2"]
    assert len(epochs) == (0 if mode == "simulation" else 4)
    assert np.isfinite(log["r2"]).all()
    if mode != "hybrid":  # whose forests and weights come after the last epoch
        assert log["r2"].iloc[-1] == pytest.approx(fitted.score(*trials), abs=1e-6)
    for task in set(log["task_name"]):
        scores = log.loc[log["task_name"] == task, "r2"]
        assert scores.iloc[-1] > scores.iloc[0]


@pytest.mark.parametrize(
    ("mode", "task", "attribute"),
    [("network", "epoch", "history_"), ("simulation", "iteration", "n_iter_")],
)
def test_a_callback_stops_the_stage(callback, trials, silent, mode, task, attribute):
    recorder = Recorder(stop=lambda context: context.task_name == task and context.task_id == 1)
    expected = pytest.warns(ConvergenceWarning) if mode == "simulation" else nullcontext()
    with expected:
        fitted = regressor(mode).set_callbacks(recorder).fit(*trials)
    assert recorder.ended.count(task) == 2
    whole, part = (getattr(one, attribute) for one in (silent[mode], fitted))
    assert (part < whole) if mode == "simulation" else (len(part) == 2)
    assert fitted.interrupted_ == () and np.isfinite(fitted.predict(trials[0])).all()


def test_callbacks_reach_the_regressor_inside_pipeline_and_grid_search(callback, trials):
    recorder, monitor = Recorder(), callback.ScoringMonitor(scoring="r2")
    steps = [
        ("envelope", EMGEnvelope(band=None, low_pass=6.0)),
        ("regressor", regressor("network")),
    ]
    pipeline = Pipeline(steps).set_output(transform="pandas")
    pipeline.set_params(regressor=regressor("network").set_callbacks(monitor))
    search = GridSearchCV(pipeline, {"regressor__ode_weight": [0.0, 0.1]}, cv=TrialKFold(2))
    with pytest.warns(UserWarning, match="EMGEnvelope does not support callbacks"):
        search.set_callbacks(recorder).fit(*trials)
    fits = 2 * 2 + 1
    assert recorder.ended.count("train networks") == fits
    assert recorder.ended.count("epoch") == 4 * fits
    assert (monitor.get_logs().data_as_pandas["task_name"] == "epoch").sum() == 4 * fits


def test_progress_bar_inside_a_grid_search(callback, trials, capsys):
    pytest.importorskip("rich", reason="scikit-learn's progress bar needs rich")
    search = GridSearchCV(regressor("network"), {"ode_weight": [0.0, 0.1]}, cv=TrialKFold(2))
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=2)).fit(*trials)
    printed = capsys.readouterr().out
    assert printed.count("train networks") == 2 * 2 + 1 and "search #0" in printed
