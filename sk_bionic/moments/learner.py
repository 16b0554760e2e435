"""Trees beside the muscles, on EMG and posture, weighed against the model by errors on frames held out."""

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor

from ..identification.from_torques import identify_torques
from ..learning.folds import N_FOLDS, folds
from ..trials import lagged

# As of the trees that `benchmarks/moments.py` compares with; not searched for.
LAGS = np.array([0.0, 0.05, 0.1, 0.15, 0.2])  # s
N_TREES, MIN_LEAF, TREE_FEATURES = 200, 2, 0.5
# Muscles alone; trees alone; and muscles with trees on what they leave. Chosen on the walking child, leave one stride
# out, scores in view (hip / knee / ankle, N m): 11.5 / 13.1 / 6.9, 5.7 / 4.9 / 3.1 and 5.9 / 6.2 / 2.9, the mean of
# the last two 5.3 / 4.8 / 2.5.
MEMBERS = ("muscles", "trees", "muscles and trees")
SMALLEST = 1e-6  # N m


@dataclass
class MomentLearner:
    """Forests of the moments and the weights of the members of their mean.

    Parameters
    ----------
    forests, of_rest : list of ExtraTreesRegressor or None
        One a coordinate, on what `features` makes: of the moments, and of what the muscles leave of them; None where
        no moment was measured.
    weights : ndarray (n_coordinates, 3)
        Of `MEMBERS`.
    error_std : ndarray (n_coordinates,)
        Root mean square error of the mean on frames held out [N m].
    spread : ndarray (n_coordinates,)
        Root mean square of the members' standard deviation on those frames [N m].
    """

    forests: list
    of_rest: list
    weights: np.ndarray
    error_std: np.ndarray
    spread: np.ndarray

    def combined(self, moments, at):
        """Combined moments and their standard deviations, each (n_frames, n_coordinates) [N m].

        Half of the variance is that on held-out frames, half goes with the variance of the members about their mean.

        Parameters
        ----------
        moments : ndarray (n_frames, n_coordinates)
            Of the muscles, at the motion's frames.
        at : Measured

        Returns
        -------
        combined, std : ndarray (n_frames, n_coordinates)
        """
        inputs = features(at)
        members = np.stack(
            [moments, predicted(self.forests, inputs), moments + predicted(self.of_rest, inputs)], axis=2
        )
        members = np.where(np.isnan(members), moments[:, :, None], members)
        apart = members.std(axis=2) / np.maximum(self.spread, SMALLEST)
        return np.einsum("tdm,dm->td", members, self.weights), self.error_std * np.sqrt(0.5 + 0.5 * apart**2)


def features(at):
    """What the forests see (n_motion_frames, n_features): EMG with its history, and the posture.

    Postures are the angles where they are known, else the lengths of the muscles.
    """
    motion = at.motion
    posture = motion.units.length[at.first] if at.angle is None else at.angle
    if motion.is_static:
        return np.column_stack([at.emg, posture]).repeat(2, axis=0)
    return np.column_stack([lagged(at.emg, motion.trials, LAGS), posture])


def grow(inputs, moments, weight, random_state):
    """A forest for each coordinate, on frames with a known moment; None where there are none.

    Parameters
    ----------
    inputs : ndarray (n_frames, n_features)
    moments : ndarray (n_frames, n_coordinates)
        [N m], NaN where unknown.
    weight : ndarray (n_frames,)
    random_state : int

    Returns
    -------
    list of ExtraTreesRegressor or None
    """
    forests = []
    for column in moments.T:
        rows = np.isfinite(column) & (weight > 0)
        forest = ExtraTreesRegressor(
            N_TREES, min_samples_leaf=MIN_LEAF, max_features=TREE_FEATURES, random_state=random_state
        )
        forests.append(forest.fit(inputs[rows], column[rows], weight[rows]) if rows.any() else None)
    return forests


def predicted(forests, inputs):
    """Moments (n_frames, n_coordinates) of forests, NaN where there is none."""
    nothing = np.full(len(inputs), np.nan)
    return np.stack([nothing if forest is None else forest.predict(inputs) for forest in forests], axis=1)


def learn(at, motion, moments, weight, seed):
    """Train the forests, and weigh them against the muscles on frames held out from both.

    Parameters
    ----------
    at : Measured
    motion : MeasuredMotion
        With the identified model, on all frames: where the folds' searches start.
    moments : ndarray (n_frames, n_coordinates)
        Measured ones [N m] at the motion's frames, NaN where unknown.
    weight : ndarray (n_frames,)
    seed : int

    Returns
    -------
    MomentLearner
    """
    inputs, held_out = features(at), np.full((*moments.shape, len(MEMBERS)), np.nan)
    masks = [(test, np.where(hidden, 0.0, weight)) for test, hidden in _folds(motion, moments)]
    learnable = lambda shown: (np.isfinite(moments) & (shown[:, None] > 0)).any()
    masks = [(test, shown) for test, shown in masks if test.any() and learnable(shown)]
    for test, shown in masks:
        held_out[test, :, 0] = identify_torques(motion, moments, shown).torque[test]
    rest = moments - held_out[:, :, 0]
    for test, shown in masks:
        held_out[test, :, 1] = predicted(grow(inputs, moments, shown, seed), inputs[test])
        held_out[test, :, 2] = held_out[test, :, 0] + predicted(grow(inputs, rest, shown, seed), inputs[test])
    forests = [grow(inputs, values, weight, seed) for values in (moments, rest)]
    return MomentLearner(*forests, *_weighed(held_out, moments, weight))


def _folds(motion, moments):
    """Masks of frames to predict and of frames to hide, as `folds` has them; postures in turn."""
    if not motion.is_static:
        yield from folds(motion.trials, LAGS[-1], known=np.isfinite(moments).any(axis=1))
        return
    turn = motion.trials.trial_of_frame % N_FOLDS
    for k in range(N_FOLDS):
        yield turn == k, turn == k


def _weighed(held_out, moments, weight):
    """Weights, errors of the mean and spread of the members; muscles alone where nothing could be held out."""
    from ..learning.ensemble import stacked_weights  # with networks, which are imported when they are needed

    n = moments.shape[1]
    weights, error_std, spread = np.tile([1.0, 0.0, 0.0], (n, 1)), np.full(n, np.nan), np.full(n, np.nan)
    for d in range(n):
        rows = np.isfinite(held_out[:, d]).all(axis=1) & np.isfinite(moments[:, d]) & (weight > 0)
        if rows.any():
            error = (held_out[rows, d] - moments[rows, d, None]) * np.sqrt(weight[rows] / weight[rows].mean())[:, None]
            weights[d] = list(stacked_weights(dict(zip(MEMBERS, error.T, strict=True))).values())
            error_std[d] = np.sqrt(np.mean((error @ weights[d]) ** 2))
            spread[d] = np.sqrt(np.mean(error.var(axis=1)))
    return weights, error_std, spread
