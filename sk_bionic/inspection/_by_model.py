"""What a model makes of a recording: signs, zeros, channels, clocks and masses that it tells."""

import warnings

import numpy as np

from ..predictors.doubts import collected
from ._quality import Finding


def against_model(X, y, model, recording, trial):
    """Findings of a fit of the simulation, which asks what else would explain the recording.

    Parameters
    ----------
    X, y : DataFrame or array-like
        As given.
    model : MusculoskeletalModel or str
    recording : Recording
    trial : array-like or None

    Returns
    -------
    list of Finding

    Raises
    ------
    ValueError
        Without angles, of raw EMG, and where X does not have the model's columns.
    """
    if recording.angle is None:
        raise ValueError("A model is compared with angles: pass `y` as well, or leave `model` out.")
    if recording.raw:
        raise ValueError(
            "A model takes EMG envelopes, and this EMG is raw: make them with EMGEnvelope, or leave `model` out."
        )
    if recording.missing.any():
        return []  # which is a finding of its own
    from ..regressor import PhysicsInformedMSKRegressor

    with collected(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        regressor = PhysicsInformedMSKRegressor(
            model, prediction="simulation", sampling_rate=recording.stated_rate, random_state=0
        ).fit(X, y, trial=trial)
    found = regressor.findings_
    return [
        Finding(
            row.kind, "severe", row.what or None, None, np.nan, np.nan, row.value, row.unit, (row.meaning, row.advice)
        )
        for row in found.itertuples()
    ]
