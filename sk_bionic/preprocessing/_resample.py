"""Tables of different rates on one clock."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline

from sk_bionic.trials import find_trials
from sk_bionic.trials.filters import low_pass

LONGEST_BRIDGE = 1.5  # steps, of the table or of the new clock, over which values are interpolated
SAME_RATE = 1e-3  # relative difference within which a table has the new rate already
# The anti-aliasing filter: 0.8 of the new Nyquist frequency, as decimation filters have it; its ringing at the ends of
# a piece dies away within some periods, over which the piece is reflected.
CUTOFF, ORDER, PERIODS = 0.4, 8, 8
JITTER = 0.01  # of a step, beyond which samples are put on a uniform grid before they are filtered


def resample(*tables, sampling_rate=100.0):
    """Bring tables of any rates onto one clock: EMG at 1926 Hz and angles at 100 Hz become X and y of the same frames.

    The first table says which frames there are; the others are read at its frames, by their times. A table that is
    faster than the new clock is low-passed first (zero lag, 0.4 times the new rate), so nothing is folded back into the
    signal and nothing is delayed. Between samples a cubic spline interpolates; nothing is extrapolated, and gaps stay
    gaps: NaN where another table or a column says nothing for longer than one and a half steps, no frames where the
    first table has no rows.

    Parameters
    ----------
    *tables : DataFrame or Series of n_samples rows
        Signals with the index levels "trial" and "time" [s], or "time" alone where there is one trial. All have the
        same trials, in any order. Raw EMG must keep its own rate (as `sampling_rate`, or until its envelope is made):
        what it tells lies above any rate at which limbs move. Times count on one clock; where two devices started
        apart, shift the times of one first.
    sampling_rate : float, default=100.0
        New rate [Hz]. Where a table has that rate already (within 0.1 %), the clock is in step with its samples.

    Returns
    -------
    DataFrame or Series, or tuple of them
        One for each table in its type, all with the same index; a column that nowhere is negative stays so. ``dropna``
        removes frames that another table does not cover.

    Raises
    ------
    ValueError
        When a table has no time, a trial of the first table is missing in another one or not covered by its times, or a
        value is infinite or no number.

    See Also
    --------
    EMGEnvelope : Envelopes from raw EMG, to be made before their rate is lowered.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sk_bionic.preprocessing import resample
    >>> times = {"emg": np.arange(0.0, 3.0, 1 / 1926), "angle": np.arange(0.5, 2.5, 1 / 100)}
    >>> index = {name: pd.MultiIndex.from_product([["walk"], t], names=["trial", "time"]) for name, t in times.items()}
    >>> envelope = pd.DataFrame({"biceps": 0.2 + 0.1 * np.sin(times["emg"])}, index["emg"])
    >>> angle = pd.Series(np.cos(times["angle"]), index["angle"], name="elbow_flexion")
    >>> X, y = resample(envelope, angle, sampling_rate=100.0)
    >>> len(X), X.index.equals(y.index), int(y.notna().sum())
    (300, True, 200)
    """
    if not tables:
        raise ValueError("`resample` needs at least one table.")
    if not (np.isfinite(sampling_rate) and sampling_rate > 0):
        raise ValueError(f"`sampling_rate` must be a positive number of Hz. Got {sampling_rate!r}.")
    sources = [_Source.of(table, position) for position, table in enumerate(tables)]
    names = _common_trials(sources)
    clocks = {name: _clock([source.times(name) for source in sources], sampling_rate) for name in names}
    for name in names:
        _check_covered(sources, name, clocks[name])
    index = _index(clocks)
    read = [source.read(clocks, 1.0 / sampling_rate) for source in sources]
    out = tuple(_like(table, values, index, sampling_rate) for table, values in zip(tables, read, strict=True))
    return out[0] if len(out) == 1 else out


class _Source(NamedTuple):
    """A table's values (n_samples, n_columns), their times, and what to call the table in messages."""

    label: str
    columns: list
    values: np.ndarray
    rows: dict  # slice of each trial's rows
    time: np.ndarray

    @classmethod
    def of(cls, table, position):
        label = f"Table {position}"
        trials = find_trials(table) if isinstance(table, pd.DataFrame | pd.Series) else None
        if trials is None:
            levels = f" with the index levels {list(table.index.names)}" if hasattr(table, "index") else ""
            raise ValueError(
                f"{label} must be a DataFrame or Series whose index has the levels 'trial' and 'time' (s), or "
                f"'time'. Got {type(table).__name__}{levels}."
            )
        columns = list(table.columns) if isinstance(table, pd.DataFrame) else [table.name]
        label = f"{label} (columns {', '.join(map(str, columns[:3]))}{', ...' if len(columns) > 3 else ''})"
        try:
            values = np.asarray(table, dtype=np.float64).reshape(len(table), -1)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{label} holds values that are no numbers: {error}.") from error
        infinite = np.argwhere(np.isinf(values))
        if len(infinite):
            row, column = infinite[0]
            raise ValueError(f"{label}: column {columns[column]!r}, row {row} is infinite.")
        names = trials.names if "trial" in table.index.names else (None,)
        return cls(label, columns, values, dict(zip(names, trials.slices, strict=True)), trials.time)

    def rows_of(self, name):
        return self.rows[None] if None in self.rows else self.rows[name]

    def times(self, name):
        return self.time[self.rows_of(name)]

    def read(self, clocks, step):
        """Values (n_frames, n_columns) at the frames of all trials."""
        parts = [
            read_at(self.values[self.rows_of(name)], self.times(name), time, step) for name, time in clocks.items()
        ]
        return np.concatenate(parts)


