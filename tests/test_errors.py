"""Bad input gets an error or a warning that says what is wrong, where, and what to do."""

import contextlib
import re
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.model_selection._score import r2_where_known
from sk_bionic.preprocessing import LagEmbedding

RATE, FRAMES = 50, 60  # Hz; frames of a trial
TRIALS = ("reach", "lift")


def frames():
    """Smooth EMG and angles of two trials of 1.2 s."""
    time = np.arange(FRAMES) / RATE
    index = pd.MultiIndex.from_product([TRIALS, time], names=["trial", "time"])
    phase = np.concatenate([4 * time, 4 * time + 2])
    X = pd.DataFrame({"biceps": 0.3 + 0.25 * np.sin(phase), "triceps": 0.3 + 0.25 * np.cos(phase)}, index)
    return X, pd.Series(1.0 + 0.4 * np.sin(phase - 0.5), index, name="elbow_flexion")


def elbow_regressor(**parameters):
    settings = {
        "prediction": "network",
        "max_epochs": 1,
        "hidden_layer_sizes": (4,),
        "history": 0.1,
    }
    return PhysicsInformedMSKRegressor(**{"model": "elbow", **settings, **parameters})


def fitted(**parameters):
    return elbow_regressor(**parameters).fit(*frames())


def static():
    X, y = frames()
    return elbow_regressor(ode_weight=0).fit(X.to_numpy(), y.to_numpy())


def assert_fit_raises(message, X, y, error=ValueError, fit=None, **parameters):
    with pytest.raises(error, match=message):
        elbow_regressor(**parameters).fit(X, y, **(fit or {}))


# Values of X


def test_nan_in_the_emg_names_column_trial_and_row():
    X, y = frames()
    broken = X.copy()
    broken.iloc[75, 1] = np.nan
    message = "Column 'triceps', trial 'lift', row 75 is NaN .*Interpolate"
    assert_fit_raises(message, broken, y)
    with pytest.raises(ValueError, match=message):
        fitted().predict(broken)


def test_infinity_in_the_emg_is_found_too():
    X, y = frames()
    X.iloc[3, 0] = np.inf
    assert_fit_raises("Column 'biceps', trial 'reach', row 3 is infinity", X, y)


def test_negative_emg_is_no_envelope():
    X, y = frames()
    with pytest.warns(UserWarning, match="Column 'biceps' is negative .*'reach', row .*EMGEnvelope"):
        elbow_regressor().fit(X.assign(biceps=np.sin(np.arange(len(X)))), y)


@pytest.mark.parametrize("emg_scale", ["auto", "max", None])
def test_flat_channel_is_named_with_its_trials(emg_scale):
    X, y = frames()
    X.loc["lift", "triceps"] = 0.2
    message = r"Column 'triceps' is constant throughout trial\(s\) \['lift'\]"
    with pytest.warns(UserWarning, match=message) as caught:
        elbow_regressor(emg_scale=emg_scale).fit(X, y)
    assert caught[0].filename == __file__  # the warning points at the user's line


def test_every_warning_points_at_the_user_s_line():
    X, y = frames()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        regressor = elbow_regressor(prediction="simulation").fit(X, y)
        regressor.predict(X.assign(biceps=0.0))
        regressor.calibrate(X.iloc[:20], y.iloc[:20])
    told = " ".join(str(w.message) for w in caught)
    assert "does not determine" in told and "unlike the training" in told and "do not determine" in told
    assert {w.filename for w in caught} == {__file__}


def test_negative_mass_in_the_hand():
    X, y = frames()
    load = np.where(np.arange(len(X)) == 7, -1.0, 0.5)
    assert_fit_raises("Column 'hand_load_kg', row 7 is -1 kg", X.assign(hand_load_kg=load), y)


def test_a_trial_in_another_unit():
    X, y = frames()
    broken = X.copy()
    broken.loc[["lift"], "biceps"] *= 1e3
    message = "Column 'biceps', trial 'lift', row .* reaches .* times .*full excitation.*same unit"
    assert_fit_raises(message, broken, y, emg_scale=None)
    with pytest.warns(UserWarning, match=message):
        predicted = fitted().simulate(broken)  # an artefact in a new trial costs that trial alone
    assert np.isfinite(predicted).all()


