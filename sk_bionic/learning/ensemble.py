"""Unlike learners of the angle: networks that see different parts of the inputs, a forest, and their combination."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import nnls
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.preprocessing import StandardScaler

from .._inputs import fitted_scaler
from ..trials.filters import smooth
from .features import OF_STATE, sequence_lags
from .own_module import Columns
from .training import TrainedNetwork

# As the baseline "extra_trees", which has twice as many trees, and fewer where they only tell the held-out error: with
# 200 and 60 the errors of twelve men's knees (recorded_emg.py, seed 0) are 0.999 (0.996 to 1.002) times as large after
# 70 % of a record and 1.000 (0.996 to 1.003) after one repetition.
N_TREES, MIN_LEAF, TREE_FEATURES = 100, 2, 0.5
FEWER_TREES = 30
# Angles are few where the time with them is short beside that without, which counts up to so much [s]. Trees repeat the
# angles that they were told while networks go on between them, and weigh less then; noise that keeps a network from
# trusting the details of a whole recording blurs a few labelled pieces, and goes down to this part: on 12 knees with 5
# and 10 % of the labels networks with half the noise err 0.95 and 0.96 times as much.
FEW_BESIDE, LEAST_NOISE = 10.0, 0.5
# How much noise keeps a network from trusting details differs from record to record, and the held-out parts of one
# are too few to choose it: networks of a kind are given unlike amounts of it, in units of `input_noise`, and
# averaged.
NOISE_LEVELS = (1.0, 0.4, 1.6)
# Networks learn from every second frame, then from those between (figures at `max_epochs` of `TrainingSettings`).
TURNS = 2
NETWORKS_OF_FOLD = 2  # of a kind, that only tell the held-out error
# Held-out errors of few repetitions are uncertain themselves: the stacked weights are drawn to equal ones as if each
# member had an error of its own besides, of this many times the smallest mean squared error. Seen on the test parts
# of 19 records of seven men (recorded_emg.py): weights drawn less had 2 % more error after one repetition, as much
# after 70 % of a record.
SHRINKAGE = 2.0
FEWEST_FOR_MEDIAN = 3  # members that tell who of them is far from the others
SUM_TO_ONE = 1e3  # weight of the equation that weights sum to 1, beside errors of size 1


class Combined(NamedTuple):
    """Combined prediction: angle [rad] and variance between the members [rad^2], each (n_frames, n_coordinates)."""

    angle: np.ndarray
    spread: np.ndarray


class FoldData(NamedTuple):
    """One view of the training data: all angles, or those of a fold hidden.

    `state` (n_frames, n_state) is the simulated state of the physics that knows the visible angles only, NaN where
    there is none; `weight` (n_frames,) is 0 where an angle is hidden or unknown, `emg_weight` (n_frames,) only where
    one is hidden: EMG without angles tells as well what is usual.
    """

    state: np.ndarray
    weight: np.ndarray
    emg_weight: np.ndarray


@dataclass
class Learners:
    """The members trained on one version of the data, with the scaling of their inputs."""

    networks: TrainedNetwork
    member_of_network: np.ndarray  # name of each network's member, "" where it belongs to another version
    source: int
    scaler: StandardScaler
    constant: np.ndarray  # inputs that were constant in training
    limits: tuple  # of the standardised state in training
    forests: dict  # by member: columns that it sees, and the forest
    weights: dict = field(default_factory=dict)
    cutoffs: dict = field(default_factory=dict)  # of each member's own low-pass [Hz]

    def standardised(self, features, state):
        """Inputs of the networks, the state within what training has seen and at its mean where there is none."""
        scaled = self.scaler.transform(np.column_stack([features, state]))
        scaled[:, self.constant] = 0.0  # nothing was learnt about what never changed
        n = state.shape[1]
        if n:
            scaled[:, -n:] = np.nan_to_num(np.clip(scaled[:, -n:], *self.limits), nan=0.0)
        return scaled

    def predict_members(self, features, state, with_forests=True):
        """Angles (n_frames, n_coordinates) [rad] by member."""
        inputs = self.standardised(features, state)
        angle = self.networks.predict_version(inputs, self.source)
        members = self.member_of_network[self.member_of_network != ""]
        out = {name: angle[members == name].mean(axis=0) for name in dict.fromkeys(members)}
        for name, (columns, forest) in self.forests.items() if with_forests else ():
            out[name] = forest.predict(inputs[:, columns]).reshape(len(inputs), -1)
        return out

    def alone(self):
        """The same without the networks of other versions, which only served to be held out."""
        own = self.member_of_network[self.member_of_network != ""]
        return replace(self, networks=self.networks.of_version(self.source), member_of_network=own, source=0)

    def predict_from_emg(self, features):
        """Mean angle (n_frames, n_coordinates) [rad] of the networks that do not see the state."""
        n_state = self.scaler.n_features_in_ - features.shape[1]
        unknown = np.full((len(features), n_state), np.nan)
        return mean_without_state(self.predict_members(features, unknown, with_forests=False))

    def usual_cutoff(self, cutoff):
        """Cut-off [Hz] of one low-pass that stands for the members' own, weighted alike, and a last one at `cutoff`."""
        own = [(self.cutoffs[name], weight) for name, weight in self.weights.items() if name in self.cutoffs]
        if not own:
            return cutoff
        frequency, weight = (np.array(column) for column in zip(*sorted(own), strict=True))
        median = frequency[np.searchsorted(np.cumsum(weight), 0.5 * weight.sum())]
        return min(cutoff, float(median))

    def combined(self, members, trials=None, simulation_weight=1.0):
        """Combined prediction of the members' angles (see `predict_members`), each smoothed as it needs along its
        `trials` (None: as it is, for frames that come one by one) and weighed by how near the others it is in each;
        those that see the simulated state weigh `simulation_weight` (n_frames, 1) times as much as usual.
        """
        if trials is None:
            return Combined(*combine(members, self.weights, simulation_weight))
        members = {name: smooth(angle, trials, self.cutoffs.get(name, np.inf)) for name, angle in members.items()}
        near = nearness(members, trials)
        return Combined(
            *combine(members, {name: self.weights.get(name, 1.0) * near[name] for name in members}, simulation_weight)
        )


