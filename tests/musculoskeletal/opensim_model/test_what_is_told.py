"""What a file says beyond muscles on hinges is followed, refused by name or told: only of what was asked for."""

import sys
import warnings

import limb_text as limb
import numpy as np
import pandas as pd
import pytest

from sk_bionic import predict_muscle_forces
from sk_bionic.musculoskeletal import from_osim, read_osim, save_paths
from sk_bionic.musculoskeletal.opensim_model.wrapping import paths_only

FLEXOR = [(limb.UPPER, "0.03 -0.1 0"), (limb.LOWER, "0.02 -0.04 0")]
STRAIGHT = limb.muscle("flexor", FLEXOR)
STRAP = """<PathPointSet><objects>
  <PathPoint name="a"><socket_parent_frame>/bodyset/{}</socket_parent_frame><location>0.03 -0.2 0</location></PathPoint>
  <PathPoint name="b"><socket_parent_frame>/bodyset/{}</socket_parent_frame><location>0.03 -0.05 0</location>
  </PathPoint>
  </objects></PathPointSet>"""
FORCES = {
    "BushingForce": "<socket_frame1>/bodyset/upper</socket_frame1><socket_frame2>/bodyset/lower</socket_frame2>",
    "ExpressionBasedBushingForce": "<frames><PhysicalOffsetFrame name='f'><socket_parent>/bodyset/lower</socket_parent>"
    "</PhysicalOffsetFrame></frames><socket_frame1>/bodyset/upper</socket_frame1><socket_frame2>f</socket_frame2>",
    "Ligament": "<GeometryPath "
    f"name='path'>{STRAP.format('upper', 'lower')}</GeometryPath><resting_length>0.1</resting_length>",
    "Blankevoort1991Ligament": f"<GeometryPath name='path'>{STRAP.format('upper', 'lower')}</GeometryPath>",
    "PathSpring": f"<GeometryPath name='path'>{STRAP.format('upper', 'hand')}</GeometryPath><stiffness>5</stiffness>",
    "PointToPointSpring": "<socket_body1>/ground</socket_body1><socket_body2>/bodyset/lower</socket_body2>",
    "TorsionSpringOfALab": "<coordinate>elbow_angle</coordinate><stiffness>3</stiffness>",
    "HuntCrossleyForce": "<HuntCrossleyForce::ContactParametersSet "
    "name='p'><objects><HuntCrossleyForce::ContactParameters>"
    "<geometry>ball "
    "floor</geometry></HuntCrossleyForce::ContactParameters></objects></HuntCrossleyForce::ContactParametersSet>",
}  # fmt: skip
CONTACT = """<ContactGeometrySet><objects><ContactSphere name="ball"><socket_frame>/bodyset/hand</socket_frame>
  </ContactSphere>
  <ContactHalfSpace name="floor"><socket_frame>/ground</socket_frame></ContactHalfSpace></objects>
  </ContactGeometrySet>"""
CONSTRAINTS = {
    "PointConstraint": "<socket_body_1>/bodyset/lower</socket_body_1><socket_body_2>/bodyset/upper</socket_body_2>",
    "WeldConstraint": "<socket_frame1>/bodyset/hand</socket_frame1><socket_frame2>/ground</socket_frame2>",
    "ConstantDistanceConstraint": "<body_1>upper</body_1><body_2>lower</body_2>",
    "CoordinateCouplerConstraint": "<coupled_coordinates_function><SplineOfALab/></coupled_coordinates_function>"
    "<independent_coordinate_names>elbow_angle</independent_coordinate_names><dependent_coordinate_name>wrist_angle</dependent_coordinate_name>",
}  # fmt: skip


def constrained(kind, inside, enforced="true"):
    whole = (
        f"<ConstraintSet><objects><{kind} "
        f"name='tie'>{inside}<isEnforced>{enforced}</isEnforced></{kind}></objects></ConstraintSet>"
    )
    return limb.document(muscles=STRAIGHT).replace("<ForceSet>", f"{whole}<ForceSet>")


