"""The learners of the EMG as an ONNX graph, for devices without Python."""

import json
import logging
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from .. import __version__
from .._inputs import LARGEST_EXCITATION
from ..atomic import replacing
from ..learning.features import OF_STATE
from ..predictors.network import NetworkPredictor
from ..regressor import PhysicsInformedMSKRegressor
from ._graph import FrameGraph, WindowGraph, subset

OPSET = 18
WHAT = {
    "hybrid": "mean of the ensemble's networks that see EMG and external inputs alone; not the forests, not the "
    "networks that see the simulated state, "
    "no fusion with the equation of motion and no low-pass: those are what makes `predict` better",
    "network": "the network of prediction='network'; the same as `predict`",
    "static": "the network of single frames; the same as `predict`",
}


def export_onnx(estimator, path, *, sampling_rate=None):
    """Write what of the predictor is a graph as an ONNX file; needs the extra ``[onnx]``.

    A simulation, and the fusion of a prediction with the equation of motion, are roots that Newton's method finds on a
    whole trial; a forest is no network. None of them is in the file. What is:

    - ``prediction="network"``: the network. The graph's angle is that of `predict`.
    - ``prediction="hybrid"``: the mean of the ensemble's networks that see EMG (and load, posture) alone: less accurate
      than `predict`, but without its physics it runs frame by frame in microseconds.
    - fitted without a time axis: the network of single frames.

    The graph starts from the columns of X as `predict` takes them: scaling, the session's EMG gains and delay (see
    `calibrate`), the square root, the lags and the standardisation are inside; goniometer offsets, too.

    Parameters
    ----------
    estimator : PhysicsInformedMSKRegressor
        Fitted; not ``prediction="simulation"``.
    path : path-like
        Where to write. An existing file is replaced, whole or not at all.
    sampling_rate : float, optional
        Frames per second [Hz] of the EMG that the graph will be given. Default: that of the training frames.

    Raises
    ------
    ImportError
        When onnx or onnxscript is not installed.
    ValueError
        When nothing of the predictor is a graph, or the sampling rate is needed and not known.

    See Also
    --------
    onnx_inputs : Windows of a recording, for onnxruntime.

    Notes
    -----
    Inputs and outputs, float32:

    ``emg`` (n_windows, n_samples, n_channels)
        EMG envelopes, the channels in the order of the metadata's ``channels``, the latest sample last. Before a
        trial's start repeat its first frame, as `predict` does.
    ``external`` (n_windows, n_external)
        Load, posture and prescribed angles at the time of the angle; only where the estimator has such columns.
    ``frame`` (n_frames, n_columns)
        In place of both, where the estimator was fitted without a time axis.
    ``angle`` (n_windows, n_coordinates)
        Joint angles [rad], as the goniometer reads them, at the latest sample: or ``latency_s`` before it, where
        `calibrate` has found that the EMG now leads less than in training.

    `onnx_inputs` makes all of these of a recording. The model's metadata (strings, lists as JSON) has ``content``,
    ``columns`` (of X, in the order of the training), ``channels``, ``external``, ``external_units``,
    ``coordinates``, ``angle_unit``, ``sampling_rate_hz``, ``n_samples``, ``lags_s``, ``delay_s``, ``latency_s``,
    ``emg_scale`` and ``sk_bionic_version``.

    Examples
    --------
    >>> import onnxruntime, sk_bionic  # doctest: +SKIP
    >>> sk_bionic.export_onnx(regressor, "elbow.onnx")  # doctest: +SKIP
    >>> session = onnxruntime.InferenceSession("elbow.onnx")  # doctest: +SKIP
    >>> (angle,) = session.run(["angle"], sk_bionic.onnx_inputs(session, X))  # doctest: +SKIP
    """
    if not isinstance(estimator, PhysicsInformedMSKRegressor):
        raise TypeError(
            "`estimator` must be a PhysicsInformedMSKRegressor, in a Pipeline its last step. Got "
            f"{type(estimator).__name__}."
        )
    check_is_fitted(estimator)
    if estimator.predictor_.networks is None:
        raise ValueError(
            "The equation of motion alone predicts here, which is solved by iteration and is no graph. Fit with "
            "prediction='hybrid' or 'network' to export their networks."
        )
    _require_onnx()
    graph, inputs, metadata = _static(estimator) if estimator.model_ is None else _in_time(estimator, sampling_rate)
    program = _exported(graph, inputs)
    for name, value in {**metadata, "sk_bionic_version": __version__}.items():
        program.model.metadata_props[name] = value if isinstance(value, str) else json.dumps(value)
    program.model.doc_string = f"sk_bionic: {metadata['content']}"
    with replacing(Path(path)) as file:
        file.write(program.model_proto.SerializeToString())


