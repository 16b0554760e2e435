"""How a new trial may begin: in rest, as predictions assume, or in the middle of a movement that nobody has measured.

Training tells. Every frame of it is the start of a recording that might have been cut there; how far the limb was then
from the rest that a prediction would have assumed is known. A new trial's start is taken to be like those of training
whose first EMG was like its own (a kernel estimate; Nadaraya 1964, Theory of Probability and its Applications 9(1),
141-142), the real starts of the training trials counting as much as all the others together.
"""

from typing import NamedTuple

import numpy as np

from ..dynamics.marching import March
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

    def limited(self, variance, force_variance):
        """Variances of angles and forces that a start makes: no start makes more uncertain than all angles are."""
        limit = np.maximum(self.span**2, 1e-12)
        share = np.minimum(limit / np.maximum(variance, limit), 1.0)
        return variance * share, force_variance * share.min(axis=1)[:, None]

    def drawn(self, probability):
        """Which of the starts stand for those of each trial, (n_trials, N_DRAWS) of int, equally probable."""
        order = np.argsort(self.deviation[:, 0], kind="stable")
        level = np.cumsum(probability[:, order], axis=1)
        at = (np.arange(N_DRAWS) + 0.5) / N_DRAWS
        return order[np.minimum([np.searchsorted(own, at) for own in level], len(order) - 1)]


class Opening(NamedTuple):
    """The first `HORIZON` seconds of all trials, one behind the other.

    Attributes
    ----------
    frames : ndarray (n,) of int
    starts : ndarray (n_trials + 1,) of int
        Where those of each trial are, and the end.
    activations, force : ndarray (n, n_muscles)
        Of the simulation from rest; forces in N.
    variance : ndarray (n, n_coordinates)
        That the start makes of the angles, as derivatives say [rad^2].
    force_variance : ndarray (n, n_muscles)
        [N^2]
    """

    frames: np.ndarray
    starts: np.ndarray
    activations: np.ndarray
    force: np.ndarray
    variance: np.ndarray
    force_variance: np.ndarray

    @classmethod
    def of(cls, motion, forces=True):
        """Those of a motion, to be filled; of no muscle where nobody asks for forces."""
        trials, m = motion.trials, motion.model.n_muscles if forces else 0
        lengths = [
            int(np.searchsorted(trials.time[rows], trials.time[rows.start] + HORIZON, side="right"))
            for rows in trials.slices
        ]
        frames = np.concatenate([rows.start + np.arange(n) for rows, n in zip(trials.slices, lengths, strict=True)])
        n = len(frames)
        rooms = (np.empty((n, columns)) for columns in (m, m, motion.model.n_coordinates, m))
        return cls(frames, np.r_[0, np.cumsum(lengths)], *rooms)

    def rows(self, trial):
        """Those of a trial, slice."""
        return slice(self.starts[trial], self.starts[trial + 1])

    def keep(self, trial, rows, *found):
        """Fill in what was found at some frames (slice), and say how many of them are of the opening."""
        own = self.rows(trial)
        first = own.start + rows.start - self.frames[own.start]
        n = int(np.clip(own.stop - first, 0, rows.stop - rows.start))
        for room, each in zip(self[2:], found, strict=True):
            room[first : first + n] = each[:n]
        return n


def spread_of_starts(starts, motion, trajectory, opening, probability):
    """Mean squared deviation of simulations from the drawn starts, over the opening of every trial.

    A simulation ends where it has come to the one from rest: derivatives tell the rest. Of a start that is drawn more
    than once there is one.

    Parameters
    ----------
    starts : StartStates
    motion : EquationOfMotion
    trajectory : Trajectory
        From rest.
    opening : Opening
    probability : ndarray (n_trials, n_starts)

    Returns
    -------
    angle : ndarray (n, n_coordinates)
        [rad^2]
    force : ndarray (n, n_muscles)
        Of the muscles' forces [N^2].

    Raises
    ------
    SimulationError
        When a start cannot be simulated.
    """
    march, d = March(motion), len(starts.span)
    parts, places, weights = [], [], []
    for k, drawn in enumerate(starts.drawn(probability)):
        rows, (of_draw, counts) = opening.rows(k), np.unique(drawn, return_counts=True)
        known = trajectory.all_states[opening.frames[rows]]
        begin = known[0, :, :d] + starts.deviation[of_draw, : 2 * d].reshape(len(of_draw), 2, d)
        found = march.from_starts(k, begin, known)
        parts += found
        places += [np.arange(rows.start, rows.start + len(part)) for part in found]
        weights += [np.full(len(part), count / N_DRAWS) for part, count in zip(found, counts, strict=True)]
    states, places, weight = np.concatenate(parts), np.concatenate(places), np.concatenate(weights)[:, None]
    force = np.empty((len(places), 0))
    if opening.force.shape[1]:
        still = np.zeros((0, d))
        force = march.at(states, still, opening.activations[places], opening.frames[places], settled=False).force
    angle, out = trajectory.angle[opening.frames], []
    for moved, base in ((states[:, 0, :d], angle), (force, opening.force)):
        total = np.zeros_like(base)
        np.add.at(total, places, weight * np.square(moved - base[places]))
        out.append(total)
    return tuple(out)


