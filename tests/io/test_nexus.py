"""Exports of Vicon Nexus, written here as that program writes them."""

import numpy as np
import pytest

from sk_bionic.cli import main
from sk_bionic.cli._config import read_config
from sk_bionic.cli._tables import read_frames
from sk_bionic.inspection import check_recording
from sk_bionic.io import read_nexus

RATE, PARTS, FIRST, N = 100, 20, 51, 300  # frames a second, samples a frame, first frame, frames
EMG = np.random.default_rng(0).normal(size=(N * PARTS, 2)).round(6)  # mV
KNEE = (40 + 30 * np.sin(np.arange(N) / 20)).round(6)  # deg


EVENTS = ["Events", "100", "Subject,Context,Name,Time (s),Description", "S7,Right,Foot Strike,0.75,x", ""]


def devices(emg=EMG, first=FIRST):
    rows = [f"{first + i // PARTS},{i % PARTS},{a:g},{b:g},{2 * a:.6f}" for i, (a, b) in enumerate(emg.tolist())]
    head = ["Devices", str(RATE * PARTS), ",,Trigno EMG - Voltage,,AMTI Plate - Force", "Frame,Sub Frame,TA,SOL,Fz"]
    return [*head, ",,mV,mV,N", *rows, ""]


def angles(first=FIRST):
    rows = [f"{first + i},0,{value:.6f},,1.5" for i, value in enumerate(KNEE)]
    return ["Model Outputs", str(RATE), ",,S7:RKneeAngles,,", "Frame,Sub Frame,X,Y,Z", ",,deg,deg,deg", *rows, ""]


def written(folder, *sections, name="walk.csv"):
    path = folder / name
    path.write_text("\ufeff" + "\n".join(line for section in sections for line in section) + "\n")
    return path


def test_devices_in_si_units_on_the_recordings_clock(tmp_path):
    table = read_nexus(written(tmp_path, EVENTS, devices(), angles()))
    assert table.columns.tolist() == ["TA", "SOL", "Fz"] and table.attrs["emg"] == ["TA", "SOL"]
    np.testing.assert_allclose(table[["TA", "SOL"]], 1e-3 * EMG, rtol=1e-5)
    np.testing.assert_allclose(table["Fz"], 2 * EMG[:, 0], atol=1e-5)
    time = table.index.get_level_values("time")
    np.testing.assert_allclose(time, (FIRST - 1) / RATE + np.arange(N * PARTS) / (RATE * PARTS))
    assert table.attrs["sampling_rate"] == 2000 and table.attrs["units"]["TA"] == "V"
    assert table.attrs["markers"] == [{"time": 0.75, "kind": "Right", "text": "Foot Strike"}]
    assert check_recording(table).channels == ("TA", "SOL")


@pytest.mark.parametrize("change", [("\t", "."), (";", ",")])
def test_other_separators_and_decimal_commas(tmp_path, change):
    separator, decimal = change
    one = read_nexus(written(tmp_path, EVENTS, devices()))
    text = (tmp_path / "walk.csv").read_text().replace(",", separator).replace(".", decimal)
    (tmp_path / "walk.csv").write_text(text)
    other = read_nexus(tmp_path / "walk.csv")
    np.testing.assert_array_equal(other, one)
    assert len(one.attrs["markers"]) == 1 and other.attrs["markers"] == one.attrs["markers"]


def test_outputs_and_trajectories_without_the_subjects_name(tmp_path):
    both = read_nexus(written(tmp_path, devices(), angles()), sections="all", join=False)
    np.testing.assert_allclose(both["RKneeAngles_x"].dropna(), np.deg2rad(KNEE), rtol=1e-9)
    assert both["RKneeAngles_y"].isna().all() and both.attrs["recorded_units"]["RKneeAngles_x"] == "deg"
    marker = [
        "Trajectories",
        "100",
        ",,S7:LASI,,",
        "Frame,Sub Frame,X,Y,Z",
        ",,mm,mm,mm",
        "1,0,1,2,3",
        "2,0,,,",
        "3,0,4,5,6",
    ]
    table = read_nexus(written(tmp_path, marker))
    assert table.columns.tolist() == ["LASI_x", "LASI_y", "LASI_z"]
    np.testing.assert_allclose(table, [[1e-3, 2e-3, 3e-3], [np.nan] * 3, [4e-3, 5e-3, 6e-3]])


