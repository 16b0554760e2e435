"""Models from small .osim texts against the same mechanics computed from the poses of their bodies."""

import sys

import limb_text as limb
import numpy as np
import pytest

from sk_bionic.musculoskeletal import from_osim, save_paths
from sk_bionic.musculoskeletal.opensim_model import read_osim
from sk_bionic.musculoskeletal.opensim_model.geometry import (
    body_poses,
    muscle_tendon_lengths,
)
from sk_bionic.musculoskeletal.opensim_model.sampling import bridge_jumps
from sk_bionic.musculoskeletal.opensim_model.wrapping import OpenSimPaths

ANGLES = ["shoulder_angle", "elbow_angle"]
POSTURES = np.array([[-0.7, 0.2], [0.0, 1.0], [0.9, 1.8], [1.6, 0.1]])
CYLINDER = """<WrapObjectSet><objects><WrapCylinder name="pulley"><active>true</active><radius>0.03</radius>
  <length>0.5</length><translation>0 0 0</translation><xyz_body_rotation>0 0 0</xyz_body_rotation>
  <quadrant>all</quadrant>
  </WrapCylinder></objects></WrapObjectSet>"""
WRAP = '<PathWrap name="w"><wrap_object>pulley</wrap_object><method>hybrid</method><range>-1 -1</range></PathWrap>'
SPRING = """<SpringGeneralizedForce name="s"><coordinate>elbow_angle</coordinate><stiffness>3</stiffness>
  <rest_length>0.7</rest_length><viscosity>0.4</viscosity></SpringGeneralizedForce>"""
LIMIT = """<CoordinateLimitForce name="l"><coordinate>elbow_angle</coordinate><upper_stiffness>2</upper_stiffness>
  <upper_limit>90</upper_limit><lower_stiffness>2</lower_stiffness><lower_limit>10</lower_limit><transition>8</transition>
  </CoordinateLimitForce>"""


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Fitted paths of the limb's muscles, for tests of what is not a path."""
    folder = tmp_path_factory.mktemp("paths")
    (folder / "limb.osim").write_text(limb.document())
    save_paths(from_osim(folder / "limb.osim", ANGLES), folder / "paths.json")
    return folder / "paths.json"


@pytest.fixture
def write(tmp_path):
    """Write a model's text to a file."""

    def write(text=None, **parts):
        path = tmp_path / "limb.osim"
        path.write_text(limb.document(**parts) if text is None else text)
        return path

    return write


def wrapping_muscle():
    """Over a pulley that turns with the lower arm: tangents from in front of the elbow, on both sides."""
    points = [(limb.UPPER, "0.05 -0.05 0"), (limb.LOWER, "0.05 -0.2 0")]
    return limb.muscle("wrapped", points, wraps=WRAP)


def with_pulley():
    bodies = limb.body("upper") + limb.body("lower", wraps=CYLINDER) + limb.body("hand", 0.4)
    return {"bodies": bodies, "muscles": wrapping_muscle()}


def potential_and_mass(file, postures, gravity):
    """Potential energy [J] and mass matrix [kg m2] of the limb from the poses of its bodies."""
    model, step = read_osim(file), 1e-5

    def centers_and_turns(angles):
        poses = body_poses(model, dict(zip(ANGLES, np.moveaxis(angles, -1, 0), strict=True)))
        places = {n: (poses[n] @ np.array([*b.mass_center, 1.0]))[..., :3] for n, b in model.bodies.items()}
        return places, {n: poses[n][..., :3, :3] for n in model.bodies}

    here = centers_and_turns(postures)
    energy = sum(-b.mass * here[0][n] @ np.array(gravity) for n, b in model.bodies.items())
    shifted = [[centers_and_turns(postures + sign * step * axis) for sign in (-1, 1)] for axis in np.eye(2)]
    mass = np.zeros((len(postures), 2, 2))
    for name, b in model.bodies.items():
        xx, yy, zz, xy, xz, yz = b.inertia
        inertia = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        speed = np.stack([(after[0][name] - before[0][name]) / (2 * step) for before, after in shifted], -2)
        spins = []
        for before, after in shifted:  # R' R^T is the cross-product matrix of the angular velocity
            rate = (after[1][name] - before[1][name]) / (2 * step)
            cross = np.swapaxes(here[1][name], -1, -2) @ rate
            spins.append(np.stack([cross[..., 2, 1], cross[..., 0, 2], cross[..., 1, 0]], -1))
        spin = np.stack(spins, -2)
        mass += b.mass * speed @ np.swapaxes(speed, -1, -2) + spin @ inertia @ np.swapaxes(spin, -1, -2)
    return energy, mass


