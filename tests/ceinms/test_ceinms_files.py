"""CEINMS files as laboratories have them: read, written, and refused with the place of the fault."""

import shutil
import warnings

import numpy as np
import pandas as pd
import pytest

from sk_bionic.ceinms import (
    Hybrid,
    OpenLoop,
    read_ceinms,
    read_excitation_generator,
    read_subject,
    write_excitation_generator,
    write_subject,
)


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def quiet(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_ceinms(path)


@pytest.fixture
def project(make_project):
    return make_project()


def test_a_project_is_read_as_it_was_written(project):
    found = read_ceinms(project.folder / "calibrationSetup.xml")
    assert found.subject.parameters.loc["soleus", "max_isometric_force"] == 3500
    assert found.subject.parameters["percentage_change"].unique() == [0.15]
    assert not found.excitation_generator.measured("psoas")
    trial = found.trials[0]
    assert trial.name == "gait1" and trial.time[0] == 0.1 and trial.time[-1] == 0.9
    np.testing.assert_allclose(trial.moments, project.moments["gait1"].loc[0.1:0.9], rtol=1e-8)
    assert (trial.geometry.moment_arm["knee_angle_r"]["soleus"] == 0).all()
    ranges = {r.column: r for r in found.calibration.steps[0].ranges}
    assert ranges["tendon_slack_length"].bounds(0.2) == pytest.approx((0.19, 0.21))
    assert ranges["c1"].common and ranges["c1"].bounds(-0.5) == (-0.95, -0.05)
    assert found.output == project.folder / "calibratedSubject.xml"


def test_hybrid_configuration(project):
    from ceinms_projects import hybrid_xml

    mode = hybrid_xml(1, 2, 30, ["psoas"], ["soleus", "tibialis"])
    path = project.write_execution("hybrid", mode, "gait1", "subject.xml")
    assert read_ceinms(path).execution.mode == Hybrid(1.0, 2.0, 30.0, ("psoas",), ("soleus", "tibialis"))
    path = project.write_execution("open", type(mode)("openLoop"), "gait1", "subject.xml")
    assert read_ceinms(path).execution.mode == OpenLoop()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("calibrationSetup.xml", ">subject.xml<", ">.\\Subject.XML<"),
        ("gait1/trial.xml", ">lmt.sto<", ">..\\gait1\\LMT.sto<"),
        ("calibrationCfg.xml", "gait1/trial.xml", "gait1\\trial.xml"),
        ("gait1/trial.xml", "dofName=", "dofname="),
        ("subject.xml", "mtuDefault", "MTUdefault"),
        ("excitationGenerator.xml", "weight=", "weigth="),
    ],
)
def test_slashes_case_and_spelling_do_not_matter(project, file, old, new):
    expected = read_ceinms(project.folder / "calibrationSetup.xml")
    replace(project.folder / file, old, new)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_ceinms(project.folder / "calibrationSetup.xml")
    pd.testing.assert_frame_equal(found.trials[0].geometry.length, expected.trials[0].geometry.length)
    pd.testing.assert_frame_equal(found.subject.parameters, expected.subject.parameters)
    assert found.excitation_generator.mapping == expected.excitation_generator.mapping


def test_paths_of_another_machine_are_found_by_their_end(project):
    replace(project.folder / "gait1" / "trial.xml", ">lmt.sto<", ">C:\\Users\\me\\study\\gait1\\lmt.sto<")
    with pytest.warns(UserWarning, match="Taken instead"):
        found = read_ceinms(project.folder / "calibrationSetup.xml")
    assert len(found.trials[0].time) == 81
    replace(project.folder / "gait1" / "trial.xml", "gait1\\lmt.sto", "gait1\\other.sto")
    with pytest.raises(FileNotFoundError, match="muscleTendonLengthFile.*other.sto"):
        read_ceinms(project.folder / "calibrationSetup.xml")


def test_a_moved_project_writes_beside_itself(project):
    replace(project.folder / "calibrationSetup.xml", ">calibratedSubject.xml<", ">D:\\study\\calibratedSubject.xml<")
    assert read_ceinms(project.folder / "calibrationSetup.xml").output == project.folder / "calibratedSubject.xml"


