"""Subjects whose recordings were spoilt: is the fit's warning right, and is it silent for clean ones?

usage: python benchmarks/spoilt_subjects.py [--seeds development]

Thirty spoilt and a hundred clean subjects of four families: simulated elbows (mismatch 0 to 1, noise on angle and EMG),
the simulated arm, elbows calibrated to joint moments, and recorded knees (where SK_BIONIC_DATA or the cache has them).
The thresholds of `sk_bionic.identification` were chosen on the seeds and men called development, the table is of
others. One core. `--part K N` runs the K-th of N parts.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from _tables import environment

from sk_bionic import PhysicsInformedMSKRegressor, calibrate_to_moments, predict_moments
from sk_bionic.datasets import fetch_knee_emg, make_arm_reaching, make_elbow_flexion
from sk_bionic.exceptions import PlausibilityWarning
from sk_bionic.musculoskeletal import arm, elbow, knee
from sk_bionic.trials import find_trials, shifted

SEEDS = {"development": 1000, "report": 7000}
MEN = {"development": ("N01", "N03", "N05", "A01", "A03", "A05"), "report": ("N07", "N09", "N11", "A07", "A09", "A11")}
N_CLEAN = {"elbow": 68, "arm": 8, "moments": 12}  # and twelve knees
TOLD_BY_OTHERS = {
    "dead": ("constant", "electrode"),
    "unit": ("radians", "degrees"),
    "time": ("milliseconds",),
}  # words of older warnings and errors
RESULT = Path(__file__).parent / "results" / "spoilt_subjects.md"


def subject(family, seed, men):
    """Model, X and y of a clean subject (moments: X, moments)."""
    rng = np.random.default_rng(seed)
    if family == "knee":
        man, task = men[seed % len(men)], ("sitting", "standing")[seed // len(men) % 2]
        X, y = fetch_knee_emg(subjects=[man], tasks=(task,), return_X_y=True)
        return knee("seated" if task == "sitting" else "standing"), X, y
    options = {"n_trials": int(rng.integers(2, 6)), "duration": float(rng.uniform(4.0, 8.0)), "random_state": seed}
    options |= {"mismatch": float(rng.choice([0.0, rng.uniform()])), "emg_noise": float(rng.choice([0.0, 0.2]))}
    options["angle_noise"] = np.deg2rad(rng.uniform(0.3, 2.0))
    if family == "arm":
        made = make_arm_reaching(**{**options, "n_trials": 3})
        return arm(), made.data, made.target
    made = make_elbow_flexion(**options)
    if family == "elbow":
        return elbow(), made.data, made.target
    X = made.data.assign(elbow_flexion=made.angle)
    moments = predict_moments(made.model, X)
    return elbow(), X, moments + rng.normal(0.0, 0.1 * moments.std().iloc[0], moments.shape)


def late(X, seconds, channels):
    return X.assign(**dict(zip(channels, shifted(X[channels].to_numpy(), find_trials(X), seconds).T, strict=True)))


def slowed(table, factor):
    """The table with all its time stamps multiplied."""
    trial, moment = (table.index.get_level_values(level) for level in ("trial", "time"))
    out = table.copy()
    out.index = pd.MultiIndex.from_arrays([trial, moment * factor], names=table.index.names)
    return out


def exchanged(X, first, second):
    return X.assign(**{first: X[second], second: X[first]})


def turned(model, angle):
    root = next(joint for joint in model.joints if joint.parent is None)
    return model.with_rows({(root.name, "segment_orientation"): {"initial": angle, "value": angle}})


def heavier(model, factor):
    rows = [r for r in model.parameters.rows if r.name in ("segment_mass", "moment_of_inertia")]
    return model.with_rows({(r.owner, r.name): {"initial": r.value * factor, "value": r.value * factor} for r in rows})


def of_elbow(y):
    """The elbow's angle turned, of one or two coordinates."""
    return -y if y.ndim == 1 else y.assign(elbow_flexion=-y["elbow_flexion"])


