"""EMG in BIDS: the recording with what the tables beside it tell of its channels and events."""

import re
import warnings
from pathlib import Path

import pandas as pd

from sk_bionic.io import _text
from sk_bionic.io._annotations import Annotation, apply_annotations, start_of
from sk_bionic.io._quantities import is_voltage, to_si
from sk_bionic.io.edf import read_edf

__all__ = ["read_bids"]

ROOT = "dataset_description.json"
_OTHERS = ("TRIG", "SYSCLOCK", "EEG", "ECG", "EOG", "VEOG", "HEOG")  # which no model takes for angles or loads


def read_bids(path, *, signals=None, trials="auto", reject_by_annotation=True, sampling_rate=None, trial=None):
    """Read a recording of a BIDS data set (BIDS-EMG, or another modality with EMG channels).

    Parameters
    ----------
    path : path-like or mne_bids.BIDSPath
        The EDF or BDF file, ``sub-01/emg/sub-01_task-walk_emg.edf``. The tables ``..._channels.tsv`` and
        ``..._events.tsv`` are looked for beside it and in the folders above, by BIDS' inheritance principle.
    signals : list of str, default=None
        Names of channels. None: EMG and others that are not marked as bad, without triggers, EEG, ECG and EOG.
    trials : {"auto", "whole"} or list of str, default="auto"
        What is a trial. "auto": each event that lasts and is not bad, the whole recording where there are none. A
        list: the events of these types.
    reject_by_annotation : bool, default=True
        Whether samples within events that begin with "bad" become NaN.
    sampling_rate : float, default=None
        Rate of the table [Hz], by `sk_bionic.preprocessing.resample`. None: that of the fastest EMG.
    trial : str, default=None
        Name of the trial where the whole recording is one. None: the file's name without suffix and extension.

    Returns
    -------
    DataFrame of shape (n_frames, n_signals)
        As of `read_edf`, with "emg" by the types of ``channels.tsv``. `attrs` has also "bad_channels" (those left out).

    Raises
    ------
    ValueError
        If the file is damaged, or ``channels.tsv`` and the file do not fit; the message names file and channel.
    OSError
        If a file cannot be read.

    Warns
    -----
    UserWarning
        As `read_edf`; and where there is no ``channels.tsv``.

    References
    ----------
    The Brain Imaging Data Structure, specification 1.11, "Electromyography".

    Examples
    --------
    >>> from sk_bionic.io import read_bids
    >>> emg = read_bids("data/sub-01/emg/sub-01_task-walk_emg.edf")  # doctest: +SKIP
    """
    path = Path(getattr(path, "fpath", path))
    if trial is None:
        trial = path.stem.rpartition("_")[0] or path.stem
    channels = _channels(path)
    signals, bad = _chosen(path, channels, signals)
    table = read_edf(
        path, signals=signals, trials="whole", reject_by_annotation=False, sampling_rate=sampling_rate, trial=trial
    )
    if channels is not None:
        _told(path, table, channels)
    table.attrs["bad_channels"] = bad
    own = [Annotation(a["onset"], a["duration"], a["text"]) for a in table.attrs["annotations"]]
    annotations = _events(path, own)
    table.attrs["annotations"] = [{"onset": a.onset, "duration": a.duration, "text": a.text} for a in annotations]
    return apply_annotations(
        table, annotations, trials=trials, reject_by_annotation=reject_by_annotation, source=path.name
    )


def has_channels(path):
    """Whether a channels.tsv belongs to a file."""
    return _beside(Path(path), "channels.tsv") is not None


def _channels(path):
    """The table of channels by name, in the file's order; None where there is none."""
    found = _beside(path, "channels.tsv")
    if found is None:
        warnings.warn(
            f"{path.name}: there is no channels.tsv that belongs to it: every voltage counts as EMG. (file: {path})",
            UserWarning,
            stacklevel=3,
        )
        return None
    table = _tsv(found)
    lost = [name for name in ("name", "type", "units") if name not in table]
    if lost:
        raise _text.fault(found, f"there is no column {lost[0]!r}.", 1)
    return table.set_index("name")


def _tsv(path):
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, encoding="utf-8-sig")


def _beside(path, suffix):
    """The nearest table with this suffix whose entities are all those of the file."""
    own = set(path.stem.split("_")[:-1])
    above = list(path.resolve().parents)
    roots = [i for i, folder in enumerate(above) if (folder / ROOT).exists()]
    for folder in above[: roots[0] + 1 if roots else 1]:
        for found in sorted(folder.glob(f"*{suffix}"), key=lambda p: -len(p.name)):
            entities = set(re.split("_", found.name.removesuffix(suffix).rstrip("_"))) - {""}
            if entities <= own:
                return found
    return None


def _chosen(path, channels, signals):
    """Channels to read, and the bad ones that are left out."""
    if channels is None or signals is not None:
        return ("all" if signals is None else signals), []
    status = channels["status"] if "status" in channels else pd.Series("good", channels.index)
    bad = [name for name in channels.index if status[name].lower() == "bad"]
    kept = [n for n in channels.index if n not in bad and channels["type"][n].upper() not in _OTHERS]
    if not kept:
        raise _text.fault(
            path, f"channels.tsv names no EMG that is not marked as bad. Its channels are {list(channels.index)}."
        )
    return kept, bad


def _told(path, table, channels):
    """Types and units of the channels by their table, in place."""
    attrs = table.attrs
    for column in table.columns:
        if column not in channels.index:
            raise _text.fault(path, f"channels.tsv does not name the channel {column!r} of the file.")
        said, recorded = channels["units"][column], attrs["recorded_units"][column]
        if not recorded and said.lower() not in ("", "n/a"):
            factor, unit = to_si(said)
            table[column] *= factor
            attrs["units"][column], attrs["recorded_units"][column] = unit, said
        elif is_voltage(recorded) and is_voltage(said) and to_si(said) not in (to_si(recorded), to_si("V")):
            # "V" beside a file in uV is how MNE-BIDS 0.20 writes BDF.
            warnings.warn(
                f"{path.name}: the file gives {recorded!r} as unit of {column!r}, channels.tsv {said!r}. That of the "
                "file is taken.",
                UserWarning,
                stacklevel=3,
            )
    attrs["emg"] = [column for column in table.columns if channels["type"][column].upper() == "EMG"]


def _events(path, own):
    """Events by their table; without one, the file's annotations. What those mark as bad counts in any case."""
    found = _beside(path, "events.tsv")
    if found is None:
        return own
    table = _tsv(found)
    lost = [name for name in ("onset", "duration") if name not in table]
    if lost:
        raise _text.fault(found, f"there is no column {lost[0]!r}.", 1)
    text = next((table[name] for name in ("trial_type", "value", "event_type") if name in table), None)
    events = []
    for row in range(len(table)):
        onset, duration = (_seconds(found, table[name][row], name, row) for name in ("onset", "duration"))
        # A column that MNE-BIDS makes of what `to_mne` keeps.
        start = start_of(table["start"][row]) if "start" in table else None
        events.append(Annotation(onset, duration, "event" if text is None else text[row], start=start))
    texts = {event.text for event in events}
    return sorted([*events, *(a for a in own if a.text.lower().startswith("bad") and a.text not in texts)])


def _seconds(path, cell, name, row):
    try:
        return 0.0 if cell.lower() in ("n/a", "") and name == "duration" else float(cell)
    except ValueError:
        raise _text.fault(path, f"column {name!r} must hold seconds. Got {cell!r}.", row + 2) from None
