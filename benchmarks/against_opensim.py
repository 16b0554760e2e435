"""sk_bionic against OpenSim: forces, geometry and movements from stored values, speed in the same run.

Prints its tables and keeps them in results/against_opensim.md and .json.
"""

import argparse
import importlib.util
import json
import os
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from _opensim_stored import ELBOW, SHOULDER, arm26, forces, forward, geometry, movement
from _peers import MANY as MANY_PEERS
from _peers import peers_table
from _tables import environment, markdown

from sk_bionic.musculoskeletal import from_osim

HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "shared"
REFERENCE = Path(os.environ.get("SK_BIONIC_REFERENCE") or SHARED / "reference" / "opensim.json")
MODELS = Path(os.environ.get("SK_BIONIC_DATA") or SHARED / "data") / "osim"
RESULT = HERE / "results" / "against_opensim.md"
SPEED_COLUMNS = ["what", "by", "ms", "times as fast", "as with fitted paths", "error [deg]"]
# Lengths of arm26 and leg6dof9musc over the angles of the stored postures [rad].
GRIDS = {
    "arm26": {SHOULDER: (-np.pi / 3, 2 * np.pi / 3), ELBOW: (0.0, np.deg2rad(130))},
    "leg6dof9musc": {"knee_angle_r": (-2 * np.pi / 3, np.pi / 18)},
}
ACCURACY, TIGHT = 1e-5, 1e-7  # OpenSim's default, and what it is compared with
MANY, N_POSTURES, REPEATS, THEIR_REPEATS = 100, 1000, 5, 3
TARGETS = {
    "rigid": 1e-9, "elastic": 1e-3, "length": 0.1, "moment arm": 0.5, "elbow": 0.2, "force": 1.0
}  # fmt: skip
PAGE = """\
# sk_bionic against OpenSim

Command: `python benchmarks/against_opensim.py`. {environment} {opensim}

## Tendon forces of single muscles (stored)

{forces}

## Geometry over the stored postures

Root mean square errors of the fitted polynomials [mm], the larger one of several moment arms. "jump": where the stored
length leaps by more than 0.3 mm between neighbouring postures without a moment arm that says so (another side of a
wrapping surface), no smooth path follows; there the path is the integral of its moment arms.

{geometry}

## Movements of arm26 (stored)

Elbow: RMSE [deg] over 4 s; force: largest error of any tendon force [% of its maximum]. The stored description says
that the shoulder was locked; the stored forces of the muscles that span it are those of a shoulder that swings, and
OpenSim with a welded shoulder is as far from the stored movement as the row "locked".

{forward}

## Speed and accuracy in the same run

Movement 1 of 4 s, shoulder at 0. CPU time of one thread: what else runs on the machine counts less. Errors: RMSE of the
elbow [deg] from OpenSim's own geometry at an integration accuracy of {tight:g}. "OpenSim, fitted paths": its
FunctionBasedPath with the same polynomials, the same trajectory error as ours; "as with fitted paths": times as fast as
that.

{speed}

## Other simulators of muscles and joints

The same elbow with rigid tendons (shoulder at 0, 4 s from movement 1's excitations), as near as each can hold it:
MuJoCo and MotorNet take straight lines between two points a muscle, which follow the polynomials' moment arms to
{paths} mm (root mean square, by muscle), have muscle curves of their own and no pennation, and hold an excitation
over a step (here its value in the middle; we interpolate it). Order and error are those of each against its own limit
of small steps, so they do not count what its model differs by; the last column does: its limit against OpenSim. CPU
time of one thread, one trial and {many} at once; MuJoCo by its `rollout`, a loop outside Python; MotorNet, made for
gradients of batches, without them.

{peers}

## Verdicts

{verdicts}
"""


def fitted(file, coordinates, **options):
    """A model whose paths were fitted, without the warnings that the tables tell better."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return from_osim(file, coordinates, **options)


def geometry_table(reference, models):
    """Errors of all muscles of both limbs."""
    rows = []
    for name, ranges in GRIDS.items():
        wide = {c: (low - 0.02 * (high - low), high + 0.02 * (high - low)) for c, (low, high) in ranges.items()}
        posture = {} if name == "arm26" else {"hip_flexion_r": -0.1754, "ankle_angle_r": 0.0974}
        model = fitted(models / f"{name}.osim", list(ranges), ranges=wide, posture=posture)
        for muscle, length, arm in geometry(reference[f"{name}_geometry"], model, list(ranges)):
            rows.append((name, muscle, length, arm))
    return pd.DataFrame(rows, columns=["model", "muscle", "length [mm]", "moment arm [mm]"])


def cpu_seconds(function, repeats=REPEATS):
    """Median CPU time of a call, and what the last one returned."""
    times = []
    for _ in range(repeats):
        begun = time.process_time()
        found = function()
        times.append(time.process_time() - begun)
    return float(np.median(times)), found


def our_seconds(model, stored, n_trials):
    """CPU seconds a trial from excitations to movement, and the elbow's angle [rad]."""

    def simulate():
        motion, initial = movement(model, stored, [stored["initial_elbow_rad"]], n_trials)
        return motion.solve(initial_state=initial).angle[: len(stored["time_s"]), 0]

    seconds, angle = cpu_seconds(simulate, REPEATS if n_trials == 1 else 1)
    return seconds / n_trials, angle


