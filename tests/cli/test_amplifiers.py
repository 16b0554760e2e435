"""The command line reads what amplifiers and their programs write."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from sk_bionic.cli import main
from sk_bionic.cli._config import read_config
from sk_bionic.cli._tables import read_frames

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
from _edf_bytes import write_edf
from _xdf_bytes import write_xdf

RATE = 1000
RANGE = (-3276.8, 3276.7)


def bursts(n, seed=0):
    """Raw EMG of bursts, in steps of 0.1 uV."""
    time = np.arange(n) / RATE
    noise = sosfiltfilt(
        butter(2, [20, 150], "bandpass", fs=RATE, output="sos"), np.random.default_rng(seed).normal(size=n)
    )
    return np.clip(5000 * (0.1 + np.sin(np.pi * time) ** 2) * noise, -32000, 32000).astype(int)


def edf(path, **options):
    knee = np.round(3000 * np.sin(2 * np.pi * 0.5 * np.arange(0, 8, 0.01))).astype(int)
    signals = {
        "BIC": (bursts(8000), RATE, "uV", RANGE),
        "TRI": (bursts(8000, 1), RATE, "uV", RANGE),
        "knee": (knee, 100, "deg", (-327.68, 327.67)),
    }
    return write_edf(path, signals, **options)


def delsys(path):
    rows = [f"{i / RATE:.7g},{1e-7 * v:.7g},{i / RATE:.7g},{1e-7 * w:.7g}" for i, (v, w) in enumerate(pairs())]
    path.write_text("\n".join(['X[s],"S: EMG 1",X[s],"S: EMG 2"', *rows, ""]))


def noraxon(path):
    rows = [f"{i / RATE:.5f},{0.1 * v:.7g},{0.1 * w:.7g}" for i, (v, w) in enumerate(pairs())]
    path.write_text("\n".join(['"Time,s","LT BICEPS BR.,uV","LT TRICEPS,uV"', *rows, ""]))


def pairs():
    return zip(bursts(8000), bursts(8000, 1), strict=True)


@pytest.mark.parametrize("write", [edf, delsys, noraxon], ids=["EDF", "Delsys", "Noraxon"])
def test_check_of_a_file_alone(tmp_path, capsys, write):
    path = tmp_path / ("curl.edf" if write is edf else "curl.csv")
    write(path)
    assert main(["check", str(path)]) == 0
    told = capsys.readouterr().out
    assert "raw EMG" in told and "1000" in told
    assert "knee" not in told


def test_check_of_a_stream_recording(tmp_path, capsys):
    pytest.importorskip("pyxdf")
    values = np.column_stack([bursts(8000), bursts(8000, 1)]) * 0.1
    stream = {"name": "A", "type": "EMG", "labels": ["BIC", "TRI"], "units": ["microvolts"] * 2, "rate": RATE}
    lost = np.delete(np.arange(8000), slice(3000, 5000))
    write_xdf(tmp_path / "curl.xdf", [{**stream, "stamps": lost / RATE, "values": values[lost], "offset": 0.0}])
    assert main(["check", str(tmp_path / "curl.xdf")]) == 1
    assert "irregular_time curl, 3 to 5 s" in capsys.readouterr().out


def test_emg_and_angle_of_annotated_trials(tmp_path):
    edf(tmp_path / "curls.edf", annotations=[(0, 4, "slow"), (4, 4, "fast")])
    settings = '[data]\nfiles = ["curls.edf"]\nemg = ["BIC", "TRI"]\nangle = ["knee"]\nframe_rate = 100\n'
    settings += "[emg]\nband = [20, 400]\nlow_pass = 4\n"
    (tmp_path / "knee.toml").write_text(settings)
    X, y = read_frames(read_config(tmp_path / "knee.toml"))
    assert X.index.get_level_values("trial").unique().tolist() == ["curls_slow", "curls_fast"]
    time = y.index.get_level_values("time").to_numpy()
    known = np.isfinite(y.to_numpy().ravel())
    expected = np.deg2rad(30) * np.sin(2 * np.pi * 0.5 * time)
    assert np.abs(y.to_numpy().ravel() - expected)[known].max() < 1e-3
    assert known.mean() > 0.97


def test_a_file_of_mne_without_mne_names_the_extra(tmp_path, monkeypatch, capsys):
    import sys

    monkeypatch.setitem(sys.modules, "mne", None)
    (tmp_path / "a.fif").write_bytes(b"x")
    assert main(["check", str(tmp_path / "a.fif")]) == 2
    assert "sk_bionic[mne]" in capsys.readouterr().err
