"""Damaged and forged copies of saved estimators.

Damage changes the bytes of the file. A forger changes what its members say and sets all checksums right: sizes that
nothing stands behind, other types, members that unpack to far more than they announce.
"""

import hashlib
import io
import json
import struct
import zipfile
import zlib

import numpy as np
from _mutations import mutate

LARGE = [-1, 0, 10**5, 10**9, 2**31, 2**63 - 1, 10**30, 1e300, -1e9]
OTHER = [None, True, "x", [], {}, {"ref": 0}, {"ref": 10**9}, {"float": "nan"}, {"tuple": []}, {"dict": [[[], 1]]}]


def mutated(raw, rng):
    """A copy of the file `raw` (bytes); `rng` is a random.Random."""
    change = rng.choice([_damage, _damage_member, _forge_tree, _forge_tree, _forge_array, _forge_size])
    return change(raw, rng)


def _damage(raw, rng):
    return mutate(raw, rng, is_text=False)


def _members(raw):
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _pack(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _sealed(manifest, arrays):
    manifest = {**manifest, "members": {name: hashlib.sha256(data).hexdigest() for name, data in arrays.items()}}
    text = json.dumps(manifest).encode()
    seal = hashlib.sha256(text).hexdigest().encode()
    return _pack({"manifest.json": text, "manifest.sha256": seal, **arrays})


def _parts(raw):
    members = _members(raw)
    manifest = json.loads(members.pop("manifest.json"))
    members.pop("manifest.sha256")
    return manifest, members


def _damage_member(raw, rng):
    """One member's bytes changed before they are packed, or its packed bytes."""
    members = _members(raw)
    name = rng.choice(list(members))
    members[name] = mutate(members[name], rng, is_text=name.endswith(".json"))
    return _pack(members)


def _places(tree, found):
    """Every (container, key) of a JSON tree."""
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, child in children:
        found.append((tree, key))
        _places(child, found)
    return found


def _forge_tree(raw, rng):
    manifest, arrays = _parts(raw)
    for _ in range(rng.choice([1, 1, 3])):
        places = _places(manifest["estimator"], [])
        container, key = rng.choice(places)
        value, action = container[key], rng.randrange(5)
        if action == 0:
            container[key] = rng.choice(LARGE)
        elif action == 1:
            container[key] = rng.choice(OTHER)
        elif action == 2:
            del container[key]
        elif action == 3:
            other, place = rng.choice(places)
            container[key] = json.loads(json.dumps(other[place]))
        elif isinstance(value, list):
            container[key] = value * rng.choice([2, 10, 1000])
        else:
            container[key] = [value] * rng.choice([1, 1000])
    return _sealed(manifest, arrays)


def _forge_array(raw, rng):
    """Another shape, type or content, with a header that is right, or one that claims more than there is."""
    manifest, arrays = _parts(raw)
    name = rng.choice(list(arrays))
    array = np.load(io.BytesIO(arrays[name]))
    shapes = [(0,), (10**6,), (1, 10**5, 1), (1, 1, 10**6), (10**5, 1, 1), array.shape[::-1], (*array.shape, 1), ()]
    buffer = io.BytesIO()
    if rng.random() < 0.3:
        claim = {"descr": rng.choice(["<f8", "<i8", "|O", "<U9"]), "fortran_order": False, "shape": rng.choice(
            [(10**12,), (2**40, 2**40), (-5,), (10**9, 0), (3.5,)])}  # fmt: skip
        np.lib.format.write_array_header_1_0(buffer, claim)
        arrays[name] = buffer.getvalue() + bytes(rng.choice([0, 80]))
        return _sealed(manifest, arrays)
    forged = np.full(
        rng.choice(shapes), rng.choice([0, 1, -1, 10**9, 3]), dtype=rng.choice([array.dtype, "i8", "f4", "?"])
    )
    np.lib.format.write_array(buffer, forged, version=(1, 0))
    arrays[name] = buffer.getvalue()
    return _sealed(manifest, arrays)


def _forge_size(raw, rng):
    """A member that unpacks to 60 MB while the archive's directory says little, or far more than there is."""
    manifest, arrays = _parts(raw)
    name = rng.choice(list(arrays))
    packed = bytearray(_sealed(manifest, {**arrays, name: bytes(rng.choice([10**6, 6 * 10**7]))}))
    if rng.random() < 0.7:
        _set_sizes(packed, name, rng.choice([80, 10**6, 2**30, 2**32 - 2]))
    return bytes(packed)


def _set_sizes(packed, name, size):
    """Write another unpacked size into the local header and the directory."""
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = packed.find(mark)
        while at >= 0:
            name_at = at + (30 if mark == b"PK\x03\x04" else 46)
            if packed[name_at : name_at + len(name)] == name.encode():
                struct.pack_into("<I", packed, at + offset, size)
                struct.pack_into("<I", packed, at + offset - 8, zlib.crc32(bytes(min(size, 10**6))))
            at = packed.find(mark, at + 4)
