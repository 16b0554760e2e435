"""The exported graph is the predictor's own networks."""

import json
import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

import sk_bionic
from sk_bionic.persistence import _onnx

RATE = 100.0


def windows(emg, n_samples, latency=0):
    """The last samples before each frame (n_frames, n_samples, n_channels), the first frame held before the start."""
    last = np.arange(len(emg))[:, None] + latency
    rows = last + np.arange(1 - n_samples, 1)
    return emg[np.clip(rows, 0, len(emg) - 1)].astype(np.float32)


def from_emg(regressor, X):
    """What the learners of the EMG alone say, as the session's goniometer reads it."""
    recording, _ = regressor._read(X)
    return regressor.predictor_.predict_from_emg(recording) + regressor.session_.offset


def graph_says(regressor, X, rate=RATE):
    graph, inputs, _ = _onnx._in_time(regressor, rate)
    roles = regressor.roles_
    values = X.to_numpy()
    given = [torch.from_numpy(windows(values[:, roles.emg], graph.n_samples, graph.latency))]
    if "external" in inputs:
        given.append(torch.from_numpy(values[:, list(roles.exogenous.values())].astype(np.float32)))
    with torch.no_grad():
        return graph.eval()(*given).numpy()


@pytest.mark.parametrize("kind", ["hybrid", "network", "two joints", "calibrated", "no forest, no physics"])
def test_graph_is_the_mean_of_the_learners_of_emg(kind, fitted):
    regressor, X, _ = fitted(kind)
    rate = 50.0 if kind == "two joints" else RATE
    np.testing.assert_allclose(graph_says(regressor, X, rate), from_emg(regressor, X), atol=1e-5)


def test_the_goniometer_s_offset_is_in_the_graph_once(fitted):
    regressor, X, _ = fitted("calibrated")
    as_trained = regressor.predictor_.learners.networks.center
    offset = _onnx._in_time(regressor, RATE)[0].center.numpy() - as_trained
    assert abs(offset[0]) > 0.01
    np.testing.assert_allclose(offset, regressor.session_.offset, atol=1e-6)


@pytest.mark.parametrize("delay", [0.03, 0.0147, -0.02, -0.0333])
def test_a_new_session_is_in_the_graph(fitted, delay):
    regressor, X, _ = fitted("hybrid")
    as_found = regressor.predictor_
    session = as_found.session._replace(delay=delay, emg_gain=np.array([1.4, 0.6]))
    regressor._expose(replace(as_found, session=session))
    try:
        inner = slice(0, len(X) - 5)  # nothing can be read beyond the end
        np.testing.assert_allclose(graph_says(regressor, X)[inner], from_emg(regressor, X)[inner], atol=1e-5)
    finally:
        regressor._expose(as_found)


def test_lags_between_samples_loads_and_artefacts_are_read_as_predict_does(training):
    X, y = training("network")
    rate = 64.0  # no lag of 0.05 s is a whole number of samples
    X = X.iloc[: len(y)].assign(hand_load_kg=np.linspace(0, 1, len(X)))
    X.index = y.index = pd.MultiIndex.from_product([["a"], np.arange(len(X)) / rate], names=["trial", "time"])
    regressor = sk_bionic.PhysicsInformedMSKRegressor(
        "elbow", prediction="network", max_epochs=3, emg_scale="max", random_state=0
    ).fit(X, y)
    X = X.copy()
    X.iloc[50, 0] = 30.0
    X.iloc[60, 1] = -0.1
    with pytest.warns(UserWarning, match="full excitation"):
        expected = regressor.predict(X)
    np.testing.assert_allclose(graph_says(regressor, X, rate)[:, 0], expected, atol=1e-5)


@pytest.fixture(scope="module")
def exported(fitted, tmp_path_factory):
    """Function from a kind to a session of onnxruntime on its file."""
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    folder = tmp_path_factory.mktemp("onnx")

    def make(kind):
        path = folder / f"{kind}.onnx"
        sk_bionic.export_onnx(fitted(kind)[0], path)  # the rate is that of the training
        return onnxruntime.InferenceSession(path)

    return make


