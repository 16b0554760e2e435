"""From the files of a configuration to envelopes and angles of all trials on one clock each."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from .._inputs.checks import LARGEST_RANGE
from ..preprocessing import resample
from ..trials import find_trials
from ._columns import has, take
from ._config import columns_of
from ._estimators import make_envelope
from ._files import find_files, partners, trial_names
from ._recordings import read_recording
from ._units import in_radians

SAME_STAMP = 0.02  # of a step, within which two times are one
SAME_LENGTH = 0.02  # relative difference of two durations that are one
SMALL_RANGE = np.deg2rad(5.0)


def read_frames(config, files=None, need_angle=True):
    """Envelopes and angles of all trials on one time axis each.

    Parameters
    ----------
    config : Config
    files : list of str, optional
        Recordings (relative to the working directory). Default: those of the configuration (relative to its folder).
    need_angle : bool
        Whether missing angles are an error.

    Returns
    -------
    X : DataFrame
        EMG envelopes and external inputs under the model's names; index levels trial and time [s].
    y : DataFrame, Series or None
        Angles [rad]; None where no file has them.

    Raises
    ------
    ValueError
        When files, columns or times do not fit; the message names the file.
    """
    recordings, found = read_recordings(config, files)
    beside = read_beside(config, "angle_files", recordings, found, need_angle)
    signals, prescribed = read_signals(config, recordings, beside)
    envelope = make_envelope(config)
    signals = signals if envelope is None else envelope.fit_transform(signals)
    angles = read_angles(config, beside, need_angle)
    signals, prescribed, angles = on_common_clock(config.data, signals, prescribed, angles)
    return with_prescribed(signals, prescribed, angles)


def read_raw_emg(config):
    """EMG of all trials as recorded; None where the columns are envelopes."""
    if config.emg is None or config.emg.band is False:
        return None
    return pd.concat([take(recording, columns_of(config.data.emg)) for recording in read_recordings(config)[0]])


def read_recordings(config, files=None):
    """The recordings of a configuration or of the command line, and the files as `find_files` gives them."""
    found = find_files(config.data.files, config.folder) if files is None else find_files(files, Path())
    names = trial_names(found)
    recordings = [read_recording(path, config.data, names[path], config.data.sampling_rate) for path in found]
    _check_trials(recordings)
    return recordings, found


def read_beside(config, setting, recordings, found, need=True):
    """The recordings in the files of another setting that belong to these; these, where it is empty.

    Without `need` they are of the command line, and returned where one has no partner as well: it may come alone.
    """
    patterns = getattr(config.data, setting)
    if not patterns:
        return recordings
    try:
        own = found if need else find_files(config.data.files, config.folder)
        pairs = partners(own, find_files(patterns, config.folder), setting, wanted=found)
    except ValueError:
        if need:
            raise
        return recordings
    names = [find_trials(r.table).names for r in recordings]
    rate = config.data.angle_sampling_rate
    beside = [
        read_recording(pairs[r.path], config.data, own[0] if len(own) == 1 else r.path.stem, rate)
        for r, own in zip(recordings, names, strict=True)
    ]
    _check_trials(beside)
    return beside


def read_signals(config, recordings, beside):
    """EMG and other inputs as recorded, and the prescribed angles [rad], under the model's names.

    Parameters
    ----------
    config : Config
    recordings : list of Recording
    beside : list of Recording
        Those with the angles, trial by trial, or `recordings` themselves.

    Returns
    -------
    signals : DataFrame
        With the prescribed angles where the recordings have them.
    prescribed : DataFrame or None
        On the clock of the files beside, where the angles are there.
    """
    data = config.data
    emg, prescribed, other = (columns_of(part) for part in (data.emg, data.prescribed_angles, data.other))
    angles_of = lambda recording: in_radians(take(recording, prescribed, "angle"), prescribed, recording, config)
    if beside is recordings or all(has(recording, prescribed, "angle") for recording in recordings):
        return pd.concat([pd.concat([take(r, emg), angles_of(r), take(r, other)], axis=1) for r in recordings]), None
    signals = pd.concat([take(recording, {**emg, **other}) for recording in recordings])
    return signals, pd.concat([angles_of(recording) for recording in beside])


def with_prescribed(signals, prescribed, angles):
    """Signals with the prescribed angles beside them, and the angles to be predicted, where the former are known."""
    if prescribed is None:
        return signals, angles
    known = prescribed.notna().all(axis=1)
    if not known.any():
        raise ValueError(f"In no frame are EMG and the prescribed angles {list(prescribed.columns)} known.")
    return signals.join(prescribed)[known], None if angles is None else angles[known]


def read_angles(config, recordings, need):
    """Angles [rad] of all trials, None where none is needed and a file has none."""
    names = columns_of(config.data.angle)
    if not need and not all(has(recording, names, "angle") for recording in recordings):
        return None
    tables = [in_radians(take(r, names, "angle"), names, r, config) for r in recordings]
    for recording, table in zip(recordings, tables, strict=True):
        _check_span(table, recording)
    angles = pd.concat(tables)
    if need:
        _warn_of_small(angles, config)
    return angles


def _check_trials(recordings):
    """Raise where two files have a trial of one name."""
    file_of = {}
    for recording in recordings:
        for name in find_trials(recording.table).names:
            if name in file_of:
                raise ValueError(
                    f"{file_of[name]} and {recording.path.name} both have a trial {name!r}: give one of them another "
                    "name."
                )
            file_of[name] = recording.path.name


def _check_span(angles, recording):
    for name, column in angles.items():
        span = column.max() - column.min()
        if span > LARGEST_RANGE:
            cure = (
                f"{recording.says}: correct the header"
                if recording.angle_unit
                else 'if it is in degrees, say angle_unit = "deg" in [data]'
            )
            raise ValueError(
                f"{recording.path}: the angle {name!r} spans {span:.4g} rad, more than any joint moves through: {cure}."
            )


def _warn_of_small(angles, config):
    span = angles.max() - angles.min()
    if config.data.angle_unit == "deg" and (span < SMALL_RANGE).all():
        warnings.warn(
            f"The angle {span.idxmax()!r} moves through {np.rad2deg(span.max()):.2g} deg only in all recordings. If "
            "the files are in radians, "
            'say angle_unit = "rad" in [data].',
            UserWarning,
            stacklevel=2,
        )


def on_common_clock(data, signals, *others):
    """Signals and other tables at the same times: those of the signals, or `frame_rate` frames a second.

    Tables are joined by their times, trial by trial; None stays None.
    """
    trials = find_trials(signals)
    shifted = []
    for table in others:
        if table is not None and find_trials(table).names != trials.names:
            raise ValueError(
                f"Trials of the EMG {list(trials.names)} and of the other files {list(find_trials(table).names)} "
                "differ."
            )
        shifted.append(None if table is None else _on_clock_of(table, signals, data))
    if data.frame_rate is not None:
        return _at_rate(signals, shifted, data.frame_rate)
    for table in shifted:
        if table is not None and not table.index.equals(signals.index):
            raise ValueError(
                "EMG and angles are sampled at different times. Say in [data] how many frames a second both shall "
                "have: frame_rate = 100."
            )
    return (signals, *shifted)


def _on_clock_of(table, signals, data):
    """The table, with the very times of the signals where they differ by rounding only."""
    if table.index.equals(signals.index):
        return table
    parts = []
    for name in find_trials(signals).names:
        part, own = table.loc[[name]], signals.loc[[name]]
        time, clock = (frame.index.get_level_values("time").to_numpy() for frame in (part, own))
        if data.clock == "start":
            time = time - time[0] + clock[0]
        _check_overlap(name, time, clock)
        step = np.median(np.diff(clock)) if len(clock) > 1 else 1.0
        if len(time) == len(clock) and np.abs(time - clock).max() < SAME_STAMP * step:
            time = clock
        parts.append(part.set_axis(pd.MultiIndex.from_product([[name], time], names=["trial", "time"])))
    return pd.concat(parts)


def _check_overlap(name, time, clock):
    """Raise where two files of a trial have no time in common, warn where they look like two clocks."""
    common = min(time[-1], clock[-1]) - max(time[0], clock[0])
    spans = f"the EMG lasts from {clock[0]:g} to {clock[-1]:g} s, the other file from {time[0]:g} to {time[-1]:g} s"
    if common <= 0:
        raise ValueError(
            f"Trial {name!r}: {spans}: they have no time in common. Write both on one clock; if both begin at the "
            "same moment, say "
            'clock = "start" in [data].'
        )
    lengths = time[-1] - time[0], clock[-1] - clock[0]
    apart = abs(time[0] - clock[0])
    if apart > 0.05 * lengths[1] and abs(lengths[0] - lengths[1]) < SAME_LENGTH * max(lengths):
        warnings.warn(
            f"Trial {name!r}: {spans}. They are as long, but joined by their times {apart:g} s of each have no "
            "partner. If both begin at "
            'the same moment, say clock = "start" in [data].',
            UserWarning,
            stacklevel=2,
        )


def at_times_of(data, table, signals):
    """A slower table at the times of the signals, NaN where it says nothing."""
    table = _on_clock_of(table, signals, data)
    parts = []
    for name in find_trials(signals).names:
        part, own = table.loc[[name]], signals.loc[[name]]
        time, known = (frame.index.get_level_values("time").to_numpy() for frame in (own, part))
        values = {c: np.interp(time, known, part[c], left=np.nan, right=np.nan) for c in part}
        parts.append(pd.DataFrame(values, index=own.index))
    return pd.concat(parts)


def _at_rate(signals, others, rate):
    """All tables at the rate [Hz] of `resample`, those that are None left alone."""
    given = [table for table in others if table is not None]
    signals, *read = resample(signals, *given, sampling_rate=rate) if given else [resample(signals, sampling_rate=rate)]
    read = iter(read)
    return (signals, *(None if table is None else next(read) for table in others))
