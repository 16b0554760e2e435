"""Cross-validation over conditions that a model must transfer to: another load, another subject."""

import numpy as np
import pandas as pd

from sk_bionic.model_selection._checks import FrameSplitter, trial_codes

# Beginnings of trials' names that say that a subject's name or number follows.
WORDS_FOR_SUBJECT = frozenset(
    "s sub subj subject subjects p pp pt pat patient participant part person proband vp id c ctrl control hc".split()
)


class LeaveOneLoadOut(FrameSplitter):
    """Test on one load, train on all others.

    Parameters
    ----------
    column : str, default="hand_load_kg"
        Column of `X` that holds the load.

    Examples
    --------
    >>> import pandas as pd
    >>> from sk_bionic.model_selection import LeaveOneLoadOut
    >>> X = pd.DataFrame({"biceps": 0.1, "hand_load_kg": [0.0, 0.0, 0.9]})
    >>> [test.tolist() for _, test in LeaveOneLoadOut().split(X)]
    [[0, 1], [2]]
    """

    def __init__(self, column="hand_load_kg"):
        self.column = column

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of loads.

        Parameters
        ----------
        X, y, groups : object
            As in `split`.

        Returns
        -------
        int
            The number of folds.
        """
        return len(self._loads(X, groups)[1])

    def split(self, X, y=None, groups=None):
        """Yield the rows of the training and the test part of each load, in rising order.

        Parameters
        ----------
        X : DataFrame of shape (n_frames, n_features)
            Frames with the column `column`.
        y : object, default=None
            Ignored.
        groups : array-like of shape (n_frames,), default=None
            The load of each row where `X` is a plain array.

        Yields
        ------
        train, test : ndarray of int
            Row numbers.

        Raises
        ------
        ValueError
            If the loads are not given, one is NaN, or there is only one.
        """
        codes, loads = self._loads(X, groups)
        if len(loads) < 2:
            raise ValueError(
                f"LeaveOneLoadOut needs at least 2 loads. Got only {loads.tolist()} in "
                f"{self.column!r}. Add recordings with another load, or split by trial with TrialKFold."
            )
        yield from _leave_one_out(codes, len(loads))

    def _loads(self, X, groups):
        if groups is None and self.column not in getattr(X, "columns", ()):
            got = "an array" if not hasattr(X, "columns") else list(X.columns)
            raise ValueError(
                f"LeaveOneLoadOut reads the load from the column {self.column!r} of a DataFrame. "
                f"Got {got}. Add the column, or give the load of each row as `groups`."
            )
        codes, loads = pd.factorize(np.asarray(X[self.column] if groups is None else groups), sort=True)
        if (codes < 0).any():
            raise ValueError(f"The load of row {np.argmax(codes < 0)} is NaN ({self.column!r}).")
        return codes, loads


class LeaveOneSubjectOut(FrameSplitter):
    """Test on one subject, train on all others.

    Parameters
    ----------
    separator : str, default="_"
        A trial's name begins with its subject's, up to this: "N03_sitting" is one of "N03",
        "sub_01_walk" one of "sub_01" (see `subject_of_frames`).

    Examples
    --------
    >>> import pandas as pd
    >>> from sk_bionic.model_selection import LeaveOneSubjectOut
    >>> trials = ["N01_sitting", "N01_standing", "N03_sitting"]
    >>> index = pd.MultiIndex.from_product([trials, [0.0]], names=["trial", "time"])
    >>> X = pd.DataFrame({"rectus_femoris": 0.1}, index=index)
    >>> [test.tolist() for _, test in LeaveOneSubjectOut().split(X)]
    [[0, 1], [2]]
    """

    def __init__(self, separator="_"):
        self.separator = separator

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of subjects.

        Parameters
        ----------
        X, y, groups : object
            As in `split`.

        Returns
        -------
        int
            The number of folds.
        """
        return len(self._subjects(X, groups)[1])

    def split(self, X, y=None, groups=None):
        """Yield the rows of the training and the test part of each subject, in order of appearance.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_frames, n_features)
            Frames; a DataFrame with an index level "trial" needs no `groups`.
        y : object, default=None
            Ignored.
        groups : array-like of shape (n_frames,), default=None
            The subject of each row, where the trials' names do not tell.

        Yields
        ------
        train, test : ndarray of int
            Row numbers.

        Raises
        ------
        ValueError
            If nothing names the subjects, or there is only one.
        """
        codes, subjects = self._subjects(X, groups)
        if len(subjects) < 2:
            raise ValueError(
                f"LeaveOneSubjectOut needs at least 2 subjects. Got {list(subjects)} from the "
                f"trials' names up to {self.separator!r}. Name the subject of each row as `groups`."
            )
        yield from _leave_one_out(codes, len(subjects))

    def _subjects(self, X, groups):
        if groups is not None:
            return trial_codes(X, groups)
        return pd.factorize(subject_of_frames(X, separator=self.separator))


def subject_of_frames(X, *, separator="_"):
    """Name of each frame's subject: what its trial's name begins with.

    Parameters
    ----------
    X : DataFrame or Series of n_frames rows
        Frames with an index level "trial".
    separator : str, default="_"
        Where the subject's name ends: "N03_sitting" belongs to "N03". A name without it is the
        subject's own. Words such as "sub", "subject", "patient" or "S" name nobody yet:
        "sub_01_walk" belongs to "sub_01", "sub_control_01_walk" to "sub_control_01".

    Returns
    -------
    ndarray of shape (n_frames,), dtype object
        Names, ready to be `groups` of any splitter.

    Raises
    ------
    ValueError
        If the index names no trials.

    Examples
    --------
    >>> import pandas as pd
    >>> from sk_bionic.model_selection import subject_of_frames
    >>> index = pd.MultiIndex.from_product([["N01_sitting", "N03_sitting"], [0.0]], names=["trial", "time"])
    >>> subject_of_frames(pd.Series(0.1, index=index)).tolist()
    ['N01', 'N03']
    """
    if "trial" not in getattr(getattr(X, "index", None), "names", ()):
        raise ValueError(
            "Nothing names the trials of the rows: give a DataFrame whose index has the levels "
            "'trial' and 'time' (s), or name the subject of each row with `groups`."
        )
    names = X.index.get_level_values("trial")
    subjects = {name: _subject_of(str(name), separator) for name in names.unique()}
    return np.array([subjects[name] for name in names], dtype=object)


def _subject_of(name, separator):
    """What a trial's name begins with, as far as it takes to tell a subject from others."""
    pieces = name.split(separator)
    if pieces[0].lower() not in WORDS_FOR_SUBJECT:
        return pieces[0]
    numbered = (k for k, piece in enumerate(pieces) if any(character.isdigit() for character in piece))
    return separator.join(pieces[: next(numbered, 1) + 1])


def _leave_one_out(codes, n_groups):
    for k in range(n_groups):
        yield np.flatnonzero(codes != k), np.flatnonzero(codes == k)
