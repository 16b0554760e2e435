"""An OpenSim model whose coordinates are of every type: rotational, translational, coupled."""

ROTATIONS = (("rotation1", "0 0 1"), ("rotation2", "0 1 0"), ("rotation3", "1 0 0"))
TRANSLATIONS = (("translation1", "1 0 0"), ("translation2", "0 1 0"), ("translation3", "0 0 1"))
STILL = "<Constant><value>0</value></Constant>"


def document():
    """Text of the .osim file: a chain of five bodies."""
    joints = [
        _joint("PinJoint", "j1", "turn", "/ground", 1),
        _joint("SliderJoint", "j2", "shift", "/bodyset/b1", 2),
        _joint("CustomJoint", "j3", "half", "/bodyset/b2", 3, _line(0.5)),
        _joint("CustomJoint", "j4", "back", "/bodyset/b3", 4, _line(-1)),
        _joint(
            "CustomJoint", "j5", "curved", "/bodyset/b4", 5, "<SimmSpline><x>-1 0 1</x><y>-1 0 1.2</y></SimmSpline>"
        ),
    ]
    bodies = "".join(
        f'<Body name="b{i}"><mass>1</mass><mass_center>0 -0.1 0</mass_center><inertia>0.01 0.01 0.01 0 0 '
        "0</inertia></Body>"
        for i in range(1, 6)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" ?><OpenSimDocument Version="40600"><Model name="types">'
        '<gravity>0 -9.81 0</gravity><Ground name="ground"/><BodySet '
        f'name="bodyset"><objects>{bodies}</objects></BodySet>'
        f'<JointSet name="jointset"><objects>{"".join(joints)}</objects></JointSet></Model></OpenSimDocument>'
    )


def _line(slope):
    return f"<LinearFunction><coefficients>{slope} 0</coefficients></LinearFunction>"


def _joint(kind, name, coordinate, parent, child, function=None):
    axes = ""
    if function is not None:
        own = [_axis(axis, direction, coordinate, function) for axis, direction in ROTATIONS[:1]]
        rest = [_axis(axis, direction, "", STILL) for axis, direction in (*ROTATIONS[1:], *TRANSLATIONS)]
        axes = f"<SpatialTransform>{''.join([*own, *rest])}</SpatialTransform>"
    return (
        f'<{kind} name="{name}"><socket_parent_frame>{parent}</socket_parent_frame>'
        f"<socket_child_frame>/bodyset/b{child}</socket_child_frame>"
        f'<coordinates><Coordinate name="{coordinate}"/></coordinates>{axes}</{kind}>'
    )


def _axis(name, direction, coordinate, function):
    function = function.replace(">", ' name="function">', 1)
    return (
        "<TransformAxis "
        f'name="{name}"><coordinates>{coordinate}</coordinates><axis>{direction}</axis>{function}</TransformAxis>'
    )
