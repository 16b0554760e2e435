"""What the baselines see of the EMG, and what the controls see instead."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted, validate_data

from sk_bionic.musculoskeletal.model import EXOGENOUS
from sk_bionic.preprocessing import LagEmbedding
from sk_bionic.trials import find_trials

NO_TIME = (
    "Nothing tells the time of the rows: give a DataFrame whose index has the levels 'trial' and "
    "'time' (s), or `sampling_rate` [Hz]."
)


class ShuffledBlocks(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Control: the EMG of each trial in short blocks of random order.

    Amplitudes, bursts and correlations between the channels remain as they were, and no block
    remains in its place: what is left of the relation to the angle is chance. Whoever predicts
    better from this than the mean angle does has learnt it from something other than the EMG.

    Parameters
    ----------
    block : float, default=0.5
        Duration of a block [s]: longer than bursts are alike, shorter than a movement, so that no
        order of the blocks is a copy of the movement at another time.
    sampling_rate : float, default=None
        Rate of the frames [Hz] where the index of `X` holds no time.
    random_state : int or None, default=None
        Seed of the order.

    Examples
    --------
    >>> from sk_bionic.baselines import ShuffledBlocks
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> X, y = make_elbow_flexion(n_trials=1, duration=2.0, random_state=0, return_X_y=True)
    >>> shuffled = ShuffledBlocks(random_state=0).set_output(transform="pandas").fit_transform(X)
    >>> bool(shuffled["biceps"].corr(X["biceps"]) < 0.9)
    True
    """

    def __init__(self, block=0.5, *, sampling_rate=None, random_state=None):
        self.block = block
        self.sampling_rate = sampling_rate
        self.random_state = random_state

    def fit(self, X, y=None):
        """Remember the columns.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_frames, n_columns)
            EMG envelopes.
        y : None
            Ignored.

        Returns
        -------
        self : ShuffledBlocks
            The fitted transformer.
        """
        validate_data(self, X, dtype=np.float64)
        return self

    def transform(self, X):
        """Put the blocks of every trial into another order; external inputs stay where they are.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_frames, n_columns)
            EMG envelopes, with the time in the index or at `sampling_rate`.

        Returns
        -------
        ndarray or DataFrame of shape (n_frames, n_columns)
            The same rows, in the index of `X`.

        Raises
        ------
        ValueError
            If nothing tells the time, or a trial is shorter than two blocks.
        """
        check_is_fitted(self)
        trials = find_trials(X, sampling_rate=self.sampling_rate)
        if trials is None:
            raise ValueError(NO_TIME)
        values = validate_data(self, X, dtype=np.float64, reset=False, copy=True)
        emg = ~np.isin(getattr(self, "feature_names_in_", np.arange(values.shape[1])), EXOGENOUS)
        rng = np.random.default_rng(self.random_state)
        order = np.concatenate([self._order(trials, k, rng) for k in range(trials.n_trials)])
        values[:, emg] = values[order][:, emg]
        return values

    def _order(self, trials, k, rng):
        rows = np.arange(trials.starts[k], trials.starts[k + 1])
        duration = trials.time[rows[-1]] - trials.time[rows[0]]
        blocks = np.array_split(rows, max(1, round(duration / self.block)))
        if len(blocks) < 2:
            raise ValueError(
                f"Trial {trials.names[k]!r} lasts {duration:.3g} s, too short for two blocks of "
                f"{self.block:g} s. Leave it out."
            )
        # One cycle through all blocks: a random order in which none stays in its place.
        cycle = rng.permutation(len(blocks))
        source = np.empty_like(cycle)
        source[cycle] = np.roll(cycle, 1)
        return np.concatenate([blocks[i] for i in source])


def history(lags, sqrt, sampling_rate, first_steps=()):
    """Pipeline of the features that every baseline sees: columns at each lag, external inputs once."""
    steps = [
        *first_steps,
        ("sqrt", FunctionTransformer(_square_root) if sqrt else "passthrough"),
        ("lags", LagEmbedding(lags, sampling_rate=sampling_rate, exclude=EXOGENOUS)),
    ]
    # pandas, so that whatever follows still finds the trials in the index.
    return Pipeline(steps).set_output(transform="pandas")


def _square_root(X):
    """Square root of the EMG, which spreads the low amplitudes; external inputs as they are."""
    if not isinstance(X, pd.DataFrame):
        X = pd.DataFrame(X, columns=[f"x{j}" for j in range(np.shape(X)[1])])
    root = np.sign(X) * np.sqrt(np.abs(X))
    external = X.columns[X.columns.isin(EXOGENOUS)]
    root[external] = X[external]
    return root


def present_columns():
    """Of the columns that `history` makes, those without lag: what a recurrent network reads."""
    not_lagged = r"^(?!.*\[t-)"
    return ColumnTransformer(
        [("present", "passthrough", make_column_selector(not_lagged))],
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")


def clock(sampling_rate):
    """Time of each frame as the only feature, as the index has it: a block keeps its late times."""
    return FunctionTransformer(_trial_time, kw_args={"sampling_rate": sampling_rate})


def _trial_time(X, sampling_rate):
    trials = find_trials(X, sampling_rate=sampling_rate)
    if trials is None:
        raise ValueError(NO_TIME)
    return pd.DataFrame({"time": trials.time}, index=getattr(X, "index", None))