@pytest.fixture
def model_of(tmp_path):
    """Model of a text, with all warnings in one text."""

    def make(text, coordinates="elbow_angle", *args, **options):
        path = tmp_path / "limb.osim"
        path.write_text(text)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            model = from_osim(path, coordinates, *args, **options)
        return model, " | ".join(str(w.message) for w in told)

    return make


def length_and_arm(model, angle):
    q = np.array([[angle]])
    length, arm = model.length_and_moment_arm(q)
    return float(length[0, 0]), float(arm[0, 0, 0])


def functional(name, coordinates, functions):
    paths = " ".join(f"/jointset/x/{c}" for c in coordinates)
    return limb.muscle(name, FLEXOR).split("<GeometryPath")[0] + (
        f"<FunctionBasedPath name='path'><coordinate_paths>{paths}</coordinate_paths>{functions}</FunctionBasedPath>"
        "<max_isometric_force>500</max_isometric_force><optimal_fiber_length>0.1</optimal_fiber_length>"
        "<tendon_slack_length>0.2</tendon_slack_length></DeGrooteFregly2016Muscle>"
    )


def polynomial(dimension, order, coefficients, name="length_function"):
    return (
        f"<MultivariatePolynomialFunction name='{name}'><dimension>{dimension}</dimension><order>{order}</order>"
        f"<coefficients>{coefficients}</coefficients></MultivariatePolynomialFunction>"
    )


class TestForces:
    @pytest.mark.parametrize("kind", FORCES)
    def test_what_acts_on_the_angle_is_named(self, model_of, kind):
        force = f"<{kind} name='extra'>{FORCES[kind]}</{kind}>"
        text = limb.document(muscles=STRAIGHT, more=force).replace("<ForceSet>", f"{CONTACT}<ForceSet>")
        model, told = model_of(text)
        assert model.muscle_names == ("flexor",)
        assert f"limb.osim, 'limb': forces are left out: {kind} 'extra'" in told
        off = force.replace("name='extra'>", "name='extra'><appliesForce>false</appliesForce>")
        assert not model_of(text.replace(force, off))[1]

    def test_what_acts_elsewhere_is_not(self, model_of):
        elsewhere = FORCES["BushingForce"].replace("lower", "ground_").replace("/bodyset/ground_", "/ground")
        assert not model_of(limb.document(muscles=STRAIGHT, more=f"<BushingForce name='b'>{elsewhere}</BushingForce>"))[
            1
        ]

    def test_actuators_are_told_apart(self, model_of):
        actuator = "<CoordinateActuator name='reserve'><coordinate>elbow_angle</coordinate></CoordinateActuator>"
        assert (
            "nothing drives them here: CoordinateActuator 'reserve'"
            in model_of(limb.document(muscles=STRAIGHT, more=actuator))[1]
        )

    def test_limits_that_a_joint_has_no_place_for(self, model_of):
        limit = """<CoordinateLimitForce name="stop"><coordinate>elbow_angle</coordinate>
  <upper_stiffness>2</upper_stiffness>
          <lower_stiffness>3</lower_stiffness><upper_limit>90</upper_limit><lower_limit>10</lower_limit><damping>0.1</damping></CoordinateLimitForce>"""
        told = model_of(limb.document(muscles=STRAIGHT, more=limit))[1]
        assert (
            "CoordinateLimitForce 'stop': lower_stiffness and upper_stiffness are averaged and damping is left out"
            in told
        )

    def test_controllers_and_units(self, model_of):
        controller = (
            "<ControllerSet><objects><PrescribedController "
            "name='c'><actuator_list>{}</actuator_list></PrescribedController></objects></ControllerSet><ForceSet>"
        )
        text = limb.document(muscles=STRAIGHT)
        assert (
            "controllers of these muscles are left out: PrescribedController 'c'"
            in model_of(text.replace("<ForceSet>", controller.format("flexor")))[1]
        )
        assert not model_of(text.replace("<ForceSet>", controller.format("reserve")))[1]
        assert (
            "length_units millimeters is not looked at"
            in model_of(text.replace("<BodySet>", "<length_units>millimeters</length_units><BodySet>"))[1]
        )

    def test_a_wrap_object_in_a_frame(self, tmp_path):
        frame = (
            "<PhysicalOffsetFrame "
            f"name='plate'><socket_parent>/bodyset/lower</socket_parent>{CYLINDER.format(0.03)}</PhysicalOffsetFrame>"
        )
        text = limb.document(muscles=limb.muscle("wrapped", OVER_ROLL, wraps=WRAP)).replace(
            "<ForceSet>", f"<components>{frame}</components><ForceSet>"
        )
        (tmp_path / "limb.osim").write_text(text)
        assert read_osim(tmp_path / "limb.osim").wrap_objects["roll"].body == "lower"