def test_onnxruntime_agrees_on_an_ensemble(exported, fitted):
    session, (regressor, X, _) = exported("hybrid"), fitted("hybrid")
    about = session.get_modelmeta().custom_metadata_map
    n_samples = int(about["n_samples"])
    assert json.loads(about["channels"]) == ["biceps", "triceps"] == list(regressor.feature_names_in_)
    assert json.loads(about["coordinates"]) == ["elbow_flexion"] and about["angle_unit"] == "rad"
    span = max(json.loads(about["lags_s"])) * json.loads(about["sampling_rate_hz"])
    assert span == pytest.approx(n_samples - 1)
    assert "no fusion with the equation of motion" in about["content"]
    angle = session.run(["angle"], {"emg": windows(X.to_numpy(), n_samples)})[0]
    np.testing.assert_allclose(angle, from_emg(regressor, X), atol=1e-5)
    one = session.run(["angle"], {"emg": windows(X.to_numpy(), n_samples)[:1]})[0]
    np.testing.assert_allclose(one, angle[:1], atol=1e-6)


@pytest.mark.parametrize("kind", ["hybrid", "static"])
def test_inputs_of_a_whole_recording_are_made_by_one_call(exported, fitted, kind):
    session, (regressor, X, _) = exported(kind), fitted(kind)
    expected = regressor.predict(X) if kind == "static" else from_emg(regressor, X)[:, 0]
    for given in (X, X[X.columns[::-1]], X.to_numpy()):
        (angle,) = session.run(["angle"], sk_bionic.onnx_inputs(session, given))
        np.testing.assert_allclose(angle[:, 0], expected, atol=1e-5)
    with pytest.raises(ValueError, match=r"X lacks the columns \['triceps'\]"):
        sk_bionic.onnx_inputs(session, X.drop(columns="triceps"))
    if kind == "hybrid":
        two = pd.concat([X, X.rename({"trial_01": "again"}, level="trial")])
        (angle,) = session.run(["angle"], sk_bionic.onnx_inputs(session, two))  # no window crosses a trial's start
        np.testing.assert_allclose(angle[:, 0], np.tile(expected, 2), atol=1e-5)
        with pytest.raises(ValueError, match="made for 100 Hz, but X has 50 frames"):
            sk_bionic.onnx_inputs(session, X.iloc[::2])


def test_onnxruntime_agrees_on_single_frames(exported, fitted):
    session, (regressor, X, _) = exported("static"), fitted("static")
    angle = session.run(["angle"], {"frame": X.to_numpy(dtype=np.float32)})[0]
    np.testing.assert_allclose(angle[:, 0], regressor.predict(X), atol=1e-5)


def test_what_is_no_graph_is_refused(fitted, tmp_path):
    path = tmp_path / "elbow.onnx"
    with pytest.raises(ValueError, match="equation of motion alone predicts here.*prediction='hybrid' or 'network'"):
        sk_bionic.export_onnx(fitted("simulation")[0], path, sampling_rate=RATE)
    with pytest.raises(TypeError, match="in a Pipeline its last step. Got Pipeline"):
        sk_bionic.export_onnx(fitted("pipeline")[0], path)
    with pytest.raises(ValueError, match=r"pass a positive `sampling_rate` \[Hz\]. Got -1"):
        sk_bionic.export_onnx(fitted("hybrid")[0], path, sampling_rate=-1)
    with pytest.raises(Exception, match="not fitted"):
        sk_bionic.export_onnx(clone(fitted("hybrid")[0]), path)
    assert os.listdir(tmp_path) == []


def test_without_onnx_the_extra_is_named(fitted, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    with pytest.raises(ImportError, match=r"sk_bionic\[onnx\]"):
        sk_bionic.export_onnx(fitted("hybrid")[0], tmp_path / "elbow.onnx", sampling_rate=RATE)
