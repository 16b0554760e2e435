"""check_recording finds amplitudes and angles that a fit would call odd, and bears recordings of any length."""

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter1d

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.identification.signals import held_values
from sk_bionic.inspection import check_recording


@pytest.fixture(scope="module")
def flexion():
    return make_elbow_flexion(3, duration=4.0, random_state=0)


def kinds(X, y):
    return set(check_recording(X, y).findings["kind"])


def test_a_level_at_rest_is_found(flexion):
    assert "resting_level" in kinds(flexion.data + 0.08, flexion.target)
    assert "resting_level" not in kinds(flexion.data, flexion.target)


def test_angles_that_were_converted_twice_or_jump_by_a_turn_are_found(flexion):
    assert "angle_unit" in kinds(flexion.data, np.deg2rad(flexion.target))
    wrapped = (flexion.target + np.pi / 2) % (2 * np.pi) - np.pi
    around = (flexion.target + 2.3 + np.pi) % (2 * np.pi) - np.pi
    assert "wrapped" not in kinds(flexion.data, flexion.target)
    assert "wrapped" in kinds(flexion.data, around) or "wrapped" in kinds(flexion.data, wrapped)


@pytest.mark.parametrize("seconds", [0.02, 0.3, 0.9, 1.0, 1.2, 1.6])
@pytest.mark.parametrize("n_trials", [1, 3])
def test_short_recordings_are_checked_as_far_as_they_go(flexion, seconds, n_trials):
    trial, time = (flexion.data.index.get_level_values(level) for level in ("trial", "time"))
    part = (time < seconds - 1e-9) & trial.isin(trial.unique()[:n_trials])
    assert check_recording(flexion.data[part], flexion.target[part]).trials.n_trials == n_trials


def test_single_frames_are_refused_by_name(flexion):
    first = flexion.data.index.get_level_values("time") == 0
    with pytest.raises(ValueError, match="single frame"):
        check_recording(flexion.data[first], flexion.target[first])


def test_a_model_tells_the_sign_and_the_zero():
    flexion = make_elbow_flexion(2, duration=4.0, random_state=3)
    X, y = flexion.data, flexion.target
    assert not len(check_recording(X, y, model="elbow"))
    for spoilt, kind in ((-y, "sign"), (y + np.deg2rad(15), "zero")):
        found = check_recording(X, spoilt, model="elbow").findings
        assert kind in set(found["kind"]) and "Fit with" in found.set_index("kind").loc[kind, "advice"]
    with pytest.raises(ValueError, match="compared with angles: pass `y`"):
        check_recording(X, model="elbow")


TIME = np.arange(1000) / 100.0


def _first_order(burst):
    level = np.full(len(burst), 0.02)
    for i in range(1, len(burst)):
        level[i] = level[i - 1] + 0.125 * (np.where(burst[i], 0.5, 0.02) - level[i - 1])
    return level


NOISE_FREE = {
    "half sines": 0.05 + 0.4 * np.maximum(np.sin(2.5 * TIME), 0),
    "steps": np.where(TIME % 3 < 1, 0.6, 0.05),
    "bell": 0.05 + 0.5 * np.exp(-(((TIME - 5) / 0.3) ** 2)),
    "triangles": 0.1 + np.clip(0.5 - np.abs(TIME % 4 - 2), 0, None),
    "trapezia": 0.1 + np.clip(1 - np.abs(TIME % 4 - 2), 0, 0.5),
    "first order": _first_order((TIME > 2) & (TIME < 4)),
}


def _held(signal):
    return list(held_values(signal, np.zeros(len(signal), bool), 100.0))


@pytest.mark.parametrize("name", NOISE_FREE)
def test_a_simulated_envelope_without_noise_is_not_called_dead(name):
    assert _held(NOISE_FREE[name]) == []
    index = pd.MultiIndex.from_product([["a"], TIME], names=["trial", "time"])
    other = 0.1 + 0.05 * np.sin(3.1 * TIME)
    X = pd.DataFrame({"biceps": NOISE_FREE[name], "triceps": other}, index)
    assert "flat" not in set(check_recording(X).findings["kind"])


@pytest.mark.parametrize("dead", ["zero", "held"])
def test_a_channel_that_dies_is_found_whatever_the_rest_looks_like(dead):
    for seed in range(20):
        random = np.random.default_rng(seed)
        noisy = np.abs(random.normal(size=len(TIME)))
        envelope = gaussian_filter1d(noisy, random.uniform(1, 25)) * (1 + np.sin(TIME * random.uniform(0.5, 3)))
        for signal in (0.3 * envelope + 0.02, NOISE_FREE["half sines"].copy()):
            start = random.integers(20, 70)
            signal[start : start + 200] = 0.0 if dead == "zero" else signal[start]
            assert any(a <= start + 1 and b >= start + 199 for a, b in _held(signal))
