"""The way of a newcomer through all commands, and that they say what the library says."""

import inspect
import os
import sys
import tomllib
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sk_bionic
from sk_bionic.cli import _config, _estimators, _example, _tables, main
from sk_bionic.io import read_sto
from sk_bionic.musculoskeletal import from_osim

COMMANDS = ("example", "check", "fit", "predict", "compare", "report", "moments")


def new_trial(example):
    """EMG and angle [rad] of the trial to predict."""
    table = pd.read_csv(example / "new_trial.csv").assign(trial="new_trial").set_index(["trial", "time"])
    return table[["biceps", "triceps"]], np.deg2rad(table["elbow_flexion"])


def test_fitted_model_and_parameters_are_those_of_the_library(example):
    pipeline = sk_bionic.load(example / "elbow.skb")
    table = pd.read_csv(example / "parameters.csv")
    assert table["muscle"].unique().tolist() == ["biceps", "triceps"]
    np.testing.assert_array_equal(table["value"], pipeline[-1].parameters_["value"])
    tables = [pd.read_csv(p).assign(trial=p.stem) for p in sorted(example.glob("trial_*.csv"))]
    frames = pd.concat(tables).set_index(["trial", "time"])
    again = sk_bionic.PhysicsInformedMSKRegressor("elbow", prediction="simulation", random_state=0)
    again.fit(frames[["biceps", "triceps"]], np.deg2rad(frames["elbow_flexion"]))
    X, _ = new_trial(example)
    np.testing.assert_array_equal(again.predict(X), pipeline.predict(X))


def test_angles_come_in_the_unit_of_the_configuration(example, run, tmp_path):
    X, y = new_trial(example)
    angle, std = sk_bionic.load(example / "elbow.skb")[-1].predict(X, return_std=True)
    printed = run("predict", example / "elbow.toml", example / "new_trial.csv", "--std", "-o", tmp_path / "p.csv")
    table = pd.read_csv(tmp_path / "p.csv")
    assert table.columns.tolist() == ["trial", "time", "elbow_flexion", "elbow_flexion_std"]
    np.testing.assert_allclose(table["elbow_flexion"], np.rad2deg(angle), rtol=1e-12)
    np.testing.assert_allclose(table["elbow_flexion_std"], np.rad2deg(std), rtol=1e-12)
    error = np.rad2deg(np.sqrt(np.mean((angle - y) ** 2)))
    assert f"Error on these recordings: {error:.2f} deg" in printed and "Angles [deg] written" in printed


