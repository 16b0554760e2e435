"""Raw surface EMG made from envelopes, for checks of what is done to raw EMG."""

import numpy as np
import pandas as pd

LOW_CORNER, HIGH_CORNER = 60.0, 120.0  # Hz, of the EMG's spectrum
FULL_AMPLITUDE = 1e-3  # V, root mean square at envelope 1
ELECTRODE_NOISE = 5e-6  # V, root mean square
RESOLUTION = 0.5e-6  # V, of the converter


def synthesize_raw_emg(envelope, random_state=None):
    """Raw surface EMG [V] whose amplitude follows given envelopes.

    Gaussian noise with the spectrum of surface EMG (Shwedyk, Balasubramanian and Scott 1977,
    doi 10.1109/TBME.1977.326175; corners of 60 and 120 Hz), times the envelope, with white noise of
    electrode and amplifier, rounded to the converter's resolution.

    Parameters
    ----------
    envelope : DataFrame (n_frames, n_channels)
        Envelopes between 0 and 1 with the index levels "trial" and "time" [s], uniformly sampled at
        1000 Hz or more.
    random_state : int, Generator or None, default=None

    Returns
    -------
    DataFrame (n_frames, n_channels)
        Raw EMG [V], same index and columns.
    """
    rng = np.random.default_rng(random_state)
    pieces = [_trial(trial, rng) for _, trial in envelope.groupby(level="trial", sort=False)]
    return pd.concat(pieces)


def _trial(envelope, rng):
    time = envelope.index.get_level_values("time")
    rate = (len(time) - 1) / (time[-1] - time[0])
    frequency = np.fft.rfftfreq(len(time), 1.0 / rate)
    # P(f) = k fh^4 f^2 / ((f^2 + fl^2) (f^2 + fh^2)^2), as Shwedyk et al. give it.
    power = frequency**2 / ((frequency**2 + LOW_CORNER**2) * (frequency**2 + HIGH_CORNER**2) ** 2)
    spectrum = np.fft.rfft(rng.normal(size=envelope.shape), axis=0) * np.sqrt(power)[:, None]
    carrier = np.fft.irfft(spectrum, len(time), axis=0)
    carrier /= carrier.std(axis=0)
    noise = ELECTRODE_NOISE * rng.normal(size=envelope.shape)
    emg = FULL_AMPLITUDE * envelope * carrier + noise
    return (emg / RESOLUTION).round() * RESOLUTION
