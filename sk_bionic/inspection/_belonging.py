"""EMG that does not explain the motion, channels exchanged in a trial, EMG and angle out of step."""

from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import Ridge

from ._motion import FEWEST_TRIALS, RATE, HeldOutLearner, coarse, in_blocks, learnable, r2, shifted_around
from ._quality import Finding

N_CONTROLS = 2
LITTLE = 0.3  # R2 below which EMG can be called unrelated
MARGIN = 0.1  # of R2 by which it must beat its controls
WORSE = 1.5  # error of a suspect trial relative to that of the others
EXCHANGED = 0.7  # error with two channels exchanged relative to that as recorded
LONGEST = 1.4  # s of misalignment that is looked for
# Muscles need time to move a limb. A linear learner of the EMG of one moment does best when that moment lies about
# this long before the angle: 0.24 s in simulated elbows, 0.16 to 0.32 s (quartiles) on recorded knees.
USUAL_LEAD = 0.24
SESSION_LAG, TRIAL_LAG = 0.4, 0.16  # s
GAIN = 0.08  # of R2 or correlation that a move must bring
REPEATS = 0.5  # R2 of shifted EMG from which a movement is so regular that any shift fits


class Belonging(NamedTuple):
    """What the learner found, and how much of the angle's variance it explains with true and with shifted EMG."""

    findings: list
    explained: float
    by_chance: float


def belonging(recording, seed=0):
    """Findings on EMG and angle together.

    Parameters
    ----------
    recording : Recording
    seed : int

    Returns
    -------
    Belonging
    """
    data = None if recording.angle is None else coarse(recording)
    if data is None or len(np.unique(data.fold)) < 2:
        return Belonging([], np.nan, np.nan)
    learner = HeldOutLearner(data, seed)
    predicted = learner.predict()
    explained, by_chance = r2(data.angle, predicted), _by_chance(data, seed)
    findings = _session_lag(data, by_chance)
    unrelated = explained < min(LITTLE, by_chance + MARGIN)
    if unrelated and data.trials.n_trials >= FEWEST_TRIALS and learnable(in_blocks(data)):
        # A few short trials may be too unlike one another to learn from; parts of the same trial are less so.
        data = in_blocks(data)
        explained, by_chance = (
            r2(data.angle, HeldOutLearner(data, seed).predict()),
            _by_chance(data, seed),
        )
        unrelated = explained < min(LITTLE, by_chance + MARGIN)
    if not findings and unrelated:
        place = (None, None, np.nan, np.nan)
        findings = [Finding("unexplained", "severe", *place, _percent(explained), "% of variance")]
    if not findings and data.trials.n_trials >= FEWEST_TRIALS:
        findings = _suspect_trials(learner, predicted)
    return Belonging(findings, explained, by_chance)


def _percent(part):
    return float(100.0 * max(part, 0.0))


def _by_chance(data, seed):
    """Largest R2 with EMG moved within its trials, to which no angle belongs."""
    rng = np.random.default_rng(seed)
    scores = []
    for _ in range(N_CONTROLS):
        shifts = rng.uniform(0.3, 0.7, data.trials.n_trials)
        control = replace(data, emg=shifted_around(data.emg, data.trials, shifts))
        scores.append(r2(data.angle, HeldOutLearner(control, seed).predict()))
    return max(scores)


def _session_lag(data, by_chance):
    """A misalignment that all trials share."""
    moves = np.arange(-int(LONGEST * RATE), int((LONGEST + USUAL_LEAD) * RATE) + 1, 2)
    scores = np.array([_linear_r2(data, move) for move in moves])
    lags = moves / RATE - USUAL_LEAD
    best = int(np.argmax(scores))
    usual = scores[np.abs(lags) <= SESSION_LAG].max()
    if by_chance > REPEATS or abs(lags[best]) <= SESSION_LAG or scores[best] < max(LITTLE, usual + GAIN):
        return []
    place = (None, None, np.nan, np.nan)
    return [Finding("lag", "severe", *place, float(lags[best]), "s")]


