"""Learners and identified physics together: what is fitted, and how far each is trusted.

Everything that weighs one against the other is chosen on parts of the training data that neither has seen.
"""

from typing import NamedTuple

import numpy as np

from .criterion import Physics
from .dynamics.errors import SimulationError
from .dynamics.fuse import fuse
from .dynamics.soften import ANGLE_STD, TORQUE_STD, soften
from .ensemble import Learners, Version, combine, inverse_error_weights, train_learners
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
CORRECTING, LEADING = 0.99, 0.9
TRAINING_WEIGHT = 0.1  # of the residual while the networks are trained, where the weight is still to be chosen
LARGEST_TRAINING_WEIGHT = 1e3  # beyond it the residual hides the angles, and the fusion does the same better
TRAINING_RATE, FEWEST_KEPT = 34.0, 50  # Hz, frames of a trial: limbs move slowly, neighbouring frames say the same
# Where the identified simulation follows the training angles more closely, the physics is allowed smaller errors [rad].
LARGE_ERROR = np.deg2rad(4.0)
N_FOLDS, BLOCKS_PER_FOLD = 3, 3
BLOCK_GAP = 0.5  # s beside a held-out block that are hidden too, besides the networks' history
LARGEST_HIDDEN = 0.5  # part of a short trial that a block and its gaps may hide
FEWEST_LABELS = 10  # frames with an angle that a fold needs to learn from
MEASURED_STD = np.deg2rad(0.5)  # of the measured angle, where the torque that it leaves unexplained is asked for [rad]


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
    rmse : dict
        Held-out RMSE [rad] by candidate weight.
    """

    ode_weight: float
    cutoff: float
    error_std: np.ndarray
    spread: np.ndarray
    rmse: dict


class Hybrid(NamedTuple):
    """Fitted learners, the physics that they are fused with, and the trust between them."""

    learners: Learners
    physics: MusculoskeletalModel | None
    trust: Trust
    n_folds: int


def folds(trials, gap):
    """Masks of frames to predict and of frames whose angles must be hidden for it.

    Whole trials where there are enough of them, else contiguous blocks of each, in turn for the first, second and
    third fold: a fold shall not lose a whole posture where there is one repetition only. Hidden are also the frames up
    to `gap` seconds beside a block, or less in trials so short that the gaps would hide more than half.

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
    start, end = trials.time[trials.starts[:-1]][trial], trials.time[trials.starts[1:] - 1][trial]
    duration = end - start
    gap = np.minimum(gap, (LARGEST_HIDDEN - 1 / N_FOLDS) / (2 * BLOCKS_PER_FOLD) * duration)
    position = np.clip((trials.time - start) / duration, 0.0, 1.0 - 1e-9) * N_FOLDS * BLOCKS_PER_FOLD
    block = position.astype(int)
    for k in range(N_FOLDS):
        test = block % N_FOLDS == k
        within = (position - k) % N_FOLDS  # blocks since the last one of this fold began
        margin = gap / duration * N_FOLDS * BLOCKS_PER_FOLD
        after = (within < 1.0 + margin) & (position >= k)
        before = (within > N_FOLDS - margin) & (position < N_FOLDS * (BLOCKS_PER_FOLD - 1) + k)
        yield test, test | after | before


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
    noise_std : float
        What the identified simulation leaves of the training angles [rad].

    Returns
    -------
    Hybrid
    """
    labelled, complete = np.isfinite(data.angle).any(axis=1), np.isfinite(data.angle).all(axis=1)
    frames = training_frames(motion.trials, labelled)
    few = motion.take(frames)
    parts = _usable_folds(motion.trials, complete, gap)
    hidden = [np.zeros(len(labelled), bool), *(hidden for _, hidden in parts)]
    generic = few.with_model(data.motion.model)
    size = min(1.0, noise_std / LARGE_ERROR)
    models = _physics(generic, data.angle[frames], data.weight[frames], [mask[frames] for mask in hidden], ensemble, size)
    states = [np.zeros((len(labelled), 0)) if m is None else simulated_state(motion.with_model(m)) for m in models]
    weights = [np.where(labelled & ~mask, data.weight, 0.0) for mask in hidden]
    versions = [Version(*pair) for pair in zip(states, weights, strict=True)]

    training_weight = TRAINING_WEIGHT if ode_weight == "auto" else ode_weight
    physics = Physics(few.with_model(models[0] or motion.model), trainable=False)
    validation = None if data.validation_weight is None else data.validation_weight[frames]
    learners = train_learners(
        data.features, versions, data.angle, frames, settings, ensemble, layout, physics=physics,
        ode_weight=min(training_weight, LARGEST_TRAINING_WEIGHT), force_weight=force_weight,
        validation_weight=validation, start=start,
    )  # fmt: skip
    held_out = _HeldOut(motion, data, parts, learners, models, states)
    trust = held_out.choose(ode_weight, cutoff)
    learners[0].weights = held_out.weights
    return Hybrid(learners[0], models[0], trust, len(parts))


def _usable_folds(trials, labelled, gap):
    return [
        (test & labelled, hidden)
        for test, hidden in folds(trials, gap)
        if (test & labelled).any() and (labelled & ~hidden).sum() >= FEWEST_LABELS
    ]


def _physics(motion, angle, weight, hidden, ensemble, size):
    """Model with softened physics for every version of the data, None without physics.

    `size` is that of the errors which the physics is allowed, relative to the usual ones.
    """
    if not ensemble.physics:
        return [None] * len(hidden)
    models, start, state = [], motion.model, None
    for mask in hidden:
        visible = np.where(mask[:, None], np.nan, angle)
        try:
            softened = soften(motion.with_model(start), visible, weight, size * ANGLE_STD, size * TORQUE_STD, state)
        except SimulationError:
            models.append(start)
            continue
        models.append(softened.model)
        if state is None:
            start, state = softened.model, softened.state  # folds differ little from the whole
    return models


def _believed(rmse):
    """The weight to use, from held-out RMSE by candidate: the learners alone unless physics has proved better."""
    if 0.0 not in rmse:
        return min(rmse, key=rmse.get)  # the user's own weight
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
            one.predict_members(data.features, state)[0] for one, state in zip(learners[1:], states[1:], strict=True)
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
            return Trust(ode_weight, np.inf if cutoff == "auto" else cutoff, np.sqrt(spread), spread, {})
        spread = np.nanmean(self._stitched([spread for _, spread in self.combined]), axis=0)
        candidates = self._candidates(spread) if ode_weight == "auto" else [ode_weight]
        predictions = {weight: self._predictions(weight, spread) for weight in candidates}
        errors = {weight: self._errors(by_fold) for weight, by_fold in predictions.items()}
        rmse = {weight: float(np.sqrt(np.mean(error**2))) for weight, error in errors.items()}
        best = _believed(rmse)
        if cutoff == "auto":
            smoothed = {cutoff: self._errors(self._smoothed(predictions[best], cutoff)) for cutoff in CUTOFFS}
            cutoff = min(CUTOFFS, key=lambda cutoff: np.mean(smoothed[cutoff] ** 2))
        error = self._errors(self._smoothed(predictions[best], cutoff))
        return Trust(float(best), float(cutoff), np.sqrt(np.mean(error**2, axis=0)), spread, rmse)

    def _smoothed(self, by_fold, cutoff):
        return [smooth(values, self.motion.trials, cutoff) for values in by_fold]

    def _candidates(self, spread):
        """Weights to try, the honest one among them."""
        if self.models[0] is None:
            return [0.0]
        network = np.mean((self._errors([angle for angle, _ in self.combined]) / self.scale) ** 2)
        torque = self._torque_error()
        honest = 0.0 if torque is None else float(network / max(torque, 1e-12))
        return sorted({0.0, *(part * honest for part in PARTS_OF_HONEST_WEIGHT), *STRONG_WEIGHTS})

    def _torque_error(self):
        """Mean squared residual along the measured motion, by the physics that has not seen it [torque scale^2]."""
        left, squares = self.motion.grid.left, []
        for (test, _), model in zip(self.parts, self.models[1:], strict=True):
            motion = self.motion.with_model(model)
            parameters = model.parameters.as_dict()
            drive = motion.drive(parameters)
            joint = self.data.angle - parameters["goniometer_offset"].numpy()
            measured = fuse(motion, joint, MEASURED_STD, 1.0, drive, parameters).state
            at = motion.evaluate(measured, drive, parameters, motion_only=True)
            residual = motion.scaled(at.residual.numpy())[: motion.n_gauss].reshape(len(left), -1)
            squares.append(residual[test[left] & test[left + 1]] ** 2)
        squares = np.concatenate(squares)
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
                out.append(predict_fused(self.motion.with_model(model), angle, ode_weight, self.scale, std)[0])
        return out