def gravity_torques(model, postures):
    """Torque that holds the limb still without muscles [N m]."""
    angle = np.asarray(postures)
    zero = np.zeros_like(angle)
    activation = np.zeros((len(postures), model.n_muscles))
    off = ("max_isometric_force", "limit_stiffness")
    p = model.parameters.as_dict()
    p |= {name: np.zeros_like(p[name]) for name in off}
    return model.residual(angle, zero, zero, activation, p)


class TestSkeleton:
    def test_mass_matrix_and_gravity_are_those_of_the_bodies(self, write, paths):
        file = write()
        model = from_osim(file, ANGLES, paths=paths)
        _, mass = potential_and_mass(file, POSTURES, (0, -9.80665, 0))
        np.testing.assert_allclose(model.mass_matrix(np.asarray(POSTURES)), mass, rtol=1e-7)
        step = 1e-5
        for d, axis in enumerate(step * np.eye(2)):
            energies = [potential_and_mass(file, POSTURES + s * axis, (0, -9.80665, 0))[0] for s in (-1, 1)]
            slope = (energies[1] - energies[0]) / (2 * step)
            np.testing.assert_allclose(gravity_torques(model, POSTURES)[:, d], slope, atol=1e-7)

    def test_a_single_tilted_joint_is_exact(self, write):
        joints = limb.joint("shoulder", "ground", "upper", limb.coordinate("a"), "0 1 0", "0.3 -0.4 0.2")
        arm = limb.muscle("m", [("/ground", "0.05 1.2 0"), (limb.UPPER, "0.06 -0.2 0")])
        file = write(
            bodies=limb.body("upper", center="0.03 -0.15 0.02"),
            joints=joints,
            muscles=arm,
            gravity="0 -5 1",
        )
        model, q, step = from_osim(file, "a"), POSTURES[:, :1], 1e-5
        body = read_osim(file).bodies["upper"]
        height = lambda q: (body_poses(read_osim(file), {"a": q[:, 0]})["upper"] @ [*body.mass_center, 1.0])[:, :3]
        slope = -body.mass * (height(q + step) - height(q - step)) @ np.array([0, -5, 1]) / (2 * step)
        np.testing.assert_allclose(gravity_torques(model, q)[:, 0], slope, atol=1e-7)

    def test_tilted_axes_and_masses_beside_the_plane_hardly_change_what_a_chain_weighs(self, write, paths):
        joints = limb.joint("shoulder", "ground", "upper", limb.coordinate("shoulder_angle"), "0 1 0", "0.06 0 0")
        joints += limb.joint("elbow", "upper", "lower", limb.coordinate("elbow_angle"), "0 -0.3 0", "0 0.05 0")
        bodies = limb.body("upper", center="0.01 -0.15 0.05") + limb.body("lower", center="0 -0.2 -0.03")
        file = write(bodies=bodies, joints=joints)
        model, step = from_osim(file, ANGLES, paths=paths), 1e-5
        for d, axis in enumerate(step * np.eye(2)):
            energies = [potential_and_mass(file, POSTURES + s * axis, (0, -9.80665, 0))[0] for s in (-1, 1)]
            slope = (energies[1] - energies[0]) / (2 * step)
            # Projected into the plane alone, the shoulder is off by a third of a newton metre everywhere.
            np.testing.assert_allclose(gravity_torques(model, POSTURES)[:, d], slope, atol=0.05)

    def test_bodies_beyond_the_chain_are_held_in_the_posture(self, write, paths):
        straight, bent = (
            from_osim(write(), ANGLES, paths=paths, posture={"wrist_angle": angle}) for angle in (0.0, 1.0)
        )
        inertia = [m.parameters.as_dict()["moment_of_inertia"][1] for m in (straight, bent)]
        assert inertia[0] > 1.02 * inertia[1]

    def test_a_knee_that_glides_turns_about_the_hinge_that_misses_least(self, write, paths):
        glide = limb.spline("-2 -1 0 1 2", "0.004 0.001 0 0.001 0.004")
        elbow = limb.joint(
            "elbow", "upper", "lower", limb.coordinate("elbow_angle", "-1 1"), kind="CustomJoint",
            extra=limb.custom("elbow_angle", functions={"translation1": glide}),
        )  # fmt: skip
        joints = limb.joint("shoulder", "ground", "upper", limb.coordinate("shoulder_angle"), "0 1 0") + elbow
        model = from_osim(
            write(bodies=limb.body("upper") + limb.body("lower"), joints=joints),
            ANGLES,
            paths=paths,
        )
        assert model.parameters.as_dict()["segment_length"][0] == pytest.approx(0.3, abs=2e-3)

    @pytest.mark.parametrize("slope", [1, -1, 0.0175])
    def test_a_spline_that_turns_by_the_coordinates_own_amount_is_a_hinge(self, write, paths, slope):
        """OpenSim calls the coordinate coupled; what counts is how far the segment turns."""
        linear = '<LinearFunction name="function"><coefficients>1 0</coefficients></LinearFunction>'
        turning = limb.custom("elbow_angle").replace(
            linear, limb.spline("-3 -1 0 1 3", " ".join(str(slope * x) for x in (-3, -1, 0, 1, 3)))
        )

        def read(extra):
            elbow = limb.joint(
                "elbow", "upper", "lower", limb.coordinate("elbow_angle", "-1 2"), kind="CustomJoint", extra=extra
            )
            joints = limb.joint("shoulder", "ground", "upper", limb.coordinate("shoulder_angle"), "0 1 0") + elbow
            text = write(bodies=limb.body("upper") + limb.body("lower"), joints=joints)
            return from_osim(text, ANGLES, paths=paths, skeleton=True)

        if abs(slope) == 1:
            model, plain = read(turning), read(limb.custom("elbow_angle", f"0 0 {slope}"))
            for name, values in plain.parameters.as_dict().items():
                np.testing.assert_allclose(model.parameters.as_dict()[name], values, atol=1e-8, err_msg=name)
        else:
            with pytest.raises(ValueError, match="'lower' turns by .* while 'elbow_angle' changes by 3; only hinges"):
                read(turning)

    def test_a_joint_that_screws_at_the_end_of_its_range_is_the_hinge_of_the_whole(self, write, paths):
        screw = limb.spline(
            "-1 0 0.3 0.6 1 2", "0 0 0.15 0.15 0.15 0.15"
        )  # turns about another axis between 0 and 0.3 rad
        elbow = limb.joint(
            "elbow", "upper", "lower", limb.coordinate("elbow_angle", "-1 2"), kind="CustomJoint",
            extra=limb.custom("elbow_angle", functions={"rotation2": screw}),
        )  # fmt: skip
        joints = limb.joint("shoulder", "ground", "upper", limb.coordinate("shoulder_angle"), "0 1 0") + elbow
        file = write(bodies=limb.body("upper") + limb.body("lower"), joints=joints)
        whole, narrow = (
            from_osim(file, ANGLES, paths=paths, ranges=ranges) for ranges in (None, {"elbow_angle": (0.0, 0.25)})
        )
        lengths = [model.parameters.as_dict()["segment_length"][0].item() for model in (whole, narrow)]
        assert lengths[0] == pytest.approx(lengths[1], abs=5e-3)

    def test_a_joint_that_turns_backwards(self, write, paths):
        back = limb.joint(
            "elbow",
            "upper",
            "lower",
            limb.coordinate("elbow_angle", "0 2"),
            turn="3.14159265358979 0 0",
        )
        model = from_osim(write(joints=limb.JOINTS.split("<PinJoint name=\"elbow\"")[0] + back + '<PinJoint '
        'name="wrist"' +
                                limb.JOINTS.split("<PinJoint name=\"wrist\"")[1]), ANGLES, paths=paths)  # fmt: skip
        assert [joint.direction for joint in model.joints] == [1.0, -1.0]

    def test_springs_and_limits_of_the_file(self, write, paths):
        joint = from_osim(write(more=SPRING + LIMIT), ANGLES, paths=paths).joints[1].parameters
        named = ("joint_stiffness", "joint_rest_angle", "joint_damping")
        assert [joint[name]["value"] for name in named] == [3, 0.7, 0.4]
        assert joint["upper_limit"]["value"] == pytest.approx(np.pi / 2)
        assert joint["limit_stiffness"]["value"] == pytest.approx(2 * 180 / np.pi)

    def test_other_passive_forces_are_named(self, write, paths):
        other = (
            "<ExpressionBasedCoordinateForce "
            'name="e"><coordinate>elbow_angle</coordinate></ExpressionBasedCoordinateForce>'
        )
        with pytest.warns(UserWarning, match="limb.osim.*forces are left out: ExpressionBasedCoordinateForce 'e'"):
            from_osim(write(more=other), ANGLES, paths=paths)


