"""Small limbs as .osim texts: hinges about z, bodies with masses, muscles of several classes."""

AXES = (
    ("rotation2", "0 1 0"),
    ("rotation3", "1 0 0"),
    ("translation1", "1 0 0"),
    ("translation2", "0 1 0"),
    ("translation3", "0 0 1"),
)


def body(name, mass=2.0, center="0 -0.15 0", inertia="0.02 0.005 0.021 0 0 0", wraps=""):
    """A body; inertia about its center of mass."""
    return f"""<Body name="{name}"><mass>{mass}</mass><mass_center>{center}</mass_center>
      <inertia>{inertia}</inertia>{wraps}</Body>"""


def coordinate(name, bounds="-1 2", default=0.0):
    """A coordinate [rad]."""
    return f"""<Coordinate name="{name}"><default_value>{default}</default_value>
      <range>{bounds}</range></Coordinate>"""


def joint(name, parent, child, angle, place="0 -0.3 0", turn="0 0 0", kind="PinJoint", extra=""):
    """A joint at `place` of the parent, turned there by `turn`, in the child's origin."""
    socket = "/ground" if parent == "ground" else f"/bodyset/{parent}"
    return f"""<{kind} name="{name}">
      <socket_parent_frame>{parent}_at_{name}</socket_parent_frame>
      <socket_child_frame>{child}_of_{name}</socket_child_frame>
      <coordinates>{angle}</coordinates><frames>
        <PhysicalOffsetFrame name="{parent}_at_{name}"><socket_parent>{socket}</socket_parent>
          <translation>{place}</translation><orientation>{turn}</orientation></PhysicalOffsetFrame>
        <PhysicalOffsetFrame name="{child}_of_{name}"><socket_parent>/bodyset/{child}</socket_parent>
          <translation>0 0 0</translation><orientation>{turn}</orientation></PhysicalOffsetFrame>
      </frames>{extra}</{kind}>"""


def custom(name, axis="0 0 1", functions=None):
    """A SpatialTransform that turns by a coordinate and glides by functions of it (axis name to element)."""
    functions = functions or {}
    still = '<Constant name="function"><value>0</value></Constant>'
    others = "".join(
        f"""<TransformAxis name="{step}"><coordinates>{name if step in functions else ""}</coordinates>
        <axis>{direction}</axis>{functions.get(step, still)}</TransformAxis>"""
        for step, direction in AXES
    )
    return f"""<SpatialTransform><TransformAxis name="rotation1"><coordinates>{name}</coordinates>
      <axis>{axis}</axis><LinearFunction name="function"><coefficients>1 0</coefficients></LinearFunction>
      </TransformAxis>{others}</SpatialTransform>"""


def spline(x, y):
    """A SimmSpline of a joint's axis."""
    return f'<SimmSpline name="function"><x>{x}</x><y>{y}</y></SimmSpline>'


def muscle(name, points, kind="DeGrooteFregly2016Muscle", more="", wraps="", force=500):
    """A muscle through points, pairs of frame and location."""
    items = "".join(
        f"""<PathPoint name="{name}{i}"><socket_parent_frame>{frame}</socket_parent_frame>
        <location>{location}</location></PathPoint>"""
        for i, (frame, location) in enumerate(points)
    )
    return f"""<{kind} name="{name}">
      <GeometryPath name="path"><PathPointSet><objects>{items}</objects></PathPointSet>
      <PathWrapSet><objects>{wraps}</objects></PathWrapSet></GeometryPath>
      <max_isometric_force>{force}</max_isometric_force>
      <optimal_fiber_length>0.12</optimal_fiber_length>
      <tendon_slack_length>0.2</tendon_slack_length>
      <pennation_angle_at_optimal>0.1</pennation_angle_at_optimal>{more}</{kind}>"""


UPPER, LOWER = "/bodyset/upper", "/bodyset/lower"
BODIES = (
    body("upper") + body("lower", 1.2, "0 -0.14 0", "0.01 0.002 0.011 0 0 0") + body("hand", 0.4, "0.02 -0.05 0.01")
)
JOINTS = (
    joint("shoulder", "ground", "upper", coordinate("shoulder_angle"), "0 1 0")
    + joint("elbow", "upper", "lower", coordinate("elbow_angle", "0 2"))
    + joint("wrist", "lower", "hand", coordinate("wrist_angle", "-1 1", 0.2), "0 -0.25 0.01", "0.2 0 0")
)
RIGID = "<ignore_tendon_compliance>true</ignore_tendon_compliance>"
MUSCLES = (
    muscle("flexor", [(UPPER, "0.03 -0.1 0"), (LOWER, "0.02 -0.04 0")],
    more="<ignore_tendon_compliance>true</ignore_tendon_compliance>")
    + muscle("extensor", [(UPPER, "-0.03 -0.05 0.01"), (LOWER, "-0.03 0.03 0")], "Thelen2003Muscle")
    + muscle("biarticular", [("/ground", "0.04 1.0 0"), (LOWER, "0.03 -0.05 0")], "Millard2012EquilibriumMuscle",
             '<FiberForceLengthCurve '
             'name="f"><strain_at_one_norm_force>0.65</strain_at_one_norm_force></FiberForceLengthCurve>'
             '<TendonForceLengthCurve name="t"/>')
)  # fmt: skip


def document(bodies=BODIES, joints=JOINTS, muscles=MUSCLES, more="", gravity="0 -9.80665 0", defaults=""):
    """The whole file, of version 4."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- a limb -->
<OpenSimDocument Version="40000"><Model name="limb">
  <defaults>{defaults}</defaults>
  <Ground name="ground"/><gravity>{gravity}</gravity>
  <BodySet><objects>{bodies}</objects></BodySet>
  <JointSet><objects>{joints}</objects></JointSet>
  <ForceSet><objects>{muscles}{more}</objects></ForceSet>
</Model></OpenSimDocument>
"""
