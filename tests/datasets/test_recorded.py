import hashlib
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests

from sk_bionic.datasets import _sources, fetch_elbow_load_emg, fetch_knee_emg

MUSCLES = ["rectus_femoris", "biceps_femoris", "vastus_medialis", "semitendinosus"]
KNEE_HEADER = "Recto Femoral,Biceps Femoral,Vasto Medial,EMG Semitendinoso,Flexo-Extension"
SECONDS = 3


@pytest.fixture(scope="module")
def recordings():
    """Folder with real recordings, laid out as the cache; skips where there is none."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("SK_BIONIC_DATA") or beside)
    if not (folder / "knee_emg").is_dir() or not (folder / "elbow_load_emg").is_dir():
        pytest.skip("no recordings: set SK_BIONIC_DATA to a folder that holds them")
    return folder


@pytest.fixture(scope="module")
def knee_subjects(recordings):
    """Subjects of whom both tasks are there."""
    names = {path.stem for path in (recordings / "knee_emg").glob("*.csv")}
    subjects = [f"{group}{number:02d}" for group in "AN" for number in range(1, 12)]
    source = {s: f"{int(s[1:])}{s[0]}" for s in subjects if s not in ("A02", "N02")}
    found = [s for s, n in source.items() if {n + "sitting", n + "standing"} <= names]
    return found or pytest.skip("no knee recordings")


@pytest.fixture(scope="module")
def knee(recordings, knee_subjects):
    return fetch_knee_emg(subjects=knee_subjects, data_home=recordings, download_if_missing=False)


@pytest.fixture(scope="module")
def elbow_names(recordings):
    files = (recordings / "elbow_load_emg").glob("david_bb_*.txt")
    return [path.stem.removeprefix("david_bb_") for path in files]


def write(monkeypatch, path, text, checksums, name):
    """Write a made-up source file and make it the expected one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    monkeypatch.setitem(checksums, name, hashlib.sha256(text.encode()).hexdigest())


def write_knee(monkeypatch, home, name, angle_deg, amplitude_mv=0.1):
    time = np.arange(1000 * SECONDS) / 1000
    emg = amplitude_mv * np.random.default_rng(0).normal(size=(len(time), 4))
    rows = np.column_stack([emg, np.broadcast_to(angle_deg, len(time))]).round(4)
    text = "\n".join([KNEE_HEADER, *(",".join(map(str, row)) for row in rows.tolist())])
    write(monkeypatch, home / "knee_emg" / f"{name}.csv", text, _sources.KNEE_EMG_SHA256, name)
    return time


def write_elbow(monkeypatch, home, name, last_lines):
    rng = np.random.default_rng(0)
    rows = [f"{int(count)}\t1000\r\n" for count in rng.normal(scale=100, size=1000 * SECONDS)]
    text = "File Name\r\nChannel 1\r\nChannel 2\r\n\r\n" + "".join(rows) + last_lines
    path = home / "elbow_load_emg" / f"david_bb_{name}.txt"
    write(monkeypatch, path, text, _sources.ELBOW_LOAD_EMG_SHA256, name)


def swing(time, low=0.0, high=90.0):
    return low + (high - low) * np.sin(np.pi * time / SECONDS) ** 2