class TestMuscles:
    def test_lengths_and_moment_arms_are_those_of_the_file(self, write):
        file = write()
        model = from_osim(file, ANGLES)
        osim, step = read_osim(file), 1e-6
        values = lambda q: dict(zip(ANGLES, q.T, strict=True))
        length, arm = model.length_and_moment_arm(np.asarray(POSTURES))
        exact = muscle_tendon_lengths(osim, values(POSTURES), model.muscle_names)
        np.testing.assert_allclose(length, exact, atol=1e-4)
        for d, axis in enumerate(step * np.eye(2)):
            before, after = (
                muscle_tendon_lengths(osim, values(POSTURES + s * axis), model.muscle_names) for s in (-1, 1)
            )
            np.testing.assert_allclose(arm[:, d], (before - after) / (2 * step), atol=5e-4)

    def test_the_errors_of_the_fit_are_kept(self, write):
        errors = from_osim(write(), ANGLES).path_errors
        assert list(errors.index) == ["flexor", "extensor", "biarticular"]
        assert (errors["length_error"] <= 2e-5).all() and (errors["moment_arm_error"] <= 1e-4).all()

    def test_parameters_and_curves_by_class(self, write, paths):
        model = from_osim(write(), ANGLES, paths=paths, tendon="as_stated")
        assert [m.curves for m in model.muscles] == ["degroote_fregly", "thelen", "millard"]
        assert [m.tendon for m in model.muscles] == ["rigid", "elastic", "elastic"]
        p = model.parameters.as_dict()
        assert p["passive_fiber_strain_at_one_norm_force"].tolist() == [0.6, 0.6, 0.65]
        assert p["tendon_strain_at_one_norm_force"].tolist() == [0.049, 0.04, 0.049]
        assert p["deactivation_time_constant"].tolist() == [0.06, 0.05, 0.04]
        assert p["fiber_damping"].tolist() == [0.0, 0.0, 0.1]

    def test_other_curves_have_their_own_damping(self, write, paths):
        model = from_osim(
            write(),
            ANGLES,
            paths=paths,
            curves="degroote_fregly",
            tendon="elastic",
            drive="excitation",
        )
        p = model.parameters.as_dict()
        assert p["fiber_damping"].tolist() == [0.0, 0.01, 0.01] and bool(model.elastic.all())
        assert p["electromechanical_delay"].tolist() == [0, 0, 0]
        state = np.tile(np.linspace(0, 1, 11)[:, None], 3)
        np.testing.assert_allclose(model.activation(state), state, atol=2e-4, rtol=0)

    def test_only_muscles_that_span_the_angles(self, write):
        assert from_osim(write(), "shoulder_angle").muscle_names == ("biarticular",)
        assert from_osim(write(), ANGLES, ["extensor"]).muscle_names == ("extensor",)

    def test_deprecated_classes_are_told(self, write):
        old = limb.muscle(
            "old",
            [(limb.UPPER, "0.03 -0.1 0"), (limb.LOWER, "0.02 -0.04 0")],
            "Schutte1993Muscle_Deprecated",
        )
        with pytest.warns(UserWarning, match=r"degroote_fregly curves are only near those of \['old'\]"):
            from_osim(write(muscles=old), ANGLES)

    def test_a_jump_is_bridged_and_told(self, write):
        point = """<ConditionalPathPoint name="c"><socket_parent_frame>/bodyset/upper</socket_parent_frame>
          <location>0.06 -0.28 0</location><socket_coordinate>elbow_angle</socket_coordinate><range>1 3</range>
          </ConditionalPathPoint><PathPoint name="flexor1">"""
        muscles = limb.MUSCLES.replace('<PathPoint name="flexor1">', point)
        with pytest.warns(UserWarning, match=r"not the slopes of the lengths .* of flexor \(.* mm"):
            model = from_osim(write(muscles=muscles), ANGLES, ["flexor"])
        assert model.path_errors.loc["flexor", "length_error"] > 1e-4


