import warnings
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sk_bionic.preprocessing import EMGEnvelope, LagEmbedding

RATE = 1000.0

ROWS_ARE_ONE_TRIAL = "the rows of an array are one trial in time, so their order and grouping count"
EXPECTED_FAILURES = {
    "check_methods_sample_order_invariance": ROWS_ARE_ONE_TRIAL,
    "check_methods_subset_invariance": ROWS_ARE_ONE_TRIAL,
}
ESTIMATORS = [
    EMGEnvelope(sampling_rate=RATE, causal=True),
    # The checks bring as few as ten rows: cut-offs high enough for so short a trial.
    EMGEnvelope(sampling_rate=RATE, band=(200.0, 450.0), low_pass=250.0),
    EMGEnvelope(band=None, low_pass=None),
    LagEmbedding(lags=(0.0, 0.0005, 0.003), sampling_rate=RATE),
]


def expected_failed_checks(estimator):
    uses_no_time = isinstance(estimator, EMGEnvelope) and estimator.low_pass is None
    return {} if uses_no_time else EXPECTED_FAILURES


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failed_checks)
def test_scikit_learn_compatible(estimator, check):
    check(estimator)


def recording(lengths=MappingProxyType({"a": 1500, "b": 2000}), rate=RATE, random_state=0):
    """Noise in two EMG channels, modulated by bursts, and a hand load."""
    rng = np.random.default_rng(random_state)
    trial = np.repeat(list(lengths), list(lengths.values()))
    time = np.concatenate([np.arange(n) / rate for n in lengths.values()])
    burst = 0.1 + np.sin(np.pi * time[:, None] * [0.7, 1.1]) ** 2
    data = dict(zip(("biceps", "triceps"), (burst * rng.normal(size=burst.shape)).T, strict=False))
    index = pd.MultiIndex.from_arrays([trial, time], names=["trial", "time"])
    return pd.DataFrame({**data, "hand_load_kg": 0.9}, index=index)


def envelope_of(X, **parameters):
    return EMGEnvelope(**parameters).set_output(transform="pandas").fit_transform(X)


