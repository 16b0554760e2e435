from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from sk_bionic.trials import find_trials, lagged

LENGTHS = MappingProxyType({"a": 4, "b": 6})


def frames(lengths=LENGTHS, rate=10.0, levels=("trial", "time")):
    """A DataFrame of one column; its index has the given levels."""
    keys = {
        "trial": np.repeat(list(lengths), list(lengths.values())),
        "time": np.concatenate([np.arange(n) / rate for n in lengths.values()]),
    }
    index = pd.MultiIndex.from_arrays([keys[level] for level in levels], names=levels)
    return pd.DataFrame({"x": np.arange(len(index), dtype=float)}, index=index)


def with_time(time, lengths=LENGTHS):
    X = frames(lengths)
    trial = X.index.get_level_values("trial")
    return X.set_axis(pd.MultiIndex.from_arrays([trial, time], names=["trial", "time"]))


@pytest.mark.parametrize("levels", [("trial", "time"), ("time", "trial")])
@pytest.mark.parametrize("part", [lambda X: X, lambda X: X["x"]])
def test_trials_come_from_the_index_in_any_order_of_levels(levels, part):
    trials = find_trials(part(frames(levels=levels)))
    assert trials.names == ("a", "b")
    assert trials.starts.tolist() == [0, 4, 10]
    assert (trials.n_trials, trials.n_frames) == (2, 10)
    assert trials.lengths.tolist() == [4, 6]
    assert trials.slices == [slice(0, 4), slice(4, 10)]
    assert trials.trial_of_frame.tolist() == [0] * 4 + [1] * 6
    assert trials.sampling_rate == pytest.approx(10.0)


def test_intervals_never_cross_a_trial():
    trials = find_trials(frames({"a": 1, "b": 3, "c": 1, "d": 2}))
    first = trials.interval_starts
    assert len(first) == trials.n_frames - trials.n_trials
    np.testing.assert_array_equal(trials.trial_of_frame[first], trials.trial_of_frame[first + 1])
    assert np.all(trials.time[first + 1] > trials.time[first])


def test_order_of_names_is_that_of_first_appearance():
    assert find_trials(frames({"z": 2, "a": 2, "m": 2})).names == ("z", "a", "m")


def test_array_with_sampling_rate_is_one_trial():
    trials = find_trials(np.zeros((5, 2)), sampling_rate=100)
    assert trials.n_trials == 1
    np.testing.assert_allclose(trials.time, np.arange(5) / 100)


def test_array_with_names_restarts_time_in_each_trial():
    trials = find_trials(np.zeros((5, 2)), sampling_rate=10, trial=[7, 7, 7, 3, 3])
    assert trials.names == (7, 3)
    np.testing.assert_allclose(trials.time, [0, 0.1, 0.2, 0, 0.1])


@pytest.mark.parametrize("X", [np.zeros((5, 2)), [[0.0], [1.0]], pd.DataFrame({"x": [1.0, 2.0]})])
def test_nothing_that_tells_the_time_means_unrelated_frames(X):
    assert find_trials(X) is None


def test_a_time_index_alone_is_one_trial_unless_split():
    X = pd.DataFrame({"x": range(4)}, index=pd.Index([0.0, 0.1, 0.2, 0.3], name="time"))
    assert find_trials(X).n_trials == 1
    assert find_trials(X, trial=list("aabb")).names == ("a", "b")


def test_time_index_of_timedeltas_is_read_as_seconds():
    time = pd.to_timedelta([0, 10, 20], unit="ms")
    X = pd.DataFrame({"x": range(3)}, index=pd.Index(time, name="time"))
    np.testing.assert_allclose(find_trials(X).time, [0, 0.01, 0.02])


def test_trial_level_without_time_uses_the_sampling_rate():
    X = pd.DataFrame({"x": range(4)}, index=pd.Index(list("aabb"), name="trial"))
    np.testing.assert_allclose(find_trials(X, sampling_rate=10).time, [0, 0.1, 0, 0.1])
    with pytest.raises(ValueError, match="nothing tells the time.*`sampling_rate`"):
        find_trials(X)


def test_sampling_rate_of_single_frames_is_unknown():
    assert np.isnan(find_trials(frames({"a": 1, "b": 1})).sampling_rate)


def test_trial_in_two_pieces():
    X = frames()
    X = X.iloc[[0, 1, 4, 5, 2, 3]]
    with pytest.raises(ValueError, match=r"Trial 'a' is in two pieces: row 4"):
        find_trials(X)


@pytest.mark.parametrize(
    ("second_time", "message"),
    [
        ([0, 0.1, 0.3, 0.2, 0.4, 0.5], r"Trial 'b', row 7: time goes back to 0.2 s after 0.3 s"),
        ([0, 0.1, 0.2, 0.2, 0.4, 0.5], r"Trial 'b', row 7: time repeats 0.2 s"),
        ([0, 0.1, np.nan, 0.3, 0.4, 0.5], r"Trial 'b', row 6: time is nan"),
    ],
)
def test_faulty_time_names_trial_and_row(second_time, message):
    with pytest.raises(ValueError, match=message):
        find_trials(with_time([0, 0.1, 0.2, 0.3, *second_time]))