class TestMadeUpFiles:
    @pytest.mark.parametrize(("sign", "offset"), [(1, 0), (-1, 0), (1, -20), (-1, 20), (1, 20)])
    def test_flexion_is_positive_and_the_zero_is_left_alone(self, tmp_path, monkeypatch, sign, offset):
        time = np.arange(1000 * SECONDS) / 1000
        write_knee(monkeypatch, tmp_path, "3Nsitting", sign * swing(time) + offset)
        _, target = fetch_knee_emg(subjects=["N03"], tasks=["sitting"], data_home=tmp_path, return_X_y=True)
        expected = np.deg2rad(swing(np.arange(0, SECONDS, 0.01)) + sign * offset)
        np.testing.assert_allclose(target, expected, atol=2e-3)

    def test_a_sign_that_cannot_be_told_is_reported(self, tmp_path, monkeypatch):
        time = np.arange(1000 * SECONDS) / 1000
        write_knee(monkeypatch, tmp_path, "3Nsitting", swing(time, -40, 45))
        with pytest.warns(UserWarning, match="3Nsitting.csv: .* does not tell .* sign") as record:
            fetch_knee_emg(subjects=["N03"], tasks=["sitting"], data_home=tmp_path)
        assert record[0].filename == __file__

    def test_units_are_volts(self, tmp_path, monkeypatch):
        write_knee(monkeypatch, tmp_path, "3Nsitting", 50.0, amplitude_mv=0.1)
        options = {"subjects": ["N03"], "tasks": ["sitting"], "data_home": tmp_path}
        raw = fetch_knee_emg(**options, envelope=False, sampling_rate=None)
        np.testing.assert_allclose(raw.data.std(), 1e-4, rtol=0.1)
        envelope = fetch_knee_emg(**options)
        # Mean of a rectified normal variable, less what the 20 to 450 Hz band leaves out.
        np.testing.assert_allclose(envelope.data.mean(), 1e-4 * np.sqrt(2 / np.pi), rtol=0.15)
        np.testing.assert_allclose(envelope.target, np.deg2rad(50.0))

    def test_resampling_neither_aliases_nor_shifts(self, tmp_path, monkeypatch):
        time = np.arange(1000 * SECONDS) / 1000
        vibration = 10.0 * np.sin(2 * np.pi * 103.0 * time)  # would alias to 3 Hz
        write_knee(monkeypatch, tmp_path, "3Nsitting", swing(time) + vibration)
        target = fetch_knee_emg(subjects=["N03"], tasks="sitting", data_home=tmp_path).target
        inside = slice(20, -20)
        np.testing.assert_allclose(np.rad2deg(target)[inside], swing(np.arange(0, SECONDS, 0.01))[inside], atol=0.2)

    @pytest.mark.parametrize("rate", [50, 60, 100, 333.3, 1000])
    def test_any_rate_gives_a_uniform_time_axis_over_the_whole_trial(self, tmp_path, monkeypatch, rate):
        time = np.arange(1000 * SECONDS) / 1000
        write_knee(monkeypatch, tmp_path, "3Nsitting", swing(time))
        target = fetch_knee_emg(subjects=["N03"], tasks="sitting", data_home=tmp_path, sampling_rate=rate).target
        new_time = target.index.get_level_values("time")
        np.testing.assert_allclose(new_time, np.arange(len(new_time)) / rate)
        assert SECONDS - 1e-9 - max(1 / rate, 0.002) <= new_time[-1] <= SECONDS
        np.testing.assert_allclose(np.rad2deg(target), swing(new_time), atol=0.3)

    def test_copied_subject_is_refused_and_left_out(self, tmp_path):
        for task in ("sitting", "standing"):
            checksums = _sources.KNEE_EMG_SHA256
            assert checksums[f"2N{task}"] == checksums[f"1N{task}"]
        with pytest.raises(ValueError, match="N02 .* copies of those of N01"):
            fetch_knee_emg(subjects=["N01", "N02"], data_home=tmp_path)

    def test_swapped_subject_comes_only_by_name_and_with_a_warning(self, tmp_path, monkeypatch):
        time = np.arange(1000 * SECONDS) / 1000
        for name in _sources.KNEE_EMG_SHA256:
            write_knee(monkeypatch, tmp_path, name, swing(time))
        with pytest.warns(UserWarning, match="A02 look swapped") as record:
            bunch = fetch_knee_emg(subjects=["A02"], data_home=tmp_path)
        assert record[0].filename == __file__
        assert bunch.data.index.unique("trial").tolist() == ["A02_sitting", "A02_standing"]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            everybody = fetch_knee_emg(data_home=tmp_path, tasks=["standing"])
        trials = set(everybody.data.index.unique("trial"))
        assert len(trials) == 20 and not trials & {"A02_standing", "N02_standing"}

    def test_elbow_angle_and_load(self, tmp_path, monkeypatch):
        for name in ("900g_5", "0g"):
            write_elbow(monkeypatch, tmp_path, name, "\t\r\n")
        bunch = fetch_elbow_load_emg(recordings=["900g_5", "0g"], data_home=tmp_path)
        assert bunch.data.index.unique("trial").tolist() == ["900g_5", "0g"]
        np.testing.assert_allclose(np.rad2deg(bunch.target), 45.0)
        load = bunch.data["hand_load_kg"]
        assert set(load.loc["900g_5"]) == {0.9} and set(load.loc["0g"]) == {0.0}

    def test_unfinished_last_line_is_dropped_with_a_warning(self, tmp_path, monkeypatch):
        write_elbow(monkeypatch, tmp_path, "0g_7", "-2\t\r\n\t\r\n")
        with pytest.warns(UserWarning, match="0g_7.txt ends in the middle of row 3000") as record:
            bunch = fetch_elbow_load_emg(recordings="0g_7", data_home=tmp_path, envelope=False, sampling_rate=None)
        assert record[0].filename == __file__
        assert len(bunch.data) == 1000 * SECONDS

    def test_incomplete_line_in_the_middle_is_an_error(self, tmp_path, monkeypatch):
        write_elbow(monkeypatch, tmp_path, "0g", "-2\t\r\n5\t1000\r\n")
        with pytest.raises(ValueError, match="david_bb_0g.txt, row 3000: expected two numbers"):
            fetch_elbow_load_emg(recordings=["0g"], data_home=tmp_path)


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"subjects": ["N12"]}, r"`subjects` must be among .*Got \['N12'\]"),
            ({"subjects": []}, r"`subjects` must be among .*Got \[\]"),
            ({"tasks": ["gait"]}, r"`tasks` must be among \['sitting', 'standing'\]"),
            ({"sampling_rate": 2000}, "between 10 and 1000 Hz.*Got 2000"),
            ({"sampling_rate": 0}, "between 10 and 1000 Hz.*Got 0"),
            ({"envelope": False}, "Raw EMG.*destroyed at 100 Hz.*`sampling_rate=None`"),
        ],
    )
    def test_faulty_arguments(self, tmp_path, arguments, message):
        with pytest.raises(ValueError, match=message):
            fetch_knee_emg(data_home=tmp_path, **arguments)

    def test_unknown_recording(self, tmp_path):
        with pytest.raises(ValueError, match=r"`recordings` must be among .*Got \['1g'\]"):
            fetch_elbow_load_emg(recordings=["1g"], data_home=tmp_path)


