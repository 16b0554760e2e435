"""Cross-validation over contiguous blocks of trials, and the split into a beginning and an end."""

import numpy as np
from sklearn.utils import check_consistent_length

from sk_bionic.model_selection._checks import (
    FrameSplitter,
    check_gap,
    check_n_splits,
    known_targets,
    take,
    trial_codes,
)
from sk_bionic.model_selection._trials import TrialKFold
from sk_bionic.trials import find_trials


class BlockedKFold(FrameSplitter):
    """Cross-validation over contiguous blocks of time, with a gap around the test block.

    Every trial is cut into `n_splits` blocks of equally many frames; fold k tests block k of every
    trial. Features that look back (lags) must be computed before the split, because the training
    frames on both sides of a block remain one trial with a hole in it; the gap keeps their windows
    out of the test block. Filters likewise belong before this split. Where some targets are NaN
    (unknown), the blocks of a trial hold equally many known ones.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    gap : float, default=0.0
        Frames no further than this from the test frames of known target [s] take no part in
        training. As long as the longest lag, no training frame has seen the EMG of a test frame,
        nor the reverse.
    sampling_rate : float, default=None
        Rate of the frames [Hz] where the index of `X` holds no time.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.model_selection import BlockedKFold
    >>> splitter = BlockedKFold(2, gap=0.1, sampling_rate=10.0)
    >>> [(train.tolist(), test.tolist()) for train, test in splitter.split(np.zeros((6, 1)))]
    [([4, 5], [0, 1, 2]), ([0, 1], [3, 4, 5])]
    """

    def __init__(self, n_splits=5, gap=0.0, sampling_rate=None):
        check_n_splits(n_splits)
        check_gap(gap)
        self.n_splits = n_splits
        self.gap = gap
        self.sampling_rate = sampling_rate

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return `n_splits`.

        Parameters
        ----------
        X, y, groups : object, default=None
            Ignored.

        Returns
        -------
        int
            The number of folds.
        """
        return self.n_splits

    def split(self, X, y=None, groups=None):
        """Yield the rows of the training and the test part of each fold.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_frames, n_features)
            Frames, with the time in the index or at `sampling_rate`.
        y : array-like of n_frames rows, default=None
            Targets; only whether they are NaN is looked at.
        groups : array-like of shape (n_frames,), default=None
            The trial of each row of a plain array.

        Yields
        ------
        train, test : ndarray of int
            Row numbers.

        Raises
        ------
        ValueError
            If nothing tells the time, a trial has fewer frames (of known target) than folds, or the
            gap leaves nothing to train on.
        """
        trials = find_trials(X, sampling_rate=self.sampling_rate, trial=groups)
        if trials is None:
            raise ValueError(
                "BlockedKFold cannot tell the time of the rows: give `sampling_rate` [Hz], or a "
                "DataFrame whose index has the levels 'trial' and 'time' (s)."
            )
        known = known_targets(y, trials.n_frames)
        edges = [self._edges(name, rows, known) for name, rows in zip(trials.names, trials.slices, strict=False)]
        for fold in range(self.n_splits):
            train, test = self._fold(trials, edges, known, fold)
            if not known[train].any():
                raise ValueError(
                    f"A gap of {self.gap:g} s leaves no training frame in fold {fold} of "
                    f"{self.n_splits}: the trials are too short. Lower `gap` or raise `n_splits`."
                )
            yield train, test

    def _edges(self, name, rows, known):
        """Rows at which the blocks of a trial begin, and its end; (n_splits + 1,)."""
        # A trial without any known target takes part in training all the same.
        candidates = rows.start + np.flatnonzero(known[rows] if known[rows].any() else ~known[rows])
        if len(candidates) < self.n_splits:
            what = "frames" if known[rows].all() else "frames whose target is known"
            raise ValueError(
                f"Trial {name!r} has {len(candidates)} {what}, too few for {self.n_splits} blocks. "
                "Lower `n_splits` or leave this trial out."
            )
        inner = np.linspace(0, len(candidates), self.n_splits + 1).round().astype(int)[1:-1]
        return np.concatenate([[rows.start], candidates[inner], [rows.stop]])

    def _fold(self, trials, edges, known, fold):
        train, test = [], []
        # The gap is exclusive, with room for the rounding of times such as 0.1 + 0.2.
        margin = self.gap + 1e-9
        for rows, edge in zip(trials.slices, edges, strict=False):
            block = np.arange(edge[fold], edge[fold + 1])
            # Only what is tested needs a gap: unknown frames at the ends of a block serve as one.
            tested = block[known[block]] if known[block].any() else block
            row, time = np.arange(rows.start, rows.stop), trials.time[rows]
            before = (row < block[0]) & (time < trials.time[tested[0]] - margin)
            after = (row > block[-1]) & (time > trials.time[tested[-1]] + margin)
            train.append(row[before | after])
            test.append(block)
        return np.concatenate(train), np.concatenate(test)


class TrialOrBlockKFold(BlockedKFold):
    """Whole trials where there are several, contiguous blocks where there is one.

    For searches inside a training part whose number of trials is not known beforehand.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds; with fewer trials than that (but more than one), one fold a trial.
    gap : float, default=0.0
        Gap around a block [s], see `BlockedKFold`.
    sampling_rate : float, default=None
        Rate of the frames [Hz] where the index of `X` holds no time.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.model_selection import TrialOrBlockKFold
    >>> splitter = TrialOrBlockKFold(2, sampling_rate=10.0)
    >>> [test.tolist() for _, test in splitter.split(np.zeros((4, 1)), groups=["a", "b", "b", "a"])]
    [[1, 2], [0, 3]]
    >>> [test.tolist() for _, test in splitter.split(np.zeros((4, 1)))]
    [[0, 1], [2, 3]]
    """

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds for these frames.

        Parameters
        ----------
        X, y, groups : object
            As in `split`.

        Returns
        -------
        int
            The number of folds.
        """
        if X is None and groups is None:
            raise ValueError("The number of folds depends on the trials: `X` is needed.")
        n_trials = self._n_trials(X, groups)
        return min(self.n_splits, n_trials) if n_trials > 1 else self.n_splits

    def split(self, X, y=None, groups=None):
        """Yield training and test rows as `TrialKFold` or `BlockedKFold` does.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_frames, n_features)
            Frames.
        y : array-like of n_frames rows, default=None
            Targets; only whether they are NaN is looked at.
        groups : array-like of shape (n_frames,), default=None
            What to keep together instead of the trials of the index.

        Yields
        ------
        train, test : ndarray of int
            Row numbers.
        """
        if self._n_trials(X, groups) > 1:
            yield from TrialKFold(self.get_n_splits(X, y, groups)).split(X, y, groups)
        else:
            yield from super().split(X, y, groups)

    def _n_trials(self, X, groups):
        return len(trial_codes(X, groups, self.sampling_rate)[1])


