"""Lengths and moment arms from the files of OpenSim's MuscleAnalysis and of CEINMS' folders."""

import numpy as np
import pandas as pd
import pytest

from sk_bionic.io import read_muscle_analysis, write_sto

TIME = np.round(np.arange(0.0, 0.5, 0.01), 4)


def table(trial, **columns):
    index = pd.MultiIndex.from_product([[trial], TIME], names=["trial", "time"])
    return pd.DataFrame({name: np.broadcast_to(value, TIME.shape) for name, value in columns.items()}, index)


def written(folder, names, trial="walk"):
    folder.mkdir(exist_ok=True)
    parts = {
        "length": table(trial, soleus=0.30 + 0.01 * TIME, tibant=0.32 - 0.01 * TIME),
        "ankle": table(trial, soleus=-0.045, tibant=0.04),
        "knee": table(trial, soleus=0.0, tibant=0.0),
    }
    for key, name in names.items():
        write_sto(parts[key], folder / name)
    return parts


OPENSIM = {
    "length": "walk_MuscleAnalysis_Length.sto",
    "ankle": "walk_MuscleAnalysis_MomentArm_ankle.sto",
    "knee": "walk_MuscleAnalysis_MomentArm_knee.sto",
}
CEINMS = {"length": "lmt.sto", "ankle": "ma_ankle.sto"}
OTHERS = {"length": "walk_Length.sto", "ankle": "walk_MA_ankle.sto"}


@pytest.mark.parametrize("names", [OPENSIM, CEINMS, OTHERS])
def test_the_files_of_a_folder_become_a_geometry(tmp_path, names):
    parts = written(tmp_path / "walk", names)
    geometry = read_muscle_analysis(tmp_path / "walk")
    assert geometry.coordinate_names == ("ankle",)  # about the knee nothing has a moment arm
    assert geometry.index.get_level_values("trial").unique().tolist() == ["walk"]
    np.testing.assert_allclose(geometry.length, parts["length"], rtol=1e-9)
    np.testing.assert_allclose(geometry.arms()[:, 0], parts["ankle"], rtol=1e-9)


def test_other_results_of_the_analysis_are_left_alone(tmp_path):
    written(tmp_path, OPENSIM)
    write_sto(table("walk", soleus=0.05, tibant=0.1), tmp_path / "walk_MuscleAnalysis_FiberLength.sto")
    write_sto(table("walk", soleus=10.0, tibant=1.0), tmp_path / "walk_MuscleAnalysis_Moment_ankle.sto")
    assert read_muscle_analysis(tmp_path).coordinate_names == ("ankle",)


def test_a_folder_of_several_trials(tmp_path):
    written(tmp_path, OPENSIM)
    written(tmp_path, {key: name.replace("walk", "run") for key, name in OPENSIM.items()}, "run")
    geometry = read_muscle_analysis(tmp_path, muscles=["tibant"], coordinates=["knee", "ankle"])
    assert sorted(geometry.trials.names) == ["run", "walk"]
    assert geometry.muscle_names == ("tibant",) and geometry.coordinate_names == ("knee", "ankle")
    with pytest.raises(ValueError, match="holds 2 trials"):
        read_muscle_analysis(tmp_path, trial="x")


def test_files_under_any_names(tmp_path):
    parts = written(tmp_path, {"length": "one.sto", "ankle": "two.sto"})
    geometry = read_muscle_analysis({"length": tmp_path / "one.sto", "ankle": tmp_path / "two.sto"}, trial="t")
    assert geometry.trials.names == ("t",)
    np.testing.assert_allclose(geometry.length, parts["length"], rtol=1e-9)
    with pytest.raises(ValueError, match="needs the keys 'length'"):
        read_muscle_analysis({"ankle": tmp_path / "two.sto"})


def test_faults_name_file_and_column(tmp_path):
    written(tmp_path, OPENSIM)
    write_sto(table("walk", soleus=0.0, popliteus=0.0), tmp_path / OPENSIM["ankle"])
    with pytest.raises(ValueError, match="walk_MuscleAnalysis_MomentArm_ankle.sto: column 'popliteus' is no muscle"):
        read_muscle_analysis(tmp_path)
    broken = table("walk", soleus=0.04, tibant=0.0)
    broken.iloc[7, 1] = 0.125
    write_sto(broken, tmp_path / OPENSIM["ankle"])
    text = (tmp_path / OPENSIM["ankle"]).read_text()
    (tmp_path / OPENSIM["ankle"]).write_text(text.replace("0.125", "nan"))
    with pytest.raises(ValueError, match=r"MomentArm_ankle.sto, column 'tibant' at 0.07 s"):
        read_muscle_analysis(tmp_path)
    write_sto(broken.iloc[8:], tmp_path / OPENSIM["ankle"])
    with pytest.raises(ValueError, match="has 42 rows, walk_MuscleAnalysis_Length.sto 50"):
        read_muscle_analysis(tmp_path)
    with pytest.raises(ValueError, match=r"has no moment arms about \['hip'\]"):
        read_muscle_analysis(tmp_path, coordinates=["hip"])
    (tmp_path / OPENSIM["length"]).unlink()
    with pytest.raises(ValueError, match="needs a file of lengths"):
        read_muscle_analysis(tmp_path)
