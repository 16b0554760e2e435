"""Identified parameters against the truth: errors, stated errors, other optimisers, warnings.

Simulated elbows and wrists whose parameters are known. Writes results/identification.md.
"""

import argparse
import time
from pathlib import Path

import pandas as pd
from _accuracy import noise, noise_free, starts, wrist
from _departures import coverage, departures, forces
from _designs import flags
from _race import race
from _tables import environment, markdown

SECTIONS = {
    "noise_free": noise_free,
    "noise": noise,
    "starts": starts,
    "race": race,
    "wrist": wrist,
    "flags": flags,
    "departures": departures,
    "forces": forces,
    "coverage": coverage,
}
# Sizes: option, full size, size with --quick, help.
SIZES = (
    ("--noise-free-subjects", 10, 2, "subjects without noise"),
    ("--subjects", 60, 4, "subjects with 1 deg of noise"),
    ("--starts", 20, 3, "starts of the multi-start"),
    ("--start-subjects", 2, 1, "subjects of the multi-start"),
    ("--budget", 120, 5, "time of each rival search, in units of our fit's"),
    ("--wrist-subjects", 10, 2, "simulated wrists"),
    ("--design-subjects", 5, 1, "subjects for each design that cannot work"),
    ("--departure-subjects", 20, 2, "subjects for each departure from the model"),
    ("--force-subjects", 10, 2, "subjects whose muscle forces are predicted"),
    ("--coverage-subjects", 40, 2, "subjects for each departure whose intervals are counted"),
)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--jobs", type=int, default=2, help="processes, where no time is compared")
    for name, _, _, what in SIZES:
        parser.add_argument(name, type=int, help=what)
    output = Path(__file__).parent / "results" / "identification.md"
    parser.add_argument("--output", type=Path, default=output)
    arguments = parser.parse_args()
    for name, full, quick, _ in SIZES:
        name = name.strip("-").replace("-", "_")
        if getattr(arguments, name) is None:
            setattr(arguments, name, quick if arguments.quick else full)
    return arguments


def overview(sections):
    """What was asked for and what was measured."""
    verdict = {None: "-", True: "yes", False: "no"}
    rows = [(*claim[:3], verdict[None if claim[3] is None else bool(claim[3])]) for s in sections for claim in s.claims]
    return markdown(pd.DataFrame(rows, columns=["figure", "asked", "measured", "met"]))


def report(sections, arguments):
    """The whole result in Markdown."""
    sizes = {name.strip("-"): getattr(arguments, name.strip("-").replace("-", "_")) for name, *_ in SIZES}
    only = "" if len(sections) == len(SECTIONS) else f" --only {' '.join(arguments.only)}"
    parts = [
        "# Identification: parameters, their stated errors and what cannot be known",
        f"Command: `python benchmarks/identification.py{only}`. {environment()} "
        f"Sizes: {', '.join(f'{name} {size}' for name, size in sizes.items())}; seeds 0, 1, ...",
        overview(sections),
    ]
    for section in sections:
        parts += [f"## {section.title}", *section.parts]
    return "\n\n".join(parts)


def main():
    arguments = parse_arguments()
    sections = []
    for name in arguments.only:
        start = time.perf_counter()
        print(f"{name} ...", flush=True)
        sections.append(SECTIONS[name](arguments))
        print(f"  {time.perf_counter() - start:.0f} s", flush=True)
    text = report(sections, arguments)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(text + "\n")
    print(f"\n{text}\n\nWritten to {arguments.output}")


if __name__ == "__main__":
    main()
