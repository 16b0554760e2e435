"""Figures as part of a page."""

import base64
import io
from html import escape

from ._plotting import pyplot


def inline(display, description):
    """The figure of a display as an image that is part of the page; the figure is closed.

    An image of its own keeps the names inside one figure from clashing with those of another.
    """
    plt = pyplot("report")
    buffer = io.BytesIO()
    with plt.rc_context({"svg.fonttype": "path", "svg.hashsalt": "sk_bionic"}):
        display.figure_.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(display.figure_)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img alt="{escape(description)}" src="data:image/svg+xml;base64,{data}">'
