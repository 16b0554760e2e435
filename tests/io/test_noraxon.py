"""Exports of Noraxon's myoRESEARCH, written here as MR3 and MR4 write them."""

import random
import sys
from pathlib import Path

import numpy as np
import pytest

from sk_bionic.inspection import check_recording
from sk_bionic.io import read_noraxon

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
from _mutations import mutate

RATE = 2000.4
N_ROWS = 6000


def channel():
    return 40.0 * np.sin(2 * np.pi * 70 * np.arange(N_ROWS) / RATE)  # uV


def mr4(path, decimal=","):
    """Semicolons and decimal commas, but for the frequency; times with five decimals."""
    lines = [
        '"type";"begin_time";"frequency";"count";"created with version";"record_name"',
        f'"record";"0,00000";"{RATE}";"{N_ROWS}";"Noraxon myoRESEARCH Software 4.2.22";"Free Capture-1"',
        "",
        '"time";"Activity";"Marker";"BICEPS BR. LT (uV)";"Ultium EMG.Sync (V)";"Knee Flexion RT (deg)"',
    ]
    for i, value in enumerate(channel()):
        marker = "Start" if i == 100 else ""
        row = f"{i / RATE:.5f};{'Activity' if i == 0 else ''};{marker};{value:.10g};5;90.0"
        lines.append(row.replace(".", decimal))
    path.write_text("\n".join(lines) + "\n")
    return path


def mr3(path, separator=","):
    """Names with their unit behind a comma, remarks last."""
    quote = '"' if separator == "," else ""
    names = ["Time,s", "LT BICEPS BR.,uV", "Knee Flexion RT,deg", "Marker"]
    lines = [
        "Name\tTest",
        "Date\t2018",
        "Frequency\t2000",
        "",
        separator.join(f"{quote}{name}{quote}" for name in names),
    ]
    lines += [
        separator.join([f"{i / RATE:.5f}", f"{value:.10g}", "90", "Start" if i == 100 else ""])
        for i, value in enumerate(channel())
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def time_of(table):
    return table.index.get_level_values("time").to_numpy()


@pytest.mark.parametrize(
    "write", [mr4, mr3, lambda path: mr4(path, "."), lambda path: mr3(path, "\t")], ids=["MR4", "MR3", "points", "tabs"]
)
def test_every_layout_gives_the_same_table(tmp_path, write):
    table = read_noraxon(write(tmp_path / "curl.csv"))
    assert table.shape == (N_ROWS, 1)
    assert np.abs(table.iloc[:, 0] - 1e-6 * channel()).max() < 1e-9 * 40e-6
    assert np.abs(time_of(table) - np.arange(N_ROWS) / RATE).max() < 1e-6  # printed to 1e-5 s
    assert table.attrs["markers"][-1]["text"] == "Start"
    assert table.attrs["markers"][-1]["time"] == pytest.approx(100 / RATE)


def test_angles_are_in_radians_and_the_sync_line_is_no_emg(tmp_path):
    table = read_noraxon(mr4(tmp_path / "curl.csv"), signals="all")
    assert table["Knee Flexion RT"].iloc[0] == pytest.approx(np.pi / 2)
    assert table.attrs["emg"] == ["BICEPS BR. LT"]
    assert table.attrs["units"]["Ultium EMG.Sync"] == "V"
    assert table.attrs["recorded_units"]["Knee Flexion RT"] == "deg"
    assert table.attrs["header"]["record_name"] == "Free Capture-1"


def test_printed_times_do_not_jitter(tmp_path):
    findings = check_recording(read_noraxon(mr4(tmp_path / "curl.csv"))).findings
    assert "irregular_time" not in set(findings["kind"])


def test_lost_rows_stay_lost(tmp_path):
    lines = mr3(tmp_path / "curl.csv").read_text().splitlines()
    (tmp_path / "gap.csv").write_text("\n".join([*lines[:2000], *lines[2400:], ""]))
    table = read_noraxon(tmp_path / "gap.csv")
    assert len(table) == N_ROWS - 400
    assert np.diff(time_of(table)).max() == pytest.approx(401 / RATE, abs=2e-5)


def test_faults_name_file_line_and_column(tmp_path):
    path = mr3(tmp_path / "curl.csv")
    lines = path.read_text().splitlines()
    (tmp_path / "bad.csv").write_text("\n".join([*lines[:9], "0.002,oops,90,", *lines[10:], ""]))
    with pytest.raises(ValueError, match=r"bad.csv, line 10: column 'LT BICEPS BR.,uV' must hold a number. Got 'oops'"):
        read_noraxon(tmp_path / "bad.csv")
    with pytest.raises(ValueError, match="there is no signal 'TA'"):
        read_noraxon(path, signals=["TA"])
    (tmp_path / "other.csv").write_text("a,b\n0,1\n")
    with pytest.raises(ValueError, match="other.csv: this is no export of myoRESEARCH"):
        read_noraxon(tmp_path / "other.csv")


@pytest.mark.parametrize("write", [mr3, mr4])
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_damaged_copies_give_data_or_a_value_error(tmp_path, write):
    raw = b"\n".join(write(tmp_path / "curl.csv").read_bytes().splitlines()[:60]) + b"\n"
    for i in range(40):
        (tmp_path / "bad.csv").write_bytes(mutate(raw, random.Random(i), is_text=True))
        try:
            read_noraxon(tmp_path / "bad.csv", signals="all")
        except ValueError as error:
            assert "bad.csv" in str(error)
