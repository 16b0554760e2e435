"""EDF and BDF files against what was written, and against MNE and edfio where these read them rightly."""

import sys
from pathlib import Path

import numpy as np
import pytest

from sk_bionic.inspection import check_recording
from sk_bionic.io import read_edf

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
from _edf_bytes import write_edf

RATE = 1000
RANGE = (-3276.8, 3276.7)  # uV: a step of 0.1


def digital(n_samples, seed=0):
    return np.random.default_rng(seed).integers(-30000, 30000, n_samples)


def emg(n_records=4, seed=0, unit="uV"):
    return digital(RATE * n_records, seed), RATE, unit, RANGE


def time_of(table):
    return table.index.get_level_values("time").to_numpy()


@pytest.mark.parametrize("kind", ["EDF", "EDF+C", "BDF", "BDF+C"])
def test_values_are_those_that_were_written(tmp_path, kind):
    values = digital(4000)
    limit = RANGE if kind.startswith("EDF") else (-838861, 838860)
    bits = 16 if kind.startswith("EDF") else 24
    expected = limit[0] + (limit[1] - limit[0]) / (2**bits - 1) * (values + 2 ** (bits - 1))  # uV
    path = write_edf(tmp_path / "curl.edf", {"BIC": (values, RATE, "uV", limit)}, kind=kind)
    table = read_edf(path)
    assert np.abs(table["BIC"].to_numpy() - 1e-6 * expected).max() < 1e-9 * 3e-3
    assert np.abs(time_of(table) - np.arange(4000) / RATE).max() < 1e-9
    assert table.attrs["program"] == kind
    assert table.attrs["units"] == {"BIC": "V"}


def test_gaps_of_a_discontinuous_file_stay_gaps(tmp_path):
    values, *rest = emg()
    path = write_edf(tmp_path / "gap.edf", {"BIC": (values, *rest)}, onsets=[0, 1, 10, 11], kind="EDF+D")
    table = read_edf(path)
    assert time_of(table)[[1999, 2000, -1]] == pytest.approx([1.999, 10.0, 11.999])
    assert table["BIC"].to_numpy() == pytest.approx(1e-7 * values)
    gap = check_recording(table).findings.query("kind == 'irregular_time'").iloc[0]
    assert (gap["start"], gap["stop"]) == pytest.approx((1.999, 10.0), abs=0.01)


def test_signals_of_several_rates_are_joined_by_their_times(tmp_path):
    """MNE interpolates the slow one over its ends as if it were periodic, and errs there by half of the range."""
    slow = np.arange(0, 4, 0.01)
    angle = np.round(10000 * np.sin(2 * np.pi * 0.13 * slow)).astype(int)
    limit = (-327.68, 327.67)
    path = write_edf(tmp_path / "curl.edf", {"BIC": emg(), "knee": (angle, 100, "deg", limit)})
    table = read_edf(path)
    assert table.attrs["sampling_rates"] == {"BIC": 1000.0, "knee": 100.0}
    assert table.attrs["emg"] == ["BIC"]
    expected = np.deg2rad(100 * np.sin(2 * np.pi * 0.13 * time_of(table)))
    known = table["knee"].notna().to_numpy()
    assert known.sum() >= 3991
    assert np.abs(table["knee"].to_numpy() - expected)[known].max() < 1e-3 * np.deg2rad(100)
    apart = read_edf(path, join=False)
    assert apart.notna().sum().tolist() == [4000, 400]


def test_annotations_are_trials(tmp_path):
    notes = [(0.5, 1.0, "curl"), (2.0, 1.0, "curl"), (3.5, 0.25, "rest"), (1.0, 0.0, "beep"), (2.2, 0.1, "bad contact")]
    path = write_edf(tmp_path / "curl.edf", {"BIC": emg()}, annotations=notes)
    with pytest.warns(UserWarning, match="curl.edf: 1.75 s of 4 s lie in none of the 3 annotated trials"):
        table = read_edf(path)
    assert table.groupby("trial").size().to_dict() == {"curl_1": 1000, "curl_2": 1000, "rest": 250}
    assert time_of(table.loc[["curl_2"]])[0] == pytest.approx(2.0)
    assert table["BIC"].isna().groupby("trial").sum().to_dict() == {"curl_1": 0, "curl_2": 100, "rest": 0}
    assert check_recording(table).findings["kind"].tolist().count("missing") == 1
    with pytest.warns(UserWarning, match="in none of the 2"):
        chosen = read_edf(path, trials=["curl"], reject_by_annotation=False)
    assert chosen["BIC"].notna().all()
    assert read_edf(path, trials="whole").index.get_level_values("trial").unique().tolist() == ["curl"]
    with pytest.raises(ValueError, match=r"there is no annotation 'jump'. There are \['bad contact', 'beep'"):
        read_edf(path, trials=["jump"])


