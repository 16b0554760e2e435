"""From the frames that come to those that are predicted: means, or envelopes of raw EMG."""

import numpy as np
from scipy.signal import butter, sosfilt_zi

from ..trials.filters import usable_band
from .compiled.filters import average, envelope


class Averages:
    """Means over `stride` frames, of the values that are there."""

    is_raw = False

    def __init__(self, n_columns, stride):
        self.stride, self.out = stride, np.zeros(n_columns)
        self.total, self.count = np.zeros((n_columns, 2)), np.zeros(1, np.int64)
        self.faults = np.zeros(n_columns, np.int64)

    def reset(self):
        """Begin anew."""
        self.total[:], self.count[:] = 0.0, 0

    def push(self, values, gap):
        """Means (n_columns,) where they are due, else None."""
        if self.stride == 1:
            return values
        return self.out if average(values, self.total, self.count, self.stride, self.out) else None


class RawEnvelope:
    """The causal envelopes of a fitted `EMGEnvelope`, sample by sample, their means over `stride` samples.

    Parameters
    ----------
    transformer : EMGEnvelope
        Fitted.
    n_columns : int
        Of a frame.
    columns : ndarray of int
        Those of the EMG.
    sampling_rate : float
        [Hz]
    stride : int
    """

    def __init__(self, transformer, n_columns, columns, sampling_rate, stride):
        rate = getattr(transformer, "sampling_rate_", np.nan)
        if np.isfinite(rate) and abs(sampling_rate / rate - 1.0) > 0.01:
            raise ValueError(
                f"The envelope was fitted on EMG at {rate:g} Hz, and the stream comes at {sampling_rate:g} Hz: its "
                "filters and its scale hold for that rate alone."
            )
        order, self.is_raw = transformer.order, transformer.band_ is not None
        band, low = np.zeros((0, 6)), np.zeros((0, 6))
        if transformer.band_ is not None:
            band = butter(
                order, usable_band(transformer.band_, sampling_rate), btype="bandpass", fs=sampling_rate, output="sos"
            )
        if transformer.low_pass is not None:
            low = butter(order, transformer.low_pass, btype="lowpass", fs=sampling_rate, output="sos")
        self.columns, self.rate, self.stride = np.asarray(columns, np.int64), sampling_rate, stride
        n = len(self.columns)
        self.band, self.low = band, low
        self.band_rest, self.low_rest = (sosfilt_zi(sos) if len(sos) else np.zeros((0, 2)) for sos in (band, low))
        self.band_state, self.low_state = np.zeros((n, len(band), 2)), np.zeros((n, len(low), 2))
        self.memory, self.total, self.faults = np.zeros((n, 5)), np.zeros((n, 2)), np.zeros(n, np.int64)
        self.seen = np.zeros(n, np.int64)
        self.level = np.column_stack([transformer.rest_[self.columns], transformer.scale_[self.columns]])
        self.in_squares = transformer.band is not None and transformer.rest is not None
        self.average = Averages(n_columns, stride)
        self.out = np.zeros(n_columns)

    def reset(self):
        """Begin anew."""
        self.memory[:], self.total[:], self.seen[:] = 0.0, 0.0, 0
        self.average.reset()

    def push(self, values, gap):
        """A frame of envelopes (n_columns,) where one is due, else None."""
        n_lost = max(int(gap * self.rate + 0.5) - 1, 0)
        envelope(
            values, self.columns, n_lost, self.band, self.band_rest, self.band_state, self.low, self.low_rest,
            self.low_state, self.level, self.in_squares, self.memory, self.total, self.seen, self.rate,
        )  # fmt: skip
        out = self.average.push(values, gap)
        if out is None:
            return None
        self.faults[:], self.seen[:] = self.seen, 0
        self.out[:] = out
        for k, column in enumerate(self.columns):
            self.out[column] = self.total[k, 0] / self.total[k, 1] if self.total[k, 1] else np.nan
        self.total[:] = 0.0
        return self.out
