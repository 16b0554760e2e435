"""The scikit-learn face of the package: validate, delegate, expose."""

from dataclasses import replace
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_array, check_is_fitted

from . import _inputs as inputs
from .dynamics.first_use import compile_ahead
from .dynamics.inverse import residual_along
from .exceptions import InterruptedWarning, SimulationError, warn_user
from .identification.of_session import PREFIX
from .identification.tables import flagged
from .learning.folds import validation_frames
from .learning.progress import STAGES, CallbackSupportMixin, Progress, Tasks, all_or_nothing
from .model_selection._score import r2_where_known
from .musculoskeletal import PRESETS, MusculoskeletalModel
from .predictors.doubts import fit_suspicions, session_suspicions_of, signal_suspicions, tell
from .predictors.predictor import ATTRIBUTES_IN_TIME, TABLES, pull
from .predictors.seen_inputs import describe, inputs_of, oddities, widened
from .predictors.settings import MODULE, settings_of, steps_of


class PhysicsInformedMSKRegressor(CallbackSupportMixin, RegressorMixin, BaseEstimator):
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
        simulation ("hybrid" alone; a network's loss must be finite). "auto": chosen on held-out parts of the training
        data ("hybrid"), 0.1 ("network").
    force_weight : float, default=0.1
        Weight of the disagreement between the network's muscle forces and the Hill muscles', in units of the maximal
        forces.
    identify : "auto", None or sequence of str, default="auto"
        Free parameters: names, "muscle/name" for a single one, or "muscle+muscle/name" for a shared one; an empty list
        identifies nothing: the generic model. None: those that the model marks as free, each by itself. "auto": these,
        but muscles of one side of a joint share delay, time constants, EMG shape or passive strain where the recording
        does not determine them one by one. `parameters_` tells which, in `shared_with`.
    robust : bool, default=False
        Discount frames whose angle is an artefact (a Student t likelihood in the identification).
    n_starts : int, default=1
        Starts of the identification: the model's values and random ones within the bounds. What each reached is in
        `starts_`.
    trial_gain_std : float, default=0.0
        Prior standard deviation of the logarithm of an EMG gain that every training trial has of its own, relative to
        the mean of all: 0.1 where electrodes were set anew or effort differs between trials; 0: none. Only trials whose
        angles tell them apart move from 1. New trials are predicted with a gain of 1; see `calibrate`.
    hidden_layer_sizes : sequence of int, default=(32, 32)
        Widths of the network's layers.
    max_epochs : int, default=220
        Training epochs; 0 trains no network, and "hybrid" is the simulation.
    history : float, default=0.5
        EMG that the network sees [s]. Trials must not be shorter.
    lr : float, default=0.05
        Learning rate of Adam.
    alpha : float, default=0.01
        Weight decay.
    input_noise : float, default=0.5
        Standard deviation of the noise on the networks' standardised inputs while they are trained, which keeps them
        from trusting details of the EMG; for trials in time only. In a hybrid, several networks of a kind get 1, 0.4
        and 1.6 times as much.
    n_networks : int, default=3
        Networks of each kind in the hybrid's ensemble: with the recent EMG and the channels' shares in it, with these
        shares alone, with the recent EMG and the simulated state, with a longer and coarser history.
    forest : bool, default=True
        Let a forest of extremely randomised trees on twice the `history` of the EMG into the ensemble.
    output_cutoff : float, "auto" or None, default="auto"
        Cut-off of a zero-lag low-pass on the hybrid's angle [Hz]. "auto": one for each member of the ensemble, chosen
        on held-out parts of the training data; where the equation leads, one for the angle; None: no filter.
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
        given. "auto": 1 (X is normalised) where the largest value of all channels lies between 0.05 and 2, each
        channel's largest where it lies beyond 0.025 or 4, and a power of that, which grows from 0 to 1, in between.
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
    module : type, torch.nn.Module or callable, default=None
        A torch module of your own in the network's place, or what makes one: a class (which is given `n_inputs`,
        `n_steps`, `n_outputs` and `n_muscles` where its signature names them), an instance (of which every network is a
        copy), any callable. It reads the EMG's last `history` seconds as sequences (n_frames, n_steps, n_inputs) in
        steps of 20 ms, the latest last (square roots of the envelopes and external inputs, standardised), and gives
        (n_frames, n_outputs) or, of which the last step counts, (n_frames, n_steps, n_outputs): standardised angles,
        and the muscles' forces after them, if it will. Without a time axis there is one step. "hybrid" has
        `n_networks` of them beside its forest.
    callbacks : list of skorch callbacks, or of (name, callback), default=None
        Further callbacks of the training: checkpoints, loggers, a stop. One that watches ``valid_loss`` has
        `validation_fraction` of the trials kept aside; a learning-rate schedule stands for the package's own. `save`
        does not keep them.
    **module__arguments
        Arguments of `module` under the names ``module__<argument>``, which searches can vary.

    Attributes
    ----------
    model_ : MusculoskeletalModel or None
        The identified model; None without a time axis.
    parameters_ : DataFrame
        One row per free parameter: muscle, name, unit, initial, value, std_err, lower, upper, at_bound, identifiable,
        prior_std, narrowing (posterior over prior standard deviation, on the prior's own scale), reason (in words, why
        a value is not to be relied on). ``prediction="network"`` has no standard errors and calls nothing identifiable.
        Standard errors count noise of the angle, scatter between blocks of the recording, and doubt of the parameters
        that are not free; `benchmarks/results/coverage.md` has how often they hold.
    parameter_correlation_ : DataFrame
        Posterior correlation of the free parameters.
    max_isometric_force_, optimal_fiber_length_, tendon_slack_length_, pennation_angle_at_optimal_ : ndarray
    (n_muscles,)
        In N, m, m and rad.
    max_contraction_velocity_, emg_shape_factor_, electromechanical_delay_ : ndarray (n_muscles,)
        In optimal fiber lengths per second, without unit, and in s.
    starts_ : list of tuple (float, ndarray)
        Objective (minus the log posterior) and free values that each start of the identification reached.
    trial_gain_ : DataFrame (n_trials, n_muscles) or None
        Identified EMG gain of each training trial, relative to the mean of all.
    muscle_names_ : tuple of str
    synthesized_muscles_ : tuple of str
        Muscles without EMG of their own, driven by a mixture of columns (see `Muscle`); the `attrs` of `parameters_`
        and of the muscles' outputs name them, too.
    emg_scale_ : ndarray (n_channels,)
        EMG amplitude that counts as excitation 1.
    session_ : Session
        Goniometer offset, EMG gains and delay of the session that `calibrate` has seen, relative to the training's.
        Where the equation of motion predicts alone, gains and delays are parameters of `model_` instead.
    emg_history_ : float
        EMG that the network sees [s].
    ode_weight_ : float
        The weight in use; 0: the learners alone, infinity: the simulation.
    member_weights_ : dict of float
        Weight of each member of the hybrid's ensemble, stacked on held-out errors.
    output_cutoff_ : float
        Cut-off of the low-pass on the hybrid's angle [Hz]; infinity: none, but those of its members.
    held_out_rmse_ : dict of float
        Error of the hybrid on held-out parts of the training data [rad], by weight of the equation.
    module_ : torch.nn.Module or None
        The networks; of a single `module` of your own, the module itself.
    net_ : skorch.NeuralNet or None
        A skorch net around `module_`, with the history of its training.
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
        "module": [None, callable],
        "callbacks": [None, list, tuple],
    }

    def __init__(
        self,
        model="auto",
        *,
        prediction="hybrid",
        ode_weight="auto",
        force_weight=0.1,
        identify="auto",
        robust=False,
        n_starts=1,
        trial_gain_std=0.0,
        hidden_layer_sizes=(32, 32),
        max_epochs=220,
        history=0.5,
        lr=0.05,
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
        module=None,
        callbacks=None,
        **module__arguments,
    ):
        for name, value in module__arguments.items():
            if not name.startswith(MODULE):
                raise TypeError(f"{type(self).__name__}.__init__() got an unexpected keyword argument {name!r}")
            setattr(self, name, value)
        self.module = module
        self.callbacks = callbacks
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

    def get_params(self, deep=True):
        """Parameters of the estimator, those of its `module` among them.

        Parameters
        ----------
        deep : bool, default=True
            Whether parameters of parameters are given, too.

        Returns
        -------
        dict
            Value of each parameter by its name.
        """
        return {**super().get_params(deep), **{k: v for k, v in vars(self).items() if k.startswith(MODULE)}}

    def set_params(self, **params):
        """Set parameters by name, those of the `module` as ``module__<argument>``.

        Parameters
        ----------
        **params
            Values by name.

        Returns
        -------
        self
            The estimator.
        """
        for name in [name for name in params if name.startswith(MODULE)]:
            setattr(self, name, params.pop(name))
        return super().set_params(**params)

    def set_callbacks(self, *callbacks):
        """Set callbacks, those of skorch as the parameter `callbacks`, others as scikit-learn 1.9 has them.

        Parameters
        ----------
        *callbacks
            Callbacks of skorch, which hear of every epoch of the networks, or of scikit-learn, which hear of the fit.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        TypeError
            When one is neither.
        """
        from skorch.callbacks import Callback as SkorchCallback

        of_skorch = [callback for callback in callbacks if isinstance(callback, SkorchCallback)]
        others = [callback for callback in callbacks if not isinstance(callback, SkorchCallback)]
        if of_skorch:
            self.callbacks = of_skorch
        if others or not of_skorch:
            super().set_callbacks(*others)
        return self

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
            When the fit can hardly be right: angles of the opposite sign, with a zero or in a unit of their own,
            exchanged channels, EMG with a resting level or out of step, masses that are not the subject's, ...
        InterruptedWarning
            When an interrupt (Ctrl-C) has ended the fit before its time: the message and `interrupted_` say what
            predicts.

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
            previous = getattr(self, "predictor_", None) if self.warm_start else None
            # Popped below: nobody holds the columns of an hour of EMG any longer than it takes to read them.
            columns = [self._read_training(X, y, trial, sample_weight).recording]
            if columns[0].trials is not None:
                compile_ahead()
            progress = self._progress(X, y, columns[0].trials)
            random_state = inputs.own_random_state(self.random_state)
            settings = settings_of(self, random_state, progress)
            model, recording = self._learn_columns(columns.pop(), previous)
            signals = signal_suspicions(recording, model, self.emg_scale_, self._may_scale)
            validation = None
            if self.early_stopping or self.callbacks and _watch_validation(self.callbacks):
                trials, labelled = recording.trials, recording.labelled
                validation = validation_frames(trials, labelled, self.validation_fraction, random_state)
            start = None if previous is None else previous.networks
            try:
                predictor, options = None, {"validation_weight": validation, "start": start}
                for step in steps_of(self.prediction, in_time=model is not None):
                    predictor = step(recording, model, settings, before=predictor, **options)
            except SimulationError:
                tell(signals)  # which may be why
                raise
            odd = signals
            if model is not None:
                predictor = replace(predictor, seen_inputs=inputs_of(recording))
                odd = fit_suspicions(signals, recording, model, predictor, self._emg_is_scaled, progress.interrupted)
            self._expose(predictor.with_suspicions(odd))
            self.interrupted_ = tuple(progress.interrupted)
            if self.interrupted_:
                warn_user(
                    f"The fit was interrupted: {'; '.join(self.interrupted_)}. Fit again for the whole.",
                    InterruptedWarning,
                )
            if progress.tasks is not None:
                progress.tasks.end()
            tell(odd)
            return self

    def calibrate(self, X, y):
        """Adapt to a new session of the same subject from a few labelled frames.

        Goniometer offset, EMG gains and electromechanical delay move, under priors about those of the training; the
        anatomy and the networks stay. What the measured angles still differ by is expected again wherever the limb
        comes back to their postures. A later call starts from the training again.

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
        inputs.check_given(y)
        recording, _ = self._read(X, y)
        inputs.check_target_names(inputs.target_names(y), self.model_)
        inputs.check_n_coordinates(recording.angle, self.model_)
        trained = self.predictor_.as_trained()
        odd = session_suspicions_of(trained, recording)
        kept = [one for one in trained.suspicions if not one.meaning.startswith(PREFIX)]
        self._expose(trained.calibrate(recording).with_suspicions([*kept, *odd]))
        tell(odd)
        return self

    def predict(self, X, return_std=False, causal=False):
        """Joint angles of new frames.

        Every trial is predicted as if the limb were at rest before its first frame and the EMG had been constant: to
        predict a part of a recording, pass the EMG before it too and drop those rows of the result.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes and external inputs, with the columns of the training.
        return_std : bool, default=False
            Return standard deviations, too.
        causal : bool, default=False
            Predict each frame from those before it alone: what `stream` says, frame by frame. Values may be missing
            (NaN) then. Envelopes should be causal, too.

        Returns
        -------
        angle : ndarray (n_frames,) or (n_frames, n_coordinates)
            Angle [rad] as the goniometer of the training data would read it; a DataFrame with y's columns where X and
            the training's y were DataFrames.
        std : same type and shape
            Standard deviation [rad], where `return_std`: of measured minus predicted angle. How a trial begins is not
            known; where its first EMG looks like the middle of a movement, its beginning is the more uncertain.

        Warns
        -----
        UserWarning
            When a column of a trial is unlike the training's: constant, silent, clipped or far stronger EMG, another
            resting level, an external input outside the training's range. The standard deviation is then widened by
            what the column may have been instead.
        """
        if causal:
            found = self._causal(X)
            angle, std = (self._as_target(X, None, values) for values in (found.angle, found.angle_std))
            return (angle, std) if return_std else angle
        prediction, work = self._predicted(X, return_std, forces=False)[::2]
        angle = self._as_target(X, work, prediction.angle)
        if not return_std:
            return angle
        if prediction.angle_std is None:
            raise ValueError(
                "A simulation has a standard deviation where its parameters were identified: fit with "
                "prediction='simulation' or 'hybrid'."
            )
        return angle, self._as_target(X, work, prediction.angle_std)

    def stream(self, sampling_rate, *, envelope=None, frame_rate=None, lag=0.0, jitter=0.0):
        """Predict frames that come one at a time.

        Parameters
        ----------
        sampling_rate : float
            Of the frames that will come [Hz].
        envelope : EMGEnvelope, optional
            Fitted: the frames are raw EMG, of which it makes envelopes, causally. Default: the frames are as in
            training.
        frame_rate : float, optional
            Frames per second that are predicted [Hz]. Default: the estimator's `frame_rate`.
        lag : float, default=0.0
            Time that the angle may wait for later frames [s]: it becomes smoother.
        jitter : float, default=0.0
            By how much times of frames may deviate from a steady clock [s], which is taken off; 0: times are believed.

        Returns
        -------
        MotionStream
            Its `push` takes a frame and returns angle, muscle forces, moments and their standard deviations.
        """
        self._require_model()
        from .streaming import MotionStream  # its functions are compiled when they are first asked for

        return MotionStream(self, sampling_rate, envelope=envelope, frame_rate=frame_rate, lag=lag, jitter=jitter)

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

    def predict_muscle_forces(self, X, return_std=False, causal=False):
        """Muscle forces along the predicted motion.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes and external inputs.
        return_std : bool, default=False
            Return standard deviations, too.
        causal : bool, default=False
            Predict each frame from those before it alone, as in `predict`.

        Returns
        -------
        force : DataFrame or ndarray (n_frames, n_muscles)
            Tendon forces [N], never below 0: the Hill-type muscles' on the predicted motion, or with
            ``prediction="network"`` the network's. Where fibers shorten faster than they can, or tendons hang slack,
            the muscle's smooth curves are slightly negative; a tendon only pulls.
        std : same type and shape
            Standard deviation [N], where `return_std`: the posterior of parameters and motion, propagated. Intervals
            end at 0.

        Raises
        ------
        ValueError
            When a standard deviation is asked for that does not exist: the network's own forces have no posterior.
        """
        self._require_model()
        if causal:
            found = self._causal(X)
            force, std = (self._as_columns(X, None, one, self.muscle_names_) for one in (found.force, found.force_std))
            return (force, std) if return_std else force
        prediction, recording, work = self._predicted(X, return_std)
        force = prediction.force
        if force is None:
            force = pull(self.predictor_.muscles_along(recording, prediction)[0])
        force = self._as_columns(X, work, force, self.muscle_names_)
        if not return_std:
            return force
        if prediction.force_std is None:
            raise ValueError(
                "Muscle forces have a standard deviation where the equation of motion takes part in the "
                "prediction, but the networks alone predict here: use prediction='simulation', or 'hybrid' with a "
                "positive `ode_weight`."
            )
        return force, self._as_columns(X, work, prediction.force_std, self.muscle_names_)

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
        self._require_model()
        recording, work = self._read(X)
        activation = self.predictor_.equation(recording).activations()
        return self._as_columns(X, work, activation, self.muscle_names_)

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
        self._require_model()
        prediction, recording, work = self._predicted(X)
        muscles, _ = self.predictor_.muscles_along(recording, prediction)
        return self._as_columns(X, work, muscles.fiber_length, self.muscle_names_)

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
        self._require_model()
        prediction, recording, work = self._predicted(X)
        _, torque = self.predictor_.muscles_along(recording, prediction)
        return self._as_columns(X, work, torque, self.model_.coordinate_names)

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
        self._require_model()
        recording, work = self._read(X)
        if initial_state is not None:
            shape = (recording.trials.n_trials, 2, self.model_.n_coordinates)
            initial_state = np.array(initial_state, dtype=np.float64)
            if initial_state.size != np.prod(shape):
                raise ValueError(
                    f"`initial_state` must have shape (n_trials, 2, n_coordinates) = {shape}. Got "
                    f"{initial_state.shape}."
                )
            initial_state = initial_state.reshape(shape)
        return self._as_target(X, work, self.predictor_.simulate(recording, initial_state))

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
        self._require_model()
        inputs.check_given(y)
        recording, work = self._read(X)
        inputs.check_same_index(X, y)
        inputs.check_target_names(inputs.target_names(y), self.model_)
        angle = check_array(y, ensure_2d=False, dtype=np.float64, ensure_all_finite="allow-nan", input_name="y")
        expected = (work.source.n_frames, self.model_.n_coordinates)
        if angle.reshape(len(angle), -1).shape != expected:
            raise ValueError(f"y must have the shape (n_frames, n_coordinates) = {expected}. Got {angle.shape}.")
        joint = angle.reshape(expected)
        joint = joint if work.are_measured else work.labels(joint, np.ones(len(joint)))[0]
        residual = residual_along(self.predictor_.equation(recording), joint)
        residual = work.back(residual).reshape(angle.shape)
        return pd.DataFrame(residual, index=y.index, columns=y.columns) if isinstance(y, pd.DataFrame) else residual

    def _read_training(self, X, y, trial, sample_weight):
        """The frames to learn from, all columns of X as EMG (see `_inputs.read_training`)."""
        values = inputs.read_values(self, X, reset=True)
        self.emg_history_ = self.history
        training = inputs.read_training(
            X, y, values, self._column_names, self._frames, trial=trial, sample_weight=sample_weight, estimator=self
        )
        self.target_is_1d_, self.target_names_ = training.is_1d, inputs.target_names(y)
        self.sampling_rate_ = training.sampling_rate
        if training.recording.trials is None:
            inputs.check_untimed(self.prediction, self.ode_weight)
        return training

    def _learn_columns(self, columns, previous):
        """The model to identify, and the recording that it is identified from."""
        if columns.trials is None:
            self.model_, self.roles_, self.emg_scale_ = None, None, np.ones(columns.emg.shape[1])
            return None, columns
        named = hasattr(self, "feature_names_in_")
        model, self.roles_, self.emg_scale_ = inputs.learn_columns(
            columns, self.model, self._column_names, named, self.emg_scale
        )
        inputs.check_target_names(self.target_names_, model)
        as_marked = self.identify is None or isinstance(self.identify, str) and self.identify == "auto"
        model = model if as_marked else model.identifying(self.identify)
        known = getattr(previous, "model", None)
        if known is not None and len(known.parameters) == len(model.parameters):
            model = model.with_values(known.parameters.value)
        self.model_ = model
        return model, inputs.in_columns(columns, self.roles_, self.emg_scale_, model)

    def _read(self, X, y=None):
        """New frames as a recording, and the way back to the rows of X: None without time."""
        values = inputs.read_values(self, X, reset=False)
        columns, work = inputs.read_recording(
            X, values, self._column_names, self._frames, in_time=self.model_ is not None, y=y, estimator=self
        )
        if work is None:
            return columns, None
        recording = inputs.in_columns(columns, self.roles_, self.emg_scale_, self.model_)
        inputs.warn_of_far_beyond(recording.in_session(self.session_).emg, self.roles_.emg_names, recording.trials)
        return recording, work

    def _predicted(self, X, with_std=False, forces=True):
        """Prediction of X, the recording behind it, and the way back to the rows of X."""
        check_is_fitted(self)
        recording, work = self._read(X)
        prediction = self.predictor_.predict(recording, with_std=with_std, forces=forces)
        odd = [] if work is None else oddities(self.predictor_, recording)
        if odd:
            warn_user(describe(odd, recording.trials.names))
            prediction = widened(self.predictor_, prediction, recording, odd) if with_std else prediction
        return prediction, recording, work

    @property
    def _frames(self):
        history = 0.0 if self.prediction == "simulation" else self.emg_history_
        return inputs.FrameSettings(self.sampling_rate, self.frame_rate, history)

    @property
    def _column_names(self):
        return tuple(getattr(self, "feature_names_in_", inputs.default_names(self.n_features_in_)))

    @property
    def _may_scale(self):
        """Whether the EMG itself tells its amplitude."""
        return isinstance(self.emg_scale, str) and self.emg_scale == "auto"

    @property
    def _emg_is_scaled(self):
        """Whether EMG is in units of its own largest value."""
        return isinstance(self.emg_scale, str) and not np.all(self.emg_scale_ == 1.0)

    def _progress(self, X, y, trials):
        stages = STAGES["static" if trials is None else self.prediction]
        tasks = Tasks(self, X, y, len(stages)) if getattr(self, "_skl_callbacks", ()) else None
        return Progress(self.verbose, tasks)

    def _causal(self, X):
        """What a stream would have said of the rows of X."""
        self._require_model()
        from .streaming._batch import CausalPrediction

        values = inputs.read_values(self, X, reset=False)
        return CausalPrediction(self, X, values)

    def _require_model(self):
        check_is_fitted(self)
        if self.model_ is None:
            raise ValueError(
                "The estimator was fitted without a time axis and has no musculoskeletal model: fit it on X with the "
                "index levels 'trial' and 'time' (s), or with `sampling_rate`."
            )

    def _expose(self, predictor):
        """Keep a predictor, and its attributes under their public names."""
        for name in (*ATTRIBUTES_IN_TIME, *TABLES):
            vars(self).pop(name, None)
        self.predictor_ = predictor
        for name, value in predictor.attributes().items():
            setattr(self, name, value)
        self.net_ = None if self.module_ is None else _net_around(self.module_, self.history_)

    def __getattr__(self, name):
        """Tables of the fit, which are made when they are first asked for."""
        tables = self.predictor_.tables() if name in TABLES and "predictor_" in vars(self) else {}
        if name not in tables:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        vars(self)[name] = tables[name]()
        return vars(self)[name]

    def _as_target(self, X, work, angle):
        """Angles (n_work, n_coordinates) at X's rows, in the shape and type of the training target."""
        angle = angle if work is None else work.back(angle)
        if self.target_is_1d_:
            return angle[:, 0]
        if self.target_names_ is None or not isinstance(X, pd.DataFrame):
            return angle
        return pd.DataFrame(angle, index=X.index, columns=list(self.target_names_))

    def _as_columns(self, X, work, values, names):
        """Values (n_work, n_names) at X's rows, as a table where X is one."""
        values = values if work is None else work.back(values)
        if not isinstance(X, pd.DataFrame):
            return values
        return flagged(pd.DataFrame(values, index=X.index, columns=list(names)), self.model_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _watch_validation(callbacks):
    from .learning.skorch_net import watches_validation

    return watches_validation(callbacks)


def _net_around(module, history):
    from .learning.skorch_net import net_around

    return net_around(module, history)
