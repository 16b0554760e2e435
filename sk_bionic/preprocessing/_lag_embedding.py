"""The history of every column as features, trial by trial."""

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from sk_bionic._inputs.frame_checks import validated_frames
from sk_bionic.trials import lagged


class LagEmbedding(TransformerMixin, BaseEstimator):
    """History of every column as features: its values at fixed lags in seconds.

    Lags that fall between two frames are interpolated linearly; before the beginning of a trial
    its first frame is held. Trials never leak into one another, nor do the parts of a trial on both sides
    of a hole in its time (more than five usual steps): the first frame behind the hole is held, too.

    Parameters
    ----------
    lags : sequence of float, default=(0.0, 0.05, 0.1, 0.2, 0.3)
        Distinct lags [s], non-negative.
    sampling_rate : float, default=None
        Rate of the frames [Hz] where the input's index holds no time; the rows then are one
        continuous trial.
    exclude : sequence of str, default=()
        Names of columns without history; they pass once, behind the lagged columns.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where all are strings.

    See Also
    --------
    EMGEnvelope : Envelopes from raw EMG.

    Examples
    --------
    >>> from sk_bionic.preprocessing import LagEmbedding
    >>> LagEmbedding(lags=(0.0, 0.5), sampling_rate=2).fit_transform([[1.0], [2.0], [3.0]])
    array([[1., 1.],
           [2., 1.],
           [3., 2.]])
    """

    _parameter_constraints = {
        "lags": ["array-like"],
        "sampling_rate": [Interval(Real, 0, None, closed="neither"), None],
        "exclude": ["array-like"],
    }

    def __init__(self, lags=(0.0, 0.05, 0.1, 0.2, 0.3), *, sampling_rate=None, exclude=()):
        self.lags = lags
        self.sampling_rate = sampling_rate
        self.exclude = exclude

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the frames and remember the names of their columns.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_frames, n_columns)
            Signals, usually EMG envelopes.
        y : None
            Ignored.

        Returns
        -------
        self : LagEmbedding
            The fitted transformer.

        Raises
        ------
        ValueError
            If there is no time axis, a lag is negative, not finite or given twice, a value is NaN
            or infinite, or a trial is shorter than the longest lag.
        """
        lags = np.asarray(self.lags, dtype=np.float64)
        if lags.ndim != 1 or not len(lags) or not np.all(np.isfinite(lags) & (lags >= 0)):
            raise ValueError(f"`lags` must be a list of non-negative seconds. Got {self.lags!r}.")
        if len(np.unique(lags)) < len(lags):
            raise ValueError(f"`lags` must be distinct. Got {self.lags!r}.")
        _, _, trials = validated_frames(self, X, reset=True, needs_time=True)
        self._check_durations(trials)
        return self

    def transform(self, X):
        """Columns at every lag.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_frames, n_columns)
            Signals with the columns seen in `fit`.

        Returns
        -------
        ndarray or DataFrame of shape (n_frames, n_lags * n_lagged_columns + n_excluded)
            All columns at the first lag, all at the second, and so on; excluded columns last.

        Raises
        ------
        ValueError
            As `fit`.
        """
        check_is_fitted(self)
        values, included, trials = validated_frames(self, X, reset=False, needs_time=True)
        self._check_durations(trials)
        return np.hstack([lagged(values[:, included], trials.parted(0.0), self.lags), values[:, ~included]])

    def get_feature_names_out(self, input_features=None):
        """Names of the output columns, such as "biceps[t]" and "biceps[t-0.05s]".

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the input columns; None: those seen in `fit`, else x0, x1, ...

        Returns
        -------
        ndarray of str
            One name per column of `transform`.
        """
        names = _check_feature_names_in(self, input_features)
        included = ~np.isin(names, list(self.exclude))
        moments = [f"[t-{lag:g}s]" if lag else "[t]" for lag in self.lags]
        lagged_names = [f"{name}{moment}" for moment in moments for name in names[included]]
        return np.array([*lagged_names, *names[~included]], dtype=object)

    def _check_durations(self, trials):
        longest = max(self.lags)
        for name, rows in zip(trials.names, trials.slices, strict=False):
            duration = trials.time[rows][-1] - trials.time[rows][0]
            # Durations are differences of rounded times: 0.3 s may come out as 0.2999...
            if duration < longest * (1 - 1e-6):
                raise ValueError(
                    f"Trial {name!r} lasts {duration:g} s (n_samples = {rows.stop - rows.start} "
                    f"rows), less than the longest lag, {longest:g} s. Drop the trial or shorten `lags`."
                )
