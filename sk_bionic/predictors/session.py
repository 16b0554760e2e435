"""A new session of a fitted subject: what changes when electrodes and goniometer are put on again.

Goniometer offset, EMG gains and electromechanical delay move, under priors about the training's; anatomy and networks
stay. Where the equation of motion predicts alone, it is asked (identification of these parameters alone), else the
learners of the EMG are: the maximum a posteriori of what their inputs and output are multiplied and shifted by.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import solve_triangular

from ..exceptions import LINE, IdentifiabilityWarning, fitting_in, warn_user
from ..identification.identifiability import NOT_NARROWER, unlearnt
from ..identification.identify import IdentificationSettings, identify
from ..identification.levenberg_marquardt import levenberg_marquardt
from ..learning.features import FeatureLayout, features_of
from .posture_errors import PostureErrors, factor_of_errors, measured_frames, time_of
from .predictor import PredictorInTime, Session, with_offset_moved

SESSION_PARAMETERS = ("goniometer_offset", "emg_gain", "electromechanical_delay")
# Of the priors [rad, 1, s]; chosen by the same score as the shares of `posture_errors`, which says what it was.
OFFSET_STD, LOG_GAIN_STD, DELAY_STD = 0.05, 0.2, 0.02
# Labelled angles that span less of the training's range than this are one posture, which tells the offset alone.
ONE_POSTURE, SPAN_OF_STD = 0.2, 3.0  # range of a movement in standard deviations
LARGEST_OFFSET, LARGEST_LOG_GAIN, LARGEST_DELAY = 0.25, 0.6, 0.1  # rad, 1, s: three to five of these
MAX_ITERATIONS, TOLERANCE = 12, 1e-3  # tolerance in units of the log posterior
DIFFERENCE = 1e-3  # prior standard deviations: a delay moves interpolated EMG, whose slope a smaller one would not see


@dataclass(frozen=True, kw_only=True)
class LearntPredictor(PredictorInTime):
    """A predictor of the recent EMG.

    Attributes
    ----------
    layout : FeatureLayout
        What the columns of the features are.
    history : float
        EMG that no trial may be shorter than [s].
    posture_errors : PostureErrors or None
        Of the learners in the session that `calibrate` has seen; None as trained.
    """

    layout: FeatureLayout
    history: float
    posture_errors: PostureErrors | None = None

    @abstractmethod
    def predict_from_emg(self, recording):
        """Angles (n_frames, n_coordinates) [rad] of what sees EMG alone, as the training's goniometer reads them."""

    @property
    @abstractmethod
    def scale(self):
        """Standard deviation of the training's angles (n_coordinates,) [rad]."""

    def as_trained(self):
        """The predictor in the session of the training."""
        return replace(super().as_trained(), posture_errors=None)

    def features(self, recording):
        """What the learners see (n_frames, n_features)."""
        return features_of(self.as_in_training(recording), self.history, self.layout)

    def calibrate(self, recording):
        """Offset, gains and delay under which the learners agree best, and the errors that are left by posture."""
        return self.calibrated_by(lambda predictor: predictor.predict_from_emg(recording), self.error_std, recording)

    def calibrated_by(self, told, error_std, recording):
        """The predictor in the session that agrees best with the measured angles.

        Parameters
        ----------
        told : callable
            Angles (n_frames, n_coordinates) [rad] of the recording that a predictor's parts say, as the training's
            goniometer reads them.
        error_std : ndarray (n_coordinates,)
            Their usual error [rad].
        recording : Recording
            Of the new session, with its angles.

        Returns
        -------
        LearntPredictor
        """
        trained, trials = self.as_trained(), recording.trials
        sessions = calibrated_inputs(
            lambda session: told(replace(trained, session=session)), recording.angle, trials, error_std, self.scale,
            self.model.channels,
        )  # fmt: skip
        # Gains are sought by some of the learners; whether all of them gain, the measured frames tell.
        moved = [replace(trained, model=with_offset_moved(trained.model, s.offset), session=s) for s in sessions]
        predicted = [one.predict(recording).angle for one in moved]
        best = int(np.argmin([np.nanmean(np.square(angle - recording.angle)) for angle in predicted]))
        errors = PostureErrors.learnt(predicted[best], recording.angle, trials)
        return replace(moved[best], posture_errors=errors)

    def as_measured(self, angle):
        """Learners' angles (n_frames, n_coordinates) [rad] as the session's goniometer reads them in its postures."""
        angle = angle + self.session.offset
        return angle if self.posture_errors is None else angle + self.posture_errors.at(angle)


def calibrated(model, motion, angle, noise_std):
    """Model with the session's parameters identified anew, everything else as it was.

    Parameters
    ----------
    model : MusculoskeletalModel
        Identified in an earlier session; its values are the centres of the priors.
    motion : EquationOfMotion
        The new session's frames.
    angle : ndarray (n_frames, n_coordinates)
        Measured angles [rad]; NaN where unknown.
    noise_std : ndarray (n_coordinates,) or None
        What the model left of the training's angles [rad]: it will leave as much of these.

    Returns
    -------
    MusculoskeletalModel

    Warns
    -----
    IdentifiabilityWarning
        When the labelled frames leave a parameter at what the earlier session found.
    """
    rows = model.parameters.rows
    centred = {(r.owner, r.name): {"initial": r.value} for r in rows if r.name in SESSION_PARAMETERS}
    session = model.with_rows(centred).identifying(SESSION_PARAMETERS)
    identification = identify(
        motion.with_model(session), angle, None, IdentificationSettings(exact_errors=False), known_noise_std=noise_std
    )
    _warn([finding.message for finding in unlearnt(identification.model, identification.covariance)])
    moved = [row.name in SESSION_PARAMETERS for row in rows]
    return model.with_values(np.where(moved, identification.model.parameters.value, model.parameters.value))


