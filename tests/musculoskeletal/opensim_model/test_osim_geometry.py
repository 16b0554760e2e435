"""Reference lengths computed with OpenSim 4.6 from the same text (`osim_text`)."""

import os
from pathlib import Path

import limb_text as limb
import numpy as np
import pytest
from osim_text import COUPLER, VERSION_3, VERSION_4

from sk_bionic.musculoskeletal.opensim_model.file import read_osim
from sk_bionic.musculoskeletal.opensim_model.geometry import (
    body_poses,
    coordinate_values,
    muscle_tendon_lengths,
)

COORDINATES = [
    "p1",
    "u1",
    "u2",
    "g1",
    "g2",
    "g3",
    "l1",
    "l2",
    "l3",
    "s1",
    "c1",
    "f1",
    "f2",
    "f3",
    "f4",
    "f5",
    "f6",
    "b1",
    "b2",
    "b3",
]
POSTURES = [
    [0.176, 0.268, -0.174, -0.228, 0.111, 0.244, 0.371, -0.28, -0.014, 0.316, -0.062]
    + [-0.38, 0.139, 0.335, 0.261, 0.308, 0.128, -0.204, 0.215, -0.231],
    [-0.239, 0.391, 0.207, -0.112, 0.113, -0.095, -0.095, 0.003, -0.387, -0.005, 0.377]
    + [0.199, -0.046, -0.233, 0.324, -0.387, -0.157, 0.399, -0.19, 0.279],
    [-0.9, 0.318, 0.096, -0.176, 0.257, 1.005, -0.904, -0.009, -1.287, 0.042, 0.5]
    + [-0.078, -0.651, 0.254, -0.41, -1.226, 0.078, 0.957, 1.252, 1.53],
]
MUSCLES = [*(f"to_{body}" for body in "abcdefghi"), "special"]
LENGTHS = [
    [0.26213593075345476, 0.5213262970059943, 0.7153004316000141, 0.8758678598633762]
    + [1.1691773251861726, 1.3380174989823752, 1.4761668896734583, 1.464691206429628]
    + [1.5040951930345992, 2.2849297725911772],
    [0.2513208069933313, 0.5044326056959397, 0.6985618796761411, 1.174016949688028]
    + [1.3022749219292378, 1.4518063629049016, 1.639595609036236, 2.2932219065782014]
    + [2.461598632036747, 2.9311947617280296],
    [0.23705540150869886, 0.40749675640130656, 0.6043925809524622, 2.0874788053084656]
    + [2.1683967449351886, 2.2220510210140487, 2.3381771482780063, 3.7339856928197874]
    + [3.9650089639215143, 4.7153250936462205],
]
ELBOW = {0.038: 0.6402469387148739, 0.359: 0.9163923123353671, -0.245: 0.6393170576632006}
OPENSIMS_MODELS = [
    (
        "gait10dof18musc",
        {"hip_flexion_r": 0.4, "knee_angle_r": -0.9, "ankle_angle_r": 0.15},
        {
            "hamstrings_r": 0.4150501215472155,
            "rect_fem_r": 0.4349388189949016,
            "vasti_r": 0.22188407928800705,
            "gastroc_r": 0.4385172246162618,
        },
    ),
    (
        "wrist",
        {"flexion": 0.6},
        {"FCR": 0.2761811944969786, "FCU": 0.27803722314810286, "APL": 0.1862134614768685},
    ),
]


@pytest.fixture
def read(tmp_path):
    """Read a model from its text."""

    def read(text):
        path = tmp_path / "model.osim"
        path.write_text(text)
        return read_osim(path)

    return read


def postures():
    return dict(zip(COORDINATES, np.array(POSTURES).T, strict=True))


class TestAgainstOpenSim:
    def test_every_joint_function_and_kind_of_point(self, read):
        """Joint after joint, the last muscle also with conditional and moving points."""
        lengths = muscle_tendon_lengths(read(VERSION_4), postures(), MUSCLES)
        np.testing.assert_allclose(lengths, LENGTHS, rtol=0, atol=1e-12)

    def test_version_3(self, read):
        angles = {"elbow_flexion": list(ELBOW)}
        lengths = muscle_tendon_lengths(read(VERSION_3), angles, ["biceps"])
        np.testing.assert_allclose(lengths[:, 0], list(ELBOW.values()), rtol=0, atol=1e-12)

    @pytest.mark.parametrize(("name", "coordinates", "expected"), OPENSIMS_MODELS)
    def test_models_of_opensim(self, name, coordinates, expected):
        beside = Path(__file__).resolve().parents[4] / "shared" / "data"
        path = Path(os.environ.get("SK_BIONIC_DATA") or beside) / "osim" / f"{name}.osim"
        if not path.exists():
            pytest.skip("no osim in SK_BIONIC_DATA")
        lengths = muscle_tendon_lengths(read_osim(path), coordinates, list(expected))
        np.testing.assert_allclose(lengths, list(expected.values()), rtol=0, atol=1e-9)


