"""Excitations of simulated elbow flexion: bursts that carry the forearm towards chosen angles."""

from typing import NamedTuple

import numpy as np

QUIET, WIDTH = 0.3, (0.4, 1.5)  # s: before the first burst; of a burst
BASELINE = (0.01, 0.03)
BICEPS, TRICEPS = 0, 1
FLEXION, EXTENSION, CO_CONTRACTION = range(3)
# Aimed angle by kind of burst, in units of the largest angle that the biceps holds alone.
AIM = {FLEXION: (0.5, 1.1), EXTENSION: (0.1, 0.3), CO_CONTRACTION: (0.2, 0.8)}
CO_CONTRACTING_BICEPS = (0.2, 0.5)  # height
# A burst is over before the forearm has arrived, so it is higher than what would hold the aim.
HASTE = {BICEPS: 1.6, TRICEPS: 1.3}
LOWEST, HIGHEST = 0.05, 0.6


class Bursts(NamedTuple):
    """Excitations as functions of time: a baseline (n_trials, n_muscles) and bursts on it.

    `onset` [s], `width` [s] and `height` are (n_trials, n_muscles, n_bursts). A burst is a squared
    raised cosine, height sin^4(pi (t - onset) / width): its three continuous derivatives halve the
    steps that an adaptive integrator needs for a plain raised cosine.
    """

    baseline: np.ndarray
    onset: np.ndarray
    width: np.ndarray
    height: np.ndarray

    def __call__(self, time):
        """Excitations (..., n_trials, n_muscles) at times that broadcast to that shape [s]."""
        phase = np.clip((time[..., None] - self.onset) / self.width, 0.0, 1.0)
        return self.baseline + (self.height * np.sin(np.pi * phase) ** 4).sum(axis=-1)


def draw_bursts(rng, model, n_trials, duration):
    """Bursts of biceps and triceps, partly in turn and partly together, other ones in every trial.

    Parameters
    ----------
    rng : RandomState
    model : MusculoskeletalModel
        The elbow, whose strength decides how high the bursts are.
    n_trials : int
    duration : float
        Duration of a trial [s].

    Returns
    -------
    Bursts
    """
    baseline, trials = [], []
    for _ in range(n_trials):
        baseline.append(rng.uniform(*BASELINE, model.n_muscles))
        trials.append(_draw_trial(rng, duration))
    shape = n_trials, model.n_muscles, max(map(len, trials))
    # Shorter lists end in bursts without height.
    onset, width, height = np.zeros(shape), np.ones(shape), np.zeros(shape)
    reach = _reach(model)
    for k, trial in enumerate(trials):
        filled = slice(len(trial))
        onset[k, :, filled], width[k, :, filled], kind, aim, biceps = trial.T
        height[k, :, filled] = _heights(model, kind, aim * reach, biceps)
    return Bursts(np.array(baseline), onset, width, height)


def with_hidden_muscle(bursts, rng, duration):
    """`bursts` and those of a third muscle: half of the biceps', smeared, and one of its own."""
    ranges = (QUIET, duration), WIDTH, (0.05, 0.2)
    own = np.array([[rng.uniform(*limits) for limits in ranges] for _ in bursts.baseline])
    onset, width, height = (field[:, BICEPS] for field in bursts[1:])
    smeared = onset - 0.15 * width, 1.3 * width, 0.5 * height
    hidden = [np.column_stack(pair)[:, None] for pair in zip(smeared, own.T, strict=True)]
    shown = [np.pad(field, ((0, 0), (0, 0), (0, 1)), mode="edge") for field in bursts[1:]]
    shown[2][..., -1] = 0.0
    fields = [np.concatenate(pair, axis=1) for pair in zip(shown, hidden, strict=True)]
    return Bursts(np.column_stack([bursts.baseline, bursts.baseline[:, BICEPS]]), *fields)


def _draw_trial(rng, duration):
    """Onset, width, kind, aim and height of a co-contracting biceps, ndarray (n_bursts, 5)."""
    rows, time = [], QUIET + rng.uniform(0.0, 0.3)
    while time < duration:
        for kind in rng.permutation(len(AIM)):  # so that every trial has all kinds
            width = rng.uniform(*WIDTH)
            aim, biceps = rng.uniform(*AIM[kind]), rng.uniform(*CO_CONTRACTING_BICEPS)
            rows.append([time, width, kind, aim, biceps])
            time += width * rng.uniform(0.5, 1.0)
    return np.array(rows)


def _heights(model, kind, aim, biceps):
    """Heights of the bursts in biceps and triceps, ndarray (2, n_bursts); `aim` in rad."""
    alone = _height_towards(model, BICEPS, aim, np.zeros(len(aim)))
    biceps = np.select([kind == FLEXION, kind == CO_CONTRACTION], [alone, biceps], 0.0)
    triceps = _height_towards(model, TRICEPS, aim, biceps)
    return np.stack([biceps, np.where(kind == FLEXION, 0.0, triceps)])


def _height_towards(model, muscle, angle, antagonist):
    height = HASTE[muscle] * _holding_excitation(model, muscle, angle, antagonist)
    return height.clip(LOWEST, HIGHEST)


def _reach(model):
    """Largest angle [rad] that the biceps holds with a burst's excitation, 0.5 to 2.2."""
    angles = np.linspace(0.5, 2.2, 35)
    held = _holding_excitation(model, BICEPS, angles, np.zeros(len(angles))) < HIGHEST
    return angles[held].max(initial=angles[0])


def _holding_excitation(model, muscle, angle, antagonist):
    """Steady excitation (n,) of a muscle that holds `angle` (n,) against that of its antagonist."""
    angle = angle[:, None]
    zero = np.zeros_like(angle)
    idle = model.activation(np.repeat(antagonist[:, None], model.n_muscles, axis=1))
    idle[:, muscle] = 0.0
    full = idle.copy()
    full[:, muscle] = 1.0
    # The residual is linear in the activation; its root, within what a muscle can do.
    at_idle, at_full = (model.residual(angle, zero, zero, a)[:, 0] for a in (idle, full))
    activation = np.clip(at_idle / (at_idle - at_full), 0.0, 1.0)
    shape = model.parameters.as_dict()["emg_shape_factor"][muscle]
    return np.log1p(activation * np.expm1(shape)) / shape  # inverse of the shape
