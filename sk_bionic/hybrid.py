"""Learners and identified physics together: what is fitted, and how far each is trusted.

Everything that weighs one against the other is chosen on parts of the training data that neither has seen.
"""

from typing import NamedTuple

import numpy as np

from .criterion import Physics
from .dynamics.errors import SimulationError
from .dynamics.fuse import fuse
from .dynamics.soften import ANGLE_STD, TORQUE_STD, soften
from .ensemble import Learners, Version, blind, combine, inverse_error_weights, train_learners
from .musculoskeletal import MusculoskeletalModel
from .smoothing import CUTOFFS, smooth
from .trials import thinned

# Weights of the mean squared residual against the mean squared standardised angle error to choose from: 0 is the
# learners alone, infinity the simulation. Between them lie parts of the weight that the held-out errors of learners
# and torque ask for, as if each frame's errors were independent (they are not, and the torque's last longer).
PARTS_OF_HONEST_WEIGHT = (0.1, 0.3)
STRONG_WEIGHTS = (1.0, 10.0, 100.0, 1000.0, np.inf)
# Held-out RMSE relative to the learners' below which the physics is believed, where it only corrects them and where it
# leads: a few repetitions cannot tell smaller gains from luck.
CORRECTING, LEADING = 0.99, 0.75
TRAINING_WEIGHT = 0.1  # of the residual while the networks are trained, where the weight is still to be chosen
LARGEST_TRAINING_WEIGHT = 1e3  # beyond it the residual hides the angles, and the fusion does the same better
TRAINING_RATE, FEWEST_KEPT = 34.0, 50  # Hz, frames of a trial: limbs move slowly, neighbouring frames say the same
# Where the identified simulation follows the training angles more closely, the physics is allowed smaller errors [rad].
LARGE_ERROR = np.deg2rad(4.0)
N_FOLDS, BLOCKS_PER_FOLD = 3, 3
BLOCK_GAP = 0.5  # s beside a held-out block that are hidden too, besides the networks' history
LARGEST_HIDDEN = 0.5  # part of a short trial that a block and its gaps may hide
FOLD_ITERATIONS = 6  # of the softened physics of a fold, which starts from that of all angles
FEWEST_LABELS = 10  # frames with an angle that a fold needs to learn from
MEASURED_STD = np.deg2rad(0.5)  # of the measured angle, where the torque that it leaves unexplained is asked for [rad]


TOLERATED_DISAGREEMENT = 2.0  # mean square distance of simulation and learners, relative to that on held-out frames
SMALLEST_BELIEF = 0.1  # relative standard deviation of the learners where the simulation is not believed at all
BELIEF_OF_SIMULATION = 0.05  # of a trial, below which the learners correct even a simulation that is to predict alone
# Under a load or posture outside the training's range (by more than this part of it) the learners' standard deviation
# counts so much more, and the physics corrects them at least with this weight.
UNKNOWN_MARGIN, UNKNOWN_STD, UNKNOWN_WEIGHT = 0.05, 5.0, 10.0