class TestBridgedJumps:
    def test_the_level_of_a_broken_path_is_that_about_the_default_posture_whatever_the_ranges(self, write):
        point = """<ConditionalPathPoint name="c"><socket_parent_frame>/bodyset/upper</socket_parent_frame>
          <location>0.06 -0.28 0</location><socket_coordinate>elbow_angle</socket_coordinate><range>1 3</range>
          </ConditionalPathPoint><PathPoint name="flexor1">"""
        file = write(muscles=limb.MUSCLES.replace('<PathPoint name="flexor1">', point))
        posture = np.array([[0.0, 0.8]])
        lengths = []
        for bounds in (None, (0.0, 1.1), (0.6, 1.9)):
            with pytest.warns(UserWarning, match="not the slopes of the lengths"):
                model = from_osim(file, ANGLES, ["flexor"], ranges=bounds and {"elbow_angle": bounds})
            lengths.append(model.length_and_moment_arm(posture)[0].item())
        true = float(muscle_tendon_lengths(read_osim(file), {"elbow_angle": np.array(0.8)}, ["flexor"])[0])
        np.testing.assert_allclose(lengths, true, atol=3e-4)

    def test_a_step_is_taken_out_and_nothing_else(self):
        axes = [np.linspace(-1, 1, 21), np.linspace(0, 2, 15)]
        x, y = np.meshgrid(*axes, indexing="ij")
        smooth = 0.3 - 0.03 * np.sin(x) * np.cos(y)
        arms = [0.03 * np.cos(x) * np.cos(y), -0.03 * np.sin(x) * np.sin(y)]
        bridged, jump = bridge_jumps(axes, smooth + 0.003 * (x + 0.2 * y > 0.31), arms)
        assert jump == pytest.approx(0.003, rel=0.02)
        np.testing.assert_allclose(np.ptp(bridged - smooth), 0, atol=5e-5)
        same, none = bridge_jumps(axes, smooth, arms)
        assert same is smooth and none == 0.0


