import os
import random
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from osim_text import CUSTOM, VERSION_3, VERSION_4

from sk_bionic.musculoskeletal.opensim_model.file import read_osim
from sk_bionic.musculoskeletal.opensim_model.functions import (
    Constant,
    Linear,
    PiecewiseLinear,
    SimmSpline,
)

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))
from _mutations import mutate

STEP = "<start_time>0</start_time><end_time>2</end_time><start_value>1</start_value><end_value>3</end_value>"


@pytest.fixture
def read(tmp_path):
    """Read a model from its text."""

    def read(text):
        path = tmp_path / "arm.osim"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_osim(path)

    return read


@pytest.fixture(scope="module")
def models():
    """Folder with OpenSim's models; skips where there is none."""
    beside = Path(__file__).resolve().parents[4] / "shared" / "data"
    folder = Path(os.environ.get("SK_BIONIC_DATA") or beside) / "osim"
    return folder if folder.is_dir() else pytest.skip("no osim in SK_BIONIC_DATA")


class TestVersion4:
    def test_bodies_and_joints(self, read):
        model = read(VERSION_4)
        assert (model.name, model.version, model.gravity) == ("chain", 40000, (0, -9.81, 0))
        body = model.bodies["c"]
        assert body.mass == 2 and body.mass_center == (0.1, 0, 0) and body.inertia[1] == 0.2
        joint = model.joints["pin"]
        assert joint.class_name == "PinJoint" and joint.coordinates == ("p1",)
        assert joint.parent.body == "ground" and joint.child.body == "a"
        assert joint.parent.offsets == (((0.1, -0.2, 0.05), (0.3, -0.4, 0.5)),)
        assert model.joints["weld"].coordinates == ()

    def test_coordinates_tell_how_they_move(self, read):
        model = read(VERSION_4)
        assert model.coordinates["p1"].range == (-2, 2)
        others = {"l2", "l3", "s1", "c2", "f4", "f5", "f6"}
        rotational = {c.name for c in model.coordinates.values() if c.motion_type == "rotational"}
        assert rotational == set(model.coordinates) - others
        assert model.coordinates["s1"].motion_type == "translational"
        assert model.coordinates["c2"].motion_type == "coupled"
        (coupler,) = model.couplers
        assert (coupler.dependent, coupler.independent) == ("c2", ("p1",))
        assert coupler.function == Linear((0.5, 0.1))

    def test_muscles_points_and_wraps(self, read):
        model = read(VERSION_4)
        special = model.muscles["special"]
        assert special.class_name == "Millard2012EquilibriumMuscle"
        named = ("max_isometric_force", "optimal_fiber_length", "tendon_slack_length")
        assert [special.parameters[name] for name in named] == [500, 0.1, 0.2]
        assert special.parameters["pennation_angle_at_optimal"] == 0.15
        kinds = [type(point).__name__ for point in special.points]
        assert kinds == ["PathPoint"] * 2 + ["ConditionalPathPoint", "MovingPathPoint", "PathPoint"]
        assert special.points[2].coordinate == "c1" and special.points[2].range == (-0.5, 0.5)
        assert special.points[3].functions[2] == Linear((0.1, 0.02))
        assert special.points[1].frame == model.joints["pin"].child
        assert special.points[4].frame.body == "h" and len(special.points[4].frame.offsets) == 1
        wrapped = model.muscles["wrapped"]
        assert wrapped.wraps == ("cylinder",) and not wrapped.applies_force
        cylinder = model.wrap_objects["cylinder"]
        assert (cylinder.class_name, cylinder.body) == ("WrapCylinder", "a")
        assert cylinder.used_by == ("wrapped",) and cylinder.active

    def test_what_a_muscle_leaves_out_comes_from_the_defaults(self, read):
        muscles = read(VERSION_4).muscles
        assert muscles["to_a"].parameters["max_contraction_velocity"] == 12  # <defaults> of its class
        assert muscles["special"].parameters["max_contraction_velocity"] == 10  # OpenSim's own

    def test_functions(self, read):
        axes = read(VERSION_4).joints["custom"].axes
        assert axes[2].function == Linear((0.2, -0.3, 0.1)) and axes[2].coordinates == ("c1", "c2")
        assert isinstance(axes[3].function, SimmSpline)
        assert axes[4].function.scale == 0.7
        assert axes[5].function == PiecewiseLinear((-1, 0, 1), (0.1, 0, 0.3))


