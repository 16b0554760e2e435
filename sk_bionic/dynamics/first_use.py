"""What a fit needs compiled, at the first use of an installation: by two processes, the one beside the other."""

import contextlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numba
import numpy as np

from ..musculoskeletal.compiled.code_cache import LONGEST_WAIT, PACKAGE, in_turn, is_kept
from ..musculoskeletal.compiled.points import at_points
from .compiled.march import march
from .compiled.normal import factorise_blocks, normal_equations, solve_blocks

BESIDE = "from sk_bionic.dynamics.first_use import compile_around; compile_around()"
# Without what the package's root offers to users: that takes as long to import as an entry to compile.
PARTS_ALONE = """
import sys, types
package = types.ModuleType("sk_bionic")
package.__path__, sys.modules["sk_bionic"] = [{!r}], package
"""
# It reads what its parent never writes, until the pipe breaks.
ENDS_WITH_ITS_PARENT = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(1)), daemon=True).start()
"""


@cache
def compile_ahead():
    """Compile what a fit in time will call, unless that has been done: the march here, the rest beside.

    Of several processes that come here at once one does so, and the others wait. Where no other process can be had, or
    that fails, what is missing is compiled when it is called, as anything else.
    """
    needed = (march, at_points, normal_equations)
    if all(map(is_kept, needed)):
        return
    with in_turn("first_use") as kept:
        if kept and not all(map(is_kept, needed)):
            with compiled_elsewhere(BESIDE):
                compile_march()


def compile_march():
    """Compile the march of trials and the search for rest."""
    equation, activations = _still()
    equation.run(equation.states(), from_rest=True)
    equation.rest(activations, np.arange(len(activations)))


def compile_around():
    """Compile what a fit calls besides: all about muscles at given states, the normal equations and their solution."""
    equation, activations = _still()
    states, n = equation.states(), len(activations)
    equation.at(states, states[:, 1], activations, np.arange(n))
    equation.normal_equations(np.zeros((n, 2, activations.shape[1], 1)), states, np.ones(2 * equation.n_states))
    equation.along(states)
    equation.gauss()
    diagonal, below = np.tile(np.eye(2), (3, 1, 1)), np.zeros((3, 2, 2))
    factorise_blocks(diagonal, below)
    solve_blocks(diagonal, below, np.zeros((3, 2, 1)))


def _still():
    """An arm that hangs for three frames, as a `March`, and its activations."""
    from ..musculoskeletal import elbow
    from ..trials import Trials
    from .equation import EquationOfMotion
    from .marching import March

    model, trials = elbow(), Trials(("still",), np.array([0, 3]), np.arange(3) / 100)
    activations = np.zeros((3, model.n_muscles))
    return March(EquationOfMotion(model, trials, activations)), activations


@contextlib.contextmanager
def compiled_elsewhere(command):
    """Have Python code run in a process of its own meanwhile, and wait for it at the end.

    There is none on a single core, or where the interpreter is part of another program.
    """
    process = _python_beside(f"{ENDS_WITH_ITS_PARENT}\n{command}") if _n_cores() > 1 else None
    try:
        yield
        if process is not None:
            process.wait(LONGEST_WAIT)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if process is not None:
            process.kill()
            process.communicate()


def _n_cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _python_beside(code):
    """A process that runs code with this package; None where there can be none."""
    if not Path(sys.executable or "").stem.lower().startswith("python"):
        return None
    code = f"{PARTS_ALONE.format(str(PACKAGE))}\n{code}"
    hidden = {"creationflags": subprocess.CREATE_NO_WINDOW} if sys.platform == "win32" else {"start_new_session": True}
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-c", code], env={**os.environ, "NUMBA_CACHE_DIR": numba.config.CACHE_DIR},
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **hidden,
        )  # fmt: skip
    except OSError:
        return None
