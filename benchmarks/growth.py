"""How CPU time and memory grow: with the length of a trial, the muscles, the joints, the trials; and long trials.

    python benchmarks/growth.py [--only growth minute hour]

Growth is of the march alone and of the march with the derivatives that identification needs. One thread. Writes
`results/growth.md`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from _tables import environment, markdown

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.exceptions import SimulationError
from sk_bionic.musculoskeletal import Joint, Muscle, MusculoskeletalModel, PolynomialPath, elbow
from sk_bionic.musculoskeletal.prior import FreeParameters
from sk_bionic.trials import Trials, find_trials

HERE = Path(__file__).resolve().parent
RESULT, PARTS = HERE / "results" / "growth.md", ("growth", "minute", "hour")
RATE, N_SUBJECTS, MINUTE = 100, 6, 60.0
REPEATS = 3
SECONDS, MUSCLES, JOINTS, N_TRIALS = (
    (10, 60, 300, 1200, 3600),
    (1, 2, 4, 8, 16, 32, 64),
    (1, 2, 3, 4),
    (1, 3, 10, 30, 100),
)
GOAL = 600.0  # MB
DERIVATIVES_TO = 1200  # s: their numbers for an hour are no longer what identification holds at once
PAGE = """\
# Growth, and long trials

Command: `python benchmarks/growth.py`. {environment}

## Growth

CPU time (median of {repeats}) and peak of the memory that Python and numpy hold (tracemalloc) from EMG to trajectory,
and the same with the derivatives of all angles and velocities by the free parameters. Exponents: slope of the
logarithm over that of the size, by least squares over all sizes, and over the larger half, where what a call costs by
itself no longer counts. 100 Hz; where nothing else is said an elbow, one trial of 10 s, 16 free parameters at most.

{exponents}

{growth}

## One continuous minute of lively movement

Six simulated elbows under their true parameters; errors against scipy's LSODA at a relative tolerance of 1e-8 on the
excitation between the frames, too.

{minute}

## An hour of 16 channels

16 muscles of a model without geometry (`"auto"`), 83 free parameters; the identification stops after 3 steps, since its
memory is that of the first. Peak: largest resident memory of the process, libraries and data included; before: what it
had with the libraries, a short fit and the data.

{hour}
"""


def varied_emg(n_trials, n_frames, n_muscles):
    """Smooth excitations (n_trials * n_frames, n_muscles) between 0.05 and 0.45, no two muscles alike."""
    time_of = np.arange(n_frames)[:, None] / RATE
    wave = 0.25 + 0.2 * np.sin((1.3 + 0.37 * (np.arange(n_muscles) % 7)) * time_of + np.arange(n_muscles))
    return np.tile(wave, (n_trials, 1))


def trials_of(n_trials, n_frames):
    names = tuple(f"trial_{k}" for k in range(n_trials))
    return Trials(names, np.arange(n_trials + 1) * n_frames, np.tile(np.arange(n_frames) / RATE, n_trials))


def with_muscles(n):
    """The elbow with n muscles, flexors and extensors in turn, that together are as strong as its two."""
    generic, muscles = elbow(), []
    for k in range(n):
        muscle = generic.muscles[k % 2]
        force = muscle.parameters["max_isometric_force"] * 2.0 / n
        muscles.append(
            replace(muscle, name=f"muscle_{k}", parameters={**muscle.parameters, "max_isometric_force": force})
        )
    return MusculoskeletalModel(muscles, generic.joints)


def with_joints(n):
    """A hanging chain of n light segments, each on the one before, with eight muscles of one joint each."""
    segment = {
        "moment_of_inertia": 0.02, "segment_mass": 1.0, "center_of_mass": 0.1,
        "joint_stiffness": 2.0, "joint_damping": 0.5,
    }  # fmt: skip
    carrying = {**segment, "segment_length": 0.2}
    joints = [
        Joint(f"joint_{d}", 5.0, carrying if d < n - 1 else segment, parent=f"joint_{d - 1}" if d else None)
        for d in range(n)
    ]
    muscles = []
    for k in range(8):
        arm = tuple(int(d == k // 2 % n) for d in range(n))
        path = PolynomialPath((0.3, 0.02 if k % 2 else -0.02), ((0,) * n, arm))
        values = {"max_isometric_force": 100.0, "optimal_fiber_length": 0.1, "tendon_slack_length": 0.2}
        muscles.append(Muscle(f"muscle_{k}", path, parameters=values))
    return MusculoskeletalModel(muscles, joints)


def cases():
    """(what grows, its size, model, trials) of all rows."""
    for seconds in SECONDS:
        yield "seconds", seconds, elbow(), trials_of(1, seconds * RATE)
    for n in MUSCLES:
        yield "muscles", n, with_muscles(n), trials_of(1, 10 * RATE)
    for n in JOINTS:
        yield "joints", n, with_joints(n), trials_of(1, 10 * RATE)
    for n in N_TRIALS:
        yield "trials", n, elbow(), trials_of(n, 10 * RATE)


def measured(work):
    """Median CPU seconds of some calls, and the peak of one more [MB]."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return float(np.median(times)), peak


