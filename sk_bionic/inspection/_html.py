"""Pages and tables from templates, in which everything that came from outside is escaped."""

import base64
import functools
import hashlib
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import pandas as pd

from ._words import TERMS, place

COLOURS = {"severe": "#b2182b", "warning": "#8a5a00", "note": "#4d4d4d"}


class Cell(NamedTuple):
    """One cell of a table: its text and the class that tells how it looks."""

    text: str
    css: str = ""


class Row(NamedTuple):
    """One row of a table."""

    cells: list
    flagged: bool = False


class Table(NamedTuple):
    """A table as templates take it."""

    columns: list
    rows: list


def table_of(frame, *, formats=None, flagged=None):
    """A DataFrame as a `Table`.

    Parameters
    ----------
    frame : DataFrame
    formats : dict of str, optional
        Format specification by column; others print as they are.
    flagged : callable, optional
        Whether a row, a namedtuple of `frame.itertuples()`, is marked.
    """
    formats = formats or {}
    rows = [
        Row(
            [_cell(value, formats.get(name)) for name, value in zip(frame.columns, row[1:], strict=True)],
            bool(flagged and flagged(row)),
        )
        for row in frame.itertuples()
    ]
    return Table([str(name) for name in frame.columns], rows)


def _cell(value, specification):
    if value is None or isinstance(value, float) and np.isnan(value) or value is pd.NA:
        return Cell("\u2013")
    if isinstance(value, bool | np.bool_):
        return Cell("yes" if value else "no")
    if isinstance(value, int | float | np.number):
        return Cell(format(value, specification or ".4g"), "number")
    return Cell(str(value))


@functools.cache
def _environment():
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sk_bionic.inspection"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["explained"] = _explained
    return environment


def _explained(text):
    """A term, with its meaning for those who point at it; other texts as they are."""
    from markupsafe import Markup

    meaning = TERMS.get(str(text).removesuffix("s").lower()) or TERMS.get(str(text).lower())
    return Markup('<abbr title="{}">{}</abbr>').format(meaning, text) if meaning else text


def render(name, **context):
    """The text of a template of this folder with its names filled in."""
    return _environment().get_template(name).render(**context)


def style_and_script():
    """The page's style and script, marked as safe, and the script's hash for the page's security policy."""
    from markupsafe import Markup

    folder = files("sk_bionic.inspection") / "templates"
    style, script = ((folder / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return {"style": Markup(style), "script": Markup(script), "script_hash": f"sha256-{digest}"}


def quality_of(quality):
    """Summary and findings of a `RecordingQuality` as templates take them, dict."""
    rows = [
        {"colour": COLOURS[row.severity], "kind": row.kind.replace("_", " "), "place": place(row)}
        | {name: getattr(row, name) for name in ("severity", "meaning", "advice")}
        for row in quality.findings.itertuples()
    ]
    return {"summary": quality.summary, "findings": rows}


def quality_table(quality):
    """HTML of a `RecordingQuality`."""
    return render("quality.html", given=quality_of(quality))
