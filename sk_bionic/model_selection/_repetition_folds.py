"""Cross-validation over whole repetitions, and the split behind the first ones."""

import numpy as np
from sklearn.model_selection import GroupKFold
from sklearn.utils import check_consistent_length

from sk_bionic.model_selection._checks import (
    FrameSplitter,
    check_gap,
    check_n_splits,
    take,
)
from sk_bionic.model_selection._repetitions import as_angle, number_repetitions
from sk_bionic.trials import find_trials


class RepetitionKFold(FrameSplitter):
    """Cross-validation over whole repetitions of the movement, detected in the angle.

    Parameters
    ----------
    n_splits : int or None, default=5
        Number of folds, at least 2; the repetitions of all trials are dealt out so that the folds
        hold about equally many frames. None leaves one repetition out at a time.
    gap : float, default=0.0
        Frames no further than this from a test frame of their trial [s] take no part in training.
    sampling_rate : float, default=None
        Rate of the frames [Hz] where the index of `X` holds no time.

    See Also
    --------
    find_repetitions : How repetitions are detected.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.model_selection import RepetitionKFold
    >>> angle = 1 - np.cos(2 * np.pi * 0.5 * np.arange(600) / 100)
    >>> splitter = RepetitionKFold(None, gap=0.5, sampling_rate=100)
    >>> [(len(train), len(test)) for train, test in splitter.split(np.zeros((600, 1)), angle)]
    [(340, 210), (300, 200), (360, 190)]
    """

    def __init__(self, n_splits=5, gap=0.0, sampling_rate=None):
        if n_splits is not None:
            check_n_splits(n_splits)
        check_gap(gap)
        self.n_splits = n_splits
        self.gap = gap
        self.sampling_rate = sampling_rate

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_frames, n_features), default=None
            As in `split`; needed with ``n_splits=None`` only.
        y : array-like of shape (n_frames,), default=None
            As in `split`; needed with ``n_splits=None`` only.
        groups : array-like of shape (n_frames,), default=None
            As in `split`.

        Returns
        -------
        int
            `n_splits`, or the number of repetitions where that is None.
        """
        if self.n_splits is not None:
            return self.n_splits
        if X is None:
            raise ValueError("RepetitionKFold(n_splits=None) has one fold a repetition: `X` and `y` are needed.")
        return self._numbered(X, y, groups)[1].max() + 1

    def split(self, X, y=None, groups=None):
        """Yield the rows of the training and the test part of each fold.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_frames, n_features)
            Frames, with the time in the index or at `sampling_rate`.
        y : Series or array-like of shape (n_frames,)
            Joint angle [rad].
        groups : array-like of shape (n_frames,), default=None
            The trial of each row of a plain array.

        Yields
        ------
        train, test : ndarray of int
            Row numbers.

        Raises
        ------
        ValueError
            If the angle is not given, a trial holds no repetition, there are fewer repetitions
            than folds, or the gap leaves nothing to train on.
        """
        trials, number = self._numbered(X, y, groups)
        n_repetitions = number.max() + 1
        n_splits = n_repetitions if self.n_splits is None else self.n_splits
        if n_repetitions < max(n_splits, 2):
            raise ValueError(
                f"RepetitionKFold needs at least {max(n_splits, 2)} repetitions for "
                f"n_splits={self.n_splits}. Got {n_repetitions} in {trials.n_trials} trial(s). Lower "
                "`n_splits`, or use BlockedKFold."
            )
        folds = GroupKFold(n_splits).split(number, groups=number)
        tests = [np.flatnonzero(number == k) for k in range(n_repetitions)]
        for test in tests if self.n_splits is None else (test for _, test in folds):
            train = np.flatnonzero(_distance(trials, test) > self.gap + 1e-9)
            if not len(train):
                raise ValueError(f"A gap of {self.gap:g} s leaves no training frame beside a repetition. Lower `gap`.")
            yield train, test

    def _numbered(self, X, y, groups):
        """Trials, and the number of each row's repetition over all trials."""
        if y is None:
            raise ValueError("Repetitions are detected in the angle: RepetitionKFold needs `y`.")
        trials = _trials_of(X, self.sampling_rate, groups)
        check_consistent_length(X, y)
        pairs = np.column_stack([trials.trial_of_frame, number_repetitions(as_angle(y), trials)])
        return trials, np.unique(pairs, axis=0, return_inverse=True)[1].ravel()


def first_repetition_split(X, y, n_repetitions=1, *, sampling_rate=None):
    """Split every trial behind its first repetitions: those for training, the rest for the test.

    What a short calibration at the beginning of a session gives to learn from.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_frames, n_features)
        Frames, with the time in the index or at `sampling_rate`.
    y : Series or array-like of shape (n_frames,)
        Joint angle [rad] of the same frames.
    n_repetitions : int, default=1
        Repetitions of each trial that go into training.
    sampling_rate : float, default=None
        Rate of the frames [Hz] where the index of `X` holds no time; they are then one trial.

    Returns
    -------
    X_train, X_test, y_train, y_test
        In the types of `X` and `y` (lists become arrays), indices kept.

    Raises
    ------
    ValueError
        If `n_repetitions` is not a positive integer, or a trial has no repetition left to test.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.model_selection import first_repetition_split
    >>> angle = 1 - np.cos(2 * np.pi * 0.5 * np.arange(600) / 100)  # 3 cycles of 2 s at 100 Hz
    >>> X_train, X_test, y_train, y_test = first_repetition_split(np.zeros((600, 1)), angle, sampling_rate=100)
    >>> len(y_train), len(y_test)
    (210, 390)
    """
    is_integer = isinstance(n_repetitions, int | np.integer) and not isinstance(n_repetitions, bool)
    if not is_integer or n_repetitions < 1:
        raise ValueError(f"`n_repetitions` must be a positive integer. Got {n_repetitions!r}.")
    check_consistent_length(X, y)
    trials = _trials_of(X, sampling_rate)
    number = number_repetitions(as_angle(y), trials)
    for name, rows in zip(trials.names, trials.slices, strict=False):
        if number[rows][-1] < n_repetitions:
            raise ValueError(
                f"Trial {name!r} has {number[rows][-1] + 1} repetition(s), too few to train on "
                f"{n_repetitions} and test on the rest. Leave this trial out, or use blocked_train_test_split."
            )
    is_train = number < n_repetitions
    return tuple(take(data, rows) for data in (X, y) for rows in (is_train, ~is_train))


def _trials_of(X, sampling_rate, groups=None):
    trials = find_trials(X, sampling_rate=sampling_rate, trial=groups)
    if trials is None:
        raise ValueError(
            "Repetitions need to know when each row was measured: give `sampling_rate` [Hz], or a "
            "DataFrame whose index has the levels 'trial' and 'time' (s)."
        )
    return trials


def _distance(trials, test):
    """Time from each row to the nearest test row of its trial [s]; 0 for test rows, (n_frames,)."""
    distance = np.full(trials.n_frames, np.inf)
    for rows in trials.slices:
        tested = test[(test >= rows.start) & (test < rows.stop)]
        if not len(tested):
            continue
        time = trials.time[rows]
        after = np.searchsorted(trials.time[tested], time)
        ahead = trials.time[tested][np.minimum(after, len(tested) - 1)]
        behind = trials.time[tested][np.maximum(after - 1, 0)]
        distance[rows] = np.minimum(np.abs(ahead - time), np.abs(time - behind))
    return distance