class Trust(NamedTuple):
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
    """

    ode_weight: float
    cutoff: float
    error_std: np.ndarray
    spread: np.ndarray
    disagreement: float
    rmse: dict

    def belief(self, simulated, blind, trials):
        """How far the simulation of each trial is believed, (n_frames, 1) between 0 and 1.

        It may have left for another posture for good (a start in the middle of a movement, an artefact): then it is
        much further from what the learners of EMG alone say than it was on held-out training frames.
        """
        out = np.ones((len(simulated), 1))
        for rows in trials.slices:
            ratio = np.mean((simulated[rows] - blind[rows]) ** 2) / self.disagreement**2
            out[rows] = min(1.0, TOLERATED_DISAGREEMENT / ratio) ** 2 if np.isfinite(ratio) and ratio > 0 else 0.0
        return out


class Hybrid(NamedTuple):
    """Fitted learners, the physics that they are fused with, and the trust between them."""

    learners: Learners
    physics: MusculoskeletalModel | None
    trust: Trust
    n_folds: int
    known_inputs: dict

    def unknown(self, motion):
        """Frames whose load, posture or external torque lies outside what the learners have seen, ndarray of bool."""
        out = np.zeros(motion.trials.n_frames, bool)
        for name, (low, high) in self.known_inputs.items():
            column = motion.frame_exogenous[name][:, 0].numpy()
            margin = UNKNOWN_MARGIN * (high - low)
            out |= (column < low - margin) | (column > high + margin)
        return out


def folds(trials, gap, angle=None):
    """Masks of frames to predict and of frames whose angles must be hidden for it.

    Whole trials where there are enough of them, else contiguous blocks of each: a third, if every third has a movement
    of its own; or else shorter blocks in turn for the first, second and third fold, so that none loses a whole posture.
    Hidden are also the frames up to `gap` seconds beside a block, or less in trials so short that the gaps would hide
    more than half.

    Parameters
    ----------
    trials : Trials
    gap : float
        [s].
    angle : ndarray (n_frames, n_coordinates), optional
        Measured angles, which tell the repetitions. Default: every third has a movement of its own.

    Yields
    ------
    test, hidden : ndarray of bool (n_frames,)
    """
    trial = trials.trial_of_frame
    if trials.n_trials >= N_FOLDS:
        for k in range(N_FOLDS):
            test = trial % N_FOLDS == k
            yield test, test
        return
    turns = 1 if angle is None or n_repetitions(angle, trials) >= N_FOLDS else BLOCKS_PER_FOLD
    start, end = trials.time[trials.starts[:-1]][trial], trials.time[trials.starts[1:] - 1][trial]
    duration = end - start
    gap = np.minimum(gap, (LARGEST_HIDDEN - 1 / N_FOLDS) / (2 * turns) * duration)
    n_blocks = N_FOLDS * turns
    position = np.clip((trials.time - start) / duration, 0.0, 1.0 - 1e-9) * n_blocks  # in blocks
    margin = gap / duration * n_blocks
    for k in range(N_FOLDS):
        since = (position - k) % N_FOLDS  # blocks since one of this fold began
        after = (since < 1.0 + margin) & (position >= k)
        before = (since > N_FOLDS - margin) & (position < n_blocks - N_FOLDS + k)
        test = position.astype(int) % N_FOLDS == k
        yield test, test | after | before


def n_repetitions(angle, trials):
    """Movements there and back over all trials, by the widest ranging coordinate, which crosses its middle third."""
    low, high = np.nanpercentile(angle, [3.0, 97.0], axis=0)
    widest = int(np.nanargmax(high - low))
    known = np.isfinite(angle[:, widest])
    scaled = (angle[:, widest] - low[widest]) / max(high[widest] - low[widest], 1e-12)
    crossings = 0
    for rows in trials.slices:
        side = np.where(scaled[rows] > 2 / 3, 1, np.where(scaled[rows] < 1 / 3, -1, 0))
        side = side[known[rows] & (side != 0)]
        crossings += int((np.diff(side) != 0).sum())
    return crossings // 2


def training_frames(trials, labelled):
    """Rows that are learnt from: thinned to about 30 Hz, with every labelled frame where labels are scarce."""
    step = int(min(max(1, round(trials.sampling_rate / TRAINING_RATE)), max(1, trials.lengths.min() // FEWEST_KEPT)))
    frames = thinned(trials, step)
    scarce = labelled.sum() < len(frames)
    return np.union1d(frames, np.flatnonzero(labelled)) if scarce else frames


def simulated_state(motion):
    """Angles [rad], velocities [rad/s] and activations along the simulation from rest, (n_frames, n_state).

    Angles as the goniometer reads them; NaN everywhere where a simulation fails.
    """
    parameters = motion.model.parameters.as_dict()
    try:
        state = motion.solve(parameters).state
    except SimulationError:
        return np.full((motion.trials.n_frames, 2 * motion.model.n_coordinates + motion.model.n_muscles), np.nan)
    activation = motion.model.activation(motion.dynamics.solve(parameters), parameters)
    angle = state[:, 0] + parameters["goniometer_offset"]
    return np.column_stack([angle.numpy(), state[:, 1].numpy(), activation.numpy()])


def predict_fused(motion, predicted, ode_weight, scale, relative_std=1.0):
    """Angle as a goniometer reads it (n_frames, n_coordinates) [rad] and the state behind it.

    `scale` (n_coordinates,) is the angle's standard deviation [rad] in training: the unit of the learners' error in
    the criterion, whose weight `ode_weight` this fusion shares. `relative_std` (n_frames, n_coordinates) says where
    the prediction is better or worse than usual.
    """
    offset = motion.model.parameters.as_dict()["goniometer_offset"].numpy()
    result = fuse(motion, predicted - offset, scale * relative_std, 1.0 / np.sqrt(ode_weight))
    return result.state[:, 0].numpy() + offset, result


def relative_std(spread, typical):
    """Standard deviation of a prediction relative to its usual one, from the variance between the members.

    Half of the variance goes with the members' disagreement, half is always there.
    """
    return np.sqrt(0.5 + 0.5 * spread / np.maximum(typical, 1e-12))


def fit_learners(motion, data, settings, ensemble, layout, ode_weight, force_weight, cutoff, gap, start, noise_std):
    """Physics that allows for its own errors, learners beside it, and their trust.

    Parameters
    ----------
    motion : Motion
        The identified model on the training trials.
    data : TrainingData
    settings : TrainingSettings
    ensemble : EnsembleSettings
    layout : FeatureLayout
    ode_weight : float or "auto"
    force_weight : float
    cutoff : float or "auto"
    gap : float
        Seconds beside a held-out block that are hidden too.
    start : HistoryNetwork or None
    noise_std : float or ndarray (n_coordinates,)
        What the identified simulation leaves of the training angles [rad].

    Returns
    -------
    Hybrid
    """
    labelled, complete = np.isfinite(data.angle).any(axis=1), np.isfinite(data.angle).all(axis=1)
    frames = training_frames(motion.trials, labelled)
    few = motion.take(frames)
    parts = _usable_folds(motion.trials, complete, gap, data.angle)
    hidden = [np.zeros(len(labelled), bool), *(hidden for _, hidden in parts)]
    generic = few.with_model(data.motion.model)
    # Nothing is left of an angle that nobody measured, which is no praise.
    size = np.minimum(1.0, np.where(noise_std > 0, noise_std / LARGE_ERROR, 1.0))
    models = _physics(generic, data.angle[frames], data.weight[frames], [mask[frames] for mask in hidden], ensemble, size)
    states = [np.zeros((len(labelled), 0)) if m is None else simulated_state(motion.with_model(m)) for m in models]
    weights = [np.where(labelled & ~mask, data.weight, 0.0) for mask in hidden]
    versions = [Version(*pair) for pair in zip(states, weights, strict=True)]

    training_weight = TRAINING_WEIGHT if ode_weight == "auto" else ode_weight
    physics = Physics(few.with_model(models[0]), trainable=False) if ensemble.physics else None
    validation = None if data.validation_weight is None else data.validation_weight[frames]
    learners = train_learners(
        data.features, versions, data.angle, frames, settings, ensemble, layout, physics=physics,
        ode_weight=min(training_weight, LARGEST_TRAINING_WEIGHT), force_weight=force_weight,
        validation_weight=validation, start=start,
    )  # fmt: skip
    held_out = _HeldOut(motion, data, parts, learners, models, states)
    trust = held_out.choose(ode_weight, cutoff)
    learners[0].weights = held_out.weights
    columns = {name: column[:, 0].numpy() for name, column in motion.frame_exogenous.items()}  # of angles not their rates
    known = {name: (column.min(), column.max()) for name, column in columns.items()}
    return Hybrid(learners[0], models[0], trust, len(parts), known)


def _usable_folds(trials, labelled, gap, angle):
    return [
        (test & labelled, hidden)
        for test, hidden in folds(trials, gap, angle)
        if (test & labelled).any() and (labelled & ~hidden).sum() >= FEWEST_LABELS
    ]


def _physics(motion, angle, weight, hidden, ensemble, size):
    """Model with softened physics for every version of the data, None without physics.

    `size` (n_coordinates,) is that of the errors which the physics is allowed, relative to the usual ones.
    """
    if not ensemble.physics:
        return [None] * len(hidden)
    errors = {"angle_std": size * ANGLE_STD, "torque_std": size * TORQUE_STD}
    models, options = [], {}
    for mask in hidden:
        visible = np.where(mask[:, None], np.nan, angle)
        try:
            softened = soften(motion, visible, weight, **errors, **options)
        except SimulationError:
            models.append(motion.model)
            continue
        models.append(softened.model)
        if not options:  # folds differ little from the whole
            motion, options = motion.with_model(softened.model), {"start": softened.state, "max_iter": FOLD_ITERATIONS}
    return models


def _believed(rmse, repeated=True):
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
    return min(proved, key=rmse.get, default=0.0)


class _HeldOut:
    """Held-out predictions of the members and of their fusion with the physics."""

    def __init__(self, motion, data, parts, learners, models, states):
        self.motion, self.data, self.parts = motion, data, parts
        self.learners, self.models, self.states = learners, models, states
        self.scale = learners[0].networks.scale
        self.by_fold = [
            one.predict_members(data.features, state) for one, state in zip(learners[1:], states[1:], strict=True)
        ]
        self.weights = dict(learners[0].weights)
        if parts:
            names = self.by_fold[0]
            self.weights = inverse_error_weights({n: self._errors([fold[n] for fold in self.by_fold]) for n in names})
        self.combined = [combine(members, self.weights) for members in self.by_fold]

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
        """Trust with the smallest held-out error; what the user has given stays."""
        if not self.parts:
            spread = np.nanvar(self.data.angle, axis=0)
            ode_weight = TRAINING_WEIGHT if ode_weight == "auto" else ode_weight
            return Trust(ode_weight, np.inf if cutoff == "auto" else cutoff, np.sqrt(spread), spread, np.inf, {})
        spread = np.nanmean(self._stitched([spread for _, spread in self.combined]), axis=0)
        candidates = self._candidates(spread) if ode_weight == "auto" else [ode_weight]
        predictions = {weight: self._predictions(weight, spread) for weight in candidates}
        errors = {weight: self._errors(by_fold) for weight, by_fold in predictions.items()}
        rmse = {weight: float(np.sqrt(np.mean(error**2))) for weight, error in errors.items()}
        best = _believed(rmse, self._n_independent >= N_FOLDS)
        if cutoff == "auto":
            smoothed = {cutoff: self._errors(self._smoothed(predictions[best], cutoff)) for cutoff in CUTOFFS}
            cutoff = min(CUTOFFS, key=lambda cutoff: np.mean(smoothed[cutoff] ** 2))
        error = self._errors(self._smoothed(predictions[best], cutoff))
        # Errors differ from repetition to repetition, and a mean over n of them misses one more by that much.
        error_std = np.sqrt(np.mean(error**2, axis=0) * (1.0 + 1.0 / self._n_independent))
        return Trust(float(best), float(cutoff), error_std, spread, self._disagreement(), rmse)

    def _disagreement(self):
        if self.models[0] is None:
            return np.inf
        d = self.data.angle.shape[1]
        distance = self._stitched([s[:, :d] - blind(m) for s, m in zip(self.states[1:], self.by_fold, strict=True)])
        return float(np.sqrt(np.nanmean(distance**2)))

    def _smoothed(self, by_fold, cutoff):
        return [smooth(values, self.motion.trials, cutoff) for values in by_fold]

    def _candidates(self, spread):
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
        left, squares = self.motion.grid.left, []
        for (test, _), model in zip(self.parts, self.models[1:], strict=True):
            motion = self.motion.with_model(model)
            parameters = model.parameters.as_dict()
            drive = motion.drive(parameters)
            joint = self.data.angle - parameters["goniometer_offset"].numpy()
            try:
                measured = fuse(motion, joint, MEASURED_STD, 1.0, drive, parameters).all_states
            except SimulationError:
                continue
            at = motion.evaluate(measured, drive, parameters, motion_only=True)
            residual = motion.scaled(at.residual.numpy())[: motion.n_gauss, : model.n_coordinates].reshape(len(left), -1)
            squares.append(residual[test[left] & test[left + 1]] ** 2)
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
