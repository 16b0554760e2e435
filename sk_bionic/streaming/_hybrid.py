"""Learners and equation of motion together, a frame at a time."""

import numpy as np

from ..musculoskeletal.prior import FreeParameters
from ..predictors.held_out import LARGEST_FUSION_WEIGHT, TOLERATED_DISAGREEMENT, relative_std
from ..predictors.hybrid import SMALLEST_BELIEF, UNKNOWN_MARGIN, UNKNOWN_STD, UNKNOWN_WEIGHT, HybridPredictor
from ..predictors.predictor import offset_of
from ._learners import FrameLearners
from ._limb import Limb
from ._simulation import start_moment
from ._smoothing import LowPass, cutoff_after
from .compiled.inputs import mix
from .compiled.kalman import expect, measure
from .compiled.limb import conclude_along, summarise

FIRST_STD = 1.0, 5.0  # of angle [rad] and velocity [rad/s] at a start, about rest: the first frame's angle tells more
VELOCITY_TIME = (
    0.5  # s: errors of the angle last about so long, and those of the velocity are as large as they are over it
)
BELIEF_TIME, BELIEF_START = (
    20.0,
    2.0,
)  # s over which simulation and learners are compared; s that the training stands for


class HybridCore:
    """Angles, forces and moments of an `EnsemblePredictor`, hybrid or not, at the newest frame.

    Parameters
    ----------
    predictor : EnsemblePredictor
    step : float
        Usual time between frames [s].
    lag : float
        For which the angle may wait [s].
    external : sequence of str
        Names of the external inputs, in the order of the training's.
    """

    def __init__(self, predictor, step, lag=0.0, external=()):
        model, trust = predictor.model, predictor.trust
        self.predictor, self.step = predictor, step
        self.d, self.n_muscles = model.n_coordinates, model.n_muscles
        self.weights = np.ascontiguousarray(model.channel_weights)
        self.least = np.ascontiguousarray(np.broadcast_to(model.minimum_activation, self.n_muscles), dtype=np.float64)
        self.physics = PhysicsOfFrames(predictor, step, external) if isinstance(predictor, HybridPredictor) else None
        state = np.zeros(0) if self.physics is None else self.physics.state
        self.learners = FrameLearners(predictor.learners, predictor.layout, len(state), step, predictor.session.delay)
        self.state, self.blind = state, ~self.learners.sees_state
        self.disagreement = trust.disagreement**2
        self.apart = self.disagreement if np.isfinite(self.disagreement) else 0.0
        self.compared = BELIEF_START
        # Members smoothed by themselves leave less for the last filter: in a stream it is the only one.
        cutoff = predictor.learners.usual_cutoff(trust.cutoff)
        self.low_pass = LowPass(self.d, cutoff_after(lag, cutoff), step, lag)
        self.slope = LowPass(self.d, cutoff, step, 0.0)  # of the muscles' velocity, where no equation tells it
        self.lag = self.low_pass.lag
        self.muscles = MusclesOfFrames(predictor, step)
        self.out = self.muscles.out
        self.excitation = np.zeros(self.n_muscles)
        self.time = 0.0

    def push(self, time, emg, external, prescribed, exogenous, fresh):
        """As of `SimulationCore`."""
        dt, self.time = self.step if fresh else time - self.time, time
        mix(emg, self.weights, self.least, self.excitation)
        inputs = time, self.excitation, external, prescribed
        physics, solved, unknown = self.physics, True, False
        if physics is not None:
            solved = physics.simulate(*inputs, fresh)
            unknown = physics.unknown(exogenous)
        members = self.learners.push(time, emg, exogenous, self.state, fresh)
        belief = 1.0 if physics is None else self._belief(members, dt, fresh, unknown)
        share = np.where(self.blind, 1.0, belief) * self.learners.weight
        share /= share.sum()
        angle = share @ members
        std = relative_std(share @ np.square(members - angle), self.predictor.trust.spread)
        variance = (self.predictor.trust.error_std * std) ** 2
        velocity = None
        if physics is not None and physics.is_fused:
            weighed = (std * UNKNOWN_STD if unknown else std) * max(belief, SMALLEST_BELIEF)
            weight = max(physics.ode_weight, UNKNOWN_WEIGHT) if unknown else physics.ode_weight
            solved = physics.fuse(*inputs, angle, weighed * self.predictor.scale, weight, fresh) and solved
            angle, velocity = physics.angle, physics.velocity
        smooth = self.low_pass.push(angle, dt, fresh)
        velocity = self.slope.push(angle, dt, fresh)[:, 1] if velocity is None else velocity
        if physics is not None:
            variance = variance + physics.of_unknown_start
        solved = self.muscles.push(*inputs, self._as_measured(angle), velocity, variance, dt, fresh) and solved
        self.out[0, : self.d], self.out[1, : self.d] = self._as_measured(smooth[:, 0]), variance
        return solved

    def _as_measured(self, angle):
        return self.predictor.as_measured(angle[None])[0]

    def _belief(self, members, dt, fresh, unknown):
        """How far the simulation is believed (see `Trust.belief`), by the recent past."""
        distance = float(np.mean((self.state[: self.d] - members[self.blind].mean(axis=0)) ** 2))
        if fresh:
            self.apart, self.compared = self.disagreement, BELIEF_START
        self.compared = min(self.compared + dt, BELIEF_TIME)
        self.apart += dt / self.compared * (distance - self.apart)
        if unknown:
            return 1.0
        ratio = self.apart / self.disagreement if self.disagreement > 0 else np.inf
        return min(1.0, TOLERATED_DISAGREEMENT / ratio) ** 2 if np.isfinite(ratio) and ratio > 0 else 0.0

    def copy_from(self, other):
        """Go on from where another core of the same predictor is."""
        if self.physics is not None:
            self.physics.copy_from(other.physics)
        for name in ("learners", "low_pass", "slope", "muscles"):
            getattr(self, name).copy_from(getattr(other, name))
        self.apart, self.compared, self.time = other.apart, other.compared, other.time


