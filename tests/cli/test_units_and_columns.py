"""Unit, column and decimal sign are those of the file and of the configuration, or the contradiction is named."""

import random
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sk_bionic.cli._config import read_config
from sk_bionic.cli._tables import read_frames
from sk_bionic.io import write_sto

sys.path.append(str(Path(__file__).resolve().parents[1]))
sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
import coordinate_types
from _mutations import mutate

HEAD = '[data]\nfiles = ["walk*"]\nemg = ["a", "b"]\nangle = ["knee"]\n'
DEGREES = HEAD + 'angle_unit = "deg"\n'
TIME = np.arange(100) / 100
VALUES = {"a": 0.5 + 0.4 * np.sin(TIME), "b": 0.3 + 0.2 * np.cos(TIME), "knee": 40 + 30 * np.sin(3 * TIME)}


def table(**changes):
    return pd.DataFrame({"time": TIME, **VALUES, **changes})


def storage(path, flag="inDegrees=yes\n", frame=None, separator="\t"):
    frame = table() if frame is None else frame
    head = f"walk\nversion=1\nnRows={len(frame)}\nnColumns={frame.shape[1]}\n{flag}endheader\n"
    path.write_text(head + frame.to_csv(sep=separator, index=False))


def frames(folder, text=DEGREES):
    (folder / "w.toml").write_text(text)
    return read_frames(read_config(folder / "w.toml"))


def agree(got):
    X, y = got
    np.testing.assert_allclose(X[["a", "b"]], np.column_stack([VALUES["a"], VALUES["b"]]), rtol=1e-12)
    np.testing.assert_allclose(y["knee"], np.deg2rad(VALUES["knee"]), rtol=1e-12)
    np.testing.assert_allclose(X.index.get_level_values("time"), TIME, atol=1e-9)


class TestUnits:
    @pytest.mark.parametrize(
        ("flag", "text"),
        [
            ("inDegrees=yes\n", HEAD),
            ("inDegrees=yes\n", DEGREES),
            ("", DEGREES),
            ("inDegrees=yes\ninDegrees=no\n", DEGREES),
        ],
    )
    def test_storages_in_degrees(self, tmp_path, flag, text):
        storage(tmp_path / "walk.mot", flag)
        agree(frames(tmp_path, text))

    @pytest.mark.parametrize("flag", ["", "inDegrees=no\n"])
    def test_storages_in_radians(self, tmp_path, flag):
        storage(tmp_path / "walk.sto", flag, table(knee=np.deg2rad(VALUES["knee"])))
        agree(frames(tmp_path, HEAD + ('angle_unit = "rad"\n' if not flag else "")))

    def test_a_header_that_says_nothing_leaves_the_configuration_to_tell(self, tmp_path):
        storage(tmp_path / "walk.sto", "")
        with pytest.raises(
            ValueError, match="say in .data. whether angles are in degrees or radians.*walk.sto does not tell"
        ):
            frames(tmp_path, HEAD)

    @pytest.mark.parametrize(("flag", "unit"), [("yes", "rad"), ("no", "deg")])
    def test_a_contradiction_is_named(self, tmp_path, flag, unit):
        storage(tmp_path / "walk.mot", f"inDegrees={flag}\n")
        message = f'walk.mot: its header says inDegrees={flag}, but w.toml says angle_unit = "{unit}"'
        with pytest.raises(ValueError, match=message):
            frames(tmp_path, HEAD + f'angle_unit = "{unit}"\n')

    def test_kinds_of_files_may_mix(self, tmp_path):
        storage(tmp_path / "walk1.mot")
        table().to_csv(tmp_path / "walk2.csv", index=False)
        storage(tmp_path / "walk3.sto", "")
        _, y = frames(tmp_path)
        for name in ("walk1", "walk2", "walk3"):
            np.testing.assert_allclose(y.loc[name, "knee"], np.deg2rad(VALUES["knee"]))

    def test_a_flag_does_not_concern_emg_even_under_the_name_of_an_angle(self, tmp_path):
        storage(tmp_path / "walk.mot", frame=table().rename(columns={"a": "wrist_flex_r"}))
        X, _ = frames(tmp_path, HEAD.replace('["a", "b"]', '{a = "wrist_flex_r", b = "b"}'))
        np.testing.assert_allclose(X["a"], VALUES["a"])

    def test_a_model_of_opensim_knows_what_is_no_angle(self, tmp_path):
        (tmp_path / "limb.osim").write_text(coordinate_types.document())
        frame = table(turn=90.0, shift=0.9, half=0.5)
        text = HEAD.replace('["knee"]', '["turn"]') + 'prescribed_angles = ["shift", "half"]\n'
        model = '[estimator]\nmodel = "limb.osim"\n'
        storage(tmp_path / "walk.mot", frame=frame)
        X, y = frames(tmp_path, text + model)
        np.testing.assert_allclose(y["turn"], np.pi / 2)
        assert (X["shift"] == 0.9).all() and (X["half"] == 0.5).all()  # as OpenSim 4.6 leaves them

    def test_degrees_called_radians_and_radians_called_degrees(self, tmp_path):
        table().to_csv(tmp_path / "walk.csv", index=False)
        with pytest.raises(ValueError, match="walk.csv: the angle 'knee' spans .* rad.*angle_unit = \"deg\""):
            frames(tmp_path, HEAD + 'angle_unit = "rad"\n')
        table(knee=np.deg2rad(VALUES["knee"])).to_csv(tmp_path / "walk.csv", index=False)
        with pytest.warns(UserWarning, match='knee\' moves through 0.52 deg only.*angle_unit = "rad"'):
            frames(tmp_path)

    def test_a_header_that_is_wrong_is_what_has_to_be_corrected(self, tmp_path):
        storage(tmp_path / "walk.mot", "inDegrees=no\n")
        with pytest.raises(ValueError, match="spans .* rad.*its header says inDegrees=no: correct the header"):
            frames(tmp_path, HEAD)

    @pytest.mark.filterwarnings("ignore:.*no rows follow")
    def test_an_empty_storage_is_named(self, tmp_path):
        storage(tmp_path / "walk.mot", frame=table().iloc[:0])
        with pytest.raises(ValueError, match="walk.mot: there are no values in this file"):
            frames(tmp_path)


