"""Files that are not what `save` wrote are refused by name, and a save that fails changes nothing."""

import copy
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import sk_bionic
from sk_bionic import atomic as _atomic
from sk_bionic.atomic import replacing

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
from _saved_mutations import _set_sizes, mutated
from fuzz_saved import outcome


@pytest.fixture(scope="module")
def written(fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("written") / "subject.skb"
    sk_bionic.save(fitted("hybrid")[0], path)
    return path


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def forged(written, path, change):
    """Copy whose manifest and arrays `change` has altered, all checksums right again: what a forger would make."""
    members = members_of(written)
    manifest = json.loads(members.pop("manifest.json"))
    members.pop("manifest.sha256")
    change(manifest, members)
    manifest["members"] = {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
    text = json.dumps(manifest).encode()
    return pack(
        path,
        {"manifest.json": text, "manifest.sha256": hashlib.sha256(text).hexdigest(), **members},
    )


def nodes_of(tree, found):
    """All tables of the tree, depth first."""
    if isinstance(tree, dict):
        found.append(tree)
    for child in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        nodes_of(child, found)
    return found


def refuses(path, match, **options):
    with pytest.raises(ValueError, match=match) as error:
        sk_bionic.load(path, **options)
    assert str(path) in str(error.value)


def test_the_file_is_a_zip_of_json_and_arrays_that_numpy_reads(written):
    members = members_of(written)
    manifest = json.loads(members["manifest.json"])
    assert manifest["format_version"] == 2 and manifest["versions"]["torch"]
    assert all(hashlib.sha256(members[name]).hexdigest() == digest for name, digest in manifest["members"].items())
    with np.load(written, allow_pickle=False) as arrays:
        assert sum(name.startswith("arrays/") for name in arrays.files) == len(manifest["members"]) > 10
        assert all(arrays[name].dtype.kind in "biuf" for name in arrays.files if name.startswith("arrays/"))


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all", b"PK\x03\x04" + bytes(500)], ids=range(4))
def test_files_that_are_no_archive(tmp_path, content):
    path = tmp_path / "other.skb"
    path.write_bytes(content)
    refuses(path, "cannot be loaded: it is (no file|truncated)")


def test_other_archives(tmp_path):
    refuses(
        pack(tmp_path / "word.docx", {"document.xml": b"<w/>"}),
        "but not one that sk_bionic.save has written",
    )
    np.savez(tmp_path / "arrays.npz", a=np.ones(3))
    refuses(tmp_path / "arrays.npz", "but not one that sk_bionic.save has written")


def test_truncated_anywhere(written, tmp_path):
    data = written.read_bytes()
    for part in (0.02, 0.3, 0.9, 0.999):
        path = tmp_path / "short.skb"
        path.write_bytes(data[: int(part * len(data))])
        refuses(path, "truncated or damaged")


def test_single_flipped_bytes_are_never_loaded(written, tmp_path):
    data = written.read_bytes()
    path = tmp_path / "flipped.skb"
    rng = np.random.default_rng(0)
    whole = members_of(written)
    for position in rng.integers(0, len(data), 60):
        flipped = bytearray(data)
        flipped[position] ^= 1 << rng.integers(8)
        path.write_bytes(flipped)
        try:
            sk_bionic.load(path)
        except ValueError as error:
            assert str(path) in str(error)
        else:  # the archive's own padding (times, attributes): every member is what it was
            assert members_of(path) == whole


@pytest.mark.parametrize("name", ["manifest.json", "arrays/5.npy"])
def test_changed_members_are_named(written, tmp_path, name):
    members = members_of(written)
    members[name] = members[name][:-1] + bytes([members[name][-1] ^ 1])
    refuses(pack(tmp_path / "changed.skb", members), f"{name} was changed after it had been written")


def test_missing_added_and_doubled_members(written, tmp_path):
    members = members_of(written)
    refuses(
        pack(tmp_path / "added.skb", {**members, "arrays/evil.npy": b"x"}),
        "members are missing or were added: arrays/evil",
    )
    del members["arrays/3.npy"]
    refuses(pack(tmp_path / "missing.skb", members), "members are missing or were added: arrays/3")
    path = pack(tmp_path / "double.skb", members)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("arrays/4.npy", b"x")
    refuses(path, "two of its members have the same name")


def test_newer_and_other_formats(written, tmp_path):
    def newer(manifest, members):
        manifest["format_version"], manifest["versions"]["sk_bionic"] = 3, "9.0"

    refuses(
        forged(written, tmp_path / "newer.skb", newer),
        r"version 3 of the format \(sk_bionic 9.0\).*Upgrade",
    )
    other = lambda manifest, members: manifest.update(format="other")
    refuses(forged(written, tmp_path / "other.skb", other), "of the format 'other'")


def test_another_version_of_the_package_is_warned_of(written, tmp_path):
    path = forged(
        written,
        tmp_path / "older.skb",
        lambda manifest, _: manifest["versions"].update(sk_bionic="0.0.1"),
    )
    with pytest.warns(UserWarning, match="saved by sk_bionic 0.0.1"):
        sk_bionic.load(path)


def test_zip_bombs_are_not_unpacked(written, tmp_path):
    members = members_of(written)
    bomb = pack(tmp_path / "bomb.skb", {**members, "arrays/zeros.npy": bytes(50_000_000)})
    assert bomb.stat().st_size < 2_000_000
    refuses(bomb, "unpacked it would take", max_bytes=10_000_000)
    crowd = pack(tmp_path / "crowd.skb", {str(i): b"" for i in range(10_001)})
    refuses(crowd, "10001 members")


def test_an_array_that_claims_to_be_huge_takes_no_memory(written, tmp_path):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (10**15,)})
    change = lambda manifest, members: members.update({"arrays/0.npy": buffer.getvalue() + bytes(80)})
    refuses(
        forged(written, tmp_path / "huge.skb", change),
        "arrays/0.npy does not hold the numbers that it announces",
    )


