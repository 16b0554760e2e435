"""Which frames of the training data are learnt from, and which are held out from physics and learners together."""

import numpy as np

from ..trials import thinned

N_FOLDS, BLOCKS_PER_FOLD = 3, 3
LARGEST_HIDDEN = 0.5  # part of a short trial that a block and its gaps may hide
FEWEST_LABELS = 10  # frames with an angle that a fold needs to learn from
TRAINING_RATE, FEWEST_KEPT = 34.0, 50  # Hz, frames of a trial: limbs move slowly, neighbouring frames say the same
LAST_TO_FIRST = 4.0  # weights of a single trial's last and first frame


def folds(trials, gap, angle=None, known=None):
    """Masks of frames to predict and of frames whose angles must be hidden for it.

    Whole trials where there are enough of them with angles, else contiguous blocks of each: a third of the time from
    its first angle to its last, if every third has a movement of its own; or else shorter blocks in turn for the first,
    second and third fold, so that none loses a whole posture. Hidden are also the frames up to `gap` seconds beside a
    block, or less in trials so short that the gaps would hide more than half.

    Parameters
    ----------
    trials : Trials
    gap : float
        [s].
    angle : ndarray (n_frames, n_coordinates), optional
        Measured angles, which tell the repetitions. Default: every third has a movement of its own.
    known : ndarray of bool (n_frames,), optional
        Where there is something to learn. Default: where all angles are known, or everywhere.

    Yields
    ------
    test, hidden : ndarray of bool (n_frames,)
    """
    if known is None:
        known = np.ones(len(trials.time), bool) if angle is None else np.isfinite(angle).all(axis=1)
    spans = [_span(trials.time[rows], known[rows]) for rows in trials.slices]
    measured = np.array([known[rows].any() for rows in trials.slices])
    if measured.sum() >= N_FOLDS:
        nth = np.maximum(np.cumsum(measured) - 1, 0)[trials.trial_of_frame]  # trial of those with angles
        for k in range(N_FOLDS):
            test = nth % N_FOLDS == k
            yield test, test
        return
    turns = 1 if angle is None or n_repetitions(angle, trials) >= N_FOLDS else BLOCKS_PER_FOLD
    start, end = np.transpose(spans)[:, trials.trial_of_frame]
    duration = end - start
    gap = np.minimum(gap, (LARGEST_HIDDEN - 1 / N_FOLDS) / (2 * turns) * duration)
    n_blocks = N_FOLDS * turns
    position = np.clip((trials.time - start) / duration, 0.0, 1.0 - 1e-9) * n_blocks  # in blocks
    margin = gap / duration * n_blocks
    for k in range(N_FOLDS):
        since = (position - k) % N_FOLDS  # blocks since one of this fold began
        after = (since < 1.0 + margin) & (position >= k)
        before = (since > N_FOLDS - margin) & (position < n_blocks - N_FOLDS + k)
        test = position.astype(int) % N_FOLDS == k
        yield test, test | after | before


def _span(time, known):
    """Times [s] of the first and the last known frame; of the first and the last of all where fewer than two are."""
    known = time[known]
    return (known[0], known[-1]) if len(known) > 1 else (time[0], time[-1])


def n_repetitions(angle, trials):
    """Movements there and back over all trials, by the widest ranging coordinate, which crosses its middle third."""
    low, high = np.nanpercentile(angle, [3.0, 97.0], axis=0)
    widest = int(np.nanargmax(high - low))
    known = np.isfinite(angle[:, widest])
    scaled = (angle[:, widest] - low[widest]) / max(high[widest] - low[widest], 1e-12)
    crossings = 0
    for rows in trials.slices:
        side = np.where(scaled[rows] > 2 / 3, 1, np.where(scaled[rows] < 1 / 3, -1, 0))
        side = side[known[rows] & (side != 0)]
        crossings += int((np.diff(side) != 0).sum())
    return crossings // 2


def usable_folds(trials, labelled, gap, angle):
    """Those of `folds` that have angles to test on and enough to learn from, as list of (test, hidden)."""
    return [
        (test & labelled, hidden)
        for test, hidden in folds(trials, gap, angle)
        if (test & labelled).any() and (labelled & ~hidden).sum() >= FEWEST_LABELS
    ]


def training_frames(trials, labelled):
    """Rows that are learnt from: thinned to about 30 Hz, with every labelled frame where labels are scarce."""
    step = int(min(max(1, round(trials.sampling_rate / TRAINING_RATE)), max(1, trials.lengths.min() // FEWEST_KEPT)))
    frames = thinned(trials, step)
    scarce = labelled.sum() < len(frames)
    return np.union1d(frames, np.flatnonzero(labelled)) if scarce else frames


def recency(trials):
    """Weights (n_frames,) of mean 1: of a single trial, the last frame counts `LAST_TO_FIRST` times as much as the
    first.

    The relation of EMG to motion drifts (fatigue, electrodes), and what is to be predicted comes later. Of several
    trials nobody says which is the last.
    """
    if trials.n_trials > 1:
        return np.ones(trials.n_frames)
    weight = LAST_TO_FIRST ** np.linspace(0.0, 1.0, trials.n_frames)
    return weight / weight.mean()


def validation_frames(trials, labelled, fraction, rng):
    """Weights (n_frames,) of the frames kept aside for early stopping.

    Whole trials, the end of a single one, or single frames where there is no time; chosen among the frames with an
    angle, `labelled` (n_frames,) of bool, so that both parts have some.

    Raises
    ------
    ValueError
        When only one frame has an angle.
    """
    frames = np.flatnonzero(labelled)
    if len(frames) < 2:
        raise ValueError(
            "`early_stopping` needs at least 2 frames with an angle, to learn from and to validate on. Got 1 sample."
        )
    n_held = min(max(1, int(fraction * len(frames))), len(frames) - 1)
    held_out = np.zeros(len(labelled))
    trial = np.zeros(len(labelled), int) if trials is None else trials.trial_of_frame
    with_labels = np.unique(trial[frames])
    if trials is None:
        held_out[rng.permutation(frames)[:n_held]] = 1.0
    elif len(with_labels) == 1:
        held_out[frames[-n_held:]] = 1.0
    else:
        n_trials = min(max(1, round(fraction * len(with_labels))), len(with_labels) - 1)
        held_out[np.isin(trial, rng.permutation(with_labels)[:n_trials])] = 1.0
    return held_out