@pytest.mark.parametrize("suffix", [".tsv", ".parquet", ".sto", ".mot"])
def test_every_format_holds_the_same(example, run, tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    X, _ = new_trial(example)
    angle = sk_bionic.load(example / "elbow.skb").predict(X)
    path = tmp_path / f"p{suffix}"
    run("predict", example / "elbow.toml", example / "new_trial.csv", "-o", path)
    if suffix in (".sto", ".mot"):
        np.testing.assert_allclose(read_sto(path)["elbow_flexion"], angle, rtol=1e-12)
        assert "inDegrees=yes" in path.read_text()
        return
    table = pd.read_parquet(path) if suffix == ".parquet" else pd.read_csv(path, sep="\t")
    np.testing.assert_allclose(table["elbow_flexion"], np.rad2deg(angle), rtol=1e-12)


@pytest.mark.parametrize("what", ["forces", "activations", "torques"])
def test_other_quantities(example, run, tmp_path, what):
    X, _ = new_trial(example)
    regressor = sk_bionic.load(example / "elbow.skb")[-1]
    expected = {
        "forces": regressor.predict_muscle_forces,
        "activations": regressor.predict_activations,
        "torques": regressor.predict_joint_torques,
    }[what](X)
    run("predict", example / "elbow.toml", example / "new_trial.csv", "--what", what, "-o", tmp_path / "p.sto")
    table = read_sto(tmp_path / "p.sto")
    assert table.columns.tolist() == expected.columns.tolist()
    np.testing.assert_allclose(table, expected, rtol=1e-12)
    assert "inDegrees=no" in (tmp_path / "p.sto").read_text()


def test_several_trials_give_several_storages_and_one_table(example, run, tmp_path):
    printed = run("predict", example / "elbow.toml", example / "trial_*.csv", "-o", tmp_path / "p.sto")
    names = [f"p_trial_0{k}.sto" for k in range(3)]
    assert sorted(os.listdir(tmp_path)) == names and all(name in printed for name in names)
    run("predict", example / "elbow.toml", example / "trial_*.csv", "-o", tmp_path / "p.csv")
    assert pd.read_csv(tmp_path / "p.csv")["trial"].unique().tolist() == [f"trial_0{k}" for k in range(3)]


def test_recordings_without_an_angle_can_be_predicted(example, run, tmp_path):
    path = tmp_path / "emg_only.csv"
    pd.read_csv(example / "new_trial.csv").drop(columns="elbow_flexion").to_csv(path, index=False)
    assert "Error on" not in run("predict", example / "elbow.toml", path, "-o", tmp_path / "p.csv")


def test_raw_emg_is_normalised_by_the_training_alone_and_a_trial_predicted_as_it_was_prepared(example, run, tmp_path):
    config = tmp_path / "raw.toml"
    text = _example.CONFIG.replace("trial_*", str(example / "trial_*"))
    config.write_text(text + "[emg]\nband = false\nlow_pass = 8\nnormalize = 0.99\n")
    settings = ("--set", "data.frame_rate=50")
    run("fit", config, *settings, "--set", "estimator.identify=['max_isometric_force']", quick=True)
    pipeline = sk_bionic.load(tmp_path / "elbow.skb")
    assert list(pipeline.named_steps) == ["normalisation", "regressor"]
    scale = pipeline["normalisation"].scale_.copy()
    run("predict", config, *settings, example / "new_trial.csv", "-o", tmp_path / "p.csv")
    table, measured = pd.read_csv(tmp_path / "p.csv"), pd.read_csv(example / "new_trial.csv")
    np.testing.assert_allclose(table["time"], measured["time"][::2], atol=1e-9)
    prepared, _ = _tables.read_frames(
        _config.read_config(config, ["data.frame_rate=50"]), [str(example / "new_trial.csv")], need_angle=False
    )
    np.testing.assert_allclose(table["elbow_flexion"], np.rad2deg(pipeline.predict(prepared)), rtol=1e-12)
    np.testing.assert_array_equal(sk_bionic.load(tmp_path / "elbow.skb")["normalisation"].scale_, scale)
    assert "(emg). Undo" in run(
        "predict",
        config,
        *settings,
        "--set",
        "emg.low_pass=60",
        example / "new_trial.csv",
        "-o",
        tmp_path / "q.csv",
        code=2,
    )


@pytest.mark.parametrize("rest, level", [("0.3", 0.3), ("false", None), ('"auto"', "auto")])
def test_the_resting_level_is_a_setting(example, tmp_path, rest, level):
    config = tmp_path / "raw.toml"
    text = _example.CONFIG.replace("trial_*", str(example / "trial_*"))
    config.write_text(text + f"[emg]\nband = false\nrest = {rest}\n")
    assert _estimators.make_normalisation(_config.read_config(config)).rest == level


@pytest.mark.parametrize("split, n_splits", [("trials", 3), ("end", 1), ("first_repetition", 1)])
def test_comparison_is_made_on_what_no_method_has_seen(example, run, tmp_path, split, n_splits):
    if split == "first_repetition":
        recording = cyclic(tmp_path)
    else:
        recording = example / "elbow.toml"
    printed = run(
        "compare", recording, "--methods", "ridge", "time_only", "--set", f"compare.split={split}",
        "--set", "compare.search=false", "-o", tmp_path / "table.csv", quick=True,
    )  # fmt: skip
    assert f"{n_splits} split(s)" in printed
    table = pd.read_csv(tmp_path / "table.csv").set_index("method")
    assert set(table.index) == {"sk_bionic (simulation)", "ridge", "time_only"}
    assert (table["best"] <= table["rmse_deg"]).all() and (table["rmse_deg"] <= table["worst"]).all()
    assert table["rmse_deg"].is_monotonic_increasing
    if split == "trials":  # excitations are new in every trial: the clock knows nothing
        assert table.loc["sk_bionic (simulation)", "rmse_deg"] < 3 < table.loc["time_only", "rmse_deg"]


def cyclic(folder):
    """Configuration of one recording that repeats a movement."""
    time = np.arange(800) / 100
    phase = 0.5 - 0.5 * np.cos(np.pi * time)
    noise = 0.01 * np.random.default_rng(0).random(len(time))
    columns = {"time": time, "biceps": 0.1 + 0.3 * phase, "triceps": 0.1 + noise, "elbow_flexion": 60 + 40 * phase}
    pd.DataFrame(columns).to_csv(folder / "cycles.csv", index=False)
    (folder / "cycles.toml").write_text(_example.CONFIG.replace("trial_*.csv", "cycles.csv"))
    return folder / "cycles.toml"


def test_a_method_that_fails_is_a_row_without_numbers(example, run, monkeypatch, capsys):
    from sk_bionic.cli import _compare

    class Failing(sk_bionic.PhysicsInformedMSKRegressor):
        def fit(self, X, y):
            raise ValueError("no")

    monkeypatch.setattr(_compare, "make_baseline", lambda *args, **kwargs: Failing())
    main(["compare", str(example / "elbow.toml"), "--methods", "ridge", "--set", "estimator.prediction=simulation"])
    printed = capsys.readouterr()
    assert "ridge ... failed: no" in printed.err
    assert any(line.split() == ["ridge", "-", "-", "-", "-", "-"] for line in printed.out.splitlines())


def test_report_is_written_of_the_fitted_subject_and_its_recordings(example, run, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "report.html"
    run("report", example / "elbow.toml", "--no-held-out", "-o", path)
    text = path.read_text(encoding="utf-8")
    assert os.listdir(tmp_path) == ["report.html"] and "error of the fit" in text
    assert all(f"trial_0{k}" in text for k in range(3)) and "Raw EMG" not in text
    printed = run("report", example / "elbow.toml", "--no-held-out", "-o", path, code=2)
    assert "report.html" in printed and "exists" in printed and path.read_text(encoding="utf-8") == text


def test_report_shows_raw_emg_where_the_recordings_are_raw(example, run, tmp_path, monkeypatch):
    """What the library is given; a fit of raw EMG is another test's."""
    given = {}
    monkeypatch.setitem(
        sys.modules, "sk_bionic.inspection", types.SimpleNamespace(report=lambda *_, **named: given.update(named))
    )
    config = tmp_path / "raw.toml"
    config.write_text(
        (example / "elbow.toml").read_text().replace("trial_*", f"{example}/trial_*")
        + "[emg]\nband = [5.0, 45.0]\nlow_pass = 4\n"
    )
    run("fit", config, quick=True)
    run("report", config, "-o", tmp_path / "report.html")
    assert list(given["raw_emg"].columns) == ["biceps", "triceps"] and given["held_out"] is True
    assert len(given["raw_emg"]) == 900


def test_options_that_the_example_mentions_exist(tmp_path):
    """Each remark that looks like a setting is one: a newcomer need only remove the #."""
    lines = []
    for line in _example.CONFIG.splitlines():
        text = line.removeprefix("# ")
        is_setting = line.startswith("# ") and (text.startswith("[") or text.split(" = ")[0].isidentifier())
        lines.append(text if is_setting else line)
    (tmp_path / "all.toml").write_text("\n".join(lines))
    tables = tomllib.loads("\n".join(lines))
    assert {"sampling_rate", "separator", "angle_files", "frame_rate", "other"} <= set(tables["data"])
    config = _config.read_config(tmp_path / "all.toml")
    assert config.emg.low_pass == 4.0 and config.model_file == (tmp_path / "elbow.skb").resolve()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_and_shows_an_example(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert f"sk-bionic {command}" in text.split("Example:")[1] and len(text.split("\n\n")[2]) > 150


def test_main_help_lists_the_commands_and_the_way_in(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert main([]) == 0 and capsys.readouterr().out == text
    assert all(f"\n    {command} " in text for command in COMMANDS) and "sk-bionic example try_it" in text


def test_every_setting_stands_on_the_page_of_the_command_line():
    page = (Path(__file__).resolve().parents[2] / "docs" / "command_line.md").read_text()
    settings = [name for table in (_config.Data, _config.Emg, _config.Compare) for name in table.model_fields]
    settings += [*inspect.signature(from_osim).parameters][1:]
    assert [name for name in settings if f"`{name}`" not in page] == []
    assert [command for command in COMMANDS if f"sk-bionic {command}" not in page] == []
