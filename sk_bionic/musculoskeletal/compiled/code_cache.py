"""Where the machine code of compiled functions is kept, and how processes that start together make it once.

numba keeps what it compiled beside the source, or in a folder of the user where the package's own cannot be written to.
Two things differ here. Its index knows only the file of the function itself, not those of the functions that this one
calls; the code is fresh where all sources that it may come from are what they were. And many processes may start at
once with nothing compiled yet (workers of a grid search): one of them compiles, the others wait for it and read.
"""

import contextlib
import hashlib
import os
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import numba
from numba.core import caching

PACKAGE = Path(__file__).resolve().parents[2]
# Files that compiled functions, and the constants that become a part of them, come from: another content of any is
# another version of all functions. Those in further folders, which nobody else calls, depend on their own folder, too.
SOURCES = (
    "musculoskeletal/compiled/*.py",
    "dynamics/compiled/*.py",
    *(f"musculoskeletal/{name}.py" for name in ("curves", "families", "parameters", "skeleton", "thelen")),
)
FURTHER = ("ceinms/compiled", "streaming/compiled")
LONGEST_WAIT = 600.0  # s for another process that compiles the same function; then this one compiles, too


@cache
def source_stamp(patterns=SOURCES):
    """Digest of the package's files that match some patterns, str."""
    digest = hashlib.sha256()
    for pattern in patterns:
        for file in sorted(PACKAGE.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def user_cache_folder():
    """Folder of the platform for what can be made anew, Path."""
    if sys.platform == "win32":
        root = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "sk_bionic"


def _writable(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@cache
def code_folder():
    """Where machine code is kept, Path: ``NUMBA_CACHE_DIR``, the package's own folder, or one of the user."""
    place = hashlib.sha256(str(PACKAGE).encode()).hexdigest()[:16]  # versions installed side by side
    folders = [PACKAGE / "__pycache__" / "compiled", user_cache_folder() / f"compiled-{place}"]
    if numba.config.CACHE_DIR:
        folders.insert(0, Path(numba.config.CACHE_DIR) / f"sk_bionic-{place}")
    folders.append(Path(tempfile.gettempdir()) / f"sk_bionic-{place}")
    return next((folder for folder in folders if _writable(folder)), folders[-1])


def _kept_in(folder):
    """Folder of this version of the sources: an index of another one may name what is no longer there."""
    own = folder / source_stamp()[:16]
    with contextlib.suppress(OSError):
        own.mkdir(exist_ok=True)
    return own


class _Locator(caching._CacheLocator):
    """Tells numba's cache where to write and what makes its content stale."""

    def __init__(self, function):
        self._line = function.__code__.co_firstlineno
        own = [f"{folder}/*.py" for folder in FURTHER if folder.replace("/", ".") in function.__module__]
        self._sources = (*SOURCES, *own)

    def get_cache_path(self):
        return str(_kept_in(code_folder()))

    def get_source_stamp(self):
        return source_stamp(self._sources)

    def get_disambiguator(self):
        return str(self._line)

    @classmethod
    def from_function(cls, py_func, py_file):
        return cls(py_func)


class _Implementation(caching.CompileResultCacheImpl):
    _locator_classes = [_Locator]


class CodeCache(caching.FunctionCache):
    """One process compiles, the others wait: a file is locked from a failed look-up to the end of compilation.

    The system frees the lock of a process that ends, however it does.
    """

    _impl_class = _Implementation
    _lock = None

    def load_overload(self, sig, target_context):
        found = super().load_overload(sig, target_context)
        if found is None and self._lock is None:
            self._lock = _locked(Path(self._cache_path) / f"{self._impl.filename_base}.lock")
            found = super().load_overload(sig, target_context)  # another process may have compiled meanwhile
            if found is not None:
                self._release()
        return found

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        finally:
            self._release()

    def _release(self):
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _locked(path):
    """An open file that this process has locked, or None where files cannot be locked; waits for other processes."""
    file = None
    try:
        file = open(path, "ab")
        _lock_file(file)
    except OSError:
        if file is not None:
            file.close()
        return None
    return file


@contextlib.contextmanager
def in_turn(name):
    """Wait until no other process is within the block of that name; gives whether code can be kept at all."""
    try:
        file = _locked(_kept_in(code_folder()) / f"{name}.lock")
    except OSError:
        file = None
    try:
        yield file is not None
    finally:
        if file is not None:
            file.close()


def is_kept(function):
    """Whether a compiled function has been compiled, by this process or another one."""
    return (
        bool(numba.config.DISABLE_JIT or function.overloads) or Path(function._cache._cache_file._index_path).exists()
    )


if sys.platform == "win32":
    import msvcrt

    def _lock_file(file):
        begin = time.monotonic()
        while True:
            try:
                file.seek(0)
                return msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # tries for ten seconds
            except OSError:
                if time.monotonic() - begin > LONGEST_WAIT:
                    raise
else:
    import fcntl

    def _lock_file(file):
        fcntl.flock(file, fcntl.LOCK_EX)
