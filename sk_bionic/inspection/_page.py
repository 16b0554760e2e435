"""The report's page: heading, overview, sections, warnings, settings."""

import platform
from datetime import datetime
from html import escape
from importlib.metadata import version

import numpy as np
import pandas as pd

import sk_bionic

from ._html import table
from ._plotting import timed
from ._predictions import times_of

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "pandas", "matplotlib")
STYLE = """
body{font:16px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;color:#1b1b1b;background:#fff;
max-width:64rem;margin:2rem auto;padding:0 1.2rem}
h1{font-size:1.7rem;margin:0 0 .2rem}h2{font-size:1.2rem;margin:2.4rem 0 .6rem;padding-bottom:.2rem;
border-bottom:1px solid #ccc}
table{border-collapse:collapse;margin:.8rem 0;font-size:.9rem;width:100%}
th{text-align:left;font-weight:600;border-bottom:2px solid #999;padding:.3rem .6rem .3rem 0;vertical-align:bottom}
td{border-bottom:1px solid #e3e3e3;padding:.3rem .6rem .3rem 0;vertical-align:top;font-variant-numeric:tabular-nums}
tr.flagged td{background:#fdeee4}
img{max-width:100%;height:auto;display:block;margin:.6rem 0}
.hint,.sub{color:#555;font-size:.9rem}
.facts{display:flex;flex-wrap:wrap;gap:.8rem;margin:1.2rem 0}
.facts div{flex:1 1 11rem;border:1px solid #ddd;border-radius:6px;padding:.6rem .9rem}
.facts b{display:block;font-size:1.35rem}
code{font-size:.88rem}
@media print{body{margin:0;max-width:none}h2,tr,img{break-inside:avoid}}
"""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p class="sub">{subtitle}</p>
{facts}
{sections}
</body>
</html>
"""


def page(title, subject, sections, messages):
    """The whole report.

    Parameters
    ----------
    title : str
    subject : Subject
    sections : list of tuple (str, str)
        Heading and HTML; empty ones are left out.
    messages : list of str
        Warnings raised while the report was made.

    Returns
    -------
    str
    """
    sections = [
        *sections,
        ("Warnings", _warnings(subject, messages)),
        ("How this was made", _settings(subject)),
    ]
    return PAGE.format(
        policy=POLICY,
        title=escape(title),
        style=STYLE,
        subtitle=escape(_subtitle(subject)),
        facts=_facts(subject),
        sections="\n".join(f"<h2>{escape(name)}</h2>\n{text}" for name, text in sections if text),
    )


def _subtitle(subject):
    now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    return f"{type(subject.estimator).__name__}, sk_bionic {sk_bionic.__version__}, report of {now}"


def _facts(subject):
    """The four numbers to look at first."""
    facts = [("recording", _verdict(subject.quality)), ("error of the angle", _error(subject))]
    if subject.has_muscles:
        frame = subject.estimator.parameters_
        flagged = int((frame["at_bound"] | ~frame["identifiable"]).sum())
        facts.append(("identified parameters", f"{len(frame) - flagged} of {len(frame)}"))
    duration = subject.quality.trials.n_frames / subject.quality.sampling_rate
    facts.append(("recorded", f"{duration:.0f} s in {subject.quality.trials.n_trials} trial(s)"))
    boxes = "".join(f"<div><b>{escape(value)}</b>{escape(name)}</div>" for name, value in facts)
    return f'<div class="facts">{boxes}</div>'


def _verdict(quality):
    if quality.ok:
        return "no faults found"
    severe = int((quality.findings["severity"] == "severe").sum())
    warnings = int((quality.findings["severity"] == "warning").sum())
    return f"{severe} severe, {warnings} minor"


def _error(subject):
    time = times_of(subject.estimator, subject.X)
    measured = timed(subject.y, **time).to_numpy()
    predicted = np.asarray(subject.estimator.predict(subject.X)).reshape(measured.shape)
    error = np.rad2deg(np.sqrt(np.nanmean((measured - predicted) ** 2)))
    return f"{error:.1f}°"


def _warnings(subject, messages):
    """What the fit left open, and what was said while the report was made."""
    open_questions = [str(f) for f in getattr(getattr(subject.estimator, "predictor_", None), "findings", ())]
    items = [*(f"The recording does not determine {text}." for text in open_questions), *messages]
    if not items:
        return "<p>None.</p>"
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"


def _settings(subject):
    estimator = subject.estimator
    given = estimator.get_params(deep=False)
    rows = [(name, _short(value)) for name, value in given.items()]
    for name in ("ode_weight_", "output_cutoff_", "n_iter_"):
        if hasattr(estimator, name):
            rows.append((name, _short(getattr(estimator, name))))
    rows.append(("Python", platform.python_version()))
    rows += [(name, version(name)) for name in PACKAGES]
    text = table(pd.DataFrame(rows, columns=["setting", "value"]))
    return f"<details><summary>{len(rows)} settings and versions</summary>{text}</details>"


def _short(value):
    text = f"{value:.4g}" if isinstance(value, float) else repr(value)
    name = getattr(value, "name", None)
    text = str(name) if name is not None and not isinstance(value, str) else text
    return text if len(text) <= 120 else f"{text[:117]}..."
