"""Damaged files: does a reader of sk_bionic.io ever answer with anything but data or a ValueError?

Prints its table and keeps it in results/fuzz_files.md.
"""

import argparse
import random
import tempfile
from collections import Counter
from pathlib import Path

import pandas as pd
from _mutations import mutate, outcomes
from _sample_files import readers, samples
from _tables import environment, markdown

HERE = Path(__file__).parent
RESULT = HERE / "results" / "fuzz_files.md"
BATCH = 500  # files on disk at a time
EXPECTED = ("read", "ValueError")
PAGE = """\
# Damaged files

{environment}

{n} damaged copies of {n_sources} files (seed {seed}), each read in a process of its own with a limit of
4 GB of memory and 60 s. "read": the damage left a valid file, or one whose fault nobody can see (a changed
digit). "ValueError": the message names the file. Everything else would be a fault of the reader.

{table}

{faults}
"""


def fuzz(source, n_files, seed):
    """Counter of outcomes of `n_files` damaged copies of one file, and the faults found."""
    raw, read = source.read_bytes(), readers()[source.suffix]
    counts, faults = Counter(), []
    for start in range(0, n_files, BATCH):
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for i in range(start, min(start + BATCH, n_files)):
                rng = random.Random(f"{seed} {source.name} {i}")
                paths.append(Path(folder) / f"{i}{source.suffix}")
                paths[-1].write_bytes(mutate(raw, rng, is_text=source.suffix != ".c3d"))
            for path, outcome in zip(paths, outcomes(read, paths), strict=True):
                counts[outcome if outcome in EXPECTED else outcome.split(":")[0]] += 1
                if outcome not in EXPECTED:
                    faults.append(f"- {source.name}, copy {path.stem}: {outcome}")
    return counts, faults


def report(sources, n_files, seed):
    """The page, in Markdown."""
    share = -(-n_files // len(sources))
    results = {source: fuzz(source, share, seed) for source in sources}
    table = pd.DataFrame({s.name: counts for s, (counts, _) in results.items()}).T
    table = table.reindex(columns=[*EXPECTED, *table.columns.difference(EXPECTED)])
    table["other"] = table.drop(columns=list(EXPECTED)).sum(axis=1)
    table = table[[*EXPECTED, "other"]].fillna(0).astype(int)
    table.loc["all"] = table.sum()
    faults = [fault for _, found in results.values() for fault in found]
    return PAGE.format(
        environment=environment(),
        n=share * len(sources),
        n_sources=len(sources),
        seed=seed,
        table=markdown(table, dict.fromkeys(table, "d"), index_name="file"),
        faults="\n".join(["Faults:", *faults]) if faults else "No fault.",
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000, help="damaged files in all")
    parser.add_argument("--seed", type=int, default=0)
    what = "further files to damage (.sto, .mot, .trc, .c3d)"
    parser.add_argument("--also", type=Path, nargs="*", default=[], help=what)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sources = [*samples(Path(folder)), *arguments.also]
        page = report(sources, arguments.files, arguments.seed)
    print(page)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(page)


if __name__ == "__main__":
    main()
