"""Sections of the report: each takes a `Subject` and returns what the template shows of it, None where nothing is."""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ._figures import PAGE, inline
from ._held_out import HeldOutError
from ._html import quality_of, table_of
from ._loss import LossDisplay
from ._muscle_forces import MuscleForcesDisplay
from ._parameters import ParametersDisplay
from ._plotting import in_words, pyplot
from ._quality import RecordingQuality
from ._raw_emg import RawEMGDisplay
from ._residual import ResidualDisplay
from ._trajectory import TrajectoryDisplay
from ._words import BAND, interval, number, parameter_flag, parameter_meaning

MOST_TRIALS = 6  # drawn; the tables hold all
MOST_FRAMES = 1500  # of a trial that are drawn
HEIGHT = 3.0  # inches, of the first trial's panel
MOST_OPEN = 12  # parameters whose values are seen without asking for them
STRONG_CORRELATION = 0.95
SYMBOLS = {
    "": ("determined", "\u25cf"),
    "at its bound": ("bound", "\u25b2"),
    "not determined": ("undetermined", "\u25cb"),
}


@dataclass
class Subject:
    """A fitted estimator and the trials to report on.

    Attributes
    ----------
    estimator : estimator
        The last step.
    X : as that step takes it
    y : as given
    quality : RecordingQuality
    raw_emg : DataFrame or None
        Raw EMG, where there is some.
    predicted, std : ndarray or None
        Angles and their standard deviation [rad].
    time : dict
        What tells the time of the frames.
    seen : ndarray of bool (n_frames,)
        Frames that the model may have been fitted to.
    held_out : HeldOutError
    """

    estimator: Any
    X: Any
    y: Any
    quality: RecordingQuality
    raw_emg: Any
    predicted: Any
    std: Any
    time: dict
    seen: np.ndarray
    held_out: HeldOutError

    @property
    def drawn(self):
        """Names of the trials that figures show."""
        return list(self.quality.trials.names[:MOST_TRIALS])

    @property
    def has_muscles(self):
        """Whether there is an identified model."""
        return getattr(self.estimator, "model_", None) is not None


def recording(subject):
    """Recording quality."""
    return quality_of(subject.quality)


def raw(subject):
    """Raw EMG and its spectrum."""
    if subject.raw_emg is None:
        return None
    display = RawEMGDisplay.from_recording(subject.raw_emg, trial=0)
    return {"figure": inline(display, "raw", "Raw EMG over time and its spectrum"), "trial": f"Trial {display.trial}"}


def fit(subject):
    """Errors and bands of the predicted angles."""
    display = TrajectoryDisplay.from_predictions(
        subject.y, subject.predicted, std=subject.std, trials=subject.drawn[:1], **subject.time
    )
    pyplot("report").close(display.figure_)
    trials, held_out = subject.quality.trials, subject.held_out
    seen = [bool(subject.seen[rows].any()) for rows in trials.slices]
    rows = [
        (name, *_errors(display, name, c), was_seen)
        for name, was_seen in zip(trials.names, seen, strict=True)
        for c in display.measured
    ]
    columns = ["trial", "angle", "error [deg]", "R²", "range of motion [deg]", "within the band", "seen in the fit"]
    frame = pd.DataFrame(rows, columns=columns).dropna(axis=1, how="all")
    formats = {"error [deg]": ".1f", "R²": ".3f", "range of motion [deg]": ".0f", "within the band": ".0%"}
    of = " on recordings that it has not seen" if held_out.is_held_out else ""
    told = f"The model errs by {_degrees(held_out.rmse)}{of}, as told {held_out.how}."
    if any(seen) and held_out.is_held_out:
        told += " Trials that the model was fitted to look better in the figures and in the table than new ones."
    figures = _first_and_rest(subject, display, "fit", "Measured and predicted angles over time")
    return figures | {
        "told_first": told,
        "table": table_of(frame, formats=formats),
        "has_band": subject.std is not None,
    }


def _degrees(angle):
    return f"{np.rad2deg(angle):.1f}°" if np.isfinite(angle) else "unknown"


def _first_and_rest(subject, display, name, description):
    """The first trial across the page and the next ones small below it, as markup."""
    plt, names = pyplot("report"), subject.drawn
    n = len(getattr(display, "measured", getattr(display, "residual", pd.DataFrame(columns=["forces"]))).columns)
    n = 1 if isinstance(display, MuscleForcesDisplay) else n
    _, axes = plt.subplots(n, 1, figsize=(PAGE, HEIGHT * n), squeeze=False, layout="constrained")
    display = _thinned(display)
    found = {"first": inline(display.plot(axes.ravel(), trials=names[:1]), f"{name}1", description), "rest": ""}
    if len(names) > 1:
        found["rest"] = inline(display.plot(trials=names[1:]), f"{name}2", f"{description}, further trials")
    n_trials = subject.quality.trials.n_trials
    few = f"The first {MOST_TRIALS} of {n_trials} trials are drawn." if n_trials > MOST_TRIALS else ""
    return found | {"left_out": few}


