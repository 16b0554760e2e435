"""Predictions of a stream of the Lab Streaming Layer."""

from pathlib import Path

import numpy as np
from sklearn.pipeline import Pipeline

from ..persistence import load
from ..preprocessing import EMGEnvelope
from ..regressor import PhysicsInformedMSKRegressor
from ._commands import load_fitted
from ._config import read_config
from ._estimators import make_envelope


def stream(arguments):
    """Predict what comes from one stream and publish it as another."""
    from ..streaming.lsl import serve

    pipeline, filters = _fitted(Path(arguments.model))
    regressor = pipeline[-1]
    print(f"Waiting for the stream {arguments.inlet!r} ...", flush=True)
    counts = serve(
        regressor, arguments.inlet, arguments.outlet, envelope=envelope_of(pipeline, filters),
        duration=arguments.duration,
        timeout=arguments.wait, scope=arguments.scope, lag=arguments.lag, frame_rate=arguments.frame_rate,
    )  # fmt: skip
    print(
        f"{counts['samples']} samples read, {counts['frames']} frames published as {arguments.outlet!r}, "
        f"{counts['flagged']} of them flagged."
    )


def _fitted(path):
    """The fitted pipeline, and the filters that made envelopes for it (None: its columns are envelopes)."""
    if path.suffix == ".toml":
        config = read_config(path)
        return load_fitted(config), make_envelope(config)
    fitted = load(path)
    pipeline = fitted if isinstance(fitted, Pipeline) else Pipeline([("regressor", fitted)])
    if not isinstance(pipeline[-1], PhysicsInformedMSKRegressor):
        raise TypeError(f"{path} holds no fitted PhysicsInformedMSKRegressor but {type(pipeline[-1]).__name__}.")
    prepared = getattr(pipeline, "preparation_", None)
    if prepared and prepared.get("emg"):
        raise ValueError(
            f"{path} was fitted on envelopes that its configuration makes of raw EMG: give the configuration "
            "(.toml) instead."
        )
    return pipeline, None


def envelope_of(pipeline, filters):
    """What makes of the samples what the regressor was trained on, an EMGEnvelope as fitted; None where nothing does.

    `filters`: an EMGEnvelope that made envelopes of the training's recordings before the pipeline saw them, or None.
    """
    steps = [step for step in pipeline[:-1] if isinstance(step, EMGEnvelope)] if len(pipeline) > 1 else []
    if not steps:
        last = None
    elif len(steps) == 1 and len(pipeline) == 2:
        last = steps[0]
    else:
        raise ValueError(
            "A stream can follow a pipeline of an EMGEnvelope and a regressor, and this one has other steps."
        )
    if filters is None:
        return last
    n = pipeline[-1].n_features_in_
    made = EMGEnvelope(**{**filters.get_params(), "causal": True})
    made.band_, made.sampling_rate_ = filters.band, np.nan
    made.rest_ = np.zeros(n) if last is None else last.rest_
    made.scale_ = np.ones(n) if last is None else last.scale_
    return made
