"""The identified equation of motion, run on the EMG."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..dynamics.equation import EquationOfMotion
from ..dynamics.sensitivity import start_sensitivity
from ..exceptions import IdentifiabilityWarning, SimulationError, warn_user
from ..identification.identifiability import assess, known_otherwise, summary
from ..identification.identify import Identification, IdentificationInterrupted, identify
from ..identification.posterior import with_offset
from ..identification.selection import determined
from ..musculoskeletal.prior import FreeParameters
from .predictor import Prediction, PredictorInTime, found_by, offset_of
from .session import Session, calibrated
from .start_states import StartStates, spread_of_starts


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

    def predict(self, recording, *, with_std=False):
        """As every predictor."""
        return simulated(self, self.equation(recording), with_std)

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


def fit_simulation(recording, model, settings, *, validation_weight=None, start=None):
    """Identification alone; after an interrupt, by the best parameters so far.

    Parameters
    ----------
    recording : Recording
    model : MusculoskeletalModel
        To identify.
    settings : Settings
    validation_weight, start : None
        Of networks; there are none.

    Returns
    -------
    SimulationPredictor

    Raises
    ------
    SimulationError
        When the model cannot be simulated from any start.

    Warns
    -----
    ConvergenceWarning
        When the identification did not converge.
    IdentifiabilityWarning
        When the recording leaves parameters open.
    """
    equation, progress = EquationOfMotion.of(model, recording), settings.training.progress
    identification, left = _identified(equation, recording, settings), []
    if settings.identification.only_determined and not progress.interrupted:
        model, left = determined(model, identification.information)
        if left:
            equation = equation.with_model(model)
            identification = _identified(equation, recording, settings)
    if not identification.converged and not progress.interrupted:
        warn_user(
            f"The identification did not converge in {identification.n_iter} iterations; its parameters are the best "
            "found. Fewer free parameters (`identify=`) or more motion would help.",
            ConvergenceWarning,
        )
    findings = [*left, *assess(identification, equation.excitation)]
    if findings:
        warn_user(summary(findings, identification.model), IdentifiabilityWarning)
    return SimulationPredictor(
        model=identification.model,
        model_of_training=identification.model,
        session=session_of_training(recording, model),
        start_states=start_states(equation.with_model(identification.model), recording.angle),
        identification=identification,
        findings=tuple(findings),
    )


def _identified(equation, recording, settings):
    progress = settings.training.progress

    def accepted(iteration, objective, values):
        snapshot = lambda: SimulationSoFar.of(equation.model.with_values(values), recording)
        return progress.step({"objective": objective}, snapshot)

    with progress.stage("identify"):
        try:
            return identify(equation, recording.angle, recording.weight, settings.identification, on_step=accepted)
        except IdentificationInterrupted as interrupt:
            best = interrupt.best
            progress.keep(
                f"the identification stopped after {best.n_iter} iterations, and its best parameters so far "
                "predict, by simulation"
            )
            return best


class SimulationSoFar(PredictorInTime):
    """The equation under the parameters that an identification has reached, for callbacks that score its steps."""

    @classmethod
    def of(cls, model, recording):
        """Of the model with those parameters."""
        return cls(model=model, model_of_training=model, session=session_of_training(recording, model))

    def predict(self, recording, *, with_std=False):
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


def simulated(predictor, equation, with_std=False):
    """Prediction of the identified equation, from rest in equilibrium.

    Parameters
    ----------
    predictor : PredictorInTime
        Identified.
    equation : EquationOfMotion
        Of its model on the new frames.
    with_std : bool

    Returns
    -------
    Prediction
    """
    model, identification = predictor.model, predictor.identification
    parameters = model.parameters.as_dict()
    offset = offset_of(model)
    if not with_std:
        trajectory = equation.solve(parameters)
        return Prediction(trajectory.angle + offset, trajectory)
    free = FreeParameters(model.parameters)
    found = start_sensitivity(equation, parameters, free.index)
    trajectory, _, force, of_angle, of_force = found
    # A doubt of the parameters that are not free has no part in the angles' variance: what they have done to the angles
    # of the training is in the error that was left there.
    variance, of_force_variance = np.zeros_like(trajectory.angle), np.zeros_like(force)
    if len(free):
        variance = propagated(with_offset(of_angle[..., : len(free)], free), known_otherwise(identification))
        of_force_variance = force_variance(of_force[..., : len(free)], force, identification)
    of_start = start_variance(predictor, equation, found)
    if of_start is not None:
        variance, of_force_variance = variance + of_start[0], of_force_variance + of_start[1]
    variance = variance + identification.noise_std**2
    return Prediction(trajectory.angle + offset, trajectory, np.sqrt(variance), force_std=np.sqrt(of_force_variance))


def force_variance(by_value, force, identification):
    """Variance of muscle forces (n_frames, n_muscles) [N^2] by the parameters, of which `by_value` (n_frames,
    n_muscles, n_free) are the derivatives, and by noise of the EMG.
    """
    return propagated(by_value, identification.covariance) + identification.relative_variance() * np.square(force)


def propagated(jacobian, covariance):
    """Variances (n_frames, n) of outputs whose derivatives are `jacobian` (n_frames, n, n_free)."""
    return ((jacobian @ covariance) * jacobian).sum(axis=-1)


def start_variance(predictor, equation, found):
    """What the unknown start of each trial makes of the angles (n_frames, n_coordinates) [rad^2] and of the muscle
    forces (n_frames, n_muscles) [N^2]; None where the training knows no starts. `found` by `start_sensitivity`.
    """
    starts = predictor.start_states
    if starts is None:
        return None
    trajectory, activations, forces, of_angle, of_force = found
    probability = starts.probability(equation)
    moment = starts.second_moment(probability)
    by_start, by_start_of_force = (each[..., -len(moment[0]) :] for each in (of_angle, of_force))
    variance, force_variance = np.empty_like(trajectory.angle), np.empty_like(forces)
    for rows, own in zip(equation.trials.slices, moment, strict=True):
        variance[rows] = propagated(by_start[rows], own)
        force_variance[rows] = propagated(by_start_of_force[rows], own)
    try:  # large deviations last longer, or less long, than derivatives say
        rows, angle, force = spread_of_starts(starts, equation, found, probability)
        variance[rows] = np.maximum(variance[rows], angle)
        force_variance[rows] = np.maximum(force_variance[rows], force)
    except SimulationError:
        pass
    limit = np.maximum(starts.span**2, 1e-12)
    share = np.minimum(limit / np.maximum(variance, limit), 1.0)  # no start makes more uncertain than all angles are
    return variance * share, force_variance * share.min(axis=1)[:, None]


def variance_from_rest(predictor, equation):
    """`start_variance` about the fitted model's simulation; None where there is none."""
    if predictor.start_states is None:
        return None
    try:
        return start_variance(predictor, equation, start_sensitivity(equation, equation.model.parameters.as_dict()))
    except SimulationError:
        return None
