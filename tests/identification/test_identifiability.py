"""What a recording leaves open is found and said; what it determines is not questioned."""

import numpy as np
import pytest

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.identification.identifiability import (
    MOVED,
    assess,
    degenerate_scale,
    label,
    uninformative_channels,
    unlearnt,
    weak_directions,
)
from sk_bionic.identification.identify import IdentificationSettings, identify
from sk_bionic.musculoskeletal import elbow
from sk_bionic.musculoskeletal.prior import FreeParameters
from sk_bionic.trials import find_trials

NOISE = np.deg2rad(1.0)
FREE = (
    "max_isometric_force",
    "optimal_fiber_length",
    "emg_shape_factor",
    "electromechanical_delay",
)


@pytest.fixture(scope="module")
def flexion():
    """Two well-posed trials of 4 s at 50 Hz."""
    return make_elbow_flexion(2, duration=4.0, sampling_rate=50, random_state=5)


def findings_about(data, model, truth, exogenous=None):
    """What is left open by the motion of `truth` under the EMG `data`, noise added."""
    motion = EquationOfMotion(truth, find_trials(data), data.to_numpy(), exogenous)
    angle = motion.solve().angle
    angle = angle + NOISE * np.random.RandomState(0).normal(size=angle.shape)
    return assess(identify(motion.with_model(model), angle), motion.excitation)


def names_of(findings, model):
    return {label(model.parameters.rows[row]) for finding in findings for row in finding.rows}


def all_free(model, owner=""):
    rows = model.parameters.rows
    return {label(rows[i]) for i in model.parameters.free_index if rows[i].owner.startswith(owner)}


def text_of(findings):
    return "; ".join(str(finding) for finding in findings)


def test_well_posed_recording_leaves_nothing_open(flexion):
    assert findings_about(flexion.data, elbow(), flexion.model) == []


def test_all_forces_and_the_inertia_share_a_scale(flexion):
    model = elbow().identifying([*FREE, "moment_of_inertia"])
    findings = findings_about(flexion.data, model, flexion.model)
    assert names_of(findings, model) >= {
        "biceps/max_isometric_force",
        "triceps/max_isometric_force",
        "elbow_flexion/moment_of_inertia",
    }
    assert "anthropometry" in text_of(findings)


@pytest.mark.parametrize("names", [FREE, ("biceps/max_isometric_force", "moment_of_inertia")])
def test_a_single_fixed_force_or_inertia_sets_the_scale(names):
    assert degenerate_scale(elbow().identifying(names)) == []


def test_held_posture_leaves_everything_open(flexion):
    held = flexion.data.assign(biceps=0.18, triceps=0.05)
    findings = findings_about(held, elbow(), flexion.model)
    assert names_of(findings, elbow()) == all_free(elbow())


def test_held_posture_with_noise_on_the_emg_leaves_most_open(flexion):
    rng = np.random.RandomState(0)
    held = 0.15 * (1 + 0.02 * rng.normal(size=flexion.data.shape))
    data = flexion.data.assign(biceps=held[:, 0], triceps=held[:, 1])
    constant = flexion.data.assign(biceps=0.15, triceps=0.15)
    truth = EquationOfMotion(flexion.model, find_trials(data), constant.to_numpy())
    angle = truth.solve().angle
    angle = angle + NOISE * rng.normal(size=angle.shape)
    motion = EquationOfMotion(elbow(), find_trials(data), data.to_numpy())
    findings = assess(identify(motion, angle), motion.excitation)
    assert len(names_of(findings, elbow())) >= 4
    assert "faster changes of EMG" in text_of(findings)


def test_constant_channel_leaves_its_muscle_open_and_names_the_electrode(flexion):
    findings = findings_about(flexion.data.assign(triceps=0.02), elbow(), flexion.model)
    assert names_of(findings, elbow()) >= all_free(elbow(), "triceps")
    assert "triceps, whose EMG is constant (check the electrode)" in text_of(findings)
    assert not any(label.startswith("biceps") for label in names_of(findings, elbow()))


def test_nothing_is_said_of_a_muscle_none_of_whose_parameters_is_free(flexion):
    constant = flexion.data.assign(triceps=0.02)
    names = ["biceps/max_isometric_force", "biceps/emg_shape_factor"]
    assert "triceps" not in text_of(findings_about(constant, elbow().identifying(names), flexion.model))


def test_a_value_that_other_parameters_may_have_moved_further_than_its_prior_says_is_not_determined(flexion):
    constant = flexion.data.assign(triceps=0.02)  # and the triceps of the model is another man's
    names = ["biceps/max_isometric_force", "biceps/emg_shape_factor"]
    found = findings_about(constant, elbow().identifying(names), flexion.model)
    assert found and all(finding.advice == MOVED for finding in found)


