"""What a fit leaves behind: the base of all ways of predicting, and what it says about new frames."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from .._inputs import LARGEST_EXCITATION
from ..dynamics.equation import EquationOfMotion
from ..dynamics.inverse import differentiated, forces_along
from ..dynamics.inverse import muscles_along as along
from ..dynamics.marching import Trajectory
from ..identification.suspicion import suspicion_frame
from ..identification.tables import correlation_frame, parameter_frame, trial_gain_frame
from ..musculoskeletal import MusculoskeletalModel
from .seen_inputs import SeenInputs
from .start_states import StartStates


@dataclass(frozen=True, eq=False)
class Prediction:
    """Predicted motion.

    Attributes
    ----------
    angle : ndarray (n_frames, n_coordinates)
        As the goniometer reads it [rad].
    trajectory : Trajectory or None
        Motion of the joints behind it; None where learners alone predict.
    angle_std : ndarray (n_frames, n_coordinates) or None
        Standard deviation of measured minus predicted angle [rad], where asked for.
    force : ndarray (n_frames, n_muscles) or None
        Muscle forces that a network says itself [N]; None where they are the Hill-type muscles' along the trajectory.
    force_std : ndarray (n_frames, n_muscles) or None
        Standard deviation of the Hill-type muscles' forces [N], where asked for.
    """

    angle: np.ndarray
    trajectory: Trajectory | None = None
    angle_std: np.ndarray | None = None
    force: np.ndarray | None = None
    force_std: np.ndarray | None = None


def offset_of(model):
    """Goniometer offsets (n_coordinates,) [rad]."""
    return model.parameters.as_dict()["goniometer_offset"]


def with_offset_moved(model, shift):
    """Model whose goniometer offsets are moved by `shift` (n_coordinates,) [rad]."""
    values = model.parameters.value.copy()
    values[model.parameters.slices["goniometer_offset"]] += shift
    return model.with_values(values)


def pull(muscles):
    """Tendon forces (n_frames, n_muscles) [N] of a MuscleState as muscles have them: they cannot push."""
    return np.maximum(muscles.tendon_force, 0.0)


# Fitted attributes that hold one value per muscle.
MUSCLE_ATTRIBUTES = (
    "max_isometric_force",
    "optimal_fiber_length",
    "tendon_slack_length",
    "pennation_angle_at_optimal",
    "max_contraction_velocity",
    "emg_shape_factor",
    "electromechanical_delay",
)
# Those of the estimator that only a fit in time has.
ATTRIBUTES_IN_TIME = (
    "session_",
    "muscle_names_",
    "synthesized_muscles_",
    *(f"{name}_" for name in MUSCLE_ATTRIBUTES),
)
# Those that are made when they are first asked for (see `Predictor.tables`).
TABLES = ("findings_", "parameters_", "parameter_correlation_", "starts_", "trial_gain_")


@dataclass(frozen=True, kw_only=True)
class Predictor(ABC):
    """What a fit leaves behind. Nothing in it changes: a calibration makes another one.

    Attributes
    ----------
    suspicions : tuple of Suspicion
        What makes the fit implausible.
    """

    suspicions: tuple = ()

    @abstractmethod
    def predict(self, recording, *, with_std=False, forces=True):
        """Angles of a recording.

        Parameters
        ----------
        recording : Recording
        with_std : bool, default=False
            Whether standard deviations are wanted, which take longer.
        forces : bool, default=True
            Whether those of muscle forces are wanted, too.

        Returns
        -------
        Prediction
        """

    @property
    def networks(self):
        """Networks that a warm start goes on with, HistoryNetwork or None."""
        return None

    def attributes(self):
        """Fitted attributes of the estimator by their public names, dict."""
        return {
            "model_": None,
            "module_": None if self.networks is None else self.networks.shown,
            "history_": [],
            "ode_weight_": 0.0,
            "n_iter_": 1,
            "member_weights_": {},
            "output_cutoff_": np.inf,
            "held_out_rmse_": {},
        }

    def tables(self):
        """What makes those of its attributes that take longer than a prediction, functions by public names, dict."""
        return {"findings_": lambda: suspicion_frame(self.suspicions)}

    def with_suspicions(self, suspicions):
        """The same with what makes the fit implausible."""
        return replace(self, suspicions=tuple(suspicions))


class Session(NamedTuple):
    """What differs from the training's session.

    Attributes
    ----------
    offset : ndarray (n_coordinates,)
        Added to predicted angles [rad].
    emg_gain : ndarray (n_channels,)
        Factor on the normalised EMG.
    delay : float
        Further delay of the EMG [s].
    """

    offset: np.ndarray
    emg_gain: np.ndarray
    delay: float

    @classmethod
    def as_trained(cls, n_coordinates, n_channels):
        """The session of the training data."""
        return cls(np.zeros(n_coordinates), np.ones(n_channels), 0.0)


@dataclass(frozen=True, kw_only=True)
class PredictorInTime(Predictor):
    """A predictor that knows the equation of motion of its subject.

    Attributes
    ----------
    model : MusculoskeletalModel
        Identified; its goniometer reads as in the session.
    model_of_training : MusculoskeletalModel
        `model` as it was before any calibration.
    session : Session
        What differs from the training's session.
    start_states : StartStates or None
        How trials may begin; None where the model is so far off that nobody can tell.
    seen_inputs : SeenInputs or None
        What the inputs of the training were like; None in files that know nothing of it.
    """

    model: MusculoskeletalModel
    model_of_training: MusculoskeletalModel
    session: Session
    start_states: StartStates | None = None
    seen_inputs: SeenInputs | None = None

    @abstractmethod
    def calibrate(self, recording):
        """The predictor in a new session, of which some angles are known.

        Parameters
        ----------
        recording : Recording
            Of the new session, with its angles.

        Returns
        -------
        PredictorInTime
        """

    @property
    @abstractmethod
    def error_std(self):
        """Usual error of the predicted angle (n_coordinates,) [rad]; None where nobody knows."""

    def as_trained(self):
        """The predictor in the session of the training."""
        session = Session.as_trained(self.model.n_coordinates, len(self.session.emg_gain))
        return replace(self, model=self.model_of_training, session=session)

    def as_in_training(self, recording):
        """The recording as the training's electrodes would have taken it, not beyond what activation stands for."""
        recording = recording.in_session(self.session)
        if not (recording.emg > LARGEST_EXCITATION).any():
            return recording
        return replace(recording, emg=np.minimum(recording.emg, LARGEST_EXCITATION))

    @property
    def error_size(self):
        """`ErrorSize` of the learners, or None."""
        return None

    def equation(self, recording):
        """The equation of motion on a recording."""
        return EquationOfMotion.of(self.model, self.as_in_training(recording))

    def simulate(self, recording, initial_state=None):
        """Angles of the equation of motion alone.

        Parameters
        ----------
        recording : Recording
        initial_state : ndarray (n_trials, 2, n_coordinates), optional
            Angle as the goniometer reads it [rad] and angular velocity [rad/s] at each trial's first frame. Default: at
            rest in equilibrium.

        Returns
        -------
        ndarray (n_frames, n_coordinates)
            [rad]

        Raises
        ------
        SimulationError
            When the equation cannot be solved; names trial and time.
        """
        offset = offset_of(self.model)
        if initial_state is not None:
            initial_state = initial_state - np.stack([offset, np.zeros_like(offset)])
        return self.equation(recording).solve(initial_state=initial_state).angle + offset

    def muscles_along(self, recording, prediction):
        """Muscles along a predicted motion, and their torques on the joints (see `muscles_along`)."""
        equation = self.equation(recording)
        return along(equation, self._state_of(equation, prediction))

    def forces_along(self, recording, prediction):
        """Muscle forces (n_frames, n_muscles) [N] along a predicted motion."""
        equation = self.equation(recording)
        return forces_along(equation, self._state_of(equation, prediction))

    @staticmethod
    def _state_of(equation, prediction):
        """Where learners alone predict, velocities are differences of their angle."""
        if prediction.trajectory is None:
            return differentiated(equation, prediction.angle)
        return prediction.trajectory.state

    def trajectory_of(self, state):
        """Joint angles and velocities (n_frames, 2, n_coordinates) as a Trajectory."""
        return Trajectory(state, self.model.n_coordinates)

    def attributes(self):
        """Fitted attributes of the estimator by their public names, dict."""
        model, values = self.model, self.model.parameters.as_dict()
        return {
            **super().attributes(),
            "model_": model,
            "session_": self.session,
            "muscle_names_": model.muscle_names,
            "synthesized_muscles_": model.synthesized_muscles,
            **{f"{name}_": values[name].copy() for name in MUSCLE_ATTRIBUTES},
        }

    def tables(self):
        """Those of every predictor, and what the identification says: nothing where there was none."""
        return {**super().tables(), **self._found()}

    def _found(self):
        return {
            "parameters_": lambda: parameter_frame(self.model),
            "parameter_correlation_": lambda: correlation_frame(self.model, None),
            "starts_": list,
            "trial_gain_": lambda: None,
        }


def found_by(identification, model, findings):
    """What makes the tables of an identification, by public names of the estimator's attributes.

    Parameters
    ----------
    identification : Identification
    model : MusculoskeletalModel
        The identified one, in its session.
    findings : sequence of Finding
        What the recording leaves open.

    Returns
    -------
    dict of callable
    """
    covariance = identification.covariance
    return {
        "parameters_": lambda: parameter_frame(model, covariance, findings, identification.given_fixed),
        "parameter_correlation_": lambda: correlation_frame(model, covariance),
        "starts_": lambda: list(identification.starts),
        "trial_gain_": lambda: trial_gain_frame(identification, model),
    }