class TestWrapping:
    def test_without_opensim_the_muscle_and_the_extra_are_named(self, write, monkeypatch):
        monkeypatch.setitem(sys.modules, "opensim", None)
        with pytest.raises(
            ImportError,
            match=r"'wrapped' wraps over 'pulley' \(WrapCylinder\).*sk-bionic\[opensim\]",
        ):
            from_osim(write(**with_pulley()), "elbow_angle")

    def test_opensim_measures_a_pulley_and_a_file_replaces_it(self, write, tmp_path, monkeypatch):
        pytest.importorskip("opensim")
        file = write(**with_pulley())
        model = from_osim(file, "elbow_angle", ranges={"elbow_angle": (-0.42, -0.25)})
        angle = np.linspace(-0.4, -0.27, 5)[:, None]
        _, arm = model.length_and_moment_arm(angle)
        assert np.abs(np.abs(arm) - 0.03).max() < 5e-4  # the pulley's radius
        save_paths(model, tmp_path / "paths.json")
        monkeypatch.setitem(sys.modules, "opensim", None)
        again = from_osim(file, "elbow_angle", paths=tmp_path / "paths.json")
        np.testing.assert_allclose(again.length_and_moment_arm(angle)[1], arm, rtol=1e-7, atol=1e-7)

    def test_a_wrap_that_fails_once_spoils_no_other_posture(self, write):
        pytest.importorskip("opensim")
        ellipsoid = """<WrapObjectSet><objects><WrapEllipsoid name="pulley"><quadrant>all</quadrant>
          <dimensions>0.142 0.168 0.192</dimensions></WrapEllipsoid></objects></WrapObjectSet>"""
        points = ((limb.LOWER, "-0.091 -0.089 0.125"), (limb.UPPER, "-0.049 -0.247 0.187"))
        upper = limb.body(
            "upper", wraps=ellipsoid.replace("<quadrant>", "<translation>0 -0.3 0</translation><quadrant>")
        )
        wraps = '<PathWrap name="w"><wrap_object>pulley</wrap_object><method>hybrid</method></PathWrap>'
        file = write(bodies=upper + limb.body("lower") + limb.body("hand", 0.4),
                     muscles=limb.muscle("wrapped", points, wraps=wraps))  # fmt: skip
        model = read_osim(file)
        angles = np.arange(0.4, 1.01, 0.1)  # at 0.7 rad OpenSim's moment arm is no number
        lengths, arms = measured(file, model, angles)
        assert np.isfinite(arms).all()
        own = np.array([measured(file, model, angles[[i]])[1][0] for i in (0, 1, 2, 4, 5, 6)])
        np.testing.assert_allclose(np.delete(arms, 3), own, rtol=1e-9)
        assert min(arms[2], arms[4]) < arms[3] < max(arms[2], arms[4])


