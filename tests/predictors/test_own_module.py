"""A user's torch module in the network's place, and skorch callbacks beside the package's own."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Checkpoint, EarlyStopping, EpochScoring, LRScheduler
from torch import nn

import sk_bionic
from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.preprocessing import EMGEnvelope

STEPS = 26  # of 20 ms in half a second


class LSTM(nn.Module):
    """Says something of every step, of which the last counts."""

    def __init__(self, n_inputs=2, hidden=4, dropout=0.0):
        super().__init__()
        self.lstm = nn.LSTM(n_inputs, hidden, batch_first=True)
        self.dropout, self.out = nn.Dropout(dropout), nn.Linear(hidden, 1)

    def forward(self, x):
        return self.out(self.dropout(self.lstm(x)[0]))


class Latest(nn.Module):
    """A line through the latest EMG, with the muscles' forces after the angle."""

    def __init__(self, n_inputs, n_outputs, n_muscles):
        super().__init__()
        self.out = nn.Linear(n_inputs, n_outputs + n_muscles)

    def forward(self, x):
        return self.out(x[:, -1])


@pytest.fixture(scope="module")
def data():
    return make_elbow_flexion(n_trials=3, duration=2.0, random_state=0, return_X_y=True)


def fitted(data, prediction="network", **options):
    options = {"module": LSTM, "max_epochs": 3, "random_state": 0, "n_networks": 1, **options}
    return PhysicsInformedMSKRegressor("elbow", prediction=prediction, **options).fit(*data)


@pytest.fixture(scope="module", params=["network", "hybrid"])
def regressor(request, data):
    return fitted(data, request.param, module__hidden=3)


def test_it_predicts_as_the_package_s_own_networks_do(regressor, data):
    X, y = data
    assert type(regressor.module_) is LSTM
    assert regressor.module_.out.in_features == 3
    assert regressor.predict(X).shape == y.shape
    forces = regressor.predict_muscle_forces(X)
    assert forces.columns.tolist() == ["biceps", "triceps"] and (forces >= 0).all(axis=None)
    assert np.isfinite(regressor.predict(X, return_std=True)[1]).all()
    assert len(regressor.net_.history) == regressor.n_iter_ == 3
    assert regressor.net_.module_ is regressor.module_


def test_same_seed_same_bits_and_the_global_generator_is_left_alone(data):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, second = (fitted(data, module__dropout=0.2).predict(data[0]) for _ in range(2))
    assert np.array_equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)


def test_what_the_module_sees(data):
    """Even steps of 20 ms over the history, the latest last; of single frames one step."""
    seen = []

    class Spy(Latest):
        def forward(self, x):
            seen.append(x.shape)
            return super().forward(x)

    fitted(data, module=Spy, max_epochs=1)
    assert seen[0][1:] == (STEPS, 2)
    seen.clear()
    X, y = data
    PhysicsInformedMSKRegressor(module=Spy, max_epochs=1, random_state=0).fit(X.to_numpy(), y.to_numpy())
    assert seen[0][1:] == (1, 2)


def test_the_angle_depends_on_the_past_but_not_on_the_future(data):
    X, y = data
    one = X.loc[["trial_00"]]
    regressor = fitted(data)
    changed = one.copy()
    changed.iloc[120] *= 0.5
    moved = np.abs(np.asarray(regressor.predict(changed)) - np.asarray(regressor.predict(one))) > 1e-12
    delay = int(np.ceil(100 * 0.2))
    assert not moved[:120].any() and moved[120 : 120 + 50 + delay].any() and not moved[120 + 51 + delay :].any()


def test_forces_are_the_module_s_where_it_says_them(data):
    regressor = fitted(data, module=Latest)
    assert regressor.module_.out.out_features == 3
    assert regressor.predictor_.networks.force is None
    assert regressor.predict_muscle_forces(data[0]).shape == (600, 2)


def test_a_search_varies_its_arguments(data):
    X, y = data
    pipeline = make_pipeline(EMGEnvelope(band=None, low_pass=None).set_output(transform="pandas"), _unfitted())
    name = "physicsinformedmskregressor__module__hidden"
    search = GridSearchCV(pipeline, {name: [2, 3]}, cv=GroupKFold(3))
    search.fit(X, y, groups=X.index.get_level_values("trial"))
    best = search.best_estimator_[-1]
    assert best.module_.lstm.hidden_size == search.best_params_[name] == best.module__hidden


def _unfitted(**options):
    return PhysicsInformedMSKRegressor(
        "elbow", prediction="network", module=LSTM, max_epochs=1, random_state=0, **options
    )


def test_parameters_come_through_clone_and_pickle(regressor, data):
    copy = clone(regressor)
    assert copy.get_params()["module__hidden"] == 3 and copy.module is LSTM
    assert copy.set_params(module__hidden=5, lr=0.1).get_params()["module__hidden"] == 5
    again = pickle.loads(pickle.dumps(regressor))
    assert np.array_equal(again.predict(data[0]), regressor.predict(data[0]))
    with pytest.raises(TypeError, match="unexpected keyword argument 'modul__hidden'"):
        PhysicsInformedMSKRegressor(modul__hidden=3)


