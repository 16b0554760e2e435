"""How fast the compiled equation is, beside the version before it, in one run.

    python benchmarks/speed.py path/to/a/clone/of/e85e493 --paths FILE

The earlier version is a clone of this repository at commit e85e493, whose physics were tensors. Each version is a
process of its own on one thread; they do every work in turn, several times, so that what else the machine does meets
both. Writes `results/speed.md`; `--only` measures some works and prints them.
"""

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from _tables import environment, markdown

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "speed.md"
IMPORT = "import time; t = time.process_time(); import sk_bionic; print(time.process_time() - t)"


class Work(NamedTuple):
    """A row of the table: what it is in full, goal and aim (times as fast), turns and calls a turn of both versions."""

    what: str
    goal: float
    aim: float
    turns: int = 3
    calls: tuple = (1, 1)
    warm: int = 1  # turns that are not counted


WORKS = {
    "solver, 1 trial": Work("solver, one trial of 5 s, from EMG to trajectory", 40, 57, 7, (30, 5)),
    "solver, 100 trials": Work("solver, 100 trials at once", 12, 16, 3, (2, 1)),
    "identify": Work("identify 8 parameters, 3 trials of 5 s", 12, 20, 5, (3, 1)),
    "predict with std, simulation": Work("predict with std, simulation", 12, 20, 5, (5, 2)),
    "predict with std, hybrid": Work("predict with std, hybrid", 4, 6, 5, (2, 1)),
    "fit hybrid, elbow": Work("fit the default (hybrid), elbow, 15 s", 2.2, 4, warm=0),
    "fit hybrid, knee": Work("fit the default (hybrid), recorded knee A03 sitting, first 70 %", 2.5, 4, 2, warm=0),
    "moments": Work("calibrate_to_moments, 22 muscles, 25 parameters, rigid", 6, 12, 3),
}
PAGE = """\
# Speed

Command: `python benchmarks/speed.py CLONE --paths FILE`. {environment} CPU time of one thread beside commit e85e493,
both versions in turn; medians (turns: how many; a turn takes the median of its calls). {load}

{table}

{errors}

| what | goal | measured |
|---|---|---|
{others}
"""


class Version:
    """A process with one version of the package, which does works as it is told."""

    def __init__(self, repository, **variables):
        self.environment = {
            **os.environ, "PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "2", **variables
        }  # fmt: skip
        self.process, self.repository = None, repository

    def ask(self, *request):
        """Answer of the worker, dict."""
        if self.process is None:
            command = [sys.executable, str(HERE / "_speed_worker.py")]
            self.process = subprocess.Popen(
                command, env=self.environment, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.repository}: the worker ended at {request[0]!r}; its error stands above.")
        return json.loads(line)

    def import_seconds(self):
        done = subprocess.run(
            [sys.executable, "-c", IMPORT], env=self.environment, cwd="/", capture_output=True, text=True, check=True
        )
        return float(done.stdout)

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()


def kept_walking(paths, folder):
    """File with the first stride of `walking.py` for both versions, or None without the recording."""
    import warnings

    import pandas as pd
    from _walking_data import given_moments, trial_folder
    from _walking_model import FREE, leg_model

    try:
        trial = trial_folder(None)
    except SystemExit as missing:
        print(f"moments: left out. {missing}", flush=True)
        return None
    osim = trial / "subject_walk_scaled.osim"
    if not paths.exists():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            leg_model(osim, paths, "rigid")
    walking = given_moments(trial)
    time = walking.X.index.get_level_values("time").to_numpy()
    before_second = time < walking.strikes[1]
    moments = walking.moments.where(pd.Series(time >= walking.strikes[0], walking.X.index))
    file = folder / "walking.pickle"
    content = osim, paths.resolve(), walking.X[before_second], moments[before_second], FREE["all"]
    file.write_bytes(pickle.dumps(content))
    return file