def test_a_section_that_comes_twice_is_read_twice(tmp_path):
    others = [line.replace("TA,SOL", "VM,SOL") for line in devices()]
    table = read_nexus(written(tmp_path, devices(), others))
    assert table.columns.tolist() == ["TA", "SOL", "Fz", "VM", "Trigno EMG - Voltage: SOL", "AMTI Plate - Force: Fz"]
    np.testing.assert_array_equal(table["VM"], table["TA"])


def test_columns_that_are_named_alike_keep_their_units(tmp_path):
    """Two subjects with one set of markers, two channels of one name."""
    head = ["Trajectories", "100", ",,A:LASI,B:LASI", "Frame,Sub Frame,X,X", ",,mm,mm"]
    with pytest.warns(UserWarning, match="columns 3 and 4 are named 'LASI_x' alike"):
        table = read_nexus(written(tmp_path, [*head, "1,0,1,2", "2,0,3,4"]))
    assert table.attrs["units"] == {"LASI_x (column 3)": "m", "LASI_x (column 4)": "m"}
    alike = [line.replace("TA,SOL", "TA,TA") for line in devices()]
    with pytest.warns(UserWarning, match="named .*: TA' alike"):
        table = read_nexus(written(tmp_path, alike))
    names = [f"Trigno EMG - Voltage: TA (column {i})" for i in (3, 4)]
    assert table.attrs["emg"] == names and table.columns.tolist() == [*names, "Fz"]
    assert [table.attrs["recorded_units"][name] for name in names] == ["mV", "mV"]


def test_a_configuration_takes_emg_and_angle_of_one_file(tmp_path):
    written(tmp_path, devices(), angles())
    text = '[data]\nfiles = "walk.csv"\nemg = ["TA", "SOL"]\nangle = {knee = "RKneeAngles_x"}\nframe_rate = 50\n[emg]\n'
    (tmp_path / "w.toml").write_text(text)
    X, y = read_frames(read_config(tmp_path / "w.toml"))
    known = y["knee"].notna()
    time = y.index.get_level_values("time")[known]
    np.testing.assert_allclose(
        y["knee"][known], np.interp(time, (FIRST - 1 + np.arange(N)) / RATE, np.deg2rad(KNEE)), atol=1e-3
    )
    assert known.mean() > 0.95 and len(X) == len(y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("Devices", "Things"), "this is no export of Nexus"),
        (lambda text: text.replace("Sub Frame", "Part"), "line 4: the labels of a section must begin with 'Frame'"),
        (lambda text: text.replace("52,3,", "52,2,"), "line 29: numbers of frames must be there and increase"),
        (lambda text: text.replace("52,3,", "52,3,x"), "line 29: column 'TA' must hold a number"),
        (lambda text: text[:-300], "truncated"),
    ],
)
def test_faults_name_file_and_line(tmp_path, change, message):
    path = written(tmp_path, devices())
    path.write_text(change(path.read_text()))
    with pytest.raises(ValueError, match=f"walk.csv.*{message}"):
        read_nexus(path)


def test_a_section_that_is_not_there(tmp_path):
    for asked in (["Joints"], "Joints"):
        with pytest.raises(ValueError, match=r"there is no section 'Joints'. There are \['Devices'\]"):
            read_nexus(written(tmp_path, devices()), sections=asked)


def test_a_check_of_markers_says_that_none_can_be_emg(tmp_path, capsys):
    assert main(["check", str(written(tmp_path, angles()))]) == 2
    assert "by its units no column can be EMG: RKneeAngles_x" in " ".join(capsys.readouterr().err.split())
