"""Do EMG and angle belong together? A fast learner, asked on parts of the recording that it has not seen."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import butter, sosfiltfilt
from sklearn.ensemble import ExtraTreesRegressor

from sk_bionic.trials import Trials, lagged

RATE = 25.0  # Hz of the frames that the learner sees
ENVELOPE_CUTOFF = 4.0  # Hz
RAW_CORNER = 20.0  # Hz
LAGS = (0.0, 0.1, 0.2, 0.35, 0.5)  # s
N_BLOCKS = 5  # of each trial, where there are too few trials to leave some out
FEWEST_TRIALS = 3
GAP = 0.5  # s around a block that is left out of the training
FEWEST_FRAMES = 4 * N_BLOCKS
N_TREES = 25


@dataclass(frozen=True, eq=False)
class Coarse:
    """EMG amplitude and angles at a low rate.

    Attributes
    ----------
    channels : tuple of str
    emg : ndarray (n_frames, n_channels)
        Square roots of the envelopes, largest value 1.
    angle : ndarray (n_frames, n_coordinates)
        Standardised; NaN where unknown.
    trials : Trials
    fold : ndarray of int (n_frames,)
        Part in which a frame is left out.
    """

    channels: tuple
    emg: np.ndarray
    angle: np.ndarray
    trials: Trials
    fold: np.ndarray


def coarse(recording):
    """The recording at 25 Hz, or None where it is too short or does not move."""
    amplitude = amplitudes(recording)
    emg, angle, time, names = [], [], [], []
    for name, t, rows in recording.pieces():
        new = np.arange(t[0], t[-1], 1.0 / RATE)
        if len(new) < FEWEST_FRAMES:
            continue
        nearest = np.searchsorted(t, new).clip(0, len(t) - 1)
        emg.append(amplitude[rows][nearest])
        angle.append(recording.angle[rows][nearest])
        time.append(new)
        names.append(name)
    if not emg:
        return None
    trials = Trials(tuple(names), np.cumsum([0, *map(len, time)]), np.concatenate(time))
    angle = np.concatenate(angle)
    known = np.isfinite(angle).all(axis=1)
    if known.sum() < FEWEST_FRAMES or np.any(np.ptp(angle[known], axis=0) == 0):
        return None
    angle = (angle - angle[known].mean(axis=0)) / angle[known].std(axis=0)
    emg = np.sqrt(np.maximum(np.concatenate(emg), 0.0))
    emg /= np.maximum(np.percentile(emg, 99.5, axis=0), 1e-12)
    data = Coarse(recording.channels, emg.clip(max=1.5), angle, trials, _folds(trials))
    return data if learnable(data) else None


def learnable(data):
    """Whether something is left to learn from and to test on in every fold of a `Coarse`."""
    known = np.isfinite(data.angle).all(axis=1)
    folds = [data.fold == fold for fold in np.unique(data.fold)]
    return all((known & ~_near(test, data.trials)).sum() >= FEWEST_FRAMES and (known & test).any() for test in folds)


def amplitudes(recording):
    """Envelopes (n_frames, n_channels), of raw EMG or smoothed once more, without lag."""
    rate = recording.rate
    out = np.empty_like(recording.emg)
    smooth = butter(2, min(ENVELOPE_CUTOFF, 0.4 * rate), fs=rate, output="sos")
    high = butter(2, RAW_CORNER, "highpass", fs=rate, output="sos") if recording.raw else None
    for rows in recording.trials.slices:
        emg = recording.emg[rows]
        padding = min(int(rate / ENVELOPE_CUTOFF), len(emg) - 1)
        if recording.raw:
            emg = np.abs(sosfiltfilt(high, emg, axis=0, padlen=padding))
        out[rows] = sosfiltfilt(smooth, emg, axis=0, padtype="even", padlen=padding)
    return out


def _folds(trials):
    """Trials dealt out, or contiguous blocks of each trial."""
    if trials.n_trials >= FEWEST_TRIALS:
        return trials.trial_of_frame % min(N_BLOCKS, trials.n_trials)
    return _blocks(trials)


def _blocks(trials):
    return np.concatenate([np.arange(n) * N_BLOCKS // n for n in trials.lengths])


def in_blocks(data):
    """The same `Coarse`, a part of each trial left out at a time instead of whole trials."""
    return replace(data, fold=_blocks(data.trials))


class HeldOutLearner:
    """Trees on EMG history, one ensemble for each fold, that predict what they have not seen.

    Parameters
    ----------
    data : Coarse
    seed : int
    """

    def __init__(self, data, seed):
        self.data = data
        features = lagged(data.emg, data.trials, LAGS)
        known = np.isfinite(data.angle).all(axis=1)
        self.models = {}
        for fold in np.unique(data.fold):
            train = known & ~_near(data.fold == fold, data.trials)
            model = ExtraTreesRegressor(N_TREES, min_samples_leaf=3, random_state=seed)
            # A single angle as a vector: a column of one raises a warning.
            angle = data.angle[train]
            self.models[int(fold)] = model.fit(features[train], angle if angle.shape[1] > 1 else angle[:, 0])

    def predict(self, emg=None):
        """Held-out angles (n_frames, n_coordinates), of other EMG (n_frames, n_channels) if given."""
        data = self.data
        features = lagged(data.emg if emg is None else emg, data.trials, LAGS)
        out = np.empty_like(data.angle)
        for fold, model in self.models.items():
            test = data.fold == fold
            out[test] = model.predict(features[test]).reshape(test.sum(), -1)
        return out


def _near(mask, trials):
    """`mask` widened by the gap, within each trial."""
    out = mask.copy()
    width = int(GAP * RATE)
    for rows in trials.slices:
        out[rows] = np.convolve(mask[rows], np.ones(2 * width + 1))[width : width + rows.stop - rows.start] > 0.5
    return out


def r2(angle, predicted):
    """Explained part of the variance of standardised angles (n_frames, n_coordinates)."""
    known = np.isfinite(angle).all(axis=1)
    error = np.mean((angle[known] - predicted[known]) ** 2)
    return float(1.0 - error / np.mean(np.var(angle[known], axis=0)))


def shifted_around(values, trials, shifts):
    """Values of each trial moved around its end by a part of the trial's length."""
    out = np.empty_like(values)
    for rows, shift in zip(trials.slices, shifts, strict=True):
        out[rows] = np.roll(values[rows], int(shift * (rows.stop - rows.start)), axis=0)
    return out
