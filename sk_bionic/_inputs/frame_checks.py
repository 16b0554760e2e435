"""What frames are checked for: columns, values as numbers, time axis, sampling rate, and the amplitude of EMG."""

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import validate_data

from ..exceptions import warn_user
from ..musculoskeletal.model import EXOGENOUS
from ..trials import find_trials

LARGEST = 1e30  # no sensor measures more, in any unit; squares of it are still finite


def numeric(table):
    """A pandas table whose columns are NumPy numbers; anything else as it is.

    Parameters
    ----------
    table : DataFrame, Series or anything
        Columns of objects, nullable types, categories and text are read as numbers, missing values as NaN.

    Raises
    ------
    ValueError
        When two columns have one name, or a value is no number; the message names column and row.
    """
    if isinstance(table, pd.Series):
        return table if _is_numeric(table.dtype) else pd.Series(_read(table, table.name), table.index, name=table.name)
    if not isinstance(table, pd.DataFrame):
        return table
    if not table.columns.is_unique:
        raise ValueError(
            f"Several columns have the same name: {list(dict.fromkeys(table.columns[table.columns.duplicated()]))}. "
            "Rename or drop them."
        )
    if all(_is_numeric(dtype) for dtype in table.dtypes):
        return table
    columns = {name: column if _is_numeric(column.dtype) else _read(column, name) for name, column in table.items()}
    return pd.DataFrame(columns, index=table.index).set_axis(table.columns, axis=1)


def read_values(estimator, X, *, reset):
    """X as values (n_frames, n_columns), checked as scikit-learn does, against the columns of the fit unless `reset`.

    A table of floats needs no conversion.
    """
    X = numeric(X)
    if isinstance(X, pd.DataFrame) and X.size and all(dtype == np.float64 for dtype in X.dtypes):
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        return X.to_numpy()
    return validate_data(estimator, X, reset=reset, dtype=np.float64, ensure_all_finite=False)


def _is_numeric(dtype):
    # Complex numbers are for scikit-learn to refuse.
    return isinstance(dtype, np.dtype) and dtype.kind in "biufc"


def _read(column, name):
    """Values (n_frames,) of a column of any type as floats."""
    if column.dtype.kind in "mM":
        raise ValueError(f"Column {name!r} holds times ({column.dtype}), which are no signal. Drop it.")
    values = np.full(len(column), np.nan)
    for row, value in enumerate(column.astype(object)):
        try:
            values[row] = np.nan if pd.isna(value) else float(value)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"Column {name!r}, row {row} holds {str(value)[:40]!r}, which is no number. Correct it, or "
                "drop the column."
            ) from error
    return values


def fitted_scaler(values, weight):
    """StandardScaler of values (n_frames, n_columns), weighted; a column that hardly moves keeps its unit."""
    with np.errstate(invalid="ignore"):  # of such a column rounding can leave a variance below zero
        return StandardScaler().fit(values, sample_weight=weight)


def check_weights(weight):
    """Raise where weights are too large to be summed, or so small that what they divide is."""
    row = int(np.argmax(weight))
    if weight[row] > LARGEST:
        raise ValueError(f"`sample_weight`, row {row} is {weight[row]:g}: give weights below {LARGEST:g}.")
    if 0 < weight[row] < 1.0 / LARGEST:
        raise ValueError(
            f"The largest `sample_weight`, in row {row}, is {weight[row]:g}: give weights above {1.0 / LARGEST:g}."
        )


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


# EMG whose largest value over the training trials lies between these is taken as normalised already (movements exceed
# the contraction that was to be maximal, by a factor of 1.5 at times), and as raw where it lies an octave beyond them.
NORMALISED_RANGE = (0.05, 2.0)
LARGEST_EXCITATION = 10.0  # of EMG in units of full excitation, which a maximal contraction exceeds by little


def scale_of_emg(emg, how):
    """Amplitude of each channel that counts as excitation 1, learnt over all training trials.

    Parameters
    ----------
    emg : ndarray (n_frames, n_channels)
    how : "auto", "max", None or array-like (n_channels,)
        "auto" leaves EMG alone that is normalised already, and divides every channel of other EMG by its largest value
        (see `raw_share`, which leaves no jump between the two).

    Returns
    -------
    ndarray (n_channels,)

    Raises
    ------
    ValueError
        When a given scale is not positive or not one per channel.
    """
    if how is None:
        return np.ones(emg.shape[1])
    if not isinstance(how, str):
        scale = np.array(how, dtype=np.float64)
        if scale.shape != emg.shape[1:] or not np.all(scale > 0):
            raise ValueError(
                f"`emg_scale` must have one positive number for each of {emg.shape[1]} EMG columns. Got "
                f"{scale.tolist()}."
            )
        return scale
    largest = np.abs(emg).max(axis=0)
    largest = np.where(largest > 0, largest, 1.0)
    return largest if how == "max" else largest ** raw_share(np.abs(emg).max())


def raw_share(largest):
    """How far EMG with this largest value of all channels counts as raw, between 0 (normalised already) and 1.

    Linear in the logarithm over the octave on both sides of `NORMALISED_RANGE`: the scale of a channel, its largest
    value to that power, is continuous in the EMG, and no single frame decides between two scales.
    """
    if largest <= 0:
        return 0.0
    low, high = NORMALISED_RANGE
    return float(np.clip(max(np.log2(low / largest), np.log2(largest / high)), 0.0, 1.0))


def warn_of_negative(emg, names, trials):
    """Warn when a channel is clearly no envelope."""
    for j, name in enumerate(names):
        row = int(np.argmin(emg[:, j]))
        if emg[row, j] < -0.05 * np.abs(emg[:, j]).max():
            warn_user(
                f"Column {name!r} is negative (trial {trials.names[trials.trial_of_frame[row]]!r}, row {row}: "
                f"{emg[row, j]:.3g}): EMG columns must hold rectified envelopes; make them with EMGEnvelope. Negative "
                "values drive no muscle."
            )
            return


def warn_of_flat(emg, names, trials):
    """Warn of channels that are constant throughout a training trial."""
    warn_of_flat_channels(list(names), emg, trials)


def clipped(emg, names, trials):
    """EMG (n_frames, n_channels), 1 at full excitation, not beyond what the activation dynamics stands for; a warning
    tells where it was.
    """
    warn_of_far_beyond(emg, names, trials)
    return np.minimum(emg, LARGEST_EXCITATION)


def check_amplitude(emg, names, trials):
    """Raise where training EMG (n_frames, n_channels), 1 at full excitation, is far beyond anything that the
    activation dynamics stands for.
    """
    message = _far_beyond(emg, names, trials)
    if message:
        raise ValueError(message)


def warn_of_far_beyond(emg, names, trials):
    """Warn of EMG (n_frames, n_channels), 1 at full excitation, that is cut off in a prediction.

    New trials may hold an artefact, or the training part was much weaker; the warning names the first such frame.
    """
    message = _far_beyond(emg, names, trials)
    if message:
        warn_user(f"{message} Predicted as if it were {LARGEST_EXCITATION:g} times.")


def _far_beyond(emg, names, trials):
    row, column = np.unravel_index(np.argmax(emg), emg.shape)
    if emg[row, column] <= LARGEST_EXCITATION:
        return ""
    return (
        f"Column {names[column]!r}, trial {trials.names[trials.trial_of_frame[row]]!r}, row {row} reaches "
        f"{emg[row, column]:.3g} times the EMG that counts as full excitation. Are all trials in the same unit? Else "
        "give that amplitude as `emg_scale`."
    )
