"""The tables of recorded_emg.py, from its scores alone."""

import numpy as np
import pandas as pd
from _protocols import DESCRIPTIONS, DEVELOPMENT, LABEL_SHARES, REPORT, subject_of
from _scores import BAND, CONTROLS, METHODS
from _tables import markdown

TASKS = ("sitting", "standing", "elbow")
RIVALS = ("mean", "network_alone")
N_BOOTSTRAP = 10_000


def frame(rows):
    """Scores as a DataFrame, medians over seeds; a failure counts as an infinite error."""
    table = pd.DataFrame(rows)
    values = ["rmse_deg", "uncorrected_rmse_deg", "coverage", "band_deg", "fit_seconds"]
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
            "the learners is not believed, and how blocks are held out, was prompted by failures on "
            "these; lags and input noise were taken where both halves gained",
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
        yield "## Elbow (C): " + DESCRIPTIONS["C"]
        yield markdown(per_record(scores[~knees]), index_name="method")
    yield "## Every record: RMSE [deg]"
    for protocol in scores.loc[knees, "protocol"].unique():
        yield f"Protocol {protocol}:"
        yield markdown(
            per_record(scores[knees & (scores["protocol"] == protocol)]).T, None, "record"
        )
    yield from failures(rows)


def _half(scores):
    curves = scores["protocol"].str.startswith("E")
    if not curves.all():
        yield "Median RMSE [deg] over records:"
        yield markdown(medians(scores[~curves]), index_name="method")
    for rival in RIVALS:
        table = pd.DataFrame(comparisons(scores, "hybrid", rival))
        if len(table):
            yield (
                f"`hybrid` against `{rival}`: geometric mean of the ratios of RMSE with a 95 % "
                "bootstrap interval over subjects, share of the records that it wins:"
            )
            yield markdown(table, {"records": "d", "wins [%]": ".0f"})
    if scores["coverage"].notna().any():
        yield f"Frames within the stated {BAND:.0%} band, and its median width:"
        yield markdown(coverage(scores), {"records": "d"})
    if curves.any():
        yield f"Learning curves (E): {DESCRIPTIONS['E']}. Median RMSE [deg]:"
        yield markdown(learning_curves(scores), index_name="method")
    table = controls(scores)
    if len(table):
        yield "Controls: geometric mean of their RMSE over that of the mean angle:"
        yield markdown(table, index_name="method")
    yield "Median time of a fit [s], its search included, one thread beside other work:"
    yield markdown(times(scores), index_name="method", default=".1f")


def _methods_first(table):
    return table.reindex([name for name in METHODS if name in table.index])


def per_record(scores):
    """RMSE [deg], methods by records."""
    return _methods_first(scores.pivot_table(index="method", columns="record", values="rmse_deg"))


def medians(scores):
    """Median RMSE [deg], methods by protocol and task; of D also without the known second."""
    before = scores[scores["protocol"] == "D"].assign(
        protocol="D, not corrected,", rmse_deg=lambda rows: rows["uncorrected_rmse_deg"]
    )
    grouped = pd.concat([scores, before]).groupby(["method", "protocol", "task"])
    table = grouped["rmse_deg"].median().unstack([1, 2])
    columns = sorted(table.columns, key=lambda c: (c[0], TASKS.index(c[1])))
    table = table[columns]
    table.columns = [f"{protocol} {task}" for protocol, task in columns]
    return _methods_first(table)


def comparisons(scores, method, rival):
    """Ratios of errors of two methods on the same records, for each protocol and task."""
    errors = scores.pivot_table(
        index=["protocol", "task", "subject", "record"], columns="method", values="rmse_deg"
    )
    if not {method, rival} <= set(errors.columns):
        return
    ratios = (errors[method] / errors[rival]).dropna()
    for protocol in sorted(ratios.index.unique("protocol")):
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


def bootstrap(ratio, level=0.95):
    """Interval of the geometric mean of ratios when subjects, with all their records, are redrawn."""
    by_subject = np.log(ratio).groupby(level="subject").agg(["sum", "size"]).to_numpy()
    drawn = np.random.default_rng(0).integers(len(by_subject), size=(N_BOOTSTRAP, len(by_subject)))
    total, size = by_subject[drawn].sum(axis=1).T
    return np.exp(np.quantile(total / size, [(1 - level) / 2, (1 + level) / 2]))


def coverage(scores):
    """Coverage of the stated bands [%] and their width [deg], for each protocol and method."""
    stated = scores[scores["coverage"].notna()].assign(percent=100 * scores["coverage"])
    grouped = stated.groupby(["protocol", "method"], sort=False)
    table = grouped.agg(
        records=("percent", "size"),
        mean=("percent", "mean"),
        lowest=("percent", "min"),
        median=("percent", "median"),
        width=("band_deg", "median"),
    ).reset_index()
    percent = {name: f"{name} [%]" for name in ("mean", "lowest", "median")}
    return table.rename(columns={**percent, "width": "width [deg]"})


def learning_curves(scores):
    """Median RMSE [deg] by the share of labels, methods by task and share; all labels: A."""
    names = {**{f"E {share} %": f"{share} %" for share in LABEL_SHARES}, "A": "100 %"}
    records = scores.loc[scores["protocol"].str.startswith("E"), "record"]
    mine = scores[scores["protocol"].isin(names) & scores["record"].isin(records)]
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
    return np.exp(np.log(ratios).groupby(level="protocol").mean()).T


def times(scores):
    """Median time of a fit [s], methods by protocol."""
    return _methods_first(
        scores.pivot_table(
            index="method", columns="protocol", values="fit_seconds", aggfunc="median"
        )
    )


def failures(rows):
    """A line for each fit that failed."""
    failed = [row for row in rows if row.get("failure")]
    if failed:
        yield "## Failures"
        yield "\n".join(
            f"- {row['protocol']}, {row['record']}, {row['method']}: {row['failure']}"
            for row in failed
        )
