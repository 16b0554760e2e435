"""Exports of EMGworks and Trigno Discover, written here as those programs write them."""

import random
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sk_bionic.inspection import check_recording
from sk_bionic.io import read_delsys

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
from _mutations import mutate

EMG_RATE, ACC_RATE = 26 / 0.0135, 2 / 0.0135
GRAVITY = 9.80665


def signals(duration):
    """Times and values of EMG [V] and acceleration [g], each at its own rate."""
    emg_time, acc_time = np.arange(0, duration, 1 / EMG_RATE), np.arange(0, duration, 1 / ACC_RATE)
    emg = 1e-4 * np.sin(2 * np.pi * 80 * emg_time)
    return (emg_time, emg), (acc_time, np.cos(2 * np.pi * acc_time))


def emgworks(path, emg, acc, pad="", names=('"Trigno IM sensor 1: EMG 1 (IM)"', '"Trigno IM sensor 1: ACC X 1 (IM)"')):
    """Seven significant digits; a slow signal's column ends in `pad`."""
    rows = [f"X[s],{names[0]},X[s],{names[1]}"]
    for i in range(len(emg[0])):
        slow = f"{acc[0][i]:.7g},{acc[1][i]:.7g}" if i < len(acc[0]) else f"{pad},{pad}"
        rows.append(f"{emg[0][i]:.7g},{emg[1][i]:.7g},{slow}")
    path.write_text("\n".join(rows) + "\n")
    return path


def discover(path, emg, acc, *, version="2.1.0.7", with_times=True, markers=()):
    """Eight lines of header; pairs of columns, or values alone."""
    pairs = [("EMG 1", "mV", EMG_RATE, 1e3 * emg[1], emg[0]), ("ACC X", "G", ACC_RATE, acc[1], acc[0])]
    names, rates, steps = [], [], []
    for name, unit, rate, _, _ in pairs:
        names += [f"{name} Time Series (s)"] * with_times + [f"{name} ({unit})"]
        rates += [""] * with_times + [f"{rate:.4f} Hz"]
        steps += [""] * with_times + [f"{1 / rate:.6f} s"]
    blank = ", " * (len(names) - 1)
    lines = [
        f"Application:, Trigno Discover ({version})",
        "Date/Time:, 2026/09/29 15:50:51",
        f"Collection Length (seconds):, {len(emg[0]) / EMG_RATE}",
        f"Avanti Sensor 3 (89563){blank}",
        f"sensor mode: 40{blank}",
        ", ".join(names),
        ", ".join(rates),
        ", ".join(steps) + (", , Type, Name, Label, Time (s), , Pair" if markers else ""),
    ]
    for i in range(len(emg[0])):
        cells = []
        for _, _, _, values, time in pairs:
            known = i < len(values)
            cells += [f"{time[i]:.6f}" if known else ""] * with_times + [f"{values[i]:.9g}" if known else ""]
        tail = f", , General, {markers[i]}, {markers[i]}, 0.5, , " if i < len(markers) else ""
        lines.append(", ".join(cells) + tail)
    path.write_text("\n".join(lines) + "\n")
    return path


def time_of(table):
    return table.index.get_level_values("time").to_numpy()


def test_times_printed_with_seven_digits_become_even(tmp_path):
    emg, acc = signals(130.0)
    table = read_delsys(emgworks(tmp_path / "walk.csv", emg, acc))
    assert len(table) == len(emg[0])
    assert np.abs(time_of(table) - emg[0]).max() < 1e-3 / EMG_RATE
    assert table.attrs["sampling_rate"] == pytest.approx(EMG_RATE, rel=1e-8)
    assert not len(check_recording(table).findings.query("kind == 'irregular_time'"))


@pytest.mark.parametrize("pad", ["", "0"])
def test_each_signal_keeps_its_own_clock(tmp_path, pad):
    emg, acc = signals(2.0)
    path = emgworks(tmp_path / "walk.csv", emg, acc, pad)
    apart = read_delsys(path, signals="all", join=False)
    assert apart.notna().sum().tolist() == [len(emg[0]), len(acc[0])]
    joined = read_delsys(path, signals="all")
    assert np.abs(joined.iloc[:, 0] - emg[1]).max() < 1e-6 * 1e-4  # as recorded, at its own samples
    expected = GRAVITY * np.cos(2 * np.pi * time_of(joined))
    assert np.nanmax(np.abs(joined.iloc[:, 1] - expected)) < 1e-3 * GRAVITY
    assert list(joined.attrs["units"].values()) == ["V", "m/s^2"]
    assert joined.attrs["emg"] == [joined.columns[0]]
    assert list(joined.attrs["sampling_rates"].values()) == pytest.approx([EMG_RATE, ACC_RATE])


@pytest.mark.parametrize("with_times", [True, False])
def test_discover_tells_what_emgworks_tells(tmp_path, with_times):
    emg, acc = signals(2.0)
    works = read_delsys(emgworks(tmp_path / "walk.csv", emg, acc), signals="all", trial="walk")
    path = discover(tmp_path / "d.csv", emg, acc, with_times=with_times, markers=("E1", "E2"))
    found = read_delsys(path, signals="all", trial="walk")
    assert found.columns.tolist() == ["Avanti Sensor 3 (89563): EMG 1", "Avanti Sensor 3 (89563): ACC X"]
    assert np.abs(time_of(found) - time_of(works)).max() < 1e-3 / EMG_RATE
    for j, amplitude in enumerate((1e-4, GRAVITY)):
        assert np.nanmax(np.abs(found.iloc[:, j] - works.iloc[:, j].to_numpy())) < 2e-6 * amplitude
    assert [marker["Name"] for marker in found.attrs["markers"]] == ["E1", "E2"]


