"""Faults found before a fit, and calibration to moments, as the library does them."""

import re

import numpy as np
import pandas as pd
import pytest

from sk_bionic import calibrate_to_moments, predict_moments
from sk_bionic.cli import main
from sk_bionic.cli._outputs import output_paths
from sk_bionic.cli._words import in_plain_words
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.inspection import check_recording
from sk_bionic.io import read_sto, write_sto


def test_a_good_recording_has_no_findings(example, run):
    printed = run("check", example / "elbow.toml")
    assert "elbow.toml: 2 channel(s) of EMG envelopes, 3 trial(s)" in printed and "explains" in printed


def test_faults_are_those_of_the_library_and_end_with_status_1(example, tmp_path, capsys):
    for name in ("trial_00", "trial_01", "trial_02"):
        table = pd.read_csv(example / f"{name}.csv")
        table.loc[100:180, "biceps"] = table.loc[100, "biceps"] if name == "trial_01" else table.loc[100:180, "biceps"]
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "elbow.toml").write_text((example / "elbow.toml").read_text())
    assert main(["check", str(tmp_path / "elbow.toml"), "-o", str(tmp_path / "findings.csv")]) == 1
    printed = capsys.readouterr().out
    tables = [pd.read_csv(p).assign(trial=p.stem) for p in sorted(tmp_path.glob("trial_*.csv"))]
    frames = pd.concat(tables).set_index(["trial", "time"])
    expected = check_recording(frames[["biceps", "triceps"]], np.deg2rad(frames["elbow_flexion"])).findings
    found = pd.read_csv(tmp_path / "findings.csv")
    assert found["kind"].tolist() == expected["kind"].tolist() and "flat" in set(found["kind"])
    assert "flat trial_01, biceps, 1 to 1.8 s" in printed and "np." not in printed and "`" not in printed


def test_recordings_without_a_configuration(example, tmp_path, capsys):
    table = pd.read_csv(example / "trial_00.csv").drop(columns="elbow_flexion").assign(triceps=0.3)
    for name in ("one", "two"):
        table.rename(columns={"time": "t"}).to_csv(tmp_path / f"{name}.csv", index=False)
    assert main(["check", str(tmp_path / "*.csv"), "--set", "data.time=t"]) == 1
    printed = capsys.readouterr().out
    assert "one.csv, two.csv: 2 channel(s)" in printed and "flat" in printed and "duplicated_trial" in printed
    assert main(["check", str(tmp_path / "one.csv")]) == 2
    assert "there is no column 'time'" in " ".join(capsys.readouterr().err.split())
    assert main(["check", str(tmp_path / "one.csv"), "--set", "estimator.lr=1"]) == 2
    assert "settings of [data] only" in capsys.readouterr().err


def test_angles_of_a_slower_file_are_checked_with_emg_at_its_own_rate(tmp_path, capsys):
    time = np.arange(4000) / 1000
    rng = np.random.default_rng(0)
    pd.DataFrame({"time": time, "a": rng.normal(size=4000) * (1.2 + np.sin(time))}).to_csv(
        tmp_path / "w.csv", index=False
    )
    pd.DataFrame({"time": time[::10], "knee": np.sin(3 * time[::10])}).to_csv(tmp_path / "w.txt", index=False)
    text = '[data]\nfiles = "w.csv"\nangle_files = "w.txt"\nemg = "a"\nangle = "knee"\nangle_unit = "rad"\n'
    (tmp_path / "w.toml").write_text(text)
    main(["check", str(tmp_path / "w.toml")])
    assert "1 channel(s) of raw EMG, 1 trial(s), 4.0 s at 1000 Hz" in capsys.readouterr().out


