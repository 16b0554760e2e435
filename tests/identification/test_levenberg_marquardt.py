"""The one search: it ends in the minimum, never above its start, and tells of every step."""

import numpy as np
import pytest

from sk_bionic.exceptions import SimulationError
from sk_bionic.identification.levenberg_marquardt import levenberg_marquardt


class Rosenbrock:
    """Two residuals whose valley is curved; beyond `wall` nothing can be evaluated."""

    def __init__(self, wall=np.inf):
        self.wall = wall

    def residual(self, x):
        return np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])

    def cost(self, x):
        return 0.5 * float(np.square(self.residual(x)).sum())

    def linearise(self, x):
        jacobian = np.array([[-20.0 * x[0], 10.0], [-1.0, 0.0]])
        return jacobian.T @ self.residual(x), jacobian.T @ jacobian

    def moved(self, x, step):
        return (x + step,)

    def evaluate(self, x):
        if x[0] > self.wall:
            raise SimulationError("beyond the wall")
        return x


START = np.array([-1.2, 1.0])


def test_it_ends_in_the_minimum():
    found = levenberg_marquardt(Rosenbrock(), START, max_iter=100, tol=1e-12)
    np.testing.assert_allclose(found.point, [1.0, 1.0], atol=1e-5)
    assert found.converged and not found.stopped and found.n_tried > found.n_iter


def test_costs_fall_from_step_to_step_and_a_callback_may_end_it():
    costs = []
    found = levenberg_marquardt(
        Rosenbrock(),
        START,
        max_iter=100,
        tol=1e-12,
        on_step=lambda search: costs.append(search.cost) or len(costs) == 4,
    )
    assert len(costs) == 4 and (np.diff(costs) < 0).all() and costs[0] < Rosenbrock().cost(START)
    assert found.stopped and not found.converged and found.cost == costs[-1]


@pytest.mark.parametrize("wall", [0.5, -1.0])
def test_where_nothing_can_be_evaluated_it_stays_on_this_side(wall):
    found = levenberg_marquardt(Rosenbrock(wall), START, max_iter=200, tol=1e-9)
    assert found.point[0] <= wall and found.cost < Rosenbrock().cost(START)


def test_too_few_steps_are_no_convergence():
    found = levenberg_marquardt(Rosenbrock(), START, max_iter=2, tol=1e-12)
    assert found.n_iter == 2 and not found.converged


def test_a_flat_cost_ends_at_once_where_it_began():
    class Flat(Rosenbrock):
        def residual(self, x):
            return np.zeros(2)

    found = levenberg_marquardt(Flat(), START, max_iter=100, tol=1e-6)
    assert found.converged and found.n_iter == 1
    np.testing.assert_array_equal(found.point, START)
