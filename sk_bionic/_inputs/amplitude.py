"""The amplitude of EMG: what counts as full excitation, and what cannot be EMG."""

import numpy as np

from ..exceptions import warn_user
from .frame_checks import warn_of_flat_channels

# EMG whose largest value over the training trials lies between these is taken as normalised already (movements exceed
# the contraction that was to be maximal, by a factor of 1.5 at times), and as raw where it lies an octave beyond them.
NORMALISED_RANGE = (0.05, 2.0)
LARGEST_EXCITATION = 10.0  # of EMG in units of full excitation, which a maximal contraction exceeds by little


def scale_of_emg(emg, how):
    """Amplitude of each channel that counts as excitation 1, learnt over all training trials.

    Parameters
    ----------
    emg : ndarray (n_frames, n_channels)
    how : "auto", "max", None or array-like (n_channels,)
        "auto" leaves EMG alone that is normalised already, and divides every channel of other EMG by its largest value
        (see `raw_share`, which leaves no jump between the two).

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
                f"`emg_scale` must have one positive number for each of {emg.shape[1]} EMG columns. Got "
                f"{scale.tolist()}."
            )
        return scale
    largest = np.abs(emg).max(axis=0)
    largest = np.where(largest > 0, largest, 1.0)
    return largest if how == "max" else largest ** raw_share(np.abs(emg).max())


def raw_share(largest):
    """How far EMG with this largest value of all channels counts as raw, between 0 (normalised already) and 1.

    Linear in the logarithm over the octave on both sides of `NORMALISED_RANGE`: the scale of a channel, its largest
    value to that power, is continuous in the EMG, and no single frame decides between two scales.
    """
    if largest <= 0:
        return 0.0
    low, high = NORMALISED_RANGE
    return float(np.clip(max(np.log2(low / largest), np.log2(largest / high)), 0.0, 1.0))


def warn_of_negative(emg, names, trials):
    """Warn when a channel is clearly no envelope."""
    for j, name in enumerate(names):
        row = int(np.argmin(emg[:, j]))
        if emg[row, j] < -0.05 * np.abs(emg[:, j]).max():
            warn_user(
                f"Column {name!r} is negative (trial {trials.names[trials.trial_of_frame[row]]!r}, row {row}: "
                f"{emg[row, j]:.3g}): EMG columns must hold "
                "rectified envelopes; make them with EMGEnvelope. Negative values drive no muscle."
            )
            return


def warn_of_flat(emg, names, trials):
    """Warn of channels that are constant throughout a training trial."""
    warn_of_flat_channels(list(names), emg, trials)


def clipped(emg, names, trials):
    """EMG (n_frames, n_channels), 1 at full excitation, not beyond what the activation dynamics stands for; a warning
    tells where it was.
    """
    warn_of_far_beyond(emg, names, trials)
    return np.minimum(emg, LARGEST_EXCITATION)


def check_amplitude(emg, names, trials):
    """Raise where training EMG (n_frames, n_channels), 1 at full excitation, is far beyond anything that the
    activation dynamics stands for.
    """
    message = _far_beyond(emg, names, trials)
    if message:
        raise ValueError(message)


def warn_of_far_beyond(emg, names, trials):
    """Warn of EMG (n_frames, n_channels), 1 at full excitation, that is cut off in a prediction.

    New trials may hold an artefact, or the training part was much weaker; the warning names the first such frame.
    """
    message = _far_beyond(emg, names, trials)
    if message:
        warn_user(f"{message} Predicted as if it were {LARGEST_EXCITATION:g} times.")


def _far_beyond(emg, names, trials):
    row, column = np.unravel_index(np.argmax(emg), emg.shape)
    if emg[row, column] <= LARGEST_EXCITATION:
        return ""
    return (
        f"Column {names[column]!r}, trial {trials.names[trials.trial_of_frame[row]]!r}, row {row} reaches "
        f"{emg[row, column]:.3g} times the EMG that counts "
        "as full excitation. Are all trials in the same unit? Else give that amplitude as `emg_scale`."
    )
