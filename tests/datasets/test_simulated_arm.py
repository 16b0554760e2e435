import numpy as np
import pandas as pd
import pytest

from sk_bionic.datasets import make_arm_reaching

SHORT = {"n_trials": 2, "duration": 2.0, "sampling_rate": 20, "random_state": 4}


@pytest.fixture(scope="module")
def reaching():
    return make_arm_reaching(**SHORT)


def test_frames_columns_and_truth_fit_together(reaching):
    assert reaching.data.columns.tolist() == list(reaching.model.muscle_names)
    assert reaching.target.columns.tolist() == list(reaching.model.coordinate_names)
    assert reaching.target_names == ["shoulder_elevation", "elbow_flexion"]
    for name in ("target", "angle", "muscle_forces", "activations"):
        assert reaching[name].index.equals(reaching.data.index), name
    assert len(reaching.parameters) == 24
    X, y = make_arm_reaching(**SHORT, return_X_y=True)
    pd.testing.assert_frame_equal(X, reaching.data)
    pd.testing.assert_frame_equal(y, reaching.target)


def test_emg_covers_its_range_and_moves_both_joints():
    full = make_arm_reaching(2, sampling_rate=20, random_state=1)
    assert full.data.min(axis=None) >= 0.0
    assert 0.2 < full.data.max(axis=None) < 1.0
    span = np.rad2deg(np.ptp(full.angle.to_numpy(), axis=0))
    assert span[0] > 30.0
    assert span[1] > 80.0
    correlation = np.corrcoef(full.data.T)[np.triu_indices(6, 1)]
    assert correlation.max() < 0.9


def test_noise_may_differ_between_the_angles():
    noisy = make_arm_reaching(**{**SHORT, "sampling_rate": 200}, angle_noise=np.deg2rad([0.5, 3.0]), emg_noise=0.1)
    error = np.rad2deg((noisy.target - noisy.angle).std())
    np.testing.assert_allclose(error, [0.5, 3.0], rtol=0.15)


def test_noise_and_rate_leave_subject_and_motion_alone(reaching):
    other = make_arm_reaching(**{**SHORT, "sampling_rate": 40}, angle_noise=0.0)
    pd.testing.assert_frame_equal(other.parameters, reaching.parameters)
    at_same = other.angle.to_numpy().reshape(2, -1, 2)[:, ::2].reshape(-1, 2)
    np.testing.assert_allclose(at_same, reaching.angle, atol=1e-6)


def test_mismatch_departs_from_the_model(reaching):
    wrong = make_arm_reaching(**SHORT, mismatch=1.0)
    assert np.abs(wrong.angle - reaching.angle).max(axis=None) > 0.02
    delay = lambda bunch: bunch.parameters.query("name == 'electromechanical_delay'")
    longer = delay(wrong)["value"] - delay(reaching)["value"]
    np.testing.assert_allclose(longer, 0.02)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="mismatch"):
        make_arm_reaching(mismatch=2.0)
