import difflib

import limb_text as limb
import numpy as np
import pytest

from sk_bionic.musculoskeletal import from_osim, save_paths, to_osim
from sk_bionic.musculoskeletal.families import curve_family
from sk_bionic.musculoskeletal.opensim_model import read_osim

ANGLES = ["shoulder_angle", "elbow_angle"]
EMG = {"emg_gain", "emg_shape_factor", "electromechanical_delay", "first_filter_time_constant",
"second_filter_time_constant"}  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The .osim file of a limb."""
    path = tmp_path_factory.mktemp("limb") / "limb.osim"
    path.write_text(limb.document())
    return path


@pytest.fixture(scope="module")
def model(source):
    """The model of the file."""
    return from_osim(source, ANGLES)


@pytest.fixture(scope="module")
def identified(model):
    """The model with other values of everything that an .osim file can hold."""
    rng = np.random.RandomState(0)
    rows = [r for r in model.parameters.rows if r.owner in model.muscle_names]
    return model.with_rows({
        (r.owner, r.name): {"value": r.value * rng.uniform(0.9, 1.1) + (r.name == "fiber_damping") * 0.01}
        for r in rows if r.name not in EMG | {"moment_arm_scale"}
        and (r.name, r.owner) != ("fiber_damping", "extensor")
    })  # fmt: skip


def values(model):
    rows = model.parameters.rows
    return {(r.owner, r.name): r.value for r in rows if r.owner in model.muscle_names and r.name not in EMG}


def test_what_is_written_is_read_again(source, model, identified, tmp_path):
    copy, paths = tmp_path / "copy.osim", tmp_path / "paths.json"
    changes = to_osim(identified, source, copy)
    save_paths(model, paths)
    assert values(from_osim(copy, ANGLES, paths=paths)) == values(identified)
    assert values(from_osim(source, ANGLES, paths=paths)) == values(model)
    assert set(changes["muscle"]) == {"flexor", "extensor", "biarticular"}
    row = changes.set_index(["muscle", "property"]).loc[("extensor", "FmaxTendonStrain")]
    assert row["before"] == 0.04 and row["after"] == values(identified)["extensor", "tendon_strain_at_one_norm_force"]


def test_nothing_else_changes(source, model, tmp_path):
    copy = tmp_path / "copy.osim"
    assert to_osim(model, source, copy).empty and copy.read_bytes() == source.read_bytes()
    change = {("extensor", "max_isometric_force"): {"value": 612.5}}
    to_osim(model.with_rows(change), source, copy)
    before, after = source.read_text().splitlines(), copy.read_text().splitlines()
    changed = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    assert [line.strip() for line in changed] == [
        "-       <max_isometric_force>500</max_isometric_force>",
        "+       <max_isometric_force>612.5</max_isometric_force>",
    ]


def test_properties_left_to_defaults_are_added_to_the_muscle_alone(source, model, tmp_path):
    defaults = """<Millard2012EquilibriumMuscle name="default"><fiber_damping>0.05</fiber_damping>
      <max_isometric_force>1</max_isometric_force></Millard2012EquilibriumMuscle>"""
    own, copy = tmp_path / "limb.osim", tmp_path / "copy.osim"
    own.write_text(limb.document(defaults=defaults))
    change = {("biarticular", "fiber_damping"): {"value": 0.02}}
    changes = to_osim(model.with_rows(change), own, copy)
    assert changes.to_numpy().tolist() == [["biarticular", "fiber_damping", 0.05, 0.02]]
    assert read_osim(copy).muscles["biarticular"].parameters["fiber_damping"] == 0.02
    assert defaults in copy.read_text()


def test_curves_that_are_empty_or_missing_are_filled(source, model, tmp_path):
    names = "passive_fiber_strain_at_one_norm_force", "tendon_strain_at_one_norm_force"
    changed = model.with_rows({("biarticular", name): {"value": 0.06 + 0.6 * (name == names[0])} for name in names})
    without = tmp_path / "without.osim"
    text = limb.document()
    start, end = text.index("<FiberForceLengthCurve"), text.index("<TendonForceLengthCurve")
    without.write_text(text[:start] + text[end:])
    for own in (source, without):
        to_osim(changed, own, tmp_path / "copy.osim")
        found = read_osim(tmp_path / "copy.osim").muscles["biarticular"].parameters
        assert [found[name] for name in names] == pytest.approx([0.66, 0.06])


def test_opensim_reads_the_values(source, identified, tmp_path):
    opensim = pytest.importorskip("opensim")
    to_osim(identified, source, tmp_path / "copy.osim")
    read = opensim.Model(str(tmp_path / "copy.osim"))
    read.initSystem()
    muscles = read.getMuscles()
    expected = values(identified)
    for name in identified.muscle_names:
        assert muscles.get(name).get_max_isometric_force() == expected[name, "max_isometric_force"]
        assert muscles.get(name).get_tendon_slack_length() == expected[name, "tendon_slack_length"]
    millard = opensim.Millard2012EquilibriumMuscle.safeDownCast(muscles.get("biarticular"))
    strain = millard.getTendonForceLengthCurve().getStrainAtOneNormForce()
    assert strain == expected["biarticular", "tendon_strain_at_one_norm_force"]


def test_moment_arms_have_no_place_there(source, model, tmp_path):
    scaled = model.with_rows({("flexor", "moment_arm_scale"): {"value": 1.1}})
    with pytest.warns(UserWarning, match=r"moment arms of \['flexor'\] were scaled"):
        to_osim(scaled, source, tmp_path / "copy.osim")


def test_the_source_is_left_as_it_is(source, model, tmp_path):
    with pytest.raises(ValueError, match="must not be the source itself"):
        to_osim(model, source, source)


def test_a_source_without_the_muscles(model, tmp_path):
    other = tmp_path / "other.osim"
    other.write_text(limb.document().replace('"flexor"', '"brachialis"'))
    with pytest.raises(ValueError, match=r"other.osim has no muscles \['flexor'\]. It has \['brachialis'"):
        to_osim(model, other, tmp_path / "copy.osim")
    assert not (tmp_path / "copy.osim").exists()


def test_a_curve_that_the_file_states_is_stretched_with_its_strain(tmp_path):
    stated = """<FiberForceLengthCurve name="f"><strain_at_zero_force>-0.1</strain_at_zero_force>
      <strain_at_one_norm_force>0.5</strain_at_one_norm_force><stiffness_at_low_force>0.1</stiffness_at_low_force>
      <stiffness_at_one_norm_force>4</stiffness_at_one_norm_force><curviness>0.6</curviness></FiberForceLengthCurve>"""
    points = [(limb.UPPER, "0.03 -0.1 0"), (limb.LOWER, "0.02 -0.04 0")]
    source, copy = tmp_path / "limb.osim", tmp_path / "copy.osim"
    source.write_text(limb.document(muscles=limb.muscle("flexor", points, "Millard2012EquilibriumMuscle", stated)))
    name = "passive_fiber_strain_at_one_norm_force"
    model = from_osim(source, "elbow_angle").with_rows({("flexor", name): {"value": 0.6}})
    changes = to_osim(model, source, copy).set_index("property")["after"]
    assert changes["FiberForceLengthCurve/stiffness_at_one_norm_force"] == pytest.approx(4 * 0.5 / 0.6)
    again = from_osim(copy, "elbow_angle")
    length = np.linspace(0.85, 1.7, 30)[:, None]
    families = [curve_family("millard", m.muscles[0].curve_properties) for m in (model, again)]
    ours, theirs = (family.passive_force_length(length, 0.6) for family in families)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4)
