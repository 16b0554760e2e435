"""Predictions from columns that are unlike the training's: what they are, and how much less is known then."""

from dataclasses import replace

import numpy as np

from ..dynamics.errors import SimulationError
from ..trials import Recording, Trials
from .seen_inputs import LOAD_SHARE, SeenInputs


def inputs_of(recording):
    """What the inputs of a training are like, `SeenInputs`."""
    return SeenInputs.learnt(recording.emg, recording.external, recording.trials)


def oddities(predictor, recording):
    """Columns of new trials that are unlike the training's.

    Parameters
    ----------
    predictor : PredictorInTime
    recording : Recording

    Returns
    -------
    list of Oddity
        Empty where the training knows nothing of its inputs.
    """
    seen = predictor.seen_inputs
    if seen is None:
        return []
    emg = recording.emg * predictor.session.emg_gain
    return seen.odd(emg, recording.external, recording.trials, predictor.model.channels)


def widened(predictor, prediction, recording, odd):
    """A prediction whose standard deviations allow for what odd columns may have been in truth.

    Parameters
    ----------
    predictor : PredictorInTime
    prediction : Prediction
        Of the recording.
    recording : Recording
    odd : list of Oddity

    Returns
    -------
    Prediction
    """
    if prediction.angle_std is None:
        return prediction
    variance, of_force, forces = prediction.angle_std**2, None, None
    if prediction.force_std is not None:
        of_force, forces = prediction.force_std**2, _forces(predictor, recording, prediction)
    for one in odd:
        rows = recording.trials.slices[one.trial]
        others = list(_instead(predictor, recording, one))
        share = LOAD_SHARE**2 if one.kind == "range" else 1.0
        # A muscle is at rest most of the time: the mean of stretches would say that a dropout misses little.
        of_all = np.max if one.kind == "dropout" else np.mean
        if others:
            moved = [np.square(other.angle - prediction.angle[rows]) for _, other in others]
            variance[rows] += share * of_all(moved, axis=0)
            if of_force is not None:
                moved = [np.square(_forces(predictor, *pair) - forces[rows]) for pair in others]
                of_force[rows] += share * of_all(moved, axis=0)
    force_std = None if of_force is None else np.sqrt(of_force)
    return replace(prediction, angle_std=np.sqrt(variance), force_std=force_std)


def _instead(predictor, recording, odd):
    """Recordings of one trial with the odd column replaced, and the predictions from them."""
    rows = recording.trials.slices[odd.trial]
    time = recording.trials.time[rows]
    trial = Recording(
        Trials(("instead",), np.array([0, len(time)]), time),
        recording.emg[rows],
        {name: column[rows] for name, column in recording.external.items()},
    )
    gain = 1.0 if odd.column < 0 else predictor.session.emg_gain[odd.column]
    signal = trial.external[odd.name] if odd.column < 0 else trial.emg[:, odd.column]
    for other in predictor.seen_inputs.replacements(odd, signal * gain, time):
        changed = _with_column(trial, odd, other / gain)
        try:
            yield changed, predictor.predict(changed)
        except SimulationError:
            continue


def _with_column(recording, odd, signal):
    if odd.column < 0:
        return replace(recording, external={**recording.external, odd.name: signal})
    emg = recording.emg.copy()
    emg[:, odd.column] = signal
    return replace(recording, emg=emg)


def _forces(predictor, recording, prediction):
    """Muscle forces (n_frames, n_muscles) [N] along a prediction."""
    return predictor.muscles_along(recording, prediction)[0].tendon_force
