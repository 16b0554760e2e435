"""Coordinates as OpenSim 4.6 tells them: kinds of motion, and joints that give theirs one name."""

import numpy as np
import pytest

from sk_bionic.musculoskeletal.opensim_model import read_osim
from sk_bionic.musculoskeletal.opensim_model.geometry import body_poses

JOINT = """
<CustomJoint name="{name}">
  <socket_parent_frame>/ground</socket_parent_frame><socket_child_frame>/bodyset/{name}</socket_child_frame>
  <coordinates><Coordinate name="bend"/></coordinates>
  <SpatialTransform>
    <TransformAxis name="rotation1"><coordinates>bend</coordinates><axis>1 0 0</axis>
      <LinearFunction name="function"><coefficients>{rotation}</coefficients></LinearFunction></TransformAxis>
    <TransformAxis name="translation1"><coordinates>bend</coordinates><axis>1 0 0</axis>
      <LinearFunction name="function"><coefficients>{translation}</coefficients></LinearFunction></TransformAxis>
  </SpatialTransform>
</CustomJoint>"""
BODY = '<Body name="{name}"><mass>1</mass><inertia>1 1 1 0 0 0</inertia></Body>'


def model(folder, rotation="1 0", translation="0.5 0", n_joints=1):
    names = [f"part{i}" for i in range(n_joints)]
    bodies = "".join(BODY.format(name=name) for name in names)
    joints = "".join(JOINT.format(name=name, rotation=rotation, translation=translation) for name in names)
    text = (
        '<OpenSimDocument Version="40000"><Model name="m">'
        f'<BodySet name="bodyset"><objects>{bodies}</objects></BodySet>'
        f'<JointSet name="jointset"><objects>{joints}</objects></JointSet></Model></OpenSimDocument>'
    )
    (folder / "m.osim").write_text(text)
    return read_osim(folder / "m.osim")


@pytest.mark.parametrize(
    ("rotation", "translation", "kind"),
    [
        ("1 0", "0.5 0", "rotational"),
        ("-1 -0.07", "0.5 0", "rotational"),
        ("2 0", "0.5 0", "coupled"),
        ("2 0", "1 0.3", "translational"),
        ("1 0", "1 0", "translational"),
    ],
)
def test_the_kind_of_motion(tmp_path, rotation, translation, kind):
    assert model(tmp_path, rotation, translation).coordinates["bend"].motion_type == kind


def test_coordinates_of_one_name_are_numbered(tmp_path):
    found = model(tmp_path, n_joints=3)
    assert list(found.coordinates) == ["bend", "bend (2)", "bend (3)"]
    assert [coordinate.joint for coordinate in found.coordinates.values()] == ["part0", "part1", "part2"]


def test_an_axis_without_a_function_does_not_move(tmp_path):
    turning = '<LinearFunction name="function"><coefficients>1 0</coefficients></LinearFunction>'
    text = JOINT.format(name="part0", rotation="1 0", translation="0 0").replace(turning, "")
    model(tmp_path)
    whole = (tmp_path / "m.osim").read_text()
    start, end = whole.index("<CustomJoint"), whole.index("</CustomJoint>") + len("</CustomJoint>")
    (tmp_path / "m.osim").write_text(whole[:start] + text + whole[end:])
    read = read_osim(tmp_path / "m.osim")
    assert read.coordinates["bend"].motion_type == "coupled"
    np.testing.assert_array_equal(body_poses(read, {"bend": np.array(0.5)})["part0"], np.eye(4))


def test_joints_that_name_no_coordinates_have_those_of_their_class(tmp_path):
    model(tmp_path, n_joints=2)
    text = (tmp_path / "m.osim").read_text()
    for name in ("part0", "part1"):
        child = f"<socket_child_frame>/bodyset/{name}</socket_child_frame>"
        sockets = f"<socket_parent_frame>/ground</socket_parent_frame>{child}"
        start = text.index(f'<CustomJoint name="{name}">')
        end = text.index("</CustomJoint>", start) + len("</CustomJoint>")
        text = text[:start] + f'<PinJoint name="{name}">{sockets}</PinJoint>' + text[end:]
    (tmp_path / "m.osim").write_text(text)
    read = read_osim(tmp_path / "m.osim")
    assert list(read.coordinates) == ["_coord_0", "_coord_0 (2)"]  # OpenSim 4.6 has two coordinates "_coord_0"
    assert {c.motion_type for c in read.coordinates.values()} == {"rotational"}
    assert not any(joint.fault for joint in read.joints.values())