def test_forces_have_a_scale_where_the_lever_of_the_weight_is_free_under_its_prior():
    assert degenerate_scale(elbow().identifying([*FREE, "moment_of_inertia", "center_of_mass"])) == []


def test_copied_channel_leaves_both_muscles_open(flexion):
    copied = flexion.data.assign(triceps=flexion.data["biceps"])
    findings = findings_about(copied, elbow(), flexion.model)
    assert names_of(findings, elbow()) == all_free(elbow())
    assert "biceps and triceps apart" in text_of(findings)
    assert "copies of one another" in text_of(findings)


def test_scaled_copies_are_copies_and_different_channels_are_not():
    rng = np.random.RandomState(0)
    signal = rng.uniform(size=200)
    copies = np.column_stack([signal, 0.5 * signal + 0.1])
    assert len(uninformative_channels(elbow(), copies)) == 1
    assert uninformative_channels(elbow(), rng.uniform(size=(200, 2))) == []


@pytest.mark.parametrize("level", [0.0, 0.18, 1e-7])
def test_constant_channels_are_found_at_any_level(level):
    both = np.full((100, 2), level)
    (finding,) = uninformative_channels(elbow(), both)
    assert "biceps and triceps, whose EMG is constant" in finding.message


def test_posterior_as_wide_as_the_prior_is_unlearnt_and_says_what_would_help():
    model = elbow()
    prior_std = FreeParameters(model.parameters).prior_std()
    assert unlearnt(model, np.diag((0.5 * prior_std) ** 2)) == []
    wide = np.where(np.arange(8) == 7, 0.95, 0.5) * prior_std
    (finding,) = unlearnt(model, np.diag(wide**2))
    assert names_of([finding], model) == {"triceps/electromechanical_delay"}
    assert str(finding) == "triceps/electromechanical_delay (would need faster changes of EMG)"


def test_weak_combination_is_named_with_its_members():
    model = elbow()
    weak = np.zeros(8)
    weak[[0, 1]] = np.sqrt(0.5), -np.sqrt(0.5)
    information = 100.0 * (np.eye(8) - np.outer(weak, weak))
    (finding,) = weak_directions(FreeParameters(model.parameters), information)
    assert names_of([finding], model) == {
        "biceps/max_isometric_force",
        "triceps/max_isometric_force",
    }
    assert "combination" in finding.message
    assert weak_directions(FreeParameters(model.parameters), 100.0 * np.eye(8)) == []


def test_a_weak_combination_is_told_of_all_muscles_that_share_its_members():
    rows = {(muscle, "emg_shape_factor"): {"group": "both"} for muscle in ("biceps", "triceps")}
    free = FreeParameters(elbow().with_rows(rows).parameters)
    shared = int(np.argmax(np.bincount(free.coordinate)))
    direction = np.zeros(free.n_raw)
    direction[[shared, 0 if shared else 1]] = np.sqrt(0.5)
    (finding,) = weak_directions(free, 100.0 * (np.eye(free.n_raw) - np.outer(direction, direction)))
    assert set(free.index[free.coordinate == shared]) < set(finding.rows)
    assert finding.message.count("emg_shape_factor") == 1


def test_common_factor_of_everything_with_a_mass_or_force_in_it_is_left_to_the_priors(flexion):
    joint = ["joint_stiffness", "joint_damping", "limit_stiffness"]
    everything = [*FREE, "moment_of_inertia", "segment_mass", *joint]
    lowest = []
    for model in (elbow(), elbow().identifying(everything)):
        motion = EquationOfMotion(model, find_trials(flexion.data), flexion.data.to_numpy())
        found = identify(motion, flexion.target.to_numpy()[:, None])
        lowest.append(np.linalg.eigvalsh(found.information)[0])
    assert lowest[1] < 0.05 < 1.0 < lowest[0]
    assert weak_directions(FreeParameters(model.parameters), found.information)


def test_information_and_priors_together_make_the_covariance(flexion):
    """Initial states are integrated out of the one as of the other."""
    motion = EquationOfMotion(elbow(), find_trials(flexion.data), flexion.data.to_numpy())
    found = identify(motion, flexion.target.to_numpy()[:, None], None, IdentificationSettings(exact_errors=False))
    free = FreeParameters(found.model.parameters)
    raw = free.raw()
    slope = free.prior_derivative(raw)
    in_prior_units = free.derivative(raw) / np.sqrt((slope**2).sum(axis=0))
    expected = in_prior_units @ np.linalg.inv(found.information + np.eye(8)) @ in_prior_units.T
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-6, atol=1e-12)
