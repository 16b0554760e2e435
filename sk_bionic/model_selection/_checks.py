"""What every splitter asks first: the trial of each row, the number of folds, the gap."""

from typing import ClassVar

import numpy as np
import pandas as pd
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_consistent_length

from sk_bionic.trials import find_trials


class FrameSplitter(BaseCrossValidator):
    """Base of the splitters: rows to training and test part of each fold, `groups` routed to them."""

    # Under scikit-learn's metadata routing, `groups` given to cross_validate reach the splitter.
    __metadata_request__split: ClassVar[dict] = {"groups": True}


def trial_codes(X, groups, sampling_rate=None):
    """Number of the trial (or group) of each row, and the names by number."""
    if groups is not None:
        codes, names = pd.factorize(np.asarray(groups))
        if X is not None:
            check_consistent_length(X, codes)
        return codes, list(names)
    trials = find_trials(X, sampling_rate=sampling_rate)
    if trials is None:
        raise ValueError(
            "Nothing names the trials of the rows: give a DataFrame whose index has the levels "
            "'trial' and 'time' (s), or name the trials of plain arrays with `groups`."
        )
    return trials.trial_of_frame, list(trials.names)


def known_targets(y, n_frames):
    """Mask (n_frames,) of the rows whose targets are all known; every row where `y` is None."""
    if y is None:
        return np.ones(n_frames, dtype=bool)
    missing = np.asarray(pd.isna(y))
    if len(missing) != n_frames:
        raise ValueError(f"`y` must have one row per row of `X`. Got {len(missing)} != {n_frames}.")
    return ~missing.reshape(n_frames, -1).any(axis=1)


def take(data, rows):
    return data.loc[rows] if hasattr(data, "loc") else np.asarray(data)[rows]


def check_n_splits(n_splits):
    if isinstance(n_splits, bool) or not isinstance(n_splits, int | np.integer) or n_splits < 2:
        raise ValueError(f"`n_splits` must be an integer of at least 2. Got {n_splits!r}.")


def check_gap(gap):
    if not (np.isfinite(gap) and gap >= 0):
        raise ValueError(f"`gap` must be a non-negative number of seconds. Got {gap!r}.")
