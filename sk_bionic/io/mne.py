"""MNE-Python's recordings: from `Raw` to a table, and back."""

import numpy as np
import pandas as pd

from sk_bionic.io._annotations import Annotation, apply_annotations, start_of
from sk_bionic.io._quantities import is_voltage, to_si
from sk_bionic.trials import find_trials

__all__ = ["from_mne", "to_mne"]

VOLT = 107  # FIFF_UNIT_V
KINDS = ("emg", "misc")
UNEVEN = 0.25  # of a step, by which a sample may lie beside its place
SAME_RATE = 1e-3  # relative


def from_mne(raw, *, picks=None, trials="auto", reject_by_annotation=True, trial="recording"):
    """A table out of an MNE-Python recording.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording. What MNE reads from EDF files, it takes for EEG unless told otherwise: set the types of
        channels first (``raw.set_channel_types({"BIC": "emg"})``), or use `read_edf`.
    picks : list of str, default=None
        Names of channels. None: the EMG and miscellaneous channels that are not marked as bad.
    trials : {"auto", "whole"} or list of str, default="auto"
        What is a trial. "auto": each annotation that lasts, unless it begins with "bad" or "edge", is a trial with its
        name; the whole recording is one where there are none. A list: the annotations with these descriptions.
    reject_by_annotation : bool, default=True
        Whether samples within annotations that begin with "bad" become NaN, in all channels or in those of the
        annotation.
    trial : str, default="recording"
        Name of the trial where the whole recording is one.

    Returns
    -------
    DataFrame of shape (n_frames, n_channels)
        Index levels "trial" and "time" [s] on the recording's clock (``raw.first_time`` and on); values as in MNE,
        which keeps voltages in V and miscellaneous channels in whatever they came. No frames where the acquisition
        was off (annotation "BAD_ACQ_SKIP"); a new trial, ``<name>_2`` and so on, behind each "boundary" or "EDGE",
        where two recordings were put together. `attrs`: "source", "units" (column to unit, "" where MNE holds none),
        "emg" (list of EMG columns), "sampling_rate" [Hz], "bad_channels" (those left out),
        "annotations" (list of dict).

    Raises
    ------
    ValueError
        If there is no EMG, a channel or an annotation that is asked for does not exist, or nothing is left.

    Warns
    -----
    UserWarning
        If annotations overlap, or samples lie in none of the trials.

    Notes
    -----
    ``raw.filter`` and ``raw.notch_filter`` leave EMG as it is where EEG stands beside it, and refuse a recording of EMG
    alone: they take data channels, which EMG is none of in MNE. Pass ``picks="emg"``; or filter the table by
    `sk_bionic.preprocessing.EMGEnvelope`.

    Examples
    --------
    >>> import mne  # doctest: +SKIP
    >>> from sk_bionic.io import from_mne
    >>> X = from_mne(mne.io.read_raw("walk_raw.fif"))  # doctest: +SKIP
    """
    names = _picked(raw, picks)
    types = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
    unit = {channel["ch_name"]: "V" if int(channel["unit"]) == VOLT else "" for channel in raw.info["chs"]}
    rate = float(raw.info["sfreq"])
    time = (raw.first_samp + np.arange(raw.n_times)) / rate
    index = pd.MultiIndex.from_arrays([[trial] * len(time), time], names=["trial", "time"])
    table = pd.DataFrame(raw.get_data(picks=names).T, index=index, columns=names)
    annotations = _annotations(raw)
    filenames = [str(name) for name in raw.filenames if name]
    table.attrs.update(
        source=", ".join(filenames),
        units={name: unit[name] for name in names},
        emg=[name for name in names if types[name] == "emg"],
        sampling_rate=rate,
        bad_channels=[name for name in raw.info["bads"] if name not in names],
        annotations=[{"onset": a.onset, "duration": a.duration, "text": a.text} for a in annotations],
    )
    cut = {"trials": trials, "reject_by_annotation": reject_by_annotation, "source": table.attrs["source"] or "raw"}
    return apply_annotations(table, annotations, **cut)


def _picked(raw, picks):
    types = raw.get_channel_types()
    if picks is not None:
        lost = [name for name in picks if name not in raw.ch_names]
        if lost:
            raise ValueError(f"There is no channel {lost[0]!r}. The recording's channels are {raw.ch_names}.")
        return list(picks)
    good = [(n, t) for n, t in zip(raw.ch_names, types, strict=True) if n not in raw.info["bads"]]
    if not any(kind == "emg" for _, kind in good):
        raise ValueError(
            f"The recording has no EMG channel: its channels are {dict(zip(raw.ch_names, types, strict=True))}. Tell "
            'MNE which are, raw.set_channel_types({"BIC": "emg"}), or name the channels by `picks`.'
        )
    return [name for name, kind in good if kind in KINDS]


def _annotations(raw):
    """Annotations on the recording's clock."""
    found = []
    for one in raw.annotations:
        start = start_of((one.get("extras") or {}).get("start"))
        columns = tuple(one.get("ch_names") or ())
        found.append(Annotation(float(one["onset"]), float(one["duration"]), str(one["description"]), columns, start))
    return found


