"""The curves of Thelen and Millard: agreement with OpenSim, smoothness, mixed sets of muscles.

Source of every number: OpenSim 4.6 (opensim.org), ``ActiveForceLengthCurve`` (minimum value 0),
``FiberForceLengthCurve``, ``ForceVelocityCurve``, ``TendonForceLengthCurve`` and the multipliers
of ``Thelen2003Muscle``, all with their default values.
"""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from sk_bionic.musculoskeletal import (
    Muscle,
    MusculoskeletalModel,
    PolynomialPath,
    bezier,
    elbow,
    millard,
)
from sk_bionic.musculoskeletal.families import CURVE_FAMILIES, curve_family

MILLARD_FAMILY, THELEN_FAMILY = CURVE_FAMILIES["millard"], CURVE_FAMILIES["thelen"]

# Abscissa and ordinate.
MILLARD = {
    "active": [
        (0.46, 0.0014814), (0.5, 0.0985325), (0.6, 0.4511019), (0.73, 0.8063052), (0.85, 0.9138396),
        (0.97, 0.9995095), (1.0, 1.0), (1.04, 0.9984625), (1.2, 0.823681), (1.5, 0.4033447),
        (1.75, 0.0542928), (1.9, 0.0),
    ],
    "passive": [
        (0.9, 0.0), (1.02, 0.0008774), (1.05, 0.0065055), (1.2, 0.049692), (1.4, 0.2628898),
        (1.6, 0.7170695), (1.7, 1.0), (1.9, 1.5714286),
    ],
    "velocity": [
        (-1.2, 0.0), (-0.95, 0.0028516), (-0.9, 0.0125), (-0.6, 0.1040884), (-0.3, 0.3302397),
        (-0.1, 0.6252143), (0.0, 1.0), (0.05, 1.1723457), (0.2, 1.2694651), (0.5, 1.3311316),
        (0.9, 1.3925), (0.97, 1.3999033), (1.3, 1.4),
    ],
    "tendon": [
        (0.98, 0.0), (1.005, 0.0376045), (1.01, 0.0996783), (1.02, 0.260936), (1.03, 0.4793987),
        (1.035, 0.6074715), (1.04, 0.747449), (1.049, 1.0), (1.07, 1.5892857),
    ],
    "stiff tendon": [
        (1.01, 0.0505419), (1.03, 0.2303282), (1.06, 0.6562514), (1.08, 1.0), (1.1, 1.34375),
    ],
}  # fmt: skip
# Fiber length, activation, fiber velocity, then active, passive and velocity multipliers.
THELEN = [
    (0.5, 0.3, 30.1760791, 0.5737534, 0.0, 20.72788),
    (0.8, 0.3, -0.475, 0.9149472, 0.0, 0.0),
    (1.3, 0.3, -1.208506, 0.8187308, 0.0758582, -0.3088446),
    (1.5, 0.3, -6.4186767, 0.5737534, 0.4307627, -2.5026007),
    (1.0, 0.8, -0.1682915, 1.0, 0.0, 0.4475601),
    (1.0, 0.8, 8.8469652, 1.0, 0.0, 4.4597595),
    (1.3, 0.8, -1.3422211, 0.8187308, 0.0758582, -0.1158167),
    (1.3, 0.05, 127.9564209, 0.8187308, 0.0758582, 137.5736549),
]
# Tendon length (in slack lengths) and force at the default strain of 0.04.
THELEN_TENDON = [(0.95, 0.0), (1.1, 3.5678076), (1.125, 4.6377274), (1.025, 0.3580481)]


def tensor(*values):
    return np.array(values)


def assert_agrees(curve, rows):
    x, y = tensor(*rows).T
    np.testing.assert_allclose(curve(x), y, rtol=0, atol=1.5e-7)  # OpenSim inverts to 6e-8


def test_millard_s_curves_agree_with_opensim():
    assert_agrees(MILLARD_FAMILY.active_force_length, MILLARD["active"])
    assert_agrees(lambda x: MILLARD_FAMILY.passive_force_length(x, tensor(0.7)), MILLARD["passive"])
    assert_agrees(MILLARD_FAMILY.force_velocity, MILLARD["velocity"])
    assert_agrees(lambda x: MILLARD_FAMILY.tendon_force_length(x, tensor(0.049)), MILLARD["tendon"])
    assert_agrees(lambda x: MILLARD_FAMILY.tendon_force_length(x, tensor(0.08)), MILLARD["stiff tendon"])