class TestGeometry:
    def test_poses_are_rigid(self, read):
        for pose in body_poses(read(VERSION_4), postures()).values():
            rotation = pose[..., :3, :3]
            identity = np.broadcast_to(np.eye(3), rotation.shape)
            np.testing.assert_allclose(rotation @ rotation.swapaxes(-1, -2), identity, atol=1e-14)
            np.testing.assert_allclose(np.linalg.det(rotation), 1)

    def test_postures_together_are_as_one_by_one(self, read):
        model = read(VERSION_4)
        together = muscle_tendon_lengths(model, postures(), MUSCLES)
        for row, values in zip(together, POSTURES, strict=True):
            one = dict(zip(COORDINATES, values, strict=True))
            alone = muscle_tendon_lengths(model, one, MUSCLES)
            assert alone.shape == (len(MUSCLES),)
            np.testing.assert_allclose(alone, row, atol=1e-15)

    def test_any_shape_that_broadcasts(self, read):
        values = {"p1": np.zeros((4, 1)), "c1": np.linspace(0, 1, 3)}
        lengths = muscle_tendon_lengths(read(VERSION_4), values, ["to_b", "to_f"])
        assert lengths.shape == (4, 3, 2)
        np.testing.assert_allclose(lengths, np.broadcast_to(lengths[:1], lengths.shape))

    def test_the_order_of_the_joints_does_not_matter(self, read):
        model = read(VERSION_4)
        turned = type(model)(**{**vars(model), "joints": dict(reversed(list(model.joints.items())))})
        np.testing.assert_array_equal(
            muscle_tendon_lengths(model, postures(), MUSCLES),
            muscle_tendon_lengths(turned, postures(), MUSCLES),
        )

    def test_a_conditional_point_counts_in_its_range_only(self, read):
        model = read(VERSION_4)
        # OpenSim 4.6 widens the range, 0.5 here, by 1e-5.
        at = np.array([0.5000099, 0.5000101])
        inside, outside = muscle_tendon_lengths(model, {"c1": at}, ["special"])[:, 0]
        assert inside - outside > 1e-2

    def test_the_ground_frame_may_be_the_child(self, read):
        flipped = VERSION_4.replace("<socket_parent_frame>ground_offset<", "<socket_parent_frame>#<").replace(
            "<socket_child_frame>a_offset<", "<socket_child_frame>ground_offset<"
        )
        flipped = flipped.replace("<socket_parent_frame>#<", "<socket_parent_frame>a_offset<")
        straight, turned = read(VERSION_4), read(flipped)
        forward = body_poses(straight, {"p1": 0.3})["a"]
        backward = body_poses(turned, {"p1": -0.3})["a"]
        np.testing.assert_allclose(forward, backward, atol=1e-15)


class TestCoordinates:
    def test_given_else_coupled_else_default(self, read):
        model = read(VERSION_4)
        assert coordinate_values(model, {"p1": 0.4})["c2"] == pytest.approx(0.3)
        assert coordinate_values(model, {"p1": 0.4, "c2": 0.7})["c2"] == 0.7
        assert coordinate_values(read(VERSION_3), {})["elbow_flexion"] == 0.5

    def test_a_coupler_may_be_scaled_or_switched_off(self, read):
        scaled = VERSION_4.replace("<scale_factor>1<", "<scale_factor>2<")
        assert coordinate_values(read(scaled), {"p1": 0.4})["c2"] == pytest.approx(0.6)
        free = VERSION_4.replace("<isEnforced>true<", "<isEnforced>false<")
        assert coordinate_values(read(free), {"p1": 0.4})["c2"] == 0.0

    def test_couplers_in_a_circle(self, read):
        back = COUPLER.replace(">p1<", ">#<").replace(">c2<", ">p1<").replace(">#<", ">c2<")
        model = read(VERSION_4.replace(COUPLER, COUPLER + back))
        with pytest.raises(ValueError, match=r"couplers of \['c2', 'p1'\] depend on one another"):
            coordinate_values(model, {})

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"knee": 0.1}, r"'chain' has no coordinates \['knee'\]. It has \['p1', 'u1'"),
            ({"p1": [0.0, np.nan]}, "Coordinate 'p1' must be finite. Got nan"),
        ],
    )
    def test_faulty_values(self, read, values, message):
        with pytest.raises(ValueError, match=message):
            body_poses(read(VERSION_4), values)


