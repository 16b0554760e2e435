"""Files that appear complete or not at all, and what a kill leaves of them."""

import os
import re
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where nobody can remove a file that is open
    fcntl = None

PART = re.compile(r".+\.[0-9a-f]{32}\.part(\.[^.]*)?")
RECENT = 60.0  # s within which a file without a lock may still be somebody's, where there are no locks


@contextmanager
def replacing(path):
    """Binary file that takes the place of `path` once the block has ended well.

    It is written beside its place, flushed to the disk and renamed, so that no reader ever meets half a file; where the
    block raises, what was at `path` before stays. What killed processes have left of such files is removed; those of
    running processes are locked.
    """
    with _part_of(path) as (_, descriptor), open(descriptor, "w+b", closefd=False) as file:
        yield file


@contextmanager
def replacing_path(path):
    """As `replacing`, for writers that want the name of a file: a new one beside `path`, with its extension."""
    with _part_of(path) as (part, _):
        yield part


@contextmanager
def _part_of(path):
    """A new, locked file beside `path`, which replaces it in the end: its name and descriptor."""
    path = Path(path).resolve()  # a link stays a link
    remove_leftovers(path.parent)
    part, descriptor = _locked_file(path)
    try:
        yield part, descriptor
        _flush(part)
        if fcntl is None:  # an open file could not be renamed
            os.close(descriptor)
            descriptor = None
        os.replace(part, path)
        with suppress(OSError):  # the new name reaches the disk, too, where the system knows how
            _flush(path.parent)
    finally:
        if descriptor is not None:
            os.close(descriptor)
        part.unlink(missing_ok=True)


def _locked_file(path):
    while True:
        part = path.with_name(f".{path.stem}.{uuid.uuid4().hex}.part{path.suffix}")
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0), 0o666)
        if _lock(descriptor, wait=True) and not part.exists():  # somebody took it for a leftover in between
            os.close(descriptor)
            continue
        return part, descriptor


def _lock(descriptor, *, wait):
    """Whether the lock was got; False, too, where the system or the file's disk has none."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def remove_leftovers(folder):
    """Remove the files in `folder` that killed processes were writing, and no others."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if PART.fullmatch(entry.name):
                with suppress(OSError):
                    _remove_unless_in_use(entry)


def _remove_unless_in_use(entry):
    if fcntl is None:
        if time.time() - entry.stat().st_mtime > RECENT:
            os.unlink(entry.path)
        return
    descriptor = os.open(entry.path, os.O_RDONLY)
    try:
        if _lock(descriptor, wait=False):
            os.unlink(entry.path)
    finally:
        os.close(descriptor)


def _flush(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
