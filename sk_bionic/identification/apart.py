"""Trials whose angle goes against what the EMG of the other trials stands for."""

import numpy as np
from sklearn.linear_model import Ridge

from ..trials import lagged
from .suspicion import Suspicion

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


def _held_out(features, angle, trials):
    """Correlation (n_trials,) of each trial's angle with what a learner of the others predicts, NaN where there is
    none.
    """
    features = features / np.maximum(np.abs(features).max(axis=0), 1.0)  # a spike of any size leaves them comparable
    known, of, out = np.isfinite(angle), trials.trial_of_frame, np.full(trials.n_trials, np.nan)
    for k in range(trials.n_trials):
        train, test = known & (of != k), known & (of == k)
        if min(train.sum(), test.sum()) < FEWEST_FRAMES or np.ptp(angle[test]) == 0:
            continue
        predicted = Ridge(1e-2).fit(features[train], angle[train]).predict(features[test])
        if np.ptp(predicted) > 0:
            out[k] = np.corrcoef(predicted, angle[test])[0, 1]
    return out
