"""Many subjects: simulated ones on Dask workers, one of them killed; recorded ones in two tasks.

Prints its tables and keeps them in results/many_subjects.md, the parameters in results/many_subjects.csv.
"""

import argparse
import json
import os
import signal
import threading
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import torch
from _tables import environment, markdown
from dask.distributed import Client, LocalCluster

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.cohort import fit_subjects
from sk_bionic.datasets import fetch_knee_emg, make_elbow_flexion
from sk_bionic.exceptions import IdentifiabilityWarning
from sk_bionic.model_selection import subject_of_frames

RESULT = Path(__file__).parent / "results" / "many_subjects.md"
N_SUBJECTS, N_TRIALS, DURATION = 40, 2, 5.0
RATE = 25  # Hz, of the recorded knees: limbs that move once in seconds
MODELS = {"sitting": "knee_seated", "standing": "knee_standing"}
QUANTILE = 1.96
# A02's tasks look exchanged, N02 is a copy of N01.
RECORDED_SUBJECTS = [f"{group}{n:02d}" for group in "AN" for n in range(1, 12) if n != 2]
HEAD = "# Many subjects\n\nCommand: `python benchmarks/many_subjects.py`."
SIMULATED = """\
## Simulated subjects on Dask workers

{environment} {n} subjects of `make_elbow_flexion`, {trials} trials of {duration:g} s at 100 Hz,
`prediction="simulation"`. Workers are processes of one thread (`dask.distributed.LocalCluster`), started and with their
imports done before the clock runs. Wall-clock seconds; equal: every bit of every subject's parameters, errors and
predictions as in the serial run. Load of the machine besides: {load}.

{table}

In the last run the process of one worker was killed (SIGKILL) after {done} of {n} fits: {lost} fits lost.
"""
RECORDED = """\
## Recorded knees, sitting and standing

{environment} {n} men of `fetch_knee_emg` (whole records at {rate} Hz), one identification a man and task,
`prediction="simulation"`, models `knee_seated` and `knee_standing`. EMG in units of the man's largest over both tasks.
Every value with its error: [many_subjects.csv](many_subjects.csv).{failed}

What a recording determines of its muscles: parameters that are `identifiable`, a value that muscles share counted for
each of them and once; and of those, the unknowns whose prior it narrows by half. Over the recordings:

{determined}

Do the two tasks of a man agree within the stated errors? z: difference over its standard error (of logarithms where the
prior is one of the logarithm), the share of the prior taken off both; were the model right and the noise on the angle
all that is wrong, 95 % of |z| were below {quantile}. "all": {all_z}.

{by_parameter}

What the group says, random effects; std_err and between_std in the parameter's unit; change: standing minus sitting (of
logarithms where the prior is one), mean over the men with its 95 % interval.

{group}

By man:

{by_subject}
"""


def simulated():
    """Data and angles of all simulated subjects."""
    subjects = {
        f"S{seed:02d}": make_elbow_flexion(N_TRIALS, duration=DURATION, random_state=seed) for seed in range(N_SUBJECTS)
    }
    return (
        pd.concat([one[part].rename(f"{name}_{{}}".format, level="trial") for name, one in subjects.items()])
        for part in ("data", "target")
    )


def same(X, one, other):
    """Whether two cohorts have the same bits."""
    names = subject_of_frames(X)
    return one.parameters_.equals(other.parameters_) and all(
        np.array_equal(estimator.predict(X[names == name]), other.estimators_[name].predict(X[names == name]))
        for name, estimator in one.estimators_.items()
    )


class Killer(threading.Thread):
    """Kills a worker process in the middle of a fit, once half of the fits are done."""

    def __init__(self, cluster, pids):
        super().__init__(daemon=True)
        self.cluster, self.pids, self.done, self.finished = cluster, pids, None, False

    def run(self):
        seen = set()
        while self.done is None and not self.finished:
            tasks = {str(k): t for k, t in list(self.cluster.scheduler.tasks.items()) if "_begun" in str(k)}
            seen |= tasks.keys()
            done = len(seen) - sum(task.state != "memory" for task in tasks.values())
            busy = [t.processing_on for t in tasks.values() if t.state == "processing" and t.processing_on]
            if busy and done >= N_SUBJECTS // 2:
                self.done = done
                os.kill(self.pids[busy[0].address], signal.SIGKILL)
            time.sleep(0.001)


