"""What makes a fit, or a new session of it, implausible: signals, identification and prediction together."""

from dataclasses import replace
from itertools import combinations

import numpy as np

from ..dynamics.equation import EquationOfMotion
from ..exceptions import SimulationError
from ..identification.at_rest import speed_suspicions
from ..identification.of_session import exchanged_channels, session_suspicions
from ..identification.plausibility import implausibilities
from ..identification.signals import (
    angle_suspicions,
    any_constant,
    dropout_suspicions,
    emg_suspicions,
    time_suspicions,
    trial_suspicions,
)
from ..identification.suspicion import CONCLUSIVE, Suspicion, ordered
from .error_size import UNLABELLED


def signal_suspicions(recording, model, emg_scale, may_scale):
    """Suspicions that need no fit.

    Parameters
    ----------
    recording : Recording
        Of the training.
    model : MusculoskeletalModel
    emg_scale : ndarray (n_channels,)
        EMG amplitude that counts as excitation 1.
    may_scale : bool
        Whether that was left to the EMG itself.

    Returns
    -------
    list of Suspicion
    """
    trials, angle, emg = recording.trials, recording.angle, recording.emg
    emg = emg if np.all(emg_scale == 1.0) else emg * emg_scale
    return [
        *time_suspicions(trials),
        *speed_suspicions(angle, trials, model),
        *angle_suspicions(angle, trials, model.coordinate_names),
        *trial_suspicions(emg, angle, trials, model.coordinate_names),
        *emg_suspicions(emg, emg_scale, model.channels, trials, may_scale),
        *dropout_suspicions(emg, trials, model.channels),
    ]


def fit_suspicions(signals, recording, model, predictor, scaled, interrupted):
    """What makes a fit implausible, most telling first.

    Parameters
    ----------
    signals : list of Suspicion
        As of `signal_suspicions`.
    recording : Recording
    model : MusculoskeletalModel
        Before the fit.
    predictor : PredictorInTime
    scaled : bool
        Whether the EMG is in units of its own largest value.
    interrupted : bool
        Whether the fit is not whole: then its signals alone are asked.

    Returns
    -------
    list of Suspicion
    """
    equation = EquationOfMotion.of(model, recording)
    given_up = interrupted or any_constant(equation.excitation)
    if given_up or any(s.kind in CONCLUSIVE for s in signals):
        return ordered(signals)
    found = predictor.identification
    doubts = implausibilities(equation, recording.angle, recording.weight, found, scaled)
    return ordered([*signals, *coverage_suspicions(predictor, model), *doubts])


def coverage_suspicions(predictor, model):
    """Angles of which the labels cover a small part of the joint's range, while other EMG of the training goes beyond
    all that is labelled, list of Suspicion.
    """
    size = getattr(getattr(predictor, "trust", None), "size", None)
    if size is None or not size.unlabelled > UNLABELLED:
        return []
    out, advice = [], "Measure the angle over more of the movement, where the EMG is largest above all."
    for k in np.flatnonzero(size.narrow):
        low, high = np.rad2deg(size.angles[:, k])
        out.append(
            Suspicion(
                "coverage", model.coordinate_names[k], float(high - low), "deg",
                f"The known angles {model.coordinate_names[k]!r} are from {low:.0f} to {high:.0f} deg, but the EMG of "
                f"{size.unlabelled:.0%} of the other frames is beyond all that goes with them: what lies further is "
                "extrapolated, and errors there are larger than any band says.",
                advice, advice,
            )
        )  # fmt: skip
    return out


def session_suspicions_of(predictor, recording):
    """What makes the angles of a new session implausible, by the prediction as trained.

    Parameters
    ----------
    predictor : PredictorInTime
        As trained.
    recording : Recording
        Of the new session, with its angles.

    Returns
    -------
    list of Suspicion
    """
    try:
        predicted = predictor.predict(recording).angle
    except SimulationError:
        return []
    angle, error_std, channels = recording.angle, predictor.error_std, list(predictor.model.channels)

    def with_exchanged(pair):
        order = [{pair[0]: pair[1], pair[1]: pair[0]}.get(name, name) for name in channels]
        emg = recording.emg[:, [channels.index(name) for name in order]]
        try:
            return predictor.predict(replace(recording, emg=emg)).angle
        except SimulationError:
            return np.full_like(angle, np.inf)

    swapped = exchanged_channels(predicted, angle, error_std, list(combinations(channels, 2)), with_exchanged)
    return swapped or session_suspicions(predicted, angle, error_std, predictor.model.coordinate_names)
