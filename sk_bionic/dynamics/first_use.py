"""What a fit needs compiled, at the first use of an installation: by two processes, so that it takes half as long."""

from functools import cache

import numpy as np

from ..musculoskeletal.compiled.compilation import compiled_elsewhere, in_turn, is_kept
from ..musculoskeletal.compiled.points import at_points
from .compiled.march import march
from .compiled.normal import factorise_blocks, normal_equations, solve_blocks

BESIDE = "from sk_bionic.dynamics.first_use import compile_around; compile_around()"


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
    """Compile the march of trials, the search for rest and what solves normal equations."""
    equation, activations = _still()
    equation.run(equation.states(), from_rest=True)
    equation.rest(activations, np.arange(len(activations)))
    equation.gauss()
    diagonal, below = np.tile(np.eye(2), (3, 1, 1)), np.zeros((3, 2, 2))
    factorise_blocks(diagonal, below)
    solve_blocks(diagonal, below, np.zeros((3, 2, 1)))


def compile_around():
    """Compile what a fit calls besides: all about muscles at given states, and the normal equations."""
    equation, activations = _still()
    states, n = equation.states(), len(activations)
    equation.at(states, states[:, 1], activations, np.arange(n))
    equation.normal_equations(np.zeros((n, 2, activations.shape[1], 1)), states, np.ones(2 * equation.n_states))
    equation.along(states)


def _still():
    """An arm that hangs for three frames, as a `March`, and its activations."""
    from ..musculoskeletal import elbow
    from ..trials import Trials
    from .equation import EquationOfMotion

    model, trials = elbow(), Trials(("still",), np.array([0, 3]), np.arange(3) / 100)
    activations = np.zeros((3, model.n_muscles))
    return EquationOfMotion(model, trials, activations).march(), activations
