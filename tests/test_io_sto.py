import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.io import read_sto, write_sto
from sk_bionic.trials import find_trials

ROWS = ["0.00 10 0.5", "0.01 20 0.6", "0.02 30 0.7"]
HEADER = ["walk", "version=1", "nRows=3", "nColumns=3", "inDegrees=no", "endheader"]
LABELS = "time knee_angle pelvis_tx"
VALUES = np.array([[10, 0.5], [20, 0.6], [30, 0.7]])


@pytest.fixture(scope="module")
def recordings():
    """Folder with OpenSim's files of a walking trial; skips where there is none."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SK_BIONIC_DATA") or beside) / "gait_moco"
    return folder if folder.is_dir() else pytest.skip("no gait_moco in SK_BIONIC_DATA")


def text(header=HEADER, labels=LABELS, rows=ROWS, separator="\t"):
    """A file's text; the table's cells are written with blanks for separators."""
    return "\n".join([*header, *(line.replace(" ", separator) for line in [labels, *rows]), ""])


def written(tmp_path, content, name="walk.sto"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def frame(n_trials=1, n_frames=20, columns=("knee_angle", "pelvis_tx"), seed=0):
    rng = np.random.default_rng(seed)
    time = [np.sort(rng.uniform(-1, 5, n_frames)) for _ in range(n_trials)]
    names = np.repeat([f"trial_{i}" for i in range(n_trials)], n_frames)
    index = pd.MultiIndex.from_arrays([names, np.concatenate(time)], names=["trial", "time"])
    scale = 10.0 ** rng.integers(-12, 12, size=(len(names), len(columns)))
    return pd.DataFrame(rng.normal(size=scale.shape) * scale, index=index, columns=list(columns))


class TestReading:
    @pytest.mark.parametrize(
        "content",
        [
            text(),
            text(separator=" "),
            text(separator="   "),
            text(separator=",").replace("endheader", "endheader,,"),
            text().replace("\n", "\r\n"),
            text().replace("\n", "\r"),
            "\ufeff" + text(),
            text().rstrip("\n"),
            text() + "\n\t\n",
            text([line.upper() for line in HEADER], LABELS.replace("time", "Time")),
            text(["", "DataType=double", "version=3", "OpenSimVersion=4.6", "endheader"]),
            text(["walk", "nRows = 3", "some prose", "inDegrees=NO", "endheader", ""]),
        ],
    )
    def test_variants_of_one_file_hold_the_same(self, tmp_path, content):
        table = read_sto(written(tmp_path, content))
        assert table.columns.tolist() == ["knee_angle", "pelvis_tx"]
        np.testing.assert_array_equal(table, VALUES)
        assert table.index.names == ["trial", "time"]
        np.testing.assert_array_equal(table.index.get_level_values("time"), [0, 0.01, 0.02])
        assert find_trials(table).names == ("walk",)

    def test_the_trial_may_be_named(self, tmp_path):
        table = read_sto(written(tmp_path, text()), trial="N03_fast")
        assert set(table.index.get_level_values("trial")) == {"N03_fast"}

    def test_simm_motion_files_are_in_degrees(self, tmp_path):
        header = ["name walk_1", "datacolumns 3", "datarows 3", "range 0.0 0.02", "endheader"]
        table = read_sto(written(tmp_path, text(header, separator="  "), "a.mot"))
        np.testing.assert_allclose(table["knee_angle"], np.deg2rad(VALUES[:, 0]))
        np.testing.assert_array_equal(table["pelvis_tx"], VALUES[:, 1])
        assert table.attrs["title"] == "walk_1" and table.attrs["header"]["range"] == "0.0 0.02"

    def test_nan_as_programs_print_it(self, tmp_path):
        rows = ["0 nan 1", "1 -nan(ind) 2", "2 -1.#IND 3", "3 1.#QNAN 4", "4 NaN 5"]
        table = read_sto(written(tmp_path, text(HEADER[:2] + HEADER[3:], rows=rows)))
        assert table["knee_angle"].isna().all()
        np.testing.assert_array_equal(table["pelvis_tx"], [1, 2, 3, 4, 5])

    def test_where_a_table_comes_from_and_what_was_converted(self, tmp_path):
        path = written(tmp_path, text().replace("inDegrees=no", "inDegrees=yes"))
        attrs = read_sto(path).attrs
        assert attrs["source"] == str(path) and attrs["header"]["nRows"] == "3"
        assert attrs["in_degrees"] and attrs["converted_to_radians"] == ["knee_angle"]

    def test_a_regressor_takes_the_frames(self, tmp_path):
        rng = np.random.default_rng(0)
        time = np.arange(60) / 50
        rows = np.column_stack([time, rng.uniform(size=(60, 2)), np.sin(time)])
        lines = [" ".join(map(str, row)) for row in rows.tolist()]
        labels = "time biceps triceps elbow_flexion"
        table = read_sto(written(tmp_path, text(["a", "endheader"], labels, lines)))
        angle = table.pop("elbow_flexion")
        model = PhysicsInformedMSKRegressor(prediction="simulation", identify=[])
        assert model.fit(table, angle).predict(table).shape == (60,)

    def test_recorded_files(self, recordings):
        emg = read_sto(recordings / "electromyography.sto")
        assert emg.shape == (4780, 10)
        np.testing.assert_allclose(emg.max(), 1.0, atol=0.2)  # normalised, then filtered
        # The same motion, sampled in degrees at 100 Hz and in radians at 1000 Hz.
        with pytest.warns(UserWarning, match="nColumns=40, but there are 32 column labels"):
            fine = read_sto(recordings / "coordinates.sto").droplevel("trial")
        coarse = read_sto(recordings / "coordinates.mot").droplevel("trial")
        time = coarse.index[(coarse.index > 0.5) & (coarse.index < 1.7)]
        for name in ("pelvis_tilt", "hip_flexion_r", "knee_angle_r", "pelvis_tx"):
            (path,) = [c for c in fine if c.endswith(f"/{name}/value")]
            np.testing.assert_allclose(np.interp(time, fine.index, fine[path]), coarse.loc[time, name], atol=0.1)
        # The patella's coordinate follows the knee, and is in radians in this file of degrees.
        np.testing.assert_allclose(coarse["knee_angle_r_beta"], coarse["knee_angle_r"], atol=1e-5)


class TestAngles:
    def labelled(self, tmp_path, labels, **options):
        rows = [" ".join([f"{t}"] + ["180"] * len(labels)) for t in range(2)]
        header = ["a", "inDegrees=yes", "endheader"]
        path = written(tmp_path, text(header, " ".join(["time", *labels]), rows))
        return read_sto(path, **options).iloc[0]

    def test_by_name(self, tmp_path):
        angles = [
            *("pelvis_tilt", "knee_angle_r", "hip_rotation_l", "elv_angle", "box_rotX", "torso_Ox"),
            *("r_elbow_flex", "sternoclavicular_r1", "/jointset/knee_r/knee_angle_r/value"),
            *("/jointset/knee_r/knee_angle_r/speed", "knee_angle_r_u", "transverse_tilt"),
        ]
        others = [
            *("pelvis_tx", "box_transX", "/jointset/ground_pelvis/pelvis_ty/value", "torso_X"),
            *("ground_force_vx", "1_ground_force_px", "ground_torque_z", "hip_rotation_r_moment"),
            *("pelvis_tx_force", "soleus.activation", "/forceset/soleus/fiber_length", "emg_1"),
            *("knee_angle_r_beta", "soleus_muscle_length", "/forceset/soleus/activation"),
        ]
        row = self.labelled(tmp_path, angles + others)
        np.testing.assert_allclose(row[angles], np.pi)
        np.testing.assert_array_equal(row[others], 180)

    def test_by_list_function_or_not_at_all(self, tmp_path):
        labels = ["soleus", "pelvis_tx", "knee"]
        for chosen in (["knee"], lambda label: label == "knee"):
            row = self.labelled(tmp_path, labels, rotational=chosen)
            np.testing.assert_allclose(row, [180, 180, np.pi])
        np.testing.assert_array_equal(self.labelled(tmp_path, labels, rotational=[]), 180)
        np.testing.assert_array_equal(self.labelled(tmp_path, labels, degrees=False), 180)

    @pytest.mark.parametrize(
        ("rotational", "message"),
        [(["hip"], r"names no column: \['hip'\]"), ("knee", "must be 'by_name', a list")],
    )
    def test_faulty_choice(self, tmp_path, rotational, message):
        with pytest.raises(ValueError, match=message):
            self.labelled(tmp_path, ["knee"], rotational=rotational)

    @pytest.mark.parametrize(
        ("lines", "factor"),
        [
            (["Angles are in degrees."], np.pi / 180),
            (["Angles are in radians."], 1),
            ([], 1),
            (["inDegrees=no", "Angles are in degrees."], 1),
        ],
    )
    def test_the_header_tells_the_unit(self, tmp_path, lines, factor):
        table = read_sto(written(tmp_path, text(["a", *lines, "endheader"])))
        np.testing.assert_allclose(table["knee_angle"], factor * VALUES[:, 0])
        if not lines:
            path = written(tmp_path, text(["a", "endheader"]))
            np.testing.assert_allclose(read_sto(path, degrees=True).iloc[0, 0], np.deg2rad(10))


class TestDamage:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "walk.sto: the file is empty"),
            (" \n\n", "walk.sto: the file is empty"),
            (text(HEADER[:-1]), "no line 'endheader'"),
            ("endheader", "walk.sto, line 1: nothing follows"),
            (text(rows=[]), "line 7: no rows follow"),
            (text(rows=[*ROWS[:2], "0.02 30"]), "line 10: 2 cells .* promise 3.*truncated"),
            (text(rows=[ROWS[0], "0.01 20", ROWS[2]]), "line 9: 2 cells .* promise 3"),
            (text(rows=[ROWS[0], "0.01 20 1 2", ROWS[2]]), "line 9: 4 cells .* promise 3"),
            (text(rows=[ROWS[0], "", *ROWS[1:]]), "line 9: .* Remove the empty line"),
            (text(rows=[ROWS[0], "0.01 2o 1"]), "line 9: column 'knee_angle' must .* Got '2o'"),
            (text(rows=[ROWS[0], "0.01 1_0 1"]), "line 9: column 'knee_angle' must .* Got '1_0'"),
            (text(rows=[ROWS[0], "0.01 ٣ 1"]), "line 9: column 'knee_angle' must"),
            (text(rows=["0,1,"], separator=","), "column 'pelvis_tx' .* an empty cell"),
            (text(rows=[ROWS[0], ROWS[0]]), "line 9: column 'time' repeats 0 s after 0 s"),
            (text(rows=ROWS[::-1]), "line 9: column 'time' goes back to 0.01 s after 0.02 s"),
            (text(rows=[ROWS[0], "nan 1 1"]), "line 9: column 'time' is nan"),
            (text(labels="time knee knee"), "line 7: several columns are named 'knee'"),
            (text(labels="time  knee"), "line 7: column 2 has no label"),
            (text(labels="frame knee x"), "line 7: the first column must be 'time'. Got 'frame'"),
            (text(labels="time"), "line 7: there is no column besides"),
            (text(rows=ROWS[:2]), "nRows=3 rows, the table has 2: the file is truncated"),
            (text(rows=[*ROWS, "0.03 1 1"]), "nRows=3 rows, the table has 4: the header is wrong"),
            (text().replace("nRows=3", "nRows=" + "9" * 18), "nRows=9+ rows, the table has 3"),
            (text().replace("nRows=3", "nRows=" + "9" * 5000), "line 3: nrows must be a number"),
            (text().replace("nRows=3", "nRows=three"), "line 3: nrows must be a number"),
            (text().replace("inDegrees=no", "inDegrees=maybe"), "line 5: inDegrees must be yes or"),
            (text([*HEADER[:5], "nRows=4", "endheader"]), "line 6: nrows is given twice: 3 and 4"),
            (text(["a", "DataType=Vec3", "endheader"]), "line 2: DataType=Vec3 is not supported"),
            (text().encode("utf-16"), "encoded as UTF-16"),
            (
                text().replace("knee", "kn\u00e9").encode("latin-1"),
                "line 7: byte 0xe9 is not UTF-8",
            ),
            (bytes(range(256)), "a zero byte: this is a binary"),
        ],
    )
    def test_the_fault_and_its_place_are_named(self, tmp_path, content, message):
        with pytest.raises(ValueError, match=message) as error:
            read_sto(written(tmp_path, content))
        assert str(error.value).startswith("walk.sto")

    def test_rows_may_be_fewer_where_that_is_asked_for(self, tmp_path):
        path = written(tmp_path, text(rows=ROWS[:2]))
        assert len(read_sto(path, check_row_count=False)) == 2

    def test_missing_file(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="nowhere.sto"):
            read_sto(tmp_path / "nowhere.sto")


class TestWriting:
    @pytest.mark.parametrize("seed", range(10))
    def test_a_round_trip_changes_no_bit(self, tmp_path, seed):
        original = frame(seed=seed)
        write_sto(original, tmp_path / "trial_0.sto")
        pd.testing.assert_frame_equal(read_sto(tmp_path / "trial_0.sto"), original, check_exact=True)

    @pytest.mark.parametrize("seed", range(3))
    def test_a_round_trip_through_degrees(self, tmp_path, seed):
        original = frame(seed=seed)
        write_sto(original, tmp_path / "trial_0.mot", in_degrees=True)
        pd.testing.assert_frame_equal(read_sto(tmp_path / "trial_0.mot"), original, rtol=1e-14)
        in_file = read_sto(tmp_path / "trial_0.mot", degrees=False)
        np.testing.assert_allclose(in_file["knee_angle"], np.rad2deg(original["knee_angle"]))
        np.testing.assert_array_equal(in_file["pelvis_tx"], original["pelvis_tx"])

    def test_the_header_counts_what_is_there(self, tmp_path):
        write_sto(frame(n_frames=7), tmp_path / "a.sto", title="forces")
        lines = (tmp_path / "a.sto").read_text().splitlines()
        assert lines[:2] == ["forces", "version=1"]
        assert lines[2:6] == ["nRows=7", "nColumns=3", "inDegrees=no", "endheader"]
        assert lines[6] == "time\tknee_angle\tpelvis_tx" and len(lines) == 14

    def test_one_trial_of_several(self, tmp_path):
        several = frame(n_trials=3)
        with pytest.raises(ValueError, match=r"3 trials, a file one.*'trial_0', 'trial_1'"):
            write_sto(several, tmp_path / "a.sto")
        with pytest.raises(ValueError, match="`trial` must be one of .* Got 'trial_9'"):
            write_sto(several, tmp_path / "a.sto", trial="trial_9")
        assert not list(tmp_path.iterdir())
        write_sto(several, tmp_path / "trial_1.sto", trial="trial_1")
        expected = several[several.index.get_level_values("trial") == "trial_1"]
        pd.testing.assert_frame_equal(read_sto(tmp_path / "trial_1.sto"), expected)

    def test_series_integers_and_a_plain_time_index(self, tmp_path):
        angle = pd.Series([1, 2, 3], index=pd.Index([0.0, 0.1, 0.2], name="time"), name="elbow")
        write_sto(angle, tmp_path / "a.mot")
        assert read_sto(tmp_path / "a.mot")["elbow"].tolist() == [1.0, 2.0, 3.0]

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda f: f.reset_index(drop=True), "no index level 'time'"),
            (lambda f: f.iloc[:0], "`frame` has no rows"),
            (lambda f: f.iloc[:, :0], "`frame` has no column"),
            (lambda f: f.iloc[::-1], "Trial 'trial_0', row 1: time goes back"),
            (lambda f: f.set_axis(["a", "a"], axis=1), "Column names must differ"),
            (lambda f: f.set_axis(["a", "Time"], axis=1), "Column names must differ"),
            (lambda f: f.set_axis(["a", "left knee"], axis=1), "white space .* Got 'left knee'"),
            (lambda f: f.set_axis(["a", 1], axis=1), "white space .* Got 1"),
            (lambda f: f.assign(a="x"), "Column 'a' must hold real numbers"),
            (lambda f: f.assign(a=1j), "Column 'a' must hold real numbers"),
            (lambda f: f.assign(a=np.nan), "Column 'a' is nan at .* s of trial 'trial_0'"),
            (lambda f: f.assign(a=np.inf), "Column 'a' is inf at .* s of trial 'trial_0'"),
        ],
    )
    def test_what_cannot_be_written_leaves_nothing_behind(self, tmp_path, make, message):
        with pytest.raises(ValueError, match=message):
            write_sto(make(frame()), tmp_path / "a.sto")
        assert not list(tmp_path.iterdir())

    def test_faulty_type_extension_and_title(self, tmp_path):
        with pytest.raises(TypeError, match="must be a DataFrame or a Series .* Got ndarray"):
            write_sto(frame().to_numpy(), tmp_path / "a.sto")
        with pytest.raises(ValueError, match="must end in .sto or .mot.*Got 'a.csv'"):
            write_sto(frame(), tmp_path / "a.csv")
        with pytest.raises(ValueError, match="`title` must be one line"):
            write_sto(frame(), tmp_path / "a.sto", title="a\nb")

    def test_a_failure_keeps_the_old_file_whole(self, tmp_path, monkeypatch):
        path = tmp_path / "a.sto"
        write_sto(frame(), path)
        before = path.read_bytes()

        def full(descriptor):
            raise OSError("no space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(OSError, match=re.escape("no space left")):
            write_sto(frame(seed=1), path)
        assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
