"""What is odd about EMG, angles and time stamps by themselves, before any model is asked; channels that fall silent."""

import numpy as np

from ..trials import lagged
from .suspicion import Suspicion

WINDOW = 0.1  # s over which the largest EMG is averaged
NORMALISED = (0.15, 1.1)  # largest value of EMG that was normalised to a maximal contraction
UNDERRATED, PERCENT = 3.0, (20.0, 150.0)  # largest values of EMG above 1 that look normalised, or in percent
# Level that a channel does not fall below, in units of full excitation, above which it is no rest, and how much higher
# the EMG is in a fifth of the time: noise piles up at its level, a muscle that is never at rest does not.
RESTING_LEVEL, PILED_UP = 0.035, 1.35
LEVELS = (2.0, 20.0, 98.0)  # percentiles of a channel's EMG: lowest, mostly above, largest
FAINT = 0.01  # largest EMG of a channel over the others' (their median), below which it is noise
QUIET = 0.6  # lowest over largest EMG above which a channel shows nothing but noise
SMALLEST_RANGE = np.deg2rad(4.0)  # that a movement covers [rad]
LARGEST_RANGE = np.deg2rad(300.0)  # that a joint covers [rad]
PLAUSIBLE_RATES = (8.0, 20000.0)  # Hz
JUMP = (0.75, 1.25)  # of a whole turn within one frame


def emg_suspicions(emg, scale, names, trials, normalised=True):
    """Amplitudes that cannot be right.

    Parameters
    ----------
    emg : ndarray (n_frames, n_channels)
        As given.
    scale : ndarray (n_channels,)
        What it is divided by.
    names : sequence of str
    trials : Trials
    normalised : bool
        Whether nobody has said how the EMG is scaled, so that 1 should be a maximal contraction.

    Returns
    -------
    list of Suspicion
    """
    found = _amplitude(emg, names, trials) if normalised else []
    # one channel after the other: of an hour there is no room for a copy of them all
    levels = np.array([np.percentile(signal, LEVELS) for signal in emg.T]).T
    return [*found, *_faint(emg, levels[-1], names), *_levels(levels / scale, names)]


def _largest(emg, trials):
    """Largest mean over `WINDOW` of every channel: no single frame decides."""
    out = np.zeros(emg.shape[1])
    for rows in trials.slices:
        width = min(max(1, round(WINDOW * trials.sampling_rate)), rows.stop - rows.start)
        for j, signal in enumerate(emg[rows].T):
            sums = np.cumsum(np.concatenate([[0.0], signal]))
            out[j] = max(out[j], ((sums[width:] - sums[:-width]) / width).max())
    return out


def _amplitude(emg, names, trials):
    largest = _largest(emg, trials)
    j = int(np.argmax(largest))
    top, name = float(largest[j]), names[j]
    if NORMALISED[1] < top <= UNDERRATED:
        return [
            Suspicion(
                "amplitude", name, top, "",
                f"The EMG of {name!r} reaches {top:.2f}, but 1 is a maximal contraction.",
                "Normalise to a stronger contraction (or pass emg_scale='max', if the EMG was never normalised).",
                "Normalise the EMG to a stronger contraction.",
            )
        ]  # fmt: skip
    if PERCENT[0] <= top <= PERCENT[1]:
        return [
            Suspicion(
                "amplitude", name, top, "",
                f"The EMG of {name!r} reaches {top:.0f}: percent of a maximal contraction?",
                "Pass X / 100 if it is in percent, or emg_scale='max' if the EMG was never normalised.",
                "Divide the EMG by 100 if it is in percent.",
            )
        ]  # fmt: skip
    if 0.05 <= top < NORMALISED[0]:
        return [
            Suspicion(
                "amplitude", name, top, "",
                f"The largest EMG of all is {top:.2g} (of {name!r}) where a maximal contraction is 1.",
                "Pass emg_scale='max' if the EMG is in mV and was never normalised, or normalise it to a maximal "
                "contraction.",
                "Normalise the EMG to a maximal contraction.",
            )
        ]  # fmt: skip
    return []


