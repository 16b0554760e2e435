"""Predictions a frame at a time, from nothing but the frames so far."""

import numpy as np
import pandas as pd

from ..exceptions import warn_user
from ..predictors.hybrid import EnsemblePredictor
from ..predictors.simulation import SimulationPredictor
from ..trials._trials import HOLE, HOLE_STEPS
from ._channels import channels_of, instead_of
from ._clock import SteadyClock
from ._external import UNSEEN, ExternalInputs
from ._frame import StreamFlag, StreamFrame
from ._hybrid import HybridCore
from ._raw import Averages, RawEnvelope
from ._recent import RecentFrames
from ._simulation import SimulationCore
from .compiled.inputs import condition, replace, widen

RECONVERGED = 0.005  # rad; 1 % of the largest force: within which what a channel might have been has ceased to matter
LONGEST_DOUBT = 10.0  # s after which a fault that is over is forgotten
UNKNOWN_STD = 1.0  # rad, of an angle that nobody knows
UNSEEN_FACTOR = 4.0  # on variances, beyond the training's loads and postures
LOST, LATE, RESTARTED, FAILED = (
    int(flag) for flag in (StreamFlag.LOST, StreamFlag.LATE, StreamFlag.RESTARTED, StreamFlag.FAILED)
)
RECOVERING = int(StreamFlag.RECOVERING)


def core_of(predictor, step, lag, external):
    """What predicts the frames of a stream."""
    if isinstance(predictor, SimulationPredictor):
        return SimulationCore(predictor, step)
    if isinstance(predictor, EnsemblePredictor):
        return HybridCore(predictor, step, lag, external)
    raise TypeError(
        "Only prediction='hybrid' and 'simulation' can be streamed: a network that was trained jointly has no "
        "equation to go on with between frames. Fit with one of these."
    )


