"""What the networks see: the history of the EMG and the external inputs."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..trials import lagged

# Lags at which the networks see the EMG, in units of `history`: the recent past in more detail. On recorded knees even
# steps over the same time left 1 to 2 % more error.
SHORT_LAGS = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0])
COARSE_LAGS = np.array([0.0, 0.08, 0.16, 0.28, 0.4, 0.56, 0.8, 1.1, 1.6])
# Trees take what they need of many columns, and gain from twice the history (as the baseline "extra_trees").
TREE_LAGS = np.array([0.0, 0.06, 0.12, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.2, 1.6, 2.0])


NO_EMG = 0.03  # norm of the square roots of normalised EMG that is next to nothing: below it shares fade
SEQUENCE_STEP = 0.02  # s between the steps that a user's module sees: envelopes have next to nothing above 25 Hz


def sequence_lags(history):
    """Even lags [s] back to `history`, for a module that reads sequences, ndarray."""
    return np.round(np.arange(0.0, history + 1e-9, SEQUENCE_STEP), 9)


def short_lags(history):
    """Lags [s] back to `history`, uneven, ndarray."""
    return np.unique(np.round(history * SHORT_LAGS, 9))


def coarse_lags(history):
    """Lags [s] back to 1.6 times `history`, uneven, ndarray."""
    return np.unique(np.round(history * COARSE_LAGS, 9))


def tree_lags(history):
    """Lags [s] back to twice `history`, uneven, ndarray."""
    return np.unique(np.round(history * TREE_LAGS, 9))


def long_lags(history):
    """Lags [s] beyond the short ones that some member of an ensemble sees, ndarray."""
    return np.union1d(coarse_lags(history), tree_lags(history))


class FeatureLayout(NamedTuple):
    """Which columns of the features hold what: n_channels at each of `lags`, their shares and total (n_channels + 1) at
    each of `share_lags`, then n_exogenous.
    """

    lags: np.ndarray
    n_channels: int
    n_exogenous: int
    share_lags: np.ndarray = np.zeros(0)

    @property
    def n_features(self):
        """Number of columns."""
        return len(self.lags) * self.n_channels + len(self.share_lags) * (self.n_channels + 1) + self.n_exogenous

    def columns(self, lags, share_lags=()):
        """ndarray of bool (n_features,): EMG at some lags, shares at some, and the external inputs."""
        emg = np.repeat(np.isin(self.lags, lags), self.n_channels)
        shares = np.repeat(np.isin(self.share_lags, share_lags), self.n_channels + 1)
        return np.concatenate([emg, shares, np.ones(self.n_exogenous, bool)])

    def sequence(self, lags):
        """Columns of the EMG at some lags (n_lags, n_channels), the longest first, and of the external inputs."""
        chosen = np.flatnonzero(np.isin(self.lags, lags))[::-1]
        emg = chosen[:, None] * self.n_channels + np.arange(self.n_channels)
        return emg, self.n_features - self.n_exogenous + np.arange(self.n_exogenous)


def shares_and_total(root):
    """What each channel has in the whole, and how much that is.

    Parameters
    ----------
    root : ndarray (n_frames, n_channels)
        Signed square roots of the EMG.

    Returns
    -------
    ndarray (n_frames, n_channels + 1)
        The roots divided by their norm; the logarithm of the norm last.
    """
    total = np.sqrt(np.square(root).sum(axis=1, keepdims=True)) + NO_EMG
    return np.hstack([root / total, np.log(total)])


def history_features(emg, exogenous, trials, history, layout):
    """What the network sees: the square root of the EMG's recent values, and external inputs.

    Parameters
    ----------
    emg : ndarray (n_frames, n_channels)
        Normalised envelopes; the square root spreads the low amplitudes, in which most motion happens.
    exogenous : dict of ndarray (n_frames,)
    trials : Trials
    history : float
        Length of the history [s], which no trial may be shorter than.
    layout : FeatureLayout

    Returns
    -------
    ndarray (n_frames, n_features)
        All channels at the first lag, then all at the second, ...; shares and total likewise; external inputs last.

    Raises
    ------
    ValueError
        When a trial is shorter than the history.
    """
    duration = trials.time[trials.starts[1:] - 1] - trials.time[trials.starts[:-1]]
    short = np.flatnonzero(duration < history)
    if len(short):
        k = short[0]
        raise ValueError(
            f"Trial {trials.names[k]!r} lasts {duration[k]:.3g} s ({trials.lengths[k]} frames), less than the EMG "
            f"history of {history:g} s that the network sees. Use a longer trial or a smaller `history`."
        )
    root = np.sign(emg) * np.sqrt(np.abs(emg))
    columns = [lagged(root, trials, layout.lags)]
    if len(layout.share_lags):
        columns.append(lagged(shares_and_total(root), trials, layout.share_lags))
    return np.column_stack(columns + list(exogenous.values()))


def features_of(recording, history, layout):
    """Features (n_frames, n_features) of a recording whose EMG is as the training's electrodes take it."""
    return history_features(recording.emg, recording.external, recording.trials, history, layout)


