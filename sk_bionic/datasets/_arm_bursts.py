"""Excitations of simulated reaching: bursts of the arm's muscle groups, each muscle with its own share."""

import numpy as np

from ._bursts import BASELINE, QUIET, Bursts

WIDTH = (0.4, 1.2)  # s
FLEXORS, EXTENSORS = ("BIClong", "BICshort", "BRA"), ("TRIlong", "TRIlat", "TRImed")
# Muscles and range of the heights, of full excitation. The lighter bursts of both groups together stiffen the arm.
KINDS = ((FLEXORS, (0.05, 0.40)), (EXTENSORS, (0.05, 0.40)), (FLEXORS + EXTENSORS, (0.02, 0.20)))
SHARE, JITTER, STRETCH = (
    (0.1, 1.9),
    (-0.15, 0.15),
    (0.7, 1.3),
)  # of a muscle: of the height; s; of the width
HIGHEST = 0.6


def draw_arm_bursts(rng, model, n_trials, duration):
    """Bursts of flexors, of extensors and of both, other ones in every trial.

    Within a burst every muscle has a height, an onset and a width of its own: muscles that always worked alike could
    not be told apart.

    Parameters
    ----------
    rng : RandomState
    model : MusculoskeletalModel
        The arm.
    n_trials : int
    duration : float
        Duration of a trial [s].

    Returns
    -------
    Bursts
    """
    n = model.n_muscles
    baseline, trials = [], []
    for _ in range(n_trials):
        baseline.append(rng.uniform(*BASELINE, n))
        trials.append(_draw_trial(rng, model.muscle_names, duration))
    fields = np.zeros((3, n_trials, n, max(trial.shape[1] for trial in trials)))
    fields[1] = 1.0  # shorter lists end in bursts without height, whose width must not be zero
    for k, trial in enumerate(trials):
        fields[:, k, :, : trial.shape[1]] = trial.transpose(2, 0, 1)
    return Bursts(np.array(baseline), *fields)


def _draw_trial(rng, names, duration):
    """Onset, width and height of each muscle's bursts, ndarray (n_muscles, n_bursts, 3)."""
    bursts, time = [], QUIET + rng.uniform(0.0, 0.3)
    while time < duration:
        for k in rng.permutation(len(KINDS)):  # so that every trial has all kinds
            muscles, heights = KINDS[k]
            width, height = rng.uniform(*WIDTH), rng.uniform(*heights)
            own = [rng.uniform(*limits, len(names)) for limits in (JITTER, STRETCH, SHARE)]
            taking_part = np.isin(names, muscles)
            shown = np.minimum(height * own[2], HIGHEST) * taking_part
            bursts.append(np.stack([time + own[0], width * own[1], shown], axis=-1))
            time += width * rng.uniform(0.5, 1.0)
    return np.stack(bursts, axis=1)
