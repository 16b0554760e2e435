"""The example, fitted with equations alone: that takes a second."""

import pytest

from sk_bionic.cli import main

QUICK = ["--set", "estimator.prediction=simulation"]


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    """Folder of the example with a fitted model."""
    folder = tmp_path_factory.mktemp("example")
    assert main(["example", str(folder)]) == 0
    keep_short(folder)
    assert main(["fit", str(folder / "elbow.toml"), *QUICK, "--parameters", str(folder / "parameters.csv")]) == 0
    return folder


def keep_short(folder):
    """Three seconds of three trials are enough here."""
    (folder / "trial_03.csv").unlink()
    for path in folder.glob("*.csv"):
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:301]))


@pytest.fixture
def run(capsys):
    """Function that runs a command line, asserts its exit code and returns what it printed, errors as one line."""

    def go(*arguments, code=0, quick=False):
        capsys.readouterr()
        got = main([*map(str, arguments), *(QUICK if quick else ())])
        printed = capsys.readouterr()
        assert got == code, printed.err
        return " ".join(printed.err.split()) if code else printed.out

    return go
