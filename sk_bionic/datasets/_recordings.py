"""Files of recorded EMG and angle: reading, units, sign, envelopes and resampling."""

import warnings

import numpy as np
import pandas as pd

from sk_bionic.preprocessing import EMGEnvelope, resample

RECORDED_RATE = 1000  # Hz, of both data sets

KNEE_COLUMNS = {
    "Recto Femoral": "rectus_femoris",
    "Biceps Femoral": "biceps_femoris",
    "Vasto Medial": "vastus_medialis",
    "EMG Semitendinoso": "semitendinosus",
    "Flexo-Extension": "knee_flexion",
}
ELBOW_HEADER_LINES = 3
DEGREES_PER_COUNT = 0.045


def read_knee(path):
    """EMG [V] and knee flexion [rad], flexion positive, one row per millisecond."""
    frame = pd.read_csv(path, usecols=list(KNEE_COLUMNS), dtype=np.float64)
    frame = frame[list(KNEE_COLUMNS)].rename(columns=KNEE_COLUMNS)
    angle = np.deg2rad(frame.pop("knee_flexion"))
    frame *= 1e-3  # mV
    frame["knee_flexion"] = _flexion_positive(angle, path.name)
    return frame


def _flexion_positive(angle, file_name):
    """Flip the sign of a recording whose excursion is negative.

    A knee flexes by 60 deg or more and hardly extends past straight. So the middle of its range
    is positive, even with the goniometer's zero off by 20 deg; percentiles ignore spikes.
    """
    lowest, highest = np.quantile(angle, [0.01, 0.99])
    middle, excursion = (lowest + highest) / 2, highest - lowest
    if abs(middle) < 0.1 * excursion:
        warnings.warn(
            f"{file_name}: the angle runs from {np.rad2deg(lowest):.0f} to "
            f"{np.rad2deg(highest):.0f} deg, which does not tell the goniometer's sign. Check it.",
            UserWarning,
            stacklevel=4,
        )
    return -angle if middle < 0 else angle


def read_elbow(path):
    """EMG [counts] and elbow flexion [rad], one row per millisecond."""
    columns = ["biceps", "elbow_flexion"]
    frame = pd.read_csv(path, sep="\t", skiprows=ELBOW_HEADER_LINES, header=None, names=columns)
    frame = frame.apply(pd.to_numeric, errors="coerce")
    complete = frame.notna().all(axis=1).to_numpy()
    n_complete = len(frame) if complete.all() else int(np.argmin(complete))
    if complete[n_complete:].any():
        raise ValueError(f"{path.name}, row {n_complete}: expected two numbers.")
    # An empty last row is the writer's habit; half a row is a lost sample.
    if frame.iloc[n_complete:].notna().any(axis=None):
        warnings.warn(
            f"{path.name} ends in the middle of row {n_complete}, which is dropped.",
            UserWarning,
            stacklevel=3,
        )
    return _elbow_units(frame.iloc[:n_complete])


def _elbow_units(counts):
    angle = np.deg2rad(DEGREES_PER_COUNT * counts["elbow_flexion"])
    return counts.astype(np.float64).assign(elbow_flexion=angle)


def assemble(frames, rate, envelope):
    """Join the recordings, form envelopes at the recorded rate, then resample."""
    timed = {
        name: frame.set_axis(pd.Index(np.arange(len(frame)) / RECORDED_RATE, name="time"))
        for name, frame in frames.items()
    }
    data = pd.concat(timed, names=["trial"])
    angle = data.columns[-1]
    emg = data.columns[:-1]
    if envelope:
        data[emg] = EMGEnvelope(normalize=None, rest=None).fit_transform(data[emg])
    if rate != RECORDED_RATE:
        data = resample(data, sampling_rate=rate)
    # The anti-aliasing filter may ring below zero where an envelope starts from rest.
    emg_data = data[emg].clip(lower=0.0) if envelope else data[emg]
    return emg_data, data[angle]
