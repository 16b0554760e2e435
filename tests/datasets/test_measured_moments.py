"""Recordings with moments and torques: what the loaders serve agrees with itself, and with independent readings."""

import os
from pathlib import Path

import numpy as np
import pytest

from sk_bionic import predict_moments
from sk_bionic.datasets import fetch_gait_11_trials, fetch_gait_cp_child, fetch_plantarflexor_torque
from sk_bionic.musculoskeletal import read_osim
from sk_bionic.musculoskeletal.opensim_model.geometry import muscle_tendon_lengths

FOLDERS = ("gait_11_trials", "gait_cp_child", "plantarflexor_torque")


@pytest.fixture(scope="module")
def home():
    """Folder with the recordings, laid out as the cache; skips where there is none."""
    folder = Path(os.environ.get("SK_BIONIC_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
    if not all((folder / name).is_dir() for name in FOLDERS):
        pytest.skip("no recordings: set SK_BIONIC_DATA to a folder that holds them")
    return folder


def test_strides_have_seconds_angles_and_moments(home):
    gait = fetch_gait_11_trials(data_home=home, download_if_missing=False)
    time = gait.data.index.get_level_values("time")
    assert 0.9 < time.max() < 1.2 and gait.data.shape == (600, 20) and gait.target.shape == (600, 6)
    assert gait.data.notna().all().all()
    # The knee extends under load: work done by the moments about the measured motion stays within what walking takes.
    knee, moment = gait.data["knee_angle_r"].loc["gait_00"], gait.target["knee_angle_r"].loc["gait_00"]
    power = moment * np.gradient(knee, knee.index)
    assert 50 < power.abs().max() < 500
    assert set(gait.target_names) <= set(read_osim(gait.model_file).coordinates)
    with pytest.raises(ValueError, match="must be among 0 to 10"):
        fetch_gait_11_trials(trials=[11], data_home=home)


@pytest.mark.parametrize("side", ["right", "left"])
def test_published_polynomials_are_the_lengths_of_the_published_model(home, side):
    child = fetch_gait_cp_child(side=side, data_home=home, download_if_missing=False)
    assert child.model.n_muscles == 43 and not child.model.has_skeleton
    file = home / "gait_cp_child" / "subject1_MRI.osim"
    if not file.exists():
        pytest.skip("no model file")
    angles = child.data[list(child.model.coordinate_names)].iloc[::20]
    values = {name: column.to_numpy() for name, column in angles.items()}
    lengths = muscle_tendon_lengths(read_osim(file), values, list(child.model.muscle_names))
    for k, muscle in enumerate(child.model.muscles):
        error = muscle.path.along(angles.to_numpy())[0] - lengths[:, k]
        assert np.sqrt(np.mean(error**2)) < 2.5e-3, muscle.name
    moments = predict_moments(child.model, child.data)
    assert np.isfinite(moments.to_numpy()).all()


def test_torque_grows_with_stretch_and_falls_again(home):
    peaks = fetch_plantarflexor_torque(data_home=home, download_if_missing=False).peaks
    by_angle = peaks.groupby("angle")["peak"].max()
    assert len(peaks) == 18 and len(by_angle) == 9
    np.testing.assert_allclose(np.rad2deg(by_angle.index), [-20, -10, 0, 5, 10, 15, 20, 25, 30])
    assert by_angle.iloc[0] < by_angle.iloc[2] < by_angle.max() and by_angle.iloc[-1] < by_angle.max()