def mean_without_state(members):
    """Mean angle (n_frames, n_coordinates) of the members that do not see the simulated state."""
    return np.mean([angle for name, angle in members.items() if name not in OF_STATE], axis=0)


def combine(members, weights, simulation_weight=1.0):
    """Weighted mean of the members' angles and their weighted variance about it, each (n_frames, n_coordinates).

    Members that see the simulated state weigh `simulation_weight` (n_frames, 1) times what `weights` says.
    """
    share = {name: weights.get(name, 1.0) * (simulation_weight if name in OF_STATE else 1.0) for name in members}
    total = sum(share.values())
    angle = sum(share[name] * members[name] for name in members) / total
    spread = sum(share[name] * (members[name] - angle) ** 2 for name in members) / total
    return angle, spread


def nearness(members, trials):
    """Factors (n_frames, n_coordinates) on the weights of the members, by how far each is from their median in a trial.

    Which member errs least on held-out frames says nothing of which will on others (correlation 0.0 over 12 men's knees
    of the logarithms of errors of trees to networks); but one that has lost its way is far from those that have not.
    On the test parts of those knees (six men, the other six) the error is 0.96 and 0.98 times as large after 70 % of a
    record, 0.97 and 0.99 times after one repetition.

    Parameters
    ----------
    members : dict of ndarray (n_frames, n_coordinates)
        Angles by name.
    trials : Trials

    Returns
    -------
    dict of ndarray (n_frames, n_coordinates)
        1 for a member at the median, a half for one that is as far from it as members usually are.
    """
    angle = np.stack(list(members.values()))
    factor = np.ones_like(angle)
    for rows in trials.slices:
        away = np.square(angle[:, rows] - np.median(angle[:, rows], axis=0)).mean(axis=1)
        factor[:, rows] = nearer(away)[:, None]
    return dict(zip(members, factor, strict=True))


