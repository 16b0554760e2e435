"""Calibration of a CEINMS project: what made the moments is found, on another gait as well."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from ceinms_projects import LEG, save, setup_xml

from sk_bionic.ceinms import calibrate, execute, read_ceinms
from sk_bionic.ceinms._free import coordinates_of, prior_covariance
from sk_bionic.ceinms.configuration import Penalty
from sk_bionic.ceinms.subject_writing import write_subject

TRUTH = {
    "soleus": {"strengthCoefficient": 0.4},
    "vasti": {"strengthCoefficient": 1.8},
    "hamstrings": {"strengthCoefficient": 2.2, "tendonSlackLength": 0.313},
}


def open_loop(folder, trial):
    """The other gait, as an execution in open loop reads it."""
    setup = setup_xml(
        "ceinms", subjectFile="subject.xml", inputDataFile=f"{trial}/trial.xml", executionFile="openLoopCfg.xml",
        excitationGeneratorFile="excitationGenerator.xml", outputDirectory="out",
    )  # fmt: skip
    save(folder / "open.xml", setup)
    return read_ceinms(folder / "open.xml")


def test_gains_are_found_and_hold_on_another_gait(make_project):
    folder = make_project(truth=TRUTH, noise=1.0).folder
    project = read_ceinms(folder / "calibrationSetup.xml")
    found = calibrate(project)
    assert (found.error["calibrated"] < 0.4 * found.error["uncalibrated"]).all()
    gain = found.subject.parameters["strength_coefficient"]
    assert gain["soleus"] == pytest.approx(0.4, rel=0.35) and gain["vasti"] == pytest.approx(1.8, rel=0.35)
    other = open_loop(folder, "gait2")
    trial, generator = other.trials[0], other.excitation_generator
    before, after = (execute(subject, trial, generator).error for subject in (project.subject, found.subject))
    joints = ["knee_angle_r", "ankle_angle_r"]  # at the hip pulls the psoas, which has no electrode
    assert (after < 0.5 * before)[joints].all()


def test_moments_of_the_subject_itself_change_nothing(make_project):
    electrodes = {
        m: {m: 1.0} for m in ("glmax", "psoas", "hamstrings", "rectus", "vasti", "gastrocnemius", "soleus", "tibialis")
    }
    project = read_ceinms(make_project(electrodes=electrodes).folder / "calibrationSetup.xml")
    found = calibrate(project)
    assert found.error["uncalibrated"].max() < 1e-3  # N m
    np.testing.assert_allclose(found.subject.parameters, project.subject.parameters, rtol=1e-3)


def test_values_keep_to_the_ranges_and_gains_where_asked(make_project):
    project = read_ceinms(make_project(truth={"soleus": {"strengthCoefficient": 0.2}}).folder / "calibrationSetup.xml")
    free, kept = calibrate(project), calibrate(project, keep_ranges=True)
    assert free.subject.parameters.at["soleus", "strength_coefficient"] < 0.4
    for found in (free, kept):
        values = found.subject.parameters
        ratio = values["tendon_slack_length"] / project.subject.parameters["tendon_slack_length"]
        assert ratio.between(0.95 - 1e-9, 1.05 + 1e-9).all() and values["c1"].between(-0.95, -0.05).all()
    assert kept.subject.parameters["strength_coefficient"].between(0.5, 2.5).all()
    assert (kept.parameters["std_err"] > 0).all()


def test_lengths_stay_where_asked_and_results_repeat(make_project):
    project = read_ceinms(make_project(truth=TRUTH).folder / "calibrationSetup.xml")
    first, second = calibrate(project, lengths=False), calibrate(project, lengths=False)
    pd.testing.assert_frame_equal(first.subject.parameters, second.subject.parameters)
    for column in ("tendon_slack_length", "optimal_fiber_length"):
        assert (first.subject.parameters[column] == project.subject.parameters[column]).all()


def test_a_coordinate_without_moments_is_named(make_project):
    folder = make_project().folder
    text = (folder / "gait1" / "id.sto").read_text()
    (folder / "gait1" / "id.sto").write_text(text.replace("ankle_angle_r_moment", "other"))
    with pytest.warns(UserWarning, match="no moments of ankle_angle_r"):
        project = read_ceinms(folder / "calibrationSetup.xml")
    with pytest.raises(ValueError, match="no trial has external moments of ankle_angle_r"):
        calibrate(project)


@pytest.mark.parametrize(("factor", "message"), [(0.01, "another unit"), (-1.0, "sign must be that of the coordinate")])
def test_moments_of_another_unit_or_sign_are_doubted(make_project, factor, message):
    electrodes = {m: {m: 1.0} for m in LEG}
    project = read_ceinms(make_project(electrodes=electrodes).folder / "calibrationSetup.xml")
    trial = replace(project.trials[0], moments=project.trials[0].moments * factor)
    with pytest.warns(UserWarning, match=message):
        calibrate(replace(project, trials=(trial,)), lengths=False)


def test_penalties_keep_fibers_in_their_range(make_project):
    project = read_ceinms(make_project(truth=TRUTH).folder / "calibrationSetup.xml")

    def shortest(penalties):
        steps = tuple(replace(step, penalties=penalties) for step in project.calibration.steps)
        found = calibrate(replace(project, calibration=replace(project.calibration, steps=steps)))
        run = execute(found.subject, project.trials[0], project.excitation_generator)
        return run.states.norm_fiber_length[:, list(LEG).index("soleus")].min()

    free = shortest(())
    kept = shortest((Penalty(("soleus",), 1e5, 2.0, free + 0.05, 2.0),))
    assert kept > free + 0.03


def test_a_muscle_whose_signal_is_missing_keeps_its_strength(make_project):
    """Passive forces alone say little of it, and its signal may come back in the next trial."""
    project = read_ceinms(make_project(truth=TRUTH, noise=1.0).folder / "calibrationSetup.xml")
    trial = project.trials[0]
    quiet = replace(trial, signals=trial.signals.assign(soleus=np.nan))
    found = calibrate(replace(project, trials=(quiet,))).parameters
    gains = found[found["name"] == "strength_coefficient"].set_index("muscles")
    assert 0.4 < gains.at["soleus", "value"] < 2.5
    assert gains.at["soleus", "upper"] < gains.at["tibialis", "upper"]


def test_gains_of_excited_muscles_are_correlated_and_nothing_else_is(make_project):
    project = read_ceinms(make_project().folder / "calibrationSetup.xml")
    step, subject, generator = project.calibration.steps[0], project.subject, project.excitation_generator
    unknowns = coordinates_of(step, subject, generator, set(LEG) - {"psoas"}, lengths=True)
    covariance = prior_covariance(unknowns)
    np.testing.assert_array_equal(np.diag(covariance), 1.0)
    np.linalg.cholesky(covariance)
    names = [" ".join((*unknown.columns, *(subject.muscle_names[m] for m in unknown.muscles))) for unknown in unknowns]
    linked = pd.DataFrame(covariance > 0, names, names).sum()
    assert linked["strength_coefficient soleus"] == linked["strength_coefficient vasti"] == len(LEG) - 1
    others = [name for name in names if not name.startswith("strength") or name.endswith("psoas")]
    assert (linked[others] == 1).all() and len(others) > len(LEG)


def test_the_piecewise_activation_is_followed_from_reading_to_running(make_project):
    """The factor that made the moments is found, written, read and run; the exponential shape explains them worse."""
    project = make_project(
        electrodes={m: {m: 1.0} for m in LEG}, truth={m: {"shapeFactor": 0.11} for m in LEG}, activation="piecewise"
    )
    folder, read = project.folder, read_ceinms(project.folder / "calibrationSetup.xml")
    assert read.subject.activation_shape == "piecewise"
    found = calibrate(read, lengths=False, keep_ranges=True)
    np.testing.assert_allclose(found.subject.parameters["emg_shape_factor"], 0.11, atol=0.01)
    assert found.error["calibrated"].max() < 0.2 * found.error["uncalibrated"].max()
    write_subject(found.subject, folder / "calibratedSubject.xml")
    again = read_ceinms(folder / "openLoopSetup.xml")
    pd.testing.assert_frame_equal(again.subject.parameters, found.subject.parameters)
    run = execute(again.subject, again.trials[0], again.excitation_generator)
    size = again.trials[0].moments.pow(2).mean().pow(0.5)
    assert (run.error < 0.05 * size).all()
    other = execute(replace(again.subject, activation_shape="exponential"), again.trials[0], again.excitation_generator)
    assert (other.error > 2 * run.error).all()


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("calibrationCfg.xml", "<piecewise", "<sigmoid", "<activation> must hold <exponential> or <piecewise>"),
        ("calibrationCfg.xml", "0.001 0.12", "-2.999 -0.001", "range of <shapeFactor>.*is one of the exponential"),
        ("subject.xml", "<shapeFactor>0.05<", "<shapeFactor>-1<", "subject.xml.*<shapeFactor> of 0 .* 'glmax'"),
    ],
)
def test_a_shape_that_does_not_fit_is_named(make_project, file, old, new, message):
    folder = make_project(activation="piecewise").folder
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        calibrate(read_ceinms(folder / "calibrationSetup.xml"))