def _faint(emg, high, names):
    """Channels that show next to nothing beside the others, of which all are mostly below `high` (n_channels,)."""
    out = []
    for j, name in enumerate(names):
        others = float(np.median(np.delete(high, j))) if len(names) > 1 else 0.0
        if np.ptp(emg[:, j]) > 0 and high[j] < FAINT * others:
            out.append(
                Suspicion(
                    "quiet", name, 100 * float(high[j] / others), "%",
                    f"The EMG of {name!r} stays below {high[j]:.2g} where the other channels reach {others:.2g}: noise "
                    "of a dead electrode?",
                    f"Check electrode and cable of {name!r}, or leave that muscle out of the model.",
                    f"Check electrode and cable of {name!r}, or leave that muscle out.",
                )
            )  # fmt: skip
    return out


def _levels(levels, names):
    """Channels that hardly change or have a resting level; `levels` (3, n_channels) as of `LEVELS`."""
    low, piled, high = levels
    quiet = (high > low) & (low > QUIET * high)
    floor = (low > RESTING_LEVEL) & (piled < PILED_UP * low) & ~quiet & (high > low)
    out = []
    for j in np.flatnonzero(quiet):
        ratio = 100 * float(low[j] / high[j])
        out.append(
            Suspicion(
                "quiet", names[j], ratio, "%",
                f"The EMG of {names[j]!r} hardly changes (its lowest is {ratio:.0f} % of its largest): noise of a "
                "dead electrode?",
                f"Check electrode and cable of {names[j]!r}, or leave that muscle out of the model.",
                f"Check electrode and cable of {names[j]!r}, or leave that muscle out.",
            )
        )  # fmt: skip
    if floor.any():
        worst = int(np.argmax(np.where(floor, low, 0.0)))
        listed = ", ".join(f"{names[j]} {low[j]:.2f}" for j in np.flatnonzero(floor))
        out.append(
            Suspicion(
                "resting_level", names[worst], float(low[worst]), "",
                f"The EMG has a resting level ({listed} of full excitation, at the lowest): amplifier noise acts like "
                "a contraction.",
                "Subtract each channel's level at rest before normalising.",
                "Subtract the level at rest from each EMG channel.",
            )
        )  # fmt: skip
    return out


def angle_suspicions(angle, trials, names):
    """Angles (n_frames, n_coordinates) [rad], NaN where unknown, in another unit or that jump by whole turns."""
    out = []
    for name, column in zip(names, angle.T, strict=True):
        known = column[np.isfinite(column)]
        if len(known) < 3:
            continue
        if turns(column[:, None], trials):
            out.append(
                Suspicion(
                    "wrapped", name, 360.0, "deg",
                    f"The angle {name!r} jumps by a whole turn from one frame to the next.",
                    "Pass np.unwrap(y) of every trial.", "Remove the jumps of 360 deg from the angle.",
                )
            )  # fmt: skip
            continue
        low, high = np.percentile(known, [1.0, 99.0])
        degrees = float(np.rad2deg(high - low))
        if 0 < degrees < np.rad2deg(SMALLEST_RANGE) and degrees * 180 / np.pi > 10:
            out.append(
                Suspicion(
                    "angle_unit", name, degrees, "deg",
                    f"The angle {name!r} covers {degrees:.2g} deg in all: were radians taken for degrees and "
                    "converted once more?",
                    "Pass the angles in radians: np.rad2deg(y) if they were converted twice.",
                    "Check the angle's unit (angle_unit): they may be in radians already.",
                )
            )  # fmt: skip
    return out


def turns(angle, trials):
    """Whether angles (n_frames, n_coordinates) [rad] jump by about 2 pi within a trial."""
    for rows in trials.slices:
        jump = np.abs(np.diff(angle[rows], axis=0)) / (2 * np.pi)
        if ((jump > JUMP[0]) & (jump < JUMP[1])).any():
            return True
    return False


