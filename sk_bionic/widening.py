"""Predictions from columns that are unlike the training's: what they are, and how much less is known then."""

import numpy as np

from .exceptions import SimulationError
from .predictors import prediction
from .predictors.seen_inputs import LOAD_SHARE, SeenInputs
from .trials import Trials


class InputWidening:
    """Private half of `PhysicsInformedMSKRegressor`: inputs of new trials beside those of the training."""

    def _seen_inputs(self, values, trials):
        """What the training's inputs are like; None without a time axis."""
        return None if trials is None else SeenInputs.learnt(*self._compared(values), trials)

    def _compared(self, values):
        """EMG (n_frames, n_channels) in the training's unit, and external inputs (n_frames,) by name."""
        emg = values[:, self.roles_.emg] / self.emg_scale_ * self.session_.emg_gain
        return emg, {name: values[:, column] for name, column in self.roles_.exogenous.items()}

    def _unlike_training(self, values, trials):
        seen = self.fitted_.seen_inputs
        if seen is None or trials is None:
            return []
        return seen.odd(*self._compared(values), trials, self.roles_.emg_names)

    def _widened(self, result, motion, values, trials, oddities):
        """The prediction with variances that allow for what odd columns may have been in truth."""
        variance, force_variance = result.variance, result.force_variance
        if variance is None:
            return result
        variance = variance.copy()
        forces = None
        if force_variance is not None:
            force_variance, forces = force_variance.copy(), _forces(motion, result)
        for odd in oddities:
            rows = trials.slices[odd.trial]
            others = list(self._instead(odd, values[rows], trials.time[rows]))
            share = LOAD_SHARE**2 if odd.kind == "range" else 1.0
            # A muscle is at rest most of the time: the mean of stretches would say that a dropout misses little.
            of_all = np.max if odd.kind == "dropout" else np.mean
            if others:
                moved = [np.square(other.angle - result.angle[rows]) for other, _ in others]
                variance[rows] += share * of_all(moved, axis=0)
                if forces is not None:
                    moved = [np.square(_forces(own, other) - forces[rows]) for other, own in others]
                    force_variance[rows] += share * of_all(moved, axis=0)
        return result._replace(variance=variance, force_variance=force_variance)

    def _instead(self, odd, values, time):
        """Predictions of one trial and the motions behind them with the odd column replaced."""
        column = self.roles_.exogenous[odd.name] if odd.column < 0 else self.roles_.emg[odd.column]
        unit = 1.0 if odd.column < 0 else self.emg_scale_[odd.column] / self.session_.emg_gain[odd.column]
        trial = Trials(("instead",), np.array([0, len(values)]), time)
        for signal in self.fitted_.seen_inputs.replacements(odd, values[:, column] / unit, time):
            changed = values.copy()
            changed[:, column] = signal * unit
            try:
                yield self._predict_frames(changed, trial)
            except SimulationError:
                continue


def _forces(motion, result):
    """Muscle forces (n_frames, n_muscles) [N] along a prediction."""
    return prediction.muscle_outputs(motion, result.state)[0].tendon_force.numpy()
