"""A stream says what the batch says, and takes whatever comes."""

import threading
import warnings

import numpy as np
import pandas as pd
import pytest

from sk_bionic.preprocessing import EMGEnvelope
from sk_bionic.streaming import MotionStream, StreamFlag


def pushed(stream, values, times=None):
    times = [None] * len(values) if times is None else times
    return [stream.push(frame, time) for frame, time in zip(values, times, strict=True)]


def angles(found):
    return np.array([frame.angle[0] for frame in found])


def stds(found):
    return np.array([frame.angle_std[0] for frame in found])


def test_stream_agrees_with_the_simulation_of_the_whole_recording(simulation, frames):
    found = pushed(simulation.stream(100.0), frames.to_numpy())
    assert np.abs(angles(found) - simulation.predict(frames)).max() < 1e-4
    force, torque = simulation.predict_muscle_forces(frames), simulation.predict_joint_torques(frames)
    assert np.abs(np.array([one.force for one in found]) - force.to_numpy()).max() < 0.05
    assert np.abs(np.array([one.moment for one in found]) - torque.to_numpy()).max() < 0.005
    _, std = simulation.predict(frames, return_std=True)
    late = slice(100, None)  # how a trial begins is told by later EMG, too
    assert np.allclose(stds(found)[late], std[late], rtol=0.05)
    _, force_std = simulation.predict_muscle_forces(frames, return_std=True)
    streamed = np.array([one.force_std for one in found])
    assert np.allclose(streamed[late], force_std.to_numpy()[late], rtol=0.1, atol=0.1)


def test_causal_prediction_is_the_stream_in_batch(simulation, frames):
    angle, std = simulation.predict(frames, return_std=True, causal=True)
    found = pushed(simulation.stream(100.0), frames.to_numpy(), frames.index.get_level_values("time"))
    assert np.abs(angle - angles(found)).max() < 1e-6 and np.abs(std - stds(found)).max() < 1e-6


def test_later_frames_change_nothing(simulation, frames):
    changed = frames.copy()
    changed.iloc[150:, 0] *= 0.5
    assert np.array_equal(simulation.predict(frames, causal=True)[:150], simulation.predict(changed, causal=True)[:150])


def test_reset_forgets(simulation, frames):
    stream = simulation.stream(100.0)
    first = angles(pushed(stream, frames.to_numpy()[:50]))
    stream.reset()
    assert np.array_equal(first, angles(pushed(stream, frames.to_numpy()[:50])))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_missing_values_widen_and_are_flagged(simulation, frames, bad):
    values = frames.to_numpy().copy()
    clean = pushed(simulation.stream(100.0), values)
    values[100:160, 0] = bad
    found = pushed(simulation.stream(100.0), values)
    assert all(StreamFlag.MISSING in StreamFlag(one.flags) for one in found[100:160])
    assert not any(one.flags for one in found[:100])
    assert np.isfinite(angles(found)).all()
    assert stds(found)[159] > 2 * stds(clean)[159]
    assert found[-1].flags == 0 and np.isclose(stds(found)[-1], stds(clean)[-1], rtol=0.2)
    error = np.abs(angles(found) - angles(clean))
    assert (error <= 3 * stds(found)).all()


def test_dead_and_saturated_channels_are_flagged(simulation, frames):
    values = np.random.default_rng(0).uniform(0.05, 0.2, (300, 2))
    dead, saturated = values.copy(), values.copy()
    dead[100:, 0], saturated[100:, 0] = 0.3, 1.0
    for odd, flag in ((dead, StreamFlag.DEAD), (saturated, StreamFlag.SATURATED)):
        found = pushed(simulation.stream(100.0), odd)
        assert flag in StreamFlag(found[200].flags) and found[90].flags == 0
        assert stds(found)[200] > stds(pushed(simulation.stream(100.0), values))[200]


def test_lost_and_late_frames(simulation, frames):
    values, time = frames.to_numpy(), np.arange(len(frames)) / 100.0
    clean = angles(pushed(simulation.stream(100.0), values))
    kept = np.ones(len(values), bool)
    kept[120:140] = False
    found = pushed(simulation.stream(100.0), values[kept], time[kept])
    assert StreamFlag.LOST in StreamFlag(found[120].flags)
    assert found[120].angle_std > found[119].angle_std
    assert abs(found[-1].angle[0] - clean[-1]) < 1e-3
    stream = simulation.stream(100.0)
    before = pushed(stream, values[:50], time[:50])[-1]
    late = stream.push(values[20], time[20])
    assert StreamFlag.LATE in StreamFlag(late.flags) and late.angle == before.angle
    assert stream.push(values[50], time[50]).angle == pytest.approx(clean[50], abs=1e-9)


@pytest.mark.parametrize("jump", [5.0, 1e9, -5.0, -1e9])
def test_a_jump_in_time_begins_anew(simulation, frames, jump):
    values, stream = frames.to_numpy(), simulation.stream(100.0)
    pushed(stream, values[:50], np.arange(50) / 100.0)
    found = stream.push(values[50], 0.5 + jump)
    assert StreamFlag.RESTARTED in StreamFlag(found.flags)
    assert found.angle == simulation.stream(100.0).push(values[50]).angle


