"""What makes a fit, or a new session of it, implausible, and one warning of it, or one for all fits of a cohort."""

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from itertools import combinations

import numpy as np

from ..dynamics.equation import EquationOfMotion
from ..exceptions import PlausibilityWarning, SimulationError, warn_user
from ..identification.at_rest import speed_suspicions, unloaded
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
from ..identification.suspicion import CONCLUSIVE, KINDS, Suspicion

# Labels whose angles span less [rad] do not say how far the limb moved where EMG of the training is beyond all that is
# labelled, if more than this share of its frames without an angle are. Taken with the test parts of twelve men's knees
# under few labels in view, so it tells of others somewhat less often than of those; a fully labelled recording is never
# concerned.
NARROW, UNLABELLED = np.deg2rad(40.0), 0.1
N_NAMED = 2  # suspicions that a warning spells out


def signal_suspicions(recording, model, emg_scale, may_scale):
    """Suspicions that need no fit.

    Parameters
    ----------
    recording : Recording
        Of the training.
    model : MusculoskeletalModel or None
    emg_scale : ndarray (n_channels,)
        EMG amplitude that counts as excitation 1.
    may_scale : bool
        Whether that was left to the EMG itself.

    Returns
    -------
    list of Suspicion
    """
    trials, angle, emg = recording.trials, recording.angle, recording.emg
    if model is None:  # frames without time
        return []
    emg = emg if np.all(emg_scale == 1.0) else emg * emg_scale
    return [
        *time_suspicions(trials),
        *speed_suspicions(angle, trials, unloaded(model, angle.shape[1])),
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
    return ordered([*signals, *coverage_suspicions(recording, model, predictor), *doubts])


def coverage_suspicions(recording, model, predictor):
    """Angles of which labels cover a small range, while the EMG of many frames of the training without an angle is
    further beyond that of all labelled ones than any that was held out, list of Suspicion.
    """
    size, angle, unlabelled = predictor.error_size, recording.angle, ~recording.labelled
    if size is None or not unlabelled.any():
        return []
    beyond, out = float((size.away(recording.emg[unlabelled]) > size.outside).mean()), []
    advice = "Measure the angle over more of the movement, where the EMG is largest above all."
    low, high = np.nanmin(angle, axis=0), np.nanmax(angle, axis=0)
    for k in np.flatnonzero((high - low < NARROW) & (beyond > UNLABELLED)):
        ends = np.rad2deg([low[k], high[k]])
        out.append(
            Suspicion(
                "coverage", model.coordinate_names[k], float(ends[1] - ends[0]), "deg",
                f"The known angles {model.coordinate_names[k]!r} are from {ends[0]:.0f} to {ends[1]:.0f} deg, but the "
                f"EMG of {beyond:.0%} of the other frames is beyond all that goes with them: what lies further is "
                "extrapolated, and the standard deviation does not tell how far off that is.",
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


def ordered(suspicions):
    """The suspicions, most telling first."""
    return sorted(suspicions, key=lambda s: KINDS.index(s.kind))


def message(suspicions, plain=False, where="`findings_`"):
    """Two lines on the most telling suspicions: what was seen, and what to try."""
    named = suspicions[:N_NAMED]
    seen = " ".join(s.meaning for s in named)
    advice = " ".join(dict.fromkeys(s.plain_advice if plain else s.advice for s in named))
    more = len(suspicions) - len(named)
    rest = f" ({where} has {more} more)" if more and not plain else f" ({more} more)" if more else ""
    return f"This fit may be wrong: {seen}\n{advice}{rest}"


_SILENT = ContextVar("silent", default=False)


@contextmanager
def collected():
    """Fits in this context say nothing: whoever opened it asks their `findings_` and tells of them all at once."""
    token = _SILENT.set(True)
    try:
        yield
    finally:
        _SILENT.reset(token)


def tell(suspicions, where="`findings_`"):
    """One warning of all suspicions; none where there are none."""
    if suspicions and not _SILENT.get():
        warning = PlausibilityWarning(message(suspicions, where=where), message(suspicions, plain=True))
        warn_user(warning)
