"""The report's page: heading, overview, sections, warnings, settings."""

import platform
from datetime import datetime
from importlib.metadata import version

import numpy as np
import pandas as pd

import sk_bionic

from ._html import render, style_and_script, table_of
from ._sections import SECTIONS

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "pandas", "matplotlib")


def sections_of(subject):
    """What the page's sections show, dict by their names."""
    return {section.__name__: section(subject) for section in SECTIONS}


def page(title, subject, sections, messages):
    """The whole report.

    Parameters
    ----------
    title : str
    subject : Subject
    sections : dict
        As `sections_of` returns it.
    messages : list of str
        Warnings raised while the report was made.

    Returns
    -------
    str
    """
    return render(
        "report.html", title=title, subtitle=_subtitle(subject), facts=_facts(subject), settings=_settings(subject),
        warnings=_warnings(subject, messages), **style_and_script(), **sections,
    ).lstrip()  # fmt: skip


def _subtitle(subject):
    now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    return f"{type(subject.estimator).__name__}, sk_bionic {sk_bionic.__version__}, report of {now}"


def _facts(subject):
    """The numbers to look at first, the error on what the model has not seen before all others."""
    held_out, measured = subject.held_out, np.asarray(subject.y, dtype=np.float64)
    span = np.rad2deg(np.nanmax(measured) - np.nanmin(measured)) if np.isfinite(measured).any() else np.nan
    error = f"{np.rad2deg(held_out.rmse):.1f}° of {span:.0f}°" if np.isfinite(held_out.rmse) else "unknown"
    facts = [
        _fact("held-out error" if held_out.is_held_out else "error of the fit", error, f"as told {held_out.how}"),
        _fact("recording", _verdict(subject.quality), "by the checks below"),
    ]
    if subject.has_muscles:
        frame = subject.estimator.parameters_
        good = len(frame) - int((frame["at_bound"] | ~frame["identifiable"]).sum())
        facts.append(_fact("parameters determined", f"{good} of {len(frame)}", "others: generic values"))
    duration = subject.quality.trials.n_frames / subject.quality.sampling_rate
    return [*facts, _fact("recorded", f"{duration:.0f} s", f"in {subject.quality.trials.n_trials} trial(s)")]


def _fact(name, value, note):
    return {"name": name, "value": value, "note": note}


def _verdict(quality):
    if quality.ok:
        return "no faults found"
    severe = int((quality.findings["severity"] == "severe").sum())
    warnings = int((quality.findings["severity"] == "warning").sum())
    return f"{severe} severe, {warnings} minor"


def _warnings(subject, messages):
    """What the fit left open, and what was said while the report was made."""
    open_questions = [str(f) for f in getattr(getattr(subject.estimator, "predictor_", None), "findings", ())]
    return [*(f"The recording does not determine {text}." for text in open_questions), *messages]


def _settings(subject):
    estimator = subject.estimator
    given = estimator.get_params(deep=False)
    rows = [(name, _short(value)) for name, value in given.items()]
    for name in ("ode_weight_", "output_cutoff_", "n_iter_"):
        if hasattr(estimator, name):
            rows.append((name, _short(getattr(estimator, name))))
    rows.append(("Python", platform.python_version()))
    rows += [(name, version(name)) for name in PACKAGES]
    return table_of(pd.DataFrame(rows, columns=["setting", "value"]))


def _short(value):
    text = f"{value:.4g}" if isinstance(value, float) else repr(value)
    name = getattr(value, "name", None)
    text = str(name) if name is not None and not isinstance(value, str) else text
    return text if len(text) <= 120 else f"{text[:117]}..."