@pytest.mark.parametrize("dtype", ["O", "i4,i4", "S8"])
def test_arrays_of_anything_but_numbers_are_refused(written, tmp_path, dtype):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.zeros(4, dtype=dtype), version=(1, 0), allow_pickle=True)
    change = lambda manifest, members: members.update({"arrays/0.npy": buffer.getvalue()})
    refuses(forged(written, tmp_path / "objects.skb", change), "arrays/0.npy does not hold")


FORGERIES = {
    "unknown class": (
        lambda node: node.get("class") == "Session",
        {"class": "os.system", "parts": {}},
        "'os.system'",
    ),
    "unknown kind": (lambda node: "array" in node, {"pickle": "gASV"}, "unknown kind 'pickle'"),
    "unknown field": (
        lambda node: node.get("class") == "Session",
        {"class": "Session", "parts": {"eval": 1}},
        "make no sense",
    ),
    "private attribute": (
        lambda node: "params" in node,
        {"params": {"dict": []}, "fitted": {"dict": [["_expose", 1]]}},
        "no fitted attribute '_expose'",
    ),
    "a method replaced": (
        lambda node: "params" in node,
        {"params": {"dict": []}, "fitted": {"dict": [["predict", 1]]}},
        "no fitted attribute 'predict'",
    ),
    "a parameter replaced": (
        lambda node: "params" in node,
        {"params": {"dict": []}, "fitted": {"dict": [["device", "gpu"]]}},
        "no fitted attribute 'device'",
    ),
    "a reference to nowhere": (lambda node: "array" in node, {"ref": 10**6}, "make no sense"),
    "an empty table": (lambda node: "array" in node, {}, "cannot be loaded"),
    "a scalar of objects": (
        lambda node: "array" in node,
        {"scalar": ["O", 1]},
        "scalar of the type object",
    ),
}


@pytest.mark.parametrize("case", FORGERIES)
def test_forged_trees(written, tmp_path, case):
    where, what, message = FORGERIES[case]

    def change(manifest, members):
        node = next(node for node in nodes_of(manifest["estimator"], []) if where(node))
        node.clear()
        node.update(what)

    refuses(forged(written, tmp_path / "forged.skb", change), message)


def test_a_cache_of_pickles_cannot_be_smuggled_in(fitted, tmp_path):
    sk_bionic.save(fitted("pipeline")[0], tmp_path / "pipeline.skb")

    def change(manifest, members):
        for pair in manifest["estimator"]["parts"]["params"]["dict"]:
            pair[1] = "/tmp/cache" if pair[0] == "memory" else pair[1]

    refuses(forged(tmp_path / "pipeline.skb", tmp_path / "forged.skb", change), "has a cache")


def test_something_else_than_an_estimator(written, tmp_path):
    refuses(
        forged(written, tmp_path / "list.skb", lambda manifest, _: manifest.update(estimator=[1])),
        "no estimator but list",
    )
    deep = "[" * 100_000 + "]" * 100_000
    text = ('{"estimator": ' + deep + "}").encode()
    path = pack(
        tmp_path / "deep.skb",
        {"manifest.json": text, "manifest.sha256": hashlib.sha256(text).hexdigest()},
    )
    refuses(path, "RecursionError")


@pytest.mark.parametrize(
    "column, value", [("left_child", 10**6), ("left_child", 0), ("feature", 10**6), ("feature", -7)]
)
def test_trees_that_lead_out_of_their_arrays_are_refused(written, tmp_path, column, value):
    """Compiled code would follow them to wherever they point, or for ever."""

    def change(manifest, members):
        forest = next(n for n in nodes_of(manifest["estimator"], []) if n.get("class") == "ExtraTreesRegressor")
        name = dict(forest["parts"]["nodes"]["dict"])[column]["array"]
        array = np.load(io.BytesIO(members[name]))
        array[0] = value
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, array, version=(1, 0))
        members[name] = buffer.getvalue()

    refuses(forged(written, tmp_path / "forest.skb", change), "nodes point outside of their tree")


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        sk_bionic.load(tmp_path / "none.skb")
    with pytest.raises(IsADirectoryError):
        sk_bionic.load(tmp_path)