def growth():
    """A row for every size: CPU ms and MB of the march without and with derivatives."""
    rows = []
    for what, size, model, trials in cases():
        emg = varied_emg(trials.n_trials, trials.n_frames // trials.n_trials, model.n_muscles)
        free = FreeParameters(model.parameters).index[:16]
        free = free[np.linspace(0, len(free) - 1, min(16, len(free))).astype(int)]
        march = lambda rows=None, model=model, trials=trials, emg=emg: EquationOfMotion(model, trials, emg).solve(
            rows=rows
        )
        march()
        row = {"what grows": what, "size": size}
        row["march [ms]"], row["march [MB]"] = measured(march)
        row["with derivatives [ms]"] = row["with derivatives [MB]"] = np.nan
        if what != "seconds" or size <= DERIVATIVES_TO:
            derived = measured(lambda march=march, free=free: march(np.asarray(free)))
            row["with derivatives [ms]"], row["with derivatives [MB]"] = derived
        for column in ("march [ms]", "with derivatives [ms]"):
            row[column] *= 1e3
        rows.append(row)
        print(row, flush=True)
    return pd.DataFrame(rows)


def exponents(table):
    """Slopes of the logarithms by what grows."""
    rows = []
    for what, group in table.groupby("what grows", sort=False):
        row = {"what grows": f"{what}, {group['size'].min()} to {group['size'].max()}"}
        for column in table.columns[2:]:
            known = group.dropna(subset=[column])
            slope = lambda part, column=column: np.polyfit(np.log(part["size"]), np.log(part[column]), 1)[0]
            row[column.replace(" [ms]", ", time").replace(" [MB]", ", memory")] = (
                f"{slope(known):.2f} ({slope(known.iloc[len(known) // 2 - 1 :]):.2f})"
            )
        rows.append(row)
    return pd.DataFrame(rows)


def minute():
    """One trial of 60 s for each subject, simulated under the true parameters."""
    rows = []
    for seed in range(N_SUBJECTS):
        flexion = make_elbow_flexion(1, duration=MINUTE, angle_noise=0.0, random_state=seed)
        truth, trials = flexion.target.to_numpy(), find_trials(flexion.data)
        row = {"subject": str(seed), "range [deg]": np.rad2deg(np.ptp(truth))}
        start = time.process_time()
        try:
            angle = EquationOfMotion(flexion.model, trials, flexion.data.to_numpy()).solve().angle[:, 0]
        except SimulationError as error:
            row |= {"solved": f"no: {error}", "CPU [ms]": np.nan, "RMSE [deg]": np.nan, "largest error [deg]": np.nan}
        else:
            seconds, error = time.process_time() - start, np.rad2deg(angle - truth)
            row |= {
                "solved": "yes", "CPU [ms]": 1e3 * seconds, "RMSE [deg]": np.sqrt(np.mean(error**2)),
                "largest error [deg]": np.abs(error).max(),
            }  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows)


def hour(seconds):
    """What processes of their own say, DataFrame; predictions with std in one, for what they take hides the others."""
    rows = []
    for works in (["predict", "identify"], ["predict with std"]):
        command = [sys.executable, str(HERE / "_long_worker.py"), str(seconds), *works]
        variables = {**os.environ, "PYTHONPATH": str(HERE.parent), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        ended = {
            "work": works[-1],
            "seconds": seconds,
            "before [MB]": np.nan,
            "CPU [s]": np.nan,
            "peak [MB]": np.nan,
        }
        rows += found + [ended] * (len(found) < len(works))  # the system ends what takes all memory
        print(*rows, done.stderr[-500:], sep="\n", flush=True)
    return pd.DataFrame(rows).assign(goal=GOAL).rename(columns={"goal": "goal [MB]"})


def page(tables):
    """The page from what was measured, dict of lists of rows as kept in the .json file."""
    grown, sizes = pd.DataFrame(tables["growth"]), {"seconds": ".0f", "before [MB]": ".0f", "peak [MB]": ".0f"}
    return PAGE.format(
        environment=environment(), repeats=REPEATS, exponents=markdown(exponents(grown)),
        growth=markdown(grown, {"size": "d"}),
        minute=markdown(pd.DataFrame(tables["minute"]), {"RMSE [deg]": ".1e", "largest error [deg]": ".1e"}),
        hour=markdown(pd.DataFrame(tables["hour"]).drop(columns="parameters"), {**sizes, "goal [MB]": ".0f"}),
    )  # fmt: skip


def main():
    """Measure what is asked for, keep it beside what is there, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="the other parts are kept")
    parser.add_argument("--seconds", type=float, default=3600.0, help="length of the hour [s]")
    given = parser.parse_args()
    kept = RESULT.with_suffix(".json")
    tables = json.loads(kept.read_text()) if kept.exists() else {}
    for part in given.only:
        found = hour(given.seconds) if part == "hour" else {"growth": growth, "minute": minute}[part]()
        tables[part] = found.to_dict("records")
    kept.write_text(json.dumps(tables, indent=1) + "\n")
    if set(tables) == set(PARTS):
        RESULT.write_text(page(tables))
        print(RESULT.read_text())


if __name__ == "__main__":
    main()
