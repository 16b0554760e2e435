"""The amplitude of EMG: what counts as full excitation, and what cannot be EMG."""

import warnings

import numpy as np

from .._frame_checks import warn_of_flat_channels

# EMG whose largest value over the training trials lies between these is taken as normalised already.
NORMALISED_RANGE = (0.05, 1.0)
LARGEST_EXCITATION = 10.0  # of EMG in units of full excitation, which a maximal contraction exceeds by little


def emg_scale(emg, how):
    """Amplitude of each channel that counts as excitation 1, learnt over all training trials.

    Parameters
    ----------
    emg : ndarray (n_frames, n_channels)
    how : "auto", "max", None or array-like (n_channels,)
        "auto" leaves EMG alone that is normalised already (largest value of all channels between 0.05 and 1).

    Returns
    -------
    ndarray (n_channels,)

    Raises
    ------
    ValueError
        When a given scale is not positive or not one per channel.
    """
    if how is None:
        return np.ones(emg.shape[1])
    if not isinstance(how, str):
        scale = np.array(how, dtype=np.float64)
        if scale.shape != emg.shape[1:] or not np.all(scale > 0):
            raise ValueError(
                f"`emg_scale` must have one positive number for each of {emg.shape[1]} EMG columns. Got {scale.tolist()}."
            )
        return scale
    largest = np.abs(emg).max(axis=0)
    if how == "auto" and NORMALISED_RANGE[0] <= largest.max() <= NORMALISED_RANGE[1]:
        return np.ones(emg.shape[1])
    return np.where(largest > 0, largest, 1.0)


def warn_of_negative(emg, names, trials):
    """Warn when a channel is clearly no envelope."""
    for j, name in enumerate(names):
        row = int(np.argmin(emg[:, j]))
        if emg[row, j] < -0.05 * np.abs(emg[:, j]).max():
            warnings.warn(
                f"Column {name!r} is negative (trial {trials.names[trials.trial_of_frame[row]]!r}, row {row}: {emg[row, j]:.3g}): EMG columns must hold "
                "rectified envelopes; make them with EMGEnvelope. Negative values drive no muscle.",
                UserWarning,
                stacklevel=5,
            )
            return


def warn_of_flat(emg, names, trials):
    """Warn of channels that are constant throughout a training trial."""
    warn_of_flat_channels(list(names), emg, trials, stacklevel=6)


def check_amplitude(emg, names, trials):
    """Raise where training EMG (n_frames, n_channels), 1 at full excitation, is far beyond anything that the
    activation dynamics stands for.
    """
    message = _far_beyond(emg, names, trials)
    if message:
        raise ValueError(message)


def clipped(emg, names, trials):
    """EMG (n_frames, n_channels), 1 at full excitation, not beyond what the activation dynamics stands for.

    New trials may hold an artefact, or the training part was much weaker; a warning names the first such frame.
    """
    message = _far_beyond(emg, names, trials)
    if message:
        warnings.warn(f"{message} Predicted as if it were {LARGEST_EXCITATION:g} times.", UserWarning, stacklevel=6)
    return np.minimum(emg, LARGEST_EXCITATION)


def _far_beyond(emg, names, trials):
    row, column = np.unravel_index(np.argmax(emg), emg.shape)
    if emg[row, column] <= LARGEST_EXCITATION:
        return ""
    return (
        f"Column {names[column]!r}, trial {trials.names[trials.trial_of_frame[row]]!r}, row {row} reaches {emg[row, column]:.3g} times the EMG that counts "
        "as full excitation. Are all trials in the same unit? Else give that amplitude as `emg_scale`."
    )
