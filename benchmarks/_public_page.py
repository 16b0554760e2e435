"""The page of `public_files.py`."""

import pandas as pd
from _public_verdicts import verdict
from _tables import environment, markdown

OUTCOMES = ["equal", "different", "refused by both", "refused by us alone", "refused by the other alone"]
PAGE = """\
# Public files

{environment} Beside OpenSim {opensim}, ezc3d {ezc3d}, c3d {c3d}.

{n_files} files of {n_repositories} public repositories (`public_files_list.csv`: repository, commit, path and id of
the content; none twice, none of 4 MiB and more), each read by `sk_bionic.io` or `read_osim` and by an independent
reader. "Equal": the same names, times and values, unconverted (relative 1e-12, models 1e-9, C3D 1e-6, the single
precision of its numbers); of a model, coordinates with motion type, default and range, and the muscles' parameters.
OpenSim stands for its TimeSeriesTable and, where that refuses, its Storage, which keeps one row of each time.

{table}

{summary}

## Further checks

Files that state `inDegrees=yes`, converted by `read_sto(..., model=)` and by OpenSim with a model of the same
repository; lengths of the paths that `read_osim` knows without OpenSim, at three postures.

{checks}

## Different from an independent reader

{different}

## Refused by us alone

{refused}

## Further checks that differ

{check_differences}

## Further checks that one of the two refused

{lost}
"""


def page(listed, records, versions):
    """The whole page, in Markdown."""
    read = records[records["check"].isna()].assign(kind=_kinds(records["file"]))
    checks = records[records["check"].notna()]
    table = pd.crosstab([read["kind"], read["rival"]], read["outcome"]).reindex(columns=OUTCOMES, fill_value=0)
    table.insert(0, "files", table.sum(axis=1))
    table.index = [f"{kind}, {rival}" for kind, rival in table.index]
    return PAGE.format(
        environment=environment(),
        **versions,
        n_files=len(listed),
        n_repositories=listed["repository"].nunique(),
        table=markdown(table, dict.fromkeys(table, "d"), index_name="kind, beside"),
        summary=_summary(read),
        checks=_check_table(checks),
        different=_named(read[read["outcome"] == "different"], read),
        refused=_named(read[read["outcome"] == "refused by us alone"], read),
        check_differences=_named(checks[checks["outcome"] == "different"], read),
        lost=_counted(checks[checks["outcome"] == "not compared"]),
    )


def _kinds(files):
    return "." + files.str.lower().str.rsplit(".", n=1).str[-1]


def _summary(read):
    """A file counts once: what its readers say of it together."""
    by_file = read.groupby("file")["outcome"].agg(set)
    has = lambda outcome: by_file.map(lambda found: outcome in found)
    equal, different, ours = has("equal"), has("different"), has("refused by us alone")
    only = lambda outcome: (by_file.map(lambda found: found == {outcome})).sum()
    alone = different & ~equal
    looked_into = alone.index.map(lambda file: bool(verdict(file)))
    return (
        f"Of {len(by_file)} files: {equal.sum()} read equal to an independent reader; "
        f"{only('refused by both')} refused by all; {only('refused by the other alone')} read by us alone; "
        f"**{ours.sum()} refused by us alone ({ours.mean():.2%})**; "
        f"**{(alone & ~looked_into).sum()} of different values**, "
        f"beside {(alone & looked_into).sum()} of which no other reader has our values and it is shown below that the "
        f"file has; {(different & equal).sum()} on which two independent readers differ and ours agrees with one."
    )


def _check_table(checks):
    if checks.empty:
        return "None."
    table = pd.crosstab(checks["check"], checks["outcome"])
    return markdown(table, dict.fromkeys(table, "d"), index_name="check")


def _named(records, read):
    return "\n".join(_line(row, read) for row in records.itertuples()) or "None."


def _line(row, read):
    others = read[(read["file"] == row.file) & (read["rival"] != row.rival)] if isinstance(row.rival, str) else read[:0]
    beside = "; ".join(f"{other.rival}: {other.outcome}" for other in others.itertuples())
    who = row.rival if isinstance(row.rival, str) else row.check
    why = verdict(row.file)
    return f"- `{row.file}`, {who}: {row.reason}{f' ({beside})' if beside else ''}{f'. {why}.' if why else ''}"


def _counted(records):
    """How often each reason occurs, names and numbers aside."""
    if records.empty:
        return "None."
    short = records["reason"].str.replace(r"'[^']*'|\S*\.osim|\S*\.mot|\S*\.sto|\d+", "...", regex=True).str[:150]
    return "\n".join(f"- {n} times: {reason}" for reason, n in short.value_counts().items())