def blocked_train_test_split(X, y, train_fraction=0.7):
    """Split every trial in time: its beginning for training, its end for the test.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_frames, n_features)
        Frames; without trials in the index, all rows are one trial.
    y : Series, DataFrame or array-like of n_frames rows
        Targets of the same frames.
    train_fraction : float, default=0.7
        Share of each trial's frames that goes into training, between 0 and 1.

    Returns
    -------
    X_train, X_test, y_train, y_test
        In the types of `X` and `y` (lists become arrays), indices kept.

    Raises
    ------
    ValueError
        If `train_fraction` is not between 0 and 1, the lengths differ, or a trial is too short to
        give both parts a frame.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.model_selection import blocked_train_test_split
    >>> X_train, X_test, y_train, y_test = blocked_train_test_split(np.zeros((10, 2)), np.arange(10))
    >>> y_test.tolist()
    [7, 8, 9]
    """
    if not 0.0 < train_fraction < 1.0:
        raise ValueError(f"`train_fraction` must lie between 0 and 1. Got {train_fraction!r}.")
    check_consistent_length(X, y)
    # Without time and trials the rows are taken as one recording in order; any rate will do.
    trials = find_trials(X) or find_trials(X, sampling_rate=1.0)
    is_train = np.zeros(len(X), dtype=bool)
    for name, start, stop in zip(trials.names, trials.starts[:-1], trials.starts[1:], strict=False):
        n_train = round(train_fraction * (stop - start))
        if not 0 < n_train < stop - start:
            raise ValueError(
                f"Trial {name!r} has {stop - start} frames, too few for a training and a test part "
                f"at train_fraction={train_fraction:g}."
            )
        is_train[start : start + n_train] = True
    return tuple(take(data, rows) for data in (X, y) for rows in (is_train, ~is_train))
