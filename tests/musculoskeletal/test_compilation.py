"""Where compiled code is kept, and that processes that start together compile it once."""

import contextlib
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


@pytest.fixture
def two_cores(monkeypatch):
    """There are two, whatever this machine has."""
    monkeypatch.setattr(compilation, "_n_cores", lambda: 2)


def test_a_process_beside_compiles_into_the_same_folder(fresh, two_cores, tmp_path, monkeypatch):
    monkeypatch.setattr(compilation.numba.config, "CACHE_DIR", str(tmp_path))
    build = "from sk_bionic.musculoskeletal import elbow; m = elbow(); m.compiled.body(m.parameters.value)"
    with compilation.compiled_elsewhere(build):
        pass
    assert [file.name.split(".")[1].split("-")[0] for file in tmp_path.rglob("*.nbc")] == ["prepare"]
    assert str(compilation.code_folder()) in {str(file.parents[1]) for file in tmp_path.rglob("*.nbc")}


def test_a_process_beside_that_fails_or_cannot_be_started_is_no_error(two_cores, monkeypatch):
    with compilation.compiled_elsewhere("raise RuntimeError"):
        done = True
    monkeypatch.setattr(compilation.sys, "executable", "/usr/bin/matlab")
    with compilation.compiled_elsewhere("print(1)"):
        assert done
    monkeypatch.setattr(compilation.sys, "executable", "/nowhere/python")
    with compilation.compiled_elsewhere("print(1)"):
        assert done


# The process beside holds a lock, after which this one ends without a word.
PARENT = """
import os, sys, time
from sk_bionic.musculoskeletal.compiled import compilation
compilation._n_cores = lambda: 2
beside = "import time; from sk_bionic.musculoskeletal.compiled import compilation as c; "
with compilation.compiled_elsewhere(beside + f"held = c._locked({sys.argv[1]!r}); time.sleep(100)"):
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.05)
    os._exit(0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="locks are tried by other means there")
def test_a_process_beside_ends_with_the_one_that_started_it(tmp_path):
    import fcntl

    lock = tmp_path / "held.lock"
    subprocess.run([sys.executable, "-c", PARENT, str(lock)], check=True, timeout=100)
    with open(lock, "ab") as file:
        for _ in range(400):
            with contextlib.suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(0.05)
    pytest.fail("The process beside goes on.")