def _thinned(display):
    """A copy of the display with no more frames than a drawing shows; the tables keep all."""
    out = copy.copy(display)
    for name, frame in vars(display).items():
        if isinstance(frame, pd.DataFrame):
            stride = -(-int(frame.groupby(level="trial").size().max()) // MOST_FRAMES)
            setattr(out, name, frame if stride == 1 else frame[frame.groupby(level="trial").cumcount() % stride == 0])
    return out


def _errors(display, name, coordinate):
    frames = (display.measured, display.predicted, display.std)
    measured, predicted, std = (None if f is None else f.xs(name, level="trial")[coordinate].to_numpy() for f in frames)
    known = np.isfinite(measured)
    error = (measured - predicted)[known]
    if not len(error):
        return in_words(coordinate), np.nan, np.nan, np.nan, np.nan
    variance = np.var(measured[known])
    r2 = 1.0 - np.mean(error**2) / variance if variance > 0 else np.nan
    inside = np.nan if std is None else float(np.mean(np.abs(error) <= BAND * std[known]))
    span = np.rad2deg(np.ptp(measured[known]))
    return in_words(coordinate), np.rad2deg(np.sqrt(np.mean(error**2))), r2, span, inside


def parameters(subject):
    """Identified parameters, what they mean and how far they can be relied on."""
    if not subject.has_muscles:
        return None
    frame = subject.estimator.parameters_
    if not len(frame):
        return {"table": None}
    rows = [
        (
            f"{in_words(row.muscle)}: {in_words(row.name)}",
            interval(row),
            "" if row.unit == "1" else row.unit,
            number(row.initial),
            parameter_flag(row) or None,
            parameter_meaning(row.name),
        )
        for row in frame.itertuples()
    ]
    columns = ["parameter", "identified ± 2 standard errors", "unit", "generic", "flag", "what it means"]
    table = pd.DataFrame(rows, columns=columns).dropna(axis=1, how="all")
    flagged = {row[0] for row in rows if row[4]}
    n_good = len(frame) - int((frame["at_bound"] | ~frame["identifiable"]).sum())
    others = "; the others must not be read as the subject's" if n_good < len(frame) else ""
    return {
        "told": f"{n_good} of {len(frame)} parameters are determined{others}.",
        "pattern": _pattern(frame),
        "is_short": len(frame) <= MOST_OPEN,
        "figure": inline(
            ParametersDisplay.from_estimator(subject.estimator), "par", "Identified parameters between their bounds"
        ),
        "table": table_of(table, flagged=lambda row: row.parameter in flagged),
        "correlated": _correlated(subject.estimator.parameter_correlation_),
    }


def _pattern(frame):
    """Which parameters of which muscle or joint are determined, as rows of cells."""
    owners, names = (list(dict.fromkeys(frame[column])) for column in ("muscle", "name"))
    cells = {(row.muscle, row.name): _pattern_cell(row) for row in frame.itertuples()}
    rows = [{"name": in_words(name), "cells": [cells.get((owner, name)) for owner in owners]} for name in names]
    return {"owners": [in_words(owner) for owner in owners], "rows": rows}


def _pattern_cell(row):
    flag, half, unit = parameter_flag(row), BAND * row.std_err, "" if row.unit == "1" else f" {row.unit}"
    css, text = SYMBOLS[flag]
    if not flag and np.isfinite(half):
        relative = row.lower > 0 and half < row.value
        text += f" ± {100 * half / row.value:.2g} %" if relative else f" ± {half:.2g}{unit}"
    title = f"{in_words(row.muscle)}, {in_words(row.name)}: {interval(row)}{unit}; generic {number(row.initial)}{unit}"
    return {"css": css, "text": text, "title": f"{title}; {flag}" if flag else title}


def _correlated(correlation):
    """Pairs of parameters of which the recording tells only a combination, list of str."""
    values = correlation.to_numpy()
    names = [in_words(name).replace("/", ": ") for name in correlation.columns]
    pairs = np.argwhere(np.triu(np.abs(values) > STRONG_CORRELATION, k=1))
    return [f"{names[i]} and {names[j]} ({values[i, j]:+.2f})" for i, j in pairs]


def forces(subject):
    """Muscle forces."""
    if not subject.has_muscles:
        return None
    display = MuscleForcesDisplay.from_estimator(subject.estimator, subject.X, trials=subject.drawn[:1])
    pyplot("report").close(display.figure_)
    largest = pd.Series(subject.estimator.max_isometric_force_, index=display.forces.columns)
    frame = pd.DataFrame(
        {
            "muscle": [in_words(name) for name in display.forces],
            "mean force [N]": display.forces.mean().to_numpy(),
            "largest force [N]": display.forces.max().to_numpy(),
            "of its maximal isometric force": (display.forces.max() / largest).to_numpy(),
        }
    )
    formats = {"mean force [N]": ".0f", "largest force [N]": ".0f", "of its maximal isometric force": ".0%"}
    figures = _first_and_rest(subject, display, "force", "Predicted muscle forces over time")
    without = ", ".join(in_words(name) for name in subject.estimator.synthesized_muscles_)
    return figures | {"table": table_of(frame, formats=formats), "without": without}


def residual(subject):
    """What the equation of motion leaves unexplained."""
    if not subject.has_muscles:
        return None
    display = ResidualDisplay.from_estimator(subject.estimator, subject.X, subject.y, trials=subject.drawn[:1])
    pyplot("report").close(display.figure_)
    share = np.sqrt((display.residual**2).mean() / (display.torque**2).mean())
    words = ", ".join(f"{in_words(name)} {100 * value:.0f} %" for name, value in share.items())
    figures = _first_and_rest(subject, display, "residual", "Residual of the equation of motion over time")
    return figures | {"share": words}


def training(subject):
    """Loss over the epochs, where a network was trained."""
    if not getattr(subject.estimator, "history_", None):
        return None
    return inline(LossDisplay.from_estimator(subject.estimator), "loss", "Loss terms over epochs")


SECTIONS = (recording, raw, fit, parameters, forces, residual, training)