class TestWhatCannotBeMeasured:
    def test_wrapped_paths_name_the_extra(self, read):
        with pytest.raises(ValueError, match=r"\['wrapped'\].* wrap .*\"sk_bionic\[opensim\]\""):
            muscle_tendon_lengths(read(VERSION_4), {})

    def test_an_inactive_wrap_object_is_no_obstacle(self, read):
        model = read(VERSION_4.replace("<active>true", "<active>false"))
        assert muscle_tendon_lengths(model, {}).shape == (len(model.muscles),)

    def test_paths_of_another_class(self, read):
        model = read(VERSION_4.replace("GeometryPath", "NewPath"))
        with pytest.raises(ValueError, match=r"'to_a'.* are of the class NewPath.*sk_bionic\[opensim\]"):
            muscle_tendon_lengths(model, {})

    def test_unknown_muscles(self, read):
        with pytest.raises(ValueError, match=r"'chain' has no muscles \['soleus'\]"):
            muscle_tendon_lengths(read(VERSION_4), {}, ["soleus"])

    def test_bodies_without_way_to_the_ground(self, read):
        model = read(VERSION_4.replace("/ground<", "/bodyset/b<"))
        with pytest.raises(ValueError, match="No joints connect the body 'c' with the ground"):
            body_poses(model, {})["c"]

    def test_a_joint_that_cannot_be_read_is_named_where_its_bodies_are_asked_for(self, read):
        model = read(VERSION_4.replace("PlanarJoint", "LabJoint"))
        poses, whole = body_poses(model, {}), body_poses(read(VERSION_4), {})
        np.testing.assert_array_equal(poses["c"], whole["c"])
        with pytest.raises(ValueError, match="LabJoint 'planar': joints of the class LabJoint are not supported"):
            poses["d"]

    def test_loops(self, read):
        model = read(VERSION_4.replace("/bodyset/c</socket_parent>", "/bodyset/a</socket_parent>"))
        with pytest.raises(ValueError, match="closes a loop|with the ground"):
            body_poses(model, {})["c"]


class TestScapulae:
    """Poses of OpenSim 4.6, typed in: origin and third axis of the scapula."""

    ELLIPSOID = "<radii_x_y_z>0.1 0.2 0.15</radii_x_y_z>"
    THORAX = """<thoracic_ellipsoid_radii_x_y_z>0.1 0.2 0.15</thoracic_ellipsoid_radii_x_y_z>
      <scapula_winging_axis_origin>0.02 -0.03</scapula_winging_axis_origin>
      <scapula_winging_axis_direction>0.4</scapula_winging_axis_direction>"""

    @pytest.mark.parametrize(
        ("kind", "surface", "origin", "third"),
        [
            (
                "EllipsoidJoint",
                ELLIPSOID,
                (0.035179403, 0.102305486, 0.384011867),
                (-0.541129807, -0.255250965, 0.801264923),
            ),
            (
                "ScapulothoracicJoint",
                THORAX,
                (0.114458411, 0.088705304, 0.416207934),
                (0.180445675, 0.088996817, 0.979550369),
            ),
        ],
    )
    def test_they_glide_on_an_ellipsoid(self, read, kind, surface, origin, third):
        values = dict(zip(("abduction", "elevation", "upward", "winging"), (0.3, -0.5, 0.7, 0.2), strict=True))
        names = list(values)[: 3 if kind == "EllipsoidJoint" else 4]
        angles = "".join(limb.coordinate(name) for name in names)
        joint = limb.joint("scapular", "ground", "scapula", angles, "0.1 0.2 0.3", "0.3 -0.4 0.5", kind, surface)
        model = read(limb.document(bodies=limb.BODIES + limb.body("scapula"), joints=limb.JOINTS + joint))
        pose = body_poses(model, {name: values[name] for name in names})["scapula"]
        np.testing.assert_allclose(pose[:3, 3], origin, atol=2e-9)
        np.testing.assert_allclose(pose[:3, 2], third, atol=2e-9)
        assert {model.coordinates[name].motion_type for name in names} == {"rotational"}
