"""Low-pass of predicted angles, its cut-off chosen on predictions of frames that the predictor has not seen.

Limbs move more slowly than EMG fluctuates, so a smoother prediction is a better one, whoever made it. Compare methods
with the same choice of cut-off, or the comparison credits one of them with the smoothing.
"""

import numpy as np

from .filters import NYQUIST_MARGIN, low_pass

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
    if not cutoff < NYQUIST_MARGIN * trials.sampling_rate / 2:
        return predicted
    out = np.empty_like(predicted)
    for rows in trials.slices:
        out[rows] = _smooth_trial(predicted[rows], max(cutoff, LOWEST * trials.sampling_rate), trials.sampling_rate)
    return out


def _smooth_trial(predicted, cutoff, sampling_rate):
    if len(predicted) <= 2:
        return predicted
    # Reflected about its end points, a movement that is cut off half-way goes on as it was going.
    return low_pass(predicted, cutoff, sampling_rate, order=ORDER, extension="odd")


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