deg = np.deg2rad
# Family, kind of finding that is right, its value (None: any), how much that may differ, and what spoils (model, X, y).
SPOILT = {
    "sign: -q": ("elbow", "sign", None, lambda m, X, y: (m, X, -y)),
    "sign: 180 deg - q": ("elbow", "sign", None, lambda m, X, y: (m, X, np.pi - y)),
    "sign of one of two angles": ("arm", "sign", None, lambda m, X, y: (m, X, of_elbow(y))),
    "sign: -q ": ("knee", "sign", None, lambda m, X, y: (m, X, -y)),
    "sign of moments": ("moments", "moment_sign", None, lambda m, X, y: (m, X, -y)),
    "zero +10 deg": ("elbow", "zero", 10, lambda m, X, y: (m, X, y + deg(10))),
    "zero -25 deg": ("elbow", "zero", -25, lambda m, X, y: (m, X, y - deg(25))),
    "zero +45 deg": ("elbow", "zero", 45, lambda m, X, y: (m, X, y + deg(45))),
    "zero -90 deg": ("elbow", "zero", -90, lambda m, X, y: (m, X, y - deg(90))),
    "zero +60 deg": ("knee", "zero", 60, lambda m, X, y: (m, X, y + deg(60))),
    "zero -50 deg": ("knee", "zero", -50, lambda m, X, y: (m, X, y - deg(50))),
    "degrees": ("elbow", "unit", None, lambda m, X, y: (m, X, np.rad2deg(y))),
    "radians converted twice": ("knee", "angle_unit", None, lambda m, X, y: (m, X, deg(y))),
    "moments in N mm": ("moments", "moment_unit", None, lambda m, X, y: (m, X, 1000 * y)),
    "rate twice too high": ("elbow", "rate", None, lambda m, X, y: (m, slowed(X, 0.5), slowed(y, 0.5))),
    "time in ms": ("elbow", "time", None, lambda m, X, y: (m, slowed(X, 1000), slowed(y, 1000))),
    "rate ten times too high": ("knee", "rate", None, lambda m, X, y: (m, slowed(X, 0.1), slowed(y, 0.1))),
    "resting level 0.02": ("elbow", "resting_level", None, lambda m, X, y: (m, X + 0.02, y)),
    "resting level 0.05": ("elbow", "resting_level", None, lambda m, X, y: (m, X + 0.05, y)),
    "resting level 0.1": ("elbow", "resting_level", None, lambda m, X, y: (m, X + 0.1, y)),
    "MVC 1.3": ("elbow", "amplitude", None, lambda m, X, y: (m, X * 1.3 / X.rolling(10).mean().max(), y)),
    "MVC 2": ("elbow", "amplitude", None, lambda m, X, y: (m, X * 2.0 / X.rolling(10).mean().max(), y)),
    "swapped": ("elbow", "swapped", None, lambda m, X, y: (m, exchanged(X, "biceps", "triceps"), y)),
    "swapped ": ("knee", "swapped", None, lambda m, X, y: (m, exchanged(X, "biceps_femoris", "vastus_medialis"), y)),
    "dead: noise": ("elbow", "quiet", None, lambda m, X, y: (m,
    X.assign(triceps=0.05 + 0.002 * np.sin(np.arange(len(X)) * 1.7)), y)),
    "dead: constant": ("elbow", "dead", None, lambda m, X, y: (m, X.assign(triceps=0.0), y)),
    "EMG 0.3 s early": ("elbow", "lag", -0.3, lambda m, X, y: (m, late(X, -0.3, list(X.columns)), y)),
    "EMG 0.5 s late": ("elbow", "lag", 0.5, lambda m, X, y: (m, late(X, 0.5, list(X.columns)), y)),
    "posture: 90 deg": ("elbow", "posture", None, lambda m, X, y: (turned(m, np.pi / 2), X, y)),
    "mass twice": ("elbow", "mass", None, lambda m, X, y: (heavier(m, 2.0), X, y)),
}  # fmt: skip


def outcome(family, model, X, y):
    """Findings (DataFrame), all that was told, and seconds."""
    start, findings = time.perf_counter(), None
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            if family == "moments":
                findings = calibrate_to_moments(model, X, y).findings
            else:
                findings = (
                    PhysicsInformedMSKRegressor(model, prediction="simulation", random_state=0).fit(X, y).findings_
                )
        except Exception as error:
            told.append(warnings.WarningMessage(error, type(error), "", 0))
    text = " | ".join(str(w.message) for w in told)
    alarmed = any(issubclass(w.category, PlausibilityWarning) for w in told)
    return findings, text, alarmed, time.perf_counter() - start


