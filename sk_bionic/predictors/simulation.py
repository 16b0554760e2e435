"""The identified equation of motion, run on the EMG."""

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..dynamics.equation import EquationOfMotion
from ..dynamics.marching import March, Trajectory, in_threads, n_workers
from ..exceptions import IdentifiabilityWarning, SimulationError, warn_user
from ..identification.identifiability import MOVED, assess, known_otherwise, sharing, summary
from ..identification.identify import Identification, IdentificationInterrupted, identify
from ..identification.posterior import with_offset
from ..musculoskeletal.prior import FreeParameters
from .predictor import Prediction, PredictorInTime, Session, found_by, offset_of
from .session import calibrated
from .start_states import Opening, StartStates, spread_of_starts, start_pieces


@dataclass(frozen=True, kw_only=True)
class SimulationPredictor(PredictorInTime):
    """The equation of motion alone.

    Attributes
    ----------
    identification : Identification
    findings : tuple of Finding
        What the recording leaves open.
    """

    identification: Identification
    findings: tuple = ()

    def predict(self, recording, *, with_std=False, forces=True):
        """As every predictor."""
        return simulated(self, self.equation(recording), with_std, forces)

    def calibrate(self, recording):
        """Offset, gains and delays are identified anew, under priors about the training's."""
        return calibrated_simulation(self, recording)

    @property
    def error_std(self):
        """What the simulation left of the training's angles [rad]."""
        return self.identification.noise_std

    def attributes(self):
        """Fitted attributes of the estimator by their public names, dict."""
        return {**super().attributes(), "ode_weight_": np.inf, "n_iter_": max(1, self.identification.n_iter)}

    def _found(self):
        return found_by(self.identification, self.model, self.findings)


def calibrated_simulation(predictor, recording):
    """A predictor whose equation of motion is in a new session.

    Parameters
    ----------
    predictor : PredictorInTime
    recording : Recording
        Of the new session, with its angles.

    Returns
    -------
    PredictorInTime
        Of the same class; its model's goniometer, EMG gains and delays are the session's.
    """
    trained = predictor.as_trained()
    equation = trained.equation(recording)
    model = calibrated(trained.model, equation, recording.angle, predictor.identification.noise_std)
    offset = offset_of(model) - offset_of(trained.model)
    return replace(trained, model=model, session=trained.session._replace(offset=offset))


def fit_simulation(recording, model, settings, *, before=None, validation_weight=None, start=None):
    """Identification alone; after an interrupt, by the best parameters so far.

    Parameters
    ----------
    recording : Recording
    model : MusculoskeletalModel
        To identify.
    settings : Settings
    before, validation_weight, start : None
        Of learners; there are none.

    Returns
    -------
    SimulationPredictor or None
        None where the model cannot be simulated from any start, and learners are to follow.

    Raises
    ------
    SimulationError
        When the model cannot be simulated from any start, and nothing follows.

    Warns
    -----
    ConvergenceWarning
        When the identification did not converge, or nothing could be simulated.
    IdentifiabilityWarning
        When the recording leaves parameters open.
    """
    equation, progress, chosen = (
        EquationOfMotion.of(model, recording),
        settings.training.progress,
        settings.identification,
    )
    try:
        for may_share in (chosen.share, False):
            on_step = _reporting(progress, equation.model, recording)
            with progress.stage("identify"):
                identification = identify(equation, recording.angle, recording.weight, chosen, on_step=on_step)
            shared = sharing(model, identification.information) if may_share else model
            if shared is model:
                break
            equation = equation.with_model(shared)
    except IdentificationInterrupted as interrupt:
        identification = interrupt.best
        progress.keep(
            f"the identification stopped after {identification.n_iter} iterations, and its best parameters so far "
            "predict, by simulation"
        )
    except SimulationError as error:
        if not settings.learns:
            raise
        warn_user(f"The physics failed on the training trials, the learners predict alone. {error}", ConvergenceWarning)
        return None
    if not identification.converged and not progress.interrupted:
        warn_user(
            f"The identification did not converge in {identification.n_iter} iterations; its parameters are the best "
            "found. Fewer free parameters (`identify=`) or more motion would help.",
            ConvergenceWarning,
        )
    findings = assess(identification, equation.excitation)
    if any(finding.advice != MOVED for finding in findings):  # of a doubted model, wide errors and `reason` tell
        warn_user(summary(findings, identification.model), IdentifiabilityWarning)
    return SimulationPredictor(
        model=identification.model,
        model_of_training=identification.model,
        session=session_of_training(recording, model),
        start_states=start_states(equation.with_model(identification.model), recording.angle),
        identification=identification,
        findings=tuple(findings),
    )


def _reporting(progress, model, recording):
    """What tells the progress of an identification's steps, and returns whether to stop there."""

    def on_step(iteration, objective, values):
        snapshot = lambda: SimulationSoFar.of(model.with_values(values), recording)
        return progress.step({"objective": objective}, snapshot)

    return on_step


class SimulationSoFar(PredictorInTime):
    """The equation under the parameters that an identification has reached, for callbacks that score its steps."""

    @classmethod
    def of(cls, model, recording):
        """Of the model with those parameters."""
        return cls(model=model, model_of_training=model, session=session_of_training(recording, model))

    def predict(self, recording, *, with_std=False, forces=True):
        """As every predictor, but nobody knows its error yet."""
        return Prediction(self.simulate(recording))

    def calibrate(self, recording):
        """Nothing is known that a session could be told by."""
        return self

    @property
    def error_std(self):
        """Nobody knows."""
        return None


def session_of_training(recording, model):
    """The session in which a training set was recorded."""
    return Session.as_trained(model.n_coordinates, recording.emg.shape[1])


