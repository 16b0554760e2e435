"""The page of the walking benchmark: its text and its tables."""

import pandas as pd
from _tables import environment, markdown
from _walking_data import JOINTS

HEADLINES = {
    "given": "Moments of the file (id_walk.sto)",
    "own": "Moments of the whole trial by our own inverse dynamics",
}
PAGE = """\
# Walking: knee and ankle moments from EMG

Command: `python benchmarks/walking.py --paths FILE`. {environment}

One walking trial of one man ({mass:.1f} kg), right leg: opensim-core's Moco example `example3DWalking` (Rajagopal et
al. 2016; Apache-2.0). EMG of 10 channels, {channels} used, to 22 Hill-type muscles (Millard curves) that span knee or
ankle, along measured hip, knee and ankle angles, at 100 Hz.

**What the trial holds.** The right foot strikes at {strikes} s; there is no third strike, so the second stride is never
complete. The file's moments run from {given_start:.2f} to {given_end:.2f} s: {given_train:.0f} % of the first stride
(its first {missing:.0f} ms are missing) and the first {given_test:.0f} ms of the second, which has no push-off. To
judge a push-off, the second table takes moments from {own_start:.2f} to {own_end:.2f} s that `_inverse_dynamics.py`
computes from the trial's angles (inverse kinematics, 6 Hz) and ground reaction; where both exist they differ by
{difference} (root mean square), since the file's angles are adjusted ones (RRA). From those very angles, ours are the
file's to {reproduced}.

**What is compared.** "generic": the file's parameters, gain 1, shape factor -1, delay 40 ms. "gains": a gain for each
electrode (the vasti's two share one). "all": gain and shape factor of each electrode, a factor on the tendon slack
length of each functional group, one delay. Maximal forces, fiber lengths, moment arms and time constants stay the
file's. The EMG is normalised by its maximum over the whole trial (as the file has it), not over a maximal contraction:
the gain has a wide prior (factor e). Nothing else of the second stride is used, but the EMG before a frame is known, as
it is to all methods. The sets of free parameters and their priors were fixed before any result was seen. Hip adduction
and rotation are held at 0. Muscles without EMG of their own: {synthesized}.

{tables}

R2 is 1 - SSE / variance of the part's own moments; below 0 is worse than that part's mean. "EMG shuffled": the EMG's
blocks of 0.1 s in random order, calibrated ("all") and judged so; median of {shuffles} orders. "first stride repeated"
knows the time of heel strike and takes the first moment there is where the first stride's are missing. Ridge and extra
trees see lagged EMG, angles and angular velocities.

## How to read this

- The generic model errs by a multiple of the moments mainly because it takes the largest EMG of walking for a maximal
contraction.
  "gains" corrects that alone: it is the fair "before" for the muscles' own parameters.
- Walking repeats itself. Where the whole first stride is known, repeating it is hard to beat, and learners that see EMG
and angles
  do as well as the calibrated muscles or better: one trial of steady walking cannot show what muscles in a model are
  good for. It can show that the moments follow from the EMG through muscles at all: with shuffled EMG the same
  calibration fails.
- The second stride's errors are 1.4 to 2.7 times the first's: many parameters for one stride whose errors leave few
independent frames, and EMG
  that differs between strides (the gastrocnemius' peak is a third lower in the second push-off) where the moments
  hardly do.
- Further likely causes: more than half of the muscles have no EMG of their own; no maximal contraction to scale the EMG
by; lengths of muscles
  that span the hip ignore its adduction and rotation. Parameters marked as not identifiable are the prior's.

## Parameters, {tendon} tendons, "all", moments of the file

One row a group of muscles.

{parameters}

## Conditions

Fit: wall-clock seconds, one thread, on a machine that other jobs keep busy. Evaluations: of moments with all
derivatives.

{fits}
"""


def table(rows, part):
    """Methods by joints' figures."""
    frame = pd.DataFrame([row for row in rows if row["part"] == part])
    lines = {}
    for (method, n_free), own in frame.groupby(["method", "n_free"], sort=False):
        line = {"free": n_free}
        for row in own.to_dict("records"):
            joint = row["joint"].split("_")[0]
            line |= {
                f"{joint} [N m]": row["rmse_nm"], f"{joint} [N m/kg]": row["nm_per_kg"],
                f"{joint} R2": row["r2"], f"{joint} r": row["r"],
            }  # fmt: skip
        lines[method] = line
    table = pd.DataFrame(lines).T
    formats = {name: ".1f" for name in table if name.endswith("[N m]")} | {"free": ".0f"}
    return markdown(table, formats, "method")


def parameter_table(parameters):
    columns = [
        "name",
        "unit",
        "initial",
        "value",
        "std_err",
        "prior_std",
        "at_bound",
        "identifiable",
    ]
    groups = {}
    for row in parameters.to_dict("records"):
        key = row["name"], *(round(row[c] / row["initial"], 6) for c in ("value", "std_err"))
        groups.setdefault(key, []).append(row)
    lines = [
        {"muscles": ", ".join(r["muscle"].removesuffix("_r") for r in rows) if len(rows) < 22 else "all"}
        | {c: str(rows[0][c]) if isinstance(rows[0][c], bool) else rows[0][c] for c in columns}
        for rows in groups.values()
    ]
    formats = dict.fromkeys(["initial", "value", "std_err", "prior_std"], ".4f")
    return markdown(pd.DataFrame(lines), formats)


def _section(contest):
    parts = ("second stride", "first stride")
    blocks = [f"{part.capitalize()}:\n\n{table(contest.rows, part)}" for part in parts]
    return "\n\n".join([f"## {HEADLINES[contest.source]}", *blocks])


def _both(errors):
    return " and ".join(f"{errors[joint]:.1f} N m ({joint.split('_')[0]})" for joint in JOINTS)


def page(contests, model, given_arguments, reproduced):
    """The whole text of results/walking.md."""
    given, own = (contests[0].walking, contests[-1].walking)
    overlap = given.moments.index.intersection(own.moments.index)
    apart = ((own.moments.loc[overlap] - given.moments.loc[overlap]) ** 2).mean() ** 0.5
    times = [contest.time for contest in (contests[0], contests[-1])]
    (first, second), tendon = given.strikes, given_arguments.tendons[0]
    mixtures = dict(zip(model.muscle_names, model.channel_names, strict=True))
    tables = [_section(contest) for contest in contests]
    return PAGE.format(
        environment=environment(), mass=given.mass, channels=len(model.channels), shuffles=given_arguments.shuffles,
        tendon=tendon,
        strikes=" and ".join(f"{strike:.2f}" for strike in given.strikes),
        given_start=times[0][0], given_end=times[0][-1], own_start=times[1][0], own_end=times[1][-1],
        given_train=100 * (second - times[0][0]) / (second - first), missing=1e3 * (times[0][0] - first),
        given_test=1e3 * (times[0][-1] - second),
        difference=_both(apart), reproduced=_both(reproduced),
        synthesized="; ".join(f"{m.removesuffix('_r')} = {mixtures[m]}" for m in model.synthesized_muscles),
        tables="\n\n".join(tables),
        parameters=parameter_table(contests[0].parameters[tendon, "all"]),
        fits=markdown(
            pd.DataFrame([fit for contest in contests for fit in contest.fits]),
            {"free": "d", "fit [s]": ".0f", "evaluations": "d", "independent frames [%]": ".0f"},
        ),
    )  # fmt: skip
