"""Optuna searches the estimator's parameters, by its own search and by a study that prunes."""

import numpy as np
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.model_selection import TrialKFold

optuna = pytest.importorskip("optuna", reason="needs the extra [optuna]")
optuna.logging.set_verbosity(optuna.logging.WARNING)
FAST = {"prediction": "network", "max_epochs": 4, "hidden_layer_sizes": (8,), "random_state": 0}


@pytest.fixture(scope="module")
def trials():
    return make_elbow_flexion(2, duration=2.0, sampling_rate=50, random_state=0, return_X_y=True)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_search_with_splits_by_trial(trials):
    integration = pytest.importorskip("optuna_integration", reason="needs the extra [optuna]")
    space = {"lr": optuna.distributions.FloatDistribution(1e-3, 1e-1, log=True)}
    search = integration.OptunaSearchCV(
        PhysicsInformedMSKRegressor("elbow", **FAST),
        space,
        cv=TrialKFold(2),
        n_trials=3,
        random_state=0,
    )
    search.fit(*trials)
    assert len(search.trials_) == 3 and 1e-3 <= search.best_params_["lr"] <= 1e-1
    assert search.best_score_ == max(trial.value for trial in search.trials_)
    assert search.predict(trials[0]).shape == (len(trials[0]),)


class Report:
    """Tells an Optuna trial the score of every epoch, and ends the fit where the trial is hopeless."""

    def __init__(self, trial, X, y):
        self.trial, self.data = trial, (X, y)

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "epoch":
            self.trial.report(fitted_estimator.score(*self.data), step=context.task_id)
            if self.trial.should_prune():
                raise optuna.TrialPruned


def test_a_study_prunes_by_the_score_of_every_epoch(trials):
    pytest.importorskip("sklearn.callback", reason="callbacks come with scikit-learn 1.9")
    X, y = trials
    first, second = (X.index.get_level_values("trial") == name for name in ("trial_00", "trial_01"))
    fitted = []

    def objective(trial):
        lr = trial.suggest_float("lr", 1e-6, 1e-1, log=True)
        regressor = PhysicsInformedMSKRegressor("elbow", lr=lr, **FAST)
        regressor.set_callbacks(Report(trial, X[second], y[second]))
        regressor.fit(X[first], y[first])
        fitted.append(lr)
        return regressor.score(X[second], y[second])

    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner(1, 1))
    study.enqueue_trial({"lr": 3e-2})
    study.enqueue_trial({"lr": 1e-6})  # learns nothing, and is told apart by its epochs
    study.optimize(objective, n_trials=2)
    states = [trial.state.name for trial in study.trials]
    assert states == ["COMPLETE", "PRUNED"] and fitted == [3e-2]
    assert len(study.trials[0].intermediate_values) == 4
    assert 1 <= len(study.trials[1].intermediate_values) < 4
    assert study.best_value == pytest.approx(study.trials[0].intermediate_values[3], abs=1e-6)
    assert np.isfinite(study.best_value)