class TestConstraints:
    @pytest.mark.parametrize("kind", CONSTRAINTS)
    def test_what_ties_the_angle_is_refused_by_name(self, model_of, kind):
        with pytest.raises(
            ValueError, match=rf"limb.osim: the constraint {kind} 'tie' of 'limb' ties what 'elbow_angle' moves"
        ):
            model_of(constrained(kind, CONSTRAINTS[kind]))
        assert not model_of(constrained(kind, CONSTRAINTS[kind], "false"))[1]

    def test_what_ties_other_bodies_is_not(self, model_of):
        between = "<socket_frame1>/bodyset/upper</socket_frame1><socket_frame2>/ground</socket_frame2>"
        model, told = model_of(constrained("WeldConstraint", between))
        assert model.muscle_names == ("flexor",)
        assert "constraints between other bodies are not solved" in told and "WeldConstraint 'tie'" in told


class TestCoordinates:
    def test_a_locked_or_prescribed_angle_moves_here(self, model_of):
        function = '<Constant name="prescribed_function"><value>0.5</value></Constant>'
        state = f"<locked>true</locked><prescribed>true</prescribed>{function}"
        text = limb.document(muscles=STRAIGHT).replace(
            '<Coordinate name="elbow_angle">', f'<Coordinate name="elbow_angle">{state}'
        )
        assert "Coordinate 'elbow_angle' is locked and prescribed in the file; here it moves" in model_of(text)[1]

    def test_a_prescribed_value_is_the_posture(self, model_of):
        text = limb.document(muscles=STRAIGHT)
        wrist = '<Coordinate name="wrist_angle">'
        constant = '<prescribed>true</prescribed><Constant name="prescribed_function"><value>0.9</value></Constant>'
        given, _ = model_of(text, posture={"wrist_angle": 0.9})
        prescribed, told = model_of(text.replace(wrist, wrist + constant))
        inertia = [m.parameters.as_dict()["moment_of_inertia"].item() for m in (given, prescribed)]
        assert inertia[0] == pytest.approx(inertia[1], rel=1e-12) and not told
        moving = (
            '<prescribed>true</prescribed><LinearFunction name="prescribed_function"><coefficients>1 '
            "0.9</coefficients></LinearFunction>"
        )
        assert (
            "'wrist_angle' has a prescribed_function of time; it is held at its value at 0 s, 0.9"
            in model_of(text.replace(wrist, wrist + moving))[1]
        )

    def test_bodies_and_joints_among_the_components(self, model_of):
        text = limb.document(muscles=STRAIGHT)
        hand = limb.body("hand", 0.4, "0.02 -0.05 0.01")
        wrist = text[text.index('<PinJoint name="wrist"') : text.index("</objects></JointSet>")]
        assert hand in text
        loose = (
            text.replace(hand, "")
            .replace(wrist, "")
            .replace("<ForceSet>", f"<components>{hand}{wrist}</components><ForceSet>")
        )
        whole, moved = (model_of(given)[0].parameters.as_dict()["moment_of_inertia"].item() for given in (text, loose))
        assert moved == pytest.approx(whole, rel=1e-12)

    def test_a_joint_of_an_unknown_class(self, model_of):
        text = limb.document(muscles=STRAIGHT)
        with pytest.raises(ValueError, match="LabJoint 'wrist': joints of the class LabJoint are not supported"):
            model_of(
                text.replace('<PinJoint name="wrist"', '<LabJoint name="wrist"').replace(
                    "</PinJoint></objects></JointSet>", "</LabJoint></objects></JointSet>"
                ),
                skeleton=True,
            )
        beside = limb.joint("other", "ground", "scapula", "", kind="LabJoint")
        apart = limb.document(bodies=limb.BODIES + limb.body("scapula"), joints=limb.JOINTS + beside, muscles=STRAIGHT)
        assert model_of(apart)[0].muscle_names == ("flexor",)


