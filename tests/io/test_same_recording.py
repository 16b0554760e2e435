"""One recording through every format gives one table."""

import sys
from pathlib import Path

import pytest

from sk_bionic.inspection import check_recording

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
from _recording_formats import FORMATS, difference, recording

COARSE = {"EDF, by MNE": 4e-5}  # 16 bits of a range that MNE chooses


@pytest.mark.parametrize(("name", "through", "package", "lost"), FORMATS, ids=[row[0] for row in FORMATS])
def test_tables_are_equal(tmp_path, name, through, package, lost):
    if package:
        pytest.importorskip(package)
    table = recording(counts=True)
    found = through(table, tmp_path)
    values, time = difference(found, table)
    assert values < COARSE.get(name, 1e-6)
    assert time < 1e-9
    kinds = [check_recording(X).findings["kind"].tolist() for X in (found, table)]
    assert kinds[0] == kinds[1]
