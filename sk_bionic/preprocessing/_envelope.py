"""From surface EMG to its normalised envelope, trial by trial."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    OneToOneFeatureMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sk_bionic._inputs.frame_checks import (
    check_rates,
    check_uniform,
    column_names,
    common_rate,
    validated_frames,
    warn_of_flat_channels,
)
from sk_bionic.musculoskeletal.model import EXOGENOUS
from sk_bionic.trials.filters import band_pass, low_pass, pad_rows, usable_band

REST_QUANTILE = 0.05  # of a training envelope: people rest between movements at least so long


class EMGEnvelope(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Normalised linear envelope of surface EMG.

    Every channel is band-passed, rectified, low-passed, freed of its resting level and divided by a scale;
    level and scale are learnt over all training trials (never per trial, never from test data). Trials
    never leak into one another, nor do the parts of a trial on both sides of a hole in its time (more than
    five usual steps), such as the block that a fold of cross-validation has taken out. The time axis comes
    from the index levels "trial" and "time" (s) of a DataFrame, or from `sampling_rate`.

    Parameters
    ----------
    band : (float, float) or None, default=(20.0, 450.0)
        Edges of the band-pass [Hz]. The upper edge is lowered to 0.9 times the Nyquist frequency
        where necessary. None skips the band-pass.
    low_pass : float or None, default=4.0
        Cut-off of the low-pass behind the rectifier [Hz]. With zero lag the filter is applied twice, so the
        power is halved at 0.896 times this frequency where `order` is 4: at 3.58 Hz by default. For half
        the power (-3 dB) at f, pass f / (sqrt(2) - 1)^(1 / (2 order)), which is 1.116 f. None skips it;
        with `band=None` as well, the transformer only rectifies and normalises, and needs no time axis: that
        normalises columns that already are envelopes.
    order : int, default=4
        Order of the Butterworth designs. The zero-lag form applies each filter twice.
    causal : bool, default=False
        False: zero lag, forward and backward. True: forward only, as a device on-line must, which
        delays the envelope, by a tenth of a second with the other defaults; ``low_pass=8, order=2`` is 0.03 s late
        and better for predictions on-line. Each trial starts in the steady state of its first frame.
    normalize : "max", float in (0, 1) or None, default="max"
        What becomes 1: the maximum of the training envelope or a quantile of it. None leaves the
        unit of the input.
    rest : "auto", float in (0, 1) or None, default="auto"
        Quantile of the training envelope that is the channel's resting level: noise of electrode and
        amplifier, which a muscle model would take for contraction. Where the transformer filters raw EMG
        (`band`), that noise adds up in squares and is taken off in squares; from columns that are envelopes
        already it is subtracted. What lies below becomes 0. "auto": 0.05 for raw EMG, None for envelopes. On
        simulated raw EMG, 0.05 divides the error of the envelopes by 1.3 to 2.2 where the noise is 5 to 10 %
        of the largest EMG, and multiplies it by up to 1.25 where it is below 1 %. A level of 0.08 under
        simulated envelopes makes muscle forces wrong by 40 N, taken off with 0.05 by 9 N; but without such
        a level, 0.05 takes 9 N off a muscle that never rests. None: nothing is taken off.
    sampling_rate : float, default=None
        Rate of the frames [Hz] where the input's index holds no time; the rows then are one
        continuous trial.
    exclude : sequence of str, default=("hand_load_kg", "segment_orientation_rad", "external_torque_nm")
        Names of columns that are no EMG; they pass untouched.

    Attributes
    ----------
    scale_ : ndarray of shape (`n_features_in_`,)
        Divisor of each column, in the unit of the input; 1 for excluded and for flat columns.
    rest_ : ndarray of shape (`n_features_in_`,)
        Resting level of each column, in the unit of the input; 0 where none is taken off.
    band_ : tuple of two floats or None
        The band applied [Hz].
    sampling_rate_ : float
        Rate of the training frames [Hz]; NaN where neither filter nor time axis is used.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where all are strings.

    Warns
    -----
    UserWarning
        If a channel is constant throughout a training trial, naming channel and trials; if a part of a
        trial beside a hole is shorter than the zero-lag filters need, naming trial and time.

    See Also
    --------
    LagEmbedding : History of the envelopes as features.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.preprocessing import EMGEnvelope
    >>> emg = np.random.default_rng(0).normal(size=(2000, 2))
    >>> envelope = EMGEnvelope(sampling_rate=1000).fit_transform(emg)
    >>> envelope.shape, float(envelope.max())
    ((2000, 2), 1.0)
    """

    _parameter_constraints = {
        "band": ["array-like", None],
        "low_pass": [Interval(Real, 0, None, closed="neither"), None],
        "order": [Interval(Integral, 1, None, closed="left")],
        "causal": ["boolean"],
        "normalize": [StrOptions({"max"}), Interval(Real, 0, 1, closed="neither"), None],
        "rest": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="neither"), None],
        "sampling_rate": [Interval(Real, 0, None, closed="neither"), None],
        "exclude": ["array-like"],
    }

    def __init__(
        self,
        *,
        band=(20.0, 450.0),
        low_pass=4.0,
        order=4,
        causal=False,
        normalize="max",
        rest="auto",
        sampling_rate=None,
        exclude=EXOGENOUS,
    ):
        self.band = band
        self.low_pass = low_pass
        self.order = order
        self.causal = causal
        self.normalize = normalize
        self.rest = rest
        self.sampling_rate = sampling_rate
        self.exclude = exclude

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn resting level and scale of every channel over all trials.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_frames, n_channels)
            Raw surface EMG, in any unit.
        y : None
            Ignored.

        Returns
        -------
        self : EMGEnvelope
            The fitted transformer.

        Raises
        ------
        ValueError
            If there is no time axis, time is not uniform, the trials differ in sampling rate, a
            value is NaN or infinite, a trial is too short for the filters or an edge of a filter
            does not fit the sampling rate.
        """
        values, emg, trials = self._validate(X, reset=True)
        self.sampling_rate_ = common_rate(trials, self.sampling_rate)
        self.band_ = self._check_filters()
        envelope = self._envelope(values[:, emg], trials)
        names = column_names(self, values.shape[1])[emg].tolist()
        flat = warn_of_flat_channels(names, values[:, emg], trials)
        self.rest_, self.scale_ = np.zeros(values.shape[1]), np.ones(values.shape[1])
        self.rest_[emg] = self._resting_level(envelope, flat)
        self.scale_[emg] = self._scale(self._without_rest(envelope, emg), flat)
        return self

    def transform(self, X):
        """Envelope of every channel, divided by the scale learnt in `fit`.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_frames, n_channels)
            Raw surface EMG in the unit and at the sampling rate (within 1 %) of the training.

        Returns
        -------
        ndarray or DataFrame of shape (n_frames, n_channels)
            Non-negative envelopes; excluded columns as they came.

        Raises
        ------
        ValueError
            As `fit`, or if a trial's sampling rate differs from `sampling_rate_`.
        """
        check_is_fitted(self)
        values, emg, trials = self._validate(X, reset=False)
        if trials is not None and np.isfinite(self.sampling_rate_):
            check_rates(trials, self.sampling_rate_, "the training frames")
        values[:, emg] = self._without_rest(self._envelope(values[:, emg], trials), emg) / self.scale_[emg]
        return values

    def _validate(self, X, *, reset):
        needs_time = self.band is not None or self.low_pass is not None
        values, emg, trials = validated_frames(self, X, reset=reset, needs_time=needs_time)
        if trials is not None and needs_time:
            check_uniform(trials.parted(0.0))
        return values, emg, trials

    def _check_filters(self):
        """The usable band; an error where a cut-off does not fit the sampling rate."""
        rate = self.sampling_rate_
        if self.low_pass is not None and self.low_pass >= rate / 2:
            raise ValueError(
                f"`low_pass` must lie below half the sampling rate, {rate / 2:g} Hz. Got {self.low_pass!r}."
            )
        if self.band is None:
            return None
        if len(self.band) != 2 or not 0 < self.band[0] < self.band[1] < np.inf:
            raise ValueError(f"`band` must be (low, high) with 0 < low < high. Got {self.band!r}.")
        return usable_band(self.band, rate)

    def _envelope(self, emg, trials):
        if self.band_ is None and self.low_pass is None:
            return np.abs(emg)
        pieces = trials.parted(0.0)
        if not self.causal:
            self._check_lengths(trials, pieces)
        envelope = np.empty_like(emg)
        for rows in pieces.slices:
            envelope[rows] = self._envelope_of_trial(emg[rows])
        return envelope

    def _envelope_of_trial(self, emg):
        filtering = {"order": self.order, "causal": self.causal}
        if self.band_ is not None:
            emg = band_pass(emg, self.band_, self.sampling_rate_, **filtering)
        emg = np.abs(emg)
        if self.low_pass is not None:
            emg = low_pass(emg, self.low_pass, self.sampling_rate_, **filtering)
        # A Butterworth filter overshoots: behind a burst the envelope would dip below zero.
        return np.maximum(emg, 0.0)

    def _check_lengths(self, trials, pieces):
        """Raise where a whole trial is too short for the filters, warn where a part beside a hole is."""
        lowest = min(f for f in (self.low_pass, self.band_ and self.band_[0]) if f is not None)
        needed = pad_rows(lowest, self.sampling_rate_) + 1
        of = trials.trial_of_frame[pieces.starts[:-1]]
        short = pieces.lengths < needed
        for k, name in enumerate(trials.names):
            if short[of == k].all():
                raise ValueError(
                    f"Trial {name!r} is too short for the zero-lag filters: got n_samples = "
                    f"{pieces.lengths[of == k].max()} rows, needed {needed} (one period of {lowest:g} Hz). Drop the "
                    "trial, raise the cut-off or use `causal=True`."
                )
        if short.any():
            k = int(np.argmax(short))
            first, last = pieces.time[pieces.starts[k]], pieces.time[pieces.starts[k + 1] - 1]
            more = f", and {short.sum() - 1} more such part(s)" if short.sum() > 1 else ""
            warnings.warn(
                f"Trial {trials.names[of[k]]!r}: its part from {first:g} to {last:g} s beside a hole in time has "
                f"{pieces.lengths[k]} rows, fewer than the {needed} that the zero-lag filters need{more}. "
                "The envelope there is rough.",
                UserWarning,
                stacklevel=5,
            )

    def _resting_level(self, envelope, flat):
        quantile = self.rest if self.rest != "auto" else None if self.band_ is None else REST_QUANTILE
        if quantile is None or not envelope.shape[1]:
            return 0.0
        return np.where(flat, 0.0, np.quantile(envelope, quantile, axis=0))

    def _without_rest(self, envelope, emg):
        rest = self.rest_[emg]
        if not rest.any():
            return envelope
        if self.band_ is None:
            return np.maximum(envelope - rest, 0.0)
        return np.sqrt(np.maximum(envelope**2 - rest**2, 0.0))

    def _scale(self, envelope, flat):
        if self.normalize is None or not envelope.shape[1]:
            return 1.0
        quantile = 1.0 if self.normalize == "max" else self.normalize
        scale = np.quantile(envelope, quantile, axis=0)
        return np.where(flat | (scale <= 0), 1.0, scale)
