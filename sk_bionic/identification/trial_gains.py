"""EMG gains of single trials: a nuisance of the identification.

Electrodes are set anew, skin dries and effort differs: the same muscle force may come with another amplitude of the EMG
in another trial. What is common to all trials is the maximal force, so the gains are relative to their mean.
"""

import numpy as np

from ..musculoskeletal.prior import FreeParameters

SMALLEST_STD = 1e-6  # of a gain's logarithm, below which the trials' gains are alike to any computer
CENTER_STD = 1e-3  # of the mean logarithm of the trials' gains, which is zero by definition


class TrialGains:
    """Gain of every trial and EMG channel, with its prior.

    Parameters
    ----------
    motion : EquationOfMotion
        Muscles that the same EMG drives share a gain.
    std : float
        Prior standard deviation of the logarithm of a gain; 0: the trials have none of their own.

    Attributes
    ----------
    n : int
        Gains of a trial; 0 where there is a single trial, whose gain is one with the maximal forces.
    """

    def __init__(self, motion, std):
        self.motion, self.std, self.n_trials = motion, std, motion.trials.n_trials
        self.n, self.channel = 0, np.zeros(motion.model.n_muscles, dtype=int)
        if std > SMALLEST_STD and self.n_trials > 1:
            columns, self.channel = np.unique(motion.excitation, axis=1, return_inverse=True)
            self.n, self.channel = columns.shape[1], self.channel.ravel()
        table = motion.model.parameters
        own = {(muscle.name, "emg_gain"): {"free": True} for muscle in motion.model.muscles}
        self.free = FreeParameters(table.with_rows(own) if self.n else table)
        rows = self.free.index.tolist()
        self.free_columns = np.array([rows.index(i) for i in table.free_index], dtype=int)
        gains = range(*table.slices["emg_gain"].indices(len(table)))
        self.gain_columns = np.array([rows.index(i) for i in gains] if self.n else [], dtype=int)

    @property
    def start(self):
        """Logarithms (n_trials, n) of gains that are all alike."""
        return np.zeros((self.n_trials, self.n))

    def gain(self, log_gain):
        """Gains (n_trials, n_muscles)."""
        if not self.n:
            return np.ones((self.n_trials, self.motion.model.n_muscles))
        return np.exp(log_gain)[:, self.channel]

    def applied(self, log_gain):
        """Motion under the trials' gains."""
        return self.motion.with_trial_gains(self.gain(log_gain)) if self.n else self.motion

    def split(self, by_value, parameters):
        """Derivatives with respect to the free parameters, and to the logarithms of the own trial's gains.

        `by_value` (..., n_columns) are those with respect to the rows of `free`.
        """
        by_log_gain = np.zeros((*by_value.shape[:-1], self.n))
        for muscle, column in enumerate(self.gain_columns):
            # The trial's gain and the muscle's multiply the same EMG.
            own = parameters["emg_gain"][muscle].item()
            by_log_gain[..., self.channel[muscle]] += own * by_value[..., column]
        return by_value[..., self.free_columns], by_log_gain

    def prior_residual(self, log_gain):
        """Deviations of single gains and of their means from 0, in their standard deviations."""
        own = log_gain / self.std if self.n else log_gain
        return np.concatenate([own.ravel(), log_gain.mean(axis=0) / CENTER_STD])

    def prior_terms(self, log_gain):
        """Gradient (n_trials, n) and Hessian (n_trials, n, n_trials, n) of half the squared prior residual."""
        mean = np.broadcast_to(log_gain.mean(axis=0), log_gain.shape)
        precision = 1.0 / self.std**2 if self.n else 0.0
        gradient = precision * log_gain + mean / (CENTER_STD**2 * self.n_trials)
        between = np.full((self.n_trials, self.n_trials), (CENTER_STD * self.n_trials) ** -2)
        trials = precision * np.eye(self.n_trials) + between
        return gradient, np.einsum("kl,ij->kilj", trials, np.eye(self.n))
