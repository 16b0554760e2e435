"""Geometry as data: its checks, its velocities, other times."""

import numpy as np
import pandas as pd
import pytest

from sk_bionic.musculoskeletal import MuscleGeometry


def made(step=0.01, trials=("a", "b")):
    """Two muscles whose lengths are sines of a known angle over one joint, per trial."""
    time = np.round(np.arange(0.0, 1.0, step), 6)
    index = pd.MultiIndex.from_product([trials, time], names=["trial", "time"])
    t = index.get_level_values("time").to_numpy()
    angle = 0.5 * np.sin(3.0 * t)
    length = pd.DataFrame({"flexor": 0.3 - 0.04 * np.sin(angle), "extensor": 0.3 + 0.02 * angle}, index)
    arm = pd.DataFrame({"flexor": 0.04 * np.cos(angle), "extensor": -0.02 + 0 * t}, index)
    return MuscleGeometry(length, {"joint": arm}), angle, t


def test_velocity_is_minus_moment_arm_times_angular_velocity():
    geometry, _, t = made()
    speed = 1.5 * np.cos(3.0 * t)
    expected = -geometry.arms()[:, 0] * speed[:, None]
    np.testing.assert_allclose(geometry.velocity, expected, atol=2e-5)


def test_other_times_agree_with_the_motion_itself():
    coarse, _, _ = made(0.02)
    fine, _, _ = made(0.01)
    inside = fine.length.index[fine.length.index.get_level_values("time") <= 0.98]
    found = coarse.at(inside)
    np.testing.assert_allclose(found.length, fine.length.loc[inside], atol=1e-7)
    np.testing.assert_allclose(found.arms(), fine.at(inside).arms(), atol=1e-7)
    same = coarse.at(coarse.index[10:20])
    pd.testing.assert_frame_equal(same.length, coarse.length.iloc[10:20])


def test_trials_are_found_by_name_in_any_order():
    geometry, _, _ = made()
    turned = geometry.length.loc[["b", "a"]].index
    pd.testing.assert_frame_equal(geometry.at(turned).length, geometry.length.loc[["b", "a"]])


def test_muscles_that_a_table_lacks_have_no_moment_arm():
    geometry, _, _ = made()
    other = MuscleGeometry(geometry.length, {"joint": geometry.moment_arm["joint"][["extensor"]]})
    assert (other.moment_arm["joint"]["flexor"] == 0.0).all()
    assert other.take(["extensor"]).muscle_names == ("extensor",)


def test_faults_name_table_muscle_trial_and_time():
    geometry, _, _ = made()
    broken = geometry.length.copy()
    broken.iloc[103, 1] = np.nan
    with pytest.raises(ValueError, match=r"`length`, muscle 'extensor', trial 'b' at 0.03 s \(row 103\)"):
        MuscleGeometry(broken, geometry.moment_arm)
    with pytest.raises(ValueError, match=r"moment_arm\['joint'\]` has the muscles \['tendon'\]"):
        MuscleGeometry(geometry.length, {"joint": geometry.moment_arm["joint"].assign(tendon=0.0)})
    with pytest.raises(ValueError, match="100 frames|Got 199"):
        MuscleGeometry(geometry.length, {"joint": geometry.moment_arm["joint"].iloc[1:]})
    with pytest.raises(ValueError, match="positive"):
        MuscleGeometry(geometry.length - 1.0, geometry.moment_arm)
    with pytest.raises(ValueError, match="no trial 'c'"):
        geometry.at(made(trials=("c",))[0].index)
    late = geometry.index.set_levels(geometry.index.levels[1] + 0.5, level="time")
    with pytest.raises(ValueError, match="Trial 'a': the muscle geometry covers 0 to 0.99 s"):
        geometry.at(late)
    with pytest.raises(ValueError, match=r"moment arms about the coordinates \['hip'\]"):
        geometry.take(coordinates=["hip"])