def time_suspicions(trials):
    """Time stamps that no movement is recorded at."""
    rate = trials.sampling_rate
    if PLAUSIBLE_RATES[0] <= rate <= PLAUSIBLE_RATES[1] or not np.isfinite(rate):
        return []
    unit = "milliseconds" if rate < 8 else "another unit"
    return [
        Suspicion(
            "rate", "", float(rate), "Hz", f"The time stamps give {rate:.3g} frames a second: is time in {unit}?",
            "Time must be in seconds: divide milliseconds by 1000.",
            "Time must be in seconds: divide milliseconds by 1000.",
        )
    ]  # fmt: skip


def any_constant(excitation):
    """Whether a muscle has no EMG that changes (n_frames, n_muscles), of which `fit` warns by itself."""
    return bool((np.ptp(excitation, axis=0) <= 1e-9).any())


SHORTEST = {True: 0.25, False: 0.5}  # s, by whether the EMG is raw
STEP = 1e-3  # part of the channel's range by which a level that is really the resting level is entered
LIKE_FRAMES, LIKE = 3, 0.5  # changes beyond a kink that go on as it began, each within this part of the one before


def held_values(signal, missing, rate, raw=False):
    """First and last-plus-one frames of the stretches of one trial (n_frames,) in which a channel holds one value.

    An envelope that is quietly at rest is entered and left smoothly and lies at the bottom of what else there is; a
    dead one jumps or sticks. One made without noise may leave its rest with a kink, and go on as it began, or have
    nothing but steps: neither is dead.
    """
    change, span = np.diff(signal), np.ptp(signal)
    still = (np.abs(change) <= 1e-9 * span) & ~missing[1:] & ~missing[:-1]
    if not raw and not (~still[1:] & ~still[:-1]).any() and not still.all():
        return
    edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(int), [0]])))
    runs = list(zip(edges[::2].tolist(), (edges[1::2] + 1).tolist(), strict=True))
    leaps = lambda i, onward: abs(change[i]) > STEP * span and not _goes_on(change[i::onward])
    ends = lambda a, b: [(i, onward) for i, onward in ((a - 1, -1), (b - 1, 1)) if 0 <= i < len(change)]
    jumps = lambda a, b: any(leaps(*end) for end in ends(a, b))
    alive = np.ones(len(signal), bool)
    for start, stop in runs:
        alive[start:stop] = not jumps(start, stop)
    bottom = signal[alive].min() if alive.any() else signal.min()
    for start, stop in runs:
        if (stop - 1 - start) / rate < min(SHORTEST[raw], 0.5 * len(signal) / rate):
            continue
        whole = start == 0 and stop == len(signal)
        smooth = not jumps(start, stop)
        at_rest = smooth and signal[start] - bottom <= STEP * span
        plateau = smooth and 0 < start and stop < len(signal)  # of a signal without noise
        if whole or raw or not (at_rest or plateau):
            yield start, stop


def _goes_on(change):
    """Whether a signal's first change is part of what follows, or like it: a kink (between frames), not a jump."""
    first, after = change[0], change[1 : 1 + LIKE_FRAMES]
    if len(after) < LIKE_FRAMES or not (np.sign(after) == np.sign(first)).all():
        return False
    steady = np.abs(np.diff(after)) <= LIKE * np.abs(after[:-1])
    return bool(steady.all() and abs(first) <= (1 + LIKE) * abs(after[0]))