class TestVersion3:
    def test_bodies_own_their_joints(self, read):
        model = read(VERSION_3)
        assert model.version == 30000 and list(model.bodies) == ["humerus", "ulna"]
        assert model.bodies["humerus"].inertia == (0.01, 0.002, 0.01, 0, 0, 0)
        elbow = model.joints["elbow"]
        assert (elbow.parent.body, elbow.child.body) == ("humerus", "ulna")
        # OpenSim 4 keeps six digits of what it upgrades.
        assert elbow.parent.offsets == (((0.0061, -0.2904, -0.0123), (0.1, 0, 0)),)
        assert elbow.axes[1].function == Constant(0.0)
        coordinate = model.coordinates["elbow_flexion"]
        assert coordinate.default_value == 0.5 and coordinate.clamped and not coordinate.locked
        assert coordinate.motion_type == "rotational"

    def test_muscle(self, read):
        muscle = read(VERSION_3).muscles["biceps"]
        assert muscle.class_name == "Schutte1993Muscle_Deprecated" and not muscle.applies_force
        assert [point.frame.body for point in muscle.points] == ["ground", "humerus", "ulna"]
        assert muscle.points[1].range == (0.2, 2.6)

    @pytest.mark.parametrize("version", ["10901", "20302", "30000"])
    def test_older_versions_have_other_tags(self, read, version):
        text = VERSION_3.replace("30000", version)
        if version < "30000":
            for new, old in (("ConditionalPathPoint", "MuscleViaPoint"), ("PathPointSet", "MusclePointSet"),
            ("ForceSet", "ActuatorSet"),
                             ("<PathPoint", "<MusclePoint"), ("/PathPoint", "/MusclePoint"),
                             ("pennation_angle_at_optimal", "pennation_angle"),
                             ("Schutte1993Muscle_Deprecated", "Schutte1993Muscle")):  # fmt: skip
                text = text.replace(new, old)
        old, new = read(text).muscles["biceps"], read(VERSION_3).muscles["biceps"]
        assert old == new and not new.fault and len(new.points) == 3

    def test_axes_left_out_are_still_and_empty_functions_are_the_coordinate(self, read):
        named = "<function><LinearFunction>\n            <coefficients>1 0</coefficients></LinearFunction></function>"
        assert named in VERSION_3
        bare = re.sub(
            '<TransformAxis name="translation2">.*?</TransformAxis>',
            "",
            VERSION_3.replace(named, "<function/>"),
            flags=re.S,
        )
        old, new = read(VERSION_3).joints["elbow"], read(bare).joints["elbow"]
        assert new.axes[0] == old.axes[0] and new.axes[4].function == Constant(0.0) and not new.fault


class TestOtherForms:
    def test_connectors_of_the_first_versions_of_opensim_4(self, read):
        socket = r"<socket_(parent|child)_frame>(.*?)</socket_\1_frame>"
        connector = (
            r'<Connector_PhysicalFrame_ name="\1_frame"><connectee_name>\2</connectee_name></Connector_PhysicalFrame_>'
        )
        joints = re.sub(
            rf"{socket}\s*{socket.replace('1', '3')}",
            lambda m: f"<connectors>{re.sub(socket, connector, m[0])}</connectors>",
            VERSION_4,
        )
        assert "connectee_name" in joints
        assert read(joints).joints == read(VERSION_4).joints
        named = VERSION_4.replace("socket_parent_frame>", "socket_parent_frame_connectee_name>")
        assert read(named).muscles == read(VERSION_4).muscles

    def test_values_left_out_are_opensim_s_defaults(self, read):
        text = VERSION_4.replace("<max_isometric_force>500</max_isometric_force>", "").replace(
            "<optimal_fiber_length>0.1</optimal_fiber_length>", ""
        )
        muscle = read(text).muscles["to_b"].parameters
        assert (muscle["max_isometric_force"], muscle["optimal_fiber_length"]) == (1000.0, 0.1)

    def test_tags_with_colons_and_names_in_another_encoding(self, read):
        odd = "<HuntCrossleyForce name='h'><HuntCrossleyForce::ContactParametersSet name='p'/></HuntCrossleyForce>"
        text = VERSION_4.replace("<ForceSet><objects>", f"<ForceSet><objects>{odd}").replace(
            '<Model name="chain">', '<Model name="chain"><credits>Pérez</credits>'
        )
        assert read(text.encode("latin-1")).muscles == read(VERSION_4).muscles

    def test_nameless_functions(self, read):
        assert read(VERSION_4.replace(' name="function"', "")).joints == read(VERSION_4).joints