def to_mne(table, *, emg=None, unit=None):
    """An MNE-Python recording out of a table.

    Parameters
    ----------
    table : DataFrame
        EMG and, if any, other signals at even times; index levels "trial" and "time" [s], or "time".
    emg : list of str, default=None
        The EMG columns. None: those of ``table.attrs["emg"]``, else those whose unit is a voltage, else all. The other
        columns become miscellaneous channels, in their own units.
    unit : {"V", "mV", "uV"}, default=None
        Unit of the EMG. None: that of ``table.attrs["units"]``.

    Returns
    -------
    mne.io.RawArray
        EMG in V. Each trial is an annotation with its name. Where there are no frames, samples are 0 and annotated as
        "BAD_ACQ_SKIP". Trials whose times overlap follow one another, and their own first time is kept in the
        annotation's ``extras["start"]``: `from_mne` gives the table back.

    Raises
    ------
    ImportError
        Without the extra "mne".
    ValueError
        If nothing tells the time or the EMG's unit, frames are not evenly sampled, trials have different rates, or a
        trial's name begins with "bad".

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sk_bionic.io import to_mne
    >>> index = pd.MultiIndex.from_product([["curl"], np.arange(2000) / 1000.0], names=["trial", "time"])
    >>> table = pd.DataFrame({"biceps": np.random.default_rng(0).normal(size=2000)}, index)  # mV
    >>> raw = to_mne(table, unit="mV")  # doctest: +SKIP
    """
    mne = _import_mne()
    trials = find_trials(table)
    if trials is None:
        raise ValueError("Nothing tells the time: the table's index must have the levels 'trial' and 'time' (s).")
    emg = _emg_columns(table, emg)
    factors = _factors(table, emg, unit)
    rate, places, starts = _timeline(trials)
    first, last = places[0][0], max(int(place[-1]) for place in places)
    data = np.zeros((table.shape[1], last - first + 1))
    covered = np.zeros(data.shape[1], bool)
    values = table.to_numpy(dtype=np.float64) * factors
    for place, rows in zip(places, trials.slices, strict=True):
        data[:, place - first] = values[rows].T
        covered[place - first] = True
    types = ["emg" if column in emg else "misc" for column in table]
    info = mne.create_info([str(column) for column in table], rate, types)
    raw = mne.io.RawArray(data, info, first_samp=int(first), verbose="ERROR")
    marks = _marks(trials, places, starts, covered, first, rate)
    onset, duration, text, extras = (list(part) for part in zip(*marks, strict=True))
    # Set before there is a date of measurement, onsets count from the first sample.
    onset = [time - first / rate for time in onset]
    return raw.set_annotations(mne.Annotations(onset, duration, text, extras=extras), verbose="ERROR")


def _import_mne():
    try:
        import mne
    except ImportError as error:
        raise ImportError('Recordings of MNE need MNE-Python: pip install "sk_bionic[mne]".') from error
    return mne


def _emg_columns(table, emg):
    columns = list(table.columns)
    if emg is not None:
        lost = [name for name in emg if name not in columns]
        if lost:
            raise ValueError(f"There is no column {lost[0]!r}. The columns are {columns}.")
        return list(emg)
    units = _units(table)
    known = [column for column in table.attrs.get("emg", ()) if column in columns]
    return known or [column for column in columns if is_voltage(units.get(column, ""))] or columns


def _units(table):
    units = table.attrs.get("units")
    return units if isinstance(units, dict) else {}


def _factors(table, emg, unit):
    """What makes V of the EMG and leaves the rest, (n_columns,)."""
    units, factors = _units(table), np.ones(table.shape[1])
    for j, column in enumerate(table):
        if column not in emg:
            continue
        own = unit or units.get(column, "")
        if not is_voltage(own):
            raise ValueError(
                f"The unit of {column!r} is {own or 'not known'}: say that of the EMG, `unit` = 'V', 'mV' or 'uV'; "
                "name columns that are no EMG by leaving them out of `emg`."
            )
        factors[j] = to_si(own)[0]
    return factors


def _timeline(trials):
    """Rate [Hz], the samples' places on one clock for each trial, and each trial's own first time [s]."""
    rate = float(f"{trials.sampling_rate:.9g}")
    places, starts, free = [], [], None
    for name, rows in zip(trials.names, trials.slices, strict=True):
        if str(name).lower().startswith("bad"):
            raise ValueError(f"Trial {name!r}: MNE rejects what is annotated as 'bad...'. Give it another name.")
        time = trials.time[rows]
        own = (time - time[0]) * rate
        place = np.round(own).astype(int)
        beside = np.abs(own - place) > UNEVEN
        if beside.any() or (np.diff(place) < 1).any():
            row = int(beside.argmax())
            raise ValueError(
                f"Trial {name!r}: frames are not {rate:g} Hz apart, as at {time[row]:g} s. Bring them to an even rate "
                "first, by `sk_bionic.preprocessing.resample`."
            )
        begin = round(time[0] * rate)
        if free is None:
            begin = max(begin, 0)
        elif begin < free:
            begin = free
        places.append(begin + place)
        starts.append(float(time[0]))
        free = int(places[-1][-1]) + 1
    return rate, places, starts


def _marks(trials, places, starts, covered, first, rate):
    """Onset [s], duration [s], text and extras of all annotations."""
    marks, before = [], None
    for name, place, start in zip(trials.names, places, starts, strict=True):
        onset = place[0] / rate
        length = (place[-1] - place[0] + 1) / rate
        marks.append((onset, length, str(name), {"start": start}))
        if before is not None and place[0] == before:
            marks += [(onset, 0.0, text, None) for text in ("BAD boundary", "EDGE boundary")]
        before = place[-1] + 1
    edges = np.flatnonzero(np.diff(np.concatenate([[True], covered, [True]])))
    gaps = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    marks += [((first + a) / rate, (b - a) / rate, "BAD_ACQ_SKIP", None) for a, b in gaps]
    return marks
