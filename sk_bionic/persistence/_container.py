"""The file: one zip archive of a JSON manifest and of arrays, every member with its SHA-256.

Nothing that a file says about its own size is believed before as much has been read: memory stays within a fixed
multiple of the file, whatever somebody has written into it.
"""

import errno
import hashlib
import io
import json
import math
import os
import zipfile
import zlib

import numpy as np

from ..atomic import replacing

MANIFEST, SEAL = "manifest.json", "manifest.sha256"
MAX_MEMBERS, MAX_MANIFEST = 10_000, 64 * 2**20
MAX_VALUES = 5_000_000  # in the manifest: each becomes a Python object
# Unpacked bytes for each in the file, beyond the first MAX_SMALL. Deflate could go to 1000; `write` stores what would
# be packed further than half of this.
MAX_RATIO, MAX_SMALL = 200, 16 * 2**20
MAX_MANIFEST_RATIO, MAX_SMALL_MANIFEST = 50, 4 * 2**20
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
            archive.writestr(zipfile.ZipInfo(name), data, _packing(data))


def _packing(data):
    packed = len(zlib.compress(data[:MAX_SMALL]))
    return zipfile.ZIP_DEFLATED if len(data[:MAX_SMALL]) <= MAX_RATIO / 2 * packed else zipfile.ZIP_STORED


def read(path, max_bytes):
    """Manifest (dict) and arrays by name of an archive, checked.

    Raises
    ------
    ValueError
        When the archive is none, damaged, or larger than `max_bytes` unpacked. Its message is to follow the file's
        name.
    OSError
        When the file cannot be read.
    """
    with open(path, "rb") as file:
        if file.read(4) != b"PK\x03\x04":
            raise ValueError("it is no file that sk_bionic.save has written.")
        members = _unpack(file, min(max_bytes, max(MAX_SMALL, MAX_RATIO * os.fstat(file.fileno()).st_size)))
    if MANIFEST not in members or SEAL not in members:
        raise ValueError("it is a zip archive, but not one that sk_bionic.save has written.")
    text = members.pop(MANIFEST)
    if members.pop(SEAL).decode("ascii", "replace") != _digest(text):
        raise ValueError(f"its {MANIFEST} was changed after it had been written. Use an unchanged copy.")
    if sum(text.count(sign) for sign in (b"[", b"{", b",")) > MAX_VALUES:
        raise ValueError(f"its {MANIFEST} holds more than {MAX_VALUES:,} values.")
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
    return {name: _from_npy(name, members.pop(name)) for name in list(members)}


def _unpack(file, max_bytes):
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _check_entries(entries, max_bytes)
            return {entry.filename: _read_member(archive, entry) for entry in entries}
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # the disk's fault; a place before the file's start is the file's
            raise
        raise ValueError(_DAMAGED.format(error)) from error
    except _Refused:
        raise
    except Exception as error:  # zipfile, zlib and struct have many names for bytes that are not what they claim to be
        raise ValueError(_DAMAGED.format(f"{type(error).__name__}: {error}")) from error


def _read_member(archive, entry):
    """Bytes of a member, never more than the size that it has been checked for, however far its data would unpack."""
    with archive.open(entry) as file:
        data = file.read(entry.file_size)
    if len(data) != entry.file_size:
        raise EOFError(f"{entry.filename} ends after {len(data):,} of {entry.file_size:,} bytes")
    return data


class _Refused(ValueError):
    """The archive is whole, but not one to unpack."""


_DAMAGED = "it is truncated or damaged ({}). Copy it again, or save the estimator again."


def _check_entries(entries, max_bytes):
    total = sum(entry.file_size for entry in entries)
    if total > max_bytes or len(entries) > MAX_MEMBERS:
        raise _Refused(
            f"unpacked it would take {total:,} bytes in {len(entries)} members, more than {max_bytes:,} bytes "
            f"(`max_bytes`, and {MAX_RATIO} times the file) or {MAX_MEMBERS} members."
        )
    if len({entry.filename for entry in entries}) < len(entries):
        raise _Refused("two of its members have the same name.")
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise _Refused("it is packed in a way that sk_bionic.save never uses.")
    for entry in entries:
        limit = min(MAX_MANIFEST, max(MAX_SMALL_MANIFEST, MAX_MANIFEST_RATIO * entry.compress_size))
        if entry.filename == MANIFEST and entry.file_size > limit:
            raise _Refused(f"its {MANIFEST} is larger than {limit:,} bytes.")


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
    start = buffer.tell()
    if dtype.kind not in NUMBERS or min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data) - start:
        raise ValueError(f"its member {name} does not hold the numbers that it announces.")
    array = np.frombuffer(data, dtype, offset=start).reshape(shape, order="F" if fortran_order else "C")
    return array.copy(order="K")  # writeable