def _require_onnx():
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ImportError('ONNX files are written with onnx and onnxscript: pip install "sk_bionic[onnx]".') from error


def _static(estimator):
    predictor = estimator.predictor_
    names = list(estimator._column_names)
    graph = FrameGraph(subset(predictor.networks), predictor.scaler, predictor.network)
    metadata = {
        "content": WHAT["static"],
        "columns": names,
        "coordinates": _coordinates(estimator),
        "angle_unit": "rad",
    }
    return graph, {"frame": torch.zeros(2, len(names))}, metadata


def _in_time(estimator, sampling_rate):
    rate = sampling_rate or getattr(estimator, "sampling_rate_", None) or estimator.sampling_rate
    if rate is None or not np.isfinite(rate) or rate <= 0:
        raise ValueError(f"The graph is made for EMG of one rate: pass a positive `sampling_rate` [Hz]. Got {rate!r}.")
    predictor, roles = estimator.predictor_, estimator.roles_
    session, layout = predictor.session, predictor.layout
    trained, network, scaler, constant, weight = _networks(predictor, layout.n_features)
    lags = np.asarray(layout.lags)
    graph = WindowGraph(
        network, scaler, constant, weight, trained, lags * rate, np.asarray(layout.share_lags) * rate,
        session.delay * rate, session.emg_gain / estimator.emg_scale_, LARGEST_EXCITATION, session.offset,
    )  # fmt: skip
    inputs = {"emg": torch.zeros(2, graph.n_samples, layout.n_channels)}
    if roles.exogenous:
        inputs["external"] = torch.zeros(2, layout.n_exogenous)
    metadata = {
        "content": WHAT["network" if isinstance(predictor, NetworkPredictor) else "hybrid"],
        "columns": list(estimator._column_names),
        "channels": list(roles.emg_names),
        "external": list(roles.exogenous),
        "external_units": [_UNITS.get(name, "rad") for name in roles.exogenous],
        "coordinates": _coordinates(estimator),
        "angle_unit": "rad",
        "sampling_rate_hz": float(rate),
        "n_samples": graph.n_samples,
        "lags_s": lags.tolist(),
        "delay_s": float(session.delay),
        "latency_s": graph.latency / rate,
        "emg_scale": np.asarray(estimator.emg_scale_).tolist(),
    }
    return graph, inputs, metadata


_UNITS = {"hand_load_kg": "kg", "external_torque_nm": "N m"}


def _coordinates(estimator):
    names = estimator.target_names_
    if names is None and estimator.model_ is not None:
        names = estimator.model_.coordinate_names
    return [str(name) for name in names] if names is not None else []


def _networks(predictor, n_features):
    """TrainedNetwork, its networks that see no simulated state, the scaling of their inputs, which of these were
    constant, and the weight of each network in the mean.
    """
    if isinstance(predictor, NetworkPredictor):
        module = predictor.networks
        n_networks = len(module.source)
        scaling = predictor.scaler.mean_, predictor.scaler.scale_
        equal = np.full(n_networks, 1.0 / n_networks)
        return predictor.network, subset(module), scaling, np.zeros(n_features, bool), equal
    learners = predictor.learners
    member = np.array(
        [name if name and name not in OF_STATE else "" for name in learners.member_of_network], dtype=object
    )
    names = [name for name in dict.fromkeys(member) if name]
    weight = np.array([1.0 / (len(names) * (member == name).sum()) if name else 0.0 for name in member])
    own = member != ""
    scaling = learners.scaler.mean_[:n_features], learners.scaler.scale_[:n_features]
    networks = subset(learners.networks.module, own, n_features)
    return learners.networks, networks, scaling, learners.constant[:n_features], weight[own]


def _exported(graph, inputs):
    """ONNX program of a torch module whose inputs have any number of rows."""
    rows = torch.export.Dim("n_windows")
    with _quiet():
        return torch.onnx.export(
            graph.eval(), tuple(inputs.values()), dynamo=True, opset_version=OPSET, input_names=list(inputs),
            output_names=["angle"],
            dynamic_shapes=[{0: rows}] * len(inputs), verbose=False,
        )  # fmt: skip


@contextmanager
def _quiet():
    """What torch and its exporter announce about their own insides is nothing that users could act on."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
