import os
import random
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
from _mutations import mutate, outcomes
from _sample_files import readers, samples

COPIES = 75  # of each file


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    pytest.importorskip("ezc3d")
    return {path.name: path for path in samples(tmp_path_factory.mktemp("samples"))}


@pytest.mark.parametrize("name", ["version_1.sto", "simm.mot", "markers.trc", "walk.c3d"])
def test_damaged_files_give_data_or_a_value_error(sources, tmp_path, name):
    source = sources[name]
    read, raw = readers()[source.suffix], source.read_bytes()
    paths = [source]
    for i in range(COPIES):
        rng = random.Random(f"{name} {i}")
        paths.append(tmp_path / f"{i}{source.suffix}")
        paths[-1].write_bytes(mutate(raw, rng, is_text=source.suffix != ".c3d"))
    intact, *damaged = outcomes(read, paths)
    assert intact == "read"
    assert set(damaged) == {"read", "ValueError"}


def crash(path):
    """A reader that ends its process at one file and fails at another."""
    if path.endswith("1.sto"):
        os._exit(3)
    if path.endswith("2.sto"):
        raise KeyError(path)


def test_the_harness_notices_what_it_looks_for(tmp_path):
    paths = [tmp_path / f"{i}.sto" for i in range(4)]
    found = outcomes(crash, paths)
    assert found[0] == found[3] == "read"
    assert found[1] == "crash" and found[2].startswith("KeyError")