@pytest.mark.parametrize("emg_scale", [[1.0], [1.0, 2.0, 3.0], [1.0, -1.0], [1.0, np.nan]], ids=str)
def test_given_emg_scale_needs_one_positive_number_a_channel(emg_scale):
    assert_fit_raises("`emg_scale` must have one positive number", *frames(), emg_scale=emg_scale)


# Time and trials


def test_unsorted_time_names_trial_and_row():
    X, y = frames()
    order = np.arange(len(X))
    order[[80, 81]] = 81, 80
    assert_fit_raises("Trial 'lift', row 81: time goes back .*sort", X.iloc[order], y.iloc[order])


def test_duplicated_time_names_trial_and_row():
    X, y = frames()
    order = np.sort(np.append(np.arange(len(X)), 5))
    assert_fit_raises("Trial 'reach', row 6: time repeats .*drop duplicates", X.iloc[order], y.iloc[order])


def test_trial_in_two_pieces_names_trial_and_row():
    X, y = frames()
    order = np.r_[0:20, 60:120, 20:60]
    assert_fit_raises("Trial 'reach' is in two pieces: row 80", X.iloc[order], y.iloc[order])


def test_trial_shorter_than_the_history():
    X, y = frames()
    message = "Trial 'lift' lasts 0.06 s .*4 frames.*history of 0.5 s.*smaller `history`"
    assert_fit_raises(message, X.iloc[:64], y.iloc[:64], history=0.5)
    regressor = elbow_regressor(history=0.5).fit(X, y)
    with pytest.raises(ValueError, match=message):
        regressor.predict(X.iloc[:64])


def test_trial_shorter_than_the_lags():
    X, _ = frames()
    with pytest.raises(ValueError, match="'lift'.*0.5"):
        LagEmbedding(lags=[0.0, 0.5]).fit(X.iloc[:64])


def test_the_simulation_needs_no_history():
    X, y = frames()
    regressor = elbow_regressor(prediction="simulation", history=5.0, identify=["max_isometric_force"])
    assert np.isfinite(regressor.fit(X, y).predict(X)).all()


def test_trial_of_two_frames_has_no_acceleration():
    X, y = frames()
    message = r"Trial 'lift' has 2 sample\(s\) .*Drop the trial"
    for prediction in ("simulation", "network", "hybrid"):
        assert_fit_raises(message, X.iloc[:62], y.iloc[:62], prediction=prediction)


def test_no_time_axis_warns_and_names_both_remedies():
    X, y = frames()
    with pytest.warns(UserWarning, match="no time axis.*`sampling_rate`.*'trial' and 'time'") as caught:
        elbow_regressor().fit(X.to_numpy(), y.to_numpy())
    assert caught[0].filename == __file__


def test_predicting_without_time_after_a_fit_in_time():
    with pytest.raises(ValueError, match="fitted on trials in time.*`sampling_rate`"):
        fitted().predict(frames()[0].reset_index(drop=True))


def test_named_trials_without_any_time():
    X, y = frames()
    trial = X.index.get_level_values("trial")
    assert_fit_raises("nothing tells the time", X.to_numpy(), y.to_numpy(), fit={"trial": trial})


def test_as_many_trial_names_as_rows():
    X, y = (values.to_numpy() for values in frames())
    assert_fit_raises("3 names for 120 rows", X, y, fit={"trial": ["a"] * 3}, sampling_rate=RATE)


# Columns


def test_channel_that_the_model_does_not_know():
    X, y = frames()
    message = r"\['brachialis'\], which the model 'elbow' does not know.*\['biceps', 'triceps'\]"
    assert_fit_raises(message, X.assign(brachialis=0.1), y)


def test_channel_that_the_data_lack():
    X, y = frames()
    message = r"lacks the EMG columns \['triceps'\].*Got the columns \['biceps'\].*`muscles=`"
    assert_fit_raises(message, X[["biceps"]], y)