class TestMuscles:
    def test_disabled_muscles(self, model_of):
        off = limb.muscle("idle", FLEXOR, more="<appliesForce>false</appliesForce>")
        model, told = model_of(limb.document(muscles=STRAIGHT + off))
        assert model.muscle_names == ("flexor",) and "idle do not apply force in the file" in told
        model, told = model_of(limb.document(muscles=STRAIGHT + off), "elbow_angle", ["idle"])
        assert model.muscle_names == ("idle",) and "asked for by name, they do here" in told
        with pytest.raises(ValueError, match=r"applies force \(\['idle'\] do not\)"):
            model_of(limb.document(muscles=off))

    def test_a_faulty_muscle_matters_where_it_is_needed(self, model_of):
        faulty = limb.muscle("faulty", FLEXOR).replace("<optimal_fiber_length>0.12", "<optimal_fiber_length>none")
        with pytest.raises(
            ValueError, match="'faulty': <optimal_fiber_length> must hold 1 number.* Choose `muscles` without it"
        ):
            model_of(limb.document(muscles=STRAIGHT + faulty))
        assert model_of(limb.document(muscles=STRAIGHT + faulty), "elbow_angle", ["flexor"])[0].muscle_names == (
            "flexor",
        )
        elsewhere = faulty.replace(limb.UPPER, "/bodyset/hand")
        assert model_of(limb.document(muscles=STRAIGHT + elsewhere.replace(limb.LOWER, "/bodyset/hand")))[
            0
        ].muscle_names == ("flexor",)

    @pytest.mark.parametrize(
        ("kind", "inside", "properties"),
        [
            ("Thelen2003Muscle", "<KshapeActive>0.5</KshapeActive><Flen>1.8</Flen><Af>0.25</Af>", {"KshapeActive": 0.5,
            "Flen": 1.8}),
            ("DeGrooteFregly2016Muscle",
            "<active_force_width_scale>1.5</active_force_width_scale><ignore_passive_fiber_force>true</ignore_passive_fiber_force>",
             {"active_force_width_scale": 1.5, "ignore_passive_fiber_force": 1.0}),
            ("Millard2012EquilibriumMuscle", "<ForceVelocityCurve "
            "name='v'><isometric_slope>4</isometric_slope></ForceVelocityCurve>"
             "<FiberForceLengthCurve "
             "name='p'><strain_at_one_norm_force>0.5</strain_at_one_norm_force><curviness>0.4</curviness>"
             "<stiffness_at_low_force>0.1</stiffness_at_low_force><stiffness_at_one_norm_force>4</stiffness_at_one_norm_force></FiberForceLengthCurve>",
             {"ForceVelocityCurve/isometric_slope": 4.0, "FiberForceLengthCurve/strain_at_one_norm_force": 0.5,
             "FiberForceLengthCurve/curviness": 0.4,
              "FiberForceLengthCurve/stiffness_at_low_force": 0.1,
              "FiberForceLengthCurve/stiffness_at_one_norm_force": 4.0}),
        ],
    )  # fmt: skip
    def test_curves_have_the_constants_of_the_file(self, model_of, kind, inside, properties):
        model, told = model_of(limb.document(muscles=limb.muscle("flexor", FLEXOR, kind, inside)))
        assert model.muscles[0].curve_properties == properties and not told
        other, _ = model_of(limb.document(muscles=limb.muscle("flexor", FLEXOR, kind, inside)), curves="thelen")
        assert other.muscles[0].curve_properties == (properties if kind.startswith("Thelen") else {})

    def test_millard_s_active_force_where_opensim_changes_it(self, model_of):
        curve = "<ActiveForceLengthCurve name='c'><minimum_value>0.05</minimum_value></ActiveForceLengthCurve>"
        undamped = "<fiber_damping>0</fiber_damping>" + curve
        least = "ActiveForceLengthCurve/minimum_value"
        for more, tendon, expected in ((undamped, "elastic", 0.1), (undamped, "rigid", None), (curve, "elastic", None)):
            muscle = limb.muscle("flexor", FLEXOR, "Millard2012EquilibriumMuscle", more)
            model, _ = model_of(limb.document(muscles=muscle), tendon=tendon)
            assert model.muscles[0].curve_properties.get(least) == expected

    def test_forces_are_opensim_s(self, model_of):
        # OpenSim 4.6 at full activation, rigid tendon: a Millard muscle with an active curve of its own.
        curve = """<ActiveForceLengthCurve name="c"><min_norm_active_fiber_length>0.25</min_norm_active_fiber_length>
          <transition_norm_fiber_length>0.77</transition_norm_fiber_length><max_norm_active_fiber_length>1.9</max_norm_active_fiber_length>
          <shallow_ascending_slope>0.75</shallow_ascending_slope></ActiveForceLengthCurve>"""
        points = [(limb.UPPER, "0.03 -0.05 0"), (limb.LOWER, "0.03 -0.06 0")]
        muscle = limb.muscle("flexor", points, "Millard2012EquilibriumMuscle", curve)
        muscle = muscle.replace("<tendon_slack_length>0.2<", "<tendon_slack_length>0.18<").replace(
            "optimal>0.1<", "optimal>0<"
        )
        model, _ = model_of(limb.document(muscles=muscle), drive="excitation")
        index = pd.MultiIndex.from_product([["t"], np.arange(200) / 100], names=["trial", "time"])
        for angle, force in ((1.0, 373.5), (1.3, 204.4), (1.5, 89.9)):
            told = predict_muscle_forces(model, pd.DataFrame({"flexor": 1.0, "elbow_angle": angle}, index=index))
            assert told.iloc[-1].item() == pytest.approx(force, rel=2e-3)

    @pytest.mark.parametrize(
        ("kind", "inside", "told"),
        [
            ("Thelen2003Muscle", "<ignore_activation_dynamics>true</ignore_activation_dynamics>",
            "ignore_activation_dynamics true of flexor"),
            ("Millard2012EquilibriumMuscle", "<maximum_pennation_angle>1.2</maximum_pennation_angle>",
            "maximum_pennation_angle 1.2 of flexor"),
            ("Thelen2003Muscle", "<max_control>0.7</max_control>", "max_control 0.7 of flexor"),
            ("Thelen2003Muscle", "<min_control>0.1</min_control>", "min_control 0.1 of flexor"),
            ("DeGrooteFregly2016Muscle", "<activation_dynamics_smoothing>0.1</activation_dynamics_smoothing>",
            "activation_dynamics_smoothing 0.1 of flexor"),
            ("Thelen2003Muscle_Deprecated", "", "only near those of ['flexor']: 'flexor' is a "
            "Thelen2003Muscle_Deprecated"),
            ("Delp1990Muscle_Deprecated", "", "only near those of ['flexor']: 'flexor' is a Delp1990Muscle_Deprecated"),
            ("Thelen2003Muscle", "<min_control>0.01</min_control><max_control>1</max_control>"
             "<default_activation>0.2</default_activation>", ""),
            ("DeGrooteFregly2016Muscle", "<tendon_compliance_dynamics_mode>implicit</tendon_compliance_dynamics_mode>",
            ""),
        ],
    )  # fmt: skip
    def test_properties_without_counterpart_are_told(self, model_of, kind, inside, told):
        text = model_of(limb.document(muscles=limb.muscle("flexor", FLEXOR, kind, inside)))[1]
        assert told in text and bool(told) == bool(text)

    def test_a_rigid_tendon_of_thelen_s_is_rigid_as_stated(self, model_of):
        muscles = limb.muscle(
            "flexor", FLEXOR, "Thelen2003Muscle", "<ignore_tendon_compliance>true</ignore_tendon_compliance>"
        )
        assert model_of(limb.document(muscles=muscles), tendon="as_stated")[0].muscles[0].tendon == "rigid"

    def test_the_floor_of_activation_is_the_file_s(self, model_of):
        muscles = (
            limb.muscle("thelen", FLEXOR, "Thelen2003Muscle")
            + limb.muscle(
                "millard", FLEXOR, "Millard2012EquilibriumMuscle", "<minimum_activation>0.05</minimum_activation>"
            )
            + limb.muscle("groote", FLEXOR)
        )
        muscles = muscles.replace("<tendon_slack_length>0.2<", "<tendon_slack_length>0.12<")
        model, _ = model_of(limb.document(muscles=muscles), drive="excitation")
        assert model.minimum_activation.tolist() == [0.01, 0.05, 0.0]
        assert model_of(limb.document(muscles=muscles))[0].minimum_activation.tolist() == [0.0, 0.0, 0.0]
        index = pd.MultiIndex.from_product([["t"], np.arange(50) / 100], names=["trial", "time"])
        X = pd.DataFrame({"thelen": 0.0, "millard": 0.0, "groote": 0.0, "elbow_angle": 0.1}, index=index)
        forces = predict_muscle_forces(model, X)
        raised = predict_muscle_forces(model, X.assign(thelen=0.01, millard=0.05))
        np.testing.assert_allclose(forces[["thelen", "millard"]], raised[["thelen", "millard"]], rtol=1e-9)
        assert (forces["millard"] > forces["thelen"]).all()

    def test_channels(self, model_of):
        text = limb.document(muscles=STRAIGHT + limb.muscle("second", FLEXOR))
        model, _ = model_of(text, channels={"flexor": "EMG 1", "second": {"EMG 1": 0.3, "EMG 2": 0.7}})
        assert model.channels == ("EMG 1", "EMG 2") and model.synthesized_muscles == ("second",)
        assert model_of(text, channels={"flexor": "EMG 1"})[0].channels == ("EMG 1", "second")
        with pytest.raises(
            ValueError, match=r"`channels` must map muscles.* Got \['third'\], .* \['flexor', 'second'\]"
        ):
            model_of(text, channels={"third": "EMG 1"})

    def test_lengths_in_another_unit(self, model_of):
        muscle = STRAIGHT.replace("<optimal_fiber_length>0.12", "<optimal_fiber_length>120").replace(
            "_length>0.2<", "_length>200<"
        )
        assert (
            "tendon_slack_length of 200 and an optimal_fiber_length of 120 m: are they in meters?"
            in model_of(limb.document(muscles=muscle))[1]
        )

    def test_names_that_the_file_has_twice(self, model_of):
        model, told = model_of(limb.document(muscles=STRAIGHT + STRAIGHT.replace(">500<", ">900<")))
        assert "there are two muscles 'flexor'; the first counts" in told
        assert model.parameters.as_dict()["max_isometric_force"].tolist() == [500.0]


