"""How X and y reach the estimator: checked frames, trials, the model that they drive, the network's features."""

import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import _check_sample_weight, check_array, validate_data

from . import _inputs as inputs
from ._inputs.frame_checks import check_finite
from .dynamics.equation import EquationOfMotion
from .identification.signals import angle_suspicions, emg_suspicions, speed_suspicions, time_suspicions
from .predictors.fitting import TrainingData, validation_frames
from .predictors.session import Session
from .trials import find_trials, shifted
from .trials._work_frames import WorkFrames


class FrameInputs:
    """Private half of `PhysicsInformedMSKRegressor`: validation and conversion of its inputs."""

    def _frames(self, X, *, reset, trial=None):
        """Values (n_frames, n_columns) and whole trials, or None where nothing tells the time."""
        values = validate_data(self, inputs.numeric(X), reset=reset, dtype=np.float64, ensure_all_finite=False)
        trials = find_trials(
            X if isinstance(X, pd.DataFrame) else values, sampling_rate=self.sampling_rate, trial=trial
        )
        if not reset and self.model_ is None:
            trials = None  # fitted without time
        if not reset and trials is None and self.model_ is not None:
            raise ValueError(
                "The estimator was fitted on trials in time. Pass X with the index levels 'trial' and 'time' (s), or set `sampling_rate`."
            )
        check_finite(values, np.ones(values.shape[1], bool), trials, self._column_names)
        return values, trials

    def _worked(self, X):
        """Values (n_work, n_columns) and trials of the frames to work on; X's own rows and None without time."""
        values, trials = self._frames(X, reset=False)
        if trials is None:
            return values, None
        work = self._work_frames(trials)
        return (values if work.are_measured else work.means(values)), work.trials

    def _work_frames(self, trials):
        """Of new frames: parts of trials that holes have left are held as long as the network looks back."""
        parts = trials.parted()
        history = 0.0 if self.prediction == "simulation" else self.emg_history_
        whole = trials.lengths[trials.trial_of_frame[parts.starts[:-1]]] == parts.lengths
        return WorkFrames.of(parts, self.frame_rate, np.where(whole, 0.0, history))

    def _measured_frames(self, X, values):
        """What was worked out at the frames to work on, (n_work, ...), at those of X."""
        trials = None if self.model_ is None else find_trials(X, sampling_rate=self.sampling_rate)
        return values if trials is None else self._work_frames(trials).back(values)

    def _labelled_frames(self, X, y, trial, sample_weight):
        """Values, trials, angles (n_frames, n_outputs; NaN where they carry no weight) and weights of a training set."""
        values, trials = self._frames(X, trial=trial, reset=True)
        angle = self._angles(X, y, values, trials)
        self.target_names_ = inputs.target_names(y)
        self.sampling_rate_ = None if trials is None else trials.sampling_rate
        weight = _check_sample_weight(sample_weight, values, dtype=np.float64, ensure_non_negative=True)
        inputs.check_weights(weight)
        inputs.check_labels(angle, weight)
        angle = np.where(weight[:, None] > 0, angle, np.nan)  # whoever gives an angle no weight does not know it
        if trials is not None:
            values, trials, angle, weight = self._training_frames(values, trials, angle, weight)
        elif self.prediction == "simulation":
            raise ValueError(
                "prediction='simulation' needs a time axis: an equation of motion has none to run along. Pass X with the index levels 'trial' and 'time' (s), "
                "or set `sampling_rate` [Hz]; prediction='hybrid' trains a static network on rows without time."
            )
        elif self.ode_weight != 0:
            warnings.warn(
                "X has no time axis, so there are no dynamics: the rows are taken as unrelated frames and a static network is trained. Pass "
                "`sampling_rate` [Hz], or a DataFrame whose index has the levels 'trial' and 'time' (s).",
                UserWarning,
                stacklevel=4,
            )
        return values, trials, angle, weight

    def _training_frames(self, values, trials, angle, weight):
        """The frames to learn from: of parts that are long enough, no more a second than a movement needs."""
        parts = trials.parted()
        short, message = trials.short_parts(parts, needed=0.0 if self.prediction == "simulation" else self.history)
        if message:
            warnings.warn(message, UserWarning, stacklevel=5)
            kept = ~short[parts.trial_of_frame]
            values, angle, weight, parts = values[kept], angle[kept], weight[kept], parts.without(short)
            inputs.check_labels(angle, weight)
        inputs.check_trial_lengths(parts)
        work = WorkFrames.of(parts, self.frame_rate)
        if work.are_measured:
            return values, parts, angle, weight
        return work.means(values), work.trials, *work.labels(angle, weight)

    def _odd_signals(self, values, trials, angle):
        """Suspicions that need no model."""
        if trials is None:
            return []
        emg, names = values[:, self.roles_.emg], self.roles_.emg_names
        unscaled = isinstance(self.emg_scale, str) and self.emg_scale == "auto"
        return [
            *time_suspicions(trials),
            *speed_suspicions(angle, trials),
            *angle_suspicions(angle, trials, self.model_.coordinate_names),
            *emg_suspicions(emg, self.emg_scale_, names, trials, unscaled),
        ]

    def _training_data(self, values, trials, angle, weight, rng):
        """What the fit learns from; the model is known already."""
        validation = None
        if self.early_stopping:
            labelled = np.isfinite(angle).any(axis=1)
            validation = validation_frames(trials, labelled, self.validation_fraction, rng)
        motion, layout = self._motion(values, trials, self.model_), None if trials is None else self._layout
        return TrainingData(self._features(values, trials), angle, weight, validation, motion, layout)

    @property
    def _column_names(self):
        return tuple(getattr(self, "feature_names_in_", inputs.default_names(self.n_features_in_)))

    def _angles(self, X, y, values, trials):
        """Angles (n_frames, n_outputs), checked."""
        inputs.check_same_index(X, y)
        if y is None:
            raise ValueError(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None.")
        angle = check_array(
            inputs.numeric(y),
            ensure_2d=False,
            dtype=np.float64,
            ensure_all_finite="allow-nan",
            input_name="y",
            estimator=self,
        )
        if len(angle) != len(values):
            raise ValueError(f"X and y have inconsistent numbers of rows: {len(values)} and {len(angle)}.")
        if angle.ndim == 2 and angle.shape[1] == 1:
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected.", DataConversionWarning, stacklevel=3
            )
            angle = angle[:, 0]
        self.target_is_1d_ = angle.ndim == 1
        angle = angle.reshape(len(angle), -1)
        strict = hasattr(self, "feature_names_in_") or self.model != "auto"
        inputs.check_angles(angle, trials, strict)
        return angle

    def _shape_output(self, X, angle):
        """Angles (n_work, n_coordinates) at X's frames, in the shape and type of the training target."""
        angle = self._measured_frames(X, angle)
        if self.target_is_1d_:
            return angle[:, 0]
        if self.target_names_ is None or not isinstance(X, pd.DataFrame):
            return angle
        return pd.DataFrame(angle, index=X.index, columns=list(self.target_names_))

    def _set_model(self, values, trials, angle, previous):
        """The model to identify, the roles of X's columns and the EMG's scale; None without a time axis."""
        if trials is None:
            self.model_, self.roles_, self.emg_scale_ = None, None, np.ones(values.shape[1])
            return
        names = self._column_names
        model = inputs.build_model(self.model, names, angle.shape[1])
        inputs.check_target_names(self.target_names_, model)
        self.roles_ = inputs.assign_columns(inputs.names_for(model, names, hasattr(self, "feature_names_in_")), model)
        emg = values[:, self.roles_.emg]
        inputs.warn_of_synthesized(model)
        inputs.warn_of_negative(emg, self.roles_.emg_names, trials)
        inputs.warn_of_flat(emg, self.roles_.emg_names, trials)
        self.emg_scale_ = inputs.emg_scale(emg, self.emg_scale)
        inputs.check_amplitude(emg / self.emg_scale_, self.roles_.emg_names, trials)
        model = inputs.place_limits(model, angle)
        model = model if self.identify is None else model.identifying(self.identify)
        if (
            previous is not None
            and previous.model is not None
            and len(previous.model.parameters) == len(model.parameters)
        ):
            model = model.with_values(previous.model.parameters.value)
        self.model_ = model
        self.session_ = Session.as_trained(model.n_coordinates, len(self.roles_.emg))

    def _emg_and_exogenous(self, values, trials):
        emg = values[:, self.roles_.emg] / self.emg_scale_ * self.session_.emg_gain
        if self.session_.delay:
            emg = shifted(emg, trials, self.session_.delay)
        inputs.check_load(values, self.roles_)
        emg = inputs.clipped(emg, self.roles_.emg_names, trials)
        return emg, {name: values[:, column] for name, column in self.roles_.exogenous.items()}

    @property
    def _layout(self):
        """What the network's inputs are made of."""
        history = self.emg_history_
        lags = inputs.short_lags(history)
        if self.prediction == "simulation":
            lags = lags[:1]  # no network, nothing to look back for
        elif self.prediction == "hybrid":
            lags = np.union1d(lags, inputs.long_lags(history))
        return inputs.FeatureLayout(lags, len(self.roles_.emg), len(self.roles_.exogenous))

    def _features(self, values, trials):
        if trials is None:
            return values
        history = 0.0 if self.prediction == "simulation" else self.emg_history_
        return inputs.history_features(*self._emg_and_exogenous(values, trials), trials, history, self._layout.lags)

    def _motion(self, values, trials, model):
        if trials is None:
            return None
        emg, exogenous = self._emg_and_exogenous(values, trials)
        inputs.check_prescribed(values, self.roles_, model, trials)
        motion = EquationOfMotion(model, trials, model.excitation(emg), exogenous)
        inputs.warn_of_rough(motion)
        return motion