def layout_of(recording, history, with_long_lags=False, sequence=False):
    """Layout of the features that a recording has.

    Parameters
    ----------
    recording : Recording
    history : float
        EMG that the learners see [s].
    with_long_lags : bool
        Whether some of them see a longer and coarser history, and some the channels' shares.
    sequence : bool
        Whether a user's module reads the history step by step.

    Returns
    -------
    FeatureLayout
    """
    lags = short_lags(history)
    lags = np.union1d(lags, long_lags(history)) if with_long_lags else lags
    lags = np.union1d(lags, sequence_lags(history)) if sequence else lags
    share_lags = short_lags(history) if with_long_lags else np.zeros(0)
    return FeatureLayout(lags, recording.emg.shape[1], len(recording.external), share_lags)


class Member(NamedTuple):
    """A kind of learner, by what it sees: lags, EMG, the channels' shares in it, the simulated state."""

    lags: object  # function of the history [s]
    state: bool = False
    forest: bool = False
    emg: bool = True
    shares: bool = False
    weight: float = 1.0  # that stacked weights are drawn to, relative to the others'

    def columns(self, layout, history):
        """Features that it sees, ndarray of bool (n_features,)."""
        lags = self.lags(history)
        return layout.columns(lags if self.emg else (), lags if self.shares else ())


# Electrodes, sweat and fatigue change all channels' gains more than what each has in the whole: networks that see
# shares err otherwise than those that see amplitudes. Errors over those of the best baseline of recorded_emg.py (mlp,
# median of three seeds where there were) on six men's knees and on six others', equal weights, one seed:
#                                               after 70 % of a record   after one repetition
#   three networks without shares, two forests        1.01  0.93              0.90  0.94
#   these                                             0.97  0.91              0.86  0.93
#   these without the forest                          0.95  0.90              0.86  0.92
# About 20 sets were compared with all twelve men in view. The forest stays all the same, and stands for two: on eight
# other men such trees were the best of all learners.
MEMBERS = {
    "history": Member(short_lags, shares=True),
    "history_and_state": Member(short_lags, state=True),
    "long_history": Member(coarse_lags),
    "shares": Member(short_lags, emg=False, shares=True),
    "forest_of_emg": Member(tree_lags, forest=True, weight=2.0),
}
# A user's modules, which see sequences of the EMG, stand for all networks.
OWN_MEMBERS = {"module": Member(sequence_lags), "forest_of_emg": MEMBERS["forest_of_emg"]}
OF_STATE = ("history_and_state", "forest")  # a forest of files of earlier versions


@dataclass(frozen=True)
class EnsembleSettings:
    """Which members there are; `n_networks` networks of every kind."""

    history: float
    n_networks: int
    forest: bool
    physics: bool
    own: bool = False

    @property
    def members(self):
        """Members by name."""
        return {
            name: member
            for name, member in (OWN_MEMBERS if self.own else MEMBERS).items()
            if (self.physics or not member.state) and (self.forest or not member.forest)
        }
