"""Learners and equation of motion together, a frame at a time."""

import numpy as np

from ..learning.ensemble import nearer
from ..musculoskeletal.prior import FreeParameters
from ..predictors.error_size import UNKNOWN_MARGIN, Beyond
from ..predictors.held_out import LARGEST_FUSION_WEIGHT, TOLERATED_DISAGREEMENT, relative_std
from ..predictors.hybrid import SMALLEST_SIMULATION_WEIGHT, HybridPredictor
from ..predictors.predictor import offset_of
from ._external import EXTERNAL
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
COMPARED_TIME, COMPARED_START = (
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
        model, held_out = predictor.model, predictor.held_out
        self.predictor, self.step = predictor, step
        self.d, self.n_muscles = model.n_coordinates, model.n_muscles
        self.weights = np.ascontiguousarray(model.channel_weights)
        self.least = np.ascontiguousarray(np.broadcast_to(model.minimum_activation, self.n_muscles), dtype=np.float64)
        self.physics = PhysicsOfFrames(predictor, step) if isinstance(predictor, HybridPredictor) else None
        state = np.zeros(0) if self.physics is None else self.physics.state
        needed = self.physics is not None and (len(external) or held_out.size is not None)
        self.beyond = BeyondOfFrames(predictor, step, external) if needed else None
        self.learners = FrameLearners(predictor.learners, predictor.layout, len(state), step, predictor.session.delay)
        self.state, self.without_state = state, ~self.learners.sees_state
        self.disagreement = held_out.disagreement**2
        self.apart = self.disagreement if np.isfinite(self.disagreement) else 0.0
        self.compared = COMPARED_START
        # Members smoothed by themselves leave less for the last filter: in a stream it is the only one.
        cutoff = predictor.learners.usual_cutoff(held_out.cutoff)
        self.low_pass = LowPass(self.d, cutoff_after(lag, cutoff), step, lag)
        self.slope = LowPass(self.d, cutoff, step, 0.0)  # of the muscles' velocity, where no equation tells it
        self.lag = self.low_pass.lag
        self.muscles = MusclesOfFrames(predictor, step)
        self.out = self.muscles.out
        self.excitation = np.zeros(self.n_muscles)
        self.time = self.began = 0.0
        self.last, self.velocity = np.zeros(self.d), np.zeros(self.d)
        self.away, self.together = None, 0.0

    def push(self, time, emg, external, prescribed, exogenous, fresh):
        """As of `SimulationCore`."""
        dt, self.time = self.step if fresh else time - self.time, time
        mix(emg, self.weights, self.least, self.excitation)
        inputs = time, self.excitation, external, prescribed
        physics, solved, beyond = self.physics, True, self.beyond
        if physics is not None:
            solved = physics.simulate(*(inputs if beyond is None else beyond.nearest(*inputs, exogenous)), fresh)
        members = self.learners.push(time, emg, exogenous if beyond is None else beyond.exogenous, self.state, fresh)
        is_known = beyond is None or beyond.simulate(inputs, emg, fresh)
        simulation_weight = 1.0 if physics is None else self._simulation_weight(members, dt if is_known else 0.0, fresh)
        share = (np.where(self.without_state, 1.0, simulation_weight) * self.learners.weight)[:, None] * self._nearness(
            members, dt, fresh
        )
        share /= share.sum(axis=0)
        angle = (share * members).sum(axis=0)
        spread = (share * np.square(members - angle)).sum(axis=0)
        std = relative_std(spread, self.predictor.held_out.spread)
        held_out = self.predictor.held_out
        variance = (held_out.error_std * self._relative(angle, spread, std, dt, fresh)) ** 2
        if beyond is not None:
            angle, variance = beyond.push(angle, variance, simulation_weight, dt, fresh)
        else:
            variance += held_out.unlearnt(emg[None])[0]
        velocity = None
        if physics is not None and physics.is_fused:
            weighed = std * max(simulation_weight, SMALLEST_SIMULATION_WEIGHT) * self.predictor.scale
            solved = physics.fuse(*inputs, angle, weighed, physics.ode_weight, fresh) and solved
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

    def _nearness(self, members, dt, fresh):
        """Factors on the weights of the members (see `learning.ensemble.nearness`), by the recent past."""
        now = np.square(members - np.sort(members, axis=0)[len(members) // 2])
        if fresh or self.away is None:
            self.away, self.together = now, self.step
        self.together = min(self.together + dt, COMPARED_TIME)
        self.away = self.away + dt / self.together * (now - self.away)
        return nearer(self.away)

    def _relative(self, angle, spread, usual, dt, fresh):
        """Standard deviation relative to the usual one, by what is known of the EMG so far."""
        size = self.predictor.held_out.size_by_frame
        if size is None:
            return usual
        if fresh:
            self.began, self.last, self.velocity = self.time, angle, np.zeros(self.d)
        self.velocity += min(dt / VELOCITY_TIME, 1.0) * ((angle - self.last) / max(dt, self.step) - self.velocity)
        self.last = angle
        return size.relative(spread, self.velocity, self.time - self.began)

    def _simulation_weight(self, members, dt, fresh):
        """How far the simulation is believed (see `HeldOutErrors.simulation_weight`), by the recent past."""
        distance = float(np.mean((self.state[: self.d] - members[self.without_state].mean(axis=0)) ** 2))
        if fresh:
            self.apart, self.compared = self.disagreement, COMPARED_START
        self.compared = min(self.compared + dt, COMPARED_TIME)
        self.apart += dt / self.compared * (distance - self.apart)
        ratio = self.apart / self.disagreement if self.disagreement > 0 else np.inf
        return min(1.0, TOLERATED_DISAGREEMENT / ratio) ** 2 if np.isfinite(ratio) and ratio > 0 else 0.0

    def copy_from(self, other):
        """Go on from where another core of the same predictor is."""
        if self.physics is not None:
            self.physics.copy_from(other.physics)
        if self.beyond is not None:
            self.beyond.copy_from(other.beyond)
        for name in ("learners", "low_pass", "slope", "muscles"):
            getattr(self, name).copy_from(getattr(other, name))
        self.apart, self.compared, self.time = other.apart, other.compared, other.time
        self.began, self.last, self.velocity = other.began, other.last.copy(), other.velocity.copy()
        self.away, self.together = other.away, other.together


class PhysicsOfFrames:
    """The equation that the learners see the state of, and are fused with.

    Parameters
    ----------
    predictor : HybridPredictor
    step : float
        Usual time between frames [s].
    """

    def __init__(self, predictor, step):
        physics, d, delay = predictor.physics, predictor.model.n_coordinates, predictor.session.delay
        self.d, self.step, self.offset = d, step, np.array(offset_of(physics))
        self.free_run = Limb(physics, step, (), 2 * d, delay)
        self.state, self.of_unknown_start = np.zeros(2 * d + physics.n_muscles), np.zeros(d)
        self.starts, self.of_start = predictor.start_states, np.zeros((2 * d, 2 * d))
        self.span = np.full(d, np.inf) if self.starts is None else np.maximum(self.starts.span**2, 1e-12)
        self.is_fused = predictor.held_out.ode_weight > 0
        if self.is_fused:
            n = 2 * (d + physics.compiled.n_tendons)
            self.ode_weight = min(predictor.held_out.ode_weight, LARGEST_FUSION_WEIGHT)
            self.filter = Limb(physics, step, (), n, delay)
            self.covariance, self.work = np.zeros((n, n)), np.zeros((n, max(n, 2 * d)))
            self.order, self.first = np.zeros(d, np.int64), np.square(FIRST_STD)
            self.angle, self.velocity = np.zeros(d), np.zeros(d)

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


class BeyondOfFrames:
    """Whom to believe under loads, postures, EMG and angles that the training did not have, by the recent past (see
    `predictors.error_size`).

    Parameters
    ----------
    predictor : HybridPredictor
    step : float
        Usual time between frames [s].
    external : sequence of str
        Names of the external inputs.
    """

    def __init__(self, predictor, step, external):
        model, known, delay = predictor.model, predictor.known_inputs, predictor.session.delay
        self.held_out, self.scale = predictor.held_out, predictor.scale
        self.noise_std = predictor.identification.noise_std
        self.d, self.to_training = model.n_coordinates, offset_of(model) - predictor.session.offset
        self.low, self.high = np.reshape([known.get(name, (-np.inf, np.inf)) for name in external], (-1, 2)).T
        span = np.where(np.isfinite(self.high - self.low), self.high - self.low, 0.0)
        self.margin, self.exogenous = UNKNOWN_MARGIN * span, np.zeros(len(external))
        self._of_external = [(EXTERNAL.index(name), k) for k, name in enumerate(external) if name in EXTERNAL]
        prescribed = list(model.prescribed_names)
        self._of_prescribed = [(prescribed.index(name), k) for k, name in enumerate(external) if name in prescribed]
        self.as_is, self.within = Limb(model, step, (), 0, delay), Limb(model, step, (), 0, delay)
        self.apart, self.moved, self.unlearnt = (np.zeros(self.d) for _ in range(3))
        self.compared, self.is_beyond = COMPARED_START, False

    def nearest(self, time, excitation, external, prescribed, exogenous):
        """The inputs of a frame at the nearest values that the training had."""
        self.is_beyond = bool(((exogenous < self.low - self.margin) | (exogenous > self.high + self.margin)).any())
        self.exogenous[:] = exogenous
        if self.is_beyond:
            np.clip(exogenous, self.low, self.high, out=self.exogenous)
            external, prescribed = external.copy(), prescribed.copy()
            for places, target in ((self._of_external, external), (self._of_prescribed, prescribed)):
                for at, k in places:
                    target[at] = self.exogenous[k]
        self._known = time, excitation, external, prescribed
        return self._known

    def simulate(self, inputs, emg, fresh):
        """The identified equation at a frame, as it is and at the nearest known inputs; whether learners know it."""
        self.known = self._at(self.within, self._known, fresh)
        self.simulated = self._at(self.as_is, inputs, fresh) if len(self.exogenous) else self.known
        self.unlearnt = self.held_out.unlearnt(emg[None], self.known[None])[0]
        return not self.unlearnt.any()

    def push(self, learnt, variance, simulation_weight, dt, fresh):
        """Angle and variance (n_coordinates,) of the learners, the simulation heeded where it knows more, as far as it
        is believed.
        """
        if fresh:
            self.apart[:], self.moved[:], self.compared = self.held_out.disagreement**2, 0.0, COMPARED_START
        evidence = self.held_out, self.noise_std, self.scale, self.apart
        if self.unlearnt.any():
            whom = Beyond.weighed(
                *evidence, 0.0, unlearnt=self.unlearnt, unseen=False, simulation_weight=simulation_weight
            )
            learnt, of_both = whom.mixed(learnt, self.known)
            variance = variance + of_both
        else:
            self.compared = min(self.compared + dt, COMPARED_TIME)
            self.apart += dt / self.compared * (np.square(self.known - learnt) - self.apart)
        if not self.is_beyond:
            return learnt, variance
        # The largest of the recent past: what a load changes shows as the limb moves, and is not forgotten at once.
        self.moved = np.maximum(np.square(self.simulated - self.known), self.moved * (1.0 - dt / self.compared))
        whom = Beyond.weighed(*evidence, self.moved)
        angle, of_both = whom.mixed(learnt, self.simulated)
        return angle, np.maximum(variance, of_both)

    def _at(self, limb, inputs, fresh):
        limb.take(*inputs)
        limb.go(fresh)
        return limb.window.states[-1, 0, : self.d] + self.to_training

    def copy_from(self, other):
        """Go on from where another one of the same predictor is."""
        self.as_is.copy_from(other.as_is)
        self.within.copy_from(other.within)
        self.apart, self.moved, self.compared = other.apart.copy(), other.moved.copy(), other.compared


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
        self.of_parameters, self.of_noise = np.zeros((len(rows), len(rows))), np.zeros(model.n_muscles)
        if predictor.identification is not None:
            self.of_parameters[:] = predictor.identification.covariance
            self.of_noise[:] = predictor.identification.relative_variance()
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
        conclude_along(self.d, limb.tell(True), self.of_motion, self.of_parameters, self.of_noise, self.room, self.out)
        return solved

    def copy_from(self, other):
        """Go on from where other ones are."""
        self.limb.copy_from(other.limb)
        self.out[:] = other.out
