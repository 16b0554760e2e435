"""The same movement in files of other kinds, units, names and rates is the same movement."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sk_bionic.cli._config import read_config
from sk_bionic.cli._estimators import make_regressor
from sk_bionic.cli._tables import read_frames
from sk_bionic.io import write_sto
from sk_bionic.musculoskeletal import from_osim

PLAIN = '[data]\nfiles = ["walk_*.csv"]\nemg = ["a", "b"]\nangle = ["knee"]\nangle_unit = "rad"\n'


@pytest.fixture
def table():
    """Two trials of 2 s at 100 Hz."""
    time = np.arange(200) / 100
    index = pd.MultiIndex.from_product([["walk_1", "walk_2"], time], names=["trial", "time"])
    phase = 3 * index.get_level_values("time").to_numpy() + np.repeat([0, 1], 200)
    columns = {"a": 0.5 + 0.4 * np.sin(phase), "b": 0.5 + 0.4 * np.cos(phase), "knee": 0.8 * np.sin(phase + 1)}
    return pd.DataFrame(columns, index=index)


def config(folder, text=PLAIN):
    (folder / "walk.toml").write_text(text)
    return read_config(folder / "walk.toml")


def frames(folder, text=PLAIN):
    return read_frames(config(folder, text))


def written(table, folder, **options):
    for name, trial in table.groupby("trial"):
        trial.droplevel("trial").reset_index().to_csv(folder / f"{name}.csv", index=False, **options)


def agrees(got, table, rows=slice(None)):
    X, y = got
    pd.testing.assert_frame_equal(X, table[["a", "b"]].iloc[rows], rtol=1e-12)
    np.testing.assert_allclose(y["knee"], table["knee"].iloc[rows], rtol=1e-12)


def test_one_file_a_trial(table, tmp_path):
    written(table, tmp_path)
    agrees(frames(tmp_path), table)


def test_trials_in_a_column_degrees_semicolons_other_names_and_no_time(table, tmp_path):
    out = table.reset_index("trial").assign(knee=np.rad2deg(table["knee"].to_numpy()))
    out = out.rename(columns={"a": "EMG 1", "knee": "Knee angle", "trial": "walk"})
    out.to_csv(tmp_path / "all.csv", sep=";", index=False)
    text = (
        '[data]\nfiles = "all.csv"\nemg = {a = "EMG 1", b = "b"}\nangle = {knee = "Knee angle"}\nangle_unit = "deg"\n'
        'separator = ";"\ntrial = "walk"\nsampling_rate = 100\n'
    )
    agrees(frames(tmp_path, text), table)


def test_parquet(table, tmp_path):
    pytest.importorskip("pyarrow")
    table.to_parquet(tmp_path / "all.parquet")
    agrees(frames(tmp_path, PLAIN.replace("walk_*.csv", "all.parquet")), table)


@pytest.mark.parametrize("in_degrees", [False, True])
def test_storages_tell_their_unit_themselves(table, tmp_path, in_degrees):
    for name in ("walk_1", "walk_2"):
        write_sto(table, tmp_path / f"{name}.mot", trial=name, in_degrees=in_degrees, rotational=["knee"])
    text = PLAIN.replace(".csv", ".mot").replace('angle_unit = "rad"\n', "")
    agrees(frames(tmp_path, text), table)


def test_angles_of_other_files_and_another_rate(table, tmp_path):
    """EMG at 100 Hz in one file, angles at 50 Hz in another of the same name, both wanted at 25 Hz."""
    for name, trial in table.groupby("trial"):
        trial[["a", "b"]].droplevel("trial").reset_index().to_csv(tmp_path / f"{name}.csv", index=False)
        write_sto(trial[["knee"]].iloc[::2], tmp_path / f"{name}.mot", trial=name)
    text = PLAIN + 'angle_files = "walk_*.mot"\n'
    with pytest.raises(ValueError, match="sampled at different times.*frame_rate = 100"):
        frames(tmp_path, text)
    X, y = frames(tmp_path, text + "frame_rate = 25\n")
    expected = table[table.index.get_level_values("time").isin(np.arange(0, 2, 0.04).round(2))]
    np.testing.assert_allclose(X, expected[["a", "b"]], atol=1e-3)  # after the anti-aliasing filter
    np.testing.assert_allclose(y, expected[["knee"]], atol=1e-3)
    assert X.index.unique("trial").tolist() == ["walk_1", "walk_2"]


def test_frames_where_no_angle_was_measured_are_unknown(table, tmp_path):
    for name, trial in table.groupby("trial"):
        trial[["a", "b"]].droplevel("trial").reset_index().to_csv(tmp_path / f"{name}.csv", index=False)
        write_sto(trial[["knee"]].iloc[50:150], tmp_path / f"{name}.mot", trial=name)
    _, y = frames(tmp_path, PLAIN + 'angle_files = "walk_*.mot"\nframe_rate = 100\n')
    assert np.isnan(y["knee"].to_numpy().reshape(2, 200)).sum(axis=0).tolist() == [2] * 50 + [0] * 100 + [2] * 50


def test_raw_emg_becomes_envelopes_before_it_is_thinned(tmp_path):
    time = np.arange(3000) / 1000
    rng = np.random.default_rng(0)
    burst = 0.2 + 0.8 * (np.abs(time - 1.5) < 0.5)
    raw = pd.DataFrame({"time": time, "a": burst * rng.normal(size=3000), "b": rng.normal(size=3000), "knee": 1.0})
    raw.to_csv(tmp_path / "walk_1.csv", index=False)
    X, _ = frames(tmp_path, PLAIN + "frame_rate = 50\n[emg]\nlow_pass = 6\n")
    assert len(X) == 150 and (X >= 0).all(axis=None)
    a = X["a"].to_numpy()
    assert a[60:90].min() > 2 * a[np.r_[:40, 110:150]].max()


def test_c3d(tmp_path):
    pytest.importorskip("ezc3d")
    sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
    from _sample_files import c3d_signals, write_c3d

    write_c3d(tmp_path / "walk_1.c3d")
    text = '[data]\nfiles = "walk_*.c3d"\nemg = {a = "EMG1", b = "EMG2"}\nangle = ["EMG3"]\nangle_unit = "deg"\n'
    X, y = frames(tmp_path, text)
    signals = c3d_signals(3, 14, 10, 4)[1][0]
    np.testing.assert_allclose(X, signals[:2].T, rtol=1e-6)
    np.testing.assert_allclose(y["EMG3"], np.deg2rad(signals[2]), rtol=1e-6)


def test_further_columns_and_prescribed_angles(table, tmp_path):
    out = table.assign(hand_load_kg=1.5, hip=30.0, knee=np.rad2deg(table["knee"]))
    written(out, tmp_path)
    text = (
        PLAIN.replace('"rad"', '"deg"') + 'other = ["hand_load_kg"]\nprescribed_angles = ["hip"]\n[emg]\nband = false\n'
    )
    X, _ = frames(tmp_path, text)
    assert X.columns.tolist() == ["a", "b", "hip", "hand_load_kg"]
    assert (X["hand_load_kg"] == 1.5).all()  # no EMG: not filtered
    np.testing.assert_allclose(X["hip"], np.deg2rad(30.0))


def test_a_model_of_opensim(tmp_path):
    sys.path.append(str(Path(__file__).resolve().parents[1] / "musculoskeletal" / "opensim_model"))
    import limb_text

    (tmp_path / "limb.osim").write_text(limb_text.document())
    whole = from_osim(tmp_path / "limb.osim", ["shoulder_angle", "elbow_angle"])
    some = list(whole.muscle_names[:2])
    text = f'[data]\nemg = {some}\nangle = ["shoulder_angle", "elbow_angle"]\n[estimator]\nmodel = "limb.osim"\n'
    model = make_regressor(config(tmp_path, text + '[osim]\ntendon = "elastic"\n')).model
    assert list(model.muscle_names) == some and model.coordinate_names == ("shoulder_angle", "elbow_angle")
    assert model.elastic.all()
    drives = "channels = {" + ", ".join(f'{muscle} = "EMG"' for muscle in some) + "}"
    model = make_regressor(config(tmp_path, text.replace(str(some), '["EMG"]') + f"[osim]\n{drives}\n")).model
    assert list(model.muscle_names) == some and list(model.channels) == ["EMG"]
    with pytest.raises(ValueError, match=r"\[osim\] has 'tendons'.*Do you mean 'tendon'"):
        config(tmp_path, text + '[osim]\ntendons = "elastic"\n')
