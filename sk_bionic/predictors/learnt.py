"""What predictors that learn from the recent EMG have in common: their features, and how they come into a session."""

from abc import abstractmethod
from dataclasses import dataclass, replace

import numpy as np

from ..learning.features import FeatureLayout, history_features, long_lags, sequence_lags, short_lags
from .posture_errors import PostureErrors
from .predictor import PredictorInTime, with_offset_moved
from .session import calibrated_inputs


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
        return features_of(self.heard(recording), self.history, self.layout)

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


def features_of(recording, history, layout):
    """Features (n_frames, n_features) of a recording whose EMG is as the training's electrodes take it."""
    return history_features(recording.emg, recording.external, recording.trials, history, layout)


def layout_of(recording, history, with_long_lags=False, sequence=False):
    """Layout of the features that a recording has.

    Parameters
    ----------
    recording : Recording
    history : float
        EMG that the learners see [s].
    with_long_lags : bool
        Whether some of them see a longer and coarser history, and some the channels' shares.
    sequence : bool
        Whether a user's module reads the history step by step.

    Returns
    -------
    FeatureLayout
    """
    lags = short_lags(history)
    lags = np.union1d(lags, long_lags(history)) if with_long_lags else lags
    lags = np.union1d(lags, sequence_lags(history)) if sequence else lags
    share_lags = short_lags(history) if with_long_lags else np.zeros(0)
    return FeatureLayout(lags, recording.emg.shape[1], len(recording.external), share_lags)
