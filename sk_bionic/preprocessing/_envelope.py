"""From surface EMG to its normalised envelope, trial by trial."""

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

from sk_bionic._filters import band_pass, low_pass, pad_rows, usable_band
from sk_bionic._frame_checks import (
    check_rates,
    check_uniform,
    column_names,
    common_rate,
    validated_frames,
    warn_of_flat_channels,
)
from sk_bionic.musculoskeletal.model import EXOGENOUS


class EMGEnvelope(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Normalised linear envelope of surface EMG.

    Every channel is band-passed, rectified, low-passed and divided by a scale that is learnt over
    all training trials (never per trial, never from test data). Trials never leak into one
    another. The time axis comes from the index levels "trial" and "time" (s) of a DataFrame, or
    from `sampling_rate`.

    Parameters
    ----------
    band : (float, float) or None, default=(20.0, 450.0)
        Edges of the band-pass [Hz]. The upper edge is lowered to 0.9 times the Nyquist frequency
        where necessary. None skips the band-pass.
    low_pass : float or None, default=4.0
        Cut-off of the low-pass behind the rectifier [Hz]. None skips it; with `band=None` as well,
        the transformer only rectifies and normalises, and needs no time axis: that normalises
        columns that already are envelopes.
    order : int, default=4
        Order of the Butterworth designs. The zero-lag form applies each filter twice.
    causal : bool, default=False
        False: zero lag, forward and backward. True: forward only, as a device on-line must, which
        delays the envelope; each trial starts in the steady state of its first frame.
    normalize : "max", float in (0, 1) or None, default="max"
        What becomes 1: the maximum of the training envelope or a quantile of it. None leaves the
        unit of the input.
    sampling_rate : float, default=None
        Rate of the frames [Hz] where the input's index holds no time; the rows then are one
        continuous trial.
    exclude : sequence of str, default=("hand_load_kg", "segment_orientation_rad", "external_torque_nm")
        Names of columns that are no EMG; they pass untouched.

    Attributes
    ----------
    scale_ : ndarray of shape (`n_features_in_`,)
        Divisor of each column, in the unit of the input; 1 for excluded and for flat columns.
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
        If a channel is constant throughout a training trial, naming channel and trials.

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
        sampling_rate=None,
        exclude=EXOGENOUS,
    ):
        self.band = band
        self.low_pass = low_pass
        self.order = order
        self.causal = causal
        self.normalize = normalize
        self.sampling_rate = sampling_rate
        self.exclude = exclude

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the scale of every channel over all trials.

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
        self.scale_ = np.ones(values.shape[1])
        self.scale_[emg] = self._scale(envelope, flat)
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
        values[:, emg] = self._envelope(values[:, emg], trials) / self.scale_[emg]
        return values

    def _validate(self, X, *, reset):
        needs_time = self.band is not None or self.low_pass is not None
        values, emg, trials = validated_frames(self, X, reset=reset, needs_time=needs_time)
        if trials is not None and needs_time:
            check_uniform(trials)
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
        if not self.causal:
            self._check_lengths(trials)
        envelope = np.empty_like(emg)
        for rows in trials.slices:
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

    def _check_lengths(self, trials):
        lowest = min(f for f in (self.low_pass, self.band_ and self.band_[0]) if f is not None)
        needed = pad_rows(lowest, self.sampling_rate_) + 1
        for name, length in zip(trials.names, trials.lengths):
            if length < needed:
                raise ValueError(
                    f"Trial {name!r} is too short for the zero-lag filters: got n_samples = "
                    f"{length} rows, needed {needed} (one period of {lowest:g} Hz). Drop the "
                    "trial, raise the cut-off or use `causal=True`."
                )

    def _scale(self, envelope, flat):
        if self.normalize is None or not envelope.shape[1]:
            return 1.0
        quantile = 1.0 if self.normalize == "max" else self.normalize
        scale = np.quantile(envelope, quantile, axis=0)
        return np.where(flat | (scale <= 0), 1.0, scale)
