"""What the spectrum of raw EMG tells: mains hum, folded frequencies, a wrong rate."""

import numpy as np
from scipy.signal import welch

from ._quality import Finding

MAINS = (50.0, 60.0)  # Hz
N_HARMONICS = 5
LINE_RATIO = {1: 12.0, 2: 7.0}  # of the spectrum at that many lines to what is around them
SMALLEST_HUM = 2.0  # % of the EMG's amplitude
SEVERE_HUM = 30.0
FOLDED = 0.25  # of the spectrum's peak that is left at half the sampling rate
MIDDLE = (30.0, 200.0)  # Hz, of the median frequency of surface EMG


def mains_hum(recording):
    """Lines at 50 or 60 Hz and their harmonics."""
    if not recording.raw:
        return []
    found = []
    for name, time, rows in recording.pieces():
        if rows.stop - rows.start < 2 * recording.rate:
            continue
        frequency, power = _spectrum(recording.emg[rows], recording.rate)
        for j, channel in enumerate(recording.channels):
            line, share = _strongest_line(frequency, power[:, j], recording.rate)
            share *= 100.0 / max(recording.emg[rows, j].std(), 1e-30)
            if line and share > SMALLEST_HUM:
                severity = "severe" if share > SEVERE_HUM else "warning"
                place = (channel, name, time[0], time[-1])
                found.append(Finding("mains", severity, *place, float(share), f"{line:g} Hz"))
    return found


def _spectrum(emg, rate):
    """Median over segments of the power density, (n_frequencies,) [Hz] and (n_frequencies, n_channels).

    The median is that of quiet segments, in which hum shows; bursts do not matter to it.
    """
    segment = min(int(2 * rate), max(int(rate), len(emg) // 8))
    return welch(emg, rate, nperseg=segment, noverlap=segment // 2, axis=0, average="median")


def _strongest_line(frequency, power, rate):
    """Mains frequency [Hz], 0 for none, and the amplitude (root mean square) of its lines."""
    best = (0.0, 0.0)
    width = frequency[1] - frequency[0]
    for mains in MAINS:
        lines = mains * np.arange(1, N_HARMONICS + 1)
        ratios, powers = [], []
        for line in lines[lines < 0.45 * rate]:
            near = np.abs(frequency - line)
            background = np.median(power[(near > 3.0) & (near < 12.0)])
            inside = near <= max(1.0, 1.5 * width)
            ratios.append(power[inside].max() / max(background, 1e-300))
            powers.append(max(0.0, (power[inside] - background).sum() * width))
        ratios = np.array(ratios)
        strong = ratios > LINE_RATIO[2]
        if ratios[0] > LINE_RATIO[1] or strong.sum() >= 2:
            amplitude = float(np.sqrt(np.array(powers)[strong].sum()))
            best = max(best, (amplitude, mains))
    return best[1], best[0]


def folded_spectrum(recording):
    """Raw EMG that was sampled too slowly, or whose stated rate is wrong."""
    if not recording.raw:
        return []
    found = []
    nyquist = recording.rate / 2
    for j, channel in enumerate(recording.channels):
        powers = []
        for rows in recording.trials.slices:
            if rows.stop - rows.start >= recording.rate:
                frequency, power = welch(
                    recording.emg[rows, j], recording.rate, nperseg=int(recording.rate / 2)
                )
                powers.append(power)
        if not powers:
            continue
        power = np.convolve(np.sum(powers, axis=0), np.ones(5) / 5, mode="same")
        top = np.median(power[(frequency > 0.9 * nyquist) & (frequency < 0.98 * nyquist)])
        peak = power[frequency > 10.0].max()
        place = (channel, None, np.nan, np.nan)
        if peak > 0 and top > FOLDED * peak:
            value = float(100.0 * top / peak)
            found.append(Finding("aliasing", "warning", *place, value, "% of peak"))
        emg = frequency > 10.0
        cumulated = np.cumsum(power[emg] - 0.9 * min(top, peak))
        middle = float(frequency[emg][np.searchsorted(cumulated, cumulated[-1] / 2)])
        if not MIDDLE[0] <= middle <= MIDDLE[1]:
            found.append(Finding("stretched_spectrum", "warning", *place, middle, "Hz"))
    return found
