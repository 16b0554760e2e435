"""How a trial begins is not known: the band holds where it begins amid a movement, and is narrow where it does not."""

import numpy as np
import pandas as pd
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.predictors.start_states import N_DRAWS

RATE, NEW = 50, "trial_03"
AMID = (0.7, 1.0, 1.3, 1.9, 2.5)


@pytest.fixture(scope="module", params=[0, 3])
def subject(request):
    return make_elbow_flexion(4, duration=4.0, sampling_rate=RATE, random_state=request.param)


@pytest.fixture(scope="module")
def fitted(subject):
    X, y = subject.data.drop(NEW, level="trial"), subject.target.drop(NEW, level="trial")
    return PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, y)


def from_time(data, start):
    """The new trial from a time on."""
    part = data.loc[[NEW]]
    return part[part.index.get_level_values("time") >= start]


def equation_of(regressor, X):
    return regressor.predictor_.equation(regressor._read(X)[0])


def scores(regressor, subject, start):
    """Errors over their stated standard deviations in the first half second, and the standard deviations."""
    X, y = from_time(subject.data, start), from_time(subject.target, start)
    angle, std = regressor.predict(X, return_std=True)
    return (np.abs(angle - y.to_numpy()) / std)[: RATE // 2], std


def test_bands_hold_where_trials_begin_amid_a_movement(subject, fitted):
    largest = [scores(fitted, subject, start)[0].max() for start in AMID]
    assert max(largest) < 8 and np.median(largest) < 3


def test_a_trial_that_begins_at_rest_has_a_narrow_band_and_the_start_is_soon_forgotten(subject, fitted):
    z, std = scores(fitted, subject, 0.0)
    assert z.max() < 4 and std[: RATE // 2].mean() < np.deg2rad(4.0)
    assert std[2 * RATE :].mean() < np.deg2rad(1.5)
    for start in AMID[:3]:
        _, amid = scores(fitted, subject, start)
        assert amid[: RATE // 4].mean() > 2 * amid[2 * RATE :].mean()


def test_after_a_hole_the_start_is_unknown_again(subject, fitted):
    X = subject.data.loc[[NEW]]
    time = X.index.get_level_values("time")
    holed = X[(time < 1.2) | (time > 2.4)]
    _, std = fitted.predict(holed, return_std=True)
    _, alone = fitted.predict(holed[holed.index.get_level_values("time") > 2.4], return_std=True)
    np.testing.assert_allclose(std[-len(alone) :], alone, rtol=1e-6)


def test_a_calibrated_session_knows_as_little_of_its_starts(subject, fitted):
    regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(
        subject.data.loc[["trial_00", "trial_01"]], subject.target.loc[["trial_00", "trial_01"]]
    )
    moved = subject.target + np.deg2rad(10.0)
    regressor.calibrate(subject.data.loc[["trial_02"]], moved.loc[["trial_02"]])
    X, y = from_time(subject.data, 1.3), from_time(moved, 1.3)
    angle, std = regressor.predict(X, return_std=True)
    assert (np.abs(angle - y.to_numpy()) / std)[: RATE // 2].max() < 8


def test_muscle_forces_at_an_unknown_start_are_less_certain(subject, fitted):
    _, std = fitted.predict_muscle_forces(from_time(subject.data, 1.0), return_std=True)
    assert (std.iloc[: RATE // 4].mean() > 2 * std.iloc[2 * RATE :].mean()).any()


def test_the_draws_stand_for_the_second_moment(subject, fitted):
    """As many equally probable starts as are drawn have nearly the moments of all."""
    starts, motion = fitted.predictor_.start_states, equation_of(fitted, from_time(subject.data, 1.0))
    probability = starts.probability(motion)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    drawn = starts.drawn(probability)
    assert drawn.shape == (1, N_DRAWS)
    expected = starts.second_moment(probability)[0, 0, 0]
    assert np.mean(starts.deviation[drawn[0], 0] ** 2) == pytest.approx(expected, rel=0.3)


def test_two_trials_are_as_uncertain_as_each_alone(subject, fitted):
    second = from_time(subject.data, 1.3)
    first = from_time(subject.data, 0.0).rename(index={NEW: "another"}, level="trial")
    _, together = fitted.predict(pd.concat([first, second]), return_std=True)
    _, alone = fitted.predict(second, return_std=True)
    np.testing.assert_allclose(together[-len(alone) :], alone, rtol=1e-6)


@pytest.mark.parametrize("prediction", ["network", "hybrid"])
def test_in_every_mode_the_start_is_less_certain_amid_a_movement(prediction):
    subject = make_elbow_flexion(4, duration=3.0, sampling_rate=RATE, random_state=0)
    light = {"max_epochs": 10, "n_networks": 1, "forest": False, "random_state": 0, "prediction": prediction}
    X, y = subject.data.drop(NEW, level="trial"), subject.target.drop(NEW, level="trial")
    regressor = PhysicsInformedMSKRegressor("elbow", **light).fit(X, y)
    z, std = scores(regressor, subject, 1.0)
    assert z.max() < 8
    assert std[: RATE // 4].mean() > 1.2 * std[-RATE // 2 :].mean()