class TestFaultyFiles:
    def test_no_network(self, tmp_path, monkeypatch):
        def no_network(*args, **kwargs):
            raise requests.ConnectionError("Max retries exceeded")

        monkeypatch.setattr("requests.get", no_network)
        address = r"https://raw\.\S+/834e750e\S+/gaits_data/Abnormal/4Asitting%20-%20Sheet1\.csv"
        with pytest.raises(OSError, match=rf"{address} \(no connection to raw\.\S+\).*4Asitting\.csv"):
            fetch_knee_emg(subjects=["A04"], data_home=tmp_path)

    def test_missing_file_without_download(self, tmp_path):
        with pytest.raises(OSError, match=r"david_bb_0g.txt is missing in .*elbow_load_emg"):
            fetch_elbow_load_emg(data_home=tmp_path, download_if_missing=False)

    def test_corrupt_file(self, tmp_path):
        (tmp_path / "knee_emg").mkdir()
        (tmp_path / "knee_emg" / "3Nsitting.csv").write_text("half a file")
        with pytest.raises(OSError, match=r"3Nsitting.csv is corrupt.*Delete the file"):
            fetch_knee_emg(subjects=["N03"], data_home=tmp_path)


class TestRecordings:
    def test_bunch(self, knee, knee_subjects):
        assert knee.feature_names == list(knee.data) == MUSCLES
        assert knee.target_names == [knee.target.name] == ["knee_flexion"]
        assert list(knee.data.index.names) == ["trial", "time"]
        pd.testing.assert_index_equal(knee.data.index, knee.target.index)
        assert len(knee.data.index.unique("trial")) == 2 * len(knee_subjects)
        assert "10.24432/C5ZW3P" in knee.DESCR and "CC BY 4.0" in knee.DESCR

    def test_ranges_are_those_of_a_knee(self, knee):
        per_trial = np.rad2deg(knee.target).groupby("trial")
        assert per_trial.max().between(45, 150).all()
        assert per_trial.min().between(-30, 40).all()
        assert knee.data.min().min() >= 0
        assert (knee.data.max() < 2e-3).all()

    def test_sign_agrees_with_the_muscles_that_drive_each_task(self, knee):
        agrees = []
        for name, emg in knee.data.groupby("trial"):
            sign, muscle = (-1, "vastus_medialis") if "sitting" in name else (1, "semitendinosus")
            agrees.append(sign * np.corrcoef(emg[muscle], knee.target.loc[emg.index])[0, 1] > 0)
        assert np.mean(agrees) > 0.9

    def test_raw_signal_has_the_recorded_rate(self, recordings, knee_subjects):
        X, y = fetch_knee_emg(
            subjects=knee_subjects[:1],
            tasks=["standing"],
            sampling_rate=1000,
            envelope=False,
            data_home=recordings,
            return_X_y=True,
        )
        assert X.index.get_level_values("time")[1] == pytest.approx(1e-3)
        assert (X.min() < 0).all() and y.name == "knee_flexion"

    def test_elbow(self, recordings, elbow_names):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            elbow = fetch_elbow_load_emg(recordings=elbow_names, data_home=recordings, download_if_missing=False)
        assert elbow.feature_names == list(elbow.data) == ["biceps", "hand_load_kg"]
        assert elbow.target_names == ["elbow_flexion"] and "MIT" in elbow.DESCR
        per_trial = np.rad2deg(elbow.target).groupby("trial")
        assert per_trial.max().between(60, 160).all()
        assert per_trial.min().between(-30, 40).all()

    def test_unfinished_recording_warns(self, recordings, elbow_names):
        if "0g_7" not in elbow_names:
            pytest.skip("recording 0g_7 is not there")
        with pytest.warns(UserWarning, match="0g_7.txt ends in the middle of row 44220"):
            fetch_elbow_load_emg(recordings=["0g_7"], data_home=recordings)
