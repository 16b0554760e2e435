"""Models whose angles make no planar chain: lengths and moment arms are those of the file, moments are known."""

import warnings

import limb_text as limb
import numpy as np
import pandas as pd
import pytest

from sk_bionic import predict_moments
from sk_bionic.musculoskeletal import PolynomialPath, from_osim, read_osim
from sk_bionic.musculoskeletal.opensim_model import scattered
from sk_bionic.musculoskeletal.opensim_model.geometry import muscle_tendon_lengths

ANGLES = ["hip_flexion", "hip_adduction", "hip_rotation", "knee_angle"]
HIP = "".join(limb.coordinate(name, "-0.6 0.8") for name in ANGLES[:3])


def ball(names):
    """A SpatialTransform that turns about three axes."""
    still = '<Constant name="function"><value>0</value></Constant>'
    linear = '<LinearFunction name="function"><coefficients>1 0</coefficients></LinearFunction>'
    axes = zip(names, ("0 0 1", "1 0 0", "0 1 0"), strict=True)
    turning = "".join(
        "<TransformAxis "
        f'name="rotation{k}"><coordinates>{name}</coordinates><axis>{axis}</axis>{linear}</TransformAxis>'
        for k, (name, axis) in enumerate(axes, 1)
    )
    gliding = "".join(
        f'<TransformAxis name="translation{k}"><coordinates></coordinates><axis>{axis}</axis>{still}</TransformAxis>'
        for k, axis in enumerate(("1 0 0", "0 1 0", "0 0 1"), 1)
    )
    return f"<SpatialTransform>{turning}{gliding}</SpatialTransform>"


@pytest.fixture(scope="module")
def leg(tmp_path_factory):
    """A hip with three angles and a knee that is tilted by half a right angle; straight muscles over one and both."""
    joints = limb.joint("hip", "ground", "thigh", HIP, "0 1 0", kind="CustomJoint", extra=ball(ANGLES[:3]))
    joints += limb.joint("knee", "thigh", "shank", limb.coordinate("knee_angle", "0 1.5"), turn="0.8 0 0")
    muscles = limb.muscle("iliacus", [("ground", "0.08 1.05 0.05"), ("thigh", "0.02 -0.1 0.02")])
    muscles += limb.muscle("rectus", [("ground", "0.06 1.02 0.06"), ("shank", "0.05 -0.08 0.01")])
    muscles += limb.muscle("short_head", [("thigh", "-0.03 -0.15 0.02"), ("shank", "-0.04 -0.06 0.01")])
    path = tmp_path_factory.mktemp("leg") / "leg.osim"
    path.write_text(limb.document(bodies=limb.body("thigh") + limb.body("shank"), joints=joints, muscles=muscles))
    return path


@pytest.fixture(scope="module")
def model(leg):
    with pytest.warns(UserWarning, match="has no skeleton, and knows moments"):
        return from_osim(leg, ANGLES)


def postures(n=200):
    return np.random.default_rng(3).uniform([-0.6, -0.6, -0.6, 0.0], [0.8, 0.8, 0.8, 1.5], (n, 4))


def test_lengths_and_moment_arms_are_those_of_the_file(leg, model):
    osim, q, step = read_osim(leg), postures(), 1e-5
    measured = lambda angles: muscle_tendon_lengths(osim, dict(zip(ANGLES, angles.T, strict=True)))
    for k, muscle in enumerate(model.muscles):
        length, arm = muscle.path.along(q)
        np.testing.assert_allclose(length, measured(q)[:, k], atol=5e-4)
        for d in range(4):
            moved = step * np.eye(4)[d]
            slope = -(measured(q + moved) - measured(q - moved))[:, k] / (2 * step)
            assert np.sqrt(np.mean((arm[:, d] - slope) ** 2)) < 1e-3
    assert not model.has_skeleton
    assert (model.path_errors[["length_error", "moment_arm_error"]] < 1e-3).all().all()


def test_moments_are_known_and_motion_is_not(model):
    index = pd.MultiIndex.from_product([["a"], np.arange(60) / 50], names=["trial", "time"])
    waves = 0.3 * np.sin(np.outer(3.0 * np.arange(60) / 50, [1.0, 1.3, 0.7, 1.1])) + [0.0, 0.0, 0.0, 0.5]
    X = pd.DataFrame(waves, index, ANGLES).assign(**dict.fromkeys(model.muscle_names, 0.4))
    moments = predict_moments(model, X)
    assert moments.columns.tolist() == ANGLES and np.isfinite(moments.to_numpy()).all()
    zeros = np.zeros((1, 4))
    with pytest.raises(ValueError, match="has no skeleton .*knows moments and muscle forces along measured motion"):
        model.mass_matrix(zeros)


