"""How far physics and learners are trusted: chosen on parts of the training data that neither has seen."""

from typing import NamedTuple

import numpy as np

from ..dynamics.fuse import fuse
from ..exceptions import SimulationError
from ..identification.with_model_error import simulated_state
from ..learning.ensemble import combine, mean_without_state, stacked_weights, with_fewer_trees
from ..learning.folds import N_FOLDS, n_repetitions
from ..trials.filters import CUTOFFS, smooth
from .error_size import ErrorSize, velocity_of

# Weights of the mean squared residual against the mean squared standardised angle error to choose from: 0 is the
# learners alone, infinity the simulation. Between them lie parts of the weight that the held-out errors of learners
# and torque ask for, as if each frame's errors were independent (they are not, and the torque's last longer).
# A prototype's fusion with the weight that is asked for erred 0.91 (last 30 % of a record) and 0.88 (one repetition to
# the rest) times as much as its network alone on 40 records of 20 men's knees, as did the best fixed weight; those 40
# were in view.
PARTS_OF_HONEST_WEIGHT = (0.1, 0.3)
STRONG_WEIGHTS = (1.0, 10.0, 100.0, 1000.0, np.inf)
# From which on the physics leads, and tells the session in a calibration: where learners told it, three simulated
# elbows at the weight 10 went from 1.3 to 2.3 deg before to 10 to 16 deg after, now to 1.2 to 2.4 deg.
LEADING_WEIGHT = STRONG_WEIGHTS[0]
LARGEST_FUSION_WEIGHT = 1000.0  # where learners correct a simulation that is to predict alone
# Held-out RMSE relative to the learners' below which the physics is believed, where it only corrects them and where it
# leads: a few repetitions cannot tell smaller gains from luck.
CORRECTING, LEADING = 0.99, 0.75
# Where the physics leads and its simulation errs by no more than this times as much as the best, it needs no
# learners.
ALONE = 1.05
TRAINING_WEIGHT = 0.03  # of the residual while the networks are trained, where the weight is still to be chosen
MEASURED_STD = np.deg2rad(0.5)  # of the measured angle, where the torque that it leaves unexplained is asked for [rad]
# Standard deviations are sized so that bands of this share hold as many held-out frames (split conformal prediction:
# Lei, G'Sell, Rinaldo, Tibshirani and Wasserman 2018, J. American Statistical Association 113, 1094-1111).
BAND, STDS_OF_BAND = 0.9, 1.6449
# Held-out errors of one recording tell next to nothing of the size of those that follow, relative to the range of the
# angle (correlation 0.0 to 0.1 over 12 men's knees, after 70 % of a record and after one repetition): a block between
# blocks that are learnt from is another thing than what comes later. So learners' are drawn to what 90 % bands of those
# men ask for (see `error_size.POWERS`; a limb that moves twice as far errs less than twice as much); errors that are
# smaller by much more than `UNUSUAL` on a log scale are of another kind (simulated), and stand; of larger ones (few
# labels) `OF_LARGER` of the logarithm is left. The level was 10.4 deg before few labels widened bands
# (`error_size.factor_of_labels`): with 10.1 test parts of the same men, by which it was chosen, held 92.6 % of the
# frames after 70 % of a record as before, and 93.3 (92.3) % after one repetition; since networks train longer, 93.3 %
# of both.
USUAL_BAND, USUAL_RANGE, OF_RANGE = np.deg2rad(10.1), np.deg2rad(80.0), 0.6  # [rad], [rad], power
UNUSUAL, OF_LARGER = 1.2, 0.5
# What is held out of a short recording is further from what is learnt than what comes later: its errors are larger and
# slower, and ask for more smoothing. Low cut-offs are raised by a third of the way [octaves] to this frequency [Hz],
# and the prediction is not smoothed once more. On the twelve men's knees (six, the other six; seed 0) the error is 1.00
# and 0.98 times as large after 70 % of a record, 0.95 and 0.99 times after one repetition; frequencies of 1 to 1.6 Hz
# and ways of a quarter to a half give the same within 0.01.
USUAL_CUTOFF, TO_USUAL = 1.25, 1.0 / 3.0
UNTESTED = 4.0  # times the mean square that a low-pass takes where it was tested, beyond which it counts as an error
# Distance of simulation and learners that says nothing against either, where nothing was held out [rad].
ANYWHERE = np.pi
ENOUGH_KNOWN = 0.1  # part of a trial's frames, from which on these alone tell whether its simulation is lost
TOLERATED_DISAGREEMENT = 2.0  # mean square distance of simulation and learners, relative to that on held-out frames


