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
    path = Path(path).resolve()  # a link stays a link
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with open(part, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        _flush_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _flush_folder(folder):
    """The new name reaches the disk, too, where the system knows how."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
