"""Figures as part of a page: drawings that a reader without scripts sees whole, and that a script can zoom into."""

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

from ._plotting import pyplot

LARGEST_VECTOR = 700_000  # bytes; long recordings at high rates are smaller as pixels
DOTS_PER_INCH = 170
POINTS_PER_INCH = 72.0  # of the units of a drawing
PAGE = 9.6  # inches of a figure that is as wide as the page
MARGIN = 0.04  # inches
SVG, LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"


def inline(display, name, description):
    """The figure of a display as markup; the figure is closed.

    Parameters
    ----------
    display : object
        With the attribute `figure_`.
    name : str
        Of letters and digits, another one for each figure of a page: it keeps their ids apart.
    description : str
        For those who cannot see it.

    Returns
    -------
    markupsafe.Markup
    """
    from markupsafe import Markup

    plt, figure = pyplot("report"), display.figure_
    with plt.rc_context({"svg.fonttype": "path", "svg.hashsalt": name}):
        figure.set_dpi(POINTS_PER_INCH)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # places are where they have just been found
        box = figure.get_tightbbox().padded(MARGIN)
        series = _series(figure, box)
        drawing = _saved(figure, "svg", bbox_inches=box, metadata={"Date": None})
        if len(drawing) > LARGEST_VECTOR:
            data = base64.b64encode(_saved(figure, "png", dpi=DOTS_PER_INCH, bbox_inches=box)).decode("ascii")
            text = Markup('<img alt="{}" src="data:image/png;base64,{}">').format(description, data)
        else:
            text = Markup(_drawing(drawing, name, description, series))
    plt.close(figure)
    return text


def _saved(figure, kind, **options):
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, **options)
    return buffer.getvalue()


def _series(figure, box):
    """Attributes of elements by their id: where axes lie and reach, and what each line and band is called.

    Lines, bands and texts that have a label of their own can be hidden and asked for their values.
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.text import Text

    found = {}
    for k, axes in enumerate(figure.axes):
        curves = [line for line in axes.lines if len(line.get_xdata()) > 1]
        artists = [*curves, *axes.texts, *(c for c in axes.collections if isinstance(c, PolyCollection))]
        artists = [one for one in artists if one.get_label() and not str(one.get_label()).startswith("_")]
        if not curves or not artists:
            continue
        axes.set_gid(f"axes{k}")
        found[f"axes{k}"] = _place(axes, figure, box)
        for j, artist in enumerate(artists):
            artist.set_gid(f"axes{k}series{j}")
            kinds = ((Text, "name"), (PolyCollection, "band"), (object, "line"))
            kind = next(name for cls, name in kinds if isinstance(artist, cls))
            found[f"axes{k}series{j}"] = {
                "data-series": str(artist.get_label()).replace(r"\$", "$"), "data-kind": kind,
            }  # fmt: skip
    return found


def _place(axes, figure, box):
    frame = axes.get_window_extent().transformed(figure.dpi_scale_trans.inverted())
    x, y = frame.x0 - box.x0, box.y1 - frame.y1
    numbers = lambda *values: " ".join(f"{value:.6g}" for value in values)
    together = [one for one in figure.axes if axes.get_shared_x_axes().joined(axes, one)]
    x_label = next((one.get_xlabel() for one in (axes, *together) if one.get_xlabel()), "")
    return {
        "data-box": numbers(*(POINTS_PER_INCH * value for value in (x, y, frame.width, frame.height))),
        "data-x": numbers(*axes.get_xlim()),
        "data-y": numbers(*axes.get_ylim()),
        "data-scale": f"{axes.get_xscale()} {axes.get_yscale()}",
        "data-axes": f"{x_label}|{axes.get_ylabel()}",
        "data-link": str(figure.axes.index(together[0] if together else axes)),
    }


def _drawing(data, name, description, series):
    """The drawing as an element of a page, without comments and metadata, under ids of its own."""
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", LINK)
    root = ElementTree.fromstring(data)
    for parent in root.iter():
        for child in [one for one in parent if one.tag == f"{{{SVG}}}metadata"]:
            parent.remove(child)
    for element in root.iter():
        element.attrib.update(series.get(element.get("id"), {}))
        for key, value in element.items():
            if key == "id":
                element.set(key, f"{name}-{value}")
            elif key == f"{{{LINK}}}href" or "url(#" in value:
                element.set(key, re.sub(r"#", f"#{name}-", value))
    width = min(1.0, float(root.get("width").removesuffix("pt")) / (POINTS_PER_INCH * PAGE))
    style = f"width:{100 * width:.0f}%"  # letters of all figures are of one size
    root.attrib.update({"class": "figure", "style": style, "role": "img", "aria-label": description})
    return ElementTree.tostring(root, encoding="unicode")
