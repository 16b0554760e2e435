"""Machine code is kept where that is possible, made once by processes that start together, and never stale."""

import ast
import json
import os
import subprocess
import sys
import time

import pytest

from sk_bionic.musculoskeletal.compiled import code_cache

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
    code_cache.code_folder.cache_clear()
    yield
    code_cache.code_folder.cache_clear()


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
    monkeypatch.setattr(code_cache.numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(code_cache, "user_cache_folder", lambda: tmp_path / "cache")
    writable = code_cache._writable
    inside = lambda folder: str(folder).startswith(str(code_cache.PACKAGE))
    monkeypatch.setattr(code_cache, "_writable", lambda folder: not inside(folder) and writable(folder))
    assert code_cache.code_folder().parent == tmp_path / "cache"


def test_another_source_makes_all_code_stale(tmp_path, monkeypatch):
    sources = tmp_path / "musculoskeletal" / "compiled"
    sources.mkdir(parents=True)
    monkeypatch.setattr(code_cache, "PACKAGE", tmp_path)
    stamps = []
    for text in ("one", "another", "one"):
        (sources / "curves.py").write_text(text)
        code_cache.source_stamp.cache_clear()
        stamps.append(code_cache.source_stamp())
    code_cache.source_stamp.cache_clear()
    assert stamps[0] == stamps[2] != stamps[1]


def test_constants_that_functions_are_compiled_with_are_among_the_sources():
    package = code_cache.PACKAGE
    known = {file for pattern in code_cache.SOURCES for file in package.glob(pattern)}
    for folder in ("musculoskeletal/compiled", "dynamics/compiled", *code_cache.FURTHER):
        for file in (package / folder).glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.level:
                    place = file.parents[node.level - 1].joinpath(*(node.module or "").split("."))
                    names = [place / alias.name for alias in node.names] if place.is_dir() else [place]
                    for imported in (name.with_suffix(".py") for name in names):
                        assert imported in known or imported.parent == file.parent, f"{imported} of {file}"
