"""What a fit needs compiled is what is compiled ahead of it, and in which process that happens changes nothing."""

import contextlib
import os
import subprocess
import sys
import time

import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics import first_use
from sk_bionic.dynamics.compiled.march import along, march
from sk_bionic.dynamics.compiled.normal import activations_between, factorise_blocks, normal_equations, solve_blocks
from sk_bionic.dynamics.compiled.rest import rests
from sk_bionic.musculoskeletal.compiled import code_cache
from sk_bionic.musculoskeletal.compiled.points import at_points

AHEAD = (march, rests)
BESIDE = (at_points, along, normal_equations, activations_between, factorise_blocks, solve_blocks)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_fit_calls_what_was_compiled_ahead_and_nothing_else():
    first_use.compile_march()
    first_use.compile_around()
    known = {function: set(function.overloads) for function in (*AHEAD, *BESIDE)}
    assert all(known.values())
    X, y = make_elbow_flexion(2, duration=2.0, sampling_rate=50, random_state=0, return_X_y=True)
    PhysicsInformedMSKRegressor("elbow", max_epochs=2, n_networks=1, hidden_layer_sizes=(4,), random_state=0).fit(X, y)
    assert {function: set(function.overloads) for function in (*AHEAD, *BESIDE)} == known


def test_only_what_is_missing_is_compiled_ahead(monkeypatch):
    started, ahead = [], first_use.compile_ahead.__wrapped__  # as in a process that has not been here
    monkeypatch.setattr(first_use, "compile_march", lambda: started.append("march"))
    monkeypatch.setattr(first_use, "is_kept", lambda function: True)
    ahead()
    assert not started
    monkeypatch.setattr(first_use, "is_kept", lambda function: function is not march)
    monkeypatch.setattr(first_use, "BESIDE", "raise SystemExit(1)")  # a process that fails takes nothing with it
    ahead()
    assert started == ["march"]


# What is to be compiled is handed on as it is, and nothing is looked for on disk.
NOT_COMPILED = """
from sk_bionic.dynamics.compiled.march import along, march
from sk_bionic.dynamics.first_use import compile_ahead
from sk_bionic.musculoskeletal import elbow
compile_ahead()
model = elbow()
model.compiled.body(model.parameters.value)
assert not hasattr(march, "overloads")
"""


def test_the_package_works_where_numba_is_told_to_compile_nothing():
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", NOT_COMPILED], check=True, timeout=100, env=environment)


@pytest.fixture
def two_cores(monkeypatch):
    """There are two, whatever this machine has."""
    monkeypatch.setattr(first_use, "_n_cores", lambda: 2)


def test_a_process_beside_compiles_into_the_same_folder(two_cores, tmp_path, monkeypatch):
    monkeypatch.setattr(code_cache, "code_folder", code_cache.code_folder.__wrapped__)  # chosen anew
    monkeypatch.setattr(code_cache.numba.config, "CACHE_DIR", str(tmp_path))
    build = "from sk_bionic.musculoskeletal import elbow; m = elbow(); m.compiled.body(m.parameters.value)"
    with first_use.compiled_elsewhere(build):
        pass
    assert [file.name.split(".")[1].split("-")[0] for file in tmp_path.rglob("*.nbc")] == ["prepare"]
    assert str(code_cache.code_folder()) in {str(file.parents[1]) for file in tmp_path.rglob("*.nbc")}


def test_a_process_beside_that_fails_or_cannot_be_started_is_no_error(two_cores, monkeypatch):
    with first_use.compiled_elsewhere("raise RuntimeError"):
        assert first_use._python_beside("raise RuntimeError").wait(100) != 0
    for executable in ("/usr/bin/matlab", "/nowhere/python", ""):
        monkeypatch.setattr(first_use.sys, "executable", executable)
        assert first_use._python_beside("print(1)") is None
        with first_use.compiled_elsewhere("print(1)"):
            pass


# The process beside holds a lock, after which this one ends without a word.
PARENT = """
import os, sys, time
from sk_bionic.dynamics import first_use
first_use._n_cores = lambda: 2
beside = "import time; from sk_bionic.musculoskeletal.compiled import code_cache as c; "
with first_use.compiled_elsewhere(beside + f"held = c._locked({sys.argv[1]!r}); time.sleep(100)"):
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