class TestEMGEnvelope:
    @pytest.mark.parametrize("causal", [False, True])
    def test_output_is_a_normalised_frame_with_the_same_index(self, causal):
        X = recording()
        out = envelope_of(X, causal=causal)
        pd.testing.assert_index_equal(out.index, X.index)
        assert list(out.columns) == list(X.columns)
        assert out.min().min() >= 0
        np.testing.assert_allclose(out[["biceps", "triceps"]].max(), 1.0)
        np.testing.assert_array_equal(out["hand_load_kg"], 0.9)

    def test_envelope_of_modulated_noise_is_its_modulation_without_lag(self):
        time = np.arange(8000) / RATE
        modulation = 1.0 + 0.8 * np.sin(2 * np.pi * 0.5 * time)
        noise = np.random.default_rng(1).normal(size=(len(time), 30))
        emg = modulation[:, None] * noise
        out = EMGEnvelope(sampling_rate=RATE, band=None, normalize=None).fit_transform(emg)
        expected = modulation * np.sqrt(2 / np.pi)  # mean of a rectified normal variable
        np.testing.assert_allclose(out.mean(axis=1), expected, atol=0.15)

    def test_causal_envelope_lags_and_ignores_the_future(self):
        X = recording({"a": 3000})
        later_changed = X.copy()
        later_changed.iloc[2000:, :2] *= 5.0
        causal, changed = (envelope_of(x, causal=True, normalize=None, rest=None) for x in (X, later_changed))
        np.testing.assert_allclose(causal[:2000], changed[:2000], atol=1e-12)
        zero_lag = envelope_of(X, normalize=None, rest=None)
        shifts = [
            np.corrcoef(zero_lag["biceps"][:2000], causal["biceps"][s : 2000 + s])[0, 1] for s in range(0, 300, 20)
        ]
        assert np.argmax(shifts) > 1

    def test_an_offset_of_the_amplifier_makes_no_difference(self):
        X = recording()
        shifted = X + [0.7, -20.0, 0.0]
        for causal in (False, True):
            out, out_shifted = (envelope_of(x, causal=causal) for x in (X, shifted))
            np.testing.assert_allclose(out_shifted, out, atol=1e-6)

    def test_scale_is_learnt_over_all_training_trials_and_kept(self):
        X = recording()
        X.iloc[:1500, :2] *= 3.0
        envelope = EMGEnvelope().fit(X)
        np.testing.assert_allclose(envelope.transform(X.loc[["a"]])[:, :2].max(axis=0), 1.0)
        assert envelope.transform(X.loc[["b"]])[:, 0].max() < 0.7
        assert envelope.scale_.shape == (3,) and envelope.scale_[2] == 1.0

    @pytest.mark.parametrize("causal", [False, True])
    def test_trials_never_leak_into_one_another(self, causal):
        X = recording()
        envelope = EMGEnvelope(causal=causal).fit(X)
        together = envelope.transform(X)
        np.testing.assert_array_equal(together[:1500], envelope.transform(X.loc[["a"]]))
        np.testing.assert_array_equal(together[1500:], envelope.transform(X.loc[["b"]]))

    def test_result_does_not_depend_on_the_order_of_trials(self):
        X = recording()
        swapped = pd.concat([X.loc[["b"]], X.loc[["a"]]])
        pd.testing.assert_frame_equal(envelope_of(X).loc[swapped.index], envelope_of(swapped))

    def test_quantile_and_none(self):
        X = recording()
        raw = envelope_of(X, normalize=None)
        scale = EMGEnvelope(normalize=0.9).fit(X).scale_[:2]
        np.testing.assert_allclose(scale, raw[["biceps", "triceps"]].quantile(0.9))
        normalised = envelope_of(X, normalize=0.9)
        np.testing.assert_allclose(normalised["biceps"], raw["biceps"] / scale[0])

    def test_array_with_sampling_rate_equals_a_frame_of_one_trial(self):
        X = recording({"a": 1500})[["biceps", "triceps"]]
        array = EMGEnvelope(sampling_rate=RATE).fit_transform(X.to_numpy())
        np.testing.assert_allclose(array, EMGEnvelope().fit_transform(X))

    def test_envelopes_can_be_normalised_without_filters_or_time(self):
        X = np.abs(np.random.default_rng(0).normal(size=(30, 2)))
        out = EMGEnvelope(band=None, low_pass=None).fit_transform(X)
        np.testing.assert_allclose(out, X / X.max(axis=0))

    def test_input_is_not_changed_and_clone_is_unfitted(self):
        X = recording()
        before = X.copy()
        envelope = EMGEnvelope().fit(X)
        envelope.transform(X)
        pd.testing.assert_frame_equal(X, before)
        with pytest.raises(NotFittedError):
            clone(envelope).transform(X)

    @pytest.mark.parametrize(("rate", "upper"), [(2000, 450), (1000, 450), (500, 225), (200, 90)])
    def test_upper_edge_is_lowered_below_the_nyquist_frequency(self, rate, upper):
        assert EMGEnvelope().fit(recording(rate=rate)).band_ == pytest.approx((20, upper))

    def test_envelopes_at_100_hz_are_no_raw_emg(self):
        with pytest.raises(ValueError, match=r"frames at 100 Hz hold.*`band=None`"):
            EMGEnvelope().fit(recording(rate=100))

    def test_without_time_axis_the_error_says_what_to_do(self):
        with pytest.raises(ValueError, match="`sampling_rate`.*levels 'trial' and 'time'"):
            EMGEnvelope().fit(np.ones((300, 2)))

    @pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (np.inf, "infinity")])
    def test_missing_value_names_column_trial_and_row(self, value, word):
        X = recording()
        X.iloc[1700, 1] = value
        with pytest.raises(ValueError, match=rf"'triceps', trial 'b', row 1700 is {word}"):
            EMGEnvelope().fit(X)

    def test_missing_value_in_an_excluded_column_passes(self):
        X = recording()
        X.iloc[3, 2] = np.nan
        assert np.isnan(envelope_of(X)["hand_load_kg"].iloc[3])

    def test_unknown_excluded_column(self):
        with pytest.raises(ValueError, match=r"unknown columns: \['load'\]"):
            EMGEnvelope(exclude=("load",)).fit(recording())

    def test_short_trial_is_named_with_rows_got_and_needed(self):
        with pytest.raises(ValueError, match=r"Trial 'b' is too short.* 100 rows, needed 251"):
            EMGEnvelope().fit(recording({"a": 1500, "b": 100}))
        EMGEnvelope(causal=True).fit(recording({"a": 1500, "b": 100}))
        EMGEnvelope().fit(recording({"a": 1500, "b": 251}))

    def test_flat_channel_is_named_and_divides_nothing(self):
        X = recording()
        X["triceps"] = 0.25
        with pytest.warns(UserWarning, match=r"'triceps' is constant.*\['a', 'b'\]"):
            out = envelope_of(X)
        np.testing.assert_allclose(out["triceps"], 0.0, atol=1e-9)

    def test_channel_flat_in_one_trial_is_named_with_that_trial(self):
        X = recording()
        X.iloc[1500:, 0] = 0.0
        with pytest.warns(UserWarning, match=r"'biceps' is constant.*\['b'\]"):
            EMGEnvelope().fit(X)

    def test_good_data_raise_no_warning(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            envelope_of(recording())

    def test_sampling_rates_must_agree(self):
        fast, slow = recording({"a": 1500}), recording({"b": 1500}, rate=950)
        with pytest.raises(ValueError, match="'b' is sampled at 950 Hz.*1000 Hz"):
            EMGEnvelope().fit(fast).transform(slow)
        with pytest.raises(ValueError, match="is sampled at .* the median over the trials"):
            EMGEnvelope().fit(pd.concat([fast, slow]))
        with pytest.raises(ValueError, match="'a' is sampled at 1000 Hz.*`sampling_rate`"):
            EMGEnvelope(sampling_rate=2000).fit(fast)
        EMGEnvelope().fit(fast).transform(recording({"b": 1500}, rate=995))

    @pytest.mark.parametrize("distort", [lambda t: t + (t > 0.5) * 0.002, lambda t: t**1.1])
    def test_time_that_is_not_uniform(self, distort):
        X = recording({"a": 1500})
        time = distort(X.index.get_level_values("time"))
        X.index = pd.MultiIndex.from_arrays([["a"] * 1500, time], names=["trial", "time"])
        with pytest.raises(ValueError, match="not uniform in trial 'a', row"):
            EMGEnvelope().fit(X)

    def test_time_rounded_to_milliseconds_is_uniform_enough(self):
        X = recording({"a": 1500}, rate=300)
        time = X.index.get_level_values("time").to_numpy().round(3)
        X.index = pd.MultiIndex.from_arrays([["a"] * 1500, time], names=["trial", "time"])
        assert EMGEnvelope().fit(X).sampling_rate_ == pytest.approx(300, rel=1e-3)

    @pytest.mark.parametrize("band", [(450, 20), (0, 450), (20,), (20, np.inf)])
    def test_faulty_band(self, band):
        with pytest.raises(ValueError, match="`band` must be"):
            EMGEnvelope(band=band).fit(recording())

    def test_low_pass_above_the_nyquist_frequency(self):
        with pytest.raises(ValueError, match="`low_pass` must lie below .* 50 Hz. Got 60"):
            EMGEnvelope(band=None, low_pass=60).fit(recording(rate=100))


class TestLagEmbedding:
    def test_values_names_and_index(self):
        X = recording(rate=100)[["biceps", "triceps"]]
        embedding = LagEmbedding(lags=(0.0, 0.05)).set_output(transform="pandas")
        out = embedding.fit_transform(X)
        moments = ["[t]", "[t-0.05s]"]
        assert list(out) == [muscle + moment for moment in moments for muscle in X]
        pd.testing.assert_index_equal(out.index, X.index)
        np.testing.assert_array_equal(out["biceps[t]"], X["biceps"])
        np.testing.assert_allclose(out["triceps[t-0.05s]"].iloc[5:1500], X["triceps"].iloc[:1495])

    def test_history_never_comes_from_another_trial(self):
        X = recording(rate=100)
        embedding = LagEmbedding().fit(X)
        np.testing.assert_array_equal(embedding.transform(X)[1500:], embedding.transform(X.loc[["b"]]))

    def test_excluded_columns_pass_once_and_last(self):
        X = recording(rate=100)
        embedding = LagEmbedding(lags=(0.1, 0.2), exclude=("hand_load_kg",))
        out = embedding.set_output(transform="pandas").fit_transform(X[["hand_load_kg", "biceps"]])
        assert list(out.columns) == ["biceps[t-0.1s]", "biceps[t-0.2s]", "hand_load_kg"]
        np.testing.assert_array_equal(out["hand_load_kg"], 0.9)

    def test_array_names(self):
        names = LagEmbedding(lags=(0, 1), sampling_rate=1).fit(np.eye(3)[:, :1])
        assert names.get_feature_names_out().tolist() == ["x0[t]", "x0[t-1s]"]

    def test_trial_shorter_than_the_longest_lag(self):
        X = recording({"a": 100, "b": 30}, rate=100)
        with pytest.raises(ValueError, match=r"'b' lasts 0.29 s .*longest lag, 0.3 s"):
            LagEmbedding().fit(X)
        LagEmbedding(lags=(0.29,)).fit(X)

    @pytest.mark.parametrize("lags", [(), (-0.1,), (np.nan,), ((0.1,),)])
    def test_faulty_lags(self, lags):
        with pytest.raises(ValueError, match="`lags` must be a list"):
            LagEmbedding(lags=lags).fit(recording())

    def test_repeated_lags(self):
        with pytest.raises(ValueError, match="`lags` must be distinct"):
            LagEmbedding(lags=(0.0, 0.1, 0.1)).fit(recording())

    def test_without_time_axis_the_error_says_what_to_do(self):
        with pytest.raises(ValueError, match="LagEmbedding needs .*`sampling_rate`"):
            LagEmbedding().fit(np.ones((300, 2)))

    def test_missing_value_names_column_trial_and_row(self):
        X = recording()
        X.iloc[2, 0] = np.nan
        with pytest.raises(ValueError, match="'biceps', trial 'a', row 2 is NaN"):
            LagEmbedding().fit(X)

    def test_pipeline_keeps_the_index_all_the_way(self):
        X = recording()
        pipeline = make_pipeline(EMGEnvelope(), LagEmbedding(exclude=("hand_load_kg",)))
        out = pipeline.set_output(transform="pandas").fit_transform(X)
        pd.testing.assert_index_equal(out.index, X.index)
        assert out.shape == (3500, 2 * 5 + 1)