def _common_trials(sources):
    """Names of the trials of the first table; every other table must have them."""
    named = [source for source in sources if None not in source.rows]
    if not named:
        return [None]
    names = list(named[0].rows)
    for source in sources:
        if None in source.rows and len(names) > 1:
            raise ValueError(
                f"{source.label} names no trials, but {named[0].label} has {len(names)}: {names[:5]}. Give it an "
                "index level 'trial'."
            )
        lost = [name for name in names if None not in source.rows and name not in source.rows]
        more = [name for name in source.rows if name is not None and name not in names]
        if lost or more:
            raise ValueError(
                f"{source.label} has the trials {list(source.rows)[:5]}, {named[0].label} has {names[:5]}: the first "
                f"that only one of them has is {(lost + more)[0]!r}. Give the same trial the same name in all tables, "
                "or select the trials that all have."
            )
    return names


def _clock(times, sampling_rate):
    """Times of the new frames [s]: over those of the first table, in step with a table of that rate."""
    start, stop = times[0][0], times[0][-1]
    in_step = [t[0] for t in times if len(t) > 1 and abs(_rate(t) / sampling_rate - 1) < SAME_RATE]
    origin = in_step[0] if in_step else start
    # A hundredth of a step of slack keeps the last frame where rounding would lose it.
    first = np.ceil((start - origin) * sampling_rate - 0.01)
    last = np.floor((stop - origin) * sampling_rate + 0.01)
    time = origin + np.arange(first, last + 1) / sampling_rate
    if len(time) == 0:
        time = times[0][:1]
    return time[_bracketed(times[0], time, 1.0 / sampling_rate)]


def _rate(time):
    return 1.0 / np.median(np.diff(time))


def _longest_bridge(known, rows, step):
    """Seconds between two known samples over which values are interpolated; columns may be known in some rows only."""
    of_rows = np.median(np.diff(rows)) if len(rows) > 1 else step
    of_known = np.median(np.diff(known)) if len(known) > 1 else of_rows
    usual = of_known if of_known > 1.99 * of_rows else of_rows
    return LONGEST_BRIDGE * max(usual, step)


def _bracketed(samples, time, step):
    """Frames that lie on a sample or between two that are near enough, (n_frames,) of bool."""
    return _piece_of(_edges(samples, _longest_bridge(samples, samples, step)), samples, time, step) >= 0


