"""What an exported graph is fed with: the windows of EMG before every frame of a recording."""

import json

import numpy as np
import pandas as pd

from ..trials import find_trials

SAME_RATE = 0.01  # relative difference of two rates that are one


def onnx_inputs(session, X):
    """Inputs of an exported graph for every frame of a recording.

    The graph of `export_onnx` answers one window of EMG at a time. This makes the windows of a whole recording as
    `predict` reads them: each ends at its frame, the trial's first frame stands for what came before it.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        Of a file that `export_onnx` has written; its metadata say the rate, the channels and the length of the windows.
    X : DataFrame or array-like (n_frames, n_columns)
        EMG envelopes and external inputs, the columns of the training; trials and times in the index, or one trial at
        the rate of the graph.

    Returns
    -------
    dict of ndarray
        For ``session.run(["angle"], inputs)``: "emg" (n_frames, n_samples, n_channels) and, where the graph has it,
        "external" (n_frames, n_external); of a graph of single frames "frame" (n_frames, n_columns). float32.

    Raises
    ------
    ValueError
        When a column is missing, or the frames have another rate than the graph.

    See Also
    --------
    export_onnx : Writes the graph.

    Examples
    --------
    >>> import onnxruntime, sk_bionic  # doctest: +SKIP
    >>> session = onnxruntime.InferenceSession("elbow.onnx")  # doctest: +SKIP
    >>> (angle,) = session.run(["angle"], sk_bionic.onnx_inputs(session, X))  # doctest: +SKIP
    """
    about = session.get_modelmeta().custom_metadata_map
    columns = json.loads(about["columns"])
    values = _columns(X, columns)
    if "n_samples" not in about:
        return {"frame": values.astype(np.float32)}
    rate = float(about["sampling_rate_hz"])
    trials = find_trials(X, sampling_rate=rate)
    if np.isfinite(trials.sampling_rate) and abs(trials.sampling_rate / rate - 1.0) > SAME_RATE:
        raise ValueError(
            f"The graph was made for {rate:g} Hz, but X has {trials.sampling_rate:g} frames per second: bring X "
            f"to that rate (sk_bionic.preprocessing.resample(X, sampling_rate={rate:g})), or export the graph with "
            f"`sampling_rate={trials.sampling_rate:g}`."
        )
    at = {name: values[:, columns.index(name)] for name in columns}
    emg = np.column_stack([at[name] for name in json.loads(about["channels"])])
    latency = round(float(about["latency_s"]) * rate)
    inputs = {"emg": emg[_rows(trials, int(about["n_samples"]), latency)].astype(np.float32)}
    if external := json.loads(about["external"]):
        inputs["external"] = np.column_stack([at[name] for name in external]).astype(np.float32)
    return inputs


def _columns(X, columns):
    """Values (n_frames, n_columns) of the columns that the estimator was fitted on, in their order."""
    if isinstance(X, pd.DataFrame):
        missing = [name for name in columns if name not in X.columns]
        if missing and any(isinstance(name, str) for name in X.columns):
            raise ValueError(f"X lacks the columns {missing} of the graph. Got {list(X.columns)}.")
        X = X if missing else X[columns]
    values = np.asarray(X, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(columns):
        raise ValueError(f"X must have the {len(columns)} columns {columns}. Got the shape {values.shape}.")
    return values


def _rows(trials, n_samples, latency):
    """Rows (n_frames, n_samples) of the window of every frame, within its trial."""
    rows = np.arange(trials.n_frames)[:, None] + latency + np.arange(1 - n_samples, 1)
    first = np.repeat(trials.starts[:-1], trials.lengths)[:, None]
    last = np.repeat(trials.starts[1:] - 1, trials.lengths)[:, None]
    return np.clip(rows, first, last)