class TestFunctionPaths:
    def test_only_what_depends_on_the_angle(self, model_of):
        muscles = functional("elbow", ["elbow_angle"], polynomial(1, 2, "0.3 -0.05 0.001")) + functional(
            "wrist", ["wrist_angle"], polynomial(1, 1, "0.3 -0.03")
        )
        model, told = model_of(limb.document(muscles=muscles))
        assert model.muscle_names == ("elbow",) and not told
        np.testing.assert_allclose([*model.muscles[0].path.terms.values()], [0.3, -0.05, 0.001], atol=1e-9)

    def test_two_angles_in_the_order_of_the_path_s_own_coordinates(self, model_of):
        # 0.3 + 0.01 wrist + 0.02 wrist^2 + 0.04 elbow + 0.05 elbow wrist + 0.06 elbow^2, the wrist held at 0.2
        muscle = functional("m", ["elbow_angle", "wrist_angle"], polynomial(2, 2, "0.3 0.01 0.02 0.04 0.05 0.06"))
        model, _ = model_of(limb.document(muscles=muscle))
        length, arm = length_and_arm(model, 0.5)
        assert length == pytest.approx(0.3 + 0.002 + 0.0008 + 0.02 + 0.005 + 0.015, abs=1e-7)
        assert arm == pytest.approx(-(0.04 + 0.01 + 0.06), abs=1e-6)

    def test_couplers_pass_a_moment_arm_on(self, model_of):
        coupler = """<ConstraintSet><objects><CoordinateCouplerConstraint name="c"><coupled_coordinates_function>
  <LinearFunction>
          <coefficients>0.5 0</coefficients></LinearFunction></coupled_coordinates_function>
  <independent_coordinate_names>elbow_angle</independent_coordinate_names>
          <dependent_coordinate_name>wrist_angle</dependent_coordinate_name></CoordinateCouplerConstraint></objects></ConstraintSet><ForceSet>"""
        arms = f"<moment_arm_functions>{polynomial(1, 0, '0.03', 'a')}</moment_arm_functions>"
        for functions in (polynomial(1, 1, "0.3 -0.03"), polynomial(1, 1, "0.3 -0.03") + arms):
            text = limb.document(muscles=functional("m", ["wrist_angle"], functions)).replace("<ForceSet>", coupler)
            assert length_and_arm(model_of(text)[0], 0.7)[1] == pytest.approx(0.015, abs=1e-6)

    @pytest.mark.parametrize("bounds", [None, (0.0, 0.3), (0.1, 1.0), (0.4, 0.5), (1.0, 2.0)])
    def test_moment_arms_that_are_no_slopes_are_followed_whatever_the_range(self, model_of, bounds):
        # A length that hardly changes below 0.5 rad, and a moment arm that does not know of it, as of paths over two
        # surfaces.
        flat = (
            "<PiecewiseLinearFunction name='length_function'><x>0 0.5 2</x><y>0.3 0.3 "
            "0.27</y></PiecewiseLinearFunction>"
        )
        arm = f"<moment_arm_functions>{polynomial(1, 0, '0.02', 'a')}</moment_arm_functions>"
        text = limb.document(muscles=functional("m", ["elbow_angle"], flat + arm))
        model, told = model_of(text, ranges=bounds and {"elbow_angle": bounds})
        low, high = bounds or (0.0, 2.0)
        middle = 0.5 * (low + high)
        length, got = length_and_arm(model, middle)
        assert got == pytest.approx(0.02, abs=2e-4)
        assert length == pytest.approx(0.3 - 0.02 * (middle - 0.5), abs=5e-4)  # level with the file's beyond 0.5 rad
        assert ("moment arms are not the slopes of the lengths" in told) == (low < 0.5)

    def test_a_function_that_is_unknown_is_named(self, model_of):
        with pytest.raises(
            ValueError, match="'m', FunctionBasedPath 'path', .*the function PathOfALab is not supported"
        ):
            model_of(limb.document(muscles=functional("m", ["elbow_angle"], "<PathOfALab name='length_function'/>")))


