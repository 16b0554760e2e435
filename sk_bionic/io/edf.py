"""EDF and BDF files, as many amplifiers' programs write them."""

import re

import numpy as np

from sk_bionic.io import _text
from sk_bionic.io._annotations import apply_annotations
from sk_bionic.io._clocks import Signals, one_table
from sk_bionic.io._edf_layout import read_edf_layout
from sk_bionic.io._quantities import is_voltage, to_si

__all__ = ["read_edf"]

# First words of EDF+'s standard labels that are no EMG, and BioSemi's line of triggers.
_OTHER = re.compile(
    r"(EEG|ECG|EKG|EOG|ERG|MEG|MCG|EP|TEMP|RESP|SAO2|LIGHT|SOUND|EVENT|STATUS|TRIGGER)\b", re.IGNORECASE
)


def read_edf(
    path, *, signals="all", trials="auto", reject_by_annotation=True, join=True, sampling_rate=None, trial=None
):
    """Read an EDF, EDF+, BDF or BDF+ file.

    No further package is needed. Unlike MNE's reader, this one keeps the times of a discontinuous file (EDF+D), whose
    gaps stay gaps, and reads each signal at its own rate.

    Parameters
    ----------
    path : path-like
        The file.
    signals : {"all", "emg"} or list of str, default="all"
        Which signals: all, the EMG (voltages whose label does not begin with another quantity of EDF+, such as "EEG"
        or "ECG"), or these labels.
    trials : {"auto", "whole"} or list of str, default="auto"
        What is a trial. "auto": each annotation that lasts and is not bad, the whole recording where there are none.
        A list: the annotations with these texts.
    reject_by_annotation : bool, default=True
        Whether samples within annotations that begin with "bad" become NaN.
    join : bool, default=True
        Whether signals of different rates are brought onto one clock by `sk_bionic.preprocessing.resample`. False: the
        table has a row for every time at which any of them was sampled, and NaN where a signal was not.
    sampling_rate : float, default=None
        Rate of that clock [Hz]. None: that of the fastest EMG.
    trial : str, default=None
        Name of the trial where the whole recording is one. None: the file's name without its extension.

    Returns
    -------
    DataFrame of shape (n_frames, n_signals)
        Index levels "trial" and "time" [s] since the start that the header gives; columns as labelled, numbered where
        labels repeat; voltages in V, angles in rad; what has another unit stays as written. Samples between records
        that do not follow one another are not there. `attrs`: "source", "units" (of the table), "recorded_units" (of
        the file), "emg" (list of EMG columns), "sampling_rates" (column to its own rate [Hz]), "sampling_rate",
        "program" ("EDF", "EDF+C", "EDF+D", "BDF" ...), "start" (date and time), "annotations" (list of dict:
        onset, duration, text).

    Raises
    ------
    ValueError
        If the file is none of these or damaged, or does not hold the `signals`; the message names file and signal.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        Where the file holds another number of records than its header says, records of a continuous file do not
        follow one another, annotations overlap, or samples lie in no trial.

    References
    ----------
    Kemp, Olivan, "European data format 'plus' (EDF+), an EDF alike standard format for the exchange of physiological
    data", Clinical Neurophysiology 114 (2003).

    Examples
    --------
    >>> from sk_bionic.io import read_edf
    >>> emg = read_edf("walk.edf", signals="emg")  # doctest: +SKIP
    """
    layout = read_edf_layout(path)
    _text.warn(layout.path, layout.notes)
    names = _names(layout.signals)
    chosen = _chosen(layout, names, signals)
    read = []
    for name, signal in chosen.items():
        values = to_si(signal.unit)[0] * layout.values(signal)
        read.append(Signals(layout.times(signal), values[:, None], [name]))
    for part in read:
        _check_order(layout, part)
    attrs = {
        "units": {name: to_si(signal.unit)[1] for name, signal in chosen.items()},
        "recorded_units": {name: signal.unit for name, signal in chosen.items()},
        "emg": [name for name, signal in chosen.items() if _is_emg(signal)],
        "program": layout.program,
        "start": layout.start,
        "annotations": [{"onset": a.onset, "duration": a.duration, "text": a.text} for a in layout.annotations],
    }
    table = one_table(path, trial, read, order=list(chosen), join=join, sampling_rate=sampling_rate, attrs=attrs)
    cut = {"trials": trials, "reject_by_annotation": reject_by_annotation, "source": layout.path.name}
    return apply_annotations(table, layout.annotations, **cut)


def _names(signals):
    """Labels, made different from one another."""
    names = []
    for position, signal in enumerate(signals, 1):
        name = signal.label or f"channel_{position}"
        while name in names:
            name = f"{name}_{position}"
        names.append(name)
    return names


def _is_emg(signal):
    return is_voltage(signal.unit) and not _OTHER.match(signal.label)


def _chosen(layout, names, signals):
    """Names to signals of those asked for that have samples."""
    found = {name: signal for name, signal in zip(names, layout.signals, strict=True) if signal.n_samples}
    if isinstance(signals, str) and signals not in ("all", "emg"):
        raise ValueError(f"`signals` must be 'all', 'emg' or a list of labels. Got {signals!r}.")
    if signals == "emg":
        found = {name: signal for name, signal in found.items() if _is_emg(signal)}
    elif signals != "all":
        lost = [name for name in signals if name not in found]
        if lost:
            raise _text.fault(layout.path, f"there is no signal {lost[0]!r}. Its signals are {list(found)}.")
        found = {name: found[name] for name in signals}
    if not names:
        raise _text.fault(layout.path, "there are no signals in this file, annotations at most.")
    if not found:
        raise _text.fault(layout.path, f"there is no such signal. Its signals are {names}: choose by `signals`.")
    return found


def _check_order(layout, part):
    wrong = np.flatnonzero(np.diff(part.time) <= 0)
    if len(wrong):
        raise _text.fault(
            layout.path,
            f"its records overlap: {part.columns[0]!r} is at {part.time[wrong[0] + 1]:g} s after "
            f"{part.time[wrong[0]]:g} s.",
        )
