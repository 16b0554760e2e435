"""The tables of recorded_emg.py, from its scores alone."""

import numpy as np
import pandas as pd
from _protocols import DESCRIPTIONS, DEVELOPMENT, LABEL_SHARES, REPORT, subject_of
from _scores import BAND, CONTROLS, LEARNERS, METHODS
from _tables import markdown

TASKS = ("sitting", "standing", "elbow")
BEST = "best baseline"
RIVALS = (BEST, "extra_trees", "mean", "network_alone")
N_BOOTSTRAP = 10_000
KNOWN = {
    "D": "a known second at rest is worth after one repetition",
    "G": "a known second at rest is worth after 70 % of a record, and what one that is assumed",
    "H": "a few labels of the second session are worth",
}


def frame(rows):
    """Scores as a DataFrame, medians over seeds; a failure counts as an infinite error."""
    table = pd.DataFrame(rows)
    values = ["rmse_deg", "uncorrected_rmse_deg", "assumed_rmse_deg", "coverage", "band_deg", "interval_deg"]
    values.append("fit_seconds")
    for column in values:
        table[column] = table.get(column, pd.Series(np.nan, table.index))
    table["rmse_deg"] = table["rmse_deg"].astype(float).fillna(np.inf)
    keys = ["protocol", "task", "record", "method"]
    scores = table.groupby(keys, sort=False)[values].median().reset_index()
    scores["subject"] = scores["record"].map(subject_of)
    return scores


def sections(rows):
    """All tables, as blocks of Markdown."""
    scores = frame(rows)
    knees = scores["task"] != "elbow"
    halves = {
        "report half": (
            REPORT,
            "defaults were chosen on the others, with an eye on these: that a simulation at odds with "
            "the learners is not believed, that it does not teach them where it cannot predict (few "
            "labels), and how blocks are held out, was prompted by failures on these; lags, input "
            "noise, the weight of later frames and the calibration's error model were taken by test "
            "scores of both halves, so for them neither half is independent; the powers by which bands are scaled were "
            "taken on the others, their level and the members' nearness with these in view",
        ),
        "development half": (DEVELOPMENT, "defaults were chosen on them"),
        "all": (REPORT + DEVELOPMENT, "both halves"),
    }
    for name, (subjects, remark) in halves.items():
        mine = scores[knees & scores["subject"].isin(subjects)]
        if len(mine):
            present = ", ".join(sorted(mine["subject"].unique()))
            yield f"## Knee, subjects of the {name}" if name != "all" else "## Knee, all subjects"
            yield f"{present}: {remark}."
            yield from _half(mine)
    if not knees.all():
        for protocol in in_order(scores.loc[~knees, "protocol"]):
            mine = scores[~knees & (scores["protocol"] == protocol)]
            yield f"## Elbow ({protocol}): {DESCRIPTIONS[protocol]}"
            yield markdown(per_record(mine), index_name="method")
            if mine["coverage"].notna().any():
                yield f"Frames within the bands of {BAND:.0%}:"
                yield markdown(coverage(mine), {"records": "d"})
    yield "## Every record: RMSE [deg]"
    for protocol in in_order(scores.loc[knees, "protocol"]):
        yield f"Protocol {protocol}:"
        yield markdown(per_record(scores[knees & (scores["protocol"] == protocol)]).T, None, "record")
    yield from failures(rows)