class TestFunctions:
    def test_multivariate_polynomials_are_in_opensim_s_order(self, read):
        powers = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0)]  # 1, y, y2, x, x y, x2
        function = self.of(read, "<MultivariatePolynomialFunction "
        "name='length_function'><dimension>2</dimension><order>2</order>"
                           "<coefficients>0.4 0.01 0.02 0.03 0.04 "
                           "0.05</coefficients></MultivariatePolynomialFunction>")  # fmt: skip
        assert function.length.exponents == tuple(powers)
        assert function.length(0.5, 2.0) == pytest.approx(0.4 + 0.02 + 0.08 + 0.015 + 0.04 + 0.0125)
        assert function.coordinates == ("c1", "p1") and function.moment_arms == ()

    @pytest.mark.parametrize(
        ("kind", "inside", "at", "value"),
        [
            ("Sine", "<amplitude>2</amplitude><omega>3</omega><phase>0.1</phase><offset>1</offset>", 0.4,
            1 + 2 * np.sin(1.3)),
            ("StepFunction", STEP, 1.0, 2.0),
            ("PiecewiseConstantFunction", "<x>0 1 2</x><y>5 6 7</y>", 1.5, 6.0),
            ("GCVSpline", "<half_order>3</half_order><x>0 1 2 3 4 5</x><y>0 1 4 9 16 25</y>", 2.0, 4.0),
        ],
    )  # fmt: skip
    def test_functions_of_one_coordinate(self, read, kind, inside, at, value):
        text = VERSION_4.replace(
            "<LinearFunction><coefficients>0.5 0.1</coefficients>\n    </LinearFunction>", f"<{kind}>{inside}</{kind}>"
        )
        assert read(text).couplers[0].function(at) == pytest.approx(value)

    def of(self, read, function):
        path = (
            "<FunctionBasedPath name='path'><coordinate_paths>/jointset/custom/c1 "
            f"/jointset/pin/p1</coordinate_paths>{function}</FunctionBasedPath>"
        )
        muscle = f"<Thelen2003Muscle name='functional'>{path}</Thelen2003Muscle>"
        return (
            read(VERSION_4.replace("<ForceSet><objects>", f"<ForceSet><objects>{muscle}"))
            .muscles["functional"]
            .function
        )


class TestSpline:
    x, y = (-1.0, -0.3, 0.2, 0.9, 1.4), (0.02, -0.01, 0.03, 0.05, 0.01)

    def test_it_passes_through_its_points_and_is_smooth(self):
        spline = SimmSpline(self.x, self.y)
        np.testing.assert_allclose(spline(np.array(self.x)), self.y, atol=1e-16)
        step = 1e-4
        at = np.linspace(-1.5, 2, 5001)
        slope = (spline(at + step) - spline(at - step)) / (2 * step)
        assert np.abs(np.diff(slope)).max() < 2e-3  # no kink, not even at the ends

    def test_straight_beyond_the_ends(self):
        spline = SimmSpline(self.x, self.y)
        for outside in (np.array([-3.0, -2, -1]), np.array([1.4, 2, 2.6])):
            np.testing.assert_allclose(np.diff(spline(outside), 2), 0, atol=1e-15)

    def test_a_cubic_is_reproduced(self):
        x = np.array([-1.0, 0.1, 0.5, 1.2])
        spline = SimmSpline(tuple(x), tuple(np.polyval([2, -1, 0.5, 3], x)))
        inside = np.linspace(-1, 1.2, 50)
        np.testing.assert_allclose(spline(inside), np.polyval([2, -1, 0.5, 3], inside))

    def test_two_points_make_a_line(self):
        assert SimmSpline((0.0, 1.0), (1.0, 3.0))(np.array([-1, 0.5, 2])).tolist() == [-1, 2, 5]


BOMB = """<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]>
<OpenSimDocument Version="40000"><Model name="&c;"/></OpenSimDocument>"""