def speed_tables(reference, file):
    """Seconds a trial and errors of the elbow: OpenSim with its own and with fitted paths, sk_bionic, and others."""
    from _opensim_live import integrated, moving_arm

    stored, rows, tables = reference["arm26_forward"][0], [], {}
    for tendon in ("rigid", "elastic"):
        model = arm26(file, [ELBOW], tendon, posture={SHOULDER: 0.0})
        paths = {m.name: powers(m.path) for m in model.muscles}
        exact = integrated(moving_arm(file, stored, tendon == "rigid"), stored, TIGHT)[1]
        runs = []
        for what, given in (("OpenSim", None), ("OpenSim, fitted paths", paths)):
            theirs = moving_arm(file, stored, tendon == "rigid", given)
            times, angles = zip(*(integrated(theirs, stored, ACCURACY) for _ in range(THEIR_REPEATS)), strict=True)
            runs.append((what, float(np.median(times)), angles[-1]))
        runs += [
            ("sk_bionic, 1 trial", *our_seconds(model, stored, 1)),
            (f"sk_bionic, {MANY} trials at once", *our_seconds(model, stored, MANY)),
        ]
        for what, seconds, angle in runs:
            error = np.rad2deg(np.sqrt(np.mean((angle - exact) ** 2)))
            rows.append(
                (
                    f"{tendon} tendons, 4 s",
                    what,
                    1e3 * seconds,
                    *(run[1] / seconds for run in runs[:2]),
                    error,
                )
            )
        if tendon == "rigid":
            tables["peers"], arm = peers_table(model, stored, exact)
            tables["paths"] = pd.DataFrame(
                {"muscle": arm.names, "moment arm of two points [mm]": 1e3 * arm.moment_arm_error}
            )
    return {"speed": pd.DataFrame(rows, columns=SPEED_COLUMNS), **tables}


def powers(path):
    """Coefficients of the powers 0, 1, ... of a path over one angle."""
    coefficients = np.zeros(1 + max(e for (e,) in path.terms))
    for (exponent,), coefficient in path.terms.items():
        coefficients[exponent] = coefficient
    return coefficients.tolist()


def postures_table(file):
    """Milliseconds for lengths and moment arms of 1,000 postures of arm26, shoulder and elbow."""
    from _opensim_live import postures_seconds

    ranges = {SHOULDER: (-1.0, 1.0), ELBOW: (0.1, 2.2)}
    postures = np.random.RandomState(0).uniform(*np.array(list(ranges.values())).T, (N_POSTURES, 2))
    theirs = postures_seconds(file, postures)
    model, angle = fitted(file, list(ranges), ranges=ranges), np.asarray(postures)
    ours, _ = cpu_seconds(lambda: model.length_and_moment_arm(angle))
    what = f"geometry of {N_POSTURES} postures"
    rows = [
        (what, "OpenSim", 1e3 * theirs, 1.0, np.nan, np.nan),
        (what, "sk_bionic", 1e3 * ours, theirs / ours, np.nan, np.nan),
    ]
    return pd.DataFrame(rows, columns=SPEED_COLUMNS)


