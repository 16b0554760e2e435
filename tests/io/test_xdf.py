"""Recordings of the Lab Streaming Layer: clocks, jitter, dropouts."""

import random
import sys
from pathlib import Path

import numpy as np
import pytest

from sk_bionic.inspection import check_recording
from sk_bionic.io import read_xdf
from sk_bionic.io._stream_times import steady_times

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
from _mutations import mutate
from _xdf_bytes import write_xdf

RATE = 2000.0


def packets(n, seed=0, spread=0.004, size=50):
    """Delays [s] of samples that are sent in packets."""
    rng = np.random.default_rng(seed)
    return np.repeat(np.abs(rng.normal(0, spread, n // size + 1)), size)[:n]


def taken(n, *lost):
    """Times [s] of samples at `RATE`, those of some positions lost."""
    keep = np.ones(n, bool)
    for start, stop in lost:
        keep[start:stop] = False
    return np.arange(n)[keep] / RATE


@pytest.mark.parametrize("n_lost", [8000, 200, 60])
def test_what_was_lost_is_a_gap_and_nothing_else_moves(n_lost):
    true = taken(40000, (12000, 12000 + n_lost))
    late = packets(len(true))
    time, rate, gaps = steady_times(true + late, RATE)
    assert np.abs(time - true - late.mean()).max() < 1e-3
    assert rate == pytest.approx(RATE, rel=2e-4)
    assert len(gaps) == 1
    assert gaps[0] == pytest.approx((11999 / RATE + late.mean(), (12000 + n_lost) / RATE + late.mean()), abs=1e-3)


@pytest.mark.parametrize("spread", [0.0, 0.002, 0.02])
def test_jitter_alone_is_no_gap(spread):
    true = taken(20000)
    time, _, gaps = steady_times(true + packets(len(true), spread=spread), RATE)
    assert gaps == []
    assert np.diff(time) == pytest.approx(np.full(19999, 1 / RATE), rel=1e-3)


def test_a_stall_that_is_caught_up_is_no_gap():
    true = taken(20000)
    late = packets(len(true), spread=1e-4)
    late[9000:9300] += 0.15 - np.arange(300) / RATE  # 300 samples come at once, 150 ms late
    assert steady_times(true + late, RATE)[2] == []


def test_single_samples_are_missed_where_there_is_no_jitter():
    stamps = taken(2000, (700, 701), (1500, 1502))
    time, _, gaps = steady_times(stamps, RATE)
    assert time == pytest.approx(stamps, abs=1e-9)
    assert [stop - start for start, stop in gaps] == pytest.approx([2 / RATE, 3 / RATE])


def test_a_rate_that_is_not_the_nominal_one():
    stamps = taken(20000) * RATE / 1926.0
    time, rate, gaps = steady_times(stamps + packets(20000), RATE)
    assert (gaps, rate) == ([], pytest.approx(1926.0, rel=2e-4))


def streams(values=None, lost=()):
    """EMG on a clock 1000 s behind, angles on one that drifts by 100 ppm, markers."""
    true = 5.0 + taken(20000, *lost)
    emg = 100 * np.sin(2 * np.pi * 70 * true)
    angle_time = 5.0 + np.arange(1000) / 100
    markers = {"name": "M", "type": "Markers", "labels": ["m"], "rate": 0, "form": "string"}
    return [
        {
            "name": "Amplifier",
            "type": "EMG",
            "labels": ["BIC", "TRI"],
            "units": ["microvolts"] * 2,
            "rate": RATE,
            "stamps": true - 1000.0,
            "values": np.column_stack([emg, 2 * emg]),
            "offset": 1000.0,
        },
        {
            "name": "Goniometer",
            "type": "Angle",
            "labels": ["knee"],
            "units": ["deg"],
            "rate": 100,
            "stamps": (angle_time + 500.0) / (1 + 1e-4),
            "values": np.rad2deg(np.sin(angle_time))[:, None],
            "offset": -500.0,
            "drift": 1e-4,
        },
        {**markers, "stamps": [6.0 - 1000, 8.0 - 1000], "values": ["go", "stop"], "offset": 1000.0},
    ]


def time_of(table):
    return table.index.get_level_values("time").to_numpy() + table.attrs["start"]


def test_streams_are_joined_by_their_times(tmp_path):
    pytest.importorskip("pyxdf")
    table = read_xdf(write_xdf(tmp_path / "curl.xdf", streams()))
    time = time_of(table)
    assert len(table) == 20000
    assert np.abs(time - 5.0 - taken(20000)).max() < 1e-6
    assert table["BIC"].to_numpy() == pytest.approx(1e-4 * np.sin(2 * np.pi * 70 * (5.0 + taken(20000))), abs=1e-12)
    known = table["knee"].notna().to_numpy()
    assert known.sum() > 19900
    assert np.abs(table["knee"].to_numpy() - np.sin(time))[known].max() < 1e-5
    assert table.attrs["emg"] == ["BIC", "TRI"]
    assert table.attrs["units"] == {"BIC": "V", "TRI": "V", "knee": "rad"}
    assert [(round(m["time"], 6), m["text"]) for m in table.attrs["markers"]] == [(1.0, "go"), (3.0, "stop")]


def test_gaps_stay_gaps(tmp_path):
    pytest.importorskip("pyxdf")
    path = write_xdf(tmp_path / "gap.xdf", streams(lost=[(6000, 9000)]))
    table = read_xdf(path)
    assert len(table) == 17000
    assert np.diff(time_of(table)).max() == pytest.approx(3001 / RATE, abs=1e-6)
    assert table.attrs["gaps"]["Amplifier"] == [pytest.approx((5999 / RATE, 9000 / RATE), abs=1e-6)]
    assert "irregular_time" in set(check_recording(table).findings["kind"])
    slower = read_xdf(path, sampling_rate=100.0)
    assert slower.attrs["sampling_rate"] == 100.0
    assert np.diff(time_of(slower)).max() > 1.4


def test_streams_are_chosen_by_name_or_type(tmp_path):
    pytest.importorskip("pyxdf")
    path = write_xdf(tmp_path / "curl.xdf", streams())
    assert read_xdf(path, streams=["EMG"]).columns.tolist() == ["BIC", "TRI"]
    apart = read_xdf(path, join=False)
    assert apart.notna().sum().tolist() == [20000, 20000, 1000]
    assert time_of(read_xdf(path, streams=["Goniometer"]))[0] == pytest.approx(5.0)
    with pytest.raises(ValueError, match="curl.xdf: there is no stream of name or type 'EEG'"):
        read_xdf(path, streams=["EEG"])


def test_a_stream_without_a_rate_keeps_its_times(tmp_path):
    pytest.importorskip("pyxdf")
    angle = streams()[1] | {"rate": 0, "offset": 0.0, "drift": 0.0}
    angle["stamps"] = np.sort(np.random.default_rng(0).uniform(0, 10, 1000))
    table = read_xdf(write_xdf(tmp_path / "angle.xdf", [angle]))
    assert time_of(table) == pytest.approx(angle["stamps"], abs=1e-9)


def test_a_sender_that_keeps_no_steady_rate_is_read_as_stamped(tmp_path):
    """One that sleeps between samples: the rate wanders, and now and then it is late for good."""
    pytest.importorskip("pyxdf")
    rng = np.random.default_rng(1)
    steps = 0.0107 * np.repeat([0.98, 1.0, 1.02, 1.0, 0.98, 1.0], 1000) + rng.uniform(-3e-4, 3e-4, 6000)
    steps[1000:6000:1000] += 0.02
    steps[3500] += 30.0
    sender = {"name": "A", "type": "EMG", "labels": ["BIC"], "units": ["mV"], "rate": 100, "offset": 0.0}
    path = write_xdf(tmp_path / "curl.xdf", [{**sender, "stamps": np.cumsum(steps), "values": np.zeros((6000, 1))}])
    with pytest.warns(UserWarning, match="stream 'A' keeps no steady rate: its times stay as they were stamped"):
        table = read_xdf(path)
    assert np.diff(time_of(table)) == pytest.approx(steps[1:], abs=1e-6)
    assert len(table.attrs["gaps"]["A"]) == 1 and np.diff(table.attrs["gaps"]["A"][0]) == pytest.approx(steps[3500])


def test_samples_that_come_in_bursts_are_no_gaps(tmp_path):
    """Ten at once, at a rate that wanders: only a second without any is a gap."""
    pytest.importorskip("pyxdf")
    packet = 0.01 * np.repeat([0.96, 1.0, 1.04, 1.0, 0.96, 1.04], 300)
    packet[300::300] += 0.03
    packet[900] += 1.0
    stamps = (np.cumsum(packet)[:, None] + 1e-5 * np.arange(10)).ravel()
    sender = {"name": "A", "type": "EMG", "labels": ["BIC"], "units": ["mV"], "rate": 1000, "offset": 0.0}
    values = np.zeros((len(stamps), 1))
    path = write_xdf(tmp_path / "curl.xdf", [{**sender, "stamps": stamps, "values": values}])
    with pytest.warns(UserWarning, match="stream 'A' keeps no steady rate"):
        table = read_xdf(path)
    assert (np.diff(time_of(table)) > 0).all()
    (gap,) = table.attrs["gaps"]["A"]
    assert gap[1] - gap[0] == pytest.approx(packet[900], abs=1e-3)


def test_faults_are_told(tmp_path):
    pytest.importorskip("pyxdf")
    path = write_xdf(tmp_path / "curl.xdf", streams())
    (tmp_path / "cut.xdf").write_bytes(path.read_bytes()[:200000])
    with pytest.warns(UserWarning) as told:
        assert len(read_xdf(tmp_path / "cut.xdf")) > 1000
    assert any("cut.xdf: " in str(w.message) and "corruption" in str(w.message) for w in told)
    assert any("stream 'Amplifier' has no clock offsets" in str(w.message) for w in told)
    (tmp_path / "no.xdf").write_bytes(b"PK\x03\x04" * 10)
    with pytest.raises(ValueError, match="no.xdf: this is no XDF file"):
        read_xdf(tmp_path / "no.xdf")
    with pytest.raises(ValueError, match=r"no stream holds numbers. Its streams are \['M'\]"):
        read_xdf(write_xdf(tmp_path / "markers.xdf", streams()[2:]))
    with pytest.raises(FileNotFoundError, match="nowhere.xdf"):
        read_xdf(tmp_path / "nowhere.xdf")


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_damaged_copies_give_data_or_a_value_error(tmp_path):
    pytest.importorskip("pyxdf")
    short = [{**s, "stamps": s["stamps"][:40], "values": s["values"][:40]} for s in streams()]
    raw = write_xdf(tmp_path / "curl.xdf", short).read_bytes()
    for i in range(60):
        (tmp_path / "bad.xdf").write_bytes(mutate(raw, random.Random(i), is_text=False))
        try:
            read_xdf(tmp_path / "bad.xdf")
        except ValueError as error:
            assert "bad.xdf" in str(error)


def test_without_pyxdf_the_error_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyxdf", None)
    with pytest.raises(ImportError, match=r"sk_bionic\[xdf\]"):
        read_xdf(tmp_path / "curl.xdf")
