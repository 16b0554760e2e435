import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from sk_bionic.io import read_c3d
from sk_bionic.trials import find_trials

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
from _sample_files import c3d_signals, write_c3d

ezc3d = pytest.importorskip("ezc3d")
CONTENTS = ("analog", "markers", "force_plates")
SIZES = (3, 14, 10, 4)  # markers, channels, frames, analog samples a frame


@pytest.fixture
def path(tmp_path):
    return write_c3d(tmp_path / "walk.c3d")


def changed(path, offset, code, *values):
    """The file with other values at an offset."""
    raw = bytearray(path.read_bytes())
    struct.pack_into(f"<{code}", raw, offset, *values)
    path.write_bytes(raw)
    return path


def offset_of(path, group_parameter):
    """Offset of a parameter's name."""
    return path.read_bytes().index(group_parameter)


class TestContents:
    def test_analog_channels(self, path):
        table = read_c3d(path)
        assert table.columns.tolist() == [f"EMG{i + 1}" for i in range(14)]
        np.testing.assert_allclose(table, c3d_signals(*SIZES)[1][0].T, rtol=1e-6)
        trials = find_trials(table)
        assert trials.names == ("walk",) and trials.sampling_rate == pytest.approx(400)
        assert trials.time[0] == 0 and set(table.attrs["units"].values()) == {"V"}

    def test_markers_in_metres(self, path):
        table = read_c3d(path, contents="markers", trial="a")
        assert table.columns.tolist()[:4] == ["M1_x", "M1_y", "M1_z", "M2_x"]
        expected = c3d_signals(*SIZES)[0].transpose(2, 1, 0).reshape(10, 9)
        np.testing.assert_allclose(table, 1e-3 * expected, rtol=1e-6)
        assert find_trials(table).names == ("a",)
        assert find_trials(table).sampling_rate == pytest.approx(100)

    def test_a_missing_marker_is_nan(self, tmp_path):
        path = write_c3d(tmp_path / "a.c3d")
        recording = ezc3d.c3d(str(path))
        recording["data"]["points"][:, 1, 4] = np.nan
        recording["data"]["meta_points"]["residuals"][0, 1, 4] = -1
        recording.write(str(path))
        missing = read_c3d(path, contents="markers").isna()
        assert missing.to_numpy().sum() == 3 and missing.iloc[4][["M2_x", "M2_y", "M2_z"]].all()

    def test_force_plates_hold_the_channels_forces(self, path):
        plates = read_c3d(path, contents="force_plates")
        assert plates.shape == (40, 24) and plates.attrs["units"]["plate_2_moment_x"] == "N m"
        channels = c3d_signals(*SIZES)[1][0]
        for plate, first in ((1, 0), (2, 6)):
            force = plates[[f"plate_{plate}_force_{axis}" for axis in "xyz"]]
            # A rotation into the laboratory's axes leaves the magnitude alone.
            np.testing.assert_allclose(
                np.linalg.norm(force, axis=1),
                np.linalg.norm(channels[first : first + 3], axis=0),
                rtol=1e-5,
            )

    def test_labels_are_made_different(self, tmp_path):
        path = write_c3d(tmp_path / "a.c3d", n_plates=0, n_channels=4)
        recording = ezc3d.c3d(str(path))
        recording["parameters"]["ANALOG"]["LABELS"]["value"] = ["EMG", "", "EMG", "Fz"]
        recording.write(str(path))
        assert read_c3d(path).columns.tolist() == ["EMG", "channel_2", "EMG_3", "Fz"]

    def test_more_channels_and_markers_than_a_byte_counts(self, tmp_path):
        path = write_c3d(tmp_path / "a.c3d", n_markers=300, n_channels=300, n_frames=3)
        assert read_c3d(path).columns[-1] == "EMG300"
        assert read_c3d(path, contents="markers").columns[-1] == "M300_z"

    def test_what_is_not_there(self, tmp_path):
        analog = write_c3d(tmp_path / "analog.c3d", n_markers=0, n_plates=0)
        assert read_c3d(analog).shape == (40, 14)
        with pytest.raises(ValueError, match="analog.c3d: there are no markers"):
            read_c3d(analog, contents="markers")
        with pytest.raises(ValueError, match="analog.c3d: there are no force plates"):
            read_c3d(analog, contents="force_plates")
        markers = write_c3d(tmp_path / "markers.c3d", n_channels=0, n_plates=0)
        with pytest.raises(ValueError, match="markers.c3d: there are no analog channels"):
            read_c3d(markers)
        with pytest.raises(ValueError, match="`contents` must be one of .* Got 'emg'"):
            read_c3d(markers, contents="emg")

    def test_recorded_file(self):
        beside = Path(__file__).resolve().parents[3] / "shared" / "data"
        path = Path(os.environ.get("SK_BIONIC_DATA") or beside) / "c3d" / "walking.c3d"
        if not path.exists():
            pytest.skip("no c3d in SK_BIONIC_DATA")
        analog, markers, plates = (
            read_c3d(path, contents=contents) for contents in ("analog", "markers", "force_plates")
        )
        assert analog.shape == (4896, 27) and markers.shape == (288, 90)
        assert find_trials(analog).sampling_rate == pytest.approx(1020)
        # The weight of a grown-up, upwards, in an axis of the laboratory.
        force = np.abs(plates[[f"plate_1_force_{axis}" for axis in "xyz"]]).max().max()
        assert 400 < force < 1500