def measured(works, ours, before, kept):
    """Rows of the table, and the scores of what was fitted."""
    rows, errors = [], []
    for name in works:
        work = WORKS[name]
        given = [str(kept)] if name == "moments" else []
        if given == ["None"]:
            continue
        answers = {version: [] for version in (ours, before)}
        for turn in range(-work.warm, work.turns):
            for version, calls in zip((ours, before), work.calls, strict=True):
                answer = version.ask(name, calls if turn >= 0 else 1, *given)
                if turn >= 0:
                    answers[version].append(answer)
        now, then = (statistics.median(a["seconds"] for a in answers[v]) for v in (ours, before))
        rows.append(
            {"work": work.what, "turns": work.turns, "before [ms]": 1e3 * then, "now [ms]": 1e3 * now,
             "times": then / now, "goal": work.goal, "aim": work.aim}
        )  # fmt: skip
        print(f"{name}: {then / now:.2f} times, {1e3 * now:.1f} ms", flush=True)
        if "error [deg]" in answers[ours][0]:
            errors.append(
                f"{work.what}: {answers[before][0]['error [deg]']:.2f} deg before, "
                f"{answers[ours][0]['error [deg]']:.2f} now"
            )
    return rows, errors


def imported(ours, before, turns=5):
    """Row of the table: the import alone, in processes of their own."""
    times = [tuple(version.import_seconds() for version in (ours, before)) for _ in range(turns)]
    now, then = (statistics.median(column) for column in zip(*times, strict=True))
    return {
        "work": "import sk_bionic", "turns": turns, "before [ms]": 1e3 * then, "now [ms]": 1e3 * now,
        "times": then / now, "goal": 1.5, "aim": 2.5,
    }  # fmt: skip


def cold_start(ours, repository):
    """CPU (of the process itself) and wall seconds by which the first hybrid fit of a fresh environment takes longer
    than a warm one.
    """
    with tempfile.TemporaryDirectory() as folder:
        found, file = [], str(Path(folder) / "recording.pickle")
        ours.ask("make recording", file)
        for _ in range(2):
            version = Version(repository, NUMBA_CACHE_DIR=folder)
            found.append(version.ask("first fit", file))
            version.close()
    cold, warm = found
    return {key: cold[key] - warm[key] for key in cold} | {"warm": warm["CPU s"]}


def others(ours, repository):
    """Figures without an earlier one, rows of (what, goal, measured)."""
    fresh = Version(repository)  # of which nothing has grown yet
    long, threads, cold = fresh.ask("long"), ours.ask("threads"), cold_start(ours, repository)
    fresh.close()
    return [
        ("one continuous trial of 3600 s at 100 Hz", "at most 1 s, 150 MB",
         f"{long['CPU s']:.2f} s, {long['MB']:.0f} MB"),
        ("100 trials on two threads, wall time: times as fast as on one (best of 5)", "1.8",
         f"{threads['1 threads'] / threads['2 threads']:.2f}"),
        ("cold start: first hybrid fit with an empty cache of compiled code, longer than a warm one by",
         "at most 10 s, aim 5",
         f"{cold['CPU s']:.1f} s of CPU ({cold['wall s']:.1f} s wall); the warm one {cold['warm']:.1f} s"),
    ]  # fmt: skip


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", type=Path, help="a clone at e85e493")
    parser.add_argument(
        "--paths", type=Path, default=Path(tempfile.gettempdir()) / "walking_paths.json",
        help="fitted muscle paths of the leg of walking.py; made by OpenSim where they are not there",
    )  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=[*WORKS, "import", "others"], help="print these, write no page")
    return parser.parse_args()


def page(rows, errors, further):
    import pandas as pd

    table = pd.DataFrame(rows).set_index("work")
    load = f"Load of the machine at the end (processes that run, mean of a minute): {os.getloadavg()[0]:.1f}."
    formats = {"turns": "d", "goal": ".1f", "aim": ".1f", "before [ms]": ".1f"}
    return PAGE.format(
        environment=environment(), load=load, table=markdown(table, formats, "work"),
        errors="Errors of new data after the fits: " + "; ".join(errors) + ".",
        others="\n".join(f"| {' | '.join(row)} |" for row in further),
    )  # fmt: skip


def main():
    """Measure both versions and write the table."""
    given = arguments()
    wanted = given.only or [*WORKS, "import", "others"]
    ours, before = Version(HERE.parent), Version(given.clone.resolve())
    with tempfile.TemporaryDirectory() as folder:
        kept = kept_walking(given.paths, Path(folder)) if "moments" in wanted else None
        rows, errors = measured([work for work in WORKS if work in wanted], ours, before, kept)
    rows += [imported(ours, before)] if "import" in wanted else []
    further = others(ours, HERE.parent) if "others" in wanted else []
    ours.close(), before.close()
    if given.only:
        print(rows, errors, further, sep="\n")
        return
    text = page(rows, errors, further)
    RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
