"""What `inspection.check_recording` finds of planted faults, by their size, and what it finds in clean recordings.

Prints its tables and keeps them in results/check_recording.md.
"""

import argparse
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from _faults import FAULTS, is_found
from _tables import environment, markdown

from sk_bionic.datasets import fetch_knee_emg, make_elbow_flexion
from sk_bionic.datasets._raw_emg import synthesize_raw_emg
from sk_bionic.inspection import check_recording

RESULT = Path(__file__).parent / "results" / "check_recording.md"
PAGE = """\
# Faults of recordings: found, missed, imagined

Command: `python benchmarks/check_recording.py`. {environment}

Simulated elbows (`make_elbow_flexion`), {trials} trials of {duration:g} s with 1 deg of noise on the angle: envelopes
at 100 Hz (every second subject with 10 % of noise), raw EMG at 1000 Hz made from the simulated excitations (spectrum of
surface EMG, electrode noise of 5 uV, converter of 0.5 uV).

## Clean recordings

{clean}

## Planted faults

One fault a recording, {n_faults} recordings for each size. Found: a finding of the right kind that names the right
channel, the right trial and a time that overlaps. Faults of one channel are looked for without the angle.
"others": findings of other kinds in the same recording, on average (a fault may rightly have several signs).

{faults}

## Recorded knees

{recorded}
"""
TRIALS, DURATION = 5, 5.0


def clean_recording(seed, signal):
    """X and y without any fault."""
    options = {"n_trials": TRIALS, "duration": DURATION, "random_state": seed}
    if signal == "envelope":
        return make_elbow_flexion(**options, emg_noise=0.1 * (seed % 2), return_X_y=True)
    flexion = make_elbow_flexion(**options, sampling_rate=1000)
    return synthesize_raw_emg(flexion.data, seed), flexion.target


def false_alarms(n, signal):
    """One row on n clean recordings: how many had findings, and which."""
    kinds, with_findings = Counter(), 0
    for seed in range(n):
        X, y = clean_recording(seed, signal)
        findings = check_recording(X, y).findings
        kinds.update(findings["kind"])
        with_findings += len(findings) > 0
    named = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()) or "-"
    return signal, n, with_findings, f"{100 * with_findings / n:.0f} %", named


def detection(fault, signal, recordings):
    """Rows on one kind of fault: size, part found, other findings."""
    rows = []
    for size in fault.sizes:
        found, others = [], []
        for seed, (X, y) in enumerate(recordings):
            X, y, place = fault.plant(X, y, size, np.random.default_rng(seed))
            findings = check_recording(X, y if fault.needs_angle else None).findings
            found.append(is_found(findings, fault.kind, place))
            others.append(int((findings["kind"] != fault.kind).sum()))
        part = f"{sum(found)} of {len(found)}"
        rows.append((fault.name, signal, f"{size:g} {fault.unit}", part, np.mean(others)))
        print(rows[-1], flush=True)
    return rows


def recorded(data_home):
    """Findings in recorded knees, one row a subject and signal; None where there are no recordings."""
    rows = []
    for subject in [f"{group}{number:02d}" for group in "AN" for number in (1, 3, 5, 7, 9, 11)]:
        for envelope in (True, False):
            try:
                X, y = fetch_knee_emg(
                    subjects=[subject], envelope=envelope, sampling_rate=100 if envelope else None,
                    data_home=data_home, download_if_missing=False, return_X_y=True,
                )  # fmt: skip
            except OSError:
                return None
            quality = check_recording(X, y)
            found = quality.findings
            names = found["kind"] + " (" + found["channel"].fillna("all") + ", " + found["trial"].astype(str) + ")"
            counts = Counter(names[found["severity"] != "note"])
            text = "; ".join(f"{name} x{n}" if n > 1 else name for name, n in counts.items()) or "-"
            rows.append((subject, quality.signal, f"{100 * quality.explained:.0f} %", text))
            print(rows[-1], flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clean", type=int, default=50, help="clean recordings of each signal")
    parser.add_argument("--faulty", type=int, default=20, help="recordings for each fault and size")
    parser.add_argument("--data-home", help="cache of the recorded data, where there is one")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    clean = [false_alarms(arguments.clean, signal) for signal in ("envelope", "raw")]
    print(clean, flush=True)
    rows = []
    for signal in ("envelope", "raw"):
        recordings = [clean_recording(seed, signal) for seed in range(arguments.faulty)]
        for fault in FAULTS:
            if signal in fault.signals:
                rows += detection(fault, signal, recordings)
    knees = recorded(arguments.data_home)
    text = PAGE.format(
        environment=environment(),
        trials=TRIALS,
        duration=DURATION,
        n_faults=arguments.faulty,
        clean=markdown(pd.DataFrame(clean, columns=["signal", "recordings", "with findings", "rate", "kinds"]),
                       {"recordings": "d", "with findings": "d"}),
        faults=markdown(pd.DataFrame(rows, columns=["fault", "signal", "size", "found", "others"])),
        recorded="The recordings were not in the cache." if knees is None else markdown(
            pd.DataFrame(knees, columns=["subject", "signal", "angle explained", "findings (notes left out)"])),
    )  # fmt: skip
    arguments.output.write_text(text)
    print(f"{text}\nWritten to {arguments.output}")


if __name__ == "__main__":
    main()