class TestDamage:
    @pytest.mark.parametrize(
        ("offset", "code", "values", "message"),
        [
            (1, "B", [0], "not a C3D file: its second byte must be 0x50. Got 0x00"),
            (0, "B", [200], "byte 0: the parameters would begin in block 200"),
            (512 + 3, "B", [99], "byte 515: processor 99"),
        ],
    )
    def test_a_header_that_leads_nowhere(self, path, offset, code, values, message):
        with pytest.raises(ValueError, match=message) as error:
            read_c3d(changed(path, offset, code, *values))
        assert str(error.value).startswith("walk.c3d")

    @pytest.mark.parametrize(
        ("offset", "code", "values"),
        [
            *((2, "H", [4]), (4, "H", [55]), (4, "H", [60]), (6, "2H", [9, 3]), (6, "2H", [1, 60000])),
            *((6, "2H", [1, 65535]), (16, "H", [9999]), (18, "H", [0]), (20, "f", [float("nan")])),
        ],
    )
    def test_a_damaged_header_takes_nothing_from_the_parameters(self, path, offset, code, values):
        intact = {contents: read_c3d(path, contents=contents) for contents in CONTENTS}
        changed(path, offset, code, *values)
        for contents in CONTENTS:
            np.testing.assert_array_equal(read_c3d(path, contents=contents), intact[contents])

    def test_every_shorter_file_is_refused(self, path):
        raw = path.read_bytes()
        n_data = 10 * (3 * 4 + 14 * 4) * 4
        start = (struct.unpack_from("<H", raw, 16)[0] - 1) * 512
        for length in [0, 1, 511, 512, 1024, 1500, start, start + n_data - 1]:
            path.write_bytes(raw[:length])
            with pytest.raises(ValueError, match="walk.c3d"):
                read_c3d(path)
        path.write_bytes(raw[: start + n_data])
        assert len(read_c3d(path)) == 40

    @pytest.mark.parametrize(
        ("name", "field", "code", "value", "message"),
        [
            (b"GEN_SCALE", 11, "b", 3, "'GEN_SCALE' has the unknown type 3"),
            (b"GEN_SCALE", 12, "B", 200, "'GEN_SCALE' has 200 dimensions"),
            (b"OFFSET", 10, "B", 255, "'OFFSET' is longer than its place"),
            (b"OFFSET", 10, "B", 3, "ANALOG:OFFSET holds 3 numbers for 14 channels"),
            (b"USED", 0, "B", 88, None),
            (b"CORNERS", -1, "b", 77, "FORCE_PLATFORM:CORNERS must hold 12 numbers"),
        ],
    )
    def test_damage_blocks_what_needs_it(self, path, name, field, code, value, message):
        intact = read_c3d(path, contents="markers")
        changed(path, offset_of(path, name) + field, code, value)
        np.testing.assert_array_equal(read_c3d(path, contents="markers"), intact)
        if message is not None:
            with pytest.raises(ValueError, match=message):
                read_c3d(path, contents="force_plates")

    def test_a_broken_chain_is_told_and_names_what_it_cost(self, path):
        changed(path, offset_of(path, b"GEN_SCALE") + 9, "h", 30000)
        with pytest.warns(UserWarning, match="'GEN_SCALE' points outside the section: the parameters behind it"):
            try:
                read_c3d(path, contents="markers")
            except ValueError as error:
                assert "lost" in str(error)
        with pytest.raises(
            ValueError, match="ANALOG:.* 'GEN_SCALE' points outside the section, and what follows is lost"
        ):
            read_c3d(path)

    def test_a_scale_that_is_missing_is_told(self, path):
        changed(path, offset_of(path, b"GEN_SCALE"), "B", 88)
        with pytest.warns(UserWarning, match="walk.c3d: the parameter ANALOG:GEN_SCALE is missing"):
            read_c3d(path)