class PhysicsOfFrames:
    """The equation that the learners see the state of, and are fused with.

    Parameters
    ----------
    predictor : HybridPredictor
    step : float
        Usual time between frames [s].
    external : sequence of str
        Names of the external inputs.
    """

    def __init__(self, predictor, step, external):
        physics, d, delay = predictor.physics, predictor.model.n_coordinates, predictor.session.delay
        self.d, self.step, self.offset = d, step, np.array(offset_of(physics))
        self.free_run = Limb(physics, step, (), 2 * d, delay)
        self.state, self.of_unknown_start = np.zeros(2 * d + physics.n_muscles), np.zeros(d)
        self.starts, self.of_start = predictor.start_states, np.zeros((2 * d, 2 * d))
        self.span = np.full(d, np.inf) if self.starts is None else np.maximum(self.starts.span**2, 1e-12)
        self.known = []
        for k, name in enumerate(external):
            low, high = predictor.known_inputs.get(name, (-np.inf, np.inf))
            margin = UNKNOWN_MARGIN * (high - low) if high - low < np.inf else 0.0
            self.known.append((k, low - margin, high + margin))
        self.is_fused = predictor.trust.ode_weight > 0
        if self.is_fused:
            n = 2 * (d + physics.compiled.n_tendons)
            self.ode_weight = min(predictor.trust.ode_weight, LARGEST_FUSION_WEIGHT)
            self.filter = Limb(physics, step, (), n, delay)
            self.covariance, self.work = np.zeros((n, n)), np.zeros((n, max(n, 2 * d)))
            self.order, self.first = np.zeros(d, np.int64), np.square(FIRST_STD)
            self.angle, self.velocity = np.zeros(d), np.zeros(d)

    def unknown(self, exogenous):
        """Whether an input lies outside what the learners have seen."""
        return any(not low <= exogenous[k] <= high for k, low, high in self.known)

    def simulate(self, time, excitation, external, prescribed, fresh):
        """The simulated state at a frame; whether the equation was solved."""
        limb = self.free_run
        limb.take(time, excitation, external, prescribed)
        if fresh:
            start_moment(self.starts, excitation, self.d, self.of_start)
        solved = limb.go(fresh)
        summarise(
            self.d,
            limb.window,
            limb.tell(False),
            self.of_start,
            self.span,
            self.state,
            self.offset,
            self.of_unknown_start,
        )
        return solved

    def fuse(self, time, excitation, external, prescribed, measured, std, weight, fresh):
        """Angles and velocities between the learners' angle (n_coordinates,) [rad] with its std and the equation."""
        limb = self.filter
        limb.take(time, excitation, external, prescribed)
        solved = limb.go(fresh, alone=True)
        if solved and not fresh:
            expect(limb.body, limb.window, limb.at, 1.0 / weight, self.covariance, self.work, self.order)
        else:
            self.covariance[:] = 0.0
            n = len(self.covariance) // 2
            for r in range(self.d):
                self.covariance[r, r], self.covariance[n + r, n + r] = self.first
        measure(limb.window.states[-1], measured - self.offset, np.square(std), self.covariance)
        newest = limb.window.states[-1]
        self.angle[:], self.velocity[:] = newest[0, : self.d] + self.offset, newest[1, : self.d]
        return solved

    def copy_from(self, other):
        """Go on from where another one is."""
        self.free_run.copy_from(other.free_run)
        self.of_start[:] = other.of_start
        if self.is_fused:
            self.filter.copy_from(other.filter)
            self.covariance[:] = other.covariance


class MusclesOfFrames:
    """Forces and moments of the identified muscles along the predicted motion.

    Parameters
    ----------
    predictor : EnsemblePredictor
    step : float
        Usual time between frames [s].
    """

    def __init__(self, predictor, step):
        model, rows = predictor.model, FreeParameters(predictor.model.parameters).index
        self.d, self.step, self.offset = model.n_coordinates, step, np.array(offset_of(model))
        self.limb = Limb(model, step, rows, 0, predictor.session.delay)
        self.of_parameters = np.zeros((len(rows), len(rows)))
        if predictor.identification is not None:
            self.of_parameters[:] = predictor.identification.covariance
        self.motion, self.of_motion = np.zeros((2, self.d)), np.zeros((2 * self.d, 2 * self.d))
        self.room, self.out = np.zeros(2 * self.d), np.zeros((2, 2 * self.d + model.n_muscles))

    def push(self, time, excitation, external, prescribed, angle, velocity, variance, dt, fresh):
        """Fill forces and moments; whether the tendons' equilibrium was found."""
        limb = self.limb
        limb.take(time, excitation, external, prescribed)
        self.motion[0], self.motion[1] = angle - self.offset, velocity
        for r in range(self.d):
            self.of_motion[r, r], self.of_motion[self.d + r, self.d + r] = variance[r], variance[r] / VELOCITY_TIME**2
        solved = limb.go(fresh, self.motion)
        conclude_along(self.d, limb.tell(True), self.of_motion, self.of_parameters, self.room, self.out)
        return solved

    def copy_from(self, other):
        """Go on from where other ones are."""
        self.limb.copy_from(other.limb)
        self.out[:] = other.out