def test_time_that_is_no_number():
    X = pd.DataFrame({"x": [1, 2]}, index=pd.Index(["0 s", "1 s"], name="time"))
    with pytest.raises(ValueError, match="must hold seconds"):
        find_trials(X)


def test_frame_without_trial_name():
    with pytest.raises(ValueError, match="Row 1 has no trial name"):
        find_trials(np.zeros((3, 1)), sampling_rate=10, trial=["a", None, "a"])


@pytest.mark.parametrize("rate", [0, -1.0, np.nan, np.inf])
def test_sampling_rate_must_be_positive(rate):
    with pytest.raises(ValueError, match="`sampling_rate` must be a positive"):
        find_trials(np.zeros((3, 1)), sampling_rate=rate)


def test_trial_argument_is_checked():
    with pytest.raises(ValueError, match="Got 2 names for 3 rows"):
        find_trials(np.zeros((3, 1)), sampling_rate=10, trial=["a", "a"])
    with pytest.raises(ValueError, match="nothing tells the time"):
        find_trials(np.zeros((2, 1)), trial=["a", "b"])
    with pytest.raises(ValueError, match=r"disagree, first at row 3: 'b' != 'a'"):
        find_trials(frames(), trial=list("aaabbbbbbb"))
    assert find_trials(frames(), trial=list("aaaabbbbbb")).names == ("a", "b")


def test_lagged_columns_are_lag_major_and_lag_zero_is_the_signal():
    X = frames()
    values = np.column_stack([X["x"], -X["x"]])
    out = lagged(values, find_trials(X), [0.0, 0.1])
    assert out.shape == (10, 4)
    np.testing.assert_array_equal(out[:, :2], values)
    np.testing.assert_allclose(out[1:4, 2:], values[0:3])


def test_lagged_holds_the_first_frame_and_never_crosses_trials():
    X = frames()
    out = lagged(X[["x"]], find_trials(X), [0.3])
    np.testing.assert_allclose(out[:4, 0], 0.0, atol=1e-12)
    np.testing.assert_allclose(out[4:8, 0], 4.0)


def test_lagged_interpolates_linear_signals_exactly_even_on_uneven_time():
    time = np.array([0, 0.1, 0.2, 0.3, 0, 0.05, 0.3, 0.4, 0.9, 1.0])
    out = lagged(3.0 * time[:, None], find_trials(with_time(time)), [0.07])
    np.testing.assert_allclose(out[:, 0], 3.0 * np.maximum(time - 0.07, 0.0), atol=1e-12)


def test_lagged_does_not_depend_on_the_order_of_trials():
    X = frames()
    swapped = pd.concat([X.loc[["b"]], X.loc[["a"]]])
    out = lagged(X, find_trials(X), [0.0, 0.13])
    out_swapped = lagged(swapped, find_trials(swapped), [0.0, 0.13])
    np.testing.assert_array_equal(np.vstack([out[4:], out[:4]]), out_swapped)


@pytest.mark.parametrize("lags", [[-0.1], [np.nan], 0.1, [[0.1]]])
def test_lagged_rejects_faulty_lags(lags):
    X = frames()
    with pytest.raises(ValueError, match="`lags` must be"):
        lagged(X, find_trials(X), lags)


def test_lagged_rejects_values_of_another_length():
    with pytest.raises(ValueError, match=r"10 frames.*\(9, 1\)"):
        lagged(np.zeros((9, 1)), find_trials(frames()), [0.0])


def with_hole(*times):
    time = np.concatenate([np.arange(a, b, 0.01) for a, b in times])
    index = pd.MultiIndex.from_arrays([["a"] * len(time), time], names=["trial", "time"])
    return find_trials(pd.DataFrame({"x": time}, index=index))


def test_a_hole_ends_a_trial():
    trials = with_hole((0.0, 2.0), (5.0, 8.0)).parted()
    assert trials.names == ("a", "a from 5 s")
    assert trials.lengths.tolist() == [200, 300]


def test_short_holes_end_nothing():
    trials = with_hole((0.0, 2.0), (2.3, 4.0))
    assert trials.parted() is trials


def test_parts_too_short_to_learn_from_are_named():
    trials = with_hole((0.0, 0.8), (5.0, 8.0), (9.0, 9.01), (10.0, 11.0))
    parts = trials.parted()
    short, message = trials.short_parts(parts)
    assert short.tolist() == [True, False, True, False]
    assert "'a' from 0 to 0.79 s (80 frames), 'a' from 9 to 9 s (1 frames)" in message
    rest = parts.without(short)
    assert rest.names == ("a from 5 s", "a from 10 s") and rest.lengths.tolist() == [300, 100]
    assert rest.time[0] == 5.0 and rest.n_frames == 400


def test_the_longest_part_of_a_trial_stands_for_it():
    trials = with_hole((0.0, 0.8), (5.0, 5.5))
    assert trials.short_parts(trials.parted())[0].tolist() == [False, True]


def test_slow_sampling_is_no_hole():
    trials = find_trials(np.zeros((20, 1)), sampling_rate=1.0)
    assert trials.parted() is trials
