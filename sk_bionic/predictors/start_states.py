"""How a new trial may begin: in rest, as predictions assume, or in the middle of a movement that nobody has measured.

Training tells. Every frame of it is the start of a recording that might have been cut there; how far the limb was then
from the rest that a prediction would have assumed is known. A new trial's start is taken to be like those of training
whose first EMG was like its own (a kernel estimate; Nadaraya 1964, Theory of Probability and its Applications 9(1),
141-142), the real starts of the training trials counting as much as all the others together.
"""

from typing import NamedTuple

import numpy as np

from ..identification.posterior import measured_state

LAGS = (0.0, 0.1, 0.2, 0.3)  # s after the start at which EMG is compared
# Of the kernel, in standard deviations of the square root of the EMG (the largest difference of any channel and lag),
# and the neighbour up to which it reaches where none is as near.
BANDWIDTH, NEIGHBOURS = 0.25, 5
UNLIKE = 0.15  # share of starts amid a movement that are not like those of training with the same EMG
MOST_STARTS = 240
N_DRAWS, HORIZON = 12, 3.0  # simulated starts of each trial, and how long they are followed [s]


class StartStates(NamedTuple):
    """Starts that the training knows.

    Attributes
    ----------
    opening : ndarray (n_starts, n_features)
        First EMG of each, compressed.
    unit : ndarray (n_features,)
        Standard deviation of the openings.
    deviation : ndarray (n_starts, 2 n_coordinates + n_muscles)
        Angles [rad], velocities [rad/s] and activations minus those of the rest that a prediction would assume.
    weight : ndarray (n_starts,)
    is_start : ndarray (n_starts,) of bool
        Which of them a trial of the training began with.
    span : ndarray (n_coordinates,)
        Range of the training angles [rad], more than which no start makes an angle uncertain.
    """

    opening: np.ndarray
    unit: np.ndarray
    deviation: np.ndarray
    weight: np.ndarray
    is_start: np.ndarray
    span: np.ndarray

    @classmethod
    def learnt(cls, motion, angle):
        """From the training's motion under the fitted model and the measured angles (n_frames, n_coordinates) [rad].

        None where no frame has all angles.
        """
        trials = motion.trials
        known = np.isfinite(angle).all(axis=1)
        first = trials.starts[:-1][known[trials.starts[:-1]]]
        rest_of_trial = trials.time[trials.starts[1:] - 1][trials.trial_of_frame] - trials.time
        later = np.flatnonzero(known & (rest_of_trial >= LAGS[-1]))
        later = later[:: -(-len(later) // MOST_STARTS)] if len(later) else later
        frames = np.concatenate([first, later])
        if not len(frames):
            return None
        weight = np.concatenate([np.full(len(part), 0.5 / len(part)) for part in (first, later) if len(part)])
        opening = _openings(motion, frames)
        state = measured_state(trials, angle, motion.model)[frames]
        rest, surplus = _rest_at(motion, frames)
        deviation = np.column_stack([state[:, 0] - rest, state[:, 1], surplus])
        unit = np.maximum(opening.std(axis=0), 1e-12)
        is_start = np.arange(len(frames)) < len(first)
        return cls(opening, unit, deviation, weight, is_start, np.nanmax(angle, axis=0) - np.nanmin(angle, axis=0))

    def probability(self, motion):
        """Of each known start to be that of a new trial, (n_trials, n_starts)."""
        opening = _openings(motion, motion.first)
        distance = np.abs((opening[:, None] - self.opening) / self.unit).max(axis=2)
        reach = np.sort(distance, axis=1)[:, min(NEIGHBOURS, distance.shape[1]) - 1]
        # A trial may begin anyhow, but like the training's trials only where its EMG does.
        width = np.where(self.is_start, BANDWIDTH, np.maximum(BANDWIDTH, reach)[:, None])
        weight = self.weight * np.exp(-0.5 * (distance / width) ** 2)
        amid = np.where(self.is_start, 0.0, weight).sum(axis=1, keepdims=True)  # of having begun amid a movement
        any_ = np.where(self.is_start, 0.0, self.weight) / max(self.weight[~self.is_start].sum(), 1e-12)
        weight = np.where(self.is_start, weight, (1.0 - UNLIKE) * weight + UNLIKE * amid * any_)
        total = weight.sum(axis=1, keepdims=True)
        # A trial that begins unlike all that are known may begin as any of them.
        return np.where(total > 0, weight / np.where(total > 0, total, 1.0), self.weight / self.weight.sum())

    def second_moment(self, probability):
        """Expected outer product (n_trials, n, n) of the deviation of each trial's start from the assumed rest."""
        return (probability[:, None, :] * self.deviation.T) @ self.deviation

    def drawn(self, probability):
        """Which of the starts stand for those of each trial, (n_trials, N_DRAWS) of int, equally probable."""
        order = np.argsort(self.deviation[:, 0], kind="stable")
        level = np.cumsum(probability[:, order], axis=1)
        at = (np.arange(N_DRAWS) + 0.5) / N_DRAWS
        return order[np.minimum([np.searchsorted(own, at) for own in level], len(order) - 1)]


def spread_of_starts(starts, motion, simulation, probability):
    """Mean squared deviation of simulations from the drawn starts, over the first seconds of every trial.

    A simulation ends where it has come to the one from rest: derivatives tell the rest. Of a start that is drawn more
    than once there is one.

    Parameters
    ----------
    starts : StartStates
    motion : EquationOfMotion
    simulation : tuple
        From rest, by `start_sensitivity`.
    probability : ndarray (n_trials, n_starts)

    Returns
    -------
    rows : ndarray of int
        Frames concerned.
    angle : ndarray (n_rows, n_coordinates)
        [rad^2]
    force : ndarray (n_rows, n_muscles)
        Of the muscles' forces [N^2].

    Raises
    ------
    SimulationError
        When a start cannot be simulated.
    """
    trials, (trajectory, activations, rest_force, *_) = motion.trials, simulation
    march, d, known = motion.march(), len(starts.span), trajectory.all_states
    parts, frames, weights = [], [], []
    for k, (rows, drawn) in enumerate(zip(trials.slices, starts.drawn(probability), strict=True)):
        near = rows.start + int(np.searchsorted(trials.time[rows], trials.time[rows.start] + HORIZON, side="right"))
        of_draw, counts = np.unique(drawn, return_counts=True)
        begin = trajectory.state[rows.start] + starts.deviation[of_draw, : 2 * d].reshape(len(of_draw), 2, d)
        found = march.from_starts(k, begin, known[rows.start : near])
        parts += found
        frames += [np.arange(rows.start, rows.start + len(part)) for part in found]
        weights += [np.full(len(part), count / N_DRAWS) for part, count in zip(found, counts, strict=True)]
    states, frames, weight = np.concatenate(parts), np.concatenate(frames), np.concatenate(weights)[:, None]
    still = np.zeros((0, d))
    force = march.at(states, still, activations[frames], frames, settled=False).force
    out = []
    for moved, base in ((states[:, 0, :d], trajectory.angle), (force, rest_force)):
        total = np.zeros_like(base)
        np.add.at(total, frames, weight * np.square(moved - base[frames]))
        out.append(total)
    rows = np.unique(frames)
    return rows, out[0][rows], out[1][rows]


def _openings(motion, frames):
    """Square root of the EMG (n_starts, n_lags * n_muscles) that follows each frame."""
    trials, root = motion.trials, np.sqrt(motion.excitation)
    out = np.empty((len(frames), len(LAGS), root.shape[1]))
    trial_of = trials.trial_of_frame[frames]
    for k in np.unique(trial_of):
        own, rows = trial_of == k, trials.slices[k]
        after = trials.time[frames[own], None] + LAGS
        at = np.searchsorted(trials.time[rows], after) + rows.start
        out[own] = root[np.minimum(at, rows.stop - 1)]
    return out.reshape(len(frames), -1)


def _rest_at(motion, frames):
    """Angle of rest (n, n_coordinates) [rad] under the EMG of each frame for ever, and activations minus that EMG's."""
    constant = motion.model.activation(motion.model.parameters.as_dict()["emg_gain"] * motion.excitation[frames])
    return motion.march().rest(constant, frames), motion.activations()[frames] - constant
