"""Choice of weights and of a calibration's settings: an estimator over the trials of a project."""

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .calibration import calibrate
from .configuration import Hybrid
from .execution import execute

SCORES = ("electrodes", "moments")
SILENT = 0.02  # standard deviation of an excitation below which an electrode tells nothing


class CeinmsExecutor(BaseEstimator):
    """Calibration and execution of a CEINMS project as a scikit-learn estimator; its samples are trials.

    Left-out trials judge weights and settings: `GridSearchCV` with `LeaveOneOut` is the leave-one-trial-out choice.

    Parameters
    ----------
    project : CeinmsProject
        Of a calibration's setup, with several trials.
    alpha, beta, gamma : float, default=1.0
        Weights of the hybrid mode, see `Hybrid`.
    lengths, keep_ranges : bool
        As of `calibrate`.
    score_by : {"electrodes", "moments"}, default="electrodes"
        What a trial left out is judged by. "electrodes": each electrode in turn is hidden, the excitations of its
        muscles are synthesized from moments and the other signals, and compared with what it measured; weights that
        merely fit the moments do badly. "moments": error of the moments in open loop, in units of their size; weights
        do not matter.

    Attributes
    ----------
    calibration_ : CeinmsCalibration
        Of the training trials.
    subject_ : Subject
        Its calibrated subject.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV, LeaveOneOut
    >>> from sk_bionic.ceinms import CeinmsExecutor, read_ceinms
    >>> project = read_ceinms("calibrationSetup.xml")  # doctest: +SKIP
    >>> weights = {"gamma": [1.0, 30.0, 1000.0]}
    >>> search = GridSearchCV(CeinmsExecutor(project), weights, cv=LeaveOneOut())  # doctest: +SKIP
    >>> search.fit([[trial] for trial in range(len(project.trials))]).best_params_  # doctest: +SKIP
    """

    def __init__(
        self, project, *, alpha=1.0, beta=1.0, gamma=1.0, lengths=True, keep_ranges=False, score_by="electrodes"
    ):
        self.project = project
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma
        self.lengths = lengths
        self.keep_ranges = keep_ranges
        self.score_by = score_by

    def fit(self, X, y=None):
        """Calibrate the subject to some trials.

        Parameters
        ----------
        X : array-like (n_trials, 1)
            Their positions in the project.
        y : None
            Moments are those of the trials.

        Returns
        -------
        CeinmsExecutor
            Itself.

        Raises
        ------
        ValueError
            When a trial is not there or a setting is unknown.
        """
        if self.score_by not in SCORES:
            raise ValueError(f"`score_by` must be one of {SCORES}. Got {self.score_by!r}.")
        project = replace(self.project, trials=tuple(self._trials(X)))
        self.calibration_ = calibrate(project, lengths=self.lengths, keep_ranges=self.keep_ranges)
        self.subject_ = self.calibration_.subject
        self.n_features_in_ = 1
        return self

    def predict(self, X):
        """Moments of trials in open loop.

        Parameters
        ----------
        X : array-like (n_trials, 1)
            Their positions in the project.

        Returns
        -------
        DataFrame (n_frames, n_coordinates)
            [N m], of all frames; index levels ``trial`` and ``time``.
        """
        check_is_fitted(self)
        return pd.concat([self._execute(trial).moments for trial in self._trials(X)])

    def score(self, X, y=None):
        """Minus the error on trials, see `score_by`.

        Parameters
        ----------
        X : array-like (n_trials, 1)
            Their positions in the project.
        y : None
            Not needed.

        Returns
        -------
        float
            At most 0.
        """
        check_is_fitted(self)
        judge = self._error_of_electrodes if self.score_by == "electrodes" else self._error_of_moments
        return -float(np.mean([judge(trial) for trial in self._trials(X)]))

    def _trials(self, X):
        positions = np.asarray(X).reshape(len(X), -1)[:, 0].astype(int)
        n = len(self.project.trials)
        beyond = [int(k) for k in positions if not 0 <= k < n]
        if beyond or not len(positions):
            raise ValueError(f"X must hold positions of the project's {n} trials, from 0. Got {beyond or 'none'}.")
        return [self.project.trials[k] for k in positions]

    def _execute(self, trial, mode=None):
        tendon = self.project.calibration.tendon
        return execute(self.subject_, trial, self.project.excitation_generator, mode, tendon=tendon)

    def _error_of_moments(self, trial):
        size = trial.moments.pow(2).mean().pow(0.5)
        return (self._execute(trial).error / size).mean()

    def _error_of_electrodes(self, trial):
        """Error of hidden excitations, in units of their standard deviation."""
        generator, errors = self.project.excitation_generator, []
        measured = [muscle for muscle in self.subject_.muscle_names if generator.measured(muscle)]
        silent = [muscle for muscle in self.subject_.muscle_names if muscle not in measured]
        for signal in generator.signals:
            hidden = [muscle for muscle in measured if signal in generator.mapping[muscle]]
            if not hidden or trial.signals[signal].std() < SILENT:
                continue
            adjusted = tuple(muscle for muscle in measured if muscle not in hidden)
            mode = Hybrid(self.alpha, self.beta, self.gamma, (*silent, *hidden), adjusted)
            run = self._execute(trial, mode)
            error = (run.excitations[hidden] - run.mapped[hidden]).pow(2).mean().pow(0.5)
            errors.append((error / run.mapped[hidden].std().clip(lower=SILENT)).mean())
        return float(np.mean(errors)) if errors else np.nan
