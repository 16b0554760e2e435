"""A recording as the checks see it: channels, trials, rate and what kind of EMG it is."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.signal import welch
from sklearn.utils.validation import check_array

from sk_bionic._inputs import check_same_index, default_names
from sk_bionic.musculoskeletal.model import EXOGENOUS
from sk_bionic.trials import Trials, find_trials

LOWEST_RAW_RATE = 200.0  # Hz, below which nobody keeps raw EMG
RAW_CORNER, RAW_SHARE = (
    20.0,
    0.3,
)  # raw EMG has more than this share of its power above the corner [Hz]


@dataclass(frozen=True, eq=False)
class Recording:
    """EMG and angles of some trials.

    Attributes
    ----------
    channels : tuple of str
    emg : ndarray (n_frames, n_channels)
        Gaps are bridged by straight lines.
    missing : ndarray of bool (n_frames, n_channels)
    trials : Trials
    rate : float
        Sampling rate [Hz].
    stated_rate : float or None
        What the user says it is.
    angle : ndarray (n_frames, n_coordinates) or None
        In rad, NaN where unknown.
    angle_names : tuple of str
    raw : bool
        Raw EMG rather than envelopes.
    """

    channels: tuple
    emg: np.ndarray
    missing: np.ndarray
    trials: Trials
    rate: float
    stated_rate: float | None
    angle: np.ndarray | None
    angle_names: tuple
    raw: bool

    def pieces(self):
        """Trial name, time (n,) [s] and rows of each trial."""
        for name, rows in zip(self.trials.names, self.trials.slices, strict=True):
            yield name, self.trials.time[rows], rows


def read_recording(X, y, sampling_rate, trial, exclude, signal):
    """A `Recording` of what the user gave.

    Raises
    ------
    ValueError
        Where nothing tells the time, or y does not fit X.
    """
    values = check_array(X, dtype=np.float64, ensure_all_finite=False, input_name="X", copy=True)
    trials = find_trials(X, sampling_rate=sampling_rate, trial=trial)
    if trials is None:
        raise ValueError(
            "Nothing tells the time of the frames: pass `sampling_rate` [Hz], or a DataFrame whose "
            "index has the levels 'trial' and 'time' (s)."
        )
    if not len(trials.interval_starts):
        raise ValueError(
            "Every trial has a single frame, which has neither a rate nor a movement: pass whole recordings."
        )
    angle, angle_names = _angles(X, y, len(values))
    named = isinstance(X, pd.DataFrame)
    names = tuple(map(str, X.columns)) if named else default_names(values.shape[1])
    left_out = {*EXOGENOUS, *exclude, *angle_names, *_told_to_be_no_emg(X)}
    kept = [i for i, name in enumerate(names) if name not in left_out]
    if not kept:
        raise ValueError(f"X has no EMG column. Got the columns {list(names)}.")
    emg = values[:, kept]
    missing = ~np.isfinite(emg)
    emg = bridged(emg, missing, trials)
    rate = trials.sampling_rate
    raw = _looks_raw(emg, trials, rate) if signal == "auto" else signal == "raw"
    channels = tuple(names[i] for i in kept)
    return Recording(channels, emg, missing, trials, rate, sampling_rate, angle, angle_names, raw)


def _told_to_be_no_emg(X):
    """Columns that are no EMG as the file says that they were read from."""
    emg = X.attrs.get("emg", ()) if isinstance(X, pd.DataFrame) else ()
    return [] if set(emg).isdisjoint(map(str, getattr(X, "columns", ()))) else [c for c in X.columns if c not in emg]


def _angles(X, y, n_frames):
    if y is None:
        return None, ()
    check_same_index(X, y)
    angle = check_array(y, ensure_2d=False, dtype=np.float64, ensure_all_finite="allow-nan", input_name="y")
    if len(angle) != n_frames:
        raise ValueError(f"X and y have inconsistent numbers of rows: {n_frames} and {len(angle)}.")
    angle = angle.reshape(n_frames, -1)
    if isinstance(y, pd.DataFrame):
        names = tuple(map(str, y.columns))
    elif isinstance(y, pd.Series) and y.name is not None:
        names = (str(y.name),)
    else:
        names = ("angle",) if angle.shape[1] == 1 else tuple(f"angle{d}" for d in range(angle.shape[1]))
    return angle, names


def bridged(values, missing, trials):
    """Values (n_frames, n_columns) with straight lines over what is missing; 0 where all of a trial is."""
    out = values.copy()
    for rows in trials.slices:
        for j in np.flatnonzero(missing[rows].any(axis=0)):
            known = np.flatnonzero(~missing[rows, j])
            frames = np.arange(rows.stop - rows.start)
            out[rows, j] = np.interp(frames, known, values[rows, j][known]) if len(known) else 0.0
    return out


def _looks_raw(emg, trials, rate):
    """Raw EMG has most of its power above 20 Hz, an envelope next to none."""
    if not rate >= LOWEST_RAW_RATE:
        return False
    shares = []
    for rows in trials.slices:
        frequency, power = welch(emg[rows], rate, nperseg=min(int(rate), rows.stop - rows.start), axis=0)
        high = power[frequency > RAW_CORNER].sum(axis=0)
        total = power[frequency > 1.0].sum(axis=0)
        shares.append(high / np.where(total > 0, total, np.inf))
    return float(np.median(shares)) > RAW_SHARE


def runs(mask):
    """First and last-plus-one positions of the stretches where `mask` holds, list of (int, int)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(mask, int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def joined(mask, gap):
    """`runs`, those less than `gap` frames apart taken as one."""
    out = []
    for start, stop in runs(mask):
        if out and start - out[-1][1] < gap:
            out[-1] = (out[-1][0], stop)
        else:
            out.append((start, stop))
    return out
