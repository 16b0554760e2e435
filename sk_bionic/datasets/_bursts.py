"""Excitations of simulated elbow flexion: smooth bursts that would carry the forearm to chosen angles."""

from typing import NamedTuple

import numpy as np
import torch

QUIET, WIDTH = 0.3, (0.4, 1.5)  # s: before the first burst; of a burst
BASELINE = (0.01, 0.03)
FLEXION, EXTENSION, CO_CONTRACTION = range(3)
# Aimed angle by kind of burst, in units of the largest angle that the biceps holds alone; that angle lies below 2.2 rad.
AIM = {FLEXION: (0.5, 1.1), EXTENSION: (0.1, 0.3), CO_CONTRACTION: (0.2, 0.8)}
CO_CONTRACTING = (0.2, 0.5)  # height of the biceps
# A burst is over before the forearm has arrived, so it is higher than what would hold the aim.
HASTE, LOWEST, HIGHEST = (1.6, 1.0), (0.05, 0.02), 0.6  # biceps, triceps


class Bursts(NamedTuple):
    """Excitations as functions of time: a baseline (n_trials, n_muscles) and bursts, each field (n_trials, n_muscles, n_bursts).

    A burst is a squared raised cosine, height sin^4(pi (t - onset) / width): with its three continuous derivatives an adaptive
    integrator takes half the steps that a plain raised cosine needs.
    """

    baseline: np.ndarray
    onset: np.ndarray
    width: np.ndarray
    height: np.ndarray

    def __call__(self, time):
        """Excitations (..., n_trials, n_muscles) at times that broadcast to that shape [s]."""
        phase = np.clip((time[..., None] - self.onset) / self.width, 0.0, 1.0)
        return self.baseline + (self.height * np.sin(np.pi * phase) ** 4).sum(axis=-1)


def _holding_excitation(model, muscle, angle, other):
    """Steady excitation of one muscle that holds `angle` (n,) [rad] against the excitation `other` (n,) of the rest; ndarray (n,)."""
    p = model.parameters.as_dict()
    angle = torch.from_numpy(angle)[:, None]
    active = torch.from_numpy(other)[:, None].repeat(1, model.n_muscles)
    active[:, muscle] = 0.0
    one = torch.zeros_like(active)
    one[:, muscle] = 1.0
    zero = torch.zeros_like(angle)
    without = -model.residual(angle, zero, zero, model.activation(active, p), p)[:, 0]
    per_activation = model.muscle_torque(angle, zero, one) - model.muscle_torque(angle, zero, 0.0 * one)
    needed = (-without / per_activation[:, 0]).clamp(0.0, 1.0)
    shape = p["emg_shape_factor"][muscle]
    return (torch.log1p(needed * torch.expm1(shape)) / shape).numpy()  # inverse of the exponential shape


def _reach(model):
    """Largest angle [rad] that the biceps alone holds with a burst's excitation, between 0.5 and 2.2."""
    angles = np.linspace(0.5, 2.2, 35)
    held = _holding_excitation(model, 0, angles, np.zeros(len(angles))) < HIGHEST
    return angles[held].max(initial=angles[0])


def _burst_to(model, muscle, angle, other):
    height = HASTE[muscle] * _holding_excitation(model, muscle, angle, other)
    return height.clip(LOWEST[muscle], HIGHEST)


def _draw_trial(rng, duration):
    """Bursts of one trial, ndarray (n_bursts, 5) of onset, width, kind, aim and biceps' height; every kind once in three."""
    rows, time = [], QUIET + rng.uniform(0.0, 0.3)
    while time < duration:
        for kind in rng.permutation(len(AIM)):
            width = rng.uniform(*WIDTH)
            rows.append([time, width, kind, rng.uniform(*AIM[kind]), rng.uniform(*CO_CONTRACTING)])
            time += width * rng.uniform(0.5, 1.0)
    return rows


def _heights(model, kind, aim, biceps):
    """Heights of the bursts in (biceps, triceps), ndarray (n_bursts, 2)."""
    aim = aim * _reach(model)
    alone = _burst_to(model, 0, aim, np.zeros(len(aim)))
    biceps = np.select([kind == FLEXION, kind == CO_CONTRACTION], [alone, biceps], 0.0)
    triceps = _burst_to(model, 1, aim, biceps)
    return np.stack([biceps, np.where(kind == FLEXION, 0.0, triceps)], axis=1)


def draw_bursts(rng, model, n_trials, duration):
    """Bursts of biceps and triceps, partly in turn and partly together, other ones in every trial.

    Parameters
    ----------
    rng : RandomState
    model : MusculoskeletalModel
        The elbow whose strength decides how high the bursts are.
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
        trials.append(np.array(_draw_trial(rng, duration)))
    shape = n_trials, model.n_muscles, max(map(len, trials))
    onset, width, height = np.zeros(shape), np.ones(shape), np.zeros(shape)  # shorter lists end in bursts without height
    for k, trial in enumerate(trials):
        filled = slice(len(trial))
        onset[k, :, filled], width[k, :, filled] = trial[:, 0], trial[:, 1]
        height[k, :, filled] = _heights(model, *trial[:, 2:].T).T
    return Bursts(np.array(baseline), onset, width, height)


def with_hidden_muscle(bursts, rng, duration):
    """`bursts` and those of a third muscle: half of the biceps', smeared, and one burst of its own in every trial."""
    own = np.array([[rng.uniform(QUIET, duration), rng.uniform(*WIDTH), rng.uniform(0.05, 0.2)] for _ in bursts.baseline])
    onset, width, height = (field[:, 0] for field in bursts[1:])
    smeared = onset - 0.15 * width, 1.3 * width, 0.5 * height
    hidden = [np.column_stack(pair)[:, None] for pair in zip(smeared, own.T, strict=True)]
    shown = [np.pad(field, ((0, 0), (0, 0), (0, 1)), constant_values=1.0) for field in bursts[1:]]
    shown[2][..., -1] = 0.0
    baseline = np.column_stack([bursts.baseline, bursts.baseline[:, 0]])
    return Bursts(baseline, *(np.concatenate(pair, axis=1) for pair in zip(shown, hidden, strict=True)))