def test_rates_without_decimals_are_those_of_the_base(tmp_path):
    """Discover 1.4 printed 1259Hz for 17 samples in 13.5 ms: after a minute the difference is 12 ms."""
    lines = [
        "Application:, Trigno Discover (1.4.2)",
        "Date/Time:, 4/12/2022 5:23:09 PM",
        "Collection Length (seconds):, 10",
        "EMG 01 04498 (54717), , Analog 12 00125 trigger (62202), ",
        "sensor mode: 55, , sensor mode: 423, ",
        "EMG 1 (1259Hz), ACC X (148Hz), Analog I (4444Hz), ",
        *[f"{0.5 if i < 12593 else ''}, {0.25 if i < 1482 else ''}, 0.1, " for i in range(44444)],
    ]
    (tmp_path / "d.csv").write_text("\n".join(lines) + "\n")
    table = read_delsys(tmp_path / "d.csv", signals="all")
    rates = np.array(list(table.attrs["sampling_rates"].values()))
    assert rates * 0.0135 == pytest.approx([17, 2, 60])
    assert len(table) == 12593  # at the EMG's own samples, not at those of the faster trigger
    assert table["EMG 01 04498 (54717): EMG 1"].unique() == pytest.approx([5e-4])


def test_units_in_brackets_and_in_lines_of_labels(tmp_path):
    rows = [f"{i / 2000:.7g},{i},{i}" for i in range(20)]
    label = "Label: B: EMG 2 Sampling frequency: 2000 Number of points: 20 start: 0 Unit: uV Domain Unit: s"
    text = "\n".join([label, "", 'X [s],"A: EMG 1 (IM) [mV]","B: EMG 2"', *rows, ""])
    (tmp_path / "old.csv").write_text(text)
    table = read_delsys(tmp_path / "old.csv")
    assert table.columns.tolist() == ["A: EMG 1 (IM)", "B: EMG 2"]
    assert table.iloc[3].tolist() == pytest.approx([3e-3, 3e-6])
    (tmp_path / "old.csv").write_text(text.replace("points: 20", "points: 4000"))
    with pytest.warns(UserWarning, match="old.csv: the header states 4000 samples of 'B: EMG 2', the file has 20"):
        pd.testing.assert_frame_equal(read_delsys(tmp_path / "old.csv"), table)


def test_decimal_commas_between_semicolons(tmp_path):
    rows = [f"{i / 2000:.7g};{i / 8}".replace(".", ",") for i in range(20)]
    (tmp_path / "walk.csv").write_text("\n".join(['X[s];"S: EMG 1 [mV]"', *rows, ""]))
    assert read_delsys(tmp_path / "walk.csv").iloc[:, 0].tolist() == pytest.approx([1e-3 * i / 8 for i in range(20)])


def test_a_chosen_rate_is_that_of_resample(tmp_path):
    emg, acc = signals(2.0)
    path = emgworks(tmp_path / "walk.csv", emg, acc)
    table = read_delsys(path, signals=["Trigno IM sensor 1: ACC X 1 (IM)"], sampling_rate=100.0)
    assert np.diff(time_of(table)) == pytest.approx(0.01)


def test_faults_name_file_line_and_column(tmp_path):
    emg, acc = signals(0.1)
    path = emgworks(tmp_path / "walk.csv", emg, acc)
    lines = path.read_text().splitlines()
    (tmp_path / "bad.csv").write_text("\n".join([*lines[:9], lines[9].replace(",", ",x", 1), *lines[10:], ""]))
    with pytest.raises(ValueError, match=r"bad.csv, line 10: column 'Trigno IM sensor 1: EMG 1 \(IM\)' .*'x"):
        read_delsys(tmp_path / "bad.csv")
    (tmp_path / "cut.csv").write_text("\n".join([*lines[:9], lines[9].split(",")[0]]))
    with pytest.raises(ValueError, match="cut.csv: the file ends in the middle of a row"):
        read_delsys(tmp_path / "cut.csv")
    with pytest.raises(ValueError, match="there is no signal 'EMG 7'. Its signals are"):
        read_delsys(path, signals=["EMG 7"])
    (tmp_path / "other.csv").write_text("time,emg\n0,1\n")
    with pytest.raises(ValueError, match="other.csv: this is no export of EMGworks"):
        read_delsys(tmp_path / "other.csv")
    back = pd.Series(lines[1:]).iloc[::-1]
    (tmp_path / "back.csv").write_text("\n".join([lines[0], *back, ""]))
    with pytest.raises(ValueError, match=r"back.csv, line \d+: the time of .* it must increase"):
        read_delsys(tmp_path / "back.csv")


@pytest.mark.parametrize("write", [emgworks, discover])
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_damaged_copies_give_data_or_a_value_error(tmp_path, write):
    raw = write(tmp_path / "walk.csv", *signals(0.05)).read_bytes()
    for i in range(40):
        (tmp_path / "bad.csv").write_bytes(mutate(raw, random.Random(i), is_text=True))
        try:
            read_delsys(tmp_path / "bad.csv", signals="all")
        except ValueError as error:
            assert "bad.csv" in str(error)
