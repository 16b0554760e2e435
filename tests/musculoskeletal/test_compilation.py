"""Where compiled code is kept, and that processes that start together compile it once."""

import json
import os
import subprocess
import sys
import time

import pytest

from sk_bionic.musculoskeletal.compiled import compilation

CHILD = """
import json, sys, time
from sk_bionic.musculoskeletal import elbow
from sk_bionic.musculoskeletal.compiled.activation import prepare
while time.time() < float(sys.argv[1]):
    time.sleep(0.01)  # both begin at once
model = elbow()
body = model.compiled.body(model.parameters.value)
print(json.dumps([body.muscle.sum(), sum(prepare.stats.cache_misses.values())]))
"""


@pytest.fixture
def fresh():
    """The chosen folder is forgotten before and after."""
    compilation.code_folder.cache_clear()
    yield
    compilation.code_folder.cache_clear()


def test_processes_that_start_with_nothing_compile_once(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", CHILD, str(time.time() + 6.0)]
    children = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    found = [json.loads(child.communicate(timeout=300)[0].splitlines()[-1]) for child in children]
    assert found[0][0] == found[1][0]
    assert sorted(misses for _, misses in found) == [0, 1]
    kept = [file.name for file in tmp_path.rglob("*.nbc")]
    assert len(kept) == 1  # one function, one file


def test_code_goes_to_the_users_cache_where_the_package_cannot_be_written_to(fresh, tmp_path, monkeypatch):
    monkeypatch.setattr(compilation.numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(compilation, "user_cache_folder", lambda: tmp_path / "cache")
    writable = compilation._writable
    inside = lambda folder: str(folder).startswith(str(compilation.PACKAGE))
    monkeypatch.setattr(compilation, "_writable", lambda folder: not inside(folder) and writable(folder))
    assert compilation.code_folder().parent == tmp_path / "cache"


def test_another_source_makes_all_code_stale(tmp_path, monkeypatch):
    sources = tmp_path / "musculoskeletal" / "compiled"
    sources.mkdir(parents=True)
    monkeypatch.setattr(compilation, "PACKAGE", tmp_path)
    stamps = []
    for text in ("one", "another", "one"):
        (sources / "curves.py").write_text(text)
        compilation.source_stamp.cache_clear()
        stamps.append(compilation.source_stamp())
    compilation.source_stamp.cache_clear()
    assert stamps[0] == stamps[2] != stamps[1]