class TestScholzPaths:
    POINT = """<Scholz2015GeometryPathPoint name="p{}"><PathPoint name="pathpoint">
  <socket_parent_frame>{}</socket_parent_frame>
      <location>{}</location></PathPoint></Scholz2015GeometryPathPoint>"""

    def path(self, more=""):
        points = [self.POINT.format(i, *point) for i, point in enumerate(FLEXOR)]
        start, end = STRAIGHT.split("<GeometryPath")[0], STRAIGHT.split("</GeometryPath>")[1]
        inside = f"<path_elements>{points[0]}{more}{points[1]}</path_elements>"
        return f'{start}<Scholz2015GeometryPath name="path">{inside}</Scholz2015GeometryPath>{end}'

    def test_points_alone_are_straight_lines(self, model_of):
        model, _ = model_of(limb.document(muscles=self.path()))
        straight, _ = model_of(limb.document(muscles=STRAIGHT))
        assert length_and_arm(model, 0.7) == pytest.approx(length_and_arm(straight, 0.7), abs=1e-12)

    def test_obstacles_need_opensim(self, model_of, monkeypatch):
        obstacle = (
            "<Scholz2015GeometryPathObstacle "
            "name='o'><socket_contact_geometry>/contactgeometryset/ball</socket_contact_geometry></Scholz2015GeometryPathObstacle>"
        )
        monkeypatch.setitem(sys.modules, "opensim", None)
        with pytest.raises(
            ImportError, match=r"path of 'flexor' is a Scholz2015GeometryPath, which OpenSim has to measure"
        ):
            model_of(limb.document(muscles=self.path(obstacle)).replace("<ForceSet>", f"{CONTACT}<ForceSet>"))