def test_whatever_comes_nothing_is_raised(simulation):
    rng, stream, time = np.random.default_rng(0), simulation.stream(100.0), 0.0
    for _ in range(400):
        frame = rng.choice([0.0, 0.3, 1.0, 50.0, 1e300, -1e300, np.nan, np.inf], 2)
        time += rng.choice([0.01, 0.0, -0.02, 0.03, 0.3, 2.0, np.nan], p=[0.7, 0.05, 0.05, 0.1, 0.04, 0.03, 0.03])
        found = stream.push(frame, time)
        time = stream._input_time
        assert np.isfinite(found.angle).all() and np.isfinite(found.force).all()
        assert (found.angle_std > 0).all() and (found.moment_std >= 0).all()


def test_a_frame_of_another_width_is_the_callers_error(simulation):
    with pytest.raises(ValueError, match="2 values"):
        simulation.stream(100.0).push([0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="sampling_rate"):
        simulation.stream(0.0)
    with pytest.raises(ValueError, match="lag"):
        simulation.stream(100.0, lag=-1.0)


def test_raw_emg_sample_by_sample_equals_the_causal_envelope(simulation):
    rng = np.random.default_rng(1)
    raw = rng.normal(size=(3000, 2)) * (1.2 + np.sin(np.arange(3000) / 300.0))[:, None]
    envelope = EMGEnvelope(causal=True, sampling_rate=2000.0).fit(raw)
    stream = simulation.stream(2000.0, envelope=envelope, frame_rate=200.0)
    found = stream.push_chunk(raw)
    assert len(found) == 300
    means = envelope.transform(raw).reshape(300, 10, 2).mean(axis=1)
    other = pushed(simulation.stream(200.0, frame_rate=200.0), means)
    assert np.abs(angles(found) - angles(other)).max() < 1e-9


def test_frames_with_names_are_taken_by_their_names(simulation, frames):
    expected = angles(simulation.stream(100.0).push_chunk(frames.to_numpy()))
    turned = frames[frames.columns[::-1]].assign(other=1.0)
    np.testing.assert_array_equal(angles(simulation.stream(100.0).push_chunk(turned)), expected)
    one = simulation.stream(100.0)
    np.testing.assert_array_equal(angles([one.push(turned.iloc[i]) for i in range(20)]), expected[:20])
    plain = simulation.stream(100.0)  # a Series without names counts its values, as an array does
    values = frames.to_numpy()
    np.testing.assert_array_equal(angles([plain.push(pd.Series(values[i])) for i in range(20)]), expected[:20])
    with pytest.raises(ValueError, match=r"lacks the columns \['biceps'\]. It has \['triceps'\]"):
        simulation.stream(100.0).push_chunk(frames[["triceps"]])


def test_an_envelope_that_looks_ahead_is_told(simulation):
    raw = np.random.default_rng(1).normal(size=(3000, 2))
    with pytest.warns(UserWarning, match="causal=False.*tenth of a second late.*causal=True"):
        simulation.stream(2000.0, envelope=EMGEnvelope(sampling_rate=2000.0).fit(raw))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulation.stream(2000.0, envelope=EMGEnvelope(causal=True, sampling_rate=2000.0).fit(raw))


def test_gaps_and_rails_of_raw_emg(simulation):
    rng = np.random.default_rng(2)
    raw = rng.normal(size=(4000, 2))
    envelope = EMGEnvelope(causal=True, sampling_rate=2000.0).fit(raw)
    odd = 0.3 * raw
    odd[2000:2400, 0], odd[3000:3400, 1], odd[3600:3700, 0] = np.nan, 0.0, 9.0
    found = simulation.stream(2000.0, envelope=envelope).push_chunk(odd)
    flags = [StreamFlag(one.flags) for one in found]
    assert StreamFlag.MISSING in flags[110] and StreamFlag.DEAD in flags[165] and StreamFlag.SATURATED in flags[184]
    assert flags[90] == 0 and np.isfinite(angles(found)).all()


def test_streams_in_threads_do_not_disturb_one_another(simulation, frames):
    values, expected = frames.to_numpy(), angles(pushed(simulation.stream(100.0), frames.to_numpy()))
    found = {}

    def run(k):
        found[k] = angles(pushed(simulation.stream(100.0), values))

    threads = [threading.Thread(target=run, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[k], expected) for k in range(3))


def test_calibration_from_labelled_frames(simulation, elbow, frames):
    stream, offset = simulation.stream(100.0), 0.1
    y = elbow[1][600:].to_numpy()
    for frame, angle in zip(frames.to_numpy(), y, strict=True):
        stream.push(frame)
        stream.label(angle + offset)
    before = simulation.predict(frames)
    assert stream.calibrate() is stream
    assert np.allclose(simulation.predict(frames), before)  # the estimator stays as it is
    assert abs(float(stream.predictor.session.offset[0]) - offset) < 0.03
    assert abs(stream.push(frames.to_numpy()[-1]).angle[0] - (y[-1] + offset)) < 0.1
    with pytest.raises(ValueError, match="label"):
        simulation.stream(100.0).calibrate()


def test_memory_is_bounded(simulation, frames):
    stream = MotionStream(simulation, 100.0, remember=1.0)
    sizes = []
    for _ in range(3):
        pushed(stream, frames.to_numpy())
        arrays = [*stream._core.limb.arrays, stream._past.rows, stream._emg]
        sizes.append(sum(array.nbytes for array in arrays))
    assert len(set(sizes)) == 1
