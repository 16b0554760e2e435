"""The NMSM Pipeline's .osimx: what is written is read, what else the file holds stays."""

import numpy as np
import pandas as pd
import pytest

from sk_bionic.nmsm import Osimx, read_osimx, write_osimx

TEXT = """<?xml version="1.0" encoding="utf-8"?>
<NMSMPipelineDocument Version="1_dot_3_dot_0">
  <OsimxModel name="leg_dot_1">
    <!--File name of associated .osim file--><associated_osim_model>..\\models\\leg.osim</associated_osim_model>
    <RCNLMuscleSet>
      <RCNLMuscle name="soleus_r">
        <!--Optimized electromechanical delay--><electromechanical_delay>0.0312345678901234</electromechanical_delay>
        <activation_time_constant>0.015</activation_time_constant>
        <activation_nonlinearity_constant>0.2</activation_nonlinearity_constant>
        <emg_scale_factor>0.7</emg_scale_factor>
        <optimal_fiber_length>0.05</optimal_fiber_length>
        <tendon_slack_length>0.25</tendon_slack_length>
      </RCNLMuscle>
      <RCNLMuscle name="tibant_r"><max_isometric_force>900</max_isometric_force></RCNLMuscle>
    </RCNLMuscleSet>
    <RCNLSynergySet><RCNLSynergy><muscle_group_name>leg</muscle_group_name></RCNLSynergy></RCNLSynergySet>
  </OsimxModel>
</NMSMPipelineDocument>
"""


@pytest.fixture
def file(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "leg_mtp.osimx").write_text(TEXT)
    return folder / "leg_mtp.osimx"


def test_values_are_those_of_the_file(file):
    found = read_osimx(file)
    assert (found.name, found.version) == ("leg.1", "1.3.0")
    assert found.muscles.at["soleus_r", "electromechanical_delay"] == 0.0312345678901234
    assert found.muscles.at["soleus_r", "activation_nonlinearity"] == 0.2
    assert np.isnan(found.muscles.at["tibant_r", "optimal_fiber_length"])


def test_the_model_is_found_beside_or_named(file, tmp_path):
    (tmp_path / "models").mkdir()
    with pytest.raises(FileNotFoundError, match="associated_osim_model"):
        _ = read_osimx(file).model_path
    (tmp_path / "models" / "leg.osim").write_text("")
    assert read_osimx(file).model_path.samefile(tmp_path / "models" / "leg.osim")


def test_what_is_written_is_read_and_the_rest_stays(file, tmp_path):
    found = read_osimx(file)
    changed = found.with_muscles(found.muscles.assign(emg_scale_factor=[0.123456789012345, np.nan]))
    write_osimx(changed, tmp_path / "again.osimx")
    again = read_osimx(tmp_path / "again.osimx")
    pd.testing.assert_frame_equal(again.muscles, changed.muscles)
    assert (again.name, again.model_file) == (found.name, found.model_file)
    assert "<muscle_group_name>leg<" in (tmp_path / "again.osimx").read_text()


def test_a_new_one(tmp_path):
    muscles = pd.DataFrame({"max_isometric_force": [3500.0]}, pd.Index(["soleus_r"], name="muscle"))
    write_osimx(Osimx("leg", "leg.osim", muscles), tmp_path / "new.osimx")
    again = read_osimx(tmp_path / "new.osimx")
    assert again.muscles["max_isometric_force"].tolist() == [3500.0] and again.muscles.isna().to_numpy().sum() == 6


def test_personal_values_replace_generic_ones(file):
    generic = pd.DataFrame(
        {"tendon_slack_length": [0.2, 0.3], "max_isometric_force": [1.0, 2.0], "other": [5, 6]},
        pd.Index(["tibant_r", "soleus_r"], name="muscle"),
    )
    found = read_osimx(file).applied(generic)
    assert found["tendon_slack_length"].tolist() == [0.2, 0.25] and found["max_isometric_force"].tolist() == [
        900.0,
        2.0,
    ]
    assert found["other"].tolist() == [5, 6] and generic["max_isometric_force"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0.25<", "abc<", "leg_mtp.osimx, muscle 'soleus_r': <tendon_slack_length> must hold numbers"),
        ("0.25<", "-1<", "must be positive"),
        ('name="tibant_r"', 'name="soleus_r"', "a name of its own"),
        ("NMSMPipelineDocument", "OpenSimDocument", "root must be <NMSMPipelineDocument>"),
    ],
)
def test_faults_name_the_place(file, old, new, message):
    file.write_text(TEXT.replace(old, new))
    with pytest.raises(ValueError, match=message):
        read_osimx(file)
