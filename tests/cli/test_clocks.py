"""Files of one trial are joined by their times, and names of files say which belong together."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sk_bionic.cli._config import read_config
from sk_bionic.cli._files import trial_names
from sk_bionic.cli._tables import read_frames

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
from _c3d_bytes import write_c3d_bytes

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


@pytest.mark.parametrize(("emg_name", "angle_name"), [("emg.csv", "ik.txt"), ("a/emg.csv", "b/ik.txt")])
def test_one_file_and_one_other_belong_together(tmp_path, emg_name, angle_name):
    for path, write in ((emg_name, emg), (angle_name, angle)):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        write(tmp_path, path)
    assert aligned(frames(tmp_path, TEXT.replace("*.csv", emg_name).replace("*.txt", angle_name))).all()
    with pytest.raises(ValueError, match="belong to .*emg.csv"):  # what the * stand for differs
        frames(tmp_path, TEXT.replace("*.csv", "**/*.csv").replace("*.txt", "**/*.txt"))


def test_two_files_of_two_folders_belong_together(tmp_path):
    for k, name in enumerate(("w1", "w2")):
        (tmp_path / name).mkdir()
        emg(tmp_path, f"{name}/emg.csv", shift=k)
        angle(tmp_path, f"{name}/ik.txt", shift=k)
    listed = TEXT.replace('"*.csv"', '"w1/emg.csv", "w2/emg.csv"').replace('"*.txt"', '"w2/ik.txt", "w1/ik.txt"')
    got = frames(tmp_path, listed)
    assert aligned(got).all() and got[0].index.unique("trial").tolist() == ["w1/emg", "w2/emg"]


@pytest.mark.parametrize(
    ("files", "angle_files", "new"),
    [
        ("emg.csv", "ik.txt", "new.csv"),  # whose folder has one file of angles: that of the training
        ("s1/walk.csv", "s1/walk.txt", "s2/walk.csv"),  # of the same name in another session
    ],
)
def test_a_new_recording_gets_no_angles_of_another_one(tmp_path, files, angle_files, new):
    for path in (files, angle_files, new):
        (tmp_path / path).parent.mkdir(exist_ok=True)
    emg(tmp_path, files)
    angle(tmp_path, angle_files)
    emg(tmp_path, new, duration=2.0)
    aligned(frames(tmp_path, TEXT.replace("*.csv", files).replace("*.txt", angle_files)))
    config = read_config(tmp_path / "w.toml")
    X, y = read_frames(config, [str(tmp_path / new)], need_angle=False)
    assert len(X) == 200 and y is None
    X, y = read_frames(config, [str(tmp_path / files)], need_angle=False)
    assert aligned((X, y)).all() and len(X) == 300


def test_a_recording_is_known_by_its_place_whatever_the_command_lines_wildcards(tmp_path):
    for k, name in enumerate(("w1", "w2")):
        (tmp_path / name).mkdir()
        emg(tmp_path, f"{name}/emg.csv", shift=k)
        angle(tmp_path, f"{name}/ik.txt", shift=k)
    frames(tmp_path, TEXT.replace("*.csv", "*/emg.csv").replace("*.txt", "*/ik.txt"))
    config = read_config(tmp_path / "w.toml")
    assert aligned(read_frames(config, [str(tmp_path / "w*" / "emg.csv")], need_angle=False)).all()


def test_trials_of_relative_and_absolute_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    absolute = tmp_path / "b" / "emg.csv"
    assert list(trial_names({Path("a/emg.csv"): (), absolute: ()}).values()) == ["a/emg", "b/emg"]


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
    with pytest.raises(ValueError, match="t.csv: its times count 100 rows a second, but .data. says 1000"):
        frames(tmp_path, TEXT + "sampling_rate = 1000\n")


def test_tables_without_time_have_rates_of_their_own(tmp_path):
    emg(tmp_path, "t.csv", rate=1000)
    angle(tmp_path, "t.txt", rate=50)
    for name in ("t.csv", "t.txt"):
        pd.read_csv(tmp_path / name).drop(columns="time").to_csv(tmp_path / name, index=False)
    text = TEXT + "sampling_rate = 1000\nframe_rate = 50\n"
    with pytest.raises(ValueError, match="t.txt: there is no column 'time'.*angle_sampling_rate for angle_files"):
        frames(tmp_path, text)
    assert aligned(frames(tmp_path, text + "angle_sampling_rate = 50\n")).all()


@pytest.mark.parametrize("name", ["Time", "time (s)", "TIME[s]", "Time [sec]"])
def test_usual_names_of_the_time(tmp_path, name):
    emg(tmp_path, "t.csv")
    table = pd.read_csv(tmp_path / "t.csv").assign(knee=lambda t: t["a"])
    table.rename(columns={"time": name}).to_csv(tmp_path / "t.csv", index=False)
    X, _ = frames(tmp_path, TEXT.replace('angle_files = ["*.txt"]\n', ""))
    np.testing.assert_allclose(X.index.get_level_values("time"), table["time"])


def test_time_stamps_that_come_twice_in_results_of_opensim(tmp_path):
    """OpenSim's tools write a stamp twice where windows meet; its Storage takes the last row of them."""
    emg(tmp_path, "t.csv")
    table = pd.read_csv(tmp_path / "t.csv").assign(knee=lambda t: t["a"] - 0.5)
    twice = table.iloc[[*range(100), 99, *range(100, 300)]].reset_index(drop=True)
    twice.loc[99, "knee"] += 0.1
    rows = twice.to_csv(sep="\t", index=False)
    (tmp_path / "t.sto").write_text(f"t\nversion=1\nnRows=301\nnColumns=3\ninDegrees=no\nendheader\n{rows}")
    text = TEXT.replace('angle_files = ["*.txt"]\n', "").replace("*.csv", "*.sto")
    with pytest.warns(UserWarning, match="t.sto: 1 time stamp.s. come twice in succession, first 0.99 s"):
        assert aligned(frames(tmp_path, text)).all()


