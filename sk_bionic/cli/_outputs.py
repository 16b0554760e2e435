"""Results to files of any kind that the command line knows."""

import io
import re
from pathlib import Path

import numpy as np

from ..atomic import replacing, replacing_path
from ..io import write_sto

STORAGE = (".sto", ".mot")
WRITABLE = (".csv", ".tsv", ".parquet", *STORAGE)


def check_output(path, overwrite, suffixes=None):
    """Path of a file that may be written.

    Raises
    ------
    ValueError
        When its extension is unknown, its folder is missing, or it exists and must not be replaced.
    """
    path = Path(path)
    if suffixes is not None and path.suffix.lower() not in suffixes:
        raise ValueError(f"{path}: results must end in {', '.join(suffixes)}.")
    if not path.resolve().parent.is_dir():
        raise ValueError(f"{path}: there is no folder {path.resolve().parent}. Make it first.")
    if path.exists() and not overwrite:
        raise ValueError(f"{path} exists already. Choose another name, or add --overwrite to replace it.")
    return path


def output_paths(path, names):
    """File of each trial: one table for all, or a storage each, whose names differ on every file system."""
    if path.suffix.lower() not in STORAGE or len(names) < 2:
        return dict.fromkeys(names[:1], path)
    paths, taken = {}, set()
    for name in names:
        safe = re.sub(r"[^\w.-]", "_", str(name))
        stem = f"{path.stem}_{safe}"
        free = next(s for s in (stem, *(f"{stem}_{k}" for k in range(2, len(names) + 2))) if s.lower() not in taken)
        taken.add(free.lower())
        paths[name] = path.with_stem(free)
    return paths


def write_table(frame, path, *, in_degrees=False, index=True):
    """Write a table whole or not at all, in the format that the file's extension says."""
    suffix = path.suffix.lower()
    if suffix in STORAGE:
        write_sto(
            np.deg2rad(frame) if in_degrees else frame, path, in_degrees=in_degrees, rotational=list(frame.columns)
        )
    elif suffix == ".parquet":
        _require_pyarrow()
        with replacing_path(path) as part:
            frame.to_parquet(part, index=index)
    else:
        text = io.StringIO()
        frame.to_csv(text, sep="\t" if suffix == ".tsv" else ",", index=index)
        with replacing(path) as file:
            file.write(text.getvalue().encode())


def _require_pyarrow():
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ImportError('Parquet files are written by pyarrow: pip install "sk_bionic[parquet]".') from error