def test_a_file_holds_weights_and_the_class_s_name(regressor, data, tmp_path):
    sk_bionic.save(regressor, tmp_path / "elbow.skb")
    loaded = sk_bionic.load(tmp_path / "elbow.skb", module=LSTM)
    assert np.array_equal(loaded.predict(data[0]), regressor.predict(data[0]))
    assert np.array_equal(loaded.predict_muscle_forces(data[0]), regressor.predict_muscle_forces(data[0]))
    assert loaded.get_params()["module__hidden"] == 3
    assert len(loaded.net_.history) == 3
    with pytest.raises(
        ValueError, match=r"test_own_module.LSTM, whose code no file holds: pass it, load\(path, module=LSTM"
    ):
        sk_bionic.load(tmp_path / "elbow.skb")
    with pytest.raises(ValueError, match="of the class .*LSTM, but `module` is .*Latest"):
        sk_bionic.load(tmp_path / "elbow.skb", module=Latest)

    other = type("LSTM", (Latest,), {"__init__": lambda self, n_inputs, hidden: Latest.__init__(self, n_inputs, 1, 0)})
    with pytest.raises(ValueError, match="the weights in it do not fit"):
        sk_bionic.load(tmp_path / "elbow.skb", module=other)


def test_onnx_says_what_predict_says(data, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    regressor = fitted(data, module=Latest, max_epochs=1)
    sk_bionic.export_onnx(regressor, tmp_path / "elbow.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "elbow.onnx"))
    (angle,) = session.run(["angle"], sk_bionic.onnx_inputs(session, data[0]))
    assert angle[:, 0] == pytest.approx(np.asarray(regressor.predict(data[0])), abs=1e-5)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.LSTM, "cannot be made of|does not take sequences|must give"),
        (lambda: nn.Linear(3, 1), "does not take sequences of the shape .*, here \\(2, 26, 2\\)"),
        (lambda: nn.Linear(2, 7), "must give .* with 1 or 3 outputs. Got \\(2, 7\\)"),
        (dict, "must make a torch.nn.Module. Got dict"),
    ],
)
def test_modules_that_do_not_fit_are_refused(data, module, message):
    with pytest.raises(ValueError, match=message):
        fitted(data, module=module)


class Holed(Latest):
    """Says nothing where the EMG is high."""

    def forward(self, sequence):
        return torch.where(sequence[:, -1, :1] > 1.0, torch.nan, super().forward(sequence))


def test_a_module_that_says_no_number_in_some_frames_is_told(data):
    with pytest.raises(ValueError, match="training diverged"):
        fitted(data, "hybrid", module=Holed, max_epochs=1, ode_weight=0)


def test_an_instance_is_copied_and_takes_no_arguments(data):
    given = LSTM()
    weights = [p.clone() for p in given.parameters()]
    regressor = fitted(data, module=given)
    assert all(torch.equal(a, b) for a, b in zip(given.parameters(), weights, strict=True))
    assert regressor.module_ is not given
    with pytest.raises(ValueError, match="is an instance .* module__hidden"):
        fitted(data, module=given, module__hidden=3)


def test_warm_start_goes_on_with_its_weights(data):
    X, y = data
    regressor = fitted(data, warm_start=True, lr=1e-12)
    before = [p.detach().clone() for p in regressor.module_.parameters()]
    regressor.fit(X, y)
    assert all(torch.allclose(a, b, atol=1e-9) for a, b in zip(regressor.module_.parameters(), before, strict=True))
    with pytest.raises(ValueError, match="warm_start"):
        regressor.set_params(module__hidden=5).fit(X, y)


class TestCallbacks:
    def test_a_stop_by_held_out_trials(self, data):
        regressor = fitted(data, module=None, max_epochs=30, callbacks=[EarlyStopping(patience=1, threshold=0.5)])
        assert regressor.n_iter_ < 30
        assert regressor.interrupted_ == ()
        assert "valid_loss" in regressor.history_[-1]

    def test_checkpoints_scores_and_schedules(self, data, tmp_path):
        rates = EpochScoring(lambda net, X, y: net.optimizer_.param_groups[0]["lr"], name="rate", on_train=True)
        halved = LRScheduler("StepLR", step_size=1, gamma=0.5)
        keep = Checkpoint(monitor="train_loss_best", dirname=tmp_path)
        callbacks = [keep, ("halved", halved), rates]
        regressor = fitted(data, module=None, max_epochs=4, lr=0.01, callbacks=callbacks)
        assert (tmp_path / "params.pt").exists()
        assert [row["event_cp"] for row in regressor.history_][0]
        assert not hasattr(keep, "f_params_")
        assert [row["event_lr"] for row in regressor.history_] == pytest.approx([0.01, 0.005, 0.0025, 0.00125])

    def test_set_callbacks_tells_skorch_s_from_scikit_learn_s(self):
        stop = EarlyStopping()
        regressor = _unfitted().set_callbacks(stop)
        assert regressor.get_params()["callbacks"] == [stop]
        with pytest.raises(TypeError):
            regressor.set_callbacks(print)

    def test_they_are_not_saved(self, data, tmp_path):
        regressor = fitted(data, module=None, callbacks=[EarlyStopping()])
        sk_bionic.save(regressor, tmp_path / "elbow.skb")
        assert sk_bionic.load(tmp_path / "elbow.skb").callbacks is None

    def test_anything_else_is_refused(self, data):
        with pytest.raises(ValueError, match="must be skorch callbacks"):
            fitted(data, callbacks=[print])
