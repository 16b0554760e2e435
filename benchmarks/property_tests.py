"""Generated tables through fit, predict, score, calibrate, save and load: does anything undocumented come out?

Prints its table and keeps it in results/property_tests.md.
"""

import argparse
import random
import re
import tempfile
import warnings
from collections import Counter
from contextlib import suppress
from pathlib import Path
from time import perf_counter

import torch
from _generated_tables import CHANGES, case_of
from _properties import faults_of
from _tables import environment
from joblib import Parallel, delayed

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion

RESULT = Path(__file__).parent / "results" / "property_tests.md"
BATCH = 50
MEMORY = 2 * 2**30  # bytes that a process may take besides what its libraries do
PAGE = """\
# Generated tables

{environment}

{n} generated cases (seeds {first} to {last}) in {minutes:.1f} minutes on {n_jobs} processes: a small recording and a
setting, of both of which nothing to three things are changed ({n_changes} kinds of changes: values, types and
containers, columns, time, trials, angles, weights, every parameter of the constructor), through `fit`, `predict` (and
with its standard deviation), muscle forces, activations, torques, `simulate`, `score`, `save`, `load`, `calibrate`,
`save` and `load` again.

Documented outcomes are a finite answer of the right shape and index that is the same after loading, or a ValueError,
TypeError or SimulationError raised by the package or by scikit-learn's validation (never from inside another library),
and warnings of the package's own, of convergence, data conversion and scores of a single frame. A case that nothing was
changed in must pass. No call may take {patience} s of computing or 2 GB, change its inputs, or a state that the process
shares (random generators, warning filters, floating-point errors, threads).

| how far the case came | cases |
|---|---|
{rows}

Undocumented outcomes: {n_faults}

{faults}
"""


def run(seed):
    """Faults of one case, and how far it came."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        case = case_of(random.Random(f"case {seed}"))
        start = perf_counter()
        faults, how = faults_of(case, folder)
    return seed, faults, how, case.changes, perf_counter() - start


def kind_of(fault):
    """A fault without its numbers and names, to count those of one kind."""
    return re.sub(r"'[^']*'|-?\d[\d.e+-]*", "_", fault)[:150]


def batch(seeds):
    """Several cases in one process, after one that imports whatever libraries import late (and change filters with)."""
    _limit_memory()
    X, y = make_elbow_flexion(1, duration=1.0, random_state=0, return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        PhysicsInformedMSKRegressor("elbow", prediction="network", max_epochs=1).fit(X, y).predict(X)
    return [run(seed) for seed in seeds]


def _limit_memory():
    """Whoever asks for more memory than anybody has gets a MemoryError, which is a fault, instead of the system's
    kill.
    """
    with suppress(ImportError):
        import resource

        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        if soft == resource.RLIM_INFINITY:
            resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, hard))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first case")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", type=int, nargs="*", help="seeds to run alone, their faults printed")
    arguments = parser.parse_args()
    if arguments.only:
        for seed in arguments.only:
            print(*batch([seed]))
        return
    start, last = perf_counter(), arguments.first + arguments.cases
    seeds = [range(a, min(a + BATCH, last)) for a in range(arguments.first, last, BATCH)]
    results = [one for part in Parallel(n_jobs=arguments.jobs)(delayed(batch)(s) for s in seeds) for one in part]
    minutes = (perf_counter() - start) / 60
    counts, kinds, examples = Counter(how for _, _, how, _, _ in results), Counter(), {}
    for seed, faults, _, changes, _ in results:
        for fault in faults:
            kinds[kind_of(fault)] += 1
            examples.setdefault(kind_of(fault), f"case {seed} ({', '.join(changes)}): {fault}")
    page = PAGE.format(
        environment=environment(), n=arguments.cases, first=arguments.first, last=last - 1, minutes=minutes,
        n_jobs=arguments.jobs, n_changes=len(set(CHANGES)), patience=20,
        rows="\n".join(f"| {how} | {n} |" for how, n in counts.most_common()), n_faults=sum(kinds.values()),
        faults="\n".join(f"- {n} times: {examples[kind]}" for kind, n in kinds.most_common()) or "None.",
    )  # fmt: skip
    print(page)
    slow = sorted(results, key=lambda one: -one[-1])[:5]
    print("slowest:", [(seed, round(seconds, 1), changes) for seed, _, _, changes, seconds in slow])
    RESULT.write_text(page)


if __name__ == "__main__":
    main()
