"""Files of public data sets: looked up in a cache folder, downloaded on demand by pooch, verified.

pooch finds the folder and fetches. What is kept of our own: it takes a file whose checksum is wrong for an old one and
replaces it, and what a killed download leaves behind stays.
"""

import hashlib
import os
import urllib.parse
from pathlib import Path

from sk_bionic.atomic import replacing

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
    if chosen:
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("sk_bionic"))


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
        _fetch(url, file, by_hand=path)
        size = file.tell()
        file.seek(0)
        found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise OSError(
                f"{url} did not deliver the expected file: {size:,} bytes (perhaps cut off, where the server did not "
                f"say how long it is), whose sha256 is {found}, expected {sha256}. Nothing was kept. The file behind "
                "the address has changed, or something in between (a proxy, a login page) has answered in its place: "
                "try again from another network, or later."
            )


def _fetch(url, file, *, by_hand):
    """Write what the address holds into a file."""
    import pooch
    import requests

    try:
        pooch.HTTPDownloader(timeout=TIMEOUT_SECONDS)(url, file, None)
    except requests.exceptions.ChunkedEncodingError as error:
        raise OSError(
            f"The download of {url} was cut off, the connection ended too early: {error}. Nothing was kept; call again "
            "to download it anew."
        ) from error
    except OSError as error:
        no_connection = isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.Timeout)
        reason = f"no connection to {urllib.parse.urlsplit(url).hostname}" if no_connection else error
        raise OSError(
            f"Could not download {url} ({reason}). Try again with a network connection, or download the file by hand "
            f"and save it as {by_hand}."
        ) from error
