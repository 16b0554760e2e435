import json
import os

import limb_text as limb
import numpy as np
import pytest

from sk_bionic.musculoskeletal import from_osim, save_paths
from sk_bionic.musculoskeletal.opensim_model import load_paths

ANGLES = ["shoulder_angle", "elbow_angle"]


@pytest.fixture(scope="module")
def osim(tmp_path_factory):
    """The .osim file of a limb."""
    path = tmp_path_factory.mktemp("limb") / "limb.osim"
    path.write_text(limb.document())
    return path


@pytest.fixture(scope="module")
def model(osim):
    """A model whose paths were fitted."""
    return from_osim(osim, ANGLES)


@pytest.fixture
def saved(model, tmp_path):
    """Its paths in a file."""
    save_paths(model, tmp_path / "paths.json")
    return tmp_path / "paths.json"


def test_saved_paths_are_the_same_paths(osim, model, saved):
    again = from_osim(osim, ANGLES, paths=saved)
    assert [muscle.path.terms for muscle in again.muscles] == [muscle.path.terms for muscle in model.muscles]
    np.testing.assert_array_equal(again.path_errors, model.path_errors)


def test_the_order_of_the_coordinates_is_the_models(model, saved):
    turned = load_paths(saved, ANGLES[::-1])
    for muscle in model.muscles:
        assert turned[muscle.name].terms == {e[::-1]: c for e, c in muscle.path.terms.items()}


def test_paths_of_other_muscles_are_missing(osim, model, saved, tmp_path):
    save_paths(from_osim(osim, ANGLES, ["flexor"]), tmp_path / "flexor.json")
    with pytest.raises(ValueError, match=r"has no paths of \['extensor', 'biarticular'\]; it has \['flexor'\]"):
        from_osim(osim, ANGLES, paths=tmp_path / "flexor.json")
    assert from_osim(osim, ANGLES, ["flexor"], paths=saved).muscle_names == ("flexor",)


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (["format"], "paths", "must be 'sk_bionic paths' of version 1"),
        (["version"], 2, "of version 1; save them anew"),
        (["coordinates"], ["knee"], r"is for the coordinates \['knee'\]; needed are \['shoulder_angle'"),
        (["muscles"], [], "muscles: must be an object"),
        (["muscles", "flexor"], 3, "flexor: must be an object"),
        (["muscles", "flexor", "coefficients"], [], "'coefficients' must be a list of finite numbers"),
        (["muscles", "flexor", "coefficients", 0], True, "must be a list of finite numbers"),
        (["muscles", "flexor", "coefficients", 0], float("nan"), "must be a list of finite numbers"),
        (["muscles", "flexor", "exponents", 0], [0], "different lists of 2 integers"),
        (["muscles", "flexor", "exponents", 0], [0, 0.5], "different lists of 2 integers"),
        (["muscles", "flexor", "exponents", 0], [0, 10**9], "integers from 0 to 20"),
        (["muscles", "flexor", "length_error"], -1.0, "errors must be numbers, not negative"),
    ],
)  # fmt: skip
def test_damage_is_named_by_file_and_place(saved, where, value, message):
    content = json.loads(saved.read_text())
    inner = content
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    saved.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f"paths.json.*{message}"):
        load_paths(saved, ANGLES)


@pytest.mark.parametrize("key", ["format", "coordinates", "muscles"])
def test_what_is_missing_is_named(saved, key):
    content = json.loads(saved.read_text())
    del content[key]
    saved.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f"paths.json: '{key}' is missing"):
        load_paths(saved, ANGLES)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_such_file(tmp_path, content):
    (tmp_path / "paths.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"paths.json"):
        load_paths(tmp_path / "paths.json", ANGLES)


def test_a_write_that_fails_leaves_the_old_file(model, saved, monkeypatch):
    before = saved.read_bytes()

    def fail(*names):
        raise OSError("no space")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        save_paths(model, saved)
    assert saved.read_bytes() == before and list(saved.parent.iterdir()) == [saved]
