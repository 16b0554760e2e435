"""Damaged and forged files of saved estimators: does `sk_bionic.load` ever answer with anything but a ValueError that
names the file, and how much memory does it take?

Prints its table and keeps it in results/fuzz_saved.md.
"""

import argparse
import random
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from _saved_mutations import mutated
from _tables import environment

import sk_bionic
from sk_bionic.datasets import make_elbow_flexion

RESULT = Path(__file__).parent / "results" / "fuzz_saved.md"
PAGE = """\
# Damaged and forged files of saved estimators

{environment}

{n} copies of a saved hybrid (seed {seed}; {size:.0f} kB), a third of them damaged bytes, the others forged with all
checksums set right: trees with other values, arrays of other shapes, sizes that nothing stands behind, members that
unpack to 60 MB. "loaded": the change left a valid file.

| outcome | files |
|---|---|
{rows}

Most memory that reading one of them took: {memory:.0f} MB.

{faults}
"""


def saved(path):
    """A small hybrid, saved."""
    X, y = make_elbow_flexion(1, duration=2.0, random_state=0, return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sk_bionic.save(
            sk_bionic.PhysicsInformedMSKRegressor("elbow", max_epochs=4, n_networks=1, random_state=0).fit(X, y), path
        )
    return path.read_bytes()


def outcome(path):
    """What `load` makes of a file, in a word, or a sentence where it is a fault."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            sk_bionic.load(path)
    except ValueError as error:
        return "ValueError" if str(path) in str(error) else f"ValueError without the file's name: {error}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return "loaded"


def memory(kind):
    """Resident memory of the process [MB]: "VmRSS" now, "VmHWM" at most since `forget_peak`; Linux only."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return float(status[kind].split()[0]) / 1024


def forget_peak():
    """Let "VmHWM" begin anew."""
    Path("/proc/self/clear_refs").write_text("5")


def fuzz(folder, n_files, seed):
    """Outcomes of `n_files` copies, the most memory that one took [MB], and the size of the original [kB]."""
    raw, path = saved(folder / "original.skb"), folder / "copy.skb"
    sk_bionic.load(folder / "original.skb")
    found, peak = [], 0.0
    for i in range(n_files):
        path.write_bytes(mutated(raw, random.Random(f"{seed} {i}")))
        forget_peak()
        before = memory("VmRSS")
        found.append(outcome(path))
        peak = max(peak, memory("VmHWM") - before)
    return found, peak, len(raw) / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    np.seterr(all="ignore")  # of numbers that a forger has chosen
    with tempfile.TemporaryDirectory() as folder:
        found, peak, size = fuzz(Path(folder), arguments.files, arguments.seed)
    faults = [f"- copy {i}: {what}" for i, what in enumerate(found) if what not in ("loaded", "ValueError")]
    counts = Counter(what if what in ("loaded", "ValueError") else "other" for what in found)
    page = PAGE.format(
        environment=environment(), n=arguments.files, seed=arguments.seed, size=size, memory=peak,
        rows="\n".join(f"| {name} | {counts[name]} |" for name in ("ValueError", "loaded", "other")),
        faults="\n".join(["Faults:", *faults]) if faults else "No fault.",
    )  # fmt: skip
    print(page)
    RESULT.write_text(page)


if __name__ == "__main__":
    main()