def _half(scores):
    curves = scores["protocol"].str.startswith("E")
    if not curves.all():
        yield "Median RMSE [deg] over records:"
        yield markdown(medians(scores[~curves]), index_name="method")
    for rival in RIVALS:
        table = pd.DataFrame(comparisons(scores, "hybrid", rival))
        if len(table):
            if rival == BEST:
                best = best_baselines(scores)
                named = ", ".join(f"{p}: {best[p]}" for p in in_order(best))
                yield f"Best baseline, by the geometric mean of its RMSE over these records ({named})."
            yield (
                f"`hybrid` against `{rival}`: geometric mean of the ratios of RMSE with a 95 % "
                "bootstrap interval over subjects, share of the records that it wins:"
            )
            yield markdown(table, {"records": "d", "wins [%]": ".0f"})
    for protocol, what in KNOWN.items():
        table = known_frames(scores[scores["protocol"] == protocol])
        if len(table):
            yield (
                f"What {what} ({protocol}): geometric mean of the ratios of RMSE with it to RMSE "
                "without, and the share of the records that it improves:"
            )
            yield markdown(table, {"improved [%]": ".0f"}, index_name="method")
    if scores["coverage"].notna().any():
        yield (
            f"Frames within the stated {BAND:.0%} band (round a baseline: the conformal one of its held-out errors), "
            "its median width, and the mean interval score (width, and 20 times what is missed):"
        )
        yield markdown(coverage(scores), {"records": "d"})
        banded = scores[scores["interval_deg"].notna()].assign(rmse_deg=scores["interval_deg"])
        table = pd.DataFrame(comparisons(banded, "hybrid", BEST))
        if len(table):
            best = best_baselines(banded)
            named = ", ".join(f"{p}: {best[p]}" for p in in_order(best))
            yield f"Interval score of `hybrid` against the best conformal band round a baseline ({named}), as above:"
            yield markdown(table, {"records": "d", "wins [%]": ".0f"})
    if curves.any():
        yield f"Learning curves (E): {DESCRIPTIONS['E']}. Median RMSE [deg]:"
        yield markdown(learning_curves(scores), index_name="method")
    table = controls(scores)
    if len(table):
        yield "Controls: geometric mean of their RMSE over that of the mean angle:"
        yield markdown(table, index_name="method")
    yield "Median time of a fit [s], its search included, one thread beside other work:"
    yield markdown(times(scores), index_name="method", default=".1f")


def in_order(protocols):
    """Protocols by letter, then by share of the labels."""
    return sorted(set(protocols), key=lambda name: (name[0], float(name[1:].strip(" %") or 0)))


def _methods_first(table):
    return table.reindex([name for name in METHODS if name in table.index])


def per_record(scores):
    """RMSE [deg], methods by records."""
    return _methods_first(scores.pivot_table(index="method", columns="record", values="rmse_deg"))


def medians(scores):
    """Median RMSE [deg], methods by protocol and task; of D also without the known second."""
    before = scores[scores["uncorrected_rmse_deg"].notna()].assign(
        protocol=lambda rows: rows["protocol"] + ", not corrected,", rmse_deg=lambda rows: rows["uncorrected_rmse_deg"]
    )
    grouped = pd.concat([scores, before]).groupby(["method", "protocol", "task"])
    table = grouped["rmse_deg"].median().unstack([1, 2])
    columns = sorted(table.columns, key=lambda c: (c[0], TASKS.index(c[1])))
    table = table[columns]
    table.columns = [f"{protocol} {task}" for protocol, task in columns]
    return _methods_first(table)


def best_baselines(scores):
    """Of each protocol, the regressor without physics whose geometric mean of errors is the smallest, as a dict."""
    errors = scores[scores["method"].isin(LEARNERS)].pivot_table(
        index=["protocol", "record"], columns="method", values="rmse_deg"
    )
    return {
        protocol: np.log(mine.dropna(axis=1)).mean().idxmin() for protocol, mine in errors.groupby(level="protocol")
    }


def comparisons(scores, method, rival):
    """Ratios of errors of two methods on the same records, for each protocol and task."""
    errors = scores.pivot_table(index=["protocol", "task", "subject", "record"], columns="method", values="rmse_deg")
    if rival == BEST:
        best = best_baselines(scores)
        errors[BEST] = [errors[best[keys[0]]][keys] if keys[0] in best else np.nan for keys in errors.index]
    if not {method, rival} <= set(errors.columns):
        return
    ratios = (errors[method] / errors[rival]).dropna()
    for protocol in in_order(ratios.index.unique("protocol")):
        mine = ratios.xs(protocol)
        groups = {task: mine.xs(task, level="task") for task in mine.index.unique("task")}
        for task, ratio in {**groups, "both": mine}.items():
            low, high = bootstrap(ratio)
            yield {
                "protocol": protocol,
                "task": task,
                "records": len(ratio),
                "ratio": np.exp(np.log(ratio).mean()),
                "from": low,
                "to": high,
                "wins [%]": 100 * (ratio < 1).mean(),
                "worst": ratio.max(),
                "worst record": ratio.idxmax()[-1],
            }


