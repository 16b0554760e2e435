"""What every transformer of frames checks: columns, values, time axis, sampling rate."""

import numpy as np
from sklearn.utils.validation import validate_data

from sk_bionic._inputs.numbers import LARGEST
from sk_bionic.exceptions import warn_user
from sk_bionic.musculoskeletal.model import EXOGENOUS
from sk_bionic.trials import find_trials

# What no limb is loaded or turned by: far beyond any crane, lever or winding, so that only slips of unit get there.
LARGEST_EXTERNAL = {"hand_load_kg": 1e4, "external_torque_nm": 1e5, "segment_orientation_rad": 1e3}


def validated_frames(transformer, X, *, reset, needs_time):
    """Values (a float64 copy), the mask of columns not in `exclude`, and the trials or None."""
    values = validate_data(transformer, X, reset=reset, dtype=np.float64, copy=True, ensure_all_finite=False)
    names = column_names(transformer, values.shape[1])
    unknown = set(transformer.exclude) - set(names) - set(EXOGENOUS)
    if unknown:
        raise ValueError(f"`exclude` names unknown columns: {sorted(unknown)}. Got {list(names)}.")
    included = ~np.isin(names, list(transformer.exclude))
    trials = find_trials(X, sampling_rate=transformer.sampling_rate)
    check_finite(values, included, trials, names)
    if trials is None and needs_time:
        raise ValueError(
            f"{type(transformer).__name__} needs to know when each row was measured. Pass "
            "`sampling_rate` [Hz] if the rows are one continuous trial, or a DataFrame whose "
            "index has the levels 'trial' and 'time' (s)."
        )
    if trials is not None and transformer.sampling_rate is not None:
        check_rates(trials, transformer.sampling_rate, "`sampling_rate` says")
    return values, included, trials


def common_rate(trials, sampling_rate):
    """Sampling rate that all trials share [Hz]; NaN where there is no time axis."""
    if sampling_rate is not None:
        return float(sampling_rate)
    if trials is None:
        return float("nan")
    rates = _rates(trials)
    if np.all(np.isnan(rates)):
        raise ValueError("Every trial has a single row, which tells no sampling rate. Pass `sampling_rate`.")
    rate = float(np.nanmedian(rates))
    check_rates(trials, rate, "the median over the trials is")
    return rate


def check_rates(trials, expected, source):
    """Raise where a trial's rate differs by more than 1 % from `expected` [Hz]."""
    for name, rate in zip(trials.names, _rates(trials), strict=False):
        if abs(rate / expected - 1) > 0.01:
            raise ValueError(
                f"Trial {name!r} is sampled at {rate:g} Hz, but {source} {expected:g} Hz. Resample the trial."
            )


def check_uniform(trials):
    """Raise where time is not uniform; up to half an interval of jitter is due to rounding."""
    for name, rows in zip(trials.names, trials.slices, strict=False):
        time = trials.time[rows]
        if len(time) < 3:
            continue
        expected = np.linspace(time[0], time[-1], len(time))
        interval = np.median(np.diff(time))
        gap = np.abs(np.diff(time, prepend=time[0] - interval) / interval - 1) > 0.5
        drift = np.abs(time - expected) > 0.5 * interval
        if gap.any() or drift.any():
            row = int(np.argmax(gap if gap.any() else drift))
            raise ValueError(
                f"Time is not uniform in trial {name!r}, row {rows.start + row}: {time[row]:g} s "
                f"follows {time[row - 1]:g} s, the median interval is {interval:g} s and uniform "
                f"sampling would have {expected[row]:g} s here. Resample the trial, or split it at the gap."
            )


def warn_of_flat_channels(names, emg, trials):
    """Warn of channels that are constant throughout a trial; mask of those always constant."""
    slices = [slice(0, len(emg))] if trials is None else trials.slices
    trial_names = (0,) if trials is None else trials.names
    measured = [k for k, rows in enumerate(slices) if rows.stop - rows.start > 1]
    flat = np.zeros((len(measured), emg.shape[1]), dtype=bool)
    for i, k in enumerate(measured):
        flat[i] = np.ptp(emg[slices[k]], axis=0) == 0
    for j in np.flatnonzero(flat.any(axis=0)):
        where = [trial_names[measured[i]] for i in np.flatnonzero(flat[:, j])]
        warn_user(
            f"Column {names[j]!r} is constant throughout trial(s) {where}. Is its electrode "
            "connected? Drop the column or those trials."
        )
    return flat.all(axis=0) & bool(measured)


def column_names(transformer, n_columns):
    """Names of the columns, or their positions in an array without names."""
    positions = np.arange(n_columns).astype(object)
    return getattr(transformer, "feature_names_in_", positions)


def check_finite(values, included, trials, names):
    """Raise where a value of an `included` column is NaN or infinite, naming column, trial and row."""
    limits = np.array([LARGEST_EXTERNAL.get(name, LARGEST) for name in names])
    faulty = np.argwhere(~(np.abs(values) <= limits) & included)
    if not len(faulty):
        return
    row, column = faulty[0]
    trial = "" if trials is None else f", trial {trials.names[trials.trial_of_frame[row]]!r}"
    value = values[row, column]
    absurd = np.isfinite(value)
    what = f"{value:g}, which no sensor measures," if absurd else "NaN" if np.isnan(value) else "infinity"
    remedy = "Check its unit and the column's name." if absurd else "Interpolate short gaps or drop the trial."
    raise ValueError(
        f"Column {names[column]!r}{trial}, row {row} is {what} ({len(faulty)} such values in all). {remedy}"
    )


def _rates(trials):
    """Mean sampling rate of each trial between its holes [Hz]; NaN for a single row."""
    pieces = trials.parted(0.0)
    first, last = pieces.starts[:-1], pieces.starts[1:] - 1
    trial = trials.trial_of_frame[first]
    n_steps, duration = np.zeros(trials.n_trials), np.zeros(trials.n_trials)
    np.add.at(n_steps, trial, last - first)
    np.add.at(duration, trial, pieces.time[last] - pieces.time[first])
    return np.divide(n_steps, duration, where=duration > 0, out=np.full(trials.n_trials, np.nan))
