"""What networks and trees say of the newest frame."""

import math
from typing import NamedTuple

import numpy as np

from ...musculoskeletal.compiled.compilation import compiled, part


class Past(NamedTuple):
    """Recent EMG, the newest frame last."""

    time: np.ndarray  # (n_frames,) [s]
    root: np.ndarray  # (n_frames, n_columns): signed square roots, then shares and total where learners see them
    lags: np.ndarray  # (n_lags,) [s]
    share_lags: np.ndarray  # (n_share_lags,) [s]
    no_emg: float  # `learning.features.NO_EMG`


class Inputs(NamedTuple):
    """Standardised inputs of the learners: EMG at all lags, external inputs, simulated state."""

    value: np.ndarray  # (n_inputs,)
    center: np.ndarray  # (n_inputs,)
    scale: np.ndarray  # (n_inputs,): 0 where an input never changed in training
    limits: np.ndarray  # (2, n_state): of the standardised state in training


class Networks(NamedTuple):
    """Multilayer perceptrons side by side."""

    weights: tuple  # of ndarray (n_networks, n_inputs, n_outputs), a layer each
    biases: tuple  # of ndarray (n_networks, n_outputs)
    member: np.ndarray  # (n_networks,) of int
    center: np.ndarray  # (n_coordinates,) [rad]
    scale: np.ndarray  # (n_coordinates,) [rad]
    hidden: np.ndarray  # (2, largest width)


class Trees(NamedTuple):
    """Trees of all forests, every left child next to its parent."""

    root: np.ndarray  # (n_trees,) of int
    member: np.ndarray  # (n_trees,) of int
    threshold: np.ndarray  # (n_nodes,)
    link: np.ndarray  # (n_nodes, 2) of int: input, -1 at a leaf; right child
    value: np.ndarray  # (n_nodes, n_coordinates) [rad]


@part
def recall(past, time, emg, fresh, step, out):
    """The newest frame joins the past; EMG at all lags into `out`."""
    last, n_columns, n_channels = len(past.time) - 1, past.root.shape[1], len(emg)
    for i in range(last if not fresh else 0):
        past.time[i] = past.time[i + 1]
        for c in range(n_columns):
            past.root[i, c] = past.root[i + 1, c]
    past.time[last] = time
    for c in range(n_channels):
        past.root[last, c] = math.copysign(math.sqrt(abs(emg[c])), emg[c])
    if n_columns > n_channels:
        share(past.root[last], n_channels, past.no_emg)
    if fresh:
        for i in range(last):
            past.time[i] = time - (last - i) * step
            for c in range(n_columns):
                past.root[i, c] = past.root[last, c]
    read(past, past.lags, 0, n_channels, out, 0)
    read(past, past.share_lags, n_channels, n_columns, out, len(past.lags) * n_channels)


@part
def share(row, n_channels, no_emg):
    """Shares and total of a row's square roots behind them (see `learning.features.shares_and_total`)."""
    total = 0.0
    for c in range(n_channels):
        total += row[c] * row[c]
    total = math.sqrt(total) + no_emg
    for c in range(n_channels):
        row[n_channels + c] = row[c] / total
    row[2 * n_channels] = math.log(total)


@part
def read(past, lags, first, end, out, place):
    """Columns from `first` to `end` of the past at some lags into `out`, from `place` on."""
    at = len(past.time) - 2
    for j in range(len(lags)):
        t = max(past.time[len(past.time) - 1] - lags[j], past.time[0])
        while at > 0 and past.time[at] > t:
            at -= 1
        part_of_step = (t - past.time[at]) / (past.time[at + 1] - past.time[at])
        for c in range(first, end):
            before, after = past.root[at, c], past.root[at + 1, c]
            out[place + j * (end - first) + c - first] = before + part_of_step * (after - before)


@part
def standardise(inputs, n_state):
    """Standardise in place; the state within what the training has seen, at its mean where there is none."""
    n = len(inputs.value)
    for k in range(n):
        scale = inputs.scale[k]
        x = (inputs.value[k] - inputs.center[k]) / scale if scale > 0.0 else 0.0
        if k >= n - n_state:
            low, high = inputs.limits[0, k - n + n_state], inputs.limits[1, k - n + n_state]
            x = min(max(x, low), high) if math.isfinite(x) else 0.0
        inputs.value[k] = x


@part
def ask_networks(networks, x, out, count):
    """Add every network's angle (n_coordinates,) to its member's row of `out`."""
    n_layers = len(networks.weights)
    for i in range(len(networks.member)):
        source = 0
        for layer in range(n_layers):
            weight, bias = networks.weights[layer], networks.biases[layer]
            n_in, n_out = weight.shape[1], weight.shape[2]
            target = networks.hidden[1 - source]
            for k in range(n_out):
                target[k] = bias[i, k]
            for j in range(n_in):
                value = x[j] if layer == 0 else networks.hidden[source, j]
                for k in range(n_out):
                    target[k] += value * weight[i, j, k]
            if layer < n_layers - 1:
                for k in range(n_out):
                    target[k] = math.tanh(target[k])
            source = 1 - source
        m = networks.member[i]
        count[m] += 1.0
        for r in range(out.shape[1]):
            out[m, r] += networks.hidden[source, r] * networks.scale[r] + networks.center[r]


@part
def ask_trees(trees, x, out, count):
    """Add every tree's angle (n_coordinates,) to its member's row of `out`."""
    for i in range(len(trees.root)):
        node = trees.root[i]
        while trees.link[node, 0] >= 0:
            # scikit-learn's trees compare inputs of single precision
            node = node + 1 if np.float32(x[trees.link[node, 0]]) <= trees.threshold[node] else trees.link[node, 1]
        m = trees.member[i]
        count[m] += 1.0
        for r in range(out.shape[1]):
            out[m, r] += trees.value[node, r]


@compiled
def ask(past, time, emg, exogenous, state, fresh, step, inputs, networks, trees, out, count):
    """Angles of all members (n_members, n_coordinates) [rad] at the newest frame."""
    recall(past, time, emg, fresh, step, inputs.value)
    first = len(past.lags) * len(emg) + len(past.share_lags) * (past.root.shape[1] - len(emg))
    for k in range(len(exogenous)):
        inputs.value[first + k] = exogenous[k]
    first += len(exogenous)
    for k in range(len(state)):
        inputs.value[first + k] = state[k]
    standardise(inputs, len(state))
    for m in range(len(out)):
        count[m] = 0.0
        for r in range(out.shape[1]):
            out[m, r] = 0.0
    ask_networks(networks, inputs.value, out, count)
    ask_trees(trees, inputs.value, out, count)
    for m in range(len(out)):
        for r in range(out.shape[1]):
            out[m, r] /= count[m]
