"""How large errors are: the learners' from frame to frame, and everybody's where inputs lie beyond the training's.

Four things tell the size of the learners' errors: how far the members differ, how fast the limb moves (an error of
timing is an error of angle then), how far the trial's EMG is from any that was learnt, and how long the trial lasts
beside the training (electrodes, fatigue and the way a movement is made drift).

Under a load, posture or torque that the training did not have, learners say what they would say at the nearest that it
had. How wrong they are only the equation of motion can tell: by what its own angle changes between the two. How wrong
the equation is, the learners can tell: by how far it is from them at the nearest known inputs, where both should know.
Each is weighed by the inverse of its expected square error of the trial.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree
from scipy.stats import norm, t

# Powers by members' spread, velocity, novelty and duration, chosen with `held_out.USUAL_BAND` and `OF_RANGE` among
# 1,296 settings on the test parts of twelve men's knees, seed 0, under a mean of 93 % of the frames: after 70 % of a
# record (one repetition) the 90 % bands hold 93 (93) % of the frames, 59 (62) % of the lowest record. The interval
# score is 0.98 (0.95) on six men and 0.98 (0.98) on the other six times that of the powers before. No setting within
# that mean held more than 62 (71) % of the lowest record: nothing in a training told which record it would be.
POWERS = 0.2, 0.9, 0.33, 0.2
EARLIER_POWERS = 0.6, 0.9, 0.33, 0.28  # of files of earlier versions
USUAL_SPREAD = 0.05  # standard deviation between members, of the range of the angle
NEIGHBOURS = 5  # the distance to so many learnt frames is a trial's distance from the training
MOST_FRAMES = 1500  # of the training that are kept
LARGEST_NOVELTY = 30.0  # beyond which EMG is in another unit, and the factor says nothing more
FURTHEST = np.deg2rad(60.0)  # error that learners make at most where EMG is none that they know: a joint has an end
# What an equation leaves of the motion that an input makes, as a part of its mean square, before any motion was seen;
# what was seen counts as its variance is beside that of `TELLING` [rad]. Identified from the angles in the lowest tenth
# of the range, simulations of 24 knees (first 70 % of a record) left 0.72 of the motion of the rest (median; 0.54 to
# 0.87 in eight of ten), from the lowest third 0.42 (0.17 to 0.66).
UNTOLD, TELLING = 0.7, np.deg2rad(5.0)
# s of labels that count as one error whose size they tell: of 0.25, 0.5 and 1 s, each with five levels of
# `held_out.USUAL_BAND`, the one whose bands of the same men's test parts stayed nearest to what they held before.
PIECE = 0.25
UNKNOWN_MARGIN = 0.05  # of the training's range of a load or posture, beyond which the learners have not seen it


class ErrorSize(NamedTuple):
    """What is usual in a training.

    Attributes
    ----------
    range : ndarray (n_coordinates,)
        Of the angle [rad].
    velocity : ndarray (n_coordinates,)
        Root mean square of its velocity [rad/s].
    duration : float
        Of all trials [s].
    emg : ndarray (n_kept, n_channels)
        Square root of the EMG that was learnt from, in units of its standard deviation.
    unit : ndarray (n_channels,)
        That standard deviation.
    distance : float
        Of held-out EMG from that which was learnt beside it, in the same units.
    box : ndarray (2, n_channels)
        Smallest and largest of all EMG that was learnt from, as `emg`.
    outside : float
        How far held-out EMG was at most outside the box of that which was learnt beside it, in the same units.
    scale : ndarray (n_coordinates,)
        Standard deviation of the learnt angles [rad].
    angles : ndarray (2, n_coordinates)
        Smallest and largest of them [rad].
    reach : ndarray (2, n_coordinates)
        Smallest and largest that the simulation says of frames of the training whose angle nobody measured [rad].
    overshoot : ndarray (n_coordinates,)
        How far held-out simulations were at most outside the angles that were learnt beside them [rad].
    powers : tuple of float
        By which the members' spread, the velocity, the novelty of the EMG and the time tell the size.
    label_factor : float
        On the standard deviation, which few labels do not tell for sure (see `factor_of_labels`).
    """

    range: np.ndarray
    velocity: np.ndarray
    duration: float
    emg: np.ndarray
    unit: np.ndarray
    distance: float = 1.0
    box: np.ndarray = np.array([[0.0], [np.inf]])
    outside: float = 0.0
    scale: np.ndarray = np.zeros(1)
    angles: np.ndarray = np.array([[-np.inf], [np.inf]])
    reach: np.ndarray = np.array([[-np.inf], [np.inf]])
    overshoot: np.ndarray = np.zeros(1)
    powers: tuple = EARLIER_POWERS
    label_factor: float = 1.0

    @classmethod
    def learnt(cls, recording, parts, simulated=(), identified=None):
        """From a training and its parts (as of `folds.usable_folds`).

        `simulated` are the angles (n_frames, n_coordinates) [rad] of the equation that has not seen a part, of each,
        `identified` those of the one that has seen all (None: there is none).
        """
        trials, angle, labelled = recording.trials, recording.angle, recording.labelled
        root = _root(recording.emg)
        unit = np.maximum(root[labelled].std(axis=0), 1e-6)
        apart = [_distances(root[labelled & ~hidden] / unit, root[test] / unit) for test, hidden in parts]
        distance = max(float(np.concatenate(apart).mean()), 1e-6) if apart else 1.0
        known = root[labelled] / unit
        out = [_outside(_box(root[labelled & ~hidden] / unit), root[test] / unit).max() for test, hidden in parts]
        extent = np.ptp(np.nanpercentile(angle, [3.0, 97.0], axis=0), axis=0)
        duration = float((trials.time[trials.starts[1:] - 1] - trials.time[trials.starts[:-1]]).sum())
        usual = np.maximum(np.sqrt(np.nanmean(np.square(velocity_of(angle, trials)), axis=0)), 1e-6)
        kept = known[:: -(-len(known) // MOST_FRAMES)]
        box = np.where(np.ptp(known, axis=0) > 0, _box(known), [[0.0], [np.inf]])  # a dead channel taught nothing
        ends = _ends(angle)
        over = [
            np.nanmax(_overshot(_ends(angle[labelled & ~hidden]), one[test]), axis=0, initial=0.0)
            for (test, hidden), one in zip(parts, simulated, strict=False)
        ]
        overshoot = np.max(over, axis=0, initial=0.0) if over else np.zeros(angle.shape[1])
        reach = _ends(ends if identified is None else np.concatenate([ends, identified[~labelled]]))
        extrapolation = box, float(max(out, default=0.0)), np.nanstd(angle, axis=0), ends, reach, overshoot
        label_factor = factor_of_labels(labelled.sum() / trials.sampling_rate)
        return cls(
            np.maximum(extent, 1e-6), usual, duration, kept, unit, distance, *extrapolation, POWERS, label_factor
        )

    def relative(self, spread, velocity, since=0.0, novelty=1.0):
        """Standard deviation relative to the usual one, which few labels do not tell for sure.

        Parameters
        ----------
        spread : ndarray (n_frames, n_coordinates)
            Variance between the members [rad^2].
        velocity : ndarray (n_frames, n_coordinates)
            Of the predicted angle [rad/s].
        since : float or ndarray (n_frames, 1)
            Time since the trial began [s].
        novelty : float or ndarray (n_frames, 1)
            Distance of the trial's EMG from the training's, relative to the usual one.

        Returns
        -------
        ndarray (n_frames, n_coordinates)
        """
        by_spread, by_velocity, by_novelty, by_duration = self.powers
        of_spread = 0.5 + 0.5 * spread / np.square(USUAL_SPREAD * self.range)
        of_velocity = 0.5 + 0.5 * np.square(velocity / self.velocity)
        lasting = (1.0 + since / self.duration) ** by_duration
        by_frame = of_spread ** (0.5 * by_spread) * of_velocity ** (0.5 * by_velocity)
        return self.label_factor * by_frame * lasting * novelty**by_novelty

    def of_trials(self, angle, spread, recording):
        """`relative` along new trials of which `angle` (n_frames, n_coordinates) [rad] is predicted."""
        trials = recording.trials
        since = trials.time - trials.time[trials.starts[:-1]][trials.trial_of_frame]
        novelty = np.ones((len(angle), 1))
        for rows in trials.slices:
            novelty[rows] = _distances(self.emg, _root(recording.emg[rows]) / self.unit).mean() / self.distance
        novelty = np.clip(novelty, 1.0 / LARGEST_NOVELTY, LARGEST_NOVELTY)
        return self.relative(spread, velocity_of(angle, trials), since[:, None], novelty)

    def away(self, emg):
        """Distance (n_frames,) of EMG (n_frames, n_channels) from the box of all that was learnt from; 0 inside."""
        return _outside(self.box, _root(emg) / self.unit)

    def of_unlearnt(self, emg, simulated=None):
        """Errors of learners beyond what they have learnt, whom the angle may leave where they stay.

        Parameters
        ----------
        emg : ndarray (n_frames, n_channels)
            Further outside of all that was learnt than any that was held out: the angle may go on with it as it went in
            training.
        simulated : ndarray (n_frames, n_coordinates), optional
            Angles of the equation [rad], further outside of all that were learnt than any that was held out: as far as
            it went in the training where nobody measured, learners can know nothing of it.

        Returns
        -------
        ndarray (n_frames, n_coordinates)
            [rad]
        """
        excess = np.square(self.away(emg)) - self.outside**2
        error = np.sqrt(np.maximum(excess, 0.0))[:, None] * self.scale
        if simulated is not None:
            beyond = np.square(_overshot(self.angles, np.clip(simulated, *self.reach))) - np.square(self.overshoot)
            error = np.maximum(error, np.sqrt(np.maximum(np.nan_to_num(beyond), 0.0)))
        return np.minimum(error, FURTHEST)


class Beyond(NamedTuple):
    """Whom to believe where inputs lie beyond the training's (each (n_coordinates,) of a trial, or (n_frames,
    n_coordinates)).

    Attributes
    ----------
    share : ndarray
        Of the simulation in the prediction, the learners having the rest.
    of_learners, of_simulation : ndarray
        Expected square errors [rad^2].
    """

    share: np.ndarray
    of_learners: np.ndarray
    of_simulation: np.ndarray

    @classmethod
    def weighed(cls, held_out, noise_std, scale, apart, moved, *, unlearnt=0.0, unseen=True, simulation_weight=1.0):
        """By the evidence of held-out frames and of one trial.

        On knees trained in one posture and tested in the other (sitting and standing, both ways, six men) the weighed
        mean errs 0.84 times as much as the learners and never more than they do on any trial; those of an elbow that is
        loaded for the first time err 0.66 times as much.

        Parameters
        ----------
        held_out : HeldOutErrors
        noise_std, scale : ndarray (n_coordinates,)
            What the identified simulation left of the training's angles, and their standard deviation [rad].
        apart, moved : ndarray (n_coordinates,)
            Mean squares over the trial of what the simulation at the nearest known inputs differs from the learners,
            and from that at the inputs as they are [rad^2].
        unlearnt : float or ndarray (n_frames, n_coordinates)
            Square errors of learners beyond what they have learnt (see `ErrorSize.of_unlearnt`) [rad^2].
        unseen : bool or ndarray of bool (n_frames, 1)
            Whether external inputs are beyond the training's. Where they are not, the learners, who see the simulated
            state, know all that it can tell but of `unlearnt`.
        simulation_weight : float or ndarray (n_frames, 1)
            Part of its share that a simulation keeps which may have lost its way (see
            `HeldOutErrors.simulation_weight`).

        Returns
        -------
        Beyond
        """
        spread = np.square(scale)
        lost = ~np.isfinite(apart + moved)  # the simulation has failed: it says nothing of anything
        apart, moved = np.where(lost, 0.0, apart), np.where(lost, spread, moved)
        unlike = np.maximum(apart - held_out.disagreement**2, 0.0)  # more than on held-out frames: either may be wrong
        of_learners = (np.square(held_out.error_std) + unlike + np.minimum(moved, spread)) * unseen + unlearnt
        known = np.maximum(np.maximum(np.square(noise_std), held_out.rmse.get(np.inf, 0.0) ** 2), apart)
        # A simulation that explains a part of the angles' variance explains as much of what an input changes.
        unexplained = (known + UNTOLD * TELLING**2) / (spread + TELLING**2)
        of_simulation = known + unexplained * (moved + unlearnt)
        # Where learners stay, a simulation that goes some of the way is nearer whatever it leaves: only what it leaves
        # beyond what is usual counts against it.
        against = known + unexplained * moved + np.maximum(unexplained - UNTOLD, 0.0) * unlearnt
        share = simulation_weight * of_learners / np.maximum(of_learners + against, 1e-12)
        return cls(np.where(lost, 0.0, share), of_learners, of_simulation)

    def mixed(self, learnt, simulated):
        """Angle and expected square error (n_frames, n_coordinates) where these two angles [rad] are predicted."""
        share, away = self.share, np.where(self.share > 0, simulated - learnt, 0.0)
        of_both = share * self.of_simulation + (1.0 - share) * self.of_learners
        return learnt + share * away, of_both + share * (1.0 - share) * np.square(away)


def within(recording, known):
    """The recording with external inputs at the nearest that the training had, and where they were elsewhere.

    Parameters
    ----------
    recording : Recording
    known : dict of tuple (float, float)
        Range of each input in training.

    Returns
    -------
    recording : Recording
    beyond : ndarray of bool (n_frames,)
    """
    beyond, external = np.zeros(recording.n_frames, bool), dict(recording.external)
    for name, (low, high) in known.items():
        if name not in external:
            continue
        column, margin = external[name], UNKNOWN_MARGIN * (high - low)
        beyond |= (column < low - margin) | (column > high + margin)
        external[name] = np.clip(column, low, high)
    return (replace(recording, external=external), beyond) if beyond.any() else (recording, beyond)


def velocity_of(angle, trials):
    """Differences (n_frames, n_coordinates) [rad/s] of angles, across unknown ones; NaN where an angle is unknown."""
    out = np.where(np.isfinite(angle), 0.0, np.nan)
    for rows in trials.slices:
        for values, found in zip(angle[rows].T, out[rows].T, strict=True):
            known = np.isfinite(values)
            if known.sum() > 1:
                found[known] = np.gradient(values[known], trials.time[rows][known])
    return out


def factor_of_labels(seconds):
    """By how much a band is wider whose size labels of so many seconds tell: Student's t, with a degree of freedom for
    each `PIECE` (the errors' mean is known to be 0), over the normal distribution.
    """
    level = 0.95  # of a band of 90 %
    return float(t.ppf(level, max(seconds / PIECE, 1.0)) / norm.ppf(level))


def _root(emg):
    return np.sqrt(np.abs(emg))


def _box(emg):
    return np.stack([emg.min(axis=0), emg.max(axis=0)])


def _ends(angle):
    return np.stack([np.nanmin(angle, axis=0), np.nanmax(angle, axis=0)])


def _overshot(ends, angle):
    """How far angles (n_frames, n_coordinates) are outside of the ends; 0 inside."""
    return np.maximum(np.maximum(ends[0] - angle, angle - ends[1]), 0.0)


def _outside(box, new):
    """Distance (n_new,) of EMG from a box; 0 inside."""
    return np.sqrt(np.square(np.maximum(np.maximum(box[0] - new, new - box[1]), 0.0)).sum(axis=1))


def _distances(known, new):
    """Distance (n_new,) to the nearest known frames."""
    near, _ = cKDTree(known).query(new, k=min(NEIGHBOURS, len(known)))
    return near if near.ndim == 1 else near[:, -1]
