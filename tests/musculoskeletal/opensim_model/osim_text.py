"""Small OpenSim models as text, one of version 4 and one of version 3."""

SPLINE = "<x>-1 -0.3 0.2 0.9 1.4</x><y>0.02 -0.01 0.03 0.05 0.01</y>"


def joint(kind, name, parent, child, coordinates, extra=""):
    """A joint of version 4 between offset frames."""
    items = "".join(f'<Coordinate name="{c}"><range>-2 2</range></Coordinate>' for c in coordinates)
    return f"""
    <{kind} name="{name}">
      <socket_parent_frame>{parent}_offset</socket_parent_frame>
      <socket_child_frame>{child}_offset</socket_child_frame>
      <coordinates>{items}</coordinates>
      <frames>
        <PhysicalOffsetFrame name="{parent}_offset">
          <socket_parent>{"/ground" if parent == "ground" else "/bodyset/" + parent}</socket_parent>
          <translation>0.1 -0.2 0.05</translation><orientation>0.3 -0.4 0.5</orientation>
        </PhysicalOffsetFrame>
        <PhysicalOffsetFrame name="{child}_offset">
          <socket_parent>/bodyset/{child}</socket_parent>
          <translation>0.02 0.03 -0.04</translation><orientation>-0.1 0.2 0.7</orientation>
        </PhysicalOffsetFrame>
      </frames>{extra}
    </{kind}>"""


def axis(name, coordinates, direction, function):
    """One axis of a CustomJoint of version 4."""
    return f"""
      <TransformAxis name="{name}">
        <coordinates>{coordinates}</coordinates><axis>{direction}</axis>{function}
      </TransformAxis>"""


CUSTOM = "".join(
    [
        "<SpatialTransform>",
        axis(
            *("rotation1", "c1", "0 0 1"),
            '<LinearFunction name="function"><coefficients>1 0</coefficients></LinearFunction>',
        ),
        axis(
            *("rotation2", "c2", "0.6 0.8 0"),
            '<PolynomialFunction name="function"><coefficients>0.3 -0.2 0.5 0.1</coefficients></PolynomialFunction>',
        ),
        axis(
            *("rotation3", "c1 c2", "1 1 0"),
            '<LinearFunction name="function"><coefficients>0.2 -0.3 0.1</coefficients></LinearFunction>',
        ),
        axis(*("translation1", "c1", "1 0 0"), f'<SimmSpline name="function">{SPLINE}</SimmSpline>'),
        axis(
            *("translation2", "c2", "0 1 0"),
            '<MultiplierFunction name="function"><function><SimmSpline><x>0 0.5 1</x>'
            "<y>0 0.1 0.05</y></SimmSpline></function><scale>0.7</scale></MultiplierFunction>",
        ),
        axis(
            *("translation3", "c2", "0 0 2"),
            '<PiecewiseLinearFunction name="function"><x>-1 0 1</x><y>0.1 0 0.3</y></PiecewiseLinearFunction>',
        ),
        "</SpatialTransform>",
    ]
)


def muscle(name, points, kind="Thelen2003Muscle", wraps="", extra=""):
    """A muscle of version 4."""
    return f"""
    <{kind} name="{name}">{extra}
      <GeometryPath name="path">
        <PathPointSet><objects>{points}</objects></PathPointSet>
        <PathWrapSet><objects>{wraps}</objects></PathWrapSet>
      </GeometryPath>
      <max_isometric_force>500</max_isometric_force>
      <optimal_fiber_length>0.1</optimal_fiber_length>
      <tendon_slack_length>0.2</tendon_slack_length>
      <pennation_angle_at_optimal>0.15</pennation_angle_at_optimal>
    </{kind}>"""


def point(name, frame, location="0.01 0.02 0.03"):
    """A fixed path point of version 4."""
    return f"""<PathPoint name="{name}"><socket_parent_frame>{frame}</socket_parent_frame>
      <location>{location}</location></PathPoint>"""


