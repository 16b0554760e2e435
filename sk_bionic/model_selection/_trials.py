"""Cross-validation over whole trials."""

import numpy as np
from sklearn.model_selection import GroupKFold

from sk_bionic.model_selection._checks import FrameSplitter, check_n_splits, trial_codes


class TrialKFold(FrameSplitter):
    """Cross-validation over whole trials, read from the index of `X`.

    Parameters
    ----------
    n_splits : int or None, default=5
        Number of folds, at least 2. The trials are dealt out so that the folds hold about equally
        many frames. None leaves one trial out at a time.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sk_bionic.model_selection import TrialKFold
    >>> index = pd.MultiIndex.from_product([["a", "b"], [0.0, 0.01]], names=["trial", "time"])
    >>> X = pd.DataFrame({"biceps": np.zeros(4)}, index=index)
    >>> [test.tolist() for _, test in TrialKFold(None).split(X)]
    [[0, 1], [2, 3]]
    """

    def __init__(self, n_splits=5):
        if n_splits is not None:
            check_n_splits(n_splits)
        self.n_splits = n_splits

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_frames, n_features), default=None
            Needed with ``n_splits=None`` only, unless `groups` is given.
        y : object, default=None
            Ignored.
        groups : array-like of shape (n_frames,), default=None
            As in `split`.

        Returns
        -------
        int
            `n_splits`, or the number of trials where that is None.
        """
        if self.n_splits is not None:
            return self.n_splits
        if X is None and groups is None:
            raise ValueError("TrialKFold(n_splits=None) has one fold a trial: `X` is needed.")
        return len(trial_codes(X, groups)[1])

    def split(self, X, y=None, groups=None):
        """Yield the rows of the training and the test part of each fold.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_frames, n_features)
            Frames; a DataFrame with an index level "trial" needs no `groups`.
        y : object, default=None
            Ignored.
        groups : array-like of shape (n_frames,), default=None
            What to keep together instead of the trials of the index: the trial of each row of a
            plain array, or something larger, such as the subject.

        Yields
        ------
        train, test : ndarray of int
            Row numbers.

        Raises
        ------
        ValueError
            If there are fewer trials than folds, or nothing names the trials.
        """
        codes, names = trial_codes(X, groups)
        n_splits = len(names) if self.n_splits is None else self.n_splits
        needed = max(n_splits, 2)
        if len(names) < needed:
            raise ValueError(
                f"TrialKFold needs at least {needed} trials for n_splits={self.n_splits}. Got "
                f"{len(names)}: {names[:5]}. Lower `n_splits`, or split a single trial with BlockedKFold."
            )
        if self.n_splits is None:
            folds = (np.flatnonzero(codes == k) for k in range(n_splits))
        else:
            folds = (test for _, test in GroupKFold(n_splits).split(codes, groups=codes))
        for test in folds:
            yield np.setdiff1d(np.arange(len(codes)), test), test
