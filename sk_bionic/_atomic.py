"""Files that appear complete or not at all."""

import os
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path):
    """Binary file that takes the place of `path` once the block has ended well.

    It is written beside its place, flushed to the disk and renamed, so that no reader ever meets half a file; where the
    block raises, what was at `path` before stays.
    """
    with replacing_path(path) as part, open(part, "xb") as file:
        yield file


@contextmanager
def replacing_path(path):
    """As `replacing`, for writers that want the name of a file: a new one beside `path`, with its extension."""
    path = Path(path).resolve()  # a link stays a link
    part = path.with_name(f".{path.stem}.{uuid.uuid4().hex}.part{path.suffix}")
    try:
        yield part
        _flush(part)
        os.replace(part, path)
        with suppress(OSError):  # the new name reaches the disk, too, where the system knows how
            _flush(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _flush(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
