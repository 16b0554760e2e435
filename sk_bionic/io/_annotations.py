"""Annotations of a recording: spans that are trials or bad, and moments at which two recordings were joined."""

import re
import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd

_BAD = re.compile(r"bad", re.IGNORECASE)
_SKIP = re.compile(r"bad_acq_skip", re.IGNORECASE)
_JOINT = re.compile(r"(edge|(bad )?boundary)", re.IGNORECASE)


class Annotation(NamedTuple):
    """A span of a recording.

    Parameters
    ----------
    onset, duration : float
        In s, on the recording's clock.
    text : str
    columns : tuple of str
        Whose samples are meant. Empty: all.
    start : float or None
        Time [s] of the trial's first frame on the trial's own clock, where that is another one.
    """

    onset: float
    duration: float
    text: str
    columns: tuple = ()
    start: float | None = None

    @property
    def is_trial(self):
        return self.duration > 0 and not self.columns and not _BAD.match(self.text) and not _JOINT.match(self.text)


def start_of(text):
    """Time [s] that a trial's annotation tells as its first frame's own; None where it tells none."""
    try:
        start = float(text)
    except (TypeError, ValueError):
        return None
    return start if np.isfinite(start) else None


def apply_annotations(table, annotations, *, trials, reject_by_annotation, source):
    """Cut a recording into its trials, and leave out what is marked as bad.

    Parameters
    ----------
    table : DataFrame
        One trial, the whole recording.
    annotations : list of Annotation
    trials : "auto", "whole" or list of str
        What the trials are; see `sk_bionic.io.from_mne`.
    reject_by_annotation : bool
        Whether samples of bad spans become NaN.
    source : str
        What to call the recording in messages.

    Returns
    -------
    DataFrame
    """
    attrs = dict(table.attrs)
    time = table.index.get_level_values("time").to_numpy()
    step = np.median(np.diff(time)) if len(time) > 1 else 1.0
    present, table = _without_bad(table, time, step, annotations, reject_by_annotation)
    spans = _spans(annotations, trials, source)
    if spans is None:
        name = table.index.get_level_values("trial")[0] if len(table) else "0"
        spans = [Annotation(time[0], time[-1] - time[0] + step, str(name))] if len(time) else []
    joints = sorted({a.onset for a in annotations if _JOINT.match(a.text)})
    parts, used = [], np.zeros(len(time), bool)
    for span in spans:
        rows = _rows(time, step, span)
        used[rows] = True
        parts += _pieces(table, time, step, rows & present, span, joints)
    lost = np.count_nonzero(present & ~used)
    if lost:
        warnings.warn(
            f"{source}: {lost * step:.3g} s of {len(time) * step:.3g} s lie in none of the {len(spans)} annotated "
            "trials and are left out. Pass `trials='whole'` to read the recording as one trial.",
            UserWarning,
            stacklevel=3,
        )
    if not parts:
        raise ValueError(f"{source}: no samples are left: all lie in spans that are annotated as bad, or in no trial.")
    table = pd.concat(parts)
    table.attrs.update(attrs)
    return table


def _without_bad(table, time, step, annotations, reject):
    """Rows in which anything was recorded, and the table with NaN in its bad spans."""
    present = np.ones(len(time), bool)
    table = table.copy()
    for annotation in annotations:
        if not _BAD.match(annotation.text) or annotation.duration <= 0:
            continue
        rows = _rows(time, step, annotation)
        if _SKIP.match(annotation.text):
            present[rows] = False
        elif reject:
            columns = [c for c in table if c in annotation.columns] if annotation.columns else list(table.columns)
            table.loc[rows, columns] = np.nan
    return present, table


def _rows(time, step, annotation):
    """Samples of a span, whose ends are meant to the nearest sample, (n_samples,) of bool."""
    stop = annotation.onset + annotation.duration
    return (time >= annotation.onset - 0.5 * step) & (time < stop - 0.5 * step)


def _spans(annotations, trials, source):
    """Annotations that are trials, each under a name of its own; None where the whole recording is one."""
    if isinstance(trials, str) and trials not in ("auto", "whole"):
        raise ValueError(f"`trials` must be 'auto', 'whole' or a list of annotations. Got {trials!r}.")
    if isinstance(trials, str):
        found = [a for a in annotations if a.is_trial] if trials == "auto" else []
        if _overlap(found):
            warnings.warn(
                f"{source}: annotations overlap, so not all of them are trials: the recording is read as one trial. "
                f"Say which are, by `trials=[...]`: {sorted({a.text for a in found})}.",
                UserWarning,
                stacklevel=4,
            )
            found = []
        return _named(found) or None
    texts = {a.text for a in annotations}
    lost = [name for name in trials if name not in texts]
    if lost:
        raise ValueError(f"{source}: there is no annotation {lost[0]!r}. There are {sorted(texts)}.")
    return _named([a for a in annotations if a.text in set(trials) and a.duration > 0])


def _overlap(spans):
    ordered = sorted(spans)
    return any(b.onset < a.onset + a.duration - 1e-3 for a, b in zip(ordered, ordered[1:], strict=False))


def _named(spans):
    """Spans of one text get numbers."""
    count = {}
    for span in spans:
        count[span.text] = count.get(span.text, 0) + 1
    seen, named = {}, []
    for span in sorted(spans):
        seen[span.text] = seen.get(span.text, 0) + 1
        name = f"{span.text}_{seen[span.text]}" if count[span.text] > 1 else span.text
        named.append(span._replace(text=name))
    return named


def _pieces(table, time, step, rows, span, joints):
    """A trial's frames, in pieces where recordings were joined: time does not pass from one to the next."""
    stop = span.onset + span.duration
    inside = [joint for joint in joints if span.onset + 0.5 * step < joint < stop - 0.5 * step]
    edges = [-np.inf, *(joint - 0.5 * step for joint in inside), np.inf]
    pieces = []
    for number, (start, stop) in enumerate(zip(edges, edges[1:], strict=False), 1):
        own = rows & (time >= start) & (time < stop)
        if own.any():
            name = f"{span.text}_{number}" if inside else span.text
            clock = time[own] if span.start is None else time[own] - time[rows][0] + span.start
            index = pd.MultiIndex.from_arrays([[name] * own.sum(), clock], names=["trial", "time"])
            pieces.append(table[own].set_axis(index))
    return pieces