def measured(file, model, angles):
    """Lengths and moment arms of the muscle "wrapped" about the elbow by OpenSim, from a model that it opens anew."""
    values = {name: np.zeros(len(angles)) for name in model.coordinates}
    paths = OpenSimPaths(file, model, {"wrapped": ""})
    lengths, arms = paths.measure({**values, "elbow_angle": angles}, ["wrapped"], ["elbow_angle"])
    return lengths[:, 0], arms[0, :, 0]


def test_a_whole_turn_whose_bounds_were_rounded_is_a_range(write):
    narrow, turn = (limb.coordinate("elbow_angle", bounds) for bounds in ("0 2", "-3.142 3.142"))
    text = limb.document()
    assert narrow in text
    assert from_osim(write(text.replace(narrow, turn)), "elbow_angle").coordinate_names == ("elbow_angle",)


class TestFaults:
    @pytest.mark.parametrize(
        ("coordinates", "options", "message"),
        [
            (["elbow"], {}, r"must be different angles of 'limb', which has \['shoulder_angle'"),
            ([], {}, "must be different angles"),
            (ANGLES[::-1], {}, "'shoulder_angle' carries 'elbow_angle' and must stand before it"),
            (ANGLES, {"muscles": ["soleus"]}, r"'limb' has no muscles \['soleus'\]"),
            (["shoulder_angle"], {"muscles": ["flexor"]}, r"\['flexor'\] of 'limb' span none"),
            (["wrist_angle"], {}, "No muscle of 'limb' spans any"),
            (ANGLES, {"posture": {"elbow_angle": 1.0}}, "are held by `posture`"),
            (ANGLES, {"ranges": {"wrist_angle": (0, 1)}}, r"`ranges` names \['wrist_angle'\]"),
            (ANGLES, {"ranges": {"elbow_angle": (1, 1)}}, "range of 'elbow_angle' must be wider"),
            (ANGLES, {"tendon": "stiff"}, "`tendon` must be one of .* Got 'stiff'"),
        ],
    )
    def test_what_was_asked_for(self, write, coordinates, options, message):
        with pytest.raises(ValueError, match=message):
            from_osim(write(), coordinates, **({"skeleton": True} | options))

    @pytest.mark.parametrize(
        ("turn", "functions", "message"),
        [
            ("0.6 0 0", {}, "axis of 'elbow_angle' is tilted by 34 degrees"),
            (
                "0 0 0",
                {"translation1": limb.spline("-1 -0.5 0 0.5 1", "0.1 -0.1 0.1 -0.1 0.1")},
                "'elbow_angle' glides by .* mm",
            ),
            (
                "0 0 0",
                {"rotation2": limb.spline("-2 0 2", "-2 0 2")},
                "turns by .* rad while 'elbow_angle'",
            ),
        ],
    )
    def test_what_is_no_hinge(self, write, turn, functions, message):
        elbow = limb.joint(
            "elbow", "upper", "lower", limb.coordinate("elbow_angle", "-1 1"), turn=turn, kind="CustomJoint",
            extra=limb.custom("elbow_angle", functions=functions),
        )  # fmt: skip
        joints = limb.joint("shoulder", "ground", "upper", limb.coordinate("shoulder_angle"), "0 1 0") + elbow
        with pytest.raises(ValueError, match=message):
            from_osim(write(bodies=limb.body("upper") + limb.body("lower"), joints=joints), ANGLES, skeleton=True)

    def test_a_body_without_mass(self, write):
        bodies = limb.body("upper", 0.0) + limb.body("lower") + limb.body("hand")
        with pytest.raises(
            ValueError,
            match=r"\['upper'\] between 'shoulder_angle' and the next coordinate have no mass",
        ):
            from_osim(write(bodies=bodies), ANGLES, skeleton=True)

    def test_a_horizontal_plane_holds_one_joint_only(self, write):
        with pytest.raises(ValueError, match="gravity in its plane is 0 m/s2"):
            from_osim(write(gravity="0 0 -9.80665"), ANGLES, skeleton=True)

    def test_an_unknown_class_of_muscle(self, write, paths):
        text = limb.document().replace("DeGrooteFregly2016Muscle", "NewMuscle")
        with pytest.raises(
            ValueError,
            match="'flexor' is a NewMuscle; known are .* Give the family of its `curves`",
        ):
            from_osim(write(text), ANGLES, paths=paths)
        assert from_osim(write(text), ANGLES, paths=paths, curves="thelen").muscle_names[0] == "flexor"