def known_frames(scores):
    """Ratios of errors with known frames of the test part to those without, by method; where a posture was assumed for
    a measured one, of these as well.
    """
    mine = scores[scores["uncorrected_rmse_deg"].notna() & ~scores["method"].isin(CONTROLS)]
    table = pd.DataFrame()
    for column, suffix in (("rmse_deg", ""), ("assumed_rmse_deg", ", assumed")):
        ratio = (mine[column] / mine["uncorrected_rmse_deg"]).dropna()
        if len(ratio):
            by_method = ratio.groupby(mine["method"])
            table[f"ratio{suffix}"] = by_method.agg(lambda r: np.exp(np.log(r).mean()))
            table[f"improved{suffix} [%]"] = by_method.agg(lambda r: 100 * (r < 1).mean())
            table[f"worst{suffix}"] = by_method.max()
    return _methods_first(table)


def bootstrap(ratio, level=0.95):
    """Interval of the geometric mean of ratios when subjects, with all their records, are redrawn."""
    by_subject = np.log(ratio).groupby(level="subject").agg(["sum", "size"]).to_numpy()
    drawn = np.random.default_rng(0).integers(len(by_subject), size=(N_BOOTSTRAP, len(by_subject)))
    total, size = by_subject[drawn].sum(axis=1).T
    return np.exp(np.quantile(total / size, [(1 - level) / 2, (1 + level) / 2]))


def coverage(scores):
    """Coverage of the stated bands [%] and their width [deg], for each protocol and method."""
    stated = scores[scores["coverage"].notna()].assign(percent=100 * scores["coverage"])
    order = {protocol: n for n, protocol in enumerate(in_order(stated["protocol"]))}
    stated = stated.sort_values("protocol", key=lambda names: names.map(order), kind="stable")
    grouped = stated.groupby(["protocol", "method"], sort=False)
    table = grouped.agg(
        records=("percent", "size"),
        mean=("percent", "mean"),
        lowest=("percent", "min"),
        median=("percent", "median"),
        width=("band_deg", "median"),
        interval=("interval_deg", "mean"),
    ).reset_index()
    percent = {name: f"{name} [%]" for name in ("mean", "lowest", "median")}
    return table.rename(columns={**percent, "width": "width [deg]", "interval": "interval score [deg]"})


def learning_curves(scores):
    """Median RMSE [deg] by the share of labels, methods by task and share; all labels: A."""
    names = {**{f"E {share} %": f"{share} %" for share in LABEL_SHARES}, "A": "100 %"}
    curves = scores[scores["protocol"].str.startswith("E")]
    same = scores["record"].isin(curves["record"]) & scores["method"].isin(curves["method"])
    mine = scores[scores["protocol"].isin(names) & same]
    table = mine.groupby(["method", "task", "protocol"])["rmse_deg"].median().unstack([1, 2])
    columns = [(task, p) for task in TASKS for p in names if (task, p) in table.columns]
    table = table[columns]
    table.columns = [f"{task} {names[p]}" for task, p in columns]
    return _methods_first(table).dropna(how="all")


def controls(scores):
    """Geometric mean of the controls' errors over those of the mean angle, by protocol."""
    errors = scores.pivot_table(index=["protocol", "record"], columns="method", values="rmse_deg")
    names = [name for name in CONTROLS if name in errors.columns and name != "mean_angle"]
    if "mean_angle" not in errors.columns or not names:
        return pd.DataFrame()
    ratios = errors[names].div(errors["mean_angle"], axis=0)
    table = np.exp(np.log(ratios).groupby(level="protocol").mean())
    return table.loc[in_order(table.index)].T


def times(scores):
    """Median time of a fit [s], methods by protocol."""
    table = scores.pivot_table(index="method", columns="protocol", values="fit_seconds", aggfunc="median")
    return _methods_first(table[in_order(table.columns)])


def failures(rows):
    """A line for each fit that failed."""
    failed = [row for row in rows if row.get("failure")]
    if failed:
        yield "## Failures"
        yield "\n".join(f"- {row['protocol']}, {row['record']}, {row['method']}: {row['failure']}" for row in failed)
