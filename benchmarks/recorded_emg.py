"""Recorded EMG: ours, the regressors that EMG is usually given to, and controls, on eight protocols.

Scores are kept in results/recorded_emg.json, tables written to results/recorded_emg.md. What is in
the file is not run again; --redo names methods whose code has changed.
"""

import argparse
import time
from pathlib import Path

import joblib
from _comparison import default_n_jobs
from _protocols import DESCRIPTIONS, PROTOCOLS, SUBJECTS, parts
from _recorded_tables import sections
from _scores import METHODS, Scores, jobs, missing, run
from _tables import environment

CONDITIONS = (
    "The test part is predicted on its own: no method has seen the EMG or the angle before it "
    "begins. RMSE over all frames of a test part; medians over seeds 0 to {last}. Every baseline sees the same "
    "history of the square root of the envelopes, and gets hyperparameters and low-pass chosen inside the training "
    "part."
)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    output = Path(__file__).parent / "results" / "recorded_emg.md"
    add = parser.add_argument
    add("--data-home", help="folder of the recordings (default: SK_BIONIC_DATA, else the cache)")
    add("--protocols", nargs="+", default=list(DESCRIPTIONS), choices=list(DESCRIPTIONS))
    add("--subjects", nargs="+", default=list(SUBJECTS), choices=SUBJECTS, metavar="SUBJECT")
    add("--methods", nargs="+", default=list(METHODS), choices=METHODS, metavar="METHOD")
    add("--redo", nargs="+", default=[], choices=METHODS, metavar="METHOD")
    add("--seeds", type=int, default=1, help="number of seeds, over which medians are taken")
    add("--jobs", type=int, default=default_n_jobs(), help="processes")
    add("--tables-only", action="store_true", help="rebuild the tables, run nothing")
    add("--output", type=Path, default=output, help="tables; the scores lie beside them (.json)")
    return parser.parse_args()


def tasks(given, scores):
    """What is to be run: pairs of part, methods fitted in one go, and seed."""
    for part in parts(given.protocols, given.subjects, given.data_home):
        for seed in range(given.seeds):
            wanted = missing(scores, part, given.methods, seed, given.protocols, given.redo)
            for methods in jobs(wanted):
                yield part, methods, seed


def run_all(todo, scores, n_jobs):
    """Run every task, one process and one thread each; scores are saved as each one ends."""
    done_before, start = environment(), time.perf_counter()
    with joblib.parallel_config("loky", n_jobs=n_jobs, inner_max_num_threads=1):
        parallel = joblib.Parallel(return_as="generator_unordered")
        for n, rows in enumerate(parallel(joblib.delayed(run)(*task) for task in todo), 1):
            scores.add(rows, done_before)
            for row in rows:
                print(_progress(row, n, len(todo), time.perf_counter() - start), flush=True)


def _progress(row, n, n_all, seconds):
    result = row.get("failure") or f"{row['rmse_deg']:6.2f} deg, fit {row['fit_seconds']:6.1f} s"
    place = f"{row['protocol']:6s} {row['record']:13s} {row['method']:16s} seed {row['seed']}"
    return f"[{n:4d}/{n_all}, {seconds:5.0f} s] {place} {result}"


def report(scores):
    """The whole text of results/recorded_emg.md."""
    rows = [row for row in scores.rows.values() if row["protocol"] in PROTOCOLS]
    blocks = [
        "# Recorded EMG: knee and elbow",
        "Command: `python benchmarks/recorded_emg.py`. " + " / ".join(scores.environments),
        "\n".join(f"- **{name}**: {text}." for name, text in DESCRIPTIONS.items()),
        CONDITIONS.format(last=max(row["seed"] for row in rows)),
        *sections(rows),
    ]
    return "\n\n".join(blocks) + "\n"


def main():
    given = arguments()
    given.output.parent.mkdir(parents=True, exist_ok=True)
    scores = Scores(given.output.with_suffix(".json"))
    if not given.tables_only:
        run_all(list(tasks(given, scores)), scores, given.jobs)
    if not scores.rows:
        raise SystemExit(f"No scores in {scores.path}.")
    given.output.write_text(report(scores))
    print(f"Written: {given.output}, {scores.path}")


if __name__ == "__main__":
    main()
