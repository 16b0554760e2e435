"""Other ways to the same parameters: searches on the same simulator, and ways without one.

The cost is minus the log posterior of the parameters, every trial simulated from rest: the same
simulator and the same priors as in the package. Searches are charged the CPU time of one thread.
"""

import time
import warnings

import numpy as np
from scipy.optimize import differential_evolution, dual_annealing, least_squares
from scipy.signal import savgol_filter

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.exceptions import SimulationError
from sk_bionic.identification.posterior import Posterior
from sk_bionic.musculoskeletal import elbow
from sk_bionic.trials import find_trials

FAILED = 1e4  # cost of parameters whose motion cannot be simulated, above that of any that can
SMOOTHING_WINDOWS = (11, 21, 31, 51)  # frames
SMOOTHING_DEGREE = 4


class Cost:
    """Minus the log posterior of free values (n_free,), with a record of how its best fell."""

    def __init__(self, subject):
        angle = subject.target.to_numpy()[:, None]
        self.motion = EquationOfMotion(elbow(), find_trials(subject.data), subject.data.to_numpy())
        self.posterior = Posterior(self.motion, angle, np.ones(len(angle)))
        self.free = self.posterior.free
        self.n_evaluations, self.best, self.trace = 0, np.inf, []
        self.values, self.budget, self.goal, self.start = None, np.inf, -np.inf, time.process_time()

    @property
    def bounds(self):
        return np.column_stack([self.free.lower, self.free.upper])

    @property
    def generic(self):
        """The values from which identification starts."""
        return np.asarray(self.free.initial)

    def limit(self, budget, goal):
        """Stop, by `Finished`, after `budget` seconds or at a cost of `goal`."""
        self.budget, self.goal, self.start = budget, goal, time.process_time()
        return self

    def parameters(self, values):
        """All parameters by name, with the free ones replaced."""
        return self.motion.model.parameters.as_dict(self.free.values(self.free.raw(np.array(values))))

    def errors(self, values):
        """Measured minus simulated angle (n_frames, 1) [rad]; infinite if none can be simulated."""
        try:
            trajectory = self.motion.solve(self.parameters(values))
        except SimulationError:
            return np.full_like(self.posterior.angle, np.inf)
        return self.posterior.angle - trajectory.angle

    def of_errors(self, error, values):
        """Cost, given the errors; white noise: every frame counts. Keeps the record."""
        prior = (self.free.prior_residual(self.free.raw(np.array(values))) ** 2).sum()
        squares = (error**2).sum()
        cost = min(0.5 * (len(error) * np.log(squares) + prior), FAILED)
        self.n_evaluations += 1
        seconds = time.process_time() - self.start
        if cost < self.best:
            self.best, self.values = cost, np.array(values)
            self.trace.append((seconds, cost))
        if seconds > self.budget or self.best <= self.goal:
            raise Finished
        return cost

    def __call__(self, values):
        return self.of_errors(self.errors(values), values)

    def seconds_to(self, cost):
        """When the record first fell to `cost` [s], NaN where it did not."""
        return next((seconds for seconds, reached in self.trace if reached <= cost), np.nan)

    def rmse(self, values):
        """Root mean square error of the simulated angle [deg]."""
        return np.rad2deg(np.sqrt(np.mean(self.errors(values) ** 2)))


class Finished(Exception):
    """A search has reached its goal or spent its budget."""


def _anneal(cost, **options):
    dual_annealing(cost, cost.bounds, x0=cost.generic, maxiter=10**6, seed=0, **options)


def _evolve(cost):
    differential_evolution(cost, cost.bounds, x0=cost.generic, maxiter=10**6, tol=0.0, seed=0)


def _finite_differences(cost):
    """Levenberg-Marquardt's cousin in scipy on the same simulation, derivatives by differences."""
    noise = np.deg2rad(1.0)  # the true one, as a gift

    def residual(values):
        error = cost.errors(values)
        cost.of_errors(error, values)
        prior = cost.free.prior_residual(cost.free.raw(values))
        return np.concatenate([np.clip(error[:, 0], -10.0, 10.0) / noise, prior])

    bounds = cost.bounds.T
    least_squares(residual, cost.generic, bounds=bounds, x_scale=bounds[1] - bounds[0])


SEARCHES = {
    "dual_annealing": _anneal,
    "dual_annealing, no local search": lambda cost: _anneal(cost, no_local_search=True),
    "differential_evolution": _evolve,
    "least_squares, finite differences": _finite_differences,
}


def search(name, subject, budget, goal):
    """Run one search; the `Cost` with its record and the seconds it took."""
    cost = Cost(subject).limit(budget, goal)
    try:
        SEARCHES[name](cost)
    except Finished:
        pass
    return cost, time.process_time() - cost.start


def smoothed_derivatives(subject, window):
    """Values that balance the torques along the smoothed motion, and the seconds it took."""
    cost = Cost(subject)
    start = time.process_time()
    motion, trials = cost.motion, cost.motion.trials
    smooth = lambda rows, order: savgol_filter(
        subject.target.to_numpy()[rows], window, SMOOTHING_DEGREE, order, 1 / trials.sampling_rate
    )
    kinematics = [np.concatenate([smooth(rows, order) for rows in trials.slices])[:, None] for order in range(3)]

    def torque(values):
        parameters = cost.parameters(values)
        return motion.model.residual(*kinematics, motion.activations(parameters), parameters)[:, 0]

    bounds = cost.bounds.T
    found = least_squares(torque, cost.generic, bounds=bounds, x_scale=bounds[1] - bounds[0])
    return found.x, time.process_time() - start


def soft_penalty_network(subject):
    """Values that the joint training of network and parameters arrives at, and the seconds."""
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        regressor = PhysicsInformedMSKRegressor("elbow", prediction="network", random_state=0)
        regressor.fit(subject.data, subject.target)
    return regressor.parameters_["value"].to_numpy(), time.process_time() - start
