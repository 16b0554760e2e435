"""What is odd about amplitudes and angles, as a fit would find it."""

import numpy as np

from ..identification.signals import angle_suspicions, emg_suspicions
from ._quality import Finding

NORMALISED = (0.05, 3.0)  # largest value of envelopes that may be normalised to a maximal contraction


def odd_amplitudes(recording):
    """Resting levels, electrodes that show noise alone, EMG that is not what 1 stands for; of envelopes."""
    if recording.raw or recording.emg.min() < 0:
        return []
    top = recording.emg.max(axis=0)
    normalised = NORMALISED[0] <= top.max() <= NORMALISED[1]
    scale = np.ones(len(top)) if normalised else np.where(top > 0, top, 1.0)
    # Of EMG that was never normalised, nobody knows whether its lowest level is noise or a muscle that holds something.
    severity = {"resting_level": "warning" if normalised else "note", "quiet": "warning", "amplitude": "note"}
    found = emg_suspicions(recording.emg, scale, recording.channels, recording.trials, normalised)
    return [_finding(s, severity[s.kind], s.what) for s in found]


def odd_angles(recording):
    """Angles that jump by whole turns, or were converted to radians twice."""
    if recording.angle is None:
        return []
    found = angle_suspicions(recording.angle, recording.trials, recording.angle_names)
    return [_finding(s, "severe", s.what) for s in found]


def _finding(suspicion, severity, channel):
    said = suspicion.meaning, suspicion.advice
    return Finding(suspicion.kind, severity, channel, None, np.nan, np.nan, suspicion.value, suspicion.unit, said)