def calibrated_inputs(predict, angle, trials, error_std, angle_std, channels):
    """Sessions under which learners of the EMG agree best with the measured angles: one that moves all, and one that
    moves the offset alone (the same where one posture tells no more).

    Their errors are correlated along a movement and wherever the limb comes back to a posture (`posture_errors`).

    Parameters
    ----------
    predict : callable
        Angles (n_frames, n_coordinates) [rad] under a `Session`.
    angle : ndarray (n_frames, n_coordinates)
        Measured angles [rad]; NaN where unknown.
    trials : Trials
        Of the frames.
    error_std : ndarray (n_coordinates,)
        The learners' own error [rad].
    angle_std : ndarray (n_coordinates,)
        Standard deviation of the training's angles [rad].
    channels : sequence of str
        Names of the EMG channels.

    Returns
    -------
    list of Session

    Warns
    -----
    IdentifiabilityWarning
        When the labelled frames leave something at what it was in training.
    """
    problem = _Agreement(predict, angle, trials, error_std, angle_std, len(channels))
    search = lambda: levenberg_marquardt(problem, np.zeros(problem.n), max_iter=MAX_ITERATIONS, tol=TOLERANCE).point
    found = search()
    _, hessian = problem.linearise(found)
    names = ["goniometer_offset"] * problem.d + [f"{name}/emg_gain" for name in channels] + ["electromechanical_delay"]
    std = np.sqrt(np.diag(np.linalg.inv(hessian)))
    _warn([name for name, one in zip(names, std, strict=True) if one > NOT_NARROWER])
    if problem.free == problem.d:
        return [problem.session(found)]
    problem.free = problem.d
    return [problem.session(found), problem.session(search())]


class _Agreement:
    """Minus the log posterior of a session over offsets, logarithms of gains and delay, in units of their priors."""

    def __init__(self, predict, angle, trials, error_std, angle_std, n_channels):
        self.predict, self.angle, self.error_std, self.d = predict, angle, error_std, angle.shape[1]
        self.n = self.d + n_channels + 1
        self.prior_std = np.concatenate([np.full(self.d, OFFSET_STD), np.full(n_channels, LOG_GAIN_STD), [DELAY_STD]])
        gain, delay = LARGEST_LOG_GAIN / LOG_GAIN_STD, LARGEST_DELAY / DELAY_STD
        self.bound = np.concatenate([np.full(self.d, LARGEST_OFFSET / OFFSET_STD), np.full(n_channels, gain), [delay]])
        span = np.nanmax(angle, axis=0) - np.nanmin(angle, axis=0)
        # One posture tells the offset alone.
        self.free = self.n if (span > ONE_POSTURE * SPAN_OF_STD * angle_std).any() else self.d
        start = predict(self.session(np.zeros(self.n)))  # which names a trial that is too short
        self.rows = measured_frames(angle, trials)
        known = [(start[rows, k], time_of(trials)[rows]) for k, rows in enumerate(self.rows)]
        self.factors = [factor_of_errors(*one) for one in known]

    def session(self, x):
        """The session of some values of the unknowns."""
        moved = x * self.prior_std
        return Session(moved[: self.d], np.exp(moved[self.d : -1]), float(moved[-1]))

    def _residual(self, x):
        session = self.session(x)
        error = (self.predict(session) + session.offset - self.angle) / self.error_std
        white = [
            solve_triangular(f, error[r, k], lower=True)
            for k, (f, r) in enumerate(zip(self.factors, self.rows, strict=True))
        ]
        return np.concatenate([*white, x])

    def cost(self, x):
        """Half the sum of squares."""
        return 0.5 * float(np.square(self._residual(x)).sum())

    def linearise(self, x):
        """Gradient and Gauss-Newton Hessian by differences."""
        residual = self._residual(x)
        jacobian = np.zeros((len(residual), self.n))
        jacobian[-self.n :] = np.eye(self.n)
        for j in range(self.free):
            jacobian[:, j] = (self._residual(x + DIFFERENCE * np.eye(self.n)[j]) - residual) / DIFFERENCE
        return jacobian.T @ residual, jacobian.T @ jacobian

    def moved(self, x, step):
        """The unknowns one step further, within their bounds."""
        return (np.clip(x + step, -self.bound, self.bound),)

    def evaluate(self, x):
        """The unknowns are their own point."""
        return x


def _warn(names):
    if names:
        warn_user(
            f"The labelled frames do not determine: {fitting_in(names, LINE)}.\n"
            "They stay near the values of the earlier session.",
            IdentifiabilityWarning,
        )