def conditional(name, frame, coordinate, bounds):
    """A conditional path point of version 4."""
    return f"""<ConditionalPathPoint name="{name}">
      <socket_parent_frame>{frame}</socket_parent_frame><location>0.2 0.1 0</location>
      <socket_coordinate>{coordinate}</socket_coordinate><range>{bounds}</range>
      </ConditionalPathPoint>"""


MOVING = f"""
  <MovingPathPoint name="moving"><socket_parent_frame>/bodyset/f</socket_parent_frame>
    <socket_x_coordinate>/jointset/custom/c1</socket_x_coordinate>
    <socket_y_coordinate>/jointset/custom/c1</socket_y_coordinate>
    <socket_z_coordinate>/jointset/custom/c1</socket_z_coordinate>
    <x_location><SimmSpline>{SPLINE}</SimmSpline></x_location>
    <y_location><Constant><value>0.04</value></Constant></y_location>
    <z_location><LinearFunction><coefficients>0.1 0.02</coefficients></LinearFunction></z_location>
  </MovingPathPoint>"""
BODY = """<Body name="{}"><mass>2</mass><mass_center>0.1 0 0</mass_center>
  <inertia>0.1 0.2 0.3 0 0 0.01</inertia>{}</Body>"""
WRAPS = """<WrapObjectSet><objects>
  <WrapCylinder name="cylinder"><active>true</active><radius>0.03</radius><length>0.5</length>
  </WrapCylinder></objects></WrapObjectSet>"""
NESTED = """<components><PhysicalOffsetFrame name="inner"><socket_parent>..</socket_parent>
  <translation>0.01 0 0</translation><orientation>0 0.2 0</orientation></PhysicalOffsetFrame>
  </components>"""
COUPLER = """
  <CoordinateCouplerConstraint name="coupler"><isEnforced>true</isEnforced>
    <coupled_coordinates_function><LinearFunction><coefficients>0.5 0.1</coefficients>
    </LinearFunction></coupled_coordinates_function>
    <independent_coordinate_names>p1</independent_coordinate_names>
    <dependent_coordinate_name>c2</dependent_coordinate_name><scale_factor>1</scale_factor>
  </CoordinateCouplerConstraint>"""
JOINTS = "".join(
    [
        joint("PinJoint", "pin", "ground", "a", ["p1"]),
        joint("UniversalJoint", "universal", "a", "b", ["u1", "u2"]),
        joint("GimbalJoint", "gimbal", "b", "c", ["g1", "g2", "g3"]),
        joint("PlanarJoint", "planar", "c", "d", ["l1", "l2", "l3"]),
        joint("SliderJoint", "slider", "d", "e", ["s1"]),
        joint("CustomJoint", "custom", "e", "f", ["c1", "c2"], CUSTOM),
        joint("WeldJoint", "weld", "f", "g", []),
        joint("FreeJoint", "free", "g", "h", ["f1", "f2", "f3", "f4", "f5", "f6"]),
        joint("BallJoint", "ball", "h", "i", ["b1", "b2", "b3"]),
    ]
)
CHAIN = "".join(muscle(f"to_{body}", point("1", "/ground") + point("2", f"/bodyset/{body}")) for body in "abcdefghi")
MUSCLES = CHAIN + "".join(
    [
        muscle(
            "special",
            point("1", "/ground")
            + point("2", "/jointset/pin/a_offset")
            + conditional("3", "/bodyset/e", "/jointset/custom/c1", "-0.5 0.5")
            + MOVING
            + point("5", "/bodyset/h/inner"),
            kind="Millard2012EquilibriumMuscle",
        ),
        muscle(
            "wrapped",
            point("1", "/ground") + point("2", "/bodyset/b"),
            wraps='<PathWrap name="w"><wrap_object>cylinder</wrap_object></PathWrap>',
            extra="<appliesForce>false</appliesForce>",
        ),
    ]
)
BODIES = "".join(BODY.format(name, {"a": WRAPS, "h": NESTED}.get(name, "")) for name in "abcdefghi")
VERSION_4 = f"""<?xml version="1.0" encoding="UTF-8"?>
<OpenSimDocument Version="40000"><Model name="chain">
  <defaults><Thelen2003Muscle name="default">
    <max_contraction_velocity>12</max_contraction_velocity></Thelen2003Muscle></defaults>
  <Ground name="ground"/><gravity>0 -9.81 0</gravity>
  <BodySet><objects>{BODIES}</objects></BodySet>
  <JointSet><objects>{JOINTS}</objects></JointSet>
  <ConstraintSet><objects>{COUPLER}</objects></ConstraintSet>
  <ForceSet><objects>{MUSCLES}</objects></ForceSet>
</Model></OpenSimDocument>"""

