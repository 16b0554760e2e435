"""Files of public data sets: looked up in a cache folder, downloaded on demand, verified."""

import hashlib
import http.client
import os
import shutil
import sys
import urllib.parse
import urllib.request
from pathlib import Path

from sk_bionic.io.atomic import replacing

TIMEOUT_SECONDS = 60


def data_folder(data_home=None):
    """Folder that caches the data sets.

    Parameters
    ----------
    data_home : path-like or None
        None: the environment variable SK_BIONIC_DATA, else `sk_bionic` in the platform's cache
        folder.

    Returns
    -------
    pathlib.Path
    """
    chosen = data_home or os.environ.get("SK_BIONIC_DATA")
    return Path(chosen).expanduser() if chosen else _platform_cache() / "sk_bionic"


def cached_file(path, url, sha256, *, download_if_missing):
    """Make sure that a file is there and is the one expected.

    Parameters
    ----------
    path : pathlib.Path
        Where the file lies or shall lie.
    url : str
        Address of the file; spaces need no quoting.
    sha256 : str
        Its expected checksum.
    download_if_missing : bool
        Whether a missing file may be downloaded.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    OSError
        If the file is missing and may not or cannot be downloaded, or is not the expected one.
    """
    url = urllib.parse.quote(url, safe=":/")
    if path.exists():
        _check_cached(path, sha256)
    elif download_if_missing:
        _download(path, url, sha256)
    else:
        raise OSError(
            f"{path.name} is missing in {path.parent} and `download_if_missing=False` forbids to "
            "download it. Allow the download, or point `data_home` or the environment variable "
            "SK_BIONIC_DATA to the folder that has it."
        )
    return path


def _platform_cache():
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_cached(path, sha256):
    found = _sha256_of(path)
    if found != sha256:
        raise OSError(
            f"{path} is corrupt: its sha256 is {found}, expected {sha256}. Delete the file; the "
            "next call downloads it again."
        )


def _download(path, url, sha256):
    """Download beside the target, verify, then rename: no reader ever sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        announced = _stream(url, file, by_hand=path)
        size = file.tell()
        if announced is not None and size < announced:
            raise OSError(
                f"The download of {url} was cut off after {size:,} of {announced:,} bytes: the connection ended too "
                "early. Nothing was kept; call again to download it anew."
            )
        file.seek(0)
        found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            whole = "whole" if announced is not None else "perhaps cut off, since the server did not say how long it is"
            raise OSError(
                f"{url} did not deliver the expected file: {size:,} bytes ({whole}), whose sha256 is {found}, expected "
                f"{sha256}. Nothing was kept. The file behind the address has changed, or something in "
                "between (a proxy, a login page) has answered in its place: try again from another network, or later."
            )


def _stream(url, file, *, by_hand):
    """Write what the address holds; the number of bytes that the server announced, None where it did not."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
            announced = response.headers.get("Content-Length", "")
            shutil.copyfileobj(response, file)
            return int(announced) if announced.isdecimal() else None
    except http.client.IncompleteRead as error:
        raise OSError(
            f"The download of {url} was cut off after {file.tell():,} bytes: the connection ended too early. "
            "Nothing was kept; call again to download it anew."
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise OSError(
            f"Could not download {url} ({error}). Try again with a network connection, or "
            f"download the file by hand and save it as {by_hand}."
        ) from error
