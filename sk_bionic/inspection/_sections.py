"""Sections of the report: each takes a `Subject` and returns HTML, empty where there is nothing to say."""

from html import escape
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ._figures import inline
from ._html import quality_table, table
from ._loss import LossDisplay
from ._muscle_forces import MuscleForcesDisplay
from ._parameters import ParametersDisplay
from ._plotting import in_words
from ._predictions import predicted_angles
from ._quality import RecordingQuality
from ._residual import ResidualDisplay
from ._trajectory import TrajectoryDisplay
from ._words import number, parameter_flag, parameter_meaning, with_error

MOST_TRIALS = 6  # drawn; the tables hold all
STRONG_CORRELATION = 0.95
BAND = 2.0  # standard deviations


class Subject(NamedTuple):
    """A fitted estimator and the trials to report on."""

    estimator: Any
    X: Any
    y: Any
    quality: RecordingQuality

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
    return quality_table(subject.quality)


def fit(subject):
    """Errors and bands of the predicted angles."""
    predicted, std, time = predicted_angles(subject.estimator, subject.X)
    display = TrajectoryDisplay.from_predictions(subject.y, predicted, std=std, trials=subject.drawn, **time)
    rows = [_errors(display, name, c) for name in subject.quality.trials.names for c in display.measured]
    columns = ["trial", "angle", "error [deg]", "R²", "range of motion [deg]", "within the band"]
    frame = pd.DataFrame(rows, columns=columns).dropna(axis=1, how="all")
    formats = {
        "error [deg]": ".1f",
        "R²": ".3f",
        "range of motion [deg]": ".0f",
        "within the band": ".0%",
    }
    return (
        inline(display, "Measured and predicted angles over time")
        + _only_some(subject)
        + table(frame, formats=formats)
        + "<p class='hint'>Error: root mean square of measured minus predicted angle. The band holds two standard "
        "deviations to each side: about 95 % of the frames should lie within it. Trials that the model was fitted to "
        "look better than new ones.</p>"
    )


def _errors(display, name, coordinate):
    frames = (display.measured, display.predicted, display.std)
    measured, predicted, std = (None if f is None else f.xs(name, level="trial")[coordinate].to_numpy() for f in frames)
    known = np.isfinite(measured)
    error = (measured - predicted)[known]
    if not len(error):
        return name, in_words(coordinate), np.nan, np.nan, np.nan, np.nan
    variance = np.var(measured[known])
    r2 = 1.0 - np.mean(error**2) / variance if variance > 0 else np.nan
    inside = np.nan if std is None else float(np.mean(np.abs(error) <= BAND * std[known]))
    span = np.rad2deg(np.ptp(measured[known]))
    return name, in_words(coordinate), np.rad2deg(np.sqrt(np.mean(error**2))), r2, span, inside


def parameters(subject):
    """Identified parameters, what they mean and how far they can be relied on."""
    if not subject.has_muscles:
        return ""
    frame = subject.estimator.parameters_
    if not len(frame):
        return "<p>Nothing was identified: all parameters are the generic ones.</p>"
    rows = [
        (
            f"{in_words(row.muscle)}: {in_words(row.name)}",
            with_error(row.value, BAND * row.std_err),
            "" if row.unit == "1" else row.unit,
            number(row.initial),
            parameter_flag(row) or None,
            parameter_meaning(row.name),
        )
        for row in frame.itertuples()
    ]
    columns = [
        "parameter",
        "identified ± 2 standard errors",
        "unit",
        "generic",
        "flag",
        "what it means",
    ]
    flagged = {row[0] for row in rows if row[4]}
    css = lambda row: "flagged" if row.parameter in flagged else ""
    return (
        inline(
            ParametersDisplay.from_estimator(subject.estimator),
            "Identified parameters between their bounds",
        )
        + table(pd.DataFrame(rows, columns=columns).dropna(axis=1, how="all"), row_class=css)
        + "<p class='hint'>Standard errors know the noise of the angle, not the faults of a model: where the fit is "
        "poor, errors are larger. <b>At its bound</b>: the recording asks for a value that is not plausible. <b>Not "
        "determined</b>: the value is the generic one's, the recording says nothing about it.</p>"
        + _correlated(subject.estimator.parameter_correlation_)
    )


def _correlated(correlation):
    """Pairs of parameters of which the recording tells only a combination."""
    values = correlation.to_numpy()
    pairs = np.argwhere(np.triu(np.abs(values) > STRONG_CORRELATION, k=1))
    if not len(pairs):
        return ""
    names = [in_words(name).replace("/", ": ") for name in correlation.columns]
    items = (f"<li>{escape(names[i])} and {escape(names[j])} ({values[i, j]:+.2f})</li>" for i, j in pairs)
    return f"<p>Known together better than apart (correlation):</p><ul>{''.join(items)}</ul>"


def forces(subject):
    """Muscle forces."""
    if not subject.has_muscles:
        return ""
    display = MuscleForcesDisplay.from_estimator(subject.estimator, subject.X, trials=subject.drawn)
    largest = pd.Series(subject.estimator.max_isometric_force_, index=display.forces.columns)
    frame = pd.DataFrame(
        {
            "muscle": [in_words(name) for name in display.forces],
            "mean force [N]": display.forces.mean().to_numpy(),
            "largest force [N]": display.forces.max().to_numpy(),
            "of its maximal isometric force": (display.forces.max() / largest).to_numpy(),
        }
    )
    formats = {
        "mean force [N]": ".0f",
        "largest force [N]": ".0f",
        "of its maximal isometric force": ".0%",
    }
    without = [in_words(name) for name in subject.estimator.synthesized_muscles_]
    note = f"<p>* without EMG of their own: {escape(', '.join(without))}.</p>" if without else ""
    hint = (
        "<p class='hint'>Forces are inferred, not measured: from angles alone they are known relative to the assumed "
        "mass of the limb.</p>"
    )
    figure = inline(display, "Predicted muscle forces over time")
    return figure + _only_some(subject) + table(frame, formats=formats) + note + hint


def residual(subject):
    """What the equation of motion leaves unexplained."""
    if not subject.has_muscles:
        return ""
    display = ResidualDisplay.from_estimator(subject.estimator, subject.X, subject.y, trials=subject.drawn)
    share = np.sqrt((display.residual**2).mean() / (display.torque**2).mean())
    words = ", ".join(f"{in_words(name)} {100 * value:.0f} %" for name, value in share.items())
    return (
        inline(display, "Residual of the equation of motion over time")
        + _only_some(subject)
        + f"<p>Residual relative to the muscles' torque (root mean square): {escape(words)}.</p>"
        "<p class='hint'>The torque that the model cannot explain along the measured motion: muscles without EMG, "
        "passive tissue, noise of the angle. Long stretches to one side mean that something is missing.</p>"
    )


def training(subject):
    """Loss over the epochs, where a network was trained."""
    if not getattr(subject.estimator, "history_", None):
        return ""
    return inline(LossDisplay.from_estimator(subject.estimator), "Loss terms over epochs")


def _only_some(subject):
    n_trials = subject.quality.trials.n_trials
    return "" if n_trials <= MOST_TRIALS else f"<p>The first {MOST_TRIALS} of {n_trials} trials are drawn.</p>"


SECTIONS = {
    "Recording quality": recording,
    "Fit": fit,
    "Muscle parameters": parameters,
    "Muscle forces": forces,
    "Residual of the equation of motion": residual,
    "Training": training,
}
