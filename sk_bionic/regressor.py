"""The scikit-learn face of the package: validate, delegate, expose."""

import warnings
from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from . import _inputs as inputs
from ._random import own_random_state
from .attributes import FittedAttributes
from .exceptions import InterruptedWarning, SimulationError
from .frames import FrameInputs
from .identification.of_session import PREFIX, session_suspicions
from .identification.plausibility import implausibilities
from .identification.signals import any_constant
from .identification.suspicion import CONCLUSIVE, ordered
from .identification.telling import tell
from .learning.ensemble import EnsembleSettings
from .learning.progress import STAGES, CallbackSupportMixin, Progress, Tasks, all_or_nothing
from .learning.training import TrainingSettings
from .musculoskeletal import PRESETS, MusculoskeletalModel
from .outputs import MotionOutputs
from .predictors import fitting, prediction
from .predictors import session as calibration
from .predictors.posture_errors import PostureErrors
from .predictors.seen_inputs import describe
from .scoring import r2_where_known
from .widening import InputWidening


class PhysicsInformedMSKRegressor(
    CallbackSupportMixin, MotionOutputs, InputWidening, FittedAttributes, FrameInputs, RegressorMixin, BaseEstimator
):
    """Joint motion and muscle forces from surface EMG, with the subject's own muscle parameters.

    Rows of X are frames, columns EMG envelopes (and, by name, ``hand_load_kg`` [kg], ``segment_orientation_rad``
    [rad], ``external_torque_nm`` [N m]); y is the joint angle of each frame [rad], one column for each coordinate of
    the model, NaN where it is unknown. A coordinate that was measured and need not be predicted can be a column of X
    instead, under its own name: it is prescribed, and y holds the others. Its velocity and acceleration come from a
    spline through its samples, so low-pass it first. Time comes with a pandas index of levels ``trial`` and ``time``
    [s], or from `sampling_rate`. A hole of more than half a second (and five usual steps) in a trial, such as a block
    that cross-validation has taken out, ends it, and what follows begins anew, from rest; `fit` leaves parts shorter
    than a second out, with a warning, `predict` predicts them too. Without any time axis rows are unrelated frames and
    the estimator is a static network.

    Parameters
    ----------
    model : MusculoskeletalModel or {"auto", "elbow", "wrist", "knee_seated", "knee_standing", "arm", "leg"}, \
            default="auto"
        The anatomy. "auto" is one joint with one muscle per EMG column, whose signed moment arms are identified.
    prediction : {"hybrid", "simulation", "network"}, default="hybrid"
        "simulation": the identified equation of motion, run on the EMG. "network": the published method, a network
        trained jointly with the parameters. "hybrid": identification first, then an ensemble of learners that see EMG
        and simulated state, its networks regularised by the equation of motion; the ensemble's trajectory is fused
        with that equation and smoothed.
    ode_weight : float or "auto", default="auto"
        Weight of the mean squared equation residual (in units of the joint's torque scale) against the mean squared
        standardised angle error, in training and in fusion. 0: the learners alone, without any physics; infinity: the
        simulation ("hybrid" alone; a network's loss must be finite). "auto": chosen on held-out parts of the training data ("hybrid"), 0.1 ("network").
    force_weight : float, default=0.1
        Weight of the disagreement between the network's muscle forces and the Hill muscles', in units of the maximal
        forces.
    identify : sequence of str, optional
        Free parameters: names, "muscle/name" for a single one, or "muscle+muscle/name" for a shared one. Default:
        those that the model marks as free. An empty list identifies nothing: the generic model.
    robust : bool, default=False
        Discount frames whose angle is an artefact (a Student t likelihood in the identification).
    n_starts : int, default=1
        Starts of the identification: the model's values and random ones within the bounds. What each reached is in
        `starts_`.
    trial_gain_std : float, default=0.0
        Prior standard deviation of the logarithm of an EMG gain that every training trial has of its own, relative to the
        mean of all: 0.1 where electrodes were set anew or effort differs between trials; 0: none. Only trials whose angles
        tell them apart move from 1. New trials are predicted with a gain of 1; see `calibrate`.
    hidden_layer_sizes : sequence of int, default=(32, 32)
        Widths of the network's layers.
    max_epochs : int, default=150
        Training epochs; 0 trains no network, and "hybrid" is the simulation.
    history : float, default=0.5
        EMG that the network sees [s]. Trials must not be shorter.
    lr : float, default=0.03
        Learning rate of Adam.
    alpha : float, default=0.01
        Weight decay.
    input_noise : float, default=0.5
        Standard deviation of the noise on the networks' standardised inputs while they are trained, which keeps them
        from trusting details of the EMG; for trials in time only.
    n_networks : int, default=3
        Networks of each kind in the hybrid's ensemble: with the recent EMG, with the recent EMG and the simulated
        state, with a longer and coarser history.
    forest : bool, default=True
        Let a forest of extremely randomised trees on recent EMG and simulated state into the ensemble.
    output_cutoff : float, "auto" or None, default="auto"
        Cut-off of a zero-lag low-pass on the hybrid's angle [Hz]. "auto": chosen on held-out parts of the training
        data; None: no filter.
    early_stopping : bool, default=False
        Keep some trials (or, of a single one, the end) aside to decide when to stop.
    validation_fraction : float, default=0.2
        Part of the trials kept aside.
    n_iter_no_change : int, default=50
        Epochs without improvement by `tol` after which training stops.
    tol : float, default=1e-6
        Smallest decrease of the validation loss that counts as an improvement.
    emg_scale : "auto", "max", None or array-like (n_channels,), default="auto"
        EMG amplitude that counts as excitation 1: the largest of the training trials, none (X is normalised), or
        given. "auto": 1 (X is normalised) where the largest value of all channels lies between 0.05 and 2, each channel's
        largest where it lies beyond 0.025 or 4, and a power of that, which grows from 0 to 1, in between.
    sampling_rate : float, optional
        Frames per second [Hz] of X without a time index; the rows are then one continuous trial, unless `fit` names
        trials.
    frame_rate : float or None, default=100.0
        Frames per second [Hz] that are enough for a movement. Of a trial with at least twice as many, means over two,
        three, ... frames are fitted and predicted, and predictions interpolated to the frames of X: a pipeline may take
        raw EMG at its own rate. None: every frame.
    device : str, default="cpu"
        Torch device of a network trained without physics in its loss; physics runs on the CPU.
    random_state : int, RandomState or None, default=None
        Seed of networks, forests, random starts and the choice of validation trials. None: another one in every fit.
        NumPy's and torch's global generators are neither read nor advanced, so that fits in threads are reproducible.
    verbose : int, default=0
        0: silent; 1: a line for every stage of the fit; 2: one for every iteration and epoch, too.
    warm_start : bool, default=False
        Start from the parameters and weights of the previous fit.

    Attributes
    ----------
    model_ : MusculoskeletalModel or None
        The identified model; None without a time axis.
    parameters_ : DataFrame
        One row per free parameter: muscle, name, unit, initial, value, std_err, lower, upper, at_bound, identifiable,
        prior_std, reason (in words, why a value is not to be relied on). ``prediction="network"`` has no standard errors
        and calls nothing identifiable. The standard error is that of noise on the angle; where the EMG is noisy or the model wrong, errors are
        larger.
    parameter_correlation_ : DataFrame
        Posterior correlation of the free parameters.
    max_isometric_force_, optimal_fiber_length_, tendon_slack_length_, pennation_angle_at_optimal_ : ndarray (n_muscles,)
        In N, m, m and rad.
    max_contraction_velocity_, emg_shape_factor_, electromechanical_delay_ : ndarray (n_muscles,)
        In optimal fiber lengths per second, without unit, and in s.
    starts_ : list of tuple (float, ndarray)
        Objective (minus the log posterior) and free values that each start of the identification reached.
    trial_gain_ : DataFrame (n_trials, n_muscles) or None
        Identified EMG gain of each training trial, relative to the mean of all.
    muscle_names_ : tuple of str
    synthesized_muscles_ : tuple of str
        Muscles without EMG of their own, driven by a mixture of columns (see `Muscle`); the `attrs` of `parameters_` and
        of the muscles' outputs name them, too.
    emg_scale_ : ndarray (n_channels,)
        EMG amplitude that counts as excitation 1.
    session_ : Session
        Goniometer offset, EMG gains and delay of the session that `calibrate` has seen, relative to the training's. Where
        the equation of motion predicts alone, gains and delays are parameters of `model_` instead.
    emg_history_ : float
        EMG that the network sees [s].
    ode_weight_ : float
        The weight in use; 0: the learners alone, infinity: the simulation.
    member_weights_ : dict of float
        Weight of each member of the hybrid's ensemble, by its held-out error.
    output_cutoff_ : float
        Cut-off of the low-pass on the hybrid's angle [Hz]; infinity: none.
    held_out_rmse_ : dict of float
        Error of the hybrid on held-out parts of the training data [rad], by weight of the equation.
    module_ : torch.nn.Module or None
    findings_ : DataFrame
        What makes the fit implausible: kind, what (channel, muscle or coordinate), value, unit, meaning, advice. Empty
        where nothing does; else the fit warned of it.
    history_ : list of dict
        One entry an epoch: train_loss, data_loss and, with physics, ode_loss, force_loss, prior_loss.
    n_iter_ : int
        Epochs, or iterations of the identification where no network is trained.
    interrupted_ : tuple of str
        What an interrupt (Ctrl-C) has cut short, in words; empty after a whole fit.
    target_names_ : tuple or None
        Names of y's columns, where y was a pandas object.
    sampling_rate_ : float or None
        Frames per second of the training [Hz], the median; None without a time axis.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    References
    ----------
    Shi, Ma and Zhao (2023), "The bionic neural network for external simulation of human locomotor system", arXiv
    2309.05863.

    Examples
    --------
    >>> from sk_bionic import PhysicsInformedMSKRegressor
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> X, y = make_elbow_flexion(n_trials=2, duration=2.0, random_state=0, return_X_y=True)
    >>> first = X.index.get_level_values("trial") == "trial_00"
    >>> regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X[first], y[first])
    >>> regressor.predict_muscle_forces(X[~first]).columns.tolist()
    ['biceps', 'triceps']
    """

    _parameter_constraints: dict = {
        "model": [MusculoskeletalModel, StrOptions({"auto", *PRESETS})],
        "prediction": [StrOptions({"hybrid", "simulation", "network"})],
        "ode_weight": [Interval(Real, 0, None, closed="both"), StrOptions({"auto"})],
        "force_weight": [Interval(Real, 0, None, closed="left")],
        "identify": [None, str, "array-like"],
        "robust": ["boolean"],
        "n_starts": [Interval(Integral, 1, None, closed="left")],
        "trial_gain_std": [Interval(Real, 0, None, closed="left")],
        "hidden_layer_sizes": ["array-like"],
        "max_epochs": [Interval(Integral, 0, None, closed="left")],
        "history": [Interval(Real, 0, None, closed="left")],
        "lr": [Interval(Real, 0, 1e3, closed="right")],
        "alpha": [Interval(Real, 0, 1e6, closed="both")],
        "input_noise": [Interval(Real, 0, 1e6, closed="both")],
        "n_networks": [Interval(Integral, 1, None, closed="left")],
        "forest": ["boolean"],
        "output_cutoff": [None, Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "emg_scale": [StrOptions({"auto", "max"}), None, "array-like"],
        "sampling_rate": [None, Interval(Real, 0, None, closed="neither")],
        "frame_rate": [None, Interval(Real, 0, None, closed="neither")],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
    }

    def __init__(
        self,
        model="auto",
        *,
        prediction="hybrid",
        ode_weight="auto",
        force_weight=0.1,
        identify=None,
        robust=False,
        n_starts=1,
        trial_gain_std=0.0,
        hidden_layer_sizes=(32, 32),
        max_epochs=150,
        history=0.5,
        lr=0.03,
        alpha=0.01,
        input_noise=0.5,
        n_networks=3,
        forest=True,
        output_cutoff="auto",
        early_stopping=False,
        validation_fraction=0.2,
        n_iter_no_change=50,
        tol=1e-6,
        emg_scale="auto",
        sampling_rate=None,
        frame_rate=100.0,
        device="cpu",
        random_state=None,
        verbose=0,
        warm_start=False,
    ):
        self.model = model
        self.prediction = prediction
        self.ode_weight = ode_weight
        self.force_weight = force_weight
        self.identify = identify
        self.robust = robust
        self.n_starts = n_starts
        self.trial_gain_std = trial_gain_std
        self.hidden_layer_sizes = hidden_layer_sizes
        self.max_epochs = max_epochs
        self.history = history
        self.lr = lr
        self.alpha = alpha
        self.input_noise = input_noise
        self.n_networks = n_networks
        self.forest = forest
        self.output_cutoff = output_cutoff
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.emg_scale = emg_scale
        self.sampling_rate = sampling_rate
        self.frame_rate = frame_rate
        self.device = device
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, *, trial=None, sample_weight=None):
        """Identify the model and train the network.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes and external inputs.
        y : array-like (n_frames,) or (n_frames, n_coordinates)
            Joint angles [rad], columns in the order of the model's coordinates; NaN where unknown: there the equation
            of motion holds alone.
        trial : array-like (n_frames,), optional
            Name of each frame's trial, for arrays.
        sample_weight : array-like (n_frames,), optional
            Weight of each frame's angle.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            When columns, time, trials or angles cannot be used; the message names them.
        KeyboardInterrupt
            When an interrupt comes before anything could predict, or within a loop over fits (joblib, hence
            scikit-learn's searches; Optuna; Dask), which it is meant for.

        Warns
        -----
        PlausibilityWarning
            When the fit can hardly be right: angles of the opposite sign, with a zero or in a unit of their own, exchanged
            channels, EMG with a resting level or out of step, masses that are not the subject's, ...
        InterruptedWarning
            When an interrupt (Ctrl-C) has ended the fit before its time: the message and `interrupted_` say what predicts.

        Notes
        -----
        A fit that fails leaves the attributes of the one before.

        The first interrupt ends the stage that it meets: the identification keeps its best parameters, the networks
        their last epoch. What still has to be done with them, a few seconds, follows; another interrupt ends that.
        """
        with all_or_nothing(self):
            inputs.check_layers(self.hidden_layer_sizes)
            inputs.check_device(self.device)
            inputs.check_ode_weight(self.ode_weight, self.prediction)
            values, trials, angle, weight = self._labelled_frames(X, y, trial, sample_weight)
            rng = own_random_state(self.random_state)
            progress = self._progress(X, y, trials)
            settings = self._settings(int(rng.randint(2**31 - 1)), progress)
            previous = getattr(self, "fitted_", None) if self.warm_start else None
            self.emg_history_ = self.history
            self._set_model(values, trials, angle, previous)
            signals = self._odd_signals(values, trials, angle)
            data = self._training_data(values, trials, angle, weight, rng)
            start = None if previous is None or previous.network is None else previous.network.module
            options = {name: getattr(self, name) for name in ("robust", "n_starts", "trial_gain_std")}
            options["random_state"] = rng
            try:
                self.fitted_ = self._fit(data, settings, start, options)
            except SimulationError:
                tell(signals, stacklevel=4)  # which may be why
                raise
            self.fitted_.model_of_training = self.fitted_.model
            self.fitted_.seen_inputs = self._seen_inputs(values, trials)
            self.fitted_.suspicions = self._suspicions(signals, data, progress)
            self._expose()
            self.interrupted_ = tuple(progress.interrupted)
            if self.interrupted_:
                warnings.warn(
                    f"The fit was interrupted: {'; '.join(self.interrupted_)}. Fit again for the whole.",
                    InterruptedWarning,
                    stacklevel=3,
                )
            if progress.tasks is not None:
                progress.tasks.end()
            tell(self.fitted_.suspicions, stacklevel=4)
            return self

    def _suspicions(self, signals, data, progress):
        """What makes the fit implausible."""
        given_up = data.motion is None or progress.interrupted or any_constant(data.motion.excitation)
        if given_up or any(s.kind in CONCLUSIVE for s in signals):
            return ordered(signals)
        scaled = isinstance(self.emg_scale, str) and not np.all(self.emg_scale_ == 1.0)
        found = self.fitted_.identification
        return ordered([*signals, *implausibilities(data.motion, data.angle, data.weight, found, scaled)])

    def _progress(self, X, y, trials):
        stages = STAGES["static" if trials is None else self.prediction]
        tasks = Tasks(self, X, y, len(stages)) if getattr(self, "_skl_callbacks", ()) else None
        return Progress(self.verbose, tasks)

    def _fit(self, data, settings, start, options):
        if data.motion is None:
            return fitting.fit_static(data, settings, start)
        if self.prediction == "simulation":
            return fitting.fit_simulation(data, options, settings.progress)
        if self.prediction == "network":
            return fitting.fit_network(data, settings, self.ode_weight, self.force_weight, start)
        ensemble = EnsembleSettings(self.history, self.n_networks, self.forest, physics=True)
        cutoff = np.inf if self.output_cutoff is None else self.output_cutoff
        return fitting.fit_hybrid(data, settings, ensemble, self.ode_weight, self.force_weight, cutoff, start, options)

    def calibrate(self, X, y):
        """Adapt to a new session of the same subject from a few labelled frames.

        Goniometer offset, EMG gains and electromechanical delay move, under priors about those of the training; the
        anatomy and the networks stay. What the measured angles still differ by is expected again wherever the limb comes
        back to their postures. A later call starts from the training again.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes of the new session.
        y : array-like (n_frames,) or (n_frames, n_coordinates)
            Joint angles [rad]; NaN where unknown. One repetition, or a rest posture, will do.

        Returns
        -------
        self
            With what has changed in `session_`.

        Warns
        -----
        IdentifiabilityWarning
            When the labelled frames leave something open.
        PlausibilityWarning
            When the measured angles move against the prediction, or lie far from it: their sign or zero is not the
            training's.
        """
        self._require_model()
        values, trials = self._frames(X, reset=False)
        angle = self._angles(X, y, values, trials)
        inputs.check_target_names(inputs.target_names(y), self.model_)
        inputs.check_n_coordinates(angle, self.model_)
        work = self._work_frames(trials)
        if not work.are_measured:
            values, (angle, _) = work.means(values), work.labels(angle, np.ones(len(angle)))
        trials = work.trials
        fitted = self.fitted_
        fitted.model, self.session_, fitted.posture_errors = fitted.model_of_training, self._session_of_training(), None
        self._expose()
        odd = self._odd_session(values, trials, angle)
        fitted.suspicions = [s for s in fitted.suspicions if not s.meaning.startswith(PREFIX)] + odd
        if fitted.is_simulation:
            noise_std = None if fitted.identification is None else fitted.identification.noise_std
            motion = self._motion(values, trials, fitted.model)
            fitted.model = calibration.calibrated(fitted.model, motion, angle, noise_std)
            self.session_ = self.session_._replace(offset=fitted.offset_shift)
            self._expose()
            tell(odd, stacklevel=3)
            return self

        def predict(session):
            self.session_ = session
            return prediction.predict_from_emg(fitted, self._features(values, trials))

        found = self.session_
        try:
            found = calibration.calibrated_inputs(
                predict, angle, trials, fitted.error_std, fitted.network.scale, self.roles_.emg_names
            )
        finally:  # an interrupted search leaves the session of the training, not one that it tried
            self.session_ = found
        fitted.model = prediction.with_offset_moved(fitted.model, self.session_.offset)
        predicted = self._predict_frames(values, trials)[0].angle
        fitted.posture_errors = PostureErrors.learnt(predicted, angle, trials)
        self._expose()
        tell(odd, stacklevel=3)
        return self

    def _odd_session(self, values, trials, angle):
        """What makes the angles of a new session implausible, by the prediction as trained."""
        identified = self.fitted_.identification
        known = self.fitted_.is_simulation and identified is None
        error = None if known else identified.noise_std if self.fitted_.is_simulation else self.fitted_.error_std
        try:
            predicted = self._predict_frames(values, trials)[0].angle
        except SimulationError:
            return []
        return session_suspicions(predicted, angle, error, self.model_.coordinate_names)

    def _session_of_training(self):
        return calibration.Session.as_trained(self.model_.n_coordinates, len(self.roles_.emg))

    def predict(self, X, return_std=False):
        """Joint angles of new frames.

        Every trial is predicted as if the limb were at rest before its first frame and the EMG had been constant: to
        predict a part of a recording, pass the EMG before it too and drop those rows of the result.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes and external inputs, with the columns of the training.
        return_std : bool, default=False
            Return standard deviations, too.

        Returns
        -------
        angle : ndarray (n_frames,) or (n_frames, n_coordinates)
            Angle [rad] as the goniometer of the training data would read it; a DataFrame with y's columns where X and the
            training's y were DataFrames.
        std : same type and shape
            Standard deviation [rad], where `return_std`: of measured minus predicted angle. How a trial begins is not
            known; where its first EMG looks like the middle of a movement, its beginning is the more uncertain.

        Warns
        -----
        UserWarning
            When a column of a trial is unlike the training's: constant, silent, clipped or far stronger EMG, another
            resting level, an external input outside the training's range. The standard deviation is then widened by what
            the column may have been instead.
        """
        result, _ = self._predict(X, with_variance=return_std)
        shape = partial(self._shape_output, X)
        if return_std and result.variance is None:
            raise ValueError(
                "A simulation has a standard deviation where its parameters were identified: fit with prediction='simulation' or 'hybrid'."
            )
        return (shape(result.angle), shape(np.sqrt(result.variance))) if return_std else shape(result.angle)

    def _predict(self, X, with_variance=False):
        """Prediction and the motion (equation on the frames) behind it, None where the network alone predicts."""
        check_is_fitted(self)
        values, trials = self._worked(X)
        result, motion = self._predict_frames(values, trials, with_variance)
        odd = self._unlike_training(values, trials)
        if odd:
            warnings.warn(describe(odd, trials.names), UserWarning, stacklevel=3)
            if with_variance:
                result = self._widened(result, motion, values, trials, odd)
        return result, motion

    def _predict_frames(self, values, trials, with_variance=False):
        if trials is None or self.prediction == "network" and self.fitted_.network is not None:
            motion = self._motion(values, trials, self.model_) if with_variance and trials is not None else None
            return prediction.predict_network(self.fitted_, self._features(values, trials), motion), None
        motion = self._motion(values, trials, self.model_)
        if self.prediction == "simulation" or self.fitted_.network is None:
            return prediction.simulate(self.fitted_, motion, with_variance=with_variance), motion
        return prediction.predict_hybrid(self.fitted_, motion, self._features(values, trials), with_variance), motion

    def score(self, X, y, sample_weight=None):
        """Coefficient of determination R2 of the predicted angles, where they are known.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes and external inputs.
        y : array-like (n_frames,) or (n_frames, n_coordinates)
            Joint angles [rad]; frames of NaN are left out, each coordinate's on its own.
        sample_weight : array-like (n_frames,), optional
            Weight of each frame.

        Returns
        -------
        float
            Mean over the coordinates.

        Raises
        ------
        ValueError
            When no angle is known.
        """
        inputs.check_same_index(X, y)
        return r2_where_known(y, self.predict(X), sample_weight)

    def _settings(self, seed, progress):
        names = ("max_epochs", "lr", "alpha", "input_noise", "tol", "n_iter_no_change", "device")
        chosen = {name: getattr(self, name) for name in names}
        return TrainingSettings(tuple(self.hidden_layer_sizes), progress=progress, seed=seed, **chosen)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