def start_states(equation, angle):
    """Starts that the training knows; None where the model is so far off that its activation cannot be solved."""
    try:
        return StartStates.learnt(equation, angle)
    except SimulationError:
        return None


def simulated(predictor, equation, with_std=False, forces=True):
    """Prediction of the identified equation, from rest in equilibrium.

    Parameters
    ----------
    predictor : PredictorInTime
        Identified.
    equation : EquationOfMotion
        Of its model on the new frames.
    with_std, forces : bool
        As of `Predictor.predict`.

    Returns
    -------
    Prediction
    """
    model, identification = predictor.model, predictor.identification
    offset = offset_of(model)
    if not with_std:
        trajectory = equation.solve()
        return Prediction(trajectory.angle + offset, trajectory)
    free = FreeParameters(model.parameters)

    def of_parameters(piece):
        # A doubt of the parameters that are not free has no part in the angles' variance: what they have done to the
        # angles of the training is in the error that was left there.
        of_angle = with_offset(piece.of_angle[..., : len(free)], free)
        variance = propagated(of_angle, known_otherwise(identification))
        if not forces:
            return variance, piece.force
        return variance, force_variance(piece.of_force[..., : len(free)], piece.force, identification)

    of_free = (free.index, of_parameters) if len(free) else ()
    trajectory, variance, of_force = from_rest(predictor.start_states, equation, *of_free, forces=forces)
    variance += identification.noise_std**2
    of_force = np.sqrt(of_force, out=of_force) if forces else None
    return Prediction(trajectory.angle + offset, trajectory, np.sqrt(variance), force_std=of_force)


def force_variance(by_value, force, identification):
    """Variance of muscle forces (n_frames, n_muscles) [N^2] by the parameters, of which `by_value` (n_frames,
    n_muscles, n_free) are the derivatives, and by noise of the EMG.
    """
    return propagated(by_value, identification.covariance) + identification.relative_variance() * np.square(force)


def propagated(jacobian, covariance):
    """Variances (n_frames, n) of outputs whose derivatives are `jacobian` (n_frames, n, n_free)."""
    return ((jacobian @ covariance) * jacobian).sum(axis=-1)


def from_rest(starts, equation, rows=(), of_parameters=None, *, forces=True):
    """Simulation from rest and its variances by what nobody knows of each trial's start and by parameters.

    Parameters
    ----------
    starts : StartStates or None
        Those that the training knows.
    equation : EquationOfMotion
    rows : sequence of int
        Parameters with respect to which derivatives are wanted, rows of their table.
    of_parameters : callable, optional
        Variances of angles and forces that these make in a `StartPiece`.
    forces : bool
        Whether variances of forces are asked for.

    Returns
    -------
    trajectory : Trajectory
    variance : ndarray (n_frames, n_coordinates)
        Of the angles [rad^2].
    force_variance : ndarray (n_frames, n_muscles)
        [N^2]; of no muscle where nobody asks.
    """
    model, trials = equation.model, equation.trials
    march = March(equation, rows=rows, surplus=True)
    states, variance = march.states(), np.zeros((trials.n_frames, model.n_coordinates))
    of_force, known = np.zeros((trials.n_frames, model.n_muscles if forces else 0)), None
    if starts is not None:
        probability = starts.probability(equation)
        known, moment = Opening.of(equation, forces), starts.second_moment(probability)

    def one(k):
        for piece in start_pieces(equation, march, states, k, len(rows), forces=forces):
            if of_parameters is not None:
                variance[piece.rows], of_force[piece.rows] = of_parameters(piece)
            if known is None:
                continue
            jacobians = (each[..., len(rows) :] for each in (piece.of_angle, piece.of_force))
            found = [propagated(jacobian, moment[k]) for jacobian in jacobians]
            n = known.keep(k, piece.rows, piece.activations, piece.force, *found)
            angle, force = starts.limited(*(each[n:] for each in found))
            later = slice(piece.rows.start + n, piece.rows.stop)
            variance[later] += angle
            of_force[later] += force

    calls = [(k,) for k in range(trials.n_trials)]
    list(in_threads(one, calls, n_workers(len(calls), trials.n_frames)))
    trajectory = Trajectory(states, model.n_coordinates)
    if known is not None:
        # By derivatives or by the spread of simulations, whichever is larger: large deviations last longer, or less
        # long, than derivatives say.
        angle, force = known.variance, known.force_variance
        with suppress(SimulationError):
            spread = spread_of_starts(starts, equation, trajectory, known, probability)
            angle, force = np.maximum(angle, spread[0]), np.maximum(force, spread[1])
        angle, force = starts.limited(angle, force)
        variance[known.frames] += angle
        of_force[known.frames] += force
    return trajectory, variance, of_force


def variance_from_rest(predictor, equation, forces=True, remembered=np.inf):
    """What the unknown start of each trial makes of the angles (n_frames, n_coordinates) [rad^2] and, where they are
    asked for, of the muscle forces (n_frames, n_muscles) [N^2] of the fitted model's simulation; None where there is
    none, or where the training knows no starts. Of who forgets, as learners do with the EMG that they see, it is less,
    and nothing after the time that is `remembered` [s].
    """
    if predictor.start_states is None:
        return None
    try:
        _, of_angle, of_force = from_rest(predictor.start_states, equation, forces=forces)
    except SimulationError:
        return None
    if np.isinf(remembered):
        return of_angle, of_force
    trials = equation.trials
    since = trials.time - trials.time[trials.starts[:-1]][trials.trial_of_frame]
    left = np.clip(1.0 - since / remembered, 0.0, 1.0)[:, None] if remembered > 0 else 0.0
    return of_angle * left, of_force * left
