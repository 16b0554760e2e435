"""The scikit-learn face of EMG-driven moments: validate, delegate, expose."""

from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_array, check_is_fitted, validate_data

from .. import _inputs as inputs
from .._inputs.frame_checks import check_finite
from ..exceptions import warn_user
from ..identification.from_torques import identify_torques
from ..identification.identifiability import assess
from ..identification.of_moments import implausible_calibration
from ..identification.signals import angle_suspicions, any_constant, emg_suspicions
from ..identification.suspicion import CONCLUSIVE, suspicion_frame
from ..identification.tables import correlation_frame, flagged, parameter_frame
from ..model_selection._score import r2_where_known
from ..musculoskeletal import PRESETS, MuscleGeometry, MusculoskeletalModel, lumped_joint
from ..musculoskeletal.prior import FreeParameters
from ..predictors.doubts import ordered, tell
from ..trials import find_trials
from .freeing import driven_by, freed, placed, scaled_to
from .learner import MEMBERS, MomentLearner, learn
from .measuring import Frames, measure

N_NAMED = 8  # muscles that a warning names


@dataclass
class MomentFit:
    """What a calibration to moments has found; everything that predicts."""

    model: MusculoskeletalModel
    covariance: np.ndarray
    noise_std: np.ndarray
    new_noise_std: np.ndarray
    effective_fraction: float
    n_iter: int
    converged: bool
    information: np.ndarray
    findings: list
    suspicions: list
    learner: MomentLearner | None = None


