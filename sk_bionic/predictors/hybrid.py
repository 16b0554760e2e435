"""Learners and identified physics together: the fit of one beside the other."""

from typing import NamedTuple

import numpy as np

from ..dynamics.errors import SimulationError
from ..identification.soften import ANGLE_STD, TORQUE_STD, soften
from ..learning.ensemble import Learners, Version, train_learners
from ..learning.folds import recency, training_frames, usable_folds
from ..learning.loss import Physics
from ..musculoskeletal import MusculoskeletalModel
from .held_out import TRAINING_WEIGHT, HeldOut, Trust

LARGEST_TRAINING_WEIGHT = 1e3  # beyond it the residual hides the angles, and the fusion does the same better
# Where the identified simulation follows the training angles more closely, the physics is allowed smaller errors [rad].
LARGE_ERROR = np.deg2rad(4.0)
BLOCK_GAP = 0.5  # s beside a held-out block that are hidden too, besides the networks' history
FOLD_ITERATIONS = 6  # of the softened physics of a fold, which starts from that of all angles
UNKNOWN_MARGIN = 0.05  # of the training's range of a load or posture, beyond which the learners have not seen it


class Hybrid(NamedTuple):
    """Fitted learners, the physics that they are fused with, and the trust between them."""

    learners: Learners
    physics: MusculoskeletalModel | None
    trust: Trust
    known_inputs: dict

    def unknown(self, motion):
        """Frames whose load, posture or external torque lies outside what the learners have seen, ndarray of bool."""
        out = np.zeros(motion.trials.n_frames, bool)
        for name, (low, high) in self.known_inputs.items():
            column = motion.frame_exogenous[name][:, 0].numpy()
            margin = UNKNOWN_MARGIN * (high - low)
            out |= (column < low - margin) | (column > high + margin)
        return out


def simulated_state(motion):
    """Angles [rad], velocities [rad/s] and activations along the simulation from rest, (n_frames, n_state).

    Angles as the goniometer reads them; NaN everywhere where a simulation fails.
    """
    parameters = motion.model.parameters.as_dict()
    try:
        state = motion.solve(parameters).state
    except SimulationError:
        return np.full((motion.trials.n_frames, 2 * motion.model.n_coordinates + motion.model.n_muscles), np.nan)
    activation = motion.activations(parameters)
    angle = state[:, 0] + parameters["goniometer_offset"]
    return np.column_stack([angle.numpy(), state[:, 1].numpy(), activation])


def fit_learners(
    motion,
    data,
    settings,
    ensemble,
    layout,
    ode_weight,
    force_weight,
    cutoff,
    gap,
    start,
    noise_std,
    trial_gain,
    as_fitted,
):
    """Physics that allows for its own errors, learners beside it, and their trust.

    Parameters
    ----------
    motion : EquationOfMotion
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
    trial_gain : ndarray (n_trials, n_muscles) or None
        Identified EMG gains of the trials.
    as_fitted : callable
        Makes what a fit would leave behind of a Hybrid, for callbacks that score the epochs.

    Returns
    -------
    Hybrid
        After an interrupt of the training or later, of what there is then.

    Raises
    ------
    KeyboardInterrupt
        When the interrupt comes before the end of the first epoch, or the fit is one of many.
    """
    labelled, complete = np.isfinite(data.angle).any(axis=1), np.isfinite(data.angle).all(axis=1)
    frames = training_frames(motion.trials, labelled)
    few = motion.take(frames)
    if trial_gain is not None:
        few = few.with_trial_gains(trial_gain)
    parts = usable_folds(motion.trials, complete, gap, data.angle)
    hidden = [np.zeros(len(labelled), bool), *(hidden for _, hidden in parts)]
    generic = few.with_model(data.motion.model)
    # Nothing is left of an angle that nobody measured, which is no praise.
    size = np.minimum(1.0, np.where(noise_std > 0, noise_std / LARGE_ERROR, 1.0))
    with settings.progress.stage("identify out of fold", len(hidden)):
        models = _physics(
            generic, data.angle[frames], data.weight[frames], [mask[frames] for mask in hidden], ensemble, size,
            settings.progress,
        )  # fmt: skip
    states = [np.zeros((len(labelled), 0)) if m is None else simulated_state(motion.with_model(m)) for m in models]
    weights = [np.where(labelled & ~mask, data.weight * recency(motion.trials), 0.0) for mask in hidden]
    versions = [Version(*pair) for pair in zip(states, weights, strict=True)]

    training_weight = ode_weight
    if ode_weight == "auto":
        training_weight = TRAINING_WEIGHT if _explains(states[1:], parts, data.angle) else 0.0
    physics = Physics(few.with_model(models[0]), trainable=False) if ensemble.physics else None
    validation = None if data.validation_weight is None else data.validation_weight[frames]
    learners = train_learners(
        data.features, versions, data.angle, frames, settings, ensemble, layout, physics=physics,
        ode_weight=min(training_weight, LARGEST_TRAINING_WEIGHT), force_weight=force_weight,
        validation_weight=validation, start=start,
        as_fitted=lambda one: as_fitted(Hybrid(one, models[0], _untested(data.angle), {})),
    )  # fmt: skip
    with settings.progress.stage("choose weights", 0):
        held_out, trust = _tested(motion, data, parts, learners, models, states, ode_weight, cutoff, settings.progress)
    learners[0].weights = held_out.weights
    columns = {
        name: column[:, 0].numpy() for name, column in motion.frame_exogenous.items()
    }  # of angles not their rates
    known = {name: (column.min(), column.max()) for name, column in columns.items()}
    return Hybrid(learners[0], models[0], trust, known)


def _explains(states, parts, angle):
    """Whether simulations out of fold come closer to the angles held out from them than the angles' mean does.

    An equation identified from a few scattered labels may not, and would teach the networks what is wrong.
    """
    if not parts:
        return True
    measured = np.concatenate([angle[test] for test, _ in parts])
    simulated = np.concatenate([state[test, : angle.shape[1]] for (test, _), state in zip(parts, states, strict=True)])
    return bool((np.mean((simulated - measured) ** 2, axis=0) < measured.var(axis=0)).all())


def _untested(angle):
    """Trust in learners that nobody has tested yet: no physics, no filter, and the spread of the angles as error."""
    spread = np.nanvar(angle, axis=0)
    return Trust(0.0, np.inf, np.sqrt(spread), spread, np.inf, {})


def _tested(motion, data, parts, learners, models, states, ode_weight, cutoff, progress):
    """Held-out predictions and the trust that they justify; after an interrupt, without any."""
    try:
        held_out = HeldOut(motion, data, parts, learners, models, states)
        return held_out, held_out.choose(ode_weight, cutoff)
    except KeyboardInterrupt:
        progress.keep(
            "the weights were not chosen on held-out data: all learners weigh the same, and their error is not known"
        )
        held_out = HeldOut(motion, data, [], learners, models, states)
        return held_out, held_out.choose(ode_weight, cutoff)


def _physics(motion, angle, weight, hidden, ensemble, size, progress):
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
        finally:
            progress.step()
        models.append(softened.model)
        if not options:  # folds differ little from the whole
            motion, options = motion.with_model(softened.model), {"start": softened.state, "max_iter": FOLD_ITERATIONS}
    return models