def verdicts(tables):
    """Aims and what was measured."""
    rows = []

    def judge(what, got, aim, at_least=False):
        met = got >= aim if at_least else got <= aim
        rows.append(
            (
                what,
                f"{'at least' if at_least else 'at most'} {aim:g}",
                f"{got:.2g}",
                "met" if met else "missed",
            )
        )

    single = tables["forces"].set_index("muscle")["largest difference [of maximal force]"]
    judge("rigid tendon forces", single.filter(like="rigid").max(), TARGETS["rigid"])
    judge("elastic tendon equilibria", single.filter(like="elastic").max(), TARGETS["elastic"])
    if "geometry" in tables:
        for name, group in tables["geometry"].groupby("model", sort=False):
            for what in ("length", "moment arm"):
                column = group.set_index("muscle")[f"{what} [mm]"]
                judge(f"{name}, {what} of {column.idxmax()} [mm]", column.max(), TARGETS[what])
    if "forward" in tables:
        for shoulder, group in tables["forward"].groupby("shoulder", sort=False):
            judge(
                f"stored movements, shoulder {shoulder}: elbow [deg]",
                group["elbow [deg]"].max(),
                TARGETS["elbow"],
            )
            judge(
                f"stored movements, shoulder {shoulder}: forces [%]",
                group["force [%]"].max(),
                TARGETS["force"],
            )
    if "speed" in tables:
        for (what, by), row in tables["speed"].set_index(["what", "by"]).iterrows():
            if by.startswith("sk_bionic"):
                aim = 100 if "elastic" in what else 10
                judge(
                    f"{what}, {by}: times as fast as OpenSim",
                    row["times as fast"],
                    aim,
                    at_least=True,
                )
                fitted_paths = row["as with fitted paths"]
                if not np.isnan(fitted_paths):
                    one = "1 trial" in by
                    aim = (40 if one else 50) if "elastic" in what else 25
                    judge(f"{what}, {by}: as OpenSim with fitted paths", fitted_paths, aim, at_least=True)
    euler = tables.get("peers", pd.DataFrame({"by": []})).query("by.str.contains('MuJoCo') & by.str.contains('Euler')")
    for _, theirs in euler.iterrows():
        ours = tables["peers"].query("by == 'sk_bionic'")
        as_exact = ours[ours["error [deg]"] <= theirs["error [deg]"]]
        for column in ("ms", f"ms a trial of {MANY_PEERS}"):
            ratio = theirs[column] / as_exact[column].min()
            judge(f"as fast as {theirs['by']} at no more error, {column}", ratio, 1, at_least=True)
    return pd.DataFrame(rows, columns=["what", "aim", "measured", "verdict"])


def measure(reference, models):
    """All tables that can be made with what is there."""
    column = "largest difference [of maximal force]"
    tables = {"forces": pd.DataFrame(forces(reference).items(), columns=["muscle", column])}
    if importlib.util.find_spec("opensim") is None or not (models / "arm26.osim").exists():
        return tables
    arm = models / "arm26.osim"
    tables["geometry"] = geometry_table(reference, models)
    rows = [row for free in (True, False) for row in forward(reference, arm, free)]
    tables["forward"] = pd.DataFrame(rows, columns=["movement", "shoulder", "elbow [deg]", "force [%]"])
    tables |= speed_tables(reference, arm)
    tables["speed"] = pd.concat([tables["speed"], postures_table(arm)], ignore_index=True)
    return tables


def opensim_version(reference):
    """Which OpenSim made the stored values, and which one ran."""
    stored = f"Stored values: OpenSim {reference['opensim']}."
    if importlib.util.find_spec("opensim") is None:
        return f"{stored} Live: none (extra [opensim])."
    import opensim

    return f"{stored} Live: OpenSim {opensim.GetVersion()}."


def report(tables, reference):
    """The page, in Markdown."""
    formats = {
        "forces": {tables["forces"].columns[1]: ".1e"},
        "forward": {"movement": "d", "elbow [deg]": ".3f"},
        "speed": {
            "ms": ".1f",
            "times as fast": ".1f",
            "as with fitted paths": ".1f",
            "error [deg]": ".1e",
        },
        "geometry": {"length [mm]": ".3f", "moment arm [mm]": ".3f"},
        "peers": {"step [ms]": ".0f", "error [deg]": ".1e"},
    }
    skipped = "Left out: needs the extra [opensim] and the .osim files (see `--models`)."
    shown = {name: markdown(tables[name], form) if name in tables else skipped for name, form in formats.items()}
    return PAGE.format(
        environment=environment(), opensim=opensim_version(reference), tight=TIGHT, **shown,
        verdicts=markdown(verdicts(tables)), many=MANY_PEERS,
        paths=", ".join(f"{error:.1f}" for error in tables["paths"].iloc[:, 1]) if "paths" in tables else "-",
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, default=REFERENCE, help="values of OpenSim, JSON")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder with arm26.osim and others")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    if not arguments.reference.exists():
        print(f"Skipped: there is no {arguments.reference}; give --reference or SK_BIONIC_REFERENCE.")
        return
    torch.set_num_threads(1)
    reference = json.loads(arguments.reference.read_text())
    tables = measure(reference, arguments.models)
    page = report(tables, reference)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(page)
    kept = {"environment": environment(), "opensim": opensim_version(reference)}
    kept |= {name: table.to_dict("records") for name, table in tables.items()}
    kept["verdicts"] = verdicts(tables).to_dict("records")
    text = json.dumps(kept, indent=1).replace("NaN", "null")
    arguments.output.with_suffix(".json").write_text(text)
    print(page)


if __name__ == "__main__":
    main()
