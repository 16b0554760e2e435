"""What makes a fit, or a new session of it, implausible: signals, identification and prediction together."""

from ..dynamics.equation import EquationOfMotion
from ..dynamics.errors import SimulationError
from ..identification.of_session import session_suspicions
from ..identification.plausibility import implausibilities
from ..identification.signals import (
    angle_suspicions,
    any_constant,
    emg_suspicions,
    speed_suspicions,
    time_suspicions,
)
from ..identification.suspicion import CONCLUSIVE, ordered


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
    trials, angle = recording.trials, recording.angle
    return [
        *time_suspicions(trials),
        *speed_suspicions(angle, trials),
        *angle_suspicions(angle, trials, model.coordinate_names),
        *emg_suspicions(recording.emg * emg_scale, emg_scale, model.channels, trials, may_scale),
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
    return ordered([*signals, *implausibilities(equation, recording.angle, recording.weight, found, scaled)])


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
    return session_suspicions(predicted, recording.angle, predictor.error_std, predictor.model.coordinate_names)