def nearer(away):
    """Factors on weights from mean square distances (n_members, n_coordinates) to the members' median."""
    if len(away) < FEWEST_FOR_MEDIAN:
        return np.ones_like(away)
    return 1.0 / (1.0 + away / np.maximum(np.sort(away, axis=0)[len(away) // 2], 1e-12))


def stacked_weights(errors, usual=None):
    """Weights of the combination from held-out errors (n_frames, n_coordinates) by member.

    Those of the smallest mean square of the combined error, none negative, together 1 (stacking: Breiman 1996, Machine
    Learning 24, 49-64), under a ridge that draws them to the `usual` ones by name (equal ones).
    """
    usual = np.array([1.0 if usual is None else usual[name] for name in errors])
    error = np.stack([value.ravel() for value in errors.values()], axis=1)
    moment = error.T @ error / len(error)
    n, smallest = len(moment), moment.diagonal().min() + 1e-12
    ridge = SHRINKAGE * usual.mean() / usual
    root = np.linalg.cholesky(moment / smallest + np.diag(ridge)).T
    weight, _ = nnls(np.vstack([root, SUM_TO_ONE * np.ones(n)]), np.append(np.zeros(n), SUM_TO_ONE))
    return dict(zip(errors, (weight / weight.sum()).tolist(), strict=True))


def with_fewer_trees(weights, forests, labelled, step):
    """Weights by member, together 1, those of `forests` lower where much of the EMG has no angle.

    Parameters
    ----------
    weights : dict of float
    forests : collection of str
        Members that are forests.
    labelled : ndarray of bool (n_frames,)
        Where angles are known.
    step : float
        Usual time between frames [s].

    Returns
    -------
    dict of float
    """
    share = share_of_angles(labelled, step)
    if share == 1.0:
        return weights
    weights = {name: weight * (share if name in forests else 1.0) for name, weight in weights.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()} if total else weights


def share_of_angles(labelled, step):
    """Time with angles beside that without, 1 where all frames (n_frames,) of bool have one; `step` between [s]."""
    known, unknown = float(step * labelled.sum()), float(step * (~labelled).sum())
    return known / (known + min(unknown, FEW_BESIDE)) if unknown else 1.0


def noise_for_labels(input_noise, labelled, step):
    """Noise on the inputs of networks that learn from few angles (see `share_of_angles`)."""
    return input_noise * (LEAST_NOISE + (1.0 - LEAST_NOISE) * share_of_angles(labelled, step))


@dataclass(frozen=True)
class Untrained:
    """The members before their training: the networks of all versions are trained side by side, then forests grow.

    Attributes
    ----------
    learners : list of Learners
        Of every version, without networks and forests.
    inputs : ndarray (n_versions, n_frames, n_features)
        Of the frames that are learnt from.
    weight : ndarray (n_versions, n_frames)
        Of their angles.
    networks : dict
        What `train` needs to know of the networks.
    columns_of_forests : dict of ndarray
        By member, the inputs that it sees.
    usual : dict of float
        Weight of every member.
    """

    learners: list
    inputs: np.ndarray
    weight: np.ndarray
    networks: dict
    columns_of_forests: dict
    usual: dict

    def with_networks(self, networks):
        """The first version's learners so far, of a TrainedNetwork."""
        return replace(self.learners[0], networks=networks)

    def trained(self, networks, angle, settings):
        """Learners of every version: networks (TrainedNetwork), and forests grown on the angles (n_frames,
        n_coordinates); none where no frame has all angles, or after an interrupt.
        """
        learners = [replace(one, networks=networks, weights=dict(self.usual)) for one in self.learners]
        progress = settings.progress
        if not self.columns_of_forests:
            return learners
        with progress.stage("grow forests", len(learners) * len(self.columns_of_forests)):
            try:
                for one, inputs, weight in zip(learners, self.inputs, self.weight, strict=True):
                    n_trees = FEWER_TREES if one.source else N_TREES
                    for name, seen in self.columns_of_forests.items():
                        forest = _forest(inputs[:, seen], angle, weight, n_trees, settings.seed)
                        if forest is None:
                            one.weights.pop(name)
                        else:
                            one.forests[name] = seen, forest
                        progress.step()
            except KeyboardInterrupt:
                progress.keep("the forests were not grown, and the networks predict without them")
                for one in learners:
                    one.forests.clear()
        return learners


def untrained(features, versions, frames, ensemble, layout):
    """Members that are to learn from every version of the data.

    Parameters
    ----------
    features : ndarray (n_frames, n_features)
        EMG history and external inputs, not standardised.
    versions : list of FoldData
        The first has all angles.
    frames : ndarray of int
        Rows that are learnt from.
    ensemble : EnsembleSettings
    layout : FeatureLayout

    Returns
    -------
    Untrained
    """
    n_state, members = versions[0].state.shape[1], ensemble.members
    columns = {
        name: np.concatenate([member.columns(layout, ensemble.history), np.full(n_state, member.state)])
        for name, member in members.items()
    }
    kinds = [name for name, member in members.items() if not member.forest]
    n_of_fold = 1 if ensemble.own else min(ensemble.n_networks, NETWORKS_OF_FOLD)
    n_networks = [ensemble.n_networks] + [n_of_fold] * (len(versions) - 1)
    names = kinds * sum(n_networks)
    source = np.repeat(np.arange(len(versions)), np.multiply(n_networks, len(kinds)))
    level = np.concatenate([np.repeat(np.resize(NOISE_LEVELS, n), len(kinds)) for n in n_networks])
    learners = [
        Learners(None, np.where(source == k, names, "").astype(object), k, *_scaling(features, version, frames), {})
        for k, version in enumerate(versions)
    ]
    inputs = [one.standardised(features[frames], v.state[frames]) for one, v in zip(learners, versions, strict=True)]
    networks = {
        "seen": np.stack([columns[name] for name in names]), "source": source, "noise_levels": level,
        "turns": TURNS,
        "dtype": torch.float32, "columns": Columns(*layout.sequence(sequence_lags(ensemble.history))),
    }  # fmt: skip
    return Untrained(
        learners, np.stack(inputs), np.stack([version.weight[frames] for version in versions]), networks,
        {name: columns[name] for name, member in members.items() if member.forest},
        {name: member.weight for name, member in members.items()},
    )  # fmt: skip


def _scaling(features, version, frames):
    """Scaler of one version's inputs, which of them never change, and the range of its standardised state."""
    features, state = features[frames], version.state[frames]
    scaler = fitted_scaler(np.column_stack([features, state]), version.emg_weight[frames])
    n = state.shape[1]
    constant = np.concatenate([np.ptp(features, axis=0) == 0, np.zeros(n, bool)])
    scaled = (state - scaler.mean_[-n:]) / scaler.scale_[-n:] if n else state
    known = np.where(np.isfinite(scaled), scaled, 0.0)
    return scaler, constant, (known.min(axis=0, initial=0.0), known.max(axis=0, initial=0.0))


def _forest(inputs, angle, weight, n_trees, seed):
    """Forest on the frames all of whose angles are known; None where there is no such frame."""
    learnt = np.isfinite(angle).all(axis=1) & (weight > 0)
    if not learnt.any():
        return None
    forest = ExtraTreesRegressor(
        n_trees, min_samples_leaf=MIN_LEAF, max_features=TREE_FEATURES, random_state=seed, n_jobs=1
    )
    target = angle[:, 0] if angle.shape[1] == 1 else angle
    return forest.fit(inputs[learnt], target[learnt], sample_weight=weight[learnt])