CYLINDER = """<WrapObjectSet><objects><WrapCylinder name="roll"><active>true</active><radius>{}</radius>
  <length>0.5</length>
  <translation>0 0 0</translation><xyz_body_rotation>0 0 0</xyz_body_rotation><quadrant>all</quadrant></WrapCylinder>
  </objects></WrapObjectSet>"""
WRAP = '<PathWrap name="w"><wrap_object>roll</wrap_object><method>hybrid</method><range>-1 -1</range></PathWrap>'
OVER_ROLL = [(limb.UPPER, "0.05 -0.05 0"), (limb.LOWER, "0.05 -0.2 0")]


class TestWhatOpenSimIsGiven:
    """A copy with nothing in it but the skeleton and the paths that it must measure."""

    BODIES = (
        limb.body("upper")
        + limb.body("lower", wraps=CYLINDER.format(0.03))
        + limb.body("hand", 0.4, wraps=CYLINDER.format(0.01))
    )

    def text(self):
        muscle = limb.muscle(
            "wrapped", OVER_ROLL, "Thelen2003Muscle", "<ignore_tendon_compliance>true</ignore_tendon_compliance>", WRAP
        )
        return limb.document(self.BODIES, limb.JOINTS, muscle, more="<ForceOfALab name='f'><x::y/></ForceOfALab>")

    def test_it_holds_nothing_else(self, tmp_path):
        file = tmp_path / "limb.osim"
        file.write_text(self.text())
        copy = paths_only(file, read_osim(file), ["wrapped"]).decode()
        assert "PathActuator" in copy and "roll" in copy
        assert "Thelen" not in copy and "ForceOfALab" not in copy

    def test_the_first_of_two_wraps_of_a_name_counts(self, tmp_path):
        file = tmp_path / "limb.osim"
        file.write_text(self.text())
        model = read_osim(file)
        assert model.wrap_objects["roll"].body == "lower"
        assert any("two wrap objects 'roll'" in note and "'wrapped'" in note for note in model.notes)

    def test_opensim_measures_it(self, model_of):
        pytest.importorskip("opensim")
        model, told = model_of(self.text(), ranges={"elbow_angle": (-0.42, -0.25)})
        assert abs(length_and_arm(model, -0.35)[1]) == pytest.approx(0.03, abs=5e-4)  # the first roll's radius
        assert "ForceOfALab 'f'" in told and "two wrap objects 'roll'" in told

    def test_what_opensim_cannot_open_is_a_value_error_with_the_file(self, model_of):
        pytest.importorskip("opensim")
        bad = self.text().replace("<method>hybrid", "<method>magic")
        with pytest.raises(ValueError, match=r"limb.osim: OpenSim cannot measure the paths of \['wrapped'\]"):
            model_of(bad)

    def test_paths_that_were_saved_replace_it(self, model_of, tmp_path, monkeypatch):
        straight, _ = model_of(limb.document(muscles=limb.muscle("wrapped", OVER_ROLL)))
        save_paths(straight, tmp_path / "paths.json")
        monkeypatch.setitem(sys.modules, "opensim", None)
        assert model_of(self.text(), paths=tmp_path / "paths.json")[0].muscle_names == ("wrapped",)