def test_array_with_another_number_of_columns_than_channels():
    X, y = (values.to_numpy() for values in frames())
    message = r"2 EMG columns \('biceps', 'triceps'\). Got an array of 3 columns"
    assert_fit_raises(message, np.column_stack([X, X[:, 0]]), y, sampling_rate=RATE)


def test_no_emg_column_at_all():
    X, y = frames()
    load = X[[]].assign(hand_load_kg=0.5)
    assert_fit_raises("no EMG column", load, y, model="auto")


def test_other_columns_at_prediction_than_in_training():
    X, _ = frames()
    with pytest.raises(ValueError, match="feature names should match"):
        fitted().predict(X[["triceps", "biceps"]])
    with pytest.raises(ValueError, match="expecting 2 features"):
        static().predict(np.zeros((5, 3)))


# Angles


def test_angles_in_degrees():
    X, y = frames()
    message = r"spans 45.\d+ rad.*must be in radians.*np.deg2rad"
    assert_fit_raises(message, X, np.rad2deg(y))
    assert_fit_raises(message, X, np.rad2deg(y), model="auto")
    with pytest.warns(UserWarning, match=message):  # columns without names may be anything
        elbow_regressor(model="auto", sampling_rate=RATE).fit(X.to_numpy(), np.rad2deg(y.to_numpy()))


def test_different_indexes_of_X_and_y():
    X, y = frames()
    assert_fit_raises("X and y have different indexes, first at row 0.*Align", X, y[::-1])
    assert_fit_raises("X and y have different indexes", X, y.reset_index(drop=True))
    with pytest.raises(ValueError, match="different indexes"):
        fitted().residual(X, y[::-1])


def test_different_lengths_of_X_and_y():
    X, y = frames()
    message = "inconsistent numbers of rows: 120 and 119"
    assert_fit_raises(message, X, y[:-1])
    assert_fit_raises(message, X, y[:-1].to_numpy())
    with pytest.raises(ValueError, match=re.escape("(120, 1). Got (119,)")):
        fitted().residual(X, y[:-1].to_numpy())


def test_no_angle_at_all():
    X, y = frames()
    assert_fit_raises("y has no finite value.*some frames need a measured angle", X, y * np.nan)
    weight = np.where(np.arange(len(y)) < 60, 1.0, 0.0)
    y.iloc[:60] = np.nan
    assert_fit_raises("both a finite angle and a positive `sample_weight`", X, y, fit={"sample_weight": weight})


def test_infinite_angle():
    X, y = frames()
    y.iloc[4] = np.inf
    assert_fit_raises("y contains infinity", X, y)


def test_missing_angles_altogether():
    assert_fit_raises("requires y to be passed", frames()[0], None)


def test_other_number_of_angles_than_coordinates():
    X, y = frames()
    message = r"coordinates \('elbow_flexion',\), but y has 2 column"
    assert_fit_raises(message, X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match=re.escape("(120, 1). Got (120, 2)")):
        fitted().residual(X, np.column_stack([y, y]))


# Parameters


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("model", "shoulder"),
        ("prediction", "both"),
        ("ode_weight", -1.0),
        ("force_weight", "auto"),
        ("max_epochs", 2.5),
        ("history", -0.1),
        ("lr", 0.0),
        ("validation_fraction", 1.0),
        ("sampling_rate", 0.0),
        ("emg_scale", "rms"),
        ("warm_start", "yes"),
    ],
)
def test_parameter_outside_its_range_is_named(parameter, value):
    assert_fit_raises(f"The '{parameter}' parameter .* must be", *frames(), **{parameter: value})


@pytest.mark.parametrize("sizes", [(0,), (-3, 4), ("a",), (2.5,)], ids=str)
def test_hidden_layers_need_whole_positive_sizes(sizes):
    assert_fit_raises("`hidden_layer_sizes` must hold positive integers", *frames(), hidden_layer_sizes=sizes)