class EMGDrivenMomentRegressor(RegressorMixin, BaseEstimator):
    """Joint moments and muscle forces from EMG along measured motion.

    What EMG-driven modelling (CEINMS, the NMSM Pipeline) does, as an estimator: rows of X are frames, columns EMG
    envelopes under the names of the model's channels and the measured angles [rad] under those of its coordinates; y
    is the moment of muscles and passive tissue of each frame [N m], as inverse dynamics has it, one column a
    coordinate, NaN where it is unknown. `fit` identifies the model's parameters as a maximum a posteriori. Time
    comes with a pandas index of levels ``trial`` and ``time`` [s], or from `sampling_rate`. Without any time axis
    rows are unrelated postures, held with steady EMG.

    Parameters
    ----------
    model : MusculoskeletalModel or {"auto", "elbow", "wrist", "knee_seated", "knee_standing", "arm", "leg"}, \
            default="auto"
        Muscles and joints; any that `from_osim` makes, with or without a skeleton. "auto": one muscle for each EMG
        column and coordinate, with signed moment arms to be identified; angles are the columns of X that y names, too.
    geometry : MuscleGeometry, optional
        Lengths and moment arms of all trials, to be fitted and to be predicted, instead of those of the model's
        paths (see `sk_bionic.io.read_muscle_analysis`); found by trial and time. X then needs no angles; where it
        has all of them, passive tissue acts.
    channels : dict, optional
        Muscle to the column of X that drives it, or a mixture of columns, as `Muscle` takes them. Default: as the model
        says.
    unrecorded : {"passive", "raise"}, default="passive"
        What becomes of muscles whose column X lacks and that `channels` does not name: nothing excites them, with a
        warning, or an error.
    identify : {"gains", "lengths", "as_marked"} or sequence of str, default="gains"
        Free parameters. "gains": one EMG gain for each electrode (prior: a factor e either way), one shape factor
        and one delay of all muscles. "lengths": tendon slack and optimal fiber lengths of all muscles as well.
        "as_marked": those that the model marks as free. Or names, "muscle/name" for a single one,
        "muscle+muscle/name" for a shared one.
    emg_scale : "auto", "max", None or array-like (n_channels,), default="auto"
        EMG amplitude that counts as excitation 1, as in `PhysicsInformedMSKRegressor`.
    prediction : {"simulation", "hybrid"}, default="simulation"
        What `predict` returns. "simulation": the muscles' moments. "hybrid": a mean of theirs, of extremely
        randomised trees on EMG (up to 0.2 s back) and posture, and of the muscles' with such trees on what they leave;
        weighed for each coordinate by errors on trials (of one or two: on parts) that none has seen. Closer to
        movements like those of the training; muscle forces are the muscles' own in either case, and do not add up to
        hybrid moments.
    sampling_rate : float, optional
        Frames per second [Hz] of X without a time index; the rows are then one continuous trial.
    random_state : int, RandomState instance or None, default=None
        Of the trees of a hybrid.

    Attributes
    ----------
    model_ : MusculoskeletalModel
        The identified model; `to_osim` and `predict_moments` take it.
    parameters_ : DataFrame
        One row per free parameter: muscle, name, unit, initial, value, std_err, lower, upper, at_bound, identifiable,
        prior_std, reason.
    parameter_correlation_ : DataFrame
        Posterior correlation of the free parameters.
    noise_std_ : Series
        Standard deviation of measured minus modelled moment [N m] by coordinate; NaN where none was measured.
    passive_muscles_ : tuple of str
        Muscles that nothing excites.
    hybrid_weights_ : DataFrame (n_coordinates, 3) or None
        Of muscles, trees, and muscles with trees in hybrid moments; None where `prediction` is "simulation".
    emg_scale_ : ndarray (n_channels,)
        EMG amplitude that counts as excitation 1.
    findings_ : DataFrame
        What makes the calibration implausible: kind, what, value, unit, meaning, advice; empty where nothing does.
    target_names_ : tuple of str or None
        Columns of y, where y was a pandas object.
    n_iter_ : int
        Evaluations of moments and derivatives.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    See Also
    --------
    predict_moments : Of a model as it is.

    References
    ----------
    Lloyd and Besier (2003), J. Biomechanics 36(6), 765-776; Pizzolato et al. (2015), J. Biomechanics 48(14),
    3929-3936 (CEINMS).

    Examples
    --------
    >>> from sk_bionic import EMGDrivenMomentRegressor, predict_moments
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> flexion = make_elbow_flexion(2, duration=2.0, angle_noise=0.0, random_state=0)
    >>> X = flexion.data.assign(elbow_flexion=flexion.target)
    >>> y = 1.2 * predict_moments(flexion.model, X)
    >>> regressor = EMGDrivenMomentRegressor("elbow", identify="as_marked").fit(X, y)
    >>> bool(regressor.score(X, y) > 0.9)
    True
    >>> regressor.predict_muscle_forces(X).columns.tolist()
    ['biceps', 'triceps']
    """

    _parameter_constraints: dict = {
        "model": [MusculoskeletalModel, StrOptions({"auto", *PRESETS})],
        "geometry": [None, MuscleGeometry],
        "channels": [None, dict],
        "unrecorded": [StrOptions({"passive", "raise"})],
        "identify": [str, "array-like"],
        "emg_scale": [StrOptions({"auto", "max"}), None, "array-like"],
        "prediction": [StrOptions({"simulation", "hybrid"})],
        "sampling_rate": [None, Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        model="auto",
        *,
        geometry=None,
        channels=None,
        unrecorded="passive",
        identify="gains",
        emg_scale="auto",
        prediction="simulation",
        sampling_rate=None,
        random_state=None,
    ):
        self.model = model
        self.geometry = geometry
        self.channels = channels
        self.unrecorded = unrecorded
        self.identify = identify
        self.emg_scale = emg_scale
        self.prediction = prediction
        self.sampling_rate = sampling_rate
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Identify the model's parameters.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes and angles [rad]. Of an array the columns are those of the model's channels, then its
            coordinates.
        y : DataFrame, Series or array-like (n_frames,) or (n_frames, n_moments)
            Moments [N m], NaN where unknown; a DataFrame's columns are named as the coordinates that they belong to, an
            array's are in the order of the model's coordinates.
        sample_weight : array-like (n_frames,), optional
            Weight of each frame's moments.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            When columns, time, moments or geometry cannot be used; the message names them.
        SimulationError
            When activation dynamics or elastic tendons cannot be solved; names the trial.

        Warns
        -----
        UserWarning
            When muscles have no EMG of their own.
        PlausibilityWarning
            When the calibration can hardly be right: moments of the opposite sign or in another unit, EMG out of
            step or with a resting level, exchanged channels, ...
        ConvergenceWarning
            When the search ended before it settled.
        """
        frames = self._frames(X, reset=True)
        model, moments = self._model_and_moments(frames, X, y)
        weight = _check_sample_weight(sample_weight, frames.values, dtype=np.float64, ensure_non_negative=True)
        inputs.check_weights(weight)
        inputs.warn_of_synthesized(model)
        self.emg_scale_ = self._emg_scale(model, frames)
        if model.name == "auto":
            model = self._lumped(model, frames, moments, weight)
        at = measure(model, self._with_angles(model, frames), self.geometry, self.emg_scale_)
        if frames.trials is not None:
            inputs.warn_of_flat(at.emg, model.channels, at.motion.trials)
        model = freed(model, self._identify(model), at.motion.acting, is_static=at.motion.is_static)
        motion = at.motion.with_model(model)
        self._identified(motion, at, moments, weight)
        self._expose()
        tell(self.fitted_.suspicions, where="`findings_`")
        return self

    def _emg_scale(self, model, frames):
        """(n_channels,); 1 where columns are missing, of which `measure` tells."""
        emg = [frames.values[:, frames.names.index(name)] for name in model.channels if name in frames.names]
        if len(emg) < len(model.channels) or not emg:
            return np.ones(len(model.channels))
        return inputs.scale_of_emg(np.column_stack(emg), self.emg_scale)

    def _identify(self, model):
        return "as_marked" if model.name == "auto" and isinstance(self.identify, str) else self.identify

    def _identified(self, motion, at, moments, weight):
        measured = at.of_motion(moments)
        weight = np.nan_to_num(at.of_motion(weight[:, None]))[:, 0]
        found = identify_torques(motion, measured, weight)
        if not found.converged:
            warn_user(
                f"The calibration had not settled after {found.n_iter} evaluations; its parameters are the best found. "
                "Fewer free parameters (`identify`) or more motion would help.",
                ConvergenceWarning,
            )
        suspicions = [] if motion.is_static else self._suspicions(motion, at, measured, weight, found)
        learner = None
        if self.prediction == "hybrid":
            seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
            learner = learn(at, motion.with_model(found.model), measured, weight, seed)
        self.fitted_ = MomentFit(
            found.model, found.covariance, found.noise_std, found.new_noise_std, found.effective_fraction,
            found.n_iter, found.converged, found.information, assess(found, motion.excitation), suspicions,
            learner,
        )  # fmt: skip

    def _suspicions(self, motion, at, measured, weight, found):
        signals = emg_suspicions(at.emg, np.ones(at.emg.shape[1]), motion.model.channels, motion.trials)
        if at.angle is not None:
            signals = [*angle_suspicions(at.angle, motion.trials, motion.model.coordinate_names), *signals]
        driven = [not muscle.is_passive for muscle in motion.model.muscles]
        if any_constant(motion.excitation[:, driven]) or any(s.kind in CONCLUSIVE for s in signals):
            return ordered(signals)
        return ordered([*signals, *implausible_calibration(motion, at.angle, measured, weight, found)])

    def predict(self, X, return_std=False):
        """Moments of the identified model.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            As in `fit`.
        return_std : bool, default=False
            Whether the standard deviation of a measured moment about the predicted one is returned, too: what is left
            between model and measurement, and what the parameters leave open; of hybrid moments, their error on
            frames held out, larger where muscles and trees disagree.

        Returns
        -------
        moments : DataFrame or ndarray (n_frames,) or (n_frames, n_moments)
            [N m], in the form of the training's y. NaN in parts of one or two frames beside a hole in time.
        std : the same, optional
            [N m].
        """
        at = self._measured(X)
        model, free = self.model_, FreeParameters(self.model_.parameters)
        values = model.parameters.value
        learner = self.fitted_.learner
        if not return_std:
            moments = at.motion.moments(values)
            moments = moments if learner is None else learner.combined(moments, at)[0]
            return self._shaped(X, at.at_frames(moments))
        moments, slope = at.motion.moments_and_derivative(values, free)
        variance = np.einsum("ndp,pq,ndq->nd", slope, self.fitted_.covariance, slope)
        std = np.sqrt(np.maximum(variance, 0.0) + self.fitted_.new_noise_std**2)
        if learner is not None:
            moments, tested = learner.combined(at.motion.moments(values), at)
            std = np.where(np.isnan(learner.error_std), std, tested)  # the muscles' where nothing was held out
        return self._shaped(X, at.at_frames(moments)), self._shaped(X, at.at_frames(std))

    def predict_muscle_forces(self, X, return_std=False):
        """Tendon forces of the identified model.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            As in `fit`.
        return_std : bool, default=False
            Whether the standard deviation that the parameters leave open is returned, too.

        Returns
        -------
        forces : DataFrame (n_frames, n_muscles)
            [N]. `attrs["synthesized_muscles"]` names muscles without EMG of their own.
        std : DataFrame (n_frames, n_muscles), optional
            [N].
        """
        at = self._measured(X)
        model, free = self.model_, FreeParameters(self.model_.parameters)
        rows = [free.table.rows[i] for i in free.index]
        own = tuple(dict.fromkeys(r.name for r in rows if r.owner in model.muscle_names)) if return_std else ()
        muscles = at.motion.muscles(own=own)
        forces = self._table(X, at.at_frames(np.maximum(muscles.force, 0.0)))  # fibers pull and never push
        if not return_std:
            return forces
        variance = np.zeros_like(muscles.force)
        for k, muscle in enumerate(model.muscle_names):
            mine = [c for c, row in enumerate(rows) if row.owner == muscle]
            slope = muscles.force_by_own[:, k, [own.index(rows[c].name) for c in mine]]
            variance[:, k] = np.einsum("np,pq,nq->n", slope, self.fitted_.covariance[np.ix_(mine, mine)], slope)
        return forces, self._table(X, at.at_frames(np.sqrt(np.maximum(variance, 0.0))))

    def predict_activations(self, X):
        """Activations of the muscles.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            As in `fit`.

        Returns
        -------
        DataFrame (n_frames, n_muscles)
            Between 0 and 1, nominally.
        """
        at = self._measured(X)
        return self._table(X, at.at_frames(at.motion.muscles().activation))

    def predict_fiber_lengths(self, X):
        """Fiber lengths of the muscles.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            As in `fit`.

        Returns
        -------
        DataFrame (n_frames, n_muscles)
            [m].
        """
        at = self._measured(X)
        optimal = self.model_.parameters.as_dict()["optimal_fiber_length"]
        return self._table(X, at.at_frames(at.motion.fiber_lengths()[0] * optimal))

    def score(self, X, y, sample_weight=None):
        """Coefficient of determination over the frames with a known moment, mean over the coordinates.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            As in `fit`.
        y : DataFrame, Series or array-like
            Measured moments [N m], NaN where unknown.
        sample_weight : array-like (n_frames,), optional
            Weight of each frame.

        Returns
        -------
        float
            1 for perfect moments, 0 for their mean.
        """
        return r2_where_known(y, self.predict(X), sample_weight)

    def _frames(self, X, *, reset):
        """`Frames` of X, checked."""
        values = validate_data(self, inputs.numeric(X), reset=reset, dtype=np.float64, ensure_all_finite=False)
        is_table = isinstance(X, pd.DataFrame)
        trials = find_trials(X if is_table else values, sampling_rate=self.sampling_rate)
        default = self._array_names(values.shape[1])
        names = [str(name) for name in getattr(self, "feature_names_in_", default)]
        check_finite(values, np.ones(values.shape[1], bool), trials, names)
        return Frames(values, names, trials, X.index if is_table else None)

    def _array_names(self, n_columns):
        """Names of the columns of an array: the model's channels, then its coordinates, if they are as many."""
        if not isinstance(self.model, str) or self.model != "auto":
            model = PRESETS[self.model]() if isinstance(self.model, str) else self.model
            angles = () if self.geometry is not None else model.coordinate_names
            for names in ((*model.channels, *angles), (*model.channels, *model.coordinate_names)):
                if len(names) == n_columns:
                    return names
        return inputs.default_names(n_columns)

    def _model_and_moments(self, frames, X, y):
        """The model to identify, and moments (n_frames, n_coordinates) [N m], NaN where there are none."""
        if y is None:
            raise ValueError(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None.")
        inputs.check_same_index(X, y)
        names = inputs.target_names(y)
        values = check_array(
            inputs.numeric(y),
            ensure_2d=False,
            dtype=np.float64,
            ensure_all_finite=False,
            input_name="y",
            estimator=self,
        )
        _check_moments(values, names, len(frames.values))
        if values.ndim == 2 and values.shape[1] == 1 and names is None:
            warn_user("A column-vector y was passed when a 1d array was expected.", DataConversionWarning)
            values = values[:, 0]
        self.target_is_1d_ = values.ndim == 1
        values = values.reshape(len(values), -1)
        model = self._model(frames.names, names, values.shape[1])
        order = _order(model, names, values.shape[1])
        self.target_names_ = None if names is None else tuple(map(str, names))
        self.target_order_ = order
        moments = np.full((len(values), model.n_coordinates), np.nan)
        moments[:, order] = values
        return model, moments

    def _model(self, columns, names, n_moments):
        if isinstance(self.model, str) and self.model == "auto":
            named = names is not None and len(set(names)) == n_moments and all(isinstance(n, str) for n in names)
            numbered = ["moment"] if n_moments == 1 else [f"moment{d}" for d in range(n_moments)]
            coordinates = list(names) if named else numbered
            channels = [name for name in columns if name not in coordinates]
            if not channels:
                raise ValueError(f"X has no EMG column, so nothing exerts a moment. Got the columns {columns}.")
            return lumped_joint(channels, coordinates)
        model = PRESETS[self.model]() if isinstance(self.model, str) else self.model
        model, passive = driven_by(model, self.channels, columns, self.unrecorded)
        if passive:
            more = f" and {len(passive) - N_NAMED} more" if len(passive) > N_NAMED else ""
            warn_user(
                f"X has no EMG of {', '.join(passive[:N_NAMED])}{more}: nothing excites them, they are passive. Give "
                "a column or a mixture of columns by `channels`, or `unrecorded='raise'`."
            )
        return model

    def _lumped(self, model, frames, moments, weight):
        known = np.where(weight[:, None] > 0, moments, np.nan)
        model = scaled_to(model, known)
        absent = [name for name in model.coordinate_names if name not in frames.names]
        return model if absent else placed(model, self._angle_columns(model, frames))

    @staticmethod
    def _angle_columns(model, frames):
        return frames.values[:, [frames.names.index(name) for name in model.coordinate_names]]

    def _with_angles(self, model, frames):
        """Frames with angles of 0 where the lumped model has none."""
        absent = [name for name in model.coordinate_names if name not in frames.names]
        if model.name != "auto" or not absent:
            return frames
        still = np.zeros((len(frames.values), len(absent)))
        return frames._replace(values=np.column_stack([frames.values, still]), names=[*frames.names, *absent])

    def _measured(self, X):
        """The identified model along X."""
        check_is_fitted(self)
        frames = self._frames(X, reset=False)
        return measure(
            self.model_, self._with_angles(self.model_, frames), self.geometry, self.emg_scale_, training=False
        )

    def _exposed(self):
        """Attributes that follow from `fitted_`, dict."""
        fitted, names = self.fitted_, list(self.fitted_.model.coordinate_names)
        return {
            "model_": fitted.model,
            "n_iter_": fitted.n_iter,
            "parameters_": parameter_frame(fitted.model, fitted.covariance, fitted.findings),
            "parameter_correlation_": correlation_frame(fitted.model, fitted.covariance),
            "noise_std_": pd.Series(fitted.noise_std, names, name="noise_std"),
            "passive_muscles_": fitted.model.passive_muscles,
            "hybrid_weights_": None
            if fitted.learner is None
            else pd.DataFrame(fitted.learner.weights, names, list(MEMBERS)),
            "findings_": suspicion_frame(fitted.suspicions),
        }

    def _expose(self):
        for name, value in self._exposed().items():
            setattr(self, name, value)

    def _shaped(self, X, values):
        """Values (n_frames, n_coordinates) in the shape and type of the training target."""
        values = values[:, self.target_order_]
        if self.target_is_1d_:
            return values[:, 0]
        if self.target_names_ is None or not isinstance(X, pd.DataFrame):
            return values
        return flagged(pd.DataFrame(values, X.index, list(self.target_names_)), self.model_)

    def _table(self, X, values):
        index = X.index if isinstance(X, pd.DataFrame) else None
        return flagged(pd.DataFrame(values, index, list(self.model_.muscle_names)), self.model_)


def _check_moments(values, names, n_frames):
    if len(values) != n_frames:
        raise ValueError(f"X and y have inconsistent numbers of rows: {n_frames} and {len(values)}.")
    wrong = np.argwhere(np.isinf(values.reshape(len(values), -1)))
    if len(wrong):
        row, column = wrong[0]
        where = f" in column {names[column]!r}" if names is not None and names[column] is not None else ""
        raise ValueError(f"Input y contains infinity or a value too large: it is infinite{where}, row {row}.")
    if not np.isfinite(values).any():
        raise ValueError("Input y contains NaN only: there is no frame with a known torque and a positive weight.")


def _order(model, names, n_moments):
    """Coordinates (n_moments,) that the columns of y belong to."""
    coordinates = list(model.coordinate_names)
    named = names is not None and all(name in coordinates for name in names)
    if named and len(set(names)) == len(names):
        return [coordinates.index(name) for name in names]
    if n_moments != len(coordinates) or (names is not None and names != (None,) and len(coordinates) > 1):
        got = f"the columns {list(names)}" if names is not None else f"{n_moments} column(s) without names"
        raise ValueError(
            f"y must have columns among the coordinates {coordinates} of the model {model.name!r}, or, without names, "
            f"one for each of them. Got {got}."
        )
    if names is not None and names != (None,) and model.name != "auto":
        raise ValueError(f"y must be named as its coordinate, {coordinates[0]!r}. Got {list(names)}.")
    return list(range(n_moments))