VERSION_3 = """<?xml version="1.0" encoding="UTF-8"?>
<OpenSimDocument Version="30000"><Model name="arm"><gravity>0 -9.81 0</gravity>
  <BodySet><objects>
    <Body name="ground"><mass>0</mass><Joint/></Body>
    <Body name="humerus"><mass>2</mass><mass_center>0 -0.15 0</mass_center>
      <inertia_xx>0.01</inertia_xx><inertia_yy>0.002</inertia_yy><inertia_zz>0.01</inertia_zz>
      <inertia_xy>0</inertia_xy><inertia_xz>0</inertia_xz><inertia_yz>0</inertia_yz>
      <Joint><WeldJoint name="shoulder"><parent_body>ground</parent_body>
        <location_in_parent>0 1 0</location_in_parent></WeldJoint></Joint>
    </Body>
    <Body name="ulna"><mass>1</mass><mass_center>0 -0.1 0</mass_center>
      <Joint><CustomJoint name="elbow"><parent_body>humerus</parent_body>
        <location_in_parent>0.0061000004 -0.29039999 -0.0123</location_in_parent>
        <orientation_in_parent>0.1 0 0</orientation_in_parent>
        <location>0 0 0</location><orientation>0.1 0 0</orientation>
        <CoordinateSet><objects><Coordinate name="elbow_flexion">
          <motion_type>rotational</motion_type><default_value>0.5</default_value>
          <range>0 2.6</range><clamped>true</clamped><locked>false</locked>
        </Coordinate></objects></CoordinateSet>
        <SpatialTransform>
          <TransformAxis name="rotation1"><coordinates>elbow_flexion</coordinates>
            <axis>0.05 0.04 0.998</axis><function><LinearFunction>
            <coefficients>1 0</coefficients></LinearFunction></function></TransformAxis>
          {still}
        </SpatialTransform></CustomJoint></Joint>
    </Body>
  </objects></BodySet>
  <ForceSet><objects>
    <Schutte1993Muscle_Deprecated name="biceps"><isDisabled>true</isDisabled>
      <GeometryPath><PathPointSet><objects>
        <PathPoint name="1"><location>0.03 0.02 0</location><body>ground</body></PathPoint>
        <ConditionalPathPoint name="2"><location>0.02 -0.2 0.01</location><body>humerus</body>
          <range>0.2 2.6</range><coordinate>elbow_flexion</coordinate></ConditionalPathPoint>
        <PathPoint name="3"><location>0.01 -0.05 0</location><body>ulna</body></PathPoint>
      </objects></PathPointSet></GeometryPath>
      <max_isometric_force>600</max_isometric_force>
      <optimal_fiber_length>0.12</optimal_fiber_length>
      <tendon_slack_length>0.25</tendon_slack_length>
      <pennation_angle_at_optimal>0.1</pennation_angle_at_optimal>
    </Schutte1993Muscle_Deprecated>
  </objects></ForceSet>
</Model></OpenSimDocument>""".format(
    still="".join(
        f'<TransformAxis name="{name}"><coordinates/><axis>{direction}</axis>'
        "<function><Constant><value>0</value></Constant></function></TransformAxis>"
        for name, direction in [
            ("rotation2", "0 1 0"),
            ("rotation3", "1 0 0"),
            ("translation1", "1 0 0"),
            ("translation2", "0 1 0"),
            ("translation3", "0 0 1"),
        ]
    )
)
