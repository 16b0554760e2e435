"""Files of one trial are joined by their times, and names of files say which belong together."""

import numpy as np
import pandas as pd
import pytest

from sk_bionic.cli._config import read_config
from sk_bionic.cli._tables import read_frames

TEXT = '[data]\nfiles = ["*.csv"]\nemg = ["a"]\nangle = ["knee"]\nangle_unit = "rad"\nangle_files = ["*.txt"]\n'


def emg(folder, name, start=0.0, rate=100, duration=3.0, shift=0.0):
    time = start + np.arange(int(duration * rate)) / rate
    pd.DataFrame({"time": time, "a": 0.5 + 0.4 * np.sin(time - shift)}).to_csv(folder / name, index=False)


def angle(folder, name, start=0.0, rate=100, duration=3.0, shift=0.0):
    time = start + np.arange(int(duration * rate)) / rate
    pd.DataFrame({"time": time, "knee": 0.4 * np.sin(time - shift)}).to_csv(folder / name, index=False)


def frames(folder, text=TEXT):
    (folder / "w.toml").write_text(text)
    return read_frames(read_config(folder / "w.toml"))


def aligned(got, rtol=1e-3):
    """EMG and angle were made of one sine."""
    X, y = got
    assert X.index.equals(y.index)
    known = y["knee"].notna().to_numpy()
    np.testing.assert_allclose(y["knee"][known], X["a"][known] - 0.5, atol=rtol)
    return known


def test_recordings_are_joined_by_their_times(tmp_path):
    emg(tmp_path, "t.csv", start=1.0)
    angle(tmp_path, "t.txt", start=0.5, duration=5.0)
    assert aligned(frames(tmp_path, TEXT + "frame_rate = 100\n")).all()


def test_two_rates(tmp_path):
    emg(tmp_path, "t.csv", rate=1926)
    angle(tmp_path, "t.txt", rate=60)
    with pytest.raises(ValueError, match="sampled at different times.*frame_rate = 100"):
        frames(tmp_path)
    known = aligned(frames(tmp_path, TEXT + "frame_rate = 100\n"))
    assert len(known) == 300 and known.mean() > 0.98


def test_nothing_is_folded_back_into_a_slower_clock(tmp_path):
    """A tremor of 70 Hz in the EMG is no movement of 30 Hz at 100 frames a second."""
    time = np.arange(6000) / 1926
    pd.DataFrame({"time": time, "a": 0.5 + 0.3 * np.sin(2 * np.pi * 70 * time)}).to_csv(tmp_path / "t.csv", index=False)
    angle(tmp_path, "t.txt")
    X, _ = frames(tmp_path, TEXT + "frame_rate = 100\n")
    assert np.abs(X["a"] - 0.5).iloc[20:-20].max() < 0.01


def test_times_that_differ_by_rounding_are_the_same(tmp_path):
    emg(tmp_path, "t.csv")
    angle(tmp_path, "t.txt")
    table = pd.read_csv(tmp_path / "t.txt")
    table["time"] += 1e-6 * np.sin(np.arange(300))
    table.to_csv(tmp_path / "t.txt", index=False)
    assert aligned(frames(tmp_path)).all()


def test_clocks_without_common_time_are_not_joined(tmp_path):
    emg(tmp_path, "t.csv", start=100.0)
    angle(tmp_path, "t.txt")
    with pytest.raises(
        ValueError,
        match="'t': the EMG lasts from 100 to 102.99 s, the other file from 0 to 2.99 s.*no time in common.*clock",
    ):
        frames(tmp_path)


def test_clocks_that_look_apart_are_told_and_may_start_together(tmp_path):
    emg(tmp_path, "t.csv", start=1.0, shift=1.0)
    angle(tmp_path, "t.txt")
    with pytest.warns(UserWarning, match='joined by their times 1 s of each have no partner.*clock = "start"'):
        frames(tmp_path, TEXT + "frame_rate = 100\n")
    assert aligned(frames(tmp_path, TEXT + 'clock = "start"\n')).all()


@pytest.mark.parametrize(
    ("emg_name", "angle_name", "files", "angle_files", "trials"),
    [
        ("{}_emg.csv", "{}_ik.txt", "*_emg.csv", "*_ik.txt", ["w1_emg", "w2_emg"]),
        ("{}/emg.csv", "{}/ik.txt", "*/emg.csv", "*/ik.txt", ["w1", "w2"]),
        ("{}/trial.csv", "{}/trial.txt", "*/trial.csv", "*/trial.txt", ["w1", "w2"]),
        ("emg/{}.csv", "ik/{}.txt", "emg/*.csv", "ik/*.txt", ["w1", "w2"]),
        ("a/b/{}/emg.csv", "a/c/{}/ik.txt", "a/b/**/emg.csv", "a/c/**/ik.txt", ["w1", "w2"]),
    ],
)
def test_which_files_belong_together(tmp_path, emg_name, angle_name, files, angle_files, trials):
    for k, name in enumerate(("w1", "w2")):
        for pattern, write in ((emg_name, emg), (angle_name, angle)):
            path = pattern.format(name)
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            write(tmp_path, path, shift=k)
    text = TEXT.replace("*.csv", files).replace("*.txt", angle_files)
    got = frames(tmp_path, text)
    assert got[0].index.unique("trial").tolist() == trials
    assert aligned(got).all()


def test_files_without_a_partner_are_named(tmp_path):
    emg(tmp_path, "w1.csv")
    emg(tmp_path, "w2.csv")
    angle(tmp_path, "w1.txt")
    with pytest.raises(ValueError, match=r"No file\(s\) of \[data\] angle_files belong to .*w2.csv.*There are w1.txt"):
        frames(tmp_path)


def test_milliseconds_and_counted_frames_are_no_seconds(tmp_path):
    emg(tmp_path, "t.csv")
    table = pd.read_csv(tmp_path / "t.csv").assign(knee=lambda t: t["a"])
    one = TEXT.replace('angle_files = ["*.txt"]\n', "")
    table.assign(time=1000 * table["time"]).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError, match='t.csv: there are 0.1 rows a second.*time_unit = "ms"'):
        frames(tmp_path, one)
    X, _ = frames(tmp_path, one + 'time_unit = "ms"\n')
    np.testing.assert_allclose(X.index.get_level_values("time"), table["time"], atol=1e-12)
    table.assign(time=range(300)).to_csv(tmp_path / "t.csv", index=False)
    X, _ = frames(tmp_path, one + 'time = "none"\nsampling_rate = 100\n')
    np.testing.assert_allclose(X.index.get_level_values("time"), table["time"], atol=1e-12)


def test_a_stated_rate_that_the_times_contradict_is_named(tmp_path):
    emg(tmp_path, "t.csv")
    angle(tmp_path, "t.txt")
    with pytest.raises(ValueError, match="column 'time' counts 100 rows a second, but .data. sampling_rate is 1000"):
        frames(tmp_path, TEXT + "sampling_rate = 1000\n")