@pytest.fixture(scope="module")
def moment_recording(tmp_path_factory):
    """A laboratory's EMG, angles and moments of an elbow whose muscles are a fifth stronger than the preset's."""
    folder = tmp_path_factory.mktemp("moments")
    flexion = make_elbow_flexion(2, duration=3.0, angle_noise=0.0, random_state=0)
    X = flexion.data.assign(elbow_flexion=flexion.target)
    moments = 1.2 * predict_moments(flexion.model, X)
    for name in X.index.unique("trial"):
        emg = flexion.data.loc[name].reset_index()
        emg.to_csv(folder / f"{name}_emg.csv", index=False)
        write_sto(flexion.target, folder / f"{name}_ik.mot", trial=name, in_degrees=True)
        renamed = moments.rename(columns={"elbow_flexion": "elbow_flexion_moment"})
        write_sto(renamed, folder / f"{name}_id.sto", trial=name)
    (folder / "elbow.toml").write_text(
        '[data]\nfiles = ["*_emg.csv"]\nangle_files = ["*_ik.mot"]\nmoment_files = ["*_id.sto"]\nemg = ["biceps", '
        '"triceps"]\n'
        'angle = ["elbow_flexion"]\nmoments = ["elbow_flexion"]\n[estimator]\nmodel = "elbow"\n'
    )
    return folder, X, moments


def test_calibration_to_moments_is_that_of_the_library(moment_recording, run, tmp_path):
    from sk_bionic.musculoskeletal import elbow

    folder, X, moments = moment_recording
    printed = run("moments", folder / "elbow.toml", "--parameters", tmp_path / "p.csv", "-o", tmp_path / "m.sto")
    found = calibrate_to_moments(elbow(), X, moments)
    table = pd.read_csv(tmp_path / "p.csv")
    np.testing.assert_allclose(table["value"], found.parameters["value"], rtol=1e-6)
    expected = found.predict(X)
    for name in X.index.unique("trial"):
        got = read_sto(tmp_path / f"m_{name}_emg.sto")
        np.testing.assert_allclose(got["elbow_flexion"], expected.loc[name, "elbow_flexion"], rtol=1e-5, atol=1e-6)
    assert "elbow_flexion: " in printed and "N m of" in printed
    asked = 'estimator.identify=["max_isometric_force"]'
    run("moments", folder / "elbow.toml", "--parameters", tmp_path / "few.csv", "--set", asked)
    assert set(pd.read_csv(tmp_path / "few.csv")["name"]) == {"max_isometric_force"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace('moments = ["elbow_flexion"]\n', ""), r"must name the coordinates whose moments"),
        (lambda text: text.replace('model = "elbow"', 'model = "auto"'),
        r"moments need a model with muscles of known geometry"),
        (lambda text: text.replace("*_id.sto", "*_emg.csv"), r"there is no column 'elbow_flexion'"),
        (lambda text: text.replace("*_id.sto", "trial_00_id.sto"), r"No file.s. of .data. moment_files belong to "
        r".*trial_00_emg"),
    ],
)  # fmt: skip
def test_what_is_missing_for_moments_is_named(moment_recording, run, change, message):
    folder = moment_recording[0]
    (folder / "wrong.toml").write_text(change((folder / "elbow.toml").read_text()))
    printed = run("moments", folder / "wrong.toml", code=2)
    assert re.search(message, printed), printed


def test_trials_whose_names_become_one_file_name_are_kept_apart(tmp_path):
    names = ["a/b", "a_b", "A b", "a_b_2", 3, "3"]
    paths = output_paths(tmp_path / "p.sto", names)
    assert list(paths) == names and len({path.name.lower() for path in paths.values()}) == len(names)
    assert paths["a/b"].name == "p_a_b.sto" and output_paths(tmp_path / "p.csv", names) == {"a/b": tmp_path / "p.csv"}


def test_predictions_of_such_trials_do_not_overwrite_one_another(example, run, tmp_path):
    tables = [pd.read_csv(example / f"trial_0{k}.csv").assign(trial=name) for k, name in enumerate(("a/b", "a b"))]
    pd.concat(tables).to_csv(tmp_path / "all.csv", index=False)
    run("predict", example / "elbow.toml", tmp_path / "all.csv", "-o", tmp_path / "p.sto")
    run("predict", example / "elbow.toml", tmp_path / "all.csv", "-o", tmp_path / "p.csv")
    whole = pd.read_csv(tmp_path / "p.csv").set_index("trial")["elbow_flexion"]
    for path, name in (("p_a_b.sto", "a/b"), ("p_a_b_2.sto", "a b")):
        got = read_sto(tmp_path / path)
        np.testing.assert_allclose(np.rad2deg(got["elbow_flexion"]), whole[name], rtol=1e-9)