def test_thelen_s_curves_agree_with_opensim():
    length, activation, velocity, active, passive, multiplier = tensor(*THELEN).T
    got = (
        THELEN_FAMILY.active_force_length(length),
        THELEN_FAMILY.passive_force_length(length, tensor(0.6)),
        THELEN_FAMILY.force_velocity(velocity, activation),
    )
    for ours, theirs in zip(got, (active, passive, multiplier), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)
    assert_agrees(lambda x: THELEN_FAMILY.tendon_force_length(x, tensor(0.04)), THELEN_TENDON)


@pytest.mark.parametrize("name", CURVE_FAMILIES)
def test_families_pass_through_their_normalisation_points(name):
    family = CURVE_FAMILIES[name]
    close = {"rtol": 0, "atol": 1e-6}
    np.testing.assert_allclose(family.active_force_length(tensor(1.0)), tensor(1.0), **close)
    for a in (0.1, 1.0):
        at_rest = family.force_velocity(tensor(0.0), tensor(a))
        np.testing.assert_allclose(at_rest, tensor(1.0), **close)
    for strain in (0.03, 0.06):
        tendon = family.tendon_force_length(tensor(1.0, 1.0 + strain), tensor(strain))
        np.testing.assert_allclose(tendon, tensor(0.0, 1.0), **close)
    for strain in (0.5, 0.8):
        passive = family.passive_force_length(tensor(1.0 + strain), tensor(strain))
        np.testing.assert_allclose(passive, tensor(1.0), **close)


# Away from the kinks of Thelen's curves.
PLACES = {
    "active_force_length": tensor(0.47, 0.62, 0.81, 0.99, 1.02, 1.3, 1.77, 1.9),
    "passive_force_length": tensor(0.9, 1.03, 1.09, 1.3, 1.69, 1.8),
    "force_velocity": tensor(-1.3, -0.93, -0.4, -0.05, 0.06, 0.5, 0.95, 1.4),
    "tendon_force_length": tensor(0.98, 1.004, 1.012, 1.03, 1.055),
}
OTHERS = {
    "active_force_length": (),
    "passive_force_length": (tensor(0.65),),
    "force_velocity": (tensor(0.6),),
    "tendon_force_length": (tensor(0.045),),
}


