"""HTML of tables, everything that came from outside escaped."""

from html import escape

import numpy as np
import pandas as pd

from ._words import place

BADGES = {"severe": "#b2182b", "warning": "#8a5a00", "note": "#4d4d4d"}


def table(frame, *, formats=None, row_class=None):
    """A DataFrame as an HTML table.

    Parameters
    ----------
    frame : DataFrame
    formats : dict of str, optional
        Format specification by column; others print as they are.
    row_class : callable, optional
        CSS class of a row, a namedtuple of `frame.itertuples()`.

    Returns
    -------
    str
    """
    formats = formats or {}
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in frame.columns)
    body = []
    for row in frame.itertuples():
        css = row_class(row) if row_class else ""
        cells = (_cell(value, formats.get(name)) for name, value in zip(frame.columns, row[1:], strict=True))
        body.append(f'<tr class="{css}">{"".join(cells)}</tr>' if css else f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _cell(value, specification):
    if isinstance(value, Markup):
        return f"<td>{value}</td>"
    if value is None or isinstance(value, float) and np.isnan(value) or value is pd.NA:
        return "<td>&ndash;</td>"
    if isinstance(value, bool | np.bool_):
        return f"<td>{'yes' if value else 'no'}</td>"
    if isinstance(value, int | float | np.number):
        return f'<td class="number">{format(value, specification or ".4g")}</td>'
    return f"<td>{escape(str(value))}</td>"


class Markup(str):
    """Text that is HTML already."""


def badge(severity):
    """A word on the severity's colour."""
    return Markup(
        f'<span style="background:{BADGES[severity]};color:#fff;padding:1px 7px;border-radius:8px;'
        f'font-size:85%">{escape(severity)}</span>'
    )


def quality_table(quality):
    """Summary and findings of a `RecordingQuality`."""
    text = f"<p>{escape(quality.summary)}</p>"
    if not len(quality):
        return text
    rows = [
        (badge(row.severity), row.kind.replace("_", " "), place(row), row.meaning, row.advice)
        for row in quality.findings.itertuples()
    ]
    columns = ["severity", "finding", "where", "what was seen", "what to do"]
    return text + table(pd.DataFrame(rows, columns=columns))