def test_a_c3d_that_was_cut_out_of_a_recording(tmp_path):
    """Its frame 101 is at 1.0 s of the clock on which the angles were computed."""
    whole = np.arange(600) / 100
    counts = np.rint(1000 * (0.5 + 0.4 * np.sin(whole[100:400])))[:, None].astype(int)
    changes = {("ANALOG", "SCALE"): np.array([0.001]), ("ANALOG", "LABELS"): ["a"]}
    write_c3d_bytes(
        tmp_path / "t.c3d", np.zeros((300, 1, 4), int), counts, samples=1, changes=changes, header={4: 101, 5: 400}
    )
    angle(tmp_path, "t.txt", duration=6.0)
    X, y = frames(tmp_path, TEXT.replace("*.csv", "*.c3d") + "frame_rate = 100\n")
    assert X.index.get_level_values("time")[0] == pytest.approx(1.0)
    assert aligned((X, y), 2e-3).all()


@pytest.mark.parametrize(("unit", "asked"), [("deg", "rad"), ("rad", "deg")])
def test_a_c3d_that_tells_another_unit_of_a_goniometer(tmp_path, unit, asked):
    counts = np.column_stack([np.arange(300), 10 * np.arange(300)])
    changes = {("ANALOG", "LABELS"): ["a", "knee"], ("ANALOG", "UNITS"): ["V", unit]}
    write_c3d_bytes(tmp_path / "t.c3d", np.zeros((300, 1, 4), int), counts, samples=1, changes=changes)
    text = TEXT.replace("*.csv", "*.c3d").replace('angle_files = ["*.txt"]\n', "").replace('"rad"', f'"{asked}"')
    with pytest.raises(ValueError, match=f"t.c3d: it gives '{unit}' as the unit of 'knee', but w.toml says"):
        frames(tmp_path, text)


def test_prescribed_angles_stand_beside_the_angles(tmp_path):
    """As inverse kinematics writes them: with all other angles, in another file than the EMG."""
    for name, offset in (("w1", 0.0), ("w2", 0.5)):
        folder = tmp_path / name
        folder.mkdir()
        time = np.arange(0, 2, 0.005)
        pd.DataFrame({"time": time, "a": 0.5 + 0.1 * np.sin(3 * time + offset)}).to_csv(folder / "emg.csv", index=False)
        slow = np.arange(0, 1.9, 0.02)
        angles = {"time": slow, "knee": 0.4 * np.sin(slow + offset), "hip": 0.3 * np.cos(slow + offset)}
        pd.DataFrame(angles).to_csv(folder / "ik.txt", index=False)
    text = TEXT.replace("*.csv", "*/emg.csv").replace("*.txt", "*/ik.txt")
    text += 'frame_rate = 50\nprescribed_angles = ["hip"]\n'
    X, y = frames(tmp_path, text)
    assert X.columns.tolist() == ["a", "hip"] and X.index.equals(y.index) and X.notna().all().all()
    for name, offset in (("w1", 0.0), ("w2", 0.5)):
        time = X.loc[name].index.to_numpy()
        assert abs(time[-1] - 1.88) < 1e-9  # no further than the angles
        np.testing.assert_allclose(X.loc[name, "hip"], 0.3 * np.cos(time + offset), atol=1e-6)
        np.testing.assert_allclose(y.loc[name, "knee"], 0.4 * np.sin(time + offset), atol=1e-6)
    # A recording of the command line brings its angles with it.
    one, angle = read_frames(read_config(tmp_path / "w.toml"), [str(tmp_path / "w2" / "emg.csv")], need_angle=False)
    assert len(one) == len(X.loc["w2"])
    np.testing.assert_array_equal(one["hip"].to_numpy(), X.loc["w2", "hip"].to_numpy())
    np.testing.assert_array_equal(angle["knee"].to_numpy(), y.loc["w2", "knee"].to_numpy())
    (tmp_path / "w2" / "ik.txt").unlink()
    with pytest.raises(ValueError, match="emg.csv: there is no column 'hip'"):
        read_frames(read_config(tmp_path / "w.toml"), [str(tmp_path / "w2" / "emg.csv")], need_angle=False)
