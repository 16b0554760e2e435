"""Tables of several rates on one clock: what a filter, an interpolation and a gap must leave as it was."""

import numpy as np
import pandas as pd
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.preprocessing import EMGEnvelope, resample


def index(times, trial="walk"):
    return pd.MultiIndex.from_product([[trial], times], names=["trial", "time"])


def signal(function, rate, start=0.0, stop=4.0, trial="walk", name="biceps"):
    times = start + np.arange(int(round((stop - start) * rate))) / rate
    return pd.Series(function(times), index(times, trial), name=name)


def sine(frequency):
    return lambda t: np.sin(2 * np.pi * frequency * t + 0.3)


@pytest.mark.parametrize("rate", [1926.0, 2148.148, 1000.0, 240.0, 120.0, 60.0])
def test_a_slow_sinusoid_comes_back_without_delay(rate):
    out = resample(signal(sine(2.0), rate))
    time = out.index.get_level_values("time")
    inner = (time > 0.3) & (time < 3.6)
    assert np.abs(out - sine(2.0)(time))[inner].max() < 1e-3


@pytest.mark.parametrize("frequency", [70.0, 95.0, 100.0, 130.0, 400.0])
def test_what_lies_above_the_new_nyquist_frequency_is_not_folded_back(frequency):
    out = resample(signal(sine(frequency), 1926.0))
    assert np.abs(out.iloc[30:-30]).max() < 10 ** (-60 / 20)
    assert np.abs(signal(sine(frequency), 1926.0).iloc[::19]).max() > 0.9  # what picking every 19th sample makes of it


@pytest.mark.parametrize("rate", [1926.0, 100.0, 37.0])
def test_constants_and_ramps_are_preserved_to_the_ends(rate):
    table = pd.concat([signal(np.ones_like, rate, name="one"), signal(lambda t: 3 * t - 1, rate, name="ramp")], axis=1)
    out = resample(table)
    assert np.allclose(out["one"], 1.0, atol=1e-9)
    assert np.allclose(out["ramp"], 3 * out.index.get_level_values("time") - 1, atol=1e-6)


def test_a_table_that_has_the_rate_keeps_its_samples():
    emg, angle = signal(sine(1.0), 1926.0, start=0.0003), signal(sine(1.0), 100.0, start=-0.004, name="angle")
    X, y = resample(emg.to_frame(), angle)
    common = y.dropna()
    assert X.index.equals(y.index) and list(X.columns) == ["biceps"] and y.name == "angle"
    time = angle.index.get_level_values("time").to_numpy()
    at = np.abs(time[:, None] - common.index.get_level_values("time").to_numpy()).argmin(axis=0)
    assert np.allclose(time[at], common.index.get_level_values("time"), atol=1e-9)
    assert np.allclose(angle.to_numpy()[at], common)


def test_the_first_table_says_which_frames_and_nothing_is_extrapolated():
    X, y = resample(signal(sine(1.0), 1926.0), signal(sine(1.0), 100.0, start=0.5, stop=2.5, name="angle"))
    time = X.index.get_level_values("time")
    assert (time[0], round(time[-1], 2)) == (0.0, 3.99) and X.notna().all()
    inside = (time > 0.495) & (time < 2.495)
    assert y[inside].notna().all() and y[~inside].isna().all()


def test_a_gap_in_the_first_table_is_a_gap_and_one_in_another_is_unknown():
    emg, angle = signal(sine(1.0), 1926.0), signal(sine(1.0), 100.0, name="angle")
    t_emg, t_angle = (s.index.get_level_values("time") for s in (emg, angle))
    X, y = resample(emg[(t_emg < 1.0) | (t_emg > 2.0)], angle[(t_angle < 2.5) | (t_angle > 3.0)])
    time = X.index.get_level_values("time")
    assert not ((time > 1.005) & (time < 1.995)).any() and X.notna().all()
    unknown = (time > 2.505) & (time < 2.995)
    assert y[unknown].isna().all() and y[(time < 2.48) | (time > 3.02)].notna().all()


def test_the_values_beside_a_gap_know_nothing_of_what_lies_behind_it():
    step = signal(lambda t: np.where(t < 2.0, 0.0, 5.0), 1000.0)
    time = step.index.get_level_values("time")
    out = resample(step[(time < 1.5) | (time > 2.0)])
    time = out.index.get_level_values("time")
    assert np.allclose(out[time < 1.6], 0.0) and np.allclose(out[time > 1.9], 5.0)


def test_missing_values_of_one_column_stay_missing_in_it_alone():
    table = pd.concat([signal(sine(1.0), 1000.0, name="a"), signal(sine(1.0), 1000.0, name="b")], axis=1)
    time = table.index.get_level_values("time")
    table.loc[(time > 1.0) & (time < 1.5), "a"] = np.nan
    out = resample(table)
    time = out.index.get_level_values("time")
    assert out["b"].notna().all() and out["a"].isna().equals(pd.Series((time > 1.005) & (time < 1.495), out.index))