def judged(kind, value, findings, text):
    """Whether the fault was named, and whether the advice is right."""
    if kind in TOLD_BY_OTHERS:
        named = any(word in text for word in TOLD_BY_OTHERS[kind])
        return named, named
    kinds = [] if findings is None else list(findings["kind"])
    if kind not in kinds:
        return False, False
    found = float(findings["value"].iloc[kinds.index(kind)])
    margin = {"zero": max(10.0, 0.35 * abs(value or 0)), "lag": 0.1}.get(kind, np.inf)
    return True, value is None or abs(found - value) <= margin


def spoilt_rows(seed, men, part):
    for k, (name, (family, kind, value, spoil)) in enumerate(SPOILT.items()):
        if k % part[1] != part[0]:
            continue
        model, X, y = spoil(*subject(family, seed + k, men))
        findings, text, _, seconds = outcome(family, model, X, y)
        named, right = judged(kind, value, findings, text)
        said = text[:160] if findings is None or not len(findings) else findings["meaning"].iloc[0]
        yield {
            "spoilt by": name.strip(),
            "family": family,
            "named": named,
            "advice": right,
            "seconds": seconds,
            "said": said,
        }


def clean_rows(seed, men, part):
    plan = [
        *((family, k) for family, n in N_CLEAN.items() for k in range(n)),
        *(("knee", k) for k in range(2 * len(men))),
    ]
    for family, k in plan[part[0] :: part[1]]:
        start = seed + 100 + k if family != "knee" else k
        findings, text, alarmed, seconds = outcome(family, *subject(family, start, men))
        kinds = [] if findings is None else list(findings["kind"])
        recorded_rest = family == "knee" and set(kinds) <= {"resting_level"}
        said = "" if not kinds else findings["meaning"].iloc[0]
        yield {
            "family": family,
            "seed": start,
            "alarm": alarmed and not recorded_rest,
            "rest": "resting_level" in kinds,
            "seconds": seconds,
            "said": said,
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", choices=list(SEEDS), default="report")
    parser.add_argument("--only", choices=("spoilt", "clean"))
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), metavar=("K", "N"), help="the K-th of N parts")
    chosen = parser.parse_args()
    seed, men = SEEDS[chosen.seeds], MEN[chosen.seeds]
    start, spoilt, clean = time.perf_counter(), [], []
    for rows, out, wanted in ((spoilt_rows, spoilt, "spoilt"), (clean_rows, clean, "clean")):
        for row in rows(seed, men, chosen.part) if chosen.only in (None, wanted) else ():
            out.append(row)
            print(*(f"{v:.1f}" if isinstance(v, float) else v for v in row.values()), sep=" | ", flush=True)
    text = page(spoilt, clean, chosen.seeds, time.perf_counter() - start)
    print(text)
    if chosen.only is None and chosen.seeds == "report":
        RESULT.write_text(text)


def page(spoilt, clean, seeds, seconds):
    """The result as Markdown."""
    lines = [
        "# Spoilt subjects",
        "",
        f"`python benchmarks/spoilt_subjects.py`; {environment()}; {seconds:.0f} s on one core. Seeds from "
        f"{SEEDS[seeds]}, knees of {', '.join(MEN[seeds])};",
        f"thresholds were chosen on seeds from {SEEDS['development']} and {', '.join(MEN['development'])}.",
        "",
    ]
    if spoilt:
        n, named, right = len(spoilt), sum(r["named"] for r in spoilt), sum(r["advice"] for r in spoilt)
        lines += [
            f"{n} spoilt subjects: named {named} ({named / n:.0%}), right advice {right} ({right / n:.0%}).",
            "",
            "| spoilt by | family | named | right advice | said first |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| {r['spoilt by']} | {r['family']} | {'yes' if r['named'] else 'no'} | {'yes' if r['advice'] else 'no'} "
            f"| {r['said']} |"
            for r in spoilt
        ]
    if clean:
        alarms = [r for r in clean if r["alarm"]]
        rest = sum(r["rest"] for r in clean if r["family"] == "knee")
        lines += [
            "",
            f"{len(clean)} clean subjects: false alarms {len(alarms)} ({len(alarms) / len(clean):.0%}).",
            f"Of the recorded knees {rest} are told of a resting level, which their EMG has; that is not counted.",
            "",
        ]
        lines += [f"- {r['family']} {r['seed']}: {r['said']}" for r in alarms]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