class HeldOutErrors(NamedTuple):
    """How far physics and members are trusted, and the held-out errors behind it.

    Attributes
    ----------
    ode_weight : float
        Weight of the equation in the fusion.
    cutoff : float
        Cut-off frequency of the low-pass on the predicted angle [Hz]; infinity: none.
    error_std : ndarray (n_coordinates,)
        Held-out error of the prediction [rad].
    spread : ndarray (n_coordinates,)
        Mean variance between the members on held-out frames [rad^2].
    disagreement : float
        Root mean square distance of the simulated angle from what the learners of EMG alone say, on held-out frames
        [rad]; infinity without physics.
    rmse : dict
        Held-out RMSE [rad] by candidate weight.
    size : ErrorSize or None
        How large errors are from frame to frame where the physics does not lead, and beyond what was learnt; None where
        nothing was held out.
    """

    ode_weight: float
    cutoff: float
    error_std: np.ndarray
    spread: np.ndarray
    disagreement: float
    rmse: dict
    size: ErrorSize | None = None

    def variance(self, angle, spread, recording):
        """Expected square errors (n_frames, n_coordinates) [rad^2] of learners that predict `angle` [rad], where their
        variance about it is `spread` [rad^2].
        """
        if self.size_by_frame is None:
            usual = self.error_std * relative_std(spread, self.spread)
        else:
            usual = floored(self.error_std * self.size.of_trials(angle, spread, recording))
        return usual**2 + self.unlearnt(recording.emg)

    @property
    def size_by_frame(self):
        """`size` where learners lead, else None."""
        return None if self.ode_weight >= LEADING_WEIGHT else self.size

    def unlearnt(self, emg, simulated=None):
        """Square errors (n_frames, n_coordinates) [rad^2] of learners, as `ErrorSize.of_unlearnt` has them."""
        return np.zeros((len(emg), 1)) if self.size is None else np.square(self.size.of_unlearnt(emg, simulated))

    def simulation_weight(self, simulated, without_state, trials, known=None):
        """How far the simulation of each trial is believed, (n_frames, 1) between 0 and 1.

        It may have left for another posture for good (a start in the middle of a movement, an artefact): then it is
        much further from what the learners of EMG alone say than it was on held-out training frames. Where there
        are enough, only frames `known` (n_frames,) of bool to the learners tell of it.
        """
        out, distance = np.ones((len(simulated), 1)), np.square(simulated - without_state)
        known = np.ones(len(simulated), bool) if known is None else known
        for rows in trials.slices:
            telling = known[rows] if known[rows].mean() >= ENOUGH_KNOWN else slice(None)
            ratio = np.mean(distance[rows][telling]) / self.disagreement**2
            out[rows] = min(1.0, TOLERATED_DISAGREEMENT / ratio) ** 2 if np.isfinite(ratio) and ratio > 0 else 0.0
        return out


def untested(angle):
    """Those of learners that nobody has tested yet: no physics, no filter, and the spread of the angles as error."""
    spread = np.nanvar(angle, axis=0)
    return HeldOutErrors(0.0, np.inf, np.sqrt(spread), spread, np.inf, {})


def raised(cutoff):
    """Cut-off [Hz] of a member's low-pass, from the one that held-out frames ask for."""
    return cutoff if cutoff >= USUAL_CUTOFF else cutoff ** (1.0 - TO_USUAL) * USUAL_CUTOFF**TO_USUAL


def floored(error_std):
    """Errors (n_coordinates,) [rad] that no goniometer is better than: an angle that never moved leaves none."""
    return np.maximum(error_std, MEASURED_STD)


def predict_fused(motion, predicted, ode_weight, scale, relative_std=1.0):
    """Angle as a goniometer reads it (n_frames, n_coordinates) [rad] and the state behind it.

    `scale` (n_coordinates,) is the angle's standard deviation [rad] in training: the unit of the learners' error in
    the criterion, whose weight `ode_weight` this fusion shares. `relative_std` (n_frames, n_coordinates) says where
    the prediction is better or worse than usual.
    """
    offset = motion.model.parameters.as_dict()["goniometer_offset"]
    result = fuse(motion, predicted - offset, scale * relative_std, 1.0 / np.sqrt(ode_weight))
    return result.state[:, 0] + offset, result


def relative_std(spread, typical):
    """Standard deviation of a prediction relative to its usual one, from the variance between the members.

    Half of the variance goes with the members' disagreement, half is always there.
    """
    return np.sqrt(0.5 + 0.5 * spread / np.maximum(typical, 1e-12))


