import os
from pathlib import Path

import numpy as np
import pytest

from sk_bionic.io import read_trc

KEYS = "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate"
COUNTS = "100.00\t\t100.00\t\t3\t2\tmm\t100"
LABELS = "Frame#\tTime\tR.ASIS\t\t\tV_Sacral\t\t\t"
AXES = "\t\tX1\tY1\tZ1\tX2\tY2\tZ2"
ROWS = ["1\t0.00\t1\t2\t3\t4\t5\t6", "2\t0.01\t7\t8\t9\t\t\t", "3\t0.02\t1e3\t-2\t.5\t0\tnan\t1"]
METRES = np.array([[1, 2, 3, 4, 5, 6], [7, 8, 9, np.nan, np.nan, np.nan], [1e3, -2, 0.5, 0, np.nan, 1]])
METRES *= 1e-3


def text(keys=KEYS, counts=COUNTS, labels=LABELS, axes=AXES, rows=ROWS, first=None):
    first = "PathFileType\t4\t(X/Y/Z)\twalk.trc" if first is None else first
    return "\n".join([first, keys, counts, labels, axes, "", *rows, ""])


def written(tmp_path, content):
    path = tmp_path / "walk.trc"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        text(),
        text().replace("\n\n", "\n"),
        text().replace("\n", "\r\n"),
        text().replace("\t", ","),
        text() + "\n\t\t\n",
        text(rows=[row + "\t" for row in ROWS]),
        text(axes=AXES.lower()),
        text(axes="\t"),
        text(labels=LABELS.replace("Time", "Times")),
        text(labels=LABELS.replace("Frame#", "Frame")),
        text(counts=COUNTS.replace("\t\t", "\t")),
    ],
)
def test_variants_of_one_file_hold_the_same(tmp_path, content, recwarn):
    markers = read_trc(written(tmp_path, content))
    expected = ["R.ASIS_x", "R.ASIS_y", "R.ASIS_z", "V_Sacral_x", "V_Sacral_y", "V_Sacral_z"]
    assert markers.columns.tolist() == expected
    np.testing.assert_allclose(markers, METRES, rtol=1e-15)
    assert markers.index.names == ["trial", "time"]
    assert markers.index.get_level_values("time").tolist() == [0, 0.01, 0.02]
    assert set(markers.index.get_level_values("trial")) == {"walk"}
    assert not recwarn.list
    assert markers.attrs["markers"] == ["R.ASIS", "V_Sacral"] and markers.attrs["units"] == "m"


@pytest.mark.parametrize(("unit", "metres"), [("m", 1.0), ("cm", 0.01), ("MM", 0.001)])
def test_units(tmp_path, unit, metres):
    markers = read_trc(written(tmp_path, text(counts=COUNTS.replace("mm", unit))), trial="a")
    np.testing.assert_allclose(markers, METRES * 1000 * metres)
    assert set(markers.index.get_level_values("trial")) == {"a"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        (text(first="4\t(X/Y/Z)"), "line 1: a .trc file begins with 'PathFileType'"),
        ("PathFileType\n\n\n", "line 1: the header has five lines"),
        (text(counts="100\t100"), "line 3: 2 values for the 6 names"),
        (text(counts=COUNTS.replace("mm", "furlong")), "line 3: Units must be a unit of length.*furlong"),
        (text(counts=COUNTS.replace("\t2\t", "\t3\t")), "line 4: NumMarkers=3, but 2 markers"),
        (text(counts=COUNTS.replace("\t2\t", "\t-2\t")), "line 3: NumMarkers must be a number"),
        (text(counts=COUNTS.replace("\t3\t", "\t4\t"))[:-1], "NumFrames=4 .* 3, the last without .* truncated"),
        (text(labels=LABELS.replace("Time", "T")), "line 4: must begin with 'Frame#' and 'Time'"),
        (text(axes=AXES.replace("Y2", "Z2")), "line 5: axes must come as X, Y, Z .* Got 'Z2'"),
        (text(axes=AXES[:-3]), "line 5: 5 axes for 2 markers"),
        (text(rows=[]), "line 5: no rows follow"),
        (text(rows=[ROWS[0], "2\t0.01\t7\t8"]), "line 8: 4 cells .* promise 8.*truncated"),
        (text(rows=["1\t\t1\t2\t3\t4\t5\t6"]), "line 7: column 'time' is nan"),
        (text(rows=["1\t0\t1\t2\t3\t4\tx\t6"]), "line 7: column 'V_Sacral_y' .* Got 'x'"),
        (text().encode("utf-16"), "UTF-16"),
    ],
)
def test_the_fault_and_its_place_are_named(tmp_path, content, message):
    with pytest.raises(ValueError, match=message) as error:
        read_trc(written(tmp_path, content))
    assert str(error.value).startswith("walk.trc")


def test_rows_may_be_fewer_where_that_is_asked_for(tmp_path):
    path = written(tmp_path, text(rows=ROWS[:2])[:-1])
    assert len(read_trc(path, check_row_count=False)) == 2


def test_faults_that_touch_no_value_are_told(tmp_path):
    with pytest.warns(UserWarning, match="columns 3 and 6 are named 'R.ASIS_x' alike"):
        markers = read_trc(written(tmp_path, text(labels=LABELS.replace("V_Sacral", "R.ASIS"))))
    assert markers.columns[0] == "R.ASIS_x (column 3)" and markers.columns[3] == "R.ASIS_x (column 6)"
    np.testing.assert_allclose(markers, METRES, rtol=1e-15)
    with pytest.warns(UserWarning, match="line 8: column 'time' repeats"):
        assert len(read_trc(written(tmp_path, text(rows=[ROWS[0], ROWS[0], ROWS[2]])))) == 3
    with pytest.warns(UserWarning, match="NumFrames=4 rows, the table has 3"):
        assert len(read_trc(written(tmp_path, text(counts=COUNTS.replace("\t3\t", "\t4\t"))))) == 3


def test_missing_last_markers_whose_tabs_an_editor_has_cut_off(tmp_path):
    cut = [ROWS[0], ROWS[1].rstrip("\t"), ROWS[2]]
    np.testing.assert_allclose(read_trc(written(tmp_path, text(rows=cut))), METRES, rtol=1e-15)


def test_decimal_commas_are_named(tmp_path):
    with pytest.raises(ValueError, match="line 7: column 'time' must hold a number. Got '0,00'. .* decimal commas"):
        rows = [row.replace(".", ",") for row in ROWS]
        read_trc(written(tmp_path, text(rows=rows, counts=COUNTS.replace(".", ","))))


def test_recorded_file():
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    path = Path(os.environ.get("SK_BIONIC_DATA") or beside) / "gait_moco" / "markers_walk.trc"
    if not path.exists():
        pytest.skip("no gait_moco in SK_BIONIC_DATA")
    markers = read_trc(path)
    assert markers.shape == (238, 3 * 41)
    # A grown-up walks upright: the pelvis about 1 m above the floor, the toes near it.
    assert 0.8 < markers["R.ASIS_y"].mean() < 1.2 and markers["R.Toe_y"].min() < 0.1
