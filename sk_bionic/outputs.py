"""What a fitted estimator tells besides the angle: forces, activations, torques, simulations, residuals."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array, check_is_fitted

from ._inputs import check_same_index, check_target_names, target_names
from .predictors import prediction
from .results import flagged
from .trials import find_trials


class MotionOutputs:
    """Methods of `PhysicsInformedMSKRegressor` that need the identified model."""

    def predict_muscle_forces(self, X, return_std=False):
        """Muscle forces along the predicted motion.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes and external inputs.
        return_std : bool, default=False
            Return standard deviations, too.

        Returns
        -------
        force : DataFrame or ndarray (n_frames, n_muscles)
            Tendon forces [N], never below 0: the Hill-type muscles' on the predicted motion, or with
            ``prediction="network"`` the network's. Where fibers shorten faster than they can, or tendons hang slack, the
            muscle's smooth curves are slightly negative; a tendon only pulls.
        std : same type and shape
            Standard deviation [N], where `return_std`: the posterior of parameters and motion, propagated. Intervals end
            at 0.

        Raises
        ------
        ValueError
            When a standard deviation is asked for that does not exist: the network's own forces have no posterior.
        """
        result, motion = self._predict_with_model(X, with_variance=return_std)
        if result.force is not None and result.force.shape[1]:
            maximal = self.model_.parameters.as_dict()["max_isometric_force"].numpy()
            force = result.force * maximal
        else:
            muscles, _ = prediction.muscle_outputs(*self._motion_and_state(X, result, motion))
            force = prediction.pull(muscles)
        force = self._columns(X, force, self.muscle_names_)
        if not return_std:
            return force
        if result.force_variance is None:
            raise ValueError(
                "Muscle forces have a standard deviation where the equation of motion takes part in the prediction, but the networks alone predict here: use "
                "prediction='simulation', or 'hybrid' with a positive `ode_weight`."
            )
        return force, self._columns(X, np.sqrt(result.force_variance), self.muscle_names_)

    def predict_activations(self, X):
        """Muscle activations between 0 and 1.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes and external inputs.

        Returns
        -------
        DataFrame or ndarray (n_frames, n_muscles)
            One column a muscle.
        """
        motion = self._motion_of(X)
        return self._columns(X, motion.activations(), self.muscle_names_)

    def predict_fiber_lengths(self, X):
        """Lengths of the muscles' fibers along the predicted motion.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes and external inputs.

        Returns
        -------
        DataFrame or ndarray (n_frames, n_muscles)
            In m; over `optimal_fiber_length_` it is the normalised length. Elastic tendons have taken their share.
        """
        result, motion = self._predict_with_model(X)
        muscles, _ = prediction.muscle_outputs(*self._motion_and_state(X, result, motion))
        return self._columns(X, muscles.fiber_length.numpy(), self.muscle_names_)

    def predict_joint_torques(self, X):
        """Torque of all muscles on each joint along the predicted motion.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes and external inputs.

        Returns
        -------
        DataFrame or ndarray (n_frames, n_coordinates)
            Sum of moment arm times force [N m], positive when it increases the angle.
        """
        result, motion = self._predict_with_model(X)
        torque = prediction.muscle_outputs(*self._motion_and_state(X, result, motion))[1]
        return self._columns(X, torque, self.model_.coordinate_names)

    def simulate(self, X, initial_state=None):
        """The identified equation of motion run on the EMG, whatever `prediction` says.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes and external inputs.
        initial_state : array-like (n_trials, 2, n_coordinates), optional
            Angle [rad] and angular velocity [rad/s] at the start of each trial; (n_trials, 2) will do for one
            coordinate. Default: at rest in equilibrium.

        Returns
        -------
        ndarray (n_frames,) or (n_frames, n_coordinates)
            Angle [rad] as the goniometer would read it; a DataFrame as in `predict`.

        Raises
        ------
        ValueError
            When `initial_state` does not have one angle and one velocity for each trial and coordinate.
        SimulationError
            When the equation has no solution that Newton's method finds; names the trial.
        """
        motion = self._motion_of(X)
        if initial_state is not None:
            shape = (motion.trials.n_trials, 2, self.model_.n_coordinates)
            initial_state = np.array(initial_state, dtype=np.float64)
            if initial_state.size != np.prod(shape):
                raise ValueError(
                    f"`initial_state` must have shape (n_trials, 2, n_coordinates) = {shape}. Got {initial_state.shape}."
                )
            initial_state = initial_state.reshape(shape)
            initial_state[:, 0] -= prediction.offset_of(self.model_)
        return self._shape_output(X, prediction.simulate(self.fitted_, motion, initial_state).angle)

    def residual(self, X, y):
        """Residual of the identified equation of motion along measured angles.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes and external inputs.
        y : array-like (n_frames,) or (n_frames, n_coordinates)
            Measured angles [rad].

        Returns
        -------
        ndarray or DataFrame, shape and type of y
            Torque [N m] that the equation leaves unexplained; NaN at the first and last frame of each trial. Noise of
            the angle enters through its second derivative: smooth it first.

        Raises
        ------
        ValueError
            When y does not fit X or the model's coordinates.
        """
        motion = self._motion_of(X)
        check_same_index(X, y)
        check_target_names(target_names(y), self.model_)
        angle = check_array(
            y, ensure_2d=False, dtype=np.float64, ensure_all_finite="allow-nan", input_name="y", copy=True
        )
        work = self._work_frames(find_trials(X, sampling_rate=self.sampling_rate))
        expected = (work.source.n_frames, self.model_.n_coordinates)
        if angle.reshape(len(angle), -1).shape != expected:
            raise ValueError(f"y must have the shape (n_frames, n_coordinates) = {expected}. Got {angle.shape}.")
        joint = angle.reshape(expected)
        joint = joint if work.are_measured else work.labels(joint, np.ones(len(joint)))[0]
        residual = work.back(prediction.along_measured(motion, joint)).reshape(angle.shape)
        return pd.DataFrame(residual, index=y.index, columns=y.columns) if isinstance(y, pd.DataFrame) else residual

    def _require_model(self):
        check_is_fitted(self)
        if self.model_ is None:
            raise ValueError(
                "The estimator was fitted without a time axis and has no musculoskeletal model: fit it on X with the index levels 'trial' and 'time' (s), or "
                "with `sampling_rate`."
            )

    def _motion_of(self, X):
        self._require_model()
        return self._motion(*self._worked(X), self.model_)

    def _predict_with_model(self, X, with_variance=False):
        self._require_model()
        return self._predict(X, with_variance)

    def _motion_and_state(self, X, result, motion):
        """Where the network alone predicts, the state comes from differences of its angle."""
        motion = self._motion_of(X) if motion is None else motion
        state = prediction.differentiated(motion, result.angle) if result.state is None else result.state
        return motion, state

    def _columns(self, X, values, names):
        values = self._measured_frames(X, values)
        if not isinstance(X, pd.DataFrame):
            return values
        return flagged(pd.DataFrame(values, index=X.index, columns=list(names)), self.model_)
