"""Arm and leg against the OpenSim models that they come from."""

import json
from pathlib import Path

import numpy as np
import pytest

from sk_bionic.musculoskeletal import arm, leg

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "opensim.json"
ARM_MUSCLES = ("TRIlong", "TRIlat", "TRImed", "BIClong", "BICshort", "BRA")
LEG_MUSCLES = (
    "glut_max2", "psoas", "bifemlh", "rect_fem", "bifemsh", "vas_int", "med_gas", "soleus", "tib_ant",
)  # fmt: skip
# OpenSim 4.6, arm26.osim: shoulder and elbow [rad]; lengths [m], moment arms about the shoulder and
# about the elbow [m] of ARM_MUSCLES.
# fmt: off
ARM26 = [
    ((-1.047198, 0.349066), (0.25780, 0.17458, 0.16221, 0.44100, 0.36347, 0.14234),
     (-0.00607, 0.0, 0.0, 0.01932, 0.03348, 0.0), (-0.02412, -0.02412, -0.02412, 0.02100, 0.02100, 0.01370)),
    ((-0.523599, 0.698132), (0.27593, 0.18295, 0.17058, 0.42118, 0.33741, 0.13778),
     (-0.02903, 0.0, 0.0, 0.02110, 0.02872, 0.0), (-0.02347, -0.02347, -0.02347, 0.03161, 0.03161, 0.01258)),
    ((0.0, 0.349066), (0.28558, 0.17458, 0.16221, 0.41925, 0.33636, 0.14234),
     (-0.03746, 0.0, 0.0, 0.02157, 0.00743, 0.0), (-0.02412, -0.02412, -0.02412, 0.02100, 0.02100, 0.01370)),
    ((0.523599, 1.919862), (0.33846, 0.20823, 0.19586, 0.34586, 0.27747, 0.11415),
     (-0.03456, 0.0, 0.0, 0.01893, -0.02064, 0.0), (-0.01988, -0.01989, -0.01989, 0.04849, 0.04849, 0.02397)),
]
# leg6dof9musc.osim at hip -0.1754, ankle 0.0974: its knee angle; lengths, moment arms about it of LEG_MUSCLES.
LEG6DOF = [
    (-1.832596, (0.21924, 0.28775, 0.42827, 0.56876, 0.22798, 0.29422, 0.48256, 0.34287, 0.33687),
     (0.0, 0.0, -0.00921, 0.02777, -0.01567, 0.02889, -0.01340, 0.0, 0.0)),
    (-1.221730, (0.21924, 0.28775, 0.44088, 0.54857, 0.24396, 0.27363, 0.49282, 0.34287, 0.33687),
     (0.0, 0.0, -0.03033, 0.03997, -0.03410, 0.03919, -0.01965, 0.0, 0.0)),
    (-0.349066, (0.21924, 0.28775, 0.47263, 0.50449, 0.27564, 0.23282, 0.51280, 0.34287, 0.33687),
     (0.0, 0.0, -0.03763, 0.05688, -0.03419, 0.05183, -0.02723, 0.0, 0.0)),
]
# fmt: on


def geometry(model, angles):
    """Lengths (n, n_muscles) and moment arms (n, n_coordinates, n_muscles) [m]."""
    angles = np.array(angles)
    found = model.length_and_moment_arm(angles)
    return [x for x in found]


def rms(error):
    return np.sqrt(np.mean(np.square(error), axis=0))


def test_arm_has_the_lengths_and_moment_arms_of_arm26():
    angles, lengths, shoulder, elbow = zip(*ARM26, strict=True)
    length, arms = geometry(arm(), angles)
    np.testing.assert_allclose(length, lengths, rtol=0, atol=4e-4)
    np.testing.assert_allclose(arms[:, 0], shoulder, rtol=0, atol=2e-3)
    np.testing.assert_allclose(arms[:, 1], elbow, rtol=0, atol=2e-3)


def test_arm_agrees_with_every_reference_sample_where_arm26_is_continuous():
    if not REFERENCE.exists():
        pytest.skip("the full OpenSim reference is not beside this checkout")
    samples = [s for s in json.loads(REFERENCE.read_text())["arm26_geometry"]["samples"] if s["q"][0] < 0.6]
    length, arms = geometry(arm(), [s["q"] for s in samples])
    expected = np.array([[s["mt_length_m"][m] for m in ARM_MUSCLES] for s in samples])
    assert (rms(length - expected) < 2e-4).all()
    for d, coordinate in enumerate(("r_shoulder_elev", "r_elbow_flex")):
        of = np.array([[s["moment_arm_m"][coordinate][m] for m in ARM_MUSCLES] for s in samples])
        assert (rms(arms[:, d] - of) < 1e-3).all()


def test_leg_has_the_lengths_and_moment_arms_of_leg6dof9musc():
    knee, lengths, about_knee = zip(*LEG6DOF, strict=True)
    length, arms = geometry(leg(), [(-0.17540, -angle, 0.09735) for angle in knee])
    np.testing.assert_allclose(length, lengths, rtol=0, atol=8e-4)
    np.testing.assert_allclose(-arms[:, 1], about_knee, rtol=0, atol=3e-3)


def torque(model, muscle, angle):
    """Change of the joint torques when one muscle contracts."""
    angle = np.array([angle])
    idle = np.zeros((1, model.n_muscles))
    active = idle.copy()
    active[0, model.muscle_names.index(muscle)] = 0.5
    by = [model.muscle_torque(angle, 0.0 * angle, a)[0] for a in (idle, active)]
    return np.sign((by[1] - by[0]).round(9)).tolist()


ACTIONS = {
    "TRIlong": [-1, -1], "TRIlat": [0, -1], "BIClong": [1, 1], "BRA": [0, 1],
    "glut_max2": [-1, 0, 0], "psoas": [1, 0, 0], "bifemlh": [-1, 1, 0], "rect_fem": [1, -1, 0],
    "bifemsh": [0, 1, 0], "vas_int": [0, -1, 0], "med_gas": [0, 1, -1], "soleus": [0, 0, -1],
    "tib_ant": [0, 0, 1],
}  # fmt: skip


@pytest.mark.parametrize("muscle", ACTIONS)
def test_muscle_turns_the_joints_that_it_should(muscle):
    model = arm() if muscle in ARM_MUSCLES else leg()
    assert torque(model, muscle, [0.2, 0.6, 0.0][: model.n_coordinates]) == ACTIONS[muscle]


@pytest.mark.parametrize("preset", [arm, leg])
def test_preset_stays_finite_over_its_range(preset):
    model = preset()
    p = model.parameters.as_dict()
    rng = np.random.default_rng(0)
    shape = 500, model.n_coordinates
    low, high = p["lower_limit"], p["upper_limit"]
    angle = low + (high - low) * rng.uniform(size=shape)
    velocity = rng.normal(0.0, 5.0, shape)
    activation = rng.uniform(size=(500, model.n_muscles))
    muscles, _ = model.muscle_state(angle, velocity, activation)
    assert np.isfinite(muscles.tendon_force).all()
    norm_length = muscles.fiber_length / p["optimal_fiber_length"]
    assert norm_length.max() < 1.8


@pytest.mark.parametrize("preset", [arm, leg])
def test_muscles_can_be_left_out(preset):
    some = preset().muscle_names[1:3]
    assert preset(some).muscle_names == some
    with pytest.raises(ValueError, match=r"Got \('deltoid',\)"):
        preset(["deltoid"])