def dropout_suspicions(emg, trials, names):
    """Channels that hold one value for a while in some trial, list of Suspicion; whole trials are told elsewhere."""
    found = []
    for trial, rows in zip(trials.names, trials.slices, strict=True):
        for j, name in enumerate(names):
            signal = emg[rows, j]
            if np.ptp(signal) > 0 and rows.stop - rows.start > 2:
                runs = held_values(signal, np.zeros(len(signal), bool), trials.sampling_rate)
                time = trials.time[rows]
                found += [(signal[a] == 0, time[b - 1] - time[a], trial, name, time[a]) for a, b in runs]
    if not found:
        return []
    _, seconds, trial, name, start = max(found, key=lambda item: item[:2])  # a lost signal mostly reads 0
    more = f" (and {len(found) - 1} more such stretches)" if len(found) > 1 else ""
    advice = "Check electrode, cable or radio link; leave that part out (its angles as NaN), or the trial."
    return [
        Suspicion(
            "dropout", name, float(seconds), "s",
            f"The EMG of {name!r} does not change at all for {seconds:.2g} s of trial {trial!r}, from "
            f"{start:.2f} s on{more}.",
            advice, advice,
        )
    ]  # fmt: skip


LAGS = (0.0, 0.1, 0.2, 0.35, 0.5)  # s of EMG that a linear learner sees
FEWEST_TRIALS, FEWEST_FRAMES, MOST_FRAMES = 3, 30, 20000
ALIKE, AGAINST = 0.6, -0.6  # correlations of held-out predictions with the angle: of the other trials, of the odd one


def trial_suspicions(emg, angle, trials, names):
    """One trial of several whose angle was turned, or whose channels were exchanged.

    Parameters
    ----------
    emg : ndarray (n_frames, n_channels)
    angle : ndarray (n_frames, n_coordinates)
        [rad], NaN where unknown.
    trials : Trials
    names : sequence of str
        Of the angles.

    Returns
    -------
    list of Suspicion
    """
    if trials.n_trials < FEWEST_TRIALS or len(emg) > MOST_FRAMES:
        return []
    features = lagged(np.sqrt(np.maximum(emg, 0.0)), trials, LAGS)
    out = []
    for d, name in enumerate(names):
        correlation = _held_out(features, angle[:, d], trials)
        order = np.argsort(correlation)
        odd, others = int(order[0]), np.delete(correlation, order[0])
        if correlation[odd] < AGAINST and np.nanmedian(others) > ALIKE:
            trial = trials.names[odd]
            advice = f"Turn the sign of {name!r} in trial {trial!r} (or exchange its channels), or leave the trial out."
            out.append(
                Suspicion(
                    "trial_sign", name, float(correlation[odd]), "",
                    f"In trial {trial!r} the angle {name!r} goes against what the EMG of the other trials stands for "
                    f"(correlation {correlation[odd]:.2f}, theirs {np.nanmedian(others):.2f}): turned sign, or "
                    "exchanged channels?",
                    advice, advice,
                )
            )  # fmt: skip
    return out


def ridge(features, target, penalty):
    """Slopes (n_features, ...) and constant of a linear learner of `target` (n_frames, ...): normal equations."""
    center, mean = features.mean(axis=0), target.mean(axis=0)
    centered = features - center
    curvature = centered.T @ centered + penalty * np.eye(features.shape[1])
    slopes = np.linalg.solve(curvature, centered.T @ (target - mean))
    return slopes, mean - center @ slopes


def _held_out(features, angle, trials):
    """Correlation (n_trials,) of each trial's angle with what a learner of the others predicts, or NaN."""
    features = features / np.maximum(np.abs(features).max(axis=0), 1.0)  # a spike of any size leaves them comparable
    known, of, out = np.isfinite(angle), trials.trial_of_frame, np.full(trials.n_trials, np.nan)
    for k in range(trials.n_trials):
        train, test = known & (of != k), known & (of == k)
        if min(train.sum(), test.sum()) < FEWEST_FRAMES or np.ptp(angle[test]) == 0:
            continue
        slopes, constant = ridge(features[train], angle[train], 1e-2)
        predicted = features[test] @ slopes + constant
        if np.ptp(predicted) > 0:
            out[k] = np.corrcoef(predicted, angle[test])[0, 1]
    return out
