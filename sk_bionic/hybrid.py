"""How far the physics is trusted: chosen on parts of the training data that neither physics nor network has seen."""

from typing import NamedTuple

import numpy as np
from sklearn.preprocessing import StandardScaler

from .criterion import Physics
from .dynamics.errors import SimulationError
from .dynamics.fuse import fuse
from .dynamics.identify import identify
from .network import train

# Weights of the mean squared residual against the mean squared standardised angle error; 0 is the network alone,
# infinity the simulation.
CANDIDATES = (0.0, *np.logspace(-2, 3, 6), np.inf)
TRAINING_WEIGHT = 0.1  # of the residual while the network is trained, where the weight is still to be chosen
N_FOLDS = 3


class Trust(NamedTuple):
    """Chosen weight of the residual, and what the choice was made from."""

    ode_weight: float
    network_std: np.ndarray  # (n_coordinates,) out-of-fold error of the network [rad]
    fused_std: np.ndarray  # the same of the fused prediction
    rmse: dict  # out-of-fold RMSE [rad] by candidate


def folds(trials, gap):
    """Masks of frames to predict and of frames whose angles must be hidden for it.

    Whole trials where there are enough of them, else contiguous blocks of each; hidden are also the frames up to
    `gap` seconds beside a block.

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
    length = (end - start) / N_FOLDS
    for k in range(N_FOLDS):
        low, high = start + k * length, start + (k + 1) * length
        yield (
            (trials.time >= low) & (trials.time <= high),
            (trials.time >= low - gap) & (trials.time <= high + gap),
        )


def training_state(motion, identification, angle):
    """Simulated state (n_frames, 2, n_coordinates) of the training trials.

    From the identified initial states, or from rest where a trial has no angle.
    """
    labelled = np.isfinite(angle).any(axis=1)
    unlabelled = np.array([not labelled[rows].any() for rows in motion.trials.slices])
    if not unlabelled.any():
        return identification.trajectory.state
    parameters = motion.model.parameters.as_dict()
    drive = motion.drive(parameters)
    initial_state = identification.initial_state.copy()
    initial_state[unlabelled] = motion.rest_state(drive, parameters)[motion.first].numpy()[unlabelled]
    return motion.solve(parameters, initial_state, identification.trajectory.state, drive).state


def with_simulation(features, motion, state):
    """Features (n_frames, ...) with the simulated angles, velocities and activations beside them."""
    parameters = motion.model.parameters.as_dict()
    activation = motion.model.activation(motion.dynamics.solve(parameters), parameters)
    return np.column_stack([features, state.flatten(1).numpy(), activation.numpy()])


def predict_fused(model, motion, network_angle, ode_weight, scale):
    """Angle as a goniometer reads it (n_frames, n_coordinates) [rad] and the state behind it.

    `scale` (n_coordinates,) is the angle's standard deviation [rad] in training: the unit of the network's error in
    the criterion, whose weight `ode_weight` this fusion shares.
    """
    offset = model.parameters.as_dict()["goniometer_offset"].numpy()
    result = fuse(motion, network_angle - offset, scale, 1.0 / np.sqrt(ode_weight))
    return result.state[:, 0].numpy() + offset, result


def choose_ode_weight(motion, features, angle, weight, settings, force_weight, gap):
    """Weight of the residual with the smallest out-of-fold error of the fused prediction.

    Physics and network are fitted anew for each fold, with the fold's angles hidden; the identification starts from
    the values found on all of them.

    Parameters
    ----------
    motion : Motion
        The identified model on the training trials.
    features : ndarray (n_frames, n_features)
        EMG history and external inputs, not standardised.
    angle, weight, settings, force_weight
        As in `sk_bionic.network.train`.
    gap : float
        Seconds beside a test block that are hidden too.

    Returns
    -------
    Trust
    """
    errors = {candidate: [] for candidate in CANDIDATES}
    labelled = np.isfinite(angle).any(axis=1)
    for test, hidden in folds(motion.trials, gap):
        test = test & labelled
        visible = np.where(hidden[:, None], np.nan, angle)
        if not test.any() or np.isfinite(visible).any(axis=1).sum() < 10:
            continue
        try:
            predictions = _fold_predictions(motion, features, visible, weight, settings, force_weight)
        except SimulationError:
            continue  # this fold's physics cannot be simulated: it says nothing about the weight
        for candidate, predicted in predictions.items():
            errors[candidate].append((predicted - angle)[test])
    return _choose(errors, angle)


def _fold_predictions(motion, features, visible, weight, settings, force_weight):
    """Predictions (n_frames, n_coordinates) by candidate, from physics and network that know the visible angles only."""
    identification = identify(motion, visible, weight)
    model = identification.model
    motion = motion.with_model(model)
    state = training_state(motion, identification, visible)
    seen = StandardScaler().fit_transform(with_simulation(features, motion, state), sample_weight=weight)
    physics = Physics(motion, trainable=False)
    network = train(
        seen, visible, weight, settings, physics=physics, ode_weight=TRAINING_WEIGHT, force_weight=force_weight
    )
    predicted, _ = network.predict(seen)
    simulated = state[:, 0].numpy() + model.parameters.as_dict()["goniometer_offset"].numpy()
    fused = lambda weight: predict_fused(model, motion, predicted, weight, network.scale)[0]  # noqa: E731
    return {0.0: predicted, np.inf: simulated, **{candidate: fused(candidate) for candidate in CANDIDATES[1:-1]}}


def _choose(errors, angle):
    if not errors[0.0]:
        spread = np.nanstd(angle, axis=0)
        return Trust(1.0, spread, spread, {})
    stacked = {candidate: np.concatenate(parts) for candidate, parts in errors.items()}
    rmse = {candidate: float(np.sqrt(np.nanmean(part**2))) for candidate, part in stacked.items()}
    best = min(rmse, key=rmse.get)
    std = {candidate: np.sqrt(np.nanmean(stacked[candidate] ** 2, axis=0)) for candidate in (0.0, best)}
    return Trust(float(best), std[0.0], std[best], rmse)