@pytest.mark.parametrize(
    ("message", "plain"),
    [
        ("If they are in degrees, pass np.deg2rad(y).", 'If they are in degrees, say angle_unit = "deg" in [data].'),
        ("X lacks the EMG columns ['a'].", "The recording lacks the EMG columns ['a']."),
        ("Use a longer trial or a smaller `history`.", "Use a longer trial or a smaller history in [estimator]."),
        ("The 'lr' parameter of PhysicsInformedMSKRegressor must be", "The 'lr' parameter in [estimator] must be"),
        ("see `parameters_`.", "see the table of parameters (--parameters FILE writes it)."),
        ("Column 'X', row 3 is nan.", "Column 'X', row 3 is nan."),
    ],
)
def test_no_programming_in_messages(message, plain):
    assert in_plain_words(message) == plain


def test_times_of_a_computers_clock_tell_the_place(tmp_path, capsys):
    start = 1_667_316_692.8
    time = start + np.arange(6000) / 1000
    table = pd.DataFrame({"time": time, "a": np.random.default_rng(0).normal(size=6000)})
    table.loc[3000:4000, "a"] = 0.0
    table.round(6).to_csv(tmp_path / "w.csv", index=False)
    assert main(["check", str(tmp_path / "w.csv")]) == 1
    found = re.search(r"flat w, a, (\S+) to (\S+) s", capsys.readouterr().out)
    assert float(found[1]) - start == pytest.approx(3.0, abs=0.1)
    assert float(found[2]) - start == pytest.approx(4.0, abs=0.1)


def test_fewer_rows_than_promised_are_read_where_the_configuration_says_so(example, run, tmp_path):
    table = pd.read_csv(example / "trial_00.csv").set_index("time")
    write_sto(table, tmp_path / "w.sto", in_degrees=True)
    lines = (tmp_path / "w.sto").read_text().splitlines()
    (tmp_path / "w.sto").write_text("\n".join(lines[:-50]))
    refused = run("check", tmp_path / "w.sto", code=2)
    assert "Say check_row_count = false in [data]" in refused
    assert main(["check", str(tmp_path / "w.sto"), "--set", "data.check_row_count=false"]) in (0, 1)


def test_columns_in_units_of_angles_or_forces_are_no_emg(tmp_path, capsys):
    noise = np.random.default_rng(0).normal(size=(4000, 2))
    table = pd.DataFrame({"time": np.arange(4000) / 1000, "BIC [mV]": noise[:, 0], "TRI (raw)": noise[:, 1]})
    table.assign(**{"Elbow (deg)": 90.0, "Force [N]": 3.0}).to_csv(tmp_path / "w.csv", index=False)
    main(["check", str(tmp_path / "w.csv")])
    printed = capsys.readouterr().out
    assert "2 channel(s) of raw EMG" in printed and "left out: Elbow (deg), Force [N]." in printed


def test_a_comparison_at_the_rate_that_the_model_sees(tmp_path, run):
    flexion = make_elbow_flexion(n_trials=2, duration=3.0, sampling_rate=500, random_state=0)
    for name, trial in flexion.data.join(flexion.target).groupby("trial"):
        trial.droplevel("trial").reset_index().to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "e.toml").write_text(
        '[data]\nfiles = ["trial_*.csv"]\nemg = ["biceps", "triceps"]\nangle = "elbow_flexion"\nangle_unit = "rad"\n'
        '[estimator]\nmodel = "elbow"\n'
    )
    options = ["--methods", "ridge", "--set", "compare.search=false"]
    printed = run("compare", tmp_path / "e.toml", *options, quick=True)
    assert "All methods see 100 frames a second of the 500" in printed and "2 split(s)" in printed
    assert "a second of" not in run(
        "compare", tmp_path / "e.toml", *options, "--set", "data.frame_rate=100", quick=True
    )