def _edges(samples, longest):
    """Offsets at which the samples fall into pieces without a gap, (n_pieces + 1,)."""
    return np.concatenate([[0], np.flatnonzero(np.diff(samples) > longest) + 1, [len(samples)]])


def _piece_of(edges, samples, time, step):
    """Number of the piece that each frame lies in, -1 where it lies in none, (n_frames,)."""
    slack = 0.01 * step
    first, last = samples[edges[:-1]] - slack, samples[edges[1:] - 1] + slack
    piece = np.searchsorted(first, time, side="right") - 1
    return np.where((piece >= 0) & (time <= last[piece]), piece, -1)


def _check_covered(sources, name, clock):
    """Raise where a table has no time in common with the first one's frames."""
    for source in sources[1:]:
        time = source.times(name)
        if not ((clock >= time[0] - 1e-9) & (clock <= time[-1] + 1e-9)).any():
            begin, end = sources[0].times(name)[[0, -1]]
            raise ValueError(
                f"Trial {name!r}: {source.label} lasts from {time[0]:g} to {time[-1]:g} s, {sources[0].label} from "
                f"{begin:g} to {end:g} s: they have no time in common. Count both on one clock first, by a "
                "common trigger."
            )


def read_at(values, time, clock, step):
    """One trial's values (n_samples, n_columns) at the times of a clock, (n_frames, n_columns)."""
    out = np.full((len(clock), values.shape[1]), np.nan)
    for j, column in enumerate(values.T):
        known = np.isfinite(column)
        if not known.any():
            continue
        samples, signal = time[known], column[known]
        edges = _edges(samples, _longest_bridge(samples, time, step))
        piece = _piece_of(edges, samples, clock, step)
        for k in np.unique(piece[piece >= 0]):
            part, frames = slice(edges[k], edges[k + 1]), piece == k
            out[frames, j] = _read_piece(signal[part], samples[part], clock[frames], step)
        if (signal >= 0).all():  # filter and spline overshoot, but an envelope or a mass is not negative
            out[:, j] = np.maximum(out[:, j], 0.0, where=np.isfinite(out[:, j]), out=out[:, j])
    return out


def _read_piece(signal, time, clock, step):
    """A signal without gaps (n_samples,) at the times of a clock within it, low-passed where the clock is slower."""
    clock = np.clip(clock, time[0], time[-1])
    if len(time) < 4:
        return np.interp(clock, time, signal)
    own = (time[-1] - time[0]) / (len(time) - 1)
    if own < step * (1 - SAME_RATE):
        if np.abs(np.diff(time) / own - 1).max() > JITTER:
            uniform = np.linspace(time[0], time[-1], len(time))
            time, signal = uniform, np.interp(uniform, time, signal)
        smoothing = {"order": ORDER, "extension": "odd", "periods": PERIODS}
        signal = low_pass(signal[:, None], CUTOFF / step, 1.0 / own, **smoothing)[:, 0]
    values = CubicSpline(time, signal)(clock)
    nearest = np.searchsorted((time[1:] + time[:-1]) / 2, clock)
    on_sample = np.abs(clock - time[nearest]) < 1e-6 * own  # as it was, then, to the last digit
    return np.where(on_sample, signal[nearest], values)


def _index(clocks):
    time = np.concatenate(list(clocks.values()))
    if None in clocks:
        return pd.Index(time, name="time")
    names = list(clocks)
    codes = np.repeat(np.arange(len(names)), [len(t) for t in clocks.values()])
    return pd.MultiIndex.from_arrays([pd.Index(names)[codes], time], names=["trial", "time"])


def _like(table, values, index, sampling_rate):
    if isinstance(table, pd.Series):
        out = pd.Series(values[:, 0], index=index, name=table.name)
    else:
        out = pd.DataFrame(values, index=index, columns=table.columns)
    out.attrs.update(table.attrs)
    if "sampling_rate" in out.attrs:
        out.attrs["sampling_rate"] = float(sampling_rate)
    return out