def test_sparse_labels_are_read_at_their_own_rate():
    angle = signal(sine(0.5), 1000.0, name="angle")
    angle[np.arange(len(angle)) % 20 != 0] = np.nan  # a camera of 50 Hz in a table of 1000 Hz
    _, y = resample(signal(sine(1.0), 1000.0), angle)
    time = y.index.get_level_values("time")
    assert y[time < 3.98].notna().all()
    assert np.abs(y - sine(0.5)(time))[time < 3.98].max() < 2e-3


def test_an_envelope_does_not_become_negative():
    burst = signal(lambda t: ((t % 1.0) > 0.8).astype(float), 1000.0)
    assert resample(burst).min() == 0.0


def test_jittered_and_lost_samples_are_bridged_within_a_frame():
    rng = np.random.default_rng(0)
    table = signal(sine(2.0), 1000.0)
    time = table.index.get_level_values("time") + rng.uniform(-2e-4, 2e-4, len(table))
    table = pd.Series(sine(2.0)(time), index(time))[rng.random(len(time)) > 0.02]
    out = resample(table)
    at = out.index.get_level_values("time")
    assert len(out) > 390 and np.abs(out - sine(2.0)(at)).iloc[5:-5].max() < 5e-3


def test_several_trials_several_starts_in_any_order():
    emg = pd.concat([signal(sine(1.0), 1926.0, start=s, stop=s + 2.0, trial=t) for t, s in (("a", 0.0), ("b", 100.0))])
    angle = pd.concat([signal(sine(1.0), 60.0, start=s, stop=s + 2.0, trial=t) for t, s in (("b", 99.5), ("a", 0.0))])
    force = pd.concat(
        [signal(sine(1.0), 1000.0, start=s, stop=s + 2.0, trial=t) for t, s in (("a", 0.1), ("b", 100.0))]
    )
    X, y, f = resample(emg, angle, force.to_frame("force"), sampling_rate=200.0)
    assert X.index.equals(y.index) and X.index.equals(f.index)
    assert X.index.get_level_values("trial").unique().tolist() == ["a", "b"]
    time = X.index.get_level_values("time")
    assert np.abs(y - sine(1.0)(time)).max() < 5e-3 and np.abs(f["force"] - sine(1.0)(time)).max() < 5e-3


def test_tables_with_time_alone_are_one_trial():
    emg = signal(sine(1.0), 1926.0)
    plain = emg.droplevel("trial")
    assert resample(plain).index.name == "time"
    assert np.array_equal(resample(plain), resample(emg))
    X, y = resample(emg, plain.rename("angle"))
    assert np.array_equal(X, y) and X.index.equals(y.index)


def test_faults_are_named():
    emg, angle = signal(sine(1.0), 1926.0), signal(sine(1.0), 100.0, name="angle")
    later = pd.Series(angle.to_numpy(), index(angle.index.get_level_values("time") + 60.0), name="angle")
    for tables, words in (
        ((emg, later), ("'walk'", "angle", "no time in common", "60")),
        ((emg, angle.rename(index={"walk": "run"})), ("run", "walk", "same name")),
        ((emg, angle.reset_index(drop=True)), ("Table 1", "time")),
        ((emg, angle.to_numpy()), ("Table 1", "ndarray")),
        ((emg, angle.astype(str) + " deg"), ("angle", "no numbers")),
        ((emg, angle.replace(angle.iloc[3], np.inf)), ("angle", "row 3", "infinite")),
        ((), ("at least one",)),
    ):
        with pytest.raises(ValueError) as error:
            resample(*tables)
        assert all(word in str(error.value) for word in words), str(error.value)
    with pytest.raises(ValueError, match="sampling_rate"):
        resample(emg, sampling_rate=0.0)


def test_raw_emg_and_goniometer_become_training_data():
    rng = np.random.default_rng(0)
    raw = signal(lambda t: rng.normal(size=len(t)) * (1.2 + np.sin(t)), 1926.0).to_frame().assign(triceps=0.0)
    raw["triceps"] = rng.normal(size=len(raw))
    angle = signal(lambda t: 0.8 + 0.5 * np.sin(t), 100.0, name="elbow_flexion")
    envelope = EMGEnvelope().set_output(transform="pandas").fit_transform(raw)
    regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation", identify=[])
    with pytest.raises(ValueError, match="resample"):
        regressor.fit(envelope, angle)
    X, y = resample(envelope, angle)
    assert np.isfinite(regressor.fit(X, y).predict(X)).all()
