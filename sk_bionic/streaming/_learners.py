"""Fitted learners as the arrays that compiled functions take."""

import numpy as np

from ..learning.ensemble import OF_STATE
from ..learning.features import NO_EMG
from ..learning.networks import HistoryNetwork
from .compiled.learners import Inputs, Networks, Past, Trees, ask


class FrameLearners:
    """The members of an ensemble, asked about one frame after another.

    Parameters
    ----------
    learners : Learners
    layout : FeatureLayout
    n_state : int
        Values of the simulated state that they see; 0: none.
    step : float
        Usual time between frames [s].
    delay : float
        Of the session [s].
    """

    def __init__(self, learners, layout, n_state, step, delay=0.0):
        self.step, self.names = step, tuple(dict.fromkeys([*_networks_of(learners), *learners.forests]))
        n, n_channels = learners.scaler.n_features_in_, layout.n_channels
        lags, share_lags = (np.maximum(np.asarray(of) + delay, 0.0) for of in (layout.lags, layout.share_lags))
        length = int(np.ceil(lags.max() / step)) + 3
        n_columns = n_channels + (n_channels + 1) * (len(share_lags) > 0)
        self.past = Past(np.zeros(length), np.zeros((length, n_columns)), lags, share_lags, NO_EMG)
        scale = np.where(learners.constant, 0.0, learners.scaler.scale_)
        limits = np.zeros((2, n_state))
        if n_state:
            limits[:] = [np.broadcast_to(limit, n_state) for limit in learners.limits]
        self.inputs = Inputs(np.zeros(n), learners.scaler.mean_.copy(), scale, limits)
        self.own = None if isinstance(learners.networks.module, HistoryNetwork) else learners
        self.networks = (
            networks_of(learners, self.names) if self.own is None else no_networks(len(learners.networks.center))
        )
        self.trees = trees_of(learners.forests, self.names, len(learners.networks.center))
        self.out, self._count = np.zeros((len(self.names), len(learners.networks.center))), np.zeros(len(self.names))
        self.weight = np.array([learners.weights.get(name, 1.0) for name in self.names])
        self.sees_state = np.array([name in OF_STATE for name in self.names])

    def push(self, time, emg, exogenous, state, fresh):
        """Angles of all members (n_members, n_coordinates) [rad]."""
        ask(
            self.past, time, emg, exogenous, state, fresh, self.step, self.inputs, self.networks, self.trees, self.out,
            self._count,
        )  # fmt: skip
        if self.own is not None:
            self._ask_own()
        return self.out

    def _ask_own(self):
        """Modules of the user's are asked as they are."""
        angle = self.own.networks.predict_version(self.inputs.value[None].copy(), self.own.source)[:, 0]
        members = np.array(_networks_of(self.own))
        for k, name in enumerate(self.names):
            if name in members:
                self.out[k] = angle[members == name].mean(axis=0)

    def copy_from(self, other):
        """Go on from where others are."""
        self.past.time[:], self.past.root[:] = other.past.time, other.past.root


def _networks_of(learners):
    """Member's name of each of the networks that this version of the data feeds."""
    return [name for name in learners.member_of_network if name != ""]


def networks_of(learners, names):
    """Networks of a version of the data, `Networks`; `names` of all members."""
    trained, own = learners.networks, learners.member_of_network != ""
    module = trained.module
    layers = [layer for layer in module.body if hasattr(layer, "weight")] + [module.angle]
    arrays = [
        (layer.weight.detach().cpu().double().numpy()[own], layer.bias.detach().cpu().double().numpy()[own, 0])
        for layer in layers
    ]
    seen = module.seen.detach().cpu().double().numpy()[own]
    first = arrays[0][0] * seen.transpose(0, 2, 1)
    weights = tuple(np.ascontiguousarray(w) for w in (first, *(w for w, _ in arrays[1:])))
    biases = tuple(np.ascontiguousarray(b) for _, b in arrays)
    member = np.array([names.index(name) for name in _networks_of(learners)], dtype=np.int64)
    width = max(w.shape[2] for w in weights)
    return Networks(weights, biases, member, np.array(trained.center), np.array(trained.scale), np.zeros((2, width)))


def no_networks(n_coordinates):
    """No networks at all."""
    empty = (np.zeros((0, 1, 1)),), (np.zeros((0, 1)),)
    return Networks(*empty, np.zeros(0, np.int64), np.zeros(n_coordinates), np.ones(n_coordinates), np.zeros((2, 1)))


def trees_of(forests, names, n_coordinates):
    """Trees of all forests, `Trees`; `names` of all members."""
    roots, members, thresholds, links, values = [], [], [], [], []
    n_nodes = 0
    for name, (columns, forest) in forests.items():
        of_input = np.flatnonzero(columns)
        for member in forest.estimators_ if forest is not None else ():
            tree = member.tree_
            order = _left_first(tree.children_left, tree.children_right)
            place = np.empty(len(order), np.int64)
            place[order] = np.arange(len(order))
            leaf = tree.children_left[order] < 0
            link = np.full((len(order), 2), -1, np.int64)
            link[~leaf, 0] = of_input[tree.feature[order][~leaf]]
            link[~leaf, 1] = n_nodes + place[tree.children_right[order][~leaf]]
            roots.append(n_nodes)
            members.append(names.index(name))
            thresholds.append(tree.threshold[order])
            links.append(link)
            values.append(tree.value[order, :, 0])
            n_nodes += len(order)
    if not roots:
        return Trees(
            np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros((0, 2), np.int32),
            np.zeros((0, n_coordinates)),
        )  # fmt: skip
    return Trees(
        np.array(roots), np.array(members), np.concatenate(thresholds), np.concatenate(links).astype(np.int32),
        np.ascontiguousarray(np.concatenate(values)),
    )  # fmt: skip


def _left_first(left, right):
    """Nodes of a tree in the order in which every left child follows its parent."""
    order, waiting = [], [0]
    while waiting:
        node = waiting.pop()
        order.append(node)
        if left[node] >= 0:
            waiting += [right[node], left[node]]
    return np.array(order)
