"""Digital filters on one uniformly sampled signal."""

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
    sos = butter(order, cutoff, btype="lowpass", fs=sampling_rate, output="sos")
    return _filter(sos, x, causal, extension, periods * pad_rows(cutoff, sampling_rate))


def pad_rows(frequency, sampling_rate):
    """Rows that the zero-lag filters reflect at each end: one period of their lowest edge."""
    return int(np.ceil(sampling_rate / frequency))


def _filter(sos, x, causal, extension, padding):
    if not causal:
        return sosfiltfilt(sos, x, axis=0, padtype=extension, padlen=min(padding, len(x) - 1))
    # Start as if the first value had stood there for ever: no transient from an offset.
    steady_state = sosfilt_zi(sos)[:, :, np.newaxis] * x[0]
    return sosfilt(sos, x, axis=0, zi=steady_state)[0]
