import numpy as np
import pytest

from sk_bionic.musculoskeletal import PRESETS, elbow, knee, lumped_joint, wrist
from sk_bionic.musculoskeletal.presets import with_observed_range

MUSCLES = {
    "elbow": ("biceps", "triceps"),
    "wrist": ("FCR", "FCU", "ECRL", "ECRB", "ECU"),
    "knee_seated": ("rectus_femoris", "biceps_femoris", "vastus_medialis", "semitendinosus"),
    "knee_standing": ("rectus_femoris", "biceps_femoris", "vastus_medialis", "semitendinosus"),
}
FLEXORS = {"biceps", "FCR", "FCU", "biceps_femoris", "semitendinosus"}


def torque(model, activation, angle):
    """Torque [N m] on a single joint at rest."""
    angle = np.array([[angle]])
    activation = np.array([activation])
    return -model.residual(angle, 0.0 * angle, 0.0 * angle, activation).item()


def test_presets_are_these_and_the_limbs():
    assert {*MUSCLES, "arm", "leg"} == set(PRESETS)


@pytest.mark.parametrize("name", MUSCLES)
def test_preset_has_its_muscles_and_its_name(name):
    model = PRESETS[name]()
    assert model.name == name
    assert model.muscle_names == model.channel_names == MUSCLES[name]
    assert model.n_coordinates == 1


@pytest.mark.parametrize("name", MUSCLES)
def test_flexors_flex_and_extensors_extend(name):
    model = PRESETS[name]()
    idle = [0.0] * model.n_muscles
    for m, muscle in enumerate(model.muscle_names):
        active = [0.5 if k == m else 0.0 for k in range(model.n_muscles)]
        change = torque(model, active, 0.6) - torque(model, idle, 0.6)
        assert np.sign(change) == (1 if muscle in FLEXORS else -1), muscle


@pytest.mark.parametrize(("preset", "muscle"), [(elbow, "triceps"), (wrist, "ECU")])
def test_muscles_can_be_left_out(preset, muscle):
    model, whole = preset([muscle]), preset()
    assert model.muscle_names == (muscle,)
    chosen = whole.muscle_names.index(muscle)
    value = model.parameters.as_dict()["max_isometric_force"]
    assert value == whole.parameters.as_dict()["max_isometric_force"][chosen]


@pytest.mark.parametrize("preset", [elbow, wrist, knee])
def test_unknown_muscle_is_refused_with_the_known_ones(preset):
    known = preset().muscle_names[0]
    with pytest.raises(ValueError, match=rf"{known}.*Got \('deltoid',\)"):
        preset(muscles=["deltoid"])
    with pytest.raises(ValueError, match=r"Got \(\)"):
        preset(muscles=[])


def test_unknown_posture_is_refused():
    with pytest.raises(ValueError, match=r"'seated' or 'standing'\. Got 'lying'"):
        knee("lying")


def test_gravity_acts_about_the_hanging_shank():
    """Seated, the shank hangs at 90 degrees of flexion; standing, when the knee is straight."""
    for model, hanging in ((knee("seated"), np.pi / 2), (knee("standing"), 0.0)):
        heavier = model.with_rows({("knee_flexion", "segment_mass"): {"value": 8.0}})
        idle = [0.0] * 4
        weight = [torque(heavier, idle, hanging + d) - torque(model, idle, hanging + d) for d in (-0.5, 0.0, 0.5)]
        assert weight[0] > 0 > weight[2]
        assert abs(weight[1]) < 1e-9


def test_lumped_joint_has_one_muscle_per_channel_whose_sign_is_open():
    model = lumped_joint(["emg_1", "emg_2", "emg_3"])
    assert model.muscle_names == model.channel_names == ("emg_1", "emg_2", "emg_3")
    arms = [row for row in model.parameters.rows if row.name == "moment_arm_scale"]
    assert all(row.free and row.lower == -row.upper < 0 for row in arms)


def test_every_channel_drives_every_lumped_coordinate_by_a_muscle_of_its_own():
    model = lumped_joint(["emg_1", "emg_2"], coordinates=("hip", "knee"))
    assert model.coordinate_names == ("hip", "knee")
    assert sorted(model.channel_names) == ["emg_1", "emg_1", "emg_2", "emg_2"]
    scale = {"moment_arm_scale": np.ones(model.n_muscles)}  # at 0, the centre of its prior, no moment arm is seen
    _, moment_arm = model.length_and_moment_arm(np.ones((1, 2)), model.parameters.as_dict() | scale)
    np.testing.assert_array_equal((moment_arm[0] != 0).sum(axis=0), 1)


def test_recorded_range_places_the_stops_of_limbs_that_rest_on_something():
    seated = with_observed_range(knee("seated"), [0.3], [1.5], [0.9])
    p = seated.parameters.as_dict()
    assert (p["lower_limit"], p["upper_limit"]) == (0.3, 1.5)
    assert p["joint_rest_angle"] == knee("seated").parameters.as_dict()["joint_rest_angle"]
    lumped = with_observed_range(lumped_joint(["emg"]), [0.3], [1.5], [0.9])
    assert lumped.parameters.as_dict()["joint_rest_angle"] == 0.9
    np.testing.assert_array_equal(
        with_observed_range(elbow(), [0.3], [1.5], [0.9]).parameters.value, elbow().parameters.value
    )