class TestColumns:
    def test_two_muscles_on_one_electrode(self, tmp_path):
        table().to_csv(tmp_path / "walk.csv", index=False)
        X, _ = frames(tmp_path, DEGREES.replace('["a", "b"]', '{long = "a", lateral = "a", c = "b"}'))
        assert X.columns.tolist() == ["long", "lateral", "c"]
        assert X["long"].equals(X["lateral"].rename("long")) and X["long"].tolist() == VALUES["a"].tolist()

    @pytest.mark.parametrize(
        "column",
        ["/jointset/knee/knee/value", "knee/value", "/jointset/knee/knee", "/Model/jointset/j/knee/value"],
    )
    def test_names_that_opensim_writes(self, tmp_path, column):
        storage(
            tmp_path / "walk.sto",
            frame=table().rename(columns={"knee": column}).assign(**{"/jointset/knee/knee/speed": 7.0}),
        )
        agree(frames(tmp_path, HEAD))

    def test_the_whole_path_may_be_asked_for_where_the_file_has_the_short_name(self, tmp_path):
        storage(tmp_path / "walk.sto")
        agree(frames(tmp_path, HEAD.replace('["knee"]', '{knee = "/jointset/knee/knee/value"}')))

    def test_a_moment_is_no_angle(self, tmp_path):
        storage(tmp_path / "walk.sto", frame=table().rename(columns={"knee": "knee_moment"}))
        with pytest.raises(ValueError, match="walk.sto: there is no column 'knee'. Its columns are .*'knee_moment'"):
            frames(tmp_path, HEAD)

    def test_two_that_may_be_meant_are_named(self, tmp_path):
        frame = table().rename(columns={"knee": "/jointset/k/knee/value"}).assign(**{"/jointset/l/knee/value": 1.0})
        storage(tmp_path / "walk.sto", frame=frame)
        with pytest.raises(ValueError, match="'knee' may be any of the columns .*Write the whole name"):
            frames(tmp_path, HEAD)

    def test_a_duplicate_blocks_only_who_asks_for_it(self, tmp_path):
        lines = table().assign(x=1.0, y=2.0).to_csv(index=False).splitlines()
        (tmp_path / "walk.csv").write_text("\n".join([lines[0].replace(",x,y", ",Fz,Fz"), *lines[1:]]))
        agree(frames(tmp_path))
        with pytest.raises(ValueError, match=r"2 columns are named 'Fz' and hold different values.*'Fz \(column 5\)'"):
            frames(tmp_path, DEGREES + 'other = ["Fz"]\n')

    def test_one_name_for_two_columns_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match="names 'a' twice, in emg and in other"):
            frames(tmp_path, DEGREES + 'other = ["a"]\n')


