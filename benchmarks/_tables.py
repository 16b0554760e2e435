"""Tables in Markdown, as printed and as kept in results/, and what was run on what."""

import os
import platform
from importlib.metadata import version

import numpy as np
from pandas.api.types import is_numeric_dtype

import sk_bionic

PACKAGES = ("numpy", "scipy", "scikit-learn", "skorch", "torch", "pandas")


def markdown(table, formats=None, index_name=None, default=".2f"):
    """A DataFrame as a Markdown table with aligned columns.

    `formats` maps columns to format specifications, where they are not the `default`. With
    `index_name` the index is the first column. What is no number prints as it is, NaN as "-".
    """
    formats = formats or {}
    table = table if index_name is None else table.rename_axis(index_name).reset_index()
    columns = [
        [str(name), *(_text(value, formats.get(name, default)) for value in table[name])] for name in table.columns
    ]
    numeric = [is_numeric_dtype(table[name]) for name in table.columns]
    widths = [max(map(len, cells)) for cells in columns]
    lines = []
    for row in zip(*columns, strict=True):
        cells = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        lines.append(f"| {' | '.join(cells)} |")
    rule = (
        "-" * (width + 1) + ":" if right else "-" * (width + 2) for width, right in zip(widths, numeric, strict=True)
    )
    lines.insert(1, f"|{'|'.join(rule)}|")
    return "\n".join(lines)


def _text(value, specification):
    if isinstance(value, str):
        return value
    return "-" if np.isnan(value) else format(value, specification)


def environment():
    """One line on versions and machine."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"sk_bionic {sk_bionic.__version__}, Python {platform.python_version()}, {packages}; "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, one thread a fit."
    )