class MotionStream:
    """Angles, muscle forces and moments from frames that come one at a time.

    Made by `PhysicsInformedMSKRegressor.stream`. A frame never raises for what it holds: missing values, channels that
    stand still, lost and late frames make the standard deviations larger and are stated by flags. Each stream has a
    state of its own; streams of several limbs may run in threads of their own.

    Parameters
    ----------
    estimator : PhysicsInformedMSKRegressor
        Fitted on trials in time.
    sampling_rate : float
        Of the frames that are pushed [Hz].
    envelope : EMGEnvelope, optional
        Fitted: the frames hold raw EMG, of which it makes envelopes, causally. Default: the frames hold what the
        estimator was trained on.
    frame_rate : float, optional
        Frames per second that are predicted [Hz]. Default: the estimator's `frame_rate`. Of frames that come at least
        twice as often, means are predicted.
    lag : float, default=0.0
        Time that the angle may wait for later frames [s]: it becomes smoother.
    jitter : float, default=0.0
        By how much times of frames may deviate from a steady clock [s]: so much is taken off, causally; what deviates
        more is a gap. 0: times are believed.
    remember : float, default=60.0
        Past frames that `calibrate` can use [s].

    Examples
    --------
    >>> from sk_bionic import PhysicsInformedMSKRegressor
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> X, y = make_elbow_flexion(n_trials=2, duration=2.0, random_state=0, return_X_y=True)
    >>> regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, y)
    >>> stream = regressor.stream(sampling_rate=100.0)
    >>> frame = stream.push([0.3, 0.05])
    >>> frame.force.shape, frame.flags
    ((2,), 0)
    """

    def __init__(
        self, estimator, sampling_rate, *, envelope=None, frame_rate=None, lag=0.0, jitter=0.0, remember=60.0
    ):  # fmt: skip
        if not sampling_rate > 0 or not np.isfinite(sampling_rate):
            raise ValueError(
                f"`sampling_rate` must be a positive number of frames per second [Hz]. Got {sampling_rate!r}."
            )
        if not lag >= 0 or not np.isfinite(lag):
            raise ValueError(f"`lag` must be a number of seconds, at least 0. Got {lag!r}.")
        self.sampling_rate = float(sampling_rate)
        rate = estimator.frame_rate if frame_rate is None else frame_rate
        self.stride = 1 if rate is None else max(1, int((1 + 1e-6) * self.sampling_rate / rate))
        self.frame_rate, self.lag = self.sampling_rate / self.stride, float(lag)
        self._step, self._input_step = self.stride / self.sampling_rate, 1.0 / self.sampling_rate
        self._clock = SteadyClock(self._input_step, jitter) if jitter else None
        self.n_features = estimator.n_features_in_
        self._names = list(getattr(estimator, "feature_names_in_", ()))
        if envelope is not None and envelope.low_pass is not None and not envelope.causal:
            warn_user(
                "`envelope` was fitted to look ahead (causal=False). A stream can't: its filters run forward only, and "
                "come about a tenth of a second late for an estimator that was trained without that lag. Train on "
                "EMGEnvelope(causal=True, low_pass=8.0, order=2)."
            )
        self._roles, self._scale = estimator.roles_, estimator.emg_scale_
        self._front = (
            Averages(self.n_features, self.stride)
            if envelope is None
            else RawEnvelope(envelope, self.n_features, self._roles.emg, self.sampling_rate, self.stride)
        )
        n = int(remember * self.frame_rate)
        d = estimator.predictor_.model.n_coordinates
        self._past = RecentFrames(n, len(self._roles.emg), self._roles.exogenous, d)
        self._use(estimator.predictor_)
        self.reset()

    def _use(self, predictor):
        """Predict with a predictor from now on."""
        self.predictor, model = predictor, predictor.model
        self.coordinate_names, self.muscle_names = tuple(model.coordinate_names), tuple(model.muscle_names)
        n = len(self._roles.emg)
        seen = predictor.seen_inputs
        self._channels = channels_of(self._roles.emg, self._scale, predictor.session, seen)
        self._instead = instead_of(seen, n)
        self._external = ExternalInputs(self._roles.exogenous, model.prescribed_names, seen)
        self._emg, self._other = np.zeros(n), np.zeros(n)
        self._none = np.zeros(n, np.int64)
        self._core = core_of(predictor, self._step, self.lag, self._external.names)
        self._shadows = [core_of(predictor, self._step, self.lag, self._external.names) for _ in range(2)]
        d, maximal = self._core.d, model.parameters.as_dict()["max_isometric_force"]
        self._near = np.concatenate([np.full(d, RECONVERGED), 0.01 * maximal, np.full(d, np.inf)])
        self._n_out = self._core.out.shape[1]

    def reset(self):
        """Forget all frames: the next one begins anew, with the limb at rest."""
        self._time, self._input_time, self._latest = None, None, None
        self._doubted = -1.0  # s since the last fault, while what it may have hidden still matters
        self._last_emg = self._emg.copy()
        self._past.clear()
        self._front.reset()
        if self._clock is not None:
            self._clock.last = None

    def push(self, frame, time=None):
        """Take one frame.

        Parameters
        ----------
        frame : Series or array-like (n_columns,)
            A Series by its names, else in the order of the columns of the training; NaN where a value is missing.
        time : float, optional
            Of the frame [s], on any clock that does not stop. Default: one frame after the last one.

        Returns
        -------
        StreamFrame or None
            None where no prediction is due: of frames that come more often than `frame_rate`.

        Raises
        ------
        ValueError
            When the frame has another number of columns.
        """
        if isinstance(frame, pd.Series):
            frame = self._by_name(frame, frame.index)
        values = np.asarray(frame, dtype=np.float64)
        if values.shape != (self.n_features,):
            raise ValueError(
                f"A frame must have {self.n_features} values, one for each column. Got shape {values.shape}."
            )
        last = self._input_time
        if time is None or not np.isfinite(time):
            time = 0.0 if last is None else last + self._input_step
        elif self._clock is not None:
            time = self._clock.time(time)
        gap = 0.0 if last is None else time - last
        if last is not None and not gap > 0.0:
            if gap >= -HOLE:
                return self._late()
            self._restart()
        elif gap > max(HOLE, HOLE_STEPS * self._input_step):
            self._restart()
        self._input_time = time
        values = self._front.push(values, gap)
        return None if values is None else self._advance(values, time)

    def push_chunk(self, frames, times=None):
        """Take several frames.

        Parameters
        ----------
        frames : DataFrame or array-like (n_frames, n_columns)
            As of `push`.
        times : array-like (n_frames,), optional
            Of the frames [s].

        Returns
        -------
        list of StreamFrame
            Those that were due.
        """
        if isinstance(frames, pd.DataFrame):
            frames = self._by_name(frames, frames.columns).to_numpy()
        times = [None] * len(frames) if times is None else times
        found = (self.push(frame, time) for frame, time in zip(frames, times, strict=True))
        return [one for one in found if one is not None]

    def _by_name(self, frames, names):
        """The columns of the training, in their order, where these are told by names."""
        if not self._names or not all(isinstance(name, str) for name in names):
            return frames
        lost = [name for name in self._names if name not in names]
        if lost:
            raise ValueError(f"A frame lacks the columns {lost}. It has {list(names)}.")
        return frames[self._names]

    def _restart(self):
        self._front.reset()
        self._time, self._doubted = None, -1.0

    def _late(self):
        return None if self._latest is None else self._latest._replace(flags=self._latest.flags | LATE)

    def _advance(self, values, time):
        """Predict at the time of a frame that is due."""
        fresh = self._time is None
        flags = RESTARTED if fresh and self._latest is not None else 0
        dt = self._step if fresh else time - self._time
        faults = condition(values, self._channels, self._front.faults, self._front.is_raw, dt, fresh, self._emg)
        flags |= faults | self._external.read(values)
        n_lost = 0 if fresh else min(int(dt / self._step + 0.5) - 1, int(HOLE / self._step) + 1)
        if n_lost > 0:
            flags |= LOST
        if (faults or n_lost > 0) and not fresh:
            self._doubt()
        for k in range(n_lost):  # what was lost may have been anything: the alternatives see it as faults
            share = (k + 1.0) / (n_lost + 1.0)
            between = self._last_emg + share * (self._emg - self._last_emg)
            self._go(self._time + share * dt, between, False, everything=True)
        solved = self._go(time, self._emg, fresh)
        out = self._core.out
        if not solved:
            flags |= FAILED
            out[1, : self._core.d] = np.maximum(out[1, : self._core.d], UNKNOWN_STD**2)
        if self._doubted >= 0.0:
            flags |= self._widen(faults, dt)
        self._time, self._last_emg[:] = time, self._emg
        self._past.keep(time, self._emg / self.predictor.session.emg_gain, self._external.exogenous)
        self._latest = self._told(time, out, flags)
        return self._latest

    def _go(self, time, emg, fresh, everything=False):
        inputs = self._external.arrays
        solved = self._core.push(time, emg, *inputs, fresh)
        if self._doubted >= 0.0:
            for shadow, instead in zip(self._shadows, self._instead, strict=True):
                if everything:
                    self._other[:] = instead
                else:
                    replace(emg, self._channels.fault, instead, self._other)
                shadow.push(time, self._other, *inputs, fresh)
        return solved

    def _doubt(self):
        if self._doubted < 0.0:
            for shadow in self._shadows:
                shadow.copy_from(self._core)
        self._doubted = 0.0

    def _widen(self, faults, dt):
        """Standard deviations allow for what channels with faults may have been; the flag, while that matters."""
        out, (first, second) = self._core.out, self._shadows
        self._doubted = 0.0 if faults else self._doubted + dt
        out[1] = np.maximum(out[1], 0.0)
        near = widen(out[0], first.out[0], second.out[0], out[1], self._n_out, self._near)
        if faults:
            return 0
        if near or self._doubted > LONGEST_DOUBT:
            self._doubted = -1.0
        return RECOVERING

    def _told(self, time, out, flags):
        d = self._core.d
        value, std = out[0].copy(), np.sqrt(out[1] * UNSEEN_FACTOR if flags & UNSEEN else out[1])
        return StreamFrame(
            time - self._core.lag, value[:d], std[:d], value[d:-d], std[d:-d], value[-d:], std[-d:], flags
        )  # fmt: skip

    def label(self, angle):
        """State the measured angle of the newest frame, for `calibrate`.

        Parameters
        ----------
        angle : float or array-like (n_coordinates,)
            In rad; NaN where unknown.
        """
        self._past.label(angle)

    def calibrate(self):
        """Adapt to the session from the labelled frames of the recent past, as the estimator's `calibrate` does.

        The stream goes on with what it has learnt; the estimator stays as it is. It takes as long as the estimator's:
        call it between movements, or make a second stream in a thread and go over to it.

        Returns
        -------
        MotionStream
            This stream.

        Raises
        ------
        ValueError
            When no frame is labelled.
        """
        recording = self._past.recording()
        self._use(self.predictor.as_trained().calibrate(recording))
        self._replay(recording)
        return self

    def _replay(self, recording):
        """Bring a new core to where the stream is."""
        self._doubted = -1.0
        for i, time in enumerate(recording.trials.time):
            values = np.zeros(self.n_features)
            values[self._roles.emg] = recording.emg[i] * self._scale
            values[self._external.columns] = [recording.external[name][i] for name in self._external.names]
            condition(values, self._channels, self._none, self._front.is_raw, self._step, i == 0, self._emg)
            self._external.read(values)
            self._core.push(time, self._emg, *self._external.arrays, i == 0)
        self._last_emg[:] = self._emg