@pytest.mark.parametrize("name", CURVE_FAMILIES)
@pytest.mark.parametrize("curve", PLACES)
def test_slopes_are_those_of_the_curves(name, curve):
    function, x, step = getattr(CURVE_FAMILIES[name], curve), PLACES[curve], 1e-5
    near, far = (function(x + s, *OTHERS[curve]) - function(x - s, *OTHERS[curve]) for s in (step, 2 * step))
    slope = function(x, *OTHERS[curve], order=1)
    np.testing.assert_allclose(slope, (8.0 * near - far) / (12.0 * step), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(
    "curve", ["active_force_length", "passive_force_length", "force_velocity", "tendon_force_length"]
)
def test_millard_s_curves_have_a_continuous_second_derivative(curve):
    table = {"active_force_length": "active", "passive_force_length": "passive", "force_velocity": "velocity"}
    knots = getattr(millard.Curves(millard.CONSTANTS), table.get(curve, "tendon")).knots
    other = {"passive_force_length": (0.7,), "tendon_force_length": (0.049,)}.get(curve, ())
    slope = lambda x: getattr(MILLARD_FAMILY, curve)(x, *other, order=1)
    np.testing.assert_allclose(slope(knots - 1e-10), slope(knots + 1e-10), rtol=1e-5, atol=1e-5)
    step = 1e-4 * np.diff(knots).min()
    before, after = (slope(knots) - slope(knots - step)) / step, (slope(knots + step) - slope(knots)) / step
    np.testing.assert_allclose(before, after, rtol=0, atol=2e-3 * np.abs(before).max())


def test_table_of_a_bezier_curve_is_the_curve():
    corners = [
        bezier.corner((-1.0, 0.0, 0.0), (-0.9, 0.0125, 0.25), 0.6),
        bezier.corner((-0.9, 0.0125, 0.25), (0.0, 1.0, 5.0), 0.6),
    ]
    table = bezier.QuinticCurve(corners)
    pieces = [table.coefficients[k] for k in range(len(table.coefficients))]
    for points in corners:
        x, y = bezier.bezier(points, np.linspace(0.0, 1.0, 997)).T
        piece = np.searchsorted(table.knots, x)
        ours = [
            np.polynomial.polynomial.polyval(s, pieces[k]) for s, k in zip(x - table.origins[piece], piece, strict=True)
        ]
        np.testing.assert_allclose(ours, y, rtol=0, atol=1e-10)


def test_corner_has_the_given_ends_and_slopes():
    points = bezier.corner((0.0, 0.0, 0.2), (1.0, 2.0, 3.0), 0.5)
    (x, y), (dx, dy) = (bezier.bezier(points, np.array([0.0, 1.0]), order).T for order in (0, 1))
    np.testing.assert_allclose([x, y, dy / dx], [[0.0, 1.0], [0.0, 2.0], [0.2, 3.0]], atol=1e-12)


def test_every_muscle_of_a_mixed_model_has_its_own_curves():
    properties = [{}, {"KshapeActive": 0.6}, MILLARD_PROPERTIES, {}, {}]
    names, biceps = ["thelen", "thelen", "millard", "millard", "degroote_fregly"], elbow().muscles[0]
    own = [
        replace(biceps, name=f"m{k}", curves=n, curve_properties=p)
        for k, (n, p) in enumerate(zip(names, properties, strict=False))
    ]
    together = pickle.loads(pickle.dumps(MusculoskeletalModel(own, elbow().joints)))
    motion = np.linspace(0.2, 2.0, 9)[:, None], np.linspace(-3.0, 3.0, 9)[:, None]
    forces = together.muscle_state(*motion, np.full((9, 5), 0.4))[0].tendon_force
    for k, muscle in enumerate(own):
        alone = (
            MusculoskeletalModel([muscle], elbow().joints).muscle_state(*motion, np.full((9, 1), 0.4))[0].tendon_force
        )
        np.testing.assert_allclose(forces[:, k], alone[:, 0], rtol=1e-13)
    assert len({force.round(6).tobytes() for force in forces.T}) == len(own)


def test_muscle_takes_the_defaults_of_its_family_unless_told_otherwise():
    path, name = PolynomialPath((0.3,)), "passive_fiber_strain_at_one_norm_force"
    assert Muscle("a", path, curves="millard").given_parameters[name] == {"value": 0.7}
    own = Muscle("a", path, None, {name: 0.5}, curves="millard").given_parameters
    assert own[name] == {"value": 0.5}
    freed = Muscle("a", path, None, {name: {"free": True}}, curves="millard").given_parameters
    assert freed[name] == {"value": 0.7, "free": True}
    assert Muscle("a", path).given_parameters == {}


# Of OpenSim 4.6: the curve objects of a Millard2012EquilibriumMuscle with the properties beside them.
MILLARD_PROPERTIES = {
    "ActiveForceLengthCurve/min_norm_active_fiber_length": 0.25,
    "ActiveForceLengthCurve/transition_norm_fiber_length": 0.77,
    "ActiveForceLengthCurve/max_norm_active_fiber_length": 1.9,
    "ActiveForceLengthCurve/shallow_ascending_slope": 0.75,
    "ActiveForceLengthCurve/minimum_value": 0.05,
    "FiberForceLengthCurve/strain_at_zero_force": -0.1,
    "FiberForceLengthCurve/strain_at_one_norm_force": 0.5,
    "FiberForceLengthCurve/stiffness_at_low_force": 0.1,
    "FiberForceLengthCurve/stiffness_at_one_norm_force": 4.0,
    "FiberForceLengthCurve/curviness": 0.4,
    "ForceVelocityCurve/concentric_slope_at_vmax": 0.05,
    "ForceVelocityCurve/concentric_slope_near_vmax": 0.3,
    "ForceVelocityCurve/isometric_slope": 4.0,
    "ForceVelocityCurve/eccentric_slope_at_vmax": 0.04,
    "ForceVelocityCurve/eccentric_slope_near_vmax": 0.12,
    "ForceVelocityCurve/max_eccentric_velocity_force_multiplier": 1.6,
    "ForceVelocityCurve/concentric_curviness": 0.3,
    "ForceVelocityCurve/eccentric_curviness": 0.5,
    "TendonForceLengthCurve/strain_at_one_norm_force": 0.06,
    "TendonForceLengthCurve/stiffness_at_one_norm_force": 25.0,
    "TendonForceLengthCurve/norm_force_at_toe_end": 0.5,
    "TendonForceLengthCurve/curviness": 0.8,
}
MILLARD_VALUES = {
    "active": (
        [0.2, 0.4, 0.6, 0.9, 1.2, 1.6],
        [0.05, 0.2046357987, 0.6190281092, 0.9624369241, 0.8427783429, 0.3438064175],
    ),
    "passive": ([0.85, 1.0, 1.2, 1.4, 1.6], [0.0, 0.0180477187, 0.26495849, 0.6606973363, 1.4]),
    "velocity": (
        [-1.1, -0.6, -0.1, 0.1, 0.5, 1.1],
        [-0.005, 0.186466462, 0.7508942755, 1.2275027255, 1.502700445, 1.604],
    ),
    "tendon": ([1.0, 1.02, 1.04, 1.06, 1.08], [0.0, 0.153977218, 0.5, 1.0, 1.5]),
}


def test_millard_s_curves_follow_every_property_as_opensim_does():
    family = curve_family("millard", MILLARD_PROPERTIES)
    x = {name: np.array(at) for name, (at, _) in MILLARD_VALUES.items()}
    got = {
        "active": family.active_force_length(x["active"]),
        "passive": family.passive_force_length(x["passive"], np.array(0.5)),
        "velocity": family.force_velocity(x["velocity"]),
        "tendon": family.tendon_force_length(x["tendon"], np.array(0.06)),
    }
    for name, (_, expected) in MILLARD_VALUES.items():
        np.testing.assert_allclose(got[name], expected, rtol=0, atol=1e-8, err_msg=name)


def test_thelen_s_and_de_groote_s_curves_follow_their_properties():
    length = np.linspace(0.5, 1.6, 12)
    wide = curve_family("degroote_fregly", {"active_force_width_scale": 1.5}).active_force_length
    np.testing.assert_allclose(
        wide(1.0 + 1.5 * (length - 1.0)),
        CURVE_FAMILIES["degroote_fregly"].active_force_length(length),
        rtol=1e-7,
        atol=1e-7,
    )
    slack = curve_family("degroote_fregly", {"ignore_passive_fiber_force": 1.0}).passive_force_length
    assert not slack(length, np.array(0.6)).any()
    own = curve_family("thelen", {"KshapeActive": 0.5, "KshapePassive": 4.0, "Af": 0.3, "Flen": 1.8})
    np.testing.assert_allclose(
        own.active_force_length(length), np.exp(-((length - 1.0) ** 2) / 0.5), rtol=1e-7, atol=1e-7
    )
    strain = np.array(0.6)
    np.testing.assert_allclose(
        own.passive_force_length(length, strain),
        np.expm1(4.0 / 0.6 * np.clip(length - 1.0, 0, None)) / np.expm1(4.0),
        rtol=1e-7,
        atol=1e-7,
    )
    assert own.force_velocity(np.array([50.0]), np.ones(1)) > 1.7


@pytest.mark.parametrize(
    ("curves", "properties", "message"),
    [
        ("thelen", {"Kshape": 1.0}, r"no properties \['Kshape'\]. They have \['KshapeActive'"),
        ("thelen", {"Flen": 0.9}, "Flen above 1"),
        ("millard", {"ActiveForceLengthCurve/transition_norm_fiber_length": 0.4}, "abscissas do not increase"),
        ("degroote_fregly", {"active_force_width_scale": 0.0}, "must be positive"),
    ],
)
def test_properties_that_make_no_curve_are_named_with_the_muscle(curves, properties, message):
    path = PolynomialPath.constant_moment_arm(0.03, length=0.33)
    with pytest.raises(ValueError, match=f"`curve_properties` of muscle 'm': .*{message}"):
        Muscle("m", path, curves=curves, curve_properties=properties)