def _best_weight(rmse, repeated=True):
    """The weight to use, from held-out RMSE by candidate: the learners alone unless physics has proved better.

    Held out of less than three repetitions, a block is a posture that the learners have never seen, and the physics has
    an easy win: then it may correct them a little, not lead.
    """
    if 0.0 not in rmse:
        return min(rmse, key=rmse.get)  # the user's own weight
    if not repeated:
        rmse = dict(sorted(rmse.items())[:2])
    limit = {weight: (LEADING if weight in STRONG_WEIGHTS else CORRECTING) * rmse[0.0] for weight in rmse}
    proved = [weight for weight in rmse if weight and rmse[weight] < limit[weight]]
    best = min(proved, key=rmse.get, default=0.0)
    alone = best in STRONG_WEIGHTS and np.inf in proved and rmse[np.inf] < ALONE * rmse[best]
    return np.inf if alone else best


class CrossValidation:
    """Held-out predictions of the members and of their fusion with the physics."""

    def __init__(self, motion, data, parts, learners, models, states, smoothed=True):
        self.motion, self.data, self.parts = motion, data, parts
        self.learners, self.models, self.states = learners, models, states
        self.scale = learners[0].networks.scale
        self.by_fold = [
            one.predict_members(data.features, state) for one, state in zip(learners[1:], states[1:], strict=True)
        ]
        self.weights, self.cutoffs = dict(learners[0].weights), {}
        members = self.by_fold
        if parts:
            names = list(members[0])
            if smoothed:
                self.cutoffs = {name: raised(self._cutoff([fold[name] for fold in members])) for name in names}
                members = [{n: smooth(fold[n], motion.trials, self.cutoffs[n]) for n in names} for fold in members]
            errors = {n: self._errors([fold[n] for fold in members]) for n in names}
            self.weights = stacked_weights(errors, self.weights)
        labelled = np.isfinite(data.angle).all(axis=1)
        step = 1.0 / motion.trials.sampling_rate
        self.weights = with_fewer_trees(self.weights, learners[0].forests, labelled, step)
        self.combined = [combine(fold, self.weights) for fold in members]

    def _stitched(self, by_fold):
        """Held-out values (n_frames, n_coordinates): every frame from the fold that has not seen it, else NaN."""
        out = np.full(self.data.angle.shape, np.nan)
        for (test, _), values in zip(self.parts, by_fold, strict=True):
            out[test] = values[test]
        return out

    def _errors(self, by_fold):
        error = self._stitched(by_fold) - self.data.angle
        return error[np.isfinite(error).all(axis=1)]

    def choose(self, ode_weight, cutoff):
        """Those of the weight with the smallest error; what the user has given stays."""
        if not self.parts:
            spread = np.nanvar(self.data.angle, axis=0)
            if ode_weight == "auto":  # nobody has tested the learners: the physics, which has a prior, leads
                ode_weight = 0.0 if self.models[0] is None else np.inf
            cutoff = np.inf if cutoff == "auto" else cutoff
            return HeldOutErrors(ode_weight, cutoff, floored(np.sqrt(spread)), spread, ANYWHERE, {})
        spread = np.nanmean(self._stitched([spread for _, spread in self.combined]), axis=0)
        candidates = self._candidates() if ode_weight == "auto" else [ode_weight]
        predictions = {weight: self._predictions(weight, spread) for weight in candidates}
        errors = {weight: self._errors(by_fold) for weight, by_fold in predictions.items()}
        rmse = {weight: float(np.sqrt(np.mean(error**2))) for weight, error in errors.items()}
        best = _best_weight(rmse, self._n_independent >= N_FOLDS)
        if cutoff == "auto":  # members that are smooth by themselves are not smoothed again
            cutoff = self._cutoff(predictions[best]) if best in STRONG_WEIGHTS else np.inf
        predicted = self._smoothed(predictions[best], cutoff)
        d, simulated, identified = self.data.angle.shape[1], [], None
        if self.models[0] is not None:
            simulated, identified = [state[:, :d] for state in self.states[1:]], simulated_state(self.motion)[:, :d]
        size = ErrorSize.learnt(self.data.recording, self.parts, simulated, identified)
        error_std = self._error_std(predicted, spread, None if best in STRONG_WEIGHTS else size)
        # Who asks for the simulation gets it, whatever learners say.
        disagreement = ANYWHERE if ode_weight == np.inf else self._disagreement()
        return HeldOutErrors(float(best), float(cutoff), error_std, spread, disagreement, rmse, size)

    def _error_std(self, by_fold, spread, size):
        """Usual standard deviation (n_coordinates,) [rad] of held-out predictions whose members differ by `spread`."""
        own = self._stitched([own for _, own in self.combined])
        if size is None:
            relative = relative_std(own, spread)
        else:
            velocity = self._stitched([velocity_of(angle, self.motion.trials) for angle in by_fold])
            relative = size.relative(own, velocity) / size.label_factor
        error = np.abs(self._stitched(by_fold) - self.data.angle) / relative
        std = floored(np.nanquantile(error, BAND, axis=0) / STDS_OF_BAND)
        if size is None:
            return std
        usual = USUAL_BAND * (size.range / USUAL_RANGE) ** OF_RANGE
        away = np.log(floored(usual / STDS_OF_BAND) / std)
        # Larger ones, of few labels mostly, are those of postures that a fold has lost and the whole training has not.
        return std * np.exp(np.where(away > 0, away * np.exp(-((away / UNUSUAL) ** 2)), (1.0 - OF_LARGER) * away))

    def _disagreement(self):
        if self.models[0] is None:
            return np.inf
        d = self.data.angle.shape[1]
        distance = self._stitched(
            [s[:, :d] - mean_without_state(m) for s, m in zip(self.states[1:], self.by_fold, strict=True)]
        )
        return float(np.sqrt(np.nanmean(distance**2))) if np.isfinite(distance).any() else np.inf

    def _cutoff(self, by_fold):
        """Cut-off frequency [Hz] of the low-pass that leaves the smallest held-out error.

        What it takes from frames without an angle beyond `UNTESTED` times (mean squares) what it takes from those with
        one, nobody has tested, and counts as an error: a limb at rest bears any low-pass.
        """

        def error(cutoff):
            smoothed = self._smoothed(by_fold, cutoff)
            taken = np.mean([np.square(a - b).mean(axis=1) for a, b in zip(smoothed, by_fold, strict=True)], axis=0)
            known = np.isfinite(self.data.angle).all(axis=1)
            untested = taken[~known].sum() - UNTESTED * taken[known].mean() * (~known).sum()
            return np.mean(self._errors(smoothed) ** 2) + max(untested, 0.0) / len(known)

        return min(CUTOFFS, key=error)

    def _smoothed(self, by_fold, cutoff):
        side_by_side = smooth(np.concatenate(by_fold, axis=1), self.motion.trials, cutoff)
        return np.split(side_by_side, len(by_fold), axis=1)

    def _candidates(self):
        """Weights to try, the honest one among them."""
        if self.models[0] is None:
            return [0.0]
        network = np.mean((self._errors([angle for angle, _ in self.combined]) / self.scale) ** 2)
        torque = self._torque_error()
        honest = 0.0 if torque is None else float(network / max(torque, 1e-12))
        parts = [part * honest for part in PARTS_OF_HONEST_WEIGHT]
        return sorted({0.0, *parts, *STRONG_WEIGHTS})

    @property
    def _n_independent(self):
        """Movements that tell of one another: repetitions, or trials where there are more."""
        trials = self.motion.trials
        return max(1, trials.n_trials, n_repetitions(self.data.angle, trials))

    def _torque_error(self):
        """Mean squared residual along the measured motion, by the physics that has not seen it [torque scale^2]."""
        inside = np.append(self.motion.trials.trial_of_frame[1:] == self.motion.trials.trial_of_frame[:-1], False)
        squares = []
        for (test, _), model in zip(self.parts, self.models[1:], strict=True):
            joint = self.data.angle - model.parameters.as_dict()["goniometer_offset"]
            try:
                measured = fuse(self.motion.with_model(model), joint, MEASURED_STD, 1.0)
            except SimulationError:
                continue
            seen = inside & test & np.roll(test, -1)
            squares.append(measured.residual[seen, :, : model.n_coordinates].reshape(-1) ** 2)
        squares = np.concatenate(squares) if squares else np.empty(0)
        return float(squares.mean()) if squares.size else None

    def _predictions(self, ode_weight, spread):
        """Predictions (n_frames, n_coordinates) by fold."""
        out = []
        for (angle, own_spread), model, state in zip(self.combined, self.models[1:], self.states[1:], strict=True):
            if ode_weight == 0 or model is None or not np.isfinite(state).all():
                out.append(angle)
            elif np.isinf(ode_weight):
                out.append(state[:, : angle.shape[1]])
            else:
                std = relative_std(own_spread, spread)
                try:
                    out.append(predict_fused(self.motion.with_model(model), angle, ode_weight, self.scale, std)[0])
                except SimulationError:
                    out.append(angle)
        return out