def on_dask(regressor, X, y):
    """Seconds and cohorts by run: one worker, two workers, two of which one is killed; fits done before that."""
    runs = {}

    def run(name):
        with joblib.parallel_config(backend="dask"):
            start = time.perf_counter()
            cohort = fit_subjects(regressor, X, y)
            runs[name] = time.perf_counter() - start, cohort

    def ready(n):
        client.wait_for_workers(n, timeout=900)
        client.run(__import__, "sk_bionic.cohort")
        return client.run(os.getpid)

    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        ready(1)
        run("Dask, 1 worker")
        cluster.scale(2)
        pids = ready(2)
        run("Dask, 2 workers")
        killer = Killer(cluster, pids)
        killer.start()
        run("Dask, 2 workers, 1 killed")
        killer.finished = True
    return runs, killer.done


def simulated_section():
    X, y = simulated()
    regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation", random_state=0)
    load = os.getloadavg()[0]
    regressor_of_one = subject_of_frames(X) == "S00"
    fit_subjects(regressor, X[regressor_of_one], y[regressor_of_one])  # what only the first fit does
    start = time.perf_counter()
    serial = fit_subjects(regressor, X, y)
    seconds = time.perf_counter() - start
    runs, done = on_dask(regressor, X, y)
    rows = [("one process", seconds, len(serial), len(serial.failures_), "-")]
    rows += [
        (name, s, len(one), len(one.failures_), "yes" if same(X, serial, one) else "NO")
        for name, (s, one) in runs.items()
    ]
    table = pd.DataFrame(rows, columns=["run", "time [s]", "fitted", "failed", "equal to one process"])
    return SIMULATED.format(
        environment=environment(), n=N_SUBJECTS, trials=N_TRIALS, duration=DURATION, load=f"{load:.1f}",
        table=markdown(table, {"time [s]": ".1f", "fitted": "d", "failed": "d"}), done=done,
        lost=N_SUBJECTS - len(runs["Dask, 2 workers, 1 killed"][1]),
    )  # fmt: skip


def recordings(data_home):
    """X and y of every man who is in the cache or can be downloaded."""
    for subject in RECORDED_SUBJECTS:
        try:
            yield fetch_knee_emg(subjects=[subject], data_home=data_home, sampling_rate=RATE, return_X_y=True)
        except OSError as error:
            print(f"{subject} is left out. {error}")


def recorded_section(data_home, n_jobs):
    X, y = (pd.concat(frames) for frames in zip(*recordings(data_home), strict=False))
    subject = subject_of_frames(X)
    X = X / X.groupby(subject).transform("max")
    cohorts = {}
    for task, model in MODELS.items():
        rows = X.index.get_level_values("trial").str.endswith(task)
        regressor = PhysicsInformedMSKRegressor(model, prediction="simulation", emg_scale=None, random_state=0)
        cohorts[task] = fit_subjects(regressor, X[rows], y[rows], n_jobs=n_jobs)
    pd.concat([one.parameters_.assign(task=task) for task, one in cohorts.items()], ignore_index=True).to_csv(
        RESULT.with_suffix(".csv"), index=False, float_format="%.6g"
    )
    return tables(cohorts)