def test_a_save_that_fails_leaves_the_older_file(written, fitted, tmp_path, monkeypatch):
    path = tmp_path / "subject.skb"
    path.write_bytes(b"older")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        sk_bionic.save(fitted("hybrid")[0], path)
    assert path.read_bytes() == b"older" and os.listdir(tmp_path) == ["subject.skb"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_write_leaves_nothing(tmp_path, error):
    path = tmp_path / "new"
    with pytest.raises(error), replacing(path) as file:
        file.write(b"half")
        raise error
    assert os.listdir(tmp_path) == []


def test_a_killed_process_leaves_the_older_file(tmp_path):
    path = tmp_path / "subject.skb"
    path.write_bytes(b"older")
    program = (
        "import os, runpy, sys\nreplacing = runpy.run_path(sys.argv[1])['replacing']\n"
        "with replacing(sys.argv[2]) as file:\n    file.write(b'half')\n    file.flush()\n    os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", program, _atomic.__file__, str(path)], check=False).returncode == 9
    assert path.read_bytes() == b"older"
    assert len(os.listdir(tmp_path)) == 2  # what it was writing is still there
    with replacing(tmp_path / "another.skb"):
        pass
    assert sorted(os.listdir(tmp_path)) == ["another.skb", "subject.skb"]


def test_files_that_others_are_writing_stay(tmp_path):
    with replacing(tmp_path / "a.skb") as first:
        first.write(b"first")
        with replacing(tmp_path / "b.skb") as second, replacing(tmp_path / "a.skb"):
            second.write(b"second")
    assert (tmp_path / "a.skb").read_bytes() == b"first" and (tmp_path / "b.skb").read_bytes() == b"second"
    (tmp_path / "somebody.part").write_bytes(b"theirs")
    with replacing(tmp_path / "a.skb"):
        pass
    assert (tmp_path / "somebody.part").exists()


def test_a_link_stays_a_link(written, tmp_path):
    target, link = tmp_path / "target.skb", tmp_path / "link.skb"
    target.write_bytes(b"older")
    link.symlink_to(target)
    with replacing(link) as file:
        file.write(b"newer")
    assert link.is_symlink() and target.read_bytes() == b"newer"


COPIES = 60


def test_damaged_and_forged_files_end_in_an_error_that_names_the_file(written, tmp_path):
    """Of sizes and values that nothing stands behind; memory is measured by benchmarks/fuzz_saved.py."""
    raw = written.read_bytes()
    found = []
    with np.errstate(all="ignore"):
        for i in range(COPIES):
            path = tmp_path / f"{i}.skb"
            path.write_bytes(mutated(raw, random.Random(i)))
            found.append(outcome(path))
    assert set(found) == {"loaded", "ValueError"}


def test_a_member_never_unpacks_beyond_what_the_archive_says(written, tmp_path):
    members = members_of(written)
    members["arrays/0.npy"] = bytes(60_000_000)
    packed = bytearray(pack(tmp_path / "bomb.skb", members).read_bytes())
    _set_sizes(packed, "arrays/0.npy", 1000)
    (tmp_path / "bomb.skb").write_bytes(packed)
    tracemalloc.start()
    try:
        refuses(tmp_path / "bomb.skb", "arrays/0.npy|truncated or damaged")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_what_packs_too_well_is_stored_and_loads(fitted, tmp_path):
    """A file of which a reader could not tell that it is no bomb would be refused."""
    regressor = copy.copy(fitted("simulation")[0])
    regressor.constant_ = np.zeros(2_200_000)
    sk_bionic.save(regressor, tmp_path / "constant.skb")
    assert sk_bionic.load(tmp_path / "constant.skb").constant_.shape == (2_200_000,)


def test_networks_and_forests_of_claimed_sizes_are_not_built(written, tmp_path):
    def wide(manifest, members):
        network = next(n for n in nodes_of(manifest["estimator"], []) if n.get("class") == "HistoryNetwork")
        state = dict(network["parts"]["state"]["dict"])
        for name, shape in (("body.0.weight", (1, 1, 100_000)), ("body.2.weight", (1, 1, 100_000))):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.zeros(shape, np.float32), version=(1, 0))
            members[state[name]["tensor"]] = buffer.getvalue()

    refuses(forged(written, tmp_path / "wide.skb", wide), "tensors of its network do not fit one another")

    def many(manifest, members):
        forest = next(n for n in nodes_of(manifest["estimator"], []) if n.get("class") == "ExtraTreesRegressor")
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.array([10**12]), version=(1, 0))
        members[forest["parts"]["n_nodes"]["array"]] = buffer.getvalue()

    refuses(forged(written, tmp_path / "many.skb", many), "not one for each node and output")
