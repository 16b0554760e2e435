"""Every kind of C3D file gives the numbers that were written into it, and what other readers read of it."""

import struct
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from sk_bionic.cli import main
from sk_bionic.inspection import check_recording
from sk_bionic.io import read_c3d

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
from _c3d_bytes import write_c3d_bytes

POINT, ANALOG, TRIAL = "POINT", "ANALOG", "TRIAL"


def recording(n_frames=5, n_points=2, n_channels=2, samples=10):
    """Stored integers: points with the residual's word, analog."""
    rng = np.random.default_rng(0)
    points = rng.integers(-3000, 3000, (n_frames, n_points, 4))
    points[:, :, 3] = 0
    return points, rng.integers(-2000, 2000, (n_frames * samples, n_channels))


def written(folder, points=None, analog=None, **options):
    return write_c3d_bytes(folder / "walk.c3d", points, analog, **{"samples": 10, **options})


def silently(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_c3d(path, **options)


@pytest.mark.parametrize("processor", ["intel", "dec", "mips"])
@pytest.mark.parametrize("scale", [-0.5, 0.5])
def test_processors_and_formats(tmp_path, processor, scale):
    points, analog = recording()
    points[2, 1, 3] = -1
    changes = {
        (ANALOG, "GEN_SCALE"): 0.25,
        (ANALOG, "SCALE"): np.array([2.0, -4.0]),
        (ANALOG, "OFFSET"): np.array([100, -300]),
    }
    path = written(tmp_path, points, analog, processor=processor, scale=scale, changes=changes)
    np.testing.assert_allclose(silently(path), (analog - [100, -300]) * [0.5, -1.0])
    markers = silently(path, contents="markers").to_numpy().reshape(5, 2, 3)
    expected = 1e-3 * points[:, :, :3] * (1.0 if scale < 0 else scale)
    assert np.isnan(markers[2, 1]).all() and np.isfinite(markers).sum() == markers.size - 3
    np.testing.assert_allclose(markers[markers == markers], np.delete(expected.reshape(10, 3), 5, axis=0).ravel())


@pytest.mark.parametrize("scale", [0.1, -0.1])
def test_counts_without_a_sign(tmp_path, scale):
    counts = np.array([[0, 65535], [32768, 32767], [40000, 12]] * 20)
    changes = {(ANALOG, "OFFSET"): np.array([32768, 32768]), (ANALOG, "FORMAT"): "UNSIGNED", (ANALOG, "BITS"): 16}
    path = written(tmp_path, None, counts, scale=scale, changes=changes)
    np.testing.assert_allclose(silently(path), counts - 32768)
    if scale < 0:  # the counts themselves tell, where they were kept as floating point
        path = written(tmp_path, None, counts, scale=scale, changes={**changes, (ANALOG, "FORMAT"): "SIGNED"})
        np.testing.assert_allclose(silently(path), counts - 32768)


LONG = 70000
FIELDS = {(TRIAL, "ACTUAL_START_FIELD"): np.array([1, 0]), (TRIAL, "ACTUAL_END_FIELD"): np.array([LONG - 65536, 1])}


@pytest.mark.parametrize(
    "changes",
    [
        FIELDS,
        {(POINT, "LONG_FRAMES"): float(LONG)},
        {(POINT, "FRAMES"): float(LONG)},
        {(POINT, "FRAMES"): LONG - 65536, **FIELDS},
        {(POINT, "FRAMES"): None, **FIELDS},
        {**FIELDS, (POINT, "LONG_FRAMES"): float(LONG)},
    ],
)
def test_more_frames_than_16_bits_count(tmp_path, changes):
    """And none of those that the filled last block seems to hold."""
    points = np.zeros((LONG, 1, 4))
    points[:, 0, 0] = np.arange(LONG)
    markers = silently(written(tmp_path, points, changes=changes), contents="markers")
    assert len(markers) == LONG and markers["M0_x"].iloc[-1] == pytest.approx((LONG - 1) / 1000)


def test_more_frames_than_counted_anywhere(tmp_path):
    points = np.ones((LONG, 8, 4))
    path = written(tmp_path, points)
    with pytest.warns(UserWarning, match="walk.c3d: the number of frames is stated as 65535, .* 70000, which are read"):
        markers = read_c3d(path, contents="markers")
    assert len(markers) == LONG
    points = points[:65535, :1]
    assert len(silently(written(tmp_path, points), contents="markers")) == 65535


class TestParametersAndHeader:
    @pytest.mark.parametrize(
        "changes",
        [
            {(POINT, "FRAMES"): None},
            {(POINT, "FRAMES"): 5.0},
            {(POINT, "FRAMES"): 0},
            {(ANALOG, "RATE"): None},
            {(ANALOG, "RATE"): 0.0},
            {(POINT, "RATE"): None},
            {(POINT, "RATE"): 0.0},
            {(POINT, "SCALE"): None},
            {(POINT, "USED"): None, (ANALOG, "USED"): None},
            {(POINT, "DATA_START"): 0},
            {(ANALOG, "RATE"): 999.94},
        ],
    )
    def test_the_header_helps_where_a_parameter_says_nothing(self, tmp_path, changes):
        points, analog = recording()
        path = written(tmp_path, points, analog, changes=changes)
        table = silently(path)
        np.testing.assert_allclose(table, analog)
        assert table.attrs["sampling_rate"] == pytest.approx(1000)
        assert silently(path, contents="markers").shape == (5, 6)

    @pytest.mark.parametrize("header", [{2: 0}, {3: 0}, {5: 65000}, {5: 2}, {10: 3}, {7: 1.0}, {3: 7}])
    def test_parameters_hold_against_the_header(self, tmp_path, header):
        points, analog = recording()
        path = written(tmp_path, points, analog, header=header)
        np.testing.assert_allclose(silently(path), analog)
        assert silently(path, contents="markers").shape == (5, 6)

    def test_the_parameters_rate_holds_and_the_headers_is_told(self, tmp_path):
        path = written(tmp_path, *recording(), header={11: 99.1})
        with pytest.warns(UserWarning, match="walk.c3d: the header says 99.1 frames a second, .* POINT:RATE 100"):
            assert read_c3d(path).attrs["sampling_rate"] == 1000.0

    @pytest.mark.parametrize(
        "changes", [{(ANALOG, "RATE"): 100.0}, {(ANALOG, "RATE"): 2000.0}, {(ANALOG, "USED"): 1}, {(POINT, "USED"): 30}]
    )
    def test_counts_that_the_length_contradicts(self, tmp_path, changes):
        """A rate typed wrong must not make other numbers of the file's data."""
        points, analog = recording(n_frames=60)
        path = written(tmp_path, points, analog, changes=changes)
        with pytest.warns(UserWarning, match="walk.c3d: the file is too (short|long) for the parameters'"):
            np.testing.assert_allclose(read_c3d(path), analog)
        np.testing.assert_allclose(silently(written(tmp_path, points, analog, header={10: 3})), analog)

    def test_a_scale_of_zero_is_told(self, tmp_path):
        path = written(tmp_path, *recording(), changes={(ANALOG, "GEN_SCALE"): 0.0})
        with pytest.warns(UserWarning, match="walk.c3d: the parameter ANALOG:GEN_SCALE is 0"):
            assert not read_c3d(path).to_numpy().any()

    def test_data_start_of_the_parameters(self, tmp_path):
        points, analog = recording()
        path = written(tmp_path, points, analog, changes={(POINT, "DATA_START"): 4})
        raw = path.read_bytes()
        path.write_bytes(raw[:1024] + b"\xff" * 512 + raw[1536 - 512 :])  # a block of something else in between
        start = struct.unpack_from("<H", raw, 16)[0]
        assert start == 3
        np.testing.assert_allclose(silently(path), analog)

    def test_parameters_behind_the_data(self, tmp_path):
        points, analog = recording()
        raw = bytearray(written(tmp_path, points, analog).read_bytes())
        section, data = raw[512:1024], raw[1024:]
        raw[0] = 2 + len(data) // 512
        struct.pack_into("<H", raw, 16, 2)
        (tmp_path / "walk.c3d").write_bytes(bytes(raw[:512] + data + section))
        np.testing.assert_allclose(silently(tmp_path / "walk.c3d"), analog)

    def test_no_analog_group_and_empty_ones(self, tmp_path):
        points, _ = recording()
        names = ("USED", "RATE", "LABELS", "UNITS", "GEN_SCALE", "SCALE", "OFFSET")
        for value in ({(ANALOG, name): None for name in names}, {(ANALOG, "RATE"): 0.0}):
            path = written(tmp_path, points, samples=1, changes=value)
            assert silently(path, contents="markers").shape == (5, 6)
            with pytest.raises(ValueError, match="walk.c3d: there are no analog channels"):
                read_c3d(path)


def test_many_channels_have_names_units_scales_and_offsets(tmp_path):
    n = 300
    analog = np.arange(20 * n).reshape(20, n)
    changes = {
        (ANALOG, "LABELS2"): [f"E{i}" for i in range(255, n)],
        (ANALOG, "UNITS2"): ["uV"] * (n - 255),
        (ANALOG, "SCALE2"): np.full(n - 255, 2.0),
        (ANALOG, "OFFSET2"): np.full(n - 255, 7),
    }
    table = silently(written(tmp_path, None, analog, changes=changes))
    assert table.columns[254] == "E254" and table.columns[-1] == "E299"
    assert table.attrs["units"]["E254"] == "V" and table.attrs["units"]["E255"] == "uV"
    np.testing.assert_allclose(table.to_numpy()[:, 254], analog[:, 254])
    np.testing.assert_allclose(table.to_numpy()[:, 255:], 2 * (analog[:, 255:] - 7))


@pytest.mark.parametrize(
    ("unit", "metres"),
    [
        *(("mm", 1e-3), ("MM", 1e-3), ("millimeters", 1e-3), ("Millimetre", 1e-3), ("mill", 1e-3), ("cm", 1e-2)),
        *(("m", 1.0), ("mete", 1.0), ("meters", 1.0), ("METRES", 1.0), ("inches", 0.0254), ("feet", 0.3048)),
    ],
)
def test_units_of_length(tmp_path, unit, metres):
    points, analog = recording()
    path = written(tmp_path, points, analog, changes={(POINT, "UNITS"): [unit]})
    markers = silently(path, contents="markers").to_numpy()
    np.testing.assert_allclose(markers, metres * points[:, :, :3].reshape(5, 6))


def test_an_unknown_unit_blocks_the_markers_alone(tmp_path):
    points, analog = recording()
    path = written(tmp_path, points, analog, changes={(POINT, "UNITS"): ["furlong"]})
    np.testing.assert_allclose(silently(path), analog)
    with pytest.raises(ValueError, match="walk.c3d: POINT:UNITS must be a unit of length: mm, .* Got 'furlong'"):
        read_c3d(path, contents="markers")


class TestClock:
    def test_a_part_of_a_recording_keeps_the_recordings_times(self, tmp_path):
        points, analog = recording(n_frames=6)
        whole = silently(written(tmp_path, points, analog))
        changes = {(TRIAL, "ACTUAL_START_FIELD"): np.array([3, 0]), (TRIAL, "ACTUAL_END_FIELD"): np.array([6, 0])}
        for options in ({"header": {4: 3, 5: 6}}, {"changes": changes}):
            part = silently(written(tmp_path, points[2:], analog[20:], **options))
            assert part.attrs["first_frame"] == 3
            np.testing.assert_allclose(part, whole.iloc[20:])
            times = [t.index.get_level_values("time") for t in (part, whole.iloc[20:])]
            np.testing.assert_allclose(*times)
        markers = silently(tmp_path / "walk.c3d", contents="markers")
        assert markers.index.get_level_values("time")[0] == pytest.approx(0.02)

    def test_a_first_frame_beyond_16_bits(self, tmp_path):
        changes = {(TRIAL, "ACTUAL_START_FIELD"): np.array([10, 1]), (TRIAL, "ACTUAL_END_FIELD"): np.array([14, 1])}
        assert silently(written(tmp_path, *recording(), changes=changes)).attrs["first_frame"] == 65546

    def test_a_range_of_other_length_is_not_that_of_the_data(self, tmp_path):
        changes = {(TRIAL, "ACTUAL_START_FIELD"): np.array([50, 0]), (TRIAL, "ACTUAL_END_FIELD"): np.array([400, 0])}
        path = written(tmp_path, *recording(), changes=changes, header={4: 7, 5: 11})
        assert silently(path).attrs["first_frame"] == 7


class TestOtherReaders:
    """Files that both can read, read alike."""

    @pytest.mark.parametrize("scale", [-0.5, 0.5])
    def test_c3d(self, tmp_path, scale):
        pure = pytest.importorskip("c3d")
        points, analog = recording()
        changes = {(ANALOG, "OFFSET"): np.array([100, -300]), (ANALOG, "SCALE"): np.array([2.0, -4.0])}
        path = written(tmp_path, points, analog, scale=scale, changes=changes)
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frames = list(pure.Reader(file).read_frames())
        np.testing.assert_allclose(silently(path), np.concatenate([frame[2].T for frame in frames]))
        theirs = np.array([frame[1][:, :3] for frame in frames]).reshape(5, 6)
        np.testing.assert_allclose(silently(path, contents="markers"), 1e-3 * theirs, rtol=1e-6)

    @pytest.mark.parametrize("kind", [1, 2, 3, 4])
    def test_force_plates_of_ezc3d(self, tmp_path, kind):
        ezc3d = pytest.importorskip("ezc3d")
        n = 8 if kind == 3 else 6
        rng = np.random.default_rng(1)
        analog = rng.normal(size=(50, 2 * n)) + 5.0
        corner = np.array([[400.0, 600, 0], [0, 600, 0], [0, 0, 0], [400, 0, 0]])
        changes = {
            ("FORCE_PLATFORM", "USED"): 2,
            ("FORCE_PLATFORM", "TYPE"): np.array([kind, kind]),
            ("FORCE_PLATFORM", "CHANNEL"): np.arange(1, 2 * n + 1).reshape(2, n),
            ("FORCE_PLATFORM", "CORNERS"): np.stack([corner, corner + [0.0, 700.0, 20.0]]),
            ("FORCE_PLATFORM", "ORIGIN"): np.array([[120.0, 200, -40], [110, 210, -45]]),
            ("FORCE_PLATFORM", "CAL_MATRIX"): rng.normal(size=(2, 6, 6)),
            ("FORCE_PLATFORM", "FPCOPPOLY"): 1e-6 * rng.normal(size=(2, 12)),
            (ANALOG, "UNITS"): ["N"] * 2 * n,
        }
        path = written(tmp_path, np.ones((5, 1, 4)), analog, changes=changes)
        theirs = ezc3d.c3d(str(path), extract_forceplat_data=True)["data"]["platform"]
        ours = silently(path, contents="force_plates")
        for number, plate in enumerate(theirs, 1):
            for name, key, scale in (("force", "force", 1), ("center_of_pressure", "center_of_pressure", 1e-3)):
                got = ours[[f"plate_{number}_{name}_{axis}" for axis in "xyz"]]
                np.testing.assert_allclose(got, scale * plate[key].T, rtol=1e-5, atol=1e-6)
            moment = ours[[f"plate_{number}_moment_{axis}" for axis in "xyz"]].to_numpy()
            if kind != 1:
                np.testing.assert_allclose(moment, 1e-3 * plate["moment"].T, rtol=1e-5, atol=1e-6)


def test_the_moment_of_a_plate_is_that_of_its_force_at_the_center_of_pressure(tmp_path):
    """Type 1 states the centre, the others imply it: moment = centre x force + free moment."""
    corner = np.array([[400.0, 600, 0], [0, 600, 0], [0, 0, 0], [400, 0, 0]])
    changes = {
        ("FORCE_PLATFORM", "USED"): 2,
        ("FORCE_PLATFORM", "TYPE"): np.array([1, 2]),
        ("FORCE_PLATFORM", "CHANNEL"): np.arange(1, 13).reshape(2, 6),
        ("FORCE_PLATFORM", "CORNERS"): np.stack([corner, corner]),
        ("FORCE_PLATFORM", "ORIGIN"): np.array([[0.0, 0, -40], [1, 2, -40]]),
        (ANALOG, "UNITS"): ["N", "N", "N", "mm", "mm", "Nmm", "N", "N", "N", "Nm", "Newton-meters", "N.m"],
    }
    analog = 5.0 + np.random.default_rng(0).normal(size=(50, 12))
    table = silently(written(tmp_path, None, analog, changes=changes), contents="force_plates")
    for number in (1, 2):
        names = ("force", "moment", "center_of_pressure", "free_moment")
        force, moment, center, free = (
            table[[f"plate_{number}_{name}_{axis}" for axis in "xyz"]].to_numpy() for name in names
        )
        arm = center - 1e-3 * corner.mean(axis=0)
        np.testing.assert_allclose(moment, np.cross(arm, force) + free, atol=1e-9)
        # Type 1 states the free moment, here in N mm; the moments of type 2 are here in N m.
        stated, unit = (free[:, 2], 1e-3) if number == 1 else (moment[:, 2], 1.0)
        np.testing.assert_allclose(np.abs(stated), unit * analog[:, 6 * number - 1], rtol=0.1)


def test_a_plate_of_another_kind_is_left_out_with_a_word(tmp_path):
    corner = np.array([[400.0, 600, 0], [0, 600, 0], [0, 0, 0], [400, 0, 0]])
    changes = {
        ("FORCE_PLATFORM", "USED"): 2,
        ("FORCE_PLATFORM", "TYPE"): np.array([21, 2]),
        ("FORCE_PLATFORM", "CHANNEL"): np.arange(1, 13).reshape(2, 6),
        ("FORCE_PLATFORM", "CORNERS"): np.stack([corner, corner]),
        ("FORCE_PLATFORM", "ORIGIN"): np.array([[0.0, 0, -40], [1, 2, -40]]),
    }
    path = written(tmp_path, None, np.ones((50, 12)), changes=changes)
    with pytest.warns(UserWarning, match="walk.c3d: force plate 1 is left out: its FORCE_PLATFORM:TYPE is 21"):
        table = read_c3d(path, contents="force_plates")
    assert {name.split("_")[1] for name in table} == {"2"}


def test_counts_are_not_believed_without_frames(tmp_path):
    changes = {(POINT, "USED"): 2e9, (ANALOG, "USED"): 2e9, (POINT, "FRAMES"): None}
    path = written(tmp_path, *recording(), changes=changes, header={2: 65535, 5: 0})
    with pytest.raises(ValueError, match="walk.c3d: there are no frames"):
        read_c3d(path)


def test_frames_of_a_truncated_file_on_request(tmp_path):
    points, analog = recording(n_frames=200)
    path = written(tmp_path, points, analog)
    path.write_bytes(path.read_bytes()[:-2048])
    with pytest.raises(ValueError, match="truncated .* Pass `check_row_count=False`"):
        read_c3d(path)
    table = silently(path, check_row_count=False)
    assert 150 < len(table) / 10 < 200
    np.testing.assert_allclose(table, analog[: len(table)])


class TestWhichChannelsCanBeEMG:
    """A force plate's channels, and those in another unit than one of voltage, are none."""

    PLATE = {("FORCE_PLATFORM", "USED"): 1, ("FORCE_PLATFORM", "CHANNEL"): np.array([[2, 3, 4, 5, 6, 7]])}

    def emg_of(self, folder, labels, units, plate=True):
        analog = recording(n_channels=len(labels))[1]
        changes = {(ANALOG, "LABELS"): labels, (ANALOG, "UNITS"): units, **(self.PLATE if plate else {})}
        return silently(written(folder, None, analog, changes=changes)).attrs["emg"]

    def test_by_plates_units_and_names(self, tmp_path):
        labels = ["TA", *"abcdef", "SOL", "knee"]
        assert self.emg_of(tmp_path, labels, ["V"] * 8 + ["deg"]) == ["TA", "SOL"]
        assert self.emg_of(tmp_path, labels, ["V"] + ["N"] * 3 + ["Nmm"] * 3 + ["", "deg"], False) == ["TA", "SOL"]
        assert self.emg_of(tmp_path, ["emg_TA", *labels[1:]], ["V"] * 9) == ["emg_TA"]

    def test_a_file_that_does_not_tell_and_a_damaged_one(self, tmp_path):
        assert self.emg_of(tmp_path, ["a", "b"], ["", ""], plate=False) == ["a", "b"]
        path = written(tmp_path, *recording(), changes={("FORCE_PLATFORM", "USED"): 3})
        assert silently(path).attrs["emg"] == ["E0", "E1"]

    def test_a_check_leaves_the_others_out(self, tmp_path, capsys):
        rng = np.random.default_rng(0)
        analog = np.column_stack([rng.normal(size=8000), np.full((8000, 6), 400.0), rng.normal(size=8000)])
        changes = {(ANALOG, "LABELS"): ["TA", *"abcdef", "SOL"], (ANALOG, "UNITS"): ["V"] * 8, **self.PLATE}
        path = written(tmp_path, None, analog, changes=changes)
        assert check_recording(silently(path)).channels == ("TA", "SOL")
        main(["check", str(path)])
        printed = capsys.readouterr().out
        assert "6 column(s) that are no EMG are left out: a, b, c, d, e, f." in printed and "2 channel(s)" in printed

    def test_a_check_of_force_plates_alone_says_so(self, tmp_path, capsys):
        changes = {(ANALOG, "LABELS"): list("zabcdef"), (ANALOG, "UNITS"): ["deg"] + ["V"] * 6, **self.PLATE}
        path = written(tmp_path, None, recording(n_channels=7)[1], changes=changes)
        assert main(["check", str(path)]) == 2
        assert "no column can be EMG: z, a, b, c, d, e." in " ".join(capsys.readouterr().err.split())
