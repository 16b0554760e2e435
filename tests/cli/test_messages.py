"""Errors say what is wrong in one sentence, on the standard error, with exit code 2, and leave files alone."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from sk_bionic.cli import _commands, main

WRONG = {
    "no TOML": (lambda text: text.replace('"deg"', "deg"), r"elbow.toml: this is not valid TOML: .*line 14.*quotes"),
    "unknown table": (lambda text: text.replace("[compare]", "[compair]"), "'compair', which is not known. Do you "
    "mean 'compare'"),
    "unknown name": (lambda text: text.replace("time =", "tme ="), r"\[data\] has 'tme', which is not known. Do you "
    r"mean 'time'"),
    "unknown parameter": (lambda text: text.replace("random_state", "randomstate"), r"\[estimator\].*Do you mean "
    r"'random_state'"),
    "wrong type": (lambda text: text.replace('time = "time"', "time = 3"),
    r"\[data\] time must be a text in quotes. Got 3"),
    "wrong unit": (lambda text: text.replace('"deg"', '"degrees"'), r"angle_unit must be one of deg, rad. "
    r"Got 'degrees'"),
    "no unit": (lambda text: text.replace('angle_unit = "deg"', ""), 'say in .data. whether angles are in degrees or '
    'radians: angle_unit = "deg"'),
    "radians that are degrees": (lambda text: text.replace('"deg"', '"rad"'), "trial_00.csv: the angle 'elbow_flexion' "
    "spans .* rad, more than any joint .* angle_unit = \"deg\""),
    "no such model": (lambda text: text.replace('model = "elbow"', 'model = "ellbow"'), "model must be one of auto, "
    "elbow, wrist"),
    "no file": (lambda text: text.replace("trial_*", "tral_*"), r"No file matches 'tral_\*.csv' in .*"),
    "no column": (lambda text: text.replace('["biceps"', '["bicps"'), r"trial_00.csv: there is no column 'bicps'. Its "
    r"columns are \['biceps'"),
    "no time": (lambda text: text.replace('time = "time"', 'time = "t"'), r"trial_00.csv: there is no column 't' "
    r"\(time in s\).*sampling_rate"),
    "no column for the model": (
        lambda text: text.replace('["biceps", "triceps"]', '["biceps"]'),
        r"The recording lacks the EMG columns \['triceps'\].*Say in \[data\] which column drives which muscle",
    ),
    "value out of range": (lambda text: text.replace("random_state = 0", "max_epochs = -1"),
    "'max_epochs' parameter .* must be an int"),
    "table without brackets": (lambda text: "estimator = 3\n" + text.split("[estimator]")[0],
    r"'estimator' must be a table: write "
    r"\[estimator\]"),
    "no EMG": (lambda text: text.replace('emg = ["biceps", "triceps"]', "emg = []"), "must name the columns "
    "of emg, as in"),
    "another separator": (lambda text: text.replace('# separator = ";"', 'separator = ";"'),
    "there is no column 'time'"),
}  # fmt: skip


@pytest.fixture
def folder(example, tmp_path):
    """The example once more, without a fitted model."""
    shutil.copytree(example, tmp_path / "copy", ignore=shutil.ignore_patterns("*.skb"))
    return tmp_path / "copy"


@pytest.mark.parametrize("case", WRONG)
def test_wrong_configurations(case, folder, run):
    change, message = WRONG[case]
    path = folder / "elbow.toml"
    path.write_text(change(path.read_text()))
    printed = run("fit", path, code=2, quick="[estimator]" in path.read_text())
    assert printed.startswith("sk-bionic: error: ") and "Traceback" not in printed
    assert re.search(message, printed), printed
    assert not (folder / "elbow.skb").exists()


def spoilt(folder, row, text):
    lines = (folder / "trial_01.csv").read_text().splitlines()
    lines[row] = text
    (folder / "trial_01.csv").write_text("\n".join(lines))


@pytest.mark.parametrize(
    "row, text, message",
    [
        (5, "0.04,1e-2,none at all,3", "trial_01.csv: column 'triceps', row 5 below the header, must be a number"),
        (5, "0.04,0.1,0.1,3,9,9,9", "trial_01.csv, line 6: 7 values between ',', but there are 4 names of columns"),
        (5, "0.03,0.1,0.1,3", "trial_01.csv: Trial 'trial_01', row 4: time repeats 0.03 s"),
        (5, "0.04,,0.1,3", "'biceps'"),
    ],
    ids=["text", "too many values", "time repeats", "missing"],
)
def test_spoilt_recordings(folder, run, row, text, message):
    spoilt(folder, row, text)
    printed = run("fit", folder / "elbow.toml", code=2, quick=True)
    assert re.search(message, printed), printed


def test_one_trial_in_two_files(folder, run):
    for name in ("trial_00.csv", "trial_01.csv"):
        lines = (folder / name).read_text().splitlines()
        (folder / name).write_text("\n".join(f"{line},{'trial' if i == 0 else 'walk'}" for i, line in enumerate(lines)))
    printed = run("fit", folder / "elbow.toml", code=2, quick=True)
    assert "trial_00.csv and trial_01.csv both have a trial 'walk'" in printed


def test_existing_files_stay_unless_asked_for(example, folder, run, monkeypatch):
    shutil.copy(example / "elbow.skb", folder)
    before = (folder / "elbow.skb").read_bytes()
    never = lambda *args, **kwargs: pytest.fail("began although the file exists")
    with monkeypatch.context() as patch:
        patch.setattr(_commands, "read_frames", never)
        assert "elbow.skb exists already" in run("fit", folder / "elbow.toml", code=2, quick=True)
        assert "exists already" in run(
            "predict", folder / "elbow.toml", folder / "new_trial.csv", "-o", folder / "parameters.csv", code=2
        )
    assert (folder / "elbow.skb").read_bytes() == before
    assert "Model saved" in run("fit", folder / "elbow.toml", "--overwrite", quick=True)


def test_what_cannot_be_written_is_said_before_the_work(folder, run):
    config = folder / "elbow.toml"
    assert "results must end in .csv" in run(
        "predict", config, folder / "new_trial.csv", "-o", folder / "p.xlsx", code=2
    )
    printed = run("fit", config, "--parameters", folder / "nowhere" / "p.csv", code=2, quick=True)
    assert "there is no folder" in printed


def test_a_model_that_is_missing_damaged_or_fitted_to_other_frames(example, folder, run):
    config, new = folder / "elbow.toml", folder / "new_trial.csv"
    predict = ("predict", config, new, "-o", folder / "p.csv")
    assert "Run first: sk-bionic fit" in run(*predict, code=2)
    shutil.copy(example / "elbow.skb", folder)
    assert "(frame_rate). Undo that change" in run(*predict, "--set", "data.frame_rate=50", code=2)
    (folder / "elbow.skb").write_bytes((example / "elbow.skb").read_bytes()[:3000])
    assert "truncated or damaged" in run(*predict, code=2)
    assert not (folder / "p.csv").exists()


def test_a_failed_prediction_leaves_the_older_result(example, run, tmp_path, monkeypatch):
    output = tmp_path / "p.csv"
    output.write_text("older")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    predict = ("predict", example / "elbow.toml", example / "new_trial.csv", "-o", output, "--overwrite")
    assert "No space left on device" in run(*predict, code=2)
    assert output.read_text() == "older" and os.listdir(tmp_path) == ["p.csv"]


def test_traceback_is_there_for_who_wants_it(folder):
    with pytest.raises(ValueError, match="no fitted model"):
        main(["predict", str(folder / "elbow.toml"), str(folder / "new_trial.csv"), "-o", "p.csv", "--traceback"])


def test_interrupts_and_errors_that_nobody_foresaw(folder, run, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    def broken(*args):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(_commands, "read_frames", interrupted)
    assert "interrupted" in run("fit", folder / "elbow.toml", code=130)
    monkeypatch.setattr(_commands, "read_frames", broken)
    assert "ZeroDivisionError: division by zero (--traceback shows where)" in run("fit", folder / "elbow.toml", code=2)


def test_warnings_are_sentences(folder, capsys):
    config = folder / "elbow.toml"
    for path in folder.glob("trial_*.csv"):  # a posture, held
        lines = path.read_text().splitlines()
        path.write_text(
            "\n".join(
                [lines[0], *(f"{line.split(',')[0]},0.1,0.1,{40 + 0.01 * (i % 3)}" for i, line in enumerate(lines[1:]))]
            )
        )
    main(["fit", str(config), "--set", "estimator.prediction=simulation"])
    printed = capsys.readouterr().err
    assert "sk-bionic: warning: " in printed and "UserWarning" not in printed and ".py:" not in printed


@pytest.mark.parametrize("text", ["max_epochs=3", "estimator.max_epochs", "=3"])
def test_settings_need_a_table_a_name_and_a_value(example, run, text):
    assert "--set needs TABLE.NAME=VALUE" in run("fit", example / "elbow.toml", "--set", text, code=2)


def test_settings_of_the_command_line_win(example, run):
    printed = run(
        "fit", example / "elbow.toml", "--set", "estimator.lr=-1", "--model-file", example / "x.skb", code=2, quick=True
    )
    assert "'lr' parameter" in printed


def test_as_a_program(tmp_path):
    program = [sys.executable, "-c", "import sys; from sk_bionic.cli import main; sys.exit(main())"]
    done = subprocess.run([*program, "fit", str(tmp_path / "none.toml")], capture_output=True, text=True, check=False)
    assert (
        done.returncode == 2 and done.stdout == "" and "No such file" in done.stderr and "Traceback" not in done.stderr
    )


def test_unknown_commands_and_options_are_wrong_usage(capsys):
    for wrong in (["fly"], ["fit", "elbow.toml", "--hgh"], ["predict", "elbow.toml"]):
        with pytest.raises(SystemExit) as ended:
            main(wrong)
        assert ended.value.code == 2 and "usage: sk-bionic" in capsys.readouterr().err


def test_a_fitted_model_in_the_place_of_the_configuration_is_told(folder, run):
    (folder / "elbow.skb").write_bytes(b"SKBIONIC\x00\xfb\xff")
    printed = run("predict", folder / "elbow.skb", folder / "trial_00.csv", "-o", folder / "new.csv", code=2)
    assert "give the configuration" in printed and "codec" not in printed