@pytest.mark.parametrize("device", ["", "gpu", "meta", "cuda:99"])
def test_device_that_is_not_there(device):
    assert_fit_raises("`device` must be one that torch has here", *frames(), device=device)


def test_training_that_diverges_says_so():
    assert_fit_raises("training diverged.*Lower", *frames(), lr=1e3, max_epochs=50, ode_weight=1e30)


def test_what_is_no_number_is_named_with_its_row():
    X, y = frames()
    text = X.astype(object)
    text.iloc[7, 1] = "n/a"
    assert_fit_raises("Column 'triceps', row 7 holds 'n/a', which is no number", text, y)
    text.iloc[7, 1] = pd.NA
    assert_fit_raises("Column 'triceps', trial 'reach', row 7 is NaN", text, y)
    assert_fit_raises("Column 'day' holds times", X.assign(day=pd.Timestamp("2024-01-01")), y)
    assert_fit_raises(
        "row 3 is 1e.300, which no sensor measures", X.assign(biceps=np.where(np.arange(120) == 3, 1e300, 0.1)), y
    )
    assert_fit_raises(r"Several columns have the same name: \['biceps'\]", pd.concat([X, X[["biceps"]]], axis=1), y)
    assert_fit_raises(
        "`sample_weight`, row 5 is 1e.300", X, y, fit={"sample_weight": np.where(np.arange(120) == 5, 1e300, 1.0)}
    )
    with pytest.raises(ValueError, match="`trial` must be a sequence of one name for each row"):
        elbow_regressor(sampling_rate=RATE).fit(X.to_numpy(), y.to_numpy(), trial="reach")


def test_numbers_of_any_type_are_read_alike():
    X, y = frames()
    expected = elbow_regressor(random_state=0).fit(X, y).predict(X)
    for kind in ("Float64", "object", "category"):
        other = elbow_regressor(random_state=0).fit(X.astype(kind), y.astype(kind)).predict(X.astype(kind))
        np.testing.assert_array_equal(other, expected)


def test_unknown_parameter_to_identify():
    message = r"`identify` names no parameter.*'strength'.*max_isometric_force.*'owner/name'"
    assert_fit_raises(message, *frames(), identify=["strength"])


def test_no_epochs_leave_nothing_that_predicts():
    assert_fit_raises("`max_epochs=0` trains no network.*prediction='network'", *frames(), max_epochs=0)


def test_warm_start_with_other_layers():
    regressor = fitted(warm_start=True).set_params(hidden_layer_sizes=(5,))
    message = r"`warm_start`.*, 4, 1, 2\].*, 5, 1, 2\].*warm_start=False"
    with pytest.raises(ValueError, match=message):
        regressor.fit(*frames())


def test_negative_sample_weight():
    X, y = frames()
    assert_fit_raises("Negative values .*`sample_weight`", X, y, fit={"sample_weight": -np.ones(len(y))})


def test_early_stopping_with_a_single_angle():
    X, y = frames()
    y.iloc[1:] = np.nan
    assert_fit_raises("`early_stopping` needs at least 2 frames with an angle", X, y, early_stopping=True)


# Order of calls


@pytest.mark.parametrize(
    "method",
    [
        "predict",
        "predict_muscle_forces",
        "predict_activations",
        "predict_joint_torques",
        "simulate",
    ],
)
def test_unfitted_and_static_estimators_say_so(method):
    X, _ = frames()
    with pytest.raises(NotFittedError):
        getattr(elbow_regressor(), method)(X)
    if method != "predict":
        with pytest.raises(ValueError, match="fitted without a time axis.*`sampling_rate`"):
            getattr(static(), method)(X.to_numpy())


def test_residual_of_unfitted_and_static_estimators():
    X, y = frames()
    with pytest.raises(NotFittedError):
        elbow_regressor().residual(X, y)
    with pytest.raises(ValueError, match="fitted without a time axis"):
        static().residual(X.to_numpy(), y)


