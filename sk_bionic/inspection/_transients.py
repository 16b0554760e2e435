"""Motion artefacts and glitches: changes that are too sudden or too slow for a muscle."""

import numpy as np
from scipy.ndimage import maximum_filter1d, median_filter, uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from ._quality import Finding
from ._signals import bridged, joined

JOIN = 0.3  # s
MOTION_CORNER, EMG_CORNER = 12.0, 25.0  # Hz: cables move below, muscles act above
LOCAL = 0.25  # s over which the EMG's own amplitude is taken
MOTION_RATIO = 4.0  # of the slow part to the EMG's amplitude there
BESIDE, SPIKE = (
    0.08,
    0.03,
)  # s beside a spike over which the EMG is looked at, and that a spike lasts at most
SPIKE_RATIO = 12.0  # of a spike to the amplitude beside it
MEDIAN = 0.11  # s; a glitch lasts less than half of it, a short burst or a fast reversal longer
AROUND = 0.25  # s over which the usual noise is taken
ENVELOPE_SPIKE = 0.3  # part of the channel's range
ANGLE_SPIKE = np.deg2rad(6.0)
NOTABLE, SEVERE = (
    1.5,
    4.0,
)  # times the limit; below, single motor units of a quiet muscle can be the reason
NOISE_RATIO = 10.0  # of a glitch to the usual distance from the median filter


def emg_artefacts(recording):
    """Transients in the EMG that no muscle makes, with their size relative to the usual."""
    ratio = _raw_ratio if recording.raw else _envelope_ratio
    found = []
    for name, time, rows in recording.pieces():
        for j, channel in enumerate(recording.channels):
            size = ratio(recording.emg[rows, j], recording.rate)
            size[recording.missing[rows, j]] = 0.0
            for start, stop in joined(size > 1.0, JOIN * recording.rate):
                value = float(size[start:stop].max())
                severity = "severe" if value > SEVERE else "warning" if value > NOTABLE else "note"
                place = (channel, name, time[start], time[stop - 1])
                found.append(Finding("artefact", severity, *place, value, "times the limit"))
    return found


def _raw_ratio(signal, rate):
    """Slow transients and spikes relative to what the EMG around them allows, (n_frames,); 1 is too much."""
    if len(signal) < rate / 2:
        return np.zeros(len(signal))
    slow = sosfiltfilt(butter(2, [1.0, MOTION_CORNER], "bandpass", fs=rate, output="sos"), signal)
    fast = sosfiltfilt(butter(2, EMG_CORNER, "highpass", fs=rate, output="sos"), signal)
    window = max(3, int(LOCAL * rate))
    local = np.sqrt(uniform_filter1d(fast**2, window, mode="nearest").clip(min=0.0))
    usual = np.sqrt(np.median(fast**2) / 0.455)  # of Gaussian noise the median square is 0.455
    motion = np.abs(slow) / np.maximum(local, usual).clip(1e-30) / MOTION_RATIO
    beside = _amplitude_beside(fast**2, rate)
    spike = np.abs(fast) / np.maximum(beside, usual).clip(1e-30) / SPIKE_RATIO
    return np.maximum(motion, spike)


def _amplitude_beside(square, rate):
    """Amplitude just before or just after each frame, whichever is larger, without the frame itself."""
    amplitude = np.sqrt(uniform_filter1d(square, max(3, int(BESIDE * rate)), mode="nearest").clip(min=0.0))
    distance = max(1, int(0.5 * (BESIDE + SPIKE) * rate))
    before, after = (np.roll(amplitude, shift) for shift in (distance, -distance))
    before[:distance], after[-distance:] = amplitude[0], amplitude[-1]
    return np.maximum(before, after)


def _envelope_ratio(signal, rate):
    span = np.percentile(signal, 99.5) - signal.min()
    return _glitch(signal, rate, ENVELOPE_SPIKE * span)


def _glitch(signal, rate, smallest):
    """Distance from a running median relative to the smallest that counts, (n_frames,)."""
    window = 2 * int(MEDIAN * rate / 2) + 1
    if window < 3 or len(signal) < window:
        return np.zeros(len(signal))
    distance = np.abs(signal - median_filter(signal, size=window, mode="nearest"))
    limit = np.maximum(smallest, NOISE_RATIO * _usual(distance, int(AROUND * rate)))
    return np.divide(distance, limit, out=np.zeros(len(signal)), where=limit > 0)


def _usual(size, window):
    """Running median of sizes (n_frames,), the largest within the window, on thinned frames: it is slow else."""
    step = max(1, window // 25)
    width = max(3, window // step)
    median = maximum_filter1d(median_filter(size[::step], size=width, mode="nearest"), width)
    return np.interp(np.arange(len(size)), np.arange(0, len(size), step), median)


def angle_artefacts(recording):
    """Glitches of the measured angles."""
    if recording.angle is None:
        return []
    unknown = ~np.isfinite(recording.angle)
    angle = bridged(recording.angle, unknown, recording.trials)
    found = []
    for name, time, rows in recording.pieces():
        for d, coordinate in enumerate(recording.angle_names):
            ratio = _glitch(angle[rows, d], recording.rate, ANGLE_SPIKE)
            ratio[unknown[rows, d]] = 0.0
            for start, stop in joined(ratio > 1.0, JOIN * recording.rate):
                degrees = float(np.rad2deg(ratio[start:stop].max() * ANGLE_SPIKE))
                place = (coordinate, name, time[start], time[stop - 1])
                found.append(Finding("angle_artefact", "warning", *place, degrees, "deg"))
    return found