class StartPiece(NamedTuple):
    """Some rows of a trial that starts at rest, with derivatives by parameters and, behind them, by angles, velocities
    and surplus activations at the start: n_rows + 2 n_coordinates + n_muscles columns.

    Attributes
    ----------
    rows : slice
    activations : ndarray (n_frames, n_muscles)
    force : ndarray (n_frames, n_muscles)
        [N]
    of_angle : ndarray (n_frames, n_coordinates, n_columns)
    of_force : ndarray (n_frames, n_muscles, n_columns)
        [N]; without columns, as activations and forces, where nobody asks for forces.
    """

    rows: slice
    activations: np.ndarray
    force: np.ndarray
    of_angle: np.ndarray
    of_force: np.ndarray


def start_pieces(motion, march, states, trial, n_rows, *, forces=True):
    """A simulation from rest with its derivatives by parameters and by what nobody knows of its beginning.

    Besides angle and velocity that is how active each muscle was: the EMG before the first frame is not there. More
    activation than the steady state of the first EMG goes with the muscle's own decay, once its electromechanical delay
    has passed. Piece by piece, for those of an hour are more than memory holds.

    Parameters
    ----------
    motion : EquationOfMotion
    march : March
        With respect to `n_rows` parameters and surplus activations.
    states : ndarray (n_frames, 2, n_states)
        Of all trials, filled where the pieces have been.
    trial, n_rows : int
    forces : bool
        Whether those of the muscles are asked for.

    Yields
    ------
    StartPiece
    """
    p, m, d = n_rows, motion.model.n_muscles, motion.model.n_coordinates
    n_columns, room = p + m + 2 * d, march.room()
    order = np.r_[:p, p + m : n_columns, p : p + m]
    for rows, moved in march.pieces(trial, states, n_columns, m * n_columns if forces else 0, from_rest=True):
        moved = moved[..., order]
        if not forces:
            none = np.empty((len(moved), 0))
            yield StartPiece(rows, none, none, moved[:, :d], np.empty((len(moved), 0, n_columns)))
            continue
        found = march.along_piece(trial, rows, room, states[rows], {"force"})
        of_force = march.force_by_states(found, states.shape[2]) @ moved
        of_force[..., :p] += found.force_by_parameter[..., :p]
        of_force[..., p + 2 * d :] += found.force_by_parameter[..., p:]
        yield StartPiece(rows, found.activations, found.force, moved[:, :d], of_force)


def _openings(motion, frames):
    """Square root of the EMG (n_starts, n_lags * n_muscles) that follows each frame."""
    trials, excitation = motion.trials, motion.excitation
    out = np.empty((len(frames), len(LAGS), excitation.shape[1]))
    trial_of = trials.trial_of_frame[frames]
    for k in np.unique(trial_of):
        own, rows = trial_of == k, trials.slices[k]
        after = trials.time[frames[own], None] + LAGS
        at = np.searchsorted(trials.time[rows], after) + rows.start
        out[own] = np.sqrt(excitation[np.minimum(at, rows.stop - 1)])
    return out.reshape(len(frames), -1)


def _rest_at(motion, frames):
    """Angle of rest (n, n_coordinates) [rad] under the EMG of each frame for ever, and activations minus that EMG's."""
    constant = motion.model.activation(motion.model.parameters.as_dict()["emg_gain"] * motion.excitation[frames])
    return March(motion).rest(constant, frames), motion.activations_at(frames) - constant
