"""Levenberg-Marquardt: the search behind every identification and calibration.

Marquardt (1963), J. Society for Industrial and Applied Mathematics 11(2), 431-441. Of a cost with the gradient g and
the Gauss-Newton Hessian H, the step solves

    (H + damping diag(H)) step = -g

A step that lowers the cost is taken; where it has done most of what the quadratic model promised, the damping is
divided by ten. Else the damping grows tenfold.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..exceptions import SimulationError

FIRST_DAMPING, SMALLEST_DAMPING, LARGEST_DAMPING, FACTOR = 1e-3, 1e-9, 1e8, 10.0
GOOD = 0.75  # part of the promised decrease beyond which the quadratic model holds further out (Fletcher 1971)
RIDGE = 1e-6  # beside the Hessian's diagonal, where that is 0
NEGLIGIBLE = 1e-3  # of the tolerance: a predicted decrease that is not worth another damping
NOT_WORTH_IT = 0.05  # of the tolerance: one of a step that is hardly damped, which is not worth a trial


class Problem(Protocol):
    """What is minimised; a point is whatever the problem makes of it."""

    def cost(self, point):
        """Its cost, float; infinite or NaN where there is none."""

    def linearise(self, point):
        """Gradient (n,) and positive semi-definite Hessian (n, n) of the cost."""

    def moved(self, point, step):
        """What is evaluated one step (n,) further, within the bounds, tuple."""

    def evaluate(self, *unknowns):
        """The point that `moved` leads to; may raise `SimulationError`."""


@dataclass(frozen=True)
class Search:
    """Where a search is, or has ended.

    Attributes
    ----------
    point : object
        The best so far.
    cost : float
    n_iter : int
        Linearisations.
    n_tried : int
        Points whose cost was asked for.
    converged : bool
        Whether nothing is left to gain.
    stopped : bool
        Whether `on_step` has asked for the end.
    """

    point: Any
    cost: float
    n_iter: int = 0
    n_tried: int = 1
    converged: bool = False
    stopped: bool = False


def levenberg_marquardt(problem, start, *, max_iter, tol, on_step=None):
    """Search for the minimum of a cost.

    Parameters
    ----------
    problem : Problem
    start : object
        Point to start from.
    max_iter : int
        Linearisations at most.
    tol : float
        Decrease of the cost below which the search has converged.
    on_step : callable, optional
        Called with the Search after every step that is taken; returns whether to stop there.

    Returns
    -------
    Search
        Its point is never worse than the start.
    """
    point, cost, damping, n_tried = start, problem.cost(start), FIRST_DAMPING, 1
    for n_iter in range(1, max_iter + 1):
        gradient, hessian = problem.linearise(point)
        while True:
            step = -np.linalg.solve(hessian + damping * np.diag(np.diag(hessian) + RIDGE), gradient)
            promised = -0.5 * gradient @ step
            if damping <= FIRST_DAMPING and promised < NOT_WORTH_IT * tol:
                return Search(point, cost, n_iter, n_tried, converged=True)
            n_tried += 1
            try:
                new = problem.evaluate(*problem.moved(point, step))
                new_cost = problem.cost(new)
            except SimulationError:
                new_cost = np.inf  # nothing can be evaluated there
            if new_cost < cost:
                break
            damping *= FACTOR
            if damping > LARGEST_DAMPING or promised < NEGLIGIBLE * tol:
                return Search(point, cost, n_iter, n_tried, converged=True)
        decrease, point, cost = cost - new_cost, new, new_cost
        if decrease > GOOD * (promised + 0.5 * damping * step @ (np.diag(hessian) * step)):
            damping = max(damping / FACTOR, SMALLEST_DAMPING)
        found = Search(point, cost, n_iter, n_tried, converged=bool(decrease < tol))
        if on_step is not None and on_step(found):
            return Search(point, cost, n_iter, n_tried, converged=False, stopped=True)
        if found.converged:
            return found
    return Search(point, cost, max_iter, n_tried)
