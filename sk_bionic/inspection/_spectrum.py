"""What the spectrum of raw EMG tells: mains hum, folded frequencies, a wrong rate."""

import numpy as np
from scipy.signal import welch

from ._quality import Finding

MAINS = (50.0, 60.0)  # Hz
N_HARMONICS = 5
LINE_RATIO = {1: 12.0, 2: 7.0}  # of the spectrum at that many lines to what is around them
SMALLEST_HUM = 2.0  # % of the EMG's amplitude
SEVERE_HUM = 30.0
FOLDED = 0.15  # of the spectrum's peak that is left at half the sampling rate
LOUD = 4.0  # times the power of quiet moments, below which there is no EMG to look at
MIDDLE = (30.0, 200.0)  # Hz, of the median frequency of surface EMG


def mains_hum(recording):
    """Lines at 50 or 60 Hz and their harmonics."""
    if not recording.raw:
        return []
    found = []
    for name, time, rows in recording.pieces():
        if rows.stop - rows.start < 2 * recording.rate:
            continue
        emg = recording.emg[rows]
        # The median over segments is that of quiet ones, in which hum shows; the mean tells its true size.
        frequency, quiet = _spectrum(emg, recording.rate, "median")
        _, mean = _spectrum(emg, recording.rate, "mean")
        for j, channel in enumerate(recording.channels):
            line, size = _strongest_line(frequency, quiet[:, j], mean[:, j], recording.rate)
            share = 100.0 * size / max(emg[:, j].std(), 1e-30)
            if line and share > SMALLEST_HUM:
                severity = "severe" if share > SEVERE_HUM else "warning"
                place = (channel, name, time[0], time[-1])
                found.append(Finding("mains", severity, *place, float(share), f"{line:g} Hz"))
    return found


def _spectrum(emg, rate, average):
    """Power density, (n_frequencies,) [Hz] and (n_frequencies, n_channels)."""
    segment = min(int(2 * rate), max(int(rate), len(emg) // 8))
    return welch(emg, rate, nperseg=segment, noverlap=segment // 2, axis=0, average=average)


def _strongest_line(frequency, quiet, mean, rate):
    """Mains frequency [Hz], 0 for none, and the amplitude (root mean square) of its lines."""
    best = (0.0, 0.0)
    width = frequency[1] - frequency[0]
    for mains in MAINS:
        lines = mains * np.arange(1, N_HARMONICS + 1)
        ratios, powers = [], []
        for line in lines[lines < 0.45 * rate]:
            near = np.abs(frequency - line)
            beside, inside = (near > 3.0) & (near < 12.0), near <= max(1.0, 1.5 * width)
            ratios.append(quiet[inside].max() / max(np.median(quiet[beside]), 1e-300))
            powers.append(max(0.0, (mean[inside] - np.median(mean[beside])).sum() * width))
        ratios = np.array(ratios)
        strong = ratios > LINE_RATIO[2]
        if ratios[0] > LINE_RATIO[1] or strong.sum() >= 2:
            best = max(best, (float(np.sqrt(np.array(powers)[strong].sum())), mains))
    return best[1], best[0]


def folded_spectrum(recording):
    """Raw EMG that was sampled too slowly, or whose stated rate is wrong."""
    if not recording.raw:
        return []
    found = []
    nyquist = recording.rate / 2
    for j, channel in enumerate(recording.channels):
        spectrum = _contraction_spectrum(recording, j)
        if spectrum is None:
            continue
        frequency, power = spectrum
        place = (channel, None, np.nan, np.nan)
        highest = power[frequency > 10.0].max()
        if not highest > 0:
            continue  # a dead channel has no spectrum
        top = np.median(power[(frequency > 0.85 * nyquist) & (frequency < 0.98 * nyquist)])
        left = float(top / highest)
        if left > FOLDED:
            found.append(Finding("aliasing", "warning", *place, 100.0 * left, "% of peak"))
        cumulated = np.cumsum(power * (frequency > 10.0))
        middle = float(frequency[np.searchsorted(cumulated, cumulated[-1] / 2)])
        if not MIDDLE[0] <= middle <= MIDDLE[1]:
            found.append(Finding("stretched_spectrum", "warning", *place, middle, "Hz"))
    return found


def _contraction_spectrum(recording, j):
    """Frequencies and smoothed power of loud moments less that of quiet ones; None where none is loud.

    The difference is free of the noise of electrode and amplifier, whose spectrum is flat.
    """
    length = int(recording.rate / 4)
    segments = [
        segment - segment.mean()
        for rows in recording.trials.slices
        for segment in np.split(recording.emg[rows, j], np.arange(length, rows.stop - rows.start, length))
        if len(segment) == length
    ]
    if len(segments) < 8:
        return None
    power = np.abs(np.fft.rfft(np.array(segments) * np.hanning(length), axis=1)) ** 2
    order = np.argsort(power.sum(axis=1))
    part = max(1, len(order) // 5)
    quiet, loud = (power[rows].mean(axis=0) for rows in (order[:part], order[-part:]))
    if loud.sum() < LOUD * quiet.sum():
        return None
    difference = np.convolve(np.maximum(loud - quiet, 0.0), np.ones(3) / 3, mode="same")
    return np.fft.rfftfreq(length, 1.0 / recording.rate), difference
