"""How fast the compiled equation is, beside the version before it, in one run.

    python benchmarks/speed.py path/to/a/clone/of/e85e493

The earlier version is a clone of this repository at commit e85e493, whose physics were tensors. Each version runs in a
process of its own on one thread; CPU seconds, so that other work on the machine disturbs little. Writes
`results/speed.md`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from _tables import markdown

HERE = Path(__file__).resolve().parent
WORKS = {  # what: ratio that was set as a goal
    "solver, one trial": 40.0,
    "solver, 100 trials": 12.0,
    "identify": 12.0,
    "predict with std": 12.0,
    "moments": 6.0,
    "import": 1.5,
}


def times_of(repository, *options):
    """Times of one version, dict."""
    environment = {**os.environ, "PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    command = [sys.executable, str(HERE / "_speed_worker.py"), *options]
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{repository}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def main():
    """Measure both versions and write the table."""
    import pandas as pd

    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    times_of(HERE.parent)  # compiled code is on disk from here on
    ours, before = times_of(HERE.parent, "--long"), times_of(Path(sys.argv[1]).resolve())
    rows = [
        {"work": work, "before [ms]": 1e3 * before[work], "now [ms]": 1e3 * ours[work],
        "times": before[work] / ours[work],
         "goal": goal}
        for work, goal in WORKS.items()
    ]  # fmt: skip
    table = pd.DataFrame(rows).set_index("work")
    text = (
        "# Speed\n\nCPU time of one thread, beside commit e85e493 in the same run; medians. "
        f"{ours['cores']} cores, {ours['versions']}.\n\n{markdown(table, {}, 'work')}\n\n"
        f"One continuous trial of 3600 s at 100 Hz: {ours['3600 s']:.2f} s of CPU, {ours['3600 s, MB']:.0f} MB. "
        f"First call of a process with the compiled code on disk: {ours['first call']:.2f} s.\n"
    )
    (HERE / "results" / "speed.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
