"""Whether identification ends where the version before it did: 20 simulated subjects, the same recordings.

    python benchmarks/optimum.py path/to/a/clone/of/e85e493

Writes `results/optimum.md`.
"""

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULT, N_SUBJECTS, N_TRIALS, LARGEST = HERE / "results" / "optimum.md", 20, 3, 0.1
PAGE = """\
# The optimum of identification, beside the version before

Command: `python benchmarks/optimum.py CLONE`. {environment}

{n} simulated elbows (seeds 0, 1, ...), three trials of 5 s, 1 deg of noise, `prediction="simulation"`, all defaults;
the earlier version is commit e85e493. Difference: of the identified values, in units of the stated standard error;
the largest of the {n_parameters} parameters of each subject.

{table}

Largest difference of all: {largest:.3f} standard errors ({where}); goal at most {goal}. {missed} of {n} subjects are
beyond. Both versions' objectives cannot be compared term by term, their fits to the angle can: the root mean square
differs by at most {fit:.1e} deg.
"""


def identified(file):
    """In a process of either version: parameters and fit of every recording of the file, printed as JSON."""
    import time
    import warnings

    import numpy as np

    from sk_bionic import PhysicsInformedMSKRegressor

    warnings.simplefilter("ignore")
    with open(file, "rb") as kept:  # written by the script that started this one
        recordings = pickle.load(kept)
    found = []
    for X, y in recordings:
        start = time.process_time()
        fitted = PhysicsInformedMSKRegressor("elbow", prediction="simulation", random_state=0).fit(X, y)
        seconds, table = time.process_time() - start, fitted.parameters_
        found.append(
            {
                "names": (table["muscle"] + " " + table["name"]).tolist(), "value": table["value"].tolist(),
                "std_err": table["std_err"].tolist(), "n_iter": int(fitted.n_iter_), "CPU s": seconds,
                "rmse": float(np.rad2deg(np.sqrt(np.mean((fitted.predict(X) - y.to_numpy()) ** 2)))),
            }
        )  # fmt: skip
    print(json.dumps(found))


def of_version(repository, file):
    variables = {**os.environ, "PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(Path(__file__).resolve()), "--worker", str(file)]
    done = subprocess.run(command, env=variables, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{repository}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(ours, before):
    """A row for each subject, DataFrame."""
    import numpy as np
    import pandas as pd

    rows = []
    for seed, (now, then) in enumerate(zip(ours, before, strict=True)):
        if now["names"] != then["names"]:
            raise SystemExit(f"The versions identify different parameters: {then['names']}, now {now['names']}.")
        difference = np.abs(np.subtract(now["value"], then["value"])) / np.array(then["std_err"])
        ratio = np.array(now["std_err"]) / np.array(then["std_err"])
        rows.append(
            {
                "subject": str(seed), "largest difference [std_err]": difference.max(),
                "of": now["names"][int(difference.argmax())], "std_err, now over before (median)": np.median(ratio),
                "RMSE before [deg]": then["rmse"], "RMSE now [deg]": now["rmse"], "iterations before": then["n_iter"],
                "iterations now": now["n_iter"], "CPU before [s]": then["CPU s"], "CPU now [s]": now["CPU s"],
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def main():
    """Both versions on the same recordings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", type=Path, help="a clone at e85e493")
    parser.add_argument("--subjects", type=int, default=N_SUBJECTS)
    given = parser.parse_args()
    from _tables import environment, markdown

    from sk_bionic.datasets import make_elbow_flexion

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "recordings.pickle"
        flexions = [make_elbow_flexion(N_TRIALS, random_state=seed) for seed in range(given.subjects)]
        file.write_bytes(pickle.dumps([(flexion.data, flexion.target) for flexion in flexions]))
        ours, before = of_version(HERE.parent, file), of_version(given.clone.resolve(), file)
    table = compare(ours, before)
    worst = table.loc[table["largest difference [std_err]"].idxmax()]
    formats = {"largest difference [std_err]": ".3f", "iterations before": "d", "iterations now": "d"}
    text = PAGE.format(
        environment=environment(), n=len(table), n_parameters=len(ours[0]["names"]), table=markdown(table, formats),
        largest=worst["largest difference [std_err]"], where=f"subject {worst['subject']}, {worst['of']}", goal=LARGEST,
        missed=int((table["largest difference [std_err]"] > LARGEST).sum()),
        fit=(table["RMSE now [deg]"] - table["RMSE before [deg]"]).abs().max(),
    )  # fmt: skip
    RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    identified(sys.argv[2]) if sys.argv[1:2] == ["--worker"] else main()
