"""`sk-bionic ceinms` on a project's own files."""

import numpy as np
import pytest
from ceinms_projects import ELECTRODES, LEG, hybrid_xml

from sk_bionic.ceinms import read_subject
from sk_bionic.cli import main
from sk_bionic.io import read_sto


@pytest.fixture
def folder(make_project):
    project = make_project(truth={"soleus": {"strengthCoefficient": 0.3}}, noise=1.0)
    measured = [m for m in LEG if m != "psoas"]
    project.write_execution("hybrid", hybrid_xml(1, 1, 10, ["psoas"], measured), "gait2", "calibratedSubject.xml")
    return project.folder


def test_calibrate_then_run(folder, capsys):
    assert main(["ceinms", "calibrate", str(folder / "calibrationSetup.xml")]) == 0
    told = capsys.readouterr().out
    assert "ankle_angle_r" in told and "beyond the configuration's 0.5 to 2.5" in told
    before = read_subject(folder / "subject.xml").parameters["strength_coefficient"]
    after = read_subject(folder / "calibratedSubject.xml").parameters["strength_coefficient"]
    assert after["soleus"] < 0.5 < before["soleus"]
    assert main(["ceinms", "run", str(folder / "openLoopSetup.xml")]) == 0
    assert main(["ceinms", "run", str(folder / "hybridSetup.xml"), "-o", str(folder / "elsewhere")]) == 0
    told = capsys.readouterr().out
    assert "Open loop, elastic tendons" in told and "objective" in told and "error" in told
    lines = (folder / "openLoopOutput" / "Torques.sto").read_text().splitlines()
    assert lines[:4] == ["CEINMS output", "datacolumns 4", "datarows 81", "endheader"]
    assert lines[4].split("\t") == ["time", "hip_flexion_r", "knee_angle_r", "ankle_angle_r"]
    force = read_sto(folder / "elsewhere" / "MuscleForces.sto")
    assert list(force.columns) == list(LEG) and (force >= 0).all().all() and force["psoas"].max() > 50
    moments, measured = read_sto(folder / "elsewhere" / "Torques.sto"), read_sto(folder / "gait2" / "id.sto")
    error = moments.to_numpy() - measured.iloc[10:91].to_numpy()
    assert np.sqrt((error**2).mean()) < 3.0


def test_an_earlier_subject_is_kept_beside(folder):
    (folder / "calibratedSubject.xml").write_text("by hand")
    assert main(["ceinms", "calibrate", str(folder / "calibrationSetup.xml"), "--fixed-lengths", "--keep-ranges"]) == 0
    assert (folder / "calibratedSubject.before.xml").read_text() == "by hand"
    parameters = read_subject(folder / "calibratedSubject.xml").parameters
    assert parameters["strength_coefficient"].between(0.5, 2.5).all()
    assert parameters.at["soleus", "tendon_slack_length"] == 0.25


@pytest.mark.parametrize(("job", "setup"), [("run", "calibrationSetup.xml"), ("calibrate", "openLoopSetup.xml")])
def test_the_other_kind_of_setup_is_named(folder, capsys, job, setup):
    (folder / "calibratedSubject.xml").write_bytes((folder / "subject.xml").read_bytes())
    assert main(["ceinms", job, str(folder / setup)]) == 2
    assert "is the setup of" in " ".join(capsys.readouterr().err.split())


def test_open_loop_takes_the_signals_that_the_calibration_lent(make_project, capsys):
    electrodes = {m: own for m, own in ELECTRODES.items() if m != "soleus"}
    project = make_project(electrodes={**electrodes, "vasti": {"vasti": 1.0}}, noise=1.0)
    folder, setup = project.folder, str(project.folder / "calibrationSetup.xml")
    assert main(["ceinms", "calibrate", setup, "--missing", "function"]) == 0
    assert "driven by gastrocnemius: soleus" in capsys.readouterr().out
    assert (folder / "calibratedSubject_excitationGenerator.xml").exists()
    forces = {}
    for missing in ("synergists", "passive"):
        assert main(["ceinms", "run", str(folder / "openLoopSetup.xml"), "--missing", missing]) == 0
        forces[missing] = read_sto(folder / "openLoopOutput" / "MuscleForces.sto")["soleus"].max()
    assert "As in the calibration" in capsys.readouterr().out and forces["synergists"] > 1.1 * forces["passive"]
    assert main(["ceinms", "calibrate", setup, "--missing", "passive"]) == 0
    assert not (folder / "calibratedSubject_excitationGenerator.xml").exists()
    assert (folder / "calibratedSubject_excitationGenerator.before.xml").exists()
