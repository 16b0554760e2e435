"""The file: one zip archive of a JSON manifest and of arrays, every member with its SHA-256."""

import hashlib
import io
import json
import math
import zipfile
import zlib

import numpy as np

from .._atomic import replacing

MANIFEST, SEAL = "manifest.json", "manifest.sha256"
MAX_MEMBERS, MAX_MANIFEST = 10_000, 64 * 2**20
# Anything that zipfile, zlib, JSON or NumPy raise about bytes that are not what they claim to be.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, TypeError, IndexError, AttributeError, RuntimeError,
    OverflowError, RecursionError, NotImplementedError,
)  # fmt: skip
NUMBERS = "biuf"  # kinds of array that the file may hold


def write(path, manifest, arrays):
    """Write the archive whole or not at all; `arrays` maps the members' names to ndarrays."""
    members = {name: _to_npy(array) for name, array in arrays.items()}
    manifest = {**manifest, "members": {name: _digest(data) for name, data in members.items()}}
    text = json.dumps(manifest, allow_nan=False, separators=(",", ":")).encode()
    members = {MANIFEST: text, SEAL: _digest(text).encode(), **members}
    with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            # Without the clock the same estimator gives the same bytes.
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)


def read(path, max_bytes):
    """Manifest (dict) and arrays by name of an archive, checked.

    Raises
    ------
    ValueError
        When the archive is none, damaged, or larger than `max_bytes` unpacked. Its message is to follow the file's name.
    OSError
        When the file cannot be read.
    """
    with open(path, "rb") as file:
        if file.read(4) != b"PK\x03\x04":
            raise ValueError("it is no file that sk_bionic.save has written.")
        members = _unpack(file, max_bytes)
    if MANIFEST not in members or SEAL not in members:
        raise ValueError("it is a zip archive, but not one that sk_bionic.save has written.")
    text = members.pop(MANIFEST)
    if members.pop(SEAL).decode("ascii", "replace") != _digest(text):
        raise ValueError(f"its {MANIFEST} was changed after it had been written. Use an unchanged copy.")
    manifest = json.loads(text)
    if not isinstance(manifest, dict):
        raise ValueError(f"its {MANIFEST} is no table of names and values.")
    return manifest, members


def check_members(manifest, members):
    """Arrays by name, of members that are exactly those which the manifest lists."""
    listed = manifest["members"]
    if set(listed) != set(members):
        odd = sorted(set(listed) ^ set(members))[:3]
        raise ValueError(f"members are missing or were added: {', '.join(odd)}.")
    for name, data in members.items():
        if _digest(data) != listed[name]:
            raise ValueError(f"its member {name} was changed after it had been written. Use an unchanged copy.")
    return {name: _from_npy(name, data) for name, data in members.items()}


def _unpack(file, max_bytes):
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _check_entries(entries, max_bytes)
            # A member is never read beyond the size that it has just been checked for.
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(
            f"it is truncated or damaged ({error}). Copy it again, or save the estimator again."
        ) from error


def _check_entries(entries, max_bytes):
    total = sum(entry.file_size for entry in entries)
    if total > max_bytes or len(entries) > MAX_MEMBERS:
        raise ValueError(
            f"unpacked it would take {total:,} bytes in {len(entries)} members, more than {max_bytes:,} bytes or {MAX_MEMBERS} members. If you trust "
            "where it comes from, raise `max_bytes`."
        )
    if len({entry.filename for entry in entries}) < len(entries):
        raise ValueError("two of its members have the same name.")
    if any(entry.filename == MANIFEST and entry.file_size > MAX_MANIFEST for entry in entries):
        raise ValueError(f"its {MANIFEST} is larger than {MAX_MANIFEST:,} bytes.")


def _digest(data):
    return hashlib.sha256(data).hexdigest()


def _to_npy(array):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _from_npy(name, data):
    """Array of numbers; `read_array` would allocate what the header claims before it knows how much there is."""
    buffer = io.BytesIO(data)
    if np.lib.format.read_magic(buffer) != (1, 0):
        raise ValueError(f"its member {name} is no array that sk_bionic.save has written.")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(buffer)
    body = data[buffer.tell() :]
    if dtype.kind not in NUMBERS or min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(body):
        raise ValueError(f"its member {name} does not hold the numbers that it announces.")
    array = np.frombuffer(body, dtype).reshape(shape, order="F" if fortran_order else "C")
    return array.copy(order="K")  # writeable