def test_initial_state_of_another_shape():
    with pytest.raises(ValueError, match=re.escape("(2, 2, 1). Got (2,)")):
        fitted().simulate(frames()[0], initial_state=[0.0, 1.0])


def test_simulation_that_diverges_names_its_trial():
    """An elbow that starts at 10^9 rad/s, in the second trial."""
    state = [[1.0, 0.0], [1.0, 1e9]]
    with pytest.raises(RuntimeError, match="simulation of trial 'lift' did not converge"):
        fitted().simulate(frames()[0], initial_state=state)


@pytest.mark.parametrize("rounded", [np.float32, lambda t: np.round(t + 4e-4, 3), lambda t: t + 1e-12])
def test_times_that_differ_in_the_last_digit_are_the_same_rows(rounded):
    X, y = frames()
    time = y.index.get_level_values("time").to_numpy()
    index = pd.MultiIndex.from_arrays([y.index.get_level_values("trial"), rounded(time)], names=y.index.names)
    regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation", identify=[])
    moved = pd.Series(y.to_numpy(), index)
    assert np.array_equal(regressor.fit(X, moved).predict(X), regressor.fit(X, y).predict(X))


def test_times_that_differ_by_more_than_rounding_are_named():
    X, y = frames()
    moved = pd.Series(y.to_numpy(), y.index.set_levels(y.index.levels[1] + 0.004, level="time"))
    assert_fit_raises("different indexes, first at row 0.*resample", X, moved)


def test_times_in_another_unit_ask_for_no_endless_windows():
    X, y = frames()
    trial, time = (X.index.get_level_values(name) for name in ("trial", "time"))
    tiny = pd.MultiIndex.from_arrays([trial, time * 1e-9], names=["trial", "time"])
    regressor = elbow_regressor(prediction="simulation", identify=["max_isometric_force"])
    tracemalloc.start()
    try:
        with contextlib.suppress(ValueError):
            regressor.fit(X.set_axis(tiny), y.set_axis(tiny))
        assert tracemalloc.get_traced_memory()[1] < 1e8
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", ["score", "calibrate"])
def test_angles_of_another_number_of_coordinates_are_refused(method):
    flexion = make_elbow_flexion(1, duration=2.0, random_state=0)
    X, y = flexion.data, flexion.target
    regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, y)
    with pytest.raises(ValueError, match=r"y must have 1 column\(s\).*Got 2"):
        getattr(regressor, method)(X, np.column_stack([y, y]))


@pytest.mark.parametrize("method", ["calibrate", "residual"])
def test_angles_are_asked_for(method):
    X, y = frames()
    with pytest.raises(ValueError, match="y is None: pass the measured angles"):
        getattr(elbow_regressor(prediction="simulation").fit(X, y), method)(X, None)


def test_a_score_has_no_unit_and_overflows_for_none():
    angle, predicted = np.array([0.1, 0.5, 0.9]), np.array([0.2, 0.5, 0.7])
    expected = r2_where_known(angle, predicted)
    with np.errstate(all="raise"):
        assert r2_where_known(1e200 * angle, 1e200 * predicted) == pytest.approx(expected)


def test_gains_that_may_not_differ_are_one_gain():
    flexion = make_elbow_flexion(2, duration=2.0, random_state=0)
    options = {"prediction": "simulation", "identify": ["max_isometric_force"]}
    common, alike = (
        PhysicsInformedMSKRegressor("elbow", trial_gain_std=std, **options).fit(flexion.data, flexion.target)
        for std in (0.0, 1e-200)
    )
    np.testing.assert_array_equal(common.max_isometric_force_, alike.max_isometric_force_)


@pytest.mark.parametrize(
    ("name", "value"), [("hand_load_kg", 1e6), ("external_torque_nm", -1e6), ("segment_orientation_rad", 1e6)]
)
def test_external_inputs_that_no_limb_meets_are_slips_of_unit(name, value):
    X, y = frames()
    message = rf"{name}.*row 0 is .*1e\+06, which no sensor measures.*Check its unit"
    assert_fit_raises(message, X.assign(**{name: value}), y)