class TestText:
    def write(self, folder, content):
        (folder / "walk.csv").write_bytes(content.encode("utf-8"))

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda lines: [lines[0], *(line + "," for line in lines[1:])],
            lambda lines: [line + ",,," for line in lines],
            lambda lines: ["# exported by a device", "", *lines],
            lambda lines: ["# exported", "# " + lines[0], *lines[1:]],
            lambda lines: ["\ufeff" + lines[0], *lines[1:]],
            lambda lines: [*lines, "", ",,,"],
            lambda lines: [line.replace(",", " , ") for line in lines],
            lambda lines: [",".join(f'"{cell}"' for cell in line.split(",")) for line in lines],
            lambda lines: [line.replace(",", ";") for line in lines],
            lambda lines: [line.replace(",", "\t") for line in lines],
            lambda lines: [lines[0] + ",note", *(line + ",# ok, really".replace(", ", " ") for line in lines[1:])],
            lambda lines: [*lines[:50], lines[49], *lines[50:]],
        ],
        ids=[
            *("trailing commas", "trailing commas everywhere", "remarks", "names in a remark", "byte order mark"),
            *("empty lines at the end", "blanks", "quotes", "semicolons", "tabs", "notes with #", "a row twice"),
        ],
    )
    @pytest.mark.parametrize("ends", ["\n", "\r\n"])
    def test_variants_of_one_table_hold_the_same(self, tmp_path, spoil, ends):
        self.write(tmp_path, ends.join(spoil(table().to_csv(index=False).splitlines())) + ends)
        agree(frames(tmp_path))

    def test_names_with_a_number_sign(self, tmp_path):
        table().rename(columns={"a": "EMG#1", "b": "EMG #2"}).to_csv(tmp_path / "walk.csv", index=False)
        agree(frames(tmp_path, DEGREES.replace('["a", "b"]', '{a = "EMG#1", b = "EMG #2"}')))

    def test_decimal_commas(self, tmp_path):
        text = table().to_csv(sep=";", decimal=",", index=False)
        self.write(tmp_path, text)
        with pytest.raises(ValueError, match="walk.csv: column 'time', row 1 .* decimal commas: say decimal = \",\""):
            frames(tmp_path)
        agree(frames(tmp_path, DEGREES + 'decimal = ","\n'))
        self.write(tmp_path, text.replace(";", ","))
        with pytest.raises(
            ValueError, match="walk.csv, line 2: .* values between ',', but there are 4 names.*decimal commas"
        ):
            frames(tmp_path)

    def test_a_line_of_units_is_called_one(self, tmp_path):
        lines = table().to_csv(index=False).splitlines()
        self.write(tmp_path, "\n".join([lines[0], "s,mV,mV,deg", *lines[1:]]))
        with pytest.raises(
            ValueError, match="column 'time', row 1 .* Got 's'. This is a second line of names or units"
        ):
            frames(tmp_path)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("0,1,2,3\n1,2,3,4\n", "line 1: this line must hold the names of the columns. Got '0,1,2,3'"),
            ("time,a,b,knee\n", "no rows follow the names"),
            ("# nothing\n", "there is no table"),
            ("time,a,b,knee\n0,1,2,3,4\n", "line 2: 5 values between ',', but there are 4 names"),
            ("time,a,b,knee\n0,.1,.2,3\n.01,.1,.2", "line 3: the file ends in the middle of a row"),
            ("time,a,b,knee\n0,.1,.2,3\n0,.1,.3,3\n", "row 1: time repeats 0 s"),
        ],
    )
    def test_faults_and_their_lines_are_named(self, tmp_path, content, message):
        self.write(tmp_path, content)
        with pytest.raises(ValueError, match=f"walk.csv.*{message}"):
            frames(tmp_path)


def test_writing_in_degrees_and_reading_again(tmp_path):
    index = pd.MultiIndex.from_product([["walk"], TIME], names=["trial", "time"])
    write_sto(pd.DataFrame(VALUES, index).assign(knee=np.deg2rad(VALUES["knee"])), tmp_path / "walk.mot",
    in_degrees=True, rotational=["knee"])  # fmt: skip
    agree(frames(tmp_path, HEAD))


def test_damaged_tables_give_data_or_a_value_error(tmp_path):
    """And never the numbers of another column."""
    raw = table().to_csv(index=False).encode()
    (tmp_path / "w.toml").write_text(DEGREES)
    config = read_config(tmp_path / "w.toml")
    refused = 0
    for i in range(60):
        (tmp_path / "walk.csv").write_bytes(mutate(raw, random.Random(i), is_text=True))
        try:
            X, y = read_frames(config)
            assert X.columns.tolist() == ["a", "b"] and X.index.equals(y.index)
        except ValueError as error:
            assert "walk.csv" in str(error)
            refused += 1
    assert 0 < refused < 60


@pytest.mark.parametrize(("times", "extra", "warned"), [(20, 1, True), (5, 0, True), (2, 0, True), (1, 0, False)])
def test_a_slower_signal_in_the_first_rows_is_told(tmp_path, times, extra, warned):
    """As Biopac writes channels of several rates: one beside the other, each from its first row."""
    n = 2000 + extra
    angle = [f"{np.sin(i / 30):.6f}" if i < 2000 // times else "" for i in range(n)]
    lines = ["time,a,knee", *(f"{i / 1000},{(i * 37) % 101 / 101},{value}" for i, value in enumerate(angle)), ""]
    (tmp_path / "w.csv").write_text("\n".join(lines))
    text = '[data]\nfiles = "w.csv"\nemg = ["a"]\nangle = ["knee"]\nangle_unit = "rad"\n'
    (tmp_path / "w.toml").write_text(text)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        read_frames(read_config(tmp_path / "w.toml"))
    said = [str(w.message) for w in told if "times more slowly" in str(w.message)]
    assert len(said) == warned
    if warned:
        assert f"w.csv: column 'knee' fills the first {2000 // times} of {n} rows" in said[0]
        assert f"{times} times more slowly" in said[0] and "angle_sampling_rate" in said[0]
