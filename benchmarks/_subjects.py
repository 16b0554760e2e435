"""Simulated subjects: the elbow, a wrist with five muscles, elbows whose EMG says too little.

All are integrated by the adaptive integrator behind `make_elbow_flexion`, never by the package's
own solver.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.datasets._bursts import Bursts, draw_bursts
from sk_bionic.datasets._elbow_truth import draw_model, integrate
from sk_bionic.musculoskeletal import wrist

N_TRIALS, DURATION, SAMPLING_RATE = 3, 5.0, 100  # of a training set: trials, s, Hz
NOISE = np.deg2rad(1.0)  # of the measured angle
WRIST_GROUPS = ((0, 1), (2, 3, 4), (0, 1, 2, 3, 4))  # flexors, extensors, all together
WRIST_SIDE = (0, 0, 1, 1, 1)
WRIST_HEIGHT, WRIST_WIDTH, WRIST_BASELINE = (0.02, 0.25), (0.3, 1.0), (0.005, 0.02)
WRIST_SHIFT = 0.15  # s between muscles of one burst
HELD_EMG = (0.18, 0.05)  # biceps and triceps while a posture is held


class Subject(NamedTuple):
    """What a recording gives (EMG, angle [rad]) and the truth behind it."""

    data: pd.DataFrame
    target: pd.Series
    model: object

    @property
    def truth(self):
        """True value of every free parameter: muscle, name, true."""
        table = self.model.parameters.to_frame()
        columns = ["muscle", "name", "value"]
        return table.loc[table["free"], columns].rename(columns={"value": "true"})


def elbow_subject(seed, **options):
    """Three training trials of one subject of `make_elbow_flexion`."""
    flexion = make_elbow_flexion(N_TRIALS, random_state=seed, **options)
    return Subject(flexion.data, flexion.target, flexion.model)


def wrist_subject(seed, individuality=1.0, noise=NOISE):
    """Flexion and extension of a wrist with five muscles.

    With an `individuality` of 1 bursts differ in height and onset from muscle to muscle, with 0 all
    muscles of a group (flexors, extensors) follow the same bursts.
    """
    rng = np.random.RandomState(seed)
    model = _draw_wrist(rng)
    return recorded(model, _wrist_bursts(rng, model.n_muscles, individuality), rng, noise)


def _draw_wrist(rng):
    """The wrist with parameters drawn as those of the elbow."""
    generic = wrist()
    values, slices = generic.parameters.value.copy(), generic.parameters.slices
    for name in ("max_isometric_force", "optimal_fiber_length"):
        values[slices[name]] *= rng.uniform(0.75, 1.25, generic.n_muscles)
    values[slices["emg_shape_factor"]] = rng.uniform(-2.0, -0.5, generic.n_muscles)
    values[slices["electromechanical_delay"]] = rng.uniform(0.02, 0.06, generic.n_muscles)
    return generic.with_values(values)


def _wrist_bursts(rng, n_muscles, individuality):
    """Bursts of the flexors, the extensors and all together."""
    trials = [_wrist_trial(rng, n_muscles, individuality) for _ in range(N_TRIALS)]
    n_bursts = max(trial.shape[-1] for trial in trials)
    padded = [np.pad(t, ((0, 0), (0, 0), (0, n_bursts - t.shape[-1]))) for t in trials]
    onset, width, height = np.stack(padded, axis=1)
    width[width == 0] = 1.0  # of bursts without height
    baseline = rng.uniform(*WRIST_BASELINE, (N_TRIALS, 1)) * np.ones(n_muscles)
    return Bursts(baseline, onset, width, height)


def _wrist_trial(rng, n_muscles, individuality):
    """Onset, width and height, ndarray (3, n_muscles, n_bursts)."""
    bursts, time = [], 0.3
    while time < DURATION:
        for k in rng.permutation(len(WRIST_GROUPS)):
            duration = rng.uniform(*WRIST_WIDTH)
            onset = time + individuality * rng.uniform(0.0, WRIST_SHIFT, n_muscles)
            common, own = rng.uniform(*WRIST_HEIGHT, 2), rng.uniform(*WRIST_HEIGHT, n_muscles)
            height = individuality * own + (1.0 - individuality) * common[list(WRIST_SIDE)]
            height[~np.isin(np.arange(n_muscles), WRIST_GROUPS[k])] = 0.0
            bursts.append([onset, np.full(n_muscles, duration), height])
            time += duration * rng.uniform(0.5, 1.0)
    return np.moveaxis(np.array(bursts), 0, -1)


def held_posture(seed):
    """An elbow that rests at one angle under constant EMG, in every trial."""
    return _elbow_with(seed, _hold)


def constant_channel(seed):
    """An elbow whose triceps keeps its baseline."""
    return _elbow_with(seed, _without_triceps)


def copied_channels(seed):
    """An elbow whose triceps is driven exactly as the biceps."""
    return _elbow_with(seed, _copy_biceps)


def _elbow_with(seed, change):
    rng = np.random.RandomState(seed)
    model = draw_model(rng, 0.0)
    bursts = change(draw_bursts(rng, model, N_TRIALS, DURATION))
    return recorded(model, bursts, rng)


def _hold(bursts):
    baseline = np.tile(HELD_EMG, (N_TRIALS, 1))
    return bursts._replace(baseline=baseline, height=np.zeros_like(bursts.height))


def _without_triceps(bursts):
    baseline = bursts.baseline.copy()
    baseline[:, 1] = baseline[0, 1]
    height = bursts.height.copy()
    height[:, 1] = 0.0
    return bursts._replace(baseline=baseline, height=height)


def _copy_biceps(bursts):
    return Bursts(*(np.stack([field[:, 0]] * 2, axis=1) for field in bursts))


def recorded(model, bursts, rng, noise=NOISE):
    """Integrate, sample and add white noise to the angle [rad]."""
    time = np.arange(round(DURATION * SAMPLING_RATE)) / SAMPLING_RATE
    names = [f"trial_{k:02d}" for k in range(len(bursts.baseline))]
    index = pd.MultiIndex.from_product([names, time], names=["trial", "time"])
    by_frame = lambda values: values.transpose(1, 0, 2).reshape(len(index), -1)
    emg = by_frame(bursts(time[:, None, None]))
    angle = by_frame(integrate(model, bursts, time).angle)[:, 0]
    measured = angle + noise * rng.normal(size=len(angle))
    data = pd.DataFrame(emg, index, list(model.channel_names))
    return Subject(data, pd.Series(measured, index, name=model.coordinate_names[0]), model)
