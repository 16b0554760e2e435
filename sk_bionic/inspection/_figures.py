"""Figures as part of a page."""

import base64
import io
from html import escape

from ._plotting import pyplot

LARGEST_VECTOR = 1_000_000  # bytes; long recordings at high rates are smaller as pixels
DOTS_PER_INCH = 170


def inline(display, description):
    """The figure of a display as an image that is part of the page; the figure is closed.

    An image of its own keeps the names inside one figure from clashing with those of another.
    """
    plt = pyplot("report")
    with plt.rc_context({"svg.fonttype": "path", "svg.hashsalt": "sk_bionic"}):
        kind, data = "svg+xml", _saved(display.figure_, "svg", metadata={"Date": None})
        if len(data) > LARGEST_VECTOR:
            kind, data = "png", _saved(display.figure_, "png", dpi=DOTS_PER_INCH)
    plt.close(display.figure_)
    text = base64.b64encode(data).decode("ascii")
    return f'<img alt="{escape(description)}" src="data:image/{kind};base64,{text}">'


def _saved(figure, kind, **options):
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, bbox_inches="tight", **options)
    return buffer.getvalue()
