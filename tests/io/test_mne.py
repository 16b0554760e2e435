"""MNE's recordings and back, and BIDS data sets as MNE-BIDS writes them."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sk_bionic.inspection import check_recording
from sk_bionic.io import from_mne, read_bids, read_edf, to_mne

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
from _edf_bytes import write_edf

RATE = 2000.0
AMPLITUDE = 1e-3  # V


def table_of(times, seed=0):
    """EMG in mV and an angle of trials with these times."""
    rng = np.random.default_rng(seed)
    names = [name for name, time in times.items() for _ in time]
    index = pd.MultiIndex.from_arrays([names, np.concatenate(list(times.values()))], names=["trial", "time"])
    table = pd.DataFrame(rng.normal(size=(len(index), 3)), index, columns=["biceps", "triceps", "elbow"])
    table.attrs["units"] = {"biceps": "mV", "triceps": "mV", "elbow": "rad"}
    return table


def samples(n, start=0.0):
    return start + np.arange(n) / RATE


def difference(found, table):
    """Largest difference of values, in units of the amplitude, of tables with the same trials and times."""
    assert found.index.get_level_values("trial").tolist() == table.index.get_level_values("trial").tolist()
    time, expected = (frame.index.get_level_values("time").to_numpy() for frame in (found, table))
    assert np.abs(time - expected).max() < 1e-9
    return np.abs(found[table.columns].to_numpy() - table.to_numpy() * [AMPLITUDE, AMPLITUDE, 1]).max(axis=0) / [
        AMPLITUDE,
        AMPLITUDE,
        1,
    ]


@pytest.mark.parametrize(
    "times",
    [
        {"a": samples(800), "b": samples(900)},  # each from 0
        {"a": samples(800, 1.0), "b": samples(900, 3.0001)},  # on one clock, not in step
        {"a": np.delete(samples(1200), slice(500, 700))},  # with a gap
        {"a": samples(500, -0.1)},  # from before a trigger
    ],
    ids=["restarting", "one clock", "gap", "negative"],
)
def test_there_and_back(times):
    pytest.importorskip("mne")
    table = table_of(times)
    assert difference(from_mne(to_mne(table)), table).max() == 0


def test_there_and_back_by_a_file(tmp_path):
    mne = pytest.importorskip("mne")
    table = table_of({"a": samples(800), "b": samples(900)})
    to_mne(table).save(tmp_path / "curl_raw.fif", fmt="double", verbose="ERROR")
    found = from_mne(mne.io.read_raw(tmp_path / "curl_raw.fif", verbose="ERROR"))
    assert difference(found, table).max() < 1e-12
    assert found.attrs["emg"] == ["biceps", "triceps"]
    assert set(check_recording(found).findings["channel"].dropna()) <= {"biceps", "triceps"}


def test_bad_spans_channels_and_joints():
    mne = pytest.importorskip("mne")
    raw = to_mne(table_of({"a": samples(1000)})).set_annotations(None)
    raw = mne.concatenate_raws([raw, raw.copy()], verbose="ERROR")
    raw.annotations.append(0.1, 0.05, "BAD_motion")
    raw.annotations.append(0.2, 0.05, "bad contact", ch_names=[["biceps"]])
    raw.info["bads"] = ["triceps"]
    table = from_mne(raw)
    assert table.columns.tolist() == ["biceps", "elbow"]
    assert table.attrs["bad_channels"] == ["triceps"]
    assert table.groupby("trial").size().to_dict() == {"recording_1": 1000, "recording_2": 1000}
    assert table.isna().sum().to_dict() == {"biceps": 200, "elbow": 100}
    kept = from_mne(raw, picks=["triceps"], reject_by_annotation=False)
    assert kept.notna().all(axis=None)


def test_what_mne_takes_for_eeg_is_an_error_that_says_so():
    mne = pytest.importorskip("mne")
    raw = mne.io.RawArray(np.zeros((1, 10)), mne.create_info(["BIC"], RATE, "eeg"), verbose="ERROR")
    with pytest.raises(ValueError, match="no EMG channel.*'BIC': 'eeg'.*set_channel_types"):
        from_mne(raw)
    with pytest.raises(ValueError, match="no channel 'TRI'"):
        from_mne(raw, picks=["TRI"])


def test_filters_of_mne_skip_emg_as_the_documentation_says():
    mne = pytest.importorskip("mne")
    data = 1e-4 * np.random.default_rng(0).normal(size=(2, 4000))
    raw = mne.io.RawArray(data, mne.create_info(["BIC", "Cz"], RATE, ["emg", "eeg"]), verbose="ERROR")
    filtered = raw.copy().filter(20, 400, verbose="ERROR")
    assert np.array_equal(filtered.get_data("BIC"), raw.get_data("BIC"))
    assert not np.array_equal(filtered.get_data("Cz"), raw.get_data("Cz"))
    asked = raw.copy().filter(20, 400, picks="emg", verbose="ERROR")
    assert not np.array_equal(asked.get_data("BIC"), raw.get_data("BIC"))


def test_what_cannot_become_a_recording_is_refused():
    pytest.importorskip("mne")
    table = table_of({"a": samples(100)})
    without = table.copy()
    without.attrs.clear()
    with pytest.raises(ValueError, match="The unit of 'biceps' is not known"):
        to_mne(without)
    with pytest.raises(ValueError, match="there is no column|There is no column 'x'"):
        to_mne(table, emg=["x"])
    uneven = table.copy()
    time = samples(100) + np.where(np.arange(100) == 50, 0.4 / RATE, 0)
    uneven.index = pd.MultiIndex.from_arrays([["a"] * 100, time], names=["trial", "time"])
    with pytest.raises(ValueError, match="Trial 'a': frames are not 2000 Hz apart, as at 0.025"):
        to_mne(uneven)
    with pytest.raises(ValueError, match="Trial 'bad one'"):
        to_mne(table.rename(index={"a": "bad one"}, level="trial"))
    with pytest.raises(ValueError, match="Nothing tells the time"):
        to_mne(table.reset_index(drop=True))


def test_without_mne_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "mne", None)
    with pytest.raises(ImportError, match=r"sk_bionic\[mne\]"):
        to_mne(table_of({"a": samples(100)}))


@pytest.mark.parametrize(("kind", "limit"), [("BDF", 1e-6), ("EDF", 1e-4)])
def test_a_data_set_that_mne_bids_wrote(tmp_path, kind, limit):
    """A file of 16 bits holds its own amplitude to 1e-5, one of 24 to 1e-7."""
    pytest.importorskip("mne")
    mne_bids = pytest.importorskip("mne_bids")
    table = table_of({"a": samples(4000), "b": samples(6000)})
    raw = to_mne(table)
    raw.info["line_freq"] = 50
    place = {"subject": "01", "task": "curl", "datatype": "emg", "suffix": "emg"}
    path = mne_bids.BIDSPath(root=tmp_path, extension=f".{kind.lower()}", **place)
    mne_bids.write_raw_bids(
        raw, path, format=kind, allow_preload=True, emg_placement="Measured", overwrite=True, verbose="ERROR"
    )
    for given in (path, path.fpath):
        found = read_bids(given)
        assert difference(found, table).max() < 4 * limit
        assert found.attrs["emg"] == ["biceps", "triceps"]
    own = from_mne(mne_bids.read_raw_bids(path, verbose="ERROR"))
    assert np.abs(own.to_numpy() - found.to_numpy()).max() < 1e-9


def bids_by_hand(root):
    """A file whose tables stand beside it and in the folders above."""
    folder = root / "sub-01" / "ses-1" / "emg"
    folder.mkdir(parents=True)
    (root / "dataset_description.json").write_text("{}")
    values = np.random.default_rng(0).integers(-30000, 30000, 4000)
    signal = (values, 1000, "uV", (-3276.8, 3276.7))
    angle = (values, 1000, "", (-327.68, 327.67))
    write_edf(folder / "sub-01_ses-1_task-curl_emg.edf", {"BIC": signal, "TRI": signal, "knee": angle, "TRIG": signal})
    rows = ["BIC\tEMG\tuV\tgood", "TRI\tEMG\tuV\tbad", "knee\tMISC\tdeg\tgood", "TRIG\tTRIG\tn/a\tgood"]
    (root / "task-curl_channels.tsv").write_text("name\ttype\tunits\tstatus\n" + "\n".join(rows) + "\n")
    events = "onset\tduration\ttrial_type\n1.0\t2.0\tcurl\n1.5\tn/a\tbeep\n2.0\t0.5\tBAD_motion\n"
    (folder / "sub-01_ses-1_task-curl_events.tsv").write_text(events)
    (folder / "sub-01_ses-1_task-jump_events.tsv").write_text("onset\tduration\n")
    return folder / "sub-01_ses-1_task-curl_emg.edf", values


def test_tables_beside_and_above_the_file_are_honoured(tmp_path):
    path, values = bids_by_hand(tmp_path)
    with pytest.warns(UserWarning, match="2 s of 4 s lie in none"):
        table = read_bids(path)
    assert table.columns.tolist() == ["BIC", "knee"]
    assert (table.attrs["emg"], table.attrs["bad_channels"]) == (["BIC"], ["TRI"])
    assert table.attrs["units"] == {"BIC": "V", "knee": "rad"}
    assert table.index.get_level_values("trial").unique().tolist() == ["curl"]
    assert table["BIC"].isna().sum() == 500
    known = table["BIC"].notna().to_numpy()
    assert table["BIC"].to_numpy()[known] == pytest.approx(1e-7 * values[1000:3000][known])
    assert table["knee"].to_numpy()[known] == pytest.approx(np.deg2rad(1e-2 * values[1000:3000][known]))


def test_a_table_of_channels_that_does_not_fit(tmp_path):
    path, _ = bids_by_hand(tmp_path)
    (tmp_path / "task-curl_channels.tsv").write_text("name\ttype\nBIC\tEMG\n")
    with pytest.raises(ValueError, match="channels.tsv, line 1: there is no column 'units'"):
        read_bids(path)
    (tmp_path / "task-curl_channels.tsv").write_text("name\ttype\tunits\nBICEPS\tEMG\tuV\n")
    with pytest.raises(ValueError, match="there is no signal 'BICEPS'"):
        read_bids(path)
    (tmp_path / "task-curl_channels.tsv").unlink()
    with pytest.warns(UserWarning, match="there is no channels.tsv"):
        table = read_bids(path)
    assert len(table.columns) == len(read_edf(path, trials="whole").columns)