class TestDamage:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "arm.osim: no valid XML: no element found"),
            ("<a", "arm.osim: no valid XML: unclosed token: line 1, column 0"),
            (VERSION_4[:2000], "no valid XML: .* line"),
            (bytes(range(256)), "arm.osim: no valid XML"),
            (BOMB, "arm.osim: a DOCTYPE"),
            (BOMB.encode("utf-16"), "arm.osim: "),
            ("<a>" * 300, "more than 200 elements"),
            ("<Model/>", "the root must be OpenSimDocument. Got 'Model'"),
            ('<OpenSimDocument Version="40000"/>', "holds no <Model>"),
            (VERSION_4.replace("40000", "10900"), "10901 to 49999.*Got '10900'.* OpenSim 4"),
            (VERSION_4.replace("40000", ""), "10901 to 49999.*Got ''"),
            (VERSION_4.replace("BodySet", "Corpses"), "Model 'chain': the model has no bodies"),
        ],
    )
    def test_no_model(self, read, text, message):
        with pytest.raises(ValueError, match=message):
            read(text)

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("<mass>2<", "<mass>two<", r"Body 'a': <mass> must hold 1 number.* Got 'two'"),
            ("<mass>2<", "<mass>nan<", r"Body 'a': <mass> must hold 1 number.* Got 'nan'"),
            ("0.1 0 0<", "0.1 0<", r"Body 'a': <mass_center> must hold 3 number.* Got '0.1 0'"),
            ('Body name="b"', 'Body name="a"', "Body 'a': there are two bodies"),
            ("PinJoint", "LabJoint", "LabJoint 'pin': .* LabJoint are not supp"),
            ('"universal"', '"pin"', "there are two joints 'pin'"),
            ('"u1"', '"p1"', "there are two coordinates 'p1'"),
            ('<Coordinate name="s1">', "<Coo>", "arm.osim: no valid XML"),
            ("/bodyset/c<", "/bodyset/x<", "there is no body or frame '/bodyset/x'"),
            (">p1<", ">x1<", "constraint CoordinateCouplerConstraint 'coupler'"),
            (">c1 c2<", ">c1 p1<", r"CustomJoint 'custom': rotation3 depends on \['p1'\]"),
            ("<axis>0 0 1<", "<axis>0 0 0<", "'custom': the axis of rotation1 is zero"),
            (CUSTOM, "", "CustomJoint 'custom': <SpatialTransform> is missing"),
            ("PolynomialFunction", "Cosine", "the function Cosine is not supported"),
            ("<x>0 0.5 1<", "<x>0 1 0.5<", "the x of SimmSpline must increase"),
            ("<y>0 0.1 0.05<", "<y>0 0.1<", "needs two points or more. Got 3 x, 2 y"),
            ("0.2 -0.3 0.1<", "0.2 0.1<", "'rotation3', .*: 2 coordinates need 3 <coefficients>"),
            (">500<", ">-5<", "Thelen2003Muscle 'to_a': <max_isometric_force> must be positive"),
            ("GeometryPath", "Way", "Thelen2003Muscle 'to_a': there is no <GeometryPath>"),
            ("/jointset/custom/c1<", "/jointset/custom/q<", "no coordinate '/jointset/custom/q'"),
            ("MovingPathPoint", "FlyingPathPoint", "class FlyingPathPoint are not supported"),
            ("<appliesForce>false", "<appliesForce>no", "'wrapped': <appliesForce> must be true"),
            (
                "<socket_parent>..<",
                "<socket_parent>inner<",
                "PhysicalOffsetFrame 'inner': the frame '/bodyset/h/inner' is fixed to itself",
            ),
        ],
    )
    def test_the_element_is_named(self, read, old, new, message):
        try:
            model = read(VERSION_4.replace(old, new))
        except ValueError as error:
            told = [str(error)]
        else:  # what nothing may ask for is told when it is
            told = [*model.faults, *model.notes, *(f"{other.kind} {other}" for other in model.others)]
        assert any(re.search(message, line) for line in told), told

    @pytest.mark.parametrize("text", [VERSION_3, VERSION_4])
    def test_any_damage_gives_a_model_or_a_value_error(self, read, text):
        answers = set()
        for i in range(150):
            damaged = mutate(text.encode(), random.Random(i), is_text=True)
            try:
                answers.add(type(read(damaged)).__name__)
            except ValueError as error:
                answers.add("ValueError")
                assert str(error).startswith("arm.osim")
        assert answers == {"OsimModel", "ValueError"}

    def test_missing_file(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            read_osim(tmp_path / "arm.osim")


class TestOpenSimsModels:
    def test_arm26(self, models):
        model = read_osim(models / "arm26.osim")
        assert [(c.name, c.motion_type) for c in model.coordinates.values()] == [
            ("r_shoulder_elev", "rotational"),
            ("r_elbow_flex", "rotational"),
        ]
        assert list(model.muscles) == ["TRIlong", "TRIlat", "TRImed", "BIClong", "BICshort", "BRA"]
        assert model.muscles["BIClong"].parameters["max_isometric_force"] == 624.3

    @pytest.mark.parametrize(
        ("name", "muscles", "coordinates", "wrapped"),
        [
            ("2D_gait_degroote", 18, 10, 0),
            ("Rajagopal2016", 80, 39, 42),
            ("Tug_of_War_Millard", 2, 1, 0),
            ("gait10dof18musc", 18, 10, 0),
            ("leg6dof9musc", 9, 7, 0),
            ("subject_walk_armless_18musc", 18, 25, 14),
            ("wrist", 25, 14, 0),
        ],
    )
    def test_counts(self, models, name, muscles, coordinates, wrapped):
        model = read_osim(models / f"{name}.osim")
        assert len(model.muscles) == muscles and len(model.coordinates) == coordinates
        assert sum(bool(muscle.wraps) for muscle in model.muscles.values()) == wrapped
