"""What a check of a recording found, as a table with words."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ._advice import ADVICE
from ._html import quality_table
from ._words import place

SEVERITIES = ("note", "warning", "severe")
COLUMNS = (
    "kind",
    "severity",
    "channel",
    "trial",
    "start",
    "stop",
    "value",
    "unit",
    "meaning",
    "advice",
)


class Finding(NamedTuple):
    """One thing that is wrong with a recording.

    Attributes
    ----------
    kind : str
        A key of `ADVICE`.
    severity : {"note", "warning", "severe"}
    channel : str or None
        Column concerned, None where all of them are.
    trial : object or None
        Trial concerned, None where the whole recording is.
    start, stop : float
        Time in the trial [s], NaN where the whole recording is concerned.
    value : float
        Size of the fault in `unit`.
    unit : str
    said : tuple of str
        Meaning and advice, where they are not those of `ADVICE`.
    """

    kind: str
    severity: str
    channel: str | None
    trial: object
    start: float
    stop: float
    value: float
    unit: str
    said: tuple = ()

    @property
    def meaning(self):
        """What was seen, in a sentence."""
        return self.said[0] if self.said else ADVICE[self.kind][0].format(**self._asdict())

    @property
    def advice(self):
        """What to do about it."""
        return self.said[1] if self.said else ADVICE[self.kind][1]


class RecordingQuality:
    """Findings of `check_recording`.

    Parameters
    ----------
    findings : list of Finding
        What was found.
    signal : {"raw", "envelope"}
        What the EMG was taken for.
    sampling_rate : float
        Frames per second [Hz].
    trials : Trials
        The trials of the recording.
    channels : sequence of str
        EMG columns that were checked.
    explained : float
        Cross-validated R2 of the angles predicted from the EMG by a fast learner; NaN without y.
    explained_by_chance : float
        The largest R2 of the same learner on EMG shifted in time; NaN without y.

    Attributes
    ----------
    findings : DataFrame
        Columns kind, severity, channel, trial, start [s], stop [s], value, unit, meaning, advice; the
        severest first.
    ok : bool
        Whether nothing worse than a note was found.
    """

    def __init__(
        self,
        findings,
        *,
        signal,
        sampling_rate,
        trials,
        channels,
        explained=np.nan,
        explained_by_chance=np.nan,
    ):
        ordered = sorted(findings, key=lambda f: -SEVERITIES.index(f.severity))
        rows = [(*finding[:-1], finding.meaning, finding.advice) for finding in ordered]
        self.findings = pd.DataFrame(rows, columns=list(COLUMNS))
        self.signal, self.sampling_rate, self.trials = signal, sampling_rate, trials
        self.channels = tuple(channels)
        self.explained, self.explained_by_chance = explained, explained_by_chance

    @property
    def ok(self):
        """Whether nothing worse than a note was found."""
        return not (self.findings["severity"] != "note").any()

    def __len__(self):
        return len(self.findings)

    @property
    def summary(self):
        """One line on what was checked and how many findings there are."""
        duration = float(np.sum(self.trials.lengths)) / self.sampling_rate
        counts = self.findings["severity"].value_counts()
        found = ", ".join(f"{counts[s]} {s}" for s in SEVERITIES[::-1] if s in counts)
        what = "raw EMG" if self.signal == "raw" else "EMG envelopes"
        text = (
            f"{len(self.channels)} channel(s) of {what}, {self.trials.n_trials} trial(s), "
            f"{duration:.1f} s at {self.sampling_rate:g} Hz: {found or 'no findings'}."
        )
        if np.isfinite(self.explained):
            text += (
                f" EMG explains {100 * max(self.explained, 0):.0f} % of the angle's variance, "
                f"shifted EMG {100 * max(self.explained_by_chance, 0):.0f} %."
            )
        return text

    def __repr__(self):
        lines = [f"RecordingQuality: {self.summary}"]
        for row in self.findings.itertuples():
            lines.append(f"  {row.severity:<7} {row.kind:<14} {place(row)}: {row.meaning}")
        return "\n".join(lines)

    def _repr_html_(self):
        return quality_table(self)