def test_nan_columns_and_single_nans(project):
    file = project.folder / "gait1" / "ma_knee_angle_r.sto"
    lines = file.read_text().splitlines()
    column = lines[4].split("\t").index("rectus")
    cells = [line.split("\t") for line in lines[5:]]
    for row in cells:
        row[column] = "nan"
    file.write_text("\n".join(lines[:5] + ["\t".join(row) for row in cells]) + "\n")
    with pytest.warns(UserWarning, match=r"ma_knee_angle_r.sto.*rectus is NaN throughout"):
        found = read_ceinms(project.folder / "calibrationSetup.xml")
    assert (found.trials[0].geometry.moment_arm["knee_angle_r"]["rectus"] == 0).all()
    replace(project.folder / "gait1" / "lmt.sto", lines[0], "again")
    text = (project.folder / "gait1" / "lmt.sto").read_text().splitlines()
    row = text[40].split("\t")
    kept, row[3] = row[3], "nan"
    text[40] = "\t".join(row)
    (project.folder / "gait1" / "lmt.sto").write_text("\n".join(text) + "\n")
    length = quiet(project.folder / "calibrationSetup.xml").trials[0].geometry.length
    assert np.isfinite(length).all().all() and abs(length.iloc[25, 2] - float(kept)) < 1e-3


def test_a_missing_signal_is_none_with_a_word(project):
    replace(project.folder / "gait1" / "emg.mot", "soleus", "something")
    with pytest.warns(UserWarning, match="no values of the signals soleus"):
        found = read_ceinms(project.folder / "calibrationSetup.xml")
    assert (found.excitation_generator.excitations(found.trials[0].signals, ["soleus"]) == 0).all().all()


def test_moments_under_other_names(project):
    expected = read_ceinms(project.folder / "calibrationSetup.xml").trials[0].moments
    replace(project.folder / "gait1" / "id.sto", "knee_angle_r_moment", "/jointset/knee_r/Knee_angle_r")
    pd.testing.assert_frame_equal(read_ceinms(project.folder / "calibrationSetup.xml").trials[0].moments, expected)


@pytest.mark.parametrize(
    ("file", "old", "new", "error", "message"),
    [
        ("subject.xml", "<optimalFibreLength>0.05<", "<optimalFibreLength>-1<", ValueError, "subject.xml.*'soleus'"),
        ("subject.xml", "<shapeFactor>-1.0<", "<shapeFactor>x<", ValueError, "muscle 'glmax'.*<shapeFactor>"),
        ("subject.xml", "<name>forceVelocity<", "<name>other<", ValueError, "curves .'forceVelocity'"),
        ("calibrationCfg.xml", "<name>c1<", "<name>c9<", ValueError, "unknown parameter 'c9'"),
        ("calibrationCfg.xml", "<equilibriumElastic", "<rubber", ValueError, "<tendon> must hold"),
        ("calibrationCfg.xml", ">hip_flexion_r knee", ">hip_flexion_x knee", ValueError, "hip_flexion_x"),
        ("gait1/trial.xml", 'dofName="knee_angle_r"', 'dofName="knee"', ValueError, "dofName 'knee_angle_r'"),
        ("gait1/trial.xml", ">0.1 0.9<", ">5 6<", ValueError, "lmt.sto covers 0 to 1 s"),
        ("gait1/lmt.sto", "soleus", "soleas", ValueError, "lmt.sto has no column for the muscle 'soleus'"),
        ("excitationGenerator.xml", ">soleus<", ">solo<", ValueError, "'solo' is not among <inputSignals>"),
    ],
)  # fmt: skip
def test_faults_name_file_and_place(project, file, old, new, error, message):
    text = (project.folder / file).read_text()
    text = (
        text.replace(old, new).replace("</equilibriumElastic>", "</rubber>")
        if "rubber" in new
        else text.replace(old, new, 1)
    )
    assert text != (project.folder / file).read_text()
    (project.folder / file).write_text(text)
    with pytest.raises(error, match=message):
        quiet(project.folder / "calibrationSetup.xml")


def test_another_kind_of_file_is_named(project):
    shutil.copy(project.folder / "calibrationSetup.xml", project.folder / "subject.xml")
    with pytest.raises(ValueError, match="subject.xml.*root must be <subject>. Got <ceinmsCalibration>"):
        read_ceinms(project.folder / "calibrationSetup.xml")


def test_a_subject_keeps_what_was_written(project):
    subject = read_subject(project.folder / "subject.xml")
    values = subject.parameters.copy()
    values.loc["soleus", ["strength_coefficient", "damping", "c1"]] = 1.25, 0.2, -0.123456789012
    path = project.folder / "new.xml"
    write_subject(subject.with_parameters(values), path, calibration=project.folder / "calibrationCfg.xml")
    again = read_subject(path)
    pd.testing.assert_frame_equal(again.parameters, values)
    assert again.coordinates == subject.coordinates
    np.testing.assert_array_equal(again.curves["forceVelocity"].y, subject.curves["forceVelocity"].y)
    text = path.read_text()
    assert "<calibrated>" in text and "calibrationCfg.xml" in text and "<uncalibrated>" not in text
    soleus = text[text.index("soleus<") :]  # the order of CEINMS' schema
    places = [soleus.index(f"<{tag}>") for tag in ("c1", "maxContractionVelocity", "damping", "maxIsometricForce")]
    assert places == sorted(places)