def determined(cohorts):
    """How many of the muscles' parameters each recording determines, summed up over the recordings."""
    counts = []
    for cohort in cohorts.values():
        table = cohort.parameters_
        table = table[table["identifiable"] & (table["prior_std"] > 0) & table["muscle"].isin(cohort_muscles(cohort))]
        for _, own in table.groupby("subject"):
            sharing = own["shared_with"].map(lambda names: names if isinstance(names, str) else "")
            muscles = (own["muscle"] + ", " + sharing).map(lambda names: tuple(sorted(filter(None, names.split(", ")))))
            unknowns = own.assign(muscles=muscles).drop_duplicates(["name", "muscles"])
            counts.append((len(own), len(unknowns), (unknowns["narrowing"] < 0.5).sum()))
    columns = ["parameters", "unknowns", "narrowed by half"]
    return pd.DataFrame(counts, columns=columns).agg(["median", "min", "max"]).T.reset_index(names="determined")


def cohort_muscles(cohort):
    """Names of the muscles of any subject's model."""
    return next(iter(cohort.estimators_.values())).muscle_names_


def agreement(z):
    """Figures of z: number, root mean square, median of |z|, share within the quantile [%]."""
    z = z.dropna()
    return len(z), np.sqrt((z**2).mean()), z.abs().median(), 100 * (z.abs() < QUANTILE).mean()


def tables(cohorts):
    compared = cohorts["sitting"].compare(cohorts["standing"])
    columns = ["n", "rms z", "median |z|", f"within {QUANTILE} [%]"]
    formats = {"n": "d", "rms z": ".1f", "median |z|": ".1f", f"within {QUANTILE} [%]": ".0f"}
    z = compared.subjects["z"]
    label = compared.subjects["muscle"] + "/" + compared.subjects["name"]
    by = lambda keys: pd.DataFrame({k: agreement(p) for k, p in z.groupby(keys, sort=False)}, index=columns).T
    whole = agreement(z)
    key, units = ["muscle", "name"], {}
    group = compared.summary[[*key, "mean", "lower", "upper"]].rename(
        columns={"mean": "change", "lower": "from", "upper": "to"}
    )
    for task, cohort in cohorts.items():
        own = cohort.summary()[[*key, "unit", "n", "mean", "std_err", "between_std"]]
        units |= dict(zip(zip(own["muscle"], own["name"], strict=True), own.pop("unit"), strict=True))
        group = own.rename(columns=lambda c, task=task: c if c in key else f"{task} {c}").merge(group, on=key)
    group.insert(2, "unit", [units[pair] for pair in zip(group["muscle"], group["name"], strict=True)])
    failed = [f"{name} {task}" for task, one in cohorts.items() for name in one.failures_]
    return RECORDED.format(
        environment=environment(), n=compared.subjects["subject"].nunique(), rate=RATE, quantile=QUANTILE,
        failed=f" Failed: {', '.join(failed)}." if failed else "",
        all_z=f"{whole[0]} parameters, root mean square z {whole[1]:.1f}, median |z| {whole[2]:.1f}, "
        f"{whole[3]:.0f} % within",
        determined=markdown(determined(cohorts), default=".3g"),
        by_parameter=markdown(by(label).astype({"n": int}), formats, "parameter"),
        group=markdown(group.replace([np.inf, -np.inf], np.nan), default=".3g"),
        by_subject=markdown(by(compared.subjects["subject"]).astype({"n": int}), formats, "man"),
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["simulated", "recorded"], help="renew one part of the result")
    parser.add_argument("--data-home", default=None, help="cache of the recordings")
    parser.add_argument("--n-jobs", type=int, default=os.cpu_count(), help="fits side by side")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", IdentifiabilityWarning)
    kept = RESULT.with_suffix(".json")
    sections = json.loads(kept.read_text()) if kept.exists() else {}
    if given.only != "recorded":
        sections["simulated"] = simulated_section()
        print(sections["simulated"], flush=True)
        kept.write_text(json.dumps(sections, indent=1))
    if given.only != "simulated":
        sections["recorded"] = recorded_section(given.data_home, given.n_jobs)
        print(sections["recorded"])
    kept.write_text(json.dumps(sections, indent=1))
    RESULT.write_text(
        "\n\n".join([HEAD, *(sections[k].rstrip() for k in ("simulated", "recorded") if k in sections)]) + "\n"
    )


if __name__ == "__main__":
    main()