def _linear_r2(data, move):
    """Held-out R2 of a linear learner that sees the EMG `move` frames before the angle."""
    emg, known = _moved(data.emg, data.trials, move)
    features = np.hstack([emg, emg**2])
    known &= np.isfinite(data.angle).all(axis=1)
    predicted = np.full_like(data.angle, np.nan)
    for fold in np.unique(data.fold):
        train, test = known & (data.fold != fold), known & (data.fold == fold)
        if train.any() and test.any():
            model = Ridge(1.0).fit(features[train], data.angle[train])
            predicted[test] = model.predict(features[test]).reshape(test.sum(), -1)
    scored = np.isfinite(predicted).all(axis=1)
    return r2(data.angle[scored], predicted[scored]) if scored.any() else -np.inf


def _moved(values, trials, move):
    """Values (n_frames, n_columns) `move` frames later within each trial, and where there are any."""
    out, known = np.zeros_like(values), np.zeros(len(values), bool)
    for rows in trials.slices:
        source = np.arange(rows.start, rows.stop) - move
        inside = (source >= rows.start) & (source < rows.stop)
        out[rows][inside] = values[source[inside]]
        known[rows] = inside
    return out, known


def _suspect_trials(learner, predicted):
    """Trials that the learner of the other trials predicts much worse than those."""
    data = learner.data
    errors = np.array([_error(data, predicted, rows) for rows in data.trials.slices])
    found = []
    exchanged = {}
    for k, (name, rows) in enumerate(zip(data.trials.names, data.trials.slices, strict=True)):
        if not errors[k] > WORSE * np.median(np.delete(errors, k)):
            continue
        exchanged = exchanged or _exchanged(learner)
        finding = _swap(name, rows, data, errors[k], exchanged) or _trial_lag(name, rows, data, predicted)
        if finding is None and _correlation(data.angle[rows], predicted[rows]) < LITTLE:
            explained = _percent(r2(data.angle[rows], predicted[rows]))
            place = (None, name, *_ends(data, rows))
            finding = Finding("unexplained", "warning", *place, explained, "% of variance")
        found += [] if finding is None else [finding]
    return found


def _error(data, predicted, rows):
    return float(np.sqrt(np.nanmean((data.angle[rows] - predicted[rows]) ** 2)))


def _ends(data, rows):
    return float(data.trials.time[rows][0]), float(data.trials.time[rows][-1])


def _exchanged(learner):
    """Held-out predictions with each pair of channels exchanged, dict by pair of columns."""
    emg = learner.data.emg
    out = {}
    for i, j in combinations(range(emg.shape[1]), 2):
        order = np.arange(emg.shape[1])
        order[[i, j]] = j, i
        out[i, j] = learner.predict(emg[:, order])
    return out


def _swap(name, rows, data, error, exchanged):
    """The exchange of two channels that makes a trial fit, if there is one."""
    ratios = {pair: _error(data, values, rows) / error for pair, values in exchanged.items()}
    pair = min(ratios, key=ratios.get, default=None)
    if pair is None or ratios[pair] > EXCHANGED:
        return None
    first, second = (data.channels[i] for i in pair)
    place = (first, name, *_ends(data, rows))
    return Finding("swapped", "severe", *place, ratios[pair], second)


def _trial_lag(name, rows, data, predicted):
    """The move of the prediction that makes it fit the angle of one trial, if there is one."""
    angle, predicted = data.angle[rows], predicted[rows]
    longest = min(int(LONGEST * RATE), len(angle) - 1)
    moves = np.arange(-longest, longest + 1)
    scores = np.array([_correlation(*_overlapping(angle, predicted, move)) for move in moves])
    best, lag = int(np.argmax(scores)), float(moves[np.argmax(scores)] / RATE)
    at_zero = scores[len(moves) // 2]
    if abs(lag) < TRIAL_LAG or scores[best] < max(0.7, at_zero + GAIN):
        return None
    return Finding("lag", "severe", None, name, *_ends(data, rows), lag, "s")


def _overlapping(angle, predicted, move):
    """Angles and what was predicted `move` frames before them."""
    n = len(angle)
    return angle[max(0, move) : n + min(0, move)], predicted[max(0, -move) : n - max(0, move)]


def _correlation(angle, predicted):
    """Correlation over all coordinates; -1 where it tells nothing."""
    known = np.isfinite(angle).all(axis=1)
    a, p = (v[known] - v[known].mean(axis=0) for v in (angle, predicted)) if known.sum() > RATE else (None, None)
    if a is None or not np.any(a) or not np.any(p):
        return -1.0
    return float(np.sum(a * p) / np.sqrt(np.sum(a**2) * np.sum(p**2)))