def test_angles_in_degrees(project):
    replace(project.folder / "subject.xml", "<pennationAngle>0.4<", '<pennationAngle unit="deg">22.9183118052329<')
    assert read_subject(project.folder / "subject.xml").parameters.at["soleus", "pennation_angle_at_optimal"] == (
        pytest.approx(0.4)
    )


def test_an_excitation_generator_keeps_what_was_written(project, tmp_path):
    generator = read_excitation_generator(project.folder / "excitationGenerator.xml")
    write_excitation_generator(generator, tmp_path / "again.xml")
    again = read_excitation_generator(tmp_path / "again.xml")
    assert again.mapping == generator.mapping and again.signals == generator.signals


def test_excitations_above_one_are_cut_with_a_word(project):
    found = read_ceinms(project.folder / "calibrationSetup.xml")
    with pytest.warns(UserWarning, match=r"cut to 1.*soleus"):
        excitations = found.excitation_generator.excitations(found.trials[0].signals * 3, ["soleus", "psoas"])
    assert excitations["soleus"].max() == 1 and (excitations["psoas"] == 0).all()


def test_signals_of_another_clock_are_refused_and_short_ones_told(project):
    file = project.folder / "gait1" / "emg.mot"
    lines = file.read_text().splitlines()
    rows = [line.split("\t") for line in lines[5:] if line]
    kept = [lines[0], lines[1], "datarows 81", *lines[3:5], *("\t".join(row) for row in rows[:81])]
    file.write_text("\n".join(kept) + "\n")
    with pytest.warns(UserWarning, match=r"emg.mot covers 0 to 0.8 s, the trial 0.1 to 0.9 s"):
        read_ceinms(project.folder / "calibrationSetup.xml")
    moved = ["\t".join([repr(float(row[0]) + 5), *row[1:]]) for row in rows]
    file.write_text("\n".join([*lines[:5], *moved]) + "\n")
    with pytest.raises(ValueError, match="one clock"):
        read_ceinms(project.folder / "calibrationSetup.xml")


def test_a_muscle_without_lengths_takes_no_part(project):
    file = project.folder / "gait1" / "lmt.sto"
    lines = file.read_text().splitlines()
    column = lines[4].split("\t").index("psoas")
    rows = [line.split("\t") for line in lines[5:]]
    file.write_text(
        "\n".join(lines[:5] + ["\t".join(["nan" if i == column else c for i, c in enumerate(r)]) for r in rows])
    )
    with pytest.warns(UserWarning, match="lengths of psoas are NaN throughout; these muscles take no part"):
        found = read_ceinms(project.folder / "calibrationSetup.xml")
    assert (found.trials[0].geometry.moment_arm["hip_flexion_r"]["psoas"] == 0).all()
    assert (found.trials[0].geometry.moment_arm["hip_flexion_r"]["rectus"] != 0).all()


def test_negative_excitations_are_named(project):
    found = read_ceinms(project.folder / "calibrationSetup.xml")
    with pytest.warns(UserWarning, match="Excitations of soleus fall below"):
        found.excitation_generator.excitations(found.trials[0].signals - 0.3, ["soleus"])


def test_what_muscles_share_is_written_once(project):
    subject = read_subject(project.folder / "subject.xml")
    values = subject.parameters.assign(percentage_change=0.1, electromechanical_delay=0.03)
    write_subject(subject.with_parameters(values), project.folder / "new.xml")
    pd.testing.assert_frame_equal(read_subject(project.folder / "new.xml").parameters, values)
    text = (project.folder / "new.xml").read_text()
    assert text.count("<percentageChange>") == 1 and text.count("<emDelay>") == 1


@pytest.mark.parametrize("text", ["<simulatedAnnealing><osimFile>a.osim</osimFile></simulatedAnnealing>",
                                  "<subject><muscles><muscle/></muscles><DoFs/></subject>"])  # fmt: skip
def test_files_of_ceinms_rt_are_named_with_the_way_out(tmp_path, text):
    (tmp_path / "Calibration.xml").write_text(text)
    with pytest.raises(ValueError, match="Calibration.xml: this file belongs to CEINMS-RT.*sk-bionic moments"):
        read_ceinms(tmp_path / "Calibration.xml")
