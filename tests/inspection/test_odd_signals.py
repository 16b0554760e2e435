"""check_recording finds amplitudes and angles that a fit would call odd, and bears recordings of any length."""

import numpy as np
import pytest

from sk_bionic.datasets import make_elbow_flexion
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
