"""Learners and fusion of a stream are those of the batch, as far as the past tells."""

import warnings

import numpy as np
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.identification.with_model_error import simulated_state
from sk_bionic.predictors.held_out import predict_fused, relative_std
from sk_bionic.streaming import StreamFlag
from sk_bionic.streaming._smoothing import LowPass, cutoff_after
from sk_bionic.trials import Trials
from sk_bionic.trials.filters import smooth

WEIGHT = 1.0


@pytest.fixture(scope="session")
def hybrid(elbow):
    X, y = elbow
    settings = {"ode_weight": WEIGHT, "output_cutoff": 2.0, "n_networks": 1, "max_epochs": 15, "history": 0.3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return PhysicsInformedMSKRegressor("elbow", random_state=0, **settings).fit(X[:600], y[:600])


@pytest.fixture(scope="session")
def pushed(hybrid, elbow):
    """Frames of the third trial, members' angles, simulated states and fused angles beside them."""
    stream, members, states, fused = hybrid.stream(100.0), [], [], []
    frames = []
    for values in elbow[0][600:].to_numpy():
        frames.append(stream.push(values))
        core = stream._core
        members.append(core.learners.out.copy())
        states.append(core.state.copy())
        fused.append(core.physics.angle.copy())
    return frames, stream, np.array(members), np.array(states), np.array(fused)


def test_learners_are_the_originals(hybrid, pushed, frames):
    _, stream, members, states, _ = pushed
    predictor, recording = hybrid.predictor_, hybrid._read(frames)[0]
    state = simulated_state(predictor.equation(recording).with_model(predictor.physics))
    assert np.abs(states - state).max() < 1e-3
    expected = predictor.learners.predict_members(predictor.features(recording), states)
    for k, name in enumerate(stream._core.learners.names):
        assert np.abs(members[:, k] - expected[name]).max() < 1e-5, name


def test_filter_ends_where_least_squares_over_the_same_frames_ends(hybrid, frames):
    """The batch knows no future of the last frame either. (Beside a joint's stop there may be two optima.)"""
    stream, members, fused, n = hybrid.stream(100.0), [], [], 120
    core = stream._core
    core.disagreement = core.apart = 1e9  # the simulation is believed throughout
    for values in frames.to_numpy()[:n]:
        stream.push(values)
        members.append(core.learners.out.copy())
        fused.append(core.physics.angle.copy())
    predictor, members, fused = hybrid.predictor_, np.array(members), np.array(fused)
    equation = predictor.equation(hybrid._read(frames.iloc[:n])[0]).with_model(predictor.physics)
    combined = predictor.learners.combined({name: members[:, k] for k, name in enumerate(core.learners.names)})
    std = relative_std(combined.spread, predictor.held_out.spread)
    angle, result = predict_fused(equation, combined.angle, WEIGHT, predictor.scale, std)
    swing = np.ptp(fused)
    assert abs(angle[-1, 0] - fused[-1, 0]) < 0.01 * swing < abs(combined.angle[-1, 0] - fused[-1, 0])
    assert np.isclose(core.physics.covariance[0, 0], result.variance()[-1, 0, 0], rtol=0.2)


def test_causal_prediction_is_the_stream_in_batch(hybrid, pushed, frames):
    found, *_ = pushed
    angle, std = hybrid.predict(frames, return_std=True, causal=True)
    assert np.abs(angle - [one.angle[0] for one in found]).max() < 1e-6
    assert np.abs(std - [one.angle_std[0] for one in found]).max() < 1e-6
    assert np.isfinite(angle).all() and (std > 0).all()
    force, std = hybrid.predict_muscle_forces(frames, return_std=True, causal=True)
    assert list(force.columns) == list(hybrid.muscle_names_) and force.index.equals(frames.index)
    assert np.abs(force.to_numpy() - [one.force for one in found]).max() < 1e-6 * force.to_numpy().max()
    assert np.abs(std.to_numpy() - [one.force_std for one in found]).max() < 1e-6 * std.to_numpy().max()


def test_forces_are_those_of_the_muscles_along_the_motion(hybrid, pushed, frames):
    found, *_ = pushed
    force = hybrid.predict_muscle_forces(frames).to_numpy()
    streamed = np.array([one.force for one in found])
    assert np.corrcoef(streamed.ravel(), force.ravel())[0, 1] > 0.95
    assert all((one.force_std > 0).all() and (one.moment_std > 0).all() for one in found)


def test_a_dead_channel_widens(hybrid, pushed, frames):
    found, values = pushed[0], frames.to_numpy().copy()
    values[100:, 0] = np.nan
    stream = hybrid.stream(100.0)
    odd = [stream.push(frame) for frame in values]
    assert StreamFlag.MISSING in StreamFlag(odd[150].flags)
    assert np.mean([one.angle_std[0] for one in odd[120:]]) > 1.2 * np.mean([one.angle_std[0] for one in found[120:]])


def test_lag_makes_the_angle_belong_to_earlier_frames(hybrid, pushed, frames):
    stream = hybrid.stream(100.0, lag=0.1)
    found = [stream.push(values) for values in frames.to_numpy()]
    assert found[-1].time == pytest.approx(pushed[0][-1].time - 0.1)


def test_recursive_low_pass_with_a_long_lag_is_the_zero_lag_filter():
    rng = np.random.default_rng(0)
    time = np.arange(800) / 100.0
    signal = np.sin(2.0 * time) + 0.3 * rng.normal(size=len(time))
    low_pass = LowPass(1, 1.5, 0.01, lag=2.0)
    found = np.array([low_pass.push(np.array([x]), 0.01, k == 0)[0, 0] for k, x in enumerate(signal)])
    expected = smooth(signal[:, None], Trials(("one",), np.array([0, len(time)]), time), 1.5)[:, 0]
    assert np.abs(found[500:] - expected[300:-200]).max() < 0.01


def test_a_stream_smooths_by_as_much_as_it_may_wait():
    """At a joint that turns round, a filter that has only the past overshoots the more the lower it cuts."""
    time = np.arange(800) / 100.0
    angle = np.abs((time % 2.0) - 1.0)

    def error(lag, cutoff):
        low_pass, n = LowPass(1, cutoff, 0.01, lag), round(lag / 0.01)
        found = np.array([low_pass.push(np.array([x]), 0.01, k == 0)[0, 0] for k, x in enumerate(angle)])
        return np.sqrt(np.mean((found[200 + n :] - angle[200 : len(angle) - n]) ** 2))

    cutoffs = [cutoff_after(lag, 0.8) for lag in (0.0, 0.1, 0.2, 1.0)]
    assert cutoffs == sorted(cutoffs, reverse=True) and cutoffs[-1] == 0.8 and cutoffs[0] > 4.0
    assert all(error(lag, cutoff_after(lag, 0.8)) < error(lag, 0.8) for lag in (0.0, 0.1))


def test_recursive_low_pass_lags_no_ramp():
    low_pass, time = LowPass(1, 1.0, 0.01, lag=0.0), np.arange(600) / 100.0
    found = [low_pass.push(np.array([0.5 * t]), 0.01, k == 0)[0].copy() for k, t in enumerate(time)]
    assert np.allclose(found[-1], [0.5 * time[-1], 0.5], atol=1e-3)