def test_overlapping_annotations_are_no_trials_by_themselves(tmp_path):
    path = write_edf(tmp_path / "walk.edf", {"BIC": emg()}, annotations=[(0, 3, "walk"), (1, 1, "stance")])
    with pytest.warns(UserWarning, match=r"annotations overlap.*\['stance', 'walk'\]"):
        table = read_edf(path)
    assert len(table) == 4000


def test_emg_is_what_is_a_voltage_and_nothing_else(tmp_path):
    signals = {"EMG BIC": emg(), "ECG": emg(), "EEG Cz": emg(), "knee": emg(unit="deg"), "BIC": emg(unit="mV")}
    path = write_edf(tmp_path / "all.edf", signals)
    assert read_edf(path).attrs["emg"] == ["EMG BIC", "BIC"]
    assert read_edf(path, signals="emg").columns.tolist() == ["EMG BIC", "BIC"]
    checked = check_recording(read_edf(path, signals=["BIC", "knee"]))
    assert set(checked.findings["channel"].dropna()) <= {"BIC"}


def test_a_file_that_ends_early_is_told(tmp_path):
    path = write_edf(tmp_path / "cut.edf", {"BIC": emg()}, promised=9)
    with pytest.warns(UserWarning, match="cut.edf: the header promises 9 records, the file holds 4: it is truncated"):
        assert len(read_edf(path)) == 4000
    with pytest.raises(ValueError, match="there is no signal 'TRI'. Its signals are"):
        read_edf(write_edf(path, {"BIC": emg()}), signals=["TRI"])


@pytest.mark.parametrize(
    ("start", "bytes_", "message"),
    [
        (0, b"PK", "no EDF or BDF file"),
        (252, b"9999", "ends before them"),
        (244, b"abc", "duration of a record"),
        (244, b"0       ", "a record lasts 0 s"),
        (236, b"1.5     ", "number of records"),
    ],
)
def test_damage_is_an_error_that_names_the_file(tmp_path, start, bytes_, message):
    path = write_edf(tmp_path / "bad.edf", {"BIC": emg()}, kind="EDF")
    raw = bytearray(path.read_bytes())
    raw[start : start + len(bytes_)] = bytes_
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=f"bad.edf: .*{message}"):
        read_edf(path)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_damaged_copies_give_data_or_a_value_error(tmp_path):
    raw = write_edf(tmp_path / "good.edf", {"BIC": emg(2), "TRI": emg(2)}, annotations=[(0, 1, "a")]).read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "bad.edf"
    for _ in range(150):
        damaged = bytearray(raw)
        for position in rng.integers(0, 1100, 4):
            damaged[position] = rng.integers(256)
        path.write_bytes(damaged[: rng.integers(200, len(raw))])
        try:
            read_edf(path)
        except ValueError as error:
            assert "bad.edf" in str(error)


@pytest.mark.parametrize("reader", ["mne", "edfio"])
def test_other_readers_give_the_same(tmp_path, reader):
    library = pytest.importorskip(reader)
    path = write_edf(tmp_path / "curl.edf", {"BIC": emg(), "TRI": emg(seed=1)}, annotations=[(0.5, 1.0, "curl")])
    table = read_edf(path, trials="whole")
    if reader == "mne":
        raw = library.io.read_raw_edf(path, verbose="ERROR")
        values, notes = raw.get_data().T, [(a["onset"], a["duration"], a["description"]) for a in raw.annotations]
    else:
        edf = library.read_edf(path)
        values = np.column_stack([1e-6 * signal.data for signal in edf.signals])
        notes = [(a.onset, a.duration, a.text) for a in edf.annotations]
    assert np.abs(table.to_numpy() - values).max() < 1e-9 * 3e-3
    assert notes == [tuple(a.values()) for a in table.attrs["annotations"]]


def test_a_file_of_annotations_alone_says_so(tmp_path):
    path = write_edf(
        tmp_path / "notes.edf", {"BIC": (np.zeros(4, dtype=int), 4, "uV", (-1, 1))}, annotations=[(0, 1, "a")]
    )
    raw = bytearray(path.read_bytes())
    at = raw.index(b"BIC ")
    raw[at : at + 16] = b"EDF Annotations "
    path.write_bytes(raw)
    with pytest.raises(ValueError, match="notes.edf: there are no signals in this file"):
        read_edf(path)