def test_a_skeleton_can_be_demanded_or_left_out(leg):
    with pytest.raises(ValueError, match="planar chain"):
        from_osim(leg, ANGLES, skeleton=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not from_osim(leg, ["knee_angle"], skeleton=False).has_skeleton
    assert from_osim(leg, ["knee_angle"], ["short_head"]).has_skeleton
    with pytest.raises(ValueError, match="`skeleton` must be"):
        from_osim(leg, ANGLES, skeleton="no")


def test_a_full_polynomial_given_as_data():
    coefficients = [0.3, 0.01, 0.002, -0.02, 0.004, 0.005]
    path = PolynomialPath.of_degree(2, coefficients, ["b", "a"], ["a", "b", "c"], length_error=1e-4)
    a, b = 0.4, -0.3
    powers = [1.0, a, a**2, b, b * a, b**2]
    np.testing.assert_allclose(path.along([[a, b, 9.0]])[0], np.dot(coefficients, powers))
    assert path.length_error == 1e-4
    with pytest.raises(ValueError, match="has 6 terms. Got 5"):
        PolynomialPath.of_degree(2, coefficients[:5], ["b", "a"], ["a", "b"])
    with pytest.raises(ValueError, match=r"spans \['d'\]"):
        PolynomialPath.of_degree(1, [0.3, 0.1], ["d"], ["a", "b"])


def test_a_path_that_jumps_is_close_where_it_does_not():
    """As over a wrapping surface that lets go: lengths and moment arms are others in a fifth of the postures."""
    ranges = {"a": (-1.0, 1.0), "b": (-1.0, 1.0)}
    q = scattered._postures(("a", "b"), ranges)
    jumps = lambda q: (q[:, 0] > 0.6).astype(float)
    length = lambda q: 0.3 - 0.03 * np.sin(q[:, 0]) + 0.01 * q[:, 0] * q[:, 1] + 0.02 * jumps(q)
    arms = lambda q: np.column_stack([0.03 * np.cos(q[:, 0]) - 0.01 * q[:, 1] + 0.03 * jumps(q), -0.01 * q[:, 0]])
    path = scattered._fit(["a", "b"], ("a", "b"), q, length(q), arms(q))
    new = np.random.default_rng(5).uniform(-0.95, 0.95, (300, 2))
    found = path.along(new)
    off = np.maximum(np.abs(found[0] - length(new)), np.abs(found[1] - arms(new)).max(axis=1))
    assert np.mean(off[new[:, 0] < 0.5] < 1e-3) > 0.95
    assert path.length_error > 1e-3  # and it says that it is off


def _smooth(q):
    return (
        0.3 - 0.03 * np.sin(2 * q[:, 0]) * np.cos(q[:, 1]),
        np.column_stack([0.06 * np.cos(2 * q[:, 0]) * np.cos(q[:, 1]), -0.03 * np.sin(2 * q[:, 0]) * np.sin(q[:, 1])]),
    )


def test_the_stated_errors_are_those_of_even_postures_that_were_not_fitted():
    kinked = lambda q: (_smooth(q)[0] + 0.02 * np.abs(q[:, 0] - 0.3), _smooth(q)[1] - 0.02 * np.outer(
        np.sign(q[:, 0] - 0.3), [1.0, 0.0]
    ))  # fmt: skip
    q = scattered._postures(("a", "b"), {"a": (-1.0, 1.0), "b": (-1.0, 1.0)})
    path = scattered._fit(["a", "b"], ("a", "b"), q, *kinked(q))
    new = np.random.default_rng(3).uniform(-1.0, 1.0, (4000, 2))
    (length, arm), (true_length, true_arm) = path.along(new), kinked(new)
    assert path.length_error == pytest.approx(np.sqrt(np.mean((length - true_length) ** 2)), rel=0.35)
    assert path.moment_arm_error == pytest.approx(np.sqrt(np.mean((arm - true_arm) ** 2, axis=0)).max(), rel=0.35)


def test_a_path_that_jumps_leaps_or_contradicts_itself_is_told_from_a_smooth_one():
    beyond = lambda q: (q[:, 0] > 0.31).astype(float)
    first = np.array([1.0, 0.0])
    broken = {
        "jump of the length": lambda q: (_smooth(q)[0] - 0.005 * beyond(q), _smooth(q)[1]),
        "leap of a moment arm": lambda q: (
            _smooth(q)[0] - 0.004 * (q[:, 0] - 0.31) * beyond(q), _smooth(q)[1] + 0.004 * np.outer(beyond(q), first)
        ),
        "moment arms that are no slopes": lambda q: (_smooth(q)[0], _smooth(q)[1] + 0.002 * np.outer(beyond(q), first)),
    }  # fmt: skip
    q = np.random.default_rng(7).uniform(-1.0, 1.0, (60, 2))
    q = q[np.abs(q[:, 0] - 0.31) > 0.02]
    assert not scattered.is_broken_on_the_way(_smooth, np.zeros(2), q).any()
    for what, path in broken.items():
        expected = q[:, 0] > (0.31 if "no slopes" not in what else 0.6)
        found = scattered.is_broken_on_the_way(path, np.zeros(2), q)
        assert found[expected].all() and not found[q[:, 0] < 0.31].any(), what
