"""Filters on one uniformly sampled signal, and the low-pass of predicted angles.

The cut-off of the low-pass is chosen on predictions of frames that the predictor has not seen. Limbs move more slowly
than EMG fluctuates, so a smoother prediction is a better one, whoever made it. Compare methods with the same choice of
cut-off, or the comparison credits one of them with the smoothing.
"""

from functools import lru_cache

import numpy as np
from scipy.signal import butter, sosfilt, sosfilt_zi, sosfiltfilt

# Butterworth filters are steep only beyond their cut-off: the margin below the Nyquist frequency.
NYQUIST_MARGIN = 0.9


def usable_band(band, sampling_rate):
    """Band (low, high) [Hz] with the upper edge lowered to 0.9 times the Nyquist frequency.

    Raises ValueError where that leaves less than a factor of three between the edges: such a
    signal is no raw EMG, and its filtered remainder would be noise.
    """
    low, high = band
    usable = min(high, NYQUIST_MARGIN * sampling_rate / 2)
    if usable < high and usable < 3 * low:
        needed = 2 * high / NYQUIST_MARGIN
        raise ValueError(
            f"`band`={(low, high)} Hz needs raw EMG sampled at {needed:.0f} Hz or so; frames at "
            f"{sampling_rate:g} Hz hold nothing above {sampling_rate / 2:g} Hz. Apply the "
            "transformer to the raw EMG, or, if the columns already are envelopes, pass "
            "`band=None` (and `low_pass=None` to leave them unsmoothed)."
        )
    return low, usable


def band_pass(x, band, sampling_rate, *, order, causal):
    """Butterworth band-pass along axis 0; the zero-lag form runs forward and backward.

    Odd reflection continues a signal that oscillates around an offset without a step.
    """
    sos = butter(order, band, btype="bandpass", fs=sampling_rate, output="sos")
    return _filter(sos, x, causal, "odd", pad_rows(band[0], sampling_rate))


def low_pass(x, cutoff, sampling_rate, *, order, causal=False, extension="even", periods=1):
    """Butterworth low-pass along axis 0; the zero-lag form runs forward and backward.

    Even reflection keeps the continuation of a rectified signal non-negative; it is `periods` of the cut-off long.
    """
    return _filter(
        _low_pass_sections(order, cutoff, sampling_rate).copy(),
        x,
        causal,
        extension,
        periods * pad_rows(cutoff, sampling_rate),
    )


@lru_cache(maxsize=256)
def _low_pass_sections(order, cutoff, sampling_rate):
    """Second-order sections of a Butterworth low-pass: designing it takes as long as filtering a short trial."""
    return butter(order, cutoff, btype="lowpass", fs=sampling_rate, output="sos")


def pad_rows(frequency, sampling_rate):
    """Rows that the zero-lag filters reflect at each end: one period of their lowest edge."""
    return int(np.ceil(sampling_rate / frequency))


def _filter(sos, x, causal, extension, padding):
    if not causal:
        return sosfiltfilt(sos, x, axis=0, padtype=extension, padlen=min(padding, len(x) - 1))
    # Start as if the first value had stood there for ever: no transient from an offset.
    steady_state = sosfilt_zi(sos)[:, :, np.newaxis] * x[0]
    return sosfilt(sos, x, axis=0, zi=steady_state)[0]


# Cut-off frequencies to choose from [Hz]; infinity leaves the prediction as it is.
CUTOFFS = (0.6, 0.8, 1.0, 1.25, 1.6, 2.0, 3.0, 4.0, 6.0, np.inf)
ORDER = 2
LOWEST = 1e-4  # of the sampling rate: the numbers of filters below would be lost in rounding


def smooth(predicted, trials, cutoff):
    """Zero-lag low-pass of every trial.

    Parameters
    ----------
    predicted : ndarray (n_frames, n_coordinates)
        Predicted angles [rad].
    trials : Trials
    cutoff : float
        Cut-off frequency of the second-order Butterworth filter [Hz], which runs forward and backward; infinity, or
        anything above the Nyquist frequency, changes nothing; below a ten-thousandth of the sampling rate it is that.

    Returns
    -------
    ndarray (n_frames, n_coordinates)
        Angles [rad]. A trial shorter than the filter's padding of one period is extended by less.
    """
    rate = trials.sampling_rate
    if not cutoff < NYQUIST_MARGIN * rate / 2:
        return predicted
    out = np.empty_like(predicted)
    for rows in trials.slices:
        out[rows] = part = predicted[rows]
        if len(part) > 2:
            # Reflected about its end points, a movement that is cut off half-way goes on as it was going.
            out[rows] = low_pass(part, max(cutoff, LOWEST * rate), rate, order=ORDER, extension="odd")
    return out


def choose_cutoff(predicted, angle, trials, weight=None, cutoffs=CUTOFFS):
    """Cut-off frequency [Hz] whose smoothing brings held-out predictions closest to the measured angles.

    Parameters
    ----------
    predicted : ndarray (n_frames, n_coordinates)
        Predictions of frames that their predictor has not seen [rad].
    angle : ndarray (n_frames, n_coordinates)
        Measured angles [rad]; NaN where unknown.
    trials : Trials
    weight : ndarray (n_frames,), optional
        Weight of each frame's error.
    cutoffs : sequence of float
        Frequencies to choose from [Hz].

    Returns
    -------
    float
    """
    labelled = np.isfinite(angle).all(axis=1) & np.isfinite(predicted).all(axis=1)
    share = labelled.astype(float) if weight is None else np.where(labelled, weight, 0.0)

    def error(cutoff):
        square = np.square(smooth(predicted, trials, cutoff) - angle).mean(axis=1)
        return share[labelled] @ square[labelled]

    return float(min(cutoffs, key=error))
