import os
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.io import read_sto, write_sto
from sk_bionic.musculoskeletal.opensim_model import read_osim
from sk_bionic.trials import find_trials

sys.path.append(str(Path(__file__).resolve().parent))
import coordinate_types

ROWS = ["0.00 10 0.5", "0.01 20 0.6", "0.02 30 0.7"]
HEADER = ["walk", "version=1", "nRows=3", "nColumns=3", "inDegrees=no", "endheader"]
LABELS = "time knee_angle pelvis_tx"
VALUES = np.array([[10, 0.5], [20, 0.6], [30, 0.7]])


@pytest.fixture(scope="module")
def recordings():
    """Folder with OpenSim's files of a walking trial; skips where there is none."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
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

    @pytest.mark.parametrize(
        "header",
        [
            ["name walk_1", "datacolumns 3", "datarows 3", "range 0.0 0.02", "endheader"],
            ["CEINMS output", "datacolumns 3", "datarows 3", "endheader"],
            ["walk_1", "nRows\t3", "nColumns 3", "endheader"],
            ["Coordinates", "version=3", "OpenSimVersion=4.0-2018-08-27-54b3456", "DataType=double", "endheader"],
        ],
        ids=["SIMM", "CEINMS", "old storage", "version 3"],
    )
    def test_nothing_is_converted_without_inDegrees(self, tmp_path, header):
        table = read_sto(written(tmp_path, text(header), "a.mot"))
        np.testing.assert_array_equal(table, VALUES)
        assert table.attrs["converted_to_radians"] == [] and table.attrs["in_degrees"] is None

    def test_title_and_header_of_simm(self, tmp_path):
        header = ["name walk_1", "datacolumns 3", "datarows 3", "range 0.0 0.02", "endheader"]
        attrs = read_sto(written(tmp_path, text(header), "a.mot")).attrs
        assert attrs["title"] == "walk_1" and attrs["header"]["range"] == "0.0 0.02"

    @pytest.mark.parametrize(
        "rows",
        [
            ["0.00\t10  0.5", "0.01  20\t0.6", " 0.02\t30 0.7 "],
            ["0.00\t\t10\t0.5", "0.01\t20\t\t0.6", "0.02\t30\t0.7\t"],
            ["0.00\t10\t0.5\t\t", "0.01\t20\t0.6\t", "0.02\t30\t0.7"],
        ],
    )
    def test_tabs_and_blanks_may_mix(self, tmp_path, rows):
        content = "\n".join([*HEADER, "time\tknee_angle\tpelvis_tx\t", *rows])
        np.testing.assert_array_equal(read_sto(written(tmp_path, content)), VALUES)

    def test_labels_may_hold_blanks_between_tabs_and_mix_with_them_otherwise(self, tmp_path):
        rows = [row.replace(" ", "\t") for row in ROWS]
        content = "\n".join([*HEADER, "time\tknee angle\tpelvis tx", *rows])
        assert read_sto(written(tmp_path, content)).columns.tolist() == ["knee angle", "pelvis tx"]
        content = "\n".join([*HEADER, "time\tknee_angle  pelvis_tx", *rows])
        assert read_sto(written(tmp_path, content)).columns.tolist() == ["knee_angle", "pelvis_tx"]

    @pytest.mark.parametrize("separator", ["\t", ","])
    def test_an_empty_cell_is_a_missing_value_of_its_own_column(self, tmp_path, separator):
        rows = ["0.00 10 0.5", "0.01  0.6", "0.02 30 "]
        table = read_sto(written(tmp_path, text(rows=rows, separator=separator)))
        np.testing.assert_array_equal(table, [[10, 0.5], [np.nan, 0.6], [30, np.nan]])

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
            *("pelvis_tilt", "pelvis_list", "knee_angle_r", "hip_rotation_l", "elv_angle", "r_elbow_flex", "pro_sup_l"),
            *("elbow_flexion", "RightKneeFlexion", "arm_add_r", "wrist_dev_l", "transverse_tilt", "lumbar_bending"),
            *("/jointset/knee_r/knee_angle_r/value", "/jointset/knee_r/knee_angle_r/speed", "angle"),
        ]
        row = self.labelled(tmp_path, angles)
        np.testing.assert_allclose(row[angles], np.pi)

    @pytest.mark.parametrize(
        "others",
        [
            ["pelvis_tx", "box_transX", "/jointset/ground_pelvis/pelvis_ty/value", "torso_X", "lower_torso_TX"],
            ["ground_force_vx", "1_ground_force_px", "ground_torque_z", "ground_moment1_mx", "Fx1", "M1y", "COPx"],
            ["hip_rotation_r_moment", "knee_angle_r_force", "knee_angle_r_power", "knee_flexion_moment_R"],
            ["reserve_jointset_hip_r_hip_flexion_r", "/forceset/hip_flexion_r_reserve", "tau_knee_angle_r"],
            ["/forceset/soleus/activation", "soleus.activation", "/forceset/soleus/fiber_length", "emg_1"],
            ["knee_angle_r_beta", "soleus_muscle_length", "/controllerset/c/hip_rotation_r", "moment_arm_knee_angle"],
            ["biceps", "triceps", "VL", "gasmed_r", "flex_hal_r", "EMG_wrist_flex", "add_long_r", "add", "ext_dig_l"],
            ["bend", "q1", "torso_Ox", "knee_angle_r_u", "box_rotX", "LASI", "sync"],
        ],
        ids=["positions", "reactions", "moments", "actuators", "muscle states", "levers", "EMG", "unknown"],
    )
    @pytest.mark.filterwarnings("ignore:.*stay as written")
    def test_nothing_else_is_converted(self, tmp_path, others):
        np.testing.assert_array_equal(self.labelled(tmp_path, others), 180)

    def test_what_may_be_an_angle_and_stays_is_told(self, tmp_path):
        with pytest.warns(UserWarning, match="in degrees, but bend, triceps stay as written.*`model=`"):
            self.labelled(tmp_path, ["knee_angle_r", "pelvis_tx", "knee_moment", "bend", "triceps"])

    def test_a_model_decides_as_opensim_does(self, tmp_path):
        """The rule of OpenSim 4.6, SimbodyEngine.scaleRotationalDofColumns, on a model that has every type."""
        (tmp_path / "limb.osim").write_text(coordinate_types.document())
        angles = [
            "turn",
            "/jointset/j1/turn/value",
            "/jointset/j1/turn/speed",
            "j1/turn/value",
            "/jointset/j1/turn",
            "back",
        ]
        others = [
            *(
                "shift",
                "/jointset/j2/shift/value",
                "half",
                "/jointset/j3/half/value",
                "both",
                "turn_moment",
                "turn_force",
            ),
            *("knee_angle_r", "/forceset/turn", "/forceset/turn/value", "Turn", "turn_beta", "soleus"),
        ]
        for model in (tmp_path / "limb.osim", str(tmp_path / "limb.osim"), read_osim(tmp_path / "limb.osim")):
            row = self.labelled(tmp_path, angles + others, model=model)
            np.testing.assert_allclose(row[angles], np.pi)
            np.testing.assert_array_equal(row[others], 180)

    def test_speeds_with_old_names_stay_with_a_word(self, tmp_path):
        (tmp_path / "limb.osim").write_text(coordinate_types.document())
        with pytest.warns(UserWarning, match="turn_u stay as written: OpenSim 4 converts speeds by their paths"):
            row = self.labelled(tmp_path, ["turn_u"], model=tmp_path / "limb.osim")
        assert row["turn_u"] == 180

    def test_a_model_and_a_list_are_two_answers(self, tmp_path):
        with pytest.raises(ValueError, match="`model` and `rotational` both say"):
            self.labelled(tmp_path, ["turn"], model="limb.osim", rotational=["turn"])
        with pytest.raises(TypeError, match="`model` must be the path of an .osim file"):
            self.labelled(tmp_path, ["turn"], model=3)

    def test_attrs_say_what_was_converted_and_by_which_rule(self, tmp_path):
        rows, labels = ["0 1 2", "1 3 4"], "time knee_angle pelvis_tx"
        path = written(tmp_path, text(["a", "inDegrees=yes", "endheader"], labels, rows))
        (tmp_path / "limb.osim").write_text(coordinate_types.document())
        for options, expected in (
            ({}, (True, ["knee_angle"], "by_name")),
            ({"rotational": ["pelvis_tx"]}, (True, ["pelvis_tx"], "rotational")),
            ({"model": tmp_path / "limb.osim"}, (True, [], None)),
            ({"degrees": False}, (False, [], None)),
        ):
            attrs = read_sto(path, **options).attrs
            assert tuple(attrs[key] for key in ("in_degrees", "converted_to_radians", "converted_by")) == expected

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
            (["Angles are in radians."], 1),
            ([], 1),
            (["inDegrees=no", "Angles are in degrees."], 1),
            (["inDegrees=no", "inDegrees=no"], 1),
            *(
                ([line], np.pi / 180)
                for line in ("inDegrees=yes", "inDegrees = Yes", "indegrees=y", "inDegrees yes", "inDegrees=yes,,")
            ),
        ],
    )
    def test_the_header_tells_the_unit(self, tmp_path, lines, factor):
        table = read_sto(written(tmp_path, text(["a", *lines, "endheader"])))
        np.testing.assert_allclose(table["knee_angle"], factor * VALUES[:, 0])
        if not lines:
            path = written(tmp_path, text(["a", "endheader"]))
            np.testing.assert_allclose(read_sto(path, degrees=True).iloc[0, 0], np.deg2rad(10))

    def test_a_remark_about_degrees_is_no_flag_but_is_told(self, tmp_path):
        path = written(tmp_path, text(["a", "Angles are in degrees.", "endheader"]))
        with pytest.warns(UserWarning, match="remarks that angles are in degrees.*`degrees=True`"):
            np.testing.assert_array_equal(read_sto(path), VALUES)

    def test_a_contradiction_blocks_only_what_it_concerns(self, tmp_path):
        header = ["a", "inDegrees=yes", "inDegrees=no", "endheader"]
        path = written(tmp_path, text(header))
        with pytest.raises(ValueError, match="walk.sto: inDegrees is yes and no, in lines 2 and 3"):
            read_sto(path)
        np.testing.assert_array_equal(read_sto(path, degrees=False), VALUES)
        forces = read_sto(written(tmp_path, text(header, "time soleus_force pelvis_tx"), "b.sto"))
        np.testing.assert_array_equal(forces, VALUES)


class TestFaultsElsewhere:
    """A fault that does not touch the values asked for is told, and the values are read."""

    def test_columns_of_one_name(self, tmp_path):
        header = ["a", "inDegrees=yes", "endheader"]
        rows = ["0 10 1 2 7", "1 20 1 2 8"]
        path = written(
            tmp_path, text(header, "time knee_angle_r ground_force_vx ground_force_vx ground_force_vy", rows)
        )
        with pytest.warns(UserWarning, match="walk.sto: columns 3 and 4 are named 'ground_force_vx' alike"):
            table = read_sto(path)
        np.testing.assert_allclose(table["knee_angle_r"], np.deg2rad([10, 20]))
        assert "ground_force_vx" not in table and table["ground_force_vy"].tolist() == [7, 8]
        assert table["ground_force_vx (column 3)"].tolist() == [1, 1] and table[
            "ground_force_vx (column 4)"
        ].tolist() == [2, 2]

    def test_copies_of_one_column_are_one_column(self, tmp_path):
        with pytest.warns(UserWarning, match="1 column.s. have name and values of another one"):
            table = read_sto(written(tmp_path, text(labels="time knee knee", rows=["0 1 1", "1 nan nan", "2 3 3"])))
        assert table.columns.tolist() == ["knee"]

    def test_a_table_without_rows(self, tmp_path):
        with pytest.warns(UserWarning, match="no rows follow the column labels"):
            table = read_sto(written(tmp_path, text(rows=[])))
        assert table.shape == (0, 2) and table.columns.tolist() == ["knee_angle", "pelvis_tx"]

    def test_controls_of_a_model_without_controllers(self, tmp_path):
        with pytest.warns(UserWarning, match="no column besides 'time'"):
            table = read_sto(written(tmp_path, text(labels="time", rows=["0", "0.01", "0.02"])))
        assert table.shape == (3, 0) and find_trials(table).n_frames == 3

    def test_a_column_without_a_name(self, tmp_path):
        with pytest.warns(UserWarning, match="column 2 has no label and is left out"):
            table = read_sto(written(tmp_path, text(labels="time  knee")))
        assert table.columns.tolist() == ["knee"] and table["knee"].tolist() == [0.5, 0.6, 0.7]

    @pytest.mark.parametrize("extra", ["nRows=4", "nColumns=9", "version=3", "name=other", "datarows 4"])
    def test_a_header_word_twice(self, tmp_path, extra, recwarn):
        table = read_sto(written(tmp_path, text([*HEADER[:5], extra, "endheader"])))
        np.testing.assert_array_equal(table, VALUES)
        assert not recwarn.list

    @pytest.mark.parametrize("rows", [[*ROWS, "0.03 1 1"], ROWS[:2]])
    def test_another_number_of_rows_than_promised(self, tmp_path, rows, recwarn):
        path = written(tmp_path, text(rows=rows))
        with pytest.warns(UserWarning, match=f"nRows=3 rows, the table has {len(rows)}: .*All of them are read"):
            assert len(read_sto(path)) == len(rows)
        recwarn.clear()
        assert len(read_sto(path, check_row_count=False)) == len(rows) and not recwarn.list

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ([ROWS[0], ROWS[0], ROWS[2]], "line 9: column 'time' repeats 0 s after 0 s"),
            (ROWS[::-1], "line 9: column 'time' goes back to 0.01 s after 0.02 s .2 such rows"),
        ],
    )
    def test_time_that_does_not_increase_is_read_with_a_word_and_refused_by_a_fit(self, tmp_path, rows, message):
        with pytest.warns(UserWarning, match=message):
            table = read_sto(written(tmp_path, text(rows=rows)))
        assert table["pelvis_tx"].tolist() == [float(row.split()[2]) for row in rows]
        with pytest.raises(ValueError, match="Trial 'walk', row 1: time"):
            find_trials(table)


class TestDamage:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "walk.sto: the file is empty"),
            (" \n\n", "walk.sto: the file is empty"),
            (text(HEADER[:-1]), "no line 'endheader'"),
            ("endheader", "walk.sto, line 1: nothing follows"),
            (text(rows=[*ROWS[:2], "0.02 30"]), "line 10: 2 cells .* promise 3.*truncated"),
            (text(rows=[ROWS[0], "0.01 20", ROWS[2]]), "line 9: 2 cells .* promise 3"),
            (text(rows=[ROWS[0], "0.01 20 1 2", ROWS[2]]), "line 9: 4 cells .* promise 3"),
            (text(rows=[ROWS[0], "", *ROWS[1:]]), "line 9: .* Remove the empty line"),
            (text(rows=[ROWS[0], "0.01 2o 1"]), "line 9: column 'knee_angle' must .* Got '2o'"),
            (
                text(rows=[ROWS[0], "0,01 20,5 0,6"]),
                "line 9: column 'time' .* Got '0,01'. The numbers have decimal commas",
            ),
            (
                text(rows=["0,00 10,5 0,5"], separator=",").replace(",0,", ","),
                "line 8: 5 cells .* promise 3. The numbers have decimal commas",
            ),
            (text(rows=[ROWS[0], "0.01 1_0 1"]), "line 9: column 'knee_angle' must .* Got '1_0'"),
            (text(rows=[ROWS[0], "0.01 ٣ 1"]), "line 9: column 'knee_angle' must"),
            (text(rows=[ROWS[0], "nan 1 1"]), "line 9: column 'time' is nan"),
            (text(labels="frame knee x"), "line 7: the first column must be 'time'. Got 'frame'"),
            (text(rows=ROWS[:2])[:-2], "nRows=3 rows, the table has 2, the last without an end of line: .* truncated"),
            (text().rstrip().replace("nRows=3", "nRows=" + "9" * 18), "nRows=9+ rows, the table has 3"),
            (text(separator=";"), "line 7: the columns are separated by semicolons: .* decimal points"),
            (text().replace("inDegrees=no", "inDegrees=maybe"), "line 5: inDegrees must be yes or"),
            (text(["a", "DataType=Mat33", "endheader"]), "line 2: DataType must be one of .* Got 'Mat33'"),
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
        path = written(tmp_path, text(rows=ROWS[:2])[:-2])
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

    def test_degrees_of_unknown_columns_are_refused(self, tmp_path):
        named = frame(columns=("knee", "soleus"))
        with pytest.raises(ValueError, match=r"None of \['knee', 'soleus'\] is known to be an angle.*`rotational="):
            write_sto(named, tmp_path / "a.mot", in_degrees=True)
        write_sto(named, tmp_path / "a.mot", in_degrees=True, rotational=["knee"])
        np.testing.assert_allclose(read_sto(tmp_path / "a.mot", degrees=False)["knee"], np.rad2deg(named["knee"]))

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


@pytest.mark.parametrize(("kind", "size"), [("Vec3", 3), ("Quaternion", 4), ("SpatialVec", 6)])
def test_tables_of_vectors_have_a_column_for_each_component(tmp_path, kind, size):
    values = np.random.default_rng(0).normal(size=(5, 2, size)).round(6)
    rows = ["\t".join([str(i / 100), *(",".join(map(str, cell)) for cell in row)]) for i, row in enumerate(values)]
    path = tmp_path / "imu.sto"
    path.write_text("\n".join([f"DataType={kind}", "version=3", "endheader", "time\ttorso\tpelvis", *rows, ""]))
    table = read_sto(path)
    assert table.columns.tolist() == [f"{name}_{i + 1}" for name in ("torso", "pelvis") for i in range(size)]
    np.testing.assert_array_equal(table, values.reshape(5, -1))
    path.write_text(path.read_text().replace(rows[2], rows[2].rsplit(",", 1)[0]))
    with pytest.raises(ValueError, match="imu.sto, line 7"):
        read_sto(path)


@pytest.mark.parametrize("count", ["9" * 5000, "three", "", "3.0"])
def test_a_count_that_is_none_does_not_block_the_table(tmp_path, count):
    path = written(tmp_path, text().replace("nRows=3", f"nRows={count}"))
    with pytest.warns(UserWarning, match="walk.sto: line 3: nrows is no number of rows or columns .* not looked at"):
        np.testing.assert_array_equal(read_sto(path), VALUES)
