"""How the figures of the gallery look."""

import matplotlib


def apply(gallery_conf, fname):
    """Called by sphinx-gallery before every example, after it has reset matplotlib."""
    matplotlib.rcParams.update(
        {
            "axes.grid": True,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "figure.constrained_layout.use": True,
            "figure.dpi": 110,
            "font.size": 10.0,
            "grid.alpha": 0.25,
            "legend.frameon": False,
            "lines.linewidth": 1.6,
        }
    )
